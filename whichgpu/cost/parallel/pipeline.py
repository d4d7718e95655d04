"""Layers split over GPUs one after another: a pipeline of `pp` stages, for a single stream.

A token passes through every stage, so the stages' times add: nothing is faster than on one GPU that
could hold the model, and memory is divided. Each boundary costs a copy and a synchronisation. Only a
prompt cut into u micro-batches keeps several stages at work. The fullest of them, with a share f of the
layers, sets the pace; the last micro-batch then passes through the others, and takes r of the mean one:

    t = t_whole * (f m + max(f, 1 / c) (u - m) + r (1 - f)) / u + (s - 1) * boundary

m is the lesser of u and c, the micro-batches that a runtime keeps under way. r is 2 - 1 / u of attention,
which looks back on all micro-batches before, and 1 of all else. With equal stages, s <= c and r = 1 that is
GPipe's (u + s - 1) / (u s) (Huang et al., 2019, section 2.3). With one micro-batch, or with one stage, the
factor is 1.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.coefficients import section
from whichgpu.cost.job.runtime import kept
from whichgpu.cost.memory.weights import largest_layer
from whichgpu.workloads.ops import changed
from whichgpu.workloads.precision import precision

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from whichgpu.cost.job.runtime import Runtime
    from whichgpu.workloads.job import Job
    from whichgpu.workloads.ops import Op
    from whichgpu.workloads.workload import Workload

    Array = NDArray[np.float64]


def splits_layers(stack: Runtime) -> bool:
    """Whether several GPUs hold a layer each, in turn, where a job names no other way."""
    return bool(stack.holds.get("splits_layers"))


def in_turn(stack: Runtime, *, one_copy: bool) -> Runtime:
    """A runtime as a job has it: only `one_copy` of a language model's layers is dealt out over its GPUs."""
    if one_copy or not splits_layers(stack):
        return stack
    return _whole(stack)


@kept
def _whole(stack: Runtime) -> Runtime:
    return replace(stack, holds={**stack.holds, "splits_layers": False})


def spread_layers(job: Job, stack: Runtime) -> Job:
    """A job whose GPUs share the layers out, where that is what its runtime does unasked."""
    if job.n_gpus is None or job.tp is not None or job.pp is not None or not splits_layers(stack):
        return job
    return job.changed(pp=job.n_gpus)


def fill(prompt: Any, fullest: Any, stack: Runtime, *, behind: bool = False, wide: bool = False) -> Array:
    """Share of one GPU's time that a prompt takes where one stage has `fullest` of the layers, (J,).

    `prompt` is its tokens. `behind`: of attention, whose last micro-batch looks back on all others. `wide`:
    of a model with large matrices in 16 bits.
    """
    c = section("pipeline")
    copies = c["copies"].get(stack.id)
    f = np.asarray(fullest, dtype=np.float64)
    if copies is None:
        return np.ones_like(f)
    copies = min(copies, c["wide_copies"]) if wide else copies
    u = np.maximum(np.ceil(np.asarray(prompt, dtype=np.float64) / stack.micro_batch), 1.0)
    first, last = np.minimum(u, copies), 2.0 - 1.0 / u if behind else 1.0
    return np.asarray((f * first + np.maximum(f, 1.0 / copies) * (u - first) + last * (1.0 - f)) / u)


def fullest_stage(layers: float, stages: Any) -> Array:
    """Share of the layers in the fullest stage: whole ones are dealt out, and the head counts as one."""
    s = np.asarray(stages, dtype=np.float64)
    return np.asarray(np.where(s > 1, np.minimum(np.ceil((layers + 1.0) / s) / layers, 1.0), 1.0))


def flowing(workload: Workload, job: Job, stack: Runtime, whole: Sequence[Op]) -> tuple[Op, ...]:
    """The ops of a pass as its stages run them, given those of one GPU: prompts overlap, tokens do not."""
    prompted = job.input_tokens is not None and job.phase in ("prefill", "generate")
    if job.trains or not prompted or np.all(np.asarray(job.pp) == 1) or "prefill" not in workload.phases:
        return tuple(whole)
    prompt = whole if job.phase == "prefill" else workload.trace(job.changed(phase="prefill"))
    most = fullest_stage(float(workload.dims["layers"]), job.pp)
    wide, quantised = _wide(whole, job), precision(job.precision).quantised
    gain = section("pipeline")["widened_gain"] if wide and quantised else 1.0
    shares = {
        behind: 1.0
        - gain * (1.0 - fill(job.input_tokens, most, stack, behind=behind, wide=wide and not quantised))
        for behind in (False, True)
    }
    staged = tuple(changed(op, repeats=op.repeats * shares[op.kind == "attention"]) for op in prompt)
    if job.phase == "prefill":
        return staged
    # The prompt's pass makes the first token.
    rest = np.maximum(np.asarray(job.output_tokens, dtype=np.float64) - 1.0, 0.0)
    tokens = workload.trace(job.changed(phase="decode", output_tokens=rest))
    return (*staged, *tokens)


def _wide(whole: Sequence[Op], job: Job) -> bool:
    """Whether a matrix is so large in 16 bits that stages wait for each other.

    A quantised one is widened before a prompt's product; a large one needs its buffer anew, and allocating it
    waits for what the other stages do.
    """
    widened = largest_layer(whole) * precision(job.precision).activation
    return bool(np.all(widened > section("pipeline")["widened_bytes"]))


def boundaries(job: Job) -> Array:
    """Seconds of a pass spent between the stages, (J,): at each boundary, once for every token made."""
    tokens = job.output_tokens if job.phase in ("decode", "generate") else None
    steps = 1.0 if tokens is None else tokens
    crossings = (np.asarray(job.pp, dtype=np.float64) - 1.0) * np.asarray(steps, dtype=np.float64)
    return np.asarray(section("pipeline")["boundary"] * crossings)


def at_work(workload: Workload, job: Job, stack: Runtime, sequences: Any) -> Array:
    """Share of a pass in which a stage computes, in the mean over the stages, (G, J).

    A single stream is in one stage at a time, a prompt's micro-batches in several. An engine whose stages
    each hold requests of their own keeps as many at work as there are `sequences`.
    """
    stages = np.asarray(1.0 if job.pp is None else job.pp, dtype=np.float64)
    if job.trains or np.all(stages == 1.0):
        return np.ones((1, 1))
    if job.phase == "serve" and not splits_layers(stack):
        return np.asarray(np.minimum(np.maximum(sequences, 1.0) / stages, 1.0))
    filled = np.ones(())
    if job.phase == "prefill" and job.input_tokens is not None and "layers" in workload.dims:
        filled = fill(job.input_tokens, fullest_stage(float(workload.dims["layers"]), stages), stack)
    return np.asarray(np.minimum(1.0 / (stages * filled), 1.0))
