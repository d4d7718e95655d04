"""What a fit knows a GPU by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.cost.coefficients import section
from whichgpu.hardware.architecture import family_of
from whichgpu.values import immutable

if TYPE_CHECKING:
    from whichgpu.hardware.gpu import Gpu

#: By segment, what a GPU of it stands in; professional cards stand in both.
HOSTS = {"datacenter": "server", "geforce": "desk", "laptop": "desk"}
#: The year whose hosts the launch times of runtimes are of.
_FROM = 2020


@immutable
class Traits:
    """What a fit knows a GPU by: where it belongs, and the logarithms that laws multiply."""

    lineage: str
    memory: str
    throttle: float
    rate: float
    cache: float
    nvlink: float
    pcie: str
    tf32: bool
    #: Logarithm of the bandwidth that an SM has, over that of a usual part.
    feed: float = 0.0
    #: Lineages whose SMs are built alike, by one name.
    kin: str = ""
    #: `throttle` of work that leaves the tensor cores idle, and of their 8-bit formats.
    plain: float = 0.0
    narrow: float = 0.0
    #: `rate` of INT8.
    rate_narrow: float = 0.0
    #: Whether 16-bit products run on tensor cores.
    matrix: bool = True
    #: What it usually stands in: a server, whose many cores are slower each, or on a desk; "" for either.
    host: str = ""
    #: Years from 2020 to when its generation came, before it less than 0: its host is of that time.
    era: float = 0.0

    def link(self, gpus: float) -> str:
        """The link that joins `gpus` GPUs: NVLink, the machine's PCIe, or the network between machines."""
        if gpus <= self.nvlink:
            return "nvlink"
        return "network" if gpus > max(self.nvlink, section("links")["node"]) else self.pcie


def era(gpu: Gpu) -> float:
    """Years from 2020 to when a GPU's generation came; 0 where no source states it."""
    variant, family = gpu.variant, family_of(gpu.architecture)
    own = variant.year if variant else None
    year = own or (family.year if family else None)
    return float(year - _FROM) if year else 0.0
