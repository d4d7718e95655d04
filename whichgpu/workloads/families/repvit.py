"""RepViT: a mobile network's block with its depthwise convolution first, in branches that fold.

Wang et al., "RepViT: Revisiting Mobile CNN From ViT Perspective", figures 2 and 3, table 1.
Letters: B batch, C channels, H W height and width of a feature map.

Dimensions: `widths` and `layers` (per stage), `branch_norm` (a norm behind each branch, else one behind their
sum and a bias), `distilled` (a second head), `classes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.workloads import images
from whichgpu.workloads.blocks import conv_norm, image
from whichgpu.workloads.branches import OPTION, WORDS, deployed
from whichgpu.workloads.images import round_channels, squeeze_excite

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "adamw"
DEFAULTS = images.defaults()
OPTIONS, RUNTIME_WORDS = (OPTION,), WORDS
#: Channels inside of a perceptron, and of a gate, for one of the block's.
_FFN, _GATE = 2, 0.25


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """Two convolutions, four stages, mean, heads: (B, 3, H, W) -> (B, classes)."""
    kind = "folded" if deployed(job) else "older" if dims.get("branch_norm", False) else ""
    with rec.module("stem"):
        first = dims["widths"][0]
        x = conv_norm(rec, image(job), first // 2, 3, 2, activation="gelu", backward="weight")
        x = conv_norm(rec, x, first, 3, 2, relu=False)  # (B, C, H/4, W/4)
    for i, (width, layers) in enumerate(zip(dims["widths"], dims["layers"], strict=True)):
        with rec.module(f"stage{i + 1}"):
            if i:
                _block(rec, x, kind=kind, gated=False)
                x = conv_norm(rec, x, x.channels, 3, 2, groups=x.channels, relu=False, name="depthwise")
                x = conv_norm(rec, x, width, 1, relu=False)
                _perceptron(rec, x)
            for gated, count in ((True, (layers + 1) // 2), (False, layers // 2)):
                with rec.module("layers", copies=float(count)):
                    _block(rec, x, kind=kind, gated=gated)
    with rec.module("head"):
        rec.global_pool(x)
        for _ in range(2 if dims.get("distilled") else 1):
            rec.norm(x.channels * x.batch, x.channels)
            rec.linear(x.batch, x.channels, dims["classes"], bias=True, name="fc")


def _block(rec: Recorder, x: Map, *, kind: str, gated: bool) -> None:
    """Depthwise 3 x 3 and 1 x 1 and the map itself, a gate, a perceptron: shape unchanged.

    `kind`: "older" with a norm behind each branch, "folded" into one convolution.
    """
    width = x.channels
    if kind == "folded":
        rec.conv(x, width, 3, groups=width, bias=True, name="depthwise")
    else:
        _branches(rec, x, older=kind == "older")
    if gated:
        squeeze_excite(rec, x, round_channels(width * _GATE, 8, least=0.0))
    _perceptron(rec, x)


def _branches(rec: Recorder, x: Map, *, older: bool) -> None:
    """Depthwise 3 x 3 and 1 x 1 and the map itself, added up: shape unchanged."""
    width = x.channels
    conv_norm(rec, x, width, 3, groups=width, relu=False, name="depthwise")
    if older:
        conv_norm(rec, x, width, 1, groups=width, relu=False, keeps=0.0, name="scale")
    else:
        rec.conv(x, width, 1, groups=width, bias=True, keeps=0.0, name="scale")
    rec.add(x.elements)
    rec.add(x.elements)
    if not older:
        rec.norm(x.elements, width)


def _perceptron(rec: Recorder, x: Map) -> None:
    """Two 1 x 1 with norms, and the short cut: shape unchanged."""
    y = conv_norm(rec, x, _FFN * x.channels, 1, activation="gelu", name="up")
    conv_norm(rec, y, x.channels, 1, relu=False, name="down")
    rec.add(x.elements)
