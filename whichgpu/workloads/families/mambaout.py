"""MambaOut: gated blocks whose depthwise 7 x 7 sees a part of the channels; Mamba without its state.

Yu and Wang, "MambaOut: Do We Really Need Mamba for Vision?", figure 1 and appendix A.
Letters: B batch, C channels, H W height and width of a feature map.

Dimensions: `layers` and `widths` (per stage), `ffn` (channels that are gated, times the width), `seen`
(channels of the 7 x 7, times the width), `stem_norm` (between the stem's convolutions), `norm_first` (where
maps are halved), `layer_scale`, `head_norm` (of the dense layer before the last), `activation`, `classes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.workloads import images
from whichgpu.workloads.blocks import activate, image
from whichgpu.workloads.images import join, layer_norm

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "adamw"
DEFAULTS = images.defaults()
#: Channels of the dense layer before the last, for one of the last stage.
_HEAD = 4


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """Stem, four stages, mean, two dense layers: (B, 3, H, W) -> (B, classes)."""
    act = dims["activation"]
    with rec.module("stem"):
        first = dims["widths"][0]
        x = rec.conv(image(job), first // 2, 3, 2, bias=True, backward="weight")
        if dims["stem_norm"]:
            layer_norm(rec, x.elements, x.channels)
        activate(rec, x.elements, act)
        x = rec.conv(x, first, 3, 2, bias=True)  # (B, C, H/4, W/4)
        layer_norm(rec, x.elements, first)
    for i, (layers, width) in enumerate(zip(dims["layers"], dims["widths"], strict=True)):
        with rec.module(f"stage{i + 1}"):
            if i:
                x = _down(rec, x, width, first=dims["norm_first"])
            with rec.module("layers", copies=float(layers)):
                _layer(rec, x, dims)
    with rec.module("head"):
        rec.global_pool(x)
        layer_norm(rec, x.channels * x.batch, x.channels)
        hidden = _HEAD * x.channels
        rec.linear(x.batch, x.channels, hidden, bias=True, name="hidden")
        activate(rec, hidden * x.batch, act)
        if dims["head_norm"]:
            layer_norm(rec, hidden * x.batch, hidden)
        rec.linear(x.batch, hidden, dims["classes"], bias=True, name="fc")


def _down(rec: Recorder, x: Map, width: int, *, first: bool) -> Map:
    """A 3 x 3 and a norm, before it or behind it: (B, C, H, W) -> (B, C', H/2, W/2)."""
    if first:
        layer_norm(rec, x.elements, x.channels)
    x = rec.conv(x, width, 3, 2, bias=True)
    if not first:
        layer_norm(rec, x.elements, width)
    return x


def _layer(rec: Recorder, x: Map, dims: Dims) -> None:
    """Norm, dense layer, 7 x 7 of some channels, gate, dense layer, short cut: shape unchanged."""
    width, hidden, seen = x.channels, int(dims["ffn"] * x.channels), int(dims["seen"] * x.channels)
    layer_norm(rec, x.elements, width)
    rec.linear(x.pixels, width, 2 * hidden, bias=True, name="up")
    rec.conv(x._replace(channels=seen), seen, 7, groups=seen, bias=True, name="depthwise")
    rec.copy(hidden * x.pixels, name="concatenate")
    activate(rec, hidden * x.pixels, "gelu")
    rec.pointwise(hidden * x.pixels, reads=2.0, keeps=2.0, name="gate")
    rec.linear(x.pixels, hidden, width, bias=True, name="down")
    join(rec, x.pixels, width, layer_scale=dims["layer_scale"])
