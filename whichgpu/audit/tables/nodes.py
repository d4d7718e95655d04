"""Amounts of cells, in the unit that the heading of their column or row states where they say none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.text.terms import terms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.text.dimensions import Term


def _units(*rows: tuple[str, str]) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Patterns of headings with the units that they state."""
    return tuple((re.compile(words, re.IGNORECASE), unit) for words, unit in rows)


#: Units of headings, as they are written behind an amount: of money, and of numbers.
_PER = _units(
    (r"(?:/|\bper )\s?1?\s?(?:M|million)(?:\s?tok\w*)?\b", " per million tokens"),
    (r"(?:/|\bper )\s?1?(?:K|,?000) ?tok\w*\b", " per 1000 tokens"),
    (r"(?:/|\bper )\s?1,?000 (?:images?|imgs?)\b", " per 1000 images"),
    (r"(?:/|\bper )\s?100 (?:images?|imgs?)\b", " per 100 images"),
    (r"(?:/|\bper )\s?(?:image|img)\b", " per image"),
    (r"(?:/|\bper )\s?(?:gpu[- ]?)?h(?:r|our)?\b|\bhourly\b", " per hour"),
    (r"(?:/|\bper )\s?mo(?:nth)?\b|\bmonthly\b", " per month"),
    (r"(?:/|\bper )\s?(?:yr|year)\b|\b(?:yearly|annual(?:ly)?)\b", " per year"),
)
_OF = _units(
    (r"\btok(?:en)?s?\s?(?:/|per )\s?s(?:ec(?:ond)?)?\b|\bTPS\b", " tokens/s"),
    (r"\b(?:images?|imgs?)\s?(?:/|per )\s?s(?:ec(?:ond)?)?\b", " images/s"),
    (r"\b(?:images?|imgs?)\s?(?:/|per )\s?min(?:ute)?\b", " images per minute"),
    (r"\b(?:images?|imgs?)\s?(?:/|per )\s?h(?:ou)?r\b", " images per hour"),
    (r"\b(?:s|sec|seconds?)\s?(?:/|per )\s?(?:image|img)\b", " seconds per image"),
    (r"^(?:#|number of|no\. of)?\s?gpus?(?: count)?$", " GPUs"),
)
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")


#: A heading that begins with the money of its column, which its cells leave out: "$/hour".
_SIGN = re.compile(r"\s*[$\u20ac](?=\s*/|\s+per\b)")


def in_unit_of(heads: Sequence[str], cell: str, fraction: str) -> Term | None:
    """The only amount of a cell, in the unit of the first heading that states one where it says none."""
    sign = _SIGN.match(heads[0]) if heads and _NUMBER.fullmatch(cell.strip()) else None
    cell = f"{sign[0]}{cell.strip()}" if sign else cell
    money = "$" in cell or "\u20ac" in cell
    units = (unit for head in heads for pattern, unit in (_PER if money else _OF) if pattern.search(head))
    unit = next(units, "")
    found = terms(cell.strip() + unit, fraction, ranges=True) if unit else ()
    return found[0] if len(found) == 1 and found[0].value > 0 else None


def number(words: str) -> float:
    """The first number of an amount as it is written; 0 where there is none."""
    found = _NUMBER.search(words)
    return float(found[0].replace(",", "")) if found else 0.0
