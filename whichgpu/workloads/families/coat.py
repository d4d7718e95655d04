"""CoaT: attention factored through the channels of a head, at one scale after another and at three at once.

Xu et al., "Co-Scale Conv-Attentional Image Transformers", figures 2 to 4, table 1.
Letters: B batch, C channels, H W height and width of a feature map, S tokens (those and a class token).

Dimensions: `layers`, `widths` and `ffn` (times the width), per stage; `heads`, `parallel` (layers that work
on the last three stages at once and hand maps to each other), `classes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.workloads import images
from whichgpu.workloads.blocks import image
from whichgpu.workloads.images import join, layer_norm, perceptron

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "adamw"
DEFAULTS = images.defaults()
#: Kernels of the relative positions, and the share of the heads that each has.
_KERNELS = ((3, 2), (5, 3), (7, 3))


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """Four stages one after another, then three side by side, head: (B, 3, H, W) -> (B, classes)."""
    x, heads = image(job), dims["heads"]
    maps: list[Map] = []
    for i, (layers, width, ffn) in enumerate(zip(dims["layers"], dims["widths"], dims["ffn"], strict=True)):
        with rec.module(f"stage{i + 1}"):
            side = 2 if i else 4
            x = rec.conv(x, width, side, side, padding=0, bias=True, name="patches",
                         backward="full" if i else "weight")  # fmt: skip
            layer_norm(rec, x.elements, width)
            rec.pointwise(width * x.batch, parameters=float(width), name="class_token")
            for j in range(layers):
                _serial(rec, x, heads, ffn * width, again=j > 0)
        maps.append(x)
    with rec.module("parallel", copies=float(dims.get("parallel", 0))):
        if "parallel" in dims:
            _parallel(rec, maps[1:], heads, dims["ffn"][1] * dims["widths"][1])
    with rec.module("head"):
        seen = maps[1:] if "parallel" in dims else maps[-1:]
        for y in seen:
            layer_norm(rec, y.channels * _tokens(y), y.channels)
        if len(seen) > 1:
            rec.linear(x.channels * x.batch, len(seen), 1, bias=True, name="aggregate")
        rec.linear(x.batch, x.channels, dims["classes"], bias=True, name="fc")


def _tokens(x: Map) -> Any:
    """Tokens of the whole batch, a class token for each picture among them."""
    return x.pixels + x.batch


def _positions(rec: Recorder, x: Map, *, again: bool) -> None:
    """A depthwise 3 x 3, added; its weights are the stage's."""
    with rec.module("positions", again=again):
        rec.conv(x, x.channels, 3, groups=x.channels, bias=True, name="depthwise")
        rec.add(x.elements)
        rec.copy(x.channels * _tokens(x), name="concatenate")


def _serial(rec: Recorder, x: Map, heads: int, hidden: int, *, again: bool) -> None:
    """Positions, attention, perceptron, at one scale: shape unchanged."""
    width, rows = x.channels, _tokens(x)
    _positions(rec, x, again=again)
    layer_norm(rec, width * rows, width)
    _attention(rec, x, heads, again=again)
    join(rec, rows, width)
    layer_norm(rec, width * rows, width)
    perceptron(rec, rows, width, hidden)
    join(rec, rows, width)


def _attention(rec: Recorder, x: Map, heads: int, *, again: bool) -> None:
    """A softmax of the keys over all tokens, values gathered by it, read by queries; and neighbours."""
    width, rows, one = x.channels, _tokens(x), float(x.channels // heads)
    tokens = x.height * x.width + 1.0
    rec.linear(rows, width, 3 * width, bias=True, shard="column", name="qkv")
    rec.copy(3 * width * rows, name="heads")
    rec.narrow(width * rows)
    rec.pointwise(width * rows, keeps=1.0, wide=True, name="softmax")
    rec.narrow(width * rows)
    rec.product(heads * x.batch, one, tokens, one, name="gather")
    rec.product(heads * x.batch, tokens, one, one, name="read")
    with rec.module("relative", again=again):
        for kernel, share in _KERNELS:
            part = width * share // 8
            rec.conv(x._replace(channels=part), part, kernel, groups=part, bias=True, name="relative")
        rec.copy(x.elements, name="concatenate")
    rec.pointwise(width * rows, reads=2.0, keeps=2.0, name="weigh")
    rec.copy(width * rows, name="pad")
    rec.scale(width * rows)
    rec.add(width * rows)
    rec.linear(rows, width, width, bias=True, shard="row", name="out")


def _parallel(rec: Recorder, maps: list[Map], heads: int, hidden: int) -> None:
    """One layer at three scales: each takes in the others' attention, resized; one perceptron for all."""
    for x in maps:
        _positions(rec, x, again=True)
        layer_norm(rec, x.channels * _tokens(x), x.channels)
        _attention(rec, x, heads, again=True)
    for x in maps:
        for _ in range(len(maps) - 1):
            rec.copy(x.elements, name="resize")
            rec.add(x.channels * _tokens(x))
        join(rec, _tokens(x), x.channels)
    for i, x in enumerate(maps):
        layer_norm(rec, x.channels * _tokens(x), x.channels)
        with rec.module("perceptron", again=i > 0):
            perceptron(rec, _tokens(x), x.channels, hidden)
        join(rec, _tokens(x), x.channels)
