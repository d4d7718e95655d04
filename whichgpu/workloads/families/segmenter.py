"""Semantic segmentation over a ResNet: FCN, DeepLabV3 and V3+, PSPNet, UPerNet.

Long et al., "Fully Convolutional Networks"; Chen et al., "Rethinking Atrous Convolution", figure 5, and
"Encoder-Decoder with Atrous Separable Convolution", figure 2; Zhao et al., "Pyramid Scene Parsing Network";
Xiao et al., "Unified Perceptual Parsing". The last two stages keep their resolution, but UPerNet's. Holes in
a kernel add no products; the maps they keep large do. The auxiliary classifier of torchvision runs always,
that of OpenMMLab in training alone.
Letters: B batch, C channels, H W height and width of a feature map.

Dimensions: `layers` (of the ResNet), `head` (fcn, aspp: torchvision's; psp, plus, uper, plain (FCN), holed
(DeepLabV3), distant (non-local), context (GCNet), crossed (CCNet), dual (DANet), encoded (EncNet),
disentangled (DNL), asymmetric (ANN), adaptive (APCNet), dynamic (DMNet), expected (EMANet), interlaced
(ISANet), pointwise (PSANet), semantic (of a feature pyramid): OpenMMLab's; points: of a body, Xiao et al.,
"Simple Baselines for Human Pose Estimation", as maps of a quarter of each side), `classes` (the background
included).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.workloads import images
from whichgpu.workloads.blocks import class_losses, conv_norm, image
from whichgpu.workloads.detection import Backbone
from whichgpu.workloads.segmenting import OPENMMLAB, enlarged

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from whichgpu.workloads.job import Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "sgd"
_SIDE = {"height": 520.0, "width": 520.0, "runtime": "pytorch-2", "n_gpus": 1.0}
DEFAULTS: dict[str, dict[str, Any]] = {
    "*": _SIDE,
    "infer": {"batch": 8.0, "precision": "fp16"},
    "train": {"batch": 8.0, "precision": "amp-fp16"},
}
#: No dense layer that takes one.
ADAPTERS = False
_WIDTH = 256
#: Heads over a network of which no stage keeps its resolution.
_COARSE = ("uper", "points", "semantic")
#: Those without an auxiliary classifier.
_ALONE = ("points", "semantic")


def forward(dims: Mapping[str, Any], job: Job, rec: Recorder) -> None:
    """(B, 3, H, W) -> (B, classes, H, W)."""
    picture, head = image(job), dims["head"]
    with rec.module("backbone"):
        strides, dilated = ((1, 2, 2, 2), ()) if head in _COARSE else ((1, 2, 1, 1), (3, 4))
        deep = head in OPENMMLAB and head != "points"
        net = Backbone(rec, dims["layers"], strides=strides, dilated=dilated, deep=deep)
        maps = net(picture)  # the last: (B, 2048, H/8, W/8), of UPerNet H/32
    with rec.module("classifier"):
        if head in OPENMMLAB:
            y = OPENMMLAB[head](rec, maps)
            side = 1 if head == "points" else 4 if head in ("plus", "uper", "semantic") else 8
            enlarged(rec, y, picture, dims["classes"], side=side)
        else:
            x = _pyramid(rec, maps[-1]) if head == "aspp" else maps[-1]
            _scores(rec, x, picture, dims, _WIDTH if head == "aspp" else x.channels // 4)
    if head not in _ALONE and (job.trains or head not in OPENMMLAB):
        with rec.module("aux_classifier"):
            _scores(rec, maps[-2], picture, dims, maps[-2].channels // 4)
    if job.trains:
        with rec.module("loss"):
            class_losses(rec, picture.pixels, dims["classes"], heads=1.0 if head in _ALONE else 2.0)


def _pyramid(rec: Recorder, x: Map) -> Map:
    """A 1 x 1, three 3 x 3 with holes of different size and the mean, side by side: -> (B, 256, ..)."""
    conv_norm(rec, x, _WIDTH, 1, keeps_output=True, name="near")
    for name in ("rate12", "rate24", "rate36"):
        conv_norm(rec, x, _WIDTH, 3, keeps=0.0, keeps_output=True, dilated=True, name=name)
    conv_norm(rec, rec.global_pool(x), _WIDTH, 1, name="mean")
    rec.copy(_WIDTH * x.pixels, reads=0.0, name="spread")
    wide = x._replace(channels=5 * _WIDTH)
    rec.copy(wide.elements, name="concatenate")
    y = conv_norm(rec, wide, _WIDTH, 1, name="project")
    rec.dropout(y.elements)
    return y


def _scores(rec: Recorder, x: Map, picture: Map, dims: Mapping[str, Any], width: int) -> None:
    """A 3 x 3, a score per class, enlarged to the picture: (B, C, H/8, W/8) -> (B, classes, H, W)."""
    y = conv_norm(rec, x, width, 3)
    rec.dropout(y.elements)
    enlarged(rec, y, picture, dims["classes"])
