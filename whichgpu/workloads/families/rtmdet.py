"""RTMDet: CSPNeXt blocks of a 3 x 3 and a depthwise 5 x 5, a path down and up again, one head for all maps.

Lyu et al., "RTMDet: An Empirical Study of Designing Real-Time Object Detectors", sections 3.1 to 3.3; the
channels' attention stands in the backbone's blocks alone.
Letters: B batch, C channels, H W height and width of a feature map.

Dimensions: `depth`, `width` (multiples), `classes`; `masks` (false: RTMDet-Ins, section 3.4, whose head makes
the weights of three small layers that draw each thing's mask out of 8 channels).
"""

from __future__ import annotations

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
OPTIMIZER = "adamw"
#: Channels and blocks of the backbone's four levels, before `width` and `depth`.
_LEVELS = ((128, 3), (256, 6), (512, 6), (1024, 3))
_NECK = 3
#: Channels that masks are drawn of; weights of a thing's three layers (10 x 8, 8 x 8 and 8, with biases);
#: things of a picture (100 are kept).
_MASK, _DRAWN, _THINGS = 8, 169, 100.0


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """(B, 3, H, W) -> classes and boxes of every position of strides 8, 16, 32."""
    csp.check_size(job)
    net = _Net(dims, Blocks(rec))
    with rec.module("backbone"):
        maps = net.backbone(image(job))
    with rec.module("neck"):
        maps = net.neck(maps)
    for i, x in enumerate(maps):
        with rec.module("head"):
            net.head(x, again=i > 0)
    if dims.get("masks"):
        with rec.module("masks"):
            net.masks(maps, job.batch)
    csp.choose(rec, job, maps, dims["classes"], split=1, matching=csp.SOFT_LABELS)


@immutable
class _Net:
    dims: Dims
    on: Blocks

    def wide(self, channels: int) -> int:
        """Channels at this width."""
        return int(channels * float(self.dims["width"]))

    def backbone(self, x: Map) -> list[Map]:
        """(B, 3, H, W) -> maps of strides 8, 16, 32."""
        on, maps = self.on, []
        x = on.conv(x, self.wide(64) // 2, 3, 2, backward="weight")
        x = on.conv(on.conv(x, self.wide(64) // 2, 3), self.wide(64), 3)
        for level, (channels, blocks) in enumerate(_LEVELS):
            last = level == len(_LEVELS) - 1
            x = on.conv(x, self.wide(channels), 3, 2)
            if last:
                x = on.pool(x, x.channels, sides=(5, 9, 13))
            x = self.block(x, x.channels, blocks, residual=not last, attended=True)
            maps.append(x)
        return maps[1:]

    def neck(self, maps: Sequence[Map]) -> list[Map]:
        """Down the pyramid and up again, each map to the width of the finest by a 3 x 3."""
        on, x, tops = self.on, maps[-1], []
        for finer in reversed(maps[:-1]):
            tops.append(on.conv(x, finer.channels))
            x = self.block(on.join(on.upsample(tops[-1]), finer), finer.channels, _NECK)
        found = [x]
        for top, coarser in zip(reversed(tops), maps[1:], strict=True):
            x = self.block(on.join(on.conv(x, x.channels, 3, 2), top), coarser.channels, _NECK)
            found.append(x)
        return [on.conv(x, maps[0].channels, 3) for x in found]

    def head(self, x: Map, *, again: bool) -> None:
        """Two 3 x 3 and a 1 x 1 for the classes, and as many for the box.

        Levels share the 3 x 3, but for the second behind a mask's weights, and have a 1 x 1 each.
        """
        on, rec = self.on, self.on.rec
        made = [("classes", self.dims["classes"]), ("boxes", 4)]
        for name, outputs in [*made, ("weights", _DRAWN)] if self.dims.get("masks") else made:
            own = name == "weights"
            with rec.module("level", again=again):
                y = on.conv(x, x.channels, 3)
                y = y if own else on.conv(y, x.channels, 3)
            y = on.conv(y, x.channels, 3) if own else y
            rec.conv(y, outputs, 1, bias=True, name=name)

    def masks(self, maps: Sequence[Map], batch: Any) -> None:
        """All maps in the size of the finest, mixed, four 3 x 3, 8 channels; then each thing's own layers."""
        on, fine = self.on, maps[0]
        x = on.rec.conv(fine._replace(channels=len(maps) * fine.channels), fine.channels, 1, bias=True)
        for _ in range(4):
            x = on.conv(x, fine.channels, 3)
        on.rec.conv(x, _MASK, 1, bias=True, name="prototypes")
        places = fine.height * fine.width
        # The last makes the mask itself, of one channel.
        for inputs, outputs in ((_MASK + 2, _MASK), (_MASK, _MASK), (_MASK, 1)):
            on.rec.product(_THINGS * batch, places, float(inputs), float(outputs), name="draw")

    def block(self, x: Map, out: int, blocks: int, *, residual: bool = False, attended: bool = False) -> Map:
        """Two 1 x 1 branches, one through the blocks, joined, their channels weighed, mixed: (B, out, ..)."""
        on, half = self.on, out // 2
        y = on.conv(x, half)
        for _ in range(max(round(blocks * float(self.dims["depth"])), 1)):
            z = on.conv(y, half, 3)
            z = on.conv(on.conv(z, half, 5, groups=half), half)
            if residual:
                on.rec.add(z.elements)
        y = on.join(y, on.conv(x, half, keeps=0.0))
        if attended:
            on.weigh(y)
        return on.conv(y, out)
