"""EfficientDet: an EfficientNet, a pyramid whose levels exchange both ways, and two heads for all levels.

Tan et al., "EfficientDet: Scalable and Efficient Object Detection", figure 3 and table 1. A node of the
pyramid weighs two or three maps and runs a depthwise and a 1 x 1 convolution over their sum; the first cell
brings the backbone's maps to the pyramid's width, once for each node that reads them. Nine boxes a position.
Letters: B pictures, C channels, H W height and width of a map, W width of the pyramid.

Dimensions: `backbone` (those of the family `inverted_residual`), `taps` (its stages of stride 8, 16 and
32), `pyramid` (W), `cells`, `weighted` (true; D6 and D7 add maps up as they are), `levels` (5),
`head_layers`, `boxes` (of a position), `classes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.workloads import images
from whichgpu.workloads.blocks import cross_entropy, image
from whichgpu.workloads.families.inverted_residual import feature_maps

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "sgd"
ADAPTERS = False
DEFAULTS: dict[str, dict[str, Any]] = {
    "*": {"height": 512.0, "width": 512.0, "runtime": "pytorch-2", "n_gpus": 1.0},
    "infer": {"batch": 8.0, "precision": "fp16"},
    "train": {"batch": 32.0, "precision": "amp-fp16"},
}


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """(B, 3, H, W) -> (B, boxes, 4) and (B, boxes, classes)."""
    with rec.module("backbone"):
        maps = feature_maps(dims["backbone"], rec, image(job))
    levels = [maps[stage - 1] for stage in dims["taps"]]
    with rec.module("pyramid"):
        levels = _enter(dims, rec, levels)
        with rec.module("cells", copies=float(dims["cells"])):
            for level, inputs in _nodes(len(levels)):
                _node(rec, levels[level], inputs, inputs if dims.get("weighted", True) else 0)
    boxes = dims["boxes"]
    for name, outputs in (("places", 4 * boxes), ("classes", dims["classes"] * boxes)):
        with rec.module(name):
            for i, x in enumerate(levels):
                _head(dims, rec, x, outputs, again=i > 0)
    with rec.module("loss" if job.trains else "selection"):
        count = sum(boxes * x.pixels for x in levels)
        if job.trains:
            cross_entropy(rec, count, dims["classes"])
        rec.pointwise(dims["classes"] * count, reads=1.0, name="choose")


def _nodes(levels: int) -> list[tuple[int, int]]:
    """The maps that each node adds up, by level, upwards (to coarser maps) last: two of them, or three."""
    down = [(level, 2) for level in reversed(range(levels - 1))]
    return [*down, *((level, 3) for level in range(1, levels - 1)), (levels - 1, 2)]


def _enter(dims: Dims, rec: Recorder, maps: list[Map]) -> list[Map]:
    """The backbone's three maps at the pyramid's width, and coarser ones."""
    width = dims["pyramid"]
    levels = [_resampled(rec, x, width) for x in maps]
    for x in maps[1:]:
        _resampled(rec, x, width)
    coarse = _resampled(rec, maps[-1], width)
    for _ in range(dims.get("levels", 5) - len(maps)):
        coarse = rec.pool(coarse, 3, 2, padding=1)
        levels.append(coarse)
    return levels


def _resampled(rec: Recorder, x: Map, width: int) -> Map:
    y = rec.conv(x, width, 1, bias=True, keeps=0.0, name="resample")
    rec.norm(y.elements, width)
    return y


def _node(rec: Recorder, x: Map, inputs: int, weights: int) -> None:
    """A sum of maps (one of them resized; 0 `weights` in a plain sum), SiLU, a separable convolution."""
    rec.copy(x.elements, name="resize")
    rec.pointwise(
        x.elements, reads=float(inputs), keeps=float(weights), parameters=float(weights), name="sum"
    )
    rec.pointwise(x.elements, keeps=1.0, name="silu")
    _separable(rec, x, x.channels)
    rec.norm(x.elements, x.channels)


def _separable(rec: Recorder, x: Map, out: int) -> None:
    rec.conv(x, x.channels, 3, groups=x.channels, name="depthwise")
    rec.conv(x, out, 1, bias=True, name="pointwise")


def _head(dims: Dims, rec: Recorder, x: Map, outputs: int, *, again: bool) -> None:
    """Separable convolutions that all levels share, norms of each level's own, and the result."""
    for _ in range(dims["head_layers"]):
        with rec.module("shared", again=again):
            _separable(rec, x, x.channels)
        rec.norm(x.elements, x.channels)
        rec.pointwise(x.elements, keeps=1.0, name="silu")
    with rec.module("shared", again=again):
        _separable(rec, x, outputs)
    rec.copy(outputs * x.pixels, name="gather")
