"""One job on several GPUs, or on several numbers of them, side by side: `4x A100 or 8x L40S?`."""

from __future__ import annotations

import math
from datetime import date
from typing import TYPE_CHECKING, Any

from whichgpu.errors import WhichGpuError, one_line
from whichgpu.planner.words import cents, handy
from whichgpu.report.prediction import document
from whichgpu.report.table import Bullets, Report, Table
from whichgpu.report.whole import whole
from whichgpu.units import HOUR, number, show
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from whichgpu.cost.answers import Estimate
    from whichgpu.facts.model import Interval
    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.planner.size import Sized
    from whichgpu.report.table import Block
    from whichgpu.workloads.job import Job

#: How much faster or cheaper is worth a sentence.
_MORE = 1.02


class Way(NamedTuple):
    """The job on so many of a GPU: its estimate, or why there is none, and USD an hour for all."""

    title: str
    answer: Estimate | None
    usd_per_hour: float
    why: str

    @property
    def usd_per_unit(self) -> float:
        """What a unit of work costs; NaN without a price."""
        return self.usd_per_hour / HOUR / self.answer.throughput.mid if self.answer else math.nan

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        found = document(self.answer) if self.answer else {"why_not": self.why}
        paid = None if math.isnan(self.usd_per_hour) else self.usd_per_hour
        return {"device": self.title, **found, "usd_per_hour": paid}


def side_by_side(
    jobs: Sequence[Job], names: Sequence[str], catalogue: Catalogue, size: Sized | None = None
) -> Report:
    """The report of a job, in one or several formats, on each of some GPUs as typed (`a100-80gb-sxm:4`).

    Of a `size` it is told what it takes in all.

    Exits 3 where it runs on none. Raises `UsageError` for a name that is none.
    """
    from whichgpu.hardware.slices import resolve_device
    from whichgpu.planner.size import Sized, sized, with_batch
    from whichgpu.workloads.workload import resolve

    of_size = [sized(size or Sized(), resolve(job.workload), job) for job in jobs]
    work = of_size[0][1]
    places = dict.fromkeys(resolve_device(name, catalogue) for name in names)
    ways = [
        _way(
            job, gpu.id, count, catalogue, f" {job.precision}" if len(jobs) > 1 else "", best=work is not None
        )
        for gpu, count in places
        for job, _ in of_size
    ]
    able = [way for way in ways if way.answer]
    takes = {
        way.title: whole(with_batch(work, jobs[0], way.answer.job), way.answer, way.usd_per_hour)
        for way in ways
        if way.answer and work
    }
    in_all = {title: {"in_all": one.to_dict()} for title, one in takes.items()}
    data = {"predictions": [{**way.to_dict(), **in_all.get(way.title, {})} for way in ways]}
    refused = tuple(f"{way.title}: {way.why}" for way in ways if not way.answer)
    if not able:
        none = f"{jobs[0].workload} runs on none of {', '.join(way.title for way in ways)}"
        return Report(data, (Bullets(refused),), exit_code=3, complaint=none)
    said = [Bullets(refused)] if refused else []
    lines = tuple(f"{title}: {one}" for title, one in takes.items())
    blocks: list[Block] = [
        *_gist(able),
        *([Bullets(lines)] if lines else []),
        _table(ways, able),
        *said,
        *_warned(able),
    ]
    return Report(data, tuple(blocks))


