"""What a workload's results mean, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.cost.gpu.device_rates import stand_in
from whichgpu.planner.comparison.causes import cause_sentences
from whichgpu.planner.comparison.pen import Pen
from whichgpu.planner.comparison.running import cost_sentences, energy_sentences
from whichgpu.planner.comparison.together import (
    fitting_sentences,
    fleet_sentences,
    several_sentences,
    sharded_sentence,
    unlinked_sentences,
)
from whichgpu.planner.comparison.words import listed, ratio_words
from whichgpu.planner.comparison.work import ratio_range, speed_ratio
from whichgpu.planner.comparison.workrows import SHARING
from whichgpu.workloads.precision import precision

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from whichgpu.planner.comparison.model import Sentence, View
    from whichgpu.planner.comparison.work import Work


def work_sentences(view: View, work: Work) -> Iterator[Sentence]:
    """Speed, why, fit, waiting, energy and cost of one workload."""
    yield from _speed(view, work)
    yield from cause_sentences(view, work)
    yield from _measured(view, work)
    if f"{work.field}.under" in view.rows:
        from whichgpu.planner.comparison.under import under_sentences

        yield from under_sentences(view, work)
    yield from fitting_sentences(view, work)
    yield from _batch(view, work)
    yield from _alone(view, work)
    yield from several_sentences(view, work)
    yield from _limited(view, work)
    yield from energy_sentences(view, work)
    yield from cost_sentences(view, work)
    yield from fleet_sentences(view, work)
    yield from unlinked_sentences(view, work)
    for how, keys in _by_text(work.how):
        pen = Pen(view)
        pen.rests_on(f"{work.field}.runs", *keys)
        are, it = ("is", "it") if len(keys) == 1 else ("are", "them")
        who = pen.names(keys)
        text = f"{who} {are} estimated under {how}, since {work.runtime} does not run on {it}"
        yield pen.say("workload", text)
    if work.sharded:
        yield sharded_sentence(view, work)
    yield from _formats(view, work)
    for why, keys in _by_text(work.refused):
        pen = Pen(view)
        pen.rests_on(f"{work.field}.rate", *keys)
        have = "has" if len(keys) == 1 else "have"
        yield pen.say("workload", f"{pen.names(keys)} {have} no figure here: {why}")


def _formats(view: View, work: Work) -> Iterator[Sentence]:
    """In what a GPU multiplies numbers of a format that it has no units for, or none that were read.

    It is said with the first workload of which it holds.
    """
    asked = precision(work.job.precision)
    if asked.or_wider or asked.quantised:
        return
    alike = [one for one in view.works if precision(one.job.precision) == asked]
    used: dict[tuple[str, bool], list[str]] = {}
    for gpu in view.gpus:
        first = next((one for one in alike if gpu.id in one.results and gpu.id not in one.how), None)
        instead = stand_in(gpu, asked.math)
        if first is work and instead not in ("", "fp32"):
            used.setdefault((instead, view.has(gpu, asked.math) is False), []).append(gpu.id)
    for (instead, lacks), keys in used.items():
        pen = Pen(view)
        pen.rests_on(asked.math, *keys)
        have, whose = ("it has", "its") if len(keys) == 1 else ("they have", "their")
        name = asked.math.upper()
        why = f"{have} no {name} units" if lacks else f"{whose} {name} rate was not read"
        yield pen.say("workload", f"products on {pen.names(keys)} are taken in {instead.upper()}: {why}")


def _by_text(told: Mapping[str, str]) -> Iterable[tuple[str, list[str]]]:
    """The GPUs of which the same is said, by what is said."""
    grouped: dict[str, list[str]] = {}
    for key, text in told.items():
        grouped.setdefault(text, []).append(key)
    return grouped.items()


def _verb(work: Work) -> str:
    return "processes" if work.trains or work.unit == "sequences" else "makes"


def _speed(view: View, work: Work) -> Iterator[Sentence]:
    field = f"{work.field}.rate"
    known = tuple(view.ranked(field))
    pen = Pen(view)
    if len(view.ids) == 1 and known:
        yield _single(pen, work, known[0])
    if len(known) < 2:
        return
    first, *rest = known
    if view.pair:
        ratio = pen.ratio(first, rest[0], field)
        unsure = speed_ratio(work.results[first], work.results[rest[0]])[0] < 1
        within = ratio_range(work.results[first], work.results[rest[0]])
        text = (
            f"the {pen.name(first)} {_verb(work)} {ratio} the {work.unit} of the {pen.name(rest[0])}, "
            f"{'GPU for GPU' if view.one == 'one GPU' else 'one for one'} "
            f"({pen.amount(first, field)} against {pen.amount(rest[0], field)} a second; the ratio "
            f"lies {within} with 90 % confidence{_unsure(unsure)})"
            if ratio != "the same"
            else "both run it at the same speed "
            f"({pen.amount(first, field)} and {pen.amount(rest[0], field)} {work.unit} a second)"
        )
    else:
        behind = listed(
            f"{_as_fast(pen.ratio(first, key, field))} the {pen.name(key)} ({pen.amount(key, field)})"
            for key in rest
        )
        text = (
            f"the {pen.name(first)} is fastest with {pen.amount(first, field)} {work.unit} a second: {behind}"
        )
    yield pen.say("workload", text)


def _as_fast(ratio: str) -> str:
    return "level with" if ratio == "the same" else ratio


def _single(pen: Pen, work: Work, key: str) -> Sentence:
    """The speed of the only one, in its best configuration, and what it draws."""
    text = f"it {_verb(work)} {pen.text(key, f'{work.field}.rate')} {work.unit} a second with 90 % confidence"
    text += f", at {pen.text(key, f'{work.field}.runs')}"
    if pen.view.number(key, f"{work.field}.watts"):
        text += f" and {pen.quantity(key, f'{work.field}.watts')}"
    return pen.say("workload", text)


def _limited(view: View, work: Work) -> Iterator[Sentence]:
    """How much less a laptop part does at the lowest limit that makers set."""
    for key, result in work.results.items():
        if not result.limited:
            continue
        (high, most), *_, (low, least) = result.limited.items()
        pen = Pen(view)
        pen.rests_on(f"{work.field}.limited", key)
        lost = round(100.0 * (1.0 - least.mid / most.mid))
        slower = f"is {lost} % slower than" if lost else "is as fast as"
        yield pen.say(
            "workload",
            f"in a laptop that gives it {low:g} W, the {pen.name(key)} {slower} in one that gives it "
            f"{high:g} W; its rate in the table is for {result.held:.0f} W",
        )


def _unsure(unsure: bool) -> str:
    return ", so that which is faster is not sure" if unsure else ""


def _measured(view: View, work: Work) -> Iterator[Sentence]:
    """The ratio that was measured of the same job, and what the model makes of it; or that none was."""
    pen = Pen(view)
    told = []
    for index, one in enumerate(work.measured):
        field = f"{work.field}.measured.{index}"
        known = tuple(view.ranked(field))
        if len(known) < 2:
            continue
        first, *rest = known
        ratios = listed(
            f"{_as_fast(_faster(pen.ratio(first, key, field), one.better))} the {pen.name(key)} "
            f"({pen.text(first, field)} against {pen.text(key, field)})"
            for key in rest
        )
        model = view.ranked(f"{field}.model")
        says = ""
        if len(model) == len(known) and view.pair and first in model:
            says = f"; the model makes it {pen.ratio(first, rest[0], f'{field}.model')}" if (
                one.better == "higher"
            ) else f"; the model makes it {pen.ratio(rest[0], first, f'{field}.model')}"  # fmt: skip
        told.append(f"in {one.what}, the {pen.name(first)} is {ratios}{says}")
    if told:
        yield pen.say("measured", f"published measurements: {'; '.join(told)}")
    elif len(view.ids) == 1 and work.measured and work.measured[0].predicted:
        key, one = view.ids[0], work.measured[0]
        field = f"{work.field}.measured.0"
        yield pen.say(
            "measured",
            f"measured, in {one.what}: {pen.text(key, field)}; the model makes it "
            f"{pen.text(key, f'{field}.model')}",
        )
    elif not work.measured and work.results:
        pen.rests_on(f"{work.field}.rate", *view.ids)
        who = "it" if len(view.ids) == 1 else "these GPUs"
        yield pen.say(
            "measured",
            f"no published measurement of this workload on {who} was read, so all of it is the model's",
        )


def _faster(ratio: str, better: str) -> str:
    """A ratio of times is that of speeds the other way round, which a reader expects."""
    if better == "higher" or ratio == "the same":
        return ratio
    return f"{ratio_words(1.0 / float(ratio.rstrip('x')))}" if float(ratio.rstrip("x")) < 1 else ratio


def _batch(view: View, work: Work) -> Iterator[Sentence]:
    """From which batch on memory decides."""
    field = f"{work.field}.largest"
    known = tuple(view.ranked(field))
    if len(known) < 2 or len(set(view.ranked(field).values())) == 1:
        return
    pen = Pen(view)
    told = listed(f"{pen.amount(key, field)} on the {pen.name(key)}" for key in known)
    yield pen.say("workload", f"memory sets the largest batch: of those tried, {told}")


def _alone(view: View, work: Work) -> Iterator[Sentence]:
    field = f"{work.field}.alone"
    known = tuple(view.ranked(field))
    if len(known) < 2:
        return
    pen = Pen(view)
    times = {key: pen.text(key, field).partition(SHARING)[0] for key in known}
    told = listed(f"{time} on {_on(pen, work, key)}" for key, time in times.items())
    length = (
        f" of {work.job.output_tokens:,.0f} tokens"
        if work.unit == "tokens" and work.job.output_tokens
        else ""
    )
    yield pen.say("workload", f"one {work.single}{length} alone takes {told}")


def _on(pen: Pen, work: Work, key: str) -> str:
    least = work.results[key].least
    if least == 1:
        return f"the {pen.name(key)}"
    return f"{pen.amount(key, f'{work.field}.gpus')} of the {pen.name(key)}"
