"""FocalNet: a query is weighed by what depthwise convolutions of growing size see around it.

Yang et al., "Focal Modulation Networks", figure 2 and section 3.
Letters: B batch, C channels, H W height and width of a feature map, L levels.

Dimensions: `layers` and `widths` per stage, `levels` and `windows` (side of the first kernel, the next ones
two wider each) per stage, `down`, [side, stride, padding] of the convolution before each stage;
`layer_scale`, `modulator_norm`, `classes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.workloads import images
from whichgpu.workloads.blocks import activate, image
from whichgpu.workloads.images import join, layer_norm

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "adamw"
DEFAULTS = images.defaults()
#: Width of the perceptron as a multiple of the stage's.
_FFN = 4


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """Four stages, mean, head: (B, 3, H, W) -> (B, classes)."""
    x = image(job)
    stages = zip(dims["layers"], dims["widths"], dims["levels"], dims["windows"], dims["down"], strict=True)
    for i, (layers, width, levels, window, (side, stride, padding)) in enumerate(stages):
        with rec.module(f"stage{i + 1}"):
            x = rec.conv(x, width, side, stride, padding=padding, bias=True, name="down",
                         backward="full" if i else "weight")  # fmt: skip
            layer_norm(rec, x.elements, width)
            with rec.module("layers", copies=float(layers)):
                _layer(rec, x, levels, window, dims)
    with rec.module("head"):
        layer_norm(rec, x.elements, x.channels)
        rec.global_pool(x)
        if dims["classes"]:
            rec.linear(x.batch, x.channels, dims["classes"], bias=True, name="fc")


def _layer(rec: Recorder, x: Map, levels: int, window: int, dims: Dims) -> None:
    """Modulation and perceptron, each with a norm before it (or behind it, as dear): shape unchanged."""
    width, scaled = x.channels, bool(dims.get("layer_scale"))
    layer_norm(rec, x.elements, width)
    _modulation(rec, x, levels, window, normed=bool(dims.get("modulator_norm")))
    join(rec, x.pixels, width, layer_scale=scaled)
    layer_norm(rec, x.elements, width)
    wide = rec.conv(x, _FFN * width, 1, bias=True, name="up")
    activate(rec, wide.elements, "gelu")
    rec.conv(wide, width, 1, bias=True, name="down")
    join(rec, x.pixels, width, layer_scale=scaled)


def _modulation(rec: Recorder, x: Map, levels: int, window: int, *, normed: bool) -> None:
    """Query, context and gates; the context level by level, and its mean; their product: shape unchanged."""
    width = x.channels
    rec.conv(x, 2 * width + levels + 1, 1, bias=True, name="split")
    for level in range(levels):
        rec.conv(x, width, window + 2 * level, groups=width, name="context")
        activate(rec, x.elements, "gelu")
        rec.pointwise(x.elements, reads=3.0, keeps=1.0, name="gather")
    rec.global_pool(x)
    activate(rec, width * x.batch, "gelu")
    rec.pointwise(x.elements, reads=2.0, keeps=1.0, name="gather_mean")
    rec.conv(x, width, 1, bias=True, name="modulator")
    rec.pointwise(x.elements, reads=2.0, keeps=2.0, name="modulate")
    if normed:
        layer_norm(rec, x.elements, width)
    rec.conv(x, width, 1, bias=True, name="out")
