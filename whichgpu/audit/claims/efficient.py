"""Who is the more efficient by two values that the text told right before: "3.9 per watt; the other 5.3".

Of work for each watt, watt-hour or joule more is better. The first value says what it is per, the second may
leave that out; each is that of the one device named before it. A winner is wrong where the other has more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.sentences import sentences, within
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.subjects import Mention

#: So much work for each watt, and the same of the next without its unit, at the end of a clause.
_PER_WATT = re.compile(
    r"(?<![\d.,])(?P<n>\d+(?:\.\d+)?)\s+(?:[a-z/-]+\s+){0,6}?(?:(?:per|for (?:each|every)|a|an|and)\s|/\s?)"
    r"(?:watt(?:-hour|hour)?|joule|kWh|W|J)\b(?!\s+(?:more|less))",
    re.IGNORECASE,
)
_ALONE = re.compile(r"(?<![\d.,$])(?P<n>\d+(?:\.\d+)?)(?=\s*(?:[.;:!)]|,(?!\d)|$))")
_SO = r"(?:(?:therefore|thus|so|hence|then|clearly|still|actually|also|even)\s+)*"
_ENDS = r"(?=\s*[.,;:!]|\s*$)"
#: Who wins: its name before, or behind "in efficiency".
_IS = re.compile(
    rf"\s+{_SO}(?:is|was|remains|comes out as|stays)\s+{_SO}(?:the\s+)?(?:more|most)\s+"
    r"(?:energy[- ])?(?:efficient|frugal|economical)(?:\s+(?:card|gpu|one|of the (?:two|pair)))?"
    rf"{_ENDS}",
    re.IGNORECASE,
)
_WINS = re.compile(
    rf"\s+{_SO}(?:is|was|comes out|stays|leads|wins)(?:\s+(?:ahead|in front|on top|first))?"
    rf"{_ENDS}",
    re.IGNORECASE,
)
_IN_EFFICIENCY = re.compile(
    r"\b(?:in|by|on|measured by|in terms of|as for)\s+(?:energy |power )?efficiency,?\s+(?:the\s+|our\s+)?$",
    re.IGNORECASE,
)
_NOT = re.compile(
    r"\b(?:not|never|if|unless|would|could|might|idle|limited|undervolt\w*)\b|n[\u2019']t\b|\?", re.I
)
_REACH, _APART, _SAME = 320, 140, 0.03


class _Told(NamedTuple):
    """What two devices do for each watt, and where it is told."""

    first: Mention
    second: Mention
    one: float
    other: float
    end: int
    words: str


def find(context: Context) -> Iterator[Finding]:
    """Every winner in efficiency that the two values before exclude."""
    for index, passage in context.document.running():
        named = context.mentions.get(index, ())
        if len(named) < 2 or not _PER_WATT.search(passage.text):
            continue
        for told in _told(passage.text, named):
            for start, end, who in _winners(passage, named, told.end):
                found = _judged(passage, (start, end), who, told, context)
                if found is not None:
                    yield found


def _told(text: str, named: Sequence[Mention]) -> Iterator[_Told]:
    """Each value per watt of one device with the next value, of another one."""
    for match in _PER_WATT.finditer(text):
        before = [each for each in named if each.end <= match.start() and match.start() - each.end < _APART]
        after = [each for each in named if match.end() <= each.start < match.end() + _APART]
        if not before or not after or {*before[-1].ids} & {*after[0].ids}:
            continue
        stop = next((each.start for each in named if each.start > after[0].start), len(text))
        values = [
            each
            for way in (_PER_WATT, _ALONE)
            for each in way.finditer(text, after[0].end, min(stop, after[0].end + _APART))
        ]
        one = float(match["n"])
        alike = [each for each in values if 1 / _FEW < float(each["n"]) / max(one, 1e-9) < _FEW]
        if len({each["n"] for each in alike}) == 1:
            other = alike[0]
            words = f"{before[-1].text} {match['n']} and {after[0].text} {other['n']} for each watt"
            yield _Told(before[-1], after[0], one, float(other["n"]), other.end(), words)


_FEW = 5.0


def _winners(passage: Passage, named: Sequence[Mention], since: int) -> Iterator[tuple[int, int, Mention]]:
    text = passage.text
    for sentence in sentences(text):
        here = within(named, sentence.start, sentence.end)
        if sentence.end <= since or sentence.start > since + _REACH:
            continue
        for each in here:
            match = _IS.match(text, each.end, sentence.end)
            if match is None and _IN_EFFICIENCY.search(text, sentence.start, each.start):
                match = _WINS.match(text, each.end, sentence.end)
            if match and each.start >= since and not _NOT.search(text, sentence.start, match.end()):
                yield each.start, match.end(), each


def _judged(
    passage: Passage, place: tuple[int, int], who: Mention, told: _Told, context: Context
) -> Finding | None:
    mine, other = (
        (told.one, told.other) if {*who.ids} & {*told.first.ids}
        else (told.other, told.one) if {*who.ids} & {*told.second.ids}
        else (0.0, 0.0)
    )  # fmt: skip
    if not other or abs(mine / other - 1) < _SAME:
        return None
    verdict = "confirmed" if mine > other else "inconsistent"
    return made(
        context, passage, place, "ordering", verdict, attribute="told before", because=told.words,
        evidence=(Evidence(told.words),),
    )  # fmt: skip
