"""Bills: "$2.50 an hour, or $60 a day", "100 hours at $4 come to $400", "450 W for 24 hours are 10.8 kWh".

An amount follows from the one before it by the lengths of their periods and by the numbers that stand beside
them: hours of use, days of a month, GPUs of a node. It is wrong where no product of these gives it.
"""

from __future__ import annotations

import math
import re
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.judging import stated
from whichgpu.audit.quantities import SPELLED, quantities
from whichgpu.audit.sentences import sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.quantities import Quantity
    from whichgpu.audit.sentences import Sentence
    from whichgpu.audit.subjects import Mention

#: Hours of a period, the fewest and the most that it may be taken to have.
_LENGTHS: Mapping[str, tuple[float, float]] = {
    "minute": (1 / 60, 1 / 60), "hour": (1, 1), "day": (24, 24), "week": (168, 168), "month": (672, 744),
    "year": (8736, 8784),
}  # fmt: skip
_WORDS: Mapping[str, str] = {
    "minute": "minutes?|min",
    "hour": r"hours?|hrs?|h|stunden?|heures?|horas?",
    "day": r"days?|tage?n?|jours?|d[i\u00ed]as?",
    "week": r"weeks?|wochen?|semaines?|semanas?",
    "month": r"months?|mo|monate?n?|mois|mes(?:es)?",
    "year": r"years?|yr|jahre?n?|ans?|ann\u00e9es?|a\u00f1os?",
}
_PERIOD = "|".join(f"(?P<{name}>{words})" for name, words in _WORDS.items())
_PER = r"(?:/|per|an?|each|every|pro|je|im|am|par|por|al?|la|l')"
#: What an amount is per: "per hour", "/GPU-hour", "per GPU per hour", "each", "a month".
_RATE = re.compile(
    rf"\s*(?:USD|EUR)?\s*\)?(?P<one>\s*(?:/|(?:per|pro|je|par|por)\s+)\s*(?:gpu|card|instance|node|karte|carte|tarjeta)|"
    rf"\s*(?:each|apiece|je|chacun))?(?:[-\s]*{_PER}?\s*(?:{_PERIOD})\b)?(?!\w)",
    re.IGNORECASE,
)
#: What else an amount may be per: no bill of time.
_ELSE = re.compile(r"\s*(?:/|per\b|pro\b|par\b|for (?:1,000|a thousand|a million|every))", re.IGNORECASE)
_NUMBER_WORD = "|".join(SPELLED)
_LASTS = re.compile(
    rf"(?<![\w.,$\u20ac])(?P<n>\d{{1,3}}(?:,\d{{3}})+|\d{{1,6}}(?:\.\d{{1,2}})?|an?|one|{_NUMBER_WORD}|einer?|un|una|une)"
    rf"[\s-]+(?:{_PERIOD})\b(?P<daily>\s*(?:a|per|/|each|every|am|pro|par|al)\s*(?:day|tag|jour|d\u00eda)\b)?",
    re.IGNORECASE,
)
_COUNT = re.compile(
    rf"(?<![\w.,$\u20ac/-])(?P<n>{_NUMBER_WORD}|acht|vier|zwei|huit|quatre|deux|ocho|cuatro|dos|\d{{1,4}})"
    r"(?=(?:x|\u00d7)?[\s-])(?!\s*(?:%|percent|years?|months?|days?|hours?|weeks?|minutes?))",
    re.IGNORECASE,
)
_MORE_SPELLED = {
    "acht": 8,
    "vier": 4,
    "zwei": 2,
    "huit": 8,
    "quatre": 4,
    "deux": 2,
    "ocho": 8,
    "cuatro": 4,
    "dos": 2,
}
#: What says that an amount is worked out from the one before it.
_LINK = re.compile(
    r"\b(?:or|i\.e\b|so|that is|that[\u2019']s|which is|which (?:makes|comes to|means|adds up to)|"
    r"comes? to|adds? up to|"
    r"amounts? to|works? out (?:to|at)|costs?|costing|pays?|paid|charges?|bill|total\w*|makes?|means|"
    r"sums? (?:up )?to|equals|"
    r"uses?|is|are|"
    r"consum\w+|draws?|burns?|kosten|kostet|sind|macht|also|soit|co\u00fbtent|co\u00fbte|cuestan?|o sea|"
    r"es decir)\b|[=\u2248:]"
    r"|^\s*,?\s*and\s+(?:about\s+|roughly\s+|around\s+|a\s+week\s+|a\s+day\s+|a\s+month\s+)?(?:\([^)]*\)\s*)?$",
    re.IGNORECASE,
)
#: A name between two amounts, the seller of the second maybe.
_NAME = re.compile(
    r"(?<![.!?]\s)(?<!^)\b(?!GPUs?\b|USD\b|EUR\b|Stunden?\b|Tage?n?\b|Monate?n?\b)(?:[A-Z][a-z]\w+|AWS|GCP|OVH)"
)
#: Between two rates of one thing: "$0.50/hr on demand, about $365/month".
_AGAIN = re.compile(
    r"(?:\s+on[- ]demand)?\s*[,(]\s*(?:about|roughly|around|approximately|approx\.?|~)?\s*", re.IGNORECASE
)
#: "$2.00 x 730 h =": a formula, which is worked out as one.
_FORMULA = re.compile(r"\s*[x\u00d7*]\s*\d[^=]*=\s*$")
#: A period before an amount: "the monthly cost is".
_ADVERB = re.compile(
    r"\b(?P<hour>hourly)|(?P<day>daily)|(?P<week>weekly)|(?P<month>monthly)|(?P<year>yearly|annual(?:ly)?)\b",
    re.IGNORECASE,
)
#: What makes it an amount of something else.
_BREAK = re.compile(
    r"\b(?:while|whereas|but|versus|vs|compared|than|instead|spot|reserved|commit\w*|discount\w*|sav\w+|storage|egress|"
    r"plus|excluding|including|tax\w*|depreciat\w*|utili[sz]\w+|upfront|minimum|from|between|"
    r"previously|was|were|fell|dropped|used to|margin|profit|buy\w*|purchase\w*|(?:brand[- ])?new|"
    r"second[- ]hand|sticker|pue|overhead|everything|cooling)\b",
    re.IGNORECASE,
)
#: How far behind "8x" the device stands that there are eight of.
_NEXT = 10
_WITHIN, _ROUNDED, _ABOUT, _FAR, _MOST = 0.012, 0.025, 0.06, 110, 4
_MONEY = {
    "$": "$",
    "US$": "$",
    "USD": "$",
    "dollars": "$",
    "dollar": "$",
    "\u20ac": "\u20ac",
    "EUR": "\u20ac",
    "\u00a3": "\u00a3",
}


