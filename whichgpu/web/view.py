"""A report as a page shows it: tables that sort, filter and download, charts with their data.

The state of a page is in its address: `sort=prices.3` (or `prices.-3`, falling), `find-prices=text`; with
`as=csv`, `json`, `svg` or `png` it is one table or chart of the page itself (`web.parts`).
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from whichgpu.report.chart import Bars, Chart
from whichgpu.report.svg import slug
from whichgpu.report.table import EMPTY, Bullets, Cited, Heading, References, Table, cell
from whichgpu.values import NamedTuple
from whichgpu.web import charts
from whichgpu.web.arranging import arranged, found_by, sorted_by
from whichgpu.web.figures import Figures

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from whichgpu.web.address import Address

#: Rows of a table that are shown at once, beside others and alone; one of few columns is a list of facts.
_LONG, _ALONE = 16, 100
_FEW = 5
#: A table of more columns is set closer, and closer still; what stands in a cell that has nothing.
_MANY, _CROWDED, _NOTHING = 7, 12, (None, "", EMPTY)
#: Notes that say what to type in a terminal.
_DIGITS = re.compile(r"[\d.,]+")
#: How many a list has is no part of its name: a link to it holds as the list grows.
_COUNTED = re.compile(r"^\d+-(?:of-\d+-)?(?=(?:gpus|workloads|sources|terms)$)")
_COMMANDS = re.compile(r"more with --|--json has|a wider terminal")
#: Columns whose cells name what has a page, and where that is.
_DOORS = {"GPU": "/gpus", "On": "/gpus", "Smallest": "/gpus", "Workload": "/workloads", "Term": "/explain"}
#: Cells up to this long stay on one line.
_SHORT = 25
#: Of many columns, those up to this long.
_WORD = 14
#: What of an answer few read: it is there, and folded.
_FOLDED = ("Not chosen", "Offers left out")
_KINDS = {Heading: "heading", Bullets: "bullets", References: "references", Figures: "figures"}
#: How a chart is drawn for a page: wide and light, and otherwise.
LOOKS = ("light", "dark", "narrow", "narrow_dark")
#: Rows of its data that stand beside a chart.
_BESIDE = 60


class Shown(NamedTuple):
    """One piece of a page: its kind, which a template draws, and what is in it."""

    kind: str
    slug: str
    of: Any


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
        if isinstance(block, Heading | str | Bullets | References | Figures):
            yield slug(above), block
            continue
        base = _COUNTED.sub("", base)[:48].strip("-")
        taken[base] = taken.get(base, 0) + 1
        yield (base if taken[base] == 1 else f"{base}-{taken[base]}"), block


def shown(blocks: Iterable[Any], address: Address, pictures: Mapping[str, Mapping[str, str]]) -> list[Shown]:
    """The pieces of a page, with those `pictures` of its charts that it holds by itself."""
    blocks = tuple(blocks)
    alone = sum(isinstance(block, Table) for block in blocks) == 1
    pieces: list[Shown] = []
    headed = False
    for name, block in named(blocks):
        if isinstance(block, Table):
            folded = block.title in _FOLDED
            if folded and not block.rows:
                continue
            few = not folded and len(block.columns) <= _FEW
            made = _table(
                name, _rarest(block) if folded else block, address, _ALONE if alone or few else _LONG
            )
            # A heading right over a table of the same name says it twice.
            if folded and pieces and pieces[-1].kind == "heading" and pieces[-1].of.text == block.title:
                pieces.pop()
            asked = name in (address.value("rows"), address.value("sort").rpartition(".")[0])
            made["fold"] = ("open" if asked or made["find"] else "shut") if folded else ""
            pieces.append(Shown("table", name, made))
        elif isinstance(block, Chart | Bars | charts.Stack | charts.Dates):
            made = _chart(name, block, address, pictures.get(name))
            pieces.append(Shown("chart", name, {**made, "level": 3 if headed else 2}))
        else:
            kind = _KINDS.get(type(block), "text")
            headed = headed or kind == "heading"
            pieces.append(Shown(kind, name, block))
    return pieces


def _rarest(table: Table) -> Table:
    """The rows by how seldom their reason is: what is said of every second GPU comes last."""
    reasons = [_DIGITS.sub("", cell(row[-1]).removeprefix(cell(row[0]))) for row in table.rows]
    many = Counter(reasons)
    order = sorted(range(len(reasons)), key=lambda at: many[reasons[at]])
    return replace(table, rows=tuple(table.rows[at] for at in order), strong=())


def _table(name: str, table: Table, address: Address, most: int = 10**9) -> dict[str, Any]:
    sort, find = sorted_by(name, address), found_by(name, address)
    strong = {id(row) for at, row in enumerate(table.rows) if at in table.strong}
    rows = arranged(table, sort, find)
    cut = 0 if address.value("rows") in (name, "all") or len(rows) <= 1.5 * most else len(rows) - most
    rows = rows[: len(rows) - cut]
    # In the list of prices a GPU leads to its own.
    doors = {**_DOORS, "GPU": "/prices"} if address.path == "/prices" else _DOORS
    linked = {at: doors[one.title] for at, one in enumerate(table.columns) if one.title in doors}
    columns, seen = [], _seen(table)
    for at in seen:
        column = table.columns[at]
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
        "rows": [{"strong": id(row) in strong, "cells": _cells(row, linked, seen)} for row in rows],
        "all": len(table.rows),
        "hidden": [pair for pair in address.pairs if pair[0] not in ("as", "table", "chart", f"find-{name}")],
        "tools": bool(table.rows),
        "filters": len(table.rows) > 1,
        "csv": address.with_(table=name, **{"as": "csv"}),
        "json": address.with_(table=name, **{"as": "json"}),
        "wide": len(seen) > 3,
        "dense": len(seen) > _MANY,
        "packed": len(seen) > _CROWDED,
        "fold": "",
    }


def _seen(table: Table) -> list[int]:
    """The columns that a page shows: those in which any row has something; downloads have all."""
    whole = [row for row in table.rows if len(row) == len(table.columns)]
    return [
        at for at in range(len(table.columns))
        if not at or not whole or any(row[at] not in _NOTHING for row in whole)
    ]  # fmt: skip


def _cells(row: tuple[str | None, ...], doors: Mapping[int, str], seen: list[int]) -> list[Cell]:
    """The cells of a row, what has a page of its own with a link to it."""
    made = [read_cell(one) for one in row]
    for at, door in doors.items():
        if at < len(made) and not made[at].url and _has_page(door, made[at].text):
            made[at] = made[at]._replace(url=f"{door}/{quote(made[at].text)}")
    return [made[at] for at in seen] if len(made) > 1 else made


def _has_page(door: str, name: str) -> bool:
    from whichgpu.hardware.catalogue import catalogue
    from whichgpu.planner.glossary import terms
    from whichgpu.workloads.workload import workloads

    if door == "/workloads":
        return name in workloads()
    return name in (terms() if door == "/explain" else catalogue())


class Cell(NamedTuple):
    """A cell: its text, whether it is stressed, a bar of so many tenths, its source, numbers of sources."""

    text: str
    best: bool = False
    bar: int = 0
    source: str = ""
    refs: tuple[int, ...] = ()
    url: str = ""

    @property
    def marked(self) -> bool:
        """Whether it is more than its text."""
        return bool(self.best or self.bar or self.refs or self.url)

    @property
    def loose(self) -> bool:
        """Whether it may take a second line where columns are many; an interval is read at a glance."""
        return len(self.text) > _WORD and (" " in self.text or "-" in self.text) and "–" not in self.text

    @property
    def short(self) -> bool:
        """Whether it stays on one line."""
        return len(self.text) <= _SHORT


def read_cell(value: str | None) -> Cell:
    """A cell of a report: marks of stress, bars and sources read off its text."""
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


def _chart(
    name: str, chart: charts.Drawn, address: Address, held: Mapping[str, str] | None
) -> dict[str, Any]:
    data = charts.data(chart)
    plain = address._replace(pairs=tuple(address.asked()))

    def picture(look: str = "light") -> str:
        more = {one: "1" for one in ("narrow", "dark") if one in look}
        return plain.with_(chart=name, **{"as": "svg", **more})

    return {
        "title": chart.title,
        "summary": chart.summary or chart.title,
        "notes": getattr(chart, "notes", ()),
        "data": {**_table(f"{name}-data", _short(data), plain), "tools": False},
        "pictures": held or {look: picture(look) for look in LOOKS},
        "svg": picture(),
        "png": plain.with_(chart=name, **{"as": "png"}),
        "csv": plain.with_(chart=name, **{"as": "csv"}),
        "spec": plain.with_(chart=name, **{"as": "json"}),
    }


def _short(data: Table) -> Table:
    """The first rows of the data of a chart; its CSV has all."""
    more = len(data.rows) - _BESIDE
    notes = (f"{more:,} more rows are in the CSV.",) if more > 0 else ()
    return replace(data, title="", rows=data.rows[:_BESIDE], notes=(*data.notes, *notes))
