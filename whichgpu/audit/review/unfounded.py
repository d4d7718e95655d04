"""Amounts and ratios that are held against what they do not follow from.

What an amount is made of stands in its sentence or shortly before it, and is told of the same device; a ratio
is of amounts in what its words name. An operand of a formula, what is advised, and what two others of the
sentence differ by are no results.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import Sentence, sentences, within
from whichgpu.audit.values.attributes import BY_UNIT, RATES, named
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.quantities import Quantity

#: How near two amounts are the same.
SAME = 0.006


class Place(NamedTuple):
    """Where what is accused stands: the passage's text, its sentence, itself, the names of the passage."""

    text: str
    sentence: Sentence
    at: int
    end: int
    mentions: Sequence[Mention]

    @property
    def here(self) -> Sequence[Mention]:
        """The names of the sentence."""
        return within(self.mentions, self.sentence.start, self.sentence.end)

    def names(self, ids: frozenset[str]) -> bool:
        """Whether the sentence names one of some devices."""
        return any(ids & {*each.ids, *each.named} for each in self.here)

    def earlier(self, many: int) -> Sequence[Sentence]:
        """The sentences right before it."""
        return [each for each in sentences(self.text) if each.end <= self.sentence.start + 1][-many:]

    def since(self, many: int) -> int:
        """Where the first of so many sentences before its own begins."""
        earlier = self.earlier(many) if many else ()
        return earlier[0].start if earlier else self.sentence.start

    def amounts(self, context: Context, back: int = 0) -> tuple[Quantity | None, list[Quantity]]:
        """The amount that is accused, and the others of its sentence and of so many before it."""
        every = within(quantities(self.text, context.fraction), self.since(back), self.sentence.end)
        own = next((each for each in every if each.start <= self.at < each.end), None)
        return own, [each for each in every if each is not own]


_CHUNK = re.compile(r",\s|[;:()]|\s(?:and|but|while|whereas|for)\s", re.IGNORECASE)


def chunk(place: Place) -> str:
    """What stands around a multiple up to the next marks and joints."""
    text, (start, stop, _) = place.text, place.sentence
    starts = (each.end() for each in _CHUNK.finditer(text, start, place.at))
    ends = (each.start() for each in _CHUNK.finditer(text, place.end, stop))
    return text[max(starts, default=start) : next(ends, stop)]


#: What a ratio is of that another text tells, and a share of a format's rate.
_PREDECESSOR = re.compile(r"\b(?:predecessors?|successors?|previous generation)\b", re.IGNORECASE)
_OF_FORMAT = re.compile(r"(?:%|percent) of (?:the )?(?:FP|BF|TF|INT)\d")


def _is_of_another_attribute(found: Finding, place: Place, context: Context) -> bool:
    """Whether a ratio of what the text told is of another attribute than the amounts it is held against."""
    if _PREDECESSOR.search(place.sentence.text) or _OF_FORMAT.search(place.sentence.text):
        return True
    of = {each.attribute.dimension for each in named(chunk(place))} & _KNOWN
    told = {each.dimension for each in quantities(found.because.partition(": ")[2], context.fraction)}
    told &= _KNOWN
    return bool(of and told) and not of & told


_KNOWN = frozenset((*BY_UNIT, *RATES))


#: Behind an amount, that it is a part of a formula: "($329 \u00f7 12)", or by so much of something else.
_OPERAND = re.compile(
    r"\s*[\u00f7*\u00d7/]\s*[$\u20ac]?\d|\s+(?:for|per) (?:each|every)\s"
    r"(?!(?:other|on|of|in|at|with)\b)[a-z]+",
    re.IGNORECASE,
)
#: What is advised has its own reasons.
_ADVISED = re.compile(
    r"\b(?:recommend\w*|advis\w+|suggest\w*|says?|"
    r"(?:I|you|we)[\u2019'](?:d|ll) (?:take|get|buy|use|want|plan))\s+"
    r"(?:(?:an?|about|at least|around)\s+)*[$\u20ac]?\d",
    re.IGNORECASE,
)
_WORKED_OUT = frozenset({"bill", "result", "product"})


def is_unfounded(found: Finding, place: Place, context: Context) -> bool:
    """Whether what an amount or a ratio is held against is not what it follows from."""
    if _is_difference(place, context):
        return True
    if found.kind != "arithmetic" or found.attribute == "told before":
        return _is_of_another_attribute(found, place, context)
    if " make " in found.because and _are_elsewhere(found, place):
        return True
    if _ADVISED.search(place.sentence.text):
        return True
    return found.attribute in _WORKED_OUT and _OPERAND.match(place.text, place.end) is not None


#: A number that is no factor of what is made: how many ask at once.
_USERS = re.compile(
    r"\s+(?:concurrent |parallel )?(?:users|requests|streams|clients|sessions)\b", re.IGNORECASE
)
_AT_RATE = re.compile(r"\bat\s+(?:about |only )?$", re.IGNORECASE)
_SUMS = frozenset({"result"})


def _are_elsewhere(found: Finding, place: Place) -> bool:
    """Whether what an amount is made of is told of another device, or too far before it."""
    text, at, first = place.text, place.at, place.sentence.start
    since = place.since(_BACK)
    share = _SHARE.match(text, at) is not None
    for words in _MADE_OF.split(found.because.rpartition(" make ")[0]):
        start = text.rfind(words.strip(), 0, at) if words.strip() else -1
        if start < 0:
            continue
        asked = found.quote[:1] in "$\u20ac" and _USERS.match(text, start + len(words.strip()))
        far = found.attribute in _SUMS and (start < since or (start < first and share))
        if asked or far or (start < first and _is_of_other_device(place, start)):
            return True
    return False


def _is_of_other_device(place: Place, start: int) -> bool:
    """Whether an amount of an earlier sentence is told of a device which the own sentence does not name."""
    text = place.text
    if _AT_RATE.search(text, max(0, start - _NEAR), start):
        # A tariff is everybody's.
        return False
    its = next((each for each in sentences(text) if each.start <= start < each.end), place.sentence)
    own = {key for each in place.here for key in (*each.ids, *each.named)}
    of = {key for each in within(place.mentions, its.start, start) for key in (*each.ids, *each.named)}
    return bool(own and of) and not own & of


_MADE_OF = re.compile(r" and |, ")
#: "62 % less", of two amounts that its own sentence tells.
_SHARE = re.compile(r"[\d.,]+\s?(?:%|percent)\s+(?:less|more|cheaper|dearer|faster|slower|higher|lower)\b")
_NEAR = 24
#: How many sentences before a result what it is made of may stand in.
_BACK = 2


def _is_difference(place: Place, context: Context) -> bool:
    """Whether an amount is what two others of its sentence differ by, or their sum."""
    own, every = place.amounts(context)
    if own is None or own.dimension in ("number", "times", "percent"):
        return False
    others = [each.value for each in every if each.dimension == own.dimension]
    made = (way for a, b in combinations(others, 2) for way in (abs(a - b), a + b))
    return any(abs(way / own.value - 1) < SAME for way in made if own.value)
