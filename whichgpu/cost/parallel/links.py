"""Links between GPUs, inside a node and between nodes, and what collectives take over them.

Of S bytes over n GPUs each sends, with the rate r of its slowest link,

    reduce-scatter, all-gather   (n - 1) / n S                ring, n - 1 steps
    all-reduce                   2 (n - 1) / n S              ring, 2 (n - 1) steps
                                 (n - 1) S                    in one shot, by engines' kernels for few tokens
                                 2 S                          double binary tree, 2 log2(nodes) steps
                                 (1 + 1 / n) S                in the switches of NVLink, of n GPUs of a node
    all-to-all                   (n - 1) / n S                of what a GPU holds

(Thakur, Rabenseifner, Gropp, "Optimization of Collective Communication Operations in MPICH", 2005;
Sanders, Speck, Traff, "Two-tree algorithms", 2009.) A library takes what it expects to be quickest of these,
and of its protocols, which trade bytes for shorter steps: latencies and shares are those by which NCCL itself
chooses (`ncclTopoTuneModel` of src/graph/tuning.cc, github.com/NVIDIA/nccl). Those of short messages between
machines are of a few bytes: of a token's states, 16 KiB and more, nccl-tests show what long messages have, so
that engines' are counted so. Beyond a node every GPU of it
sends over its own port at once. `devices` are columns, (G, 1); sizes and counts broadcast to (G, J).
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.coefficients import section
from whichgpu.cost.parallel.joined import is_card
from whichgpu.errors import UsageError
from whichgpu.hardware.boxes import between, boxes, boxes_of
from whichgpu.values import NamedTuple
from whichgpu.workloads.ops import every

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whichgpu.cost.gpu.device import Devices
    from whichgpu.hardware.boxes import Box
    from whichgpu.hardware.gpu import Gpu

    Array = NDArray[np.float64]


def _array(value: Any) -> Array:
    return np.asarray(value, dtype=np.float64)


def link(devices: Devices, gpus: Any, *, direct: bool = False) -> Array:
    """One-way rate in B/s between `gpus` GPUs of a node: of NVLink or its like where it joins so many.

    `direct`: of an engine's, whose cards in a server each have their own path to its memory.
    """
    c = section("links")
    # Through the host's memory, whose paths the traffic of all GPUs shares.
    shared = c["staged"] * (2.0 / np.maximum(_array(gpus), 2.0)) ** c["staged_exponent"]
    # Servers of the third generation have switches, whose cards go up and down one link to that memory.
    switched = 1.0 / np.clip(_array(gpus), 2.0, c["staged_switch"])
    shared = np.where(devices.known(_behind_switches), switched, shared)
    shared = np.where(_own_path(devices, direct), c["staged_direct"], shared)
    pcie = devices.pcie * np.where(devices.staged, shared, 1.0)
    # Where each pair has links of its own, a few GPUs use those between them alone.
    among = np.minimum(devices.pair * np.maximum(_array(gpus) - 1.0, 1.0), 1.0)
    return np.asarray(np.where(_joined(devices, gpus), devices.nvlink * among, pcie))


def _behind_switches(gpu: Gpu) -> bool:
    """Whether the hosts of a card's time join it with others by a PCIe switch."""
    return (
        is_card(gpu) and (gpu.value("pcie_generation") or 0.0) <= section("links")["staged_switch_generation"]
    )


def _own_path(devices: Devices, direct: bool) -> NDArray[np.bool_]:
    """Whether an engine's GPUs are cards: modules whose NVLink does not work are a virtual machine's."""
    return devices.known(is_card) & direct


def _joined(devices: Devices, gpus: Any) -> NDArray[np.bool_]:
    """Whether NVLink joins so many GPUs of a node."""
    return np.asarray((_bridged(devices) > 0) & (np.asarray(gpus) <= devices.nvlink_gpus))


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
    # In a machine that is named, other GPUs than its own are refused: it is asked of those of the jobs alone.
    system = devices.system
    rates = (
        devices.each(lambda gpu: _between(gpu.id, system)[0] or c["network"])
        if system
        else devices.known(_network_built)
    )
    return np.asarray(rates * c["network_share"])


def hop(devices: Devices) -> Array:
    """Seconds for a small message from one machine to the next, (G, 1)."""
    system = devices.system
    return devices.each(lambda gpu: _between(gpu.id, system)[1]) if system else devices.known(_hop_built)


def _network_built(gpu: Gpu) -> float:
    """B/s for each GPU between the machines built for one."""
    return _between(gpu.id, "")[0] or float(section("links")["network"])


def _hop_built(gpu: Gpu) -> float:
    """Seconds between the machines built for a GPU."""
    return _between(gpu.id, "")[1]


