"""From an estimate to what a row asks for: its `metric`, in its own `unit`.

Every function is written over arrays: a single `Estimate` is the 0-d case of the `Figures` of a sweep.
"""

from __future__ import annotations

import re
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from whichgpu.cost import wording
from whichgpu.cost.statistic import statistic
from whichgpu.errors import UsageError
from whichgpu.units import parse
from whichgpu.values import NamedTuple
from whichgpu.workloads.ops import product_flops
from whichgpu.workloads.workload import resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from whichgpu.cost.readings import Readings
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


class Metric(NamedTuple):
    """How a metric is read off figures, and the unit it is given in where a row states none."""

    read: Callable[[Figures, str], Three]
    unit: str
    #: Of a time of requests, what it is and how it is taken over them (`cost/statistic.py`).
    time: str = ""
    how: str = "mean"

    def __call__(self, answer: Figures, unit: str, _row: object = None) -> Three:
        """(low, mid, high) in `unit`; raises `UsageError` where the job has no such figure or unit."""
        asked = wording.of_each(self.unit, wording.unit(unit)) or self.unit_of(answer.job.workload)
        try:
            return self.read(answer, asked)
        except UsageError:
            other = _in_words(self, answer, asked) if self.read in (_throughput, _latency) else None
            if other is None:
                raise
            return other

    def unit_of(self, workload: str) -> str:
        """The metric's own unit for a workload: images/s, J/token, s."""
        noun = resolve(workload).unit
        return self.unit.replace("{many}", noun).replace("{one}", _singular(noun))


#: Other words for what a job produces: any unit of work, or one of those that workloads count.
_ANY = {"sample", "item", "example", "query", "request", "record", "instance", "inference",
        "user", "interaction", "page", "pair", "molecule", "graph", "serie", "document", "passage", "line",
        "face", "protein", "structure"}  # fmt: skip
_WORDS = {
    "req": "request",
    "img": "image",
    "imgs": "image",
    "sentence": "sequence",
    "seq": "sequence",
    "seqs": "sequence",
    "emb": "sequence",
    "doc": "document",
    "tok": "token",
    "t": "token",
}
#: What publishers call the unit of a workload, by that unit: frames of a spectrogram, pictures with a depth.
_CALLED = {"mel-frame": {"mel", "frame", "token"}, "utterance": {"sequence"}, "volume": {"image"},
           "video": {"clip"}, "second": {"audio second"}, "frame": {"image"}, "sample": {"node"}}  # fmt: skip
#: Rates that are written without a stroke, and those that count the denoising steps of a batch.
_SHORT = {"fps": "images/s", "ips": "images/s", "qps": "samples/s", "x": "audio seconds/s"}
#: What is counted as frames where a table has one unit for all networks, as OpenVINO's has.
_READ = ("sequences", "samples", "utterances")
_ITERATED = {"it/s", "iterations/s", "steps/s"}
#: What is counted by the part, and what else its samples are called.
_PARTS, _WHOLE = {"token", "audio second"}, {"sequence", "utterance", "clip", "file", "recording"}
#: Parts of a second of sound, of which a workload states how many there are (`per_second`).
_SOUND = {"mel-frame", "audio-sample"}
_EXAMPLES = {"time": "ms", "power": "W", "energy": "J", "memory": "GiB"}


def _singular(noun: str) -> str:
    return noun.removesuffix("s")


