"""Which GPU for what: one verdict for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.planner.comparison.middle import between
from whichgpu.planner.comparison.pen import Pen
from whichgpu.planner.comparison.rays import lacking, traces, units
from whichgpu.planner.comparison.reasons import (
    AS_DATA,
    AS_TEXT,
    DECIDES,
    ahead_of,
    alone,
    apart,
    few,
    level_with,
    paper_lead,
    reasons,
)
from whichgpu.planner.comparison.rows import sixteen_bit
from whichgpu.planner.comparison.value import bought_by, rented_only
from whichgpu.planner.comparison.words import EQUAL, gain, listed, ratio_words
from whichgpu.values import NamedTuple

#: What is made to stand in a server: who asks what a licence forbids in a data centre.
_SERVED, _RACKED = ("data centre", "workstation"), ("PCIe", "SXM", "OAM")

#: Measures of which a condition names what can be had, and not by how much one leads.
_LIMITS = ("power", "slots")

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.planner.comparison.model import Sentence, View
    from whichgpu.planner.comparison.reasons import Reason
    from whichgpu.planner.comparison.work import Work


def verdicts(view: View) -> Iterator[Sentence]:
    """One verdict for each GPU, from what it is ahead in by enough to decide."""
    for gpu in view.gpus:
        pen = Pen(view)
        conditions = list(pen.each(_conditions(view, pen, gpu.id)))
        if conditions or not view.all_know("usd_per_hour"):
            conditions = [*pen.each(_room(view, pen, gpu.id)), *conditions]
        # What was weighed and is not told, it does not rest on.
        pen.cells = dict.fromkeys(cell for _, cells in conditions for cell in cells)
        buys = list(_money(view, pen, gpu.id))
        if conditions:
            text = f"take the {view.names[gpu.id]} if {'; if '.join(told for told, _ in conditions)}"
            if buys:
                text += f". {buys[0][0].upper()}{buys[0][1:]}"
        else:
            text = between(view, pen, gpu.id, buys)
        said = pen.say("verdict", text, gpu.id)
        yield said._replace(parts=tuple(cells for _, cells in conditions))


def _conditions(view: View, pen: Pen, key: str) -> Iterator[str]:
    paper = sixteen_bit(view.gpus) if paper_lead(view, key) else ""
    for reason in reasons(view):
        if reason.field == paper or (reason.field.endswith("_per_watt") and _belied(view, key, "energy")):
            continue
        other = ahead_of(view, key, reason)
        if other:
            told = reason.when(pen, key, other) + _borne_out(view, pen, reason, key, other)
            yield _excepted(view, pen, key, reason, told.replace(")(", " "))
        elif (level := level_with(view, key, reason))[0]:
            pen.rests_on(reason.field, *level[0])
            same = pen.names(level[0])
            # Of a limit that several keep, the highest among them: what feeds one feeds all.
            least = max((key, *level[0]), key=lambda one: pen.value(one, reason.field))
            said = least if reason.field in _LIMITS else key
            yield f"{reason.when(pen, said, level[1])}, as with {same}"
    for field in ("fp8", "fp4", "bf16"):
        if alone(view, key, field):
            yield (
                f"the model runs in {field.upper()} ({pen.quantity(key, field)}), which the "
                f"{_others(view, key)} not compute in"
            )
            break
    yield from _sparing(view, pen, key)
    yield from _kind(view, pen, key)
    yield from _works(view, pen, key)
    yield from _there(view, pen, key)


def _sparing(view: View, pen: Pen, key: str) -> Iterator[str]:
    """Of two, that this one takes less energy in every workload although its peaks per watt don't say so."""
    known = [view.ranked(field) for work in view.works if view.all_know(field := f"{work.field}.energy")]
    if not view.pair or not known or ahead_of(view, key, _per_watt(view)):
        return
    other = next(one for one in view.ids if one != key)
    ratios = sorted(energies[other] / energies[key] for energies in known)
    if ratios[0] < EQUAL or ratios[-1] < DECIDES:
        return
    for work in view.works:
        pen.rests_on(f"{work.field}.energy", key, other)
    told = dict.fromkeys(ratio_words(one) for one in (ratios[0], ratios[-1]))
    takes = f"the {pen.name(other)} takes {' to '.join(told)} the energy"
    yield f"energy per result counts ({takes}, as estimated below)"


