"""YOLOv13: YOLO12 with separable windows, and a hypergraph over three maps that is given back to all of them.

Lei et al., "YOLOv13: Real-Time Object Detection with Hypergraph-Enhanced Adaptive Visual Perception",
figures 2 and 3; iMoonLab/yolov13, ultralytics/cfg/models/v13/yolov13.yaml and its modules.
Letters: B batch, C channels, H W height and width of a feature map, E hyperedges.

Dimensions: `depth`, `width` (multiples), `most` (channels at most, before `width`), `nested` (blocks hold
blocks throughout, as in l and x), `scaled` and `widened` (of attention blocks, as YOLO12 has them), `edges`
(E), `classes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.workloads import csp
from whichgpu.workloads.blocks import image
from whichgpu.workloads.csp import Blocks
from whichgpu.workloads.families import yolo

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, DEFAULTS = csp.PHASES, csp.PHASE_ALIASES, csp.DEFAULTS
ADAPTERS = False
UNIT = "images"
OPTIMIZER = "sgd"
#: Channels of a head of the hypergraph.
_HEAD = 16


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """(B, 3, H, W) -> boxes and classes of every position of three maps."""
    csp.check_size(job)
    net = Hyper(rec, {"version": 12, **dims}, Blocks(rec))
    with rec.module("backbone"):
        fine, middle, coarse = net.backbone(image(job))
    with rec.module("hypergraph"):
        shared = net.enhance(fine, middle, coarse)
    with rec.module("neck"):
        maps = net.neck([fine, middle, coarse, shared])
    with rec.module("head"):
        net.head(maps)
    csp.choose(rec, job, maps, dims["classes"], split=1, matching=csp.aligned(job))


class Hyper(yolo.Yolo):
    """One size."""

    def separable(self, x: Map, out: int, kernel: int = 3, stride: int = 1) -> Map:
        """A depthwise window without a norm, and a 1 x 1."""
        y = self.rec.conv(x, x.channels, kernel, stride, padding=kernel // 2, groups=x.channels, name="apart")
        return self.on.conv(y, out)

    def separate(self, x: Map) -> Map:
        """Separable windows of 3 x 3 and 7 x 7 over a map that is added: shape unchanged."""
        y = self.separable(self.separable(x, x.channels), x.channels, 7)
        self.rec.add(y.elements)
        return y

    def c3(self, x: Map, inside: int) -> Map:
        """Two of these beside a 1 x 1, mixed: shape unchanged."""
        y = self.separate(self.separate(self.on.conv(x, inside)))
        return self.on.conv(self.on.join(y, self.on.conv(x, inside, keeps=0.0)), x.channels)

    def mixed(self, x: Map, out: int, *, inside: int, nested: bool) -> Map:
        """Two halves of a 1 x 1, then the result of every block beside them, mixed: (B, out, ..)."""
        y = self.on.conv(x, 2 * inside)
        half, parts = y._replace(channels=inside), [y]
        for _ in range(self.deep(2)):
            half = self.c3(half, inside) if nested else self.separate(half)
            parts.append(half)
        return self.on.conv(self.on.join(*parts), out)

    def backbone(self, x: Map) -> list[Map]:
        """(B, 3, H, W) -> maps of strides 8, 16, 32."""
        on, nested = self.on, bool(self.dims.get("nested"))
        x = on.conv(x, self.wide(64), 3, 2, backward="weight")
        x = on.conv(x, self.wide(128), 3, 2, groups=2)
        x = self.mixed(x, self.wide(256), inside=self.wide(256) // 4, nested=nested)
        x = on.conv(x, self.wide(256), 3, 2, groups=4)
        fine = self.mixed(x, self.wide(512), inside=self.wide(512) // 4, nested=nested)
        middle = self.areas(self.separable(fine, self.wide(512), 3, 2), self.wide(512), 4, area=4)
        coarse = self.areas(self.separable(middle, self.wide(1024), 3, 2), self.wide(1024), 4, area=1)
        return [fine, middle, coarse]

    def enhance(self, fine: Map, middle: Map, coarse: Map) -> Map:
        """Three maps in the size of the middle one, through the hypergraph; a coarser one of it beside."""
        on, rec, out = self.on, self.rec, self.wide(512)
        small, large = rec.pool(fine, 2, 2, average=True), on.upsample(coarse)
        x = on.conv(on.join(small, middle, large), middle.channels)
        inside = out // 2
        y = on.conv(x, 3 * inside)
        part = y._replace(channels=inside)
        parts = [y]
        for _ in range(2):
            with rec.module("edges"):
                parts.append(self.hypergraph(part))
        local = part
        for _ in range(self.deep(2)):
            local = self.c3(local, inside // 2)
            parts.append(local)
        # What both branches read is not mixed itself.
        joined = on.join(*parts)
        shared = on.conv(joined._replace(channels=joined.channels - inside), out)
        deep = rec.pool(shared, 2, 2, average=True)
        if deep.channels != coarse.channels:
            on.conv(deep, coarse.channels)
        return shared

    def hypergraph(self, x: Map) -> Map:
        """Places share E edges, made of means and maxima of the picture, and read them again."""
        on, rec, width, edges = self.on, self.rec, x.channels, int(self.dims["edges"])
        y, places = on.conv(x, width), x.height * x.width
        rec.pointwise(width * x.batch, reads=2.0, parameters=float(edges * width), name="prototypes")
        rec.linear(x.batch, 2 * width, edges * width, bias=True, name="context")
        rec.linear(x.pixels, width, width, bias=True, name="nodes")
        rec.product(x.batch * (width // _HEAD), places, float(_HEAD), float(edges), name="share")
        rec.pointwise(x.pixels * edges, keeps=1.0, name="softmax")
        rec.product(x.batch, float(edges), places, float(width), name="gather")
        rec.linear(x.batch * edges, width, width, bias=True, name="edge")
        rec.product(x.batch, places, float(edges), float(width), name="spread")
        rec.linear(x.pixels, width, width, bias=True, name="node")
        rec.add(y.elements)
        return on.conv(on.join(y, on.conv(x, width, keeps=0.0)), width)

    def tunnel(self, x: Map) -> Map:
        """A map and the enhanced one, times a trained number."""
        self.rec.pointwise(x.elements, reads=2.0, keeps=1.0, parameters=1.0, name="tunnel")
        return x

    def neck(self, maps: Sequence[Map]) -> list[Map]:
        """Down the pyramid and up again, the enhanced map added to each: three maps, the finest first."""
        fine, middle, coarse, shared = maps
        on = self.on
        middle, fine, coarse = self.tunnel(middle), self.tunnel(fine), self.tunnel(coarse)
        on.upsample(shared)
        x = on.join(on.upsample(coarse), middle)
        x = self.mixed(x, self.wide(512), inside=self.wide(512) // 2, nested=True)
        between = self.tunnel(x)
        x = on.join(on.upsample(x), fine)
        x = self.mixed(x, self.wide(256), inside=self.wide(256) // 2, nested=True)
        on.conv(fine._replace(channels=shared.channels), self.wide(256))
        found = [self.tunnel(x)]
        x = on.join(on.conv(found[0], self.wide(256), 3, 2), between)
        x = self.mixed(x, self.wide(512), inside=self.wide(512) // 2, nested=True)
        found.append(self.tunnel(x))
        x = on.join(on.conv(x, self.wide(512), 3, 2), coarse)
        found.append(self.tunnel(self.mixed(x, self.wide(1024), inside=self.wide(1024) // 2, nested=True)))
        return found
