"""Twins: attention to a smaller map, alone (PCPVT) or by turns with attention inside windows (SVT).

Chu et al., "Twins: Revisiting the Design of Spatial Attention in Vision Transformers", figures 1 and 3,
tables 2 and 3 (positions from a depthwise convolution behind a stage's first layer).
Letters: B batch, C channels, H W height and width of a feature map.

Dimensions: `layers`, `widths`, `heads`, `reductions` (of the map that is attended to, each side) and `ffn`
(times the width), all per stage; `window` (side, of every other layer), `classes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.workloads import images
from whichgpu.workloads.attention import in_windows, layer, to_smaller
from whichgpu.workloads.blocks import classifier, image
from whichgpu.workloads.images import layer_norm

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "adamw"
DEFAULTS = images.defaults()


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """Four stages, each after patches, mean, head: (B, 3, H, W) -> (B, classes)."""
    x = image(job)
    stages = zip(dims["layers"], dims["widths"], dims["heads"], dims["reductions"], dims["ffn"], strict=True)
    for i, (layers, width, heads, reduction, ffn) in enumerate(stages):
        with rec.module(f"stage{i + 1}"):
            side = 2 if i else 4
            x = rec.conv(x, width, side, side, padding=0, bias=True, name="patches",
                         backward="full" if i else "weight")  # fmt: skip
            layer_norm(rec, x.elements, width)
            for j in range(layers):
                _layer(rec, x, heads, reduction, ffn * width, window=0 if j % 2 else dims.get("window", 0))
                if not j:
                    rec.conv(x, width, 3, groups=width, bias=True, name="positions")
                    rec.add(x.elements)
    with rec.module("head"):
        layer_norm(rec, x.elements, x.channels)
        classifier(rec, x, dims["classes"])


def _layer(rec: Recorder, x: Map, heads: int, reduction: int, hidden: int, *, window: int) -> None:
    """Attention, in windows where their side is given, and a perceptron: shape unchanged."""
    if window:
        layer(rec, x, lambda: in_windows(rec, x, heads, window, written=True), hidden)
    else:
        layer(rec, x, lambda: to_smaller(rec, x, heads, reduction), hidden)
