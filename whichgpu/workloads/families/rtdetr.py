"""RT-DETR: a ResNet, one transformer layer on its coarsest map, a pyramid of convolutions, a DETR decoder.

Zhao et al., "DETRs Beat YOLOs on Real-time Object Detection". The decoder's cross attention is deformable:
every head reads four points of each of three maps. Batch normalisation of the backbone is fixed.
Peng et al., "D-FINE": a decoder that predicts distributions of edges (`bins`), gates what it reads, and
reads maps as they are; a pyramid of gathered layers (`gathered`), whose branches are one outside training.
Letters: B batch, C channels, H W height and width of a feature map, P positions of all three maps,
Q queries, D width.

Dimensions: `layers` (of the ResNet), `basic` (blocks), or `hgnet` (of a PP-HGNetV2, as `hgnet.py` has them);
`levels` (maps of the backbone that are read, 3), `encoder` (width of the pyramid), `encoder_ffn`,
`expansion` (of the pyramid's blocks), `gathered` (3 x 3 layers of each half of one), `bins`,
`hidden`, `heads`, `ffn`, `decoder` (layers), `queries`, `points`, `classes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.workloads import images
from whichgpu.workloads.blocks import conv_norm, feed_forward, image
from whichgpu.workloads.detection import Backbone
from whichgpu.workloads.families.detr import attend
from whichgpu.workloads.families.hgnet import features

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "adamw"
DEFAULTS = images.defaults(640.0, infer=1.0, train=4.0)
LEVELS = 3


def _levels(dims: Dims) -> int:
    return dims.get("levels", LEVELS)  # type: ignore[no-any-return]


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """(B, 3, H, W) -> (B, Q, classes) and (B, Q, 4)."""
    with rec.module("backbone"):
        maps = _backbone(dims, rec, image(job))
    with rec.module("encoder"):
        maps = _pyramid(dims, rec, maps, folded=not job.trains)
    with rec.module("selection"):
        if "bins" not in dims or dims["encoder"] != dims["hidden"]:
            maps = [conv_norm(rec, x, dims["hidden"], 1, relu=False) for x in maps]
        places = sum((x.pixels for x in maps), start=0.0)
        _choose(dims, rec, job.batch, places)
    with rec.module("decoder"):
        _decoder(dims, rec, job.batch, places)
    if job.trains:
        with rec.module("loss"):
            for _ in range(40):
                rec.pointwise(dims["classes"] * dims["queries"] * job.batch, name="match")


def _backbone(dims: Dims, rec: Recorder, x: Map) -> list[Map]:
    """(B, 3, H, W) -> the maps at strides 8, 16 and 32, or the coarsest of them."""
    if "hgnet" in dims:
        return features(dims["hgnet"], rec, x)[-_levels(dims) :]
    net = Backbone(rec, dims["layers"], fixed=True, basic=dims.get("basic", False), deep=True)
    return net(x)[2:]


def _pyramid(dims: Dims, rec: Recorder, maps: Sequence[Map], *, folded: bool) -> list[Map]:
    """Attention on stride 32, then down to stride 8 and up again: maps of the pyramid's width."""
    width, gathers = dims["encoder"], "gathered" in dims
    *finer_maps, coarse = (conv_norm(rec, x, width, 1, relu=False) for x in maps)
    own = {"hidden": width, "heads": dims["heads"], "ffn": dims["encoder_ffn"]}
    tokens = coarse.height * coarse.width
    with rec.module("attention"):
        attend(own, rec, coarse.batch, tokens, tokens)
        feed_forward(own, rec, coarse.pixels)
    tops = []
    x = coarse
    for finer in reversed(finer_maps):
        x = conv_norm(rec, x, width, 1, activation="silu", relu=not gathers)
        tops.append(x)
        rec.copy(finer.elements, reads=0.25, name="upsample")
        x = _gather(dims, rec, finer, folded) if gathers else _mix(dims, rec, finer)
    out = [x]
    for top in reversed(tops):
        if gathers:
            x = conv_norm(rec, x, width, 1, relu=False)
            conv_norm(rec, x, width, 3, 2, padding=1, groups=width, relu=False)
        else:
            conv_norm(rec, x, width, 3, 2, padding=1, activation="silu")
        x = _gather(dims, rec, top, folded) if gathers else _mix(dims, rec, top)
        out.append(x)
    return out


