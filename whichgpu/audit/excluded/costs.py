"""Amounts that follow from others of their passage in one way only: what an item costs, a day, one of many.

How a sentence leads from one to the other is not read: where none of the prices, rates and counts that stand
there gives what is said to cost so much, it is wrong.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.excluded.scope import inconsistent, is_rounded, stated
from whichgpu.audit.findings import Evidence
from whichgpu.audit.text.quantities import SPELLED, quantities
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.units import HOUR, MINUTE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.quantities import Quantity
    from whichgpu.audit.text.sentences import Sentence

_MONEY = r"(?:US)?[$\u20ac\u00a3]\s?(?P<{0}>\d[\d,]*(?:\.\d+)?)|(?P<{0}c>\d+(?:\.\d+)?)\s?(?:cents?|\u00a2)"
_ITEMS = r"(?:images?|pictures?|tokens?|requests?|prompts?|samples?|sequences?|frames?|of them)"
#: "1,000 images cost $0.38", "$0.27 per image", "a million tokens for $2", "the cost per token is $0.001".
_OF_ITEMS = (
    re.compile(
        rf"(?P<n>\d[\d,]*|an?|one|each|every|a (?:thousand|million)|one (?:thousand|"
        rf"million))\s(?P<k>million\s|thousand\s)?"
        rf"(?:single\s)?{_ITEMS}\s(?:costs?|for|is|are|at|comes? to)\s(?:about\s|around\s|only\s|just\s|"
        rf"roughly\s|some\s|"
        rf"nearly\s|almost\s)*(?P<paid>{_MONEY.format('v')})(?!\s?(?:an?\s|per\s|/)\s?(?:h|hr|hour|GPU))",
        re.IGNORECASE,
    ),
    re.compile(
        rf"(?P<paid>{_MONEY.format('v')})\s(?:per|for (?:each|every|an?|one)|an?|each)\s"
        rf"(?P<n>\d[\d,]*\s|a (?:thousand|million)\s|one (?:thousand|million)\s)?(?P<k>million\s|thousand\s)?"
        rf"(?:single\s)?{_ITEMS}\b",
        re.IGNORECASE,
    ),
    # "Cost per token drops to $0.0000001".
    re.compile(
        rf"\b(?:costs?|price)\s(?:per|of (?:an?|one|each))\s(?P<n>\d[\d,]*\s|a (?:thousand|million)\s)?"
        rf"(?P<k>million\s|thousand\s)?(?:single\s)?{_ITEMS}\s?(?::|(?:then\s)?(?:drops?|falls?|sinks?|goes|"
        rf"comes?|rises?|is|of|becomes)\b)\s?(?:down\s)?(?:to\s|at\s)?(?:about\s|around\s|only\s|just\s|roughly\s)*"
        rf"(?P<paid>{_MONEY.format('v')})",
        re.IGNORECASE,
    ),
)  # fmt: skip
_HOURLY = re.compile(
    rf"(?:{_MONEY.format('v')})\s?(?:/|an?\s|per\s|each\s|every\s)\s?(?:GPU[- ]?)?(?:hr|hour|h)\b",
    re.IGNORECASE,
)
_RATES = re.compile(
    r"(?P<v>\d[\d,]*(?:\.\d+)?)\s(?P<k>thousand\s|million\s)?"
    rf"{_ITEMS.replace('|of them', '')}\s?(?:/|per\s|an?\s|each\s|every\s)\s?(?P<t>s(?:ec(?:ond)?)?|"
    rf"min(?:ute)?|h(?:r|our)?)\b",
    re.IGNORECASE,
)
_GOES_ON = re.compile(
    r"\s*(?:So|That|Thus|Hence|Which|This|Therefore|In other words|\d[\d,]*|One|A thousand|"
    r"A million|An? \w+)\b"
)
_HOURS = {"s": HOUR, "m": MINUTE, "h": 1.0}
_LARGE = {"thousand": 1e3, "million": 1e6}
#: Two amounts of money by different times, one the other: "$23.92 per hour, or $191.36 per day".
_BY_TIME = re.compile(
    rf"(?P<sum>{_MONEY.format('v')})\s?(?:/|an?\s|per\s|each\s|every\s)\s?(?P<t>hour|h|day|week|month|"
    rf"year)\b",
    re.IGNORECASE,
)
_SO = re.compile(
    r"(?:[,(=:\u2013\u2014-]|\b(?:or|i\.e\.|that is|which is|which makes|so|thus|hence|equals|means|makes|"
    r"makes it|comes to|"
    r"amounts to|translates (?:in)?to|works out (?:at|to))\b)[^\d$\u20ac]{0,24}",
    re.IGNORECASE,
)
#: Hours in which it does not run.
_SOME_HOURS = re.compile(
    r"\b(?:\d+|two|three|four|five|six|eight|ten|twelve|office|working|business|"
    r"few) hours\b",
    re.I,
)
_IN_A = {
    "day": ((24.0, 24.0),), "week": ((168.0, 168.0),), "month": ((672.0, 744.0), (160.0, 184.0)),
    "year": ((8640.0, 8784.0), (1900.0, 2100.0)),
}  # fmt: skip
#: What one of several costs, has or makes: "$300,000, i.e. $60,000 per GPU".
_APIECE = re.compile(
    rf"(?:[,(]|\b(?:i\.e\.|that is|so|or|which is|which makes|thus|hence|means))\s?(?:that is\s|i\.e\.,?\s|"
    rf"about\s|around\s|"
    rf"roughly\s|only\s|just\s|nearly\s|almost\s|some\s)*(?P<paid>{_MONEY.format('v')})\s(?:per|a|for each|"
    rf"for every|for one)\s"
    r"(?:single\s)?(?:gpu|card|accelerator|device|board)\b(?!\s(?:more|less|extra)\b)"
    r"(?!\s?(?:and|per|an?)?[- ]?\s?(?:hour|h|month|day|year)\b)",
    re.IGNORECASE,
)
#: The same at the beginning of a sentence, of what the one before it tells.
_THAT_IS = re.compile(
    rf"\s*(?:That|This|It)(?:[\u2019']s| is| makes| gives)\s(?:about\s|around\s|roughly\s|only\s|just\s|"
    rf"nearly\s|almost\s)*"
    rf"(?P<paid>{_MONEY.format('v')})\s(?:per|a|for each|for every)\s(?:single\s)?(?:gpu|card|accelerator|"
    rf"device|board)\b",
    re.IGNORECASE,
)
_COUNT = re.compile(
    rf"(?<![\w.,$\u20ac])(?P<n>[1-9]\d{{0,4}}|{'|'.join(SPELLED)}|pair|both|dozen)(?:\s?[x\u00d7])?[\s-]"
    r"(?!(?:hours?|days?|weeks?|months?|years?|percent|GB|cents?|dollars?)\b)",
    re.IGNORECASE,
)
_TIMES = re.compile(r"(?<![\w.,])(?P<n>[1-9]\d{0,3})\s?[x\u00d7]\s?(?=[A-Z])")
#: What is told of something else than the plain price.
_ELSE = re.compile(
    r"\b(?:if|would|could|might|discount\w*|saved?|saving|reserved|spot|plus|including|electricity|energy|"
    r"kwh|power|idle|"
    r"utili[sz]ation|busy|setup|set-up|minimum|storage|egress|network|tax|vat|average|between|from|input|"
    r"output|api)\b",
    re.IGNORECASE,
)
_NEAR, _FAR = 0.06, 420


def costs(context: Context) -> Iterator[Finding]:
    """Every amount of running text that none of those beside it gives."""
    for _, passage, sentence in stated(context):
        coins = {each[0] for each in _COIN.finditer(passage.text)}
        # Of one currency: what another's amounts are worth is not told.
        if len(coins) == 1 or (not coins and _CENTS.search(passage.text)):
            for every in (_items, _times, _apiece, _runs, _tariffs):
                found = every(passage, sentence, context)
                yield from (_in(coin, each) for coin in coins or {"$"} for each in found)


#: The first of two prices of an hour: "at $3.67 and $0.71 per hour".
_AND_HOURLY = re.compile(
    rf"(?:{_MONEY.format('v')})(?=\s(?:and|or)\s[$\u20ac][\d.,]+\s?(?:/\s?h|an hour|per hour))", re.IGNORECASE
)
_COIN = re.compile(r"[$\u20ac\u00a3]")
_CENTS = re.compile(r"\bcents?\b|\u00a2")


def _in(coin: str, found: Finding) -> Finding:
    """A finding whose amounts are in the currency of its text."""
    because, expected = (each.replace("$", coin) for each in (found.because, found.expected))
    return found._replace(because=because, expected=expected, evidence=(Evidence(because),))


def _value(match: re.Match[str], group: str = "v") -> float:
    if match[f"{group}c"]:
        return float(match[f"{group}c"]) / 100
    return float(match[group].replace(",", ""))


def _many(words: str | None, scale: str | None) -> float:
    plain = (words or "").lower().replace(",", "").strip()
    last = plain.split(" ")[-1]
    number = float(plain) if plain.isdigit() else _LARGE.get(last, 1.0)
    return number * _LARGE.get((scale or "").strip().lower(), 1.0)


def _items(passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    """What so many images or tokens cost, by every price of an hour and every rate of the passage before."""
    text = passage.text
    for match in (each for said in _OF_ITEMS for each in said.finditer(text, sentence.start, sentence.end)):
        # What goes on with another job has rates of its own.
        own = _HOURLY.search(sentence.text) or _RATES.search(sentence.text) or _GOES_ON.match(sentence.text)
        before = text[max(0, match.start() - _FAR) if own else match.start() : match.end()]
        prices = [_value(each) for each in (*_HOURLY.finditer(before), *_AND_HOURLY.finditer(before))]
        rates = [
            float(each["v"].replace(",", "")) * _many("", each["k"]) * _HOURS[each["t"][0].lower()]
            for each in _RATES.finditer(before)
        ]
        if not prices or not rates or _ELSE.search(sentence.text):
            continue
        told, many = _value(match), _many(match["n"], match["k"])
        real = [price / rate * many for price, rate in product(prices, rates) if rate]
        if real and not any(is_rounded(told, each, match["paid"], _NEAR) for each in real):
            nearest = min(real, key=lambda each: abs(each / told - 1) if told else each)
            because = f"${prices[-1]:,.4g} an hour at {rates[-1]:,.4g} an hour make ${real[-1]:,.3g}"
            yield inconsistent(passage, match.span("paid"), because, context, expected=f"${nearest:,.3g}")


def _times(passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    """An amount by the day, month or year behind the same by the hour."""
    text = passage.text
    every = list(_BY_TIME.finditer(text, sentence.start, sentence.end))
    hourly = [each for each in every if each["t"].lower()[0] == "h"]
    for other in every:
        before = [each for each in hourly if each.end() <= other.start()]
        if other in hourly or not before or _ELSE.search(sentence.text) or _SOME_HOURS.search(sentence.text):
            continue
        if not _SO.search(text, before[-1].end(), other.start()):
            continue
        counts = [1.0, *_counts(sentence.text)]
        paid = _sums(quantities(text, context.fraction), sentence.start, other.start())
        spans = _IN_A[other["t"].lower()]
        real = [
            _value(other) / (each * n)
            for each in filter(None, paid)
            for n in (*counts, *(1 / n for n in counts))
        ]
        if real and not any(
            low * (1 - _NEAR) <= each <= high * (1 + _NEAR) for low, high in spans for each in real
        ):
            right = _value(before[-1]) * spans[0][-1]
            because = f"${_value(before[-1]):,.4g} an hour are ${right:,.4g} a {other['t'].lower()}"
            yield inconsistent(passage, other.span("sum"), because, context, expected=f"${right:,.2f}")


def _counts(text: str) -> list[float]:
    """Counts that a text tells, but no prices, sizes and times."""
    said = (each["n"].lower() for each in (*_COUNT.finditer(text), *_TIMES.finditer(text)))
    words = {**SPELLED, "pair": 2, "both": 2, "dozen": 12}
    return [float(words.get(each) or each) for each in said if each in words or each.isdigit()]


def _apiece(passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    """What one of several costs, by every amount and every count of the sentence and the one before it."""
    text = passage.text
    starts = (each.start for each in sentences(text) if each.end <= sentence.start)
    start = max(starts, default=sentence.start)
    begins = _THAT_IS.match(text, sentence.start, sentence.end)
    for match in [begins] if begins else _APIECE.finditer(text, sentence.start, sentence.end):
        sums = _sums(
            quantities(text, context.fraction), start if begins else sentence.start, match.start("paid")
        )
        counts = _counts(text[start : match.start()])
        if not sums or not counts or _ELSE.search(sentence.text):
            continue
        told = _value(match)
        real = [each / n for each in sums for n in counts if n]
        if not any(is_rounded(told, each, match["paid"], _NEAR) for each in (*real, *sums)):
            because = f"${sums[-1]:,.4g} over {counts[-1]:g} are ${sums[-1] / counts[-1]:,.4g}"
            yield inconsistent(
                passage, match.span("paid"), because, context, expected=f"${sums[-1] / counts[-1]:,.4g}"
            )


#: So many hours, and what they are said to cost.
_SO_LONG = re.compile(
    r"(?<![\w.,])(?P<n>\d[\d,]*(?:\.\d+)?)\s(?:GPU[- ])?hours\b(?!\s(?:a|per|each|every|at)\b)", re.IGNORECASE
)
_COMES_TO = re.compile(
    rf"\b(?:comes? to|costs?(?: you)?|amounts? to|makes?|is|are|pay|paid|bill of|total of|total:|=)\s"
    rf"(?:about\s|around\s|roughly\s|"
    rf"only\s|just\s|some\s|nearly\s|almost\s)*(?P<paid>{_MONEY.format('v')})(?!\s?(?:/|an?\s|per\s|"
    rf"each\s)\s?\w*)",
    re.IGNORECASE,
)  # fmt: skip


def _runs(passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    """What so many hours cost, by every price of an hour and every number of devices of the passage."""
    text = passage.text
    found = list(_COMES_TO.finditer(text, sentence.start, sentence.end))
    paid = found[0] if len(found) == 1 else None
    spans = list(_SO_LONG.finditer(text, sentence.start, paid.start())) if paid else []
    if paid is None or len(spans) != 1:
        return
    # At a price that stands in the sentence it is as much, whatever that is called.
    priced = _AT.search(text, sentence.start, paid.start()) or _HOURLY.search(
        text, sentence.start, paid.start()
    )
    if (_NEVER if priced else _ELSE).search(text, sentence.start, paid.end()):
        return
    if _WRITTEN_OFF.search(text, sentence.start, paid.start()):
        return
    hours = float(spans[0]["n"].replace(",", ""))
    before = text[max(0, paid.start() - _FAR) : paid.start()]
    starts = (each.start for each in sentences(text) if each.end <= sentence.start)
    near = text[max(starts, default=sentence.start) : paid.start()]
    if not _HOURLY.search(near) and not _AT.search(near) and not _MONEYED.search(near):
        # What is told far off may be another's.
        return
    if _TARIFF.search(near):
        # A price of the kilowatt-hour is none of the hour.
        return
    prices = [_value(each) for each in _HOURLY.finditer(before)]
    prices += [_value(each) for each in _AT.finditer(before)]
    # "A is $0.71 per hour, B $1.006": of the hour, too.
    prices += [_value(each) for each in _MONEYED.finditer(near)]
    # "At $1.50 each" is of one, and the sum of all.
    several = _counts(sentence.text) if _EACH.search(sentence.text) else []
    counts = several or [1.0, *_counts(before)]
    real = [price * hours * n for price in prices for n in counts]
    if not priced and within(context.mentions.get(context.place(passage), ()), sentence.start, paid.start()):
        # "100 hours on eight A100s": whatever was told of them in another section.
        real += [
            price * hours * n
            for price in _told_elsewhere(context)
            for n in {*counts, *_counts(sentence.text)}
        ]
    if real and not any(is_rounded(_value(paid), each, paid["paid"], _NEAR) for each in real):
        right = f"${prices[-1] * hours:,.2f}"
        because = f"${prices[-1]:,.4g} an hour for {hours:,.6g} hours are {right}"
        yield inconsistent(passage, paid.span("paid"), because, context, expected=right)


def _told_elsewhere(context: Context) -> list[float]:
    """Every price of an hour that the document tells."""
    return [_value(each) for _, one in context.document.running() for each in _HOURLY.finditer(one.text)]


#: "$25,000 over four years of 35,040 hours is $0.71": what was bought by the hour of its life.
_WRITTEN_OFF = re.compile(
    r"\bover\s(?:[\w,.-]+\s){0,3}(?:years?|months?|hours)\b|\b(?:written off|amorti[sz]\w+|depreciat\w+)\b",
    re.IGNORECASE,
)
_NEVER = re.compile(
    r"\b(?:if|would|could|might|discount\w*|saved?|saving|plus|including|utili[sz]ation|busy|setup|set-up|"
    r"minimum|"
    r"tax|vat|average|between)\b",
    re.IGNORECASE,
)
_EACH = re.compile(r"\b(?:each|apiece)\b", re.IGNORECASE)
_MONEYED = re.compile(_MONEY.format("v"))
#: "At $0.79": of the hour that the sentence speaks of.
_AT = re.compile(rf"\bat\s(?:{_MONEY.format('v')})", re.IGNORECASE)
_ENERGY = re.compile(r"(?<![\w.,])(?P<n>\d[\d,]*(?:\.\d+)?)\s?(?P<k>k|M)?Wh\b(?!\s?(?:per|a|each)\b)")
_TARIFF = re.compile(
    rf"(?:{_MONEY.format('v')})\s?(?:/|an?\s|per\s|for each\s|for every\s)\s?(?:kWh|"
    rf"kilowatt[- ]hour)\b",
    re.IGNORECASE,
)
_SO_MUCH = re.compile(
    rf"\b(?:is|are|costs?|comes? to|makes?|amounts? to|that is|=)\s(?:about\s|around\s|roughly\s|only\s|"
    rf"just\s|some\s|"
    rf"nearly\s|almost\s)*(?P<paid>{_MONEY.format('v')})(?!\s?(?:/|an?\s|per\s)\s?(?:kWh|kilowatt))",
    re.IGNORECASE,
)  # fmt: skip
_PERIODS = (1.0, 7.0, 30.0, 30.4, 31.0, 365.0, 12.0, 52.0)


def _tariffs(passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    """What energy costs at its price, in the time that it is used in or in another."""
    text = passage.text
    used = [
        float(each["n"].replace(",", "")) * {"k": 1.0, "M": 1e3}.get(each["k"] or "", 1e-3)
        for each in _ENERGY.finditer(text, sentence.start, sentence.end)
    ]
    prices = [_value(each) for each in _TARIFF.finditer(text, sentence.start, sentence.end)]
    for match in _SO_MUCH.finditer(text, sentence.start, sentence.end) if used and len(prices) == 1 else ():
        real = [
            each * prices[0] * days * n
            for each in used
            for days in _PERIODS
            for n in (1.0, *_counts(sentence.text))
        ]
        told = _value(match)
        if told != prices[0] and not any(is_rounded(told, each, match["paid"], _NEAR) for each in real):
            because = f"{used[-1]:,.4g} kWh at ${prices[0]:,.4g} are ${used[-1] * prices[0]:,.2f}"
            yield inconsistent(
                passage, match.span("paid"), because, context, expected=f"${used[-1] * prices[0]:,.2f}"
            )


def _sums(every: Sequence[Quantity], start: int, end: int) -> list[float]:
    return [each.value for each in within(every, start, end) if each.dimension == "money" and each.value > 0]
