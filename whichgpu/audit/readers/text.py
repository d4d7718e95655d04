"""Plain text: a paragraph to a run of lines; short lines without a full stop are headings; `-` and `*` lists.

Lines of a text that was not wrapped are paragraphs of their own. Lines of as many columns each, divided by
tabs, several blanks or commas, are a table; those with pipes are read as Markdown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.document import Builder, Document
from whichgpu.audit.readers._lines import (
    Line,
    cell,
    day_of,
    goes_on,
    is_divided,
    leads_to,
    lines,
    listing,
    paragraphs,
    part,
    plain,
    stacked,
)
from whichgpu.audit.readers._tables import aligned, table_of, unruled_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage, Table

#: Lines up to so long may be headings, and lines from so long on were not wrapped.
_HEADING, _UNWRAPPED = 90, 140
_ITEM = re.compile(r"^\s*(?:[-*+\u2022\u25cf\u25aa]|\(?\d{1,3}\)|\d{1,3}\.|\([a-h]\))\s+")


def read(text: str) -> Document:
    """A document from plain text."""
    passages: list[Passage] = []
    section: list[str] = []
    tables: list[Table] = []
    for group, told in (each for run in paragraphs(lines(text)) for each in _parts(unruled_rows(run))):
        kind = "item" if told == "heading" and leads_to(passages, group[0].text) else told
        if kind == "table":
            made = [[cell(piece, at, plain, section) for piece, at in row] for row in aligned(group, 0)]
            tables.append(table_of(made, section, passages[-1].text[:300] if passages else ""))
            passages += [one for row in made for one in row if one is not None]
        else:
            builder = Builder()
            for at_line, line in enumerate(group):
                left = len(line.text) - len(line.text.lstrip())
                mark = _ITEM.match(line.text) if kind == "item" and line is group[0] else None
                at = mark.end() if mark else left
                before = group[0] if kind == "item" and len(group) == 2 and line is group[1] else None
                last = group[at_line - 1].text if at_line else ""
                if not goes_on(last, line.text):
                    part(builder, before, line, line.start + at)
                behind = group[at_line + 1].text if at_line + 1 < len(group) else ""
                text_ = line.text.rstrip()[:-1] if is_divided(line.text, behind) else line.text
                plain(builder, text_[at:], line.start + at)
            if builder.empty:
                continue
            if kind == "heading":
                section = [builder.passage(kind).text]
            passages.append(builder.passage(kind, 1, section if kind != "heading" else ()))
    title = next((p.text for p in passages if p.kind == "heading"), "")
    return Document(text, tuple(passages), tuple(tables), title, day_of(text[:2000]), "text")


def _parts(run: Sequence[Line]) -> Iterator[tuple[list[Line], str]]:
    """The passages of a run of lines, and the tables of aligned columns in it."""
    rest: list[Line] = []
    at = 0
    while at < len(run):
        rows = len(aligned(run, at))
        if rows:
            yield from _groups(rest) if rest else ()
            rest = []
            yield list(run[at : at + rows]), "table"
        else:
            rest.append(run[at])
        at += max(rows, 1)
    yield from _groups(rest) if rest else ()


def _groups(run: Sequence[Line]) -> list[tuple[list[Line], str]]:
    """The passages of a run of lines."""
    wrapped = len(run) > 1 and all(len(line.text) < _UNWRAPPED for line in run)
    listed, cards = listing(run), stacked(run)
    inside = {at + more for at, count in cards.items() for more in range(1, count)}
    found: list[tuple[list[Line], str]] = []
    for index, line in enumerate(run):
        if index in inside:
            found[-1][0].append(line)
        elif index in cards:
            found.append(([line], "item" if cards[index] else "code"))
        elif _ITEM.match(line.text) or index in listed:
            found.append(([line], "item"))
        elif _is_heading(line, alone=len(run) == 1 or not wrapped or index + 1 in listed):
            found.append(([line], "heading"))
        elif (
            wrapped
            and found
            and found[-1][1] != "heading"
            and index - 1 not in listed | inside | cards.keys()
        ):
            found[-1][0].append(line)
        else:
            found.append(([line], "paragraph"))
    return found


def _is_heading(line: Line, *, alone: bool) -> bool:
    text = line.text.strip()
    return (
        alone
        # A line that a letter quotes is no heading of what answers it.
        and not text.startswith(">")
        and re.search(r"\w", text) is not None
        and 0 < len(text) <= _HEADING
        and text[-1] not in ".!;,|"
        and not text.endswith(":")
    )
