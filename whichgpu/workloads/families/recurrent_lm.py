"""A language model of LSTM layers: words to the next word.

Zaremba et al., "Recurrent Neural Network Regularization", section 4.1: two layers over Penn Treebank,
unrolled for 35 words; Jozefowicz et al., "Exploring the Limits of Language Modeling", section 4.1: states
of 8,192 brought to 1,024 before the next step, training scores a sample of the words alone.
Letters: B sequences, S words, D width, V vocabulary.

Dimensions: `layers`, `hidden`, `vocab`; `projected` (hidden; the width of words and of a layer's result),
`sampled` (words that training scores, and whose rows of both tables alone it updates; all).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.workloads import recurrent
from whichgpu.workloads.blocks import cross_entropy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.workloads.job import Job
    from whichgpu.workloads.recorder import Recorder

PHASES = ("train", "infer")
ADAPTERS = False
PHASE_ALIASES = {"pretrain": "train", "finetune_full": "train"}
UNIT = "tokens"
OPTIMIZER = "sgd"
DEFAULTS: dict[str, dict[str, Any]] = {
    "*": {"seq_len": 35.0, "runtime": "pytorch-2", "n_gpus": 1.0},
    "train": {"batch": 20.0, "precision": "fp32"},
    "infer": {"batch": 20.0, "precision": "fp32"},
}


def units(dims: Mapping[str, Any], job: Job) -> Any:
    """Words."""
    return np.asarray(job.batch, dtype=np.float64) * job.seq_len


def forward(dims: Mapping[str, Any], job: Job, rec: Recorder) -> None:
    """(B, S) -> (B, S, V)."""
    rows, width = job.batch * job.seq_len, dims.get("projected", dims["hidden"])
    sampled = "sampled" in dims and job.trains
    with rec.module("embedding", frozen=sampled):
        rec.embedding(rows, dims["vocab"], width, name="words")
        rec.dropout(width * rows)
    with rec.module("layers", copies=float(dims["layers"])):
        if "projected" in dims:
            _projected(rec, job, width, dims["hidden"])
        else:
            recurrent.layer(rec, job.batch, job.seq_len, width, width)
        rec.dropout(width * rows)
    with rec.module("head"):
        words = dims["sampled"] if sampled else dims["vocab"]
        rec.linear(rows, width, words, bias=True, name="logits")
        if job.trains:
            cross_entropy(rec, rows, words)
    if sampled:
        # The rest of the table of words that are scored lies in memory, and is not touched.
        with rec.module("unscored", frozen=True):
            rec.pointwise(0.0, parameters=float((dims["vocab"] - words) * (width + 1)), name="rows")


def _projected(rec: Recorder, job: Job, width: int, hidden: int) -> None:
    """An LSTM whose state is brought to a smaller width at each step: (B, S, D) -> (B, S, D)."""
    rows = job.batch * job.seq_len
    rec.linear(rows, width, recurrent.LSTM * hidden, bias=True, name="input")
    with rec.module("step", repeats=job.seq_len):
        rec.linear(job.batch, width, recurrent.LSTM * hidden, backward="sequence", name="state")
        rec.pointwise(hidden * job.batch, reads=9.0, writes=2.0, keeps=5.0, name="gates")
        rec.linear(job.batch, hidden, width, backward="sequence", name="projection")
