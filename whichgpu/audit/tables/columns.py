"""The amounts of a table by column, read once, for all that looks for what follows from what.

A column has one amount to a cell, exact or a range. Columns that have one ratio in most rows show what the
others should have.
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import zip_longest
from statistics import median
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.mentions import mentions
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.roundings import stated
from whichgpu.hardware.gpu import nominal_gb
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from whichgpu.audit.document import Passage, Table
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.quantities import Quantity

#: What of a table is read, and how far rounding may change an amount, as a share of it.
_ROWS, _COLUMNS, _ROUNDED = 200, 24, 0.05
#: The share of its rows that a ratio is shown by.
_SHARE = 0.6


#: What parts the amount of a cell from those above and below it: "$1,050 (reserved)", "410 (est.)".
_REMARK = re.compile(r"\([^()\d]*[a-z]{4,}[^()]*\)|\(est\.?\)", re.IGNORECASE)


class Amount(NamedTuple):
    """The one amount of a cell."""

    cell: Passage
    told: Quantity

    @property
    def words(self) -> str:
        """The amount as it stands."""
        return self.cell.text[self.told.start : self.told.end]

    @property
    def slack(self) -> float:
        """What rounding, and a range, may have made of it, as a share of it."""
        low, high = self.told.value, self.told.high
        return abs(high - low) / (abs(high + low) or 1.0) + min(
            stated(low, self.words, "", frozenset()).rounding, _ROUNDED
        )


def is_shown(one: Amount, real: float) -> bool:
    """Whether an amount is a value to as many decimals as its cell has: 0.01 of 0.0136."""
    digits = _DIGITS.search(one.words)
    decimals = len(digits[0].partition(".")[2]) if digits else 0
    return decimals > 0 and float(f"{real:.{decimals}f}") == one.told.value == one.told.high


_DIGITS = re.compile(r"\d+\.\d+")
#: What a heading says that its bare numbers are of; "TFLOPS per $" is of none.
_MONEY = re.compile(r"(?<!per )(?<!/)(?<!/ )(?:[$\u20ac\u00a3]|\b(?:USD|EUR|GBP)\b)")


class Column(NamedTuple):
    """What stands below a heading: the amounts by row, and those of them that are exact and above 0."""

    name: str
    amounts: Mapping[int, Amount]
    values: Mapping[int, float]

    @property
    def money(self) -> bool:
        """Whether most of the exact amounts are of money, by themselves or by their heading."""
        told = [each.told.dimension for row, each in self.amounts.items() if row in self.values]
        headed = _MONEY.search(self.name) is not None and self.are("number")
        return 2 * told.count("money") > len(self.values) or headed

    @property
    def rows(self) -> frozenset[int]:
        """Rows with an amount above 0, exact or a range."""
        return frozenset((*self.values, *(row for row, each in self.amounts.items() if each.told.value > 0)))

    def middle(self, row: int) -> float:
        """An amount, or the middle of a range."""
        one = self.amounts.get(row)
        return (one.told.value + one.told.high) / 2 if one else self.values[row]

    def slack(self, row: int) -> float:
        """What rounding and a range may have made of an amount, as a share of it."""
        return self.amounts[row].slack if row in self.amounts else 0.0

    def are(self, *dimensions: str) -> bool:
        """Whether there are amounts, all of these dimensions."""
        told = {each.told.dimension for each in self.amounts.values()}
        return bool(told) and told <= {*dimensions}

    def without(self, rows: Collection[int]) -> Column:
        """The column less some rows."""
        amounts = {row: each for row, each in self.amounts.items() if row not in rows}
        return Column(self.name, amounts, {row: v for row, v in self.values.items() if row not in rows})


def columns(table: Table, context: Context, *, turned: bool = False) -> Mapping[int, Column]:
    """The columns of a table that have a heading, by their place; `turned`, its rows by theirs."""
    known: dict[tuple[int, bool], Mapping[int, Column]] = context.memo.setdefault("columns", {})
    key = (id(table), turned)
    if key not in known:
        read = {}
        high, wide = len(table.rows), table.columns
        for at in range(min(high if turned else wide, _COLUMNS)):
            places = range(min(wide if turned else high, _ROWS))
            cells = [table.cell(at, row) if turned else table.cell(row, at) for row in places]
            if cells and cells[0]:
                read[at] = _column(cells[0].text, dict(enumerate(cells[1:], 1)), context)
        known[key] = read
    return known[key]


def _column(name: str, cells: Mapping[int, Passage | None], context: Context) -> Column:
    # A star leads to a note.
    told = {
        row: (cell, quantities(cell.text.rstrip(" *\u2020"), context.fraction))
        for row, cell in cells.items()
        if cell and not _REMARK.search(cell.text)
    }
    amounts = {row: Amount(cell, found[0]) for row, (cell, found) in told.items() if len(found) == 1}
    exact = {row: each.told.value for row, each in amounts.items() if each.told.high == each.told.value > 0}
    return Column(name, amounts, exact)


#: What the memory of the devices that head the rows is called.
ON_FILE = "memory on file"


def by_devices(table: Table, context: Context, *, turned: bool = False) -> tuple[Column, Column]:
    """The memory and the power on file of the devices that head the rows."""
    found: dict[str, dict[int, float]] = {"memory": {}, "power": {}}
    for row in range(1, min(table.columns if turned else len(table.rows), _ROWS)):
        cell = table.cell(0, row) if turned else table.cell(row, 0)
        named = list(mentions(cell.text, context.catalogue)) if cell else []
        gpus = [context.catalogue[key] for key in named[0].ids] if len(named) == 1 else []
        sizes = {1e9 * size for gpu in gpus if (size := nominal_gb(float(gpu.value("memory") or 0)))}
        watts = {float(value) for gpu in gpus if (value := gpu.value("power"))}
        for field, values in (("memory", sizes), ("power", watts)):
            if len(values) == 1:
                found[field][row] = values.pop()
    return Column(ON_FILE, {}, found["memory"]), Column("power on file", {}, found["power"])


class Ratio(NamedTuple):
    """The ratio of two columns that most rows have; the rows that have it, and those that are off."""

    factor: float
    right: frozenset[int]
    wrong: frozenset[int]


def ratio(
    base: Column, whole: Column, *, within: tuple[float, float] = (0.015, 0.03), least: int = 3
) -> Ratio:
    """The ratio that most of `least` rows or more have.

    `within` is how far a row may be off beside what rounding makes of it, and from where on it is wrong.
    """
    near, off = within
    rows = base.rows & whole.rows
    nothing = Ratio(0.0, frozenset(), frozenset())
    if len(rows) < least:
        return nothing
    ratios = {row: whole.middle(row) / base.middle(row) for row in rows}
    factor = median(ratios.values())
    apart = {row: abs(ratios[row] / factor - 1) - base.slack(row) - whole.slack(row) for row in rows}
    right = frozenset(row for row in rows if apart[row] <= near)
    varied = len({base.middle(row) for row in right}) >= least - 1
    if not varied or len(right) < max(least - 1, _SHARE * len(rows)):
        return nothing
    return Ratio(factor, right, frozenset(row for row in rows if apart[row] > off))


def doubtful(table: Table, context: Context, *, turned: bool = False) -> frozenset[int]:
    """The rows with a cell that is accused: what follows from a wrong figure is not wrong too."""
    wrong = sorted(each.start for each in context.memo["found"] if each.accuses)
    return frozenset(
        column if turned else row
        for row, cells in enumerate(table.rows[:_ROWS])
        for column, cell in enumerate(cells[:_ROWS])
        if cell and bisect_left(wrong, cell.start) < bisect_left(wrong, cell.end)
    )


#: The attributes of a cell that alone does not follow from the others of its row, and of its column.
ODD = ("column", "column across")


def beside_odd(cell: Passage, context: Context) -> bool:
    """Whether another cell of a row is the one that does not follow: what is made of it is not wrong too."""
    odd = [(each.start, each.attribute) for each in context.memo["found"] if each.accuses]
    odd = [(at, attribute) for at, attribute in odd if attribute in ODD]
    return any(
        each is not None
        and each is not cell
        and any(each.start <= at < each.end and way == attribute for at, way in odd)
        for table in (context.document.tables if odd else ())
        for attribute, lines in zip(ODD, (table.rows, tuple(zip_longest(*table.rows))), strict=True)
        for line in lines
        if any(each is cell for each in line)
        for each in line
    )


def finding(
    amount: Amount, attribute: str, because: str, context: Context, *, expected: str = "",
    kind: str = "arithmetic",
) -> Finding:  # fmt: skip
    """That an amount follows from the others, or does not where something else is expected."""
    return made(
        context, amount.cell, (amount.told.start, amount.told.end), kind,
        "inconsistent" if expected else "confirmed", attribute=attribute, because=because, expected=expected,
        evidence=(Evidence(because),),
    )  # fmt: skip
