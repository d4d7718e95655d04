"""GPUs: the list, and a page of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.web import answers, asks, composed
from whichgpu.web.page import Page

if TYPE_CHECKING:
    from whichgpu.report.table import Report


def listed(ask: asks.Gpus, name: str) -> Report:
    """A part of the list."""
    return answers.gpus(ask)


def one(ask: asks.Ask, name: str) -> Report:
    """Everything on one GPU: specifications with their sources, roofline, prices over time, measurements."""
    return composed.gpu_page(name)


PAGE = (
    Page("/gpus", "GPUs", "Every GPU of the catalogue, each figure with its source.", asks.Gpus, listed,
         ("vendor", "segment", "family", "min"), ("max", "where", "order", "reverse", "limit", "offset"),
         order=2, always=True, api="/gpus", button="List"),
    Page("/gpus/{name}", "GPU", "", asks.Ask, one, always=True, api="/gpus/{name}", command="show {name}"),
)  # fmt: skip
