"""LeViT: convolutions, then attention in three stages on smaller and smaller maps, batch norms throughout.

Graham et al., "LeViT: a Vision Transformer in ConvNet's Clothing for Faster Inference", figures 4 and 5,
table 1.
Letters: B batch, C channels, H W height and width of a map, S tokens of it.

Dimensions: `image` (side that the attention biases are for), `stem` (convolutions, each halving the sides),
`widths`, `heads` and `layers` (per stage), `key` (width of a head's query and key; its value is twice as
wide, four times where a stage ends), `activation`, `distilled` (a second head), `classes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.workloads import images
from whichgpu.workloads.attention import scored
from whichgpu.workloads.blocks import activate, conv_norm, image

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "adamw"
DEFAULTS = images.defaults()


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """Convolutions, three stages, mean, head: (B, 3, H, W) -> (B, classes)."""
    x, act, count = image(job), dims["activation"], dims["stem"]
    with rec.module("stem"):
        for i in range(count):
            x = conv_norm(rec, x, dims["widths"][0] // 2 ** (count - 1 - i), 3, 2, relu=i < count - 1,
                          activation=act, backward="full" if i else "weight")  # fmt: skip
    side = dims["image"] // 2**count
    for i, (width, heads, layers) in enumerate(
        zip(dims["widths"], dims["heads"], dims["layers"], strict=True)
    ):
        if i:
            with rec.module(f"down{i}"):
                x = _attend(
                    rec, x, width, dims, heads=x.channels // dims["key"], side=side, ratio=4, stride=2
                )
                _perceptron(rec, x, act)
            side = -(-side // 2)
        with rec.module(f"stage{i + 1}"), rec.module("layers", copies=float(layers)):
            _attend(rec, x, width, dims, heads=heads, side=side)
            rec.add(x.elements)
            _perceptron(rec, x, act)
    with rec.module("head"):
        rec.global_pool(x)
        for _ in range(2 if dims.get("distilled") else 1):
            rec.norm(x.channels * x.batch, x.channels)
            rec.linear(x.batch, x.channels, dims["classes"], bias=True, name="fc")


def _normed(rec: Recorder, rows: Any, inputs: int, outputs: int, name: str, *, keeps: float = 1.0) -> None:
    """A dense layer without bias and its batch norm: (rows, inputs) -> (rows, outputs)."""
    rec.linear(rows, inputs, outputs, keeps=keeps, name=name)
    rec.norm(outputs * rows, outputs, name=f"{name}_norm")


def _attend(
    rec: Recorder, x: Map, out: int, dims: Dims, *, heads: int, side: int, ratio: int = 2, stride: int = 1
) -> Map:
    """Attention with biases by distance, of every place or every second: (B, C, H, W) -> (B, out, ..)."""
    key, value = dims["key"], ratio * dims["key"]
    y = x._replace(channels=out, height=np.ceil(x.height / stride), width=np.ceil(x.width / stride))
    if stride == 1:
        _normed(rec, x.pixels, x.channels, heads * (2 * key + value), "qkv")
    else:
        _normed(rec, x.pixels, x.channels, heads * (key + value), "key_value")
        rec.copy(x.channels * y.pixels, name="sample")
        _normed(rec, y.pixels, x.channels, heads * key, "query")
    queries, places = y.height * y.width, x.height * x.width
    # Batched products take the heads of a sample as they lie, so that each is laid out anew.
    rec.copy(heads * (key * y.pixels + (key + value) * x.pixels), name="heads_first")
    scored(rec, heads * x.batch, queries, places, key=key, value=value, parameters=float(heads * side * side))
    rec.copy(heads * value * y.pixels, name="heads_last")
    activate(rec, heads * value * y.pixels, dims["activation"])
    _normed(rec, y.pixels, heads * value, out, "out")
    return y


def _perceptron(rec: Recorder, x: Map, act: str) -> None:
    """Two dense layers, twice as wide inside, and the addition: shape unchanged."""
    _normed(rec, x.pixels, x.channels, 2 * x.channels, "up")
    activate(rec, 2 * x.elements, act)
    _normed(rec, x.pixels, 2 * x.channels, x.channels, "down")
    rec.add(x.elements)