@lru_cache(maxsize=4096)
def _between(gpu: str, system: str) -> tuple[float | None, float]:
    """Rate in B/s for each GPU, and latency in s, between the machines named, or built for a GPU.

    Unnamed it is the first machine on file that is nobody's instance.
    """
    named = machine(system)
    if named and named.gpu and named.gpu != gpu:
        raise UsageError(f"option system: {named.id} has {named.gpu}, not {gpu}")
    usual = [box for box in boxes_of(gpu) if not box.provider]
    for box in [named] if named else usual:
        if named or "inter_bandwidth" in box.facts:
            joined = between(box, box.gpus)[0]
            return joined.bandwidth, joined.latency
    return None, section("links")["network_latency"]


def spread_link(devices: Devices, span: Any, apart: Any, *, direct: bool = False) -> Array:
    """Rate in B/s of a library's ring over `span` GPUs in which every `apart`-th takes part.

    Within a node it is the node's, of NVLink more than applications see in the mean; beyond, all ranks of a
    node send at once, each over its own port.
    """
    node = node_size(devices)
    if every(np.asarray(span) <= node):
        return _wire(devices, span, direct=direct)
    together = np.maximum(node / _array(apart), 1.0)
    beyond = np.minimum(
        np.where(together > 1, _wire(devices, node, direct=direct), np.inf), _port(devices) * together
    )
    return np.asarray(np.where(np.asarray(span) <= node, _wire(devices, span, direct=direct), beyond))


def quicker_inside(devices: Devices, gpus: Any) -> Array:
    """How often over the rate of a ring over `gpus` GPUs is that of one inside a machine: 1 there, (G, J)."""
    within = np.minimum(_array(gpus), node_size(devices))
    return np.asarray(spread_link(devices, within, 1.0) / spread_link(devices, gpus, 1.0))


def _wire(devices: Devices, gpus: Any, *, direct: bool = False) -> Array:
    """The rate of `link` that a library's ring has of large messages."""
    c = section("links")
    return link(devices, gpus, direct=direct) * np.where(_joined(devices, gpus), c["wire"] / c["nvlink"], 1.0)


def _port(devices: Devices) -> Array:
    """The rate of `network` that a library's ring or tree has of large messages."""
    c = section("links")
    return np.asarray(network(devices) * c["network_wire"] / c["network_share"])


def all_gather(size: Any, gpus: Any, devices: Devices, apart: Any = 1.0, *, direct: bool = False) -> Array:
    """Seconds in which `gpus` GPUs, `apart` from each other, gather `size` B of which each holds a part.

    A reduce-scatter takes as long. Nothing for one GPU. `direct`: by an engine's own kernels where NVLink
    joins the GPUs, at the rate that its steps see in the mean.
    """
    return _collective(size, gpus, devices, apart, rounds=1.0, direct=direct)


def all_reduce(
    size: Any, gpus: Any, devices: Devices, apart: Any = 1.0, *, direct: bool = False, captured: Any = False,
    one_shot: Any = False, peer: Any = 0.0,
) -> Array:  # fmt: skip
    """Seconds in which `gpus` GPUs, `apart` from each other, add up `size` B that each holds.

    By whichever is quickest, as a library chooses it: a ring, in the switch of NVLink, or between nodes a
    double binary tree. `captured` in a CUDA graph a function of the host starts each between nodes. An
    engine's kernel does it in `one_shot` where NVLink joins the GPUs: each gets all that the others hold, and
    waits for each for `peer` s, where that is stated.
    """
    whole = _collective(size, gpus, devices, apart, rounds=2.0, direct=direct)
    if direct and np.any(one_shot):
        whole = np.where(one_shot & _joined(devices, _array(gpus) * apart) & (whole > 0.0),
                         _in_one_shot(size, gpus, devices, apart, peer), whole)  # fmt: skip
    if not np.any(captured):
        return whole
    beyond = (whole > 0.0) & (_nodes(_array(gpus), apart, devices) > 1.0)
    return np.asarray(whole + np.where(beyond & captured, section("links")["captured"], 0.0))


def _in_one_shot(size: Any, gpus: Any, devices: Devices, apart: Any, peer: Any) -> Array:
    """Seconds of an all-reduce in which each GPU sends what it holds to all others, and adds up itself."""
    c, n = section("links"), _array(gpus)
    sent = (n - 1.0) * _array(size) / (link(devices, n * apart) * c["copied"] / c["nvlink"])
    return np.asarray(_met(n, peer) + sent)


