"""A serving replica with continuous batching: passes of decode, and of prompts between them.

A replica holds B sequences, each of I prompt and O output tokens, each replaced by the next when it is
done. Every token of a sequence costs a decode pass of all B, and between its tokens the prompts of the
others are computed, of which a share k (`[serving.engine]`) interrupts it:

    TPOT = t_decode(B) + k (B - 1) t_prompt / O
    TTFT = s + t_prompt + t_decode + q (B - 1) t_prompt + queue,   queue = max(C / B - 1, 0) O TPOT
    output tokens/s = B O / (O TPOT + (1 + (1 - k) (B - 1)) t_prompt)

for C requests in flight, B = min(C, what memory holds). The last line counts every prompt once, so that
no replica does more work than there is time for. At saturation (no C) k is 1 and B / TPOT is the rate.
(Yu et al., Orca, OSDI 2022, for iteration-level batching.)

Of p stages each works on B / p sequences at a time, so that every token passes through p smaller
batches and the weights are read p times. With data-parallel attention of a groups each of them attends
to B / a sequences, and the experts see the tokens of all.

B is what the KV cache has room for: usable * free memory / KV of a sequence at I + 0.6 O tokens,
since sequences are on average a little past half done when the next one needs room.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost import memory as mem
from whichgpu.cost import parallel
from whichgpu.cost.coefficients import section
from whichgpu.cost.fit import fit
from whichgpu.cost.mesh import Mesh
from whichgpu.cost.time import evaluate, prepare
from whichgpu.values import immutable
from whichgpu.workloads.ops import changed
from whichgpu.workloads.precision import of_job, precision
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


@immutable
class SteadyState:
    """A replica at work: (G, J) sequences held, what a token costs, one prompt alone, memory, decode ops.

    `waiting` is the time of prompts, in passes of one, that a sequence spends before its first token;
    `own` those that its tokens do not pay for; `queue` is requests per place that wait for one.
    """

    sequences: Array
    work: Pass
    prompt: Pass
    waiting: Array
    own: Array
    queue: Array
    parts: Mapping[str, Any]
    ops: tuple[Op, ...]

    def first_token(self, tpot: Array, prompt: Array, output: Any) -> Array:
        """Seconds to the first token (TTFT), given those of a token and of one prompt alone."""
        alone = engine(self.work.runtime)["first"] + self.waiting * prompt + tpot
        return np.asarray(alone + self.queue * output * tpot)

    def rate(self, tpot: Array, prompt: Array, output: Any) -> Array:
        """Output tokens/s of a replica: what it holds, over the time of a sequence and its prompt."""
        held = np.maximum(self.sequences, 1.0)
        return np.asarray(held * output / (output * tpot + self.own * prompt))


def engine(stack: Runtime) -> Mapping[str, float]:
    """How an engine orders prompts and tokens: a row of `[serving.engine]`."""
    known = section("serving")["engine"]
    row: Mapping[str, float] = known.get(stack.kernels, known["other"])
    return row


def step_ops(
    workload: Workload, job: Job, prefill_tokens: Any, decode_sequences: Any, kv_tokens: Any
) -> tuple[Op, ...]:
    """Ops of one engine step before sharding; arrays broadcast to (G, J)."""
    recorder = Recorder(of_job(job))
    workload.code.step(
        workload.dims, recorder, prefill_tokens, decode_sequences, kv_tokens, prefill_length=job.input_tokens
    )
    ops: tuple[Op, ...] = recorder.ops()
    return ops


def step_time(
    workload: Workload, job: Job, stack: Runtime, devices: Devices, *, prefill_tokens: Any,
    decode_sequences: Any, kv_tokens: Any,
) -> Timing:  # fmt: skip
    """Time of one engine step of a complete job's replica, all tokens in one pass."""
    ops, links = _rank(workload, job, devices, prefill_tokens, decode_sequences, kv_tokens)
    work = prepare(
        ops, devices, stack, workload=workload.id, communication=links + _host(stack, job, decode_sequences)
    )
    return evaluate(work, fit())


def _rank(workload: Workload, job: Job, devices: Devices, *tokens: Any) -> tuple[tuple[Op, ...], Array]:
    """What one GPU does of a pass of the replica, all its stages in turn, and its seconds on the links.

    `tokens`: prompt tokens, decoding sequences and cached tokens of the pass.
    """
    mesh = Mesh.of(job)
    whole = step_ops(workload, job, *(part / (mesh.pp * mesh.attention_dp) for part in tokens))
    links = parallel.tensor_parallel_seconds(whole, mesh.tp, devices)
    if np.any(mesh.attention_dp > 1):
        # Each group attends to its own sequences; the experts see the tokens of all groups.
        together = step_ops(workload, job, *(part / mesh.pp for part in tokens))
        experts = [op for op in together if op.shard.startswith("expert")]
        whole = (*(op for op in whole if not op.shard.startswith("expert")), *experts)
        links = links + parallel.all_to_all_seconds(workload, job, whole, mesh, devices)
    return parallel.shard(whole, mesh.tp, ep=mesh.ep, moe_tp=mesh.moe_tp), links


def _host(stack: Runtime, job: Job, decode_sequences: Any) -> Array:
    """Seconds of a token's passes that are no kernel: sampling, and what each stage adds."""
    mesh = Mesh.of(job)
    sampling = stack.sequence * np.asarray(decode_sequences, dtype=np.float64) / mesh.attention_dp
    return np.asarray(sampling + (mesh.pp - 1.0) * (stack.fixed + section("serving")["boundary"]))


