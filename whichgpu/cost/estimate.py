"""What a job takes on each GPU: time, throughput, memory, power, with an interval.

`estimate` evaluates every GPU and every job of a sweep at once; `Estimates.at(g, j)` is one answer.
A replica is the `tp` GPUs that run one copy of the model.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost import energy, hosts, personal
from whichgpu.cost.coefficients import section
from whichgpu.cost.fit import workload_terms
from whichgpu.cost.layout import Layout, lay_out, lay_out_on
from whichgpu.cost.machines import by_host, exchanging
from whichgpu.cost.memory import needed
from whichgpu.cost.parallel import Exchange, data_parallel_seconds
from whichgpu.cost.readings import Readings, doubt, readings
from whichgpu.cost.requests import OPTIONS as ASKED
from whichgpu.cost.requests import at_random, idle, is_run
from whichgpu.cost.scheduling import OPTIONS as SCHEDULED
from whichgpu.cost.spread import found_for, spreads
from whichgpu.cost.starting import OPTIONS as STARTED
from whichgpu.cost.starting import too_long, unread
from whichgpu.cost.steady import engine
from whichgpu.cost.time import evaluate
from whichgpu.errors import UsageError
from whichgpu.facts.model import Interval
from whichgpu.units import number, show
from whichgpu.values import NamedTuple, Shown, immutable
from whichgpu.workloads.adapters import RANK
from whichgpu.workloads.job import NUMBERS, Job

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from whichgpu.cost.device import Devices
    from whichgpu.cost.fit import Fit, Terms
    from whichgpu.cost.layout import Settled
    from whichgpu.cost.paired import Paired
    from whichgpu.cost.runs import Run
    from whichgpu.cost.runtime import Runtime
    from whichgpu.cost.steady import Met
    from whichgpu.cost.time import Term, Timing
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.workloads.workload import Workload

    Array = NDArray[np.float64]

#: Options of what is served, and of all jobs, that change the answer.
REQUESTS = (*ASKED, *SCHEDULED, *STARTED)
MODELLED = {
    "guidance", "frames", "optimizer", "compile", "power_limit", "checkpointing", "layout", "lora_rank",
    "lora_targets", "adapter", "adapter_precision", "virtual_tokens", "offload", "kv_precision",
    "loss_chunks", "fused_loss",
    "optimizer_in_backward", "ep", "moe_tp", "attention_dp", "sharding", "grad_accum", "global_batch", "cp",
    "vp", "float8",
    "sequence_parallel", "flash_attention", "system", "nvlink", "network", "cuda_graphs", "moe_overlap",
    "offload_to",
    "mtp", "adapters", "vae_slicing", "vae_tiling", "vae_precision", "encoder_precision", "adaptive_softmax",
    "exchange",
    "launch", "host",
    *REQUESTS,
}  # fmt: skip
#: Those of adapters, which mean nothing where they are merged into the weights.
_ADAPTERS = ("adapter", "adapter_precision", "virtual_tokens", "lora_rank", "lora_targets")
#: Columns of a job that are no numbers.
_COLUMNS = ("phase", "precision", "runtime", "resolution")
#: Those of them that mean nothing to a server of requests.
NOT_SERVED = ("offload_to", "flash_attention")
#: d log t / d log launch from which a pass waits for its host more than for its GPU.
_PACED = 0.5
#: Standard deviations to either side of a 90 % interval.
Z90 = 1.6448536269514722
#: What each basis but the best means for a reader.
_BASES = {
    "roofline": "uncalibrated: a roofline with typical efficiencies, so the interval is wide",
    "extrapolated": "this GPU, workload or software is not among the measured ones, so the interval is wider",
}


def _array(value: Any) -> Array:
    return np.asarray(value, dtype=np.float64)


def _around(middle: Any, factor: Any, unit: str = "s") -> Interval:
    return Interval(middle / factor, middle, middle * factor, unit)


class _Drawn:
    """Intervals of power and energy, of an `Estimate` and of the arrays of `Answers` alike."""

    __slots__ = ()
    power: Any
    power_spread: Any
    power_limit: Any
    energy: Any
    energy_spread: Any
    throughput: Interval
    readings: Readings

    @property
    def power_interval(self) -> Interval:
        """W of one GPU; never above its limit."""
        low, high = energy.interval(self.power, self.power_spread, Z90, self.power_limit)
        return Interval(low, self.power, high, "W")

    @property
    def energy_interval(self) -> Interval:
        """J per unit of work, all GPUs together, nothing else."""
        low, high = energy.interval(self.energy, self.energy_spread, Z90)
        unit = self.throughput.unit.removesuffix("/s").removesuffix("s")
        return Interval(low, self.energy, high, f"J/{unit}")


@immutable
class Estimate(_Drawn, Shown):
    """One job on one GPU type; times in s, memory in B per GPU, power in W per GPU.

    `throughput` is of all `n_gpus`; `energy` in J per unit, GPUs only. `power_spread` and
    `energy_spread` are the log standard deviations of their 90 % intervals, `power_basis` says whether
    power was measured on such a job, `power_limit` is what the GPU may draw.
    """

    gpu: str
    job: Job
    runtime: str
    throughput: Interval
    latency: Interval
    memory: Mapping[str, float]
    required: float
    available: float
    power: float
    energy: float
    power_spread: float
    energy_spread: float
    power_limit: float
    power_basis: str
    n_gpus: int
    sequences: float
    basis: str
    warnings: tuple[str, ...]
    terms: tuple[Term, ...]
    readings: Readings
    #: Of a serving job, time to the first token and for each after it.
    ttft: Interval | None = None
    tpot: Interval | None = None
    #: Share of an inference's time in which its GPUs exchange.
    sent: float = 0.0
    #: Of a run of a load generator, what it prints of its requests; the means above are then of them.
    run: Run | None = None

    def __str__(self) -> str:
        rate = self.throughput
        what = f"{self.job.workload} {self.job.phase} on {self.n_gpus} x {self.gpu}"
        interval = f"{number(rate.mid)} {rate.unit} ({number(rate.low)} to {number(rate.high)})"
        how = f"{self.runtime}, {self.job.precision}"
        return f"{what}, {how}: {interval}, 90 % interval; basis {self.basis}{self._load()}"

    def _load(self) -> str:
        """Of a server, what its rate is made of: requests in flight, and what each reader sees."""
        if self.job.phase != "serve" or self.tpot is None:
            return ""
        count = number(self.sequences, 4)
        each = f", {number(1.0 / self.tpot.mid, 3)} tokens/s each"
        if count == "1":
            return f"; one request in flight{self.spread_over and self.spread_over + each}"
        return f"; {count} requests in flight{self.spread_over}{each}"

    @property
    def replicas(self) -> float:
        """Copies of the model that its GPUs run."""
        from whichgpu.cost.mesh import Mesh

        return self.n_gpus / float(np.ravel(Mesh.of(self.job).replica)[0])

    @property
    def spread_over(self) -> str:
        """Of a server in several replicas, what its `sequences` are of."""
        return f" on each of {number(self.replicas, 4)} replicas" if self.replicas > 1.0 else ""

    @property
    def fits(self) -> bool:
        """Whether the job's memory is within what one GPU has."""
        return self.required <= self.available

    def to_dict(self) -> dict[str, Any]:
        """Plain values, SI units."""
        return {
            "gpu": self.gpu, "n_gpus": self.n_gpus, "job": self.job.to_dict(), "runtime": self.runtime,
            "throughput": self.throughput.to_dict(), "latency": self.latency.to_dict(),
            "memory": {"parts": dict(self.memory), "required": self.required, "available": self.available,
                       "fits": self.fits, "read": {name: self.readings.interval(name).to_dict()
                                                   for name in ("allocated", "reserved", "device")}},
            **{name: one.to_dict() for name, one in (("ttft", self.ttft), ("tpot", self.tpot)) if one},
            **({} if self.run is None else {"run": self.run.to_dict()}),
            "power": self.power, "power_interval": self.power_interval.to_dict(),
            "power_basis": self.power_basis,
            "energy": self.energy, "energy_interval": self.energy_interval.to_dict(),
            "sequences": self.sequences, "basis": self.basis,
            "warnings": list(self.warnings),
            "terms": [{"layer": t.layer, "kind": t.kind, "count": t.count, "seconds": t.seconds,
                       "bound": t.bound} for t in self.terms],
        }  # fmt: skip


