"""Bills: "$2.50 an hour, or $60 a day", "100 hours at $4 come to $400", "450 W for 24 hours are 10.8 kWh".

An amount that is said to follow from another is wrong where no product of what the text states gives it.
"""

from __future__ import annotations

import math
from itertools import pairwise, zip_longest
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.bills.amounts import (
    FAR,
    MONEY,
    MOST_TRIED,
    RENT,
    Amounts,
    is_one_of_two,
    is_use,
    of_another,
    told_of_devices,
)
from whichgpu.audit.bills.bases import bases_of
from whichgpu.audit.bills.explained import explained
from whichgpu.audit.bills.links import (
    LEADS,
    ONE_WITH,
    PAID,
)
from whichgpu.audit.bills.meant import CLOSE, OF, forces, is_chance, is_left_out, is_simple, is_stated
from whichgpu.audit.bills.products import apart, finding
from whichgpu.audit.bills.slips import reversed_share, slipped
from whichgpu.audit.bills.sums import added_to, adds_up, is_summed, is_with_factor, sums
from whichgpu.audit.claims.priced import told_in_tables
from whichgpu.audit.text.dimensions import AXES, LENGTHS, dims
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.relations import Effort, Way, alike, ways
from whichgpu.audit.text.sentences import within
from whichgpu.audit.text.terms import terms
from whichgpu.units import HOUR, MINUTE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.dimensions import Term


#: Amounts that follow from others, of which no more are asked in a document.
CLAIMS = 300
#: "Two supplies of 3,000 W, or four of 2,000 W": of each of so many.
_SO_MANY_OF = re.compile(
    r"\b(?:two|three|four|five|six|eight|ten|\d{1,4})(?: (?:conversations|users|requests|chats|sequences|"
    r"sessions))? of "
    r"(?:only |just |about )?$",
    re.IGNORECASE,
)
#: "32 conversations of 4,096 tokens come to": of both numbers, which `clauses/formulas.py` reads.
_USERS_OF = re.compile(
    r"\b\d+ (?:such )?(?:conversations|users|requests|chats|sequences|sessions) of [\d,]+ tokens\b",
    re.IGNORECASE,
)
_CLOSE_BY = 24
#: "That is still $5,690 less than on demand": what two differ by.
_LESS_THAN = re.compile(
    r"\s*(?:(?:per|an?|each) \w+\s)?(?:less|more|cheaper|dearer|lower|higher|below|above|extra|saved)\b",
    re.IGNORECASE,
)
#: "0.00438 USD per image, or 4.38 USD per thousand": of so many more, which are not named again.
_A_THOUSAND = re.compile(
    r"\bper (?!hour|day|month|year)\w+,?\s+(?:or|i\.e\.|so|that is)\s+(?:about |around )?[$\u20ac]?"
    r"\d[\d.,]*\s?(?:USD|EUR|dollars|euros|cents)?\s+(?:per|for (?:a|one|every|each))\s+"
    r"(?:thousand|hundred|1,?000)\b",
    re.IGNORECASE,
)
#: "4 x 730 x $1.99": one of the factors.
_FACTOR = re.compile(r"[x\u00d7*]\s*$")
#: What is charged at least, so that a bill may be above its product.
_AT_LEAST = re.compile(r"\bminim(?:um|al)\b|\bat least\b|\brounded up\b|\bset-?up fee\b", re.IGNORECASE)


#: Amounts that are further apart (as a logarithm) are of two things.
_UNLIKE = 4.0


#: What is told of "a month" or "a million tokens" is no amount that follows.
#: The last prices of energy that a document told are those that its bills are worked out with.
TARIFFS = 2
#: Seconds as minutes or hours, and thousands as units: further apart, and still of one thing. How far one may
#: be from that which is told roughly.
_SLIPS = (MINUTE, 100.0, 1e3, HOUR)
_ROUGHLY = 0.07
_ROUND = (1.0, 1e3, 1e6, 1e9)


