"""What the readers share of tables: how lines divide into cells, cells over several rows or columns, headers.

A header on two levels ("Memory" over "Size" and "Bandwidth") becomes one row: "Memory Size".
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.document import Passage, Table
from whichgpu.audit.readers._lines import VALUE
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from whichgpu.audit.readers._lines import Line

#: What divides the columns of a table without marks, which has so many of them and so many rows at least.
GAP = re.compile(r" {2,}|\t+|\s\.{3,}\s|\.{4,}\s?")
_COLUMNS, _ROWS = 2, 3
#: Blanks before a header that has nothing above the names of the rows.
_DEEP = 6
#: Characters of a row with pipes or commas at most where no rule says that it is one, and of its fields.
_WIDEST, _WIDE = 240, 60
#: A field of a line of separated values, by the mark that parts them.
_FIELDS = {
    mark: re.compile(
        rf'(?:^|(?<={mark}))(?:\s*"(?P<quoted>(?:[^"]|"")*)"\s*|(?P<bare>[^{mark}"]*))(?={mark}|$)'
    )
    for mark in "\t,;"
}
#: A cell that states a value is no name of a column; "40 GB" may be that of a device.
_STATES = re.compile(
    r"[~\u2248<>$\u20ac\u00a3]?\s?\d(?!\d?\d?\d?\s?GB$)|(?:yes|no|n/a)$|[\u2713\u2717\u2714\u2718-]$",
    re.IGNORECASE,
)


#: What divides the cells of a pipe table, and within what it does not.
_PIPE_OR_CODE = re.compile(r"[|`]")
#: A cell of the rule under a header.
_RULE = re.compile(r"\s*:?-+:?\s*")


def piped(line: Line) -> list[tuple[str, int]]:
    """The cells of a line of a pipe table with their places; escaped pipes, or in code, do not divide."""
    found, at, code = [], 0, False
    text = line.text
    first = len(text) - len(text.lstrip())
    at = first + 1 if text[first : first + 1] == "|" else first
    for mark in _PIPE_OR_CODE.finditer(text, at):
        index = mark.start()
        if mark[0] == "`":
            code = not code
        elif not code and text[index - 1 : index] != "\\":
            found.append((text[at:index], line.start + at))
            at = index + 1
    if text[at:].strip():
        found.append((text[at:], line.start + at))
    return found


def columned(line: Line, gap: re.Pattern[str]) -> list[tuple[str, int]]:
    """The pieces of a line between wide gaps, with their places."""
    found, at = [], len(line.text) - len(line.text.lstrip())
    for match in gap.finditer(line.text, at):
        found.append((line.text[at : match.start()], line.start + at))
        at = match.end()
    if line.text[at:].strip():
        found.append((line.text[at:], line.start + at))
    return found


def delimited(line: Line, mark: str) -> list[tuple[str, int]]:
    """The fields of a line of comma-separated values, without their quotes, with their places."""
    found = []
    for match in _FIELDS[mark].finditer(line.text):
        inside = "quoted" if match["quoted"] is not None else "bare"
        found.append((match[inside], line.start + match.start(inside)))
    return found


def aligned(rows: Sequence[Line], at: int) -> list[list[tuple[str, int]]]:
    """The pieces of the lines from one on that are a table: of separated values, or of aligned columns."""
    if len(rows) - at < _ROWS:
        return []
    for mark in _FIELDS:
        if rows[at].text.count(mark) >= _COLUMNS and (found := _separated(rows, at, mark)):
            return found
    return _in_columns(rows, at) or _in_words(rows, at)


#: A word that is a unit, so that the word before it is no whole cell; and one that states nothing.
_UNIT = re.compile(
    r"(?:[KMGT]i?B(?:/s)?|W|watts?|[MG]Hz|[TGP]FLOPS|TOPS|bits?|nm|USD|EUR|cores?)[.,;]?", re.IGNORECASE
)
_NOTHING = re.compile(r"[-\u2013\u2014?]+|n/?a|none", re.IGNORECASE)
#: Columns that words parted by one blank make at least, and words that the name of a row has besides.
_WORDS, _MORE = 4, 3


def _in_words(rows: Sequence[Line], at: int) -> list[list[tuple[str, int]]]:
    """The words of lines that are cells: as many as the first line has, of one kind in each column.

    What a line has more belongs to its name: "RTX 4090 24 1008 450".
    """
    texts = rows[at].text.split()
    if len(texts) < _WORDS or any(text[-1] in ".:;!?," or VALUE.match(text) for text in texts):
        return []
    head = [(word[0], rows[at].start + word.start()) for word in re.finditer(r"\S+", rows[at].text)]
    found = [head]
    for line in rows[at + 1 :]:
        words = [(word[0], line.start + word.start()) for word in re.finditer(r"\S+", line.text)]
        more = len(words) - len(head)
        if not 0 <= more <= _MORE:
            break
        end = words[more][1] - line.start + len(words[more][0])
        first = words[0][1] - line.start
        found.append([(line.text[first:end], words[0][1]), *words[more + 1 :]])
    told = [[text for text, _ in column if not _NOTHING.fullmatch(text)]
            for column in list(zip(*found[1:], strict=True))[1:]]  # fmt: skip
    numbers = [{VALUE.match(text) is not None for text in column} for column in told]
    sure = len(found) > _ROWS and 2 * sum(kind == {True} for kind in numbers) >= len(numbers)
    units = any(_UNIT.fullmatch(text) for column in told for text in column)
    return found if sure and not units and all(len(kind) == 1 for kind in numbers) else []


#: A line that is drawn between the names of columns and what stands below them.
_DRAWN = re.compile(r"\s*(?:[-=_\u2500\u2501\u2550]{3,}[\s+]*)+\s*")


def unruled_rows(rows: Sequence[Line]) -> list[Line]:
    """Lines without those that are drawn above and between rows of several columns."""
    wide = [len(columned(line, GAP)) > _COLUMNS for line in rows]
    beside = zip(rows, [False, *wide], [*wide[1:], False], strict=False)
    return [line for line, *near in beside if not (_DRAWN.fullmatch(line.text) and any(near))]


def _in_columns(rows: Sequence[Line], at: int) -> list[list[tuple[str, int]]]:
    """The pieces of lines that stand in the columns of the first, where most have as many as it has.

    A line with fewer has an empty cell, or one blank before a wide cell: its pieces are of the columns that
    they stand below.
    """
    head = _whole_head(rows, at)
    found: list[list[tuple[str, int]]] = []
    whole = 0
    for index, line in enumerate(rows[at:] if len(head) >= _COLUMNS else (), at):
        pieces = columned(line, GAP) if line is not rows[at] else head
        if len(pieces) == 1 and whole > 1 and _goes_on(rows, index, head):
            found.append([*pieces, *[("", line.end)] * (len(head) - 1)])
            continue
        whole += len(pieces) == len(head)
        if len(pieces) != len(head):
            pieces = _below(line, [place - rows[at].start for _, place in head]) if len(found) > 1 else []
        if not pieces:
            break
        found.append(pieces)
    if len(head) == _COLUMNS and all(pieces[0][0].rstrip().endswith(":") for pieces in found):
        # "RTX 4090:   24 GB, 450 W" is a list.
        return []
    return found if whole >= _ROWS and 2 * whole > len(found) else []


#: Characters of the rest of a row's name, and how far from the others it begins.
_REST, _NEAR = 44, 3


def _goes_on(rows: Sequence[Line], at: int, head: Sequence[tuple[str, int]]) -> bool:
    """Whether a line is the rest of the name of the row above it: short, below the names, between rows."""
    text, behind = rows[at].text, rows[at + 1 : at + 2]
    first = next((place - rows[at].start for _, place in columned(rows[at], GAP)), 0)
    above = len(rows[at - 1].text) - len(rows[at - 1].text.lstrip())
    short = len(text.strip()) <= _REST and text.rstrip()[-1] not in ".:;!?"
    whole = all(len(columned(line, GAP)) == len(head) for line in behind)
    return short and whole and abs(first - above) <= _NEAR and len(columned(rows[at - 1], GAP)) == len(head)


def _whole_head(rows: Sequence[Line], at: int) -> list[tuple[str, int]]:
    """The pieces of a first line, with an empty one above the names of the rows where it leaves that out."""
    head = columned(rows[at], GAP)
    deep = rows[at].text[:_DEEP].isspace() or rows[at].text.startswith("\t")
    indented = deep and not rows[at + 1].text[:1].isspace()
    if indented and len(columned(rows[at + 1], GAP)) == len(head) + 1:
        return [("", rows[at].start), *head]
    return head


def _below(line: Line, starts: Sequence[int]) -> list[tuple[str, int]]:
    """The pieces of a line by the columns that begin at some places; none where two share a column."""
    found = [("", line.start)] * len(starts)
    pieces = columned(line, GAP) if "\t" not in line.text else []
    if not 1 < len(pieces) < len(starts):
        return []
    for text, place in pieces:
        at = place - line.start
        inside = [start for start in starts if at < start < at + len(text) and line.text[start - 1] == " "]
        for first, last in pairwise([at, *inside, at + len(text)]):
            column = max((i for i, start in enumerate(starts) if start <= first), default=0)
            if found[column][0]:
                return []
            found[column] = (line.text[first:last].rstrip(), line.start + first)
    return found if found[0][0] else []


def placed(
    rows: Sequence[Line], gap: re.Pattern[str], made: Callable[[str, int], Passage | None]
) -> list[list[Passage | None]]:
    """The cells of lines by the columns that they stand in: those of the lines with most pieces.

    A line whose first column is empty goes on with the cells of the one above it, as any does that stands
    right below another where empty lines part the rows.
    """
    pieces = [columned(line, gap) for line in rows]
    gaps = [after.start - before.end for before, after in pairwise(rows)]
    close = [each == min(gaps) for each in gaps]
    goes_on = [False, *(each and _PARTED * sum(close) <= len(close) for each in close)]
    most = max(map(len, pieces))
    whole = [each for each in pieces if len(each) == most]
    starts = [line.start for line, each in zip(rows, pieces, strict=True) if len(each) == most]
    columns = [
        (
            min(each[i][1] - start for each, start in zip(whole, starts, strict=True)),
            max(each[i][1] - start + len(each[i][0]) for each, start in zip(whole, starts, strict=True)),
        )
        for i in range(most)
    ]
    found: list[list[Passage | None]] = []
    for line, each, more in zip(rows, pieces, goes_on, strict=True):
        row: list[Passage | None] = [None] * most
        apart = (part for piece in each for part in _at_columns(piece, line.start, columns))
        for text, place in apart if len(each) < most else each:
            first = place - line.start
            at = _nearest(first, first + len(text), columns)
            both = _between(first, first + len(text), columns) if len(each) < most else ()
            for column in both or (at,):
                row[column] = made(text, place) if row[column] is None else row[column]
        if found and (more or (row[0] is None and len(each) < most)):
            found[-1] = [_joined(a, b) if a and b else a or b for a, b in zip(found[-1], row, strict=True)]
        else:
            found.append(row)
    return found


def _at_columns(
    piece: tuple[str, int], origin: int, columns: Sequence[tuple[int, int]]
) -> Iterator[tuple[str, int]]:
    """A piece over several columns, in parts where a value stands below the start of the next one.

    Long cells leave a blank or two between them: "62.5 TFLOPS | 125 TFLOPS* 82 TFLOPS | 165 TFLOPS*".
    """
    text, place = piece
    at = 0
    for start, _ in columns[1:]:
        if place + at - origin >= start - _OFF:
            # It begins in this column: "RX 6800".
            continue
        near = [
            match.end()
            for match in re.finditer(r"\s+(?=\S)", text)
            if match.start() > at and abs(match.end() - (start - (place - origin))) <= _OFF
        ]
        cut = min(near, key=lambda end: abs(end - (start - (place - origin))), default=0)
        # Two blanks right before the next column part words too: "Ada Lovelace  RDNA 3".
        if cut and (VALUE.match(text, cut) or text[:cut].endswith("  ")):
            yield text[at:cut].rstrip(), place + at
            at = cut
    yield text[at:], place + at


def _nearest(first: int, last: int, columns: Sequence[tuple[int, int]]) -> int:
    """The column that a piece of a line stands in: the one that it overlaps most, else the nearest."""
    overlap = [min(last, end) - max(first, start) for start, end in columns]
    return overlap.index(max(overlap))


def _between(first: int, last: int, columns: Sequence[tuple[int, int]]) -> tuple[int, ...]:
    """The two columns that a piece is centred over, as a value of both is: none where it stands in one."""
    for at, ((start, _), (other, end)) in enumerate(pairwise(columns)):
        centred = abs(first + last - start - end) <= _CENTRED
        if at and centred and first - start > _OFF and abs(first - other) > _OFF:
            return at, at + 1
    return ()


def _separated(rows: Sequence[Line], at: int, mark: str) -> list[list[tuple[str, int]]]:
    """The fields of the lines from one on that are rows of separated values, as many as the first has.

    The first names what is below, so that no field of it is a number; a list in prose has a blank behind
    its commas.
    """
    found: list[list[tuple[str, int]]] = []
    for index in range(at, len(rows)):
        line = rows[index]
        made = delimited(line, mark) if len(line.text) <= _WIDEST or len(found) >= _ROWS else []
        if len(made) <= _COLUMNS or (found and len(made) != len(found[0])):
            break
        found.append(made)
        if len(found) == _ROWS and (mark == "," and _is_prose(found)):
            return []
        if len(found) == 1 and any(VALUE.match(text) or not text.strip() for text, _ in made[1:]):
            return []
    return found if len(found) >= _ROWS else []


def _is_prose(rows: Sequence[Sequence[tuple[str, int]]]) -> bool:
    """Whether what stands between commas is that of sentences: long, or with a blank in front."""
    fields = [text for row in rows for text, _ in row[1:]]
    if 2 * sum(VALUE.match(text) is not None for text in fields) >= len(fields):
        return False
    return max(map(len, fields)) > _WIDE or 2 * sum(text.startswith(" ") for text in fields) > len(fields)


def unruled(rows: Sequence[Line], at: int) -> bool:
    """Whether a line and those after it are rows of a table that has pipes between its cells and no rule.

    "TDP | 250 W | 70 W |": as many cells to each of three lines, and none of them prose.
    """
    if rows[at].text.count("|") < 1:
        return False
    counts = [
        line.text.rstrip().rstrip("|").count("|") if len(line.text) <= _WIDEST else 0
        for line in rows[at : at + _ROWS]
    ]
    return len(counts) == _ROWS and counts[0] > 0 and len(set(counts)) == 1


def closed_up(rows: Sequence[Line]) -> list[Line]:
    """Lines without the empty ones between the cells of a table that has a cell to a line."""
    before, kept, open_at = False, [], 0
    for line in rows:
        if not line.text.strip():
            kept.append(line)
            continue
        ends = _ONE_CELL.fullmatch(line.text) is not None
        if ends and before:
            del kept[open_at:]
        kept.append(line)
        before, open_at = ends, len(kept)
    return kept


def is_rule(cells: Sequence[tuple[str, int]]) -> bool:
    """Whether the cells are the rule under a table's header."""
    return bool(cells) and all(_RULE.fullmatch(text) for text, _ in cells)


