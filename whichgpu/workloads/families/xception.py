"""Xception, and the aligned kind of DeepLab: separable convolutions, three to a residual block.

Chollet, "Xception", figure 5; Chen et al., "Encoder-Decoder with Atrous Separable Convolution", figure 4 (a
norm between depthwise and 1 x 1, strides in place of maxima).
Letters: B batch, C channels, H W height and width of a feature map.

Dimensions: `stem` (channels of two 3 x 3), `blocks`, rows of [channels of its separable convolutions,
stride, short cut, equal blocks], `kind` (plain: halved by maxima; aligned; preact: norms before the
convolutions), `tail` (channels of separable convolutions after the blocks), `classes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.workloads import images
from whichgpu.workloads.blocks import activate, classifier, conv_norm, image

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.workloads.job import Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "sgd"
DEFAULTS = images.defaults(299.0)


def forward(dims: Mapping[str, Any], job: Job, rec: Recorder) -> None:
    """Two convolutions, blocks, the tail, classifier: (B, 3, H, W) -> (B, classes)."""
    kind = dims["kind"]
    first, second = dims["stem"]
    with rec.module("stem"):
        pad = 0 if kind == "plain" else None
        x = conv_norm(rec, image(job), first, 3, 2, padding=pad, backward="weight")
        x = rec.conv(x, second, 3) if kind == "preact" else conv_norm(rec, x, second, 3, padding=pad)
    for i, (widths, stride, short, equal) in enumerate(dims["blocks"]):
        with rec.module(f"block{i + 1}", copies=float(equal)):
            x = _block(rec, x, widths, stride, kind, short=short)
    with rec.module("tail"):
        for width in dims.get("tail", ()):
            x = _separable(rec, x, width, 1, kind)
            activate(rec, x.elements)
        if kind == "preact":
            activate(rec, x.elements)
    with rec.module("head"):
        classifier(rec, x, dims["classes"])


def _block(rec: Recorder, x: Map, widths: list[int], stride: int, kind: str, *, short: bool) -> Map:
    """Separable convolutions and the short cut: (B, C, H, W) -> (B, C', H/stride, W/stride)."""
    y = x
    for i, width in enumerate(widths):
        if kind == "preact":
            rec.norm(y.elements, y.channels)
        activate(rec, y.elements)
        last = i == len(widths) - 1 and kind != "plain"
        y = _separable(rec, y, width, stride if last else 1, kind)
    if kind == "plain" and stride > 1:
        y = rec.pool(y, 3, stride, padding=1)
    if short:
        if stride > 1 or x.channels != y.channels:
            rec.conv(x, y.channels, 1, stride, keeps=0.0, name="shortcut")
            if kind != "preact":
                rec.norm(y.elements, y.channels, name="shortcut_norm")
        rec.add(y.elements)
    return y


def _separable(rec: Recorder, x: Map, out: int, stride: int, kind: str) -> Map:
    """A depthwise 3 x 3 and a 1 x 1, with the norms that the kind has behind them."""
    y = rec.conv(x, x.channels, 3, stride, groups=x.channels, name="depthwise")
    if kind == "aligned":
        rec.norm(y.elements, y.channels, name="depthwise_norm")
    y = rec.conv(y, out, 1, name="pointwise")
    if kind != "preact":
        rec.norm(y.elements, out, name="pointwise_norm")
    return y
