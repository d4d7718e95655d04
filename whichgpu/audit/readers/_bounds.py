"""How much of a document is read, so that the time stays bounded whatever it holds, and what is told of it.

No article comes near these bounds: they are for dumps, logs and text that was made to be slow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.document import Table, pieces

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Document, Passage

#: Characters of prose that are read, passages, cells of tables, and columns of one table. A word with a digit
#: takes as long as so many more characters: it is an amount or a name, and every kind of claim looks at it.
#: A cell of a table takes as long as fewer, since only the kinds of tables do.
PROSE, PASSAGES, CELLS, COLUMNS, AMOUNT, CELL = 110_000, 3_000, 3_000, 200, 32, 24
#: Characters of prose of a language that is read twice.
FOREIGN = 70_000
#: Lines and characters of a file in a format of lines that are looked at; of a page all are.
LINES, CHARACTERS = 20_000, 1_000_000
#: Words with a digit that make a stretch a dump: so many of them, and so large a share of its words.
_AMOUNTS, _SHARE = 200, 0.48
_LINE = re.compile(r"\r\n?|\n")
#: Words; those of a script without blanks end where the script does.
_SCRIPT = r"\u3000-\u30ff\u4e00-\u9fff\uac00-\ud7af\uff00-\uffef"
_WORD = re.compile(rf"[^\s/;|{_SCRIPT}]+|[{_SCRIPT}]+")
_WITH_DIGIT = re.compile(rf"\d[^\s/;|{_SCRIPT}]*")
#: How much faster than prose is what is only seen to be a dump.
_GLANCED = 8
#: Characters of a cell that is no value.
_LONG = 2_000
#: Stretches that are named one by one.
_NAMED = 3


def head(text: str) -> str:
    """The first lines of a file in a format of lines."""
    text = text[:CHARACTERS]
    for count, match in enumerate(_LINE.finditer(text), 1):
        if count == LINES:
            return text[: match.end()]
    return text


def bounded(document: Document, text: str) -> Document:
    """The document of a file's text as far as it is read; `unread` says in words what is not."""
    told: list[str] = []
    if len(document.original) < len(text):
        told.append(
            f"what is behind line {_line_of(document, len(document.original)):,}: the first {LINES:,} lines "
            f"and {CHARACTERS:,} characters of a file are looked at; audit the rest as a file of its own"
        )
    document = _without_long(document, told)
    tables, dropped = _tables(document, told)
    passages = [each for each in document.passages if id(each) not in dropped]
    passages = _prose(document, passages, {id(cell) for table in tables for cell in table}, told)
    return document._replace(
        original=text, passages=tuple(passages), tables=tuple(tables), unread=tuple(told)
    )


def _without_long(document: Document, told: list[str]) -> Document:
    """A document whose tables have no cells that are longer than any value; those of prose stay passages."""
    long = [cell for table in document.tables for cell in table if len(cell.text) > _LONG]
    no_prose = [cell for cell in long if cell.kind == "cell"]
    told += (
        f"a cell of {len(each.text):,} characters at line {_line_of(document, each.start)}: it is no value"
        for each in no_prose[:_NAMED]
    )
    told += _more(len(no_prose), "cells as long")
    gone, unread = {id(cell) for cell in long}, {id(cell) for cell in no_prose}
    tables = tuple(
        Table(
            tuple(tuple(None if id(cell) in gone else cell for cell in row) for row in table.rows),
            table.section,
            table.caption,
        )
        for table in document.tables
    )
    passages = tuple(each for each in document.passages if id(each) not in unread)
    return document._replace(tables=tables, passages=passages) if long else document


def _tables(document: Document, told: list[str]) -> tuple[list[Table], set[int]]:
    """The tables that are read, cut to their first columns, and which cells are not read."""
    kept: list[Table] = []
    dropped: set[int] = set()
    wide: list[Table] = []
    long: list[tuple[Table, int]] = []
    left = CELLS
    for table in document.tables:
        cut = table
        if table.columns > COLUMNS:
            wide.append(table)
            cut = Table(tuple(row[:COLUMNS] for row in table.rows), table.section, table.caption)
        rows = _first(cut.rows, left)
        if len(rows) < len(cut.rows):
            long.append((cut, len(rows)))
            cut = Table(rows, table.section, table.caption)
        left -= sum(len(row) for row in cut.rows)
        if cut is not table:
            dropped |= {id(cell) for cell in table} - {id(cell) for cell in cut}
        if cut.rows:
            kept.append(cut)
    told += (
        f"a table of {each.columns:,} columns at line {_line(document, each)}: its first {COLUMNS} are read"
        for each in wide[:_NAMED]
    )
    told += _more(len(wide), "tables of so many columns")
    told += (
        f"a table of {len(each.rows):,} rows at line {_line(document, each)}: its first {rows:,} are read, "
        f"as the first {CELLS:,} cells of all tables are"
        for each, rows in long[:_NAMED]
    )
    told += _more(len(long), "tables behind the first cells that are read")
    return kept, dropped


