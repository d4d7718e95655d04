"""3-D U-Net over the sliding windows of a volume: MLPerf's KiTS19 model.

Çiçek et al., "3D U-Net"; Isensee et al., "nnU-Net". Two 3 x 3 x 3 convolutions a level with instance
normalisation and ReLU, the first of a level with stride 2 on the way down; going up, a transposed
convolution and the skipped map beside it. A sample is a volume, cut into windows of 128 x 128 x 128 that
overlap by half; the mean number of windows is a dimension, since it follows from the data set.
Letters: B windows in all, C channels, V voxels of a window at a level.

Dimensions: `widths` (per level), `bottleneck`, `inputs`, `classes`, `windows` (of
a volume, in inference; training takes one window a sample).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.workloads.job import Job
    from whichgpu.workloads.recorder import Recorder

PHASES = ("infer", "train")
ADAPTERS = False
PHASE_ALIASES = {"pretrain": "train", "finetune_full": "train"}
UNIT = "volumes"
OPTIMIZER = "sgd"
DEFAULTS: dict[str, dict[str, Any]] = {
    "*": {"runtime": "pytorch-2", "n_gpus": 1.0, "height": 128.0, "width": 128.0},
    "infer": {"batch": 1.0, "precision": "fp16"},
    "train": {"batch": 2.0, "precision": "amp-fp16"},
}
#: One forward pass: one window.
REFERENCE = {"phase": "train"}


def forward(dims: Mapping[str, Any], job: Job, rec: Recorder) -> None:
    """(B, 1, 128, 128, 128) -> (B, classes, 128, 128, 128), once for each window of a volume."""
    widths = (*dims["widths"], dims["bottleneck"])
    # Of a window of another size its sides are stated, the third as the others are.
    cube = (job.height * job.width) ** 1.5
    voxels = [cube / 8.0**level for level in range(len(widths))]
    with rec.module("unet", repeats=1.0 if job.trains else float(dims["windows"])):
        channels = dims["inputs"]
        for level, width in enumerate(widths):
            before = voxels[max(level - 1, 0)] * job.batch
            with rec.module(f"down{level}"):
                _conv(rec, channels * before, voxels[level] * job.batch, channels, width,
                      backward="full" if level else "weight")  # fmt: skip
                _conv(rec, width * voxels[level] * job.batch, voxels[level] * job.batch, width, width)
            channels = width
        for level in reversed(range(len(widths) - 1)):
            with rec.module(f"up{level}"):
                _up(rec, voxels[level] * job.batch, channels, widths[level])
            channels = widths[level]
        full = voxels[0] * job.batch
        rec.window(channels * full, full, channels, dims["classes"], 1, bias=dims["classes"], name="output")
        if job.trains:
            rec.pointwise(dims["classes"] * full, reads=2.0, keeps=2.0, name="loss")
        else:
            rec.pointwise(dims["classes"] * full, reads=2.0, name="accumulate")


def _up(rec: Recorder, voxels: Any, channels: int, width: int) -> None:
    """Twice the side, the skipped map beside it, two convolutions: -> (B, width, V)."""
    small = voxels / 8.0
    rec.window(channels * small, small, channels, 8 * width, 1, bias=width, name="transposed")
    rec.copy(2 * width * voxels, name="concatenate")
    _conv(rec, 2 * width * voxels, voxels, 2 * width, width)
    _conv(rec, width * voxels, voxels, width, width)


def _conv(
    rec: Recorder, elements: Any, voxels: Any, channels: int, width: int, *, backward: str = "full"
) -> None:
    """3 x 3 x 3 without bias, instance normalisation, ReLU: (B, C, ...) -> (B, width, V)."""
    rec.window(elements, voxels, channels, width, 27, backward=backward)
    if not rec.training:  # a map is read for its moments, and again to apply them
        rec.norm(0.5 * width * voxels, width, parameters=0, computed=True, name="moments")
    rec.norm(width * voxels, width, computed=True)
    rec.pointwise(width * voxels, name="relu")
