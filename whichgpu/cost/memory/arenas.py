"""What an allocator that grows by doubling holds: ONNX Runtime's arena, one for each network of a pipeline.

Each block that it takes is twice as large as the last one, so that a network has the next power of two of
what it needs, less the first block (`BFCArena::Extend`, kNextPowerOfTwo). Since release 1.16 no block that it
takes unasked is larger than 1 GiB (github.com/microsoft/onnxruntime/pull/15983).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.coefficients import section
from whichgpu.cost.memory.live_tensors import live
from whichgpu.cost.memory.widths import widest
from whichgpu.units import MIB
from whichgpu.workloads.ops import stored_weight_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from whichgpu.cost.job.runtime import Runtime
    from whichgpu.workloads.ops import Op
    from whichgpu.workloads.precision import Precision

#: The first block, 1 MiB (DEFAULT_INITIAL_CHUNK_SIZE_BYTES).
_FIRST = MIB


def grows(stack: Runtime) -> Any:
    """Whether a runtime's memory is such arenas; of each job where joined runtimes differ."""
    return stack.read(lambda one: bool(one.holds.get("arena")))


def held(networks: Iterable[Sequence[Op]], stack: Runtime, spec: Precision) -> Any:
    """Bytes that the arenas of some networks hold: weights, what is alive at the widest op, and workspaces.

    Kernels of convolutions are looked for with as large a workspace as there is (EXHAUSTIVE,
    cudnn_conv_use_max_workspace since 1.14), and take it from the arena.
    """
    slack = float(section("capacity")["slack_convolution"])
    # Of a joined runtime without arenas nothing is asked.
    largest = stack.read(lambda one: float(one.holds.get("arena", np.inf)))
    whole: Any = 0.0
    for own in networks:
        alive = widest(own) * live(own, stack, spec) * slack
        whole = whole + grown(stored_weight_bytes(own) + alive, largest)
    return whole


def grown(need: Any, largest: Any) -> Any:
    """Bytes of the blocks that hold so many, the next one taken twice as large up to a `largest`."""
    need = np.asarray(need, dtype=np.float64)
    doubled = _FIRST * 2.0 ** np.ceil(np.log2(need / _FIRST + 1.0)) - _FIRST
    if np.all(np.isinf(largest)):
        return doubled
    whole = 2.0 * largest - _FIRST
    return np.where(need <= whole, doubled, whole + largest * np.ceil((need - whole) / largest))
