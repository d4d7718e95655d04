"""nccl-tests (all_reduce_perf, all_gather_perf ..) and AMD's rccl-tests: bus bandwidth and time by size.

Rows are those of `bench suite scaling`, out of place. Which exchange it was stands in its command, in what
version 2.17 and later print, or in the name of the file; of a sum over all ranks alone it is told by its
elements.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from whichgpu.bench.imports import Entry
from whichgpu.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_HEAD = re.compile(r"^#\s+size\s+count\s+type\b.*\balgbw\s+busbw\b", re.MULTILINE)
_RANK = re.compile(r"^#?\s+Rank\s+\d+ .*?\bdevice\s+\d+ \[[0-9A-Fa-fx:.]+\] (?P<gpu>\S.*?)\s*$", re.MULTILINE)
#: Bytes, elements, their type, then time, two bandwidths and errors, out of place and in place; a whole line.
_ROW = re.compile(
    r"^[ \t]*(?P<size>\d+)[ \t]+(?P<count>\d+)[ \t]+(?P<type>[a-z]\w*)[ \t]+(?P<rest>\S.*?)[ \t]*\n",
    re.MULTILINE,
)
_PROGRAM = re.compile(
    r"(?P<name>all_?reduce|all_?gather|all_?to_?all|reduce_scatter|broadcast|reduce|sendrecv|gather|scatter"
    r"|hypercube)_perf"
)
_NAMES = {"allreduce": "all_reduce", "allgather": "all_gather", "alltoall": "all_to_all"}
_WIDTHS = {"int8": 1, "uint8": 1, "half": 2, "bfloat16": 2, "float": 4, "int32": 4, "double": 8}
#: Figures of a line: four out of place, four in place.
_FIGURES = 8


def claims(_path: Path, text: str) -> bool:
    """Whether a file has such a table."""
    return bool(_HEAD.search(text))


def read(path: Path, text: str) -> Iterator[Entry]:
    """Bus bandwidth and time of each size out of place; an empty buffer has none."""
    ranks = [one["gpu"] for one in _RANK.finditer(text)]
    rows = list(_ROW.finditer(text))
    if not rows:
        return
    kind = _kind(path, text, rows)
    for row in rows:
        figures = row["rest"].split()[-_FIGURES:]
        spent, _, bus, *_ = (_number(one) for one in figures)
        if len(figures) < _FIGURES or not spent or not bus:
            continue
        columns: dict[str, Any] = {
            "workload": f"micro/{kind}", "gpu": ranks[0] if ranks else "", "runtime": "nccl-tests",
            "n_gpus": len(ranks) or None,
            "options": {"bytes": int(row["size"]), "type": row["type"], "backend": "nccl"},
        }  # fmt: skip
        yield Entry({**columns, "metric": "bus bandwidth", "unit": "GB/s", "value": bus})
        yield Entry({**columns, "metric": "latency", "unit": "us", "value": spent})


def _kind(path: Path, text: str, rows: list[re.Match[str]]) -> str:
    """What was exchanged; raises `UsageError` where nothing says so."""
    named = _PROGRAM.search(text) or _PROGRAM.search(path.name)
    if named:
        plain = named["name"].replace("_", "")
        return _NAMES.get(plain, named["name"])
    last = rows[-1]
    # A sum at one rank has its number, and of a scattered one each rank has a share of the elements.
    whole = int(last["count"]) * _WIDTHS.get(last["type"], 0) == int(last["size"])
    if whole and re.match(r"(?:sum|prod|max|min|avg|mulsum)\s+-1\s", last["rest"]):
        return "all_reduce"
    raise UsageError(
        "its table does not say what was exchanged; name the file after the program: all_gather_perf.log"
    )


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
