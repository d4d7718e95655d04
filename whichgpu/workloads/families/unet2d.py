"""U-Net of medical pictures: two 3 x 3 convolutions a level, on the way down and up.

Ronneberger et al., "U-Net", figure 1: no padding, so that each convolution takes a pixel off every side
(`valid`), and what is copied across is cropped. A bias in each; no normalisation in the original, `norm`
adds one behind each convolution.
Letters: B pictures, C channels, H W height and width of a map.

Dimensions: `widths` (per level, the deepest last), `inputs`, `classes`, `valid` (true), `norm` (false).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.workloads import images
from whichgpu.workloads.blocks import cross_entropy, image

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.workloads.job import Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "adam"
ADAPTERS = False
DEFAULTS: dict[str, dict[str, Any]] = {
    "*": {"height": 572.0, "width": 572.0, "runtime": "tensorflow", "n_gpus": 1.0},
    "infer": {"batch": 8.0, "precision": "fp16"},
    "train": {"batch": 8.0, "precision": "amp-fp16"},
}


def forward(dims: Mapping[str, Any], job: Job, rec: Recorder) -> None:
    """(B, inputs, H, W) -> (B, classes, H', W')."""
    x, kept = image(job, dims["inputs"]), []
    for level, width in enumerate(dims["widths"]):
        with rec.module(f"down{level}"):
            x = rec.pool(x, 2, 2, name="halve") if level else x
            x = _twice(dims, rec, x, width, first=not level)
        kept.append(x)
    kept.pop()
    for width, across in zip(reversed(dims["widths"][:-1]), reversed(kept), strict=True):
        with rec.module(f"up{len(kept) - 1}"):
            kept.pop()
            x = _up(rec, x, across, width)
            x = _twice(dims, rec, x, width)
    with rec.module("head"):
        x = rec.conv(x, dims["classes"], 1, bias=True, name="scores")
        if job.trains:
            cross_entropy(rec, x.pixels, dims["classes"])


def _up(rec: Recorder, x: Map, across: Map, width: int) -> Map:
    """A transposed 2 x 2 to twice the sides, the cropped map from across beside it: (B, 2 width, ..)."""
    rec.window(x.elements, x.pixels, x.channels, 4 * width, 1, bias=width, name="transposed")
    y = x._replace(channels=2 * width, height=2.0 * x.height, width=2.0 * x.width)
    rec.copy(y.elements, name="concatenate")
    return y.like(2 * width, np.minimum(across.height, y.height), np.minimum(across.width, y.width))


def _twice(dims: Mapping[str, Any], rec: Recorder, x: Map, width: int, *, first: bool = False) -> Map:
    """Two 3 x 3 with bias and ReLU: (B, C, H, W) -> (B, width, H - 4, W - 4), or as large."""
    for i in range(2):
        x = rec.conv(x, width, 3, padding=0 if dims.get("valid", True) else None, bias=True,
                     backward="weight" if first and not i else "full")  # fmt: skip
        if dims.get("norm"):
            rec.norm(x.elements, width)
        rec.pointwise(x.elements, name="relu")
    return x
