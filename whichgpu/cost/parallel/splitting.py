"""Splitting a job over several GPUs: tensor parallelism inside a replica, data parallelism of training.

Tensor parallelism (Shoeybi et al., Megatron-LM, 2019): column layers split their outputs, row layers
their inputs, attention its heads; each row layer ends in an all-reduce of its output.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.coefficients import section
from whichgpu.cost.gpu.device_rates import CLEARLY
from whichgpu.cost.kernels.attention import seen
from whichgpu.cost.parallel.links import all_gather, all_reduce, all_to_all, all_to_each, node_size, send
from whichgpu.errors import UsageError
from whichgpu.values import NamedTuple
from whichgpu.workloads.language.feed import evenness
from whichgpu.workloads.ops import changed, every
from whichgpu.workloads.precision import precision
from whichgpu.workloads.workload import resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from numpy.typing import NDArray

    from whichgpu.cost.gpu.device import Devices
    from whichgpu.cost.parallel.distributed import Step
    from whichgpu.cost.parallel.mesh import Mesh
    from whichgpu.workloads.job import Job
    from whichgpu.workloads.ops import Op
    from whichgpu.workloads.workload import Workload

    Array = NDArray[np.float64]


def shard(
    ops: Iterable[Op], tp: Any, *, ep: Any = None, moe_tp: Any = 1.0, pooled: Any = 1.0,
    sequence: bool = False, most: Any = None, trained: bool = False,
) -> tuple[Op, ...]:  # fmt: skip
    """What each of `tp` GPUs does of `ops`; `tp` is a number or an array over the job axis.

    Experts are dealt out over `ep` GPUs (by default `tp`), and each is cut over `moe_tp`; the tokens of
    `pooled` passes like this one come together at them. With `sequence` parallelism the GPUs share out the
    tokens of what tensor parallelism leaves whole (Korthikanti et al., 2022, section 4.2.2). A model that is
    `trained` has `most`: tokens of the busiest of those GPUs over its share (`busiest`). What is served waits
    for the GPU that the draw of each layer gives most.
    """
    n, dealt, cut, met = (
        np.asarray(value, dtype=np.float64) for value in (tp, tp if ep is None else ep, moe_tp, pooled)
    )
    if every(n == 1) and every(dealt == 1) and every(cut == 1):
        return tuple(ops)
    splits = {**_SPLITS, "none": _tokens} if sequence else _SPLITS
    most = busiest(dealt) if most is None else most

    def own(op: Op) -> Op:
        if op.shard not in _DEALT:
            return splits[op.shard](op, n)
        if trained or "groups" not in op.dims:
            return _experts(op, dealt, cut, met, most)
        return _waited_for(_experts(op, dealt, cut, met, _ONE), dealt)

    return tuple(own(op) for op in ops)


_ONE = np.ones(())


def _waited_for(op: Op, ep: Array) -> Op:
    """A product of experts as the GPU has it for which the others wait, of `ep` that have them.

    Which experts tokens go to is drawn, and more tokens go to some (`experts_touched`). Of n experts on a GPU
    some are touched, each with a chance q, so that their number has a variance of n q (1 - q); the tokens
    sent to them have one of their number, and what the frequencies of n experts differ by beside it. A layer
    ends with the largest of `ep` draws, taken for normal ones. One token in flight over eight GPUs finds up
    to three of its eight experts on one of them.
    """
    touched = np.maximum(op.dims["batch"], 1e-9)
    chance = np.minimum(touched * ep / op.dims["groups"], 1.0)
    sent = touched * op.dims["m"]
    read = np.minimum(1.0 + largest(ep) * np.sqrt((1.0 - chance) / touched), 1.0 / chance)
    uneven = ep / (op.dims["groups"] * evenness())
    more = 1.0 + largest(ep) * np.sqrt(1.0 / np.maximum(sent, 1e-9) + uneven)
    return changed(op, dims={**op.dims, "batch": touched * read, "m": op.dims["m"] * more / read},
                   flops=op.flops * more, weight_bytes=op.weight_bytes * read,
                   read_bytes=op.read_bytes * more, write_bytes=op.write_bytes * more)  # fmt: skip


#: Mean of the largest of 1, 2, 4, .. draws from a normal distribution, in standard deviations (Tippett, "On
#: the Extreme Individuals", Biometrika 17, 1925).
_LARGEST = (0.0, 0.564, 1.029, 1.424, 1.766, 2.070, 2.344, 2.594, 2.827, 3.045, 3.250)


def largest(draws: Array) -> Array:
    """How far the largest of some draws lies above the mean, in standard deviations."""
    return np.asarray(np.interp(np.log2(draws), np.arange(len(_LARGEST)), _LARGEST))


def _whole(op: Op, _tp: Array) -> Op:
    return op


def _tokens(op: Op, tp: Array) -> Op:
    """A share of the tokens of an op that has no weights to speak of."""
    if op.kind not in _BY_TOKEN or op.layer.startswith("autocast."):
        return op
    return changed(op, dims=_divided(op, "elements", tp), flops=op.flops / tp,
                   read_bytes=op.read_bytes / tp, write_bytes=op.write_bytes / tp)  # fmt: skip


#: Kinds of ops that work token by token.
_BY_TOKEN = ("norm", "pointwise", "copy")


class _Cut(NamedTuple):
    """The dimension of a product that is cut, and whether what it reads, writes and saves is cut with it."""

    dim: str
    read: int
    write: int
    save: int


#: By gradient, how a product is cut where its layer's outputs (column) or inputs (row) are: that of the
#: input (dgrad) has n and k the other way round, that of the weights (wgrad) has the rows in k, and of
#: the two operands that it reads only the one is cut (`_read`).
_COLUMN = {"": _Cut("n", 0, 1, 0), "dgrad": _Cut("k", 1, 0, 0), "wgrad": _Cut("n", 0, 1, 0)}
_ROW = {"": _Cut("k", 1, 0, 1), "dgrad": _Cut("n", 0, 1, 0), "wgrad": _Cut("m", 0, 1, 0)}


def _gradient(op: Op) -> str:
    """Which gradient a product makes: `dgrad` of its input, `wgrad` of its weights, "" for none."""
    return op.layer[-5:] if op.layer.endswith((".dgrad", ".wgrad")) else ""


def _column(op: Op, tp: Array) -> Op:
    """A share of the outputs of a product; of what works on them one by one, all that it reads as well."""
    if op.kind in ("gemm", "conv"):
        return _cut(op, tp, _COLUMN[_gradient(op)])
    return changed(op, dims=_divided(op, "elements", tp), flops=op.flops / tp, **_weights(op, tp),
                   read_bytes=op.read_bytes / tp, write_bytes=op.write_bytes / tp,
                   saved_bytes=op.saved_bytes / tp)  # fmt: skip


def _row(op: Op, tp: Array) -> Op:
    return _cut(op, tp, _ROW[_gradient(op)])


def _cut(op: Op, tp: Array, how: _Cut) -> Op:
    return changed(op, dims=_divided(op, how.dim, tp), flops=op.flops / tp, **_weights(op, tp),
                   read_bytes=op.read_bytes * _read(op, how, tp), write_bytes=op.write_bytes / tp**how.write,
                   saved_bytes=op.saved_bytes / tp**how.save)  # fmt: skip


def _read(op: Op, how: _Cut, tp: Array) -> Array:
    """Share of what a whole product reads that one of `tp` GPUs reads.

    The gradient of the weights has two operands, the layer's input (m wide) and the gradient that arrives
    (n wide), of which one is cut.
    """
    if _gradient(op) != "wgrad":
        return np.asarray(1.0 / tp**how.read)
    cut = op.dims[how.dim] / (op.dims["m"] + op.dims["n"])
    return np.asarray(1.0 - cut + cut / tp)


def _vocabulary(op: Op, tp: Array) -> Op:
    """A share of the words: of the output head's columns, of the logits, of the rows of a table."""
    if op.kind == "gemm":
        return _column(op, tp)
    cut = changed(op, flops=op.flops / tp, **_weights(op, tp), write_bytes=op.write_bytes / tp)
    if op.kind != "pointwise":
        return cut
    return changed(cut, dims=_divided(op, "elements", tp), read_bytes=op.read_bytes / tp)


