"""What a workload takes of several GPUs: to hold it, to run it sooner, to reach a rate; in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.hardware.parts import is_part
from whichgpu.planner.comparison.pen import Pen
from whichgpu.planner.comparison.words import EQUAL, listed, ratio_words
from whichgpu.planner.comparison.work import unlinked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.planner.comparison.model import Sentence, View
    from whichgpu.planner.comparison.work import Work


def fitting_sentences(view: View, work: Work) -> Iterator[Sentence]:
    """How many of each hold the workload, where that is more than one of any."""
    field = f"{work.field}.gpus"
    counts = {key: view.number(key, field) or 0 for key in work.results}
    if len(counts) < 2 or max(counts.values()) == 1:
        return
    pen = Pen(view)
    if len(set(counts.values())) == 1:
        yield pen.say("workload", f"it takes {pen.amount(next(iter(counts)), field)} of either to hold it")
        return
    yield pen.say(
        "workload",
        "to hold it takes " + listed(f"{pen.amount(key, field)} of the {pen.name(key)}" for key in counts),
    )


def sharded_sentence(view: View, work: Work) -> Sentence:
    """Which do not hold a training alone, and how many of each do together."""
    pen = Pen(view)
    field = f"{work.field}.gpus"
    keys = [key for key, result in work.results.items() if result.group > 1]
    told = listed(f"{pen.amount(key, field)} of the {pen.name(key)}" for key in keys)
    one = "no single one holds it"
    if len(keys) < len(work.results):
        one = (
            listed(f"one {pen.name(key)}" for key in keys)
            + f" alone {'does' if len(keys) == 1 else 'do'} not hold it"
        )
    return pen.say("workload", f"{one}: {told} {work.sharded}; the rates are per GPU")


def several_sentences(view: View, work: Work) -> Iterator[Sentence]:
    """What more GPUs of a kind give: training in data parallel, or an answer that comes sooner."""
    most = max((count for result in work.results.values() for count in result.together), default=1)
    field = f"{work.field}.on{most}"
    known = tuple(view.ranked(field))
    if most == 1 or not known:
        return
    pen = Pen(view)
    if work.trains:
        one = f"{work.field}.rate"
        told = listed(
            f"{ratio_words(pen.value(key, field) / pen.value(key, one))} one {pen.name(key)} "
            f"({pen.amount(key, field)} {work.unit} a second)"
            for key in known
        )
        linked = [key for key in known if view.number(key, "link_of_8")]
        by = f"; they exchange gradients at {links(pen, linked)} in each direction" if linked else ""
        yield pen.say("scaling", f"in data parallel, {most} GPUs train at {told}{by}")
        return
    yield _sooner(view, work)


def _sooner(view: View, work: Work) -> Sentence:
    """On how many GPUs that share the model one item alone comes soonest, and on which it comes no sooner."""
    pen = Pen(view)
    told, no_sooner = [], []
    for key in view.ranked(f"{work.field}.alone"):
        result = work.results[key]
        if not result.together:
            continue
        count, best = min(result.together.items(), key=lambda one: one[1].mid)
        if best.mid * EQUAL < result.latency_alone.mid:
            told.append(f"{pen.text(key, f'{work.field}.on{count}')} on {count} of the {pen.name(key)}")
        else:
            pen.rests_on(f"{work.field}.alone", key)
            no_sooner.append(key)
    if not told:
        return pen.say(
            "scaling", f"one {work.single} alone comes no sooner on several of {pen.names(no_sooner)}"
        )
    text = f"GPUs that share the model answer sooner: an {work.single} alone takes {listed(told)}"
    none = f"; on several of {pen.names(no_sooner)} it comes no sooner" if no_sooner else ""
    return pen.say("scaling", text + none)


def unlinked_sentences(view: View, work: Work) -> Iterator[Sentence]:
    """Why several of some GPUs have no figure beside those of others."""
    if len(work.results) == 1 or not any(result.together for result in work.results.values()):
        return
    alone = [key for key, result in work.results.items() if not result.together]
    # Parts do not work together at all, which is told of them.
    keys = [gpu.id for gpu in view.gpus if gpu.id in alone and unlinked(gpu) and not is_part(gpu)]
    if keys:
        pen = Pen(view)
        pen.rests_on(f"{work.field}.rate", *keys)
        yield pen.say(
            "scaling",
            f"several of {pen.names(keys)} are not worked out: the model has no measurement of their links",
        )


def links(pen: Pen, keys: list[str]) -> str:
    """`300 GB/s (NVSwitch) on the A100 and 31.5 GB/s (PCIe) on the RTX A6000`."""
    grouped: dict[str, list[str]] = {}
    for key in keys:
        grouped.setdefault(pen.text(key, "link_of_8"), []).append(f"the {pen.name(key)}")
    return listed(f"{rate} on {listed(who)}" for rate, who in grouped.items())


def fleet_sentences(view: View, work: Work) -> Iterator[Sentence]:
    """How many of each reach a rate, and what they cost: many small against few large."""
    field = f"{work.field}.fleet"
    known = tuple(view.ranked(field))
    if len(known) < 2:
        return
    pen = Pen(view)
    told = []
    for key in known:
        usd = f" for {pen.quantity(key, f'{field}_usd')}" if view.number(key, f"{field}_usd") else ""
        told.append(f"{pen.amount(key, field)} of the {pen.name(key)}{_replicas(work, key)}{usd}")
    yield pen.say("workload", f"{pen.text(known[0], f'{work.field}.target')} take {listed(told, 'or')}")


def _replicas(work: Work, key: str) -> str:
    """How many GPUs share a copy of the model, where more than one and another number in others do."""
    group = work.results[key].group
    alike = len({result.group for result in work.results.values()}) == 1
    return "" if group == 1 or alike else f" ({group} to a copy of the model)"
