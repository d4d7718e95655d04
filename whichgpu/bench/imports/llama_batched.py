"""llama-batched-bench of llama.cpp, its table or its lines of JSON: tokens/s of both phases by batch.

Where all sequences share one prompt that is of one sequence.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from whichgpu.bench.imports import Entry
from whichgpu.bench.imports.llama_bench import documents
from whichgpu.bench.imports.llama_timings import about

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_HEADING = re.compile(r"^\|\s*PP\s*\|\s*TG\s*\|\s*B\s*\|\s*N_KV\s*\|", re.MULTILINE)
#: A line of figures: lengths, the batch, tokens held; time and rate of prompts, of generation, of both.
_ROW = re.compile(
    r"^\|\s*(?P<pp>\d+)\s*\|\s*(?P<tg>\d+)\s*\|\s*(?P<pl>\d+)\s*\|\s*\d+\s*\|\s*[\d.]+\s*"
    r"\|\s*(?P<speed_pp>[\d.]+)\s*\|\s*[\d.]+\s*\|\s*(?P<speed_tg>[\d.]+)\s*\|",
    re.MULTILINE,
)
_SHARED = re.compile(r"\"?is_pp_shared\"?\s*[:=]\s*(?:1|true)\b")


def claims(_path: Path, text: str) -> bool:
    """Whether a file has such a table or lines."""
    return bool(_HEADING.search(text)) or ('"speed_pp"' in text and '"speed_tg"' in text)


def read(_path: Path, text: str) -> Iterator[Entry]:
    """Prompts and generation of each batch."""
    base, said = about(text)
    shared = bool(_SHARED.search(text))
    for row in _rows(text):
        prompt, made, batch = (int(row[name]) for name in ("pp", "tg", "pl"))
        columns: dict[str, Any] = {**base, "metric": "throughput", "unit": "tokens/s"}
        phases = (
            ("prefill", {"batch": 1 if shared else batch, "input_tokens": prompt}, row["speed_pp"]),
            ("decode", {"batch": batch, "input_tokens": prompt, "output_tokens": made}, row["speed_tg"]),
        )
        for phase, sizes, rate in phases:
            if float(rate) > 0.0:
                yield Entry({**columns, "phase": phase, **sizes, "value": float(rate)}, {}, said)


def _rows(text: str) -> Iterator[Mapping[str, Any]]:
    """Lines of the table, or of JSON that have all that those have."""
    if _HEADING.search(text):
        yield from (one.groupdict() for one in _ROW.finditer(text))
        return
    names = ("pp", "tg", "pl", "speed_pp", "speed_tg")
    for one in documents(text)[0]:
        known = isinstance(one, dict) and all(isinstance(one.get(name), int | float) for name in names)
        if known:
            yield one