_HOURS, _LONG = dims(hour=1), (LENGTHS["month"], LENGTHS["year"])
#: Before what two amounts differ by, over some time.
_OF_TWO = re.compile(r"\b(?:difference|gap|saving)\b[^.;\d]{0,40}$", re.IGNORECASE)
#: Between a number of GPUs and what they cost for as long as the one before.
_WOULD = re.compile(
    r"\s*(?:(?:of (?:them|these|those)|such|[a-z]+ ?(?:cards|gpus|instances|nodes)?)\s+){0,2}"
    r"(?:(?:would|will|then)?\s*(?:be|cost|costs|run you|set you back|add up to|come to|make)"
    r"|(?:are|cost|costs|come to|make))\s+(?:you |about |around |roughly |already |only |just )*~?",
    re.IGNORECASE,
)
#: What measuring and rounding make of amounts that are no money, and of money.
_LIKE = (0.18, 0.0)
#: Before what a formula with brackets is said to come to: "(730 - 132) h x 0.082 kW = 49 kWh".
_WRITTEN_OUT = re.compile(r"\d\s[+\u2212-]\s[$\u20ac]?\d[\d,.]*\s?\w*\)[^()=;]{1,32}=\s*[$\u20ac~]?$")
#: Behind a factor of a formula: "costs $3.40 x 730 = $2,482".
_BY = re.compile(r"\s*[x\u00d7*]\s*[$\u20ac]?\d")
#: How far a price at a share of the load may be from that of all divided by it.
_OF_A_PART = 0.12


def find(context: Context) -> Iterator[Finding]:
    """Every amount that follows from the one before it, with its verdict."""
    asked, effort, limited = 0, Effort(MOST_TRIED), False
    before: tuple[Term, ...] = ()
    tariffs: tuple[Term, ...] = ()
    rates = list(told_in_tables(context))
    for index, passage in context.document.running():
        if not re.search(r"\d", passage.text):
            continue
        names = tuple((each.start, each.end) for each in context.mentions.get(index, ()))
        every = _with_shares(terms(passage.text, context.fraction, names, ranges=True), passage.text)
        every = _with_rents(every, passage.text)
        text = Amounts(passage, index, every, before, tariffs)
        text.effort, text.limited = effort, limited
        limited = limited or any(is_use(each) for each in every)
        here = told_of_devices(context, text)
        text.rates = (*rates, *here)
        before = tuple(_before(each, passage) for each in every)
        tariffs = (*tariffs, *(each for each in before if each.tariff))[-TARIFFS:]
        rates += [(device, _before(each, passage)) for device, each in here]
        for told in every if (len(every) > 1 or text.rates) and asked < CLAIMS else ():
            if _is_no_result(told, text):
                continue
            bases = bases_of(told, text, context)
            asked += bool(bases)
            found = _explained(bases, told, text, context, slips=asked < CLAIMS)
            if effort.left < 0:
                # What else may explain it was not tried.
                return
            if found is not None:
                yield found
            start = text.sentence(told.start).start
            shares = (each for each in text.before(told.start, told.start - start) if each.share)
            # "40 % of the A100's 312 TFLOPS": of the whole, which is no share itself.
            if any(not each.plain for each in shares):
                text.shared.add(told)
            text.heard(told, wrong=found is not None and found.accuses)


def _is_no_result(told: Term, text: Amounts) -> bool:
    """Whether an amount is what others are worked out with, or nothing that anything comes to."""
    words = text.passage.text
    near, far = max(0, told.start - _CLOSE_BY), max(0, told.start - 2 * _CLOSE_BY)
    spelled = not told.sign and not any(mark.isdigit() for mark in told.words)
    return bool(
        not told.of
        or told in text.factors
        or is_use(told)
        or _LESS_THAN.match(words, told.end)
        or (told.sign and _A_THOUSAND.search(words, near, told.end + _CLOSE_BY))
        or (spelled and told.value in _ROUND)
        or (told.each and told.of == "energy")
        or (told.sign and _HOURS_AT.search(words, near, told.start))
        or _FACTOR.search(words, near, told.start)
        or _WRITTEN_OUT.search(words, far, told.start)
        or _BY.match(words, told.start + len(told.words))
        or _SO_MANY_OF.search(words, far, told.start)
        or ONE_WITH.search(words, near, told.start)
        or (told.of == "byte" and told.dims[AXES.index("hour")])
        or (told.of == "byte" and _USERS_OF.search(words, max(0, told.start - 60), told.start))
    )


def _explained(
    bases: Sequence[Term], told: Term, text: Amounts, context: Context, *, slips: bool
) -> Finding | None:
    """What an amount is, by what it may follow from; without any, if it is a slip of what it should be."""
    said = bases or sums(told, text)
    found = reversed_share(told, text, context)
    if found is None and said:
        found = _judged(bases, told, text, context)
    return slipped(told, text, context) if found is None and slips else found


def _with_shares(every: Sequence[Term], text: str) -> tuple[Term, ...]:
    """Amounts, with shares of the one behind as what they multiply it by: "40 % of the 312 TFLOPS"."""
    return tuple(
        one._replace(plain=True)
        if one.share and after and any(after.dims) and OF.fullmatch(text, one.end, after.start)
        else one
        for one, after in zip_longest(every, every[1:])
    )


