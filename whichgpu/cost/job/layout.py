"""What a job asks of a system, before anything is timed: defaults, sharding, memory, refusals.

A layout depends on no fitted coefficient, so that calibration lays each measured job out once.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache, cached_property, partial, reduce
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.coefficients import section
from whichgpu.cost.job import training_step, unread
from whichgpu.cost.job.devices import devices_of
from whichgpu.cost.job.settling import settle
from whichgpu.cost.job.support import Needs, in_several, refusal, standing_by, substitutions
from whichgpu.cost.memory import arenas, hearing, job_memory, offload, starting
from whichgpu.cost.memory.activations import slack as reserved_slack
from whichgpu.cost.memory.cache_room import reserve
from whichgpu.cost.memory.decoding import computed_in, takes_workspaces
from whichgpu.cost.memory.live_tensors import denoising
from whichgpu.cost.memory.sent_copies import sent_copies
from whichgpu.cost.memory.totals import OUTSIDE, fuller, needed
from whichgpu.cost.parallel import advice, distributed, machines, pipeline, sequence, unstated
from whichgpu.cost.parallel import splitting as parallel
from whichgpu.cost.parallel.experts import all_to_all_seconds
from whichgpu.cost.parallel.mesh import Mesh
from whichgpu.cost.timing import prompts
from whichgpu.cost.timing.time import prepare
from whichgpu.errors import UsageError
from whichgpu.values import NamedTuple, immutable
from whichgpu.workloads.model import is_language_model
from whichgpu.workloads.ops import stored_weight_bytes
from whichgpu.workloads.precision import precision

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from whichgpu.cost.gpu.device import Devices
    from whichgpu.cost.job.runtime import Runtime
    from whichgpu.cost.job.settling import Settled
    from whichgpu.cost.serving.steady import Met, SteadyState
    from whichgpu.cost.timing.time import Pass
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.workloads.job import Job
    from whichgpu.workloads.ops import Op
    from whichgpu.workloads.workload import Workload

    Array = NDArray[np.float64]


class Beside(NamedTuple):
    """What an allocator holds beside the tensors of a job: `Layout` says of each what it is."""

    slack: Any = 1.0
    working: Any = 0.0
    idle: Any = 0.0
    copied: Any = 0.0


class _Reserving:
    """What has something lie `beside` its tensors."""

    beside: Callable[[], Beside]

    @cached_property
    def _beside(self) -> Beside:
        with np.errstate(invalid="ignore", divide="ignore"):
            return self.beside()

    @property
    def slack(self) -> Any:
        """Bytes that the allocator reserves for activations, over those in use."""
        return self._beside.slack

    @property
    def working(self) -> Any:
        """Bytes of activations and workspaces at the widest convolution, while there is room for them."""
        return self._beside.working

    @property
    def idle(self) -> Any:
        """Bytes of another moment that the allocator holds at the fullest, in blocks too small for it."""
        return self._beside.idle

    @property
    def copied(self) -> Any:
        """Bytes that the allocator holds of what replicas sent each other as they began, if there is room."""
        return self._beside.copied


@immutable(slots=False)
class Layout(_Reserving):
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
    #: What the allocator holds beside the tensors, worked out where it is asked for.
    beside: Callable[[], Beside] = Beside

    @property
    def serves(self) -> bool:
        """Whether it is a server's."""
        return self.serving is not None


def lay_out(job: Job, gpus: Sequence[Gpu], *, met: Met | None = None) -> Layout:
    """Lay a job, or a sweep of jobs, out on every GPU.

    `met` is of a serving job whose requests arrive at random.
    Raises `UsageError` for an unknown workload, phase, precision or option, and for a mesh that
    cannot be; a GPU that cannot run the job is a refusal in the layout.
    """
    settled = settle(job)
    laid = lay_out_on(settled, devices_of(settled, gpus), met)
    spec, said = precision(settled.job.precision), (*laid.said, *settled.said)
    cap = settled.job.options.get("power_limit")
    sent = machines.said(laid.workload, laid.job, laid.devices)
    several = [in_several(gpu, settled.job.phase) for gpu in gpus]
    notes = tuple(
        (*seen, *substitutions(gpu, spec, settled.runtime), *unread.of_cap(gpu, cap), *said, *own)
        for gpu, seen, own in zip(gpus, several, sent, strict=True)
    )
    return replace(laid, unused=settled.unused, notes=notes)


