"""What a workload's results mean, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.planner.comparison.pen import Pen
from whichgpu.planner.comparison.rows import sixteen_bit
from whichgpu.planner.comparison.words import EQUAL, listed, ratio_words
from whichgpu.planner.comparison.work import ratio_range

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.planner.comparison.model import Sentence, View
    from whichgpu.planner.comparison.work import Work


def work_sentences(view: View, work: Work) -> Iterator[Sentence]:
    """Speed, why, fit, waiting, energy and cost of one workload."""
    yield from _speed(view, work)
    yield from _why(view, work)
    yield from _fit(view, work)
    yield from _alone(view, work)
    yield from _energy(view, work)
    yield from _cost(view, work)
    for key, why in work.refused.items():
        pen = Pen(view)
        pen.rests_on(f"{work.field}.rate", key)
        yield pen.say("workload", f"the {pen.name(key)} cannot run it: {why}")


def _verb(work: Work) -> str:
    return "processes" if work.trains or work.unit == "sequences" else "makes"


def _speed(view: View, work: Work) -> Iterator[Sentence]:
    field = f"{work.field}.rate"
    known = tuple(view.ranked(field))
    if len(known) < 2:
        return
    pen = Pen(view)
    first, *rest = known
    if view.pair:
        ratio = pen.ratio(first, rest[0], field)
        within = ratio_range(work.results[first], work.results[rest[0]])
        text = (
            f"the {pen.name(first)} {_verb(work)} {ratio} the {work.unit} of the {pen.name(rest[0])}, GPU for GPU "
            f"({pen.amount(first, field)} against {pen.amount(rest[0], field)} a second; the ratio lies {within} with 90 % confidence)"
            if ratio != "the same"
            else f"both {_verb(work).removesuffix('s').removesuffix('e') if False else 'run'} it at the same speed "
            f"({pen.amount(first, field)} and {pen.amount(rest[0], field)} {work.unit} a second)"
        )
    else:
        behind = listed(f"{pen.ratio(first, key, field)} the {pen.name(key)} ({pen.amount(key, field)})" for key in rest)
        text = f"the {pen.name(first)} is fastest with {pen.amount(first, field)} {work.unit} a second: {behind}"
    yield pen.say("workload", text)


def _why(view: View, work: Work) -> Iterator[Sentence]:
    """What the time goes into, beside the ratio of the peak that this is."""
    known = tuple(view.ranked(f"{work.field}.rate"))
    if len(known) < 2 or not view.pair:
        return
    fast, slow = known
    pen = Pen(view)
    pen.rests_on(f"{work.field}.bound", fast, slow)
    bound = {key: next(iter(work.results[key].bounds)) for key in known}
    half = sixteen_bit(view.gpus)
    peaks = {
        "compute": (_peak(work, half), f"{_peak(work, half).upper()} peak"),
        "memory": ("bandwidth", "memory bandwidth"),
    }
    if "launch" in bound.values():
        who = listed(f"the {pen.name(key)}" for key in known if bound[key] == "launch")
        yield pen.say("workload", f"launching its many small kernels takes longest on {who}, and no faster GPU shortens that")
        return
    told = []
    for cause in dict.fromkeys(bound.values()):
        field, noun = peaks[cause]
        if view.all_know(field):
            ratio = pen.value(fast, field) / pen.value(slow, field)
            who = listed(f"the {pen.name(key)}" for key in known if bound[key] == cause)
            shares = listed(f"{round(100 * work.results[key].bounds[cause])} %" for key in known if bound[key] == cause)
            word = "arithmetic" if cause == "compute" else "memory"
            towards = "equal" if max(ratio, 1 / ratio) <= EQUAL else ratio_words(ratio)
            told.append(f"{shares} of the time on {who} is bound by {word}, where the ratio of the {noun} is {towards}")
    if told:
        yield pen.say("workload", "; ".join(told))


def _peak(work: Work, half: str) -> str:
    from whichgpu.workloads.precision import precision

    math = precision(work.job.precision).math
    return str(math) if math else half


def _fit(view: View, work: Work) -> Iterator[Sentence]:
    field = f"{work.field}.gpus"
    counts = {key: view.number(key, field) or 0 for key in work.results}
    if len(counts) < 2 or max(counts.values()) == 1:
        return
    pen = Pen(view)
    if len(set(counts.values())) == 1:
        yield pen.say("workload", f"it takes {pen.amount(next(iter(counts)), field)} of either to hold it")
        return
    yield pen.say("workload", "to hold it takes " + listed(f"{pen.amount(key, field)} of the {pen.name(key)}" for key in counts))


def _alone(view: View, work: Work) -> Iterator[Sentence]:
    field = f"{work.field}.alone"
    known = tuple(view.ranked(field))
    if len(known) < 2:
        return
    pen = Pen(view)
    told = listed(f"{pen.text(key, field)} on the {pen.name(key)}" for key in known)
    yield pen.say("workload", f"one {work.single} alone takes {told}")


def _energy(view: View, work: Work) -> Iterator[Sentence]:
    field = f"{work.field}.energy"
    known = tuple(view.ranked(field))
    if len(known) < 2:
        return
    pen = Pen(view)
    watts = listed(f"{pen.quantity(key, f'{work.field}.watts')} on the {pen.name(key)}" for key in known)
    what = "a token" if work.unit == "tokens" else f"{'an' if work.single[0] in 'aeiou' else 'a'} {work.single}"
    joules = listed(f"{pen.amount(key, field)}" for key in known)
    yield pen.say("workload", f"it draws about {watts}, so that {what} takes {joules} J in that order")


def _cost(view: View, work: Work) -> Iterator[Sentence]:
    field = f"{work.field}.usd"
    known = tuple(view.ranked(field))
    if len(known) < 2:
        return
    pen = Pen(view)
    told = listed(f"{pen.amount(key, field)} USD on the {pen.name(key)}" for key in known)
    text = f"{work.noun} cost {told} at full load and the cheapest on-demand price"
    if work.unit == "tokens":
        text = f"a {text.replace(' cost ', ' costs ', 1)}"
    yield pen.say("workload", text)
    if view.pair:
        yield from _break_even(view, work)


def _break_even(view: View, work: Work) -> Iterator[Sentence]:
    """Up to which price ratio the faster one is worth it, and what the ratio is today."""
    fast, slow = view.ranked(f"{work.field}.rate")
    pen = Pen(view)
    speed = pen.ratio(fast, slow, f"{work.field}.rate")
    price = pen.value(fast, "usd_per_hour") / pen.value(slow, "usd_per_hour")
    if speed == "the same":
        return
    today = "costs the same" if max(price, 1 / price) <= EQUAL else f"costs {ratio_words(price)} that"
    yield pen.say(
        "workload",
        f"for this workload the {pen.name(fast)} is worth up to {speed} the {pen.name(slow)}'s hourly price; today it {today}",
    )
