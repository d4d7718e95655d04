"""Links between GPUs: inside a node, between nodes, and what a ring over many of them gets.

A ring all-reduce of S bytes over n GPUs moves 2 (n - 1) / n S over each link; an all-gather or a
reduce-scatter half of that. Beyond a node every GPU of it sends over its own port at once.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.coefficients import section
from whichgpu.hardware.boxes import between, boxes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whichgpu.cost.device import Devices

    Array = NDArray[np.float64]


def link(devices: Devices, gpus: Any) -> Array:
    """One-way rate in B/s between `gpus` GPUs of a node: NVLink where it joins that many, else PCIe."""
    c = section("links")
    # Through the host's memory every GPU's traffic shares one path.
    shared = c["staged"] * np.sqrt(2.0 / np.maximum(np.asarray(gpus, dtype=np.float64), 2.0))
    pcie = devices.pcie * np.where(devices.staged, shared, 1.0)
    joined = (devices.nvlink > 0) & (np.asarray(gpus) <= devices.nvlink_gpus)
    return np.asarray(np.where(joined, devices.nvlink, pcie))


def node_size(devices: Devices) -> Array:
    """GPUs of one machine, or of one NVLink domain where that is larger, (G, 1)."""
    return np.asarray(np.maximum(devices.nvlink_gpus, section("links")["node"]))


def network(devices: Devices) -> Array:
    """One-way rate in B/s from one GPU to another machine's, (G, 1): of the machine built for this GPU."""
    c = section("links")
    rates = [_box_network(gpu.id) or c["network"] for gpu in devices.gpus]
    return np.asarray(np.array(rates)[:, None] * c["network_share"])


@cache
def _box_network(gpu: str) -> float | None:
    """The network of the first machine on file that is built for a GPU and is nobody's instance."""
    for box in boxes().values():
        if box.gpu == gpu and not box.provider and "inter_bandwidth" in box.facts:
            return between(box, box.gpus)[0].bandwidth
    return None


def spread_link(devices: Devices, span: Any, apart: Any) -> Array:
    """Rate in B/s of a ring over `span` GPUs in which every `apart`-th takes part.

    Within a node it is the node's; beyond, all ranks of a node send at once, each over its own port.
    """
    node = node_size(devices)
    together = np.maximum(node / np.asarray(apart, dtype=np.float64), 1.0)
    beyond = np.minimum(np.where(together > 1, link(devices, node), np.inf), network(devices) * together)
    return np.asarray(np.where(np.asarray(span) <= node, link(devices, span), beyond))


def all_reduce(size: Any, gpus: Any, devices: Devices) -> Array:
    """Seconds of a ring all-reduce of `size` bytes over `gpus` GPUs of one node."""
    n = np.asarray(gpus, dtype=np.float64)
    moved = 2.0 * (n - 1.0) / n * size / link(devices, n)
    return np.asarray(np.where(n > 1, moved + section("links")["latency"], 0.0))
