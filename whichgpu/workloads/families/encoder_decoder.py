"""Encoder-decoder language models in the style of the Transformer, of T5 or of BART.

Vaswani et al., "Attention Is All You Need": LayerNorm behind each half, positions that are not learned.

Raffel et al., "T5": RMSNorm before each half, no biases, relative positions by buckets of distance.
Lewis et al., "BART": LayerNorm, biases everywhere, a table of positions in either half.
The decoder attends to itself and, in each layer, to what the encoder made of the input.
Letters: B sequences, S tokens of the input, T tokens of the output, D width, V vocabulary.

Dimensions: `layers` of the encoder, `decoder_layers` (as many), `hidden`, `heads`, `head_dim`, `ffn`, `gated`
(false), `vocab`, `tied` (true: the output head is the embedding), `buckets` of relative distance (32), `norm`
(rmsnorm), `bias` (none), `positions` (rows of a table in either half; 0), `embed_norm` (false), `final_norm`
(true), `tables` (1: those of words that the halves have, 2 where each has its own), `post_norms` (false: a
norm behind each half of a layer as well), `kv_heads` (heads), `window` (of every second layer).
`encoder_window`: tokens that one of the input sees; projections of tokens that see all are stored beside, and
not run (Beltagy et al., "Longformer"); `encoder_near`: the same without those, beside means of
`encoder_block` (0: none) tokens each (Guo et al., "LongT5"); `decoder_positions` (positions).
Mixtures: `experts`, `experts_per_token` (1), `expert_bias`, on `sparse` layers of the encoder and
`decoder_sparse` of the decoder (Fedus et al., "Switch Transformers"; NLLB Team, "No Language Left Behind").
`function`, `written_out`: as in `decoder`.
In training `seq_len` is the input, and the output is `--option target_tokens=114` long (`target` tokens; of
inputs below 512 tokens fewer, where a model states none), in pretraining as long as the input where the model
`denoises` whole texts (BART).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.workloads.blocks import check_positions, cross_entropy
from whichgpu.workloads.language.feed import dense, experts
from whichgpu.workloads.language.layout import biased, norm

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.workloads.job import Job
    from whichgpu.workloads.precision import Precision
    from whichgpu.workloads.recorder import Recorder

PHASES = ("generate", "prefill", "train", "pretrain", "finetune_full")
OPTIONS = ("target_tokens",)
PHASE_ALIASES = {"infer": "generate", "decode": "generate"}
UNIT = "tokens"
OPTIMIZER = "adafactor"
_GENERATING = {
    "batch": 1.0, "precision": "fp16", "runtime": "pytorch-2", "input_tokens": 512.0, "output_tokens": 64.0,
}  # fmt: skip
_TRAINING = {"batch": 8.0, "precision": "amp-bf16", "runtime": "pytorch-2", "seq_len": 512.0}
DEFAULTS: dict[str, dict[str, Any]] = {
    "*": {"n_gpus": 1.0},
    **dict.fromkeys(("generate", "prefill"), _GENERATING),
    **dict.fromkeys(("train", "pretrain", "finetune_full"), _TRAINING),
}
#: The targets of span corruption for 512 tokens of input (the paper, section 3.1.4), and those tokens.
TARGET, CORRUPTED = 114.0, 512.0
REFERENCE = {"phase": "train", "seq_len": 512.0}


def forward(dims: Mapping[str, Any], job: Job, rec: Recorder) -> None:
    """Encoder over the input, then the decoder: all at once in training, token by token elsewhere."""
    batch = job.batch
    source = job.seq_len if job.trains else job.input_tokens
    _encoder(dims, rec, batch, source)
    if job.trains:
        target = _target(dims, job)
        _decoder(dims, rec, batch, target, source=source, context=target)
        with rec.module("loss"):
            cross_entropy(rec, batch * target, dims["vocab"])
        return
    steps = 0.0 if job.phase == "prefill" else job.output_tokens
    _decoder(dims, rec, batch, 1.0, source=source, context=(steps + 1.0) / 2.0, cached=True,
             repeats=steps)  # fmt: skip


def _target(dims: Mapping[str, Any], job: Job) -> Any:
    """Tokens of an output in training: as stated, else those of what is usual for its input."""
    if "target_tokens" in job.options:
        return job.option("target_tokens", TARGET, least=1.0)
    if job.output_tokens is not None:
        return job.output_tokens
    if dims.get("denoises") and job.phase == "pretrain":
        return job.seq_len
    # Shorter inputs have shorter outputs.
    return dims.get("target", TARGET * np.minimum(job.seq_len / CORRUPTED, 1.0))


def kv_bytes_per_token(dims: Mapping[str, Any], precision: Precision) -> float:
    """Bytes per token: of the output in the decoder's own attention, of the input in its cross attention."""
    return 2.0 * float(_decoder_layers(dims) * _kv_heads(dims) * dims["head_dim"]) * precision.kv


