"""Sequencer: recurrent layers along the rows and the columns of a map, in both directions, for attention.

Tatsunami and Taki, "Sequencer: Deep LSTM for Image Classification", figures 2 and 3, table 1.
Letters: B batch, C channels, H W height and width of a feature map.

Dimensions: `layers`, `widths`, `hidden` (of a direction) and `patches` (sides), per stage; `ffn` (times the
width), `classes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.workloads import images, recurrent
from whichgpu.workloads.attention import layer
from whichgpu.workloads.blocks import classifier, image
from whichgpu.workloads.images import layer_norm

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "adamw"
DEFAULTS = images.defaults()


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """Four stages, each after patches, norm, mean, head: (B, 3, H, W) -> (B, classes)."""
    x = image(job)
    stages = zip(dims["layers"], dims["widths"], dims["hidden"], dims["patches"], strict=True)
    for i, (layers, width, hidden, side) in enumerate(stages):
        with rec.module(f"stage{i + 1}"):
            x = rec.conv(x, width, side, side, padding=0, bias=True, name="patches",
                         backward="full" if i else "weight")  # fmt: skip
            with rec.module("layers", copies=float(layers)):
                _layer(rec, x, hidden, dims["ffn"] * width)
    with rec.module("head"):
        layer_norm(rec, x.elements, x.channels)
        classifier(rec, x, dims["classes"])


def _layer(rec: Recorder, x: Map, hidden: int, wide: int) -> None:
    layer(rec, x, lambda: _both_ways(rec, x, hidden), wide)


def _both_ways(rec: Recorder, x: Map, hidden: int) -> None:
    """An LSTM down every column, one along every row, a dense layer on both: shape unchanged."""
    recurrent.layer(rec, x.batch * x.width, x.height, x.channels, hidden, directions=2, name="columns")
    rec.copy(x.elements, name="transpose")
    recurrent.layer(
        rec, x.batch * x.height, x.width, x.channels, hidden, directions=2, keeps=0.0, name="rows"
    )
    rec.copy(4 * hidden * x.pixels, name="concatenate")
    rec.linear(x.pixels, 4 * hidden, x.channels, bias=True, name="fc")
