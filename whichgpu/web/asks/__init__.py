"""What may be asked, by name, as a query string or a form says it: one class a question.

A field's title, description and examples make its place in a form and in the OpenAPI document; an empty
value is none, as a browser sends it for a field that was left alone.
"""

from __future__ import annotations

from whichgpu.web.asks.base import COLUMNS, Ask, Devices, JobAsk, Listing, Names, Whole, choices
from whichgpu.web.asks.facts import (
    Compare,
    Compat,
    Gpus,
    Prices,
    PricesOf,
    Scoreboard,
    Show,
    Sources,
    Workloads,
)
from whichgpu.web.asks.jobs import Curve, Diagnose, Fit, Predict, Sweep, Work
from whichgpu.web.asks.money import Cost, Judge, Own, Spot
from whichgpu.web.asks.texts import LARGEST_TEXT, Audit, Plan
from whichgpu.web.asks.wishes import Ranked, Recommend, WholeJob

__all__ = [
    "COLUMNS", "LARGEST_TEXT", "Ask", "Audit", "Compare", "Compat", "Cost", "Curve", "Devices", "Diagnose",
    "Fit", "Gpus", "JobAsk", "Judge", "Listing", "Names", "Own", "Plan", "Predict", "Prices", "PricesOf",
    "Ranked", "Recommend", "Scoreboard", "Show", "Sources", "Spot", "Sweep", "Whole", "WholeJob", "Work",
    "Workloads", "choices",
]  # fmt: skip
