"""What is on file: GPUs, workloads, software, words, errors, sources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu import api
from whichgpu.report.table import Report
from whichgpu.web.answers.base import known, paged

if TYPE_CHECKING:
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.web import asks


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
    from whichgpu.planner.needs import chosen
    from whichgpu.report.gpus import list_report

    tests = [filters.bound(text, "--min") for text in ask.min]
    tests += [filters.bound(text, "--max") for text in ask.max]
    tests += [filters.where(text) for text in ask.where]
    pool = known().where(family=ask.family or "", segment=ask.segment or "", vendor=ask.vendor or "")
    met, unread = chosen(pool, tests, ask.needs or "")
    found = [gpu for gpu in met if _named(gpu, ask.q)]
    order = filters.field(ask.order or "release_date")
    found = filters.ordered(found, order, reverse=ask.reverse)
    columns = ["memory", "bandwidth", "fp16", "fp32", "power", "release_date", "segment", "family"]
    columns += [name for name in dict.fromkeys((*(test.field for test in tests), order))
                if name not in columns]  # fmt: skip
    shown = found[ask.offset : ask.offset + ask.limit]
    made = list_report(shown, columns, len(known()), unread)
    return made._replace(data={**made.data, **paged(ask, len(found))})


def _named(gpu: Gpu, part: str | None) -> bool:
    """Whether a part of a name, as people write it, is in one of a GPU's."""
    wanted = _letters(part)
    return not wanted or any(wanted in _letters(name) for name in (gpu.id, gpu.name, *gpu.aliases))


def _letters(text: str | None) -> str:
    return "".join(c for c in (text or "").lower() if c.isalnum())


def workloads(ask: asks.Workloads) -> Report:
    """The answer of `whichgpu workloads`: a page of it."""
    from whichgpu.report.workloads import list_report
    from whichgpu.workloads.workload import workloads as zoo

    found = [key for key in zoo() if _letters(ask.q) in _letters(f"{key} {zoo()[key].name}")]
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
    from whichgpu.planner.glossary import meanings, terms
    from whichgpu.report.glossary import listing, report

    if term is None:
        return listing([meaning(name, known()) for name in terms()])
    return report(meanings(term, known()))


def scoreboard(ask: asks.Scoreboard) -> Report:
    """The answer of `whichgpu validate`, which is the scoreboard."""
    from whichgpu.cost.calibration.scoreboard import committed
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
