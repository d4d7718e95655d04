"""Every amount of a text with what it is of and per, in SI units: in digits, words and shares."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.closure.units import (
    ADVERB,
    APIECE,
    AXES,
    BEFORE,
    ITEMS,
    NUMBERS,
    OTHER,
    PER,
    PERIOD_WORDS,
    PERIODS,
    SCALE,
    SCALES,
    SPELLED_UNITS,
    THING,
    THINGS,
)
from whichgpu.audit.patterns import MANY
from whichgpu.audit.text.quantities import multiples, quantities
from whichgpu.units import HOUR, KWH
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from whichgpu.audit.text.quantities import Quantity

    Places = tuple[tuple[int, int], ...]
    Powers = tuple[int, ...]


class Amount(NamedTuple):
    """An amount: `low` to `high` in units of `dims`, powers of `AXES`."""

    start: int
    end: int
    low: float
    high: float
    dims: tuple[int, ...]
    words: str
    #: Whether it counts things or is a bare number, is a share, or a multiple.
    kind: str = "amount"
    #: What is counted, and of what it is one: "gpu", "node"; "each".
    noun: str = ""
    per: str = ""
    sign: str = ""
    limit: str = ""
    #: How far rounding may have moved it, as a share.
    slack: float = 0.0
    #: The number as it stands, without its scale.
    digits: float = 1.0

    @property
    def bare(self) -> bool:
        """Whether it is a plain number or a count."""
        return not any(self.dims)

    @property
    def middle(self) -> float:
        """Between its ends."""
        return (self.low + self.high) / 2


def powers(**told: int) -> Powers:
    """Powers of the axes by their names."""
    return tuple(told.get(axis, 0) for axis in AXES)


_OF: Mapping[str, tuple[Powers, float]] = {
    "money": (powers(money=1), 1.0), "time": (powers(second=1), 1.0), "energy": (powers(joule=1), HOUR),
    "power": (powers(joule=1, second=-1), 1.0), "memory": (powers(byte=1), 1.0),
    "bandwidth": (powers(byte=1, second=-1), 1.0), "bit rate": (powers(byte=1, second=-1), 1 / 8),
    "bits": (powers(byte=1), 1 / 8), "flop rate": (powers(flop=1, second=-1), 1.0),
    "op rate": (powers(flop=1, second=-1), 1.0), "rate": (powers(item=1, second=-1), 1.0),
    "number": (powers(), 1.0), "count": (powers(), 1.0), "percent": (powers(), 1.0), "times": (powers(), 1.0),
}  # fmt: skip
_BEHIND = re.compile(
    rf"[\s-]*(?:{SCALE}[\s-]+)?(?:of\s+(?=them|these|those))?"
    r"(?!(?:per|an?|and|or|at|in|on|of(?! them| these| those)|for|to|is|are|each|every|the|with)\s)"
    r"(?:(?!(?:per|an?|and|or|at|in|on|of|for|to|is|are|each|every|the|with)\s)(?:[A-Za-z][\w.-]*)\s+){0,2}?"
    rf"(?:(?P<flops>[GTPE])FLOPS?(?=\s(?:per|an?|each|every|for|/))|(?P<worked>(?:gpu|card|node|instance|"
    rf"accelerator|device)[\s-]?hours?)|(?P<item>{ITEMS})|"
    rf"(?P<unit>{'|'.join(map(re.escape, sorted(SPELLED_UNITS, key=len, reverse=True)))})s?|"
    rf"{PERIOD_WORDS}|{THING})\b"
    r"(?![\s-](?:rate|size|limit|window|old|ago|later|earlier|warranty|gen\w*)\b)",
    re.IGNORECASE,
)
_WORDS = re.compile(
    rf"(?<![\w-])(?P<n>{'|'.join(map(re.escape, sorted(NUMBERS, key=len, reverse=True)))})(?![\w])",
    re.IGNORECASE,
)
_FRACTION = re.compile(
    r"\b(?P<n>an?|one|two|three|four|five|seven|nine)[\s-](?P<of>half|hal(?:ves)|thirds?|quarters?|fifths?|"
    r"sixths?|eighths?|tenths?)\b(?!\s+(?:party|generation|card|gpu|time|year))|"
    r"\b(?P<half>half)\b(?!\s+(?:an?\b|precision|year))"
    r"(?!-)",
    re.IGNORECASE,
)
#: "A 13B model".
_BILLIONS = re.compile(
    r"(?<![\w.$])(?P<n>\d{1,4}(?:\.\d{1,2})?)\s?B(?=[\s-](?:\w+[\s-])?(?:models?|parameters?|params?|"
    r"weights|network)\b)"
)
_PARTS = {"half": 2, "hal": 2, "thi": 3, "qua": 4, "fif": 5, "six": 6, "eig": 8, "ten": 10}
_UPS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "seven": 7, "nine": 9}
#: Numbers that count or measure nothing: years, versions, formats, steps of a list.
_NO_AMOUNT = re.compile(
    r"\b(?:version|v|gen(?:eration)?|chapter|section|figure|fig\.|table|step|part|page|level|tier|cuda|"
    r"pytorch|"
    r"driver|ubuntu|windows|pcie|llama|qwen|gemma|phi|mi[sx]tral|gpt|falcon|sdxl|flux|ddr|zone|no\.|number|"
    r"top|fp|int|rtx|gtx|tp|pp|dp|option|plan|q)[\s-]?$",
    re.IGNORECASE,
)
_YEAR = re.compile(r"(?:19|20)\d\d")
_DIGITS = re.compile(r"\d[\d,.\u00a0 ]*\d|\d")
_MONEYS = {"$": "$", "us$": "$", "usd": "$", "dollars": "$", "dollar": "$", "cents": "$", "cent": "$",
           "\u00a2": "$", "\u20ac": "\u20ac", "eur": "\u20ac", "euros": "\u20ac", "euro": "\u20ac",
           "\u00a3": "\u00a3"}  # fmt: skip
#: How far a figure of few digits may be from what it rounds, at most.
_ROUNDED = 0.06
#: "24/7", "1920 x 1080", "8:1".
_NOT_ALONE = re.compile(r"\s?[/:]\s?\d|\s?[x\u00d7]\s?\d{3}|[.-]\d")


@lru_cache(maxsize=MANY)
def amounts(text: str, fraction: str = ".", names: Places = ()) -> tuple[Amount, ...]:
    """The amounts of a text in order, without numbers in the names of devices (their places)."""
    taken = bytearray(len(text))
    for start, end in names:
        taken[start:end] = b"\1" * (end - start)
    found: list[Amount] = []
    for each in _every(text, fraction, names):
        if 1 not in taken[each.start : each.end]:
            taken[each.start : each.end] = b"\1" * (each.end - each.start)
            found.append(each)
    return tuple(sorted(found, key=lambda one: one.start))


def _every(text: str, fraction: str, names: Places) -> Iterator[Amount]:
    for match in _BILLIONS.finditer(text):
        value = float(match["n"]) * 1e9
        yield Amount(*match.span(), value, value, powers(), match[0], "count", "parameter")
    for each in quantities(text, fraction):
        if each.value > 0 and (made := _of_digits(text, each, names)):
            yield made
    for many in multiples(text):
        # "Half of it" is read as a share below.
        if many.value > 1:
            yield Amount(many.start, many.end, many.value, many.value, powers(), text[many.start : many.end],
                         "times", limit=many.limit, slack=0.1 if many.limit else 0.04)  # fmt: skip
    for match in _FRACTION.finditer(text):
        share = 0.5 if match["half"] else _UPS[match["n"].lower()] / _PARTS[_part(match["of"].lower())]
        yield Amount(*match.span(), share, share, powers(), match[0], "share", slack=0.03)
    for match in _WORDS.finditer(text):
        if made := _of_words(text, match, names):
            yield made


def _part(word: str) -> str:
    return "half" if word == "half" else word[:3]


def _of_digits(text: str, each: Quantity, names: Places) -> Amount | None:
    """A number in digits with its unit, what it counts and what it is per."""
    dims, scale = _OF.get(each.dimension, (powers(other=1), 1.0))
    words = text[each.start : each.end]
    sign = _MONEYS.get(each.unit.lower(), each.unit) if each.dimension == "money" else ""
    kind = {"percent": "share", "times": "times", "number": "number", "count": "number"}.get(
        each.dimension, "amount"
    )
    limit = "range" if each.high != each.value else each.limit
    if limit in ("up to", "over") and _NO_LIMIT.search(text, max(0, each.start - 24), each.start):
        limit = ""
    base = Amount(each.start, each.end, each.value * scale, each.high * scale, dims, words, kind, sign=sign,
                  limit=limit, slack=_slack(words, each.dimension), digits=_number(words, each))  # fmt: skip
    if kind == "number":
        if _is_no_amount(text, each) and each.dimension == "number":
            return None
        base = _counting(text, base, names)
    return _with_per(text, base)


#: "Adds up to $583", "over a 10 Gbit/s link": no limits.
_NO_LIMIT = re.compile(
    r"\b(?:add(?:s|ed|ing)?|sum(?:s|ming)?|com(?:es|ing)|run(?:s|ning)?|work(?:s|ing)?) up to\s|\b(?:across|"
    r"through|goes|went|go|sent|copied|moved|pulled|spread|divided|amorti[sz]ed|split|s|B) over (?:an? )?$",
    re.IGNORECASE,
)


def _number(words: str, each: Quantity) -> float:
    found = _DIGITS.search(words)
    return float(re.sub(r"[^\d.]", "", found[0]) or 1) if found and found[0].count(".") < 2 else each.value


#: Around a number that stands between the words of a name.
_NAME_BEFORE, _NAME_BEHIND = re.compile(r"[A-Za-z]-$"), re.compile(r"-[A-Za-z]")


def _is_no_amount(text: str, each: Quantity) -> bool:
    words = text[each.start : each.end]
    if _YEAR.fullmatch(words) and not re.match(
        r"\s?(?:hours|gpus|cards|tokens|images|requests|x)", text[each.end :]
    ):
        return True
    if re.search(r"\d[/:]$|\bZen $", text[max(0, each.start - 4) : each.start]):
        return True
    if _NAME_BEFORE.search(text, max(0, each.start - 4), each.start) and _NAME_BEHIND.match(text, each.end):
        # "nemotron-3-super".
        return True
    alone = not re.match(r"\s?[A-Za-z%]", text[each.end : each.end + 2])
    named = alone and _NO_AMOUNT.search(text, max(0, each.start - 12), each.start)
    return bool(named or _NOT_ALONE.match(text, each.end))


def _of_words(text: str, match: re.Match[str], names: Places) -> Amount | None:
    """A number in words, where it counts or measures something."""
    word = match["n"].lower()
    value = float(NUMBERS[word])
    base = Amount(*match.span(), value, value, powers(), match[0], "number", digits=value)
    if _BACK.match(text, base.end):
        return None
    made = _counting(text, base, names)
    article = word in ("a", "an", "one", "the", "a single", "a full", "a whole", "an entire")
    if article and not (
        made.dims == powers(second=1) and _FOR.search(text, max(0, match.start() - 12), match.start())
    ):
        return None
    if article and word == "the" and made.words.split()[-1].lower().endswith("s"):
        return None
    return _with_per(text, made)


_BACK = re.compile(
    r"[\s-]+(?:\w+\s)?(?:hours?|days?|weeks?|months?|years?|generations?)[\s-](?:ago|later|earlier|old|"
    r"before|after|warranty|newer|older)\b",
    re.IGNORECASE,
)
#: Before "a week" that is how long something lasts.
_FOR = re.compile(
    r"\b(?:for|over|in|within|during|after|through(?:out)?|of|takes?|lasts?|needs?|is|all|whole) $",
    re.IGNORECASE,
)


def _counting(text: str, base: Amount, names: Places) -> Amount:
    """A bare number with what it counts or measures."""
    near = next((one for one in names if 0 <= one[0] - base.end < len(" of the ")), None)
    found = _BEHIND.match(text, base.end)
    if near and (found is None or found.end() > near[0] + 1):
        # "1,200 V100-hours", "six RTX 3090s".
        worked = _WORKED.match(text, near[1])
        if worked is None:
            return base._replace(kind="count", noun="gpu")
        return _measured(base._replace(end=worked.end(), noun="worked"), powers(second=1), HOUR)
    if found is None:
        scale = _SCALED.match(text, base.end)
        return _measured(base._replace(end=scale.end()), powers(), _scale(scale), "number") if scale else base
    words = text[base.start : found.end()]
    return _of_noun(_measured(base._replace(end=found.end(), words=words), powers(), _scale(found)), found)


_WORKED = re.compile(r"[\s-]hours?\b", re.IGNORECASE)
_SCALED = re.compile(rf"[\s-]?{SCALE}(?![\w-])", re.IGNORECASE)
_FLOPS = {"G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18}


def _scale(match: re.Match[str]) -> float:
    return SCALES[match["scale"].lower()] if match["scale"] else 1.0


def _measured(one: Amount, dims: Powers, by: float, kind: str = "amount") -> Amount:
    """A number as an amount of a dimension."""
    return one._replace(dims=dims, low=one.low * by, high=one.high * by, kind=kind)


def _of_noun(base: Amount, found: re.Match[str]) -> Amount:
    """A number with the noun or unit behind it."""
    if found["item"]:
        return _measured(base._replace(noun=found["item"].lower().rstrip("s")), powers(item=1), 1.0)
    if found["worked"]:
        return _measured(base._replace(noun="worked"), powers(second=1), HOUR)
    if found["flops"]:
        return _measured(base, powers(flop=1, second=-1), _FLOPS[found["flops"].upper()])
    if found["unit"]:
        of, factor = SPELLED_UNITS[found["unit"].lower()]
        sign = {"euro": "\u20ac"}.get(found["unit"].lower(), "$") if "money" in of else ""
        return _measured(base._replace(sign=sign), powers(**of), factor)
    if period := next((name for name in PERIODS if found[name]), ""):
        low, high = PERIODS[period]
        return _measured(base, powers(second=1), low)._replace(high=base.high * high)
    return base._replace(kind="count", noun=next(name for name in THINGS if found[name]))


def _with_per(text: str, base: Amount) -> Amount:
    """An amount with all that it is per, behind it or before it."""
    if base.kind in ("share", "times"):
        return base
    one, known = base, base.dims
    for _ in range(2):
        if apiece := _EACH_PER.match(text, one.end):
            one = one._replace(end=apiece.end(), per="each")
        found = PER.match(text, one.end)
        if found is None:
            break
        one = _divided(one, found)
    if apiece := APIECE.match(text, one.end):
        one = one._replace(end=apiece.end(), per=one.per or "each")
    if adverb := ADVERB.match(text, one.end):
        low, high = PERIODS[next(name for name in PERIODS if name in adverb.groupdict() and adverb[name])]
        one = _over(one._replace(end=adverb.end()), powers(second=1), low, high)
    before = (
        BEFORE.search(text, max(0, one.start - 90), one.start) if one.dims == known and not one.per else None
    )
    # Between them stands no other figure.
    return _divided(one, before, end=one.end) if before and not re.search(r"\d", before[0][8:]) else one


#: "$1.19 each per hour".
_EACH_PER = re.compile(r"\s*(?:each|apiece)(?=\s+(?:per|an?|every)\s)", re.IGNORECASE)
_PER_UNITS: Mapping[str, tuple[Powers, float]] = {
    "hours": (powers(second=1), HOUR), "kwh": (powers(joule=1), KWH), "mwh": (powers(joule=1), 3.6e9),
    "kw": (powers(joule=1, second=-1), 1e3), "watt": (powers(joule=1, second=-1), 1.0),
    "gb": (powers(byte=1), 1e9), "tb": (powers(byte=1), 1e12), "tflops": (powers(flop=1, second=-1), 1e12),
    "million": (powers(), 1e6), "thousand": (powers(), 1e3),
}  # fmt: skip


def _divided(one: Amount, found: re.Match[str], *, end: int | None = None) -> Amount:
    """An amount per what a match names."""
    told = {key: value for key, value in found.groupdict().items() if value}
    one = one._replace(end=found.end() if end is None else end)
    by = SCALES[told["scale"].lower()] if "scale" in told else 1.0
    if many := told.get("many"):
        by *= {"1m": 1e6, "1k": 1e3}.get(many.lower()) or float(many.replace(",", ""))
    for unit, (dims, factor) in _PER_UNITS.items():
        if unit in told:
            one = _over(one, dims, factor, factor)
            return one._replace(per="gpu") if unit == "hours" else one
    if "item" in told:
        return _over(one, powers(item=1), by, by)
    if period := next((name for name in PERIODS if name in told), ""):
        return _over(one, powers(second=1), *PERIODS[period])
    thing = next(name for name in THINGS if name in told)
    if "thing_hours" in told:
        one = _over(one, powers(second=1), HOUR, HOUR)
    return one._replace(per=thing)


def _over(one: Amount, dims: Powers, low: float, high: float) -> Amount:
    left = tuple(a - b for a, b in zip(one.dims, dims, strict=True))
    return one._replace(dims=left, low=one.low / high, high=one.high / low, kind="amount")


def _slack(words: str, dimension: str) -> float:
    """Half of the last digit of a figure, as a share of it; zeros at its end may be rounded."""
    found = _DIGITS.search(words)
    plain = found[0].replace(",", "").replace(" ", "") if found else "1"
    digits = plain.replace(".", "").lstrip("0") or "1"
    if "." not in plain:
        digits = digits.rstrip("0") or "1"
    # Money and counts are told in full, other figures as they are measured.
    most = _ROUNDED if dimension not in ("number", "count") else 0.03
    return min(0.5 / float(digits), most)


def is_opaque(one: Amount) -> bool:
    """Whether no result follows from an amount: a clock, a process, an area."""
    return bool(one.dims[OTHER])
