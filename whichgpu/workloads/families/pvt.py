"""Pyramid Vision Transformer v2: attention to a map made smaller first, convolutions inside the perceptrons.

Wang et al., "PVT v2", figures 1 and 2, table 1; Xie et al., "SegFormer", figure 2 (such an encoder, and
a head that scores every fourth position).
Letters: B batch, C channels, H W height and width of a feature map.

Dimensions: `layers`, `widths`, `heads`, `reductions` (of the map that is attended to, each side) and `ffn`
(times the width), all per stage; `pooled` (linear attention: the map is the mean over a grid of 7 x 7),
`decoder` (width of SegFormer's head, in place of the mean), `classes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.workloads import images
from whichgpu.workloads.attention import attend_to, to_smaller
from whichgpu.workloads.blocks import activate, conv_norm, cross_entropy, image
from whichgpu.workloads.images import join, layer_norm

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.workloads.job import Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "adamw"
DEFAULTS = images.defaults()
#: Whose head is as narrow behind every encoder (mmsegmentation, configs/_base_/models/segformer_mit-b0.py).
RUNTIME_WORDS = ("mmseg",)
_NARROW_HEAD = 256
#: Side of the grid that linear attention attends to.
_GRID = 7.0


def forward(dims: Mapping[str, Any], job: Job, rec: Recorder) -> None:
    """Four stages, each after a strided convolution, mean, head: (B, 3, H, W) -> (B, classes)."""
    x = image(job)
    maps = []
    stages = zip(dims["layers"], dims["widths"], dims["heads"], dims["reductions"], dims["ffn"], strict=True)
    for i, (layers, width, heads, reduction, ffn) in enumerate(stages):
        with rec.module(f"down{i}" if i else "stem"):
            x = rec.conv(
                x, width, 3 if i else 7, 2 if i else 4, bias=True, backward="full" if i else "weight"
            )
            layer_norm(rec, x.elements, width)
        with rec.module(f"stage{i + 1}"):
            with rec.module("layers", copies=float(layers)):
                _attention(rec, x, heads, reduction, pooled=dims.get("pooled", False))
                _perceptron(rec, x, ffn, pooled=dims.get("pooled", False))
            layer_norm(rec, x.elements, width)
        maps.append(x)
    if "decoder" in dims:
        with rec.module("decode_head"):
            narrow = _NARROW_HEAD if RUNTIME_WORDS[0] in job.runtime.lower() else dims["decoder"]
            scores = _segment(rec, maps, min(dims["decoder"], narrow), dims["classes"])
        if job.trains:
            with rec.module("loss"):
                rec.copy(scores.channels * 16.0 * scores.pixels, reads=1.0 / 16.0, name="enlarge")
                cross_entropy(rec, 16.0 * scores.pixels, scores.channels)
        return
    with rec.module("head"):
        rec.global_pool(x)
        rec.linear(x.batch, x.channels, dims["classes"], bias=True, name="fc")


def _segment(rec: Recorder, maps: list[Map], width: int, classes: int) -> Map:
    """All stages to one width and the first one's size, side by side: -> (B, classes, H/4, W/4)."""
    first = maps[0]
    for x in maps:
        rec.linear(x.pixels, x.channels, width, bias=True, name="unify")
        if x is not first:
            rec.copy(width * first.pixels, reads=0.25, name="enlarge")
    wide = first._replace(channels=len(maps) * width)
    rec.copy(wide.elements, name="concatenate")
    y = conv_norm(rec, wide, width, 1, name="fuse")
    rec.dropout(y.elements)
    return rec.conv(y, classes, 1, bias=True, name="scores")


def _attention(rec: Recorder, x: Map, heads: int, reduction: int, *, pooled: bool) -> None:
    """Every position attends to the smaller map: shape unchanged."""
    width = x.channels
    layer_norm(rec, x.elements, width)
    if pooled:
        rec.linear(x.pixels, width, width, bias=True, shard="column", name="query")
        seen = rec.global_pool(x, side=int(_GRID))
        rec.conv(seen, width, 1, bias=True, name="reduce")
        layer_norm(rec, seen.elements, width)
        activate(rec, seen.elements, "gelu")
        attend_to(rec, x, seen, heads)
    else:
        to_smaller(rec, x, heads, reduction)
    join(rec, x.pixels, width)


def _perceptron(rec: Recorder, x: Map, ffn: int, *, pooled: bool) -> None:
    """Two dense layers with a depthwise 3 x 3 between: shape unchanged."""
    width, hidden = x.channels, ffn * x.channels
    layer_norm(rec, x.elements, width)
    rec.linear(x.pixels, width, hidden, bias=True, shard="column", name="up")
    wide = x._replace(channels=hidden)
    if pooled:
        activate(rec, wide.elements, "relu")
    rec.conv(wide, hidden, 3, groups=hidden, bias=True, name="depthwise")
    activate(rec, wide.elements, "gelu", shard="column")
    rec.linear(x.pixels, hidden, width, bias=True, shard="row", name="down")
    join(rec, x.pixels, width)