def _kv_heads(dims: Mapping[str, Any]) -> int:
    return int(dims.get("kv_heads", dims["heads"]))


def _layers(dims: Mapping[str, Any], half: str) -> list[tuple[bool, float]]:
    """Layers of a half: whether they hold experts, and how many do."""
    count = _decoder_layers(dims) if half == "decoder" else int(dims["layers"])
    sparse = int(dims.get("decoder_sparse" if half == "decoder" else "sparse", 0))
    return [(mixed, float(many)) for mixed, many in ((False, count - sparse), (True, sparse)) if many]


def _decoder_layers(dims: Mapping[str, Any]) -> int:
    return int(dims.get("decoder_layers", dims["layers"]))


def _encoder(dims: Mapping[str, Any], rec: Recorder, batch: Any, tokens: Any) -> None:
    """(B, S) -> (B, S, D)."""
    rows, width = batch * tokens, dims["hidden"]
    with rec.module("embedding" if dims.get("tables", 1) == 1 else "encoder_embedding"):
        rec.embedding(rows, dims["vocab"], width, name="tokens")
    with rec.module("encoder"):
        _embed(dims, rec, rows, tokens, "input_tokens")
        _positions(dims, rec, tokens, tokens)
        for mixed, count in _layers(dims, "encoder"):
            with rec.module("expert_layers" if mixed else "layers", copies=count):
                _attend(dims, rec, rows, (batch, tokens, _near(dims, rec, rows, tokens)))
                _feed(dims, rec, rows, mixed=mixed)
        _last(dims, rec, rows)


def _decoder(
    dims: Mapping[str, Any], rec: Recorder, batch: Any, tokens: Any, *, source: Any, context: Any,
    cached: bool = False, repeats: Any = 1.0,
) -> None:  # fmt: skip
    """(B, T) and (B, S, D) -> (B, T, V); `cached`: keys and values of input and output are kept."""
    rows, width = batch * tokens, dims["hidden"]
    with rec.module("embedding", repeats=repeats, again=dims.get("tables", 1) == 1):
        rec.embedding(rows, dims["vocab"], width, name="tokens")
    with rec.module("decoder"):
        with rec.module("inputs", copies=float(_decoder_layers(dims))):
            # Keys and values of the input, once a layer.
            rec.linear(batch * source, width, 2 * _kv_heads(dims) * dims["head_dim"], keeps=0.0,
                       shard="column", bias=biased(dims, "qkv"), name="kv")  # fmt: skip
        with rec.module("steps", repeats=repeats):
            _embed(dims, rec, rows, tokens, "output_tokens")
            _positions(dims, rec, tokens, context)
            for mixed, count in _layers(dims, "decoder"):
                with rec.module("expert_layers" if mixed else "layers", copies=count):
                    own = _seen(dims, context)
                    _attend(dims, rec, rows, (batch, tokens, own), causal=not cached, cached=cached)
                    _attend(dims, rec, rows, (batch, tokens, source), cross=True, cached=cached)
                    _feed(dims, rec, rows, mixed=mixed)
            _last(dims, rec, rows)
    with rec.module("head", repeats=repeats):
        rec.linear(rows, width, dims["vocab"], shard="vocab", unquantised=True, tied=dims.get("tied", True),
                   name="logits")  # fmt: skip


