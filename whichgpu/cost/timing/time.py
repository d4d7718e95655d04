"""Time of one pass over a list of ops, for all GPUs and jobs at once.

    t_op   = count * ((compute^p + memory^p)^(1/p) + gap)
    t_gpu  = sum of t_op
    t_host = launches * launch
    t      = (t_gpu^3 + t_host^3)^(1/3) + alone + fixed + communication
    t_fed  = (t^6 + t_input^6)^(1/6)

p is the runtime's overlap of arithmetic and memory traffic; the host's launches run beside the GPU,
and the slower of the two sets the pace.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

import numpy as np

from whichgpu.cost.arrays import finite
from whichgpu.cost.coefficients import section
from whichgpu.cost.gpu.device_rates import PLAIN
from whichgpu.cost.kernels import models
from whichgpu.cost.kernels._convolving import multiplied
from whichgpu.cost.kernels._quantised import scaling
from whichgpu.cost.kernels._rates import by_tensor_cores, on_tensor_cores, rates
from whichgpu.cost.kernels._tiles import occupied
from whichgpu.cost.kernels.attention import seen
from whichgpu.cost.kernels.elementwise import passes
from whichgpu.cost.kernels.products import KINDS as SPREAD
from whichgpu.cost.kernels.products import fastest
from whichgpu.cost.timing.launching import launched, started, waiting
from whichgpu.cost.timing.optable import tables
from whichgpu.values import immutable
from whichgpu.workloads.checkpointing import AGAIN
from whichgpu.workloads.ops import COUNTED, PRODUCTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from whichgpu.cost.calibration.effects import Fit
    from whichgpu.cost.gpu.device import Devices
    from whichgpu.cost.job.runtime import Runtime
    from whichgpu.cost.timing.classes import OpClass
    from whichgpu.cost.timing.optable import OpTable
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.workloads.ops import Op

    Array = NDArray[np.float64]

#: How sharply the slower of GPU and host sets the pace.
PACE = 3.0
#: How closely a fit may come to the roofline.
BOUND = 8.0
#: The same as `PACE` of a pass and its data.
FEED = 6.0
#: What a pass is doing; what checkpointing computes twice stands apart from the backward pass.
STAGES = ("forward", "backward", "recompute", "optimizer")
#: The kernel model that takes what moves bytes together.
_ELEMENTWISE = "elementwise"
#: What bounds an op.
BINDING = ("compute", "memory", "launch")


@immutable
class Term:
    """One op's share of a pass: seconds over all its executions, and what bounds it.

    `flops` and `moved`, FLOP and B over all executions, are what is done: of causal attention what the mask
    leaves. `dtype` is the catalogue field whose peak bounds the op.
    """

    layer: str
    kind: str
    dtype: str
    count: float
    seconds: float
    compute: float
    memory: float
    flops: float
    moved: float

    @property
    def bound(self) -> str:
        """Whether arithmetic, memory traffic or launching is the longest part."""
        if max(self.compute, self.memory) < 0.5 * self.seconds:
            return "launch"
        return "compute" if self.compute >= self.memory else "memory"


@immutable
class Kernels:
    """The ops of a table with the times that the priors give; arrays broadcast to (O, G, J), in s.

    `fastest_*` are what peak and bandwidth allow: no fit makes an op faster. `launched` are kernels,
    `started` the launches of a forward pass that take the host as long, and `alone` those of them during
    which the GPU has nothing else to do.
    """

    table: OpTable
    classes: tuple[OpClass, ...]
    compute: Array
    memory: Array
    fastest_compute: Array
    fastest_memory: Array
    launched: Array
    started: Array
    alone: Array


@immutable
class Pass:
    """All that the time of a pass depends on but the fit."""

    kernels: tuple[Kernels, ...]
    devices: Devices
    runtime: Runtime
    communication: Array
    trains: bool
    workload: str = ""
    #: Seconds in which the host makes the pass's batch ready, beside everything else.
    feeding: Array | float = 0.0
    #: Share of the SMs that products keep busy, in the mean over the pass.
    filled: Array | float = 1.0


@immutable
class Timing:
    """A pass: every array is (G, J), in s, FLOP or B."""

    seconds: Array
    gpu: Array
    host: Array
    communication: Array
    work: Array
    traffic: Array
    #: Seconds of the host for a kernel of a forward pass, (G, 1), or (1, J) where jobs differ.
    launch: Array
    #: Seconds that the ops of the pass take at the least, at the ceilings of arithmetic and of bandwidth.
    fastest: Array
    #: Share of the SMs that its products keep busy, in the mean.
    filled: Array | float = 1.0
    #: Of the host's seconds those in which the GPU waits.
    alone: Array | float = 0.0
    terms: tuple[Term, ...] = ()
    #: Seconds of the GPU, those at the full peak, and of these the experts', by what a pass is doing: a key
    #: of `STAGES`.
    stages: Mapping[str, tuple[Array, Array, Array]] = field(default_factory=dict)
    #: Seconds of the GPU by what bounds each op, as `Term.bound` says it of one; where that was asked for.
    bounds: Mapping[str, Array] = field(default_factory=dict)

    def allowed(self, own: Array | float) -> Array:
        """Of a factor `own` on the speed of the whole pass what lets no op pass its ceilings, (G, J)."""
        return np.asarray(np.minimum(own, np.maximum(self.seconds, 1e-12) / np.maximum(self.fastest, 1e-12)))

    def under(self, own: Array | float) -> Array:
        """Seconds under a factor `own` on the speed of the whole pass, as far as that is `allowed`."""
        return np.asarray(self.seconds / self.allowed(own))

    @property
    def launching(self) -> Array:
        """By how much of itself a pass is longer where launches are: d log t / d log launch, 0 to 1."""
        beside = self.host - self.alone
        slope = (beside / paced(self.gpu, beside)) ** (PACE - 1.0)
        return np.asarray((beside * slope + self.alone) / self.seconds)


def prepare(
    ops: Iterable[Op], devices: Devices, runtime: Runtime, *, workload: str = "", trains: bool = False,
    communication: Array | float = 0.0, feeding: Array | float = 0.0, turns: Array | float = 1.0,
) -> Pass:  # fmt: skip
    """The times that the priors give, before any fit, of a pass over the ops of an architecture.

    Its kernels are launched anew in each of so many `turns`.
    """
    exponent = power_exponent(runtime, trains=trains)
    stream = devices.throttle(section("power")["exponent_bandwidth"], "")
    timed = [(table, *models()[table.ops[0].kind].seconds(table, devices, runtime)) for table in tables(ops)]
    busy = _filled(timed, devices, runtime) if not runtime.domain else 1.0
    kernels = []
    for table, compute, memory in timed:
        count = launched(table, runtime, devices) * turns
        starts = count * started(table, runtime, trains=trains)
        scaled = _scaled(table, devices, runtime, compute)
        clocked = _clocked(table, devices, runtime, exponent, busy, scaled=scaled) * devices.capped
        kept = clocked
        if table.kind in PRODUCTS:
            full = busy * devices.sustained
            kept = _clocked(table, devices, runtime, exponent, full, scaled=scaled) * devices.capped
        tuned = devices.trained if trains and runtime.domain and table.kind in PRODUCTS else 1.0
        kernels.append(
            Kernels(
                table=table,
                classes=table.classes,
                compute=compute / (clocked * tuned),
                memory=memory / stream,
                fastest_compute=_fastest_compute(table, devices, runtime, kept),
                fastest_memory=_fastest_memory(table, devices, runtime, trains=trains),
                launched=count,
                started=starts,
                alone=starts * waiting(table),
            )
        )
    sent = np.asarray(communication, dtype=np.float64)
    return Pass(tuple(kernels), devices, runtime, sent, trains, workload, feeding, busy)


def power_exponent(runtime: Runtime, *, trains: bool) -> Array | float:
    """How much of the arithmetic rate a power limit takes, for `Devices.throttle`: a number, or (J,).

    The kernels of an inference engine follow each other without a pause, and so do the products of a language
    model in training, which leave the exponent of f V^2. Those of a framework take turns with elementwise ops
    and wait for memory, as other networks do in training, so that the mean power is less; so do those of what
    `alternates`.
    """
    known = section("power")
    if trains:
        return float(known["exponent_trainer" if runtime.domain else "exponent_framework"])
    engine, framework = float(known["exponent_engine"]), float(known["exponent_framework"])
    if runtime.domain:
        return engine
    if not runtime.fuses or runtime.chains:
        return framework
    read: Array | float = runtime.read(lambda one: framework if one.alternates else engine)
    return read


def _filled(timed: Iterable[tuple[OpTable, Array, Array]], devices: Devices, runtime: Runtime) -> Array:
    """Share of the SMs that the products of a pass keep busy, in the mean over its time, (G, J).

    SMs without a tile draw little, so that a chip that is half empty keeps its clock; what limits its power
    looks at many milliseconds together.
    """
    whole, busy = np.zeros((1, 1)), np.zeros((1, 1))
    for table, compute, _ in timed:
        if table.kind in SPREAD:
            with np.errstate(invalid="ignore"):
                seconds = finite(table.count * compute)
                filled = occupied(table, devices, runtime)
                busy = busy + finite(seconds * filled).sum(axis=0)
            whole = whole + seconds.sum(axis=0)
    return np.asarray(np.where(whole > 0.0, busy / np.where(whole > 0.0, whole, 1.0), 1.0))


def _scaled(table: OpTable, devices: Devices, runtime: Runtime, compute: Array) -> Array | None:
    """Share of their time in which products in INT8 scale what they summed, (O, G, J); none without such."""
    if table.kind != "gemm" or not runtime.integer:
        return None
    share = scaling(table, devices, runtime) / np.where(compute > 0.0, compute, 1.0)
    return np.clip(finite(share), 0.0, 1.0) if np.any(share > 0.0) else None


def _clocked(
    table: OpTable, devices: Devices, runtime: Runtime, exponent: Array | float, busy: Array | float, *,
    scaled: Array | None = None,
) -> NDArray[np.float64]:  # fmt: skip
    """Share of each op's arithmetic rate that the power limit leaves, (O, G, 1) or (O, G, J).

    `busy` is the share of the SMs that products keep busy, `scaled` that of the time in which plain units
    scale what tensor cores, which wait for them, summed in INT8. FP32 products of an engine draw what those
    of a framework do.
    """
    if table.kind not in COUNTED:
        return devices.clocked(exponent, "")[None]
    known = {dtype: devices.clocked(exponent, dtype, busy) for dtype in set(table.dtypes)}
    tensor = np.array([known[dtype] for dtype in (table.dtypes if len(known) > 1 else known)])
    peaks = devices.peaks(table.dtypes, tf32=runtime.unasked(table.kind))
    quantised = runtime.domain and "fp32" not in table.dtypes
    usual = exponent if quantised else section("power")["exponent_framework"]
    if scaled is not None:
        tensor = np.where(scaled > 0.0, devices.clocked(exponent, "int8", busy, scaled), tensor)
    return np.where(on_tensor_cores(peaks, devices), tensor, devices.clocked(usual, PLAIN, busy)[None])


def evaluate(work: Pass, found: Fit, *, explain: bool = False, bounds: bool = False) -> Timing:
    """Time of a prepared pass under a fit; `explain` tells what each op takes, `bounds` what bounds them."""
    runtime, gap = work.runtime, between(work)
    gpu, host, alone, busy, traffic, fastest = (np.zeros((1, 1)) for _ in range(6))
    terms: list[Term] = []
    stages = {name: (np.zeros((1, 1)),) * 3 for name in STAGES}
    bounded_by = {name: np.zeros((1, 1)) for name in BINDING}
    for one in work.kernels:
        compute, memory = limits(one, work, found)
        count = one.table.count
        once = together(compute, memory, runtime.overlap) + gap * one.launched
        each = count * once
        gpu = gpu + each.sum(axis=0)
        host = host + (count * one.started).sum(axis=0)
        if np.any(one.alone):
            alone = alone + (count * one.alone).sum(axis=0)
        busy = busy + _ideal_compute(one.table, work.devices)
        traffic = traffic + one.table.traffic.sum(axis=0)
        fastest = fastest + (count * np.maximum(one.fastest_compute, one.fastest_memory)).sum(axis=0)
        if explain:
            terms += _terms(one.table, each, count * compute, count * memory)
            _add_stages(stages, one.table, each, work.devices)
        if bounds:
            _add_bounds(bounded_by, compute, memory, once, each)
    launch = runtime.launch * launches(work, found)
    host, alone = host * launch, alone * launch
    seconds = fed(paced(gpu, host - alone) + alone + runtime.fixed + work.communication, work.feeding)
    return Timing(
        seconds, gpu, host, np.broadcast_to(work.communication, seconds.shape), busy, traffic, launch,
        fastest, work.filled, alone, tuple(sorted(terms, key=lambda term: -term.seconds)),
        stages if explain else {}, bounded_by if bounds else {},
    )  # fmt: skip


def launches(work: Pass, found: Fit) -> Array:
    """Factors on the time of launches, of a fit and of slow hosts: (G, 1), or (1, J) where jobs differ.

    Where a job states what its host takes for a launch, that is what it is.
    """
    if work.devices.launch:
        return np.atleast_2d(work.devices.launch / np.asarray(work.runtime.launch))
    fitted = found.launch(work.workload, work.devices, work.runtime, trains=work.trains)
    return fitted * work.devices.slowness


def _add_stages(
    stages: dict[str, tuple[Array, Array, Array]], table: OpTable, each: Array, devices: Devices
) -> None:
    """Add the seconds of ops to what their pass is doing; those at the peak, and of these the experts'."""
    doing = np.array(["recompute" if op.layer.endswith(AGAIN) else op.stage for op in table.ops])
    ideal = _ideal_compute_each(table, devices)
    experts = np.array([op.shard in ("expert", "expert_row") for op in table.ops])
    for name in set(doing.tolist()):
        here = doing == name
        gpu, peak, theirs = stages[name]
        theirs = theirs + ideal[here & experts].sum(axis=0)
        stages[name] = gpu + each[here].sum(axis=0), peak + ideal[here].sum(axis=0), theirs


