"""Inception v3 (Szegedy et al. 2015, table 1); 299 x 299 comes down to 8 x 8."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from whichgpu.bench.models.parts import Norm, classes_loss, images

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Branch = Sequence[tuple[int, int | tuple[int, int]]]

READS = frozenset(("pool_features", "seven", "classes"))
batch, loss = images, classes_loss


class Side(nn.Module):
    """Branches side by side: (B, C, H, W) -> (B, sum, H', W')."""

    def __init__(self, *branches: nn.Module) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x: Tensor) -> Tensor:
        """The branches, concatenated."""
        return torch.cat([branch(x) for branch in self.branches], 1)


def _chain(channels: int, layers: Branch) -> nn.Sequential:
    modules = []
    for out, kernel in layers:
        modules.append(Norm(channels, out, kernel))
        channels = out
    return nn.Sequential(*modules)


def _block(channels: int, *branches: Branch, pool: int) -> Side:
    mean = nn.Sequential(nn.AvgPool2d(3, 1, 1), Norm(channels, pool, 1))
    return Side(*(_chain(channels, one) for one in branches), mean)


def _reduce(channels: int, before: Branch, deep: Branch, out: int, deep_out: int) -> Side:
    def strided(layers: Branch, last: int) -> nn.Sequential:
        width = layers[-1][0] if layers else channels
        return nn.Sequential(_chain(channels, layers), Norm(width, last, 3, 2, padding=0))

    return Side(strided(before, out), strided(deep, deep_out), nn.MaxPool2d(3, 2))


def _widest(channels: int) -> Side:
    def fork(layers: Branch) -> nn.Sequential:
        return nn.Sequential(_chain(channels, layers), Side(Norm(384, 384, (1, 3)), Norm(384, 384, (3, 1))))

    mean = nn.Sequential(nn.AvgPool2d(3, 1, 1), Norm(channels, 192, 1))
    return Side(_chain(channels, [(320, 1)]), fork([(384, 1)]), fork([(448, 1), (384, 3)]), mean)


class Inception(nn.Module):
    """(B, 3, H, W) -> (B, classes), in training with the auxiliary classifier's output."""

    def __init__(self, dims: Mapping[str, Any], *, auxiliary: bool) -> None:
        super().__init__()
        classes = dims["classes"]
        self.early = nn.Sequential(
            Norm(3, 32, 3, 2, padding=0), Norm(32, 32, 3, padding=0), Norm(32, 64, 3), nn.MaxPool2d(3, 2),
            Norm(64, 80, 1), Norm(80, 192, 3, padding=0), nn.MaxPool2d(3, 2), *_early(dims),
        )  # fmt: skip
        self.side = _auxiliary(classes) if auxiliary else None
        deep: Branch = [(192, 1), (192, (1, 7)), (192, (7, 1))]
        self.late = nn.Sequential(
            _reduce(768, [(192, 1)], deep, 320, 192), _widest(1280), _widest(2048),
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(), nn.Linear(2048, classes),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        """Classes, and what the auxiliary classifier says."""
        x = self.early(x)
        return self.late(x) if self.side is None else (self.late(x), self.side(x))


def _early(dims: Mapping[str, Any]) -> list[nn.Module]:
    """The blocks at 35 x 35 and 17 x 17: 192 -> 768 channels."""
    blocks: list[nn.Module] = []
    channels = 192
    for features in dims["pool_features"]:
        branches: list[Branch] = [[(64, 1)], [(48, 1), (64, 5)], [(64, 1), (96, 3), (96, 3)]]
        blocks.append(_block(channels, *branches, pool=features))
        channels = 224 + features
    blocks.append(_reduce(channels, [], [(64, 1), (96, 3)], 384, 96))
    for c in dims["seven"]:
        blocks.append(_block(
            768, [(192, 1)], [(c, 1), (c, (1, 7)), (192, (7, 1))],
            [(c, 1), (c, (7, 1)), (c, (1, 7)), (c, (7, 1)), (192, (1, 7))], pool=192,
        ))  # fmt: skip
    return blocks


def _auxiliary(classes: int) -> nn.Module:
    return nn.Sequential(
        nn.AvgPool2d(5, 3), Norm(768, 128, 1), Norm(128, 768, 5, padding=0), nn.AdaptiveAvgPool2d(1),
        nn.Flatten(), nn.Linear(768, classes),
    )  # fmt: skip


def build(dims: Mapping[str, Any], phase: str) -> nn.Module:
    """The network of a phase."""
    return Inception(dims, auxiliary=phase == "train")
