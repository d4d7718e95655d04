"""Changes of an attribute: "memory grew by 75 percent", "360 GB/s, two thirds of", "a third more cores than".

A change is read by the grammar of its clause, whatever verb stands there: the amount (a percentage, a part, a
multiple), the direction (a comparative behind it, a verb of change before its "by"), and what it is of (the
attribute named behind it, before its verb, or that of the value that it is said of).
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.comparisons.multiple import Multiple, opposite
from whichgpu.audit.patterns import MANY
from whichgpu.audit.text.quantities import multiples, quantities
from whichgpu.audit.text.sentences import within
from whichgpu.audit.values.attributes import Attribute, attributes, named
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context
    from whichgpu.audit.text.quantities import Quantity
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.audit.values.attributes import Named


#: "Throughput rose to 241 tokens/s, by a factor of 14.7": over what it was before.
_ROSE_TO = re.compile(
    r"\b(?:r(?:ises?|ose|isen)|gr(?:ows?|ew|own)|climb(?:s|ed)?|(?:goes|went|gone) up|increas(?:es?|ed)|"
    r"jump(?:s|ed)?|improv(?:es?|ed)|f(?:alls?|ell|allen)|drop(?:s|ped)?|shr(?:inks?|ank|unk)|"
    r"(?:goes|went|gone) down|decreas(?:es?|ed))\s+(?:\w+\s+)?to\s",
    re.IGNORECASE,
)
_FROM_WHAT = re.compile(r"\bfrom\b", re.IGNORECASE)


def is_of_growth(text: str, sentence: Sentence, at: int) -> bool:
    """Whether a multiple is that of a change whose beginning its sentence does not tell."""
    said = _ROSE_TO.search(text, sentence.start, at)
    return said is not None and _FROM_WHAT.search(text, sentence.start, sentence.end) is None


class Change(NamedTuple):
    """A change of an attribute; `value` is the one that it is said of, where the clause states it."""

    multiple: Multiple
    attribute: Attribute | None
    value: Quantity | None = None
    #: The value that it is said against, where one stands behind it: "over the H100's 989".
    against: Quantity | None = None


#: Attributes that a change is told of, and the one that a value with a unit is of.
_OF = frozenset({"memory", "bandwidth", "power", "cores", "tensor_cores", "rt_cores", "memory_bus", "sms"})
_BY_UNIT = {"memory": "memory", "bandwidth": "bandwidth", "power": "power"}
_SHARES = {"half": 1 / 2, "third": 1 / 3, "quarter": 1 / 4, "fifth": 1 / 5, "sixth": 1 / 6, "eighth": 1 / 8,
           "tenth": 1 / 10}  # fmt: skip
_PART = re.compile(
    r"\b(?P<n>an?|one|two|three|four)[ -](?P<part>half|third|quarter|fifth|sixth|eighth|tenth)s?\b", re.I
)
_COUNTS = {"two": 2, "three": 3, "four": 4}
_HEDGES = (
    r"(?:about|around|roughly|nearly|almost|over|just|only|some|exactly|precisely|a|an|full|good|well|even|"
    r"not quite|a little|slightly|up to|more than|less than|close to)"
)
#: Behind an amount: more, less, or so many times.
_MORE = re.compile(
    r"(?:\s+again)?\s+(?:as\s+\w+(?:\s+[\w-]+){0,2}?\s+again|more|higher|greater|larger|bigger|wider|additional|extra|"
    r"over|above)\b",
    re.I,
)
_LESS = re.compile(r"\s+(?:less|lower|fewer|smaller|narrower|below|under)\b", re.IGNORECASE)
_TIMES = re.compile(
    r"\s*(?:-?times\s+)?(?:\s+(?:as\s+(?:much|many|large|big|high|wide)|of|the|its|their|what|that|those|"
    r"everything))\b",
    re.I,
)
#: Before "by": verbs and comparatives of more, and of less.
_UP = re.compile(
    r"\b(?:gr[eo]w\w*|r[io]se\w*|risen|increas\w+|rais\w+|exceed\w*|surpass\w*|beats?|outdo\w*|climb\w*|"
    r"jump\w*|went up|goes up|gone up|up|higher|larger|greater|wider|bigger|more|expand\w*|gain\w*|boost\w*|"
    r"lift\w*|extend\w*|improv\w+|ahead|tops?)\b",
    re.IGNORECASE,
)
_DOWN = re.compile(
    r"\b(?:f[ae]ll\w*|shr[iau]nk\w*|sinks?|sank|reduc\w+|cut\w*|drop\w*|decreas\w+|lower\w*|declin\w+|"
    r"trim\w*|"
    r"slash\w*|went down|goes down|smaller|fewer|less|behind|short|narrower|los(?:es?|t)|trails?)\b",
    re.IGNORECASE,
)
#: Who leaves another behind is ahead of it.
_LEFT_BEHIND = re.compile(r"\b(?:leav(?:es?|ing)|left)\b[^;:]{0,60}?\bbehind\b", re.IGNORECASE)
_BY = re.compile(rf"\bby\s+(?:{_HEDGES}\s+)*(?:a\s+factor\s+of\s+(?:{_HEDGES}\s+)*)?$", re.IGNORECASE)
#: "A gain of 92 percent".
_GAIN = re.compile(
    r"\b(?:(?P<up>gain|increase|rise|improvement|uplift|jump|plus|bump|advantage|lead|growth)|(?P<down>"
    rf"decrease|reduction|drop|cut|loss))\s+of\s+(?:{_HEDGES}\s+)*$",
    re.IGNORECASE,
)
#: Between an attribute and what is said to have changed by so much, and between a value and that.
_CHANGED = re.compile(
    r"(?:\s+(?:has|have|had|is|are|was|were|been|being|gets?|also|again|each|itself|even|thereby|here|now|"
    r"then|"
    r"even|grew|grows?|rose|rises?|increas\w+|r[eo]\w*ced|exceed\w*|fell|falls?|shr[aiu]nk\w*|went|goes|up|"
    r"down|drops?|dropped|sinks?|sank|climb\w*|jump\w*|beats?|surpass\w*|that|those|of|the|higher|lower|"
    r"larger|"
    rf"smaller|more|less|by|factor|remain\w*|stands?|lies|{_HEDGES[3:-1]}))*\s+~?",
    re.IGNORECASE,
)
#: Between a value and a change that is said of it: no other noun that could have it.
_LED = re.compile(
    r"[^.;:()\d]{0,70}(?:,\s+|\s+[\u2013\u2014-]\s+|\b(?:is|are|takes?|draws?|needs?|uses?|sips|which|thus|"
    r"so|"
    rf"this|that|exceeds?|over|by)\s+)(?:{_HEDGES}\s+|(?:thus|so|hence|or|i\.e\.|therefore|that|it|this|"
    rf"which|"
    r"is|are|makes|was|takes?|draws?|needs?|uses?|has|by|that's)\s+|\u2248|~)*",
    re.IGNORECASE,
)
_LOOSELY = re.compile(r"[^.;:()\d]{1,90}", re.IGNORECASE)
#: Behind an amount, what it is set against: "than the A10", "as much as with the A10", "that of the A10".
_AGAINST = re.compile(
    r"(?:\s+times)?\s+(?:than|of (?:the |an? |what |that )|as (?:much|many|large|high|wide) as|"
    r"that of|those of|what)\b",
    re.IGNORECASE,
)
_THEM = re.compile(r"\s+(?:of them|of those|of these)\b", re.IGNORECASE)
#: Between an amount and the attribute behind it that it is of.
_NEXT = re.compile(
    r"(?:-?times)?\s+(?:(?:as\s+(?:much|many|large|high|wide)|more|less|fewer|higher|lower|greater|larger|"
    r"bigger|"
    r"wider|narrower|smaller|the|its|their|of|a|an|raw|total|memory|device|peak|graphics|video|board|"
    r"on-board|"
    r"maximum|number of|amount of|available|onboard)\s+)*",
    re.IGNORECASE,
)
#: Between an amount and the value of another that it is said against.
_OVER = re.compile(
    r"(?:(?!\b(?:is|are|was|were|loss|gain|means?|makes?|and (?:sits|lands|ranks|falls|comes|stands|stays|"
    r"lies|remains))\b)[^.;:,()\d]){0,40}\b(?:than|of|over|above|"
    r"below|under|as)\s+(?:the\s+|its\s+|an?\s+|those\s+|nvidia's\s+|"
    r"amd's\s+|full\s+|only\s+|just\s+|mere\s+){0,3}(?:(?:[\w-]+\s+)?n+[\u2019']s?\s+)?[$\u20ac~]?",
    re.IGNORECASE,
)
#: "Three times the 200 GB/s of before".
_THE = re.compile(r"\s+(?:the|its|their|those)\s+", re.IGNORECASE)
#: "The H100's 989".
_OF_NAME = re.compile(r"n{2,}[\u2019']s?\s+$")
#: Before a part that is given up: what is left is the rest of it.
_LOST = re.compile(
    rf"\b(?:los(?:es?|ing|t)|giv(?:es?|ing) up|gave up|sheds?|sacrific\w+|forgo\w*|sav(?:es?|ing|ed))\s+"
    rf"(?:{_HEDGES}\s+)*$",
    re.IGNORECASE,
)
#: "A quarter of a second".
_OF_ELSE = re.compile(
    r"\s+of\s+(?:an?|the|one|its|all|our|my|your)\s+(?:second|minute|hour|day|week|month|year|cent|million|"
    r"billion|dollar|time|work\w*|load|way|users?|money|requests?|others?|batch|total|whole|"
    r"(?:\w+ )?(?:speed|throughput|performance|output|rate|energy|price|cost|tokens?|images?))\b",
    re.IGNORECASE,
)
#: Kinds of memory and formats, whose digits are no values.
_NUMBERED = re.compile(r"\b(?:HBM|GDDR|LPDDR|FP|TF|BF|INT|PCIe |SXM)\d\w*", re.IGNORECASE)
#: Between an amount and the attribute of another device: "two thirds of an L4's memory".
_OF_ITS = re.compile(r"\s+of\s+(?:the\s+|an?\s+|its\s+)?(?:[\w-]+\s+)?n+[\u2019']s?\s+", re.IGNORECASE)
_BREAK = re.compile(
    r"[;:]|,\s+(?:and|but|while|whereas|so|which|where|with|at|from|for)\b|\.\s", re.IGNORECASE
)
_CLOSE, _REACH = 40, 90


def changes(passage: Passage, sentence: Sentence, context: Context) -> Iterator[Change]:
    """Every change that a sentence states of an attribute."""
    names = context.mentions.get(context.place(passage), ())
    text = _without(passage.text, tuple((each.start, each.end) for each in names))
    values = within(quantities(passage.text, context.fraction), sentence.start, sentence.end)
    amounts = tuple(_amounts(text, sentence, values))
    if not amounts:
        return
    every = within(named(passage.text), sentence.start, sentence.end)
    every = [each for each in every if each.end <= sentence.end]
    values = [each for each in values if not any(one.start <= each.start < one.end for one in names)]
    for amount in amounts:
        against = _set_against(text, sentence, amount, values)
        of = _of_what(text, sentence, amount, every, values) or _of_beaten(text, sentence, amount, every)
        if of is not None and of[0].key in _OF:
            yield Change(amount, *of, against)
        elif against is not None:
            yield Change(amount, None, None, against)


@lru_cache(maxsize=MANY)
def _without(text: str, names: tuple[tuple[int, int], ...]) -> str:
    """A text whose names are words like others: "exceeds that of the RTX 4000 Ada by a third"."""
    for start, end in names:
        text = text[:start] + "n" * (end - start) + text[end:]
    return _NUMBERED.sub(lambda each: "n" * len(each[0]), text)


def _set_against(
    text: str, sentence: Sentence, amount: Multiple, values: Sequence[Quantity]
) -> Quantity | None:
    """The value behind an amount that it is said against: "62 percent over the H100's 989"."""
    behind = next((each for each in values if each.start >= amount.end), None)
    last = text.rfind(" ", amount.start, amount.end)
    start = last if last > 0 and _OVER.match(text, last) else amount.end
    gap = behind is not None and (
        _OVER.fullmatch(text, start, behind.start) or _THE.fullmatch(text, amount.end, behind.start)
    )
    owned = behind is not None and _OF_NAME.search(text, amount.end, behind.start)
    bare = behind is not None and behind.dimension in ("number", "count", "money") and not owned
    return behind if gap and behind and not bare and behind.high == behind.value > 0 else None


def _amounts(text: str, sentence: Sentence, values: Sequence[Quantity]) -> Iterator[Multiple]:
    """Percentages, parts and multiples whose direction the sentence says."""
    for each in values:
        if each.dimension in ("percent", "times") and each.high == each.value > 0:
            share = each.dimension == "percent"
            yield from _directed(text, sentence, (each.start, each.end), each.value, each.limit, share=share)
    for each in within(multiples(text), sentence.start, sentence.end):
        if not _PART.match(text, each.start):
            place = (each.start, each.end)
            if re.fullmatch(r"\w+(?:led|les|ved|ves|d)", text[slice(*place)]):
                yield Multiple(*place, each.value, each.limit)
            else:
                yield from _directed(text, sentence, place, each.value, each.limit, share=each.value < 1)
    for match in _PART.finditer(text, sentence.start, sentence.end):
        part = _SHARES[match["part"].lower()] * _COUNTS.get(match["n"].lower(), 1)
        yield from _directed(text, sentence, match.span(), part, "about", share=True)


#: "Adds another 28 % of capacity".
_ANOTHER = re.compile(
    r"\b(?:another|(?:an )?(?:extra|additional)|a further)\s+(?:about |around |some |roughly |~)?$",
    re.IGNORECASE,
)


def _directed(
    text: str, sentence: Sentence, place: tuple[int, int], value: float, limit: str, *, share: bool
) -> Iterator[Multiple]:
    """An amount as the multiple that it makes; nothing where the sentence says neither more nor less."""
    start, end = place
    if _OF_ELSE.match(text, end):
        return
    by = _BY.search(text, max(sentence.start, start - _CLOSE), start)
    gain = _GAIN.search(text, max(sentence.start, start - _CLOSE), start)
    more, less = _MORE.match(text, end), _LESS.match(text, end)
    more = more or _ANOTHER.search(text, max(sentence.start, start - _CLOSE), start)
    if by or gain:
        before = text[max(sentence.start, start - _REACH) : by.start()] if by else ""
        before = _LEFT_BEHIND.sub("ahead", before)
        up = bool(gain["up"]) if gain else _last(_UP, before) > _last(_DOWN, before)
        if not gain and not max(_last(_UP, before), _last(_DOWN, before)):
            return
        of_share = 1 + value if up else 1 - value
        # More than half less is less than half.
        limit = limit if up else opposite(limit)
        times = of_share if share else value if up else 1 / value
    elif more or less:
        times = (1 + value if more else 1 - value) if share else (value if more else 1 / value)
        limit = limit if more else opposite(limit)
        end = max(end, *(each.end() for each in (more, less) if each))
    elif share and _LOST.search(text, max(sentence.start, start - _CLOSE), start):
        times = 1 - value
        limit = opposite(limit)
    elif _TIMES.match(text, end) or (not share and _THEM.match(text, end)):
        yield Multiple(start, end, value, limit)
        return
    else:
        return
    if times > 0:
        yield Multiple(start, end, times, limit, times - 1 if share else 0.0)


def _last(pattern: re.Pattern[str], text: str) -> int:
    """Where the last match of a pattern ends; 0 where there is none."""
    return max((match.end() for match in pattern.finditer(text)), default=0)


def _of_what(
    text: str, sentence: Sentence, amount: Multiple, every: Sequence[Named], values: Sequence[Quantity]
) -> tuple[Attribute, Quantity | None] | None:
    """The attribute that a change is of, and the value that it is said of."""
    behind = [each for each in every if 0 <= each.start - amount.end < _CLOSE]
    if behind and (
        _NEXT.fullmatch(text, amount.end, behind[0].start)
        or _OF_ITS.fullmatch(text, amount.end, behind[0].start)
    ):
        return behind[0].attribute, None
    noun = _NEXT.match(text, amount.end)
    if _IN_CAPACITY.match(text, amount.end) or (noun is not None and _CAPACITY.match(text, noun.end())):
        return attributes()["memory"], None
    if _THEM.match(text, amount.end):
        counts = [each for each in every if each.end <= amount.start and each.attribute.dimension == "count"]
        return (counts[-1].attribute, None) if counts else None
    before = [each for each in every if each.end <= amount.start]
    if before and _CHANGED.fullmatch(text, before[-1].end, amount.start):
        return before[-1].attribute, None
    return _of_value(text, sentence, amount, every, values)


def _of_beaten(
    text: str, sentence: Sentence, amount: Multiple, every: Sequence[Named]
) -> tuple[Attribute, None] | None:
    """What one is ahead in: "it beats the A10 by 16 % in bandwidth, and even the A40 by 4"."""
    inside = [each for each in every if _IN.search(text, max(sentence.start, each.start - 24), each.start)]
    beats = _BY.search(text, max(sentence.start, amount.start - _CLOSE), amount.start)
    sole = beats and len(inside) == 1 == len(every) and not _IN_CAPACITY.match(text, amount.end)
    return (inside[0].attribute, None) if sole else None


#: "Ahead by 36 percent in capacity".
_IN_CAPACITY = re.compile(r"\s+in (?:memory )?capacity\b", re.IGNORECASE)
#: "In bandwidth", "in terms of memory".
_IN = re.compile(r"\b(?:in|in terms of)\s+(?:the\s+|its\s+|raw\s+|pure\s+)?$", re.IGNORECASE)
#: "2.5x the capacity", "a third more capacity": of memory.
_CAPACITY = re.compile(r"(?<!its )(?<!their )(?:vram |memory )?capacity\b", re.IGNORECASE)


def _of_value(
    text: str, sentence: Sentence, amount: Multiple, every: Sequence[Named], values: Sequence[Quantity]
) -> tuple[Attribute, Quantity | None] | None:
    """What a value before an amount is of, where that is what the amount is said of."""
    behind = next((each for each in every if each.start >= amount.end), None)
    if behind and not _BREAK.search(text, amount.end, behind.start):
        # "320 GB/s, two thirds of the memory": of that.
        return None
    for last in reversed([each for each in values if each.end <= amount.start and each.high == each.value]):
        of = _valued(last, every)
        if of is not None:
            break
    else:
        return None
    attribute, end = of
    other = any(each.attribute != attribute for each in within(every, end, amount.start))
    gap = (end, amount.start)
    led = _LED if not _AGAINST.match(text, amount.end) else _LOOSELY
    if other or not led.fullmatch(text, *gap):
        return None
    return attribute, last


def _valued(value: Quantity, every: Sequence[Named]) -> tuple[Attribute, int] | None:
    """The attribute that a value is one of by its unit, or by the noun behind it; and where that ends."""
    if value.dimension in _BY_UNIT:
        # "NVLink gives the H100 900 GB/s": where that alone is named, a rate is its.
        keys = {each.attribute.key for each in every if each.attribute.dimension == value.dimension}
        key = "nvlink" if keys == {"nvlink"} else _BY_UNIT[value.dimension]
        return attributes()[key], value.end
    counted = [each for each in every if 0 <= each.start - value.end < _CLOSE // 2]
    bare = value.dimension in ("number", "count") and counted and counted[0].attribute.dimension == "count"
    return (counted[0].attribute, counted[0].end) if bare else None
