"""Years in which architectures came out: "Volta, which NVIDIA introduced in 2015".

An architecture is as old as its oldest device that the catalogue has; it may have been shown the year before.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.capable.verdict import GENERATIONS, of_architecture
from whichgpu.audit.document import RUNNING
from whichgpu.audit.findings import made
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.audit.values.sourced import source_of
from whichgpu.hardware.architecture import families

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.hardware.gpu import Gpu

_NAME = (
    rf"(?P<kind>{GENERATIONS}|[CR]DNA ?[1-4])(?:[\u2019']s)?"
    r"(?:\s+(?:micro-?)?(?:architecture|generation|design))?"
)
_ANY = re.compile(rf"\b(?:{GENERATIONS}|[CR]DNA ?[1-4])\b")
_CAME = (
    r"(?:introduced|launched|announced|unveiled|presented|released|shown|brought out|debuted|arrived|"
    r"appeared|came out|came)"
)
_YEAR = (
    r"(?:at\s+(?:\w+\s+)?[A-Z]\w+\s+)?(?:back\s+)?in\s+(?:early\s+|late\s+|mid-)?"
    r"(?:(?P<month>[A-Z][a-z]+)\s+)?(?P<year>20[012]\d)\b"
)
_FORMS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\b{_NAME}\s+(?:(?:was|is|were)\s+)?(?:first\s+)?{_CAME}\s+{_YEAR}",
        rf"\b{_NAME},\s+(?:which\s+)?(?:(?:was|is|nvidia|NVIDIA|Nvidia|AMD|"
        rf"they)\s+)?(?:first\s+)?{_CAME}\s+{_YEAR}",
        rf"\b{_NAME},\s+(?:which|that)\s+(?:had|made|saw)\s+its\s+(?:\w+\s+)?(?:debut|launch|release|arrival)\s+{_YEAR}",
        rf"\b{_NAME}\s+(?:had|made|saw)\s+its\s+(?:\w+\s+)?(?:debut|launch|release|arrival)\s+{_YEAR}",
        rf"\b[Ww]ith\s+{_NAME},?\s+{_YEAR}(?=,\s+(?:[\w-]+\s+){{1,4}}?(?:came|arrived|appeared|was|were|"
        rf"moved))",
        rf"\b{_NAME}\s+(?:dates|stems|is|comes)\s+(?:back\s+)?(?:from|to)\s+(?P<year>20[012]\d)\b(?P<month>)",
        rf"\b(?:NVIDIA|Nvidia|AMD)\s+(?:first\s+)?{_CAME}\s+(?:the\s+|its\s+)?{_NAME}\s+{_YEAR}",
    )
)
#: "It was presented in March 2023", behind a sentence that says what the architecture is.
_IT = re.compile(
    rf"\s*(?:It|(?:The|This) (?:architecture|generation))\s+(?:was|is)\s+(?:\w+ly\s+)?(?:first\s+)?"
    rf"{_CAME}\s+{_YEAR}"
)
_IS = re.compile(
    rf"\s*{_NAME}\s+(?:is|was)\s+(?:[\w\u2019']+\s+){{0,5}}?"
    r"(?:architecture|generation|microarchitecture|design)\b"
)
#: What is of a part of it, or of what is not there yet.
_OF_A_PART = re.compile(
    r"\b(?:geforce|gaming|consumer|workstation|professional|laptop|mobile|desktop|ultra|refresh|cards?|"
    r"super|will|would|could|rumou?r\w*|expected|planned)\b|\?",
    re.IGNORECASE,
)
_IS_FAMILY = re.compile(r"\b(?:architecture|generation|microarchitecture|design)\b", re.IGNORECASE)
#: Letters before a sentence in which a card may be named that it is of.
_NEAR = 60
#: Years from the showing of an architecture to its first device on sale; so many are of something else.
_BEFORE, _FAR = 1, 12
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
#: So many months before the first device no architecture of NVIDIA's was shown; another maker's was.
_SHOWN = 8


def find(context: Context) -> Iterator[Finding]:
    """Every year of an architecture with its verdict."""
    for index, passage in enumerate(context.document.passages):
        if passage.kind not in RUNNING or "20" not in passage.text:
            continue
        here = context.mentions.get(index, ())
        for sentence in sentences(passage.text) if _ANY.search(passage.text) else ():
            for form in _FORMS:
                for match in form.finditer(passage.text, sentence.start, sentence.end):
                    if not _is_of_card(match, sentence, here) and not _OF_A_PART.search(match[0]):
                        yield from _judged(passage, match, match["kind"], context)
        yield from _of_it(index, passage, context)


def _of_it(index: int, passage: Passage, context: Context) -> Iterator[Finding]:
    """The year of a pronoun whose sentence before is of an architecture and names no card."""
    said = sentences(passage.text) if _ANY.search(passage.text) else ()
    for before, sentence in pairwise(said):
        match = _IT.match(passage.text, sentence.start, sentence.end)
        told = _IS.match(passage.text, before.start, before.end) if match else None
        named = within(context.mentions.get(index, ()), before.start, sentence.end)
        if match and told and not named and len(set(_ANY.findall(before.text))) == 1:
            yield from _judged(passage, match, told["kind"], context)


def _is_of_card(match: re.Match[str], sentence: Sentence, here: Sequence[Mention]) -> bool:
    """Whether a year is a card's: "the RTX 2000 Ada came out in 2024", "L4: Ada Lovelace, out in 2023"."""
    in_name = any(each.start < match.end() and match.start() < each.end for each in here)
    named_before = bool(within(here, sentence.start - _NEAR, match.start()))
    return in_name or (named_before and not _IS_FAMILY.search(match[0]))


def _judged(passage: Passage, match: re.Match[str], kind: str, context: Context) -> Iterator[Finding]:
    dated = [gpu for gpu in of_architecture(kind, context) if gpu.value("release_date")]
    if not dated:
        return
    oldest = min(dated, key=lambda gpu: str(gpu.value("release_date")))
    year, first = int(match["year"]), int(str(oldest.value("release_date"))[:4])
    shown = families()[oldest.family].year if oldest.vendor == "NVIDIA" and oldest.family in families() else 0
    # Of NVIDIA's it is on file when they were shown.
    right = min(shown or first - _BEFORE, first) <= year <= first and not _is_too_early(match, oldest)
    if not right and abs(year - first) > _FAR:
        return
    because = f"{oldest.id}, the first of {kind} on file, came out in {first}"
    yield made(
        context, passage, match.span("year"), "specification", "confirmed" if right else "contradicted",
        subject=kind, attribute="release_date", expected="" if right else str(first),
        because=because, evidence=(source_of(oldest, "release_date"),),
    )  # fmt: skip


def _is_too_early(match: re.Match[str], oldest: Gpu) -> bool:
    """Whether a month is longer before the first device than any architecture of its maker's was shown."""
    month = (match["month"] or "")[:3]
    if oldest.vendor != "NVIDIA" or month not in _MONTHS:
        return False
    year, _, rest = str(oldest.value("release_date")).partition("-")
    # A year alone is taken from its first month on.
    came = int(year) * 12 + int(rest[:2] or 1) - 1
    return came - (int(match["year"]) * 12 + _MONTHS.index(month)) > _SHOWN
