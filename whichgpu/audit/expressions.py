"""Formulas with a sum, brackets, or products and quotients: "(2 x 936) / 40 = 47", "7 x 16 / 8 = 14"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re

if TYPE_CHECKING:
    from collections.abc import Iterator

_NUMBER = r"(?:\d{1,3}(?:,\d{3}){1,4}|\d{1,12})(?:\.\d{1,6})?(?:e\+?\d{1,2}(?!\w))?"
_COUNTED = r"GPUs?|cards?|hours?|days?|nodes?|TFLOPS|USD|EUR"
_UNIT = rf"(?:\s?(?:[GMTk]i?B|[kM]?W|[GT]B/s|%|h|\u20ac|{_COUNTED})(?![\w/]))?"
#: What a term is of: "14 GB parameters + 56 GB optimizer states".
_WORDS = r"[A-Za-z][A-Za-z-]{2,14}"
_OF = rf"(?:\s+(?:\([A-Za-z][A-Za-z -]{{1,20}}\)|(?:(?:for|of)\s+)?{_WORDS}(?:\s+{_WORDS}){{0,2}}))?"
_TERM = rf"(?:\(\s*)?[$\u20ac]?{_NUMBER}{_UNIT}{_OF}(?:\s*\))?"
#: What makes the first term one of several: "2 GPUs at 350 W + 150 W".
_SEVERAL = re.compile(r"\b(?:at|of|with|times|each|per|every)\s*$|\b(?:each|per|every)\b", re.IGNORECASE)
#: Words between the numbers of a formula, which are no part of it, and units of a thousand others.
_OF_WHAT = re.compile(rf"\([A-Za-z][A-Za-z -]*\)|\b(?!(?:{_COUNTED})\b)[A-Za-z][A-Za-z-]{{2,}}")
_LARGER = {("W", "kW"): 1e3, ("kW", "MW"): 1e3, ("GB", "TB"): 1e3}
_SIGN = r"\s*(?:[x\u00d7*/\u00f7+]|(?<=\s)[-\u2212](?=\s))\s*"
#: What a formula is said to come to, and the formula of two to eight numbers that ends before it.
_RESULT = re.compile(
    rf"[=\u2248]\s*(?:about |roughly |~)?[$\u20ac]?(?P<right>{_NUMBER})(?P<unit>{_UNIT})(?![\d.,]*\d|"
    rf"\s*[x\u00d7*/+(])"
)
_FORMULA = re.compile(rf"(?<![\w.,$\u20ac+*/=)-])(?P<left>{_TERM}(?:{_SIGN}{_TERM}){{1,7}})\s*")
_LONGEST, _NEAR = 120, 12
_TOKEN = re.compile(rf"(?P<number>{_NUMBER})(?P<unit>{_UNIT})|(?P<sign>[x\u00d7*/\u00f7+\u2212()-])")
_SIGNS = {"x": "*", "\u00d7": "*", "\u00f7": "/", "\u2212": "-"}


def sums(text: str) -> Iterator[tuple[tuple[int, int], float, float, str]]:
    """Every formula with a sum or brackets: the place of its result, its value, what is told, its words."""
    for match in _RESULT.finditer(text):
        start = max(0, match.start() - _LONGEST)
        formula = next(
            (
                each
                for at in range(start, match.start())
                if (each := _FORMULA.fullmatch(text, at, match.start()))
            ),
            None,
        )
        if formula is None:
            continue
        left = _OF_WHAT.sub(" ", formula["left"])
        before = text[max(0, formula.start() - _NEAR) : formula.start()]
        if _SEVERAL.search(before) or _SEVERAL.search(formula["left"]):
            continue
        tokens = list(_TOKEN.finditer(left))
        signs = [_SIGNS.get(each["sign"], each["sign"]) for each in tokens if each["sign"]]
        units = {each["unit"].strip() for each in tokens if each["number"]} - {""}
        unit = match["unit"].strip()
        powers = any("e" in each["number"] for each in tokens if each["number"])
        mixed = {"+", "-", "("} & set(signs) or {"*", "/"} <= set(signs)
        scale = max((_LARGER.get((each, unit), 0.0) for each in units), default=0.0)
        apart = len(units) > 1 or (units and unit and unit not in units and not scale)
        if not (powers or mixed) or ({"+", "-"} & set(signs) and apart):
            # Products alone and quotients alone are told elsewhere; terms of several units are no sum.
            continue
        value = _value([each["number"] or _SIGNS.get(each["sign"], each["sign"]) for each in tokens])
        if value and value > 0:
            value = value / (scale or 1.0)
            yield (
                match.span("right"),
                value,
                _plain(match["right"]),
                re.sub(r"\s+", " ", formula["left"].strip()),
            )


def _plain(digits: str) -> float:
    return float(digits.replace(",", ""))


def _value(tokens: list[str]) -> float | None:
    """The value of a formula; None where its brackets do not match or it divides by nothing."""
    try:
        value, rest = _sum(tokens)
    except (IndexError, ValueError, ZeroDivisionError):
        return None
    return None if rest else value


def _sum(tokens: list[str]) -> tuple[float, list[str]]:
    value, rest = _product(tokens)
    while rest and rest[0] in "+-":
        term, after = _product(rest[1:])
        value, rest = value + term if rest[0] == "+" else value - term, after
    return value, rest


def _product(tokens: list[str]) -> tuple[float, list[str]]:
    value, rest = _factor(tokens)
    while rest and rest[0] in "*/":
        factor, after = _factor(rest[1:])
        value, rest = value * factor if rest[0] == "*" else value / factor, after
    return value, rest


def _factor(tokens: list[str]) -> tuple[float, list[str]]:
    if tokens[0] != "(":
        return _plain(tokens[0]), tokens[1:]
    value, rest = _sum(tokens[1:])
    if rest[0] != ")":
        raise ValueError
    return value, rest[1:]
