"""A serving replica with continuous batching, from one function of an engine step.

In the steady state of saturated load a replica holds B sequences, each of I prompt and O output
tokens. Every step decodes one token of each and, to keep B constant, prefills the prompts of the
B / O sequences that replace the finished ones:

    t = step_time(prefill_tokens = B I / O, decode_sequences = B, kv_tokens = B (I + O / 2))
    output tokens/s = B / t          (Yu et al., Orca, OSDI 2022, for iteration-level batching)

B is what the KV cache has room for: usable * free memory / KV of a sequence at I + 0.6 O tokens,
since sequences are on average a little past half done when the next one needs room.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost import memory as mem
from whichgpu.cost import parallel
from whichgpu.cost.coefficients import section
from whichgpu.cost.fit import fit
from whichgpu.cost.time import evaluate, prepare
from whichgpu.workloads.precision import precision
from whichgpu.workloads.recorder import Recorder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from whichgpu.cost.device import Devices
    from whichgpu.cost.runtime import Runtime
    from whichgpu.cost.time import Pass, Timing
    from whichgpu.workloads.job import Job
    from whichgpu.workloads.ops import Op
    from whichgpu.workloads.workload import Workload

    Array = NDArray[np.float64]

#: Share of its output that a sequence has produced when its room is counted.
_FILLED = 0.6


@dataclass(frozen=True, slots=True)
class SteadyState:
    """A full replica: (G, J) sequences held, the work of a step, memory by part, the step's ops."""

    sequences: Array
    work: Pass
    parts: Mapping[str, Any]
    ops: tuple[Op, ...]


def step_ops(
    workload: Workload, job: Job, prefill_tokens: Any, decode_sequences: Any, kv_tokens: Any
) -> tuple[Op, ...]:
    """Ops of one engine step before sharding; arrays broadcast to (G, J)."""
    recorder = Recorder(precision(job.precision))
    workload.code.step(
        workload.dims, recorder, prefill_tokens, decode_sequences, kv_tokens, prefill_length=job.input_tokens
    )
    ops: tuple[Op, ...] = recorder.ops()
    return ops


def step_time(
    workload: Workload, job: Job, stack: Runtime, devices: Devices, *, prefill_tokens: Any,
    decode_sequences: Any, kv_tokens: Any,
) -> Timing:  # fmt: skip
    """Time of one engine step on a replica of `job.tp` GPUs."""
    work, _ = step_work(
        workload, job, stack, devices, prefill_tokens=prefill_tokens, decode_sequences=decode_sequences,
        kv_tokens=kv_tokens,
    )  # fmt: skip
    return evaluate(work, fit())


def step_work(
    workload: Workload, job: Job, stack: Runtime, devices: Devices, *, prefill_tokens: Any,
    decode_sequences: Any, kv_tokens: Any,
) -> tuple[Pass, tuple[Op, ...]]:  # fmt: skip
    """The work of one engine step, and its sharded ops."""
    whole = step_ops(workload, job, prefill_tokens, decode_sequences, kv_tokens)
    ops = parallel.shard(whole, job.tp)
    host = stack.sequence * np.asarray(decode_sequences, dtype=np.float64)
    links = parallel.tensor_parallel_seconds(whole, job.tp, devices)
    return prepare(ops, devices, stack, workload=workload.id, communication=links + host), ops


def steady_state(workload: Workload, job: Job, stack: Runtime, devices: Devices) -> SteadyState:
    """The steady state of a saturated replica, or of one that holds `job.concurrency` requests."""
    prompt = np.asarray(job.input_tokens, dtype=np.float64)
    output = np.asarray(job.output_tokens, dtype=np.float64)
    ceiling = np.inf if job.concurrency is None else np.asarray(job.concurrency, dtype=np.float64)
    idle = parallel.shard(step_ops(workload, job, 0.0, 1.0, prompt), job.tp)
    parts = mem.inference_parts(idle, 0.0, engine=True)
    # The widest op of a step is bounded by the engine's token budget, so activations are small.
    parts["activations"] = mem.widest(idle) * np.minimum(section("capacity")["max_sequences"], prompt)
    per_sequence = sequence_bytes(workload, job, prompt + _FILLED * output)
    taken = sum((np.asarray(part) for part in parts.values()), start=np.zeros(1))
    held = mem.sequences(devices.column("memory") - taken, per_sequence, ceiling)
    running = np.maximum(held, 1.0)
    parts["kv_cache"] = running * per_sequence
    work, ops = step_work(
        workload, job, stack, devices,
        prefill_tokens=running * prompt / output, decode_sequences=running,
        kv_tokens=running * (prompt + output / 2.0),
    )  # fmt: skip
    return SteadyState(np.maximum(held, 0.0), work, parts, ops)


def sequence_bytes(workload: Workload, job: Job, tokens: Any) -> Array:
    """Bytes that one sequence of `tokens` keeps on each of `job.tp` GPUs: KV cache and recurrent state.

    A KV head is kept whole, so that the cache is spread over no more GPUs than there are KV heads.
    """
    spec, gpus = precision(job.precision), np.asarray(job.tp, dtype=np.float64)
    known = getattr(workload.code, "sequence_bytes", None)
    if known is not None:
        return np.asarray(known(workload.dims, spec, tokens, gpus))
    heads = float(workload.dims.get("kv_heads", workload.dims.get("heads", 1)))
    return np.asarray(
        workload.code.kv_bytes_per_token(workload.dims, spec) * tokens / np.minimum(gpus, heads)
    )
