"""Where a task ran: versions of software and driver, the host, the device."""

from __future__ import annotations

import os
import platform
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

from whichgpu.bench import telemetry

#: Distributions whose versions matter to a measurement, where they are installed.
_SOFTWARE = (
    "torch", "triton", "numpy", "tensorflow", "tensorflow-cpu", "keras", "ray", "nvidia-cudnn-cu12",
    "nvidia-cudnn-cu13", "nvidia-cublas-cu12", "nvidia-cublas", "nvidia-nccl-cu12", "nvidia-nccl-cu13",
)  # fmt: skip
#: Settings that change how fast a framework runs.
_SETTINGS = (
    "CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "OMP_NUM_THREADS", "TF_XLA_FLAGS",
    "NVIDIA_TF32_OVERRIDE", "PYTORCH_CUDA_ALLOC_CONF", "PYTORCH_HIP_ALLOC_CONF", "PYTORCH_ALLOC_CONF",
    "CUDA_LAUNCH_BLOCKING", "CUDA_DEVICE_MAX_CONNECTIONS", "CUBLAS_WORKSPACE_CONFIG", "WORLD_SIZE",
    "PYTORCH_TUNABLEOP_ENABLED", "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE", "TORCH_CUDNN_V8_API_DISABLED",
    "TORCHINDUCTOR_MAX_AUTOTUNE", "TORCHINDUCTOR_FREEZING",
)  # fmt: skip
#: How others of them begin.
_BEGUN = ("NCCL_", "RCCL_", "MIOPEN_", "HIPBLASLT_", "ROCBLAS_")


def machine() -> dict[str, Any]:
    """Software, driver, host and settings, of what the process can see."""
    return {
        "software": software(), "driver": telemetry.driver(), "host": host(),
        "settings": {
            name: value for name, value in sorted(os.environ.items())
            if name in _SETTINGS or name.startswith(_BEGUN)
        },
    }  # fmt: skip


def software() -> dict[str, str]:
    """Versions by name."""
    found = {"whichgpu": sys.modules["whichgpu"].__version__, "python": platform.python_version()}
    for name in _SOFTWARE:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    torch = sys.modules.get("torch")
    if torch is not None and torch.version.cuda:
        cudnn = torch.backends.cudnn.version() if torch.backends.cudnn.is_available() else None
        found |= {"cuda": torch.version.cuda, "cudnn": str(cudnn)}
    if torch is not None and torch.version.hip:
        found["hip"] = torch.version.hip
    return found


def host() -> dict[str, Any]:
    """The machine: name, processor, its cores, memory in B, kernel."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    found: dict[str, Any] = {
        "name": platform.node(), "processor": _processor(), "cores": cores, "kernel": platform.release(),
        "system": platform.system(),
    }  # fmt: skip
    if hasattr(os, "sysconf"):
        found["memory"] = float(os.sysconf("SC_PAGE_SIZE")) * os.sysconf("SC_PHYS_PAGES")
    return found


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    named = (line.partition(":")[2].strip() for line in lines if line.lower().startswith("model name"))
    return next(named, platform.machine())
