"""A ratio in a named attribute that no two devices have of which the text speaks.

"Its bandwidth, surprisingly, is three times that of the T4", "In bandwidth the lead grows to 25 percent":
which two are meant need not be read where no two of all that a text speaks of differ by so much, and no two
amounts of the kind that it tells.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import permutations
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.mood import is_asserted, is_indicative
from whichgpu.audit.comparisons.multiple import OF_SLICES, TOGETHER, verdict_of
from whichgpu.audit.devices.as_stated import as_stated
from whichgpu.audit.devices.mentions import model
from whichgpu.audit.excluded.scope import of_no_two
from whichgpu.audit.known.said import claims
from whichgpu.audit.known.store import store
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.values.attributes import CHIP, attributes, named

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.excluded.scope import Scope
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.known.said import Claim
    from whichgpu.audit.values.attributes import Attribute, Named

#: Attributes of which a device has one value, however it is used, and what tables call their kind.
_KEYS = {
    "bandwidth": "bandwidth", "memory": "memory", "power": "power", "cores": "cores", "tensor_cores": "cores",
    "rt_cores": "cores", "sms": "cores", "memory_bus": "", "l2": "", "transistors": "", "fp32": "peak",
    "fp64": "peak",
}  # fmt: skip
#: Letters between a ratio and what it is of.
_BEFORE, _AFTER = 64, 34
#: What is between an attribute and a ratio of something else.
_PARTS = re.compile(r"[;:.!?]\s|\s[\u2013\u2014-]\s|,\s(?:and|but|while|whereas|so)\b|\band\b")
#: The same, or another amount.
_PARTED = re.compile(rf"{_PARTS.pattern}|\d|,|\b(?:outside|without|beyond|with|using|through|via|at)\b")
#: Before an attribute that a ratio is not of.
_OUTSIDE = re.compile(r"\b(?:outside|without|beyond|besides|despite)(?: of)?(?: the| its)? $", re.IGNORECASE)
#: A speed of memory is its bandwidth.
_SPEED = re.compile(r"\s*(?:as\s+fast|faster|quicker|slower|the\s+speed)\b", re.IGNORECASE)
#: What tells a ratio of no two devices as they are sold, or of what is not named.
OTHER = re.compile(
    r"\b(?:per|an? (?:watt|dollar)|prices?|priced|costs?|rent\w*|measur\w+|tests?|tested|throughput|tokens?|"
    r"images?|samples?|train\w*|inference|render\w*|batch\w*|models?|weights?|quanti\w+|spars\w+|dense|kv|"
    r"cache hit|context|links?|pairs?|two|three|four|six|eight|sixteen|several|nodes?|servers?|systems?|"
    r"hosts?|machines?|racks?|clusters?|dies|slices?|cpus?|predecessors?|successors?|previous|next|"
    r"generations?|own|any other|every|most|average|typical|entire|whole|family|series|line-?up|others?|used|"
    r"usage|idle|load|overhead|need\w*|requir\w+|fits?|utili[sz]\w+|efficien\w+|bf16|fp16|fp8|fp4|int8|tf32|"
    r"versions?|variants?|sell\w*|market\w*|pcie|nvlink|infinity|laptops?|notebooks?|desktops?|mobile|ddr\d|"
    r"ram|clock\w*|not|n[\u2019']t|never|effective|he|she|i|we|you|they|his|her|my|our|your|their|parts of|"
    r"rest|remaining|left|free|reserve\w*)\b",
    re.IGNORECASE,
)
#: What sets a device against another by words alone.
_OF_TWO = re.compile(
    r"\b(?:than|that of|those of|compared|against|versus|vs|over|ahead|behind|leads?|lead|gap|advantage|"
    r"gr[eo]w\w*|ros[e]|rises?|climb\w*|jump\w*|went|goes|from|doubl\w+|tripl\w+|halv\w+|offers?|has|have|"
    r"had|gives?|as)\b",
    re.IGNORECASE,
)


def ratios(scope: Scope, context: Context) -> Iterator[Finding]:
    """Those of a sentence that are so of no two."""
    text, sentence = scope.passage.text, scope.sentence
    # Whichever device a description means, it is one of those that the text speaks of.
    said = is_asserted(sentence.text) and is_indicative(sentence.text) and not CHIP.search(sentence.text)
    if not said or OF_SLICES.search(text) or not _OF_TWO.search(sentence.text):
        return
    for each in claims(text, sentence, context.fraction):
        attribute = _of(text, each, sentence.start, sentence.end)
        if attribute is None or _BY_DOING.match(text, each.start):
            continue
        place = min(each.start, attribute.start), max(each.end, attribute.end)
        clause = clause_of(text, place, scope)
        around = _NO_OTHER.sub(" ", f"{text[clause[0] : each.start]} {text[each.end : clause[1]]}")
        if (
            OTHER.search(around)
            or TOGETHER.search(text, scope.sentence.start, each.start)
            or not is_of_two(scope, clause, context)
        ):
            continue
        key = attribute.attribute.key
        if _KEYS[key] in ("cores", "peak") and (_RATE.search(around) or _of_formats(sentence.text) > 1):
            continue
        if key == "memory" and _SPEED.match(text, each.end):
            key = "bandwidth"
        values = [*_on_file(attributes()[key], scope, context), *_told(key, scope, context)]
        if values and all(verdict_of(way, values) == "contradicted" for way in each.ways):
            yield of_no_two((each.start, each.end), key, scope, context)


#: What is done to something, and the rate of what is counted.
_BY_DOING = re.compile(
    r"\w+ing\b|halves\b|doubles? (?:that|this) (?:figure|number|value|rate)\b", re.IGNORECASE
)
_RATE = re.compile(r"\b(?:rates?|speed|fast\w*|throughput|quick\w*|slow\w*)\b", re.IGNORECASE)


def _of_formats(sentence: str) -> int:
    """How many peaks a sentence names, of which one may be a share of another: "FP64 at half of FP32"."""
    return len({one.attribute.key for one in named(sentence) if one.attribute.dimension == "flop rate"})


def is_of_two(scope: Scope, clause: tuple[int, int], context: Context) -> bool:
    """Whether a clause sets one of a text's devices against another, by name or in words."""
    every = {model(key, context.catalogue) for key in context.spoken_of}
    inside = [each for each in scope.here if clause[0] <= each.start < clause[1]]
    here = {model(each.named[0], context.catalogue) for each in inside}
    text = scope.passage.text[slice(*clause)]
    if len(every) < _TWO or not _OF_TWO.search(text):
        return False
    return len(here) != 1 or _AGAINST.search(text) is not None


