"""[BENCHMARK] lines of TensorRT-LLM: gptManagerBenchmark, gptSessionBenchmark, benchmark.py.

Output tokens/s, mean latency, TTFT and TPOT; batch and lengths where a line has them. The model is stated but
for benchmark.py, and how many requests were in flight: of gptManagerBenchmark as many as fit.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from whichgpu.bench.imports import Entry
from whichgpu.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_MARK = "[BENCHMARK]"
_LINE = re.compile(r"\[BENCHMARK\] (.*\n)")
_PAIR = re.compile(r"(?P<key>[A-Za-z]\w*(?:\([^)\s]*\))?) (?P<value>\S+)(?=\s)")
#: By metric: unit, and what the programs call it, the first that is there.
_FIGURES = {
    "throughput": ("output tokens/s", ("token_throughput(token/sec)", "tokensPerSec", "tokens_per_sec")),
    "latency": ("ms", ("avg_sequence_latency(ms)", "latency(ms)")),
    "ttft": ("ms", ("avg_time_to_first_token(ms)",)),
    "tpot": ("ms", ("avg_inter_token_latency(ms)",)),
}
_COLUMNS = {"model_name": "workload", "batch_size": "concurrency", "input_length": "input_tokens",
            "output_length": "output_tokens", "world_size": "n_gpus"}  # fmt: skip


def claims(_path: Path, text: str) -> bool:
    """Whether a file has such lines, with a figure among them."""
    return _MARK in text and any(f" {name} " in text for _, names in _FIGURES.values() for name in names)


def read(_path: Path, text: str) -> Iterator[Entry]:
    """The figures of each line that says its batch, else those of all lines together."""
    lines = [dict(_PAIR.findall(one)) for one in _LINE.findall(text)]
    static = [one for one in lines if "batch_size" in one]
    known = {key: value for one in lines for key, value in one.items()}
    some = False
    for run in static or [known]:
        for entry in _run(run, static=bool(static)):
            some = True
            yield entry
    if not some:
        raise UsageError("no token_throughput and no latency in it: was it cut off?")


def _run(run: Mapping[str, str], *, static: bool) -> Iterator[Entry]:
    columns: dict[str, Any] = {column: run[key] for key, column in _COLUMNS.items() if key in run}
    columns |= {"phase": "serve", "runtime": "tensorrt-llm", "options": {}}
    columns |= {} if static else {"concurrency": "max"}
    if "precision" in run:
        columns["precision"] = {"float16": "fp16", "bfloat16": "bf16"}.get(run["precision"], run["precision"])
    if "n_gpus" in columns:
        columns["tp"] = columns["n_gpus"]
    for metric, (unit, names) in _FIGURES.items():
        value = next((number for name in names if (number := _number(run.get(name, "")))), None)
        if value:
            yield Entry({**columns, "metric": metric, "unit": unit, "value": value})


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
