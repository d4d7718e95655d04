"""EfficientViT of MIT: attention without a softmax, whose cost grows with the places and not their square.

Cai et al., "EfficientViT: Multi-Scale Linear Attention for High-Resolution Dense Prediction", figures 2, 3
and 5.
Letters: B batch, C channels, H W height and width of a feature map, d width of a head.

Dimensions: `stem` ([channels, blocks]), `stages`, rows of [channels, blocks, attention, expansion where maps
are halved, expansion, kind, fewer norms], `head_dim` (d), `head` (channels of the last 1 x 1 and of a
dense layer), `dense` (the stem's blocks are full convolutions), `activation`, `classes`. Kinds: inverted,
fused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.values import NamedTuple
from whichgpu.workloads import images
from whichgpu.workloads.blocks import activate, conv_norm, image
from whichgpu.workloads.images import layer_norm

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "adamw"
DEFAULTS = images.defaults()
#: Side of the depthwise kernel that gathers neighbours for the second scale.
_SCALE = 5


class _Stage(NamedTuple):
    """One row of `stages`."""

    channels: int
    blocks: int
    attention: bool
    halving: int
    expansion: int
    kind: str
    fewer: bool


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """Stem, stages, a 1 x 1, mean, two dense layers: (B, 3, H, W) -> (B, classes)."""
    act = dims["activation"]
    with rec.module("stem"):
        width, blocks = dims["stem"]
        x = conv_norm(rec, image(job), width, 3, 2, activation=act, backward="weight")
        for _ in range(blocks):
            groups = 1 if dims.get("dense") else width
            y = conv_norm(rec, x, width, 3, groups=groups, activation=act)
            conv_norm(rec, y, width, 3 if dims.get("dense") else 1, relu=False)
            rec.add(x.elements)
    for i, row in enumerate(dims["stages"]):
        one = _Stage(*row)
        with rec.module(f"stage{i + 1}"):
            x = _block(rec, x, one.channels, one.halving, 2, one=one, act=act)
            with rec.module("rest", copies=float(one.blocks)):
                if one.attention:
                    _attention(rec, x, dims["head_dim"])
                _block(rec, x, one.channels, one.expansion, 1, one=one, act=act)
                rec.add(x.elements)
    with rec.module("head"):
        first, second = dims["head"]
        x = conv_norm(rec, x, first, 1, activation=act)
        rec.global_pool(x)
        rec.linear(x.batch, first, second, name="hidden")
        layer_norm(rec, second * x.batch, second)
        activate(rec, second * x.batch, act)
        rec.linear(x.batch, second, dims["classes"], bias=True, name="fc")


def _block(rec: Recorder, x: Map, out: int, expansion: int, stride: int, *, one: _Stage, act: str) -> Map:
    """1 x 1 and depthwise 3 x 3, or one full 3 x 3, then a 1 x 1: (B, C, H, W) -> (B, out, H/stride, ..)."""
    wide = x.channels * expansion
    if one.kind == "fused":
        y = _conv(rec, x, wide, 3, stride, fewer=one.fewer, act=act)
    else:
        y = _conv(rec, x, wide, 1, fewer=one.fewer, act=act)
        y = _conv(rec, y, wide, 3, stride, groups=wide, fewer=one.fewer, act=act)
    return conv_norm(rec, y, out, 1, relu=False, name="project")


def _conv(
    rec: Recorder, x: Map, out: int, kernel: int, stride: int = 1, *, groups: int = 1, fewer: bool, act: str
) -> Map:
    """A convolution with its norm, or a bias in its place, and an activation."""
    y = rec.conv(x, out, kernel, stride, groups=groups, bias=fewer)
    if not fewer:
        rec.norm(y.elements, out)
    activate(rec, y.elements, act)
    return y


def _attention(rec: Recorder, x: Map, one: int) -> None:
    """Query, key and value at two scales; keys by values first, then queries by that: shape unchanged."""
    width, heads = x.channels, x.channels // one
    y = rec.conv(x, 3 * width, 1, name="qkv")
    z = rec.conv(y, y.channels, _SCALE, groups=y.channels, name="neighbours")
    rec.conv(z, y.channels, 1, groups=3 * heads, name="neighbours")
    rec.copy(2 * y.elements, name="concatenate")
    both = x._replace(channels=2 * width)
    places = x.height * x.width
    rec.pointwise(2 * both.elements, wide=True, keeps=1.0, name="relu")
    rec.product(2 * heads * x.batch, float(one), places, one + 1.0, name="gather")
    rec.product(2 * heads * x.batch, places, float(one), one + 1.0, name="read")
    rec.pointwise(both.elements, reads=2.0, keeps=1.0, name="divide")
    conv_norm(rec, both, width, 1, relu=False, name="out")
    rec.add(x.elements)
