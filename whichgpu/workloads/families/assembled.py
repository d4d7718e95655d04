"""Networks put together of parts: layers of transformers, dense layers, convolutions, tables, in their order.

What has no family of its own: towers beside each other, queries that read a picture, encoders with one
thing of their own. Shapes stand in the parts. Letters: B batch, S rows (tokens, positions) of one sample,
K rows that it attends to, D width, s size of a sample over that of `sizes`.

Dimensions: `parts`, a list of tables; `sizes`, the job columns (`height`, `width`, `seq_len`) or the options
`seconds` and `frames` at which the rows stand; optionally `unit` (images), `frozen`: how the names of
those begin that a training leaves as they are, and `rectified`: of those whose convolutions have a ReLU
behind their norm that writes over what it reads, which the next one keeps. Rows of one sample are a number,
or `[a, b]` for a + b s, `[a, b, c]` for pairs of rows, a + b s + c s^2. `name` is the module; `count` (1)
equal ones, `repeats` (1) runs of the same weights, or `[a, b]` for those of a run and of a step of training;
of the rows those `written` are made one after another where the model runs, each over those before: tokens
of an answer; those that are `together` are made so group by group, `abreast` (1) groups at a time. By `kind`:

    layers  `rows`, `width`, `heads` (0: no attention), `ffn` (0: none); `keys` of another tower, of width
            `key_width` (width); `together` (rows that see each other alone), `seen` (most keys of a row);
            `inner` (width) of all heads, `kv_inner` (inner); `gated` (false), `bias` (true), `query_bias`
            (bias; qkv without it), `out_bias`, `ffn_bias` (bias), `norms` (2), `norm_values` (2 of each
            channel), `values` (other trained ones of a layer), `biased` (something is added to each
            score, or products and a softmax are written out, so that scores lie in memory), `rectified`
            (its function is a ReLU without dropout, whose result is all that is kept), `function` (its
            name), `dropout` (on scores and behind what attends and feeds), `inner_dropout` (behind it)
    attention  without projections: `rows`, `width` (of all heads), `heads`, `keys`, `together`, `seen`,
            `kv_inner`, `causal`
    dense   `rows`, `inputs`, `outputs`, `bias` (true), `tied` (false), `keeps` (1; of several runs that
            read one input the share of each)
    conv    `rows` (positions of the result), `inputs`, `outputs`, `window` (points), `groups` (1), `bias`
            (true)
    table   `entries`, `width`, `rows` (looked up)
    norm    `rows`, `width`, `values` (2 x width)
    product of activations: `rows` of them, of (left, inner) x (inner, right)
    values  `values` trained ones that no product reads, `rows`, `width` of what they are added to
    waits   at inference: small kernels over `rows` of `width`, behind each of which the GPU has nothing to do
    loss    in training: cross-entropy over `classes` of each of the `rows`, of `heads` (1)
    masks   in training: `layers` times `queries` masks of `rows`, matched with those of things, which have
            `points` for each of them; `enlarged` (false): their losses are over all of these points
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.errors import UsageError
from whichgpu.workloads.blocks import class_losses
from whichgpu.workloads.detection import crowd, lost
from whichgpu.workloads.recorder import FP32

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from whichgpu.workloads.job import Job
    from whichgpu.workloads.recorder import Recorder

    Part = Mapping[str, Any]

PHASES = ("infer", "train")
OPTIONS = ("seconds", "frames")
PHASE_ALIASES = {"finetune_full": "train", "pretrain": "train", "prefill": "infer", "generate": "infer"}
UNIT = "images"
OPTIMIZER = "adamw"
DEFAULTS: dict[str, dict[str, Any]] = {
    "*": {"runtime": "pytorch-2", "n_gpus": 1.0, "height": 224.0, "width": 224.0, "seq_len": 384.0},
    "infer": {"batch": 8.0, "precision": "fp16"},
    "train": {"batch": 8.0, "precision": "amp-fp16"},
}


def forward(dims: Mapping[str, Any], job: Job, rec: Recorder) -> None:
    """Every part at the job's batch and size of a sample."""
    size = size_of(dims, job)
    for place, part in enumerate(dims["parts"]):
        if part.get("kind") not in _KINDS:
            raise UsageError(
                f"parts[{place}]: kind '{part.get('kind')}' is none of {', '.join(_KINDS)}; see workloads.md"
            )
        if "written" in part and not job.trains:
            _write(part, job.batch, size, rec)
        else:
            over = part.get("name", "conv").startswith(tuple(dims.get("rectified", ())))
            record({"over": over, **part}, job.batch, size, rec, program=job.runtime,
                   frozen=dims.get("frozen", ()))  # fmt: skip


