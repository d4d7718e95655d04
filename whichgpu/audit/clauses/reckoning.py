"""Sums that one sentence states whole: "eight modules at 700 W are 6.4 kW", "a difference of 6,064 USD".

What is worked out is told by the words between the figures. A result is wrong where the operation that the
words name does not give it, and no other on the figures of the sentence and the one before does.
"""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.marked import ABOUT, before, besides, marked
from whichgpu.audit.comparisons.multiple import DOWN, UP
from whichgpu.audit.text.counting import MACHINE
from whichgpu.audit.text.sentences import has_digit
from whichgpu.units import KWH, MONTH

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from whichgpu.audit.clauses.marked import Marked
    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.quantities import Quantity
    from whichgpu.audit.text.sentences import Sentence

#: A word that is no figure, words between figures, and those that say how exact a figure is.
_WORD, _GAP = r"[^\s<>;:?,]+", r"[^<>;:?]{0,70}?"
_COMES_TO = (
    r"(?:(?:come|comes|came|adds? up|amounts?|works? out) (?:to|at)|is|are|was|were|makes?|made|making|"
    r"gives?|equals?|totals?|totall?ing|total|costs?|draws?|takes?|took|need|hold|have|so|that[\u2019']s|=)"
)
_APIECE = r"(?:each|apiece|a piece|per (?:card|gpu|module|unit))"
#: "Eight modules at up to 700 W are 5.6 kW", "eight times 192 comes to 1,536 GB".
_PRODUCT = re.compile(
    rf"<(?P<n>[cx]\d+)>(?:(?<=x\d>)|(?<=x\d\d>)|(?:\s(?!and\b){_WORD}){{0,5}}?\s*"
    rf"(?:\b(?:at|of|with|times)\b|\bx\b|[@\u00d7*]))\s(?:{_WORD}\s){{0,4}}?<(?P<p>\w\d+)>(?:\s{_APIECE})?"
    rf"(?:,?\s(?:that|which|they|these|it|so|and))?,?\s+(?:\w+\s+)?{_COMES_TO}\s+{ABOUT}<(?P<r>\w\d+)>",
    re.IGNORECASE,
)
_AGAINST = (
    r"\b(?:against|versus|vs\.?|compared (?:with|to)|instead of|rather than|where|while|whereas|down from|"
    r"up from|over)\b"
)
#: "11,462 USD against 19,526 USD, a difference of 8,064 USD".
_DIFFERENCE = re.compile(
    rf"<(?P<a>\w\d+)>{_GAP}{_AGAINST}{_GAP}<(?P<b>\w\d+)>[^<>;:?]{{0,30}}?"
    r"\b(?:(?:difference|gap|savings?|surplus) of|sav(?:es|ing)(?: you)?|differ by|difference is)\s+"
    rf"{ABOUT}<(?P<r>\w\d+)>",
    re.IGNORECASE,
)
#: From two figures to how far they are apart.
_SO = (
    r"[\s,;()=\u2248\u2013\u2014-]*(?:(?:in other words|close to|show|shows|so|or|which|that|this|is|was|it|"
    r"an?|the|advantage|lead|edge|gain|increase|"
    r"drop|discount|reduction|saving|cut|difference|jump|uplift|gap|by|of|factor|makes?|some|roughly|about|"
    r"almost|nearly|just|around|only|"
    r"over|under|more|less|than|well|exactly|little|i\.e\.|thus|hence|means|holds?|has|have|offers?|you|get|"
    r"gets|carries|there)[\s,]+|[\u2019']s\s+)*"
)
#: "Rated at 1,307 TFLOPS where the other reaches 989, an advantage of 32 percent".
_RATIO = re.compile(
    rf"<(?P<a>\w\d+)>{_GAP}{_AGAINST}{_GAP}<(?P<b>\w\d+)>{_SO}<(?P<r>[xp]\d+|(?<=factor of <)c\d+)>",
    re.IGNORECASE,
)
#: "At 62 tokens/s against 41 for the 4090, the newcomer is 66 percent faster", and what each word is of.
_APART = re.compile(
    rf"\b(?:at|with|of|did|does|gives?|gave|reach(?:es|ed)|has|had|draws?|drew|costs?|used?|"
    rf"uses)\s{ABOUT}<(?P<a>\w\d+)>"
    rf"(?:\s{_WORD}){{0,6}}?,?\s{_AGAINST}(?:\s{_WORD}){{0,5}}?\s<(?P<b>\w\d+)>(?:\s{_WORD}){{0,7}}?[,:;]?\s(?:so\s|and\s)?"
    rf"(?:the|it|its|this|that|our|nvidia|amd|an?)\b[^<>;:?]{{0,50}}?\b(?:is|was|came out|comes out|"
    rf"runs|ran|works out)\s{ABOUT}"
    rf"<(?P<r>[xp]\d+)>\s(?:as )?(?P<what>faster|quicker|slower|cheaper|dearer|more expensive|"
    rf"hungrier|larger|smaller|"
    rf"bigger|ahead|behind|fast|quick|up|down)\b",
    re.IGNORECASE,
)
#: "12 hours on the one and 5 hours on the other, which is more than twice as fast".
_TWO_AND = re.compile(
    rf"<(?P<a>[rtmwb]\d+)>{_GAP}\band\b{_GAP}<(?P<b>[rtmwb]\d+)>[^<>;:?]{{0,30}}?,?\s"
    r"(?:which|that|so (?:it|this|the \w+|the \w+ \w+))\s(?:is|was|makes (?:it|the \w+)|ran|runs)\s"
    rf"{ABOUT}<(?P<r>[xp]\d+)>\s(?:as\s)?(?P<what>faster|quicker|slower|cheaper|dearer|fast|quick|much|"
    rf"cheap|expensive|large|long)\b",
    re.IGNORECASE,
)
#: "With 8,192 cores against 6,144, the bigger card has 33 percent more cores", and what each word is of.
_HAS_MORE = re.compile(
    rf"\b(?:at|with|has|had|draws?|"
    rf"offers?)\s{ABOUT}<(?P<a>\w\d+)>(?P<noun>(?:\s{_WORD}){{0,6}}?),?\s{_AGAINST}"
    rf"(?:\s{_WORD}){{0,5}}?\s<(?P<b>\w\d+)>(?:\s{_WORD}){{0,7}}?[,:;]\s(?:so\s|and\s)?"
    rf"(?:the|it|its|this|that|our|nvidia|amd|an?)\b[^<>;:?]{{0,50}}?\b(?:has|have|had|offers|brings|"
    rf"carries|gets|"
    rf"packs|holds|provides|draws)\s{ABOUT}<(?P<r>[xp]\d+)>\s(?:more|fewer|less|as (?:many|much))\s"
    rf"(?P<of>(?:\w+\s){{0,2}}?(?:cores|memory|vram|bandwidth|throughput|power|compute))\b",
    re.IGNORECASE,
)
_NOUNS = {
    "memory": "memory vram", "bandwidth": "bandwidth", "power": "power", "rate": "throughput",
    "flop rate": "compute throughput",
}  # fmt: skip
_WORDS_OF = {
    "rate": "faster quicker slower ahead behind fast quick up down",
    "money": "cheaper dearer expensive cheap much up down",
    "time": "faster quicker slower ahead behind fast quick long",
    "power": "hungrier much up down",
    "memory": "larger smaller bigger large much",
    "bandwidth": "faster quicker slower fast quick up down",
    "flop rate": "faster quicker slower ahead behind fast quick up down",
}
#: "Its 576 GB/s are some 33 percent more than the 432 GB/s of the other".
_MORE = re.compile(
    rf"<(?P<a>\w\d+)>(?:\s{_WORD}){{0,3}}?\s(?:is|are|was|were|means?)\s{ABOUT}<(?P<r>[xp]\d+)>\s"
    rf"(?:(?:more|less|higher|lower|faster|slower|above|below|as much|as many)\b(?:\s{_WORD}){{0,2}}?\s)?"
    rf"(?:than|as|of|above|below)\s(?:the\s)?<(?P<b>\w\d+)>",
    re.IGNORECASE,
)
#: "Add $80 for the bridge and $150 for a supply, and you end up at $1,730".
_ADDED = re.compile(
    rf"^\W*(?:Add(?:ing)?|Plus)\b{_GAP}<(?P<one>m\d+)>(?:{_GAP}\band\b{_GAP}<(?P<other>m\d+)>)?{_GAP}"
    rf"(?:\b(?:end up (?:at|with)|come to|get|pay|arrive at|total is|whole \w+ costs?|makes?|is|are at)\b)\s"
    rf"{ABOUT}<(?P<r>m\d+)>",
    re.IGNORECASE,
)
#: "So a hundred such conversations need 27 GB", of what one takes, told right before.
_SUCH = re.compile(
    r"(?P<n>\ba hundred|\ba thousand|\ba dozen|(?<!-)<[cx]\d+>) (?:such|of these|of those|of them)\b"
    r"[^<>;:?]{0,60}?"
    r"\b(?:needs?|takes?|costs?|calls? for|are|is|make|draws?|use|uses|occupy|fill|comes? to|asks? for)\s"
    rf"{ABOUT}<(?P<r>[bmwe]\d+)>",
    re.IGNORECASE,
)
_OF_EACH = re.compile(r"\s(?:per|each|apiece|for each|for every)\b", re.IGNORECASE)
_ROUND_COUNTS = {"a hundred": 100.0, "a thousand": 1000.0, "a dozen": 12.0}
#: "So we save 480 USD on every run", of two amounts that are told right before.
_SAVED = re.compile(
    rf"\b(?:so|and|thus|therefore)\s(?:\w+\s)?(?:we|you|i|they|that|it|this)\s(?:saves?|"
    rf"saved)\s{ABOUT}<(?P<r>m\d+)>",
    re.IGNORECASE,
)
#: "At 0.25 USD per kWh that's 344 USD a year", of an energy that is told right before.
_BILLED = re.compile(
    rf"(?:^\W*(?:(?:And|So|Thus),? )?(?:With (?:\w+ ){{0,2}}(?:power|electricity|energy) )?|[,;:]\s(?:and |"
    rf"so )?|\b(?:and|so)\s)(?:at|"
    rf"with)\s{ABOUT}<(?P<p>m\d+)>\s?"
    r"(?:per|a|an|/)\s?(?:kWh|kilowatt[- ]hour),?\s(?:(?:that|this|it|which)(?:\sall)?|"
    r"the electricity(?: for [\w ]{3,24}?)?|the (?:\w+ )?(?:month|year|"
    r"week|day|run|bill|job|power|energy|electricity))"
    rf"(?:[\u2019']s| is| costs?| comes to| makes| amounts to| means| adds up to)\s(?:you |"
    rf"us )?{ABOUT}<(?P<r>m\d+)>",
    re.IGNORECASE,
)
#: "They have paid for themselves after nine months", of a price and what is saved a month, told before.
_PAID_BACK = re.compile(
    rf"\b(?:paid (?:for (?:itself|themselves|it)|off|back)|pays? (?:for (?:itself|themselves|it)|"
    rf"off|back)|break[s]? even|"
    rf"broken even|break-even|payback|recoup\w*|amorti[sz]e\w*)\b[^<>;:?]{{0,30}}?\b(?:after|in|"
    rf"within|of|is|at|comes after|takes)\s"
    rf"{ABOUT}<(?P<r>[ct]\d+)>\s?(?P<months>months)?",
    re.IGNORECASE,
)
_A_MONTH = re.compile(
    r"\s?(?:/|per|a|each|every)\s?(?:mo\b|month\b)|\s(?:monthly|every month)\b", re.IGNORECASE
)
_FROM = r"(?:the |about |some |around )?"
#: "From the 21.2 TFLOPS of the one to the 125 of the other was a sixfold jump".
_RISE = re.compile(
    rf"\bfrom {_FROM}(?:[a-z-]+\s){{0,3}}?(?:at\s)?<(?P<b>\w\d+)>{_GAP}"
    rf"\bto {_FROM}(?:[a-z<>\d-]+\s){{0,4}}?(?:(?:of|at)\s)?<(?P<a>\w\d+)>"
    rf"(?:\s(?:of|in|on|for|with)\s(?:{_WORD}\s?){{1,4}}?)?{_SO}<(?P<r>[xp]\d+|(?<=factor of <)c\d+)>",
    re.IGNORECASE,
)
_IN_ALL = r"(?:together|in total|in all|all told|all in|altogether|combined)"
#: "Two at 1,599 USD each and another 1,200 USD, so 4,398 USD all told".
_TOTAL = re.compile(
    rf"\b(?:{_IN_ALL},?\s(?:\w+\s){{0,3}}?|total of |totals |adds? up to |sum to |sum of ){ABOUT}"
    rf"<(?P<after>\w\d+)>|<(?P<before>\w\d+)> {_IN_ALL}\b",
    re.IGNORECASE,
)
#: So many of the amount behind it.
_COUNTED = re.compile(rf"<(c\d+)>(?:\s{_WORD}){{0,5}}?\s(?:at|for|of)\s(?:{_WORD}\s){{0,3}}?$", re.IGNORECASE)
#: Behind a ratio: what it is in, which may be none of what the two figures are.
_IN_ELSE = re.compile(
    r"[^<>;:?.,]{0,30}?\b(?:price|cost|money|power|watts?|memory|capacity|bandwidth|speed|cores|throughput|"
    r"performance|cheaper|dearer|faster|slower|of (?:the|its|what)|per)\b",
    re.IGNORECASE,
)
#: Before a share that what is less is off: "a discount of about".
_LESS = re.compile(
    r"\b(?:discount|saving|reduction|decrease|cut|fall|drop)(?: in [a-z]+)? (?:of|by) "
    r"(?:about |around |roughly |some |nearly |almost |over |more than )?$",
    re.IGNORECASE,
)
_ASKED = re.compile(
    r"[?\u201c\u201d\"]|\b(?:not|wrong\w*|mistak\w+|myth|claims?|suppose\w*)\b", re.IGNORECASE
)
#: What a sum is of.
_SUMMED = frozenset({"money", "power", "memory", "energy"})
_NO_AMOUNTS = frozenset({"number", "percent", "times"})
#: How far a result, a multiple, a share (in points, and of it) may be off; beyond it is of something else.
_OFF, _TIMES, _POINTS, _SHARE, _FAR = 0.015, 0.05, 0.02, 0.06, 2.0
#: How far a time to pay back may be off, and sentences back to what it is worked out of.
_PAID_OFF, _BACK = 0.12, 4
#: How far a round multiple may be off, and how much more "over" leaves open.
_ROUND, _OVER = 0.16, 0.2
#: From which share of a multiple on what is "more than" it may be rounded up to it.
_NOT_OVER = 0.97


