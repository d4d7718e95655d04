"""Memory of a training step by part, in bytes on the fullest GPU.

    weights + gradients + optimizer states + activations + logits (+ gathered layers, buckets ..) + context

Of P trained parameters, in bytes each, and what ZeRO of a level shares out over the ranks:

                            16-bit copy   gradients   wide weights   Adam
    FP32                         -            4             4          8
    BF16 throughout              2 (weights)  2             -          4
    mixed precision, autocast    2            4             4          8     18, Megatron's too
    mixed precision, ZeRO        2            2             4          8     16 (`gradient_bytes`)
    FSDP                         gathered     4             4          8     16 / ranks
    shared out from level        3            2             1          1

A step's memory is that of its fullest moment: the loss, the end of the backward pass, or, where a framework
frees the last step's gradients as the next begins (`frees_gradients`), the optimizer's step. Parts are whole;
what is not there at that moment are parts below 0: `not_at_loss`, the layer that runs backward after it, and
`not_at_once`, gradients and the optimizer's copies that come as activations go.

(Rajbhandari et al., ZeRO, SC 2020, section 3.1.) LoRA trains FP32 adapters, 16 bytes each, and keeps its
frozen weights as they are. 1F1B keeps min(micro-batches, stages) micro-batches of the first stage's
layers, interleaved in v groups (1 + (p - 1) / (p v)) times those of a whole model (Korthikanti et al.,
section 4.2.3); stage s of them p - s, and p + (p - 1 - 2 s) / v.
"""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.memory.activations import Kept, activations, causal
from whichgpu.cost.memory.inference import context
from whichgpu.cost.memory.memory_law import coefficient
from whichgpu.cost.memory.totals import chosen
from whichgpu.cost.memory.weights import quantised_head, stage_weight_bytes, widened_layer
from whichgpu.errors import UsageError
from whichgpu.values import NamedTuple, immutable
from whichgpu.workloads.checkpointing import repeated
from whichgpu.workloads.ops import changed, some, stored_weight_bytes
from whichgpu.workloads.ops import parameters as by_module
from whichgpu.workloads.precision import precision
from whichgpu.workloads.training import (
    by_lists,
    has_narrow_moments,
    optimizer_bytes,
    paged,
    trained_parameters,
)  # fmt: skip

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whichgpu.cost.job.runtime import Runtime
    from whichgpu.workloads.job import Job
    from whichgpu.workloads.ops import Op
    from whichgpu.workloads.precision import Precision

#: What may wait on the host; "true" is all that is no activation.
OFFLOADED = ("optimizer", "parameters", "activations")
_STATES = ("optimizer", "parameters")
_OFFLOAD: dict[str, tuple[str, ...]] = {
    "": (), "false": (), "none": (), "no": (), "0": (), "true": _STATES, "yes": _STATES, "1": _STATES,
    "cpu": _STATES, "all": OFFLOADED, "params": ("parameters",), "param": ("parameters",),
    "weights": ("parameters",), "states": ("optimizer",), "optimiser": ("optimizer",),
    "sequential": ("parameters",),
}  # fmt: skip
#: Formats of 16-bit training with FP32 weights, by the format that a job names.
MIXED = {"bf16": "amp-bf16", "fp16": "amp-fp16"}


@immutable
class Spread:
    """How a training job's memory is spread.

    `level` of ZeRO over `ranks`, layers over `pp` stages (in `vp` groups each), each sequence's activations
    over `shares` GPUs (context parallelism, and tensor parallelism with its sequence parallelism), logits
    over as many; `unshared` GPUs of tensor parallelism, where they do not share the tokens out between
    products, each have whole what these do not cut; `gathered` GPUs of it, each of which keeps whole what
    its column products read; `micro_batches` of a step, in so many `rounds`, each of which fills and drains a
    pipeline; `trained` parameters belong to the shard of the model, None: all.
    `offload` says what waits on the host; `piecewise`: the optimizer runs within
    the backward pass, so that no layer's gradients wait for the others'. `stage` counts from 0.
    """

    level: int = 0
    ranks: Any = 1.0
    pp: Any = 1.0
    vp: Any = 1.0
    shares: Any = 1.0
    unshared: Any = 1.0
    gathered: Any = 1.0
    micro_batches: Any = 1.0
    rounds: Any = 1.0
    trained: Any = None
    offload: frozenset[str] = frozenset()
    piecewise: bool = False
    stage: Any = 0.0

    def of(self, level: int) -> Any:
        """GPUs over which what ZeRO shards from `level` on is spread."""
        return self.ranks if self.level >= level else 1.0

    @property
    def in_flight(self) -> Any:
        """Micro-batches of its layers that a stage keeps: stages after it hand back later."""
        stages, groups = np.asarray(self.pp, dtype=np.float64), np.asarray(self.vp, dtype=np.float64)
        interleaved = stages + (stages - 1.0 - 2.0 * self.stage) / groups
        held = np.where(groups > 1.0, interleaved, stages - self.stage)
        return np.maximum(np.minimum(self.together, held), 1.0)

    @property
    def together(self) -> Any:
        """Micro-batches of a round."""
        return np.asarray(self.micro_batches) / self.rounds


