"""What follows from the sentences right before: sums, costs per million, bounds on decoding, scaling.

Each is held against what the paragraph tells before it, where that is told once; what may be of another
amount is left alone.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.marked import marked
from whichgpu.audit.models import formats_at
from whichgpu.audit.quantities import quantities
from whichgpu.audit.sentences import Sentence, sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.clauses.marked import Marked
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.quantities import Quantity
    from whichgpu.audit.subjects import Mention

_ABOUT = (
    r"(?:(?:about|around|roughly|some|nearly|almost|just|only|exactly|over|under|more|less|than|up|to|an?|"
    r"the|well|approximately|~|\u2248)\s*)*"
)
_ASKED = re.compile(r"[?\u201c\u201d\"]|\b(?:wrong\w*|mistak\w+|myth|suppose\w*|unless)\b", re.IGNORECASE)
_OF = "stated consequence"
_OFF, _FAR = 0.02, 12.0
_HOUR = 3600.0
#: Numbers, and amounts told earlier, that a sum is tried with at most.
_COUNTED = 3
#: How many hours a price is of at least.
_A_PRICE = 100.0

#: "Together that is 48 GB", at the start of the sentence behind the parts.
_SUM = re.compile(
    rf"^\W*(?:So,?\s)?(?:Together|In total|In all|All told|Altogether|Combined|All in all|Added up|"
    rf"Taken together),?\s"
    rf"(?:that|this|it|they|these|those|the\s(?:\w+\s){{1,3}}?|you|we|i)?\s?(?:is|are|makes?|gives?|"
    rf"comes? to|amounts? to|"
    rf"adds? up to|needs?|takes?|draws?|costs?|have|has|get|pay|offers?|"
    rf"provides?)\s{_ABOUT}<(?P<r>[mbwe]\d+)>",
    re.IGNORECASE,
)
#: "Each token costs 128 KiB. A window of 32,768 tokens takes 4 GiB", "320 KiB per token, hence 10 GiB for".
_PER_TOKEN = re.compile(
    r"(?:\b(?:each|every|a|one|per) token\b[^<>;?!]{0,40}?<(?P<a>b\d+)>|\b(?:each|every|a|"
    r"one) token\b[^<>;?!]{0,40}?<(?P<c>c\d+)> bytes|"
    r"<(?P<b>b\d+)>\s(?:per|a|for (?:each|"
    r"every|one|a)) "
    r"token)",
    re.IGNORECASE,
)
_OF_TOKENS = re.compile(
    rf"<(?P<n>c\d+)>[ -]tokens?\b[^<>;?!]{{0,50}}?\b(?:takes?|needs?|fills?|is|costs?|occup\w+|uses?|means?|"
    rf"makes?|comes? to)\s"
    rf"{_ABOUT}<(?P<r>b\d+)>|\b(?:hence|so|thus|or|that is)\s{_ABOUT}<(?P<r2>b\d+)>\s(?:for|at|with|"
    rf"of cache for)\s(?:a\s)?"
    rf"(?:\w+\sof\s)?<(?P<n2>c\d+)>[ -]tokens?\b",
    re.IGNORECASE,
)
_SEVERAL = re.compile(
    r"\b(?:users|requests|sequences|batch|chats|conversations|sessions|each of|times|x|cards?|gpus?|"
    r"fp8|int8|"
    r"8[- ]bit|4[- ]bit|half|q8|q4|both)\b",
    re.I,
)
#: A bound on decoding, by the weights that each token reads.
_CAPS = re.compile(
    r"\b(?:caps?|capped|ceiling|at most|(?:upper )?bound|limits?|limited|in theory|theoretical\w*|maximum|"
    r"no (?:more|faster) than|"
    r"best case|cannot (?:exceed|do more)|can[\u2019']t (?:exceed|do more)|could)\b",
    re.IGNORECASE,
)
_TOKENS = re.compile(r"\btok(?:ens?)?\b", re.IGNORECASE)
#: "A thousand of them cost $1.29", by a rent and so many in an hour.
_SO_MANY = re.compile(
    rf"\b(?:a|one) (?P<n>hundred|thousand|million) (?:of (?:them|these|those)|images|pictures|frames|"
    rf"requests|documents|"
    rf"minutes|hours)\b[^<>;?!]{{0,30}}?\b(?:costs?|comes? to|is|are|for)\s{_ABOUT}<(?P<r>m\d+)>",
    re.IGNORECASE,
)
_MANY = {"hundred": 100.0, "thousand": 1000.0, "million": 1e6}
_AN_HOUR = re.compile(r"<(?P<n>c\d+)>\s(?:\w+\s){1,2}(?:an|per|each|every|in an) hour\b", re.IGNORECASE)
#: "That is 13,824 GPU-hours. At $2.50 per GPU-hour the bill comes to $34,560".
_GPU_HOURS = re.compile(
    r"\bGPU[- ]hours?\b[^<>;?!]{0,24}?<(?P<a>c\d+)>|<(?P<b>c\d+)>\sGPU[- ]hours\b", re.IGNORECASE
)
_HOURLY = re.compile(
    rf"<(?P<p>m\d+)>\s(?:per|a|each|for (?:each|every))\sGPU[- ]hour\b[^<>;?!]{{0,40}}?\b(?:comes? to|is|"
    rf"costs?|amounts? to|"
    rf"makes)\s{_ABOUT}<(?P<r>m\d+)>",
    re.IGNORECASE,
)
#: What a million tokens cost.
_PER_MILLION = re.compile(
    rf"\b(?:a|one|per|each|every) million (?:output |"
    rf"generated )?tokens\b[^<>;?!]{{0,60}}?\s{_ABOUT}<(?P<r>m\d+)>|"
    rf"<(?P<r2>m\d+)>\s?(?:per|a|for (?:a|one|each|every)|/)\s?(?:million|1M|M)\s(?:output |"
    rf"generated )?tokens\b",
    re.IGNORECASE,
)
_A_HOUR = re.compile(r"<(?P<m>m\d+)>\s?(?:an|per|a|each|/)\s?h(?:our|r)?\b", re.IGNORECASE)
_IN_HOUR = re.compile(
    r"<(?P<n>[cr]\d+)>(?:\stokens)?(?:\s(?:in|per|an|each|every)\s(?:an\s|one\s)?hour\b)", re.IGNORECASE
)
#: How much of linear several reach.
_EFFICIENCY = re.compile(
    r"\befficiency\s(?:(?:is|was|comes to)\s(?:thus|therefore|hence|then|only)\s|is|was|of|comes to|"
    r"comes out at|stands at|at|works out (?:at|to))\s"
    rf"{_ABOUT}<(?P<r>p\d+)>|<(?P<s>p\d+)>\s(?:scaling |parallel )?(?:efficiency|of linear)",
    re.IGNORECASE,
)
_BOTH = re.compile(r"\b(?:both|pair|second|two)\b", re.IGNORECASE)
_OF_ENERGY = re.compile(
    r"\b(?:energy|power|watts?|per watt|fuel|flops?|utili[sz]ation|mfu|memory|bandwidth)\b", re.I
)
#: After how many hours of rent a price is paid.
_PAID = re.compile(
    r"\b(?:paid (?:for (?:itself|themselves)|off|back)|pays? (?:for (?:itself|themselves)|off|back)|"
    r"break[- ]?even\w*|"
    r"buying (?:wins|is cheaper)|recoup\w*|amorti[sz]e\w*)\b",
    re.IGNORECASE,
)
_HOURS = re.compile(r"<(?P<r>t\d+)>|<(?P<c>c\d+)>\s(?:gpu[- ])?hours", re.IGNORECASE)
_MORE_COST = re.compile(
    r"\b(?:electricity|power costs?|kwh|resale|resell|sell|host|supply|rest of|plus)\b", re.I
)
#: "The former had 5,888. This amounts to 22 % more": of the two figures of the sentence before.
_THIS_IS = re.compile(
    rf"^\W*(?:On paper,?\s|By that,?\s)?(?:That|This|It|Which)\s(?:is|was|amounts to|makes|means|comes to|"
    rf"adds up to|equals|"
    rf"works out (?:at|to)|corresponds to)\s(?:{_ABOUT}<(?P<r>p\d+)>\s(?P<what>more|less|fewer|higher|lower|"
    rf"larger|smaller|"
    rf"faster|slower)\b|an?\s(?P<of>improvement|increase|gain|rise|jump|advantage|reduction|drop|"
    rf"decrease)\sof\s{_ABOUT}"
    rf"<(?P<s>p\d+)>)",
    re.IGNORECASE,
)
_AGAINST = re.compile(
    r"\b(?:where|against|versus|vs\.?|while|whereas|compared|instead of|up from|down from)\b",
    re.IGNORECASE,
)
#: "The 5080 draws 360 W. The 4090 takes 450 W, exactly 90 W more", "$1,999, $400 more than the $1,599 of".
_DIFFERS = re.compile(
    rf"<(?P<b>[mbwe]\d+)>,\s(?:or\s|that is\s|which is\s)?{_ABOUT}<(?P<r>[mbwe]\d+)>\s(?:more|less|higher|"
    rf"lower|above|below|dearer|"
    rf"cheaper|fewer)\b(?:\sthan\s[^<>;?!]{{0,30}}?<(?P<a>[mbwe]\d+)>)?",
    re.IGNORECASE,
)
#: "$1.94 reserved against $2.69 on demand, a saving of 28 percent", of the only two prices that are told.
_SAVES = re.compile(
    rf"\b(?:sav(?:e[sd]?|ing|ings of)|cheaper by|reduction of|cut of|discount (?:of|is|was|comes to|"
    rf"amounts to|equals|"
    rf"works out (?:at|to)))\s(?:us\s|you\s|them\s)?{_ABOUT}<(?P<r>p\d+)>|<(?P<s>p\d+)>\s(?:savings?|"
    rf"discount|cheaper)\b|"
    rf"\btakes\s{_ABOUT}<(?P<t>p\d+)>\soff\b",
    re.IGNORECASE,
)
_INSTEAD = re.compile(
    r"<(?P<a>c\d+)> (?:instead of|rather than|against|versus|down from) <m\d+>", re.IGNORECASE
)
#: What is saved in an hour, before a price is paid back.
_SAVED_HOURLY = re.compile(r"\bsaves? <(?P<m>m\d+)> (?:an|per|each|every) hour\b", re.IGNORECASE)
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
    rf"network)\b(?:\s\w+)?\s(?:fills|takes|needs|is|weighs|occupies|uses|comes to)\s{_ABOUT}$",
    re.IGNORECASE,
)


def consequences(passage: Passage, here: Sequence[Mention], context: Context) -> Iterator[Finding]:
    """The results of a passage that what stands right before them does not give."""
    every = _whole(passage.text)
    for at, sentence in enumerate(every):
        if _ASKED.search(sentence.text) or not any(each.isdigit() for each in sentence.text):
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
        yield from _differs(read, before[-1] if before else None)
        yield from _saves(read, whole)
        yield from _of_tokens(read, whole)
        yield from _capped(read, whole)
        yield from _per_million(read, whole)
        yield from _so_many(read, whole)
        yield from _hourly(read, whole)
        yield from _efficiency(read, whole)
        yield from _paid(read, whole)
        yield from _stored(read)


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


def _judged(
    read: Marked, result: Quantity, right: float, because: str, off: float = _OFF
) -> Iterator[Finding]:
    """A result against what it should be."""
    share = result.value / right if right else 0.0
    if not 1 / _FAR < share < _FAR:
        return
    off = max(off * (2 if result.limit else 1), read.step(result) / 1.9)
    shown = f"{read.digits(result) / share:,.3g}"
    wrong = abs(share - 1) > off
    yield read.judged(
        result, _OF, f"{because} make {shown}", expected=shown if wrong else "",
        verdict="inconsistent" if wrong else "confirmed",
    )  # fmt: skip


def _sum(read: Marked, before: Marked, whole: Marked) -> Iterator[Finding]:
    """A sum of what the sentence before tells, each part as often as it may be meant."""
    match = _SUM.search(read.text)
    if match is None:
        return
    result = read.figures[match["r"]]
    parts = [each for each in before.figures.values() if each.dimension == result.dimension]
    # "An RTX 2060 of the 12 GB kind" is a part too.
    sizes = within(quantities(read.passage.text), before.sentence.start, before.sentence.end)
    parts += [
        each
        for each in sizes
        if each.dimension == result.dimension
        and each.high == each.value
        and all(each.start != one.start for one in parts)
    ]
    numbers = [each.value for each in before.figures.values() if each.dimension == "number"]
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
    off = max(_OFF, read.step(result) / 1.9) * (2 if result.limit else 1)
    right = sum(each.value for each in parts)
    if (
        any(way and abs(result.value / way - 1) <= off for way in ways)
        or not 0.4 < result.value / right < 2.5
    ):
        return
    because = " and ".join(read.words(each) for each in parts)
    yield from _judged(read, result, right, because)


def _this_is(read: Marked, before: Marked) -> Iterator[Finding]:
    """How much more the one of two figures of the sentence before is."""
    match = _THIS_IS.search(read.text)
    figures = [each for each in before.figures.values() if each.dimension not in ("percent", "times")]
    pairs = [
        (a, b) for a, b in combinations(figures, 2) if a.dimension == b.dimension and a.value and b.value
    ]
    # Two figures alone are those that are meant, whatever stands between them.
    alone = len(pairs) == 1 == len(figures) - 1
    if match is None or not pairs or not (alone or _AGAINST.search(before.text)):
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
        told = [read.figures[match["a"]]] if match["a"] else [
            each for each in (before.figures.values() if before else ()) if each.dimension == one.dimension
        ]  # fmt: skip
        own = [each for each in read.figures.values() if each.dimension == one.dimension]
        alone = len(told) == 1 and len(own) <= (3 if match["a"] else 2)
        if not alone or {one.dimension, result.dimension, told[0].dimension} != {one.dimension}:
            continue
        right = abs(one.value - told[0].value)
        if right and 0.2 < result.value / right < 5:
            because = f"{read.words(one)} and {read.words(told[0])}, one less the other,"
            yield from _judged(read, result, right, because, 0.03)


def _saves(read: Marked, whole: Marked) -> Iterator[Finding]:
    """The share that is saved, of the only two prices of a kind that are told."""
    match = _SAVES.search(read.text)
    if match is None:
        return
    result = read.figures[match["r"] or match["s"] or match["t"]]
    prices = [each for each in whole.figures.values() if each.dimension == "money"]
    before = _INSTEAD.search(whole.text) if len(prices) == 1 else None
    alone = [each for each in whole.figures.values() if each.dimension == "number"]
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
    others = [
        each for each in read.figures.values() if each.dimension == "percent" and each.start != result.start
    ]
    # An amount that is saved, or one of several months, is no second price.
    if others or high / low > 4:
        return
    if abs(right - result.value) > (0.03 if result.limit else 0.015):
        because = f"{low:g} instead of {high:g} is {right:.0%} less"
        yield read.judged(result, _OF, because, expected=f"{right:.0%}")


def _of_tokens(read: Marked, whole: Marked) -> Iterator[Finding]:
    """The cache of so many tokens, by what one takes."""
    match = _OF_TOKENS.search(read.text)
    told = _PER_TOKEN.findall(whole.text)
    if match is None or len(told) != 1 or _SEVERAL.search(read.text):
        return
    one = whole.figures[next(mark for mark in told[0] if mark)]
    number, result = read.figures[match["n"] or match["n2"]], read.figures[match["r"] or match["r2"]]
    if one.start != result.start and one.value < result.value:
        because = f"{read.words(number)} tokens at {read.words(one)}"
        yield from _judged(read, result, one.value * number.value, because, 0.08)


def _capped(read: Marked, whole: Marked) -> Iterator[Finding]:
    """Tokens a second at most, by one bandwidth and one size of weights."""
    rates = [
        each
        for each in read.figures.values()
        if each.dimension == "rate" and _TOKENS.search(read.words(each))
    ]
    bandwidths = [each for each in whole.figures.values() if each.dimension == "bandwidth"]
    sizes = [each for each in read.figures.values() if each.dimension == "memory"]
    alone = len(rates) == len(bandwidths) == len(sizes) == 1
    # "2,039 GB/s against 1,008": the second has no unit.
    if not alone or not _CAPS.search(read.text) or _AGAINST.search(whole.text):
        return
    if rates[0].start > max(bandwidths[0].start, sizes[0].start) and sizes[0].value > 1e9:
        because = f"{read.words(bandwidths[0])} over {read.words(sizes[0])}"
        yield from _judged(read, rates[0], bandwidths[0].value / sizes[0].value, because, 0.12)


def _per_million(read: Marked, whole: Marked) -> Iterator[Finding]:
    """What a million tokens cost, by one rent and one rate."""
    match = _PER_MILLION.search(read.text)
    if match is None:
        return
    result = read.figures[match["r"] or match["r2"]]
    rents = [whole.figures[each["m"]] for each in _A_HOUR.finditer(whole.text)]
    hourly = [whole.figures[each["n"]].value for each in _IN_HOUR.finditer(whole.text)]
    rates = [
        each.value * _HOUR
        for each in whole.figures.values()
        if each.dimension == "rate" and _TOKENS.search(read.words(each))
    ]
    counts = [
        each.value for each in whole.figures.values() if each.dimension == "number" and 1 < each.value <= 64
    ]
    speeds = sorted(rates or hourly)
    if len(rents) != 1 or len(speeds) != 1 or rents[0].start == result.start or rents[0].unit != result.unit:
        return
    ways = [
        rents[0].value * many / speeds[0] * 1e6 for count in (1.0, *counts) for many in (count, 1 / count)
    ]
    off = max(0.04, read.step(result) / 1.9) * (1.5 if result.limit else 1)
    if not any(abs(result.value / way - 1) <= off for way in ways):
        because = f"{read.words(rents[0])} an hour over {speeds[0]:,.6g} tokens an hour"
        yield from _judged(read, result, ways[0], because, 0.04)


def _so_many(read: Marked, whole: Marked) -> Iterator[Finding]:
    """What so many cost, by the one rent and the one number an hour that are told."""
    match = _SO_MANY.search(read.text)
    rents = [whole.figures[each["m"]] for each in _A_HOUR.finditer(whole.text)]
    hourly = [whole.figures[each["n"]] for each in _AN_HOUR.finditer(whole.text)]
    if match is None or len(rents) != 1 or len(hourly) != 1 or not hourly[0].value:
        return
    right = _MANY[match["n"].lower()] * rents[0].value / hourly[0].value
    because = f"{read.words(rents[0])} over {read.words(hourly[0])} an hour"
    yield from _judged(read, read.figures[match["r"]], right, because, 0.03)


def _hourly(read: Marked, whole: Marked) -> Iterator[Finding]:
    """What the hours of GPUs that were told before cost."""
    match = _HOURLY.search(read.text)
    told = [whole.figures[each["a"] or each["b"]] for each in _GPU_HOURS.finditer(whole.text)]
    if match is not None and len(told) == 1:
        price, result = read.figures[match["p"]], read.figures[match["r"]]
        because = f"{read.words(told[0])} GPU-hours at {read.words(price)}"
        yield from _judged(read, result, told[0].value * price.value, because)


def _efficiency(read: Marked, whole: Marked) -> Iterator[Finding]:
    """The share of linear scaling of two rates that are told."""
    match = _EFFICIENCY.search(read.text)
    if match is None or _OF_ENERGY.search(read.text):
        return
    result = read.figures[match["r"] or match["s"]]
    every = list(whole.figures.values())
    rates = [each for each in every if each.dimension == "rate"]
    counts = {each.value for each in every if each.dimension == "number" and 1 < each.value <= 4096}
    # "820 images per second; both managed 1,540": without a unit.
    bare = [each for each in every if each.dimension == "number" and each.value > 64]
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


def _paid(read: Marked, whole: Marked) -> Iterator[Finding]:
    """After how many hours what is rented has cost its price."""
    match = _HOURS.search(read.text) if _PAID.search(read.text) else None
    rents = [whole.figures[each["m"]] for each in _A_HOUR.finditer(whole.text)]
    prices = [
        each
        for each in whole.figures.values()
        if each.dimension == "money" and all(each != one for one in rents)
    ]
    if match is None or len(rents) != 1 or len(prices) != 1 or _MORE_COST.search(read.text):
        return
    result = read.figures[match["r"] or match["c"]]
    hours = result.value / _HOUR if match["r"] else result.value
    right = prices[0].value / rents[0].value if rents[0].value else 0.0
    if right and 1 / _FAR < hours / right < _FAR and abs(hours / right - 1) > (0.1 if result.limit else 0.06):
        because = f"{read.words(prices[0])} at {read.words(rents[0])} an hour are {right:,.4g} hours"
        yield read.judged(result, _OF, because, expected=f"{right:,.4g} hours")


def _stored(read: Marked) -> Iterator[Finding]:
    """What a part of a model takes in a format, by the parameters that were told of it."""
    text, sentence = read.passage.text, read.sentence
    forms = {form.least for _, form in formats_at(sentence.text)}
    for each in read.figures.values() if len(forms) == 1 else ():
        lead = _STORED.search(text, sentence.start, each.start) if each.dimension == "memory" else None
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
            yield from _judged(read, each, many * next(iter(forms)), because, 0.08)
