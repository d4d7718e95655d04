"""ConvNeXt and ConvNeXt V2: a depthwise 7 x 7, then a perceptron over the channels of each position.

Liu et al., "A ConvNet for the 2020s", figure 4; Woo et al., "ConvNeXt V2", figure 5 (global response
normalisation in place of the scale of each channel).
Letters: B batch, C channels, H W height and width of a feature map.

Dimensions: `layers` and `widths` (per stage), `response_norm` (V2), `classes`; `stem` (channels of the first
of two 3 x 3 that overlap, in place of patches), `kernels` (per stage, 7), `bare_norm` (norms without a
shift), `convolved` (1 x 1 convolutions for the perceptron: `conv_mlp` of timm), `hidden` (of a perceptron
before the classifier).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.workloads import images
from whichgpu.workloads.blocks import activate, image
from whichgpu.workloads.images import join, layer_norm

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.workloads.job import Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "adamw"
DEFAULTS = images.defaults()
_KERNELS = (7, 7, 7, 7)


def forward(dims: Mapping[str, Any], job: Job, rec: Recorder) -> None:
    """Patches of 4 x 4, four stages, classifier: (B, 3, H, W) -> (B, classes)."""
    x = image(job)
    for i, (layers, width) in enumerate(zip(dims["layers"], dims["widths"], strict=True)):
        with rec.module("stem" if not i else f"down{i}"):
            # (B, C, H/4, W/4), then a half of each side
            x = _down(rec, x, width, dims) if i else _stem(rec, x, width, dims)
        with rec.module(f"stage{i + 1}"), rec.module("layers", copies=float(layers)):
            _block(rec, x, dims, dims.get("kernels", _KERNELS)[i])
    with rec.module("head"):
        rec.global_pool(x)
        _norm(rec, x.channels * x.batch, x.channels, dims)
        if "hidden" in dims:
            rec.linear(x.batch, x.channels, dims["hidden"], bias=True, name="hidden")
            activate(rec, dims["hidden"] * x.batch, "gelu")
        rec.linear(x.batch, dims.get("hidden", x.channels), dims["classes"], bias=True, name="fc")


def _norm(rec: Recorder, elements: Any, width: int, dims: Mapping[str, Any]) -> None:
    """LayerNorm over the channels, or a root mean square alone, without a shift."""
    if dims.get("bare_norm"):
        rec.norm(elements, width, parameters=width, wide=True, name="layer_norm")
    else:
        layer_norm(rec, elements, width)


def _stem(rec: Recorder, x: Map, out: int, dims: Mapping[str, Any]) -> Map:
    """Patches of 4 x 4, or two 3 x 3 that overlap, and a norm: (B, 3, H, W) -> (B, out, H/4, W/4)."""
    if "stem" in dims:
        x = rec.conv(x, dims["stem"], 3, 2, bias=True, backward="weight")
        x = rec.conv(x, out, 3, 2, bias=True)
    else:
        x = rec.conv(x, out, 4, 4, padding=0, bias=True, backward="weight")
    _norm(rec, x.elements, out, dims)
    return x


def _down(rec: Recorder, x: Map, out: int, dims: Mapping[str, Any]) -> Map:
    """A norm, then a convolution without overlap: (B, C, H, W) -> (B, out, H/2, W/2)."""
    _norm(rec, x.elements, x.channels, dims)
    return rec.conv(x, out, 2, 2, padding=0, bias=True)


def _block(rec: Recorder, x: Map, dims: Mapping[str, Any], kernel: int) -> None:
    """Depthwise 7 x 7 (`kernel`), norm, perceptron with 4 C hidden: (B, C, H, W) -> (B, C, H, W)."""
    width, hidden, responds = x.channels, 4 * x.channels, dims.get("response_norm", False)
    rec.conv(x, width, kernel, groups=width, bias=True, name="depthwise")
    _norm(rec, x.elements, width, dims)
    y = _dense(rec, x, hidden, dims, "up")
    activate(rec, y.elements, "gelu")
    if responds:
        _response_norm(rec, y)
    _dense(rec, y, width, dims, "down")
    join(rec, x.pixels, width, layer_scale=not responds)


def _response_norm(rec: Recorder, x: Map) -> None:
    """The norm of each channel over its positions; the map times it, scaled, shifted, and added to itself.

    Mixed precision takes norms in FP32, and what is multiplied with one stays so.
    """
    rec.pointwise(x.elements, writes=0.0, keeps=1.0, wide=True, name="response_norm")
    # The map times its norm is multiplied with a weight that trains.
    rec.pointwise(x.elements, keeps=1.0, wide=True, name="respond")
    rec.pointwise(x.elements, wide=True, parameters=2.0 * x.channels, name="scale")
    rec.add(x.elements, wide=True, name="response_add")


def _dense(rec: Recorder, x: Map, out: int, dims: Mapping[str, Any], name: str) -> Map:
    """A dense layer over the channels of each position, or a 1 x 1 convolution."""
    if dims.get("convolved"):
        return rec.conv(x, out, 1, bias=True, name=name)
    rec.linear(x.pixels, x.channels, out, bias=True, name=name)
    return x.like(out, x.height, x.width)
