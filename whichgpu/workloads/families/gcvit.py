"""GCViT: attention in windows, whose queries come from the window and from the whole picture by turns.

Hatamizadeh et al., "Global Context Vision Transformers", figures 2 to 5, table 1.
Letters: B batch, C channels, H W height and width of a feature map, w side of a window.

Dimensions: `image` (side that windows are for), `width` (of the first stage, doubled at each), `layers`,
`heads` and `windows` (sides), per stage; `ffn` (times the width), `layer_scale`, `classes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whichgpu.workloads import images
from whichgpu.workloads.blocks import activate, classifier, image
from whichgpu.workloads.images import join, layer_norm, perceptron

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "adamw"
DEFAULTS = images.defaults()


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """Stem, four stages, norm, mean, head: (B, 3, H, W) -> (B, classes)."""
    with rec.module("stem"):
        x = rec.conv(image(job), dims["width"], 3, 2, bias=True, backward="weight")
        x = _down(rec, x, dims["width"])  # (B, C, H/4, W/4)
    for i, (layers, heads, window) in enumerate(
        zip(dims["layers"], dims["heads"], dims["windows"], strict=True)
    ):
        with rec.module(f"stage{i + 1}"):
            if i:
                x = _down(rec, x, 2 * x.channels)
            y, halvings = x, (dims["image"] // 2 ** (i + 2) // window).bit_length() - 1
            for step in range(max(halvings, 1)):
                _mobile(rec, y)
                y = rec.pool(y, 3, 2, padding=1) if step < halvings else y
            for whole, count in ((False, (layers + 1) // 2), (True, layers // 2)):
                with rec.module("layers", copies=float(count)):
                    _layer(rec, x, heads, window, dims, whole=whole)
    with rec.module("head"):
        layer_norm(rec, x.elements, x.channels)
        classifier(rec, x, dims["classes"])


def _mobile(rec: Recorder, x: Map) -> None:
    """Depthwise 3 x 3, gate, 1 x 1, short cut: shape unchanged."""
    width, squeezed = x.channels, x.channels // 4
    rec.conv(x, width, 3, groups=width, name="depthwise")
    activate(rec, x.elements, "gelu")
    rec.global_pool(x, name="squeeze")
    rec.linear(x.batch, width, squeezed, name="excite_down")
    activate(rec, squeezed * x.batch)
    rec.linear(x.batch, squeezed, width, name="excite_up")
    rec.pointwise(width * x.batch, keeps=1.0, name="sigmoid")
    rec.gate(x.elements)
    rec.conv(x, width, 1, name="pointwise")
    rec.add(x.elements)


def _down(rec: Recorder, x: Map, out: int) -> Map:
    """Norm, mobile block, 3 x 3, norm: (B, C, H, W) -> (B, out, H/2, W/2)."""
    layer_norm(rec, x.elements, x.channels)
    _mobile(rec, x)
    x = rec.conv(x, out, 3, 2, name="down")
    layer_norm(rec, x.elements, out)
    return x


def _layer(rec: Recorder, x: Map, heads: int, window: int, dims: Dims, *, whole: bool) -> None:
    """Attention in windows, queries of the whole picture for `whole`, and a perceptron: unchanged."""
    width, scaled, inside = x.channels, dims.get("layer_scale", False), float(window * window)
    windows = np.ceil(x.height / window) * np.ceil(x.width / window) * x.batch
    rows = inside * windows
    layer_norm(rec, x.elements, width)
    rec.copy(width * rows, name="windows")
    rec.linear(rows, width, (2 if whole else 3) * width, bias=True, shard="column", name="qkv")
    if whole:
        rec.copy(width * rows, name="repeat_query")
    learned = float((2 * window - 1) ** 2 * heads)
    rec.pointwise(float(heads * window**4), parameters=learned, name="relative_bias")
    rec.attention(windows, heads, inside, inside, width // heads, biased=True)
    rec.linear(rows, width, width, bias=True, shard="row", name="out")
    rec.copy(width * rows, name="unwindows")
    join(rec, x.pixels, width, layer_scale=scaled)
    layer_norm(rec, x.elements, width)
    perceptron(rec, x.pixels, width, dims["ffn"] * width)
    join(rec, x.pixels, width, layer_scale=scaled)
