"""GNMT v2: LSTM encoder and decoder with attention, for translation.

Wu et al., "Google's Neural Machine Translation System", in NVIDIA's variant: the first encoder layer runs
both ways, the attention (Bahdanau, normalised) belongs to the first decoder layer, its context goes into
every decoder layer. In training every layer is one product over all time steps and a recurrence over
the state; in inference the decoder runs a step at a time, `beam` hypotheses a sentence.
Letters: B sentences, S source tokens, T target tokens, H hidden, V vocabulary.

`seq_len` is the mean length of a sentence, the same for source and target; throughput counts source and
target tokens together, as the published figures do. Batches of training are of sentences about as long, and
still padded to the longest.
Dimensions: `hidden`, `layers` (of each side), `vocab`, `padding` (of a batch in training).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.workloads import recurrent
from whichgpu.workloads.blocks import cross_entropy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.workloads.job import Job
    from whichgpu.workloads.recorder import Recorder

PHASES = ("train", "infer")
OPTIONS = ("beam",)
PHASE_ALIASES = {"pretrain": "train", "finetune_full": "train", "generate": "infer"}
UNIT = "tokens"
OPTIMIZER = "adam"
DEFAULTS: dict[str, dict[str, Any]] = {
    "*": {"seq_len": 26.0, "runtime": "pytorch-2", "n_gpus": 1.0},
    "train": {"batch": 128.0, "precision": "amp-fp16"},
    "infer": {"batch": 128.0, "precision": "fp16"},
}
BEAM = 5.0


def units(dims: Mapping[str, Any], job: Job) -> Any:
    """Source and target tokens."""
    return np.asarray(job.batch, dtype=np.float64) * 2.0 * job.seq_len


def forward(dims: Mapping[str, Any], job: Job, rec: Recorder) -> None:
    """(B, S), (B, T) -> (B, T, V)."""
    vocab = _words(dims["vocab"], job)
    dims, hidden, batch = {**dims, "vocab": vocab}, dims["hidden"], job.batch
    tokens = job.seq_len * (dims["padding"] if job.trains else 1.0)
    with rec.module("embedding"):
        rec.embedding(2.0 * batch * tokens, vocab, hidden, name="words")
        rec.dropout(2.0 * hidden * batch * tokens)
    with rec.module("encoder"):
        _encoder(dims, rec, batch, tokens)
    if job.trains:
        _decoder(dims, rec, batch, tokens, tokens)
        with rec.module("loss"):
            cross_entropy(rec, batch * tokens, vocab)
        return
    # Every step of every layer is a pass of its own, with one time step.
    beams = job.option("beam", BEAM, 1.0) * batch
    with rec.module("decoding", repeats=tokens):
        _decoder(dims, rec, beams, 1.0, tokens)
        rec.pointwise(vocab * beams, name="log_softmax")
        rec.pointwise(vocab * beams, name="top")


def _words(vocab: int, job: Job) -> int:
    """Words of the tables: for tensor cores a multiple of eight (`pad_vocabulary` of GNMT's train.py)."""
    return vocab if job.precision == "fp32" else -(-vocab // 8) * 8


def _encoder(dims: Mapping[str, Any], rec: Recorder, batch: Any, steps: Any) -> None:
    """(B, S, H) -> (B, S, H): the first layer both ways, residual from the third on."""
    hidden = dims["hidden"]
    values = hidden * batch * steps
    recurrent.layer(rec, batch, steps, hidden, hidden, directions=2)
    rec.copy(2.0 * values, name="concatenate")
    for i in range(1, dims["layers"]):
        rec.dropout(values)
        recurrent.layer(rec, batch, steps, 2 * hidden if i == 1 else hidden, hidden)
        if i > 1:
            rec.add(values)


def _decoder(dims: Mapping[str, Any], rec: Recorder, batch: Any, steps: Any, source: Any) -> None:
    """(B, T, H) and the encoder's (B, S, H) -> (B, T, V)."""
    hidden, rows = dims["hidden"], batch * steps
    with rec.module("decoder"):
        recurrent.layer(rec, batch, steps, hidden, hidden)
        with rec.module("attention"):
            _attention(rec, batch, steps, source, hidden)
        for i in range(1, dims["layers"]):
            rec.dropout(2 * hidden * rows)
            rec.copy(2 * hidden * rows, name="concatenate")
            recurrent.layer(rec, batch, steps, 2 * hidden, hidden)
            if i > 1:
                rec.add(hidden * rows)
    with rec.module("classifier"):
        rec.linear(rows, hidden, dims["vocab"], bias=True, shard="vocab")


def _attention(rec: Recorder, batch: Any, steps: Any, source: Any, hidden: int) -> None:
    """Scores v . tanh(q + k) over (B, T, S, H), softmax, context (B, T, H)."""
    pairs = batch * steps * source
    rec.linear(batch * steps, hidden, hidden, name="query")
    rec.linear(batch * source, hidden, hidden, name="key")
    # The sum (B, T, S, H) is written, read by tanh, and read by the product with v.
    rec.pointwise(hidden * pairs, parameters=hidden + 1.0, name="add")
    rec.pointwise(hidden * pairs, keeps=1.0, name="tanh")
    rec.linear(pairs, hidden, 1, name="score")
    rec.pointwise(pairs, keeps=1.0, name="softmax")
    rec.product(batch, steps, source, float(hidden), shard="none", name="context")
