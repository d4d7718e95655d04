"""Text of a PDF, as `pdftotext -layout` gives it: pages, wrapped lines, divided words, columns of blanks."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.document import Builder, Document
from whichgpu.audit.readers._lines import Line, cell, day_of, goes_on, is_divided, lines, paragraphs, plain
from whichgpu.audit.readers._tables import columned, placed, table_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from whichgpu.audit.document import Passage, Table

_GAP = re.compile(r" {3,}|\t+")
_ITEM = re.compile(r"^\s*(?:[-*\u2022\u25cf\u25aa]|\d{1,3}[.)])\s+")
_NUMBER = re.compile(r"^\s*(?:page\s*)?\d{1,4}(?:\s*(?:/|of)\s*\d{1,4})?\s*$", re.IGNORECASE)
#: A page's number behind the rest of its header or footer.
_NUMBERED = re.compile(
    r"\S.*(?: {3,}|\t)(?:page|seite|p\.)\s*\d{1,4}(?:\s*(?:/|of|von)\s*\d{1,4})?\s*$", re.IGNORECASE
)
#: A heading is no longer, and a line that stands on so many pages is their header or footer.
_HEADING, _REPEATED = 90, 3
#: What is no longer may stand on many pages as a cell.
_SHORT = 8
#: Lines right above a table at most that are its title.
_TITLES = 2
#: Characters of the name of a row at most.
_NAME = 44
#: Blanks before what goes on with a cell of another column than the first.
_DEEP = 12


def read(text: str) -> Document:
    """A document from a PDF's text."""
    rows = lines(text)
    often = Counter(line.text.strip() for line in rows if line.text.strip())
    kept = [line._replace(text="") if _of_page(line.text.strip(), often) else line for line in rows]
    passages: list[Passage] = []
    tables: list[Table] = []
    section: list[str] = []
    for run in (part for block in _blocks(kept) for part in _below_heading(block)):
        if _is_table(run):
            made = placed(run, _GAP, partial(cell, inline=plain, section=section))
            tables.append(table_of(made, section, passages[-1].text[:300] if passages else ""))
            passages += [one for row in made for one in row if one is not None]
            continue
        for group, kind in _groups(run):
            passage = _passage(group, kind, section)
            if passage is None:
                continue
            passages.append(passage)
            if kind == "heading":
                section = [passage.text]
    title = next((p.text for p in passages if p.kind == "heading"), "")
    return Document(text, tuple(passages), tuple(tables), title, day_of(text[:2000]), "pdf")


def _of_page(text: str, often: Mapping[str, int]) -> bool:
    """Whether a line is a page's number, or its header or footer, which stands on many pages."""
    repeated = often[text] >= _REPEATED and len(text) > _SHORT and not _GAP.search(text)
    return bool(_NUMBER.match(text) or _NUMBERED.match(text)) or repeated


def _blocks(kept: Sequence[Line]) -> Iterator[list[Line]]:
    """Runs of lines, those of a table whose rows have empty lines between them as one."""
    block: list[Line] = []
    for run in paragraphs(kept):
        if block and (not (_is_row(run[0]) and _is_row(block[0])) or _has_header(run)):
            yield block
            block = []
        block += run
    if block:
        yield block


def _below_heading(run: list[Line]) -> Iterator[list[Line]]:
    """Lines, apart from those at their head that a table stands right below: "SYSTEM SPECIFICATIONS"."""
    first = next((index for index, line in enumerate(run) if _is_row(line)), 0)
    if 0 < first <= _TITLES and _is_table(run[first:]):
        yield run[:first]
        yield run[first:]
    else:
        yield run


def _has_header(run: Sequence[Line]) -> bool:
    """Whether lines begin with the names of columns, and no name of a row: a table of its own."""
    deep = " " * _DEEP
    return len(run) > 1 and run[0].text[:_DEEP] == deep and run[1].text[:_DEEP] != deep


def _is_row(line: Line) -> bool:
    return len(columned(line, _GAP)) >= 2


def _is_table(run: Sequence[Line]) -> bool:
    """Whether lines are rows: of two pieces at least, or of one that goes on far to the right.

    The name of a row may go on in a line of its own, or be the name of a group: short, and seldom.
    """
    deep = " " * _DEEP
    named = [not _is_row(line) and line.text[:_DEEP] != deep for line in run]
    short = all(len(line.text.strip()) <= _NAME and line.text.rstrip()[-1] not in ".;:" for line in run
                if not _is_row(line))  # fmt: skip
    return len(run) >= 2 and _is_row(run[0]) and (not any(named) or (short and 3 * sum(named) <= len(run)))


def _groups(run: Sequence[Line]) -> list[tuple[list[Line], str]]:
    found: list[tuple[list[Line], str]] = []
    for line in run:
        if _ITEM.match(line.text):
            found.append(([line], "item"))
        elif found:
            found[-1][0].append(line)
        else:
            text = line.text.strip()
            alone = len(run) == 1 and len(text) <= _HEADING and text[-1] not in ".!?;,:"
            found.append(([line], "heading" if alone else "paragraph"))
    return found


def _passage(group: Sequence[Line], kind: str, section: Sequence[str]) -> Passage | None:
    """Lines as one text; a word that is divided at the end of a line is put together."""
    builder = Builder()
    for index, line in enumerate(group):
        mark = _ITEM.match(line.text) if kind == "item" and not index else None
        at = mark.end() if mark else len(line.text) - len(line.text.lstrip())
        text = line.text[at:].rstrip()
        follows = group[index + 1].text.lstrip()[:1] if index + 1 < len(group) else ""
        divided = is_divided(text, follows)
        for piece in re.finditer(r"\S+", text[:-1] if divided else text):
            builder.blank(line.start + at + piece.start()) if not _joined(
                group, index, piece.start()
            ) else None
            plain(builder, piece[0], line.start + at + piece.start())
    return None if builder.empty else builder.passage(kind, 1, section)


def _joined(group: Sequence[Line], index: int, at: int) -> bool:
    """Whether the first word of a line goes on with the divided last one of the line before."""
    if at or not index:
        return False
    return goes_on(group[index - 1].text, group[index].text)
