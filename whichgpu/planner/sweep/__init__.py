"""How to train a model on a cluster: the search over strategies, and what the best of them give."""

from __future__ import annotations

from whichgpu.planner.sweep.answer import Scaled, Strategy, Sweep
from whichgpu.planner.sweep.fewest import answered
from whichgpu.planner.sweep.request import Request, read_request
from whichgpu.planner.sweep.search import sweep

__all__ = ["Request", "Scaled", "Strategy", "Sweep", "answered", "read_request", "sweep"]
