"""Low-rank adapters: the forward ops of a model whose own weights are frozen (LoRA, QLoRA).

Hu et al., "LoRA": beside a dense layer (rows, k) x (k, n) stand two narrow ones, (k, r) and (r, n), and only
they are trained. The gradient of every input is still needed, that of the frozen weights is not. The input
of a layer is kept for its adapter, so that the activations hardly shrink; what shrinks is gradients and
optimizer states, 16 bytes per adapter parameter (FP32 weight, gradient, two states) instead of per weight.
QLoRA (Dettmers et al.) stores the frozen weights in NF4 and widens one layer at a time.

Served, adapters are merged into the weights, at no cost, or `adapters=N` of them lie beside the weights in
16 bits (Chen et al., "Punica"; Sheng et al., "S-LoRA"): a pass reads those that its requests are of.

Adapters go on every dense layer but the output head; `lora_targets=attention` takes those around the
attention alone, a comma-separated list those named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whichgpu.errors import UsageError
from whichgpu.values import immutable
from whichgpu.workloads.ops import Op, changed
from whichgpu.workloads.precision import Precision, precision

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from whichgpu.workloads.job import Job

PHASES = ("finetune_lora", "finetune_qlora")
#: What the frozen weights are stored in where the job does not say.
DEFAULT_PRECISION = {"finetune_lora": "bf16", "finetune_qlora": "nf4"}
RANK = 16.0
#: Projections before attention, and those around it.
INPUTS = ("query", "key", "value", "qkv", "q", "k", "v", "kv", "q_a", "q_b", "kv_a", "kv_b")
ATTENTION = (*INPUTS, "out")
#: Low-rank; a learned prefix of attention; a learned scale and bias of every product.
KINDS = ("lora", "prefix", "scale")
#: Tokens of a learned prefix, and layers at the bottom without one (LLaMA-Adapter).
PREFIX, WITHOUT = 10.0, 2.0


@immutable
class Adapters:
    """What a job says of its adapters: their kind and rank, and the parts of the layers that get one."""

    rank: float
    targets: tuple[str, ...] = ()
    kind: str = "lora"

    @classmethod
    def of(cls, job: Job) -> Adapters:
        """The options `lora_rank` and `lora_targets`; raises `UsageError` for what is no rank."""
        rank = job.option("lora_rank", RANK, least=1.0)
        if rank != round(rank):
            raise UsageError(f"option lora_rank: {rank:g} is not a whole number; write e.g. lora_rank=16")
        text = job.options.get("lora_targets", "all").lower()
        named = {"all": (), "attention": ATTENTION, "inputs": INPUTS}
        targets = named.get(text, tuple(part.strip() for part in text.split(",") if part.strip()))
        kind = job.options.get("adapter", "lora").lower()
        if kind not in KINDS:
            raise UsageError(f"option adapter: '{kind}' is none of {', '.join(KINDS)}; write adapter=lora")
        return cls(rank, targets, kind)

    def on(self, op: Op) -> bool:
        """Whether an op is a dense layer that gets an adapter."""
        if op.kind != "gemm" or not op.parameters or op.shard == "vocab" or op.backward == "none":
            return False
        return not self.targets or op.layer.rpartition(".")[2] in self.targets


def training_precision(job: Job) -> str:
    """What a job's precision means in training; raises `UsageError` for weights that cannot be trained."""
    spec = precision(job.precision)
    if job.phase in PHASES:
        return job.precision
    if spec.quantised and not spec.train_as:
        raise UsageError(
            f"precision '{job.precision}': weights in {spec.title} take no gradients; train in amp-bf16, "
            "or adapters on top of them: --phase finetune_qlora"
        )
    return spec.train_as or job.precision


def trained_precision() -> Precision:
    """The format of adapters, their gradients and states."""
    return precision("fp32")


