"""A training step on many GPUs: micro-batches through a pipeline, and what the replicas exchange.

    step = (1 + (m - 1) u + (pp - 1) / vp) * t_micro   1F1B; `vp` groups of layers a stage, interleaved;
                                                       u, the fullest stage over the mean one (`unevenness`)
    t_micro = (t_pass^q + t_sharded^q)^(1/q)        FSDP or ZeRO 3: gathers and scatters beside the pass

and the last backward pass hides part of the exchange of gradients, the first forward one part of that of
weights, which in an interleaved pipeline are p passes (`parallel.data_parallel_seconds`),
with m micro-batches of `batch` sequences a replica: the bubble is (pp - 1) / (vp m) of the work
(Narayanan et al., Efficient Large-Scale Language Model Training on GPU Clusters, SC 2021, section 2.2).
A GPU sends of P parameters that it answers for, over n replicas, by a ring (`links`):

    none, ddp      2 (n - 1) / n x 4 P once         all-reduce of FP32 gradients; 2 P where they have 16 bits
    zero1, zero2     (n - 1) / n x (4 + 2) P once   reduce-scatter of gradients, all-gather of 16-bit weights
    zero3, fsdp      (n - 1) / n x (4 + 4) P each   all-gather twice, reduce-scatter, with every micro-batch
    in a pipeline    (n - 1) / n x (4 + 2) P once   weights stay whole until the last micro-batch is through

(Rajbhandari et al., ZeRO, SC 2020, section 7). What lies frozen beside adapters has no gradients, and is
gathered as the rest is, as wide as it is stored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.coefficients import section
from whichgpu.cost.kernels.elementwise import HALF
from whichgpu.cost.parallel.experts import ROUTERS, router
from whichgpu.cost.parallel.mesh import Mesh
from whichgpu.errors import SomeRefused, UsageError
from whichgpu.values import NamedTuple, immutable
from whichgpu.workloads.ops import changed, every
from whichgpu.workloads.precision import precision
from whichgpu.workloads.training import learns, trained_parameters
from whichgpu.workloads.workload import resolve

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from whichgpu.cost.gpu.device import Devices
    from whichgpu.cost.job.runtime import Runtime
    from whichgpu.cost.memory.offload import Moved
    from whichgpu.workloads.job import Job
    from whichgpu.workloads.ops import Op

    Array = NDArray[np.float64]

#: What is sharded over the replicas: 1 optimizer states, 2 gradients as well, 3 weights as well.
_LEVELS = {
    "": 0, "none": 0, "ddp": 0, "zero1": 1, "zero2": 2, "zero3": 3, "fsdp": 3, "hsdp": 3,
    "distributed_optimizer": 1, "zero0": 0, "no_shard": 0, "shard_grad_op": 2, "full_shard": 3, "fsdp2": 3,
    "hybrid_shard": 3,
}  # fmt: skip
#: The level at which weights are shared out too.
WHOLE = 3
#: By level, how often a GPU gathers weights: once they are updated, or for the forward and the backward pass.
_GATHERS = (0.0, 1.0, 1.0, 2.0)
#: A share that is no share.
_LEAST = 1e-12
#: What is dealt out, or cut, as experts are.
_EXPERTS = ("expert", "expert_row")


class Experts(NamedTuple):
    """What a step exchanges of experts: their `share` of it, among `ranks` GPUs that lie `apart`."""

    share: Any
    ranks: Array
    apart: Array


@immutable
class Step:
    """A training step: passes of a micro-batch, and bytes that each GPU sends; arrays are (J,).

    `level` of ZeRO; `slots` is the step's length in passes, bubble included, of which `micro_batches` do
    work. `exchanged` is of a replica's gradients and weights what a ring of the replicas' `cp` parts, which
    lie `apart` GPUs from each other, adds up, or scatters and gathers; `held` parameters are trained on one
    shard of the model. Of `stages`, each of `width` GPUs and `chunks` groups of layers, a GPU hands
    `handed` B to the next. `casts_once`: weights are cast once a step, not with every pass. `ranks` share
    out what ZeRO shards: in the mean of dense weights, which all replicas hold, and of experts, which fewer
    do. `moved` is what goes to the host and back.
    """

    level: Any
    micro_batches: Array
    slots: Array
    exchanged: Array
    cp: Array
    apart: Array
    held: Array
    stages: Array
    width: Array
    handed: Array
    chunks: Any
    casts_once: bool
    ranks: Any
    moved: Moved | None = None
    #: Efficiency lost with each doubling of the GPUs of a machine; those that exchange nothing do not wait.
    wait: float = 0.0
    #: The same beside it of networks with batch norms in 16 bits, on GPUs with tensor cores.
    norms_wait: float = 0.0
    #: Exponent by which the last backward passes and the gradients beside them add up.
    together: float = 2.0
    #: Of what is exchanged, the share that is ready when the last backward pass is over.
    late: Any = 0.0
    #: The share that are weights, which are gathered beside the first forward pass.
    gathered: Any = 0.0
    #: Passes that the exchange at the end of a step has beside it.
    beside: Any = 1.0
    experts: Experts | None = None
    #: Of how many batches a step is, each of which fills a pipeline anew.
    rounds: Any = 1.0
    #: Whether a trainer of language models exchanges, what is shared out too at the full rate of the links.
    tuned: bool = True
    #: Whether it is such a model, whoever trains it.
    language: bool = True


def sharding(job: Job, stack: Runtime) -> int:
    """What a job shards over its replicas, as a level of ZeRO; raises `UsageError` for another word."""
    text = (job.options.get("sharding", "") or stack.shards).strip().lower().replace("-", "")
    if text not in _LEVELS:
        known = ", ".join(word for word in _LEVELS if word)
        raise UsageError(f"option sharding: '{text}' is none of {known}; write sharding=fsdp")
    return _LEVELS[text]


def cut(job: Job, mesh: Mesh, stack: Runtime) -> tuple[Job, Array, Array]:
    """The job of one micro-batch, how many of them a replica has in a step, and in how many rounds.

    PyTorch's pipelines are filled and drained with each of a replica's batches, which they take in pieces; a
    batch of one sequence is taken for a piece.
    """
    count = micro_batches(job, mesh)
    split = np.asarray(mesh.pp) > 1
    if not stack.splits_batch or not np.any(split):
        return job, count, np.ones(())
    batch = np.asarray(job.batch, dtype=np.float64)
    # A sequence is the least that a stage can take.
    pieces = np.where(split, np.maximum(batch, 1.0), 1.0)
    each = np.asarray(count * pieces)
    piece = job.changed(batch=batch / pieces)
    if each.ndim == 0:
        # Said of the pieces, so that who lays out this job again has as many of them.
        options = {name: one for name, one in job.options.items() if name != "global_batch"}
        piece = piece.changed(options={**options, "grad_accum": f"{float(each):g}"})
    return piece, each, np.where(pieces > 1.0, count, 1.0)


def micro_batches(job: Job, mesh: Mesh) -> Array:
    """Micro-batches of a replica in a step: of `global_batch`, or `grad_accum`, else one."""
    replicas = np.asarray(job.n_gpus, dtype=np.float64) / mesh.replica
    if "global_batch" not in job.options:
        return np.asarray(job.degree("grad_accum"))
    whole = np.asarray(job.degree("global_batch"))
    count = whole / (np.asarray(job.batch, dtype=np.float64) * replicas)
    if np.any(count < 1.0 - 1e-9):
        said = "global_batch={:g} is less than one micro-batch on each replica; use global_batch={:g}"
        least = np.atleast_1d(np.asarray(job.batch, dtype=np.float64) * replicas)
        short = np.atleast_1d(count < 1.0 - 1e-9).tolist()
        asked = np.broadcast_to(whole, least.shape).tolist()
        whys = [
            said.format(batch, one) if bad else ""
            for batch, one, bad in zip(asked, least.tolist(), short, strict=True)
        ]
        raise SomeRefused(said.format(whole.min(), least.max()), whys)
    return np.asarray(count)


def plan(
    job: Job, stack: Runtime, mesh: Mesh, whole: Sequence[Op], own: Sequence[Op], *, count: Array,
    rounds: Any = 1.0, layers: Any = None, family: str = "", language: bool = False,
) -> Step:  # fmt: skip
    """The step of a complete training job of `count` micro-batches a replica, in so many `rounds`.

    Given are the ops of a pass, those that one GPU does of them, how many `layers` the model has, its
    `family`, and whether it is of `language`.
    """
    level, vp = sharding(job, stack), job.degree("vp")
    held = held_parameters(whole, own) / mesh.pp
    # torchtitan and Llama 3 (section 3.3.2) do not shard weights again after the forward pass of a stage.
    gathers = np.where((level == WHOLE) & (np.asarray(mesh.pp) > 1), 1.0, _GATHERS[level])
    gradients = _gradient_bytes(job, stack)
    each = gradients + gathers * _gathered_bytes(job, stack)
    frozen = _frozen_bytes(own) / mesh.pp if level == WHOLE else 0.0
    experts, alike = _expert_share(own), mesh.expert_replicas(job)
    dense = np.asarray(job.n_gpus, dtype=np.float64) / (mesh.tp * mesh.pp)
    # What one GPU alone holds of its experts it exchanges with nobody.
    sent = 1.0 - experts * np.where(alike > 1.0, 0.0, 1.0)
    dealt = Experts(1.0 - (1.0 - experts) / np.maximum(sent, _LEAST), alike, mesh.experts_apart)
    beside = not stack.exchanges_after
    # One passes through all stages, those behind it at the pace of the fullest.
    slots = rounds + (count - rounds) * unevenness(whole, layers, mesh.pp, vp)
    slots = slots + rounds * empty_slots(job, mesh)
    return Step(
        level=level, micro_batches=count, slots=slots,
        exchanged=(each * held + gathers * frozen) * sent * _exchanging(job),
        ranks=1.0 / ((1.0 - experts) / dense + experts / alike),
        cp=mesh.cp, apart=mesh.tp, held=held * mesh.pp, stages=mesh.pp, width=mesh.tp * mesh.cp,
        handed=_layer_input(whole) / (mesh.tp * mesh.cp), chunks=vp,
        casts_once=stack.casts_once, wait=_wait(family, language) * _exchanging(job),
        together=section("training")["at_end" if language else "at_end_networks"],
        norms_wait=stack.norms_wait * _exchanging(job) * _normed(whole),
        late=_late(whole, stack, each * held), experts=dealt if np.any(dealt.share > 0.0) else None,
        gathered=np.where(beside and (bool(stack.domain) or language), 1.0 - gradients / each, 0.0),
        beside=np.minimum(_last_passes(mesh.pp, vp), count),
        rounds=rounds, tuned=bool(stack.domain) or stack.sends_beside, language=language,
    )  # fmt: skip


#: Schedules of a pipeline by the words for them.
_SCHEDULES = {
    "": "1f1b", "1f1b": "1f1b", "interleaved": "1f1b", "dualpipe": "dualpipe",
    **dict.fromkeys(("zero-bubble", "zerobubble", "zb", "zb-h1", "zb1p"), "zero-bubble"),
}  # fmt: skip


def schedule(job: Job) -> str:
    """The option `schedule` of a pipeline; raises `UsageError` for another word."""
    text = job.options.get("schedule", "").strip().lower().replace("_", "-").replace(" ", "-")
    if text not in _SCHEDULES:
        raise UsageError(
            f"option schedule: '{text}' is none of 1f1b, zero-bubble, dualpipe; write schedule=1f1b"
        )
    return _SCHEDULES[text]


def empty_slots(job: Job, mesh: Mesh) -> Array:
    """Passes of a step in which a stage of a pipeline waits: its bubble, (J,).

    1F1B in v groups of layers (p - 1) / v. Where gradients of weights F wait until a stage has nothing else
    to do, (p - 1) (F + B - 2 W) of a pass F + B, B = 2 F and W = F: a third (Qi et al., "Zero Bubble Pipeline
    Parallelism", 2024). DualPipe feeds both ends: (p / 2 - 1) (F&B + B - 3 W), F&B = F + B (DeepSeek-V3's
    report, table 2).
    """
    stages, kind = np.asarray(mesh.pp, dtype=np.float64), schedule(job)
    if kind == "dualpipe":
        return np.asarray(np.maximum(stages / 2.0 - 1.0, 0.0) * (2.0 / 3.0))
    return np.asarray((stages - 1.0) / job.degree("vp") * (1.0 / 3.0 if kind == "zero-bubble" else 1.0))


def _late(whole: Sequence[Op], stack: Runtime, exchanged: Any) -> Any:
    """Share of the gradients, `exchanged` B, that is sent when the backward pass is over.

    All of them by a trainer that sends nothing before. Else they are sent in buckets, the last layer's first
    (Li et al., "PyTorch Distributed", VLDB 2020). The last of these is of the first layers: a bucket, or the
    look-up tables where they are larger.
    """
    if stack.exchanges_after:
        return 1.0
    if not stack.bucket_bytes:
        return 0.0
    trained = [op for op in whole if learns(op)]
    weights = sum((op.stored_bytes * op.copies for op in trained), start=np.zeros(()))
    tables = (op.stored_bytes * op.copies for op in trained if op.kind == "embedding")
    looked_up = sum(tables, start=np.zeros(())) / np.maximum(weights, 1.0)
    bucket = stack.bucket_bytes / np.maximum(exchanged, 1.0)
    return np.minimum(np.maximum(bucket, looked_up), 1.0)


def _last_passes(stages: Array, chunks: Any) -> Array:
    """Passes of a stage between the first gradients of a group of layers that are whole and the last.

    An interleaved pipeline takes micro-batches p at a time through one group of layers before the next one
    (Narayanan et al. 2021, figure 4), so that the exchange of all groups but the last lies beside p passes.
    """
    return np.asarray(stages - (stages - 1.0) / chunks)


def _wait(family: str, language: bool) -> float:
    """Efficiency lost with each doubling of the GPUs of a machine that wait for each other's gradients.

    A batch of sentences or of pictures as they come is as long as the longest: replicas have steps of
    different lengths, and all take that of the one with most.
    """
    c = section("links")
    if language:
        return float(c["step"])
    return float(c["step_uneven" if family in c["uneven"] else "step_alike"])


def _exchanging(job: Job) -> float:
    """1, or 0 with `exchange=none`: replicas that a script leaves on their own; raises `UsageError` else."""
    said = job.options.get("exchange", "").strip().lower()
    if said not in ("", "none"):
        raise UsageError(f"option exchange: '{said}' is not none; leave it out where gradients are added up")
    return 0.0 if said else 1.0


def _normed(whole: Sequence[Op]) -> bool:
    """Whether a network has batch norms, and products in 16 bits."""
    norms = (op.kind == "norm" and op.parameters and "computed" not in op.dims for op in whole)
    return any(norms) and any(op.kind == "conv" and op.dtype in HALF for op in whole)


def unevenness(whole: Sequence[Op], layers: Any, stages: Array, chunks: Any) -> Array:
    """Work of the fullest of a pipeline's stages over that of the mean one, beyond what runs show, (J,).

    Stages have equally many layers, and the last one the output head as well. Where groups of layers do not
    come out even, the first and the last stage have fewer: embedding and head stand for layers there.
    """
    if not isinstance(layers, int) or np.all(stages == 1.0):
        return np.ones_like(stages)
    c = section("training")
    work = {"head": np.zeros(()), "rest": np.zeros(())}
    for op in whole:
        if op.stage != "optimizer":
            part = "head" if op.shard == "vocab" else "rest"
            slower = c["expert_work"] if op.shard in _EXPERTS else 1.0
            work[part] = work[part] + op.flops * op.count * slower
    head, layer = work["head"], work["rest"] / layers
    most = np.ceil(layers / (stages * chunks)) * chunks
    last = most - np.ceil((most * stages - layers) / 2.0)
    fullest = np.maximum(most * layer, last * layer + head)
    uneven = fullest * stages / (layers * layer + head) - c["evened"]
    return np.asarray(np.where(stages > 1.0, np.maximum(uneven, 1.0), 1.0))


def _expert_share(own: Sequence[Op]) -> Any:
    """Share of a GPU's weights that experts are."""
    held = [op for op in own if op.stage == "forward"]
    whole = sum((op.stored_bytes * op.copies for op in held), start=np.zeros(()))
    experts = sum((op.stored_bytes * op.copies for op in held if op.shard in _EXPERTS), start=np.zeros(()))
    return experts / np.maximum(whole, 1.0)


