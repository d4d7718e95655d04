"""Bills told over several sentences: a rate in one, hours or GPUs in the next, what they come to in a third.

An amount is accused where one product of what its sentence and those before it tell is meant, and nothing
that the paragraph states makes it.
"""

from __future__ import annotations

from itertools import combinations
from math import prod
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.bills.amounts import RENT, TWO, Amounts, is_known, is_use, of_another
from whichgpu.audit.bills.explained import explained
from whichgpu.audit.bills.links import GIVEN
from whichgpu.audit.bills.meant import is_chance, is_simple
from whichgpu.audit.bills.products import finding
from whichgpu.audit.dimensions import AXES, LENGTHS
from whichgpu.audit.relations import Way, alike, ways
from whichgpu.audit.sentences import within
from whichgpu.audit.terms import terms

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.dimensions import Term
    from whichgpu.audit.findings import Context, Finding

#: What says right before an amount that it is what others come to.
_COMES_TO = re.compile(
    r"\b(?:comes? (?:out )?(?:to|at)|came to|(?:would|will) be|costs?|pays?|paid|takes?|took|draws?|eats?|"
    r"after|in|lasts?|so that|hence|uses?|needs?|adds?|makes?|is|are|was|were|invoice of|bill of|spen[dt]|"
    r"asks? for|supply|saves?|saved|save)\b(?:\s+(?:then|thus|therefore|me|us|you|him|her|them|it|a|an|"
    r"the|another|bill|sum|total|of|nearly|only|just|some|already|altogether|in|all))*\s*~?$",
    re.IGNORECASE,
)
#: What makes it an amount of something else than what was told before, or a guess.
_ELSE = re.compile(
    r"\b(?:instead|than|spot|reserv\w+|discount\w*|tax\w*|plus|extra|deposit|fee|setup|if|idle|idling|up to|"
    r"at (?:most|least)|limit\w*|more|less|fewer|other|half|double|twice|third|quarter|cheaper|old|"
    r"before|average|rest|remain\w*|free|only one|between|sav(?:e|es|ed|ing)|overhead|all in|everything|"
    r"including|"
    r"(?:at|by|over|during the) (?:night|day|nights)|overnight|daytime|night-?time|during the (?:day|week|"
    r"night)|"
    r"in the (?:evenings?|mornings?|daytime)|weekends?|weekdays|"
    r"difference|gap|cooling|system|capacity|measured|practice|fact|really|actually|restarts|without|but|except)\b",
    re.IGNORECASE,
)
#: How long money lasts, or until it is back: a price over what is paid or saved by the hour or month.
_LASTS = re.compile(
    r"\b(?:paid (?:for itself|back|off)|pays? (?:for itself|off|back)|breaks? even|buying (?:wins|pays)|"
    r"is (?:reached|back) after|recoup\w*|amorti[sz]\w*|"
    r"one could rent|could rent (?:it|one|them))\b",
    re.IGNORECASE,
)
_THAT_IS = re.compile(r"\s*(?:So )?(?:that|this|it) (?:is|makes|comes to|would be)\b", re.IGNORECASE)
#: A sentence that goes on about what was just told, where a word as weak as "is" leads to its amount.
_GOES_ON = re.compile(
    r"\s*(?:So|Thus|Hence|Therefore|That|This|It|They|He|She|We|I|You|Together|At|With|On|"
    r"(?:In|For|Over) (?:an?|one|the whole|\d+)|"
    r"(?:An?|One|The whole) (?:hour|day|week|month|year|run|weekend)|"
    r"(?:The |My |Our |Your )?(?:\w+ )?(?:bill|invoice|electricity|power|run|job|rental|energy|"
    r"node|box|fleet|pair))\b",
    re.IGNORECASE,
)
_SAVED = re.compile(r"\b(?:sav\w+|pay|paid|bills?)\b[^.;\d]*$", re.IGNORECASE)
_THUS = re.compile(r"\b(?:thus|therefore|hence|then|accordingly)\b", re.IGNORECASE)
_BACK, _REACH, _OFF, _UNLIKE, _LIKE = 3, 60, 0.04, 5.0, 0.03
#: Amounts of one document that are worked out.
_MOST = 600
_HOUR = AXES.index("hour")
_KINDS = ("money", "energy", *LENGTHS)


