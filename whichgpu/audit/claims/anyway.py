"""Ratios whose measure, or whose two amounts, stand in the sentence before: "That's 36 % more", "about half of it".

"One bridge gives 600 GB/s, one of the A30 200. So the latter's is half of that": whatever two are meant, of
the amounts just told and of all that the devices which the text speaks of have in what it speaks of, none is
so many times another.
"""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.claims.told_ratios import is_near, is_of_name
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.known.said import claims
from whichgpu.audit.known.store import store
from whichgpu.audit.quantities import quantities
from whichgpu.audit.sentences import sentences, within
from whichgpu.audit.subjects import family, model
from whichgpu.hardware.gpu import nominal_gb

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.known.said import Claim
    from whichgpu.audit.quantities import Quantity
    from whichgpu.audit.sentences import Sentence
    from whichgpu.hardware.gpu import Gpu

#: What a ratio may be in: its words, the fields on file, and the measures of series that the text tells.
_MEASURES = {
    "bandwidth": (r"bandwidth|GB/s|TB/s", ("bandwidth", "nvlink"), ("bandwidth", "part")),
    "memory": (r"memory|vram|capacity|gigabytes", ("memory",), ("memory",)),
    "cores": (r"core count|cores|SMs|shaders|multiprocessors", ("cores", "sms", "tensor_cores", "rt_cores"), ("cores",)),
    "transistors": (r"transistors", ("transistors",), ()),
    "bus": (r"bus(?: width)?", ("memory_bus",), ("part",)),
    "l2": (r"L2|caches?", ("l2",), ("part",)),
    "power": (r"power (?:limit|draw|rating)|board power|TDP|TGP|watts?", ("power",), ("power",)),
}  # fmt: skip
_MEASURE = {key: re.compile(rf"\b(?:{words})\b", re.IGNORECASE) for key, (words, _, _) in _MEASURES.items()}
_PEAK = ("fp64", "fp64_tensor", "fp32", "tf32", "fp16", "bf16", "fp8", "fp4", "int8", "int4", "fp16_vector", "fp16_acc16")  # fmt: skip
#: What a ratio is then of something else in.
_ELSE = re.compile(
    r"\b(?:if|would|could|might|should|expect\w*|claim\w*|marketing|rumou?r\w*|up to|between|average\w*|"
    r"typical\w*|overhead|spars\w*|ago|since|discount|spot|reserved|utili[sz]\w*|idle|context|batch|quanti[sz]\w+|"
    r"weights|parameters|layers|tokens? (?:a|per)|models?|users?|requests?|not|never|hardly|dies?|density|resolution|"
    r"steps|per|each|effective\w*|efficien\w*|value|bang|save[sd]?|savings?|cost\w*|price\w*|cheap\w*|"
    r"dear\w*|expensive|money|dollars?|euros?|fast\w*|slow\w*|quick\w*|speed\w*|performance|throughput|training|inference|"
    r"latency|games?|gaming|fps|again|theor\w+|actual\w*|measured|real|generations?|earlier|previous|older|last|next|"
    r"competit\w*|rivals?|others?|any|all|most|many|everything|size|area|clock\w*|compression)\b|n[\u2019']t\b|\?",
    re.IGNORECASE,
)
#: What takes up what was just told: "That's 36 % more", "A gap of 4.8x".
_TAKES_UP = re.compile(
    r"\W*(?:(?:That|This|Which|It)(?:[\u2019']s|\s(?:is|was|makes|means|comes to|gives))|"
    r"(?:A|The) (?:gap|difference|lead|ratio|jump|increase|advantage|factor)|Thus|Hence|So)\b",
    re.IGNORECASE,
)
_MOST_MODELS, _WINDOW, _BEHIND, _ROUND = 5, 220, 60, 0.06
_UNITS = ("bandwidth", "memory", "flop rate", "op rate", "power", "number", "time", "rate", "money", "bits", "count")


def find(context: Context) -> Iterator[Finding]:
    """Every such ratio that nobody who can be meant makes true."""
    done = sorted((each.start, each.end) for each in context.memo["found"] if each.accuses or each.verdict == "confirmed")
    for index, passage in context.document.running():
        told = list(sentences(passage.text))
        every: Sequence[Quantity] | None = None
        for at, sentence in enumerate(told):
            for claim in claims(passage.text, sentence, context.fraction):
                place = passage.span(claim.start, claim.end)
                if any(a < place[1] and place[0] < b for a, b in done) or _guarded(passage.text, sentence, claim):
                    continue
                if every is None:
                    every = _amounts(index, passage, context)
                before = told[at - 1] if at else None
                yield from _judged(index, passage, (before, sentence), claim, every, context)


def _guarded(text: str, sentence: Sentence, claim: Claim) -> bool:
    """Whether words of a sentence beside a ratio make it one of something else."""
    return _ELSE.search(text[sentence.start : claim.start] + " \u00b7 " + text[claim.end : sentence.end]) is not None


def _amounts(index: int, passage: Passage, context: Context) -> list[Quantity]:
    return [
        each for each in quantities(passage.text, context.fraction)
        if each.value > 0 and each.dimension in _UNITS and not is_of_name(index, each.start, context)
    ]  # fmt: skip


