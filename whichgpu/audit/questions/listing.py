"""A question that asks for GPUs by what they are: "cards under 75 W with 16 GB", "the newest with HBM".

It becomes the options of `gpus`, or of `prices` where the cheapest is asked for. Each condition is found by
its words and taken out. It is such a question only where nothing but plain words is left over: one that tells
of a job as well is of another command.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.measurement.devices import named
from whichgpu.audit.questions.listing_words import (
    ALIKE,
    AMOUNTS,
    BEFORE,
    BEHIND,
    CAME,
    CHEAPER,
    DATES,
    DEARER,
    FIRST,
    HEAD,
    KINDS,
    LACKS,
    LESS,
    LIKE,
    LIKE_IT,
    MEASURES,
    MORE,
    NOT,
    NUMBER,
    ORDERS,
    PLAIN,
    THAN,
    UNPLUGGED,
)  # fmt: skip
from whichgpu.audit.questions.wanted import placed, unplaced
from whichgpu.hardware.architecture import called
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.hardware.catalogue import Catalogue

Options = tuple[tuple[str, str], ...]
_WORD = re.compile(r"[^\s,;:.?!()/&]+")
#: A limit that may be reached, of what is a limit anyway: a power supply's, a purse's.
_REACHED = {"launch_price": {"<": "<=", "=": "<="}, "power": {"<": "<="}}
ASKS_PRICE = re.compile(r"\b(?:cheapest|lowest price|least expensive)\b", re.I)
_UNITS = {"memory": " GB", "power": " W", "launch_price": " USD", "cores": "", "bandwidth": " GB/s"}


class _Reading(NamedTuple):
    """What is left of a question, and the options that were read of it."""

    text: str
    options: Options = ()

    def read(self, start: int, end: int, *options: tuple[str, str]) -> _Reading:
        """The same with one more condition read, which stood there."""
        return _Reading(f"{self.text[:start]} , {self.text[end:]}", (*self.options, *options))


def listing(text: str, catalogue: Catalogue) -> tuple[str, Options]:
    """The command (`gpus` or `prices`) that lists what a question asks for, and its options.

    An empty name where the question is not of GPUs by what they are, or not of that alone.
    """
    if not (HEAD.search(text) or re.search(rf"\b(?:{ALIKE}) ", text, re.I)):
        return "", ()
    # Who lets it and where is said of its price, and of no figure of a GPU.
    where = placed(text) if ASKS_PRICE.search(text) else ()
    text = unplaced(text) if where else text
    reading = _lacking(_Reading(" ".join(text.split())))
    if NOT.search(re.sub(UNPLUGGED, "", reading.text, flags=re.I)):
        return "", ()
    reading = _beside(reading, catalogue)
    for step in (_ordered, _amounts, _dated, _kinds, _families):
        reading = step(reading)
    left = {*_WORD.findall(HEAD.sub("", reading.text.lower()))}
    if not reading.options or not left <= PLAIN:
        return "", ()
    cheapest = ("sort", "launch_price") in reading.options and ("reverse", "") not in reading.options
    if cheapest and not any(name == "like" for name, _ in reading.options):
        return "prices", (*_priced(reading.options), *(one for one in where if one[0] != "term"))
    return "gpus", tuple(_listed(reading.options))


def _listed(options: Options) -> Iterator[tuple[str, str]]:
    """The options, needs as one list, and how many are shown of an order."""
    needs = ",".join(dict.fromkeys(value for name, value in options if name == "needs"))
    # Who asks for most memory of a GPU means no processor, which has more.
    kinds = {name for name, _ in options} & {"segment", "family", "like", "vendor"}
    needs = needs or ("gpu" if ("sort", "memory") in options and not kinds else "")
    yield from (pair for pair in dict.fromkeys(options) if pair[0] != "needs")
    if needs:
        yield "needs", needs
    if any(name == "sort" for name, _ in options):
        yield "limit", str(FIRST)


def _priced(options: Options) -> Iterator[tuple[str, str]]:
    """The same for `prices`, which has one way to say what a GPU is."""
    for name, value in _listed(options):
        if name in ("segment", "vendor", "family"):
            yield "where", f"{name}={value}"
        else:
            yield ("cheapest", "on-demand") if name == "sort" else (name, value)


def _beside(reading: _Reading, catalogue: Catalogue) -> _Reading:
    """What is said beside another card: like it, more memory than it."""
    for one in reversed(named(reading.text, catalogue)):
        before = reading.text[: one.start]
        liked, than = LIKE.search(before), THAN.search(before)
        behind = LIKE_IT.match(reading.text, one.end)
        if liked or behind:
            start, end = liked.start() if liked else one.start, behind.end() if behind else one.end
            reading = _than(reading.read(start, end, ("like", one.ids[0])), one, catalogue)
        elif than:
            reading = _than(reading.read(than.start(), one.end), one, catalogue)
    return reading


def _than(reading: _Reading, one: Mention, catalogue: Catalogue) -> _Reading:
    """More or less of each measure than a card has, as much, or for less money."""
    for field, words in (*MEASURES, ("launch_price", "")):
        pattern = rf"(?:(?P<more>{MORE})|(?P<same>{ALIKE})|{LESS}) {words}"
        pattern = pattern if words else rf"(?:(?P<more>{DEARER})|(?P<same>(?!))|{CHEAPER})"
        match = re.search(rf"\b{pattern}\b", reading.text, re.I)
        if not match:
            continue
        has = catalogue[one.ids[0]].display(field).partition(" (")[0]
        sign = ">" if match["more"] else "=" if match["same"] else "<"
        # Of a card that never had a price of its own the others are shown by theirs.
        said = ("where", f"{field}{sign}{has}") if has else ("sort", field)
        if has or field == "launch_price":
            reading = reading.read(*match.span(), said)
    return reading


def _lacking(reading: _Reading) -> _Reading:
    """What a card is not to have."""
    for option, value, words in KINDS:
        match = re.search(rf"(?<![\w-])(?:{LACKS}) (?:{words})(?: support)?(?!\w)", reading.text, re.I)
        if option == "needs" and match and not value.startswith("no-"):
            said = value.format(**{name: text or "" for name, text in match.groupdict().items()})
            reading = reading.read(*match.span(), (option, f"no-{said.lower()}"))
    return reading


def _ordered(reading: _Reading) -> _Reading:
    """What there is most or least of."""
    for field, reverse, words in ORDERS:
        if match := re.search(rf"\b(?:{words})\b", reading.text, re.I):
            rate = (match.groupdict().get("rate") or "").lower().replace("double precision", "fp64")
            backwards = [("reverse", "")] if reverse else []
            return reading.read(*match.span(), ("sort", field or rate), *backwards)
    return reading


def _dated(reading: _Reading) -> _Reading:
    """When it came out."""
    for words, *conditions in DATES:
        if match := re.search(rf"\b{CAME}(?:{words})", reading.text, re.I):
            years = [year for year in match.groups() if year]
            said = [("where", one.format(*years)) for one in conditions if one]
            return reading.read(*match.span(), *said)
    return reading


def _amounts(reading: _Reading) -> _Reading:
    """So much memory, bandwidth, power, money, so many cores."""
    for field, unit, words in AMOUNTS:
        one = rf"{NUMBER} ?{unit}"
        if field == "launch_price":
            one = rf"(?:[$] ?{NUMBER}k?|{NUMBER}k? ?{unit})"
        end = rf"(?: (?:of )?(?:{words})\b)?"
        reading = _between(reading, field, unit, end) or _amount(reading, field, one, end)
    return reading


def _between(reading: _Reading, field: str, unit: str, end: str) -> _Reading | None:
    """An amount from one limit to another: 16-24 GB, between 100 and 200 W."""
    low = rf"(?:between |from )?[$]?(?P<low>{NUMBER}) ?(?:{unit})? ?(?:-|\u2013|to|and) ?"
    match = re.search(rf"{low}[$]?(?P<high>{NUMBER}) ?(?P<unit>{unit})(?!\w){end}", reading.text, re.I)
    if match is None:
        return None
    both = ((">=", match["low"]), ("<=", match["high"]))
    said = (("where", _condition(field, sign, f"{figure} {match['unit']}")) for sign, figure in both)
    return reading.read(*match.span(), *said)


def _amount(reading: _Reading, field: str, one: str, end: str) -> _Reading:
    """One amount with the limit that it is; so much and no more, where nothing says that it is one."""
    for sign, words in (*BEFORE, ("=", r"\b(?:with|having|has|have|of|for|around|about|and)|,|")):
        ahead = rf"(?<!\w)(?:for |costs? |draws? )?(?:{words}) ?(?:an? |the )?"
        if match := re.search(rf"{ahead}(?P<of>{one})(?!\w){end}", reading.text, re.I):
            behind = _behind(reading.text[match.end() :]) if sign == "=" else None
            meant, length = behind or (">=" if "more" in match["of"] or "+" in match["of"] else sign, 0)
            said = ("where", _condition(field, meant, match["of"]))
            return reading.read(match.start(), match.end() + length, said)
    return reading


def _behind(text: str) -> tuple[str, int] | None:
    """The limit that the words behind an amount make it, and how long they are."""
    found = ((sign, re.match(rf" ?(?:{words})", text, re.I)) for sign, words in BEHIND)
    return next(((sign, match.end()) for sign, match in found if match), None)


def _condition(field: str, sign: str, amount: str) -> str:
    """A condition as `--where` takes it."""
    match = re.search(rf"(?P<n>{NUMBER})(?P<k>k)?", amount, re.I)
    figure = float(match["n"].replace(",", "")) * (1000.0 if match["k"] else 1.0) if match else 0.0
    unit = " TB/s" if field == "bandwidth" and re.search(r"\d ?T", amount, re.I) else _UNITS[field]
    return f"{field}{_REACHED.get(field, {}).get(sign, sign)}{figure:.10g}{unit}"


def _kinds(reading: _Reading) -> _Reading:
    """What a card has or is."""
    for option, value, words in KINDS:
        pattern = rf"(?<![\w-])(?:{words})(?:[- ](?:support(?:ed|s)?|grade|class|memory))?(?!\w)"
        while match := re.search(pattern, reading.text, re.I):
            said = value.format(**{name: text or "" for name, text in match.groupdict().items()})
            named_ = said.lower() if option in ("needs", "vendor") else said
            reading = reading.read(*match.span(), (option, named_))
    return reading


def _families(reading: _Reading) -> _Reading:
    """Architectures by their names: Ampere, Ada Lovelace, RDNA 3."""
    for size in (2, 1):
        words = rf"(?<![\w-])[A-Za-z]\w*(?: \w[\w.]*){{{size - 1}}}(?![\w-])"
        for match in reversed([*re.finditer(words, reading.text)]):
            if match[0].lower() not in PLAIN and (family := called(match[0])):
                reading = reading.read(*match.span(), ("family", family))
    return reading
