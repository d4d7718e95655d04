"""TinyViT: mobile blocks, then attention in windows with a depthwise 3 x 3 behind it.

Wu et al., "TinyViT: Fast Pretraining Distillation for Small Vision Transformers", section 3.2 and table 1.
Letters: B batch, C channels, H W height and width of a feature map.

Dimensions: `widths`, `layers`, `heads` and `windows` (sides), per stage, the first stage having no attention;
`classes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.workloads import images
from whichgpu.workloads.attention import in_windows
from whichgpu.workloads.blocks import activate, conv_norm, image
from whichgpu.workloads.images import join, layer_norm, perceptron

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "adamw"
DEFAULTS = images.defaults()
#: Width of the perceptron, and of a mobile block, as a multiple of the stage's.
_FFN = 4


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """Two convolutions, four stages, mean, norm, head: (B, 3, H, W) -> (B, classes)."""
    x = encode(dims, job, rec)
    with rec.module("head"):
        rec.global_pool(x)
        layer_norm(rec, x.channels * x.batch, x.channels)
        rec.linear(x.batch, x.channels, dims["classes"], bias=True, name="fc")


def encode(dims: Dims, job: Job, rec: Recorder) -> Map:
    """Two convolutions and the stages: (B, 3, H, W) -> (B, C, H/32, W/32), H/16 with a `last_stride` of 1."""
    with rec.module("stem"):
        first = dims["widths"][0]
        x = conv_norm(rec, image(job), first // 2, 3, 2, activation="gelu", backward="weight")
        x = conv_norm(rec, x, first, 3, 2, relu=False)  # (B, C, H/4, W/4)
    stages = zip(dims["widths"], dims["layers"], dims["heads"], dims["windows"], strict=True)
    for i, (width, layers, heads, window) in enumerate(stages):
        with rec.module(f"stage{i + 1}"):
            if i:
                last = i == len(dims["widths"]) - 1
                x = _mobile(rec, x, width, width, stride=dims.get("last_stride", 2) if last else 2)
            with rec.module("layers", copies=float(layers)):
                if i:
                    _layer(rec, x, heads, window)
                else:
                    _mobile(rec, x, _FFN * width, width, stride=1)
                    rec.add(x.elements)
                    activate(rec, x.elements, "gelu")
    return x


def _mobile(rec: Recorder, x: Map, inside: int, out: int, *, stride: int) -> Map:
    """1 x 1, depthwise 3 x 3, 1 x 1: (B, C, H, W) -> (B, out, H/stride, W/stride)."""
    y = conv_norm(rec, x, inside, 1, activation="gelu", name="up")
    y = conv_norm(rec, y, inside, 3, stride, groups=inside, activation="gelu", name="depthwise")
    return conv_norm(rec, y, out, 1, relu=False, name="down")


def _layer(rec: Recorder, x: Map, heads: int, window: int) -> None:
    """Attention in windows, a depthwise 3 x 3, a perceptron: shape unchanged."""
    width = x.channels
    layer_norm(rec, x.elements, width)
    rec.pointwise(float(heads * window**4), parameters=float(heads * window**2), name="biases")
    in_windows(rec, x, heads, window)
    join(rec, x.pixels, width)
    conv_norm(rec, x, width, 3, groups=width, relu=False, name="depthwise")
    layer_norm(rec, x.elements, width)
    perceptron(rec, x.pixels, width, _FFN * width)
    join(rec, x.pixels, width)
