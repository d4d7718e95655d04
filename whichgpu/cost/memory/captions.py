"""What a program that trains a denoiser keeps of its pipeline on the GPU beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.memory.totals import fuller
from whichgpu.cost.memory.widths import widest
from whichgpu.errors import UsageError
from whichgpu.workloads.ops import parameters as by_module
from whichgpu.workloads.precision import precision

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.cost.job.runtime import Runtime
    from whichgpu.workloads.job import Job
    from whichgpu.workloads.workload import Workload

#: What computes captions, and the parameters of the largest text encoder that then lies beside a denoiser.
_AHEAD, _LIVE = "ahead", "live"
_CAPTIONED = 1e9


def frozen_beside(workload: Workload, job: Job, stack: Runtime) -> dict[str, Any]:
    """Bytes of encoders and autoencoder that a script keeps on the GPU beside the denoiser it trains.

    What encoders of more than `trains_beside` parameters make of the captions it computes ahead, and lets
    them go; the option `captions` says it of all (`ahead`, of more than `captioned_beside`) or of none
    (`live`).
    """
    if "trains_beside" not in stack.holds or "vae" not in workload.dims:
        return {}
    asked = job.options.get("captions", "").strip().lower()
    if asked not in ("", _AHEAD, _LIVE):
        raise UsageError(
            f"option captions: '{asked}' is none of {_AHEAD}, {_LIVE}; write captions=ahead where text "
            "encoders leave the GPU before the training"
        )
    stays = str(workload.dims.get("denoiser", {}).get("kind", "")) in stack.holds.get("encoders_stay", ())
    told = {_AHEAD: float(stack.holds.get("captioned_beside", _CAPTIONED)), _LIVE: np.inf}
    most = told.get(asked, np.inf if stays else float(stack.holds["trains_beside"]))
    pipeline = job.changed(phase="generate", precision="", runtime="", options={}, batch=1.0)
    counts = by_module(workload.trace(workload.complete(pipeline)))
    trained = workload.dims["denoiser"]["module"] if "denoiser" in workload.dims else "unet"
    there = (trained, "controlnet")
    frozen = sum(count for module, count in counts.items() if module not in there and count <= most)
    return {"encoders": frozen * precision(job.precision).activation}


#: Bytes of a value in 16 bits.
_NARROW = 2.0
#: Maps alive at an encoder's widest op, a sum, over the three that it reads and writes: by torch's operators.
_ALIVE = 5.0 / 3.0
#: Parts that are there while a step's pictures are encoded.
_THERE = ("weights", "optimizer", "encoders", "context", "communication", "buckets")
#: Words that say that pictures were encoded ahead.
_CACHED = ("cache_latents", "cache latents", "cached latents", "precomput")


def encoding(workload: Workload, job: Job, stack: Runtime, parts: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of a step, or of its beginning where that is fuller: pictures are encoded as it begins.

    They go through the autoencoder together, without gradients, in 16 bits: for one that overflows in FP16
    the commands of those scripts name another. Micro-batches that add up find the gradients of others.
    """
    from whichgpu.workloads.diffusion.pipeline import ENCODED, autoencoder

    ahead = job.options.get("captions", "").strip().lower() == _AHEAD
    said = any(word in job.runtime.lower() for word in _CACHED)
    pictures = "vae" in workload.dims and float(workload.dims.get("factor_frames", 1)) == 1.0
    if not (stack.holds.get("encodes_live") and pictures) or ahead or said:
        return dict(parts)
    asked = job.options.get("vae_precision")
    share = job.batch * job.height * job.width / ENCODED**2
    share = share * (precision(asked).activation / _NARROW if asked else 1.0)
    held = {name: parts[name] for name in _THERE if name in parts}
    several = np.asarray(job.option("grad_accum", 1.0, 1.0) > 1, dtype=np.float64)
    maps = _ALIVE * widest(autoencoder(workload.dims, job, "encoder"))
    began = {**held, "gradients": several * parts["gradients"], "activations": share * maps}
    return fuller(began, parts)


def loading(job: Job, stack: Runtime, parts: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of a step, or as its networks lie on the GPU in FP32 before they are narrowed."""
    size, wide = precision(job.precision).activation, float(stack.holds.get("loads_bytes", 0.0))
    if wide <= size or "encoders" not in parts:
        return dict(parts)
    first = {name: wide / size * parts[name] for name in ("weights", "encoders")}
    return fuller(first | {"context": parts["context"]}, parts)
