"""InceptionNeXt: ConvNeXt whose large depthwise kernel is a square, two bands and nothing, by channels.

Yu et al., "InceptionNeXt: When Inception Meets ConvNeXt", figure 2 and table 1.
Letters: B batch, C channels, H W height and width of a feature map.

Dimensions: `layers`, `widths` and `ffn` (times the width), per stage; `band` (its length), `parts` (a
branch has one of so many parts of the channels), `hidden` (times the width, of the dense layer before the
last), `classes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.workloads import images
from whichgpu.workloads.blocks import activate, conv_norm, image
from whichgpu.workloads.images import join, layer_norm

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "adamw"
DEFAULTS = images.defaults()


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """Patches of 4 x 4, four stages, mean, two dense layers: (B, 3, H, W) -> (B, classes)."""
    x = image(job)
    for i, (layers, width, ffn) in enumerate(zip(dims["layers"], dims["widths"], dims["ffn"], strict=True)):
        with rec.module(f"stage{i + 1}"):
            if i:
                rec.norm(x.elements, x.channels)
                x = rec.conv(x, width, 2, 2, padding=0, bias=True, name="down")
            else:
                x = conv_norm(rec, x, width, 4, 4, padding=0, bias=True, relu=False, backward="weight")
            with rec.module("layers", copies=float(layers)):
                _layer(rec, x, ffn * width, width // dims["parts"], dims["band"])
    with rec.module("head"):
        rec.global_pool(x)
        hidden = dims["hidden"] * x.channels
        rec.linear(x.batch, x.channels, hidden, bias=True, name="hidden")
        activate(rec, hidden * x.batch, "gelu")
        layer_norm(rec, hidden * x.batch, hidden)
        rec.linear(x.batch, hidden, dims["classes"], bias=True, name="fc")


def _layer(rec: Recorder, x: Map, hidden: int, part: int, band: int) -> None:
    """3 x 3, 1 x band and band x 1 of a part of the channels each, norm, perceptron: shape unchanged."""
    width = x.channels
    seen = x._replace(channels=part)
    rec.conv(seen, part, 3, groups=part, bias=True, name="square")
    rec.conv(seen, part, (1, band), groups=part, bias=True, name="row")
    rec.conv(seen, part, (band, 1), groups=part, bias=True, name="column")
    rec.copy(x.elements, name="concatenate")
    rec.norm(x.elements, width)
    wide = rec.conv(x, hidden, 1, bias=True, name="up")
    activate(rec, wide.elements, "gelu")
    rec.conv(wide, width, 1, bias=True, name="down")
    join(rec, x.pixels, width, layer_scale=True)
