"""ConvMixer: patches, then depthwise convolutions and dense layers at one size.

Trockman and Kolter, "Patches Are All You Need?", figures 2 and 3, table 1.
Letters: B batch, C channels, H W height and width of a feature map.

Dimensions: `patch`, `width`, `layers`, `kernel`, `activation`, `classes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.workloads import images
from whichgpu.workloads.blocks import activate, classifier, image

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "adamw"
DEFAULTS = images.defaults()


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """Patches, layers, mean, head: (B, 3, H, W) -> (B, classes)."""
    side = dims["patch"]
    with rec.module("stem"):
        x = rec.conv(image(job), dims["width"], side, side, padding=0, bias=True, backward="weight")
        _active(rec, x, dims["activation"])
    with rec.module("layers", copies=float(dims["layers"])):
        rec.conv(x, x.channels, dims["kernel"], groups=x.channels, bias=True, name="depthwise")
        _active(rec, x, dims["activation"])
        rec.add(x.elements)
        rec.conv(x, x.channels, 1, bias=True, name="pointwise")
        _active(rec, x, dims["activation"])
    with rec.module("head"):
        classifier(rec, x, dims["classes"])


def _active(rec: Recorder, x: Map, kind: str) -> None:
    """An activation, then a norm."""
    activate(rec, x.elements, kind)
    rec.norm(x.elements, x.channels)
