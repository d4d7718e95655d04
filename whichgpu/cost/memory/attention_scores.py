"""Scores of an attention that is written out: what lies in memory of them, in a pass and in a step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.memory.activations import causal, most_scores
from whichgpu.cost.memory.totals import fuller
from whichgpu.cost.memory.widths import FP32, widest
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whichgpu.cost.job.runtime import Runtime
    from whichgpu.workloads.ops import Op
    from whichgpu.workloads.precision import Precision
    from whichgpu.workloads.workload import Workload

#: Code whose softmax is in the format of its scores (`scores` of a decoder's dimensions).
_AS_IT_IS = "narrow"


class Softmax(NamedTuple):
    """Bytes of an attention's score that lies in memory.

    `size` in its softmax, `kept` for the backward pass, `passing` beside them while it runs, `inferred` at
    the most that an inference has of it.
    """

    size: float
    kept: Any
    passing: Any
    inferred: float


def softmax_of(workload: Workload, ops: Sequence[Op], spec: Precision, stack: Runtime) -> Softmax:
    """`softmax` of a workload, whose dimensions say what sets its own apart."""
    dims = workload.dims
    drops = "denoiser" not in dims and getattr(workload.code, "SCORES_DROP", True)
    # What the code of a release has of a score at the most, in FP32, FP16 and BF16.
    known = stack.holds.get("scores")
    # Where it is a plain yes nothing is trained.
    each = known.get(dims.get("scores")) if isinstance(known, dict) and not spec.mixed else None
    found = softmax(
        ops, spec, stack, drops=drops, widens=bool(dims.get("wide_scores")),
        capped=bool(dims.get("score_cap")),
        sinks=dims.get("sinks") is True or (dims.get("scores") == _AS_IT_IS and each is not None),
    )  # fmt: skip
    if "score_bytes" in stack.holds:
        return found._replace(inferred=float(stack.holds["score_bytes"]))
    if each is None:
        return found
    fp32, fp16, bf16 = (float(one) for one in each)
    narrow = stack.read(lambda one: bf16 if (one.half or spec.id) == "bf16" else fp16)
    return found._replace(inferred=narrow if spec.activation < FP32 else fp32)


def softmax(
    ops: Sequence[Op], spec: Precision, stack: Runtime, *,
    drops: bool = True, widens: bool = False, capped: bool = False, sinks: bool = False,
) -> Softmax:  # fmt: skip
    """What a score takes where attention is written out: its softmax, what dropout leaves, their gradients.

    Decoders with rotary positions, and those whose own code `widens`, compute it in FP32 and go back
    (modeling_llama.py, `eager_attention_forward`), as autocast does; PyTorch widens BF16 in a copy, FP16
    within the kernel. The backward pass has a softmax, its gradient and what comes of both; with dropout
    also a mask. Scores that are `capped` keep their tanh; beside `sinks` nothing is widened or dropped
    (modeling_gpt_oss.py). Bytes as torch's own operators make them (2.13,
    fake tensors).
    """
    rotary = widens or sinks or (causal(ops) and any(op.layer.endswith(".rope") for op in ops))
    narrow = min(spec.activation, FP32)
    # Apex O2 leaves the softmax in 16 bits.
    casts = spec.mixed and not stack.holds.get("fused_norm")
    wide = narrow < FP32 and not stack.specialised and (casts or (rotary and not sinks))
    size = FP32 if wide else narrow
    dropped = float(drops and (stack.specialised or (not rotary and (causal(ops) or _drops(ops)))))
    # Before PyTorch 1.11 also what its softmax reads; 11 bytes a score under autocast by published peaks.
    old = stack.read(lambda one: float(bool(one.holds.get("softmax_input"))))
    masked = np.maximum(dropped, old)
    kept = (size if wide else dropped * narrow) + narrow + masked + old * size
    passing = (3.0 + old) * size + masked - kept
    if dropped and stack.holds.get("written_graph"):
        # The softmax, that over what is kept of it, a mask as wide, and what both give.
        kept, passing = size + 3.0 * narrow, size
    # Autocast's softmax has no copy of FP16, and hands on FP32 when the scores that it read are gone.
    other = 0.0 if spec.id == "amp-fp16" else narrow
    copied = stack.read(lambda one: size if (one.half or spec.id) == "bf16" else other)
    inferred = narrow + size + copied if wide else 2.0 * narrow
    tanh = narrow * capped
    return Softmax(size, kept + tanh, passing, inferred)


def _drops(ops: Sequence[Op]) -> bool:
    """Whether the blocks that attend have a dropout: what has one has it on its scores as well."""
    attending = {op.module for op in ops if op.kind == "attention"}
    return any(op.layer.endswith(".dropout") and op.module in attending for op in ops)


def of_prompt(
    workload: Workload, ops: Sequence[Op], whole: Sequence[Op], stack: Runtime, spec: Precision
) -> Any:
    """Bytes of the scores of one attention of a decoder's prompt, and of the mask that all heads share.

    The mask is as wide as the values, of each token and each before it (`_prepare_decoder_attention_mask`).
    """
    each = softmax_of(workload, whole, spec, stack).inferred
    return each * most_scores(ops) + min(spec.activation, FP32) * most_scores(ops, heads=False)


def of_encoder(
    workload: Workload, parts: Mapping[str, Any], ops: tuple[Op, ...], stack: Runtime, spec: Precision
) -> dict[str, Any]:
    """The parts at the attention of an encoder whose scores lie in memory, where that needs more.

    Beside them are queries, keys, values and what comes of them, the layer's input and its norm, and the
    pictures of the batch, which nobody casts.
    """
    scores = softmax_of(workload, ops, spec, stack).inferred * most_scores(ops)
    attends = widest([op for op in ops if op.kind == "attention"])
    normed = widest([op for op in ops if op.kind == "norm"])
    pictures = ops[0].read_bytes if ops[0].kind == "conv" else 0.0
    given = pictures * (FP32 / spec.activation if spec.mixed else 1.0)
    return fuller({**parts, "activations": attends + normed + given, "scores": scores}, parts)


def copies(stack: Runtime) -> float:
    """How often a pipeline's attention has a score in memory that it writes out; also its softmax is one."""
    return float(stack.holds.get("score_copies", 2.0))


