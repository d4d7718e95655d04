"""YOLO v5, v8, v10, 11 and 12: a CSP backbone, a path down and up again, heads on strides 8, 16 and 32.

The models of the Ultralytics repositories, after Redmon et al. and Wang et al., "CSPNet". v5 has C3 blocks
and anchors; v8 C2f blocks and heads for places (16 bins a side) and classes apart; v10 (Wang et al.,
"YOLOv10", figures 2 and 3) separate steps down, inverted blocks where `inverted` says, attention behind the
backbone and a second head in training only; 11 C3k2 blocks and depthwise convolutions in the class head; 12
(Tian et al., "YOLOv12", figure 3) attention over areas of the map.
Letters: B batch, C channels, H W height and width of a feature map.

Dimensions: `version` (5, 8, 10, 11, 12), `depth`, `width` (multiples), `most` (channels at most, before
`width`), `nested` (11, 12: C3k2 blocks hold C3k blocks throughout, as in m, l, x), `inverted` (10: blocks,
counted along the network: 0 to 3 the backbone's, 4 to 7 the neck's) and `wide_kernels` (10: their 7 x 7),
`scaled` (12: the result of attention blocks is, as in l and x), `classes`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from whichgpu.values import immutable
from whichgpu.workloads import csp
from whichgpu.workloads.blocks import image
from whichgpu.workloads.csp import Blocks

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, DEFAULTS = csp.PHASES, csp.PHASE_ALIASES, csp.DEFAULTS
ADAPTERS = False
UNIT = "images"
OPTIMIZER = "sgd"


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """(B, 3, H, W) -> boxes and classes of every position of three maps."""
    csp.check_size(job)
    net = _Yolo(rec, dims, Blocks(rec))
    with rec.module("backbone"):
        fine, middle, coarse = net.backbone(image(job))
    with rec.module("neck"):
        maps = net.neck(fine, middle, coarse)
    with rec.module("head"):
        net.head(maps)
    if dims["version"] == 10 and job.trains:
        with rec.module("one_to_many"):
            net.on.split_head(maps, dims["classes"], separable=True, decoded=False)
    csp.choose(rec, job, maps, dims["classes"], split={5: 0, 10: 2}.get(dims["version"], 1))


@immutable
class _Yolo:
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

    def backbone(self, x: Map) -> tuple[Map, Map, Map]:
        """(B, 3, H, W) -> maps of strides 8, 16, 32."""
        version, on = self.dims["version"], self.on
        x = on.conv(x, self.wide(64), 6 if version == 5 else 3, 2, padding=2 if version == 5 else 1,
                    backward="weight")  # fmt: skip
        maps = []
        for level, (channels, blocks) in enumerate(zip((128, 256, 512, 1024), _BLOCKS[version], strict=True)):
            x = self.down(x, channels, late=level >= 2)
            # In 11 and 12 the first two levels are narrow inside and twice as wide outside.
            early = version >= 11 and level < 2
            out = self.wide(2 * channels if early else channels)
            if version == 12 and not early:
                x = self.areas(x, out, blocks, area=4 if level == 2 else 1)
            else:
                x = self.block(x, out, blocks, level, nested=level >= 2, narrow=early)
            maps.append(x)
        if version != 12:
            x = on.pool(x, x.channels)
        if version in (10, 11):
            self.attention(x)
        return maps[1], maps[2], x

    def neck(self, fine: Map, middle: Map, coarse: Map) -> list[Map]:
        """Down the pyramid and up again."""
        on, version = self.on, self.dims["version"]
        n, v5 = _NECK[version], version == 5
        top = on.conv(coarse, self.wide(512)) if v5 else coarse
        x = on.join(on.upsample(top), middle)
        x = self.mix(x, 512, n, 4)
        centre = on.conv(x, self.wide(256)) if v5 else x
        x = on.join(on.upsample(centre), fine)
        first = self.mix(x, 256, n, 5)
        x = on.join(self.down(first, 256), centre)
        second = self.mix(x, 512, n, 6)
        x = on.join(self.down(second, 512, late=True), top)
        third = self.block(x, self.wide(1024), n, 7, residual=False, nested=True)
        return [first, second, third]

    def mix(self, x: Map, channels: int, n: int, place: int) -> Map:
        """A block of the neck; in 12 its C3k blocks stand where attention is in the backbone."""
        if self.dims["version"] == 12:
            return self.plain_areas(x, self.wide(channels), self.deep(n))
        return self.block(x, self.wide(channels), n, place, residual=False)

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
        for _ in range(self.deep(2) if self.dims["version"] == 11 else 1):
            heads = max(half // 64, 1)
            on.attend(y, heads, half // heads // 2)
            on.bare(on.conv(y, 2 * half), half)
            self.rec.add(y.elements)
        on.conv(on.join(y, y), x.channels)

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
        hidden = int(width * (1.2 if self.dims.get("scaled") else 2.0))
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
        if self.dims["version"] == 5:
            return self.on.anchored(maps, self.dims["classes"])
        return self.on.split_head(maps, self.dims["classes"], separable=self.dims["version"] >= 10)


#: Blocks of the four backbone levels and of the neck, before `depth`.
_BLOCKS = {5: (3, 6, 9, 3), 8: (3, 6, 6, 3), 10: (3, 6, 6, 3), 11: (2, 2, 2, 2), 12: (2, 2, 4, 4)}
_NECK = {5: 3, 8: 3, 10: 3, 11: 2, 12: 2}
