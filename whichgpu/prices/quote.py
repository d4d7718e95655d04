"""A price as people say it, read into USD of one GPU: by the hour, or to buy it.

The words may come in any order. What is read is taken out of the text piece by piece: terms, "per GPU", the
amount, the time it is for, the machine; what is left must name a GPU.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from whichgpu.errors import UnknownName, UsageError, one_line
from whichgpu.prices import quote_words as say
from whichgpu.units import HOUR, HOURS_PER_MONTH, HOURS_PER_YEAR, exchanged, parse
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.hardware.gpu import Gpu


_EXAMPLE = 'write e.g. "2.10 USD/h for 1x H100 SXM"'
#: From this many USD a GPU on, a price that names no time is one to buy it.
_TO_BUY = 50.0
#: No GPU costs as many USD, to buy or by the hour.
_ABSURD = 1e6
_HOURS = {
    "s": 1 / HOUR, "min": 1 / 60, "h": 1.0, "d": 24.0, "w": 168.0, "mo": HOURS_PER_MONTH, "y": HOURS_PER_YEAR,
}  # fmt: skip


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
    """A quote for `name`, which may be several GPUs; `quotes` is the quote for each of them."""

    def __init__(self, name: str, quotes: tuple[Quote, ...]) -> None:
        super().__init__(f"may be {', '.join(one.gpu for one in quotes)}; say which")
        self.name, self.quotes = name, quotes


class _Left:
    """What is not read yet of a text."""

    def __init__(self, text: str) -> None:
        plain = say.NAMED_HOUR.sub(r"per GPU \g<unit> \g<gpu>", say.IDLE.sub(" ", text))
        for pattern, written in say.SHORT:
            plain = pattern.sub(written, plain)
        plain = say.in_digits(plain)
        self.text = " ".join(plain.split())

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
    left = _Left(exchanged(text))
    left.take(say.LEAST)
    before = left.take(say.BEFORE)
    in_all = left.take(say.GPU_HOURS)
    bare = None if say.CURRENCY.search(left.text) else left.take(say.BARE_EACH)
    of_gpu = left.take(say.GPU_TIME)
    usd = _amount(left, text, bare)
    hours = _many(in_all, text) if in_all else _in_hours(of_gpu["unit"]) if of_gpu else _hours(left)
    term = _term(left)
    if hours is None and term != "buy":
        hours = _in_hours(before["unit"]) * max(float(before["many"]), 1.0) if before else _while(left)
    if hours is None and re.search(r"/\s*[a-z]", left.text):
        raise _no_price(text)  # per what is no time
    each = bool(of_gpu) or bool(left.take(say.EACH))
    server = left.take(say.SERVER) if hours is None else None
    if server:
        left.text = say.OF_EIGHT.sub(lambda found: f"{int(found['all']) // 8}GB", left.text)
    gpus, count, bought, name = _machine(left, catalogue, text)
    if server:
        gpus, count = _served(server[0], gpus, count)
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
        raise OpenVariant(name, made)
    return made[0]


def _to_buy(text: str, usd: float, gpu: Gpu, count: float) -> Quote:
    from whichgpu.prices.purchase import owning_cost_per_hour

    return Quote(
        text, owning_cost_per_hour(gpu.id, gpu.need("power"), usd=usd).total, gpu.id, count, "buy", usd
    )


def _amount(left: _Left, text: str, bare: re.Match[str] | None) -> float:
    """The one amount of money, in USD; `bare` is one without a currency that is known already."""
    found = [match for kind in say.MONEY if (match := left.take(kind))]
    if not found and say.CURRENCY.search(left.text):
        raise _no_price(text)  # in words that are not known: no other number is the amount
    if not found and (bare := bare or left.take(say.BARE) or left.take(say.ASKED)):
        found = [bare]
    if not found and (sold := _sold(left)):
        found = [sold]
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


def _sold(left: _Left) -> re.Match[str] | None:
    """A bare amount at the end of what somebody sells, where the rest has the number of a GPU."""
    found = say.SOLD.search(left.text)
    sells = any(term == "buy" and pattern.search(left.text) for pattern, term in say.TERMS)
    return left.take(say.SOLD) if found and sells and re.search(r"\d", left.text[: found.start()]) else None


def _plain(amount: str) -> str:
    """Digits with at most a point: `1,461` and `1.461,50` are thousands, `1,99` has cents behind a comma."""
    if re.search(r",\d{1,2}$", amount) and amount.count(",") == 1:
        return amount.replace(".", "").replace(",", ".")
    return re.sub(r",(?=\d{3}(?:\D|$))", "", amount)


def _hours(left: _Left) -> float | None:
    """Hours of the time that a price is for; None where none is named."""
    match = left.take(say.TIME)
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
    match = left.take(say.WHILE)
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
    for pattern, term in say.TERMS:
        while left.take(pattern):
            found = found or term
    return found


def _machine(left: _Left, catalogue: Catalogue, text: str) -> tuple[tuple[Gpu, ...], float, bool, str]:
    """The GPUs that what is left may name, how many, whether one can buy it (an instance not), the name."""
    from whichgpu.hardware.names import candidates, resolve_count

    if instance := instance_named(left.text, catalogue):
        return (catalogue[instance[0]],), instance[1], False, instance[0]
    left.take(say.LASTING)
    count = _count(left, text)
    rest = _bare(left.text)
    of_gpus = partial(_of_gpus, catalogue=catalogue)
    readings = (str, _singular, of_gpus, lambda text: of_gpus(_without_sellers(text)), _no_server)
    for reading in readings:
        spelled = _bare(reading(rest))
        if found := candidates(spelled, catalogue):
            return found, count, True, spelled
    if not rest:
        raise UsageError(f"'{one_line(text)}' names no GPU; {_EXAMPLE}")
    return (resolve_count(rest, catalogue)[0],), count, True, rest  # which says the nearest


def _served(line: str, gpus: tuple[Gpu, ...], count: float) -> tuple[tuple[Gpu, ...], float]:
    """Of GPUs those in servers of a line (DGX), and how many so many servers have; as they are where none."""
    from whichgpu.hardware.boxes import boxes_of

    built = [box for gpu in gpus for box in boxes_of(gpu.id)]
    named = [box for box in built if line.upper() in box.name] or built
    most = max((box.gpus for box in named), default=1)
    kept = tuple(gpu for gpu in gpus if gpu.id in {box.gpu for box in named if box.gpus == most}) or gpus
    return kept, count * most if count < most else count  # who says 8x means the GPUs in it


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
    return " ".join(say.FILLER.sub(" ", text).split()).strip(" .-/+")


def _count(left: _Left, text: str) -> float:
    """How many GPUs the price is for, below one for a share; one where nothing is said."""
    if part := left.take(say.PART):
        share = say.PARTS.get((part["word"] or "").lower()) or float(
            part["part"] or 1 / int(part["under"] or 1)
        )
        if 0 < share < 1:
            return share
    match = next((match for pattern in say.COUNTS if (match := left.take(pattern))), None)
    if match is None:
        return 1
    count = say.WORDS.get(match["n"].lower()) or int(match["n"])
    if count < 1:
        raise UsageError(f"'{one_line(text)}': {count} GPUs cannot be; {_EXAMPLE}")
    return count


def instance_named(text: str, catalogue: Catalogue) -> tuple[str, int] | None:
    """The GPU and the number of it of a word that is an instance on file (p5.48xlarge), and no GPU's name."""
    said = f" {instance_words(text)} "
    if not re.search(r"[a-z]+\d|\d[a-z]", said):
        return None
    from whichgpu.hardware.names import candidates
    from whichgpu.prices import live

    found = {(row.gpu, int(row.gpu_count)) for row in live.current()
             if row.gpu and row.gpu_count >= 1 and re.search(r"[._-]", row.instance)
             and f" {instance_words(row.instance)} " in said
             and not candidates(row.instance, catalogue)}  # fmt: skip
    return next(iter(found)) if len(found) == 1 else None


def instance_words(name: str) -> str:
    """The words of an instance's name, with or without what Azure puts before all of them."""
    return " ".join(re.split(r"[^a-z0-9]+", name.lower())).strip().removeprefix("standard ")


def _without_sellers(text: str) -> str:
    """The text without the names of providers, "Google Cloud" among those of one that makes chips as well."""
    from whichgpu.prices import live
    from whichgpu.prices.sellers import aliases
    from whichgpu.prices.store import key_of

    names = sorted({key_of(row.provider) for row in live.current()} | aliases().keys(), key=len, reverse=True)
    named = "|".join(re.escape(name).replace(r"\-", "[-_ ]") for name in names)
    return re.sub(rf"(?<![\w.-])(?:{named})(?![\w-])", " ", text, flags=re.I)


def _no_price(text: str, meant: str = "2.10 USD/h for 1x H100 SXM") -> UsageError:
    lost = "; in double quotes the shell takes $1 away: use single ones" if text.startswith(".") else ""
    return UsageError(f"'{one_line(text)}' is no price per time for a GPU; write e.g. \"{meant}\"{lost}")
