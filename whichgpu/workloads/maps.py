"""Feature maps of images, and the length that a window over one leaves."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from whichgpu.errors import UsageError
from whichgpu.values import NamedTuple


class _Sides(NamedTuple):
    batch: Any
    channels: int
    height: Any
    width: Any


class Map(_Sides):
    """A feature map (B, C, H, W).

    `pixels` are its positions and `elements` its values, over the whole batch: worked out where they are
    first asked for, which a network of thousands of layers does for each of its maps.
    """

    pixels: Any
    elements: Any

    def __getattr__(self, name: str) -> Any:
        if name == "pixels":
            made = self.height * self.width * self.batch
        elif name == "elements":
            made = self.channels * self.pixels
        else:
            raise AttributeError(name)
        self.__dict__[name] = made
        return made

    def like(self, channels: int, height: Any, width: Any) -> Map:
        """A map of the same batch; one of the same sides has as many positions."""
        made = Map(self.batch, channels, height, width)
        if height is self.height and width is self.width:
            made.__dict__["pixels"] = self.pixels
        return made


def window_length(size: Any, kernel: int, stride: int, padding: int, *, ceil: bool = False) -> Any:
    """Output length of a window over `size`; raises `UsageError` where the input is too small."""
    if stride == 1 and kernel == 2 * padding + 1:
        return size
    steps = (size + 2 * padding - kernel) / stride
    one = isinstance(steps, float)
    if ceil:
        # The last window must start inside the input.
        rounded = math.ceil(steps) if one else np.ceil(steps)
        rounded = rounded - (rounded * stride >= size + padding)
    else:
        rounded = math.floor(steps) if one else np.floor(steps)
    least = rounded if one else rounded.min()
    if least < 0:
        raise UsageError(
            f"resolution: the input is too small, a {kernel}-wide window meets a map of {np.min(size):g}; "
            "give a larger one"
        )
    return float(rounded + 1) if one else rounded + 1.0
