"""What the chips, peaks, memory and power mean, in sentences; each knows the cells it rests on.

Each function takes the view and gives no sentence, one or several; `ALL` is the order in which they
are read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.hardware.architecture import families
from whichgpu.hardware.fields import FIELDS
from whichgpu.planner.comparison.pen import Pen
from whichgpu.planner.comparison.rows import sixteen_bit
from whichgpu.planner.comparison.words import EQUAL, amount, base_name, gain, listed, quantity, ratio_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.hardware.gpu import Gpu
    from whichgpu.planner.comparison.model import Sentence, View

#: An FP64 rate this much below FP32 is there for correctness, not for work.
_TOKEN_FP64 = 16.0
#: More variants of a name than this are a list, not a sentence.
_KIN = 5
#: Rates to which a 2:4 sparse figure belongs.
SPARSE = ("tf32", "fp16", "bf16", "fp8", "int8", "int4")
_RATES = ("tf32", "bf16", "fp16", "fp8", "fp6", "fp4", "int8", "int4")


def generation(view: View) -> Iterator[Sentence]:
    """Which chips and generations these are: one architecture's name may cover several chips."""
    pen = Pen(view)
    first, second = view.gpus[:2]
    chips = [view.text(gpu.id, "chip") for gpu in view.gpus]
    if not view.pair or not first.family or first.family != second.family:
        vendors = len({gpu.vendor for gpu in view.gpus}) > 1
        told = listed(_which(pen, gpu, vendor=vendors) for gpu in view.gpus)
        yield pen.say("generation", told + (_succession(first, second, pen) if view.pair else ""))
    elif all(chips) and chips[0] == chips[1]:
        yield pen.say("generation", f"both are cut from one chip, {_chip(pen, first)}{_cut(pen, view)}")
    elif all(chips):
        pen.rests_on("architecture", *view.ids)
        yield pen.say(
            "generation",
            f"both are {view.text(first.id, 'architecture')}, but of different chips: the {pen.name(first.id)} is cut "
            f"from {_chip(pen, first)}, the {pen.name(second.id)} from {_chip(pen, second)}",
        )


def _which(pen: Pen, gpu: Gpu, *, vendor: bool) -> str:
    """`the A10 is an Ampere of 2021, cut from GA102 (28.3 billion transistors)`."""
    name = pen.text(gpu.id, "architecture")
    maker = f"{gpu.vendor} " if vendor else ""
    plain = not name or name in gpu.name or name.startswith(gpu.vendor)
    what = f"{_article(gpu.vendor)} {gpu.vendor} part" if plain else f"{_article(maker or name)} {maker}{name}"
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
        family = families().get(newer.family)
        if family and older.family in family.predecessors:
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
        yield pen.say("variants", f"'{base}' names several parts: there are also the {listed(told)}")


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
            if gpu.value(name) and other.value(name)
        ]
        same = gpu.value("chip") == other.value("chip")
        chip = "the same chip, cut down" if same else (
            f"another chip ({pen.text(gpu.id, 'chip')}, not {pen.text(other.id, 'chip')})"
        )  # fmt: skip
        yield pen.say("laptop", f"the {pen.name(gpu.id)} is not the desktop {pen.name(other.id)}: {chip}, with {listed(told)}")


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


_UNITS = {"cores": "shader cores", "tensor_cores": "tensor cores", "rt_cores": "RT cores"}


def _unlike(view: View, pen: Pen, lead: str, rest: str) -> Iterator[Sentence]:
    """Core counts of two different architectures: only with the work that one core does per clock."""
    if not (view.all_know("tensor_cores") and view.all_know("fma_per_tensor_core")):
        return
    per = {key: view.number(key, "fma_per_tensor_core") or 0 for key in view.ids}
    strong = max(per, key=lambda key: per[key])
    weak = next(key for key in view.ids if key != strong)
    if per[strong] == per[weak]:
        return
    text = (
        f"core counts do not decide between these architectures: the {pen.name(lead)} has "
        f"{pen.against(lead, rest, 'cores')} shader cores and {pen.against(lead, rest, 'tensor_cores')} tensor cores, "
        f"but a tensor core of the {pen.name(strong)} does {pen.ratio(strong, weak, 'fma_per_tensor_core')} the FP16 "
        f"work per clock ({pen.against(strong, weak, 'fma_per_tensor_core')} multiply-adds)"
    )
    yield pen.say("units", text)


