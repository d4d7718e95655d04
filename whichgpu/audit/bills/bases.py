"""Which amounts that a text told before may be what an amount follows from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.bills.amounts import (
    FAR,
    MONEY,
    NEAR,
    RENT,
    Amounts,
    earlier,
    is_aside,
    is_known,
    of_another,
    rate_of,
)
from whichgpu.audit.bills.links import (
    AND_A_PERIOD,
    CONCLUDES,
    GIVEN,
    LEADS,
    READS,
    linked,
    stopped,
)
from whichgpu.audit.text.dimensions import AXES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.findings import Context
    from whichgpu.audit.text.dimensions import Term

#: A name between two amounts, the seller of the second maybe.
_NAME = re.compile(
    r"(?<![.!?:]\s)(?<!^)\b(?!GPUs?\b|USD\b|EUR\b|Stunden?\b|Tage?n?\b|Monate?n?\b|Watt\b)(?:[A-Z][a-z]\w+|"
    r"AWS|GCP|OVH)"
)


#: Between a device and what so many of it cost or do.
_OF_IT = re.compile(
    r"s?\s*(?:\w+ )?(?:for|to|costs?|costing|run(?:s|ning)? (?:at|to)|makes?|gives?|does?|are|is|:|=|\()\s*"
    r"(?:about |around |roughly |only |just |~)*"
)


#: Between a bill and the rent that it follows from.
_AT = re.compile(r"\s*at\s+(?:about |around |only |just |~)?")


#: "$2.00 x 730 h =": a formula, which is worked out as one.
_FORMULA = re.compile(
    r"[x\u00d7*/]\s*[$\u20ac]?\d[^=]*=\s*$|"
    r"\d\s?[\w-]{0,12}\s[x\u00d7*]\s[$\u20ac]?\d(?:[^=;.]|\.(?=\d))*\s(?:is|are|makes?|gives?|"
    r"comes? to)\s+(?:about |around |roughly )?$"
)


def bases_of(told: Term, text: Amounts, context: Context) -> list[Term]:
    """The amounts before that one may follow from: the last of its kind, and those before that."""
    before = [each for each in earlier(told, text) if not is_aside(text.passage.text, each, told)]
    start = text.sentence(told.start).start
    if not told.sign and READS.search(text.passage.text, start, told.start):
        before = [each for each in before if each.end > start]
    return (
        _near_bases(told, before, text, context)
        or _of_device(told, text, context)
        or ([] if before else _behind(told, text))
    )


def _behind(told: Term, text: Amounts) -> list[Term]:
    """The rent right behind a bill that it follows from: "50 hours, which is $90 at $0.90 an hour"."""
    words = text.passage.text
    after = next((each for each in text.every if each.start >= told.end), None)
    led = LEADS.search(words, max(0, told.start - NEAR), told.start)
    rent = led and after and after.dims == RENT and after.sign == told.sign
    return [after] if rent and after and _AT.fullmatch(words, told.end, after.start) else []


def _of_device(told: Term, text: Amounts, context: Context) -> list[Term]:
    """The rate that was told of its device, which an amount may follow from."""
    rate = [] if is_known(told, text) else rate_of(context, text, told)
    words, here = text.passage.text, text.sentence(told.start)
    if (
        not rate
        or stopped(text, rate[0], told)
        or (told.sign and rate[0].end > here.start and _NAME.search(words, here.start, told.start))
    ):
        return []
    said = (
        (told.sign and _OF_IT.fullmatch(words, rate[0].end, told.start))
        or CONCLUDES.match(words, here.start, told.start)
        or rate[0].end == here.start
    )
    return rate if said or linked(text, rate[0], told) else []


def _near_bases(told: Term, before: Sequence[Term], text: Amounts, context: Context) -> list[Term]:
    """The amounts told shortly before that one may follow from, the last first."""
    # "So", "thus": what it follows from may be a few sentences back.
    led = LEADS.search(text.passage.text, max(0, told.start - NEAR), told.start)
    if not before or told.start - before[0].end > FAR * (2 if led else 1):
        return []
    base = before[0]
    if (told.each and (base.each or told.sign != base.sign)) or is_known(told, text):
        return []
    between = text.passage.text[base.end : told.start]
    if told.sign and GIVEN.search(between):
        return []
    named = told.sign and context.fraction != "," and _NAME.search(between) and not base.each
    apart = named or _FORMULA.search(between) or stopped(text, base, told)
    if apart or not linked(text, base, told) or of_another(context, text, base, told):
        return []
    rest = [each for each in before[1:] if not of_another(context, text, each, told)]
    if base.dims == MONEY and AND_A_PERIOD.fullmatch(between):
        # "A month comes to $1,650 and a year to $19,798": both of the rent.
        return [each for each in rest if any(each.dims[AXES.index("hour") :])] or [base, *rest]
    return [base, *rest]
