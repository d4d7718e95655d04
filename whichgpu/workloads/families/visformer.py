"""Visformer: convolutions in place of attention while maps are large, batch norms throughout.

Chen et al., "Visformer: The Vision-friendly Transformer", figure 2 and table 3.
Letters: B batch, C channels, H W height and width of a feature map.

Dimensions: `image` (side that the learned positions are for), `stem` (channels), `width` (of the second
stage; half of it in the first, twice in the third), `layers` (per stage), `heads`, `groups` (of the 3 x 3),
`classes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.workloads import images
from whichgpu.workloads.blocks import activate, classifier, conv_norm, image

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "adamw"
DEFAULTS = images.defaults()


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """A 7 x 7, three stages, norm, mean, head: (B, 3, H, W) -> (B, classes)."""
    with rec.module("stem"):
        x = conv_norm(rec, image(job), dims["stem"], 7, 2, backward="weight")
    reduction = 2
    for i, layers in enumerate(dims["layers"]):
        width, side = dims["width"] * 2**i // 2, 2 if i else 4
        reduction *= side
        with rec.module(f"stage{i + 1}"):
            x = conv_norm(rec, x, width, side, side, padding=0, bias=True, relu=False, name="patches")
            held = float(width * (dims["image"] // reduction) ** 2)
            rec.pointwise(x.elements, wide=True, parameters=held, name="positions")
            with rec.module("layers", copies=float(layers)):
                if i:
                    _attention(rec, x, dims["heads"])
                    _perceptron(rec, x, 4 * width)
                else:
                    _perceptron(rec, x, 2 * width, groups=dims["groups"])
    with rec.module("head"):
        _norm(rec, x)
        classifier(rec, x, dims["classes"])


def _attention(rec: Recorder, x: Map, heads: int) -> None:
    """Norm, attention of all places to all, short cut: shape unchanged."""
    width, places = x.channels, x.height * x.width
    _norm(rec, x)
    rec.conv(x, 3 * width, 1, name="qkv")
    rec.pointwise(3 * x.elements, name="heads_first")
    rec.attention(x.batch, heads, places, places, width // heads, biased=True)  # its own code writes it out
    rec.pointwise(x.elements, name="heads_last")
    rec.conv(x, width, 1, name="out")
    rec.add(x.elements, wide=True)


def _perceptron(rec: Recorder, x: Map, hidden: int, *, groups: int = 0) -> None:
    """Norm, 1 x 1 (a grouped 3 x 3) 1 x 1, short cut: shape unchanged."""
    _norm(rec, x)
    y = rec.conv(x, hidden, 1, name="up")
    activate(rec, y.elements, "gelu")
    if groups:
        y = rec.conv(y, hidden, 3, groups=groups, name="grouped")
        activate(rec, y.elements, "gelu")
    rec.conv(y, x.channels, 1, name="down")
    rec.add(x.elements, wide=True)


def _norm(rec: Recorder, x: Map) -> None:
    """Batch normalisation of what learned positions in FP32 have widened."""
    rec.norm(x.elements, x.channels, wide=True)
    rec.narrow(x.elements)