@lru_cache(maxsize=1024)
def _rate(unit: str, made: str) -> tuple[float, bool, str]:
    """A rate's unit for a workload that makes `made`: s in its time, per GPU or not, what it counts.

    That is "" for what the workload makes, "tokens" of its sequences, "seconds" of the sound that it makes
    parts of, "frames" of the spectrogram that it makes sound of, tokens "written" of what it hears, seconds
    "heard" of what it writes, frames "filmed" of what it makes, or samples that are "whole" where it counts
    their parts.
    """
    rest = unit.removesuffix("/gpu")
    noun, sep, time = rest.rpartition("/")
    if not sep:
        raise UsageError(f"'{unit}' is not a rate; write {made}/s")
    asked, own = _noun(noun), _noun(made)
    counted = "tokens" if (asked, own) == ("token", "sequence") else ""
    if asked == "audio second" and own in _SOUND:
        counted = "seconds"
    if own == "audio-sample" and asked in _CALLED["mel-frame"] - {"token"} | {"mel-frame"}:
        counted = "frames"
    if (asked, own) == ("token", "audio second"):
        counted = "written"
    if (asked, own) == ("audio second", "token"):
        counted = "heard"
    if own in _PARTS and asked in _ANY | _WHOLE:
        counted = "whole"
    if own == "video" and asked in ("frame", "image"):
        counted = "filmed"
    if asked == "epoch":
        raise UsageError(f"unit '{unit}': an epoch is as long as its data set; write {made}/s")
    if not counted and asked not in {*_ANY, *_CALLED.get(own, ()), own}:
        raise UsageError(f"unit '{unit}': this workload makes {made}; write {made}/s")
    return _one(time, "time"), rest != unit, counted


def _noun(text: str) -> str:
    word = _singular(re.sub(r"^(?:total )?(?:output|generated|out) ", "", text.strip().lower()))
    return _WORDS.get(word, word)


@lru_cache(maxsize=256)
def _one(unit: str, dimension: str) -> float:
    """One of a unit in SI; raises `UsageError` for what is no unit of the dimension."""
    try:
        return parse(f"1 {re.sub('[µμ]', 'u', unit)}", dimension)
    except UsageError:
        raise UsageError(f"unit '{unit}' is none of {dimension}; write e.g. {_EXAMPLES[dimension]}") from None


def _scaled(interval: Interval, factor: Any) -> Three:
    return interval.low * factor, interval.mid * factor, interval.high * factor


def _throughput(answer: Figures, unit: str) -> Three:
    if unit.lower() in _ITERATED and answer.job.steps is not None:
        return _steps(answer, unit)
    if re.search(_PER_JOULE, unit, re.IGNORECASE):
        return _energy(answer, unit)
    if re.fullmatch(_FLOPS, unit, re.IGNORECASE):
        return _arithmetic(answer, unit)
    kind, rest = _sided(unit)
    if kind == "total" and answer.job.trains:
        # Of all GPUs together.
        return _throughput(answer, rest)
    if kind:
        return tuple(each * _sides(answer, kind) for each in _throughput(answer, rest))
    made = resolve(answer.job.workload).unit
    short = "samples/s" if unit.lower() == "fps" and made in _READ else _SHORT.get(unit.lower(), unit)
    if made == "tokens" and "vision" in resolve(answer.job.workload).dims:
        # An answer is about a picture.
        short = re.sub(r"^(?:images?|imgs?|pictures?)/", "samples/", short)
    factor, per_gpu, counted = _rate(short, made)
    if counted == "tokens" and answer.job.seq_len is None:
        raise UsageError(f"{answer.job.workload} counts sequences of no stated length; write sequences/s")
    return _scaled(answer.throughput, factor * _many(answer, counted) / (answer.n_gpus if per_gpu else 1.0))


def _many(answer: Figures, counted: str) -> Any:
    """What is counted of one thing that a workload makes, as `_rate` calls it."""
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


#: Seconds of a piece of sound before a prompt (`workloads/language/vision.py`).
_PIECE = 30.0


def _heard(answer: Figures) -> Any:
    """Seconds of audio behind each token that a model of sound and language writes of it."""
    job = answer.job
    pieces = float(job.options.get("sounds", 0.0))
    if not pieces or job.phase not in ("generate", "decode"):
        raise UsageError(
            f"{job.workload} hears nothing in this job; write phase transcription, or option sounds=1"
        )
    return _PIECE * pieces / np.asarray(job.output_tokens)


#: Arithmetic of products a second, as tables of trainings give it.
_FLOPS = r"([tp])flops?(?:/s(?:ec)?)?(/gpu)?"
_SCALE = {"t": 1e12, "p": 1e15}
#: What a workload makes of which a batch has that many, or that many sequences.
_BATCHED = {"token", "image", "sequence", "volume", "video", "sample"}


