"""LowFormer and CPUBone: convolutions of few and wide layers, attention on maps of half the sides.

Nottebaum et al., "LowFormer: Hardware Efficient Design for Convolutional Transformer Backbones", figures 2
and 3, table 1; the same, "CPUBone: Efficient Vision Backbone Design for Devices with Low Parallelization
Capabilities" (groups of two, kernels of 2 x 2, and maps enlarged by copying).
Letters: B batch, C channels, H W height and width of a feature map.

Dimensions: `widths` and `layers` (of the stem, then of four stages; the last two stages' are those with
attention), `down` (expansion where maps are halved), `head` (channels of the last 1 x 1 and of the dense
layer behind it), `attention` and `perceptron` (true; without it no norms either), `small` (CPUBone's kernels
and groups), `norms` (of a local block that is not fused: last, depthwise, all), `classes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.workloads import images
from whichgpu.workloads.blocks import activate, conv_norm, image, norm_activate, transposed

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "adamw"
DEFAULTS = images.defaults()
_ACTIVATION = "hardswish"
#: Channels inside of a block that keeps its map, for one of its own; the first stage with attention; the
#: width from which a layer has a 1 x 1 and a depthwise convolution in place of one.
_WIDE, _ATTENTIVE, _APART = 4, 3, 256


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """Stem, four stages, a last 1 x 1, mean, two dense layers: (B, 3, H, W) -> (B, classes)."""
    with rec.module("stem"):
        x = conv_norm(rec, image(job), dims["widths"][0], 3, 2, activation=_ACTIVATION, backward="weight")
        _fused_rest(rec, x, dims["layers"][0], dims)
    for i, (width, layers) in enumerate(zip(dims["widths"][1:], dims["layers"][1:], strict=True), 1):
        with rec.module(f"stage{i}"):
            x = _fused(rec, x, width, dims["down"] * x.channels, dims, stride=2)
            if i < _ATTENTIVE:
                _fused_rest(rec, x, layers - 1, dims)
            else:
                with rec.module("layers", copies=float(layers)):
                    _layer(rec, x, 2 if i == _ATTENTIVE else 1, dims)
    with rec.module("head"):
        _head(rec, x, dims)


def _head(rec: Recorder, x: Map, dims: Dims) -> None:
    """1 x 1, mean, two dense layers: (B, C, H, W) -> (B, classes)."""
    wide, hidden = dims["head"]
    rec.global_pool(conv_norm(rec, x, wide, 1, activation=_ACTIVATION))
    rec.linear(x.batch, wide, hidden, name="hidden")
    rec.norm(hidden * x.batch, hidden, wide=True, name="layer_norm")
    activate(rec, hidden * x.batch, _ACTIVATION)
    rec.linear(x.batch, hidden, dims["classes"], bias=True, name="fc")


def _fused_rest(rec: Recorder, x: Map, layers: int, dims: Dims) -> None:
    """Fused blocks that keep their map, with short cuts: shape unchanged."""
    if layers > 0:
        with rec.module("rest", copies=float(layers)):
            _fused(rec, x, x.channels, _WIDE * x.channels, dims)
            rec.add(x.elements)


def _fused(rec: Recorder, x: Map, out: int, wide: int, dims: Dims, *, stride: int = 1) -> Map:
    """One convolution to `wide` channels, a 1 x 1: (B, C, H, W) -> (B, out, H/stride, W/stride)."""
    groups = 2 if dims.get("small") else 1
    y = conv_norm(rec, x, wide, 3, stride, groups=groups, activation=_ACTIVATION)
    return conv_norm(rec, y, out, 1, relu=False, name="project")


def _layer(rec: Recorder, x: Map, stride: int, dims: Dims) -> None:
    """Attention, perceptron, convolutions, each with its short cut: shape unchanged."""
    if dims.get("attention", True):
        if dims.get("perceptron", True):
            rec.norm(x.elements, x.channels)
        _attend(rec, x, stride, dims)
        rec.add(x.elements)
    if dims.get("perceptron", True):
        rec.norm(x.elements, x.channels)
        wide = rec.conv(x, _WIDE * x.channels, 1, bias=True, name="up")
        activate(rec, wide.elements, "gelu")
        rec.conv(wide, x.channels, 1, bias=True, name="down")
        rec.add(x.elements)
    _local(rec, x, dims)
    rec.add(x.elements)


def _local(rec: Recorder, x: Map, dims: Dims) -> None:
    """Convolutions to four times the channels and back, the first fused with the depthwise: unchanged."""
    wide, groups, side = _WIDE * x.channels, 2 if dims.get("small") else 1, _side(3, dims)
    kind, norms = _ACTIVATION, dims.get("norms", "last")
    if x.channels < _APART:
        y = _same(rec, x, wide, side, groups, bias=True, name="conv")
        norm_activate(rec, y, kind)
    else:
        y = rec.conv(x, wide, 1, groups=groups, bias=norms != "all", name="expand")
        for name, normed in (("expand", norms == "all"), ("depthwise", norms != "last")):
            if name == "depthwise":
                y = _same(rec, y, wide, side, wide, bias=not normed, name=name)
            if normed:
                norm_activate(rec, y, kind, name=name)
            else:
                activate(rec, y.elements, kind)
    conv_norm(rec, y, x.channels, 1, relu=False, name="project")


def _attend(rec: Recorder, x: Map, stride: int, dims: Dims) -> None:
    """Attention of half the channels on a map of 1/stride the sides, enlarged again: shape unchanged."""
    heads = max(1, x.channels // 2 // 30)
    inside = x.channels // heads // 2 * heads
    side = _side(5 if stride > 1 else 3, dims)
    if stride > 1:
        y = conv_norm(rec, x, x.channels, side, stride, padding=(side - 1) // 2, groups=x.channels,
                      relu=False, name="depthwise")  # fmt: skip
    else:
        y = _same(rec, x, x.channels, side, x.channels, bias=False, name="depthwise")
        norm_activate(rec, y, name="depthwise")
    rec.conv(y, 3 * inside, 1, name="qkv")
    places = y.height * y.width
    rec.attention(y.batch, heads, places, places, inside // heads)
    y = y._replace(channels=inside)
    if dims.get("small"):
        rec.conv(y, x.channels, 1, bias=True, name="out")
        if stride > 1:
            rec.copy(x.elements, reads=0.25, name="enlarge")
    else:
        transposed(rec, y, x.channels, 4 if stride > 1 else 3, stride, bias=True)


def _side(plain: int, dims: Dims) -> int:
    """Side of a convolution: 2 in CPUBone."""
    return 2 if dims.get("small") else plain


def _same(rec: Recorder, x: Map, out: int, side: int, groups: int, *, bias: bool, name: str) -> Map:
    """A convolution that pads to keep the map, of even sides as well: (B, C, H, W) -> (B, out, H, W)."""
    if side % 2:
        return rec.conv(x, out, side, groups=groups, bias=bias, name=name)
    rec.copy(x.elements, name="pad")
    rec.window(x.elements, x.pixels, x.channels, out, side * side, groups=groups, bias=out if bias else 0,
               name=name)  # fmt: skip
    return x._replace(channels=out)
