"""Deformable DETR: a ResNet, and a transformer whose heads read a few points of each of several maps.

Zhu et al., "Deformable DETR: Deformable Transformers for End-to-End Object Detection". The maps are the
last three of the ResNet, of strides 8, 16 and 32, and further ones by convolutions of stride 2. Batch
normalisation is fixed.
Letters: B batch, P positions of all maps, Q queries, D width.

Dimensions: `layers` (of the ResNet), `hidden`, `heads`, `ffn`, `encoder`, `decoder` (layers), `queries`,
`levels` (maps), `read` (those that are the ResNet's), `points` (of each), `classes`; `refined` (false: heads
that all layers share), `staged` (false: queries are learned).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.workloads import images
from whichgpu.workloads.blocks import feed_forward, image
from whichgpu.workloads.detection import LONGEST_PICTURE, Backbone
from whichgpu.workloads.families.detr import attend, boxes
from whichgpu.workloads.families.rtdetr import sampled

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "adamw"
DEFAULTS = images.defaults(800.0, 1088.0, infer=1.0, train=4.0)
LONGEST_SIDE = LONGEST_PICTURE


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """(B, 3, H, W) -> (B, Q, classes) and (B, Q, 4)."""
    with rec.module("backbone"):
        every = Backbone(rec, dims["layers"], fixed=True, frozen=2 if job.trains else 0)(image(job))
    hidden, levels, read = dims["hidden"], dims["levels"], dims.get("read", 3)
    maps = every[-read:]
    places: Any = 0.0  # B P
    with rec.module("project"):
        x = maps[-1]
        for level in range(levels):
            far = level >= read
            y = rec.conv(x if far else maps[level], hidden, 3 if far else 1, 2 if far else 1, bias=True,
                         name=f"level{level}")  # fmt: skip
            rec.norm(y.elements, hidden, parameters=2 * hidden, name=f"norm{level}")
            x = y if far else x
            places = places + y.pixels
        rec.pointwise(hidden * places, parameters=float(levels * hidden), name="levels")
    with rec.module("encoder"), rec.module("layers", copies=float(dims["encoder"])):
        sampled(dims, rec, places, places, levels)
        feed_forward(dims, rec, places)
    with rec.module("decoder"):
        _decoder(dims, rec, job, places)
    with rec.module("loss" if job.trains else "selection"):
        for _ in range(40 if job.trains else 4):
            rec.pointwise(dims["classes"] * dims["queries"] * job.batch, name="match")


def _decoder(dims: Dims, rec: Recorder, job: Job, places: Any) -> None:
    """Queries, learned or the best of the positions, become boxes."""
    hidden, queries = dims["hidden"], float(dims["queries"])
    rows, layers = job.batch * queries, float(dims["decoder"])
    if dims.get("staged"):
        with rec.module("first"):
            rec.linear(places, hidden, hidden, bias=True, name="output")
            rec.norm(hidden * places, hidden, wide=True)
            boxes(dims, rec, places)
            rec.linear(rows, 2 * hidden, 2 * hidden, bias=True, name="positions")
            rec.norm(2 * hidden * rows, 2 * hidden, wide=True)
    else:
        rec.embedding(rows, dims["queries"], 2 * hidden, name="queries")
        rec.linear(rows, hidden, 2, bias=True, name="points")
    with rec.module("layers", copies=layers):
        attend(dims, rec, job.batch, queries, queries)
        sampled(dims, rec, rows, places, dims["levels"])
        feed_forward(dims, rec, rows)
    apart = layers if dims.get("refined") else 1.0
    with rec.module("heads", copies=apart, repeats=layers / apart):
        boxes(dims, rec, rows)
