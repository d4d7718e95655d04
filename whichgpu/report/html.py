"""HTML: the same blocks as one page that stands by itself, in light and dark, to read and to print."""

from __future__ import annotations

import re
from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING

from whichgpu.report import svg
from whichgpu.report.chart import Bars, Chart
from whichgpu.report.table import Bullets, Cited, Heading, References, Table, cell

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from whichgpu.report.table import Block

_STYLE = (
    ":root{--page:#fff;--text:#1b1f24;--soft:#57606a;--line:#d8dee4;--strong:#eaf4ff;--link:#0b5cad;"
    "color-scheme:light dark}"
    "@media screen and (prefers-color-scheme:dark)"
    "{:root{--page:#14171a;--text:#e6e8ea;--soft:#a5adb5;--line:#3a4149;--strong:#1d3147;--link:#7db8ff}}"
    "body{margin:0 auto;max-width:60rem;padding:1.5rem;background:var(--page);color:var(--text);"
    "font:16px/1.55 system-ui,sans-serif;overflow-wrap:break-word}"
    "h1{font-size:1.7rem;line-height:1.25}h2{font-size:1.25rem;margin:2.2rem 0 .6rem}figure{margin:1rem 0}"
    "p,li{max-width:50rem}li{margin:.3rem 0}ul,ol{padding-left:1.3rem}a{color:var(--link)}"
    ".lead{font-size:1.08rem}figcaption,.note,.refs{color:var(--soft);max-width:50rem}"
    ".note,.refs{font-size:.88rem}.refs li{overflow-wrap:anywhere}"
    "nav ul{list-style:none;padding:0;display:flex;flex-wrap:wrap;gap:.1rem 1.1rem}"
    ".wide{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums}"
    "caption{text-align:left;font-weight:600;padding:.6rem 0 .3rem;color:var(--text)}"
    "th,td{padding:.25rem .8rem .25rem 0;text-align:left;vertical-align:top;"
    "border-bottom:1px solid var(--line)}"
    "th{font-weight:600}.right{text-align:right;white-space:nowrap}.short{white-space:nowrap}"
    ".many table{font-size:.82rem}.many th,.many td{padding-right:.5rem}.many thead th{white-space:normal}"
    ".strong{background:var(--strong)}"
    "tbody th[scope=row]{font-weight:400}.best{font-weight:700}"
    ".bar{display:inline-block;height:.7em;margin-right:.5em;background:var(--soft)}"
    ".group{padding-top:.9rem;font-weight:600}.group::first-letter{text-transform:uppercase}"
    "sup{font-size:.7em;line-height:0;margin-left:.2em}sup a{text-decoration:none}"
    "@media(min-width:40rem){.named tbody th[scope=row]{min-width:11rem}.dense table{font-size:.88rem}}"
    "@media(max-width:40rem){body{padding:1rem;font-size:15px}h1{font-size:1.35rem}"
    "table{font-size:.86rem}th,td{padding-right:.55rem}.roomy tbody th[scope=row]{position:sticky;left:0;"
    "background:var(--page);min-width:6.5rem;max-width:7.5rem}}"
    "@media print{body{max-width:none;padding:0;font-size:10pt}figure,tr{break-inside:avoid}nav{display:none}"
    ".many table{font-size:7pt}.many th,.many td{padding-right:.3rem}.many .short{white-space:normal}"
    "h2{break-after:avoid}.wide{overflow:visible}a{color:inherit;text-decoration:none}}"
)
#: A page with fewer parts needs no list of them; a table with fewer columns is read without the first held.
_PARTS, _ROOMY = 5, 3
#: How a table of up to so many columns is set: with room for the names of its rows, or smaller; else `many`.
_SIZES = {" named": 5, "": 6, " dense": 9}
#: A cell of no more letters is one line.
_SHORT = 14


#: The space between a number and its unit.
_UNIT = re.compile(
    r"(?<=\d) (?=(?:%|[kMGT]i?B(?:/s)?|[kMGT]?bit|TFLOPS|TOPS|W|mm²?|nm|[mµn]?s|[mkM]?J|USD|[kMG]?Hz)(?!\w))"
)