def _arithmetic(answer: Figures, unit: str) -> Three:
    """FLOPs of products a second and GPU, of all GPUs in PFLOPS: three times a forward pass in training.

    What is computed anew to spare memory is not counted.
    """
    job, item = answer.job, resolve(answer.job.workload)
    asked = re.fullmatch(_FLOPS, unit, re.IGNORECASE)
    made = _noun(item.unit)
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


def _sided(unit: str) -> tuple[str, str]:
    """Whether a rate counts prompts, and the rest of its unit: `("total", "tokens/s")`."""
    kind, _, rest = unit.strip().partition(" ")
    known = {"total": "total", "input": "input", "prompt": "input"}.get(kind.lower(), "")
    return (known, rest.strip()) if known and rest.strip().lower().startswith("tok") else ("", unit)


def _counting(kind: str, answer: Figures, unit: str) -> Three:
    """A rate of tokens of a kind, which its metric names and its unit may leave out."""
    plain = kind and not _sided(unit)[0] and _noun(unit.partition("/")[0]) == "token"
    return _throughput(answer, f"{kind} {unit}" if plain else unit)


def _sides(answer: Figures, kind: str) -> Any:
    """Tokens of prompts alone, or of prompts and answers, for each that a server makes."""
    job = answer.job
    if job.phase == "prefill":
        return 1.0
    if job.phase != "serve" or job.output_tokens is None:
        raise UsageError(f"{kind} tokens/s are of phase serve, where prompts are answered; write tokens/s")
    each = np.asarray(job.input_tokens) / np.maximum(np.asarray(job.output_tokens), 1.0)
    return each + (kind == "total")


def _in_words(own: Metric, answer: Figures, unit: str) -> Three | None:
    """A speed in a unit as people write it, `RTF` or `ms/img`; None where that is none, or says no more."""
    from whichgpu.cost import quoted

    if time := wording.passing(unit):
        return _latency(answer, time)
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


def _parts(answer: Figures) -> Any:
    """Tokens of a sequence or of an answer, seconds of an utterance: what a sample has of what is counted."""
    job = answer.job
    tokens = job.seq_len if job.trains else job.input_tokens if job.phase == "prefill" else job.output_tokens
    if tokens is not None and _noun(resolve(job.workload).unit) == "token":
        return tokens
    return answer.throughput.mid * answer.latency.mid / (job.batch * answer.n_gpus)


def _latency(answer: Figures, unit: str) -> Three:
    return _scaled(answer.latency, 1.0 / _one(unit, "time"))


def _token_time(answer: Figures, unit: str) -> Three:
    unit = unit.removesuffix("/token").removesuffix("/tok")
    if answer.job.output_tokens is None:
        raise UsageError(f"{answer.job.workload} makes no tokens, so it has no time per token")
    if answer.tpot is not None:
        return _scaled(answer.tpot, 1.0 / _one(unit, "time"))
    with np.errstate(divide="ignore"):
        return _scaled(answer.latency, 1.0 / _one(unit, "time") / np.asarray(answer.job.output_tokens))


def _first_token(answer: Figures, unit: str) -> Three:
    if answer.job.phase == "prefill":
        return _latency(answer, unit)
    if answer.ttft is None:
        raise UsageError(f"TTFT is of phase serve, which this job of {answer.job.workload} is not in")
    return _scaled(answer.ttft, 1.0 / _one(unit, "time"))


def _steps(answer: Figures, _unit: str) -> Three:
    if answer.job.steps is None:
        raise UsageError(f"{answer.job.workload} has no denoising steps")
    return _scaled(answer.throughput, answer.job.steps / answer.job.batch / answer.n_gpus)


def _image_steps(answer: Figures, unit: str) -> Three:
    low, mid, high = _steps(answer, unit)
    return low * answer.job.batch, mid * answer.job.batch, high * answer.job.batch


def _power(answer: Figures, unit: str) -> Three:
    return _scaled(answer.power_interval, 1.0 / _one(unit, "power"))


#: Behind what is made with a joule, in a rate for each watt: images/s/W, images/J.
_PER_JOULE = r"(?:/s(?:ec)?/w(?:atts?)?|/j(?:oule)?)$"