def _head(op: Op, tp: Array) -> Op:
    if op.kind != "attention":
        return changed(op, flops=op.flops / tp, **_weights(op, tp), read_bytes=op.read_bytes / tp,
                       write_bytes=op.write_bytes / tp, saved_bytes=op.saved_bytes / tp)  # fmt: skip
    # A KV head is kept whole: with more GPUs than KV heads several GPUs hold a copy of each.
    kv_share = 1.0 / np.minimum(tp, op.dims["kv_heads"])
    dims = {**op.dims, "heads": op.dims["heads"] / tp, "kv_heads": op.dims["kv_heads"] * kv_share}
    return changed(op, dims=dims, flops=op.flops / tp, read_bytes=op.read_bytes / tp,
                   kv_bytes=op.kv_bytes * kv_share, write_bytes=op.write_bytes / tp,
                   saved_bytes=op.saved_bytes / tp)  # fmt: skip


def _experts(op: Op, ep: Array, moe_tp: Array, pooled: Array, most: Array) -> Op:
    """Experts are dealt out whole, each GPU has 1 / ep of them and of the tokens sent to them, or cut."""
    gpus, made = ep * moe_tp, _gradient(op)
    how = (_ROW if op.shard == "expert_row" else _COLUMN)[made]
    dims = _divided(op, "batch", ep)
    if "n" in dims:
        rows = "k" if made == "wgrad" else "m"
        dims = {**dims, how.dim: dims[how.dim] / moe_tp}
        dims[rows] = dims[rows] * pooled
    else:
        # Tokens are handed out as wide as they are to each GPU of an expert that is cut.
        cut = int(op.kind != "copy")
        how = _Cut("", cut, cut, cut)
    # The gradient of the weights is as large as they are, however many tokens it is of.
    written = 1.0 / ep if made == "wgrad" else pooled / ep
    return changed(op, dims=dims, flops=op.flops * pooled / gpus, **_weights(op, gpus),
                   read_bytes=op.read_bytes * pooled / ep * _read(op, how, moe_tp),
                   write_bytes=op.write_bytes * written / moe_tp**how.write,
                   saved_bytes=op.saved_bytes * pooled / ep / moe_tp**how.save,
                   repeats=op.repeats * most)  # fmt: skip


