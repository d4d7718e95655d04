"""What follows from the sentences right before: sums, differences, savings, scaling, weights in a format.

Each is held against what the paragraph tells before it, where that is told once; what may be of another
amount is left alone.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.again import again
from whichgpu.audit.clauses.marked import ABOUT, AGAINST, OFF, marked
from whichgpu.audit.clauses.rented import rented
from whichgpu.audit.text.models import formats_at
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import Sentence, has_digit, sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.clauses.marked import Marked
    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding

_ASKED = re.compile(r"[?\u201c\u201d\"]|\b(?:wrong\w*|mistak\w+|myth|suppose\w*|unless)\b", re.IGNORECASE)
_OF = "stated consequence"
#: Numbers, and amounts told earlier, that a sum is tried with at most.
_COUNTED = 3
#: "Together that is 48 GB", at the start of the sentence behind the parts.
_SUM = re.compile(
    rf"^\W*(?:So,?\s)?(?:Together|In total|In all|All told|Altogether|Combined|All in all|Added up|"
    rf"Taken together),?\s"
    rf"(?:that|this|it|they|these|those|the\s(?:\w+\s){{1,3}}?|you|we|i)?\s?(?:is|are|makes?|gives?|"
    rf"comes? to|amounts? to|"
    rf"adds? up to|needs?|takes?|draws?|costs?|have|has|get|pay|offers?|"
    rf"provides?)\s{ABOUT}<(?P<r>[mbwe]\d+)>",
    re.IGNORECASE,
)
#: How much of linear several reach.
_EFFICIENCY = re.compile(
    r"\befficiency\s(?:(?:is|was|comes to)\s(?:thus|therefore|hence|then|only)\s|is|was|of|comes to|"
    r"comes out at|stands at|at|works out (?:at|to))\s"
    rf"{ABOUT}<(?P<r>p\d+)>|<(?P<s>p\d+)>\s(?:scaling |parallel )?(?:efficiency|of linear)",
    re.IGNORECASE,
)
_BOTH = re.compile(r"\b(?:both|pair|second|two)\b", re.IGNORECASE)
_OF_ENERGY = re.compile(
    r"\b(?:energy|power|watts?|per watt|fuel|flops?|utili[sz]ation|mfu|memory|bandwidth)\b", re.I
)
#: "The former had 5,888. This amounts to 22 % more": of the two figures of the sentence before.
_THIS_IS = re.compile(
    rf"^\W*(?:On paper,?\s|By that,?\s)?(?:That|This|It|Which)\s(?:is|was|amounts to|makes|means|comes to|"
    rf"adds up to|equals|"
    rf"works out (?:at|to)|corresponds to)\s(?:{ABOUT}<(?P<r>p\d+)>\s(?P<what>more|less|fewer|higher|lower|"
    rf"larger|smaller|"
    rf"faster|slower)\b|an?\s(?P<of>improvement|increase|gain|rise|jump|advantage|reduction|drop|"
    rf"decrease)\sof\s{ABOUT}"
    rf"<(?P<s>p\d+)>)",
    re.IGNORECASE,
)
#: "The 5080 draws 360 W. The 4090 takes 450 W, exactly 90 W more", "$1,999, $400 more than the $1,599 of".
_DIFFERS = re.compile(
    rf"<(?P<b>[mbwe]\d+)>,\s(?:or\s|that is\s|which is\s)?{ABOUT}<(?P<r>[mbwe]\d+)>\s(?:more|less|higher|"
    rf"lower|above|below|dearer|"
    rf"cheaper|fewer)\b(?:\sthan\s[^<>;?!]{{0,30}}?<(?P<a>[mbwe]\d+)>)?",
    re.IGNORECASE,
)
#: "$1.94 reserved against $2.69 on demand, a saving of 28 percent", of the only two prices that are told.
_SAVES = re.compile(
    rf"\b(?:sav(?:e[sd]?|ing|ings of)|cheaper by|reduction of|cut of|discount (?:of|is|was|comes to|"
    rf"amounts to|equals|"
    rf"works out (?:at|to)))\s(?:us\s|you\s|them\s)?{ABOUT}<(?P<r>p\d+)>|<(?P<s>p\d+)>\s(?:savings?|"
    rf"discount|cheaper)\b|"
    rf"\btakes\s{ABOUT}<(?P<t>p\d+)>\soff\b",
    re.IGNORECASE,
)
_INSTEAD = re.compile(
    r"<(?P<a>c\d+)> (?:instead of|rather than|against|versus|down from) <m\d+>", re.IGNORECASE
)
#: "An UNet of 860 million .. Stored in FP16, that UNet fills 1.72 GB".
_PARAMETERS = re.compile(
    r"\b(?P<noun>UNet|U-Net|text encoder|VAE|autoencoder|transformer|decoder|encoder|backbone|model|"
    r"network)\b"
    r"(?:[^.;,\d]{0,30}?\s)(?P<n>\d[\d,.]*)\s?(?P<unit>million|billion|M|B)\b",
    re.IGNORECASE,
)
_STORED = re.compile(
    r"\b(?:that|the|this)\s(?P<noun>UNet|U-Net|text encoder|VAE|autoencoder|transformer|decoder|encoder|"
    r"backbone|model|"
    rf"network)\b(?:\s\w+)?\s(?:fills|takes|needs|is|weighs|occupies|uses|comes to)\s{ABOUT}$",
    re.IGNORECASE,
)


def consequences(passage: Passage, here: Sequence[Mention], context: Context) -> Iterator[Finding]:
    """The results of a passage that what stands right before them does not give."""
    every = _whole(passage.text)
    for at, sentence in enumerate(every):
        if not has_digit(sentence.text) or _ASKED.search(sentence.text):
            continue
        read = marked(passage, sentence, here, context)
        before = [marked(passage, each, here, context) for each in every[max(0, at - 2) : at]]
        first = every[max(0, at - 2)].start
        whole = marked(
            passage, Sentence(first, sentence.end, passage.text[first : sentence.end]), here, context
        )
        if before:
            yield from _sum(read, before[-1], whole)
            yield from _this_is(read, before[-1])
            yield from _premium(read, before[-1], whole)
            yield from again(read, before[-1])
        yield from _differs(read, before[-1] if before else None)
        yield from _saves(read, whole)
        yield from _efficiency(read, whole)
        yield from _stored(read)
        yield from rented(read, whole)


def _whole(text: str) -> list[Sentence]:
    """The sentences of a text, those that a semicolon parts as one."""
    found: list[Sentence] = []
    for each in sentences(text):
        last = found[-1] if found else None
        if last is not None and last.text.rstrip().endswith(";"):
            found[-1] = Sentence(last.start, each.end, text[last.start : each.end])
        else:
            found.append(each)
    return found


def _sum(read: Marked, before: Marked, whole: Marked) -> Iterator[Finding]:
    """A sum of what the sentence before tells, each part as often as it may be meant."""
    match = _SUM.search(read.text)
    if match is None:
        return
    result = read.figures[match["r"]]
    parts = before.of(result.dimension)
    # "An RTX 2060 of the 12 GB kind" is a part too.
    sizes = within(quantities(read.passage.text), before.sentence.start, before.sentence.end)
    parts += [
        each
        for each in sizes
        if each.dimension == result.dimension
        and each.high == each.value
        and all(each.start != one.start for one in parts)
    ]
    numbers = [each.value for each in before.of("number")]
    counts = {1.0, *[each for each in numbers if each < 100][:_COUNTED]}
    if not 2 <= len(parts) <= 5 or any(before.of_period(each) != read.of_period(result) for each in parts):
        return
    ways = {0.0}
    for part in parts:
        ways = {way + part.value * count for way in ways for count in (0.0, *counts)}
    others = [each for each in whole.figures.values() if each.start < before.sentence.start]
    for other in [each for each in others if each.dimension == result.dimension][-_COUNTED:]:
        # What was told a sentence before may be one of them too.
        ways |= {way + other.value for way in ways}
    off = max(OFF, read.step(result) / 1.9) * (2 if result.limit else 1)
    right = sum(each.value for each in parts)
    if (
        any(way and abs(result.value / way - 1) <= off for way in ways)
        or not 0.4 < result.value / right < 2.5
    ):
        return
    because = " and ".join(read.words(each) for each in parts)
    yield from read.held(result, right, because, _OF)


def _this_is(read: Marked, before: Marked) -> Iterator[Finding]:
    """How much more the one of two figures of the sentence before is."""
    match = _THIS_IS.search(read.text)
    figures = [each for each in before.figures.values() if each.dimension not in ("percent", "times")]
    pairs = [
        (a, b) for a, b in combinations(figures, 2) if a.dimension == b.dimension and a.value and b.value
    ]
    # Two figures alone are those that are meant, whatever stands between them.
    alone = len(pairs) == 1 == len(figures) - 1
    if match is None or not pairs or not (alone or AGAINST.search(before.text)):
        return
    more = (match["what"] or match["of"]).lower() not in _FALLS
    result = read.figures[match["r"] or match["s"]]
    ratios = [max(a.value, b.value) / min(a.value, b.value) for a, b in pairs]
    shares = [ratio - 1 if more else 1 - 1 / ratio for ratio in ratios]
    near = min(shares, key=lambda each: abs(each - result.value))
    last = pairs[-1]
    if abs(near - result.value) > max(0.015, 0.05 * near) * (1.5 if result.limit else 1) and len(pairs) == 1:
        because = f"{read.words(last[0])} and {read.words(last[1])} are {shares[-1]:.0%} apart"
        yield read.judged(result, _OF, because, expected=f"{shares[-1]:.0%}")


_FALLS = ("less", "fewer", "lower", "smaller", "slower", "reduction", "drop", "decrease")


def _differs(read: Marked, before: Marked | None) -> Iterator[Finding]:
    """How much more the one of two amounts is; the other stands behind it, or in the sentence before."""
    for match in _DIFFERS.finditer(read.text):
        result, one = read.figures[match["r"]], read.figures[match["b"]]
        told = [read.figures[match["a"]]] if match["a"] else (
            before.of(one.dimension) if before else []
        )  # fmt: skip
        own = read.of(one.dimension)
        alone = len(told) == 1 and len(own) <= (3 if match["a"] else 2)
        if not alone or {one.dimension, result.dimension, told[0].dimension} != {one.dimension}:
            continue
        right = abs(one.value - told[0].value)
        if right and 0.2 < result.value / right < 5:
            because = f"{read.words(one)} and {read.words(told[0])}, one less the other,"
            yield from read.held(result, right, because, _OF, off=0.03)


def _premium(read: Marked, before: Marked, whole: Marked) -> Iterator[Finding]:
    """How much dearer the one of two is, of the only two prices of the sentence before."""
    match = _PREMIUM.search(read.text)
    pair = before.of("money")
    if match is None or len(pair) != len(("one", "other")) or any(map(read.of_period, pair)):
        return
    result = read.figures[match["r"]]
    told = [each.value for each in whole.of("money") if each != result]
    ways = {abs(a - b) for a, b in combinations(told, 2)}
    off = max(OFF, read.step(result) / 1.9) * (2 if result.limit else 1)
    if not any(way and abs(result.value / way - 1) <= off for way in ways):
        because = f"{read.words(pair[0])} and {read.words(pair[1])}, one less the other,"
        yield from read.held(result, abs(pair[0].value - pair[1].value), because, _OF)


#: "The newer one carried a premium of $3,150 over the older".
_PREMIUM = re.compile(
    r"\b(?:premium|surcharge|mark-?up|price (?:difference|gap)|difference in price)\s(?:of|is|was|"
    rf"comes to)\s{ABOUT}<(?P<r>m\d+)>",
    re.IGNORECASE,
)

#: What is added to a price behind its discount.
_ON_TOP = re.compile(r"\b(?:(?:with|plus|including|before|after) (?:tax\w*|vat|shipping|fees?))\b", re.I)


def _saves(read: Marked, whole: Marked) -> Iterator[Finding]:
    """The share that is saved, of the only two prices of a kind that are told."""
    match = _SAVES.search(read.text)
    if match is None or _ON_TOP.search(read.text):
        return
    result = read.figures[match["r"] or match["s"] or match["t"]]
    prices = whole.of("money")
    before = _INSTEAD.search(whole.text) if len(prices) == 1 else None
    alone = whole.of("number")
    if len(prices) == len(alone) == 1 and alone[0].start > prices[0].start:
        # "3.29 dollars an hour on demand and 2.30 for a year".
        prices = [*prices, alone[0]._replace(unit=prices[0].unit)]
    elif before is not None:
        # "1.61 instead of 2.69 dollars": the first has the unit of the second.
        first = whole.figures[before["a"]]
        prices = [first._replace(unit=prices[0].unit), *prices]
    if len(prices) != 2 or prices[0].unit != prices[1].unit or not all(each.value for each in prices):
        return
    low, high = sorted(each.value for each in prices)
    right = 1 - low / high
    others = [each for each in read.of("percent") if each.start != result.start]
    # An amount that is saved, or one of several months, is no second price.
    if others or high / low > 4:
        return
    if abs(right - result.value) > (0.03 if result.limit else 0.015):
        because = f"{low:g} instead of {high:g} is {right:.0%} less"
        yield read.judged(result, _OF, because, expected=f"{right:.0%}")


def _efficiency(read: Marked, whole: Marked) -> Iterator[Finding]:
    """The share of linear scaling of two rates that are told."""
    match = _EFFICIENCY.search(read.text)
    if match is None or _OF_ENERGY.search(read.text):
        return
    result = read.figures[match["r"] or match["s"]]
    rates = whole.of("rate")
    counts = {each.value for each in whole.of("number") if 1 < each.value <= 4096}
    # "820 images per second; both managed 1,540": without a unit.
    bare = [each for each in whole.of("number") if each.value > 64]
    rates = (
        rates
        if len(rates) != 1
        else [*rates, *(each for each in bare if 1 < each.value / rates[0].value < 64)]
    )
    counts |= {2.0} if _BOTH.search(whole.text) else set()
    if len(rates) != 2 or not counts or not rates[0].value:
        return
    gain = max(each.value for each in rates) / min(each.value for each in rates)
    ways = [gain / count for count in counts if gain / count <= 1.05]
    if ways and not any(abs(way - result.value) <= 0.02 for way in ways):
        because = f"{read.words(rates[1])} against {read.words(rates[0])} is {gain:.3g} times"
        yield read.judged(result, _OF, because, expected=f"{ways[-1]:.0%}")


def _stored(read: Marked) -> Iterator[Finding]:
    """What a part of a model takes in a format, by the parameters that were told of it."""
    text, sentence = read.passage.text, read.sentence
    forms = {form.least for _, form in formats_at(sentence.text)}
    for each in read.of("memory") if len(forms) == 1 else ():
        lead = _STORED.search(text, sentence.start, each.start)
        told = [
            one
            for one in _PARAMETERS.finditer(text, 0, sentence.start)
            if lead and one["noun"].lower().replace("-", "") == lead["noun"].lower().replace("-", "")
        ]
        if len(told) == 1:
            many = float(told[0]["n"].replace(",", "").strip(".")) * (
                1e6 if told[0]["unit"][0] in "mM" else 1e9
            )
            because = f"{told[0]['n']} {told[0]['unit']} parameters at {next(iter(forms)):g} bytes"
            yield from read.held(each, many * next(iter(forms)), because, _OF, off=0.08)