def record(
    part: Part, batch: Any, size: Any, rec: Recorder, *, program: str, times: Any = 1.0,
    frozen: Sequence[str] = (),
) -> None:  # fmt: skip
    """One part over a batch, so many times with the same weights."""
    if part.get("count", 1):
        with _module(part, rec, times, frozen=frozen):
            _KINDS[part["kind"]]({"program": program, **part}, batch, size, rec)


def _module(
    part: Part, rec: Recorder, times: Any = 1.0, *, again: bool = False, frozen: Sequence[str] = ()
) -> AbstractContextManager[None]:
    """The module of a part, whose ops run so many times more."""
    name, said = part.get("name", part["kind"]), part.get("repeats", 1)
    repeats = float(said[rec.training] if isinstance(said, list) else said) * times
    left = rec.training and name.startswith(tuple(frozen))
    return rec.module(name, copies=float(part.get("count", 1)), repeats=repeats, again=again, frozen=left)


def _write(part: Part, batch: Any, size: Any, rec: Recorder) -> None:
    """The rows before what is written at once, then each by itself over the cache of those before it.

    Groups of rows that see each other alone have no such cache: each is a run of its own.
    """
    record, written = _KINDS[part["kind"]], _rows(part["written"], size)
    if "together" in part:
        rows = _rows(part["together"], size) * part.get("abreast", 1)
        with _module(part, rec, written / rows):
            record({**part, "rows": rows}, batch, size, rec)
        return
    before = _rows(part["rows"], size) - written
    began = bool(np.any(before > 0.0))
    if began:
        with _module(part, rec):
            record({**part, "rows": before}, batch, size, rec)
    elif "keys" in part:
        with _module(part, rec):
            _keys(part, batch, size, rec)
    step = {**part, "rows": 1.0, "context": before + (written + 1.0) / 2.0}
    with _module(part, rec, written, again=began):
        record(step, batch, size, rec)


def units(dims: Mapping[str, Any], job: Job) -> Any:
    """Samples of a batch, or the seconds that they last."""
    batch = np.asarray(job.batch, dtype=np.float64)
    return batch * _seconds(dims, job) if "seconds" in dims["sizes"] else batch


def _seconds(dims: Mapping[str, Any], job: Job) -> float:
    return job.option("seconds", dims["sizes"]["seconds"], 0.2)


def size_of(dims: Mapping[str, Any], job: Job) -> Any:
    """A sample's pixels, tokens, seconds or frames over those at which the rows stand."""
    size: Any = 1.0
    for column, usual in dims["sizes"].items():
        size = size * (_said(dims, job, column) / usual)
    return size


def _said(dims: Mapping[str, Any], job: Job, column: str) -> Any:
    if column == "frames":
        return job.option("frames", dims["sizes"]["frames"], 1.0)
    return _seconds(dims, job) if column == "seconds" else getattr(job, column)


def _rows(raw: Any, size: Any) -> Any:
    """Rows of one sample: a + b s + c s^2, whole ones."""
    if isinstance(raw, list):
        return np.round(sum(part * size**power for power, part in enumerate(raw)))
    return raw if isinstance(raw, np.ndarray) else float(raw)