def _more(many: int, what: str) -> Iterator[str]:
    """What is told of those that are not named one by one."""
    if many > _NAMED:
        yield f"{many - _NAMED} more {what}"


def _first(rows: Sequence[tuple[Passage | None, ...]], most: int) -> tuple[tuple[Passage | None, ...], ...]:
    """The first rows that have so many cells together."""
    count = end = 0
    for row in rows:
        count += len(row)
        if count > most:
            break
        end += 1
    return tuple(rows[:end])


def _prose(
    document: Document, passages: Sequence[Passage], cells: set[int], told: list[str]
) -> list[Passage]:
    """The passages that are read, without stretches that are dumps of amounts or names."""
    kept: list[Passage] = []
    dumps: list[Passage] = []
    allowed = _allowed(document, passages)
    left, count, stop = allowed - CELL * min(len(cells), CELLS), 0, -1
    for passage in passages:
        if id(passage) in cells:
            kept.append(passage)
        elif stop < 0 and count == PASSAGES:
            stop = passage.start
        elif stop < 0:
            count += 1
            for part in _apart(passage):
                is_dump = part.kind != passage.kind
                cost = len(part.text) // _GLANCED if is_dump else _cost(part)
                until = len(part.text) if cost <= left else len(part.text) * left // cost
                read = part if cost <= left else part.part(0, until)
                (dumps if is_dump else kept).append(read)
                left -= cost
                if read is not part:
                    stop = part.place(until)
                    break
    told += _dumps(document, dumps)
    if stop >= 0:
        told.append(
            f"the text from line {_line_of(document, stop)} on: the first {allowed:,} characters (a word "
            f"with a digit counts as {AMOUNT}, a cell as {CELL}) and {PASSAGES:,} paragraphs of a document "
            "are read; audit the rest as a file of its own"
        )
    return kept


def _allowed(document: Document, passages: Sequence[Passage]) -> int:
    """How many characters of prose are read: fewer of a language that is read again word by word."""
    if sum(len(each.text) for each in passages) <= FOREIGN // (1 + AMOUNT):
        return PROSE
    from whichgpu.audit.text.gloss import language

    return FOREIGN if language(document) else PROSE


def _cost(passage: Passage) -> int:
    """How many characters of plain prose take as long to read as a passage does."""
    return len(passage.text) + AMOUNT * len(_WITH_DIGIT.findall(passage.text))


def _apart(passage: Passage) -> Iterator[Passage]:
    """A passage; in pieces, with those that are dumps as code, where it has any."""
    if passage.kind == "code" or len(passage.text) < 2 * _AMOUNTS:
        yield passage
        return
    parts = (each._replace(kind="code") if _is_dump(each.text) else each for each in pieces(passage))
    if _cost(passage) <= PROSE:
        every = list(parts)
        yield from every if any(each.kind == "code" for each in every) else (passage,)
    else:
        # Of a passage that is read in part no more is looked at.
        yield from parts


def _is_dump(text: str) -> bool:
    """Whether a stretch is a heap of amounts or of names of devices and no sentence."""
    words = _WORD.findall(text)
    amounts = sum(any(map(str.isdigit, word)) for word in words)
    return amounts > _AMOUNTS and amounts >= _SHARE * len(words)


def _dumps(document: Document, dumps: Sequence[Passage]) -> Iterator[str]:
    """What is told of stretches that are dumps."""
    for each in dumps[:_NAMED]:
        yield f"a heap of amounts or names at line {_line_of(document, each.start)}: it is no sentence"
    yield from _more(len(dumps), "such heaps")


def _line(document: Document, table: Table) -> int:
    return _line_of(document, next((cell.start for cell in table), 0))


def _line_of(document: Document, place: int) -> int:
    """The line of the file on which a place is, from 1."""
    return document.original.count("\n", 0, place) + 1
