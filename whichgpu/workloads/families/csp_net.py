"""CSPNet, Darknet and their kin: part of a stage's channels pass its blocks by.

Wang et al., "CSPNet", figure 3; Redmon and Farhadi, "YOLOv3", table 1 (Darknet-53, without a crossing path).
Letters: B batch, C channels, H W height and width of a feature map.

Dimensions: `stem` (channels of its convolutions), `stem_kernel`, `stem_stride` (1, 2 or 4), `stem_pool` (the
second half of 4 is a maximum), `stages`, rows of [kind, block, layers, channels, stride, groups, expansion,
channels of a block and, inside of it, as shares]; `cross_linear` (no activation after the expansion),
`grows` (a stage widens as it halves), `mean_down` (by a mean and a 1 x 1), `squeeze` (share inside of a
gate), `activation`, `classes`. Kinds: csp (a 1 x 1 after the blocks as well), cs3, dark (no crossing path);
blocks: bottle, dark, edge.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.values import NamedTuple
from whichgpu.workloads import images
from whichgpu.workloads.blocks import activate, classifier, conv_norm, image
from whichgpu.workloads.images import round_channels, squeeze_excite

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "sgd"
DEFAULTS = images.defaults()


class _Stage(NamedTuple):
    """One row of `stages`."""

    kind: str
    block: str
    layers: int
    channels: int
    stride: int
    groups: int
    expansion: float
    share: float
    inside: float


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """Stem, stages, classifier: (B, 3, H, W) -> (B, classes)."""
    with rec.module("stem"):
        x = _stem(rec, image(job), dims)
    for i, row in enumerate(dims["stages"]):
        with rec.module(f"stage{i + 1}"):
            x = _stage(rec, x, _Stage(*row), dims)
    with rec.module("head"):
        classifier(rec, x, dims["classes"])


def _stem(rec: Recorder, x: Map, dims: Dims) -> Map:
    """Convolutions, the first of stride 2 where the stem halves: (B, 3, H, W) -> (B, C, H', W')."""
    widths, stride, pool = dims["stem"], dims["stem_stride"], dims.get("stem_pool", False)
    for i, width in enumerate(widths):
        first, last = not i and stride > 1, i == len(widths) - 1 and stride > 2 and not pool
        kernel = dims["stem_kernel"]
        x = conv_norm(rec, x, width, kernel, 2 if first or last else 1, padding=2 if kernel == 6 else None,
                      activation=dims["activation"], backward="full" if i else "weight")  # fmt: skip
    return rec.pool(x, 3, 2, padding=1) if pool else x


def _stage(rec: Recorder, x: Map, one: _Stage, dims: Dims) -> Map:
    """Halve, expand, blocks on one half, both joined and mixed: -> (B, channels, H/stride, W/stride)."""
    act, out = dims["activation"], one.channels
    wide = out if one.kind == "dark" or dims.get("grows") else x.channels
    if dims.get("mean_down"):
        x = conv_norm(rec, rec.pool(x, 2, 2, average=True), out, 1, groups=one.groups, activation=act)
    elif one.stride > 1 or one.kind == "dark":
        x = conv_norm(rec, x, wide, 3, one.stride, groups=one.groups, activation=act)
    if one.kind == "dark":
        return _blocks(rec, x, one, dims)
    expanded = round(out * one.expansion)
    x = conv_norm(rec, x, expanded, 1, relu=not dims.get("cross_linear"), activation=act)
    y = _blocks(rec, x._replace(channels=expanded // 2), one, dims)
    if one.kind == "csp":
        y = conv_norm(rec, y, expanded // 2, 1, activation=act)
    joined = y._replace(channels=y.channels + expanded // 2)
    rec.copy(joined.elements, name="concatenate")
    return conv_norm(rec, joined, out, 1, activation=act)


def _blocks(rec: Recorder, x: Map, one: _Stage, dims: Dims) -> Map:
    """The blocks of a stage, each with its short cut: -> (B, a share of the channels, H, W)."""
    x = _block(rec, x, one, dims)
    if one.layers > 1:
        with rec.module("rest", copies=float(one.layers - 1)):
            x = _block(rec, x, one, dims)
    return x


def _block(rec: Recorder, x: Map, one: _Stage, dims: Dims) -> Map:
    """1 x 1 and 3 x 3 (dark), 3 x 3 and 1 x 1 (edge), or 1 x 1, 3 x 3, 1 x 1 (bottle)."""
    act, out, groups = dims["activation"], round(one.channels * one.share), one.groups
    inside = round(out * one.inside)
    edge = one.block == "edge"
    y = conv_norm(rec, x, inside, 3 if edge else 1, groups=groups if edge else 1, activation=act)
    if one.block == "bottle":
        y = conv_norm(rec, y, inside, 3, groups=groups, activation=act)
    if "squeeze" in dims:
        squeezed = round_channels(y.channels * dims["squeeze"], 8, least=0.0)
        squeeze_excite(rec, y, squeezed, activation=act)
    if one.block == "dark":
        # A slope's result is kept for its own gradient, and read by the sum alone.
        y = conv_norm(rec, y, out, 3, groups=groups, activation=act, keeps_output="relu" in act)
    else:
        y = conv_norm(rec, y, out, 1, relu=edge, activation=act)
    rec.add(y.elements)
    if one.block == "bottle":
        activate(rec, y.elements, act)
    return y
