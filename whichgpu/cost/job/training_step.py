"""A training step before anything is timed: its ops, what they hold at the largest, what they exchange."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.coefficients import section
from whichgpu.cost.job.attention import off
from whichgpu.cost.memory import job_memory, offload
from whichgpu.cost.parallel import distributed
from whichgpu.cost.parallel import splitting as parallel
from whichgpu.cost.parallel.exchange import alongside
from whichgpu.cost.parallel.experts import all_to_all_seconds, busiest, padded
from whichgpu.cost.parallel.mesh import Mesh, shares_tokens
from whichgpu.workloads.model import is_language_model
from whichgpu.workloads.training import unscaled
from whichgpu.workloads.workload import resolve

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from whichgpu.cost.gpu.device import Devices
    from whichgpu.cost.job.runtime import Runtime
    from whichgpu.workloads.job import Job
    from whichgpu.workloads.ops import Op
    from whichgpu.workloads.workload import Workload

    Array = NDArray[np.float64]


def trained_step(
    workload: Workload, job: Job, stack: Runtime
) -> tuple[Job, tuple[Op, ...], tuple[Op, ...], distributed.Step]:
    """The job of a micro-batch, ops of its pass, those of one GPU's shard, and the step of them."""
    mesh = Mesh.of(job)
    # Before the trace, which takes longest: of a sweep with one bad job, many parts are laid out in vain.
    job, count, rounds = distributed.cut(job, mesh, stack)
    whole = unscaled(workload.trace(job), stack.read(lambda one: one.brain))
    own = parallel.shard(
        whole, mesh.tp, ep=mesh.ep, moe_tp=mesh.moe_tp, pooled=mesh.pooled, sequence=shares_tokens(job),
        most=busiest(mesh.ep, job), trained=True,
    )  # fmt: skip
    own = padded(own, job)
    return (
        job,
        whole,
        own,
        distributed.plan(
            job,
            stack,
            mesh,
            whole,
            own,
            count=count,
            rounds=rounds,
            layers=workload.dims.get("layers"),
            family=workload.family,
            language=is_language_model(workload),
        ),
    )


def _tensor_shown(job: Job, stack: Runtime, devices: Devices) -> Array:
    """Share of the exchanges of tensor parallelism that no product hides, (G,); an option may say it."""
    hides = section("training")["alongside_exposed"]
    if said := job.options.get("tp_overlap", ""):
        return np.asarray(1.0 if off(said) else hides)
    return np.where(alongside(devices), hides, stack.exposed)


def exchanges(job: Job, stack: Runtime, devices: Devices, whole: tuple[Op, ...]) -> tuple[Array, ...]:
    """Seconds of a pass of one GPU in exchanges: tensor, experts, context; hidden of the first two."""
    mesh, workload = Mesh.of(job), resolve(job.workload)
    share = 1.0 / mesh.pp
    tensor = (
        share
        / mesh.cp
        * parallel.tensor_parallel_seconds(whole, mesh.tp, devices, trains=True, shared=shares_tokens(job))
    )
    c = section("training")
    exposed = _tensor_shown(job, stack, devices)
    experts = (
        share
        / mesh.cp
        * all_to_all_seconds(
            workload, job, whole, mesh, devices, copies=stack.sends_copies, moved=stack.lays_out
        )
    )
    context = parallel.context_parallel_seconds(whole, mesh, devices, stack.products["attention"])
    shown = 1.0 if off(job.options.get("moe_overlap", "")) else c["moe_exposed"]
    if distributed.schedule(job) == "dualpipe":
        # The forward pass of one micro-batch lies beside the backward one of another, exchange beside work.
        shown = 0.0
    return (
        exposed * tensor, shown * experts, share * context, (1.0 - exposed) * tensor, (1.0 - shown) * experts,
    )  # fmt: skip


#: The compute capability from which convolutions in FP32 run on tensor cores, unasked.
_NARROWED = 8.0