def busiest(ep: Array, job: Job | None = None) -> Array:
    """Tokens of the busiest of `ep` GPUs that experts are dealt out over, as a multiple of its share.

    Pre-training keeps experts as busy as each other, by a loss or a bias; a fine-tuning finds them as they
    were made, and has texts of a kind. How often one is chosen differs there as a gamma distribution of the
    shape `evenness` does (`experts_touched`), and that of all on a GPU as one of their shapes' sum. All wait
    for the busiest, the largest of so many draws, taken for normal ones.
    """
    mixed = 1.0 + section("links")["imbalance"] * (1.0 - 1.0 / ep)
    if job is None or not job.trains:
        return np.asarray(mixed)
    if router(job) != ROUTERS[0]:
        return np.ones_like(ep)
    if not tunes(job):
        return np.asarray(mixed)
    held = resolve(job.workload).dims.get("experts", 1.0) / ep
    return np.asarray(np.minimum(1.0 + largest(ep) / np.sqrt(evenness() * held), ep))


def tunes(job: Job) -> bool:
    """Whether a job trains what was trained before."""
    return str(job.phase).startswith("finetune")


#: Who chooses the experts of a token in training, as the option `router` says: the model, chance, nobody, or
#: the model within an even share of each expert.
ROUTERS = ("model", "balanced", "consecutive", "dropped")