def reckoning(
    passage: Passage, sentence: Sentence, here: Sequence[Mention], context: Context
) -> Iterator[Finding]:
    """The results of a sentence that its own figures do not give, and those that they do."""
    if has_digit(sentence.text) and not _ASKED.search(sentence.text):
        read = marked(passage, sentence, here, context)
        for pattern, rule in _RULES:
            for match in pattern.finditer(read.text):
                yield from rule(match, read)


def _product(match: re.Match[str], read: Marked) -> Iterator[Finding]:
    """So many at so much each."""
    count, one, result = (read.figures[match[key]] for key in ("n", "p", "r"))
    if result.dimension in _NO_AMOUNTS or one.dimension not in ("number", result.dimension):
        return
    because = f"{read.words(count)} at {read.words(one)}"
    if one.dimension == result.dimension:
        values = result.value, count.value * one.value
        yield from _judged(read, result, values, besides(read, result), because)
    elif [each.dimension for each in read.figures.values()].count("number") <= len("np"):
        # Of a bare number nothing else is known; a third one may be part of the product.
        yield from _judged(read, result, (read.digits(result), count.value * one.value), (), because)


def _difference(match: re.Match[str], read: Marked) -> Iterator[Finding]:
    """How much one is more than the other."""
    one, other, result = (read.figures[match[key]] for key in ("a", "b", "r"))
    if one.dimension == other.dimension == result.dimension and result.dimension not in _NO_AMOUNTS:
        values = result.value, abs(one.value - other.value)
        because = f"{read.words(one)} and {read.words(other)}, one less the other,"
        yield from _judged(read, result, values, besides(read, result), because)


