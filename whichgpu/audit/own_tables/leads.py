"""Where one of two is furthest ahead in a table, and whether its lead grows: "the largest lead is in U-Net".

Of each row with a value of both devices the ratio is taken. What is called the largest or the smallest lead
is wrong where another row has more or less of it, by ratio and by difference; a lead that grows from row to
row where that of the last row is no larger than that of the first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.mentions import mentions
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import sentences
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage, Table
    from whichgpu.audit.findings import Context, Finding

_LEAD = r"(?:lead|gap|advantage|margin|difference|distance|speed-?up|improvement|gain|win|benefit)s?"
#: The most or the least of a lead, and the row that has it.
_MOST = r"(?P<most>largest|biggest|greatest|widest|highest|most)"
_LEAST = r"(?P<least>smallest|narrowest|slimmest|lowest|least|tightest)"
_EXTREME = re.compile(
    rf"\b(?:{_MOST}|{_LEAST})\s(?:\w+\s)?{_LEAD}\b[^.;:]{{0,40}}?\b(?:is|was|comes?|shows?|appears?|occurs?|lies|"
    rf"(?:can be |is )?(?:seen|found|measured))\s(?:in|with|at|on|for|by)\s(?:the\s)?|"
    rf"\b{_LEAD}\s(?:is|was)\s(?:{_MOST.replace('most', 'most2', 1)}|"
    rf"{_LEAST.replace('least', 'least2', 1)})\s"
    rf"(?:in|with|at|on|for|by)\s(?:the\s)?",
    re.IGNORECASE,
)
_CLOSEST = re.compile(
    r"\b(?P<at>(?:In|At|With|On|For)\s(?P<row>[^.,;:]{2,24}?)),?\s(?:the\s)?[^.,;:]{2,30}\s(?:comes?|gets?|is)\s"
    r"(?:the\s)?closest\b"
)
_GROWS = re.compile(
    rf"\b{_LEAD}(?:\sof\s[^.;,]{{2,24}})?\s(?P<more>grows?|grew|widens?|increases?|rises?|opens? up|"
    rf"expands?)\b"
    rf"[^.;,]{{0,12}}\b(?:with|as|the (?:more|larger|higher|bigger))\b|"
    rf"\b{_LEAD}(?:\sof\s[^.;,]{{2,24}})?\s(?P<less>shrinks?|narrows?|decreases?|melts?|falls?|closes?|drops?)\b"
    rf"[^.;,]{{0,12}}\b(?:with|as|the (?:more|larger|higher|bigger))\b",
    re.IGNORECASE,
)
_NOT = re.compile(r"\b(?:not|no|never|if|would|may|might|expect\w*)\b|n[\u2019']t\b|\?", re.IGNORECASE)
_RATIO = re.compile(
    r"[/%]|\b(?:ratio|speed-?up|lead|gain|times|x|vs\.?|difference|faster|share)\b", re.IGNORECASE
)
_LEAST_ROWS, _MOST_ROWS, _SURE = 3, 40, 0.015


class _Row(NamedTuple):
    """A row of a table: its label, and what the two devices have in it."""

    label: str
    first: float
    other: float
    #: Whether the table tells how many times one of them is of the other.
    as_ratio: bool

    @property
    def ratio(self) -> float:
        """How many times the smaller the larger is."""
        return max(self.first, self.other) / min(self.first, self.other)

    @property
    def apart(self) -> float:
        """By how much the two differ."""
        return abs(self.first - self.other)


def leads(context: Context) -> Iterator[Finding]:
    """Every such statement that the table right before it contradicts."""
    rows: Sequence[_Row] = ()
    section: tuple[str, ...] = ()
    tables = {id(cell): table for table in context.document.tables for cell in table}
    for passage in context.document.passages:
        table = tables.get(id(passage))
        if table is not None:
            if passage is next(iter(table), None):
                rows, section = _rows(table, context), table.section
        elif rows and passage.kind in ("paragraph", "item") and passage.section[: len(section)] == section:
            yield from _of_passage(passage, rows, context)


def _rows(table: Table, context: Context) -> Sequence[_Row]:
    """The rows of a table of two devices that have a number of both; none of one with more or others."""
    heads = [cell.text if cell else "" for cell in table.rows[0]] if table.rows else []
    columns = [
        at
        for at, head in enumerate(heads)
        if at and not _RATIO.search(head) and any(True for _ in mentions(head, context.catalogue))
    ]
    if len(columns) != len(("first", "other")):
        return ()
    found = []
    as_ratio = any(_RATIO.search(head) for head in heads[1:])
    for at, row in enumerate(table.rows[1:_MOST_ROWS], 1):
        first, *both = (table.cell(at, column) for column in (0, *columns))
        values = [_number(cell, context) for cell in both]
        if first and row and all(values):
            found.append(_Row(first.text.strip(), values[0], values[1], as_ratio))
    ahead = {each.first > each.other for each in found}
    return found if len(found) >= _LEAST_ROWS and len(ahead) == 1 else ()


def _number(cell: Passage | None, context: Context) -> float:
    told = (
        [each for each in quantities(cell.text, context.fraction) if each.high == each.value] if cell else []
    )
    return told[0].value if len(told) == 1 else 0.0


def _of_passage(passage: Passage, rows: Sequence[_Row], context: Context) -> Iterator[Finding]:
    text = passage.text
    for sentence in sentences(text):
        if _NOT.search(sentence.text):
            continue
        match = _EXTREME.search(text, sentence.start, sentence.end)
        if match:
            most = bool(match["most"] or match["most2"])
            end = min(sentence.end, match.end() + 32)
            yield from _extreme(passage, (match.end(), end), rows, context, most=most)
        elif closest := _CLOSEST.search(text, sentence.start, sentence.end):
            yield from _extreme(passage, closest.span("row"), rows, context, most=False)
        if grows := _GROWS.search(text, sentence.start, sentence.end):
            yield from _growing(passage, grows, rows, context)


def _extreme(
    passage: Passage, place: tuple[int, int], rows: Sequence[_Row], context: Context, *, most: bool
) -> Iterator[Finding]:
    said = passage.text[slice(*place)].lower()
    meant = [row for row in rows if said.startswith(row.label.lower())]
    if len(meant) != 1:
        return
    sign = 1 if most else -1
    best = max(rows, key=lambda row: sign * row.ratio)
    by_much = max(rows, key=lambda row: sign * row.apart)
    if (
        meant[0] in (best, *(() if best.as_ratio else (by_much,)))
        or abs(best.ratio - meant[0].ratio) <= _SURE
    ):
        return
    because = f"in {best.label} it is {best.ratio:.2f} times, in {meant[0].label} {meant[0].ratio:.2f}"
    yield _made(passage, (place[0], place[0] + len(meant[0].label)), because, context, expected=best.label)


def _growing(
    passage: Passage, match: re.Match[str], rows: Sequence[_Row], context: Context
) -> Iterator[Finding]:
    """A lead that is said to change one way from row to row, and changes the other."""
    first, last = rows[0].ratio, rows[-1].ratio
    wrong = last < first - _SURE if match["more"] else last > first + _SURE
    ordered = all(any(mark.isdigit() for mark in row.label) for row in rows)
    if not wrong or not ordered:
        return
    because = f"it is {first:.2f} times at {rows[0].label} and {last:.2f} at {rows[-1].label}"
    group = "more" if match["more"] else "less"
    yield _made(passage, match.span(group), because, context)


def _made(
    passage: Passage, place: tuple[int, int], because: str, context: Context, *, expected: str = ""
) -> Finding:
    return made(
        context, passage, place, "ordering", "inconsistent", attribute="own table", because=because,
        expected=expected, evidence=(Evidence(because),),
    )  # fmt: skip
