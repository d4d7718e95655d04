"""A workload's results as rows of a comparison."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from whichgpu.planner.comparison.model import Cell, Row
from whichgpu.planner.comparison.words import REFUSED, amount, plain_number, quantity
from whichgpu.planner.comparison.work import least_usd
from whichgpu.planner.words import handy
from whichgpu.units import MINUTE, number, show

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from whichgpu.planner.comparison.work import Result, Work

    #: A row before it is one: name, label, dimension, which way is better, cells.
    Told = tuple[str, str, str, str, dict[str, Cell]]


def work_rows(item: Work) -> Iterator[Row]:
    """One workload's results as rows: what was measured, what is estimated, on one GPU and on several."""
    for made in (_speeds(item), _measured(item), _takes(item), _several(item), _costs(item), _limits(item)):
        for name, label, dimension, better, cells in made:
            if cells:
                group = f"{item.name}, {item.job.phase}"
                yield Row(f"{item.field}.{name}", label, group, dimension, better, cells)


def _speeds(item: Work) -> Iterator[Told]:
    unit, found = item.unit, item.results
    refused = {
        key: Cell(None, f"{REFUSED}{why}", "cost model", "refused") for key, why in item.refused.items()
    }
    rates = {key: _cell(r.rate, _interval(r)) for key, r in found.items()}
    yield "rate", f"{unit.capitalize()} per second and GPU", "rate", "higher", rates | refused
    yield "limited", "At the power limits that makers set", "text", "", {
        key: _cell(None, _limited(r)) for key, r in found.items() if r.limited}  # fmt: skip
    yield "runs", "In the configuration", "text", "", {
        key: _cell(None, _configuration(item, key)) for key in found}  # fmt: skip
    if not item.trains:
        yield "alone", f"One {item.single} alone", "seconds", "lower", {
            key: _cell(r.latency_alone.mid, _alone(r)) for key, r in found.items()}  # fmt: skip


def _alone(result: Result) -> str:
    """`5.25 s on 2 GPUs`: on as few as hold the model."""
    several = f"{SHARING}{result.least} GPUs" if result.least > 1 else ""
    return f"{show(result.latency_alone.mid, 'time', 3)}{several}"


def _limited(result: Result) -> str:
    """`793 at 150 W, 731 at 80 W (8 % less); above at 110 W`."""
    rates = list(result.limited.values())
    told = ", ".join(f"{amount(rate.mid, 'rate')} at {watts:g} W" for watts, rate in result.limited.items())
    lost = round(100.0 * (1.0 - rates[-1].mid / rates[0].mid))
    return f"{told}{f' ({lost} % less)' if lost else ''}; above at {result.held:.0f} W"


def _measured(item: Work) -> Iterator[Told]:
    """Each job that was measured, and under it what the model says of that very job."""
    for index, one in enumerate(item.measured):
        dimension = "rate" if one.better == "higher" else "seconds"
        alike = len(set(one.batches.values())) == 1
        cells = {}
        for key, value in one.values.items():
            batch = "" if alike else f" (batch {one.batches[key]})"
            cells[key] = Cell(
                value, f"{amount(value, dimension)} {one.unit}{batch}", one.sources[key], "measured"
            )
        yield f"measured.{index}", f"Measured: {one.what}", dimension, one.better, cells
        yield f"measured.{index}.model", "The model of that job", dimension, one.better, {
            key: _cell(value, f"{amount(value, dimension)} {one.unit}")
            for key, value in one.predicted.items()}  # fmt: skip


def _takes(item: Work) -> Iterator[Told]:
    """Memory, power and energy."""
    found = item.results
    yield "gpus", "GPUs that hold it, at least", "count", "lower", {
        key: _cell(float(r.least), str(r.least)) for key, r in found.items()}  # fmt: skip
    yield "memory", "Memory in use per GPU", "memory", "", {
        key: _cell(r.best.required,
                   f"{quantity(r.best.required, 'memory')} of {quantity(r.best.available, 'memory')}")
        for key, r in found.items()}  # fmt: skip
    yield "largest", "Largest batch tried that fits", "count", "higher", {
        key: _cell(r.largest, f"{r.largest:g}") for key, r in found.items() if r.largest}  # fmt: skip
    yield "watts", "Power per GPU", "power", "lower", {
        key: _cell(r.best.power, quantity(r.best.power, "power"))
        for key, r in found.items() if math.isfinite(r.best.power)}  # fmt: skip
    single = item.single if item.unit != "tokens" else "token"
    yield "energy", f"Energy per {single}", "energy", "lower", {
        key: _cell(r.best.energy, quantity(r.best.energy, "energy"))
        for key, r in found.items() if math.isfinite(r.best.energy)}  # fmt: skip


