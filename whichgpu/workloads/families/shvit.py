"""SHViT: attention with a single head, on a part of the channels, where maps are small.

Yun and Ro, "SHViT: Single-Head Vision Transformer with Memory Efficient Macro Design", figures 4
and 5, table 1.
Letters: B batch, C channels, H W height and width of a feature map.

Dimensions: `widths`, `layers` and `attention` (channels that have it, 0 for none), per stage; `key` (width of
query and key), `classes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.workloads import images
from whichgpu.workloads.blocks import activate, conv_norm, image
from whichgpu.workloads.images import round_channels, squeeze_excite

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.workloads.job import Job
    from whichgpu.workloads.recorder import Map, Recorder

    Dims = Mapping[str, Any]

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "adamw"
DEFAULTS = images.defaults()
#: Channels inside of a perceptron, and of a merging, for one of the stage's; share inside of its gate.
_FFN, _MERGE, _GATE = 2, 4, 0.25


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """Four convolutions, three stages, mean, norm, head: (B, 3, H, W) -> (B, classes)."""
    x = image(job)
    with rec.module("stem"):
        for i in range(4):
            x = conv_norm(rec, x, dims["widths"][0] // 2 ** (3 - i), 3, 2, relu=i < 3,
                          backward="full" if i else "weight")  # fmt: skip
    for i, (width, layers, part) in enumerate(
        zip(dims["widths"], dims["layers"], dims["attention"], strict=True)
    ):
        with rec.module(f"stage{i + 1}"):
            if i:
                _depthwise(rec, x)
                _perceptron(rec, x)
                x = _merge(rec, x, width)
                _depthwise(rec, x)
                _perceptron(rec, x)
            with rec.module("layers", copies=float(layers)):
                _depthwise(rec, x)
                if part:
                    _attention(rec, x, part, dims["key"])
                _perceptron(rec, x)
    with rec.module("head"):
        rec.global_pool(x)
        rec.norm(x.channels * x.batch, x.channels)
        rec.linear(x.batch, x.channels, dims["classes"], bias=True, name="fc")


def _depthwise(rec: Recorder, x: Map) -> None:
    conv_norm(rec, x, x.channels, 3, groups=x.channels, relu=False, name="depthwise")
    rec.add(x.elements)


def _perceptron(rec: Recorder, x: Map) -> None:
    conv_norm(rec, conv_norm(rec, x, _FFN * x.channels, 1), x.channels, 1, relu=False)
    rec.add(x.elements)


def _merge(rec: Recorder, x: Map, width: int) -> Map:
    """1 x 1, depthwise 3 x 3, gate, 1 x 1: (B, C, H, W) -> (B, C', H/2, W/2)."""
    wide = _MERGE * x.channels
    y = conv_norm(rec, conv_norm(rec, x, wide, 1), wide, 3, 2, groups=wide, name="depthwise")
    squeeze_excite(rec, y, round_channels(wide * _GATE, 8, least=0.0))
    return conv_norm(rec, y, width, 1, relu=False)


def _attention(rec: Recorder, x: Map, part: int, key: int) -> None:
    """One head on `part` of the channels, joined with the others by a 1 x 1: shape unchanged."""
    seen, places = x._replace(channels=part), x.height * x.width
    rec.norm(seen.elements, part)
    conv_norm(rec, seen, 2 * key + part, 1, relu=False, name="qkv")
    rec.attention(x.batch, 1, places, places, key, value_dim=part)
    rec.copy(x.elements, name="concatenate")
    activate(rec, x.elements)
    conv_norm(rec, x, x.channels, 1, relu=False, name="out")
    rec.add(x.elements)
