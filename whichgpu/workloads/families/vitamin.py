"""ViTamin: two stages of mobile blocks, then a vision transformer with gated perceptrons.

Chen et al., "ViTamin: Designing Scalable Vision Models in the Vision-Language Era", figure 4 and table 3.
Letters: B batch, C channels, H W height and width of a feature map, S tokens, D width of a token.

Dimensions: `stem` (channels of the first stage, doubled in the second), `blocks` (per stage), `width`,
`layers`, `heads`, `ffn` (of the gated perceptron), `positions` (side of the learned grid, 0 for none),
`classes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.workloads import images
from whichgpu.workloads.attention import everywhere
from whichgpu.workloads.blocks import activate, image
from whichgpu.workloads.images import join, layer_norm, perceptron

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "adamw"
DEFAULTS = images.defaults()
#: Channels inside of a mobile block for one of its result.
_WIDE = 4


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """Two convolutions, mobile blocks, transformer, mean, norm, head: (B, 3, H, W) -> (B, classes)."""
    width = dims["width"]
    with rec.module("stem"):
        x = rec.conv(image(job), dims["stem"], 3, 2, bias=True, backward="weight")
        layer_norm(rec, x.elements, x.channels)
        activate(rec, x.elements, "gelu")
        x = rec.conv(x, dims["stem"], 3, bias=True)  # (B, C, H/2, W/2)
    for stage, blocks in enumerate(dims["blocks"]):
        with rec.module(f"stage{stage + 1}"):
            x = _mobile(rec, x, dims["stem"] * 2**stage, 2)
            with rec.module("rest", copies=float(blocks - 1)):
                x = _mobile(rec, x, x.channels, 1)
    with rec.module("embeddings"):
        layer_norm(rec, x.elements, x.channels)
        x = rec.conv(x, width, 3, 2, bias=True, name="patches")  # (B, D, H/16, W/16)
        if dims["positions"]:
            rec.pointwise(x.elements, wide=True, parameters=float(width * dims["positions"] ** 2),
                          name="positions")  # fmt: skip
    with rec.module("layers", copies=float(dims["layers"])):
        layer_norm(rec, x.elements, width)
        everywhere(rec, x, dims["heads"])
        join(rec, x.pixels, width)
        layer_norm(rec, x.elements, width)
        layer_norm(rec, x.elements, width)  # the perceptron's own
        perceptron(rec, x.pixels, width, dims["ffn"], gated=True)
        join(rec, x.pixels, width)
    with rec.module("head"):
        rec.global_pool(x)
        layer_norm(rec, width * x.batch, width)
        rec.linear(x.batch, width, dims["classes"], bias=True, name="fc")


def _mobile(rec: Recorder, x: Map, out: int, stride: int) -> Map:
    """Norm, 1 x 1, depthwise 3 x 3, 1 x 1, short cut: (B, C, H, W) -> (B, out, H/stride, W/stride)."""
    if stride > 1:
        short = rec.pool(x, 3, stride, padding=1, average=True)
        if x.channels != out:
            rec.conv(short, out, 1, bias=True, name="shortcut")
    layer_norm(rec, x.elements, x.channels)
    y = rec.conv(x, _WIDE * out, 1, bias=True, name="up")
    activate(rec, y.elements, "gelu")
    y = rec.conv(y, y.channels, 3, stride, groups=y.channels, bias=True, name="depthwise")
    activate(rec, y.elements, "gelu")
    y = rec.conv(y, out, 1, bias=True, name="down")
    rec.add(y.elements)
    return y