def _per_watt(view: View) -> Reason:
    field = f"{sixteen_bit(view.gpus)}_per_watt"
    return next(reason for reason in reasons(view) if reason.field == field)


def _room(view: View, pen: Pen, key: str) -> Iterator[str]:
    """Of three or more, one that holds more than another, and that no lead tells of.

    It holds less than the first, which costs no less, or as much as most others.
    """
    known = view.ranked("memory")
    if view.pair or key not in known:
        return
    larger = [other for other in known if known[other] / known[key] >= DECIDES]
    smaller = [other for other in known if known[key] / known[other] >= DECIDES]
    if smaller and not larger:
        if len(known) - len(smaller) > few(view):
            yield (
                f"{view.one} has to hold more than the {pen.quantity(smaller[0], 'memory')} of the "
                f"{pen.name(smaller[0])}"
            )
        return
    price = view.number(key, "usd_per_hour")
    dearer = all((view.number(one, "usd_per_hour") or price or 0) >= (price or 0) for one in larger)
    if larger and smaller and dearer:
        yield (
            f"{view.one} has to hold more than the {pen.quantity(smaller[0], 'memory')} of the "
            f"{pen.name(smaller[0])}, and {pen.quantity(key, 'memory')} are enough"
        )


class _Borne(NamedTuple):
    """What of the works compared bears a condition out: a figure, by how much another must lead, in words."""

    what: str
    decides: float
    how: str
    answers: bool = False


_RATE = _Borne("rate", DECIDES, "in which {who} {is_} faster")
_ENERGY = _Borne("energy", DECIDES, "which {who} {does} with less")
#: Every lead counts where the condition names this very work.
_TEXT = _Borne("alone", EQUAL, "in which {who} {is_} faster", answers=True)


def _borne_out(view: View, pen: Pen, reason: Reason, key: str, other: str) -> str:
    """What the works bound by arithmetic make of a lead in 16-bit peaks, where that is less by a fifth.

    Without such works a lead of one vendor's peaks over another's is told as one of peaks.
    """
    half = sixteen_bit(view.gpus)
    borne = {half: _RATE, f"{half}_per_watt": _ENERGY}.get(reason.field)
    if borne is None:
        return ""
    ratios = []
    for work in view.works:
        known = view.ranked(field := f"{work.field}.{borne.what}")
        bounds = [next(iter(work.results[one].bounds)) for one in (key, other) if one in known]
        if len(bounds) == len((key, other)) and "compute" in bounds:
            pen.rests_on(field, key, other)
            ratio = known[key] / known[other]
            ratios.append(ratio if borne is _RATE else 1 / ratio)
    if not ratios:
        return "(by the peaks)" if len({gpu.vendor for gpu in view.gpus}) > 1 else ""
    if max(ratios) * DECIDES > pen.value(key, reason.field) / pen.value(other, reason.field):
        return ""
    told = dict.fromkeys(ratio_words(one) for one in (min(ratios), max(ratios)))
    return f"(by the peaks, {' to '.join(told)} as estimated below)"


def _excepted(view: View, pen: Pen, key: str, reason: Reason, text: str) -> str:
    """A condition, but for the works compared that do not bear it out."""
    half = sixteen_bit(view.gpus)
    if reason.field == "bandwidth" and (but := _but(view, pen, key, _TEXT)):
        return text.replace(AS_TEXT, AS_DATA) + but
    if reason.field == "bandwidth" and (level := _as_fast(view, pen, key)):
        return text.replace(AS_TEXT, AS_DATA) + level
    borne = {half: _RATE, f"{half}_per_watt": _ENERGY}.get(reason.field)
    return text + _but(view, pen, key, borne) if borne else text