def _with_rents(every: Sequence[Term], text: str) -> tuple[Term, ...]:
    """Amounts, with what follows right from a rent as one: "$5.50 an hour, which makes $44 for the node"."""
    return tuple(
        each._replace(dims=RENT)
        if each.dims == MONEY and before and before.dims == RENT and _FOR_ONE.match(text, each.end)
        and each.start - before.end < _CLOSE_BY and LEADS.search(text, before.end, each.start)
        else each
        for before, each in zip((None, *every), every, strict=False)
    )  # fmt: skip


#: Before a rent that hours are multiplied by, which follows from nothing: "1,440 hours at $3.00".
_HOURS_AT = re.compile(r"\bhours? (?:at|of|for)\s+$", re.IGNORECASE)
#: Behind what so many cost by the hour, which is not said again.
_FOR_ONE = re.compile(
    r"\s+(?:for|per)\s+(?:the|an?|each|all|every)?\s*(?:whole |full |entire )?(?:[\w-]+ )?(?:instance|"
    r"node|server|"
    r"machine|box|pair|eight|four|two|set|cluster|pod)\b", re.IGNORECASE,
)  # fmt: skip


def _before(told: Term, passage: Passage) -> Term:
    """An amount of a passage as those after it see it."""
    return told._replace(start=told.start - len(passage.text), end=0)


def _skips(way: Way, told: Term, text: Amounts) -> bool:
    """Whether a product or sum leaves out what stands between its factors and the amount."""
    return bool(way.used) and is_left_out(way, told, text)


def _is_mixed(way: Way, base: Term, text: Amounts, context: Context) -> bool:
    """Whether a product takes the rent of one device and the time told before of another."""
    start = text.sentence(base.start).start
    return any(
        each.of in LENGTHS and each.end <= start and of_another(context, text, each, base)
        for each in way.used
    )


def _reach(way: Way) -> int:
    """How far back the factors of a product are: the nearest ones are meant."""
    return -min(each.start for each in way.used)


def _is_off(way: Way, told: Term) -> bool:
    """Whether an amount is too far from a product for rounding, and near enough to be of the same thing."""
    off = apart(way, told)
    slip = any(abs(off - math.log(one)) < (_ROUGHLY if told.about else CLOSE) for one in _SLIPS)
    return slip or _LIKE[told.of in PAID] < off < _UNLIKE


def _is_least(way: Way, told: Term, text: Amounts) -> bool:
    """Whether a bill above its product may be what the text says is charged at least."""
    above = bool(told.sign) and told.value > way.high
    return above and _AT_LEAST.search(text.passage.text, 0, told.start) is not None


def _judged(bases: Sequence[Term], told: Term, text: Amounts, context: Context) -> Finding | None:
    """Confirmed where a product of what is stated gives the amount, wrong where none does."""
    every = (_forced(base, told, text) for base in bases)
    forced = _in_stated_month(next(filter(None, every), []), told, text)
    if text.limited:
        # "4 hours a day" was told before: not around the clock.
        # What is told by the day is of those hours already.
        forced = [
            each for each in forced
            if len(each.used) > 1
            or each.used[0].of != "energy"
            or any(each.used[0].dims[AXES.index("day") :])
        ]  # fmt: skip
    summed = sums(told, text)
    if not summed and is_summed(told, text) and not any(each.each for each in bases):
        return None
    forced = summed or forced
    if not forced:
        return None
    fits = adds_up if summed else Way.gives
    right = next((each for each in forced if fits(each, told) and not _skips(each, told, text)), None)
    if right is None:
        return None if is_one_of_two(told, text) else _missed(forced, told, bool(summed), text, context)
    # A count that it was multiplied by is in it already.
    text.factors.update(right.used)
    counts = frozenset(each for each in right.used if each.counted)
    text.derived[told] = counts.union(*(text.derived.get(each, frozenset()) for each in right.used))
    for use in filter(is_use, right.used if not any(told.dims[AXES.index("hour") :]) else ()):
        text.by(use, told)
    return finding(right, told, "confirmed", text, context)