def _add_bounds(bounds: dict[str, Array], compute: Array, memory: Array, once: Array, each: Array) -> None:
    """Add the seconds of ops, `each` over all executions of one that takes `once`, to what bounds them."""
    launched = np.maximum(compute, memory) < 0.5 * once
    arithmetic = compute >= memory
    for name, here in zip(BINDING, (arithmetic & ~launched, ~(arithmetic | launched), launched), strict=True):
        bounds[name] = bounds[name] + np.where(here, each, 0.0).sum(axis=0)


def shares(work: Pass, found: Fit) -> dict[tuple[str, OpClass | None], float]:
    """Share of the time of the first job on the first GPU that each class of ops answers for.

    Keys are `("c", class)` for arithmetic, `("m", class)` for memory traffic, `("l", None)` for launches:
    minus the slope of the logarithm of the time by that of the class's rate.
    """
    timing, p = evaluate(work, found), work.runtime.overlap
    paced_by = paced(timing.gpu, timing.host - timing.alone)
    by_gpu = float(((timing.gpu / paced_by) ** (PACE - 1.0) / timing.seconds)[0, 0])
    slopes: dict[tuple[str, OpClass | None], float] = {("l", None): float(timing.launching[0, 0])}
    for one in work.kernels:
        compute, memory = limits(one, work, found)
        once = together(compute, memory, p)
        for side, part in (("c", compute), ("m", memory)):
            with np.errstate(invalid="ignore", divide="ignore"):
                seconds = np.nan_to_num(one.table.count * once * (part / once) ** p)[:, 0, 0]
            for kind, value in zip(one.classes, seconds.tolist(), strict=True):
                slopes[side, kind] = slopes.get((side, kind), 0.0) + value * by_gpu
    return slopes


