"""ShuffleNet v2: half of the channels pass a unit untouched, then the halves are shuffled.

Ma et al., "ShuffleNet V2", table 5 and figure 3.
Letters: B batch, C channels, H W height and width of a feature map.

Dimensions: `layers` (units per stage), `widths` (stem, stages, last convolution), `classes`.
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
    """Stem, three stages, last convolution, classifier: (B, 3, H, W) -> (B, classes)."""
    stem, *widths, last = dims["widths"]
    with rec.module("stem"):
        x = conv_norm(rec, image(job), stem, 3, 2, backward="weight")  # (B, C, H/2, W/2)
        x = rec.pool(x, 3, 2, padding=1)  # (B, C, H/4, W/4)
    for i, (width, layers) in enumerate(zip(widths, dims["layers"], strict=True)):
        with rec.module(f"stage{i + 2}"):
            x = _down(rec, x, width)
            with rec.module("rest", copies=float(layers - 1)):
                _unit(rec, x)
    with rec.module("head"):
        x = conv_norm(rec, x, last, 1)
        classifier(rec, x, dims["classes"])


def _down(rec: Recorder, x: Map, out: int) -> Map:
    """Both branches are convolved at stride 2: (B, C, H, W) -> (B, out, H/2, W/2)."""
    half = out // 2
    y = conv_norm(rec, x, x.channels, 3, 2, groups=x.channels, relu=False, name="depthwise")
    conv_norm(rec, y, half, 1, keeps_output=True)
    y = _branch(rec, x, half, stride=2)
    return _shuffle(rec, y._replace(channels=out))


def _unit(rec: Recorder, x: Map) -> None:
    """One half is convolved: (B, C, H, W) -> (B, C, H, W)."""
    half = x.channels // 2
    _branch(rec, x._replace(channels=half), half, stride=1)
    _shuffle(rec, x)


def _branch(rec: Recorder, x: Map, out: int, *, stride: int) -> Map:
    """1 x 1, depthwise 3 x 3, 1 x 1: (B, C, H, W) -> (B, out, H/stride, W/stride)."""
    y = conv_norm(rec, x, out, 1)
    y = conv_norm(rec, y, out, 3, stride, groups=out, relu=False, name="depthwise")
    return conv_norm(rec, y, out, 1, keeps_output=True)


def _shuffle(rec: Recorder, x: Map) -> Map:
    """Concatenation, and the copy that interleaves the halves."""
    rec.copy(x.elements, name="concatenate")
    rec.copy(x.elements, name="shuffle")
    return x