def lay_out_on(settled: Settled, devices: Devices, met: Met | None = None) -> Layout:
    """Lay a settled job, or a sweep of them, out on devices; as `lay_out`, less what is to be said of it."""
    return begin_on(settled, devices, met).laid()


def begin_on(settled: Settled, devices: Devices, met: Met | None = None) -> Begun:
    """Begin to lay a settled job, or a sweep of them, out on devices: its memory; of a server all."""
    workload, job, stack = settled.workload, settled.job, settled.runtime
    with np.errstate(invalid="ignore", divide="ignore"):
        if job.phase == "serve":
            served = _serve(workload, job, stack, devices, met)
            return Begun(served.parts, lambda: served.refusals, lambda: served)
        return (_train if job.trains else _passes)(workload, job, stack, devices)


class Begun(NamedTuple):
    """A layout as far as its memory by part; why GPUs refuse it, and the `rest`, are worked out if asked."""

    parts: Mapping[str, Any]
    refused: Callable[[], tuple[str, ...]]
    rest: Callable[[], Layout]

    def laid(self) -> Layout:
        """The whole layout."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return self.rest()


@immutable(slots=False)
class Held(_Reserving):
    """The memory of a settled job on the fullest of its GPUs, as a `Layout` has it; nothing is timed.

    `parts` are in bytes, `ops` what that GPU runs. What lies `beside` is worked out where it is asked for.
    """

    workload: Workload
    job: Job
    runtime: Runtime
    parts: Mapping[str, Any]
    ops: tuple[Op, ...]
    beside: Callable[[], Beside] = Beside
    #: Bytes of a server's cache for one more request, in the mean.
    each: Any = 0.0

    @property
    def serves(self) -> bool:
        """Whether it is a server's."""
        return self.job.phase == "serve"


def memory_parts(settled: Settled, available: Array, devices: Devices) -> Held:
    """The memory of a settled job on the fullest of its GPUs.

    `available` bytes are on the GPU of each job, at which recipes look that recompute as much as their card
    needs; `devices` are those GPUs. Parts of a serving job are those of its requests in flight, of one where
    it states none, and of what the engine leaves empty beside their cache.
    """
    workload, job, stack = settled.workload, settled.job, settled.runtime
    if job.trains:
        job, whole, own, step = training_step.trained_step(workload, job, stack)
        most, mine, _ = training_step.largest(workload, job, stack, whole, own)
        found, _ = job_memory.training(workload, job, stack, step, whole=most, own=mine, available=available)
        beside = partial(
            _beside_step, workload, job, stack, step, found, whole=most, own=mine, devices=devices
        )
        return Held(workload, job, stack, found, own, beside)
    if job.phase == "serve":
        from whichgpu.cost.memory import replica_memory

        parts, each, ops = replica_memory.standing(workload, job, stack, devices)
        parts = {name: np.ravel(part) for name, part in parts.items()}
        running = replica_memory.places(job, stack, devices)[1]
        parts["kv_cache"] = np.ravel(replica_memory.cached(workload, job, stack, running, each))
        if not starting.profiles(stack, job):
            parts["kv_reserve"] = reserve(parts["kv_cache"], stack)
            each = each + reserve(each, stack)
        return Held(workload, job, stack, parts, ops, each=each)
    mesh = Mesh.of(job)
    group, whole = parallel.grouped(workload, job, mesh)
    ops = parallel.shard(whole, mesh.tp, ep=mesh.ep, moe_tp=mesh.moe_tp)
    parts = _held(workload, group, stack, mesh, ops)[0]
    beside = partial(_beside_pass, workload, group, stack, ops, parts, whole=whole, devices=devices)
    return Held(workload, job, stack, parts, ops, beside)


def _beside_pass(
    workload: Workload, job: Job, stack: Runtime, ops: tuple[Op, ...], parts: Mapping[str, Any], *,
    whole: tuple[Op, ...], devices: Devices,
) -> Beside:  # fmt: skip
    """What lies beside the tensors of an inference over `ops`, a GPU's share of the `whole`."""
    takes = takes_workspaces(ops, devices.column("compute_capability"))
    working = _working(workload, job, stack, ops, parts) * takes
    return Beside(_slack(stack, whole), working, _idle(workload, job, stack, ops, parts))