def router(job: Job) -> str:
    """The option `router`, one of `ROUTERS`; raises `UsageError` for another word.

    Benchmarks of trainers leave a model's own choice out: they draw experts by chance (Megatron's option
    `moe_router_force_load_balancing`), so that all get as many tokens, or take them in turn (NeMo AutoModel's
    `FakeBalancedGate`), so that those of a token lie on one GPU or next to each other. Where tokens beyond an
    even share are `dropped` and places left are padded (NeMo's `MegatronTokenDropCallback`), the host knows
    beforehand how many an expert gets.
    """
    said = job.options.get("router", "").strip().lower() or ROUTERS[0]
    if said not in ROUTERS:
        raise UsageError(f"option router: '{said}' is none of {', '.join(ROUTERS)}; write router=balanced")
    return said


def capacity(job: Job) -> float:
    """Places of an expert over an even share of the tokens, all of which are computed: `capacity_factor`.

    Of trainings that drop tokens (`router=dropped`); NeMo's have 1 of them, MaxText's benchmarks 1.25.
    """
    filled = job.option("capacity_factor", 1.0, least=1.0)
    if filled != 1.0 and router(job) != ROUTERS[-1]:
        raise UsageError(
            f"option capacity_factor={filled:g} is of experts that drop tokens; write router=dropped too"
        )
    return filled


def padded(ops: tuple[Op, ...], job: Job) -> tuple[Op, ...]:
    """Ops of which experts compute all the places that they have, taken or not."""
    times = capacity(job)
    if times == 1.0:
        return ops
    return tuple(
        changed(op, repeats=op.repeats * times, saved_bytes=op.saved_bytes * times)
        if op.shard in _DEALT
        else op
        for op in ops
    )


#: What is dealt out, or cut, as experts are.
_DEALT = ("expert", "expert_row")


def _weights(op: Op, tp: Array) -> dict[str, Any]:
    return {"weight_bytes": op.weight_bytes / tp, "stored_bytes": op.stored_bytes / tp}


def _divided(op: Op, name: str, tp: Array) -> dict[str, Any]:
    return {**op.dims, name: op.dims[name] / tp} if name in op.dims else dict(op.dims)


_SPLITS: Mapping[str, Callable[[Op, Array], Op]] = {
    "none": _whole, "column": _column, "row": _row, "summed": _row, "head": _head, "vocab": _vocabulary,
}  # fmt: skip


def tensor_parallel_seconds(
    ops: Iterable[Op], tp: Any, devices: Devices, *, trains: bool = False, shared: bool = False,
    captured: Any = False, one_shot: Any = 0.0, peer: Any = 0.0,
) -> Array:  # fmt: skip
    """Seconds of all-reduces in one pass of unsharded `ops`: one after each row layer, and in norms of heads.

    In training a second one follows where the gradient passes the column layer before it; layers that
    are run again for the backward pass reduce again. Where the GPUs have `shared` out the tokens between
    products, each is a reduce-scatter and an all-gather. `captured`: the pass is a CUDA graph; of up to
    `one_shot` tokens its all-reduces are of one shot, with a wait of `peer` s for each other GPU.
    """
    total = np.zeros((1, 1))
    if np.all(np.asarray(tp) == 1):
        return total
    times, size, each = 2.0 if trains else 1.0, None, total
    for op in ops:
        again = op.layer.endswith(".again")
        if op.shard == "row" and (op.stage == "forward" or again):
            # Row layers mostly write the same: the states of the tokens.
            if size is None or not np.array_equal(op.write_bytes, size):
                size = op.write_bytes
                each = (
                    2.0 * all_gather(size, tp, devices)
                    if shared
                    else all_reduce(size, tp, devices, direct=not trains, captured=captured,
                                    one_shot=np.asarray(op.dims["m"]) <= one_shot, peer=peer)
                )  # fmt: skip
            total = total + op.count * (1.0 if again else times) * each
        elif "across" in op.dims and (op.stage == "forward" or again):
            # Queries and keys of all heads are normalised at once: their sums of squares are added up.
            sums = _SUMS * op.dims["elements"] / op.dims["across"]
            took = all_reduce(sums, tp, devices, direct=not trains, captured=captured)
            total = total + op.count * (1.0 if again else times) * took
    return total


