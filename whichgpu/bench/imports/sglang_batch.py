"""What sglang.bench_one_batch prints: prefill and decode of one batch, without a server.

Of its warm-up nothing is taken. Lengths are by the tokens and seconds that it prints; the model is stated.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from whichgpu.bench.imports import Entry, sections
from whichgpu.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PREFILL = re.compile(
    r"^.*?Prefill\. latency: +(?P<time>[\d.]+) s, throughput: +(?P<rate>[\d.]+) token/s", re.M
)
_DECODE = re.compile(r"Decode\. +median latency: +[\d.]+ s, median throughput: +(?P<rate>[\d.]+) token/s")
_BATCH = re.compile(r"Decode \d+\. Batch size: (\d+),")
#: What stands between a warm-up and the runs that count.
_WARMED, _START = "Warmup ...", "Benchmark ..."


def claims(_path: Path, text: str) -> bool:
    """Whether a file has its lines."""
    return bool(_PREFILL.search(text) and "Decode" in text)


def read(_path: Path, text: str) -> Iterator[Entry]:
    """Two figures of each batch and length."""
    _, begun, runs = text.rpartition(_START)
    if not begun and _WARMED in text:
        raise UsageError("nothing behind its warm-up: was the run cut off?")
    for _, part in sections(_PREFILL, runs):
        yield from _run(part)


def _run(part: str) -> Iterator[Entry]:
    prefill, decode, batch = _PREFILL.search(part), _DECODE.search(part), _BATCH.search(part)
    count = int(batch[1]) if batch else 1
    columns: dict[str, Any] = {
        "runtime": "sglang",
        "metric": "throughput",
        "unit": "tokens/s",
        "batch": count,
    }
    if prefill:
        rate = float(prefill["rate"])
        columns["input_tokens"] = round(rate * float(prefill["time"]) / count)
        yield Entry({**columns, "phase": "prefill", "value": rate})
    if decode:
        yield Entry({**columns, "phase": "decode", "value": float(decode["rate"])})
