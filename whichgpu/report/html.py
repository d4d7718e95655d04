"""HTML: the same blocks as one page that stands by itself, in light and dark, to read and to print."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from whichgpu.report import svg
from whichgpu.report.chart import Chart
from whichgpu.report.table import Bullets, Heading, Table, cell

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from whichgpu.report.table import Block

_STYLE = (
    ":root{--page:#fff;--text:#1b1f24;--soft:#57606a;--line:#d8dee4;--strong:#eaf4ff;color-scheme:light dark}"
    "@media screen and (prefers-color-scheme:dark)"
    "{:root{--page:#14171a;--text:#e6e8ea;--soft:#a5adb5;--line:#3a4149;--strong:#1d3147}}"
    "body{margin:0 auto;max-width:70rem;padding:1.5rem;background:var(--page);color:var(--text);"
    "font:15px/1.5 system-ui,sans-serif}"
    "h1{font-size:1.5rem}h2{font-size:1.15rem;margin:2rem 0 .5rem}figure{margin:0}"
    "figcaption,.note{color:var(--soft);max-width:50rem}"
    ".wide{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums}"
    "th,td{padding:.25rem .8rem .25rem 0;text-align:left;vertical-align:top;"
    "border-bottom:1px solid var(--line)}"
    "th{font-weight:600}.right{text-align:right;white-space:nowrap}.strong{background:var(--strong)}"
    ".bar{display:inline-block;height:.7em;margin-right:.5em;background:var(--soft)}.group{padding-top:.8rem;font-weight:600}"
    "@media print{body{max-width:none;padding:0;font-size:10pt}figure,tr{break-inside:avoid}"
    "h2{break-after:avoid}.wide{overflow:visible}}"
)


def page(title: str, blocks: Iterable[Block]) -> str:
    """A whole document; it asks for nothing from anywhere else."""
    body = "".join(part for block in blocks for part in _parts(block) if part != _title(title))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}{svg.style()}</style>\n</head>\n"
        f"<body>\n<main>\n<h1>{escape(title)}</h1>\n{body}</main>\n</body>\n</html>\n"
    )


def _parts(block: Block) -> Iterator[str]:
    if isinstance(block, Table):
        yield from _table(block)
    elif isinstance(block, Chart):
        yield _title(block.title)
        yield f"{svg.figure(block)}\n"
        yield from _notes(block.notes)
    elif isinstance(block, Heading):
        yield _title(block.text)
    elif isinstance(block, Bullets):
        yield f"<ul>{''.join(f'<li>{escape(item)}</li>' for item in block.items)}</ul>\n"
    else:
        yield f"<p>{escape(block)}</p>\n"


def _title(text: str) -> str:
    return f"<h2>{escape(text)}</h2>\n"


def _cell(value: str | None) -> str:
    """A cell; the `#` that it begins with are drawn as a bar."""
    text = cell(value)
    rest = text.lstrip("#")
    bar = f'<i class="bar" style="width:{(len(text) - len(rest)) / 4:g}em"></i>' if rest != text else ""
    return bar + escape(rest.strip())


def _table(table: Table) -> Iterator[str]:
    if table.title:
        yield _title(table.title)
    sides = [' class="right"' if column.align == "right" else "" for column in table.columns]
    yield '<div class="wide"><table>\n'
    if any(column.title for column in table.columns):
        titles = zip(table.columns, sides, strict=True)
        cells = "".join(f'<th scope="col"{side}>{escape(column.title)}</th>' for column, side in titles)
        yield f"<thead><tr>{cells}</tr></thead>\n"
    yield "<tbody>\n"
    for index, row in enumerate(table.rows):
        if len(row) == 1 and len(table.columns) > 1:
            title = escape(cell(row[0]))
            yield f'<tr><th scope="colgroup" class="group" colspan="{len(sides)}">{title}</th></tr>\n'
            continue
        strong = ' class="strong"' if index in table.strong else ""
        cells = "".join(f"<td{side}>{_cell(value)}</td>" for value, side in zip(row, sides, strict=True))
        yield f"<tr{strong}>{cells}</tr>\n"
    yield "</tbody></table></div>\n"
    yield from _notes(table.notes)


def _notes(notes: Iterable[str]) -> Iterator[str]:
    yield from (f'<p class="note">{escape(note)}</p>\n' for note in notes)
