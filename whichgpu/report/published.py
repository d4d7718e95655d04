"""Counts beside what was published, as a report: one row a figure, the largest errors first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.report.table import Report, Table
from whichgpu.units import number

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from whichgpu.workloads.agreement import Agreement
    from whichgpu.workloads.workload import Workload


def report(items: Collection[Workload], advance: Callable[[int], None]) -> Report:
    """Every published figure of these workloads; exit 4 where one is not met."""
    from whichgpu.workloads.agreement import agreements

    rows: list[Agreement] = []
    for item in items:
        rows.extend(agreements(item))
        advance(1)
    rows.sort(key=lambda row: (row.agrees, -abs(row.error)))
    failed = sum(not row.agrees for row in rows)
    cells = (
        (row.workload, row.figure, row.fact.text, _like(row), f"{row.error:+.3%}", _allowed(row),
         row.fact.source)
        for row in rows
    )  # fmt: skip
    columns = ["Workload", "Figure", ">Published", ">Here", ">Error", "Allowed", "Source"]
    table = Table.of(_title(rows, len(items)), columns, cells, [_note(rows)])
    complaint = f"{failed} published figures are not met; the first rows say which" if failed else ""
    document = {"published": [_entry(row) for row in rows]}
    return Report(document, (table,), exit_code=4 if failed else 0, complaint=complaint)


def _title(rows: list[Agreement], items: int) -> str:
    known = len({row.workload for row in rows})
    return f"{len(rows):,} published figures of {known} workloads (of {items})"


def _note(rows: list[Agreement]) -> str:
    exact = sum(row.ours == row.fact.value for row in rows)
    met = sum(row.agrees for row in rows)
    return f"{exact:,} to the last digit, {met:,} within what is allowed or for a stated reason."


def _like(row: Agreement) -> str:
    """Ours, written as the published one: digit for digit, or with four figures."""
    return f"{row.ours:,.0f}" if isinstance(row.fact.value, int) else number(row.ours, 5)


def _allowed(row: Agreement) -> str:
    return row.fact.note if row.explained else f"{row.allowed:.1%}"


def _entry(row: Agreement) -> dict[str, Any]:
    return {
        "workload": row.workload, "figure": row.figure, "published": row.fact.value, "ours": row.ours,
        "error": row.error, "allowed": row.allowed, "agrees": row.agrees, "note": row.fact.note,
        "source": row.fact.source,
    }  # fmt: skip
