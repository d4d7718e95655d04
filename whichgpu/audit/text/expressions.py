"""Formulas and what they are said to come to: "300M x $3 + 100M x $15 = $900 + $1,500 = $2,400".

A chain of equal sides is read from its first sign on. Each side is worked out twice, with what its numbers
are scaled by (M, billion, %) and without: "$3" of a million tokens is multiplied by millions as they stand.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.text.roundings import stated
from whichgpu.units import DAY, HOUR, MINUTE
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.findings import Finding

_DIGITS = r"(?:\d{1,3}(?:,\d{3}){1,4}|\d{1,12})(?:\.\d{1,6})?"
_POWER = r"(?:\s?[x\u00d7*]\s?10\^\d{1,2}|e\+?\d{1,2})(?!\w)"
_NUMBER = (
    r"(?:10\^\d{1,2}(?!\w)|(?:1000|1024)(?:(?:\^|\*\*)\d|[\u00b2\u00b3])|"
    rf"{_DIGITS}(?:{_POWER})?)(?![\d,]{{0,6}}\d)"
)
_OTHER_SIGNS = r"(?!x\s?[\d$]|x\b|times\b|plus\b|minus\b|equals\b|divided\b|or\b)"
#: A unit, and words of what a number is of: "80 GB/s", "8 KV heads", "2 bytes (FP16)".
_WORDS = (
    rf"(?P<unit>\s?/?{_OTHER_SIGNS}[A-Za-z%\u20ac][\w/%\u20ac-]{{0,14}})?"
    rf"(?:\s(?:\([A-Za-z][A-Za-z0-9 ,/-]{{1,24}}\)|{_OTHER_SIGNS}[A-Za-z_][\w-]{{1,14}})){{0,3}}"
)
_TERM = rf"(?:\(\s*)?[$\u20ac]?{_NUMBER}{_WORDS.replace('?P<unit>', '?:')}(?:\s*\))?"
_SIGN = r"\s*(?:[x\u00d7*/\u00f7+]|(?<=\s)[-\u2212](?=\s))\s*"
#: What a formula may begin with, where one may.
_BEGINS = re.compile(r"(?<![\w.,$\u20ac+*/=)^-])[($\u20ac\d]")
_FORMULA = re.compile(rf"(?<![\w.,$\u20ac+*/=)^-]){_TERM}(?:{_SIGN}{_TERM}){{1,8}}\s*")
_SIDE = re.compile(
    r"\s*(?P<about>(?:about|roughly|around|approximately|nearly|~|\u2248)\s*)?"
    rf"(?P<side>{_TERM}(?:{_SIGN}{_TERM}){{0,8}})"
)
_ROUGHLY = "about|roughly|around|approximately|only|just|some|nearly|almost|close to"
_EQUALS = re.compile(
    r"(?<![<>!=:])=(?!=)|\u2248|\b(?:equals|(?P<verb>is|are|makes?|gives?|comes? to|costs?))\b|"
    rf"(?P<words>(?:,\s*|\s)(?:or|so|which (?:is|makes|gives))(?=\s+(?:{_ROUGHLY})?\s*[$\u20ac~]?\d)|"
    rf",(?=\s+(?:{_ROUGHLY})\s+[$\u20ac~]?\d))",
    re.IGNORECASE,
)
#: What a formula looks like where words say what it comes to: no "24/7".
_SPACED = re.compile(r"\s[x\u00d7*/\u00f7+]\s")
#: The size of a picture.
_PICTURE = re.compile(r"\d{2,5}[x\u00d7]\d{2,5}")
_LONGEST, _NEAR = 160, 12
#: A number that brackets behind it say how to work out.
_TOLD = re.compile(r"\d\s?(?:%|percent|[A-Za-z/]{1,6})?\s*$")
#: What a number stands before or behind as a part of a longer formula.
_GOES_BEFORE = re.compile(r"[x\u00d7*/+\u2212-]\s*\(?\s*$")
_GOES_ON = re.compile(r"\s*(?:[x\u00d7*\u00f7]\s*[\w(\[{\\]|\s[+/\u2212-]\s|\+|/\s*\d)")
#: What makes the first term one of several: "2 GPUs at 350 W + 150 W".
_SEVERAL = re.compile(r"\b(?:at|of|with|times|each|per|every)\s*$|\b(?:each|per|every)\b", re.IGNORECASE)
_TOKEN = re.compile(
    rf"(?P<currency>[$\u20ac])?(?P<number>{_NUMBER}){_WORDS}|(?P<sign>[x\u00d7*/\u00f7+\u2212()-])"
)
_HIGH = str.maketrans("\u00b2\u00b3", "23")
_SIGNS = {"x": "*", "\u00d7": "*", "\u00f7": "/", "\u2212": "-"}
_SCALES = {
    "k": 1e3, "K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12, "%": 0.01, "thousand": 1e3, "million": 1e6,
    "billion": 1e9, "trillion": 1e12, "kW": 1e3, "MW": 1e6, "TB": 1e3, "TB/s": 1e3, "cents": 0.01,
    "GFLOP": 1e9, "GFLOPs": 1e9, "TFLOP": 1e12, "TFLOPs": 1e12, "PFLOP": 1e15, "PFLOPs": 1e15,
}  # fmt: skip
#: Units that a sum must have in all its terms.
_UNITS = re.compile(r"[GMTk]i?B|[kM]?W|[GT]B/s|%|hours?|days?|h|GPUs?|cards?|nodes?|TFLOPS")
#: Units that a result is told in where its formula was in smaller or larger ones.
_RESULT_UNIT = re.compile(
    r"(?:(?P<scale>[MBk])?\s+)?(?:(?:GPU|[A-Z]+\d+)[- ])?"
    r"(?P<unit>percent|per cent|cents?|minutes?|hours?|h|days?|thousand|million|billion|[kM]?Wh)\b",
    re.IGNORECASE,
)
_LENGTHS = (MINUTE, HOUR, DAY, 24.0)
_OTHER_UNITS = {
    **dict.fromkeys(("cent", "cents", "percent", "per cent"), (0.01,)),
    **dict.fromkeys(("minute", "minutes", "hour", "hours", "h", "day", "days"), _LENGTHS),
    # "410 W x 18.7 min = 128 Wh"
    **dict.fromkeys(
        ("wh", "kwh", "mwh"),
        tuple(length * scale for length in (MINUTE, 1 / 60, 1 / HOUR) for scale in (1.0, 1e-3, 1e-6)),
    ),
    "thousand": (1e3,), "million": (1e6, 1e3), "billion": (1e9, 1e6, 1e3),
}  # fmt: skip
#: Prefixes of units that formulas leave out.
_PREFIXES = (1e3, 1024.0, 1e-3, 1 / 1024, 1e6, 1e9, 1e12, 1e15)
#: How far a result may be off, where it is rounded to a power of ten or told roughly too.
_WITHIN, _ROUGH, _HALF = 0.012, 0.05, 0.5


class Equation(NamedTuple):
    """A side that is a number, or one of several terms, held against the side before it."""

    start: int
    end: int
    value: float
    told: float
    #: The formula that it is held against.
    words: str
    right: bool
    #: Whether it would be right in a unit of another prefix.
    scaled: bool


class _Side(NamedTuple):
    """What stands on one side of a sign: its place, its tokens, its value with and without scales."""

    start: int
    end: int
    words: str
    tokens: tuple[re.Match[str], ...]
    values: tuple[float, ...]
    about: bool = False

    @property
    def signs(self) -> set[str]:
        """What its numbers are joined by."""
        return {_SIGNS.get(each["sign"], each["sign"]) for each in self.tokens if each["sign"]} - {")"}

    @property
    def has_power(self) -> bool:
        """Whether a number of it is told as a power of ten."""
        return any("^" in each["number"] or "e" in each["number"] for each in self.tokens if each["number"])


def equations(text: str) -> Iterator[Equation]:
    """Every number that a formula is said to come to, with the value of the formula."""
    before: list[_Side] = []
    for sign in _EQUALS.finditer(text):
        if not before or text[before[-1].end : sign.start()].strip():
            first = _left(text, sign.start())
            before = [first] if first and (first.signs or not sign["verb"]) else []
        glossed = before and sign["words"] and _is_gloss(text, before[-1])
        if glossed or (sign["words"] and not (before and _SPACED.search(before[-1].words))):
            before = []
            continue
        if before and sign["verb"] and _PICTURE.fullmatch(before[-1].words.strip()):
            # "One pass at 1024x1024 is 3.4 TMACs".
            before = []
            continue
        told = _SIDE.match(text, sign.end())
        # "(4 x $7,900 = $31,600)": the last bracket is of more than the side.
        closed = told is not None and told["side"].count(")") > told["side"].count("(")
        end = told.end("side") - closed if told else 0
        side = _side(text, told.start("side"), end, about=bool(told["about"])) if told else None
        if side is None or _GOES_ON.match(text, side.end):
            before = []
            continue
        if before:
            yield from _held(text, before, side)
            before.append(side)


def _is_gloss(text: str, side: _Side) -> bool:
    """Whether a formula in brackets makes the number before it: "58 % (2.10 / 3.60), about 14 hours"."""
    inside = text[side.start : side.end].strip()
    told = _TOLD.search(text, max(0, side.start - _NEAR), side.start)
    return told is not None and inside.startswith("(") and inside.endswith(")")


def _left(text: str, end: int) -> _Side | None:
    """The longest formula that ends before a sign."""
    for begun in _BEGINS.finditer(text, max(0, end - _LONGEST), end):
        at = begun.start()
        found = _FORMULA.fullmatch(text, at, end)
        if found and not _GOES_BEFORE.search(text, max(0, at - 4), at):
            side = _side(text, at, end)
            if side is None:
                # "(4 x $7,900 = $31,600 for the cards)": the bracket is of more than the formula.
                continue
            return None if _is_of_several(text, side) else side
    return None


def _is_of_several(text: str, side: _Side) -> bool:
    """Whether the terms of a sum are of several units, or the first of them is of each of several things."""
    if not {"+", "-"} & side.signs:
        return False
    before = text[max(0, side.start - _NEAR) : side.start]
    kinds = [{"$"} if any(each["currency"] for each in term) else
             {found[0] for each in term if (found := _UNITS.fullmatch((each["unit"] or "").strip()))}
             for term in _terms(side)]  # fmt: skip
    known = [{one.lstrip("kMGT") for one in kind} for kind in kinds if kind]
    mixed = any(kind != known[0] for kind in known) or "%" in side.words
    return mixed or bool(_SEVERAL.search(before) or _SEVERAL.search(side.words))


def _terms(side: _Side) -> list[list[re.Match[str]]]:
    """The numbers of a side, term by term of its sum."""
    found: list[list[re.Match[str]]] = [[]]
    for each in side.tokens:
        if each["number"]:
            found[-1].append(each)
        elif _SIGNS.get(each["sign"], each["sign"]) in "+-":
            found.append([])
    return found


def _side(text: str, start: int, end: int, *, about: bool = False) -> _Side | None:
    """A side of an equation with its values; None where its brackets do not match."""
    tokens = tuple(_TOKEN.finditer(text, start, end))
    values = []
    for scaled in (False, True):
        plain = [_plain(each, scaled=scaled) if each["number"] else
                 _SIGNS.get(each["sign"], each["sign"]) for each in tokens]  # fmt: skip
        worked = _value(_with_shares(plain, tokens))
        if worked is None or worked <= 0:
            return None
        values.append(worked)
    return _Side(start, end, " ".join(text[start:end].split()), tokens, tuple(dict.fromkeys(values)), about)


def _with_shares(values: list[float | str], tokens: Sequence[re.Match[str]]) -> list[float | str]:
    """The values of a formula with what is added or taken off in percent as a share: "140 GB + 20%"."""
    made: list[float | str] = []
    for at, (value, token) in enumerate(zip(values, tokens, strict=True)):
        share = token["number"] and (token["unit"] or "").strip() == "%" and made and made[-1] in ("+", "-")
        alone = at + 1 == len(values) or values[at + 1] in ("+", "-", ")")
        if share and alone and "+" not in made[:-1] and "-" not in made[:-1]:
            part = float(token["number"].replace(",", "")) / 100.0
            made[-1:] = ["*", 1.0 + part if made[-1] == "+" else 1.0 - part]
        else:
            made.append(value)
    return made


def _told_in(unit: re.Match[str]) -> tuple[float, ...]:
    """The factors that a result may be off by for its unit: "54 days x 24,576 = 31.85M hours"."""
    own = _OTHER_UNITS[unit["unit"].lower()]
    scale = {"m": 1e6, "b": 1e9, "k": 1e3}.get((unit["scale"] or "").lower(), 1.0)
    return own if scale == 1.0 else (*own, *(scale / each for each in own), *(scale * each for each in own))


#: Rates of bits, and what is told in bytes of what they were multiplied by.
_OF_BITS = re.compile(r"[kMGT]?(?:bps|bits?/s|b/s|bit/s|bits? per second)")
_OF_BYTES = re.compile(r"[kMGT]?i?B(?:/s|ps)?|bytes?(?:/s)?")
_BITS = 8.0


def _in_bytes(last: _Side, side: _Side) -> _Side:
    """A product of a rate of bits as bytes where it is told in them: "256 bit x 23 Gbps = 736 GB/s"."""
    units = [(each["unit"] or "").strip() for each in last.tokens if each["number"]]
    told = [(each["unit"] or "").strip() for each in side.tokens if each["number"]]
    bits = any(_OF_BITS.fullmatch(each) for each in units)
    # "256 x 23 Gbps / 8" has them already.
    divided = any(each["number"] in ("8", "0.125") for each in last.tokens if each["number"])
    if not bits or divided or last.signs != {"*"} or not all(_OF_BYTES.fullmatch(each) for each in told):
        return last
    return last._replace(values=tuple(value / _BITS for value in last.values))


def _held(text: str, before: Sequence[_Side], side: _Side) -> Iterator[Equation]:
    """A side against those before it: the number it is, or the term of it that differs."""
    numbers = [each for each in side.tokens if each["number"]]
    before = [_in_bytes(each, side) for each in before]
    last = before[-1]
    if len(numbers) == 1:
        if not last.signs and not _fits(last, side, ()):
            # "305 hours/month = 10 hours/day": one amount in another unit.
            return
        unit = _RESULT_UNIT.match(text, numbers[0].end("number"))
        yield _judged(last, side, numbers[0], before, _told_in(unit) if unit else ())
        return
    pairs = list(zip(_terms(last), _terms(side), strict=False))
    same = len(_terms(last)) == len(_terms(side)) == len(pairs) > 1 and "/" not in last.signs
    if _fits(last, side, ()) or not same or any(len(one) != 1 for _, one in pairs):
        return
    for factors, (told,) in pairs:
        part = _side(text, factors[0].start(), factors[-1].end())
        one = _side(text, told.start(), told.end())
        if part and one and len(factors) > 1 and not _fits(part, one, ()):
            yield _judged(part, one, told, (part,), ())


def _judged(
    last: _Side, side: _Side, told: re.Match[str], before: Sequence[_Side], units: Sequence[float]
) -> Equation:
    right = any(_fits(each, side, ()) for each in before)
    plain = _plain(told, scaled=False)
    scale = _plain(told, scaled=True) / plain
    # In the unit of the result: MW of kW.
    real = min((last.values[0], last.values[-1] / scale), key=lambda one: abs(math.log(plain / one)))
    free = not (last.has_power and side.has_power)
    scaled = free and any(
        abs(value * prefix / other - 1) <= _ROUGH
        for prefix in (*_PREFIXES, *units) for value in side.values for other in last.values
    )  # fmt: skip
    return Equation(*told.span("number"), real, plain, last.words, right, scaled)


#: What a result that ends in a nought may be off by, whatever its noughts may have been rounded from.
_TENS = 0.1


def _fits(last: _Side, side: _Side, units: Sequence[float]) -> bool:
    """Whether a side is what the one before comes to, as it is rounded."""
    rounded = last.about or side.about or last.has_power or side.has_power
    digits = next(each["number"] for each in side.tokens if each["number"])
    within = max(_WITHIN, _ROUGH * rounded)
    if not side.has_power and len(side.tokens) == 1:
        rounding = stated(float(digits.replace(",", "")), digits, "", frozenset()).rounding * 1.01
        # "13B x 2 bytes = 20 GB" is no 26 that was rounded to tens.
        within = max(
            within,
            min(rounding, _TENS) if rounding > _TENS and float(digits.replace(",", "")) >= 10.0 else rounding,
        )
    counted = last.signs - {"*"}
    return any(
        abs(told / real - 1) <= within
        or (counted and told == int(told) and (abs(told - real) <= _HALF or told == math.ceil(real)))
        for told in side.values
        for real in last.values
    )


def _plain(token: re.Match[str], *, scaled: bool) -> float:
    """A number as it is written, or with what its unit scales it by."""
    digits = re.sub(r"\s?[x\u00d7*]\s?10\^", "e", token["number"].replace(",", ""))
    base = (
        re.fullmatch(r"(10\d*)(?:\^|\*\*)?([\d\u00b2\u00b3]{1,2})", digits)
        if re.search(r"^10\d*(?:\^|\*\*)|[\u00b2\u00b3]", digits)
        else None
    )
    value = float(base[1]) ** int(base[2].translate(_HIGH)) if base else float(digits)
    return value * _SCALES.get((token["unit"] or "").strip(), 1.0) if scaled else value


def _value(tokens: Sequence[float | str]) -> float | None:
    """The value of a formula; None where its brackets do not match or it divides by nothing."""
    if any(isinstance(a, float) == isinstance(b, float) and "(" != b != ")" and a not in ("(", ")")
           for a, b in pairwise(tokens)):  # fmt: skip
        return None
    try:
        value, rest = _sum(tokens)
    except (IndexError, ValueError, ZeroDivisionError, OverflowError):
        return None
    return None if rest else value


def _sum(tokens: Sequence[float | str]) -> tuple[float, Sequence[float | str]]:
    value, rest = _product(tokens)
    while rest and rest[0] in ("+", "-"):
        term, after = _product(rest[1:])
        value, rest = value + term if rest[0] == "+" else value - term, after
    return value, rest


def _product(tokens: Sequence[float | str]) -> tuple[float, Sequence[float | str]]:
    value, rest = _factor(tokens)
    while rest and rest[0] in ("*", "/"):
        factor, after = _factor(rest[1:])
        value, rest = value * factor if rest[0] == "*" else value / factor, after
    return value, rest


def _factor(tokens: Sequence[float | str]) -> tuple[float, Sequence[float | str]]:
    if isinstance(tokens[0], float):
        return tokens[0], tokens[1:]
    if tokens[0] != "(":
        raise ValueError
    value, rest = _sum(tokens[1:])
    if rest[0] != ")":
        raise ValueError
    return value, rest[1:]


_BEHIND_EQUALS = re.compile(r"[\d)\w%]\s*=\s*[~\u2248$\u20ac\u00a3]*\s*$")
_LEAD = 12


def is_written_out(found: Finding, original: str) -> bool:
    """Whether an accused amount stands behind the mark of equality of its own formula: "68 / 2 = 44"."""
    lead = max(0, found.start - _LEAD)
    return found.attribute == "formula" and _BEHIND_EQUALS.search(original, lead, found.start) is not None
