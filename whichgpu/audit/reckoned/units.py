"""Units of numbers, any noun among them, and a number with its units: what it is of and per."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.quantities import SPELLED
from whichgpu.audit.results.digits import written
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    #: Powers of units, sorted by their names.
    Powers = tuple[tuple[str, int], ...]

#: Hours of a period; of a month the twelfth of a year.
PERIODS: Mapping[str, float] = {
    "ms": 1 / 3.6e6, "millisecond": 1 / 3.6e6, "s": 1 / 3600, "sec": 1 / 3600, "second": 1 / 3600,
    "min": 1 / 60, "minute": 1 / 60, "h": 1, "hr": 1, "hour": 1, "day": 24, "week": 168, "mo": 730,
    "month": 730, "quarter": 2190, "yr": 8760, "year": 8760,
}  # fmt: skip
#: A month of 30 and of 31 days, as a share of the twelfth of a year.
MONTH = (720 / 730, 744 / 730)
ADVERBS = {
    "hourly": "hour", "daily": "day", "weekly": "week", "monthly": "month", "yearly": "year",
    "annual": "year", "annually": "year",
}  # fmt: skip
SCALES = {
    "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12, "k": 1e3, "m": 1e6, "b": 1e9,
    "1k": 1e3, "1m": 1e6, "1,000": 1e3, "1000": 1e3, "100": 1e2,
}  # fmt: skip
MONEY = ("$", "\u20ac", "\u00a3")
#: Bytes of a parameter.
BARE = (("B", 1), ("parameter", -1))
#: Units that never vanish from a product.
CORE = frozenset((*MONEY, "h", "Wh", "B", "flop", "token", "parameter"))
#: What holds or does something, which a product of what each does is not told per.
HOLDERS = frozenset((
    "gpu", "node", "user", "employee", "person", "head", "seat", "customer", "client", "session", "stream",
    "replica", "rack", "developer", "engineer", "team", "student", "researcher", "each", "shift", "run",
    "slot", "job", "epoch", "sequence", "layer", "viewer", "agent", "worker", "port", "lane", "time",
))  # fmt: skip
#: What is one unit by several names.
_ALIKE = {
    **dict.fromkeys(("card", "accelerator", "chip", "device", "board"), "gpu"),
    **dict.fromkeys(("server", "machine", "box", "instance", "host", "system", "rig", "workstation"), "node"),
    **dict.fromkeys(("picture", "img", "image"), "image"),
    **dict.fromkeys(("query", "call"), "request"),
    **dict.fromkeys(("param", "weight"), "parameter"),
    "tok": "token",
}
#: Numbers that are written as words.
WORDS = {
    **SPELLED, "one": 1, "eleven": 11, "thirteen": 13, "fourteen": 14, "fifteen": 15, "twenty-four": 24,
    "thirty-two": 32, "forty": 40, "fifty": 50, "sixty": 60, "sixty-four": 64, "seventy": 70, "ninety": 90,
    "hundred": 100, "both": 2, "pair": 2, "dozen": 12,
}  # fmt: skip
#: Words behind a number that are none of what it counts.
NO_NOUN = frozenset((
    "is", "was", "has", "this", "thus", "costs", "cost", "takes", "makes", "needs", "runs", "does", "times",
    "plus", "minus", "less", "as", "its", "comes", "uses", "draws", "gets", "gives", "lasts", "pays",
    "versus", "saves", "means", "leaves", "across", "always", "perhaps", "yes", "and", "or", "at", "in",
    "on", "for", "to", "of", "with", "from", "by", "per", "the", "a", "an", "that", "which", "are", "were",
    "it", "we", "you", "they", "i", "so", "if", "but", "than", "would", "will", "can", "each", "apiece",
    "instead", "while", "when", "then", "fits", "beats", "reaches", "delivers", "handles", "processes",
    "produces", "adds", "becomes", "happens",
))  # fmt: skip
#: What "a" or "one" before it makes an amount be per; other nouns there begin what is said next.
_EACH = ("gpu", "node", "token", "image", "head", "user", "kwh", "piece")
MEDIA = re.compile(r"\s+(?:of )?(?:audio|video|speech|footage|recording)s?\b", re.IGNORECASE)
_DIGITS = re.compile(r"\d[\d,]*(?:\.\d+)?")
_PER = re.compile(
    r"\s*(?:(?P<each>each|apiece)\b(?!\s+(?:hour|day|week|month|year|of)\b)|"
    r"(?:/|\bper\s|\b(?:an?|every|each|one)\s|\bfor (?:each|every|an?|one)\s|\bin (?:an?|one)\s|"
    r"\band (?=(?:month|hour|year|day)\b)|-(?=hour|month))\s*"
    r"(?:(?P<scale>thousand|million|billion|1,000|1000|100|1k|1M|k|M)\b\s*)?(?P<word>[A-Za-z]+)"
    r"(?:[\s-]+(?P<hour>hours?|h)\b)?|"
    r"(?P<adverb>hourly|daily|weekly|monthly|yearly|annually)\b)"
)
#: What an amount is told per, unless it begins what is said next.
_SUBJECT = re.compile(
    r"\s+(?:would |then |now |will )?(?:costs?|takes?|needs?|comes?|makes?|lasts?)\b", re.IGNORECASE
)
#: In what so many units are told: "0.14 per kWh".
_IN = {
    "kwh": ("Wh", 1e3),
    "gb": ("B", 1e9),
    "tb": ("B", 1e12),
    "gigabyte": ("B", 1e9),
    "terabyte": ("B", 1e12),
}


class Figure(NamedTuple):
    """A number as it stands in a text: the least and the most that it is in its units, and those."""

    start: int
    end: int
    low: float
    high: float
    powers: Powers
    words: str
    #: Half of its last digit, as a share of it.
    rounding: float = 0.0
    #: "share", "times", "period" (a word for one), "format" (bytes of a parameter), or "".
    kind: str = ""
    each: bool = False
    about: bool = False
    #: "up to", "over", "under", or a range.
    open: bool = False
    #: What else it may be: other units, with what it is to be multiplied by then.
    others: tuple[tuple[Powers, float], ...] = ()
    #: Of a share whether it is taken "of" something, or "more" or "less" than that.
    way: str = ""
    #: In which power a month is in it: "$5 a month" is -1.
    months: int = 0

    @property
    def value(self) -> float:
        """The middle of what it may be."""
        return math.sqrt(self.low * self.high)

    @property
    def counted(self) -> bool:
        """Whether it is a number of something, per nothing."""
        return len(self.powers) == 1 and self.powers[0][1] == 1 and self.powers[0][0] not in CORE


def unit_of(word: str) -> str:
    """The unit that a noun is, whatever its number."""
    word = word.lower()
    one = word[:-3] + "y" if word.endswith("ies") else word[:-2] if word.endswith(("xes", "ches")) else word
    one = one[:-1] if one == word and word.endswith("s") and word not in PERIODS else one
    return _ALIKE.get(one, one)


def in_order(powers: Mapping[str, int]) -> Powers:
    """Powers of units as they are kept, without those that cancel."""
    return tuple(sorted((unit, power) for unit, power in powers.items() if power))


def per(text: str, base: Figure) -> Figure:
    """A number with what it is told per: "per GPU per hour", "a million tokens", "each"."""
    found = base
    for _ in range(3):
        match = _PER.match(text, found.end)
        if match is None or (found.end > base.end and _begins(text, match)):
            break
        if match["each"]:
            found = found._replace(each=True, end=match.end())
            continue
        name = ADVERBS[match["adverb"]] if match["adverb"] else unit_of(match["word"])
        if match["scale"] and name in NO_NOUN and "token" in text:
            # "At $0.80 per million we paid": of what the text speaks of.
            found = _divided(text, found, match, "token")._replace(end=match.start("word"))
            break
        if name in NO_NOUN or not (name in PERIODS or match["scale"] or _is_per(match, name)):
            break
        found = _divided(text, found, match, name)
    return found


def _begins(text: str, match: re.Match[str]) -> bool:
    """Whether it begins what is said next: "at $1.80 an hour a thousand requests cost"."""
    return "/" not in match[0] and _SUBJECT.match(text, match.end()) is not None


def _is_per(match: re.Match[str], name: str) -> bool:
    """Whether a noun is what an amount is per, and not the next thing that is spoken of."""
    return name in _EACH or not match[0].lstrip().startswith(("a ", "an ", "one "))


def _divided(text: str, base: Figure, match: re.Match[str], name: str) -> Figure:
    """A number per one more unit."""
    scale, months = (SCALES[match["scale"].lower()] if match["scale"] else 1.0), 0
    if name in PERIODS:
        unit = "media" if MEDIA.match(text, match.end()) else "h"
        scale, months = PERIODS[name], int(name in ("month", "mo"))
    elif name == "kw":
        return _divided(text, _replaced(base, "h", 1), match, "kwh")
    elif name in _IN:
        unit, scale = _IN[name]
    else:
        unit = name
    powers = dict(base.powers)
    powers[unit] = powers.get(unit, 0) - 1
    if match["hour"]:
        powers["h"] = powers.get("h", 0) - 1
    # "20.8 hours a month" are so many hours, of a month.
    others = (((("h", 1),), scale),) if unit == "h" and base.powers == (("h", 1),) else base.others
    return base._replace(
        others=others, low=base.low / scale, high=base.high / scale, powers=in_order(powers), end=match.end(),
        months=base.months - months,
    )  # fmt: skip


def _replaced(base: Figure, unit: str, power: int) -> Figure:
    """A number with one more power of a unit."""
    powers = dict(base.powers)
    powers[unit] = powers.get(unit, 0) + power
    return base._replace(powers=in_order(powers))


def rounding(digits: str) -> float:
    """Half of the last digit of a number as a share of it; one that ends on zeros may be rounded there."""
    plain = digits.replace(",", "")
    value = float(plain)
    if not value:
        return 0.0
    if "." in plain:
        return 0.5 * 10.0 ** -len(plain.partition(".")[2]) / value
    zeros = len(plain) - len(plain.rstrip("0"))
    return max(min(0.5 * 10.0**zeros / value, 0.03), 0.5 / value)


def number(words: str) -> str:
    """The digits of a number as it is written, without marks of thousands; empty where it is spelled."""
    found = _DIGITS.search(words)
    return found[0].rstrip(",").replace(",", "") if found else ""


def is_bare(one: Figure) -> bool:
    """Whether it is a number and nothing else."""
    return (
        not one.powers
        and not one.kind
        and not one.others
        and one.words.strip("0123456789.,").strip() in ("", *WORDS)
    )


def corrected(one: Figure, share: float) -> Figure:
    """A number multiplied by something, with that in its words: what should stand there."""
    found = _DIGITS.search(one.words)
    if found is None:
        return one._replace(low=one.low * share, high=one.high * share)
    digits = found[0].rstrip(",").replace(",", "")
    right = written(float(digits) * share, digits)
    words = one.words[: found.start()] + right + one.words[found.end() :]
    return one._replace(low=one.low * share, high=one.high * share, words=words)
