"""Plans as tests write them down: demands, options of one's own, and what is solved of them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from whichgpu.hardware.catalogue import catalogue
from whichgpu.planner.plan.planning import plan
from whichgpu.planner.plan.reading import parsed

GPUS, TODAY = catalogue(), date(2026, 11, 20)
ROOT = Path(__file__).parent.parent
SMALL = {"name": "q", "workload": "bert-base", "rate": "100 sequences/s"}
CONTRACT = """
[[demand]]
name = "images"
workload = "stable-diffusion-1.5"
rate = "1000 images/min"

[[demand]]
name = "chat"
workload = "llama-3.1-8b"
rate = "4 req/s"

[[option]]
name = "small"
usd_per_hour = 1.0
max_instances = 20
capacity = { images = "100 images/min", chat = "1 req/s" }

[[option]]
name = "big"
usd_per_hour = 3.5
capacity = { images = "450 images/min" }
"""


def demand(name="images", rate="10 images/s", **more):
    return {"name": name, "rate": rate, **more}


def option(name, usd, **capacity):
    own = {
        key: capacity.pop(key)
        for key in ("max_instances", "term", "start_up", "type", "gpu", "watts", "provider", "region")
        if key in capacity
    }
    return {"name": name, "usd_per_hour": usd, "capacity": capacity, **own}


def asked(demands, options=(), **tables):
    raw = {"demand": demands, **({"option": list(options)} if options else {}), **tables}
    return parsed(raw, Path(), "test", GPUS, TODAY)


def solved(demands, options=(), *, explained=False, **tables):
    return plan(asked(demands, options, **tables), GPUS, TODAY, explained=explained)


def counts(answer):
    return {one.supply.name: one.instances for one in answer.picks}
