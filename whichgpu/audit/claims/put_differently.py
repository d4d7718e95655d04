"""Ratios that are said to follow from the two amounts told just before: "8 hours against 5. Put differently, 15 % slower".

A sentence that concludes ("in other words", "so", "therefore") from two amounts of a kind, in the sentences or the
list right before it, is wrong where neither these nor any others told in the document give its ratio.
"""  # noqa: E501

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.claims.told_ratios import clause
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.known.said import claims, is_near
from whichgpu.audit.known.store import of_catalogue, store
from whichgpu.audit.sentences import sentences
from whichgpu.audit.terms import terms

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.multiple import Multiple
    from whichgpu.audit.sentences import Sentence

_CONCLUDES = re.compile(
    r"\b(?:put differently|put another way|in other words|in short|therefore|thus|hence|accordingly|so)\b",
    re.IGNORECASE,
)
#: What the two amounts must be of, by the words of the conclusion.
_OF = {
    "energy": r"energy|electricity|joules?|kwh",
    "hour": r"time|as long|hours|faster|slower|quicker|sooner|longer|speed",
    "money": r"cheaper|dearer|expensive|money|costs?|price|pays?",
}
_WORD = {key: re.compile(rf"\b(?:{words})\b", re.IGNORECASE) for key, words in _OF.items()}
_ELSE = re.compile(
    r"\b(?:if|would|could|might|may|should|expect\w*|claim\w*|up to|between|average\w*|ago|since|"
    r"utili[sz]\w*|"
    r"users?|requests?|not|never|hardly|save[sd]?|savings?|what|only when|idle|batch\w*|per|each|"
    r"almost every|"
    r"quarter of an hour|half an hour)\b|n[\u2019']t\b|\?",
    re.IGNORECASE,
)
_AND_A_HALF = re.compile(r"\b(?:an?|one) (hour|day|minute|week|month|year) and a half\b", re.IGNORECASE)
_ITEMS, _TWO, _BACK = 4, 2, 2


def find(context: Context) -> Iterator[Finding]:
    """Every such ratio that no two amounts told give."""
    done = [(each.start, each.end) for each in context.memo["found"] if each.accuses]
    done += [(each.start, each.end) for each in context.memo["found"] if each.verdict == "confirmed"]
    for index, passage in context.document.running():
        every = sentences(passage.text) if _CONCLUDES.search(passage.text) else ()
        for at, sentence in enumerate(every):
            if not _CONCLUDES.search(sentence.text):
                continue
            before = " ".join(each.text for each in every[max(0, at - _BACK) : at]) or _items(index, context)
            for claim in claims(passage.text, sentence, context.fraction):
                place = passage.span(claim.start, claim.end)
                if before and not any(a < place[1] and place[0] < b for a, b in done):
                    yield from _judged(
                        passage, sentence, (claim.start, claim.end, claim.ways), before, context
                    )


def _items(index: int, context: Context) -> str:
    """The list right before a passage."""
    found: list[str] = []
    for each in reversed(context.document.passages[max(0, index - _ITEMS) : index]):
        if each.kind != "item":
            break
        found.insert(0, each.text)
    return "\n".join(found)


def _judged(
    passage: Passage,
    sentence: Sentence,
    claim: tuple[int, int, tuple[Multiple, ...]],
    before: str,
    context: Context,
) -> Iterator[Finding]:
    start, end, ways = claim
    text = passage.text
    words = text[slice(*clause(text, sentence, start, end))]
    kind = next((key for key, way in _WORD.items() if way.search(words)), "")
    if not kind or _ELSE.search(words):
        return
    told = _pairs(before, context)
    meant = [pair for of, pair in told if of == kind]
    if not meant:
        return
    ratios = [a / b for _, pair in told for a, b in permutations(pair, _TWO)]
    ratios += [
        a.value / b.value
        for each in (*store(context), *of_catalogue(context))
        for a, b in permutations(each.amounts[:_MOST], _TWO)
        if b.value
    ]
    if any(is_near(way, one) for way in ways for one in ratios):
        return
    one, other = meant[0]
    because = f"of the two amounts told before one is {min(one, other) / max(one, other):.2g} of the other"
    yield made(
        context, passage, (start, end), "ratio", "inconsistent", attribute="told before", because=because,
        evidence=(Evidence(because),),
    )  # fmt: skip


_MOST = 8


def _pairs(before: str, context: Context) -> list[tuple[str, tuple[float, float]]]:
    """The amounts of what is told before, of each kind the two, where there are just two."""
    plain = _AND_A_HALF.sub(r"1.5 \1s", before)
    found: dict[tuple[str, tuple[int, ...]], list[float]] = {}
    for each in terms(plain, context.fraction, ()):
        if any(each.dims) and not each.share:
            found.setdefault((each.of, each.dims), []).append(each.value)
    return [(of, (two[0], two[1])) for (of, _), two in found.items() if len(two) == _TWO]
