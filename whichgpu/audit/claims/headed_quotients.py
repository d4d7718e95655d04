"""Columns and rows whose heading says of which two others they are the quotient: "Dollars per image/s".

Where such a heading names a price and what it is shared by, and one of its cells is that quotient to its last
digit, a cell that is another number is wrong, also where there are no more than two of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage, Table
    from whichgpu.audit.findings import Context, Finding

_PER = re.compile(
    r"\s*(?:dollars?|euros?|price|cost|\$|\u20ac)\s*(?:per|/)\s*(?P<what>\S.*?)\s*", re.IGNORECASE
)
_PRICE = re.compile(
    r"\s*(?:list |street |our |used )?(?:price|cost)(?:\s*\([^()]*\)|, (?:\$|USD|EUR))?\s*", re.IGNORECASE
)
_NUMBER = re.compile(r"\s*[$\u20ac]?\s?(?P<n>\d[\d,]*(?:\.(?P<cents>\d+))?)\s*")
_WORD = re.compile(r"[a-z]+(?=s\b|\b)|\d+", re.IGNORECASE)
_COMMON = frozenset(("per", "the", "of", "a", "in"))
#: By how much a cell is off at least; how much of the quotient it is at most.
_OFF, _FAR, _TWO = 0.03, 4.0, 2

_Line = tuple["Passage | None", ...]


def find(context: Context) -> Iterator[Finding]:
    """Every such cell that is another number."""
    for table in context.document.tables:
        lines = _columns(table)
        yield from _judged(lines, context)
        yield from _judged(table.rows, context)


def _columns(table: Table) -> list[_Line]:
    return [tuple(table.cell(row, at) for row in range(len(table.rows))) for at in range(table.columns)]


def _words(text: str) -> set[str]:
    return {each.lower().rstrip("s") for each in _WORD.findall(text)} - _COMMON


def _judged(lines: Sequence[_Line], context: Context) -> Iterator[Finding]:
    heads = [(line[0].text if line and line[0] else "", line) for line in lines]
    prices = [line for head, line in heads if _PRICE.fullmatch(head)]
    for head, line in heads:
        per = _PER.fullmatch(head)
        if per is None or len(prices) != 1:
            continue
        asked = _words(per["what"])
        bases = [other for name, other in heads if name and other is not line and not _PER.fullmatch(name)
                 and other is not prices[0] and asked and asked <= _words(name)]  # fmt: skip
        if len(bases) == 1:
            yield from _of_line(line, prices[0], bases[0], context)


def _of_line(line: _Line, price: _Line, base: _Line, context: Context) -> Iterator[Finding]:
    """The cells of a quotient, held against the two that it is of."""
    done = [(each.start, each.end) for each in context.memo["found"] if each.accuses]
    off: list[tuple[Passage, float]] = []
    right = 0
    for cell, top, under in list(zip(line, price, base, strict=False))[1:]:
        told = [_NUMBER.fullmatch(each.text) if each else None for each in (cell, top, under)]
        if cell is None or not all(told):
            continue
        stated, paid, shared = (float(each["n"].replace(",", "")) for each in told if each)
        digits = len(told[0]["cents"] or "") if told[0] else 0
        if not shared or not paid:
            continue
        real = paid / shared
        if abs(stated - real) <= 0.6 * 10.0**-digits:
            right += 1
        elif abs(stated / real - 1) > _OFF and 1 / _FAR < stated / real < _FAR:
            off.append((cell, real))
    for cell, real in off if right >= len(off) else ():
        start, end = cell.span(0, len(cell.text))
        if any(a < end and start < b for a, b in done):
            continue
        because = f"the price over what its heading names is {real:.4g}"
        yield made(context, cell, (0, len(cell.text)), "arithmetic", "inconsistent", attribute="quotient",
                   because=because, expected=f"{real:.2f}", evidence=(Evidence(because),))  # fmt: skip
