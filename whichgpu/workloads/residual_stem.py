"""What stands in place of a vision transformer's patches: a part of a ResNet, or convolutions.

Dosovitskiy et al., "An Image is Worth 16x16 Words", section 3.1 ("Hybrid architecture"); Kolesnikov et al.,
"Big Transfer", section 3 (weights standardised before every convolution); Vasu et al., "MobileCLIP" (three
convolutions).
Letters: B batch, C channels, H W height and width of a feature map.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.workloads.blocks import activate, conv_norm

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims
    from whichgpu.workloads.recorder import Map, Recorder


def residual_stem(rec: Recorder, x: Map, dims: Dims) -> Map:
    """(B, 3, H, W) -> (B, C, H/s, W/s), s being 4 for one stage of blocks and twice that for each more.

    `dims`: `layers` (bottlenecks per stage), `stem` (channels of three 3 x 3, else one 7 x 7 of 64),
    `mean_down` (a mean in the short cut), `standardised`.
    """
    if "stem" in dims:
        for i, width in enumerate(dims["stem"]):
            x = conv_norm(rec, x, width, 3, 1 if i else 2, backward="full" if i else "weight")
    else:
        x = _normed(rec, x, 64, 7, 2, dims=dims, backward="weight")
    x = rec.pool(x, 3, 2, padding=1)
    for stage, blocks in enumerate(dims["layers"]):
        for i in range(blocks):
            x = _bottleneck(rec, x, 64 * 2**stage, 2 if stage and not i else 1, dims)
    return x


def patch_convolutions(rec: Recorder, x: Map, rows: list[list[int]]) -> Map:
    """Patches step by step, `rows` of [channels, side], norm and GELU behind all but the last."""
    for i, (width, side) in enumerate(rows):
        backward = "full" if i else "weight"
        if i == len(rows) - 1:
            return rec.conv(x, width, side, side, padding=0, bias=True, backward=backward, name="patches")
        x = conv_norm(rec, x, width, side, side, padding=0, activation="gelu", backward=backward)
    return x


def _normed(
    rec: Recorder, x: Map, out: int, kernel: int, stride: int, *, dims: Dims, relu: bool = True, **more: Any
) -> Map:
    """A convolution and its norm, the weights standardised first where the model does so."""
    if dims.get("standardised"):
        rec.norm(float(out * x.channels * kernel * kernel), out, parameters=0, keeps=0.0, name="standardise")
    return conv_norm(rec, x, out, kernel, stride, relu=relu, **more)


def _bottleneck(rec: Recorder, x: Map, inside: int, stride: int, dims: Dims) -> Map:
    """1 x 1, 3 x 3, 1 x 1 to four times as many channels, short cut: (B, C, H, W) -> (B, 4 inside, ..)."""
    y = _normed(rec, _normed(rec, x, inside, 1, 1, dims=dims), inside, 3, stride, dims=dims)
    y = _normed(rec, y, 4 * inside, 1, 1, dims=dims, relu=False)
    if stride > 1 or x.channels != y.channels:
        mean = stride > 1 and dims.get("mean_down", False)
        short = rec.pool(x, 2, 2, ceil=True, average=True) if mean else x
        _normed(rec, short, y.channels, 1, 1 if mean else stride, dims=dims, relu=False, keeps=float(mean),
                name="shortcut")  # fmt: skip
    rec.add(y.elements)
    activate(rec, y.elements)
    return y
