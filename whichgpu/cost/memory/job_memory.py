"""Memory of a job, from what it states: the parts of `inference.py` and `training_memory.py`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.coefficients import section
from whichgpu.cost.memory import attention_scores, reserving, verdict
from whichgpu.cost.memory.activations import Kept, causal, slack, windowed
from whichgpu.cost.memory.captions import encoding, frozen_beside, loading
from whichgpu.cost.memory.decoding import PICTURES, decoding, of_another_size, recast, workspace
from whichgpu.cost.memory.generating import generating
from whichgpu.cost.memory.inference import inference_parts, while_loading
from whichgpu.cost.memory.live_tensors import of_pipeline
from whichgpu.cost.memory.tiles import transformed
from whichgpu.cost.memory.totals import fuller, needed
from whichgpu.cost.memory.widths import widest
from whichgpu.cost.parallel import distributed
from whichgpu.cost.parallel import splitting as parallel
from whichgpu.cost.parallel.mesh import Mesh, shares_tokens
from whichgpu.cost.timing import prompts
from whichgpu.errors import UsageError
from whichgpu.units import GIB
from whichgpu.values import altered
from whichgpu.workloads.adapters import DEFAULT_PRECISION, frozen, trained_precision
from whichgpu.workloads.adapters import PHASES as ADAPTER_PHASES
from whichgpu.workloads.checkpointing import checkpointing
from whichgpu.workloads.ops import changed
from whichgpu.workloads.precision import precision
from whichgpu.workloads.training import trained_parameters

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from whichgpu.cost.job.runtime import Runtime
    from whichgpu.cost.memory.training_memory import Spread
    from whichgpu.workloads.job import Job
    from whichgpu.workloads.ops import Op
    from whichgpu.workloads.precision import Precision
    from whichgpu.workloads.workload import Workload

    Array = NDArray[np.float64]


def _array(value: Any) -> Array:
    return np.asarray(value, dtype=np.float64)


def inference(
    workload: Workload, job: Job, stack: Runtime, mesh: Mesh, ops: tuple[Op, ...]
) -> dict[str, Any]:
    """Parts of a complete job's inference, given the (sharded) `ops` of a pass; B on the fullest GPU."""
    spec = precision(job.precision)
    if _hands_on_wide(job, stack):
        job = job.changed(precision="w8a16")
        ops = parallel.shard(workload.trace(job), mesh.tp, ep=mesh.ep, moe_tp=mesh.moe_tp)
    written = None if job.phase == "prefill" else job.output_tokens
    kv = prompts.cache(workload, job, stack, written, otherwise=_read_cache(ops))
    share: Any = 1.0
    if stack.micro_batch and job.input_tokens is not None:
        share = np.minimum(1.0, stack.micro_batch / np.maximum(_array(job.batch) * job.input_tokens, 1.0))
    ops = pictures(workload, job, stack, ops)
    parts = inference_parts(
        ops, kv, engine=False, stack=stack, spec=spec, pp=mesh.pp, share=share,
        beside=beside(workload, job, stack),
    )  # fmt: skip
    parts["weights"] = parts["weights"] + rotary_tables(workload, job, stack) / mesh.pp
    parts["activations"] = _alive(workload, stack, ops, parts["activations"], share)
    reserved = reserving.buffer(workload, job, stack)
    if workload.family == "whisper":
        from whichgpu.cost.memory.hearing import held

        parts = held(workload, job, stack, parts, ops)
    elif prompts.in_one_pass(job, stack):
        parts = prompts.fullest(workload, job, stack, mesh, parts)
    elif np.any(reserved):
        parts["activations"] = np.maximum(parts["activations"], reserved)
    elif not stack.flash and "vae" not in workload.dims and not causal(ops):
        parts = attention_scores.of_encoder(workload, parts, ops, stack, precision(job.precision))
    elif not stack.flash and ("flash_attention" in job.options or stack.holds.get("scores")):
        size = attention_scores.copies(stack) * precision(job.precision).activation
        parts = attention_scores.of_pipeline(workload, parts, ops, size * share)
    elif workload.id in stack.holds.get("masks_pairs", ()):
        parts = attention_scores.of_pairs(workload, parts, ops, precision(job.precision).activation)
    read = while_loading(parts, stack, _joined_anew(workload, stack, ops) / mesh.pp)
    return {**(fuller(parts, read) if read else parts), **communication(mesh, stack)}


