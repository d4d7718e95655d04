"""EdgeNeXt: ConvNeXt's blocks with small kernels, and attention between channels at the end of a stage.

Maaz et al., "EdgeNeXt: Efficiently Amalgamated CNN-Transformer Architecture for Mobile Vision Applications",
figures 2 and 3, table 1.
Letters: B batch, C channels, H W height and width of a feature map.

Dimensions, per stage: `layers`, `widths`, `kernels`, `parts` (that channels are split in before attention; 0:
a stage without), `positions` (stages with Fourier features); `heads`, `stem` ([kernel, stride]), `bias` (of
the convolutions, true), `down_first` (maps are halved by a stage's first block), `classes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.workloads import images
from whichgpu.workloads.attention import between_channels
from whichgpu.workloads.blocks import image
from whichgpu.workloads.images import join, layer_norm, perceptron

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "adamw"
DEFAULTS = images.defaults()
#: Width of the perceptron as a multiple of the stage's; of the Fourier features of a position.
_FFN, _FEATURES = 4, 64


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """Patches, four stages, mean, norm, head: (B, 3, H, W) -> (B, classes)."""
    bias = dims.get("bias", True)
    kernel, stride = dims["stem"]
    pad = kernel // 2 if kernel > stride else 0
    with rec.module("stem"):
        x = rec.conv(image(job), dims["widths"][0], kernel, stride, padding=pad,
                     bias=bias, backward="weight")  # fmt: skip
        layer_norm(rec, x.elements, x.channels)
    for i, (layers, width, side, parts) in enumerate(
        zip(dims["layers"], dims["widths"], dims["kernels"], dims["parts"], strict=True)
    ):
        with rec.module(f"stage{i + 1}"):
            plain, first = layers - bool(parts), 1
            if i and not dims.get("down_first"):
                layer_norm(rec, x.elements, x.channels)
                x = rec.conv(x, width, 2, 2, padding=0, bias=bias, name="down")
                first = 0
            if i and first:
                x = _block(rec, x, width, side, 2, bias=bias)
                plain -= 1
            with rec.module("layers", copies=float(plain)):
                _block(rec, x, width, side, 1, bias=bias)
            if parts:
                _transposed(rec, x, parts, dims, placed=i in dims["positions"])
    with rec.module("head"):
        rec.global_pool(x)
        layer_norm(rec, x.channels * x.batch, x.channels)
        rec.linear(x.batch, x.channels, dims["classes"], bias=True, name="fc")


def _block(rec: Recorder, x: Map, width: int, side: int, stride: int, *, bias: bool) -> Map:
    """Depthwise convolution, perceptron, short cut: (B, C, H, W) -> (B, C', H/stride, W/stride)."""
    y = rec.conv(x, width, side, stride, groups=x.channels, bias=bias, name="depthwise")
    _perceptron(rec, y)
    return y


def _perceptron(rec: Recorder, x: Map) -> None:
    layer_norm(rec, x.elements, x.channels)
    perceptron(rec, x.pixels, x.channels, _FFN * x.channels)
    join(rec, x.pixels, x.channels, layer_scale=True)


def _transposed(rec: Recorder, x: Map, parts: int, dims: Dims, *, placed: bool) -> None:
    """Parts of the channels one after another through a 3 x 3, attention between channels: unchanged."""
    width, heads, bias = x.channels, dims["heads"], dims.get("bias", True)
    part = x._replace(channels=-(-width // parts))
    for i in range(max(1, parts - 1)):
        if i:
            rec.add(part.elements)
        rec.conv(part, part.channels, 3, groups=part.channels, bias=bias, name="depthwise")
    rec.copy(x.elements, name="concatenate")
    if placed:
        rec.conv(x._replace(channels=_FEATURES), width, 1, bias=True, keeps=0.0, name="positions")
        rec.add(x.elements)
    layer_norm(rec, x.elements, width)
    rec.pointwise(2 * x.elements, keeps=1.0, parameters=float(heads), name="normalise")
    between_channels(rec, x, heads)
    join(rec, x.pixels, width, layer_scale=True)
    _perceptron(rec, x)
