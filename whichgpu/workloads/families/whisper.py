"""Whisper: speech to text by an encoder over windows of 30 s and a decoder that writes tokens.

Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision". Two convolutions halve the
3,000 frames of a window; the decoder attends to what it wrote and to the encoder's 1,500 states, whose
keys and values are computed once. Keys have no bias; the output head is the token table.
Letters: B windows, F mel frames of a window, S encoder states (F / 2), T tokens of a window, D width.

`batch` counts windows in flight and throughput seconds of audio, so that it is the factor over real time.
Shorter audio is padded to a window. `output_tokens` are those of a window; `beam` hypotheses run together and
share the keys and values of its states.
The option `stride` is what neighbouring windows share on either side, in s, and `token_range` how far the
tokens of a window are from their mean, evenly: a batch goes on until its longest is written.
Dimensions: `hidden`, `heads`, `encoder`, `decoder` (layers), `mels`, `vocab`, `positions` (of the decoder).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.errors import UsageError
from whichgpu.workloads.blocks import check_positions, cross_entropy
from whichgpu.workloads.recorder import Map

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Recorder

PHASES = ("infer", "train")
OPTIONS = ("beam", "stride", "token_range")
PHASE_ALIASES = {"generate": "infer", "finetune_full": "train", "pretrain": "train"}
UNIT = "audio seconds"
OPTIMIZER = "adamw"
#: Whether scores of attention have a dropout: `attention_dropout` of every published configuration is 0.
SCORES_DROP = False
#: Who runs it in INT8.
INT8 = "ctranslate2"
DEFAULTS: dict[str, dict[str, Any]] = {
    "*": {"output_tokens": 100.0, "runtime": "pytorch-2", "n_gpus": 1.0},
    "infer": {"batch": 16.0, "precision": "fp16"},
    "train": {"batch": 16.0, "precision": "amp-fp16"},
}
#: One forward pass: a window and 100 tokens, all with their logits.
REFERENCE = {"phase": "train"}
WINDOW, FRAMES = 30.0, 3000.0


def units(dims: Dims, job: Job) -> Any:
    """Seconds of audio, each counted once."""
    shared = 2.0 * job.option("stride", 0.0)
    if shared >= WINDOW:
        raise UsageError(
            f"option stride: windows of {WINDOW:g} s that share {shared / 2.0:g} s on either side have "
            f"nothing of their own; write stride=5"
        )
    return np.asarray(job.batch, dtype=np.float64) * (WINDOW - shared)


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """(B, mels, F) -> (B, T) tokens."""
    check_positions(job.output_tokens, dims["positions"], "output_tokens")
    states, batch, tokens = FRAMES / 2.0, job.batch, job.output_tokens
    with rec.module("encoder"):
        _encoder(dims, rec, batch, states)
    # Keys and values of the encoder's states, for every decoder layer.
    with rec.module("cross"), rec.module("layers", copies=float(dims["decoder"])):
        rec.linear(batch * states, dims["hidden"], dims["hidden"], name="key")
        rec.linear(batch * states, dims["hidden"], dims["hidden"], bias=True, keeps=0.0, name="value")
    if job.trains:
        with rec.module("decoder"):
            _decoder(dims, rec, batch, tokens, context=tokens, states=states, windows=batch)
        with rec.module("loss"):
            cross_entropy(rec, batch * tokens, dims["vocab"])
        return
    # Token i attends to the i before it: (T + 1) / 2 on average.
    with rec.module("decoder", repeats=_longest(job)):
        beams = job.option("beam", 1.0, 1.0) * batch
        _decoder(dims, rec, beams, 1.0, context=(tokens + 1.0) / 2.0, states=states, windows=batch)


def _longest(job: Job) -> Any:
    """Tokens of a batch's longest window: the mean of the largest of B even draws from within a range."""
    batch = np.asarray(job.batch, dtype=np.float64)
    return job.output_tokens * (1.0 + job.option("token_range", 0.0) * (batch - 1.0) / (batch + 1.0))


