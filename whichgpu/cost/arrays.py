"""What numpy has as well, but imports its masked arrays for: a tenth of a cold start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def distinct(values: Any) -> NDArray[Any]:
    """The values that occur, in order, as (N,): `np.unique` of numbers of which none is NaN."""
    found = np.sort(np.asarray(values), axis=None)
    return np.asarray(found[np.append(True, found[1:] != found[:-1])[: found.size]])


def finite(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """`np.nan_to_num` of what is finite as a rule, in a third of its time."""
    return values if np.isfinite(values).all() else np.nan_to_num(values)


def median(values: Any) -> float:
    """The median of numbers, of which none is NaN."""
    found = np.sort(np.asarray(values, dtype=np.float64), axis=None)
    half = found.size // 2
    return float(found[half] if found.size % 2 else 0.5 * (found[half - 1] + found[half]))
