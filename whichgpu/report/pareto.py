"""What a recommendation leaves to weigh: price against latency, and how far a price may move."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.planner.words import handy, money
from whichgpu.report.chart import Chart, Line, Panel, Point, axis
from whichgpu.report.table import Table
from whichgpu.units import show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.planner.answer import Candidate, Recommendation
    from whichgpu.report.table import Report

_BEST, _OTHER = "nothing is better in both", "another is better in both"
#: A change of price beyond this, in either direction, is no longer a question.
LEAST, MOST = -90.0, 400.0
#: So many of a ranking are shown again at another price.
_RANKED = 10


def front(candidates: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """Those for which no other is at least as cheap and as fast, and better in one; cheapest first."""
    kept: list[Candidate] = []
    for item in sorted(candidates, key=lambda one: (one.usd_per_hour, one.estimate.latency.mid)):
        if not kept or item.estimate.latency.mid < kept[-1].estimate.latency.mid:
            kept.append(item)
    return tuple(kept)


def drawn(answer: Recommendation, made: Report) -> Report:
    """The report of a recommendation with its chart under the ranking, where a page is read first."""
    chart = pareto(answer)
    if not answer.candidates or chart is None:
        return made
    at = next(i for i, one in enumerate(made.blocks, 1) if isinstance(one, Table))
    return made._replace(blocks=(*made.blocks[:at], chart, *made.blocks[at:]))


def pareto(answer: Recommendation) -> Chart | None:
    """USD per hour against the latency of a job, with the front of what is best; None for one candidate."""
    items = answer.candidates
    if len(items) < 2:
        return None
    best = front(items)
    points = tuple(
        Point(one.usd_per_hour, one.estimate.latency.mid, _BEST if one in best else _OTHER, 0.0,
              f"{one.gpu}: {one.usd_per_hour:,.2f} USD/h, {show(one.estimate.latency.mid, 'time', 3)}")
        for one in items
    )  # fmt: skip
    line = Line(tuple((one.usd_per_hour, one.estimate.latency.mid) for one in best), "")
    named = ", ".join(one.gpu for one in best)
    return Chart(
        "Price against latency", axis("Price", "USD/h", [point.x for point in points]),
        axis("Latency of a job", "s", [point.y for point in points]), (Panel("", (line,), points),),
        ((_BEST, "b"), (_OTHER, "o")),
        summary=f"Nothing here is both cheaper and faster than one of: {named}. What is further up or right "
                "of such a one costs more or takes longer.",
    )  # fmt: skip


def sensitivity(answer: Recommendation, change: float = 0.0) -> Table | None:
    """The ranking once the price of the first has moved by `change` percent, and how far it may move.

    None where there is nothing to compare. Offers of lesser trust stay behind, whatever their price.
    """
    items = answer.candidates
    if len(items) < 2:
        return None
    first = items[0]
    factor = 1.0 + min(max(change, LEAST), MOST) / 100.0
    count, noun = handy(answer.workload.unit, first.usd_per_unit)

    def paid(one: Candidate) -> float:
        return one.usd_per_unit * (factor if one is first else 1.0)

    ranked = sorted(items, key=lambda one: (one.trust, paid(one)))[:_RANKED]
    rows = [
        (str(rank), one.gpu, money(paid(one) * count).removesuffix(" USD"), _needed(one, first))
        for rank, one in enumerate(ranked, 1)
    ]
    at = "as they are" if factor == 1.0 else f"{first.gpu} {100 * (factor - 1):+.0f} %"
    notes = (_margin(first, items),)
    columns = (">#", "GPU", f">USD per {noun}", "To be first, all else as it is")
    return Table.of(f"If prices moved: {at}", columns, rows, notes)


def _needed(one: Candidate, first: Candidate) -> str:
    """By how much its price would have to fall to draw level with the first."""
    if one is first:
        return "is first at the prices of today"
    if one.trust > first.trust:
        return "its price needs a newer or surer source first"
    fall = 100.0 * (1.0 - first.usd_per_unit / one.usd_per_unit)
    return f"its price falls by {fall:.0f} %" if fall >= 0.5 else "as good as level now"


def _margin(first: Candidate, items: Sequence[Candidate]) -> str:
    rivals = [one for one in items[1:] if one.trust <= first.trust]
    if not rivals:
        return f"{first.gpu} stays first at any price: no other has a price as trusted."
    rise = 100.0 * (rivals[0].usd_per_unit / first.usd_per_unit - 1.0)
    return f"{first.gpu} stays first until its price rises by {rise:.0f} %; then {rivals[0].gpu} is cheaper."
