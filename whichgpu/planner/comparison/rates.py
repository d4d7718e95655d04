"""What the peak rates say: which precision decides, what is lacking, and the other figures of data sheets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.hardware.fields import FIELDS
from whichgpu.planner.comparison.pen import Pen
from whichgpu.planner.comparison.rows import sixteen_bit
from whichgpu.planner.comparison.words import EQUAL, gain, listed, quantity, ratio_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.planner.comparison.model import Sentence, View

#: An FP64 rate this much below FP32 is there for correctness, not for work.
TOKEN_FP64 = 16.0
#: Rates to which a 2:4 sparse figure belongs.
_SPARSE = ("tf32", "fp16", "bf16", "fp8", "int8", "int4")
_RATES = ("tf32", "bf16", "fp16", "fp8", "fp6", "fp4", "int8", "int4")


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
            f"{pen.ratio(fast, slow, half)} the {pen.name(slow)} ({pen.against(fast, slow, half)}), "
            f"in FP32{outside} "
            f"the {pen.name(other)} is {pen.ratio(other, fast, 'fp32')} the {pen.name(fast)} "
            f"({pen.against(other, fast, 'fp32')})",
        )
        return
    if all(view.all_know(field) and not view.rows[field].best(view.ids) for field in (half, "fp32")):
        key = view.ids[0]
        rates = (
            f"dense {half.upper()} ({pen.quantity(key, half)}) and plain FP32 ({pen.quantity(key, 'fp32')})"
        )
        pen.rests_on(half, *view.ids)
        pen.rests_on("fp32", *view.ids)
        yield pen.say("precision", f"both have the same rates in {rates}")
        return
    if len(set(ranks)) == 1 and len(ranks[0]) == 2 and _flips(view, half):
        fast, slow = ranks[0]
        fp32 = gain(pen.value(fast, "fp32") / pen.value(slow, "fp32"), "plain FP32 rate")
        yield pen.say(
            "precision",
            f"{pen.lead(half, f'dense {half.upper()} rate')} and {fp32} ({pen.against(fast, slow, 'fp32')})",
        )
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
    if not view.all_know(half):
        return
    if not view.pair:
        yield from _same_ratios(view, half)
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


def _same_ratios(view: View, half: str) -> Iterator[Sentence]:
    """Of many: the precisions in which the 16-bit ratios hold, and who leads in each other that all have."""
    pen = Pen(view)
    alike, leads = [], []
    for name in _RATES:
        if name == half or not view.all_know(name):
            continue
        gains = [pen.value(key, name) / pen.value(key, half) for key in view.ids]
        if max(gains) <= min(gains) * EQUAL:
            alike.append(_precision(name))
        else:
            leads.append(pen.lead(name, f"{_precision(name)} rate", few="highest"))
    told = [f"the {half.upper()} ratios hold in {listed(alike)} too", *leads] if alike else leads
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
        who = pen.names(lack)
        formats = listed(_format(view, pen, name) for name in names)
        told.append(f"{who} {'lacks' if len(lack) == 1 else 'lack'} {formats}")
    told += _unsaid(view, pen, [name for names in groups.values() for name in names])
    yield pen.say("precision", f"in hardware, {'; '.join(told)}")


def _unsaid(view: View, pen: Pen, names: list[str]) -> Iterator[str]:
    """Of which GPUs nothing that was read says whether they have what others lack."""
    grouped: dict[tuple[str, ...], list[str]] = {}
    for gpu in view.gpus:
        if unsaid := tuple(name for name in names if view.has(gpu, name) is None):
            grouped.setdefault(unsaid, []).append(gpu.id)
    for unsaid, keys in grouped.items():
        pen.rests_on("native", *keys)
        who, formats = pen.names(keys), listed(map(_precision, unsaid))
        yield f"whether {who} {'has' if len(keys) == 1 else 'have'} {formats} was not read"


def _format(view: View, pen: Pen, name: str) -> str:
    """`FP8 (the L4: 242 TFLOPS)` where one GPU has it, else the name."""
    have = [key for key in view.ids if view.number(key, name)]
    pen.rests_on(name, *have)
    # What has no tensor cores for integers may still have a dot product of them (DP4A).
    units = " on tensor cores" if name in ("int8", "int4") and view.number(have[0], "tensor_cores") else ""
    if len(have) > 1:
        return _precision(name) + units
    return f"{_precision(name)}{units} (the {pen.name(have[0])} has it: {pen.quantity(have[0], name)})"


def fp64(view: View) -> Iterator[Sentence]:
    """FP64, where the GPUs differ in kind: a part that is made for it and one that has it for form."""
    if not (view.all_know("fp64") and view.all_know("fp32")):
        return
    shares = {key: (view.number(key, "fp32") or 0) / (view.number(key, "fp64") or 1) for key in view.ids}
    ratio = view.rows["fp64"].ratio(view.ids) or 1.0
    if ratio <= 2.0 and not all(share > TOKEN_FP64 for share in shares.values()):
        return
    pen = Pen(view)
    if all(share > TOKEN_FP64 for share in shares.values()):
        texts = [f"{pen.quantity(key, 'fp64')} on the {pen.name(key)}" for key in view.ids]
        pen.rests_on("fp32", *view.ids)
        low = round(min(shares.values()))
        yield pen.say(
            "fp64",
            f"{_none(view)} is made for FP64: {listed(texts)}, 1:{low} of the FP32 "
            f"rate{_or_less(low, shares)}",
        )
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
        if factor and factor > 1 and dense and half in _SPARSE:
            pen.value(gpu.id, half)
            pen.value(gpu.id, "sparsity")
            sparse_peak = quantity(dense * factor, "flop rate")
            told.setdefault(sparse_peak, []).append(f"the {pen.name(gpu.id)}")
    if told:
        figures = listed(f"{peak} for {listed(who)}" for peak, who in told.items())
        yield pen.say(
            "sparse",
            f"a data sheet may print {figures} in {half.upper()}: that is the peak with 2:4 sparsity, "
            "which needs "
            f"weights pruned to that pattern; every rate here is dense",
        )


def accumulate(view: View) -> Iterator[Sentence]:
    """GeForce parts run FP16 at half rate when they sum in FP32."""
    grouped: dict[str, list[str]] = {}
    for gpu in view.gpus:
        full, half = view.number(gpu.id, "fp16_acc16"), view.number(gpu.id, "fp16")
        if full and half and full / half > 1.5:
            grouped.setdefault(_fraction(full / half), []).append(gpu.id)
    for fraction, keys in grouped.items():
        pen = Pen(view)
        one = len(keys) == 1
        yield pen.say(
            "accumulate",
            f"{pen.names(keys)} {'reaches' if one else 'reach'} {_rates(pen, keys, 'fp16_acc16')} in FP16 "
            f"only while {'it sums' if one else 'they sum'} in FP16; with FP32 sums, as in training, "
            f"{'it runs' if one else 'they run'} at {fraction} of that, {_rates(pen, keys, 'fp16')}, and "
            f"{'that is the rate' if one else 'those are the rates'} compared here",
        )


def widened(view: View) -> Iterator[Sentence]:
    """Parts whose FP16 units are slower than FP32: what is compared of them is the FP32 rate."""
    keys = [gpu.id for gpu in view.gpus if view.number(gpu.id, "fp16_units")]
    if not keys:
        return
    pen = Pen(view)
    own, that = ("its own", "that rate") if len(keys) == 1 else ("their own", "those rates")
    yield pen.say(
        "widened",
        f"FP16 units of {own} would give {pen.names(keys)} {_rates(pen, keys, 'fp16_units')} only, so "
        f"software widens FP16 numbers and computes in FP32: {that}, {_rates(pen, keys, 'fp16')}, "
        f"{'is its FP16 rate' if len(keys) == 1 else 'are their FP16 rates'} here",
    )


def _rates(pen: Pen, keys: Sequence[str], field: str) -> str:
    """`142 TFLOPS`, `142 and 117 TFLOPS`: in the order of the GPUs."""
    *others, last = keys
    return listed([*(pen.amount(key, field) for key in others), pen.quantity(last, field)])


def _fraction(ratio: float) -> str:
    return "half" if 2 / EQUAL <= ratio <= 2 * EQUAL else f"1/{ratio_words(ratio)[:-1]}"


#: In the order of reading.
ALL = (precision, widened, same_ratio, lacking, accumulate, sparse, fp64)
