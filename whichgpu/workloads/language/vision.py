"""The towers of a multimodal model: pictures or sound through a transformer, a projector to the text's width.

A table `vision` or `sound` has `parameters` (of tower and projector together), and where they are known
`layers`, `hidden`, `heads`, `ffn`, `gated`, `window` (patches that see each other) and `full_layers` (that
see all), of gated ones `kv_heads` (heads) and `convolved` (layers of a gated depthwise 3 x 3 in place of
attention), `patches` (through the tower, of one picture or piece of sound), `tokens` (what one adds to the
prompt), `attended` (what cross-attention sees of it) and `merger` (of the parameters, those that work on
tokens, each merged from several patches), `late` (those that work on a query). A tower is always loaded; it
runs for `--option images=n` pictures, `sounds=n` pieces of sound (30 s each) of a sequence.
Letters: P patches of all pictures, D width.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.workloads.blocks import transformer_layer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.workloads.job import Job
    from whichgpu.workloads.recorder import Recorder

#: Pictures of a tower that does not run: next to none, so that its tensors take no memory.
_IDLE = 1e-9


#: The option that says how many pieces of its kind a sequence has.
_OPTIONS = {"vision": "images", "sound": "sounds"}


def _pieces(dims: Mapping[str, Any], job: Job, kind: str) -> float:
    """Pictures, or pieces of sound, of a sequence: none by default; a text model has none."""
    return job.option(_OPTIONS[kind], 0.0) if dims.get(kind) else 0.0


def added_tokens(dims: Mapping[str, Any], job: Job) -> float:
    """Tokens that the pictures and sounds of a sequence add to its prompt."""
    return sum(
        _pieces(dims, job, kind) * float(dims[kind].get("tokens", 0)) for kind in _OPTIONS if dims.get(kind)
    )


def attended_tokens(dims: Mapping[str, Any], job: Job) -> float:
    """Tokens of its images that a sequence's cross-attention sees, beside the prompt."""
    count = _pieces(dims, job, "vision")
    return count * float(dims["vision"].get("attended", 0)) if count else 0.0


def towers(dims: Mapping[str, Any], rec: Recorder, batch: Any = 0.0, job: Job | None = None) -> None:
    """Every tower: run for what each of `batch` sequences has of its kind; loaded alone without a job."""
    for kind in _OPTIONS:
        tower(dims, rec, batch * _pieces(dims, job, kind) if job else 0.0, kind=kind)


def tower(
    dims: Mapping[str, Any],
    rec: Recorder,
    pictures: Any = 0.0,
    *,
    patches: Any = None,
    kind: str = "vision",
) -> None:
    """(pictures, patches) -> (pictures, tokens, D): the layers, then all other weights in one product."""
    vision = dims.get(kind)
    if not vision:
        return
    each = float(vision.get("patches", 1)) if patches is None else patches
    counted = 0.0
    run = float(np.max(pictures) > 0)
    pictures = pictures if run else _IDLE
    with rec.module(kind, repeats=run):
        if vision.get("layers"):
            convolved = vision.get("convolved", 0)
            counted = (vision["layers"] - convolved) * layer_parameters(vision)
            counted += convolved * layer_parameters(vision, convolved=True)
            _layers(vision, rec, pictures, each)
        merger, late = float(vision.get("merger", 0.0)), float(vision.get("late", 0.0))
        # Patch embedding, positions and projector, then the merger: a dense layer each, of as many weights.
        _dense(
            rec, "projector", float(vision["parameters"]) - counted - merger - late, each * pictures, vision
        )
        if merger:
            merged = float(vision["tokens"]) / float(vision["patches"]) * each
            _dense(rec, "merger", merger, merged * pictures, vision)
        if late:
            _dense(rec, "queries", late, float(vision["tokens"]) * pictures, vision)


def _dense(rec: Recorder, name: str, weights: float, rows: Any, vision: Mapping[str, Any]) -> None:
    """(rows, D) through `weights` parameters."""
    width, size = float(vision.get("hidden", 1)), rec.precision.activation
    rec.record("gemm", name, {"m": rows, "n": weights / width, "k": width, "batch": 1.0}, parameters=weights,
               flops=2.0 * weights * rows, read_bytes=width * size * rows,
               write_bytes=weights / width * size * rows, saved_bytes=width * size * rows)  # fmt: skip


def _layers(vision: Mapping[str, Any], rec: Recorder, pictures: Any, patches: Any) -> None:
    convolved = vision.get("convolved", 0)
    if convolved:
        with rec.module("convolved", copies=float(convolved)):
            _layer(vision, rec, pictures * patches, 0.0)
    window, layers = vision.get("window", 0), vision["layers"] - convolved
    full = vision.get("full_layers", 0) if window else layers
    for name, count, together in (("layers", full, patches), ("windowed", layers - full, window)):
        if count:
            with rec.module(name, copies=float(count)):
                _layer(vision, rec, pictures * patches, together)


def _layer(vision: Mapping[str, Any], rec: Recorder, rows: Any, together: Any) -> None:
    """One layer on (P, D), in which `together` patches see each other; none: each sees those beside it."""
    width, heads, ffn = vision["hidden"], vision["heads"], vision["ffn"]
    if not vision.get("gated"):
        transformer_layer(rec, rows / together, together, width, heads=heads, ffn=ffn)
        return
    rec.norm(width * rows, width, parameters=width)
    keys = width if not together else width * vision.get("kv_heads", heads) // heads
    rec.linear(rows, width, width + 2 * keys, bias=True, shard="column", name="qkv")
    if together:
        rec.attention(rows / together, heads, together, together, width // heads)
    else:
        rec.pointwise(width * rows, reads=3.0, keeps=1.0, name="gates")
        rec.window(width * rows, rows, width, width, 9, groups=width)
    rec.linear(rows, width, width, bias=True, shard="row", name="out")
    rec.norm(width * rows, width, parameters=width)
    rec.linear(rows, width, 2 * ffn, bias=True, shard="column", name="up")
    rec.pointwise(ffn * rows, reads=2.0, keeps=2.0, shard="column", name="activation")
    rec.linear(rows, ffn, width, bias=True, shard="row", name="down")


def layer_parameters(vision: Mapping[str, Any], *, convolved: bool = False) -> float:
    """Weights of one layer of the tower, biases and norms included."""
    width, ffn = vision["hidden"], vision["ffn"]
    keys = width if convolved else width * vision.get("kv_heads", vision["heads"]) // vision["heads"]
    attention = 2 * width * (width + keys) + 2 * (width + keys) + (9 * width if convolved else 0)
    if vision.get("gated"):
        return float(attention + 3 * width * ffn + 2 * ffn + width + 2 * width)
    return float(attention + 2 * width * ffn + ffn + width + 4 * width)
