"""Blocks of the mobile networks: depthwise convolutions between narrow ends, and what came beside them.

Tan and Le, "MixConv" (several kernel sizes in one layer); Yang et al., "CondConv"; Qin et al., "MobileNetV4",
figures 4 and 5 (the universal inverted bottleneck, attention whose key and value have one head); Han et al.,
"GhostNet", figures 2 and 3; Tang et al., "GhostNetV2", figure 4; Chen et al., "RepGhost", figure 3; Han et
al., "Rethinking Channel Dimensions" (ReXNet).
Letters: B batch, C channels, E expanded channels, H W height and width of a feature map.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.values import NamedTuple
from whichgpu.workloads.blocks import activate, conv_norm, norm_activate
from whichgpu.workloads.images import global_context, smooth, squeeze_excite

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.workloads.recorder import Map, Recorder


class Block(NamedTuple):
    """One layer; which of its numbers a kind uses stands with the kind's function.

    `kernel`: side of the convolution, or a row that the kind explains; `wide`: E; `channels`: of the result;
    `squeezed`: width inside of its gate, 0 for none; `scaled`: each channel of its result is; `gate`: its
    activation, or `context` for GCNet's; `group`: channels in a group of its convolution, 0 where all are one
    (fused) or each is its own (depthwise).
    """

    kind: str
    kernel: Any
    stride: int
    wide: int
    channels: int
    squeezed: int
    activation: str
    scaled: bool = False
    smooth: str = ""
    gate: str = "relu"
    group: int = 0


def block(rec: Recorder, x: Map, one: Block) -> Map:
    """(B, C, H, W) -> (B, channels, H/stride, W/stride); the input is added where its shape fits."""
    y = _KINDS[one.kind](rec, x, one)
    if one.scaled:
        rec.pointwise(y.elements, keeps=1.0, parameters=float(y.channels), name="layer_scale")
    if one.stride == 1 and y.channels == x.channels and one.kind not in _BARE:
        rec.add(y.elements)
    return y


def _separable(rec: Recorder, x: Map, one: Block) -> Map:
    """Depthwise, gate, 1 x 1 (with an activation where the kind says so)."""
    y = _depthwise(rec, x, one.kernel, one)
    _gate(rec, y, one)
    return conv_norm(rec, y, one.channels, 1, relu=one.kind == "separable-act", activation=one.activation,
                     name="project")  # fmt: skip


def _replicated(rec: Recorder, x: Map, one: Block) -> Map:
    """Depthwise ones of several sides added up, gate, 1 x 1: PP-LCNetV2's.

    `kernel`: [sides, width between two 1 x 1 (0: one)].
    """
    sides, middle = one.kernel
    for i, side in enumerate(sides):
        y = conv_norm(rec, x, x.channels, side, one.stride, groups=x.channels, relu=False,
                      keeps=0.0 if i else 1.0, name="depthwise")  # fmt: skip
        if i:
            rec.add(y.elements)
    activate(rec, y.elements, one.activation)
    _gate(rec, y, one)
    y = conv_norm(rec, y, middle, 1, activation=one.activation, name="narrow") if middle else y
    return conv_norm(rec, y, one.channels, 1, activation=one.activation, name="project")


def _folding(rec: Recorder, x: Map, one: Block) -> Map:
    """Each 2 x 2 made one place of E channels, depthwise, gate, 1 x 1: -> (B, channels, H/2, W/2)."""
    y = conv_norm(rec, x, one.wide, 2, 2, padding=0, activation=one.activation, name="space_to_depth")
    rec.window(y.elements, y.pixels, one.wide, one.wide, one.kernel**2, groups=one.wide, name="depthwise")
    norm_activate(rec, y, one.activation, name="depthwise")
    _gate(rec, y, one)
    return conv_norm(rec, y, one.channels, 1, relu=False, name="project")


def _inverted(rec: Recorder, x: Map, one: Block) -> Map:
    """1 x 1 to E, depthwise, gate, 1 x 1.

    `kernel`: its side, or [sides, parts of the first 1 x 1, parts of the last] of a mixed one.
    """
    sides, first, last = one.kernel if isinstance(one.kernel, list) else ([one.kernel], 1, 1)
    y = _pointwise(rec, x, one.wide, first, activation=one.activation)
    y = _mixed(rec, y, sides, one)
    _gate(rec, y, one)
    return _pointwise(rec, y, one.channels, last, activation="")


def _conditional(rec: Recorder, x: Map, one: Block) -> Map:
    """An inverted block whose weights each picture mixes from experts; `kernel`: [side, experts]."""
    side, experts = one.kernel
    rec.global_pool(x, name="route_mean")
    rec.linear(x.batch, x.channels, experts, bias=True, keeps=0.0, name="route")
    rec.pointwise(experts * x.batch, keeps=1.0, name="sigmoid")
    y = x
    for out, kernel, stride, groups in (
        (one.wide, 1, 1, 1), (one.wide, side, one.stride, one.wide), (one.channels, 1, 1, 1)
    ):  # fmt: skip
        last = groups == 1 and y is not x
        rec.linear(x.batch, experts, out * y.channels // groups * kernel**2, keeps=0.0, name="mix_weights")
        with rec.module("mixed", again=True):  # the experts' weights are counted where they are mixed
            z = rec.conv(y, out, kernel, stride, groups=groups)
        rec.norm(z.elements, out, name="conditional_norm")
        if not last:
            activate(rec, z.elements, one.activation)
        if groups > 1:
            _gate(rec, z, one)
        y = z
    return y


def _fused(rec: Recorder, x: Map, one: Block) -> Map:
    """A full convolution to E, gate, 1 x 1."""
    y = _halving(rec, x, one.wide, one.kernel, one)
    _gate(rec, y, one)
    return conv_norm(rec, y, one.channels, 1, relu=False, name="project")


def _convolution(rec: Recorder, x: Map, one: Block) -> Map:
    """A convolution alone."""
    return _halving(rec, x, one.channels, one.kernel, one)


def _universal(rec: Recorder, x: Map, one: Block) -> Map:
    """Depthwise, 1 x 1 to E, depthwise, gate, 1 x 1; `kernel`: [first, second] side, 0 for none."""
    first, second = one.kernel
    y = x
    if first:
        y = conv_norm(rec, y, y.channels, first, 1 if second else one.stride, groups=y.channels, relu=False,
                      name="depthwise")  # fmt: skip
    y = conv_norm(rec, y, one.wide, 1, activation=one.activation, name="expand")
    if second:
        y = _depthwise(rec, y, second, one)
    _gate(rec, y, one)
    return conv_norm(rec, y, one.channels, 1, relu=False, name="project")


def _attention(rec: Recorder, x: Map, one: Block) -> Map:
    """Attention with one head for keys and values, maybe halved; `kernel`: [heads, width, stride]."""
    heads, width, stride = one.kernel
    rec.norm(x.elements, x.channels)
    rec.conv(x, heads * width, 1, name="query")
    kv = x
    for name in ("key", "value"):
        if stride > 1:
            kv = conv_norm(rec, x, x.channels, 3, stride, groups=x.channels, relu=False, keeps=0.0,
                           name="depthwise")  # fmt: skip
        rec.conv(kv, width, 1, keeps=float(stride > 1), name=name)
    rec.attention(x.batch, heads, x.height * x.width, kv.height * kv.width, width, kv_heads=1)
    return rec.conv(x._replace(channels=heads * width), one.channels, 1, name="out")


def _ghost(rec: Recorder, x: Map, one: Block) -> Map:
    """Cheap features to E, a depthwise convolution where maps are halved, gate, cheap features, short cut."""
    several = one.kind.startswith("ghost3")
    made = _folded if one.kind == "ghost-folded" else _several if several else _cheap
    y = made(rec, x, one.wide, "relu")
    if one.kind in ("ghost2", "ghost3"):
        _look(rec, x, y)
    if one.stride > 1 and several:
        y = _branches(rec, y, one.wide, one.kernel, one.stride)
    elif one.stride > 1:
        y = conv_norm(rec, y, one.wide, one.kernel, one.stride, groups=one.wide, relu=False, name="depthwise")
    _gate(rec, y, one)
    y = made(rec, y, one.channels, "")
    if one.stride > 1 or x.channels != one.channels:
        short = conv_norm(rec, x, x.channels, one.kernel, one.stride, groups=x.channels, relu=False,
                          keeps=0.0, name="shortcut_depthwise")  # fmt: skip
        conv_norm(rec, short, one.channels, 1, relu=False, name="shortcut")
    rec.add(y.elements)
    return y


#: Convolutions beside each other that GhostNetV3 folds into one.
_BRANCHES = 3


def _several(rec: Recorder, x: Map, out: int, activation: str) -> Map:
    """Half of the features by 1 x 1 ones, half by depthwise ones of those: (B, C, H, W) -> (B, out, H, W)."""
    half = (out + 1) // 2
    y = x._replace(channels=half)
    for i in range(_BRANCHES):
        conv_norm(rec, x, half, 1, relu=False, keeps=0.0 if i else 1.0, name="features")
        if i:
            rec.add(y.elements)
    if activation:
        activate(rec, y.elements, activation)
    rec.norm(y.elements, half, name="skip_norm")
    y = _branches(rec, y, half, 3, 1)
    rec.add(y.elements)
    if activation:
        activate(rec, y.elements, activation)
    z = x._replace(channels=out)
    rec.copy(z.elements, name="concatenate")
    return z


def _branches(rec: Recorder, x: Map, channels: int, kernel: int, stride: int) -> Map:
    """Depthwise ones of a side and one of a point, added up."""
    y = conv_norm(rec, x, channels, 1, stride, groups=channels, relu=False, name="scale")
    for _ in range(_BRANCHES):
        y = conv_norm(rec, x, channels, kernel, stride, groups=channels, relu=False, keeps=0.0, name="cheap")
        rec.add(y.elements)
    return y


def _look(rec: Recorder, x: Map, made: Map) -> None:
    """Weigh each of the features by what a row and a column of a halved map see."""
    out = made.channels
    seen = conv_norm(rec, rec.pool(x, 2, 2, average=True), out, 1, relu=False, name="look")
    for kernel, name in (((1, 5), "look_along"), ((5, 1), "look_down")):
        seen = conv_norm(rec, seen, out, kernel, groups=out, relu=False, name=name)
    rec.pointwise(seen.elements, keeps=1.0, name="sigmoid")
    rec.copy(made.elements, reads=0.25, name="enlarge")
    rec.pointwise(made.elements, reads=2.0, keeps=2.0, name="weigh")


def _cheap(rec: Recorder, x: Map, out: int, activation: str) -> Map:
    """Half of the channels from a 1 x 1, the others from those by a depthwise 3 x 3: -> (B, out, H, W)."""
    half = -(-out // 2)
    y = conv_norm(rec, x, half, 1, relu=bool(activation), activation=activation, name="primary")
    conv_norm(rec, y, half, 3, groups=half, relu=bool(activation), activation=activation, name="cheap")
    made = y._replace(channels=out)
    rec.copy(made.elements, name="concatenate")
    return made


def _folded(rec: Recorder, x: Map, out: int, activation: str) -> Map:
    """A 1 x 1, to which a depthwise 3 x 3 of it is added: -> (B, out, H, W)."""
    y = conv_norm(rec, x, out, 1, relu=bool(activation), activation=activation, name="primary")
    conv_norm(rec, y, out, 3, groups=out, relu=False, name="cheap")
    rec.norm(y.elements, out, keeps=0.0, name="identity_norm")
    rec.add(y.elements)
    if activation:
        activate(rec, y.elements, activation)
    return y


def _rex(rec: Recorder, x: Map, one: Block) -> Map:
    """1 x 1 to E, depthwise, a gate with a norm inside, 1 x 1; the input joins the first channels."""
    y = (
        x
        if one.wide == x.channels
        else conv_norm(rec, x, one.wide, 1, activation=one.activation, name="expand")
    )
    y = conv_norm(rec, y, one.wide, one.kernel, one.stride, groups=one.wide, relu=False, name="depthwise")
    _gate(rec, y, one)
    if one.squeezed:
        rec.norm(one.squeezed * y.batch, one.squeezed, name="gate_norm")
    activate(rec, y.elements, "relu6")
    y = conv_norm(rec, y, one.channels, 1, relu=False, name="project")
    if one.stride == 1 and x.channels <= one.channels:
        rec.add(x.elements)
        rec.copy(y.elements, name="concatenate")
    return y


_KINDS = {
    "separable": _separable, "separable-act": _separable, "replicated": _replicated,
    "replicated-skip": _replicated, "folding": _folding, "inverted": _inverted,
    "conditional": _conditional, "fused": _fused, "convolution": _convolution,
    "convolution-skip": _convolution, "universal": _universal, "attention": _attention, "ghost": _ghost,
    "ghost2": _ghost, "ghost-folded": _ghost, "ghost3": _ghost, "ghost3-plain": _ghost,
    "rex": _rex,
}  # fmt: skip
#: Kinds whose input is not added to their result here.
_BARE = frozenset({"separable-act", "replicated", "convolution", "ghost", "ghost2", "ghost3", "ghost3-plain",
                    "ghost-folded", "rex"})  # fmt: skip


def _gate(rec: Recorder, x: Map, one: Block) -> None:
    if one.squeezed and one.gate == "context":
        global_context(rec, x, one.squeezed)
    elif one.squeezed:
        squeeze_excite(rec, x, one.squeezed, activation=one.gate)


def _halving(rec: Recorder, x: Map, out: int, kernel: int, one: Block) -> Map:
    """A full convolution with the block's stride, smoothed where that is asked for."""
    after = one.smooth if one.stride > 1 else ""
    y = conv_norm(rec, x, out, kernel, 1 if after else one.stride, activation=one.activation,
                  groups=x.channels // one.group if one.group else 1)  # fmt: skip
    return smooth(rec, y, after) if after else y


def _depthwise(rec: Recorder, x: Map, kernel: int, one: Block) -> Map:
    """A depthwise convolution with the block's stride, smoothed where that is asked for."""
    after = one.smooth if one.stride > 1 else ""
    groups = x.channels // (one.group or 1)
    y = conv_norm(rec, x, x.channels, kernel, 1 if after else one.stride, groups=groups,
                  activation=one.activation, name="depthwise")  # fmt: skip
    return smooth(rec, y, after) if after else y


def _mixed(rec: Recorder, x: Map, sides: Sequence[int], one: Block) -> Map:
    """A depthwise convolution of one side, or the channels in parts, each with a side of its own."""
    if len(sides) == 1:
        return _depthwise(rec, x, sides[0], one)
    for part, side in zip(_parts(x.channels, len(sides)), sides, strict=True):
        y = rec.conv(x._replace(channels=part), part, side, one.stride, groups=part, name="depthwise")
    y = y._replace(channels=x.channels)
    rec.copy(y.elements, name="concatenate")
    norm_activate(rec, y, one.activation, name="depthwise")
    return y


def _pointwise(rec: Recorder, x: Map, out: int, parts: int, *, activation: str) -> Map:
    """A 1 x 1, in `parts` that see as many parts of the input each, with norm and activation."""
    for given, made in zip(_parts(x.channels, parts), _parts(out, parts), strict=True):
        rec.conv(x._replace(channels=given), made, 1, name="pointwise")
    y = x._replace(channels=out)
    if parts > 1:
        rec.copy(y.elements, name="concatenate")
    norm_activate(rec, y, activation, name="pointwise")
    return y


def _parts(channels: int, count: int) -> list[int]:
    """Channels in equal parts, the first taking what is left over."""
    part = channels // count
    return [channels - part * (count - 1), *[part] * (count - 1)]
