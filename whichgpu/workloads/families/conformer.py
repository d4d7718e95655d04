"""Conformer: speech to text by layers of half feed-forward, attention, convolution, half feed-forward.

Gulati et al., "Conformer"; Rekesh et al., "Fast Conformer" (eight frames to one by three strided
convolutions, two of them depthwise); characters by CTC. The attention adds a product with relative
positions to its scores, so that no fused kernel applies.
Letters: B utterances, F frames of 10 ms, T positions (F / 8), D width.

A transducer (RNN-T, TDT) has the two networks of `rnnt.py` behind the layers instead, which a greedy search
asks once for each token, and once more for each position that has none; of TDT durations skip most of those.

Of a model that writes (Canary) a decoder of transformer layers attends to the positions, one token after the
other; the keys and values of them are computed once. The first Conformers halve the frames twice only, by
whole convolutions (`striding`).

Throughput is in seconds of audio; option `seconds` of an utterance.
Dimensions: `layers`, `hidden`, `heads`, `ffn`, `kernel`, `mels`, `channels` (of the strided convolutions),
`vocab`, `seconds`; of a transducer `joint`, `prediction` (hidden), `prediction_layers`, `tokens_per_second`,
`skipped` (share of the positions without a token that are not asked); of one that writes `decoder` (layers),
`decoder_hidden`, `tokens_per_second`, `prompt` (tokens before the first).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.workloads import speech
from whichgpu.workloads.blocks import cross_entropy
from whichgpu.workloads.families.rnnt import transduce
from whichgpu.workloads.recorder import Map

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Recorder

PHASES, PHASE_ALIASES, UNIT, units = speech.PHASES, speech.PHASE_ALIASES, speech.UNIT, speech.units
OPTIONS = ("seconds",)
OPTIMIZER = "adamw"
DEFAULTS = speech.defaults(32.0, 16.0, "amp-bf16")


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """(B, F, mels) -> (B, T, vocab)."""
    frames, width = float(np.floor(speech.FRAMES * speech.seconds(dims, job))), dims["hidden"]
    with rec.module("subsampling"):
        x = _subsample(dims, rec, Map(job.batch, 1, frames, float(dims["mels"])))
        rec.linear(x.batch * x.height, int(x.channels * x.width), width, bias=True)
    rows = job.batch * x.height
    with rec.module("layers", copies=float(dims["layers"])):
        _feed_forward(dims, rec, rows)
        _attention(dims, rec, job.batch, x.height)
        _convolution(dims, rec, job.batch, x.height)
        _feed_forward(dims, rec, rows)
        rec.norm(width * rows, width, wide=True)
    if "decoder" in dims:
        _write(dims, job, rec, x.height)
        return
    if "joint" in dims:
        transduce({**dims, "encoder": width, "classes": dims["vocab"]}, job, rec, x.height,
                  dims["tokens_per_second"] * speech.seconds(dims, job))  # fmt: skip
        return
    with rec.module("head"):
        rec.linear(rows, width, dims["vocab"], bias=True, shard="vocab")
        rec.pointwise(dims["vocab"] * rows, keeps=2.0, wide=True, name="ctc")


def _subsample(dims: Dims, rec: Recorder, x: Map) -> Map:
    """Strides of two over time and frequency: (B, 1, F, mels) -> (B, C, T, mels / 8), of two T = F / 4."""
    channels = dims["channels"]
    x = rec.conv(x, channels, 3, 2, padding=1, bias=True, backward="weight")
    rec.pointwise(x.elements, name="relu")
    if dims.get("striding"):
        x = rec.conv(x, channels, 3, 2, padding=1, bias=True)
        rec.pointwise(x.elements, name="relu")
        return x
    for _ in range(2):
        x = rec.conv(x, channels, 3, 2, padding=1, groups=channels, bias=True, name="depthwise")
        x = rec.conv(x, channels, 1, bias=True, name="pointwise")
        rec.pointwise(x.elements, name="relu")
    return x


def _feed_forward(dims: Dims, rec: Recorder, rows: Any) -> None:
    """Norm, up, SiLU, down, half of it added: (B T, D) -> (B T, D)."""
    width, ffn = dims["hidden"], dims["ffn"]
    rec.norm(width * rows, width, wide=True)
    rec.linear(rows, width, ffn, bias=True, shard="column", name="up")
    rec.pointwise(ffn * rows, keeps=1.0, shard="column", name="silu")
    rec.dropout(ffn * rows)
    rec.linear(rows, ffn, width, bias=True, shard="row", name="down")
    rec.scale(width * rows)
    rec.add(width * rows)


def _attention(dims: Dims, rec: Recorder, batch: Any, tokens: float) -> None:
    """Scores of content and of 2 T - 1 relative positions: (B, T, D) -> (B, T, D)."""
    width, heads = dims["hidden"], dims["heads"]
    d, rows, positions = float(width // heads), batch * tokens, 2.0 * tokens - 1.0
    scores = heads * batch * tokens * tokens
    rec.norm(width * rows, width, wide=True)
    for name in ("query", "key", "value"):
        rec.linear(rows, width, width, bias=True, keeps=float(name == "query"), shard="column", name=name)
    rec.linear(positions, width, width, shard="column", name="positions")
    for name in ("content_bias", "position_bias"):
        rec.pointwise(width * rows, parameters=float(width), name=name)
    rec.product(heads * batch, tokens, d, positions, keeps=0.5, name="position")
    rec.copy(scores, name="shift")
    rec.product(heads * batch, tokens, d, tokens, name="content")
    rec.pointwise(scores, reads=2.0, keeps=1.0, wide=True, name="softmax")
    rec.dropout(scores)
    rec.product(heads * batch, tokens, tokens, d, name="values")
    rec.linear(rows, width, width, bias=True, shard="row", name="out")
    rec.add(width * rows)


def _convolution(dims: Dims, rec: Recorder, batch: Any, tokens: float) -> None:
    """Norm, gated 1 x 1, depthwise over time, batch norm, SiLU, 1 x 1: (B, T, D) -> (B, T, D)."""
    width, rows = dims["hidden"], batch * tokens
    rec.norm(width * rows, width, wide=True)
    rec.linear(rows, width, 2 * width, bias=True, name="gate")
    rec.pointwise(width * rows, reads=2.0, keeps=2.0, name="glu")
    rec.conv(Map(batch, width, 1.0, tokens), width, (1, dims["kernel"]), groups=width, bias=True,
             name="depthwise")  # fmt: skip
    rec.norm(width * rows, width)
    rec.pointwise(width * rows, keeps=1.0, name="silu")
    rec.linear(rows, width, width, bias=True, name="mix")
    rec.add(width * rows)


def _write(dims: Dims, job: Job, rec: Recorder, positions: float) -> None:
    """Tokens by a transformer that attends to the encoder's positions: (B, T, D) -> (B, tokens)."""
    width, states = dims["decoder_hidden"], job.batch * positions
    tokens = dims["prompt"] + dims["tokens_per_second"] * speech.seconds(dims, job)
    if width != dims["hidden"]:
        with rec.module("bridge"):
            rec.linear(states, dims["hidden"], width, bias=True)
    with rec.module("cross"), rec.module("layers", copies=float(dims["decoder"])):
        for name in ("key", "value"):
            rec.linear(states, width, width, bias=True, keeps=float(name == "key"), name=name)
    if job.trains:
        with rec.module("decoder"):
            _decoder(dims, rec, job.batch * tokens, job.batch, (tokens, positions))
        with rec.module("loss"):
            cross_entropy(rec, job.batch * tokens, dims["vocab"])
        return
    # Token i attends to the i before it: half of all on average.
    with rec.module("decoder", repeats=tokens):
        _decoder(dims, rec, job.batch, job.batch, ((tokens + 1.0) / 2.0, positions))


