"""What a server that measures itself as it starts has left for its KV cache (vLLM).

    cache = share x what CUDA reports - weights - a pass - the rest

`gpu_memory_utilization` is the share. vLLM runs a pass of as many tokens and sequences as it would take at
once, reads its peak off PyTorch's allocator, and gives what is left to the cache
(`determine_available_memory` of vllm/v1/worker/gpu_worker.py). It does not start where the cache holds less
than one sequence of `max_model_len`. The peak is the more of two moments: a gated layer's function, beside
three tensors of the width, and the sampler, which sorts the logits of all sequences. The graphs that it
captures and the driver's context lie outside of the share. A model that sees has pictures of as many tokens
go through its tower first, the largest that there may be, or a film (`profile_run` of
vllm/v1/worker/gpu_model_runner.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.coefficients import section
from whichgpu.cost.memory.cache_room import cache_room
from whichgpu.cost.memory.generating import of_card
from whichgpu.cost.memory.live_tensors import ROTATED
from whichgpu.cost.memory.totals import needed
from whichgpu.cost.memory.widths import widest, widest_made
from whichgpu.cost.parallel import splitting as parallel
from whichgpu.cost.parallel.mesh import Mesh
from whichgpu.cost.serving.scheduling import another_engines, kept_free, limits
from whichgpu.units import GIB
from whichgpu.workloads.language import vision
from whichgpu.workloads.precision import of_job
from whichgpu.workloads.recorder import Recorder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from whichgpu.cost.gpu.device import Devices
    from whichgpu.cost.job.runtime import Runtime
    from whichgpu.workloads.job import Job
    from whichgpu.workloads.ops import Op
    from whichgpu.workloads.workload import Workload

    Array = NDArray[np.float64]

#: The options that say how a server is started.
OPTIONS = ("max_model_len", "gpu_memory_utilization", "mem_fraction_static")
#: Tensors of the width beside a layer's function: the sum from layer to layer, its norm, what was read.
_WIDTHS = 3.0
#: Tokens of a pass that takes whole prompts, at the least, and of the longest that it takes whole.
_FEWEST, WHOLE = 2048.0, 32768.0


def profiles(stack: Runtime, job: Job) -> bool:
    """Whether a job says how its server is started, in words that this one reads."""
    return job.phase == "serve" and any(name in job.options for name in _read(stack))


def _read(stack: Runtime) -> tuple[str, ...]:
    """The options of `OPTIONS` that an engine reads."""
    own = (stack.holds["told"],) if "told" in stack.holds else ()
    return (*own, "max_model_len") if "sampled" in stack.holds else own


def unread(stack: Runtime, job: Job) -> list[str]:
    """The options of servers that a serving job states and its engine does not read."""
    stated = [name for name in OPTIONS if name in job.options and name not in _read(stack)]
    stated += another_engines(stack, job)
    return stated if job.phase == "serve" else []


def too_long(job: Job) -> list[str]:
    """What to say of requests with more tokens than their server is told to take."""
    if job.phase != "serve" or "max_model_len" not in job.options:
        return []
    most = job.option("max_model_len", _FEWEST, 1.0, example=4096.0)
    tokens = sum(float(np.max(one)) for one in (job.input_tokens, job.output_tokens) if one is not None)
    if tokens <= most:
        return []
    return [
        f"option max_model_len={most:g} is less than the {tokens:,.0f} tokens of a request and its answer, "
        "and an engine refuses them or cuts them off; write "
        f"max_model_len={np.ceil(tokens):.0f}, or fewer tokens"
    ]


def share(stack: Runtime, job: Job) -> float:
    """The share of a card that a server is told to take, or takes unasked."""
    return of_card(job, str(stack.holds["told"]), float(stack.holds.get("takes", 1.0)))


def profiled(
    parts: Mapping[str, Any], job: Job, stack: Runtime, devices: Devices, *,
    workload: Workload, idle: Sequence[Op],
) -> dict[str, Any]:  # fmt: skip
    """The parts within the share of a server on `devices`; `idle`: one token's ops.

    SGLang's is of weights and cache, and the driver's context; what a pass takes lies in the rest.
    """
    c = section("capacity")
    hidden = (1.0 - c["reported"]) * share(stack, job) * devices.column("memory")
    if "sampled" not in stack.holds:
        outside = ("activations", "engine")
        return {**{name: part for name, part in parts.items() if name not in outside}, "engine": hidden}
    kept = {name: part for name, part in parts.items() if name not in ("context", "engine")}
    peak = np.maximum(_peak(job, stack, idle, devices), _seen(workload, job, stack, devices))
    beside = c["beside"] * GIB + hidden
    if stack.holds.get("driver_read"):
        peak, beside = c["slack_inference"] * peak, beside + parts["context"]
    return {**kept, "activations": peak, "engine": beside}


#: Ops that read and write a state of their sequences beside their tokens.
CARRYING = (".state", ".scan")


def _peak(job: Job, stack: Runtime, idle: Sequence[Op], devices: Devices) -> Any:
    """Bytes of PyTorch's at the peak of the pass, given the ops of one sequence's token."""
    most = limits(stack, job, devices)
    tokens = _tokens(job, stack, most.tokens)
    layers = [op for op in idle if op.shard != "vocab" and not op.layer.endswith(CARRYING)]
    width: Any = 0.0
    for op in layers:
        if op.kind == "norm":
            width = np.maximum(width, op.write_bytes)
    heads = [op for op in idle if op.kind == "gemm" and op.shard == "vocab"]
    # Logits are gathered on one GPU, whole.
    logits = sum((np.asarray(op.dims["n"]) for op in heads), start=np.zeros(())) * Mesh.of(job).tp
    sampled = logits * np.minimum(_sequences(job, stack, most.sequences), tokens)
    return np.maximum((widest(layers) + _WIDTHS * width) * tokens, stack.holds["sampled"] * sampled)


def _seen(workload: Workload, job: Job, stack: Runtime, devices: Devices) -> Any:
    """Bytes at the fullest op of a tower on the pictures that a pass has room for, one at least; else 0.

    They are counted as a layer of the text is; where queries are turned as those of a denoiser are, of which
    each GPU has its own heads.
    """
    frames, seen = stack.holds.get("profiled_frames", 0.0), workload.dims.get("vision", {})
    if not frames or "layers" not in seen:
        return 0.0
    recorder = Recorder(of_job(job))
    vision.tower(workload.dims, recorder, 1.0)
    ops = parallel.shard(recorder.ops(), Mesh.of(job).tp)
    layers = [op for op in ops if not op.layer.endswith(_AROUND)]
    width = widest_made([op for op in layers if op.kind == "norm"])
    heads = (ROTATED - _WIDTHS) / Mesh.of(job).tp if seen.get("rotary") else 0.0
    each = (_WIDTHS * width + np.maximum(widest(layers), heads * width)) / vision.tokens_of_one(workload.dims)
    largest = vision.largest(workload.dims, _longest(job), frames)
    return each * largest * np.ceil(limits(stack, job, devices).tokens / largest)


#: What a tower has around its layers, each of several products.
_AROUND = ("projector", "merger", "queries")


def _sequences(job: Job, stack: Runtime, most: Any) -> Any:
    """Sequences whose logits the pass has."""
    return most if "max_num_seqs" in job.options else np.minimum(most, stack.holds.get("samples", np.inf))


def _tokens(job: Job, stack: Runtime, most: Any) -> Any:
    """Tokens of the pass: its budget, or, where prompts are not cut, one of the longest."""
    if not stack.holds.get("whole_prompts") or "max_num_batched_tokens" in job.options:
        return most
    longest = _longest(job)
    return np.where(longest > WHOLE, most, np.maximum(longest, _FEWEST))


def _longest(job: Job) -> Any:
    """Tokens of the longest sequence that a server takes: as stated, else one of the job's."""
    if "max_model_len" in job.options:
        return job.option("max_model_len", 8192.0, 1.0)
    lengths = (np.asarray(one, dtype=np.float64) for one in (job.input_tokens, job.output_tokens))
    return sum(lengths, start=np.zeros(()))


