"""Attention of decoders: grouped queries, sliding windows, latent keys and values, sparse attention.

Grouped queries: Ainslie et al., "GQA". Multi-head latent attention and its absorbed form: DeepSeek-AI,
"DeepSeek-V2", section 2.1; its sparse attention: "DeepSeek-V3.2-Exp".
Letters: T tokens of a pass, D width, h heads, g key-value heads, d values of a head, r rank of a latent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.workloads.language.layout import biased, head_sizes
from whichgpu.workloads.ops import READIED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whichgpu.workloads.language.layout import Attend
    from whichgpu.workloads.recorder import Recorder

#: Tokens of a picture that is not there: next to none.
_IDLE = 1e-9


def attention(
    dims: Mapping[str, Any], rec: Recorder, rows: Any, attends: Sequence[Attend], *, windowed: bool,
    borrowed: bool = False,
) -> None:  # fmt: skip
    """Queries, keys, values, positions, cache, attention and output: (T, D) -> (T, D).

    `borrowed`: keys and values are those of an earlier layer.
    """
    if dims.get("kv_rank"):
        _latent(dims, rec, rows, attends)
    else:
        _grouped(dims, rec, rows, attends, windowed=windowed, borrowed=borrowed)


def _grouped(
    dims: Mapping[str, Any], rec: Recorder, rows: Any, attends: Sequence[Attend], *, windowed: bool,
    borrowed: bool,
) -> None:  # fmt: skip
    """H query heads share g heads of keys and values."""
    width, window = dims["hidden"], dims.get("window", 0) if windowed else 0
    heads = dims.get("window_heads", dims["heads"]) if windowed else dims["heads"]
    kv_heads, d = head_sizes(dims, windowed=windowed)
    made, value = 0 if borrowed else kv_heads, dims.get("value_dim", d)
    gate = heads * (1 if dims["attention_gate"] == "head" else d) if dims.get("attention_gate") else 0
    projected = made * (d if dims.get("keys_as_values") and not windowed else d + value)
    low = dims.get("q_rank", 0)
    if low:
        rec.linear(rows, width, low, keeps=0.0, name="q_a")
        rec.norm(low * rows, low, parameters=low, keeps=4.0, name="q_norm")
        rec.linear(rows, low, heads * d + gate, shard="column", name="q_b")
        rec.linear(rows, width, projected, bias=biased(dims, "qkv"), shard="column", name="kv")
    else:
        rec.linear(rows, width, heads * d + gate + projected, bias=biased(dims, "qkv"), shard="column",
                   name="qkv")  # fmt: skip
    _norm_qk(dims, rec, rows, (heads, made), d)
    sinks = bool(dims.get("sinks")) and (windowed or dims["sinks"] != "window")
    if _rotary(dims):
        rec.pointwise((heads + made) * d * rows, parameters=float(heads * sinks), shard="head", name="rope")
    if made and not rec.training:
        rec.copy(made * (d + value) * rows, shard="head", name="cache")
    for one in attends:
        with rec.module("attend", repeats=one.repeats):
            kv = in_chunks(one, window) if window and dims.get("chunked") else seen(one, window)
            rec.attention(one.batch, heads, one.q, kv, d, kv_heads=kv_heads, value_dim=value,
                          causal=not one.cached, cached=one.cached, held=_held(one, window),
                          sinks=sinks)  # fmt: skip
    if gate:
        rec.pointwise(heads * d * rows, reads=2.0, keeps=2.0, shard="head", name="gate")
    rec.linear(rows, heads * value, width, bias=biased(dims, "out"), shard="row", name="out")


def _rotary(dims: Mapping[str, Any]) -> bool:
    return bool(dims.get("rotary", not dims.get("positions")))


def cross(dims: Mapping[str, Any], rec: Recorder, rows: Any, attends: Sequence[Attend]) -> None:
    """Queries of the text, keys and values of the pictures, which a prompt's pass makes: (T, D) -> (T, D)."""
    width, heads, kv_heads, d = dims["hidden"], dims["heads"], dims["kv_heads"], dims["head_dim"]
    fresh = sum(one.batch * one.pictured for one in attends if not one.cached)
    rec.linear(rows, width, heads * d, shard="column", name="q")
    with rec.module("picture", repeats=float(np.max(fresh) > 0)):
        rec.linear(np.maximum(fresh, _IDLE), width, 2 * kv_heads * d, shard="column", name="kv")
    rec.norm((heads + kv_heads) * d * rows, d, parameters=2 * d, keeps=4.0, name="qk_norm")
    for one in attends:
        with rec.module("attend", repeats=one.repeats):
            rec.attention(one.batch, heads, one.q, np.maximum(one.pictured, _IDLE), d, kv_heads=kv_heads,
                          cached=one.cached)  # fmt: skip
    # A gate of one value before each of the two additions.
    rec.linear(rows, heads * d, width, shard="row", name="out")
    rec.pointwise(width * rows, parameters=2.0, name="gate")


