"""Attention in place of the 3 x 3 of a bottleneck: of all places, of blocks with a halo, by lambdas.

Srinivas et al., "Bottleneck Transformers", figure 4; Vaswani et al., "Scaling Local Self-Attention for
Parameter Efficient Visual Backbones", figure 1 (blocks that see a halo around them); Bello, "LambdaNetworks",
figure 3.
Letters: B batch, C channels, H W height and width of a feature map, d width of a head's query and key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.workloads.attention import scored

if TYPE_CHECKING:
    from whichgpu.workloads.recorder import Map, Recorder


def attend(rec: Recorder, x: Map, stride: int, how: list[Any]) -> Map:
    """(B, C, H, W) -> (B, C, H/stride, W/stride).

    `how`: [everywhere, heads, d, side that the learned positions are for], [blocks, heads, d, side of a
    block, halo around it] or [lambdas, heads, d, side of its windows, side that the learned positions are
    for where windows are 0].
    """
    kind, *sizes = how
    y: Map = _KINDS[kind](rec, x, stride, sizes)
    return y


def _everywhere(rec: Recorder, x: Map, stride: int, sizes: list[int]) -> Map:
    """Every place attends to all; scores have biases by the row and the column between them."""
    heads, key, side = sizes
    width, places = x.channels, x.height * x.width
    rec.conv(x, 2 * heads * key + width, 1, name="qkv")
    _relative(rec, heads * places * x.batch, key, x.width, side)
    _relative(rec, heads * places * x.batch, key, x.height, side)
    scored(rec, heads * x.batch, places, places, key=key, value=width // heads, biases=2)
    return rec.pool(x, 2, 2, average=True) if stride > 1 else x


def _blocks(rec: Recorder, x: Map, stride: int, sizes: list[int]) -> Map:
    """Each block attends to itself and a halo; where maps are halved, every second place asks."""
    heads, key, block, halo = sizes
    width, inner = x.channels, stride if block % stride == 0 else 1
    asked, seen = float(block // inner) ** 2, float(block + 2 * halo) ** 2
    blocks = x.height * x.width * x.batch / float(block * block)
    query = rec.conv(x, heads * key, 1, inner, padding=0, name="query")
    rec.conv(x, heads * key + width, 1, keeps=0.0, name="key_value")
    rec.copy((heads * key + width) * seen * blocks, name="unfold")
    for _ in range(2):
        _relative(rec, heads * asked * blocks, key, block + 2.0 * halo, block + 2 * halo)
    scored(rec, heads * blocks, asked, seen, key=key, value=width // heads, biases=2)
    y = x._replace(height=query.height, width=query.width)
    rec.copy(y.elements, name="fold")
    return rec.pool(y, 2, 2, average=True) if inner < stride else y


def _relative(rec: Recorder, rows: Any, key: int, side: Any, learned: int) -> None:
    """Scores of (rows, d) queries by each difference of places along a side: (rows, 2 side - 1)."""
    differences = 2.0 * side - 1.0
    rec.product(1.0, rows, float(key), differences, keeps=0.0, name="relative")
    rec.copy(differences * rows, name="shift")
    rec.pointwise(float(key), parameters=float(key * (2 * learned - 1)), name="positions")


def _lambdas(rec: Recorder, x: Map, stride: int, sizes: list[int]) -> Map:
    """Keys and values are made a small matrix, for all places and for each, that queries are applied to."""
    heads, key, window, side = sizes
    value, places = x.channels // heads, x.height * x.width
    queries = heads * places * x.batch
    rec.conv(x, (heads + 1) * key + value, 1, name="qkv")
    rec.norm(key * queries, heads * key)
    rec.norm(value * x.pixels, value)
    rec.pointwise(key * x.pixels, keeps=1.0, name="softmax")
    rec.product(x.batch, float(key), places, float(value), name="content")
    rec.product(x.batch, heads * places, float(key), float(value), name="read_content")
    if window:
        made = value * x.pixels
        rec.window(made, made, 1, key, window * window, bias=key, name="near")
    else:
        rec.pointwise(key * places * places, parameters=float(key * (2 * side - 1) ** 2), name="positions")
        rec.product(x.batch, key * places, places, float(value), name="near")
    rec.product(x.pixels, float(heads), float(key), float(value), name="read_near")
    rec.add(value * queries)
    return rec.pool(x, 2, 2, average=True) if stride > 1 else x


_KINDS = {"everywhere": _everywhere, "blocks": _blocks, "lambdas": _lambdas}
