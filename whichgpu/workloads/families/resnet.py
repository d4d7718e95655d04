"""ResNet v1.5, ResNeXt, SE-ResNet: basic or bottleneck blocks, the stride on the 3 x 3 convolution.

He et al., "Deep Residual Learning", table 1; ResNeXt widens the 3 x 3 into `groups`; Hu et al.,
"Squeeze-and-Excitation Networks", gates the channels of a block before its short cut joins; "D" (He et
al., "Bag of Tricks", figure 2) has three 3 x 3 in the stem and a mean in the short cut.
Letters: B batch, C channels, H W height and width of a feature map.

Dimensions: `block` (basic, bottleneck), `layers` (blocks per stage), `classes`, `groups`, `group_width`,
`squeeze` (of a block's output, the share that its gate is squeezed to; none without), `deep` (as in D).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.workloads.blocks import classifier, conv_norm, image
from whichgpu.workloads.images import squeeze_excite

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from whichgpu.workloads.job import Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES = ("infer", "train")
PHASE_ALIASES = {"pretrain": "train", "finetune_full": "train"}
UNIT = "images"
OPTIMIZER = "sgd"
DEFAULTS: dict[str, dict[str, Any]] = {
    "*": {"height": 224.0, "width": 224.0, "runtime": "pytorch-2", "n_gpus": 1.0},
    "infer": {"batch": 32.0, "precision": "fp16"},
    "train": {"batch": 64.0, "precision": "amp-fp16"},
}


def forward(dims: Mapping[str, Any], job: Job, rec: Recorder) -> None:
    """Stem, four stages, classifier: (B, 3, H, W) -> (B, classes)."""
    block, expansion = _BLOCKS[dims["block"]]
    with rec.module("stem"):
        x = _stem(rec, image(job), deep=dims.get("deep", False))  # (B, 64, H/2, W/2)
        x = rec.pool(x, 3, 2, padding=1)  # (B, 64, H/4, W/4)
    for stage, blocks in enumerate(dims["layers"]):
        planes = 64 * 2**stage
        width = planes * dims.get("group_width", 64) // 64 * dims.get("groups", 1)
        with rec.module(f"layer{stage + 1}"):
            x = block(rec, x, width, planes * expansion, 2 if stage else 1, dims=dims)
            with rec.module("rest", copies=float(blocks - 1)):
                x = block(rec, x, width, planes * expansion, 1, dims=dims)
    with rec.module("head"):
        classifier(rec, x, dims["classes"])


def _stem(rec: Recorder, x: Map, *, deep: bool) -> Map:
    """7 x 7, or three 3 x 3: (B, 3, H, W) -> (B, 64, H/2, W/2)."""
    if not deep:
        return conv_norm(rec, x, 64, 7, 2, backward="weight")
    x = conv_norm(rec, x, 32, 3, 2, backward="weight")
    return conv_norm(rec, conv_norm(rec, x, 32, 3), 64, 3)


def _bottleneck(rec: Recorder, x: Map, width: int, out: int, stride: int, *, dims: Mapping[str, Any]) -> Map:
    """1 x 1, 3 x 3, 1 x 1 and the short cut: (B, C, H, W) -> (B, out, H/stride, W/stride)."""
    y = conv_norm(rec, x, width, 1)
    y = conv_norm(rec, y, width, 3, stride, groups=dims.get("groups", 1))
    y = conv_norm(rec, y, out, 1, relu=False)
    return _join(rec, x, y, stride, dims)


def _basic(rec: Recorder, x: Map, width: int, out: int, stride: int, *, dims: Mapping[str, Any]) -> Map:
    """3 x 3, 3 x 3 and the short cut: (B, C, H, W) -> (B, out, H/stride, W/stride)."""
    y = conv_norm(rec, x, width, 3, stride)
    y = conv_norm(rec, y, out, 3, relu=False)
    return _join(rec, x, y, stride, dims)


def _join(rec: Recorder, x: Map, y: Map, stride: int, dims: Mapping[str, Any]) -> Map:
    """Add the short cut, projected where its shape differs."""
    if "squeeze" in dims:
        squeeze_excite(rec, y, round(y.channels * dims["squeeze"]))
    if stride != 1 or x.channels != y.channels:
        mean = stride != 1 and dims.get("deep", False)
        short = rec.pool(x, 2, 2, ceil=True, average=True) if mean else x
        conv_norm(rec, short, y.channels, 1, 1 if mean else stride, relu=False, keeps=float(mean),
                  name="shortcut")  # fmt: skip
    rec.add(y.elements)
    rec.pointwise(y.elements, name="relu")
    return y


_BLOCKS: Mapping[str, tuple[Callable[..., Map], int]] = {"basic": (_basic, 1), "bottleneck": (_bottleneck, 4)}
