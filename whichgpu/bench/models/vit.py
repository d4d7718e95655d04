"""Vision transformers: ViT and DeiT (Dosovitskiy et al. 2020, table 1; Touvron et al.)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F  # noqa: N812 (the field's own name)
from torch import Tensor, nn

from whichgpu.bench.models.parts import Layer, checkpointed, classes_loss, images, mean_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.bench.models.parts import Make, Size

READS = frozenset((
    "image", "patch", "width", "layers", "heads", "ffn", "classes", "class_token", "distilled", "registers",
    "layer_scale", "final_norm", "bare_token",
))  # fmt: skip


class Scaled(Layer):
    """A layer whose halves are scaled channel by channel before they join (DeiT III): (B, S, D) unchanged."""

    def __init__(self, width: int, count: int, ffn: int) -> None:
        super().__init__(width, count, ffn, before=True)
        self.scale1, self.scale2 = (nn.Parameter(torch.full((width,), 1e-5)) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        """Attention and perceptron, each with its short cut."""
        x = x + self.scale1 * self._attention(self.norm1(x))
        return x + self.scale2 * self._feed(self.norm2(x))


class VisionTransformer(nn.Module):
    """(B, 3, H, W) -> (B, classes), of a distilled one in training both heads' classes."""

    def __init__(self, dims: Mapping[str, Any]) -> None:
        super().__init__()
        width, side = dims["width"], dims["patch"]
        self.across = dims["image"] // side
        special = int(dims.get("class_token", True)) + int(dims.get("distilled", False))
        special += dims.get("registers", 0)
        self.patches = nn.Conv2d(3, width, side, side)
        self.special = nn.Parameter(torch.zeros(1, special, width)) if special else None
        #: Tokens in front of the patches that the learned table has positions for.
        self.placed = 0 if dims.get("bare_token") else special
        self.positions = nn.Parameter(torch.zeros(1, self.across**2 + self.placed, width))
        shape = (width, dims["heads"], dims["ffn"])
        scaled = dims.get("layer_scale", False)
        self.layers = nn.ModuleList(
            Scaled(*shape) if scaled else Layer(*shape, before=True) for _ in range(dims["layers"])
        )
        self.norm = nn.LayerNorm(width, eps=1e-6) if dims.get("final_norm", True) else nn.Identity()
        heads = (2 if dims.get("distilled") else 1) if dims["classes"] else 0
        self.heads = nn.ModuleList(nn.Linear(width, dims["classes"]) for _ in range(heads))
        self.keep = True

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, ...]:
        """Patches, layers, heads."""
        x = self.patches(x)
        rows, columns = x.shape[-2:]
        x = x.flatten(2).transpose(1, 2)  # (B, S, D)
        places = self._positions(rows, columns)
        if not self.placed:
            x = x + places
        if self.special is not None:
            x = torch.cat((self.special.expand(len(x), -1, -1).to(x.dtype), x), 1)
        x = checkpointed(self.layers, x + places if self.placed else x, self.keep)
        x = self.norm(x)
        if not self.heads:
            return x
        said = [head(x[:, i]) for i, head in enumerate(self.heads)]
        return tuple(said) if self.training and len(said) > 1 else sum(said) / len(said)

    def _positions(self, rows: int, columns: int) -> Tensor:
        """The learned table (1, S, D), brought to another number of patches where the picture has one."""
        if (rows, columns) == (self.across, self.across):
            return self.positions
        own, table = self.positions[:, : self.placed], self.positions[:, self.placed :]
        grid = table.reshape(1, self.across, self.across, -1).permute(0, 3, 1, 2)
        grid = F.interpolate(grid.float(), size=(rows, columns), mode="bilinear").to(table.dtype)
        return torch.cat((own, grid.flatten(2).transpose(1, 2)), 1)


def refusal(dims: Mapping[str, Any]) -> str:
    """Why a transformer is not written here; empty where it is."""
    return "layer_scale of its attention alone" if dims.get("layer_scale") not in (None, True, False) else ""


def build(dims: Mapping[str, Any], phase: str) -> nn.Module:
    """The transformer, the same in each phase."""
    del phase
    return VisionTransformer(dims)


def loss(output: Any, target: Tensor) -> Tensor:
    """Cross-entropy of the classes; of a tower without them the mean square of its features (B, S, D)."""
    if isinstance(output, Tensor) and output.ndim == 3:
        return mean_of(torch.square, output)
    return classes_loss(output, target)


def batch(dims: Mapping[str, Any], size: Size, make: Make) -> tuple[tuple[Tensor, ...], Tensor | None]:
    """Pictures (B, 3, H, W), and their classes (B,)."""
    return images({**dims, "classes": max(dims["classes"], 1)}, size, make)
