"""Room for the KV cache of a server beside what else it holds: sequences in it, and what stays empty."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.coefficients import section
from whichgpu.cost.memory.totals import needed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from whichgpu.cost.job.runtime import Runtime

    Array = NDArray[np.float64]


def sequences(room: Array, kv_per_sequence: Any, ceiling: Any) -> Array:
    """Sequences that a serving replica has room for: that for its cache, over one's KV cache.

    Its schedulers take no more than the `ceiling`.
    """
    return np.asarray(np.minimum(room / np.maximum(kv_per_sequence, 1.0), ceiling))


def cache_room(
    memory: Array, parts: Mapping[str, Any], stack: Runtime, least: Any, *, kept: Any = None
) -> Array:
    """Bytes of each card for the KV cache of a server that holds `parts`, B, beside it.

    It is a share of what is left. A server whose share (`takes`) is of the card has no more than that less
    what its share is `of`: all that it holds, or the weights alone; one that keeps so many bytes free
    (`kept`) has the rest of what its driver leaves for its share. Where no sequence, of `least` bytes, has
    room in it, the server is started with the most that it can be given.
    """
    room = np.asarray(_usable(stack) * (memory - needed(parts)))
    inside = {"card": needed(parts), "static": np.asarray(parts["weights"])}.get(stack.holds.get("of", ""))
    if inside is None:
        return room
    for name in ("most", "takes"):
        whole = stack.holds.get(name, np.inf) * memory
        if name == "takes" and kept is not None:
            # A share of what is free when the server starts.
            whole = (memory - parts.get("context", 0.0)) * (1.0 - kept / memory)
        share = np.minimum(room, whole - inside)
        room = np.where(share >= least, share, room)
    return room


def reserve(kv: Any, stack: Runtime) -> Any:
    """Bytes that a serving engine leaves empty beside a KV cache of `kv` bytes, as `sequences` counts."""
    return np.asarray(kv, dtype=np.float64) * (1.0 / _usable(stack) - 1.0)


def _usable(stack: Runtime) -> Any:
    """The share of what is left that an engine's cache takes; all where a cache is made for its context."""
    share = float(section("capacity")["usable"])
    return stack.read(lambda one: 1.0 if one.holds.get("reserves_graph") else share)
