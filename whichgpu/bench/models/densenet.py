"""DenseNet: each layer reads all layers of its block before it (Huang et al. 2016, table 1)."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from whichgpu.bench.models.parts import Chain, Norm, classes_loss, images

if TYPE_CHECKING:
    from collections.abc import Mapping

READS = frozenset(("stem", "growth", "layers", "bottleneck", "classes"))
batch, loss = images, classes_loss


class Layer(nn.Module):
    """Norm, 1 x 1, norm, 3 x 3: (B, C, H, W) -> (B, C + growth, H, W)."""

    def __init__(self, channels: int, growth: int, bottleneck: int) -> None:
        super().__init__()
        self.main = nn.Sequential(
            *_ready(channels), Norm(channels, bottleneck * growth, 1),
            nn.Conv2d(bottleneck * growth, growth, 3, padding=1, bias=False),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        """What came in, and what the layer makes of it."""
        return torch.cat((x, self.main(x)), 1)


def _ready(channels: int) -> list[nn.Module]:
    return [nn.BatchNorm2d(channels), nn.ReLU(inplace=True)]


def build(dims: Mapping[str, Any], phase: str) -> nn.Module:
    """(B, 3, H, W) -> (B, classes)."""
    del phase
    widths = [dims["stem"]] if isinstance(dims["stem"], int) else dims["stem"]
    layers: list[nn.Module] = [Norm(3, widths[0], 7 if len(widths) == 1 else 3, 2)]
    layers += [Norm(before, width, 3) for before, width in pairwise(widths)]
    layers.append(nn.MaxPool2d(3, 2, 1))
    channels, growth = widths[-1], dims["growth"]
    for i, count in enumerate(dims["layers"]):
        for _ in range(count):
            layers.append(Layer(channels, growth, dims["bottleneck"]))
            channels += growth
        if i < len(dims["layers"]) - 1:
            half = nn.Conv2d(channels, channels // 2, 1, bias=False)
            layers += [*_ready(channels), half, nn.AvgPool2d(2, 2)]
            channels //= 2
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, dims["classes"])]
    return Chain(*layers, *_ready(channels), *head)