def _way(job: Job, key: str, count: int, catalogue: Catalogue, format_: str, *, best: bool) -> Way:
    from whichgpu.cost.estimate import estimate
    from whichgpu.cost.infeasible import does_not_fit, fits_perhaps
    from whichgpu.cost.job.placing import placed
    from whichgpu.hardware.slices import device
    from whichgpu.planner.grid import in_best_batch
    from whichgpu.prices.best import price

    gpu = device(key, catalogue)
    title = f"{count} x {gpu.id}{format_}"
    paid = price(gpu, date.today())
    usd = paid.usd_per_gpu_hour * count if paid else math.nan
    try:
        ran = in_best_batch(job, count, gpu) if best else placed(job, count, gpu)
        found = estimate(ran, [gpu], explain=True)
        answer = found.at(0, 0)
        if not (found.fits[0, 0] or fits_perhaps(found, answer)):
            return Way(title, None, usd, does_not_fit(answer, gpu))
        return Way(title, answer, usd, "")
    except WhichGpuError as fault:
        return Way(title, None, usd, one_line(fault))


def _gist(able: Sequence[Way]) -> list[str]:
    """Which is the fastest and which the cheapest a unit, by how much of the next."""
    if len(able) < 2 or able[0].answer is None:
        return []
    said = []
    paid = [way for way in able if way.usd_per_unit > 0]
    orders: tuple[tuple[str, Sequence[Way], Callable[[Way], float]], ...] = (
        ("the fastest", able, lambda way: _rate(way).mid),
        ("the cheapest per result", paid, lambda way: 1.0 / way.usd_per_unit),
    )
    for name, ways, worth in orders if len(paid) > 1 else orders[:1]:
        first, *others = sorted(ways, key=worth, reverse=True)
        if others and (times := worth(first) / worth(others[0])) > _MORE:
            said.append(f"{first.title} is {name}, {times:.3g} times {others[0].title}")
    job = able[0].answer.job
    alike = {way.answer.job.precision for way in able if way.answer}
    format_ = f", {job.precision}" if len(alike) == 1 else ""
    return [f"{job.workload} {job.phase}{format_}: {'; '.join(said) or 'by these estimates none is ahead'}."]


def _rate(way: Way) -> Interval:
    assert way.answer is not None
    return way.answer.throughput


def _table(ways: Sequence[Way], able: Sequence[Way]) -> Table:
    """A line for each, the fastest stressed."""
    one = able[0].answer
    assert one is not None
    serves = one.job.phase == "serve"
    count, noun = handy(one.throughput.unit.removesuffix("/s"), min(
        (way.usd_per_unit for way in able if not math.isnan(way.usd_per_unit)), default=0.0))  # fmt: skip
    times = (">TTFT", ">Per token", ">In flight") if serves else (">Step" if one.job.trains else ">Latency",)
    titles = ("GPUs", f">{one.throughput.unit}", ">90 % interval", *times, ">Memory of each", ">Power of all",
              ">USD/h", f">USD per {noun}")  # fmt: skip
    best = max(able, key=lambda way: _rate(way).mid)
    rows = []
    for way in ways:
        answer = way.answer
        if answer is None:
            rows.append((way.title, *("\u2013" for _ in titles[1:])))
            continue
        rate = answer.throughput
        delays = (answer.ttft, answer.tpot) if serves else (answer.latency,)
        rows.append((
            way.title, number(rate.mid), f"{number(rate.low)} to {number(rate.high)}",
            *(show(each.mid, "time", 3) if each else "\u2013" for each in delays),
            *((number(answer.sequences, 4),) if serves else ()),
            f"{show(answer.required, 'memory', 3)} of {show(answer.available, 'memory', 3)}",
            show(answer.power_interval.mid * answer.n_gpus, "power", 3)
            if math.isfinite(answer.power_interval.mid) else "\u2013",
            "\u2013" if math.isnan(way.usd_per_hour) else cents(way.usd_per_hour),
            "\u2013" if math.isnan(way.usd_per_unit) else cents(way.usd_per_unit * count),
        ))  # fmt: skip
    notes = ("Prices: the best on-demand offer on file for so many of each.",)
    return Table.of("", titles, rows, notes, strong=(ways.index(best),))


def _warned(able: Sequence[Way]) -> list[Bullets]:
    said = dict.fromkeys(one for way in able if way.answer for one in way.answer.warnings)
    return [Bullets(tuple(said))] if said else []