#: Bytes of two sums of a token's squares in FP32, of its queries and of its keys (MiniMaxText01RMSNormTP of
#: vllm/model_executor/layers, github.com/vllm-project/vllm/pull/31493).
_SUMS = 8.0


def context_parallel_seconds(ops: Iterable[Op], mesh: Mesh, devices: Devices, rate: float) -> Array:
    """Seconds of a pass in which a GPU waits for keys and values of the other parts of its sequences.

    They go around a ring while attention works on those that are there (Liu, Zaharia, Abbeel, "Ring
    Attention", 2023): what it takes longer than attention, at the share `rate` of the peak, shows. In the
    backward pass their gradients go around as well. Each step of the ring leaves a part of the result, which
    is written, read and added to the sum of those before it (Transformer Engine, `context_parallel.py`), and
    works on chunks of the sequence, whose kernels are slower the shorter these are.
    """
    total, c = np.zeros((1, 1)), section("links")
    if np.all(mesh.cp == 1):
        return total
    for op in ops:
        if op.kind != "attention" or op.layer.endswith(".again"):
            continue
        d, cut = op.dims, mesh.tp * mesh.cp
        heads = d["kv_heads"] / np.minimum(mesh.tp, d["kv_heads"])
        size = _KEYS_AND_VALUES * d["batch"] * heads * d["kv"] * d["head_dim"]
        sent = all_gather(size, mesh.cp, devices, mesh.tp) * (2.0 if op.stage == "backward" else 1.0)
        works = op.flops * seen(d) / cut / (devices.peak(op.dtype) * rate)
        values = d["batch"] * d["heads"] * d["q"] * d["head_dim"] / cut
        added = mesh.cp * values * c["ring_bytes"] / devices.bandwidth
        # Each part of a sequence is two chunks of it, so that all have as much of the causal triangle.
        added = added + works * c["ring_rows"] * (2.0 * mesh.cp - 1.0) / d["q"]
        total = total + op.count * (np.maximum(sent - works, 0.0) + np.where(mesh.cp > 1, added, 0.0))
    return np.asarray(total)


#: Bytes of a key and a value, 16 bits each.
_KEYS_AND_VALUES = 4.0


def stages_seconds(ops: Iterable[Op], mesh: Mesh, devices: Devices) -> Array:
    """Seconds in which the states of a pass of unsharded `ops` go from machine to machine, once each.

    Tensor-parallel GPUs send a share each. What a stage adds inside a machine is in its `boundary`.
    """
    width = mesh.tp * mesh.attention_dp
    crossings = np.minimum(mesh.pp, np.ceil(mesh.pp * width / node_size(devices))) - 1.0
    states = next((op.write_bytes for op in ops if op.shard == "row"), None)
    if states is None or np.all(crossings == 0.0):
        return np.zeros((1, 1))
    each = send(states / mesh.tp, np.maximum(width, node_size(devices)), devices)
    return np.asarray(crossings * each)


def grouped(workload: Workload, job: Job, mesh: Mesh) -> tuple[Job, tuple[Op, ...]]:
    """The job of one group of data-parallel attention, and the ops of the pass that it is in.

    Each group has its share of a replica's batch, of fewer sequences than groups one; the experts see the
    tokens of all.
    """
    whole = workload.trace(job)
    if not np.any(mesh.attention_dp > 1.0):
        return job, whole
    batch = np.asarray(job.batch, dtype=np.float64)
    own = job.changed(batch=np.maximum(batch / mesh.attention_dp, np.minimum(batch, 1.0)))
    apart = (op for op in workload.trace(own) if not op.shard.startswith("expert"))
    return own, (*apart, *(op for op in whole if op.shard.startswith("expert")))


