"""How far a prediction may be off, by what of its job the fit has seen.

`data/fits/spreads.toml` holds, by group of jobs (workload family, phase), the log standard
deviation that gives a 90 % interval (the 90 % quantile of absolute log errors over 1.645):

    seen        the GPU and the workload were fitted together, on rows of other sources
    gpu         on GPUs left out of the fit, one at a time
    generation  on generations left out
    workload    on workloads left out
    version     on versions of a runtime left out, where others of it were measured

Where one source alone measured the runtime on what makes the same (`alone` of the wider group), and hardly
another on anything else, a job has at least the spread of a runtime that was never measured: what is left
out with its only source errs so. So has one of a family in whose group no release of its software ran a row
(`software` of the group; none of a family that was never measured): encoders that infer were measured under
TensorRT alone. And so has one whose framework is used in a way that runs other kernels than its rows did
(`_changed`), and an engine of language models that has another one's coefficients and no row (`_borrowed`).
A language model that a framework trains has at least that of scripts: they are anybody's, and
the rows are of trainers made for it. So has a server that of servers (`_anybodys`).
No job has less than what two hands differ by (`hand`): tables of one publisher agree better with each other.
A job comes from a source that no row has: `seen` is the spread of sources left out, where the software of
their rows has another one in the group; in a group without such rows, the spread under the whole fit with
what sources differ by anywhere beside it, and no more than with its source left out. What else is left out
stands beside a fifth of the variance that this adds, and is no less.

A group of jobs that several frameworks and engines ran has these for each of them (`of`), nearer those
of the group the fewer its rows are: what TensorRT's ResNets are off says little of PyTorch's.
Each group lists its GPUs, generations, workloads and versions: what was measured in another phase or by
another family is unseen. Of what is unseen of a job each adds its own (`joined`); what its links add stands
beside it. Where the fit is absent, or has never seen the runtime, the prior's spread holds and the basis is
`roofline`.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.calibration.effects import Fit, fit, workload_terms
from whichgpu.cost.coefficients import section
from whichgpu.cost.job.support import emulating
from whichgpu.facts import store
from whichgpu.values import immutable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whichgpu.cost.estimates import Estimates
    from whichgpu.cost.gpu.device import Devices
    from whichgpu.cost.job.layout import Layout
    from whichgpu.cost.job.runtime import Runtime
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.workloads.job import Job
    from whichgpu.workloads.workload import Workload


@immutable
class Spread:
    """Log standard deviations: `shared` by all GPUs (workload, runtime), `own` to this one; the basis."""

    shared: float
    own: float
    basis: str


@lru_cache(maxsize=1)
def _table() -> Mapping[str, Any]:
    table: Mapping[str, Any] = store.load("fits").get("spreads", {})
    return table


def group_of(laid: Layout | Estimates) -> str:
    """The group of jobs whose errors are alike: a family of workloads in a phase, all training as one."""
    return f"{laid.workload.family} {'train' if laid.job.trains else laid.job.phase}"


def erring_as(laid: Layout | Estimates) -> str:
    """The group whose widths a job has: mixtures of experts, trained or served, err more than others."""
    apart = laid.job.trains or laid.job.phase == "serve"
    return f"{group_of(laid)}, experts" if apart and laid.workload.dims.get("experts") else group_of(laid)


def kin_of(laid: Layout) -> str:
    """The wider group of a job: all families that make the same, in its phase."""
    return f"{laid.workload.unit} {'train' if laid.job.trains else laid.job.phase}"


def version_of(runtime: Runtime) -> str:
    """A runtime with all that sets its use apart: versions whose errors are alike."""
    return " ".join(sorted(runtime.stacks))


def measured(runtime: Runtime) -> bool:
    """Whether the fit has seen this runtime."""
    table = _table()
    return bool(table) and runtime.kernels in table.get("runtimes", {}).get("seen", ())


def found_for(laid: Layout) -> Fit:
    """The fit; none for a runtime never measured, of which what was learnt of other software says nothing."""
    return fit() if measured(laid.runtime) else Fit()


def own_factor(laid: Layout, found: Fit) -> Any:
    """The factor that a workload has of its own on the speed of a whole pass: one, of each job, or (G, J)."""
    return own_factor_of(laid.workload, laid.job, laid.runtime, laid.devices, found)


def own_factor_of(workload: Workload, job: Job, runtime: Runtime, devices: Devices, found: Fit) -> Any:
    """The same of a job that is not laid out yet."""

    def numbers(stack: Runtime) -> str:
        return stack.half or job.precision

    def of(stack: Runtime, **how: bool) -> float:
        trains, taught = job.trains, found.effects
        terms = workload_terms(workload, numbers(stack), stack, trains=trains, taught=taught, **how)
        return found.factor(terms)

    known = runtime.read(of)
    in_bf16 = runtime.read(lambda stack: numbers(stack).endswith("bf16"))
    if np.any(in_bf16) and (by_hand := emulating(devices, runtime) & in_bf16).any():
        known = np.where(by_hand, runtime.read(lambda stack: of(stack, emulated=True)), known)
    if job.precision == "fp32":
        narrow = np.isfinite(devices.unasked)
        known = np.where(narrow, runtime.read(lambda stack: of(stack, tf32=True)), known)
        if (alike := devices.tiled_alike).any():
            known = np.where(alike, runtime.read(lambda stack: of(stack, alike=True)), known)
    return known


def spread(laid: Layout, gpu: Gpu, stack: Runtime) -> Spread:
    """The spread of a laid-out job on one GPU under what runs it there."""
    prior = section("spread")
    inexact = 1.0 if stack.exact else 1.5
    if laid.workload.dims.get("kind") == "stream" and gpu.segment != "cpu":
        return Spread(prior["stream"]["shared"], prior["stream"]["own"], "roofline")
    # A processor is no GPU: what the fit has learnt of those says little of it, nor of another vendor's.
    if not measured(stack) or gpu.segment == "cpu" or gpu.vendor in stack.unmeasured:
        foreign = gpu.vendor in stack.unmeasured and laid.job.phase == "serve"
        experts = "foreign_experts" if foreign and laid.workload.dims.get("experts") else "shared"
        return Spread(prior[experts] * inexact, prior["own"], "roofline")
    known = widths(laid, gpu, stack)
    untried = _untried(laid, stack) or _borrowed(stack)
    total = max(least(laid, gpu, stack, known), joined(known)) * inexact
    own = _of(_group(laid), stack)["own"]
    own = min(own if "gpu" in known else own / 2.0, 0.9 * total)
    basis = "extrapolated" if untried or {"gpu", "workload"} & known.keys() else "interpolated"
    return Spread(math.sqrt(max(total**2 - own**2, 1e-4)), own, basis)


def least(laid: Layout, gpu: Gpu, stack: Runtime, known: Mapping[str, float]) -> float:
    """The least width of a job, whatever the rows of its group say: too few of another hand's are in it.

    `known` are its `widths`.
    """
    strange = _untried(laid, stack) or _strange(gpu) or _alone(laid, stack) or _changed(stack)
    prior = section("spread")
    if not strange and not _borrowed(stack):
        hands = prior["hand"]
        return max(_anybodys(laid, stack, known), float(hands.get(kin_of(laid), hands["other"])))
    return math.hypot(prior["shared"], prior["own"])


def spreads(laid: Layout, gpus: Sequence[Gpu], stacks: Sequence[Runtime]) -> list[Spread]:
    """The spread of a laid-out job on each of some GPUs under what runs it there.

    It is worked out once for all GPUs that are known as much, or as little.
    """
    groups = _table().get("group", {})
    own, every = (_group(laid), groups["all"]) if groups else ({}, {})
    ids, families = set(own.get("gpus", ())), set(own.get("families", ()))
    all_families = set(every.get("families", ()))
    known: dict[Any, Spread] = {}
    found = []
    for gpu, stack in zip(gpus, stacks, strict=True):
        family = gpu.family
        told = (id(stack), gpu.vendor, gpu.segment == "cpu", gpu.id in ids, family in families,
                family in all_families)  # fmt: skip
        one = known.get(told)
        if one is None:
            one = known[told] = _once(laid, gpu, stack, told)
        found.append(one)
    return found


def _once(laid: Layout, gpu: Gpu, stack: Runtime, told: tuple[Any, ...]) -> Spread:
    """The `spread` of GPUs of which `told` says what is known: worked out once for all sweeps."""
    workload, table = laid.workload, _table()
    key = id(table), id(workload), laid.job.trains or laid.job.phase, *told
    found = _known.get(key)
    if found is None:
        if len(_known) >= _KEPT:
            _known.pop(next(iter(_known)), None)
        # With what goes by its id, so that no other can have it.
        found = _known[key] = spread(laid, gpu, stack), table, workload, stack
    return found[0]


#: The last spreads, by the table, the job and what is known of a GPU under a runtime.
_known: dict[tuple[Any, ...], tuple[Spread, Any, Any, Any]] = {}
_KEPT = 2048


def _strange(gpu: Gpu) -> bool:
    """Whether next to nothing of a GPU's kind was measured: another vendor's.

    What NVIDIA's generations have in common it has not. Of AMD's 62 rows, 48 of one card and 14 of a crowd's,
    71 to 83 % are within the widths of their groups, which NVIDIA's rows made.
    """
    return gpu.vendor != "NVIDIA"


def _alone(laid: Layout, stack: Runtime) -> bool:
    """Whether one source alone measured a runtime on what makes the same as a job.

    How another hand runs it no row says, and that one may have tuned it: all of TensorRT but for diffusion
    and language models is of submissions to MLPerf.
    """
    return stack.kernels in _table()["group"].get(kin_of(laid), {}).get("alone", ())


def _changed(stack: Runtime) -> bool:
    """Whether a framework is used in a way that runs other kernels than any measured row of it.

    TensorFlow of before 1.15: what the rows say of its errors is of other programs. Rows under XLA are of
    one source, without which they are off by 27 % in the mean.
    """
    return not stack.domain and (
        stack.one_source or not {f"{stack.kernels}+{mark}" for mark in stack.changed} <= _used()
    )


@lru_cache(maxsize=1)
def _used() -> frozenset[str]:
    """What sets the measured versions of all runtimes apart."""
    versions = _table()["group"]["all"]["versions"]
    return frozenset(mark for version in versions for mark in version.split())


def _anybodys(laid: Layout, stack: Runtime, known: Mapping[str, float]) -> float:
    """The least width of what everybody runs in a way of their own: a script that trains, a server.

    A handful of sources measured servers, one of them two thirds of the rows: how the next hand sets one up
    is told by sources, each counted once, and not by rows.
    """
    prior = section("spread")
    if laid.job.phase == "serve" and stack.domain:
        server = prior["server"]["experts" if laid.workload.dims.get("experts") else "dense"]
        return float(server["strange" if known.keys() - {"seen"} else "known"])
    return float(prior["script"]) if stack.framework else 0.0


def _borrowed(stack: Runtime) -> bool:
    """Whether an engine of language models has another one's coefficients, and no row of its own."""
    return bool(stack.domain) and stack.id not in _table().get("runtimes", {}).get("seen", ())