def _met(gpus: Array, peer: Any = 0.0) -> Array:
    """Seconds in which GPUs of an engine wait for each other before one reads what the others hold."""
    c = section("links")
    return np.asarray(c["meeting"] + np.where(np.asarray(peer) > 0.0, peer, c["peer"]) * (gpus - 1.0))


def _collective(size: Any, gpus: Any, devices: Devices, apart: Any, *, rounds: float, direct: bool) -> Array:
    """Seconds of a ring's `rounds`: one to gather or to scatter, both to add up."""
    size, n = _array(size), _array(gpus)
    path = _Path.of(n, apart, devices, direct=direct)
    quickest = _passed_on(size, n, devices, path, rounds=rounds, long=direct)
    if rounds > 1.0:
        if np.any(path.nodes > 1.0):
            tree = _passed_on(size, n, devices, path, rounds=rounds, tree=True, long=direct)
            quickest = np.minimum(quickest, tree)
        quickest = np.minimum(quickest, _in_switch(size, n, devices, path))
    if direct:
        # Each reads what all others of its node hold.
        moved = rounds * (n - 1.0) / n * size / link(devices, n * apart)
        quickest = np.where(_joined(devices, n * apart), rounds / 2.0 * _met(n) + moved, quickest)
    return np.asarray(np.where((n > 1) & (size > 0), quickest, 0.0))


class _Path(NamedTuple):
    """Where ranks lie: their machines, the rate of a ring, whether NVLink joins those of one, s of a hop."""

    nodes: Array
    rate: Array
    joined: NDArray[np.bool_]
    hop: Array

    @classmethod
    def of(cls, n: Array, apart: Any, devices: Devices, *, direct: bool = False) -> _Path:
        """Of `n` ranks, `apart` from each other."""
        nodes = _nodes(n, apart, devices)
        rate = spread_link(devices, n * apart, apart, direct=direct)
        return cls(nodes, rate, _joined(devices, n / nodes * apart), hop(devices))


def _passed_on(
    size: Array, n: Array, devices: Devices, path: _Path, *, rounds: float, tree: bool = False,
    long: bool = False,
) -> Array:  # fmt: skip
    """Seconds from GPU to GPU around a ring, or over a chain in each node and a double binary tree of nodes.

    By the quickest protocol. A tree has fewer steps than a ring, and sends more bytes. Between machines a
    step is that of `long` messages, whatever the protocol, or of the shortest.
    """
    c, nodes, way = section("links"), path.nodes, "tree" if tree else "ring"
    inside, beyond, times = rounds * (n - nodes), rounds * (nodes - 1.0), rounds * (n - 1.0) / n
    if tree:
        inside, beyond, times = 2.0 * (n / nodes - 1.0), 2.0 * np.log2(nodes), np.full_like(n, 2.0)
    moved = times * size / path.rate
    # Through the memory of the host each step takes longer.
    slower = np.where(
        devices.staged & ~_own_path(devices, long), c["staged_step"] / c["protocol"]["ll"]["pcie"], 1.0
    )
    base, share, nvlink, pcie, hops = _protocols(way, long)
    step = np.where(inside > 0, np.where(path.joined, nvlink, slower * pcie), 0.0)
    best = (base + inside * step + beyond * hops * path.hop + moved / share).min(axis=0)
    return np.asarray(np.where(nodes > 1.0, best, np.inf) if tree else best)


@lru_cache(maxsize=8)
def _protocols(way: str, long: bool) -> tuple[Array, ...]:
    """Of each protocol, (P, 1, 1): its start, share of the rate, step over NVLink and over PCIe, and hop.

    One without a step over PCIe needs NVLink.
    """
    known = section("links")["protocol"]
    hops = (known["simple" if long else name]["hops"][way] for name in known)
    rows = [
        (p["base"], p["share"], p["nvlink"], p.get("pcie", np.inf), hop)
        for p, hop in zip(known.values(), hops, strict=True)
    ]
    return tuple(np.array(column)[:, None, None] for column in zip(*rows, strict=True))


def _switch_adds(gpu: Gpu) -> float:
    """Share of its links' rate at which NVSwitch adds up what GPUs of a generation send; 0 of cards."""
    return 0.0 if is_card(gpu) else float(section("links")["switch_adds"].get(gpu.family, 0.0))


