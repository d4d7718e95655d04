"""What a system lets a GPU hold, unasked, of the memory that it shares with its processor.

`shared` of `data/loading.toml` has the share by vendor and size. A GPU with memory of its own has all of it.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from whichgpu.facts import store
from whichgpu.facts.reading import read

if TYPE_CHECKING:
    from whichgpu.hardware.gpu import Gpu

#: What is said of a job that fits such memory, and not that share of it.
WIRED = (
    "it fits the memory that the GPU shares with its processor, and not what the system lets a GPU hold of "
    "it unasked: macOS two thirds of up to 32 GiB and three quarters of more (sudo sysctl "
    "iogpu.wired_limit_mb=.. gives it more), Linux half of it to AMD's (ttm.pages_limit)"
)


def share(gpu: Gpu) -> float:
    """The share of its memory that a GPU may hold unasked; 1 of memory of its own, and of Jetsons'."""
    if not str(gpu.value("memory_type") or "").startswith("LPDDR"):
        return 1.0
    size = float(gpu.value("memory") or 0.0)
    return next((part for maker, most, part in _rules() if maker == gpu.vendor and size <= most), 1.0)


@cache
def _rules() -> tuple[tuple[str, float, float], ...]:
    """Vendor, most memory in B and share of each row, the smallest first."""
    rows = store.load("loading")["loading"]["shared"]
    return tuple(
        (
            row["vendor"],
            read(row["up_to"][0], "memory", f"data/loading.toml: shared.{name}.up_to"),
            read(row["share"][0], "share", f"data/loading.toml: shared.{name}.share"),
        )
        for name, row in rows.items()
    )