def all_to_all_seconds(
    workload: Workload, job: Job, ops: Iterable[Op], mesh: Mesh, devices: Devices, *, few: Any = False,
    copies: bool = False, gathers: Any = False,
) -> Array:  # fmt: skip
    """Seconds of sending each token to its experts and back, over all layers of a pass of `ops`.

    What a GPU sends of a layer is its tokens, each to as many others as its choices reach; there and back,
    and in training twice more for the gradients. In training tensor-parallel GPUs have a share of the
    tokens each. Serving engines gather all tokens on every GPU of a machine, and scatter the sums, unless
    they are set up for more: dense collectives wait less than an all-to-all of few tokens. Beyond one, over
    NVLink or a network, tokens go in the format that experts multiply in, and their sums come back in 16
    bits; `few` of them, those of a pass that makes no prompt, to each choice by themselves. An engine that
    `gathers` does as in one machine there too. `copies`: a training sends each copy of a token by itself
    (`Runtime.sends_copies`).
    """
    total = np.zeros((1, 1))
    # Groups that attend to sequences of their own meet at experts that are cut as at those dealt out.
    exchanging = (mesh.ep if job.trains else mesh.attention_dp) > 1
    if not np.any(exchanging):
        return total
    spec, top = precision(job.precision), workload.dims["experts_per_token"]
    size, narrow = spec.activation, 1.0 if spec.math == "fp8" else spec.activation
    within = workload.dims.get("groups_per_token", 1) / workload.dims.get("expert_groups", 1)
    shared = mesh.tp if job.trains else 1.0
    in_turn = workload.dims["experts"] if job.trains and router(job) == "consecutive" else 0
    machine = np.minimum(node_size(devices), section("links")["node"])
    for op in ops:
        if op.kind == "copy" and ".dispatch" in op.layer:
            # `elements` are top copies of each token that this GPU holds.
            sent = op.dims["elements"] / top / shared * size * (capacity(job) if job.trains else 1.0)
            if job.trains and tunes(job):
                sent = sent * busiest(mesh.ep, job)
            gpus = mesh.ep * mesh.moe_tp
            cut = mesh.moe_tp if job.trains else 1.0
            both = 2.0 * all_to_all(
                sent, gpus, devices, top, within, in_turn=in_turn, copies=copies, cut=cut
            )  # fmt: skip
            if not job.trains:
                # "FP8 dispatching and BF16 combining", of many tokens too: github.com/deepseek-ai/DeepEP.
                there = all_to_all(sent * narrow / size, gpus, devices, top, within)
                both = there + all_to_all(sent, gpus, devices, top, within)
                apart = all_to_each(sent * narrow / size, gpus, devices, top) + all_to_each(
                    sent, gpus, devices, top
                )
                both = np.where(few, apart, both)
                gathered = 2.0 * all_gather(gpus * sent, gpus, devices, direct=True)
                both = np.where((gpus <= machine) | gathers, gathered, both)
            total = total + op.count * both
    return np.asarray(np.where(exchanging, total, 0.0))


def data_parallel_seconds(
    each_pass: Array, step: Step | None, replicas: Any, devices: Devices, links: Any = 1.0
) -> Array:
    """Seconds of a training step, given those of one pass on each of its `replicas`, (G, J).

    What is exchanged with every pass runs beside it: (t_pass^q + t_each^q)^(1/q). Gradients at the end hide
    behind the two thirds of the last passes that are backward, weights behind the third that is forward
    (`shown_at_end`). Stragglers cost a little for every doubling of the replicas. `links` is a factor on the
    rate of the links. A `step` of None exchanges nothing.
    """
    return each_pass if step is None else Exchange.of(step, replicas, devices).seconds(each_pass, links)


