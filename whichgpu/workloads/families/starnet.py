"""StarNet: two dense layers whose results are multiplied, between depthwise 7 x 7.

Ma et al., "Rewrite the Stars", figure 1 and table 7.
Letters: B batch, C channels, H W height and width of a feature map.

Dimensions: `stem` (channels), `width` (of the first stage, doubled at each), `layers` (per stage), `ffn`
(times the width), `classes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.workloads import images
from whichgpu.workloads.blocks import classifier, conv_norm, image

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "adamw"
DEFAULTS = images.defaults()


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """A 3 x 3, four stages, norm, mean, head: (B, 3, H, W) -> (B, classes)."""
    with rec.module("stem"):
        x = conv_norm(rec, image(job), dims["stem"], 3, 2, bias=True, activation="relu6", backward="weight")
    for i, layers in enumerate(dims["layers"]):
        with rec.module(f"stage{i + 1}"):
            x = conv_norm(rec, x, dims["width"] * 2**i, 3, 2, bias=True, relu=False, name="down")
            with rec.module("layers", copies=float(layers)):
                _layer(rec, x, dims["ffn"] * x.channels)
    with rec.module("head"):
        rec.norm(x.elements, x.channels)
        classifier(rec, x, dims["classes"])


def _layer(rec: Recorder, x: Map, hidden: int) -> None:
    """Depthwise, two 1 x 1 multiplied, a 1 x 1, depthwise, short cut: shape unchanged."""
    width = x.channels
    y = conv_norm(rec, x, width, 7, groups=width, bias=True, relu=False, name="depthwise")
    wide = rec.conv(y, hidden, 1, bias=True, name="up")
    rec.conv(y, hidden, 1, bias=True, keeps=0.0, name="up")
    rec.pointwise(wide.elements, reads=2.0, keeps=2.0, name="star")
    y = conv_norm(rec, wide, width, 1, bias=True, relu=False, name="down")
    rec.conv(y, width, 7, groups=width, bias=True, name="depthwise")
    rec.add(x.elements)
