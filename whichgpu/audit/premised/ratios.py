"""Whether a ratio, or who is ahead, is told of something else than it is held against."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.premised.amounts import ROUNDED, SPARSE, number
from whichgpu.audit.premised.sums import is_of_like_units
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import within

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.review.unfounded import Place


#: What a share is of by the word behind it, and that a machine's own setting is spoken of.
_OF_TIME = re.compile(
    r"\s*(?:more |less |of the |longer |shorter )*(?:time|longer|runtime|minutes|hours|seconds)\b", re.I
)
_SET = re.compile(
    r"\b(?:limit(?:s|ed|ing)?|capp?(?:s|ed|ing)?|undervolt\w*|underclock\w*|throttl\w+|nvidia-smi|set to|"
    r"turned down|power target)\b",
    re.IGNORECASE,
)
_FASTER = re.compile(r"(?:faster|slower|quicker)\W*$", re.IGNORECASE)
_USED = re.compile(
    r"\b(?:us(?:e[sd]?|ing)|occup\w+|fill(?:s|ed)?|busy)\b[^.;,]{0,24}$",
    re.IGNORECASE,
)
_FORMATS = re.compile(
    r"[^.;]{0,40}\b(?:compared (?:with|to)|over|against|relative to|versus|from|than|of)\s+(?:plain\s+)?"
    r"(?:FP|BF|TF|INT)\d+|[^.;]{0,24}\b(?:weights|footprint)\b",
    re.IGNORECASE,
)
_JOINT = re.compile(
    r"[;:(]|,\s|\s(?:although|though|while|whereas|despite|because|since|but|and)\s", re.IGNORECASE
)
_ATTRIBUTE = re.compile(
    r"\b(?:bandwidth|memory|cores?|clock\w*|TFLOPS|FP\d+|paper|compute|link|NVLink|bus)\b", re.I
)


def of_ratio(found: Finding, place: Place, context: Context) -> bool:
    """Whether a ratio is of time, a setting, what is used, two formats, or follows from what is told."""
    text, at, end, sentence = place.text, place.at, place.end, place.sentence
    of_part = found.attribute == "told before" and _PART_OF_TABLE.search(text, sentence.start, sentence.end)
    denied = _NOT_SO.search(text, sentence.start, at) is not None
    if (
        of_part
        or denied
        or _is_of_opposed(found, place)
        or is_of_things(text, end, [each.start for each in place.mentions])
    ):
        return True
    if found.attribute == "told before" or is_of_like_units(found):
        return found.attribute != "told before" or _is_quotient(found, place, context)
    if found.attribute == "measured" or _OF_NEITHER.match(text, end):
        # Whose it is must stand there.
        return not place.here or _OF_NEITHER.match(text, end) is not None
    back = place.since(1)
    if _OF_TIME.match(text, end) or (found.attribute == "power" and _SET.search(text, back, sentence.end)):
        return True
    start = max((each.end() for each in _JOINT.finditer(text, sentence.start, at)), default=sentence.start)
    joint = _JOINT.search(text, end, sentence.end)
    part = text[start : joint.start() if joint else sentence.end]
    else_of = _USED.search(text, start, at) or (_FASTER.search(found.quote) and not _ATTRIBUTE.search(part))
    if found.attribute in _OF_PARTS and else_of:
        return True
    return found.attribute == "memory" and _FORMATS.match(text, end) is not None


#: Right before a ratio, that it is not so: "Not the factor of two that".
_NOT_SO = re.compile(
    r"\b(?:not|never|nowhere near|hardly)\s(?:(?:the|an?|quite|by)\s)*(?:factor of\s)?$", re.I
)
_UP = re.compile(r"\s*(?:more|faster|higher|ahead|dearer|above|quicker|larger|longer)\b", re.IGNORECASE)
_DOWN = re.compile(r"\s*(?:less|fewer|slower|lower|behind|cheaper|below|shorter)\b", re.IGNORECASE)


def _is_of_opposed(found: Finding, place: Place) -> bool:
    """Whether two numbers that the text sets against each other give a ratio: "20 a minute against 16.7"."""
    share = re.match(r"(?P<n>\d+(?:\.\d+)?)\s?(?:%|percent)", found.quote)
    up = _UP.match(place.text, place.end) is not None
    if share is None or not (up or _DOWN.match(place.text, place.end)):
        return False
    told = float(share["n"]) / 100
    for each in _SET_AGAINST.finditer(place.text, place.since(1), place.sentence.end):
        a, b = number(each["a"]), number(each["b"])
        low, high = min(a, b), max(a, b)
        if low and abs((high / low - 1 if up else 1 - low / high) - told) < ROUNDED:
            return True
    return False


#: Things of which a ratio is told, of which no data sheet and no rate tells: "three times the contexts".
_THINGS = re.compile(
    r"\s+(?:the|as many|more|fewer)\s+(?:[a-z-]+\s+){0,3}?(?P<what>[a-z-]+[^s\W]s)(?=\s*(?:[.,;:)]|$)|"
    r"\s(?:and|at|in|on|for|with|of|per|as|but|while|when|if)\b)",
    re.IGNORECASE,
)
_MEASURES = re.compile(
    r"(?:\w*flops|tops|watts|bytes|gigabytes|terabytes|dollars|euros|cents|joules|cores|shaders|units|sms|"
    r"transistors|multiprocessors|bits|lanes|slots|tokens|images|pictures|samples|frames|words|sequences|"
    r"cards|gpus|boards|modules|accelerators|seconds|minutes|hours|days|costs|times|processors|channels|"
    r"stacks|specs|links|others|ones)",
    re.IGNORECASE,
)


def is_of_things(text: str, end: int, names: Sequence[int]) -> bool:
    """Whether what stands behind a ratio are counted things that no device has: users, requests, contexts."""
    match = _THINGS.match(text, end)
    if match is None or any(end <= at < match.end() for at in names):
        return False
    return _MEASURES.fullmatch(match["what"]) is None


#: Where in a table what is told stands: "wins the second column".
_PART_OF_TABLE = re.compile(
    r"\b(?:first|second|third|fourth|last|top|bottom|left|right|middle|other|next)(?:-?most)? (?:\w+ )?"
    r"(?:columns?|rows?|lines?)\b",
    re.IGNORECASE,
)
_OF_NEITHER = re.compile(r"[^.;,]{0,40}\b(?:of|than|as) (?:neither|none|nobody)\b", re.IGNORECASE)
_OF_PARTS = frozenset(
    {"bandwidth", "memory", "cuda_cores", "tensor_cores", "memory_bus", "l2_cache", "sms", "power"}
)


def _is_quotient(found: Finding, place: Place, context: Context) -> bool:
    """Whether two amounts of one kind of the sentence, or of the two before it, are in the stated ratio."""
    stated = re.search(r"(?P<n>\d+(?:\.\d+)?) times", found.because)
    said = quantities(place.text, context.fraction)
    around = [
        each
        for each in within(said, place.since(2), place.end)
        if each.dimension not in ("number", "times", "percent")
    ]
    if "of these two it is" in found.because and "FLOPS" in found.because:
        return _is_with_sparsity(found)
    if stated is None or "nothing that the document tells" not in found.because:
        return False
    if _OF_ONE.match(place.text, place.end) and _EXPECTED.search(place.text, place.sentence.start, place.at):
        return True
    times = float(stated["n"])
    return any(
        a.dimension == b.dimension and a.value and b.value
        and any(abs(way / times - 1) < ROUNDED for way in (a.value / b.value, b.value / a.value))
        for a, b in combinations(around, 2)
    )  # fmt: skip


#: What two of a card give whoever has them, which is nobody's measurement.
_OF_ONE = re.compile(r"\s+the (?:throughput|speed|performance) of (?:a single|one|a lone)\b", re.IGNORECASE)
_EXPECTED = re.compile(
    r"\byou (?:get|gain|have)\s+(?:nearly|almost|close to|about|roughly)\s+$", re.IGNORECASE
)
_RATE = re.compile(r"(?P<n>\d[\d.,]*) [TP]FLOPS")


def _is_with_sparsity(found: Finding) -> bool:
    """Whether a ratio is that of two rates one of which was told with sparsity."""
    rates = [number(each["n"]) for each in _RATE.finditer(found.because)]
    told = number(found.quote)
    times = 1 + told / 100 if "%" in found.quote or "percent" in found.quote else told
    return any(
        abs(by * way / times - 1) < SPARSE
        for a, b in combinations(rates, 2)
        for way in (a / b, b / a)
        for by in (2.0, 0.5)
        if times
    )


#: The kind of work, or of cost, that a place is by.
_JUDGED_BY = re.compile(r"\b(?:judged|going|measured|ranked|counted) by\b", re.IGNORECASE)
_COST_BY = re.compile(r"\b(?:price|cost|dollars?|euros?|cents?) (?:divided by|per|for each)\b", re.IGNORECASE)
#: Two amounts that a sentence sets against each other: "118 seconds against 180".
_SET_AGAINST = re.compile(
    r"(?P<a>\d[\d,.]*\d|\d)(?:\s?[A-Za-z%/]+){0,4}\s"
    r"(?:against|versus|vs\.?|compared (?:to|with)|to|as opposed to)\s"
    r"(?:about |only |just |some )?[$\u20ac]?(?P<b>\d[\d,.]*\d|\d)",
    re.IGNORECASE,
)


def _rests_on_its_own(found: Finding, place: Place) -> bool:
    """Whether a sentence tells two amounts against each other which are not those that it is held against."""
    return ": " in found.because and any(
        each[key] not in found.because
        for each in _SET_AGAINST.finditer(place.text, place.sentence.start, place.sentence.end)
        for key in ("a", "b")
    )


def of_place(found: Finding, place: Place, _: Context) -> bool:
    """Whether who is ahead is so by what the sentence, or the one before it, names and no table heads."""
    if found.attribute == "told before" and _rests_on_its_own(found, place):
        return True
    back = place.earlier(1)[0].start if place.earlier(1) else place.sentence.start
    if "table above" in found.because:
        return _JUDGED_BY.search(place.text, place.sentence.start, place.at) is not None
    return "document told" in found.because and _COST_BY.search(place.text, back, place.at) is not None
