"""The charts of a comparison: its peaks, what each workload reaches, and where memory stops binding."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.planner.comparison.rows import sixteen_bit
from whichgpu.planner.comparison.words import plain_number, ratio_words
from whichgpu.report.chart import Bar, Bars, Chart, Group, Line, Panel, axis

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.planner.comparison.model import Comparison, Row, View
    from whichgpu.planner.comparison.work import Result

#: From one operation per byte, as in reading weights for one user, to large products.
_INTENSITIES = (1.0, 1e4)
_MOST_ROOFS = 4


def peaks(comparison: Comparison) -> Bars:
    """The figures that decide, one group each."""
    view = comparison.view
    half = sixteen_bit(view.gpus)
    fields = ("memory", "bandwidth", half, "fp32", "power", "usd_per_hour")
    rows = [view.rows[name] for name in fields if len(view.ranked(name)) > 1]
    groups = tuple(Group(row.label, tuple(_bars(view, row))) for row in rows)
    return Bars("What decides, side by side", groups, _series(view), "Each group is on a scale of its own.")


def _series(view: View) -> tuple[str, ...]:
    return tuple(view.words[key] for key in view.ids)


def _bars(view: View, row: Row) -> Iterator[Bar]:
    for key in view.ids:
        cell = row.cells.get(key)
        if cell and isinstance(cell.value, int | float) and cell.value > 0:
            value = float(cell.value)
            yield Bar(view.words[key], value, value, value, cell.text)


def speeds(comparison: Comparison) -> Bars | None:
    """What each GPU reaches in each workload, with its interval; None without workloads."""
    view = comparison.view
    groups = tuple(
        Group(f"{work.title}, {work.unit} per second", tuple(
            _speed(view.words[key], work.results[key], view.text(key, f"{work.field}.rate"))
            for key in view.ids if key in work.results))
        for work in view.works if work.results
    )  # fmt: skip
    if not groups:
        return None
    note = "Estimated, per GPU, with the 90 % interval of each. Each group is on a scale of its own."
    return Bars("What each reaches", groups, _series(view), note)


def _speed(name: str, result: Result, text: str) -> Bar:
    each = result.best.throughput.scaled(1 / result.group)
    return Bar(name, each.mid, each.low, each.high, text.partition(" ")[0])


def scaling(comparison: Comparison) -> Bars | None:
    """What 1, 2, 4 and 8 of the first GPU train together, with intervals; None where nothing is trained."""
    key = comparison.gpus[0]
    works = [work for work in comparison.view.works if work.trains and key in work.results]
    groups = tuple(
        Group(f"{work.title}, {work.unit} per second", tuple(
            Bar(_count(count), each.mid, each.low, each.high, plain_number(each.mid))
            for count, each in work.results[key].together.items()))
        for work in works if work.results[key].together
    )  # fmt: skip
    if not groups:
        return None
    names = tuple(dict.fromkeys(bar.series for group in groups for bar in group.bars))
    return Bars(
        "Several together", groups, names, "Data parallel, with the 90 % interval of each.", steps=True
    )


def _count(count: int) -> str:
    return "1 GPU" if count == 1 else f"{count} GPUs"


def roofs(comparison: Comparison) -> Chart | None:
    """The roof over each: bandwidth times intensity up to the 16-bit peak; None where one is not known."""
    view = comparison.view
    half = sixteen_bit(view.gpus)
    if len(view.ids) > _MOST_ROOFS or not (view.all_know("bandwidth") and view.all_know(half)):
        return None
    low, high = _INTENSITIES
    lines, ends = [], []
    for key in view.ids:
        rate, peak = view.number(key, "bandwidth") or 0.0, view.number(key, half) or 0.0
        lines.append(Line(((low, low * rate), (peak / rate, peak), (high, peak)), view.words[key]))
        ends += [low * rate, peak]
    text = "Left of its bend a GPU is bound by memory, right of it by arithmetic"
    if view.pair:
        fast, slow = view.ranked("bandwidth")
        top, under = view.ranked(half)
        by_memory = (view.number(fast, "bandwidth") or 0.0) / (view.number(slow, "bandwidth") or 1.0)
        by_peak = (view.number(top, half) or 0.0) / (view.number(under, half) or 1.0)
        text += (
            f": on the left the {view.words[fast]} is {ratio_words(by_memory)} the {view.words[slow]}, "
            f"on the right the {view.words[top]} {ratio_words(by_peak)} the {view.words[under]}"
        )
    return Chart(
        f"Which work is bound by what ({half.upper()})",
        axis("operations per byte read", "FLOP/B", _INTENSITIES),
        axis("attainable", "FLOP/s", ends), (Panel("Roofline", tuple(lines), ()),), (), f"{text}.",
    )  # fmt: skip
