"""Swin Transformer, version 1 and 2: attention inside windows, every other layer with shifted ones.

Liu et al., "Swin Transformer", figures 2 to 4; "Swin Transformer V2", figure 1 (norms after each half,
cosine attention, the relative bias from a small perceptron).
Letters: B batch, C channels, H W height and width of a feature map, w side of a window.

Dimensions: `image` (side that the learned biases are for), `width` (of the first stage), `layers` and
`heads` (per stage), `window` (one, or a row of one per stage), `version`, `classes`; `qkv_bias` (all; qv, as
in the authors' version 2); of the models that timm calls CR (V2 before its code was out): `pairs` (the
perceptron sees every pair of places and has `relative_width`, merging is version 1's), `final_norm` (true),
`stage_norm` (one more after each stage), `norm_every` (layers of a stage).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whichgpu.workloads import images
from whichgpu.workloads.blocks import image
from whichgpu.workloads.images import join, layer_norm, perceptron, relative_perceptron
from whichgpu.workloads.recorder import Map

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "adamw"
DEFAULTS = images.defaults()

_PATCH = 4


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """Patches of 4 x 4, four stages, classifier: (B, 3, H, W) -> (B, classes)."""
    x = stages(dims, job, rec)[-1]
    with rec.module("head"):
        if dims.get("final_norm", True):
            layer_norm(rec, x.elements, x.channels)
        rec.global_pool(x)
        rec.linear(x.batch, x.channels, dims["classes"], bias=True, name="fc")


def stages(dims: Dims, job: Job, rec: Recorder) -> list[Map]:
    """Patches and stages: (B, 3, H, W) -> (B, 2^i C, H / 4 / 2^i, W / 4 / 2^i) of each."""
    newer, maps = dims["version"] == 2, []
    with rec.module("stem"):
        x = rec.conv(image(job), dims["width"], _PATCH, _PATCH, padding=0, bias=True, backward="weight")
        layer_norm(rec, x.elements, x.channels)  # (B, C, H/4, W/4)
    for i, (layers, heads) in enumerate(zip(dims["layers"], dims["heads"], strict=True)):
        if i:
            with rec.module(f"merge{i}"):
                x = _merge(rec, x, newer=newer and not dims.get("pairs"))  # (B, 2 C, H/2, W/2)
        windows = (
            dims["window"] if isinstance(dims["window"], list) else [dims["window"]] * len(dims["layers"])
        )
        window = min(windows[i], max(dims["image"] // (_PATCH * 2**i), 1))
        with rec.module(f"stage{i + 1}"):
            with rec.module("layers", copies=layers / 2.0):
                for shifted in (False, True):
                    rec.begins(each=True)
                    _layer(rec, x, heads, window, dims, shifted=shifted)
            for _ in range(_norms_between(dims, layers, last=i == len(dims["layers"]) - 1)):
                layer_norm(rec, x.elements, x.channels)
        maps.append(x)
    return maps


def _norms_between(dims: Dims, layers: int, *, last: bool) -> int:
    """Norms that a stage has beside those of its layers."""
    every = dims.get("norm_every", 0)
    return layers // every + bool(last) if every else int(dims.get("stage_norm", False))


def _merge(rec: Recorder, x: Map, *, newer: bool) -> Map:
    """Four neighbours side by side, then a dense layer: (B, C, H, W) -> (B, 2 C, H/2, W/2)."""
    wide, out = 4 * x.channels, 2 * x.channels
    y = Map(x.batch, out, np.ceil(x.height / 2), np.ceil(x.width / 2))
    rec.copy(wide * y.pixels, name="gather")
    if not newer:
        layer_norm(rec, wide * y.pixels, wide)
    rec.linear(y.pixels, wide, out, name="reduce")
    if newer:
        layer_norm(rec, y.elements, out)
    return y


def _layer(rec: Recorder, x: Map, heads: int, window: int, dims: Dims, *, shifted: bool) -> None:
    """Attention and perceptron, each with its norm before (1) or after (2): shape unchanged."""
    newer = dims["version"] == 2
    if not newer:
        layer_norm(rec, x.elements, x.channels)
    _attention(rec, x, heads, window, dims, shifted=shifted)
    if newer:
        layer_norm(rec, x.elements, x.channels)
    join(rec, x.pixels, x.channels)
    if not newer:
        layer_norm(rec, x.elements, x.channels)
    perceptron(rec, x.pixels, x.channels, 4 * x.channels)
    if newer:
        layer_norm(rec, x.elements, x.channels)
    join(rec, x.pixels, x.channels)


def _attention(rec: Recorder, x: Map, heads: int, window: int, dims: Dims, *, shifted: bool) -> None:
    """Attention inside windows of w x w; edges are padded to whole windows, and one window is not shifted."""
    down, across = np.ceil(x.height / window), np.ceil(x.width / window)
    windows, inside = down * across * x.batch, float(window * window)
    rows, width = inside * windows, x.channels
    moved = width * rows * (shifted & (down * across > 1.0))
    if np.any(moved):
        rec.copy(moved, name="roll")
    rec.copy(width * rows, name="windows")
    some = dims.get("qkv_bias", "all") == "qv"
    rec.linear(rows, width, 3 * width, bias=not some, shard="column", name="qkv")
    if some:
        rec.pointwise(3 * width * rows, parameters=2.0 * width, shard="column", name="qv_bias")
    _bias(rec, heads, window, dims)
    if dims["version"] == 2:
        rec.pointwise(2 * width * rows, keeps=1.0, parameters=float(heads), name="cosine")
    rec.attention(windows, heads, inside, inside, width // heads, biased=True)
    rec.linear(rows, width, width, bias=True, shard="row", name="out")
    rec.copy(width * rows, name="unwindows")
    if np.any(moved):
        rec.copy(moved, name="unroll")


def _bias(rec: Recorder, heads: int, window: int, dims: Dims) -> None:
    """The relative bias (heads, w w, w w), from a table of (2 w - 1)^2 rows, learned or computed (2)."""
    if dims["version"] == 2:
        pairs = dims.get("pairs", False)
        relative_perceptron(rec, window, heads, dims.get("relative_width", 512), last_bias=pairs, pairs=pairs)
    else:
        learned = float((2 * window - 1) ** 2 * heads)
        rec.pointwise(float(heads * window**4), parameters=learned, name="relative_bias")
