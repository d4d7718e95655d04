"""What the figures mean, in sentences; each knows the cells it rests on. Memory and power are here.

Each function takes the view and gives no sentence, one or several; `ALL` is the order of reading.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.hardware.gpu import at_hand, nominal_gb
from whichgpu.hardware.parts import is_part
from whichgpu.planner.comparison import chips, features, lasting, rates, value
from whichgpu.planner.comparison.pen import Pen
from whichgpu.planner.comparison.reasons import own_power, paper_lead
from whichgpu.planner.comparison.rows import as_sold_alone, sixteen_bit, sizes_unlike
from whichgpu.planner.comparison.words import EQUAL, amount, gain, listed
from whichgpu.units import GIB

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.hardware.gpu import Gpu
    from whichgpu.planner.comparison.model import Sentence, View


def paper(view: View) -> Iterator[Sentence]:
    """A lead in the 16-bit peak that none of the workloads bears out."""
    half = sixteen_bit(view.gpus)
    for key in view.ids:
        if other := paper_lead(view, key):
            pen = Pen(view)
            for work in view.works:
                pen.rests_on(f"{work.field}.rate", key, other)
            yield pen.say(
                "precision",
                f"the lead of the {pen.name(key)} in {half.upper()} ({pen.ratio(key, other, half)} the "
                f"{pen.name(other)}) is one of peaks: in every workload here that both run, the "
                f"{pen.name(other)} is the faster",
            )


def bandwidth(view: View) -> Iterator[Sentence]:
    """How fast memory is read, and what sort of work that decides."""
    pen = Pen(view)
    text = pen.lead("bandwidth", "memory bandwidth")
    if not text:
        return
    kinds = {key: view.text(key, "memory_type") for key in view.ids}
    if (
        view.pair
        and len(set(kinds.values())) > 1
        and all(kinds.values())
        and view.rows["bandwidth"].best(view.ids)
    ):
        pen.rests_on("memory_type", *view.ids)
        order = tuple(view.ranked("bandwidth"))
        text += f": {kinds[order[0]]} against {listed(dict.fromkeys(kinds[key] for key in order[1:]))}"
    yield pen.say("bandwidth", text)


def memory(view: View) -> Iterator[Sentence]:
    """How much it holds; where capacity and speed point to different GPUs, that too."""
    pen = Pen(view)
    text = pen.lead("memory", "memory")
    if not text:
        return
    most = next(iter(view.ranked("memory")))
    fast = next(iter(view.ranked("bandwidth")), most)
    bigger = view.rows["memory"].best(view.ids)
    if bigger and fast != most and view.rows["bandwidth"].best(view.ids):
        text += (
            f"; but the one that holds more reads it slower, so that reading all of it once takes "
            f"{pen.quantity(most, 'read_all')} against {pen.quantity(fast, 'read_all')}"
        )
    yield pen.say("memory", text + _sold(pen, view.gpus))


def sold_as(gpu: Gpu) -> float | None:
    """The bytes under which it is sold, where ECC takes a visible part of them."""
    used, also = gpu.fact("memory"), gpu.also("memory")
    if used is None or not any("ECC" in fact.note for fact in (used, *also)):
        return None
    nominal = max((float(fact.value) for fact in also), default=0.0)
    return nominal if nominal / float(used.value) > EQUAL else None


def _sold(pen: Pen, gpus: Sequence[Gpu]) -> str:
    """Under what size each is sold of which less is there: for ECC, or as drivers count."""
    grouped: dict[str, dict[str, str]] = {}
    for gpu in gpus:
        memory, nominal = gpu.fact("memory"), sold_as(gpu)
        why = "of which ECC takes a share" if nominal else "of which drivers show a little less"
        if memory and not nominal and not is_part(gpu) and not at_hand(memory):
            nominal = (nominal_gb(float(memory.value)) or 0) * GIB
        if memory and nominal and amount(nominal, "memory") != amount(float(memory.value), "memory"):
            grouped.setdefault(why, {})[f"the {pen.name(gpu.id)}"] = amount(nominal, "memory")
    told = ""
    for why, sizes in grouped.items():
        same = len({*sizes.values()}) == 1
        both = " both" if same and len(sizes) == len(gpus) == 2 else ""
        size = next(iter(sizes.values())) if same else listed(sizes.values())
        told += f"; {listed(sizes)} {'is' if len(sizes) == 1 else 'are'}{both} sold as {size} GB, {why}"
    if sizes_unlike(gpus):
        unread = [f"the {pen.name(gpu.id)}" for gpu in gpus if as_sold_alone(gpu)]
        told += f"; what it leaves of {listed(unread)} was not read, so sizes as sold are compared"
    return told


def cache(view: View) -> Iterator[Sentence]:
    """The last cache before memory, where one has an L3 or Infinity Cache behind its L2."""
    last = {key: "l3" if view.number(key, "l3") else "l2" for key in view.ids}
    if "l3" not in last.values() or not all(view.number(key, field) for key, field in last.items()):
        return
    pen = Pen(view)
    told = [
        f"{pen.quantity(key, field)} on the {pen.name(key)}"
        + (f", behind {pen.quantity(key, 'l2')} of L2" if field == "l3" and view.number(key, "l2") else "")
        for key, field in last.items()
    ]
    yield pen.say("cache", f"the last cache before memory: {'; '.join(told)}")


def balance(view: View) -> Iterator[Sentence]:
    """Which ratio a program will see: that of bandwidth below the balance, that of the peak above."""
    half = sixteen_bit(view.gpus)
    if not view.pair or not (view.all_know("balance") and view.all_know("bandwidth")):
        return
    pen = Pen(view)
    points = view.ranked("balance")
    high, low = points
    fast, slow = view.ranked("bandwidth")
    top, under = view.ranked(half)
    text = (
        f"work that does fewer than {pen.amount(low, 'balance')} {half.upper()} operations per byte "
        "it reads, such as "
        f"generating text for one user, is bound by memory on both and sees the bandwidth ratio "
        f"({_towards(pen, fast, slow, 'bandwidth')}); above {pen.amount(high, 'balance')}, as in "
        "large matrix products, "
        f"it sees the {half.upper()} ratio ({_towards(pen, top, under, half)})"
    )
    yield pen.say("balance", text)


def _towards(pen: Pen, fast: str, slow: str, field: str) -> str:
    ratio = pen.ratio(fast, slow, field)
    return "the same for both" if ratio == "the same" else f"{ratio} for the {pen.name(fast)}"


def power(view: View) -> Iterator[Sentence]:
    """The power limit, what a watt buys, and the range that a laptop's maker may set."""
    pen = Pen(view)
    half = sixteen_bit(view.gpus)
    field = own_power(view)
    known = tuple(view.ranked(field))
    if len(known) > 1:
        limits: dict[str, list[str]] = {}
        for key in known:
            limits.setdefault(pen.quantity(key, field), []).append(f"the {pen.name(key)}")
        told = listed(f"{watts} for {listed(names)}" for watts, names in limits.items())
        text = f"the power limit is {told}"
        if len(view.rows[field].cells) < len(view.ids):
            text += ", the only ones that were read"
        buys = list(_per_watt(pen, known, half))
        text += f"; per watt, {listed(buys)}" if buys else ""
        if view.pair and all(view.text(key, "year") for key in known):
            less, more = (pen.text(key, "year") for key in known)
            text += f"; day and night at it, a year takes {less.removesuffix(' kWh')} against {more}"
        yield pen.say("power", text)
    for gpu in view.gpus:
        yield from limits_of(view, gpu)


