"""Decoder-only language models in the style of Llama.

Touvron et al., "Llama 2"; grouped-query attention: Ainslie et al. The KV cache holds `kv_heads` keys
and values of `head_dim` per layer and token.
Letters: B sequences, S tokens of a prompt, T tokens that a pass computes, D width, V vocabulary.

Dimensions: `layers`, `hidden`, `heads`, `kv_heads`, `head_dim`, `ffn`, `vocab`; optionally `gated`
(three feed-forward matrices, true), `norm` (rmsnorm), `bias` (none, qkv, all), `tied` (false),
`positions` (rows of a learned table; 0: rotary).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from whichgpu.workloads.blocks import check_positions, cross_entropy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whichgpu.workloads.job import Job
    from whichgpu.workloads.precision import Precision
    from whichgpu.workloads.recorder import Recorder

PHASES = ("serve", "generate", "prefill", "decode", "train", "pretrain", "finetune_full")
PHASE_ALIASES = {"infer": "generate"}
UNIT = "tokens"
OPTIMIZER = "adamw"
PROMPT = 512.0
_SERVING = {
    "batch": 1.0, "precision": "fp16", "runtime": "vllm", "input_tokens": PROMPT, "output_tokens": 256.0,
}  # fmt: skip
_TRAINING = {"batch": 1.0, "precision": "amp-bf16", "runtime": "pytorch-2", "seq_len": 2048.0}
DEFAULTS: dict[str, dict[str, Any]] = {
    "*": {"n_gpus": 1.0},
    **dict.fromkeys(("serve", "generate", "prefill", "decode"), _SERVING),
    **dict.fromkeys(("train", "pretrain", "finetune_full"), _TRAINING),
}
#: One forward pass, logits of every token included.
REFERENCE = {"phase": "train", "seq_len": PROMPT}


class Attend(NamedTuple):
    """One attention of a pass: B sequences of q new tokens over kv tokens, `cached` ones or fresh."""

    batch: Any
    q: Any
    kv: Any
    cached: bool = False
    repeats: Any = 1.0


def forward(dims: Mapping[str, Any], job: Job, rec: Recorder) -> None:
    """What the phase asks of B sequences; logits of every token in training, of the last elsewhere."""
    if job.trains:
        _train(dims, job, rec)
        return
    batch, prompt = job.batch, job.input_tokens
    last = _most(prompt + job.output_tokens)
    check_positions(last, dims.get("positions") or last, "input_tokens + output_tokens")
    if job.phase != "decode":
        _model(dims, rec, batch * prompt, [Attend(batch, prompt, prompt)], batch)
    if job.phase == "prefill":
        return
    # The prompt's pass gives the first token; step i of the rest attends to the prompt and i tokens.
    steps = job.output_tokens if job.phase == "decode" else np.maximum(job.output_tokens - 1.0, 0.0)
    context = prompt + (steps + 1.0) / 2.0
    _model(dims, rec, batch, [Attend(batch, 1.0, context, cached=True)], batch, repeats=steps,
           again=job.phase != "decode")  # fmt: skip


def step(
    dims: Mapping[str, Any], rec: Recorder, prefill_tokens: Any, decode_sequences: Any, kv_tokens: Any,
    *, prefill_length: Any = None, prefill_context: Any = 0.0,
) -> None:  # fmt: skip
    """Record one engine step: prompt tokens and one token for each decoding sequence, in one pass.

    Args:
        dims: the workload's dimensions.
        rec: where the ops go.
        prefill_tokens: prompt tokens computed in this step, of all prompts together.
        decode_sequences: sequences that receive one token.
        kv_tokens: cached tokens that these sequences attend to, all together.
        prefill_length: tokens of each prompt (or chunk); by default all are of one prompt.
        prefill_context: cached tokens before each chunk.

    """
    length = prefill_tokens if prefill_length is None else prefill_length
    prompts = prefill_tokens / np.maximum(length, 1.0)
    decoding = np.maximum(decode_sequences, 1.0)
    attends = [
        Attend(prompts, length, length + prefill_context, repeats=_some(prefill_tokens)),
        Attend(decoding, 1.0, kv_tokens / decoding, cached=True, repeats=_some(decode_sequences)),
    ]
    _model(dims, rec, prefill_tokens + decode_sequences, attends, prompts + decode_sequences)


def kv_bytes_per_token(dims: Mapping[str, Any], precision: Precision) -> float:
    """Bytes of KV cache that one token of one sequence takes."""
    return 2.0 * float(dims["layers"] * dims["kv_heads"] * dims["head_dim"]) * precision.kv


def _train(dims: Mapping[str, Any], job: Job, rec: Recorder) -> None:
    tokens = job.seq_len
    last = _most(tokens)
    check_positions(last, dims.get("positions") or last, "seq_len")
    rows = job.batch * tokens
    _model(dims, rec, rows, [Attend(job.batch, tokens, tokens)], rows)
    with rec.module("loss"):
        cross_entropy(rec, rows, dims["vocab"])


def _model(
    dims: Mapping[str, Any], rec: Recorder, rows: Any, attends: Sequence[Attend], logits: Any, *,
    repeats: Any = 1.0, again: bool = False,
) -> None:  # fmt: skip
    """One pass over T = `rows` tokens: (T,) -> (logits, V)."""
    width, vocab, tied = dims["hidden"], dims["vocab"], dims.get("tied", False)
    with rec.module("embedding", repeats=repeats, again=again):
        rec.embedding(rows, vocab, width, name="tokens")
        if dims.get("positions"):
            rec.embedding(rows, dims["positions"], width, name="positions")
            rec.add(width * rows)
    with rec.module("layers", repeats=repeats, copies=float(dims["layers"]), again=again):
        _attention(dims, rec, rows, attends)
        _feed_forward(dims, rec, rows)
    with rec.module("head", repeats=repeats, again=again):
        _norm(dims, rec, logits)
        rec.linear(logits, width, vocab, shard="vocab", unquantised=True, tied=tied, name="logits")


def _attention(dims: Mapping[str, Any], rec: Recorder, rows: Any, attends: Sequence[Attend]) -> None:
    """Norm, q k v, positions, cache, attention, output and residual: (T, D) -> (T, D)."""
    width, heads, kv_heads, d = dims["hidden"], dims["heads"], dims["kv_heads"], dims["head_dim"]
    bias = dims.get("bias", "none")
    _norm(dims, rec, rows)
    qkv = (heads + 2 * kv_heads) * d
    rec.linear(rows, width, qkv, bias=bias in ("qkv", "all"), shard="column", name="qkv")
    if not dims.get("positions"):
        rec.pointwise((heads + kv_heads) * d * rows, shard="head", name="rope")
    if not rec.training:
        rec.copy(2 * kv_heads * d * rows, shard="head", name="cache")
    for one in attends:
        with rec.module("attend", repeats=one.repeats):
            rec.attention(one.batch, heads, one.q, one.kv, d, kv_heads=kv_heads, causal=not one.cached,
                          cached=one.cached)  # fmt: skip
    rec.linear(rows, heads * d, width, bias=bias == "all", shard="row", name="out")
    rec.add(width * rows)


def _feed_forward(dims: Mapping[str, Any], rec: Recorder, rows: Any) -> None:
    """Norm, up (and gate), activation, down and residual: (T, D) -> (T, D)."""
    width, ffn, bias = dims["hidden"], dims["ffn"], dims.get("bias", "none") == "all"
    gated = dims.get("gated", True)
    _norm(dims, rec, rows)
    rec.linear(rows, width, ffn * (2 if gated else 1), bias=bias, shard="column", name="up")
    if gated and rec.training:
        # Eager: silu keeps the gate, the product keeps both of its factors.
        rec.pointwise(ffn * rows, keeps=1.0, shard="column", name="silu")
        rec.pointwise(ffn * rows, reads=2.0, keeps=2.0, shard="column", name="multiply")
    else:
        rec.pointwise(ffn * rows, reads=2.0 if gated else 1.0, keeps=1.0, shard="column", name="activation")
    rec.linear(rows, ffn, width, bias=bias, shard="row", name="down")
    rec.add(width * rows)


def _norm(dims: Mapping[str, Any], rec: Recorder, rows: Any) -> None:
    """RMSNorm (one weight per value, in FP32 inside) or LayerNorm (two): (T, D) -> (T, D)."""
    width = dims["hidden"]
    weights = width if dims.get("norm", "rmsnorm") == "rmsnorm" else 2 * width
    rec.norm(width * rows, width, parameters=weights, keeps=4.0)


def _some(count: Any) -> Any:
    """1 where there is anything to do."""
    return np.asarray(count > 0, dtype=np.float64) if isinstance(count, np.ndarray) else float(count > 0)


def _most(tokens: Any) -> float:
    return float(np.max(tokens))
