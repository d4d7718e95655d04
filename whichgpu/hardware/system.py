"""Systems: how many GPUs stand in a machine, and what links them inside and between machines.

Where a link's bandwidth is not on file it follows from the GPU's own NVLink or PCIe facts; what had to
be assumed is said in `System.assumptions`.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Any

from whichgpu.errors import UsageError
from whichgpu.hardware.boxes import Box, Link, between, boxes, inside
from whichgpu.values import immutable

if TYPE_CHECKING:
    from whichgpu.hardware.gpu import Gpu

__all__ = ["Link", "System", "boxes", "default_system", "instance_system", "system"]

#: Segments whose parts stand alone in their machine.
_ALONE = ("laptop", "edge", "cpu")
#: What is assumed of parts that are no cards and whose links no source states.
UNREAD = "linked through PCIe, since a link of its own was not read"


@immutable
class System:
    """`nodes` machines with `gpus_per_node` GPUs of one kind each; `host_memory` in B, of one machine."""

    id: str
    name: str
    gpu: str
    nodes: int
    gpus_per_node: int
    intra: Link | None = None
    inter: Link | None = None
    vcpus: int | None = None
    host_memory: float | None = None
    assumptions: tuple[str, ...] = ()

    @property
    def gpus(self) -> int:
        """The GPUs of all nodes."""
        return self.nodes * self.gpus_per_node

    def link(self, gpus: int) -> Link | None:
        """The slowest link that a group of so many GPUs crosses; None for one GPU alone."""
        if gpus <= 1:
            return None
        return self.inter if gpus > self.gpus_per_node else self.intra

    def __str__(self) -> str:
        nodes = f"{self.nodes} nodes of " if self.nodes > 1 else ""
        links = ", ".join(str(link) for link in (self.intra, self.inter) if link)
        return f"{self.name}: {nodes}{self.gpus_per_node} x {self.gpu}" + (f", {links}" if links else "")

    def to_dict(self) -> dict[str, Any]:
        """The system as plain values in SI units."""
        return {
            **{name: getattr(self, name) for name in self.__match_args__},
            "gpus": self.gpus,
            "intra": self.intra.to_dict() if self.intra else None,
            "inter": self.inter.to_dict() if self.inter else None,
            "assumptions": list(self.assumptions),
        }


def system(name: str, gpu: Gpu, nodes: int = 1) -> System:
    """So many machines of a kind on file, with a GPU in them.

    Raises `UsageError` for an unknown machine, one that takes another GPU, or fewer than one.
    """
    box = boxes().get(name.strip().lower())
    if box is None:
        raise UsageError(f"no system '{name}'; the systems are {', '.join(boxes())}")
    if box.gpu and box.gpu != gpu.id:
        raise UsageError(f"{box.name} has {box.gpu}, not {gpu.id}")
    return _build(box, gpu, nodes, box.gpus)


def default_system(gpu: Gpu, count: int = 1) -> System:
    """The machines in which so many GPUs usually stand, with what had to be assumed.

    The largest box on file for the GPU, else PCIe servers of eight; laptops and such stand alone.
    Raises `UsageError` for a count below one.
    """
    box, told = _usual(gpu, count)
    return _build(box, gpu, ceil(count / box.gpus), min(count, box.gpus), told)


def instance_system(provider: str, instance: str, gpu: Gpu, count: int, nodes: int = 1) -> System:
    """The system of so many cloud instances with `count` GPUs each: as read, else as the GPU implies."""
    for box in boxes().values():
        if (box.provider, box.instance) == (provider, instance) and box.gpu == gpu.id:
            return _build(box, gpu, nodes, count)
    box, told = _usual(gpu, count)
    return _build(box, gpu, nodes, count, told)


def _usual(gpu: Gpu, count: int) -> tuple[Box, str]:
    """The machine in which a GPU usually stands, and what that assumes."""
    # A card of the user's own that starts from a known one stands where that does.
    ids = (gpu.id, gpu.base)
    known = [
        box
        for box in boxes().values()
        if box.gpu in ids and box.gpu and not box.optional and not box.provider
    ]
    if known:
        box = max(known, key=lambda box: box.gpus)
        return box, f"in a {box.name}" if count > 1 else ""
    form = str(gpu.value("form_factor") or "")
    if gpu.segment in _ALONE:
        return boxes()["laptop"], ""
    if form == "SoC" or (count == 1 and gpu.segment != "datacenter"):
        return boxes()["workstation"], ""
    if count == 1:
        return boxes()["pcie-8"], ""
    if "PCIe" not in form:
        return boxes()["pcie-8"], UNREAD
    bridged = ", without NVLink bridges" if gpu.value("nvlink") else ""
    return boxes()["pcie-8"], f"in PCIe slots{bridged}"


def _build(box: Box, gpu: Gpu, nodes: int, per_node: int, told: str = "") -> System:
    if nodes < 1 or per_node < 1:
        raise UsageError(f"{nodes} machines with {per_node} GPUs cannot be; write 1 or more")
    inner, inner_told = inside(box, gpu) if per_node > 1 else (None, "")
    outer, outer_told = between(box, per_node) if nodes > 1 else (None, "")
    vcpus, memory = box.facts.get("vcpus"), box.facts.get("host_memory")
    return System(
        id=box.id,
        name=box.name,
        gpu=gpu.id,
        nodes=nodes,
        gpus_per_node=per_node,
        intra=inner,
        inter=outer,
        vcpus=int(vcpus.value) if vcpus else None,
        host_memory=float(memory.value) if memory else None,
        assumptions=tuple(text for text in (told, inner_told, outer_told) if text),
    )
