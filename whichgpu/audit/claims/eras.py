"""Years in which architectures came out: "Volta, which NVIDIA introduced in 2015".

An architecture is as old as its oldest device that the catalogue has; it may have been shown the year before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.capable.verdict import GENERATIONS, of_architecture
from whichgpu.audit.document import RUNNING
from whichgpu.audit.findings import made
from whichgpu.audit.sentences import sentences, within
from whichgpu.audit.sourced import source_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.mentions import Mention
    from whichgpu.audit.sentences import Sentence

_NAME = (
    rf"(?P<kind>{GENERATIONS}|[CR]DNA ?[1-4])(?:[\u2019']s)?"
    r"(?:\s+(?:micro-?)?(?:architecture|generation|design))?"
)
_ANY = re.compile(rf"\b(?:{GENERATIONS}|[CR]DNA ?[1-4])\b")
_CAME = (
    r"(?:introduced|launched|announced|unveiled|presented|released|shown|brought out|debuted|arrived|"
    r"appeared|came out|came)"
)
_YEAR = r"(?:back\s+)?in\s+(?:early\s+|late\s+|mid-)?(?:[A-Z][a-z]+\s+)?(?P<year>20[012]\d)\b"
_FORMS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\b{_NAME}\s+(?:(?:was|is|were)\s+)?(?:first\s+)?{_CAME}\s+{_YEAR}",
        rf"\b{_NAME},\s+(?:which\s+)?(?:(?:was|is|nvidia|NVIDIA|Nvidia|AMD|they)\s+)?(?:first\s+)?{_CAME}\s+{_YEAR}",
        rf"\b(?:NVIDIA|Nvidia|AMD)\s+(?:first\s+)?{_CAME}\s+(?:the\s+|its\s+)?{_NAME}\s+{_YEAR}",
    )
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
                        yield from _judged(passage, match, context)


def _is_of_card(match: re.Match[str], sentence: Sentence, here: Sequence[Mention]) -> bool:
    """Whether a year is a card's: "the RTX 2000 Ada came out in 2024", "L4: Ada Lovelace, out in 2023"."""
    in_name = any(each.start < match.end() and match.start() < each.end for each in here)
    named_before = bool(within(here, sentence.start - _NEAR, match.start()))
    return in_name or (named_before and not _IS_FAMILY.search(match[0]))


def _judged(passage: Passage, match: re.Match[str], context: Context) -> Iterator[Finding]:
    dated = [gpu for gpu in of_architecture(match["kind"], context) if gpu.value("release_date")]
    if not dated:
        return
    oldest = min(dated, key=lambda gpu: str(gpu.value("release_date")))
    year, first = int(match["year"]), int(str(oldest.value("release_date"))[:4])
    right = first - _BEFORE <= year <= first
    if not right and abs(year - first) > _FAR:
        return
    because = f"{oldest.id}, the first of {match['kind']} on file, came out in {first}"
    yield made(
        context, passage, match.span("year"), "specification", "confirmed" if right else "contradicted",
        subject=match["kind"], attribute="release_date", expected="" if right else str(first),
        because=because, evidence=(source_of(oldest, "release_date"),),
    )  # fmt: skip
