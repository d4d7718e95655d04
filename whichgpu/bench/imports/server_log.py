"""What vLLM and SGLang log of themselves every few seconds: output tokens/s and requests in flight.

The mean of the lines in which as many requests run as in the busiest, or nearly; lengths are not in them.
"""

from __future__ import annotations

import re
from statistics import mean, median
from typing import TYPE_CHECKING, Any

from whichgpu.bench.imports import Entry
from whichgpu.cost.serving.load_results import MODEL

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: By engine, a line's tokens a second and its requests, in one order or the other.
_LINES = {
    "vllm": re.compile(r"Avg generation throughput: (?P<rate>[\d.]+) tokens/s, Running: (?P<n>\d+) reqs"),
    "sglang": re.compile(
        r"Decode batch.*?#running-req: (?P<n>\d+),.*?gen throughput \(token/s\): (?P<rate>[\d.]+),"
    ),
}
_SPLIT = re.compile(
    r"\b(?:tensor_parallel_size|tp_size)'?(?:=|: )(\d+)|--(?:tensor-parallel-size|tp(?:-size)?)[ =](\d+)"
)
#: Share of the most requests from which a line counts.
_BUSY = 0.9


def claims(_path: Path, text: str) -> bool:
    """Whether a file has such lines."""
    return any(line.search(text) for line in _LINES.values())


def about(text: str) -> dict[str, Any]:
    """Model and split by the command or the settings that an engine prints."""
    model, split = MODEL.search(text), _SPLIT.search(text)
    return {"workload": next(filter(None, model.groups())) if model else "",
            "tp": int(next(filter(None, split.groups()))) if split else None}  # fmt: skip


def read(_path: Path, text: str) -> Iterator[Entry]:
    """A figure of each engine's busiest lines."""
    for engine, line in _LINES.items():
        found = [(int(one["n"]), float(one["rate"])) for one in line.finditer(text)]
        most = max((count for count, _ in found), default=0)
        busy = [(count, rate) for count, rate in found if most and count >= _BUSY * most and rate > 0.0]
        if not busy:
            continue
        columns: dict[str, Any] = {
            **about(text), "phase": "serve", "runtime": engine,
            "concurrency": median(count for count, _ in busy), "metric": "throughput",
            "unit": "output tokens/s", "value": mean(rate for _, rate in busy),
        }  # fmt: skip
        said = (f"a mean of {len(busy)} lines of {len(found)}, those with about {most} requests in flight",
                "a log does not tell lengths: add --input-tokens and --output-tokens")  # fmt: skip
        yield Entry(columns, {"lines": len(busy)}, said)
