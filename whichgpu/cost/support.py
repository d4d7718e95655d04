"""Which GPUs can run a job at all, and in words why the others cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.hardware.fields import FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from whichgpu.cost.runtime import Runtime
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.workloads.ops import Op
    from whichgpu.workloads.precision import Precision


def refusal(gpu: Gpu, ops: Iterable[Op], precision: Precision, runtime: Runtime) -> str:
    """Why this GPU cannot run these ops on this runtime; empty where it can.

    A value that no source states is a refusal by name, never a guess.
    """
    if gpu.why_unusable:
        return gpu.why_unusable
    if gpu.vendor not in runtime.vendors:
        return f"{runtime.title} does not run on {gpu.vendor}; it runs on {', '.join(runtime.vendors)}"
    capability = _capability(gpu)
    if capability is not None and capability < runtime.min_cc:
        return f"{runtime.title} needs compute capability {runtime.min_cc:g}; {gpu.id} has {capability:g}"
    for rate in dict.fromkeys((precision.math, *(op.dtype for op in ops))):
        if gpu.value(rate) is None:
            return _no_rate(gpu, rate, precision)
    if gpu.value("fp32") is None:
        return f"{gpu.id}: no FP32 peak was read in any source, so elementwise work cannot be predicted"
    return ""


def _capability(gpu: Gpu) -> float | None:
    try:
        return float(gpu.value("compute_capability"))
    except (TypeError, ValueError):
        return None


def _no_rate(gpu: Gpu, rate: str, precision: Precision) -> str:
    has = [name for name in ("fp32", "tf32", "fp16", "bf16", "int8", "fp8", "fp4") if gpu.value(name)]
    label = FIELDS[rate].label.split(" (")[0]
    return (
        f"{gpu.id} has no {label} peak ({precision.id} needs it; {gpu.architecture} states "
        f"{', '.join(has) or 'none'}); use --precision {_instead(has)}"
    )


def _instead(has: list[str]) -> str:
    return next((name for name in ("bf16", "fp16", "tf32", "fp32") if name in has), "of another GPU")
