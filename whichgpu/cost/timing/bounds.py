"""What bounds a pass: where its seconds go by the limit that a faster machine would move.

Arithmetic, weights, the KV cache, activations, links between GPUs and the host. Arithmetic and traffic that
overlap share what they take together in the ratio of their parts, each to the power of the runtime's overlap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.timing.time import between, launches, limits, paced, together

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whichgpu.cost.calibration.effects import Fit
    from whichgpu.cost.timing.optable import OpTable
    from whichgpu.cost.timing.time import Pass

    Array = NDArray[np.float64]

#: The limits in the order in which they are told, with what each is called.
NAMES = {
    "compute": "compute", "weights": "weights (bandwidth)", "cache": "KV cache (bandwidth)",
    "activations": "activations (bandwidth)", "links": "links between GPUs", "host": "host",
    "places": "KV capacity", "sequences": "max_num_seqs",
    "tokens": "max_num_batched_tokens", "front": "streaming by one process (stream_interval)",
}  # fmt: skip
#: From so much of what a limit allows it is the limit that binds.
TAKEN = 0.9


def shares(work: Pass, found: Fit, links: Any) -> dict[str, Array]:
    """Share of the time of a pass that each limit answers for, (G, J); they sum to one.

    `links` are seconds of the pass on links, a part of what it says of communication.
    """
    parts = {name: np.zeros((1, 1)) for name in ("compute", "weights", "cache", "activations")}
    gap = host = alone = np.zeros((1, 1))
    for one in work.kernels:
        compute, memory = limits(one, work, found)
        power, count = work.runtime.overlap, one.table.count
        once = together(compute, memory, power)
        with np.errstate(invalid="ignore", divide="ignore"):
            done = np.nan_to_num(count * once * (compute / once) ** power)
            moved = np.nan_to_num(count * once * (memory / once) ** power)
        parts["compute"] = parts["compute"] + done.sum(axis=0)
        for name, bytes_moved in _traffic(one.table).items():
            parts[name] = parts[name] + (moved * bytes_moved).sum(axis=0)
        gap = gap + (count * between(work) * one.launched).sum(axis=0)
        host = host + (count * (one.started - one.alone)).sum(axis=0)
        alone = alone + (count * one.alone).sum(axis=0)
    launch = work.runtime.launch * launches(work, found)
    launched = host * launch
    gpu = sum(parts.values(), start=gap)
    beside = paced(gpu, launched) - gpu + gap + alone * launch
    waits = beside + work.runtime.fixed + work.communication - links
    every = {**parts, "links": np.asarray(links + np.zeros((1, 1))), "host": np.maximum(waits, 0.0)}
    whole = sum(every.values(), start=np.zeros((1, 1)))
    return {name: np.asarray(seconds / whole) for name, seconds in every.items()}


def _traffic(table: OpTable) -> dict[str, Array]:
    """Shares of the bytes that each op moves."""
    weights = np.zeros(1) if table.kind == "embedding" else table.weight_bytes
    parts = {"weights": weights, "cache": table.kv_bytes, "activations": table.activation_bytes}
    whole = np.maximum(sum(parts.values(), start=np.zeros(1)), 1.0)
    return {name: part / whole for name, part in parts.items()}
