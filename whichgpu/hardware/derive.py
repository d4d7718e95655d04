"""What follows from what: a device's figures derived from its units, clocks and architecture.

Pure functions; `derived` applies the right one to a device. Legend: SM is an SM, CU, Xe-core or core;
an FMA is one multiply and one add, two operations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.errors import DataError
from whichgpu.hardware.fields import RATES
from whichgpu.values import immutable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from whichgpu.facts.model import Fact
    from whichgpu.hardware.gpu import Gpu

#: Rates quoted at the boost clock even where the tensor peaks are quoted at a lower one, as on Hopper.
BOOST_RATES = ("fp64", "fp64_tensor", "fp32", "fp16_vector")

#: Transfers per second and lane, and the share of them that are data, by PCIe generation (PCI-SIG).
_PCIE_LANE = {1: (2.5e9, 0.8), 2: (5e9, 0.8), 3: (8e9, 128 / 130), 4: (16e9, 128 / 130), 5: (32e9, 128 / 130),
              6: (64e9, 242 / 256)}  # fmt: skip


def cores(sms: float, cores_per_sm: float) -> float:
    """Shader cores = SMs x cores per SM."""
    return sms * cores_per_sm


def tensor_cores(sms: float, tensor_cores_per_sm: float) -> float:
    """Tensor cores = SMs x tensor cores per SM."""
    return sms * tensor_cores_per_sm


def bandwidth(bus: float, data_rate: float) -> float:
    """Memory bandwidth in B/s = bus width in bit x data rate per pin in bit/s / 8."""
    return bus * data_rate / 8


def data_rate(bandwidth: float, bus: float) -> float:
    """Data rate per pin in bit/s = bandwidth in B/s x 8 / bus width in bit."""
    return bandwidth * 8 / bus


def flops(fma: float, sms: float, clock: float) -> float:
    """FLOP/s (or OP/s) = 2 x FMA per clock per SM x SMs x clock in Hz."""
    return 2 * fma * sms * clock


def ray_tracing(rt_cores: float, per_clock: float, clock: float) -> float:
    """Ray-tracing FLOP/s as NVIDIA counts it = RT cores x FLOP per clock and core x boost clock in Hz.

    The FLOP per clock follow from data sheets that state the rate; all of a generation agree within 0.5 %.
    """
    return rt_cores * per_clock * clock


def pcie_bandwidth(generation: float, lanes: float) -> float:
    """PCIe bandwidth per direction in B/s = transfers/s per lane x lanes x share of data / 8.

    Raises `DataError` for an unknown generation.
    """
    if int(generation) not in _PCIE_LANE:
        raise DataError(f"PCIe generation {generation:g} is none of {', '.join(map(str, _PCIE_LANE))}")
    rate, share = _PCIE_LANE[int(generation)]
    return rate * lanes * share / 8


def pcie_in_round_numbers(generation: float) -> float:
    """Bandwidth of 16 PCIe lanes per direction in B/s as it is told: 4 GB/s at first, doubled each time."""
    return 4e9 * float(2.0 ** (generation - 1))


def both_directions(per_direction: float) -> float:
    """NVLink, both directions = 2 x per direction."""
    return 2 * per_direction


def one_direction(both: float) -> float:
    """NVLink, per direction = both directions / 2."""
    return both / 2


@immutable
class Derivation:
    """A value that follows from others: the formula with its numbers, and the facts that went in."""

    value: float
    formula: str
    inputs: tuple[Fact, ...]


def derived(gpu: Gpu, field: str) -> Derivation | None:
    """What a field of a device should be by its formula; None without a formula or with an input missing."""
    if field in RATES:
        return _rate(gpu, field)
    rule = _RULES.get(field)
    if rule is None:
        return None
    formula, needed, function = rule
    facts = [_input(gpu, name) for name in needed]
    known = tuple(fact for fact in facts if fact)
    if len(known) < len(needed):
        return None
    words = formula.format(*(fact.text for fact in known))
    return Derivation(function(*(float(fact.value) for fact in known)), words, known)


def _input(gpu: Gpu, name: str) -> Fact | None:
    if name in ("cores_per_sm", "tensor_cores_per_sm", "rt_flop_per_clock"):
        return gpu.variant.fact(name) if gpu.variant else None
    return gpu.fact(name)


def _rate(gpu: Gpu, field: str) -> Derivation | None:
    fma = _fma(gpu, field)
    sms, clock = gpu.fact("sms"), peak_clock(gpu, field)
    if not (fma and sms and clock):
        return None
    words = f"2 x {fma.text} FMA/clock/SM x {sms.text} SMs x {clock.text}"
    return Derivation(flops(fma.value, sms.value, clock.value), words, (fma, sms, clock))


def _fma(gpu: Gpu, field: str) -> Fact | None:
    """FMA per clock per SM; where no tensor core does FP16, the plain units' rate is its rate."""
    if gpu.variant is None:
        return None
    fma = gpu.variant.fma(RATES[field])
    return gpu.variant.fma(RATES["fp16_vector"]) if fma is None and field == "fp16" else fma


def peak_clock(gpu: Gpu, field: str) -> Fact | None:
    """The clock at which a peak is quoted: the tensor clock where one is stated, else the boost clock."""
    tensor = None if field in BOOST_RATES else gpu.fact("clock_tensor")
    return tensor or gpu.fact("clock_boost")


_RULES: Mapping[str, tuple[str, tuple[str, ...], Callable[..., float]]] = {
    "cores": ("{} SMs x {} cores/SM", ("sms", "cores_per_sm"), cores),
    "tensor_cores": ("{} SMs x {} tensor cores/SM", ("sms", "tensor_cores_per_sm"), tensor_cores),
    "bandwidth": ("{} x {} / 8", ("memory_bus", "memory_data_rate"), bandwidth),
    "memory_data_rate": ("{} x 8 / {}", ("bandwidth", "memory_bus"), data_rate),
    "rt": (
        "{} RT cores x {} FLOP/clock x {}",
        ("rt_cores", "rt_flop_per_clock", "clock_boost"),
        ray_tracing,
    ),
    "nvlink_per_direction": ("{} / 2", ("nvlink",), one_direction),
    "nvlink": ("2 x {}", ("nvlink_per_direction",), both_directions),
}

#: The fields that are held against their formula (the two inverse ones would say the same twice).
DERIVABLE = ("cores", "tensor_cores", "bandwidth", "nvlink", *RATES)
