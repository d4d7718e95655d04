"""Amounts that are a product of others but for a power of ten, or an hour for a second."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.bills.amounts import BASES, FAR, TWO, Amounts, earlier, is_aside, of_another
from whichgpu.audit.bills.links import GIVEN
from whichgpu.audit.bills.products import CLOSE, SIMPLE, explained, forces, is_simple, shown
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.relations import Way, alike, ways
from whichgpu.audit.terms import LENGTHS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.terms import Term

#: What amounts are off by where a digit or a unit of time is lost, and how closely.
_SLIPS = tuple(one for each in (10.0, 100.0, 1e3, 1e6, 60.0, 3600.0, 24.0) for one in (each, 1 / each))


EXACT = 1.02


def slipped(told: Term, text: Amounts, context: Context) -> Finding | None:
    """An amount that is a product of others but for a power of ten, or an hour for a second."""
    bases = [
        each
        for each in earlier(told, text)[-BASES:]
        if not each.sign or each.sign == told.sign
        if told.start - each.end < FAR * TWO and not of_another(context, text, each, told)
    ]
    bases = [
        each
        for each in bases
        if not is_aside(text.passage.text, each, told) and not (told.each and each.each)
    ]
    given = GIVEN.search(text.passage.text, 0, told.start)
    if (
        not bases
        or told.about
        or given
        or told.of in ("byte", "flop", *LENGTHS)
        or len(re.sub(r"[^1-9]", "", told.words)) < TWO
        or explained(told, text)
    ):
        return None
    for base in reversed(bases):
        for way in _meant(told, base, text):
            ratio = told.value / way.low
            if way.high > way.low * EXACT or not any(abs(ratio / slip - 1) < CLOSE for slip in _SLIPS):
                continue
            because = f"{' and '.join(each.words.strip(' .,') for each in way.used)} make {shown(way)}"
            return made(
                context, text.passage, (told.start, told.start + len(told.words)), "arithmetic",
                "inconsistent",
                attribute="bill", because=because, expected=shown(way), evidence=(Evidence(because),),
            )  # fmt: skip
    return None


def _meant(told: Term, base: Term, text: Amounts) -> Iterator[Way]:
    """The products with one amount that are of the kind of another, and are likely meant."""
    here = text.sentence(told.start)
    near = [each for each in text.near(told, here.end) if each is not told]
    near = [each for each in near if each.start < told.start or not alike(each, told)]
    for way in ways(told, near, base, most=SIMPLE):
        if (
            is_simple(way, told, text)
            and forces(way, base, told, text)
            and not any(each.plain for each in way.used)
        ):
            yield way
