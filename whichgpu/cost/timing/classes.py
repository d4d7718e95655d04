"""Classes of ops that share efficiencies: what a fit has coefficients for.

A compute class is how the arithmetic is done (a 3x3 convolution, a deep product, attention); a format
class is which units do it (plain FP32, TF32 or 16-bit or 8-bit tensor cores; those of quantised weights
the runtime says, and those of FP8 the GPU); a memory class is how
bytes are moved. Scores of a whole vocabulary and the loss over them are classes of their own: rows as long
as that have kernels that say nothing of others. Lineage is the generation of the GPU, with the parts of it
that differ in kind apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.cost.coefficients import section
from whichgpu.values import NamedTuple
from whichgpu.workloads.adapters import LOW_RANK
from whichgpu.workloads.ops import every, some

if TYPE_CHECKING:
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.workloads.ops import Op


class OpClass(NamedTuple):
    """Compute class, format class and memory class of an op."""

    compute: str
    format: str
    memory: str


_FORMATS = {
    "fp64": "plain", "fp64_tensor": "tensor64", "fp32": "plain", "tf32": "tf32", "fp16": "half",
    "bf16": "half", "fp8": "fp8", "int8": "byte", "fp6": "byte", "fp4": "nibble",
    "int4": "nibble",
}  # fmt: skip
#: What runtimes that do not write them out take the classes of `_turned` for.
TURNED = {"turned": "pointwise", "turned_norm": "norm"}
_BYTES = {"norm": "norm", "pointwise": "pointwise", "pool": "pool", "embedding": "lookup", "copy": "copy",
          "optimizer": "optimizer"}  # fmt: skip


def op_class(op: Op) -> OpClass:
    """The class of one op."""
    number = _FORMATS.get(op.dtype, "plain")
    if op.kind == "conv":
        shape = _convolution(op)
        # No tensor core multiplies what has one channel.
        return OpClass(shape, "plain" if (shape, number) == ("depthwise", "tf32") else number, shape)
    if op.kind == "gemm" and number == "half" and _quantised(op):
        number = "quantised"
    if op.kind == "gemm" and op.shard in ("expert", "expert_row"):
        return OpClass("experts", number, "gemm")
    if op.kind == "gemm":
        shape = "logits" if op.shard == "vocab" else "gemm"
        return OpClass(shape, number, "thin" if LOW_RANK in op.dims else shape)
    if op.kind == "attention":
        cached = some(op.kv_bytes > 0)
        return OpClass("decode" if cached else "attention", number, "kv" if cached else "attention")
    moved = "loss" if op.shard == "vocab" else _BYTES.get(op.kind, "pointwise")
    return OpClass("vector", "plain", _turned(op, moved))


def _turned(op: Op, moved: str) -> str:
    """The class of an op that modules which make pictures write out in FP32; of others `moved`.

    They turn queries and keys by position, or norm them by the root mean square: chains of kernels over
    strided halves of tensors that are larger than L2, of which what kernels of vision taught says nothing.
    """
    name = op.layer.rpartition(".")[2].removesuffix("_paired")
    if name in ("cosine", "sine", "rope") or name.endswith("_rms"):
        return next((known for known, usual in TURNED.items() if usual == moved), moved)
    return moved


def _quantised(op: Op) -> bool:
    """Whether a product in 16 bits is of narrower weights, which a runtime may multiply as they are."""
    values = op.dims["n"] * op.dims["k"] * op.dims["batch"]
    narrow = (op.weight_bytes > 0.0) & (op.weight_bytes < section("products")["quantised_below"] * values)
    return every(narrow)


def _convolution(op: Op) -> str:
    if op.dims["groups"] > 1:
        return "depthwise" if op.dims["n"] <= 1 else "grouped"
    # What is upsampled has a window for each job.
    return "conv1x1" if every(op.dims["window"] <= 1) else "conv"


def lineage(gpu: Gpu) -> str:
    """Generation and kind: `ampere_ga100`, `ada`; GeForce and professional parts of one chip agree."""
    apart = {"ampere_ga100", "blackwell_gb100", "blackwell_gb110", "pascal_gp100"}
    return gpu.architecture if gpu.architecture in apart else gpu.family


#: Lineages whose SMs are built alike, by the name that effects of all of them have.
_KIN = {
    "tensor-small": ("ampere", "ada", "blackwell"),
    "tensor-first": ("volta", "turing"),
    "tensor-large": ("ampere_ga100", "hopper", "blackwell_gb100", "blackwell_gb110"),
}


def kin(gpu: Gpu) -> str:
    """What SMs like those of a GPU are called together: a new lineage resembles its kin; "" for none."""
    own = lineage(gpu)
    return next((name for name, lines in _KIN.items() if own in lines), "")


def memory_kind(gpu: Gpu) -> str:
    """HBM, GDDR6, GDDR6X, GDDR7 or other."""
    name = str(gpu.value("memory_type") or "").upper()
    for kind in ("HBM", "GDDR7", "GDDR6X", "GDDR6", "GDDR5"):
        if name.startswith(kind):
            return kind.lower()
    return "other"
