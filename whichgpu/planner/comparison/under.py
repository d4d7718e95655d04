"""What a usual workload reaches under the other framework that it is asked under too."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from whichgpu.cost.estimate import estimate
from whichgpu.planner.comparison.model import Cell, Row
from whichgpu.planner.comparison.pen import Pen
from whichgpu.planner.comparison.words import listed
from whichgpu.planner.usual import Under, asked_under
from whichgpu.units import number

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.hardware.gpu import Gpu
    from whichgpu.planner.comparison.model import Sentence, View
    from whichgpu.planner.comparison.work import Work

#: Into how many parts a batch is cut where the other software does not hold all of it.
_PARTS = np.array([1, 2, 4, 8])


def under_rows(work: Work, gpus: Sequence[Gpu]) -> Iterator[Row]:
    """The speed of the very job, batch and all, under the other framework, where that runs on a GPU."""
    other = _other(work)
    if other is None:
        return
    cells: dict[str, Cell] = {}
    for gpu in gpus:
        result = work.results.get(gpu.id)
        # What runs under a stand-in runs under neither.
        if result is None or gpu.id in work.how:
            continue
        job = result.best.job
        batch = np.asarray(job.batch) / _PARTS
        batch = batch[batch >= 1]
        found = estimate(replace(job, runtime=other.runtime, batch=batch), [gpu])
        # The batch of the first, or the largest part of it that this software holds.
        held = np.flatnonzero(found.fits[0])
        if not found.refusals[0] and held.size:
            each = found.at(0, int(held[0])).throughput.scaled(1 / result.group)
            less = f", batch {batch[held[0]]:g}" if held[0] else ""
            text = f"{number(each.mid, 3)} ({number(each.low, 2)}–{number(each.high, 2)}){less}"
            cells[gpu.id] = Cell(each.mid, text, "cost model", "roofline")
    if cells:
        label = f"{work.unit.capitalize()} per second under {other.title}"
        yield Row(_field(work), label, f"{work.name}, {work.job.phase}", "rate", "higher", cells)


def under_sentences(view: View, work: Work) -> Iterator[Sentence]:
    """The same in words."""
    other = _other(work)
    known = view.ranked(_field(work))
    if other is None or not known:
        return
    pen = Pen(view)
    first, *rest = known
    if view.pair and rest:
        ratio = pen.ratio(first, rest[0], _field(work))
        what = (
            f"the {pen.name(first)} processes {ratio} the {work.unit} of the {pen.name(rest[0])}"
            if ratio != "the same"
            else f"both process the same number of {work.unit}"
        )
        text = (
            f"{what} ({pen.amount(first, _field(work))} against {pen.amount(rest[0], _field(work))} a second)"
        )
    else:
        told = (
            f"{pen.amount(key, _field(work))} {work.unit} a second on the {pen.name(key)}" for key in known
        )
        text = f"it comes to {listed(told)}"
    yield pen.say("workload", f"under {other.title}, {text}")


def _other(work: Work) -> Under | None:
    """The other framework of a usual workload, in training."""
    return asked_under(work.job.workload) if work.trains else None


def _field(work: Work) -> str:
    return f"{work.field}.under"
