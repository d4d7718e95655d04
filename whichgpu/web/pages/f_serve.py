"""Serve: throughput and latency against the load, and the largest load within objectives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.web import answers, asks, composed, figures
from whichgpu.web.page import Page

if TYPE_CHECKING:
    from whichgpu.report.table import Report


def answer(ask: asks.Curve, name: str) -> Report:
    """The curve, or the load that objectives leave."""
    made = answers.curve(ask)
    if made.data.get("loads") and (made.data.get("slo") or {}).get("request_rate"):
        made = composed.beside_objectives(made, ask)
    return figures.before(made, figures.served(made.data))


PAGE = Page(
    "/serve",
    "Serve",
    "How many requests a GPU holds, how long they take, what a million tokens cost.",
    asks.Curve,
    answer,
    ("workload", "gpu", "slo", "rate"),
    ("against", "usd_per_gpu_hour", *asks.COLUMNS),
    order=7,
    heavy=True,
    api="/curve",
    command="predict {workload} --curve {against}",
    button="Serve",
    examples=(
        ("Llama 3.1 8B on one H100", "/serve?workload=llama-3.1-8b&gpu=h100-80gb-sxm"),
        (
            "Llama 3.1 70B on eight, first token within 1 s",
            "/serve?workload=llama-3.1-70b&gpu=h100-80gb-sxm%3A8&slo=ttft+p90+1+s%2C+tpot+50+ms",
        ),
    ),
)
