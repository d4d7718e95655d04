"""Latent diffusion with a transformer: SD3, Flux, PixArt, Sana, HunyuanDiT, and the video models.

The pipeline's parts and dimensions: `whichgpu/workloads/diffusion/pipeline.py`. Option `guidance`
(1: off); `frames` for video, whose unit is `videos`.
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
    "*": {"height": 1024.0, "width": 1024.0, "n_gpus": 1.0},
    "generate": {"batch": 1.0, "steps": 28.0, "precision": "bf16", "runtime": "diffusers"},
    "train": {"batch": 1.0, "precision": "amp-bf16", "runtime": "pytorch-2"},
}
#: One forward pass: the denoiser once.
REFERENCE = {"phase": "train"}
