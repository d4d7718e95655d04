"""The rows of a run of lines with pipes: of one table or several, whose header may take several lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit.readers._tables import is_rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.readers._lines import Line

    #: Cells of a line, each with where it begins, and lines with theirs.
    Row = list[tuple[str, int]]
    Cells = Sequence[tuple[Line, Row]]

#: Lines above and with the rule of a table, whose header may take several.
HEAD = 5
#: Cells of a row that is a table's for sure.
_WIDE = 2


def unnumbered(
    cells: Cells,
) -> Cells:
    """The rows of a table without those that are nothing but the number of a line, where others are wide."""
    rest = [each for each in cells if len(each[1]) > 1 or (each[1] and not each[1][0][0].strip().isdigit())]
    wide = [each for each in rest if len(each[1]) > _WIDE]
    numbered = len(cells) - len(rest) >= len(wide)
    return wide if numbered and len(wide) > _WIDE and len(wide) + 1 >= len(rest) else cells


def whole_header(
    cells: Cells,
) -> Cells:
    """The rows of a table without the end of its header's last cell, which stands on a line of its own."""
    counts = [len(found) for _, found in cells[:3]]
    ends = len(counts) > _WIDE and counts[1] == 1 and counts[0] == counts[2] and is_rule(cells[2][1])
    return [cells[0], *cells[2:]] if ends else cells


def head_lines(cells: Cells) -> int:
    """How many lines a header takes whose cells together are as many as those of its rule; 0 for none."""
    count = 0
    for at, (_, found) in enumerate(cells[:HEAD]):
        if is_rule(found):
            return at if count == len(found) else 0
        count += len(found)
    return 0


def tables(
    cells: Cells,
) -> Iterator[Cells]:
    """The tables of a run of lines: a header of another width above a rule begins the next one."""
    first, wide = 0, 0
    for at, (_, found) in enumerate(cells):
        if not found or not is_rule(found):
            continue
        if at - 1 > first and wide and len(found) != wide and len(cells[at - 1][1]) == len(found):
            yield cells[first : at - 1]
            first = at - 1
        wide = len(found)
    yield cells[first:]


def broken_rows(cells: Cells) -> list[Row]:
    """Rows of a table with a cell to a line: one begins where a line starts with a pipe."""
    rows: list[Row] = []
    for line, found in cells:
        if is_rule(found):
            continue
        if line.text.lstrip().startswith("|") or not rows:
            rows.append([])
        rows[-1] += found
    return rows
