"""Which chips, generations and variants these are, and what their core counts are worth."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.hardware.architecture import before
from whichgpu.hardware.fields import FIELDS
from whichgpu.planner.comparison.lasting import AFTER
from whichgpu.planner.comparison.model import LISTED
from whichgpu.planner.comparison.pen import Pen
from whichgpu.planner.comparison.rows import half_rate
from whichgpu.planner.comparison.words import amount, base_name, listed, quantity, short_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.hardware.gpu import Gpu
    from whichgpu.planner.comparison.model import Sentence, View

#: More variants of a name than this are a list, not a sentence.
_KIN = 5
#: More parts of a generation than this are a catalogue: `whichgpu gpus --family ampere`.
_SIBLINGS = 14
#: What a part is held against one of the generation before by.
_REACHED = {"fp32": " in FP32", "fp16": " in FP16", "bandwidth": "", "memory": ""}
_UNITS = {"cores": "shader cores", "tensor_cores": "tensor cores", "rt_cores": "RT cores"}


def generation(view: View) -> Iterator[Sentence]:
    """Which chips and generations these are: one architecture's name may cover several chips."""
    pen = Pen(view)
    first, second = view.gpus[:2]
    chips = [view.text(gpu.id, "chip") for gpu in view.gpus]
    names = [view.text(gpu.id, "architecture") for gpu in (first, second)]
    if not view.pair or not all(names) or names[0] != names[1]:
        vendors = len({gpu.vendor for gpu in view.gpus}) > 1
        told = listed(which(pen, gpu, vendor=vendors) for gpu in view.gpus)
        yield pen.say("generation", told + (_succession(first, second, pen) if view.pair else ""))
    elif all(chips) and chips[0] == chips[1]:
        text = f"both are cut from one chip, {_chip(pen, first)}{_cut(pen, view)}"
        yield pen.say("generation", text + _since(first, pen))
    elif all(chips):
        pen.rests_on("architecture", *view.ids)
        yield pen.say(
            "generation",
            f"both are {view.text(first.id, 'architecture')}, but of different chips: the "
            f"{pen.name(first.id)} is cut "
            f"from {_chip(pen, first)}, the {pen.name(second.id)} from {_chip(pen, second)}"
            f"{_since(first, pen)}",
        )


def _since(gpu: Gpu, pen: Pen) -> str:
    """What the generation that both are of followed."""
    own, after, told = pen.text(gpu.id, "generation").partition(AFTER)
    return f"; {own} followed {told}" if after else ""


def which(pen: Pen, gpu: Gpu, *, vendor: bool) -> str:
    """`the A10 is an Ampere of 2021, cut from GA102 (28.3 billion transistors)`."""
    name = pen.text(gpu.id, "architecture")
    maker = f"{gpu.vendor} " if vendor else ""
    if not name or (name in gpu.name and gpu.vendor not in LISTED):
        what = f"{_article(gpu.vendor)} {gpu.vendor} accelerator" if gpu.vendor else "a part of unknown make"
    else:
        maker = "" if name.startswith(gpu.vendor) else maker
        what = f"{_article(maker or name)} {maker}{name}"
    text = pen.view.text(gpu.id, "chip")
    chip = f", cut from {_chip(pen, gpu)}" if text and text not in gpu.name else ""
    year = f" of {pen.text(gpu.id, 'release_date')[:4]}" if pen.view.text(gpu.id, "release_date") else ""
    return f"the {pen.name(gpu.id)} is {what}{year}{chip}"


def _article(word: str) -> str:
    return "an" if word[0] in "AEIOaeio" or word.startswith("NV") else "a"


def _chip(pen: Pen, gpu: Gpu) -> str:
    details = []
    if pen.view.number(gpu.id, "transistors"):
        details.append(f"{pen.amount(gpu.id, 'transistors')} transistors")
    if pen.view.number(gpu.id, "die_area"):
        details.append(pen.quantity(gpu.id, "die_area"))
    if pen.view.text(gpu.id, "process"):
        details.append(pen.text(gpu.id, "process"))
    chip = pen.text(gpu.id, "chip")
    return f"{chip} ({', '.join(details)})" if details else chip


