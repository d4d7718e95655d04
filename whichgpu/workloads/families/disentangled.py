"""DeBERTa: attention from content and relative position apart.

He et al., "DeBERTa", section 3.1, and "DeBERTaV3". Each layer projects a table of `spans` distances with its
own query and key weights, and scores content against position and position against content beside content
against content.
Letters: B batch, S tokens of a sequence, D width, P distances.

Dimensions: `layers`, `hidden`, `heads`, `ffn`, `vocab`, `spans` (512: both directions of 256 buckets),
`apart` (v1: distances have weights of their own, false), `kernel` (of a convolution over the tokens beside
the first layer; none without).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.workloads.blocks import projections

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


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """Embedding, layers, and in training two scores a token: (B, S) -> (B, S, D) or (B, S, 2)."""
    batch, tokens, width = job.batch, job.seq_len, dims["hidden"]
    rows = batch * tokens
    with rec.module("embeddings"):
        rec.embedding(rows, dims["vocab"], width, name="words")
        rec.norm(width * rows, width, wide=True)
        rec.dropout(width * rows)
    with rec.module("distances"):
        spans = float(dims["spans"])
        rec.embedding(spans, dims["spans"], width, name="spans")
        rec.norm(width * spans, width, wide=True)
    with rec.module("layers", copies=float(dims["layers"])):
        _layer(dims, rec, batch, tokens)
    if "kernel" in dims:
        with rec.module("convolution"):
            rec.window(width * rows, rows, width, width, dims["kernel"], bias=width)
            rec.pointwise(width * rows, keeps=1.0, name="gelu")
            rec.add(width * rows, wide=True)
            rec.norm(width * rows, width, wide=True)
    if job.trains:
        with rec.module("head"):
            rec.linear(rows, width, 2, bias=True, name="span")


def _layer(dims: Dims, rec: Recorder, batch: Any, tokens: Any) -> None:
    """One layer, a norm behind each half: (B, S, D) -> (B, S, D)."""
    width, heads, ffn, spans = dims["hidden"], dims["heads"], dims["ffn"], float(dims["spans"])
    rows, d = batch * tokens, dims["hidden"] // dims["heads"]
    projections(rec, rows, width)
    for name in ("query", "key"):
        rec.linear(spans, width, width, bias=True, tied=not dims.get("apart", False), shard="column",
                   name=f"position_{name}")  # fmt: skip
    rec.product(batch * heads, tokens, d, tokens, name="content")
    # `torch.gather` keeps all spans of a token, and an index of 8 bytes for each pair of them.
    kept = spans / tokens + 8.0 / (rec.precision.activation * heads * batch)
    for name in ("content_to_position", "position_to_content"):
        rec.product(batch * heads, tokens, d, spans, name=name)
        rec.copy(heads * batch * tokens * tokens, keeps=kept, shard="head", name="gather")
        rec.add(heads * batch * tokens * tokens, name="add_scores")
    rec.pointwise(heads * batch * tokens * tokens, keeps=1.0, shard="head", name="softmax")
    rec.dropout(heads * batch * tokens * tokens)
    rec.product(batch * heads, tokens, tokens, d, name="values")
    rec.linear(rows, width, width, bias=True, shard="row", name="out")
    _join(rec, width * rows, width)
    rec.linear(rows, width, ffn, bias=True, shard="column", name="up")
    rec.pointwise(ffn * rows, keeps=1.0, shard="column", name="gelu")
    rec.linear(rows, ffn, width, bias=True, shard="row", name="down")
    _join(rec, width * rows, width)


def _join(rec: Recorder, elements: Any, width: int) -> None:
    """Dropout, residual and norm."""
    rec.dropout(elements)
    rec.add(elements, wide=True)
    rec.norm(elements, width, wide=True)
