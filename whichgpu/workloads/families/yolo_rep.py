"""YOLOv6 3.0: repeated 3 x 3 convolutions that fold when deployed, three maps joined at each level.

Li et al., "YOLOv6 v3.0: A Full-Scale Reloading", figures 2 and 3; sizes of meituan/YOLOv6's configurations.
Letters: B batch, C channels, H W height and width of a feature map.

Dimensions: `depth` and `width` (multiples), `share` (of a block's channels inside of a CSP stage, none for
plain rows of convolutions, as in n and s), `folded` (blocks are RepVGG's; l has plain ones), `split_pool`
(the pooling pyramid has a short cut beside it), `bins` (of a box side, 1: none), `classes`, `maps` that are
searched (3; 4 of the sizes for 1280 x 1280).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

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
#: Channels and blocks of the backbone and of the neck (down the pyramid; halved and mixed on the way up), by
#: the maps that are searched, before `width` and `depth`.
_BACKBONE = {3: (64, 128, 256, 512, 1024), 4: (64, 128, 256, 512, 768, 1024)}
_BLOCKS, _NECK_BLOCKS = {3: (6, 12, 18, 6), 4: (6, 12, 18, 6, 6)}, 12
_DOWN = {3: (256, 128), 4: (512, 256, 128)}
_UP = {3: ((128, 256), (256, 512)), 4: ((128, 256), (256, 512), (512, 1024))}


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """(B, 3, H, W) -> boxes and classes of every position of three or four maps."""
    csp.check_size(job)
    net = _Rep(rec, dims, Blocks(rec, "relu" if dims["folded"] else "silu"))
    with rec.module("backbone"):
        levels = net.backbone(image(job))
    with rec.module("neck"):
        maps = net.neck(levels)
    with rec.module("head"):
        net.head(maps)
    csp.choose(rec, job, maps, dims["classes"], matching=csp.ALIGNED_IN_ROWS)


@immutable
class _Rep:
    """One size."""

    rec: Recorder
    dims: Dims
    on: Blocks

    def wide(self, channels: int) -> int:
        """Channels at this width, a multiple of 8."""
        return 8 * math.ceil(channels * float(self.dims["width"]) / 8)

    def deep(self, blocks: int) -> int:
        """Blocks at this depth, one at least."""
        return max(round(blocks * float(self.dims["depth"])), 1)

    def conv(self, x: Map, out: int, stride: int = 1, **more: Any) -> Map:
        """A 3 x 3: RepVGG's block, or a plain one."""
        if self.dims["folded"]:
            return self.on.repeated(x, out, stride, identity=True)
        return self.on.conv(x, out, 3, stride, **more)

    def stage(self, x: Map, out: int, blocks: int) -> Map:
        """A row of blocks; in a CSP stage pairs of them, part of the channels passing by."""
        if "share" not in self.dims:
            for _ in range(blocks):
                x = self.conv(x, out)
            return x
        inside = int(out * float(self.dims["share"]))
        y = self.relu(x, inside)
        for _ in range(max(blocks // 2, 1)):
            y = self.conv(self.conv(y, inside), inside)
            self.rec.pointwise(y.elements, reads=2.0, keeps=1.0, parameters=1.0, name="weighed_add")
        return self.relu(self.on.join(y, self.relu(x, inside, keeps=0.0)), out)

    def relu(self, x: Map, out: int, kernel: int = 1, stride: int = 1, *, keeps: float = 1.0) -> Map:
        """A convolution, its norm and the activation of the CSP stages or, without them, ReLU."""
        return self.on.conv(x, out, kernel, stride, keeps=keeps)

    def maps(self) -> int:
        """How many maps are searched."""
        return int(self.dims.get("maps", 3))

    def backbone(self, x: Map) -> list[Map]:
        """(B, 3, H, W) -> maps of strides 4, 8, 16, 32 (and 64)."""
        widths = [self.wide(channels) for channels in _BACKBONE[self.maps()]]
        x = self.conv(x, widths[0], 2)
        levels = []
        for out, blocks in zip(widths[1:], _BLOCKS[self.maps()], strict=True):
            x = self.stage(self.conv(x, out, 2), out, self.deep(blocks))
            levels.append(x)
        levels[-1] = self.pool(x)
        return levels

    def pool(self, x: Map) -> Map:
        """Maxima over windows one after the other; beside a 1 x 1 where `split_pool` says."""
        on, half = self.on, x.channels // 2
        if not self.dims.get("split_pool"):
            return on.pool(x, x.channels)
        y = self.relu(self.relu(self.relu(x, half), half, 3), half)
        y = self.relu(self.relu(on.maxima(y), half), half, 3)
        return self.relu(on.join(self.relu(x, half, keeps=0.0), y), x.channels)

    def neck(self, levels: Sequence[Map]) -> list[Map]:
        """Down the pyramid, taking in one finer map at each level, and up again."""
        n, x, reduced = self.deep(_NECK_BLOCKS), levels[-1], []
        for step, channels in enumerate(_DOWN[self.maps()]):
            width = self.wide(channels)
            reduced.append(self.relu(x, width))
            x = self.stage(self.fuse(reduced[-1], levels[-2 - step], levels[-3 - step], width), width, n)
        maps = [x]
        for (halved, out), beside in zip(_UP[self.maps()], reversed(reduced), strict=True):
            x = self.on.join(self.relu(x, self.wide(halved), 3, 2), beside)
            x = self.stage(x, self.wide(out), n)
            maps.append(x)
        return maps

    def fuse(self, small: Map, same: Map, large: Map, out: int) -> Map:
        """A map enlarged by a transposed 2 x 2, one of the size, one halved, side by side and mixed."""
        y = same._replace(channels=out)
        self.rec.conv(small, 4 * out, 1, name="enlarge")
        self.rec.pointwise(y.elements, parameters=float(out), name="enlarge_bias")
        halved = self.relu(self.relu(large, out), out, 3, 2)
        return self.relu(self.on.join(y, self.relu(same, out), halved), out)

    def head(self, maps: Sequence[Map]) -> None:
        """A 1 x 1, then classes and boxes, each by a 3 x 3 and a 1 x 1."""
        classes, rec = self.dims["classes"], self.rec
        sides = 4 * (int(self.dims["bins"]) + (self.dims["bins"] > 1))
        for x in maps:
            y = self.on.conv(x, x.channels, activation="silu")
            rec.conv(self.on.conv(y, x.channels, 3, activation="silu"), classes, 1, bias=True, name="classes")
            boxes = self.on.conv(y, x.channels, 3, activation="silu", keeps=0.0)
            rec.conv(boxes, sides, 1, bias=True, name="boxes")
            rec.pointwise(classes * x.pixels, name="sigmoid")
            rec.copy((classes + 4) * x.pixels, name="gather")
