"""Architectures in time: "Turing followed in 2018", "Maxwell came after Kepler", "the 40 series is Ada"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.claims.asserted import of_kind
from whichgpu.audit.families import architectures, family_of
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.sentences import sentences
from whichgpu.hardware.architecture import families

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.sentences import Sentence
    from whichgpu.audit.subjects import Mention

_CAME = (
    r"(?:follow(?:s|ed)|came(?: out)?|arriv(?:es|ed)|appear(?:s|ed)|launch(?:es|ed)|debut(?:s|ed)|"
    r"(?:was|were) (?:introduced|launched|released|presented|announced|unveiled|brought out))"
)
#: Behind an architecture, the year in which it came; it and another one that it came before or after.
_IN_YEAR = re.compile(
    rf"(?:\s+(?:architecture|generation|family))?(?:,\s[^,.;]{{2,40}},)?\s+(?:first\s+|then\s+)?{_CAME}\s+(?:in|around)\s+"
    r"(?:(?:early|late|mid|[A-Z][a-z]+)[ -])?(?P<year>20[012]\d)\b|"
    # "Kepler, introduced in 2012, was": told in passing, or in brackets.
    r"(?:\s+(?:architecture|generation|family))?(?:,\s+(?:which (?:was|is)"
    r"\s+)?(?:first\s+)?(?:introduced|launched|released|"
    r"presented|announced|unveiled|born|dating from|out)\s+(?:in\s+|since\s+)?|\s+\((?:from\s+)?)"
    r"(?:(?:early|late|mid|[A-Z][a-z]+)[ -])?(?P<year2>20[012]\d)(?=[,.;)]|\s+(?:and|as|with|for|by)\b)"
)
_ORDER = re.compile(
    rf"(?:\s+(?:architecture|generation|family))?(?:\s+{_CAME}(?:\s+(?:out|on the market|[\w-]+ (?:years?|"
    rf"months?)))?|,?\s+(?:is\s+|was\s+)?(?:the\s+|NVIDIA[\u2019']s\s+)?(?:architecture|generation|family|series|one)"
    rf"(?:\s+(?:just|right|directly|immediately|that {_CAME}))?)\s+(?P<way>before|after)\s+(?:the\s+)?"
)
#: A series of cards, and up to its architecture what says that it is built on it.
_SERIES = re.compile(
    r"\b(?:(?P<name>(?:GeForce\s+)?(?:RTX|GTX)\s\d0(?:00)?[ -]series)|series\s+(?P<name2>(?:RTX|GTX)"
    r"\s\d0(?:00)?))\b"
    r"(?:\s+cards?|\s+gpus?)?\s+(?:is|are|was|were|uses?|rel(?:y|ies) on|runs? on|belongs? to)"
    r"(?:\s+(?:all|both|still))?"
    r"(?:\s+(?:made|built|based|produced|designed)\s+(?:on|with|around|in))?\s+(?:of\s+)?(?:the\s+|nvidia[\u2019']s\s+|an?\s+)*$",
    re.IGNORECASE,
)
#: Off by so many years, none of the days of an architecture is meant: of its announcement or its first card.
YEARS = 2


def find(context: Context) -> Iterator[Finding]:
    """Every statement on the time of an architecture, or on that of a series, with its verdict."""
    for index, passage in context.document.running():
        for sentence in sentences(passage.text) if architectures().search(passage.text) else ():
            yield from _of_sentence(passage, sentence, context.mentions.get(index, ()), context)


def _of_sentence(
    passage: Passage, sentence: Sentence, cards: Sequence[Mention], context: Context
) -> Iterator[Finding]:
    text, known = passage.text, families()
    # The Ada of "RTX 2000 Ada" is a card.
    named = [
        each
        for each in architectures().finditer(text, sentence.start, sentence.end)
        if not any(card.start < each.start() < card.end for card in cards)
    ]
    for at, match in enumerate(named):
        family = known.get(family_of(match[0]))
        if family is None or not family.year:
            continue
        told = _IN_YEAR.match(text, match.end(), sentence.end)
        if told:
            year = "year" if told["year"] else "year2"
            wrong = abs(int(told[year]) - family.year) >= YEARS
            because = f"{family.name} is of {family.year}"
            expected = str(family.year) if wrong else ""
            yield _made(passage, told.span(year), wrong, (family.name, because, expected), context)
        other = known.get(family_of(named[at + 1][0])) if at + 1 < len(named) else None
        order = _ORDER.fullmatch(text, match.end(), named[at + 1].start()) if other else None
        if order and other and other.year and other.year != family.year and other.vendor == family.vendor:
            wrong = (family.year > other.year) is (order["way"].lower() == "before")
            because = f"{family.name} is of {family.year}, {other.name} of {other.year}"
            yield _made(
                passage, (match.start(), named[at + 1].end()), wrong, (family.name, because, ""), context
            )
        series = _SERIES.search(text, sentence.start, match.start())
        if series:
            words = series["name"] or f"{series['name2']} series"
            every = {gpu.family for gpu in of_kind(words.removeprefix("GeForce "), context)}
            if every:
                because = f"the {words} is {' and '.join(known[one].name for one in sorted(every))}"
                yield _made(passage, match.span(), family.id not in every, (words, because, ""), context)


def _made(
    passage: Passage, place: tuple[int, int], wrong: bool, told: tuple[str, str, str], context: Context
) -> Finding:
    subject, because, expected = told
    return made(
        context, passage, place, "identity", "contradicted" if wrong else "confirmed", subject=subject,
        attribute="architecture", because=because, expected=expected, evidence=(Evidence(because),),
    )  # fmt: skip
