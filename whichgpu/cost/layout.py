"""What a job asks of a system, before anything is timed: defaults, sharding, memory, refusals.

A layout depends on no fitted coefficient, so that calibration lays each measured job out once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost import asked, distributed, memory, parallel, pipeline, serving
from whichgpu.cost.coefficients import section
from whichgpu.cost.device import Devices
from whichgpu.cost.mesh import Mesh
from whichgpu.cost.support import refusal, substitutions
from whichgpu.cost.time import prepare
from whichgpu.units import parse
from whichgpu.workloads.adapters import PHASES as ADAPTER_PHASES
from whichgpu.workloads.adapters import trained_precision
from whichgpu.workloads.checkpointing import checkpointing
from whichgpu.workloads.precision import precision

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from whichgpu.cost.runtime import Runtime
    from whichgpu.cost.steady import Met, SteadyState
    from whichgpu.cost.time import Pass
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.workloads.job import Job
    from whichgpu.workloads.ops import Op
    from whichgpu.workloads.workload import Workload

    Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Layout:
    """A job laid out on each of several GPU types; arrays broadcast to (G, J).

    `work` is one pass of one replica and `units` what it yields; `passes` of them make one job's
    latency; `replicas` run side by side; `gradients` says what they exchange in a training step, else
    None; `sequences` is what a serving replica holds; `parts` is its memory in B per GPU.
    """

    workload: Workload
    job: Job
    runtime: Runtime
    devices: Devices
    work: Pass
    units: Array
    passes: Array
    replicas: Array
    gradients: distributed.Step | None
    sequences: Array
    parts: Mapping[str, Any]
    refusals: tuple[str, ...]
    unused: tuple[str, ...]
    serving: SteadyState | None = None
    said: tuple[str, ...] = ()
    #: By GPU, what was taken otherwise than asked and runs all the same.
    notes: tuple[tuple[str, ...], ...] = ()


def lay_out(job: Job, gpus: Sequence[Gpu], *, met: Met | None = None) -> Layout:
    """Lay a job, or a sweep of jobs, out on every GPU.

    `met` is of a serving job whose requests arrive at random.
    Raises `UsageError` for an unknown workload, phase, precision or option, and for a mesh that
    cannot be; a GPU that cannot run the job is a refusal in the layout.
    """
    read = asked.read(job)
    workload, stack = read.workload, read.runtime
    unused = workload.unused(job)
    job = pipeline.spread_layers(read.job, stack).with_defaults(tp=1.0, pp=1.0)
    mesh = Mesh.of(replace(job, phase=job.phase or workload.phases[0]))
    job = workload.complete(job.with_defaults(n_gpus=mesh.replica, runtime=read.fallback))
    mesh.check(workload, job)
    cap = job.options.get("power_limit")
    watts = np.inf if cap is None else parse(cap, "power")
    devices = Devices.of(gpus, cap=watts, narrow=stack.narrow)
    with np.errstate(invalid="ignore", divide="ignore"):
        if job.phase == "serve":
            laid = _serve(workload, job, stack, devices, met)
        else:
            laid = (_train if job.trains else _passes)(workload, job, stack, devices)
    spec = precision(job.precision)
    said = (*laid.said, *workload.beyond(job), *read.said)
    return replace(laid, unused=unused, notes=tuple((*substitutions(gpu, spec), *said) for gpu in gpus))


def _array(value: Any) -> Array:
    return np.asarray(value, dtype=np.float64)


def _passes(workload: Workload, job: Job, stack: Runtime, devices: Devices) -> Layout:
    """Inference whose work does not depend on the GPU's memory."""
    mesh, whole = Mesh.of(job), workload.trace(job)
    flowing = pipeline.flowing(workload, job, stack, whole)
    ops, own = (parallel.shard(some, mesh.tp, ep=mesh.ep, moe_tp=mesh.moe_tp) for some in (whole, flowing))
    links = parallel.tensor_parallel_seconds(flowing, mesh.tp, devices) + pipeline.boundaries(job)
    return Layout(
        workload, job, stack, devices,
        work=prepare(own, devices, stack, workload=workload.id, communication=links),
        units=_array(workload.units(job)),
        passes=np.ones(()),
        replicas=_array(job.n_gpus) / mesh.replica,
        gradients=None,
        sequences=np.ones(()),
        parts=_parts(workload, job, mesh, ops),
        refusals=_refusals(devices, ops, job, stack),
        unused=(),
    )  # fmt: skip


