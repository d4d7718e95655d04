"""YOLO v5, v8 and 11: a CSP backbone, a path down and up again, heads on strides 8, 16 and 32.

The models of the Ultralytics repositories, after Redmon et al. and Wang et al., "CSPNet". v5 has C3 blocks
and anchors; v8 C2f blocks and heads for places (16 bins a side) and classes apart; 11 C3k2 blocks, an
attention block behind the backbone and depthwise convolutions in the class head.
Letters: B batch, C channels, H W height and width of a feature map.

Dimensions: `version` (5, 8, 11), `depth`, `width` (multiples), `most` (channels at most, before `width`),
`nested` (11: C3k2 blocks hold C3k blocks throughout, as in m, l, x), `classes`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from whichgpu.errors import UsageError
from whichgpu.workloads.blocks import conv_norm, image
from whichgpu.workloads.recorder import Map

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whichgpu.workloads.job import Job
    from whichgpu.workloads.recorder import Recorder

    Dims = Mapping[str, Any]

PHASES = ("infer", "train")
PHASE_ALIASES = {"pretrain": "train", "finetune_full": "train"}
ADAPTERS = False
UNIT = "images"
OPTIMIZER = "sgd"
DEFAULTS: dict[str, dict[str, Any]] = {
    "*": {"height": 640.0, "width": 640.0, "runtime": "pytorch-2", "n_gpus": 1.0},
    "infer": {"batch": 1.0, "precision": "fp16"},
    "train": {"batch": 16.0, "precision": "amp-fp16"},
}
#: Bins of a box side, anchors of v5, and kernels that match boxes in the loss or suppress them.
BINS, ANCHORS, _MATCHING = 16, 3, 40


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """(B, 3, H, W) -> boxes and classes of every position of three maps."""
    if any(_odd(size) for size in (job.height, job.width)):
        raise UsageError("resolution: YOLO needs a multiple of 32 pixels along each side; give e.g. 640")
    net = _Yolo(rec, dims)
    with rec.module("backbone"):
        fine, middle, coarse = net.backbone(image(job))
    with rec.module("neck"):
        maps = net.neck(fine, middle, coarse)
    with rec.module("head"):
        net.head(maps)
    with rec.module("loss" if job.trains else "selection"):
        places = sum((x.pixels for x in maps), start=0.0)
        for _ in range(_MATCHING if job.trains else _MATCHING // 2):
            rec.pointwise((dims["classes"] + 4) * places, name="match")


def _odd(size: Any) -> bool:
    return bool((size % 32 != 0).any()) if hasattr(size, "any") else size % 32 != 0


@dataclass(frozen=True, slots=True)
class _Yolo:
    """The blocks, scaled to one size."""

    rec: Recorder
    dims: Dims

    def wide(self, channels: int) -> int:
        """Channels at this width, a multiple of 8."""
        return 8 * math.ceil(min(channels, int(self.dims["most"])) * float(self.dims["width"]) / 8)

    def deep(self, blocks: int) -> int:
        """Blocks at this depth, one at least."""
        return max(round(blocks * float(self.dims["depth"])), 1)

    def conv(self, x: Map, out: int, kernel: int = 1, stride: int = 1, *, groups: int = 1) -> Map:
        """Convolution, batch normalisation and SiLU: (B, C, H, W) -> (B, out, H', W')."""
        return conv_norm(self.rec, x, out, kernel, stride, padding=2 if kernel == 6 else None,
                         groups=groups, activation="silu")  # fmt: skip

    def backbone(self, x: Map) -> tuple[Map, Map, Map]:
        """(B, 3, H, W) -> maps of strides 8, 16, 32."""
        version = self.dims["version"]
        x = conv_norm(self.rec, x, self.wide(64), 6 if version == 5 else 3, 2,
                      padding=2 if version == 5 else 1, activation="silu", backward="weight")  # fmt: skip
        maps = []
        for level, (channels, blocks) in enumerate(zip((128, 256, 512, 1024), _BLOCKS[version], strict=True)):
            x = self.conv(x, self.wide(channels), 3, 2)
            # In 11 the first two levels are narrow inside and twice as wide outside.
            early = version == 11 and level < 2
            x = self.block(x, self.wide(2 * channels if early else channels), blocks,
                           nested=level >= 2, narrow=early)  # fmt: skip
            maps.append(x)
        x = self.pool(x)
        if version == 11:
            self.attention(x)
        return maps[1], maps[2], x

    def neck(self, fine: Map, middle: Map, coarse: Map) -> list[Map]:
        """Down the pyramid and up again."""
        v5 = self.dims["version"] == 5
        n = _NECK[self.dims["version"]]
        top = self.conv(coarse, self.wide(512)) if v5 else coarse
        x = self.join(self.upsample(top), middle)
        x = self.block(x, self.wide(512), n, residual=False)
        centre = self.conv(x, self.wide(256)) if v5 else x
        x = self.join(self.upsample(centre), fine)
        first = self.block(x, self.wide(256), n, residual=False)
        x = self.join(self.conv(first, self.wide(256), 3, 2), centre)
        second = self.block(x, self.wide(512), n, residual=False)
        x = self.join(self.conv(second, self.wide(512), 3, 2), top)
        third = self.block(x, self.wide(1024), n, residual=False, nested=True)
        return [first, second, third]

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

    def pool(self, x: Map) -> Map:
        """SPPF: half the channels, three 5 x 5 maxima one after the other, all four beside each other."""
        y = self.conv(x, x.channels // 2)
        pools = [y]
        for _ in range(3):
            pools.append(self.rec.pool(pools[-1], 5, 1, padding=2))
        return self.conv(self.join(*pools), x.channels)

    def block(
        self, x: Map, out: int, blocks: int, *, residual: bool = True, nested: bool = False,
        narrow: bool = False,
    ) -> Map:  # fmt: skip
        """The version's CSP block: C3, C2f or C3k2."""
        n, version = self.deep(blocks), self.dims["version"]
        if version == 5:
            return self.c3(x, out, n, residual=residual)
        deep = version == 11 and (nested or self.dims.get("nested", False))
        inside = out // 4 if narrow else out // 2
        return self.c2f(x, out, n, residual=residual or version == 11, inside=inside, nested=deep)

    def c3(self, x: Map, out: int, n: int, *, residual: bool = True, kernel: int = 1) -> Map:
        """Two 1 x 1 branches, one through n bottlenecks, joined and mixed: -> (B, out, H, W)."""
        half = out // 2
        y = self.conv(x, half)
        for _ in range(n):
            y = self.bottleneck(y, half, residual=residual, first=kernel)
        return self.conv(self.join(y, self.conv(x, half)), out)

    def c2f(self, x: Map, out: int, n: int, *, residual: bool, inside: int, nested: bool) -> Map:
        """Two halves of a 1 x 1, then the result of every bottleneck beside them, mixed."""
        y = self.conv(x, 2 * inside)
        half = y._replace(channels=inside)
        parts = [y]
        for _ in range(n):
            if nested:
                half = self.c3(half, inside, 2, kernel=3)
            else:
                # The bottlenecks of C3k2 are half as wide inside, those of C2f as wide as outside.
                middle = inside // 2 if self.dims["version"] == 11 else inside
                half = self.bottleneck(half, middle, residual=residual, first=3)
            parts.append(half)
        return self.conv(self.join(*parts), out)

    def bottleneck(self, x: Map, middle: int, *, residual: bool, first: int) -> Map:
        """Two convolutions, the first 1 x 1 or 3 x 3, and the addition."""
        y = self.conv(self.conv(x, middle, first), x.channels, 3)
        if residual:
            self.rec.add(y.elements)
        return y

    def attention(self, x: Map) -> None:
        """C2PSA: half the channels through attention blocks with heads of 64, keys half as wide."""
        rec, half = self.rec, x.channels // 2
        y = self.conv(x, x.channels)._replace(channels=half)
        heads = half // 64
        for _ in range(self.deep(2)):
            conv_norm(rec, y, 2 * half, 1, relu=False, name="qkv")
            tokens = y.height * y.width
            rec.product(heads * y.batch, tokens, 32.0, tokens, name="scores")
            rec.pointwise(heads * (y.batch * tokens * tokens), keeps=1.0, name="softmax")
            rec.product(heads * y.batch, tokens, tokens, 64.0, name="values")
            conv_norm(rec, y, half, 3, groups=half, relu=False, name="position")
            rec.add(y.elements)
            conv_norm(rec, y, half, 1, relu=False, name="out")
            rec.add(y.elements)
            conv_norm(rec, self.conv(y, 2 * half), half, 1, relu=False, name="down")
            rec.add(y.elements)
        self.conv(self.join(y, y), x.channels)

    def head(self, maps: Sequence[Map]) -> None:
        """Boxes and classes of every position."""
        classes, rec = self.dims["classes"], self.rec
        if self.dims["version"] == 5:
            for x in maps:
                rec.conv(x, ANCHORS * (classes + 5), 1, bias=True, name="output")
                rec.pointwise(ANCHORS * (classes + 5) * x.pixels, name="sigmoid")
            return
        boxes = max(16, maps[0].channels // 4, 4 * BINS)
        scores = max(maps[0].channels, min(classes, 100))
        for x in maps:
            y = self.conv(self.conv(x, boxes, 3), boxes, 3)
            rec.conv(y, 4 * BINS, 1, bias=True, name="boxes")
            rec.conv(self.scores(x, scores), classes, 1, bias=True, name="classes")
            rec.copy((4 * BINS + classes) * x.pixels, name="gather")
        with rec.module("bins", frozen=True):
            places = Map(1.0, BINS, 4.0, sum((x.pixels for x in maps), start=0.0))
            rec.pointwise(places.elements, name="softmax")
            rec.conv(places, 1, 1, name="mean")

    def scores(self, x: Map, width: int) -> Map:
        """Two 3 x 3 convolutions, in 11 each a depthwise one and a 1 x 1."""
        for _ in range(2):
            if self.dims["version"] == 11:
                x = self.conv(self.conv(x, x.channels, 3, groups=x.channels), width)
            else:
                x = self.conv(x, width, 3)
        return x


#: Blocks of the four backbone levels and of the neck, before `depth`.
_BLOCKS = {5: (3, 6, 9, 3), 8: (3, 6, 6, 3), 11: (2, 2, 2, 2)}
_NECK = {5: 3, 8: 3, 11: 2}
