"""The coefficients of memory that are fitted, and how far a prediction of it may be off.

    kept       what training of a decoder keeps, over the sum of what its ops keep
    live       tensors alive at the widest op of an inference, over its inputs and outputs
    context    GiB of the driver's context, of libraries and their workspaces

`data/fits/prior.toml` has each with its log standard deviation, `data/fits/memory.toml` what
`whichgpu calibrate` made of them, `live@runtime` and `context@runtime` for what was measured. A mark of a
runtime that sets its memory apart makes another of it (`Runtime.keeper`). `[spread]` there has log
standard deviations by what of a job was not measured.

Of a runtime that was not measured a reading is as uncertain as what it is made of: weights, states and caches
are what a format and a configuration say, what a pass makes is what the program does, blocks that an
allocator holds beside may serve again or not, and what lies beside tensors is not known to `base` GiB.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.coefficients import section
from whichgpu.facts import store
from whichgpu.units import GIB
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.cost.job.runtime import Runtime

#: Coefficients that a runtime has its own of.
OWN = ("live", "context")
#: Parts that a format, a configuration or a setting of an engine says; what a step never has of gradients is.
#: Scores that lie in memory have a size for each pair of tokens, and copies that a release's code says.
STATED = ("weights", "gradients", "optimizer", "kv_cache", "kv_reserve", "mask", "scores", "reference",
          "encoders", "checkpoint", "engine", "context", "communication", "not_at_once")  # fmt: skip


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


def made(parts: Mapping[str, Any]) -> Any:
    """Bytes of the parts that a pass makes, by what its program does."""
    sizes = (np.asarray(part) for name, part in parts.items() if name not in STATED)
    return np.maximum(sum(sizes, start=np.zeros(())), 0.0)


class Unsure(NamedTuple):
    """Of a reading of `total` bytes, those that are less sure than the rest, B; arrays broadcast.

    What a pass `made`, what lies `outside` of tensors, and `idle` blocks that an allocator holds. A reading
    is held to what is `published`, what a job needs is not. An `engine` whose logs are on file lays weights
    and caches out itself; what a training has on the host `waits` to come and go. `doubt` is a log standard
    deviation beside those of its parts.
    """

    total: Any
    made: Any = 0.0
    outside: Any = 0.0
    idle: Any = 0.0
    published: bool = True
    engine: Any = False
    waits: bool = False
    doubt: Any = 0.0


def spread(stack: Runtime, workload: str, kind: str, of: Unsure) -> Any:
    """Log standard deviation of a figure, by what it is made of.

    A measured runtime has what was fitted to its own rows. Of another one each kind of bytes errs by itself,
    and more where it stands in for a program that is not known; what is published of it is besides a figure
    of which nobody says which total it is, or whether GB stands for GiB.
    """
    c, known = section("memory_law"), fitted()
    seen, by_kind = known.get("seen", {}), known.get("spread", {})

    def measured(one: Runtime) -> bool:
        return one.keeper in seen.get("runtimes", ()) and kind in seen.get("kinds", ())

    own = by_kind.get(kind, {}).get("workload" if workload not in seen.get("workloads", ()) else "seen")
    known_well = stack.read(measured)
    counted = unmeasured(of, kind) * stack.read(lambda one: 1.0 if one.exact else c["stands_in"])
    tensors = np.where(known_well, own or c["unfitted"], np.hypot(counted, c["unseen"] * of.published))
    # What llama.cpp takes beside weights and cache it says as it starts, and is counted as it does.
    reserves = stack.read(lambda one: bool(one.holds.get("reserves_graph") and one.exact))
    base = np.where(known_well | reserves, c["base_measured"], c["base"])
    apart = base * GIB * np.asarray(of.outside > 0) / of.total
    return np.sqrt(tensors**2 + apart**2 + (c["idle"] * np.asarray(of.idle) / of.total) ** 2)


def unmeasured(of: Unsure, kind: str) -> Any:
    """Log standard deviation of the tensors of a runtime that was not measured, of a kind of job."""
    c = section("memory_law")
    trains = kind.endswith(" train")
    infers = np.where(of.engine, c["stated_engine"], c["stated_infer"])
    stated, passing = (c["stated_train"], c["made_train"]) if trains else (infers, c["made_infer"])
    share = np.minimum(np.asarray(of.made) / of.total, 1.0)
    whole = np.hypot(c["waits"] * of.waits, of.doubt)
    return np.sqrt((stated * (1.0 - share)) ** 2 + (passing * share) ** 2 + whole**2)