def _layers(part: Part, batch: Any, size: Any, rec: Recorder) -> None:
    """(B, S, D) -> (B, S, D), attending to itself or to (B, K, key_width)."""
    rows, width = batch * _rows(part["rows"], size), part["width"]
    norms = part.get("norms", 2)
    for _ in range(norms):
        rec.norm(width * rows, width, parameters=part.get("norm_values", 2) * width, wide=True)
    if part["heads"]:
        _attend(part, batch, size, rec)
    if part["ffn"]:
        _feed(part, rows, rec)
    if part.get("values"):
        rec.pointwise(width * rows, parameters=float(part["values"]), name="values")


def _attend(part: Part, batch: Any, size: Any, rec: Recorder) -> None:
    """Projections, attention and the residual."""
    rows, width = _rows(part["rows"], size), part["width"]
    inner = part.get("inner", width)
    narrow, bias = part.get("kv_inner", inner), part.get("bias", True)
    rec.linear(batch * rows, width, inner, bias=part.get("query_bias", bias), shard="column", name="query")
    # Of another tower they are there before the first row is written.
    if "context" not in part or "keys" not in part:
        _keys(part, batch, size, rec)
    _score({**part, "width": inner, "kv_inner": narrow}, batch, size, rec)
    rec.linear(batch * rows, inner, width, bias=part.get("out_bias", bias), shard="row", name="out")
    if part.get("dropout"):
        rec.dropout(width * batch * rows)
    rec.add(width * batch * rows, wide=True)


def _keys(part: Part, batch: Any, size: Any, rec: Recorder) -> None:
    """Keys and values of what is attended to, beside those before them where rows are written."""
    width, rows = part["width"], batch * _rows(part.get("keys", part["rows"]), size)
    narrow = part.get("kv_inner", part.get("inner", width))
    bias = part.get("query_bias", part.get("bias", True))
    for name in ("key", "value"):
        rec.linear(rows, part.get("key_width", width), narrow, bias=bias, keeps=0.0, shard="column",
                   name=name)  # fmt: skip
    if "context" in part:
        rec.copy(2 * narrow * rows, shard="head", name="cache")


