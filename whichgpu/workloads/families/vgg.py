"""VGG and AlexNet: 3 x 3 (or stated) convolutions, a maximum after each stage, three dense layers.

Simonyan and Zisserman, "Very Deep Convolutional Networks", table 1; Krizhevsky, "One weird trick", for
AlexNet. A TensorFlow runtime runs AlexNet as tf_cnn_benchmarks has it, a little wider.
Letters: B batch, C channels, H W height and width of a feature map.

Dimensions: `stages`, of each the convolutions, as channels (3 x 3) or [channels, kernel, stride,
padding]; `tensorflow_stages`, the same for that runtime; `batch_norm`; `pool` (window of the maximum,
stride 2); `grid` (side of the map that the dense layers read); `hidden`; `classes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.workloads import images
from whichgpu.workloads.blocks import activate, conv_norm, image

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whichgpu.workloads.job import Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "sgd"
DEFAULTS = images.defaults()
RUNTIME_WORDS = ("tensorflow",)


def forward(dims: Mapping[str, Any], job: Job, rec: Recorder) -> None:
    """Stages of convolutions and a maximum, dense layers: (B, 3, H, W) -> (B, classes)."""
    x = image(job)
    for i, layers in enumerate(_stages(dims, job)):
        with rec.module(f"stage{i + 1}"):
            for j, layer in enumerate(layers):
                x = _conv(rec, x, layer, norm=dims.get("batch_norm", False), first=not i + j)
            x = rec.pool(x, dims["pool"], 2)  # (B, C, H/2, W/2)
    with rec.module("head"):
        _head(rec, rec.global_pool(x, side=dims["grid"]), dims)


def _stages(dims: Mapping[str, Any], job: Job) -> Sequence[Sequence[Any]]:
    """The convolutions of each stage, as the runtime has them."""
    other = "tensorflow_stages" if RUNTIME_WORDS[0] in job.runtime.lower() else "stages"
    stages: Sequence[Sequence[Any]] = dims.get(other, dims["stages"])
    return stages


def _conv(rec: Recorder, x: Map, layer: int | Sequence[int], *, norm: bool, first: bool) -> Map:
    """Convolution with a bias and ReLU: (B, C, H, W) -> (B, out, H', W')."""
    out, kernel, stride, padding = (layer, 3, 1, 1) if isinstance(layer, int) else layer
    backward = "weight" if first else "full"
    if norm:
        # The bias before the normalisation is there, though it changes nothing.
        return conv_norm(rec, x, out, kernel, stride, padding=padding, bias=True, backward=backward)
    y = rec.conv(x, out, kernel, stride, padding=padding, bias=True, backward=backward)
    activate(rec, y.elements)
    return y


def _head(rec: Recorder, x: Map, dims: Mapping[str, Any]) -> None:
    """Dense layers: (B, C, grid, grid) -> (B, hidden) -> (B, hidden) -> (B, classes)."""
    width = x.channels * dims["grid"] ** 2
    for name in ("fc1", "fc2"):
        rec.linear(x.batch, width, dims["hidden"], bias=True, name=name)
        width = dims["hidden"]
        activate(rec, width * x.batch)
        rec.dropout(width * x.batch)
    rec.linear(x.batch, width, dims["classes"], bias=True, name="fc3")
