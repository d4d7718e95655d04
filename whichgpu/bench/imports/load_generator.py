"""vllm bench serve (benchmark_serving), sglang.bench_serving and its offline kin, AIPerf, GenAI-Perf.

Output tokens/s and the means of TTFT, TPOT and latency of each run, as `validate` reads them
(`cost/serving/load_results.py`); what --metadata or --tag says of a run is in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.bench.imports import Entry
from whichgpu.cost.serving import load_results
from whichgpu.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_WORDS = ('"output_throughput"', '"mean_ttft_ms"', '"output_token_throughput"', '"time_to_first_token"')


def claims(path: Path, text: str) -> bool:
    """Whether a file is such JSON, or what was printed."""
    if load_results.is_printed(text) or load_results.is_table(text):
        return True
    return path.suffix in load_results.SUFFIXES and any(word in text for word in _WORDS)


def read(path: Path, text: str) -> Iterator[Entry]:
    """A figure for each mean of a run."""
    said = ("the file is cut off: what is whole in it was read",) if load_results.cut_off(text) else ()
    failed, sent = load_results.unanswered(path)
    if failed and failed == sent:
        raise UsageError(f"all {sent} requests failed: there is no figure in it")
    if failed:
        said = (*said, f"{failed} of {sent} requests failed: figures are of the others")
    for cells in load_results.entries(path):
        yield Entry({name: value for name, value in cells.items() if name != "id" and value}, {}, said)
