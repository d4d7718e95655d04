"""Amounts that the memory of a named device makes with others: "that leaves 52 GB free on the MI300X".

What a text works out is not only made of what it tells: the size of a card that it names goes without saying.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.units import GIB

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.quantities import Quantity

#: How far rounding goes, of what is told roughly too; bytes of a gigabyte as memory is sold; sentences back.
_EXACT, _ROUGH, _BACK, _MOST = 0.012, 0.06, 2, 8
_EACH = re.compile(r"\s*(?:/|per |an? |for each |each )\s?(?:gig\w*|GB)\b", re.IGNORECASE)
_PER = re.compile(r"\b(?:per|for each|a) (?:gig\w*|GB)\b", re.IGNORECASE)
_LEFT = re.compile(r"\b(?:left|lea(?:ve|ves|ving)|free|remain\w*|spare|rest|headroom)\b", re.IGNORECASE)
_ROUGHLY = re.compile(
    r"\b(?:about|around|roughly|some|nearly|almost|approximately|over|under|circa)\b|~", re.I
)


def is_of_file(found: Finding, where: tuple[int, Passage, int], context: Context) -> bool:
    """Whether an amount of money or memory follows from the memory of a device that is named around it."""
    index, passage, at = where
    end = at + len(found.quote)
    told = next((each for each in quantities(passage.text, context.fraction) if at <= each.start < end), None)
    if told is None or told.dimension not in ("money", "memory") or not told.value:
        return False
    own = next((n for n, one in enumerate(sentences(passage.text)) if one.start <= at < one.end), 0)
    lines = sentences(passage.text)[max(0, own - _BACK) : own + 1]
    if not lines:
        return False
    start, stop = lines[0].start, lines[-1].end
    sizes = {
        float(size) / GIB * 1e9
        for each in within(context.mentions.get(index, ()), start, stop)
        for key in each.ids
        if (size := context.catalogue[key].value("memory"))
    }
    per = _EACH.match(passage.text, told.end) is not None or _PER.search(passage.text, start, at) is not None
    left = _LEFT.search(passage.text, lines[-1].start, stop) is not None
    if _EACH.match(passage.text, told.end):
        # "A Spark at $3,999 makes $31.24 per gigabyte": by a name that is short for one told before.
        sizes |= {
            float(size) / GIB * 1e9
            for key in context.spoken_of
            if key in context.catalogue and (size := context.catalogue[key].value("memory"))
        }
    others = [
        each for each in within(quantities(passage.text, context.fraction), start, stop) if each != told
    ]
    slack = _ROUGH if _ROUGHLY.search(passage.text, max(0, at - 24), at + 2) else _EXACT
    return any(abs(one / told.value - 1) <= slack for one in _made(told, sizes, others, per=per, left=left))


def _made(
    told: Quantity, sizes: set[float], others: Sequence[Quantity], *, per: bool, left: bool
) -> Iterator[float]:
    """What sizes of memory give: so much money for each gigabyte, and what is left of one or several."""
    for size in sizes:
        for each in others:
            if told.dimension == "money" and each.dimension == "money" and per:
                yield each.value / (size / 1e9)
            elif told.dimension == "memory" and each.dimension == "memory" and left:
                yield from (number * size - each.value for number in range(1, _MOST + 1))
