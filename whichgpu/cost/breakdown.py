"""Where the time of a training step goes: work, exchanges shown and hidden, the bubble.

The parts of one GPU's step add up to it:

    forward, backward, recompute, optimizer      kernels
    host                                         launches and waits that the kernels do not hide
    tensor, experts, context, shards, gradients, stages    exchanges, what no work hides of them
    offload                                      copies to the host and back, and the update that it makes
    bubble                                       (pp - 1) / vp passes in which a stage waits
    stragglers                                   the slowest of many GPUs

Beside each exchange stands what is hidden of it (Isaev et al., "Calculon", SC 2023, decomposes a step
likewise).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.calibration.spread import found_for, own_factor
from whichgpu.cost.estimate import job_seconds
from whichgpu.cost.job.layout import exchanges_of_pass, lay_out
from whichgpu.cost.parallel.exchange import (
    beside_pass,
    exchanges,
    passed_on,
    pipeline_seconds,
    shown_at_end,
    to_host,
)
from whichgpu.cost.parallel.experts import busiest, capacity
from whichgpu.cost.timing.time import evaluate
from whichgpu.errors import UsageError
from whichgpu.values import immutable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from whichgpu.cost.calibration.effects import Fit
    from whichgpu.cost.job.layout import Layout
    from whichgpu.cost.parallel.distributed import Step
    from whichgpu.cost.timing.time import Timing
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.workloads.job import Job

    Array = NDArray[np.float64]

#: Parts in the order in which they are told, with what each is.
PARTS: Mapping[str, str] = {
    "forward": "forward pass",
    "backward": "backward pass",
    "recompute": "activations computed again",
    "optimizer": "optimizer",
    "host": "launches and waiting for the host",
    "tensor": "tensor-parallel exchange",
    "experts": "all-to-alls of experts",
    "context": "keys and values of context parallelism",
    "shards": "gathering and scattering sharded weights",
    "gradients": "exchange of gradients and weights at the end",
    "offload": "copies to the host and back, and its update",
    "stages": "filling and draining the pipeline's links",
    "bubble": "pipeline bubble",
    "stragglers": "stragglers",
}


@immutable
class Breakdown:
    """A training step by part; arrays are (G, J), in s, and `parts` add up to `step`.

    `hidden` are seconds of exchanges beside work; `ideal` is the step if its products ran at the full peak,
    what is computed again left out, `ideal_all` with it.
    """

    step: Array
    parts: Mapping[str, Array]
    hidden: Mapping[str, Array]
    ideal: Array
    ideal_all: Array

    @property
    def mfu(self) -> Array:
        """Model FLOPs utilisation: what the model needs, over what the GPUs could do meanwhile."""
        return self.ideal / self.step

    @property
    def hfu(self) -> Array:
        """Hardware FLOPs utilisation: the same with what is computed twice."""
        return self.ideal_all / self.step

    @property
    def bubble(self) -> Array:
        """Share of the step in which a stage waits for others."""
        return self.parts["bubble"] / self.step

    def at(self, g: int, j: int) -> dict[str, dict[str, float]]:
        """One step by part: seconds shown, and hidden where it is an exchange."""
        return {
            name: {"seconds": float(part[g, j]), "hidden": float(self.hidden[name][g, j])}
            if name in self.hidden
            else {"seconds": float(part[g, j])}
            for name, part in self.parts.items()
        }


def breakdown(job: Job, gpus: Sequence[Gpu]) -> Breakdown:
    """The parts of a training step; raises `UsageError` for a job that does not train."""
    laid = lay_out(job, gpus)
    if laid.gradients is None:
        raise UsageError(
            f"a step of phase {laid.job.phase} has no parts; they are of training: --phase train"
        )
    return of_layout(laid, found_for(laid))


def of_layout(laid: Layout, found: Fit) -> Breakdown:
    """The parts of a laid-out training step under a fit."""
    step = laid.gradients
    assert step is not None
    with np.errstate(invalid="ignore", divide="ignore"):
        timing = evaluate(laid.work, found, explain=True)
        own = timing.allowed(own_factor(laid, found))
        links = found.links(laid.workload, laid.devices, laid.runtime, laid.replicas)
        once = timing.seconds / own
        whole = job_seconds(laid, once, links)
        shown, hidden = _exchanged(laid, step, once, links)
        for name, part in zip(("tensor", "experts"), exchanges_of_pass(laid)[3:], strict=True):
            hidden[name] = step.micro_batches * part / own
        passes = _of_pass(laid, timing, own)
        m, micro = step.micro_batches, once + shown["shards"] + shown["copies"]
        parts = {name: m * part for name, part in passes.items()}
        parts["optimizer"] = step.slots * passes["optimizer"]
        parts |= {"shards": m * shown["shards"], "gradients": shown["gradients"]}
        parts["offload"] = m * shown["copies"] + to_host(step, laid.devices)[1]
        parts["stages"] = pipeline_seconds(step, laid.devices)
        parts["bubble"] = (step.slots - m) * (micro - passes["optimizer"])
        parts["stragglers"] = whole - sum(parts.values())
        # What the busiest GPU has more than its share, the others have less; empty places are no work.
        more = 1.0 - 1.0 / busiest(np.asarray(laid.job.degree("ep")), laid.job) / capacity(laid.job)
        ideal = {name: peak - more * experts for name, (_, peak, experts) in timing.stages.items()}
        model = m * (ideal["forward"] + ideal["backward"])
    shape = whole.shape
    return Breakdown(
        step=whole,
        parts={name: np.broadcast_to(parts[name], shape) for name in PARTS},
        hidden={name: np.broadcast_to(part, shape) for name, part in hidden.items()},
        ideal=np.broadcast_to(model, shape),
        ideal_all=np.broadcast_to(model + m * ideal["recompute"], shape),
    )


def _of_pass(laid: Layout, timing: Timing, own: Array) -> dict[str, Any]:
    """Seconds of one pass by part: kernels, exchanges inside it, and what is left, which is the host's."""
    tensor, experts, context = exchanges_of_pass(laid)[:3]
    parts: dict[str, Any] = {name: stage[0] / own for name, stage in timing.stages.items()}
    parts |= {"tensor": tensor / own, "experts": experts / own, "context": context / own}
    return {**parts, "host": timing.seconds / own - sum(parts.values())}


def _exchanged(
    laid: Layout, step: Step, once: Array, links: Array
) -> tuple[dict[str, Array], dict[str, Array]]:
    """Seconds of the replicas' exchanges that show, and that hide: beside a pass, and at the end."""
    beside, last = exchanges(step, laid.replicas, laid.devices, links)
    copied = to_host(step, laid.devices)[0]
    sharded = beside_pass(once, beside)
    micro = beside_pass(sharded, copied)
    shown = {
        "shards": sharded - once,
        "copies": micro - sharded,
        "gradients": shown_at_end(micro * step.beside, last, step.late, step.gathered, step.together),
    }
    m = step.micro_batches
    hidden = {
        "shards": m * (beside - shown["shards"]),
        "gradients": last - shown["gradients"],
        "stages": passed_on(step, laid.devices),
        "offload": m * (copied - shown["copies"]),
    }
    return shown, hidden
