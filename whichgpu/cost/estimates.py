"""What a sweep of jobs takes on each GPU, read off cell by cell, and what is to be said of it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost import energy
from whichgpu.cost.answers import Z90, Answers, Estimate, around, floats
from whichgpu.cost.gpu import hosts
from whichgpu.cost.gpu.device import Devices
from whichgpu.cost.job.asked import UBATCH
from whichgpu.cost.job.behind import in_its_stead
from whichgpu.cost.job.requests import OPTIONS as ASKED
from whichgpu.cost.job.requests import idle, is_run
from whichgpu.cost.job.support import overflows
from whichgpu.cost.memory import starting
from whichgpu.cost.memory.generating import SHARES, SLEEPS
from whichgpu.cost.memory.offload import EXPERTS_ON_HOST, HOST_BANDWIDTH, LAYERS_ON_GPU
from whichgpu.cost.memory.starting import OPTIONS as STARTED
from whichgpu.cost.memory.starting import too_long, unread
from whichgpu.cost.memory.verdict import Room, doubt, elastic, hangs_on, of_cache, surely
from whichgpu.cost.serving.scheduling import OPTIONS as SCHEDULED
from whichgpu.cost.timing.bounds import TAKEN
from whichgpu.errors import UsageError
from whichgpu.facts.model import Interval
from whichgpu.units import number, show
from whichgpu.values import immutable
from whichgpu.workloads.adapters import RANK
from whichgpu.workloads.job import NUMBERS, Job

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from whichgpu.cost.job.runtime import Runtime
    from whichgpu.cost.memory.readings import Readings
    from whichgpu.cost.timing.time import Timing
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.workloads.workload import Workload

    Array = NDArray[np.float64]

#: Options of what is served, and of all jobs, that change the answer.
REQUESTS = (*ASKED, *SCHEDULED, *STARTED)
MODELLED = {
    "guidance", "frames", "optimizer", "compile", "power_limit", "checkpointing", "layout", "lora_rank",
    "lora_targets", "lora_dropout", "adapter", "adapter_precision", "virtual_tokens", "offload",
    "freeze_towers", "kv_precision", "loss_chunks", "fused_loss", "loss_precision",
    "optimizer_in_backward", "ep", "moe_tp", "attention_dp", "sharding", "grad_accum", "global_batch", "cp",
    "vp", "schedule", "float8",
    "sequence_parallel", "flash_attention", "system", "gpus_per_node", "nvlink", "network", "cuda_graphs",
    "moe_overlap", "tp_overlap", "router", "capacity_factor", "packed", "offload_to",
    "mtp", "adapters", "vae_slicing", "vae_tiling", "vae_precision", "encoder_precision", "captions",
    "safety_checker", "decode_chunk",
    "adaptive_softmax",
    "exchange", "reference", "without", SLEEPS,
    "launch", "host", HOST_BANDWIDTH, UBATCH,
    *REQUESTS, *LAYERS_ON_GPU, *EXPERTS_ON_HOST,
}  # fmt: skip
#: The compute capability from which on there are units for BF16.
_WITH_BF16 = 8.0
#: As trainers write them on their command lines.
_ELSEWHERE = {
    **dict.fromkeys(("etp", "expert_tensor_parallel", "expert_tensor_parallel_size"), "moe_tp"),
    **dict.fromkeys(("expert_parallel", "expert_parallel_size", "expert_model_parallel_size"), "ep"),
    **dict.fromkeys(("context_parallel", "context_parallel_size", "ulysses_degree"), "cp"),
    **dict.fromkeys(("virtual_pipeline_parallel_size", "virtual_pipeline_model_parallel_size"), "vp"),
    **dict.fromkeys(("gbs", "global_batch_size", "train_batch_size"), "global_batch"),
    **dict.fromkeys(("ga", "gas", "gradient_accumulation", "gradient_accumulation_steps"), "grad_accum"),
    **dict.fromkeys(
        ("gradient_checkpointing", "activation_checkpointing", "recompute", "recompute_granularity", "remat"),
        "checkpointing",
    ),
    **dict.fromkeys(("tp_comm_overlap", "enable_async_tensor_parallel"), "tp_overlap"),
    **dict.fromkeys(("zero", "zero_stage", "fsdp"), "sharding"),
    **dict.fromkeys(("ub", "n_ubatch", "ubatch_size"), UBATCH),
    "vllm_gpu_memory_utilization": SHARES[0], "optim": "optimizer",
    "attn_implementation": "flash_attention", "lora_r": "lora_rank",
    "cpu_offload": "offload", "target_modules": "lora_targets", "decode_chunk_size": "decode_chunk",
}  # fmt: skip
#: Those of adapters, which mean nothing where they are merged into the weights.
_ADAPTERS = ("adapter", "adapter_precision", "virtual_tokens", "lora_rank", "lora_targets", "lora_dropout")
#: Columns of a job that are no numbers.
_COLUMNS = ("phase", "precision", "runtime", "resolution")
#: Options that mean nothing to a server of requests.
_NOT_SERVED = ("offload_to", "flash_attention")
#: What is of trainings alone, and of pipelines that make pictures.
_LEARNT = ("freeze_towers", "reference", "checkpointing", "optimizer", "optimizer_in_backward", "loss_chunks",
           "fused_loss", "loss_precision")  # fmt: skip
_OF_PICTURES = ("captions", "safety_checker", "without")
#: d log t / d log launch from which a pass waits for its host more than for its GPU.
PACED = 0.5
#: What each basis but the best means for a reader.
_BASES = {
    "roofline": "uncalibrated: a roofline with typical efficiencies, so the interval is wide",
    "extrapolated": "this GPU, workload or software is not among the measured ones, so the interval is wider",
}


def _array(value: Any) -> Array:
    return np.asarray(value, dtype=np.float64)


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
    #: What makes the `readings`, which few ask for.
    read: Callable[[], Readings]
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
    #: Share of the time in which a server's front end streams, where one process does.
    streamed: Array | None = None
    #: What the GPUs make of a server whose front end may stream less.
    unstreamed: Array | None = None
    #: Micro-batches of a replica in a step.
    passes: Array | None = None

    @cached_property
    def fits(self) -> NDArray[np.bool_]:
        """Where the job fits and the GPU can run it, (G, J)."""
        able = self.devices.along(np.array([[not why] for why in self.refusals]))
        inside: NDArray[np.bool_] = able & (self.required <= self.available) & (self.sequences >= 1.0)
        return inside

    @cached_property
    def readings(self) -> Readings:
        """What is read off runs of their memory, arrays (G, J)."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return self.read()

    @cached_property
    def surely(self) -> NDArray[np.bool_]:
        """Where the job fits at the upper end of what it may need as well, (G, J).

        An engine's cache is what is left, and requests wait where it is smaller: there what fits is sure.
        """
        if self.runtime.holds.get("engine"):
            return self.fits
        room = Room.of(self.devices.gpus, self.available)
        wired, shares = (self.devices.along(each[:, None]) for each in (room.wired, room.allocated))
        room = room._replace(wired=wired, allocated=shares)
        found: NDArray[np.bool_] = self.fits & surely(self.runtime, self.readings, self.required, room)
        return found

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
            throughput=floats(one.throughput),
            latency=floats(one.latency),
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
                *self.warnings(g), *self._of_its_host(g, j), *self._overload(g, j), *self._crowded(g, j, one),
                *self._behind_its_front(g, j), *self._by_recipes(g, j, one.job),
            ),
            terms=self.timing.terms,
            readings=one.readings,
            ttft=one.ttft and floats(one.ttft), tpot=one.tpot and floats(one.tpot),
            sent=0.0 if self.sent is None else float(self.sent[g, j]),
            streamed=0.0 if self.streamed is None else float(self.streamed[g, j]),
            launching=float(np.broadcast_to(self.timing.launching, self.seconds.shape)[g, j]),
            passes=1.0 if self.passes is None else float(self.passes[g, j]),
        )  # fmt: skip
        if not is_run(answer.job) or not self.fits[g, j]:
            return answer
        from whichgpu.cost.serving.runs import told

        return told(answer, self.devices.gpus[g])

    def _as_streamed(self, g: Any, j: Any, told: Interval, factor: Any) -> Interval:
        """A rate, up to that of the GPUs where a front end binds: who serves so many has more of these."""
        if self.streamed is None or self.unstreamed is None:
            return told
        bound = self.streamed[g, j] >= TAKEN
        high: Any = np.maximum(told.high, np.where(bound, self.unstreamed[g, j] * factor, 0.0))
        return Interval(told.low, told.mid, high, told.unit)

    def _behind_its_front(self, g: int, j: int) -> tuple[str, ...]:
        """What to say where streaming sets the pace."""
        if self.streamed is None or self.unstreamed is None or self.streamed[g, j] < TAKEN:
            return ()
        more = number(float(self.unstreamed[g, j]))
        return (
            f"one process streams token by token, {number(float(self.throughput[g, j]))} tokens/s of the "
            f"{more} that the GPUs make; option stream_interval=20, as NVIDIA's recipes set it, lifts that",
        )

    def _gpu(self, g: int, j: int) -> Gpu:
        """The GPU of one answer."""
        return self.devices.gpus[int(self.devices.place(g, j))]

    def _by_recipes(self, g: int, j: int, job: Job) -> tuple[str, ...]:
        """What to say of options of an engine that are taken as published recipes set them on a GPU."""
        if job.phase != "serve":
            return ()
        from whichgpu.cost.serving.scheduling import unsaid

        taken = unsaid(self.runtime, job, Devices.of([self._gpu(g, j)]))
        return tuple(
            f"{name}={value} was taken, as published recipes have it; option {name}=1 for the engine's own"
            for name, value in taken.items()
        )

    def speed(self, g: int, j: int) -> tuple[Interval, Interval]:
        """The throughput and the latency that `at` says, in a fraction of its time; the GPU can run it."""
        factor = np.exp(Z90 * self.spread[g, j])
        rate = around(self.throughput[g, j], factor, f"{self.workload.unit}/s")
        rate = self._as_streamed(g, j, rate, factor)
        return floats(rate), floats(around(self.latency[g, j], factor))

    def figures(self, g: Any, j: Any) -> Answers:
        """The answers of cells of the sweep: `g` and `j` are indexes, slices, or arrays of one shape."""
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
            throughput=self._as_streamed(g, j, around(rate, factor, f"{self.workload.unit}/s"), factor),
            latency=around(delay, factor),
            required=self.required[g, j], available=self.available[g, j], power=power, energy=joules,
            power_spread=off.power, energy_spread=off.energy(self.spread[g, j]),
            power_limit=np.broadcast_to(self.devices.power, self.throughput.shape)[g, j],
            n_gpus=n, read=lambda: self.readings.each(lambda part: part[g, j]), ttft=self._first(g, j),
            tpot=around(self.seconds[g, j], factor) if serves else None,
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
        from whichgpu.cost.serving.steady import engine

        own = self.spread[g, j] * (1.0 if self.steep is None else self.steep[g, j])
        spread = np.hypot(own, engine(self.runtime)["first_spread"])
        return around(self.first_token[g, j], np.exp(Z90 * spread))

    def _crowded(self, g: int, j: int, one: Answers) -> tuple[str, ...]:
        """Whether a job may run out of memory or fit, and what that hangs on."""
        gpu, parts = self._gpu(g, j), {name: float(part[g, j]) for name, part in self._memory.items()}
        if "max_model_len" in one.job.options and starting.profiles(self.runtime, one.job):
            less = one.required - one.readings.need(one.required).low
            cache = starting.cache(self.workload, one.job, self.runtime, parts, float(one.available))
            said = of_cache(*cache, float(less))
        else:
            more = elastic(self.runtime, parts, self.sequences[g, j] if one.job.phase == "serve" else 1.0)
            # What a server can be given of the card, unless its cache was given more.
            most = 1.0 if one.job.trains else self.runtime.holds.get("most", 1.0)
            share = most if one.job.phase == "serve" else 1.0
            given = np.clip(one.required, share * one.available, one.available)
            room = Room.of((gpu,), given, one.available, most)
            said = doubt(self.runtime, one.readings, one.required, room, more)
        return (said, *hangs_on(one.job, self.runtime, parts, said)) if said else ()

    def _overload(self, g: int, j: int) -> tuple[str, ...]:
        """Whether more requests are in flight than the memory of the replicas holds."""
        waiting = 0.0 if self.queue is None else float(self.queue[g, j])
        if waiting <= 0.0:
            return ()
        from whichgpu.cost.memory.replica_memory import requests_each

        held, job = float(self.sequences[g, j]), self.job_at(j)
        # Who had to leave again waits as well, between two tokens.
        asked = float(requests_each(job)) if job.concurrency is not None else held * (1.0 + waiting)
        holds = f"{held:,.0f} request{'s' if held >= 1.5 else ''}"
        return (
            f"over capacity: a replica holds {holds}, and {asked - held:,.0f} more wait, so that TTFT is "
            "mostly waiting",
        )

    @cached_property
    def _numbers(self) -> dict[str, Array]:
        """The stated numbers of the jobs by column, each (J,)."""
        jobs = (1, self.seconds.shape[1])
        stated = {name: value for name in NUMBERS if (value := getattr(self.job, name)) is not None}
        # Most are arrays along the jobs, which need no look.
        return {
            name: value
            if isinstance(value, np.ndarray) and value.shape == jobs[1:]
            else np.broadcast_to(_array(value), jobs)[0]
            for name, value in stated.items()
        }

    @cached_property
    def _memory(self) -> dict[str, Array]:
        """The parts of the memory, each (G, J)."""
        return {name: np.broadcast_to(part, self.required.shape) for name, part in self.parts.items()}

    def job_at(self, j: Any) -> Job:
        """The j-th job of the sweep, its numbers as floats; the jobs of several indexes, as arrays."""
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
        if waits < PACED or self.devices.launch:
            return []
        gpu = self._gpu(g, j)
        stated, kind = show(float(each), "time", 2), hosts.kind_of(gpu, self.devices.host)
        other = "; host=server if it is one" if kind == "desktop" and not self.devices.host else ""
        return [
            f"the host sets the pace, and no GPU's name tells which one it is: {stated} for each kernel are "
            f"assumed of a {kind}, and hosts differ by a factor of two; option "
            f"launch={stated.replace(' ', '')} states it{other}"
        ]

    def _overflows(self, g: int) -> list[str]:
        """What to say of a model whose activations leave the range of FP16, where a GPU has nothing wider."""
        who = overflows(self.workload.id, self.runtime.id, (self.job.precision,))
        if not who:
            return []
        # Other makers' have none, and BF16.
        capability = float(np.ravel(self.devices.column("compute_capability"))[g])
        said = f"{self.workload.id} overflows in FP16 ({who}), and this GPU has no BF16"
        return [said] if 0.0 < capability < _WITH_BF16 else []

    def remarks(self, g: int = 0) -> tuple[str, ...]:
        """What is to say of the job as it was asked for, however well it is known."""
        said: list[str] = []
        said += no_use(self.workload, self.unused)
        said += self.notes[g] if self.notes else ()
        said += self._overflows(g)
        if self.job.phase != "serve":
            said += [
                f"{name} is of requests that are served (--phase serve, or --curve), and changes nothing here"
                for name in REQUESTS
                if name in self.job.options and not (self.job.trains and name in SHARES)
            ]
        said += idle(self.job)
        ignored = unknown(self.job, self.workload) + not_served(self.job, self.runtime)
        if ignored:
            said.append(f"not modelled yet, and ignored: {', '.join(map(hinted, ignored))}")
        if self.workload.unit == _HEARD and any(name.lower() in _RECORDED for name in ignored):
            said.append("how long a recording is, is the size of the job: write --hours-of-audio 2.5")
        said += [*merged(self.job), *too_long(self.job)]
        if "--" in self.job.runtime:
            from whichgpu.cost.job.commanded import commanded

            said += commanded(self.runtime, self.job.runtime, MODELLED)
        if self.job.runtime and "speculative" not in self.job.options:
            from whichgpu.cost.job.commanded import drafted

            said += drafted(self.job.runtime)
        if not self.runtime.exact:
            said.append(in_its_stead(self.job.runtime, self.runtime))
        return tuple(said)


