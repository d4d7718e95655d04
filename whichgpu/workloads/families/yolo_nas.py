"""YOLO-NAS: CSP stages of folding 3 x 3 convolutions, a neck that takes in a finer map, heads with bins.

Deci's SuperGradients, models/detection_models/yolo_nas: yolo_stages.py, panneck.py, dfl_heads.py.
Letters: B batch, C channels, H W height and width of a feature map.

Dimensions: `stages`, rows of [channels, blocks, channels of a block, whether what each gives is joined];
`neck`, rows of [channels, blocks, channels of a block], two on the way down and two on the way up; `heads`
(channels, the finest first), `classes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.values import immutable
from whichgpu.workloads import csp
from whichgpu.workloads.blocks import image, transposed
from whichgpu.workloads.csp import Blocks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, DEFAULTS = csp.PHASES, csp.PHASE_ALIASES, csp.DEFAULTS
ADAPTERS = False
UNIT = "images"
OPTIMIZER = "adamw"
#: Channels of the stem, and bins of a box side, one more than there are distances.
_STEM, _BINS = 48, 17


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """(B, 3, H, W) -> classes and boxes of every position of strides 8, 16, 32."""
    csp.check_size(job)
    net = _Net(dims, Blocks(rec, "relu"))
    with rec.module("backbone"):
        maps = net.backbone(image(job))
    with rec.module("neck"):
        maps = net.neck(maps)
    with rec.module("head"):
        for x, width in zip(maps, dims["heads"], strict=True):
            net.head(x, int(width))
    csp.choose(rec, job, maps, dims["classes"], split=1, matching=csp.ALIGNED_IN_ROWS)


@immutable
class _Net:
    dims: Dims
    on: Blocks

    def backbone(self, x: Map) -> list[Map]:
        """(B, 3, H, W) -> maps of strides 4, 8, 16, 32."""
        x, maps = self.on.repeated(x, _STEM, 2), []
        for channels, blocks, inside, joined in self.dims["stages"]:
            x = self.on.repeated(x, channels, 2)
            x = self.stage(x, (channels, blocks, inside), folds=True, joined=joined)
            maps.append(x)
        maps[-1] = self.on.pool(x, x.channels, sides=(5, 9, 13))
        return maps

    def stage(self, x: Map, row: Sequence[int], *, folds: bool, joined: bool = False) -> Map:
        """Two 1 x 1 branches, one through blocks of two 3 x 3, side by side: -> (B, out, H, W)."""
        (out, blocks, inside), on = row, self.on
        y = on.conv(x, inside)
        beside = [y]
        for _ in range(blocks):
            for _ in range(2):
                y = on.repeated(y, inside) if folds else on.conv(y, inside, 3)
            on.rec.pointwise(y.elements, reads=2.0, keeps=1.0, parameters=1.0, name="weighed_add")
            beside.append(y)
        return on.conv(on.join(*(beside if joined else [y]), on.conv(x, inside, keeps=0.0)), out)

    def neck(self, maps: Sequence[Map]) -> list[Map]:
        """Down the pyramid, taking in one finer map at each level, and up again: strides 8, 16, 32."""
        finest, fine, middle, coarse = maps
        first, second, third, fourth = self.dims["neck"]
        top, x = self.down(coarse, middle, fine, first)
        centre, small = self.down(x, fine, finest, second)
        x = self.up(small, centre, third)
        return [small, x, self.up(x, top, fourth)]

    def down(self, x: Map, same: Map, large: Map, row: Sequence[int]) -> tuple[Map, Map]:
        """A map narrowed and enlarged, one of the size, one halved, mixed: the narrow map and the result."""
        on, out = self.on, row[0]
        narrow = on.conv(x, out)
        larger = transposed(on.rec, narrow, out, 2, 2, bias=True)
        halved = on.conv(on.conv(large, out), out, 3, 2)
        y = on.conv(on.join(larger, on.conv(same, out), halved), out)
        return narrow, self.stage(y, row, folds=True)

    def up(self, x: Map, across: Map, row: Sequence[int]) -> Map:
        """A map halved beside the narrow one of its size, through a stage of plain convolutions."""
        halved = self.on.conv(x, row[0] // 2, 3, 2)
        return self.stage(self.on.join(halved, across), row, folds=False)

    def head(self, x: Map, width: int) -> None:
        """A 1 x 1, then classes and boxes, each by a 3 x 3 and a 1 x 1."""
        on, rec = self.on, self.on.rec
        x = on.conv(x, width)
        for name, outputs in (("classes", self.dims["classes"]), ("boxes", 4 * _BINS)):
            y = on.conv(x, width, 3, keeps=1.0 if name == "classes" else 0.0)
            rec.conv(y, outputs, 1, bias=True, name=name)
        rec.pointwise(4 * _BINS * x.pixels, name="bins")
