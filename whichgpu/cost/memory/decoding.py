"""The networks that make pictures of a latent: their formats, frames that they keep, their workspaces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.cost.coefficients import section
from whichgpu.cost.memory.memory_law import coefficient
from whichgpu.cost.memory.widths import WIDE, widest
from whichgpu.workloads.ops import changed, some

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from whichgpu.cost.job.runtime import Runtime
    from whichgpu.workloads.ops import Op
    from whichgpu.workloads.precision import Precision

    Array = NDArray[np.float64]

#: Modules that make pictures of a latent.
PICTURES = ("vae", "decoder")


def decoding(ops: Sequence[Op], share: Any, *, products: bool = False) -> tuple[Op, ...]:
    """The ops, those that decode pictures with a `share` of their activations: of one picture, or in FP32.

    `products`: of these alone, the rest being in FP32 under autocast already.
    """
    return tuple(
        changed(op, read_bytes=op.read_bytes * share, write_bytes=op.write_bytes * share)
        if op.module in PICTURES and (op.kind in _PRODUCTS or not products) else op
        for op in ops
    )  # fmt: skip


#: Ops that autocast computes in 16 bits.
_PRODUCTS = ("conv", "gemm", "attention")


def wide_share(ops: Sequence[Op]) -> float:
    """Of `live`, what decoders in FP32 have.

    Convolutions of pictures in 16 bits work on copies in another layout; over volumes they work on padded
    copies in either format.
    """
    return 1.0 if _over_volumes(ops) else float(section("capacity")["live_wide"])


def recast(ops: Sequence[Op], spec: Precision, size: float) -> tuple[Op, ...]:
    """The ops, those that decode pictures with values of `size` bytes each; frames that wait as well."""
    wide = wide_share(ops)
    live, before = (wide if each > WIDE else 1.0 for each in (size, spec.activation))
    share, alive = size / spec.activation, live / before
    return tuple(
        changed(op, dims={**op.dims, "held": op.dims["held"] / alive})
        if "held" in op.dims and op.module in PICTURES else op
        for op in decoding(ops, share * alive, products=spec.mixed)
    )  # fmt: skip


def computed_in(ops: tuple[Op, ...], spec: Precision, own: Precision) -> tuple[Op, ...]:
    """The ops, those that decode pictures in a format of their `own` beside that of all others, `spec`."""
    if own.activation == spec.activation:
        return ops
    share = own.activation / spec.activation
    return tuple(
        changed(
            op, dtype=own.math if op.dtype == spec.math else op.dtype, read_bytes=share * op.read_bytes,
            write_bytes=share * op.write_bytes, weight_bytes=share * op.weight_bytes,
        )
        if op.module in PICTURES else op
        for op in ops
    )  # fmt: skip


def of_another_size(ops: Sequence[Op], times: float) -> tuple[Op, ...]:
    """The ops, the weights of those that decode pictures so many times as large."""
    return tuple(
        changed(op, stored_bytes=times * op.stored_bytes) if op.module in PICTURES else op for op in ops
    )


def frames_held(ops: Sequence[Op], stack: Runtime) -> Any:
    """Bytes of frames that convolutions over time keep for the chunk which comes next.

    CogVideoX's autoencoder, whose norms read the latent, may make them anew beside those of the chunk before.
    """
    latent = any(op.kind == "conv" and op.layer.endswith(_OF_LATENT) for op in ops)
    times = 2.0 if latent and stack.holds.get("caches_anew") else 1.0
    holding = [op for op in ops if op.kind == "conv" and "held" in op.dims and op.stage == "forward"]
    return times * sum((op.dims["held"] * op.read_bytes * op.copies for op in holding), start=0.0)


#: Convolutions that make of the latent what a norm is scaled by.
_OF_LATENT = ".scale"


def workspace(ops: Sequence[Op], stack: Runtime, spec: Precision) -> Any:
    """Bytes at the widest convolution of pictures in BF16, workspace and all, while there is room.

    cuDNN's workspaces come from the allocator that counts tensors, and where memory is short another
    algorithm takes less: they are read off a run, and not needed. Published peaks in FP16 and FP32 show none.
    """
    if not stack.holds.get("workspaces") or spec.activation != WIDE or spec.id == "fp16":
        return 0.0
    wide = widest([op for op in ops if op.kind == "conv" and op.module in PICTURES])
    return section("capacity")["slack_convolution"] * coefficient("live", stack) * wide


def takes_workspaces(ops: Sequence[Op], capability: Array) -> Any:
    """Whether decoding takes workspaces on GPUs of a compute `capability`: over volumes, or since GA10x.

    So have published peaks it: of videos on an A100, of pictures on an H100; none of pictures on an A100.
    """
    return _over_volumes(ops) | (capability > _GA100)


def _over_volumes(ops: Sequence[Op]) -> bool:
    """Whether convolutions go over frames as well."""
    return any(op.kind == "conv" and some(op.dims["window"] > _SQUARE) for op in ops)


#: Points of the largest convolution over an area: 5 x 5.
_SQUARE = 25.0
#: Compute capability of the A100.
_GA100 = 8.0
