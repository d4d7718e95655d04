"""The towers of a multimodal model: pictures or sound through a transformer, a projector to the text's width.

A table `vision` or `sound` has `parameters` (of tower and projector together), and where they are known
`layers`, `hidden`, `heads`, `ffn`, `gated`, `window` (patches that see each other) and `full_layers` (that
see all), of gated ones `kv_heads` (heads) and `convolved` (layers of a gated depthwise 3 x 3 in place of
attention), `patches` (through the tower, of one picture or piece of sound), `tokens` (what one adds to the
prompt), `attended` (what cross-attention sees of it) and `merger` (of the parameters, those that work on
tokens, each merged from several patches), `late` (those that work on a query). Of pictures that keep their
own size also `largest` (tokens of the largest one; `tokens`), `film` (frames of a film that become as many
tokens as one), `film_most` (tokens of the largest film, where its pictures are made smaller the more they
are), `patch` (the side of a patch in pixels: a job's `height` and `width` are those of its
pictures) and `rotary` (queries and keys are turned, in FP32). A tower is always loaded; it
runs for `--option images=n` pictures, `sounds=n` pieces of sound (30 s each) of a sequence. Of requests that
are served, and of sequences that train, the tokens count theirs as well, which `pictures=n` and
`recordings=n` say (`counted`). In training a tower learns as the rest does, or is left as it is with
`freeze_towers=true`: it takes no gradients and no adapters, and keeps nothing.
Letters: P patches of all pictures, D width.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.workloads.blocks import transformer_layer
from whichgpu.workloads.job import LARGEST

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.workloads.job import Job
    from whichgpu.workloads.recorder import Recorder

#: Pictures of a tower that does not run: next to none, so that its tensors take no memory.
_IDLE = 1e-9


#: The option that says how many pieces of its kind a sequence has.
_OPTIONS = {"vision": "images", "sound": "sounds"}
#: The same of a request whose prompt counts their tokens already.
_COUNTED = {"vision": "pictures", "sound": "recordings"}
#: Beside a model's dimensions, what each prompt of a pass has of each kind.
PIECES = "pieces"
#: The option of a training that leaves towers as they are.
FREEZES = "freeze_towers"
#: Seconds of a piece of sound: a window of Whisper and of what reads sound as it does.
SOUND_SECONDS = 30.0


def _pieces(dims: Mapping[str, Any], job: Job, kind: str) -> float:
    """Pictures, or pieces of sound, of a sequence: none by default; a text model has none."""
    if not dims.get(kind):
        return 0.0
    return job.option(_OPTIONS[kind], 0.0) + job.option(_COUNTED[kind], 0.0)


def added_tokens(dims: Mapping[str, Any], job: Job) -> Any:
    """Tokens that the pictures and sounds of a sequence add to its prompt."""
    return sum(
        job.option(name, 0.0) * dims[kind].get("tokens", 0)
        for kind, name in _OPTIONS.items()
        if dims.get(kind)
    )


def of_job(dims: Mapping[str, Any], job: Job) -> Mapping[str, Any]:
    """The dimensions with patches and tokens of pictures as large as a job states, (J,) each or one number.

    Of models that keep a picture's own size: sides are rounded to whole tokens (`smart_resize` of
    Transformers' image_processing_qwen2_vl.py), and a picture has no more of them than the `largest`.
    """
    seen: Mapping[str, Any] = dims.get("vision") or {}
    if not reads_size(dims) or (job.height is None and job.width is None):
        return dims
    high, wide = (job.width if one is None else one for one in (job.height, job.width))
    wide = high if wide is None else wide
    each = seen["patches"] / seen["tokens"]
    side = seen["patch"] * np.sqrt(each)
    tokens = np.maximum(np.rint(high / side), 1.0) * np.maximum(np.rint(wide / side), 1.0)
    tokens = np.minimum(tokens, seen["largest"])
    return {**dims, "vision": {**seen, "patches": each * tokens, "tokens": tokens}}


def reads_size(dims: Mapping[str, Any]) -> bool:
    """Whether a picture's own size decides how many tokens it becomes."""
    return "patch" in (dims.get("vision") or {})


