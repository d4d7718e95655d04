"""Parts that the YOLO families share: convolutions, CSP blocks, pooling pyramids, heads without anchors.

Wang et al., "CSPNet" (half of the channels pass a block by); the blocks are those of the Ultralytics
repositories.
Letters: B batch, C channels, H W height and width of a feature map.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.errors import UsageError
from whichgpu.values import immutable
from whichgpu.workloads.blocks import conv_norm
from whichgpu.workloads.detection import matched, matched_by_class
from whichgpu.workloads.recorder import Map

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from whichgpu.workloads.job import Job
    from whichgpu.workloads.recorder import Recorder

#: Bins of a box side, anchors of a position, and kernels that match boxes in the loss.
BINS, ANCHORS, _MATCHING = 16, 3, 40
PHASES = ("infer", "train")
PHASE_ALIASES = {"pretrain": "train", "finetune_full": "train"}
DEFAULTS: dict[str, dict[str, Any]] = {
    "*": {"height": 640.0, "width": 640.0, "runtime": "pytorch-2", "n_gpus": 1.0},
    "infer": {"batch": 1.0, "precision": "fp16"},
    "train": {"batch": 16.0, "precision": "amp-fp16"},
}


def check_size(job: Job) -> None:
    """Refuse a picture that the pyramid cannot halve five times."""
    if any(_odd(size) for size in (job.height, job.width)):
        raise UsageError("resolution: YOLO needs a multiple of 32 pixels along each side; give e.g. 640")


def _odd(size: Any) -> bool:
    return bool((size % 32 != 0).any()) if hasattr(size, "any") else size % 32 != 0


#: Bytes of a place and a thing that are matched: their overlap, the score of its class, what both make.
_SCORED = 16.0
#: The same as Ultralytics looks which places lie in a thing: how far from its four sides, side by side behind
#: both halves of them (`select_candidates_in_gts` of ultralytics/utils/tal.py).
_INSIDE = 32.0
#: In a runtime's text: whose v8 picks the best places of a thing in one row of all places for each of them,
#: and who has YOLOX's function written out (mmcv's Swish).
RUNTIME_WORDS = ("mmyolo", "mmdet")


@immutable
class Matching:
    """How a loss matches places with things.

    All places of a batch at once, `pair` bytes for each and a thing, and the `picked` best of each thing in
    rows of whole numbers as long as the places (one_hot of TaskAlignedAssigner, in PaddleDetection, YOLOv6
    and mmyolo; Ultralytics counts them in one row); or picture by picture by class, `near` places and so
    many `tensors` of them (SimOTA of YOLOX, and of YOLOv7's loss).
    """

    pair: float = 0.0
    picked: float = 0.0
    near: float = 0.0
    tensors: float = 0.0

    def beside(self, job: Job, places: Any, classes: int) -> Any:
        """Bytes that come and go with it, of the `places` of a batch."""
        if self.near:
            return matched_by_class(places / job.batch, self.near, classes, self.tensors)
        return matched(places, self.pair + _WHOLE * self.picked)


#: Bytes of a whole number.
_WHOLE = 8.0
#: Task-aligned heads pick ten or thirteen places of each thing; SimOTA of YOLOX looks at 25 on each of three
#: maps, that of YOLOv7 at three anchors of three places.
UNMATCHED, ALIGNED, ALIGNED_IN_ROWS = Matching(), Matching(_INSIDE), Matching(_SCORED, 13.0)
NEAR_CENTRES, NEAR_ANCHORS = Matching(near=75.0, tensors=3.0), Matching(near=27.0, tensors=7.0)
#: RTMDet's costs: overlap, its logarithm, distance, class, what they add up to (DynamicSoftLabelAssigner).
SOFT_LABELS = Matching(40.0)


def aligned(job: Job) -> Matching:
    """The matching of v8 and later as a job's program has it."""
    return Matching(_SCORED, 10.0) if RUNTIME_WORDS[0] in job.runtime.lower() else ALIGNED


def choose(
    rec: Recorder, job: Job, maps: Iterable[Map], classes: int, *,
    split: int = 0, matching: Matching = UNMATCHED,
) -> None:  # fmt: skip
    """What follows the head in training: boxes matched in the loss.

    Their suppression after inference is of the program around: neither the exported network nor the speeds
    that publishers tell have it (README.md of ultralytics/yolov5: "NMS times (~1 ms/img) not included").

    `split` heads (`split_head`) are matched at every position: their loss is in FP32 and keeps the
    predictions as it casts them, and four tensors of the classes: what each position should be, once
    more as it is weighed, the loss of each and its gradient (v8DetectionLoss of ultralytics/utils/loss.py;
    16 MB for a picture of 640 pixels by torch's operators). Anchors are picked first, and few.
    """
    if not job.trains:
        return
    with rec.module("loss"):
        places = sum((x.pixels for x in maps), start=0.0)
        beside = matching.beside(job, places, classes)
        for _ in range(_MATCHING):
            rec.pointwise((classes + 4) * places, name="match", beside=beside)
        if split:
            cast = 1.0 if rec.precision.mixed else 0.0
            rec.pointwise(split * (4 * BINS + classes) * places, keeps=cast, wide=True, name="predictions")
            rec.pointwise(split * classes * places, keeps=4.0, wide=True, name="targets")


@immutable
class Blocks:
    """The blocks, each with norm and `activation` after its convolutions.

    `apart`: a 3 x 3 is a depthwise one and a 1 x 1, but for the first of the network.
    """

    rec: Recorder
    activation: str = "silu"
    apart: bool = False

    def conv(self, x: Map, out: int, kernel: int = 1, stride: int = 1, **more: Any) -> Map:
        """Convolution, batch normalisation, activation: (B, C, H, W) -> (B, out, H', W').

        These programs fold normalisations into weights before they infer (`model.fuse()`).
        """
        how = {"activation": self.activation, "folded": not self.rec.training, **more}
        if self.apart and kernel == 3 and not {"groups", "backward"} & set(more):
            x, kernel, stride = conv_norm(self.rec, x, x.channels, 3, stride, groups=x.channels, **how), 1, 1
        return conv_norm(self.rec, x, out, kernel, stride, **how)

    def bare(self, x: Map, out: int, kernel: int = 1, stride: int = 1, *, groups: int = 1) -> Map:
        """The same without an activation."""
        return self.conv(x, out, kernel, stride, groups=groups, relu=False)

    def upsample(self, x: Map) -> Map:
        """Nearest neighbour, twice the size."""
        y = x._replace(height=2 * x.height, width=2 * x.width)
        self.rec.copy(y.elements, reads=0.25, name="upsample")
        return y

    def join(self, *maps: Map) -> Map:
        """Concatenate over the channels."""
        y = maps[0]._replace(channels=sum(x.channels for x in maps))
        self.rec.copy(y.elements, name="concatenate")
        return y

    def maxima(self, x: Map, *, sides: Sequence[int] = (5, 5, 5), in_turn: bool = True) -> Map:
        """The map and its maxima over windows, one after the other or each of the map, side by side."""
        pools = [x]
        for side in sides:
            pools.append(self.rec.pool(pools[-1] if in_turn else x, side, 1, padding=side // 2))
        return self.join(*pools)

    def pool(self, x: Map, out: int, *, sides: Sequence[int] = ()) -> Map:
        """SPPF: half the channels, three 5 x 5 maxima one after the other, all four beside each other.

        SPP with `sides`: maxima over windows of those sides, each of the same map.
        """
        y = self.conv(x, x.channels // 2)
        return self.conv(self.maxima(y, sides=sides, in_turn=False) if sides else self.maxima(y), out)

    def c3(self, x: Map, out: int, n: int, *, residual: bool = True, kernel: int = 1) -> Map:
        """Two 1 x 1 branches, one through n bottlenecks, joined and mixed: -> (B, out, H, W)."""
        half = out // 2
        y = self.conv(x, half)
        for _ in range(n):
            y = self.bottleneck(y, half, residual=residual, first=kernel)
        return self.conv(self.join(y, self.conv(x, half, keeps=0.0)), out)

    def bottleneck(self, x: Map, middle: int, *, residual: bool, first: int) -> Map:
        """Two convolutions, the first 1 x 1 or 3 x 3, and the addition."""
        y = self.conv(self.conv(x, middle, first), x.channels, 3)
        if residual:
            self.rec.add(y.elements)
        return y

    def repeated(self, x: Map, out: int, stride: int = 1, *, identity: bool = False) -> Map:
        """A 3 x 3 and, in training, a 1 x 1 (and a norm of the map itself) beside it, which fold into it."""
        y = self.bare(x, out, 3, stride)
        if self.rec.training:
            conv_norm(self.rec, x, out, 1, stride, relu=False, keeps=0.0)
            self.rec.add(y.elements)
            if identity and stride == 1 and x.channels == out:
                self.rec.norm(x.elements, out, keeps=0.0, name="identity_norm")
                self.rec.add(y.elements)
        self.rec.pointwise(y.elements, keeps=1.0, name=self.activation)
        return y

    def weigh(self, x: Map) -> None:
        """Each channel times what one dense layer makes of all channels' means: shape unchanged."""
        self.rec.global_pool(x)
        self.rec.linear(x.batch, x.channels, x.channels, bias=True, name="weigh")
        self.rec.pointwise(x.channels * x.batch, name="hardsigmoid")
        self.rec.pointwise(x.elements, keeps=1.0, name="weighed")

    def anchored(self, maps: Iterable[Map], classes: int) -> None:
        """A 1 x 1 to the boxes and classes of three anchors at every position."""
        for x in maps:
            self.rec.conv(x, ANCHORS * (classes + 5), 1, bias=True, name="output")
            self.rec.pointwise(ANCHORS * (classes + 5) * x.pixels, name="sigmoid")

    def split_head(
        self, maps: Sequence[Map], classes: int, *, separable: bool = False, decoded: bool = True,
        bins: int = BINS,
    ) -> None:  # fmt: skip
        """Boxes and classes of every position, each by two convolutions and a 1 x 1.

        `separable`: depthwise and 1 x 1 for the classes. `decoded`: bins become places, more than one do.
        """
        rec = self.rec
        boxes = max(16, maps[0].channels // 4, 4 * bins)
        scores = max(maps[0].channels, min(classes, 100))
        for x in maps:
            rec.conv(self.conv(self.conv(x, boxes, 3), boxes, 3), 4 * bins, 1, bias=True, name="boxes")
            y = x
            for _ in range(2):
                if separable:
                    y = self.conv(self.conv(y, y.channels, 3, groups=y.channels), scores)
                else:
                    y = self.conv(y, scores, 3)
            rec.conv(y, classes, 1, bias=True, name="classes")
            rec.copy((4 * bins + classes) * x.pixels, name="gather")
        if decoded and bins > 1:
            self.bins(maps)

    def bins(self, maps: Iterable[Map]) -> None:
        """The mean of each box side over its bins, by a fixed 1 x 1."""
        with self.rec.module("bins", frozen=True):
            places = Map(1.0, BINS, 4.0, sum((x.pixels for x in maps), start=0.0))
            self.rec.pointwise(places.elements, name="softmax")
            self.rec.conv(places, 1, 1, name="mean")

    def attend(self, x: Map, heads: int, key: int) -> None:
        """Attention over all positions with a depthwise position term; `key`: width of a head's keys."""
        rec, width, tokens = self.rec, x.channels, x.height * x.width
        self.bare(x, width + 2 * heads * key)
        rec.product(heads * x.batch, tokens, float(key), tokens, name="scores")
        rec.pointwise(heads * (x.batch * tokens * tokens), keeps=1.0, name="softmax")
        rec.product(heads * x.batch, tokens, tokens, float(width // heads), name="values")
        self.bare(x, width, 3, groups=width)
        rec.add(x.elements)
        self.bare(x, width)
        rec.add(x.elements)
