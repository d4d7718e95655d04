"""Sweeps of the cost model that a process keeps: one physical job is asked for at many prices and targets.

Only a process that lives long keeps any (`keep`): a command asks once.
"""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.calibration.effects import fit
from whichgpu.cost.estimate import estimate
from whichgpu.cost.transfer import personal
from whichgpu.workloads.job import NUMBERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.cost.estimates import Estimates
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.workloads.job import Job
    from whichgpu.workloads.workload import Workload


class _Kept(OrderedDict[Any, "tuple[Any, Estimates]"]):
    """Sweeps by what they are of, the last used one at the end, at most so many."""

    most = 0


_kept = _Kept()
#: A server answers in several threads.
_turn = Lock()


def keep(most: int) -> None:
    """Keep so many sweeps from here on, the last used ones; none drops those that are kept."""
    _kept.most = most
    _kept.clear()


def swept(workload: Workload, job: Job, gpus: Sequence[Gpu]) -> Estimates:
    """The estimates of a grid of jobs on every GPU; raises as `estimate` does."""
    if not _kept.most:
        return estimate(job, gpus)
    options = tuple((name, _fixed(value)) for name, value in sorted(job.options.items()))
    numbers = tuple(_fixed(getattr(job, name)) for name in NUMBERS)
    # Things are told apart as what they are: a file of the user's may give another one the same name.
    things = (workload, fit(), *gpus)
    key = (job.workload, job.phase, job.precision, job.runtime, options, numbers, personal.active(),
           tuple(map(id, things)))  # fmt: skip
    known = _kept.get(key) or (things, estimate(job, gpus))
    with _turn:
        _kept[key] = known
        _kept.move_to_end(key)
        while len(_kept) > _kept.most:
            _kept.popitem(last=False)
    return known[1]


def _fixed(value: Any) -> Any:
    return (value.shape, value.tobytes()) if isinstance(value, np.ndarray) else value