@immutable
class Answers(_Drawn):
    """What `Estimate` says of one job, of many: every number is an array over the cells asked for."""

    job: Job
    throughput: Interval
    latency: Interval
    required: Array
    available: Array
    power: Array
    energy: Array
    power_spread: Array
    energy_spread: Array
    power_limit: Array
    n_gpus: Array
    readings: Readings
    ttft: Interval | None
    tpot: Interval | None


def _floats(interval: Interval) -> Interval:
    return Interval(float(interval.low), float(interval.mid), float(interval.high), interval.unit)


@immutable(slots=False)
class Estimates:
    """Every GPU (rows) by every job (columns) of a sweep; arrays are (G, J)."""

    workload: Workload
    job: Job
    runtime: Runtime
    devices: Devices
    seconds: Array
    units: Array
    throughput: Array
    latency: Array
    parts: Mapping[str, Array]
    required: Array
    available: Array
    readings: Readings
    activity: energy.Activity
    power: Array
    power_spreads: tuple[energy.PowerSpread, ...]
    spread_shared: Array
    spread_own: Array
    spread_machine: Array
    sequences: Array
    refusals: tuple[str, ...]
    timing: Timing
    bases: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    notes: tuple[tuple[str, ...], ...] = ()
    #: Of serving jobs, seconds to the first token, and requests waiting for each place in the batch.
    first_token: Array | None = None
    queue: Array | None = None
    #: By how much of itself the first is longer where the GPU is slower (`SteadyState.steepness`).
    steep: Array | None = None
    #: Share of an inference's pass in which its GPUs exchange.
    sent: Array | None = None

    @cached_property
    def fits(self) -> NDArray[np.bool_]:
        """Where the job fits and the GPU can run it, (G, J)."""
        able = self.devices.along(np.array([[not why] for why in self.refusals]))
        inside: NDArray[np.bool_] = able & (self.required <= self.available) & (self.sequences >= 1.0)
        return inside

    @cached_property
    def spread(self) -> Array:
        """Log standard deviation of the throughput, (G, J)."""
        return np.sqrt(self.spread_shared**2 + self.spread_own**2)

    def at(self, g: int, j: int) -> Estimate:
        """One answer; raises `UsageError` with the reason where the GPU cannot run the job."""
        if self.refusals[g]:
            raise UsageError(self.refusals[g])
        known = self._answered.get((g, j))
        if known is None:
            known = self._answered[g, j] = self._answer(g, j)
        return known

    @cached_property
    def _answered(self) -> dict[tuple[int, int], Estimate]:
        """Answers by their place: a sweep that a server keeps is asked for the same ones again."""
        return {}

    def _answer(self, g: int, j: int) -> Estimate:
        one = self.figures(g, j)
        answer = Estimate(
            gpu=self.devices.gpus[g].id,
            job=one.job,
            runtime=self.runtime.id,
            throughput=_floats(one.throughput),
            latency=_floats(one.latency),
            memory={name: float(part[g, j]) for name, part in self._memory.items()},
            required=float(one.required),
            available=float(one.available),
            power=float(one.power),
            energy=float(one.energy),
            power_spread=float(one.power_spread),
            energy_spread=float(one.energy_spread),
            power_limit=float(one.power_limit),
            power_basis=self.power_spreads[g].basis,
            n_gpus=round(float(one.n_gpus)),
            sequences=float(self.sequences[g, j]),
            basis=self.bases[g],
            warnings=(
                *self.warnings(g), *self._of_its_host(g, j), *self._overload(g, j), *self._crowded(one),
            ),
            terms=self.timing.terms,
            readings=one.readings,
            ttft=one.ttft and _floats(one.ttft), tpot=one.tpot and _floats(one.tpot),
            sent=0.0 if self.sent is None else float(self.sent[g, j]),
        )  # fmt: skip
        if not is_run(answer.job) or not self.fits[g, j]:
            return answer
        from whichgpu.cost.runs import told

        return told(answer, self.devices.gpus[g])

    def speed(self, g: int, j: int) -> tuple[Interval, Interval]:
        """The throughput and the latency that `at` says, in a fraction of its time; the GPU can run it."""
        factor = np.exp(Z90 * self.spread[g, j])
        rate = _around(self.throughput[g, j], factor, f"{self.workload.unit}/s")
        return _floats(rate), _floats(_around(self.latency[g, j], factor))

    def figures(self, g: Any, j: Any) -> Answers:
        """The answers of cells of the sweep: `g` and `j` are indexes, or arrays of them of one shape."""
        factor = np.exp(Z90 * self.spread[g, j])
        rate, delay, power = self.throughput[g, j], self.latency[g, j], self.power[g, j]
        n = np.round(np.broadcast_to(_array(self.job.n_gpus), self.throughput.shape)[g, j])
        with np.errstate(invalid="ignore", divide="ignore"):
            joules = np.where(rate > 0, power * n / rate, np.nan)
        drawn, correlation = self._power_errors
        place = self.devices.place(g, j)
        off = energy.PowerSpread(drawn[place], correlation[place], "")
        serves = self.first_token is not None
        return Answers(
            job=self.job_at(j),
            throughput=_around(rate, factor, f"{self.workload.unit}/s"),
            latency=_around(delay, factor),
            required=self.required[g, j], available=self.available[g, j], power=power, energy=joules,
            power_spread=off.power, energy_spread=off.energy(self.spread[g, j]),
            power_limit=np.broadcast_to(self.devices.power, self.throughput.shape)[g, j],
            n_gpus=n, readings=self.readings.each(lambda part: part[g, j]), ttft=self._first(g, j),
            tpot=_around(self.seconds[g, j], factor) if serves else None,
        )  # fmt: skip

    @cached_property
    def _power_errors(self) -> tuple[Array, Array]:
        """Log standard deviation of the power of each GPU, and its correlation with that of the rate."""
        pairs = [(one.power, one.correlation) for one in self.power_spreads]
        return _array([power for power, _ in pairs]), _array([correlation for _, correlation in pairs])

    def _first(self, g: Any, j: Any) -> Interval | None:
        """Time to the first token; load generators differ, and nothing says which was used."""
        if self.first_token is None:
            return None
        own = self.spread[g, j] * (1.0 if self.steep is None else self.steep[g, j])
        spread = np.hypot(own, engine(self.runtime)["first_spread"])
        return _around(self.first_token[g, j], np.exp(Z90 * spread))

    def _crowded(self, one: Answers) -> tuple[str, ...]:
        """Whether a job fits and may run out of memory all the same."""
        said = doubt(self.job, self.runtime, one.readings, one.required, one.available)
        return (said,) if said else ()

    def _overload(self, g: int, j: int) -> tuple[str, ...]:
        """Whether more requests are in flight than the memory of the replicas holds."""
        waiting = 0.0 if self.queue is None else float(self.queue[g, j])
        if waiting <= 0.0:
            return ()
        held = float(self.sequences[g, j])
        return (
            f"over capacity: a replica holds {held:,.0f} requests, and {waiting * held:,.0f} more wait, so "
            "that TTFT is mostly waiting",
        )

    @cached_property
    def _numbers(self) -> dict[str, Array]:
        """The stated numbers of the jobs by column, each (J,)."""
        jobs = (1, self.seconds.shape[1])
        stated = {name: value for name in NUMBERS if (value := getattr(self.job, name)) is not None}
        return {name: np.broadcast_to(_array(value), jobs)[0] for name, value in stated.items()}

    @cached_property
    def _memory(self) -> dict[str, Array]:
        """The parts of the memory, each (G, J)."""
        return {name: np.broadcast_to(part, self.required.shape) for name, part in self.parts.items()}

    def job_at(self, j: Any) -> Job:
        """The j-th job of the sweep, its numbers as floats; the jobs of an array of indexes, as arrays."""
        single = isinstance(j, int)
        chosen: dict[str, Any] = {
            name: float(row[j]) if single else row[j] for name, row in self._numbers.items()
        }
        options = {
            name: f"{value[j]:g}" if isinstance(value, np.ndarray) and single else value
            for name, value in self.job.options.items()
        }
        return self.job.changed(options=options, **chosen)

    def warnings(self, g: int = 0) -> tuple[str, ...]:
        """What makes the answer on the g-th GPU less than it looks."""
        said = [_BASES[self.bases[g]]] if self.bases[g] in _BASES else []
        return (*said, *self.remarks(g))

    def _of_its_host(self, g: int, j: int) -> list[str]:
        """What to say where launches set the pace, which no figure of a GPU tells."""
        if self.runtime.specialised:
            return []
        waits, each = (np.broadcast_to(one, self.seconds.shape)[g, j]
                       for one in (self.timing.launching, self.timing.launch))  # fmt: skip
        if waits < _PACED or self.devices.launch:
            return []
        gpu = self.devices.gpus[int(self.devices.place(g, j))]
        stated, kind = show(float(each), "time", 2), hosts.kind_of(gpu, self.devices.host)
        other = "; host=server if it is one" if kind == "desktop" and not self.devices.host else ""
        return [
            f"the host sets the pace, and no GPU's name tells which one it is: {stated} for each kernel are "
            f"assumed of a {kind}, and hosts differ by a factor of two; option "
            f"launch={stated.replace(' ', '')} states it{other}"
        ]

    def remarks(self, g: int = 0) -> tuple[str, ...]:
        """What is to say of the job as it was asked for, however well it is known."""
        said: list[str] = []
        if self.unused:
            columns = ", ".join(self.unused)
            said.append(f"{self.workload.id} has no use for {columns}, which was ignored")
        said += self.notes[g] if self.notes else ()
        if self.job.phase != "serve":
            said += [
                f"{name} is of requests that are served (--phase serve, or --curve), and changes nothing here"
                for name in REQUESTS
                if name in self.job.options
            ]
        said += idle(self.job)
        ignored = sorted(set(self.job.options) - MODELLED - set(self.workload.options))
        if self.job.phase == "serve":
            ignored += [name for name in NOT_SERVED if name in self.job.options]
            ignored += unread(self.runtime, self.job)
        if ignored:
            said.append(f"not modelled yet, and ignored: {', '.join(map(_maybe, ignored))}")
        said += [*merged(self.job), *too_long(self.job)]
        if not self.runtime.exact:
            said.append(f"runtime '{self.job.runtime}' is not known; {self.runtime.title} was assumed")
        return tuple(said)