#: What is heard window by window, and what people call the length of a whole recording.
_HEARD = "audio seconds"
_RECORDED = (
    "seconds",
    "duration",
    "audio",
    "audio_seconds",
    "audio_length",
    "audio_duration",
    "length",
    "minutes",
)


def hinted(name: str) -> str:
    """An option that is ignored, with the one that is known by nearly that name."""
    from difflib import get_close_matches

    from whichgpu.cost.job.commanded import FLAGS, SWITCHES

    if name in _LEARNT:
        return f"{name} (of trainings alone)"
    if name in NUMBERS or name in _COLUMNS:
        return f"{name} (that is no option but a column: write --{name.replace('_', '-')})"
    plain = name.lower().replace("-", "_")
    known = _ELSEWHERE.get(plain)
    near = [known] if known else get_close_matches(name, MODELLED, n=1, cutoff=0.8)
    flag = FLAGS.get(plain) or SWITCHES.get(plain, "")
    if flag and not known and name not in MODELLED:
        return f"{name} ({flag.format('N') if flag.startswith('nothing') else 'write ' + flag.format('N')})"
    return f"{name} (did you mean {near[0]}?)" if near and name not in MODELLED else name


def no_use(workload: Workload, columns: Sequence[str]) -> list[str]:
    """What to say of columns that a job states and its phase does not read."""
    if not columns:
        return []
    instead = "; a prompt is --input-tokens, what a server allows --option max_model_len"
    tail = (
        instead if "seq_len" in columns and "input_tokens" in workload.code.DEFAULTS.get("serve", ()) else ""
    )
    were = "was" if len(columns) == 1 else "were"
    return [f"{workload.id} has no use for {', '.join(columns)}, which {were} ignored{tail}"]


def unknown(job: Job, workload: Workload) -> list[str]:
    """The options of a job that nothing reads, sorted: of other jobs as well."""
    other = {*(() if job.trains else _LEARNT), *(() if "vae" in workload.dims else _OF_PICTURES)}
    stated = set(job.options)
    return sorted(stated - MODELLED - set(workload.options) | stated & other)


def not_served(job: Job, stack: Runtime) -> list[str]:
    """The options of a serving job that its server does not read."""
    if job.phase != "serve":
        return []
    # Attention is an engine's own; a program without one has its library's.
    read = ("flash_attention",) if stack.holds.get("no_engine") else ()
    stated = [name for name in _NOT_SERVED if name in job.options and name not in read]
    return stated + unread(stack, job)


def ignoring(job: Job, workload: Workload) -> str:
    """`; ignored: etp (did you mean moe_tp?)`, behind why a job with options that nothing reads cannot be."""
    names = unknown(job, workload)
    return f"; ignored: {', '.join(map(hinted, names))}" if names else ""


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
