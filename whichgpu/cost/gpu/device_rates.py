"""The rates of GPUs as columns (G, 1): of each format and clock, and what the power limit leaves of them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.coefficients import section
from whichgpu.cost.gpu import hosts
from whichgpu.cost.gpu.device_columns import Columns, of_chip
from whichgpu.hardware.parts import kept

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from whichgpu.cost.gpu.device_columns import Column
    from whichgpu.hardware.gpu import Gpu


def stand_in(gpu: Gpu, dtype: str) -> str:
    """The field of the units that do the products of a format that a GPU has none for; "" where none do.

    FP4 weights are widened to 16 bits on the way to the tensor cores (weight-only kernels); FP16 and BF16
    are equally wide, so a part that has only one runs what is asked in the other in it, numbers in BF16 only
    where they are widened weights (`support`); where no source states a rate of INT8 it is that of FP8, or of
    16 bits, to which bitsandbytes widens such weights. A part without matrix units and without FP16
    (Maxwell) widens FP16 numbers and multiplies in FP32, as cuBLAS does, and Metal BF16 ones.
    """
    if gpu.value(dtype) is not None:
        return ""
    plain = dtype == "fp16" and gpu.variant is not None and gpu.variant.plain
    if dtype == "bf16" and gpu.variant is not None and gpu.variant.widens_bf16:
        return "fp32" if gpu.value("fp32") is not None else ""
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


#: Families whose schedulers issue two instructions a clock.
_ISSUE_TWO = ("kepler", "maxwell", "pascal")

#: In place of a format: products on plain units.
PLAIN = "plain"

#: Tensor cores are twice as fast as plain units, or there is none of their own.
CLEARLY = 1.4


class Rates(Columns):
    """What each GPU computes a second, by format, and what its power limit leaves of that."""

    def peaks(self, dtypes: tuple[str, ...], *, tf32: bool | tuple[bool, ...] = False) -> NDArray[np.float64]:
        """Peak rate per dtype as (O, G, 1), in FLOP/s or OP/s, or as (1, G, 1) of one dtype; NaN for none.

        With `tf32` products of FP32 numbers run on TF32 tensor cores where the GPU has them, which is
        what several frameworks do `unasked`. It differs between GPUs in `Paired` alone.
        """
        known = {dtype: self.peak(dtype) for dtype in set(dtypes)}
        if tf32 and "fp32" in known:
            known["fp32"] = np.fmax(known["fp32"], self.unasked)
        # Most ops of a kind are of one.
        return np.array([known[dtype] for dtype in (dtypes if len(known) > 1 else known)])

    @cached_property
    def unasked(self) -> Column:
        """Rate of TF32 in FLOP/s where frameworks take it for FP32 products unasked; NaN where none does.

        They do so on NVIDIA's GPUs alone (tf.config.experimental.enable_tensor_float_32_execution). Under
        ROCm PyTorch takes FP32 unless an environment variable says otherwise (pytorch issue 130600), and
        MIOpen had no such convolutions before September 2025 (pull 162943).
        """
        return np.where(self.each(lambda gpu: gpu.vendor == "NVIDIA"), self.column("tf32"), np.nan)

    def peak(self, dtype: str) -> Column:
        """Peak rate of one dtype, (G, 1).

        A chip whose FP16 units are slower than its FP32 ones (Pascal's consumer parts: 1/64) widens FP16
        numbers, and those of formats that FP16 stands in for, and multiplies in FP32, as cuDNN and cuBLAS do.
        FP64 products run on tensor cores where the part has them for it. Formats for which `stand_in` names
        other units run on those.
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
        halves = [[dtype == "fp16" or stand_in(gpu, dtype) == "fp16"] for gpu in self.gpus]
        return np.where(halves, np.fmax(stated, self.vector), stated)

    @staticmethod
    def _rate(gpu: Gpu, dtype: str) -> float:
        value = gpu.value(stand_in(gpu, dtype) or dtype)
        return float("nan") if value is None else float(value)

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
            stated[i] = of_chip("clock_boost", gpu.family, str(gpu.value("chip") or ""))
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
        (GA10x, Ada, Hopper) loads and indices take their slots from multiply-adds. A peak that counts pairs
        of instructions (RDNA 3) is twice what libraries issue.
        """
        c = section("products")
        single = self.each(lambda gpu: gpu.family not in _ISSUE_TWO)
        paired = self.each(lambda gpu: gpu.architecture in c["dual_issue"])
        left = np.where(paired, 0.5 * self.vector, np.inf)
        return np.where(single, np.minimum(c["multiply_adds"] * self.issued, left), np.inf)

    @cached_property
    def slowness(self) -> Column:
        """Factor on the time that a host takes for a launch (`cost/gpu/hosts.py`)."""
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
    def fed_plain(self) -> Column:
        """What the plain units of an SM ask for over what the reference's tensor cores do, (G, 1)."""
        return np.asarray(self._per_sm(self.vector) / section("products")["rate_reference"])

    @cached_property
    def maturity(self) -> Column:
        """Factor on every matrix efficiency for software away from CUDA."""
        known = section("vendor")
        named = [known.get(gpu.family, known.get(gpu.vendor, known["other"])) for gpu in self.gpus]
        return np.array(named)[:, None]

    @cached_property
    def plain_maturity(self) -> Column:
        """The same of a framework's matrix products on plain units."""
        known = section("vendor_plain")
        return np.asarray(np.fmax(self.maturity, self.each(lambda gpu: known.get(gpu.family, 0.0))))

    @cached_property
    def trained(self) -> Column:
        """Factor on `maturity` of products of language models in training."""
        known = section("vendor_trainer")
        return self.each(lambda gpu: known.get(gpu.architecture) or known.get(gpu.family, known["other"]))

    @cached_property
    def sustained(self) -> Column:
        """Share of the peak that the best products keep up, in language models' training and prompts."""
        c = section("products")
        return np.array([[c["sustained_of"].get(gpu.architecture, c["sustained"])] for gpu in self.gpus])

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
        """A rate of FP16 products as jobs sum them: GeForce adds up in FP16 at twice that of FP32.

        Pairs on plain units of Maxwell and Pascal are summed in FP16 alone (HFMA2): products that a job
        sums in FP32 go through the units of FP32 there.
        """
        wide = np.where(self.unmixed, np.fmin(rate, self.vector), rate)
        if self.narrow is False:
            return np.asarray(wide)
        return np.where(np.array(self.narrow)[..., None], np.fmax(rate, self.column("fp16_acc16")), wide)

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
    def paired(self) -> NDArray[np.bool_]:
        """Whether 16-bit numbers go through plain units in pairs, (G, 1), where there are no tensor cores."""
        plain = np.array([[gpu.variant is not None and gpu.variant.plain] for gpu in self.gpus])
        return np.asarray(plain & (self.column("fp16") > CLEARLY * self.vector))

    @cached_property
    def unmixed(self) -> NDArray[np.bool_]:
        """Whether pairs of 16-bit numbers cannot be summed in FP32, (G, 1)."""
        known = section("products")["unmixed"]
        return np.asarray(self.paired & np.array([[gpu.family in known] for gpu in self.gpus]))

    @cached_property
    def integer_rate(self) -> Column:
        """INT8 rate that is left for products, (G, 1): plain lanes unpack between them what they multiply."""
        tensor = self.peak("fp16") > 1.5 * self.vector
        return np.asarray(self.peak("int8") * np.where(tensor, 1.0, section("products")["dot"]))

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

    def throttle(
        self, exponent: Any, dtype: str = "fp16", busy: Column | float = 1.0, idle: Any = 0.0
    ) -> Column:
        """Share of the rate that the power limit leaves: (1 + (appetite / limit)^4)^(-exponent / 4).

        Both are taken above what board and memory draw at any clock. Scaled to 1 for a
        chip whose appetite equals its limit, and never above 1; 1 where the power is not in the catalogue.
        `dtype` as in `appetite`; `busy` is the share of the SMs that have something to do, `idle` that of the
        time in which their tensor cores have nothing.
        """
        strain = busy * self._in_turns(dtype, idle)
        share = (1.0 + strain**4) ** (-exponent / 4.0) / 2.0 ** (-exponent / 4.0)
        return np.asarray(np.minimum(share, 1.0))

    def clocked(
        self, exponent: Any, dtype: str = "fp16", busy: Column | float = 1.0, idle: Any = 0.0
    ) -> Column:
        """Share of the rated arithmetic that the power limit leaves: `throttle`, less at the least voltage.

        Down to about half of the boost clock the voltage falls with it; at a strain beyond `least_voltage`
        power is linear in the clock, so that the rate falls by `exponent_beyond` more. Above 1 for a laptop
        whose limit leaves a higher clock than it is rated for. Products have no more than what a card was
        measured to hold, where that is known.
        """
        c = section("power")
        strain = np.maximum(busy * self._in_turns(dtype, idle), 1e-9)
        beyond = np.minimum(c["least_voltage"] / strain, 1.0)
        left = self.throttle(exponent, dtype, busy, idle) * beyond ** c["exponent_beyond"]
        share = np.asarray(left * self.clock_open / self.clock)
        return np.minimum(share, self.known(_held) / self.clock) if dtype else share

    def _in_turns(self, dtype: str, idle: Any) -> Column:
        """The strain in the mean over the time, of which tensor cores have nothing to do for a share."""
        found = self._strain(dtype)
        return np.asarray(found + idle * (self._strain("") - found)) if np.any(idle) else found

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


def _held(gpu: Gpu) -> float:
    """Hz that a card was measured to hold in products that go on; without end of others."""
    return float(section("power")["held"].get(gpu.id, np.inf))


def _power_family(gpu: Gpu) -> str:
    """The architecture where what its SMs draw is known, else its family."""
    return gpu.architecture if gpu.architecture in section("power")["sm"] else gpu.family


def _memory_watts(memory_type: str) -> float:
    c = section("power")
    name = memory_type.upper()
    for prefix, key in (("HBM", "memory_hbm"), ("GDDR7", "memory_gddr7"), ("GDDR6X", "memory_gddr6x")):
        if name.startswith(prefix):
            return float(c[key])
    return float(c["memory_gddr6"])
