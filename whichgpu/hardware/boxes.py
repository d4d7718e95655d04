"""Machines on file (`data/systems/*.toml`) and the links in and between them."""

from __future__ import annotations

from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from whichgpu.errors import DataError, UsageError
from whichgpu.facts import reading, store
from whichgpu.facts.model import Source
from whichgpu.hardware.derive import one_direction, pcie_bandwidth
from whichgpu.units import show
from whichgpu.values import immutable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from whichgpu.facts.model import Fact
    from whichgpu.hardware.gpu import Gpu

_FACTS: Mapping[str, str] = MappingProxyType(
    {
        "intra_bandwidth": "bandwidth",
        "peer_bandwidth": "bandwidth",
        "inter_bandwidth": "bit rate",
        "node_bandwidth": "bit rate",
        "latency": "time",
        "vcpus": "count",
        "host_memory": "memory",
        "module_power": "power",
    }
)
_PLAIN = ("name", "gpu", "gpus", "provider", "instance", "optional", "note", "intra", "inter", "what")
#: What is taken where a GPU's PCIe generation and lanes were not read.
_PCIE = (4, 16)


@immutable
class Link:
    """A link between GPUs: `bandwidth` in B/s per GPU and direction, `latency` in s for a small message.

    `peer` is the bandwidth between one pair where GPUs are joined pair by pair, else None; `evidence` is
    the kind of the fact that the bandwidth rests on.
    """

    kind: str
    bandwidth: float
    latency: float
    source: str
    evidence: str
    peer: float | None = None

    def among(self, gpus: int) -> float:
        """The bandwidth per GPU and direction when only so many of the GPUs talk to each other, in B/s."""
        if self.peer is None or gpus < 2:
            return self.bandwidth
        return min(self.bandwidth, self.peer * (gpus - 1))

    def __str__(self) -> str:
        return f"{self.kind} {show(self.bandwidth, 'bandwidth')} per GPU and direction"

    def to_dict(self) -> dict[str, Any]:
        """The link as plain values in SI units."""
        return {name: getattr(self, name) for name in self.__match_args__}


@immutable
class Box:
    """A kind of machine: `gpu` is empty where it takes any card, `optional` where it is never assumed."""

    id: str
    name: str
    gpu: str
    gpus: int
    provider: str
    instance: str
    optional: bool
    note: str
    intra: str
    inter: str
    facts: Mapping[str, Fact]

    def __str__(self) -> str:
        return f"{self.name}: {self.gpus} x {self.gpu or 'any GPU'}"


@cache
def _own_sources() -> Mapping[str, Source]:
    """The sources that are declared in `data/systems` itself."""
    own = {
        key: Source(key, row["title"], row.get("url", ""), row["kind"], row.get("accessed", ""))
        for content in store.load("systems").values()
        for key, row in content.get("source", {}).items()
    }
    return MappingProxyType(own)


@cache
def link_sources() -> Mapping[str, Source]:
    """The sources that `data/systems` names, its own beside the catalogue's."""
    return MappingProxyType({**reading.sources(), **_own_sources()})


@cache
def boxes() -> Mapping[str, Box]:
    """Every machine on file, by id.

    Raises `DataError` on a malformed one.
    """
    return MappingProxyType({key: _box(key, raw, where) for key, raw, where in _entries()})


@cache
def _by_name() -> Mapping[str, Box]:
    return {box.name.lower(): box for box in boxes().values()}


def named(text: str) -> Box | None:
    """The machine of a name as its maker writes it, "DGX-2"; None for any other text."""
    return _by_name().get(" ".join(text.lower().split()))


def boxes_of(gpu: str) -> Iterator[Box]:
    """The machines on file that are built with a GPU, by its id, in the order of `boxes`.

    Raises `DataError` on a malformed one.
    """
    return (_box(key, raw, where) for key, raw, where in _entries() if raw.get("gpu") == gpu)


def _entries() -> Iterator[tuple[str, dict[str, Any], str]]:
    """Every machine's id and table, and where it stands."""
    for stem, content in store.load("systems").items():
        for key, raw in content.get("system", {}).items():
            yield key, raw, f"data/systems/{stem}.toml: {key}"


