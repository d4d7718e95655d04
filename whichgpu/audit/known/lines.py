"""Lines of a name and its numbers that are no table: "RTX 4070 Laptop: 38", "2 cards: 1,042", a cell to a line.

A run of such lines, one below the other, tells as many amounts of each thing. What they are of says the line
above them, or the headings of their columns, which stand there with a cell to a line too.
"""  # noqa: E501

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.text.quantities import quantities
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context
    from whichgpu.audit.text.quantities import Quantity

#: Characters of a line, and of what stands before a name in it; columns and lines of a run at most.
_LINE, _BEFORE, _COLUMNS, _MOST = 90, 12, 4, 40
#: Between a name and its first number, and that number with whatever its unit is.
_GAP = re.compile(r"(?P<more>(?:\s(?!\d)[A-Za-z(][\w()+-]*){0,3})\s*(?::|=|\s[\u2013\u2014-]|\.{2,})?\s*$")
_NUMBER = re.compile(
    r"[~\u2248]?(?:[$\u20ac\u00a3]\s?)?\d[\d.,]*(?:\s?[x\u00d7%]|\s?[A-Za-z]{1,9}(?:\s?/\s?[A-Za-z]{1,6})?)?"
)
_COUNT = re.compile(
    r"\W*(?P<n>\d{1,4})\s?[x\u00d7]?\s+(?:gpus?|cards?|accelerators?|nodes?|"
    r"[A-Z][\w ]{1,20}?)\s*(?::|=|\s[\u2013\u2014-]|\.{2,})",
    re.IGNORECASE,
)
_HEAD = re.compile(r"[A-Za-z]")
_KINDS = frozenset(("item", "heading", "paragraph", "code"))


class Line(NamedTuple):
    """A name, how many of it, and the places of its numbers, each with its passage."""

    name: str
    number: int
    cells: tuple[tuple[Passage, int, int], ...]


class Run(NamedTuple):
    """Lines below each other: what stands above them, the headings of their columns, and the lines."""

    leading: str
    heads: tuple[str, ...]
    lines: tuple[Line, ...]
    section: tuple[str, ...]


def runs(context: Context) -> Sequence[Run]:
    """Every run of lines of a document."""
    known: list[Run] | None = context.memo.get("runs of lines")
    if known is None:
        known = context.memo["runs of lines"] = list(_runs(context))
    return known


def _runs(context: Context) -> Iterator[Run]:
    passages = context.document.passages
    at = 0
    while at < len(passages):
        found, end = _from(at, context)
        if len(found) > 1:
            heads, above = _heads(passages, at, len(found[0].cells))
            leading = " ".join(each.text[-300:] for each in passages[max(0, above - 2) : above])
            yield Run(leading, heads, tuple(found), passages[at].section)
        at = max(end, at + 1)


def _from(at: int, context: Context) -> tuple[list[Line], int]:
    """The lines of a run that begins at a passage, all with as many numbers, and where it ends."""
    found: list[Line] = []
    while len(found) < _MOST:
        line, end = _line(at, context)
        if line is None or (found and (len(line.cells) != len(found[0].cells) or _is_count(line, found[0]))):
            break
        found.append(line)
        at = end
    return found, at


def _is_count(line: Line, first: Line) -> bool:
    return bool(line.number) != bool(first.number)


def _line(at: int, context: Context) -> tuple[Line | None, int]:
    """The name with which a passage begins and its numbers, there and in the passages that hold only one."""
    passages = context.document.passages
    if at >= len(passages) or passages[at].kind not in _KINDS or len(passages[at].text) > _LINE:
        return None, at
    text = passages[at].text
    named = context.mentions.get(at, ())
    count = _COUNT.match(text)
    if len(named) == 1 and not (count and named[0].start > count.start("n")):
        start, name, number = named[0].end, text[: named[0].end], 0
        if named[0].start > _BEFORE:
            return None, at
    elif count:
        start, name, number = count.end(), text[: count.end()].rstrip(" :=."), int(count["n"])
    else:
        return None, at
    cells, end = _cells(at, start, context)
    return (Line(name.strip(), number, tuple(cells)) if cells else None), end


def _cells(at: int, start: int, context: Context) -> tuple[list[tuple[Passage, int, int]], int]:
    passages = context.document.passages
    text = passages[at].text
    found: list[tuple[Passage, int, int]] = []
    first = _NUMBER.search(text, start)
    if first is not None:
        if not _GAP.fullmatch(text, start, first.start()) or first.end() < len(text.rstrip()):
            return [], at
        found.append((passages[at], first.start(), first.end()))
    elif not _GAP.fullmatch(text, start, len(text)):
        return [], at
    end = at + 1
    while end < len(passages) and len(found) < _COLUMNS and _NUMBER.fullmatch(passages[end].text.strip()):
        found.append((passages[end], 0, len(passages[end].text)))
        end += 1
    return found, end


def _heads(passages: Sequence[Passage], at: int, width: int) -> tuple[tuple[str, ...], int]:
    """The headings right above, of the names and of each column, where each is a short line; where they begin."""  # noqa: E501
    first = at - width - 1
    above = passages[max(first, 0) : at]
    short = all(
        each.kind in _KINDS and len(each.text) <= _LINE // 3 and _HEAD.search(each.text)
        and not each.text.rstrip().endswith((".", ":"))
        for each in above
    )  # fmt: skip
    if first < 0 or not short or len(above) != width + 1:
        return ("",) * width, at
    return tuple(each.text for each in above[1:]), first


def amounts(run: Run, column: int, context: Context) -> Iterator[tuple[Line, Passage, Quantity]]:
    """The numbers of a column, each with its line and its passage."""
    for line in run.lines:
        passage, start, _ = line.cells[column]
        told = (one for one in quantities(passage.text, context.fraction) if one.start >= start - 2)
        each = next(told, None)
        if each is not None and each.value == each.high and each.value > 0:
            yield line, passage, each
