"""What models of images share: phases and defaults, gates, scaled widths, the layer of a vision transformer.

Letters: B batch, C channels, H W height and width of a feature map, S tokens, D width of a token.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from whichgpu.workloads.blocks import activate
from whichgpu.workloads.ops import product_flops

if TYPE_CHECKING:
    from collections.abc import Iterable

    from whichgpu.workloads.ops import Op
    from whichgpu.workloads.recorder import Map, Recorder

PHASES = ("infer", "train")
PHASE_ALIASES = {"pretrain": "train", "finetune_full": "train"}
UNIT = "images"


def defaults(
    height: float = 224.0, width: float = 0.0, *, infer: float = 32.0, train: float = 64.0
) -> dict[str, dict[str, Any]]:
    """Job columns of a model of images of `height` x `width` (0: the same); batches by phase."""
    return {
        "*": {"height": height, "width": width or height, "runtime": "pytorch-2", "n_gpus": 1.0},
        "infer": {"batch": infer, "precision": "fp16"},
        "train": {"batch": train, "precision": "amp-fp16"},
    }


def macs_with_norms(ops: Iterable[Op]) -> Any:
    """Multiply-adds as in timm's tables (fvcore): 2 more per value of a batch norm, 5 of a LayerNorm.

    Publications of torchvision leave normalisations out, as `product_flops` does.
    """
    ops = tuple(ops)
    norms = sum(
        (5.0 if op.layer.endswith("layer_norm") else 2.0) * op.dims["elements"] * op.count
        for op in ops
        if op.kind == "norm"
    )
    return product_flops(ops) / 2.0 + norms


def round_channels(value: float, divisor: int = 8, *, least: float = 0.9) -> int:
    """The nearest multiple of `divisor`, never below `least` (as a share of `value`; 1 and more: as a count).

    0.9 is MobileNet's rule for scaled widths.
    """
    rounded = max(divisor, int(value + divisor / 2) // divisor * divisor)
    if least >= 1.0:
        return max(rounded, int(least))
    return rounded if rounded >= least * value else rounded + divisor


def smooth(rec: Recorder, x: Map, kind: str) -> Map:
    """Halve a map without aliasing: the `mean` of 2 x 2, or a `blur`, a depthwise 3 x 3 of fixed weights."""
    if kind == "mean":
        return rec.pool(x, 2, 2, average=True)
    y = x._replace(height=(x.height + 1) // 2, width=(x.width + 1) // 2)
    size = rec.precision.activation
    rec.record(
        "conv", "blur", {"m": y.pixels, "n": 1.0, "k": 9.0, "groups": float(x.channels), "window": 9.0},
        flops=18.0 * y.elements, read_bytes=size * x.elements, write_bytes=size * y.elements,
        saved_bytes=0.0, backward="linear",
    )  # fmt: skip
    return y


def eca(rec: Recorder, x: Map, channels: int = 0) -> None:
    """ECA-Net's gate: a mean, one convolution over neighbouring channels, a sigmoid: shape unchanged.

    `channels`: what its kernel's size follows from, where the map was pruned since.
    """
    rec.global_pool(x, name="squeeze")
    near = int((math.log2(channels or x.channels) + 1.0) / 2.0)
    point = x._replace(channels=1, height=1.0, width=float(x.channels))
    rec.conv(point, 1, (1, max(near if near % 2 else near + 1, 3)), name="neighbours")
    rec.pointwise(x.channels * x.batch, keeps=1.0, name="sigmoid")
    rec.gate(x.elements)


def gate_by_mean(rec: Recorder, x: Map) -> None:
    """Lee and Park, "CenterMask": the mean, one dense layer C -> C, a sigmoid on each channel: unchanged."""
    rec.global_pool(x, name="squeeze")
    rec.linear(x.batch, x.channels, x.channels, bias=True, name="excite")
    rec.pointwise(x.channels * x.batch, keeps=1.0, name="sigmoid")
    rec.gate(x.elements)


def squeeze_excite(rec: Recorder, x: Map, squeezed: int, *, activation: str = "relu") -> None:
    """Mean over H and W, two dense layers C -> squeezed -> C, and a gate on each channel: shape unchanged.

    The map is kept once, for the gate, and counted by the mean.
    """
    rec.global_pool(x, name="squeeze")
    rec.linear(x.batch, x.channels, squeezed, bias=True, name="excite_down")
    activate(rec, squeezed * x.batch, activation, name=f"excite_{activation}")
    rec.linear(x.batch, squeezed, x.channels, bias=True, name="excite_up")
    rec.pointwise(x.channels * x.batch, keeps=1.0, name="sigmoid")
    rec.gate(x.elements)


def global_context(rec: Recorder, x: Map, squeezed: int) -> None:
    """GCNet's gate: a mean weighed by a softmax over positions, two 1 x 1, a sigmoid: shape unchanged."""
    rec.conv(x, 1, 1, bias=True, name="weights")
    rec.pointwise(x.pixels, keeps=1.0, name="softmax")
    rec.product(x.batch, float(x.channels), x.height * x.width, 1.0, name="context")
    point = x._replace(height=1.0, width=1.0)
    inner = rec.conv(point, squeezed, 1, bias=True, name="context_down")
    layer_norm(rec, inner.elements, inner.channels)
    activate(rec, inner.elements, "relu")
    rec.conv(inner, x.channels, 1, bias=True, name="context_up")
    rec.pointwise(point.elements, keeps=1.0, name="sigmoid")
    rec.gate(x.elements)