def _gather(dims: Dims, rec: Recorder, x: Map, folded: bool) -> Map:
    """Two maps beside each other; half of them through two CSP blocks, and all of that through a 1 x 1."""
    width = x.channels
    inside = round(width * dims["expansion"] // 2)
    both = x._replace(channels=2 * width)
    rec.copy(both.elements, name="concatenate")
    conv_norm(rec, both, 2 * width, 1, activation="silu")
    y = x
    for _ in range(2):
        z = conv_norm(rec, y, inside, 1, activation="silu")
        for _ in range(dims["gathered"]):
            conv_norm(rec, z, inside, 3, relu=False, folded=folded, bias=folded)
            if not folded:
                conv_norm(rec, z, inside, 1, relu=False, keeps=0.0)
                rec.add(z.elements)
            rec.pointwise(z.elements, keeps=1.0, name="silu")
        conv_norm(rec, y, inside, 1, activation="silu", keeps=0.0)
        rec.add(z.elements)
        y = conv_norm(rec, z, inside, 3, activation="silu")
    rec.copy((2 * width + 2 * inside) * x.pixels, name="concatenate")
    conv_norm(rec, x._replace(channels=2 * width + 2 * inside), width, 1, activation="silu")
    return x


def _mix(dims: Dims, rec: Recorder, x: Map) -> Map:
    """Two maps beside each other through a CSP block of three 3 x 3 plus 1 x 1 convolutions."""
    width = x.channels
    inside = round(width * dims["expansion"])
    both = x._replace(channels=2 * width)
    rec.copy(both.elements, name="concatenate")
    y = conv_norm(rec, both, inside, 1, activation="silu")
    for _ in range(3):
        conv_norm(rec, y, inside, 3, relu=False)
        conv_norm(rec, y, inside, 1, relu=False, keeps=0.0)
        rec.add(y.elements)
        rec.pointwise(y.elements, keeps=1.0, name="silu")
    conv_norm(rec, both, inside, 1, activation="silu", keeps=0.0)
    rec.add(y.elements)
    if inside != width:
        conv_norm(rec, y, width, 1, activation="silu")
    return x


def _choose(dims: Dims, rec: Recorder, batch: Any, places: Any) -> None:
    """Class and box of every position, D-FINE's boxes of the best alone; those become queries."""
    hidden, classes = dims["hidden"], dims["classes"]
    rec.linear(places, hidden, hidden, bias=True, name="output")
    rec.norm(hidden * places, hidden, wide=True)
    rec.linear(places, hidden, classes, bias=True, name="class")
    _boxes(dims, rec, batch * dims["queries"] if "bins" in dims else places)
    for _ in range(4):
        rec.pointwise(classes * places, name="best")
    # Noisy labels, in training only; the table is loaded.
    rec.embedding(0.0 * places, classes + 1, hidden, name="denoising")


def _boxes(dims: Dims, rec: Recorder, rows: Any, values: int = 4) -> None:
    """(rows, D) -> (rows, values), 4 of a box, by three dense layers."""
    hidden = dims["hidden"]
    rec.linear(rows, hidden, hidden, bias=True, keeps=0.0, name="box1")
    rec.linear(rows, hidden, hidden, bias=True, name="box2")
    rec.linear(rows, hidden, values, bias=True, name="box3")


def sampled(dims: Dims, rec: Recorder, rows: Any, places: Any, levels: int) -> None:
    """Each head of each row reads a few points of every map: (rows, D) over (places, D) -> (rows, D)."""
    hidden, samples = dims["hidden"], dims["heads"] * levels * dims["points"]
    rec.linear(rows, hidden, 2 * samples, bias=True, name="offsets")
    rec.linear(rows, hidden, samples, bias=True, keeps=0.0, name="weights")
    if "bins" not in dims:
        rec.linear(places, hidden, hidden, bias=True, name="value")
    # Four neighbours of each sampled point.
    rec.pointwise(hidden // dims["heads"] * samples * rows, reads=4.0, keeps=1.0, name="sample")
    if "bins" in dims:
        rec.copy(2 * hidden * rows, name="concatenate")
        rec.linear(rows, 2 * hidden, 2 * hidden, bias=True, name="gate")
        rec.pointwise(2 * hidden * rows, keeps=1.0, name="gated")
    else:
        rec.linear(rows, hidden, hidden, bias=True, name="out")
    rec.add(hidden * rows)
    rec.norm(hidden * rows, hidden, wide=True)


def _decoder(dims: Dims, rec: Recorder, batch: Any, places: Any) -> None:
    """(B, Q, D) over (B, P, D) -> (B, Q, classes) and (B, Q, 4), refined at every layer."""
    hidden, queries = dims["hidden"], float(dims["queries"])
    rows = batch * queries
    with rec.module("layers", copies=float(dims["decoder"])):
        attend(dims, rec, batch, queries, queries)
        sampled(dims, rec, rows, places, _levels(dims))
        feed_forward(dims, rec, rows)
        rec.linear(rows, hidden, dims["classes"], bias=True, name="class")
        _boxes(dims, rec, rows, 4 * (dims["bins"] + 1) if "bins" in dims else 4)
    if "bins" in dims:
        with rec.module("first_boxes"):
            _boxes(dims, rec, rows)
    with rec.module("positions", again=False):
        rec.linear(rows, 4, 2 * hidden, bias=True, name="first")
        rec.linear(rows, 2 * hidden, hidden, bias=True, name="second")
    with rec.module("positions", repeats=float(dims["decoder"] - 1), again=True):
        rec.linear(rows, 4, 2 * hidden, bias=True, name="first")
        rec.linear(rows, 2 * hidden, hidden, bias=True, name="second")
