"""The verdict on a GPU that leads in nothing: needless beside another, or in the middle of others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.planner.comparison.reasons import DECIDES, own_power, paper_lead
from whichgpu.planner.comparison.rows import sixteen_bit
from whichgpu.planner.comparison.words import listed, ratio_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.planner.comparison.model import View
    from whichgpu.planner.comparison.pen import Pen

_PRICE = "usd_per_hour"


def between(view: View, pen: Pen, key: str, buys: list[str]) -> str:
    """What to say of a GPU without a lead of its own; `buys` is what its price buys most of, if anything."""
    name = view.names[key]
    for field in ("memory", "bandwidth", sixteen_bit(view.gpus), "fp32"):
        pen.rests_on(field, *view.ids)
    paper = f", but for the peak in {sixteen_bit(view.gpus).upper()}, which no workload here bears out"
    nothing = (
        f"the {name} leads by a fifth in nothing{{}}{paper if paper_lead(view, key) else ''}{_bought(buys)}"
    )
    if not view.all_know(_PRICE):
        return nothing.format(f" that was read for {'both' if view.pair else 'all'}")
    order = tuple(view.ranked(_PRICE))
    place = order.index(key)
    for other in order[:place]:
        if not list(_gains(view, pen, key, other)):
            return (
                f"nothing compared here speaks by a fifth for the {name} beside the {pen.name(other)}, which "
                f"costs less ({pen.against(other, key, _PRICE)})"
            )
    cheaper = [other for other in order[:place] if not _needless(view, pen, other, order[:place])]
    conditions = [_more(view, pen, key, other) for other in cheaper[-1:]]
    dearer = [other for other in order[place + 1 :] if list(_gains(view, pen, other, key))]
    conditions += [
        f"the {pen.name(other)} at {pen.ratio(other, key, _PRICE)} its price is more than the work needs"
        for other in dearer[:1]
    ]
    if not conditions:
        return nothing.format(" compared here")
    return f"take the {name} if {' and '.join(conditions)}{_bought(buys)}"


def _needless(view: View, pen: Pen, key: str, order: tuple[str, ...]) -> bool:
    """Whether a cheaper one is level or ahead in everything."""
    return any(not list(_gains(view, pen, key, other)) for other in order[: order.index(key)])


def _bought(buys: list[str]) -> str:
    return f". {buys[0][0].upper()}{buys[0][1:]}" if buys else ""


def _more(view: View, pen: Pen, key: str, other: str) -> str:
    gains = listed(f"{ratio_words(ratio)} the {noun}" for noun, ratio in _gains(view, pen, key, other))
    return (
        f"the {pen.name(other)} is not enough (for {pen.ratio(key, other, _PRICE)} its price this has "
        f"{gains})"
    )


def _gains(view: View, pen: Pen, key: str, other: str) -> Iterator[tuple[str, float]]:
    """What one has more of than another, by enough to decide; lower power counts as well."""
    half = sixteen_bit(view.gpus)
    power = own_power(view)
    for field, noun in (
        ("memory", "memory"),
        ("bandwidth", "memory bandwidth"),
        (half, half.upper()),
        ("fp32", "plain FP32"),
    ):
        if view.number(key, field) and view.number(other, field):
            ratio = pen.value(key, field) / pen.value(other, field)
            if ratio >= DECIDES:
                yield noun, ratio
    if (
        view.number(key, power)
        and view.number(other, power)
        and pen.value(other, power) / pen.value(key, power) >= DECIDES
    ):
        yield "power limit", pen.value(key, power) / pen.value(other, power)
