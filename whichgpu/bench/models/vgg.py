"""VGG: 3 x 3 convolutions, a maximum after each stage, three dense layers (Simonyan and Zisserman 2014)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torch import nn

from whichgpu.bench.models.parts import Chain, classes_loss, images

if TYPE_CHECKING:
    from collections.abc import Mapping

READS = frozenset(("stages", "batch_norm", "pool", "grid", "hidden", "classes", "tensorflow_stages"))
batch, loss = images, classes_loss


def build(dims: Mapping[str, Any], phase: str) -> nn.Module:
    """(B, 3, H, W) -> (B, classes)."""
    del phase
    layers: list[nn.Module] = []
    channels = 3
    for stage in dims["stages"]:
        for row in stage:
            out, kernel, stride, padding = (row, 3, 1, 1) if isinstance(row, int) else row
            layers.append(nn.Conv2d(channels, out, kernel, stride, padding))
            layers += [nn.BatchNorm2d(out)] if dims.get("batch_norm") else []
            layers.append(nn.ReLU(inplace=True))
            channels = out
        layers.append(nn.MaxPool2d(dims["pool"], 2))
    layers += [nn.AdaptiveAvgPool2d(dims["grid"]), nn.Flatten()]
    width, hidden = channels * dims["grid"] ** 2, dims["hidden"]
    for _ in range(2):
        layers += [nn.Linear(width, hidden), nn.ReLU(inplace=True), nn.Dropout()]
        width = hidden
    return Chain(*layers, nn.Linear(width, dims["classes"]))