def _forced(base: Term, told: Term, text: Amounts) -> list[Way]:
    """The products of a base and what is told beside it that the text forces an amount to be."""
    here = text.sentence(told.start)
    near = _beside(base, told, text)
    each_of = told.each or _so_many(base, told, text)
    asked = told._replace(dims=base.dims) if each_of and told.dims == MONEY else told
    free = [each for each in ways(asked, near, base, effort=text.effort) if is_simple(each, told, text)]
    uses = [each for each in near if is_use(each) and here.start <= each.start < told.start]
    if uses and not told.dims[AXES.index("hour")]:
        # "600 W for 8 hours a day": not all day.
        powers = base.of == "energy" and not any(base.dims[AXES.index("day") :])
        free = [each for each in free if set(uses) & set(each.used) or not powers]
    if any(each.of in LENGTHS for each in within(text.every, here.start, told.start)):
        # "Eight for a week, i.e. 168 hours, come to": not the 730 hours of the sentence before.
        free = [w for w in free if all(e.start >= here.start for e in w.used if e.of in LENGTHS)]
    back = text.sentence(max(here.start - 2, 0)).start
    free = [each for each in free if all(one.start >= back for one in each.used if one.counted)]
    return [each for each in free if forces(each, base, asked, text) and is_stated(each, base, told, text)]


def _beside(base: Term, told: Term, text: Amounts) -> list[Term]:
    """The amounts near one that may be multiplied with a base to give it."""
    here = text.sentence(told.start)
    return [
        each
        for each in text.near(told, here.end)
        if each is not told
        and each not in text.wrong
        and (each.start < told.start or not alike(each, told))
        # What one item of a list is used for is not what the next is.
        and not (is_use(each) and "\n" in text.passage.text[each.end : told.start])
        and not _is_content(each, base, text)
        # A rate that was told of its device is among them: it is one factor, not two.
        and each.start != base.start
    ]


#: Between a price and the number of GPUs of what it is for: "6,000 EUR for a box with two 4090s".
_CONTENT = re.compile(
    r"(?:\s+for\s+(?:an?|one|the|our|my)\s+(?:[\w-]+\s+){0,2}?(?:box|server|machine|rig|workstation|system|"
    r"build|pc|computer|tower))?"
    r"\s+(?:with|of|holding)\s+",
    re.IGNORECASE,
)


def _is_content(count: Term, base: Term, text: Amounts) -> bool:
    """Whether a number is of what a price is for already."""
    priced = count.counted and base.sign and 0 <= base.end <= count.start
    return bool(priced) and _CONTENT.fullmatch(text.passage.text, base.end, count.start) is not None


def _so_many(base: Term, told: Term, text: Amounts) -> bool:
    """Whether an amount is of so many of what costs the one before, for as long: "four would be $2,336"."""
    here = text.sentence(told.start)
    between = list(text.before(told.start, told.start - max(base.end, here.start)))
    counts = [each for each in between if each.counted]
    return (
        len(between) == len(counts) == 1
        and base.start < here.start
        and counts[0].start - here.start < _CLOSE_BY
        and _WOULD.fullmatch(text.passage.text, counts[0].end, told.start) is not None
    )


def _in_stated_month(forced: Sequence[Way], told: Term, text: Amounts) -> list[Way]:
    """The products that take a month as long as its sentence says: "a month of 720 hours"."""
    here = text.sentence(told.start)
    hours = {
        each
        for each in within(text.every, here.start, here.end)
        if each.dims == _HOURS and any(a <= each.value <= b for a, b in _LONG)
    }
    return [way for way in forced if not hours or way.high <= way.low * (1 + CLOSE) or hours & {*way.used}]


def _is_from_limit(way: Way, told: Term, text: Amounts, context: Context) -> bool:
    """Whether a limit between an amount and its factors gives it: "up to 1.6 kW, all sixteen 25.6 kW"."""
    every = within(
        quantities(text.passage.text, context.fraction), max(e.end for e in way.used[:1]), told.start
    )
    limits = [each for each in every if each.limit in ("up to", "over", "under")]
    counts = [each.value for each in text.before(told.start, FAR) if each.counted]
    return any(each.dimension == "power" for each in limits) and told.of == "energy" and bool(counts)


def _is_of_unlike(way: Way, told: Term, text: Amounts) -> bool:
    """Whether a bill is of several things of which two prices stand before it: "268,000 and 121,000"."""
    start = text.sentence(told.start).start
    listed = [
        each for each in within(text.every, start, told.start)
        if each.dims == told.dims == MONEY and each.sign == told.sign
    ]  # fmt: skip
    if any(each.each for each in way.used):
        # "$14,400: four cards at $1,850 each ($7,400)".
        return False
    used = sum(each in way.used for each in listed)
    return len(listed) > 1 and used == 1 and any(each.counted for each in way.used)


