"""What trtllm-bench prints: output tokens/s, mean latency, TTFT and TPOT of TensorRT-LLM.

Model, format and split stand in its head; the GPU does not.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from whichgpu.bench.imports import Entry
from whichgpu.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LINE = re.compile(
    r"^\s*(?:\[.*?\]\s*)*(?P<key>[A-Z][^:\n]*?):[ \t]+(?P<value>\S[^\n]*?)[ \t]*\r?$", re.MULTILINE
)
#: By the metric of a mean, what it is called; the last two of a run with --streaming.
_TIMES = {"latency": "Average request latency (ms)", "ttft": "Average time-to-first-token [TTFT] (ms)",
          "tpot": "Average time-per-output-token [TPOT] (ms)"}  # fmt: skip
#: Its own version, spelled with a space from 1.0 on.
_VERSIONS = ("TensorRT-LLM Version", "TensorRT LLM Version")
_RATE = "Total Output Throughput (tokens/sec)"
_FORMATS = {"bfloat16": "bf16", "float16": "fp16", "float32": "fp32", "fp8": "fp8", "nvfp4": "fp4",
            "w4a16_awq": "w4a16", "w4a8_awq": "w4a8", "int8": "int8", "w8a16": "w8a16"}  # fmt: skip
_COLUMNS = {
    "Average Input Length (tokens)": "input_tokens",
    "Average Output Length (tokens)": "output_tokens",
    "Concurrency": "concurrency",
    "TP Size": "tp",
    "PP Size": "pp",
}


def claims(_path: Path, text: str) -> bool:
    """Whether a file is such an output."""
    return _RATE in text or ("TP Size:" in text and any(f"{name}:" in text for name in _VERSIONS))


def read(_path: Path, text: str) -> Iterator[Entry]:
    """Throughput, and the means of times that are told."""
    known: dict[str, str] = {}
    for match in _LINE.finditer(text):
        known.setdefault(match["key"].strip(), match["value"])
    if _RATE not in known:
        raise UsageError("no 'PERFORMANCE OVERVIEW' with its output throughput: was it cut off?")
    columns: dict[str, Any] = {
        "workload": known.get("Model", ""), "phase": "serve", "precision": _format(known), "options": {},
        "runtime": " ".join(("TensorRT-LLM", *(known[name] for name in _VERSIONS if name in known))),
        **{name: _number(known[key]) for key, name in _COLUMNS.items() if _number(known.get(key, ""))},
    }  # fmt: skip
    columns.setdefault("concurrency", "max")
    yield Entry({**columns, "metric": "throughput", "unit": "output tokens/s", "value": _sure(known, _RATE)})
    for metric, name in _TIMES.items():
        if name in known:
            yield Entry({**columns, "metric": metric, "unit": "ms", "value": _sure(known, name)})


def _format(known: dict[str, str]) -> str:
    for key in ("Quantization", "Dtype"):
        found = _FORMATS.get(known.get(key, "").lower())
        if found:
            return found
    return ""


def _number(text: str) -> float | None:
    try:
        return float(text.replace(",", ""))
    except ValueError:
        return None


def _sure(known: dict[str, str], key: str) -> float:
    value = _number(known[key])
    if not value:
        raise UsageError(f"{key} is '{known[key]}', which is no figure")
    return value
