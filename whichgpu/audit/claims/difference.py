"""Differences: "100 W less than the RTX 4090", "2,048 more CUDA cores", held against the two values."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.attributes import attributes, named
from whichgpu.audit.document import RUNNING
from whichgpu.audit.findings import made
from whichgpu.audit.pairs import facts, pair, unsure
from whichgpu.audit.quantities import quantities
from whichgpu.audit.roles import spoken
from whichgpu.audit.sentences import sentences, within
from whichgpu.hardware.gpu import nominal_gb

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.attributes import Attribute
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.pairs import Pair
    from whichgpu.audit.quantities import Quantity
    from whichgpu.audit.roles import Spoken
    from whichgpu.audit.sentences import Sentence

_BY_KIND = {"power": "power", "memory": "memory", "bandwidth": "bandwidth"}
_WORD = re.compile(
    r"\s*(?:(?P<more>more|higher|extra|additional|above|"
    r"over(?!\s+(?:\d{1,2}\b|pcie|nvlink|ethernet|infiniband|usb|the (?:bus|network))\b)|beyond|ahead of)|"
    r"(?P<less>less|lower|fewer|"
    r"below|under|short of|behind))\b",
    re.IGNORECASE,
)
#: "Two of them have 96 GB between them, 16 GB more than": of several, not of one.
_SEVERAL = re.compile(
    r"\b(?:between them|together|combined|in total|altogether|"
    r"(?:two|three|four|eight|\d{1,2}) of (?:them|these|those))\b",
    re.IGNORECASE,
)
#: "A 112 GB memory advantage", and words by which it is of none of the two alone.
_AHEAD = re.compile(r"\s*(?:memory|vram|bandwidth|power)?\s*(?:advantage|lead|edge|gap|difference)\b", re.I)
_THIRD = re.compile(r"\b(?:total|combined|together|per|node|cluster|each|across)\b", re.IGNORECASE)
_GB = 1e9
#: By how many times as much it must be off to be wrong.
_CLEARLY = 1.5
_MORE_BY = re.compile(r"\s*(?=[.,;)]|$)")
#: How far a stated difference may be off, as a share of it and of the larger of the two values.
_WITHIN, _OF_VALUE = 0.06, 0.01
#: Letters before a difference that may tell the two that it is of, and what rounding makes of it.
_BACK, _EXACT = 300, 0.01


def find(context: Context) -> Iterator[Finding]:
    """Every stated difference of two devices with its verdict."""
    for index, passage in enumerate(context.document.passages):
        if passage.kind in RUNNING:
            for sentence in sentences(passage.text):
                yield from _of_sentence(index, passage, sentence, context)


def _of_sentence(index: int, passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    text = passage.text
    names = context.mentions.get(index, ())
    for each in within(quantities(text, context.fraction), sentence.start, sentence.end):
        if any(name.start < each.end and each.start < name.end for name in names):
            # "RTX 4060 Ti 16 GB over A30" differs by no size.
            continue
        word = _WORD.match(text, each.end)
        ahead = _AHEAD.match(text, each.end)
        if ahead and word is None and each.high == each.value > 0:
            yield from _of_lead(passage, sentence, each, spoken(index, passage, sentence, context), context)
        if word is None or each.high != each.value or each.value <= 0:
            continue
        attribute = _attribute(text, each, word.end())
        than = re.compile(
            r"[^.;,]{0,40}?\b(?:than|above|over|beyond|ahead of|below|under|short of|behind)\b"
        ).match(text, word.start())
        who = spoken(index, passage, sentence, context)
        both = pair(each.start, word.end(), who, context)
        # "450 W - exactly 100 W more": than what was told of just before.
        alone = None if than else _MORE_BY.match(text, word.end())
        behind = [one for one in who.here if one.start >= word.end()]
        than = than or (alone if who.here and not behind else None)
        if attribute is None or than is None or both is None or re.search(r"\d", than[0]):
            continue
        if both and _differ(text, each, context):
            # Of totals, of clocks, of whatever the two are that were told just before.
            continue
        if _SEVERAL.search(text, sentence.start, each.start):
            continue
        yield from _judged(passage, each, (attribute, bool(word["more"])), both, context)


def _differ(text: str, each: Quantity, context: Context) -> bool:
    """Whether two values that the text tells just before a difference differ by it."""
    before = within(quantities(text, context.fraction), max(0, each.start - _BACK), each.start)
    told = [one.value for one in before if one.dimension == each.dimension]
    return any(abs(abs(a - b) / each.value - 1) < _EXACT for a, b in combinations(told, 2))


def _of_lead(
    passage: Passage, sentence: Sentence, each: Quantity, who: Spoken, context: Context
) -> Iterator[Finding]:
    """What one of two is ahead by, whichever it is: "that 112 GB advantage"."""
    both = pair(each.start, each.end, who, context)
    if each.dimension not in _BY_KIND or both is None or _THIRD.search(sentence.text):
        return
    attribute = attributes()[_BY_KIND[each.dimension]]
    ways = [next(_judged(passage, each, (attribute, more), both, context), None) for more in (True, False)]
    told = [way for way in ways if way is not None]
    yield from next(([way] for way in told if not way.accuses), told[:1])


def _attribute(text: str, each: Quantity, at: int) -> Attribute | None:
    """What a difference is of: what is named after it, else by its unit."""
    after = next((one for one in named(text) if at <= one.start <= at + 3), None)
    if after is not None and after.attribute.dimension in (each.dimension, "count"):
        same = each.dimension in (after.attribute.dimension, "number")
        return after.attribute if same else None
    if each.dimension == "money" and each.unit in _DOLLARS and _LAUNCHED.search(text):
        return attributes()["launch_price"]
    return attributes()[_BY_KIND[each.dimension]] if each.dimension in _BY_KIND and after is None else None


#: What makes a price that of the launch, and no rent or offer of today.
_LAUNCHED = re.compile(
    r"\b(?:launch\w*|msrp|list prices?|introduced|started at|starts at|debuted|came out|went on sale|"
    r"(?:cost|was|costs) when new)\b",
    re.IGNORECASE,
)
_DOLLARS = ("$", "US$", "USD", "dollars")


def _judged(
    passage: Passage, each: Quantity, what: tuple[Attribute, bool], both: Pair, context: Context
) -> Iterator[Finding]:
    """Confirmed where a pair of the devices meant differs by as much, contradicted where none nearly does."""
    attribute, more = what
    found = [
        (a - b, max(a, b), one, other)
        for one in both.first
        for other in both.second
        if (a := _value(one, attribute, context)) and (b := _value(other, attribute, context))
    ]
    if not found:
        return
    told = each.value if more else -each.value
    off = [abs(real - told) / max(_WITHIN * each.value, _OF_VALUE * most) for real, most, _, _ in found]
    best = off.index(min(off))
    real, _, one, other = found[best]
    verdict = "confirmed" if off[best] <= 1 else "contradicted" if off[best] > _CLEARLY else "unverifiable"
    if verdict == "contradicted" and (
        unsure(both, attribute, 1.0, context) or each.limit in ("over", "under", "up to")
    ):
        verdict = "unverifiable"
    shown = [context.catalogue[key].display(attribute.fields[0]) for key in (one, other)]
    because = f"{one} has {shown[0]}, {other} has {shown[1]}"
    yield made(
        context, passage, (each.start, each.end), "ratio", verdict, subject=both.subject,
        attribute=attribute.key, because=because, evidence=facts(attribute, both, context),
        expected="" if verdict == "confirmed" else _amount(real, each),
    )  # fmt: skip


def _value(key: str, attribute: Attribute, context: Context) -> float | None:
    """A device's value; its memory as it is sold."""
    value = context.catalogue[key].value(attribute.fields[0])
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    size = nominal_gb(float(value)) if attribute.key == "memory" else None
    return size * _GB if size else float(value)


def _amount(real: float, each: Quantity) -> str:
    """A difference in the unit of what is stated."""
    digits = re.match(r"[\d.,]+", each.unit)
    if each.dimension == "money":
        return f"${abs(real):,.0f}"
    scale = {"W": 1.0, "watts": 1.0}.get(each.unit, 1.0 if not each.unit else 0.0)
    if not scale or digits:
        scale = 1e9
        return f"{abs(real) / scale:,.4g} GB{'/s' if each.dimension == 'bandwidth' else ''}"
    return f"{abs(real):,.4g} {each.unit}".strip()
