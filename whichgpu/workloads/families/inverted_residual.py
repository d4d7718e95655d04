"""MobileNet v1 to v3, MnasNet, EfficientNet and EfficientNetV2: depthwise convolutions in wide blocks.

Howard et al., "MobileNets" and "Searching for MobileNetV3", table 1 and 2; Sandler et al., "MobileNetV2",
table 2; Tan et al., "MnasNet", "EfficientNet" (table 1) and "EfficientNetV2" (table 4).
Letters: B batch, C channels, E expanded channels, H W height and width of a feature map.

Dimensions: `stem` (channels), `stages`, rows of [kind, kernel, stride, expansion, channels, layers,
activation] whose first layer has the stride, `width` and `depth` (which scale channels and layers), `head`
(channels of the last convolution, none for 0), `hidden` (of a dense layer before the last), `activation`
(of the rows that state none, stem and head), `squeeze_input` (a gate's squeezed width as a share of the
block's input, else of E), `classes`. Kinds: separable (depthwise, 1 x 1), inverted (1 x 1 to E,
depthwise, 1 x 1), inverted-se (with a gate), fused (one convolution to E, 1 x 1).
In place of `stages`, `blocks`: rows of [kind, kernel, stride, E, channels, layers, squeezed width of the
gate, activation] with the sizes as they are, of the kinds of `workloads/mobile.py`; `scaled` (the channels of
universal and attention blocks are), `group_width` (of the convolutions of kinds with `-grouped` behind them),
`gate` (context), `stem_kernel` (3), `smooth` (mean or blur, where maps are halved), `hidden_norm`; `kept`
(the rows whose maps go on side by side) and `joined` (two widths behind them, and how many places are one
then). No `classes`: an encoder.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from whichgpu.values import NamedTuple
from whichgpu.workloads import images
from whichgpu.workloads.blocks import activate, classifier, conv_norm, image
from whichgpu.workloads.images import round_channels, squeeze_excite
from whichgpu.workloads.mobile import Block, block

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from whichgpu.workloads.job import Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "sgd"
DEFAULTS = images.defaults()


class _Stage(NamedTuple):
    """Equal layers; the first has the stride and the change of width."""

    kind: str
    kernel: int
    stride: int
    expansion: float
    channels: int
    layers: int
    activation: str
    squeeze_input: float


def forward(dims: Mapping[str, Any], job: Job, rec: Recorder) -> None:
    """Stem, stages, last convolution, classifier: (B, 3, H, W) -> (B, classes)."""
    kind = dims["activation"]
    stem = dims["stem"] if "blocks" in dims else round_channels(dims["stem"] * dims.get("width", 1.0))
    with rec.module("stem"):
        x = conv_norm(rec, image(job), stem, dims.get("stem_kernel", 3), 2, activation=kind,
                      backward="weight")  # (B, C, H/2, W/2)  # fmt: skip
    kept = []
    for i, (one, layers) in enumerate(_blocks(dims)):
        with rec.module(f"block{i + 1}", copies=float(layers)):
            x = block(rec, x, one)
        if i + 1 in dims.get("kept", ()):
            kept.append(x)
    if kept:
        with rec.module("fusion"):
            x = _together(rec, kept, dims)
    for i, stage in enumerate(_stages(dims)):
        with rec.module(f"stage{i + 1}"):
            x = _layer(rec, x, stage, stage.stride)
            with rec.module("rest", copies=float(stage.layers - 1)):
                x = _layer(rec, x, stage, 1) if stage.layers > 1 else x
    with rec.module("head"):
        _head(rec, x, dims)


def feature_maps(dims: Mapping[str, Any], rec: Recorder, x: Map) -> list[Map]:
    """Stem and stages of a network of `stages`, as the backbone of a detector: the map behind each stage."""
    with rec.module("stem"):
        stem = round_channels(dims["stem"] * dims.get("width", 1.0))
        maps = [conv_norm(rec, x, stem, 3, 2, activation=dims["activation"], backward="weight")]
    for i, stage in enumerate(_stages(dims)):
        with rec.module(f"stage{i + 1}"):
            y = _layer(rec, maps[-1], stage, stage.stride)
            if stage.layers > 1:
                with rec.module("rest", copies=float(stage.layers - 1)):
                    y = _layer(rec, y, stage, 1)
        maps.append(y)
    return maps[1:]


def _together(rec: Recorder, maps: Sequence[Map], dims: Mapping[str, Any]) -> Map:
    """Maps side by side at the first one's size, widened and brought to one width, halved to the last's."""
    x = maps[0]._replace(channels=sum(one.channels for one in maps))
    rec.copy(x.elements, name="concatenate")
    x = conv_norm(rec, x, dims["joined"][0], 1, activation=dims["activation"], name="expand")
    x = conv_norm(rec, x, dims["joined"][1], 1, relu=False, name="project")
    x = rec.pool(x, dims["joined"][2], dims["joined"][2], average=True)
    rec.norm(x.elements, x.channels)
    return x


def _blocks(dims: Mapping[str, Any]) -> Iterator[tuple[Block, int]]:
    """The rows of `blocks`, each with its count of layers."""
    for kind, kernel, stride, wide, channels, layers, squeezed, *own in dims.get("blocks", ()):
        kept = kind in ("universal", "attention") and dims.get("scaled", False)
        act = own[0] if own else dims["activation"]
        gate = dims.get("gate", "silu" if act == "silu" else "relu")
        plain = kind.removesuffix("-grouped")
        yield (
            Block(plain, kernel, stride, wide, channels, squeezed, act, kept, dims.get("smooth", ""), gate,
                  dims["group_width"] if plain != kind else 0),
            layers,
        )  # fmt: skip


def _stages(dims: Mapping[str, Any]) -> Iterator[_Stage]:
    """The rows of `stages`, scaled."""
    width, depth = dims.get("width", 1.0), dims.get("depth", 1.0)
    for kind, kernel, stride, expansion, channels, layers, *own in dims.get("stages", ()):
        yield _Stage(
            kind, kernel, stride, expansion, round_channels(channels * width), math.ceil(layers * depth),
            own[0] if own else dims["activation"], dims.get("squeeze_input", 0.0),
        )  # fmt: skip


def _layer(rec: Recorder, x: Map, stage: _Stage, stride: int) -> Map:
    """Expand, filter, gate, project: (B, C, H, W) -> (B, E, H/stride, W/stride) -> (B, C', ..)."""
    kind = stage.activation
    wide = round_channels(x.channels * stage.expansion)
    y = x
    if stage.kind == "fused":
        y = conv_norm(rec, y, wide if wide != x.channels else stage.channels, stage.kernel, stride,
                      activation=kind)  # fmt: skip
    else:
        if wide != x.channels:
            y = conv_norm(rec, y, wide, 1, activation=kind)
        y = conv_norm(rec, y, wide, stage.kernel, stride, groups=wide, activation=kind, name="depthwise")
    if stage.kind == "inverted-se":
        squeezed = int(x.channels * stage.squeeze_input) or round_channels(wide // 4)
        squeeze_excite(rec, y, squeezed, activation="silu" if stage.squeeze_input else "relu")
    if stage.kind != "fused" or wide != x.channels:
        y = conv_norm(rec, y, stage.channels, 1, relu=stage.kind == "separable", activation=kind,
                      name="project")  # fmt: skip
    if stride == 1 and y.channels == x.channels and stage.kind != "separable":
        rec.add(y.elements)
    return y


def _head(rec: Recorder, x: Map, dims: Mapping[str, Any]) -> None:
    """Last convolution, mean, one or two dense layers: (B, C, H, W) -> (B, classes)."""
    kind = dims["activation"]
    if not dims["classes"]:
        return None
    if dims["head"]:
        x = conv_norm(rec, x, dims["head"], 1, activation=kind)
    if "hidden" not in dims:
        return classifier(rec, x, dims["classes"])
    rec.global_pool(x)
    rec.linear(x.batch, x.channels, dims["hidden"], bias=dims.get("hidden_bias", True), name="hidden")
    if dims.get("hidden_norm"):
        rec.norm(dims["hidden"] * x.batch, dims["hidden"])
    activate(rec, dims["hidden"] * x.batch, kind)
    rec.dropout(dims["hidden"] * x.batch)
    rec.linear(x.batch, dims["hidden"], dims["classes"], bias=True, name="fc")
    return None
