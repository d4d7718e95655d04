"""GoogLeNet with batch normalisation (Szegedy et al. 2014, table 1; the 5 x 5 branch is 3 x 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from whichgpu.bench.models.parts import Norm, classes_loss, images

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

READS = frozenset(("blocks", "auxiliary", "classes"))
batch, loss = images, classes_loss
#: Kernel of the maximum before a block.
_POOLS = {"3a": 3, "4a": 3, "5a": 2}


class Inception(nn.Module):
    """Four branches side by side: (B, C, H, W) -> (B, sum, H, W)."""

    def __init__(self, channels: int, widths: Sequence[int]) -> None:
        super().__init__()
        one, reduce3, three, reduce5, five, project = widths
        self.branches = nn.ModuleList([
            Norm(channels, one, 1),
            nn.Sequential(Norm(channels, reduce3, 1), Norm(reduce3, three, 3)),
            nn.Sequential(Norm(channels, reduce5, 1), Norm(reduce5, five, 3)),
            nn.Sequential(nn.MaxPool2d(3, 1, 1), Norm(channels, project, 1)),
        ])  # fmt: skip
        self.out = one + three + five + project

    def forward(self, x: Tensor) -> Tensor:
        """The branches, concatenated."""
        return torch.cat([branch(x) for branch in self.branches], 1)


class GoogLeNet(nn.Module):
    """(B, 3, H, W) -> (B, classes), in training with the outputs of the auxiliary classifiers."""

    def __init__(self, dims: Mapping[str, Any], *, auxiliary: bool) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            Norm(3, 64, 7, 2), nn.MaxPool2d(3, 2, ceil_mode=True), Norm(64, 64, 1), Norm(64, 192, 3)
        )
        self.blocks, self.side = nn.ModuleDict(), nn.ModuleDict()
        channels = 192
        for name, widths in dims["blocks"].items():
            block = Inception(channels, widths)
            pool = [nn.MaxPool2d(_POOLS[name], 2, ceil_mode=True)] if name in _POOLS else []
            self.blocks[name] = nn.Sequential(*pool, block)
            channels = block.out
            if auxiliary and name in dims["auxiliary"]:
                self.side[name] = _auxiliary(channels, dims["classes"])
        self.head = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(channels, dims["classes"])
        )

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, ...]:
        """Classes, and what the auxiliary classifiers say."""
        x, beside = self.stem(x), []
        for name, block in self.blocks.items():
            x = block(x)
            if name in self.side:
                beside.append(self.side[name](x))
        return (self.head(x), *beside) if beside else self.head(x)


def _auxiliary(channels: int, classes: int) -> nn.Module:
    return nn.Sequential(
        nn.AdaptiveAvgPool2d(4), Norm(channels, 128, 1), nn.Flatten(), nn.Linear(2048, 1024),
        nn.ReLU(inplace=True), nn.Dropout(0.7), nn.Linear(1024, classes),
    )  # fmt: skip


def build(dims: Mapping[str, Any], phase: str) -> nn.Module:
    """The network of a phase."""
    return GoogLeNet(dims, auxiliary=phase == "train")