def adapt(forward: Iterable[Op], adapters: Adapters) -> tuple[Op, ...]:
    """The forward ops with frozen weights and adapters; raises `UsageError` where no layer takes one."""
    if adapters.kind != "lora":
        beside = _prefixed if adapters.kind == "prefix" else _scaled
        return tuple(found for op in forward for found in beside(op))
    forward = tuple(forward)
    adapted = tuple(found for op in forward for found in _adapted(op, adapters, _apart(op, forward)))
    if not adapters.targets and not any(op.layer.endswith(".lora_a") for op in adapted):
        raise UsageError("no dense layer of this model takes an adapter; use --phase train")
    if not any(op.layer.endswith(".lora_a") for op in adapted):
        parts = sorted({op.layer.rpartition(".")[2] for op in forward if op.kind == "gemm" and op.parameters})
        raise UsageError(
            f"option lora_targets: no dense layer is called {', '.join(adapters.targets)}; "
            f"there are {', '.join(parts)}"
        )
    return adapted


def _apart(op: Op, forward: tuple[Op, ...]) -> float:
    """Matrices of a checkpoint that are one product here, each of which gets an adapter of its own."""
    name = op.layer.rpartition(".")[2]
    if name == "qkv":
        return 3.0
    narrower = {
        other.dims["k"] for other in forward if other.kind == "gemm" and other.layer.endswith(".down")
    }
    return 2.0 if name == "up" and op.dims["n"] / 2.0 in narrower else 1.0


def _adapted(op: Op, adapters: Adapters, apart: float) -> Iterator[Op]:
    if not adapters.on(op):
        yield frozen(op)
        return
    # The adapter keeps the input, which the frozen layer has no use for.
    yield changed(frozen(op), saved_bytes=0.0)
    yield from _adapter(op, adapters.rank, apart)


def _prefixed(op: Op) -> Iterator[Op]:
    """An op with frozen weights, and before attention the learned prefix of keys and values.

    Zhang et al., "LLaMA-Adapter": the bottom layers have none, so that the backward pass ends above them.
    """
    first = op.layer.rpartition(".")[2] in ("qkv", "query", "q") and op.kind == "gemm" and bool(op.parameters)
    passed = np.maximum(1.0 - WITHOUT / op.copies, 0.0) if op.copies > WITHOUT else 1.0
    held = frozen(op)
    yield changed(held, saved_bytes=held.saved_bytes * passed)
    if first:
        values = PREFIX * float(op.dims["k"])
        yield Op(
            "embedding", f"{op.layer}.prefix", {"elements": values}, "fp32", read_bytes=4.0 * values,
            write_bytes=4.0 * values, parameters=values, stored_bytes=trained_precision().weight * values,
            copies=op.copies, repeats=op.repeats, backward="weight",
        )  # fmt: skip


def _scaled(op: Op) -> Iterator[Op]:
    """An op with frozen weights, and after a product its learned scale and bias.

    Gao et al., "LLaMA-Adapter V2": norms are trained too. The scale's gradient needs the product's result.
    """
    held = frozen(op)
    if op.kind == "norm" and op.parameters and op.backward != "none":
        # The weights' gradient needs what they multiply; a norm that computes in FP32 op by op keeps it too.
        apart = np.all(op.saved_bytes > op.read_bytes)
        yield changed(op, saved_bytes=2.0 * op.saved_bytes if apart else op.saved_bytes)
        return
    yield held
    if held is op or op.kind != "gemm":
        return
    n, elements = float(op.dims["n"]), op.dims["n"] * op.dims.get("batch", 1.0) * op.dims["m"]
    yield Op(
        "pointwise", f"{op.layer}.scale", {"elements": elements}, "bf16", flops=2.0 * elements,
        parameters=2.0 * n, stored_bytes=2.0 * n * trained_precision().weight, read_bytes=op.write_bytes,
        write_bytes=op.write_bytes, saved_bytes=op.write_bytes, copies=op.copies, repeats=op.repeats,
        fusable=True, shard=op.shard if op.shard in _SPLIT else "none",
    )  # fmt: skip


def beside(ops: tuple[Op, ...], job: Job, *, gated: bool = True) -> tuple[Op, ...]:
    """The ops of an engine with those of the adapters that it serves beside its weights, if any.

    Engines keep what is one product here (query, key and value; gate and up where it is `gated`) apart.
    """
    count = job.option("adapters", 0.0)
    if not count:
        return ops
    asked = Adapters.of(job)
    if asked.kind != "lora" or count != round(count):
        raise UsageError(f"option adapters: {count:g} is no number of LoRA adapters; write e.g. adapters=8")
    slices = {"qkv": 3.0, "up": 2.0 if gated else 1.0}
    return tuple(found for op in ops for found in (op, *_served(op, asked, count, slices)))


