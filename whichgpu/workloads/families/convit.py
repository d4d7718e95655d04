"""ConViT: attention that each head mixes with weights of positions alone, then a plain vision transformer.

d'Ascoli et al., "ConViT: Improving Vision Transformers with Soft Convolutional Inductive Biases", figures 3
and 4, table 1.
Letters: B batch, S tokens of an image, D width of a token, P side of a patch.

Dimensions: `image` (side that the learned positions are for), `patch`, `width`, `heads`, `gated` (layers with
weights of positions) and `layers` (plain ones, with a class token), `ffn` (times the width), `classes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.workloads import images
from whichgpu.workloads.attention import layer
from whichgpu.workloads.blocks import image
from whichgpu.workloads.images import layer_norm, transformer_layer

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "adamw"
DEFAULTS = images.defaults()
#: What a weight of two positions depends on: their two differences and distance.
_DIFFERENCES = 3


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """Patches, gated layers, plain layers, head: (B, 3, H, W) -> (B, S, D) -> (B, classes)."""
    width, heads, patch = dims["width"], dims["heads"], dims["patch"]
    with rec.module("embeddings"):
        x = rec.conv(image(job), width, patch, patch, padding=0, bias=True, backward="weight", name="patches")
        held = float(width * ((dims["image"] // patch) ** 2))
        rec.pointwise(x.elements, wide=True, parameters=held, name="positions")
    with rec.module("gated_layers", copies=float(dims["gated"])):
        layer(rec, x, lambda: _gated(rec, x, heads), dims["ffn"] * width)
    tokens = x.height * x.width + 1.0
    with rec.module("class_token"):
        rec.pointwise(width * x.batch * tokens, parameters=float(width), name="concatenate")
    with rec.module("layers", copies=float(dims["layers"])):
        transformer_layer(rec, x.batch, tokens, width, heads=heads, ffn=dims["ffn"] * width, qkv_bias=False)
    with rec.module("head"):
        layer_norm(rec, width * x.batch * tokens, width)
        rec.linear(x.batch, width, dims["classes"], bias=True, name="fc")


def _gated(rec: Recorder, x: Map, heads: int) -> None:
    """Scores of content and of positions, a softmax each, mixed by a gate of each head: shape unchanged."""
    width, places = x.channels, x.height * x.width
    pairs = x.batch * places * places
    rec.linear(x.pixels, width, 2 * width, shard="column", name="query_key")
    rec.linear(x.pixels, width, width, keeps=0.0, shard="column", name="value")
    rec.linear(pairs, _DIFFERENCES, heads, bias=True, name="position_scores")
    rec.product(heads * x.batch, places, float(width // heads), places, name="scores")
    for name in ("softmax", "position_softmax"):
        rec.narrow(heads * pairs)
        rec.pointwise(heads * pairs, keeps=1.0, wide=True, name=name)
    for name in ("gate_content", "gate_position"):
        rec.pointwise(heads * pairs, wide=True, name=name)
    rec.pointwise(heads * pairs, reads=2.0, keeps=1.0, wide=True, parameters=float(heads), name="mix")
    rec.pointwise(heads * pairs, writes=0.0, wide=True, name="sum")
    rec.pointwise(heads * pairs, keeps=1.0, wide=True, name="normalise")
    rec.narrow(heads * pairs)
    rec.product(heads * x.batch, places, places, float(width // heads), name="values")
    rec.linear(x.pixels, width, width, bias=True, shard="row", name="out")
