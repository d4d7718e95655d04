"""Low-rank adapters: the forward ops of a model whose own weights are frozen (LoRA, QLoRA).

Hu et al., "LoRA": beside a dense layer (rows, k) x (k, n) stand two narrow ones, (k, r) and (r, n), and only
they are trained. The gradient of every input is still needed, that of the frozen weights is not. The input
of a layer is kept for its adapter, so that the activations hardly shrink; what shrinks is gradients and
optimizer states, 16 bytes per adapter parameter (FP32 weight, gradient, two states) instead of per weight.
QLoRA (Dettmers et al.) stores the frozen weights in NF4 and widens one layer at a time.

Served, adapters are merged into the weights, at no cost, or `adapters=N` of them lie beside the weights in
16 bits (Chen et al., "Punica"; Sheng et al., "S-LoRA"): a pass reads those that its requests are of.

Adapters go on every dense layer but the output head; `lora_targets=attention` takes those around the
attention alone, a comma-separated list those named. What is one product here and several layers in a library
(query, key and value; gate and up) has an adapter for each of them, unless the model's publishers store it as
one (the dimension `fused`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.errors import UsageError
from whichgpu.values import NamedTuple, immutable, regex
from whichgpu.workloads.methods import Method, amount, method, methods
from whichgpu.workloads.ops import Op, changed
from whichgpu.workloads.phases import options_of
from whichgpu.workloads.precision import Precision, precision
from whichgpu.workloads.training import trained_parameters

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from whichgpu.workloads.job import Job

PHASES = ("finetune_lora", "finetune_qlora")
#: Phases that leave open whether adapters are trained, which a model's name may say: `Llama-2-7B LoRA`.
GENERAL = ("finetune_full", "train")
#: Options of a table that may name a method, and those that people write behind a trainer's name.
_WAYS = ("method", "peft", "peft_method", "tuning")
_IN_RUNTIME = regex(r"(?i)(?<![a-z0-9])(?:qlora|lora|dora)(?![a-z0-9])")
#: What the frozen weights are stored in where the job does not say.
DEFAULT_PRECISION = {"finetune_lora": "bf16", "finetune_qlora": "nf4"}
#: By a format of products, that of the 4-bit weights which are widened to it; "" is the software's usual one.
_MULTIPLIED = {"bf16": "", "amp-bf16": "", "fp16": "nf4-fp16", "amp-fp16": "nf4-fp16"}
RANK = 16.0
#: Queries and values, as PEFT and LitGPT adapt them where nothing is said; projections around attention.
INPUTS = ("q", "v", "qkv", "q_a", "q_b", "kv_a", "kv_b")
ATTENTION = (*INPUTS, "k", "out")
MLP = ("gate", "up", "up_proj", "down")
#: What may be said of several layers at once; what lists of them have between their names.
_GROUPS: Mapping[str, tuple[str, ...]] = {
    "all": (), "all-linear": (), "all_linear": (), "attention": ATTENTION, "attn": ATTENTION,
    "inputs": INPUTS, "mlp": MLP, "ffn": MLP,
}  # fmt: skip
_APART = regex(r"[\s,;+/|&\[\]\"']+")
#: What libraries call a dense layer, where it is not what it is called here.
_CALLED: Mapping[str, str] = {
    **{f"{one}_proj": one for one in ("q", "k", "v", "gate")}, **{f"to_{one}": one for one in "qkv"},
    "query": "q", "key": "k", "value": "v", "query_key_value": "qkv", "qkv_proj": "qkv", "wqkv": "qkv",
    "w_pack": "qkv", "c_attn": "qkv", "q_a_proj": "q_a", "q_b_proj": "q_b", "kv_a_proj_with_mqa": "kv_a",
    "kv_b_proj": "kv_b", "o_proj": "out", "out_proj": "out", "dense": "out", "wo": "out", "to_out": "out",
    "gate_up_proj": "up", "fc1": "up", "fc_in": "up", "dense_h_to_4h": "up", "down_proj": "down",
    "fc2": "down", "fc_out": "down", "dense_4h_to_h": "down",
}  # fmt: skip


#: LoRA itself, the method of a job that names none.
_LORA = Method("lora")


@immutable
class Adapters:
    """What a job says of its adapters: how they train, their rank, and the parts of the layers that get one.

    `held` is what they are trained in, `tokens` those of a prompt or a prefix.
    """

    rank: float
    targets: tuple[str, ...] = ()
    method: Method = _LORA
    held: Precision | None = None
    tokens: float = 0.0

    @classmethod
    def of(cls, job: Job) -> Adapters:
        """The options `adapter`, `lora_rank` and `lora_targets`; raises `UsageError` for what is none."""
        found = _method(job)
        rank = job.option("lora_rank", found.rank or RANK, least=1.0)
        tokens = job.option("virtual_tokens", found.tokens, least=min(found.tokens, 1.0))
        for name, number in (("lora_rank", rank), ("virtual_tokens", tokens)):
            if number != round(number):
                raise UsageError(f"option {name}: {number:g} is not a whole number; write e.g. {name}=16")
        text = job.options.get("lora_targets", found.targets or "all").lower()
        words = tuple(word for word in _APART.split(text) if word)
        targets = _GROUPS.get(text.strip(), tuple(_CALLED.get(word, word) for word in words))
        return cls(rank, targets, found, trained_precision(job), tokens)

    @property
    def precision(self) -> Precision:
        """The format of what is trained."""
        return self.held or precision("fp32")

    def sizes(self, i: Any, o: Any) -> dict[str, Any]:
        """The sizes of a layer by letter, as `data/adapters.toml` names them."""
        return {"i": i, "o": o, "m": np.minimum(i, o), "r": self.rank, "v": self.tokens, "1": 1.0}

    def parts(self, op: Op, parts: Parts) -> Parts:
        """Of the layers that an op is, with their outputs, those that get an adapter."""
        if op.kind != "gemm" or not op.parameters or op.shard == "vocab" or op.backward == "none":
            return ()
        if op.dims["k"] <= 1.0:  # It stands for weights whose shapes are not known: a tower of pictures.
            return ()
        some = tuple(part for part in parts if part.name in self.targets)
        return some or (parts if not self.targets or _name(op) in self.targets else ())


class Part(NamedTuple):
    """A layer of a library that an op, or a `share` of its copies, stands for, and its outputs."""

    name: str
    outputs: float
    share: float = 1.0


Parts = tuple[Part, ...]


def _name(op: Op) -> str:
    last = op.layer.rpartition(".")[2]
    return _CALLED.get(last, last) if last in ("query", "key", "value") else last


def layers_of(ops: Sequence[Op], fused: str) -> Sequence[tuple[Op, Parts]]:
    """Every op with the layers that it stands for; `fused`: qkv, up or all are one in the library too."""
    after: dict[str, Op] = {}
    values = {op.layer.rpartition(".")[0] for op in ops if _name(op) == "v"}
    found: list[tuple[Op, Parts]] = []
    for op in reversed(ops):
        name = _name(op)
        parts: Parts = (Part(name, op.dims.get("n", 0.0)),)
        if name == "k" and op.layer.rpartition(".")[0] not in values:
            # Keys and values that do the same work are copies of one op.
            parts = (Part("k", op.dims["n"], 0.5), Part("v", op.dims["n"], 0.5))
        elif name in ("qkv", "kv") and fused not in ("qkv", "all"):
            parts = _projected(name, op.dims["n"], after.get("attention"))
        elif name == "up" and fused not in ("up", "all"):
            parts = _gated(op, after.get("down"))
        after["attention" if op.kind == "attention" else name] = op
        found.append((op, parts))
    return found[::-1]


def _gated(up: Op, down: Op | None) -> Parts:
    """Gate and up, where a product makes both."""
    half = up.dims["n"] / 2.0
    gated = down is not None and down.dims.get("k") == half
    return (Part("gate", half), Part("up_proj", half)) if gated else (Part("up", 2.0 * half),)


def _projected(name: str, n: float, attention: Op | None) -> Parts:
    """Keys and values, and before them the queries, by the attention that they are of."""
    if name == "kv" or attention is None:
        return tuple(Part(one, n / len(name)) for one in name)
    each = attention.dims["kv_heads"] * attention.dims["head_dim"]
    # Where nothing is left for the queries, the keys are an earlier layer's.
    return (
        (Part("q", n - 2.0 * each), Part("k", each), Part("v", each)) if 2.0 * each < n else (Part("q", n),)
    )


def training_precision(job: Job) -> str:
    """What a job's precision means in training; raises `UsageError` for weights that cannot be trained."""
    spec = precision(job.precision)
    if job.phase in PHASES:
        return job.precision
    if spec.quantised and not spec.train_as:
        raise UsageError(
            f"precision '{job.precision}' ({spec.title}): such weights take no gradients; train in amp-bf16, "
            "or adapters on top of them: --phase finetune_qlora"
        )
    return spec.train_as or job.precision


