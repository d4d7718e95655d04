"""GoogLeNet (Inception v1) with batch normalisation, as torchvision builds it.

Szegedy et al., "Going deeper with convolutions", table 1; the 5 x 5 branch is 3 x 3 here, as in the
widely used port. The two auxiliary classifiers exist in training only.
Letters: B batch, C channels, H W height and width of a feature map.

Dimensions: `blocks`, per inception block (1x1, 3x3 reduce, 3x3, 5x5 reduce, 5x5, pool projection);
`auxiliary`, the blocks that an auxiliary classifier follows; `classes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.workloads.blocks import classifier, conv_norm, image
from whichgpu.workloads.recorder import Map

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whichgpu.workloads.job import Job
    from whichgpu.workloads.recorder import Recorder

PHASES = ("infer", "train")
PHASE_ALIASES = {"pretrain": "train", "finetune_full": "train"}
UNIT = "images"
OPTIMIZER = "sgd"
DEFAULTS: dict[str, dict[str, Any]] = {
    "*": {"height": 224.0, "width": 224.0, "runtime": "pytorch-2", "n_gpus": 1.0},
    "infer": {"batch": 32.0, "precision": "fp16"},
    "train": {"batch": 64.0, "precision": "amp-fp16"},
}
#: Kernel of the maximum that precedes a block.
_POOLS = {"3a": 3, "4a": 3, "5a": 2}


def forward(dims: Mapping[str, Any], job: Job, rec: Recorder) -> None:
    """Stem, nine inception blocks, classifier: (B, 3, H, W) -> (B, classes)."""
    with rec.module("stem"):
        x = conv_norm(rec, image(job), 64, 7, 2, backward="weight")  # (B, 64, H/2, W/2)
        x = rec.pool(x, 3, 2, ceil=True)  # (B, 64, H/4, W/4)
        x = conv_norm(rec, x, 64, 1)
        x = conv_norm(rec, x, 192, 3)  # (B, 192, H/4, W/4)
    for name, widths in dims["blocks"].items():
        if name in _POOLS:
            with rec.module(f"pool{name[0]}"):
                x = rec.pool(x, _POOLS[name], 2, ceil=True)
        with rec.module(f"inception{name}"):
            x = _inception(rec, x, widths)
        if job.trains and name in dims["auxiliary"]:
            with rec.module(f"auxiliary{name}"):
                _auxiliary(rec, x, dims["classes"])
    with rec.module("head"):
        classifier(rec, x, dims["classes"])


def _inception(rec: Recorder, x: Map, widths: Sequence[int]) -> Map:
    """Four branches side by side: (B, C, H, W) -> (B, sum of the branches, H, W)."""
    one, reduce3, three, reduce5, five, project = widths
    conv_norm(rec, x, one, 1, keeps_output=True)
    conv_norm(rec, conv_norm(rec, x, reduce3, 1, keeps=0.0), three, 3, keeps_output=True)
    conv_norm(rec, conv_norm(rec, x, reduce5, 1, keeps=0.0), five, 3, keeps_output=True)
    conv_norm(rec, rec.pool(x, 3, 1, padding=1, keeps=0.0), project, 1, keeps_output=True)
    y = Map(x.batch, one + three + five + project, x.height, x.width)
    rec.copy(y.elements, name="concatenate")
    return y


def _auxiliary(rec: Recorder, x: Map, classes: int) -> None:
    """An auxiliary classifier: 4 x 4 mean, 1 x 1 convolution, two dense layers."""
    x = conv_norm(rec, rec.global_pool(x, side=4), 128, 1, keeps_output=True)  # (B, 128, 4, 4)
    rec.linear(x.batch, 2048, 1024, bias=True, name="fc1")
    rec.pointwise(1024 * x.batch, name="relu")
    rec.dropout(1024 * x.batch)
    rec.linear(x.batch, 1024, classes, bias=True, name="fc2")