def _joined_anew(workload: Workload, stack: Runtime, ops: Sequence[Op]) -> Any:
    """Bytes of the products that a program makes one of as it loads a model, which has them apart."""
    apart = stack.holds.get("joins_qkv") and workload.dims.get("fused") not in ("qkv", "all")
    joined = (op.stored_bytes * op.copies for op in ops if op.layer.endswith(".qkv"))
    return sum(joined, start=0.0) if apart else 0.0


def _alive(workload: Workload, stack: Runtime, ops: tuple[Op, ...], otherwise: Any, share: Any) -> Any:
    """Bytes alive at the widest op, of encoders as these have them; else as `otherwise`."""
    if getattr(workload.code, "IN_A_ROW", False):
        return widest(ops) * share
    if "vae" in workload.dims and not any(op.module in PICTURES for op in ops):
        # One of a pipeline's networks by itself, as where the others wait on the host.
        return of_pipeline(ops, stack) * share
    if not _encodes(workload, stack, ops):
        return otherwise
    if workload.family == "disentangled" or not stack.flash:
        return otherwise * section("capacity")["live_network"]
    # What the layer reads, what its attention hands on, and the embeddings that its caller holds.
    normed = widest([op for op in ops if op.kind == "norm"])
    return widest(ops) * share + _HELD * normed / 2.0


def _hands_on_wide(job: Job, stack: Runtime) -> bool:
    """Whether products in INT8 return 16 bits: LLM.int8 narrows what it multiplies, and no more."""
    library = bool(stack.holds.get("widens_int8")) or prompts.in_one_pass(job, stack)
    return stack.software == "pytorch" and library and precision(job.precision).id == "int8"


def _read_cache(ops: Sequence[Op]) -> Any:
    """Bytes of keys and values that a step of a decoder reads: the input's, and what is written so far."""
    return sum((op.kv_bytes * op.copies for op in ops if op.stage == "forward"), start=0.0)


def working(workload: Workload, job: Job, stack: Runtime, ops: tuple[Op, ...]) -> Any:
    """Bytes of activations and workspaces of an inference at its widest convolution; 0 where none shows."""
    decoded = decoder_format(workload, job, stack, wide="counter" not in stack.holds)
    return workspace(pictures(workload, job, stack, ops), stack, decoded)


def _encodes(workload: Workload, stack: Runtime, ops: tuple[Op, ...]) -> bool:
    """Whether PyTorch runs an encoder of tokens, which has a function beside what it reads and little else.

    By torch's operators (2.13, fake tensors) BERT base has 11 tensors of its width there, 8 in that op.
    """
    attends = any(op.kind == "attention" for op in ops)
    return (
        attends
        and stack.software == "pytorch"
        and "vae" not in workload.dims
        and not (windowed(ops) or causal(ops))
    )


def pictures(workload: Workload, job: Job, stack: Runtime, ops: tuple[Op, ...]) -> tuple[Op, ...]:
    """The ops as a pipeline decodes pictures: one after the other, or in a format of the decoder's own."""
    by_video = workload.dims.get("decodes_by_video")
    sliced = stack.read(lambda one: bool(one.holds.get("sliced_decoder"))) | job.says("vae_slicing")
    if not by_video and np.any(sliced):
        share = 1.0 / (_array(job.batch) * _as_pictures(workload, job))
        ops = decoding(ops, share if np.all(sliced) else np.where(sliced, share, 1.0))
    if by_video or "decode_chunk" in job.options:
        ops = decoding(ops, _chunk_share(workload, job))
    spec, asked = precision(job.precision), job.options.get("vae_precision")
    if asked and "vae" not in workload.dims:
        raise UsageError(f"option vae_precision: {workload.id} has no autoencoder; leave it out")
    size = decoder_format(workload, job, stack, wide="counter" not in stack.holds).activation
    if size == spec.activation:
        return ops
    found = recast(ops, spec, size)
    return of_another_size(found, size / spec.activation) if asked else found


