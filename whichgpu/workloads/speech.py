"""What models of speech share: how long an utterance is, and throughput in seconds of audio."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.workloads.job import Job

UNIT = "audio seconds"
#: Frames of a spectrogram in a second.
FRAMES = 100.0


def seconds(dims: Mapping[str, Any], job: Job) -> float:
    """Length of an utterance in seconds: option `seconds`, by default the workload's."""
    return job.option("seconds", dims["seconds"], 0.2)


def units(dims: Mapping[str, Any], job: Job) -> Any:
    """Seconds of audio that a batch holds."""
    return np.asarray(job.batch, dtype=np.float64) * seconds(dims, job)
