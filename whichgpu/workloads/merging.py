"""What EfficientViT (of Microsoft) and SHViT have alike: the stem, perceptrons by 1 x 1, and gated merging.

Liu et al., "EfficientViT", figure 6; Yun and Ro, "SHViT", figure 5.
Letters: B batch, C channels, H W height and width of a feature map.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.workloads.blocks import conv_norm, image
from whichgpu.workloads.images import round_channels, squeeze_excite

if TYPE_CHECKING:
    from collections.abc import Callable

    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Map, Recorder

#: Channels inside of a perceptron, and of a merging, for one of the stage's; share inside of its gate.
_FFN, _MERGE, _GATE = 2, 4, 0.25


def staged(dims: Dims, job: Job, rec: Recorder, layer: Callable[[Map, int], None]) -> None:
    """Four convolutions, stages of layers, mean, norm, head: (B, 3, H, W) -> (B, classes).

    `layer` records a layer of a stage, which is counted from 0, on its map.
    """
    with rec.module("stem"):
        x = stem(rec, image(job), dims["widths"][0])
    for i, (width, layers) in enumerate(zip(dims["widths"], dims["layers"], strict=True)):
        with rec.module(f"stage{i + 1}"):
            if i:
                local(rec, x)
                x = merge(rec, x, width)
                local(rec, x)
            with rec.module("layers", copies=float(layers)):
                layer(x, i)
    with rec.module("head"):
        head(rec, x, dims["classes"])


def stem(rec: Recorder, x: Map, width: int) -> Map:
    """Four convolutions, each to a half of the sides: (B, 3, H, W) -> (B, width, H/16, W/16)."""
    for i in range(4):
        x = conv_norm(rec, x, width // 2 ** (3 - i), 3, 2, relu=i < 3, backward="full" if i else "weight")
    return x


def depthwise(rec: Recorder, x: Map) -> None:
    """A depthwise 3 x 3 and its short cut: shape unchanged."""
    conv_norm(rec, x, x.channels, 3, groups=x.channels, relu=False, name="depthwise")
    rec.add(x.elements)


def perceptron(rec: Recorder, x: Map) -> None:
    """Two 1 x 1 and their short cut: shape unchanged."""
    conv_norm(rec, conv_norm(rec, x, _FFN * x.channels, 1), x.channels, 1, relu=False)
    rec.add(x.elements)


def local(rec: Recorder, x: Map) -> None:
    """A depthwise 3 x 3, then a perceptron: shape unchanged."""
    depthwise(rec, x)
    perceptron(rec, x)


def merge(rec: Recorder, x: Map, width: int) -> Map:
    """1 x 1, depthwise 3 x 3, gate, 1 x 1: (B, C, H, W) -> (B, width, H/2, W/2)."""
    wide = _MERGE * x.channels
    y = conv_norm(rec, conv_norm(rec, x, wide, 1), wide, 3, 2, groups=wide, name="depthwise")
    squeeze_excite(rec, y, round_channels(wide * _GATE, 8, least=0.0))
    return conv_norm(rec, y, width, 1, relu=False)


def head(rec: Recorder, x: Map, classes: int) -> None:
    """Mean, norm, dense layer: (B, C, H, W) -> (B, classes)."""
    rec.global_pool(x)
    rec.norm(x.channels * x.batch, x.channels)
    rec.linear(x.batch, x.channels, classes, bias=True, name="fc")
