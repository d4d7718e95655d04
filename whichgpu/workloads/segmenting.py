"""Heads of segmenters as OpenMMLab has them: FCN, PSPNet, DeepLabV3, V3+ and UPerNet, all 512 channels wide.

Zhao et al., "Pyramid Scene Parsing Network", figure 3; Chen et al., "Encoder-Decoder with Atrous Separable
Convolution", figure 2; Xiao et al., "Unified Perceptual Parsing", figure 4.
Letters: B batch, C channels, H W height and width of a feature map.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from whichgpu.workloads import segmenting_context as context
from whichgpu.workloads.blocks import conv_norm, norm_activate, transposed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from whichgpu.workloads.recorder import Map, Recorder

_WIDTH = 512
#: Channels of the finest map in DeepLabV3+; sides of the pooled maps of a scene's pyramid.
_FINE, _SIDES = 48, (1, 2, 3, 6)
#: Channels of queries and keys of what attends to all of 512, words of code.
_EIGHTH, _CODES = 64, 32


def enlarged(rec: Recorder, x: Map, picture: Map, classes: int, *, side: int = 8) -> None:
    """A score per class, enlarged to the picture: (B, C, H/side, W/side) -> (B, classes, H, W)."""
    rec.conv(x, classes, 1, bias=True, name="scores")
    rec.copy(classes * picture.pixels, reads=1.0 / side**2, name="enlarge")


def _beside(rec: Recorder, x: Map, channels: int) -> Map:
    """A map and others of its size side by side, `channels` in all."""
    wide = x._replace(channels=channels)
    rec.copy(wide.elements, name="concatenate")
    return wide


def _grown(rec: Recorder, x: Map, like: Map, *, side: int = 2) -> Map:
    """The map in the size of another, `side` times its own; 0: of few positions, which cost no reading."""
    y = like._replace(channels=x.channels)
    rec.copy(y.elements, reads=1.0 / side**2 if side else 0.0, name="enlarge")
    return y


def scene(rec: Recorder, maps: Sequence[Map]) -> Map:
    """Means over 1, 4, 9 and 36 parts beside the map, mixed by a 3 x 3: (B, C, H, W) -> (B, 512, H, W)."""
    x = maps[-1]
    for side in _SIDES:
        rec.pointwise(x.elements, writes=0.0, name="means")
        pooled = x._replace(height=float(side), width=float(side))
        _grown(rec, conv_norm(rec, pooled, _WIDTH, 1, keeps=0.0, keeps_output=True, name="part"), x, side=0)
    return conv_norm(rec, _beside(rec, x, x.channels + len(_SIDES) * _WIDTH), _WIDTH, 3, name="mix")


def plain(rec: Recorder, maps: Sequence[Map]) -> Map:
    """Two 3 x 3, beside the map mixed by a third: (B, C, H, W) -> (B, 512, H, W)."""
    x = maps[-1]
    conv_norm(rec, conv_norm(rec, x, _WIDTH, 3, name="first"), _WIDTH, 3, name="second")
    return conv_norm(rec, _beside(rec, x, x.channels + _WIDTH), _WIDTH, 3, name="mix")


def holed(rec: Recorder, maps: Sequence[Map]) -> Map:
    """Windows with holes beside a 1 x 1 and the mean, mixed by a 3 x 3: (B, C, H, W) -> (B, 512, H, W)."""
    x = maps[-1]
    _grown(rec, conv_norm(rec, rec.global_pool(x), _WIDTH, 1, name="mean"), x, side=0)
    conv_norm(rec, x, _WIDTH, 1, keeps=0.0, keeps_output=True, name="near")
    for name in ("rate12", "rate24", "rate36"):
        conv_norm(rec, x, _WIDTH, 3, keeps=0.0, keeps_output=True, dilated=True, name=name)
    return conv_norm(rec, _beside(rec, x, 5 * _WIDTH), _WIDTH, 3, name="mix")


def _attend(rec: Recorder, x: Map, width: int, value: int) -> None:
    """Every position attends to every other one, scores written out: (B, C, H, W)."""
    rows = x.height * x.width
    rec.product(x.batch, rows, float(width), rows, name="scores")
    # What it makes is what its own gradient needs, and lies there as that runs.
    rec.pointwise(x.batch * rows * rows, keeps=1.0, name="softmax")
    rec.product(x.batch, rows, rows, float(value), keeps=value / (rows + value), name="weighted")


def _around(rec: Recorder, maps: Sequence[Map], within: Callable[[Recorder, Map], None]) -> Map:
    """`plain` with something between its first two windows."""
    x = maps[-1]
    y = conv_norm(rec, x, _WIDTH, 3, name="first")
    within(rec, y)
    rec.add(y.elements)
    conv_norm(rec, y, _WIDTH, 3, name="second")
    return conv_norm(rec, _beside(rec, x, x.channels + _WIDTH), _WIDTH, 3, name="mix")


def _distant(rec: Recorder, y: Map) -> None:
    """Wang et al., "Non-local Neural Networks", figure 2: half the channels."""
    for name in ("query", "key", "value"):
        z = rec.conv(y, _WIDTH // 2, 1, bias=True, keeps=0.0, name=name)
    _attend(rec, y, _WIDTH // 2, _WIDTH // 2)
    conv_norm(rec, z, _WIDTH, 1, bias=True, name="out")


def _context(rec: Recorder, y: Map) -> None:
    """Cao et al., "GCNet", figure 4d: a weighted mean for all positions, by a quarter of the channels."""
    rec.conv(y, 1, 1, bias=True, keeps=0.0, name="weights")
    rec.product(y.batch, float(_WIDTH), y.height * y.width, 1.0, name="mean")
    mean = y._replace(height=1.0, width=1.0)
    narrow = rec.conv(mean, _WIDTH // 4, 1, bias=True, name="narrow")
    rec.pointwise(narrow.elements, parameters=2.0 * narrow.channels, name="norm")
    rec.conv(narrow, _WIDTH, 1, bias=True, name="widen")


def _disentangled(rec: Recorder, y: Map) -> None:
    """Yin et al., "Disentangled Non-Local Neural Networks", figure 3: a weight of each position beside."""
    _distant(rec, y)
    rec.conv(y, 1, 1, bias=True, keeps=0.0, name="mask")


def _crossed(rec: Recorder, y: Map) -> None:
    """Huang et al., "CCNet", figure 3: twice, each position attends to its row and its column."""
    for again in (False, True):
        for name, width in (("query", _EIGHTH), ("key", _EIGHTH), ("value", _WIDTH)):
            with rec.module(name, again=again):
                rec.conv(y, width, 1, bias=True, keeps=0.0)
        # Columns, then rows: of each all positions, which share their keys and values.
        lines = ((y.batch * y.width, y.height), (y.batch * y.height, y.width))
        for many, seen in lines:
            rec.product(many, seen, float(_EIGHTH), seen, name="scores")
        rec.pointwise(sum(many * seen * seen for many, seen in lines), keeps=1.0, name="softmax")
        for many, seen in lines:
            rec.product(many, seen, seen, float(_WIDTH), keeps=_WIDTH / (seen + _WIDTH), name="weighted")


def dual(rec: Recorder, maps: Sequence[Map]) -> Map:
    """Fu et al., "Dual Attention Network", figure 2: positions and channels, apart: -> (B, 512, H, W)."""
    x = maps[-1]
    y = conv_norm(rec, x, _WIDTH, 3, name="positions_in")
    for name, width in (("query", _EIGHTH), ("key", _EIGHTH), ("value", _WIDTH)):
        rec.conv(y, width, 1, bias=True, keeps=0.0, name=name)
    _attend(rec, y, _EIGHTH, _WIDTH)
    conv_norm(rec, y, _WIDTH, 3, name="positions_out")
    z = conv_norm(rec, x, _WIDTH, 3, name="channels_in")
    for left, inner, right in ((_WIDTH, z.height * z.width, _WIDTH), (_WIDTH, _WIDTH, z.height * z.width)):
        rec.product(z.batch, float(left), inner * 1.0, right * 1.0, name="channels")
    z = conv_norm(rec, z, _WIDTH, 3, name="channels_out")
    rec.add(z.elements)
    return z


def encoded(rec: Recorder, maps: Sequence[Map]) -> Map:
    """Zhang et al., "Context Encoding", figure 2: 32 words of code weigh the channels: -> (B, 512, H, W)."""
    y = conv_norm(rec, maps[-1], _WIDTH, 3, name="narrow")
    conv_norm(rec, y, _WIDTH, 1, name="project")
    rec.product(y.batch, float(_CODES), y.height * y.width, float(_WIDTH), name="codes")
    # What is left of each position beside each word is squared, and once more weighed: both keep it.
    rec.pointwise(y.elements * _CODES, writes=0.0, keeps=2.0,
                  parameters=_CODES * (_WIDTH + 1.0) + 2.0 * _CODES, name="residuals")  # fmt: skip
    rec.linear(y.batch, _WIDTH, _WIDTH, bias=True, name="weigh")
    rec.pointwise(y.elements, name="scale")
    return y


def points(rec: Recorder, maps: Sequence[Map]) -> Map:
    """Three transposed convolutions of a body's points: (B, C, H/32, W/32) -> (B, 256, H/4, W/4)."""
    x = maps[-1]
    for i in range(3):
        x = transposed(rec, x, _WIDTH // 2, 4, 2, name=f"up{i}")
        norm_activate(rec, x, "relu")
    return x


def atrous(rec: Recorder, maps: Sequence[Map]) -> Map:
    """Depthwise windows with holes beside a 1 x 1 and the mean, then the finest: -> (B, 512, H/4, W/4)."""
    x, fine = maps[-1], maps[1]
    _grown(rec, conv_norm(rec, rec.global_pool(x), _WIDTH, 1, name="mean"), x, side=0)
    conv_norm(rec, x, _WIDTH, 1, keeps=0.0, keeps_output=True, name="near")
    for name in ("rate12", "rate24", "rate36"):
        _separable(rec, x, dilated=True, name=name)
    y = conv_norm(rec, _beside(rec, x, 5 * _WIDTH), _WIDTH, 3, name="mix")
    conv_norm(rec, fine, _FINE, 1, keeps=0.0, name="fine")
    y = _beside(rec, _grown(rec, y, fine), _WIDTH + _FINE)
    return _separable(rec, _separable(rec, y, name="first"), name="second")


def _separable(rec: Recorder, x: Map, *, dilated: bool = False, name: str) -> Map:
    """A depthwise 3 x 3 and a 1 x 1 to 512 channels."""
    y = conv_norm(rec, x, x.channels, 3, groups=x.channels, dilated=dilated, name=f"{name}_depthwise")
    return conv_norm(rec, y, _WIDTH, 1, name=name)


def unified(rec: Recorder, maps: Sequence[Map]) -> Map:
    """A scene's pyramid on the coarsest map, a feature pyramid above, all mixed: -> (B, 512, H/4, W/4)."""
    levels = [conv_norm(rec, x, _WIDTH, 1, keeps=0.0, name="lateral") for x in maps[1:-1]]
    levels.append(scene(rec, maps))
    for x in levels[:-1]:
        _grown(rec, x, x)
        rec.add(x.elements)
    fine = levels[0]
    for x in levels[:-1]:
        conv_norm(rec, x, _WIDTH, 3, name="output")
    for i, x in enumerate(levels[1:], 1):
        _grown(rec, x, fine, side=2**i)
    return conv_norm(rec, _beside(rec, fine, len(levels) * _WIDTH), _WIDTH, 3, name="mix")


#: By the name of the head.
OPENMMLAB: Mapping[str, Callable[[Recorder, Sequence[Map]], Map]] = {
    "psp": scene, "plus": atrous, "uper": unified, "plain": plain, "holed": holed, "points": points,
    "distant": partial(_around, within=_distant), "context": partial(_around, within=_context),
    "crossed": partial(_around, within=_crossed), "dual": dual, "encoded": encoded,
    "disentangled": partial(_around, within=_disentangled), "asymmetric": context.asymmetric,
    "adaptive": context.adaptive, "dynamic": context.dynamic, "expected": context.expected,
    "interlaced": context.interlaced, "pointwise": context.pointwise, "semantic": context.semantic,
}  # fmt: skip
