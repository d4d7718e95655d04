"""The ops of one engine step: prompts that are computed in it, and sequences that each make a token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.job.requests import Requests
from whichgpu.workloads.adapters import beside
from whichgpu.workloads.language import vision
from whichgpu.workloads.precision import of_job
from whichgpu.workloads.recorder import Recorder

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whichgpu.workloads.job import Job
    from whichgpu.workloads.ops import Op
    from whichgpu.workloads.workload import Workload

    Array = NDArray[np.float64]


def step_ops(
    workload: Workload, job: Job, prefill_tokens: Any, decode_sequences: Any, kv_tokens: Any, *,
    spread: bool = False,
) -> tuple[Op, ...]:  # fmt: skip
    """Ops of one engine step before sharding; arrays broadcast to (G, J).

    Of a prompt whose prefix is cached `prefill_tokens` are the rest. A step of speculative decoding verifies
    what was drafted for each sequence. Where it is `spread` there are so many sequences in the mean of steps.
    """
    asked, spec = Requests.of(job), of_job(job)
    tokens = prefill_tokens, decode_sequences, kv_tokens
    sizes = {
        "prefill_length": computed_tokens(job),
        "prefill_context": asked.prefix_hit * job.input_tokens,
        "decode_tokens": 1.0 + asked.drafted,
        "decode_steps": job.output_tokens,
    }
    pieces = vision.beside_prompts(workload.dims, job)
    sides = (_alike(job.height), _alike(job.width)) if pieces else ()
    numbers = (_alike(one) for one in (*tokens, *sizes.values()))
    key = id(workload), spec, spread, *pieces.items(), *sides, *numbers
    known = _steps.get(key)
    if known is None:
        if len(_steps) >= _KEPT:
            # At once, which no other thread can come between.
            _steps.clear()
        from whichgpu.workloads.language.feed import SPREAD

        recorder = Recorder(spec)
        dims = workload.of_job(job) if pieces else workload.dims
        dims = {**dims, SPREAD: True} if spread else dims
        dims = {**dims, vision.PIECES: pieces} if pieces else dims
        workload.code.step(dims, recorder, *tokens, **sizes)
        # With its workload, so that no other can have its id.
        known = _steps[key] = workload, recorder.ops()
    return beside(known[1], job, workload.dims.get("fused", ""))


#: The last steps, by all that their ops hang on: memory and time of one job, and both of what would make it
#: fit, ask for the same ones.
_steps: dict[tuple[Any, ...], tuple[Workload, tuple[Op, ...]]] = {}
_KEPT = 8


def _alike(number: Any) -> Any:
    """What stands for a number in a key: itself, or an array's shape and bytes."""
    return (number.shape, number.tobytes()) if isinstance(number, np.ndarray) else number


def computed_tokens(job: Job) -> Array:
    """Tokens of a prompt that are not in the cache already."""
    return np.asarray(np.asarray(job.input_tokens, dtype=np.float64) * (1.0 - Requests.of(job).prefix_hit))


def passes_of_prompt(job: Job, chunks: Any) -> Array:
    """Passes in which a prompt is computed whose mean length fills `chunks` of them, in the mean."""
    lengths = Requests.of(job).prompts
    each = np.asarray(chunks, dtype=np.float64)
    if lengths is None:
        return np.ceil(each)
    return np.asarray(np.ceil(each[..., None] * lengths.relative()).mean(axis=-1))
