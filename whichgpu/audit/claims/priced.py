"""Tables of what a token, an image or a month costs, beside the rate and the rent that it follows from.

The units of cells stand in their headings: "$/hr", "tok/s", "$/1M tokens". A price that these exclude is
wrong where others of its column follow. The rent may stand in the text: "the H100 is $2.00 per GPU-hour".
"""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.bills.amounts import RENT, Amounts, is_rate, told_of_devices
from whichgpu.audit.bills.products import apart
from whichgpu.audit.devices.mentions import mentions
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.tables.columns import beside_odd
from whichgpu.audit.tables.nodes import in_unit_of
from whichgpu.audit.text.dimensions import AXES
from whichgpu.audit.text.relations import ways
from whichgpu.audit.text.terms import terms
from whichgpu.units import HOUR, MINUTE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from whichgpu.audit.bills.amounts import Told
    from whichgpu.audit.document import Passage, Table
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.dimensions import Term
    from whichgpu.audit.text.relations import Way


_ROWS, _COLUMNS = 40, 12
#: Rows that show how long a month is.
_SEVERAL = 4
#: From where on a price is none that rounding makes, besides that of its digits.
_WRONG = 0.06
#: What a column as a whole is off by where a unit was mistaken, and how closely.
_SLIPS, _ALIKE = (6.0, 10.0, MINUTE, 100.0, 600.0, 1e3, HOUR), 0.03


def find(context: Context) -> Iterator[Finding]:
    """Every amount of a column that follows from the others, with its verdict."""
    for table in context.document.tables:
        rows = [_row(table, at, context) for at in range(1, min(len(table.rows), _ROWS))]
        columns = {at for row in rows for at in row if at >= 0 and _is_made(at, row)}
        for at in sorted(columns):
            told = [(number, row) for number, row in enumerate(rows, 1) if at in row]
            yield from _of_column(table, at, told, context)


def _follows(term: Term) -> bool:
    """Whether it is a price of a token or an image, or of a longer period than an hour."""
    return bool(term.sign) and (min(term.dims[2:4]) < 0 or min(term.dims[AXES.index("day") :]) < 0)


def _is_made(at: int, row: Mapping[int, Term]) -> bool:
    """Whether an amount follows from others of its row: a price, or the reverse of one before it."""
    reverse = tuple(-power for power in row[at].dims)
    return _follows(row[at]) or any(row[one].dims == reverse for one in row if 0 <= one < at)


def _row(table: Table, at: int, context: Context) -> Mapping[int, Term]:
    """The amounts of a row by their columns, in the units of the headings; a rent of the text at -1."""
    found: dict[int, Term] = {}
    for index, head in enumerate(table.rows[0][:_COLUMNS]):
        cell = table.cell(at, index)
        told = in_unit_of([head.text], cell.text, context.fraction) if head and cell else None
        if told is not None:
            # Amounts of a row are told apart by their places.
            found[index] = told._replace(start=index * 100, end=index * 100 + 1)
    rented = any(each.sign and each.dims[AXES.index("hour")] < 0 for each in found.values())
    if found and not rented and (rent := _rent(table, at, context)):
        found[-1] = rent
    return found


def told_in_tables(context: Context) -> Iterator[Told]:
    """The rates that tables tell of the only device of a row, each with that: rents and throughputs."""
    for table in context.document.tables:
        for at in range(1, min(len(table.rows), _ROWS)):
            ids = _named(table, at, context)
            for each in _row(table, at, context).values() if ids else ():
                if is_rate(each):
                    yield ids, each._replace(start=-1, end=0)


def _named(table: Table, at: int, context: Context) -> frozenset[str]:
    """All that the only device that a row names may mean."""
    named = [one for cell in table.rows[at] if cell for one in mentions(cell.text, context.catalogue)]
    return frozenset((*named[0].named, *named[0].ids)) if len(named) == 1 else frozenset()


def _rent(table: Table, at: int, context: Context) -> Term | None:
    """The rent that the text tells of the only device of a row."""
    known = context.memo.get("rents")
    if known is None:
        known = context.memo["rents"] = [
            each
            for index, passage in context.document.running()
            for each in told_of_devices(
                context, Amounts(passage, index, terms(passage.text, context.fraction), ())
            )
            if each[1].dims == RENT
        ]
    ids = _named(table, at, context)
    found = {each.value: each for device, each in known if device & ids}
    return next(iter(found.values())) if len(found) == 1 else None


def _of_column(
    table: Table, at: int, rows: Sequence[tuple[int, Mapping[int, Term]]], context: Context
) -> Iterator[Finding]:
    """The prices of a column, where at least half of them are what the others of their row make."""
    every: dict[tuple[int, ...], list[tuple[int, Way]]] = {}
    for number, row in rows:
        # The longer of two periods follows from the shorter, which stands before it.
        columns = {
            each: index
            for index, each in row.items()
            if each.dims != row[at].dims and (index < at or not _follows(each))
        }
        best: dict[tuple[int, ...], Way] = {}
        for way in ways(row[at], tuple(columns)):
            used = tuple(sorted(columns[each] for each in way.used))
            if used not in best or apart(way, row[at]) < apart(best[used], row[at]):
                best[used] = way
        for used, way in best.items():
            every.setdefault(used, []).append((number, way))
    told = {number: row[at] for number, row in rows}
    right = {used: sum(way.gives(told[n]) for n, way in found) for used, found in every.items()}
    used = max(right, key=lambda one: (right[one], -len(one)), default=())
    if not used or (
        (right[used] < len(every[used]) / 2 or not right[used]) and not _slips(every[used], told)
    ):
        return
    shares = {number: told[number].value / way.low for number, way in every[used] if way.low}
    usual = median(shares.values()) if len(shares) >= _SEVERAL else 0.0
    for number, way in every[used]:
        cell = table.cell(number, at)
        if usual and abs(shares.get(number, usual) / usual - 1) > _ALIKE and way.gives(told[number]):
            # A month may have 28 days, but not where those of the other rows have 30.
            continue
        if (
            cell is not None
            and not beside_odd(cell, context)
            and (way.gives(told[number]) or apart(way, told[number]) > _WRONG)
        ):
            yield _finding(cell, told[number], way, context)


def _slips(found: Sequence[tuple[int, Way]], told: Mapping[int, Term]) -> bool:
    """Whether all rows are off by one factor that a lost digit or a minute for an hour makes."""
    off = [told[number].value / way.low for number, way in found if way.low]
    one = max(off, default=0.0)
    return (
        len(off) > 1
        and one <= min(off) * (1 + _ALIKE)
        and any(abs(max(one, 1 / one) / slip - 1) < _ALIKE for slip in _SLIPS)
    )


def _finding(cell: Passage, told: Term, way: Way, context: Context) -> Finding:
    right = way.gives(told)
    number = re.search(r"\d[\d,]*(?:\.\d+)?", cell.text)
    digits = number[0] if number else "1"
    real = f"{way.low * float(digits.replace(',', '')) / told.value:,.3g}"
    because = f"{' and '.join(each.words.strip() for each in way.used)} make {real}"
    place = number.span() if number else (0, len(cell.text))
    return made(
        context, cell, place, "arithmetic", "confirmed" if right else "inconsistent", attribute="price",
        because=because, expected="" if right else real, evidence=(Evidence(because),),
    )  # fmt: skip
