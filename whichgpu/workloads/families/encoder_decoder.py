"""Encoder-decoder language models in the style of the Transformer, of T5 or of BART.

Vaswani et al., "Attention Is All You Need": LayerNorm behind each half, positions that are not learned.

Raffel et al., "T5": RMSNorm before each half, no biases, relative positions by buckets of distance.
Lewis et al., "BART": LayerNorm, biases everywhere, a table of positions in either half.
The decoder attends to itself and, in each layer, to what the encoder made of the input.
Letters: B sequences, S tokens of the input, T tokens of the output, D width, V vocabulary.

Dimensions: `layers` of the encoder, `decoder_layers` (as many), `hidden`, `heads`, `head_dim`, `ffn`, `gated`
(false), `vocab`, `tied` (true: the output head is the embedding), `buckets` of relative distance (32), `norm`
(rmsnorm), `bias` (none), `positions` (rows of a table in either half; 0), `embed_norm` (false), `final_norm`
(true).
In training `seq_len` is the input, and the output is `--option target_tokens=114` long (`target` tokens).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.workloads.blocks import check_positions, cross_entropy
from whichgpu.workloads.language.feed import dense
from whichgpu.workloads.language.layout import biased, norm

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.workloads.job import Job
    from whichgpu.workloads.precision import Precision
    from whichgpu.workloads.recorder import Recorder

PHASES = ("generate", "prefill", "train", "pretrain", "finetune_full")
PHASE_ALIASES = {"infer": "generate"}
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
#: The targets of span corruption for 512 tokens of input (the paper, section 3.1.4).
TARGET = 114.0
REFERENCE = {"phase": "train", "seq_len": 512.0}


def forward(dims: Mapping[str, Any], job: Job, rec: Recorder) -> None:
    """Encoder over the input, then the decoder: all at once in training, token by token elsewhere."""
    batch = job.batch
    source = job.seq_len if job.trains else job.input_tokens
    _encoder(dims, rec, batch, source)
    if job.trains:
        target = job.option("target_tokens", dims.get("target", TARGET), least=1.0)
        _decoder(dims, rec, batch, target, source=source, context=target)
        with rec.module("loss"):
            cross_entropy(rec, batch * target, dims["vocab"])
        return
    steps = 0.0 if job.phase == "prefill" else job.output_tokens
    _decoder(dims, rec, batch, 1.0, source=source, context=(steps + 1.0) / 2.0, cached=True,
             repeats=steps)  # fmt: skip


def kv_bytes_per_token(dims: Mapping[str, Any], precision: Precision) -> float:
    """Bytes per token: of the output in the decoder's own attention, of the input in its cross attention."""
    return 2.0 * float(_decoder_layers(dims) * dims["heads"] * dims["head_dim"]) * precision.kv


def _decoder_layers(dims: Mapping[str, Any]) -> int:
    return int(dims.get("decoder_layers", dims["layers"]))


def _encoder(dims: Mapping[str, Any], rec: Recorder, batch: Any, tokens: Any) -> None:
    """(B, S) -> (B, S, D)."""
    rows, width = batch * tokens, dims["hidden"]
    with rec.module("embedding"):
        rec.embedding(rows, dims["vocab"], width, name="tokens")
    with rec.module("encoder"):
        _embed(dims, rec, rows, tokens, "input_tokens")
        _positions(dims, rec, tokens, tokens)
        with rec.module("layers", copies=float(dims["layers"])):
            _attend(dims, rec, rows, (batch, tokens, tokens))
            _feed(dims, rec, rows)
        _last(dims, rec, rows)


def _decoder(
    dims: Mapping[str, Any], rec: Recorder, batch: Any, tokens: Any, *, source: Any, context: Any,
    cached: bool = False, repeats: Any = 1.0,
) -> None:  # fmt: skip
    """(B, T) and (B, S, D) -> (B, T, V); `cached`: keys and values of input and output are kept."""
    rows, width = batch * tokens, dims["hidden"]
    with rec.module("embedding", repeats=repeats, again=True):
        rec.embedding(rows, dims["vocab"], width, name="tokens")
    with rec.module("decoder"):
        with rec.module("inputs", copies=float(_decoder_layers(dims))):
            # Keys and values of the input, once a layer.
            rec.linear(batch * source, width, 2 * dims["heads"] * dims["head_dim"], keeps=0.0, shard="column",
                       bias=biased(dims, "qkv"), name="kv")  # fmt: skip
        with rec.module("steps", repeats=repeats):
            _embed(dims, rec, rows, tokens, "output_tokens")
            _positions(dims, rec, tokens, context)
            with rec.module("layers", copies=float(_decoder_layers(dims))):
                _attend(dims, rec, rows, (batch, tokens, context), causal=not cached, cached=cached)
                _attend(dims, rec, rows, (batch, tokens, source), cross=True, cached=cached)
                _feed(dims, rec, rows)
            _last(dims, rec, rows)
    with rec.module("head", repeats=repeats):
        rec.linear(rows, width, dims["vocab"], shard="vocab", unquantised=True, tied=dims.get("tied", True),
                   name="logits")  # fmt: skip


def _embed(dims: Mapping[str, Any], rec: Recorder, rows: Any, tokens: Any, column: str) -> None:
    """Add what a table says of each position, and normalise: (B S, D) -> (B S, D)."""
    if dims.get("positions"):
        check_positions(tokens, dims["positions"], column)
        rec.embedding(rows, dims["positions"], dims["hidden"], name="positions")
        rec.add(dims["hidden"] * rows)
    if dims.get("embed_norm"):
        norm(dims, rec, rows, name="embed_norm")


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
    width, heads, d = dims["hidden"], dims["heads"], dims["head_dim"]
    norm(dims, rec, rows)
    rec.linear(rows, width, heads * d * (1 if cross else 3), bias=biased(dims, "qkv"), shard="column",
               name="query" if cross else "qkv")  # fmt: skip
    if cached and not cross:
        rec.copy(2 * heads * d * rows, shard="head", name="cache")
    rec.attention(shape[0], heads, shape[1], shape[2], d, causal=causal, cached=cached)
    rec.linear(rows, heads * d, width, bias=biased(dims, "out"), shard="row", name="out")
    rec.add(width * rows)


def _feed(dims: Mapping[str, Any], rec: Recorder, rows: Any) -> None:
    """Norm, feed-forward and residual."""
    norm(dims, rec, rows)
    dense({**dims, "gated": dims.get("gated", False)}, rec, rows, dims["ffn"],
          bias=biased(dims, "ffn"))  # fmt: skip
    rec.add(dims["hidden"] * rows)
