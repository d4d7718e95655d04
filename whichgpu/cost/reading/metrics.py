"""From an estimate to what a row asks for: its `metric`, in its own `unit`.

Every function is written over arrays: a single `Estimate` is the 0-d case of the `Figures` of a sweep.
"""

from __future__ import annotations

import re
from functools import lru_cache, partial
from typing import TYPE_CHECKING

import numpy as np

from whichgpu.cost.reading import figures, rates, wording
from whichgpu.cost.reading.statistic import statistic
from whichgpu.errors import UsageError
from whichgpu.values import NamedTuple, regex
from whichgpu.workloads.workload import resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from whichgpu.cost.reading.figures import Figures, Three


class Metric(NamedTuple):
    """How a metric is read off figures, and the unit it is given in where a row states none."""

    read: Callable[[Figures, str], Three]
    unit: str
    #: Of a time of requests, what it is and how it is taken over them (`cost/reading/statistic.py`).
    time: str = ""
    how: str = "mean"

    def __call__(self, answer: Figures, unit: str, _row: object = None) -> Three:
        """(low, mid, high) in `unit`; raises `UsageError` where the job has no such figure or unit."""
        asked = wording.of_each(self.unit, wording.unit(unit)) or self.unit_of(answer.job.workload)
        try:
            return self.read(answer, asked)
        except UsageError:
            plain = self.read in (figures.throughput, figures.latency)
            other = _in_words(self, answer, asked) if plain else None
            if other is None:
                raise
            return other

    def unit_of(self, workload: str) -> str:
        """The metric's own unit for a workload: images/s, J/token, s."""
        noun = resolve(workload).unit
        return self.unit.replace("{many}", noun).replace("{one}", rates.singular(noun))


def _in_words(own: Metric, answer: Figures, unit: str) -> Three | None:
    """A speed in a unit as people write it, `RTF` or `ms/img`; None where that is none, or says no more."""
    from whichgpu.cost.reading import quoted

    if time := wording.passing(unit):
        return figures.latency(answer, time)
    try:
        found = quoted.read(f"1 {unit}")
        # A bare time is of a pass, where no metric says otherwise.
        same = found.unit == unit and not found.passes and METRICS.get(found.metric) in (own, None)
        again = same or found.metric not in TIMED
        denoised = answer.job.steps is not None
        unsaid = found.passes and not (answer.job.trains or answer.job.phase == "infer" or denoised)
        return None if again or unsaid else quoted.in_unit(answer, unit)
    except UsageError:
        return None


#: Metrics of memory, and the total that each reads; "" for the one that a runtime counts.
READINGS: Mapping[str, str] = {
    "gpu_memory_used": "device", "peak_gpu_memory": "", "peak_gpu_memory_per_gpu": "",
    "max_memory_reserved": "reserved",
}  # fmt: skip
#: Metrics of time, and the power of the time of a pass that each goes with.
TIMED: Mapping[str, float] = {
    "throughput": -1.0, "samples_throughput_total": -1.0, "iterations_per_s": -1.0,
    "iterations_per_s_times_batch": -1.0, "latency": 1.0, "latency_per_batch": 1.0, "tpot": 1.0,
}  # fmt: skip
_RATE, _TIME, _BYTES = "{many}/s", "s", "GiB"
#: Every metric by name.
METRICS: Mapping[str, Metric] = {
    "throughput": Metric(figures.throughput, _RATE),
    "samples_throughput_total": Metric(figures.throughput, _RATE),
    "latency": Metric(figures.latency, _TIME, "latency"),
    "latency_per_batch": Metric(figures.latency, _TIME),
    "tpot": Metric(figures.token_time, _TIME, "tpot"),
    "ttft": Metric(figures.first_token, _TIME, "ttft"),
    "iterations_per_s": Metric(figures.steps, "it/s"),
    "iterations_per_s_times_batch": Metric(figures.image_steps, "it/s"),
    "power": Metric(figures.power, "W"),
    "energy": Metric(figures.energy, "J/{one}"),
    **{name: Metric(figures.memory(total), _BYTES) for name, total in READINGS.items()},
}


#: What a counter of memory calls itself, and the total that it reads.
_COUNTERS = {"reserved": "reserved", "allocated": "allocated", "alloc": "allocated", "active": "allocated",
             "used": "device", "smi": "device", "nvidia": "device"}  # fmt: skip
#: Words around it; a mean is of steps alike, as a job's are.
_AROUND = {"peak", "max", "maximum", "mean", "avg", "average", "gpu", "cuda", "torch", "per", "usage", "mem",
           "memory", "vram", "consumption", "footprint", "required", "total", "training",
           "inference"}  # fmt: skip