def _total(match: re.Match[str], read: Marked) -> Iterator[Finding]:
    """All amounts of a kind that a sentence tells before their sum, those of each as often as it says."""
    mark = match["before"] or match["after"]
    result = read.figures[mark]
    before = read.text[: read.text.index(f"<{mark}>")]
    parts = {
        key: each
        for key, each in read.figures.items()
        if each.dimension == result.dimension and f"<{key}>" in before
    }
    if len(parts) >= len("ab") and result.dimension in _SUMMED:
        values = result.value, sum(each.value * _times(key, read) for key, each in parts.items())
        because = " and ".join(read.words(each) for each in parts.values())
        yield from _judged(read, result, values, besides(read, result), because)


def _added(match: re.Match[str], read: Marked) -> Iterator[Finding]:
    """What is added to an amount of the sentence before."""
    result = read.figures[match["r"]]
    extra = sum(read.figures[match[key]].value for key in ("one", "other") if match[key])
    first = [each for each in before(read) if each.dimension == "money"]
    if first and not any(
        abs(result.value / (each.value + extra) - 1) <= _may_be_off(read, result) for each in first
    ):
        because = f"{read.words(first[-1])} and {extra:,.5g}"
        values = result.value, first[-1].value + extra
        yield from _judged(read, result, values, besides(read, result), because)