def _as_fast(view: View, pen: Pen, key: str) -> str:
    """The first work in which one with less bandwidth answers as soon: bandwidth decides less there."""
    for work in view.works:
        field = f"{work.field}.alone"
        known = _of_as_many(work, key, view.ranked(field))
        if work.single != "answer" or work.trains or key not in known:
            continue
        slower = [one for one in known if (view.number(one, "bandwidth") or 0) * DECIDES
                  <= (view.number(key, "bandwidth") or 0)]  # fmt: skip
        level = [one for one in slower if apart(known[one], known[key]) < EQUAL]
        if level:
            pen.rests_on(field, key, *level)
            names = pen.names(level)
            return f", though {work.title} is estimated to come as fast from {names}"
    return ""


def _of_as_many(work: Work, key: str, ranked: dict[str, float]) -> dict[str, float]:
    """Of ranked GPUs those that hold the work on no more of them than this one: more answer sooner anyway."""
    most = work.results[key].least if key in work.results else 0
    return {one: value for one, value in ranked.items() if work.results[one].least <= most}


def _but(view: View, pen: Pen, key: str, borne: _Borne) -> str:
    """The works in which another than this GPU is the first."""
    lost = {}
    for work in view.works:
        if borne.answers and (work.single != "answer" or work.trains):
            continue
        field = f"{work.field}.{borne.what}"
        known = _of_as_many(work, key, view.ranked(field)) if borne.answers else view.ranked(field)
        first = next(iter(known), key)
        if key in known and apart(known[first], known[key]) >= borne.decides:
            pen.rests_on(field, key, first)
            lost[work.title] = f"the {pen.name(first)}"
    if not lost:
        return ""
    names = tuple(dict.fromkeys(lost.values()))
    verbs = ("is", "does") if len(names) == 1 else ("are", "do")
    return f", but for {listed(lost)}, {borne.how.format(who=listed(names), is_=verbs[0], does=verbs[1])}"


def _belied(view: View, key: str, what: str) -> bool:
    """Whether another GPU is the first in all works that this one runs, by enough to tell."""
    known = [view.ranked(f"{work.field}.{what}") for work in view.works]
    both = [one for one in known if key in one and len(one) > 1]
    return bool(both) and all(apart(one[next(iter(one))], one[key]) >= EQUAL for one in both)


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
        many = "two" if view.number(key, "nvlink_gpus") == 2 else "two or more"
        yield f"{many} must exchange data faster than over PCIe (NVLink, {pen.quantity(key, 'nvlink')})"
    if traces(view, key) and all(traces(view, other) is False for other in rest):
        lacking(pen, *rest)
        outputs = view.text(key, "display_outputs")
        shown = f", {pen.text(key, 'display_outputs')}" if outputs and outputs != "none" else ""
        yield (
            "the same GPU has to render or trace rays, as in visual effects, design, games and medical "
            f"imaging ({units(pen, key)}{shown})"
        )
    yield from _encodes(view, pen, key)
    yield from _cuda(view, pen, key)
    yield from _software(view, pen, key)
    made = view.text(key, "segment")
    forms = {one: view.text(one, "form_factor") for one in view.ids}
    if "PCIe" in forms[key] and all(forms[one] and "PCIe" not in forms[one] for one in rest):
        pen.rests_on("form_factor", *view.ids)
        desk = ", as of a workstation on the desk" if made == _SERVED[1] else ""
        yield f"it has to go into a PCIe slot{desk}"
    yield from _purchase(view, pen, key)
    yield from _owned(view, pen, key)
    if view.text(key, "segment") == "laptop" and all(view.text(o, "segment") != "laptop" for o in rest):
        pen.rests_on("segment", key)
        yield "it has to travel"
    if made in _SERVED and any(one in forms[key] for one in _RACKED):
        yield from _in_data_centre(view, pen, key)


