"""DenseNet: each layer reads all the layers of its block before it, and adds `growth` channels.

Huang et al., "Densely Connected Convolutional Networks", table 1. The layers of a block differ in the
channels that come in and in nothing else, and all counts are linear in those: the mean layer stands for
each of them, so that totals are exact.
Letters: B batch, C channels, G growth, H W height and width of a feature map.

Dimensions: `stem`, `growth`, `layers` (per block), `bottleneck` (of G, the width between the
convolutions of a layer), `classes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.workloads import images
from whichgpu.workloads.blocks import activate, classifier, conv_norm, image

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.workloads.job import Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "sgd"
DEFAULTS = images.defaults()


def forward(dims: Mapping[str, Any], job: Job, rec: Recorder) -> None:
    """Stem, dense blocks with a transition between, classifier: (B, 3, H, W) -> (B, classes)."""
    growth, blocks = dims["growth"], dims["layers"]
    with rec.module("stem"):
        x = conv_norm(rec, image(job), dims["stem"], 7, 2, backward="weight")  # (B, C, H/2, W/2)
        x = rec.pool(x, 3, 2, padding=1)  # (B, C, H/4, W/4)
    for i, layers in enumerate(blocks):
        mean = x.channels + growth * (layers - 1) // 2
        with rec.module(f"block{i + 1}"), rec.module("layers", copies=float(layers)):
            _layer(rec, x._replace(channels=mean), growth, dims["bottleneck"])
        x = x._replace(channels=x.channels + layers * growth)
        if i < len(blocks) - 1:
            with rec.module(f"transition{i + 1}"):
                x = _transition(rec, x)  # (B, C/2, H/2, W/2)
    with rec.module("head"):
        _norm(rec, x)
        classifier(rec, x, dims["classes"])


def _layer(rec: Recorder, x: Map, growth: int, bottleneck: int) -> None:
    """Concatenation, norm, 1 x 1, norm, 3 x 3: (B, C, H, W) -> (B, G, H, W)."""
    rec.copy(x.elements, name="concatenate")
    _norm(rec, x)
    y = conv_norm(rec, x, bottleneck * growth, 1)  # (B, 4 G, H, W)
    rec.conv(y, growth, 3)


def _transition(rec: Recorder, x: Map) -> Map:
    """Norm, 1 x 1 and a 2 x 2 mean: (B, C, H, W) -> (B, C/2, H/2, W/2)."""
    rec.copy(x.elements, name="concatenate")
    _norm(rec, x)
    return rec.pool(rec.conv(x, x.channels // 2, 1), 2, 2, average=True)


def _norm(rec: Recorder, x: Map) -> None:
    rec.norm(x.elements, x.channels, name="conv_norm")
    activate(rec, x.elements)