def _layer_input(whole: Sequence[Op]) -> Any:
    """Bytes of a micro-batch between two layers: what the first op of a repeated layer reads."""
    return next((op.read_bytes for op in whole if op.starts and op.stage == "forward"), 0.0)


def _frozen_bytes(own: Sequence[Op]) -> Any:
    """Bytes of the weights that get no gradient, on one GPU's shard of a model."""
    kept = (op for op in own if op.stage == "forward" and not learns(op))
    return sum((op.stored_bytes * op.copies for op in kept), start=np.zeros(()))


def _gradient_bytes(job: Job, stack: Runtime) -> float:
    """Bytes of a gradient in an all-reduce: FP32 in mixed precision, unless the runtime sends 16 bits.

    A framework's weights in 16 bits have such gradients; trainers of language models mean mixed precision.
    """
    spec = precision(job.precision)
    mixed = spec.mixed or (stack.specialised and spec.weight < stack.mixed_gradient)
    return stack.mixed_gradient if mixed else max(spec.weight, 2.0)


def _gathered_bytes(job: Job, stack: Runtime) -> float:
    """Bytes of a weight as its shards are gathered: 16 bits, or those that FP8 products read."""
    narrow = precision(job.precision).math == "fp8"
    return stack.gathered_fp8 if narrow else float(section("training")["weight_bytes"])


