"""FastViT, and the image towers of MobileCLIP: depthwise convolutions in branches that fold, attention last.

Vasu et al., "FastViT: A Fast Hybrid Vision Transformer using Structural Reparameterization", figure 2 and
table 2; "MobileCLIP", section 4.
Letters: B batch, C channels, H W height and width of a feature map.

Dimensions: `layers`, `widths` and `mixers` (repeated: depthwise 3 x 3, attention), per stage; `ffn` (times
the width), `gated_down` (stages whose halving has a gate), `down_activation`, `stem_scale` (a 1 x 1 among the
stem's branches, true), `attention_norm` (layer, of all channels of a place), `classes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.workloads import images
from whichgpu.workloads.blocks import activate, classifier, conv_norm, image
from whichgpu.workloads.branches import OPTION, WORDS, branched, deployed
from whichgpu.workloads.images import join, layer_norm, round_channels, squeeze_excite

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "adamw"
DEFAULTS = images.defaults()
OPTIONS, RUNTIME_WORDS = (OPTION,), WORDS
#: Width of a head.
_HEAD = 32


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """Stem, stages, a last convolution, mean, head: (B, 3, H, W) -> (B, classes)."""
    dims = {**dims, "folded": deployed(job)}
    with rec.module("stem"):
        x = _stem(rec, image(job), dims["widths"][0], dims)
    for i, (layers, width, mixer) in enumerate(
        zip(dims["layers"], dims["widths"], dims["mixers"], strict=True)
    ):
        with rec.module(f"stage{i + 1}"):
            if i:
                x = _down(rec, x, width, dims, gated=i in dims.get("gated_down", ()))
            if mixer == "attention":
                rec.conv(x, width, 7, groups=width, bias=True, name="positions")
                if not dims["folded"]:
                    rec.add(x.elements)
            with rec.module("layers", copies=float(layers)):
                _layer(rec, x, mixer, dims)
    with rec.module("head"):
        out = 2 * x.channels
        x = branched(rec, x, out, 3, groups=x.channels, squeezed=out // 16, activation="gelu",
                     folded=dims["folded"])  # fmt: skip
        classifier(rec, x, dims["classes"])


def _stem(rec: Recorder, x: Map, width: int, dims: Dims) -> Map:
    """A 3 x 3, a depthwise one and a 1 x 1, the first two halve: (B, 3, H, W) -> (B, C, H/4, W/4)."""
    scale, folded = dims.get("stem_scale", True), dims["folded"]
    x = branched(rec, x, width, 3, 2, scale=scale, activation="gelu", backward="weight", folded=folded)
    x = branched(rec, x, width, 3, 2, groups=width, scale=scale, activation="gelu", folded=folded)
    return branched(rec, x, width, 1, activation="gelu", folded=folded)


def _down(rec: Recorder, x: Map, width: int, dims: Dims, *, gated: bool) -> Map:
    """A depthwise 7 x 7 beside a 3 x 3, then a 1 x 1: (B, C, H, W) -> (B, C', H/2, W/2)."""
    if dims["folded"]:
        y = rec.conv(x, width, 7, 2, groups=x.channels, bias=True, name="large")
    else:
        y = conv_norm(rec, x, width, 7, 2, groups=x.channels, relu=False, name="large")
        conv_norm(rec, x, width, 3, 2, groups=x.channels, relu=False, keeps=0.0, name="small")
        rec.add(y.elements)
    if gated:
        squeeze_excite(rec, y, round_channels(width / 4, 8, least=0.0))
    if dims.get("down_activation", False):
        activate(rec, y.elements, "gelu")
    return branched(rec, y, width, 1, activation="gelu", folded=dims["folded"])


def _layer(rec: Recorder, x: Map, mixer: str, dims: Dims) -> None:
    """What mixes places, then a perceptron behind a depthwise 7 x 7, both scaled: shape unchanged."""
    width, hidden = x.channels, dims["ffn"] * x.channels
    if mixer == "attention":
        if dims.get("attention_norm") == "layer":
            layer_norm(rec, x.elements, width)
        else:
            rec.norm(x.elements, width)
        rec.linear(x.pixels, width, 3 * width, shard="column", name="qkv")
        places = x.height * x.width
        rec.attention(x.batch, width // _HEAD, places, places, _HEAD)
        rec.linear(x.pixels, width, width, bias=True, shard="row", name="out")
    elif not dims["folded"]:
        rec.norm(x.elements, width, name="token_norm")
        branched(rec, x, width, 3, groups=width)
        rec.add(x.elements, name="subtract")
    if dims["folded"] and mixer != "attention":
        # All of it, its scale and the way around it too, is one window of each channel.
        rec.conv(x, width, 3, groups=width, bias=True, name="mixer")
    else:
        join(rec, x.pixels, width, layer_scale=True)
    conv_norm(rec, x, width, 7, groups=width, relu=False, name="depthwise")
    rec.conv(x, hidden, 1, bias=True, name="up")
    activate(rec, hidden * x.pixels, "gelu")
    rec.conv(x._replace(channels=hidden), width, 1, bias=True, name="down")
    join(rec, x.pixels, width, layer_scale=True)
