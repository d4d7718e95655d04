"""Which row of the document's own table is said to be ahead: "it is the slowest to train in our table".

The rows are of whatever they name, networks and jobs too. Wrong is what no column of speeds or times
bears out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.mentions import mentions
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.sentences import sentences
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage, Table
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence

_SAID = re.compile(
    r"\b(?:is|are|was|were|comes out|remains)\s+(?:by far |clearly |still |also )*the\s+"
    r"(?:(?P<fast>fastest|quickest)|slowest)\b[^.;,]{0,24}?\b(?:in|of|on)\s+"
    r"(?:our|the|this|my|all)\s+(?:whole\s+)?(?:table|list|comparison|test|lot|bunch|field|networks|"
    r"models)\b",
    re.IGNORECASE,
)
_SPEED = re.compile(
    r"\b(?:per|a) (?:second|minute|hour)\b|/s\b|\b(?:throughput|fps|speeds?)\b", re.IGNORECASE
)
_TIME = re.compile(r"\b(?:seconds|minutes|hours|latency|milliseconds|ms|time)\b", re.IGNORECASE)
_NUMBER = re.compile(r"\s*~?(\d[\d,]*(?:\.\d+)?)\s*(?:[A-Za-z/]+)?\s*")
_UNSURE = re.compile(
    r"\?|\b(?:not|never|if|would|almost|nearly|second|next|one of|per (?:watt|dollar|euro)|except|apart from|"
    r"cheapest)\b|n[\u2019']t\b",
    re.IGNORECASE,
)
_IT = re.compile(r"\b(?:it|this one|that one)\s+$", re.IGNORECASE)
#: Rows of a table, and columns of numbers, that are looked at; the name of a row in letters.
_ROWS, _COLUMNS, _NAME = 3, 10, 3


class _Column(NamedTuple):
    """The numbers of a column, each with the name of its row, and whether more of it is faster."""

    values: tuple[tuple[str, float], ...]
    more: bool


def find(context: Context) -> Iterator[Finding]:
    """Every such superlative that no table of the document bears out."""
    columns: list[_Column] | None = None
    for _, passage in context.document.running():
        for match in _SAID.finditer(passage.text):
            sentence = next(
                each for each in sentences(passage.text) if each.start <= match.start() < each.end
            )
            columns = _columns(context) if columns is None else columns
            if columns and not _UNSURE.search(sentence.text):
                yield from _judged(passage, match, sentence, columns, context)


def _columns(context: Context) -> list[_Column]:
    return [each for table in context.document.tables for each in _of_table(table, context)]


def _of_table(table: Table, context: Context) -> Iterator[_Column]:
    """The columns of speeds or of times of a table whose rows are no devices, which others look at."""
    first = [row[0].text if row and row[0] else "" for row in table.rows[1:]]
    if len(first) < _ROWS or any(True for name in first for _ in mentions(name, context.catalogue)):
        return
    around = " ".join((table.caption, *table.section[-1:]))
    for at, head in enumerate(table.rows[0][1:_COLUMNS], 1):
        words = f"{head.text if head else ''} {around}"
        speed, time = bool(_SPEED.search(words)), bool(_TIME.search(words))
        cells = ((name, row[at]) for name, row in zip(first, table.rows[1:], strict=True) if len(row) > at)
        told = ((name, _NUMBER.fullmatch(cell.text)) for name, cell in cells if cell)
        values = tuple((name, float(one[1].replace(",", ""))) for name, one in told if one)
        if speed != time and len({name for name, _ in values}) >= _ROWS:
            yield _Column(values, speed)


def _judged(
    passage: Passage, match: re.Match[str], sentence: Sentence, columns: Sequence[_Column], context: Context
) -> Iterator[Finding]:  # fmt: skip
    text = passage.text
    names = {name for column in columns for name, _ in column.values if len(name) >= _NAME}
    own = {name for name in names if name in text[sentence.start : match.start()]}
    if not own and _IT.search(text, sentence.start, match.start()):
        before = max((text.rfind(name, 0, sentence.start), name) for name in names) if names else (-1, "")
        own = {before[1]} if before[0] >= 0 else set()
    mine = [each for each in columns if any(name in own for name, _ in each.values)]
    if len(own) != 1 or not mine:
        return
    (name,) = own
    pick = [max if bool(match["fast"]) == each.more else min for each in mine]
    leaders = [choose(each.values, key=lambda one: one[1]) for choose, each in zip(pick, mine, strict=True)]
    if any(leader == name for leader, _ in leaders):
        return
    because = f"in the document's own table that is {leaders[0][0]}, with {leaders[0][1]:,g}"
    yield made(context, passage, match.span(), "ordering", "inconsistent", subject=name,
               attribute="own table", because=because, expected=leaders[0][0],
               evidence=(Evidence(because),))  # fmt: skip
