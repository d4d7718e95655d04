"""Which two devices can be set against each other at a place of a paragraph."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.abreast.sayings import NAME
from whichgpu.audit.devices.mentions import mentions, model

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.abreast.sayings import Saying
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.hardware.gpu import Gpu

    Side = tuple[str, ...]

#: What parts a sentence into what each says of its own devices.
_PARTS = re.compile(
    rf"[;:]\s|,\s+and\s+(?=(?:the\s+)?(?:[A-Z]\w+\s+)?{NAME})|,?\s\b(?:while|whereas|but|although|"
    rf"though)\b|\s[\u2013\u2014]\s"
)
#: More devices than these are a survey, in which anything may be meant.
_MOST = 3
_TWO = 2


def sides(
    saying: Saying, index: int, passage: Passage, sentence: Sentence, context: Context
) -> list[tuple[list[Gpu], list[Gpu]]]:
    """The pairs of devices that can be meant, each in all forms that its name may mean."""
    start, end = clause_of(saying, sentence)
    every = context.mentions.get(index, ())
    inside = _models([(each.ids, each.start) for each in every if start <= each.start < end], context)
    if len(inside) > _TWO:
        return []
    if len(inside) == _TWO:
        return [_pair(inside, context)]
    own = {key for ids in inside for key in ids}
    # Who is named behind it is not spoken of yet, but where the clause itself sets it against another.
    upto = [(each.ids, each.start) for each in every if each.start < saying.end or {*each.ids} & own]
    around = _models(upto, context)
    if len(around) < _TWO:
        around = _models([*_before(index, passage, context), *upto], context)
    if not _TWO <= len(around) <= _MOST:
        return []
    pairs = [_pair(each, context) for each in combinations(around, _TWO)]
    return [(a, b) for a, b in pairs if not own or own & {gpu.id for gpu in (*a, *b)}]


def clause_of(saying: Saying, sentence: Sentence) -> tuple[int, int]:
    """The part of a sentence that a saying stands in."""
    text = saying.masked
    start = max(
        (each.end() for each in _PARTS.finditer(text, sentence.start, saying.start)), default=sentence.start
    )
    return start, next(
        (each.start() for each in _PARTS.finditer(text, saying.end, sentence.end)), sentence.end
    )


def _models(found: Sequence[tuple[Side, int]], context: Context) -> list[Side]:
    """The devices by model, each with all forms that some mention of it may mean."""
    known: dict[frozenset[str], dict[str, None]] = {}
    for ids, _ in found:
        if ids:
            known.setdefault(model(ids[0], context.catalogue), {}).update(dict.fromkeys(ids))
    return [tuple(ids) for ids in known.values()]


def _pair(two: Sequence[Side], context: Context) -> tuple[list[Gpu], list[Gpu]]:
    one, other = ([context.catalogue[key] for key in ids] for ids in two)
    return one, other


def _before(index: int, passage: Passage, context: Context) -> list[tuple[Side, int]]:
    """The devices of the last paragraph of the section that names some, and of its headings."""
    found: list[tuple[Side, int]] = [
        (each.ids, 0) for line in passage.section for each in mentions(line, context.catalogue)
    ]
    for at in range(index - 1, max(-1, index - 4), -1):
        if context.document.passages[at].section == passage.section and (here := context.mentions.get(at)):
            return [*found, *((each.ids, 0) for each in here)]
    return found
