"""Diffusion put together of parts: of pixels (DDPM, ADM, DeepFloyd IF), of sound, shapes and actions.

What has no latent of pictures for `whichgpu/workloads/diffusion/pipeline.py` to encode or decode, or whose
denoiser has no kind of its own there. Letters: B samples of a job, N samples denoised in one pass.

Dimensions: `sizes` and `unit` as `assembled` has them, and lists of its parts: `step`, the denoiser, which
runs `steps` times over N samples, N = 2 B under classifier-free guidance (`guidance` above 1, the scale by
default), else N = B; `prompt`, what encodes the condition, once over N; `parts`, what runs once over B, as a
decoder. A training step runs the denoiser once over B, on samples and conditions made beforehand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.workloads.families import assembled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.workloads.job import Job
    from whichgpu.workloads.recorder import Recorder

PHASES = ("generate", "train")
PHASE_ALIASES = {"infer": "generate", "pretrain": "train", "finetune_full": "train"}
UNIT = "images"
OPTIMIZER = "adamw"
OPTIONS = assembled.OPTIONS
DEFAULTS: dict[str, dict[str, Any]] = {
    "*": {"height": 256.0, "width": 256.0, "seq_len": 384.0, "n_gpus": 1.0},
    "generate": {"batch": 1.0, "steps": 50.0, "precision": "fp16", "runtime": "diffusers"},
    "train": {"batch": 4.0, "precision": "amp-fp16", "runtime": "pytorch-2"},
}
#: One forward pass: the denoiser once.
REFERENCE = {"phase": "train"}

units = assembled.units


def forward(dims: Mapping[str, Any], job: Job, rec: Recorder) -> None:
    """The condition, the denoiser step by step, what stands around them."""
    size = assembled.size_of(dims, job)
    passes = 1.0 if job.trains else _passes(dims, job)
    steps = 1.0 if job.trains else job.steps
    around = () if job.trains else (("prompt", passes, 1.0), ("parts", 1.0, 1.0))
    for name, samples, times in (("step", passes, steps), *around):
        for part in dims.get(name, ()):
            assembled.record(part, samples * job.batch, size, rec, program=job.runtime, times=times)


def _passes(dims: Mapping[str, Any], job: Job) -> float:
    """Samples denoised for each that is asked for: 2 with classifier-free guidance."""
    return 2.0 if job.option("guidance", dims.get("guidance", 1.0)) > 1.0 else 1.0
