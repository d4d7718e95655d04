"""Segment Anything: a vision transformer with windows over a large picture, then masks for each prompt.

Kirillov et al., "Segment Anything", sections 3 and A; Li et al., "ViTDet" (windows of 14 x 14, a few layers
that see all, relative positions of rows and columns apart). A prompt is a point: with its end mark, five
tokens of the decoder's own and the map of the picture it makes three masks of a quarter of the side.
Letters: B batch, C channels, H W height and width of a feature map, D width of a token, P prompts.

Dimensions: `layers`, `full_layers` (that see all), `width`, `heads`, `image` (side that the learned positions
are for); of the encoder alone, a `tower`: `positions` (learned, true), `neck` (true; else a mean), `classes`.
MobileSAM's encoder is TinyViT's (`tiny`, its dimensions), which sees twice the side of its last stage.
`--option prompts=64` runs the decoder for so many a picture.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.workloads import images
from whichgpu.workloads.blocks import activate, image
from whichgpu.workloads.families import tiny_vit
from whichgpu.workloads.images import join, layer_norm, perceptron

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "adamw"
OPTIONS = ("prompts",)
DEFAULTS = images.defaults(1024.0, infer=1.0, train=4.0)
#: Sides of a patch in pixels and of a window in patches; width, heads and inner width of the decoder.
PATCH, WINDOW = 16, 14
_WIDTH, _HEADS, _INNER = 256, 8, 128
#: Tokens of the decoder: its own (one for the score, four for masks), and those of a point.
_OWN, _POINT = 5.0, 2.0


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """(B, 3, H, W) -> (B P, 4, H/4, W/4) and a score for each."""
    with rec.module("vision_encoder"):
        x = _tiny(dims, job, rec) if "tiny" in dims else _encoder(dims, job, rec)  # (B, 256, H/16, W/16)
    if dims.get("tower"):
        return _classes(rec, x, dims)
    samples = job.batch * job.option("prompts", 1.0, least=1.0)
    with rec.module("prompt_encoder"):
        _prompts(rec, x, samples)
    with rec.module("mask_decoder"):
        _decoder(rec, x._replace(batch=samples))
    return None


def _classes(rec: Recorder, x: Map, dims: Dims) -> None:
    """The mean of all places, and a classifier where there is one: (B, C, H, W) -> (B, classes)."""
    with rec.module("head"):
        rec.global_pool(x)
        if dims["classes"]:
            rec.linear(x.batch, x.channels, dims["classes"], bias=True, name="fc")


def _encoder(dims: Dims, job: Job, rec: Recorder) -> Map:
    """Patches, layers, neck: (B, 3, H, W) -> (B, 256, H/16, W/16)."""
    width, full = dims["width"], dims["full_layers"]
    x = rec.conv(image(job), width, PATCH, PATCH, padding=0, bias=True, backward="weight", name="patches")
    if dims.get("positions", True):
        rec.pointwise(x.elements, wide=True, parameters=float(width * (dims["image"] // PATCH) ** 2),
                      name="positions")  # fmt: skip
    side = dims["image"] // PATCH
    for name, copies, window in (("windowed", dims["layers"] - full, WINDOW), ("full", full, 0)):
        with rec.module(name, copies=float(copies)):
            _layer(rec, x, dims["heads"], window, window or side)
    if not dims.get("neck", True):
        layer_norm(rec, x.elements, width)
        return x
    return _neck(rec, x)


def _tiny(dims: Dims, job: Job, rec: Recorder) -> Map:
    """TinyViT and the neck: (B, 3, H, W) -> (B, 256, H/16, W/16)."""
    return _neck(rec, tiny_vit.encode(dims["tiny"], job, rec))


def _neck(rec: Recorder, x: Map) -> Map:
    """1 x 1, norm, 3 x 3, norm: (B, D, H/16, W/16) -> (B, 256, H/16, W/16)."""
    x = rec.conv(x, _WIDTH, 1, name="neck")
    layer_norm(rec, x.elements, _WIDTH)
    x = rec.conv(x, _WIDTH, 3, name="neck_out")
    layer_norm(rec, x.elements, _WIDTH)
    return x


def _layer(rec: Recorder, x: Map, heads: int, window: int, positions: int) -> None:
    """Attention in windows of a padded map, or over all; `positions` of a side are learned."""
    width, one = x.channels, x.channels // heads
    down, across = (window, window) if window else (x.height, x.width)
    pieces = x.batch * (-(-x.height // window) * -(-x.width // window) if window else 1.0)
    tokens = down * across
    rows = pieces * tokens
    layer_norm(rec, x.elements, width)
    if window:
        rec.copy(width * rows, name="to_windows")
    rec.linear(rows, width, 3 * width, bias=True, shard="column", name="qkv")
    for name, length in (("rows", down), ("columns", across)):
        rec.product(heads * pieces, tokens, float(one), length, keeps=0.0, name=f"relative_{name}")
    # Those of rows and of columns are added to the scores one after the other.
    for name, learned in (("relative_bias", 2.0 * (2 * positions - 1) * one), ("relative_sum", 0.0)):
        rec.pointwise(heads * pieces * tokens * tokens, parameters=learned, shard="head", name=name)
    rec.attention(pieces, heads, tokens, tokens, one)
    rec.linear(rows, width, width, bias=True, shard="row", name="out")
    if window:
        rec.copy(x.elements, name="from_windows")
    join(rec, x.pixels, width)
    layer_norm(rec, x.elements, width)
    perceptron(rec, x.pixels, width, 4 * width)
    join(rec, x.pixels, width)


def _prompts(rec: Recorder, x: Map, samples: Any) -> None:
    """Sines of the places of points and patches; what takes masks as prompts is loaded and not run."""
    rec.linear(_POINT * samples, 2, _WIDTH // 2, keeps=0.0, name="places")
    rec.pointwise(_WIDTH * (_POINT * samples + x.pixels), parameters=6.0 * _WIDTH, name="sinusoid")
    with rec.module("mask", repeats=0.0):
        y = x._replace(channels=1, height=16.0 * x.height, width=16.0 * x.width)
        for width in (4, 16):
            y = rec.conv(y, width, 2, 2, padding=0, bias=True)
            layer_norm(rec, y.elements, width)
        rec.conv(y, _WIDTH, 1, bias=True)


def _decoder(rec: Recorder, x: Map) -> None:
    """Two layers both ways, and masks: (P, 7, 256) and (P, 256, H, W) -> (P, 4, 4 H, 4 W)."""
    samples, seen, tokens = x.batch, x.height * x.width, _OWN + _POINT
    rows = tokens * samples
    rec.pointwise(_WIDTH * rows, parameters=_OWN * _WIDTH, name="tokens")
    with rec.module("layers", copies=2.0):
        _attend(rec, samples, tokens, tokens, _WIDTH)
        _attend(rec, samples, tokens, seen, _INNER)
        rec.linear(rows, _WIDTH, 2048, bias=True, name="up")
        activate(rec, 2048 * rows)
        rec.linear(rows, 2048, _WIDTH, bias=True, name="down")
        join(rec, rows, _WIDTH)
        layer_norm(rec, _WIDTH * rows, _WIDTH)
        _attend(rec, samples, seen, tokens, _INNER)
    _attend(rec, samples, tokens, seen, _INNER)
    for channels, out, pixels in ((_WIDTH, 64, x.pixels), (64, 32, 4.0 * x.pixels)):
        rec.window(channels * pixels, pixels, channels, 4 * out, 1, bias=out, name="enlarge")
        if out == 64:
            layer_norm(rec, 4.0 * out * pixels, out)
        activate(rec, 4.0 * out * pixels, "gelu")
    for name, copies, out in (("hypernetworks", 4.0, 32), ("score", 1.0, 4)):
        with rec.module(name, copies=copies):
            for width in (_WIDTH, _WIDTH, out):
                rec.linear(samples, _WIDTH, width, bias=True)
                activate(rec, width * samples)
    rec.product(samples, 4.0, 32.0, 16.0 * seen, shard="none", name="masks")


def _attend(rec: Recorder, samples: Any, queries: Any, keys: Any, inner: int) -> None:
    """Attention of `inner` channels and the norm behind it: (P, queries, 256) unchanged in shape."""
    rows = queries * samples
    rec.linear(rows, _WIDTH, inner, bias=True, name="query")
    for name in ("key", "value"):
        rec.linear(keys * samples, _WIDTH, inner, bias=True, keeps=0.0, name=name)
    rec.attention(samples, _HEADS, queries, keys, inner // _HEADS)
    rec.linear(rows, inner, _WIDTH, bias=True, name="out")
    join(rec, rows, _WIDTH)
    layer_norm(rec, _WIDTH * rows, _WIDTH)
