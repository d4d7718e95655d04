"""ResNet v1.5: basic or bottleneck blocks, the stride on the 3 x 3 (He et al. 2015, table 1).

ResNeXt and Wide ResNet by their dimensions, SE-ResNet's gate, the stem and short cut of "D" (He et al. 2018).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

from whichgpu.bench.models.parts import Chain, Gate, Norm, classes_loss, images
from whichgpu.workloads.images import round_channels

if TYPE_CHECKING:
    from collections.abc import Mapping

READS = frozenset((
    "block", "layers", "classes", "groups", "group_width", "stem", "mean_down", "squeeze", "squeeze_multiple",
))  # fmt: skip
batch, loss = images, classes_loss


class Block(nn.Module):
    """Two 3 x 3, or 1 x 1, 3 x 3 and 1 x 1, and the short cut: (B, C, H, W) -> (B, out, H', W')."""

    def __init__(self, dims: Mapping[str, Any], channels: int, width: int, out: int, *, stride: int) -> None:
        super().__init__()
        groups = dims.get("groups", 1)
        if dims["block"] == "basic":
            layers = [Norm(channels, width, 3, stride), Norm(width, out, 3, relu=False)]
        else:
            layers = [Norm(channels, width, 1), Norm(width, width, 3, stride, groups=groups),
                      Norm(width, out, 1, relu=False)]  # fmt: skip
        if "squeeze" in dims:
            squeezed = round_channels(out * dims["squeeze"], dims.get("squeeze_multiple", 1), least=0.0)
            layers.append(Gate(out, squeezed))
        self.main = nn.Sequential(*layers)
        self.short = _short(channels, out, stride, mean=dims.get("mean_down", False))
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """The block with its short cut."""
        return self.relu(self.main(x) + self.short(x))


def _short(channels: int, out: int, stride: int, *, mean: bool) -> nn.Module:
    if stride == 1 and channels == out:
        return nn.Identity()
    if mean and stride > 1:
        halved = nn.AvgPool2d(2, 2, ceil_mode=True, count_include_pad=False)
        return nn.Sequential(halved, Norm(channels, out, 1, relu=False))
    return Norm(channels, out, 1, stride, relu=False)


def build(dims: Mapping[str, Any], phase: str) -> nn.Module:
    """(B, 3, H, W) -> (B, classes)."""
    del phase
    groups, expansion = dims.get("groups", 1), 1 if dims["block"] == "basic" else 4
    channels, *more = dims.get("stem", [64])
    layers: list[nn.Module] = [Norm(3, channels, 3 if more else 7, 2)]
    for out in more:
        layers.append(Norm(channels, out, 3))
        channels = out
    layers.append(nn.MaxPool2d(3, 2, 1))
    for stage, blocks in enumerate(dims["layers"]):
        planes = 64 * 2**stage
        width, out = planes * dims.get("group_width", 64) // 64 * groups, planes * expansion
        for i in range(blocks):
            layers.append(Block(dims, channels, width, out, stride=2 if stage and not i else 1))
            channels = out
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, dims["classes"])]
    return Chain(*layers, *head)