def _counter(name: str) -> Metric | None:
    """The metric of a counter of memory in words of its own: `cuda_memory_reserved_avg`, `peak_vram`."""
    words = set(re.split(r"[-_\s]+", name.lower()))
    known, totals = words & {"memory", "mem", "vram"}, {_COUNTERS[word] for word in words & set(_COUNTERS)}
    if not (known or totals & {"reserved"}) or words - _AROUND - set(_COUNTERS) or len(totals) > 1:
        return None
    return Metric(figures.memory(totals.pop() if totals else ""), _BYTES)


@lru_cache(maxsize=1024)
def metric(name: str) -> Metric:
    """The metric of a name or of a unit in its place, throughput for none; `UsageError` lists them."""
    from whichgpu.cost.reading.quoted import asked

    said, unit, per_gpu = wording.apart(name)
    found = METRICS.get(said.lower() or "throughput") or _SAID.get(said.lower())
    found = found or _counter(said) or _of_requests(said) or _of_all(said)
    found = found or asked(said) or asked(wording.unit(said)) or _of_energy(said) or _in_prose(said)
    if found is None and "epoch" in said.lower():
        raise UsageError(f"metric '{name}': an epoch is as long as its data set; write samples/s")
    if "time" in said.lower() and _TO_THE_END.search(said.lower()):
        raise UsageError(f"metric '{name}': a training is as long as it takes to learn; write samples/s")
    if found is None and re.search(r"\b[mh]fu\b|flops? utili[sz]ation", said.lower()):
        raise UsageError(f"metric '{name}': a share of a peak, of which there are several; write TFLOPS")
    if found is None and unit:
        # `V100 TensorRT FP16 (FPS)`: nothing but the unit says what is asked.
        found = Metric(figures.latency, unit) if re.fullmatch(wording.TIME, unit, re.I) else asked(unit)
    if found is None:
        raise UsageError(
            f"no metric '{name}'; known are {', '.join(METRICS)}, of a server also itl, and p50, p90, p95 "
            "or p99 of its times (ttft_p99), or write a unit: images/s, ms/token"
        )
    found = found._replace(unit=unit) if unit else found
    # A unit that the cell beside it writes without the GPU.
    counted = wording.unit(said).lower()
    each = per_gpu or (counted.endswith("/s/gpu") and "flop" not in counted)
    return found._replace(read=partial(_per_gpu, found)) if each else found


#: The time of a whole training, which ends when enough is learnt.
_TO_THE_END = regex(r"\btime[\s_-]to[\s_-](?:train|converge\w*|accuracy|quality|target|solution)\b")


def _per_gpu(found: Metric, answer: Figures, unit: str) -> Three:
    """A rate of each GPU, which its metric says and its unit leaves out."""
    return found.read(answer, unit if unit.endswith("/gpu") or "/" not in unit else f"{unit}/gpu")


def _of_all(name: str) -> Metric | None:
    """A rate that counts prompts as well, or arithmetic, by its unit in a metric's place."""
    unit = wording.unit(name)
    kind, _ = rates.sided(unit)
    if re.fullmatch(figures.FLOPS, unit, re.IGNORECASE):
        return Metric(figures.throughput, unit)
    return Metric(partial(figures.counting, kind), unit) if kind and "/" in unit else None


def _of_energy(name: str) -> Metric | None:
    """The metric of power or energy in plain words: `GPU power draw`, `energy per image`, `perf per watt`."""
    said = re.findall(r"[a-z]+", name.lower())
    if "power" in said and not set(said) - _POWERED:
        return Metric(figures.power, "W")
    each = re.fullmatch(r"energy (?:per|for an?) (?:(?:output|generated) )?(\w+)", " ".join(said))
    if each:
        return Metric(partial(_energy_of, each[1]), f"J/{each[1]}")
    if re.fullmatch(r"energy (?:use|usage|consumption)", " ".join(said)):
        return Metric(figures.energy, "J/{one}")
    if re.fullmatch(
        r"(?:perf\w*|throughput) per watt|(?:energy|power) efficiency"
        r"|(?:images|tokens) (?:per )?j(?:oule)?|(?:images?|imgs?|tokens?|tok) (?:s|sec) (?:w|watts?)",
        " ".join(said),
    ):
        return Metric(figures.energy, "{many}/J")
    # Of scaling, of the arithmetic's peak or of energy: the unit says which.
    return Metric(figures.efficiency, "") if said == ["efficiency"] else None


def _energy_of(noun: str, answer: Figures, unit: str) -> Three:
    """The energy of one of what is counted, in a unit that may leave out of what."""
    return figures.energy(answer, unit if "/" in unit or " per " in unit else f"{unit}/{noun}")


#: Words around power that leave it what it is.
_POWERED = {
    "power",
    "draw",
    "gpu",
    "board",
    "average",
    "avg",
    "mean",
    "consumption",
    "usage",
    "total",
    "card",
}


