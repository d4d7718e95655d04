"""SSD with a ResNet or a MobileNet in front, as in the MLPerf and NVIDIA variants.

Liu et al., "SSD: Single Shot MultiBox Detector". The ResNet ends behind its third stage, whose stride
is 1; MobileNet v1 gives a map of its eleventh layer and its last; more blocks halve the map; each of six maps
has a head for places and for classes.
Letters: B batch, C channels, H W height and width of a feature map.

Dimensions: `layers` (blocks of the three stages), `basic` (blocks of two 3 x 3: ResNet-34), or `separable`
(rows of [channels, stride] of MobileNet's layers) and `tap` (the layer whose map is the first); `extra`
([middle, out, stride, padding] of each block behind; by default stride 1 has no padding), `boxes` (boxes per
position of each map), `classes` (the background included), `kernel` (3) and `stride` (1) of the heads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.workloads.blocks import conv_norm, cross_entropy, image
from whichgpu.workloads.detection import Backbone

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whichgpu.workloads.job import Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES = ("infer", "train")
ADAPTERS = False
PHASE_ALIASES = {"pretrain": "train", "finetune_full": "train"}
UNIT = "images"
OPTIMIZER = "sgd"
DEFAULTS: dict[str, dict[str, Any]] = {
    "*": {"height": 300.0, "width": 300.0, "runtime": "pytorch-2", "n_gpus": 1.0},
    "infer": {"batch": 32.0, "precision": "fp16"},
    "train": {"batch": 64.0, "precision": "amp-fp16"},
}
#: Kernels of the loss that sort and match boxes, each over the boxes' confidences.
_MATCHING = 12


def forward(dims: Mapping[str, Any], job: Job, rec: Recorder) -> None:
    """(B, 3, H, W) -> (B, boxes, 4) and (B, boxes, classes)."""
    with rec.module("backbone"):
        maps = _backbone(dims, rec, image(job))
    x = maps[-1]
    with rec.module("extra"):
        for middle, out, stride, *padding in dims["extra"]:
            x = conv_norm(rec, x, middle, 1, keeps=0.0)
            x = conv_norm(rec, x, out, 3, stride, padding=padding[0] if padding else int(stride > 1))
            maps.append(x)
    with rec.module("heads"):
        boxes = _heads(dims, rec, maps)
    with rec.module("loss" if job.trains else "selection"):
        if job.trains:
            cross_entropy(rec, boxes, dims["classes"])
        for _ in range(_MATCHING):
            rec.pointwise(boxes, reads=4.0, name="match")


def _backbone(dims: Mapping[str, Any], rec: Recorder, picture: Map) -> list[Map]:
    """The map of a ResNet, (B, 1024 or 256, H/8, W/8), or two of a MobileNet, of H/16 and of H/32."""
    if "separable" not in dims:
        return Backbone(rec, dims["layers"], strides=(1, 2, 1), basic=dims.get("basic", False))(picture)[-1:]
    x, maps = conv_norm(rec, picture, 32, 3, 2, backward="weight"), []
    for layer, (channels, stride) in enumerate(dims["separable"], start=1):
        x = conv_norm(rec, x, x.channels, 3, stride, groups=x.channels, name="depthwise")
        x = conv_norm(rec, x, channels, 1, name="pointwise")
        if layer == dims["tap"]:
            maps.append(x)
    return [*maps, x]


def _heads(dims: Mapping[str, Any], rec: Recorder, maps: Sequence[Map]) -> Any:
    """Places and classes of every box of every map; returns the boxes of the batch."""
    total, classes = 0.0, dims["classes"]
    kernel, stride = dims.get("kernel", 3), dims.get("stride", 1)
    for x, each in zip(maps, dims["boxes"], strict=True):
        place = rec.conv(x, 4 * each, kernel, stride, bias=True, name="place")
        rec.conv(x, classes * each, kernel, stride, bias=True, keeps=0.0, name="class")
        rec.copy((4 + classes) * each * place.pixels, name="gather")
        total = total + each * place.pixels
    return total
