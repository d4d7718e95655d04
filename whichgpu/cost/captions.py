"""What a program that trains a denoiser keeps of its pipeline on the GPU beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.errors import UsageError
from whichgpu.workloads.ops import parameters as by_module
from whichgpu.workloads.precision import precision

if TYPE_CHECKING:
    from whichgpu.cost.runtime import Runtime
    from whichgpu.workloads.job import Job
    from whichgpu.workloads.workload import Workload

#: Parameters of the largest text encoder that lies beside a denoiser in training, by what computes captions.
_CAPTIONS = {"ahead": 1e9, "live": np.inf}


def frozen_beside(workload: Workload, job: Job, stack: Runtime) -> dict[str, Any]:
    """Bytes of encoders and autoencoder that a script keeps on the GPU beside the denoiser it trains.

    What encoders of more than `trains_beside` parameters make of the captions it computes ahead, and lets
    them go; the option `captions` says it of all (`ahead`, of more than 1e9) or of none (`live`).
    """
    most = stack.holds.get("trains_beside")
    if not (most and "vae" in workload.dims):
        return {}
    asked = job.options.get("captions", "").strip().lower()
    if asked not in ("", *_CAPTIONS):
        raise UsageError(
            f"option captions: '{asked}' is none of {', '.join(_CAPTIONS)}; write captions=ahead where text "
            "encoders leave the GPU before the training"
        )
    most = _CAPTIONS.get(asked, most)
    pipeline = job.changed(phase="generate", precision="", runtime="", options={}, batch=1.0)
    counts = by_module(workload.trace(workload.complete(pipeline)))
    trained = workload.dims["denoiser"]["module"] if "denoiser" in workload.dims else "unet"
    frozen = sum(count for module, count in counts.items() if module != trained and count <= most)
    return {"encoders": frozen * precision(job.precision).activation}
