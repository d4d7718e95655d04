"""Numbers that are another one but for a digit: what a slip of the pen or of the head makes of a result.

Of the 900 numbers of three digits 27 differ from a given one in a single digit, of the 9,000 of four 36: that
an amount is one digit from what its passage makes is seldom chance.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re

if TYPE_CHECKING:
    from whichgpu.audit.dimensions import Term

_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
_SCALE = re.compile(r"\d\s?(thousand|million|billion|trillion)\b", re.IGNORECASE)
_SCALES = {"thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}
#: A power of ten, as a logarithm, and how near to one a ratio must be to be it.
_TEN, _CLOSE = math.log(10.0), 0.004


_DECIMAL = re.compile(r"^[^,]*,(?:\d{1,2}|\d{4,})$")


def shown(told: Term) -> str:
    """The number of an amount as it is written, without the marks of thousands; empty where it is spelled."""
    match = _NUMBER.search(told.words)
    number = match[0] if match else ""
    if _DECIMAL.search(number):
        # "46,8": a comma that no three digits stand behind.
        number = number.replace(".", "").replace(",", ".")
    return number.replace(",", "")


def plain_value(told: Term) -> float:
    """The number of an amount without its unit: 5.2 of "5.2 kW", two million of "2 million tokens"."""
    number, scale = shown(told), _SCALE.search(told.words)
    if not number:
        return told.value if not any(told.dims) else 0.0
    return float(number) * (_SCALES[scale[1].lower()] if scale else 1.0)


def significant(number: str) -> int:
    """How many digits of a number tell something: those without the zeros around them."""
    digits = number.replace(".", "").lstrip("0")
    return len(digits if "." in number else digits.rstrip("0"))


def chance(number: str) -> float:
    """How likely a random number of as many digits is one digit, or two exchanged ones, from a given one."""
    many = max(significant(number), 1)
    return (9.0 * many + many - 1) / (9.0 * 10.0 ** (many - 1))


def written(value: float, number: str) -> str:
    """A value as a number with as many decimals as another has."""
    return f"{value:.{len(number.partition('.')[2])}f}"


def is_slip(number: str, value: float, *, tens: bool = True) -> bool:
    """Whether a number is a value but for a digit, two exchanged ones or, with `tens`, its point."""
    right = written(value, number)
    if right == number or value <= 0 or not significant(right):
        return False
    power = math.log(float(number) / value) / _TEN
    if 1 <= abs(round(power)) <= 3 and abs(power - round(power)) * _TEN < _CLOSE:
        return tens
    if len(right) != len(number):
        return False
    places = [at for at, (one, other) in enumerate(zip(number, right, strict=True)) if one != other]
    if len(places) == 1:
        return True
    exchanged = len(places) == 2 and places[1] - places[0] in (1, 2)
    return exchanged and number[places[0]] == right[places[1]] and number[places[1]] == right[places[0]]