def limits(one: Kernels, work: Pass, found: Fit) -> tuple[Array, Array]:
    """Seconds of arithmetic and of traffic of one execution under a fit, never below the roofline's."""
    kinds, trains, under = one.classes, work.trains, work.devices.under
    compute = one.compute / under(
        work.runtime,
        lambda stack, on: found.compute(kinds, on.traits, stack, trains=trains, workload=work.workload),
    )
    memory = one.memory / under(
        work.runtime, lambda stack, on: found.memory(kinds, on.traits, stack, trains=trains)
    )
    return bounded(compute, one.fastest_compute), bounded(memory, one.fastest_memory)


def bounded(asked: Array, fastest: Array) -> Array:
    """Seconds of arithmetic or traffic that no fit makes shorter than the roofline's `fastest`.

    (a^8 + f^8)^(1/8) is never below either, and smooth, so that a fit finds its way along the bound.
    """
    if not fastest.any():
        return asked
    joined: Array = np.sqrt(np.sqrt(np.sqrt(_eighth(asked) + _eighth(fastest))))
    return joined


def _eighth(value: Array) -> Array:
    """The power of `BOUND`: squared three times over, which takes a fifth of the time of a power."""
    for _ in range(3):
        value = value * value
    return value


def together(compute: Array, memory: Array, overlap: Array | float) -> Array:
    """Seconds of an op whose arithmetic and traffic overlap in part: (c^p + m^p)^(1/p)."""
    joined: Array = (compute**overlap + memory**overlap) ** (1.0 / overlap)
    return joined


