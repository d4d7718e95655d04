"""YOLOv9: generalised efficient layer aggregation, steps down that pool and convolve, v8's heads.

Wang et al., "YOLOv9", figure 4 and appendix A; the sizes are those of the Ultralytics model files. A 3 x 3
with a 1 x 1 beside it in training is one 3 x 3 when deployed. The auxiliary branch of the authors' training
is left out.
Letters: B batch, C channels, H W height and width of a feature map.

Dimensions: `stem` (channels of two 3 x 3 of stride 2), `backbone` (per level [channels, inside, of a
branch]), `first` (elan, where the first level has plain convolutions), `down` (per level channels after the
step), `step` (split: halves pooled and convolved apart; mean: smoothed, then convolved), `bottlenecks` (of a
branch), `pooled` ([channels, inside] of the pooling pyramid), `neck` (four blocks as in `backbone`),
`neck_down` (channels), `again` (a second backbone that takes in the first, as in e), `classes`.
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
RUNTIME_WORDS = csp.RUNTIME_WORDS
ADAPTERS = False
UNIT = "images"
OPTIMIZER = "sgd"


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """(B, 3, H, W) -> boxes and classes of every position of three maps."""
    csp.check_size(job)
    net = _Gelan(rec, dims, Blocks(rec))
    with rec.module("backbone"):
        levels = net.backbone(image(job))
    if dims.get("again"):
        with rec.module("second_backbone"):
            levels = net.again(image(job), levels)
    with rec.module("neck"):
        maps = net.neck(*levels[-3:])
    with rec.module("head"):
        net.on.split_head(maps, dims["classes"])
    csp.choose(rec, job, maps, dims["classes"], split=1, matching=csp.aligned(job))


@immutable
class _Gelan:
    """One size."""

    rec: Recorder
    dims: Dims
    on: Blocks

    def stem(self, x: Map) -> tuple[Map, Map]:
        """Two 3 x 3: (B, 3, H, W) -> maps of strides 2 and 4."""
        first, second = self.dims["stem"]
        half = self.on.conv(x, first, 3, 2, backward="weight")
        return half, self.on.conv(half, second, 3, 2)

    def backbone(self, x: Map) -> list[Map]:
        """(B, 3, H, W) -> maps of strides 2, 4, 8, 16, 32."""
        half, x = self.stem(x)
        levels = [half]
        for level, sizes in enumerate(self.dims["backbone"]):
            if level:
                x = self.down(x, self.dims["down"][level - 1])
            plain = not level and self.dims.get("first") == "elan"
            x = self.block(x, sizes, plain=plain)
            levels.append(x)
        return levels

    def again(self, x: Map, first: Sequence[Map]) -> list[Map]:
        """A second backbone; all deeper maps of the first are added before each of its levels."""
        widths = [64, 128, 256, 512, 1024]
        for level, given in enumerate(first):
            self.rec.conv(given, sum(widths[: level + 1]), 1, bias=True, name="offer")
        half, x = self.stem(x)
        levels = [half]
        for level, sizes in enumerate(self.dims["backbone"]):
            if level:
                x = self.down(x, self.dims["down"][level - 1])
            for _ in range(len(widths) - 1 - level):
                self.rec.copy(x.elements, reads=0.25, name="enlarge")
                self.rec.add(x.elements)
            x = self.block(x, sizes)
            levels.append(x)
        return levels

    def neck(self, fine: Map, middle: Map, coarse: Map) -> list[Map]:
        """Down the pyramid and up again."""
        on, blocks, down = self.on, self.dims["neck"], self.dims["neck_down"]
        width, inside = self.dims["pooled"]
        top = on.conv(on.maxima(on.conv(coarse, inside)), width)
        centre = self.block(on.join(on.upsample(top), middle), blocks[0])
        first = self.block(on.join(on.upsample(centre), fine), blocks[1])
        second = self.block(on.join(self.down(first, down[0]), centre), blocks[2])
        third = self.block(on.join(self.down(second, down[1]), top), blocks[3])
        return [first, second, third]

    def down(self, x: Map, out: int) -> Map:
        """Half of each side: the mean of 2 x 2 at every position, then a 3 x 3, or a 3 x 3 and a maximum."""
        on, rec = self.on, self.rec
        rec.pool(x, 2, 1, average=True)
        if self.dims["step"] == "mean":
            return on.conv(x, out, 3, 2)
        half = x._replace(channels=x.channels // 2)
        y = on.conv(half, out // 2, 3, 2)
        on.conv(rec.pool(half, 3, 2, padding=1), out // 2)
        return on.join(y, y)

    def block(self, x: Map, sizes: Sequence[int], *, plain: bool = False) -> Map:
        """A 1 x 1, one half of it through two branches in turn, all of it mixed: -> (B, sizes[0], H, W)."""
        on = self.on
        out, inside, branch = sizes
        parts = [on.conv(x, inside)]
        y = parts[0]._replace(channels=inside // 2)
        for _ in range(2):
            y = on.conv(y, branch, 3) if plain else on.conv(self.branch(y, branch), branch, 3)
            parts.append(y)
        return on.conv(on.join(*parts), out)

    def branch(self, x: Map, out: int) -> Map:
        """A CSP block of bottlenecks whose first 3 x 3 is folded from two: -> (B, out, H, W)."""
        on = self.on
        y = on.conv(x, out // 2)
        for _ in range(self.dims["bottlenecks"]):
            z = on.conv(on.repeated(y, out // 2), out // 2, 3)
            self.rec.add(z.elements)
        return on.conv(on.join(y, on.conv(x, out // 2, keeps=0.0)), out)
