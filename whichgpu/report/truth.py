"""How well each field is known, and every figure on which sources differ, as a report."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from whichgpu.facts.model import KINDS
from whichgpu.hardware.blank import APPLIES, OPEN, PUBLISHED
from whichgpu.hardware.fields import FIELDS
from whichgpu.report.table import Column, Report, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.hardware.truth import Dispute, Known

#: Why a field may have no value, in the order of the columns.
_BLANK = (APPLIES, PUBLISHED, OPEN)


def report(fields: Sequence[Known], disputes: Sequence[Dispute], today: date) -> Report:
    """Two tables: the fields, and the disputes with what was decided."""
    document = {
        "fields": [one.to_dict() for one in fields],
        "disputes": [one.to_dict() for one in disputes],
        "as_of": today.isoformat(),
    }
    return Report(document, (_fields(fields, today), _disputes(disputes)))


def _fields(fields: Sequence[Known], today: date) -> Table:
    kinds = [kind for kind in KINDS if any(one.kinds.get(kind) for one in fields)]
    rows = [
        (
            FIELDS[one.field].label, f"{one.known:,}", f"{one.known / one.devices:.0%}",
            *(_some(one.blank.get(answer, 0)) for answer in _BLANK), f"{one.disputed:,}",
            _age(one.oldest, today), f"{one.checked:,}",
            *(_some(one.kinds.get(kind, 0)) for kind in kinds),
        )
        for one in fields
    ]  # fmt: skip
    more = ("Oldest reading", "Two sources", *(kind.capitalize() for kind in kinds))
    columns: list[str | Column] = [
        "Field", ">GPUs", ">Share", *(f">{answer.capitalize()}" for answer in _BLANK), ">Disputed",
        *(Column(title, "right", optional=True) for title in more),
    ]  # fmt: skip
    whole = fields[0].devices if fields else 0
    unread = [FIELDS[name].label for name in FIELDS if name not in {one.field for one in fields}]
    notes = [
        "Counted by the source in use. What is derived follows from other fields and has no date of its own."
    ]
    notes += [f"Of no GPU: {', '.join(unread)}."] if unread else []
    return Table.of(f"How well each field is known of {whole:,} GPUs", columns, rows, notes)


def _some(count: int) -> str:
    return f"{count:,}" if count else ""


def _age(day: str, today: date) -> str | None:
    if not day:
        return None
    days = (today - date.fromisoformat(day)).days
    return "today" if days <= 0 else f"{days:,} days"


def _disputes(disputes: Sequence[Dispute]) -> Table:
    rows = [
        (f"{one.gpu}.{one.field}", one.used.text, one.other.text, one.why, one.used.source, one.other.source)
        for one in disputes
    ]
    sources = (Column(title, optional=True) for title in ("Source of the first", "of the second"))
    columns: list[str | Column] = ["Figure", "In use", "Also said", "Why not", *sources]
    return Table.of(f"{len(disputes):,} figures on which sources differ by more than 2 %", columns, rows)
