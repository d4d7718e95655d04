"""The fewest GPUs of a kind on which a training is done within a time: `sweep --within "60 days"`."""

from __future__ import annotations

from bisect import bisect_left
from contextlib import suppress
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from whichgpu.errors import UsageError, one_line
from whichgpu.planner.sweep.request import one_kind, read_request
from whichgpu.planner.sweep.search import sweep
from whichgpu.planner.wishes import read_span
from whichgpu.units import HOUR, show

if TYPE_CHECKING:
    from datetime import date

    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.planner.sweep.answer import Sweep
    from whichgpu.workloads.job import Job

#: The most GPUs that are tried: no training is published on more.
_MOST = 2**17
#: Between half of a number and all of it, of so many on that an eighth is a whole machine.
_EIGHTHS, _FINE = (5, 6, 7), 64


def answered(
    job: Job, gpus: str, catalogue: Catalogue, *, today: date, within: str | None = None, **wishes: Any
) -> Sweep:
    """The best strategies on a cluster, or on the fewest GPUs that are done `within` a time.

    `wishes` are those of `read_request`. Raises `UsageError` for what cannot be read, and where no number of
    GPUs is done by then.
    """
    if within is None:
        return sweep(read_request(job, gpus, catalogue, today=today, **wishes))
    gpu, stated = one_kind(gpus, catalogue)
    if stated > 1:
        raise UsageError(f"--within asks how many GPUs, and {one_line(gpus)} states it; leave one out")
    if wishes.get("tokens") is None:
        raise UsageError(f"--within {one_line(within)}: of how much work? Add its size, e.g. --tokens 15T")
    seconds = read_span(within, today, "--within")

    def on(count: int, **also: Any) -> Sweep:
        asked = {**wishes, "scaling": False, **also}
        return sweep(read_request(job, f"{gpu.id}:{count}", catalogue, today=today, **asked))

    @cache
    def done(count: int) -> bool:
        # A stated degree may be more than so few GPUs have, a stated batch less than so many share out.
        with suppress(UsageError):
            found = on(count)
            return bool(found.top) and _seconds(found) <= seconds
        return False

    twos = [2**power for power in range(_MOST.bit_length())]
    if wishes.get("global_batch") or "global_batch" in job.options:
        at = next((place for place, count in enumerate(twos) if done(count)), len(twos))
    else:
        # More GPUs take no longer then, so that powers of two are halved between too few and enough.
        at = bisect_left(twos, True, key=done)
    if at == len(twos):
        raise UsageError(_never(on(_MOST), within))
    # Then those between the last that is too few and the first that is enough.
    enough = twos[at]
    between = [enough * part // 8 for part in _EIGHTHS if enough >= _FINE]
    fewest = next((count for count in between if done(count)), enough)
    steps = "powers of two" + (" and of 5, 6 and 7 eighths of one" if between else "")
    told = f"{fewest:,} GPUs, the fewest of {steps} that are done within {within.strip()}, faults counted"
    found = on(fewest, scaling=bool(wishes.get("scaling")))
    return replace(found, request=replace(found.request, assumed=(*found.request.assumed, told)))


def _seconds(found: Sweep) -> float:
    return float(found.whole(found.top[0])["hours_with_faults"]) * HOUR


def _never(most: Sweep, within: str) -> str:
    asked = most.request
    if not most.top:
        return most.infeasible
    return (
        f"{asked.job.workload} is not done within {within.strip()} on {asked.gpu.id}: {asked.count:,} of "
        f"them take {show(_seconds(most), 'time', 3)}; give it longer, or fewer --tokens"
    )
