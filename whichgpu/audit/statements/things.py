"""What a sentence speaks of: devices by name or description, and rows of the document's tables."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from functools import lru_cache
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.roles import spoken
from whichgpu.audit.known.named import named
from whichgpu.audit.known.store import store
from whichgpu.audit.patterns import MANY
from whichgpu.audit.text.sentences import Sentence, sentences, within
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context
    from whichgpu.audit.known.store import Amount, Series

#: Behind a name, that it is of several machines, and of no single device.
_A_FLEET = re.compile(r"s?\s+(?:fleet|cluster|farm|pool|group)\b", re.IGNORECASE)
_COUNT = re.compile(
    r"(?:\b(?P<digits>\d{1,2})(?:\s?[x\u00d7]|(?=\s))|\b(?P<word>two|three|four|six|eight|pair of))\s+"
    r"(?:(?!the\b|an?\b|our\b)[a-z-]+\s+)?$",
    re.IGNORECASE,
)
#: "An L4 costs more per hour": of one, and of no fleet.
_ONE_OF = re.compile(r"\b(?:an?|one|a single|each|every|per)\s+(?:nvidia\s+|amd\s+)?$", re.IGNORECASE)
_WORDS = {"two": 2, "three": 3, "four": 4, "six": 6, "eight": 8, "pair of": 2}
#: Before a thing that another one is set against.
_ARTICLES = (
    r"(?:(?:the|its|an?|our|my|old|older|new|newer|both|single|one|plain|little|big|bigger|smaller|cheaper|"
    r"used|previous|nvidia[\u2019']s|amd[\u2019']s)\s+)*$"
)
_AGAINST = re.compile(
    r"\b(?:than|as|over|behind|against|beside|versus|vs\.?|from|like|ahead of|beats?|trails?|leads?|"
    r"outruns?|outperforms?|undercuts?|what|compared (?:with|to)|and that|replac\w+|succe\w+|follow\w*|"
    r"times)\s+"
    rf"{_ARTICLES}",
    re.IGNORECASE,
)
#: Before a thing that may own what is said, where nothing else does: "the bandwidth of the A6000".
_BEHIND = re.compile(rf"\b(?:of|on|in|for|with|to|by|at)\s+{_ARTICLES}", re.IGNORECASE)
_A_PART = re.compile(
    rf"\b(?:slices?|instances?|partitions?|dies?|share|fraction|half|thirds?|quarters?|percent|"
    rf"%) of {_ARTICLES}",
    re.IGNORECASE,
)
_COMPARES = re.compile(r"\b(?:than|as|over|versus|against|twice|times|half)\b", re.IGNORECASE)
_IT = re.compile(
    r"(?:\W|\b(?:and|but|so|yet|while|because|since|as|which|here|in|at|on|also)\b)*(?:(?:with|at|"
    r"thanks to|for|in|on|under|by)\s(?:[^;,]|,(?=\d)){2,50}?,?\s)?"
    r"(?:it|its|(?:this|the|each|every)(?: (?:oam|sxm))? (?:card|module|gpu|board|accelerator)|"
    r"each of (?:them|these|those)|which|this|that)\b",
    re.IGNORECASE,
)
#: What a clause begins with before its subject, and a verb of a subject that was named before.
_LEADS = re.compile(r"\W*(?:and|but|so|yet|as|while|because|since|whereas|although|though)\s", re.IGNORECASE)
_VERB = re.compile(
    r"\W*(?:[a-z]+ly\s)?(?:is|was|has|had|costs?|draws?|needs?|takes?|offers?|comes?|runs?|leads?|trails?|"
    r"wins?|"
    r"gives?|delivers?|falls?|lags?|beats?)\b",
    re.IGNORECASE,
)
#: What ends a clause.
_ENDS = re.compile(
    r"[;:]\s|,\s+(?=(?:and|but|while|whereas|so|yet|which|although|though|because|since|as(?= (?:both|they|"
    r"it|all|these|the)))\b)|"
    r"\s(?=(?:because|since|while|whereas|although|though)\s)|\s[\u2013\u2014]\s"
)


class Thing(NamedTuple):
    """What a sentence speaks of: the devices that it may be, or the name of a row; how many of it."""

    start: int
    end: int
    ids: frozenset[str]
    name: str = ""
    number: float = 0.0

    def of(self, series: Series) -> list[Amount]:
        """Its amounts in a series; those of as many of it, where some are."""
        if self.name:
            own = [each for each in series.amounts if each.name == self.name]
            return own or [each for each in series.amounts if each.ids & self.ids]
        mine = [each for each in series.amounts if each.ids & self.ids]
        counted = [each for each in mine if self.number and each.number == self.number]
        alone = [each for each in mine if each.number == 1]
        if self.number and not counted and (self.number > 1 or all(each.number > 1 for each in mine)):
            return []
        return counted or (alone if not self.number and len(alone) == 1 else mine)

    def is_same(self, other: Thing) -> bool:
        """Whether two are one."""
        return bool(self.ids & other.ids) if self.ids and other.ids else self.name == other.name


def things(index: int, passage: Passage, sentence: Sentence, context: Context) -> list[Thing]:
    """The things of a sentence in their order; read once for all that ask."""
    known: dict[tuple[int, Sentence], list[Thing]] = context.memo.setdefault("things", {})
    if (index, sentence) not in known:
        known[index, sentence] = _things(index, passage, sentence, context)
    return known[index, sentence]


def _things(index: int, passage: Passage, sentence: Sentence, context: Context) -> list[Thing]:
    text = passage.text
    found = [
        Thing(each.start, each.end, frozenset(each.ids), "", _number(text, sentence.start, each.start))
        for each in within(context.mentions.get(index, ()), sentence.start, sentence.end)
        if not _A_FLEET.match(text, each.end)
    ]
    for series in store(context):
        if series.derived:
            continue
        for each in named(index, passage, sentence, series, context):
            if not any(one.start < each.end and each.start < one.end for one in found):
                found.append(Thing(each.start, each.end, each.amount.ids, each.amount.name))
    return sorted(found)


def _number(text: str, start: int, at: int) -> float:
    match = _COUNT.search(text, max(start, at - 24), at)
    if match is None:
        return 1.0 if _ONE_OF.search(text, max(start, at - 24), at) else 0.0
    return float(match["digits"] or _WORDS[match["word"].lower()])


def subject(  # noqa: PLR0917
    index: int, passage: Passage, sentence: Sentence, start: int, at: int, every: Sequence[Thing],
    context: Context,
) -> Thing | None:  # fmt: skip
    """The one thing that a stretch before a place is about; None where it is of several, or not certain."""
    text = passage.text
    led = _LEADS.match(text, start, at)
    start = led.end() if led else start
    inside = [each for each in every if start <= each.start and each.end <= at]
    own = _free(text, start, inside) or ([] if _IT.match(text, start, at) else _leading(text, start, inside))
    if own:
        return own[-1] if all(each.is_same(own[-1]) for each in own) else None
    it = _IT.match(text, start, at)
    if inside and not it:
        return None
    before = [each for each in every if each.end <= start] if it or _VERB.match(text, start, at) else []
    if before and _WHICH.match(text, start) and start - before[-1].end <= _BESIDE:
        return before[-1]
    if led_by := _leading(text, sentence.start, before):
        return led_by[-1] if all(each.is_same(led_by[-1]) for each in led_by) else None
    who = spoken(index, passage, sentence, context)
    certain = it is not None and bool(who.topic) and who.certain
    return Thing(start, start, frozenset(who.topic[0].ids)) if certain else None


#: "The RTX 5080, which has": of what stands right before.
_WHICH, _BESIDE = re.compile(r"which\b", re.IGNORECASE), 3


def _free(text: str, start: int, every: Sequence[Thing]) -> list[Thing]:
    """Those of some things that stand behind no word which makes them of something else."""
    return [
        each
        for each in every
        if not any(
            way.search(text, max(start, each.start - _NEAR), each.start) for way in (_AGAINST, _BEHIND)
        )
    ]


def is_set_against(text: str, start: int, at: int) -> bool:
    """Whether what begins at a place of a stretch is only what another thing is set against."""
    return _AGAINST.search(text, max(start, at - _NEAR), at) is not None


def is_behind(text: str, start: int, at: int) -> bool:
    """Whether what begins at a place of a stretch stands behind a preposition: "on the A100"."""
    return _BEHIND.search(text, max(start, at - _NEAR), at) is not None


class Said(NamedTuple):
    """A sentence with the things that it names, and where it stands."""

    number: int
    passage: Passage
    sentence: Sentence
    every: Sequence[Thing]
    context: Context

    @property
    def text(self) -> str:
        """The text of its passage."""
        return self.passage.text

    def clause(self, at: int) -> tuple[int, int]:
        """The clause that a place is in."""
        return clause_at(self.text, self.sentence, at)

    def part(self, start: int, end: int) -> Sentence:
        """A stretch of it."""
        return Sentence(start, end, self.text[start:end])

    def subject(self, start: int, at: int) -> Thing | None:
        """The one thing that a stretch before a place is about."""
        return subject(self.number, self.passage, self.sentence, start, at, self.every, self.context)

    def next(self, at: int, end: int) -> Thing | None:
        """The first thing behind a place of a clause."""
        return next((each for each in self.every if at <= each.start <= end), None)


#: What begins a sentence that others believe.
_MYTH = re.compile(r"\W*(?:myth|claim|fiction|wrong|false|misconception)\b", re.IGNORECASE)


def is_none(sentence: Sentence) -> bool:
    """Whether a sentence asks, or tells what is not so."""
    return sentence.text.rstrip().endswith("?") or _MYTH.match(sentence.text) is not None


def said_of(index: int, passage: Passage, context: Context) -> Iterator[Said]:
    """The sentences of a passage that ask nothing, with their things; read once for every kind of claim."""
    known: dict[int, list[Said]] = context.memo.setdefault("said", {})
    if index not in known:
        known[index] = [
            Said(index, passage, each, things(index, passage, each, context), context)
            for each in sentences(passage.text)
            if not is_none(each)
        ]
    yield from known[index]


def _leading(text: str, start: int, every: Sequence[Thing]) -> list[Thing]:
    """Those of some things that are set against none; else those that own what is said, "of the A6000"."""
    owned = _free(text, start, every)
    if owned or any(_A_PART.search(text, max(start, each.start - _NEAR), each.start) for each in every):
        return owned
    free = [each for each in every if not _AGAINST.search(text, max(start, each.start - _NEAR), each.start)]
    return [each for each in free if not _COMPARES.search(text, start, each.start)]


_NEAR = 50


def clause_at(text: str, sentence: Sentence, at: int) -> tuple[int, int]:
    """The clause of a sentence that a place is in."""
    starts, ends = _ends(text, sentence.start, sentence.end)
    before, behind = bisect_right(ends, at), bisect_left(starts, at)
    return (
        ends[before - 1] if before else sentence.start,
        starts[behind] if behind < len(starts) else sentence.end,
    )


# Of a long sentence many places are asked.
@lru_cache(maxsize=MANY)
def _ends(text: str, start: int, end: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Where what ends the clauses of a stretch begins, and where it ends."""
    found = [match.span() for match in _ENDS.finditer(text, start, end)]
    return tuple([one for one, _ in found]), tuple([one for _, one in found])
