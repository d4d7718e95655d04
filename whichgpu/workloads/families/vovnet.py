"""VoVNet: every convolution of a block is joined once, at its end.

Lee et al., "An Energy and GPU-Computation Efficient Backbone Network", figure 2, and "CenterMask" (short
cuts and a gate by one dense layer).
Letters: B batch, C channels, H W height and width of a feature map.

Dimensions: `stem` (channels of three 3 x 3), `inside` and `widths` (per stage, of a block's convolutions and
of its result), `layers` (blocks per stage), `convolutions` (of a block), `residual`, `depthwise` (each
convolution is a depthwise one and a 1 x 1), `gate` (ese, eca; none), `activation`
(relu), `classes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.workloads import images
from whichgpu.workloads.blocks import classifier, conv_norm, image
from whichgpu.workloads.images import eca, gate_by_mean

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "sgd"
DEFAULTS = images.defaults()


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """Stem, four stages, classifier: (B, 3, H, W) -> (B, classes)."""
    with rec.module("stem"):
        first, second, third = dims["stem"]
        x = conv_norm(rec, image(job), first, 3, 2, activation=dims.get("activation", "relu"),
                      backward="weight")  # fmt: skip
        x = _conv(rec, x, second, dims)
        x = _conv(rec, x, third, dims, stride=2)  # (B, C, H/4, W/4)
    stages = zip(dims["layers"], dims["inside"], dims["widths"], strict=True)
    for i, (layers, inside, width) in enumerate(stages):
        with rec.module(f"stage{i + 1}"):
            x = rec.pool(x, 3, 2, ceil=True) if i else x
            x = _block(rec, x, inside, width, dims, last=layers == 1)
            residual = dims.get("residual", False)
            if layers > 2:
                with rec.module("rest", copies=float(layers - 2)):
                    x = _block(rec, x, inside, width, dims, residual=residual)
            if layers > 1:
                x = _block(rec, x, inside, width, dims, residual=residual, last=True)
    with rec.module("head"):
        classifier(rec, x, dims["classes"])


def _conv(rec: Recorder, x: Map, out: int, dims: Dims, *, stride: int = 1) -> Map:
    """A 3 x 3, or a depthwise one and a 1 x 1: (B, C, H, W) -> (B, out, H/stride, W/stride)."""
    kind = dims.get("activation", "relu")
    if not dims.get("depthwise"):
        return conv_norm(rec, x, out, 3, stride, activation=kind)
    y = rec.conv(x, x.channels, 3, stride, groups=x.channels, name="depthwise")
    return conv_norm(rec, y, out, 1, activation=kind)


def _block(
    rec: Recorder, x: Map, inside: int, out: int, dims: Dims, *, residual: bool = False, last: bool = False
) -> Map:
    """Convolutions in a row, the input and all of them joined and mixed: (B, C, H, W) -> (B, out, H, W).

    The last block of a stage gates its channels.
    """
    y = x
    if dims.get("depthwise") and x.channels != inside:
        y = conv_norm(rec, y, inside, 1, name="reduce")
    for _ in range(dims["convolutions"]):
        y = _conv(rec, y, inside, dims)
    joined = x._replace(channels=x.channels + dims["convolutions"] * inside)
    rec.copy(joined.elements, name="concatenate")
    y = conv_norm(rec, joined, out, 1, activation=dims.get("activation", "relu"))
    gate = dims.get("gate", "") if last else ""
    if gate == "ese":
        gate_by_mean(rec, y)
    elif gate == "eca":
        eca(rec, y)
    if residual:
        rec.add(y.elements)
    return y
