"""PP-YOLOE: CSP blocks of two 3 x 3, the second with a 1 x 1 beside it in training, and heads that attend.

Xu et al., "PP-YOLOE: An evolved version of YOLO", figures 2 and 3.
Letters: B batch, C channels, H W height and width of a feature map.

Dimensions: `depth`, `width` (multiples), `classes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.values import immutable
from whichgpu.workloads import csp
from whichgpu.workloads.blocks import image
from whichgpu.workloads.csp import Blocks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, DEFAULTS = csp.PHASES, csp.PHASE_ALIASES, csp.DEFAULTS
ADAPTERS = False
UNIT = "images"
OPTIMIZER = "sgd"
#: Channels and blocks of the backbone's four levels, channels of the neck's, the coarsest first, its blocks.
_LEVELS, _NECK, _DEEP = ((128, 3), (256, 6), (512, 6), (1024, 3)), (768, 384, 192), 3
#: Bins of a box side, one more than there are distances.
_BINS = 17


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """(B, 3, H, W) -> classes and boxes of every position of strides 32, 16, 8."""
    csp.check_size(job)
    net = _Net(dims, Blocks(rec))
    with rec.module("backbone"):
        maps = net.backbone(image(job))
    with rec.module("neck"):
        maps = net.neck(maps)
    with rec.module("head"):
        for x in maps:
            net.head(x)
    csp.choose(rec, job, maps, dims["classes"], split=1, matching=csp.ALIGNED_IN_ROWS)


@immutable
class _Net:
    dims: Dims
    on: Blocks

    def wide(self, channels: int) -> int:
        """Channels at this width."""
        return max(round(channels * float(self.dims["width"])), 1)

    def deep(self, blocks: int) -> int:
        """Blocks at this depth."""
        return max(round(blocks * float(self.dims["depth"])), 1)

    def backbone(self, x: Map) -> list[Map]:
        """(B, 3, H, W) -> maps of strides 8, 16, 32."""
        on, first, maps = self.on, self.wide(64), []
        x = on.conv(x, first // 2, 3, 2, backward="weight")
        x = on.conv(on.conv(x, first // 2, 3), first, 3)
        for channels, blocks in _LEVELS:
            out = self.wide(channels)
            x = on.conv(x, (x.channels + out) // 2, 3, 2)
            y = self.branches(x, x.channels // 2, self.deep(blocks), residual=True)
            on.weigh(y)
            x = on.conv(y, out)
            maps.append(x)
        return maps[1:]

    def neck(self, maps: Sequence[Map]) -> list[Map]:
        """Down the pyramid and up again: maps of strides 32, 16, 8."""
        on, deep = self.on, self.deep(_DEEP)
        down: list[Map] = []
        for level, (x, channels) in enumerate(zip(reversed(maps), _NECK, strict=True)):
            y = on.join(on.upsample(on.conv(down[-1], down[-1].channels // 2)), x) if down else x
            out = self.wide(channels)
            down.append(on.conv(self.branches(y, out // 2, deep, pooled=level == 0), out))
        found = [down[-1]]
        for x in reversed(down[:-1]):
            y = on.join(on.conv(found[-1], found[-1].channels, 3, 2), x)
            found.append(on.conv(self.branches(y, x.channels // 2, deep), x.channels))
        return found[::-1]

    def branches(
        self, x: Map, half: int, blocks: int, *, residual: bool = False, pooled: bool = False
    ) -> Map:
        """Two 1 x 1 branches, one through the blocks, side by side: (B, C, H, W) -> (B, 2 half, H, W)."""
        on = self.on
        y = on.conv(x, half)
        for at in range(blocks):
            z = on.repeated(on.conv(y, half, 3), half)
            if residual:
                on.rec.add(z.elements)
            if pooled and at == (blocks - 1) // 2:
                on.conv(on.maxima(z, sides=(5, 9, 13), in_turn=False), half)
        return on.join(y, on.conv(x, half, keeps=0.0))

    def head(self, x: Map) -> None:
        """Channels weighed by their mean and mixed, then a 3 x 3: for the classes, and for the box."""
        on, rec = self.on, self.on.rec
        for name, outputs in (("classes", self.dims["classes"]), ("boxes", 4 * _BINS)):
            on.weigh(x)
            y = on.conv(x, x.channels)
            if name == "classes":
                rec.add(y.elements)
            rec.conv(y, outputs, 3, bias=True, name=name)
        rec.pointwise(4 * _BINS * x.pixels, name="bins")