def _decoder(dims: Dims, rec: Recorder, rows: Any, batch: Any, seen: tuple[Any, float]) -> None:
    """Tokens that see those before and the positions: (rows,) -> (rows, vocab); tied to the table."""
    width, heads, tokens, cached = dims["decoder_hidden"], dims["heads"], rows / batch, not rec.training
    rec.embedding(rows, dims["vocab"], width, name="tokens")
    rec.norm(width * rows, width, wide=True)
    with rec.module("layers", copies=float(dims["decoder"])):
        for kind, keys in zip(("self", "cross"), seen, strict=True):
            rec.norm(width * rows, width, wide=True)
            for name in ("query", "key", "value") if kind == "self" else ("query",):
                rec.linear(rows, width, width, bias=True, keeps=float(name == "query"), shard="column",
                           name=name)  # fmt: skip
            rec.attention(batch, heads, tokens, keys, width // heads, cached=cached,
                          causal=kind == "self" and not cached, name=kind)  # fmt: skip
            rec.linear(rows, width, width, bias=True, shard="row", name="out")
            rec.add(width * rows)
        rec.norm(width * rows, width, wide=True)
        rec.linear(rows, width, 4 * width, bias=True, shard="column", name="up")
        rec.pointwise(4 * width * rows, keeps=1.0, shard="column", name="relu")
        rec.linear(rows, 4 * width, width, bias=True, shard="row", name="down")
        rec.add(width * rows)
    rec.norm(width * rows, width, wide=True)
    rec.linear(
        rows, width, dims["vocab"], bias=True, tied=True, unquantised=True, shard="vocab", name="logits"
    )