_TWO = 2
#: What sets a device against another where the sentence names one alone.
_AGAINST = re.compile(
    r"\b(?:than|that of|those of|compared|against|versus|vs|over the|ahead|behind|as (?:much|many|fast|large|"
    r"wide|big|high) as|(?:twice|half|times|double|triple) the|of (?:the|an?|its|what))\b",
    re.IGNORECASE,
)


def _of(text: str, claim: Claim, first: int, last: int) -> Named | None:
    """The attribute that a ratio is of: right behind it, else before it, in its own part of the sentence."""
    found = [one for one in named(text) if first <= one.start < last]
    behind = next((one for one in found if one.start >= claim.end), None)
    if behind and behind.start - claim.end <= _AFTER and not _PARTED.search(text, claim.end, behind.start):
        return behind if behind.attribute.key in _KEYS else None
    before = next((one for one in reversed(found) if one.end <= claim.start), None)
    if before and _OUTSIDE.search(text, max(first, before.start - 24), before.start):
        return None
    if before and claim.start - before.end <= _BEFORE and not _PARTS.search(text, before.end, claim.start):
        return before if before.attribute.key in _KEYS else None
    return None


#: What speaks of no other device.
_NO_OTHER = re.compile(r"\b(?:on the other hand|in other words|one another|each other)\b", re.IGNORECASE)


_CLAUSE = re.compile(
    r"[;:]\s|\band (?:costs?|draws?|needs?|is|has|comes?)\b|"
    r",\s+(?:and|but|while|whereas|though|although|so|which)\s|\s[\u2013\u2014]\s"
)


def clause_of(text: str, place: tuple[int, int], scope: Scope) -> tuple[int, int]:
    """The clause that a stretch of a sentence stands in."""
    start, end = scope.sentence.start, scope.sentence.end
    begin = max((each.end() for each in _CLAUSE.finditer(text, start, place[0])), default=start)
    return begin, next((each.start() for each in _CLAUSE.finditer(text, place[1], end)), end)


def _on_file(attribute: Attribute, scope: Scope, context: Context) -> list[float]:
    """The ratios of each two devices that the text speaks of, one of them named here where any is.

    Each counts in every form that a name may mean.
    """
    meant = as_stated(sorted(context.spoken_of), attribute.key, context)
    gpus = [context.catalogue[key] for key in meant]
    here = {model(key, context.catalogue) for each in scope.here for key in each.ids}
    every = [(model(gpu.id, context.catalogue), attribute.amounts(gpu)) for gpu in gpus]
    known = [(key, value) for key, amounts in every for value in amounts]
    return [
        a / b
        for (one, a), (other, b) in permutations(known, 2)
        if (one != other or a != b) and (not here or {one, other} & here)
    ]


def _told(key: str, scope: Scope, context: Context) -> Iterator[float]:
    """The ratios of amounts of the kind in the passage, and in each row or column of the text's tables."""
    dimension = attributes()[key].dimension
    counted = ("count", "number") if dimension == "count" else (dimension,)
    yield from _of_passage(scope.passage.text, context.fraction, counted)
    lists = (
        [one.value for one in each.amounts] for each in store(context) if each.measure == _KEYS[key] != ""
    )
    for amounts in lists:
        yield from (a / b for a, b in permutations(amounts, 2) if b)


@lru_cache(maxsize=64)
def _of_passage(text: str, fraction: str, counted: tuple[str, ...]) -> tuple[float, ...]:
    """The ratios of amounts of a passage, each once: its sentences ask for the same ones."""
    told = quantities(text, fraction)
    here = [each.value for each in told if each.value > 0 and each.dimension in counted]
    return tuple(dict.fromkeys(a / b for a, b in permutations(here[:40], 2)))
