"""DaViT: attention inside windows and attention between channels by turns.

Ding et al., "DaViT: Dual Attention Vision Transformers", figures 2 and 3, table 1.
Letters: B batch, C channels, H W height and width of a feature map.

Dimensions: `layers` (pairs of a stage), `widths`, `heads`, per stage; `window` (side), `down` (side of the
convolution between stages), `classes` (0: features only).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.workloads import images
from whichgpu.workloads.attention import between_channels, in_windows
from whichgpu.workloads.blocks import image
from whichgpu.workloads.images import join, layer_norm, perceptron

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "adamw"
DEFAULTS = images.defaults()
#: Width of the perceptron as a multiple of the stage's.
_FFN = 4


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """Four stages, mean, norm, head: (B, 3, H, W) -> (B, classes)."""
    x, window = image(job), dims["window"]
    for i, (layers, width, heads) in enumerate(
        zip(dims["layers"], dims["widths"], dims["heads"], strict=True)
    ):
        with rec.module(f"down{i}" if i else "stem"):
            x = _down(rec, x, width, dims["down"]) if i else _stem(rec, x, width)
        with rec.module(f"stage{i + 1}"), rec.module("layers", copies=float(layers)):
            _layer(rec, x, heads, window)
            _layer(rec, x, heads, 0)
    with rec.module("head"):
        rec.global_pool(x)
        layer_norm(rec, x.channels * x.batch, x.channels)
        if dims["classes"]:
            rec.linear(x.batch, x.channels, dims["classes"], bias=True, name="fc")


def _stem(rec: Recorder, x: Map, width: int) -> Map:
    """A 7 x 7 and a norm: (B, 3, H, W) -> (B, C, H/4, W/4)."""
    x = rec.conv(x, width, 7, 4, bias=True, backward="weight")
    layer_norm(rec, x.elements, width)
    return x


def _down(rec: Recorder, x: Map, width: int, side: int) -> Map:
    """A norm and a convolution: (B, C, H, W) -> (B, C', H/2, W/2)."""
    layer_norm(rec, x.elements, x.channels)
    return rec.conv(x, width, side, 2, padding=side // 3, bias=True)


def _layer(rec: Recorder, x: Map, heads: int, window: int) -> None:
    """Positions, attention (between channels for window 0), positions, perceptron: shape unchanged."""
    width = x.channels
    _positions(rec, x)
    layer_norm(rec, x.elements, width)
    if window:
        in_windows(rec, x, heads, window)
    else:
        between_channels(rec, x, heads)
    join(rec, x.pixels, width)
    _positions(rec, x)
    layer_norm(rec, x.elements, width)
    perceptron(rec, x.pixels, width, _FFN * width)
    join(rec, x.pixels, width)


def _positions(rec: Recorder, x: Map) -> None:
    """A depthwise 3 x 3, added."""
    rec.conv(x, x.channels, 3, groups=x.channels, bias=True, name="positions")
    rec.add(x.elements)