def _maybe(name: str) -> str:
    """An option that is ignored, with the one that is known by nearly that name."""
    from difflib import get_close_matches

    if name in NUMBERS or name in _COLUMNS:
        return f"{name} (that is no option but a column: write --{name.replace('_', '-')})"
    near = get_close_matches(name, MODELLED, n=1, cutoff=0.8)
    return f"{name} (did you mean {near[0]}?)" if near and name not in MODELLED else name


def merged(job: Job) -> list[str]:
    """What to say of the adapters of a job that does not train them."""
    if not job.trains and "adapters" in job.options:
        rank = job.options.get("lora_rank", f"{RANK:g}")
        return [
            f"{job.options['adapters']} adapters of rank {rank} lie beside the weights, on every dense layer "
            "but experts' unless lora_targets says less; requests are of all of them alike"
        ]
    named = [] if job.trains else [name for name in _ADAPTERS if name in job.options]
    said = "adapters are taken as merged into the weights, at no cost; adapters=8 serves so many beside them"
    return [f"{', '.join(named)}: {said}"] if named else []


def estimate(job: Job, gpus: Sequence[Gpu], *, explain: bool = False) -> Estimates:
    """Estimate a job, or a sweep of jobs, on every GPU.

    Shapes: G = len(gpus) rows, J = job.size columns. Raises `UsageError` for an unknown workload,
    phase, precision or option; a GPU that cannot run the job is a refusal in the answer. What the user
    measured moves it (`cost/personal.py`).
    """
    return personal.applied(plain_estimate(job, gpus, explain=explain))


