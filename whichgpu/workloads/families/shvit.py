"""SHViT: attention with a single head, on a part of the channels, where maps are small.

Yun and Ro, "SHViT: Single-Head Vision Transformer with Memory Efficient Macro Design", figures 4
and 5, table 1.
Letters: B batch, C channels, H W height and width of a feature map.

Dimensions: `widths`, `layers` and `attention` (channels that have it, 0 for none), per stage; `key` (width of
query and key), `classes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.workloads import images
from whichgpu.workloads.blocks import activate, conv_norm
from whichgpu.workloads.merging import depthwise, perceptron, staged

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "adamw"
DEFAULTS = images.defaults()


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """Four convolutions, three stages, mean, norm, head: (B, 3, H, W) -> (B, classes)."""

    def layer(x: Map, stage: int) -> None:
        depthwise(rec, x)
        if part := dims["attention"][stage]:
            _attention(rec, x, part, dims["key"])
        perceptron(rec, x)

    staged(dims, job, rec, layer)


def _attention(rec: Recorder, x: Map, part: int, key: int) -> None:
    """One head on `part` of the channels, joined with the others by a 1 x 1: shape unchanged."""
    seen, places = x._replace(channels=part), x.height * x.width
    rec.norm(seen.elements, part)
    conv_norm(rec, seen, 2 * key + part, 1, relu=False, name="qkv")
    rec.attention(x.batch, 1, places, places, key, value_dim=part)
    rec.copy(x.elements, name="concatenate")
    activate(rec, x.elements)
    conv_norm(rec, x, x.channels, 1, relu=False, name="out")
    rec.add(x.elements)
