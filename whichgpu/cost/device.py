"""GPUs as columns (G, 1): what the kernel models read of the hardware."""

from __future__ import annotations

from dataclasses import field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost import hosts
from whichgpu.cost.classes import kin, lineage, memory_kind
from whichgpu.cost.coefficients import section
from whichgpu.cost.joined import fabric, has_bridge, is_card, together
from whichgpu.cost.traits import Traits
from whichgpu.errors import UsageError
from whichgpu.hardware.parts import kept
from whichgpu.values import immutable

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from numpy.typing import NDArray

    from whichgpu.cost.runtime import Runtime
    from whichgpu.hardware.gpu import Gpu

    Column = NDArray[np.float64]


def stand_in(gpu: Gpu, dtype: str) -> str:
    """The field of the units that do the products of a format that a GPU has none for; "" where none do.

    FP4 weights are widened to 16 bits on the way to the tensor cores (weight-only kernels); FP16 and BF16
    are equally wide, so a part that has only one runs what is asked in the other in it, numbers in BF16 only
    where they are widened weights (`support`); where no source states a rate of INT8 it is that of FP8, or of
    16 bits, to which bitsandbytes widens such weights. A part without matrix units and without FP16
    (Maxwell) widens FP16 numbers and multiplies in FP32, as cuBLAS does.
    """
    if gpu.value(dtype) is not None:
        return ""
    plain = dtype == "fp16" and gpu.variant is not None and gpu.variant.plain
    wider = (*_STAND_INS.get(dtype, ()), *(("fp32",) if plain else ()))
    return next((name for name in wider if gpu.value(name) is not None), "")


def widened(gpu: Gpu, chips: Sequence[str]) -> bool:
    """Whether a GPU is of one of the chips on which software computes FP16 networks in FP32."""
    return str(gpu.value("chip") or "").startswith(tuple(chips)) if chips else False


#: By format, the units that run it where its own are missing, the best first.
_STAND_INS = {
    "fp4": ("bf16", "fp16"),
    "fp16": ("bf16",),
    "bf16": ("fp16",),
    "fp8": ("fp16",),
    "int8": ("fp8_acc16", "fp8", "bf16", "fp16"),
}


#: Vendors whose kernels of experts have the same tiles with matrix units as without (`kernel_mul_mm_id`).
_TILED_ALIKE = ("Apple",)

#: Families whose schedulers issue two instructions a clock.
_ISSUE_TWO = ("kepler", "maxwell", "pascal")

#: Families of accelerators for which a compiler lays out a whole graph.
_GRAPHS = ("gaudi", "tpu", "neuron")

#: In place of a format: products on plain units.
PLAIN = "plain"

#: Tensor cores are twice as fast as plain units, or there is none of their own.
CLEARLY = 1.4


