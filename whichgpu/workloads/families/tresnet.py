"""TResNet: a residual network that starts from patches of 4 x 4 and halves its maps without aliasing.

Ridnik et al., "TResNet: High Performance GPU-Dedicated Architecture", figure 2 and table 1.
Letters: B batch, C channels, H W height and width of a feature map.

Dimensions: `width` (of the first stage), `layers` (per stage), `bottles` (from which stage on blocks are
bottlenecks: 0 or 2), `classes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.workloads import images
from whichgpu.workloads.blocks import activate, classifier, conv_norm, image
from whichgpu.workloads.images import smooth, squeeze_excite

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.workloads.job import Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "sgd"
DEFAULTS = images.defaults()
#: Side of the patches that become channels.
_PATCH = 4
#: Channels of a bottleneck for one inside of it.
_WIDER = 4


def forward(dims: Mapping[str, Any], job: Job, rec: Recorder) -> None:
    """Patches, a 3 x 3, four stages, classifier: (B, 3, H, W) -> (B, classes)."""
    x = image(job)
    with rec.module("stem"):
        x = x._replace(
            channels=x.channels * _PATCH**2, height=x.height // _PATCH, width=x.width // _PATCH
        )  # (B, 48, H/4, W/4)
        rec.copy(x.elements, name="patches")
        x = conv_norm(rec, x, dims["width"], 3, backward="weight")
    for i, layers in enumerate(dims["layers"]):
        inside, bottle, gated = dims["width"] * 2**i, i >= dims["bottles"], i < len(dims["layers"]) - 1
        with rec.module(f"stage{i + 1}"):
            x = _block(rec, x, inside, 2 if i else 1, bottle=bottle, gated=gated)
            with rec.module("rest", copies=float(layers - 1)):
                x = _block(rec, x, inside, 1, bottle=bottle, gated=gated)
    with rec.module("head"):
        classifier(rec, x, dims["classes"])


def _block(rec: Recorder, x: Map, inside: int, stride: int, *, bottle: bool, gated: bool) -> Map:
    """Two 3 x 3, or 1 x 1, 3 x 3, 1 x 1; gate and short cut: -> (B, C', H/stride, W/stride)."""
    y = conv_norm(rec, x, inside, 1) if bottle else x
    y = conv_norm(rec, y, inside, 3)
    if stride > 1:
        y = smooth(rec, y, "blur")
    if not bottle:
        y = conv_norm(rec, y, inside, 3, relu=False)
    if gated:
        squeeze_excite(rec, y, max(inside * _WIDER // 8 if bottle else inside // 4, 64))
    if bottle:
        y = conv_norm(rec, y, inside * _WIDER, 1, relu=False)
    if stride > 1 or x.channels != y.channels:
        short = rec.pool(x, 2, 2, ceil=True, average=True) if stride > 1 else x
        conv_norm(rec, short, y.channels, 1, relu=False, keeps=float(stride > 1), name="shortcut")
    rec.add(y.elements)
    activate(rec, y.elements)
    return y
