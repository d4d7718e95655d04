"""Which of two came first: "the L4 is newer than the T4", "launched two years before the A30".

A device that may be any of several came between the first and the last of them. An order is wrong where even
that leaves it the other way round; so many years are wrong where they are off by more than one.
"""

from __future__ import annotations

from itertools import pairwise, product
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.mood import is_asserted
from whichgpu.audit.devices.mentions import model
from whichgpu.audit.devices.roles import spoken
from whichgpu.audit.document import RUNNING
from whichgpu.audit.findings import made
from whichgpu.audit.text.quantities import SPELLED, read_number
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.audit.values.fields import days_of, released
from whichgpu.audit.values.sourced import source_of
from whichgpu.units import DAYS_PER_YEAR
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.hardware.gpu import Gpu

_ARTICLES = (
    r"(?:the\s+|an?\s+|its\s+(?:\w+\s+){0,2}|nvidia[\u2019']?s?\s+|amd[\u2019']?s?\s+|older\s+|newer\s+)*"
)
_SO_LONG = (
    rf"(?:(?P<n>an?|\d{{1,2}}|{'|'.join(SPELLED)}|half an?)\s+(?:full\s+)?(?P<unit>years?|months?)\s+)?"
)
_ABOUT = (
    r"(?:(?:only|about|some|around|roughly|just|almost|nearly|more than|over|well|much|far|slightly|a bit|"
    r"a good)\s+)*"
)
#: The date that is told of the first one.
_IN = (
    r"(?:(?:out\s+)?in\s+(?:(?:early|late|mid|the\s\w+\sof)[\s-])?(?:[A-Z][a-z]+\s)?20[012]\d,?\s+"
    r"(?:and\s(?:thus|so)\s)?)?"
)
#: What stands for a device that was spoken of, as the first one.
_IT = re.compile(
    r"\W*(?:(?:and|but|so)\s)?(?P<it>it|this (?:one|card|gpu)|the (?:card|module))(?=\s)", re.IGNORECASE
)
#: Between the two names, with what it says of the first one.
_ORDER = re.compile(
    rf"s?,?\s+(?:(?:is|was|are|were)\s+(?:{_ABOUT}{_SO_LONG}(?P<age>newer|younger|older)\s+than|"
    r"(?:the|a)\s+(?:direct\s+|official\s+)?(?P<kin>successor|predecessor|replacement)\s+(?:of|to|for)|"
    r"(?P<by>succeeded|replaced|superseded|followed)\s+by)|"
    r"(?:came(?:\s+out|\s+to market)?|"
    r"(?:(?:was|were)\s+)?(?:launched|released|introduced|announced|unveiled)|"
    rf"arrived|appeared|debuted|followed)\s+{_IN}{_ABOUT}"
    rf"{_SO_LONG.replace('?P<n>', '?P<n2>').replace('?P<unit>', '?P<unit2>')}"
    r"(?P<way>before|after|ahead of|earlier than|later than)|"
    rf"(?P<did>succeeded|replaced|superseded|succeeds|replaces|supersedes))\s+{_ARTICLES}",
    re.IGNORECASE,
)
_ELSE = re.compile(
    r"\b(?:laptops?|notebooks?|version|variant|price|driver|support\w*|cloud|we|our|my|i|instances?|nodes?|"
    r"cluster|"
    r"firmware|until|if|should|will|may|not|never)\b|n[\u2019']t\b|\?",
    re.IGNORECASE,
)
#: Days by which the order must be the other way, and a year of them; how many years may be off.
_SURELY, _OFF = 60, 1.0
#: More models than these go by no one name but that of a chip or an architecture.
_FORMS = 3
_NEWER = frozenset({"newer", "younger", "successor", "replacement", "after", "later than"})


class _Told(NamedTuple):
    """That a first device is newer than a second one (1) or older (-1), by so many years where it is said."""

    sign: int
    years: float


def find(context: Context) -> Iterator[Finding]:
    """Every order of two devices in time, with its verdict."""
    for index, passage in context.document.running():
        if passage.kind not in RUNNING:
            continue
        named = context.mentions.get(index, ())
        for sentence in sentences(passage.text):
            here = within(named, sentence.start, sentence.end)
            if here and is_asserted(sentence.text) and not _ELSE.search(sentence.text):
                for one, other in pairwise([*_it(index, passage, sentence, context), *here]):
                    match = _ORDER.fullmatch(passage.text, one.end, other.start)
                    if match:
                        yield from _judged(passage, (one, other), match, context)


def _it(index: int, passage: Passage, sentence: Sentence, context: Context) -> Iterator[Mention]:
    """The device that a pronoun at the front of a sentence stands for, at its place."""
    word = _IT.match(passage.text, sentence.start, sentence.end)
    who = spoken(index, passage, sentence, context) if word else None
    if word and who and who.certain and len(who.topic) == 1:
        yield who.topic[0]._replace(start=word.start("it"), end=word.end())


def _told(match: re.Match[str]) -> _Told:
    word = next(match[key] for key in ("age", "kin", "way", "by", "did") if match[key]).lower()
    newer = bool(match["did"]) or word in _NEWER
    number, unit = match["n"] or match["n2"], match["unit"] or match["unit2"]
    years = read_number(number) / (12.0 if unit.lower().startswith("month") else 1.0) if number else 0.0
    return _Told(1 if newer else -1, years)


def _dated(mention: Mention, context: Context) -> list[Gpu]:
    """The devices of a name whose release is on file; of a kind of many models, the first of them."""
    dated = [gpu for key in mention.ids if (gpu := context.catalogue[key]).value("release_date")]
    is_kind = len({model(gpu.id, context.catalogue) for gpu in dated}) > _FORMS
    return sorted(dated, key=days_of)[:1] if is_kind else dated


def _judged(
    passage: Passage, pair: tuple[Mention, Mention], match: re.Match[str], context: Context
) -> Iterator[Finding]:
    first, second = (_dated(each, context) for each in pair)
    if not first or not second or {*pair[0].named} & {*pair[1].named}:
        return
    told = _told(match)
    gaps = [
        (a - b) * told.sign
        for one, other in product(first, second)
        for a, b in zip(days_of(one), reversed(days_of(other)), strict=True)
    ]
    wrong = max(gaps) < -_SURELY or (
        told.years > 0 and min(abs(gap / DAYS_PER_YEAR - told.years) for gap in gaps) > _OFF
    )
    # What succeeds another need not be the next one.
    right = min(gaps) > _SURELY and not wrong and bool(match["age"] or match["way"])
    if wrong or right:
        because = f"{first[0].id} came out {released(first[0])}, {second[0].id} {released(second[0])}"
        yield made(
            context, passage, (pair[0].start, pair[1].end), "ordering",
            "contradicted" if wrong else "confirmed", subject=", ".join(pair[0].ids),
            attribute="release_date", because=because, expected="" if right else because,
            evidence=(source_of(first[0], "release_date"), source_of(second[0], "release_date")),
        )  # fmt: skip
