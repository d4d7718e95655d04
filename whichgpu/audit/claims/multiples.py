"""Cells of how many times one device's value is another's: "1.6x" in a table "relative to the A100".

So are changes in brackets behind the value of a device that is set against another: "6,144 (+4 %)" in the
row of "RTX 5070 (vs 4070)".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.comparisons.pairs import Pair, facts, ratios
from whichgpu.audit.devices.mentions import mentions
from whichgpu.audit.findings import made
from whichgpu.audit.tables.cells import CHANGE
from whichgpu.audit.tables.stated import cells
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Table
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.tables.cells import Cell

#: Before the device that all others of a table are told in multiples of.
_BASE = re.compile(
    r"\b(?:(?:ratios?|relative|compared|normali[sz]ed|multiples?)\s+(?:to|with|of|against|over)|vs\.?|versus)"
    r"\s+(?:the\s+|an?\s+)?",
    re.IGNORECASE,
)
_PERCENT = re.compile(r"(?P<sign>[+\u2212\u2013-])\s?(?P<n>\d{1,3}(?:[.,]\d)?)\s?%")
_TIMES = re.compile(r"\s*(?P<n>\d{1,3}(?:\.(?P<digits>\d{1,2}))?)\s?[x\u00d7]\s*")
#: Of what no measurement is told: a multiple of a rate may be one of speeds.
_ON_FILE = ("memory", "bandwidth", "cores", "sms", "power", "memory_bus", "transistors", "l2")
#: How far a multiple may be off beside its rounding, and from where on it is wrong, as shares of it.
_NEAR, _WRONG = 0.02, 0.12
_NEAR_BY, _WRONG_BY = 0.005, 0.04
#: Characters of what stands above a table in which its base is looked for.
_ABOVE = 160


def find(context: Context) -> Iterator[Finding]:
    """Every such cell with its verdict."""
    for table in context.document.tables:
        base = _base(table, context)
        for cell in cells(table, context):
            told = _TIMES.fullmatch(cell.passage.text) if cell.attribute and base else None
            if told:
                digits = len(told["digits"] or "")
                claim = _Times(float(told["n"]), 0.5 * 10.0**-digits, told.span("n"))
                yield from _judged(cell, claim, Pair(cell.ids, base), context)
            elif cell.attribute and cell.base and (change := _change(cell.passage.text)):
                yield from _judged(cell, change, Pair(cell.ids, cell.base), context)


class _Times(NamedTuple):
    """How many times as much a cell states, how far its rounding may be off, and where it stands."""

    times: float
    slack: float
    place: tuple[int, int]


def _change(text: str) -> _Times | None:
    """The percentage in brackets behind a value, as a multiple."""
    change = CHANGE.search(text)
    told = _PERCENT.match(change["by"]) if change else None
    if change is None or told is None:
        return None
    by = float(told["n"].replace(",", ".")) / 100 * (1 if told["sign"] == "+" else -1)
    rounding = 0.005 if "." not in told["n"] and "," not in told["n"] else 0.0005
    return _Times(1 + by, rounding, (change.start("by"), change.start("by") + told.end()))


def _base(table: Table, context: Context) -> tuple[str, ...]:
    """What the device that a table's corner, or what is above it, names as the base may be."""
    corner = table.cell(0, 0) if table.rows else None
    for text in (corner.text if corner else "", table.caption[-_ABOVE:]):
        named = {each.start: each.ids for each in mentions(text, context.catalogue)}
        for match in _BASE.finditer(text):
            if match.end() in named:
                return named[match.end()]
    return ()


def _judged(cell: Cell, claim: _Times, both: Pair, context: Context) -> Iterator[Finding]:
    """The verdict on a multiple: right where any forms of the two give it."""
    attribute = cell.attribute
    assert attribute is not None
    stated = claim.times
    slack = claim.slack / stated if stated else 1.0
    known = ratios(attribute, both, context)
    off = [(abs(stated / real - 1), words) for real, words in known if real]
    if not off:
        return
    least, words = min(off)
    # A change of a tenth is told to a per cent or two.
    near, far = (_NEAR, _WRONG) if cell.base == () else (_NEAR_BY, _WRONG_BY)
    right, wrong = least <= slack + near, least > slack + far and attribute.key in _ON_FILE
    if right or wrong:
        yield made(
            context, cell.passage, claim.place, "ratio",
            "confirmed" if right else "contradicted", subject=both.subject, attribute=attribute.key,
            because=words, evidence=facts(attribute, both, context),
            expected="" if right else f"{min(known, key=lambda one: abs(stated / one[0] - 1))[0]:.3g}x",
        )  # fmt: skip
