"""ModernBERT: rotary positions, gated feed-forward, no biases, two layers of three with a short window.

Warner et al., "Smarter, Better, Faster, Longer", section 2.1. The window (`window` tokens in all) is what
flash attention computes; an eager implementation computes all keys and masks them.
Letters: B batch, S tokens of a sequence, D width.

Dimensions: `layers`, `hidden`, `heads`, `ffn`, `vocab`, `window` (0: all layers see all), `every` (one layer
of so many sees all; the first does).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.workloads.blocks import check_positions

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Recorder

PHASES = ("infer", "train")
PHASE_ALIASES = {"finetune_full": "train"}
UNIT = "sequences"
OPTIMIZER = "adamw"
DEFAULTS: dict[str, dict[str, Any]] = {
    "*": {"runtime": "pytorch-2", "n_gpus": 1.0, "seq_len": 384.0},
    "infer": {"batch": 32.0, "precision": "fp16"},
    "train": {"batch": 16.0, "precision": "amp-fp16"},
}
#: Tokens that the model was made for.
LONGEST = 8192.0


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """Embedding, layers, and in training two scores a token: (B, S) -> (B, S, D) or (B, S, 2)."""
    batch, tokens, width = job.batch, job.seq_len, dims["hidden"]
    check_positions(tokens, LONGEST, "seq_len")
    rows = batch * tokens
    with rec.module("embeddings"):
        rec.embedding(rows, dims["vocab"], width, name="words")
        _norm(rec, rows, width)
        rec.dropout(width * rows)
    layers, window = dims["layers"], dims.get("window", 0)
    full = -(-layers // dims["every"]) if window else layers
    seen = np.minimum(tokens, window) if window else tokens
    with rec.module("first"):
        _attend(dims, rec, batch, tokens, tokens, norm=False)
        _feed(dims, rec, rows)
    for name, count, keys in (("full", full - 1, tokens), ("windowed", layers - full, seen)):
        if count:
            with rec.module(name, copies=float(count)):
                _attend(dims, rec, batch, tokens, keys)
                _feed(dims, rec, rows)
    with rec.module("head"):
        _norm(rec, rows, width)
        if job.trains:
            rec.linear(rows, width, 2, bias=True, name="span")


def _norm(rec: Recorder, rows: Any, width: int) -> None:
    """A LayerNorm without bias: (B S, D) -> (B S, D)."""
    rec.norm(width * rows, width, parameters=width, wide=True)


def _attend(dims: Dims, rec: Recorder, batch: Any, tokens: Any, keys: Any, *, norm: bool = True) -> None:
    """Attention of (B, S, D) over `keys` of the tokens each, and the residual."""
    width, heads, rows = dims["hidden"], dims["heads"], batch * tokens
    if norm:
        _norm(rec, rows, width)
    rec.linear(rows, width, 3 * width, shard="column", name="qkv")
    rec.pointwise(2 * width * rows, keeps=0.0, shard="head", name="rotary")
    rec.attention(batch, heads, tokens, keys, width // heads, held=tokens)
    rec.linear(rows, width, width, shard="row", name="out")
    rec.add(width * rows, wide=True)


def _feed(dims: Dims, rec: Recorder, rows: Any) -> None:
    """Gated feed-forward and the residual: (B S, D) -> (B S, D)."""
    width, ffn = dims["hidden"], dims["ffn"]
    _norm(rec, rows, width)
    rec.linear(rows, width, 2 * ffn, shard="column", name="up")
    rec.pointwise(ffn * rows, reads=2.0, keeps=3.0, shard="column", name="gate")
    rec.linear(rows, ffn, width, shard="row", name="down")
    rec.add(width * rows, wide=True)
