"""What onnxruntime_perf_test prints: the mean latency of a run, runs a second as samples/s.

The model is stated, and its batch where that is not 1.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from whichgpu.bench.imports import Entry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

#: The stated batch makes samples of runs.
STATED = True
_MEAN = re.compile(r"^Average (?:inference )?time cost(?: total)?: *(?P<ms>[\d.]+) ms\b", re.MULTILINE)
_RATE = re.compile(r"^Number of inferences per second: +(?P<rate>[\d.]+)\s*\n", re.MULTILINE)
_CPU = re.compile(r"onnxruntime_perf_test.* -e cpu\b")


def claims(_path: Path, text: str) -> bool:
    """Whether a file has its mean latency."""
    return bool(_MEAN.search(text))


def read(_path: Path, text: str, stated: Mapping[str, Any]) -> Iterator[Entry]:
    """The latency and the rate of each run."""
    batch = float(stated.get("batch") or 1)
    said = () if stated.get("batch") else ("a model of batch 1 was taken for granted: --batch N",)
    said = (*said, "it ran on the processor") if _CPU.search(text) else said
    columns: dict[str, Any] = {"phase": "infer", "batch": batch, "runtime": "ONNX Runtime", "options": {}}
    for one in _MEAN.finditer(text):
        yield Entry({**columns, "metric": "latency", "unit": "ms", "value": float(one["ms"])}, {}, said)
    for one in _RATE.finditer(text):
        yield Entry({**columns, "metric": "throughput", "unit": "samples/s",
                     "value": float(one["rate"]) * batch}, {}, said)  # fmt: skip