def plain_estimate(job: Job, gpus: Sequence[Gpu], *, explain: bool = False) -> Estimates:
    """What `estimate` says by the package's own fit alone."""
    laid = lay_out(job, gpus, met=_met(job, gpus))
    return finish(laid, found_for(laid), explain=explain)


def estimate_paired(settled: Settled, devices: Paired) -> Estimates:
    """What `plain_estimate` says of settled jobs, each on a GPU of its own of the `devices`: (1, J).

    None of them has requests that arrive at random.
    """
    laid = lay_out_on(settled, devices)
    return finish(laid, found_for(laid))


def _met(job: Job, gpus: Sequence[Gpu]) -> Met | None:
    """How requests meet that arrive at random; None where the job states no such arrivals."""
    if not at_random(job):
        return None
    from whichgpu.cost.load import settled

    return settled(job, gpus)


def estimate_bounds(job: Job, gpus: Sequence[Gpu]) -> tuple[Estimates, dict[str, Array]]:
    """What `estimate` says, and the seconds of each pass by what bounds them: arrays (G, J)."""
    laid = lay_out(job, gpus, met=_met(job, gpus))
    answers = personal.applied(finish(laid, found_for(laid), bounds=True))
    shape, parts = answers.seconds.shape, answers.timing.bounds
    return answers, {name: np.broadcast_to(part, shape) for name, part in parts.items()}


