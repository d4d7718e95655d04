"""Latent diffusion with a U-Net: Stable Diffusion 1, 2 and XL, Kandinsky, Stable Video Diffusion.

The pipeline's parts and dimensions: `whichgpu/workloads/diffusion/pipeline.py`. Option `guidance`
(1: off); `frames` for video.
"""

from __future__ import annotations

from typing import Any

from whichgpu.workloads.diffusion.pipeline import forward

__all__ = ["DEFAULTS", "OPTIMIZER", "PHASES", "PHASE_ALIASES", "REFERENCE", "UNIT", "forward"]

PHASES = ("generate", "train")
PHASE_ALIASES = {"infer": "generate", "pretrain": "train", "finetune_full": "train"}
UNIT = "images"
OPTIMIZER = "adamw"
DEFAULTS: dict[str, dict[str, Any]] = {
    "*": {"height": 512.0, "width": 512.0, "n_gpus": 1.0},
    "generate": {"batch": 1.0, "steps": 50.0, "precision": "fp16", "runtime": "diffusers"},
    "train": {"batch": 4.0, "precision": "amp-fp16", "runtime": "pytorch-2"},
}
#: One forward pass: the denoiser once.
REFERENCE = {"phase": "train"}
