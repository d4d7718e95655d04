"""EfficientFormer: PoolFormer's blocks with batch norms, and attention in the last stage only.

Li et al., "EfficientFormer: Vision Transformers at MobileNet Speed", figure 3 and table 3.
Letters: B batch, C channels, H W height and width of a feature map, S tokens of the last one.

Dimensions: `image` (side that the attention biases are for), `layers` and `widths` (per stage), `attention`
(last layers, those with it), `heads`, `key` (width of a head's query and key), `value`, `classes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.workloads import images
from whichgpu.workloads.blocks import conv_norm, image
from whichgpu.workloads.images import join, layer_norm, perceptron

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "adamw"
DEFAULTS = images.defaults()
#: Width of the perceptron as a multiple of the stage's.
_FFN = 4


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """Two convolutions, four stages, norm, mean, two heads: (B, 3, H, W) -> (B, classes)."""
    x, stages = image(job), len(dims["layers"])
    with rec.module("stem"):
        first = dims["widths"][0]
        x = conv_norm(rec, x, first // 2, 3, 2, bias=True, backward="weight")
        x = conv_norm(rec, x, first, 3, 2, bias=True)  # (B, C, H/4, W/4)
    for i, (layers, width) in enumerate(zip(dims["layers"], dims["widths"], strict=True)):
        attention = dims["attention"] if i == stages - 1 else 0
        with rec.module(f"stage{i + 1}"):
            if i:
                x = conv_norm(rec, x, width, 3, 2, bias=True, relu=False, name="down")
            with rec.module("layers", copies=float(layers - attention)):
                if layers > attention:
                    _pooling(rec, x)
            with rec.module("attention", copies=float(attention)):
                if attention:
                    _attention(rec, x, dims)
    with rec.module("head"):
        layer_norm(rec, x.elements, x.channels)
        rec.global_pool(x)
        for _ in range(2):
            rec.linear(x.batch, x.channels, dims["classes"], bias=True, name="fc")


def _pooling(rec: Recorder, x: Map) -> None:
    """The mean of 3 x 3 less the place itself, then a perceptron with norms: shape unchanged."""
    rec.pool(x, 3, 1, padding=1, average=True)
    rec.add(x.elements, name="subtract")
    join(rec, x.pixels, x.channels, layer_scale=True)
    y = conv_norm(rec, x, _FFN * x.channels, 1, bias=True, activation="gelu", name="up")
    conv_norm(rec, y, x.channels, 1, bias=True, relu=False, name="down")
    join(rec, x.pixels, x.channels, layer_scale=True)


def _attention(rec: Recorder, x: Map, dims: Dims) -> None:
    """Attention of all places to all, with biases by distance, then a perceptron: shape unchanged."""
    width, heads, key, value = x.channels, dims["heads"], dims["key"], dims["value"]
    places = x.height * x.width
    layer_norm(rec, x.elements, width)
    rec.linear(x.pixels, width, heads * (2 * key + value), bias=True, shard="column", name="qkv")
    biases = float(heads * (dims["image"] // 32) ** 2)
    rec.pointwise(heads * places * places, parameters=biases, name="biases")
    rec.attention(x.batch, heads, places, places, key, value_dim=value)
    rec.linear(x.pixels, heads * value, width, bias=True, shard="row", name="out")
    join(rec, x.pixels, width, layer_scale=True)
    layer_norm(rec, x.elements, width)
    perceptron(rec, x.pixels, width, _FFN * width)
    join(rec, x.pixels, width, layer_scale=True)
