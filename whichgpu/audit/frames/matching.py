"""Frames: meanings in an order that makes a claim, whatever words carry them and whatever stands between."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from whichgpu.audit import patterns as re
from whichgpu.audit.frames.lexicon import tagged, things
from whichgpu.audit.text.sentences import within
from whichgpu.facts import store
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.frames.lexicon import Tag
    from whichgpu.audit.text.sentences import Sentence

#: What ends a part of a sentence that can be a claim by itself.
_PARTS = re.compile(r"[:;]\s|\s[\u2013\u2014-]\s")
#: A clause that goes ahead of what is claimed.
_AHEAD = re.compile(
    r"\s*(?:and |but |so )?(?:when|if|once|since|as|because|while|although|though|for)\b[^,]{0,80},",
    re.IGNORECASE,
)
#: Words between two meanings of a frame, at most, where it tells no other number.
_APART = 11
#: The meaning of what sets something beside what is compared with it.
_THAN = "than"


class Frame(NamedTuple):
    """A claim in words: the orders of meanings that make it, and what beside them makes another one of it."""

    key: str
    says: tuple[tuple[frozenset[str], ...], ...]
    unless: frozenset[str]
    #: Whether the claim is the denial of what the meanings say.
    denied: bool
    #: Words between two meanings, at most.
    gap: int
    row: Mapping[str, Any]
    #: What the orders begin with: most frames are told of by none of a part's meanings.
    begins: frozenset[str]


class Part(NamedTuple):
    """A part of a sentence, and the meanings in it in their order."""

    text: str
    start: int
    end: int
    tags: tuple[Tag, ...]
    meanings: frozenset[str]


class Match(NamedTuple):
    """Where a part says what a frame does: its meanings, and whether they are denied."""

    frame: Frame
    part: Part
    tags: tuple[Tag, ...]
    denied: bool

    @property
    def place(self) -> tuple[int, int]:
        """From the first meaning to the last."""
        return self.tags[0].start, self.tags[-1].end


@cache
def frames(kind: str) -> tuple[Frame, ...]:
    """The frames of a kind."""
    return tuple(_frame(key, row) for key, row in store.load("frames")["frames"][kind].items())


def _frame(key: str, row: Mapping[str, Any]) -> Frame:
    says = tuple(tuple(frozenset(each.split("|")) for each in one.split()) for one in row["says"])
    return Frame(
        key,
        says,
        frozenset(row.get("unless", ())),
        bool(row.get("denied")),
        int(row.get("gap", _APART)),
        row,
        frozenset().union(*(one[0] for one in says)),
    )


def parts(text: str, sentence: Sentence, mentions: Sequence[Mention]) -> tuple[Part, ...]:
    """The parts of a sentence that may each be a claim."""
    ends = [each.end() for each in _PARTS.finditer(text, sentence.start, sentence.end)]
    places = pairwise([sentence.start, *ends, sentence.end])
    found = (_part(text, start, end, mentions) for start, end in places)
    return tuple(each for each in found if each.tags)


def whole(text: str, sentence: Sentence, mentions: Sequence[Mention]) -> Part:
    """A sentence as one part."""
    return _part(text, sentence.start, sentence.end, mentions)


def _part(text: str, start: int, end: int, mentions: Sequence[Mention]) -> Part:
    named = tuple((each.start, each.end) for each in within(mentions, start, end))
    tags = tagged(text, start, end, named)
    return Part(text, start, end, tags, frozenset(each.meaning for each in tags))


def matches(part: Part, every: Sequence[Frame]) -> Iterator[Match]:
    """Each frame that a part says, once."""
    for frame in every:
        if frame.begins.isdisjoint(part.meanings) or frame.unless & part.meanings:
            continue
        for says in frame.says:
            if not _has_all(part.meanings, says):
                continue
            found = next(_in_order(part.tags, says, frame.gap), None)
            if found is not None and not _is_agent(part.text, found):
                denied = _is_denied(part, found)
                if denied is frame.denied:
                    yield Match(frame, part, found, denied)
                    break


def _has_all(meanings: frozenset[str], says: Sequence[frozenset[str]]) -> bool:
    """Whether a part has one of each of some meanings, in whatever order."""
    for each in says:  # noqa: SIM110 - a generator would take longer than the loop.
        if each.isdisjoint(meanings):
            return False
    return True


#: Behind "by", and up to the comma that ends what it says.
_BY = re.compile(r"\bby\s+(?:the\s+|raw\s+|peak\s+|its\s+)*$", re.IGNORECASE)


def _is_agent(text: str, found: Sequence[Tag]) -> bool:
    """Whether a claim's subject is what the clause before ends in: "bound by compute, the decoder writes"."""
    if len(found) < _TWO or "," not in text[found[0].end : found[1].start]:
        return False
    return _BY.search(text, max(0, found[0].start - _NEAR), found[0].start) is not None


_TWO, _NEAR = 2, 24


def _in_order(
    tags: Sequence[Tag], says: Sequence[frozenset[str]], gap: int, at: int = 0, done: tuple[Tag, ...] = ()
) -> Iterator[tuple[Tag, ...]]:
    """The ways in which meanings stand in an order, with few words between."""
    if len(done) == len(says):
        yield done
        return
    for i in range(at, len(tags)):
        tag = tags[i]
        if done and tag.first - done[-1].last > gap:
            return
        fits = tag.meaning in says[len(done)] and (not done or tag.first > done[-1].last)
        if fits and not (done and _others(tags, says, done[-1], tag)):
            yield from _in_order(tags, says, gap, i + 1, (*done, tag))


def _others(tags: Sequence[Tag], says: Sequence[frozenset[str]], before: Tag, tag: Tag) -> bool:
    """Whether something stands between two meanings that the claim can be of, or what it is compared with.

    "Limited by bandwidth, so cores hardly matter" is no claim of cores, nor is "it counts more than cores".
    """
    between = {each.first: set[str]() for each in tags if before.last < each.first and each.last < tag.first}
    for each in tags:
        if each.first in between:
            between[each.first].add(each.meaning)
    own = frozenset().union(*says)
    return any((one & things() or _THAN in one) and not one & own for one in between.values())


def _is_denied(part: Part, found: Sequence[Tag]) -> bool:
    """Whether an odd number of negations stands before the last meaning that is no part of the frame."""
    last = found[-1].last
    # "When one isn't enough, .." denies nothing of what follows.
    ahead = _AHEAD.match(part.text, part.start, found[0].start)
    begin = ahead.end() if ahead else part.start
    told = [
        each.first
        for each in part.tags
        if each.meaning == "not" and each.first < last and each.start >= begin
    ]
    return sum(not any(one.first <= at <= one.last for one in found) for at in told) % 2 == 1
