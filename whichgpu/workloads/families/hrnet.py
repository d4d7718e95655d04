"""HRNet: branches of several resolutions side by side, that exchange maps again and again.

Wang et al., "Deep High-Resolution Representation Learning for Visual Recognition", figures 2, 4 and 11.
Letters: B batch, C channels, H W height and width of a feature map.

Dimensions: `stem` (channels), `first` ([blocks, channels inside] of the bottlenecks of stage 1), `widths`
(of the branches, the finest first), `modules` (per later stage, each ending in an exchange), `layers`
(blocks of a branch, per later stage), `head` (channels inside of the bottlenecks that widen each branch),
`features`, `classes`; optionally `task` (classes of the picture; points of a body, one map of `classes`;
places, each of a class; objects: the same with OCR).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.workloads import images
from whichgpu.workloads.blocks import class_losses, classifier, conv_norm, image

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whichgpu.workloads.job import Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "sgd"
DEFAULTS = images.defaults()
#: Channels of OCR's maps; half of them are compared.
_CONTEXT = 512


def forward(dims: Mapping[str, Any], job: Job, rec: Recorder) -> None:
    """Stem, four stages of one to four branches, head: (B, 3, H, W) -> (B, classes)."""
    widths = dims["widths"]
    with rec.module("stem"):
        x = conv_norm(rec, image(job), dims["stem"], 3, 2, backward="weight")
        x = conv_norm(rec, x, dims["stem"], 3, 2)  # (B, C, H/4, W/4)
    with rec.module("stage1"):
        blocks, inside = dims["first"]
        for _ in range(blocks):
            x = _bottleneck(rec, x, inside)
    branches, task = [x], dims.get("task", "classes")
    for i, (modules, layers) in enumerate(zip(dims["modules"], dims["layers"], strict=True)):
        # The points of a body are read off the finest map, which the last exchange alone makes.
        finest = task == "points" and i == len(dims["modules"]) - 1
        with rec.module(f"stage{i + 2}"):
            branches = _open(rec, branches, widths[: i + 2])
            for name, times in (("modules", modules - finest), ("last", float(finest))):
                if times:
                    with rec.module(name, copies=float(times)):
                        _module(rec, branches, layers, finest=name == "last")
    with rec.module("head"):
        if task == "classes":
            classifier(rec, _head(rec, branches, dims), dims["classes"])
        elif task == "points":
            rec.conv(branches[0], dims["classes"], 1, bias=True, name="points")
        else:
            _segment(rec, branches, dims, objects=task == "objects")
    if job.trains and task not in ("classes", "points"):
        with rec.module("loss"):
            # Objects are gathered by scores that are trained as well.
            heads = 2.0 if task == "objects" else 1.0
            class_losses(rec, job.batch * job.height * job.width, dims["classes"], heads=heads)


def _module(rec: Recorder, branches: Sequence[Map], layers: int, *, finest: bool) -> None:
    """The blocks of each branch, and an exchange, of the finest alone where asked."""
    for branch in branches:
        for _ in range(layers):
            _basic(rec, branch)
    _exchange(rec, branches, 1 if finest else len(branches))


def _segment(rec: Recorder, branches: Sequence[Map], dims: Mapping[str, Any], *, objects: bool) -> None:
    """A class of each position by all branches: (B, C, H/4, W/4) and coarser -> (B, classes, H, W).

    `objects`: Yuan et al., "Object-Contextual Representations".
    """
    classes, fine = dims["classes"], branches[0]
    wide = fine._replace(channels=sum(x.channels for x in branches))
    rec.copy(wide.elements, name="concatenate")
    rec.conv(conv_norm(rec, wide, wide.channels, 1), classes, 1, bias=True, name="scores")
    if objects:
        x = conv_norm(rec, wide, _CONTEXT, 3, name="bottleneck")
        places = x.height * x.width
        rec.product(x.batch, float(classes), places, float(_CONTEXT), name="gather")
        regions = x._replace(height=float(classes), width=1.0)
        half = _CONTEXT // 2
        for y, name in ((x, "query"), (regions, "key")):
            conv_norm(rec, conv_norm(rec, y, half, 1, name=f"{name}1"), half, 1, name=f"{name}2")
        conv_norm(rec, regions, half, 1, name="value")
        rec.product(x.batch, places, float(half), float(classes), name="weigh")
        rec.product(x.batch, places, float(classes), float(half), name="context")
        conv_norm(rec, x._replace(channels=half), _CONTEXT, 1, name="out")
        conv_norm(rec, x._replace(channels=2 * _CONTEXT), _CONTEXT, 1, name="mix")
        rec.conv(x, classes, 1, bias=True, name="classes")
    rec.copy(16.0 * classes * fine.pixels, reads=1.0 / 16.0, name="enlarge")


def _bottleneck(rec: Recorder, x: Map, inside: int) -> Map:
    """1 x 1, 3 x 3, 1 x 1 to four times as many channels, short cut: (B, C, H, W) -> (B, 4 inside, H, W)."""
    y = conv_norm(rec, conv_norm(rec, conv_norm(rec, x, inside, 1), inside, 3), 4 * inside, 1, relu=False)
    if x.channels != y.channels:
        conv_norm(rec, x, y.channels, 1, relu=False, keeps=0.0, name="shortcut")
    rec.add(y.elements)
    rec.pointwise(y.elements, name="relu")
    return y


def _basic(rec: Recorder, x: Map) -> None:
    """Two 3 x 3 and the addition: shape unchanged."""
    conv_norm(rec, conv_norm(rec, x, x.channels, 3), x.channels, 3, relu=False)
    rec.add(x.elements)
    rec.pointwise(x.elements, name="relu")


def _open(rec: Recorder, branches: Sequence[Map], widths: Sequence[int]) -> list[Map]:
    """One branch more, half the size of the last; the others change their channels where these differ."""
    opened = [
        x if x.channels == width else conv_norm(rec, x, width, 3)
        for x, width in zip(branches, widths[:-1], strict=True)
    ]
    return [*opened, conv_norm(rec, branches[-1], widths[-1], 3, 2)]


def _exchange(rec: Recorder, branches: Sequence[Map], made: int) -> None:
    """`made` branches take in all others: finer ones halved step by step, coarser ones 1 x 1 and enlarged."""
    for i, own in enumerate(branches[:made]):
        for j, other in enumerate(branches):
            y = other
            for step in range(i - j):
                last = step == i - j - 1
                y = conv_norm(rec, y, own.channels if last else other.channels, 3, 2, relu=not last)
            if j > i:
                conv_norm(rec, other, own.channels, 1, relu=False)
                rec.copy(own.elements, reads=0.25, name="enlarge")
            if j:
                rec.add(own.elements)
        rec.pointwise(own.elements, name="relu")


def _head(rec: Recorder, branches: Sequence[Map], dims: Mapping[str, Any]) -> Map:
    """Each branch widened, added up from the finest down, and mixed: -> (B, features, H/32, W/32)."""
    total: Map | None = None
    for x, inside in zip(branches, dims["head"], strict=True):
        y = _bottleneck(rec, x, inside)
        if total is not None:
            conv_norm(rec, total, y.channels, 3, 2, bias=dims.get("head_bias", True))
            rec.add(y.elements)
        total = y
    assert total is not None
    return conv_norm(rec, total, dims["features"], 1, bias=dims.get("head_bias", True))