def _as_pictures(workload: Workload, job: Job) -> Any:
    """Frames of a video that lie in a batch as pictures do, for a decoder that knows no time; else 1."""
    dims = workload.dims
    return job.option("frames", dims["frames"], least=1.0) if dims.get("factor_frames") == 1 else 1.0


def _chunk_share(workload: Workload, job: Job) -> Any:
    """The share of a batch's frames that the decoder takes at a time (decode_chunk_size of diffusers).

    Of all videos of a batch where their frames are one row, of which it takes those of one video unless told.
    """
    if "frames" not in workload.dims:
        raise UsageError(f"option decode_chunk: {workload.id} makes no video; leave it out")
    frames = job.option("frames", workload.dims["frames"], least=1.0)
    every = frames * (_array(job.batch) if workload.dims.get("decodes_by_video") else 1.0)
    return np.minimum(job.option("decode_chunk", frames, least=1.0) / every, 1.0)


def decoder_format(workload: Workload, job: Job, stack: Runtime, *, wide: bool) -> Precision:
    """In what an autoencoder decodes: as stated, in FP32 where it must and its program does so (`wide`)."""
    # diffusers: `needs_upcasting` is of an autoencoder in FP16.
    upcasts = wide and workload.dims.get("upcasts") and precision(job.precision).id != "bf16"
    usual = "fp32" if upcasts else stack.holds.get("decodes", job.precision)
    return precision(job.options.get("vae_precision") or usual)


def _untied(ops: tuple[Op, ...], job: Job, stack: Runtime) -> tuple[Op, ...]:
    """The ops as a program has them whose output head is a table of its own, whatever a model shares."""
    if not stack.holds.get("unties"):
        return ops
    size, adapters = precision(job.precision).head, job.phase in ADAPTER_PHASES

    def own(op: Op) -> Op:
        count = op.dims["n"] * op.dims["k"]
        found = changed(op, parameters=count, stored_bytes=size * count)
        return frozen(found) if adapters else found

    return tuple(
        own(op)
        if op.kind == "gemm" and op.shard == "vocab" and op.stage == "forward" and not op.parameters
        else op
        for op in ops
    )


def beside(workload: Workload, job: Job, stack: Runtime) -> float:
    """Bytes of weights that a pipeline loads and that no pass of it runs.

    A safety checker, unless the job loads its pipeline without one (`safety_checker=None` of diffusers).
    """
    without = job.options.get("safety_checker", "").strip().lower() in ("none", "false", "no", "off", "0")
    bare = without or stack.holds.get("bare")
    count = 0.0 if bare else float(workload.dims.get("loaded_beside", 0.0))
    return count * precision(job.precision).head


def rotary_tables(workload: Workload, job: Job, stack: Runtime) -> float:
    """Bytes of the tables of cosines and sines that each layer of an old library's decoder has as a buffer.

    One row for each position that a configuration states, in the format that a model is loaded in
    (`_set_cos_sin_cache` of modeling_mistral.py, modeling_qwen2.py). Chat models state no more than 32,768.
    """
    dims, least = workload.dims, stack.holds.get("rotary_tables", np.inf)
    turned = workload.family == "decoder" and "kv_rank" not in dims and not dims.get("positions")
    if not (turned and dims.get("rotary", True)) or dims.get("max_positions", 0.0) < least:
        return 0.0
    rows, size = min(dims["max_positions"], _STATED), min(precision(job.precision).activation, _FP32)
    return float(2.0 * rows * dims["head_dim"] * dims["layers"] * size)


#: Tensors of a layer's width that lie beside an encoder's widest op.
_HELD = 3.0
#: Positions that configurations of chat models state at the most; longer ones scale their rotation.
_STATED = 32768.0


