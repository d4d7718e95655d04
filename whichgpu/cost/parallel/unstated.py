"""What a training leaves open of its step, what it is taken to be, and what is to be said of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.parallel.distributed import WHOLE, empty_slots, micro_batches, sharding
from whichgpu.cost.parallel.mesh import most_parts

if TYPE_CHECKING:
    from whichgpu.cost.job.runtime import Runtime
    from whichgpu.cost.parallel.mesh import Mesh
    from whichgpu.workloads.job import Job

#: Of a step that stages wait for one another, from which on it is worth a word.
_WAITING = 0.2


def notes(job: Job, mesh: Mesh, stack: Runtime, layers: Any = None) -> tuple[str, ...]:
    """What a training's answer rests on: whole micro-batches, how many of them, how long stages wait.

    `layers` are those of the model. Of p stages in v parts, with m micro-batches, (p - 1) / v of
    m + (p - 1) / v slots are empty (Narayanan et al. 2021, section 2.2).
    """
    uneven = _uneven(job, mesh) + _alone(job, mesh)
    if uneven or stack.splits_batch or np.all(mesh.pp == 1):
        return uneven
    empty = empty_slots(job, mesh)
    waits = np.max(empty / (micro_batches(job, mesh) + empty))
    if waits < _WAITING or np.size(mesh.pp) > 1 or not isinstance(layers, int):
        return ()
    parts = most_parts(layers, int(np.ravel(mesh.pp)[0]))
    more = f"--option vp={parts} interleaves them, " if parts > np.min(job.degree("vp")) else ""
    return (
        f"stages wait for one another {waits:.0%} of a step; {more}more micro-batches a step shorten that",
    )


def interleaved(asked: Job, job: Job, mesh: Mesh, stack: Runtime, layers: Any) -> tuple[Job, tuple[str, ...]]:
    """A training whose stages would wait for a fifth of a step and more, cut as finely as trainers cut them.

    `asked` is the job before its defaults. Who has few micro-batches does not leave stages in one piece, or
    says so (`vp`, `schedule`); Megatron-LM takes micro-batches in groups of as many as there are stages.
    """
    stated = {"grad_accum", "global_batch"} & set(asked.options)
    open_ = isinstance(layers, int) and stated and not {"vp", "schedule"} & set(asked.options)
    if not (open_ and stack.domain) or stack.splits_batch or np.all(np.asarray(mesh.pp) == 1.0):
        return job, ()
    count, stages, empty = micro_batches(job, mesh), np.asarray(mesh.pp), empty_slots(job, mesh)
    waits = empty / (count + empty)
    most = np.array([most_parts(layers, int(one)) for one in stages.ravel()]).reshape(stages.shape)
    parts = np.where((waits >= _WAITING) & (count % stages == 0.0), most, 1)
    if np.all(parts == 1):
        return job, ()
    said: Any = f"{parts:d}" if parts.ndim == 0 else parts.astype(np.float64)
    return job.changed(options={**job.options, "vp": said}), (
        f"vp was not given: stages are cut into {np.max(parts)} groups of layers each, interleaved, as they "
        f"would wait for one another {np.max(waits):.0%} of a step in one piece; state vp=1 for that",
    )


def _alone(job: Job, mesh: Mesh) -> tuple[str, ...]:
    """What to say of groups of layers of a model that is one stage, which trainers refuse."""
    parts = float(np.max(job.degree("vp")))
    if parts == 1.0 or np.any(mesh.pp > 1):
        return ()
    return (
        f"vp={parts:g} changes nothing: pp=1 is one stage, with no other to interleave; use --pp 2 or more",
    )


def _uneven(job: Job, mesh: Mesh) -> tuple[str, ...]:
    """What to say of a global batch that replicas do not share out in whole micro-batches."""
    if "global_batch" not in job.options or np.size(mesh.replica) > 1:
        return ()
    count = float(np.ravel(micro_batches(job, mesh))[0])
    if np.isclose(count, round(count)):
        return ()
    whole = float(np.ravel(job.degree("global_batch"))[0])
    below, above = (round(whole / count * part) for part in (np.floor(count), np.ceil(count)))
    return (
        f"global_batch={whole:g} is no whole number of micro-batches on each replica, which trainers refuse: "
        f"{count:.3g} were counted; use global_batch={below} or {above}",
    )


def gathering(asked: Job, job: Job, stack: Runtime, mesh: Mesh) -> tuple[str, ...]:
    """What to say of micro-batches of a size that nobody stated, each of which gathers all weights anew.

    `asked` is the complete `job` before its defaults.
    """
    if asked.batch is not None or sharding(job, stack) < WHOLE or np.size(job.n_gpus) > 1:
        return ()
    count = micro_batches(job, mesh)
    if np.size(count) > 1 or np.max(count) < 2.0 or np.all(np.asarray(job.n_gpus) == mesh.replica):
        return ()
    return (
        f"batch was not given: {float(np.max(count)):g} micro-batches of {np.max(job.batch):g}, each of "
        "which gathers the weights anew; fewer and larger ones are faster where they fit (whichgpu sweep "
        "finds them)",
    )


#: Tokens of a step where no global batch is stated: what large language models are usually trained with.
_USUAL_TOKENS = 4.0 * 2**20
#: The least of them for each GPU: 16M on 16,384 (Llama 3, section 3.3.2).
_TOKENS_EACH = 1024.0
#: Micro-batches of it over the passes in which a stage waits, at the least (assumed; Narayanan et al. 2021,
#: section 2.2.1, have many more of them than stages).
_FILLED = 4.0


def usual_tokens(gpus: Any) -> Any:
    """Tokens of a usual step of pretraining on so many GPUs; a number, or an array of them."""
    return np.maximum(_USUAL_TOKENS, _TOKENS_EACH * np.asarray(gpus, dtype=np.float64))[()]


def usual_step(asked: Job, job: Job, mesh: Mesh, stack: Runtime) -> tuple[Job, tuple[str, ...]]:
    """A complete training on several GPUs of which nobody said how large a step is, with a usual one.

    `asked` is the job before its defaults. Who states a micro-batch means one of them, but on stages: nobody
    fills a pipeline to drain it again, so that they are empty for a fifth of a step at the most.
    """
    gpus, length = np.asarray(job.n_gpus, dtype=np.float64), np.asarray(job.seq_len, dtype=np.float64)
    fed = (np.asarray(mesh.pp) > 1.0) & (not stack.splits_batch)
    whole = job.phase in ("train", "pretrain") and asked.batch is None
    if (
        {"grad_accum", "global_batch"} & set(asked.options)
        or not (whole or np.any(fed))
        or np.all(gpus == 1.0)
    ):
        return job, ()
    pretrains = job.phase in ("train", "pretrain")
    each = usual_tokens(gpus) / (length * np.asarray(job.batch, dtype=np.float64) * gpus / mesh.replica)
    usual = np.maximum(np.round(each), 1.0) if pretrains else np.ones(())
    count = np.where(
        fed, np.maximum(usual, np.ceil(_FILLED * empty_slots(job, mesh))), usual if whole else 1.0
    )
    count = np.where(gpus > 1.0, count, 1.0)
    said: Any = f"{float(count):g}" if count.ndim == 0 else count
    most = f" to {np.max(count):g}" if np.ptp(count) else ""
    why = "for 4M tokens or more" if pretrains else "so that stages wait for a fifth of it at the most"
    return job.changed(options={**job.options, "grad_accum": said}), (
        f"neither grad_accum nor global_batch was given: {np.min(count):g}{most} micro-batches a step, {why}",
    )
