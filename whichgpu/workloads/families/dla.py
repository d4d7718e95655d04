"""DLA: trees of residual blocks, whose roots gather what all of their branches made.

Yu et al., "Deep Layer Aggregation", figures 2 and 3, table 1; Gao et al., "Res2Net", section 4.2 (blocks of
several scales).
Letters: B batch, C channels, H W height and width of a feature map.

Dimensions: `widths` (of six levels), `depths` (convolutions of the first two levels, of the others the height
of the tree), `block` (basic, bottle, scales), `inside` (channels of a group inside, for 64 of the result),
`groups`, `scales`, `root_add` (a root adds its last child), `classes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.workloads import images
from whichgpu.workloads.blocks import activate, classifier, conv_norm, image
from whichgpu.workloads.residual import scales

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "sgd"
DEFAULTS = images.defaults()


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """A 7 x 7, two levels of convolutions, four trees, classifier: (B, 3, H, W) -> (B, classes)."""
    widths, depths = dims["widths"], dims["depths"]
    with rec.module("stem"):
        x = conv_norm(rec, image(job), widths[0], 7, backward="weight")  # (B, C, H, W)
        for level in (0, 1):
            for i in range(depths[level]):
                x = conv_norm(rec, x, widths[level], 3, 2 if level and not i else 1)  # (B, C, H/2, W/2)
    for level in range(2, 6):
        with rec.module(f"level{level}"):
            x = _tree(rec, x, depths[level], widths[level], 2, dims=dims, also=x.channels if level > 2 else 0)
    with rec.module("head"):
        classifier(rec, x, dims["classes"])


def _tree(rec: Recorder, x: Map, height: int, out: int, stride: int, *, dims: Dims, also: int = 0) -> Map:
    """Two trees, the leaves being blocks, and the root: (B, C, H, W) -> (B, out, H/stride, W/stride).

    `also`: channels of the maps that the last root takes in beside its two children.
    """
    below = rec.pool(x, stride, stride) if stride > 1 else x
    if height > 1:
        y = _tree(rec, x, height - 1, out, stride, dims=dims)
        return _tree(rec, y, height - 1, out, 1, dims=dims, also=also + out)
    if x.channels != out:
        conv_norm(rec, below, out, 1, relu=False, keeps=float(stride > 1), name="shortcut")
    y = _block(rec, _block(rec, x, out, stride, dims), out, 1, dims)
    gathered = y._replace(channels=2 * out + also)
    rec.copy(gathered.elements, name="concatenate")
    y = conv_norm(rec, gathered, out, 1, relu=False, name="root")
    if dims.get("root_add"):
        rec.add(y.elements)
    activate(rec, y.elements)
    return y


def _block(rec: Recorder, x: Map, out: int, stride: int, dims: Dims) -> Map:
    """A residual block: (B, C, H, W) -> (B, out, H/stride, W/stride)."""
    kind, groups = dims["block"], dims.get("groups", 1)
    if kind == "basic":
        y = conv_norm(rec, conv_norm(rec, x, out, 3, stride), out, 3, relu=False)
    else:
        inside = out * dims["inside"] // 64 * groups // 2
        y = conv_norm(rec, x, inside * dims.get("scales", 1), 1)
        if kind == "scales":
            y = scales(rec, y, inside, stride, dims=dims, start=stride > 1)
        else:
            y = conv_norm(rec, y, inside, 3, stride, groups=groups)
        y = conv_norm(rec, y, out, 1, relu=False)
    rec.add(y.elements)
    activate(rec, y.elements)
    return y
