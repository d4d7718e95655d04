"""VOLO: attention whose weights come from the middle of each window of 3 x 3, then a plain transformer.

Yuan et al., "VOLO: Vision Outlooker for Visual Recognition", figure 2 and table 2; the class token comes in
last, as in CaiT, and every other token has a score of its own.
Letters: B batch, C channels, H W height and width of a feature map, S tokens.

Dimensions: `image` (side that the learned positions are for), `stem` (channels of three convolutions),
`widths` (of outlookers, of transformer), `outlookers` and `layers` (of each kind), `heads` (of each kind),
`ffn` (times the width), `class_layers`, `classes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.workloads import images
from whichgpu.workloads.attention import everywhere, layer, softmax
from whichgpu.workloads.blocks import conv_norm, image
from whichgpu.workloads.images import join, layer_norm, perceptron

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "adamw"
DEFAULTS = images.defaults()
#: Side of the windows of an outlooker, and their stride.
_WINDOW, _STRIDE = 3, 2


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """Stem, outlookers, transformer, class layers, two heads: (B, 3, H, W) -> (B, classes)."""
    first, width = dims["widths"]
    with rec.module("stem"):
        x = image(job)
        for i in range(3):
            x = conv_norm(rec, x, dims["stem"], 3 if i else 7, 1 if i else 2,
                          backward="full" if i else "weight")  # fmt: skip
        x = rec.conv(x, first, 4, 4, padding=0, bias=True, name="patches")  # (B, C, H/8, W/8)
    with rec.module("outlookers", copies=float(dims["outlookers"])):
        layer(rec, x, lambda: _outlook(rec, x, dims["heads"][0]), dims["ffn"] * first)
    with rec.module("embeddings"):
        y = rec.conv(x, width, 2, 2, padding=0, bias=True, name="down")  # (B, C, H/16, W/16)
        held = float(width * (dims["image"] // 16) ** 2)
        rec.pointwise(y.elements, wide=True, parameters=held, name="positions")
    heads = dims["heads"][1]
    with rec.module("layers", copies=float(dims["layers"])):
        layer(rec, y, lambda: everywhere(rec, y, heads, bias=False), dims["ffn"] * width)
    tokens = y.height * y.width
    with rec.module("class_layers", copies=float(dims["class_layers"])):
        _class_layer(rec, y.batch, tokens + 1.0, width, heads=heads, hidden=dims["ffn"] * width)
    with rec.module("head"):
        rec.pointwise(width * y.batch, parameters=float(width), name="class_token")
        layer_norm(rec, width * y.batch * (tokens + 1.0), width)
        rec.linear(y.batch, width, dims["classes"], bias=True, name="fc")
        rec.linear(y.pixels, width, dims["classes"], bias=True, name="token_scores")
        rec.pointwise(dims["classes"] * y.pixels, writes=0.0, name="maximum")


def _outlook(rec: Recorder, x: Map, heads: int) -> None:
    """Values of each window of 3 x 3, weighed by what its middle says, and added up: shape unchanged."""
    width, places = x.channels, float(_WINDOW * _WINDOW)
    rec.linear(x.pixels, width, width, name="value")
    half = rec.pool(x, _STRIDE, _STRIDE, ceil=True, average=True)
    rec.copy(places * half.elements, name="unfold")
    rec.linear(half.pixels, width, heads * _WINDOW**4, bias=True, name="weights")
    rec.scale(heads * places * places * half.pixels)
    softmax(rec, heads * places * places * half.pixels)
    rec.product(heads * half.pixels, places, places, float(width // heads), name="values")
    rec.copy(x.elements, reads=places / _STRIDE**2, name="fold")
    rec.linear(x.pixels, width, width, bias=True, name="out")


def _class_layer(rec: Recorder, batch: Any, tokens: Any, width: int, *, heads: int, hidden: int) -> None:
    """The class token attends to all tokens, then a perceptron of it alone."""
    rows = batch * tokens
    layer_norm(rec, width * rows, width)
    rec.linear(rows, width, 2 * width, shard="column", name="key_value")
    rec.linear(batch, width, width, keeps=0.0, shard="column", name="query")
    rec.attention(batch, heads, 1.0, tokens, width // heads)
    rec.linear(batch, width, width, bias=True, shard="row", name="out")
    join(rec, batch, width)
    layer_norm(rec, width * batch, width)
    perceptron(rec, batch, width, hidden)
    join(rec, batch, width)
    rec.copy(width * rows, name="concatenate")
