"""NeRF: a perceptron that is asked for density and colour at points along rays, coarse and then fine.

Mildenhall et al., "NeRF", with the sizes of the paper: eight layers of 256 with the position again at the
fifth, and one of 128 that sees the direction. A ray has `coarse` samples in the first network, and
those and `fine` more in the second.
Letters: B rays, N samples in all, D width.

`batch` counts rays and so does throughput: a picture of 800 x 800 is 640,000 of them.
Dimensions: `layers`, `hidden`, `skip` (the layer behind which the position comes again), `position`,
`direction` (widths of their encodings), `coarse`, `fine` (samples of a ray).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Recorder

PHASES = ("train", "infer")
PHASE_ALIASES = {"pretrain": "train", "finetune_full": "train", "generate": "infer"}
UNIT = "rays"
OPTIMIZER = "adam"
DEFAULTS: dict[str, dict[str, Any]] = {
    "*": {"runtime": "pytorch-2", "n_gpus": 1.0},
    "train": {"batch": 1024.0, "precision": "fp32"},
    "infer": {"batch": 32768.0, "precision": "fp32"},
}


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """(B, 6) rays -> (B, 3) colours, twice."""
    for name, samples in (("coarse", dims["coarse"]), ("fine", dims["coarse"] + dims["fine"])):
        with rec.module(name):
            points = float(samples) * job.batch
            _encode(dims, rec, points)
            _network(dims, rec, points)
            _composite(rec, points)


def _encode(dims: Dims, rec: Recorder, points: Any) -> None:
    """Sines and cosines of position and direction, one kernel for each frequency."""
    for width in (dims["position"], dims["direction"]):
        for _ in range((width - 3) // 3):
            rec.pointwise(3 * points, name="encode")
        rec.copy(width * points, name="concatenate")


def _network(dims: Dims, rec: Recorder, points: Any) -> None:
    """(N, position), (N, direction) -> (N, 4)."""
    hidden, position = dims["hidden"], dims["position"]
    width = position
    for layer in range(dims["layers"]):
        rec.linear(points, width, hidden, bias=True, backward="full" if layer else "weight")
        rec.pointwise(hidden * points, name="relu")
        width = hidden
        if layer == dims["skip"]:
            width = hidden + position
            rec.copy(width * points, name="concatenate")
    rec.linear(points, hidden, 1, bias=True, name="density")
    rec.linear(points, hidden, hidden, bias=True, keeps=0.0, name="feature")
    rec.copy((hidden + dims["direction"]) * points, name="concatenate")
    rec.linear(points, hidden + dims["direction"], hidden // 2, bias=True, name="view")
    rec.pointwise(hidden // 2 * points, name="relu")
    rec.linear(points, hidden // 2, 3, bias=True, name="colour")


def _composite(rec: Recorder, points: Any) -> None:
    """Densities to weights along the ray, colours to one, and where to sample next."""
    for _ in range(20):
        rec.pointwise(points, keeps=1.0, name="composite")
    rec.pointwise(3 * points, reads=2.0, keeps=1.0, name="colour_sum")