def longest(workload: Workload, job: Job, stack: Runtime) -> Array:
    """Bytes of a GPU's cache that one sequence of `max_model_len` takes; 0 where that is not stated.

    Of groups that attend to sequences of their own one has all of it.
    """
    from whichgpu.cost.memory.replica_memory import sequence_bytes

    if "max_model_len" not in job.options or not profiles(stack, job):
        return np.zeros(())
    mesh = Mesh.of(job)
    return np.asarray(sequence_bytes(workload, job, _longest(job), stack) / mesh.pp)


def cache(
    workload: Workload, job: Job, stack: Runtime, parts: Mapping[str, float], memory: float
) -> tuple[float, float]:
    """Bytes for the cache of a server that is told its longest sequence, and those of that sequence."""
    kept = sum(parts.get(name, 0.0) for name in ("kv_cache", "kv_reserve"))
    free = share(stack, job) * memory - sum(parts.values()) + kept
    return free, float(np.max(longest(workload, job, stack)))


def room(devices: Devices, parts: Mapping[str, Any], stack: Runtime, job: Job, least: Any) -> Array:
    """Bytes of each GPU for a server's KV cache beside its `parts`; `least` are those of one sequence."""
    memory = devices.column("memory")
    if not profiles(stack, job):
        return cache_room(memory, parts, stack, least, kept=kept_free(stack, job, devices))
    return np.asarray(share(stack, job) * memory - needed(parts))
