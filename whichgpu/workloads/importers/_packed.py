"""Weights that files store several to an element, and the scales beside them that are no weights.

Layouts of AutoAWQ and GPTQ (`qweight`, `qzeros`, `scales`), bitsandbytes (`absmax`, `quant_state`),
compressed-tensors (`weight_packed`), ModelOpt's FP4 (`weight_scale` beside bytes) and MXFP4 (`_blocks`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whichgpu.workloads.importers._tensors import Tensor

#: What stands beside a quantised weight, by the ends of names, the layer's own name before them.
_BESIDE = (
    ".scales", ".qzeros", ".g_idx", ".SCB", ".weight.absmax", ".weight.nested_absmax", ".weight.quant_map",
    ".weight.nested_quant_map", ".weight_scale", ".weight_scale_inv", ".weight_scale_2", ".input_scale",
    ".weight_zero_point", ".weight_shape", ".weight_global_scale", ".input_global_scale", ".k_scale",
    ".v_scale", "_scales", ".weight_format", ".weight_g_idx",
)  # fmt: skip
_STATE = ".weight.quant_state."
#: What the quantised weight itself is called.
_WEIGHTS = (".qweight", ".weight_packed", "_blocks", ".weight")


def unpacked(tensors: Sequence[Tensor]) -> list[Tensor]:
    """The weights with the shapes that they have in the model; bytes are those stored for them."""
    by_name = {one.name: one for one in tensors}
    found = []
    for one in tensors:
        base = _layer(one.name)
        if base is not None and any(base + end in by_name for end in _WEIGHTS):
            continue
        each = _values(one, by_name)
        found.append(one if each == 1 else one._replace(shape=(*one.shape[:-1], int(one.shape[-1] * each))))
    return found


def _layer(name: str) -> str | None:
    """The layer whose weight a tensor stands beside; None where it is a weight itself."""
    if _STATE in name:
        return name.partition(_STATE)[0]
    return next((name.removesuffix(end) for end in _BESIDE if name.endswith(end)), None)


def _values(one: Tensor, by_name: Mapping[str, Tensor]) -> float:
    """Weights in one stored element."""
    name = one.name
    if name.endswith(".qweight"):
        return 32 / _bits(one, by_name)
    if name.endswith("_blocks") and one.type == "u8":
        return 2
    if name.endswith(".weight_packed"):
        return 8 if one.type == "i32" else 2
    halves = (f"{name}.absmax", f"{name}_scale")
    return 2 if one.type == "u8" and name.endswith(".weight") and any(end in by_name for end in halves) else 1


def _bits(one: Tensor, by_name: Mapping[str, Tensor]) -> int:
    """Bits of a weight of GPTQ or AWQ: outputs are packed in AWQ, inputs in GPTQ, zero points in both."""
    base = one.name.removesuffix(".qweight")
    scales, zeros = by_name.get(f"{base}.scales"), by_name.get(f"{base}.qzeros")
    if scales and zeros and len(scales.shape) == len(zeros.shape) == 2 and scales.shape[1]:
        bits = round(32 * zeros.shape[1] / scales.shape[1])
        return bits if bits in (2, 3, 4, 8) else 4
    return 4
