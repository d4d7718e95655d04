"""RetinaNet and FCOS: a ResNet or ResNeXt, a feature pyramid of five levels, one head run on all of them.

Lin et al., "Focal Loss for Dense Object Detection"; the MLPerf variant has a ResNeXt-50 32x4d, 800 x 800
pictures and the 264 classes of Open Images. Batch normalisation is fixed; training leaves the stem and
the first stage as they are. TensorFlow's variant trains all of it, with normalisation in heads and
pyramid as well. FCOS (Tian et al., "FCOS: Fully Convolutional One-Stage Object Detection") has one box a
position, group normalisation in its heads, and says how near the middle of a thing each position is.
Letters: B batch, C channels, H W height and width of a feature map.

Dimensions: `layers`, `groups`, `group_width`, `basic` (blocks, false), `classes`, `anchors` (per position),
`side_values` (of a box, 4), `normed` (TensorFlow's), `group_norms` (in the heads, false), `head_bias` (of
their layers, true), `centerness` (false), `from_last` (coarser levels from the backbone's last map, not the
pyramid's, false), `fixed` (batch norms, not `normed`); `depths` (layers of the heads of classes and boxes,
[4, 4]), `window` (of their outputs, 3), `placed` (outputs of the head of boxes, in place of its sides),
`shared` (layers that both heads share, 0: those of a head that reads all of them through one 1 x 1, Feng et
al., "TOOD"), `regnet` (that network's dimensions, which is the backbone then).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.workloads.blocks import conv_norm, image
from whichgpu.workloads.detection import (
    LONGEST_PICTURE,
    PROGRAMS,
    Backbone,
    boxed,
    head_relu,
    matched,
    paired,
    pyramid,
    trains_norms,
)
from whichgpu.workloads.families import regnet

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whichgpu.workloads.job import Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES = ("infer", "train")
RUNTIME_WORDS = PROGRAMS
ADAPTERS = False
PHASE_ALIASES = {"pretrain": "train", "finetune_full": "train"}
UNIT = "images"
OPTIMIZER = "adam"
DEFAULTS: dict[str, dict[str, Any]] = {
    "*": {"height": 800.0, "width": 800.0, "runtime": "pytorch-2", "n_gpus": 1.0},
    "infer": {"batch": 16.0, "precision": "fp16"},
    "train": {"batch": 16.0, "precision": "amp-fp16"},
}
LONGEST_SIDE = LONGEST_PICTURE
WIDTH = 256
#: Kernels of the focal loss, or of choosing boxes, each over all scores; tensors of them that it keeps: the
#: scores side by side, what they should be and its complement, their sigmoid, cross-entropy, 1 - p, its power
#: and the weights (`sigmoid_focal_loss` of fvcore and torchvision).
_SCORING, _KEPT = 8, 9.0
#: One kernel keeps the scores side by side and what they should be (`sigmoid_focal_loss` of mmcv).
_FUSED = 2.0
#: True boxes of a picture, with padding; kernels over each pair of an anchor and one, and over anchors:
#: overlaps, the best of each, scattered to targets and weights (object_detection/core/target_assigner.py;
#: the counts are typical).
_BOXES, _OVERLAPS, _PICKS = 100, 60.0, 200.0


def forward(dims: Mapping[str, Any], job: Job, rec: Recorder) -> None:
    """(B, 3, H, W) -> (B, anchors, classes) and (B, anchors, 4)."""
    normed = dims.get("normed", False)
    with rec.module("backbone"):
        net = Backbone(rec, dims["layers"], dims.get("groups", 1), dims.get("group_width", 64),
                       frozen=0 if normed else 2,
                       fixed=dims.get("fixed", not normed) and not trains_norms(job),
                       basic=dims.get("basic", False), program=job.runtime)  # fmt: skip
        other = dims.get("regnet")
        maps = regnet.stages(other, job, rec, frozen=2)[1:] if other else net(image(job))[2:]
        # Strides of 8, 16, 32.
    with rec.module("pyramid"):
        levels = pyramid(rec, maps, WIDTH)
        finer = maps[-1] if dims.get("from_last") else levels[-1]
        for _ in range(2):  # strides 64, 128
            finer = _layer(rec, finer, 2, normed=normed, name="coarser")
            levels.append(finer)
    anchors = dims["anchors"]
    values = dims.get("side_values", 4)
    placed = dims.get("placed", [values, 1] if dims.get("centerness") else [values])
    shared = dims.get("shared", 0)
    if shared:
        with rec.module("shared"):
            _head(rec, job, levels, ([], shared), dims)
    for name, outputs, depth in zip(
        ("classes", "boxes"), ([dims["classes"]], placed), dims.get("depths", (4, 4)), strict=True
    ):
        with rec.module(name):
            if shared:
                _gathered(rec, levels, shared * WIDTH, name)
            _head(rec, job, levels, ([anchors * one for one in outputs], depth), dims)
    places = anchors * sum((x.pixels for x in levels), start=0.0)
    scores = dims["classes"] * places
    if job.trains and normed:
        _targets(rec, places / job.batch, job.batch)
    if not job.trains:
        _choose(rec, scores, len(levels))
        return
    with rec.module("loss"):
        beside = matched(places / job.batch, paired(job)) if anchors > 1 else 0.0
        kept = _FUSED if trains_norms(job) else _KEPT
        for i in range(_SCORING):
            rec.pointwise(scores, keeps=kept / _SCORING, name="score", beside=0.0 if i else beside)


def _choose(rec: Recorder, scores: Any, levels: int) -> None:
    """The best of all scores, in 16 bits at least: they are sorted, which is part of no convolution.

    Modules make boxes of the best of each level, and suppress what overlaps, by small kernels.
    """
    wide = max(1.0, 2.0 / rec.precision.activation)
    with rec.module("selection"):
        for _ in range(2):
            rec.copy(wide * scores, name="score")
        boxed(rec, levels)


def _targets(rec: Recorder, places: Any, batch: Any) -> None:
    """TensorFlow's matching of anchors with true boxes: a graph of small ops for each picture of a batch."""
    for name, kernels, values in (("overlap", _OVERLAPS, _BOXES * places), ("target", _PICKS, places)):
        with rec.module(name, repeats=batch, copies=kernels, frozen=True):
            rec.pointwise(values, wide=True, name=name)


