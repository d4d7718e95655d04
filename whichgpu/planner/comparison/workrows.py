"""A workload's results as rows of a comparison."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from whichgpu.planner.comparison.model import Cell, Row
from whichgpu.planner.comparison.words import quantity
from whichgpu.planner.comparison.work import least_usd
from whichgpu.planner.sentences import handy
from whichgpu.units import number, show

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from whichgpu.planner.comparison.work import Result, Work


def work_rows(item: Work) -> Iterator[Row]:
    """One workload's results as rows."""
    group = f"{item.name}, {item.job.phase}"
    unit = item.unit

    def row(name: str, label: str, dimension: str, better: str, cells: dict[str, Cell]) -> Iterator[Row]:
        if cells:
            yield Row(f"{item.field}.{name}", label, group, dimension, better, cells)

    yield from row(
        "rate",
        f"{unit.capitalize()} per second and GPU",
        "rate",
        "higher",
        {key: _cell(r.rate, _interval(r)) for key, r in item.results.items()}
        | {key: Cell(None, f"cannot: {why}", "model", "refused") for key, why in item.refused.items()},
    )
    yield from row(
        "runs",
        "In the configuration",
        "text",
        "",
        {key: _cell(None, _configuration(item, r)) for key, r in item.results.items()},
    )
    yield from row(
        "alone",
        f"One {item.single} alone",
        "seconds",
        "lower",
        {
            key: _cell(r.alone.latency.mid, show(r.alone.latency.mid, "time", 3))
            for key, r in item.results.items()
        }
        if not item.trains
        else {},
    )
    yield from row(
        "gpus",
        "GPUs that hold it, at least",
        "count",
        "lower",
        {key: _cell(float(r.least), str(r.least)) for key, r in item.results.items()},
    )
    yield from row(
        "memory",
        "Memory in use per GPU",
        "memory",
        "",
        {
            key: _cell(
                r.best.required,
                f"{quantity(r.best.required, 'memory')} of {quantity(r.best.available, 'memory')}",
            )
            for key, r in item.results.items()
        },
    )
    yield from row(
        "watts",
        "Power per GPU",
        "power",
        "lower",
        {
            key: _cell(r.best.power, quantity(r.best.power, "power"))
            for key, r in item.results.items()
            if math.isfinite(r.best.power)
        },
    )
    yield from row(
        "energy",
        f"Energy per {item.single if unit != 'tokens' else 'token'}",
        "energy",
        "lower",
        {
            key: _cell(r.best.energy, quantity(r.best.energy, "energy"))
            for key, r in item.results.items()
            if math.isfinite(r.best.energy)
        },
    )
    count, noun = handy(unit, least_usd(item.results))
    yield from row(
        "usd",
        f"USD per {noun}, full load",
        "usd",
        "lower",
        {key: _cell(r.usd * count, number(r.usd * count, 3)) for key, r in item.results.items() if r.usd},
    )
    yield from row(
        "throttle",
        "Peak rate under its power limit",
        "share",
        "",
        {key: _cell(r.throttle, f"{round(100 * r.throttle)} %") for key, r in item.results.items()},
    )
    software = {key: _cell(r.software, f"{round(100 * r.software)} %") for key, r in item.results.items()}
    if any(r.software != 1.0 for r in item.results.values()):
        yield from row("software", "Software efficiency assumed", "share", "", software)
    yield from row("bound", "Time is bound by", "text", "", {
        key: _cell(None, _bound_text(r.bounds)) for key, r in item.results.items()})  # fmt: skip


def _cell(value: Any, text: str) -> Cell:
    return Cell(value, text, "cost model", "roofline")


def _interval(result: Result) -> str:
    each = result.best.throughput.scaled(1 / result.group)
    return f"{number(each.mid, 3)} ({number(each.low, 2)}–{number(each.high, 2)})"


def _configuration(item: Work, result: Result) -> str:
    if item.job.phase == "serve":
        text = f"{number(result.best.sequences, 3)} requests at once"
    else:
        text = f"batch {number(float(result.best.job.batch), 4)}"
    return f"{text} on {result.group} GPUs" if result.group > 1 else text


_BOUNDS = {"compute": "arithmetic", "memory": "memory", "launch": "launches"}


def _bound_text(bounds: Mapping[str, float]) -> str:
    shares = [(name, share) for name, share in bounds.items() if share >= 0.05]
    return ", ".join(f"{_BOUNDS[name]} {round(100 * share)} %" for name, share in shares)
