"""A program: what a GPU alone runs of bench, end to end, on a `torch.cuda` and an NVML that are stand-ins.

Tensors that are asked for on a GPU lie on the processor, events are its clock, a graph is replayed as what it
captured. So every line of the measuring process runs that a GPU takes, with PyTorch's own kernels behind it.
What it prints is a JSON of answers, by the name of a task. It patches PyTorch, so that it is a process of its
own.
"""

from __future__ import annotations

import contextlib
import json
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
import torch.distributed.tensor  # which annotates with the class that is replaced below
from torch.overrides import TorchFunctionMode

from whichgpu.bench import answers, telemetry
from whichgpu.bench.worker import clocks, micro, torch_job

QUICK = {"warmup": 1, "warmup_seconds": 0.0, "least": 2, "most": 2, "seconds": 0.0, "sample": 0.0}
JOB = {
    "kind": "job",
    "framework": "torch",
    "batch": 2.0,
    "height": 32.0,
    "width": 32.0,
}
#: A network of images of two blocks.
SMALL = """
name = "Small"
family = "resnet"
[dimensions]
block = "basic"
layers = [1, 1]
classes = 10
source = "made up"
"""
GRAPHS = {"cuda_graphs": "True"}
TASKS: dict[str, dict[str, Any]] = {
    "memory": {"bytes": [4096, 2**22]},
    "gemm": {"shapes": [64], "precisions": ["fp64", "fp32", "tf32", "bf16", "fp8", "int8"]},
    "conv": {"shapes": [[1, 4, 8, 4, 3, 1]]},
    "attention": {"shapes": [[1, 2, 64, 32]]},
    "launch": {},
    "transfer": {"bytes": [4096]},
    "sustained": {"seconds": 0.02, "parts": 2, "size": 64},
    "amp": {"phase": "train", "precision": "amp-fp16", "options": {"layout": "nhwc"}},
    "amp captured": {"phase": "train", "precision": "amp-fp16", "options": GRAPHS},
    "captured": {"phase": "train", "precision": "tf32", "options": GRAPHS},
    "inference captured": {"phase": "infer", "precision": "bf16", "options": GRAPHS},
}


def here(of: Any) -> Any:
    """The processor in place of a GPU."""
    if isinstance(of, str) and of.startswith("cuda"):
        return "cpu"
    return torch.device("cpu") if isinstance(of, torch.device) and of.type == "cuda" else of


class Here(TorchFunctionMode):
    """Every tensor on the processor, and no memory pinned, which takes a driver."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        named = {name: here(value) for name, value in (kwargs or {}).items() if name != "pin_memory"}
        return func(*(here(one) for one in args), **named)


class Generator(torch.Generator):
    """One of the processor."""

    def __new__(cls, device: Any = None) -> Any:
        del device
        return torch._C.Generator(device="cpu")


class Event:
    """The processor's clock."""

    def __init__(self, enable_timing: bool) -> None:
        assert enable_timing

    def record(self) -> None:
        self.at = time.perf_counter()

    def elapsed_time(self, other: Event) -> float:
        return (other.at - self.at) * 1e3


class Graph:
    """Takes a tenth of a millisecond."""

    def replay(self) -> None:
        time.sleep(1e-4)


#: B at the most, which the steps before a capture take, and a replay does not.
PEAK = [0]


@contextlib.contextmanager
def block(*_: Any) -> Any:
    PEAK[0] = 2**30
    yield


CARD = SimpleNamespace(name="NVIDIA H100 80GB HBM3", total_memory=85e9, multi_processor_count=132, major=9,
                       minor=0, L2_cache_size=2**20)  # fmt: skip
STREAM = SimpleNamespace(wait_stream=lambda _: None)
CUDA: dict[str, Any] = {
    "is_available": lambda: True, "device_count": lambda: 2, "set_device": lambda _: None,
    "current_device": lambda: 0, "get_device_properties": lambda _=0: CARD,
    "get_device_capability": lambda _=0: (9, 0), "mem_get_info": lambda _=0: (2**31, 2**31), "Event": Event,
    "Stream": lambda: STREAM, "current_stream": lambda _=0: STREAM, "stream": block, "CUDAGraph": Graph,
    "graph": block, "synchronize": lambda _=0: None, "empty_cache": lambda: None,
    "max_memory_allocated": lambda _=0: PEAK[0], "max_memory_reserved": lambda _=0: 2**31,
    "reset_peak_memory_stats": lambda _=0: PEAK.__setitem__(0, 2**20),
    "can_device_access_peer": lambda *_: True, "is_bf16_supported": lambda *_, **__: True,
}  # fmt: skip


class Nvml:
    """A card that draws 300 W."""

    class NVMLError(Exception):
        """As NVML's."""

    nvmlInit = nvmlShutdown = staticmethod(lambda: None)  # noqa: N815 - NVML's names
    nvmlDeviceGetCount = staticmethod(lambda: 1)  # noqa: N815
    nvmlDeviceGetHandleByIndex = staticmethod(lambda index: index)  # noqa: N815
    nvmlDeviceGetName = staticmethod(lambda _: CARD.name)  # noqa: N815
    nvmlDeviceGetTotalEnergyConsumption = staticmethod(lambda _: 300e3 * time.monotonic())  # noqa: N815


def main() -> None:
    """Measure each task and print the rows."""
    for name, value in CUDA.items():
        setattr(torch.cuda, name, value)
    torch.Generator, torch.version.cuda = Generator, "13.0"  # type: ignore[misc]
    telemetry._bindings = lambda: Nvml
    clocks._JUNK = 2**22
    found = {}
    with tempfile.TemporaryDirectory() as folder, Here():
        small = Path(folder, "small.toml")
        small.write_text(SMALL, encoding="utf-8")
        for name, columns in TASKS.items():
            what = (
                {**JOB, "workload": str(small), **columns}
                if "phase" in columns
                else {"kind": "micro", "name": name, "params": columns}
            )
            task = {**what, "device": "cuda", "method": QUICK, "n_gpus": 1}
            module = torch_job if what["kind"] == "job" else micro
            answer = {"status": "ok", "reason": "", **module.measure(task)}
            rows = [dict(one.row) for one in answers.records(task, answer)]
            found[name] = {"rows": rows, "telemetry": answer["context"]["telemetry"],
                           "left out": answer["context"]["warnings"] if module is micro else []}  # fmt: skip
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
