"""Lines that are worked out alike: "P40: 0.25 kW x 720 h = 180 kWh = 54 euro", and so on for other cards.

Where the last two amounts of all other lines are in one ratio, a line in which they are not is wrong.
"""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding

_UNIT = r"[A-Za-z%\u20ac]{1,10}(?:/[a-z]+)?"
_CHAIN = re.compile(
    rf"=\s*(?P<s1>[$\u20ac\u00a3]?)(?P<a>\d[\d,]*(?:\.\d+)?)\s*(?P<u1>{_UNIT})?\s*="
    rf"\s*(?P<s2>[$\u20ac\u00a3]?)(?P<b>\d[\d,]*(?:\.\d+)?)\s*(?P<u2>{_UNIT})?(?=\s*(?:[.;,(]|$|\s[-*A-Z]))"
)
#: Lines that show how they are worked out, and how far rounding goes.
_SHOWN, _NEAR, _WRONG = 3, 0.012, 0.05


class _Line(NamedTuple):
    """The last two amounts of a line, and where the second stands."""

    passage: Passage
    place: tuple[int, int]
    first: float
    second: float


def find(context: Context) -> Iterator[Finding]:
    """Every last amount of such lines, with its verdict."""
    groups: dict[tuple[object, ...], list[_Line]] = {}
    for _, passage in context.document.running():
        for match in _CHAIN.finditer(passage.text) if passage.text.count("=") > 1 else ():
            first, second = (float(match[name].replace(",", "")) for name in ("a", "b"))
            if not first or not second:
                continue
            units = tuple((match[name] or "").lower() for name in ("s1", "u1", "s2", "u2"))
            key = (passage.section, *units)
            groups.setdefault(key, []).append(_Line(passage, match.span("b"), first, second))
    for lines in groups.values():
        yield from _judged(lines, context) if len(lines) >= _SHOWN else ()


def _judged(lines: list[_Line], context: Context) -> Iterator[Finding]:
    usual = median(each.second / each.first for each in lines)
    off = [abs(each.second / each.first / usual - 1) for each in lines]
    if sum(one <= _NEAR for one in off) < max(_SHOWN - 1, len(lines) - 1):
        return
    for each, one in zip(lines, off, strict=True):
        wrong = one > _WRONG
        if one > _NEAR and not wrong:
            continue
        real = f"{each.first * usual:,.4g}"
        because = f"{each.first:g} x {usual:.4g} is {real}, as in the other lines"
        yield made(
            context, each.passage, each.place, "arithmetic", "inconsistent" if wrong else "confirmed",
            attribute="chain", because=because, expected=real if wrong else "", evidence=(Evidence(because),),
        )  # fmt: skip