def _norm_qk(dims: Mapping[str, Any], rec: Recorder, rows: Any, made: tuple[int, int], d: int) -> None:
    """A norm of each query and key head (`made`), with weights for one head, for each, or for all at once."""
    kind = dims.get("qk_norm", "none")
    if kind != "none":
        heads = sum(made)
        weights = (2 if made[1] else 1) * d if kind == "head" else heads * d
        # One of all heads at once has to add up squares over the GPUs that they are dealt out to.
        across = heads * d if kind == "full" else 0
        rec.norm(heads * d * rows, d, parameters=weights, keeps=4.0, across=across, name="qk_norm")


def _latent(dims: Mapping[str, Any], rec: Recorder, rows: Any, attends: Sequence[Attend]) -> None:
    """Keys and values from a latent of r values a token, and one rotary key that all heads share.

    A prompt is unfolded to h heads of keys and values. In decode the unfolding is absorbed into query
    and output instead (as many FLOPs per token), and h queries of r + rope values attend to the latents.
    So do prompts of which an indexer chooses tokens: each query has keys of its own then.
    """
    width, heads, rank, rope = dims["hidden"], dims["heads"], dims["kv_rank"], dims["rope_dim"]
    nope, value = dims["nope_dim"], dims["value_dim"]
    low = dims.get("q_rank", 0)
    if low:
        rec.linear(rows, width, low, name="q_a")
        rec.norm(low * rows, low, parameters=low, keeps=4.0, name="q_norm")
    rec.linear(rows, low or width, heads * (nope + rope), shard="column", name="q_b" if low else "q",
               keeps=1.0 if low else 0.0)  # fmt: skip
    rec.linear(rows, width, rank + rope, keeps=0.0 if low else 1.0, name="kv_a")
    rec.norm(rank * rows, rank, parameters=rank, keeps=4.0, name="kv_norm")
    rec.pointwise((heads + 1) * rope * rows, shard="head", name="rope")
    rec.linear(rows, rank, heads * (nope + value), shard="column", name="kv_b")
    if not rec.training:
        rec.copy((rank + rope) * rows, name="cache")
    if dims.get("index_heads"):
        _indexer(dims, rec, rows, attends)
    for one in attends:
        kv = seen(one, dims.get("index_top", 0))
        chosen = _chosen(dims, rec, one)
        if not one.cached and np.any(chosen < 1.0):
            with rec.module("attend", repeats=one.repeats * (1.0 - chosen)):
                rec.attention(one.batch, heads, one.q, kv, nope + rope, value_dim=value, causal=True,
                              held=one.kv)  # fmt: skip
        if one.cached or np.any(chosen > 0.0):
            with rec.module("attend", repeats=one.repeats * (1.0 if one.cached else chosen)):
                rec.attention(one.batch, heads, one.q, kv, rank + rope, kv_heads=1, value_dim=rank,
                              shared_kv=True, cached=one.cached, causal=not one.cached,
                              gathered=not one.cached, held=None if one.cached else one.kv)  # fmt: skip
    if dims.get("attention_gate"):
        rec.linear(rows, width, heads * (1 if dims["attention_gate"] == "head" else value), keeps=0.0,
                   shard="column", name="gate")  # fmt: skip
        rec.pointwise(heads * value * rows, reads=2.0, keeps=2.0, shard="head", name="gated")
    rec.linear(rows, heads * value, width, shard="row", name="out")