def find(context: Context) -> Iterator[Finding]:
    """Every amount that follows from a paragraph and is told at the end of a sentence, with its verdict."""
    asked = 0
    for index, passage in context.document.running():
        names = tuple((each.start, each.end) for each in context.mentions.get(index, ()))
        every = terms(passage.text, context.fraction, names)
        text = Amounts(passage, index, every, ())
        for told in every if len(every) > 1 and asked < _MOST else ():
            if told.of not in _KINDS or told.each or told.tariff or told.most or is_use(told):
                continue
            asked += 1
            way = _lasting(told, text) if told.of in LENGTHS else None
            way = way or _account(told, text, context)
            if way is not None and not _is_another_time(way, told, text):
                wrong = not _fits(way, told)
                text.heard(told, wrong=wrong)
                counts = frozenset(each for each in way.used if each.counted)
                text.derived[told] = counts.union(*(text.derived.get(e, frozenset()) for e in way.used))
                if wrong:
                    yield finding(way, told, "inconsistent", text, context)


def _is_another_time(way: Way, told: Term, text: Amounts) -> bool:
    """Whether a time is held against nothing but a time of another sentence, which need not be the same."""
    one, here = way.used[0] if len(way.used) == 1 else None, text.sentence(told.start)
    times = one is not None and {one.of, told.of} <= {*LENGTHS} and one.start < here.start
    return times and _THAT_IS.match(here.text) is None


def _account(told: Term, text: Amounts, context: Context) -> Way | None:
    """The one product that an amount is said to be; None where none or several may be meant."""
    words, here = text.passage.text, text.sentence(told.start)
    own = [each for each in within(text.every, here.start, told.start) if not each.plain]
    if not _is_told(told, own, text):
        return None
    start = here.start
    for _ in range(_BACK + 1):
        start = text.sentence(max(start - 2, 0)).start
        pool = [each for each in within(text.every, start, told.start) if each not in text.wrong]
        found = _readings(told, own, pool, text, context)
        if not found:
            continue
        right = next((each for each in found if _fits(each, told)), None)
        if right is not None:
            return right
        latest = max(found, key=_latest)
        near = [each for each in found if _latest(each) == _latest(latest)]
        sure = len({round(each.low, 6) for each in near}) == 1 and not _ELSE.search(words, start, here.start)
        if not (sure and _may_be_wrong(latest, told)) or is_chance(latest, told, text):
            return None
        every = [each for each in text.every if each.start < told.start]
        others = (way for way in _readings(told, (), every, text, context) if _fits(way, told))
        again = any(sum(any(each.dims) for each in way.used) <= TWO for way in others)
        return latest if not again and _is_wrong(latest, told, text) else None
    return None


def _is_told(told: Term, own: Sequence[Term], text: Amounts) -> bool:
    """Whether an amount ends a sentence that goes on about those before it, and says that it follows."""
    words, here = text.passage.text, text.sentence(told.start)
    last = own[-1].end if own else here.start
    numbered = any(each.counted for each in own)
    return bool(
        (_GOES_ON.match(words, here.start) or _THUS.search(words, here.start, told.start) or numbered)
        and _COMES_TO.search(words, max(last, told.start - _REACH), told.start)
        and not any(any(each.dims) for each in within(text.every, told.end, here.end))
        and not is_known(told, text)
        and not GIVEN.search(words, here.start, told.start)
        and not _ELSE.search(words, here.start, here.end)
        and not any(each.share for each in own)
        and sum(alike(each, told) for each in own) <= numbered
    )


def _readings(
    told: Term, own: Sequence[Term], pool: Sequence[Term], text: Amounts, context: Context
) -> list[Way]:
    """The products of amounts, and of the numbers of what has them, that one may be said to be."""
    counts = list({each.value: each for each in pool if each.counted}.values())
    mine = [each for each in own if each.counted]
    kinds = [each for each in pool if any(each.dims) and not each.share and not each.about]
    found: list[Way] = []
    # "So much a month", of what is of that month already.
    plain = tuple(power if at <= _HOUR or power > 0 else 0 for at, power in enumerate(told.dims))
    asked = dict.fromkeys((told, told._replace(dims=plain)))
    for one in asked:
        for way in ways(one, kinds, most=_BACK):
            if not _is_meant(way, one, own, text, context):
                continue
            in_it = frozenset().union(*(text.derived.get(each, frozenset()) for each in way.used))
            must = [each for each in mine if each not in in_it]
            free = [each for each in counts if each in must or _is_of_each(each, way, in_it, text)]
            for many in range(len(free) + 1 if len(free) <= _BACK else 1):
                for some in combinations(free, many):
                    if set(must) <= set(some) and (must or len(way.used) > 1):
                        by = prod(each.value for each in some)
                        found.append(Way(way.low * by, way.high * by, (*way.used, *some)))
    return found


