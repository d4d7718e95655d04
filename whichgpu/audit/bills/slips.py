"""Amounts that are a product of others but for a power of ten, or an hour for a second."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.bills.amounts import (
    BASES,
    FAR,
    NEAR,
    TWO,
    Amounts,
    earlier,
    is_aside,
    is_known,
    of_another,
)  # fmt: skip
from whichgpu.audit.bills.links import GIVEN, LEADS
from whichgpu.audit.bills.products import (
    CLOSE,
    SHORT,
    SIMPLE,
    explained,
    finding,
    forces,
    is_left_out,
    is_simple,
)  # fmt: skip
from whichgpu.audit.relations import Way, alike, ways
from whichgpu.audit.terms import LENGTHS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.terms import Term

#: What amounts are off by where a digit or a unit of time is lost, and how closely.
_SLIPS = tuple(one for each in (10.0, 100.0, 1e3, 1e6, 60.0, 3600.0, 24.0) for one in (each, 1 / each))


EXACT = 1.02
#: Letters behind an amount within which it is said by what period it is.
_RATE = 12


def slipped(told: Term, text: Amounts, context: Context) -> Finding | None:
    """An amount that is a product of others but for a power of ten, or an hour for a second."""
    words = text.passage.text
    given = GIVEN.search(words, max(0, told.start - NEAR), told.start)
    if given or is_known(told, text) or not _tells(told, text) or explained(told, text):
        return None
    for base in reversed(_bases(told, text, context)):
        for way in _meant(told, base, text):
            ratio = told.value / way.low
            if way.high > way.low * EXACT or not any(abs(ratio / slip - 1) < CLOSE for slip in _SLIPS):
                continue
            if is_left_out(way, told, text):
                continue
            return finding(way, told, "inconsistent", text, context)
    return None


def _tells(told: Term, text: Amounts) -> bool:
    """Whether an amount has digits enough to be like another but for their place."""
    led = LEADS.search(text.passage.text, max(0, told.start - NEAR), told.start)
    if told.of in ("byte", "flop", *LENGTHS) or (told.about and not led):
        return False
    return led is not None or len(re.sub(r"[^1-9]", "", told.words)) >= TWO


def _bases(told: Term, text: Amounts, context: Context) -> list[Term]:
    """The amounts before that one may be a product with."""
    return [
        each
        for each in earlier(told, text)[-BASES:]
        if (not each.sign or each.sign == told.sign)
        and told.start - each.end < FAR * TWO
        and not (told.each and each.each)
        and not is_aside(text.passage.text, each, told)
        and not of_another(context, text, each, told)
    ]


def _meant(told: Term, base: Term, text: Amounts) -> Iterator[Way]:
    """The products with one amount that are of the kind of another, and are likely meant."""
    here = text.sentence(told.start)
    near = [each for each in text.near(told, here.end) if each is not told]
    near = [each for each in near if each.start < told.start or not alike(each, told)]
    if base.dims == told.dims and _is_of_period(base, told, text):
        # "1,100 tokens per second, 66,000 tokens per hour"
        yield Way(base.value, base.value, (base,))
    for way in ways(told, near, base, most=SIMPLE):
        if (
            is_simple(way, told, text)
            and forces(way, base, told, text)
            and not any(each.plain for each in way.used)
        ):
            yield way


def _is_of_period(base: Term, told: Term, text: Amounts) -> bool:
    """Whether two rates of one thing stand in one sentence, one of them by the second and the other not."""
    words = text.passage.text
    same = base.start >= text.sentence(told.start).start and sum(map(bool, told.dims)) > 1
    periods = [SHORT.search(words, each.start, each.end + _RATE) for each in (base, told)]
    return same and bool(periods[0]) != bool(periods[1])
