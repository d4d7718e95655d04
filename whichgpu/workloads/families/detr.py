"""DETR: a ResNet, a transformer over the positions of its last map, and queries that become boxes.

Carion et al., "End-to-End Object Detection with Transformers". Batch normalisation is fixed.
Letters: B batch, S positions of the map (H/32 x W/32), Q queries, D width.

Dimensions: `layers` (of the ResNet), `hidden`, `heads`, `ffn`, `encoder`, `decoder` (layers), `queries`,
`classes` (no object included), `basic` (blocks of the ResNet, false), `conditional` (false: Meng et al.,
"Conditional DETR"), `dilated` (the last stage keeps its resolution, false: "DC5").
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.workloads import images
from whichgpu.workloads.blocks import feed_forward, image
from whichgpu.workloads.detection import LONGEST_PICTURE, Backbone

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "adamw"
DEFAULTS = images.defaults(800.0, 1088.0, infer=1.0, train=4.0)
LONGEST_SIDE = LONGEST_PICTURE
#: Its layers are of `torch.nn.MultiheadAttention`, which hands back weights as well (models/transformer.py).
WEIGHS = True
#: The first stage that trains (models/backbone.py: layer2, layer3 and layer4).
_FROZEN = 2
#: Kernels of the loss: matching on the host, classes, boxes.
_MATCHING = 40


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """(B, 3, H, W) -> (B, Q, classes) and (B, Q, 4)."""
    with rec.module("backbone"):
        strides, dilated = ((1, 2, 2, 1), (4,)) if dims.get("dilated") else ((1, 2, 2, 2), ())
        # Of a pretrained network the stem and the first stage stay as they are.
        net = Backbone(rec, dims["layers"], strides=strides, dilated=dilated, fixed=True,
                       basic=dims.get("basic", False), frozen=_FROZEN if job.trains else 0)  # fmt: skip
        x = net(image(job))[-1]  # (B, 2048, H/32, W/32), dilated H/16
    hidden, queries, tokens = dims["hidden"], float(dims["queries"]), x.height * x.width
    with rec.module("project"):
        x = rec.conv(x, hidden, 1, bias=True)
        rec.copy(x.elements, name="to_tokens")
    with rec.module("encoder"), rec.module("layers", copies=float(dims["encoder"])):
        attend(dims, rec, job.batch, tokens, tokens)
        feed_forward(dims, rec, job.batch * tokens)
    with rec.module("decoder"):
        rows = job.batch * queries
        rec.embedding(rows, dims["queries"], hidden, name="queries")
        with rec.module("layers", copies=float(dims["decoder"])):
            if dims.get("conditional"):
                _apart(dims, rec, job.batch, queries, queries)
                _apart(dims, rec, job.batch, queries, tokens)
            else:
                attend(dims, rec, job.batch, queries, queries)
                attend(dims, rec, job.batch, queries, tokens)
            feed_forward(dims, rec, rows)
        if dims.get("conditional"):
            _places(dims, rec, rows)
        rec.norm(hidden * rows, hidden, wide=True)
    with rec.module("heads"):
        boxes(dims, rec, rows)
    with rec.module("loss" if job.trains else "selection"):
        for _ in range(_MATCHING if job.trains else 4):
            rec.pointwise(dims["classes"] * rows, name="match")


def boxes(dims: Dims, rec: Recorder, rows: Any) -> None:
    """(rows, D) -> (rows, classes) and (rows, 4)."""
    hidden = dims["hidden"]
    rec.linear(rows, hidden, dims["classes"], bias=True, name="class")
    rec.linear(rows, hidden, hidden, bias=True, keeps=0.0, name="box1")
    rec.linear(rows, hidden, hidden, bias=True, name="box2")
    rec.linear(rows, hidden, 4, bias=True, name="box3")


def _apart(dims: Dims, rec: Recorder, batch: Any, q: Any, kv: Any) -> None:
    """As `attend`, place and content projected apart, and side by side where the picture is read."""
    hidden, heads, crosses = dims["hidden"], dims["heads"], kv is not q
    for name, rows in (("query", q), ("query_place", q), ("key", kv), ("key_place", kv), ("value", kv)):
        rec.linear(batch * rows, hidden, hidden, bias=True, shard="column", name=name)
    each = hidden // heads
    rec.attention(batch, heads, q, kv, 2 * each if crosses else each, value_dim=each)
    rec.linear(batch * q, hidden, hidden, bias=True, shard="row", name="out")
    rec.dropout(hidden * batch * q)
    rec.add(hidden * batch * q)
    rec.norm(hidden * batch * q, hidden, wide=True)


def _places(dims: Dims, rec: Recorder, rows: Any) -> None:
    """Where a query looks: a point, what scales its place, and the place that the first layer adds."""
    hidden, layers = dims["hidden"], float(dims["decoder"])
    with rec.module("point"):
        rec.linear(rows, hidden, hidden, bias=True, name="first")
        rec.linear(rows, hidden, 2, bias=True, name="second")
    with rec.module("scale", repeats=layers - 1.0):
        rec.linear(rows, hidden, hidden, bias=True, name="first")
        rec.linear(rows, hidden, hidden, bias=True, name="second")
    rec.linear(rows, hidden, hidden, bias=True, name="first_place")


def attend(dims: Dims, rec: Recorder, batch: Any, q: Any, kv: Any) -> None:
    """Positions added, attention, residual, norm: (B, q, D) over (B, kv, D) -> (B, q, D)."""
    hidden, heads = dims["hidden"], dims["heads"]
    rec.add(hidden * batch * q)
    rec.add(hidden * batch * kv)
    rec.linear(batch * q, hidden, hidden, bias=True, shard="column", name="query")
    rec.linear(batch * kv, hidden, hidden, bias=True, shard="column", name="key")
    rec.linear(batch * kv, hidden, hidden, bias=True, shard="column", name="value")
    rec.attention(batch, heads, q, kv, hidden // heads)
    rec.linear(batch * q, hidden, hidden, bias=True, shard="row", name="out")
    rec.dropout(hidden * batch * q)
    rec.add(hidden * batch * q)
    rec.norm(hidden * batch * q, hidden, wide=True)
