"""GPUs as columns (G, 1): what the catalogue says of them, their memory, links and power limit."""

from __future__ import annotations

import math
from dataclasses import field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.coefficients import section
from whichgpu.cost.parallel.joined import fabric, is_card, together
from whichgpu.values import immutable

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from numpy.typing import NDArray

    from whichgpu.hardware.gpu import Gpu

    Column = NDArray[np.float64]

#: Vendors whose kernels of experts have the same tiles with matrix units as without (`kernel_mul_mm_id`).
_TILED_ALIKE = ("Apple",)

#: Families of accelerators for which a compiler lays out a whole graph.
_GRAPHS = ("gaudi", "tpu", "neuron")

#: No cap takes more of the clock: below it a card does not run.
_LEAST_CLOCK = 0.02


def _has_metal(gpu: Gpu) -> bool:
    return gpu.vendor == "Apple"


def _has_ecc_gddr(gpu: Gpu) -> bool:
    """Whether its memory keeps check bits among the data, as that of server boards with GDDR does."""
    kind = str(gpu.value("memory_type") or "")
    return gpu.segment == "datacenter" and kind.startswith(("GDDR5", "GDDR6"))


@immutable(slots=False)
class Columns:
    """Several GPUs side by side; every column is (G, 1), NaN where the catalogue has no value."""

    gpus: tuple[Gpu, ...]
    #: W that a power cap leaves each GPU; infinite where none is set.
    cap: float = np.inf
    #: Whether FP16 products accumulate in FP16, which GeForce does at twice the rate; of each GPU where they
    #: differ in it.
    narrow: bool | tuple[bool, ...] = False
    #: The machine that they stand in, by its id; "" for the one that is built for them.
    system: str = ""
    #: Of NVLink: "bridge" where cards have the one that is sold apart, "none" where none works, "host" where
    #: copies from GPU to GPU are off as well.
    joined_by: str = ""
    #: Chips on which FP16 networks are computed in FP32.
    widens: tuple[str, ...] = ()
    #: Seconds of the host for a kernel of a forward pass, where a job states them; 0 where none does.
    launch: float = 0.0
    #: B/s from one machine to others, one way, where a job states them; 0 where none does.
    network: float = 0.0
    #: GPUs of one machine, where a job states them; 0 where none does.
    node: float = 0.0
    #: The kind of host, "desktop" or "server"; "" for the usual one of each GPU.
    host: str = ""
    _columns: dict[str, Column] = field(default_factory=dict, init=False, repr=False, compare=False)
    _peaks: dict[str, Column] = field(default_factory=dict, init=False, repr=False, compare=False)
    _strains: dict[str, Column] = field(default_factory=dict, init=False, repr=False, compare=False)
    #: What `Paired` sweeps have read of these GPUs, by method and arguments; what is `known`, by function.
    told: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def along(self, columns: NDArray[Any]) -> NDArray[Any]:
        """What holds of each GPU, (.., G, 1), as it meets the jobs of a sweep: all of them on every GPU."""
        return columns

    def each(self, read: Callable[[Gpu], Any]) -> NDArray[Any]:
        """What is read of each GPU, as a column."""
        return self.along(np.array([[read(gpu)] for gpu in self.gpus]))

    def known(self, read: Callable[[Gpu], Any]) -> NDArray[Any]:
        """What is read of each GPU, as a column: kept, of a function that always says the same."""
        if read not in self.told:
            self.told[read] = self.each(read)
        found: NDArray[Any] = self.told[read]
        return found

    def by_count(self, counts: NDArray[np.float64], read: Callable[[int, float], float]) -> Column:
        """What is read of each GPU, by its place, and of each job's number, (J,): (G, J)."""
        asked = counts.tolist()
        rows = [{n: read(g, n) for n in dict.fromkeys(asked)} for g in range(len(self.gpus))]
        return np.array([[row[n] for n in asked] for row in rows])

    def shape(self, jobs: int) -> tuple[int, int]:
        """That of the answers of so many jobs: (G, J)."""
        return len(self.gpus), jobs

    def place(self, g: Any, j: Any) -> Any:
        """Which of the GPUs the cells of a sweep are on, given their rows and columns."""
        del j
        return g

    def column(self, name: str) -> Column:
        """A numeric field of the catalogue in SI units."""
        found = self._columns.get(name)
        if found is None:
            values = [gpu.value(name) for gpu in self.gpus]
            found = np.array([np.nan if v is None else float(v) for v in values])[:, None]
            self._columns[name] = found
        return found

    @cached_property
    def tiled_alike(self) -> NDArray[np.bool_]:
        """Whether matrix units take the small tiles that plain units take, (G, 1): Metal's simdgroups do."""
        return np.array([[gpu.vendor in _TILED_ALIKE] for gpu in self.gpus])

    @cached_property
    def amd(self) -> NDArray[np.bool_]:
        """Whether AMD makes it, (G, 1), so that ROCm's libraries and engines' paths for them run."""
        return np.array([[gpu.vendor == "AMD"] for gpu in self.gpus])

    @cached_property
    def miopen(self) -> NDArray[np.bool_]:
        """Whether MIOpen runs convolutions, (G, 1), and not cuDNN.

        It takes maps with their channels first as they are (ROCm documentation, "MIOpen provider operation
        support"), and 3x3 convolutions in 16 bits by Winograd's algorithm (ROCm/MIOpen issue 2492).
        """
        return self.amd

    def without_winograd(self, tensor: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Where a library multiplies all that 3x3 convolutions count, given where they are on `tensor` cores.

        cuDNN does there; Metal Performance Shaders have no such algorithm (P. Turner, who planned one:
        gist.github.com/philipturner/a967b23ef3188464da67842c5c83cb6e).
        """
        return np.asarray((tensor & ~self.miopen) | self.known(_has_metal))

    @cached_property
    def cudnn(self) -> NDArray[np.bool_]:
        """Whether a library like cuDNN is handed maps one convolution at a time, (G, 1).

        MIOpen takes them in either order; accelerators that are no GPUs are given whole graphs, whose
        compiler chooses the order.
        """
        return np.array([[gpu.vendor != "AMD" and gpu.family not in _GRAPHS] for gpu in self.gpus])

    @cached_property
    def bandwidth(self) -> Column:
        """Memory bandwidth in B/s that a long copy can expect."""
        known = section("vendor_memory")
        vendor = np.array(
            [[known.get(gpu.architecture, known.get(gpu.vendor, known["other"]))] for gpu in self.gpus]
        )
        return np.asarray(self.streaming * vendor)

    @cached_property
    def reading(self) -> Column:
        """Memory bandwidth in B/s of what is only read, as weights and caches are: `bandwidth` but for ECC.

        Of what a server board's GDDR reads, 1/16 more is check bits. A write of less than what they cover
        reads first, so a step that also writes loses more.
        """
        return np.asarray(self.bandwidth * self._spared)

    @cached_property
    def sheer(self) -> Column:
        """Memory bandwidth in B/s that nothing beats which is only read: `streaming` but for ECC."""
        return np.asarray(self.streaming * self._spared)

    @cached_property
    def _spared(self) -> Column:
        """What only reading gets of a memory's bandwidth over what also writing does, (G, 1)."""
        c = section("memory")
        return self.each(lambda gpu: float(c["ecc_reads"] / c["ecc_gddr"]) if _has_ecc_gddr(gpu) else 1.0)

    @cached_property
    def streaming(self) -> Column:
        """Memory bandwidth in B/s that is left for data.

        GDDR server boards lose some to ECC, chips before Volta to their controllers, Apple's chips of two
        dies some between them, and what shares LPDDR5X with a processor to the order in which it is asked.
        """
        c = section("memory")

        def left(gpu: Gpu) -> float:
            delivered = float(c["delivered"].get(gpu.architecture, c["delivered"].get(gpu.family, 1.0)))
            if _has_ecc_gddr(gpu):
                return delivered * float(c["ecc_gddr"])
            if delivered < 1.0:
                return delivered
            if gpu.vendor == "NVIDIA" and str(gpu.value("memory_type") or "").startswith("LPDDR5X"):
                return float(c["lpddr"])
            return float(c["two_dies"]) if gpu.value("chip") in c["two_dies_chips"] else 1.0

        return np.asarray(self.column("bandwidth") * self.each(left))

    @cached_property
    def last_level(self) -> Column:
        """B of the L2, or of the cache behind it."""
        return np.array([[_last_level(gpu)] for gpu in self.gpus])

    @cached_property
    def passing(self) -> Column:
        """Bandwidth in B/s that activations see, which pass from one op to the next: L2 serves some of them.

        Half of what an op moves it reads, and the op before it wrote that. An L2 of C bytes still holds
        C / (C + m) of it, with m what an op of a usual batch moves: a constant, so that no larger batch
        makes fewer images.
        """
        c = section("memory")
        held = self.last_level / (self.last_level + c["moved"])
        return np.asarray(self.bandwidth / (1.0 - c["read"] * held))

    @cached_property
    def nvlink(self) -> Column:
        """One-way rate in B/s of NVLink, or of the fabric of the machine built for a GPU; 0 without."""
        own = np.nan_to_num(self.column("nvlink"), nan=0.0) / 2.0
        other = np.array([fabric(gpu.id)[0] for gpu in self.gpus])[:, None]
        return np.asarray(np.where(own > 0, own, other) * section("links")["nvlink"])

    @cached_property
    def pair(self) -> Column:
        """Of `nvlink`, what one other GPU gets where each pair has links of its own; 1 of a switch."""
        switched = np.nan_to_num(self.column("nvlink"), nan=0.0) > 0
        return np.where(switched, 1.0, np.array([fabric(gpu.id)[1] for gpu in self.gpus])[:, None])

    @cached_property
    def nvlink_gpus(self) -> Column:
        """GPUs that NVLink joins: of cards none beside itself, unless the job says that they have the bridge.

        It is sold apart, and published machines with cards scale from 2 to 4 as from 1 to 2. Those called NVL
        come with it.
        """
        off = self.joined_by in ("none", "host")
        apart = [off or (is_card(gpu) and not self.joined_by) for gpu in self.gpus]
        usual = np.array([[together(gpu.id)] for gpu in self.gpus])
        stated = self.column("nvlink_gpus")
        most = np.where(np.isnan(stated) | (self.pair < 1.0), usual, stated)
        return np.where(np.array(apart)[:, None], np.minimum(most, 1.0), most)

    @cached_property
    def machine(self) -> Column:
        """GPUs of the largest machine that is built for each, or that NVLink joins where these are more.

        Of the machine that a job states, whose switches join no other; a rack that NVLink joins stays one.
        """
        built = np.array([[together(gpu.id)] for gpu in self.gpus])
        most = np.maximum(self.nvlink_gpus, built)
        racks = self.nvlink_gpus > section("links")["node"]
        return np.asarray(np.where((self.node > 0.0) & ~racks, self.node, most))

    @cached_property
    def pcie(self) -> Column:
        """One-way rate of PCIe in B/s."""
        c = section("links")
        lanes = np.nan_to_num(self.column("pcie_lanes"), nan=16.0)
        generation = np.nan_to_num(self.column("pcie_generation"), nan=3.0).astype(int)
        lane = np.array(c["pcie_lane"])[np.clip(generation, 1, len(c["pcie_lane"]) - 1)]
        return np.asarray(c["pcie"] * lanes * lane)

    @cached_property
    def staged(self) -> NDArray[np.bool_]:
        """Whether GPUs without NVLink reach each other through the host's memory only, (G, 1).

        Drivers allow no peer-to-peer copies over PCIe between GeForce cards since Turing. Where NVLink of
        modules does not work they are passed through to a virtual machine, which allows none either. A job
        may say that they are off (`NCCL_P2P_DISABLE=1`).
        """
        known = section("links")["peer_to_peer_geforce"]
        return np.array(
            [(gpu.segment in ("geforce", "laptop") and gpu.vendor == "NVIDIA" and gpu.family not in known)
             or (self.joined_by == "none" and not is_card(gpu) and bool(gpu.value("nvlink")))
             or self.joined_by == "host"
             for gpu in self.gpus]
        )[:, None]  # fmt: skip

    @cached_property
    def power(self) -> Column:
        """Power limit of one GPU in W (a board's limit shared by its GPUs), or the cap below it.

        A laptop's may be stated above what its part is rated at, up to what makers set.
        """
        most = np.where(np.isfinite(self.cap), np.fmax(self.limit, self.known(_most_of_limit)), self.limit)
        return np.asarray(np.minimum(most, self.cap))

    @cached_property
    def limit(self) -> Column:
        """Power limit of one GPU in W, as it is sold."""
        per_board = np.nan_to_num(self.column("units_per_board"), nan=1.0)
        return np.asarray(self.column("power") / np.maximum(per_board, 1.0))

    @cached_property
    def usual(self) -> Column:
        """Power limit in W that a GPU's clocks answer to, (G, 1), which no cap changes but a laptop's.

        A laptop's maker sets it: what is stated of it is the limit that the part ships with there. Nobody
        having stated it, it is the middle of the range.
        """
        if np.isfinite(self.cap):
            return np.where(self._of_laptops, self.power, self.limit)
        return np.asarray(np.fmin(self.known(_middle_of_limit), self.limit))

    @cached_property
    def _of_laptops(self) -> NDArray[np.bool_]:
        return np.array([[gpu.segment == "laptop"] for gpu in self.gpus])

    @cached_property
    def capped(self) -> Column:
        """Share of the arithmetic rate that a cap below the limit leaves; 1 without one, and of a laptop.

        A laptop's cap is the limit that `usual` has, by which `clocked` knows what its clock is.
        What a busy card draws (`busy` of its limit) above what no clock saves (`floor`) goes with f V^2:
        with the cube of the clock where the voltage follows, with the clock itself at the least voltage.
        The exponent of the clock in that power, `exponent_cap`, lies between 1/3 and 1.
        """
        c = section("power")
        left = (self.power / self.limit - c["floor"]) / (c["busy"] - c["floor"])
        share = np.clip(left, _LEAST_CLOCK, 1.0) ** c["exponent_cap"]
        return np.asarray(np.where(self._of_laptops, 1.0, np.nan_to_num(share, nan=1.0)))


def range_of_limit(gpu: Gpu) -> tuple[float, float] | None:
    """Between how many W the maker of a laptop sets a GPU's limit; None of others, and where it is known.

    Where the catalogue's limit is inside of that range it is the usual one.
    """
    if gpu.segment != "laptop":
        return None
    least, most, limit = (float(gpu.value(name) or math.nan) for name in ("power_min", "power_max", "power"))
    return None if not least < most or least < limit < most else (least, most)


def _middle_of_limit(gpu: Gpu) -> float:
    return math.sqrt(math.prod(range_of_limit(gpu) or (math.nan,)))


def _most_of_limit(gpu: Gpu) -> float:
    """W that makers of laptops set at the most; NaN of other GPUs, and where it is not known."""
    return float(gpu.value("power_max") or math.nan) if gpu.segment == "laptop" else math.nan


def _last_level(gpu: Gpu) -> float:
    """L2 of a GPU in B; where no source says, the most that a part of its chip has, which is on the die."""
    stated = gpu.value("l2")
    found = of_chip("l2", gpu.family, str(gpu.value("chip") or "")) if stated is None else float(stated)
    return 0.0 if np.isnan(found) else found


@lru_cache(maxsize=256)
def of_chip(name: str, family: str, chip: str) -> float:
    """The most that a part of a chip has of a numeric field; NaN where none states it."""
    from whichgpu.hardware.catalogue import catalogue

    known = (part for part in catalogue().values() if chip and part.family == family)
    values = [part.value(name) for part in known if part.value("chip") == chip]
    return max((float(value) for value in values if value is not None), default=np.nan)
