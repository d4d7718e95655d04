"""Amounts in words, in figures: "sixteen gigabytes", "three hundred and fifty watts", "half a terabyte".

Only numbers right before a unit of memory, speed, power, energy or money are read; those of things ("eight
cards") and shares ("a third of") are read as the words that they are. A text keeps its length, so that every
place in it stays where it is: "sixteen gigabytes" is "     16 gigabytes".
"""

from __future__ import annotations

from whichgpu.audit import patterns as re
from whichgpu.audit.text.quantities import SPELLED

#: The first number whose word others are put behind.
_LEAST_OF_TENS = 20
_ONES = {"one": 1, **{word: value for word, value in SPELLED.items() if value < _LEAST_OF_TENS}}
_TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80,
    "ninety": 90,
}  # fmt: skip
_LARGE = {"hundred": 100, "thousand": 1000, "million": 1_000_000, "billion": 1_000_000_000}
_WORDS = "|".join((*_ONES, *_TENS))
#: Every word of a number.
WORDS = frozenset({*_ONES, *_TENS, *_LARGE, "a", "an", "and", "half"})
#: Of memory, speed, power, energy and money.
_UNIT = (
    r"(?:(?:giga|tera|mega|peta)(?:bytes?|bits?|hertz|flops?)|(?:kilo|mega)?watts?|(?:kilo|mega)watt-hours?|"
    r"watt-hours|dollars?|euros?|bucks|GB|TB|GHz|kW|kWh|nanomet(?:er|re)s?|TFLOPS|PFLOPS|percent|"
    r"per cent|tokens?(?=\s(?:an?|per|each|every)\s)|tokens?/s)\b"
)
_NUMBER = re.compile(
    rf"(?<![\w-])(?:(?P<half>half) an? (?P<of>tera|peta|mega)(?=bytes?\b|watts?\b|flops?\b)|"
    rf"(?P<n>(?:(?:an?\s)?(?=hundred\b|thousand\b|million\b)|(?=(?:{_WORDS})\b))"
    rf"(?:{_WORDS}|hundred|thousand|million|billion)(?:(?:\s|-)(?:and\s)?(?:{_WORDS}|hundred|thousand|million|"
    rf"billion)\b)*)(?=[\s-]{_UNIT}))",
    re.IGNORECASE,
)
_PREFIX = {"tera": "500 giga", "peta": "500 tera", "mega": "500 kilo"}
#: Letters before a number that are looked at.
_BEFORE = 16
#: Before a number, that it is the end of one in figures, a fraction, or one of two that are told.
_NOT_WHOLE = re.compile(
    rf"(?:[\d.,/]|\bpoint|\bwithin|\band a|\b(?:{_WORDS}|\d)s? (?:to|or)) ?$", re.IGNORECASE
)


def in_figures(text: str) -> str:
    """A text, as long as the one given, whose amounts in words are in figures."""
    return _NUMBER.sub(_written, text)


def _written(match: re.Match[str]) -> str:
    if match["half"]:
        return _PREFIX[match["of"].lower()].rjust(len(match[0]))
    before = match.string[max(0, match.start() - _BEFORE) : match.start()]
    value = number(match["n"])
    if value is None or _NOT_WHOLE.search(before) or len(str(value)) > len(match[0]):
        return match[0]
    return str(value).rjust(len(match[0]))


def number(words: str) -> int | None:
    """The number that some words are; None where they are none: "two three"."""
    total, part, last = 0, 0, 0
    for word in words.lower().replace("-", " ").split():
        if word in ("a", "an", "and"):
            continue
        if word in _LARGE:
            scale = _LARGE[word]
            part = max(part, 1) * scale
            if scale >= _LARGE["thousand"]:
                total, part = total + part, 0
            last = scale
            continue
        value = _ONES.get(word) or _TENS[word]
        if (last and last <= value) or (last in _TENS.values() and value >= _LEAST_OF_TWO_DIGITS):
            return None
        part, last = part + value, value
    return total + part


_LEAST_OF_TWO_DIGITS = 10