def _energy(answer: Figures, unit: str) -> Three:
    amount, _, noun = re.sub(_PER_JOULE, "/J", unit, flags=re.IGNORECASE).partition("/")
    if noun == "J":
        low, mid, high = _energy(answer, f"J/{_singular(amount)}")
        return 1.0 / high, 1.0 / mid, 1.0 / low
    made = resolve(answer.job.workload).unit
    if noun and _noun(noun) not in (_ANY | {_noun(made)}):
        raise UsageError(f"unit '{unit}': this workload makes {made}; write J/{_singular(made)}")
    return _scaled(answer.energy_interval, 1.0 / _one(amount, "energy"))


def _efficiency(answer: Figures, unit: str) -> Three:
    if not re.search(r"/(?:w(?:atts?)?|j(?:oules?)?)$|^m?j(?:oules?)?/", unit.strip(), re.IGNORECASE):
        noun = resolve(answer.job.workload).unit
        raise UsageError(
            f"efficiency of what: with unit {noun}/s/W or {noun}/J it is of energy; for a share of a peak "
            f"write TFLOPS, for scaling {noun}/s"
        )
    return _energy(answer, unit)


def _memory(total: str) -> Callable[[Figures, str], Three]:
    """A reading of memory: `allocated`, `reserved`, `device`, or "" for the one that the runtime counts."""

    def read(answer: Figures, unit: str) -> Three:
        found = answer.readings.interval(total or answer.readings.counted)
        return _scaled(found, 1.0 / _one(unit, "memory"))

    return read


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
    "throughput": Metric(_throughput, _RATE),
    "samples_throughput_total": Metric(_throughput, _RATE),
    "latency": Metric(_latency, _TIME, "latency"),
    "latency_per_batch": Metric(_latency, _TIME),
    "tpot": Metric(_token_time, _TIME, "tpot"),
    "ttft": Metric(_first_token, _TIME, "ttft"),
    "iterations_per_s": Metric(_steps, "it/s"),
    "iterations_per_s_times_batch": Metric(_image_steps, "it/s"),
    "power": Metric(_power, "W"),
    "energy": Metric(_energy, "J/{one}"),
    **{name: Metric(_memory(total), _BYTES) for name, total in READINGS.items()},
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
    return Metric(_memory(totals.pop() if totals else ""), _BYTES)


@lru_cache(maxsize=1024)
def metric(name: str) -> Metric:
    """The metric of a name or of a unit in its place, throughput for none; `UsageError` lists them."""
    from whichgpu.cost.quoted import asked

    said, unit, per_gpu = wording.apart(name)
    found = METRICS.get(said.lower() or "throughput") or _SAID.get(said.lower())
    found = found or _counter(said) or _of_requests(said) or _of_all(said)
    found = found or asked(said) or asked(wording.unit(said)) or _of_energy(said) or _in_prose(said)
    if found is None and "epoch" in said.lower():
        raise UsageError(f"metric '{name}': an epoch is as long as its data set; write samples/s")
    if re.search(
        r"\btime[\s_-]to[\s_-](?:train|converge\w*|accuracy|quality|target|solution)\b", said.lower()
    ):
        raise UsageError(f"metric '{name}': a training is as long as it takes to learn; write samples/s")
    if found is None and re.search(r"\b[mh]fu\b|flops? utili[sz]ation", said.lower()):
        raise UsageError(f"metric '{name}': a share of a peak, of which there are several; write TFLOPS")
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


def _per_gpu(found: Metric, answer: Figures, unit: str) -> Three:
    """A rate of each GPU, which its metric says and its unit leaves out."""
    return found.read(answer, unit if unit.endswith("/gpu") or "/" not in unit else f"{unit}/gpu")


def _of_all(name: str) -> Metric | None:
    """A rate that counts prompts as well, or arithmetic, by its unit in a metric's place."""
    unit = wording.unit(name)
    kind, _ = _sided(unit)
    if re.fullmatch(_FLOPS, unit, re.IGNORECASE):
        return Metric(_throughput, unit)
    return Metric(partial(_counting, kind), unit) if kind and "/" in unit else None


