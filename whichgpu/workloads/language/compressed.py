"""Attention over compressed keys (DeepSeek V4): a window of tokens, and all before it in summaries.

DeepSeek-AI, "DeepSeek-V4", section 2.3: keys and values are one head of one tensor, the same for all query
heads. A layer of kind S makes a summary of every `sparse_rate` tokens, of which an indexer chooses
`index_top`; one of kind B of every `heavy_rate`, and reads them all; kind W has the window alone. The output
is projected in groups of heads.
Letters: T tokens of a pass, D width, h query heads, d values of a head, G groups of the output.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.workloads.language.attention import readied, seen
from whichgpu.workloads.language.kernels import blocked

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whichgpu.workloads.language.layout import Attend
    from whichgpu.workloads.recorder import Recorder

#: Series of keys that a summary is made of: that of a sparse layer reaches into the one before.
_SERIES = {"S": 2, "B": 1}


def rate(dims: Mapping[str, Any], mixer: str) -> int:
    """Tokens to a summary in a layer of a kind; 0 where there are none."""
    return int({"S": dims["sparse_rate"], "B": dims["heavy_rate"]}.get(mixer, 0))


def compressed(
    dims: Mapping[str, Any], rec: Recorder, rows: Any, attends: Sequence[Attend], mixer: str
) -> None:
    """Queries, one head of keys and values, window and summaries, grouped output: (T, D) -> (T, D)."""
    width, heads, d, low = dims["hidden"], dims["heads"], dims["head_dim"], dims["q_rank"]
    rec.linear(rows, width, low, name="q_a")
    rec.norm(low * rows, low, parameters=low, keeps=4.0, name="q_norm")
    rec.linear(rows, low, heads * d, shard="column", name="q_b")
    rec.linear(rows, width, d, keeps=0.0, name="kv")
    rec.norm(d * rows, d, parameters=d, keeps=4.0, name="kv_norm")
    rec.pointwise((heads + 1) * d * rows, parameters=float(heads), shard="head", name="rope")
    if not rec.training:
        rec.copy(d * rows, name="cache")
    if rate(dims, mixer):
        _summaries(dims, rec, rows, d, mixer)
    if mixer == "S":
        _indexer(dims, rec, rows, attends)
    for one in attends:
        with rec.module("attend", repeats=one.repeats):
            _attend(dims, rec, one, mixer)
    groups, narrow = dims["output_groups"], dims["output_rank"]
    blocked(rec, rows, groups, heads * d // groups, narrow, name="out_a")
    rec.linear(rows, groups * narrow, width, shard="row", name="out")


def _attend(dims: Mapping[str, Any], rec: Recorder, one: Attend, mixer: str) -> None:
    """The window, and the summaries: what every query sees of either, in one softmax."""
    heads, d = dims["heads"], dims["head_dim"]
    rec.attention(one.batch, heads, one.q, seen(one, dims["window"]), d, kv_heads=1, shared_kv=True,
                  causal=not one.cached, cached=one.cached, held=None if one.cached else one.kv)  # fmt: skip
    if rate(dims, mixer):
        made = np.maximum(one.kv / rate(dims, mixer), 1.0)
        read = np.minimum(made, dims["index_top"]) if mixer == "S" else made
        rec.attention(one.batch, heads, one.q, read, d, kv_heads=1, shared_kv=True, cached=one.cached,
                      name="summaries")  # fmt: skip


def _summaries(dims: Mapping[str, Any], rec: Recorder, rows: Any, d: int, mixer: str) -> None:
    """Keys and their weights of each token, their sum over a few tokens: (T, D) -> (T / rate, d)."""
    every, series = rate(dims, mixer), _SERIES[mixer]
    rec.linear(rows, dims["hidden"], 2 * series * d, keeps=0.0, name="summary")
    rec.pointwise(series * d * rows, reads=2.0, writes=1.0 / every, keeps=2.0, name="weigh",
                  parameters=float(series * d * every))  # fmt: skip
    rec.norm(d * rows / every, d, parameters=d, keeps=4.0, name="summary_norm")


def _indexer(dims: Mapping[str, Any], rec: Recorder, rows: Any, attends: Sequence[Attend]) -> None:
    """Scores of every summary by small heads with one common key."""
    heads, d, every = dims["index_heads"], dims["index_dim"], dims["sparse_rate"]
    with rec.module("indexer"):
        _summaries(dims, rec, rows, d, "S")
        rec.linear(rows, dims["q_rank"], heads * d, keeps=0.0, name="query")
        rec.linear(rows, dims["hidden"], heads, keeps=0.0, unquantised=True, name="weights")
        readied(rec, (heads + 1) * d * rows)
        for one in attends:
            with rec.module("attend", repeats=one.repeats):
                made = np.maximum(one.kv / every, 1.0)
                rec.attention(one.batch, heads, one.q, made, d, kv_heads=1, value_dim=0, shared_kv=True,
                              cached=one.cached, whole=True)  # fmt: skip


def token_values(dims: Mapping[str, Any], mixer: str) -> float:
    """Values that one token adds to the cache of a layer in the long run: its share of a summary."""
    every = rate(dims, mixer)
    each = dims["head_dim"] + (dims["index_dim"] if mixer == "S" else 0)
    return each / every if every else 0.0
