"""Attention over the places of a feature map: all to all, in windows, to a smaller map, between channels.

Letters: B batch, C channels, H W height and width of a feature map, w side of a window.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.workloads.images import join, layer_norm, perceptron

if TYPE_CHECKING:
    from collections.abc import Callable

    from whichgpu.workloads.recorder import Map, Recorder


def layer(
    rec: Recorder, x: Map, mix: Callable[[], object], hidden: int, *, layer_scale: bool = False
) -> None:
    """What mixes places (`mix`), then a perceptron, each with a norm before it: (B, C, H, W) unchanged."""
    layer_norm(rec, x.elements, x.channels)
    mix()
    join(rec, x.pixels, x.channels, layer_scale=layer_scale)
    layer_norm(rec, x.elements, x.channels)
    perceptron(rec, x.pixels, x.channels, hidden)
    join(rec, x.pixels, x.channels, layer_scale=layer_scale)


def everywhere(rec: Recorder, x: Map, heads: int, *, bias: bool = True) -> None:
    """Every place attends to all, `bias` of query, key and value: (B, C, H, W) unchanged."""
    width, places = x.channels, x.height * x.width
    rec.linear(x.pixels, width, 3 * width, bias=bias, shard="column", name="qkv")
    rec.attention(x.batch, heads, places, places, width // heads)
    rec.linear(x.pixels, width, width, bias=True, shard="row", name="out")


def in_windows(rec: Recorder, x: Map, heads: int, window: int, *, written: bool = False) -> None:
    """Attention inside windows of w x w, the edges padded to whole ones: (B, C, H, W) unchanged.

    `written`: the windows are an axis of their own, and fused kernels take four.
    """
    windows = np.ceil(x.height / window) * np.ceil(x.width / window) * x.batch
    width, inside = x.channels, float(window * window)
    rows = inside * windows
    rec.copy(width * rows, name="windows")
    rec.linear(rows, width, 3 * width, bias=True, shard="column", name="qkv")
    rec.attention(windows, heads, inside, inside, width // heads, biased=written)
    rec.linear(rows, width, width, bias=True, shard="row", name="out")
    rec.copy(width * rows, name="unwindows")


def to_smaller(rec: Recorder, x: Map, heads: int, reduction: int) -> None:
    """Every place attends to a map whose sides a strided convolution divides: (B, C, H, W) unchanged."""
    width, seen = x.channels, x
    rec.linear(x.pixels, width, width, bias=True, shard="column", name="query")
    if reduction > 1:
        seen = rec.conv(x, width, reduction, reduction, padding=0, bias=True, keeps=0.0, name="reduce")
        layer_norm(rec, seen.elements, width)
    attend_to(rec, x, seen, heads)


def attend_to(rec: Recorder, x: Map, seen: Map, heads: int) -> None:
    """Key and value of `seen`, attention of the queries of `x`, and the layer behind it."""
    width = x.channels
    rec.linear(seen.pixels, width, 2 * width, bias=True, shard="column", name="key_value")
    rec.attention(x.batch, heads, x.height * x.width, seen.height * seen.width, width // heads)
    rec.linear(x.pixels, width, width, bias=True, shard="row", name="out")


def scored(
    rec: Recorder, batch: Any, queries: Any, places: Any, *, key: int, value: int, biases: int = 0,
    parameters: float = 0.0,
) -> None:  # fmt: skip
    """Attention whose scores are written out: (queries, key) by (places, key), by (places, value).

    They are scaled, and `biases` tensors are added to them. `parameters`, which are learned, are in FP32, and
    so is their sum with scores under autocast.
    """
    pairs = batch * queries * places
    rec.product(batch, queries, float(key), places, name="scores")
    rec.scale(pairs)
    if parameters:
        rec.pointwise(pairs, reads=rec.narrow_reads, parameters=parameters, wide=True, name="biases")
    if biases:
        rec.pointwise(pairs, reads=1.0 + biases, name="biases")
    softmax(rec, pairs, narrow=not parameters)
    rec.product(batch, queries, places, float(value), name="values")


def softmax(rec: Recorder, pairs: Any, *, narrow: bool = True, parameters: float = 0.0) -> None:
    """Softmax of scores that are written out: autocast has it in FP32 and casts it for the next product.

    `narrow`: of scores in 16 bits; `parameters`: that are added or multiplied before it.
    """
    rec.pointwise(pairs, reads=rec.narrow_reads if narrow else 1.0, keeps=1.0, wide=True,
                  parameters=parameters, name="softmax")  # fmt: skip
    rec.narrow(pairs)


def between_channels(rec: Recorder, x: Map, heads: int) -> None:
    """Channels of a head attend to each other over all places: (B, C, H, W) unchanged."""
    width, places, one = x.channels, x.height * x.width, float(x.channels // heads)
    rec.linear(x.pixels, width, 3 * width, bias=True, shard="column", name="qkv")
    rec.product(heads * x.batch, one, places, one, name="scores")
    rec.pointwise(heads * one * one * x.batch, keeps=1.0, name="softmax")
    rec.product(heads * x.batch, one, one, places, name="values")
    rec.linear(x.pixels, width, width, bias=True, shard="row", name="out")