#: What readers who know of the extra are told.
_DRAWN = "Charts are drawn in the page itself; the extra [plots] is not needed for them, and adds nothing."


def page(title: str, blocks: Iterable[Block]) -> str:
    """A whole document; it asks for nothing from anywhere else."""
    told = [_untitled(block, title) for block in blocks if _heading(block) != title]
    body = "".join(part for block in told for part in _parts(block))
    drawn = "".join(_notes((_DRAWN,))) if "<svg" in body else ""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}{svg.style()}</style>\n</head>\n"
        f"<body>\n<main>\n<h1>{escape(title)}</h1>\n{_contents(told)}{body}{drawn}</main>\n</body>\n</html>\n"
    )


def _untitled(block: Block, title: str) -> Block:
    """A table that repeats the title of the page goes without its own."""
    return replace(block, title="") if isinstance(block, Table) and block.title == title else block


def _heading(block: Block) -> str:
    return block.text if isinstance(block, Heading) else ""


def _contents(blocks: Iterable[Block]) -> str:
    """Links to the parts of a long page."""
    parts = [text for block in blocks if (text := _heading(block))]
    if len(parts) < _PARTS:
        return ""
    links = "".join(f'<li><a href="#{svg.slug(text)}">{escape(text)}</a></li>' for text in parts)
    return f'<nav aria-label="Contents"><ul>{links}</ul></nav>\n'


def _parts(block: Block) -> Iterator[str]:
    if isinstance(block, Table):
        yield from _table(block)
    elif isinstance(block, Chart):
        yield f"{_title(block.title)}{svg.figure(block)}\n"
        yield from _notes(block.notes)
    elif isinstance(block, Bars):
        yield f"{_title(block.title, 3)}{svg.bars(block)}\n"
    elif isinstance(block, Heading):
        yield _title(block.text)
    elif isinstance(block, Bullets):
        yield f"<ul>{''.join(f'<li>{_said(item)}</li>' for item in block.items)}</ul>\n"
    elif isinstance(block, References):
        yield f'<ol class="refs">{"".join(_references(block))}</ol>\n'
    else:
        yield f"<p>{_said(block)}</p>\n"


def _said(text: str) -> str:
    """A sentence, with the numbers of its sources raised behind it."""
    refs = text.refs if isinstance(text, Cited) else ()
    return f"{_text(text)}{f'<sup>{_links(refs)}</sup>' if refs else ''}"


def _links(refs: Iterable[int]) -> str:
    return ", ".join(f'<a href="#source-{number}">{number}</a>' for number in refs)


def _text(text: str) -> str:
    """Text in which a number and its unit stay on one line."""
    return _UNIT.sub("\N{NO-BREAK SPACE}", escape(text))


def _title(text: str, level: int = 2) -> str:
    return f'<h{level} id="{svg.slug(text)}">{escape(text)}</h{level}>\n'


def _references(block: References) -> Iterator[str]:
    for number, item in enumerate(block.items, start=1):
        title = f'<a href="{escape(item.url)}">{escape(item.title)}</a>' if item.url else escape(item.title)
        detail = f" ({escape(item.detail)})" if item.detail else ""
        yield f'<li id="source-{number}">{title}{detail}</li>\n'


def _cell(value: str | None) -> str:
    """A cell: the `#` that it begins with as a bar, `**` around it as stress, its sources as links."""
    text = cell(value)
    if isinstance(value, Cited) and value.refs:
        return _links(value.refs)
    rest = text.lstrip("#")
    bar = f'<i class="bar" style="width:{(len(text) - len(rest)) / 4:g}em"></i>' if rest != text else ""
    rest = rest.strip()
    if len(rest) > 4 and rest.startswith("**") and rest.endswith("**"):
        return f'{bar}<span class="best">{_text(rest[2:-2])}</span>'
    return bar + _text(rest)


