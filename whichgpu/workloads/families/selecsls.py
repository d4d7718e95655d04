"""SelecSLS: blocks of 3 x 3 and 1 x 1 that gather their own halves and the map that a group began with.

Mehta et al., "XNect: Real-time Multi-Person 3D Motion Capture", figure 3 and section 4.2.
Letters: B batch, C channels, H W height and width of a feature map.

Dimensions: `stem` (channels), `blocks`, rows of [channels inside, channels, stride; 2 begins a group],
`tail`, rows of [channels, kernel, stride], `classes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.workloads import images
from whichgpu.workloads.blocks import classifier, conv_norm, image

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.workloads.job import Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "sgd"
DEFAULTS = images.defaults()


def forward(dims: Mapping[str, Any], job: Job, rec: Recorder) -> None:
    """A 3 x 3, blocks, the tail, classifier: (B, 3, H, W) -> (B, classes)."""
    with rec.module("stem"):
        x = conv_norm(rec, image(job), dims["stem"], 3, 2, backward="weight")  # (B, C, H/2, W/2)
    began = x
    for i, (inside, out, stride) in enumerate(dims["blocks"]):
        with rec.module(f"block{i + 1}"):
            x = _block(rec, x, inside, out, stride, also=0 if stride > 1 else began.channels)
        began = x if stride > 1 else began
    with rec.module("tail"):
        for out, kernel, stride in dims["tail"]:
            x = conv_norm(rec, x, out, kernel, stride, padding=None if kernel > 1 else 0)
    with rec.module("head"):
        classifier(rec, x, dims["classes"])


def _block(rec: Recorder, x: Map, inside: int, out: int, stride: int, *, also: int) -> Map:
    """Three maps, one after another, gathered with `also` channels more: -> (B, out, H/stride, W/stride)."""
    y = conv_norm(rec, x, inside, 3, stride, keeps_output=True)
    half = conv_norm(rec, conv_norm(rec, y, inside, 1, keeps=0.0), inside // 2, 3, keeps_output=True)
    conv_norm(rec, conv_norm(rec, half, inside, 1, keeps=0.0), inside // 2, 3)
    gathered = y._replace(channels=2 * inside + also)
    rec.copy(gathered.elements, name="concatenate")
    return conv_norm(rec, gathered, out, 1)
