"""How much room runs on file had by count at the fullest, for `memory/filled.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whichgpu.cost.calibration.measured import left_out, measured_rows
from whichgpu.cost.coefficients import section
from whichgpu.cost.gpu.device import Devices
from whichgpu.cost.job.layout import memory_parts
from whichgpu.cost.job.settling import settle
from whichgpu.cost.memory.filled import MOST, how
from whichgpu.cost.memory.job_memory import open_checkpointing
from whichgpu.cost.memory.memory_law import kind_of, made
from whichgpu.cost.memory.totals import needed
from whichgpu.cost.table.rows import read_job
from whichgpu.errors import WhichGpuError
from whichgpu.hardware.names import resolve as resolve_gpu
from whichgpu.workloads.workload import resolve

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from whichgpu.hardware.catalogue import Catalogue

#: More room than this, as a logarithm, bounds nothing that the law does not.
_ROOM = 0.4


def rooms(catalogue: Catalogue) -> dict[str, dict[str, float]]:
    """By what errs together the log of card over count of each workload's fullest run.

    Trainings whose rows state batch and length or picture, under programs that are known; of detectors that
    are counted on the longest pictures of their data (`LONGEST_SIDE`) none is stated. One that is counted as
    more than its card ran with something that its row leaves out: it says nothing.
    """
    found: dict[str, dict[str, float]] = {}
    for row in measured_rows():
        size = row["seq_len"] if row["unit"].startswith("tokens") else row["seq_len"] or row["resolution"]
        sized = bool(size) or hasattr(resolve(row["workload"]).code, "LONGEST_SIDE")
        if not (row["batch"] and sized and "/s" in row["unit"]) or left_out(row):
            continue
        for key, workload, room in _room(row, catalogue):
            of = found.setdefault(key, {})
            of[workload] = min(of.get(workload, room), room)
    return {key: dict(sorted(found[key].items())) for key in sorted(found)}


def _room(row: Mapping[str, str], catalogue: Catalogue) -> Iterator[tuple[str, str, float]]:
    """What errs together with a row, its workload and its room; nothing where it has none or much."""
    try:
        settled, gpu = settle(read_job(row)), resolve_gpu(row["gpu"], catalogue)
        job, stack, workload = settled.job, settled.runtime, settled.workload
        if not (job.trains and stack.exact) or open_checkpointing(workload, job, stack):
            return
        card = float(gpu.need("memory"))
        held = memory_parts(settled, np.array([card]), Devices.of([gpu]))
    except WhichGpuError:
        return
    count = float(np.ravel(needed(held.parts))[0])
    room = float(np.log(section("capacity")["reported"] * card / count))
    if 0.0 <= room <= _ROOM:
        passing = float(np.ravel(made(held.parts))[0]) > MOST * count
        kind = kind_of(workload.unit, trains=True)
        yield how(stack.keeper, kind, job, passing=passing), workload.id, room


def lines(found: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    """The lines of `data/fits/memory.toml`; rounded down, so that what ran fits."""
    for key, of in found.items():
        yield from ("", f'[ran."{key}"]')
        yield from (f'"{name}" = {np.floor(1e4 * room) / 1e4:.4f}' for name, room in of.items())