def _in_prose(name: str) -> Metric | None:
    """The metric of a speed or a time in plain words: `eval rate`, `step time`, `real-time factor`."""
    plain = " ".join(re.findall(r"[a-z]+", name.lower()))
    each = re.fullmatch(
        r"(?:\w+ )*?(?:time|latency) (?:per|for an?|of an?) (?:(?:inference|forward) )?(\w+)"
        r"|(?:(?:infer|inference|train|training) )?(step|iter|iteration) time",
        plain,
    )
    if each and (each[1] or each[2]) not in ("batch", "request", "query"):
        return Metric(partial(_of_each, each[1] or each[2]), _TIME)
    said = _SAID.get(plain)
    rest = set(plain.split()) - _BESIDE
    if said is not None or rest not in (set(), {"prompt"}, {"prefill"}):
        return said
    if rest:
        return Metric(_prompts, _RATE)
    timed = plain.endswith((" time", "duration", "latency")) or plain.startswith("time ") or plain == "time"
    return Metric(figures.latency, _TIME) if timed else Metric(figures.throughput, _RATE)


#: Words of a speed or a time that say nothing of what is counted.
_BESIDE = {
    "speed", "rate", "performance", "throughput", "time", "duration", "latency", "training", "train",
    "inference", "infer", "generation", "gen", "generate", "eval", "evaluation", "decode", "decoding",
    "tps", "processing", "wall", "clock", "total", "elapsed", "average", "mean", "avg", "token", "tokens",
    "text", "image", "images", "video", "execution", "run", "sampling", "end", "to", "overall",
    "model", "forward", "backward", "pass", "batch", "transcription", "finetuning", "peak", "best",
    "global", "aggregate", "effective", "system", "gpu", "per", "measured", "achieved", "compute",
    "sustained",
}  # fmt: skip


def _in_unit(usual: str, answer: Figures, unit: str) -> Three:
    from whichgpu.cost.reading import quoted

    return quoted.in_unit(answer, unit or usual)


def _of_each(noun: str, answer: Figures, unit: str) -> Three:
    """The time for one of what is counted, in a unit that may leave out of what."""
    from whichgpu.cost.reading import quoted

    return quoted.in_unit(answer, unit if "/" in unit or " per " in unit else f"{unit}/{noun}")


def _real_time(answer: Figures, unit: str) -> Three:
    """Seconds of work for a second of audio; the other way round in multiples."""
    from whichgpu.cost.reading import quoted

    many = not unit or unit.lower().startswith(("x", "times", "rtfx"))
    return quoted.in_unit(answer, "RTFx" if many else "RTF")


def _of_user(answer: Figures, _unit: str) -> Three:
    """Tokens a second of one request."""
    from whichgpu.cost.reading import quoted

    return quoted.in_unit(answer, "tok/s per user")


def _prompts(answer: Figures, unit: str) -> Three:
    if answer.job.phase == "serve" and answer.ttft is not None:
        low, mid, high = figures.first_token(answer, "s")
        each = np.asarray(answer.job.input_tokens)
        return each / high, each / mid, each / low
    if answer.job.phase != "prefill":
        raise UsageError("how fast prompts are read is of phase prefill; write it, or throughput")
    return figures.throughput(answer, unit)


#: Metrics that are called by nothing but these words; of a speed in multiples of real time "x" is the unit.
_SAID = {
    **dict.fromkeys(("real time factor", "realtime factor"), Metric(_real_time, "RTF")),
    **dict.fromkeys(("inverse rtf", "inverse real time factor", "rtf inverse", "speed factor"),
                    Metric(_real_time, "RTFx")),
    "rtf": Metric(_real_time, "RTF"), **dict.fromkeys(("rtfx", "x"), Metric(_real_time, "RTFx")),
    **dict.fromkeys(("iteration speed", "iteration rate"), Metric(partial(_in_unit, "it/s"), "it/s")),
    "pp": Metric(_prompts, _RATE), "tg": Metric(figures.throughput, _RATE),
    "tgs": Metric(figures.throughput, "tokens/s/gpu"),
    **dict.fromkeys(("interactivity", "output speed", "user speed"), Metric(_of_user, "tokens/s/user")),
}  # fmt: skip


#: By time of a request, what is read of its mean; gaps between tokens follow each other as TPOT says.
_MEANS = {
    "ttft": figures.first_token,
    "tpot": figures.token_time,
    "itl": figures.token_time,
    "latency": figures.latency,
}


def _of_requests(name: str) -> Metric | None:
    """The metric of a statistic of requests; None for any other name."""
    found = statistic(name)
    if found is None:
        return None
    if not found.time:
        kind, _ = rates.sided(found.unit)
        return Metric(partial(figures.counting, kind), found.unit)
    return Metric(_MEANS[found.time], found.unit or _TIME, found.time, found.how)