class Exchange(NamedTuple):
    """What replicas exchange in a training step, whatever a pass takes: seconds and factors, (G, J) each."""

    beside: Array
    last: Array
    copied: Array
    updated: Array
    filling: Array
    slots: Array
    waits: Array
    late: Array
    gathered: Array
    passes: Array
    together: Array

    @classmethod
    def of(cls, step: Step, replicas: Any, devices: Devices) -> Exchange:
        """The exchange of a step on so many replicas."""
        c = section("links")
        # A machine, not an NVLink domain: what one host shares makes its GPUs wait for each other.
        node = np.minimum(node_size(devices), c["node"])
        ranks = np.asarray(replicas, dtype=np.float64) * step.cp
        # Stages in one machine wait for each other as replicas do, where tensor parallelism leaves room.
        beside_each = np.minimum(ranks * step.stages, node / step.apart)
        inside, beyond = np.clip(beside_each, np.minimum(ranks, node), node), np.maximum(ranks / node, 1.0)
        wait = step.wait + step.norms_wait * _on_tensor_cores(devices)
        waits = 1.0 + wait * np.log2(inside) + c["step_nodes"] * np.log2(beyond)
        return cls(
            *exchanges(step, replicas, devices), *to_host(step, devices), pipeline_seconds(step, devices),
            np.asarray(step.slots, dtype=np.float64), np.asarray(waits), np.asarray(step.late),
            np.asarray(step.gathered), np.asarray(step.beside, dtype=np.float64),
            np.asarray(step.together, dtype=np.float64),
        )  # fmt: skip

    def seconds(self, each_pass: Array, links: Any = 1.0) -> Array:
        """Seconds of a step, given those of one pass on each replica and a factor on the rate of links."""
        micro = beside_pass(beside_pass(each_pass, self.beside / links), self.copied)
        together = (
            self.slots * micro
            + shown_at_end(micro * self.passes, self.last / links, self.late, self.gathered, self.together)
            + self.filling
            + self.updated
        )
        return np.asarray(together * self.waits)


def _on_tensor_cores(devices: Devices) -> NDArray[np.bool_]:
    """Whether cuDNN has 16-bit convolutions on tensor cores, (G, 1)."""
    return np.asarray(devices.cudnn & ~devices.paired & (devices.peak("fp16") > CLEARLY * devices.vector))


def beside_pass(each_pass: Array, beside: Array) -> Array:
    """Seconds of a pass with an exchange beside it: (t_pass^q + t_each^q)^(1/q)."""
    q = section("training")["overlap"]
    return np.asarray(np.where(beside > 0, (each_pass**q + beside**q) ** (1.0 / q), each_pass))


def shown_at_end(
    beside: Array, last: Array, late: Any = 0.0, gathered: Any = 0.0, together: Any = 2.0
) -> Array:
    """Seconds of an exchange at the end of a step that the passes `beside` it, in s, do not hide.

    Two thirds of these are backward, which hide gradients but for the share `late`, ready when they are
    over: the two add up by the exponent `together`. The rest, forward, hides the share `gathered`: weights
    (`overlap_param_gather` of Megatron-LM).
    """
    backward, forward, sums = 2.0 / 3.0 * beside, beside / 3.0, (1.0 - gathered) * last
    early, weights = (1.0 - late) * sums, gathered * last
    # A root of a power is the number but for its last digit, which is no exchange.
    longer = (backward**together + early**together) ** (1.0 / together) - backward
    shown = late * sums + np.where(early > 0.0, longer, 0.0)
    return np.asarray(shown + np.sqrt(forward**2 + weights**2) - forward)


