"""A part of a diffusion pipeline on its own: one pass of its denoiser, or its autoencoder.

Letters: B samples, C channels, T frames, H W height and width (of the latent).

Dimensions: `denoiser` or `vae`, tables as `whichgpu/workloads/diffusion/pipeline.py` has them; `channels` of
the latent; `factor` (8) pixels per latent position; `runs`, which half of the autoencoder works: decoder (the
default), encoder, or both, from picture to picture; the other half is loaded.
`--option frames=21` of the latent, where the denoiser makes videos.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.workloads.diffusion.autoencoders import AUTOENCODERS
from whichgpu.workloads.diffusion.denoisers import DENOISERS
from whichgpu.workloads.diffusion.pipeline import check_multiple, component, known
from whichgpu.workloads.diffusion.shapes import Latent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.workloads.job import Job
    from whichgpu.workloads.recorder import Recorder

PHASES = ("infer", "train")
PHASE_ALIASES = {"generate": "infer", "pretrain": "train", "finetune_full": "train"}
UNIT = "images"
OPTIMIZER = "adamw"
DEFAULTS: dict[str, dict[str, Any]] = {
    "*": {"height": 512.0, "width": 512.0, "n_gpus": 1.0},
    "infer": {"batch": 1.0, "precision": "fp16", "runtime": "diffusers"},
    "train": {"batch": 4.0, "precision": "amp-fp16", "runtime": "pytorch-2"},
}


def forward(dims: Mapping[str, Any], job: Job, rec: Recorder) -> None:
    """(B, C, T, H, W) -> the same, or (B, 3, 8 H, 8 W) by the decoder."""
    factor = float(dims.get("factor", 8))
    check_multiple("height", job.height, factor)
    check_multiple("width", job.width, factor)
    frames = job.option("frames", dims.get("frames", 1.0), least=1.0)
    x = Latent(job.batch, dims["channels"], frames, job.height / factor, job.width / factor)
    if "denoiser" in dims:
        part = dims["denoiser"]
        with rec.module(part["module"]):
            known(DENOISERS, part)(rec, part, x)
        return
    part, runs = component(dims["vae"]), dims.get("runs", "decoder")
    encode, decode = known(AUTOENCODERS, part)
    # A half that does not run has no sizes: small ones do.
    small = Latent(1.0, dims["channels"], 1.0, 8.0, 8.0)
    with rec.module("decoder", repeats=float(runs != "encoder")):
        decode(rec, part, small if runs == "encoder" else x)
    with rec.module("encoder", repeats=float(runs != "decoder")):
        pixels = Latent(job.batch, 3, 1.0, job.height, job.width)
        encode(rec, part, Latent(1.0, 3, 1.0, 64.0, 64.0) if runs == "decoder" else pixels)
