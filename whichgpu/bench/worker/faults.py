"""What went wrong in a measuring process, in one line; and the memory that a task may take."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whichgpu.errors import WhichGpuError, one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

#: What a driver of NVIDIA's or of AMD's puts there: the host's memory is then no bound of a task.
_DRIVERS = ("/dev/nvidiactl", "/dev/kfd")
#: Names of exceptions, and words of their texts, that mean that memory ran out.
_OOM_NAMES = ("OutOfMemoryError", "ResourceExhaustedError", "MemoryError")
_OOM_WORDS = (
    "out of memory", "not enough memory", "can't allocate memory", "cannot allocate memory",
    "oom when allocating",
    "bad_alloc", "cuda_error_out_of_memory", "cublas_status_alloc_failed", "cudnn_status_alloc_failed",
    "failed to cuda calloc", "resource_exhausted", "failed to allocate memory", "unable to allocate",
)  # fmt: skip
_LONGEST = 400


def told(fault: BaseException) -> tuple[str, str]:
    """The status of a record and the reason, from the exception that ended a run.

    What is not installed here, or not written, is `skipped`: it says nothing of the device.
    """
    text = one_line(fault)[:_LONGEST]
    name = type(fault).__name__
    if name in _OOM_NAMES or any(word in text.lower() for word in _OOM_WORDS):
        return "oom", f"out of memory: {text or name}"
    if isinstance(fault, ModuleNotFoundError):
        return "skipped", missing(str(fault.name))
    if isinstance(fault, WhichGpuError):
        return "skipped", text
    return "failed", f"{name}: {text or 'no message'}"


def missing(name: str) -> str:
    """What to do where a framework is not installed."""
    package = name.partition(".")[0]
    install = {
        "torch": "torch",
        "tensorflow": "tensorflow (tensorflow-cpu without a GPU)",
        "ray": "ray",
        "numpy": "numpy torch (numpy tensorflow for TensorFlow)",
    }
    return (
        f"no {package} in this Python: pip install {install.get(package, package)}, or name one that "
        "has it with --python"
    )


def limit(memory: Any, device: str) -> None:
    """Let the process take so many bytes: of a GPU its share, of the host its data."""
    if not memory:
        return
    with contextlib.suppress(ModuleNotFoundError):
        import torch

        if device != "cpu" and torch.cuda.is_available():
            # Of `torchrun`'s processes each has its own device; the others' are not even looked at.
            own = int(os.environ.get("LOCAL_RANK", "0")) % max(torch.cuda.device_count(), 1)
            whole = torch.cuda.get_device_properties(own).total_memory
            torch.cuda.set_per_process_memory_fraction(min(1.0, float(memory) / whole), own)
            return
    import resource

    resource.setrlimit(resource.RLIMIT_DATA, (int(memory), int(memory)))


def spare(task: Mapping[str, Any]) -> None:
    """Let a task of a processor take what is free and no more: one that wants more ends by itself.

    Else the system would look for a process to end, and take one that has nothing to do with it.
    """
    gpus = task.get("device") != "cpu" and any(map(os.path.exists, _DRIVERS))
    if task.get("memory") or task.get("device") == "cuda" or gpus:
        return
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        fields = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text("utf-8").splitlines())
        free = 1024 * int(fields.get("MemAvailable", "").split()[0]) // int(task.get("n_gpus") or 1)
        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (free if most < 0 else min(free, most), most))