def exchanges(step: Step, replicas: Any, devices: Devices, links: Any = 1.0) -> tuple[Array, Array]:
    """Seconds of what the replicas exchange beside every pass, and at the end of a step, (G, J) each.

    GPUs that hold the same experts lie further from each other than replicas, so that each group of them has
    the port of one GPU between machines where a ring of all has those of all. Of frameworks' own sharding of
    other networks no run is on file: it has the rates that their all-reduces are known to have, and hides as
    little. Trainers of language models fill their links at the end of a step too, but for those of experts,
    and so do compilers of whole programs (`alongside`).
    """
    c, experts = section("links"), step.experts
    tuned = step.tuned | (step.language & alongside(devices))
    ranks, size = np.asarray(replicas, dtype=np.float64) * step.cp, step.exchanged
    dense = size if experts is None else (1.0 - experts.share) * size
    gathered = _gathered if step.tuned else all_gather
    shards = gathered(dense, ranks, devices, step.apart)
    whole = all_reduce(dense, ranks, devices, step.apart)
    each = (np.asarray(step.level) == 3) & (np.asarray(step.stages) == 1)
    # What goes with every micro-batch and hides behind none.
    often = np.where(each, np.where(tuned, 0.0, step.micro_batches), 1.0)
    last = np.where(step.level == 0, whole, often * shards) / np.where(tuned, 1.0, c["data_parallel"])
    if experts is not None:
        own = experts.share * size
        apart = gathered(own, experts.ranks, devices, experts.apart)
        whole = all_reduce(own, experts.ranks, devices, experts.apart)
        shards = shards + apart
        last = last + np.where(step.level == 0, whole, often * apart) / c["data_parallel"]
    return np.asarray(np.where(each & tuned, shards, 0.0) / links), np.asarray(last / links)


def alongside(devices: Devices) -> NDArray[np.bool_]:
    """Whether a compiler of whole programs sends beside the work, unasked, (G, 1)."""
    vendors = section("training")["alongside"]
    return np.asarray(devices.each(lambda gpu: gpu.vendor in vendors), dtype=bool)


#: Cards that no desktop has slots for.
_SERVED = 4.0


def _gathered(size: Any, ranks: Any, devices: Devices, apart: Any) -> Array:
    """Seconds in which replicas gather what ZeRO or FSDP shares out among them.

    Of several cards without peer-to-peer copies: on hosts that were fitted all share one path to its memory,
    nccl-tests show one with a path for each. Of a host that is not known it is half-way, by factors.
    """
    took = all_gather(size, ranks, devices, apart)
    if not np.any(devices.staged):
        return took
    own = np.minimum(all_gather(size, ranks, devices, apart, direct=True), took)
    return np.where(devices.staged & (ranks * apart >= _SERVED), np.sqrt(took * own), took)


def to_host(step: Step, devices: Devices) -> tuple[Array, Array]:
    """Seconds of copies to the host and back beside every pass, and at the end of a step, (G, J) each."""
    if step.moved is None:
        return np.zeros((1, 1)), np.zeros((1, 1))
    return step.moved.beside(devices), step.moved.at_end(devices)


def pipeline_seconds(step: Step, devices: Devices) -> Array:
    """Seconds of a pipeline's messages that no work hides: there and back at each boundary, once.

    Those of every micro-batch as well where a stage has its layers in one group: it is done with them when
    it sends, and has nothing else to do before the next arrive (`overlap_p2p_comm` of Megatron-LM,
    arguments.py, is off without interleaving).
    """
    waiting = np.where(np.asarray(step.chunks) > 1, 0.0, step.micro_batches * (step.stages > 1))
    return np.asarray(2.0 * (step.stages - 1.0 + waiting) * send(step.handed, step.width, devices))


def passed_on(step: Step, devices: Devices) -> Array:
    """Seconds of a stage's messages that run beside its work: of all micro-batches and groups of layers."""
    beside = (step.stages > 1) & (np.asarray(step.chunks) > 1)
    chunks = step.micro_batches * step.chunks * beside
    return np.asarray(2.0 * chunks * send(step.handed, step.width, devices))
