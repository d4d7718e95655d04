"""Networks put together from a few kinds of block: RepVGG, MobileOne, MobileViT, residual ones of timm's.

Ding et al., "RepVGG", figure 2 (branches, kept apart here); Vasu et al., "MobileOne", figure 3; Lin et al.,
"Neural Architecture Design for GPU-Efficient Networks", table 2 (GENet); Mehta and Rastegari, "MobileViT",
figure 1, and "Separable Self-attention for Mobile Vision Transformers", figure 3; Cao et al., "GCNet" (a gate
from a weighed mean); Radford et al., "CLIP", section 2.4 (attention in place of the mean).
Letters: B batch, C channels, H W height and width of a feature map, D width of a token.

Dimensions: `stem` (channels of its convolutions), `stem_kernel` (of the first, 3), `stem_kind` (plain,
repeated: RepVGG's block), `stem_bare` (of its convolutions, those without norm and activation), `stem_pool`
(maximum, mean, none: the last convolution halves again where there are several), `blocks`, rows of [kind,
layers, channels, stride, group width (0: one group, 1: depthwise), channels inside as a share of the
result's], `from_input` (.. of the input's), `linear` (nothing after a block's last norm), `short_cut`
(convolution, mean, none: where the shape changes), `smooth` (mean: where maps are halved), `second` (two
convolutions inside), `gate` (se, eca, context, bilinear), `squeeze` and `squeeze_multiple`, `features`
(channels of a last 1 x 1), `hidden` (of a dense layer before the last), `pool_heads` (of attention in place
of the mean) and `pool_side` (of its learned positions), `activation`, `classes`.
Kinds: bottle, attend (a bottle with attention in place of the 3 x 3, which a seventh column describes as
`workloads/bottleneck.py` says), basic, edge, rep, one (MobileOne: `branches` equal convolutions), one-gated;
mobilevit: [.., .., channels, D, layers of it], mobilevit2: [.., .., channels, D, layers of it].
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.values import NamedTuple
from whichgpu.workloads import images
from whichgpu.workloads.blocks import activate, classifier, conv_norm, image
from whichgpu.workloads.bottleneck import attend
from whichgpu.workloads.branches import OPTION, WORDS, branched, deployed
from whichgpu.workloads.images import (
    eca,
    global_context,
    join,
    layer_norm,
    perceptron,
    round_channels,
    smooth,
    squeeze_excite,
)

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "sgd"
DEFAULTS = images.defaults()
OPTIONS, RUNTIME_WORDS = (OPTION,), WORDS
#: Heads of the transformer inside MobileViT; each side of its patches, in positions.
_HEADS, _PATCH = 4, 2


class _Row(NamedTuple):
    """One row of `blocks`."""

    kind: str
    layers: int
    channels: int
    stride: int
    group: int
    share: float
    attention: Any = None


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """Stem, blocks, a last 1 x 1, classifier: (B, 3, H, W) -> (B, classes)."""
    dims = {**dims, "folded": deployed(job)}
    with rec.module("stem"):
        x = _stem(rec, image(job), dims)
    for i, row in enumerate(dims["blocks"]):
        with rec.module(f"stage{i + 1}"):
            if row[0] in _TOKENS:
                _, _, _, width, layers = row
                x = _TOKENS[row[0]](rec, x, width, layers, dims)
                continue
            one = _Row(*row)
            x = _BLOCKS[one.kind](rec, x, one, one.stride, dims)
            if one.layers > 1:
                with rec.module("rest", copies=float(one.layers - 1)):
                    x = _BLOCKS[one.kind](rec, x, one, 1, dims)
    with rec.module("head"):
        if "features" in dims:
            x = conv_norm(rec, x, dims["features"], 1, activation=dims["activation"])
        if "pool_heads" in dims:
            _attention_pool(rec, x, dims)
        else:
            _hidden(rec, x, dims)


def _hidden(rec: Recorder, x: Map, dims: Dims) -> None:
    """Mean, a norm and a dense layer more where asked, the last one: (B, C, H, W) -> (B, classes)."""
    if "hidden" not in dims:
        return classifier(rec, x, dims["classes"])
    rec.global_pool(x)
    rec.norm(x.channels * x.batch, x.channels)
    rec.linear(x.batch, x.channels, dims["hidden"], bias=True, name="hidden")
    activate(rec, dims["hidden"] * x.batch, dims["activation"])
    return rec.linear(x.batch, dims["hidden"], dims["classes"], bias=True, name="fc")


def _attention_pool(rec: Recorder, x: Map, dims: Dims) -> None:
    """The mean and all places attend to each other, a dense layer: (B, C, H, W) -> (B, classes)."""
    width, heads, tokens = x.channels, dims["pool_heads"], x.height * x.width + 1.0
    rows = tokens * x.batch
    rec.global_pool(x)
    held = float(width * (dims["pool_side"] ** 2 + 1))
    rec.pointwise(width * rows, parameters=held, name="positions")
    rec.linear(rows, width, 3 * width, bias=True, shard="column", name="qkv")
    rec.attention(x.batch, heads, tokens, tokens, width // heads)
    rec.linear(rows, width, dims["classes"], bias=True, shard="row", name="out")


def _stem(rec: Recorder, x: Map, dims: Dims) -> Map:
    """Convolutions of 3 x 3, and a halving: (B, 3, H, W) -> (B, C, H/2, W/2), or a quarter of each side."""
    widths, pool, act = dims["stem"], dims.get("stem_pool", "none"), dims["activation"]
    if dims.get("stem_kind") == "repeated":
        return _rep(rec, x, _Row("rep", 1, widths[0], 2, 0, 1.0), 2, dims)
    for i, width in enumerate(widths):
        stride = 2 if not i or (pool == "none" and i == len(widths) - 1) else 1
        side = 3 if i else dims.get("stem_kernel", 3)
        if i < dims.get("stem_bare", 0):
            x = rec.conv(x, width, 3, stride, backward="full" if i else "weight")
        else:
            x = conv_norm(rec, x, width, side, stride, activation=act, backward="full" if i else "weight")
    if pool == "maximum":
        return rec.pool(x, 3, 2, padding=1)
    return rec.pool(x, 2, 2, average=True) if pool == "mean" else x


def _groups(channels: int, width: int) -> int:
    return channels // width if width else 1


def _bottle(rec: Recorder, x: Map, row: _Row, stride: int, dims: Dims) -> Map:
    """1 x 1, 3 x 3, gate, 1 x 1, short cut: (B, C, H, W) -> (B, channels, H/stride, W/stride)."""
    act, out = dims["activation"], row.channels
    inside = round_channels((x.channels if dims.get("from_input") else out) * row.share)
    y = conv_norm(rec, x, inside, 1, activation=act)
    kind = dims.get("smooth", "") if stride > 1 else ""
    if row.attention:
        y = attend(rec, y, stride, row.attention)
        rec.norm(y.elements, inside, name="attention_norm")
        activate(rec, y.elements, act)
        return _join(rec, x, conv_norm(rec, y, out, 1, relu=False), stride, dims)
    for step in [stride, 1] if dims.get("second") else [stride]:
        y = conv_norm(
            rec, y, inside, 3, 1 if kind else step, groups=_groups(inside, row.group), activation=act
        )
    y = smooth(rec, y, kind) if kind else y
    _gate(rec, y, dims)
    y = conv_norm(rec, y, out, 1, relu=False)
    return _join(rec, x, y, stride, dims)


def _basic(rec: Recorder, x: Map, row: _Row, stride: int, dims: Dims) -> Map:
    """Two 3 x 3 and the short cut: (B, C, H, W) -> (B, channels, H/stride, W/stride)."""
    y = conv_norm(rec, x, round_channels(row.channels * row.share), 3, stride, activation=dims["activation"])
    _gate(rec, y, dims)
    y = conv_norm(rec, y, row.channels, 3, relu=False, groups=_groups(row.channels, row.group))
    return _join(rec, x, y, stride, dims)


def _edge(rec: Recorder, x: Map, row: _Row, stride: int, dims: Dims) -> Map:
    """3 x 3, gate, 1 x 1, short cut: (B, C, H, W) -> (B, channels, H/stride, W/stride)."""
    y = conv_norm(rec, x, round_channels(row.channels * row.share), 3, stride, activation=dims["activation"])
    _gate(rec, y, dims)
    return _join(rec, x, conv_norm(rec, y, row.channels, 1, relu=False), stride, dims)


def _rep(rec: Recorder, x: Map, row: _Row, stride: int, dims: Dims) -> Map:
    """3 x 3, 1 x 1 and the map itself, each with its norm, added up: (B, C, H, W) -> (B, channels, ..)."""
    y = branched(rec, x, row.channels, 3, stride, groups=_groups(row.channels, row.group),
                 folded=dims["folded"])  # fmt: skip
    _gate(rec, y, dims)
    activate(rec, y.elements, dims["activation"])
    return y


def _one(rec: Recorder, x: Map, row: _Row, stride: int, dims: Dims) -> Map:
    """MobileOne's block: a depthwise 3 x 3, then a 1 x 1, both in branches: -> (B, channels, ..)."""
    gated, copies = row.kind == "one-gated", dims["branches"]
    for out, kernel, step, groups in ((x.channels, 3, stride, x.channels), (row.channels, 1, 1, 1)):
        x = branched(rec, x, out, kernel, step, groups=groups, copies=copies, activation=dims["activation"],
                     squeezed=out // 16 if gated else 0, folded=dims["folded"])  # fmt: skip
    return x


def _join(rec: Recorder, x: Map, y: Map, stride: int, dims: Dims) -> Map:
    """Add the short cut, projected (or left out) where its shape differs."""
    kind = dims.get("short_cut", "convolution")
    same = stride == 1 and x.channels == y.channels
    if not same and kind != "none":
        mean = kind == "mean" and stride > 1
        short = rec.pool(x, 2, 2, ceil=True, average=True) if mean else x
        conv_norm(rec, short, y.channels, 1, 1 if mean else stride, relu=False, keeps=float(mean),
                  name="shortcut")  # fmt: skip
    if same or kind != "none":
        rec.add(y.elements)
    if not dims.get("linear"):
        activate(rec, y.elements, dims["activation"])
    return y


def _gate(rec: Recorder, x: Map, dims: Dims) -> None:
    kind = dims.get("gate", "")
    if kind == "se":
        squeezed = round_channels(x.channels * dims["squeeze"], dims.get("squeeze_multiple", 8), least=0.0)
        squeeze_excite(rec, x, squeezed)
    elif kind == "eca":
        eca(rec, x)
    elif kind == "context":
        global_context(rec, x, round_channels(x.channels / 8, 1, least=0.0))
    elif kind == "bilinear":
        _bilinear(rec, x, round_channels(x.channels / 4))


#: Places along a side that weights of a bilinear gate tell apart, and groups of channels that share them.
_PLACES, _GROUPS = 8, 2


def _bilinear(rec: Recorder, x: Map, inside: int) -> None:
    """Chi et al., "Non-Local Neural Networks With Grouped Bilinear Attentional Transforms", figure 2.

    (H, H) x (H, W) x (W, W) of each of the narrower map's channels, added to what came: shape unchanged.
    """
    y = conv_norm(rec, x, inside, 1, name="narrow")
    seen = conv_norm(rec, y, _GROUPS, 1, name="seen")
    rec.pointwise(seen.elements, name="maxima")
    for name in ("rows", "columns"):
        rec.linear(x.batch, _GROUPS * _PLACES, _GROUPS * _PLACES**2, bias=True, name=name)
        rec.pointwise(_GROUPS * _PLACES**2 * x.batch, reads=2.0, keeps=2.0, name="sigmoid")
    rec.copy(inside * x.batch * (x.height**2 + x.width**2), name="spread")
    rec.product(inside * x.batch, x.height, x.height, x.width, name="mix_rows")
    rec.product(inside * x.batch, x.height, x.width, x.width, name="mix_columns")
    y = conv_norm(rec, y, inside, 1, name="mixed")
    conv_norm(rec, y, x.channels, 1, name="widen")
    rec.dropout(x.elements)
    rec.add(x.elements)


def _mobilevit(rec: Recorder, x: Map, width: int, layers: int, dims: Dims) -> Map:
    """Convolutions, a transformer over every second position either way, and back: shape unchanged."""
    act, out = dims["activation"], x.channels
    y = conv_norm(rec, x, out, 3, activation=act)
    y = rec.conv(y, width, 1, name="to_tokens")
    tokens = y.height * y.width / _PATCH**2
    with rec.module("transformer", copies=float(layers)):
        layer_norm(rec, y.elements, width)
        rec.linear(y.pixels, width, 3 * width, bias=True, shard="column", name="qkv")
        rec.attention(_PATCH**2 * y.batch, _HEADS, tokens, tokens, width // _HEADS)
        rec.linear(y.pixels, width, width, bias=True, shard="row", name="out")
        join(rec, y.pixels, width)
        layer_norm(rec, y.elements, width)
        perceptron(rec, y.pixels, width, 2 * width)
        join(rec, y.pixels, width)
    layer_norm(rec, y.elements, width)
    y = conv_norm(rec, y, out, 1, activation=act)
    rec.copy(2 * y.elements, name="concatenate")
    return conv_norm(rec, y._replace(channels=2 * out), out, 3, activation=act)


def _mobilevit2(rec: Recorder, x: Map, width: int, layers: int, dims: Dims) -> Map:
    """A depthwise 3 x 3, layers whose attention weighs one sum of all keys, and back: shape unchanged."""
    out = x.channels
    y = conv_norm(rec, x, out, 3, groups=out, activation=dims["activation"])
    y = rec.conv(y, width, 1, name="to_tokens")
    with rec.module("transformer", copies=float(layers)):
        rec.norm(y.elements, width)
        wide = rec.conv(y, 2 * width + 1, 1, bias=True, name="qkv")
        rec.pointwise(y.pixels, keeps=1.0, name="softmax")
        rec.pointwise(wide.elements, keeps=1.0, name="weigh")
        rec.conv(y, width, 1, bias=True, name="out")
        rec.add(y.elements)
        rec.norm(y.elements, width)
        rec.conv(y, 2 * width, 1, bias=True, name="up")
        activate(rec, 2 * y.elements, "silu")
        rec.conv(y._replace(channels=2 * width), width, 1, bias=True, name="down")
        rec.add(y.elements)
    rec.norm(y.elements, width)
    return conv_norm(rec, y, out, 1, relu=False)


_BLOCKS = {
    "bottle": _bottle,
    "attend": _bottle,
    "basic": _basic,
    "edge": _edge,
    "rep": _rep,
    "one": _one,
    "one-gated": _one,
}
_TOKENS = {"mobilevit": _mobilevit, "mobilevit2": _mobilevit2}
