"""CaiT and XCiT: deep transformers whose class token comes in late.

Touvron et al., "Going deeper with Image Transformers", figures 2 and 3 (heads that talk to each other,
scales of each channel, two layers that only feed the class token); El-Nouby et al., "XCiT", figure 1 and
table 1 (attention between the channels of a head, and depthwise convolutions between neighbouring tokens).
Letters: B batch, S tokens of an image, D width of a token, P side of a patch, h heads, d width of a head.

Dimensions: `image` (side that learned positions are for), `patch`, `width`, `layers`, `heads`,
`class_layers`, `kind` (talking, channels), `token_norm` (XCiT: the class layers' last norm sees all tokens),
`classes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.workloads import images
from whichgpu.workloads.blocks import activate, conv_norm, image
from whichgpu.workloads.images import join, layer_norm, perceptron

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "adamw"
DEFAULTS = images.defaults()
#: Width of the Fourier features of a position, in XCiT.
_FEATURES = 64


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """Patches, layers, class layers, head: (B, 3, H, W) -> (B, S, D) -> (B, classes)."""
    channels, width = dims["kind"] == "channels", dims["width"]
    with rec.module("embeddings"):
        x = (_convolved if channels else _patches)(rec, image(job), dims)
    with rec.module("layers", copies=float(dims["layers"])):
        (_channel_layer if channels else _talking_layer)(rec, x, dims)
    with rec.module("class_layers", copies=float(dims["class_layers"])):
        _class_layer(rec, x, dims)
    with rec.module("head"):
        rec.pointwise(width * job.batch, parameters=float(width), name="class_token")
        layer_norm(rec, width * job.batch * (x.height * x.width + 1.0), width)
        rec.linear(job.batch, width, dims["classes"], bias=True, name="fc")


def _patches(rec: Recorder, x: Map, dims: Dims) -> Map:
    """Patches and learned positions: (B, 3, H, W) -> (B, D, H/P, W/P)."""
    side, width = dims["patch"], dims["width"]
    x = rec.conv(x, width, side, side, padding=0, bias=True, backward="weight", name="patches")
    rec.pointwise(
        x.elements, wide=True, parameters=float(width * (dims["image"] // side) ** 2), name="positions"
    )
    return x


def _convolved(rec: Recorder, x: Map, dims: Dims) -> Map:
    """Convolutions that halve down to patches, and positions from Fourier features."""
    width, halvings = dims["width"], {16: 4, 8: 3}[dims["patch"]]
    for left in reversed(range(halvings)):
        first = left == halvings - 1
        x = conv_norm(rec, x, width // 2**left, 3, 2, relu=left > 0, activation="gelu",
                      backward="weight" if first else "full")  # fmt: skip
    places = x._replace(batch=1.0, channels=_FEATURES)
    rec.conv(places, width, 1, bias=True, keeps=0.0, name="positions")
    rec.add(x.elements)
    return x


def _talking_layer(rec: Recorder, x: Map, dims: Dims) -> None:
    """Attention whose scores heads mix before and after the softmax, and a perceptron: shape unchanged."""
    width, heads, rows, tokens = x.channels, dims["heads"], x.pixels, x.height * x.width
    scores = heads * (x.batch * tokens * tokens)
    layer_norm(rec, x.elements, width)
    rec.linear(rows, width, 3 * width, bias=True, shard="column", name="qkv")
    rec.product(heads * x.batch, tokens, float(width // heads), tokens, name="scores")
    # Heads stand last for each dense layer over them, and first again behind it; the softmax is in FP32.
    rec.copy(scores, name="heads_last")
    rec.linear(scores / heads, heads, heads, bias=True, name="talk")
    rec.narrow(scores)
    rec.pointwise(scores, keeps=1.0, wide=True, name="softmax")
    rec.narrow(scores)
    rec.linear(scores / heads, heads, heads, bias=True, name="talk")
    rec.copy(scores, name="heads_first")
    rec.product(heads * x.batch, tokens, tokens, float(width // heads), name="values")
    rec.linear(rows, width, width, bias=True, shard="row", name="out")
    join(rec, rows, width, layer_scale=True)
    layer_norm(rec, x.elements, width)
    perceptron(rec, rows, width, 4 * width)
    join(rec, rows, width, layer_scale=True)


def _channel_layer(rec: Recorder, x: Map, dims: Dims) -> None:
    """Attention between channels, convolutions between neighbours, a perceptron: (B, S, D) -> (B, S, D)."""
    width, heads, rows, tokens = x.channels, dims["heads"], x.pixels, x.height * x.width
    one = float(width // heads)
    layer_norm(rec, x.elements, width)
    rec.linear(rows, width, 3 * width, bias=True, shard="column", name="qkv")
    # Autocast has lengths and quotients in FP32; each head's channels are laid out anew for a product.
    rec.narrow(2 * x.elements)
    rec.pointwise(2 * x.elements, writes=0.0, wide=True, name="lengths")
    rec.pointwise(2 * x.elements, reads=rec.narrow_reads, keeps=rec.narrow_reads, wide=True, name="normalise")
    rec.narrow(2 * x.elements)
    rec.copy(3 * x.elements, name="heads")
    rec.product(heads * x.batch, one, tokens, one, name="scores")
    rec.pointwise(heads * one * one * x.batch, keeps=1.0, parameters=float(heads), name="softmax")
    rec.product(heads * x.batch, one, one, tokens, name="values")
    rec.linear(rows, width, width, bias=True, shard="row", name="out")
    join(rec, rows, width, layer_scale=True)
    layer_norm(rec, x.elements, width)
    rec.conv(x, width, 3, groups=width, bias=True, name="neighbours")
    activate(rec, x.elements, "gelu")
    rec.norm(x.elements, width)
    rec.conv(x, width, 3, groups=width, bias=True, name="neighbours")
    join(rec, rows, width, layer_scale=True)
    layer_norm(rec, x.elements, width)
    perceptron(rec, rows, width, 4 * width)
    join(rec, rows, width, layer_scale=True)


def _class_layer(rec: Recorder, x: Map, dims: Dims) -> None:
    """The class token attends to all tokens, then a perceptron of it alone."""
    width, heads, tokens = x.channels, dims["heads"], x.height * x.width + 1.0
    rows = x.batch * tokens
    layer_norm(rec, width * rows, width)
    rec.linear(x.batch, width, width, bias=True, keeps=0.0, name="query")
    for name, keeps in (("key", 1.0), ("value", 0.0)):
        rec.linear(rows, width, width, bias=True, keeps=keeps, name=name)
    rec.attention(x.batch, heads, 1.0, tokens, width // heads)
    rec.linear(x.batch, width, width, bias=True, name="out")
    join(rec, x.batch, width, layer_scale=True)
    layer_norm(rec, width * (rows if dims.get("token_norm") else x.batch), width)
    perceptron(rec, x.batch, width, 4 * width)
    join(rec, x.batch, width, layer_scale=True)
