"""How far a prediction may be off, by what of its job the fit has seen.

`data/fits/spreads.toml` holds, by group of jobs (workload family, training or not), the log standard
deviation that gives a 90 % interval (the 90 % quantile of absolute log errors over 1.645):

    seen        the GPU and the workload were fitted together
    gpu         on GPUs left out of the fit, one at a time
    generation  on generations left out
    workload    on workloads left out

A job takes the widest that applies. Where the fit is absent, or has never seen the runtime, the prior's
spread holds and the basis is `roofline`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from whichgpu.cost.coefficients import section
from whichgpu.facts import store

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.cost.layout import Layout
    from whichgpu.cost.runtime import Runtime
    from whichgpu.hardware.gpu import Gpu


@dataclass(frozen=True, slots=True)
class Spread:
    """Log standard deviations: `shared` by all GPUs (workload, runtime), `own` to this one; the basis."""

    shared: float
    own: float
    basis: str


@lru_cache(maxsize=1)
def _table() -> Mapping[str, Any]:
    table: Mapping[str, Any] = store.load("fits").get("spreads", {})
    return table


def group_of(family: str, *, trains: bool) -> str:
    """The group of jobs whose errors are alike."""
    return f"{family}{'+train' if trains else ''}"


def measured(runtime: Runtime) -> bool:
    """Whether the fit has seen this runtime."""
    table = _table()
    return bool(table) and runtime.id in table["seen"]["runtimes"]


def spread(laid: Layout, gpu: Gpu) -> Spread:
    """The spread of a laid-out job on one GPU."""
    table, prior = _table(), section("spread")
    inexact = 1.0 if laid.runtime.exact else 1.5
    if not measured(laid.runtime):
        return Spread(prior["shared"] * inexact, prior["own"], "roofline")
    group = table["group"].get(group_of(laid.workload.family, trains=laid.job.trains), table["group"]["all"])
    seen = table["seen"]
    known_gpu, known_work = gpu.id in seen["gpus"], laid.workload.id in seen["workloads"]
    widths = [group["seen"]]
    if not known_gpu:
        widths.append(group["gpu"])
    if gpu.family not in seen["families"]:
        widths.append(group["generation"])
    if not known_work:
        widths.append(group["workload"])
    total = max(widths) * inexact
    own = min(group["own"] if not known_gpu else group["own"] / 2.0, 0.9 * total)
    basis = "interpolated" if known_gpu and known_work else "extrapolated"
    return Spread(math.sqrt(max(total**2 - own**2, 1e-4)), own, basis)
