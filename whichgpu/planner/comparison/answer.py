"""The answer in one paragraph: who is faster and cheaper at work, ahead in what, and what an hour costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.planner.comparison.pen import Pen
from whichgpu.planner.comparison.reasons import DECIDES, ahead_of, alone, own_power, reasons, than
from whichgpu.planner.comparison.words import counted, listed, ratio_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.planner.comparison.model import Sentence, View
    from whichgpu.planner.comparison.work import Work

#: Of so many workloads a GPU leads in both.
_BOTH = 2


def answer(view: View) -> Sentence:
    """Who does the workloads faster and cheaper, who is ahead in what, and what an hour costs."""
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
    return pen.say("answer", " ".join([*_works(view, pen), *clauses, *_price(view, pen)]))


def _works(view: View, pen: Pen) -> Iterator[str]:
    """Who is faster and who is cheaper per result in the workloads, where the estimates decide it."""
    fast = _won(view, pen, "rate", "faster" if view.pair else "the fastest")
    cheap = _won(view, pen, "usd", "cheaper per result" if view.pair else "the cheapest per result")
    told = [f"by the estimates below, {listed(fast)}"] if fast else []
    if cheap:
        told.append(f"at the cheapest on-demand prices, {listed(cheap)}{_at_one_provider(view, pen)}")
    if told:
        text = "; ".join(told)
        yield f"{text[0].upper()}{text[1:]}."


def _won(view: View, pen: Pen, what: str, word: str) -> list[str]:
    """`the A100 is faster in all four workloads (2.13x to 3.61x)`, for each that leads in some."""
    asked = [work for work in view.works if view.all_know(f"{work.field}.{what}")]
    won: dict[str, list[tuple[float, str]]] = {}
    sure: dict[str, int] = {}
    for work in asked:
        first, second, *_ = (known := view.ranked(field := f"{work.field}.{what}"))
        ratio = max(known[first] / known[second], known[second] / known[first])
        if ratio >= DECIDES:
            pen.rests_on(field, first, second)
            won.setdefault(first, []).append((ratio, work.title))
            sure[first] = sure.get(first, 0) + (what != "rate" or _certain(work, first, second))
    return [
        f"the {pen.name(key)} is {word} in {_of_all(sorted(leads), len(asked), view.pair)}"
        f"{_surely(sure[key], len(leads))}"
        for key, leads in sorted(won.items(), key=lambda one: -len(one[1]))
    ]


def _certain(work: Work, first: str, second: str) -> bool:
    """Whether the interval of the ratio of two rates leaves no doubt who is first."""
    from whichgpu.planner.comparison.work import speed_ratio  # numpy: a table without workloads needs none

    return speed_ratio(work.results[first], work.results[second])[0] >= 1


def _surely(sure: int, leads: int) -> str:
    """In how many of its leads the interval of the ratio leaves no doubt who is first, where not in all."""
    if sure == leads:
        return ""
    return ", but not surely" if leads == 1 else f", surely in {counted(sure)} of them"


def _at_one_provider(view: View, pen: Pen) -> str:
    """In how many workloads the cheaper stays so at the one provider that has both, where not in all."""
    row = view.rows.get("usd_same_provider")
    if row is None or not view.pair:
        return ""
    fields = [f"{work.field}.usd" for work in view.works if view.all_know(f"{work.field}.usd")]
    there = {key: pen.value(key, row.field) / pen.value(key, "usd_per_hour") for key in view.ids}
    stays = 0
    for field in fields:
        first, second = view.ranked(field)
        stays += pen.value(first, field) * there[first] < pen.value(second, field) * there[second]
    provider = row.label.removeprefix("On demand at ")
    if stays == len(fields):
        return ""
    where = f"at {provider}, which has both"
    return f", but {where}, in {counted(stays)} of them" if len(fields) > 1 else f", but not {where}"


def _of_all(leads: list[tuple[float, str]], asked: int, pair: bool) -> str:
    """`all four workloads (2.1x to 3.6x)`, `training BERT-large (1.5x the next)`: of several, beside whom."""
    ratios = list(dict.fromkeys(ratio_words(ratio) for ratio in (leads[0][0], leads[-1][0])))
    ratios[-1] += "" if pair else " the next"
    if len(leads) == 1:
        return f"{leads[0][1]} ({ratios[0]})"
    every = "both" if asked == _BOTH else f"all {counted(asked)}"
    which = every if len(leads) == asked else f"{counted(len(leads))} of {counted(asked)}"
    return f"{which} workloads ({' to '.join(ratios)})"


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
    power = next(reason for reason in reasons(view) if reason.field == "power")
    power = power._replace(field=own_power(view))
    if other := ahead_of(view, key, power):
        told = f"{pen.against(key, other, power.field)}{_whole_boards(view, pen, key, other)}"
        each = "" if power.field == "power" else " for each GPU"
        parts.append(f"draws {'less' if view.pair else 'least'}{each} ({told})")
    return listed(parts) if parts else ""


def _whole_boards(view: View, pen: Pen, *keys: str) -> str:
    """What boards that carry several GPUs draw, beside the shares of one: `; the board of the K80 300 W`."""
    shared = [key for key in keys if view.rows.get("units_per_board") and view.number(key, "units_per_board")]
    return "".join(f"; the board of the {pen.name(key)} {pen.quantity(key, 'power')}" for key in shared)


def _ahead(view: View, pen: Pen, key: str) -> Iterator[str]:
    for reason in reasons(view):
        other = (
            ""
            if reason.field in ("power", "slots", "usd_per_hour") or reason.field.endswith("_watt")
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
