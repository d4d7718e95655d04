"""What is read off an estimate: rates, times, energy and memory, each in the unit that a row asks for.

Every function is written over arrays: a single `Estimate` is the 0-d case of the `Figures` of a sweep.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from whichgpu.cost.reading import rates
from whichgpu.errors import UsageError
from whichgpu.workloads.language.vision import SOUND_SECONDS
from whichgpu.workloads.ops import product_flops
from whichgpu.workloads.workload import resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from whichgpu.cost.memory.readings import Readings
    from whichgpu.facts.model import Interval
    from whichgpu.workloads.job import Job

    #: (low, mid, high) in the row's unit.
    Three = tuple[Any, Any, Any]


class Figures(Protocol):
    """What the metrics read: an `Estimate`, or the same fields as arrays over jobs."""

    @property
    def job(self) -> Job: ...  # noqa: D102
    @property
    def n_gpus(self) -> Any: ...  # noqa: D102
    @property
    def throughput(self) -> Interval: ...  # noqa: D102
    @property
    def latency(self) -> Interval: ...  # noqa: D102
    @property
    def power(self) -> Any: ...  # noqa: D102
    @property
    def energy_interval(self) -> Interval: ...  # noqa: D102
    @property
    def power_interval(self) -> Interval: ...  # noqa: D102
    @property
    def readings(self) -> Readings: ...  # noqa: D102
    @property
    def ttft(self) -> Interval | None: ...  # noqa: D102
    @property
    def tpot(self) -> Interval | None: ...  # noqa: D102


def _scaled(interval: Interval, factor: Any) -> Three:
    return interval.low * factor, interval.mid * factor, interval.high * factor


def throughput(answer: Figures, unit: str) -> Three:
    """What a job makes in the time that `unit` names, of all GPUs or of each."""
    if unit.lower() in rates.ITERATED and answer.job.steps is not None:
        return steps(answer, unit)
    low = unit.lower()
    if ("/w" in low or "/j" in low) and re.search(_PER_JOULE, unit, re.IGNORECASE):
        return energy(answer, unit)
    if "flop" in low and re.fullmatch(FLOPS, unit, re.IGNORECASE):
        return _arithmetic(answer, unit)
    kind, rest = rates.sided(unit)
    if kind == "total" and answer.job.trains:
        # Of all GPUs together.
        return throughput(answer, rest)
    if kind:
        return tuple(each * _sides(answer, kind) for each in throughput(answer, rest))
    made = resolve(answer.job.workload).unit
    short = rates.written_out(unit, made)
    if made == "tokens" and "vision" in resolve(answer.job.workload).dims:
        # An answer is about a picture.
        short = re.sub(r"^(?:images?|imgs?|pictures?)/", "samples/", short)
    factor, per_gpu, counted = rates.rate(short, made)
    if counted == "tokens" and answer.job.seq_len is None:
        raise UsageError(f"{answer.job.workload} counts sequences of no stated length; write sequences/s")
    return _scaled(answer.throughput, factor * _many(answer, counted) / (answer.n_gpus if per_gpu else 1.0))


def _many(answer: Figures, counted: str) -> Any:
    """What is counted of one thing that a workload makes, as `rates.rate` calls it."""
    if counted == "whole":
        return 1.0 / _parts(answer)
    if counted == "written":
        return _written(answer)
    if counted == "heard":
        return _heard(answer)
    dims = resolve(answer.job.workload).dims
    if counted == "filmed":
        return _filmed(answer, dims)
    # A sample of MLPerf's recommendation is a user with that many items.
    each = 1.0 / float(answer.job.options.get("pairs", 1.0))
    return {"": each, "tokens": answer.job.seq_len, "seconds": 1.0 / dims.get("per_second", 1.0),
            "frames": 1.0 / dims.get("hop", 1.0)}[counted]  # fmt: skip


def _written(answer: Figures) -> Any:
    """Tokens of a second of audio, where a model writes some of each window."""
    job = answer.job
    if job.output_tokens is None:
        raise UsageError(f"{job.workload} writes no tokens one by one; write audio seconds/s")
    return job.output_tokens / _parts(answer)


def _filmed(answer: Figures, dims: Mapping[str, Any]) -> float:
    """Frames of a video that a model makes; those of one that is looked at are chosen by who reads it."""
    if "frames" not in dims:
        raise UsageError(f"{answer.job.workload} reads some frames of each video; write videos/s")
    return answer.job.option("frames", float(dims["frames"]))


def _heard(answer: Figures) -> Any:
    """Seconds of audio behind each token that a model of sound and language writes of it."""
    job = answer.job
    pieces = float(job.options.get("sounds", 0.0))
    if not pieces or job.phase not in ("generate", "decode"):
        raise UsageError(
            f"{job.workload} hears nothing in this job; write phase transcription, or option sounds=1"
        )
    return SOUND_SECONDS * pieces / np.asarray(job.output_tokens)


#: Arithmetic of products a second, as tables of trainings give it.
FLOPS = r"([tp])flops?(?:/s(?:ec)?)?(/gpu)?"
_SCALE = {"t": 1e12, "p": 1e15}
#: What a workload makes of which a batch has that many, or that many sequences.
_BATCHED = {"token", "image", "sequence", "volume", "video", "sample"}


def _arithmetic(answer: Figures, unit: str) -> Three:
    """FLOPs of products a second and GPU, of all GPUs in PFLOPS: three times a forward pass in training.

    What is computed anew to spare memory is not counted.
    """
    job, item = answer.job, resolve(answer.job.workload)
    asked = re.fullmatch(FLOPS, unit, re.IGNORECASE)
    made = rates.noun(item.unit)
    if item.unit == "GFLOP" and asked is not None:
        return _scaled(answer.throughput, 1e9 / _SCALE[asked[1].lower()])
    if made not in _BATCHED or job.phase in ("serve", "decode", "generate") or asked is None:
        raise UsageError(f"FLOP/s are of a pass of training, inference or a prompt; write {item.unit}/s")
    ops = [op for op in item.trace(job) if op.stage == "forward"]
    tokens = job.seq_len if job.trains else job.input_tokens
    many = job.batch * (tokens if made == "token" else 1.0)
    each = product_flops(ops) * (3.0 if job.trains else 1.0) / many / _SCALE[asked[1].lower()]
    whole = asked[1].lower() == "p" and not asked[2]
    return _scaled(answer.throughput, each / (1.0 if whole else answer.n_gpus))


def counting(kind: str, answer: Figures, unit: str) -> Three:
    """A rate of tokens of a kind, which its metric names and its unit may leave out."""
    plain = kind and not rates.sided(unit)[0] and rates.noun(unit.partition("/")[0]) == "token"
    return throughput(answer, f"{kind} {unit}" if plain else unit)


def _sides(answer: Figures, kind: str) -> Any:
    """Tokens of prompts alone, or of prompts and answers, for each that a server makes."""
    job = answer.job
    if job.phase == "prefill":
        return 1.0
    if job.phase != "serve" or job.output_tokens is None:
        raise UsageError(f"{kind} tokens/s are of phase serve, where prompts are answered; write tokens/s")
    each = np.asarray(job.input_tokens) / np.maximum(np.asarray(job.output_tokens), 1.0)
    return each + (kind == "total")


def _parts(answer: Figures) -> Any:
    """Tokens of a sequence or of an answer, seconds of an utterance: what a sample has of what is counted."""
    job = answer.job
    tokens = job.seq_len if job.trains else job.input_tokens if job.phase == "prefill" else job.output_tokens
    if tokens is not None and rates.noun(resolve(job.workload).unit) == "token":
        return tokens
    return answer.throughput.mid * answer.latency.mid / (job.batch * answer.n_gpus)


def latency(answer: Figures, unit: str) -> Three:
    """The time of a batch, end to end."""
    return _scaled(answer.latency, 1.0 / rates.one(unit, "time"))


def token_time(answer: Figures, unit: str) -> Three:
    """The time of a token behind the first: the TPOT of a server, else the whole time over the tokens."""
    unit = unit.removesuffix("/token").removesuffix("/tok")
    if answer.job.output_tokens is None:
        raise UsageError(f"{answer.job.workload} makes no tokens, so it has no time per token")
    if answer.tpot is not None:
        return _scaled(answer.tpot, 1.0 / rates.one(unit, "time"))
    with np.errstate(divide="ignore"):
        return _scaled(answer.latency, 1.0 / rates.one(unit, "time") / np.asarray(answer.job.output_tokens))


def first_token(answer: Figures, unit: str) -> Three:
    """The time to the first token of a server, or of a prompt alone."""
    if answer.job.phase == "prefill":
        return latency(answer, unit)
    if answer.ttft is None:
        raise UsageError(f"TTFT is of phase serve, which this job of {answer.job.workload} is not in")
    return _scaled(answer.ttft, 1.0 / rates.one(unit, "time"))


def steps(answer: Figures, _unit: str) -> Three:
    """Denoising steps of the whole batch per second and GPU."""
    if answer.job.steps is None:
        raise UsageError(f"{answer.job.workload} has no denoising steps")
    return _scaled(answer.throughput, answer.job.steps / answer.job.batch / answer.n_gpus)


def image_steps(answer: Figures, unit: str) -> Three:
    """Denoising steps per second and GPU, one for each picture of the batch."""
    low, mid, high = steps(answer, unit)
    return low * answer.job.batch, mid * answer.job.batch, high * answer.job.batch


def power(answer: Figures, unit: str) -> Three:
    """Mean power of each GPU."""
    return _scaled(answer.power_interval, 1.0 / rates.one(unit, "power"))


#: Behind what is made with a joule, in a rate for each watt: images/s/W, images/J.
_PER_JOULE = r"(?:/s(?:ec)?/w(?:atts?)?|/j(?:oule)?)$"


def energy(answer: Figures, unit: str) -> Three:
    """Energy of one of what a job makes, or how many a joule makes."""
    amount, _, noun = re.sub(_PER_JOULE, "/J", unit, flags=re.IGNORECASE).partition("/")
    if noun == "J":
        low, mid, high = energy(answer, f"J/{rates.singular(amount)}")
        return 1.0 / high, 1.0 / mid, 1.0 / low
    return _scaled(answer.energy_interval, _held_in(answer, unit, noun) / rates.one(amount, "energy"))


#: What is all that a pass takes, but that of pictures a step is a part of it.
_PASSES = ("iter", "iteration", "step")


def _held_in(answer: Figures, unit: str, noun: str) -> Any:
    """How many of what a job makes are in one of what a unit names: tokens of a sample."""
    made = resolve(answer.job.workload).unit
    if not noun or rates.noun(noun) == rates.noun(made):
        return 1.0
    own = throughput(answer, f"{made}/s")[1]
    if noun == "batch" or (noun in _PASSES and answer.job.steps is None):
        return own * latency(answer, "s")[1]
    try:
        return own / throughput(answer, f"{noun}/s")[1]
    except UsageError:
        raise UsageError(
            f"unit '{unit}': this workload makes {made}; write J/{rates.singular(made)}"
        ) from None


def efficiency(answer: Figures, unit: str) -> Three:
    """Energy, where the unit says that it is of that; `UsageError` asks of what, else."""
    if not re.search(r"/(?:w(?:atts?)?|j(?:oules?)?)$|^m?j(?:oules?)?/", unit.strip(), re.IGNORECASE):
        noun = resolve(answer.job.workload).unit
        raise UsageError(
            f"efficiency of what: with unit {noun}/s/W or {noun}/J it is of energy; for a share of a peak "
            f"write TFLOPS, for scaling {noun}/s"
        )
    return energy(answer, unit)


def memory(total: str) -> Callable[[Figures, str], Three]:
    """A reading of memory: `allocated`, `reserved`, `device`, or "" for the one that the runtime counts."""

    def read(answer: Figures, unit: str) -> Three:
        found = answer.readings.interval(total or answer.readings.counted)
        return _scaled(found, 1.0 / rates.one(unit, "memory"))

    return read
