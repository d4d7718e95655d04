"""Groups of layers that several families share.

Letters: B batch, C channels, H W height and width, S tokens, D width of a token.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.errors import UsageError
from whichgpu.workloads.recorder import Map, Recorder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.workloads.job import Job


def image(job: Job, channels: int = 3) -> Map:
    """The input of a vision model: (B, channels, H, W)."""
    return Map(job.batch, channels, job.height, job.width)


#: Values that activation functions keep of each input: those whose backward pass reads it; the others read
#: their result. `swish` is SiLU written out as a product with a sigmoid, which keeps both.
_KEPT_INPUTS = {"gelu": 1.0, "silu": 1.0, "hardswish": 1.0, "swish": 2.0}


def activate(
    rec: Recorder, elements: Any, kind: str = "relu", *, keeps_output: bool = False, shard: str = "none",
    name: str = "",
) -> None:  # fmt: skip
    """An activation function; its result is kept by the next layer, or here with `keeps_output`."""
    kept = float(keeps_output) + _KEPT_INPUTS.get(kind, 0.0)
    rec.pointwise(elements, keeps=kept, shard=shard, name=name or kind)


def conv_norm(
    rec: Recorder, x: Map, out: int, kernel: int | tuple[int, int], stride: int = 1, *,
    padding: int | None = None, groups: int = 1, relu: bool = True, activation: str = "relu",
    bias: bool = False, keeps: float = 1.0, keeps_output: bool = False, backward: str = "full",
    folded: bool = False, dilated: bool = False, name: str = "conv",
) -> Map:  # fmt: skip
    """Convolution, batch normalisation and ReLU (or `activation`): (B, C, H, W) -> (B, out, H', W').

    `keeps_output`: the result is copied by its reader (a concatenation), so that it is kept as well.
    `folded`: the normalisation is part of the convolution's weights. The points of a `dilated` window lie
    apart.
    """
    y = rec.conv(x, out, kernel, stride, padding=padding, groups=groups, bias=bias, keeps=keeps,
                 dilated=dilated, backward=backward, name=name)  # fmt: skip
    norm_activate(rec, y, activation if relu else "", keeps_output=keeps_output, folded=folded,
                  stored=True, name=name)  # fmt: skip
    return y


def norm_activate(
    rec: Recorder, x: Map, activation: str = "", *, keeps_output: bool = False, folded: bool = False,
    stored: bool = False, name: str = "conv",
) -> None:  # fmt: skip
    """Batch normalisation and an activation, "" for none: shape unchanged.

    Of a normalisation that is `folded` into weights nothing but its parameters is left. Behind a
    convolution its moments are `stored`, and an engine has them in the weights.
    Where the model's `norms` are of groups, autocast runs both in FP32.
    Liu et al., "Evolving Normalization-Activation Layers": `evonorm` is both in one, with a slope besides.
    """
    if activation == "evonorm":
        rec.norm(x.elements, x.channels, parameters=3 * x.channels, name=f"{name}_evonorm")
        return
    if rec.norms == "group":
        rec.narrow(x.elements)  # widened: the same bytes the other way round
        group_norm(rec, x, name=f"{name}_norm")
        if activation:
            kept = float(keeps_output) + _KEPT_INPUTS.get(activation, 0.0)
            rec.pointwise(x.elements, keeps=kept, wide=True, name=f"{name}_{activation}")
        rec.narrow(x.elements)
        return
    rec.norm(0.0 if folded else x.elements, x.channels, stored=stored, name=f"{name}_norm")
    if activation:
        activate(rec, x.elements, activation, keeps_output=keeps_output, name=f"{name}_{activation}")


def group_norm(rec: Recorder, x: Map, *, parameters: int | None = None, name: str = "group_norm") -> None:
    """Norm of groups of channels over all places, in FP32 under autocast: shape unchanged.

    PyTorch reads the map for its moments before it reads it again to apply them (group_norm_kernel.cu).
    """
    rec.pointwise(x.elements, writes=0.0, wide=True, computed=True, name=f"{name}_moments")
    rec.norm(x.elements, x.channels, parameters=parameters, wide=True, name=name)


def transposed(
    rec: Recorder, x: Map, out: int, kernel: int, stride: int, *, side: Any = None, bias: bool = False,
    name: str = "up",
) -> Map:  # fmt: skip
    """A transposed convolution: (B, C, H, W) -> (B, out, side, side); each result sees (kernel/stride)^2.

    Without `side`, (B, out, H stride, W stride).
    """
    height, width = (x.height * stride, x.width * stride) if side is None else (side, side)
    y = Map(x.batch, out, height, width)
    # Without stride, a single position (DCGAN's first layer) meets each weight once.
    products = x.pixels * float(kernel * kernel)
    window = products / y.pixels
    size = rec.precision.activation
    rec.record(
        "conv", name,
        {"m": y.pixels, "n": float(out), "k": x.channels * window, "groups": 1.0, "window": window},
        parameters=float(x.channels * out * kernel * kernel + (out if bias else 0)),
        flops=2.0 * x.channels * out * products,
        read_bytes=size * x.elements, write_bytes=size * y.elements, saved_bytes=size * x.elements,
    )  # fmt: skip
    return y


def classifier(rec: Recorder, x: Map, classes: int) -> None:
    """Global mean and a dense layer, none for 0 classes: (B, C, H, W) -> (B, classes)."""
    rec.global_pool(x)
    rec.dropout(x.channels * x.batch)
    if classes:
        rec.linear(x.batch, x.channels, classes, bias=True, name="fc")


def projections(
    rec: Recorder, rows: Any, width: int, *, kv_rows: Any = None, kv_width: int = 0, bias: bool = True
) -> None:
    """Query, key and value: three layers on (rows, width), or key and value on (kv_rows, kv_width)."""
    own = kv_rows is None
    rec.linear(rows, width, width, bias=bias, shard="column", abreast=3 if own else 1, name="query")
    for name in ("key", "value"):
        rec.linear(rows if own else kv_rows, width if own else kv_width, width, bias=bias, keeps=0.0,
                   shard="column", abreast=3 if own else 2, name=name)  # fmt: skip


def transformer_layer(
    rec: Recorder, batch: Any, tokens: Any, width: int, *, heads: int, ffn: int, causal: bool = False,
    function: str = "gelu", masked: bool = True,
) -> None:  # fmt: skip
    """One encoder layer with biases, LayerNorm before or after each half: (B, S, D) -> (B, S, D).

    Of texts, whose padding is `masked`, but where rows are parts of pictures.
    """
    rows = batch * tokens
    elements = width * rows
    projections(rec, rows, width)
    rec.attention(batch, heads, tokens, tokens, width // heads, causal=causal, masked=masked)
    rec.linear(rows, width, width, bias=True, shard="row", name="out")
    rec.dropout(elements)
    rec.add(elements, wide=True)
    rec.norm(elements, width, wide=True, name="attention_norm")
    rec.linear(rows, width, ffn, bias=True, shard="column", name="up")
    rec.pointwise(ffn * rows, keeps=1.0, shard="column", name=function)
    rec.linear(rows, ffn, width, bias=True, shard="row", name="down")
    rec.dropout(elements)
    rec.add(elements, wide=True)
    rec.norm(elements, width, wide=True, name="ffn_norm")


def feed_forward(dims: Mapping[str, Any], rec: Recorder, rows: Any) -> None:
    """Two dense layers with ReLU between, the short cut, a norm behind it: (rows, D) -> (rows, D)."""
    hidden, ffn = dims["hidden"], dims["ffn"]
    rec.linear(rows, hidden, ffn, bias=True, shard="column", name="up")
    rec.pointwise(ffn * rows, name="relu")
    rec.dropout(ffn * rows)
    rec.linear(rows, ffn, hidden, bias=True, shard="row", name="down")
    rec.dropout(hidden * rows)
    rec.add(hidden * rows)
    rec.norm(hidden * rows, hidden, wide=True)


def class_losses(rec: Recorder, rows: Any, classes: int, *, heads: float = 1.0) -> None:
    """Losses of several heads over as many (rows, classes), one after the other.

    Each keeps its softmax in FP32, 4 bytes per value. As one of them runs backward its two gradients and
    that of what was enlarged to the picture lie beside these, 12 bytes per value. What the others read lies
    `beside`, where a release keeps it.
    """
    size = rec.precision.activation
    rec.pointwise(heads * classes * rows, reads=(size + 4.0) / size, writes=8.0 / size,
                  keeps=(2.0 + 12.0 / heads) / size, shard="vocab", name="cross_entropy",
                  beside=4.0 * (heads - 1.0) * classes * rows)  # fmt: skip


def cross_entropy(rec: Recorder, rows: Any, classes: int) -> None:
    """Cast to FP32, log-softmax and loss over (rows, classes).

    At the end of the forward pass 12 bytes per value are alive beside what the layer before wrote:
    the 16-bit logits, their FP32 copy, the FP32 gradient and its 16-bit copy.
    """
    size = rec.precision.activation
    rec.pointwise(classes * rows, reads=(size + 4.0) / size, writes=8.0 / size,
                  keeps=(2.0 * size + 8.0) / size, shard="vocab", name="cross_entropy")  # fmt: skip


def check_positions(tokens: Any, positions: float, column: str) -> None:
    """Refuse more tokens than the model has learned positions for."""
    longest = float(np.max(tokens))
    if longest > positions:
        raise UsageError(
            f"{column}: {longest:g} is more than the {positions:g} positions of this model; "
            f"write {positions:g} tokens or fewer"
        )
