"""Results of the Python API in a notebook: the report of a result, as a part of a page or as Markdown."""

from __future__ import annotations

from functools import singledispatch
from typing import TYPE_CHECKING, Any

from whichgpu.audit.answer import Audit
from whichgpu.cost.answers import Estimate
from whichgpu.hardware.catalogue import Catalogue
from whichgpu.hardware.gpu import Gpu
from whichgpu.planner.answer import Recommendation
from whichgpu.planner.capacity.model import Fits
from whichgpu.planner.comparison.model import Comparison
from whichgpu.planner.diagnosis.answer import Diagnosis
from whichgpu.planner.fleets.answer import Fleets
from whichgpu.planner.plan.answer import Plan
from whichgpu.planner.sweep.answer import Sweep
from whichgpu.planner.uses import ForUse
from whichgpu.report.table import Report, Table
from whichgpu.software.compat import Compatibility
from whichgpu.workloads.job import Job
from whichgpu.workloads.workload import Workload

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.report.table import Block

#: Rows of a ranking that a notebook shows.
_ROWS = 10


def html(result: Any) -> str:
    """A part of a page that brings its own style and changes nothing around it."""
    from whichgpu.report.html import part

    return part(_blocks(result))


def markdown(result: Any) -> str:
    """The same blocks as Markdown."""
    from whichgpu.report.markdown import render

    return render(_blocks(result))


def _blocks(result: Any) -> tuple[Block, ...]:
    """What is shown; of an answer that is none, why."""
    made = report(result)
    return made.blocks or (made.complaint,)


@singledispatch
def report(result: Any) -> Report:
    """The report of a result: what the command that answers the same prints."""
    document: Mapping[str, Any] = result.to_dict()
    rows = [(key, str(value)) for key, value in document.items() if not isinstance(value, dict | list)]
    return Report(dict(document), (Table.of(str(result), ("", "Value"), rows),))


@report.register
def _(result: Recommendation) -> Report:
    from whichgpu.report.pareto import drawn
    from whichgpu.report.recommendation import report as made

    return drawn(result, made(result, limit=_ROWS, why_not=False))


@report.register
def _(result: Fleets) -> Report:
    from whichgpu.report.fleet import report as made

    return made(result, why_not=False)


@report.register
def _(result: ForUse) -> Report:
    from whichgpu.report.uses import report as made

    return made(result, limit=_ROWS, why_not=False)


@report.register
def _(result: Plan) -> Report:
    from whichgpu.report.plan import report as made

    return made(result, (), None, None, why_not=False)


@report.register
def _(result: Diagnosis) -> Report:
    from whichgpu.report.diagnosis import report as made

    return made(result)


@report.register
def _(result: Estimate) -> Report:
    from whichgpu.cost import carbon
    from whichgpu.report.prediction import report as made

    return made(result, carbon.footprint(result, carbon.grid("world")))


@report.register
def _(result: Fits) -> Report:
    from whichgpu.report.capacity import report as made

    return made(result)


@report.register
def _(result: Comparison) -> Report:
    from whichgpu.report.comparison import report as made

    return made(result)


@report.register
def _(result: Compatibility) -> Report:
    from whichgpu.report.compat import report as made

    return made(result)


@report.register
def _(result: Sweep) -> Report:
    from whichgpu.report.sweep import report as made

    return made(result)


@report.register
def _(result: Gpu) -> Report:
    from whichgpu.report.gpus import show_report

    return show_report(result, sources=False)


@report.register
def _(result: Workload) -> Report:
    from whichgpu.report.workloads import show_report

    return show_report(result)


@report.register
def _(result: Catalogue) -> Report:
    from whichgpu.report.gpus import list_report

    shown = list(result.values())[:_ROWS]
    return list_report(shown, ("memory", "bandwidth", "power", "release_date"), len(result))


@report.register
def _(result: Audit) -> Report:
    from whichgpu.report.audit import report as made

    return made([result], (), everything=False)


@report.register
def _(result: Job) -> Report:
    rows = [(key, str(value)) for key, value in result.to_dict().items() if value not in (None, {})]
    return Report(result.to_dict(), (Table.of(f"Job of {result.workload}", ("Column", "Value"), rows),))