def _score(part: Part, batch: Any, size: Any, rec: Recorder) -> None:
    """Attention of q, k and v as they are: (B, S, inner) -> (B, S, inner)."""
    rows, inner, heads = _rows(part["rows"], size), part["width"], part["heads"]
    keys = _rows(part.get("keys", part["rows"]), size)
    together = _rows(part["together"], size) if "together" in part else None
    if "context" in part:
        rec.attention(batch, heads, rows, keys if "keys" in part else part["context"], inner // heads,
                      kv_heads=max(part.get("kv_inner", inner) * heads // inner, 1), cached=True)  # fmt: skip
        return
    groups = 1.0 if together is None else rows / together
    alike = rows if together is None else together
    seen = np.minimum(keys if together is None else together, part.get("seen", np.inf))
    rec.attention(batch * groups, heads, alike, seen, inner // heads,
                  kv_heads=max(part.get("kv_inner", inner) * heads // inner, 1),
                  causal=bool(part.get("causal")), biased=bool(part.get("biased")))  # fmt: skip


def _feed(part: Part, rows: Any, rec: Recorder) -> None:
    """Two dense layers, three where gated, and the residual."""
    width, ffn, gated = part["width"], part["ffn"], part.get("gated", False)
    bias = part.get("ffn_bias", part.get("bias", True))
    rec.linear(rows, width, 2 * ffn if gated else ffn, bias=bias, shard="column", name="up")
    keeps = 0.0 if part.get("rectified") else 1.0 + gated
    rec.pointwise(ffn * rows, reads=1.0 + gated, keeps=keeps, shard="column",
                  name=part.get("function", "activation"))  # fmt: skip
    if part.get("inner_dropout"):
        rec.dropout(ffn * rows)
    rec.linear(rows, ffn, width, bias=bias, shard="row", name="down")
    if part.get("dropout"):
        rec.dropout(width * rows)
    rec.add(width * rows, wide=True)


def _dense(part: Part, batch: Any, size: Any, rec: Recorder) -> None:
    """(B, S, inputs) -> (B, S, outputs)."""
    rec.linear(batch * _rows(part["rows"], size), part["inputs"], part["outputs"],
               bias=part.get("bias", True), tied=part.get("tied", False),
               keeps=part.get("keeps", 1.0))  # fmt: skip


def _conv(part: Part, batch: Any, size: Any, rec: Recorder) -> None:
    """(B, inputs, ..) -> (B, outputs, S positions)."""
    rows, out = batch * _rows(part["rows"], size), part["outputs"]
    window, groups = part["window"], part.get("groups", 1)
    rec.window(part["inputs"] * rows, rows, part["inputs"], out, window, groups=groups,
               bias=out if part.get("bias", True) else 0)  # fmt: skip
    rec.pointwise(out * rows, keeps=0.0 if part.get("over") else 1.0, name="activation")


def _table(part: Part, batch: Any, size: Any, rec: Recorder) -> None:
    """Rows of (entries, width)."""
    rec.embedding(batch * _rows(part["rows"], size), part["entries"], part["width"])


def _norm(part: Part, batch: Any, size: Any, rec: Recorder) -> None:
    width = part["width"]
    rec.norm(width * (batch * _rows(part["rows"], size)), width, wide=True,
             parameters=part.get("values", 2 * width))  # fmt: skip


def _loss(part: Part, batch: Any, size: Any, rec: Recorder) -> None:
    """A class of each row, enlarged from what the part before made, in training."""
    if rec.training:
        rows = batch * _rows(part["rows"], size)
        rec.copy(part["classes"] * rows, reads=1.0 / 16.0, name="enlarge")
        class_losses(rec, rows, part["classes"], heads=float(part.get("heads", 1)))


def _masks(part: Part, batch: Any, size: Any, rec: Recorder) -> None:
    """Masks of things beside those predicted in each layer, while these are matched and lost in training."""
    if rec.training:
        rows, layers = _rows(part["rows"], size), part["layers"]
        found = crowd(batch, part["program"])
        predicted = FP32 * layers * batch * part["queries"] * rows
        rec.pointwise(layers * batch * rows, beside=predicted + found * part["points"] * rows, name="match")
        if part.get("enlarged"):
            kept = lost(batch, part["program"]) * layers * part["points"] * rows
            rec.pointwise(rows, keeps=kept / (rec.precision.activation * rows), name="enlarged")


def _product(part: Part, batch: Any, size: Any, rec: Recorder) -> None:
    """(B, S, left, inner) x (B, S, inner, right) -> (B, S, left, right)."""
    left, inner, right = (_rows(part[name], size) for name in ("left", "inner", "right"))
    rec.product(batch * _rows(part["rows"], size), left, inner, right, shard="none")


def _values(part: Part, batch: Any, size: Any, rec: Recorder) -> None:
    rec.pointwise(part.get("width", 1) * (batch * _rows(part.get("rows", 1), size)),
                  parameters=float(part["values"]), name="add")  # fmt: skip


def _waits(part: Part, batch: Any, size: Any, rec: Recorder) -> None:
    """A kernel that takes less than its launch, of those that a module has beside its other parts."""
    if not rec.training:
        rec.pointwise(part["width"] * (batch * _rows(part["rows"], size)), name="small", waits=True)


_KINDS: Mapping[Any, Callable[[Part, Any, Any, Recorder], None]] = {
    "layers": _layers, "attention": _score, "dense": _dense, "conv": _conv, "table": _table, "norm": _norm,
    "values": _values, "product": _product, "loss": _loss, "masks": _masks,
    "waits": _waits,
}  # fmt: skip
