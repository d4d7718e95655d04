"""A report as a page shows it: tables that sort, filter and download, charts with their data.

The state of a page is in its address: `sort=prices.3` (or `prices.-3`, falling), `find=prices:text`; with
`as=csv`, `json`, `svg` or `png` it is one table or chart of the page itself.
"""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

from whichgpu.errors import UnknownName
from whichgpu.report.chart import Bars, Chart
from whichgpu.report.svg import slug
from whichgpu.report.table import Bullets, Cited, Heading, References, Table, cell
from whichgpu.web import charts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

#: What of an address says how a page is shown, and not what is asked.
SHOWN = ("rows", "sort", "find", "table", "chart", "as", "dark", "narrow")
#: Rows of a table that are shown at once, beside others and alone; one of few columns is a list of facts.
_LONG, _ALONE = 16, 100
_FEW = 5
#: Notes that say what to type in a terminal.
_COMMANDS = re.compile(r"more with --|--json has|a wider terminal")
#: Rows of its data that stand beside a chart.
_BESIDE = 60
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
    "min": 60.0,
    "h": 3600.0,
    "day": 86400.0,
    "days": 86400.0,
    "months": 2.63e6,
    "years": 3.16e7,
}


class Shown(NamedTuple):
    """One piece of a page: its kind, which a template draws, and what is in it."""

    kind: str
    slug: str
    of: Any


class Address(NamedTuple):
    """Where a page is: its path, and the pairs of its query."""

    path: str
    pairs: tuple[tuple[str, str], ...]

    def asked(self) -> list[tuple[str, str]]:
        """The pairs that say what is asked."""
        return [pair for pair in self.pairs if pair[0] not in SHOWN]

    def with_(self, **more: str) -> str:
        """The same page, shown otherwise."""
        kept = [pair for pair in self.pairs if pair[0] not in (*more, "as", "table", "chart")]
        query = urlencode([*kept, *((name, value) for name, value in more.items() if value)])
        return f"{self.path}?{query}" if query else self.path

    def value(self, name: str) -> str:
        """The last value of a name; empty where it has none."""
        return next((value for key, value in reversed(self.pairs) if key == name), "")