def on_narrow_weights(job: Job) -> tuple[Job, tuple[str, ...]]:
    """A job of QLoRA whose format is that of its products, with its weights in 4 bits; and what to say of it.

    Whoever writes `bf16` beside QLoRA means what 4-bit weights are widened to (`bnb_4bit_compute_dtype`).
    """
    if job.phase != PHASES[1] or not job.precision:
        return job, ()
    stated = precision(job.precision)
    stored = _MULTIPLIED.get(stated.id)
    if stored is None:
        return job, ()
    words = (
        f"QLoRA's frozen weights are in 4 bits: {stated.id} is taken for what they are widened to; "
        f"for weights that lie in {stated.id}: --phase finetune_lora"
    )
    return job.changed(precision=stored), (words,)


def trained_precision(job: Job) -> Precision:
    """The format of adapters, their gradients and states: FP32, or as the option `adapter_precision` says."""
    return precision(job.options.get("adapter_precision", "fp32"))


def told(phase: str, runtime: str, options: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """The phase of a training by adapters that its software or an option says, and the options without that.

    Of a phase that leaves it open: `Megatron LoRA`, `method=qlora`, `peft=dora`; of one of adapters an
    option may say which. A method of none of these names (`method=full`) is told of as an option that is not
    modelled.
    """
    ways = {key: found for key in _WAYS if (found := method(options.get(key, ""))) is not None}
    way = next((key for key in _WAYS if key in ways), "")
    text = (
        options[way]
        if way
        else next(iter(_IN_RUNTIME.findall(runtime) if "ora" in runtime.lower() else ()), "")
    )
    if not text or not (phase in GENERAL or (way and phase in PHASES)):
        return phase, dict(options)
    left = {key: value for key, value in options.items() if key not in ways}
    found = method(text)
    if found is not None and found.id != "lora":
        left = {"adapter": found.id, **left}
    narrow = "qlora" in text.lower() or phase == "finetune_qlora"
    return ("finetune_qlora" if narrow else "finetune_lora"), left


def stated(job: Job) -> Mapping[str, str]:
    """Options that a job's method takes where it states none, whatever its library does for LoRA."""
    return _method(job).stated


def _method(job: Job) -> Method:
    """How a job's adapters train; raises `UsageError` for no known method."""
    text = {**options_of(job.phase), **job.options}.get("adapter", "lora")
    found = method(text)
    if found is None:
        raise UsageError(f"option adapter: '{text}' is none of {', '.join(methods())}; write adapter=lora")
    return found


def prompted(job: Job) -> Job:
    """A job with the tokens of a learned prompt before each sequence, if it trains one."""
    if job.phase not in PHASES or job.seq_len is None or _method(job).form != "prompt":
        return job
    return replace(job, seq_len=job.seq_len + Adapters.of(job).tokens)


def adapt(forward: Sequence[Op], adapters: Adapters, fused: str = "") -> tuple[Op, ...]:
    """The forward ops with frozen weights and adapters; raises `UsageError` where no layer takes one."""
    other = _FORMS.get(adapters.method.form)
    if other is not None:
        tuned = tuple(found for op in forward for found in other(op, adapters))
        if not trained_parameters(tuned):
            raise UsageError(f"this model has nothing for adapter={adapters.method.id}; write adapter=lora")
        return tuned
    # LitGPT adapts the queries of a joined matrix by themselves, others that matrix.
    for joined in dict.fromkeys((fused, "")):
        layers = layers_of(forward, joined)
        adapted = tuple(found for op, parts in layers for found in _adapted(op, parts, adapters))
        if len(adapted) > len(forward):
            return _modulated(adapted)
    if not adapters.targets:
        raise UsageError("no dense layer of this model takes an adapter; use --phase train")
    if adapters.targets in _GROUPS.values():
        # Layers of that kind are called otherwise, or there are none: a recurrent model's.
        return adapt(forward, replace(adapters, targets=()), fused)
    every = Adapters(adapters.rank)
    named = sorted({part.name for op, parts in layers for part in every.parts(op, parts)})
    raise UsageError(
        f"option lora_targets: no dense layer is called {', '.join(adapters.targets)}; "
        f"there are {', '.join(named)}"
    )


def _modulated(adapted: tuple[Op, ...]) -> tuple[Op, ...]:
    """The ops where products with what is made of the time step keep nothing for it, unless it is adapted.

    A product keeps each factor for the other one's gradient: `modulated` and `residual` of a `Stream`.
    """
    if any(op.layer.endswith(".modulation.lora_a") for op in adapted):
        return adapted
    return tuple(changed(op, saved_bytes=0.0) if "modulated" in op.dims else op for op in adapted)


def _adapted(op: Op, parts: Parts, adapters: Adapters) -> Iterator[Op]:
    chosen = adapters.parts(op, parts)
    if not chosen:
        yield frozen(op)
        return
    lora = adapters.method.id == "lora"
    # LoRA's first adapter keeps the input, which the frozen layer has no use for.
    yield changed(frozen(op), saved_bytes=0.0) if lora else frozen(op)
    for index, part in enumerate(chosen):
        one = changed(op, saved_bytes=0.0 if index else op.saved_bytes, copies=op.copies * part.share)
        if lora:
            one = changed(one, dims={**op.dims, LOW_RANK: 1.0})
            yield from _adapter(one, adapters.rank, part.outputs, adapters.precision.weight)
        else:
            yield _beside(one, part, adapters)


def _beside(op: Op, part: Part, adapters: Adapters) -> Op:
    """What a method other than LoRA computes beside a layer, as one op that trains and keeps what it says.

    Where its products run in the adapters' format so do the values that they keep (`Op.saved_bytes`).
    """
    own, size = adapters.method.at.get(part.name, adapters.method), 4.0 if op.dtype in _WIDE else 2.0
    whole, k, wide = float(op.dims["n"]), float(op.dims["k"]), adapters.precision.weight
    rows = op.dims["m"] * op.dims.get("batch", 1.0)
    tables, sizes = max(1.0, op.parameters // (whole * k)), adapters.sizes(k, part.outputs)
    trained = tables * amount(own.trained, sizes)
    kept = tuple(amount(terms, sizes) for terms in (own.kept, own.kept_narrow, own.merged, own.merged_narrow))
    common = {
        "parameters": trained, "stored_bytes": trained * wide + 4.0 * tables * amount(own.stored, sizes),
        "saved_bytes": rows * (wide * kept[0] + size * kept[1]) + tables * (wide * kept[2] + size * kept[3]),
        "backward": "full", "read_bytes": op.read_bytes, "write_bytes": op.write_bytes * part.outputs / whole,
    }  # fmt: skip
    shard = op.shard if op.shard in _SPLIT else "none"
    layer, dtype = f"{op.layer}.{adapters.method.id}", op.dtype if op.dtype in _WIDE else "bf16"
    if not adapters.method.product:
        elements = rows * part.outputs
        return Op("pointwise", layer, {"elements": elements}, dtype, flops=2.0 * elements, shard=shard,
                  copies=op.copies, repeats=op.repeats, **common)  # fmt: skip
    n = part.outputs if own.product == "whole" else adapters.rank * (k + part.outputs) / k
    return changed(op, layer=layer, dtype=dtype, dims={**op.dims, "n": n}, flops=2.0 * rows * k * n,
                   weight_bytes=tables * k * n * size, starts=0.0, shard=shard, **common)  # fmt: skip


#: Formats of products that are computed in 32 bits.
_WIDE = ("fp32", "tf32")


def _prefixed(op: Op, adapters: Adapters) -> Iterator[Op]:
    """An op with frozen weights, and before attention the learned prefix of keys and values.

    Where the bottom layers have none the backward pass ends above them (Zhang et al., "LLaMA-Adapter").
    """
    skipped, held = adapters.method.skipped, frozen(op)
    passed = np.maximum(1.0 - skipped / op.copies, 0.0) if op.copies > skipped else 1.0
    yield changed(held, saved_bytes=held.saved_bytes * passed)
    if op.layer.rpartition(".")[2] in ("qkv", "query", "q") and op.kind == "gemm" and op.parameters:
        yield _learned(op, "prefix", adapters)


def _prompts(op: Op, adapters: Adapters) -> Iterator[Op]:
    """An op with frozen weights, and beside the head the learned tokens, which are as wide as its inputs."""
    yield frozen(op)
    if _is_head(op):
        yield _learned(op, "prompt", adapters)


def _rows(op: Op, adapters: Adapters) -> Iterator[Op]:
    """An op with frozen weights, and the rows of a few tokens; a head keeps the table that they are put into.

    Where head and embedding are apart the embedding's is gone as the rows that a batch needs are read.
    """
    held, head = frozen(op), _is_head(op)
    tied = head and not op.parameters
    yield changed(held, saved_bytes=held.saved_bytes + op.weight_bytes) if tied else held
    if head:
        yield _learned(op, "rows", adapters)


def _is_head(op: Op) -> bool:
    """Whether an op makes the logits."""
    return op.kind == "gemm" and op.shard == "vocab"


def _learned(op: Op, name: str, adapters: Adapters) -> Op:
    """Vectors that are learned in place of tokens', read whole in each pass."""
    k, wide = float(op.dims["k"]), adapters.precision.weight
    values = amount(adapters.method.trained, adapters.sizes(k, k))
    return Op(
        "embedding", f"{op.layer}.{name}", {"elements": values}, "fp32", read_bytes=wide * values,
        write_bytes=wide * values, parameters=values, stored_bytes=wide * values,
        copies=op.copies, repeats=op.repeats, backward="weight",
    )  # fmt: skip


def _normed(op: Op, adapters: Adapters) -> Iterator[Op]:
    """An op with frozen weights, but for norms."""
    yield op if op.kind == "norm" else frozen(op)


def _scaled(op: Op, adapters: Adapters) -> Iterator[Op]:
    """An op with frozen weights but for norms, and after a product its learned scale and bias.

    Gao et al., "LLaMA-Adapter V2". The scale's gradient needs the product's result, that of a norm's weight
    what it multiplies: in FP32, as LitGPT's norms do.
    """
    (held,) = _normed(op, adapters)
    if held.kind == "norm":
        held = changed(
            held, saved_bytes=held.saved_bytes * (2.0 if np.all(op.saved_bytes > op.read_bytes) else 1.0)
        )
    yield held
    if held is op or op.kind != "gemm":
        return
    n, elements = float(op.dims["n"]), op.dims["n"] * op.dims.get("batch", 1.0) * op.dims["m"]
    yield Op(
        "pointwise", f"{op.layer}.scale", {"elements": elements}, "bf16", flops=2.0 * elements,
        parameters=2.0 * n, stored_bytes=2.0 * n * adapters.precision.weight, read_bytes=op.write_bytes,
        write_bytes=op.write_bytes, saved_bytes=op.write_bytes, copies=op.copies, repeats=op.repeats,
        fusable=True, shard=op.shard if op.shard in _SPLIT else "none",
    )  # fmt: skip


#: What a method does that adapts no dense layers, by its form.
_FORMS = {"prefix": _prefixed, "prompt": _prompts, "norms": _normed, "scales": _scaled, "rows": _rows}


def beside(ops: tuple[Op, ...], job: Job, fused: str = "") -> tuple[Op, ...]:
    """The ops of an engine with those of the adapters that it serves beside its weights, if any."""
    count = job.option("adapters", 0.0)
    if not count:
        return ops
    asked = Adapters.of(job)
    if asked.method.id != "lora" or count != round(count):
        raise UsageError(f"option adapters: {count:g} is no number of LoRA adapters; write e.g. adapters=8")
    layers = layers_of(ops, fused)
    return tuple(
        found
        for op, parts in layers
        for found in (op, *_served(op, asked.parts(op, parts), asked.rank, count))
    )


#: What engines serve no adapters of: experts and their router.
_UNADAPTED = ("expert", "expert_row")


def _served(op: Op, parts: Parts, rank: float, count: float) -> Iterator[Op]:
    """Down to the rank and up again, each row by its own; those of `count` that rows are of are read."""
    if not parts or not np.any(op.weight_bytes) or op.shard in _UNADAPTED or _name(op) == "router":
        return
    rows = np.maximum(op.dims["m"], 1.0)
    read = count * -np.expm1(rows * np.log1p(-1.0 / count)) if count > 1.0 else 1.0
    for made in _adapter(op, rank, sum(part.share * part.outputs for part in parts), 2.0):
        if made.kind != "gemm":
            continue
        # One kernel goes down to the ranks of all the layers.
        down = made.layer.endswith("_a")
        apart = sum(part.share for part in parts) if down else 1.0
        values = apart * rank * float(made.dims["k" if down else "n"])
        yield changed(
            made, flops=apart * made.flops, parameters=count * apart * made.parameters, saved_bytes=0.0,
            stored_bytes=2.0 * count * apart * made.parameters, weight_bytes=2.0 * read * values,
        )  # fmt: skip


def frozen(op: Op) -> Op:
    """An op whose weights, or those of another op that it reads (a tied head), get no gradient."""
    reads = bool(op.parameters) or (op.kind == "gemm" and bool(np.any(op.weight_bytes)))
    if not reads or op.backward == "none":
        return op
    if op.kind == "embedding" or op.backward == "weight":
        return changed(op, backward="none", saved_bytes=0.0)
    # The gradient of a product's input needs its weights alone; attention's needs its output, kept by `out`.
    # A convolution keeps what it read all the same: one operator has its gradients of input and weights.
    unread = op.kind == "gemm" and op.layer.rpartition(".")[2] != "out"
    return changed(op, backward="input", saved_bytes=0.0 if unread else op.saved_bytes)


def left_alone(op: Op, module: str, spec: Precision) -> Op:
    """An op with frozen weights where it is of a module that lies in 16 bits beside what trains in FP32."""
    if op.layer.partition(".")[0] != module:
        return op
    narrow = min(spec.activation, spec.weight) if spec.mixed else spec.weight
    return changed(frozen(op), stored_bytes=op.stored_bytes * narrow / spec.weight)


#: What says of a product that it is an adapter's, in training.
LOW_RANK = "low_rank"
#: Shards whose adapters are split with them.
_SPLIT = ("column", "expert", "expert_row")


def _adapter(op: Op, rank: float, n: float, stored: float) -> Iterator[Op]:
    """Down to `rank`, up again, and the addition: (rows, k) -> (rows, r) -> (rows, n).

    A weight is `stored` in so many bytes.
    """
    whole, k, m = float(op.dims["n"]), float(op.dims["k"]), op.dims["m"]
    tables, written = max(1.0, op.parameters // (whole * k)), op.write_bytes * (n / whole)
    elements = n * op.dims.get("batch", 1.0) * m
    size = 4.0 if op.dtype in ("fp32", "tf32") else 2.0
    narrow = rank * size * op.dims.get("batch", 1.0) * m
    per_row = 2.0 * rank * op.dims.get("batch", 1.0)
    shared = changed(op, dtype="bf16" if op.dtype not in ("fp16", "fp32", "tf32") else op.dtype, starts=0.0)
    yield changed(
        shared, layer=f"{op.layer}.lora_a", dims={**op.dims, "n": rank}, flops=per_row * k * m,
        parameters=tables * rank * k, weight_bytes=tables * rank * k * size,
        stored_bytes=tables * rank * k * stored, read_bytes=op.read_bytes, write_bytes=narrow,
        shard="none" if op.shard == "column" else op.shard,
    )  # fmt: skip
    yield changed(
        shared, layer=f"{op.layer}.lora_b", dims={**op.dims, "k": rank, "n": n}, flops=per_row * n * m,
        parameters=tables * rank * n, weight_bytes=tables * rank * n * size,
        stored_bytes=tables * rank * n * stored, read_bytes=narrow, write_bytes=written,
        saved_bytes=narrow, backward="full", shard=op.shard if op.shard in _SPLIT else "none",
    )  # fmt: skip
    yield Op(
        "pointwise", f"{op.layer}.lora_add", {"elements": elements}, shared.dtype, flops=2.0 * elements,
        read_bytes=2.0 * written, write_bytes=written, copies=op.copies, repeats=op.repeats,
        fusable=True, shard=op.shard if op.shard in _SPLIT else "none", backward="linear",
    )  # fmt: skip