def held_parameters(whole: Sequence[Op], own: Sequence[Op]) -> Any:
    """Trained parameters of the shard of a model that `own` ops are of, all layers together."""
    total: Any = 0.0
    for op, part in zip(whole, own, strict=True):
        trained = learns(op)
        if trained:
            total = total + trained * (part.stored_bytes / op.stored_bytes if op.stored_bytes else 1.0)
    return total


def one_pass(whole: Sequence[Op], own: Sequence[Op], mesh: Mesh, step: Step, gpus: Any) -> tuple[Op, ...]:
    """What one GPU does in a pass: its layers, its part of the sequence, its share of the update."""
    held = step.held / mesh.pp / max(trained_parameters(whole), 1.0)
    answers = held if step.level == 0 else 1.0 / np.asarray(gpus, dtype=np.float64)
    if step.moved is not None and np.any(step.moved.updated):
        # The host updates what waits there.
        answers = 0.0 * answers
    # A trainer that keeps 16-bit weights beside the wide ones casts them when it updates them.
    casts = held / step.slots if step.casts_once else held
    # Most jobs have one stage: what is done whole needs no copy.
    update, cast, rest = (
        None if every(share == 1.0) else share
        for share in (answers / step.slots, casts, 1.0 / (mesh.pp * mesh.cp))
    )

    if update is cast is rest is None and not step.casts_once:
        return tuple(own)

    def once(op: Op) -> Op:
        if step.casts_once and op.layer.endswith(".wgrad"):
            op = _added_up(op)
        share = update if op.stage == "optimizer" else cast if op.layer.startswith("autocast.") else rest
        return op if share is None else changed(op, repeats=op.repeats * share)

    return tuple(map(once, own))


