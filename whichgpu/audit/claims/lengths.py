"""Caches of several lengths: "an 8,192-token chat takes 2.7 GB, one of 32,768 tokens 21.5 GB".

The cache of keys and values grows with its tokens. Where clauses side by side tell both, an amount is wrong
that is not so many times the first one's as its tokens are; of three or more, one that the others exclude.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.claims.cached import about_cache, is_smaller
from whichgpu.audit.document import RUNNING
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.dimensions import dims
from whichgpu.audit.text.models import formats, models
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.audit.text.terms import terms
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.dimensions import Term

#: What makes an amount of more than one length, or of more than the cache.
_ELSE = re.compile(
    r"\b(?:users?|requests?|batch\w*|streams|sessions|chats|conversations|two|three|four|eight|ten|each|per|"
    r"weights?|model (?:takes|itself)|total|together|left|leav\w+|free|cards?|gpus?|vram|window\w*|"
    r"layers?)\b",
    re.IGNORECASE,
)
_FOR_ONE = re.compile(
    r"\b(?:one|a|an|single|per|each) (?:single )?(?:user|request|chat|conversation|session)\b", re.I
)
_CLAUSE = re.compile(r"[.;:?!]\s|,\s+(?:and|but|while|whereas)\s|,\s(?=(?:one|a|an|at|in) )")
_AMOUNT, _TOKENS = dims(byte=1), dims(token=1)
#: How far two amounts may be from the ratio of their tokens; beyond the second one they are of two things.
_NEAR, _FAR, _TWO = 0.12, 3.0, 2


class _Pair(NamedTuple):
    """What so many tokens are said to take."""

    tokens: float
    told: Term

    def each(self) -> float:
        """Bytes of a token."""
        return self.told.value / self.tokens


def find(context: Context) -> Iterator[Finding]:
    """Every amount that is out of step with the one before it."""
    for index, passage in context.document.running():
        if passage.kind not in RUNNING or not about_cache(passage):
            continue
        names = tuple((each.start, each.end) for each in context.mentions.get(index, ()))
        pairs = list(_pairs(passage, terms(passage.text, context.fraction, names)))
        if len({each.tokens for each in pairs}) < _TWO or not _is_of_one(passage, pairs):
            continue
        middle = sorted(pairs, key=_Pair.each)[len(pairs) // 2] if len(pairs) > _TWO else pairs[0]
        for pair in pairs:
            ratio = pair.each() / middle.each()
            if abs(ratio - 1) > _NEAR and 1 / _FAR < ratio < _FAR:
                yield _finding(passage, middle, pair, context)


def _is_of_one(passage: Passage, pairs: Sequence[_Pair]) -> bool:
    """Whether the clauses from the first to the last are of one cache: of one model, in one format."""
    between = passage.text[pairs[0].told.start : pairs[-1].told.end]
    return not (is_smaller(between) or models(between) or formats(between))


def _pairs(passage: Passage, every: Sequence[Term]) -> Iterator[_Pair]:
    """The clauses that tell one length and one amount, in their order."""
    text = passage.text
    for sentence in sentences(text):
        cuts = [sentence.start, *(each.end() for each in _CLAUSE.finditer(text, *sentence[:2])), sentence.end]
        for start, end in pairwise(cuts):
            here = within(every, start, end)
            tokens = [each for each in here if each.dims == _TOKENS and not each.each]
            amounts = [each for each in here if each.dims == _AMOUNT and not each.each]
            if len(tokens) == len(amounts) == 1 and not _ELSE.search(_FOR_ONE.sub(" ", text[start:end])):
                yield _Pair(tokens[0].value, amounts[0])


def _finding(passage: Passage, right: _Pair, wrong: _Pair, context: Context) -> Finding:
    expected = f"{right.each() * wrong.tokens / 1e9:,.3g} GB"
    because = f"{right.tokens:,.0f} tokens in {right.told.words} make {expected} of {wrong.tokens:,.0f}"
    place = (wrong.told.start, wrong.told.start + len(wrong.told.words))
    return made(context, passage, place, "memory requirement", "inconsistent", attribute="kv cache",
                because=because, expected=expected, evidence=(Evidence(because),))  # fmt: skip
