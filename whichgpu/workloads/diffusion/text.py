"""What a pipeline is conditioned on: text encoders, and the image encoders of image-to-video.

Radford et al., CLIP; Raffel et al., T5 (its encoder); Xue et al., mT5; language models whose hidden
states are used, without their head. Dimensions come from `data/components.toml`.
Letters: P prompts (or pictures), S tokens, D width.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.workloads.blocks import transformer_layer
from whichgpu.workloads.recorder import Map

if TYPE_CHECKING:
    from whichgpu.workloads.diffusion.shapes import Part
    from whichgpu.workloads.recorder import Recorder


def clip(rec: Recorder, part: Part, prompts: Any) -> None:
    """CLIP's text tower, or BERT with `types`: (P, S) -> (P, S, D), and (P, `projection`)."""
    tokens, width = float(part["tokens"]), part["hidden"]
    rows = prompts * tokens
    rec.embedding(rows, part["vocab"], width, name="words")
    rec.embedding(rows, part.get("positions", part["tokens"]), width, name="positions")
    rec.add(width * rows)
    if "types" in part:
        rec.embedding(rows, part["types"], width, name="types")
        rec.add(width * rows)
    _layers(rec, part, prompts, tokens, causal="types" not in part)
    rec.norm(width * rows, width, name="final_norm")
    if "projection" in part:
        rec.linear(prompts, width, part["projection"], bias="types" in part, name="projection")


def clip_vision(rec: Recorder, part: Part, pictures: Any) -> None:
    """CLIP's vision tower: (P, 3, H, W) -> (P, S, D), and (P, `projection`)."""
    width, patch = part["hidden"], part["patch"]
    side = part["resolution"] // patch
    tokens = float(side * side + 1)
    rows = pictures * tokens
    with rec.module("stem"):
        patches = Map(pictures, 3 * patch * patch, float(side), float(side))
        rec.linear(patches.pixels, patches.channels, width, name="patches")
        rec.pointwise(width * rows, parameters=float(width), name="class_token")
        rec.embedding(rows, int(tokens), width, name="positions")
        rec.add(width * rows)
        rec.norm(width * rows, width)
    _layers(rec, part, pictures, tokens)
    rec.norm(width * pictures, width, name="final_norm")
    rec.linear(pictures, width, part["projection"], name="projection")


def _layers(rec: Recorder, part: Part, samples: Any, tokens: float, *, causal: bool = False) -> None:
    with rec.module("layers", copies=float(part["layers"])):
        transformer_layer(rec, samples, tokens, part["hidden"], heads=part["heads"], ffn=part["ffn"],
                          causal=causal)  # fmt: skip


def language(rec: Recorder, part: Part, prompts: Any) -> None:
    """T5's encoder or a language model without its head: (P, S) -> (P, S, D).

    RMSNorm (`norms` a layer), `heads` of `head_dim`, `kv_heads` where fewer, feed-forward `gated` (true). T5
    adds a learned bias by distance to the scores (`buckets`), once or, as UMT5, in every layer. `qkv_bias`;
    `idle` parameters are loaded and not run: an output head, a vision tower.
    """
    tokens, width = float(part["tokens"]), part["hidden"]
    rows, layers = prompts * tokens, float(part["layers"])
    scores = part["heads"] * tokens * tokens
    rec.embedding(rows, part["vocab"], width, name="words")
    bias = float(part["buckets"] * part["heads"]) if "buckets" in part else 0.0
    if bias:
        with rec.module("bias", copies=layers if part.get("bias_per_layer") else 1.0):
            rec.pointwise(scores, parameters=bias, name="distance")
    with rec.module("layers", copies=layers):
        _attention(rec, part, prompts, tokens)
        _feed_forward(rec, part, rows)
    rec.norm(width * rows, width, parameters=width, name="final_norm")
    if "idle" in part:
        with rec.module("idle", repeats=0.0):
            rec.linear(0.0 * prompts, 1, part["idle"], name="idle")


def _attention(rec: Recorder, part: Part, prompts: Any, tokens: float) -> None:
    rows, width, heads, d = prompts * tokens, part["hidden"], part["heads"], part["head_dim"]
    kv_heads = part.get("kv_heads", heads)
    for _ in range(part.get("norms", 2) // 2):
        rec.norm(width * rows, width, parameters=width, name="attention_norm")
    for name, count in (("query", heads), ("key", kv_heads), ("value", kv_heads)):
        rec.linear(rows, width, count * d, keeps=float(name == "query"), shard="column",
                   bias=part.get("qkv_bias", False), name=name)  # fmt: skip
    if "buckets" not in part:
        rec.pointwise((heads + kv_heads) * d * rows, shard="head", name="rope")
    rec.attention(prompts, heads, tokens, tokens, d, kv_heads=kv_heads, causal="buckets" not in part)
    rec.linear(rows, heads * d, width, shard="row", name="out")
    rec.add(width * rows)


def _feed_forward(rec: Recorder, part: Part, rows: Any) -> None:
    width, ffn = part["hidden"], part["ffn"]
    for _ in range(part.get("norms", 2) // 2):
        rec.norm(width * rows, width, parameters=width, name="ffn_norm")
    gated = part.get("gated", True)
    for name in ("gate", "up") if gated else ("up",):
        rec.linear(rows, width, ffn, keeps=float(name == "gate" or not gated), shard="column", name=name)
    rec.pointwise(ffn * rows, keeps=1.0, shard="column", name="activation")
    if gated:
        rec.pointwise(ffn * rows, reads=2.0, keeps=2.0, shard="column", name="multiply")
    # T5's name of it, which tells it from others: see `memory.kept_wide`.
    rec.linear(rows, ffn, width, shard="row", name="wo" if "buckets" in part else "down")
    rec.add(width * rows)


#: Encoders by the `kind` of their table.
ENCODERS = {"clip": clip, "clip_vision": clip_vision, "language": language}
