"""Multiples and percentages that a sentence states of two things: "2.5x", "30 % more", "a gain of 45 %"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.comparisons.multiple import Multiple, opposite
from whichgpu.audit.text.quantities import multiples, quantities
from whichgpu.audit.text.sentences import within
from whichgpu.audit.values.attributes import named

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.devices.roles import Spoken
    from whichgpu.audit.findings import Context
    from whichgpu.audit.text.quantities import Quantity
    from whichgpu.audit.text.sentences import Sentence


_MORE = re.compile(
    r"\s*(?:more|higher|greater|larger|bigger|wider|faster|better|above(?=\s+(?:the|that|what)\b))\b",
    re.IGNORECASE,
)
_LESS = re.compile(
    r"\s*(?:less|lower|fewer|smaller|narrower|slower|below(?=\s+(?:the|that|what)\b))\b", re.IGNORECASE
)
BEFORE, AFTER = 40, 60
#: "Three of them have as much memory as one": of so many, whichever they are.
#: What a change is against that has no name: "The H200 upgrade: 76 percent more memory".
UPGRADED = re.compile(r"\b(?:upgrade|refresh|update|successor|step up|new edition)\b", re.IGNORECASE)
OF_THEM = re.compile(
    r"\s*(?:(?:And|But|So|Then)\s+)?(?:Two|Three|Four|Five|Six|Eight|Ten|\d{1,3}|A pair)\s+of\s+"
    r"(?:them|these|those)\s+(?:have|offer|give|bring|reach|deliver|cost|draw|need)\s+"
    r"(?:(?:about|nearly|almost|exactly|just|only)\s+)*(?:as|more|less|fewer|twice|half|\w+ times)\b",
    re.IGNORECASE,
)
#: "A 2.1x bandwidth advantage".
_AHEAD = re.compile(
    r"\s+(?P<what>(?:[\w-]+ ){1,4})(?:advantage|lead|edge|increase|improvement|gap|uplift|boost)\b", re.I
)
#: "60 % of the 5090's bandwidth".
_SHARE_OF = re.compile(r"\s+of\s+(?:the\s+|that of\s+|an?\s+)?(?:nvidia\s+|amd\s+)?", re.IGNORECASE)
#: Before a share that is a difference: "adds two thirds of".
_ADDS = re.compile(r"\b(?:adds?|gains?|loses?|saves?|adding|gaining)\s+$", re.IGNORECASE)
#: Behind an amount, so many others that it is set against: of how many the first is, is not told by a name.
THAN_SEVERAL = re.compile(
    r"\s+(?:[\w-]+\s+){0,2}?than\s+(?:(?:in|of|on|with|for)\s+)?(?:all\s+)?(?:(?:the|our|these|those)\s+)?"
    r"(?:(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:-[a-z]+)?|two|three|four|five|six|seven|"
    r"eight|nine|ten|twelve|sixteen|\d{1,3})"
    r"\s+(?:[a-z]+\s+)?(?:ones|cards|gpus|devices|nodes|boards|of them)\b",
    re.IGNORECASE,
)
_FACTOR = re.compile(
    r",\s+(?:which is\s+)?an?\s+(?:factor|ratio|multiple)\s+of\s+(?:\w+\s+)?$", re.IGNORECASE
)
#: "An increase of 45 %", "a 50 % upgrade".
_GROWS = re.compile(
    r"\b(?:increase|gain|improvement|uplift|jump|plus|bump|advantage|lead|edge|(?P<less>decrease|"
    r"reduction|drop|cut)) "
    r"of\s+(?:about |around |roughly |almost |"
    r"nearly |over |just |only )?$",
    re.IGNORECASE,
)
_GROWN = re.compile(
    r"\s+(?:increase|gain|improvement|uplift|jump|bump|upgrade|boost|(?P<less>decrease|reduction|drop|"
    r"cut))\b",
    re.IGNORECASE,
)
#: "Raises bandwidth by 78 %".
_BY = re.compile(
    r"\b(?:rais\w+|increas\w+|boost\w*|bump\w*|lift\w*|grows?|grew|rises?|rose|(?P<less>cuts?|reduc\w+|"
    r"lowers?|shrinks?))\s+"
    r"(?:the\s+|its\s+)?(?:[\w-]+\s+){0,4}?by\s+(?:about\s+|around\s+|roughly\s+|nearly\s+|almost\s+|"
    r"over\s+|some\s+)?$",
    re.IGNORECASE,
)


def said_in(text: str, sentence: Sentence, who: Spoken, context: Context) -> Iterator[Multiple]:
    """The multiples of a sentence; what is 30 % less is 0.7 times."""
    starts = {each.start for each in who.here}
    every = (quantities(text, context.fraction), multiples(text))
    found = [each for some in every for each in within(some, sentence.start, sentence.end)]
    for each in sorted(found, key=lambda one: one.start):
        if each.high != each.value:
            continue
        if 0.05 <= each.value <= 1000 and is_multiple(text, each):
            less = each.value > 1 and _LESS.match(text, each.end)
            # "More than three times slower" is less than a third as fast.
            limit = opposite(each.limit) if less else each.limit
            yield Multiple(each.start, each.end, 1 / each.value if less else each.value, limit)
        share = _of_percent(text, sentence, each, starts) if each.dimension == "percent" else None
        if share is not None and each.value > 0:
            yield share


def _of_percent(text: str, sentence: Sentence, each: Quantity, starts: set[int]) -> Multiple | None:
    """A percentage as a multiple, where it is told as more, less, a gain or a share of another device's."""
    more, less = _MORE.match(text, each.end), _LESS.match(text, each.end)
    grows = _GROWS.search(text, max(sentence.start, each.start - 30), each.start)
    grown = _GROWN.match(text, each.end)
    if not (grows or grown or more or less):
        grown = _BY.search(text, max(sentence.start, each.start - AFTER), each.start)
    told = grows or grown
    if told is not None:
        sign = -1 if told["less"] else 1
        limit = opposite(each.limit) if told["less"] else each.limit
        return Multiple(each.start, each.end, 1 + sign * each.value, limit, sign * each.value)
    if more or text[max(0, each.start - 2) : each.start] == "(+":
        # "30 % more", "bandwidth (+43 %)".
        end = more.end() if more else each.end
        return Multiple(each.start, end, 1 + each.value, each.limit, each.value)
    if less:
        return Multiple(each.start, less.end(), 1 - each.value, opposite(each.limit), -each.value)
    of = _SHARE_OF.match(text, each.end)
    return Multiple(each.start, each.end, each.value, each.limit) if of and of.end() in starts else None