def offload(job: Job) -> frozenset[str]:
    """The option `offload` as a set of `OFFLOADED`; raises `UsageError` for another word."""
    found: set[str] = set()
    for word in job.options.get("offload", "").lower().replace("+", ",").split(","):
        known = _OFFLOAD.get(word.strip()) if word.strip() not in OFFLOADED else (word.strip(),)
        if known is None:
            if not job.trains:
                raise UsageError(
                    f"option offload: '{word.strip()}' is no amount of weights, nor one of parameters, "
                    "model, sequential; write offload=5GiB"
                )
            raise UsageError(
                f"option offload: '{word.strip()}' is none of {', '.join(OFFLOADED)}, all; write "
                "offload=optimizer"
            )
        found.update(known)
    return frozenset(found)


def held_format(named: Precision, stack: Runtime, level: int, ranks: Any) -> Precision:
    """What a runtime keeps for weights that a job trains in a format: FP32 behind 16 bits in some.

    In others where they are shared out, that is at the third `level` of ZeRO, over several `ranks`.
    """
    shards = level == _GATHERED and stack.holds.get("wide_shards") and np.any(np.asarray(ranks) > 1)
    wide = (stack.holds.get("wide_weights") or shards) and MIXED.get(named.id)
    held = precision(wide) if wide else named
    each = stack.holds.get("gradient_bytes")
    return replace(held, train_state=each + held.activation) if each and held.mixed else held


class _Step(NamedTuple):
    """What a training step is of: ops of a pass and of one shard, formats as named and as held, how spread.

    `frozen` says that the model's own weights are.
    """

    forward: Sequence[Op]
    own: Sequence[Op]
    named: Precision
    held: Precision
    stack: Runtime
    spread: Spread
    frozen: bool

    @property
    def layers(self) -> Any:
        """Repeated layers of the model, at least one."""
        return np.maximum(sum(op.starts for op in self.forward), 1.0)


#: Bytes of a value in 16 and in 32 bits.
_NARROW, _FP32 = 2.0, 4.0
#: Parts that every step has.
_ALWAYS = ("weights", "gradients", "optimizer", "activations", "context")
_ALONE, _EAGER = Spread(), Kept()