def _added_up(op: Op) -> Op:
    """The product that makes a gradient of weights, where it adds to what earlier micro-batches left."""
    d, each = op.dims, section("training")["accumulated"]
    return changed(op, write_bytes=each * d["m"] * d["n"] * d.get("batch", 1.0))


def host_seconds(job: Job, stack: Runtime, whole: Sequence[Op], devices: Devices) -> Any:
    """Seconds of a pass in which the GPU waits for the host to learn how many tokens each expert got.

    The more experts a model has, the more counts, offsets and pieces of its tokens the host has lists of. A
    step that is captured whole as a CUDA graph waits for nothing, nor does one whose experts all get an even
    share (`router=dropped`; `drop_and_pad` of Megatron-LM's `MoEAlltoAllTokenDispatcher`, which its own
    scripts leave off: `counts_dropped`). Where routers, and
    what readies tokens for their experts, are graphs of each layer (`partial`), the host is sooner at the
    experts, as where the GPU counts tokens itself; a runtime may say how long it is (`expert_wait`). Where
    no token leaves its GPU no counts go around: the host launches the products of each expert
    (`expert_launches` in all), and waits no longer than for that. Recipes
    have graphs `on` some GPUs alone: `partial on gb200-192gb, gb300-288gb`.
    """
    if router(job) in ROUTERS[-2:] and not stack.counts_dropped:
        return 0.0
    graphs, on, gpus = job.options.get("cuda_graphs", "").strip().lower().partition(" on ")
    sent = (op for op in whole if op.kind == "copy" and op.layer.endswith(".dispatch"))
    layers = sum((op.count for op in sent if op.stage == "forward"), start=0.0)
    c, named = section("training"), gpus.replace(",", " ").split()
    plain = c["moe_host_partial"] if stack.holds.get("counts_on_gpu") else c["moe_host"]
    plain = stack.holds.get("expert_wait", plain)
    waits = {**dict.fromkeys(_CAPTURED, 0.0), "partial": c["moe_host_partial"]}.get(graphs, plain)
    if waits != plain:
        captured = devices.each(lambda gpu: not on or gpu.id in named)
        plain = np.where(captured, waits, plain)
    experts = resolve(job.workload).dims.get("experts") or c["moe_host_experts"]
    waits = plain * (experts / c["moe_host_experts"]) ** c["moe_host_power"]
    if launches := stack.holds.get("expert_launches"):
        alone = np.minimum(waits, launches * experts * stack.launch)
        waits = np.where(Mesh.of(job).ep > 1.0, waits, alone)
    return waits * layers


#: Words for a step that is one CUDA graph.
_CAPTURED = ("full", "full_iteration", "true")
