"""What a workload takes to run, energy and money, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.planner.comparison.pen import Pen
from whichgpu.planner.comparison.value import costs
from whichgpu.planner.comparison.words import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.planner.comparison.model import Sentence, View
    from whichgpu.planner.comparison.work import Work


def energy_sentences(view: View, work: Work) -> Iterator[Sentence]:
    """What one item takes in energy on each, at which power."""
    field = f"{work.field}.energy"
    known = tuple(view.ranked(field))
    if len(known) < 2:
        return
    pen = Pen(view)
    what = (
        "a token" if work.unit == "tokens" else f"{'an' if work.single[0] in 'aeiou' else 'a'} {work.single}"
    )
    told = listed(
        f"{pen.quantity(key, field)} on the {pen.name(key)} (at {pen.quantity(key, f'{work.field}.watts')})"
        for key in known
    )
    yield pen.say("workload", f"{what} takes {told}")


def cost_sentences(view: View, work: Work) -> Iterator[Sentence]:
    """What the workload costs on each at today's price, and up to which the faster of two is worth it."""
    field = f"{work.field}.usd"
    known = tuple(view.ranked(field))
    if len(known) < 2:
        return
    pen = Pen(view)
    told = listed(f"{pen.amount(key, field)} USD on the {pen.name(key)}" for key in known)
    noun = f"a {work.noun}" if work.noun.startswith("million") else work.noun
    read = [offer.as_of for key in known if (offer := view.markets[key].best.get("on-demand"))]
    dates = sorted({day.isoformat() for day in read if day})
    when = f" (read {dates[0]}{f' to {dates[-1]}' if len(dates) > 1 else ''})" if dates else ""
    yield pen.say("workload", f"{noun} cost {told} at full load and the cheapest on-demand price{when}")
    if view.pair:
        yield from _break_even(view, work)


def _break_even(view: View, work: Work) -> Iterator[Sentence]:
    """Up to which price ratio the faster one is worth it, and what the ratio is today."""
    fast, slow = view.ranked(f"{work.field}.rate")
    pen = Pen(view)
    speed = pen.ratio(fast, slow, f"{work.field}.rate")
    if speed == "the same":
        return
    worth = work.results[fast].rate / work.results[slow].rate
    yield pen.say(
        "workload",
        f"for this workload the {pen.name(fast)} is worth up to {speed} the {pen.name(slow)}'s hourly price; "
        f"it costs {'; '.join(costs(pen, fast, slow, {'': worth}))}",
    )