def _judged(  # noqa: PLR0917
    index: int, passage: Passage, both: tuple[Sentence | None, Sentence], claim: Claim, every: Sequence[Quantity],
    context: Context,
) -> Iterator[Finding]:  # fmt: skip
    before, sentence = both
    text = passage.text
    back = max(0, sentence.start - _WINDOW)
    near = [each for each in within(every, back, min(len(text), claim.end + _BEHIND)) if each.end <= claim.start or each.start >= claim.end]
    ratios = [ratio for a, b in permutations(near, 2) if _alike(a, b) for ratio in (a.value / b.high, a.high / b.value)]
    if _fits(claim, ratios):
        return
    own = within(every, sentence.start, sentence.end)
    just = [each for each in within(every, before.start, before.end)] if before else []
    shown = ""
    if before and not own and _TAKES_UP.match(sentence.text) and not _ELSE.search(before.text):
        kinds = {each.dimension for each in just if each.dimension not in ("number", "count")}
        pair = [each for each in just if _alike(each, just[0])] if len(kinds) == 1 else []
        if len(just) == len(pair) == 2 and just[0].dimension != "number" and _is_all(sentence, claim):
            shown = " and ".join(text[each.start : each.end].strip() for each in pair)
    if not shown:
        shown, filed = _filed(index, (before, sentence), claim, context)
        ratios += filed
        if not shown or _fits(claim, filed):
            return
    because = f"no two that may be meant are so far apart: {shown}"
    yield made(
        context, passage, (claim.start, claim.end), "ratio", "inconsistent", attribute="told before",
        because=because, evidence=(Evidence(because),),
    )  # fmt: skip


def _is_all(sentence: Sentence, claim: Claim) -> bool:
    """Whether a ratio is said with hardly a word before it: of what was just told."""
    return len(sentence.text[: claim.start - sentence.start].split()) <= 6


def _alike(a: Quantity, b: Quantity) -> bool:
    return a is not b and (a.dimension == b.dimension or "number" in (a.dimension, b.dimension))


def _fits(claim: Claim, ratios: Sequence[float]) -> bool:
    return any(
        is_near(way, one) or is_near(way, 1 / one) or abs(one / way.times - 1) < _ROUND
        for way in claim.ways for one in ratios if one > 0
    )  # fmt: skip


def _filed(
    index: int, both: tuple[Sentence | None, Sentence], claim: Claim, context: Context
) -> tuple[str, list[float]]:
    """What the devices that may be meant have over each other in what a sentence, or the one before, is of."""
    before, sentence = both
    kinds = _kinds(sentence.text) or (_kinds(before.text) if before and not _ELSE_BEFORE.search(before.text) else set())
    here = within(context.mentions.get(index, ()), sentence.start, sentence.end)
    groups = _models(context)
    if len(kinds) != 1 or not here:
        return "", []
    own = {model(each.named[0], context.catalogue) for each in here}
    if len(own) == 2:
        groups = {key: gpus for key, gpus in groups.items() if key in own}
    if not 2 <= len(groups) <= _MOST_MODELS:
        return "", []
    kind = kinds.pop()
    _, fields, measures = _MEASURES[kind]
    values = {
        (key, _value(gpu, field)) for key, gpus in groups.items() for gpu in gpus for field in fields
    }  # fmt: skip
    known = [each for each in values if each[1]]
    filed = [
        k * a / b for (x, a), (y, b) in permutations(known, 2) if x != y or len(own) == 1
        for k in (1.0, 2.0, 0.5)
    ]  # fmt: skip
    filed += [
        a.value / b.high for series in store(context) if series.measure in measures
        for a, b in permutations(series.amounts, 2)
    ]  # fmt: skip
    best = [f"{gpus[0].id} has {gpus[0].display(fields[0])}" for gpus in groups.values() if gpus[0].value(fields[0])]
    return ("; ".join(best[:4]) if len(best) > 1 else ""), filed


_ELSE_BEFORE = re.compile(r"\b(?:system|host|cpu|weights|cache of|tokens?)\b", re.IGNORECASE)


def _kinds(text: str) -> set[str]:
    found = {key for key, way in _MEASURE.items() if way.search(text)}
    return found - {"memory"} if {"bandwidth", "bus"} & found else found


def _models(context: Context) -> dict[frozenset[str], list[Gpu]]:
    """The devices that the text speaks of in every form, those of one model together."""
    found: dict[frozenset[str], list[Gpu]] = context.memo.get("models spoken of", {})
    if not found:
        for every in context.mentions.values():
            for each in every:
                key = model(each.named[0], context.catalogue)
                if key not in found:
                    forms = {*family(each.named, context.catalogue), *each.named}
                    found[key] = [context.catalogue[one] for one in sorted(forms)]
        context.memo["models spoken of"] = found
    return found


def _value(gpu: Gpu, field: str) -> float:
    value = gpu.value(field)
    if not isinstance(value, int | float):
        return 0.0
    return float((nominal_gb(value) or value / 1e9) * 1e9 if field == "memory" else value)
