"""Sources: on what every figure rests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.web import answers, asks
from whichgpu.web.page import Page

if TYPE_CHECKING:
    from whichgpu.report.table import Report


class Sources(asks.Whole, asks.Sources):
    """All of them, so that a page sorts and filters all."""


def answer(ask: Sources, name: str) -> Report:
    """The list."""
    return answers.sources(ask)


PAGE = Page(
    "/sources",
    "Sources",
    "Every source that a figure or a price rests on.",
    Sources,
    answer,
    ("q",),
    ("limit", "offset"),
    order=13,
    always=True,
    api="/sources",
    button="Search",
)