def layer_norm(rec: Recorder, elements: Any, width: int) -> None:
    """LayerNorm over the last axis, which autocast runs in FP32, and casts for the product behind it."""
    rec.norm(elements, width, wide=True, row=True, name="layer_norm")
    rec.narrow(elements)


def transformer_layer(
    rec: Recorder, batch: Any, tokens: Any, width: int, *, heads: int, ffn: int, layer_scale: bool = False,
    gated: bool = False, qkv_bias: bool = True, written: bool = False,
) -> None:  # fmt: skip
    """LayerNorm before each half, one matrix for query, key and value: (B, S, D) -> (B, S, D).

    `written`: attention of more axes than the four that fused kernels take.
    """
    rows = batch * tokens
    layer_norm(rec, width * rows, width)
    rec.linear(rows, width, 3 * width, bias=qkv_bias, shard="column", name="qkv")
    rec.attention(batch, heads, tokens, tokens, width // heads, biased=written)
    rec.linear(rows, width, width, bias=True, shard="row", name="out")
    join(rec, rows, width, layer_scale=layer_scale)
    layer_norm(rec, width * rows, width)
    perceptron(rec, rows, width, ffn, gated=gated)
    join(rec, rows, width, layer_scale=layer_scale)


def perceptron(
    rec: Recorder, rows: Any, width: int, hidden: int, *, gated: bool = False, bias: bool = True,
    inner_norm: bool = False,
) -> None:  # fmt: skip
    """Two dense layers with GELU (or SwiGLU) between: (rows, width) -> (rows, hidden) -> (rows, width)."""
    rec.linear(rows, width, 2 * hidden if gated else hidden, bias=bias, shard="column", name="up")
    if gated:
        rec.pointwise(hidden * rows, reads=2.0, keeps=2.0, shard="column", name="swiglu")
    else:
        activate(rec, hidden * rows, "gelu", shard="column")
    if inner_norm:
        layer_norm(rec, hidden * rows, hidden)
    rec.linear(rows, hidden, width, bias=bias, shard="row", name="down")


def relative_perceptron(
    rec: Recorder, side: int, heads: int, hidden: int, *, last_bias: bool = False, pairs: bool = False
) -> None:  # fmt: skip
    """Relative biases (heads, side^2, side^2) from a perceptron over (2 side - 1)^2 differences of places.

    `pairs`: over all side^4 pairs of places instead.
    """
    rows = float(side**4 if pairs else (2 * side - 1) ** 2)
    rec.linear(rows, 2, hidden, bias=True, keeps=0.0, name="bias_up")
    rec.pointwise(hidden * rows, name="relu")
    rec.linear(rows, hidden, heads, bias=last_bias, name="bias_down")
    rec.pointwise(float(heads * side**4), name="relative_bias")


def rotate(rec: Recorder, elements: Any, *, parameters: float = 0.0) -> None:
    """Rotary positions of queries and keys, op by op: x cos + rotated(x) sin, of FP32 tables.

    `apply_rot_embed_cat` of timm: half of the values negated, halves stacked, two products, their sum,
    what autocast made wide cast back, and the tokens without a place joined again.
    """
    rec.pointwise(elements, reads=0.5, writes=0.5, shard="head", name="negate")
    rec.copy(elements, shard="head", name="stack")
    for name in ("cosine", "sine"):
        rec.pointwise(elements, reads=rec.narrow_reads, wide=True, parameters=parameters, shard="head",
                      name=name)  # fmt: skip
        parameters = 0.0
    rec.add(elements, wide=True, name="rotary")
    rec.narrow(elements)
    rec.copy(elements, keeps=1.0, shard="head", name="tokens_apart")  # beside queries and keys without


def join(rec: Recorder, rows: Any, width: int, *, layer_scale: bool = False) -> None:
    """Add a branch of (rows, width) to the residual, each channel scaled first where asked."""
    if layer_scale:
        rec.pointwise(width * rows, keeps=1.0, wide=True, parameters=float(width), name="layer_scale")
    rec.add(width * rows, wide=True)
