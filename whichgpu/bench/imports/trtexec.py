"""Logs of TensorRT's trtexec: queries/s as samples/s, and the mean latency of a batch.

Model, batch and format are those of its command line, the GPU and the version those that it prints. A log
that ends before its performance summary has no figure.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from whichgpu.bench.imports import Entry, sections
from whichgpu.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_START = re.compile(r"&&&& RUNNING TensorRT\.trtexec \[TensorRT v(?P<version>\w+)\].*?#\s*(?P<command>.*)")
_QUERIES = re.compile(r"\] Throughput: ([\d.]+) qps")
_LATENCY = re.compile(r"\] Latency: .*?mean = ([\d.]+) ms")
_DEVICE = re.compile(r"Selected Device: (.*?)\s*$", re.MULTILINE)
#: A size of an input: `input:32x3x224x224`, of which the first is the batch.
_SHAPE = re.compile(r"--(?:opt)?[sS]hapes=[^\s:]+:(\d+)x")
_FORMATS = ("fp8", "int8", "bf16", "fp16")


def claims(_path: Path, text: str) -> bool:
    """Whether a file is such a log."""
    return "TensorRT.trtexec" in text


def read(_path: Path, text: str) -> Iterator[Entry]:
    """Two figures of each run."""
    for start, part in sections(_START, text):
        yield from _run(start, part)


def _run(start: re.Match[str], part: str) -> Iterator[Entry]:
    rate, latency = _QUERIES.search(part), _LATENCY.search(part)
    if not rate or not part[rate.end() :].startswith(("\n", "\r")):
        raise UsageError(
            "a run without its performance summary: the log was cut off, or the engine not built"
        )
    command = start["command"]
    flags = dict(re.findall(r"--(\w+)(?:[= ](\S+))?", command))
    shape = _SHAPE.search(command)
    batch = float(shape[1] if shape else flags.get("batch") or 1)
    file = next((flags[name] for name in ("onnx", "loadEngine", "deploy", "uff") if flags.get(name)), "")
    device = _DEVICE.search(part)
    columns: dict[str, Any] = {
        "workload": PurePosixPath(file.replace("\\", "/")).stem, "gpu": device[1] if device else "",
        "n_gpus": 1, "phase": "infer", "batch": batch,
        "precision": next((name for name in _FORMATS if name in flags), "" if "best" in flags else "fp32"),
        "runtime": f"TensorRT {_version(start['version'])}", "options": {},
    }  # fmt: skip
    said = () if shape or "batch" in flags else ("no batch in the command: 1 was taken",)
    yield Entry(
        {**columns, "metric": "throughput", "unit": "samples/s", "value": float(rate[1]) * batch}, {}, said
    )
    if latency:
        yield Entry({**columns, "metric": "latency", "unit": "ms", "value": float(latency[1])})


def _version(digits: str) -> str:
    """8.6.1 of v8601, 10.3.0 of v100300."""
    number = int(digits) if digits.isdigit() else 0
    if number >= 100_000:
        return f"{number // 10_000}.{number // 100 % 100}.{number % 100}"
    return f"{number // 1000}.{number // 100 % 10}.{number % 100}" if number else digits
