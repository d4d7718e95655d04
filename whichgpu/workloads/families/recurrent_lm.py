"""A language model of LSTM layers: words to the next word.

Zaremba et al., "Recurrent Neural Network Regularization", section 4.1: two layers over Penn Treebank,
unrolled for 35 words.
Letters: B sequences, S words, D width, V vocabulary.

Dimensions: `layers`, `hidden`, `vocab`.
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
    rows, width = job.batch * job.seq_len, dims["hidden"]
    with rec.module("embedding"):
        rec.embedding(rows, dims["vocab"], width, name="words")
        rec.dropout(width * rows)
    with rec.module("layers", copies=float(dims["layers"])):
        recurrent.layer(rec, job.batch, job.seq_len, width, width)
        rec.dropout(width * rows)
    with rec.module("head"):
        rec.linear(rows, width, dims["vocab"], bias=True, name="logits")
        if job.trains:
            cross_entropy(rec, rows, dims["vocab"])
