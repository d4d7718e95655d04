"""The tables right above a passage: those of its own section, with hardly anything between."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.known.store import store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context
    from whichgpu.audit.known.store import Series

#: Groups of tables and of runs of lines; how many paragraphs may stand behind a table; their words.
_TABLES, _NEAR, _WORDS = 1000, 4, 3
#: A line that stands below a picture and heads nothing.
_OF_A_PICTURE = re.compile(
    r"\W*(?:chart|figure|fig\.|table|image|photo|picture|caption|advertisement|ad|sponsored)\b", re.IGNORECASE
)


def right_above(passage: Passage, context: Context) -> Sequence[Series]:
    """What the tables below the heading of a passage tell above it, none of it worked out by us."""
    first = max((each.start for each in _headings(context) if each.start < passage.start), default=-1)
    found = [
        each for each in store(context)
        if each.group < _TABLES and not each.derived
        and first < min(one.start for one in each.amounts)
        and max(one.start for one in each.amounts) < passage.start
    ]  # fmt: skip
    last = max((one.start for each in found for one in each.amounts), default=-1)
    return found if last >= 0 and _between(last, passage, context) <= _NEAR else ()


def _headings(context: Context) -> Sequence[Passage]:
    if "headings of tables" not in context.memo:
        context.memo["headings of tables"] = [
            each for each in context.document.passages
            if each.kind == "heading" and not _OF_A_PICTURE.match(each.text)
        ]  # fmt: skip
    found: list[Passage] = context.memo["headings of tables"]
    return found


def _between(start: int, passage: Passage, context: Context) -> int:
    """How many paragraphs stand between a place of the file and a passage; lines of tables are short."""
    return sum(
        start < each.start < passage.start and len(each.text.split()) > _WORDS
        for _, each in context.document.running()
    )
