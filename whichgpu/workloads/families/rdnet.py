"""RDNet: DenseNet's growing maps, with ConvNeXt's block as the layer that adds to them.

Kim et al., "DenseNets Reloaded: Paradigm Shift Beyond ResNets and ViTs", figure 2 and table 9.
Letters: B batch, C channels, H W height and width of a feature map.

Dimensions: `stem` (channels of the patches of 4 x 4), `stages`, rows of [channels that a layer adds, layers,
halved, gated], `compression` (channels behind a transition, as a share), `classes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.workloads import images
from whichgpu.workloads.blocks import activate, image
from whichgpu.workloads.images import layer_norm

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "adamw"
DEFAULTS = images.defaults()
#: Channels inside of a layer for one that it reads; all are made multiples of the second.
_WIDE, _MULTIPLE = 4, 8


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """Patches, dense stages with transitions between, mean, norm, head: (B, 3, H, W) -> (B, classes)."""
    with rec.module("stem"):
        x = rec.conv(image(job), dims["stem"], 4, 4, padding=0, bias=True, backward="weight")
        layer_norm(rec, x.elements, x.channels)
    for i, (growth, layers, halved, gated) in enumerate(dims["stages"]):
        with rec.module(f"stage{i + 1}"):
            if i:
                side = 2 if halved else 1
                out = int(x.channels * dims["compression"] / _MULTIPLE) * _MULTIPLE
                layer_norm(rec, x.elements, x.channels)
                x = rec.conv(x, out, side, side, padding=0, bias=True, name="transition")
            for _ in range(layers):
                x = _layer(rec, x, growth, gated=gated)
    with rec.module("head"):
        rec.global_pool(x)
        layer_norm(rec, x.channels * x.batch, x.channels)
        rec.linear(x.batch, x.channels, dims["classes"], bias=True, name="fc")


def _layer(rec: Recorder, x: Map, growth: int, *, gated: bool) -> Map:
    """Depthwise 7 x 7, norm, two 1 x 1, gate, scale; joined with its input: -> (B, C + growth, H, W)."""
    hidden = int(x.channels * _WIDE / _MULTIPLE) * _MULTIPLE
    y = rec.conv(x, x.channels, 7, groups=x.channels, bias=True, name="depthwise")
    layer_norm(rec, y.elements, y.channels)
    y = rec.conv(y, hidden, 1, bias=True, name="up")
    activate(rec, y.elements, "gelu")
    y = rec.conv(y, growth, 1, bias=True, name="down")
    if gated:
        rec.global_pool(y, name="squeeze")
        rec.linear(y.batch, growth, growth, bias=True, name="excite")
        rec.pointwise(growth * y.batch, keeps=1.0, name="hard_sigmoid")
        rec.gate(y.elements)
    rec.pointwise(y.elements, keeps=1.0, parameters=float(growth), name="layer_scale")
    joined = x._replace(channels=x.channels + growth)
    rec.copy(joined.elements, name="concatenate")
    return joined
