"""NesT: transformers inside blocks of the picture that grow, four by four, until one block is all of it.

Zhang et al., "Nested Hierarchical Transformer", figure 1 and table A2.
Letters: B batch, C channels, H W height and width of a feature map.

Dimensions: `image` (side that the learned positions are for), `patch`, `widths`, `heads` and `layers` (per
level), `ffn` (times the width), `classes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.workloads import images
from whichgpu.workloads.blocks import classifier, image
from whichgpu.workloads.images import layer_norm, transformer_layer

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "adamw"
DEFAULTS = images.defaults()


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """Patches, levels of 16, 4 and 1 blocks, mean, head: (B, 3, H, W) -> (B, classes)."""
    x, levels = image(job), len(dims["widths"])
    for i, (width, heads, layers) in enumerate(
        zip(dims["widths"], dims["heads"], dims["layers"], strict=True)
    ):
        with rec.module(f"level{i + 1}"):
            if i:
                x = rec.conv(x, width, 3, bias=True, name="gather")
                layer_norm(rec, x.elements, width)
                x = rec.pool(x, 3, 2, padding=1)
            else:
                side = dims["patch"]
                x = rec.conv(x, width, side, side, padding=0, bias=True, backward="weight", name="patches")
            held = float(width * (dims["image"] // dims["patch"] // 2**i) ** 2)
            rec.pointwise(x.elements, wide=True, parameters=held, name="positions")
            blocks = float(4 ** (levels - 1 - i))
            rec.copy(x.elements, name="blocks")
            with rec.module("layers", copies=float(layers)):
                transformer_layer(rec, blocks * x.batch, x.height * x.width / blocks, width, heads=heads,
                                  ffn=dims["ffn"] * width, written=True)  # fmt: skip
            rec.copy(x.elements, name="unblock")
    with rec.module("head"):
        layer_norm(rec, x.elements, x.channels)
        classifier(rec, x, dims["classes"])
