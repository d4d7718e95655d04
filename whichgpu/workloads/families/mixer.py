"""MLP-Mixer: perceptrons over the tokens of each channel, then over the channels of each token.

Tolstikhin et al., "MLP-Mixer", table 1.
Letters: B batch, S tokens of an image, D width of a token, P side of a patch.

Dimensions: `image` (the only side it takes, in pixels), `patch`, `width`, `layers`, `token_ffn`, `ffn`,
`classes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.errors import UsageError
from whichgpu.workloads import images
from whichgpu.workloads.blocks import image
from whichgpu.workloads.images import join, layer_norm, perceptron

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.workloads.job import Job
    from whichgpu.workloads.recorder import Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "adamw"
DEFAULTS = images.defaults()


def forward(dims: Mapping[str, Any], job: Job, rec: Recorder) -> None:
    """Patches, layers, mean, classifier: (B, 3, H, W) -> (B, S, D) -> (B, classes)."""
    side, width, patch = dims["image"], dims["width"], dims["patch"]
    if np.any(job.height != side) or np.any(job.width != side):
        raise UsageError(f"resolution: the dense layers over tokens fit {side} x {side} only; give {side}")
    tokens = (side // patch) ** 2
    rows = tokens * job.batch
    with rec.module("stem"):
        rec.conv(image(job), width, patch, patch, padding=0, bias=True, backward="weight", name="patches")
    with rec.module("layers", copies=float(dims["layers"])):
        layer_norm(rec, width * rows, width)
        rec.copy(width * rows, name="transpose")
        perceptron(rec, width * job.batch, tokens, dims["token_ffn"])  # (B, D, S)
        join(rec, rows, width)
        layer_norm(rec, width * rows, width)
        perceptron(rec, rows, width, dims["ffn"])  # (B, S, D)
        join(rec, rows, width)
    with rec.module("head"):
        layer_norm(rec, width * rows, width)
        rec.pointwise(width * rows, writes=1.0 / tokens, name="mean")
        rec.linear(job.batch, width, dims["classes"], bias=True, name="fc")