def _per_watt(pen: Pen, known: tuple[str, ...], half: str) -> Iterator[str]:
    """What a watt buys, leader by leader."""
    view = pen.view
    gains: dict[str, list[str]] = {}
    for field, noun in ((f"{half}_per_watt", half.upper()), ("fp32_per_watt", "FP32"),
                        ("bandwidth_per_watt", "bandwidth")):  # fmt: skip
        ranked = view.ranked(field)
        if len(ranked) != len(known):
            continue
        first, second, *_ = ranked
        ratio = pen.value(first, field) / pen.value(second, field)
        if ratio <= EQUAL and not view.pair:
            level = [key for key in ranked if pen.value(first, field) / pen.value(key, field) <= EQUAL]
            who = pen.names(level)
            gains.setdefault(who, []).append(f"the most {noun} ({pen.quantity(first, field)})")
        elif ratio <= EQUAL:
            gains.setdefault("", []).append(noun)
        elif view.pair:
            gains.setdefault(first, []).append(gain(ratio, noun))
        else:
            gains.setdefault(first, []).append(f"the most {noun} ({pen.quantity(first, field)})")
    for key, gained in gains.items():
        if not key:
            yield f"{listed(gained)} {'is' if len(gained) == 1 else 'are'} the same"
        elif key in view.words:
            yield f"the {pen.name(key)} gives {listed(gained)}"
        else:
            yield f"{key} give {listed(gained)}"


def limits_of(view: View, gpu: Gpu) -> Iterator[Sentence]:
    """The range of power that makers set or a card's driver takes, and what a part reaches lower in it."""
    low, high = view.number(gpu.id, "power_min"), view.number(gpu.id, "power_max")
    if not low or not high or low == high or not view.number(gpu.id, "power"):
        return
    pen = Pen(view)
    ends = f"between {pen.amount(gpu.id, 'power_min')} and {pen.quantity(gpu.id, 'power_max')}"
    least, most = gpu.fact("power_min"), gpu.fact("power_max")
    if gpu.segment not in features.BUILT_IN and high == view.number(gpu.id, "power"):
        # The driver of a card takes these; who built the card did not choose among them.
        text = f"the power limit of the {pen.name(gpu.id)} can be set {ends}"
    elif least and most and set(least.sources) & set(most.sources):
        who = "its modes" if gpu.segment == "edge" else "makers"
        text = f"{who} set the {pen.name(gpu.id)} to {ends}"
    else:
        # The ends are of two listings: laptops beyond them may well exist.
        text = f"the limits that were read of the {pen.name(gpu.id)} are {ends}; makers may go beyond"
    text += f", and the rates here are those at {pen.quantity(gpu.id, 'power')}"
    if view.text(gpu.id, "at_limits") and view.number(gpu.id, "fp32"):
        text += f"; set lower, its {pen.quantity(gpu.id, 'fp32')} in FP32 are {pen.text(gpu.id, 'at_limits')}"
    yield pen.say("power", text)


#: In the order of reading.
ALL = (
    *chips.ALL, *rates.ALL, paper, bandwidth, cache, memory, balance, power,
    *features.ALL, *lasting.ALL, *value.ALL,
)  # fmt: skip
