"""Formulas with a sum, brackets, or products and quotients: "(2 x 936) / 40 = 47", "7 x 16 / 8 = 14"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re

if TYPE_CHECKING:
    from collections.abc import Iterator

_NUMBER = r"(?:\d{1,3}(?:,\d{3}){1,4}|\d{1,12})(?:\.\d{1,6})?(?:e\+?\d{1,2}(?!\w))?"
_UNIT = (
    r"(?:\s?(?:[GMTk]i?B|k?W|[GT]B/s|TFLOPS|%|GPUs?|cards?|hours?|h|days?|nodes?|USD|EUR|\u20ac)(?![\w/]))?"
)
#: What a term is of: "14 GB parameters + 56 GB optimizer states".
_WORDS = r"[A-Za-z][A-Za-z-]{2,14}"
_OF = rf"(?:\s+(?:\([A-Za-z][A-Za-z -]{{1,20}}\)|(?:(?:for|of)\s+)?{_WORDS}(?:\s+{_WORDS}){{0,2}}))?"
_TERM = rf"(?:\(\s*)?[$\u20ac]?{_NUMBER}{_UNIT}{_OF}(?:\s*\))?"
#: What makes the first term one of several: "2 GPUs at 350 W + 150 W".
_SEVERAL = re.compile(r"\b(?:at|of|with|times|each|per|every)\s*$|\b(?:each|per|every)\b", re.IGNORECASE)
_SIGN = r"\s*(?:[x\u00d7*/\u00f7+]|(?<=\s)[-\u2212](?=\s))\s*"
#: What a formula is said to come to, and the formula of two to eight numbers that ends before it.
_RESULT = re.compile(
    rf"=\s*(?:about |roughly |~)?[$\u20ac]?(?P<right>{_NUMBER})(?P<unit>{_UNIT})(?![\d.,]*\d|"
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
        left = formula["left"]
        before = text[max(0, formula.start() - _NEAR) : formula.start()]
        if _SEVERAL.search(before) or _SEVERAL.search(left):
            continue
        tokens = list(_TOKEN.finditer(left))
        signs = [_SIGNS.get(each["sign"], each["sign"]) for each in tokens if each["sign"]]
        units = {each["unit"].strip() for each in tokens if each["number"]} | {match["unit"].strip()}
        powers = any("e" in each["number"] for each in tokens if each["number"])
        mixed = {"+", "-", "("} & set(signs) or {"*", "/"} <= set(signs)
        summed = {"+", "-"} & set(signs)
        if not (powers or mixed) or (summed and len(units) > 1 and units != {"", match["unit"].strip()}):
            # Products alone and quotients alone are told elsewhere; terms of several units are no sum.
            continue
        value = _value([each["number"] or _SIGNS.get(each["sign"], each["sign"]) for each in tokens])
        if value:
            yield match.span("right"), value, _plain(match["right"]), re.sub(r"\s+", " ", left.strip())


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