def _may_be_off(read: Marked, result: Quantity) -> float:
    """How far a result may be off, as a share: its last digit, and more where it is told as about that."""
    return max(_OFF * (2 if result.limit else 1), read.step(result) / 1.9)


def _such(match: re.Match[str], read: Marked) -> Iterator[Finding]:
    """So many of what the sentence before tells the one amount of."""
    result, many = read.figures[match["r"]], match["n"].lower()
    count = _ROUND_COUNTS.get(many) or read.figures[many.strip("<>")].value
    # "320 MB per window: sixteen of them" is of what the sentence tells itself.
    own = [
        each
        for each in read.figures.values()
        if each.dimension == result.dimension
        and each.start < result.start
        and _OF_EACH.match(read.passage.text, each.end)
    ]
    told = own[-1:] or [each for each in before(read) if each.dimension == result.dimension]
    if result.dimension == "power" and MACHINE.match(read.passage.text, read.sentence.start):
        # A machine draws more than all that it has.
        return
    if not own and any(
        each.dimension == result.dimension and each.start < result.start for each in read.figures.values()
    ):
        # "A context takes 1 GiB, and 32 of them 64 GiB": not of what the sentence before tells.
        return
    # The slip of a power of ten is no other thing.
    if len(told) == 1 and told[0].value < result.value * _FAR:
        right = count * told[0].value
        off = abs(result.value / right - 1) > _may_be_off(read, result) + _POINTS
        because = f"{match['n'].strip('<>')} times {read.words(told[0])}"
        because = because.replace(many.strip("<>"), f"{count:g}")
        expected = f"{right / result.value * read.digits(result):,.4g}"
        yield read.judged(
            result, _OF, f"{because} make {expected}", expected=expected if off else "",
            verdict="inconsistent" if off else "confirmed",
        )  # fmt: skip