_PER_KWH = re.compile(r"\s*(?:/|per|a|je|pro|par|por)\s*kWh\b", re.IGNORECASE)
#: A power that is not drawn all the time.
_MEASURED = re.compile(r"\b(?:average|idle|utili[sz]ation|(?<!W )load|pue|cooling|percent)\b|%", re.I)


class _Amount(NamedTuple):
    """Money, power or energy, of a period if it is a rate, of one GPU if it says so."""

    start: int
    end: int
    value: float
    unit: str
    period: str
    of_one: bool
    about: bool
    words: str
    #: Worked out from others, so that an amount of the same period must equal it.
    made_up: bool = False


def find(context: Context) -> Iterator[Finding]:
    """Every amount that follows from the one before it, with its verdict."""
    for index, passage in enumerate(context.document.passages):
        if passage.kind not in ("paragraph", "item", "caption"):
            continue
        every = quantities(passage.text, context.fraction)
        if sum(each.dimension in ("money", "energy") for each in every) < 1:
            continue
        last: _Amount | None = None
        for sentence in sentences(passage.text):
            yield from _electricity(passage, sentence, within(every, sentence.start, sentence.end), context)
            amounts = _amounts(passage.text, within(every, sentence.start, sentence.end))
            if last is None or not amounts or amounts[0].unit != last.unit:
                last = amounts.pop(0) if amounts else None
            named = context.mentions.get(index, ())
            spent: set[_Factor] = set()
            for claim in amounts:
                # Another device's amount is none that follows.
                before = last is not None and last.end < sentence.start
                apart = last is not None and (before or not last.of_one) and _of_another(named, last, claim)
                found = (
                    _judged(passage, sentence, last, claim, context, spent=spent)
                    if last and not apart
                    else None
                )
                if found is not None:
                    yield found
                else:
                    spent.clear()
                # What is wrong is no ground for what comes after it.
                last = last if found is not None and found.accuses else claim


