"""PP-HGNet, version 1 and 2: blocks whose layers are all gathered at their end.

PaddleClas, "PP-HGNet series" and "PP-HGNetV2 series", the figures of their blocks.
Letters: B batch, C channels, H W height and width of a feature map.

Dimensions: `stem` (channels of its convolutions), `split_stem` (version 2: a maximum beside two 2 x 2),
`stages`, rows of [channels inside, channels, blocks, halved, light, kernel, layers of a block], `gate` (a
gate of one dense layer in place of the first of two 1 x 1), `affine` (a scale and a shift after each
activation), `hidden` (of a dense layer before the last), `classes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.values import NamedTuple
from whichgpu.workloads import images
from whichgpu.workloads.blocks import activate, conv_norm, image

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "sgd"
DEFAULTS = images.defaults()


class _Stage(NamedTuple):
    """One row of `stages`."""

    inside: int
    channels: int
    blocks: int
    halved: bool
    light: bool
    kernel: int
    layers: int


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """Stem, four stages, mean, two dense layers: (B, 3, H, W) -> (B, classes)."""
    x = features(dims, rec, image(job))[-1]
    with rec.module("head"):
        rec.global_pool(x)
        rec.linear(x.batch, x.channels, dims["hidden"], name="hidden")
        activate(rec, dims["hidden"] * x.batch)
        _affine(rec, dims["hidden"] * x.batch, dims)
        rec.dropout(dims["hidden"] * x.batch)
        rec.linear(x.batch, dims["hidden"], dims["classes"], bias=True, name="fc")


def features(dims: Dims, rec: Recorder, x: Map) -> list[Map]:
    """(B, 3, H, W) -> the map behind each stage, from H / 4 on."""
    maps = []
    with rec.module("stem"):
        x = (_split_stem if dims.get("split_stem") else _stem)(rec, x, dims)  # (B, C, H/4, W/4)
    for i, row in enumerate(dims["stages"]):
        one = _Stage(*row)
        with rec.module(f"stage{i + 1}"):
            if one.halved:
                x = conv_norm(rec, x, x.channels, 3, 2, groups=x.channels, relu=False, name="down")
            for block in range(one.blocks):
                x = _block(rec, x, one, dims, added=block > 0)
        maps.append(x)
    return maps


def _affine(rec: Recorder, elements: Any, dims: Dims) -> None:
    """One scale and one shift for all values, an op each; both are FP32, so that autocast widens the map."""
    if dims.get("affine"):
        narrow = rec.narrow_reads
        rec.pointwise(elements, reads=narrow, keeps=narrow, wide=True, parameters=1.0, name="scale")
        rec.pointwise(elements, wide=True, parameters=1.0, name="shift")
        rec.narrow(elements)


def _conv(
    rec: Recorder, x: Map, out: int, kernel: int, stride: int = 1, *, dims: Dims, backward: str = "full",
    **more: Any,
) -> Map:  # fmt: skip
    """Convolution, batch norm, ReLU, affine: (B, C, H, W) -> (B, out, H/stride, W/stride)."""
    y = conv_norm(rec, x, out, kernel, stride, backward=backward, **more)
    _affine(rec, y.elements, dims)
    return y


def _stem(rec: Recorder, x: Map, dims: Dims) -> Map:
    """Convolutions, the first of which halves, and a maximum: (B, 3, H, W) -> (B, C, H/4, W/4)."""
    for i, width in enumerate(dims["stem"]):
        x = _conv(rec, x, width, 3, 1 if i else 2, dims=dims, backward="full" if i else "weight")
    return rec.pool(x, 3, 2, padding=1)


def _split_stem(rec: Recorder, x: Map, dims: Dims) -> Map:
    """A 3 x 3, a maximum beside two 2 x 2, a 3 x 3, a 1 x 1: (B, 3, H, W) -> (B, C, H/4, W/4)."""
    inside, out = dims["stem"]
    x = _conv(rec, x, inside, 3, 2, dims=dims, backward="weight")
    padded = x._replace(height=x.height + 1, width=x.width + 1)
    rec.copy(padded.elements, name="pad")
    y = _conv(rec, padded, inside // 2, 2, dims=dims, padding=0)
    padded = y._replace(height=y.height + 1, width=y.width + 1)
    rec.copy(padded.elements, name="pad")
    _conv(rec, padded, inside, 2, dims=dims, padding=0)
    rec.pool(x, 3, 1, padding=1, name="maximum")
    both = x._replace(channels=2 * inside)
    rec.copy(both.elements, name="concatenate")
    return _conv(rec, _conv(rec, both, inside, 3, 2, dims=dims), out, 1, dims=dims)


def _block(rec: Recorder, x: Map, one: _Stage, dims: Dims, *, added: bool) -> Map:
    """Layers one after another, all gathered with the input and mixed: (B, C, H, W) -> (B, out, H, W)."""
    y, inside, out, kernel = x, one.inside, one.channels, one.kernel
    for _ in range(one.layers):
        if one.light:
            y = conv_norm(rec, y, inside, 1, relu=False)
            y = _conv(rec, y, inside, kernel, dims=dims, groups=inside, name="depthwise")
        else:
            y = _conv(rec, y, inside, kernel, dims=dims)
    gathered = x._replace(channels=x.channels + one.layers * inside)
    rec.copy(gathered.elements, name="concatenate")
    if dims.get("gate"):
        y = _conv(rec, gathered, out, 1, dims=dims)
        rec.global_pool(y, name="squeeze")
        rec.linear(y.batch, out, out, bias=True, name="excite")
        rec.pointwise(out * y.batch, keeps=1.0, name="sigmoid")
        rec.gate(y.elements)
    else:
        y = _conv(rec, _conv(rec, gathered, out // 2, 1, dims=dims), out, 1, dims=dims)
    if added:
        rec.add(y.elements)
    return y