def is_frame(line: Line) -> bool:
    """Whether a line is drawn between the rows of a table: "+------+------+"."""
    return _FRAME.fullmatch(line.text) is not None


def is_row(line: Line) -> bool:
    """Whether a line goes on with a table that is drawn with pipes."""
    return "|" in line.text or is_frame(line)


#: The line of a cell that ends it: "| RTX 4090 |", "24 GB |".
_ONE_CELL = re.compile(r"\s*(?:\|\s*)?[^|\s][^|\n]{0,200}\|\s*")
_FRAME = re.compile(r"\s*\+(?:[-=:]+\+)+\s*")
#: So many of the gaps between rows are empty lines at least to each that is not.
_PARTED = 3
#: Characters by which a value may stand beside the start of its column.
_OFF = 3
#: Twice the characters by which what is centred over two columns may be off.
_CENTRED = 12
#: Columns up to which a cell over several of them is repeated in each.
_SPREAD = 64
#: So much of what stands above a table is looked at.
_LEAD = 300


class Spread(NamedTuple):
    """A cell with how many rows and columns it is over."""

    passage: Passage | None
    rows: int = 1
    columns: int = 1


def spread(rows: Sequence[Sequence[Spread]]) -> list[list[Passage | None]]:
    """Rows in which a cell that is over several rows and columns stands in each of them."""
    made: list[list[Passage | None]] = []
    #: What reaches down from the rows before, by column: the passage, and for how many rows yet.
    down: dict[int, tuple[Passage | None, int]] = {}
    for cells in rows:
        row: list[Passage | None] = []
        below: dict[int, tuple[Passage | None, int]] = {}

        def put(passage: Passage | None, left: int, row: list[Passage | None] = row,
                below: dict[int, tuple[Passage | None, int]] = below) -> None:  # fmt: skip
            if left > 1:
                below[len(row)] = (passage, left - 1)
            row.append(passage)

        for each in cells:
            while len(row) in down:
                put(*down.pop(len(row)))
            for again in range(each.columns):
                shown = each.passage if not again or len(row) < _SPREAD else None
                put(shown, each.rows if len(row) < _SPREAD else 1)
        while len(row) in down:
            put(*down.pop(len(row)))
        down = below
        made.append(row)
    return made


