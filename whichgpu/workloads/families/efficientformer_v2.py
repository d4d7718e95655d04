"""EfficientFormerV2: perceptrons with a depthwise 3 x 3 inside, and attention whose heads talk, late.

Li et al., "Rethinking Vision Transformers for MobileNet Size and Speed", figure 2 and appendix.
Letters: B batch, C channels, H W height and width of a feature map.

Dimensions: `image` (side that the attention biases are for), `widths`, `ffn` (times the width, of every
layer), per stage; `attention` (layers with it, the last ones of the third and of the fourth stage), `heads`,
`key` (width of a head's query and key), `value`, `classes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.workloads import images
from whichgpu.workloads.blocks import activate, conv_norm, image
from whichgpu.workloads.images import join

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "adamw"
DEFAULTS = images.defaults()


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """Two convolutions, four stages, norm, mean, two heads: (B, 3, H, W) -> (B, classes)."""
    x, side = image(job), dims["image"] // 4
    with rec.module("stem"):
        first = dims["widths"][0]
        x = conv_norm(rec, x, first // 2, 3, 2, bias=True, activation="gelu", backward="weight")
        x = conv_norm(rec, x, first, 3, 2, bias=True, activation="gelu")  # (B, C, H/4, W/4)
    for i, (width, ffn) in enumerate(zip(dims["widths"], dims["ffn"], strict=True)):
        with rec.module(f"stage{i + 1}"):
            if i:
                x = _down(rec, x, width, dims, side=side if i > 2 else 0)
                side = -(-side // 2)
            for j, ratio in enumerate(ffn):
                if i > 1 and j >= len(ffn) - dims["attention"]:
                    _attention(rec, x, dims, side=side, stride=2 if i == 2 else 1)
                    join(rec, x.pixels, width, layer_scale=True)
                _perceptron(rec, x, ratio * width)
    with rec.module("head"):
        rec.norm(x.elements, x.channels)
        rec.global_pool(x)
        for _ in range(2):
            rec.linear(x.batch, x.channels, dims["classes"], bias=True, name="fc")


def _conv(rec: Recorder, x: Map, out: int, kernel: int = 1, stride: int = 1, *, groups: int = 1) -> Map:
    """A convolution with bias and its norm."""
    return conv_norm(rec, x, out, kernel, stride, groups=groups, bias=True, relu=False)


def _perceptron(rec: Recorder, x: Map, hidden: int) -> None:
    """1 x 1, depthwise 3 x 3, 1 x 1, scaled short cut: shape unchanged."""
    y = conv_norm(rec, x, hidden, 1, bias=True, activation="gelu", name="up")
    y = conv_norm(rec, y, hidden, 3, groups=hidden, bias=True, activation="gelu", name="depthwise")
    _conv(rec, y, x.channels)
    join(rec, x.pixels, x.channels, layer_scale=True)


def _down(rec: Recorder, x: Map, width: int, dims: Dims, *, side: int) -> Map:
    """A 3 x 3, beside attention of every second place to all where `side` is given: -> (B, C', H/2, W/2)."""
    y = _conv(rec, x, width, 3, 2)
    if not side:
        return y
    heads, key, value = dims["heads"], dims["key"] // 2, dims["value"] // 2
    rec.conv(x, x.channels, 3, 2, groups=x.channels, bias=True, keeps=0.0, name="query_depthwise")
    half = y._replace(channels=x.channels)
    rec.copy(half.elements, name="sample")
    rec.add(half.elements)
    _conv(rec, half, heads * key)
    _conv(rec, x, heads * key)
    _mix(rec, y, _conv(rec, x, heads * value), heads, key, side=side, stride=2)
    _conv(rec, y._replace(channels=heads * value), width)
    rec.add(y.elements)
    return y


def _attention(rec: Recorder, x: Map, dims: Dims, *, side: int, stride: int) -> None:
    """Attention of all places to all, on a halved map where `stride` is 2: shape unchanged."""
    heads, key, value = dims["heads"], dims["key"], dims["value"]
    y = _conv(rec, x, x.channels, 3, stride, groups=x.channels) if stride > 1 else x
    for _ in range(2):
        _conv(rec, y, heads * key)
    z = _conv(rec, y, heads * value)
    _mix(rec, y, z, heads, key, side=-(-side // stride), talks=True)
    z = x._replace(channels=heads * value)
    if stride > 1:
        rec.copy(z.elements, reads=0.25, name="enlarge")
    activate(rec, z.elements, "gelu")
    _conv(rec, z, x.channels)


def _mix(
    rec: Recorder,
    x: Map,
    value: Map,
    heads: int,
    key: int,
    *,
    side: int,
    stride: int = 1,
    talks: bool = False,
) -> None:
    """Scores with biases by distance, which heads may mix before and behind the softmax; values."""
    queries, places = x.height * x.width, value.height * value.width
    pairs = queries * places * x.batch
    _conv(rec, value, value.channels, 3, stride, groups=value.channels)
    rec.product(heads * x.batch, queries, float(key), places, name="scores")
    rec.pointwise(heads * pairs, parameters=float(heads * side**2), name="biases")
    for _ in range(2 if talks else 0):
        rec.linear(pairs, heads, heads, bias=True, name="talk")
    rec.pointwise(heads * pairs, keeps=1.0, name="softmax")
    rec.product(heads * x.batch, queries, places, float(value.channels // heads), name="values")
    rec.add(value.channels * queries * x.batch)
