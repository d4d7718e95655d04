"""What a replica's memory holds: its parts, the cache of a sequence, and sequences that have room.

B sequences run at once where the KV cache has room for them (`cache_room.py`), over the KV of a
sequence at I + 0.6 O tokens, since sequences are on average a little past half done when the next one
needs room (at I + O in an engine that keeps room for whole answers), and at most what the engine takes at
once (`cost/serving/scheduling.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.job.requests import Requests
from whichgpu.cost.memory import offload, reserving, starting
from whichgpu.cost.memory.cache_room import sequences
from whichgpu.cost.memory.inference import inference_parts
from whichgpu.cost.memory.job_memory import communication
from whichgpu.cost.memory.widths import widest
from whichgpu.cost.parallel import splitting as parallel
from whichgpu.cost.parallel.mesh import Mesh
from whichgpu.cost.serving.scheduling import limits
from whichgpu.cost.timing import prompts
from whichgpu.cost.timing.engine_step import step_ops
from whichgpu.values import NamedTuple
from whichgpu.workloads.precision import of_job, precision

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from whichgpu.cost.gpu.device import Devices
    from whichgpu.cost.job.runtime import Runtime
    from whichgpu.workloads.job import Job
    from whichgpu.workloads.ops import Op
    from whichgpu.workloads.workload import Workload

    Array = NDArray[np.float64]


def places(job: Job, stack: Runtime, devices: Devices) -> tuple[Array, Array, Array]:
    """Replicas of a settled job, the requests of each at once (one where none is stated), and the most."""
    most = limits(stack, job, devices).sequences * Mesh.of(job).attention_dp
    return replicas(job), np.minimum(_asked(job), most), np.asarray(most)


def replicas(job: Job) -> Array:
    """Replicas of a settled job, at least one."""
    return np.asarray(np.maximum(np.asarray(job.n_gpus, dtype=np.float64) / Mesh.of(job).replica, 1.0))


def requests_each(job: Job) -> Array:
    """Requests in flight on each of the job's replicas."""
    replicas = np.asarray(job.n_gpus, dtype=np.float64) / Mesh.of(job).replica
    return np.maximum(np.asarray(job.concurrency, dtype=np.float64) / replicas, 1.0)


def room_of(
    workload: Workload, job: Job, stack: Runtime, devices: Devices
) -> tuple[Array, dict[str, Any], Array]:
    """Sequences that a replica has room for, its memory by part but the cache, the cache of one, per GPU."""
    parts, each, _ = standing(workload, job, stack, devices)
    room = starting.room(devices, parts, stack, job, each)
    # A server that has no room for its longest sequence does not start, and holds none.
    room = np.where(room >= cached(workload, job, stack, 1.0, each), room, 0.0)
    most = limits(stack, job, devices).sequences * Mesh.of(job).attention_dp
    # What is taken ahead is in the parts for the sequences that are asked for, and grows with more of them.
    grows = reserving.of_sequence(workload, job, stack)
    return sequences(room + grows * _asked(job), each + grows, most), parts, each


def cached(workload: Workload, job: Job, stack: Runtime, running: Any, each: Any) -> Any:
    """Bytes of the cache of so many `running` sequences, of `each` in the mean; of one whole at the least.

    Of those that run side by side some have just begun; one alone comes to its last token, and of groups
    that attend to sequences of their own it is one group's.
    """
    prompt = np.asarray(job.input_tokens, dtype=np.float64)
    output = np.asarray(job.output_tokens, dtype=np.float64)
    made = _made(job, stack, output)
    last, mean = (sequence_bytes(workload, job, prompt + tokens, stack) for tokens in (output, made))
    alone = each * Mesh.of(job).attention_dp
    whole = alone * np.maximum(last / np.maximum(mean, 1.0), 1.0) * (np.asarray(running) >= 1.0)
    return np.maximum(np.maximum(running * each, whole), starting.longest(workload, job, stack))


def _made(job: Job, stack: Runtime, output: Any) -> Any:
    """Tokens of an answer that sequences have in the mean."""
    return limits(stack, job).filled * output * (1.0 + Requests.of(job).output_variation)


def _asked(job: Job) -> Array:
    """Requests that a settled job states for each of its replicas; one where it states none."""
    return np.ones(()) if job.concurrency is None else requests_each(job)


class Cache(NamedTuple):
    """Room on each GPU of a replica: B in all, of each sequence and each of its tokens; sequences at most."""

    room: float
    state: float
    token: float
    most: float = np.inf


def cache(workload: Workload, job: Job, stack: Runtime, devices: Devices) -> Cache:
    """The room of one complete job on one GPU type; what a token takes is the mean over an answer."""
    parts, each, _ = standing(workload, job, stack, devices)
    free = starting.room(devices, parts, stack, job, each)
    prompt, output = float(job.input_tokens), max(float(job.output_tokens), 1.0)
    mesh = Mesh.of(job)
    state, low, high = (
        float(np.ravel(sequence_bytes(workload, job, tokens, stack) / mesh.pp / mesh.attention_dp)[0])
        for tokens in (0.0, prompt, prompt + output)
    )
    token, room = (high - low) / output, max(float(np.ravel(free)[0]), 0.0)
    # Beside a recurrent state a window keeps as many bytes of each sequence, however long it is.
    fixed, pools = max(low - token * prompt, 0.0), _Pools.of(stack, devices)
    if pools is None or not state:
        return Cache(room, fixed, token)
    most = room / float(np.ravel(pools.least(state))[0])
    return Cache(room / (1.0 + pools.share), max(fixed - state, 0.0), token, most)