def _encoder(dims: Dims, rec: Recorder, batch: Any, states: float) -> None:
    """(B, mels, F) -> (B, S, D)."""
    hidden = dims["hidden"]
    x = rec.conv(Map(batch, dims["mels"], 1.0, FRAMES), hidden, (1, 3), bias=True, backward="weight")
    rec.pointwise(x.elements, keeps=1.0, name="gelu")
    x = rec.conv(x, hidden, (1, 3), 2, bias=True)  # (B, D, 1, S)
    rec.pointwise(x.elements, keeps=1.0, name="gelu")
    rec.pointwise(x.elements, reads=2.0, parameters=float(hidden * states), name="positions")
    with rec.module("layers", copies=float(dims["encoder"])):
        _attention(dims, rec, batch, states, states)
        _feed_forward(dims, rec, batch * states)
    rec.norm(x.elements, hidden, wide=True)


def _decoder(
    dims: Dims, rec: Recorder, batch: Any, tokens: Any, *, context: Any, states: float, windows: Any
) -> None:
    """(B, T) after (B, context) -> (B, T, V); hypotheses of one of the `windows` look at the same states."""
    hidden, vocab, rows = dims["hidden"], dims["vocab"], batch * tokens
    rec.embedding(rows, vocab, hidden, name="tokens")
    rec.embedding(rows, dims["positions"], hidden, name="positions")
    rec.add(hidden * rows)
    with rec.module("layers", copies=float(dims["decoder"])):
        _attention(dims, rec, batch, tokens, context, causal=True)
        _cross(dims, rec, windows, rows / windows, states)
        _feed_forward(dims, rec, rows)
    rec.norm(hidden * rows, hidden, wide=True)
    rec.linear(rows, hidden, vocab, tied=True, unquantised=True, shard="vocab", name="logits")


def _attention(
    dims: Dims, rec: Recorder, batch: Any, tokens: Any, context: Any, *, causal: bool = False
) -> None:
    """Norm, self-attention (over the cache in inference), residual: (B, T, D) -> (B, T, D)."""
    hidden, heads, rows = dims["hidden"], dims["heads"], batch * tokens
    cached = causal and not rec.training
    rec.norm(hidden * rows, hidden, wide=True)
    for name in ("query", "key", "value"):
        rec.linear(rows, hidden, hidden, bias=name != "key", keeps=float(name == "query"), shard="column",
                   name=name)  # fmt: skip
    if cached:
        rec.copy(2 * hidden * rows, shard="head", name="cache")
    rec.attention(batch, heads, tokens, context, hidden // heads, causal=causal and not cached,
                  cached=cached)  # fmt: skip
    rec.linear(rows, hidden, hidden, bias=True, shard="row", name="out")
    rec.add(hidden * rows)


def _cross(dims: Dims, rec: Recorder, batch: Any, tokens: Any, states: float) -> None:
    """Norm, attention to the encoder's states, residual: (B, T, D) -> (B, T, D)."""
    hidden, heads, rows = dims["hidden"], dims["heads"], batch * tokens
    rec.norm(hidden * rows, hidden, wide=True)
    rec.linear(rows, hidden, hidden, bias=True, shard="column", name="query")
    rec.attention(batch, heads, tokens, states, hidden // heads, cached=not rec.training, name="cross")
    rec.linear(rows, hidden, hidden, bias=True, shard="row", name="out")
    rec.add(hidden * rows)


def _feed_forward(dims: Dims, rec: Recorder, rows: Any) -> None:
    """Norm, four times as wide, GELU, back, residual: (B T, D) -> (B T, D)."""
    hidden = dims["hidden"]
    rec.norm(hidden * rows, hidden, wide=True)
    rec.linear(rows, hidden, 4 * hidden, bias=True, shard="column", name="up")
    rec.pointwise(4 * hidden * rows, keeps=1.0, shard="column", name="gelu")
    rec.linear(rows, 4 * hidden, hidden, bias=True, shard="row", name="down")
    rec.add(hidden * rows)