def communication(mesh: Mesh, stack: Runtime, replicas: Any = 1.0) -> dict[str, Any]:
    """Buffers of the collectives, where there are any: for each kind of group that a GPU is in."""
    if stack.holds.get("no_collectives"):
        return {}
    experts = np.maximum(mesh.ep, mesh.attention_dp)
    # A module on another GPU copies what it reads: no collective joins the layers of a device map.
    stages = 1.0 if stack.holds.get("splits_layers") else mesh.pp
    groups: Any = sum(
        np.asarray(n > 1, dtype=np.float64) for n in (mesh.tp, stages, mesh.cp, experts, replicas)
    )
    return {"communication": section("capacity")["communication"] * GIB * groups} if np.any(groups) else {}


def training(
    workload: Workload, job: Job, stack: Runtime, step: distributed.Step, *, whole: tuple[Op, ...],
    own: tuple[Op, ...], available: Array, stages: Any = None,
) -> tuple[dict[str, Any], tuple[str, ...]]:  # fmt: skip
    """Memory of a training step by part, and what to say of it.

    It is that of the fullest stage, the first or the last, or of each of some `stages`, counted from 0.
    """
    from whichgpu.cost.memory import training_memory

    mesh, spec = Mesh.of(job), precision(job.precision)
    adapters = job.phase in ADAPTER_PHASES
    tied = trained_parameters(own)
    values = _of_values(spec, stack, adapters=adapters)
    if values is not spec:
        # Weights are those of `own`, in 16 bits; what a pass hands on is autocast's.
        whole = workload.trace(job.changed(precision=values.id))
    whole, own = _untied(whole, job, stack), _untied(own, job, stack)
    spread = _spread(job, stack, mesh, step, trained=step.held + trained_parameters(own) - tied)
    stack = _as_stated(job, stack, values)
    kept = _kept(workload, job, stack, values, whole=whole, tp=mesh.tp)
    beside = frozen_beside(workload, job, stack)
    replicas = _array(job.n_gpus) / (mesh.tp * mesh.pp) / mesh.cp

    def at(kernels: Kept, stage: Any) -> dict[str, Any]:
        found = training_memory.of_all(
            whole, own, spec, workload.optimizer(job), spread=replace(spread, stage=stage), kernels=kernels,
            stack=stack, trained_in=trained_precision(job) if adapters else None,
        )  # fmt: skip
        all_parts = {**found, **beside, **communication(mesh, stack, replicas)}
        all_parts["weights"] = all_parts["weights"] + rotary_tables(workload, job, stack) / mesh.pp
        if job.says("reference") and not adapters:
            # Loaded as the model that learns is, and shared out with it.
            all_parts["reference"] = all_parts["weights"]
        return generating(job, loading(job, stack, encoding(workload, job, stack, all_parts)), available)

    def parts(kernels: Kept) -> dict[str, Any]:
        if stages is not None:
            return at(kernels, stages)
        first = at(kernels, 0.0)
        return first if np.all(mesh.pp == 1) else fuller(first, at(kernels, mesh.pp - 1.0))

    left_open = open_checkpointing(workload, job, stack)
    if not left_open:
        return parts(kept), ()
    kinds = [parts(replace(kept, checkpointing=kind)) for kind in left_open]
    return _recomputing(kinds, mildest(workload, job, stack, kinds, whole=whole, available=available))


def _spread(job: Job, stack: Runtime, mesh: Mesh, step: distributed.Step, *, trained: Any) -> Spread:
    """How the state of a training and what it keeps are spread over its GPUs."""
    from whichgpu.cost.memory import training_memory

    return training_memory.Spread(
        level=step.level, ranks=step.ranks, pp=mesh.pp, vp=job.degree("vp"), shares=mesh.cp * mesh.tp,
        unshared=1.0 if shares_tokens(job) else mesh.tp,
        gathered=mesh.tp if stack.holds.get("gathers_inputs") else 1.0,
        micro_batches=_in_flight(job, stack, mesh, step), rounds=step.rounds,
        trained=trained, offload=training_memory.offload(job), piecewise=job.says("optimizer_in_backward"),
    )  # fmt: skip


