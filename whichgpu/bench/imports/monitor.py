"""What nvidia-smi (--query-gpu --format=csv, dmon, -q) and dcgmi dmon write: power, memory, utilisation.

Means over all readings and GPUs, and the most memory. The job is stated, and the GPU without a column `name`.
"""

from __future__ import annotations

import csv
import re
from statistics import fmean
from typing import TYPE_CHECKING

from whichgpu.bench.imports import Entry, kinds, sections
from whichgpu.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

#: By what is read, how nvidia-smi's queries, its dmon and dcgmi's dmon head the column.
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "power": ("power.draw", "power.draw.average", "power.draw.instant", "pwr", "power"),
    "memory": ("memory.used", "fb", "fbusd"),
    "utilisation": ("utilization.gpu", "sm", "gputl"),
    "name": ("name", "gpu_name"),
    "device": ("index", "gpu", "entity", "uuid", "gpu_uuid", "pci.bus_id", "gpu_bus_id"),
}
_QUERY = re.compile(
    r"^(?:\w[\w.]*(?: \[[^\]]*\])?, )*(?:power\.draw|utilization\.gpu|memory\.used)\b", re.MULTILINE
)
_DMON = re.compile(r"^#\s*(?:(?:Date|Time|HH:MM:SS|YYYYMMDD)\s+)*(?:gpu|Entity)\s+\S", re.MULTILINE)
#: The report of -q: its title, each GPU, and by what is read the line of a GPU, under its heading.
_REPORT = "NVSMI LOG"
_GPU = re.compile(r"^GPU \w+:\w+:\w+\.\w+$", re.MULTILINE)
_LINES = {
    "name": re.compile(r"^ +Product Name +: (.+)$", re.MULTILINE),
    "power": re.compile(
        r"^ +(?:GPU )?Power Readings$(?:\n {8,}.*)*?\n +(?:Average |Instantaneous )?Power Draw +: ([\d.]+) W",
        re.MULTILINE,
    ),
    "memory": re.compile(r"^ +FB Memory Usage$(?:\n {8,}.*)*?\n +Used +: (\d+) MiB", re.MULTILINE),
    "utilisation": re.compile(r"^ +Utilization$(?:\n {8,}.*)*?\n +(?:Gpu|GPU) +: (\d+) %", re.MULTILINE),
}


def claims(_path: Path, text: str) -> bool:
    """Whether a file is such a table or report."""
    return bool(_QUERY.search(text[:2000]) or _DMON.search(text[:2000])) or _REPORT in text[:2000]


def read(_path: Path, text: str) -> Iterator[Entry]:
    """Mean power of a GPU, the most memory of one, mean utilisation."""
    report = _REPORT in text[:2000]
    readings = list(
        _listed(text) if report else _spaced(text) if _DMON.search(text[:2000]) else _commas(text)
    )
    found = {name: [number for one in readings if (number := _number(one.get(name, ""))) is not None]
             for name in ("power", "memory", "utilisation")}  # fmt: skip
    if not any(found.values()):
        raise UsageError("no reading of power, memory or utilisation in it; query power.draw, memory.used")
    names = dict.fromkeys(one["name"] for one in readings if one.get("name"))
    columns = {
        "gpu": kinds(names),
        "n_gpus": len({one["device"] for one in readings}),
        "options": {},
    }
    said = [f"a mean of {len(readings)} readings, those in which nothing ran among them"]
    for name, unit in (("power", "W"), ("utilisation", "%")):
        if found[name]:
            yield Entry(
                {**columns, "metric": name, "unit": unit, "value": fmean(found[name])}, {}, tuple(said)
            )
    if found["memory"]:
        most = max(found["memory"]) / 1024.0
        yield Entry({**columns, "metric": "gpu_memory_used", "unit": "GiB", "value": most})


def _listed(text: str) -> Iterator[dict[str, str]]:
    """Readings of reports: a section for each GPU, as often as it was asked."""
    for one, part in sections(_GPU, text):
        yield {"device": one[0], **{name: found[1] for name, line in _LINES.items()
                                    if (found := line.search(part))}}  # fmt: skip


def _commas(text: str) -> Iterator[dict[str, str]]:
    """Readings of a query: a head and lines of as many cells."""
    lines = [row for row in csv.reader(text.splitlines(), skipinitialspace=True) if row]
    start = next(i for i, row in enumerate(lines) if _QUERY.match(", ".join(row)))
    head = [cell.partition(" [")[0] for cell in lines[start]]
    return _readings(head, lines[start + 1 :])


def _spaced(text: str) -> Iterator[dict[str, str]]:
    """Readings of dmon, whose head is the first line behind a `#` and comes again now and then."""
    head: list[str] = []
    lines = []
    for line in text.splitlines():
        if not line.startswith("#"):
            lines.append(re.sub(r"^\s*GPU(?:-\w+)? (?=\d)", "", line).split())
        elif not head and _DMON.match(line):
            head = line.removeprefix("#").lower().split()
    return _readings(head, lines)


def _readings(head: list[str], lines: list[list[str]]) -> Iterator[dict[str, str]]:
    places = {
        name: next((head.index(word) for word in words if word in head), None)
        for name, words in _COLUMNS.items()
    }
    for cells in lines:
        if len(cells) == len(head) and cells != head:
            yield {"device": "", **{name: cells[at].strip() for name, at in places.items() if at is not None}}


def _number(text: str) -> float | None:
    """The number of a cell, with or without its unit; None for [N/A]."""
    found = re.match(r"\d+(?:\.\d+)?", text)
    return float(found[0]) if found else None
