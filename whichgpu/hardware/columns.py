"""Facts of many devices as arrays: the only place of this package that imports numpy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whichgpu.errors import UsageError
from whichgpu.hardware.fields import FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from whichgpu.hardware.gpu import Gpu


def columns(gpus: Sequence[Gpu], fields: Iterable[str]) -> dict[str, NDArray[np.float64]]:
    """Each field as a float array over the devices, SI units, NaN where it was not read.

    Raises `UsageError` for a field that is unknown or not a number.
    """
    return {name: _column(gpus, name) for name in fields}


def _column(gpus: Sequence[Gpu], name: str) -> NDArray[np.float64]:
    if name not in FIELDS or FIELDS[name].dimension in ("text", "date"):
        raise UsageError(f"'{name}' is not a number of the catalogue")
    values = (gpu.value(name) for gpu in gpus)
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
