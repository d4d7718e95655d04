"""Multiples of values that the text states: of two of them, or of one and that of a device behind it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.comparisons.beside import before_it, in_brackets, in_round, of_quotients
from whichgpu.audit.comparisons.multiple import finding_on, verdict_of
from whichgpu.audit.comparisons.of_what import SPEED, named_attribute
from whichgpu.audit.comparisons.said import BEFORE
from whichgpu.audit.devices.mentions import mentions
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import one_before, within
from whichgpu.audit.values.attributes import RATES, attributes, is_of_cache, named
from whichgpu.audit.values.binding import united
from whichgpu.audit.values.offers import usual
from whichgpu.audit.values.sourced import on_file
from whichgpu.hardware.gpu import nominal_gb

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.comparisons.multiple import Multiple
    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.devices.roles import Spoken
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.quantities import Quantity
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.audit.values.attributes import Attribute


#: What no speed is in, and words of speeds that are no bandwidth.
_SIZES = ("memory", "money", "power", "bits", "length", "area")
_FAST = re.compile(
    r"\b(?:inference|training|generation|token)s? (?:speed|throughput)|\bfaster at\b", re.IGNORECASE
)
#: Values that are held against a device's, what they are of where nothing is named, and what stands between.
_VALUED = {"memory": "memory", "bandwidth": "bandwidth", "power": "power", "flop rate": "", "op rate": ""}
_SO_MANY = re.compile(
    r"(?:\s+(?:of\s+)?(?:[\w-]+\s*){0,3}|\s+(?:through|over|via|from)\s+(?:[\w-]+\s*){1,5})?(?:[,(:\u2013\u2014-]\s*(?:or\s+|i\.e\.,?\s+|so\s+|thus\s+|hence\s+|"
    r"(?:which|that)\s+(?:is|makes|"
    r"works out (?:to|at))\s+)?|\s+(?:is|are|being)\s+)"
    r"(?:about\s+|around\s+|roughly\s+|nearly\s+|almost\s+|over\s+|just\s+|only\s+|some\s+|more than\s+|"
    r"less than\s+|a\s+little\s+|exactly\s+|precisely\s+|still\s+|even\s+)*",
    re.IGNORECASE,
)
_PLUG = re.compile(r"[ -](?:pin|slot)\b")
#: Between a multiple and a value that is of another one: "twice as much as the 5090 and double the 300 W of".
_OTHER_CLAUSE = re.compile(r"\b(?:and|but)\s+(?:twice|double|half|triple|\d)", re.IGNORECASE)
_DOUBLES = re.compile(r"(?:double|triple|quadruple|halve)[sd]?\b", re.IGNORECASE)
_THAT_IS = re.compile(r"\s*(?:That[\u2019']s|That is|This is|It[\u2019']s)\s+", re.IGNORECASE)
_ROUGHLY = 12
_WHAT_OF = re.compile(
    r"\s*(?:of\s+)?(?:than(?: that of| what|(?:\s+[\w-]+){0,5} of(?=\s+(?:the|its)))?|what|that of|"
    r"the\s+[\w ]{0,30}\s(?:of|on|in)|as (?:much|"
    r"many)\s+(?:[\w ]{1,24}\s)?as)?\s*(?:the\s+|an?\s+|one\s+|single\s+|of\s+|entire\s+|nvidia\s+|"
    r"amd\s+|its\s+|predecessor,\s+|sibling,\s+|"
    r"brother,\s+|smaller\s+|bigger\s+)*",
    re.IGNORECASE,
)


def by_values(
    passage: Passage, sentence: Sentence, claim: Multiple, who: Spoken, context: Context
) -> Finding | None:
    """The verdict where the sentence states both values: "312 TFLOPS, more than double the A10's 125"."""
    around = [
        each
        for each in united(passage.text, _amounts(passage, sentence, context), who.here)
        if each.dimension not in ("number", "count", "money")
        # "The 32 GB version has twice the bandwidth" is no value that is compared.
        and not any(one.start <= each.start < one.end for one in who.here)
    ]
    beside = _beside(passage.text, sentence, claim, context)
    # Prices are held against each other with what they are per, elsewhere.
    of_money = beside is not None and beside[0].dimension == "money"
    if of_money or of_quotients(passage.text, sentence, claim.start):
        return None
    if beside is not None:
        around = list(beside)
    before = [each for each in around if each.end <= claim.start and claim.start - each.end < BEFORE]
    after = [each for each in around if each.start >= claim.end and each.start - claim.end < BEFORE]
    if beside is not None:
        before, after = [beside[0]], [beside[1]]
    elif in_round(passage.text, claim.start):
        # "3.35 TB/s vs 1.01 TB/s (3.3x), NVLink 900 GB/s": of nothing behind its brackets.
        closes = passage.text.find(")", claim.end)
        after = [each for each in after if each.end <= closes]
    near = passage.text[max(sentence.start, claim.start - BEFORE) : claim.end + BEFORE // 2]
    told = before[-1].dimension if before and beside is None else ""
    # "960 GB/s although it costs four times as much": of prices, which are told elsewhere.
    priced = told and _COSTS.search(passage.text, before[-1].end, claim.start)
    if priced or (told in _SIZES and SPEED.search(near)) or (told == "bandwidth" and _FAST.search(near)):
        return None
    if beside is None and (ends := _ends(passage.text, before, claim)):
        # "It went from 250 to 700 W, i.e. 2.8x, and is limited": of the two ends.
        return _of_range(passage, claim, ends, context)
    if not before or not after or not after[0].value or not _is_alike(before[-1], after[0]):
        return None
    if beside is None and _OTHER_CLAUSE.search(passage.text, claim.end, after[0].start):
        return None
    real = _real(passage.text, claim, (before[-1], after[0]), beside)
    swapped = real != before[-1].value / after[0].value
    both = (after[0], before[-1]) if swapped else (before[-1], after[0])
    texts = [passage.text[each.start : each.end] for each in both]
    words = f"{texts[0]} is {real:.3g} times {texts[1]}"
    # "From 340 to 255 ms, an improvement of 25 %": of the time, and not of the speed.
    saved = [2 - min(real, 1 / real)] if claim.step and before[-1].dimension == "time" else []
    verdict = verdict_of(claim, [real, *saved])
    if verdict == "contradicted":
        verdict = "inconsistent"
    return finding_on(passage, claim, (verdict, f"{real:.2g}x", words), context)


def _amounts(passage: Passage, sentence: Sentence, context: Context) -> list[Quantity]:
    """The quantities of a sentence but for multiples and shares, so that "the A100's 600" has their unit."""
    every = within(quantities(passage.text, context.fraction), sentence.start, sentence.end)
    return [each for each in every if each.dimension not in ("times", "percent")]


_COSTS = re.compile(
    r"\b(?:costs?|priced|sells? (?:for|at)|is (?:cheaper|dearer|pricier))\s(?:[a-z]+\s){0,3}$", re.IGNORECASE
)


#: Around and between the two ends of a change, and up to what it comes to.
_FROM, _TO, _BY = (
    re.compile(r"\bfrom\s+(?:about\s+|around\s+|just\s+|only\s+)?$", re.IGNORECASE),
    re.compile(r"[\w ]{0,24}?\s*to\s+(?:about\s+|around\s+|a full\s+)?", re.IGNORECASE),
    re.compile(
        r"[\w ]{0,16},?\s*\(?(?:(?:or|i\.e\.,?|that is|which is|thus|so)\s+)?(?:by\s+|an? (?:increase|rise|"
        r"jump|gain) of\s+|up\s+)?(?:about\s+|around\s+|roughly\s+|nearly\s+)?",
        re.IGNORECASE,
    ),
)


def _ends(text: str, before: Sequence[Quantity], claim: Multiple) -> Quantity | None:
    """The last range before a multiple, or the two ends of a rise right before it, as one; else None."""
    if before and before[-1].high != before[-1].value > 0:
        return before[-1]
    if len(before) < 2 or before[-1].dimension != before[-2].dimension:
        return None
    first, last = before[-2:]
    rises = (
        0 < first.value < last.value
        and _FROM.search(text, 0, first.start)
        and _TO.fullmatch(text, first.end, last.start)
        and _BY.fullmatch(text, last.end, claim.start)
    )
    return first._replace(high=last.value, end=last.end) if rises else None


def _of_range(passage: Passage, claim: Multiple, told: Quantity, context: Context) -> Finding | None:
    """The verdict on a multiple behind "from 250 to 700 W"; None of any other range."""
    text = passage.text
    behind = _SO_MANY.fullmatch(text, told.end, claim.start) or _BY.fullmatch(text, told.end, claim.start)
    if not behind or not _GOES.search(text, max(0, told.start - BEFORE), told.start):
        return None
    real = told.high / told.value
    words = f"{text[told.start : told.end]} is {real:.3g} times as much"
    verdict = verdict_of(claim, [real, 1 / real])
    verdict = "inconsistent" if verdict == "contradicted" else verdict
    return finding_on(passage, claim, (verdict, f"{real:.2g}x", words), context)


#: Before the two ends of what grew, or fell.
_GOES = re.compile(r"\bfrom\s+(?:about |around |roughly |some )?[~$]?$", re.IGNORECASE)


def _is_alike(one: Quantity, other: Quantity) -> bool:
    """Whether two values are of one dimension; operations of integers are set against FLOPs."""
    return one.dimension == other.dimension or {one.dimension, other.dimension} <= {*RATES}


_MAKES = re.compile(
    r"\s+(?:is|are|makes?|gives?|means|would be|comes? to|=)\s+"
    r"(?:(?:about|around|roughly|some|just|nearly) )*[$\u20ac~]?",
    re.IGNORECASE,
)
_OF_THAT = re.compile(r"\s+(?:that|this|it)\b(?! of\b)", re.IGNORECASE)


def _real(
    text: str, claim: Multiple, both: tuple[Quantity, Quantity], beside: tuple[Quantity, Quantity] | None
) -> float:
    """How many times the second of two values the first is, or the second the first where that is meant."""
    real = both[0].value / both[1].value if both[0].value and both[1].value else math.inf
    ahead = beside is not None and beside[1].end <= claim.start
    if both[0].dimension == "time" or ahead:
        # "54.8 GB against 37.8 GB, 31 percent less": of either of the two.
        return 1 / real if (ahead and claim.times < 1 < real) or real < 1 < claim.times else real
    # "14 GB, twice that with gradients, 28 GB", "720 W, a third more is 960": the one before, so many times.
    behind = _OF_THAT.match(text, claim.end) or _MAKES.fullmatch(text, claim.end, both[1].start)
    return 1 / real if behind else real


def _beside(
    text: str, sentence: Sentence, claim: Multiple, context: Context
) -> tuple[Quantity, Quantity] | None:
    """The two values that stand right before or behind a multiple of what they are of."""
    every, place = quantities(text, context.fraction), (claim.start, claim.end)
    found = in_brackets(text, place, sentence, every) or before_it(text, place, sentence, every)
    if found and found[1].end <= claim.start and found[0].dimension in _VALUED:
        # "(141 GB vs 80 GB), 2x the bandwidth": of another attribute than the values before it.
        of = named_attribute(text, sentence, claim)
        return found if of is None or of.dimension == found[0].dimension else None
    of = named_attribute(text, sentence, claim) if found and found[0].dimension == "area" else None
    # "2.7 times the transistors on a smaller die (608 mm2 against 628)": of what it names.
    return None if of is not None and of.dimension != "area" else found


def _is_in_name(text: str, sentence: Sentence, value: Quantity, who: Spoken) -> bool:
    """Whether a size is in a name whose other attribute is spoken of: "the bus of the A100 80 GB"."""
    if value.dimension != "memory":
        return False
    inside = [each for each in who.here if each.start < value.start < each.end]
    said = within(named(text), sentence.start, inside[0].start) if inside else ()
    return any(each.attribute.dimension != "memory" for each in said)


#: Behind a name, a system of many: "GB200 NVL72", "H100 SuperPOD".
_RACK = re.compile(
    r"[\s-]+(?:NVL\d{2,3}|Super\w+|pods?|clusters?|racks?|systems?|nodes?|servers?)\b", re.IGNORECASE
)


_NAME, _ITS_OWN = 12, re.compile(r"[\u2019']s?\s+(?:only\s+|mere\s+)?[$\u20ac]?\d")


def _is_of_any(
    claim: Multiple, value: Quantity, against: tuple[Mention, Attribute], context: Context
) -> bool:
    """Whether a device is only described ("the desktop card"), and the ratio so of one that is spoken of."""
    other, attribute = against
    if any(True for _ in mentions(other.text, context.catalogue)):
        return False
    # The card of the name that a laptop's GPU has is spoken of with it.
    keys = {one for key in context.spoken_of for one in (key, key.removesuffix("-laptop"))}
    gpus = [context.catalogue[key] for key in keys if key in context.catalogue]
    known = [value.value / each for gpu in gpus for each in attribute.amounts(gpu)]
    return bool(known) and verdict_of(claim, known) == "confirmed"


def against_device(
    passage: Passage, sentence: Sentence, claim: Multiple, who: Spoken, context: Context
) -> Finding | None:
    """A stated value against that of a device named behind: "48 GB, twice what a single 4090 offers"."""
    both = _value_and_device(passage, sentence, claim, who, context)
    attribute = _of_what(passage.text, sentence, claim, both[0]) if both else None
    if both is None or attribute is None:
        return None
    value, other = both
    gpus = [context.catalogue[key] for key in usual(other.ids)]
    sure = [gpu for gpu in gpus if gpu.confidence != "low"]
    # Of the fields that a name can mean the first that is on file: FP16 is no plain FP16 beside it.
    fields = {gpu.id: next((one for one in attribute.fields if gpu.value(one)), "") for gpu in sure}
    values = [(gpu, gpu.value(fields[gpu.id])) for gpu in sure if fields[gpu.id]]
    known = [(gpu, float(size)) for gpu, size in values if isinstance(size, int | float) and size]
    known = [
        (gpu, (nominal_gb(size) or size / 1e9) * 1e9 if attribute.key == "memory" else size)
        for gpu, size in known
    ]
    if not known:
        return None
    ratios_ = [value.value / size for _, size in known]
    verdict = verdict_of(claim, ratios_)
    if verdict == "contradicted" and _is_of_any(claim, value, (other, attribute), context):
        return None
    at = min(range(len(known)), key=lambda i: abs(ratios_[i] - claim.times))
    shown_value = re.match(r"[\d.,]+\s?[\w/]+", passage.text[value.start :])
    shown, gpu = shown_value[0] if shown_value else "", known[at][0]
    words = f"{shown} is {ratios_[at]:.3g} times {gpu.display(attribute.fields[0])} of {gpu.id}"
    return finding_on(
        passage, claim, (verdict, "" if verdict == "confirmed" else f"{ratios_[at]:.2g}x", words), context,
        subject=", ".join(other.ids), attribute=attribute.key, evidence=(on_file(known[at][0], attribute),),
    )  # fmt: skip


def _value_and_device(
    passage: Passage, sentence: Sentence, claim: Multiple, who: Spoken, context: Context
) -> tuple[Quantity, Mention] | None:
    """The value before a multiple and the device behind it; None where they are not plainly compared."""
    text = passage.text
    told = within(quantities(text, context.fraction), sentence.start, claim.start)
    # "230 W through an 8-pin plug, half of what": a plug has no value.
    found = [
        each for each in told if not (_PLUG.match(text, each.end) or _is_in_name(text, sentence, each, who))
    ]
    after = [each for each in who.here if each.start >= claim.end]
    if after and _RACK.search(text, after[0].start, after[0].end + _NAME):
        after = []
    begins = _THAT_IS.match(text, sentence.start, sentence.end)
    if not found and begins and begins.end() <= claim.start <= begins.end() + _ROUGHLY:
        # "141 GB. That is twice the H100's": what was told last in the sentence before.
        earlier = one_before(text, sentence.start)
        told_before = [
            each
            for one in earlier
            for each in within(quantities(text, context.fraction), one.start, one.end)
            if each.dimension in _VALUED
        ]
        found = [each._replace(end=begins.start()) for each in told_before[-1:]]
    # "900 GB/s per GPU, 1.5 times the A100's 600": of the value that is stated.
    stated = after and _ITS_OWN.match(text, after[0].end)
    plain = found and found[-1].dimension in _VALUED and found[-1].high == found[-1].value
    if not plain or not after or stated:
        return None
    value, other = found[-1], after[0]
    verb = _DOUBLES.match(text, claim.start) and not text[value.end : claim.start].strip()
    joined = value.end == sentence.start or verb or _SO_MANY.fullmatch(text, value.end, claim.start)
    return (value, other) if joined and _WHAT_OF.fullmatch(text, claim.end, other.start) else None


def _of_what(text: str, sentence: Sentence, claim: Multiple, value: Quantity) -> Attribute | None:
    """What a value that a device's is compared with is of, by the words beside it, else by its unit."""
    own = next((each.attribute for each in named(text) if 0 <= each.start - claim.end < _ROUGHLY), None)
    if own and own.dimension in _VALUED and own.dimension != value.dimension:
        # "128 GB at 3.2 TB/s: four times the memory of": of the value that is of what is named.
        return None
    beside = [each.attribute for each in within(named(text), value.start - BEFORE, sentence.end)
              if value.dimension in (each.attribute.dimension, "op rate")]  # fmt: skip
    keys = {each.key for each in beside}
    by_unit = _VALUED[value.dimension] if not keys else ""
    attribute = beside[0] if len(keys) == 1 else attributes()[by_unit] if by_unit else None
    if attribute and attribute.key == "memory" and is_of_cache(value.value):
        # "The cache is worth a comment. At 48 MB it is eight times as large as the A10's."
        return attributes()["l2"]
    return attribute
