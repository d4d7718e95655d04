"""SSD with a ResNet-50 in front, as in the MLPerf and NVIDIA variants: 8,732 boxes of a 300 x 300 picture.

Liu et al., "SSD: Single Shot MultiBox Detector". The backbone ends behind its third stage, whose stride
is 1; five more blocks halve the map; each of the six maps has a 3 x 3 head for places and for classes.
Letters: B batch, C channels, H W height and width of a feature map.

Dimensions: `layers` (blocks of the three stages), `extra` ([middle, out, stride] of each block behind;
stride 1 has no padding), `boxes` (boxes per position of each map), `classes` (the background included).
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
        x = Backbone(rec, dims["layers"], strides=(1, 2, 1))(image(job))[-1]  # (B, 1024, H/8, W/8)
    maps = [x]
    with rec.module("extra"):
        for middle, out, stride in dims["extra"]:
            x = conv_norm(rec, x, middle, 1, keeps=0.0)
            x = conv_norm(rec, x, out, 3, stride, padding=1 if stride > 1 else 0)
            maps.append(x)
    with rec.module("heads"):
        boxes = _heads(rec, maps, dims["boxes"], dims["classes"])
    with rec.module("loss" if job.trains else "selection"):
        if job.trains:
            cross_entropy(rec, boxes, dims["classes"])
        for _ in range(_MATCHING):
            rec.pointwise(boxes, reads=4.0, name="match")


def _heads(rec: Recorder, maps: Sequence[Map], boxes: Sequence[int], classes: int) -> Any:
    """Places and classes of every box of every map; returns the boxes of the batch."""
    total: Any = 0.0
    for x, each in zip(maps, boxes, strict=True):
        rec.conv(x, 4 * each, 3, bias=True, name="place")
        rec.conv(x, classes * each, 3, bias=True, keeps=0.0, name="class")
        rec.copy((4 + classes) * each * x.pixels, name="gather")
        total = total + each * x.pixels
    return total
