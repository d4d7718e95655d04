"""Plan: demands as TOML, and the fleet that serves them, hour by hour."""

from __future__ import annotations

from whichgpu.web import asks
from whichgpu.web.page import Page

_TEXT = """\
# What is to be done, and within what; the page of the command line, docs/plan.md, explains every key.
[plan]
gpus = ["t4", "l4", "a10", "l40s", "a100-80gb-sxm", "h100-80gb-sxm"]
gap = "3 %"

[[demand]]
name = "chat"
workload = "llama-3.1-8b"
rate = { default = "3 req/s", "8-18" = "12 req/s" }
slo = "ttft p90 1 s, tpot 50 ms"

[[demand]]
name = "images"
workload = "stable-diffusion-1.5"
rate = "1000 images/min"
"""
PAGE = Page(
    "/plan",
    "Plan",
    "Several demands on one fleet: how many of what, from whom, at which hour, at what cost.",
    asks.Plan,
    more=("what_if", "pareto", "why_not"),
    order=8,
    task="plan",
    command="plan plan.toml",
    text=_TEXT,
    button="Plan it",
)
