"""NASNet and PNASNet: cells that were searched for, each of the two maps before it.

Zoph et al., "Learning Transferable Architectures for Scalable Image Recognition", figure 4 (NASNet-A); Liu et
al., "Progressive Neural Architecture Search", figure 1 (PNASNet-5).
Letters: B batch, C channels, H W height and width of a feature map.

Dimensions: `search` (nasnet, pnasnet), `stem` (channels of its 3 x 3), `cells`, rows of [normal or reduce,
cells, channels of each branch], `classes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.workloads import images
from whichgpu.workloads.blocks import activate, classifier, conv_norm, image

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "sgd"
DEFAULTS = images.defaults(331.0)
#: By search and kind of cell: pairs of branches that are added up, then what the cell's result joins.
#: A branch: sides of a separable convolution (3, 5, 7), mean, maximum, or the map itself (=); then what it
#: sees: L the map before the last, R the last, a digit the pair of that number.
_CELLS: Mapping[tuple[str, str], tuple[str, str]] = {
    ("nasnet", "normal"): ("5R+3L 5L+3L meanR+=L meanL+meanL 3R+=R", "L01234"),
    ("nasnet", "reduce"): ("5R+7L maximumR+7L meanR+5L mean0+=1 30+maximumR", "1234"),
    ("pnasnet", "normal"): ("5L+maximumL 7R+maximumR 5R+3R 32+maximumR 3L+=R", "01234"),
    ("pnasnet", "reduce"): ("5L+maximumL 7R+maximumR 5R+3R 32+maximumR 3L+=R", "01234"),
}


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """Stem, cells, classifier: (B, 3, H, W) -> (B, classes)."""
    with rec.module("stem"):
        x = conv_norm(rec, image(job), dims["stem"], 3, 2, padding=0, relu=False, backward="weight")
    before: Map | None = None
    for i, (kind, cells, width) in enumerate(dims["cells"]):
        with rec.module(f"cells{i + 1}"):
            for _ in range(cells):
                before, x = x, _cell(rec, before, x, width, (dims["search"], kind))
    with rec.module("head"):
        activate(rec, x.elements)
        classifier(rec, x, dims["classes"])


def _cell(rec: Recorder, before: Map | None, x: Map, width: int, which: tuple[str, str]) -> Map:
    """Both inputs to `width` channels (the first cell's left as it is), branches in pairs, joined."""
    pairs, joined = _CELLS[which]
    stride = 2 if which[1] == "reduce" else 1
    seen = {"L": x if before is None else _left(rec, before, x, width), "R": _project(rec, x, width)}
    for i, pair in enumerate(pairs.split()):
        for branch in pair.split("+"):
            y = _branch(rec, branch[:-1], seen[branch[-1]], width, 1 if branch[-1].isdigit() else stride)
        rec.add(y.elements)
        seen[str(i)] = y
    result = y._replace(channels=sum(seen[one].channels for one in joined))
    rec.copy(result.elements, name="concatenate")
    return result


def _left(rec: Recorder, before: Map, x: Map, width: int) -> Map:
    """The map before the last: a 1 x 1, or two of every second place where it is larger than the last."""
    if (before.height == x.height) if isinstance(x.height, float) else (before.height == x.height).all():
        return _project(rec, before, width)
    activate(rec, before.elements)
    for keeps in (1.0, 0.0):
        half = before._replace(height=(before.height + 1.0) // 2.0, width=(before.width + 1.0) // 2.0)
        rec.copy(half.elements, name="sample")
        rec.conv(half, width // 2, 1, keeps=keeps, name="path")
    y = half._replace(channels=width)
    rec.copy(y.elements, name="concatenate")
    rec.norm(y.elements, width)
    return y


def _project(rec: Recorder, x: Map, width: int, stride: int = 1) -> Map:
    """Activation, 1 x 1, norm: (B, C, H, W) -> (B, width, H/stride, W/stride)."""
    activate(rec, x.elements)
    return conv_norm(rec, x, width, 1, stride, relu=False, name="project")


def _branch(rec: Recorder, kind: str, x: Map, width: int, stride: int) -> Map:
    """One branch of a cell: (B, C, H, W) -> (B, width, H/stride, W/stride)."""
    if kind.isdigit():
        for step in (stride, 1):
            activate(rec, x.elements)
            x = rec.conv(x, x.channels, int(kind), step, groups=x.channels, name="depthwise")
            x = conv_norm(rec, x, width, 1, relu=False, name="pointwise")
        return x
    if kind == "=":
        return _project(rec, x, width, stride) if stride > 1 else x
    y = rec.pool(x, 3, stride, padding=1, average=kind == "mean", keeps=0.0, name=kind)
    return y if y.channels == width else conv_norm(rec, y, width, 1, relu=False, name="project")
