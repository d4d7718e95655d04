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
    """Every job that was measured on several numbers of GPUs, in the order of its first."""
    groups: dict[tuple[str, ...], dict[int, Record]] = {}
    for one in records:
        if one.status == "ok" and one.row.get("metric") == "throughput" and one.row.get("n_gpus"):
            key = tuple(one.row.get(name, "") for name in _SAME)
            groups.setdefault(key, {})[int(float(one.row["n_gpus"]))] = one
    found = []
    for group in groups.values():
        if len(group) < 2:
            continue
        base = min(group)
        rate = float(group[base].row["value"])
        for count, one in sorted(group.items()):
            speedup = float(one.row["value"]) / rate
            found.append(Scaled(one, base, speedup, speedup * base / count))
    return found