def training_parts(
    whole: Sequence[Op], own: Sequence[Op], named: Precision, optimizer: str, *, stack: Runtime,
    spread: Spread = _ALONE, kernels: Kept = _EAGER, trained_in: Precision | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Parts of a training step on the fullest GPU, given the ops of a pass and those of one shard.

    `trained_in` is the format of what is trained where that is adapters on frozen weights.
    """
    forward = [op for op in whole if op.stage == "forward"]
    held = trained_in or held_format(named, stack, spread.level, spread.ranks)
    step = _Step(forward, own, named, held, stack, spread, frozen=trained_in is not None)
    trained = (trained_parameters(whole) if spread.trained is None else spread.trained) / spread.pp
    trained = trained * _end_share(step)
    states, alive = _states(step, optimizer, trained), _alive(step, kernels)
    late, copies, copied = states["gradients"], states.pop("copies"), _copied(step, optimizer, trained)
    scattered = states.pop("scattered")
    parts = {**states, **alive.at_loss, **_gathered(step), "context": context(stack)}
    passing = sum((parts.get(name, 0.0) for name in _GONE), start=np.zeros(()))
    shown = held_now = late + copies
    # Autocast's copies of weights are of one pass, those beside weights that are shared out stay.
    staying = late + copies * float(spread.level > 0)
    if stack.holds.get("frees_gradients") and (not step.frozen or spread.level == 0):
        # Of frozen weights there are no gradients: neither a head's nor a table's.
        trains = float(not step.frozen)
        pieces, second = trains * _of_pieces(step, kernels), trains * _second_gradient(step)
        waiting = np.where(np.asarray(spread.micro_batches) > 1, late, 0.0) + pieces
        beside = np.maximum(alive.at_end, second)
        there = np.maximum(copies - _uncopied(step, kernels, alive), 0.0)
        held_now = np.maximum(waiting + there, staying + beside - passing)
    # Parts are shown whole; what of them is not there at the fullest moment is a part of its own. Gradients
    # that were added up whole are shared out before the optimizer's step.
    stepping = staying - late + scattered + copied
    more = np.maximum(held_now, stepping - passing) - shown - copied
    parts["gradients"], parts["optimizer_step"] = shown + np.maximum(more, 0.0), copied
    parts["not_at_once"] = np.minimum(more, 0.0)
    if step.frozen:
        parts["widened_layer"] = widened_layer(forward, stack, named)
    return {name: part for name, part in parts.items() if name in _ALWAYS or some(part)}


def of_all(*ops: Any, stack: Runtime, spread: Spread, **given: Any) -> dict[str, Any]:
    """`training_parts` of jobs of which some may be on one GPU, which shares nothing out, beside others."""
    found = training_parts(*ops, stack=stack, spread=spread, **given)
    several = np.asarray(spread.ranks) > 1
    if not stack.holds.get("wide_shards") or np.all(several) or not np.any(several):
        return found
    alone = replace(stack, holds={**stack.holds, "wide_shards": False})
    return chosen(several, found, training_parts(*ops, stack=alone, spread=spread, **given))


def _uncopied(step: _Step, kernels: Kept, alive: _Alive) -> Any:
    """Bytes less than all parts say, at the fullest moment, where layers run again under autocast.

    Its 16-bit copies of weights go with the forward pass, before the loss has the second of its gradients, 2
    bytes a logit, and before a layer runs again where there is no loss to speak of.
    """
    if not kernels.again:
        return 0.0
    logits = np.asarray(alive.at_loss["logits"])
    return np.where(logits > 0, np.minimum(_returned(step), logits / 5.0), alive.at_end)


#: Parts that are gone by the end of the backward pass.
_GONE = ("activations", "logits", "not_at_loss", "gathered_layers")


def _of_pieces(step: _Step, kernels: Kept) -> Any:
    """Bytes of the head's gradient at a loss in pieces, which it has by then, and of that of a piece."""
    pieces = kernels.chunks > 1 or kernels.fused_loss
    return 2.0 * _table(step) * _gradient_bytes(step) if pieces else 0.0


#: The levels of ZeRO from which gradients are shared out, and weights gathered.
_SHARDED, _GATHERED = 2, 3


def _second_gradient(step: _Step) -> Any:
    """Bytes of a table's gradient as an embedding beside that of the head which shares it: both add up."""
    return 0.0 if any(op.parameters for op in _heads(step)) else _table(step) * _gradient_bytes(step)


def _heads(step: _Step) -> list[Op]:
    """The products that make the logits."""
    return [op for op in step.own if op.kind == "gemm" and op.shard == "vocab" and op.stage == "forward"]


def _table(step: _Step) -> Any:
    """Weights of the output head, its own or the embedding's; 0 where gradients are shared out."""
    whole = sum((op.dims["n"] * op.dims["k"] for op in _heads(step)), start=0.0)
    return whole * (np.asarray(step.spread.of(_SHARDED)) <= 1)


def _gradient_bytes(step: _Step) -> float:
    """Bytes of one weight's gradient."""
    return step.held.train_state - (step.held.activation if step.held.mixed else 0.0)


def _copy(step: _Step) -> float:
    """Bytes of a weight's 16-bit copy beside a wide one.

    FSDP gathers the 16-bit weights layer by layer, from the wide ones if these are here; others keep them.
    """
    away = step.spread.offload
    gathers = step.spread.level == _GATHERED and not step.stack.holds.get("gradient_bytes")
    gathers = gathers and not ("optimizer" in away and "parameters" not in away)
    return step.held.activation if step.held.mixed and not gathers else 0.0


def _copied(step: _Step, optimizer: str, trained: Any) -> Any:
    """Bytes of one of the optimizer's states, of which torch.optim's step over lists of tensors makes a copy.

    ZeRO's first two levels have optimizers of their own; FSDP has torch.optim's over its shards. DeepSpeed's
    join the 16-bit gradients of a rank and widen them, in level 3 group by group (`step` of its ZeRO);
    without ZeRO its FP16 optimizer widens those of all. Adam
    over lists then makes a root, where a trainer brings torch.optim's (`roots_groups`); that of PyTorch 1 a
    root and a quotient of the whole tensor that they are joined in. TensorFlow 1 takes the operators of
    BERT's AdamW in their order for all weights: gradients times a share, and squares.
    """
    spread, group = step.spread, step.stack.holds.get("group_values")
    if "optimizer" in spread.offload:
        return 0.0
    if _decays(step, optimizer):
        return trained * step.held.weight
    if group and not spread.level and step.held.id == MIXED["fp16"]:
        # All gradients are widened, and joined beside that (`step` of runtime/fp16/fused_optimizer.py).
        return trained * 2.0 * _FP32
    if group and spread.level:
        own = trained / spread.of(1)
        each = 3.0 * _FP32 - _NARROW if step.stack.holds.get("steps_by_tensor") else _NARROW + _FP32
        if step.stack.holds.get("roots_groups") and by_lists(optimizer):
            each = max(each, 2.0 * _FP32)
        return (np.minimum(own, group) if spread.level == _GATHERED else own) * each
    if not (step.stack.holds.get("copies_state") and by_lists(optimizer)) or 0 < spread.level < _GATHERED:
        return 0.0
    copies = float(step.stack.holds["copies_state"])
    return copies * trained * step.held.weight / spread.of(1) / (step.layers if spread.piecewise else 1.0)


def _end_share(step: _Step) -> Any:
    """Parameters of a stage over the mean of all: the first and the last have an end of the model as well."""
    pp = np.asarray(step.spread.pp, dtype=np.float64)
    if step.frozen or np.all(pp == 1):
        return 1.0
    whole = stored_weight_bytes(step.own)
    return stage_weight_bytes(step.own, pp, step.spread.stage) * pp / np.maximum(whole, 1.0)


def _states(step: _Step, optimizer: str, trained: Any) -> dict[str, Any]:
    """Weights, gradients, 16-bit copies and states of the optimizer, of `trained` parameters on a stage."""
    held, spread, stack = step.held, step.spread, step.stack
    away = spread.offload
    gradient = scattered = trained * _gradient_bytes(step) / spread.of(_SHARDED)
    summed = _summed_whole(step, trained)
    stored = (
        stage_weight_bytes(step.own, spread.pp, spread.stage)
        + quantised_head(step.own, stack, step.named) / spread.pp
    )
    stored = stored + _widened_ends(step) / spread.pp
    # A trace in 16 bits has weights of 16, of which a runtime may keep 32.
    stored = stored * (1.0 if step.frozen else _kept_of_weight(step, optimizer) / step.named.weight)
    averaged = 0.0 if step.frozen else trained * float(stack.holds.get("averaged", 0.0))
    # Of mixed precision the wide weights are the optimizer's, and shared out with its states.
    wide = held.mixed and not step.frozen
    on_device = {name: float(name not in away) for name in OFFLOADED}
    weights = on_device["parameters"]
    # Gradients leave as they come for an optimizer that runs within the backward pass, or on the host, but
    # for those that lie in one buffer until the step.
    if spread.piecewise or ("optimizer" in away and not stack.holds.get("buffers")):
        gradient, scattered = gradient / step.layers, scattered / step.layers
    # They go to the host after the last micro-batch, whose sum is where the others' is.
    gradient = np.where(summed > 0.0, summed, gradient * weights)
    buckets: Any = 0.0
    if spread.level == 0 and not (stack.holds.get("no_buckets") or spread.piecewise):
        # Gradients are copied into buckets for their exchange, all of them.
        buckets = gradient * np.asarray(spread.ranks > 1)
    elif spread.level > 0:
        buckets = float(stack.holds.get("bucket_values", 0.0)) * step.named.activation
    return {
        "weights": averaged + stored / spread.of(1 if wide else _GATHERED) * weights
        * (on_device["optimizer"] if wide else 1.0),
        "gradients": gradient,
        "scattered": scattered * weights,
        "copies": trained * _copy(step) / spread.of(_GATHERED) * weights,
        # Paged states move to the host when the GPU is short, and are no tensors of the framework's.
        "optimizer": trained * _state_bytes(step, optimizer) / spread.of(1)
        * (0.0 if paged(optimizer) else on_device["optimizer"]),
        "buckets": buckets,
    }  # fmt: skip


def _summed_whole(step: _Step, trained: Any) -> Any:
    """Bytes of gradients that FSDP adds up whole on the GPU over several micro-batches; 0 where it does not.

    It exchanges none within `no_sync`, nor moves any to a host that has its parameters (documentation of
    `FullyShardedDataParallel.no_sync`), whether it shares weights out or not (SHARD_GRAD_OP, level 2).
    """
    holds, spread = step.stack.holds.get("whole_gradients"), step.spread
    if not holds or spread.level < _SHARDED or step.frozen or spread.piecewise:
        return 0.0
    each = min(step.named.weight, step.named.activation)
    return np.where(np.asarray(spread.micro_batches) > 1, trained * each, 0.0)


def _kept_of_weight(step: _Step, optimizer: str) -> float:
    """Bytes of a trained weight beside its 16-bit copy: all of FP32, or what the copy does not have of it."""
    held = step.held
    brain = held.mixed and "bf16" in held.id
    shared = step.stack.holds.get("shares_bits") and brain and has_narrow_moments(optimizer)
    return held.weight - (held.activation if shared else 0.0)


def _state_bytes(step: _Step, optimizer: str) -> float:
    """Bytes of a parameter's states; trainers of language models call torch.optim's SGD without momentum.

    BERT's AdamW for TensorFlow 1 makes as a step begins what of moments and weights waits for no gradient.
    """
    plain = optimizer.lower() == "sgd" and step.stack.holds.get("plain_sgd")
    states = 0.0 if plain else optimizer_bytes(optimizer, step.held)[0]
    return states + 3.0 * step.held.weight if _decays(step, optimizer) else states


def _decays(step: _Step, optimizer: str) -> bool:
    """Whether an AdamW is written out in a graph."""
    return optimizer.lower() == "adamw" and bool(step.stack.holds.get("written_graph"))


def _widened_ends(step: _Step) -> Any:
    """Bytes that frozen weights which are not quantised take more, where a framework keeps them in FP32."""
    if not (step.frozen and step.named.quantised and step.stack.holds.get("widens_ends")):
        return 0.0
    ends = [op for op in step.own if some(op.stored_bytes) and (op.kind != "gemm" or op.shard == "vocab")]
    return stored_weight_bytes(ends) * (_FP32 / step.named.head - 1.0)


class _Alive(NamedTuple):
    """Parts of activations at the loss, and bytes of one layer's at the end of the backward pass."""

    at_loss: Mapping[str, Any]
    at_end: Any


def _alive(step: _Step, kernels: Kept) -> _Alive:
    """Activations and logits at the fullest moment of a stage; the last makes the logits."""
    spread = step.spread
    ops = step.forward
    if np.any(np.asarray(spread.unshared) != 1):
        ops = [_whole(op, spread.unshared) for op in ops]
    elif np.any(np.asarray(spread.gathered) != 1):
        ops = [_gathered_input(op, spread.gathered) for op in ops]
    found = activations(ops, kernels, 0.0 if step.frozen else _gradient_bytes(step))
    if step.frozen and spread.level == _GATHERED and kernels.again and step.stack.holds.get("frozen_stays"):
        # The end of a frozen layer's backward pass is told by its inputs' gradient: FSDP lets go of neither
        # before that of the whole pass, DeepSpeed when the next layer has run again.
        more = found.layer if step.stack.holds.get("group_values") else found.layers
        found = found._replace(layer=found.layer + more, last=found.last + more)
    stages = np.asarray(spread.pp, dtype=np.float64)
    last = spread.stage == stages - 1.0
    logits, layer = np.where(last, found.loss, 0.0), np.where(last, np.minimum(found.loss, found.layer), 0.0)
    if step.stack.holds.get("returns_logits"):
        # The last stage hands the logits of a round back together (torch.distributed.pipelining).
        logits = logits + np.where(last & (stages > 1), _returned(step) * spread.together, 0.0)
    kept = found.layers / stages * spread.in_flight + found.layer + found.ends
    # Networks and encoders ran where a tenth more would not have: what decoders keep beside is theirs.
    scaled = causal(step.forward) and (step.stack.fuses or not step.stack.holds.get("counted"))
    scale = coefficient("kept", step.stack) if scaled else 1.0
    return _Alive(
        {
            "activations": kept / spread.shares * scale,
            "logits": logits / spread.shares,
            "not_at_loss": -layer / spread.shares,
        },
        (found.last + found.ends) / spread.shares * scale,
    )


def _whole(op: Op, gpus: Any) -> Op:
    """An op over all of so many GPUs, each of which holds the whole of what products leave uncut.

    That is norms and sums, and what products of cut outputs read (Korthikanti et al., 2022, section 4.2.1).
    """
    if not (op.shard == "none" or (op.shard in _UNCUT_INPUT and op.kind == "gemm")):
        return op
    return changed(op, read_bytes=op.read_bytes * gpus, saved_bytes=op.saved_bytes * gpus,
                   write_bytes=op.write_bytes * (gpus if op.shard == "none" else 1.0))  # fmt: skip


def _gathered_input(op: Op, gpus: Any) -> Op:
    """An op over all of so many GPUs that gather what a column product reads, and keep it as it is.

    Megatron keeps its own tokens of it and gathers them again in the backward pass; `F.linear` behind an
    all-gather keeps its input, all of the tokens.
    """
    column = op.shard in _UNCUT_INPUT and op.kind == "gemm"
    return changed(op, saved_bytes=op.saved_bytes * gpus) if column else op


#: Products that read all of a token and make a part of it.
_UNCUT_INPUT = ("column", "vocab")


def _returned(step: _Step) -> Any:
    """Bytes of one micro-batch's logits."""
    heads = [op for op in step.forward if op.kind == "gemm" and op.shard == "vocab"]
    return sum((op.write_bytes for op in heads), start=0.0)


def _gathered(step: _Step) -> dict[str, Any]:
    """Layers that are whole for a moment: the one in use and the next, and the gradients of one."""
    spread, away = step.spread, "parameters" in step.spread.offload
    if not (spread.level == _GATHERED or away):
        return {}
    staged = np.asarray(spread.pp) > 1
    if np.all(staged) and not away:
        return {"gathered_layers": _staying(step)}
    inside = repeated(step.forward)
    counts = by_module(step.own)
    shard = _shard(step)
    layer = (
        sum((np.asarray(counts.get(name, 0.0)) for name in inside), start=np.zeros(())) * shard / step.layers
    )
    ends = [count * shard for name, count in counts.items() if name not in inside]
    size = min(step.named.weight, step.named.activation)
    root = bool(step.stack.holds.get("root_gathered"))
    end = reduce(np.add if root else np.maximum, ends, np.zeros(()))
    # What the root of FSDP holds stays beside two layers, for its backward pass ends last.
    found = size * (layer + (layer + end if root else np.maximum(layer, end)))
    if not step.frozen:
        found = found + step.named.activation * np.maximum(layer, end)
    elif step.stack.holds.get("frozen_gathered"):
        found = found + size * layer * step.layers / spread.pp
    found = found * np.asarray((np.asarray(spread.ranks) > 1) | away)
    return {
        "gathered_layers": np.where(staged, _staying(step), found) if np.any(staged) and not away else found
    }


def _staying(step: _Step) -> Any:
    """Weights and gradients of a stage, whole for all micro-batches of a step.

    FSDP of a pipeline gathers once and scatters gradients once, which add up as wide as they are exchanged
    (torchtitan: reshard_after_forward is `never` there).
    """
    spread = step.spread
    own = stage_weight_bytes(step.own, spread.pp, spread.stage) / step.named.weight
    gradient = 0.0 if step.frozen else _gradient_bytes(step)
    return own * (step.named.activation + gradient) * np.asarray(np.asarray(spread.ranks) > 1)


def _shard(step: _Step) -> Any:
    """Share of the model's weights that one tensor-parallel shard holds."""
    part, whole = (stored_weight_bytes(ops) for ops in (step.own, step.forward))
    return part / whole if np.all(np.asarray(whole) > 0) else 1.0
