"""Inception-ResNet v2: Inception's branches, mixed by a 1 x 1 and added to what came in.

Szegedy et al., "Inception-v4, Inception-ResNet", figures 3, 7 and 15 to 20, in the sizes of TensorFlow's
slim. No padding but where a branch keeps H and W, so that 299 x 299 comes down to 8 x 8.
Letters: B batch, C channels, H W height and width of a feature map.

Dimensions: `blocks` (how many A, B and C), `features` (channels of the last 1 x 1), `classes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.workloads import images
from whichgpu.workloads.blocks import activate, classifier, conv_norm, image

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "sgd"
DEFAULTS = images.defaults(299.0)

#: A branch is a chain of (channels, kernel, stride), without padding where maps are halved.
Branch = tuple[tuple[int, int | tuple[int, int], int], ...]
_A: tuple[Branch, ...] = (
    ((32, 1, 1),), ((32, 1, 1), (32, 3, 1)), ((32, 1, 1), (48, 3, 1), (64, 3, 1)),
)  # fmt: skip
_B: tuple[Branch, ...] = (((192, 1, 1),), ((128, 1, 1), (160, (1, 7), 1), (192, (7, 1), 1)))
_C: tuple[Branch, ...] = (((192, 1, 1),), ((192, 1, 1), (224, (1, 3), 1), (256, (3, 1), 1)))
_STEM: tuple[Branch, ...] = (
    ((96, 1, 1),), ((48, 1, 1), (64, 5, 1)), ((64, 1, 1), (96, 3, 1), (96, 3, 1)),
)  # fmt: skip
_DOWN_A: tuple[Branch, ...] = (((384, 3, 2),), ((256, 1, 1), (256, 3, 1), (384, 3, 2)))
_DOWN_B: tuple[Branch, ...] = (
    ((256, 1, 1), (384, 3, 2)), ((256, 1, 1), (288, 3, 2)), ((256, 1, 1), (288, 3, 1), (320, 3, 2)),
)  # fmt: skip


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """Stem, blocks A, B and C, a 1 x 1, classifier: (B, 3, H, W) -> (B, classes)."""
    a, b, c = (float(copies) for copies in dims["blocks"])
    with rec.module("stem"):
        x = _stem(rec, image(job))  # (B, 320, 35, 35)
    with rec.module("blocks_a", copies=a):
        _residual(rec, x, _A)
    with rec.module("reduction_a"):
        x = _reduce(rec, x, _DOWN_A)  # (B, 1088, 17, 17)
    with rec.module("blocks_b", copies=b):
        _residual(rec, x, _B)
    with rec.module("reduction_b"):
        x = _reduce(rec, x, _DOWN_B)  # (B, 2080, 8, 8)
    with rec.module("blocks_c", copies=c):
        _residual(rec, x, _C)
    with rec.module("head"):
        classifier(rec, conv_norm(rec, x, dims["features"], 1), dims["classes"])


def _branches(rec: Recorder, x: Map, branches: tuple[Branch, ...]) -> Map:
    """Chains of convolutions that read one map, side by side; the first keeps it for the backward pass."""
    channels, y = 0, x
    for i, branch in enumerate(branches):
        y = x
        for j, (out, kernel, stride) in enumerate(branch):
            y = conv_norm(rec, y, out, kernel, stride, padding=0 if stride > 1 else None,
                          keeps=float(i == 0 or j > 0), keeps_output=j == len(branch) - 1)  # fmt: skip
        channels += y.channels
    return y._replace(channels=channels)


def _stem(rec: Recorder, x: Map) -> Map:
    """(B, 3, 299, 299) -> (B, 320, 35, 35)."""
    x = conv_norm(rec, x, 32, 3, 2, padding=0, backward="weight")
    x = conv_norm(rec, conv_norm(rec, x, 32, 3, padding=0), 64, 3)
    x = conv_norm(rec, rec.pool(x, 3, 2), 80, 1)  # (B, 80, 73, 73)
    x = rec.pool(conv_norm(rec, x, 192, 3, padding=0), 3, 2)
    y = _branches(rec, x, _STEM)
    pooled = conv_norm(rec, rec.pool(x, 3, 1, padding=1, average=True), 64, 1, keeps_output=True)
    y = y._replace(channels=y.channels + pooled.channels)
    rec.copy(y.elements, name="concatenate")
    return y


def _reduce(rec: Recorder, x: Map, branches: tuple[Branch, ...]) -> Map:
    """Branches that halve, beside a maximum of 3 x 3: (B, C, H, W) -> (B, C', H/2, W/2)."""
    y = _branches(rec, x, branches)
    y = y._replace(channels=y.channels + x.channels)
    rec.pool(x, 3, 2, keeps=0.0)
    rec.copy(y.elements, name="concatenate")
    return y


def _residual(rec: Recorder, x: Map, branches: tuple[Branch, ...]) -> None:
    """Branches, a 1 x 1 back, a scaled short cut: shape unchanged."""
    y = _branches(rec, x, branches)
    rec.copy(y.elements, name="concatenate")
    rec.conv(y, x.channels, 1, bias=True, name="mix")
    rec.scale(x.elements)
    rec.add(x.elements)
    activate(rec, x.elements)
