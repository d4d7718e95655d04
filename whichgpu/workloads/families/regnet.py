"""RegNet X, Y, Z and V: bottlenecks without a narrow waist, grouped 3 x 3; all but X gate the channels.

Radosavovic et al., "Designing Network Design Spaces", tables 2 and 3; Dollar et al., "Fast and Accurate
Model Scaling" (Z); V, of timm, has norms and activations before the convolutions.
Letters: B batch, C channels, H W height and width of a feature map.

Dimensions: `stem`, `layers` and `widths` (per stage), `group_width`, `squeeze` (of a block's input, the
share that its gate is squeezed to; none: X), `classes`; `expansion` and `linear` (Z: widened inside, nothing
after the last norm, no short cut where the shape changes), `features` (channels of a last 1 x 1),
`norm_first` and `mean_down` (V), `activation`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.workloads import images
from whichgpu.workloads.blocks import activate, classifier, conv_norm, image
from whichgpu.workloads.images import squeeze_excite

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.workloads.job import Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "sgd"
DEFAULTS = images.defaults()


def forward(dims: Mapping[str, Any], job: Job, rec: Recorder) -> None:
    """Stem, four stages at stride 2 each, classifier: (B, 3, H, W) -> (B, classes)."""
    kind, x = dims.get("activation", "relu"), stages(dims, job, rec)[-1]
    with rec.module("head"):
        if "features" in dims:
            x = conv_norm(rec, x, dims["features"], 1, activation=kind)
        elif dims.get("norm_first"):
            activate(rec, x.elements, kind)
        classifier(rec, x, dims["classes"])


def stages(dims: Mapping[str, Any], job: Job, rec: Recorder, frozen: int = 0) -> list[Map]:
    """The map behind each of four stages, a quarter to a 32nd of the sides of (B, 3, H, W).

    Of stem and stages the first `frozen` stay as they are, and keep nothing.
    """
    block, maps = _norm_first if dims.get("norm_first") else _block, []
    with rec.module("stem", frozen=frozen > 0):
        x = _stem(rec, image(job), dims)  # (B, C, H/2, W/2)
    for i, (layers, width) in enumerate(zip(dims["layers"], dims["widths"], strict=True)):
        with rec.module(f"stage{i + 1}", frozen=i + 1 < frozen):
            x = block(rec, x, width, 2, dims)
            with rec.module("rest", copies=float(layers - 1)):
                x = block(rec, x, width, 1, dims) if layers > 1 else x
        maps.append(x)
    return maps


def _stem(rec: Recorder, x: Map, dims: Mapping[str, Any]) -> Map:
    """A 3 x 3; what follows it in RegNet V begins with a norm of its own."""
    if dims.get("norm_first"):
        return rec.conv(x, dims["stem"], 3, 2, backward="weight")
    return conv_norm(rec, x, dims["stem"], 3, 2, activation=dims.get("activation", "relu"), backward="weight")


def _block(rec: Recorder, x: Map, width: int, stride: int, dims: Mapping[str, Any]) -> Map:
    """1 x 1, grouped 3 x 3, gate, 1 x 1 and the short cut: (B, C, H, W) -> (B, width, H', W')."""
    kind, inside = dims.get("activation", "relu"), width * dims.get("expansion", 1)
    y = conv_norm(rec, x, inside, 1, activation=kind)
    y = conv_norm(
        rec, y, inside, 3, stride, groups=inside // min(inside, dims["group_width"]), activation=kind
    )
    if "squeeze" in dims:
        squeeze_excite(rec, y, round(x.channels * dims["squeeze"]), activation=kind)
    y = conv_norm(rec, y, width, 1, relu=False)
    same = stride == 1 and x.channels == width
    if not same and not dims.get("linear"):
        conv_norm(rec, x, width, 1, stride, relu=False, keeps=0.0, name="shortcut")
    if same or not dims.get("linear"):
        rec.add(y.elements)
    if not dims.get("linear"):
        activate(rec, y.elements, kind)
    return y


def _norm_first(rec: Recorder, x: Map, width: int, stride: int, dims: Mapping[str, Any]) -> Map:
    """The same with a norm and an activation before each convolution: RegNet V."""
    kind = dims["activation"]
    y = _normed(rec, x, kind)
    if stride > 1 or x.channels != width:
        mean = dims.get("mean_down", False)
        short = rec.pool(y, 2, 2, average=True) if mean and stride > 1 else y
        rec.conv(short, width, 1, 1 if mean else stride, keeps=float(mean), name="shortcut")
    y = _normed(rec, rec.conv(y, width, 1), kind)
    y = rec.conv(y, width, 3, stride, groups=width // dims["group_width"])
    squeeze_excite(rec, y, round(x.channels * dims["squeeze"]), activation=kind)
    y = rec.conv(_normed(rec, y, kind), width, 1)
    rec.add(y.elements)
    return y


def _normed(rec: Recorder, x: Map, kind: str) -> Map:
    rec.norm(x.elements, x.channels)
    activate(rec, x.elements, kind)
    return x