def _kept(
    workload: Workload, job: Job, stack: Runtime, values: Precision, *, whole: tuple[Op, ...], tp: Any
) -> Kept:
    """What the kernels of a training keep of its values for the backward pass, and in how many bytes."""
    from whichgpu.cost.memory import training_memory

    spec, adapters = precision(job.precision), job.phase in ADAPTER_PHASES
    score = attention_scores.softmax_of(workload, whole, values, stack)
    # A loss that has the head in it, where the program hands it that model's.
    fused = job.says("fused_loss") and not workload.id.startswith(tuple(stack.holds.get("whole_logits", ())))
    kept = Kept(
        flash=stack.flash, fused=stack.fuses or bool(stack.holds.get("fused_layers")),
        checkpointing=checkpointing(job), holds=stack.holds,
        quantised=adapters and spec.quantised, chunks=job.option("loss_chunks", 1.0, 1.0),
        fused_loss=fused, offloaded="activations" in training_memory.offload(job), cut=tp,
        score_bytes=score.kept, score_size=score.size, score_passing=score.passing,
        joined=_joined(workload, stack),
        drops_adapters=job.option("lora_dropout", 0.0, 0.0) > 0.0 and not stack.holds.get("adapter_masks"),
        cap_bytes=min(values.activation, _FP32) if workload.dims.get("logit_cap") else 0.0,
        casts=values.mixed and not stack.specialised and bool(stack.holds.get("counted")),
    )  # fmt: skip
    copied = _NARROW if adapters and spec.mixed else 0.0
    kept = replace(kept, input_bytes=_input_bytes(spec, stack, kept), copied_bytes=copied)
    if kept.wide_ends:
        kept = replace(kept, score_bytes=_FP32, score_size=_FP32, score_passing=2.0 * _FP32)
    return kept


def transforming(
    workload: Workload, job: Job, stack: Runtime, step: distributed.Step, parts: Mapping[str, Any], *,
    whole: tuple[Op, ...], own: tuple[Op, ...], available: Array,
) -> Any:  # fmt: skip
    """Bytes of activations and of what convolutions work in at a step's fullest moment; 0 where none show."""
    worked = transformed(whole, stack, precision(job.precision))
    if not worked:
        return 0.0
    found, _ = training(workload, job, stack, step, whole=worked, own=own, available=available)
    beside = np.maximum(needed(found) - needed(parts), 0.0)
    return np.asarray(parts["activations"]) + beside


def _as_stated(job: Job, stack: Runtime, values: Precision) -> Runtime:
    """A runtime as far as what it holds depends on the job, whose pass has its values in a format."""
    holds = dict(stack.holds)
    if not prepared(job, stack):
        holds["widens_ends"] = False
    if values.activation > _NARROW:
        # What fused norms keep is as wide as what they read.
        holds["fused_norm"] = False
    if values.mixed or trained_precision(job).weight <= _NARROW:
        # Autocast casts to 16 bits what adapters read, and adapters in 16 bits have nothing to cast.
        holds["adapter_bytes"] = _NARROW
    if not values.mixed and trained_precision(job).weight == values.activation:
        # Nothing is cast: adapters of one input share it.
        holds["adapter_each"] = False
    if job.options.get("loss_precision", "").strip().lower() in _HALVES:
        # Logits, their softmax and both gradients.
        holds["logit_bytes"] = 4.0 * _NARROW
    return altered(stack, holds=holds)