def counted(dims: Mapping[str, Any], job: Job) -> tuple[Job, tuple[str, ...]]:
    """A job whose prompts, or sequences in training, count their pictures' tokens, and what to say of it."""
    stated = [name for name in _OPTIONS.values() if job.option(name, 0.0)]
    if not stated:
        return job, ()
    unread = [name for kind, name in _OPTIONS.items() if name in stated and not dims.get(kind)]
    said = tuple(f"{job.workload} reads no {name}, which was ignored" for name in unread)
    found = {kind: _pieces(dims, job, kind) for kind in _OPTIONS}
    options = {name: text for name, text in job.options.items() if name not in _OPTIONS.values()}
    options |= {_COUNTED[kind]: f"{count:g}" for kind, count in found.items() if count}
    more = added_tokens(dims, job)
    column, whose = ("seq_len", "sequence") if job.trains else ("input_tokens", "prompt")
    if np.any(more):
        said = (*said, f"{np.max(more):,.0f} of each {whose}'s tokens are of its {' and '.join(stated)}")
    # A search for the longest sequence begins with the longest that a job may have.
    whole = np.minimum(getattr(job, column) + more, LARGEST[column])
    return job.changed(options=options, **{column: whole}), said


def beside_prompts(dims: Mapping[str, Any], job: Job) -> dict[str, float]:
    """Pictures and pieces of sound that the prompts of a served job count among their tokens, by kind."""
    counts = {kind: job.option(name, 0.0) for kind, name in _COUNTED.items() if dims.get(kind)}
    return {kind: count for kind, count in counts.items() if count}


def tokens_of_one(dims: Mapping[str, Any]) -> float:
    """Tokens of a usual picture: what it adds to a prompt, or what cross-attention sees of it."""
    seen = dims["vision"]
    return float(max(seen.get("tokens", 1), seen.get("attended", 0)))


def largest(dims: Mapping[str, Any], sequence: Any, frames: float) -> Any:
    """Tokens of the largest picture, or of the longest film that a `sequence` of so many tokens has room for.

    A film has so many `frames` at most, and is as large as a picture; beside it there is room for one. Some
    models make it smaller, until it has no more than `film_most` tokens.
    """
    seen = dims["vision"]
    picture = float(seen.get("largest", tokens_of_one(dims)))
    if "film" not in seen:
        return picture
    film = picture * np.clip((np.asarray(sequence) - picture) // picture, 1.0, frames // seen["film"])
    return np.maximum(np.minimum(film, seen.get("film_most", np.inf)), picture)


def attended_tokens(dims: Mapping[str, Any], job: Job) -> float:
    """Tokens of its images that a sequence's cross-attention sees, beside the prompt."""
    return _attended(dims, _pieces(dims, job, "vision"))


def attended_pieces(dims: Mapping[str, Any]) -> float:
    """The same of the pictures that each prompt of a pass has (`PIECES`)."""
    return _attended(dims, dims.get(PIECES, {}).get("vision", 0.0))


def _attended(dims: Mapping[str, Any], count: float) -> float:
    return count * float(dims["vision"].get("attended", 0)) if count else 0.0


def towers(dims: Mapping[str, Any], rec: Recorder, batch: Any = 0.0, job: Job | None = None) -> None:
    """Every tower: run for what each of `batch` sequences has of its kind; loaded alone without any."""
    frozen = job is not None and job.trains and is_frozen(job)
    for kind in _OPTIONS:
        each = _pieces(dims, job, kind) if job else dims.get(PIECES, {}).get(kind, 0.0)
        tower(dims, rec, batch * each, kind=kind, frozen=frozen)


def is_frozen(job: Job) -> bool:
    """Whether towers are left as they are; raises `UsageError` for what is neither yes nor no."""
    return job.says(FREEZES)


def tower(
    dims: Mapping[str, Any],
    rec: Recorder,
    pictures: Any = 0.0,
    *,
    patches: Any = None,
    kind: str = "vision",
    frozen: bool = False,
) -> None:
    """(pictures, patches) -> (pictures, tokens, D): the layers, then all other weights in one product."""
    vision = dims.get(kind)
    if not vision:
        return
    each = vision.get("patches", 1) if patches is None else patches
    counted = 0.0
    run = float(np.max(pictures) > 0)
    pictures = pictures if run else _IDLE
    with rec.module(kind, repeats=run, frozen=frozen):
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
            merged = vision["tokens"] / vision["patches"] * each
            _dense(rec, "merger", merger, merged * pictures, vision)
        if late:
            _dense(rec, "queries", late, vision["tokens"] * pictures, vision)


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
    seen = bool(np.any(together))
    keys = width if not seen else width * vision.get("kv_heads", heads) // heads
    rec.linear(rows, width, width + 2 * keys, bias=True, shard="column", name="qkv")
    if seen:
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
