"""Arithmetic: products, totals and ceilings of sentences and tables, savings, costs that are sums already."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.tables.heading import devices
from whichgpu.audit.text.expressions import equations
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.roundings import stated
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.audit.values.attributes import named
from whichgpu.audit.values.binding import VARIANT
from whichgpu.audit.values.offers import HOURS, on_offer
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage, Table
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.expressions import Equation
    from whichgpu.audit.text.quantities import Quantity

_NUMBER = r"(?<![A-Za-z\d,.])(?:\d{1,3}(?:,\d{3}){1,4}|\d{1,12})(?:\.\d{1,6})?(?![\d,]{0,6}\d)(?!e\+?\d)"
#: 64 SMs, each with 128 CUDA cores, for a total of 8,192.
_EACH = re.compile(
    rf"(?P<a>{_NUMBER})[^.;\d]{{2,60}}?\beach\b[^.;\d]{{1,30}}?(?P<b>{_NUMBER})[^.;\d]{{2,60}}?"
    rf"(?<!\bin )\btotal(?:l?ing)?\b[^.;\d]{{0,20}}(?P<c>{_NUMBER})"
)
#: 132 SMs with 128 FP32 cores each, for a total of 16,896.
_WITH_EACH = re.compile(
    rf"(?P<a>{_NUMBER})\s+[^.;\d]{{2,30}}?\b(?:with|of|holding|containing|"
    rf"times)\s+(?P<b>{_NUMBER})\s+(?:FP32\s+|CUDA\s+|INT32\s+)?"
    rf"[^.;\d]{{2,40}}?\beach\b[^.;\d]{{0,12}}?(?:(?:for|giving|making|or)\s+(?:a\s+)?(?:total|sum)\s+of\s+|"
    rf"=\s*|so\s+|i\.e\.\s+)(?P<c>{_NUMBER})"
)
#: $62.50/GB ($1,000 / 16 GB): the quotient of what stands in brackets after it.
_QUOTIENT = re.compile(
    rf"(?P<c>[$\u20ac]?{_NUMBER})(?:\s?/\s?|\s+per\s+)[A-Za-z][\w ]{{0,14}}?\s*[(:=]\s*"
    rf"(?P<a>[$\u20ac]?{_NUMBER})\s*[/\u00f7]\s*(?P<b>{_NUMBER})\s*[\w ]{{0,12}}\)?"
)
#: "4,194,304 of 8,030,261,248 parameters, 0.05 %": a share behind its part and its whole.
_PART_OF = re.compile(
    rf"(?P<a>[$\u20ac]?{_NUMBER}[kKMB]?)\s+(?:out )?of\s+(?:the |our |a total of )?"
    rf"(?P<b>[$\u20ac]?{_NUMBER}[kKMB]?)(?:\s[a-z][\w-]{{0,14}}){{0,3}}\s*[,(\u2013\u2014=]\s*"
    r"(?:that is |which is |i\.e\. |or |about |only |just |roughly |~)*"
    r"(?P<p>\d{1,2}(?:\.\d{1,3})?)\s?(?:%|percent)"
)
#: "288 is 80 % of 360".
_IS_PART = re.compile(
    rf"(?P<a>[$\u20ac]?{_NUMBER}[kKMB]?)(?:\s?[A-Za-z/]{{1,6}})?\s+is\s+(?:about |only |just |roughly |~)*"
    rf"(?P<p>\d{{1,2}}(?:\.\d{{1,3}})?)\s?(?:%|percent)\s+of\s+(?P<b>[$\u20ac]?{_NUMBER}[kKMB]?)"
)
#: What stands before a part of a longer formula.
_GOES_BEFORE = re.compile(r"[x\u00d7*/+(\u2212-]\s*$")
_THOUSANDS = {"k": 1e3, "K": 1e3, "M": 1e6, "B": 1e9}
#: Of what was told long before: "59 % more than now".
_THAN_ELSE = re.compile(
    r"\s*(?:more|higher|less|lower)? ?than (?:now|before|today|usual|ever|currently|last|in)\b", re.IGNORECASE
)
_SAVING = re.compile(
    r"\s*(?:cheaper|less expensive|less|lower|saving\w*|reduction|decrease|drop|discount|cut|more expensive|"
    r"increase|higher|more|faster|slower|quicker|smaller|larger|bigger|wider|fewer|narrower|improvement|"
    r"gain)\b",
    re.IGNORECASE,
)
#: "An increase of 20 %", and what makes the share one of something else.
_CHANGE_OF = re.compile(
    r"\b(?:increase|rise|jump|improvement|growth|uplift|boost|plus|reduction|decrease|drop|saving|discount|"
    r"gain|cut|difference|premium)s?\s+of\s+"
    r"(?:about |around |roughly |nearly |almost |only |just |over |some )*~?$",
    re.IGNORECASE,
)
_INCREASE = re.compile(
    r"\b(?:increase|rise|jump|gain|improvement|growth|uplift|boost|plus)s?\s+of\s[^.,;]*$", re.IGNORECASE
)
#: "A 30 % increase", behind the two values.
_A_RISE = re.compile(
    r"\s+(?:increase|rise|jump|gain|growth|uplift|bump)\b(?!\s+(?:of|in|over))", re.IGNORECASE
)
_FROM = re.compile(r"\bfrom\s+~?$", re.IGNORECASE)
_OF_ANOTHER = re.compile(r"\s+(?:of|in|on)\b", re.IGNORECASE)
#: Prices that are none of one of several.
_OF_ELSE = re.compile(r"total|(?:/|\bper )\s?(?:\d|[mk]\b|million|tok|image|img|request|gb|kwh)")
#: How far a product may be off: what rounding of its factors makes of it.
_WITHIN = 0.012
_SAVED = 0.02
#: Of what the last value before a percentage is that it can be of.
_VERSUS = re.compile(r"\s(?:vs\.?|versus|against)\s")
_OF_DEVICES = ("bandwidth", "memory", "power", "flop rate", "op rate", "frequency")
#: "PCIe 4.0 x16" is no product.
_LANES = re.compile(r"\s*[2-6](?:\.0)?\s*[x\u00d7]\s?(?:1|2|4|8|16)\s*")
_OF_NAME = re.compile(r"\s*\d{1,2}\s*[x\u00d7]\s*(?:[1-5]0[5-9]0|[5-9][4-9][05]0)\s*")
_OF_MODEL = re.compile(r"\s*\d{1,2}\s?[x\u00d7]\s?\d{1,3}(?:\.\d)?B\b")
_TARGET = re.compile(r"\b(?:throughput|target|achieve|process|serve|generate|handle)\b", re.IGNORECASE)


class _Column(NamedTuple):
    """A column of numbers and what it is called."""

    at: int
    head: str
    values: dict[int, Quantity]


def find(context: Context) -> Iterator[Finding]:
    """Every calculation with its verdict."""
    for passage in context.document.passages:
        if passage.kind not in ("code", "alt"):
            yield from _equations(passage, context)
        if passage.kind not in ("code", "cell", "alt"):
            for sentence in sentences(passage.text):
                yield from _savings(passage, (sentence.start, sentence.end), context)
    for table in context.document.tables:
        yield from _of_table(table, context)


def _plain(text: str) -> float:
    return float(re.sub(r"[^\d.]", "", text).strip(".") or 0)


#: What an equation was cut off behind: "720 + ~750 + 190 = 1,660".
_GOES_AHEAD = re.compile(r"\d\S*\s*[+*/x\u00d7-]\s*[~\u2248$\u20ac\u00a3]*\s*$")
_AHEAD = 16


#: Behind a number, that it is one of millions: "512 x 512 is around 400 billion multiply-adds".
_IN_WORDS = re.compile(r"\s+(?:thousand|million|billion|trillion)\b", re.IGNORECASE)


#: "224 x 224, so 8.2 GFLOP", "128,256 x 4,096 entries, or 1.05 GB": in a unit of none of the factors.
_A_UNIT = re.compile(r"\s?(?:[kKGMT]i?B|[GTP]FLOPs?|W|kW|kWh)\b")
_EQUALS = re.compile(r"=\s*[~\u2248$\u20ac]*\s*$")


def _is_of_another_unit(text: str, one: Equation) -> bool:
    """Whether a number that words say a formula comes to is in a unit that nothing in the formula has."""
    unit = _A_UNIT.match(text, one.end)
    joined = _EQUALS.search(text, max(0, one.start - _NAMED_BEHIND), one.start)
    told = float(text[one.start : one.end].replace(",", "")) if unit and text[one.start : one.end] else 0.0
    # "34 x 1 x 1.15, some 45 GB": in billions, as the formula is.
    near = one.value and 1 / _NEAR_IT < told / one.value < _NEAR_IT
    return unit is not None and joined is None and not near and unit[0].strip() not in one.words


#: A result that is so near is in the unit that its formula was in.
_NEAR_IT = 2.5


def _equations(passage: Passage, context: Context) -> Iterator[Finding]:
    text = passage.text
    for one in equations(text):
        named = _OF_MODEL.match(one.words) or (not one.right and _OF_NAME.fullmatch(one.words))
        if _LANES.fullmatch(one.words) or named:
            # "2x3090 = 48 gigs": so many of a device; "8x22B in FP8": a model.
            continue
        first = text.rfind(one.words, 0, one.start)
        if _GOES_AHEAD.search(text, max(0, first - _AHEAD), max(0, first)):
            continue
        # "768 / 26 = 29 at best": rounded down, as what is at most so much often is.
        down = "/" in one.words and text[one.start : one.end] == str(int(one.value))
        of_else = _IN_WORDS.match(text, one.end) is not None or _is_of_another_unit(text, one)
        verdict = (
            "confirmed" if one.right else "unverifiable" if one.scaled or down or of_else else "inconsistent"
        )
        because = f"{one.words} is {one.value:,.10g}"
        yield made(context, passage, (one.start, one.end), "arithmetic", verdict, attribute="formula",
                   expected="" if one.right else f"{one.value:,.10g}", because=because,
                   evidence=(Evidence(because),))  # fmt: skip
    for match in _QUOTIENT.finditer(text):
        if (match["a"], match["b"]) != ("24", "7") and not _GOES_BEFORE.search(
            text, max(0, match.start() - 4), match.start()
        ):
            words = f"{match['a']} over {match['b']}"
            factors = [_plain(match["a"]), 1 / (_plain(match["b"]) or 1.0)]
            yield _product(passage, match.span("c"), factors, _plain(match["c"]), context, words=words)
    for match in (*_PART_OF.finditer(text), *_IS_PART.finditer(text)):
        part, whole = (_plain(match[name]) * _THOUSANDS.get(match[name][-1], 1.0) for name in ("a", "b"))
        factors = [part, 100 / (whole or 1.0)]
        words = f"{match['a']} of {match['b']} in percent"
        yield _product(passage, match.span("p"), factors, float(match["p"]), context, words=words)
    for pattern in (_EACH, _WITH_EACH) if "each" in text else ():
        for match in pattern.finditer(text):
            factors = [_plain(match["a"]), _plain(match["b"])]
            yield _product(passage, match.span("c"), factors, _plain(match["c"]), context)


def _product(
    passage: Passage, place: tuple[int, int], factors: Sequence[float], told: float, context: Context, *,
    words: str = "",
) -> Finding:  # fmt: skip
    real = math.prod(factors)
    shown = words or " x ".join(f"{factor:,.10g}" for factor in factors)
    # A quotient is told in whole numbers, and a number of machines rounded up.
    whole = bool(words) and told == int(told) and (told == math.ceil(real) or abs(told - real) <= 0.5)
    digits = passage.text[place[0] : place[1]]
    close = max(_WITHIN, stated(told, digits, "", frozenset()).rounding * 1.01)
    right = bool(real) and (abs(told / real - 1) <= close or whole)
    # 0.3 TB of 8 x 40 GB and the like: the units differ, not the arithmetic.
    scaled = (
        not right
        and real
        and any(abs(told * scale / real - 1) <= 0.05 for scale in (1e3, 1024, 1e-3, 1e6, 1e9))
    )
    verdict = "confirmed" if right else "unverifiable" if scaled else "inconsistent"
    because = f"{shown} is {real:,.10g}"
    expected = "" if right else f"{real:,.4g}" if words else f"{real:,.10g}"
    return made(context, passage, place, "arithmetic", verdict, expected=expected, because=because,
                attribute="product", evidence=(Evidence(because),))  # fmt: skip


_COSTS = re.compile(
    r"\b(?:costs?|pays?|paid|charges?|saves?)\s+(?:you |me |us )?(?:about |only |just |some )?$",
    re.IGNORECASE,
)


_NAMED_BEHIND = 28


def _savings(passage: Passage, place: tuple[int, int], context: Context) -> Iterator[Finding]:
    """A percentage of a sentence that states just the two values that it is of."""
    found = within(quantities(passage.text, context.fraction), *place)
    shares = [each for each in found if each.dimension == "percent" and each.high == each.value]
    money = [each for each in found if each.dimension == "money"]
    if len(shares) != 1 or len(money) > 1 or not _is_change(passage.text, shares[0]):
        # What several prices differ by is read with what they are of (`saved`).
        return
    if not money and _COSTS.search(passage.text, max(place[0], shares[0].start - 24), shares[0].start):
        # "Took 11 hours, so 5.39, and that one 3, so 7.00. It costs 23 % less": of money without a sign.
        return
    behind = within(named(passage.text), shares[0].end, shares[0].end + _NAMED_BEHIND)[:1]
    if behind and not any(each.dimension == behind[0].attribute.dimension for each in found):
        # "From 640 to 320 GB, and each got 24 % less bandwidth": of no value that it tells.
        return
    told_of = list(_change(passage, shares[0], found, context))
    right = [each for each in told_of if each.verdict == "confirmed"]
    # "36 % more memory (192 vs 141 GB), higher bandwidth (5.3 vs 4.8 TB/s)" is of one of them.
    yield from right[:1] if right else told_of if len(told_of) == 1 else ()


_IN_PAIR = re.compile(r"\(\s*\d[\d.,]*\s+(?:against|vs\.?|versus|instead of)\s+$", re.IGNORECASE)


#: In what two values of a text may differ by a percentage.
_DIFFERS_IN = (
    "time", "rate", "bandwidth", "flop rate", "op rate", "power", "energy", "memory", "frequency", "count",
    "number",
)  # fmt: skip


def _change(
    passage: Passage, share: Quantity, found: Sequence[Quantity], context: Context
) -> Iterator[Finding]:
    """What a percentage is of every two values of one dimension."""
    text = passage.text
    for dimension in _DIFFERS_IN:
        both = _two_of(dimension, text, share, found)
        if both is None or _is_of_another_clause(text, share, both, dimension):
            continue
        a, b = both[0].value, both[1].value
        if a > b and (part := _PART_MORE.match(text, both[1].end)):
            # "700 W, 300 W more than": what the other has is the rest, or both.
            b = a - b if part["more"] else a + b
        real = (abs(a - b) / max(a, b), abs(a - b) / min(a, b))
        # An increase is a share of what it was.
        grown = _INCREASE.search(text, max(0, share.start - 40), share.start) or (
            a < b and _A_RISE.match(text, share.end)
        )
        # An improvement of a time may be of the time itself, which got shorter.
        told = real[1:] if grown and not (dimension == "time" and a > b) else real
        right = any(abs(share.value - each) <= max(_SAVED, 0.05 * each) for each in told)
        before = [each for each in found if each.end <= share.start and each.dimension in _OF_DEVICES]
        if not right and before and before[-1].dimension != dimension:
            # "1 GB less than the 2080 Ti, but 760 GB/s, 23 % more": of what stands right before.
            continue
        words = [text[each.start : each.end] for each in both]
        because = (
            f"{words[0]} and {words[1]} differ by {real[0]:.0%} of the larger, {real[1]:.0%} of the smaller"
        )
        yield made(
            context, passage, (share.start, share.end), "arithmetic",
            "confirmed" if right else "inconsistent", attribute="percentage", because=because,
            expected="" if right else f"{real[bool(grown)]:.0%}", evidence=(Evidence(because),),
        )  # fmt: skip


#: Before a size that is of a name: "the 5060 Ti 16 Go is 20 % faster than the 4060 Ti 16 Go".
_OF_NAME = re.compile(
    r"\b(?:RTX|GTX|RX|Arc)\s(?:[A-Z]?\d{3,4}\s?)(?:(?:Ti|SUPER|XTX?|GRE|Super)\s)*$|"
    r"\b[1-5]0[5-9]0\s(?:Ti|SUPER|Super)\s$"
)


def _two_of(
    dimension: str, text: str, share: Quantity, found: Sequence[Quantity]
) -> tuple[Quantity, Quantity] | None:
    """The two values of a dimension that a text tells beside a percentage; None where it tells others."""
    # "The 80 GB module has 31 % more bandwidth than the 40 GB one" tells two names.
    named = [each for each in found if dimension == "memory" and VARIANT.match(text, each.end)]
    both = [each for each in found if each.dimension == dimension and each.high == each.value]
    both = [each for each in both if each not in named and not _is_factor(text, each)]
    both = [each for each in both if dimension != "memory" or not _OF_NAME.search(text, 0, each.start)]
    # "(41.5 against 33.6 TFLOPS)": of the number before it, which has no unit.
    both = [each for each in both if not _IN_PAIR.search(text, 0, each.start)]
    if dimension == "number" and not (
        len(both) == 2
        and _VERSUS.fullmatch(text, both[0].end, both[1].start)
        and text[share.end : both[0].start].endswith(": ")
    ):
        # Bare numbers are of each other in "62 % more shaders: 5120 vs 3584" alone.
        return None
    ranged = [each for each in found if each.dimension == dimension and each.high != each.value]
    if not both and len(ranged) == 1 and _FROM.search(text, max(0, ranged[0].start - 8), ranged[0].start):
        # "From 2.0 to 3.35 TB/s" is read as a range.
        both = [ranged[0]._replace(high=ranged[0].value), ranged[0]._replace(value=ranged[0].high)]
    if len(both) != 2 or not all(each.value for each in both) or both[0].unit != both[1].unit:
        return None
    return both[0], both[1]


def _is_of_another_clause(
    text: str, share: Quantity, both: tuple[Quantity, Quantity], dimension: str
) -> bool:
    """Whether the words between a percentage and two values part them."""
    first, behind = min(each.start for each in both), max(each.start for each in both)
    last = max(each.end for each in both)
    if (first > share.end and _AND_ITS.search(text, share.end, first)) or (
        first < share.start < behind and _BUT_THEN.search(text, share.end, behind)
    ):
        # "43 percent more cores, and its L2 grew from 4 to 6 MB", "every 1.3 s, a 24 % saving, but then
        # somebody waits for 5.2 s": of the other clause.
        return True
    results = _OF_RESULTS.match(text, share.end) or _IN_SPEED.match(text, share.end)
    if results and dimension not in ("rate", "time"):
        # "15 % more tokens? Because it has 1,008 GB/s": of what the GPU does.
        return True
    counts = _FROM_TO.search(text, max(0, share.start - 80), share.start)
    if counts and first > share.end:
        # "From 240 cards to 130, so 46 % fewer": of those that stand right before it.
        a, b = (float(each.replace(",", "")) for each in counts.group("a", "b"))
        if a and b and any(abs(abs(a - b) / each - share.value) <= _SAVED for each in (a, b)):
            return True
    # "From 350 W to 450 W, and its 10,752 cores were 2 % more": of another number.
    return bool(_THAN_ELSE.match(text, share.end) or _ANOTHER.search(text, last, share.start))


def _is_factor(text: str, each: Quantity) -> bool:
    """Whether an amount is one of a formula's, whose result is what is spoken of: "15 s x 155 W ="."""
    before = _TIMES.search(text, max(0, each.start - 4), each.start)
    return before is not None or _TIMES_IT.match(text, each.end) is not None


