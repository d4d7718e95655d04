"""The tables of TGI's text-generation-benchmark: time of a prefill, and of a token, by batch.

Means are taken: its percentiles are of times that were not sorted. A cell that is empty is that of the row
above. Its tokens/s of a prefill are first tokens, so that times are read.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from whichgpu.bench.imports import Entry, sections

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

_HEAD = ("Step", "Batch Size", "Average")
_PARAMETERS = re.compile(r"^\| *Parameter +\| *Value +\|", re.MULTILINE)
_TIMES = re.compile(r"^\| *Step +\| *Batch Size +\| *Average +\|.*\bp50\b", re.MULTILINE)
_MS = re.compile(r"([\d.]+) ms")
#: By what the first column calls a step: phase and metric.
_STEPS: Mapping[str, tuple[str, str]] = {"Prefill": ("prefill", "ttft"), "Decode (token)": ("decode", "tpot")}
_LENGTHS = {"Sequence Length": "input_tokens", "Decode Length": "output_tokens"}


def claims(_path: Path, text: str) -> bool:
    """Whether a file has its table of times."""
    return bool(_TIMES.search(text))


def read(_path: Path, text: str) -> Iterator[Entry]:
    """Two figures of each batch; a file may hold several runs, each behind its parameters."""
    start = _PARAMETERS if _PARAMETERS.search(text) else _TIMES
    for _, part in sections(start, text):
        columns = _parameters(part)
        for _, table in sections(_TIMES, part):
            yield from _times(table, columns)


def _parameters(part: str) -> dict[str, Any]:
    found = {row[0]: row[1] for row in _rows(part) if len(row) == len(("Parameter", "Value"))}
    lengths = {column: int(found[name]) for name, column in _LENGTHS.items() if found.get(name, "").isdigit()}
    return {"workload": found.get("Model", ""), "runtime": "tgi", "unit": "ms", **lengths}


def _times(table: str, columns: Mapping[str, Any]) -> Iterator[Entry]:
    said = (
        ()
        if "input_tokens" in columns
        else ("the table does not tell lengths: add --input-tokens and --output-tokens",)
    )
    above: Sequence[str] = ()
    for row in _rows(table):
        if len(row) < len(_HEAD) or row[0] == _HEAD[0]:
            continue
        above = [cell or old for cell, old in zip(row, above or row, strict=False)]
        step, batch, mean = above[:3]
        time = _MS.fullmatch(mean)
        if step not in _STEPS or not batch.isdigit() or not time or not float(time[1]):
            continue
        phase, metric = _STEPS[step]
        own = {name: value for name, value in columns.items() if phase == "decode" or name != "output_tokens"}
        yield Entry({**own, "phase": phase, "metric": metric, "batch": int(batch), "value": float(time[1])},
                    warnings=said)  # fmt: skip


def _rows(text: str) -> Iterator[list[str]]:
    """The cells of the first tables' lines, without the one below the head."""
    for line in text.splitlines():
        if line.startswith("|") and not line.startswith("|-"):
            yield [cell.strip() for cell in line.strip().strip("|").split("|")]
