"""RT-DETR: a ResNet, one transformer layer on its coarsest map, a pyramid of convolutions, a DETR decoder.

Zhao et al., "DETRs Beat YOLOs on Real-time Object Detection". The decoder's cross attention is deformable:
every head reads four points of each of three maps. Batch normalisation of the backbone is fixed.
Letters: B batch, C channels, H W height and width of a feature map, P positions of all three maps,
Q queries, D width.

Dimensions: `layers` (of the ResNet), `basic` (blocks), or `hgnet` (of a PP-HGNetV2, as `hgnet.py` has them);
`encoder` (width of the pyramid), `encoder_ffn`,
`expansion` (of the pyramid's blocks), `hidden`, `heads`, `ffn`, `decoder` (layers), `queries`, `points`,
`classes`.
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


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """(B, 3, H, W) -> (B, Q, classes) and (B, Q, 4)."""
    with rec.module("backbone"):
        maps = _backbone(dims, rec, image(job))
    with rec.module("encoder"):
        maps = _pyramid(dims, rec, maps)
    with rec.module("selection"):
        maps = [conv_norm(rec, x, dims["hidden"], 1, relu=False) for x in maps]
        places = sum((x.pixels for x in maps), start=0.0)
        _choose(dims, rec, places)
    with rec.module("decoder"):
        _decoder(dims, rec, job.batch, places)
    if job.trains:
        with rec.module("loss"):
            for _ in range(40):
                rec.pointwise(dims["classes"] * dims["queries"] * job.batch, name="match")


def _backbone(dims: Dims, rec: Recorder, x: Map) -> list[Map]:
    """(B, 3, H, W) -> the maps at strides 8, 16 and 32."""
    if "hgnet" in dims:
        return features(dims["hgnet"], rec, x)[-LEVELS:]
    net = Backbone(rec, dims["layers"], fixed=True, basic=dims.get("basic", False), deep=True)
    return net(x)[2:]


def _pyramid(dims: Dims, rec: Recorder, maps: Sequence[Map]) -> list[Map]:
    """Attention on stride 32, then down to stride 8 and up again: three maps of the pyramid's width."""
    width = dims["encoder"]
    fine, middle, coarse = (conv_norm(rec, x, width, 1, relu=False) for x in maps)
    own = {"hidden": width, "heads": dims["heads"], "ffn": dims["encoder_ffn"]}
    tokens = coarse.height * coarse.width
    with rec.module("attention"):
        attend(own, rec, coarse.batch, tokens, tokens)
        feed_forward(own, rec, coarse.pixels)
    tops = []
    x = coarse
    for finer in (middle, fine):
        x = conv_norm(rec, x, width, 1, activation="silu")
        tops.append(x)
        rec.copy(finer.elements, reads=0.25, name="upsample")
        x = _mix(dims, rec, finer)
    out = [x]
    for top in reversed(tops):
        conv_norm(rec, x, width, 3, 2, padding=1, activation="silu")
        x = _mix(dims, rec, top)
        out.append(x)
    return out


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


def _choose(dims: Dims, rec: Recorder, places: Any) -> None:
    """Class and box of every position; the best become queries."""
    hidden, classes = dims["hidden"], dims["classes"]
    rec.linear(places, hidden, hidden, bias=True, name="output")
    rec.norm(hidden * places, hidden, wide=True)
    rec.linear(places, hidden, classes, bias=True, name="class")
    _boxes(dims, rec, places)
    for _ in range(4):
        rec.pointwise(classes * places, name="best")
    # Noisy labels, in training only; the table is loaded.
    rec.embedding(0.0 * places, classes + 1, hidden, name="denoising")


def _boxes(dims: Dims, rec: Recorder, rows: Any) -> None:
    """(rows, D) -> (rows, 4) by three dense layers."""
    hidden = dims["hidden"]
    rec.linear(rows, hidden, hidden, bias=True, keeps=0.0, name="box1")
    rec.linear(rows, hidden, hidden, bias=True, name="box2")
    rec.linear(rows, hidden, 4, bias=True, name="box3")


def sampled(dims: Dims, rec: Recorder, rows: Any, places: Any, levels: int) -> None:
    """Each head of each row reads a few points of every map: (rows, D) over (places, D) -> (rows, D)."""
    hidden, samples = dims["hidden"], dims["heads"] * levels * dims["points"]
    rec.linear(rows, hidden, 2 * samples, bias=True, name="offsets")
    rec.linear(rows, hidden, samples, bias=True, keeps=0.0, name="weights")
    rec.linear(places, hidden, hidden, bias=True, name="value")
    # Four neighbours of each sampled point.
    rec.pointwise(hidden // dims["heads"] * samples * rows, reads=4.0, keeps=1.0, name="sample")
    rec.linear(rows, hidden, hidden, bias=True, name="out")
    rec.add(hidden * rows)
    rec.norm(hidden * rows, hidden, wide=True)


def _decoder(dims: Dims, rec: Recorder, batch: Any, places: Any) -> None:
    """(B, Q, D) over (B, P, D) -> (B, Q, classes) and (B, Q, 4), refined at every layer."""
    hidden, queries = dims["hidden"], float(dims["queries"])
    rows = batch * queries
    with rec.module("layers", copies=float(dims["decoder"])):
        attend(dims, rec, batch, queries, queries)
        sampled(dims, rec, rows, places, LEVELS)
        feed_forward(dims, rec, rows)
        rec.linear(rows, hidden, dims["classes"], bias=True, name="class")
        _boxes(dims, rec, rows)
    with rec.module("positions", again=False):
        rec.linear(rows, 4, 2 * hidden, bias=True, name="first")
        rec.linear(rows, 2 * hidden, hidden, bias=True, name="second")
    with rec.module("positions", repeats=float(dims["decoder"] - 1), again=True):
        rec.linear(rows, 4, 2 * hidden, bias=True, name="first")
        rec.linear(rows, 2 * hidden, hidden, bias=True, name="second")
