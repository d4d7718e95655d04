"""What detectors share: a ResNet whose stages are all needed, and the feature pyramid over them.

He et al., "Deep Residual Learning"; Xie et al., "ResNeXt"; Lin et al., "Feature Pyramid Networks".
Letters: B batch, C channels, H W height and width of a feature map.

`frozen` stages (the stem is the first) have no backward pass; `fixed` normalisation is a scale and a
shift that are not trained and count as no parameters; kernel by kernel both are made anew in each pass.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.values import immutable
from whichgpu.workloads.blocks import conv_norm
from whichgpu.workloads.recorder import FP32

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.workloads.job import Job
    from whichgpu.workloads.recorder import Map, Recorder


#: The most things that one picture of COCO's train2017 has; bytes of a pair of an anchor and one of them as
#: their overlap is found: two corners of it and their difference in FP32 (`pairwise_iou` of detectron2).
#: mmdet names these, so that they are there beside the overlap, the union and their ratio (`bbox_overlaps`).
_CROWD, _PAIR, _NAMED_PAIR = 93.0, 24.0, 36.0
#: Things of a picture of train2017 in the mean (860,001 of 117,266), the most classes in one of Cityscapes.
_THINGS, _SEGMENTS = 7.3, 19.0
#: Bytes of a point of a thing's mask: whole numbers three times and FP32; FP32 three times.
_WHOLE_MASK, _MASK = 28.0, 12.0
#: Bytes of such a point that the losses of enlarged masks keep: FP32 three times, a whole number.
_LOST_MASK = 20.0


#: The longer side of the longest pictures that a batch of COCO is padded to, where the shorter one is 800
#: pixels (1,333, in multiples of 32).
LONGEST_PICTURE = 1344.0

#: In a runtime's text: who trains the weights of norms whose means and variances are fixed, so that what they
#: read is kept (`norm_eval`, `requires_grad` of configs/_base_/models), and has a focal loss of one kernel.
TRAINS_NORMS = ("mmdet", "openmmlab")
#: Whose heads have a ReLU that does not write over what it reads (`F.relu` of detectron2's proposal_generator
#: and roi_heads, `nn.ReLU()` of its meta_arch/retinanet.py); mmdet's and torchvision's write over it.
_RELU_APART = ("detectron", "maskrcnn-benchmark")
PROGRAMS = TRAINS_NORMS + _RELU_APART
#: Kernels a level that place anchors, sort scores and make boxes of them, those of a picture that suppress,
#: and the best of a level that both are of (counted in mmdet 2: `_get_bboxes` of AnchorHead, `delta2bbox`,
#: `multiclass_nms`; typical of others).
DECODED, _SUPPRESSED, _BEST = 45, 45, 1000.0
#: Kernels with which a fixed norm makes its scale and its shift of four stored vectors, anew in each pass:
#: `w * (rv + eps).rsqrt()`, `b - rm * scale` (`FrozenBatchNorm2d` of torchvision/ops/misc.py; DETR's copy).
_REMADE = 5


def trains_norms(job: Job) -> bool:
    """Whether a job's program trains the weights of fixed norms."""
    said = job.runtime.lower()
    return any(word in said for word in TRAINS_NORMS)


def boxed(rec: Recorder, levels: int, kernels: int = DECODED) -> None:
    """Small kernels with which modules make boxes of the best of each level, and suppress what overlaps."""
    for _ in range(kernels * levels + _SUPPRESSED):
        rec.pointwise(4.0 * _BEST, name="decode", waits=True)


def head_relu(rec: Recorder, x: Map, job: Job) -> None:
    """A ReLU of a detector's head, by the name that says whether it writes over what it reads."""
    apart = any(word in job.runtime.lower() for word in _RELU_APART)
    rec.pointwise(x.elements, name="apart_relu" if apart else "relu")


def crowd(batch: Any, program: str) -> Any:
    """Bytes of masks for each point of a picture as those of a batch's things are matched.

    mmdet makes whole numbers of 8 B of all masks, picks them, joins them and casts them to FP32
    (maskformer_head.py, `preprocess_gt` and `loss_single`): 28 B. Others have them in rows as long as the
    most crowded picture's, in FP32, and pick from these: 12 B (modeling_mask2former.py). Pictures of
    segmentation without instances have no more masks than classes.
    """
    said = program.lower()
    whole = "mmseg" in said or any(word in said for word in TRAINS_NORMS)
    most = _SEGMENTS if "mmseg" in said else _CROWD
    if whole:
        return _WHOLE_MASK * (most + np.minimum(_THINGS, most) * (np.asarray(batch) - 1.0))
    return _MASK * most * np.asarray(batch)


def lost(batch: Any, program: str) -> Any:
    """Bytes of each point of a picture that losses of masks keep which are enlarged to its size, of a batch.

    Of each thing its mask, which the focal loss reads, a sigmoid, and what it is compared with in FP32 and
    in whole numbers (maskformer_head.py, `loss_single`; dice_loss.py).
    """
    most = _SEGMENTS if "mmseg" in program.lower() else _CROWD
    return _LOST_MASK * (most + np.minimum(_THINGS, most) * (np.asarray(batch) - 1.0))


def paired(job: Job) -> float:
    """Bytes of a pair of an anchor and a thing as a job's program finds their overlap."""
    return _NAMED_PAIR if trains_norms(job) else _PAIR


def matched(anchors: Any, pair: float) -> Any:
    """Bytes that come and go as the anchors of a picture are matched with the things in a crowded one.

    Pictures are matched one after the other; a training's peak has the most crowded of all. Where all of a
    batch are matched together, in rows as long as that one's, these are the anchors of all.
    """
    return anchors * _CROWD * pair


