"""What models of speech share: how long an utterance is, and throughput in seconds of audio."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.workloads.job import Job

PHASES = ("infer", "train")
PHASE_ALIASES = {"finetune_full": "train", "pretrain": "train"}
UNIT = "audio seconds"
#: Of what makes speech, which is trained first and counts what it makes one after another.
SYNTHESIS = ("train", "infer")
SYNTHESIS_ALIASES = {**PHASE_ALIASES, "generate": "infer"}
#: Frames of a spectrogram in a second.
FRAMES = 100.0


def defaults(infer: float, train: float, trained: str = "amp-fp16", **more: Any) -> dict[str, dict[str, Any]]:
    """Job columns: the batches of inference and of training, the precision of that, and `more` for both."""
    return {
        "*": {"runtime": "pytorch-2", "n_gpus": 1.0, **more},
        "infer": {"batch": infer, "precision": "fp16"},
        "train": {"batch": train, "precision": trained},
    }


def made(dims: Mapping[str, Any], job: Job) -> Any:
    """Mel frames or audio samples that a batch holds, without padding."""
    del dims
    return np.asarray(job.batch, dtype=np.float64) * job.seq_len


def seconds(dims: Mapping[str, Any], job: Job) -> float:
    """Length of an utterance in seconds: option `seconds`, by default the workload's."""
    return job.option("seconds", dims["seconds"], 0.2)


def units(dims: Mapping[str, Any], job: Job) -> Any:
    """Seconds of audio that a batch holds."""
    return np.asarray(job.batch, dtype=np.float64) * seconds(dims, job)
