"""FasterNet: a 3 x 3 on a part of the channels, then a perceptron on all of them.

Chen et al., "Run, Don't Walk: Chasing Higher FLOPS for Faster Neural Networks", figures 4 and 5, table 1.
Letters: B batch, C channels, H W height and width of a feature map.

Dimensions: `width` (of the first stage; it doubles), `layers` (per stage), `features` (channels of a last
1 x 1), `activation`, `classes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.workloads import images
from whichgpu.workloads.blocks import activate, conv_norm, image

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.workloads.job import Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "adamw"
DEFAULTS = images.defaults()
#: Of the channels, the share that the 3 x 3 sees; channels inside of the perceptron for one of the stage's.
_SEEN, _FFN = 4, 2


def forward(dims: Mapping[str, Any], job: Job, rec: Recorder) -> None:
    """Patches, four stages, mean, a last 1 x 1, classifier: (B, 3, H, W) -> (B, classes)."""
    kind, x = dims["activation"], image(job)
    for i, layers in enumerate(dims["layers"]):
        side = 2 if i else 4
        with rec.module(f"stage{i + 1}"):
            x = conv_norm(rec, x, dims["width"] * 2**i, side, side, padding=0, relu=False,
                          backward="full" if i else "weight", name="merge")  # fmt: skip
            with rec.module("layers", copies=float(layers)):
                _layer(rec, x, kind)
    with rec.module("head"):
        rec.global_pool(x)
        rec.linear(x.batch, x.channels, dims["features"], name="features")
        activate(rec, dims["features"] * x.batch, kind)
        rec.linear(x.batch, dims["features"], dims["classes"], bias=True, name="fc")


def _layer(rec: Recorder, x: Map, kind: str) -> None:
    """3 x 3 on the first channels, joined with the others, perceptron, short cut: shape unchanged."""
    # A part of a map holds all of it.
    rec.conv(
        x._replace(channels=x.channels // _SEEN), x.channels // _SEEN, 3, keeps=float(_SEEN), name="partial"
    )
    rec.copy(x.elements, name="concatenate")
    rec.conv(conv_norm(rec, x, _FFN * x.channels, 1, activation=kind), x.channels, 1, name="down")
    rec.add(x.elements)