def lead(passages: Sequence[Passage]) -> str:
    """The paragraph that a table stands below, which says what it is of; empty below anything else."""
    return passages[-1].text[:_LEAD] if passages and passages[-1].kind == "paragraph" else ""


def table_of(rows: Sequence[Sequence[Passage | None]], section: Sequence[str], caption: str = "") -> Table:
    """A table of rows, its header as one row, without the columns behind the others that are empty."""
    widest = max((index + 1 for row in rows for index, each in enumerate(row) if each), default=0)
    rows = _continued([row[:widest] for row in rows])
    if len(rows) > _LEVELS and _two_levels(*rows[:2]) and _two_levels(*rows[1:3]):
        rows = [rows[0], _headed(rows[1], rows[2]), *rows[3:]]
    rows = [_headed(rows[0], rows[1]), *rows[2:]] if len(rows) > 2 and _two_levels(*rows[:2]) else rows
    return Table(tuple(tuple(row) for row in rows), tuple(section), caption)


#: Rows that a header is made of at most.
_LEVELS = 3
#: A name that goes on in the next line, and what one goes on with.
_OPEN, _BEHIND = re.compile(r"\([^()]*$|[-,/]$"), re.compile(r"\(|(?:with|per|of|and|for|using)\s")


def _continued(rows: Sequence[Sequence[Passage | None]]) -> list[Sequence[Passage | None]]:
    """Rows without those that are the rest of the name above them: "Peak FP32 TFLOPS (non-", "Tensor)"."""
    made: list[Sequence[Passage | None]] = []
    for row in rows:
        above = made[-1][0] if len(made) > 1 else None
        alone = row[0] if row and not any(row[1:]) and len(row) > 1 else None
        if above and alone and (_OPEN.search(above.text) or _BEHIND.match(alone.text)):
            made[-1] = [_joined(above, alone), *made[-1][1:]]
        else:
            made.append(row)
    return made


