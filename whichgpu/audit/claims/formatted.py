"""Tables of models by format: "| Gemma 2 9B | 18.5 GB | 9.2 GB | 4.6 GB |" below "BF16 | INT8 | 4-bit".

Where what a model takes follows the bytes of the formats, or the bytes of a parameter that the table gives
them, a cell that does not follow those beside it is wrong. Formats may head columns or rows. Tables of files,
whose formats have scales and which follow no rule, accuse nobody.
"""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.tables.columns import columns, finding
from whichgpu.audit.text.models import formats

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from whichgpu.audit.document import Table
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.tables.columns import Column

#: Formats beside each other that show what a row is, all of it or all but one cell; how far each may be off.
_WHOLE, _BUT_ONE, _NEAR, _WRONG = 3, 4, 0.06, 0.3
_PER_PARAMETER = re.compile(r"\bbytes?\s?(?:/|per)\s?(?:param\w*|weight)", re.IGNORECASE)


def find(context: Context) -> Iterator[Finding]:
    """Every cell that does not follow the formats of its table as the others do."""
    for table in context.document.tables:
        for turned in (False, True):
            read = columns(table, context, turned=turned)
            sizes, wrong = _sizes(table, read, turned=turned)
            yield from _of_bytes(read, wrong, context)
            if len(sizes) >= _WHOLE:
                yield from _of_lines({at: read[at] for at in sizes}, sizes, context)


def _sizes(
    table: Table, read: Mapping[int, Column], *, turned: bool
) -> tuple[dict[int, float], dict[int, tuple[int, float]]]:
    """Bytes of a parameter by column, those that a row gives, else of its format; and the wrong ones.

    What a row gives is wrong where it is another number than the format's, and that of all others is theirs.
    """
    count = max((row for one in read.values() for row in one.amounts), default=0)
    names = ((row, table.cell(0, row) if turned else table.cell(row, 0)) for row in range(1, count + 1))
    given = next((row for row, name in names if name and _PER_PARAMETER.search(name.text)), 0)
    said = {at: {each.least for each in formats(one.name)} for at, one in read.items() if at}
    own = {at: one.values[given] for at, one in read.items() if at and given in one.values}
    of_format = {at: min(each) for at, each in said.items() if len(each) == 1}
    off = [at for at, one in own.items() if abs(one / of_format.get(at, one) - 1) > _WRONG]
    if len(off) != 1 or len(own) < _BUT_ONE:
        return of_format | own, {}
    at = off[0]
    return of_format | own | {at: of_format[at]}, {at: (given, of_format[at])}


def _of_bytes(
    read: Mapping[int, Column], wrong: Mapping[int, tuple[int, float]], context: Context
) -> Iterator[Finding]:
    """The bytes of a parameter that are not those of their format."""
    for at, (row, real) in wrong.items():
        because = f"a parameter of {read[at].name.strip()} takes {real:g} bytes"
        one = read[at].amounts[row]
        yield finding(one, "format", because, context, expected=f"{real:g}", kind="memory")


def _of_lines(read: Mapping[int, Column], sizes: Mapping[int, float], context: Context) -> Iterator[Finding]:
    rows = sorted({row for one in read.values() for row in one.values})
    told = {
        row: {at: one.values[row] / sizes[at] for at, one in read.items() if row in one.values}
        for row in rows
    }
    full = {row: each for row, each in told.items() if len(each) >= _WHOLE}
    off = {
        row: {at: one / median(each.values()) - 1 for at, one in each.items()} for row, each in full.items()
    }
    followed = any(max(map(abs, each.values())) <= _NEAR for each in off.values())
    for row, each in off.items():
        wrong = [at for at, one in each.items() if abs(one) > _WRONG]
        others = all(abs(one) <= _NEAR for at, one in each.items() if at not in wrong)
        sure = others and len(wrong) == 1 and (followed or len(each) >= _BUT_ONE)
        if sure and (one := read[wrong[0]].amounts[row]).told.dimension == "memory":
            real = f"{median(full[row].values()) * sizes[wrong[0]] / 1e9:,.3g} GB"
            because = f"by the other formats beside it, it is {real}"
            yield finding(one, "format", because, context, expected=real, kind="memory")
