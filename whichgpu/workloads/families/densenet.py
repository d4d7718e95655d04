"""DenseNet: each layer reads all the layers of its block before it, and adds `growth` channels.

Huang et al., "Densely Connected Convolutional Networks", table 1. The layers of a block differ in the
channels that come in and in nothing else, and all counts are linear in those: the mean layer stands for
each of them, so that totals are exact.
Letters: B batch, C channels, G growth, H W height and width of a feature map.

Dimensions: `stem` (channels of one 7 x 7, or of three 3 x 3), `smooth` (blur, where maps are halved),
`growth`, `layers` (per block), `bottleneck` (of G, the width between the convolutions of a layer),
`classes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.workloads import images
from whichgpu.workloads.blocks import activate, classifier, conv_norm, image
from whichgpu.workloads.images import smooth

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
        x = _stem(rec, image(job), dims)  # (B, C, H/4, W/4)
    for i, layers in enumerate(blocks):
        mean = x.channels + growth * (layers - 1) // 2
        with rec.module(f"block{i + 1}"), rec.module("layers", copies=float(layers)):
            _layer(rec, x._replace(channels=mean), growth, dims["bottleneck"])
        x = x._replace(channels=x.channels + layers * growth)
        if i < len(blocks) - 1:
            with rec.module(f"transition{i + 1}"):
                x = _transition(rec, x, dims.get("smooth", "mean"))  # (B, C/2, H/2, W/2)
    with rec.module("head"):
        _norm(rec, x)
        classifier(rec, x, dims["classes"])


def _stem(rec: Recorder, x: Map, dims: Mapping[str, Any]) -> Map:
    """7 x 7, or three 3 x 3, and a maximum: (B, 3, H, W) -> (B, C, H/4, W/4)."""
    widths, kind = dims["stem"], dims.get("smooth", "")
    if isinstance(widths, int):
        x = conv_norm(rec, x, widths, 7, 2, backward="weight")
    else:
        for i, width in enumerate(widths):
            x = conv_norm(rec, x, width, 3, 1 if i else 2, backward="full" if i else "weight")
    x = rec.pool(x, 3, 1 if kind else 2, padding=1)
    return smooth(rec, x, kind) if kind else x


def _layer(rec: Recorder, x: Map, growth: int, bottleneck: int) -> None:
    """Concatenation, norm, 1 x 1, norm, 3 x 3: (B, C, H, W) -> (B, G, H, W)."""
    rec.copy(x.elements, name="concatenate")
    _norm(rec, x)
    y = conv_norm(rec, x, bottleneck * growth, 1)  # (B, 4 G, H, W)
    rec.conv(y, growth, 3)


def _transition(rec: Recorder, x: Map, kind: str) -> Map:
    """Norm, 1 x 1 and a 2 x 2 mean or a blur: (B, C, H, W) -> (B, C/2, H/2, W/2)."""
    rec.copy(x.elements, name="concatenate")
    _norm(rec, x)
    return smooth(rec, rec.conv(x, x.channels // 2, 1), kind)


def _norm(rec: Recorder, x: Map) -> None:
    rec.norm(x.elements, x.channels, name="conv_norm")
    activate(rec, x.elements)