@immutable(slots=False)
class Devices:
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
    #: The kind of host, "desktop" or "server"; "" for the usual one of each GPU.
    host: str = ""
    _columns: dict[str, Column] = field(default_factory=dict, init=False, repr=False, compare=False)
    _peaks: dict[str, Column] = field(default_factory=dict, init=False, repr=False, compare=False)
    _strains: dict[str, Column] = field(default_factory=dict, init=False, repr=False, compare=False)
    #: What `Paired` sweeps have read of these GPUs, by method and arguments; what is `known`, by function.
    told: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def of(
        cls, gpus: Sequence[Gpu], cap: float = np.inf, *, narrow: bool | tuple[bool, ...] = False,
        system: str = "", joined_by: str = "", widens: Sequence[str] = (), launch: float = 0.0,
        network: float = 0.0, host: str = "",
    ) -> Devices:  # fmt: skip
        """The columns of these GPUs, in order, under a power cap in W; raises `UsageError` for none."""
        if not cap > 0:
            raise UsageError(f"power_limit: {cap:g} W leaves nothing to run on; write e.g. power_limit=150 W")
        joined_by = joined_by or ("bridge" if system and has_bridge(system) else "")
        key = tuple(map(id, gpus)), cap, narrow, system, joined_by, tuple(widens), launch, network, host
        if key not in _devices:
            if len(_devices) >= _KEPT:
                _devices.clear()
            # What is kept holds its GPUs, so that no other can have their ids.
            _devices[key] = cls(tuple(gpus), *key[1:])
        return _devices[key]

    def along(self, columns: NDArray[Any]) -> NDArray[Any]:
        """What holds of each GPU, (.., G, 1), as it meets the jobs of a sweep: all of them on every GPU."""
        return columns

    def each(self, read: Callable[[Gpu], Any]) -> NDArray[Any]:
        """What is read of each GPU, as a column."""
        return self.along(np.array([[read(gpu)] for gpu in self.gpus]))

    def under(self, stack: Runtime, read: Callable[[Runtime, Devices], NDArray[Any]]) -> NDArray[Any]:
        """What holds of each GPU under what runs there, (.., G, 1), as it meets the jobs of a sweep."""
        return read(stack, self)

    def known(self, read: Callable[[Gpu], Any]) -> NDArray[Any]:
        """What is read of each GPU, as a column: kept, of a function that always says the same."""
        if read not in self.told:
            self.told[read] = self.each(read)
        found: NDArray[Any] = self.told[read]
        return found

    def said(
        self, stack: Runtime, about: Callable[[Runtime], Hashable], read: Callable[[Runtime, Gpu], Any]
    ) -> tuple[Any, ...]:  # fmt: skip
        """What is said of each GPU under what runs there; what it is `about` is all that it hangs on."""
        del about
        return tuple(read(stack, gpu) for gpu in self.gpus)

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

    def peaks(self, dtypes: tuple[str, ...], *, tf32: bool | tuple[bool, ...] = False) -> NDArray[np.float64]:
        """Peak rate per dtype as (O, G, 1), in FLOP/s or OP/s, or as (1, G, 1) of one dtype; NaN for none.

        With `tf32` products of FP32 numbers run on TF32 tensor cores where the GPU has them, which is
        what several frameworks do unasked. It differs between GPUs in `Paired` alone.
        """
        known = {dtype: self.peak(dtype) for dtype in set(dtypes)}
        if tf32 and "fp32" in known:
            known["fp32"] = np.fmax(known["fp32"], self.column("tf32"))
        # Most ops of a kind are of one.
        return np.array([known[dtype] for dtype in (dtypes if len(known) > 1 else known)])

    def peak(self, dtype: str) -> Column:
        """Peak rate of one dtype, (G, 1).

        A chip whose FP16 units are slower than its FP32 ones (Pascal's consumer parts: 1/64) widens
        FP16 numbers and multiplies in FP32, as cuDNN and cuBLAS do. FP64 products run on tensor cores
        where the part has them for it. Formats for which `stand_in` names other units run on those.
        """
        if dtype not in self._peaks:
            self._peaks[dtype] = self._peak(dtype)
        return self._peaks[dtype]

    def _peak(self, dtype: str) -> Column:
        stated = np.array([self._rate(gpu, dtype) for gpu in self.gpus])[:, None]
        if dtype == "fp64":
            return np.asarray(np.fmax(stated, self.column("fp64_tensor")))
        if dtype == "fp16":
            stated = self._summed(stated)
        if dtype == "fp16" and self.widens:
            stated = np.where([[widened(gpu, self.widens)] for gpu in self.gpus], self.vector, stated)
        return np.asarray(np.fmax(stated, self.vector)) if dtype == "fp16" else stated

    @staticmethod
    def _rate(gpu: Gpu, dtype: str) -> float:
        value = gpu.value(stand_in(gpu, dtype) or dtype)
        return float("nan") if value is None else float(value)

    @cached_property
    def design(self) -> Devices:
        """The same GPUs at the power limit that they ship with."""
        return Devices.of(self.gpus)

    @cached_property
    def vector(self) -> Column:
        """Rate of plain FP32 arithmetic in FLOP/s: what runs everything but matrix products.

        Where no source states it, it is taken in proportion to the 16-bit matrix rate.
        """
        wide = np.fmax(self.column("bf16"), self.column("fp16")) * section("products")["vector_share"]
        return np.where(np.isnan(self.column("fp32")), wide, self.column("fp32"))

    @cached_property
    def sms(self) -> Column:
        """SMs or compute units; 100 where a device has neither (a TPU)."""
        return np.where(np.isnan(self.column("sms")), 100.0, self.column("sms"))

    @cached_property
    def clock(self) -> Column:
        """Boost clock in Hz: of another part of its chip where none is stated, else 1.5 GHz."""
        return np.nan_to_num(self._boost, nan=1.5e9)

    @cached_property
    def _boost(self) -> Column:
        """Boost clock in Hz; NaN where no part of a chip has one."""
        stated = self.column("clock_boost").copy()
        for i in np.flatnonzero(np.isnan(stated)).tolist():
            gpu = self.gpus[i]
            stated[i] = _of_chip("clock_boost", gpu.family, str(gpu.value("chip") or ""))
        return stated

    @cached_property
    def issue(self) -> Column:
        """Instructions a second that SMs or compute units issue, over the 128 lanes of an SM."""
        known = section("vendor_issue")
        share = np.array([known.get(gpu.vendor, known["other"]) for gpu in self.gpus])[:, None]
        return np.asarray(share * self.sms * self.clock)

    @cached_property
    def issued(self) -> Column:
        """FLOP/s of NVIDIA's SMs if each instruction that they issue were a multiply-add; else infinite.

        Four schedulers issue to a warp of 32 lanes each a clock.
        """
        each = 2.0 * 4.0 * 32.0 * self.issue
        return np.where(self.each(lambda gpu: gpu.vendor == "NVIDIA"), each, np.inf)

    @cached_property
    def multiplying(self) -> Column:
        """FLOP/s of products on plain units that instructions leave, (G, 1); infinite where they bind none.

        Since Volta a scheduler issues one instruction a clock, for 32 lanes. Where an SM has 128 lanes
        (GA10x, Ada, Hopper) loads and indices take their slots from multiply-adds.
        """
        single = self.each(lambda gpu: gpu.family not in _ISSUE_TWO)
        return np.where(single, section("products")["multiply_adds"] * self.issued, np.inf)

    @cached_property
    def slowness(self) -> Column:
        """Factor on the time that a host takes for a launch (`cost/hosts.py`)."""
        return self.each(lambda gpu: hosts.slowness(gpu, self.host))

    @cached_property
    def unsure_host(self) -> Column:
        """Log standard deviation of the time of a launch; 0 where a job states it."""
        return self.each(lambda gpu: 0.0 if self.launch else hosts.unsure(gpu, self.host))

    @cached_property
    def processor(self) -> NDArray[np.bool_]:
        """Which are no GPUs, (G, 1)."""
        return np.array([[gpu.segment == "cpu"] for gpu in self.gpus])

    @cached_property
    def pause(self) -> Column:
        """Factor on the time between two kernels: the chip drains and fills in cycles of its clock."""
        c = section("launches")
        stated = np.nan_to_num(self._boost, nan=c["clock_reference"])
        return np.asarray((c["clock_reference"] / stated) ** c["clock_exponent"])

    @cached_property
    def clock_open(self) -> Column:
        """Clock in Hz that the chip reaches where its power allows: beyond the rated one of a laptop.

        No more than a desktop card is rated for that has the same chip. Where nothing says what power a
        laptop gives, its chip is taken to hold what it is rated for.
        """
        desktop = np.array([_desktop_clock(gpu) for gpu in self.gpus])[:, None]
        return np.asarray(np.where(np.isnan(self.usual), self.clock, np.fmax(self.clock, desktop)))

    def efficiency(self, dtypes: tuple[str, ...]) -> NDArray[np.float64]:
        """Factor on every matrix efficiency: software maturity, and the law of the tensor rate; as `peaks`.

        The share of its peak that a product reaches falls as the tensor rate of an SM grows, since
        feeding it grows harder: x^-0.2 with x in FP16 FLOP per clock and SM over 1,024.
        """
        return np.asarray(self.fed(dtypes) ** section("products")["rate_exponent"] * self.maturity)

    def fed(self, dtypes: tuple[str, ...]) -> NDArray[np.float64]:
        """What an SM's tensor cores ask for, over what the reference's do; as `peaks`; 1 of plain units."""
        known = {
            dtype: np.where(self.paired, 1.0, self.rate_of(dtype) / section("products")["rate_reference"])
            for dtype in set(dtypes)
        }
        return np.array([known[dtype] for dtype in (dtypes if len(known) > 1 else known)])

    @cached_property
    def maturity(self) -> Column:
        """Factor on every matrix efficiency for software away from CUDA."""
        known = section("vendor")
        named = [known.get(gpu.family, known.get(gpu.vendor, known["other"])) for gpu in self.gpus]
        return np.array(named)[:, None]

    @cached_property
    def synchronous(self) -> Column:
        """Share of the matrix rate that products reach whose weights pass through registers."""
        known = section("products")["synchronous"]
        return np.array([[known.get(gpu.family, 1.0)] for gpu in self.gpus])

    @cached_property
    def tensor_rate(self) -> Column:
        """FP16 FLOP per clock and SM, as the job accumulates."""
        return self._per_sm(self._summed(self.column("fp16")))

    def _summed(self, rate: Column) -> Column:
        """A rate of FP16 products as jobs sum them: GeForce adds up in FP16 at twice that of FP32."""
        if self.narrow is False:
            return rate
        return np.where(np.array(self.narrow)[..., None], np.fmax(rate, self.column("fp16_acc16")), rate)

    def rate_of(self, dtype: str) -> Column:
        """What an SM's tensor cores ask for, in FP16 FLOP per clock and SM, where they multiply a format.

        Numbers of 8 bits are half as wide. GeForce halves its rate for sums in FP32, and not that of INT8.
        """
        if dtype not in ("int8", "fp8"):
            return self.tensor_rate
        stated = self.column(dtype)
        return np.where(np.isnan(stated), self.tensor_rate, self._per_sm(0.5 * stated))

    def _per_sm(self, rate: Column) -> Column:
        """A peak as FLOP per clock and SM, at the clock for which the catalogue states it."""
        stated = self.column("clock_tensor")
        clock = np.where(np.isnan(stated), self.clock, stated)
        found = rate / self.sms / clock
        return np.where(np.isnan(found), section("products")["rate_reference"], np.clip(found, 64.0, 32768.0))

    @cached_property
    def tiled_alike(self) -> NDArray[np.bool_]:
        """Whether matrix units take the small tiles that plain units take, (G, 1): Metal's simdgroups do."""
        return np.array([[gpu.vendor in _TILED_ALIKE] for gpu in self.gpus])

    @cached_property
    def miopen(self) -> NDArray[np.bool_]:
        """Whether MIOpen runs convolutions, (G, 1), and not cuDNN.

        It takes maps with their channels first as they are (ROCm documentation, "MIOpen provider operation
        support"), and 3x3 convolutions in 16 bits by Winograd's algorithm (ROCm/MIOpen issue 2492).
        """
        return np.array([[gpu.vendor == "AMD"] for gpu in self.gpus])

    @cached_property
    def cudnn(self) -> NDArray[np.bool_]:
        """Whether a library like cuDNN is handed maps one convolution at a time, (G, 1).

        MIOpen takes them in either order; accelerators that are no GPUs are given whole graphs, whose
        compiler chooses the order.
        """
        return np.array([[gpu.vendor != "AMD" and gpu.family not in _GRAPHS] for gpu in self.gpus])

    @cached_property
    def paired(self) -> NDArray[np.bool_]:
        """Whether 16-bit numbers go through plain units in pairs, (G, 1), where there are no tensor cores."""
        plain = np.array([[gpu.variant is not None and gpu.variant.plain] for gpu in self.gpus])
        return np.asarray(plain & (self.column("fp16") > CLEARLY * self.vector))

    @cached_property
    def integer_rate(self) -> Column:
        """INT8 rate that is left for products, (G, 1): plain lanes unpack between them what they multiply."""
        tensor = self.peak("fp16") > 1.5 * self.vector
        return np.asarray(self.peak("int8") * np.where(tensor, 1.0, section("products")["dot"]))

    @cached_property
    def bandwidth(self) -> Column:
        """Memory bandwidth in B/s that a long copy can expect: GDDR server boards lose some to ECC."""
        gddr_server = [
            gpu.segment == "datacenter" and str(gpu.value("memory_type") or "").startswith(("GDDR5", "GDDR6"))
            for gpu in self.gpus
        ]
        known = section("vendor_memory")
        vendor = np.array([known.get(gpu.vendor, known["other"]) for gpu in self.gpus])
        share = (vendor * np.where(gddr_server, section("memory")["ecc_gddr"], 1.0))[:, None]
        return np.asarray(self.column("bandwidth") * share)

    @cached_property
    def passing(self) -> Column:
        """Bandwidth in B/s that activations see, which pass from one op to the next: L2 serves some of them.

        Half of what an op moves it reads, and the op before it wrote that. An L2 of C bytes still holds
        C / (C + m) of it, with m what an op of a usual batch moves: a constant, so that no larger batch
        makes fewer images.
        """
        c = section("memory")
        cache = np.array([[_last_level(gpu)] for gpu in self.gpus])
        return np.asarray(self.bandwidth / (1.0 - c["read"] * cache / (cache + c["moved"])))

    @cached_property
    def traits(self) -> tuple[Traits, ...]:
        """Each GPU's traits."""
        rate, rate_narrow = (
            np.log(self.rate_of(dtype) / section("products")["rate_reference"])[:, 0]
            for dtype in ("fp16", "int8")
        )
        throttle, plain, narrow = (np.log(self.throttle(1.0, dtype))[:, 0] for dtype in ("fp16", "", "int8"))
        joined = np.where(self.nvlink > 0, self.nvlink_gpus, 0.0)
        generation = np.nan_to_num(self.column("pcie_generation"), nan=3.0)[:, 0]
        tensor32 = np.isfinite(self.column("tf32"))
        matrix = ~(self.peak("fp16") <= CLEARLY * self.vector)[:, 0] & ~self.tiled_alike[:, 0]
        staged = ["-staged" if through else "" for through in self.staged[:, 0]]
        integers = (np.nan_to_num(self.integer_rate) > self.peaks(("fp16",))[0])[:, 0]
        return tuple(
            Traits(lineage(gpu), memory_kind(gpu), float(throttle[i]), float(rate[i]),
                   float(joined[i, 0]), f"pcie{generation[i]:g}{staged[i]}", bool(tensor32[i, 0]),
                   kin(gpu), float(plain[i]), float(narrow[i]),
                   float(rate_narrow[i]), bool(matrix[i]),
                   (gpu.vendor, gpu.family) if integers[i] else ())
            for i, gpu in enumerate(self.gpus)
        )  # fmt: skip

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
        """GPUs of the largest machine that is built for each, or that NVLink joins where these are more."""
        built = np.array([[together(gpu.id)] for gpu in self.gpus])
        return np.asarray(np.maximum(self.nvlink_gpus, built))

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
        """Power limit of one GPU in W (a board's limit shared by its GPUs), or the cap below it."""
        return np.asarray(np.minimum(self.limit, self.cap))

    @cached_property
    def limit(self) -> Column:
        """Power limit of one GPU in W, as it is sold."""
        per_board = np.nan_to_num(self.column("units_per_board"), nan=1.0)
        return np.asarray(self.column("power") / np.maximum(per_board, 1.0))

    @cached_property
    def usual(self) -> Column:
        """Power limit in W that nobody stated: of a laptop, whose maker sets it, the middle of its range.

        Where the catalogue's limit is inside of that range it is the usual one.
        """
        least, most = self.column("power_min"), self.column("power_max")
        ranged = np.array([[gpu.segment == "laptop"] for gpu in self.gpus]) & (least < most)
        ranged &= ~((self.limit > least) & (self.limit < most))
        middle = np.fmin(np.sqrt(least * most), self.limit)
        return np.where(ranged & ~np.isfinite(self.cap), middle, self.limit)

    @cached_property
    def capped(self) -> Column:
        """Share of the arithmetic rate that a cap below the limit leaves; 1 without one.

        What a busy card draws (`busy` of its limit) above what no clock saves (`floor`) goes with f V^2:
        with the cube of the clock where the voltage follows, with the clock itself at the least voltage.
        The exponent of the clock in that power, `exponent_cap`, lies between 1/3 and 1.
        """
        c = section("power")
        left = (self.power / self.limit - c["floor"]) / (c["busy"] - c["floor"])
        share = np.clip(left, _LEAST_CLOCK, 1.0) ** c["exponent_cap"]
        return np.asarray(np.nan_to_num(share, nan=1.0))

    def appetite(self, dtype: str) -> Column:
        """W that the chip would draw with every unit busy, by a prior per architecture; NaN unknown.

        Above the power limit the clock falls; `throttle` turns the ratio into a factor on the rate.
        `dtype` is what the tensor cores multiply, or `PLAIN` where plain units do; "" of work that
        multiplies little.
        """
        c = section("power")
        if dtype == PLAIN:
            known = c["plain_products"]
            more = np.array([[known.get(_power_family(gpu), known["other"])] for gpu in self.gpus])
            return np.asarray(self._unclocked + more * (self.appetite("") - self._unclocked))
        tensor_rate = self.rate_of(dtype) if dtype else np.zeros((1, 1))
        pairs = np.array([c["sm"].get(_power_family(gpu), c["sm"]["other"]) for gpu in self.gpus])
        per_sm = pairs[:, :1] + pairs[:, 1:] * tensor_rate / section("products")["rate_reference"]
        return np.asarray(self._unclocked + per_sm * self.sms * self.clock_open / 1e9)

    @cached_property
    def _unclocked(self) -> Column:
        """W of board and memory, of which no lower clock of the SMs saves anything.

        A small card has a small board: no more than a share of the limit, so that its chip has the rest.
        """
        c = section("power")
        watts_per_gbs = np.array([_memory_watts(str(gpu.value("memory_type") or "")) for gpu in self.gpus])
        drawn = c["static"] + watts_per_gbs[:, None] * self.column("bandwidth") / 1e9
        return np.asarray(np.fmin(drawn, c["unclocked_most"] * self.usual))

    def throttle(self, exponent: float, dtype: str = "fp16", busy: Column | float = 1.0) -> Column:
        """Share of the rate that the power limit leaves: (1 + (appetite / limit)^4)^(-exponent / 4).

        Both are taken above what board and memory draw at any clock. Scaled to 1 for a
        chip whose appetite equals its limit, and never above 1; 1 where the power is not in the catalogue.
        `dtype` as in `appetite`; `busy` is the share of the SMs that have something to do.
        """
        share = (1.0 + (busy * self._strain(dtype)) ** 4) ** (-exponent / 4.0) / 2.0 ** (-exponent / 4.0)
        return np.asarray(np.minimum(share, 1.0))

    def clocked(self, exponent: float, dtype: str = "fp16", busy: Column | float = 1.0) -> Column:
        """Share of the rated arithmetic that the power limit leaves: `throttle`, less at the least voltage.

        Down to about half of the boost clock the voltage falls with it; at a strain beyond `least_voltage`
        power is linear in the clock, so that the rate falls by `exponent_beyond` more. Above 1 for a laptop
        whose limit leaves a higher clock than it is rated for.
        """
        c = section("power")
        beyond = np.minimum(c["least_voltage"] / np.maximum(busy * self._strain(dtype), 1e-9), 1.0)
        left = self.throttle(exponent, dtype, busy) * beyond ** c["exponent_beyond"]
        return np.asarray(left * self.clock_open / self.clock)

    def _strain(self, dtype: str) -> Column:
        """What the chip wants over what its limit leaves, both above what it draws at any clock.

        Nothing of a module, whose power mode sets the clock: the rated one is that of the rated power.
        """
        if dtype not in self._strains:
            appetite = self.appetite(dtype)
            left = np.maximum(self.usual - self._unclocked, 0.05 * appetite)
            asked = np.where(self.each(hosts.is_module), 0.0, appetite - self._unclocked)
            self._strains[dtype] = np.nan_to_num(asked / left, nan=0.0)
        return self._strains[dtype]