def _train(workload: Workload, job: Job, stack: Runtime, devices: Devices) -> Layout:
    """A training step: the work is one pass of a micro-batch on one GPU's share of the model."""
    mesh = Mesh.of(job)
    # Before the trace, which takes longest: of a sweep with one bad job, many parts are laid out in vain.
    job, count = distributed.cut(job, mesh, stack)
    whole = workload.trace(job)
    own = parallel.shard(whole, mesh.tp, ep=mesh.ep, moe_tp=mesh.moe_tp, pooled=mesh.pooled)
    step = distributed.plan(job, stack, mesh, whole, own, count=count)
    ops = distributed.one_pass(whole, own, mesh, step, job.n_gpus)
    links = parallel.tensor_parallel_seconds(whole, mesh.tp, devices, trains=True)
    links = links + parallel.all_to_all_seconds(workload, job, whole, mesh, devices)
    waits = links / (mesh.pp * mesh.cp) + distributed.host_seconds(whole) / mesh.pp
    return Layout(
        workload, job, stack, devices,
        work=prepare(
            ops, devices, stack, workload=workload.id, trains=True, communication=waits,
            feeding=_feeding(workload, job, stack),
        ),
        units=_array(workload.units(job)) * step.micro_batches,
        passes=np.ones(()),
        replicas=_array(job.n_gpus) / mesh.replica,
        gradients=step,
        sequences=np.ones(()),
        parts=_training_parts(workload, job, stack, step, whole=whole, own=own),
        refusals=_refusals(devices, own, job, stack),
        unused=(),
        said=distributed.notes(job, mesh, stack),
    )  # fmt: skip


def _serve(workload: Workload, job: Job, stack: Runtime, devices: Devices, met: Met | None) -> Layout:
    """A serving replica in its steady state, as full as its memory and the asked load allow."""
    steady = serving.steady_state(workload, job, stack, devices, met)
    return Layout(
        workload, job, stack, devices,
        work=steady.work,
        # What does not fit is still timed, as one sequence: `sequences` says that it does not.
        units=np.maximum(steady.sequences, 1.0),
        passes=_array(job.output_tokens),
        replicas=_array(job.n_gpus) / Mesh.of(job).replica,
        gradients=None,
        sequences=steady.sequences,
        parts=steady.parts,
        refusals=_refusals(devices, steady.ops, job, stack),
        unused=(),
        serving=steady,
    )  # fmt: skip


def _parts(workload: Workload, job: Job, mesh: Mesh, ops: tuple[Op, ...]) -> dict[str, Any]:
    kv: Any = 0.0
    if hasattr(workload.code, "kv_bytes_per_token") and job.input_tokens is not None:
        tokens = _array(job.input_tokens) + _array(0.0 if job.output_tokens is None else job.output_tokens)
        kv = serving.sequence_bytes(workload, job, tokens) * _array(job.batch)
    return memory.inference_parts(ops, kv, engine=False, pp=mesh.pp)


def _training_parts(
    workload: Workload, job: Job, stack: Runtime, step: distributed.Step, *, whole: tuple[Op, ...],
    own: tuple[Op, ...],
) -> dict[str, Any]:  # fmt: skip
    mesh = Mesh.of(job)
    spread = memory.Spread(
        level=step.level, ranks=_array(job.n_gpus) / (mesh.tp * mesh.pp), pp=mesh.pp,
        shares=mesh.cp * mesh.tp, in_flight=np.minimum(step.micro_batches, mesh.pp), trained=step.held,
    )  # fmt: skip
    return memory.training_parts(
        whole, own, precision(job.precision), workload.optimizer(job), spread=spread,
        kernels=memory.Kept(flash=stack.flash, fused=stack.fuses, checkpointing=checkpointing(job)),
        trained_in=trained_precision() if job.phase in ADAPTER_PHASES else None,
    )  # fmt: skip


def _feeding(workload: Workload, job: Job, stack: Runtime) -> Array:
    """Seconds in which the host reads, decodes and augments a batch, where a runtime trains on real data."""
    if "loads" not in stack.marks:
        return np.zeros(())
    each: float = section("input").get(workload.family, 0.0)
    return _array(job.batch) * each


def _refusals(devices: Devices, ops: Sequence[Op], job: Job, stack: Runtime) -> tuple[str, ...]:
    spec = precision(job.precision)
    return tuple(refusal(gpu, ops, spec, stack, trains=job.trains) for gpu in devices.gpus)
