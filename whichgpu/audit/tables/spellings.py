"""Units as a table's cells write them where their label says what is measured: "24G" of memory.

In running text these could be anything; in a cell whose label names the attribute they are its unit
(`data/labels.toml`). A cell is read with its units as `quantities` knows them, and every place is its own.
"""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.facts import store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from whichgpu.audit.values.attributes import Attribute

#: A text as it is meant, and where each of its characters stands; one more for the end.
Placed = tuple[str, "Sequence[int]"]
#: Behind a unit: nothing that goes on with it; words of scripts without blanks end anywhere.
_END = r"(?<![\u3040-\uffff])(?![A-Za-z0-9_\u00c0-\u024f\u0400-\u04ff/])|(?<=[\u3040-\uffff])"
_NUMBER = r"(?P<number>\d[\d.,\u00a0\u202f' ]*?)\s?"
#: Several chips of so many bits each, and what says before an amount that it is one of a second.
_CHIPS = re.compile(r"\b(?P<a>\d{1,2})\s?[x\u00d7]\s?(?P<b>\d{2,4})[ -]?bits?\b", re.IGNORECASE)
_A_SECOND = re.compile(r"(?:[\u6bcf\u6bce]\u79d2|\ucd08\ub2f9)\s?")
#: The end of a heading, behind a comma or in brackets.
_LAST = re.compile(r"[,(\uff08\[]\s*([^\W\d][^,()\uff08\uff09\]]{0,12}?)\s*[)\uff09\]]?\s*$")
#: A number in ten thousands, with the rest behind it or as a fraction: "2万1760", "1.08万".
_MYRIADS = re.compile(r"(?P<a>\d{1,3}(?:\.\d{1,4})?)[\u4e07\u842c\ub9cc](?P<b>\d{1,4}(?!\d))?")
#: Of a bandwidth, and of no other rate: "936G".
_GIGA = re.compile(r"(?<=\d)\s?G(?![A-Za-z0-9/])")
_AMOUNT = re.compile(r"(?<=B)(?![A-Za-z/])")


def usual(text: str, attribute: Attribute) -> Placed:
    """A cell's text in usual units."""
    made: Placed = text, range(len(text) + 1)
    if attribute.key == "transistors":
        for pattern, scale in _scales():
            made = _replaced(made, pattern, partial(_scaled, scale=scale))
    if attribute.dimension == "count":
        made = _replaced(made, _MYRIADS, _myriads)
    if attribute.dimension == "bits":
        made = _replaced(made, _CHIPS, _product)
    if attribute.key == "bandwidth":
        made = _replaced(made, _GIGA, partial(_unit, unit=" GB/s"))
    for pattern, unit in _units().get(attribute.dimension, ()):
        made = _replaced(made, pattern, partial(_unit, unit=f" {unit}"))
    if attribute.dimension == "bandwidth" and _A_SECOND.search(text):
        made = _replaced(made, _AMOUNT, partial(_unit, unit="/s"))
    return made


def of_heading(text: str) -> str:
    """The unit that a heading ends in as another language writes it: "Частота, МГц"; empty where in none."""
    match = _LAST.search(text)
    return _words().get(match[1], "") if match else ""


@cache
def _words() -> Mapping[str, str]:
    """The units of words that are of no Latin script."""
    rows = store.load("labels")["labels"]["unit"]
    return {word: unit for unit, row in rows.items() for word in row["words"] if not word.isascii()}


@cache
def _units() -> Mapping[str, Sequence[tuple[re.Pattern[str], str]]]:
    """Patterns of units behind a number, and the unit that each is, by dimension."""
    found: dict[str, list[tuple[re.Pattern[str], str]]] = {}
    for unit, row in store.load("labels")["labels"]["unit"].items():
        found.setdefault(row["dimension"], []).append(
            (re.compile(rf"(?<=\d)\s?(?:{_any(row['words'])})(?:{_END})"), unit)
        )
    return found


@cache
def _scales() -> Sequence[tuple[re.Pattern[str], float]]:
    """Patterns of numbers in another scale, and what one of it is."""
    rows = store.load("labels")["labels"]["scale"]
    return [
        (re.compile(rf"{_NUMBER}(?:{_any(words)})(?:{_END})"), float(scale)) for scale, words in rows.items()
    ]


def _any(words: Iterable[str]) -> str:
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True)))


def _replaced(text: Placed, pattern: re.Pattern[str], meant: Callable[[re.Match[str]], str]) -> Placed:
    """A text with what a pattern finds as it is meant, at its place."""
    before, places = text
    pieces: list[str] = []
    kept: list[int] = []
    at = 0
    for match in pattern.finditer(before):
        put = meant(match)
        pieces += [before[at : match.start()], put]
        kept += [*places[at : match.start()], *[places[match.start()]] * len(put)]
        at = match.end()
    return "".join([*pieces, before[at:]]), [*kept, *places[at:]]


def _unit(_: re.Match[str], unit: str) -> str:
    return unit


def _product(match: re.Match[str]) -> str:
    """So many chips of so many bits each, in bits."""
    return f"{int(match['a']) * int(match['b'])} bit"


def _myriads(match: re.Match[str]) -> str:
    """A number in ten thousands, in digits."""
    return f"{1e4 * float(match['a']) + float(match['b'] or 0):.0f}"


def _scaled(match: re.Match[str], scale: float) -> str:
    """A number in another scale, in billions."""
    digits = re.sub(r"[\u00a0\u202f' ]", "", match["number"]).rstrip(".,")
    if re.fullmatch(r"\d{1,3}(?:[.,]\d{3})+", digits):
        digits = re.sub(r"[.,]", "", digits)
    return f"{float(digits.replace(',', '.')) * scale / 1e9:g} billion"