def _electricity(
    passage: Passage, sentence: Sentence, found: Sequence[Quantity], context: Context
) -> Iterator[Finding]:
    """What a stated power costs at a stated price per kWh."""
    text = passage.text
    tariffs = [each for each in found if each.dimension == "money" and _PER_KWH.match(text, each.end)]
    powers = [each for each in found if each.dimension == "power" and each.high == each.value]
    energies = [each for each in _amounts(text, found) if each.words.endswith("Wh")]
    if len(tariffs) != 1 or len(energies) > 1 or (not energies and _MEASURED.search(sentence.text)):
        return
    tariff = tariffs[0]
    if energies:
        drawn = energies[0]
    elif len(powers) == 1:
        drawn = _amounts(text, powers)[0]
    else:
        return
    words = f"{drawn.words} at {text[tariff.start : tariff.end]} per kWh"
    first, last = min(tariff.start, drawn.start), max(tariff.end, drawn.end)
    value = tariff.value * drawn.value / 1e3
    unit = _MONEY.get(tariff.unit, "")
    base = _Amount(first, last, value, unit, drawn.period, False, drawn.about, words, made_up=True)
    for claim in _amounts(text, [each for each in found if each.start >= last and each.dimension == "money"]):
        judged = _judged(passage, sentence, base, claim, context, spent=set())
        if judged is not None:
            yield judged


def _of_another(named: Sequence[Mention], last: _Amount, claim: _Amount) -> bool:
    """Whether a device stands between two amounts that is not the one before both."""
    before = [each for each in named if each.end <= last.start]
    between = within(named, last.end, claim.start)
    if not before:
        # "At 165 W the A30 uses 4 kWh": the one device of both.
        return len({each.named for each in between}) > 1 or (bool(between) and last.unit != "Wh")
    return any(each.named != before[-1].named for each in between)


def _amounts(text: str, found: Sequence[Quantity]) -> list[_Amount]:
    amounts = []
    end = 0
    for each in found:
        before, end = text[end : each.start], each.end
        unit = {"money": _MONEY.get(each.unit, ""), "power": "Wh", "energy": "Wh"}.get(each.dimension, "")
        if not unit or each.value <= 0:
            continue
        rate = _RATE.match(text, each.end)
        adverb = _ADVERB.search(before[-_FAR:])
        period = next((name for name in _WORDS if rate and rate[name]), "")
        period = period or (adverb.lastgroup or "" if adverb else "")
        end = rate.end() if rate else each.end
        if each.dimension == "power":
            period, end = "hour", each.end
        ranged = each.high != each.value or each.limit in ("over", "under", "up to")
        other = _ELSE.match(text, end) or ranged
        value = math.nan if other else each.value
        about = each.limit in ("about", "nearly")
        of_one = bool(rate and rate["one"])
        amounts.append(
            _Amount(each.start, end, value, unit, period, of_one, about, text[each.start : each.end])
        )
    return amounts


def _judged(
    passage: Passage, sentence: Sentence, base: _Amount, claim: _Amount, context: Context, *,
    spent: set[_Factor],
) -> Finding | None:  # fmt: skip
    """Confirmed where a product of what is stated gives the amount, wrong where none does.

    A count that an amount before was multiplied by is `spent`: what comes after holds it already.
    """
    if not _follows(passage.text, sentence, base, claim, context):
        return None
    # "Two instances at $2 an hour each" may stand in the sentence before.
    first = next(one.start for one in sentences(passage.text) if base.start < one.end)
    start = first if _LASTS.search(passage.text, base.end, claim.start) else base.start
    factors = _factors(passage, min(start, sentence.start), sentence.end, context)
    factors = [each for each in factors if each not in spent]
    same = base.period == claim.period or not claim.period
    if len(factors) > _MOST or (same and not factors and not base.made_up):
        return None
    real = claim.value / base.value
    some = [each for many in range(len(factors) + 1) for each in combinations(factors, many)]
    likely = [_product(each, base, claim) for each in some]
    rounded = min(stated(claim.value, claim.words, "", frozenset()).rounding, _ROUNDED)
    within = _ABOUT if claim.about or base.about else max(_WITHIN, rounded)
    right = any(low * (1 - within) <= real <= high * (1 + within) for low, high in likely)
    if right:
        used = next(
            each
            for each, (low, high) in zip(some, likely, strict=True)
            if low * (1 - within) <= real <= high * (1 + within)
        )
        spent.update(each for each in used if not each.period)
    if right and same and not base.made_up and all(low == 1 for low, _ in likely):
        return None
    low, high = min(likely, key=lambda one: abs(math.log(real / one[0])))
    because = (
        f"{claim.words} is {real:,.4g} times {base.words}; by what is stated it is {_range(low, high)} times"
    )
    scale = base.value / (1e3 if claim.words.endswith("kWh") else 1.0)
    return made(
        context, passage, (claim.start, claim.start + len(claim.words)), "arithmetic",
        "confirmed" if right else "inconsistent", attribute="bill", because=because,
        expected="" if right else _range(low * scale, high * scale), evidence=(Evidence(because),),
    )  # fmt: skip