#: No cap takes more of the clock: below it a card does not run.
_LEAST_CLOCK = 0.02
#: Columns of the GPUs that were asked for together: in a table of jobs the same ones, again and again.
_devices: dict[tuple[Any, ...], Devices] = {}
_KEPT = 512


@kept(1024)
def _desktop_clock(gpu: Gpu) -> float:
    """Hz that a laptop's chip reaches on a desktop card; NaN of what is no laptop, or of a family unknown."""
    from whichgpu.hardware.catalogue import catalogue

    usual = section("power")["laptop_clock"].get(gpu.family, np.nan)
    if gpu.segment != "laptop" or np.isnan(usual):
        return np.nan
    chip = gpu.value("chip")
    cards = (part for part in catalogue().values() if part.segment != "laptop" and part.family == gpu.family)
    rated = [part.value("clock_boost") for part in cards if chip and part.value("chip") == chip]
    return float(min(usual, max((clock for clock in rated if clock is not None), default=usual)))


def _last_level(gpu: Gpu) -> float:
    """L2 of a GPU in B; where no source says, the most that a part of its chip has, which is on the die."""
    stated = gpu.value("l2")
    found = _of_chip("l2", gpu.family, str(gpu.value("chip") or "")) if stated is None else float(stated)
    return 0.0 if np.isnan(found) else found


@lru_cache(maxsize=256)
def _of_chip(name: str, family: str, chip: str) -> float:
    """The most that a part of a chip has of a numeric field; NaN where none states it."""
    from whichgpu.hardware.catalogue import catalogue

    known = (part for part in catalogue().values() if chip and part.family == family)
    values = [part.value(name) for part in known if part.value("chip") == chip]
    return max((float(value) for value in values if value is not None), default=np.nan)


def _power_family(gpu: Gpu) -> str:
    return "ampere_ga100" if gpu.architecture == "ampere_ga100" else gpu.family


def _memory_watts(memory_type: str) -> float:
    c = section("power")
    name = memory_type.upper()
    for prefix, key in (("HBM", "memory_hbm"), ("GDDR7", "memory_gddr7"), ("GDDR6X", "memory_gddr6x")):
        if name.startswith(prefix):
            return float(c[key])
    return float(c["memory_gddr6"])
