"""What rents, rates and numbers of tokens told right before make: a cost per million, hours until it is paid.

Each is read only where the sentences tell one rent, one rate, or one amount of a token.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.marked import ABOUT, AGAINST, FAR
from whichgpu.units import HOUR

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.clauses.marked import Marked
    from whichgpu.audit.findings import Finding
    from whichgpu.audit.text.quantities import Quantity

_OF = "stated consequence"
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
    rf"{ABOUT}<(?P<r>b\d+)>|\b(?:hence|so|thus|or|that is)\s{ABOUT}<(?P<r2>b\d+)>\s(?:for|at|with|"
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
    rf"minutes|hours)\b[^<>;?!]{{0,30}}?\b(?:costs?|comes? to|is|are|for)\s{ABOUT}<(?P<r>m\d+)>",
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
    rf"makes)\s{ABOUT}<(?P<r>m\d+)>",
    re.IGNORECASE,
)
#: What a million tokens cost.
_PER_MILLION = re.compile(
    rf"\b(?:a|one|per|each|every) million (?:output |"
    rf"generated )?tokens\b[^<>;?!]{{0,60}}?\s{ABOUT}<(?P<r>m\d+)>|"
    rf"<(?P<r2>m\d+)>\s?(?:per|a|for (?:a|one|each|every)|/)\s?(?:million|1M|M)\s(?:output |"
    rf"generated )?tokens\b",
    re.IGNORECASE,
)
_A_HOUR = re.compile(r"<(?P<m>m\d+)>\s?(?:an|per|a|each|/)\s?h(?:our|r)?\b", re.IGNORECASE)
_IN_HOUR = re.compile(
    r"<(?P<n>[cr]\d+)>(?:\stokens)?(?:\s(?:in|per|an|each|every)\s(?:an\s|one\s)?hour\b)", re.IGNORECASE
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


def rented(read: Marked, whole: Marked) -> Iterator[Finding]:
    """The results of a sentence (`read`) that it and those right before it (`whole`) do not give."""
    yield from _of_tokens(read, whole)
    yield from _capped(read, whole)
    yield from _per_million(read, whole)
    yield from _so_many(read, whole)
    yield from _hourly(read, whole)
    yield from _paid(read, whole)


def _rents(whole: Marked) -> list[Quantity]:
    """What is told per hour."""
    return [whole.figures[each["m"]] for each in _A_HOUR.finditer(whole.text)]


def _token_rates(read: Marked) -> list[Quantity]:
    """Rates that are of tokens."""
    return [each for each in read.of("rate") if _TOKENS.search(read.words(each))]


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
        yield from read.held(result, one.value * number.value, because, _OF, off=0.08)


def _capped(read: Marked, whole: Marked) -> Iterator[Finding]:
    """Tokens a second at most, by one bandwidth and one size of weights."""
    rates = _token_rates(read)
    bandwidths = whole.of("bandwidth")
    sizes = read.of("memory")
    alone = len(rates) == len(bandwidths) == len(sizes) == 1
    # "2,039 GB/s against 1,008": the second has no unit.
    if not alone or not _CAPS.search(read.text) or AGAINST.search(whole.text):
        return
    if read.passage.text[sizes[0].end : bandwidths[0].start].strip() in ("and", "at", "with"):
        # "It has 180 GB and 7.7 TB/s", "96 GB at 1,792 GB/s": what the device has, and no file.
        return
    if rates[0].start > max(bandwidths[0].start, sizes[0].start) and sizes[0].value > 1e9:
        because = f"{read.words(bandwidths[0])} over {read.words(sizes[0])}"
        yield from read.held(rates[0], bandwidths[0].value / sizes[0].value, because, _OF, off=0.12)


def _per_million(read: Marked, whole: Marked) -> Iterator[Finding]:
    """What a million tokens cost, by one rent and one rate."""
    match = _PER_MILLION.search(read.text)
    if match is None:
        return
    result = read.figures[match["r"] or match["r2"]]
    rents = _rents(whole)
    hourly = [whole.figures[each["n"]].value for each in _IN_HOUR.finditer(whole.text)]
    rates = [each.value * HOUR for each in _token_rates(whole)]
    counts = [each.value for each in whole.of("number") if 1 < each.value <= 64]
    speeds = sorted(rates or hourly)
    if len(rents) != 1 or len(speeds) != 1 or rents[0].start == result.start or rents[0].unit != result.unit:
        return
    if len([each for each in read.of("money") if each not in rents]) > 1:
        # "You pay $0.23 on the L40S and $0.32 on the A100": of two, of which one rent and one rate are told.
        return
    ways = [
        rents[0].value * many / speeds[0] * 1e6 for count in (1.0, *counts) for many in (count, 1 / count)
    ]
    off = max(0.04, read.step(result) / 1.9) * (1.5 if result.limit else 1)
    if not any(abs(result.value / way - 1) <= off for way in ways):
        because = f"{read.words(rents[0])} an hour over {speeds[0]:,.6g} tokens an hour"
        yield from read.held(result, ways[0], because, _OF, off=0.04)


def _so_many(read: Marked, whole: Marked) -> Iterator[Finding]:
    """What so many cost, by the one rent and the one number an hour that are told."""
    match = _SO_MANY.search(read.text)
    rents = _rents(whole)
    hourly = [whole.figures[each["n"]] for each in _AN_HOUR.finditer(whole.text)]
    if match is None or len(rents) != 1 or len(hourly) != 1 or not hourly[0].value:
        return
    right = _MANY[match["n"].lower()] * rents[0].value / hourly[0].value
    because = f"{read.words(rents[0])} over {read.words(hourly[0])} an hour"
    yield from read.held(read.figures[match["r"]], right, because, _OF, off=0.03)


def _hourly(read: Marked, whole: Marked) -> Iterator[Finding]:
    """What the hours of GPUs that were told before cost."""
    match = _HOURLY.search(read.text)
    told = [whole.figures[each["a"] or each["b"]] for each in _GPU_HOURS.finditer(whole.text)]
    if match is not None and len(told) == 1:
        price, result = read.figures[match["p"]], read.figures[match["r"]]
        because = f"{read.words(told[0])} GPU-hours at {read.words(price)}"
        yield from read.held(result, told[0].value * price.value, because, _OF)


def _paid(read: Marked, whole: Marked) -> Iterator[Finding]:
    """After how many hours what is rented has cost its price."""
    match = _HOURS.search(read.text) if _PAID.search(read.text) else None
    rents = _rents(whole)
    prices = [each for each in whole.of("money") if each not in rents]
    if match is None or len(rents) != 1 or len(prices) != 1 or _MORE_COST.search(read.text):
        return
    result = read.figures[match["r"] or match["c"]]
    hours = result.value / HOUR if match["r"] else result.value
    right = prices[0].value / rents[0].value if rents[0].value else 0.0
    if right and 1 / FAR < hours / right < FAR and abs(hours / right - 1) > (0.1 if result.limit else 0.06):
        because = f"{read.words(prices[0])} at {read.words(rents[0])} an hour are {right:,.4g} hours"
        yield read.judged(result, _OF, because, expected=f"{right:,.4g} hours")
