"""By which series an order may be meant, and how far apart two amounts of one are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.known.store import of_catalogue, tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context
    from whichgpu.audit.known.sides import Side
    from whichgpu.audit.known.store import Amount, Series
    from whichgpu.audit.sentences import Sentence

#: Two that differ by less are level.
MARGIN = 0.03
#: Measures of which each kind of words may speak, and those of which less is more of it.
_KINDS = {
    "speed": ("speed", "time"), "price": ("price",), "power": ("power",), "value": ("value", "price"),
    "efficiency": ("efficiency", "energy"), "energy": ("energy",), "bandwidth": ("bandwidth",),
    "memory": ("memory",), "cores": ("cores",), "peak": ("peak",),
}  # fmt: skip
_LESS = {"speed": ("time",), "value": ("price",), "efficiency": ("energy",)}
_PER_WORK = re.compile(
    r"\b(?:per (?:token|image|picture|million|request|thousand|\d)|(?:tokens?|images?|pictures?|job|work|run|"
    r"sequences?|frames?)\b|way to (?:make|generate|serve))",
    re.IGNORECASE,
)
_BY_TIME = re.compile(r"\b(?:by the|per|an) (?:hour|month)\b|\bhourly\b|\bto rent\b|\brate\b", re.IGNORECASE)
#: Settings of work: what is told of one is not so in another.
_SETTING = re.compile(
    r"\b(?:FP\d+|INT\d|BF16|TF32|NF4|Q\d\w*|\d{1,3}B\b|train\w*|inference|fine-?tun\w*|[A-Z][a-z]+[A-Z]\w*|"
    r"[A-Z]{2,}[a-z]?-?\w*|Llama|Mistral|Qwen|Whisper|Flux|Stable|Blender)\b"
)


def apart(one: Amount, other: Amount, series: Series, sign: int) -> float:
    """By what share one amount is above another, in the sense of the words; below 0 where it is not."""
    sign = -sign if series.dimension and series.measure in ("time", "energy") else sign
    low, high = (one.value, other.high) if sign > 0 else (one.high, other.value)
    # Of ranges the ends that bear it out best.
    best = (one.high / other.value - 1) if sign > 0 else (1 - one.value / other.high)
    del low, high
    return best


def asked(
    kind: str, sentence: Sentence, place: tuple[int, int], passage: Passage, told: Sequence[Series]
) -> list[Series]:
    """The series of a kind that an order in a clause may be by."""
    del place
    found = [each for each in told if each.measure in _KINDS.get(kind, ())]
    if kind == "speed":
        found = [each for each in found if not each.derived]
    words = sentence.text
    if kind == "price":
        if _PER_WORK.search(words):
            found = [each for each in found if each.derived or _PER_WORK.search(each.label)]
        elif _BY_TIME.search(words):
            found = [each for each in found if not each.derived and not _PER_WORK.search(each.label)]
    return [each for each in found if _is_in_setting(each, words, passage)]


def _is_in_setting(series: Series, words: str, passage: Passage) -> bool:
    """Whether what a sentence names of work is what a series is headed by."""
    del passage
    known = tokens(" ".join((series.label, *series.section))) | {w for each in series.amounts for w in tokens(each.name)}
    return all(tokens(match[0]) <= known or tokens(match[0]) & known for match in _SETTING.finditer(words))


def catalogue_says(one: Side, other: Side, kind: str, sign: int, context: Context) -> bool:
    """Whether on file, in bandwidth and in arithmetic, two stand in the order that is stated of their speed."""
    if kind != "speed" or not other.ids:
        return False
    ways = []
    for series in of_catalogue(context):
        if series.label in ("bandwidth", "fp16"):
            own, others = one.of(series), other.of(series)
            ways += [sign * (a.value / b.value - 1) for some in own for a in some for those in others for b in those]
    return bool(ways) and min(ways) > MARGIN