def _two_levels(top: Sequence[Passage | None], sub: Sequence[Passage | None]) -> bool:
    """Whether two rows are one header: one with cells over several columns, one of names."""
    wide = any(a and (b is a or b is None) for a, b in pairwise(top[1 : len(sub)]))
    first = bool(top) and (top[0] is None or not sub or sub[0] is None or sub[0] is top[0])
    stated = [each for above, each in zip(top, sub, strict=False) if each and each is not above]
    return wide and first and len(stated) > 1 and not any(_STATES.match(each.text) for each in stated)


def _headed(top: Sequence[Passage | None], sub: Sequence[Passage | None]) -> list[Passage | None]:
    """One row of both: each name behind that of its group, which stands over its first column at least."""
    made: list[Passage | None] = []
    group: Passage | None = None
    for index in range(max(len(top), len(sub))):
        above = top[index] if index < len(top) else None
        below = sub[index] if index < len(sub) else None
        group = above or (group if index else None)
        made.append(_joined(group, below) if group and below and below is not group else below or above)
    return made


def _joined(first: Passage, second: Passage) -> Passage:
    """Two cells as one, the words of the one behind those of the other."""
    runs = (*first.runs, *((len(first.text) + 1 + at, place) for at, place in second.runs))
    return second._replace(text=f"{first.text} {second.text}", runs=runs)