def _in_data_centre(view: View, pen: Pen, key: str) -> Iterator[str]:
    """What a part that goes into servers may do there, and the others may not or are not made for."""
    rest, made = [other for other in view.ids if other != key], view.text(key, "segment")
    if all(view.text(other, "licence") for other in rest):
        pen.rests_on("licence", *rest)
        yield (
            "it stands in a data centre, where the GeForce licence does not let the others be used"
            if len(rest) > 1
            else (
                "it stands in a data centre, which the GeForce licence rules out for the "
                f"{view.words[rest[0]]}"
            )
        )
    elif made == _SERVED[0] and all(view.text(other, "segment") not in ("", made) for other in rest):
        pen.rests_on("segment", *view.ids)
        yield "it has to run day and night in a server, which data centre parts are made for"


def _encodes(view: View, pen: Pen, key: str) -> Iterator[str]:
    """That only this one has units that encode video."""
    rest = [other for other in view.ids if other != key]
    if view.text(key, "encoders") in ("", "none") or any(
        view.text(one, "encoders") != "none" for one in rest
    ):
        return
    pen.rests_on("encoders", *rest)
    names = pen.names(rest)
    yield f"video has to be encoded on it: {pen.text(key, 'encoders')}, none on {names}"


def _cuda(view: View, pen: Pen, key: str) -> Iterator[str]:
    """CUDA runs on NVIDIA's parts alone, but for its processors."""
    without = [gpu.id for gpu in view.gpus if gpu.segment == "cpu" or gpu.vendor not in ("", "NVIDIA")]
    with_it = len(view.ids) - len(without)
    if key not in without and view.text(key, "vendor") and without and with_it <= few(view):
        pen.rests_on("vendor", key, *without)
        more = len(view.ids) - len(without) > 1
        names = pen.names(without)
        who = f", which {names} cannot run" if more else ""
        yield f"the software needs CUDA{who}"


def _software(view: View, pen: Pen, key: str) -> Iterator[str]:
    """Where newer software has left others behind, what is bought for years has to run it."""
    now = view.text(key, "software_now").partition("; ")[0]
    left = [one for one in view.ids if view.text(one, "software_end")]
    if now and left and len(view.ids) - len(left) <= few(view):
        pen.text(key, "software_now")
        for one in left:
            pen.text(one, "software_end")
        names = pen.names(left)
        yield f"it has to run the newest software ({now}), which {names} cannot"


def _purchase(view: View, pen: Pen, key: str) -> Iterator[str]:
    """A lower purchase price; a launch price is held against no street price, but against another."""
    field = bought_by(view)
    if not field:
        return
    first, second, *_ = (known := view.ranked(field))
    if first == key and known[second] / known[first] >= DECIDES:
        at_launch = field == "launch_price" or view.rows[field].cells[key].kind == "launch"
        at = " at launch" if at_launch else ""
        yield f"it is to be bought for little ({pen.against(key, second, field)}{at})"


def _owned(view: View, pen: Pen, key: str) -> Iterator[str]:
    """That it can be bought, where the others are let by the hour alone."""
    others = [gpu for gpu in view.gpus if gpu.id != key]
    if all(map(rented_only, others)) and not any(rented_only(gpu) for gpu in view.gpus if gpu.id == key):
        pen.rests_on("launch_price", *(gpu.id for gpu in others))
        names = pen.names(gpu.id for gpu in others)
        be = "is" if len(others) == 1 else "are"
        yield f"it is to stand in a machine of one's own: {names} {be} let by the hour only"


def _works(view: View, pen: Pen, key: str) -> Iterator[str]:
    for work in view.works:
        field = f"{work.field}.usd"
        other = _behind(view, key, field, some=True)
        if other:
            prices = f"{pen.amount(key, field)} against {pen.amount(other, field)}"
            # Of those without a cost some may have a price, and not run it.
            without = "" if view.all_know(field) else _unpriced(view, pen)
            priced = f"; no price of {without}" if without else ""
            yield f"{work.title} has to be cheap ({prices} USD per {work.noun}{priced})"
        yield from _fastest(view, pen, work, key)
        field = f"{work.field}.alone"
        other = _behind(view, key, field)
        if other and len({result.least for result in work.results.values()}) == 1:
            times = f"{pen.text(key, field)} against {pen.text(other, field)}"
            yield f"a single {work.single} of {work.name} has to come fast ({times})"


