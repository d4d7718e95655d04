"""Recommendation: tables of embeddings, interactions between them, dense layers.

He et al., "Neural Collaborative Filtering" (`ncf`: a product and a perceptron side by side); Naumov et al.,
"Deep Learning Recommendation Model" (`dlrm`: dense features through a perceptron, products of all pairs
of vectors, a second perceptron); Wang et al., "DCN V2", section 3 (`dcn`: crosses of low rank in place of the
products). The tables are stored whole and read by the row.
Letters: B samples, E width of a vector, F categorical features.

Dimensions: `kind` (ncf, dlrm, dcn), `tables` (rows of each; `tables_by_hand` where nobody's recipe is run, of
which the runtime's text says "eager" and no container), `width`; ncf: `mlp` (widths, the first twice
that of the perceptron's tables); dlrm: `dense` (inputs), `bottom`, `top` (widths); dcn: those, `crosses`,
`rank` and `lookups` (values of a feature, whose rows of the table are added); `pairs`: of a user and an item
in what MLPerf's inference counts as one sample, which the option of that name says of a job; `fused`:
submissions of NVIDIA's look up and multiply in one kernel of INT8 (DLRM_INTERACTIONS_TRT).
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Recorder

PHASES = ("train", "infer")
PHASE_ALIASES = {"pretrain": "train", "finetune_full": "train"}
UNIT = "samples"
OPTIMIZER = "adam"
RUNTIME_WORDS = ("eager", "ngc", "tensorrt")
OPTIONS = ("pairs",)
DEFAULTS: dict[str, dict[str, Any]] = {
    "*": {"runtime": "pytorch-2", "n_gpus": 1.0},
    "train": {"batch": 16384.0, "precision": "fp32"},
    "infer": {"batch": 16384.0, "precision": "fp16"},
}


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """B samples -> B scores."""
    if dims["kind"] == "ncf":
        _ncf(dims, rec, job)
    elif dims["kind"] == "dcn":
        _dcn(dims, rec, job.batch)
    else:
        _dlrm(dims, rec, job)
    if job.trains:
        with rec.module("loss"):
            rec.pointwise(job.batch, reads=2.0, keeps=1.0, name="loss")


def _ncf(dims: Dims, rec: Recorder, job: Job) -> None:
    """User and item: an elementwise product, a perceptron, and one score of both."""
    width, mlp, batch = dims["width"], dims["mlp"], job.batch
    eager, container = (word in job.runtime.lower() for word in RUNTIME_WORDS[:2])
    by_hand = eager and not container and "tables_by_hand" in dims
    with rec.module("embeddings"):
        for rows in dims["tables_by_hand" if by_hand else "tables"]:
            rec.embedding(batch, rows, width, name="factors")
            rec.embedding(batch, rows, mlp[0] // 2, name="perceptron")
    with rec.module("factors"):
        rec.pointwise(width * batch, reads=2.0, keeps=2.0, name="product")
    with rec.module("perceptron"):
        rec.copy(mlp[0] * batch, name="concatenate")
        _perceptron(rec, batch, mlp)
    with rec.module("score"):
        rec.copy((width + mlp[-1]) * batch, name="concatenate")
        rec.linear(batch, width + mlp[-1], 1, bias=True)


def _dlrm(dims: Dims, rec: Recorder, job: Job) -> None:
    """Dense features to one more vector, products of all pairs, the second perceptron."""
    width, tables, batch = dims["width"], dims["tables"], job.batch
    vectors = len(tables) + 1
    pairs = vectors * (vectors - 1) // 2
    with rec.module("bottom"):
        _perceptron(rec, batch, (dims["dense"], *dims["bottom"]), first=True)
    if _submitted(dims, job):
        with rec.module("embeddings"):
            shape = {"m": float(vectors), "n": float(vectors), "k": float(width), "batch": batch}
            rec.custom(
                "gemm", "pairs", shape, flops=2.0 * vectors**2 * width * batch,
                read=vectors * width * batch, write=(pairs + width) * batch, saved=0.0, weights=0.0,
                parameters=float(sum(tables) * width),
            )  # fmt: skip
    else:
        _tables(rec, batch, dims, [1.0] * len(tables))
        with rec.module("interaction"):
            rec.copy(vectors * width * batch, name="concatenate")
            rec.product(batch, float(vectors), float(width), float(vectors), shard="none", name="pairs")
            rec.copy((pairs + width) * batch, name="triangle")
    with rec.module("top"):
        _perceptron(rec, batch, (pairs + width, *dims["top"]))


def _submitted(dims: Dims, job: Job) -> bool:
    """Whether one kernel gathers rows and multiplies them, in INT8: samples are counted as MLPerf does."""
    counted = "pairs" in job.options and RUNTIME_WORDS[2] in job.runtime.lower()
    return bool(dims.get("fused")) and counted and not job.trains and job.precision.startswith("int8")


def _dcn(dims: Dims, rec: Recorder, batch: Any) -> None:
    """Dense features to one more vector, crosses of all values side by side, the second perceptron."""
    values = (len(dims["tables"]) + 1) * dims["width"]
    with rec.module("bottom"):
        _perceptron(rec, batch, (dims["dense"], *dims["bottom"]), first=True)
    _tables(rec, batch, dims, dims["lookups"])
    with rec.module("interaction"):
        rec.copy(values * batch, name="concatenate")
        for _ in range(dims["crosses"]):
            rec.linear(batch, values, dims["rank"], name="narrow")
            rec.linear(batch, dims["rank"], values, bias=True, name="widen")
            rec.pointwise(values * batch, reads=3.0, keeps=2.0, name="cross")
    with rec.module("top"):
        _perceptron(rec, batch, (values, *dims["top"]))


def _tables(rec: Recorder, batch: Any, dims: Dims, lookups: Sequence[float]) -> None:
    """Rows of every table; of tables of this size those alone are updated that were read, without states."""
    with rec.module("embeddings", frozen=rec.training):
        for rows, times in zip(dims["tables"], lookups, strict=True):
            rec.embedding(batch * times, rows, dims["width"], name="table")
    if rec.training:
        with rec.module("update", frozen=True):
            for times in lookups:
                rec.pointwise(dims["width"] * batch * times, reads=2.0, name="update")


def _perceptron(rec: Recorder, batch: Any, widths: Sequence[int], *, first: bool = False) -> None:
    """Dense layers with ReLU between: (B, widths[0]) -> (B, widths[-1])."""
    for i, (inputs, outputs) in enumerate(pairwise(widths)):
        rec.linear(batch, inputs, outputs, bias=True, backward="weight" if first and not i else "full")
        rec.pointwise(outputs * batch, name="relu")