_TIMES = re.compile(r"\s[x\u00d7*\u00f7]\s?$")
_TIMES_IT = re.compile(r"\s[x\u00d7*\u00f7]\s?\d")
_PART_MORE = re.compile(
    r"\s+(?:or\s+\d[\d.,]*\s?%\s+)?(?:(?P<more>more|higher|extra|above)|(?:less|lower|below))\b",
    re.IGNORECASE,
)
#: "240 W instead of 320 W, 3 percent slower": of no watts and no bytes.
_IN_SPEED = re.compile(
    r"\s*(?:faster|slower|quicker)\b|\s+of (?:the|its) (?:speed|performance)\b", re.IGNORECASE
)
_OF_RESULTS = re.compile(
    r"\s*(?:more|fewer|less|additional|extra)\s+(?:tokens?|images?|pictures?|frames?|samples?|words?|"
    r"requests?|users?|"
    r"sequences?|steps?|iterations?|speed|performance|throughput)\b",
    re.IGNORECASE,
)
_FROM_TO = re.compile(
    r"\bfrom (?P<a>\d[\d,]*)(?:\s[a-z][\w-]*){0,2} (?:down |up )?to (?P<b>\d[\d,]*)(?![\d.])(?:\s[\w-]+){0,2}"
    r"[,;:]?\s(?:[\w,]+\s){0,5}$",
    re.IGNORECASE,
)
_ANOTHER = re.compile(r",\s+(?:and|but|while)\b[^.;]*\d")
_AND_ITS = re.compile(r",\s+(?:and|but|while|whereas)\s+(?:its|their|the)\s")
_BUT_THEN = re.compile(r"[,;]\s+(?:and|but|while|whereas|so)\s")


