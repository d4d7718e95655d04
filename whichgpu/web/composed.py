"""Answers that only pages have: several reports of one thing, with charts of the web among them."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from whichgpu.report.chart import Chart, Line, Panel, Point, axis, letters
from whichgpu.report.stages import at_the_fullest
from whichgpu.report.table import Cited, Heading, Report, Table
from whichgpu.units import GIB, number, show
from whichgpu.web import answers, asks, figures
from whichgpu.web.charts import Dates, Stack

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from whichgpu.hardware.gpu import Gpu

#: Points of a scatter, which is evenly thinned beyond.
_POINTS = 700
#: From one operation per byte to large products.
_INTENSITIES = (1.0, 1e4)
_PEAKS = ("fp32", "fp16", "fp8", "fp4")


def gpu_page(name: str) -> Report:
    """One GPU: specifications with their sources on them, roofline, prices over time, measurements.

    A part of one has no prices of its own.
    """
    from whichgpu.hardware.slices import is_part, resolve_device

    gpu, _ = resolve_device(name, answers.known())
    made = answers.show(name, asks.Show(review=False))
    facts, *rest = made.blocks
    alone = not is_part(gpu)
    offers = answers.prices(gpu.id, asks.Prices.model_validate({})).data["offers"] if alone else ()
    blocks: list[Any] = [
        figures.of_gpu(made.data, offers),
        _sourced(facts) if isinstance(facts, Table) else facts,
    ]
    blocks += [chart] if (chart := roof(gpu)) else []
    blocks += price_blocks(gpu) if alone else ()
    blocks.append(_measured(gpu))
    return made._replace(blocks=(*blocks, *rest))


def _sourced(table: Table) -> Table:
    """The table of a GPU's fields, each value with its source on it, to be seen by a pointer."""
    rows = [
        (row[0], Cited(row[1] or "", f"{row[2]}: {row[3]}"), *row[2:]) if len(row) == 4 and row[3] else row
        for row in table.rows
    ]
    return replace(table, title="Specifications", rows=tuple(rows))


def roof(gpu: Gpu) -> Chart | None:
    """The roofline of a GPU in each format that it computes in; None without bandwidth or peaks."""
    rate = gpu.value("bandwidth")
    # A TPU has no FP16: its matrix units take BF16.
    names = [name if name != "fp16" or gpu.value(name) else "bf16" for name in _PEAKS]
    peaks = {name: peak for name in names if (peak := gpu.value(name))}
    if not rate or not peaks:
        return None
    low, high = _INTENSITIES
    lines = []
    for name, peak in sorted(peaks.items(), key=lambda item: -item[1]):
        bend = min(max(peak / rate, low), high)
        lines.append(
            Line(
                ((low, low * rate), (bend, peak), (high, peak)),
                f"{name.upper()} {show(peak, 'flop rate', 3)}",
            )
        )
    bends = ", ".join(f"{name.upper()} {number(peak / rate, 3)}" for name, peak in peaks.items())
    return Chart(
        "Roofline",
        axis("operations per byte read", "FLOP/B", _INTENSITIES),
        axis("attainable", "FLOP/s", [low * rate, *peaks.values()]),
        (Panel(gpu.id, tuple(lines), ()),),
        (),
        summary=f"Left of a bend memory ({show(rate, 'bandwidth', 3)}) binds, right of it arithmetic. "
        f"The bends are at {bends} operations per byte.",
    )


def price_blocks(gpu: Gpu) -> Iterator[Any]:
    """How the price of a GPU moved, where days are known."""
    told = answers.price_history(gpu.id)
    points = told.data.get("history", ())
    if len(points) < 2:
        return
    dated = tuple(
        (
            point["as_of"],
            point["kind"].replace("_", "-"),
            point["usd_per_gpu_hour"],
            f"{point['usd_per_gpu_hour']:,.2f} from {point['provider']}",
        )
        for point in points
    )
    days = sorted(point[0] for point in dated)
    yield Dates(
        "Prices over time",
        dated,
        "USD/h per GPU",
        f"The cheapest offer of each day on file, {days[0]} to {days[-1]}, by terms.",
    )


def _measured(gpu: Gpu) -> Table | str:
    """Published measurements on a GPU, or that there are none."""
    from whichgpu.facts import store

    rows = [row for row in store.rows("measured") if row["gpu"] == gpu.id or _meant(row["gpu"]) == gpu.id]
    cells = [
        (
            Cited(row["workload"], row["source"]),
            row["phase"],
            row["precision"] or None,
            row["batch"] or None,
            row["n_gpus"] or "1",
            row["runtime"] or None,
            row["metric"],
            f"{float(row['value']):,.6g}",
            row["unit"],
            row["source"],
        )
        for row in rows
    ]
    if not cells:
        return f"No published measurement on the {gpu.name} is on file."
    columns = (
        "Workload",
        "Phase",
        "Precision",
        ">Batch",
        ">GPUs",
        "Runtime",
        "Metric",
        ">Value",
        "Unit",
        "Source",
    )
    results = "1 published result" if len(rows) == 1 else f"{len(rows):,} published results"
    return Table.of(f"Measured on it: {results}", columns, cells)


@lru_cache(maxsize=1024)
def _meant(name: str) -> str:
    """The GPU that a row names; empty where it names none, or several."""
    from whichgpu.errors import WhichGpuError
    from whichgpu.hardware.names import resolve

    try:
        return resolve(name, answers.known()).id
    except WhichGpuError:
        return ""


