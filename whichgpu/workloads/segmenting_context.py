"""Heads of segmenters that gather what is elsewhere in a picture, as OpenMMLab has them; 512 channels wide.

Zhu et al., "Asymmetric Non-local Neural Networks"; He et al., "Adaptive Pyramid Context Network" and "Dynamic
Multi-Scale Filters"; Li et al., "Expectation-Maximization Attention Networks"; Huang et al., "Interlaced
Sparse Self-Attention"; Zhao et al., "PSANet"; Kirillov et al., "Panoptic Feature Pyramid Networks" (the
semantic branch). Widths: mmseg/models/decode_heads and configs/_base_/models of open-mmlab/mmsegmentation.
Letters: B batch, C channels, H W height and width of a feature map, N its positions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.workloads.blocks import conv_norm
from whichgpu.workloads.detection import pyramid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.workloads.recorder import Map, Recorder

_WIDTH = 512
#: Channels of queries and keys; of the branches of a semantic pyramid.
_HALF, _BRANCH = 256, 128
#: Positions that are left of keys: means over 1, 3 x 3, 6 x 6 and 8 x 8 parts (ANN).
_MEANS = float(1 + 9 + 36 + 64)
#: Sides of pooled maps (APCNet), of filters made of the picture (DMNet).
_SCENES, _FILTERS = (1, 2, 3, 6), (1, 3, 5, 7)
#: Bases and rounds of EMANet; the side of a group of positions (ISANet), and of PSANet's mask.
_BASES, _ROUNDS, _GROUP, _MASK = 64, 3, 8, 97


def _positions(x: Map) -> Any:
    return x.height * x.width


def _beside(rec: Recorder, x: Map, channels: int) -> Map:
    """A map and others of its size side by side, `channels` in all."""
    wide = x._replace(channels=channels)
    rec.copy(wide.elements, name="concatenate")
    return wide


def _pooled(rec: Recorder, x: Map, side: int) -> Map:
    """Means over `side` x `side` parts of a map."""
    rec.pointwise(x.elements, writes=0.0, name="means")
    return x._replace(height=float(side), width=float(side))


def _asymmetric(rec: Recorder, x: Map, seen: Map, *, shared: bool) -> None:
    """Each position of a map attends to 110 means of another, scores written out: the map's own width."""
    if not shared:
        conv_norm(rec, x, _HALF, 1, name="query")
    conv_norm(rec, seen, _HALF, 1, name="key")
    value = rec.conv(seen, _HALF, 1, bias=True, name="value")
    rec.product(x.batch, _positions(x), float(_HALF), _MEANS, name="scores")
    rec.pointwise(x.batch * _positions(x) * _MEANS, name="softmax")
    rec.product(x.batch, _positions(x), _MEANS, float(_HALF), name="weighted")
    rec.conv(x._replace(channels=value.channels), x.channels, 1, bias=True, name="out")


def asymmetric(rec: Recorder, maps: Sequence[Map]) -> Map:
    """The last map reads the one before, then itself, of which means alone are read: -> (B, 512, H, W)."""
    x = maps[-1]
    with rec.module("fusion"):
        _asymmetric(rec, x, maps[-2], shared=False)
        y = conv_norm(rec, _beside(rec, x, 2 * x.channels), x.channels, 1, relu=False, name="join")
    y = conv_norm(rec, y, _WIDTH, 3, name="narrow")
    with rec.module("context"):
        _asymmetric(rec, y, y, shared=True)
        return conv_norm(rec, _beside(rec, y, 2 * _WIDTH), _WIDTH, 1, name="join")


def adaptive(rec: Recorder, maps: Sequence[Map]) -> Map:
    """Means over parts, weighed for each position, beside the map, mixed by a 3 x 3: -> (B, 512, H, W)."""
    x = maps[-1]
    for side in _SCENES:
        with rec.module(f"scene{side}"):
            conv_norm(rec, _pooled(rec, x, side), _WIDTH, 1, name="pooled")
            y = conv_norm(rec, x, _WIDTH, 1, name="narrow")
            conv_norm(rec, rec.global_pool(y), _WIDTH, 1, name="whole")
            rec.conv(y, side**2, 1, bias=True, name="affinity")
            rec.product(y.batch, _positions(y), float(side**2), float(_WIDTH), name="weighted")
            y = conv_norm(rec, y, _WIDTH, 1, name="residual")
            conv_norm(rec, y, _WIDTH, 1, name="fuse")
    return conv_norm(rec, _beside(rec, x, x.channels + 4 * _WIDTH), _WIDTH, 3, name="mix")


