"""iFormer: convolutions as in ConvNeXt, then groups with attention of a single head, gated.

Zheng, "iFormer: Integrating ConvNet and Transformer for Mobile Application", figures 2 and 3, table 1.
Letters: B batch, C channels, H W height and width of a feature map.

Dimensions, a row of values per stage: `widths`, `layers` (convolutional, all but one before the groups),
`groups` (a depthwise 3 x 3, attention, a perceptron each), `narrow` (of the channels, those of query and key:
one in so many); `conv` and `ffn` (channels inside for one of the stage's), `scaled` (each channel of a branch
is), `distilled` (a second head), `classes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.workloads import images
from whichgpu.workloads.blocks import activate, conv_norm, image

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "adamw"
DEFAULTS = images.defaults()


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """Stem, four stages, mean, norm, head: (B, 3, H, W) -> (B, classes)."""
    first = dims["widths"][0]
    with rec.module("stem"):
        x = conv_norm(rec, image(job), first // 2, 5, 2, activation="gelu", backward="weight")
        x = conv_norm(rec, x, 2 * first, 5, 2, activation="gelu")
        x = conv_norm(rec, x, first, 1, relu=False)
    stages = zip(dims["widths"], dims["layers"], dims["groups"], dims["narrow"], strict=True)
    for i, (width, layers, groups, narrow) in enumerate(stages):
        with rec.module(f"stage{i + 1}"):
            if i:
                x = conv_norm(rec, x, width, 3, 2, relu=False, name="halve")
            if layers:
                with rec.module("layers", copies=float(layers)):
                    _convolutions(rec, x, dims)
            if groups:
                with rec.module("groups", copies=float(groups)):
                    _group(rec, x, width // narrow, dims)
    with rec.module("head"):
        rec.global_pool(x)
        for _ in range(2 if dims.get("distilled") else 1):
            rec.norm(x.channels * x.batch, x.channels)
            rec.linear(x.batch, x.channels, dims["classes"], bias=True, name="fc")


def _convolutions(rec: Recorder, x: Map, dims: Dims) -> None:
    """Depthwise 7 x 7, two 1 x 1 with GELU between, short cut: shape unchanged."""
    y = conv_norm(rec, x, x.channels, 7, groups=x.channels, relu=False, name="depthwise")
    y = conv_norm(rec, y, dims["conv"] * x.channels, 1, activation="gelu")
    _join(rec, conv_norm(rec, y, x.channels, 1, relu=False), dims)


def _group(rec: Recorder, x: Map, key: int, dims: Dims) -> None:
    """Positions by a depthwise 3 x 3, one head of attention with a gate, a perceptron: shape unchanged."""
    places = x.height * x.width
    conv_norm(rec, x, x.channels, 3, groups=x.channels, relu=False, name="positions")
    rec.add(x.elements)
    both = conv_norm(rec, x, 2 * x.channels, 1, relu=False, name="value_gate")
    activate(rec, both.elements, "sigmoid", keeps_output=True)
    for name in ("query", "key"):
        conv_norm(rec, x, key, 1, relu=False, keeps=0.0, name=name)
    rec.attention(x.batch, 1, places, places, key, value_dim=x.channels)
    rec.pointwise(x.elements, reads=2.0, keeps=1.0, name="gate")
    _join(rec, conv_norm(rec, x, x.channels, 1, relu=False, name="out"), dims)
    y = conv_norm(rec, x, dims["ffn"] * x.channels, 1, activation="gelu")
    _join(rec, conv_norm(rec, y, x.channels, 1, relu=False), dims)


def _join(rec: Recorder, x: Map, dims: Dims) -> None:
    """Add a branch, each channel scaled first where asked."""
    if dims.get("scaled"):
        rec.pointwise(x.elements, keeps=1.0, parameters=float(x.channels), name="layer_scale")
    rec.add(x.elements)
