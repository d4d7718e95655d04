"""Networks without normalisation: NFNet, NF-ResNet, NF-RegNet, ECA-NFNet.

Brock et al., "High-Performance Large-Scale Image Recognition Without Normalization", figure 3 and table 1,
and "Characterizing signal propagation", section 4: every convolution standardises its weights before it is
run.
Letters: B batch, C channels, H W height and width of a feature map.

Dimensions: `stem` (channels of its convolutions, the last halving again where there are four),
`stem_kernel`, `stem_pool`, `layers` and `widths` (per stage), `inside` (of a block's result, or of its input
with `regnet`, the share of the middle convolutions), `group_width`, `second` (two 3 x 3 in a block),
`squeeze` (share inside of the gate) and `squeeze_multiple`, `eca`, `learned_gain` (of a block), `features`
(channels of a last 1 x 1), `activation`, `classes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.workloads import images
from whichgpu.workloads.blocks import activate, classifier, image
from whichgpu.workloads.images import eca, round_channels, squeeze_excite

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "sgd"
DEFAULTS = images.defaults()


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """Stem, four stages, a last 1 x 1, classifier: (B, 3, H, W) -> (B, classes)."""
    with rec.module("stem"):
        x = _stem(rec, image(job), dims)
    quartered = len(dims["stem"]) == 4 or dims.get("stem_pool", False)
    for i, (layers, width) in enumerate(zip(dims["layers"], dims["widths"], strict=True)):
        with rec.module(f"stage{i + 1}"):
            x = _block(rec, x, width, 2 if i or not quartered else 1, dims, first=not i)
            if layers > 1:
                with rec.module("rest", copies=float(layers - 1)):
                    x = _block(rec, x, width, 1, dims)
    with rec.module("head"):
        x = _conv(rec, x, dims["features"], 1) if "features" in dims else x
        activate(rec, x.elements, dims["activation"])
        classifier(rec, x, dims["classes"])


def _conv(
    rec: Recorder, x: Map, out: int, kernel: int, stride: int = 1, *, groups: int = 1, **more: Any
) -> Map:
    """A convolution whose weights are standardised and scaled by a gain first: -> (B, out, H', W')."""
    weights = float(out * (x.channels // groups) * kernel * kernel)
    rec.norm(weights, out, parameters=out, keeps=0.0, name="standardise")
    return rec.conv(x, out, kernel, stride, groups=groups, bias=True, **more)


def _stem(rec: Recorder, x: Map, dims: Dims) -> Map:
    """(B, 3, H, W) -> (B, C, H/2, W/2), or a quarter of each side."""
    widths, kernel = dims["stem"], dims.get("stem_kernel", 3)
    for i, width in enumerate(widths):
        if i:
            activate(rec, x.elements, dims["activation"])
        x = _conv(rec, x, width, kernel, 2 if i in (0, 3) else 1, backward="full" if i else "weight")
    return rec.pool(x, 3, 2, padding=1) if dims.get("stem_pool") else x


def _block(rec: Recorder, x: Map, width: int, stride: int, dims: Dims, *, first: bool = False) -> Map:
    """1 x 1, one or two grouped 3 x 3, 1 x 1, gate, short cut: (B, C, H, W) -> (B, width, H', W')."""
    kind, regnet = dims["activation"], dims.get("regnet", False)
    inside, groups = _inside(x, width, dims, first=first)
    # What is scaled is read by no layer, and kept for its own gradient.
    activate(rec, x.elements, kind, keeps_output="relu" in kind)
    rec.scale(x.elements, name="beta")
    if stride > 1 or x.channels != width:
        short = rec.pool(x, 2, 2, ceil=True, average=True) if stride > 1 else x
        _conv(rec, short, width, 1, keeps=float(stride > 1), name="shortcut")
    y = _conv(rec, x, inside, 1)
    for step in [stride, 1] if dims.get("second") else [stride]:
        activate(rec, y.elements, kind)
        y = _conv(rec, y, inside, 3, step, groups=groups)
    if regnet:
        _gate(rec, y, dims)
    activate(rec, y.elements, kind)
    y = _conv(rec, y, width, 1)
    if not regnet:
        _gate(rec, y, dims)
    if dims.get("learned_gain"):
        rec.pointwise(y.elements, keeps=1.0, parameters=1.0, name="skip_gain")
    rec.scale(y.elements, name="alpha")
    rec.add(y.elements)
    return y


def _inside(x: Map, width: int, dims: Dims, *, first: bool) -> tuple[int, int]:
    """Channels and groups of the middle convolutions."""
    regnet = dims.get("regnet", False)
    share = 1.0 if regnet and first else dims["inside"]
    inside = round_channels((x.channels if regnet else width) * share)
    if "group_width" not in dims:
        return inside, 1
    groups = inside // int(dims["group_width"])
    return groups * int(dims["group_width"]), groups


def _gate(rec: Recorder, x: Map, dims: Dims) -> None:
    if "squeeze" in dims:
        squeezed = round_channels(x.channels * dims["squeeze"], dims.get("squeeze_multiple", 8), least=0.0)
        squeeze_excite(rec, x, squeezed)
    if dims.get("eca"):
        eca(rec, x)
    if "squeeze" in dims or dims.get("eca"):
        rec.scale(x.elements, name="gain")
