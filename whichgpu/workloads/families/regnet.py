"""RegNet X and Y: bottlenecks without a narrow waist, grouped 3 x 3; Y gates the channels.

Radosavovic et al., "Designing Network Design Spaces", tables 2 and 3.
Letters: B batch, C channels, H W height and width of a feature map.

Dimensions: `stem`, `layers` and `widths` (per stage), `group_width`, `squeeze` (of a block's input, the
share that its gate is squeezed to: Y; none: X), `classes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.workloads import images
from whichgpu.workloads.blocks import activate, classifier, conv_norm, image
from whichgpu.workloads.images import squeeze_excite

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.workloads.job import Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "sgd"
DEFAULTS = images.defaults()


def forward(dims: Mapping[str, Any], job: Job, rec: Recorder) -> None:
    """Stem, four stages at stride 2 each, classifier: (B, 3, H, W) -> (B, classes)."""
    with rec.module("stem"):
        x = conv_norm(rec, image(job), dims["stem"], 3, 2, backward="weight")  # (B, C, H/2, W/2)
    for i, (layers, width) in enumerate(zip(dims["layers"], dims["widths"], strict=True)):
        with rec.module(f"stage{i + 1}"):
            x = _block(rec, x, width, 2, dims)
            with rec.module("rest", copies=float(layers - 1)):
                x = _block(rec, x, width, 1, dims) if layers > 1 else x
    with rec.module("head"):
        classifier(rec, x, dims["classes"])


def _block(rec: Recorder, x: Map, width: int, stride: int, dims: Mapping[str, Any]) -> Map:
    """1 x 1, grouped 3 x 3, gate, 1 x 1 and the short cut: (B, C, H, W) -> (B, width, H', W')."""
    y = conv_norm(rec, x, width, 1)
    y = conv_norm(rec, y, width, 3, stride, groups=width // min(width, dims["group_width"]))
    if "squeeze" in dims:
        squeeze_excite(rec, y, round(x.channels * dims["squeeze"]))
    y = conv_norm(rec, y, width, 1, relu=False)
    if stride != 1 or x.channels != width:
        conv_norm(rec, x, width, 1, stride, relu=False, keeps=0.0, name="shortcut")
    rec.add(y.elements)
    activate(rec, y.elements)
    return y
