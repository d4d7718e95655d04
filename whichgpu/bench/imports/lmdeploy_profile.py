"""What LMDeploy's profile_throughput.py and profile_restful_api.py print: output tokens/s, TTFT, lengths.

A load for each `concurrency:`; the model is stated. Newer ones print the lines of sglang.bench_serving.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from whichgpu.bench.imports import Entry, sections

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LOAD = re.compile(r"^concurrency: (?P<count>\d+)$", re.MULTILINE)
_TIME = re.compile(r"^elapsed_time: (?P<seconds>[\d.]+) ?s\b", re.MULTILINE)
_MADE = re.compile(r"^token throughput \(completion token\): (?P<rate>[\d.]+) token/s", re.MULTILINE)
_FIRST = re.compile(
    r"^first token latency\(s\)\(min, max, ave\): [\d.]+, [\d.]+, (?P<mean>[\d.]+)\n", re.MULTILINE
)
_RATE = re.compile(r"^RPS \(request per second\): (?P<rate>[\d.]+) req/s", re.MULTILINE)
_COUNTS = {"input_tokens": re.compile(r"^number of prompt tokens: (\d+)\n", re.MULTILINE),
           "output_tokens": re.compile(r"^number of completion tokens: (\d+)\n", re.MULTILINE)}  # fmt: skip


def claims(_path: Path, text: str) -> bool:
    """Whether a file has its rate."""
    return bool(_MADE.search(text))


def read(_path: Path, text: str) -> Iterator[Entry]:
    """The figures of each load."""
    for load, part in sections(_LOAD, text):
        columns: dict[str, Any] = {
            "phase": "serve", "runtime": "lmdeploy", "concurrency": int(load["count"]), "options": {}
        }  # fmt: skip
        time, rate = _TIME.search(part), _RATE.search(part)
        requests = float(time["seconds"]) * float(rate["rate"]) if time and rate else 0.0
        for name, line in _COUNTS.items():
            if requests and (found := line.search(part)):
                columns[name] = round(int(found[1]) / round(requests))
        if made := _MADE.search(part):
            yield Entry({**columns, "metric": "throughput", "unit": "output tokens/s",
                         "value": float(made["rate"])})  # fmt: skip
        if (first := _FIRST.search(part)) and float(first["mean"]) > 0.0:
            yield Entry({**columns, "metric": "ttft", "unit": "ms", "value": 1e3 * float(first["mean"])})