def _untried(laid: Layout, stack: Runtime) -> bool:
    """Whether no row of a job's family in its phase was of its software: other kernels ran, or none.

    Engines of language models are left out: what they do in one phase was learnt in another.
    """
    groups, asked = _table()["group"], library(stack)
    own = groups.get(erring_as(laid), groups.get(group_of(laid), {"software": ()}))
    return not stack.domain and asked not in own.get("software", (asked,))


def library(stack: Runtime) -> str:
    """Whose kernels a runtime runs, whatever the release: PyTorch 1 and 2 have most in common."""
    return stack.software or stack.kernels


def widths(laid: Layout, gpu: Gpu, stack: Runtime) -> dict[str, float]:
    """The log standard deviations that apply to a job, by what of it the fit has not seen (`joined`).

    `seen` always applies; nothing does where the fit has not seen the runtime.
    """
    if not measured(stack):
        return {}
    group = _of(_group(laid), stack)
    unseen = {
        "gpu": gpu.id not in group.get("gpus", ()),
        "generation": gpu.family not in group.get("families", ()),
        "workload": laid.workload.architecture not in group.get("workloads", ()),
        "version": version_of(stack) not in group.get("versions", ()),
    }
    return {
        "seen": group["seen"],
        **{name: group[name] for name, new in unseen.items() if new},
    }


def joined(known: Mapping[str, float]) -> float:
    """The width of a job of which several kinds are unseen: each adds what it has beyond a seen one's square.

    What a strange GPU is off and what a strange model is have little in common. A generation is its GPUs too.
    """
    seen = known["seen"]
    apart = (max(known.get("gpu", seen), known.get("generation", seen)),
             known.get("workload", seen), known.get("version", seen))  # fmt: skip
    return math.sqrt(seen**2 + sum(max(width**2 - seen**2, 0.0) for width in apart))


def _group(laid: Layout) -> Mapping[str, Any]:
    """The widths of a job's group; of a wider one where it was never measured, last of all jobs."""
    groups: Mapping[str, Mapping[str, Any]] = _table()["group"]
    names = (erring_as(laid), group_of(laid), kin_of(laid), "all")
    return next(groups[name] for name in names if name in groups)


def of_software(group: Mapping[str, Any], software: str) -> Mapping[str, Any]:
    """A group with the widths of a software of which rows were measured in it; else with those of all."""
    return {**group, **group.get("of", {}).get(software, {})}


def _of(group: Mapping[str, Any], stack: Runtime) -> Mapping[str, Any]:
    return of_software(group, library(stack))
