"""Amounts that a document tells anywhere: whether one of a sentence has a ratio over any of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import within

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context

_OF = frozenset(("money", "power", "time", "bandwidth", "memory", "flop rate", "rate", "energy"))
_NEAR, _LAST = 0.03, 2


def gives(passage: Passage, place: tuple[int, int], ways: Sequence[float], context: Context) -> bool:
    """Whether one of the last amounts of a stretch has a ratio to any that the document tells."""
    own = within(quantities(passage.text, context.fraction), *place)[-_LAST:]
    known = _told(context) if own else {}
    return any(
        abs(ratio / way - 1) <= _NEAR
        for each in own
        if each.value > 0
        for other in known.get(each.dimension, ())
        for ratio in (each.value / other, other / each.value)
        for way in ways
        if way > 0
    )


def follows(passage: Passage, place: tuple[int, int], ways: Sequence[float], context: Context) -> bool:
    """Whether two multiples of a stretch make a ratio: 2.7 times as fast at 2.5 times the cost."""
    told = within(quantities(passage.text, context.fraction), *place)
    times = [each.value for each in told if each.dimension == "times" and each.value > 0]
    return any(
        abs(ratio / way - 1) <= _NEAR / 2
        for at, a in enumerate(times)
        for b in times[at + 1 :]
        for ratio in (a / b, b / a, a * b)
        for way in ways
        if way > 0
    )


def _told(context: Context) -> dict[str, set[float]]:
    known: dict[str, set[float]] | None = context.memo.get("amounts told")
    if known is None:
        known = context.memo["amounts told"] = {}
        for passage in context.document.passages:
            for each in quantities(passage.text, context.fraction):
                if each.dimension in _OF and each.value > 0:
                    known.setdefault(each.dimension, set()).add(each.value)
    return known