def precision(view: View) -> Iterator[Sentence]:
    """The 16-bit and the FP32 peak, and whether they name different winners."""
    half = sixteen_bit(view.gpus)
    if not view.pair:
        for field, noun in ((half, f"dense {half.upper()} rate"), ("fp32", "plain FP32 rate")):
            pen = Pen(view)
            if text := pen.lead(field, noun, few="highest"):
                yield pen.say("precision", text)
        return
    pen = Pen(view)
    ranks = [tuple(view.ranked(field)) for field in (half, "fp32")]
    if all(len(rank) == 2 for rank in ranks) and ranks[0][0] != ranks[1][0] and _flips(view, half):
        (fast, slow), (other, _) = ranks
        where = " on tensor cores" if view.all_know("tensor_cores") else ""
        outside = " outside them" if where else ""
        yield pen.say(
            "precision",
            f"which is faster depends on the precision: in {half.upper()}{where} the {pen.name(fast)} is "
            f"{pen.ratio(fast, slow, half)} the {pen.name(slow)} ({pen.against(fast, slow, half)}), in FP32{outside} "
            f"the {pen.name(other)} is {pen.ratio(other, fast, 'fp32')} the {pen.name(fast)} "
            f"({pen.against(other, fast, 'fp32')})",
        )
        return
    if all(view.all_know(field) and not view.rows[field].best(view.ids) for field in (half, "fp32")):
        key = view.ids[0]
        rates = f"dense {half.upper()} ({pen.quantity(key, half)}) and plain FP32 ({pen.quantity(key, 'fp32')})"
        pen.rests_on(half, *view.ids)
        pen.rests_on("fp32", *view.ids)
        yield pen.say("precision", f"both have the same rates in {rates}")
        return
    clauses = [pen.lead(half, f"dense {half.upper()} rate"), pen.lead("fp32", "plain FP32 rate")]
    told = [clause for clause in clauses if clause]
    if told:
        yield pen.say("precision", "; ".join(told))


def _flips(view: View, half: str) -> bool:
    return all(view.rows[field].best(view.ids) for field in (half, "fp32"))


def same_ratio(view: View) -> Iterator[Sentence]:
    """In which other precisions the 16-bit ratio holds, and where it does not."""
    half = sixteen_bit(view.gpus)
    if not view.pair or not view.all_know(half):
        return
    pen = Pen(view)
    fast, slow = view.ranked(half)
    base = pen.value(fast, half) / pen.value(slow, half)
    alike: list[str] = []
    unlike: dict[tuple[str, str, str], list[str]] = {}
    for name in _RATES:
        if name == half or not view.all_know(name):
            continue
        ratio = pen.value(fast, name) / pen.value(slow, name)
        if max(ratio / base, base / ratio) <= EQUAL:
            alike.append(_precision(name))
        else:
            ahead, behind = (fast, slow) if ratio >= 1 else (slow, fast)
            unlike.setdefault((ahead, behind, pen.ratio(ahead, behind, name)), []).append(name)
    holds = "they are the same in" if max(base, 1 / base) <= EQUAL else f"the {half.upper()} ratio holds in"
    told = [f"{holds} {listed(alike)} too"] if alike else []
    told += [_other_ratio(pen, *key, names) for key, names in unlike.items()]
    if told:
        yield pen.say("precision", "; ".join(told))


def _other_ratio(pen: Pen, ahead: str, behind: str, ratio: str, names: list[str]) -> str:
    where = listed(_precision(name) for name in names)
    rates = listed(pen.against(ahead, behind, name) for name in names)
    if ratio == "the same":
        return f"in {where} both are the same ({rates})"
    return f"in {where} the {pen.name(ahead)} is {ratio} the {pen.name(behind)} ({rates})"


def _precision(name: str) -> str:
    return FIELDS[name].label.split(" ")[0]


