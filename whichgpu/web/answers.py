"""A question as a report: what the command of the same name answers, without its files.

Nothing here reads a file, a module or an address that the question names: a workload is one of the zoo, a GPU
one of the catalogue.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from whichgpu import api
from whichgpu.errors import UsageError
from whichgpu.report.table import Report

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.planner.answer import Recommendation
    from whichgpu.planner.uses import Use
    from whichgpu.web import asks
    from whichgpu.workloads.job import Job


def known() -> Catalogue:
    """The catalogue."""
    from whichgpu.hardware.catalogue import catalogue

    return catalogue()


def job(ask: asks.JobAsk, workload: str) -> Job:
    """The job of a question."""
    return api.job(resolved(workload), **ask.columns())


def resolved(workload: str) -> str:
    """The workload as it was asked for, once it is known to be one; raises `UnknownName` otherwise."""
    from whichgpu.workloads.workload import resolve

    resolve(workload)
    return workload


def ranked(ask: asks.Recommend) -> Recommendation:
    """The recommendation itself; raises as `recommend` does."""
    from whichgpu.planner.recommend import recommend as rank

    request, _ = _request(ask)
    return rank(request, known())


def _request(ask: asks.Recommend) -> Any:
    from whichgpu.planner.request import read_request

    return read_request(job(ask, ask.workload), known(), today=date.today(), **_wishes(ask))


def _wishes(ask: asks.Recommend) -> dict[str, Any]:
    """What is wished for, as `recommend` takes it; lists that are empty are not stated."""
    from whichgpu.planner.request import Wished

    stated = {name: getattr(ask, name) for name in Wished._fields}
    wished = {name: value for name, value in stated.items() if value not in (None, [])}
    # Left to itself it is on demand, and what is only bought is bought.
    return {name: value for name, value in wished.items() if (name, value) != ("term", "on-demand")}


def recommend(ask: asks.Recommend) -> Report:
    """The answer of `whichgpu recommend`, with its chart and what would change it."""
    from whichgpu.planner.uses import use

    other = use(ask.workload)
    if other is not None:
        return _for_use(other, ask)
    return _fleets(ask) if ask.under_load else recommended(ask)[0]


def _for_use(other: Use, ask: asks.Recommend) -> Report:
    """Cards for a use that is answered from specifications."""
    from whichgpu.planner.request import read_use_request
    from whichgpu.planner.uses import for_use
    from whichgpu.report.uses import report

    stated = {name: value for name, value in ask.columns().items() if value}
    if stated or ask.under_load:
        name = next(iter(stated), "slo")
        raise UsageError(f"{name} is of predicted work, and {other.title} is answered from specifications")
    request, own = read_use_request(other, known(), today=date.today(), **_wishes(ask))
    return report(for_use(other, request, known(), own), limit=100, why_not=True)


def recommended(ask: asks.Recommend) -> tuple[Report, Recommendation]:
    """The report, and the recommendation itself."""
    from whichgpu.report.recommendation import report

    answer = ranked(ask)
    made = report(answer, limit=100, why_not=True)
    return (made._replace(blocks=_drawn(answer, made.blocks)) if answer.candidates else made), answer


def _drawn(answer: Recommendation, blocks: Sequence[Any]) -> tuple[Any, ...]:
    from whichgpu.report.pareto import pareto

    chart = pareto(answer)
    head, table, *rest = blocks
    return (head, table, *((chart,) if chart else ()), *rest)


def _fleets(ask: asks.Recommend) -> Report:
    from whichgpu.planner.fleet_request import Asked, assumed, read
    from whichgpu.planner.fleets import fleets
    from whichgpu.report.fleet import report

    request, own = _request(ask)
    asked = Asked(ask.slo, ask.rate, ask.users, ask.pause)
    terms, load = read(request, asked)
    return report(fleets(request, terms, load, known(), own, assumed=assumed(asked)), why_not=True)


def predict(ask: asks.Predict) -> Report:
    """The answer of `whichgpu predict`."""
    from whichgpu.report.predicted import predicted

    return predicted(job(ask, ask.workload), ask.gpu, known(), (ask.grid, ask.pue), explain=ask.explain)


def curve(ask: asks.Curve) -> Report:
    """The answer of `whichgpu predict --curve`, or within objectives of `predict --slo`."""
    from whichgpu.hardware.slices import resolve_device
    from whichgpu.report.load import Asked, answer

    asked = job(ask, ask.workload)
    if ask.rate is not None:
        from whichgpu.cost.requests import read_rate

        options = {**asked.options, "request_rate": f"{read_rate(ask.rate):.9g}"}
        asked = api.job(asked, options=options)
    device, count = resolve_device(ask.gpu, known())
    return answer(Asked(asked, device, count, ask.against, ask.slo, ask.usd_per_gpu_hour))


def fit(ask: asks.Fit) -> Report:
    """The answer of `whichgpu fit`."""
    from whichgpu.planner.capacity import fit as fitted
    from whichgpu.report.capacity import report

    jobs = [job(ask, name) for name in ask.workload]
    return report(fitted(jobs, ask.gpu, known(), together=ask.together))


def compare(ask: asks.Compare, *, drawn: bool = False) -> Report:
    """The answer of `whichgpu compare`; `drawn` as an article with charts, whose data are the same."""
    from whichgpu.planner.comparison import compare as compared

    names = [name for name in ask.workload if name not in ("usual", "none")]
    whole = "usual" in ask.workload or (drawn and not ask.workload)
    found = compared(ask.gpu, [job(ask, name) for name in names], catalogue=known(), whole=whole)
    if drawn:
        from whichgpu.report.article import article

        return article(found, drawn=True)
    from whichgpu.report.comparison import report

    return report(found)


def show(name: str, ask: asks.Show) -> Report:
    """The answer of `whichgpu show`, or with `review` of its article."""
    from whichgpu.hardware.slices import resolve_device
    from whichgpu.report.gpus import show_report

    device, _ = resolve_device(name, known())
    if not ask.review:
        return show_report(device, sources=True)
    from whichgpu.planner.review import review
    from whichgpu.report.review import article

    return article(review(device, known(), []), drawn=True)


def gpus(ask: asks.Gpus) -> Report:
    """The answer of `whichgpu gpus`: a page of it."""
    from whichgpu.hardware import filters
    from whichgpu.report.gpus import list_report

    tests = [filters.bound(text, "--min") for text in ask.min]
    tests += [filters.bound(text, "--max") for text in ask.max]
    tests += [filters.where(text) for text in ask.where]
    pool = known().where(family=ask.family or "", segment=ask.segment or "", vendor=ask.vendor or "")
    found = [gpu for gpu in pool if all(test.met(gpu) for test in tests)]
    order = filters.field(ask.order or "release_date")
    found = filters.ordered(found, order, reverse=ask.reverse)
    columns = ["memory", "bandwidth", "fp16", "fp32", "power", "release_date", "segment", "family"]
    columns += [name for name in dict.fromkeys((*(test.field for test in tests), order))
                if name not in columns]  # fmt: skip
    shown = found[ask.offset : ask.offset + ask.limit]
    made = list_report(shown, columns, len(known()), filters.unread(pool, tests))
    return made._replace(data={**made.data, **paged(ask, len(found))})


def paged(ask: asks.Listing, total: int) -> dict[str, int]:
    """Where a part of a list stands in the whole."""
    return {"total": total, "offset": ask.offset, "limit": ask.limit}


def workloads(ask: asks.Workloads) -> Report:
    """The answer of `whichgpu workloads`: a page of it."""
    from whichgpu.report.workloads import list_report
    from whichgpu.workloads.workload import workloads as zoo

    wanted = "".join(c for c in (ask.q or "").lower() if c.isalnum())
    found = [key for key in zoo() if wanted in "".join(c for c in key.lower() if c.isalnum())]
    shown = found[ask.offset : ask.offset + ask.limit]
    made = list_report([zoo()[key] for key in shown], lambda done: None)
    return made._replace(data={**made.data, **paged(ask, len(found))})


def workload(name: str, ask: asks.Work, *, whole: bool = False) -> Report:
    """The answer of `whichgpu workload`; `whole` has its ops one by one."""
    from whichgpu.report.workloads import show_report
    from whichgpu.workloads.workload import resolve

    item = resolve(name)
    stated = ask.columns()
    asked = api.job(item.id, **stated) if any(stated.values()) else None
    return show_report(item, asked, ask.gpus, whole=whole)


def prices(name: str | None, ask: asks.Prices) -> Report:
    """The answer of `whichgpu prices`, of all GPUs or of one."""
    from whichgpu import prices as stored
    from whichgpu.hardware.names import resolve
    from whichgpu.report.prices import gpu_report, overview

    chosen = None if name is None else resolve(name, known())
    rows = stored.offers(
        gpus=[chosen.id] if chosen else None, kinds=stored.term_kinds(ask.term),
        providers=ask.provider or None, quarantined=True, ambiguous=True,
    )  # fmt: skip
    if chosen is not None:
        return gpu_report(chosen, rows, date.today(), ask.limit)
    made = overview(known().values(), rows, date.today(), None)
    return _part(made, ask, "gpus")


def _part(made: Report, ask: asks.Listing, name: str) -> Report:
    """A part of a report of one long table, whose document has as many entries under a name."""
    from dataclasses import replace

    from whichgpu.report.table import Table

    here = slice(ask.offset, ask.offset + ask.limit)
    entries, table = made.data[name], made.blocks[0]
    assert isinstance(table, Table)
    data = {**made.data, name: entries[here], **paged(ask, len(entries))}
    return Report(data, (replace(table, rows=table.rows[here]),))


def price_history(name: str) -> Report:
    """The answer of `whichgpu prices --history`."""
    from whichgpu.hardware.names import resolve
    from whichgpu.prices import bundled, live
    from whichgpu.report.price_store import history_report

    return history_report(resolve(name, known()), live.history(), bundled(), date.today())


def compat(ask: asks.Compat) -> Report:
    """The answer of `whichgpu compat`."""
    from whichgpu.report.compat import report
    from whichgpu.software.compat import compat as judged
    from whichgpu.software.compat import resolve

    asked = (*ask.feature, *ask.precision)
    return report(
        judged([resolve(name, known(), asked) for name in ask.gpu], ask.framework, asked, ask.system)
    )


def explain(term: str | None) -> Report:
    """The answer of `whichgpu explain`."""
    from whichgpu.planner.glossary import explain as meaning
    from whichgpu.planner.glossary import terms
    from whichgpu.report.glossary import listing, report

    if term is None:
        return listing([meaning(name, known()) for name in terms()])
    return report(meaning(term, known()))


def scoreboard(ask: asks.Scoreboard) -> Report:
    """The answer of `whichgpu validate`, which is the scoreboard."""
    from whichgpu.cost.scoreboard import committed
    from whichgpu.report.scoreboard import board_report

    return board_report(committed(), ask.by)


def sources(ask: asks.Sources) -> Report:
    """Every source that a figure or a price rests on."""
    from whichgpu.report.table import Cited, Table

    wanted = (ask.q or "").lower()
    found = [one for one in all_sources() if wanted in f"{one.id} {one.title} {one.url} {one.kind}".lower()]
    shown = found[ask.offset : ask.offset + ask.limit]
    rows = [(one.id, one.kind, one.title, Cited(one.url), one.accessed or None) for one in shown]
    data = {"sources": [one.to_dict() if hasattr(one, "to_dict") else _source(one) for one in shown],
            **paged(ask, len(found))}  # fmt: skip
    table = Table.of(f"{len(found)} sources", ["Key", "Kind", "Title", "Where", "Read on"], rows)
    return Report(data, (table,))


def all_sources() -> list[Any]:
    """The sources of facts, of prices and of links, by key."""
    from whichgpu.facts.reading import sources as of_facts
    from whichgpu.hardware.boxes import link_sources
    from whichgpu.prices.store import sources as of_prices

    found = {**of_facts(), **of_prices(), **link_sources()}
    return [found[key] for key in sorted(found)]


def _source(one: Any) -> dict[str, str]:
    return {name: getattr(one, name) for name in ("id", "title", "url", "kind", "accessed")}


def sweep(ask: asks.Sweep) -> Report:
    """The answer of `whichgpu sweep`."""
    from whichgpu.planner.sweep import read_request
    from whichgpu.planner.sweep import sweep as searched
    from whichgpu.report.sweep import report

    request = read_request(
        job(ask, ask.workload), ask.gpus, known(), today=date.today(), global_batch=ask.global_batch,
        tokens=ask.tokens, usd_per_gpu_hour=ask.usd_per_gpu_hour, system=ask.system, top=ask.top,
        scaling=ask.scaling,
    )  # fmt: skip
    return report(searched(request))
