"""MobileNet v1 to v3, MnasNet, EfficientNet and EfficientNetV2 (Howard et al.; Sandler et al.; Tan et al.).

Depthwise convolutions in blocks that are wide inside, as the rows of `stages` say
(`whichgpu/workloads/families/inverted_residual.py`). Networks of timm's other blocks are not written here.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

from whichgpu.bench.models.parts import Chain, Gate, Norm, activation, classes_loss, images
from whichgpu.workloads.images import round_channels

if TYPE_CHECKING:
    from collections.abc import Mapping

READS = frozenset((
    "stem", "stages", "width", "depth", "head", "hidden", "hidden_bias", "activation", "squeeze_input",
    "classes",
))  # fmt: skip
batch, loss = images, classes_loss
_KINDS = ("separable", "inverted", "inverted-se", "fused")
_DROPPED = 0.2


class Block(nn.Module):
    """Expand, filter, gate, project, and the short cut if shapes agree: (B, C, H, W) -> (B, out, H', W')."""

    def __init__(self, row: Row, channels: int, stride: int) -> None:
        super().__init__()
        wide, out, kind = round_channels(channels * row.expansion), row.out, row.act
        layers: list[nn.Module] = []
        if row.kind == "fused":
            inside = wide if wide != channels else out
            layers.append(Norm(channels, inside, row.kernel, stride, kind=kind))
        else:
            layers += [Norm(channels, wide, 1, kind=kind)] if wide != channels else []
            layers.append(Norm(wide, wide, row.kernel, stride, groups=wide, kind=kind))
        if row.kind == "inverted-se":
            squeezed = int(channels * row.squeeze) or round_channels(wide // 4)
            layers.append(Gate(wide, squeezed, "silu" if row.squeeze else "hard"))
        if row.kind != "fused" or wide != channels:
            layers.append(Norm(wide, out, 1, relu=row.kind == "separable", kind=kind))
        self.main = nn.Sequential(*layers)
        self.adds = stride == 1 and channels == out and row.kind != "separable"

    def forward(self, x: Tensor) -> Tensor:
        """The block with its short cut."""
        return x + self.main(x) if self.adds else self.main(x)


class Row:
    """A row of `stages`, scaled by the network's width and depth."""

    def __init__(self, dims: Mapping[str, Any], row: list[Any]) -> None:
        self.kind, self.kernel, self.stride, self.expansion, channels, layers, *own = row
        self.out = round_channels(channels * dims.get("width", 1.0))
        self.layers = math.ceil(layers * dims.get("depth", 1.0))
        self.act, self.squeeze = own[0] if own else dims["activation"], dims.get("squeeze_input", 0.0)


def refusal(dims: Mapping[str, Any]) -> str:
    """Why a network is not written here; empty where it is."""
    unknown = sorted({row[0] for row in dims["stages"]} - set(_KINDS))
    return f"kind '{unknown[0]}'" if unknown else ""


def build(dims: Mapping[str, Any], phase: str) -> nn.Module:
    """(B, 3, H, W) -> (B, classes)."""
    del phase
    kind, channels = dims["activation"], round_channels(dims["stem"] * dims.get("width", 1.0))
    layers: list[nn.Module] = [Norm(3, channels, 3, 2, kind=kind)]
    for row in (Row(dims, one) for one in dims["stages"]):
        for i in range(row.layers):
            layers.append(Block(row, channels, 1 if i else row.stride))
            channels = row.out
    if dims["head"]:
        layers.append(Norm(channels, dims["head"], 1, kind=kind))
        channels = dims["head"]
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    if "hidden" in dims:
        layers += [nn.Linear(channels, dims["hidden"], bias=dims.get("hidden_bias", True)), activation(kind)]
        channels = dims["hidden"]
    return Chain(*layers, nn.Dropout(_DROPPED), nn.Linear(channels, dims["classes"]))