def _is_meant(way: Way, told: Term, own: Sequence[Term], text: Amounts, context: Context) -> bool:
    """Whether a product has a rate or price of the kind told, and all that the sentence itself tells."""
    if told.of in LENGTHS:
        having = [each for each in way.used if each.dims[_HOUR]]
    else:
        having = [each for each in way.used if each.dims[AXES.index(told.of)] > 0]
    mine = [each for each in own if any(each.dims) and any(map(str.isdigit, each.words))]
    return (
        len(having) == 1
        and set(mine) <= set(way.used)
        and is_simple(way, told, text)
        and not any(of_another(context, text, each, told) for each in having)
    )


def _is_of_each(count: Term, way: Way, in_it: frozenset[Term], text: Amounts) -> bool:
    """Whether a number told before may multiply a product: of what each has, or told behind its amounts."""
    start = text.sentence(count.start).start
    of_one = any(
        each.each
        or (each.dims == RENT and not (start == text.sentence(each.start).start and count.start < each.start))
        for each in way.used
    )
    behind = all(each.start < count.start for each in way.used if sum(map(bool, each.dims)) > 1)
    return count not in in_it and (of_one or behind)


def _lasting(told: Term, text: Amounts) -> Way | None:
    """How long money or hours last at so much in a time, or the time told just before in another unit."""
    words, here = text.passage.text, text.sentence(told.start)
    start = text.sentence(max(text.sentence(max(here.start - 2, 0)).start - 2, 0)).start
    if any(told.dims[:_HOUR]) or sum(map(abs, told.dims)) != 1:
        return None
    before = [each for each in within(text.every, start, told.start) if any(each.dims)]
    found: list[Way] = []
    if before and before[-1].start < here.start and _THAT_IS.search(words, here.start, told.start):
        again = before[-1].of in LENGTHS and before[-1].dims != told.dims
        found = list(ways(told, (), before[-1], most=1)) if again else []
    elif _LASTS.search(words, here.start, here.end):
        every = [each for each in within(text.every, 0, told.start) if each.of in _KINDS and not each.each]
        wholes = [each for each in every if sum(map(abs, each.dims)) == 1]
        # What is saved or paid regularly is no price.
        wholes = [one for one in wholes if not _SAVED.search(words, max(one.start - _REACH, 0), one.start)]
        rates = [each for each in every if sum(map(bool, each.dims)) == TWO and not each.tariff]
        pairs = [(a, b) for a in wholes for b in rates if a.of == b.of]
        found = [way for a, b in pairs for way in ways(told, (b,), a, most=TWO) if b in way.used]
    near = (way for way in found if all(each.start >= start for each in way.used))
    latest = max(near, key=lambda way: (_latest(way), way.low - way.high), default=None)
    right = next((way for way in found if _fits(way, told)), None)
    return right or (latest if latest and _is_wrong(latest, told, text) else None)


def _latest(way: Way) -> list[int]:
    """Where the amounts of a product stand, the last first: the later ones are meant."""
    return sorted((each.start for each in way.used if any(each.dims)), reverse=True)


def _fits(way: Way, told: Term) -> bool:
    return way.gives(told) or way.low * (1 - _LIKE) <= told.value <= way.high * (1 + _LIKE)


def _is_wrong(way: Way, told: Term, text: Amounts) -> bool:
    """Whether nothing that the paragraph states gives an amount, which is near enough to be meant."""
    return _may_be_wrong(way, told) and not explained(told, text, said=True)


def _may_be_wrong(way: Way, told: Term) -> bool:
    """Whether an amount is near enough to a product to be meant, and another."""
    off = max(told.value / way.high, way.low / told.value)
    # "A little more than four days": told in whole ones.
    least = 1 + max(_OFF, 1 / told.value if told.of in LENGTHS else 0.0)
    return least < off < _UNLIKE
