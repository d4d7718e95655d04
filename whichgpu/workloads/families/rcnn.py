"""Faster, Mask and Keypoint R-CNN: a ResNet, a feature pyramid, proposals, heads over the regions proposed.

He et al., "Mask R-CNN"; Lin et al., "Feature Pyramid Networks". Batch normalisation is fixed; training
leaves the stem and the first stage as they are. Regions: 512 a picture in training, a quarter of them
with a mask; 1,000 in inference, of which 100 are kept and get a mask.
Letters: B batch, C channels, H W height and width of a feature map, R regions.

The default picture is 800 x 1088: a 640 x 480 one of COCO, its shorter edge scaled to 800, padded to a
multiple of 32. A batch of mixed pictures is padded to its largest, up to 800 x 1344.
Dimensions: `layers`, `groups` and `group_width` (of a ResNeXt), `basic` (blocks, false), `classes` (the
background included), `mask` (whether there are masks), `points` (of a body, 0: Keypoint R-CNN, without
masks), `normed` (Li et al., "Benchmarking Detection Transfer Learning": norms in heads and pyramid and free
in the backbone, two layers of proposals, four convolutions before the boxes), `convolved` (those four
alone), `cascade` (heads one after another: Cai and Vasconcelos, "Cascade R-CNN"), `scenes` (classes of a map
of the whole picture beside them, 0: Chen et al., "Hybrid Task Cascade"), `stuff` (classes of a map of all
points, 0: Kirillov et al., "Panoptic Feature Pyramid Networks"), `swin` (that transformer's
dimensions, which is the backbone then, with a norm behind each stage: Liu et al., section 4.2), `regnet`
(likewise).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.workloads.blocks import class_losses, conv_norm, cross_entropy, image, transposed
from whichgpu.workloads.detection import (
    LONGEST_PICTURE,
    PROGRAMS,
    Backbone,
    head_relu,
    matched,
    paired,
    pyramid,
    trains_norms,
)
from whichgpu.workloads.families import regnet, swin
from whichgpu.workloads.images import layer_norm
from whichgpu.workloads.recorder import Map

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whichgpu.workloads.job import Job
    from whichgpu.workloads.recorder import Recorder

PHASES = ("infer", "train")
#: NVIDIA's example is a copy of maskrcnn-benchmark.
_EXAMPLE, _WHERE = ("deeplearningexamples", "ngc"), "pytorch"
RUNTIME_WORDS = (*PROGRAMS, *_EXAMPLE, _WHERE)
PHASE_ALIASES = {"pretrain": "train", "finetune_full": "train"}
UNIT = "images"
OPTIMIZER = "sgd"
DEFAULTS: dict[str, dict[str, Any]] = {
    "*": {"height": 800.0, "width": 1088.0, "runtime": "pytorch-2", "n_gpus": 1.0},
    "infer": {"batch": 1.0, "precision": "fp16"},
    "train": {"batch": 4.0, "precision": "amp-fp16"},
}
LONGEST_SIDE = LONGEST_PICTURE
WIDTH = 256
ANCHORS = 3
#: Channels of the maps that become one of all points.
_STUFF = 128
#: Small kernels a level that decode, sort and suppress boxes, and a picture that match and sample them.
_DECODE, _SAMPLE = 30, 60
#: Kernels that deal regions out to the levels of their sizes and put together what each gives
#: (`map_roi_levels` and the loop of mmdet's SingleRoIExtractor), and that make boxes of what a stage says.
_DEALT, _REFINED = 28, 40
#: Kernels and copies of a class in the loop of maskrcnn-benchmark over all classes of a picture: boxes that
#: score are searched for and picked, and those of one class in four, which has any, sorted and suppressed
#: (`filter_results` of modeling/roi_heads/box_head/inference.py, `boxlist_nms`: six, and fourteen more).
_EACH_CLASS = 10
#: Things of COCO that have a class; torchvision's heads have 91 places for them.
_THINGS = 80
#: What a loop over the regions with a mask asks of the host for each, in launches (assumed): it crops, scales
#: and draws the polygons of what it is compared with (`project_masks_on_boxes` of maskrcnn-benchmark).
_DRAWN = 4.0
#: Bytes of a picture's point for each of its regions with a mask as mmdet crops them on the GPU: the mask
#: picked for each, whole, and in FP32 (`crop_and_resize` of mmdet/core/mask/structures.py).
_PICKED = 5.0


def forward(dims: Mapping[str, Any], job: Job, rec: Recorder) -> None:
    """(B, 3, H, W) -> boxes, classes and masks of each region."""
    with rec.module("backbone"):
        maps = _backbone(dims, job, rec)
    with rec.module("pyramid"):
        levels = pyramid(rec, maps, WIDTH, normed=dims.get("normed", False))
        levels.append(rec.pool(levels[-1], 1, 2, keeps=0.0))
    with rec.module("proposals"):
        _proposals(rec, job, levels, layers=2 if dims.get("normed") else 1)
    anchors = ANCHORS * sum((x.pixels for x in levels), start=0.0) / job.batch
    with rec.module("selection", repeats=job.batch if job.trains else 1.0):
        for i in range(_SAMPLE):
            beside = matched(anchors, paired(job)) if job.trains and not i else 0.0
            rec.pointwise(2000.0, reads=4.0, name="select", beside=beside, waits=not job.trains)
    regions, masked = (512.0, 128.0) if job.trains else (1000.0, 100.0)
    stages = float(dims.get("cascade", 1))
    if dims.get("scenes"):
        with rec.module("scene"):
            _scene(rec, levels, dims["scenes"])
            _flow(rec, job, regions * job.batch, masked * job.batch, stages)
    if dims.get("stuff"):
        with rec.module("stuff"):
            _stuff(rec, levels, dims["stuff"])
    with rec.module("boxes", copies=stages):
        deep = dims.get("normed", False) or dims.get("convolved", False)
        _boxes(rec, regions * job.batch, dims["classes"], normed=deep, shared=stages > 1)
        if not job.trains:
            _dealt(rec, regions * job.batch, _DEALT + (_REFINED if stages > 1 else 0))
            _filtered(rec, job, dims["classes"])
    if dims.get("points"):
        with rec.module("points"):
            _points(rec, job, masked * job.batch, dims["points"])
    elif dims.get("mask", True):
        # detectron2 has one head of masks behind the last stage (CascadeROIHeads), others one behind each.
        with rec.module("masks", copies=1.0 if "detectron" in job.runtime.lower() else stages):
            _masks(rec, job, masked * job.batch, dims["classes"], normed=dims.get("normed", False))
        if not job.trains:
            _dealt(rec, masked * job.batch, _DEALT)
            _fetched(rec, job, masked * job.batch)
        if rec.training:
            with rec.module("targets", repeats=masked * job.batch, copies=_DRAWN, frozen=True):
                picked = _PICKED * masked * job.height * job.width if trains_norms(job) else 0.0
                rec.pointwise(28.0 * 28.0, keeps=0.0, name="draw", beside=picked)


def _scene(rec: Recorder, levels: Sequence[Map], classes: int) -> None:
    """All levels in the size of the second, four 3 x 3, classes (mmdet's fused_semantic_head.py)."""
    fine = levels[1]
    for i, x in enumerate(levels):
        if i != 1:
            rec.copy(fine.elements, source=x.elements, name="resize")
        rec.conv(fine, WIDTH, 1, bias=True, name=f"lateral{i}")
        rec.pointwise(fine.elements, keeps=1.0, name="relu")
        if i:
            rec.add(fine.elements)
    for _ in range(4):
        rec.conv(fine, WIDTH, 3, bias=True)
    rec.conv(fine, classes, 1, bias=True, name="classes")
    if rec.training:
        class_losses(rec, fine.pixels, classes)
    rec.conv(fine, WIDTH, 1, bias=True, keeps=0.0, name="embed")
    rec.pointwise(fine.elements, keeps=1.0, name="relu")


def _flow(rec: Recorder, job: Job, regions: Any, masked: Any, stages: float) -> None:
    """What regions and masks of each stage take of the scene, and masks of the stage before.

    In training each stage runs the masks' heads of all before it once more, for what these hand on
    (`_mask_forward` of mmdet's htc_roi_head.py).
    """
    with rec.module("seen", copies=stages):
        x = _align(rec, regions, 14)
        rec.copy(regions * WIDTH * 49, source=x.elements, keeps=1.0, name="pool")
        x = _align(rec, masked, 14)
        rec.add(x.elements)
    earlier = stages * (stages - 1.0) / 2.0
    for again, copies in ((False, stages - 1.0), (True, rec.training * (earlier - stages + 1.0))):
        with rec.module("flow", copies=copies, again=again):
            rec.conv(x, WIDTH, 1, bias=True)
            rec.pointwise(x.elements, keeps=1.0, name="relu")
            rec.add(x.elements)
    if rec.training:
        with rec.module("earlier", copies=earlier, again=True):
            for _ in range(4):
                x = _layer(rec, job, x, WIDTH)


def _stuff(rec: Recorder, levels: Sequence[Map], classes: int) -> None:
    """Each level by 3 x 3 of 128 to the size of the finest, their sum, a class of each point of a quarter."""
    fine = levels[0]._replace(channels=_STUFF)
    for i, level in enumerate(levels[:4]):
        x = level
        for j in range(max(i, 1)):
            y = rec.conv(x, _STUFF, 3, name=f"scale{i}")
            rec.norm(y.elements, _STUFF, wide=True, name="group_norm")
            rec.pointwise(y.elements, keeps=1.0, name="relu")
            x = levels[max(i - j - 1, 0)]._replace(channels=_STUFF)
            if i:
                rec.copy(x.elements, source=y.elements, name="enlarge")
        if i:
            rec.add(fine.elements)
    y = rec.conv(fine, classes, 1, bias=True, name="classes")
    rec.copy(16.0 * y.elements, reads=1.0 / 16.0, name="enlarge")
    if rec.training:
        class_losses(rec, 16.0 * y.pixels, classes)


def _backbone(dims: Mapping[str, Any], job: Job, rec: Recorder) -> Sequence[Map]:
    """(B, 3, H, W) -> maps of a quarter, an eighth, a sixteenth and a 32nd of its sides."""
    if "swin" in dims:
        maps = swin.stages(dims["swin"], job, rec)
        for x in maps:
            layer_norm(rec, x.elements, x.channels)
        return maps
    if "regnet" in dims:
        return regnet.stages(dims["regnet"], job, rec, frozen=2)
    fixed = not (dims.get("normed", False) or trains_norms(job))
    net = Backbone(rec, dims["layers"], dims.get("groups", 1), dims.get("group_width", 64),
                   frozen=2, fixed=fixed, basic=dims.get("basic", False), program=job.runtime)  # fmt: skip
    return net(image(job))[1:]


def _proposals(rec: Recorder, job: Job, levels: Sequence[Map], layers: int) -> None:
    """3 x 3 convolutions, objectness and box of three anchors, the same weights on every level."""
    for i, x in enumerate(levels):
        with rec.module(f"level{i}", again=i > 0):
            for _ in range(layers):
                rec.conv(x, WIDTH, 3, bias=True)
                head_relu(rec, x, job)
            rec.conv(x, ANCHORS, 1, bias=True, name="objectness")
            rec.conv(x, 4 * ANCHORS, 1, bias=True, keeps=0.0, name="box")
            for _ in range(_DECODE):
                rec.pointwise(4 * ANCHORS * x.pixels, name="decode", waits=not job.trains)


def _dealt(rec: Recorder, regions: Any, kernels: int) -> None:
    """Small kernels over the coordinates of regions, whose numbers on each level the host asks for."""
    for _ in range(kernels):
        rec.pointwise(4.0 * regions, name="dealt", waits=True)


def _filtered(rec: Recorder, job: Job, classes: int) -> None:
    """Boxes of one class after the other, picture by picture, as maskrcnn-benchmark suppresses them."""
    said = job.runtime.lower()
    example = _WHERE in said and any(word in said for word in _EXAMPLE)
    if example or "maskrcnn-benchmark" in said:
        with rec.module("filter", repeats=job.batch * min(classes - 1, _THINGS)):
            for _ in range(_EACH_CLASS):
                rec.pointwise(1000.0, name="filter", waits=True)


def _fetched(rec: Recorder, job: Job, masks: Any) -> None:
    """Masks as large as the picture, which mmdet fetches one by one (`get_seg_masks` of fcn_mask_head.py)."""
    if trains_norms(job):
        with rec.module("paste", repeats=masks):
            rec.pointwise(job.height * job.width, name="paste", waits=True)


def _align(rec: Recorder, regions: Any, side: int) -> Map:
    """(R, 256, side, side) out of the pyramid: four samples a bin, four neighbours a sample."""
    x = Map(regions, WIDTH, float(side), float(side))
    rec.pointwise(x.elements, reads=4.0, name="align")
    return x


def _layer(rec: Recorder, job: Job, x: Map, out: int, *, normed: bool = False) -> Map:
    """A 3 x 3 with a norm or a bias, and ReLU: (R, C, side, side) -> (R, out, side, side)."""
    if normed:
        return conv_norm(rec, x, out, 3)
    y = rec.conv(x, out, 3, bias=True)
    head_relu(rec, y, job)
    return y


def _boxes(rec: Recorder, regions: Any, classes: int, *, normed: bool, shared: bool = False) -> None:
    """(R, 256, 7, 7) -> two dense layers (four convolutions and one) -> class and box of each class.

    `shared`: one box for all classes, as heads one after another have it.
    """
    x = _align(rec, regions, 7)
    for _ in range(4 if normed else 0):
        x = conv_norm(rec, x, WIDTH, 3)
    rec.linear(regions, WIDTH * 49, 1024, bias=True, name="fc1")
    rec.pointwise(1024 * x.batch, name="relu")
    if not normed:
        rec.linear(regions, 1024, 1024, bias=True, name="fc2")
        rec.pointwise(1024 * x.batch, name="relu")
    rec.linear(regions, 1024, classes, bias=True, name="class")
    rec.linear(regions, 1024, 4 if shared else 4 * classes, bias=True, keeps=0.0, name="box")
    if rec.training:
        cross_entropy(rec, regions, classes)


def _masks(rec: Recorder, job: Job, regions: Any, classes: int, *, normed: bool) -> None:
    """(R, 256, 14, 14) -> four convolutions, twice the size, a mask of each class (R, classes, 28, 28)."""
    x = _align(rec, regions, 14)
    for _ in range(4):
        _layer(rec, job, x, WIDTH, normed=normed)
    rec.window(x.elements, x.pixels, WIDTH, 4 * WIDTH, 1, bias=WIDTH, name="upsample")
    y = Map(regions, WIDTH, 28.0, 28.0)
    head_relu(rec, y, job)
    rec.conv(y, classes, 1, bias=True, name="mask")


def _points(rec: Recorder, job: Job, regions: Any, points: int) -> None:
    """(R, 256, 14, 14) -> eight convolutions of 512, a map of each point, enlarged to (R, points, 56, 56)."""
    x = _align(rec, regions, 14)
    for _ in range(8):
        x = _layer(rec, job, x, 512)
    y = transposed(rec, x, points, 4, 2, bias=True)
    rec.copy(4.0 * y.elements, reads=0.25, name="enlarge")
