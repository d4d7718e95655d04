"""A prompt of a language model that a program without an engine computes in one pass.

Transformers and plain PyTorch make all that a prompt's layers need at once, and a token's pass comes behind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.memory import attention_scores, reserving
from whichgpu.cost.memory.live_tensors import live
from whichgpu.cost.memory.totals import fuller
from whichgpu.cost.memory.widths import widest
from whichgpu.cost.parallel import splitting as parallel
from whichgpu.cost.parallel.mesh import Mesh
from whichgpu.values import NamedTuple
from whichgpu.workloads.precision import precision

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from whichgpu.cost.job.runtime import Runtime
    from whichgpu.workloads.job import Job
    from whichgpu.workloads.ops import Op
    from whichgpu.workloads.workload import Workload

    Array = NDArray[np.float64]


def _array(value: Any) -> Array:
    return np.asarray(value, dtype=np.float64)


def cache(workload: Workload, job: Job, stack: Runtime, written: Any, *, otherwise: Any = 0.0) -> Any:
    """Bytes of the keys and values of a batch behind its prompts and so many `written` tokens."""
    if not hasattr(workload.code, "kv_bytes_per_token") or job.input_tokens is None:
        return otherwise
    from whichgpu.cost.memory.replica_memory import sequence_bytes

    tokens = _array(job.input_tokens) + _array(0.0 if written is None else written)
    return sequence_bytes(workload, job, tokens, stack) * _array(job.batch)


def fullest(
    workload: Workload, job: Job, stack: Runtime, mesh: Mesh, parts: Mapping[str, Any]
) -> dict[str, Any]:
    """The parts where a program without an engine needs most: at the prompt, or at the last token.

    A prompt has no token's cache behind it yet, and what its layers made is gone as the first token comes.
    Old libraries hand the whole cache on anew with each token while that of the last one is held, and with
    the first one the prompt's logits.
    """
    found = _prompt(workload, job, stack, mesh)
    widened, logits = 4.0 / precision(job.precision).activation, found.logits
    # As logits are made what the layers had is gone, but for the sum that the last one hands on.
    prompt = {**parts, "activations": np.maximum(found.alive, found.summed / 4.0 + logits * (1.0 + widened))}
    if np.any(found.scores):
        prompt = fuller(prompt, {**parts, "activations": found.summed, "scores": found.scores})
    if "kv_cache" not in parts or job.output_tokens is None or job.phase == "prefill":
        return prompt
    if job.phase == "generate" and "decode" in workload.code.PHASES:
        parts = {**parts, "activations": _token(workload, job, stack, mesh)}
    behind = cache(workload, job, stack, None, otherwise=parts["kv_cache"])
    behind = behind / reserving.shares_cache(stack, mesh.pp)
    prompt["kv_cache"] = behind
    if not stack.holds.get("cache_twice"):
        return fuller(prompt, parts)
    times = np.where(_array(job.output_tokens) > 1, 2.0, 1.0)
    first = {**parts, "activations": logits * widened, "kv_cache": times * behind}
    return fuller(prompt, fuller(first, {**parts, "kv_cache": times * parts["kv_cache"]}))


def served(
    workload: Workload, job: Job, stack: Runtime, mesh: Mesh, idle: Any
) -> tuple[dict[str, Any], float]:
    """What a pass of one request of several has beside their caches, by part, and how often these are there.

    `fullest` of a server without an engine, whose prompts come one by one; a token's pass has `idle` bytes. A
    prompt has neither its answer's cache behind it nor a second copy, for which there is room by then.
    """
    one = job.changed(batch=1.0)
    found, widened = _prompt(workload, one, stack, mesh), 4.0 / precision(job.precision).activation
    times = 2.0 if stack.holds.get("cache_twice") else 1.0
    behind, whole = (cache(workload, one, stack, made) for made in (None, job.output_tokens))
    there = (behind - times * whole) / reserving.shares_cache(stack, mesh.pp)
    plain = np.maximum(found.alive, found.summed / 4.0 + found.logits * (1.0 + widened))
    apart = found.summed + found.scores > plain
    scores = np.where(apart, np.maximum(found.scores + there, 0.0), 0.0)
    most = np.maximum(np.where(apart, found.summed, plain + there), idle)
    return {"activations": most, **({"scores": scores} if np.any(scores > 0.0) else {})}, times


def taken_anew(workload: Workload, job: Job, stack: Runtime) -> Any:
    """Bytes that the allocator holds beside a prompt's tensors where layers join their caches one by one.

    `torch.cat((presents, kv_cache))` of modeling_chatglm.py finds no block that is large enough but those of
    the layer before, of a gate and its product: they are cut, and taken anew.
    """
    found = _prompt(workload, job, stack, Mesh.of(job))
    return found.alive - found.summed


def _token(workload: Workload, job: Job, stack: Runtime, mesh: Mesh) -> Any:
    """Bytes alive at the widest op of one token's pass, behind which no prompt's is."""
    ops = parallel.shard(workload.trace(job.changed(phase="decode")), mesh.tp, ep=mesh.ep, moe_tp=mesh.moe_tp)
    return widest(ops) * live(ops, stack, precision(job.precision))


def turns(job: Job, stack: Runtime) -> Array | float:
    """Micro-batches that a prompt by itself is cut into, each of which launches all kernels, (J,)."""
    if job.phase != "prefill" or job.input_tokens is None or not stack.micro_batch:
        return 1.0
    return np.maximum(np.ceil(_array(job.input_tokens) / stack.micro_batch), 1.0)


def in_one_pass(job: Job, stack: Runtime) -> bool:
    """Whether a program without an engine computes a whole prompt of a language model at once."""
    return job.input_tokens is not None and bool(stack.holds.get("no_engine")) and not stack.micro_batch


def _widest(ops: Sequence[Op], workload: Workload, stack: Runtime) -> Any:
    """Bytes at the widest op of a prompt's layers, whose functions are kernels of their own.

    In a gated layer that op has a gate, its function and their product; where gate and what it multiplies
    are halves of one tensor, as experts that run together have them, both stay. A function that its library
    writes out has more than what it reads and writes: gelu_new x, its half, its cube and what that is scaled
    to (`NewGELUActivation`).
    """
    halves = bool(stack.holds.get("counted")) and workload.dims.get("fused") in ("up", "all")
    most = widest(ops)
    for op in ops:
        name, more = op.layer.rpartition(".")[2], 0.0
        if name == "activation" and halves:
            more = op.write_bytes
        elif name == "gelu_new" and stack.holds.get("counted"):
            more = 2.0 * op.write_bytes
        elif op.shard == "expert" and op.kind == "gemm" and not stack.turns:
            more = op.write_bytes
        most = np.maximum(most, op.read_bytes + op.write_bytes + more)
    return most


class _Prompt(NamedTuple):
    """Bytes of a prompt's pass, each of a moment of its own.

    `alive` at the widest op of its layers, `summed` from layer to layer, the `logits` of all tokens, and the
    `scores` of one attention that lie in memory.
    """

    alive: Any
    summed: Any
    logits: Any
    scores: Any


def _prompt(workload: Workload, job: Job, stack: Runtime, mesh: Mesh) -> _Prompt:
    """What a prompt's pass has in memory.

    At the widest op that is what it reads and writes, and four tensors of the width: the sum that goes from
    layer to layer and its norm, as they come and as they are kept. Old libraries make all logits, to use the
    last.
    """
    whole = workload.trace(job.changed(phase="prefill"))
    ops = [op for op in parallel.shard(whole, mesh.tp, ep=mesh.ep, moe_tp=mesh.moe_tp) if op.shard != "vocab"]
    summed = 2.0 * widest([op for op in ops if op.layer.endswith("layers.norm")])
    alive, scores = _widest(ops, workload, stack) + summed, 0.0
    if not stack.flash:
        scores = attention_scores.of_prompt(workload, ops, whole, stack, precision(job.precision))
    if not stack.holds.get("all_logits") or workload.dims.get("last_logits"):
        return _Prompt(alive, summed, 0.0, scores)
    heads = [op for op in whole if op.kind == "gemm" and op.shard == "vocab"]
    logits = sum((op.write_bytes for op in heads), start=0.0) * _array(job.input_tokens) / mesh.tp
    return _Prompt(alive, summed, logits, scores)