def finish(laid: Layout, found: Fit, *, explain: bool = False, bounds: bool = False) -> Estimates:
    """The estimates of a layout under a fit; `explain` and `bounds` are those of `evaluate`."""
    with np.errstate(invalid="ignore", divide="ignore"):
        timing = evaluate(laid.work, found, explain=explain, bounds=bounds)
        own = laid.runtime.read(lambda stack: found.factor(_own_terms(laid, stack)))
        alone, links = timing.under(own), np.ones((1, 1))
        sent = exchanging(laid, timing)
        # What a network or a host's memory gives is not in the catalogue.
        seconds, bound = alone, np.where(by_host(laid.job, laid.devices), sent, 0.0)
        if laid.gradients is not None:
            links = found.links(laid.workload.id, laid.devices, laid.runtime, laid.replicas)
            exchange = Exchange.of(laid.gradients, laid.replicas, laid.devices)
            seconds = exchange.seconds(alone, links)
            bound = np.log(seconds / exchange.seconds(alone, 1.1 * links)) / np.log(1.1)
        elif "offload" in laid.job.options:
            bound = np.clip(timing.communication / timing.seconds, 0.0, 1.0)
        prompt = evaluate(laid.serving.prompt, found).under(own) if laid.serving else None
        slots = 1.0 if laid.gradients is None else laid.gradients.micro_batches
        at_work = 1.0 if laid.serving is None else laid.serving.at_work
        doing = energy.activity(laid, timing, slots * at_work * alone / seconds)
        return _assemble(laid, timing, _Times(seconds, prompt, bound, sent), doing)


