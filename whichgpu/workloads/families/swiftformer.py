"""SwiftFormer: convolutions, and at the end of a stage attention whose queries are summed into one.

Shaker et al., "SwiftFormer: Efficient Additive Attention for Transformer-based Real-time Mobile Vision
Applications", figures 2 and 3, table 1.
Letters: B batch, C channels, H W height and width of a feature map.

Dimensions: `layers` and `widths` (per stage; the last layer of each has attention), `classes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.workloads import images
from whichgpu.workloads.blocks import activate, conv_norm, image
from whichgpu.workloads.images import join

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "adamw"
DEFAULTS = images.defaults()
#: Width of the perceptron as a multiple of the stage's.
_FFN = 4


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """Two convolutions, four stages, norm, mean, two heads: (B, 3, H, W) -> (B, classes)."""
    with rec.module("stem"):
        first = dims["widths"][0]
        x = conv_norm(rec, image(job), first // 2, 3, 2, bias=True, backward="weight")
        x = conv_norm(rec, x, first, 3, 2, bias=True)  # (B, C, H/4, W/4)
    for i, (layers, width) in enumerate(zip(dims["layers"], dims["widths"], strict=True)):
        with rec.module(f"stage{i + 1}"):
            if i:
                x = conv_norm(rec, x, width, 3, 2, bias=True, relu=False, name="down")
            with rec.module("layers", copies=float(layers - 1)):
                _local(rec, x, _FFN * width)
            _local(rec, x, width)
            _attention(rec, x)
            rec.norm(x.elements, width)
            y = rec.conv(x, _FFN * width, 1, bias=True, name="up")
            activate(rec, y.elements, "gelu")
            rec.conv(y, width, 1, bias=True, name="down")
            join(rec, x.pixels, width, layer_scale=True)
            rec.narrow(x.elements)
    with rec.module("head"):
        rec.norm(x.elements, x.channels)
        rec.global_pool(x)
        for _ in range(2):
            rec.linear(x.batch, x.channels, dims["classes"], bias=True, name="fc")


def _local(rec: Recorder, x: Map, hidden: int) -> None:
    """Depthwise 3 x 3, two 1 x 1, scaled short cut: shape unchanged."""
    y = conv_norm(rec, x, x.channels, 3, groups=x.channels, bias=True, relu=False, name="depthwise")
    y = rec.conv(y, hidden, 1, bias=True, name="up")
    activate(rec, y.elements, "gelu")
    rec.conv(y, x.channels, 1, bias=True, name="down")
    join(rec, x.pixels, x.channels, layer_scale=True)
    rec.narrow(x.elements)


def _attention(rec: Recorder, x: Map) -> None:
    """Queries weighed and summed into one, which scales every key: shape unchanged."""
    width = x.channels
    for name in ("query", "key"):
        rec.linear(x.pixels, width, width, bias=True, keeps=float(name == "query"), name=name)
        rec.pointwise(x.elements, reads=2.0, keeps=1.0, name="normalise")
    rec.linear(x.pixels, width, 1, keeps=0.0, name="weights")
    rec.pointwise(x.pixels, reads=2.0, keeps=1.0, name="normalise_weights")
    rec.pointwise(x.elements, writes=0.0, keeps=1.0, name="sum")
    rec.pointwise(x.elements, keeps=1.0, name="scale_keys")
    rec.linear(x.pixels, width, width, bias=True, name="project")
    rec.add(x.elements)
    rec.linear(x.pixels, width, width, bias=True, name="out")
    join(rec, x.pixels, width, layer_scale=True)
    rec.narrow(x.elements)
