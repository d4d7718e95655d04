"""3-D Gaussian splatting: project, sort, blend. A rough estimate by bytes and operations.

Kerbl et al., "3D Gaussian Splatting for Real-Time Radiance Field Rendering". A Gaussian has 59 trained
values (place 3, scale 3, rotation 4, opacity 1, colour 48). Each is projected, copied into every tile of
16 x 16 pixels that it touches, sorted by tile and depth, and blended front to back until a pixel is full.
How many tiles and pixels a Gaussian touches depends on the scene: both figures here are assumptions.
Letters: G Gaussians, P pixels of all pictures, K pairs of Gaussian and tile.

Dimensions: `gaussians`, `visible` (share in view), `tiles` (per visible Gaussian), `blended` (Gaussians per
pixel).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.workloads.job import Job
    from whichgpu.workloads.recorder import Recorder

PHASES = ("infer", "train")
OPTIONS = ("gaussians",)
PHASE_ALIASES = {"generate": "infer", "finetune_full": "train"}
ADAPTERS = False
UNIT = "images"
OPTIMIZER = "adam"
DEFAULTS: dict[str, dict[str, Any]] = {
    "*": {"batch": 1.0, "height": 1080.0, "width": 1920.0, "precision": "fp32", "runtime": "native",
          "n_gpus": 1.0},
    "infer": {},
    "train": {},
}  # fmt: skip
VALUES = 59
#: Values that a projected Gaussian has; passes of a radix sort of 64-bit keys with 32-bit payloads.
PROJECTED, PASSES = 12.0, 8


def forward(dims: Mapping[str, Any], job: Job, rec: Recorder) -> None:
    """G Gaussians and B cameras -> (B, 3, H, W); option `gaussians`."""
    count = job.option("gaussians", dims["gaussians"], 1.0)
    pixels = job.batch * job.height * job.width
    visible = dims["visible"] * count * job.batch
    pairs = dims["tiles"] * visible
    with rec.module("gaussians"):
        rec.pointwise(VALUES * count * job.batch, writes=0.0, keeps=1.0, parameters=VALUES * count,
                      name="values")  # fmt: skip
        # Covariance, projection, and colour from 16 harmonics.
        rec.vector(visible, flops=600.0, reads=0.0, writes=PROJECTED, name="project")
    with rec.module("sort", frozen=True, repeats=float(PASSES)):
        # Three values of 4 bytes each way and one more read to count.
        rec.copy(3 * pairs, reads=4.0 / 3.0, name="radix")
    with rec.module("blend"):
        # A tile of 256 pixels reads each of its Gaussians once.
        rec.vector(dims["blended"] * pixels, flops=25.0, reads=PROJECTED / 256.0, writes=0.0, name="blend")
        rec.pointwise(3 * pixels, reads=0.0, keeps=1.0, name="picture")
    if job.trains:
        with rec.module("loss"):
            # Difference and structural similarity: five blurs of 11 taps along each axis.
            for _ in range(10):
                rec.vector(3 * pixels, flops=22.0, name="blur")
            rec.pointwise(3 * pixels, reads=4.0, keeps=4.0, name="similarity")