def _follows(text: str, sentence: Sentence, base: _Amount, claim: _Amount, context: Context) -> bool:
    """Whether an amount is said to follow from the one before it, of one thing in one unit."""
    between = text[base.end : claim.start]
    if base.unit != claim.unit or not base.value * claim.value > 0 or len(between) > _FAR:
        return False
    if context.fraction != "," and _NAME.search(between) and not base.of_one:
        return False
    if _FORMULA.match(between):
        return False
    again = base.period != claim.period and _AGAIN.fullmatch(between)
    around = text[min(base.start, sentence.start) : sentence.end]
    linked = again or _LINK.search(between)
    of_time = base.period or claim.of_one or base.of_one or base.made_up
    return bool(linked and not _BREAK.search(around) and of_time)


def _range(low: float, high: float) -> str:
    return f"{low:,.4g}" if high <= low * (1 + _WITHIN) else f"{low:,.4g} to {high:,.4g}"


class _Factor(NamedTuple):
    """A number beside the amounts: a length of time with its period, or a count (no period)."""

    number: float
    period: str
    daily: bool


def _factors(passage: Passage, start: int, end: int, context: Context) -> list[_Factor]:
    """The lengths of time and the counts of a stretch of text, outside of names and other quantities."""
    text, found = passage.text, []
    named = context.mentions.get(context.document.passages.index(passage), ())
    others = [each for each in quantities(text, context.fraction) if each.dimension not in ("number", "time")]
    # "8x H100" is a number of them.
    others = [
        each
        for each in others
        if each.dimension != "times" or not any(0 <= one.start - each.end < _NEXT for one in named)
    ]
    taken = [(each.start, each.end) for each in others] + [(each.start, each.end) for each in named]
    place = (start, end)
    for match in _LASTS.finditer(text, *place):
        if any(start <= match.start() < end for start, end in taken):
            continue
        period = next(name for name in _WORDS if match[name])
        found.append(_Factor(_number(match["n"]), period, bool(match["daily"])))
        taken.append(match.span())
    for match in _COUNT.finditer(text, *place):
        if not any(start <= match.start() < end for start, end in taken):
            found.append(_Factor(_number(match["n"]), "", False))
    return list(dict.fromkeys(each for each in found if each.period or each.number > 1))


def _number(word: str) -> float:
    known = {**SPELLED, **_MORE_SPELLED}.get(word.lower())
    return float(known or (word.replace(",", "") if word[0].isdigit() else 1))


def _product(factors: Sequence[_Factor], base: _Amount, claim: _Amount) -> tuple[float, float]:
    """By what the claim is more than the base, at least and at most, if it is worked out by these."""
    low, high = _LENGTHS.get(base.period, (1.0, 1.0))
    ends = _LENGTHS.get(claim.period) if base.period else None
    spans = [each for each in factors if each.period and not each.daily]
    daily = next((each.number for each in factors if each.daily), 24.0)
    if spans:
        # "24 days of 8 hours": lengths of time multiply, the shorter ones being of each longer one.
        named = math.prod(each.number for each in spans)
        longest = max((_LENGTHS[each.period] for each in spans), key=lambda one: one[1])
        least, most = (named * one for one in longest)
        ends = (least, most)
    if ends is None and base.period and not claim.period and any(each.daily for each in factors):
        # "360 W for 5 hours a day are 1.8 kWh": of a day.
        ends = (24.0, 24.0)
    share = daily / 24.0 if ends and ends[0] >= 24 else 1.0
    time = (ends[0] * share / high, ends[1] * share / low) if ends else (1.0, 1.0)
    count = math.prod(each.number for each in factors if not each.period)
    count = 1 / count if claim.of_one and not base.of_one else count
    return time[0] * count, time[1] * count
