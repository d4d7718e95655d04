"""PoolFormer and the MetaFormer baselines: a transformer's layer around pooling, convolution or attention.

Yu et al., "MetaFormer Is Actually What You Need for Vision", figure 2 and table 1; "MetaFormer Baselines for
Vision", figure 3 and table 1 (StarReLU, scaled short cuts, no biases, a perceptron as the head).
Letters: B batch, C channels, H W height and width of a feature map.

Dimensions: `layers` and `widths` (per stage), `mixers` (per stage: pooling, convolution, attention),
`version` (1: PoolFormer, with biases, GELU and scales of each channel; 2: the baselines), `perceptron_head`,
`classes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.workloads import images
from whichgpu.workloads.blocks import activate, group_norm, image
from whichgpu.workloads.images import layer_norm

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "adamw"
DEFAULTS = images.defaults()
#: Width of a head of attention.
_HEAD = 32


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """Four stages, each after a convolution that halves, mean, head: (B, 3, H, W) -> (B, classes)."""
    x, older = image(job), dims["version"] == 1
    stages = zip(dims["layers"], dims["widths"], dims["mixers"], strict=True)
    for i, (layers, width, mixer) in enumerate(stages):
        with rec.module(f"down{i}" if i else "stem"):
            if i and not older:
                _norm(rec, x, dims)
            x = rec.conv(x, width, 3 if i else 7, 2 if i else 4, padding=1 if i else 2, bias=True,
                         backward="full" if i else "weight")  # fmt: skip
            if not i and not older:
                _norm(rec, x, dims)
        with rec.module(f"stage{i + 1}"), rec.module("layers", copies=float(layers)):
            _layer(rec, x, mixer, dims, scaled=i > 1)
    with rec.module("head"):
        _head(rec, x, dims)


def _head(rec: Recorder, x: Map, dims: Dims) -> None:
    """Mean, norm, one dense layer or a perceptron four times as wide: (B, C, H, W) -> (B, classes)."""
    width = x.channels
    rec.global_pool(x)
    layer_norm(rec, width * x.batch, width)
    if dims.get("perceptron_head"):
        rec.linear(x.batch, width, 4 * width, bias=True, name="hidden")
        rec.pointwise(4 * width * x.batch, keeps=1.0, name="squared_relu")
        width = 4 * width
        layer_norm(rec, width * x.batch, width)
    rec.linear(x.batch, width, dims["classes"], bias=True, name="fc")


def _norm(rec: Recorder, x: Map, dims: Dims) -> None:
    """A norm of all values of a position or a picture, with a shift in version 1 only."""
    group_norm(rec, x, parameters=(2 if dims["version"] == 1 else 1) * x.channels)


def _layer(rec: Recorder, x: Map, mixer: str, dims: Dims, *, scaled: bool) -> None:
    """Norm and mixer, norm and perceptron, each with its short cut: shape unchanged."""
    older = dims["version"] == 1
    _norm(rec, x, dims)
    _MIXERS[mixer](rec, x)
    _join(rec, x, older=older, scaled=scaled)
    _norm(rec, x, dims)
    wide = rec.conv(x, 4 * x.channels, 1, bias=older, name="up")
    if older:
        activate(rec, wide.elements, "gelu")
    else:
        _star_relu(rec, wide)
    rec.conv(wide, x.channels, 1, bias=older, name="down")
    _join(rec, x, older=older, scaled=scaled)


def _join(rec: Recorder, x: Map, *, older: bool, scaled: bool) -> None:
    """Add the short cut: the branch is scaled first in version 1, the short cut itself late in version 2.

    Mixed precision keeps such scales in FP32, and so what they multiply and what that is added to.
    """
    wide = older or scaled
    if wide:
        rec.pointwise(x.elements, keeps=1.0, parameters=float(x.channels), wide=True, name="scale")
    rec.add(x.elements, wide=wide)


def _star_relu(rec: Recorder, x: Map) -> None:
    """A scaled and shifted relu(x)^2, op by op; autocast squares in FP32, where it stays until a product."""
    activate(rec, x.elements)
    rec.narrow(x.elements)
    # The square keeps what it read, and its scale what it multiplies.
    for name, held, kept in (("star_relu", 0.0, 1.0), ("star_scale", 1.0, 1.0), ("star_shift", 1.0, 0.0)):
        rec.pointwise(x.elements, keeps=kept, wide=True, parameters=held, name=name)
    rec.narrow(x.elements)


def _pooling(rec: Recorder, x: Map) -> None:
    """The mean of 3 x 3 less the position itself."""
    rec.pool(x, 3, 1, padding=1, average=True)
    rec.add(x.elements, wide=True, name="subtract")  # of what a norm in FP32 made


def _convolution(rec: Recorder, x: Map) -> None:
    """1 x 1 to 2 C, depthwise 7 x 7, 1 x 1 back."""
    wide = x._replace(channels=2 * x.channels)
    rec.conv(x, wide.channels, 1, name="up")
    _star_relu(rec, wide)
    rec.conv(wide, wide.channels, 7, groups=wide.channels, name="depthwise")
    rec.conv(wide, x.channels, 1, name="down")


def _attention(rec: Recorder, x: Map) -> None:
    """Attention of all positions to all, without biases."""
    width, places = x.channels, x.height * x.width
    rec.linear(x.pixels, width, 3 * width, shard="column", name="qkv")
    rec.attention(x.batch, width // _HEAD, places, places, _HEAD)
    rec.linear(x.pixels, width, width, shard="row", name="out")


_MIXERS = {"pooling": _pooling, "convolution": _convolution, "attention": _attention}
