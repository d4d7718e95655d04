"""Whether all that an amount was worked out from stands beside it, and nothing else that it may be of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.text.quantities import SPELLED, read_number
from whichgpu.audit.text.sentences import sentences, within

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Finding
    from whichgpu.audit.text.sentences import Sentence

_NUMBER = re.compile(rf"\d[\d,]*(?:\.\d+)?|\b(?:{'|'.join(SPELLED)})\b", re.IGNORECASE)
_MONEY = re.compile(r"[$\u20ac]\s?\d[\d,]*(?:\.\d+)?|\d[\d,]*(?:\.\d+)?(?=\s(?:cents?|dollars?|euros?)\b)")
#: In a reason, what the amounts behind it come to.
_COME_TO = re.compile(r"\s(?:makes?|is|are)\s|:\s")


def is_accounted_for(
    found: Finding,
    passage: Passage,
    at: int,
    named: Sequence[Mention],
    *,
    alone: bool = False,
    money: bool = False,
) -> bool:
    """Whether a result's operands stand in its sentence or the one before, and its sentence has no others.

    `alone` asks for all of them in its own sentence, `money` for no other amount of money only.
    """
    whole = sentences(passage.text)
    place = next((i for i, each in enumerate(whole) if each.start <= at < each.end), None)
    if place is None:
        return True
    here = _numbers(whole[place], named)
    before = _numbers(whole[place - 1], named) if place and not alone else set()
    others = _read(" ".join(_MONEY.findall(whole[place].text))) if money else here
    operands = _read(_COME_TO.split(found.because)[0])
    result = _read(found.quote) | _read(found.stated)
    if money:
        # "Eight at $3.49 come to $27.92 an hour": what an operand was made of is accounted for.
        others -= {one for one in others if any(_is_near(one * n, each) for n in here for each in operands)}
    return operands <= here | before | result and others <= operands | result


def is_made_of_two(found: Finding, passage: Passage, at: int) -> bool:
    """Whether a result is the product or quotient of two numbers of its sentence or the one before.

    A year of so many days may be a factor besides, and a thousand watts are a kilowatt.
    """
    whole = sentences(passage.text)
    place = next((i for i, each in enumerate(whole) if each.start <= at < each.end), None)
    results = _read(found.quote)
    if place is None or len(results) != 1:
        return False
    result = results.pop()
    told = sorted(_read(passage.text[whole[max(0, place - 1)].start : at]) - {0.0})[:_MANY]
    # What is made of what the accusation rests on lacks a factor of it.
    operands = _read(_COME_TO.split(found.because)[0])
    pairs = [(a, b) for a in told for b in told if a != b and not {a, b} <= operands]
    makes = {way for a, b in pairs for way in (a * b, a / b, a * b * _YEAR / _KILO)}
    return any(_is_near(each, result) for each in makes)


#: Numbers that are tried with one another; days of a year; how near a result is to what makes it.
_MANY, _YEAR, _KILO, _NEAR = 16, 365.0, 1000.0, 0.003


def _is_near(one: float, other: float) -> bool:
    return other != 0 and abs(one / other - 1) < _NEAR


def _numbers(sentence: Sentence, named: Sequence[Mention]) -> set[float]:
    """The numbers of a sentence but those in names."""
    text = sentence.text
    for each in reversed(within(named, sentence.start, sentence.end)):
        text = f"{text[: each.start - sentence.start]} {text[each.end - sentence.start :]}"
    return _read(text)


def _read(text: str) -> set[float]:
    return {read_number(each[0].rstrip(",")) for each in _NUMBER.finditer(text)}
