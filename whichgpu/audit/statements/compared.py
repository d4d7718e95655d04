"""Comparisons: "the A100 is the cheapest per token", "more than twice as fast as the 4080", "ahead of the L4".

Each is a claim on one kind of amount of two things, or of one among so many: how many times as much the one
has, or that it has more or less. It is wrong where the amounts that the document tells of both, and what is
on file of them, all say otherwise; where none is told of both, nothing is said of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.attributes import attributes
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.known.said import Claim, claims
from whichgpu.audit.multiple import Multiple
from whichgpu.audit.pairs import devices
from whichgpu.audit.quantities import quantities
from whichgpu.audit.sentences import Sentence, sentences, within
from whichgpu.audit.statements.measured import RATES, kind_of, reals, told
from whichgpu.audit.statements.things import Thing, clause_at, subject, things

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.known.store import Series
    from whichgpu.audit.quantities import Quantity

#: Words of more and less, with what they are of where they say that by themselves.
_WORDS = (
    ("price", -1, r"cheaper|less expensive|(?<!more )affordable|costs? less|undercuts"),
    ("price", 1, r"dearer|more expensive|pricier|costlier|costs? more"),
    ("speed", 1, r"faster|quicker|ahead|in front|outpaces|outruns|beats|outperforms"),
    ("speed", -1, r"slower|behind|trails"),
    ("efficiency", 1, r"more efficient|more frugal|thriftier"),
    ("efficiency", -1, r"less efficient"),
    ("power", 1, r"hungrier|thirstier|draws more(?: power)?|(?:uses|needs) more power"),
    ("power", -1, r"draws less(?: power)?|(?:uses|needs) less power"),
    ("", 1, r"higher|more|larger|bigger|wider|greater"),
    ("", -1, r"lower|less|fewer|smaller|narrower"),
)
_MORE = tuple((kind, sign, re.compile(rf"\b(?:{words})\b", re.IGNORECASE)) for kind, sign, words in _WORDS)
#: The most and the least of a kind, or of what stands behind.
_MOSTS = (
    ("price", -1, r"cheapest|least expensive|most affordable"),
    ("price", 1, r"dearest|most expensive|priciest|costliest"),
    ("speed", 1, r"fastest|quickest"), ("speed", -1, r"slowest"),
    ("efficiency", 1, r"most efficient|thriftiest|most frugal"), ("efficiency", -1, r"least efficient"),
    ("power", 1, r"hungriest|thirstiest|most power-hungry"),
    ("", 1, r"highest|most|largest|biggest|widest|greatest"),
    ("", -1, r"lowest|least|fewest|smallest|narrowest"),
)  # fmt: skip
_MOST = tuple(
    (kind, sign, re.compile(rf"\b(?:the|as) (?:by far )?(?:{words})\b", re.I)) for kind, sign, words in _MOSTS
)
_COUNT = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "all": 0}
_OF_ALL = re.compile(
    r"\b(?:of|among|in|on) (?:(?:the|these|those|our|this|all) )*(?P<n>two|three|four|five|six|seven|eight|all|table|list|"
    r"comparison|group|lot|bunch|field|test|line-?up)\b|\bhere\b",
    re.IGNORECASE,
)
#: Between a comparison and what it is with.
_OVER = re.compile(
    r"(?:[^.;:()\u2013\u2014]{0,70}?\s)?(?:than|as|of|what|over|compared (?:with|to)|that of)\s+"
    r"(?:(?:on|with|for|from|in|the|an?|its|our|my|old|older|new|newer|big|bigger|small|smaller|single|one|"
    r"plain|little|used|nvidia[\u2019']s|amd[\u2019']s|that|of|what|those)\s+)*",
    re.IGNORECASE,
)
_STRAIGHT = re.compile(r"\s+(?:the\s+|its\s+|an?\s+)?(?:\w+\s+)?")
_NOT = re.compile(
    r"\b(?:not|no|never|hardly|neither|nor|if|whether|unless|would|could|might|may|nearly as|almost as|"
    r"up to|often|usually|sometimes|expect\w*|used to|per (?:dollar|euro|watt))\b|n[\u2019']t\b|\?",
    re.IGNORECASE,
)
#: Two that differ by less are level.
_MARGIN = 0.03


def compared(index: int, passage: Passage, context: Context) -> Iterator[Finding]:
    """The comparisons of a passage that what is told or on file contradicts."""
    for sentence in sentences(passage.text):
        if sentence.text.rstrip().endswith("?"):
            continue
        every = things(index, passage, sentence, context)
        yield from _ratios(index, passage, sentence, every, context)
        yield from _orders(index, passage, sentence, every, context)
        yield from _most(index, passage, sentence, every, context)


def _ratios(
    index: int, passage: Passage, sentence: Sentence, every: Sequence[Thing], context: Context
) -> Iterator[Finding]:
    """How many times as much one thing has as another."""
    text = passage.text
    for claim in (*claims(text, sentence, context.fraction), *_leads(text, sentence, context)):
        start, end = clause_at(text, sentence, claim.start)
        other = next((each for each in every if each.start >= claim.end), None)
        if _AGAIN.match(text, claim.end):
            continue
        if other is not None and (other.start > end + 1 or not _is_over(text, claim.end, other.start)):
            if other.start <= end + 1 and not _OF_ITS.match(text, claim.end, end):
                continue
            other = None
        one = subject(index, passage, sentence, start, claim.start, every, context)
        its = _OF_ITS.match(text, claim.end, end)
        behind = other
        if its and (other is None or other.start > its.end()) and one is not None:
            # "The L4 has a third of its bandwidth": of the one that was spoken of before.
            other = _before(index, passage, sentence, one, its.start("its"), every, context)
            if other is None:
                continue
        last = claim.end if other is None else max(other.start, claim.end)
        if (
            one is None
            or _NOT.search(text, max(start, min(one.end, claim.start)), last)
            or _NOT_AT_ALL.search(text, start, end)
        ):
            continue
        kind = kind_of(text, start, end, (claim.start, claim.end), None if other is not behind else other)
        series = told(kind, passage, Sentence(start, end, text[start:end]), context)
        if other is None:
            plain = kind.startswith("@") and kind[1:] not in RATES and _BY_ATTRIBUTE.match(text, claim.end)
            plain = plain or (kind.startswith("@") and _LEAD.search(text, start, claim.start))
            if (
                _APART.search(text, claim.end, end)
                or not plain
                or one.start == start
                or text[claim.start : claim.end].lower().startswith(("doub", "trip", "quad"))
            ):
                continue
            other = _implied(index, one, [each for each in every if each.end <= start], series, context)
        if other is None or one.is_same(other):
            continue
        found = reals(kind, one, other, series, context)
        hedged = _HEDGE.search(text, max(start, claim.start - 20), claim.start) is not None
        if not found or any(_is_near(way, each.times, hedged=hedged) for way in claim.ways for each in found):
            continue
        if _is_given(passage, sentence, kind, [way.times for way in claim.ways], context):
            continue
        best = min(found, key=lambda each: abs(each.times / claim.ways[0].times - 1))
        yield _wrong(
            passage, (claim.start, claim.end), kind, f"{best.times:.2g} times", best.words, "ratio", context
        )


_AGAIN = re.compile(r"\s+as \w+ again\b", re.IGNORECASE)
_LEAD = re.compile(
    r"\b(?:advantage|lead|edge|surplus) of (?:about |around |roughly |some |only |just |nearly )?$",
    re.IGNORECASE,
)


def _leads(text: str, sentence: Sentence, context: Context) -> Iterator[Claim]:
    """Shares that one is ahead by: "a bandwidth advantage of 14 %"."""
    for each in within(quantities(text, context.fraction), sentence.start, sentence.end):
        if each.dimension == "percent" and _LEAD.search(
            text, max(sentence.start, each.start - 40), each.start
        ):
            yield Claim(
                each.start,
                each.end,
                (Multiple(each.start, each.end, 1 + each.value, each.limit, each.value),),
            )


def _is_over(text: str, start: int, end: int) -> bool:
    return bool(_OVER.fullmatch(text, start, end) or _STRAIGHT.fullmatch(text, start, end))


def _is_told_before(ids: Sequence[str], at: int, index: int, context: Context) -> bool:
    """Whether a text spoke of a device before a place of a passage."""
    return any(
        {*ids} & {*each.ids} for number, found in context.mentions.items() for each in found
        if number < index or (number == index and each.start < at)
    )  # fmt: skip


_BY_ATTRIBUTE = re.compile(
    r"\s*(?:times\s+)?(?:(?:as|more|less|fewer|the|higher|lower|larger|wider|much|many|of|cuda|raw|memory)\s+)*"
    r"(?:memory|vram|bandwidth|cores|power|capacity|bus)\b",
    re.IGNORECASE,
)
_OF_ITS = re.compile(r"\s*(?:times\s+)?(?:as much as\s+|of\s+)?(?P<its>its)\s+\w+", re.IGNORECASE)


def _before(  # noqa: PLR0917
    index: int,
    passage: Passage,
    sentence: Sentence,
    one: Thing,
    at: int,
    every: Sequence[Thing],
    context: Context,
) -> Thing | None:
    """The thing that "its" means behind another one: the only other that was spoken of right before."""
    here = [each for each in context.mentions.get(index, ()) if each.end <= at]
    starts = [each.start for each in sentences(passage.text) if each.start <= at]
    for back in range(1, min(3, len(starts)) + 1):
        near = {frozenset(each.ids) for each in here if each.start >= starts[-back]}
        rest = [each for each in near if not each & one.ids]
        if rest:
            return Thing(at, at, rest[0]) if len(rest) == 1 else None
    return None


def _implied(index: int, one: Thing, before: Sequence[Thing], series: Sequence[Series], context: Context) -> Thing | None:
    """The other one of two, where a document tells of two."""
    others = [each for each in before if not each.is_same(one)]
    if others and all(each.is_same(others[0]) for each in others):
        return others[0]
    both = devices(context)
    if (
        len(both) == 2
        and one.ids
        and not any(each.measure in ("speed", "time", "efficiency", "energy") for each in series)
    ):
        rest = [each for each in both if not one.ids & {*each} and _is_told_before(each, one.start, index, context)]
        return Thing(0, 0, frozenset(rest[0])) if len(rest) == 1 else None
    return None


_HEDGE = re.compile(
    r"\b(?:about|around|roughly|some|nearly|almost|approximately|close to|over|more than|well|just|a good|"
    r"a little|under|less than|up to|as much as)\b|~",
    re.IGNORECASE,
)
#: What a share without another side is of: a time, itself, all.
_APART = re.compile(
    r"\b(?:since|of (?:its|the|that|all|a)|its own|than|per|discount|load|utili[sz]ation|each|both|two|four|eight|"
    r"pair|years?|months?|if|from|to)\b",
    re.IGNORECASE,
)
_NOT_AT_ALL = re.compile(
    r"\b(?:if|whether|unless|would|could|might|expect\w*|whenever|anyone|break-even|metric|on paper|expect\w*|claim\w*|rumou?r\w*|suppose|assum\w+|provided|per (?:card|gpu|device|core))\b|\?",
    re.IGNORECASE,
)
_TIMES, _HEDGED, _WHOLE = 0.06, 0.15, 0.1


def _is_near(way: Multiple, real: float, *, hedged: bool) -> bool:
    """Whether a ratio may be what is stated: to its digits, with what a hedge excuses."""
    if way.limit == "over":
        return way.times * 0.95 <= real <= way.times * 1.6
    if way.limit in ("under", "up to", "nearly"):
        return way.times * (0.6 if way.limit != "nearly" else 0.85) <= real <= way.times * 1.06
    if way.step:
        off = (0.05, 0.14) if hedged else (0.025, 0.06)
        return abs(real - way.times) <= off[0] + off[1] * abs(way.step)
    whole = way.times == round(way.times) or way.times == 0.5
    return abs(real / way.times - 1) <= (
        _HEDGED if hedged else _WHOLE if whole else max(_TIMES, 0.06 / way.times)
    )


def _is_given(
    passage: Passage, sentence: Sentence, kind: str, ways: Sequence[float], context: Context
) -> bool:
    """Whether two amounts of the sentence or the one before it, of what is compared, are so many times each other."""
    before = [each for each in sentences(passage.text) if each.end <= sentence.start][-1:]
    back = before[0].start if before else sentence.start
    of = attributes().get(kind.removeprefix("@"))
    told_ = [
        each
        for each in within(quantities(passage.text, context.fraction), back, sentence.end)
        if each.value > 0
        and each.dimension not in ("percent", "times")
        and (of is None or each.dimension == of.dimension)
    ]
    return any(
        abs(a.value / b.value / way - 1) < 0.04
        for a in told_
        for b in told_
        if a is not b and a.dimension == b.dimension and b.value
        for way in ways
    )


def _orders(
    index: int, passage: Passage, sentence: Sentence, every: Sequence[Thing], context: Context
) -> Iterator[Finding]:
    """Which of two things has more."""
    text = passage.text
    done: list[int] = []
    for word, sign, pattern in _MORE:
        for match in pattern.finditer(text, sentence.start, sentence.end):
            if any(at <= match.start() < at + 24 for at in done) or _THAN_A_SHARE.match(text, match.end()):
                continue
            start, end = clause_at(text, sentence, match.start())
            other = next((each for each in every if each.start >= match.end()), None)
            one = subject(index, passage, sentence, start, match.start(), every, context)
            kind = word or kind_of(text, start, end, match.span(), other)
            led = _led(text, sentence, start, match.start(), context)
            if led is not None and other is not None and other.start <= end:
                if (value := _beyond(led, sign, other, context)) and _OVER.fullmatch(text, match.end(), other.start):
                    done.append(match.start())
                    words = f"{text[led.start : led.end]} against {value}"
                    yield _wrong(passage, match.span(), kind, "less" if sign > 0 else "more", words, "ordering", context)
                    continue
            if one is None:
                continue
            series = told(kind, passage, Sentence(start, end, text[start:end]), context)
            if other is None or other.start > end:
                if not _CLEFT.search(text, start, match.start()) and not _OF_TWO.search(text, start, end):
                    continue
                other, last = _implied(index, one, [], series, context), end
            else:
                verb = match[0].lower() in _VERBS
                last = other.start
                if not _OVER.fullmatch(text, match.end(), last) and not (
                    verb and _STRAIGHT.fullmatch(text, match.end(), last)
                ):
                    continue
            if (
                other is None
                or one.is_same(other)
                or _NOT.search(text, max(start, min(one.end, match.start())), last)
            ):
                continue
            if _NOT_AT_ALL.search(text, start, end):
                continue
            if kind.startswith("@") and not _ENDS_WITH_IT.search(text, match.end(), last):
                continue
            found = reals(kind, one, other, series, context)
            if found and all((each.times - 1) * sign < -_MARGIN for each in found):
                done.append(match.start())
                yield _wrong(
                    passage,
                    match.span(),
                    kind,
                    "less" if sign > 0 else "more",
                    found[0].words,
                    "ordering",
                    context,
                )


def _led(text: str, sentence: Sentence, start: int, at: int, context: Context) -> Quantity | None:
    """The value that a clause begins with, and that is what it compares: "At 280 W it draws less than"."""
    found = [each for each in within(quantities(text, context.fraction), start, at) if each.dimension in _BY_UNIT]
    if len(found) != 1 or not _AT.fullmatch(text, start, found[0].start) or _NO_LED.search(text, found[0].end, at):
        return None
    return found[0]


#: The attribute that a value with a unit is of, where one is set against a device.
_BY_UNIT = {"power": "power", "bandwidth": "bandwidth"}
_AT = re.compile(r"\W*(?:and |but |so )?(?:at|with) (?:its |their |only |just |about |around )*", re.IGNORECASE)
_NO_LED = re.compile(r"\b(?:faster|slower|images?|tokens?|price|cost\w*)\b", re.IGNORECASE)


def _beyond(led: Quantity, sign: int, other: Thing, context: Context) -> str:
    """What another device has of the kind of a value, where that is surely the other way round; else empty."""
    field = _BY_UNIT[led.dimension]
    known = [(key, value) for key in sorted(other.ids) if isinstance(value := context.catalogue[key].value(field), int | float)]
    wrong = [key for key, value in known if (led.value / (float(value) * (other.number or 1.0)) - 1) * sign < -_MARGIN]
    return context.catalogue[wrong[0]].display(field) if known and len(wrong) == len(known) else ""


_THAN_A_SHARE = re.compile(
    r"\s+than\s+(?:an?\s+|one\s+|two\s+|three\s+)?(?:half|thirds?|quarters?|fifth|twice|double|\d)",
    re.IGNORECASE,
)
#: From an attribute to the other side nothing else may stand: "less memory juggling than".
_ENDS_WITH_IT = re.compile(
    r"^(?!.*\b(?:memory|vram|bandwidth|power|cores|cache|bus)\s+(?!than|compared|as|of|is|and|per|bandwidth|capacity|interface)[a-z])",
    re.IGNORECASE | re.DOTALL,
)
_VERBS = ("outpaces", "outruns", "beats", "outperforms", "trails", "behind", "undercuts")
_CLEFT = re.compile(r"\bit is the [^.;,]{2,40} (?:that|which)\b", re.IGNORECASE)
_OF_TWO = re.compile(r"\bof the (?:two|pair)\b", re.IGNORECASE)


def _most(
    index: int, passage: Passage, sentence: Sentence, every: Sequence[Thing], context: Context
) -> Iterator[Finding]:
    """Who of so many has most."""
    text = passage.text
    for word, sign, pattern in _MOST:
        for match in pattern.finditer(text, sentence.start, sentence.end):
            start, end = clause_at(text, sentence, match.start())
            scope = _OF_ALL.search(text, match.end(), end)
            if scope is None or _NOT.search(text, start, end):
                continue
            one = subject(index, passage, sentence, start, match.start(), every, context)
            if one is None:
                continue
            kind = word or kind_of(text, start, end, match.span())
            many = _COUNT.get((scope["n"] or "").lower(), 0)
            series = [
                each
                for each in told(kind, passage, Sentence(start, end, text[start:end]), context)
                if one.of(each)
            ]
            places = [
                place
                for each in series
                if not many or len(each.amounts) == many
                for place in [_place(each, one, kind, sign)]
                if place is not None
            ]
            last = [
                place
                for each in series
                for place in [_place(each, one, kind, sign)]
                if place is not None and place[1] == place[0] + 1
            ]
            if (places and all(place[0] > 0 for place in places)) or (not places and last and len(last) == len(series)):
                because = ", ".join(f"{each.name} {each.words}" for each in series[0].amounts[:6])
                yield _wrong(passage, (match.start(), match.end()), kind, "", because, "ordering", context)


def _place(series: Series, one: Thing, kind: str, sign: int) -> tuple[int, int] | None:
    """How many of a series are ahead of one, and how many there are."""
    mine = one.of(series)
    if len(mine) != 1:
        return None
    if (kind, series.measure) in (("speed", "time"), ("efficiency", "energy"), ("value", "price")):
        sign = -sign
    ahead = sum(
        (each.value / mine[0].value - 1) * sign > _MARGIN for each in series.amounts if each is not mine[0]
    )
    return ahead, len(series.amounts)


def _wrong(
    passage: Passage, place: tuple[int, int], kind: str, expected: str, words: str, of: str, context: Context
) -> Finding:
    because = f"by what is told of both: {words}"
    return made(context, passage, place, of, "inconsistent", attribute=kind.removeprefix("@"), expected=expected,
                because=because, evidence=(Evidence(because),))  # fmt: skip
