"""What OpenVINO's benchmark_app prints: frames/s of all its requests in flight, by the batch of the model.

The model is stated. A run on the processor is no figure of a GPU and refused.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from whichgpu.bench.imports import Entry
from whichgpu.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_RATE = re.compile(r"^(?:\[ INFO \] )?Throughput: +(?P<rate>[\d.]+) FPS", re.MULTILINE)
_MARK = re.compile(
    r"^\[Step \d+/\d+\] (?:Dumping statistics|Measuring performance|Parsing and validating)", re.M
)
_BATCH = re.compile(r"Model batch size: (\d+)")
_DEVICES = re.compile(r"Execution Devices: ?\[?'?(\w+)|\bbenchmark_app\b.* -d (\w+)")
_FILE = re.compile(r"\bbenchmark_app\b.* -m \S*?([\w.-]+)\.(?:xml|onnx)")


def claims(_path: Path, text: str) -> bool:
    """Whether a file is of its steps."""
    return bool(_MARK.search(text))


def read(_path: Path, text: str) -> Iterator[Entry]:
    """A figure of each run."""
    device, batch, file = _DEVICES.search(text), _BATCH.search(text), _FILE.search(text)
    where = (device[1] or device[2]) if device else ""
    if where.upper().startswith(("CPU", "NPU")):
        raise UsageError(f"it ran on {where}, not on a GPU")
    columns = {"workload": file[1] if file else "", "phase": "infer",
               "batch": int(batch[1]) if batch else None, "runtime": "OpenVINO",
               "metric": "throughput", "unit": "samples/s"}  # fmt: skip
    for one in _RATE.finditer(text):
        yield Entry({**columns, "value": float(one["rate"])})
