"""How good predictions are, from their log errors and the widths of their intervals.

    error     log(predicted / measured)
    half      log(high / mid): a 90 % interval reaches so far to either side
    score     2 half + 2 / 0.1 max(|error| - half, 0), the interval score on the log scale: narrow is good,
              and a miss costs twenty times by how much it misses

Gneiting and Raftery, "Strictly Proper Scoring Rules, Prediction, and Estimation", JASA 102, 2007, eq. 43.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

_MISS = 2.0 / 0.1


class Scores(NamedTuple):
    """Of `rows` predictions: errors and coverage in %, `score` and the median ratio of high to low."""

    rows: int
    mape: float
    median: float
    bias: float
    inside: float
    score: float
    ratio: float

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return self._asdict()


def scores(errors: ArrayLike, halves: ArrayLike) -> Scores:
    """The scores of log errors, (rows,), under log half-widths; raises `ValueError` for no rows."""
    error, half = np.asarray(errors, dtype=np.float64), np.asarray(halves, dtype=np.float64)
    if not error.size:
        raise ValueError("no rows to score")
    off = np.abs(np.expm1(error))
    miss = np.maximum(np.abs(error) - half, 0.0)
    return Scores(
        rows=int(error.size),
        mape=float(off.mean() * 100),
        median=float(np.median(off) * 100),
        bias=float(np.expm1(error.mean()) * 100),
        inside=float(np.mean(miss <= 1e-12) * 100),
        score=float(np.mean(2.0 * half + _MISS * miss)),
        ratio=float(np.exp(2.0 * np.median(half))),
    )
