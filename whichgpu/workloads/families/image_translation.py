"""Pictures to pictures by adversarial training: pix2pix and CycleGAN.

Isola et al., "Image-to-Image Translation with Conditional Adversarial Networks" (`unet`: eight halvings and
as many doublings, each with what was made on the way down beside it); Zhu et al., "Unpaired Image-to-Image
Translation" (`resnet`: two halvings, nine residual blocks). The discriminator scores patches of 70 x 70.
`infer` runs one generator. A step of training runs it on each picture, and the discriminator on a made and
a real one and again on the made one, in steps of their own (`optimize_parameters` of
junyanz/pytorch-CycleGAN-and-pix2pix); CycleGAN trains two of both and runs each generator three times: on
its pictures, back again, and on pictures that should stay as they are.
Letters: B pictures (pairs in training), C channels, H W height and width.

Dimensions: `generator` (unet, resnet), `width` (channels of the first map), `blocks` (halvings of the unet,
residual blocks of the resnet), `pairs` (generators and discriminators trained: 1, 2), `seen` (channels that
the discriminator sees).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.workloads import images
from whichgpu.workloads.blocks import image

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "adam"
ADAPTERS = False
DEFAULTS: dict[str, dict[str, Any]] = {
    "*": {"height": 256.0, "width": 256.0, "runtime": "pytorch-2", "n_gpus": 1.0},
    "infer": {"batch": 1.0, "precision": "fp32"},
    "train": {"batch": 1.0, "precision": "fp32"},
}


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """(B, 3, H, W) -> (B, 3, H, W)."""
    pairs = dims["pairs"] if job.trains else 1
    generate, x = _GENERATORS[dims["generator"]], image(job)
    for i in range(pairs):
        for again in range(3 if pairs > 1 else 1):
            with rec.module("generator" if pairs == 1 else f"generator{i + 1}", again=again > 0):
                generate(dims, rec, x)
        if job.trains:
            for again, pictures in enumerate((2.0, 1.0)):
                # Their own step comes first in pix2pix, beside what generators keep, and last in CycleGAN.
                freed = (again > 0) == (pairs == 1)
                name = "discriminator" if pairs == 1 else f"discriminator{i + 1}"
                with rec.module(name, again=again > 0, freed=freed):
                    _discriminate(dims, rec, image(job, dims["seen"])._replace(batch=pictures * job.batch))


# -- U-Net ---------------------------------------------------------------------------------------


def _unet(dims: Dims, rec: Recorder, x: Map) -> None:
    """Strided 4 x 4 down to one position, transposed ones up, a batch norm in between."""
    width, levels, kept = dims["width"], dims["blocks"], []
    for level in range(levels):
        out = width * min(2**level, 8)
        kept.append(x)
        if level:
            rec.pointwise(x.elements, name="leaky_relu")
        x = rec.conv(x, out, 4, 2, padding=1, backward="full" if level else "weight", name="down")
        if 0 < level < levels - 1:
            rec.norm(x.elements, out)
    for level in reversed(range(levels)):
        # Deeper than the first, what comes up stands beside what went down: twice the channels.
        across = kept.pop()
        out = across.channels if level else 3
        rec.pointwise(x.elements, name="relu")
        rec.window(x.elements, x.pixels, x.channels, 16 * out, 1, bias=0 if level else out, name="up")
        x = across._replace(channels=out)
        if level:
            rec.norm(x.elements, out)
            rec.copy(2.0 * x.elements, name="concatenate")
            x = x._replace(channels=2 * out)
    rec.pointwise(x.elements, keeps=1.0, name="tanh")


# -- ResNet --------------------------------------------------------------------------------------


def _resnet(dims: Dims, rec: Recorder, x: Map) -> None:
    """7 x 7, two halvings, residual blocks, two doublings, 7 x 7; instance norms without weights."""
    width = dims["width"]
    x = _normed(rec, x, width, 7)
    for factor in (2, 4):
        x = _normed(rec, x, factor * width, 3, 2)
    with rec.module("blocks", copies=float(dims["blocks"])):
        _normed(rec, _normed(rec, x, x.channels, 3), x.channels, 3)
        rec.add(x.elements)
    for factor in (2, 1):
        out = factor * width
        rec.window(x.elements, x.pixels, x.channels, 9 * out, 1, bias=out, name="up")
        x = x._replace(channels=out, height=2.0 * x.height, width=2.0 * x.width)
        rec.norm(x.elements, out, parameters=0)
        rec.pointwise(x.elements, name="relu")
    rec.conv(x, 3, 7, bias=True, name="last")
    rec.pointwise(3.0 * x.pixels, keeps=1.0, name="tanh")


def _normed(rec: Recorder, x: Map, out: int, kernel: int, stride: int = 1) -> Map:
    y = rec.conv(x, out, kernel, stride, padding=kernel // 2, bias=True)
    rec.norm(y.elements, out, parameters=0)
    rec.pointwise(y.elements, name="relu")
    return y


# -- discriminator -------------------------------------------------------------------------------


def _discriminate(dims: Dims, rec: Recorder, x: Map) -> None:
    """Three strided 4 x 4 and two more: (B, C, H, W) -> a score of each patch of 70 x 70."""
    weightless = dims["generator"] == "resnet"
    for level, (width, stride) in enumerate(((64, 2), (128, 2), (256, 2), (512, 1))):
        x = rec.conv(x, width, 4, stride, padding=1, bias=weightless or not level, name="down")
        if level:
            rec.norm(x.elements, width, parameters=0 if weightless else None)
        rec.pointwise(x.elements, keeps=1.0, name="leaky_relu")
    rec.conv(x, 1, 4, padding=1, bias=True, name="score")


_GENERATORS = {"unet": _unet, "resnet": _resnet}
