"""EfficientViM: states that all places of a map are mixed into, and read back from, between depthwise ones.

Lee et al., "EfficientViM: Efficient Vision Mamba with Hidden State Mixer based State Space Duality"; as timm
runs it (efficientvim.py), with its branches apart.
Letters: B batch, C channels, H W height and width of a feature map, L = H W places, N states.

Dimensions: `widths`, `depths` and `states` (N) of three stages, `classes`, `distilled` (heads twice).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.workloads import images
from whichgpu.workloads.blocks import conv_norm, image
from whichgpu.workloads.images import layer_norm, round_channels, squeeze_excite

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "adamw"
DEFAULTS = images.defaults()
ADAPTERS = False
#: Channels inside of a perceptron, and of what halves a map, for each of the result's; what its gate is
#: squeezed to.
_WIDER, _SQUEEZED = 4, 0.25
#: Of the stem's first convolution: its share of the last one's channels.
_NARROWEST = 8


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """Stem, three stages, four heads that are weighed: (B, 3, H, W) -> (B, classes)."""
    widths = dims["widths"]
    with rec.module("stem"):
        x = image(job)
        for part in (_NARROWEST, 4, 2, 1):
            backward = "weight" if part == _NARROWEST else "full"
            x = conv_norm(rec, x, widths[0] // part, 3, 2, relu=part > 1, backward=backward)
    for stage, (depth, states) in enumerate(zip(dims["depths"], dims["states"], strict=True)):
        with rec.module(f"stage{stage + 1}"):
            with rec.module("blocks", copies=float(depth)):
                _block(rec, x, states)
            with rec.module("head"):
                # What the last block's states are.
                _head(rec, x._replace(height=float(states), width=1.0), dims)
            if stage + 1 < len(widths):
                with rec.module("halve"):
                    x = _halve(rec, x, widths[stage + 1])
    with rec.module("head"):
        _head(rec, x, dims)
        sets = 2 if dims.get("distilled") else 1
        rec.pointwise(4 * sets * dims["classes"] * x.batch, parameters=4.0 * sets, name="weigh")


def _block(rec: Recorder, x: Map, states: int) -> None:
    """Depthwise, states, depthwise, perceptron, each weighed against what it got: shape unchanged."""
    _beside(rec, x, scaled=True)
    layer_norm(rec, x.elements, x.channels)
    _mix(rec, x, states)
    rec.pointwise(x.elements, reads=2.0, keeps=2.0, parameters=float(x.channels), name="weighed_add")
    _beside(rec, x, scaled=True)
    y = conv_norm(rec, x, _WIDER * x.channels, 1, name="wide")
    conv_norm(rec, y, x.channels, 1, relu=False, name="narrow")
    rec.pointwise(x.elements, reads=2.0, keeps=2.0, parameters=float(x.channels), name="weighed_add")


def _beside(rec: Recorder, x: Map, *, scaled: bool = False) -> None:
    """A depthwise 3 x 3 added to what it got."""
    conv_norm(rec, x, x.channels, 3, groups=x.channels, relu=False, name="depthwise")
    if scaled:
        rec.pointwise(x.elements, reads=2.0, keeps=2.0, parameters=float(x.channels), name="weighed_add")
    else:
        rec.add(x.elements)


def _mix(rec: Recorder, x: Map, states: int) -> None:
    """(B, C, L) x (B, L, N) -> states (B, C, N), gated, and back to (B, C, L) by (B, N, L)."""
    channels, places = x.channels, x.height * x.width
    y = rec.conv(
        rec.conv(x, 3 * states, 1, name="project"), 3 * states, 3, groups=3 * states, name="depthwise"
    )
    third = y.elements / 3
    rec.pointwise(third, keeps=1.0, parameters=float(states), name="softmax")
    rec.pointwise(third, reads=2.0, keeps=1.0, name="weights")
    rec.product(x.batch, float(channels), places, float(states), name="states")
    rec.linear(states * x.batch, channels, 2 * channels, name="gates")
    rec.pointwise(channels * states * x.batch, reads=2.0, keeps=2.0, parameters=1.0, name="gate")
    rec.linear(states * x.batch, channels, channels, name="out")
    rec.product(x.batch, float(channels), float(states), places, name="read")


def _halve(rec: Recorder, x: Map, out: int) -> Map:
    """An inverted block with a gate between two depthwise ones: (B, C, H, W) -> (B, out, H/2, W/2)."""
    _beside(rec, x)
    wide = _WIDER * out
    y = conv_norm(rec, x, wide, 1, name="wide")
    y = conv_norm(rec, y, wide, 3, 2, groups=wide, name="depthwise")
    squeeze_excite(rec, y, round_channels(_SQUEEZED * wide), activation="relu")
    y = conv_norm(rec, y, out, 1, relu=False, name="narrow")
    _beside(rec, y)
    return y


def _head(rec: Recorder, x: Map, dims: Dims) -> None:
    """The mean, its norm and a dense layer, of a map or of states: (B, C, ..) -> (B, classes)."""
    rec.global_pool(x)
    rec.norm(x.channels * x.batch, x.channels)
    for _ in range(2 if dims.get("distilled") else 1):
        rec.linear(x.batch, x.channels, dims["classes"], bias=True, name="fc")