def steady_state(workload: Workload, job: Job, stack: Runtime, devices: Devices) -> SteadyState:
    """The steady state of a saturated replica, or of one that holds `job.concurrency` requests."""
    prompt = np.asarray(job.input_tokens, dtype=np.float64)
    output = np.maximum(np.asarray(job.output_tokens, dtype=np.float64), 1.0)
    held, parts, per_sequence = _room(workload, job, stack, devices)
    running = np.maximum(held, 1.0)
    parts["kv_cache"] = running * per_sequence
    c = section("serving")
    if job.concurrency is None:
        between = running
        burst = queue = own = np.zeros(1)
    else:
        share = engine(stack)["interruption"]
        between, own = share * (running - 1.0), 1.0 + (1.0 - share) * (running - 1.0)
        burst = engine(stack)["burst"] * (running - 1.0)
        queue = np.maximum(_requests(job) / running - 1.0, 0.0)
    ops, links = _rank(workload, job, devices, 0.0, running, running * (prompt + output / 2.0))
    # Short prompts are computed several at a time.
    batch = np.clip(np.floor(c["prompt_tokens"] / np.maximum(prompt, 1.0)), 1.0, np.maximum(running / 4, 1))
    often = between / output / batch
    prompts, sent = _rank(workload, job, devices, batch * prompt, 0.0, 0.0)
    between_tokens = tuple(changed(op, repeats=op.repeats * often) for op in prompts)
    host = _host(stack, job, running) + often * stack.fixed
    work = prepare(
        (*ops, *between_tokens),
        devices,
        stack,
        workload=workload.id,
        communication=links + often * sent + host,
    )
    alone, sent = _rank(workload, job, devices, prompt, 0.0, 0.0)
    return SteadyState(
        np.maximum(held, 0.0), work, prepare(alone, devices, stack, workload=workload.id, communication=sent),
        np.asarray(c["first_own"] + burst), np.asarray(own), np.asarray(queue), parts, ops,
    )  # fmt: skip


def places(job: Job) -> tuple[Array, Array, Array]:
    """Replicas of a settled job, the requests of each at once (one where none is stated), and the most."""
    mesh = Mesh.of(job)
    replicas = np.maximum(np.asarray(job.n_gpus, dtype=np.float64) / mesh.replica, 1.0)
    most = section("capacity")["max_sequences"] * mesh.attention_dp
    asked = np.ones(()) if job.concurrency is None else _requests(job)
    return replicas, np.minimum(asked, most), np.asarray(most)


def _requests(job: Job) -> Array:
    """Requests in flight on each of the job's replicas."""
    replicas = np.asarray(job.n_gpus, dtype=np.float64) / Mesh.of(job).replica
    return np.maximum(np.asarray(job.concurrency, dtype=np.float64) / replicas, 1.0)


def _room(
    workload: Workload, job: Job, stack: Runtime, devices: Devices
) -> tuple[Array, dict[str, Any], Array]:
    """Sequences that a replica holds, its memory by part but the cache, and the cache of one, per GPU."""
    ceiling = np.inf if job.concurrency is None else _requests(job)
    parts, each, _ = standing(workload, job, stack)
    taken = sum((np.asarray(part) for part in parts.values()), start=np.zeros(1))
    free = devices.column("memory") - taken
    return mem.sequences(free, each, ceiling, Mesh.of(job).attention_dp), parts, each


def standing(workload: Workload, job: Job, stack: Runtime) -> tuple[dict[str, Any], Array, tuple[Op, ...]]:
    """A replica's memory by part but the cache, the cache of one sequence, and what one GPU of it runs."""
    mesh = Mesh.of(job)
    prompt = np.asarray(job.input_tokens, dtype=np.float64)
    output = np.asarray(job.output_tokens, dtype=np.float64)
    idle = parallel.shard(step_ops(workload, job, 0.0, 1.0, prompt), mesh.tp, ep=mesh.ep, moe_tp=mesh.moe_tp)
    parts = mem.inference_parts(
        idle, 0.0, engine=True, stack=stack, spec=precision(job.precision), pp=mesh.pp
    )
    # The widest op of a step is bounded by the engine's token budget, so activations are small.
    parts["activations"] = mem.widest(idle) * np.minimum(section("capacity")["max_sequences"], prompt)
    each = sequence_bytes(workload, job, prompt + _FILLED * output) / mesh.pp / mesh.attention_dp
    return parts, each, idle


def sequence_bytes(workload: Workload, job: Job, tokens: Any, stack: Runtime | None = None) -> Array:
    """Bytes that one sequence of `tokens` keeps on each of `job.tp` GPUs: KV cache and recurrent state.

    `stack` allocates by a rule of its own where it has one. A KV head is kept whole, so that the cache is
    spread over no more GPUs than there are KV heads.
    """
    spec, gpus = of_job(job), np.asarray(job.tp, dtype=np.float64)
    known = getattr(workload.code, "sequence_bytes", None)
    if known is not None:
        return np.asarray(known(workload.dims, spec, tokens, gpus, engine=_rule(stack)))
    heads = float(workload.dims.get("kv_heads", workload.dims.get("heads", 1)))
    return np.asarray(
        workload.code.kv_bytes_per_token(workload.dims, spec) * tokens / np.minimum(gpus, heads)
    )


def _rule(stack: Runtime | None) -> str:
    """The engine whose rule of allocation a runtime follows; vLLM's "pages" is how it reports its pool."""
    return "llama.cpp" if stack is not None and stack.id == "llama-cpp" else "transformers"
