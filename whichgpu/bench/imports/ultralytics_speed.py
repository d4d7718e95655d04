"""What Ultralytics' val and predict print: `Speed: 0.2ms preprocess, 1.9ms inference, ..` of an image.

The time of the network alone, as images/s; the batch is stated where val has it, and is 1 of predict. A log
of a training is read by its bars.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from whichgpu.bench.imports import Entry
from whichgpu.units import MIB

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SPEED = re.compile(
    r"^Speed: [\d.]+ms pre-?process, (?P<ms>[\d.]+)ms inference, .*?per image"
    r"(?: at shape \((?P<batch>\d+), \d+, (?P<size>\d+), \d+\))?",
    re.MULTILINE,
)
_GPU = re.compile(r"CUDA:\d \(([^,)]+), (\d+)MiB\)")
_MODEL = re.compile(r"^(YOLO\w+) summary", re.MULTILINE)
_TRAINED = re.compile(r"^\s*Epoch\s+GPU_mem\s", re.MULTILINE)


def claims(_path: Path, text: str) -> bool:
    """Whether a file has such a line, and no epochs."""
    return bool(_SPEED.search(text)) and not _TRAINED.search(text)


def read(_path: Path, text: str) -> Iterator[Entry]:
    """A figure of each line."""
    device, model = _GPU.search(text), _MODEL.search(text)
    columns: dict[str, Any] = {
        "workload": model[1].lower() if model else "", "gpu": device[1] if device else "", "phase": "infer",
        "runtime": "PyTorch", "metric": "throughput", "unit": "images/s",
    }  # fmt: skip
    context = {"gpu_memory": float(device[2]) * MIB} if device else {}
    said = ("the network alone: what is before and after it, and reading pictures, is not in it",)
    for one in _SPEED.finditer(text):
        if float(one["ms"]) > 0.0:
            shape = {"batch": int(one["batch"]), "resolution": one["size"]} if one["batch"] else {}
            yield Entry({**columns, **shape, "value": 1e3 / float(one["ms"])}, context, said)