def _cut(pen: Pen, view: View) -> str:
    if not view.all_know("sms"):
        return ""
    first, second = view.ids
    one, other = pen.amount(first, "sms"), pen.amount(second, "sms")
    if one == other:
        return f", with {one} SMs in use on each"
    return f", with {one} SMs in use on the {pen.name(first)} and {other} on the {pen.name(second)}"


def _succession(first: Gpu, second: Gpu, pen: Pen) -> str:
    for older, newer in ((first, second), (second, first)):
        if {older.architecture, older.family} & {step.id for step in before(newer.architecture)}:
            pen.rests_on("architecture", older.id, newer.id)
            return f"; {pen.text(newer.id, 'architecture')} succeeds {pen.text(older.id, 'architecture')}"
    return ""


def variants(view: View) -> Iterator[Sentence]:
    """Other parts of the same name: what an offer that says no more than the name may be."""
    for gpu in view.gpus:
        kin = [other for key, other in view.others.items() if key.startswith(f"variant {gpu.id} ")]
        if not 0 < len(kin) <= _KIN:
            continue
        pen = Pen(view._replace(others={other.id: other for other in kin}))
        told = []
        for other in kin:
            parts = [pen.quantity(other.id, name) for name in ("memory", "bandwidth") if other.value(name)]
            told.append(f"{pen.name(other.id)} ({', '.join(parts)})" if parts else pen.name(other.id))
        base = base_name(view.names[gpu.id])
        there = "there is" if len(told) == 1 else "there are"
        yield pen.say("variants", f"'{base}' names several parts: {there} also the {listed(told)}")


def siblings(view: View) -> Iterator[Sentence]:
    """What else there is of the generation that all are of, by name."""
    kin = [other for key, other in view.others.items() if key.startswith("sibling ")]
    names = sorted({base_name(short_name(other)) for other in kin}, key=lambda name: (len(name), name))
    if not 0 < len(names) <= _SIBLINGS:
        return
    pen = Pen(view._replace(others={other.id: other for other in view.others.values()}))
    kinds = listed(dict.fromkeys(pen.text(gpu.id, "segment") for gpu in view.gpus))
    top = next((other for key, other in view.others.items() if key.startswith("flagship ")), None)
    text = f"other {kinds} parts of {pen.text(view.ids[0], 'architecture')}: {listed(names)}"
    if top is not None:
        text += (
            f"; its fastest card for games is the {pen.name(top.id)} ({pen.quantity(top.id, 'fp32')} in FP32)"
        )
    yield pen.say("siblings", text)


def earlier(view: View) -> Iterator[Sentence]:
    """What the generation before reached at most among parts of the same kind: how far this one went."""
    for key, other in view.others.items():
        if not key.startswith("earlier "):
            continue
        former = before(view.gpus[view.ids.index(key.removeprefix("earlier "))].architecture)
        those = [
            gpu.id for gpu in view.gpus
            if gpu.segment == other.segment and before(gpu.architecture) == former and gpu.value("fp32")
        ]  # fmt: skip
        pen = Pen(view._replace(others={other.id: other}))
        fields = [
            field for field in _REACHED
            if other.value(field) and (field != "fp16" or half_rate(other, field) == other.value(field))
            and all(view.number(one, field) for one in those)
        ]  # fmt: skip
        told = [
            f"the {pen.name(one)} has {listed(pen.quantity(one, name) + _REACHED[name] for name in fields)}"
            for one in (*those, other.id)
        ]
        last = told.pop().replace(" has ", ", has ", 1)
        own = next(step.name for step in former if other.architecture in {one.id for one in step.variants})
        kind = pen.text(those[0], "segment")
        pen.rests_on("generation", *those)
        yield pen.say("earlier", f"of {own}, the fastest {kind} part in FP32, {last}; {'; '.join(told)}")


