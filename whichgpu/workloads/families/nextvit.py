"""Next-ViT: grouped convolutions with a perceptron, and now and then attention beside them.

Li et al., "Next-ViT: Next Generation Vision Transformer for Efficient Deployment", figures 2 to 4, table 4.
Letters: B batch, C channels, H W height and width of a feature map.

Dimensions: `stem` (rows of [channels, stride]), `blocks`, rows of [kind, layers, channels, stride, reduction
of the places that are attended to, each side] whose first layer has the stride; `classes`. Kinds:
convolution, attention.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.workloads import images
from whichgpu.workloads.blocks import activate, classifier, conv_norm, image

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "adamw"
DEFAULTS = images.defaults()
#: Width of a head, and of a group of a convolution; quarters of a block's channels that attention has.
_HEAD, _QUARTERS = 32, 3


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """Four convolutions, blocks, norm, mean, head: (B, 3, H, W) -> (B, classes)."""
    x = image(job)
    with rec.module("stem"):
        for i, (width, stride) in enumerate(dims["stem"]):
            x = conv_norm(rec, x, width, 3, stride, backward="full" if i else "weight")
    for i, (kind, layers, channels, stride, reduction) in enumerate(dims["blocks"]):
        attends = kind == "attention"
        inside = channels * _QUARTERS // 4 if attends else channels
        with rec.module(f"block{i + 1}"):
            x = _embed(rec, x, inside, stride)
            with rec.module("layers", copies=float(layers)):
                x = _attention(rec, x, channels, reduction) if attends else _convolution(rec, x)
    with rec.module("head"):
        rec.norm(x.elements, x.channels)
        classifier(rec, x, dims["classes"])


def _embed(rec: Recorder, x: Map, out: int, stride: int) -> Map:
    """Halve, and change the channels, where asked: (B, C, H, W) -> (B, out, H/stride, W/stride)."""
    if stride > 1:
        x = rec.pool(x, 2, 2, ceil=True, average=True)
    return x if x.channels == out else conv_norm(rec, x, out, 1, relu=False, name="embed")


def _grouped(rec: Recorder, x: Map) -> None:
    """A grouped 3 x 3 and a 1 x 1, with the short cut: shape unchanged."""
    conv_norm(rec, x, x.channels, 3, groups=x.channels // _HEAD, name="grouped")
    rec.conv(x, x.channels, 1, name="project")
    rec.add(x.elements)


def _perceptron(rec: Recorder, x: Map, ratio: int) -> None:
    """A norm and two 1 x 1, with the short cut: shape unchanged."""
    rec.norm(x.elements, x.channels)
    y = rec.conv(x, ratio * x.channels, 1, bias=True, name="up")
    activate(rec, y.elements)
    rec.conv(y, x.channels, 1, bias=True, name="down")
    rec.add(x.elements)


def _convolution(rec: Recorder, x: Map) -> Map:
    _grouped(rec, x)
    _perceptron(rec, x, 3)
    return x


def _attention(rec: Recorder, x: Map, out: int, reduction: int) -> Map:
    """Attention to fewer places, convolutions of a quarter of the channels beside it: -> (B, out, H, W)."""
    width, places = x.channels, x.height * x.width
    rec.norm(x.elements, width)
    rec.linear(x.pixels, width, width, bias=True, shard="column", name="query")
    seen = places
    if reduction > 1:
        seen = places // reduction**2
        rec.copy(width * x.batch * seen, reads=float(reduction**2), name="mean")
        rec.norm(width * x.batch * seen, width)
    for name in ("key", "value"):
        rec.linear(seen * x.batch, width, width, bias=True, shard="column", name=name)
    rec.attention(x.batch, width // _HEAD, places, seen, _HEAD)
    rec.linear(x.pixels, width, width, bias=True, shard="row", name="out")
    rec.add(x.elements)
    _grouped(rec, conv_norm(rec, x, out - width, 1, relu=False, name="embed"))
    y = x._replace(channels=out)
    rec.copy(y.elements, name="concatenate")
    _perceptron(rec, y, 2)
    return y
