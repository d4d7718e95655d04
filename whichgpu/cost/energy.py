"""Power of one GPU under load, from what its pass does and for how long, and the power limit.

A GPU computes during a share `busy` of the pass, exchanges over its links during a share `links`, and
waits for the rest. In shares of the design power (the limit that the part ships with):

    demand  = active + products * MFU^x + plain * unpacking^x + traffic * MBU    above idle, while it computes
    demand = demand * effect("work", on.works)
    running = idle + softmin(demand, cap * limit - idle)         softmin(a, b) = (a^-q + b^-q)^(-1/q)
    P       = busy * running + links * exchanging + (1 - busy - links) * idle

MFU and MBU are the shares of the peak and of the bandwidth used while the GPU computes, not over the
whole pass: power is far from linear in them, since a chip that wants more than its limit loses clock
instead, so that a GPU that is stalled half of the time does not draw what one at half the rate draws.
Kernels that unpack quantised weights for matrix-vector products keep `unpacking` of the plain lanes busy.
`products` and `traffic` are energy per operation and per byte at the full rate over the design power.
Of a byte from GDDR the memory itself takes two to three times what HBM takes (`_per_byte`). They scale
from GPU to GPU with peak and bandwidth per watt, the first to the power `density`: each generation spends
fewer joules an operation. The smooth minimum stands for the mixture of kernels in a
pass, some of which meet the limit while others do not reach it.

Coefficients: priors in `data/fits/prior.toml`, fitted by `cost/calibration/energy_fit.py` to published
measurements (Zeus, NSDI 2023; ML.ENERGY leaderboards) into `data/fits/power.toml`.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.calibration.spread import group_of
from whichgpu.cost.coefficients import section
from whichgpu.cost.gpu.device_columns import range_of_limit
from whichgpu.cost.kernels._vectors import unpacking
from whichgpu.cost.parallel.pipeline import at_work
from whichgpu.cost.timing.classes import lineage, memory_kind
from whichgpu.facts import store
from whichgpu.values import immutable
from whichgpu.workloads.precision import precision

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from whichgpu.cost.estimates import Estimates
    from whichgpu.cost.gpu.device import Devices
    from whichgpu.cost.job.layout import Layout
    from whichgpu.cost.job.runtime import Runtime
    from whichgpu.cost.timing.time import Timing
    from whichgpu.hardware.gpu import Gpu

    Array = NDArray[np.float64]

#: FLOP/s and B/s per W of design power at which `tensor`, `plain` and `memory` hold.
TENSOR_DENSITY, PLAIN_DENSITY, BYTE_DENSITY = 1e12, 0.05e12, 4e9


@immutable
class Activity:
    """What a pass does, as shares that broadcast to (G, J).

    `busy` and `links` are shares of the pass; `mfu` and `mbu` of peak and bandwidth while it computes, and
    `unpacking` of what the lanes of plain units issue, for quantised weights.
    """

    busy: Array
    links: Array
    mfu: Array
    mbu: Array
    unpacking: Array | float = 0.0

    def slowed(self, factor: Any) -> Activity:
        """The same work in `factor` times the time, every kernel by the same factor."""
        shares = self.mfu, self.mbu, self.unpacking
        rates = (np.asarray(np.minimum(rate / factor, 1.0)) for rate in shares)
        return Activity(self.busy, self.links, *rates)


@immutable
class Chips:
    """What the law reads of the GPUs, each (G, 1): W of design power and of the limit under a cap.

    `tensor` says whether products run on tensor cores, `products`, `plain` and `traffic` are the rate of
    products, that on plain units and the bandwidth per W of design power over the reference densities, the
    last times what a byte costs over one of HBM.
    """

    design: Array
    limit: Array
    gddr: NDArray[np.bool_]
    tensor: NDArray[np.bool_]
    products: Array
    plain: Array
    traffic: Array
    lineages: tuple[str, ...]
    works: tuple[str, ...]


def activity(laid: Layout, timing: Timing, alone: Array) -> Activity:
    """What the pass of a layout does; `alone` (G, J) is the share of it without the exchange of gradients."""
    with np.errstate(invalid="ignore", divide="ignore"):
        whole = np.asarray(timing.seconds, dtype=np.float64)
        # A step of an engine waits for its host while that samples and schedules, unless it does so ahead.
        waits = laid.job.phase == "serve" and not laid.runtime.ahead
        held = np.maximum(laid.sequences, 1.0) if waits else 0.0
        exchange = np.clip(timing.communication - laid.runtime.sequence * held, 0.0, None)
        stages = at_work(laid.workload, laid.job, laid.runtime, laid.sequences)
        busy = np.clip(timing.gpu / whole, 0.0, 1.0) * alone * stages
        links = np.clip(exchange / whole * alone + (1.0 - alone), 0.0, 1.0 - busy)
        computing = np.maximum(timing.gpu, 1e-12)
        mfu = np.clip(timing.work / computing, 0.0, 1.0)
        mbu = np.clip(timing.traffic / laid.devices.bandwidth / computing, 0.0, 1.0)
        lanes = np.clip(_unpacking(laid) / computing, 0.0, 1.0)
    # None of them is infinite.
    return Activity(*(np.where(np.isnan(one), 0.0, one) for one in (busy, links, mfu, mbu, lanes)))


def _unpacking(laid: Layout) -> Array:
    """Seconds of all lanes in which the pass unpacks quantised weights, (G, J)."""
    runtime, taken = laid.runtime, np.zeros((1, 1))
    if not runtime.vector_values:
        return taken
    tables = (one.table for one in laid.work.kernels if one.table.kind == "gemm")
    each = [(table.count * unpacking(table, laid.devices, runtime)).sum(axis=0) for table in tables]
    return sum(each, start=taken)


def chips(laid: Layout | Estimates) -> Chips:
    """The columns of a layout's GPUs, for the number format that its job multiplies in."""
    devices = laid.devices
    design = devices.design.power
    plain = devices.vector
    half = np.fmax(devices.column("fp16"), devices.column("bf16"))
    wide = precision(laid.job.precision).math in ("fp32", "fp64")
    # Where no count of tensor cores is known, only they multiply so much faster than the FP32 units.
    matrix = (devices.column("tensor_cores") > 0) | (half > 2.5 * plain)
    tensor = matrix & (not wide)
    rate = np.where(tensor, half / TENSOR_DENSITY, plain / PLAIN_DENSITY)
    return Chips(
        # A laptop whose limit nobody stated is held at the middle of its range, as its clocks are.
        design=design, limit=np.fmin(devices.power, devices.usual),
        gddr=devices.known(_has_gddr),
        tensor=tensor, products=rate / design, plain=plain / PLAIN_DENSITY / design,
        traffic=devices.bandwidth * _per_byte(devices) / design / BYTE_DENSITY,
        lineages=tuple(lineage(gpu) for gpu in devices.gpus),
        works=(work_of(laid),) * len(devices.gpus),
    )  # fmt: skip


