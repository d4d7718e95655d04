"""ConvNeXt and ConvNeXt V2: a depthwise 7 x 7, then a perceptron over channels (Liu et al.; Woo et al.)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F  # noqa: N812 (the field's own name)
from torch import Tensor, nn

from whichgpu.bench.models.parts import Chain, classes_loss, images

if TYPE_CHECKING:
    from collections.abc import Mapping

READS = frozenset(("layers", "widths", "kernels", "response_norm", "classes"))
batch, loss = images, classes_loss


class ChannelNorm(nn.LayerNorm):
    """LayerNorm over the channels of each position: (B, C, H, W) unchanged."""

    def forward(self, x: Tensor) -> Tensor:
        """With channels last while it runs, which costs nothing where they lie so."""
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class Response(nn.Module):
    """Global response normalisation of (B, H, W, C): each channel's norm over the mean of all."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.scale, self.shift = (nn.Parameter(torch.zeros(channels)) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        """Shape unchanged."""
        norm = x.norm(p=2, dim=(1, 2), keepdim=True)
        return x + torch.addcmul(self.shift, self.scale, x * norm / (norm.mean(-1, keepdim=True) + 1e-6))


class Block(nn.Module):
    """(B, C, H, W) -> (B, C, H, W), by way of 4 C channels."""

    def __init__(self, width: int, kernel: int, *, responds: bool) -> None:
        super().__init__()
        self.filter = nn.Conv2d(width, width, kernel, padding=kernel // 2, groups=width)
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.respond = Response(4 * width) if responds else nn.Identity()
        self.scale = None if responds else nn.Parameter(torch.full((width,), 1e-6))

    def forward(self, x: Tensor) -> Tensor:
        """With the short cut."""
        y = self.norm(self.filter(x).permute(0, 2, 3, 1))
        y = self.down(self.respond(F.gelu(self.up(y))))
        return x + (y if self.scale is None else y * self.scale).permute(0, 3, 1, 2)


def build(dims: Mapping[str, Any], phase: str) -> nn.Module:
    """(B, 3, H, W) -> (B, classes)."""
    del phase
    widths, kernels = dims["widths"], dims.get("kernels", [7] * len(dims["widths"]))
    layers: list[nn.Module] = [nn.Conv2d(3, widths[0], 4, 4), ChannelNorm(widths[0], eps=1e-6)]
    for i, (count, width) in enumerate(zip(dims["layers"], widths, strict=True)):
        if i:
            before = widths[i - 1]
            layers += [ChannelNorm(before, eps=1e-6), nn.Conv2d(before, width, 2, 2)]
        responds = dims.get("response_norm", False)
        layers += [Block(width, kernels[i], responds=responds) for _ in range(count)]
    norm = nn.LayerNorm(widths[-1], eps=1e-6)
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), norm, nn.Linear(widths[-1], dims["classes"])]
    return Chain(*layers, *head)