def _embed(dims: Mapping[str, Any], rec: Recorder, rows: Any, tokens: Any, column: str) -> None:
    """Add what a table says of each position, and normalise: (B S, D) -> (B S, D)."""
    table = dims.get("positions")
    if column == "output_tokens":
        table = dims.get("decoder_positions", table)
    if table:
        check_positions(tokens, table, column)
        rec.embedding(rows, table, dims["hidden"], name="positions")
        rec.add(dims["hidden"] * rows)
    if dims.get("embed_norm"):
        norm(dims, rec, rows, name="embed_norm")


def _near(dims: Mapping[str, Any], rec: Recorder, rows: Any, tokens: Any) -> Any:
    """Tokens of the input that one of them sees; projections that only a few would use are stored."""
    near, block = dims.get("encoder_window"), dims.get("encoder_block")
    if "encoder_near" in dims:
        return np.minimum(tokens, dims["encoder_near"] + (tokens / block if block else 0.0))
    if not near:
        return _seen(dims, tokens)
    with rec.module("everywhere", repeats=0.0):
        rec.linear(rows, dims["hidden"], 3 * dims["heads"] * dims["head_dim"], bias=True, name="qkv")
    return np.minimum(tokens, near)


def _seen(dims: Mapping[str, Any], kv: Any) -> Any:
    """Tokens that a layer sees in the mean: every second one no further than a window."""
    window = dims.get("window")
    return (np.minimum(kv, window) + kv) / 2.0 if window else kv


def _last(dims: Mapping[str, Any], rec: Recorder, rows: Any) -> None:
    """The norm behind the last layer, where there is one."""
    if dims.get("final_norm", True):
        norm(dims, rec, rows)


def _positions(dims: Mapping[str, Any], rec: Recorder, q: Any, kv: Any) -> None:
    """A bias by distance for each head, the same in every layer."""
    heads, buckets = dims["heads"], dims.get("buckets", 32)
    if buckets:
        rec.pointwise(heads * (q * kv), parameters=float(buckets * heads), shard="head",
                      name="distance_bias")  # fmt: skip


def _attend(
    dims: Mapping[str, Any], rec: Recorder, rows: Any, shape: tuple[Any, Any, Any], *, causal: bool = False,
    cross: bool = False, cached: bool = False,
) -> None:  # fmt: skip
    """Norm, attention of (B, q, kv) and residual; `cross`: keys and values come from the input."""
    width, heads, d, kv_heads = dims["hidden"], dims["heads"], dims["head_dim"], _kv_heads(dims)
    norm(dims, rec, rows)
    made = heads if cross else heads + 2 * kv_heads
    rec.linear(rows, width, made * d, bias=biased(dims, "qkv"), shard="column",
               name="query" if cross else "qkv")  # fmt: skip
    if cached and not cross:
        rec.copy(2 * kv_heads * d * rows, shard="head", name="cache")
    rec.attention(shape[0], heads, shape[1], shape[2], d, kv_heads=kv_heads, causal=causal, cached=cached)
    rec.linear(rows, heads * d, width, bias=biased(dims, "out"), shard="row", name="out")
    if dims.get("post_norms"):
        norm(dims, rec, rows, name="post_norm")
    rec.add(width * rows)


def _feed(dims: Mapping[str, Any], rec: Recorder, rows: Any, *, mixed: bool = False) -> None:
    """Norm, feed-forward or a mixture of experts, and residual."""
    norm(dims, rec, rows)
    own = {"experts_per_token": 1, **dims, "gated": dims.get("gated", False), "expert_ffn": dims["ffn"]}
    if mixed:
        experts(own, rec, rows)
    else:
        # T5's name of the last product tells it from others: see `memory.kept_wide`.
        down = "wo" if dims.get("buckets", 32) else "down"
        dense(own, rec, rows, dims["ffn"], bias=biased(dims, "ffn"), down=down)
    if dims.get("post_norms"):
        norm(dims, rec, rows, name="post_norm")
    rec.add(dims["hidden"] * rows)