def _is_change(text: str, share: Quantity) -> bool:
    """Whether a percentage is of a change: "20 % more", "an increase of 20 %"."""
    before = _CHANGE_OF.search(text, max(0, share.start - 40), share.start)
    return bool(_SAVING.match(text, share.end) or (before and not _OF_ANOTHER.match(text, share.end)))


def _of_table(table: Table, context: Context) -> Iterator[Finding]:
    """Totals and ceilings of a table whose columns are amounts."""
    columns = _columns(table, context)
    counts = [
        each for each in columns if re.search(r"\b(?:number|count|#|instances|gpus|nodes)\b", each.head)
    ]
    counts = [each for each in counts if not re.search(r"\bper\b|\bcost\b|\$", each.head)]
    units = [each for each in columns if _is_money(each) and not _OF_ELSE.search(each.head)]
    totals = [each for each in columns if _is_money(each) and "total" in each.head]
    rates = [each for each in columns if re.search(r"\bper (?:instance|gpu|node|card|unit)\b", each.head)]
    rates = [each for each in rates if not _is_money(each)]
    timed = any(_OF_TIME.search(each.head) and not _is_money(each) for each in columns)
    for count in counts[:1]:
        for unit in units[:1]:
            # So many for so many hours are a product of three (`derived`).
            for total in () if timed and _BY_TIME.search(unit.head) else totals[:1]:
                yield from _totals(table, (count, unit, total), context)
        for rate in rates[:1]:
            yield from _ceilings(table, rate, count, context)


