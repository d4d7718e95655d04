"""What a sentence speaks of: devices by name or description, and rows of the document's own tables by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.known.store import named, store
from whichgpu.audit.roles import spoken
from whichgpu.audit.sentences import within
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context
    from whichgpu.audit.known.store import Amount, Series
    from whichgpu.audit.sentences import Sentence

_COUNT = re.compile(
    r"(?:\b(?P<digits>\d{1,2})(?:\s?[x\u00d7]|(?=\s))|\b(?P<word>two|three|four|six|eight|pair of|both))\s+"
    r"(?:[a-z-]+\s+)?$",
    re.IGNORECASE,
)
_WORDS = {"two": 2, "three": 3, "four": 4, "six": 6, "eight": 8, "pair of": 2, "both": 2}
#: Before a thing that another one is set against.
_ARTICLES = (
    r"(?:(?:the|its|an?|our|my|old|older|new|newer|both|single|one|plain|little|big|bigger|smaller|cheaper|"
    r"used|previous|nvidia[\u2019']s|amd[\u2019']s)\s+)*$"
)
_AGAINST = re.compile(
    r"\b(?:than|as|over|behind|against|beside|versus|vs\.?|from|like|ahead of|beats?|trails?|leads?|"
    r"outruns?|outperforms?|undercuts?|what|compared (?:with|to)|and that|replac\w+|succe\w+|follow\w*|times)\s+"
    rf"{_ARTICLES}",
    re.IGNORECASE,
)
#: Before a thing that may own what is said, where nothing else does: "the bandwidth of the A6000".
_BEHIND = re.compile(rf"\b(?:of|on|in|for|with|to|by|at)\s+{_ARTICLES}", re.IGNORECASE)
_IT = re.compile(
    r"(?:\W|\b(?:and|but|so|yet|while|because|since|as|which|here|in|at|on|also)\b)*(?:(?:with|at|thanks to|for|in|on|under|by)\s(?:[^;,]|,(?=\d)){2,50}?,?\s)?"
    r"(?:it|its|(?:this|the|each|every)(?: (?:oam|sxm))? (?:card|module|gpu|board|accelerator)|each of (?:them|these|those)|which|this|that)\b",
    re.IGNORECASE,
)
#: What a clause begins with before its subject, and a verb of a subject that was named before.
_LEADS = re.compile(r"\W*(?:and|but|so|yet|as|while|because|since|whereas|although|though)\s", re.IGNORECASE)
_VERB = re.compile(
    r"\W*(?:[a-z]+ly\s)?(?:is|was|has|had|costs?|draws?|needs?|takes?|offers?|comes?|runs?|leads?|trails?|wins?|"
    r"gives?|delivers?|falls?|lags?|beats?)\b",
    re.IGNORECASE,
)
#: What ends a clause.
_ENDS = re.compile(
    r"[;:]\s|,\s+(?=(?:and|but|while|whereas|so|yet|which|although|though|because|since|as(?= (?:both|they|it|all|these|the)))\b)|"
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
        return counted or (alone if not self.number and len(alone) == 1 else mine)

    def is_same(self, other: Thing) -> bool:
        """Whether two are one."""
        return bool(self.ids & other.ids) if self.ids and other.ids else self.name == other.name


def things(index: int, passage: Passage, sentence: Sentence, context: Context) -> list[Thing]:
    """The things of a sentence in their order."""
    text = passage.text
    found = [
        Thing(each.start, each.end, frozenset(each.ids), "", _number(text, sentence.start, each.start))
        for each in within(context.mentions.get(index, ()), sentence.start, sentence.end)
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
        return 0.0
    return float(match["digits"] or _WORDS[match["word"].lower()])


def subject(  # noqa: PLR0917
    index: int, passage: Passage, sentence: Sentence, start: int, at: int, every: Sequence[Thing],
    context: Context,
) -> Thing | None:  # fmt: skip
    """The one thing that a stretch before a place is about; None where it is of several, or not certain."""
    text = passage.text
    led = _LEADS.match(text, start, at)
    start = led.end() if led else start
    own = _leading(text, start, [each for each in every if start <= each.start and each.end <= at])
    if own:
        return own[-1] if all(each.is_same(own[-1]) for each in own) else None
    if any(start <= each.start < at for each in every):
        return None
    who = spoken(index, passage, sentence, context)
    if start > sentence.start and (_IT.match(text, start, at) or _VERB.match(text, start, at)):
        before = _leading(text, sentence.start, [each for each in every if each.end <= start])
        if before:
            return before[-1] if all(each.is_same(before[-1]) for each in before) else None
    if not _IT.match(text, start, at) or not who.topic or not who.certain:
        return None
    return Thing(start, start, frozenset(who.topic[0].ids))


def _leading(text: str, start: int, every: Sequence[Thing]) -> list[Thing]:
    """Those of some things that are set against none; else those that own what is said, "of the A6000"."""
    free = [each for each in every if not _AGAINST.search(text, max(start, each.start - 50), each.start)]
    return [each for each in free if not _BEHIND.search(text, max(start, each.start - 50), each.start)] or free


def clause_at(text: str, sentence: Sentence, at: int) -> tuple[int, int]:
    """The clause of a sentence that a place is in."""
    start, end = sentence.start, sentence.end
    for match in _ENDS.finditer(text, sentence.start, sentence.end):
        if match.end() <= at:
            start = match.end()
        elif match.start() >= at:
            end = match.start()
            break
    return start, end