def _there(view: View, pen: Pen, key: str) -> Iterator[str]:
    """Of two, works in which this one is cheaper at a provider that lets both, and the other elsewhere."""
    row = view.rows.get("usd_same_provider")
    if row is None or not view.pair:
        return
    other = next(one for one in view.ids if one != key)
    flipped = []
    for work in view.works:
        rates, usd = view.ranked(f"{work.field}.rate"), view.ranked(f"{work.field}.usd")
        if len(rates) < 2 or next(iter(usd), key) == key:
            continue
        price = (row.cells[key].value or 0) / (row.cells[other].value or 1)
        if rates[key] / rates[other] / price >= DECIDES:
            flipped.append(work)
    if flipped:
        for work in flipped:
            pen.rests_on(f"{work.field}.rate", key, other)
        works = f"{listed(work.title for work in flipped)} {'costs' if len(flipped) == 1 else 'cost'}"
        where = f"at {row.label.removeprefix('On demand at ')}, which has both"
        prices = pen.against(key, other, row.field)
        yield f"it is rented {where}: {works} less on it there ({prices})"


def _fastest(view: View, pen: Pen, work: Work, key: str) -> Iterator[str]:
    """That one of more than two does a job fastest, where that is sure; of two the peaks tell it."""
    from whichgpu.planner.comparison.work import speed_ratio

    field = f"{work.field}.rate"
    known = tuple(view.ranked(field))
    if view.pair or len(known) < 2 or known[0] != key:
        return
    sure = min(speed_ratio(work.results[key], work.results[other])[0] for other in known[1:])
    if sure >= 1 and pen.value(key, field) / pen.value(known[1], field) >= DECIDES:
        rates = f"{pen.amount(key, field)} against {pen.amount(known[1], field)} {work.unit} a second"
        # A model that one cannot hold is told per GPU of those that share it.
        each = "per" if any(work.results[one].group > 1 for one in known) else "on one"
        yield f"{work.title} has to be fast {each} GPU ({rates})"


def _behind(view: View, key: str, field: str, *, some: bool = False) -> str:
    """The next behind the one with the lowest value of all, where the lead decides; empty otherwise.

    With `some`, of all that are known, where there are more than two GPUs.
    """
    known = view.ranked(field)
    enough = view.all_know(field) or (some and not view.pair and len(known) > 1)
    if not enough or next(iter(known)) != key:
        return ""
    second = tuple(known)[1]
    return second if known[second] / known[key] >= DECIDES else ""


def _money(view: View, pen: Pen, key: str) -> Iterator[str]:
    """What its price buys more of than any other's, and whether that holds at one provider that has all."""
    priced = view.ranked("usd_per_hour")
    if not view.all_know("usd_per_hour") and (view.pair or len(priced) < 2):
        return
    half = sixteen_bit(view.gpus)
    gains = []
    for field, noun in (
        (f"{half}_per_usd", half.upper()),
        ("bandwidth_per_usd", "bandwidth"),
        ("memory_per_usd", "memory"),
    ):
        known = view.ranked(field)
        if len(known) == len(priced) and next(iter(known)) == key and view.rows[field].best(view.ids):
            ratio = pen.value(key, field) / pen.value(tuple(known)[1], field)
            gains.append(gain(ratio, noun) if view.pair else f"the most {noun} ({pen.quantity(key, field)})")
    if gains:
        text = f"at the cheapest on-demand prices a dollar buys {listed(gains)} on the {pen.name(key)}"
        if len(priced) < len(view.ids):
            text += f" (no stored offer has {_unpriced(view, pen)})"
        yield f"{text}{_not_here(view, pen, key, half)}" if view.pair else text


def _unpriced(view: View, pen: Pen) -> str:
    """The GPUs without an on-demand price; empty where all have one."""
    without = [one for one in view.ids if one not in view.ranked("usd_per_hour")]
    pen.rests_on("usd_per_hour", *without)
    return listed((f"the {pen.name(one)}" for one in without), "or") if without else ""


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
