"""What others say, in their words or if they ever should, which a text does not say itself.

Whole clauses in quotation marks are theirs, and so is what "someone tells you" where that is only supposed.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.document import HEADED
from whichgpu.audit.findings import withheld
from whichgpu.audit.text.sentences import sentences

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from whichgpu.audit.document import Document
    from whichgpu.audit.findings import Finding

#: A quotation of several words, by the marks of several languages; of the same mark twice, from the first on.
_QUOTATION = re.compile(
    r"\u201c(?P<a>[^\u201c\u201d]{8,400})\u201d|\u201e(?P<b>[^\u201e\u201c\u201d]{8,400})[\u201c\u201d]|"
    r"\u00ab(?P<c>[^\u00ab\u00bb]{8,400})\u00bb|(?<![\w\"])\"(?P<d>[^\"]{8,400})\"(?!\w)"
)
#: Words that make a clause of a quotation, and what takes up after it as true.
_CLAUSE = 3
_AGREES = re.compile(
    r"[\s*_\u201d\")\].,]*(?:\w+ (?:was|is|are|were) right\b|(?:yes|right|true|correct|exactly|indeed)\b|"
    r"(?:that|this|it)(?:[\u2019']s| is| was)\s+(?:true|right|correct|so)\b)",
    re.IGNORECASE,
)

#: What is heard, if at all, from nobody in particular: "If someone tells you that it has 24 GB, he",
#: "Whoever claims that it has 24 GB".
_IF_SOMEONE = re.compile(
    r"\b(?:whoever|anyone who|any(?:one|body) that|those who|people who)\s+(?:still |now )?(?:tells?|says?|"
    r"claims?|promises?|advertises?|writes?|states?|insists?|believes?|thinks?)\b|"
    r"\b(?:if|when(?:ever)?)\s+(?:you\s+(?:read|see|hear)\b|(?:some(?:one|body)|any(?:one|body)|people|"
    r"(?:an?|the|your)\s+(?:\w+\s)?(?:seller|vendor|reseller|salesman|dealer|advert\w*|ad|listing|shop|page|blog|"
    r"article|review|colleague|friend))\b[^.;]{0,40}\b(?:tells?|says?|claims?|offers?|promises?|advertises?|"
    r"writes?|states?|lists?|quotes?|insists?)\b)",
    re.IGNORECASE,
)


def quotations(text: str) -> Iterator[tuple[int, int]]:
    """The stretches of a text that are clauses in quotation marks, with which it does not agree behind."""
    for match in _QUOTATION.finditer(text):
        words = match["a"] or match["b"] or match["c"] or match["d"]
        if len(words.split()) >= _CLAUSE and not _AGREES.match(text, match.end()):
            yield match.span()


def without_quoted(found: Iterable[Finding], document: Document) -> list[Finding]:
    """Findings as they are, or unverifiable where they accuse what stands in such a quotation."""
    said = (each for each in document.passages if each.kind in HEADED)
    places = sorted(
        passage.span(*place)
        for passage in said
        for place in (*quotations(passage.text), *_imagined(passage.text))
    )
    return [withheld(each, _WHY) if each.accuses and _within(each, places) else each for each in found]


def _imagined(text: str) -> Iterator[tuple[int, int]]:
    """The sentences of a text that say what to think of somebody who says something."""
    for each in sentences(text) if _IF_SOMEONE.search(text) else ():
        if _IF_SOMEONE.search(each.text):
            yield each.start, each.end


def _within(found: Finding, places: Sequence[tuple[int, int]]) -> bool:
    at = bisect_right(places, (found.start, 1 << 60)) - 1
    return at >= 0 and found.end <= places[at][1]


_WHY = "it stands there as what others say"