@cache
def kinds() -> Mapping[str, Mapping[str, Fact]]:
    """The kinds of links, and what is assumed of each."""
    tables = store.load("systems")["links"]["link"]
    return MappingProxyType(
        {kind: _facts(raw, f"data/systems/links.toml: {kind}") for kind, raw in tables.items()}
    )


def inside(box: Box, gpu: Gpu) -> tuple[Link, str]:
    """The link between the GPUs of one machine, and what was assumed of it.

    Raises `DataError` where neither the machine nor the GPU has a figure for an NVLink box.
    """
    kind = box.intra or "pcie"
    latency = float(kinds()[kind]["latency"].value)
    stated = box.facts.get("intra_bandwidth")
    if stated:
        peer = box.facts.get("peer_bandwidth")
        link = Link(kind, stated.value, latency, stated.source, stated.kind, peer.value if peer else None)
        return link, (stated.note if stated.kind == "assumed" else "")
    if kind == "pcie":
        return _pcie(gpu, latency)
    both = gpu.fact("nvlink")
    if both is None or not both.value:
        raise DataError(f"{box.id}: neither it nor {gpu.id} has an NVLink bandwidth; see data/systems")
    peer = box.facts.get("peer_bandwidth")
    each = one_direction(both.value)
    return Link(kind, each, latency, both.source, both.kind, peer.value if peer else None), ""


def between(box: Box, per_node: int) -> tuple[Link, str]:
    """The link between machines, shared by the GPUs of one, and what was assumed of it."""
    kind = box.inter or "ethernet"
    defaults = kinds()[kind]
    fact = box.facts.get("inter_bandwidth") or defaults["node_bandwidth"]
    share = box.gpus if box.gpu else per_node
    told = f"{fact.text} of {kind} per machine" if fact.kind == "assumed" else ""
    latency = float(defaults["latency"].value)
    return Link(kind, fact.value / 8 / share, latency, fact.source, fact.kind), told


def _pcie(gpu: Gpu, latency: float) -> tuple[Link, str]:
    generation, lanes = gpu.value("pcie_generation"), gpu.value("pcie_lanes")
    fact = gpu.fact("pcie_generation")
    if fact and generation and lanes:
        return Link("pcie", pcie_bandwidth(generation, lanes), latency, fact.source, "derived"), ""
    told = f"PCIe {_PCIE[0]}.0 x{_PCIE[1]}, since the GPU's own was not read"
    return Link("pcie", pcie_bandwidth(*_PCIE), latency, "estimate", "assumed"), told


def _box(key: str, raw: Mapping[str, Any], where: str) -> Box:
    unknown = [name for name in raw if name not in _PLAIN and name not in _FACTS]
    if unknown:
        raise DataError(f"{where}: no field '{unknown[0]}'; one of {', '.join((*_PLAIN, *_FACTS))}")
    for name in ("intra", "inter"):
        if raw.get(name) and raw[name] not in kinds():
            raise DataError(f"{where}.{name}: no link '{raw[name]}'; one of {', '.join(kinds())}")
    return Box(
        id=key,
        name=raw["name"],
        gpu=raw["gpu"],
        gpus=raw["gpus"],
        provider=raw.get("provider", ""),
        instance=raw.get("instance", ""),
        optional=raw.get("optional", False),
        note=raw.get("note", ""),
        intra=raw.get("intra", ""),
        inter=raw.get("inter", ""),
        facts=_facts(raw, where),
    )


def _facts(raw: Mapping[str, Any], where: str) -> Mapping[str, Fact]:
    return MappingProxyType(
        {name: _fact(raw[name], name, f"{where}.{name}") for name in _FACTS if name in raw}
    )


def _fact(raw: Any, name: str, where: str) -> Fact:
    """One fact, its kind that of its source where the value does not say it."""
    try:
        return reading.facts(raw, _FACTS[name], where, own=_own_sources())[0]
    except UsageError as fault:
        raise DataError(str(fault)) from None
