"""GPUs as the kernel models read them: their columns (G, 1) and rates, as one job has them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from whichgpu.cost.coefficients import section
from whichgpu.cost.gpu.device_rates import CLEARLY, Rates
from whichgpu.cost.gpu.traits import Traits
from whichgpu.cost.parallel.joined import has_bridge, seamless
from whichgpu.cost.timing.classes import kin, lineage, memory_kind
from whichgpu.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence
    from typing import Any

    from numpy.typing import NDArray

    from whichgpu.cost.job.runtime import Runtime
    from whichgpu.hardware.gpu import Gpu


class Devices(Rates):
    """Several GPUs side by side, which a job has in one way: capped, joined and served alike."""

    @classmethod
    def of(
        cls, gpus: Sequence[Gpu], cap: float = np.inf, *, narrow: bool | tuple[bool, ...] = False,
        system: str = "", joined_by: str = "", widens: Sequence[str] = (), launch: float = 0.0,
        network: float = 0.0, node: float = 0.0, host: str = "",
    ) -> Devices:  # fmt: skip
        """The columns of these GPUs, in order, under a power cap in W; raises `UsageError` for none."""
        if not cap > 0:
            raise UsageError(f"power_limit: {cap:g} W leaves nothing to run on; write e.g. power_limit=150 W")
        joined_by = joined_by or ("bridge" if system and has_bridge(system) else "")
        key = tuple(map(id, gpus)), cap, narrow, system, joined_by, tuple(widens), launch, network, node, host
        if key not in _devices:
            if len(_devices) >= _KEPT:
                _devices.clear()
            # What is kept holds its GPUs, so that no other can have their ids.
            _devices[key] = cls(tuple(gpus), *key[1:])
        return _devices[key]

    def under(self, stack: Runtime, read: Callable[[Runtime, Devices], NDArray[Any]]) -> NDArray[Any]:
        """What holds of each GPU under what runs there, (.., G, 1), as it meets the jobs of a sweep."""
        return read(stack, self)

    def said(
        self, stack: Runtime, about: Callable[[Runtime], Hashable], read: Callable[[Runtime, Gpu], Any]
    ) -> tuple[Any, ...]:  # fmt: skip
        """What is said of each GPU under what runs there; what it is `about` is all that it hangs on."""
        del about
        return tuple(read(stack, gpu) for gpu in self.gpus)

    @cached_property
    def design(self) -> Devices:
        """The same GPUs at the power limit that they ship with."""
        return Devices.of(self.gpus)

    @cached_property
    def traits(self) -> tuple[Traits, ...]:
        """Each GPU's traits."""
        rate, rate_narrow = (
            np.log(self.rate_of(dtype) / section("products")["rate_reference"])[:, 0]
            for dtype in ("fp16", "int8")
        )
        throttle, plain, narrow = (np.log(self.throttle(1.0, dtype))[:, 0] for dtype in ("fp16", "", "int8"))
        joined = np.where(self.nvlink > 0, self.nvlink_gpus, 0.0)
        joined = np.where(self.each(lambda gpu: seamless(gpu.id)), np.inf, joined)
        generation = np.nan_to_num(self.column("pcie_generation"), nan=3.0)[:, 0]
        tensor32 = np.isfinite(self.unasked)
        faster = ~(self.peak("fp16") <= CLEARLY * self.vector)[:, 0]
        matrix, alike = faster & ~self.tiled_alike[:, 0], ~faster & self.tiled_alike[:, 0]
        staged = ["-staged" if through else "" for through in self.staged[:, 0]]
        integers = (np.nan_to_num(self.integer_rate) > self.peaks(("fp16",))[0])[:, 0]
        share = self.bandwidth / (self.sms * self.clock_open * section("memory")["unpacked"])
        behind = np.round(np.minimum(share, 1.0), 1)[:, 0]
        return tuple(
            Traits(lineage(gpu), memory_kind(gpu), float(throttle[i]), float(rate[i]),
                   float(joined[i, 0]), f"pcie{generation[i]:g}{staged[i]}", bool(tensor32[i, 0]),
                   kin(gpu), float(plain[i]), float(narrow[i]),
                   float(rate_narrow[i]), bool(matrix[i]), bool(alike[i]),
                   (gpu.vendor, gpu.family) if integers[i] else (),
                   gpu.value("fp8") is not None, float(behind[i]))
            for i, gpu in enumerate(self.gpus)
        )  # fmt: skip


#: Columns of the GPUs that were asked for together: in a table of jobs the same ones, again and again.
_devices: dict[tuple[Any, ...], Devices] = {}
_KEPT = 512