def _saved(match: re.Match[str], read: Marked) -> Iterator[Finding]:
    """How much less the one of two amounts is, that the sentence and the one before tell."""
    result = read.figures[match["r"]]
    told = [
        each
        for each in (*before(read), *read.figures.values())
        if each.dimension == "money" and each != result
    ]
    if len(told) == len("ab") and not read.of_period(result):
        values = result.value, abs(told[0].value - told[1].value)
        because = f"{read.words(told[0])} and {read.words(told[1])}, one less the other,"
        yield from _judged(read, result, values, besides(read, result), because)


def _billed(match: re.Match[str], read: Marked) -> Iterator[Finding]:
    """What the one energy of the sentence before costs at a rate."""
    rate, result = read.figures[match["p"]], read.figures[match["r"]]
    # What the sentence tells itself, as "90 kWh; at 0.30 USD the month costs", comes before what was told.
    own = [each for each in read.of("energy") if each.start < rate.start]
    told = own or before(read)
    used = [each.value / KWH for each in told if each.dimension == "energy"]
    if not used or result.unit != rate.unit:
        return
    bare = [1.0, *(each.value for each in (*told, *read.figures.values()) if each.dimension == "number")]
    right = [one * rate.value for one in used]
    ways = [one * by for one in right for n in bare if n for by in (n, 1 / n)]
    off = _may_be_off(read, result)
    because = f"{used[-1]:,.5g} kWh at {read.words(rate)} make {right[-1]:,.5g}"
    if any(abs(result.value / each - 1) <= off for each in right):
        yield read.judged(result, _OF, because, expected="", verdict="confirmed")
    elif len(used) == 1 and not any(abs(result.value / each - 1) <= off for each in ways):
        yield read.judged(result, _OF, because, expected=f"{right[-1]:,.5g}")


