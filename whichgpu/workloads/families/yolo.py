"""YOLO v5, v8, v10, 11, 12, 26 and X: a CSP backbone, a path down and up, heads on strides 8, 16 and 32.

The models of the Ultralytics repositories, after Redmon et al. and Wang et al., "CSPNet". v5 has C3 blocks
and anchors; v8 C2f blocks and heads for places (16 bins a side) and classes apart; v10 (Wang et al.,
"YOLOv10", figures 2 and 3) separate steps down, inverted blocks where `inverted` says, attention behind the
backbone and a second head in training only; 11 C3k2 blocks and depthwise convolutions in the class head; 12
(Tian et al., "YOLOv12", figure 3) attention over areas of the map; 26 (Ultralytics) is 11 without bins,
with v10's second head and attention in the neck's last block.
Letters: B batch, C channels, H W height and width of a feature map.

Dimensions: `version` (5, 8, 10, 11, 12, 26), `depth`, `width` (multiples), `most` (channels at most, before
`width`), `nested` (11, 12: C3k2 blocks hold C3k blocks throughout, as in m, l, x), `inverted` (10: blocks,
counted along the network: 0 to 3 the backbone's, 4 to 7 the neck's) and `wide_kernels` (10: their 7 x 7),
`scaled` (12: the result of attention blocks is, as in l and x), `widened` (12: of a perceptron inside, over
its width), `classes`; `task` (boxes; masks, points or
angles beside them; classes: of the whole picture), `to_stride` (32; 64: a level more, as in the P6 models);
`anchors` (5: true; false: the heads of 8, as in yolov5su).
YOLOX (Ge et al.) is v5 with `blocks` of its own, `focus` (four pixels side by side in the stem),
`pooled_first` (maxima before the last block) and `decoupled` heads, windows that are `depthwise`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from whichgpu.values import immutable
from whichgpu.workloads import csp, heads
from whichgpu.workloads.blocks import image
from whichgpu.workloads.csp import Blocks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, DEFAULTS = csp.PHASES, csp.PHASE_ALIASES, csp.DEFAULTS
RUNTIME_WORDS = csp.RUNTIME_WORDS
ADAPTERS = False
UNIT = "images"
OPTIMIZER = "sgd"


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """(B, 3, H, W) -> boxes and classes of every position of three maps or four, or one class."""
    csp.check_size(job)
    written = dims.get("decoupled") and csp.RUNTIME_WORDS[1] in job.runtime.lower()
    net = Yolo(rec, dims, Blocks(rec, "swish" if written else "silu", apart=bool(dims.get("depthwise"))))
    task, classes = dims.get("task", "boxes"), dims["classes"]
    with rec.module("backbone"):
        maps = net.backbone(image(job))
    if task == "classes":
        with rec.module("head"):
            return heads.classify(net.on, maps[-1], classes)
    with rec.module("neck"):
        maps = net.neck(maps[1:])
    with rec.module("head"):
        net.head(maps)
        heads.beside(net.on, maps, task, anchored=net.anchored, middle=net.wide(heads.MASKED))
    if dims["version"] in (10, 26) and job.trains:
        with rec.module("one_to_many"):
            net.on.split_head(maps, classes, separable=True, decoded=False, bins=net.bins)
    matching = csp.UNMATCHED if net.anchored else csp.aligned(job)
    return csp.choose(
        rec, job, maps, classes, split=0 if net.anchored else {10: 2, 26: 2}.get(dims["version"], 1),
        matching=csp.NEAR_CENTRES if dims.get("decoupled") else matching,
    )  # fmt: skip


@immutable
class Yolo:
    """One version, scaled to one size."""

    rec: Recorder
    dims: Dims
    on: Blocks

    def wide(self, channels: int) -> int:
        """Channels at this width, a multiple of 8."""
        return 8 * math.ceil(min(channels, int(self.dims["most"])) * float(self.dims["width"]) / 8)

    def deep(self, blocks: int) -> int:
        """Blocks at this depth, one at least."""
        return max(round(blocks * float(self.dims["depth"])), 1)

    def down(self, x: Map, channels: int, *, late: bool = False) -> Map:
        """A 3 x 3 of stride 2; in v10, late, a 1 x 1 and a depthwise 3 x 3 of stride 2."""
        out = self.wide(channels)
        if self.dims["version"] == 10 and late:
            return self.on.bare(self.on.conv(x, out), out, 3, 2, groups=out)
        return self.on.conv(x, out, 3, 2)

    def backbone(self, x: Map) -> list[Map]:
        """(B, 3, H, W) -> maps of strides 4, 8, 16, 32 (and 64)."""
        version, on, levels = self.dims["version"], self.on, self.levels
        x = self.stem(x)
        maps = []
        blocks_of = self.dims.get("blocks", _BLOCKS[version])
        for level, (channels, blocks) in enumerate(zip(levels, blocks_of, strict=True)):
            x = self.down(x, channels, late=level >= 2)
            last = level == len(levels) - 1
            # In 11 and 12 the first two levels are narrow inside and twice as wide outside.
            early = version >= 11 and level < 2
            out = self.wide(2 * channels if early else channels)
            if last and self.dims.get("pooled_first"):
                x = self.block(on.pool(x, out, sides=(5, 9, 13)), out, blocks, level, residual=False)
            elif version == 12 and not early:
                x = self.areas(x, out, blocks, area=4 if level == 2 else 1)
            else:
                x = self.block(x, out, blocks, level, nested=level >= 2, narrow=early)
            maps.append(x)
        classifies = self.dims.get("task") == "classes"
        if version != 12 and not classifies and not self.dims.get("pooled_first"):
            x = on.pool(x, x.channels)
        if version in (10, 11, 26):
            self.attention(x)
        return [*maps[:-1], x]

    def stem(self, x: Map) -> Map:
        """(B, 3, H, W) -> (B, C, H/2, W/2): one convolution, of four pixels side by side where `focus` is."""
        on, version = self.on, self.dims["version"]
        if self.dims.get("focus"):
            x = x._replace(channels=4 * x.channels, height=x.height / 2, width=x.width / 2)
            self.rec.copy(x.elements, name="focus")
            return on.conv(x, self.wide(64), 3, backward="weight")
        return on.conv(x, self.wide(64), 6 if version == 5 else 3, 2, padding=2 if version == 5 else 1,
                       backward="weight")  # fmt: skip

    @property
    def levels(self) -> tuple[int, ...]:
        """Channels of the backbone's levels before `width`: four, or five of which the last has stride 64."""
        return _LEVELS_TO_64 if self.dims.get("to_stride") == 64 else _LEVELS

    def neck(self, maps: Sequence[Map]) -> list[Map]:
        """Down the pyramid and up again: as many maps, the finest first."""
        on, version, widths = self.on, self.dims["version"], self.levels[1:]
        n, x, tops = _NECK[version], maps[-1], []
        for place, at in enumerate(reversed(range(len(maps) - 1)), 4):
            tops.append(on.conv(x, self.wide(widths[at])) if version == 5 else x)
            x = self.mix(on.join(on.upsample(tops[-1]), maps[at]), widths[at], n, place)
        found = [x]
        for at, top in enumerate(reversed(tops)):
            x = on.join(self.down(x, widths[at], late=at > 0), top)
            if at < len(tops) - 1:
                x = self.mix(x, widths[at + 1], n, 6)
            elif version == 26:
                x = self.last(x, self.wide(widths[-1]))
            else:
                x = self.block(x, self.wide(widths[-1]), n, 7, residual=False, nested=True)
            found.append(x)
        return found

    def mix(self, x: Map, channels: int, n: int, place: int) -> Map:
        """A block of the neck; in 12 its C3k blocks stand where attention is in the backbone."""
        version = self.dims["version"]
        if version == 12:
            return self.plain_areas(x, self.wide(channels), self.deep(n))
        return self.block(x, self.wide(channels), n, place, residual=False, nested=version == 26)

    def block(
        self, x: Map, out: int, blocks: int, place: int, *, residual: bool = True, nested: bool = False,
        narrow: bool = False,
    ) -> Map:  # fmt: skip
        """The version's CSP block: C3, C2f or C3k2."""
        n, version = self.deep(blocks), self.dims["version"]
        if version == 5:
            return self.on.c3(x, out, n, residual=residual)
        deep = version >= 11 and (nested or self.dims.get("nested", False))
        inside = out // 4 if narrow else out // 2
        inverted = place in self.dims.get("inverted", ())
        return self.c2f(x, out, n, residual=residual or version >= 11 or inverted, inside=inside, nested=deep,
                        inverted=inverted)  # fmt: skip

    def c2f(
        self, x: Map, out: int, n: int, *, residual: bool, inside: int, nested: bool, inverted: bool
    ) -> Map:
        """Two halves of a 1 x 1, then the result of every bottleneck beside them, mixed."""
        y = self.on.conv(x, 2 * inside)
        half = y._replace(channels=inside)
        parts = [y]
        for _ in range(n):
            if nested:
                half = self.on.c3(half, inside, 2, kernel=3)
            elif inverted:
                half = self.inverted(half)
            else:
                # The bottlenecks of C3k2 are half as wide inside, those of C2f as wide as outside.
                middle = inside // 2 if self.dims["version"] >= 11 else inside
                half = self.on.bottleneck(half, middle, residual=residual, first=3)
            parts.append(half)
        return self.on.conv(self.on.join(*parts), out)

    def inverted(self, x: Map) -> Map:
        """v10's block: depthwise, 1 x 1 to twice the channels, depthwise (7 x 7), 1 x 1 back, depthwise."""
        on, width = self.on, x.channels
        y = on.conv(on.conv(x, width, 3, groups=width), 2 * width)
        if self.dims.get("wide_kernels"):
            wide = on.bare(y, 2 * width, 7, groups=2 * width)
            on.bare(y, 2 * width, 3, groups=2 * width)
            self.rec.add(wide.elements)
            self.rec.pointwise(wide.elements, keeps=1.0, name="silu")
        else:
            on.conv(y, 2 * width, 3, groups=2 * width)
        on.conv(on.conv(y, width), width, 3, groups=width)
        self.rec.add(x.elements)
        return x

    def attention(self, x: Map) -> None:
        """Half the channels through attention blocks with heads of 64, keys half as wide."""
        on, half = self.on, x.channels // 2
        y = on.conv(x, x.channels)._replace(channels=half)
        for _ in range(self.deep(2) if self.dims["version"] >= 11 else 1):
            self.attend(y)
        on.conv(on.join(y, y), x.channels)

    def attend(self, x: Map) -> None:
        """Attention with heads of 64, keys half as wide, and two 1 x 1 behind it."""
        heads = max(x.channels // 64, 1)
        self.on.attend(x, heads, x.channels // heads // 2)
        self.on.bare(self.on.conv(x, 2 * x.channels), x.channels)
        self.rec.add(x.elements)

    @property
    def anchored(self) -> bool:
        """Whether boxes are those of anchors: v5's own."""
        return bool(self.dims["version"] == 5 and self.dims.get("anchors", True))

    @property
    def bins(self) -> int:
        """Bins of a box side: 26 says the side itself."""
        return 1 if self.dims["version"] == 26 else csp.BINS

    def last(self, x: Map, out: int) -> Map:
        """26's last block of the neck: a bottleneck and attention beside two halves of a 1 x 1."""
        on, inside = self.on, out // 2
        y = on.conv(x, 2 * inside)
        half = on.bottleneck(y._replace(channels=inside), inside // 2, residual=True, first=3)
        self.attend(half)
        return on.conv(on.join(y, half), out)

    def areas(self, x: Map, out: int, blocks: int, *, area: int) -> Map:
        """12's attention block: pairs of layers that attend inside `area` parts of the map."""
        on, inside = self.on, out // 2
        y = on.conv(x, inside)
        parts = [y]
        for _ in range(self.deep(blocks)):
            for _ in range(2):
                self.area_layer(y, area)
            parts.append(y)
        y = on.conv(on.join(*parts), out)
        if self.dims.get("scaled"):
            self.rec.pointwise(y.elements, reads=2.0, keeps=1.0, parameters=float(out), name="scale")
        return y

    def area_layer(self, x: Map, area: int) -> None:
        """Attention inside areas with a depthwise 7 x 7, then a perceptron: shape unchanged."""
        on, rec, width = self.on, self.rec, x.channels
        heads, tokens = width // 32, x.height * x.width / area
        on.bare(x, 3 * width)
        rec.product(heads * area * x.batch, tokens, 32.0, tokens, name="scores")
        rec.pointwise(heads * area * (x.batch * tokens * tokens), keeps=1.0, name="softmax")
        rec.product(heads * area * x.batch, tokens, tokens, 32.0, name="values")
        on.bare(x, width, 7, groups=width)
        rec.add(x.elements)
        on.bare(x, width)
        rec.add(x.elements)
        hidden = int(width * self.dims.get("widened", 1.2 if self.dims.get("scaled") else 2.0))
        on.bare(on.conv(x, hidden), width)
        rec.add(x.elements)

    def plain_areas(self, x: Map, out: int, n: int) -> Map:
        """The same block without attention: C3k blocks in its place."""
        y = self.on.conv(x, out // 2)
        parts = [y]
        for _ in range(n):
            y = self.on.c3(y, out // 2, 2, kernel=3)
            parts.append(y)
        return self.on.conv(self.on.join(*parts), out)

    def head(self, maps: list[Map]) -> None:
        """Boxes and classes of every position."""
        classes = self.dims["classes"]
        if self.dims.get("decoupled"):
            return heads.decoupled(self.on, maps, classes, self.wide(256))
        if self.anchored:
            masks = heads.MASKS if self.dims.get("task") == "masks" else 0
            return self.on.anchored(maps, classes + masks)
        return self.on.split_head(maps, classes, separable=self.dims["version"] >= 10, bins=self.bins)


#: Channels of the levels, and blocks of the backbone's and of the neck's, before `width` and `depth`.
_LEVELS = (128, 256, 512, 1024)
_LEVELS_TO_64 = (128, 256, 512, 768, 1024)
_BLOCKS = {5: (3, 6, 9, 3), 8: (3, 6, 6, 3), 10: (3, 6, 6, 3), 11: (2, 2, 2, 2), 12: (2, 2, 4, 4),
           26: (2, 2, 2, 2)}  # fmt: skip
_NECK = {5: 3, 8: 3, 10: 3, 11: 2, 12: 2, 26: 2}