def _in_switch(size: Array, n: Array, devices: Devices, path: _Path) -> Array:
    """Seconds of adding up in the switches of NVLink (NVLS), and along a tree between them.

    A GPU hands a switch what it adds up, and gets all the sums, while it sends those of its own share to all.
    """
    c, nodes = section("links"), path.nodes
    inside = n / nodes
    adds = devices.known(_switch_adds)
    able = _joined(devices, inside) & (adds > 0) & (devices.pair >= 1.0) & (inside > 1)
    if not able.any():
        return np.full(able.shape, np.inf)
    near = (1.0 + 1.0 / inside) * size / np.where(able, adds * _wire(devices, inside), 1.0)
    # Of two nodes each is the root of one tree and the leaf of the other.
    far = np.where(nodes > 2.0, 2.0, 1.0) * size / (_port(devices) * inside)
    waits = c["switch_wait"] + 2.0 * np.log2(nodes) * c["protocol"]["simple"]["hops"]["tree"] * path.hop
    return np.asarray(np.where(able, waits + np.maximum(near, np.where(nodes > 1.0, far, 0.0)), np.inf))


def send(size: Any, distance: Any, devices: Devices) -> Array:
    """Seconds in which a GPU sends `size` B to the one `distance` GPUs further."""
    far = _array(distance) >= node_size(devices)
    rate = np.where(far, network(devices), link(devices, 2.0))
    wait = np.where(far, hop(devices), section("links")["latency"] / 2.0)
    return np.asarray(_array(size) / rate + wait)


def all_to_all(
    size: Any, gpus: Any, devices: Devices, choices: Any = np.inf, within: float = 1.0, *,
    in_turn: float = 0, copies: bool = False, cut: Any = 1.0,
) -> Array:  # fmt: skip
    """Seconds in which each of `gpus` GPUs sends parts of its `size` B to the others.

    Each part goes to as many of them as it makes `choices`, evenly; without a number to all. Beyond a
    node it crosses the network once for each machine that it goes to, and is handed on there, while others
    are still on their way: the slower of the two sets the pace (DeepEP's kernels between machines keep the
    network port of an H800 busy, github.com/deepseek-ai/DeepEP). All choices
    of a part lie `within` this share of the places (experts in groups, a few of which a token may choose),
    or beside each other: the next ones of so many that are taken `in_turn`. With `copies` each choice gets a
    part of its own, whoever else of its GPU or machine gets the same. A choice that is `cut` over so many
    GPUs of a machine is handed to all of them.
    """
    n, node = _array(gpus), node_size(devices)
    c, inside = section("links"), np.minimum(n, node)
    # Over NVLink messages go straight to their GPU, and not around a ring.
    direct = np.where(_joined(devices, inside), c["all_to_all"] / c["nvlink"], 1.0)
    reached = _each if copies else _reached
    near = reached(choices * cut, n, in_turn) / (link(devices, inside) * direct)
    machines = np.maximum(n / node, 1.0)
    allowed = np.maximum(within * machines, 1.0) * (1.0 - 1.0 / machines)
    most = np.inf if copies else allowed
    far = np.minimum(reached(choices, machines, in_turn), most) / network(devices)
    parts = np.where(np.isinf(choices), n, 1.0)
    return np.asarray(np.where(n > 1, size / parts * np.maximum(near, far) + c["latency"], 0.0))


def all_to_each(size: Any, gpus: Any, devices: Devices, choices: Any) -> Array:
    """Seconds in which each of `gpus` GPUs sends its `size` B to so many `choices` of them, each by itself.

    What kernels for few tokens do: nothing is handed on inside a machine, so that a token crosses the network
    once for every choice that lies in another one, beside what NVLink carries (DeepEP's low-latency kernels,
    github.com/deepseek-ai/DeepEP).
    """
    n = _array(gpus)
    inside = np.minimum(n, node_size(devices))
    near = _array(size) * choices * np.maximum(inside - 1.0, 0.0) / n / link(devices, inside)
    far = _array(size) * choices * (1.0 - inside / n) / network(devices)
    wait = section("links")["latency"] + np.where(n > inside, hop(devices), 0.0)
    return np.asarray(np.where(n > 1, np.maximum(near, far) + wait, 0.0))


def _reached(choices: Any, places: Array, in_turn: float = 0) -> Array:
    """Others of so many `places` that at least one of the `choices` lies in."""
    if in_turn:
        return np.asarray(np.maximum(choices * places / in_turn, 1.0) * (1.0 - 1.0 / places))
    return np.asarray((places - 1.0) * (1.0 - (1.0 - 1.0 / places) ** choices))


def _each(choices: Any, places: Array, _in_turn: float = 0) -> Array:
    """How many of the `choices` lie in others of so many `places`, by chance or in turn."""
    return np.asarray(choices * (1.0 - 1.0 / places))


def _nodes(ranks: Array, apart: Any, devices: Devices) -> Array:
    """Machines over which `ranks` GPUs, `apart` from each other, lie: at most one for each of them."""
    return np.asarray(np.clip(ranks * apart / node_size(devices), 1.0, np.maximum(ranks, 1.0)))
