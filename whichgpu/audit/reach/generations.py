"""How many generations lie between two: "the two are three generations apart", "two generations newer".

The two are those that the sentence names, or those of all devices of which a text speaks. Wrong is a
number that no way back from one to the other has: Ampere came after Volta, and after Turing, which did too.
"""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.mood import is_indicative
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.reach.lineage import ends_of
from whichgpu.audit.text.sentences import sentences
from whichgpu.hardware.architecture import apart

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence

_NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5}
#: "A generation ahead" is said of whatever came later.
_SAID = re.compile(
    r"\b(?P<n>one|two|three|four|five|[1-5])(?:\s+(?:full|whole|entire|gpu|architectural|hardware))?"
    r"\s+generations?\s+(?:apart|newer|older|ahead|behind|later|earlier|younger|back|removed|"
    r"of (?:difference|progress|distance))\b",
    re.IGNORECASE,
)
_NO = re.compile(
    r"\b(?:not|never|no|nor|if|almost|nearly|at least|more than|over|feels?|like|tensor|process|memory|"
    r"nvlink|pcie)\b|n[\u2019']t\b|\?",
    re.IGNORECASE,
)
_TWO = 2


def generations_between(context: Context) -> Iterator[Finding]:
    """Every number of generations between two that no way back from the one to the other has."""
    for index, passage in context.document.running():
        if "generation" not in passage.text.lower():
            continue
        for sentence in sentences(passage.text):
            said = _SAID.search(passage.text, sentence.start, sentence.end)
            if said and is_indicative(sentence.text) and not _NO.search(sentence.text):
                yield from _judged(index, passage, sentence, said, context)


def _judged(
    index: int, passage: Passage, sentence: Sentence, said: re.Match[str], context: Context
) -> Iterator[Finding]:
    two = _named(index, passage, sentence, context)
    told = said["n"].lower()
    ways = {
        ways for a, b in permutations(two, _TWO) for one in a for other in b if (ways := apart(one, other))
    }
    counts = sorted(frozenset().union(*ways))
    # Within a generation some are called newer by one, as a refresh is.
    if counts and counts[0]:
        verdict = "confirmed" if (_NUMBERS.get(told) or int(told)) in counts else "contradicted"
        right = " or ".join(map(str, counts))
        because = f"from the one generation to the other it is {right}"
        yield made(
            context, passage, said.span(), "ordering", verdict, attribute="release_date",
            because=because, expected=right, evidence=(Evidence(because),),
        )  # fmt: skip


def _named(index: int, passage: Passage, sentence: Sentence, context: Context) -> list[frozenset[str]]:
    """The architectures of the two that a sentence is about; none where it does not tell."""
    here = [
        each for each in ends_of(index, passage, context)
        if sentence.start <= each.start < sentence.end
    ]  # fmt: skip
    if not here:
        named: dict[str, set[str]] = {}
        for key in context.spoken_of:
            gpu = context.catalogue[key]
            named.setdefault(gpu.family, set()).add(gpu.architecture)
        return list(map(frozenset, named.values())) if len(named) == _TWO else []
    found = {each.words: each.kinds for each in here}
    return list(found.values()) if len(found) == _TWO else []
