"""Inception v3, as torchvision builds it; the auxiliary classifier exists in training only.

Szegedy et al., "Rethinking the Inception Architecture", table 1. No padding but where a branch needs
it, so that 299 x 299 comes down to 8 x 8.
Letters: B batch, C channels, H W height and width of a feature map.

Dimensions: `pool_features` of the three A blocks, `seven` (width of the 7 x 7 branch) of the four C
blocks, `classes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.workloads.blocks import classifier, conv_norm, image
from whichgpu.workloads.recorder import Map

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whichgpu.workloads.job import Job
    from whichgpu.workloads.recorder import Recorder

    #: A branch is a chain of (channels, kernel) at stride 1 that keeps H and W.
    Branch = Sequence[tuple[int, int | tuple[int, int]]]

PHASES = ("infer", "train")
PHASE_ALIASES = {"pretrain": "train", "finetune_full": "train"}
UNIT = "images"
OPTIMIZER = "sgd"
DEFAULTS: dict[str, dict[str, Any]] = {
    "*": {"height": 299.0, "width": 299.0, "runtime": "pytorch-2", "n_gpus": 1.0},
    "infer": {"batch": 32.0, "precision": "fp16"},
    "train": {"batch": 64.0, "precision": "amp-fp16"},
}


def forward(dims: Mapping[str, Any], job: Job, rec: Recorder) -> None:
    """Stem, blocks A to E, classifier: (B, 3, H, W) -> (B, classes)."""
    with rec.module("stem"):
        x = _stem(rec, image(job))  # (B, 192, 35, 35)
    with rec.module("blocks_a"):
        for features in dims["pool_features"]:
            x = _block(rec, x, [(64, 1)], [(48, 1), (64, 5)], [(64, 1), (96, 3), (96, 3)], pool=features)
        x = _reduce(rec, x, [], [(64, 1), (96, 3)], out=384, deep_out=96)  # (B, 768, 17, 17)
    with rec.module("blocks_c"):
        for c in dims["seven"]:
            x = _block(
                rec, x, [(192, 1)], [(c, 1), (c, (1, 7)), (192, (7, 1))],
                [(c, 1), (c, (7, 1)), (c, (1, 7)), (c, (7, 1)), (192, (1, 7))], pool=192,
            )  # fmt: skip
    if job.trains:
        with rec.module("auxiliary"):
            _auxiliary(rec, x, dims["classes"])
    with rec.module("blocks_e"):
        deep: Branch = [(192, 1), (192, (1, 7)), (192, (7, 1))]
        x = _reduce(rec, x, [(192, 1)], deep, out=320, deep_out=192)  # (B, 1280, 8, 8)
        for _ in range(2):
            x = _block_e(rec, x)  # (B, 2048, 8, 8)
    with rec.module("head"):
        classifier(rec, x, dims["classes"])


def _stem(rec: Recorder, x: Map) -> Map:
    """(B, 3, 299, 299) -> (B, 192, 35, 35)."""
    x = conv_norm(rec, x, 32, 3, 2, padding=0, backward="weight")  # (B, 32, 149, 149)
    x = conv_norm(rec, x, 32, 3, padding=0)
    x = conv_norm(rec, x, 64, 3)  # (B, 64, 147, 147)
    x = rec.pool(x, 3, 2)
    x = conv_norm(rec, x, 80, 1)
    x = conv_norm(rec, x, 192, 3, padding=0)  # (B, 192, 71, 71)
    return rec.pool(x, 3, 2)


def _chain(rec: Recorder, x: Map, layers: Branch, *, first: bool, ends: bool = True) -> Map:
    """A branch; the first branch of a block keeps the block's input, the end its own output."""
    for i, (out, kernel) in enumerate(layers):
        x = conv_norm(rec, x, out, kernel, keeps=float(first or i > 0),
                      keeps_output=ends and i == len(layers) - 1)  # fmt: skip
    return x


def _block(rec: Recorder, x: Map, *branches: Branch, pool: int) -> Map:
    """Branches and a projected 3 x 3 mean, side by side: (B, C, H, W) -> (B, C', H, W)."""
    out = sum(_chain(rec, x, layers, first=not i).channels for i, layers in enumerate(branches))
    conv_norm(rec, rec.pool(x, 3, 1, padding=1, average=True), pool, 1, keeps_output=True)
    return _concatenate(rec, x, out + pool)


def _reduce(rec: Recorder, x: Map, before: Branch, deep: Branch, *, out: int, deep_out: int) -> Map:
    """Two strided branches and a maximum, side by side: (B, C, H, W) -> (B, C', H/2, W/2)."""
    y = _chain(rec, x, before, first=True, ends=False)
    y = conv_norm(rec, y, out, 3, 2, padding=0, keeps_output=True)
    z = _chain(rec, x, deep, first=False, ends=False)
    conv_norm(rec, z, deep_out, 3, 2, padding=0, keeps_output=True)
    rec.pool(x, 3, 2, keeps=0.0)
    return _concatenate(rec, y, out + deep_out + x.channels)


def _block_e(rec: Recorder, x: Map) -> Map:
    """The widest block, with forked branches: (B, C, H, W) -> (B, 2048, H, W)."""
    _chain(rec, x, [(320, 1)], first=True)
    for stem in ([(384, 1)], [(448, 1), (384, 3)]):
        y = _chain(rec, x, stem, first=False, ends=False)
        conv_norm(rec, y, 384, (1, 3), keeps_output=True)
        conv_norm(rec, y, 384, (3, 1), keeps=0.0, keeps_output=True)
        _concatenate(rec, y, 768)
    conv_norm(rec, rec.pool(x, 3, 1, padding=1, average=True), 192, 1, keeps_output=True)
    return _concatenate(rec, x, 2048)


def _auxiliary(rec: Recorder, x: Map, classes: int) -> None:
    """The auxiliary classifier: (B, 768, 17, 17) -> (B, classes)."""
    x = rec.pool(x, 5, 3, average=True)  # (B, 768, 5, 5)
    x = conv_norm(rec, x, 128, 1)
    x = conv_norm(rec, x, 768, 5, padding=0)  # (B, 768, 1, 1)
    classifier(rec, x, classes)


def _concatenate(rec: Recorder, like: Map, channels: int) -> Map:
    """(B, channels, H, W) with the height and width of `like`."""
    y = Map(like.batch, channels, like.height, like.width)
    rec.copy(y.elements, name="concatenate")
    return y