def _several(item: Work) -> Iterator[Told]:
    """Several GPUs: training in data parallel, or one item alone on GPUs that share the model."""
    counts = sorted({count for r in item.results.values() for count in r.together if count > 1})
    for count in counts:
        have = {key: r for key, r in item.results.items() if count in r.together}
        if item.trains:
            cells = {key: _cell(r.together[count].mid, _scaled(r, count)) for key, r in have.items()}
            yield (
                f"on{count}",
                f"{item.unit.capitalize()} per second on {count} GPUs",
                "rate",
                "higher",
                cells,
            )
        else:
            cells = {key: _cell(r.together[count].mid, show(r.together[count].mid, "time", 3))
                     for key, r in have.items()}  # fmt: skip
            yield f"on{count}", f"One {item.single} alone on {count} GPUs", "seconds", "lower", cells
    if item.target and not item.trains:
        told = f"{plain_number(round(item.target * MINUTE))} {item.unit} a minute"
        yield "target", "A fleet for", "count", "", {
            key: _cell(item.target * MINUTE, told) for key in item.results}  # fmt: skip
        yield "fleet", "GPUs that it takes", "count", "lower", {
            key: _cell(float(item.fleet(key)), f"{item.fleet(key):,}") for key in item.results}  # fmt: skip
        yield "fleet_usd", "What they cost", "price", "lower", {
            key: _cost(usd, quantity(usd, "price"), r)
            for key, r in item.results.items() if (usd := item.fleet_usd(key)) is not None}  # fmt: skip


def _scaled(result: Result, count: int) -> str:
    """`543 (383-771), 86 % of 8 times one`."""
    each = result.together[count]
    # A batch that pays among several only may make more of each; none does more than it can alone.
    share = min(each.mid / (count * result.together[1].mid), 1.0)
    return (
        f"{number(each.mid, 3)} ({number(each.low, 2)}–{number(each.high, 2)}), {round(100 * share)} % each"
    )


def _costs(item: Work) -> Iterator[Told]:
    count, noun = handy(item.unit, least_usd(item.results))
    yield "usd", f"USD per {noun}, full load", "usd", "lower", {
        key: _cost(r.usd * count, number(r.usd * count, 3), r)
        for key, r in item.results.items() if r.usd}  # fmt: skip


def _limits(item: Work) -> Iterator[Told]:
    """What keeps each from its peak."""
    found = item.results
    yield "throttle", "Peak rate under its power limit", "share", "", {
        key: _cell(r.throttle, f"{round(100 * r.throttle)} %") for key, r in found.items()}  # fmt: skip
    if any(r.software != 1.0 for r in found.values()):
        yield "software", "Software efficiency assumed", "share", "", {
            key: _cell(r.software, f"{round(100 * r.software)} %") for key, r in found.items()}  # fmt: skip
    yield "bound", "Time is bound by", "text", "", {
        key: _cell(None, _bound_text(r.bounds)) for key, r in found.items()}  # fmt: skip


def _cell(value: Any, text: str) -> Cell:
    return Cell(value, text, "cost model", "roofline")


def _cost(usd: float, text: str, result: Result) -> Cell:
    """An amount that rests on a rate of the model and on a price that was read."""
    return Cell(usd, text, f"cost;{result.priced}", "roofline")


def _interval(result: Result) -> str:
    each = result.best.throughput.scaled(1 / result.group)
    return f"{number(each.mid, 3)} ({number(each.low, 2)}–{number(each.high, 2)})"


def _configuration(item: Work, key: str) -> str:
    """In what batch, on how many GPUs, and under what software where another runs on the rest."""
    result = item.results[key]
    if item.job.phase == "serve":
        text = f"{result.best.sequences:,.0f} requests at once"
    else:
        text = f"batch {number(float(result.best.job.batch), 4)}"
    told = f"{text} on {result.group} GPUs" if result.group > 1 else text
    return f"{told}, {item.how[key]}" if key in item.how else told


#: What binds, as a reader says it.
#: What stands before the number of GPUs that share a model where one does not hold it.
SHARING = " on "
BOUNDS = {"compute": "arithmetic", "memory": "memory", "launch": "launches", "links": "links"}


def _bound_text(bounds: Mapping[str, float]) -> str:
    shares = [(name, share) for name, share in bounds.items() if share >= 0.05]
    return ", ".join(f"{BOUNDS[name]} {round(100 * share)} %" for name, share in shares)
