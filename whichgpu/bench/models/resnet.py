"""ResNet v1.5: basic or bottleneck blocks, the stride on the 3 x 3 (He et al. 2015, table 1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

from whichgpu.bench.models.parts import Chain, Norm, classes_loss, images

if TYPE_CHECKING:
    from collections.abc import Mapping

READS = frozenset(("block", "layers", "classes", "groups", "group_width"))
batch, loss = images, classes_loss


class Block(nn.Module):
    """Two 3 x 3, or 1 x 1, 3 x 3 and 1 x 1, and the short cut: (B, C, H, W) -> (B, out, H', W')."""

    def __init__(self, kind: str, channels: int, width: int, out: int, *, stride: int, groups: int) -> None:
        super().__init__()
        if kind == "basic":
            layers = [Norm(channels, width, 3, stride), Norm(width, out, 3, relu=False)]
        else:
            layers = [Norm(channels, width, 1), Norm(width, width, 3, stride, groups=groups),
                      Norm(width, out, 1, relu=False)]  # fmt: skip
        self.main = nn.Sequential(*layers)
        same = stride == 1 and channels == out
        self.short = nn.Identity() if same else Norm(channels, out, 1, stride, relu=False)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """The block with its short cut."""
        return self.relu(self.main(x) + self.short(x))


def build(dims: Mapping[str, Any], phase: str) -> nn.Module:
    """(B, 3, H, W) -> (B, classes)."""
    del phase
    groups, expansion = dims.get("groups", 1), 1 if dims["block"] == "basic" else 4
    layers: list[nn.Module] = [Norm(3, 64, 7, 2), nn.MaxPool2d(3, 2, 1)]
    channels = 64
    for stage, blocks in enumerate(dims["layers"]):
        planes = 64 * 2**stage
        width, out = planes * dims.get("group_width", 64) // 64 * groups, planes * expansion
        for i in range(blocks):
            layers.append(
                Block(dims["block"], channels, width, out, stride=2 if stage and not i else 1, groups=groups)
            )
            channels = out
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, dims["classes"])]
    return Chain(*layers, *head)