def _of_energy(name: str) -> Metric | None:
    """The metric of power or energy in plain words: `GPU power draw`, `energy per image`, `perf per watt`."""
    said = re.findall(r"[a-z]+", name.lower())
    if "power" in said and not set(said) - _POWERED:
        return Metric(_power, "W")
    if re.fullmatch(r"energy (?:per|for an?) \w+|energy (?:use|usage|consumption)", " ".join(said)):
        return Metric(_energy, "J/{one}")
    if re.fullmatch(
        r"(?:perf\w*|throughput) per watt|(?:energy|power) efficiency"
        r"|(?:images|tokens) (?:per )?j(?:oule)?|(?:images?|imgs?|tokens?|tok) (?:s|sec) (?:w|watts?)",
        " ".join(said),
    ):
        return Metric(_energy, "{many}/J")
    # Of scaling, of the arithmetic's peak or of energy: the unit says which.
    return Metric(_efficiency, "") if said == ["efficiency"] else None


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
        r"(?:\w+ )*?(?:time|latency) (?:per|for an?|of an?) (\w+)|(step|iter|iteration) time", plain
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
    return Metric(_latency, _TIME) if timed else Metric(_throughput, _RATE)


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
    from whichgpu.cost import quoted

    return quoted.in_unit(answer, unit or usual)


def _of_each(noun: str, answer: Figures, unit: str) -> Three:
    """The time for one of what is counted, in a unit that may leave out of what."""
    from whichgpu.cost import quoted

    return quoted.in_unit(answer, unit if "/" in unit or " per " in unit else f"{unit}/{noun}")


def _real_time(answer: Figures, unit: str) -> Three:
    """Seconds of work for a second of audio; the other way round in multiples."""
    from whichgpu.cost import quoted

    many = not unit or unit.lower().startswith(("x", "times", "rtfx"))
    return quoted.in_unit(answer, "RTFx" if many else "RTF")


def _of_user(answer: Figures, _unit: str) -> Three:
    """Tokens a second of one request."""
    from whichgpu.cost import quoted

    return quoted.in_unit(answer, "tok/s per user")


def _prompts(answer: Figures, unit: str) -> Three:
    if answer.job.phase == "serve" and answer.ttft is not None:
        low, mid, high = _first_token(answer, "s")
        each = np.asarray(answer.job.input_tokens)
        return each / high, each / mid, each / low
    if answer.job.phase != "prefill":
        raise UsageError("how fast prompts are read is of phase prefill; write it, or throughput")
    return _throughput(answer, unit)


#: Metrics that are called by nothing but these words; of a speed in multiples of real time "x" is the unit.
_SAID = {
    **dict.fromkeys(("real time factor", "realtime factor"), Metric(_real_time, "RTF")),
    **dict.fromkeys(("inverse rtf", "inverse real time factor", "rtf inverse", "speed factor"),
                    Metric(_real_time, "RTFx")),
    "rtf": Metric(_real_time, "RTF"), **dict.fromkeys(("rtfx", "x"), Metric(_real_time, "RTFx")),
    **dict.fromkeys(("iteration speed", "iteration rate"), Metric(partial(_in_unit, "it/s"), "it/s")),
    "pp": Metric(_prompts, _RATE), "tg": Metric(_throughput, _RATE),
    "tgs": Metric(_throughput, "tokens/s/gpu"),
    **dict.fromkeys(("interactivity", "output speed", "user speed"), Metric(_of_user, "tokens/s/user")),
}  # fmt: skip


#: By time of a request, what is read of its mean; gaps between tokens follow each other as TPOT says.
_MEANS = {"ttft": _first_token, "tpot": _token_time, "itl": _token_time, "latency": _latency}


def _of_requests(name: str) -> Metric | None:
    """The metric of a statistic of requests; None for any other name."""
    found = statistic(name)
    if found is None:
        return None
    if not found.time:
        kind, _ = _sided(found.unit)
        return Metric(partial(_counting, kind), found.unit)
    return Metric(_MEANS[found.time], found.unit or _TIME, found.time, found.how)
