"""ResNet v2: norms and activations before the convolutions; the models of Big Transfer among them.

He et al., "Identity Mappings in Deep Residual Networks", figure 4e; Kolesnikov et al., "Big Transfer (BiT)",
section 3: group norms, and weights standardised before every convolution.
Letters: B batch, C channels, H W height and width of a feature map.

Dimensions: `block` (basic, bottleneck), `layers` (blocks per stage), `width` (multiple of all channels),
`stem` (channels of three 3 x 3, else one 7 x 7), `mean_down` (a mean in the short cut), `standardised`,
`activation` (relu), `classes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.workloads import images
from whichgpu.workloads.blocks import classifier, conv_norm, image, norm_activate

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "sgd"
DEFAULTS = images.defaults()


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """Stem, four stages, norm, classifier: (B, 3, H, W) -> (B, classes)."""
    basic, multiple = dims["block"] == "basic", dims.get("width", 1)
    with rec.module("stem"):
        x = _stem(rec, image(job), dims, 64 * multiple)  # (B, C, H/4, W/4)
    for stage, blocks in enumerate(dims["layers"]):
        out = (64 if basic else 256) * multiple * 2**stage
        with rec.module(f"layer{stage + 1}"):
            x = _block(rec, x, out, 2 if stage else 1, dims, start=True)
            if blocks > 1:
                with rec.module("rest", copies=float(blocks - 1)):
                    x = _block(rec, x, out, 1, dims)
    with rec.module("head"):
        _normed(rec, x, dims)
        classifier(rec, x, dims["classes"])


def _stem(rec: Recorder, x: Map, dims: Dims, width: int) -> Map:
    """7 x 7, or three 3 x 3, and a maximum: (B, 3, H, W) -> (B, C, H/4, W/4)."""
    if "stem" not in dims:
        x = _conv(rec, x, width, 7, 2, dims=dims, backward="weight")
    else:
        first, second, third = dims["stem"]
        x = conv_norm(rec, x, first, 3, 2, activation=_activation(dims), backward="weight")
        x = conv_norm(rec, x, second, 3, activation=_activation(dims))
        x = _conv(rec, x, third, 3, dims=dims)
    return rec.pool(x, 3, 2, padding=1)


def _block(rec: Recorder, x: Map, out: int, stride: int, dims: Dims, *, start: bool = False) -> Map:
    """Convolutions, each after a norm and an activation, and the short cut: -> (B, out, H', W')."""
    _normed(rec, x, dims)
    if start and (stride > 1 or x.channels != out):
        mean = dims.get("mean_down", False) and stride > 1
        short = rec.pool(x, 2, 2, ceil=True, average=True) if mean else x
        _conv(rec, short, out, 1, 1 if mean else stride, dims=dims, keeps=float(mean), name="shortcut")
    if dims["block"] == "basic":
        y = _normed(rec, _conv(rec, x, out, 3, stride, dims=dims), dims)
        y = _conv(rec, y, out, 3, dims=dims)
    else:
        y = _normed(rec, _conv(rec, x, out // 4, 1, dims=dims), dims)
        y = _normed(rec, _conv(rec, y, out // 4, 3, stride, dims=dims), dims)
        y = _conv(rec, y, out, 1, dims=dims)
    rec.add(y.elements)
    return y


def _conv(rec: Recorder, x: Map, out: int, kernel: int, stride: int = 1, *, dims: Dims, **more: Any) -> Map:
    """A convolution without bias, its weights standardised first where the model does so."""
    if dims.get("standardised"):
        rec.norm(float(out * x.channels * kernel * kernel), out, parameters=0, keeps=0.0, name="standardise")
    return rec.conv(x, out, kernel, stride, **more)


def _normed(rec: Recorder, x: Map, dims: Dims) -> Map:
    norm_activate(rec, x, _activation(dims), name="pre")
    return x


def _activation(dims: Dims) -> str:
    kind: str = dims.get("activation", "relu")
    return kind
