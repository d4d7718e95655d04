"""Tables of models by format: "| Gemma 2 9B | 18.5 GB | 9.2 GB | 4.6 GB |" below "BF16 | INT8 | 4-bit".

Where what a model takes follows the bytes of the formats, or the bytes of a parameter that the table gives
them, a cell that does not follow those beside it is wrong. Formats may head columns or rows. Tables of files,
whose formats have scales and which follow no rule, accuse nobody.
"""

from __future__ import annotations

from itertools import zip_longest
from statistics import median
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.claims.quotients import column
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.models import formats
from whichgpu.audit.quantities import quantities

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding

#: Formats beside each other that show what a row is, all of it or all but one cell; how far each may be off.
_WHOLE, _BUT_ONE, _NEAR, _WRONG = 3, 4, 0.06, 0.3
_MOST = 200
_PER_PARAMETER = re.compile(r"\bbytes?\s?(?:/|per)\s?(?:param\w*|weight)", re.IGNORECASE)


def find(context: Context) -> Iterator[Finding]:
    """Every cell that does not follow the formats of its table as the others do."""
    for table in context.document.tables:
        rows = [tuple(row[:_MOST]) for row in table.rows[:_MOST]]
        for lines in (rows, list(zip_longest(*rows))):
            sizes = _sizes(lines)
            if len(sizes) >= _WHOLE:
                yield from _of_lines(lines, sizes, context)


def _sizes(rows: Sequence[Sequence[Passage | None]]) -> dict[int, float]:
    """Bytes of a parameter by column: those that a row gives, else of the format that heads it."""
    stated = next((row for row in rows[1:] if row and row[0] and _PER_PARAMETER.search(row[0].text)), ())
    given = {at: found[0].value for at, cell in enumerate(stated)
             if at and cell and len(found := quantities(cell.text)) == 1 and found[0].value > 0}  # fmt: skip
    heads = enumerate(rows[0] if rows else ())
    said = {at: {each.least for each in formats(cell.text)} for at, cell in heads if at and cell}
    return {at: each.pop() for at, each in said.items() if len(each) == 1} | given


def _of_lines(
    rows: Sequence[Sequence[Passage | None]], sizes: Mapping[int, float], context: Context
) -> Iterator[Finding]:
    columns = {at: column("", rows, at, context).values for at in sizes}
    told = {
        row: {at: columns[at][row] / sizes[at] for at in sizes if row in columns[at]}
        for row in range(1, len(rows))
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
        cell = rows[row][wrong[0]] if sure else None
        found = quantities(cell.text, context.fraction) if cell else ()
        if cell is None or len(found) != 1 or found[0].dimension != "memory":
            continue
        real = median(full[row].values()) * sizes[wrong[0]]
        because = f"by the other formats beside it, it is {real / 1e9:,.3g} GB"
        yield made(
            context, cell, (found[0].start, found[0].end), "memory", "inconsistent", attribute="format",
            because=because, expected=f"{real / 1e9:,.3g} GB", evidence=(Evidence(because),),
        )  # fmt: skip