class _Pools(NamedTuple):
    """Recurrent states and tokens in pools of their own: `share` B of states for each of tokens.

    An engine keeps so many places in that of states for `each` sequence that runs, on some GPUs others.
    """

    share: float
    each: Any

    @classmethod
    def of(cls, stack: Runtime, devices: Devices | None) -> _Pools | None:
        """An engine's pools on these GPUs; None where states and tokens share the room."""
        own = stack.holds.get("states")
        if own is None:
            return None
        each = own["each"]
        if devices is not None and "on_amd" in own:
            each = np.where(devices.amd, own["on_amd"], each)
        return cls(own["share"], each)

    def least(self, state: Any) -> Any:
        """B of both pools for each sequence, as its `state` of so many B has them."""
        return self.each * state * (1.0 + self.share) / self.share


def standing(
    workload: Workload, job: Job, stack: Runtime, devices: Devices | None = None
) -> tuple[dict[str, Any], Array, tuple[Op, ...]]:
    """A replica's memory by part but the cache, the cache of one sequence, and what one GPU of it runs.

    On `devices` parts are columns of these where a server measures itself on them (`starting.py`).
    """
    mesh = Mesh.of(job)
    prompt = np.asarray(job.input_tokens, dtype=np.float64)
    output = np.asarray(job.output_tokens, dtype=np.float64)
    idle = parallel.shard(step_ops(workload, job, 0.0, 1.0, prompt), mesh.tp, ep=mesh.ep, moe_tp=mesh.moe_tp)
    around = not stack.holds.get("no_engine")
    parts = inference_parts(idle, 0.0, engine=around, stack=stack, spec=precision(job.precision), pp=mesh.pp)
    ahead = reserving.buffer(workload, job.changed(batch=_asked(job)), stack)
    parts["activations"], times = np.maximum(_fullest_pass(job, stack, idle), ahead), 1.0
    if prompts.in_one_pass(job, stack) and hasattr(workload.code, "kv_bytes_per_token"):
        own, times = prompts.served(workload, job, stack, mesh, widest(idle))
        parts |= own
    if devices is not None and starting.profiles(stack, job):
        parts = starting.profiled(parts, job, stack, devices, workload=workload, idle=idle)
    parts |= communication(mesh, stack)
    parts, _ = offload.kept(workload, job, parts)
    made, held_by = _made(job, stack, output), reserving.shares_cache(stack, mesh.pp)
    each, state = (
        times * sequence_bytes(workload, job, tokens, stack) / held_by / mesh.attention_dp
        for tokens in (prompt + made, 0.0)
    )
    pools = _Pools.of(stack, devices)
    if pools is not None:
        # Sequences are as many as the fuller of two pools has room for.
        apart = np.maximum((each - state) * (1.0 + pools.share), pools.least(state))
        each = np.where(state > 0.0, apart, each)
    return parts, each, idle


def _fullest_pass(job: Job, stack: Runtime, idle: Sequence[Op]) -> Array:
    """Bytes at the widest op of a pass that takes all that it may, given the ops of one sequence's token.

    Prompts fill its budget of tokens, up to one whole sequence where that is less; the output head sees the
    last token of each sequence alone, and a recurrence carries one state of each, however long it is.
    """
    most, prompt = limits(stack, job), np.asarray(job.input_tokens, dtype=np.float64)
    heads = [op for op in idle if op.shard == "vocab"]
    rest = [op for op in idle if op.shard != "vocab" and not op.layer.endswith(starting.CARRYING)]
    tokens = np.minimum(most.tokens, prompt + np.asarray(job.output_tokens, dtype=np.float64))
    ends = widest(heads) * np.minimum(most.sequences, prompt)
    return np.asarray(np.maximum(ends, widest(rest) * tokens))


def sequence_bytes(workload: Workload, job: Job, tokens: Any, stack: Runtime | None = None) -> Array:
    """Bytes that one sequence of `tokens` keeps on each of `job.tp` GPUs: KV cache and recurrent state.

    `stack` allocates by a rule of its own where it has one. A KV head is kept whole, so that the cache is
    spread over no more GPUs than there are KV heads.
    """
    spec, gpus = of_job(job), np.asarray(job.tp, dtype=np.float64)
    known = getattr(workload.code, "sequence_bytes", None)
    if known is not None:
        rules = dict.fromkeys(map(_rule, stack.several or (stack,) if stack is not None else (None,)))
        each = [np.asarray(known(workload.dims, spec, tokens, gpus, engine=rule)) for rule in rules]
        if stack is None or len(each) == 1:
            return each[0]
        place = {rule: i for i, rule in enumerate(rules)}
        return np.asarray(np.choose(stack.read(lambda one: place[_rule(one)]), each))
    heads = float(workload.dims.get("kv_heads", workload.dims.get("heads", 1)))
    return np.asarray(
        workload.code.kv_bytes_per_token(workload.dims, spec) * tokens / np.minimum(gpus, heads)
    )


def _rule(stack: Runtime | None) -> str:
    """The engine whose rule of allocation a runtime follows; vLLM's "pages" is how it reports its pool.

    TensorRT-LLM keeps every token of every layer, as in such a pool, unless `max_attention_window` of its
    KvCacheConfig, which is not set by default, tells it the windows.
    """
    named = {"llama-cpp": "llama.cpp", "tensorrt-llm": "vllm", "sglang": "sglang"}
    return named.get(stack.id, "transformers") if stack is not None else "transformers"