def fed(seconds: Array, feeding: Array | float) -> Array:
    """Seconds of a pass that waits for its data where they are slower than it."""
    joined: Array = (seconds**FEED + feeding**FEED) ** (1.0 / FEED)
    return joined


def between(work: Pass) -> Array:
    """Seconds that each GPU loses between two kernels of a pass, (G, 1)."""
    return np.asarray(work.devices.under(work.runtime, _gaps) * work.devices.pause)


def _gaps(stack: Runtime, on: Devices) -> Array:
    """Seconds between two kernels under one runtime on each of some GPUs, (G, 1)."""
    key = "gaps", stack.gap, *stack.gaps.items()
    if key not in on.told:
        on.told[key] = np.array([[_gap(stack, gpu)] for gpu in on.gpus])
    found: Array = on.told[key]
    return found


def _gap(stack: Runtime, gpu: Gpu) -> float:
    """Seconds between two kernels: a runtime's on this architecture, on this vendor's GPUs, or on any."""
    return stack.gaps.get(gpu.architecture, stack.gaps.get(gpu.vendor, stack.gap))


def paced(gpu: Array, host: Array) -> Array:
    """Seconds of a pass whose launches run beside it: (gpu^3 + host^3)^(1/3)."""
    # What a prompt of nothing makes a pass longer by is rounded to either side of zero.
    joined: Array = (np.maximum(gpu, 0.0) ** PACE + np.maximum(host, 0.0) ** PACE) ** (1.0 / PACE)
    return joined