def named(blocks: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    """Each block with a name of its own: of its title, or of the heading above it."""
    taken: dict[str, int] = {}
    above = "table"
    for block in blocks:
        if isinstance(block, Heading):
            above = block.text
        base = (
            slug(getattr(block, "title", "") if not isinstance(block, str) else "") or slug(above) or "part"
        )
        if isinstance(block, Heading | str | Bullets | References):
            yield slug(above), block
            continue
        base = base[:48].strip("-")
        taken[base] = taken.get(base, 0) + 1
        yield (base if taken[base] == 1 else f"{base}-{taken[base]}"), block


def shown(blocks: Iterable[Any], address: Address) -> list[Shown]:
    """The pieces of a page."""
    blocks = tuple(blocks)
    alone = sum(isinstance(block, Table) for block in blocks) == 1
    pieces = []
    for name, block in named(blocks):
        if isinstance(block, Table):
            most = _ALONE if alone or len(block.columns) <= _FEW else _LONG
            pieces.append(Shown("table", name, _table(name, block, address, most)))
        elif isinstance(block, Chart | Bars | charts.Stack | charts.Dates):
            pieces.append(Shown("chart", name, _chart(name, block, address)))
        else:
            kind = {Heading: "heading", Bullets: "bullets", References: "references"}.get(type(block), "text")
            pieces.append(Shown(kind, name, block))
    return pieces


def _table(name: str, table: Table, address: Address, most: int = 10**9) -> dict[str, Any]:
    sort, find = _sort(name, address), _find(name, address)
    strong = {id(row) for at, row in enumerate(table.rows) if at in table.strong}
    rows = arranged(table, sort, find)
    cut = 0 if address.value("rows") == name or len(rows) <= 1.5 * most else len(rows) - most
    rows = rows[: len(rows) - cut]
    columns = []
    for at, column in enumerate(table.columns):
        here = sort is not None and sort[0] == at
        falling = here and sort is not None and not sort[1]
        columns.append(
            {
                "title": column.title,
                "right": column.align == "right",
                "url": address.with_(sort=f"{name}.{'-' if falling else ''}{at}"),
                "order": ("descending" if sort and sort[1] else "ascending") if here else "",
            }
        )
    return {
        "title": table.title,
        "columns": columns,
        "find": find,
        "cut": cut,
        "whole": address.with_(rows=name),
        "notes": [note for note in table.notes if not _COMMANDS.search(note)],
        "rows": [{"strong": id(row) in strong, "cells": [_cell(one) for one in row]} for row in rows],
        "all": len(table.rows),
        "hidden": [pair for pair in address.asked()],
        "sort": address.value("sort"),
        "tools": len(table.rows) > 1,
        "csv": address.with_(table=name, **{"as": "csv"}),
        "json": address.with_(table=name, **{"as": "json"}),
        "wide": len(table.columns) > 3,
    }


class Cell(NamedTuple):
    """A cell: its text, whether it is stressed, a bar of so many tenths, its source, numbers of sources."""

    text: str
    best: bool = False
    bar: int = 0
    source: str = ""
    refs: tuple[int, ...] = ()
    url: str = ""


def _cell(value: str | None) -> Cell:
    text = cell(value)
    source = value.source if isinstance(value, Cited) else ""
    refs = value.refs if isinstance(value, Cited) else ()
    if refs:
        return Cell("", refs=tuple(refs))
    rest = text.lstrip("#")
    bar, rest = len(text) - len(rest), rest.strip()
    best = len(rest) > 4 and rest.startswith("**") and rest.endswith("**")
    url = rest if rest.startswith(("https://", "http://")) and " " not in rest else ""
    return Cell(rest[2:-2] if best else rest, best, bar, source, url=url)


def _sort(name: str, address: Address) -> tuple[int, bool] | None:
    """The column that a table is sorted by, and whether it falls."""
    table, _, column = address.value("sort").rpartition(".")
    if table != name or not re.fullmatch(r"-?\d{1,3}", column):
        return None
    return abs(int(column)), column.startswith("-")


def _find(name: str, address: Address) -> str:
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


def _chart(name: str, chart: charts.Drawn, address: Address) -> dict[str, Any]:
    data = charts.data(chart)
    plain = address._replace(pairs=tuple(address.asked()))

    def picture(**more: str) -> str:
        return plain.with_(chart=name, **{"as": "svg", **more})

    return {
        "title": chart.title,
        "summary": chart.summary or chart.title,
        "notes": getattr(chart, "notes", ()),
        "data": {**_table(f"{name}-data", _short(data), plain), "tools": False},
        "svg": picture(),
        "dark": picture(dark="1"),
        "narrow": picture(narrow="1"),
        "narrow_dark": picture(narrow="1", dark="1"),
        "png": plain.with_(chart=name, **{"as": "png"}),
        "csv": plain.with_(chart=name, **{"as": "csv"}),
        "spec": plain.with_(chart=name, **{"as": "json"}),
    }


def _short(data: Table) -> Table:
    """The first rows of the data of a chart; its CSV has all."""
    more = len(data.rows) - _BESIDE
    notes = (f"{more:,} more rows are in the CSV.",) if more > 0 else ()
    return replace(data, title="", rows=data.rows[:_BESIDE], notes=(*data.notes, *notes))


def part(blocks: Sequence[Any], address: Address) -> tuple[bytes, str, str]:
    """One table or chart of a page: its bytes, media type and file name.

    Raises `UnknownName` where the page has no such part or it no such form.
    """
    form, table, chart = (address.value(name) for name in ("as", "table", "chart"))
    wanted = table or chart
    for name, block in named(blocks):
        if name == wanted and isinstance(block, Table) and table:
            return _written(name, block, form, address)
        if name == wanted and chart and isinstance(block, Chart | Bars | charts.Stack | charts.Dates):
            return _picture(name, block, form, address)
    have = ", ".join(name for name, block in named(blocks) if hasattr(block, "title")) or "none"
    raise UnknownName(f"no part '{wanted[:60]}' of this page; it has {have}")


def _written(name: str, table: Table, form: str, address: Address) -> tuple[bytes, str, str]:
    rows = arranged(table, _sort(name, address), _find(name, address))
    kept = replace(table, rows=tuple(rows), strong=())
    if form == "json":
        return (
            json.dumps(kept.to_dict(), ensure_ascii=False, indent=1).encode(),
            "application/json",
            f"{name}.json",
        )
    if form != "csv":
        raise UnknownName(f"a table is no '{form[:20]}'; as=csv or as=json")
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([column.title for column in table.columns])
    writer.writerows([[_harmless(_cell(one)) for one in row] for row in rows])
    return out.getvalue().encode(), "text/csv; charset=utf-8", f"{name}.csv"


def _harmless(one: Cell) -> str:
    """Text that no spreadsheet takes for a formula."""
    text = one.text or ", ".join(map(str, one.refs))
    return f"'{text}" if text.startswith(("=", "@", "\t")) else text


def _picture(name: str, chart: charts.Drawn, form: str, address: Address) -> tuple[bytes, str, str]:
    look = charts.Look(bool(address.value("dark")), bool(address.value("narrow")))
    if form == "csv":
        return _written(name, charts.data(chart), "csv", address)
    if form == "json":
        text = json.dumps(charts.spec(chart, look), ensure_ascii=False)
        return text.encode(), "application/json", f"{name}.vl.json"
    if form not in ("svg", "png"):
        raise UnknownName(f"a chart is no '{form[:20]}'; as=svg, png, csv or json")
    kind = "image/svg+xml" if form == "svg" else "image/png"
    return charts.drawing(chart, form, look), kind, f"{name}.{form}"


def fields(model: Any, names: Iterable[str], given: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The fields of a form, with what they hold."""
    made = []
    for name in names:
        field = model.model_fields[name]
        extra = field.json_schema_extra or {}
        example = (field.examples or [""])[0]
        value = given.get(name, "")
        default = "" if field.is_required() or field.default in (None, [], "") else field.default
        made.append(
            {
                "name": name,
                "title": field.title or name,
                "help": field.description or "",
                "required": field.is_required(),
                "choices": extra.get("choices", []),
                "value": ", ".join(map(str, value)) if isinstance(value, list | tuple) else value,
                "default": default,
                "example": example[0] if isinstance(example, list) else example,
                "kind": _kind(field.annotation),
                "slider": name in ("batch", "seq_len", "input_tokens", "output_tokens"),
            }
        )
    return made


def _kind(annotation: Any) -> str:
    text = str(annotation)
    if annotation is bool:
        return "checkbox"
    return "number" if "int" in text.replace("print", "") and "str" not in text else "text"
