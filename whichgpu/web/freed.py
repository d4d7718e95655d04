"""Memory that nothing holds any more goes back to the system.

Answers are worked out in arrays of all sizes by several threads; the C library keeps the gaps between what
stays for later (glibc manual, "Freeing Memory Allocated with malloc"), which over many thousand answers
come to as much again as what is held. `malloc_trim` gives back whole pages of them; where the C library has
no such function nothing is done.
"""

from __future__ import annotations

import ctypes
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def give_back() -> bool:
    """Give back what is free in the heap; whether the C library could."""
    trim = _trim()
    return trim is not None and bool(trim(0))


@cache
def _trim() -> Callable[[int], int] | None:
    try:
        found: Callable[[int], int] = ctypes.CDLL(None).malloc_trim
    except (OSError, TypeError, AttributeError):  # another than glibc
        return None
    return found