def matched_by_class(anchors: Any, near: float, classes: int, tensors: float) -> Any:
    """Bytes of the same where each thing's class is compared with all that is predicted near a thing.

    No more than `near` anchors are near each; their `classes` are compared in FP32, in so many `tensors`.
    """
    return np.minimum(anchors, near * _CROWD) * _CROWD * classes * FP32 * tensors


@immutable
class Backbone:
    """A ResNet (ResNeXt with `groups`) as a source of feature maps.

    `basic` blocks in place of bottlenecks; `deep`: three 3 x 3 in the stem, and short cuts that are
    projected in every stage, behind a 2 x 2 mean where the stride is 2. The 3 x 3 of the `dilated` stages,
    counted from 1, have points that lie apart.
    """

    rec: Recorder
    layers: Sequence[int]
    groups: int = 1
    group_width: int = 64
    strides: Sequence[int] = (1, 2, 2, 2)
    frozen: int = 0
    fixed: bool = False
    basic: bool = False
    deep: bool = False
    dilated: Sequence[int] = ()
    #: What a job's runtime is called: detectron2 has one kernel for a fixed norm (`F.batch_norm`).
    program: str = ""

    def __call__(self, image: Map) -> list[Map]:
        """(B, 3, H, W) -> the map behind each stage, the stem's pooled one first."""
        rec = self.rec
        with rec.module("stem", frozen=self.frozen > 0):
            x = self._stem(image)  # (B, 64, H/2, W/2)
            maps = [rec.pool(x, 3, 2, padding=1)]  # (B, 64, H/4, W/4)
        for stage, blocks in enumerate(self.layers):
            maps.append(self.stage(maps[-1], stage, blocks))
        return maps

    def stage(self, x: Map, stage: int, blocks: int) -> Map:
        """The blocks of one stage, counted from 0: -> (B, out, H/stride, W/stride)."""
        rec, apart = self.rec, stage + 1 in self.dilated
        width = 2**stage * self.group_width * self.groups
        out = 2**stage * (64 if self.basic else 256)
        with rec.module(f"layer{stage + 1}", frozen=stage + 1 < self.frozen):
            x = self._block(x, width, out, self.strides[stage], first=True, dilated=apart)
            with rec.module("rest", copies=float(blocks - 1)):
                return self._block(x, width, out, 1, dilated=apart)

    def _stem(self, image: Map) -> Map:
        if not self.deep:
            return self._conv(image, 64, 7, 2, backward="weight")
        x = self._conv(image, 32, 3, 2, backward="weight")
        return self._conv(self._conv(x, 32, 3), 64, 3)

    def _block(
        self, x: Map, width: int, out: int, stride: int, *, first: bool = False, dilated: bool = False
    ) -> Map:  # fmt: skip
        """1 x 1, 3 x 3, 1 x 1 (or two 3 x 3) and the short cut: -> (B, out, H/stride, W/stride)."""
        if self.basic:
            y = self._conv(self._conv(x, width, 3, stride), out, 3, relu=False)
        else:
            y = self._conv(x, width, 1)
            y = self._conv(y, width, 3, stride, groups=self.groups, dilated=dilated)
            y = self._conv(y, out, 1, relu=False)
        if stride != 1 or x.channels != out or (first and self.deep):
            self._shortcut(x, out, stride)
        self.rec.add(y.elements)
        self.rec.pointwise(y.elements, name="relu")
        return y

    def _shortcut(self, x: Map, out: int, stride: int) -> None:
        if self.deep and stride > 1:
            x, stride = self.rec.pool(x, stride, stride, average=True), 1
        self._conv(x, out, 1, stride, relu=False, keeps=0.0, name="shortcut")

    def _conv(
        self, x: Map, out: int, kernel: int, stride: int = 1, *, groups: int = 1, relu: bool = True,
        keeps: float = 1.0, dilated: bool = False, backward: str = "full", name: str = "conv",
    ) -> Map:  # fmt: skip
        if not self.fixed:
            return conv_norm(self.rec, x, out, kernel, stride, groups=groups, relu=relu, keeps=keeps,
                             dilated=dilated, backward=backward, name=name)  # fmt: skip
        y = self.rec.conv(x, out, kernel, stride, groups=groups, keeps=keeps, dilated=dilated,
                          backward=backward, name=name)  # fmt: skip
        if "detectron" not in self.program.lower():
            with self.rec.module("constants", frozen=True):
                for _ in range(_REMADE):
                    self.rec.pointwise(float(out), name=name)
        self.rec.scale(y.elements, name=f"{name}_scale")
        self.rec.scale(y.elements, name=f"{name}_shift")
        if relu:
            self.rec.pointwise(y.elements, name=f"{name}_relu")
        return y


def pyramid(rec: Recorder, maps: Sequence[Map], width: int = 256, *, normed: bool = False) -> list[Map]:
    """1 x 1 to `width`, upsample and add from the top, 3 x 3: C3.. -> P3.., finest first.

    `normed`: batch normalisation in place of a bias.
    """
    levels = [_level(rec, x, width, 1, keeps=0.0, normed=normed, name="lateral") for x in maps]
    for x in levels[:-1]:
        rec.copy(x.elements, reads=0.25, name="upsample")
        rec.add(x.elements)
    return [_level(rec, x, width, 3, keeps=1.0, normed=normed, name="output") for x in levels]


def _level(rec: Recorder, x: Map, width: int, kernel: int, *, keeps: float, normed: bool, name: str) -> Map:
    """One convolution of the pyramid: (B, C, H, W) -> (B, width, H, W)."""
    if normed:
        return conv_norm(rec, x, width, kernel, relu=False, keeps=keeps, name=name)
    return rec.conv(x, width, kernel, bias=True, keeps=keeps, name=name)