def _per_byte(devices: Devices) -> Array:
    """Energy of a byte on its way to an SM over that of one from HBM, (G, 1): GDDR itself takes more.

    What the memory takes is that of the appetite (`power` of the priors, W per GB/s); all else of the way
    to an SM is on every chip alike.
    """
    return devices.known(_byte_energy)


def _byte_energy(gpu: Gpu) -> float:
    c, whole, kind = section("power"), priors()["memory"][0] / (BYTE_DENSITY / 1e9), memory_kind(gpu)
    kind = "gddr6" if kind == "gddr5" else kind
    more = c[f"memory_{kind}"] - c["memory_hbm"] if kind in ("gddr7", "gddr6x", "gddr6") else 0.0
    return float(1.0 + more / whole)


def _has_gddr(gpu: Gpu) -> bool:
    return not memory_kind(gpu).startswith("hbm")


def work_of(laid: Layout | Estimates) -> str:
    """A workload and the width of its weights: kernels that unpack narrow ones draw more."""
    return f"{laid.workload.architecture}/{8.0 * precision(laid.job.precision).read_weight:.0f}"


def law(
    values: Mapping[str, float], doing: Activity, on: Chips, along: Callable[[Array], Array] = np.asarray
) -> Array:
    """Mean W of one GPU, (G, J), under coefficients by name; NaN where the design power is not known.

    `along` is that of the `Devices` that the chips are columns of.

    `idle@X` and `dynamic@X` are logarithms of factors on a lineage X, `work@Y` of one on the demand of
    a workload Y (`work_of`); they are absent for what was never measured.
    """

    def effect(name: str, of: tuple[str, ...]) -> Array:
        if len(of) < _FEW:
            return along(np.exp(np.array([[values.get(f"{name}@{one}", 0.0)] for one in of])))
        known, place = _distinct(of)
        return along(np.exp(np.array([[values.get(f"{name}@{one}", 0.0)] for one in known]))[place])

    # Nothing draws more than its limit, whatever a fit makes of those that are held at it.
    top = min(values["cap"], 1.0) * on.limit / on.design
    idle = np.where(on.gddr, values["idle_gddr"], values["idle_hbm"]) * effect("idle", on.lineages)
    idle = np.minimum(idle, top)
    full = np.where(on.tensor, values["tensor"], values["plain"]) * on.products ** values["density"]
    products = full * effect("dynamic", on.lineages) * doing.mfu ** values["exponent"]
    own = values["plain"] * on.plain ** values["density"] * effect("dynamic", on.lineages)
    products = products + own * np.asarray(doing.unpacking) ** values["exponent"]
    demand = values["active"] + products + values["memory"] * on.traffic * doing.mbu
    demand = demand * effect("work", on.works)
    running = idle + _softmin(demand, top - idle, values["sharpness"])
    exchanging = idle + _softmin(values["links"], top - idle, values["sharpness"])
    waits = 1.0 - doing.busy - doing.links
    mean = (doing.busy * running + doing.links * exchanging + waits * idle) * on.design
    # What rounds above the limit is at it.
    return np.asarray(np.minimum(mean, on.limit))


#: Chips from which on each effect is looked up once: a fit asks for the same hundreds again and again.
_FEW = 32


