"""What a fit knows a GPU by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.cost.coefficients import section
from whichgpu.values import immutable

if TYPE_CHECKING:
    from collections.abc import Collection


@immutable
class Traits:
    """What a fit knows a GPU by: where it belongs, and the logarithms that laws multiply."""

    lineage: str
    memory: str
    throttle: float
    rate: float
    nvlink: float
    pcie: str
    #: Whether frameworks take its TF32 units for FP32 products unasked.
    tf32: bool
    #: Lineages whose SMs are built alike, by one name.
    kin: str = ""
    #: `throttle` of work that leaves the tensor cores idle, and of their 8-bit formats.
    plain: float = 0.0
    narrow: float = 0.0
    #: `rate` of INT8.
    rate_narrow: float = 0.0
    #: Whether 16-bit products run on tensor cores.
    matrix: bool = True
    #: Whether one kernel multiplies FP32 and FP16 on the same units at one rate, as Metal's simdgroups do.
    alike: bool = False
    #: Vendor and family, where products in INT8 are faster than those in 16 bits.
    integers: tuple[str, ...] = ()
    #: Whether its units multiply FP8; elsewhere what may be wider (`or_wider` of a precision) is in 16 bits.
    fp8: bool = True
    #: How far SMs that unpack what they read are behind its memory, in tenths: 0 never, 1 as a B200's.
    behind: float = 1.0

    def multiplies_as_stored(self, kernels: Collection[str]) -> bool:
        """Whether kernels for these vendors or families multiply quantised weights as INT8 here."""
        return any(name in kernels for name in self.integers)

    def link(self, gpus: float) -> str:
        """The link that joins `gpus` GPUs: NVLink, the machine's PCIe, or the network between machines."""
        if gpus <= self.nvlink:
            return "nvlink"
        return "network" if gpus > max(self.nvlink, section("links")["node"]) else self.pcie