def _width(value: str | None) -> str:
    """How a short cell is kept on one line."""
    return ' class="short"' if value and len(value) <= _SHORT else ""


def _hover(value: str | None) -> str:
    """The source of a cell, which a pointer over it shows."""
    return f' title="{escape(value.source)}"' if isinstance(value, Cited) and value.source else ""


def _table(table: Table) -> Iterator[str]:
    sides = [' class="right"' if column.align == "right" else "" for column in table.columns]
    roomy = " roomy" if len(sides) > _ROOMY else ""
    size = next((name for name, most in _SIZES.items() if len(sides) <= most), " many")
    yield f'<div class="wide{roomy}{size if roomy else ""}" tabindex="0"><table>\n'
    if table.title:
        yield f"<caption>{escape(table.title)}</caption>\n"
    if any(column.title for column in table.columns):
        titles = zip(table.columns, sides, strict=True)
        cells = "".join(
            f'<th scope="col"{side}>{escape(column.title)}</th>' if column.title else "<td></td>"
            for column, side in titles
        )
        yield f"<thead><tr>{cells}</tr></thead>\n"
    yield "<tbody>\n"
    for index, row in enumerate(table.rows):
        yield _row(row, sides, strong=index in table.strong)
    yield "</tbody></table></div>\n"
    yield from _notes(table.notes)


def _row(row: tuple[str | None, ...], sides: list[str], *, strong: bool) -> str:
    """A row whose first cell names it, or one cell as a heading over those that follow."""
    first, *rest = row
    if not rest and len(sides) > 1:
        return (
            f'<tr><th scope="colgroup" class="group" colspan="{len(sides)}">{escape(cell(first))}</th></tr>\n'
        )
    sides = [side or _width(value) for value, side in zip(row, sides, strict=True)]
    name = f'<th scope="row"{sides[0]}{_hover(first)}>{_cell(first)}</th>'
    cells = "".join(
        f"<td{side}{_hover(value)}>{_cell(value)}</td>" for value, side in zip(rest, sides[1:], strict=True)
    )
    stress = ' class="strong"' if strong else ""
    return f"<tr{stress}>{name}{cells}</tr>\n"


def _notes(notes: Iterable[str]) -> Iterator[str]:
    yield from (f'<p class="note">{_text(note)}</p>\n' for note in notes)


#: The same for a part of another page, each rule within one for the part; `!important` where notebooks have
#: rules of their own. Its paper is white in a dark notebook too, with the colours for white.
_PART = (
    "--page:#fff;--text:#1b1f24;--soft:#57606a;--line:#d8dee4;--strong:#eaf4ff;--link:#0b5cad;"
    "background:var(--page);color:var(--text);padding:.5rem;font:14px/1.5 system-ui,sans-serif;"
    "h2,h3,p,li,th,td,caption{color:var(--text)!important}tr{background:var(--page)!important}"
    "table{border-collapse:collapse;font:inherit;font-variant-numeric:tabular-nums;margin:.3rem 0}"
    "caption{text-align:left;font-weight:600}th,td{padding:.2rem .8rem .2rem 0;vertical-align:top;"
    "text-align:left!important;border-bottom:1px solid var(--line)}tbody th{font-weight:400}"
    ".group{font-weight:600}.right{text-align:right!important;white-space:nowrap}.short{white-space:nowrap}"
    ".strong{background:var(--strong)!important}.note{color:var(--soft)!important;font-size:.88rem}"
    ".wide{overflow-x:auto}.bar{display:inline-block;height:.7em;margin-right:.5em;background:var(--soft)}"
)


def part(blocks: Iterable[Block]) -> str:
    """Blocks for within another page, such as a notebook: their style holds of nothing around them."""
    body = "".join(text for block in blocks for text in _parts(block))
    drawn = svg.style().partition("@media screen and (prefers-color-scheme")[0]
    return f'<div class="whichgpu"><style>.whichgpu{{{_PART}{drawn}}}</style>\n{body}</div>\n'
