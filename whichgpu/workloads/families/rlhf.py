"""RLHF by PPO: four language models in memory, of which two are trained.

Ouyang et al., "Training language models to follow instructions". One pass: the actor writes answers to a
batch of prompts; the actor, the frozen reference, the critic and the frozen reward model read prompt and
answer once for the advantages; actor and critic then take `ppo_epochs` steps on them. All four have the
dimensions of `base`, a decoder of this zoo; the scalar heads of critic and reward are counted as language
heads, which is what a common start from the same checkpoint gives.
Letters: B prompts, S tokens of a prompt, T tokens of an answer.

Throughput counts the answers' tokens. Everything sits on the same GPU; engines that keep rollouts apart
are not modelled.
Dimensions: `base` (the id of a decoder).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.workloads.families import decoder

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Recorder

PHASES = ("train",)
OPTIONS = ("ppo_epochs",)
PHASE_ALIASES = {"finetune_full": "train", "pretrain": "train"}
UNIT = "tokens"
OPTIMIZER = "adamw"
DEFAULTS: dict[str, dict[str, Any]] = {
    "*": {"n_gpus": 1.0},
    "train": {"batch": 8.0, "input_tokens": 512.0, "output_tokens": 512.0, "precision": "amp-bf16",
              "runtime": "pytorch-2"},
}  # fmt: skip


def units(dims: Dims, job: Job) -> Any:
    """Tokens of the answers."""
    return np.asarray(job.batch, dtype=np.float64) * job.output_tokens


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """Rollout, scoring and the training passes of B prompts."""
    base = _base(dims)
    epochs = job.option("ppo_epochs", 1.0, 1.0)
    reading = replace(job, phase="train", seq_len=job.input_tokens + job.output_tokens)
    # The passes that train come first: they count the weights. Only one model's activations are held.
    for name in ("actor", "critic"):
        with rec.module(name, freed=name == "critic"):
            decoder.forward(base, reading, rec)
        with rec.module(name, repeats=epochs - 1.0, again=True, freed=True):
            decoder.forward(base, reading, rec)
    for name in ("reference", "reward"):
        with rec.module(name, frozen=True):
            decoder.forward(base, reading, rec)
    for name in ("actor", "critic"):
        with rec.module(name, again=True, frozen=True):
            decoder.forward(base, reading, rec)
    with rec.module("actor", again=True, frozen=True):
        decoder.forward(base, replace(job, phase="generate"), rec)


def _base(dims: Dims) -> Dims:
    from whichgpu.workloads.workload import resolve

    return resolve(dims["base"]).dims
