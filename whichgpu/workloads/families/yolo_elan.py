"""YOLOv7: efficient layer aggregation, a pooling pyramid beside a short cut, heads with anchors.

Wang et al., "YOLOv7", figures 2 to 4; the sizes of the authors' model files.
A 3 x 3 with a 1 x 1 and a norm beside it in training is one 3 x 3 when deployed.
Letters: B batch, C channels, H W height and width of a feature map.

Dimensions: `stem` (rows of [channels, stride] of 3 x 3 convolutions), `backbone` (per level [channels of a
branch, convolutions in a row, channels out]), `kept` (of those convolutions, how often one is joined: 2,
every second), `step` (two: a maximum and a convolution side by side, half as wide; wide: the same behind a
1 x 1 as wide as what comes in; convolution; maximum), `steps` (widths behind one before every level; without
it there is none before the first), `pooled` (channels of the pooling pyramid), `neck` (rows of [1 x 1, 3 x 3,
convolutions, out], those down the pyramid first), `joins_all` (of its convolutions), `lateral` (widths on the
way down), `up` (channels of the steps up the pyramid), `outputs` (widths before the heads), `repeated` (those
are folded from three branches), `focus` (four pixels side by side in the stem), `twice` (two blocks side by
side, added), `activation`, `classes`.
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
    """(B, 3, H, W) -> boxes and classes of three anchors at every position of three maps or four."""
    csp.check_size(job)
    net = _Elan(rec, dims, Blocks(rec, dims["activation"]))
    with rec.module("backbone"):
        levels = net.backbone(image(job))
    with rec.module("neck"):
        maps = net.neck(levels[1:])
    with rec.module("head"):
        last = net.on.repeated if dims.get("repeated") else net.plain
        net.on.anchored([last(x, out) for x, out in zip(maps, dims["outputs"], strict=True)], dims["classes"])
    csp.choose(rec, job, maps, dims["classes"], matching=csp.NEAR_ANCHORS)


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
        if self.dims.get("focus"):
            x = x._replace(channels=4 * x.channels, height=x.height / 2, width=x.width / 2)
            self.rec.copy(x.elements, name="focus")
        for i, (channels, stride) in enumerate(self.dims["stem"]):
            x = self.on.conv(x, channels, 3, stride, backward="full" if i else "weight")
        levels, steps = [], self.dims.get("steps")
        for level, (branch, count, out) in enumerate(self.dims["backbone"]):
            if level or steps:
                x = self.down(x, steps[level] if steps else x.channels)
            x = self.aggregate(x, branch, branch, count, out)
            levels.append(x)
        return levels

    def aggregate(self, x: Map, first: int, width: int, count: int, out: int, *, all_of: bool = False) -> Map:
        """Two 1 x 1, a row of 3 x 3 behind the second, some or all joined and mixed: -> (B, out, H, W)."""
        if not self.dims.get("twice"):
            return self.one_of(x, first, width, count, out, all_of=all_of)
        y = self.one_of(x, first, width, count, out, all_of=all_of)
        self.one_of(x, first, width, count, out, all_of=all_of)
        self.rec.add(y.elements)
        return y

    def one_of(self, x: Map, first: int, width: int, count: int, out: int, *, all_of: bool) -> Map:
        """One of those blocks."""
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
        if self.dims["step"] == "convolution":
            y = on.conv(x, out, 3, 2)
            return on.join(y, *joined) if joined else y
        small = self.rec.pool(x, 2, 2)
        if self.dims["step"] == "maximum":
            return small
        if self.dims["step"] == "wide":
            pooled = on.conv(small, out // 2)
            return on.join(on.conv(on.conv(x, x.channels, keeps=0.0), out // 2, 3, 2), pooled, *joined)
        pooled = on.conv(small, out // 2)
        return on.join(on.conv(on.conv(x, out // 2, keeps=0.0), out // 2, 3, 2), pooled, *joined)

    def neck(self, maps: Sequence[Map]) -> list[Map]:
        """Down the pyramid and up again."""
        on, widths, rows = self.on, self.dims["lateral"], self.dims["neck"]
        found = [self.pyramid(maps[-1])]
        for x, width, row in zip(reversed(maps[:-1]), widths, rows, strict=False):
            found.append(self.mix(on.join(on.conv(x, width), on.upsample(on.conv(found[-1], width))), row))
        tops, up = found[-2::-1], [found[-1]]
        for width, row, other in zip(self.dims["up"], rows[len(widths) :], tops, strict=True):
            up.append(self.mix(self.up(up[-1], width, other), row))
        return up

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