def _chosen(dims: Mapping[str, Any], rec: Recorder, one: Attend) -> Any:
    """1 where an indexer leaves each query of a prompt some tokens of many, 0 where it sees all."""
    if rec.training or one.cached or not dims.get("index_top"):
        return 0.0
    return np.where(np.asarray(one.kv) > dims["index_top"], 1.0, 0.0)


def _indexer(dims: Mapping[str, Any], rec: Recorder, rows: Any, attends: Sequence[Attend]) -> None:
    """Scores of every earlier token by small heads with one common key, of which the best are attended to."""
    width, heads, d = dims["hidden"], dims["index_heads"], dims["index_dim"]
    with rec.module("indexer"):
        rec.linear(rows, dims.get("q_rank", dims["hidden"]), heads * d, keeps=0.0, name="query")
        rec.linear(rows, width, d, keeps=0.0, name="key")
        rec.norm(d * rows, d, name="key_norm")
        rec.linear(rows, width, heads, keeps=0.0, unquantised=True, name="weights")
        readied(rec, (heads + 1) * d * rows)
        for one in attends:
            with rec.module("attend", repeats=one.repeats):
                # The key serves as the value too, of width 0: scores are all that is computed.
                rec.attention(one.batch, heads, one.q, one.kv, d, kv_heads=1, value_dim=0, shared_kv=True,
                              causal=not one.cached, cached=one.cached, whole=True)  # fmt: skip


def readied(rec: Recorder, values: Any) -> None:
    """Queries and keys of an indexer as an engine readies them, and the choice of tokens by their scores."""
    if not rec.training:
        rec.copy(values, name=READIED)


def seen(one: Attend, window: float) -> Any:
    """Tokens that a query attends to: all before it, or the last `window` of them.

    In decode the mean over the steps of min(context, window), exactly.
    """
    if not window:
        return one.kv
    if not one.cached:
        return np.minimum(one.kv, window)
    steps = np.maximum(one.steps, 1.0)
    first = one.kv - (steps - 1.0) / 2.0
    short = np.clip(np.floor(window - first + 1.0), 0.0, steps)
    return (short * (first + (short - 1.0) / 2.0) + (steps - short) * window) / steps


def in_chunks(one: Attend, chunk: float) -> Any:
    """Tokens that a query attends to where it sees its own chunk alone (`attention_chunk_size` of Llama 4).

    In decode the mean over the steps, exactly: the first token of a chunk sees itself only. Of a prompt
    so many that what a causal mask leaves of the rectangle is what the triangles of its chunks have.
    """
    if one.cached:
        steps = np.maximum(one.steps, 1.0)
        last = one.kv + (steps - 1.0) / 2.0
        return (_within(last, chunk, 1.0) - _within(last - steps, chunk, 1.0)) / steps
    triangles = _within(one.kv, chunk, 0.0) - _within(one.kv - one.q, chunk, 0.0)
    q = np.maximum(one.q, 1.0)
    wide = triangles / q + q / 2.0
    return np.where(wide > q, wide, q - np.sqrt(np.maximum(q**2 - 2.0 * triangles, 0.0)))


def _within(tokens: Any, chunk: float, itself: float) -> Any:
    """Keys that the first so many tokens attend to, each in its chunk and with so much of itself."""
    rest = np.mod(tokens, chunk)
    return (tokens - rest) * (chunk + itself) / 2.0 + rest * (rest + itself) / 2.0


def _held(one: Attend, window: float) -> Any:
    """Keys and values that a prompt's attention reads: of every token, window or not."""
    return one.kv if window and not one.cached else None
