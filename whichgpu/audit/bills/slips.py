"""Amounts that are a product of others but for a power of ten, or an hour for a second."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.bills.amounts import (
    BASES,
    FAR,
    NEAR,
    RENT,
    SPAN,
    TWO,
    Amounts,
    earlier,
    is_aside,
    is_known,
    is_one_of_two,
    of_another,
)  # fmt: skip
from whichgpu.audit.bills.explained import explained, explained_by_rule, is_product, pool_of
from whichgpu.audit.bills.links import GIVEN, LEADS, stopped
from whichgpu.audit.bills.meant import CLOSE, SHORT, SIMPLE, forces, is_left_out, is_simple, rated
from whichgpu.audit.bills.products import finding
from whichgpu.audit.text.dimensions import LENGTHS
from whichgpu.audit.text.relations import Way, alike, rounding, ways
from whichgpu.audit.text.sentences import within
from whichgpu.units import HOUR, MINUTE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.dimensions import Term

#: What amounts are off by where a digit or a unit of time is lost, and how closely.
_SLIPS = tuple(one for each in (10.0, 100.0, 1e3, 1e6, MINUTE, HOUR) for one in (each, 1 / each))


EXACT = 1.02
#: What digits that are the same may differ by besides their rounding.
_SAME = 0.001
#: Letters behind an amount within which it is said by what period it is.
_RATE = 12
#: What makes a share that of the load; how far the rounding of small prices goes.
_LOAD = re.compile(r"\b(?:utili[sz]\w+|busy|load|occup\w+|of the time|use)\b", re.IGNORECASE)
#: Between a share of the load and what each token costs at it.
_EFFECTIVE = re.compile(
    r"\b(?:(?:effective|real|actual|true)\b[^.;]{0,40}\b(?:is|was|becomes?)|(?:rises?|climbs?|jumps?|grows?|"
    r"goes up) to)\s+(?:about |around |roughly )?$",
    re.IGNORECASE,
)
_ROUGH, _SMALL = 0.05, 20.0


#: What leads from an amount to one that follows from it.
_FOLLOWS = re.compile(
    r"\b(?:therefore|thus|hence|so|consequently|occup(?:y|ies)|tak(?:es?|ing)|needs?|comes? to|"
    r"adds? up to)\b",
    re.IGNORECASE,
)


def slipped(told: Term, text: Amounts, context: Context) -> Finding | None:
    """An amount that is a product of others but for a power of ten, or an hour for a second."""
    given = GIVEN.search(text.passage.text, max(0, told.start - NEAR), told.start)
    if given or told.most or is_known(told, text):
        return None
    pool, tells = pool_of(told, text), _tells(told, text)
    # Both take long: what is asked first is what tries fewer products.
    if explained_by_rule(told, text, pool) or (tells and is_product(told, text, pool)):
        return None
    ways_ = (
        chain(
            (way for base in reversed(_bases(told, text, context)) for way in _meant(told, base, text)),
            _beside(told, text, context),
        )
        if tells
        else _beside(told, text, context)
    )
    for way in ways_:
        last = max(way.used, key=lambda one: one.end)
        if not is_left_out(way, told, text) and not stopped(text, last, told):
            known = not tells and is_product(told, text, pool)
            if known or is_one_of_two(told, text) or _is_of_list(told, text):
                return None
            if last.start > told.start and _FOLLOWS.search(text.passage.text, told.end, last.start):
                # "131,072 tokens therefore occupy 4 GiB": what follows is wrong.
                factors = (*(each for each in way.used if each is not last), told)
                right = last.value * told.value / way.low
                return finding(Way(right, right, factors), last, "inconsistent", text, context)
            return finding(way, told, "inconsistent", text, context)
    return None


def _is_slip(way: Way, told: Term) -> bool:
    """Whether an amount is a product but for its digits' places: far fewer are than are likely meant."""
    ratio = told.value / way.low
    if way.high > way.low * EXACT:
        return False
    # The digits are the same as far as they are told: 276,000 is no slip of 2,781.
    close = min(CLOSE, _SAME + sum(map(rounding, (told, *way.used))))
    return any(abs(ratio / one - 1) < close for one in _SLIPS)


