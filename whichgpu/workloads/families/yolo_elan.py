"""YOLOv7: efficient layer aggregation, a pooling pyramid beside a short cut, heads with anchors.

Wang et al., "YOLOv7", figures 2 to 4; the sizes of the authors' model files (yolov7, yolov7-tiny, yolov7x).
A 3 x 3 with a 1 x 1 and a norm beside it in training is one 3 x 3 when deployed.
Letters: B batch, C channels, H W height and width of a feature map.

Dimensions: `stem` (rows of [channels, stride] of 3 x 3 convolutions), `backbone` (per level [channels of a
branch, convolutions in a row, channels out]), `kept` (of those convolutions, how often one is joined: 2,
every second), `step` (two: a maximum and a convolution side by side; maximum), `pooled` (channels of the
pooling pyramid), `neck` (four rows of [1 x 1, 3 x 3, convolutions, out]), `joins_all` (of its convolutions),
`lateral` (two widths), `up` (channels of the two steps up the pyramid), `outputs` (three widths before the
heads), `repeated` (those are folded from three branches), `activation`, `classes`.
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


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """(B, 3, H, W) -> boxes and classes of three anchors at every position of three maps."""
    csp.check_size(job)
    net = _Elan(rec, dims, Blocks(rec, dims["activation"]))
    with rec.module("backbone"):
        levels = net.backbone(image(job))
    with rec.module("neck"):
        maps = net.neck(*levels[1:])
    with rec.module("head"):
        last = net.on.repeated if dims.get("repeated") else net.plain
        net.on.anchored([last(x, out) for x, out in zip(maps, dims["outputs"], strict=True)], dims["classes"])
    csp.choose(rec, job, maps, dims["classes"])


@immutable
class _Elan:
    """One size."""

    rec: Recorder
    dims: Dims
    on: Blocks

    def plain(self, x: Map, out: int) -> Map:
        """A 3 x 3."""
        return self.on.conv(x, out, 3)

    def backbone(self, x: Map) -> list[Map]:
        """(B, 3, H, W) -> maps of strides 4, 8, 16, 32."""
        for i, (channels, stride) in enumerate(self.dims["stem"]):
            x = self.on.conv(x, channels, 3, stride, backward="full" if i else "weight")
        levels = []
        for level, (branch, count, out) in enumerate(self.dims["backbone"]):
            if level:
                x = self.down(x, x.channels)
            x = self.aggregate(x, branch, branch, count, out)
            levels.append(x)
        return levels

    def aggregate(self, x: Map, first: int, width: int, count: int, out: int, *, all_of: bool = False) -> Map:
        """Two 1 x 1, a row of 3 x 3 behind the second, some or all joined and mixed: -> (B, out, H, W)."""
        on = self.on
        parts = [on.conv(x, first), on.conv(x, first, keeps=0.0)]
        y = parts[1]
        for i in range(count):
            y = on.conv(y, width, 3)
            if all_of or (i + 1) % self.dims["kept"] == 0:
                parts.append(y)
        return on.conv(on.join(*parts), out)

    def down(self, x: Map, out: int, *joined: Map) -> Map:
        """Half of each side: a maximum beside a strided 3 x 3, or the maximum alone."""
        on = self.on
        small = self.rec.pool(x, 2, 2)
        if self.dims["step"] == "maximum":
            return small
        pooled = on.conv(small, out // 2)
        return on.join(on.conv(on.conv(x, out // 2, keeps=0.0), out // 2, 3, 2), pooled, *joined)

    def neck(self, fine: Map, middle: Map, coarse: Map) -> list[Map]:
        """Down the pyramid and up again."""
        on, (wide, narrow), rows = self.on, self.dims["lateral"], self.dims["neck"]
        top = self.pyramid(coarse)
        x = on.join(on.conv(middle, wide), on.upsample(on.conv(top, wide)))
        centre = self.mix(x, rows[0])
        x = on.join(on.conv(fine, narrow), on.upsample(on.conv(centre, narrow)))
        first = self.mix(x, rows[1])
        second = self.mix(self.up(first, self.dims["up"][0], centre), rows[2])
        third = self.mix(self.up(second, self.dims["up"][1], top), rows[3])
        return [first, second, third]

    def mix(self, x: Map, row: Sequence[int]) -> Map:
        first, width, count, out = row
        return self.aggregate(x, first, width, count, out, all_of=self.dims.get("joins_all", False))

    def up(self, x: Map, channels: int, other: Map) -> Map:
        """To the next level, with the map of the way down beside it."""
        if self.dims["step"] == "maximum":
            return self.on.join(self.on.conv(x, channels, 3, 2), other)
        return self.down(x, channels, other)

    def pyramid(self, x: Map) -> Map:
        """Maxima over windows of 5, 9 and 13 between convolutions, a 1 x 1 past them, mixed."""
        on, width = self.on, self.dims["pooled"]
        beside = on.conv(x, width)
        y = on.conv(x, width, keeps=0.0)
        if self.dims["step"] != "maximum":
            y = on.conv(on.conv(y, width, 3), width)
        y = on.conv(on.maxima(y, sides=(5, 9, 13), in_turn=False), width)
        if self.dims["step"] != "maximum":
            y = on.conv(y, width, 3)
        return on.conv(on.join(y, beside), width)
