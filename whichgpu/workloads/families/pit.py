"""PiT: a vision transformer in three stages, halved by depthwise convolutions between them.

Heo et al., "Rethinking Spatial Dimensions of Vision Transformers", figure 2 and table 1.
Letters: B batch, S tokens of an image, D width of a token, P side of a patch.

Dimensions: `image` (side that the learned positions are for), `patch`, `stride` (of patches, which overlap),
`widths`, `heads` and `layers` (per stage), `ffn` (times the width), `distilled` (a second special token, with
a head of its own), `classes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.workloads import images
from whichgpu.workloads.blocks import image
from whichgpu.workloads.images import layer_norm, transformer_layer

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "adamw"
DEFAULTS = images.defaults()


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """Patches, three stages, head: (B, 3, H, W) -> (B, S, D) -> (B, classes)."""
    special = 2.0 if dims.get("distilled") else 1.0
    with rec.module("embeddings"):
        x = rec.conv(image(job), dims["widths"][0], dims["patch"], dims["stride"], padding=0, bias=True,
                     backward="weight", name="patches")  # fmt: skip
        held = ((dims["image"] - dims["patch"]) // dims["stride"] + 1) ** 2 + special
        rec.pointwise(x.elements, wide=True, parameters=x.channels * held, name="positions")
    for i, (width, heads, layers) in enumerate(
        zip(dims["widths"], dims["heads"], dims["layers"], strict=True)
    ):
        if i:
            with rec.module(f"down{i}"):
                rec.linear(special * x.batch, x.channels, width, bias=True, name="special_tokens")
                x = rec.conv(x, width, 3, 2, groups=x.channels, bias=True, name="depthwise")
        tokens = x.height * x.width + special
        with rec.module(f"stage{i + 1}"):
            rec.copy(width * x.batch * tokens, name="concatenate")
            with rec.module("layers", copies=float(layers)):
                transformer_layer(rec, x.batch, tokens, width, heads=heads, ffn=dims["ffn"] * width)
    with rec.module("head"):
        layer_norm(rec, special * x.channels * x.batch, x.channels)
        for _ in range(int(special)):
            rec.linear(x.batch, x.channels, dims["classes"], bias=True, name="fc")