#: A column of times, and a price by the time.
_OF_TIME = re.compile(
    r"(?<![/-])\b(?<!per )(?:hours?|hrs?|h|days?|weeks?|months?|minutes?|runtime|duration|uptime)\b"
)
_BY_TIME = re.compile(
    r"(?:/|\bper |-|\ban? )\s?(?:gpu[- ]?)?(?:h|hr|hour|day|week|month|mo|min|minute)\b|hourly|daily"
)


def _columns(table: Table, context: Context) -> list[_Column]:
    if len(table.rows) < 2:
        return []
    found = []
    for index, head in enumerate(table.rows[0][:64]):
        values = {}
        for row in range(1, len(table.rows)):
            cell = table.cell(row, index)
            each = next(iter(quantities(cell.text, context.fraction)), None) if cell else None
            if each is not None and each.value > 0 and each.high == each.value:
                values[row] = each
        if head and values:
            found.append(_Column(index, head.text.lower(), values))
    return found


def _is_money(column: _Column) -> bool:
    return all(each.dimension == "money" for each in column.values.values())


def _totals(table: Table, columns: tuple[_Column, _Column, _Column], context: Context) -> Iterator[Finding]:
    """Count times cost of one is the total; and the cost of one is not that of all already."""
    count, unit, total = columns
    for row in count.values:
        cell, cost = table.cell(row, total.at), table.cell(row, unit.at)
        if row not in unit.values or row not in total.values or cell is None or cost is None:
            continue
        n, u, t = (each.values[row] for each in (count, unit, total))
        twice = _is_sum(table.cell(row, 0), n, u, unit.head, context)
        if twice:
            yield made(context, cost, (u.start, u.end), "arithmetic", "contradicted", attribute="unit cost",
                       subject=twice[1], because=twice[0], evidence=(Evidence(twice[0], twice[2]),),
                       expected=f"{u.unit}{u.value / n.value:.3g}")  # fmt: skip
            because = f"the cost is multiplied twice by {n.value:g}: {twice[0]}"
            yield made(context, cell, (t.start, t.end), "arithmetic", "inconsistent", attribute="total",
                       subject=twice[1], because=because, expected=f"{u.unit}{u.value:.2f}",
                       evidence=(Evidence(because),))  # fmt: skip
        else:
            yield _product(cell, (t.start, t.end), (n.value, u.value), t.value, context)


