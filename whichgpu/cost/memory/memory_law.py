"""The coefficients of memory that are fitted, and how far a prediction of it may be off.

    kept       what training of a decoder keeps, over the sum of what its ops keep
    live       tensors alive at the widest op of an inference, over its inputs and outputs
    context    GiB of the driver's context, of libraries and their workspaces

`data/fits/prior.toml` has each with its log standard deviation, `data/fits/memory.toml` what
`whichgpu calibrate` made of them, `live@runtime` and `context@runtime` for what was measured. A mark of a
runtime that sets its memory apart makes another of it (`Runtime.keeper`). `[spread]` there has log
standard deviations by what of a job was not measured; what an unmeasured runtime holds beside its tensors
is not known to `base` GiB.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.coefficients import section
from whichgpu.facts import store

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.cost.job.runtime import Runtime

#: Coefficients that a runtime has its own of.
OWN = ("live", "context")


@cache
def fitted() -> Mapping[str, Any]:
    """`data/fits/memory.toml`; empty where nothing is fitted."""
    found: Mapping[str, Any] = store.load("fits").get("memory", {})
    return found


def priors() -> Mapping[str, tuple[float, float]]:
    """Each coefficient before any fit: value, log standard deviation."""
    rows = section("memory_law")
    return {name: (rows[name][0], rows[name][1]) for name in ("kept", *OWN)}


def coefficient(name: str, stack: Runtime, values: Mapping[str, float] | None = None) -> Any:
    """A coefficient for a runtime: its own where it was measured, else that of all; (J,) of joined ones."""
    known = fitted().get("coefficients", {}) if values is None else values

    def own(one: Runtime) -> float:
        of_all = known.get(name)
        found = known.get(f"{name}@{one.keeper}", priors()[name][0] if of_all is None else of_all)
        return float(found)

    return stack.read(own)


def kind_of(unit: str, *, trains: bool) -> str:
    """The kind of job whose memory errs alike: what it makes, and whether it trains."""
    return f"{unit} {'train' if trains else 'infer'}"


def spread(stack: Runtime, workload: str, kind: str, *, base: Any, total: Any) -> Any:
    """Log standard deviation of a reading of `total` bytes, `base` of which are outside of tensors.

    A runtime that was not measured counts as a source that was not seen. Where nothing of a kind was
    measured at all, the widest of all kinds holds.
    """
    c, known = section("memory_law"), fitted()
    seen, by_kind = known.get("seen", {}), known.get("spread", {})

    def measured(one: Runtime) -> bool:
        return one.keeper in seen.get("runtimes", ()) and kind in seen.get("kinds", ())

    def own(one: Runtime) -> float:
        tried = "workload" if workload not in seen.get("workloads", ()) else "seen"
        what = tried if measured(one) else "source"
        known_width = by_kind.get(kind, {}).get(what)
        return float(known_width or max((row[what] for row in by_kind.values()), default=c["unfitted"]))

    unsure = stack.read(lambda one: c["base_measured"] if measured(one) else c["base"])
    apart = unsure * 2.0**30 * np.asarray(base > 0) / total
    return np.hypot(stack.read(own), apart)
