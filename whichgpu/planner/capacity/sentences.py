"""Why a job fits or not, in a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.cost.memory.verdict import DOUBTS
from whichgpu.planner.capacity.model import gib

if TYPE_CHECKING:
    from whichgpu.planner.capacity.model import Answer, Change

#: Kinds of change that take more GPUs.
_MORE = ("tensor_parallel", "pipeline_parallel", "sharded")


def reason(answer: Answer, refusal: str) -> str:
    """Why an answer is what it is; where it does not fit, what is short and the smallest relaxations."""
    where = f"{answer.n_gpus} x {answer.gpu}" if answer.n_gpus > 1 else answer.gpu
    each = " per GPU" if answer.n_gpus > 1 else ""
    what = f"{answer.workload} in {answer.jobs[0].precision}" if len(answer.jobs) == 1 else answer.workload
    doubt = next((DOUBTS[note] for note in answer.notes if note in DOUBTS), "")
    if doubt:
        left = f"{gib(answer.margin)} are left" if answer.margin >= 0 else f"{gib(-answer.margin)} too few"
        return (
            f"{what} may run out of memory on {where}: it needs {gib(answer.required)}{each} of "
            f"{gib(answer.available)}, {left}{_shown(answer)}, and {doubt}"
            f"{'' if answer.fits and not answer.changes else _relaxed(answer)}"
        )
    if answer.fits:
        return (
            f"{what} fits on {where}: it needs {gib(answer.required)}{each} of {gib(answer.available)}, "
            f"{gib(answer.margin)} are left"
        )
    if refusal:
        return f"{what} does not run on {where}: {refusal}{_relaxed(answer)}"
    part, size = next(iter(answer.parts.items()))
    return (
        f"{what} does not fit on {where}: it needs {gib(answer.required)}{each} ({part.replace('_', ' ')} "
        f"{gib(size)}) and there are {gib(answer.available)}, {gib(-answer.margin)} too few{_relaxed(answer)}"
    )


def _shown(answer: Answer) -> str:
    """What a monitor shows of a run in nine of ten cases; of a server, which takes its share, its need."""
    read = answer.read.get("device")
    if read:
        return f" (a monitor shows {gib(read.low)} to {gib(read.high)})"
    return f" ({gib(answer.need.low)} to {gib(answer.need.high)})" if answer.need else ""


def _relaxed(answer: Answer) -> str:
    """The mildest change on the same GPUs, the mildest with more of them, else the smallest card."""
    # What fits for sure goes before what may run out.
    sorted_ = sorted(answer.changes, key=lambda one: one.may_run_out)
    here = [one for one in sorted_ if one.kind not in (*_MORE, "offload")]
    if answer.jobs[0].trains:
        # Shorter sequences train something else.
        here.sort(key=lambda one: one.kind == "context")
    same = next(iter(here), None)
    more = next((one for one in sorted_ if one.kind in _MORE), None)
    said = [_typed(one) for one in (same, more) if one is not None]
    if not said and answer.changes:
        said = [_typed(answer.changes[0])]
    if not said and answer.smallest_gpu:
        said = [f"--gpu {answer.smallest_gpu} is the smallest current card that holds it"]
    if not said and answer.smallest_may:
        said = [f"--gpu {answer.smallest_may} may hold it"]
    if not said and answer.fewest:
        said = [f"{answer.fewest[0]} hold it"]
    return f"; {', or '.join(said)}" if said else "; nothing that is tried makes it fit"


def _typed(one: Change) -> str:
    fits = "may fit" if one.may_run_out else "fits"
    return f"{one.option} {fits} ({gib(one.required)}{' each' if one.n_gpus > 1 else ''})"
