"""By how much a device is ahead in the rows of a table, in a column of winners: "MI300X (2.4x)".

The factor must be the quotient of the winner's value and that of another device in its row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.mentions import mentions
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.quantities import quantities
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage, Table
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.quantities import Quantity

#: The header of such a column, and a factor in brackets behind a name.
_WINNERS = re.compile(r"\W*(?:winner|advantage|edge|better|best|leader|lead|ahead|wins)\W*", re.IGNORECASE)
_FACTOR = re.compile(
    r"\(\s*~?(?P<n>\d{1,3}(?:\.\d+)?)\s?[x\u00d7]\b(?!\s*(?:faster|cheaper))[^()]{0,16}\)", re.IGNORECASE
)
#: How far a factor may be off besides its rounding, as the values are rounded too.
_NEAR = 0.03


class _Row(NamedTuple):
    """A row with a factor: where it stands, how much, and the values of the winner and of the others."""

    cell: Passage
    match: re.Match[str]
    mine: Sequence[Quantity]
    others: Sequence[Quantity]


def find(context: Context) -> Iterator[Finding]:
    """Every such factor, with its verdict."""
    for table in context.document.tables:
        if _FACTOR.search(" ".join(cell.text for row in table.rows for cell in row if cell)):
            for row in _rows(table, context):
                yield from _judged(row, context)


def _rows(table: Table, context: Context) -> Iterator[_Row]:
    head = table.rows[0]
    ends = [at for at, cell in enumerate(head) if cell and at and _WINNERS.fullmatch(cell.text)]
    named = {at: [*mentions(cell.text, context.catalogue)] for at, cell in enumerate(head) if cell and at}
    devices = {at: {*found[0].named} for at, found in named.items() if len(found) == 1}
    for row in table.rows[1:] if len(ends) == 1 and len(devices) > 1 else ():
        cell = row[ends[0]] if len(row) > ends[0] else None
        match = _FACTOR.search(cell.text) if cell else None
        who = [*mentions(cell.text[: match.start()], context.catalogue)] if cell and match else []
        if cell is None or match is None or len(who) != 1:
            continue
        told = {at: row[at] for at in devices if len(row) > at}
        read = {at: quantities(one.text, context.fraction) for at, one in told.items() if one is not None}
        values = {at: each[0] for at, each in read.items() if each}
        mine = [value for at, value in values.items() if devices[at] & {*who[0].named}]
        others = [value for at, value in values.items() if not devices[at] & {*who[0].named}]
        if mine and others and len({value.dimension for value in values.values()}) == 1:
            yield _Row(cell, match, mine, others)


def _judged(row: _Row, context: Context) -> Iterator[Finding]:
    """Whether any of the quotients of a row is the factor, whichever of the two is more."""
    told, digits = float(row.match["n"]), row.match["n"].partition(".")[2]
    pairs = [
        (one.value, other.value) for one in row.mine for other in row.others if one.value and other.value
    ]
    if any(one.high != one.value for one in (*row.mine, *row.others)) or not pairs:
        return
    real = [max(pair) / min(pair) for pair in pairs]
    step = 0.5 * 10.0 ** -len(digits)
    right = any(abs(each - told) <= step + _NEAR * each for each in real)
    nearest = min(real, key=lambda each: abs(each - told))
    because = f"the row has {nearest:.3g} times as much at the nearest"
    yield made(
        context, row.cell, (row.match.start("n"), row.match.end("n")), "ratio",
        "confirmed" if right else "inconsistent", attribute="won", because=because,
        expected="" if right else f"{nearest:.3g}", evidence=(Evidence(because),),
    )  # fmt: skip