@lru_cache(maxsize=16)
def _distinct(names: tuple[str, ...]) -> tuple[tuple[str, ...], NDArray[np.intp]]:
    """The distinct ones of names, and which of them each is."""
    known = tuple(dict.fromkeys(names))
    number = {name: i for i, name in enumerate(known)}
    return known, np.array([number[name] for name in names])


def _softmin(one: Any, other: Any, sharpness: float) -> Array:
    """(a^-q + b^-q)^(-1/q): below both, and near the smaller; zero where either is."""
    low, high = np.minimum(one, other), np.maximum(one, other)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(high > 0, low / high, 1.0)
    return np.asarray(low * (1.0 + ratio**sharpness) ** (-1.0 / sharpness))


def watts(laid: Layout | Estimates, doing: Activity) -> Array:
    """Mean W of one GPU during the pass, (G, J); NaN where its power limit is not in the catalogue."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return law(coefficients(), doing, chips(laid), laid.devices.along)


def idle(laid: Layout | Estimates) -> Array:
    """W of one GPU that waits for work, (G, 1); NaN where its power limit is not in the catalogue."""
    nothing = np.zeros((1, 1))
    found = watts(laid, Activity(nothing, nothing, nothing, nothing))
    return np.broadcast_to(found, (len(laid.devices.gpus), found.shape[1]))[:, :1]


def priors() -> Mapping[str, tuple[float, float]]:
    """Value of each coefficient before any fit, and its width as a log standard deviation."""
    return {name: (float(value), float(width)) for name, (value, width) in section("energy").items()}


@lru_cache(maxsize=1)
def coefficients() -> Mapping[str, float]:
    """Every coefficient: the fitted ones over the priors."""
    fitted = store.load("fits").get("power", {})
    return {name: value for name, (value, _) in priors().items()} | dict(fitted.get("coefficients", {}))


@lru_cache(maxsize=1)
def _spreads() -> Mapping[str, Any]:
    return dict(store.load("fits").get("power", {}))


@immutable
class PowerSpread:
    """Log standard deviations of a 90 % interval: of power, and of energy once the time's is known.

    `basis`: `interpolated` where the power of this GPU and of this workload was measured, `extrapolated`
    where one was not, `roofline` where nothing is fitted.
    `correlation` is that of the errors of power and of the rate of work: what is predicted too fast is
    predicted too busy, so that the two partly cancel in energy. Both are numbers, or arrays over cells.
    """

    power: Any
    correlation: Any
    basis: str

    def energy(self, rate: Any) -> Any:
        """Log standard deviation of energy per unit, from that of the rate."""
        return np.sqrt(self.power**2 + rate**2 - 2.0 * self.correlation * self.power * rate)


def spread(laid: Layout, gpu: Gpu, stack: Runtime) -> PowerSpread:
    """How far off the power of a laid-out job under a runtime may be, by what of it the fit has seen."""
    table, prior = _spreads(), section("spread")
    if "seen" not in table:
        return PowerSpread(float(prior["power"]), 0.0, "roofline")
    family = group_of(laid)
    group = table["group"].get(family, table["group"]["all"])
    seen = table["seen"]
    known = gpu.id in seen["gpus"], laid.workload.architecture in seen["workloads"]
    usual = stack.kernels in seen["runtimes"] and stack.exact and family in table["group"]
    left_out = {"seen": True, "gpu": not known[0], "workload": not known[1], "source": not usual}
    width = max(group[kind] for kind, missing in left_out.items() if missing)
    basis = "interpolated" if all(known) else "extrapolated"
    off = math.hypot(width, _unsure_limit(laid, gpu))
    return PowerSpread(off, float(table["energy"]["correlation"]), basis)


def _unsure_limit(laid: Layout, gpu: Gpu) -> float:
    """Log standard deviation of the limit of a laptop that nobody stated, anywhere in its range alike."""
    between = range_of_limit(gpu)
    if between is None or np.isfinite(laid.devices.cap):
        return 0.0
    return math.log(between[1] / between[0]) / math.sqrt(12.0)


def spreads(laid: Layout, gpus: Sequence[Gpu], stacks: Sequence[Runtime]) -> tuple[PowerSpread, ...]:
    """The `spread` of each GPU under what runs it there, the same one of all that were measured alike."""
    known: dict[tuple[int, bool, float], PowerSpread] = {}
    measured = set(_spreads().get("seen", {}).get("gpus", ()))
    found = []
    for gpu, stack in zip(gpus, stacks, strict=True):
        told = id(stack), gpu.id in measured, _unsure_limit(laid, gpu)
        if told not in known:
            known[told] = spread(laid, gpu, stack)
        found.append(known[told])
    return tuple(found)


def interval(mid: Any, deviation: Any, z: float, ceiling: Any = math.inf) -> tuple[Any, Any]:
    """(low, high) of a log-normal interval; nothing draws more than its limit."""
    factor = np.exp(z * np.asarray(deviation, dtype=np.float64))
    return mid / factor, np.maximum(mid, np.minimum(mid * factor, ceiling))