def lacking(view: View) -> Iterator[Sentence]:
    """The precisions that some have and others do not, by what their architectures compute in."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for name in ("tf32", "bf16", "fp8", "fp6", "fp4", "int8", "int4"):
        lack = tuple(gpu.id for gpu in view.gpus if view.has(gpu, name) is False)
        if lack and any(view.number(key, name) for key in view.ids):
            groups.setdefault(lack, []).append(name)
    if not groups:
        return
    pen = Pen(view)
    told = []
    for lack, names in groups.items():
        pen.rests_on("native", *lack)
        who = listed(f"the {pen.name(key)}" for key in lack)
        formats = listed(_format(view, pen, name) for name in names)
        told.append(f"{who} {'lacks' if len(lack) == 1 else 'lack'} {formats}")
    yield pen.say("precision", f"in hardware, {'; '.join(told)}")


def _format(view: View, pen: Pen, name: str) -> str:
    """`FP8 (the L4: 242 TFLOPS)` where one GPU has it, else the name."""
    have = [key for key in view.ids if view.number(key, name)]
    pen.rests_on(name, *have)
    if len(have) > 1:
        return _precision(name)
    return f"{_precision(name)} (the {pen.name(have[0])} has it: {pen.quantity(have[0], name)})"


def fp64(view: View) -> Iterator[Sentence]:
    """FP64, where the GPUs differ in kind: a part that is made for it and one that has it for form."""
    if not (view.all_know("fp64") and view.all_know("fp32")):
        return
    shares = {key: (view.number(key, "fp32") or 0) / (view.number(key, "fp64") or 1) for key in view.ids}
    ratio = view.rows["fp64"].ratio(view.ids) or 1.0
    if ratio <= 2.0 and not all(share > _TOKEN_FP64 for share in shares.values()):
        return
    pen = Pen(view)
    if all(share > _TOKEN_FP64 for share in shares.values()):
        texts = [f"{pen.quantity(key, 'fp64')} on the {pen.name(key)}" for key in view.ids]
        pen.rests_on("fp32", *view.ids)
        low = round(min(shares.values()))
        yield pen.say("fp64", f"{_none(view)} is made for FP64: {listed(texts)}, 1:{low} of the FP32 rate{_or_less(low, shares)}")
        return
    text = pen.lead("fp64", "FP64 rate", few="highest")
    tensor = [key for key in view.ids if view.number(key, "fp64_tensor")]
    if tensor:
        units = "tensor cores" if all(view.number(key, "tensor_cores") for key in tensor) else "matrix units"
        rates = listed(f"the {pen.name(key)} reaches {pen.quantity(key, 'fp64_tensor')}" for key in tensor)
        text += f"; on {units}, {rates}"
    pen.rests_on("fp32", *view.ids)
    grouped: dict[int, list[str]] = {}
    for key in view.ids:
        grouped.setdefault(round(shares[key]), []).append(f"the {pen.name(key)}")
    told = listed(f"1:{share} on {listed(who)}" for share, who in sorted(grouped.items()))
    yield pen.say("fp64", f"{text}; of the FP32 rate this is {told}")


def _none(view: View) -> str:
    return "neither" if view.pair else "none"


def _or_less(low: int, shares: dict[str, float]) -> str:
    return "" if round(max(shares.values())) == low else " or less"


def sparse(view: View) -> Iterator[Sentence]:
    """The other figure on the data sheet: the peak with 2:4 sparsity."""
    pen = Pen(view)
    half = sixteen_bit(view.gpus)
    told: dict[str, list[str]] = {}
    for gpu in view.gpus:
        factor = view.number(gpu.id, "sparsity")
        dense = view.number(gpu.id, half)
        if factor and factor > 1 and dense and half in SPARSE:
            pen.value(gpu.id, half)
            pen.value(gpu.id, "sparsity")
            sparse_peak = quantity(dense * factor, "flop rate")
            told.setdefault(sparse_peak, []).append(f"the {pen.name(gpu.id)}")
    if told:
        figures = listed(f"{peak} for {listed(who)}" for peak, who in told.items())
        yield pen.say(
            "sparse",
            f"a data sheet may print {figures} in {half.upper()}: that is the peak with 2:4 sparsity, which needs "
            f"weights pruned to that pattern; every rate here is dense",
        )


def accumulate(view: View) -> Iterator[Sentence]:
    """GeForce parts run FP16 at half rate when they sum in FP32."""
    for gpu in view.gpus:
        full, half = view.number(gpu.id, "fp16_acc16"), view.number(gpu.id, "fp16")
        if full and half and full / half > 1.5:
            pen = Pen(view)
            text = (
                f"the {pen.name(gpu.id)} reaches {pen.quantity(gpu.id, 'fp16_acc16')} in FP16 only while it sums in "
                f"FP16; with FP32 sums, as in training, it runs at {_fraction(full / half)} of that, "
                f"{pen.quantity(gpu.id, 'fp16')}, and that is the rate compared here"
            )
            yield pen.say("accumulate", text)


def _fraction(ratio: float) -> str:
    return "half" if 2 / EQUAL <= ratio <= 2 * EQUAL else f"1/{ratio_words(ratio)[:-1]}"


def bandwidth(view: View) -> Iterator[Sentence]:
    """How fast memory is read, and what sort of work that decides."""
    pen = Pen(view)
    text = pen.lead("bandwidth", "memory bandwidth")
    if not text:
        return
    kinds = {key: view.text(key, "memory_type") for key in view.ids}
    if view.pair and len(set(kinds.values())) > 1 and all(kinds.values()) and view.rows["bandwidth"].best(view.ids):
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
    for gpu in view.gpus:
        text += _ecc_share(pen, gpu)
    yield pen.say("memory", text)


def _ecc_share(pen: Pen, gpu: Gpu) -> str:
    """The nominal size where ECC takes a visible part of it."""
    used, also = gpu.fact("memory"), gpu.also("memory")
    if used is None or "ECC on" not in used.note or not also:
        return ""
    nominal = max(float(fact.value) for fact in also)
    if nominal / float(used.value) <= EQUAL:
        return ""
    return f"; the {pen.name(gpu.id)} is sold as {quantity(nominal, 'memory')}, of which ECC takes a share"


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
        f"work that does fewer than {pen.amount(low, 'balance')} {half.upper()} operations per byte it reads, such as "
        f"generating text for one user, is bound by memory on both and sees the bandwidth ratio "
        f"({_towards(pen, fast, slow, 'bandwidth')}); above {pen.amount(high, 'balance')}, as in large matrix products, "
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
    field = "power_per_gpu" if "power_per_gpu" in view.rows else "power"
    known = tuple(view.ranked(field))
    if len(known) > 1:
        limits = listed(f"{pen.quantity(key, field)} for the {pen.name(key)}" for key in known)
        text = f"the power limit is {limits}"
        if len(view.rows[field].cells) < len(view.ids):
            text += ", the only ones that were read"
        buys = list(_per_watt(pen, known, half))
        yield pen.say("power", f"{text}; per watt, {listed(buys)}" if buys else text)
    for gpu in view.gpus:
        yield from _range(view, gpu)


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
        if ratio <= EQUAL:
            gains.setdefault("", []).append(noun)
        elif view.pair:
            gains.setdefault(first, []).append(gain(ratio, noun))
        else:
            gains.setdefault(first, []).append(f"the most {noun} ({pen.quantity(first, field)})")
    for key, gained in gains.items():
        yield f"the {pen.name(key)} gives {listed(gained)}" if key else f"{listed(gained)} are the same"


def _range(view: View, gpu: Gpu) -> Iterator[Sentence]:
    low, high = view.number(gpu.id, "power_min"), view.number(gpu.id, "power_max")
    if not low or not high or low == high:
        return
    pen = Pen(view)
    text = (
        f"makers set the {pen.name(gpu.id)} to between {pen.amount(gpu.id, 'power_min')} and "
        f"{pen.quantity(gpu.id, 'power_max')}, and the rates here are those at {pen.quantity(gpu.id, 'power')}"
    )
    used = gpu.fact("fp32")
    for fact in gpu.also("fp32"):
        watts = next((other for other in gpu.also("power") if other.note == fact.note), None)
        if used and watts and fact.value < used.value:
            pen.value(gpu.id, "fp32")
            share = round(100 * fact.value / used.value)
            text += (
                f"; set to {quantity(watts.value, 'power')} it reaches {amount(fact.value, 'flop rate')} instead of "
                f"{pen.quantity(gpu.id, 'fp32')} in FP32 ({share} %)"
            )
            break
    yield pen.say("power", text)


#: In the order of reading.
ALL = (
    generation, variants, desktop, units, precision, same_ratio, lacking, accumulate, sparse, fp64, bandwidth, memory,
    balance, power,
)  # fmt: skip