def fit_page(ask: asks.Fit) -> Report:
    """What fits, with the memory of each answer as a bar."""
    made = answers.fit(ask)
    told = made.data.get("answers") or [made.data]
    bars = [bar for one in told[:4] if (bar := _bar(one))]
    blocks: tuple[Any, ...] = (*bars, *made.blocks)
    return made._replace(blocks=blocks)


def _bar(one: Mapping[str, Any]) -> Stack | None:
    parts, room = one.get("parts"), one.get("available")
    if not parts or not room:
        return None
    named = tuple(
        (name.replace("_", " "), size / GIB, show(size, "memory", 3))
        for name, size in at_the_fullest(parts).items()
        if size > 0.0
    )
    said = ", ".join(f"{name} {text}" for name, _, text in named)
    left = room - one["required"]
    verdict = f"{show(abs(left), 'memory', 3)} {'left' if left >= 0 else 'lacking'}"
    return Stack(
        f"{one['workload']} on {figures.machine(one)}",
        named,
        room / GIB,
        f"{show(room, 'memory', 3)} there is",
        "GiB on each GPU",
        f"{said}; {verdict} of {show(room, 'memory', 3)}.",
    )


def beside_objectives(made: Report, ask: asks.Curve) -> Report:
    """The largest load within objectives, with the curve that it is on and the objectives as lines."""
    job = made.data["job"]
    split = {name: round(job[name]) for name in ("tp", "pp")}
    alone = ask.model_copy(update={"slo": None, "rate": None, **split})
    chart = next((one for one in answers.curve(alone).blocks if isinstance(one, Chart)), None)
    if chart is None:
        return made
    said, loads, *rest = made.blocks
    held = made.data["loads"][0]["request_rate"]
    return made._replace(blocks=(said, loads, _limited(chart, made.data["slo"]["objectives"], held), *rest))


def _limited(chart: Chart, most: Sequence[Mapping[str, Any]], held: float) -> Chart:
    """A curve of times against requests/s, with what objectives allow and the load that keeps them."""
    (panel,) = chart.panels
    places = [*(place for line in panel.lines for place in line.points), *((p.x, p.y) for p in panel.points)]
    across, up = [held, *(x for x, _ in places)], [*(one["most"] for one in most), *(y for _, y in places)]
    x, y = axis(chart.x.title, chart.x.unit, across), axis(chart.y.title, chart.y.unit, up)
    limits = [
        Line(((min(across), one["most"]), (max(across), one["most"])),
             f"{one['metric']} {one['how']}, at most {show(one['most'], 'time', 3)}")
        for one in most
    ]  # fmt: skip
    load = Line(((held, min(up)), (held, max(up))), f"{number(held, 3)} requests/s")
    said = f"{chart.summary} Level lines are the objectives, the upright one is the load that keeps them."
    drawn = panel._replace(lines=(*panel.lines, *limits, load))
    return chart._replace(x=x, y=y, panels=(drawn,), summary=said)


def price_page(name: str, ask: asks.Prices) -> Report:
    """What one GPU costs, and how its price moved."""
    from whichgpu.hardware.names import resolve

    gpu = resolve(name, answers.known())
    made = answers.prices(gpu.id, ask)
    return figures.before(made._replace(blocks=(*price_blocks(gpu), *made.blocks)), figures.priced(made.data))


def accuracy_page(ask: asks.Scoreboard) -> Report:
    """The scoreboard, and predictions against measurements of the largest families."""
    made = answers.scoreboard(ask)
    whole, aimed, broken = made.blocks
    blocks = (whole, aimed, *_scatters(), Heading("Broken down"), broken)
    return figures.before(made._replace(blocks=blocks), figures.scored(made.data))


def _scatters() -> Iterator[Chart]:
    """One chart a unit of the most rows: predicted against measured, its GPU left out of the fit."""
    import numpy as np

    from whichgpu.cost.calibration.scoreboard import committed

    board = committed()
    families, own = np.array(board.keys["family"]), np.array(board.keys["generation"])
    predicted = board.measured * np.exp(board.errors["gpu"])
    names, counts = np.unique(families, return_counts=True)
    for family in names[np.argsort(-counts, kind="stable")][:4]:
        here = np.flatnonzero((families == family) & np.isfinite(predicted))
        chosen = here[:: max(1, len(here) // _POINTS)]
        points = tuple(
            Point(
                float(board.measured[i]),
                float(predicted[i]),
                str(own[i]),
                0.0,
                f"{board.ids[i]}: measured {number(float(board.measured[i]), 3)}, predicted "
                f"{number(float(predicted[i]), 3)}",
            )
            for i in chosen
        )
        every = [*(p.x for p in points), *(p.y for p in points)]
        x, y = axis("Measured", "the row's unit", every), axis("Predicted", "the row's unit", every)
        diagonal = Line(((x.low, x.low), (x.high, x.high)), "")
        off = np.abs(np.expm1(board.errors["gpu"][here]))
        yield Chart(
            f"Predicted against measured: {family}",
            x,
            y,
            (Panel("", (diagonal,), points),),
            letters(sorted({p.series for p in points})),
            summary=f"{len(here):,} rows, their GPU left out of the fit; half are off by less than "
            f"{100 * float(np.median(off)):.0f} %. The line is a perfect prediction.",
        )