def _own_terms(laid: Layout, stack: Runtime) -> Terms:
    return workload_terms(laid.workload, stack.half or laid.job.precision, stack, trains=laid.job.trains)


def job_seconds(laid: Layout, step: Array, links: Array | float) -> Array:
    """Seconds of a job's pass on all its GPUs, given that of one replica, (G, J), and a factor on links."""
    return data_parallel_seconds(step, laid.gradients, laid.replicas, laid.devices, links)


class _Times(NamedTuple):
    """Seconds of a job's pass and of a prompt alone; `bound` is -d log t / d log rate of links.

    `sent` is the share of an inference's pass in which its GPUs exchange.
    """

    job: Array
    prompt: Array | None
    bound: Array
    sent: Array


def _served_by_host(laid: Layout, passes: Array) -> Array | float:
    """Share of a token of requests in flight for which a server's host schedules, samples and sends it."""
    return 0.0 if laid.serving is None else np.clip(laid.serving.host / passes, 0.0, 1.0)


def _assemble(laid: Layout, timing: Timing, times: _Times, doing: energy.Activity) -> Estimates:
    seconds, prompt, bound, sent = times
    devices = laid.devices
    shape, stacks = devices.shape(laid.job.size), laid.runtime.among(len(devices.gpus))
    rate, latency, serving = laid.units / seconds, seconds * laid.passes, laid.serving
    first = None
    if serving is not None and prompt is not None:
        first = serving.first_token(seconds, prompt, laid.passes)
        rate = serving.rate(seconds, prompt, laid.passes)
        seconds = serving.token_seconds(seconds, prompt, laid.passes)
        latency = first + seconds * np.maximum(laid.passes - 1.0, 0.0)

    def grid(value: Any) -> Array:
        array = _array(value)
        if array.shape == shape:
            return array
        # In a third of the time that `broadcast_to` takes.
        found = np.empty(shape)
        found[...] = array
        return found

    errors = spreads(laid, devices.gpus, stacks)
    known = _array([(one.shared, one.own, one.basis == "roofline") for one in errors]).reshape(-1, 3)
    shared, own, prior = (devices.along(known[:, [i]]) for i in range(3))
    # A host's speed is not in the catalogue: where launches bind, it is what is not known. Engines of
    # language models that were measured replay graphs.
    launching = prior if laid.runtime.specialised else 1.0
    paced, unsure = np.minimum(launching * timing.launching, 1.0), devices.unsure_host
    served = np.minimum(_served_by_host(laid, times.job), 1.0 - paced) * (not devices.launch)
    host = unsure * paced + section("spread")["host"]["engine"] * served
    # Nor how software deals out work that leaves SMs without a tile, where the GPU sets the pace.
    idle = section("spread")["idle"] * (1.0 - timing.filled) * (1.0 - timing.launching)
    # Whether a host's links work as its GPUs could is not in the catalogue either.
    machine = np.hypot(np.hypot(host, idle), section("spread")["links"] * bound)
    # Nor what a server and its load generator do with requests for which there is no place.
    queue = np.zeros(1) if serving is None else serving.queue
    crowd = section("spread")["waiting"] * queue / (1.0 + queue)
    required = needed(laid.parts)
    return Estimates(
        workload=laid.workload, job=laid.job, runtime=laid.runtime, devices=devices,
        seconds=grid(seconds), units=grid(laid.units),
        throughput=grid(laid.replicas * rate), latency=grid(latency),
        first_token=None if first is None else grid(first),
        queue=None if serving is None else grid(serving.queue),
        steep=None if first is None or serving is None else grid(serving.steepness(first)),
        parts={name: grid(part) for name, part in laid.parts.items()},
        required=grid(required), available=grid(devices.column("memory")),
        readings=readings(laid, Z90).each(grid),
        activity=doing, power=grid(energy.watts(laid, doing)),
        power_spreads=energy.spreads(laid, devices.gpus, stacks),
        spread_shared=grid(shared), spread_own=grid(np.hypot(np.hypot(own, machine), crowd)),
        spread_machine=grid(machine),
        bases=tuple(one.basis for one in errors),
        sequences=grid(laid.sequences), refusals=laid.refusals, timing=timing, unused=laid.unused,
        notes=laid.notes, sent=grid(sent),
    )  # fmt: skip