def _paid_back(match: re.Match[str], read: Marked) -> Iterator[Finding]:
    """After how many months what is saved in one makes up for a price."""
    result = read.figures[match["r"]]
    months = result.value / MONTH if result.dimension == "time" else result.value if match["months"] else 0.0
    every = (*before(read, back=_BACK), *read.figures.values())
    told = [one for one in every if one.dimension == "money"]
    bare = [one.value for one in every if one.dimension == "number" and one.value > _SUM_OF_MONEY]
    monthly = [one for one in told if _A_MONTH.match(read.passage.text, one.end)]
    prices = [one for one in told if one not in monthly]
    right = [a.value / b.value for a in prices for b in monthly if b.value and a.value > b.value]
    # A price less what is paid anyway, savings of two: whatever else two of the figures make.
    less = [abs(a.value - b.value) for a in told for b in told if b.value != a.value]
    saved = [each.value for each in monthly]
    ways = [
        *right, *(gap / one for gap in less for one in saved if one),
        *(one.value / gap for one in prices for gap in less),
        # "The difference is 21,207": without its sign.
        *(one.value / each for one in prices for each in bare),
    ]  # fmt: skip
    if len(monthly) == 1 and right and months:
        off = max(_PAID_OFF, 0.6 / months)
        if not any(abs(months / each - 1) <= off for each in ways if each):
            because = (
                f"{read.words(prices[-1])} at {read.words(monthly[0])} a month are {right[-1]:,.3g} months"
            )
            yield read.judged(result, _OF, because, expected=f"{right[-1]:,.3g} months")


#: A number without a sign that is more than a count.
_SUM_OF_MONEY = 50.0


def _times(mark: str, read: Marked) -> float:
    """How many of an amount a sentence tells: "two 4090s at 1,599 USD each"."""
    before = _COUNTED.search(read.text, 0, read.text.index(f"<{mark}>"))
    return read.figures[before[1]].value if before else 1.0


def _ratio(match: re.Match[str], read: Marked) -> Iterator[Finding]:
    """How many times, or how much more, one is than the other."""
    one, other, result = (read.figures[match[key]] for key in ("a", "b", "r"))
    pair = _alike(read, one, other)
    # What a ratio is in may stand behind it, where the second figure does not.
    behind = read.text.index(f"<{match['r']}>") > read.text.index(f"<{match['b']}>")
    if pair is None or (behind and _IN_ELSE.match(read.text, match.end())):
        return
    ratio = max(pair) / min(pair)
    of_shares = result.dimension == "percent"
    if of_shares and result.value < 0 and (one.start < other.start) == (pair[0] > pair[1]):
        # "96 MB down to 49.5 MB (-48.4 %)": a fall by so much.
        result = result._replace(value=-result.value, high=-result.value)
    because = f"{read.words(one)} against {read.words(other)} is {ratio:.3g} times"
    ways = _shares(ratio) if of_shares else (ratio, 1 / ratio)
    changed = _IS_CHANGE.search(read.text, 0, read.text.index(f"<{match['r']}>") + _BESIDE)
    if of_shares and changed:
        # "60 percent less" of 60 against 100 is no share of it, and "108 percent less" of nothing.
        up, down = UP.search(changed[0]), DOWN.search(changed[0])
        ways = ways[: 1 if up and not down else 2][1 if down and not up else 0 :]
    less = of_shares and _LESS.search(read.text, 0, read.text.index(f"<{match['r']}>"))
    if less:
        ways = (1 - 1 / ratio,)
    if any(_is_near(result, each) for each in ways):
        yield read.judged(result, _OF, because, expected="", verdict="confirmed")
    elif less or not any(_is_near(result, each) for each in _ratios_besides(read, (result, one, other))):
        yield read.judged(result, _OF, because, expected=f"{ways[0]:.0%}" if of_shares else f"{ratio:.3g}x")


