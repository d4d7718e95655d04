"""Bytes that the backward pass of a 3 x 3 convolution works in beside its maps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whichgpu.cost.memory.widths import FP32
from whichgpu.workloads.ops import changed, some

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.cost.job.runtime import Runtime
    from whichgpu.workloads.ops import Op
    from whichgpu.workloads.precision import Precision


def transformed(ops: Sequence[Op], stack: Runtime, spec: Precision) -> tuple[Op, ...]:
    """The ops, 3 x 3 convolutions with what their backward pass works in beside them; () where none has any.

    In FP32 proper cuDNN transforms tiles of 4 x 4 results apart from the product (Winograd's F(4, 3): Lavin
    and Gray, "Fast Algorithms for Convolutional Neural Networks"). That takes 36 values for 16 of either
    map and 36 for 9 weights, from the allocator that counts tensors.
    """
    if stack.software != "pytorch" or spec.activation < FP32 or spec.mixed:
        return ()
    found = tuple(_with_tiles(op, spec.activation) for op in ops)
    return found if any(one is not op for one, op in zip(found, ops, strict=True)) else ()


def _with_tiles(op: Op, size: float) -> Op:
    """A convolution of neighbouring points, one result for each position, with the tiles of its maps."""
    d = op.dims
    if op.kind != "conv" or op.backward != "full" or "dilated" in d or not some(d["window"] == _NINE):
        return op
    inside = op.read_bytes / np.maximum(size * d["k"] / _NINE, size)
    alike = (d["window"] == _NINE) & (d["groups"] == 1) & (abs(inside - d["m"]) < _NEAR * d["m"])
    maps = op.read_bytes + op.write_bytes
    tiles = _TILE / 16.0 * maps + _TILE / _NINE * size * d["k"] * d["n"]
    return changed(op, dims={**d, "beside": maps + alike * tiles}) if some(alike) else op


#: Points of a 3 x 3 window, and values of a tile of 4 x 4 results.
_NINE, _TILE = 9.0, 36.0
#: How far positions in and out of a convolution of stride 1 may differ.
_NEAR = 0.1
