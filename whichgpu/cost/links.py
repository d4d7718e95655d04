"""Links between GPUs, inside a node and between nodes, and what collectives take over them.

Of S bytes over n GPUs each sends, with the rate r of its slowest link,

    reduce-scatter, all-gather   (n - 1) / n S                ring
    all-reduce                   both, one after the other    ring: 2 (n - 1) / n S
                                 2 S, in log2 steps           double binary tree, between nodes
    all-to-all                   (n - 1) / n S                of what a GPU holds

(Thakur, Rabenseifner, Gropp, "Optimization of Collective Communication Operations in MPICH", 2005;
Sanders, Speck, Traff, "Two-tree algorithms", 2009.) Beyond a node every GPU of it sends over its own
port at once. `devices` are columns, (G, 1); sizes and counts broadcast to (G, J).
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.coefficients import section
from whichgpu.errors import UsageError
from whichgpu.hardware.boxes import between, boxes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whichgpu.cost.device import Devices
    from whichgpu.hardware.boxes import Box

    Array = NDArray[np.float64]


def _array(value: Any) -> Array:
    return np.asarray(value, dtype=np.float64)


def link(devices: Devices, gpus: Any) -> Array:
    """One-way rate in B/s between `gpus` GPUs of a node: of NVLink or its like where it joins so many."""
    c = section("links")
    # Through the host's memory, whose paths the traffic of all GPUs shares.
    shared = c["staged"] * (2.0 / np.maximum(_array(gpus), 2.0)) ** c["staged_exponent"]
    pcie = devices.pcie * np.where(devices.staged, shared, 1.0)
    # Where each pair has links of its own, a few GPUs use those between them alone.
    among = np.minimum(devices.pair * np.maximum(_array(gpus) - 1.0, 1.0), 1.0)
    return np.asarray(np.where(_joined(devices, gpus), devices.nvlink * among, pcie))


def _joined(devices: Devices, gpus: Any) -> NDArray[np.bool_]:
    """Whether NVLink joins so many GPUs of a node."""
    return np.asarray((_bridged(devices) > 0) & (np.asarray(gpus) <= devices.nvlink_gpus))


def large(gpus: Any, devices: Devices) -> Array:
    """Rate at which messages of many MB go between `gpus` GPUs of a node, over that of small ones."""
    c = section("links")
    return np.asarray(np.where(_joined(devices, gpus), c["large"] / c["nvlink"], 1.0))


def _bridged(devices: Devices) -> Array:
    """The rate of NVLink in the machine at hand: none where that joins its GPUs through PCIe."""
    box = machine(devices.system)
    return np.zeros_like(devices.nvlink) if box and (box.intra or "pcie") == "pcie" else devices.nvlink


def node_size(devices: Devices) -> Array:
    """GPUs of one machine, or of one NVLink domain where that is larger, (G, 1)."""
    box = machine(devices.system)
    if box:
        return np.full_like(devices.nvlink_gpus, box.gpus)
    return devices.machine


def machine(name: str) -> Box | None:
    """The machine on file that a job names by `system`; raises `UsageError` for an unknown one."""
    if not name:
        return None
    found = boxes().get(name.strip().lower())
    if found is None:
        from difflib import get_close_matches

        close = get_close_matches(name.strip().lower(), boxes(), n=4, cutoff=0.4)
        hint = f"did you mean {', '.join(close)}?" if close else f"they are {', '.join(boxes())}"
        raise UsageError(f"option system: no machine '{name}'; {hint}")
    return found


def network(devices: Devices) -> Array:
    """One-way rate in B/s from one GPU to another machine's, (G, 1).

    Of what a job states, which the GPUs of a machine share, or of the machine built for this GPU.
    """
    c = section("links")
    if devices.network:
        return np.asarray(devices.network / node_size(devices) * c["network_share"])
    rates = devices.each(lambda gpu: _between(gpu.id, devices.system)[0] or c["network"])
    return np.asarray(rates * c["network_share"])


def hop(devices: Devices) -> Array:
    """Seconds for a small message from one machine to the next, (G, 1)."""
    return devices.each(lambda gpu: _between(gpu.id, devices.system)[1])


@lru_cache(maxsize=4096)
def _between(gpu: str, system: str) -> tuple[float | None, float]:
    """Rate in B/s for each GPU, and latency in s, between the machines named, or built for a GPU.

    Unnamed it is the first machine on file that is nobody's instance.
    """
    named = machine(system)
    if named and named.gpu and named.gpu != gpu:
        raise UsageError(f"option system: {named.id} has {named.gpu}, not {gpu}")
    usual = [box for box in boxes().values() if box.gpu == gpu and not box.provider]
    for box in [named] if named else usual:
        if named or "inter_bandwidth" in box.facts:
            joined = between(box, box.gpus)[0]
            return joined.bandwidth, joined.latency
    return None, section("links")["network_latency"]


def spread_link(devices: Devices, span: Any, apart: Any) -> Array:
    """Rate in B/s of a ring over `span` GPUs in which every `apart`-th takes part.

    Within a node it is the node's; beyond, all ranks of a node send at once, each over its own port.
    """
    node = node_size(devices)
    together = np.maximum(node / _array(apart), 1.0)
    beyond = np.minimum(np.where(together > 1, link(devices, node), np.inf), network(devices) * together)
    return np.asarray(np.where(np.asarray(span) <= node, link(devices, span), beyond))


def all_gather(size: Any, gpus: Any, devices: Devices, apart: Any = 1.0) -> Array:
    """Seconds in which `gpus` GPUs, `apart` from each other, gather `size` B of which each holds a part.

    A reduce-scatter takes as long. Nothing for one GPU.
    """
    n = _array(gpus)
    moved = (n - 1.0) / n * size / spread_link(devices, n * apart, apart)
    wait = section("links")["latency"] / 2.0 + np.log2(_nodes(n, apart, devices)) * hop(devices)
    wait = wait + _steps(n, apart, devices)
    return np.asarray(np.where((n > 1) & (_array(size) > 0), moved + wait, 0.0))


def _steps(ranks: Array, apart: Any, devices: Devices) -> Array:
    """Seconds in which a small message goes from one to the next of those of `ranks` GPUs that one node has.

    Over NVLink each writes to all others at once, which `latency` stands for.
    """
    c = section("links")
    gpus = np.minimum(ranks, np.maximum(node_size(devices) / _array(apart), 1.0))
    each = np.where(devices.staged, c["staged_step"], c["pcie_step"])
    return np.asarray(np.where(_joined(devices, gpus), 0.0, (gpus - 1.0) * each))


def all_reduce(size: Any, gpus: Any, devices: Devices, apart: Any = 1.0) -> Array:
    """Seconds in which `gpus` GPUs, `apart` from each other, add up `size` B that each holds.

    By a ring or, between nodes, by a double binary tree where that is quicker: fewer messages, longer.
    """
    n, c = _array(gpus), section("links")
    nodes = _nodes(n, apart, devices)
    ring = 2.0 * all_gather(size, n, devices, apart) + 2.0 * _chain(nodes) * hop(devices)
    rate = spread_link(devices, n * apart, apart)
    within = c["latency"] + 2.0 * _steps(n, apart, devices)
    tree = 2.0 * _array(size) / rate + within + 2.0 * np.log2(nodes) * hop(devices)
    return np.asarray(np.where(nodes > 1.0, np.minimum(ring, tree), ring))


def _chain(nodes: Array) -> Array:
    """Messages between machines that a ring sends more than a tree would, one after another."""
    return np.maximum(nodes - 1.0 - np.log2(nodes), 0.0)


def send(size: Any, distance: Any, devices: Devices) -> Array:
    """Seconds in which a GPU sends `size` B to the one `distance` GPUs further."""
    far = _array(distance) >= node_size(devices)
    rate = np.where(far, network(devices), link(devices, 2.0))
    wait = np.where(far, hop(devices), section("links")["latency"] / 2.0)
    return np.asarray(_array(size) / rate + wait)


def all_to_all(size: Any, gpus: Any, devices: Devices, choices: Any = np.inf, within: float = 1.0) -> Array:
    """Seconds in which each of `gpus` GPUs sends parts of its `size` B to the others.

    Each part goes to as many of them as it makes `choices`, evenly; without a number to all. Beyond a
    node it crosses the network once for each machine that it goes to, and is handed on there. All choices
    of a part lie `within` this share of the places (experts in groups, a few of which a token may choose).
    """
    n, node = _array(gpus), node_size(devices)
    c, inside = section("links"), np.minimum(n, node)
    # Over NVLink messages go straight to their GPU, and not around a ring.
    direct = np.where(_joined(devices, inside), c["all_to_all"] / c["nvlink"], 1.0)
    near = _reached(choices, n) / (link(devices, inside) * direct)
    machines = np.maximum(n / node, 1.0)
    allowed = np.maximum(within * machines, 1.0) * (1.0 - 1.0 / machines)
    far = np.minimum(_reached(choices, machines), allowed) / network(devices)
    parts = np.where(np.isinf(choices), n, 1.0)
    return np.asarray(np.where(n > 1, size / parts * (near + far) + section("links")["latency"], 0.0))


def _reached(choices: Any, places: Array) -> Array:
    """Others of so many `places` that at least one of the `choices` lies in."""
    return np.asarray((places - 1.0) * (1.0 - (1.0 - 1.0 / places) ** choices))


def _nodes(ranks: Array, apart: Any, devices: Devices) -> Array:
    """Machines over which `ranks` GPUs, `apart` from each other, lie."""
    return np.asarray(np.maximum(ranks * apart / node_size(devices), 1.0))
