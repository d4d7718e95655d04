"""The answer in one paragraph: who is ahead in what, and what an hour costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.planner.comparison.pen import Pen
from whichgpu.planner.comparison.reasons import DECIDES, ahead_of, alone, reasons, than
from whichgpu.planner.comparison.words import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.planner.comparison.model import Sentence, View


def answer(view: View) -> Sentence:
    """Who is ahead in what, and what an hour costs, in one paragraph."""
    pen = Pen(view)
    clauses = []
    for key in view.ids:
        told = _leads(view, pen, key)
        if told:
            clauses.append(f"The {view.names[key]} {told}.")
    if not clauses:
        who, all_of = ("Neither is ahead of the other", "both") if view.pair else (
            "None is ahead of the others", "all of them")  # fmt: skip
        clauses.append(f"{who} by a fifth or more in anything that was read for {all_of}.")
    return pen.say("answer", " ".join([*clauses, *_price(view, pen)]))


def _leads(view: View, pen: Pen, key: str) -> str:
    """`is ahead in memory (1.67x) and draws less (300 against 400 W)`."""
    ahead = list(_ahead(view, pen, key))
    parts = [f"is ahead in {listed(ahead)}"] if ahead else []
    only = [field for field in ("bf16", "fp8", "fp4") if alone(view, key, field)]
    if only:
        pen.rests_on(only[0], key)
        for field in only[1:]:
            pen.rests_on(field, key)
        parts.append(f"alone computes in {listed(field.upper() for field in only)}")
    power = "power_per_gpu" if "power_per_gpu" in view.rows else "power"
    for reason in reasons(view):
        other = ahead_of(view, key, reason) if reason.field == power else ""
        if other:
            parts.append(f"{'draws less' if view.pair else 'draws least'} ({pen.against(key, other, power)})")
    return listed(parts) if parts else ""


def _ahead(view: View, pen: Pen, key: str) -> Iterator[str]:
    power = "power_per_gpu" if "power_per_gpu" in view.rows else "power"
    for reason in reasons(view):
        other = (
            ""
            if reason.field in (power, "slots", "usd_per_hour") or reason.field.endswith("_watt")
            else ahead_of(view, key, reason)
        )
        if other:
            yield f"{reason.noun} ({pen.ratio(key, other, reason.field)}{than(pen, other)})"


def _price(view: View, pen: Pen) -> Iterator[str]:
    known = view.ranked("usd_per_hour")
    if len(known) < 2:
        return
    cheap, *dearer = known
    if not view.rows["usd_per_hour"].best(view.ids) and view.pair:
        yield f"The cheapest on-demand offers ask the same for both ({pen.quantity(cheap, 'usd_per_hour')})."
        return
    told = listed(
        f"of the {pen.name(key)} {pen.amount(key, 'usd_per_hour')} ({pen.ratio(key, cheap, 'usd_per_hour')})"
        for key in dearer
    )
    text = (
        f"On demand, an hour of the {pen.name(cheap)} costs {pen.amount(cheap, 'usd_per_hour')} USD "
        f"at the cheapest, {told}"
    )
    yield f"{text}{_elsewhere(view, pen, cheap, dearer)}."


def _elsewhere(view: View, pen: Pen, cheap: str, dearer: list[str]) -> str:
    """The ratio at one provider that has both, where it differs: the shop is part of the price."""
    row = view.rows.get("usd_same_provider")
    if row is None or not view.pair:
        return ""
    dear = dearer[0]
    here = pen.value(dear, row.field) / pen.value(cheap, row.field)
    there = pen.value(dear, "usd_per_hour") / pen.value(cheap, "usd_per_hour")
    if max(here / there, there / here) < DECIDES:
        return ""
    provider = row.label.removeprefix("On demand at ")
    if here >= 1:
        return f"; at {provider}, which has both, the ratio is {pen.ratio(dear, cheap, row.field)}"
    ratio = pen.ratio(cheap, dear, row.field)
    if ratio == "the same":
        return f"; at {provider}, which has both, they cost the same"
    return f"; at {provider}, which has both, the {pen.name(cheap)} costs {ratio} the {pen.name(dear)}"
