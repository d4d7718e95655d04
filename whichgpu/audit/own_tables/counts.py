"""Of how many rows something is so: "three of the four stay below 300 W", "only it gets beyond 1,000"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.text.loads import numbered, value_of
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.findings import Finding
    from whichgpu.audit.known.store import Amount, Series
    from whichgpu.audit.own_tables.lines import Reading
    from whichgpu.audit.text.quantities import Quantity

_N = r"(?:one|two|three|four|five|six|seven|eight|\d)"
_HOW_MANY = re.compile(
    rf"\b(?:(?P<all>all|none|every one)|(?P<n>{_N}))\s+(?:(?:out\s+)?of\s+|(?<=all )(?=\w))(?:(?:the|our|"
    rf"all|these|"
    rf"those)\s+)*(?P<m>{_N})\b",
    re.IGNORECASE,
)
_ONLY = re.compile(
    r"\b(?:only|solely)\s+(?:the\s+|our\s+|nvidia\s+|amd\s+)*$|\bthe only (?:one|card|gpu|model)\b",
    re.IGNORECASE,
)
_ABOVE = re.compile(
    r"\b(?:above|over|more than|beyond|past|at least|exceeds?|tops|passes|crosses|surpasses|breaks|clears|"
    r"upwards? of)"
    r"(?:\s+(?:the|about|some|of|mark))*\s*$",
    re.IGNORECASE,
)
_BELOW = re.compile(
    r"\b(?:below|under|less than|fewer than|within|at most|short of|beneath)(?:\s+(?:the|about|some|of|"
    r"mark))*\s*$",
    re.IGNORECASE,
)
#: What an amount is of by its dimension.
_MEASURES = {
    "power": ("power",),
    "money": ("price",),
    "rate": ("speed",),
    "memory": ("memory",),
    "time": ("time",),
    "bandwidth": ("bandwidth",),
}
_REACH, _EDGE = 40, 0.003


def counts(reading: Reading) -> Iterator[Finding]:
    """How many are said to be above or below an amount, and are not so many."""
    text, sentence = reading.said.text, reading.said.sentence
    every = within(quantities(text, reading.said.context.fraction), sentence.start, sentence.end)
    for one in every:
        above = _ABOVE.search(text, max(sentence.start, one.start - _REACH), one.start)
        below = _BELOW.search(text, max(sentence.start, one.start - _REACH), one.start)
        start, end = reading.clause(one.start)
        if start >= end or one.dimension not in _MEASURES or (above and below):
            continue
        told = (_alike_to(each, one, text) for each in reading.of(_MEASURES[one.dimension], start, end))
        lines = [each for each in told if each is not None]
        if not above and not below:
            yield from _alike(reading, one, lines, (start, end))
            yield from _alone(reading, one, lines, (start, end))
            continue
        sign = 1 if above else -1
        yield from _how_many(reading, one, sign, lines, (start, end))
        yield from _only(reading, one, sign, lines, (start, end))
        yield from _of_number(reading, one, sign, lines, (start, end))


def _alike_to(line: Series, one: Quantity, text: str) -> Series | None:
    """A line in the unit of an amount that is told; None where it is of something else, or may be.

    Bare numbers are in the unit of what heads them, "p95 (ms)", and else in that of the amount itself where
    that needs no factor.
    """
    if line.dimension != "number":
        return line if line.dimension == one.dimension else None
    heads = (line.label, *(each.name for each in line.amounts))
    units = {unit for head in heads for unit in _units(head, one.dimension)}
    if not units:
        plain = text[one.start : one.end].replace(",", "")
        return line if re.search(rf"(?<![\d.]){one.value:g}(?![\d.])", plain) else None
    if len(units) > 1:
        return None
    unit = units.pop()
    scaled = tuple(each._replace(value=each.value * unit, high=each.high * unit) for each in line.amounts)
    return line._replace(amounts=scaled)


def _units(head: str, dimension: str) -> Iterator[float]:
    """What one of the unit that a heading tells comes to: 0.001 for "TTFT p95 (ms)"."""
    for piece in _PIECES.split(head):
        told = next(iter(quantities(f"1 {piece.strip()}")), None)
        if told is not None and told.dimension == dimension and told.value > 0:
            yield told.value
            return


_PIECES = re.compile(r"[(),;|]|\bin\b", re.IGNORECASE)


def _beyond(line: Series, one: Quantity, sign: int) -> list[Amount] | None:
    """The amounts of a line above or below one; None where any is too near to tell."""
    if any(abs(each.value / one.value - 1) < _EDGE for each in line.amounts):
        return None
    return [each for each in line.amounts if (each.value - one.value) * sign > 0]


def _how_many(
    reading: Reading, one: Quantity, sign: int, lines: list[Series], place: tuple[int, int]
) -> Iterator[Finding]:
    match = _HOW_MANY.search(reading.said.text, place[0], one.start)
    if match is None:
        return
    of_all = value_of(match["m"])
    told = value_of(match["n"]) if match["n"] else 0.0 if match["all"].lower() == "none" else of_all
    counted = [each for each in lines if _is_counted(reading, each, match, place)]
    meant = [(each, _beyond(each, one, sign)) for each in counted if len(each.amounts) == of_all]
    if meant and all(found is not None and len(found) != told for _, found in meant):
        yield reading.wrong(match.span(), "ordering", meant[0][0])


_CARDS = re.compile(r"\s+(?:cards?|gpus?|accelerators?)\b", re.IGNORECASE)


def _is_counted(reading: Reading, line: Series, match: re.Match[str], place: tuple[int, int]) -> bool:
    """Whether what is counted may be the rows of a line: cards where cards are said, and not one batch."""
    text = reading.said.text
    if _CARDS.match(text, match.end()) and not any(each.ids for each in line.amounts):
        return False
    told = {f"{value:g}" for value, _ in numbered(text, *place)}
    return not told & {each.name for each in line.amounts}


_HAVE = re.compile(
    r"\b(?:ha(?:ve|s)|offer|carry|come with|cost|draw|bring|hold)\s+(?:exactly\s+)?$", re.IGNORECASE
)


def _alike(reading: Reading, one: Quantity, lines: list[Series], place: tuple[int, int]) -> Iterator[Finding]:
    """How many are said to have an amount, of which another number has it."""
    text = reading.said.text
    match = _HOW_MANY.search(text, place[0], one.start)
    if match is None or not match["n"] or not _HAVE.search(text, match.end(), one.start):
        return
    of_all, told = value_of(match["m"]), value_of(match["n"])
    rows = [each for each in lines if _is_counted(reading, each, match, place)]
    meant = [each for each in rows if len(each.amounts) == of_all]
    counted = [sum(abs(each.value / one.value - 1) < _EDGE for each in line.amounts) for line in meant]
    if meant and all(number not in (0, told) for number in counted):
        yield reading.wrong(match.span(), "ordering", meant[0])


#: "The only card here with 16 GB".
_ONLY_WITH = re.compile(
    r"\bthe only (?:one|card|gpu|model|board)\s+(?:here|in (?:the|our|this) (?:table|list|test|"
    r"comparison)|of the \w+)\s+"
    r"(?:with|that has|to have|to offer|offering)\s+(?:exactly\s+)?$",
    re.IGNORECASE,
)


def _alone(reading: Reading, one: Quantity, lines: list[Series], place: tuple[int, int]) -> Iterator[Finding]:
    """Who is said to be the only one with an amount that others of the table have as well."""
    match = _ONLY_WITH.search(reading.said.text, place[0], one.start)
    if match is None:
        return
    for line in lines:
        here = reading.subject(line, place[0], match.start())
        alike = [each for each in line.amounts if abs(each.value / one.value - 1) < _EDGE]
        if here in alike and len(alike) > 1:
            yield reading.wrong((match.start(), one.end), "ordering", line)
            return


def _of_number(
    reading: Reading, one: Quantity, sign: int, lines: list[Series], place: tuple[int, int]
) -> Iterator[Finding]:
    """A bound on the row that a number of cards or nodes tells, which is on its other side."""
    told = {value for value, _ in numbered(reading.said.text, place[0], one.start)}
    if len(told) != 1 or _HOW_MANY.search(reading.said.text, *place):
        return
    name = f"{told.pop():g}"
    found = [(line, each) for line in lines for each in line.amounts if each.name == name]
    if found and all((each.value / one.value - 1) * sign < -_EDGE for _, each in found):
        yield reading.wrong((one.start, one.end), "ordering", found[0][0])


def _only(
    reading: Reading, one: Quantity, sign: int, lines: list[Series], place: tuple[int, int]
) -> Iterator[Finding]:
    text, start = reading.said.text, place[0]
    told = []
    for line in lines:
        here = reading.named(line, start, one.start)
        if len(here) != 1 or not _ONLY.search(text, start, here[0][0]) or len(line.amounts) <= len("ab"):
            return
        found = _beyond(line, one, sign)
        if found is None:
            return
        told.append((line, here[0], [each.name for each in found] == [here[0][2].name]))
    if told and not any(right for _, _, right in told):
        line, (first, _, _), _ = told[0]
        yield reading.wrong((first, one.end), "ordering", line)