def idle(job: Job, stack: Runtime, parts: Mapping[str, Any]) -> Any:
    """Bytes of another moment of a training step that the allocator holds at the fullest.

    What a layer took that runs again lies in blocks too small for logits, where kernels do not fuse; in FP32
    around products that read 16 bits a share of it. DeepSpeed joins a rank's gradients, whose blocks are as
    large as all of them, and finds none where activations were; FSDP's shards have their own too. Segments
    that grow have no such blocks.
    """
    first = _first_weights(job, stack, parts)
    if stack.holds.get("expandable"):
        return first
    # Adapters' gradients come late as well, to segments of their own: those of small tensors serve no others.
    # FSDP's lie in a stream of their own, whose blocks no other one gets; optimizers fill what a pass left.
    whole = distributed.sharding(job, stack) == _SHARDED_WHOLE
    apart = whole or bool(stack.holds.get("group_values")) or job.phase in ADAPTER_PHASES
    flat = first - np.asarray(parts.get("not_at_once", 0.0)) * float(apart)
    # Where 16-bit logits stay to the end of a loss the allocator has no more: it has their place anyway.
    if early := float(stack.holds.get("early_logits", 0.0)):
        flat = flat - early / float(stack.holds["logit_bytes"]) * np.asarray(parts.get("logits", 0.0))
    if stack.fuses:
        return flat
    share = float(section("capacity")["idle_prepared"]) if prepared(job, stack) else 1.0
    return flat - share * np.asarray(parts.get("not_at_loss", 0.0))


def _first_weights(job: Job, stack: Runtime, parts: Mapping[str, Any]) -> Any:
    """Bytes of the weights that a model was made with, where buffers took their place before anything else.

    The optimizer's states and a pass lie there afterwards, as far as there are any on the GPU.
    """
    if not stack.holds.get("buffers") or job.phase in ADAPTER_PHASES:
        return 0.0
    later = ("weights", "optimizer", "activations", "logits", "not_at_loss")
    taken = sum((np.asarray(parts.get(name, 0.0)) for name in later), start=np.zeros(()))
    # Two of six bytes: FP32 gradients beside 16-bit weights.
    return np.maximum(np.asarray(parts["gradients"]) / 3.0 - taken, 0.0)


def _of_values(spec: Precision, stack: Runtime, *, adapters: bool) -> Precision:
    """The format in which a pass has its values, where that is autocast beside weights in 16 bits.

    LLM.int8 of bitsandbytes narrows what it multiplies, and hands on 16 bits.
    """
    from whichgpu.cost.memory.training_memory import MIXED

    if adapters and spec.id == "int8" and stack.holds.get("adapter_each"):
        return precision("w8a16")
    return (
        precision(MIXED[spec.id]) if adapters and stack.holds.get("autocasts") and spec.id in MIXED else spec
    )


def _joined(workload: Workload, stack: Runtime) -> str:
    """Which products of an op are one layer of the library: Hugging Face's split what others have in one."""
    return str(workload.dims.get("fused", "")) if stack.id in ("transformers", "diffusers") else "all"


def prepared(job: Job, stack: Runtime) -> bool:
    """Whether PEFT prepares a job's frozen model for training, by widening what is not quantised of it.

    Shards have one format: TRL leaves that out where a quantised model is sharded, and PEFT itself does for
    GPTQ and AWQ.
    """
    format_ = job.precision or DEFAULT_PRECISION.get(job.phase, "")
    frozen_in = precision(format_).id if job.phase in ADAPTER_PHASES else ""
    widens = bool(stack.holds.get("widens_ends")) and frozen_in in _PREPARED
    return widens and distributed.sharding(job, stack) != _SHARDED_WHOLE


def in_wide_model(op: Op) -> Op:
    """An op as it is timed in a model that `prepared` widened: FP32 between the products, and in the head.

    Quantised products return what they read, which is FP32 behind an embedding and norms that are. What is
    written out through FP32 moves no more for it. Liger's kernels take what they get, and its loss has the
    head in 16 bits: of what is prepared for them nothing is known.
    """
    if op.kind == "pointwise" and op.module != "loss":
        return changed(op, read_bytes=2.0 * op.read_bytes, write_bytes=2.0 * op.write_bytes)
    if op.kind == "gemm" and op.shard == "vocab":
        return changed(op, dtype="fp32", weight_bytes=2.0 * op.weight_bytes,
                       read_bytes=2.0 * op.read_bytes, write_bytes=2.0 * op.write_bytes)  # fmt: skip
    return op


