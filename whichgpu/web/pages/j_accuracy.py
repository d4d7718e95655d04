"""Accuracy: predicted against measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.web import asks, composed
from whichgpu.web.page import Page

if TYPE_CHECKING:
    from whichgpu.report.table import Report


def answer(ask: asks.Scoreboard, name: str) -> Report:
    """The scoreboard, and predictions against measurements."""
    return composed.accuracy_page(ask)


PAGE = Page(
    "/accuracy",
    "Accuracy",
    "How far predictions are from what was measured, on rows that the fit had not seen.",
    asks.Scoreboard,
    answer,
    ("by",),
    order=12,
    always=True,
    api="/scoreboard",
    command="validate",
    button="Break down",
)
