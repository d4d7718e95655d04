"""CSPNeXt, the backbone of RTMDet: half of a stage's channels pass by its blocks (3 x 3, depthwise 5 x 5).

Lyu et al., "RTMDet: An Empirical Study of Designing Real-Time Object Detectors", figure 3.
Letters: B batch, C channels, H W height and width of a feature map.

Dimensions: `widths` and `layers` (per stage; the last has maxima of three sides before it, and blocks
without short cuts), `activation`, `classes`; optionally `points` of a body in the place of classes (Jiang et
al., "RTMPose").
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.workloads import images
from whichgpu.workloads.blocks import classifier, conv_norm, image
from whichgpu.workloads.images import gate_by_mean

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "adamw"
DEFAULTS = images.defaults()
#: Widths of RTMPose's gated attention: outside, of the gates, of queries and keys.
_GATED, _WIDE, _KEYS = 256, 512, 128
#: Sides of the maxima before the last stage's blocks.
_MAXIMA = (5, 9, 13)


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """Stem, four stages, classifier: (B, 3, H, W) -> (B, classes)."""
    kind, stem = dims["activation"], dims["widths"][0] // 2
    with rec.module("stem"):
        x = conv_norm(rec, image(job), stem // 2, 3, 2, activation=kind, backward="weight")
        x = conv_norm(rec, conv_norm(rec, x, stem // 2, 3, activation=kind), stem, 3, activation=kind)
    last = len(dims["widths"]) - 1
    for i, (width, layers) in enumerate(zip(dims["widths"], dims["layers"], strict=True)):
        with rec.module(f"stage{i + 1}"):
            x = conv_norm(rec, x, width, 3, 2, activation=kind)
            x = _maxima(rec, x, kind) if i == last else x
            x = _stage(rec, x, layers, kind, short=i < last)
    with rec.module("head"):
        if "points" in dims:
            _points(rec, x, dims["points"])
        else:
            classifier(rec, x, dims["classes"])


def _points(rec: Recorder, x: Map, points: int) -> None:
    """A map a point of a body, a gated attention over the points, two bins a pixel of each side."""
    y = rec.conv(x, points, 7, bias=True)
    rows = y.channels * y.batch
    rec.norm(y.elements, 1, parameters=1)
    # Of the usual 8 x 6 positions and the bins of 256 x 192: little, whatever the picture.
    rec.linear(rows, 48, _GATED, bias=False, name="tokens")
    rec.linear(rows, _GATED, 2 * _WIDE + _KEYS, bias=False, name="gates")
    rec.attention(y.batch, 1, points, points, _WIDE)
    rec.linear(rows, _WIDE, _GATED, bias=False, name="out")
    for name, bins in (("across", 384), ("down", 512)):
        rec.linear(rows, _GATED, bins, bias=False, name=name)


def _maxima(rec: Recorder, x: Map, kind: str) -> Map:
    """Half of the channels, beside their maxima over three sides, mixed by a 1 x 1: shape unchanged."""
    y = conv_norm(rec, x, x.channels // 2, 1, activation=kind)
    for side in _MAXIMA:
        rec.pool(y, side, 1, padding=side // 2, keeps=float(side == _MAXIMA[0]))
    joined = y._replace(channels=y.channels * (1 + len(_MAXIMA)))
    rec.copy(joined.elements, name="concatenate")
    return conv_norm(rec, joined, x.channels, 1, activation=kind)


def _stage(rec: Recorder, x: Map, layers: int, kind: str, *, short: bool) -> Map:
    """Half of the channels through the blocks, half past them, a gate over both, a 1 x 1: shape unchanged."""
    half = x.channels // 2
    conv_norm(rec, x, half, 1, activation=kind, name="past")
    y = conv_norm(rec, x, half, 1, activation=kind, keeps=0.0)
    with rec.module("layers", copies=float(layers)):
        z = conv_norm(rec, y, half, 3, activation=kind)
        z = conv_norm(rec, z, half, 5, groups=half, activation=kind, name="depthwise")
        conv_norm(rec, z, half, 1, activation=kind)
        if short:
            rec.add(y.elements)
    rec.copy(x.elements, name="concatenate")
    gate_by_mean(rec, x)
    return conv_norm(rec, x, x.channels, 1, activation=kind)