#: Behind how often something is done: "is read 48 times a second".
_HOW_OFTEN = re.compile(
    r"\s*(?:(?:an?|per|each|every|in an?)\s+|/\s?)"
    r"(?:second|minute|hour|day|week|month|year|s\b|step|token|epoch)",
    re.IGNORECASE,
)


def is_multiple(text: str, each: Quantity) -> bool:
    """Whether "2x", "a factor of 2.3" is a multiple and no count of outputs or devices: 4x HDMI, 8x A100."""
    if each.dimension != "times":
        bare = each.dimension == "number" and each.value > 1
        return bare and _FACTOR.search(text, max(0, each.start - BEFORE), each.start) is not None
    after = text[each.end : each.end + 44]
    if re.fullmatch(r"[xX\u00d7]", each.unit):
        ahead = _AHEAD.match(text, each.end)
        if ahead and any(one.start == ahead.start("what") for one in named(text)):
            return True
        return bool(
            re.match(
                r"\s*(?:the|as|more|faster|higher|greater|larger|better|its|that|of|speed|improv|"
                r"increase|less|(?:[\w-]+ ){1,2}advantage|"
                r"lower|slower|,|\.|\))",
                after,
            )
        )
    if _ADDS.search(text, max(0, each.start - 16), each.start) or _HOW_OFTEN.match(text, each.end):
        return False
    if each.value < 1 and re.match(r"\s*(?:more|less)\b", after):
        return False
    return not re.match(
        r"\s*(?:\d|as \w+\b[^.;,]{0,24}\bagain\b|precision|again|as-|-|data rate|"
        r"a (?:day|week|month|year))",
        after,
    )


#: "Twice the price of the 5080, which has half the cores": of what the clause is behind, or of the other.
_WHICH_HAS = re.compile(
    r",\s+(?:(?:though|however),\s+)?(?:which\s(?:has|offers|comes with|draws|takes)|"
    r"whose\s[\w ]+\s(?:is|are))\b[^.;]*$"
)


def in_which(text: str, at: int, who: Spoken) -> bool:
    """Whether a place stands in a clause on the device named last, and not on the subject of the sentence."""
    before = [each for each in who.here if each.end <= at]
    return bool(before) and _WHICH_HAS.search(text[before[-1].end : at]) is not None
