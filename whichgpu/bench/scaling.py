"""How a job scales: the same job on several numbers of GPUs, against the fewest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from whichgpu.bench.record import Record

_SAME = (
    "workload",
    "gpu",
    "phase",
    "precision",
    "batch",
    "resolution",
    "seq_len",
    "input_tokens",
    "output_tokens",
    "steps",
    "options",
    "unit",
    "runtime",
)


class Scaled(NamedTuple):
    """One number of GPUs: its rate over that of the fewest, and over its share of that."""

    record: Record
    base: int
    speedup: float
    efficiency: float


def scaling(records: Iterable[Record]) -> list[Scaled]:
    """Every job that was measured on several numbers of GPUs, in the order of its first.

    Splits of its layers (`tp`) beside each other are held against the same fewest GPUs.
    """
    groups: dict[tuple[str, ...], dict[tuple[int, int], Record]] = {}
    for one in records:
        if one.status == "ok" and one.row.get("metric") == "throughput" and one.row.get("n_gpus"):
            key = tuple(one.row.get(name, "") for name in _SAME)
            split = int(float(one.row.get("tp") or 1.0))
            groups.setdefault(key, {})[int(float(one.row["n_gpus"])), split] = one
    found = []
    for group in groups.values():
        first = min(group)
        base, rate = first[0], float(group[first].row["value"])
        if all(count == base for count, _ in group):
            continue
        for (count, _), one in sorted(group.items()):
            speedup = float(one.row["value"]) / rate
            found.append(Scaled(one, base, speedup, speedup * base / count))
    return found
