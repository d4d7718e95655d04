"""BERT-style encoders: learned positions, LayerNorm after each half, GELU, biases everywhere.

Devlin et al., "BERT"; Clark et al., "ELECTRA", and Lan et al., "ALBERT", section 3.1 (narrow words, one
layer run many times). Trained with a question-answering head (`head=squad`, the default of `train`) or a
masked-language-model head over every token (`head=mlm`, the default of `pretrain`).
Letters: B batch, S tokens of a sequence, D width, V vocabulary.

Dimensions: `layers`, `hidden`, `heads`, `ffn`, `vocab`, `positions`, `types` (0: no table of them), `pooler`
(true: a dense layer over the first token at the end), `words` (width of the tables, where a dense layer
widens it), `shared` (all layers have the same weights), `function` (gelu; gelu_new: as in `decoder`), `gated`
(Nussbaum et al., "Nomic Embed": rotary positions in place of a table, three feed-forward matrices, no
biases; `positions` are then those that it was made for).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.errors import UsageError
from whichgpu.workloads.blocks import check_positions, cross_entropy, transformer_layer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.workloads.job import Job
    from whichgpu.workloads.recorder import Recorder

PHASES = ("infer", "train", "pretrain")
PHASE_ALIASES = {"finetune_full": "train"}
UNIT = "sequences"
OPTIMIZER = "adamw"
DEFAULTS: dict[str, dict[str, Any]] = {
    "*": {"runtime": "pytorch-2", "n_gpus": 1.0, "seq_len": 384.0},
    "infer": {"batch": 32.0, "precision": "fp16"},
    "train": {"batch": 16.0, "precision": "amp-fp16"},
    "pretrain": {"batch": 16.0, "precision": "amp-fp16"},
}
#: What is not of the layers: the tables of words and places.
BESIDE_LAYERS = frozenset(("source", "vocab", "positions", "types"))
HEADS = ("pooler", "squad", "mlm", "none")
_HEAD_OF_PHASE = {"infer": "pooler", "train": "squad", "pretrain": "mlm"}


def usual(dims: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a dimension of layers is where it is not stated."""
    return {"words": dims["hidden"], "pooler": True, "function": "gelu"}


def forward(dims: Mapping[str, Any], job: Job, rec: Recorder) -> None:
    """Embeddings, layers, head: (B, S) -> (B, S, D) and what the head makes of it."""
    batch, tokens, width = job.batch, job.seq_len, dims["hidden"]
    check_positions(tokens, dims["positions"], "seq_len")
    rows = batch * tokens
    with rec.module("embeddings"):
        words = dims.get("words", width)
        rec.embedding(rows, dims["vocab"], words, name="words")
        if not dims.get("gated"):
            rec.embedding(rows, dims["positions"], words, name="positions")
            rec.add(words * rows, wide=True)
        if dims["types"]:
            rec.embedding(rows, dims["types"], words, name="types")
            rec.add(words * rows, wide=True)
        rec.norm(words * rows, words, wide=True)
        rec.dropout(words * rows)
        if words != width:
            rec.linear(rows, words, width, bias=True, name="widen")
    copies, repeats = (1.0, float(dims["layers"])) if dims.get("shared") else (float(dims["layers"]), 1.0)
    with rec.module("layers", copies=copies, repeats=repeats):
        if dims.get("gated"):
            _gated_layer(dims, rec, batch, tokens)
        else:
            transformer_layer(rec, batch, tokens, width, heads=dims["heads"], ffn=dims["ffn"],
                              function=dims.get("function", "gelu"))  # fmt: skip
    usual = _HEAD_OF_PHASE[job.phase]
    head = job.options.get("head", "none" if usual == "pooler" and not dims.get("pooler", True) else usual)
    with rec.module("head"):
        _head(dims, rec, head, batch, rows)


def _gated_layer(dims: Mapping[str, Any], rec: Recorder, batch: Any, tokens: Any) -> None:
    """Attention with rotary positions, gated feed-forward, a norm behind each: (B, S, D) -> (B, S, D)."""
    width, heads, ffn, rows = dims["hidden"], dims["heads"], dims["ffn"], batch * tokens
    rec.linear(rows, width, 3 * width, shard="column", name="qkv")
    rec.pointwise(2 * width * rows, keeps=0.0, shard="head", name="rotary")
    rec.attention(batch, heads, tokens, tokens, width // heads)
    rec.linear(rows, width, width, shard="row", name="out")
    rec.add(width * rows, wide=True)
    rec.norm(width * rows, width, wide=True, name="attention_norm")
    rec.linear(rows, width, 2 * ffn, shard="column", name="up")
    rec.pointwise(ffn * rows, reads=2.0, keeps=2.0, shard="column", name="gate")
    rec.linear(rows, ffn, width, shard="row", name="down")
    rec.add(width * rows, wide=True)
    rec.norm(width * rows, width, wide=True, name="ffn_norm")


def _head(dims: Mapping[str, Any], rec: Recorder, head: str, batch: Any, rows: Any) -> None:
    """Pooler (B, D), answer span (B, S, 2) or words (B, S, V)."""
    width = dims["hidden"]
    if head == "none":
        return
    if head == "pooler":
        rec.linear(batch, width, width, bias=True, name="pooler")
        rec.pointwise(width * batch, name="tanh")
    elif head == "squad":
        rec.linear(rows, width, 2, bias=True, name="span")
    elif head == "mlm":
        words = dims.get("words", width)
        rec.linear(rows, width, words, bias=True, name="transform")
        rec.pointwise(words * rows, keeps=1.0, name="gelu")
        rec.norm(words * rows, words, wide=True)
        rec.linear(rows, words, dims["vocab"], shard="vocab", tied=True, name="words")
        rec.pointwise(dims["vocab"] * rows, parameters=float(dims["vocab"]), shard="vocab", name="bias")
        cross_entropy(rec, rows, dims["vocab"])
    else:
        raise UsageError(f"option head: '{head}' is none of {', '.join(HEADS)}; write e.g. head=squad")
