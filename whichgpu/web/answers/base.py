"""What every answer reads: the catalogue, the job of a question, a part of a list."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from whichgpu import api
from whichgpu.report.table import Report, Table

if TYPE_CHECKING:
    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.planner.size import Sized
    from whichgpu.web import asks
    from whichgpu.workloads.job import Job


def known() -> Catalogue:
    """The catalogue."""
    from whichgpu.hardware.catalogue import catalogue

    return catalogue()


def job(ask: asks.JobAsk, workload: str) -> Job:
    """The job of a question."""
    return api.job(resolved(workload), **ask.columns())


def sized(ask: asks.WholeJob) -> Sized:
    """How large a job that ends is said to be."""
    from whichgpu.planner.size import Sized

    return Sized(*(getattr(ask, name) for name in Sized._fields))


def resolved(workload: str) -> str:
    """The workload as it was asked for, once it is known to be one; raises `UnknownName` otherwise."""
    from whichgpu.workloads.workload import resolve

    resolve(workload)
    return workload


def paged(ask: asks.Listing, total: int) -> dict[str, int]:
    """Where a part of a list stands in the whole."""
    return {"total": total, "offset": ask.offset, "limit": ask.limit}


def part(made: Report, ask: asks.Listing, name: str) -> Report:
    """A part of a report of one long table, whose document has as many entries under a name."""
    here = slice(ask.offset, ask.offset + ask.limit)
    entries, table = made.data[name], made.blocks[0]
    assert isinstance(table, Table)
    data = {**made.data, name: entries[here], **paged(ask, len(entries))}
    return Report(data, (replace(table, rows=table.rows[here]),))
