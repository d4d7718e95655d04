"""The numbers of amounts as they are written, without their units and marks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re

if TYPE_CHECKING:
    from whichgpu.audit.text.dimensions import Term

_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
_SCALE = re.compile(r"\d\s?(thousand|million|billion|trillion)\b", re.IGNORECASE)
_SCALES = {"thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}
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