def dynamic(rec: Recorder, maps: Sequence[Map]) -> Map:
    """Depthwise filters that are made of the picture, beside the map, mixed by a 3 x 3: -> (B, 512, H, W)."""
    x = maps[-1]
    for side in _FILTERS:
        with rec.module(f"filter{side}"):
            rec.conv(_pooled(rec, x, side), _WIDTH, 1, bias=True, name="filter")
            y = conv_norm(rec, x, _WIDTH, 1, name="narrow")
            rec.product(y.batch * _WIDTH, _positions(y), float(side**2), 1.0, name="filtered")
            rec.norm(y.elements, _WIDTH, name="norm")
            conv_norm(rec, y, _WIDTH, 1, name="fuse")
    return conv_norm(rec, _beside(rec, x, x.channels + 4 * _WIDTH), _WIDTH, 3, name="mix")


def expected(rec: Recorder, maps: Sequence[Map]) -> Map:
    """Positions share 64 bases, found in three rounds, and are made of them again: -> (B, 512, H, W)."""
    x = maps[-1]
    y = conv_norm(rec, x, _WIDTH, 3, name="narrow")
    rec.conv(y, _WIDTH, 1, bias=True, name="project")
    for _ in range(_ROUNDS):
        rec.product(y.batch, _positions(y), float(_WIDTH), float(_BASES), name="shares")
        rec.product(y.batch, float(_WIDTH), _positions(y), float(_BASES), name="bases")
    rec.product(y.batch, _positions(y), float(_BASES), float(_WIDTH), name="made")
    conv_norm(rec, y, _WIDTH, 1, relu=False, name="out")
    rec.add(y.elements)
    conv_norm(rec, y, _WIDTH, 3, name="second")
    return conv_norm(rec, _beside(rec, x, x.channels + _WIDTH), _WIDTH, 3, name="mix")


def _grouped(rec: Recorder, y: Map, groups: Any, name: str) -> None:
    """Positions attend to those of their group; queries and keys behind two convolutions each."""
    rows = _positions(y) / groups
    with rec.module(name):
        for of in ("query", "key"):
            conv_norm(rec, conv_norm(rec, y, _HALF, 1, name=of), _HALF, 1, name=of)
        rec.conv(y, _WIDTH, 1, bias=True, name="value")
        rec.copy(y.elements, name="regroup")
        rec.product(y.batch * groups, rows, float(_HALF), rows, name="scores")
        rec.pointwise(y.batch * groups * rows * rows, name="softmax")
        rec.product(y.batch * groups, rows, rows, float(_WIDTH), name="weighted")
        conv_norm(rec, y, _WIDTH, 1, name="out")


def interlaced(rec: Recorder, maps: Sequence[Map]) -> Map:
    """Every eighth position attends to the others such, then each 8 x 8 within: -> (B, 512, H, W)."""
    y = conv_norm(rec, maps[-1], _WIDTH, 3, name="narrow")
    _grouped(rec, y, float(_GROUP**2), "far")
    _grouped(rec, y, _positions(y) / _GROUP**2, "near")
    return conv_norm(rec, _beside(rec, y, 2 * _WIDTH), _WIDTH, 1, name="mix")


def pointwise(rec: Recorder, maps: Sequence[Map]) -> Map:
    """Each position, of half the sides, says how it is read and how it reads: -> (B, 512, H, W)."""
    x = maps[-1]
    for name in ("collect", "distribute"):
        with rec.module(name):
            y = conv_norm(rec, x, _WIDTH, 1, name="narrow")
            y = y.like(_WIDTH, y.height / 2.0, y.width / 2.0)
            conv_norm(rec, y, _WIDTH, 1, name="within")
            rec.conv(y, _MASK**2, 1, name="mask")
            rec.pointwise(y.batch * _positions(y) ** 2, name="softmax")
            rec.product(y.batch, float(_WIDTH), _positions(y), _positions(y), name="weighted")
    conv_norm(rec, _beside(rec, y, 2 * _WIDTH), x.channels, 1, name="out")
    return conv_norm(rec, _beside(rec, x, 2 * x.channels), _WIDTH, 3, name="mix")


def semantic(rec: Recorder, maps: Sequence[Map]) -> Map:
    """A feature pyramid, each level brought to a quarter of the picture, added up: -> (B, 128, H/4, W/4)."""
    levels = pyramid(rec, maps[1:], _HALF)
    for step, level in enumerate(levels):
        y = level
        for i in range(max(1, step)):
            y = conv_norm(rec, y, _BRANCH, 3, name=f"level{step}_{i}")
            if step:
                y = y.like(_BRANCH, 2.0 * y.height, 2.0 * y.width)
                rec.copy(y.elements, reads=0.25, name="enlarge")
        if step:
            rec.add(y.elements)
    return levels[0]._replace(channels=_BRANCH)
