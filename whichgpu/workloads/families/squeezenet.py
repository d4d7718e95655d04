"""SqueezeNet: fire modules, which squeeze to few channels and expand by 1 x 1 and 3 x 3 side by side.

Iandola et al., "SqueezeNet", table 1, as torchvision builds it: no padding in the stem, no normalisation.
Letters: B batch, C channels, H W height and width of a feature map.

Dimensions: `stem` (channels and kernel of the first convolution), `stages` (of each, the fire modules as
[squeeze, expand], where a stage begins with a maximum), `classes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.workloads import images
from whichgpu.workloads.blocks import activate, image

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.workloads.job import Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "sgd"
DEFAULTS = images.defaults()
ADAPTERS = False


def forward(dims: Mapping[str, Any], job: Job, rec: Recorder) -> None:
    """Stem, stages of fire modules, a convolution as the classifier: (B, 3, H, W) -> (B, classes)."""
    channels, kernel = dims["stem"]
    with rec.module("stem"):
        x = _conv(rec, image(job), channels, kernel, stride=2, padding=0, backward="weight")
    for i, fires in enumerate(dims["stages"]):
        with rec.module(f"stage{i + 1}"):
            x = rec.pool(x, 3, 2, ceil=True)
            for squeeze, expand in fires:
                x = _fire(rec, x, squeeze, expand)
    with rec.module("head"):
        rec.dropout(x.elements)
        rec.global_pool(_conv(rec, x, dims["classes"], 1))


def _fire(rec: Recorder, x: Map, squeeze: int, expand: int) -> Map:
    """Squeeze, two expansions side by side: (B, C, H, W) -> (B, 2 expand, H, W)."""
    y = _conv(rec, x, squeeze, 1)
    _conv(rec, y, expand, 1, keeps_output=True)
    _conv(rec, y, expand, 3, keeps=0.0, keeps_output=True)
    x = y._replace(channels=2 * expand)
    rec.copy(x.elements, name="concatenate")
    return x


def _conv(
    rec: Recorder, x: Map, out: int, kernel: int, *, stride: int = 1, padding: int | None = None,
    keeps: float = 1.0, keeps_output: bool = False, backward: str = "full",
) -> Map:  # fmt: skip
    """Convolution with a bias and ReLU."""
    y = rec.conv(x, out, kernel, stride, padding=padding, bias=True, keeps=keeps, backward=backward)
    activate(rec, y.elements, keeps_output=keeps_output)
    return y
