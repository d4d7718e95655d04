"""Tables that name no device: columns are those of a heading, in its order, where values prove it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from whichgpu.audit.devices import half_known
from whichgpu.audit.devices.mentions import mentions
from whichgpu.audit.tables.cells import read
from whichgpu.audit.values.attributes import CHIP

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from whichgpu.audit.document import Table
    from whichgpu.audit.findings import Context
    from whichgpu.audit.tables.cells import Cell

#: Cells that must fit the devices that a table does not name, how nearly, and rates with sparsity.
_SURE, _NEARLY, _RATES = 4, 0.08, ("flop rate", "op rate")
#: So many of all tables of a document, and of those that do not fit, that no single table is asked.
_CERTAIN, _TO_ONE = 10, 3
#: Tables of a document that are looked at together.
_TWO, _SAME = 2, 24
#: The columns of a table of two with its names; values of the one that show which is its column.
_BOTH_AND_NAMES, _SHOWN = 3, 6


class Reading(Protocol):
    """How the columns of a table without names are read."""

    def cells(self, table: Table, order: Sequence[tuple[str, ...]]) -> Iterable[Cell]:
        """The cells of a table whose columns are the devices of an order."""

    def has_names(self, table: Table, context: Context) -> bool:
        """Whether a table names devices above its columns."""


def ordered(table: Table, context: Context, how: Reading) -> Iterator[Cell]:
    """The cells of a table without names, whose columns are the devices of its heading in their order.

    Only where most of what they state is so, in it or in all such tables of the document: it is a guess.
    """
    for text in (table.caption, *reversed(table.section), context.document.title):
        named = list(dict.fromkeys(each.ids for each in mentions(text, context.catalogue)))
        half = half_known.orders(text, context.catalogue) if table.columns == _BOTH_AND_NAMES else ()
        if not half and len(named) > 1 and len(named) == table.columns - 1 and not CHIP.search(text):
            orders = (named, named[::-1]) if len(named) == _TWO else (named,)
            for order in orders:
                if _proved(tuple(order), table, context, how):
                    yield from _of_shown(
                        list(how.cells(table, order)), _shown(tuple(order), context, how), context
                    )
                    return
            return
        for turned in half:
            told = list(how.cells(table, turned))
            own = [is_of(cell, context) for cell in told]
            of_all = [each for column in _shown(turned, context, how).values() for each in column]
            if any(map(_are_of_one, (own, of_all))):
                yield from (cell for cell in told if cell.ids)
                return


def _of_shown(
    found: Sequence[Cell], every: Mapping[int, Sequence[bool | None]], context: Context
) -> Iterator[Cell]:
    """The cells of the columns that are not mostly something else, in their table or else in `every`.

    Two GPUs in one module, or a namesake that is not on file.
    """
    told: dict[int, list[bool | None]] = {}
    for cell in found:
        told.setdefault(cell.column, []).append(is_of(cell, context))
    odd = {
        at for at, own in told.items() if _is_odd(own) or (not own.count(True) and _is_odd(every.get(at, ())))
    }
    yield from (cell for cell in found if cell.column not in odd)


def _is_odd(told: Sequence[bool | None]) -> bool:
    return told.count(False) > max(told.count(True), 1)


def _proved(order: tuple[tuple[str, ...], ...], table: Table, context: Context, how: Reading) -> bool:
    """Whether columns are the devices of an order by this table, or by all of the document without names."""
    shown = _shown(order, context, how)
    every = [each for told in shown.values() for each in told]
    own = [is_of(cell, context) for cell in how.cells(table, order)]
    # Two cells of a page's own say nothing against all others of it.
    known = every.count(True)
    certain = known >= _CERTAIN and known >= _TO_ONE * every.count(False) and own.count(False) < _SURE
    # Of two devices one may be a namesake that is not on file: by the other it is certain.
    certain = certain or any(_are_of_one(told) for told in shown.values())
    if 2 * own.count(True) < own.count(False) and not certain:
        return False
    return certain or any(
        found.count(True) >= _SURE and 2 * found.count(True) >= 3 * found.count(False)
        for found in (own, every)
    )


def _are_of_one(told: Sequence[bool | None]) -> bool:
    """Whether cells of a column are so many right ones, and so few others, that it is a device's for sure."""
    return told.count(True) >= max(_SHOWN, _TO_ONE * told.count(False))


def _shown(
    order: tuple[tuple[str, ...], ...], context: Context, how: Reading
) -> Mapping[int, Sequence[bool | None]]:  # fmt: skip
    """By column whether the cells of a document's tables without names are of the devices of an order."""
    known: dict[tuple[tuple[str, ...], ...], dict[int, list[bool | None]]]
    known = context.memo.setdefault("ordered", {})
    if order not in known:
        known[order] = {}
        for each in context.document.tables[:_SAME]:
            named = how.has_names(each, context)
            for cell in how.cells(each, order) if each.columns == len(order) + 1 and not named else ():
                known[order].setdefault(cell.column, []).append(is_of(cell, context))
    return known[order]


def is_of(cell: Cell, context: Context) -> bool | None:
    """Whether what a cell states is nearly a value of its device, or its chip; None where it is neither."""
    if CHIP.fullmatch(cell.passage.text):
        chips = [str(context.catalogue[key].value("chip") or "") for key in cell.ids]
        return any(chip.startswith(cell.passage.text) for chip in chips) if all(chips) else None
    fields = cell.attribute.fields if cell.attribute else ()
    stated = [each.value for each in read(cell, context)]
    known = [context.catalogue[key].value(field) for key in cell.ids for field in fields] if stated else []
    values = [float(each) for each in known if isinstance(each, int | float) and each]
    if not values:
        return None
    # A rate may be told with sparsity.
    ways = (1, 2) if cell.attribute and cell.attribute.dimension in _RATES else (1,)
    return any(abs(told / (way * value) - 1) < _NEARLY for told in stated for value in values for way in ways)
