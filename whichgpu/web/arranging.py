"""Rows of a table in the order, and with the words, that an address asks for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from whichgpu.report.table import cell
from whichgpu.units import DAY, HOUR, MINUTE

if TYPE_CHECKING:
    from whichgpu.report.table import Table
    from whichgpu.web.address import Address

_NUMBER = re.compile(r"[-+−]?\d[\d,]*\.?\d*(?:e[-+]?\d+)?", re.IGNORECASE)
_SCALES = {
    "n": 1e-9,
    "µ": 1e-6,
    "u": 1e-6,
    "m": 1e-3,
    "k": 1e3,
    "K": 1e3,
    "M": 1e6,
    "G": 1e9,
    "T": 1e12,
    "P": 1e15,
    "E": 1e18,
    "B": 1e9,
}
_TIMES = {
    "s": 1.0,
    "min": MINUTE,
    "h": HOUR,
    "day": DAY,
    "days": DAY,
    "months": 2.63e6,
    "years": 3.16e7,
}


def sorted_by(name: str, address: Address) -> tuple[int, bool] | None:
    """The column that a table is sorted by, and whether it falls."""
    table, _, column = address.value("sort").rpartition(".")
    if table != name or not re.fullmatch(r"-?\d{1,3}", column):
        return None
    return abs(int(column)), column.startswith("-")


def found_by(name: str, address: Address) -> str:
    """The words that rows of a table must hold; empty for all rows."""
    table, _, words = address.value("find").partition(":")
    if table == name and words:
        return words[:100]
    own = address.value(f"find-{name}")
    return own[:100]


def arranged(table: Table, sort: tuple[int, bool] | None, find: str) -> list[tuple[str | None, ...]]:
    """The rows that hold the words, in order; headings within the table stand only in its own order."""
    rows = list(table.rows)
    if find:
        rows = [row for row in rows if find.lower() in " ".join(map(cell, row)).lower()]
    if sort is None or sort[0] >= len(table.columns):
        return rows
    at, falling = sort
    whole = [row for row in rows if len(row) == len(table.columns)]
    known = [row for row in whole if row[at] not in (None, "", "-", "–")]
    known.sort(key=lambda row: sort_key(cell(row[at])), reverse=falling)
    return known + [row for row in whole if row not in known]


def sort_key(text: str) -> tuple[int, float, str]:
    """Numbers before words; a number with its prefix (`1.2 TB/s`) or its unit of time (`3 ms`, `2 days`)."""
    match = _NUMBER.match(text.lstrip("#* ~<>$"))
    if match is None:
        return 1, 0.0, text.lower()
    value = float(match[0].replace(",", "").replace("−", "-"))
    unit = text.lstrip("#* ~<>$")[match.end() :].strip().split(" ")[0] if match.end() < len(text) else ""
    if re.fullmatch(r"\d{4}-\d\d(-\d\d)?", text):
        return 0, float(text.replace("-", "")[:8].ljust(8, "0")), text
    if unit in _TIMES:
        return 0, value * _TIMES[unit], text
    scale = _SCALES.get(unit[:1], 1.0) if len(unit) > 1 or unit in ("k", "M", "B", "G") else 1.0
    return 0, value * (1.0 if unit.startswith(("month", "USD", "MiB x")) else scale), text
