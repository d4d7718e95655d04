"""MViTv2: attention to maps that depthwise convolutions make smaller, with positions decomposed by axis.

Li et al., "MViTv2: Improved Multiscale Vision Transformers", figures 1 and 2, table 1.
Letters: B batch, C channels, H W height and width of a feature map, S tokens, d width of a head.

Dimensions: `image` (side that the relative positions are for), `layers`, `widths`, `heads` and `strides` (of
keys and values), per stage; `wide_attention` (a stage widens in its first attention, else in the perceptron
before it), `class_token`, `classes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.values import NamedTuple
from whichgpu.workloads import images
from whichgpu.workloads.blocks import activate, image
from whichgpu.workloads.images import join, layer_norm

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "adamw"
DEFAULTS = images.defaults()
#: Width of the perceptron as a multiple of the layer's input.
_FFN = 4


class _Layer(NamedTuple):
    """One layer: width of its attention and of its result, stride of queries, of keys and values."""

    heads: int
    inside: int
    out: int
    query: int
    kv: int
    #: Side of its input that the relative positions are for.
    side: int


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """A 7 x 7, four stages, norm, head: (B, 3, H, W) -> (B, S, C) -> (B, classes)."""
    token = float(dims.get("class_token", False))
    with rec.module("stem"):
        x = rec.conv(image(job), dims["widths"][0], 7, 4, bias=True, backward="weight")  # (B, C, H/4, W/4)
        if token:
            rec.pointwise(x.elements, parameters=float(x.channels), name="class_token")
    for stage in range(len(dims["layers"])):
        with rec.module(f"stage{stage + 1}"):
            for one in _layers(dims, stage):
                x = _layer(rec, x, one, token)
    with rec.module("head"):
        rows = x.pixels + token * x.batch
        layer_norm(rec, x.channels * rows, x.channels)
        if not token:
            rec.global_pool(x)
        rec.linear(x.batch, x.channels, dims["classes"], bias=True, name="fc")


def _layers(dims: Dims, stage: int) -> Iterator[_Layer]:
    """The layers of a stage; its first halves the map, but in the first stage."""
    widths, count = dims["widths"], dims["layers"][stage]
    wide = dims["wide_attention"]
    following = widths[min(stage + 1, len(widths) - 1)]
    for i in range(count):
        halved = bool(stage) and not i
        out = widths[stage] if wide or i < count - 1 else following
        side = dims["image"] // 4 // 2 ** (stage - halved)
        yield _Layer(
            dims["heads"][stage], widths[stage], out, 2 if halved else 1, dims["strides"][stage], side
        )


def _layer(rec: Recorder, x: Map, one: _Layer, token: float) -> Map:
    """Attention and perceptron: (B, C, H, W) -> (B, out, H/stride, W/stride)."""
    rows = x.pixels + token * x.batch
    layer_norm(rec, x.channels * rows, x.channels)
    if x.channels != one.inside:
        rec.linear(rows, x.channels, one.inside, bias=True, keeps=0.0, name="widen")
    rec.linear(rows, x.channels, 3 * one.inside, bias=True, shard="column", name="qkv")
    wide = x._replace(channels=one.inside)
    if one.query > 1:
        rec.pool(wide, 3, one.query, padding=1, name="shortcut")
    y = _attention(rec, wide, one, token)
    rows = y.pixels + token * y.batch
    rec.linear(rows, one.inside, one.inside, bias=True, shard="row", name="out")
    join(rec, rows, one.inside)
    layer_norm(rec, one.inside * rows, one.inside)
    if one.out != one.inside:
        rec.linear(rows, one.inside, one.out, bias=True, keeps=0.0, name="widen")
    rec.linear(rows, one.inside, _FFN * one.inside, bias=True, shard="column", name="up")
    activate(rec, _FFN * one.inside * rows, "gelu", shard="column")
    rec.linear(rows, _FFN * one.inside, one.out, bias=True, shard="row", name="down")
    join(rec, rows, one.out)
    return y._replace(channels=one.out)


def _attention(rec: Recorder, x: Map, one: _Layer, token: float) -> Map:
    """Queries, keys and values of each head made smaller, scores with positions by row and by column."""
    width = one.inside // one.heads
    head = x._replace(batch=one.heads * x.batch, channels=width)
    made = []
    for name, stride in (("query", one.query), ("key", one.kv), ("value", one.kv)):
        y = rec.conv(head, width, 3, stride, groups=width, name=f"{name}_pool")
        layer_norm(rec, width * (y.pixels + token * y.batch), width)
        made.append(y)
    query, key, _ = made
    for ours, across, theirs in (
        (query.height, query.width, key.height), (query.width, query.height, key.width)
    ):  # fmt: skip
        reach = 2 * max(one.side // one.query, one.side // one.kv) - 1
        rec.product(ours, across * query.batch, float(width), theirs, name="relative")
        rec.pointwise(float(width) * ours * theirs, parameters=float(width * reach), name="relative")
    rec.attention(
        x.batch, one.heads, query.height * query.width + token, key.height * key.width + token, width
    )
    rec.add(query.elements)
    return query._replace(batch=x.batch, channels=one.inside)
