"""Why a prediction is what it is: the coefficients behind it, the width of its interval, how to check it."""

from __future__ import annotations

import math
from dataclasses import field
from typing import TYPE_CHECKING, Any

from whichgpu.cost.answers import Z90
from whichgpu.cost.breakdown import of_layout
from whichgpu.cost.calibration.effects import (
    Fit,
    compute_terms,
    fit,
    launch_terms,
    link_terms,
    memory_terms,
    workload_terms,
)
from whichgpu.cost.calibration.spread import erring_as, joined, least, measured, widths
from whichgpu.cost.job.layout import lay_out
from whichgpu.cost.job.support import emulates
from whichgpu.cost.memory.stages import Stage, stages
from whichgpu.cost.serving.measuring import measures
from whichgpu.cost.timing.time import shares
from whichgpu.facts import store
from whichgpu.values import NamedTuple, immutable
from whichgpu.workloads.precision import precision

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from whichgpu.cost.answers import Estimate
    from whichgpu.cost.job.layout import Layout
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.workloads.workload import Workload


class Effect(NamedTuple):
    """One fitted effect: the logarithm that it adds, and how many measured rows spoke to it, if known."""

    name: str
    value: float
    rows: int | None


@immutable
class Coefficient:
    """What was fitted for one part of the time: its `share` of it, the `factor` on the prior, the effects."""

    part: str
    share: float | None
    factor: float
    effects: tuple[Effect, ...]


@immutable
class Explanation:
    """The chain behind an estimate.

    `widths` are log standard deviations by what of the job the fit has not seen, the widest of which holds,
    `least` among them where it is wider than the others together; `group` is whose errors they are.
    `command` measures the job on a device, as `source` describes.
    """

    coefficients: tuple[Coefficient, ...]
    widths: Mapping[str, float]
    group: str
    command: str
    source: str
    #: Of a training step, seconds by part: shown, and hidden where it is an exchange.
    step: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    #: Of a training over several stages, the memory of each.
    stages: tuple[Stage, ...] = ()

    @property
    def factor(self) -> float:
        """How far the widest reaches to either side of the middle, as a factor less 1."""
        return math.expm1(Z90 * max(self.widths.values(), default=0.0))

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "coefficients": [
                {"part": one.part, "share": one.share, "factor": one.factor,
                 "effects": [effect._asdict() for effect in one.effects]}
                for one in self.coefficients
            ],
            "interval": {"group": self.group, "widths": dict(self.widths)},
            "measure": {"command": self.command, "source": self.source},
            "step": {name: dict(part) for name, part in self.step.items()},
            "stages": [one.to_dict() for one in self.stages],
        }  # fmt: skip


def explain(answer: Estimate, gpu: Gpu) -> Explanation:
    """The chain behind the estimate of a job on a GPU."""
    laid = lay_out(answer.job, [gpu])
    found = fit() if measured(laid.runtime) else Fit()
    command, source = measures(answer)
    return Explanation(
        coefficients=tuple(_coefficients(laid, found)),
        widths=_widths(laid, gpu),
        group=erring_as(laid),
        command=command,
        source=source,
        step=of_layout(laid, found).at(0, 0) if laid.gradients is not None else {},
        stages=stages(answer.job, answer.available),
    )


def _widths(laid: Layout, gpu: Gpu) -> dict[str, float]:
    known = widths(laid, gpu, laid.runtime)
    wide = least(laid, gpu, laid.runtime, known) if known else 0.0
    return {**known, "least": wide} if known and wide > joined(known) else known


def _coefficients(laid: Layout, found: Fit) -> Iterable[Coefficient]:
    """What was fitted of each class of ops, the one with the largest share of the time first."""
    job, place, stack = laid.job, laid.devices.traits[0], laid.runtime
    known = shares(laid.work, found)
    how = {"trains": job.trains}
    for side, kind in sorted(known, key=lambda key: -known[key]):
        if kind is None:
            part, terms = "launches", launch_terms(laid.workload.architecture, stack, **how)
        elif side == "c":
            part = f"arithmetic of {kind.compute} ({kind.format})"
            terms = compute_terms(kind, place, stack, **how, workload=laid.workload.architecture)
        else:
            part = f"memory traffic of {kind.memory}"
            terms = memory_terms(kind, place, stack, **how)
        yield _coefficient(part, known[side, kind], terms, found, laid.workload)
    by_hand = emulates(laid.devices.gpus[0], precision(job.precision), stack)
    same = {"emulated": by_hand, "tf32": place.tf32, "alike": place.alike}
    whole = workload_terms(laid.workload, job.precision, stack, **how, **same, taught=found.effects)
    yield _coefficient("the whole time", None, whole, found, laid.workload)
    if laid.gradients is not None and float(job.n_gpus) > 1:
        links = link_terms(laid.workload, place, stack, float(job.n_gpus))
        yield _coefficient("links between GPUs", None, links, found, laid.workload)


def _coefficient(
    part: str, share: float | None, terms: Mapping[str, float], found: Fit, workload: Workload
) -> Coefficient:
    rows, shared = _rows(), workload.architecture
    effects = [
        # What models of equal layers have in common is told by the name of the one that was asked for.
        Effect(name.replace(shared, workload.id), weight * found.effects[name], rows.get(name))
        for name, weight in terms.items()
        if found.effects.get(name)
    ]
    return Coefficient(part, share, found.factor(dict(terms)), tuple(effects))


def _rows() -> Mapping[str, int]:
    """How many measured rows spoke to each effect, as the last calibration counted them."""
    table = store.load("scoreboard").get("effects", {"rows": []})
    return {name: int(count) for name, count in table["rows"]}
