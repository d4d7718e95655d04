"""What to rent or buy: for a job, for a use, for requests under a load."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from whichgpu import api
from whichgpu.errors import UsageError
from whichgpu.web.answers.base import known

if TYPE_CHECKING:
    from whichgpu.planner.answer import Recommendation
    from whichgpu.planner.use import Use
    from whichgpu.report.table import Report
    from whichgpu.web import asks


def recommend(ask: asks.Recommend) -> Report:
    """The answer of `whichgpu recommend`, with its chart and what would change it."""
    from whichgpu.planner.use import use

    other = use(ask.workload)
    if other is not None:
        return _for_use(other, ask)
    return _fleets(ask) if ask.under_load else recommended(ask)[0]


def told(ask: asks.Ranked) -> Report:
    """The answer of `whichgpu recommend`: its document, without the tables and the chart of pages."""
    from whichgpu.planner.use import use
    from whichgpu.report.table import Report as Made

    loaded = ask.under_load or use(ask.workload) is not None
    data = recommend(ask).data if loaded else ranked(ask).to_dict()
    return Made({**data, "candidates": data["candidates"][: ask.limit]}, ())


def ranked(ask: asks.Recommend) -> Recommendation:
    """The recommendation itself; raises as `recommend` does."""
    from whichgpu.planner.recommend import recommend as rank

    request, own = _request(ask)
    return rank(request, known(), own)


def recommended(ask: asks.Recommend) -> tuple[Report, Recommendation]:
    """The report, and the recommendation itself."""
    from whichgpu.report.pareto import drawn
    from whichgpu.report.recommendation import report

    answer = ranked(ask)
    return drawn(answer, report(answer, limit=100, why_not=True)), answer


def _request(ask: asks.Recommend) -> Any:
    from whichgpu.planner.request import read_request

    # A workload that is none is told of there, with the uses that have no model.
    asked = api.job(ask.workload, **ask.columns())
    return read_request(asked, known(), today=date.today(), **_wishes(ask))


def _wishes(ask: asks.Recommend) -> dict[str, Any]:
    """What is wished for, as `recommend` takes it; lists that are empty are not stated."""
    from whichgpu.planner.request import Wished

    stated = {name: getattr(ask, name) for name in Wished._fields}
    wished = {name: value for name, value in stated.items() if value not in (None, [])}
    # Left to itself it is on demand, and what is only bought is bought.
    wished = {name: value for name, value in wished.items() if (name, value) != ("term", "on-demand")}
    return {**wished, "offers": ask.offers} if ask.offers else wished


def _for_use(other: Use, ask: asks.Recommend) -> Report:
    """Cards for a use that is answered from specifications."""
    from whichgpu.planner.fleets.asked import Asked
    from whichgpu.planner.request import read_use_request
    from whichgpu.planner.uses import for_use
    from whichgpu.report.uses import report

    stated = {name: value for name, value in ask.columns().items() if value}
    if stated:
        raise UsageError(
            f"{next(iter(stated))} is of predicted work, and {other.title} is answered from specifications"
        )
    request, own = read_use_request(other, known(), today=date.today(),
                                    load=Asked(ask.slo, ask.rate, ask.users), **_wishes(ask))  # fmt: skip
    return report(for_use(other, request, known(), own), limit=100, why_not=True)


def _fleets(ask: asks.Recommend) -> Report:
    from whichgpu.planner.fleets.asked import Asked, assumed, read
    from whichgpu.planner.fleets.ranking import fleets
    from whichgpu.report.fleet import report

    request, own = _request(ask)
    asked = Asked(ask.slo, ask.rate, ask.users, ask.pause)
    terms, load = read(request, asked)
    return report(fleets(request, terms, load, known(), own, assumed=assumed(asked)), why_not=True)
