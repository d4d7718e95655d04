"""One table or chart of a page by itself, as a file."""

from __future__ import annotations

import csv
import io
import json
import re
from base64 import b64encode
from typing import TYPE_CHECKING

from whichgpu.errors import UnknownName
from whichgpu.report.chart import Bars, Chart
from whichgpu.report.table import Table
from whichgpu.web import charts
from whichgpu.web.arranging import arranged, found_by, sorted_by
from whichgpu.web.marks import Look
from whichgpu.web.view import LOOKS, named, read_cell

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from whichgpu.web.address import Address


#: How formulas begin, and a figure that begins so too: `-3.5 %`, `-` where there is none.
_FORMULA = ("=", "@", "\t", "\r", "+", "-")
_SIGNED = re.compile(r"[+-](?:\s?\.?\d[\w.,%/ ]*)?")


def part(blocks: Sequence[Any], address: Address, said: Callable[[str], str]) -> tuple[bytes, str, str]:
    """One table or chart of a page: its bytes, media type and file name; `said` is how the page says a text.

    Raises `UnknownName` where the page has no such part or it no such form.
    """
    form, table, chart = (address.value(name) for name in ("as", "table", "chart"))
    wanted = table or chart
    for name, block in named(blocks):
        if name == wanted and isinstance(block, Table) and table:
            return _written(name, block, form, address, said)
        if name == wanted and chart and isinstance(block, Chart | Bars | charts.Stack | charts.Dates):
            return _picture(name, block, form, address)
    have = ", ".join(name for name, block in named(blocks) if hasattr(block, "title")) or "none"
    raise UnknownName(f"no part '{wanted[:60]}' of this page; it has {have}")


def disposition(method: str, file: str) -> dict[str, str]:
    """How a browser takes a file: beside the page; what a form asks for would stand in the page's place."""
    how = "attachment" if method == "POST" or file.endswith(".html") else "inline"
    return {"Content-Disposition": f'{how}; filename="{file}"'}


def pictures(blocks: Sequence[Any]) -> dict[str, dict[str, str]]:
    """Each chart of a page as `data:` addresses, by its name and its look: what a page holds by itself."""
    return {
        name: {look: _inside(block, Look("dark" in look, "narrow" in look)) for look in LOOKS}
        for name, block in named(blocks)
        if isinstance(block, Chart | Bars | charts.Stack | charts.Dates)
    }


def _inside(chart: charts.Drawn, look: Look) -> str:
    body = b64encode(charts.drawing(chart, "svg", look)).decode()
    return f"data:image/svg+xml;base64,{body}"


def _written(
    name: str, table: Table, form: str, address: Address, said: Callable[[str], str] = str
) -> tuple[bytes, str, str]:
    rows = arranged(table, sorted_by(name, address), found_by(name, address))
    cells = [[None if one is None else said(_plain(one)) for one in row] for row in rows]
    if form == "json":
        document = {**table.to_dict(), "rows": cells}
        text = json.dumps(document, ensure_ascii=False, indent=1)
        return text.encode(), "application/json", f"{name}.json"
    if form != "csv":
        raise UnknownName(f"a table is no '{form[:20]}'; as=csv or as=json")
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([column.title for column in table.columns])
    writer.writerows([["" if one is None else _harmless(one) for one in row] for row in cells])
    return out.getvalue().encode(), "text/csv; charset=utf-8", f"{name}.csv"


def _plain(value: str) -> str:
    """What a cell says, less its bar and stress."""
    one = read_cell(value)
    return one.text or ", ".join(map(str, one.refs))


def _harmless(text: str) -> str:
    """Text that no spreadsheet takes for a formula; a figure with its sign is none."""
    return f"'{text}" if text.startswith(_FORMULA) and not _SIGNED.fullmatch(text) else text


def _picture(name: str, chart: charts.Drawn, form: str, address: Address) -> tuple[bytes, str, str]:
    look = Look(bool(address.value("dark")), bool(address.value("narrow")))
    if form == "csv":
        return _written(name, charts.data(chart), "csv", address)
    if form == "json":
        text = json.dumps(charts.spec(chart, look), ensure_ascii=False)
        return text.encode(), "application/json", f"{name}.vl.json"
    if form not in ("svg", "png"):
        raise UnknownName(f"a chart is no '{form[:20]}'; as=svg, png, csv or json")
    kind = "image/svg+xml" if form == "svg" else "image/png"
    return charts.drawing(chart, form, look), kind, f"{name}.{form}"
