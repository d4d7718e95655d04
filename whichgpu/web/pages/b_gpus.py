"""GPUs: the list, and a page of each."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from whichgpu.report.table import Table
from whichgpu.web import answers, asks, composed
from whichgpu.web.page import Page

if TYPE_CHECKING:
    from whichgpu.report.table import Report


class Gpus(asks.Whole, asks.Gpus):
    """All of them, so that a page sorts and filters all."""


def listed(ask: Gpus, name: str) -> Report:
    """The list."""
    made = answers.gpus(ask)
    if ask.order is None:
        made = _rented_first(made)
    # The table is the answer; the document of all GPUs has 3 MB.
    return made._replace(data={name: made.data[name] for name in ("total", "offset", "limit")})


def _rented_first(made: Report) -> Report:
    """What somebody rents out before what is only known; each the newest first."""
    from whichgpu import prices

    offered = {row.gpu for row in prices.bundled() if not row.quarantine}
    (table,) = made.blocks
    assert isinstance(table, Table)
    rows = sorted(table.rows, key=lambda row: row[0] not in offered)
    return made._replace(blocks=(replace(table, rows=tuple(rows)),))


def one(ask: asks.Ask, name: str) -> Report:
    """Everything on one GPU: specifications with their sources, roofline, prices over time, measurements."""
    return composed.gpu_page(name)


PAGE = (
    Page("/gpus", "GPUs",
         "Every GPU of the catalogue, what is for rent first, each with its sources.", Gpus, listed,
         ("q", "vendor", "segment", "family"),
         ("min", "max", "where", "needs", "order", "reverse", "limit", "offset"),
         order=2, always=True, api="/gpus", command="gpus", button="List"),
    Page("/gpus/{name}", "GPU", "", asks.Ask, one, always=True, api="/gpus/{name}", command="show {name}"),
)  # fmt: skip
