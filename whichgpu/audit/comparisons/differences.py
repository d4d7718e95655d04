"""What words say of how two amounts differ: "they saved 60 percent", "225 W more than", "twice as fast".

A change has a place, a value, what it is of (money, speed, any amount), and whether of what is less, or more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.dimensions import AXES, dims
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.quantities import multiples, quantities
from whichgpu.audit.relations import rounding
from whichgpu.audit.sentences import within
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.dimensions import Term
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.sentences import Sentence

#: How far a change may be off: points of a share, shares of each kind of change; letters before one.
_POINTS, _SHARE, _TIMES, _WORD, _AMOUNT = 0.02, 0.06, 0.10, 0.2, 0.03

#: Behind a percentage or a multiple, and before one or an amount.
_BEHIND = re.compile(
    r"\s*(?:[,)]?\s*)?(?:dearer|costlier|steeper|mehr|weniger|teurer|"
    r"g\u00fcnstiger|billiger|plus cher|moins cher|"
    r"m\u00e1s car[oa]|m\u00e1s barat[oa]|(?:as|more|less) (?:expensive|costly|cheap|pricey|fast|quick|much|"
    r"many|slow)|cheaper|faster|slower|quicker|pricier|longer|shorter|less\b|more\b|saving|savings|discount|"
    r"off\b|lower|higher|premium|mark-?up|spread|speed-?up|(?:cost |price )?(?:reduction|saving|"
    r"advantage)|the (?:price|cost|throughput|speed|rate|"
    r"time|bill)|per token|what (?:they|we|you|it)|(?:pric\w+|cost|rate) (?:spread|gap|difference))",
    re.IGNORECASE,
)


_BEFORE = re.compile(
    r"\b(?:sav(?:es?|ed|ing|ings)(?: of)?|undercut\w*(?: \w+){0,4} by|"
    r"cut(?:s|ting)?(?: \w+){0,3} by|(?:discount|cut|drop|rebate|jump|growth|gain|improvement|decline|"
    r"reduction|decrease|uplift|boost) of|premium of|"
    r"(?:an? )?(?:extra|surcharge|increase|rise|"
    r"hike|mark-?up) of|difference "
    r"of|speed-?up of|factor of|reduc\w+(?: \w+){0,4} by|"
    r"(?:gap|spread|difference|ratio) between [^;]{3,90} (?:is|was|comes to)|"
    r"(?:cheaper|dearer|pricier|costlier|lower|higher|less|more|fell|rose|dropped|drops?|down|up|"
    r"faster|slower|shorter|longer) by|"
    # "Fell from 595 kWh to 141 kWh, by", "rose from 3.35 to 4.8 TB/s, or by"
    r"(?:fell|falls?|fallen|drops?|dropped|shrank|sank|went (?:up|down)|rose|rises?|risen|grew|grows?|grown|"
    r"climbed|climbs|jumped|increased|decreased|goes (?:up|down)) from [^;]{2,40} to [^;]{2,40}?,? "
    r"(?:or |i\.e\.,? |that is,? )?by)\s+"
    r"(?:you |us |them |about |around |roughly |over |nearly |almost |some |just |a |an |full |only )*~?$",
    re.IGNORECASE,
)


#: A part that is spelled out, as the percentage that it is.
_PART = re.compile(
    r"\b(?P<led>by\s+(?:about |around |roughly |nearly |almost |over )?)?(?P<part>half|a third|one third|two "
    r"thirds|a quarter|three quarters|a fifth|a tenth)\b(?P<behind>\s+(?:cheaper|dearer|pricier|"
    r"(?:less|more)(?: expensive| costly)?|off|"
    r"faster|slower|lower|higher)\b)?",
    re.IGNORECASE,
)


_PARTS = {"half": 1 / 2, "a third": 1 / 3, "one third": 1 / 3, "two thirds": 2 / 3, "a quarter": 1 / 4,
          "three quarters": 3 / 4, "a fifth": 1 / 5, "a tenth": 1 / 10}  # fmt: skip


#: "The price has almost doubled".
_DOUBLED = re.compile(
    r"\b(?:prices?|cost|rent|bill|rate|tariff)s?\s+(?:has|have|had|almost|nearly|more than|just|about|"
    r"then|\s)*"
    r"(?P<times>doubled|tripled|quadrupled|halved)\b", re.IGNORECASE,
)  # fmt: skip


#: The comparative right behind a part.
_PART_WAY = re.compile(
    r"(?:cheaper|dearer|pricier|(?:less|more)(?: expensive| costly)?|off|faster|slower|lower|higher)$",
    re.IGNORECASE,
)


_TIMES_OF = {"doubled": 2.0, "tripled": 3.0, "quadrupled": 4.0, "halved": 0.5}


#: What it is of, by the words around it: what is less is a share of the larger, what is more of the smaller.
OF_MONEY = re.compile(
    r"\b(?:cheap\w*|dear(?:er)?|cost\w*|pric\w+|expensive|sav\w+|discount\w*|premium|off|spread|bills?|pay\w*|teurer|"
    r"g\u00fcnstiger|billiger|cher|car[oa]|barat[oa]|mark-?up|surcharge|extra of|hike|per token)\b",
    re.IGNORECASE,
)


_OF_SPEED = re.compile(
    r"\b(?:fast|faster|slow|slower|quick\w*|speed\w*|throughput|longer|shorter|time)\b", re.IGNORECASE
)


_LESS = re.compile(
    r"\b(?:cheaper|less|sav\w+|discount|off|lower|reduc\w+|cut\w*|fell|dropped|drops?|down|weniger|"
    r"g\u00fcnstiger|billiger)\b",
    re.IGNORECASE,
)


_MORE = re.compile(
    r"\b(?:more|higher|dearer|costlier|premium|mark-?up|rose|up|teurer|pricier|extra|surcharge|hike)\b",
    re.IGNORECASE,
)


#: Behind and before what two amounts differ by, whatever they are of: "225 W more than", "ahead by 51 GB".
_MORE_BEHIND = re.compile(
    r"\s*(?:more|less|higher|lower|dearer|cheaper|pricier|costlier|fewer|ahead|"
    r"(?:above|below|under)(?=\s+(?:the|its|that|what|an?)\b))\b(?!\s+(?:than\s+)?(?:\$|\u20ac|EUR )?\d)"
    r"(?!\s+(?:than\s+)?(?:needed|necessary|before|usual|required|you|we|expected|rated|its?\b))",
    re.IGNORECASE,
)


_LED_BY = re.compile(
    r"\b(?:(?:ahead|in front)(?: of [\w ]{2,24})? by|(?:exceed|surpass|outdo|beat|"
    r"top)\w* [\w \u2019']{2,30} by|"
    r"(?:lead|gap|edge|advantage|difference|surplus) of|"
    r"(?:so|thus|therefore|hence)\b[^.;,\d]{2,50} adds?)\s+"
    r"(?:you |us |about |around |roughly |some |just |a |an |full |only )*~?$",
    re.IGNORECASE,
)


#: Between an amount and the share that it is.
_APPOSED = re.compile(
    r"[\s,(\u2013\u2014-]*(?:or|i\.e\.,?|that is|thus|a good|about|roughly|nearly|almost|"
    r"an? (?:extra|saving|surcharge|"
    r"discount|increase|rise) of|\s)*",
    re.IGNORECASE,
)


#: What makes it a change of something else.
ELSE = re.compile(
    r"\b(?:than (?:now|before|today|usual)|"
    r"(?:against|over|compared (?:to|with))\s+(?:\w+\s+){0,2}(?:single|separate|individual)|"
    r"if|up to|batch(?:es)?|performance|"
    r"utili[sz]\w+|typical\w*|usually|often|generally|vram|bandwidth|memory|"
    r"quality|accuracy|margin|market|(?<!on[- ])demand|tax|vat|inflation|average|median|"
    r"overall|could|can|might|may)\b",
    re.IGNORECASE,
)


#: "70 percent more expensive per hour": of two amounts per hour, and not per job.
_PER_SAID = re.compile(
    r"\s*(?:more|less|cheaper|dearer|higher|lower)(?: expensive| costly)?\s+(?:per|an?|by the)\s+"
    r"(hour|day|week|month|year|token)\b",
    re.IGNORECASE,
)

#: Letters within which words lead to a change.
_LED = 110


#: Watts and bytes, of which two differ by so much; what a device has of them.
DIFFERENT = {dims(energy=1, hour=-1): ("power", 1.0), dims(byte=1): ("memory", 1.0)}


class Change(NamedTuple):
    """A change that is said: its place, its value, and what it is (`share`, `times`, `amount`)."""

    start: int
    end: int
    value: float
    kind: str
    slack: float
    #: What it is of: `money`, `speed`, or empty; whether of what is less, or more, where that is said.
    of: str = ""
    way: int = 0
    #: Of an amount, what it is per.
    dims: tuple[int, ...] = ()


def changes(text: str, sentence: Sentence, every: Sequence[Term], fraction: str) -> Iterator[Change]:
    """The changes that a sentence says, with what they are of where words say so."""
    for each in within(every, sentence.start, sentence.end):
        led = _BEFORE.search(text, max(sentence.start, each.start - _LED), each.start)
        followed = _BEHIND.match(text, each.end)
        if each.share and (led or followed):
            yield _typed(Change(each.start, each.end, each.value, "share", _SHARE), led, followed)
        else:
            yield from _by_amount(text, sentence, each, every, bool(led))
    told = [
        each for each in quantities(text, fraction) if each.dimension == "times" and each.high == each.value
    ]
    for one in within(sorted([*multiples(text), *told]), sentence.start, sentence.end):
        led = _BEFORE.search(text, max(sentence.start, one.start - _LED), one.start)
        if led or (followed := _BEHIND.match(text, one.end)):
            slack = _WORD if one.limit else _TIMES
            said = Change(one.start, one.end, one.value, "times", slack)
            yield _typed(said, led, None if led else followed)
    for match in _DOUBLED.finditer(text, sentence.start, sentence.end):
        times = _TIMES_OF[match["times"].lower()]
        yield Change(*match.span("times"), times, "times", _WORD, "money")
    for match in _PART.finditer(text, sentence.start, sentence.end):
        if match["behind"] or (match["led"] and _LESS.search(text, sentence.start, match.start())):
            said = Change(*match.span("part"), _PARTS[match["part"].lower()], "share", _TIMES)
            led = re.search(r".{0,30}$", text[sentence.start : match.start()])
            # What stands right behind it says which way it is: "save, a quarter more".
            yield _typed(said, None if match["behind"] else led, _PART_WAY.search(match[0]))


def _by_amount(
    text: str, sentence: Sentence, each: Term, every: Sequence[Term], led: bool
) -> Iterator[Change]:  # fmt: skip
    """An amount that two others differ by, and the share right behind it: "$95 a month, or 87 %"."""
    bill = bool(each.sign) and not any(each.dims[1 : AXES.index("hour")])
    if each.each or not (bill or each.dims in DIFFERENT):
        return
    by = _LED_BY.search(text, max(sentence.start, each.start - _LED), each.start)
    behind = _MORE_BEHIND.match(text, each.end)
    if not (by or behind or (bill and led)):
        return
    of = "money" if bill else "amount"
    yield Change(each.start, each.end, each.value, "amount", _AMOUNT, of, dims=each.dims)
    after = next((one for one in every if one.start >= each.end), None)
    if after and after.share and _APPOSED.fullmatch(text, behind.end() if behind else each.end, after.start):
        less = _LESS.search(
            text, max(sentence.start, each.start - _LED), behind.end() if behind else each.start
        )
        yield Change(
            after.start, after.end, after.value, "share", _SHARE, of if bill else "", -1 if less else 1
        )


_THING = (
    r"(?:(?P<token>(?:million )?tokens?)|(?P<piece>images?|requests?|pictures?|quer(?:y|ies))|frames?|"
    r"runs?|jobs?|epochs?|"
    r"tasks?|steps?|samples?|experiments?|trainings?|watts?|dollars?|euros?|gigabytes?|GB)\b"
)
_BASIS = re.compile(
    rf"(?:\b(?:measured|counted|calculated|reckoned|judged|seen|compared|and|but|yet|though|while)\s+|[,(]\s*|(?:^|[.;:])\s*)"
    rf"(?:per|by the|for each|for every)\s+{_THING}[^.;:]*$",
    re.IGNORECASE,
)
_BASIS_BEHIND = re.compile(
    rf"\s*(?:more|less|cheaper|dearer|higher|lower)(?: expensive| costly)?\s+(?:per|by the|for each|"
    rf"for every)\s+{_THING}",
    re.IGNORECASE,
)
#: Letters in which what a change is per stands before it.
_FAR_BASIS = 80


def per_said(amounts: list[Term], said: Change, text: str) -> list[Term]:
    """The amounts that are per what a change is said to be per, where it is said."""
    basis = _BASIS.search(text, max(0, said.start - _FAR_BASIS), said.start)
    basis = basis or _BASIS_BEHIND.match(text, said.end)
    if basis:
        # "Per token it is cheaper": by no prices of an hour; per run by none at all.
        axis = next((name for name, one in basis.groupdict().items() if one), "")
        return [each for each in amounts if axis and each.dims[AXES.index(axis)] < 0]
    per = _PER_SAID.match(text, said.end)
    at = AXES.index(per[1].lower()) if per else 0
    return [each for each in amounts if each.dims[at] < 0] if per else amounts


def _typed(said: Change, led: re.Match[str] | None, followed: re.Match[str] | None) -> Change:
    """A change with what the words that led to it, or follow it, say it is of."""
    words = " ".join(each[0] for each in (led, followed) if each)
    of = "money" if OF_MONEY.search(words) else "speed" if _OF_SPEED.search(words) else ""
    way = -1 if _LESS.search(words) else 1 if _MORE.search(words) else 0
    return said._replace(of=of, way=way)


#: Between a change and the device that it is against.
THAN_ONE = re.compile(
    r"\s*(?:(?:more|less|higher|lower|cheaper|pricier|dearer)(?: expensive| costly)?\s+)?(?:than|of)\s+"
    r"(?:the\s+|an?\s+|one\s+|single\s+|our\s+|nvidia\s+|amd\s+|its\s+)*",
    re.IGNORECASE,
)


def gives(said: Change, pair: tuple[float, float, Term, Term]) -> bool:
    """Whether two amounts differ as is said, as they are rounded."""
    low, high = sorted(pair[:2])
    if not low or not said.value:
        return False
    slack = sum(rounding(each) for each in pair[2:])
    real: tuple[float, ...]
    if said.kind == "share":
        real = (high / low - 1, 1 - low / high)
        real = real[:1] if said.way > 0 else real[1:] if said.way < 0 else real
        # "$19,900; 5 % off is $995": what is taken off stands beside the whole.
        real += (low / high,) if said.of == "money" and said.way < 0 else ()
        return any(abs(each - said.value) <= max(_POINTS, said.slack * each) + slack for each in real)
    if said.kind == "times":
        real = (high / low, low / high, *((high / low - 1,) if said.way > 0 else ()))
        return any(abs(each / said.value - 1) <= said.slack + slack for each in real)
    return abs((high - low) / said.value - 1) <= _AMOUNT + slack * high / said.value


def _in_unit(apart: float, pair: tuple[float, float, Term, Term]) -> str:
    """What two amounts differ by, in the unit that the first is told in: 454 kWh; money as it is."""
    first = pair[2]
    number = re.search(r"\d[\d,]*(?:\.\d+)?", first.words)
    own = pair[0] == first.value and number is not None and not first.sign
    if not own or number is None:
        return f"{apart:,.4g}"
    scale = first.value / (float(number[0].replace(",", "")) or 1.0)
    return first.words.replace(number[0], f"{apart / scale:,.4g}", 1)


def changed(
    passage: Passage, said: Change, pair: tuple[float, float, Term, Term], verdict: str, context: Context
) -> Finding:
    """The finding on a change between two amounts, which are given first by their values."""
    low, high = sorted(pair[:2])
    words = " and ".join(each.words for each in pair[2:])
    apart = _in_unit(high - low, pair)
    because = (
        f"{words} differ by {apart}: {1 - low / high:.0%} of the larger, {high / low - 1:.0%} of "
        f"the smaller, {high / low:.3g} times"
    )
    expected = {"share": f"{1 - low / high:.0%}", "times": f"{high / low:.3g} times"}.get(said.kind, apart)
    return made(
        context, passage, (said.start, said.end), "arithmetic", verdict, attribute="difference",
        because=because, expected=expected if verdict != "confirmed" else "", evidence=(Evidence(because),),
    )  # fmt: skip
