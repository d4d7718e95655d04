"""Plain numerical work, for readers who do not train networks: the kernels that bound most of it.

    gemm     C = A B, dense n x n                         2 n^3 FLOP       tensor cores where there are any
    fft      three-dimensional, complex, n^3 points       5 N log2 N FLOP  three passes over the data
    stencil  seven points in three dimensions, n^3        8 N FLOP         a value read and written a point
    stream   a = b + s c over n values (McCalpin)         2 n FLOP         three values moved
    nbody    all pairs of n bodies (Nyland et al., 2007)  20 n^2 FLOP      tiles of 256 bodies

Letters: n size, N points. `batch` counts problems of that size, one after the other; option `n` sets it.
Throughput is in GFLOP/s, that of `stream` in GB/s. Precision fp64 by default.

Dimensions: `kind`, `n`, `unit` (GFLOP or GB).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.workloads.precision import precision

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from whichgpu.workloads.job import Job
    from whichgpu.workloads.recorder import Recorder

PHASES = ("infer",)
OPTIONS = ("n",)
UNIT = "GFLOP"
DEFAULTS: dict[str, dict[str, Any]] = {
    "*": {"batch": 1.0, "precision": "fp64", "runtime": "native", "n_gpus": 1.0},
    "infer": {},
}
REFERENCE = {"precision": "fp64"}
#: Operations of one stencil point, one pair of bodies; bodies of a tile that share what they read.
POINT, PAIR, TILE = 8.0, 20.0, 256.0


def units(dims: Mapping[str, Any], job: Job) -> Any:
    """GFLOP, or GB moved, of all problems."""
    n, problems = size(dims, job), np.asarray(job.batch, dtype=np.float64)
    if dims["kind"] == "stream":
        return problems * 3.0 * n * precision(job.precision).activation / 1e9
    return problems * _FLOPS[dims["kind"]](n) / 1e9


def size(dims: Mapping[str, Any], job: Job) -> float:
    """The job's n."""
    return job.option("n", dims["n"], 2.0)


def forward(dims: Mapping[str, Any], job: Job, rec: Recorder) -> None:
    """One kernel, or the passes of one, for each problem."""
    n, kind = size(dims, job), dims["kind"]
    with rec.module(kind, repeats=job.batch):
        if kind == "gemm":
            rec.product(1.0, n, n, n, shard="none", name="gemm")
        elif kind == "fft":
            for _ in range(3):
                rec.vector(n**3, flops=5.0 * math.log2(n), reads=2.0, writes=2.0, name="pass")
        elif kind == "stencil":
            rec.vector(n**3, flops=POINT, name="sweep")
        elif kind == "stream":
            rec.vector(n, flops=2.0, reads=2.0, name="triad")
        else:
            # Four values of a body are read once a tile, its acceleration is written once.
            rec.vector(n * n, flops=PAIR, reads=4.0 / TILE, writes=3.0 / n, name="forces")


_FLOPS: Mapping[str, Callable[[float], float]] = {
    "gemm": lambda n: 2.0 * n**3,
    "fft": lambda n: 5.0 * n**3 * math.log2(n**3),
    "stencil": lambda n: POINT * n**3,
    "stream": lambda n: 2.0 * n,
    "nbody": lambda n: PAIR * n * n,
}
