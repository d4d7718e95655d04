"""A transformer block that many layers share (Zamba): stored once or twice, run before every hybrid layer.

Glorioso et al., "The Zamba2 Suite": the block sees the residual stream and the embeddings side by side; what
it makes goes through a layer of the hybrid layer's own, and into its Mamba mixer. Low-rank layers beside the
shared weights are the hybrid layer's own as well.
Letters: T tokens of a pass, D width, F width inside, r rank of what is a layer's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.workloads.language.attention import seen
from whichgpu.workloads.language.layout import mixing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whichgpu.workloads.language.layout import Attend
    from whichgpu.workloads.recorder import Recorder


def shared_block(dims: Mapping[str, Any], rec: Recorder, rows: Any, attends: Sequence[Attend]) -> None:
    """Every run of the shared blocks: (T, 2 D) -> (T, D) each."""
    blocks = dims.get("shared_blocks", 0)
    if not blocks:
        return
    layers = mixing(dims, "H")
    with rec.module("shared_block", repeats=np.float64(layers / blocks), copies=float(blocks)):
        _attend(dims, rec, rows, attends)
        width, ffn = dims["hidden"], dims["ffn"]
        rec.norm(width * rows, width, parameters=width, keeps=4.0, name="norm_after")
        rec.linear(rows, width, 2 * ffn, shard="column", name="up")
        rec.pointwise(ffn * rows, reads=2.0, keeps=2.0, shard="column", name="activation")
        rec.linear(rows, ffn, width, shard="row", name="down")


def _attend(dims: Mapping[str, Any], rec: Recorder, rows: Any, attends: Sequence[Attend]) -> None:
    width, heads, kv_heads, d = dims["hidden"], dims["heads"], dims["kv_heads"], dims["head_dim"]
    rec.copy(2 * width * rows, name="concatenate")
    rec.norm(2 * width * rows, 2 * width, parameters=2 * width, keeps=4.0)
    rec.linear(rows, 2 * width, (heads + 2 * kv_heads) * d, shard="column", name="qkv")
    if not rec.training:
        rec.copy(2 * kv_heads * d * rows, shard="head", name="cache")
    for one in attends:
        with rec.module("attend", repeats=one.repeats):
            rec.attention(one.batch, heads, one.q, seen(one, 0), d, kv_heads=kv_heads, causal=not one.cached,
                          cached=one.cached)  # fmt: skip
    rec.linear(rows, heads * d, width, shard="row", name="out")


def own_part(dims: Mapping[str, Any], rec: Recorder, rows: Any) -> None:
    """What a hybrid layer has of its own: low-rank layers beside the shared ones, a dense one behind."""
    width, rank, inner = dims["hidden"], dims.get("adapter_rank", 0), dims["heads"] * dims["head_dim"]
    outs = 3 * [(2 * width, inner)] if dims.get("attention_adapters") else []
    for inputs, outputs in [*outs, (width, 2 * dims["ffn"])] if rank else []:
        rec.linear(rows, inputs, rank, keeps=0.0, name="adapter_a")
        rec.linear(rows, rank, outputs, shard="column", name="adapter_b")
    rec.linear(rows, width, width, name="joined")
    rec.add(width * rows)