def desktop(view: View) -> Iterator[Sentence]:
    """That a laptop part is not the desktop card of its name."""
    for gpu in view.gpus:
        other = view.others.get(f"desktop {gpu.id}")
        if other is None:
            continue
        pen = Pen(view._replace(others={**view.others, other.id: other}))
        told = [
            f"{amount(pen.value(gpu.id, name), FIELDS[name].dimension)} instead of "
            f"{quantity(pen.value(other.id, name), FIELDS[name].dimension)}{noun}"
            for name, noun in (("cores", " cores"), ("bandwidth", ""), ("memory", ""))
            if gpu.value(name) and other.value(name) and gpu.value(name) != other.value(name)
        ]
        same = gpu.value("chip") == other.value("chip")
        pen.rests_on("chip", gpu.id, other.id)
        fewer = (gpu.value("cores") or 0) < (other.value("cores") or 0)
        chip = f"the same chip{', cut down' if fewer else ''}" if same else (
            f"another chip ({pen.text(gpu.id, 'chip')}, not {pen.text(other.id, 'chip')})"
        )  # fmt: skip
        yield pen.say(
            "laptop",
            f"the {pen.name(gpu.id)} is not the desktop {pen.name(other.id)}: {chip}"
            + (f", with {listed(told)}" if told else _within(pen, gpu, other)),
        )


def _within(pen: Pen, gpu: Gpu, other: Gpu) -> str:
    """That a laptop's part differs from the desktop's in its power alone."""
    if not gpu.value("power") or not other.value("power"):
        return ", within the power of a laptop"
    watts = FIELDS["power"].dimension
    lower = amount(pen.value(gpu.id, "power"), watts)
    return f", within {lower} instead of {quantity(pen.value(other.id, 'power'), watts)}"


def units(view: View) -> Iterator[Sentence]:
    """Core counts: what they are worth between these chips."""
    if not view.pair or not view.all_know("cores"):
        return
    pen = Pen(view)
    first, second = view.gpus
    kinds = [kind for kind in ("cores", "tensor_cores", "rt_cores") if view.all_know(kind)]
    lead = max(view.ids, key=lambda key: view.number(key, "cores") or 0)
    rest = next(key for key in view.ids if key != lead)
    if first.architecture == second.architecture:
        if (view.number(lead, "cores") or 0) == (view.number(rest, "cores") or 0):
            return
        counts = listed(f"{pen.against(lead, rest, kind)} {_UNITS[kind]}" for kind in kinds)
        yield pen.say("units", f"the {pen.name(lead)} has {pen.more(lead, rest, 'cores', 'units')}: {counts}")
        return
    yield from _unlike(view, pen, lead, rest)


def _unlike(view: View, pen: Pen, lead: str, rest: str) -> Iterator[Sentence]:
    """Core counts of two different architectures: only with the work that one core does per clock."""
    if not (view.all_know("tensor_cores") and view.all_know("fma_per_tensor_core")):
        return
    per = {key: view.number(key, "fma_per_tensor_core") or 0 for key in view.ids}
    strong = max(per, key=lambda key: per[key])
    weak = next(key for key in view.ids if key != strong)
    if per[strong] == per[weak]:
        return
    if all(view.number(lead, kind) == view.number(rest, kind) for kind in ("cores", "tensor_cores")):
        counts = (
            f"both have {pen.quantity(lead, 'cores')} shader cores and "
            f"{pen.quantity(lead, 'tensor_cores')} tensor cores"
        )
        pen.rests_on("cores", rest)
        pen.rests_on("tensor_cores", rest)
    else:
        counts = (
            f"the {pen.name(lead)} has {pen.against(lead, rest, 'cores')} shader cores and "
            f"{pen.against(lead, rest, 'tensor_cores')} tensor cores"
        )
    where = "between these architectures" if len({gpu.family for gpu in view.gpus}) > 1 else "here"
    text = (
        f"core counts do not decide {where}: {counts}, "
        f"but a tensor core of the {pen.name(strong)} does "
        f"{pen.ratio(strong, weak, 'fma_per_tensor_core')} the FP16 "
        f"work per clock ({pen.against(strong, weak, 'fma_per_tensor_core')} multiply-adds)"
    )
    yield pen.say("units", text)


#: In the order of reading.
ALL = (generation, variants, siblings, earlier, desktop, units)
