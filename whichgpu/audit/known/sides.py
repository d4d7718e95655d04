"""Which things of a series a stretch of a sentence means: those that it names, or goes on about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.known.store import named
from whichgpu.audit.roles import spoken
from whichgpu.audit.sentences import Sentence, within
from whichgpu.audit.subjects import model
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context
    from whichgpu.audit.known.store import Amount, Series
    from whichgpu.audit.subjects import Mention

#: Between the names of one side.
_JOINED = re.compile(
    r"s?,?\s+(?:and|&|or|nor)\s+(?:the\s+|our\s+|an?\s+|nvidia\s+|amd\s+)*|s?,\s+(?:the\s+)?", re.I
)
_SET_AGAINST = re.compile(
    r"\b(?:than|as|(?<!pair )(?<!couple )(?<!trio )(?<!set )of|over|behind|against|to|beside|"
    r"versus|from|like|with|ahead of|beats|trails|that of)\s+"
    r"(?:the |its |an? |our |my |older |old |new |both |single |one |plain |little |big )*$",
    re.IGNORECASE,
)
_IT = re.compile(r"\b(?:it|its|this one|this card|that card|it[\u2019']s|they|these)\b", re.IGNORECASE)
_COUNT = re.compile(
    r"(?:\b(\d{1,2})\s?[x\u00d7]?|\b(two|three|four|six|eight))\s+(?:[A-Za-z-]+\s+)?$", re.IGNORECASE
)
_NUMBERS = {"two": 2, "three": 3, "four": 4, "six": 6, "eight": 8}


class Side(NamedTuple):
    """The things that one side of a comparison means, each by the devices that it may be."""

    ids: tuple[frozenset[str], ...]
    number: int = 0
    #: Names of what is no device, in a series of names.
    names: tuple[str, ...] = ()

    def of(self, series: Series) -> list[list[Amount]]:
        """For each thing its amounts in a series; an empty list for one that it does not tell of."""
        found = []
        for ids in self.ids:
            mine = [each for each in series.amounts if each.ids & ids]
            counted = [each for each in mine if self.number and each.number == self.number]
            found.append(counted or mine)
        for name in self.names:
            found.append([each for each in series.amounts if each.name == name])
        return found


def place(index: int, passage: Passage, sentence: Sentence, context: Context) -> Sequence[Mention]:
    """The mentions of a sentence, by name and by description."""
    return within(context.mentions.get(index, ()), sentence.start, sentence.end)


def is_open(index: int, start: int, end: int, context: Context) -> bool:
    """Whether a stretch speaks of a device by a description that stays open."""
    return any(a < end and start < b for a, b in context.memo.get("open", {}).get(index, ()))


def last(
    index: int, passage: Passage, part: Sentence, told: Sequence[Series], context: Context
) -> Side | None:
    """The subject of a stretch that ends with its verb: the names right before it, joined by "and"."""
    here = list(place(index, passage, part, context))
    text = passage.text
    if not here:
        return _by_names(index, passage, part, told, context)
    while here and _SET_AGAINST.search(text, max(part.start, here[-1].start - 40), here[-1].start):
        # "2.7 times as fast as the T4 and 32 % faster than ..": of what is before that.
        here.pop()
    if not here:
        return None
    group = [here[-1]]
    for each in reversed(here[:-1]):
        if not _JOINED.fullmatch(text, each.end, group[0].start):
            break
        group.insert(0, each)
    who = spoken(index, passage, part, context)
    if any(each in who.against for each in group):
        own = [each for each in here if each not in who.against]
        if len({model(each.ids[0], context.catalogue) for each in own}) != 1:
            return None
        group = own[:1]
    return Side(tuple(frozenset(each.ids) for each in group), _number(text, group[0].start, part.start))


def first(
    index: int, passage: Passage, part: Sentence, told: Sequence[Series], context: Context
) -> Side | None:
    """The object with which a stretch begins."""
    here = list(place(index, passage, part, context))
    text = passage.text
    if not here or here[0].start - part.start > _NEAR:
        return None if here else _by_names(index, passage, part, told, context)
    group = [here[0]]
    for each in here[1:]:
        if not _JOINED.fullmatch(text, group[-1].end, each.start):
            break
        group.append(each)
    return Side(tuple(frozenset(each.ids) for each in group), _number(text, group[0].start, part.start))


_NEAR = 40


def _number(text: str, at: int, start: int) -> int:
    count = _COUNT.search(text, max(start, at - 24), at)
    return (int(count[1]) if count[1] else _NUMBERS[count[2].lower()]) if count else 0


def _by_names(
    index: int, passage: Passage, part: Sentence, told: Sequence[Series], context: Context
) -> Side | None:
    """A thing that is no device, by its name in a series."""
    found = {
        one.amount.name for each in told if not each.derived
        for one in named(index, passage, part, each, context) if not one.amount.ids
    }  # fmt: skip
    return Side((), 0, (found.pop(),)) if len(found) == 1 else None


def goes_on(
    index: int, passage: Passage, sentence: Sentence, part: Sentence, context: Context
) -> Side | None:
    """What a clause without a name goes on about: what its sentence named before, or what the text did."""
    text = passage.text
    before = Sentence(sentence.start, part.start, text[sentence.start : part.start])
    who = spoken(index, passage, before, context) if part.start > sentence.start else None
    own = who.own if who else []
    distinct = {model(each.ids[0], context.catalogue) for each in own}
    if len(distinct) == 1:
        return Side((frozenset(own[-1].ids),), _number(text, own[-1].start, sentence.start))
    if own or is_open(index, sentence.start, part.end, context):
        return None
    if not _IT.search(text, part.start, part.end):
        return None
    who = spoken(index, passage, sentence, context)
    return Side((frozenset(who.topic[0].ids),)) if who.topic and who.certain else None
