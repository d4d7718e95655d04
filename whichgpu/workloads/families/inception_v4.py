"""Inception v4, without auxiliary classifiers.

Szegedy et al., "Inception-v4, Inception-ResNet", figures 3 to 9. No padding but where a branch keeps H
and W, so that 299 x 299 comes down to 8 x 8.
Letters: B batch, C channels, H W height and width of a feature map.

Dimensions: `blocks` (how many A, B and C), `classes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.workloads import images
from whichgpu.workloads.blocks import classifier, conv_norm, image

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whichgpu.workloads.job import Job
    from whichgpu.workloads.recorder import Map, Recorder

    #: A branch is a chain of (channels, kernel) at stride 1 that keeps H and W.
    Branch = Sequence[tuple[int, int | tuple[int, int]]]

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "sgd"
DEFAULTS = images.defaults(299.0)

_ROW, _COLUMN = (1, 7), (7, 1)


def forward(dims: Mapping[str, Any], job: Job, rec: Recorder) -> None:
    """Stem, blocks A, B and C, classifier: (B, 3, H, W) -> (B, classes)."""
    a, b, c = (float(copies) for copies in dims["blocks"])
    with rec.module("stem"):
        x = _stem(rec, image(job))  # (B, 384, 35, 35)
    with rec.module("blocks_a", copies=a):
        _block(rec, x, [(96, 1)], [(64, 1), (96, 3)], [(64, 1), (96, 3), (96, 3)], pool=96)
    with rec.module("reduction_a"):
        x = _reduce(rec, x, [], [(192, 1), (224, 3)], out=384, deep_out=256)  # (B, 1024, 17, 17)
    with rec.module("blocks_b", copies=b):
        deep: Branch = [(192, 1), (192, _COLUMN), (224, _ROW), (224, _COLUMN), (256, _ROW)]
        _block(rec, x, [(384, 1)], [(192, 1), (224, _ROW), (256, _COLUMN)], deep, pool=128)
    with rec.module("reduction_b"):
        chain: Branch = [(256, 1), (256, _ROW), (320, _COLUMN)]
        x = _reduce(rec, x, [(192, 1)], chain, out=192, deep_out=320)  # (B, 1536, 8, 8)
    with rec.module("blocks_c", copies=c):
        _block_c(rec, x)
    with rec.module("head"):
        classifier(rec, x, dims["classes"])


def _stem(rec: Recorder, x: Map) -> Map:
    """(B, 3, 299, 299) -> (B, 384, 35, 35)."""
    x = conv_norm(rec, x, 32, 3, 2, padding=0, backward="weight")  # (B, 32, 149, 149)
    x = conv_norm(rec, x, 32, 3, padding=0)
    x = conv_norm(rec, x, 64, 3)  # (B, 64, 147, 147)
    rec.pool(x, 3, 2, keeps=0.0)
    x = _concatenate(rec, conv_norm(rec, x, 96, 3, 2, padding=0, keeps_output=True), 160)  # (B, 160, 73, 73)
    _last(rec, _chain(rec, x, [(64, 1)], first=True), 96)
    deep = _chain(rec, x, [(64, 1), (64, _ROW), (64, _COLUMN)], first=False)
    x = _concatenate(rec, _last(rec, deep, 96), 192)  # (B, 192, 71, 71)
    rec.pool(x, 3, 2, keeps=0.0)
    return _concatenate(rec, conv_norm(rec, x, 192, 3, 2, padding=0, keeps_output=True), 384)


def _last(rec: Recorder, x: Map, out: int) -> Map:
    """The end of a branch of the stem: 3 x 3 without padding."""
    return conv_norm(rec, x, out, 3, padding=0, keeps_output=True)


def _chain(rec: Recorder, x: Map, layers: Branch, *, first: bool, ends: bool = False) -> Map:
    """A branch; the first branch of a block keeps the block's input, an end its own output."""
    for i, (out, kernel) in enumerate(layers):
        x = conv_norm(rec, x, out, kernel, keeps=float(first or i > 0),
                      keeps_output=ends and i == len(layers) - 1)  # fmt: skip
    return x


def _block(rec: Recorder, x: Map, *branches: Branch, pool: int) -> Map:
    """Branches and a projected 3 x 3 mean, side by side: (B, C, H, W) -> (B, C', H, W)."""
    out = sum(_chain(rec, x, layers, first=not i, ends=True).channels for i, layers in enumerate(branches))
    conv_norm(rec, rec.pool(x, 3, 1, padding=1, average=True), pool, 1, keeps_output=True)
    return _concatenate(rec, x, out + pool)


def _block_c(rec: Recorder, x: Map) -> Map:
    """The widest block, with forked branches: (B, 1536, H, W) -> (B, 1536, H, W)."""
    _chain(rec, x, [(256, 1)], first=True, ends=True)
    stems: tuple[Branch, ...] = ([(384, 1)], [(384, 1), (448, (3, 1)), (512, (1, 3))])
    for stem in stems:
        y = _chain(rec, x, stem, first=False)
        conv_norm(rec, y, 256, (1, 3), keeps_output=True)
        conv_norm(rec, y, 256, (3, 1), keeps=0.0, keeps_output=True)
    conv_norm(rec, rec.pool(x, 3, 1, padding=1, average=True), 256, 1, keeps_output=True)
    return _concatenate(rec, x, 1536)


def _reduce(rec: Recorder, x: Map, before: Branch, deep: Branch, *, out: int, deep_out: int) -> Map:
    """Two strided branches and a maximum, side by side: (B, C, H, W) -> (B, C', H/2, W/2)."""
    y = _chain(rec, x, before, first=True)
    y = conv_norm(rec, y, out, 3, 2, padding=0, keeps_output=True)
    z = _chain(rec, x, deep, first=False)
    conv_norm(rec, z, deep_out, 3, 2, padding=0, keeps_output=True)
    rec.pool(x, 3, 2, keeps=0.0)
    return _concatenate(rec, y, out + deep_out + x.channels)


def _concatenate(rec: Recorder, like: Map, channels: int) -> Map:
    """(B, channels, H, W) with the height and width of `like`."""
    y = like._replace(channels=channels)
    rec.copy(y.elements, name="concatenate")
    return y
