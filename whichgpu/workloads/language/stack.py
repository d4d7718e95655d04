"""One pass through the stack of a decoder: tables, layers, head.

Letters: T tokens of the pass, D width, V vocabulary. The dimensions are explained in families/decoder.py.
"""

from __future__ import annotations

from contextlib import nullcontext
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.workloads.language.attention import attention, cross
from whichgpu.workloads.language.feed import feed_forward
from whichgpu.workloads.language.layout import Attend, Group, groups, norm
from whichgpu.workloads.language.state import mix
from whichgpu.workloads.precision import precision

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whichgpu.workloads.recorder import Recorder


def through(
    dims: Mapping[str, Any], rec: Recorder, rows: Any, attends: Sequence[Attend], logits: Any, *,
    repeats: Any = 1.0, again: bool = False, predicted: float = 0.0,
) -> None:  # fmt: skip
    """One pass over T = `rows` tokens: (T,) -> (logits, V); `again` through weights counted before.

    `predicted` tokens beyond the next one are each a run of a next-token-prediction block and of the head.
    """
    if dims.get("experts"):
        rec.beside_experts()
    with rec.module("embedding", repeats=repeats, again=again):
        _embedding(dims, rec, rows)
        if _streams(dims):
            _streams(dims).layer_embeddings(dims, rec, rows)
    if dims.get("shared_blocks"):
        with rec.module("layers", repeats=repeats, again=again):
            _part("shared").shared_block(dims, rec, rows, attends)
    for group in groups(dims):
        with rec.module("layers", repeats=repeats, copies=float(group.layers), again=again):
            _layer(dims, rec, rows, attends, group)
    if dims.get("prediction_layers"):
        blocks = float(dims["prediction_layers"])
        with rec.module("prediction", repeats=predicted / blocks, copies=blocks, again=again):
            _prediction(dims, rec, rows, attends)
    with rec.module("head", repeats=repeats * (1.0 + predicted), again=again):
        _head(dims, rec, logits)


def _embedding(dims: Mapping[str, Any], rec: Recorder, rows: Any) -> None:
    """Word and position tables: (T,) -> (T, D)."""
    width, words = dims["hidden"], dims.get("word_width", dims["hidden"])
    rec.embedding(rows, dims["vocab"], words, tied=dims.get("tied", False), name="tokens")
    if words != width:
        rec.linear(rows, words, width, name="widen")
    if dims.get("positions"):
        rec.embedding(rows, dims["positions"], width, name="positions")
        rec.add(width * rows)
    if dims.get("embed_norm"):
        norm(dims, rec, rows)


def _head(dims: Mapping[str, Any], rec: Recorder, logits: Any) -> None:
    """Last norm and logits: (logits, D) -> (logits, V)."""
    width, words = dims["hidden"], dims.get("word_width", dims["hidden"])
    if _streams(dims):
        _streams(dims).joined_streams(dims, rec, logits)
    if dims.get("final_norm", True):
        norm(dims, rec, logits)
    if dims.get("headless"):
        return
    if words != width:
        rec.linear(logits, width, words, name="narrow")
    rec.linear(logits, words, dims["vocab"], bias=bool(dims.get("head_bias")), shard="vocab",
               unquantised=True, tied=dims.get("tied", False), name="logits")  # fmt: skip


def _layer(
    dims: Mapping[str, Any], rec: Recorder, rows: Any, attends: Sequence[Attend], group: Group
) -> None:
    """Norm, mixer and residual, then norm, feed-forward and residual: (T, D) -> (T, D)."""
    # A layer that attends to pictures is passed over where there are none.
    run = group.mixer != "C" or np.max(sum(one.batch * one.pictured for one in attends)) > 0
    with rec.module("cross", repeats=float(run)) if group.mixer == "C" else nullcontext():
        _halves(dims, rec, rows, attends, group)


def _halves(
    dims: Mapping[str, Any], rec: Recorder, rows: Any, attends: Sequence[Attend], group: Group
) -> None:
    if _streams(dims):
        _streams(dims).beside_layer(dims, rec, rows)
    if group.mixer:
        norm(dims, rec, rows)
        wider = rec.precision.attention
        with rec.stored_in(precision(wider)) if wider else nullcontext():
            _mixer(dims, rec, rows, attends, group.mixer)
        _joined(dims, rec, rows)
    if group.feed:
        if dims.get("norms", 2) > 1 or not group.mixer:
            norm(dims, rec, rows)
        feed_forward(dims, rec, rows, group.feed)
        _joined(dims, rec, rows)


def _part(name: str) -> Any:
    """A module of `language/` that few models need; the others start without it."""
    return import_module(f"whichgpu.workloads.language.{name}")


def _streams(dims: Mapping[str, Any]) -> Any:
    """What runs beside the residual stream; None where nothing does."""
    beside = any(dims.get(name) for name in ("layer_width", "streams", "residual_rank", "hyper"))
    return _part("streams") if beside else None


def _joined(dims: Mapping[str, Any], rec: Recorder, rows: Any) -> None:
    """What one half of a layer made goes back into the residual stream, or streams."""
    if dims.get("norms", 2) == 4:
        norm(dims, rec, rows, "norm_after")
    if dims.get("hyper"):
        _streams(dims).hyper_connected(dims, rec, rows)
    else:
        rec.add(dims["hidden"] * rows)


def _mixer(dims: Mapping[str, Any], rec: Recorder, rows: Any, attends: Sequence[Attend], mixer: str) -> None:
    if mixer == "C":
        cross(dims, rec, rows, attends)
    elif dims.get("sparse_rate"):
        _part("compressed").compressed(dims, rec, rows, attends, mixer)
    elif mixer in dims.get("head_counts", ()):
        heads, kv_heads = dims["head_counts"][mixer]
        own = {**dims, "heads": heads, "kv_heads": kv_heads}
        attention(own, rec, rows, attends, windowed=False)
    elif mixer in "*WAVP":
        attention(dims, rec, rows, attends, windowed=mixer in "WV", borrowed=mixer in "AV")
    if mixer == "H":
        _part("shared").own_part(dims, rec, rows)
    if mixer in "LMPHKGR":
        mix(dims, rec, rows, attends, mixer)


def _prediction(dims: Mapping[str, Any], rec: Recorder, rows: Any, attends: Sequence[Attend]) -> None:
    """A next-token-prediction block: two norms, a projection of both, one more layer, a norm."""
    width = dims["hidden"]
    rec.linear(rows, 2 * width, width, name="join")
    norm(dims, rec, rows)
    norm(dims, rec, rows)
    _layer(dims, rec, rows, attends, Group("*", "E" if dims.get("experts") else "-", 1))
    norm(dims, rec, rows)
    for _ in range(dims.get("prediction_tables", 0)):
        rec.embedding(rows, dims["vocab"], width, name="tokens")