#: Between the amounts of a list, of which none follows from the one before.
_AND_THE_NEXT = re.compile(r"\s*(?:,|,?\s(?:and|or|und|et|y)\s)\s*", re.IGNORECASE)
_SOME = 3


def _is_of_list(told: Term, text: Amounts) -> bool:
    """Whether an amount is one of three or more of a kind in a row: "to EUR 0.42, EUR 1.01 and EUR 8.06"."""
    like = [each for each in text.every if each.dims == told.dims and each.sign == told.sign]
    run: list[Term] = []
    for each in like:
        if run and not _AND_THE_NEXT.fullmatch(text.passage.text, run[-1].end, each.start):
            if told in run:
                break
            run = []
        run.append(each)
    return told in run and len(run) >= _SOME


def reversed_share(told: Term, text: Amounts, context: Context) -> Finding | None:
    """A price of each token or image at a share of the load that was multiplied by the share, not divided."""
    words, here = text.passage.text, text.sentence(told.start)
    shares = [each for each in within(text.every, here.start, told.start) if each.share]
    before = text.sentence(max(here.start - 2, 0)).start
    if not told.sign or len(shares) != 1 or not _LOAD.search(words, before, told.start):
        return None
    share = shares[0]
    known = [each for each in (*text.before(share.start, SPAN), *text.earlier) if _is_full(each, told, text)]
    if any(abs(told.value * share.value / each.value - 1) < _ROUGH for each in known):
        return None
    for base in known:
        if abs(told.value / (base.value * share.value) - 1) < _ROUGH:
            way = Way(base.value / share.value, base.value / share.value, (base, share))
            return finding(way, told, "inconsistent", text, context)
    full = {each.value: each for each in known if each.dims == told.dims and each.start < share.start}
    if len(full) == 1 and _EFFECTIVE.search(words, share.end, told.start):
        # "At full load $0.95; at 35 percent the effective cost rises to $2.73."
        base = next(iter(full.values()))
        way = Way(base.value / share.value, base.value / share.value, (base, share))
        if base.value < told.value and not way.gives(told) and not explained(told, text):
            return finding(way, told, "inconsistent", text, context)
    return None


def _is_full(base: Term, told: Term, text: Amounts) -> bool:
    """Whether an amount is a price of each at the whole load."""
    if base.sign != told.sign or base in text.shared:
        return False
    if base.dims == RENT:
        return base.start >= 0 and "full" in text.sentence(base.start).text
    return min(base.dims[2:4]) < 0 or (not any(base.dims[1:]) and base.value < _SMALL)


def _beside(told: Term, text: Amounts, context: Context) -> Iterator[Way]:
    """The slips off what the sentence of an amount and the one before it state, whatever the words say."""
    if told.each or told.about or len(re.sub(r"[^1-9]", "", told.words)) < TWO:
        return
    here = text.sentence(told.start)
    start = text.sentence(max(here.start - 2, 0)).start
    pool = [each for each in within(text.every, start, told.start) if not each.plain and not each.about]
    pool = [each for each in pool if not of_another(context, text, each, told)]
    for way in ways(told, pool, most=SIMPLE, effort=text.effort):
        dimensional = [each for each in way.used if any(each.dims)]
        slip = len(dimensional) > 1 and _is_slip(way, told)
        if slip and is_simple(way, told, text) and rated(way.used, told):
            yield way


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
    """The products with one amount that another is a slip off, and that are likely meant."""
    here = text.sentence(told.start)
    near = [each for each in text.near(told, here.end) if each is not told]
    near = [each for each in near if each.start < told.start or not alike(each, told)]
    if base.dims == told.dims and _is_of_period(base, told, text):
        # "1,100 tokens per second, 66,000 tokens per hour"
        same = Way(base.value, base.value, (base,))
        if _is_slip(same, told):
            yield same
    for way in ways(told, near, base, most=SIMPLE, effort=text.effort):
        if (
            _is_slip(way, told)
            and is_simple(way, told, text)
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
