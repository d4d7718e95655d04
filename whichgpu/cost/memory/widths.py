"""The widest ops of a pass, and bytes of the formats that something is widened to."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.workloads.ops import Op

#: Bytes a weight of what is widened for a product, and of FP32.
WIDE, FP32 = 2.0, 4.0


def widest(ops: Sequence[Op]) -> Any:
    """Bytes in and out of the widest op; what works in place has no second tensor."""
    width: Any = 0.0
    for op in ops:
        if op.stage == "forward" and "in_place" not in op.dims:
            width = np.maximum(width, op.read_bytes + op.write_bytes)
    return width


def widest_made(ops: Sequence[Op]) -> Any:
    """Bytes out of the op that makes the most in a forward pass."""
    made = [op.write_bytes for op in ops if op.stage == "forward"]
    return reduce(np.maximum, made, np.zeros(()))