def _is_of_all(way: Way, told: Term, text: Amounts, context: Context) -> bool:
    """Whether a bill by the rate of each is that of all, whose number is told elsewhere in the document."""
    if not any(each.each for each in way.used) or any(each.counted for each in text.every):
        return False
    many = round(told.value / way.low)
    if not _PAIR <= many <= _MOST_OF_ALL or abs(told.value / way.low / many - 1) >= CLOSE:
        return False
    alone = rf"(?<![\d.,]){re.own(str(many))}(?![\d%]|[.,]\d)"
    return re.search(alone, context.document.original) is not None


_FOR_A_TERM = re.compile(
    r"\s*(?:for|over|with|on)\s+(?:an?|one|two|three|five|\d+)[ -](?:year|month|week)s?\b", re.IGNORECASE
)
#: Numbers of GPUs that a bill may be of without saying so where it stands.
_PAIR, _MOST_OF_ALL = 2, 64


def _is_by_term(way: Way, told: Term, text: Amounts) -> bool:
    """Whether prices are told by how long one commits: "$2.30 for a year, $1.95 for three years"."""
    paid = [each for each in (told, *way.used) if each.sign]
    terms = [_FOR_A_TERM.match(text.passage.text, each.start + len(each.words)) for each in paid]
    return bool(told.sign) and len(paid) > 1 and sum(each is not None for each in terms) > 1


#: Between the prices of a list: "$1.60, $2.20 and $4.10".
_LISTED = re.compile(r"\s*(?:,|,?\s+and|,?\s+or)\s+(?:about |only |just )?")
_LIST = 3


def _is_of_list(way: Way, told: Term, text: Amounts) -> bool:
    """Whether one of several prices in a row is a factor: of which of them an amount is made is not said."""
    for used in way.used:
        if used.dims != MONEY or used.start < 0 or used.sign != told.sign:
            continue
        here = text.sentence(used.start)
        prices = [each for each in within(text.every, here.start, here.end) if each.dims == MONEY]
        row = [prices[:1]]
        for a, b in pairwise(prices):
            if _LISTED.fullmatch(text.passage.text, a.start + len(a.words), b.start):
                row[-1].append(b)
            else:
                row.append([b])
        if any(used in each and len(each) >= _LIST for each in row):
            return True
    return False


_WILD = 12.0


def _is_untimed(way: Way, told: Term) -> bool:
    """Whether a bill of no period is that of a power for a time that is no factor."""
    powers = any(each.of == "energy" and any(each.dims[AXES.index("hour") :]) for each in way.used)
    return told.dims == MONEY and powers and not any(each.of in LENGTHS for each in way.used)


def _missed(
    forced: Sequence[Way], told: Term, summed: bool, text: Amounts, context: Context
) -> Finding | None:
    """The accusation of an amount that is none of these products or sums; None where chance explains them."""
    meant = [each for each in forced if summed or not is_chance(each, told, text)]
    if not meant:
        return None
    # A part of one of its factors is none that an amount can be held against.
    meant = [each for each in meant if apart(each, told) < _UNLIKE] or meant
    # "It takes 2.5 hours. At 400 W": for as long, not for an hour.
    meant = [each for each in meant if not _is_untimed(each, told)] or meant
    # "Four hours a day": not around the clock.
    meant = [each for each in meant if any(map(is_use, each.used))] or meant
    best = min(meant, key=lambda one: (_skips(one, told, text), len(one.used), _reach(one), apart(one, told)))
    # A part of the cost, as power, may not be by the load.
    in_part = told.sign and any(e.share for e in best.used) and abs(told.value / best.low - 1) < _OF_A_PART
    # No sum is wrong by that much: it is one of other things.
    wild = summed and not 1 / _WILD < told.value / (best.low or told.value) < _WILD
    if in_part or wild or (summed and is_with_factor(best, told, text)):
        return None
    # What is said to be added is meant, whatever else would give it.
    chance = not (summed and added_to(told, text)) and explained(told, text, said=True)
    if chance or not _is_off(best, told) or _is_least(best, told, text):
        return None
    of_two = _OF_TWO.search(text.passage.text, text.sentence(told.start).start, told.start)
    unlike = _is_of_unlike(best, told, text) or _is_of_all(best, told, text, context)
    unlike = unlike or _is_by_term(best, told, text)
    kinds = [each.dims for each in best.used if not each.counted]
    # Two speeds and a time: what one has by the other is of two things.
    unlike = unlike or (not summed and len(set(kinds)) < len(kinds))
    if of_two or unlike or _is_of_list(best, told, text) or _is_from_limit(best, told, text, context):
        return None
    mixed = any(_is_mixed(best, each, text, context) for each in best.used[:1])
    if not summed and (_skips(best, told, text) or mixed):
        return None
    return finding(best, told, "inconsistent", text, context)