#: What engines serve no adapters of: the output head, and experts.
_UNADAPTED = ("vocab", "expert", "expert_row")


def _served(op: Op, adapters: Adapters, count: float, slices: Mapping[str, float]) -> Iterator[Op]:
    """Down to the rank and up again, each row by its own; those of `count` that rows are of are read."""
    name = op.layer.rpartition(".")[2]
    takes = op.kind == "gemm" and np.any(op.weight_bytes) and op.shard not in _UNADAPTED and name != "router"
    if not takes or (adapters.targets and name not in adapters.targets):
        return
    rows = np.maximum(op.dims["m"], 1.0)
    read = count * -np.expm1(rows * np.log1p(-1.0 / count)) if count > 1.0 else 1.0
    for part in _adapter(op, adapters.rank):
        if part.kind != "gemm":
            continue
        down = part.layer.endswith("_a")
        apart = slices.get(name, 1.0) if down else 1.0
        values = apart * adapters.rank * float(op.dims["k" if down else "n"])
        yield changed(
            part, flops=apart * part.flops, parameters=count * apart * part.parameters, saved_bytes=0.0,
            stored_bytes=2.0 * count * apart * part.parameters, weight_bytes=2.0 * read * values,
        )  # fmt: skip


def frozen(op: Op) -> Op:
    """An op whose weights get no gradient."""
    if not op.parameters or op.backward == "none":
        return op
    if op.kind == "embedding" or op.backward == "weight":
        return changed(op, backward="none", saved_bytes=0.0)
    # The gradient of a product's input needs its weights alone; attention's needs its output, kept by `out`.
    unread = op.kind in ("gemm", "conv") and op.layer.rpartition(".")[2] != "out"
    return changed(op, backward="input", saved_bytes=0.0 if unread else op.saved_bytes)


#: Shards whose adapters are split with them.
_SPLIT = ("column", "expert", "expert_row")


def _adapter(op: Op, rank: float, apart: float = 1.0) -> Iterator[Op]:
    """Down to `rank` for each of the matrices `apart`, up again, and the addition.

    (rows, k) -> (rows, apart r) -> (rows, n)
    """
    n, k, m = float(op.dims["n"]), float(op.dims["k"]), op.dims["m"]
    tables = max(1.0, op.parameters // (n * k))
    elements = n * op.dims.get("batch", 1.0) * m
    size = 4.0 if op.dtype in ("fp32", "tf32") else 2.0
    stored = trained_precision().weight
    down = apart * rank
    narrow = down * size * op.dims.get("batch", 1.0) * m
    per_row = 2.0 * rank * op.dims.get("batch", 1.0)
    shared = changed(op, dtype="bf16" if op.dtype not in ("fp16", "fp32", "tf32") else op.dtype, starts=0.0)
    yield changed(
        shared, layer=f"{op.layer}.lora_a", dims={**op.dims, "n": down}, flops=apart * per_row * k * m,
        parameters=tables * down * k, weight_bytes=tables * down * k * size,
        stored_bytes=tables * down * k * stored, read_bytes=op.read_bytes, write_bytes=narrow,
        shard="none" if op.shard == "column" else op.shard,
    )  # fmt: skip
    yield changed(
        shared, layer=f"{op.layer}.lora_b", dims={**op.dims, "k": rank}, flops=per_row * n * m,
        parameters=tables * rank * n, weight_bytes=tables * rank * n * size,
        stored_bytes=tables * rank * n * stored, read_bytes=narrow, write_bytes=op.write_bytes,
        saved_bytes=narrow, backward="full", shard=op.shard if op.shard in _SPLIT else "none",
    )  # fmt: skip
    yield Op(
        "pointwise", f"{op.layer}.lora_add", {"elements": elements}, shared.dtype, flops=2.0 * elements,
        read_bytes=2.0 * op.write_bytes, write_bytes=op.write_bytes, copies=op.copies, repeats=op.repeats,
        fusable=True, shard=op.shard if op.shard in _SPLIT else "none", backward="linear",
    )  # fmt: skip
