"""What runs beside the residual stream: per-layer embeddings, alternating updates, low-rank residuals.

Gemma 3n and the E models of Gemma 4 hold a table of small embeddings for each layer (`layer_width`,
`layer_vocab`). Gemma 3n keeps `streams` copies of the residual stream and updates them in turn (Baykal et
al., "Alternating Updates for Efficient Transformers"), with a low-rank residual of `residual_rank` beside
attention ("LAuReL", Menghani et al.). DeepSeek V4 mixes `hyper` of them around each half of a layer (Xie et
al., "mHC: Manifold-Constrained Hyper-Connections").
Letters: T tokens of a pass, D width, N streams, P width of a layer's own embedding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.workloads.recorder import Recorder


def layer_embeddings(dims: Mapping[str, Any], rec: Recorder, rows: Any) -> None:
    """The small embeddings of all layers, and the same made of the token's own: (T,) -> (T, layers, P).

    Also the other streams, each of a dense layer.
    """
    width, each = dims["hidden"], dims.get("layer_width", 0)
    if each:
        whole = dims["layers"] * each
        rec.embedding(rows, dims["layer_vocab"], whole, name="layer_tokens")
        rec.linear(rows, width, whole, name="layer_projection")
        rec.norm(whole * rows, each, parameters=each, name="layer_norm")
        rec.add(whole * rows)
    for _ in range(dims.get("streams", 1) - 1):
        rec.linear(rows, width, width, name="stream")


def joined_streams(dims: Mapping[str, Any], rec: Recorder, rows: Any) -> None:
    """The streams become one again: (T, N, D) -> (T, D)."""
    for _ in range(dims.get("streams", 1) - 1):
        rec.linear(rows, dims["hidden"], dims["hidden"], name="unstream")
    if dims.get("hyper"):
        hyper_joined(dims, rec, rows)


def beside_layer(dims: Mapping[str, Any], rec: Recorder, rows: Any) -> None:
    """What a layer does beside attention and feed-forward: streams, low-rank residual, its own embedding."""
    width, streams, each = dims["hidden"], dims.get("streams", 1), dims.get("layer_width", 0)
    rank = dims.get("residual_rank", 0)
    if streams > 1:
        _alternate(rec, rows, width, streams)
    if rank:
        rec.linear(rows, width, rank, keeps=0.0, name="residual_a")
        rec.linear(rows, rank, width, name="residual_b")
        rec.norm(width * rows, width, parameters=width, keeps=4.0, name="residual_norm")
    if each:
        rec.linear(rows, width, each, name="layer_gate")
        rec.pointwise(each * rows, reads=2.0, keeps=2.0, name="layer_product")
        rec.linear(rows, each, width, name="layer_out")
        rec.norm(width * rows, width, parameters=width, keeps=4.0, name="layer_norm")
        rec.add(width * rows)


def _alternate(rec: Recorder, rows: Any, width: int, streams: int) -> None:
    """The others are predicted from all, then corrected by what the active one became.

    The router that says how runs before and after (D -> N), its results through small tables.
    """
    rec.norm(width * rows, width, parameters=width, keeps=4.0, name="router_norm")
    rec.linear(rows, width, streams, unquantised=True, name="router")
    rec.linear(rows, width, streams, unquantised=True, tied=True, name="router_again")
    rec.linear(rows, streams, streams * streams, unquantised=True, name="predict")
    rec.linear(rows, streams, streams, unquantised=True, name="correct")
    for name in ("predicted", "corrected"):
        rec.pointwise(streams * width * rows, reads=2.0, keeps=1.0, name=name)
    rec.pointwise(width * rows, parameters=float(width), name="scale")


def hyper_connected(dims: Mapping[str, Any], rec: Recorder, rows: Any) -> None:
    """Around one half of a layer: weights from all streams, one stream in, N mixed streams out: (T, N, D)."""
    width, streams = dims["hidden"], dims["hyper"]
    _weigh(rec, rows, streams * width, (2 + streams) * streams, 3)
    rec.pointwise(streams * width * rows, writes=1.0 / streams, keeps=1.0, name="collapse")
    rec.pointwise(streams * width * rows, reads=1.0 + 1.0 / streams, keeps=1.0 / streams, name="expand")


def hyper_joined(dims: Mapping[str, Any], rec: Recorder, rows: Any) -> None:
    """Before the last norm the streams become one: (T, N, D) -> (T, D)."""
    width, streams = dims["hidden"], dims["hyper"]
    _weigh(rec, rows, streams * width, streams, 1)
    rec.pointwise(streams * width * rows, writes=1.0 / streams, keeps=1.0, name="collapse")


def _weigh(rec: Recorder, rows: Any, width: int, weights: int, scales: int) -> None:
    """A norm without weights, a dense layer in FP32, and a base and scales of its results."""
    rec.norm(width * rows, width, parameters=0, keeps=4.0, name="streams_norm")
    rec.linear(rows, width, weights, keeps=0.0, unquantised=True, name="stream_weights")
    rec.pointwise(weights * rows, parameters=float(weights + scales), name="stream_base")