def _beside_step(
    workload: Workload, job: Job, stack: Runtime, step: distributed.Step, parts: Mapping[str, Any], *,
    whole: tuple[Op, ...], own: tuple[Op, ...], devices: Devices,
) -> Beside:  # fmt: skip
    """What lies beside the tensors of a training step."""
    working = training_step.transforming(
        workload, job, stack, step, parts, whole=whole, own=own, devices=devices
    )
    return Beside(
        reserved_slack(whole, training=True), working, job_memory.idle(job, stack, parts),
        sent_copies(job, stack, parts),
    )  # fmt: skip


def _held(
    workload: Workload, job: Job, stack: Runtime, mesh: Mesh, ops: tuple[Op, ...]
) -> tuple[dict[str, Any], Any]:
    """The memory of an inference over `ops` by part, and the bytes of its weights that wait on the host."""
    layers = not offload.by_network(job) and offload.by_layer(workload, job)
    if not (layers or offload.by_network(job)):
        return offload.kept(workload, job, job_memory.inference(workload, job, stack, mesh, ops), ops)
    if "vae" not in workload.dims:
        raise UsageError(
            f"option offload: {workload.id} is no pipeline of several networks; write offload=parameters"
        )
    stays = offload.staying(ops)
    held = job_memory.beside(workload, job, stack) if layers else None
    alone = {
        name: offload.alone(job_memory.inference(workload, job, stack, mesh, own), name, own, stays, held)
        for name, own in offload.networks(ops).items()
    }
    last, beside = offload.encoders_together(workload, job, ops)
    if last and not layers:
        alone[last]["weights"] = alone[last]["weights"] + beside
    return reduce(fuller, alone.values()), stored_weight_bytes(ops) - stays


def _working(
    workload: Workload, job: Job, stack: Runtime, ops: tuple[Op, ...], parts: Mapping[str, Any]
) -> Any:
    """Bytes of activations and workspaces at the widest convolution, beside the `parts` of an inference.

    Where one network at a time is there, the one with that convolution may not be the fullest.
    """
    working = job_memory.working(workload, job, stack, ops)
    if not offload.by_network(job):
        return working
    decoder = stored_weight_bytes(offload.networks(ops).get("vae", ()))
    return working - np.maximum(parts["weights"] - decoder, 0.0)


def _array(value: Any) -> Array:
    return np.asarray(value, dtype=np.float64)


def _passes(workload: Workload, job: Job, stack: Runtime, devices: Devices) -> Begun:
    """Inference whose work does not depend on the GPU's memory."""
    mesh = Mesh.of(job)
    group, whole = parallel.grouped(workload, job, mesh)
    ops = parallel.shard(whole, mesh.tp, ep=mesh.ep, moe_tp=mesh.moe_tp)
    parts, out = _held(workload, group, stack, mesh, ops)

    @cache
    def refused() -> tuple[str, ...]:
        # A decoder in FP32 asks for a rate of it, whatever the denoiser is in.
        return _refusals(devices, _decoded(workload, job, stack, ops), job, stack)

    def rest() -> Layout:
        return Layout(
            workload, job, stack, devices,
            work=_work_of_pass(workload, job, stack, devices, whole=whole, ops=ops, out=out),
            units=_array(workload.units(job)),
            passes=np.ones(()),
            replicas=_side_by_side(job, mesh, stack),
            gradients=None,
            sequences=np.ones(()),
            parts=parts,
            refusals=refused(),
            unused=(),
            beside=partial(_beside_pass, workload, group, stack, ops, parts, whole=whole, devices=devices),
        )  # fmt: skip

    return Begun(parts, refused, rest)