def of_pipeline(
    workload: Workload, parts: Mapping[str, Any], ops: tuple[Op, ...], each: Any
) -> dict[str, Any]:
    """The parts with one attention's scores, of `each` of which so many bytes lie in memory, all copies.

    A pipeline's denoiser has them, and they are gone as the picture is decoded: the more of both counts.
    """
    return _in_denoiser(workload, parts, ops, each, "scores")


def of_pairs(workload: Workload, parts: Mapping[str, Any], ops: tuple[Op, ...], size: Any) -> dict[str, Any]:
    """The parts with a mask of all tokens by all, of a byte each, and its copy in the format of the scores.

    All heads share it; kernels that take one need it as wide as what they add it to.
    """
    return _in_denoiser(workload, parts, ops, size + 1.0, "mask", heads=False)


def _in_denoiser(
    workload: Workload, parts: Mapping[str, Any], ops: tuple[Op, ...], each: Any, name: str, *,
    heads: bool = True,
) -> dict[str, Any]:  # fmt: skip
    """The parts with `each` bytes of every pair of tokens of the widest attention, where that needs more."""
    most: Any = 0.0
    where = ""
    for op in ops:
        if op.kind == "attention":
            d = op.dims
            own = each * d["batch"] * (d["heads"] if heads else 1.0) * d["q"] * d["kv"]
            most, where = np.maximum(most, own), op.module if np.any(own > most) else where
    found = {**parts, name: most}
    if "vae" not in workload.dims:
        return found
    denoiser = widest([op for op in ops if op.module == where])
    found["activations"] = parts["activations"] * denoiser / widest(ops)
    return fuller(found, parts)