def _input_bytes(spec: Precision, stack: Runtime, kept: Kept) -> float:
    """Bytes that a frozen quantised product keeps of each value it reads.

    As bitsandbytes/autograd/_functions.py has it: 4-bit products kept their 16-bit input before 0.43.2; those
    of LLM.int8 keep theirs as it comes, and did once more in 8 bits, transposed.
    """
    old = bool(stack.holds.get("quantised_input"))
    if not kept.quantised or spec.id not in _PREPARED:
        return 0.0
    if spec.weight < 1.0:
        # They lie in the graph itself, which a loss that nobody dropped holds through the next forward pass.
        passes = 2.0 if stack.holds.get("loss_stays") and not kept.again else 1.0
        return _NARROW * old * passes
    return (_FP32 if kept.wide_ends else _NARROW) + old


#: Bytes of a value in 16 and in 32 bits.
_NARROW, _FP32 = 2.0, 4.0
#: Words for 16 bits, in which a loss may be computed that nothing widens.
_HALVES = ("bf16", "fp16", "bfloat16", "float16")
#: The level of ZeRO that shares weights out.
_SHARDED_WHOLE = 3
#: Formats of bitsandbytes, which models that PEFT prepares for training are in.
_PREPARED = ("nf4", "nf4-fp16", "nf4-dq", "int8", "w8a16")


def _in_flight(job: Job, stack: Runtime, mesh: Mesh, step: distributed.Step) -> Array:
    """Micro-batches that a pipeline may have in flight: where none are stated, as many as fill it."""
    stated = {"global_batch", "grad_accum"} & set(job.options) or stack.splits_batch
    return step.micro_batches if stated else np.maximum(step.micro_batches, mesh.pp)


def open_checkpointing(workload: Workload, job: Job, stack: Runtime) -> tuple[str, ...]:
    """The kinds of checkpointing, the least first, of which a runtime's recipes take the first that fits.

    None where the job says which, or the runtime does only what it is told.
    """
    asked = job.trains and "checkpointing" not in job.options
    if not asked or not stack.recomputes(experts=bool(workload.dims.get("experts"))):
        return ()
    return ("none", "attention" if stack.selects_attention else "selective", "full")


def mildest(
    workload: Workload, job: Job, stack: Runtime, kinds: Sequence[Mapping[str, Any]], *,
    whole: tuple[Op, ...], available: Array,
) -> Any:  # fmt: skip
    """The index of the first of several kinds of parts of a training that fits, -1 where none does.

    For sure, where one of them does so; else by the middle of what it needs, else at the lower end.
    """
    from whichgpu.cost.job.layout import Beside, Held

    def held(parts: Mapping[str, Any]) -> Held:
        beside = Beside(slack(whole, training=True), idle=idle(job, stack, parts))
        return Held(workload, job, stack, parts, whole, lambda: beside)

    return verdict.first([verdict.judged(held(parts), available) for parts in kinds])


def _recomputing(kinds: Sequence[Mapping[str, Any]], chosen: Any) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The parts under the `chosen` checkpointing, the `mildest` of the `kinds`, and what to say of it.

    Where none does they are without any. The time is without any too: recipes that need some run single
    modules again (`recompute_modules`: mla_up_proj, mlp or moe_act) or move layers to the host
    (`cpu_offloading_num_layers`; Megatron-Bridge, scripts/performance/configs), and what they published
    went as fast as the others. With whole layers again it would be a third longer.
    """
    chosen = np.maximum(chosen, 0)
    if not np.any(chosen):
        return dict(kinds[0]), ()
    names = dict.fromkeys(name for parts in kinds for name in parts)
    found = {
        name: np.choose(chosen, [np.broadcast_to(parts.get(name, 0.0), chosen.shape) for parts in kinds])
        for name in names
    }
    return found, (
        "checkpointing was not given: memory is with as much of it as makes the job fit, time without; "
        "write --option checkpointing=full or none",
    )