def _work_of_pass(
    workload: Workload, job: Job, stack: Runtime, devices: Devices, *,
    whole: tuple[Op, ...], ops: tuple[Op, ...], out: Any,
) -> Pass:  # fmt: skip
    """An inference's pass: `ops` are a GPU's share of the `whole`, of whose weights `out` are on the host."""
    mesh = Mesh.of(job)
    flowing = pipeline.flowing(workload, job, stack, whole)
    own = ops if flowing is whole else parallel.shard(flowing, mesh.tp, ep=mesh.ep, moe_tp=mesh.moe_tp)
    links = parallel.tensor_parallel_seconds(flowing, mesh.tp, devices) + pipeline.boundaries(job)
    own, exchanged = sequence.shared_out(workload, own, mesh.cp, devices)
    links = links + exchanged
    if np.any(mesh.attention_dp > 1.0):
        from whichgpu.cost.timing import passes

        few = np.asarray(job.phase == "decode")
        sent = all_to_all_seconds(
            workload, job, whole, mesh, devices, few=few, gathers=stack.read(lambda one: one.gathers)
        )
        links = links + sent * passes.exposed(job)
    links = links + offload.weight_seconds(stack, job, out, devices, ops)
    links = links + hearing.readied(workload, job, stack, devices)
    feeding = _feeding(workload, job, stack)
    if is_language_model(workload):
        from whichgpu.cost.timing import passes

        waits, beside_gpu = passes.between_tokens(job, stack)
        links, feeding = links + waits, feeding + beside_gpu
    return prepare(
        _decoded(workload, job, stack, own), devices, stack, workload=workload.architecture,
        communication=links, feeding=feeding, turns=prompts.turns(job, stack),
    )  # fmt: skip


def _decoded(workload: Workload, job: Job, stack: Runtime, ops: tuple[Op, ...]) -> tuple[Op, ...]:
    """The ops as a pipeline computes them, whose autoencoder may be in a format of its own."""
    if "vae" not in workload.dims:
        return ops
    found = job_memory.decoder_format(workload, job, stack, wide=stack.decodes_wide)
    return computed_in(ops, precision(job.precision), found)


def _slack(stack: Runtime, whole: tuple[Op, ...]) -> Any:
    """Bytes that are reserved for the activations of an inference, over those in use: none in an arena."""
    arena = arenas.grows(stack)
    reserved = 1.0 if np.all(arena) else reserved_slack(whole, training=False)
    return np.where(arena, 1.0, reserved) if np.any(arena) else reserved


def _idle(workload: Workload, job: Job, stack: Runtime, ops: tuple[Op, ...], parts: Mapping[str, Any]) -> Any:
    """Bytes that an allocator holds beside the tensors of an inference, at its fullest moment."""
    arena = arenas.grows(stack) & ("kv_cache" not in parts)
    if np.all(arena):
        return _in_arenas(workload, job, stack, ops, parts)
    if workload.dims.get("last_logits") and prompts.in_one_pass(job, stack):
        idle = prompts.taken_anew(workload, job, stack)
    else:
        idle = _denoised(workload, job, stack, ops, parts)
    return np.where(arena, _in_arenas(workload, job, stack, ops, parts), idle) if np.any(arena) else idle


def _in_arenas(
    workload: Workload, job: Job, stack: Runtime, ops: tuple[Op, ...], parts: Mapping[str, Any]
) -> Any:
    """Bytes that the arenas of an inference's networks hold beside its tensors."""
    networks = offload.networks(job_memory.pictures(workload, job, stack, ops)).values()
    outside = sum((np.asarray(parts[name]) for name in OUTSIDE if name in parts), start=np.zeros(1))
    tensors = needed(parts) - outside
    return np.maximum(arenas.held(networks, stack, precision(job.precision)) - tensors, 0.0)


def _denoised(
    workload: Workload, job: Job, stack: Runtime, ops: tuple[Op, ...], parts: Mapping[str, Any]
) -> Any:
    """Bytes that a pipeline's denoiser leaves to its decoder, whose tensors are larger than any of these.

    Where the denoiser is the fullest itself, the decoder finds room in what it leaves.
    """
    if "vae" not in workload.dims or stack.specialised or offload.by_network(job):
        return 0.0
    left = denoising(ops, stack, precision(job.precision))
    return np.where(np.asarray(parts["activations"]) > _MORE * left, left, 0.0)


#: What a decoder has more than its denoiser where its tensors are larger than these.
_MORE = 1.0 + 1e-9


def _side_by_side(job: Job, mesh: Mesh, stack: Runtime) -> Array:
    """Replicas at work: fewer than there are where one program waits for the last of all in each pass."""
    replicas = _array(job.n_gpus) / mesh.replica
    return replicas / (1.0 + stack.lockstep * np.log2(np.maximum(replicas, 1.0)))


