"""Transformer-XL: attention with relative positions over a memory of earlier tokens, adaptive softmax.

Dai et al., "Transformer-XL", in NVIDIA's two sizes for WikiText-103. A segment of T tokens attends to
itself and to a memory of M; the score is the sum of a content and a position product, the latter
shifted into place, so that no fused kernel applies. The vocabulary is cut into a head and three tails;
every token has a score in the head, and a share of the tokens one in each tail (`tail_shares`). With the
option `adaptive_softmax=false`, which NVIDIA's script takes unless it is told `--adaptive`, every token has a
score for every word, and all embeddings are as wide as the model.
Letters: B sequences, T tokens of a segment, M tokens of memory, D width, V vocabulary.

Dimensions: `layers`, `hidden`, `heads`, `head_dim`, `ffn`, `vocab`, `cutoffs`, `tail_shares`, `div` (by
which each tail's embedding is narrower than the one before), `memory` (M / T).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.workloads.blocks import cross_entropy, feed_forward

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from whichgpu.workloads.job import Job
    from whichgpu.workloads.recorder import Recorder

PHASES = ("train", "infer")
PHASE_ALIASES = {"pretrain": "train", "finetune_full": "train"}
UNIT = "tokens"
OPTIMIZER = "adam"
DEFAULTS: dict[str, dict[str, Any]] = {
    "*": {"seq_len": 192.0, "runtime": "pytorch-2", "n_gpus": 1.0},
    "train": {"batch": 32.0, "precision": "amp-fp16"},
    "infer": {"batch": 16.0, "precision": "fp16"},
}


def forward(dims: Mapping[str, Any], job: Job, rec: Recorder) -> None:
    """(B, T) and the memory (layers, B, M, D) -> loss of each token."""
    tokens, batch = job.seq_len, job.batch
    if job.options.get("adaptive_softmax", "").strip().lower() in ("false", "0", "no"):
        dims = {**dims, "cutoffs": (), "tail_shares": (), "div": 1}
    context = tokens * (1.0 + dims["memory"])
    with rec.module("embedding"):
        _embedding(dims, rec, batch * tokens)
    with rec.module("layers", copies=float(dims["layers"])):
        _attention(dims, rec, batch, tokens, context)
        feed_forward(dims, rec, batch * tokens)
        rec.copy(dims["hidden"] * batch * tokens, name="memory")
    with rec.module("softmax"):
        _softmax(dims, rec, batch * tokens)


def _tails(dims: Mapping[str, Any]) -> Iterator[tuple[int, int, float]]:
    """Words, width of their embedding, and share of the tokens that need their scores: head, then tails."""
    ends = (*dims["cutoffs"], dims["vocab"])
    starts = (0, *dims["cutoffs"])
    shares = (1.0, *dims["tail_shares"])
    for i, (start, end, share) in enumerate(zip(starts, ends, shares, strict=True)):
        yield end - start, dims["hidden"] // dims["div"] ** i, share


def _embedding(dims: Mapping[str, Any], rec: Recorder, rows: Any) -> None:
    """(B T) -> (B T, D): each word from its cluster's table, brought to full width."""
    hidden = dims["hidden"]
    shares = (1.0 - sum(dims["tail_shares"]), *dims["tail_shares"])
    for (words, width, _), share in zip(_tails(dims), shares, strict=True):
        rec.embedding(share * rows, words, width, name="words")
        if dims["div"] > 1:
            rec.linear(share * rows, width, hidden, name="widen")
            rec.copy(share * hidden * rows, name="scatter")
    rec.scale(hidden * rows)
    rec.dropout(hidden * rows)


def _attention(dims: Mapping[str, Any], rec: Recorder, batch: Any, tokens: Any, context: Any) -> None:
    """Query of T, key and value of M + T tokens, M + T positions: (B, T, D) -> (B, T, D)."""
    hidden, heads, d = dims["hidden"], dims["heads"], dims["head_dim"]
    width, scores = heads * d, heads * batch * tokens * context
    rec.copy(hidden * batch * context, name="concatenate")
    rec.linear(batch * context, hidden, 3 * width, shard="column", name="qkv")
    rec.linear(context, hidden, width, shard="column", name="positions")
    for name in ("content_bias", "position_bias"):
        # Both biases are shared by all layers.
        rec.pointwise(width * batch * tokens, parameters=width / dims["layers"], name=name)
    rec.product(heads * batch, tokens, float(d), context, name="content")
    rec.product(heads * batch, tokens, float(d), context, keeps=0.0, name="position")
    rec.copy(scores, name="shift")
    rec.add(scores)
    rec.scale(scores)
    rec.pointwise(scores, name="mask")
    rec.pointwise(scores, keeps=1.0, wide=True, name="softmax")
    rec.dropout(scores)
    rec.product(heads * batch, tokens, context, float(d), name="values")
    rec.linear(batch * tokens, width, hidden, shard="row", name="out")
    rec.dropout(hidden * batch * tokens)
    rec.add(hidden * batch * tokens)
    rec.norm(hidden * batch * tokens, hidden, wide=True)


def _softmax(dims: Mapping[str, Any], rec: Recorder, rows: Any) -> None:
    """Head for all rows, each tail for its share; the weights are the embedding's."""
    hidden = dims["hidden"]
    tails = len(dims["tail_shares"])
    for i, (words, width, share) in enumerate(_tails(dims)):
        scored = words + (0 if i else tails)
        if dims["div"] > 1:
            # The tails borrow the embedding's matrix; the head has one of its own.
            rec.linear(share * rows, hidden, width, tied=i > 0, name="narrow")
        own = scored + (0 if i else tails * width)
        rec.linear(share * rows, width, scored, tied=True, shard="vocab", name="words")
        rec.pointwise(scored * (share * rows), parameters=float(own), shard="vocab", name="bias")
        cross_entropy(rec, share * rows, scored)
