"""What tells convolutions apart: Winograd's algorithm, windows whose points lie apart, single channels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whichgpu.cost.coefficients import section

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whichgpu.cost.timing.optable import OpTable


def multiplied(ops: OpTable, tensor: NDArray[np.bool_], gain: float) -> NDArray[np.float64]:
    """FLOPs that the units carry out, (O, G, J): 3x3 convolutions off cuDNN's `tensor` cores need fewer.

    Winograd's F(2x2, 3x3) makes 16 multiplications of 36 (Lavin and Gray, Fast Algorithms for
    Convolutional Neural Networks, CVPR 2016); its transforms take part of that `gain`.
    """
    done: NDArray[np.float64] = np.where(by_winograd(ops, tensor), ops.flops / gain, ops.flops)
    return done


def by_winograd(ops: OpTable, tensor: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether products are 3x3 convolutions off the `tensor` cores of cuDNN, as those.

    Those whose points lie apart are not (cuDNN API reference, `cudnnConvolutionForward`: dilation 1). Grouped
    ones may be, in its words "group count: greater than 0"; the 16 products of a narrow group fill no tile.
    """
    if ops.kind != "conv":
        return np.zeros_like(tensor)
    wide = (ops.dims["groups"] <= 1.0) | (ops.dims["n"] >= section("products")["group_winograd"])
    return np.asarray(~tensor & (ops.dims["window"] == 9.0) & wide & ~_apart(ops))


def share_apart(ops: OpTable) -> NDArray[np.float64]:
    """Share of the rate that is left where the points of a window lie apart or in a line, (O, 1, 1)."""
    line = np.array(["line" in op.dims for op in ops.ops])[:, None, None]
    return np.where(_apart(ops) | line, section("products")["dilated"], 1.0)


def apart_backwards(ops: OpTable) -> NDArray[np.bool_]:
    """Which are gradients of convolutions whose points lie apart, (O, 1, 1)."""
    return np.asarray(_apart(ops) & np.array([op.stage == "backward" for op in ops.ops])[:, None, None])


def _apart(ops: OpTable) -> NDArray[np.bool_]:
    return np.array(["dilated" in op.dims for op in ops.ops])[:, None, None]


def is_depthwise(ops: OpTable) -> NDArray[np.bool_]:
    """Which are convolutions of each channel by itself, (O, 1, 1)."""
    narrow: NDArray[np.bool_] = (ops.dims["groups"] > 1.0) & (ops.dims["n"] <= 1.0)
    return narrow
