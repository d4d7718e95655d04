"""Dual path networks: part of a block's result is added to what came before, part is put beside it.

Chen et al., "Dual Path Networks", figure 2 and table 1.
Letters: B batch, C channels, H W height and width of a feature map.

Dimensions: `stem` ([channels, kernel]), `layers` (blocks per stage), `added` and `inside` (channels added,
and of the middle convolutions, in the first stage; twice as many in each later one), `beside` (channels put
beside by each block, per stage), `groups`, `apart` (the last 1 x 1 is two), `activation`, `classes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.workloads import images
from whichgpu.workloads.blocks import activate, classifier, conv_norm, image

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "sgd"
DEFAULTS = images.defaults()


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """Stem, four stages, classifier: (B, 3, H, W) -> (B, classes)."""
    act = dims["activation"]
    with rec.module("stem"):
        width, kernel = dims["stem"]
        x = conv_norm(rec, image(job), width, kernel, 2, activation=act, backward="weight")
        x = rec.pool(x, 3, 2, padding=1)
    for i, (layers, beside) in enumerate(zip(dims["layers"], dims["beside"], strict=True)):
        with rec.module(f"stage{i + 1}"):
            for layer in range(layers):
                x = _block(rec, x, i, beside, dims, first=not layer)
    with rec.module("head"):
        _normed(rec, x, "relu")
        classifier(rec, x, dims["classes"])


def _block(rec: Recorder, x: Map, stage: int, beside: int, dims: Dims, *, first: bool) -> Map:
    """1 x 1, grouped 3 x 3, 1 x 1: (B, C, H, W) -> (B, C + beside, H, W), or a new start of half the size."""
    act, added, inside = dims["activation"], dims["added"] * 2**stage, dims["inside"] * 2**stage
    stride = 2 if first and stage else 1
    kept = x.channels
    if first:
        kept = added + 2 * beside
        rec.conv(_normed(rec, x, act), kept, 1, stride, name="shortcut")
    y = rec.conv(_normed(rec, x, act), inside, 1)
    y = rec.conv(_normed(rec, y, act), inside, 3, stride, groups=dims["groups"])
    _normed(rec, y, act)
    for i, out in enumerate((added, beside) if dims.get("apart") else (added + beside,)):
        rec.conv(y, out, 1, bias=False, keeps=float(not i))
    rec.add(added * y.pixels)
    y = y._replace(channels=kept + beside)
    rec.copy(y.elements, name="concatenate")
    return y


def _normed(rec: Recorder, x: Map, act: str) -> Map:
    rec.norm(x.elements, x.channels)
    activate(rec, x.elements, act)
    return x