def _is_sum(
    first: Passage | None, count: Quantity, unit: Quantity, head: str, context: Context
) -> tuple[str, str, str] | None:
    """Whether a unit cost is far above every offer, and one of all together: why, whose, source."""
    hours = next(
        (scale for word, scale in HOURS.items() if re.search(rf"\bper {word}\b|/{word}", head)), None
    )
    ids = devices(first, context) if first else ()
    if hours is None or not ids or count.value < 2:
        return None
    known = on_offer(ids)
    if known is None:
        return None
    hourly, shared = unit.value / hours, unit.value / hours / count.value
    if hourly <= 2 * known.high or not known.low / 2 <= shared <= known.high * 1.5:
        return None
    why = (
        f"{unit.unit}{unit.value:.2f} is {hourly:,.0f} an hour for one; offers on file are "
        f"{known.low:.2f} to {known.high:.2f} USD an hour; over {count.value:g} it is {shared:.2f}"
    )
    return why, ", ".join(ids), known.source


def _ceilings(table: Table, rate: _Column, count: _Column, context: Context) -> Iterator[Finding]:
    """Instances for a target that the text before states: the target over the rate of one, rounded up."""
    target = _target(table, rate, context)
    if target is None:
        return
    for row, each in count.values.items():
        cell = table.cell(row, count.at)
        if row not in rate.values or cell is None:
            continue
        one = rate.values[row].value
        real = math.ceil(target / one - 1e-9)
        right = abs(each.value - target / one) < 1 or each.value == real
        because = f"{target:,.10g} over {one:g} is {target / one:.4g}, so {real} of them"
        verdict = "confirmed" if right else "inconsistent"
        yield made(context, cell, (each.start, each.end), "arithmetic", verdict,
                   attribute="ceiling", because=because, expected="" if right else str(real),
                   evidence=(Evidence(because),))  # fmt: skip


def _target(table: Table, rate: _Column, context: Context) -> float | None:
    """The amount that the sentence before a table asks for, in the unit of its rates."""
    passages = context.document.passages
    first = next(iter(table), None)
    at = next((i for i, each in enumerate(passages) if each is first), 0)
    for passage in reversed(passages[max(0, at - 4) : at]):
        if not _TARGET.search(passage.text):
            continue
        for each in quantities(passage.text, context.fraction):
            plain = each.value * 60 if each.unit.lower().endswith(("minute", "min")) else each.value
            if each.dimension in ("rate", "number") and plain > max(q.value for q in rate.values.values()):
                return plain
    return None
