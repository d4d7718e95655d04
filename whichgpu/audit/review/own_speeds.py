"""Accused amounts that are a device's own speed in another period: 45 tokens a second are 162,000 an hour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit.findings import withheld
from whichgpu.audit.known.store import store
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import sentence_at, within
from whichgpu.units import DAY, HOUR, MINUTE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding

#: What one period is of another: seconds, minutes, hours and days.
_PERIODS = (MINUTE, 1440.0, HOUR, DAY)
_NEAR = 0.012
_WORKED = frozenset({"bill", "result"})


def without_own_speeds(found: Sequence[Finding], context: Context) -> list[Finding]:
    """Findings without the accusations of what a table or a list told of the device itself."""
    asked = {each.start for each in found if each.accuses and each.attribute in _WORKED}
    own = set(_own(asked, context)) if asked else set()
    return [
        withheld(each, "the document tells that speed of the device itself")
        if each.start in own and each.start in asked and each.accuses
        else each
        for each in found
    ]


def _own(asked: set[int], context: Context) -> Iterator[int]:
    """The places of the amounts, of those asked for, that are the speed of the device before them."""
    for index, passage in context.document.running():
        places = {passage.span(each.start, each.end)[0]: each for each in quantities(passage.text)}
        for start in asked & places.keys():
            one = places[start]
            if any(
                abs(speed * period / one.value - 1) < _NEAR
                for speed in _speeds(index, passage, one.start, context)
                for period in _PERIODS
            ):
                yield start


def _speeds(index: int, passage: Passage, at: int, context: Context) -> list[float]:
    """The speeds that are told of one of the last device that a sentence names before a place."""
    here = sentence_at(passage.text, at)
    named = within(context.mentions.get(index, ()), here.start, at)[-1:] if here else ()
    ids = {one for each in named for one in (*each.named, *each.ids)}
    return [
        one.value for each in store(context) if each.measure == "speed" and not each.derived
        for one in each.amounts if one.ids & ids and one.number == 1
    ]  # fmt: skip
