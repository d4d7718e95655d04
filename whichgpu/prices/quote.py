"""A price as people say it, read into USD of one GPU: by the hour, or to buy it.

The words may come in any order. What is read is taken out of the text piece by piece: terms, "per GPU", the
amount, the time it is for, the machine; what is left must name a GPU.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from whichgpu.errors import UnknownName, UsageError, one_line
from whichgpu.units import in_usd, parse

if TYPE_CHECKING:
    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.hardware.gpu import Gpu


def _pattern(pattern: str) -> re.Pattern[str]:
    """A pattern in whatever case people write."""
    return re.compile(pattern, re.IGNORECASE)


_EXAMPLE = 'write e.g. "2.10 USD/h for 1x H100 SXM"'
#: From this many USD a GPU on, a price that names no time is one to buy it.
_TO_BUY = 50.0
#: No GPU costs as many USD, to buy or by the hour.
_ABSURD = 1e6
_HOURS = {"s": 1 / 3600, "min": 1 / 60, "h": 1.0, "d": 24.0, "w": 168.0, "mo": 730.5, "y": 8766.0}
_UNIT = (
    r"(?P<unit>s|secs?|seconds?|min|mins|minutes?|h|hrs?|hours?|d|days?|w|wk|weeks?|mo|mth|months?|y|yrs?|years?"
    r"|annum|hourly|daily|weekly|monthly|yearly|annually)\b"
)
_PER = r"(?:/|\bper\b|\ban?\b|\bevery\b|\bby the\b)\s*"
_TIME = _pattern(rf"{_PER}{_UNIT}|\b(?P<ly>hourly|daily|weekly|monthly|yearly|annually)\b")
_WHILE = _pattern(rf"\bfor\s+(?:an?\s+)?(?P<many>\d*)\s*{_UNIT}")
#: Hours of one GPU that a price is for in all: `10,000 GPU-hours`, `500 hours of an L4`.
_GPU_HOURS = _pattern(
    r"(?P<many>\d[\d,.]*)\s?(?P<k>k\b|thousand\b|million\b)?\s*(?:(?:GPU|card|device)[- ]?(?:hours|hrs|h)\b"
    r"|(?:hours|hrs)\s+(?:of|on)\b)"
)
#: How many one must take at least; the price is still what it is for.
_LEAST = _pattern(
    r"\b(?:(?:min(?:imum)?|at\s+least|up\s+to|max(?:imum)?)\b[\s.:]*(?:of\s+)?)\d+\+?\s*"
    r"(?:GPUs?|cards?|nodes?|hours?|days?|weeks?|months?)\b"
)
#: A share of one GPU.
_PART = _pattern(
    r"\b(?:(?P<word>half|third|quarter)|1\s*/\s*(?P<under>[2-9])|(?P<part>0?\.\d+)\s*[x×]?)"
    r"(?:\s+of)?(?:\s+an?)?\s+(?=[a-z])"
)
_PARTS = {"half": 1 / 2, "third": 1 / 3, "quarter": 1 / 4}
#: How long it is rented, where the price has a time of its own.
_LASTING = _pattern(r"\b(?:for\s+)?\d+[- ]?(?:hours?|days?|weeks?|months?)\b")
_GPU_TIME = _pattern(
    r"(?:/|\bper\b|\ban?\b)?\s*\bGPU\s*[-/ ]?\s*(?:per\s+|an?\s+)?"
    r"(?P<unit>hours?|hrs?|h|minutes?|mins?|seconds?|secs?|days?|months?)\b"
)
_EACH = _pattern(
    r"(?:/|\bper\b|\ba\b|\beach\b)\s*(?:GPU|card|accelerator|chip)\b|\beach\b|\bapiece\b|\bper\s+(?=[a-z]*\d)"
)
_DIGITS = r"(?P<{0}>-?(?:\d[\d.,]*\d|[.]?\d)(?:e[+-]?\d+)?)\s?(?P<{0}k>k\b|thousand\b|m\b|million\b)?"
_MONEY = (
    _pattern(rf"(?:\bUSD|US\$|\$)\s*{_DIGITS.format('usd')}\s*(?:\bUSD\b|\bdollars?\b)?"),
    _pattern(rf"(?<![\w.]){_DIGITS.format('usd')}\s*(?:USD\b|US\$|\$|dollars?\b|bucks\b)"),
    _pattern(rf"(?<![\w.]){_DIGITS.format('cents')}\s*(?:(?:US\s*)?cents?\b|¢|ct\b)"),
)
#: An amount without a currency, told by the time after it.
_BARE = _pattern(rf"(?<![\w.]){_DIGITS.format('usd')}\s*(?={_TIME.pattern})")
#: An amount without a currency that no time follows, told by the word before it: `at 650 each`.
_ASKED = _pattern(
    rf"(?:\b(?:at|for|asks?|asking|wants?|costs?|price[ds]?|is)\b|[@=:])\s*{_DIGITS.format('usd')}"
    r"(?![\w.,/-]|\s*(?:[x×*]|GPUs?\b|cards?\b|GB\b|of\b|%))"
)
#: Words of a quote that say nothing of its price, gone before a digit of theirs is taken for one.
_IDLE = _pattern(r"\b24\s*/\s*7\b|\ball[- ]in(?:clusive)?\b|(?<=[a-z])['’](?:re|s|ve|d|m|ll)\b")
#: Words of a quote that name its terms.
_TERMS = (
    (_pattern(r"\b(?:spot|preempt[ai]ble|interruptible)\b"), "spot"),
    (_pattern(
        r"\b(?:(?:for|over|with)\s+)?(?:an?\s+)?(?:(?:[1-5]|one|two|three|five)[- ]?(?:y(?:ea)?rs?|y)"
        r"|(?:12|24|36|60)[- ]?months?)\b(?=[\s,)]*(?:reserv\w*|commit\w*|term|contract|plan|upfront|$))"
        r"|\b(?:reserved|reservation|committed|commitment|savings plan|contract|upfront)\b"), "reserved"),
    (_pattern(r"\b(?:[1-3]|one|two|three)[- ]?y(?:ea)?rs?\b"), "reserved"),
    (_pattern(r"\b(?:marketplace|community)\b"), "marketplace"),
    (_pattern(r"\bserverless\b"), "serverless"),
    (_pattern(r"\b(?:on[- ]demand|pay[- ]as[- ]you[- ]go)\b"), "on-demand"),
    (_pattern(
        r"\b(?:to buy|buy(?:ing)?|bought|purchase|used|second[- ]?hand|refurbished|new|e-?bay)\b"), "buy"),
)  # fmt: skip
_WORDS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
          "ten": 10, "sixteen": 16}  # fmt: skip
_COUNTS = (
    _pattern(r"(?<![\w.])(?P<n>\d{1,6})\s+of\s+(?:them|those|these|it)\b"),
    _pattern(r"(?<![\w.])(?P<n>\d{1,6})\s*[x×*](?![a-z0-9])"),
    _pattern(r"(?<![\w.])(?P<n>\d{1,6})\s*[x×*]\s*(?=[a-z])"),
    _pattern(r"(?<=\s)[x×*:]\s*(?P<n>\d{1,6})(?![\w.])"),
    _pattern(r"\b(?:of|for)\s+(?P<n>\d{1,3})(?=\s*(?:$|[,;.)]))"),
    _pattern(r"(?<![\w.])(?P<n>\d{1,6})[-\s]?(?:GPUs?|cards?)\b"),
    _pattern(r"(?<![\w.])(?P<n>\d{1,2})\s+(?!GB|GiB|cores?\b)(?=[a-z]|\d{4})"),
    _pattern(rf"\b(?P<n>{'|'.join(_WORDS)})\b"),
)
_FILLER = _pattern(
    r"\b(?:for|at|of|on|in|by|from|with|via|per|is|are|be|the|an?|i|we|me|us|they|he|she|you|my|our|it|its|and"
    r"|plus|only|some(?:one|body)|seller|vendor|provider|cloud|costs?|costing|prices?d?|asks?|asking|wants?"
    r"|offers?|offered|offering|sells?|selling|sold|rents?|renting|rented|pays?|paying|gets?|got|getting|can"
    r"|could|quoted?|quotes|charges?|bill(?:ed|s)?|will|would|have|has|been|total|all|whole|altogether|instance"
    r"|node|machine|box|hgx|dgx|cards?|gpus?|accelerators?|term|plan|today|now|about|around|roughly"
    r"|approximately|deal|good|fair|what|how|months?|weeks?|days?)\b|[?!@~,;:()\[\]=|]"
)


class Quote(NamedTuple):
    """A price somebody asks: USD per hour of one GPU, of which GPU, how many, on what terms.

    With the terms `buy`, `usd_to_buy` is what one GPU costs and `usd_per_gpu_hour` what owning it comes to.
    """

    text: str
    usd_per_gpu_hour: float
    gpu: str
    gpus: float
    term: str
    usd_to_buy: float | None = None


class OpenVariant(UnknownName):
    """A quote for a name that may be several GPUs; `quotes` is the quote for each of them."""

    def __init__(self, problem: str, quotes: tuple[Quote, ...]) -> None:
        super().__init__(problem)
        self.quotes = quotes


class _Left:
    """What is not read yet of a text."""

    def __init__(self, text: str) -> None:
        self.text = " ".join(_IDLE.sub(" ", text).split())

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """The first match, taken out of the text."""
        found = pattern.search(self.text)
        if found:
            self.text = f"{self.text[: found.start()]} {self.text[found.end() :]}"
        return found


def read_quote(text: str, catalogue: Catalogue) -> Quote:
    """A quote from words; raises `UsageError` where the price, its time or the GPU cannot be read.

    `OpenVariant` where the name may be several GPUs.
    """
    in_usd(text)  # says so where it is another currency
    left = _Left(text)
    left.take(_LEAST)
    in_all = left.take(_GPU_HOURS)
    of_gpu = left.take(_GPU_TIME)
    usd = _amount(left, text)
    hours = _many(in_all, text) if in_all else _in_hours(of_gpu["unit"]) if of_gpu else _hours(left)
    term = _term(left)
    if hours is None and term != "buy":
        hours = _while(left)
    if hours is None and re.search(r"/\s*[a-z]", left.text):
        raise _no_price(text)  # per what is no time
    each = bool(of_gpu) or bool(left.take(_EACH))
    gpus, count, bought = _machine(left, catalogue, text)
    usd = usd if each else usd / count
    if usd / (hours or 1.0) > _ABSURD:
        raise UsageError(
            f"'{one_line(text)}': {usd / (hours or 1.0):.3g} USD for one GPU is absurd; is it a slip of the "
            "keyboard?"
        )
    if hours is None and (term == "buy" or (usd >= _TO_BUY and bought)):
        made = tuple(_to_buy(text, usd, gpu, count) for gpu in gpus)
    elif hours is None:
        raise _no_price(text, f"{usd * count:g} USD/h for {count:g}x {gpus[0].id}")
    else:
        terms = "on-demand" if term in ("", "buy") else term
        made = tuple(Quote(text, usd / hours, gpu.id, count, terms) for gpu in gpus)
    if len(made) > 1:
        raise OpenVariant(f"may be {', '.join(one.gpu for one in made)}; say which", made)
    return made[0]


def _to_buy(text: str, usd: float, gpu: Gpu, count: float) -> Quote:
    from whichgpu.prices.purchase import owning_cost_per_hour

    return Quote(
        text, owning_cost_per_hour(gpu.id, gpu.need("power"), usd=usd).total, gpu.id, count, "buy", usd
    )


def _amount(left: _Left, text: str) -> float:
    """The one amount of money, in USD."""
    found = [match for kind in _MONEY if (match := left.take(kind))]
    if not found and (bare := left.take(_BARE) or left.take(_ASKED)):
        found = [bare]
    if not found:
        raise _no_price(text)
    if len(found) > 1:
        told = " and ".join(" ".join(match[0].split()) for match in found)
        raise UsageError(f"'{one_line(text)}' has two prices, {one_line(told)}; {_EXAMPLE}")
    match = found[0]
    kind = "cents" if "cents" in match.groupdict() else "usd"
    plain = _plain(match[kind])
    try:
        amount = parse(f"{plain} USD", "money")
    except UsageError:
        raise UsageError(f"'{one_line(text)}': '{match[kind]}' is no amount of money; {_EXAMPLE}") from None
    if amount <= 0:
        raise UsageError(f"'{one_line(text)}': {match[kind]} USD is not above zero; {_EXAMPLE}")
    more = (match[f"{kind}k"] or "").lower()[:1]
    return amount * {"k": 1e3, "t": 1e3, "m": 1e6}.get(more, 1.0) / (100 if kind == "cents" else 1)


def _plain(amount: str) -> str:
    """Digits with at most a point: `1,461` and `1.461,50` are thousands, `1,99` has cents behind a comma."""
    if re.search(r",\d{1,2}$", amount) and amount.count(",") == 1:
        return amount.replace(".", "").replace(",", ".")
    return re.sub(r",(?=\d{3}(?:\D|$))", "", amount)


def _hours(left: _Left) -> float | None:
    """Hours of the time that a price is for; None where none is named."""
    match = left.take(_TIME)
    return _in_hours(match["unit"] or match["ly"]) if match else None


def _many(found: re.Match[str], text: str) -> float:
    """Hours of `10,000 GPU-hours`."""
    more = {"k": 1e3, "t": 1e3, "m": 1e6}.get((found["k"] or "").lower()[:1], 1.0)
    try:
        hours = parse(f"{found['many'].strip('.,')} h", "time") / parse("1 h", "time") * more
    except UsageError:
        hours = 0.0
    if hours <= 0:
        raise UsageError(f"'{one_line(text)}': {found['many']} hours cannot be; {_EXAMPLE}")
    return hours


def _while(left: _Left) -> float | None:
    """Hours of `for 3 days`, of a price in all; None where no such words are there."""
    match = left.take(_WHILE)
    return _in_hours(match["unit"]) * max(float(match["many"] or 1), 1.0) if match else None


def _in_hours(unit: str) -> float:
    """Hours of a unit of time, however it is spelled."""
    low = unit.lower()
    low = {"annum": "y", "annually": "y", "daily": "d", "mth": "mo"}.get(low, low)
    starts = ("mo", "min", "s", "h", "d", "w", "y")
    return _HOURS[next(start for start in starts if low.startswith(start))]


def _term(left: _Left) -> str:
    """The terms that a quote names; every word of them is taken out."""
    found = ""
    for pattern, term in _TERMS:
        while left.take(pattern):
            found = found or term
    return found


def _machine(left: _Left, catalogue: Catalogue, text: str) -> tuple[tuple[Gpu, ...], float, bool]:
    """The GPUs that what is left may name, how many of it, and whether one can buy it (an instance not)."""
    from whichgpu.hardware.names import candidates, resolve_count

    if instance := instance_named(left.text, catalogue):
        return (catalogue[instance[0]],), instance[1], False
    left.take(_LASTING)
    count = _count(left, text)
    rest = _bare(left.text)
    readings = (str, _singular, _without_sellers, lambda text: _of_gpus(text, catalogue), _no_server)
    for reading in readings:
        spelled = _bare(reading(rest))
        if found := candidates(spelled, catalogue):
            return found, count, True
    if not rest:
        raise UsageError(f"'{one_line(text)}' names no GPU; {_EXAMPLE}")
    return (resolve_count(rest, catalogue)[0],), count, True  # which says the nearest


def _no_server(text: str) -> str:
    """The text without the word of a machine, which some cards have in their name."""
    return re.sub(r"\bservers?\b", "", text, flags=re.I)


def _singular(text: str) -> str:
    return re.sub(r"(?<=\d)s\b|(?<=sxm)s\b", "", text, flags=re.I)


def _of_gpus(text: str, catalogue: Catalogue) -> str:
    """The text without words that no GPU has in its name; what has a digit may be one, and stays."""
    from whichgpu.hardware import tokens

    known = set(tokens.VENDORS | tokens.LINES | tokens.NOISE | tokens.FORMS)
    for gpu in catalogue.values():
        known.update(tokens.words(gpu.name))
    kept = [word for word in text.split() if re.search(r"\d", word) or known.intersection(tokens.words(word))]
    return " ".join(kept)


def _bare(text: str) -> str:
    return " ".join(_FILLER.sub(" ", text).split()).strip(" .-/+")


def _count(left: _Left, text: str) -> float:
    """How many GPUs the price is for, below one for a share; one where nothing is said."""
    if part := left.take(_PART):
        share = _PARTS.get((part["word"] or "").lower()) or float(part["part"] or 1 / int(part["under"] or 1))
        if 0 < share < 1:
            return share
    match = next((match for pattern in _COUNTS if (match := left.take(pattern))), None)
    if match is None:
        return 1
    count = _WORDS.get(match["n"].lower()) or int(match["n"])
    if count < 1:
        raise UsageError(f"'{one_line(text)}': {count} GPUs cannot be; {_EXAMPLE}")
    return count


def instance_named(text: str, catalogue: Catalogue) -> tuple[str, int] | None:
    """The GPU and the number of it of a word that is an instance on file (p5.48xlarge), and no GPU's name."""
    said = f" {_words(text)} "
    if not re.search(r"[a-z]+\d|\d[a-z]", said):
        return None
    from whichgpu.hardware.names import candidates
    from whichgpu.prices import live

    found = {(row.gpu, int(row.gpu_count)) for row in live.current()
             if row.gpu and row.gpu_count >= 1 and re.search(r"[._-]", row.instance)
             and f" {_words(row.instance)} " in said and not candidates(row.instance, catalogue)}  # fmt: skip
    return next(iter(found)) if len(found) == 1 else None


def _words(name: str) -> str:
    """The words of an instance's name, with or without what Azure puts before all of them."""
    return " ".join(re.split(r"[^a-z0-9]+", name.lower())).strip().removeprefix("standard ")


def _without_sellers(text: str) -> str:
    """The text without the names of providers."""
    from whichgpu.prices import live
    from whichgpu.prices.store import key_of

    sellers = {key_of(row.provider) for row in live.current()}
    return " ".join(word for word in text.split() if key_of(word) not in sellers)


def _no_price(text: str, meant: str = "2.10 USD/h for 1x H100 SXM") -> UsageError:
    return UsageError(f"'{one_line(text)}' is no price per time for a GPU; write e.g. \"{meant}\"")
