"""Vision transformers: ViT, DeiT, and the towers of DINOv2, CLIP and SigLIP.

Dosovitskiy et al., "An Image is Worth 16x16 Words", table 1; Touvron et al., "DeiT III" (scale of each
channel); Oquab et al., "DINOv2"; Zhai et al., "Sigmoid Loss" (attention in place of the class token).
Letters: B batch, S tokens of an image, D width of a token, P side of a patch.

Dimensions: `image` (side that the learned positions are for), `patch`, `width`, `layers`, `heads`, `ffn`,
`classes` (0: features only), `class_token` (true), `bare_token` (no position for it), `pool` (token,
attention), `layer_scale`, `pre_norm` (a norm before the layers, and patches without bias), `gated` (SwiGLU).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.workloads import images
from whichgpu.workloads.blocks import image
from whichgpu.workloads.images import join, layer_norm, perceptron, transformer_layer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.workloads.job import Job
    from whichgpu.workloads.recorder import Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "adamw"
DEFAULTS = images.defaults()


def forward(dims: Mapping[str, Any], job: Job, rec: Recorder) -> None:
    """Patches, layers, head: (B, 3, H, W) -> (B, S, D) -> (B, classes)."""
    batch, width = job.batch, dims["width"]
    with rec.module("embeddings"):
        tokens = _embed(dims, job, rec)
    with rec.module("layers", copies=float(dims["layers"])):
        transformer_layer(
            rec, batch, tokens, width, heads=dims["heads"], ffn=dims["ffn"],
            layer_scale=dims.get("layer_scale", False), gated=dims.get("gated", False),
        )  # fmt: skip
    with rec.module("head"):
        layer_norm(rec, width * batch * tokens, width)
        if dims.get("pool", "token") == "attention":
            _attention_pool(rec, batch, tokens, dims)
        if dims["classes"]:
            rec.linear(batch, width, dims["classes"], bias=True, name="fc")


def _embed(dims: Mapping[str, Any], job: Job, rec: Recorder) -> Any:
    """Patches, class token, positions: (B, 3, H, W) -> (B, S, D); returns S."""
    width, side, special = dims["width"], dims["patch"], float(dims.get("class_token", True))
    before = dims.get("pre_norm", False)
    x = rec.conv(image(job), width, side, side, padding=0, bias=not before, backward="weight", name="patches")
    tokens = x.height * x.width + special
    elements = width * job.batch * tokens
    learned = (dims["image"] // side) ** 2 + (0.0 if dims.get("bare_token") else special)
    if special:
        rec.copy(elements, name="class_token")
    rec.pointwise(elements, wide=True, parameters=width * (learned + special), name="positions")
    if before:
        layer_norm(rec, elements, width)
    return tokens


def _attention_pool(rec: Recorder, batch: Any, tokens: Any, dims: Mapping[str, Any]) -> None:
    """A learned query attends to all tokens, then a perceptron: (B, S, D) -> (B, D)."""
    width, heads = dims["width"], dims["heads"]
    rec.linear(batch, width, width, bias=True, keeps=0.0, name="query")
    rec.linear(batch * tokens, width, 2 * width, bias=True, name="key_value")
    rec.attention(batch, heads, 1.0, tokens, width // heads)
    rec.linear(batch, width, width, bias=True, name="out")
    rec.pointwise(width * batch, parameters=float(width), name="latent")
    layer_norm(rec, width * batch, width)
    perceptron(rec, batch, width, dims["ffn"])
    join(rec, batch, width)
