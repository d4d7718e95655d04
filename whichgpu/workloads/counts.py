"""Parameters and FLOPs of every workload of the zoo, counted beforehand: to trace them all takes a second.

`data/counts/zoo.csv` is made by `made`, and a test holds it against the traces. A row counts for the
dimensions that it was made of, by their digest: a workload that is new, changed, or the user's own is traced.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING

from whichgpu.facts import store
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from whichgpu.workloads.workload import Workload


class Counts(NamedTuple):
    """Parameters, FLOP of one forward pass at the default input and batch 1, its unit and phases."""

    parameters: int
    flops: float
    unit: str
    phases: tuple[str, ...]


def counts(item: Workload) -> Counts:
    """What is counted of a workload: as stored where that is of these dimensions, else traced."""
    digest, stored = _stored().get(item.id, ("", None))
    return stored if stored is not None and digest == digest_of(item) else traced(item)


def of_size(start: str, parameters: float, within: float) -> list[str]:
    """The workloads whose names begin so and that have as many parameters, to a share."""
    return [
        name
        for name, (_, known) in _stored().items()
        if name.startswith(start) and abs(known.parameters / parameters - 1.0) <= within
    ]


def traced(item: Workload) -> Counts:
    """The same from the workload's ops."""
    return Counts(sum(item.parameters().values()), item.flops(), item.unit, item.phases)


def digest_of(item: Workload) -> str:
    """Seven characters that stand for all that a workload's file says of its ops."""
    import hashlib

    said = json.dumps([item.family, item.dims, item.defaults], sort_keys=True, default=str)
    return hashlib.sha256(said.encode()).hexdigest()[:7]


def made(items: Iterable[Workload]) -> str:
    """The content of `data/counts/zoo.csv`, whose FLOPs have five digits."""
    rows = ["workload,digest,parameters,flops,unit,phases"]
    for item in items:
        found = traced(item)
        phases = " ".join(found.phases)
        rows.append(f"{item.id},{digest_of(item)},{found.parameters},{found.flops:.5g},{found.unit},{phases}")
    return "\n".join(rows) + "\n"


@lru_cache(maxsize=1)
def _stored() -> Mapping[str, tuple[str, Counts]]:
    rows = store.load("counts")["zoo"]["rows"]
    return {
        key: (digest, Counts(int(parameters), float(flops), unit, tuple(phases.split(" "))))
        for key, digest, parameters, flops, unit, phases in rows
    }
