"""The vision tower of a vision-language model on its own: patches in, tokens for the language model out.

The dimensions are those of the `vision` table of a decoder (see whichgpu/workloads/language/vision.py) and
`patch`, the side of a patch in pixels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.workloads.language.vision import tower

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.workloads.job import Job
    from whichgpu.workloads.recorder import Recorder

PHASES = ("infer", "train")
PHASE_ALIASES = {"finetune_full": "train", "pretrain": "train"}
UNIT = "images"
OPTIMIZER = "adamw"
DEFAULTS: dict[str, dict[str, Any]] = {
    "*": {"runtime": "pytorch-2", "n_gpus": 1.0, "height": 896.0, "width": 896.0},
    "infer": {"batch": 8.0, "precision": "fp16"},
    "train": {"batch": 8.0, "precision": "amp-bf16"},
}


def forward(dims: Mapping[str, Any], job: Job, rec: Recorder) -> None:
    """(B, 3, H, W) -> (B, patches, D) -> (B, tokens, width of the text model)."""
    patch = float(dims["patch"])
    tower(dims, rec, job.batch, patches=(job.height / patch) * (job.width / patch))