def transforming(
    workload: Workload, job: Job, stack: Runtime, step: distributed.Step, parts: Mapping[str, Any], *,
    whole: tuple[Op, ...], own: tuple[Op, ...], devices: Devices,
) -> Any:  # fmt: skip
    """`job_memory.transforming` on the devices whose convolutions in FP32 are."""
    plain = devices.column("compute_capability") < _NARROWED
    if not np.any(plain):
        return 0.0
    memory_of = devices.column("memory")
    return plain * job_memory.transforming(
        workload, job, stack, step, parts, whole=whole, own=own, available=memory_of
    )


def largest(
    workload: Workload, job: Job, stack: Runtime, whole: tuple[Op, ...], own: tuple[Op, ...]
) -> tuple[tuple[Op, ...], tuple[Op, ...], tuple[str, ...]]:
    """Ops of a step on the largest pictures, all of a model's and one GPU's, and what to say of them."""
    most, notes = on_largest(workload, job)
    if not notes:
        return whole, own, ()
    _, all_ops, mine, _ = trained_step(workload, most, stack)
    return all_ops, mine, notes


def on_largest(workload: Workload, job: Job) -> tuple[Job, tuple[str, ...]]:
    """A training on the largest pictures that its recipe has in a batch, and what to say of them.

    Recipes of some detectors draw the size of each batch: those of the programs that `draws` names up to
    `drawn_to` times the sides of a job, in multiples of 32 pixels. Those that cut pictures (of programs that
    `cuts` names) have upright ones and others in one batch, padded to a square that holds both. A job of the
    usual picture of many shapes meets the longest of them (`LONGEST_SIDE` of its family, `longest_picture`).
    """
    dims, said = workload.dims, job.runtime.lower()
    job, longest = _longest(workload, job)
    drawn, cut = (any(word in said for word in dims.get(name, ())) for name in ("draws", "cuts"))
    if drawn:
        height, width = (np.floor(side * dims["drawn_to"] / 32.0) * 32.0 for side in (job.height, job.width))
        note = f"pictures of {dims['drawn_to']:g} times the sides, the largest that its recipe draws"
    elif cut and np.any(np.asarray(job.batch) > 1) and np.any(job.height != job.width):
        side = np.maximum(job.height, job.width)
        height, width = (np.where(np.asarray(job.batch) > 1, side, one) for one in (job.height, job.width))
        note = "squares: its recipe cuts pictures, and a batch with an upright one is padded to hold both"
    else:
        return job, longest
    return job.changed(height=height, width=width), (f"memory is on {note}",)


def _longest(workload: Workload, job: Job) -> tuple[Job, tuple[str, ...]]:
    """A training on the longest picture of a data set of many shapes, where the job has its usual one."""
    side = float(workload.dims.get("longest_picture", getattr(workload.code, "LONGEST_SIDE", 0.0)))
    if not side:
        return job, ()
    usual = {**workload.code.DEFAULTS["*"], **workload.defaults.get("all", {})}
    others = np.any(job.height != usual["height"]) or np.any(job.width != usual["width"])
    if others or usual["width"] == usual["height"]:
        return job, ()
    longest = f"{usual['height']:g} x {side:g}"
    note = f"memory is on pictures of {longest}, the longest of COCO; --resolution says others"
    return job.changed(width=np.full_like(np.asarray(job.width), side)), (note,)


def with_host(
    workload: Workload, job: Job, stack: Runtime, step: distributed.Step, parts: Mapping[str, Any], *,
    whole: tuple[Op, ...], own: tuple[Op, ...], devices: Devices,
) -> distributed.Step:  # fmt: skip
    """The step with what it moves to the host and back, where the job leaves anything there."""
    from whichgpu.cost.memory import training_memory

    kept: Any = 0.0
    if "activations" in training_memory.offload(job):
        rest = {name: value for name, value in job.options.items() if name != "offload"}
        full, _ = job_memory.training(
            workload, job.changed(options=rest), stack, step, whole=whole, own=own,
            available=devices.column("memory"),
        )  # fmt: skip
        kept = full["activations"] - parts["activations"]
    out = offload.moved(job, stack, step, own, optimizer=workload.optimizer(job), activations=kept)
    return replace(step, moved=out)
