"""CoAtNet and MaxViT: depthwise convolutions, then attention to all places, or in windows and across a grid.

Dai et al., "CoAtNet", table 3 and figure 1; Tu et al., "MaxViT", figures 2 and 3, table 1.
Letters: B batch, C channels, H W height and width of a feature map, w side of a window and of the grid.

Dimensions: `image` (side that the relative biases are for), `stem` (channels of two 3 x 3), `stem_bias`,
`layers` and `widths` (per stage), `blocks` (per stage: convolution; attention; windows: a convolution,
windows, grid;
parallel: two convolutions, then windows and grid side by side; [first, others]), `window` (side), `classes`;
convolutions: `convolution` (mbconv, convnext), `wide_output` (expanded from the output's channels),
`squeeze`, `pool_first` (maps are halved before the first 1 x 1), `output_bias`, `pool` (mean, maximum),
`activation`, `gate_activation`;
attention: `relative` (table, table-tf, perceptron) and `relative_width`, `expand_first`, `shortcut_bias`,
`layer_scale`, `grid_only`; `hidden` (of a dense layer before the last).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.workloads import images
from whichgpu.workloads.blocks import activate, conv_norm, image
from whichgpu.workloads.images import (
    join,
    layer_norm,
    perceptron,
    relative_perceptron,
    round_channels,
    squeeze_excite,
)

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "adamw"
DEFAULTS = images.defaults()
#: Width of a head.
_HEAD = 32


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """Stem, four stages, head: (B, 3, H, W) -> (B, classes)."""
    with rec.module("stem"):
        first, second = dims["stem"]
        bias = dims.get("stem_bias", False)
        x = conv_norm(
            rec, image(job), first, 3, 2, activation=dims["activation"], bias=bias, backward="weight"
        )
        x = rec.conv(x, second, 3, bias=bias)  # (B, C, H/2, W/2)
    stages = zip(dims["layers"], dims["widths"], dims["blocks"], strict=True)
    for i, (layers, width, kind) in enumerate(stages):
        side = dims["image"] // 2 ** (i + 2)
        with rec.module(f"stage{i + 1}"):
            first, other = (kind, kind) if isinstance(kind, str) else kind
            x = _block(rec, x, width, dims, kind=first, side=side, stride=2)
            if layers > 1:
                with rec.module("rest", copies=float(layers - 1)):
                    x = _block(rec, x, width, dims, kind=other, side=side)
    with rec.module("head"):
        _head(rec, x, dims)


def _head(rec: Recorder, x: Map, dims: Dims) -> None:
    """Norm, mean, one or two dense layers: (B, C, H, W) -> (B, classes)."""
    width = x.channels
    if "hidden" not in dims:
        layer_norm(rec, x.elements, width)
    rec.global_pool(x)
    if "hidden" in dims:
        layer_norm(rec, width * x.batch, width)
        rec.linear(x.batch, width, dims["hidden"], bias=True, name="hidden")
        activate(rec, dims["hidden"] * x.batch, "tanh")
        width = dims["hidden"]
    rec.linear(x.batch, width, dims["classes"], bias=True, name="fc")


def _block(rec: Recorder, x: Map, out: int, dims: Dims, *, kind: str, side: int, stride: int = 1) -> Map:
    """One block of a stage: (B, C, H, W) -> (B, out, H/stride, W/stride)."""
    if kind == "attention":
        return _attention(rec, x, out, dims, side=side, stride=stride)
    convolution = _convnext if dims.get("convolution") == "convnext" else _mbconv
    x = convolution(rec, x, out, stride, dims)
    if kind == "windows":
        for _ in range(1 if dims.get("grid_only") else 2):
            _windows(rec, x, dims)
    elif kind == "parallel":
        x = convolution(rec, x, out, 1, dims)
        _windows(rec, x, dims, parts=2)
    return x


def _down(rec: Recorder, x: Map, out: int, dims: Dims, *, bias: bool, mean: bool = False) -> Map:
    """Half of each side, by the mean of 2 x 2 or the maximum of 3 x 3, then a 1 x 1 where channels change."""
    if mean or dims.get("pool", "mean") == "mean":
        x = rec.pool(x, 2, 2, average=True)
    else:
        x = rec.pool(x, 3, 2, padding=1)
    return rec.conv(x, out, 1, bias=bias, name="expand") if out != x.channels else x


def _mbconv(rec: Recorder, x: Map, out: int, stride: int, dims: Dims) -> Map:
    """Norm, 1 x 1, depthwise 3 x 3, gate, 1 x 1, each but the last with norm and activation; short cut."""
    act, bias = dims["activation"], dims.get("output_bias", False)
    wide = round_channels(4 * (out if dims.get("wide_output") else x.channels))
    if stride == 2:
        _down(rec, x, out, dims, bias=bias)
    rec.norm(x.elements, x.channels)
    pooled = stride == 2 and dims.get("pool_first", False)
    y = _down(rec, x, x.channels, dims, bias=False, mean=True) if pooled else x
    y = conv_norm(rec, y, wide, 1, activation=act)
    y = conv_norm(rec, y, wide, 3, 1 if pooled else stride, groups=wide, activation=act, name="depthwise")
    squeezed = int(dims["squeeze"] * (out if dims.get("wide_output") else wide))
    squeeze_excite(rec, y, squeezed, activation=dims.get("gate_activation", "silu"))
    y = rec.conv(y, out, 1, bias=bias, name="project")
    rec.add(y.elements)
    return y


def _convnext(rec: Recorder, x: Map, out: int, stride: int, dims: Dims) -> Map:
    """Depthwise 7 x 7, which widens as it halves, norm, perceptron, short cut."""
    if stride == 2:
        _down(rec, x, out, dims, bias=True, mean=True)
    elif x.channels != out:
        rec.conv(x, out, 1, bias=True, name="shortcut")
    y = rec.conv(x, out, 7, stride, groups=x.channels, bias=True, name="depthwise")
    layer_norm(rec, y.elements, out)
    perceptron(rec, y.pixels, out, 4 * out)
    join(rec, y.pixels, out, layer_scale=True)
    return y


def _attention(rec: Recorder, x: Map, out: int, dims: Dims, *, side: int, stride: int) -> Map:
    """Attention of every place to all, perceptron, short cuts."""
    scaled = dims.get("layer_scale", False)
    layer_norm(rec, x.elements, x.channels)
    y = x
    if stride == 2:
        _down(rec, x, out, dims, bias=dims.get("shortcut_bias", True))
        y = _down(rec, x, x.channels, dims, bias=False)
    width = out if dims.get("expand_first", False) else x.channels
    rec.linear(y.pixels, x.channels, 3 * width, bias=True, shard="column", name="qkv")
    _bias(rec, side, width // _HEAD, dims)
    places = y.height * y.width
    rec.attention(x.batch, width // _HEAD, places, places, _HEAD)
    rec.linear(y.pixels, width, out, bias=True, shard="row", name="out")
    y = y._replace(channels=out)
    join(rec, y.pixels, out, layer_scale=scaled)
    layer_norm(rec, y.elements, out)
    perceptron(rec, y.pixels, out, 4 * out)
    join(rec, y.pixels, out, layer_scale=scaled)
    return y


def _windows(rec: Recorder, x: Map, dims: Dims, *, parts: int = 1) -> None:
    """Attention inside w x w windows, or of places a grid apart (the same work), then a perceptron."""
    width, side, scaled = x.channels, dims["window"], dims.get("layer_scale", False)
    layer_norm(rec, x.elements, width)
    for _ in range(parts):
        rec.copy(x.elements, name="windows")
        rec.linear(x.pixels, width, 3 * width, bias=True, shard="column", name="qkv")
        _bias(rec, side, width // _HEAD, dims)
        inside = float(side * side)
        rec.attention(x.pixels / inside, width // _HEAD, inside, inside, _HEAD)
        rec.linear(x.pixels, width, width // parts, bias=True, shard="row", name="out")
        rec.copy(x.elements / parts, name="unwindows")
    join(rec, x.pixels, width, layer_scale=scaled)
    layer_norm(rec, x.elements, width)
    perceptron(rec, x.pixels, width, 4 * width)
    join(rec, x.pixels, width, layer_scale=scaled)


def _bias(rec: Recorder, side: int, heads: int, dims: Dims) -> None:
    """Relative biases (heads, side^2, side^2): looked up in a table, or computed."""
    if dims["relative"] == "perceptron":
        return relative_perceptron(rec, side, heads, dims["relative_width"], last_bias=True)
    reach = float(2 * side - 1)
    if dims["relative"] == "table-tf":  # two products with one-hot matrices look it up
        rec.product(1.0, float(side * side), reach, heads * reach, name="lookup")
        rec.product(1.0, float(heads * side * side), reach, float(side * side), name="lookup")
    return rec.pointwise(float(heads * side**4), parameters=heads * reach**2, name="relative_bias")
