"""What is to be said of values of options that name nothing, and of limits that limit nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.errors import UsageError, one_line
from whichgpu.units import parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.hardware.gpu import Gpu
    from whichgpu.workloads.job import Job

_LAYOUTS = ("nchw", "nhwc", "channels_first", "channels_last")
#: Other orders of tensors that tables state, which are one of those or no matter to the model.
_ALSO = ("ncdhw", "ndhwc", "channels_last_3d", "contiguous", "contiguous_format", "auto", "default", "none")
#: Modes and backends of `torch.compile`, and truths. PyTorch 2.9, torch/__init__.py, `compile`.
_MODES = (
    "default", "reduce_overhead", "max_autotune", "max_autotune_no_cudagraphs", "inductor", "cudagraphs",
    "aot_eager", "eager", "trt", "tensorrt", "torch_tensorrt", "full", "fullgraph", "regional", "auto",
    "", "true", "false", "1", "0", "yes", "no", "on", "off", "none", "xla", "jit", "dynamo", "dynamic",
)  # fmt: skip


def said(job: Job) -> tuple[str, ...]:
    """What to say of a layout, or a mode of compilation, that is none."""
    return tuple(_said(job))


def _said(job: Job) -> Iterator[str]:
    layout, mode = (job.options.get(name, "") for name in ("layout", "compile"))
    if layout and _plain(layout) not in (*_LAYOUTS, *_ALSO):
        yield f"option layout: '{one_line(layout)}' is none of {', '.join(_LAYOUTS)}, and was ignored"
    if mode and _plain(mode) not in _MODES:
        known = ", ".join(_MODES[:3]).replace("_", "-")
        yield f"option compile: '{one_line(mode)}' is none of {known}; taken as compile=true"


def _plain(text: str) -> str:
    return text.strip().lower().replace("-", "_").replace(" ", "_")


def power(text: str) -> float:
    """Watts of the option `power_limit`; raises `UsageError` with its name."""
    return _stated("power_limit", text, "power")


def time(name: str, text: str) -> float:
    """Seconds of an option; raises `UsageError` with its name."""
    return _stated(name, text, "time")


def _stated(name: str, text: str, dimension: str) -> float:
    try:
        return parse(text, dimension)
    except UsageError as fault:
        raise UsageError(f"option {name}: {fault}") from None


def of_cap(gpu: Gpu, cap: str | None) -> tuple[str, ...]:
    """What to say of a power cap below any that was read of the part, or above what it draws."""
    if cap is None:
        return ()
    watts, most = power(cap), gpu.value("power") or float("inf")
    if watts < (gpu.value("power_min") or 0):
        least = f"the lowest power limit that was read of the {gpu.name} is {gpu.display('power_min')}"
        return (f"{least}: none below it is known to be taken",)
    if watts > max(most, gpu.value("power_max") or 0):
        return (f"power_limit {one_line(cap)} limits nothing: the {gpu.name} draws {most:g} W at the most",)
    return ()
