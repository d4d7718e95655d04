"""MLP-Mixer, ResMLP, gMLP: perceptrons over the tokens of each channel, then over the channels of each token.

Tolstikhin et al., "MLP-Mixer", table 1; Touvron et al., "ResMLP", section 2 (one dense layer over the
tokens, scales in place of norms); Liu et al., "Pay Attention to MLPs", figure 1 (half of the channels gates
the other).
Letters: B batch, S tokens of an image, D width of a token, P side of a patch.

Dimensions: `image` (the only side it takes, in pixels), `patch`, `width`, `layers`, `token_ffn`, `ffn`,
`classes`; `kind` (mixer, gated: SwiGLU in place of GELU, affine: ResMLP, spatial: gMLP).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.errors import UsageError
from whichgpu.workloads import images
from whichgpu.workloads.blocks import activate, image
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
    kind = dims.get("kind", "mixer")
    with rec.module("layers", copies=float(dims["layers"])):
        if kind == "spatial":
            _spatial(rec, job.batch, tokens, width, dims["ffn"])
        else:
            _norm(rec, width * rows, width, kind)
            rec.copy(width * rows, name="transpose")
            if kind == "affine":
                rec.linear(width * job.batch, tokens, tokens, bias=True, name="tokens")
            else:
                perceptron(
                    rec, width * job.batch, tokens, dims["token_ffn"], gated=kind == "gated"
                )  # (B, D, S)
            join(rec, rows, width, layer_scale=kind == "affine")
            _norm(rec, width * rows, width, kind)
            perceptron(rec, rows, width, dims["ffn"], gated=kind == "gated")  # (B, S, D)
            join(rec, rows, width, layer_scale=kind == "affine")
    with rec.module("head"):
        _norm(rec, width * rows, width, kind)
        rec.pointwise(width * rows, writes=1.0 / tokens, name="mean")
        rec.linear(job.batch, width, dims["classes"], bias=True, name="fc")


def _norm(rec: Recorder, elements: Any, width: int, kind: str) -> None:
    """LayerNorm, or a scale and a shift of each channel alone."""
    if kind == "affine":
        rec.pointwise(elements, keeps=1.0, wide=True, parameters=2.0 * width, name="affine")
        rec.narrow(elements)
    else:
        layer_norm(rec, elements, width)


def _spatial(rec: Recorder, batch: Any, tokens: int, width: int, hidden: int) -> None:
    """A dense layer, half of its channels mixed over the tokens to gate the others, a dense layer back."""
    rows, half = tokens * batch, hidden // 2
    layer_norm(rec, width * rows, width)
    rec.linear(rows, width, hidden, bias=True, name="up")
    activate(rec, hidden * rows, "gelu")
    layer_norm(rec, half * rows, half)
    rec.copy(half * rows, name="transpose")
    rec.linear(half * batch, tokens, tokens, bias=True, name="tokens")
    rec.pointwise(half * rows, reads=2.0, keeps=2.0, name="gate")
    rec.linear(rows, half, width, bias=True, name="down")
    join(rec, rows, width)
