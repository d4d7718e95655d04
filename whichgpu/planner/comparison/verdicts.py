"""Which GPU for what: the answer in a paragraph, and one verdict for each GPU."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from whichgpu.planner.comparison.pen import Pen
from whichgpu.planner.comparison.middle import between
from whichgpu.planner.comparison.rows import sixteen_bit
from whichgpu.planner.comparison.words import EQUAL, gain, listed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from whichgpu.planner.comparison.model import Sentence, View

#: A lead smaller than a fifth is within what clocks, runtimes and cooling change, so it decides nothing.
DECIDES = 1.2
#: FP64 is a reason only where the parts differ in kind (1:2 against 1:64), not by clock.
DECIDES_FP64 = 2.0
#: An FP64 rate further below FP32 than this is there for correctness, not for work.
_TOKEN_FP64 = 16.0
#: Links decide only when they differ by more than a generation of PCIe would.
DECIDES_LINK = 1.5


class Reason(NamedTuple):
    """A measure that may decide: its row, how it is named, when it counts, and the condition in words.

    `when` gets the pen, the GPU ahead and the one behind it.
    """

    field: str
    noun: str
    threshold: float
    when: Callable[[Pen, str, str], str]


def reasons(view: View) -> tuple[Reason, ...]:
    """The measures in the order of reading."""
    half = sixteen_bit(view.gpus)
    power = "power_per_gpu" if "power_per_gpu" in view.rows else "power"

    shares = [(view.number(key, "fp32") or 0) / (view.number(key, "fp64") or 1) for key in view.ids]
    precise = view.all_know("fp64") and min(shares) <= _TOKEN_FP64
    eights = view.all_know("link_of_8") and (view.rows["link_of_8"].ratio(view.ids) or 1) >= DECIDES_LINK

    def speed(text: str, field: str) -> Callable[[Pen, str, str], str]:
        return lambda pen, key, other: f"{text} ({pen.ratio(key, other, field)}{_than(pen, other)})"

    return (
        Reason("memory", "memory", DECIDES, lambda pen, key, other:
               f"one GPU has to hold more than the {pen.quantity(other, 'memory')} of the {pen.name(other)}"),
        Reason("bandwidth", "memory bandwidth", DECIDES,
               speed("memory bandwidth sets the pace, as in generating text", "bandwidth")),
        Reason(half, half.upper(), DECIDES,
               speed(f"the work is {half.upper()} training or inference in large batches", half)),
        Reason("fp32", "plain FP32", DECIDES, speed("the code computes in plain FP32", "fp32")),
        *([Reason("fp64", "FP64", DECIDES_FP64, speed("the work needs FP64", "fp64"))] if precise else []),
        Reason("link_of_8", "links among eight", DECIDES_LINK, lambda pen, key, other:
               "many must exchange data, as in large training "
               f"({pen.against(key, other, 'link_of_8')} in a machine of eight)") if eights else
        Reason("nvlink", "NVLink", DECIDES_LINK, lambda pen, key, other:
               f"two or more must exchange data over NVLink ({pen.against(key, other, 'nvlink')})"),
        Reason("rt", "ray tracing", DECIDES, speed("it renders with ray tracing", "rt")),
        Reason(power, "a lower power limit", DECIDES, lambda pen, key, other:
               f"no more than {pen.quantity(key, power)} can be fed and cooled"),
        Reason(f"{half}_per_watt", f"{half.upper()} per watt", DECIDES, speed(
               f"energy per result counts and the work is {half.upper()}", f"{half}_per_watt")),
        Reason("usd_per_hour", "a lower price", DECIDES, lambda pen, key, other:
               "the job leaves it idle at times, so that the hour counts and not the work done in it "
               f"({pen.against(key, other, 'usd_per_hour')})"),
        Reason("slots", "fewer slots", DECIDES, lambda pen, key, other:
               f"only {_slots(pen, key)} free"),
    )  # fmt: skip


def _than(pen: Pen, other: str) -> str:
    """Of two it is plain whose; of more the next is named."""
    return "" if pen.view.pair else f" the {pen.name(other)}"


def _slots(pen: Pen, key: str) -> str:
    count = pen.amount(key, "slots")
    return "one slot is" if count == "1" else f"{count} slots are"


def answer(view: View) -> Sentence:
    """Who is ahead in what, and what an hour costs, in one paragraph."""
    pen = Pen(view)
    clauses = []
    for key in view.ids:
        told = _leads(view, pen, key)
        if told:
            clauses.append(f"The {view.names[key]} {told}.")
    if not clauses:
        clauses.append("None is ahead of the others by a fifth or more in anything that was read for all of them.")
    return pen.say("answer", " ".join([*clauses, *_price(view, pen)]))


def _leads(view: View, pen: Pen, key: str) -> str:
    """`is ahead in memory (1.67x) and draws less (300 against 400 W)`."""
    ahead = list(_ahead(view, pen, key))
    parts = [f"is ahead in {listed(ahead)}"] if ahead else []
    for field, noun in (("fp8", "FP8"), ("fp4", "FP4"), ("bf16", "BF16")):
        if _alone(view, key, field):
            pen.rests_on(field, key)
            parts.append(f"alone computes in {noun}")
            break
    power = "power_per_gpu" if "power_per_gpu" in view.rows else "power"
    for reason in reasons(view):
        other = _next(view, key, reason) if reason.field == power else ""
        if other:
            parts.append(f"{'draws less' if view.pair else 'draws least'} ({pen.against(key, other, power)})")
    return listed(parts) if parts else ""


def _ahead(view: View, pen: Pen, key: str) -> Iterator[str]:
    power = "power_per_gpu" if "power_per_gpu" in view.rows else "power"
    for reason in reasons(view):
        other = "" if reason.field in (power, "slots", "usd_per_hour") or reason.field.endswith("_watt") else _next(view, key, reason)
        if other:
            yield f"{reason.noun} ({pen.ratio(key, other, reason.field)}{_than(pen, other)})"


def _alone(view: View, key: str, field: str) -> bool:
    others = [gpu for gpu in view.gpus if gpu.id != key]
    return bool(view.number(key, field)) and all(view.has(gpu, field) is False for gpu in others)


def _next(view: View, key: str, reason: Reason) -> str:
    """The GPU nearest behind the one that leads in a measure by enough to count; empty otherwise.

    Every GPU must be known in it: against one that was not read nobody is ahead.
    """
    row = view.rows.get(reason.field)
    if row is None or not view.all_know(reason.field):
        return ""
    better = row._replace(better=row.better or "higher")
    first, second, *_ = (known := better.numbers(view.ids))
    ratio = known[first] / known[second]
    return second if first == key and max(ratio, 1 / ratio) >= reason.threshold else ""


def _price(view: View, pen: Pen) -> Iterator[str]:
    known = view.ranked("usd_per_hour")
    if len(known) < 2:
        return
    cheap, *dearer = known
    if not view.rows["usd_per_hour"].best(view.ids) and view.pair:
        yield f"The cheapest on-demand offers ask the same for both ({pen.quantity(cheap, 'usd_per_hour')})."
        return
    told = listed(
        f"of the {pen.name(key)} {pen.amount(key, 'usd_per_hour')} ({pen.ratio(key, cheap, 'usd_per_hour')})" for key in dearer
    )
    text = f"On demand, an hour of the {pen.name(cheap)} costs {pen.amount(cheap, 'usd_per_hour')} USD at the cheapest, {told}"
    yield f"{text}{_elsewhere(view, pen, cheap, dearer)}."


def _elsewhere(view: View, pen: Pen, cheap: str, dearer: list[str]) -> str:
    """The ratio at one provider that has both, where it differs: the shop is part of the price."""
    row = view.rows.get("usd_same_provider")
    if row is None or not view.pair:
        return ""
    dear = dearer[0]
    here = pen.value(dear, row.field) / pen.value(cheap, row.field)
    there = pen.value(dear, "usd_per_hour") / pen.value(cheap, "usd_per_hour")
    if max(here / there, there / here) < DECIDES:
        return ""
    provider = row.label.removeprefix("On demand at ")
    if here >= 1:
        return f"; at {provider}, which has both, the ratio is {pen.ratio(dear, cheap, row.field)}"
    return f"; at {provider}, which has both, the {pen.name(cheap)} costs {pen.ratio(cheap, dear, row.field)} the {pen.name(dear)}"


def verdicts(view: View) -> Iterator[Sentence]:
    """One verdict for each GPU, from what it is ahead in by enough to decide."""
    for gpu in view.gpus:
        pen = Pen(view)
        conditions = list(_conditions(view, pen, gpu.id))
        buys = list(_money(view, pen, gpu.id))
        if conditions:
            text = f"take the {view.names[gpu.id]} if {'; if '.join(conditions)}"
            if buys:
                text += f". {buys[0][0].upper()}{buys[0][1:]}"
        else:
            text = between(view, pen, gpu.id, buys)
        yield pen.say("verdict", text, gpu.id)


def _conditions(view: View, pen: Pen, key: str) -> Iterator[str]:
    for reason in reasons(view):
        other = _next(view, key, reason)
        if other:
            yield reason.when(pen, key, other)
    for field in ("fp8", "fp4", "bf16"):
        if _alone(view, key, field):
            yield f"the model runs in {field.upper()} ({pen.quantity(key, field)}), which the {_others(view, key)} not compute in"
            break
    yield from _kind(view, pen, key)
    yield from _works(view, pen, key)


def _others(view: View, key: str) -> str:
    rest = [view.words[other] for other in view.ids if other != key]
    return f"{rest[0]} does" if len(rest) == 1 else "others do"


def _kind(view: View, pen: Pen, key: str) -> Iterator[str]:
    """What only this one is: cut by MIG, with displays, portable, allowed in a data centre."""
    rest = [other for other in view.ids if other != key]

    def only(field: str) -> bool:
        return bool(view.number(key, field)) and all(
            (cell := view.cell(other, field)) is not None and not cell.value for other in rest
        )

    if only("mig_max"):
        pen.rests_on("mig_max", *view.ids)
        yield "several users must share one GPU in isolated slices (MIG)"
    if only("nvlink"):
        pen.rests_on("nvlink", *view.ids)
        yield f"two or more must exchange data faster than over PCIe (NVLink, {pen.quantity(key, 'nvlink')})"
    if only("rt_cores"):
        pen.rests_on("rt_cores", *rest)
        outputs = view.text(key, "display_outputs")
        shown = f", {pen.text(key, 'display_outputs')}" if outputs and outputs != "none" else ""
        yield f"the same GPU has to render or trace rays ({pen.amount(key, 'rt_cores')} RT cores{shown})"
    if "CUDA" in view.text(key, "compute_apis") and all(
        view.text(other, "compute_apis") and "CUDA" not in view.text(other, "compute_apis") for other in rest
    ):
        pen.rests_on("compute_apis", *view.ids)
        yield "the software needs CUDA"
    yield from _purchase(view, pen, key)
    if view.text(key, "segment") == "laptop" and all(view.text(o, "segment") != "laptop" for o in rest):
        pen.rests_on("segment", key)
        yield "it has to travel"
    if view.text(key, "licence") == "" and all(view.text(other, "licence") for other in rest):
        pen.rests_on("licence", *rest)
        yield "it stands in a data centre, where the GeForce licence does not let the others be used" if len(rest) > 1 else (
            f"it stands in a data centre, which the GeForce licence rules out for the {view.words[rest[0]]}"
        )


def _purchase(view: View, pen: Pen, key: str) -> Iterator[str]:
    """A lower purchase price, where all are of one kind: a launch price is not held against a street price."""
    row = view.rows.get("purchase")
    if row is None or not view.all_know("purchase") or len({cell.kind for cell in row.cells.values()}) > 1:
        return
    first, second, *_ = (known := view.ranked("purchase"))
    if first == key and known[second] / known[first] >= DECIDES:
        at = " at launch" if row.cells[key].kind == "launch" else ""
        yield f"it is to be bought for little ({pen.against(key, second, 'purchase')}{at})"


def _works(view: View, pen: Pen, key: str) -> Iterator[str]:
    for work in view.works:
        field = f"{work.field}.usd"
        if view.all_know(field) and view.rows[field].best(view.ids) == key:
            _, second, *_ = view.ranked(field)
            yield f"{work.name} has to be cheap ({pen.amount(key, field)} against {pen.amount(second, field)} USD per {work.noun})"
        field = f"{work.field}.alone"
        if view.all_know(field) and view.rows[field].best(view.ids) == key:
            _, second, *_ = view.ranked(field)
            yield f"a single {work.single} has to come fast ({pen.quantity(key, field)} against {pen.quantity(second, field)})"


def _money(view: View, pen: Pen, key: str) -> Iterator[str]:
    """What its price buys more of than any other's, and whether that holds at one provider that has all."""
    if not view.all_know("usd_per_hour"):
        return
    half = sixteen_bit(view.gpus)
    gains = []
    for field, noun in ((f"{half}_per_usd", half.upper()), ("bandwidth_per_usd", "bandwidth"), ("memory_per_usd", "memory")):
        known = view.ranked(field)
        if view.all_know(field) and next(iter(known)) == key and view.rows[field].best(view.ids):
            ratio = pen.value(key, field) / pen.value(tuple(known)[1], field)
            gains.append(gain(ratio, noun) if view.pair else f"the most {noun} ({pen.quantity(key, field)})")
    if gains:
        text = f"at the cheapest on-demand prices a dollar buys {listed(gains)}"
        yield f"{text}{_not_here(view, pen, key, half)}" if view.pair else text


def _not_here(view: View, pen: Pen, key: str, half: str) -> str:
    row = view.rows.get("usd_same_provider")
    fields = [field for field in (half, "bandwidth", "memory") if view.all_know(field)]
    if row is None:
        return ""
    other = next(one for one in view.ids if one != key)
    price = pen.value(key, row.field) / pen.value(other, row.field)
    better = [field for field in fields if pen.value(key, field) / pen.value(other, field) > price * EQUAL]
    if better:
        return ""
    provider = row.label.removeprefix("On demand at ")
    return f", but not at {provider}, which has both (there {pen.against(key, other, row.field)})"
