"""What so many devices have, move, draw or compute together, that is so many times nothing told or on file.

"Eight modules. With 80 GB per module the box has 512 GB": which number and which device are meant need not
be read where the total is no value of its kind, told around it or on file of the devices spoken of, by any
number that is told or a product of such numbers.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.analogy.told import Told, told
from whichgpu.audit.closure.amounts import Amount, powers
from whichgpu.audit.excluded.scope import inconsistent
from whichgpu.audit.text.sentences import sentences
from whichgpu.hardware.gpu import nominal_gb
from whichgpu.units import GB, GIB, TIB

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.findings import Context, Finding
    from whichgpu.hardware.gpu import Gpu

_BYTE = powers(byte=1)
_POWER = powers(joule=1, second=-1)
#: What is totalled, with the fields of a device that may be meant.
_PEAKS = ("fp64", "fp64_tensor", "fp32", "tf32", "fp16", "fp16_vector", "bf16", "fp8", "fp4", "int8")
_FIELDS: dict[tuple[int, ...], tuple[str, ...]] = {
    powers(byte=1): ("memory",), powers(byte=1, second=-1): ("bandwidth",),
    powers(joule=1, second=-1): ("power",), powers(flop=1, second=-1): _PEAKS,
}  # fmt: skip
_TOGETHER = re.compile(
    r"\b(?:in total|total(?:s|led|ling|ing)?|in all|all in all|altogether|all told|"
    r"(?<!directions )(?:together|combined)|"
    r"pooled|sums? up to|"
    r"adds? up to|between them|"
    r"at (?:the )?most|for (?:these|those|all|the (?:cards|gpus|modules|eight|four|two|lot))(?: alone|"
    r" together)?)\b",
    re.IGNORECASE,
)
_HINTS = re.compile(
    r"total|in all|all told|altogether|together|combined|pooled|up to|between them|most|"
    r"for (?:the|all)|for thes|for thos|box|node|server|system|rig|pair|cluster|pod|rack|partition|"
    r"machine|chassis|board|modules|cards|gpus|the (?:two|three|"
    r"four|eight|lot)",
    re.IGNORECASE,
)
#: What holds several devices, before a verb of having.
_GROUP = re.compile(
    r"\b(?:(?:the|this|that|each|every|a|an|one|our|whole|entire|per)\s+(?:[\w-]+\s+){0,2}?(?:box|node|"
    r"server|system|rig|pair|cluster|"
    r"pod|rack|partition|machine|chassis|(?:hgx|oam|universal|carrier|base|gpu)[ -]?board)|"
    r"the (?:two|three|four|eight|lot)(?: (?:cards|gpus|modules|"
    r"of them|together))?|"
    r"(?:six|eight|four|two|\d{1,3}) (?:nodes|servers|systems|boxes|boards|modules|cards|"
    r"gpus))\b[^.;:]{0,40}?"
    r"\b(?:has|have|holds?|offers?|gets?|takes?|draws?|gives?|brings?|shows?|reach(?:es)?|provides?|"
    r"sums? up|with|and|of)\b",
    re.IGNORECASE,
)
#: What is none of the devices' own, wished, or partly told.
_NOT_OWN = re.compile(
    r"\b(?:need\w*|requir\w*|want\w*|weights?|weighs|gewichte?|poids|pesos|ram|"
    r"system memory|hosts?|cpus?|cache|disk|storage|ssd|"
    r"nvme|l2|context|model|"
    r"dataset|free|left|spare|used|usable|slices?|mig|instances?|limit\w*|capp?ed|undervolt\w*|idle|average|"
    r"wall|psu|suppl(?:y|ies)|circuits?|breakers?|outlets?|sockets?|continuous(?:ly)?|dies|if|than|another|other|half|not|without|plus|minus|quanti\w+|stacks?|"
    r"unified|network|infiniband|ethernet|pcie|nvlink|nvswitch|measured|grace|including|"
    r"achieved|sustained|vcpus?|ddr\d?\w*|gradients?|states?|activations?|leav\w+|left|specified|"
    r"parameters|pue|cooling|budget|extra|more|less|(?<!sums )(?<!sum )(?<!add )(?<!adds )up to|whether)\b|"
    r"n[\u2019']t\b|\?|/GPU",
    re.IGNORECASE,
)
#: Behind what one of several has.
_IS_FACTOR = re.compile(
    r"\s*(?:(?:per (?:gpu|card|module|device|chip)|each|apiece)\b|[=x\u00d7*])", re.IGNORECASE
)
_FORMULA = re.compile(r"[=\u00d7*/+]\s*(?:about\s*)?$|\dx\s*$")
#: What joins two of them, and whoever runs on them: what those reach is measured.
_BRIDGE = re.compile(
    r"\b(?:clients|workers|processes|ranks|bridges?|connector|per link|links|pcie [345]|per direction)\b",
    re.IGNORECASE,
)
_HOST = re.compile(
    r"\b(?:box|node|server|machine|system|rig|chassis|partition|cluster|rack)s?\b", re.IGNORECASE
)
#: What says that memory is the devices' own.
_OF_DEVICES = re.compile(
    r"\b(?:vram|hbm\w*|gddr\w*|(?:device|gpu|graphics|video) memory|per (?:gpu|card|module|"
    r"device))\b",
    re.IGNORECASE,
)
_RACK = re.compile(r"\b(?:rack|cabinet|NVL\d+|DGX|HGX|pod)\b", re.IGNORECASE)
#: A machine draws more than its devices do.
_CARDS = re.compile(
    r"\b(?:cards|gpus|modules|accelerators|boards|for (?:these|those)|(?:six|eight|four|two|both|"
    r"all) of them)\b",
    re.IGNORECASE,
)
_NOT_COUNTED = re.compile(r",?\s*\(?(?:[\w-]+\s(?:and\s)?){1,4}not (?:counted|included)\b", re.IGNORECASE)
_BACK, _FAR, _NEAR, _LARGEST = 7, 2.6, 0.03, 100_000
#: Amounts before and behind a total that are looked at.
_BEFORE, _AFTER = 60, 30
_CLAUSE = re.compile(
    r"[;:(]\s?|\.\s|,\s+(?:and|but|while|so|which|though|although|that)\s|\s[\u2013\u2014]\s"
)
#: Devices that a passage may speak of; of more it is a survey.
_MOST = 6


def totals(context: Context) -> Iterator[Finding]:
    """Every total that no number of anything makes."""
    every = told(context)
    for at, one in enumerate(every):
        if (
            one.amount.dims in _FIELDS
            and not one.amount.per
            and one.amount.limit not in ("range", "over", "under")
            and _is_total(one)
        ):
            yield from _judged(one, at, every, context)


def _clause(one: Told) -> tuple[int, int]:
    text, result = one.passage.text, one.amount
    start = max(
        (each.end() for each in _CLAUSE.finditer(text, one.place[0], result.start)), default=one.place[0]
    )
    last = _CLAUSE.search(text, result.end, one.place[1])
    return start, last.start() if last else one.place[1]


#: Right before an amount that was told before: "for these 40 GB".
_SHOWN = re.compile(r"\b(?:these|those)\s$", re.IGNORECASE)


def _is_total(one: Told) -> bool:
    """Whether a clause plainly tells what several devices have, move, draw or compute together."""
    result, text = one.amount, one.passage.text
    # A look at the words around it spares most amounts all else.
    if not _HINTS.search(text, max(one.place[0], result.start - 90), min(one.place[1], result.end + 60)):
        return False
    start, end = _clause(one)
    before = text[max(start, result.start - 90) : result.start]
    behind = _NOT_COUNTED.sub("", text[result.end : min(end, result.end + 60)])[:40]
    sentence = text[slice(*one.place)]
    if (
        one.passage.kind == "caption"
        or _SHOWN.search(before)
        or _FORMULA.search(before)
        or _IS_FACTOR.match(behind)
    ):
        return False
    if _BRIDGE.search(sentence) or any(_NOT_OWN.search(each) for each in (before, behind)):
        return False
    if result.dims == _BYTE and _HOST.search(before) and not _OF_DEVICES.search(sentence):
        return False
    if result.dims == _POWER and (_RACK.search(before) or not _CARDS.search(sentence)):
        return False
    return any(_TOGETHER.search(each) for each in (before, behind)) or _GROUP.search(before) is not None


def _judged(one: Told, at: int, every: Sequence[Told], context: Context) -> Iterator[Finding]:
    result = one.amount
    around = [
        each
        for each in every[max(0, at - _BEFORE) : at + _AFTER]
        if -_BACK <= each.number - one.number <= 1 and each is not one
    ]
    counts = _counts(around)
    gpus = _spoken_of(one, context)
    if not counts or not 0 < len({gpu.name for gpu in gpus}) <= _MOST:
        return
    ids = {gpu.id for gpu in gpus}
    alike = [
        each for each in around if each.amount.dims == result.dims and (not each.ids or ids & {*each.ids})
    ]
    values = [each.amount.middle for each in alike]
    on_file = [value for gpu in gpus for value in _of(gpu, one)]
    anyone = [value for key in sorted(context.spoken_of) for value in _of(context.catalogue[key], one)]
    ways = [value * by for value in (*values, *on_file) for by in counts]
    # What two kinds have together, each by a number of its own.
    several = sorted({*values})[:_KINDS]
    sums = [
        a * n + b * m for a, b in combinations(several, 2) for n in (1.0, *counts) for m in (1.0, *counts)
    ]
    if not on_file or any(_is(result, each) for each in (*ways, *values, *anyone, *sums)):
        return
    nearest = min(ways, key=lambda each: abs(each / result.middle - 1))
    if not 1 / _FAR < nearest / result.middle < _FAR:
        return
    right = result.digits * nearest / result.middle
    because = f"no number told here of what one device has makes {result.words}; the nearest is {right:,.4g}"
    yield inconsistent(one.passage, (result.start, result.end), because, context)


def _is(result: Amount, value: float) -> bool:
    # A machine's "TB" are often TiB, and what its maker calls 80 GB is as many GiB.
    binary = TIB / 1e12 if result.middle > 1e12 else GB / GIB if "iB" in result.words else 1.0
    units = (1.0, binary) if result.dims == _BYTE else (1.0,)
    return any(abs(value / (result.middle * unit) - 1) < _near(result) for unit in units)


def _near(result: Amount) -> float:
    return max(_NEAR, min(result.slack, 0.05)) + (0.06 if result.limit else 0.0)


def _counts(around: Sequence[Told]) -> list[float]:
    """The numbers of devices and machines that are told, with the products of two and three."""
    told_here: dict[float, str] = {}
    for each in around:
        one = each.amount
        whole = one.bare and one.low == round(one.low) and 1 < one.low < _LARGEST
        if whole and (
            one.noun in ("gpu", "node", "rack") or (one.kind in ("number", "count") and _may_count(one))
        ):
            told_here.setdefault(one.low, one.noun)
    many = sorted(told_here)[:_NUMBERS]
    found = {*many, *(a * b for a, b in combinations(many, 2))}
    found |= {a * b * c for a, b, c in combinations(many, 3)}
    return sorted(found | _USUAL) if many else []


#: So many stand in one machine, whether a text says it there or not.
_NUMBERS, _KINDS = 10, 4
_USUAL = {2.0, 4.0, 8.0, 16.0}


def _may_count(one: Amount) -> bool:
    """Whether a number by itself may count devices: "systems of eight"."""
    return one.low <= _IN_A_RACK


_IN_A_RACK = 72


def _spoken_of(one: Told, context: Context) -> list[Gpu]:
    """The devices of a total's sentence, else of the last before it in its passage that names any.

    In another passage a name may be of another machine than the one that is added up.
    """
    ids: set[str] = set()
    here = context.mentions.get(context.place(one.passage), ())
    starts = sorted(
        {each.start for each in sentences(one.passage.text) if each.start <= one.place[0]}, reverse=True
    )
    last = one.place[1]
    for start in starts:
        ids = ids or {key for each in here if start <= each.start < last for key in each.named}
        last = start
    return [context.catalogue[key] for key in sorted(ids) if key in context.catalogue]


#: Peaks by the names of their formats.
_FORMATS = tuple(
    (re.compile(words, re.IGNORECASE), fields)
    for words, fields in (
        (r"\bFP64\b|double precision", ("fp64", "fp64_tensor")),
        (r"\b(?:FP16|BF16|half precision)\b", ("fp16", "fp16_vector", "bf16")),
        (r"\bFP8\b", ("fp8",)),
        (r"\bFP4\b", ("fp4",)),
        (r"\b(?:FP32|single precision)\b", ("fp32", "tf32")),
        (r"\bINT8\b", ("int8",)),
    )
)
_SPARSE = ("fp16", "bf16", "fp8", "fp4", "int8", "tf32")


def _of(gpu: Gpu, one: Told) -> Iterator[float]:
    fields = _FIELDS[one.amount.dims]
    text = one.passage.text[slice(*one.place)]
    if len(fields) > 1:
        fields = tuple(field for words, some in _FORMATS if words.search(text) for field in some) or fields
    for field in fields:
        value = float(gpu.value(field) or 0.0)
        if field == "memory":
            value = (nominal_gb(value) or value / 1e9) * 1e9
        if value:
            yield value
            if field in _SPARSE:
                yield value * gpu.sparse_times(field)
