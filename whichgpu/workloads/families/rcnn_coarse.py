"""Faster and Mask R-CNN without a feature pyramid: regions of one map, through the last stage of the ResNet.

Ren et al., "Faster R-CNN"; He et al., "Mask R-CNN", figure 4, left (C4: each region goes through the last
stage by itself, from 14 x 14 to 7 x 7); Dai et al., "Deformable Convolutional Networks" (DC5: the last
stage keeps its resolution, two dense layers behind it). Detectron2 proposes through as many channels as the
map has, TensorFlow's zoo through 512, and has fewer regions.
Letters: B batch, C channels, H W height and width of a feature map, R regions.

Dimensions: `layers` (of the ResNet), `classes` (the background included), `mask`; `dilated` (DC5, false),
`anchors` (15), `proposed` (channels of what proposes, those of the map), `regions` of a picture in training
and in inference ([512, 1000]).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.workloads.blocks import cross_entropy, image
from whichgpu.workloads.detection import Backbone, matched, paired
from whichgpu.workloads.families import rcnn
from whichgpu.workloads.recorder import Map

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from whichgpu.workloads.job import Job
    from whichgpu.workloads.recorder import Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = rcnn.PHASES, rcnn.PHASE_ALIASES, rcnn.UNIT, rcnn.OPTIMIZER
DEFAULTS, RUNTIME_WORDS, LONGEST_SIDE = rcnn.DEFAULTS, rcnn.RUNTIME_WORDS, rcnn.LONGEST_SIDE
ADAPTERS = False
#: Small kernels that decode, sort and suppress boxes, and that sample them; regions that get a mask.
_DECODE, _SAMPLE = 30, 60
_MASKED = (128.0, 100.0)


def forward(dims: Mapping[str, Any], job: Job, rec: Recorder) -> None:
    """(B, 3, H, W) -> boxes, classes and masks of each region."""
    layers, dilated = dims["layers"], dims.get("dilated", False)
    net = Backbone(rec, layers if dilated else layers[:3], frozen=2, fixed=True, program=job.runtime,
                   strides=(1, 2, 2, 1 if dilated else 2), dilated=(4,) if dilated else ())  # fmt: skip
    with rec.module("backbone"):
        x = net(image(job))[-1]  # of a sixteenth of the picture's sides
    anchors = float(dims.get("anchors", 15))
    with rec.module("proposals"):
        y = rec.conv(x, int(dims.get("proposed", x.channels)), 3, bias=True)
        rec.pointwise(y.elements, name="relu")
        rec.conv(y, int(anchors), 1, bias=True, name="objectness")
        rec.conv(y, int(4 * anchors), 1, bias=True, keeps=0.0, name="box")
        for _ in range(_DECODE):
            rec.pointwise(4.0 * anchors * x.pixels, name="decode")
    with rec.module("selection", repeats=job.batch if job.trains else 1.0):
        for i in range(_SAMPLE):
            found = matched(anchors * x.pixels / job.batch, paired(job)) if job.trains and not i else 0.0
            rec.pointwise(2000.0, reads=4.0, name="select", beside=found)
    taken = dims.get("regions", (512, 1000))[0 if job.trains else 1] * job.batch
    masked = _MASKED[0 if job.trains else 1] * job.batch
    with rec.module("boxes"):
        _boxes(rec, dims, net, taken, x.channels)
    if dims.get("mask", False):
        with rec.module("masks"):
            _masks(rec, dims, net, masked, x.channels)


def _region(rec: Recorder, dims: Mapping[str, Any], net: Backbone, regions: Any, channels: int) -> Map:
    """(R, C, 7, 7) of the map, or of the last stage over 14 x 14 of it."""
    side = 7.0 if dims.get("dilated") else 14.0
    x = Map(regions, channels, side, side)
    rec.pointwise(x.elements, reads=4.0, name="align")
    return x if dims.get("dilated") else net.stage(x, 3, dims["layers"][3])


def _boxes(rec: Recorder, dims: Mapping[str, Any], net: Backbone, regions: Any, channels: int) -> None:
    """The mean of what the last stage makes, or two dense layers -> class and box of each class."""
    x, classes = _region(rec, dims, net, regions, channels), dims["classes"]
    width = x.channels
    if dims.get("dilated"):
        width = 1024
        for name, inputs in (("fc1", 49 * x.channels), ("fc2", width)):
            rec.linear(regions, inputs, width, bias=True, name=name)
            rec.pointwise(width * regions, name="relu")
    else:
        rec.global_pool(x)
    rec.linear(regions, width, classes, bias=True, name="class")
    rec.linear(regions, width, 4 * (classes - 1), bias=True, keeps=0.0, name="box")
    if rec.training:
        cross_entropy(rec, regions, classes)


def _masks(rec: Recorder, dims: Mapping[str, Any], net: Backbone, regions: Any, channels: int) -> None:
    """Of C4 the weights of the last stage again, of DC5 four 3 x 3: -> (R, classes, 14, 14) or 28 x 28."""
    if dims.get("dilated"):
        x = Map(regions, channels, 14.0, 14.0)
        rec.pointwise(x.elements, reads=4.0, name="align")
        for _ in range(4):
            x = rec.conv(x, 256, 3, bias=True)
            rec.pointwise(x.elements, name="relu")
    else:
        with rec.module("again", again=True):
            x = _region(rec, dims, net, regions, channels)
    rec.window(x.elements, x.pixels, x.channels, 4 * 256, 1, bias=256, name="upsample")
    y = Map(regions, 256, 2.0 * x.height, 2.0 * x.width)
    rec.pointwise(y.elements, name="relu")
    rec.conv(y, dims["classes"] - 1, 1, bias=True, name="mask")