def _fastest_compute(table: OpTable, devices: Devices, runtime: Runtime, kept: Array) -> Array:
    """Seconds of one execution at a ceiling of the peak; nothing for what no peak bounds.

    Language models keep all tensor cores busy while they train or read prompts: their ceiling is what is
    `sustained`, times `kept`: the clock that the power limit leaves where so many units are busy. Plain units
    draw as much under any of them.
    """
    if table.kind not in PRODUCTS:
        return np.zeros((1, 1, 1))
    half = 0.5 if table.kind == "attention" else 1.0
    peaks = rates(table, devices, runtime)
    tensor = by_tensor_cores(table, devices, runtime)
    least = multiplied(table, devices.without_winograd(tensor), section("products")["winograd_most"])
    ideal = half * least / peaks
    if runtime.domain:
        ceiling = devices.sustained * kept
    else:
        ceiling = section("products")["ceiling"] * np.where(tensor, 1.0, np.minimum(kept, 1.0))
    return np.asarray(fastest(table, devices, runtime, ideal / ceiling))


def _fastest_memory(table: OpTable, devices: Devices, runtime: Runtime, *, trains: bool) -> Array:
    """Seconds of one execution for what no cache can hold: weights and the KV cache.

    Nor does one hold what modules of a language model that run op by op leave for each other in training:
    what a fit learnt of elementwise ops is mostly of those that compilers fuse.
    """
    least = table.held_bytes / devices.sheer
    if table.kind == "vector":
        # Numerical work streams arrays that no cache holds.
        least = least + table.activation_bytes / devices.streaming
    if trains and table.kind == _ELEMENTWISE and runtime.domain and not runtime.fuses:
        own = table.of("norm", "pointwise") * passes(table, runtime)
        least = least + table.activation_bytes * own / devices.passing
    return np.asarray(least / section("memory")["ceiling"])


def _ideal_compute(table: OpTable, devices: Devices) -> Array:
    """Seconds that the matrix products would take at the full peak, (G, J)."""
    return np.asarray(_ideal_compute_each(table, devices).sum(axis=0))


def _ideal_compute_each(table: OpTable, devices: Devices) -> Array:
    """The same of each op, (O, G, J)."""
    if table.kind not in COUNTED:
        return np.zeros((len(table.ops), 1, 1))
    return np.asarray(table.count * table.flops / devices.peaks(table.dtypes))


def _terms(table: OpTable, each: Array, compute: Array, memory: Array) -> list[Term]:
    ops = table.ops
    flops = table.count * table.flops
    if table.kind == "attention":
        flops = flops * seen(table.dims)
    arrays = np.broadcast_arrays(each, compute, memory, flops, table.traffic)
    first = [np.asarray(a)[:, 0, 0] for a in arrays]
    counts = [float(np.ravel(op.count)[0]) for op in ops]
    return [
        Term(op.layer, op.kind, op.dtype, count, *map(float, row))
        for op, count, row in zip(ops, counts, zip(*first, strict=True), strict=True)
    ]