#: Around a share, that it is how much more or less one is; characters behind its mark that are read for that.
_IS_CHANGE = re.compile(
    r"<p\d+>\s(?:more|less|higher|lower|faster|quicker|slower|cheaper|dearer|larger|smaller|bigger|"
    r"fewer)\b[^<]{0,20}$|"
    r"\b(?:advantage|lead|edge|gain|increase|drop|jump|uplift|saving|cut|fall|rise|reduction|decrease)"
    r"(?: in [a-z]+)? (?:of|by) "
    r"(?:about |around |roughly |some |nearly |almost |over |more than |only |just )?<p\d+>[^<]{0,20}$",
    re.IGNORECASE,
)
_BESIDE = 20


def _apart(match: re.Match[str], read: Marked) -> Iterator[Finding]:
    """How far two figures are apart, by a word that is of what they are."""
    words = _WORDS_OF.get(read.figures[match["a"]].dimension, "")
    if match["what"].lower().split()[-1] in words.split():
        yield from _ratio(match, read)


def _has_more(match: re.Match[str], read: Marked) -> Iterator[Finding]:
    """How much more one has of what the two figures are."""
    figure, noun = read.figures[match["a"]], match["of"].lower().split()[-1]
    if (
        noun in _NOUNS.get(figure.dimension, "").split()
        or noun in f"{figure.unit} {match['noun']}".lower().split()
    ):
        yield from _ratio(match, read)


def _ratios_besides(read: Marked, known: tuple[Quantity, Quantity, Quantity]) -> Iterator[float]:
    """How far any two other figures of a sentence are apart than the two that a result is of."""
    result, *both = known
    others = [each for each in read.figures.values() if each != result]
    for one, other in permutations(others, len("ab")):
        if one.dimension == other.dimension and other.value and not (one in both and other in both):
            yield from _shares(one.value / other.value)


def _shares(ratio: float) -> tuple[float, ...]:
    """The shares that a ratio may be told as: one is 25 % more, the other 20 % less, or 80 % of it."""
    return (abs(ratio - 1), abs(1 - 1 / ratio), ratio, 1 / ratio) if ratio else ()


def _is_near(result: Quantity, right: float) -> bool:
    """Whether a multiple or a share is as told, to its digits and by its limit."""
    if right <= 0:
        return False
    if result.dimension == "percent":
        off = max(_POINTS * (1.5 if result.limit else 1), _SHARE * right)
        over = result.limit == "over" and 0 <= right - result.value < _OVER * right
        return over or abs(result.value - right) <= off
    if result.limit == "over" and right < result.value * _NOT_OVER:
        # "More than twice" of 1.76 times.
        return False
    is_round = result.limit or result.value == int(result.value) or result.unit.isalpha()
    return abs(result.value / right - 1) <= (_ROUND if is_round else _TIMES)


def _alike(read: Marked, one: Quantity, other: Quantity) -> tuple[float, float] | None:
    """Two figures of a dimension; that without a unit has the other's."""
    if one.dimension == other.dimension:
        pair = (one.value, other.value) if one.dimension not in ("percent", "times") else (0.0, 0.0)
    elif "number" in (one.dimension, other.dimension) and not {one.dimension, other.dimension} & {
        "percent",
        "times",
    }:
        pair = read.digits(one), read.digits(other)
    else:
        return None
    return pair if all(pair) else None


#: What the findings are of.
_OF = "stated sum"


def _judged(
    read: Marked, result: Quantity, values: tuple[float, float], others: Iterable[float], because: str
) -> Iterator[Finding]:
    """A result as told against what it should be; nothing where it may be made of something else."""
    told, right = values
    if not told or not right or not 1 / _FAR < told / right < _FAR:
        return
    off = _may_be_off(read, result)
    expected = f"{right / told * read.digits(result):,.5g}"
    if abs(told / right - 1) <= off:
        yield read.judged(result, _OF, f"{because} make {expected}", expected="", verdict="confirmed")
    elif not any(abs(told / each - 1) <= off for each in others if each):
        yield read.judged(result, _OF, f"{because} make {expected}", expected=expected)


_RULES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], Marked], Iterator[Finding]]], ...] = (
    (_PRODUCT, _product), (_DIFFERENCE, _difference), (_RATIO, _ratio), (_RISE, _ratio), (_TOTAL, _total),
    (_MORE, _ratio), (_APART, _apart), (_HAS_MORE, _has_more), (_TWO_AND, _apart), (_ADDED, _added),
    (_SAVED, _saved), (_SUCH, _such), (_BILLED, _billed), (_PAID_BACK, _paid_back),
)  # fmt: skip
