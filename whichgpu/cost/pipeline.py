"""Layers split over GPUs one after another: a pipeline of `pp` stages, for a single stream.

A token passes through every stage, so the stages' times add: nothing is faster than on one GPU that
could hold the model, and memory is divided. Each boundary costs a copy and a synchronisation. Only a
prompt cut into micro-batches keeps several stages at work: with u of them under way over s stages

    t = t_whole * (u + s - 1) / (u * s) + (s - 1) * boundary

(Huang et al., GPipe, 2019, section 2.3: the bubble of s - 1 of u + s - 1 slots). With one
micro-batch, or with one stage, the factor is 1.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.coefficients import section
from whichgpu.cost.memory import largest_layer
from whichgpu.cost.runtime import kept
from whichgpu.workloads.ops import changed
from whichgpu.workloads.precision import precision

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from whichgpu.cost.runtime import Runtime
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


def fill(prompt: Any, stages: Any, stack: Runtime) -> Array:
    """Share of one GPU's time that a prompt of so many tokens takes on `stages` GPUs, (J,)."""
    c = section("pipeline")
    size = c["micro_batch"].get(stack.id)
    s = np.asarray(stages, dtype=np.float64)
    if size is None:
        return np.ones_like(s)
    u = np.clip(np.ceil(np.asarray(prompt, dtype=np.float64) / size), 1.0, c["in_flight"][stack.id])
    return np.asarray((u + s - 1.0) / (u * s))


def flowing(workload: Workload, job: Job, stack: Runtime, whole: Sequence[Op]) -> tuple[Op, ...]:
    """The ops of a pass as its stages run them, given those of one GPU: prompts overlap, tokens do not."""
    prompted = job.input_tokens is not None and job.phase in ("prefill", "generate")
    if job.trains or not prompted or np.all(np.asarray(job.pp) == 1):
        return tuple(whole)
    share = 1.0 - _overlap(whole, job) * (1.0 - fill(job.input_tokens, job.pp, stack))
    if job.phase == "prefill":
        return _scaled(whole, share)
    prompt = workload.trace(job.changed(phase="prefill"))
    # The prompt's pass makes the first token.
    rest = np.maximum(np.asarray(job.output_tokens, dtype=np.float64) - 1.0, 0.0)
    tokens = workload.trace(job.changed(phase="decode", output_tokens=rest))
    return (*_scaled(prompt, share), *tokens)


def _overlap(whole: Sequence[Op], job: Job) -> float:
    """Share of the gain of several stages at work that is left.

    A quantised matrix is widened to 16 bits before a prompt's product; a large one needs its buffer anew,
    and allocating it waits for what the other stages do.
    """
    c, spec = section("pipeline"), precision(job.precision)
    widened = largest_layer(whole) * spec.activation
    return float(c["widened_gain"]) if spec.quantised and widened > c["widened_bytes"] else 1.0


def _scaled(ops: Sequence[Op], share: Array) -> tuple[Op, ...]:
    return tuple(changed(op, repeats=op.repeats * share) for op in ops)


def boundaries(job: Job) -> Array:
    """Seconds of a pass spent between the stages, (J,): at each boundary, once for every token made."""
    tokens = job.output_tokens if job.phase in ("decode", "generate") else None
    steps = 1.0 if tokens is None else tokens
    crossings = (np.asarray(job.pp, dtype=np.float64) - 1.0) * np.asarray(steps, dtype=np.float64)
    return np.asarray(section("pipeline")["boundary"] * crossings)
