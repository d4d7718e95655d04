"""A question as a report: what the command of the same name answers, without its files.

Nothing here reads a file, a module or an address that the question names: a workload is one of the zoo, a GPU
one of the catalogue.
"""

from __future__ import annotations

from whichgpu.web.answers.base import job, known
from whichgpu.web.answers.facts import (
    all_sources,
    compat,
    explain,
    gpus,
    scoreboard,
    show,
    sources,
    workload,
    workloads,
)
from whichgpu.web.answers.jobs import compare, curve, diagnose, fit, predict, sweep
from whichgpu.web.answers.money import cost, judge, own, price_history, prices, spot
from whichgpu.web.answers.ranking import ranked, recommend, recommended, told

__all__ = [
    "all_sources", "compare", "compat", "cost", "curve", "diagnose", "explain", "fit", "gpus", "job", "judge",
    "known", "own", "predict", "price_history", "prices", "ranked", "recommend", "recommended", "scoreboard",
    "show", "sources", "spot", "sweep", "told", "workload", "workloads",
]  # fmt: skip