def _train(workload: Workload, job: Job, stack: Runtime, devices: Devices) -> Begun:
    """A training step: the work is one pass of a micro-batch on one GPU's share of the model."""
    job, whole, own, step = training_step.trained_step(workload, job, stack)
    most, mine, drawn = training_step.largest(workload, job, stack, whole, own)
    parts, said = job_memory.training(
        workload, job, stack, step, whole=most, own=mine, available=devices.column("memory")
    )
    said, multiplied = (*drawn, *said), own
    if job_memory.prepared(job, stack) and not stack.holds.get("fused_layers"):
        multiplied = tuple(job_memory.in_wide_model(op) for op in own)
    refused = cache(partial(_refusals, devices, multiplied, job, stack))

    def rest() -> Layout:
        taken = training_step.with_host(
            workload, job, stack, step, parts, whole=whole, own=own, devices=devices
        )
        laid = _stepped(
            workload,
            job,
            stack,
            devices,
            step=taken,
            whole=whole,
            own=multiplied,
            most=most,
            mine=mine,
            parts=parts,
        )
        return replace(laid, refusals=refused(), said=(*laid.said, *said))

    return Begun(parts, refused, rest)


def _stepped(
    workload: Workload, job: Job, stack: Runtime, devices: Devices, *, step: distributed.Step,
    whole: tuple[Op, ...], own: tuple[Op, ...], most: tuple[Op, ...], mine: tuple[Op, ...],
    parts: Mapping[str, Any],
) -> Layout:  # fmt: skip
    """A training of which the memory by part is known; who refuses it is left out.

    `whole`, `own`: the ops of the mean pass, by time; `most`, `mine` those of the largest, by memory.
    """
    mesh, layers = Mesh.of(job), workload.dims.get("layers")
    ops = distributed.one_pass(whole, own, mesh, step, job.n_gpus)
    sent = training_step.exchanges(job, stack, devices, whole)
    waits = sum(sent[:3]) + distributed.host_seconds(job, stack, whole, devices) / mesh.pp
    return Layout(
        workload, job, stack, devices,
        work=prepare(
            ops, devices, stack, workload=workload.architecture, trains=True, communication=waits,
            feeding=_feeding(workload, job, stack),
        ),
        units=_array(workload.units(job)) * step.micro_batches,
        passes=np.ones(()),
        replicas=_array(job.n_gpus) / mesh.replica,
        gradients=step,
        sequences=np.ones(()),
        parts=parts,
        refusals=(),
        unused=(),
        said=(
            *unstated.notes(job, mesh, stack, layers),
            *advice.of_mesh(
                job, mesh, stack, devices, layers=layers, micro_batches=step.micro_batches / step.rounds
            ),
        ),
        beside=partial(
            _beside_step, workload, job, stack, step, parts, whole=most, own=mine, devices=devices
        ),
    )  # fmt: skip


def exchanges_of_pass(laid: Layout) -> tuple[Array, ...]:
    """The same of a laid-out training step."""
    return training_step.exchanges(laid.job, laid.runtime, laid.devices, laid.workload.trace(laid.job))


def _serve(workload: Workload, job: Job, stack: Runtime, devices: Devices, met: Met | None) -> Layout:
    """A serving replica in its steady state, as full as its memory and the asked load allow."""
    from whichgpu.cost.serving import replica as serving

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


def _feeding(workload: Workload, job: Job, stack: Runtime) -> Array:
    """Seconds in which the host reads and decodes a batch, where a runtime works on real data.

    Whoever runs NVIDIA's examples with arguments of their own, or trains by hand, says that it is eager mode.
    """
    by_hand, loads = "eager" in job.runtime.lower(), stack.reads or "loads" in stack.marks
    if not (loads or by_hand) or (by_hand and not job.trains):
        return np.zeros(())
    known = section(("input" if job.trains else "input_inference") if loads else "input_by_hand")
    each: float = known.get(workload.family, 0.0)
    return _array(job.batch) * each


def by_hand(settled: Settled) -> bool:
    """Whether a settled job is run by hand, of a workload whose data take the host time that is known."""
    known = any(settled.workload.family in section(name) for name in _FEEDING)
    return known and "eager" in settled.job.runtime.lower()


#: What says how long a host takes for the data of a family.
_FEEDING = ("input", "input_inference", "input_by_hand")


def _refusals(devices: Devices, ops: Sequence[Op], job: Job, stack: Runtime) -> tuple[str, ...]:
    needs = Needs.of(ops, job)
    return devices.said(
        stack, lambda one: (needs.under(one), *standing_by(one)),
        lambda one, gpu: refusal(gpu, needs.under(one), one),
    )  # fmt: skip
