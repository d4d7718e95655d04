"""Hiera, and the image encoder of SAM 2: a plain hierarchy whose queries are halved by maxima between stages.

Ryali et al., "Hiera: A Hierarchical Vision Transformer without the Bells-and-Whistles", figures 2 and 3;
Bolya et al., "Window Attention is Bugged" (positions of a window beside those of the picture); Ravi et al.,
"SAM 2", appendix C.1.
Letters: B batch, C channels, H W height and width of a feature map, w side of a window.

Dimensions: `width` and `heads` (of the first stage, doubled at each), `layers` and
`windows` (sides, 0 for none), per stage; `everywhere` (layers without windows, counted through), `positions`
(sides of learned grids), `layer_scale`, `expand` (a dense layer beside the maxima, true), `classes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whichgpu.workloads import images
from whichgpu.workloads.blocks import image
from whichgpu.workloads.images import join, layer_norm, perceptron
from whichgpu.workloads.recorder import Map

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "adamw"
DEFAULTS = images.defaults()
#: Width of the perceptron as a multiple of the stage's.
_FFN = 4


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """A 7 x 7, four stages, mean, norm, head: (B, 3, H, W) -> (B, classes)."""
    with rec.module("stem"):
        x = rec.conv(image(job), dims["width"], 7, 4, bias=True, backward="weight")  # (B, C, H/4, W/4)
        held = float(x.channels * sum(side**2 for side in dims["positions"]))
        rec.pointwise(x.elements, wide=True, parameters=held, name="positions")
    number, whole = 0, dims.get("everywhere", ())
    for stage, layers in enumerate(dims["layers"]):
        with rec.module(f"stage{stage + 1}"):
            for i in range(layers):
                halved = bool(stage) and not i
                window = 0 if number in whole else dims["windows"][stage - halved]
                x = _layer(rec, x, dims["heads"] * 2**stage, window, dims, halved=halved)
                number += 1
    with rec.module("head"):
        rec.global_pool(x)
        layer_norm(rec, x.channels * x.batch, x.channels)
        if dims["classes"]:
            rec.linear(x.batch, x.channels, dims["classes"], bias=True, name="fc")


def _layer(rec: Recorder, x: Map, heads: int, window: int, dims: Dims, *, halved: bool) -> Map:
    """Attention and perceptron: shape unchanged, or (B, C, H, W) -> (B, 2 C, H/2, W/2)."""
    scaled, y = dims.get("layer_scale", False), x
    layer_norm(rec, x.elements, x.channels)
    if halved:
        y = Map(x.batch, 2 * x.channels, np.ceil(x.height / 2), np.ceil(x.width / 2))
        if dims.get("expand", True):
            rec.linear(x.pixels, x.channels, y.channels, bias=True, keeps=0.0, name="expand")
        rec.pool(x._replace(channels=y.channels), 2, 2, ceil=True, name="shortcut")
    _attention(rec, x, y, heads, window)
    join(rec, y.pixels, y.channels, layer_scale=scaled)
    layer_norm(rec, y.elements, y.channels)
    perceptron(rec, y.pixels, y.channels, _FFN * y.channels)
    join(rec, y.pixels, y.channels, layer_scale=scaled)
    return y


def _attention(rec: Recorder, x: Map, y: Map, heads: int, window: int) -> None:
    """Attention inside windows of w x w, or everywhere for 0; the queries have the places of `y`."""
    width, fewer = y.channels, (1.0 if y is x else 4.0)
    windows, inside = x.batch, x.height * x.width
    if window:
        windows = np.ceil(x.height / window) * np.ceil(x.width / window) * x.batch
        inside = float(window * window)
        rec.copy(x.channels * windows * inside, name="windows")
    rec.linear(windows * inside, x.channels, 3 * width, bias=True, shard="column", name="qkv")
    if fewer > 1.0:
        rec.pointwise(width * windows * inside, writes=1.0 / fewer, keeps=1.0, name="query_maximum")
    # Windows are an axis of their own there, and fused kernels take four.
    rec.attention(windows, heads, inside / fewer, inside, width // heads, biased=bool(window))
    rec.linear(windows * inside / fewer, width, width, bias=True, shard="row", name="out")
    if window:
        rec.copy(width * windows * inside / fewer, name="unwindows")
