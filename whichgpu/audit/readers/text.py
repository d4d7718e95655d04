"""Plain text: a paragraph to a run of lines; short lines without a full stop are headings; `-` and `*` lists.

Lines of a text that was not wrapped are paragraphs of their own. Tables are those of Markdown; see there.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from whichgpu.audit.document import Builder, Document
from whichgpu.audit.readers._lines import Line, day_of, lines, paragraphs, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.document import Passage

#: Lines up to so long may be headings, and lines from so long on were not wrapped.
_HEADING, _UNWRAPPED = 90, 140
_ITEM = re.compile(r"^\s*(?:[-*+\u2022\u25cf\u25aa]|\d{1,3}[.)])\s+")


def read(text: str) -> Document:
    """A document from plain text."""
    passages: list[Passage] = []
    section: list[str] = []
    for run in paragraphs(lines(text)):
        for group, kind in _groups(run):
            builder = Builder()
            for line in group:
                left = len(line.text) - len(line.text.lstrip())
                mark = _ITEM.match(line.text) if kind == "item" and line is group[0] else None
                at = mark.end() if mark else left
                builder.blank(line.start + at)
                plain(builder, line.text[at:], line.start + at)
            if builder.empty:
                continue
            if kind == "heading":
                section = [builder.passage(kind).text]
            passages.append(builder.passage(kind, 1, section if kind != "heading" else ()))
    title = next((p.text for p in passages if p.kind == "heading"), "")
    return Document(text, tuple(passages), (), title, day_of(text[:2000]), "text")


def _groups(run: Sequence[Line]) -> list[tuple[list[Line], str]]:
    """The passages of a run of lines."""
    wrapped = len(run) > 1 and all(len(line.text) < _UNWRAPPED for line in run)
    found: list[tuple[list[Line], str]] = []
    for line in run:
        if _ITEM.match(line.text):
            found.append(([line], "item"))
        elif _is_heading(line, alone=len(run) == 1 or not wrapped):
            found.append(([line], "heading"))
        elif wrapped and found and found[-1][1] != "heading":
            found[-1][0].append(line)
        else:
            found.append(([line], "paragraph"))
    return found


def _is_heading(line: Line, *, alone: bool) -> bool:
    text = line.text.strip()
    return alone and 0 < len(text) <= _HEADING and text[-1] not in ".!?;,|" and not text.endswith(":")