def _layer(
    rec: Recorder, x: Map, stride: int = 1, *, normed: bool, bias: bool = True, name: str = "conv"
) -> Map:
    """A 3 x 3 convolution to `WIDTH` channels, with normalisation or a bias: (B, C, H, W) -> (B, 256, ..)."""
    if normed:
        return conv_norm(rec, x, WIDTH, 3, stride, name=name)
    return rec.conv(x, WIDTH, 3, stride, padding=1, bias=bias, name=name)


def _gathered(rec: Recorder, levels: Sequence[Map], channels: int, name: str) -> None:
    """What one head takes of all shared layers, and the narrow layers that say how far they agree."""
    for i, x in enumerate(levels):
        wide = x._replace(channels=channels)
        with rec.module(f"level{i}", again=i > 0):
            rec.copy(wide.elements, name="concatenate")
            rec.conv(wide, WIDTH, 1, name="gather")
            rec.norm(x.elements, WIDTH, computed=True, name="group_norm")
            narrow = rec.conv(wide, WIDTH // 4, 1, bias=True, name="agreement")
            rec.conv(narrow, 8 if name == "boxes" else 1, 3, bias=True, name="agreement_out")


def _head(
    rec: Recorder, job: Job, levels: Sequence[Map], made: tuple[Sequence[int], int], dims: Mapping[str, Any]
) -> None:
    """3 x 3 convolutions, four as a rule, and the outputs, the same weights on every level.

    `made`: the outputs and the number of convolutions.
    """
    outputs, depth = made
    normed, grouped = dims.get("normed", False), dims.get("group_norms", False)
    for i, x in enumerate(levels):
        with rec.module(f"level{i}", again=i > 0):
            for _ in range(depth):
                _layer(rec, x, normed=normed, bias=dims.get("head_bias", True))
                if grouped:
                    rec.norm(x.elements, WIDTH, computed=True, name="group_norm")
                if not normed:
                    head_relu(rec, x, job)
            for channels in outputs:
                rec.conv(x, channels, dims.get("window", 3), bias=True, name="output")
