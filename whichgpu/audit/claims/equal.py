"""Equalities: "the same memory bandwidth as the T4", "72 W, same as the T4", "identical core counts"."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from whichgpu.audit.attributes import named
from whichgpu.audit.findings import made
from whichgpu.audit.pairs import Pair, facts, pair, ratios, unsure
from whichgpu.audit.roles import counted, spoken
from whichgpu.audit.sentences import sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.attributes import Attribute
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.roles import Spoken
    from whichgpu.audit.sentences import Sentence

#: "the same amount of memory", "identical CUDA core counts": what is equal is named right after.
_SAME = re.compile(
    r"\b(?:the (?:exact )?same|identical|equal)\s+(?:(?:amounts?|size|number|count) of\s+|"
    r"(?:peak|total|raw|overall|\d+\s?GB)\s+){0,2}",
    re.IGNORECASE,
)
#: "192-bit, same as the T4": what is equal is named before.
_SAME_AS = re.compile(
    r"[\s,(\u2013\u2014-]+(?:the )?(?:exact )?same as (?:on |in |that of )?(?:the |an? )?(?:nvidia |amd )?$",
    re.IGNORECASE,
)
_NOT = re.compile(
    r"\b(?:not|never|n[\u2019']t|almost|nearly|roughly|about|essentially|practically|similar|if|per|unlike|"
    r"at the same time|different|memory (?:technolog\w+|types?|standards?|chips?))\b",
    re.IGNORECASE,
)
#: Off by less, two values are the same; off by more, they are not, whatever was rounded.
_EQUAL, _UNLIKE = 0.01, 0.06
_REACH = 60


def find(context: Context) -> Iterator[Finding]:
    """Every stated equality of two devices with its verdict."""
    for index, passage in enumerate(context.document.passages):
        if passage.kind not in ("paragraph", "item", "caption") or (
            "same" not in passage.text and ("identical" not in passage.text and "equal" not in passage.text)
        ):
            continue
        for sentence in sentences(passage.text):
            if not _NOT.search(sentence.text):
                who = spoken(index, passage, sentence, context)
                yield from _named_after(passage, sentence, who, context)
                yield from _named_before(passage, sentence, who, context)


def _named_after(passage: Passage, sentence: Sentence, who: Spoken, context: Context) -> Iterator[Finding]:
    for match in _SAME.finditer(passage.text, sentence.start, sentence.end):
        what = next((each for each in named(passage.text) if each.start == match.end()), None)
        both = _both(match.start(), what.end, who, context) if what else None
        if what and both:
            yield from _judged(passage, (match.start(), what.end), what.attribute, both, context)


def _named_before(passage: Passage, sentence: Sentence, who: Spoken, context: Context) -> Iterator[Finding]:
    for mention in who.here:
        match = _SAME_AS.search(passage.text, sentence.start, mention.start)
        found = within(named(passage.text), sentence.start, match.start()) if match else ()
        near = [each for each in found if match and match.start() - each.end < _REACH]
        both = pair(near[-1].start, match.start(), who, context) if match and near else None
        if match and both and mention.named == both.second:
            start = match.start() + len(match[0]) - len(match[0].lstrip(" ,(\u2013\u2014-"))
            yield from _judged(passage, (start, mention.end), near[-1].attribute, both, context)


def _both(start: int, end: int, who: Spoken, context: Context) -> Pair | None:
    """The two that are said to be equal: joined before it, "the L4 and the T4 have the same", or after it."""
    before = [each for each in who.here if each.end <= start]
    if any(counted(who.text, max(0, each.start - 20), each.start) > 1 for each in who.here):
        return None
    if not [each for each in who.here if each.start >= end]:
        return Pair(before[0].named, before[1].named) if len(before) == 2 else None
    return pair(start, end, who, context)


def _judged(
    passage: Passage, place: tuple[int, int], attribute: Attribute, both: Pair, context: Context
) -> Iterator[Finding]:
    values = ratios(attribute, both, context)
    if not values:
        return
    off, words = min((abs(value - 1), words) for value, words in values)
    verdict = "confirmed" if off <= _EQUAL else "contradicted" if off > _UNLIKE else "unverifiable"
    if verdict == "contradicted" and unsure(both, context):
        verdict = "unverifiable"
    yield made(
        context, passage, place, "ordering", verdict, subject=both.subject, attribute=attribute.key,
        because=words, evidence=facts(attribute, both, context), expected=_of_first(words, verdict),
    )  # fmt: skip


def _of_first(words: str, verdict: str) -> str:
    """What the first one has instead."""
    return "" if verdict == "confirmed" else words.split(",", maxsplit=1)[0].rsplit(" has ", maxsplit=1)[-1]
