"""EfficientViT of Microsoft: heads that take in each other's results, one after another, in windows.

Liu et al., "EfficientViT: Memory Efficient Vision Transformer with Cascaded Group Attention", figures 5
and 6, table 2.
Letters: B batch, C channels, H W height and width of a feature map, w side of a window.

Dimensions: `image` (side that the attention biases are for), `widths`, `layers` and `heads` (per stage),
`kernels` (of each head's queries), `key` (width of a head's query and key), `window`, `classes`.
"""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np

from whichgpu.workloads import images
from whichgpu.workloads.attention import scored
from whichgpu.workloads.blocks import activate, conv_norm
from whichgpu.workloads.merging import local, staged

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "adamw"
DEFAULTS = images.defaults()


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """Four convolutions, three stages, mean, norm, head: (B, 3, H, W) -> (B, classes)."""
    sides = list(accumulate(dims["heads"], lambda side, _: (side - 1) // 2 + 1, initial=dims["image"] // 16))

    def layer(x: Map, stage: int) -> None:
        local(rec, x)
        _attention(rec, x, dims["heads"][stage], min(dims["window"], sides[stage]), dims)
        local(rec, x)

    staged(dims, job, rec, layer)


def _attention(rec: Recorder, x: Map, heads: int, window: int, dims: Dims) -> None:
    """Each head attends in windows of w x w to its part of the channels and the head before: unchanged."""
    key, value, inside = dims["key"], x.channels // heads, float(window * window)
    windows = np.ceil(x.height / window) * np.ceil(x.width / window) * x.batch
    y = x._replace(batch=windows, height=float(window), width=float(window))
    rec.copy(y.elements, name="windows")
    for one in range(heads):
        part = y._replace(channels=value)
        if one:
            rec.add(part.elements)
        conv_norm(rec, part, 2 * key + value, 1, relu=False, name="qkv")
        query = y._replace(channels=key)
        conv_norm(rec, query, key, dims["kernels"][one], groups=key, relu=False, name="query")
        scored(rec, windows, inside, inside, key=key, value=value, parameters=inside)
    rec.copy(y.elements, name="concatenate")
    activate(rec, y.elements)
    conv_norm(rec, y, x.channels, 1, relu=False, name="out")
    rec.copy(y.elements, name="unwindows")
    rec.add(x.elements)
