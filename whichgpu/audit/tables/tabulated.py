"""Cells of several devices that their table counts, or of a part of one, beside the value of the whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.mentions import mentions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.findings import Context, Finding

#: Characters of a row, and of a table above a cell; how near a multiple is one; what several add up to.
_ROW, _TABLE, _SAME = 160, 500, 0.01
_ADDED = frozenset({"memory", "power", "slots", "launch_price", "cuda_cores"})
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
_FIRST = re.compile(r"[|\s]*([^|\n]*)")
#: A row that tells how many of each there are.
_COUNTS = re.compile(
    r"^\W{0,12}(?:quantity|qty|number(?: of \w+)?|count|boards|cards|gpus|units|how many)\b(?P<rest>[^\n]*)",
    re.IGNORECASE | re.MULTILINE,
)


def is_of_a_part(found: Finding, every: Sequence[Finding], context: Context) -> bool:
    """Whether the row of a cell has the device's own value besides: "A30 | 24 GB | 4 slices | 6 GB"."""
    text = context.document.original
    if found.kind != "specification" or not _has_cells(context):
        return False
    for each in every:
        if not found.start - _ROW < each.end <= found.start or each.verdict != "confirmed":
            continue
        if (each.attribute, each.subject) != (found.attribute, found.subject):
            continue
        between = text[each.end : found.start]
        cells = "|" in between or "<td" in between.lower()
        line = _FIRST.match(text, text.rfind("\n", 0, each.start) + 1)
        own = line is not None and any(mentions(line[1], context.catalogue))
        if cells and own and "\n" not in between.strip("\n|") and "</tr" not in between.lower():
            return True
    return False


def _has_cells(context: Context) -> bool:
    """Whether a document has a mark of a cell at all."""
    if "has cells" not in context.memo:
        text = context.document.original
        context.memo["has cells"] = "|" in text or "<td" in text.lower()
    return bool(context.memo["has cells"])


def is_of_several(found: Finding, context: Context) -> bool:
    """Whether a cell is so many times the device's as its table counts: "Quantity 7 | Rated power 504 W"."""
    told, real = _NUMBER.search(found.quote), _NUMBER.search(found.expected)
    if found.kind != "specification" or found.attribute not in _ADDED or told is None or real is None:
        return False
    heads = _heads(found, context)
    if found.attribute == "power" and any(_MACHINE.search(head) for head in heads):
        return True
    one, other = (float(each[0].replace(",", "")) for each in (told, real))
    number = round(one / other) if other else 0
    if number < 2 or abs(one / other / number - 1) > _SAME:
        return False
    if any(str(number) in _MANY.findall(head) for head in heads):
        return True
    text = context.document.original
    above = _COUNTS.finditer(text, max(0, found.start - _TABLE), found.start)
    return any(str(number) in _NUMBER.findall(match["rest"]) for match in above)


#: A machine that has the device, and so many of one, in the head of a row or a column.
_MACHINE = re.compile(
    r"\b(?:tower|rig|server|box|machine|workstation|PC|system|node|build|chassis|laptop|notebook)s?\W*$",
    re.IGNORECASE,
)
#: Columns of a list of names and values, and a head that is a word.
_LISTED, _ONE_WORD = 2, re.compile(r"\W*[^\W\d]+(?:\s?/\s?[^\W\d]+)*\W*")
_MANY = re.compile(r"(?<![\w.])(\d{1,2})\s?(?:x|\u00d7|\*)\s?(?=[A-Z])")


def _heads(found: Finding, context: Context) -> list[str]:
    """The heads of the row and of the column of a cell."""
    for table in context.document.tables:
        for row in table.rows[1:]:
            for column, cell in enumerate(row):
                if cell is not None and column and cell.text and cell.start <= found.start < cell.end:
                    heads = [row[0], table.rows[0][column] if column < len(table.rows[0]) else None]
                    told = [head.text for head in heads if head is not None]
                    # "Suited for | Server" is the first row of a list without a header.
                    listed = table.columns == _LISTED and _ONE_WORD.fullmatch(told[-1])
                    return told[:1] if listed else told
    return []
