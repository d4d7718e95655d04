"""`diagnose`: the verdict on a measured figure, and the causes that explain it."""

from __future__ import annotations

import math
import re
from contextlib import suppress
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.calibration.evidence import evidence
from whichgpu.cost.estimate import estimate
from whichgpu.cost.infeasible import does_not_fit
from whichgpu.cost.job.support import WEIGHT_ONLY
from whichgpu.cost.reading.quoted import SCALING
from whichgpu.cost.transfer.anchoring import Point, place, shifted
from whichgpu.cost.transfer.anchors import of_one_user
from whichgpu.errors import Infeasible, WhichGpuError
from whichgpu.hardware.parts import resized
from whichgpu.planner.diagnosis import causes, counting
from whichgpu.planner.diagnosis.settling import settled
from whichgpu.planner.diagnosis.told import beside
from whichgpu.planner.diagnosis.trying import UNSURE, Asked, paired, ranked
from whichgpu.planner.diagnosis.unstated import meant
from whichgpu.units import number
from whichgpu.values import NamedTuple, Shown, immutable
from whichgpu.workloads.ops import COUNTED
from whichgpu.workloads.precision import precision

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.cost.answers import Estimate
    from whichgpu.cost.calibration.evidence import Known
    from whichgpu.cost.estimates import Estimates
    from whichgpu.cost.reading.quoted import Quoted
    from whichgpu.facts.model import Interval
    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.planner.diagnosis.trying import Cause, Pair
    from whichgpu.workloads.job import Job

#: The least of what a job may leave open: a distilled model makes a picture in four steps.
_LIGHT = {"steps": 4.0, "seq_len": 32.0, "input_tokens": 16.0, "output_tokens": 16.0}
#: The engine that runs on most GPUs.
_ANYWHERE = "llama.cpp"
#: The format that it usually runs a large model in, and phases in which a model answers somebody.
_USUAL, _ANSWERING = "q4_k_m", ("", "serve", "generate", "decode", "prefill")
#: Formats that a model which does not fit may have run in.
_NARROW = ("fp8", "int8", "w4a16")
#: B of weights that no GPU's last cache holds.
_CACHEABLE = 1e9
#: What a stand-in has more memory by than a job needs.
_ROOMY = 1.1
#: How a training is made to fit on several GPUs: its activations first, then its state, shared out.
_SHARED = (
    ("with its activations recomputed", {"checkpointing": "full"}),
    ("under FSDP", {"sharding": "fsdp"}),
    ("under FSDP with its activations recomputed", {"sharding": "fsdp", "checkpointing": "full"}),
)
#: What makes several GPUs together slower than each alone.
_BETWEEN = ("links", "network", "fewer", "loading", "batch", "per_gpu", "processor")
#: From so many GPUs on a machine is rather one that was built for them.
_MANY = 4
#: GPUs of one machine, at most.
_MACHINE = 8


@immutable
class Diagnosis(Shown):
    """A figure, what is predicted of it, the verdict, and the causes in the order in which they explain it.

    `verdict` is normal, slow, fast or impossible (above the roofline); of what is no speed normal, low or
    high. `normal` is the probability that nothing is otherwise, `bound` the roofline in the figure's unit;
    `pairs` are told where no cause alone explains it, `read_as` the command that a sentence was read as.
    """

    job: Job
    gpu: str
    figure: Quoted
    answer: Estimate
    verdict: str
    predicted: Interval
    ratio: float
    bound: float | None
    known: Known
    causes: tuple[Cause, ...]
    normal: float
    pairs: tuple[Pair, ...] = ()
    #: Other devices that the name may mean, each with its verdict.
    others: tuple[tuple[str, str], ...] = ()
    read_as: str = ""
    #: Causes that something seen beside the figure points to, each with the words.
    seen: tuple[tuple[str, str], ...] = ()
    #: Causes that it speaks against.
    denied: tuple[tuple[str, str], ...] = ()
    #: Causes that figures told beside it point to, each with the figure.
    told: tuple[tuple[str, str], ...] = ()
    #: Causes that such figures speak against, likewise.
    refuted: tuple[tuple[str, str], ...] = ()
    #: What was taken for the job where nobody stated it, or where it does not fit as it is stated.
    taken: tuple[str, ...] = ()

    def __str__(self) -> str:
        one = self.predicted
        return (
            f"{self.figure.text} is {self.verdict}: {_times(self.ratio)} times what is predicted, "
            f"{number(one.mid)} {one.unit} ({number(one.low)} to {number(one.high)}), for "
            f"{self.job.workload} {self.job.phase} on {self.answer.n_gpus} x {self.gpu}, "
            f"{self.answer.runtime}, {self.job.precision}{self._elsewhere()}"
        )

    def _elsewhere(self) -> str:
        """The verdicts on the other devices that may be meant, those that differ first."""
        told: dict[str, list[str]] = {}
        for gpu, verdict in sorted(self.others, key=lambda one: one[1] == self.verdict):
            told.setdefault(verdict, []).append(gpu)
        parts = ", ".join(f"{verdict} on {' and '.join(gpus)}" for verdict, gpus in told.items())
        return f"; it would {'also ' if set(told) == {self.verdict} else ''}be {parts}" if told else ""

    def to_dict(self) -> dict[str, Any]:
        """The contract's shape, and what was asked beside it."""
        return {
            "verdict": self.verdict,
            "measured": {"value": self.figure.value, "unit": self.figure.unit, "text": self.figure.text,
                         "metric": self.figure.metric},
            "predicted": self.predicted.to_dict(), "ratio": self.ratio, "bound": self.bound,
            "basis": self.answer.basis, "normal": self.normal,
            "evidence": [one.to_dict() for one in self.known.rows],
            "causes": [one.to_dict() for one in self.causes],
            "pairs": [one.to_dict() for one in self.pairs],
            "seen": [{"cause": cause, "words": words} for cause, words in self.seen],
            "denied": [{"cause": cause, "words": words} for cause, words in self.denied],
            "others": [{"gpu": gpu, "verdict": verdict} for gpu, verdict in self.others],
            "gpu": self.gpu, "n_gpus": self.answer.n_gpus, "runtime": self.answer.runtime,
            "job": self.answer.job.to_dict(), "warnings": list(self.answer.warnings),
            **({"read_as": self.read_as} if self.read_as else {}),
        }  # fmt: skip


class _Judged(NamedTuple):
    """A diagnosis without its causes, and what they are found from.

    `scaling`: the figure is what several GPUs make of one.
    """

    found: Diagnosis
    asked: Asked
    scaling: bool

    def saying(self, *words: str) -> _Judged:
        """The same, with more to be said of its prediction."""
        answer = self.found.answer
        told = replace(answer, warnings=(*answer.warnings, *words))
        taken = (*self.found.taken, *(one for one in words if one))
        return self._replace(found=replace(self.found, answer=told, taken=taken))


def diagnose(job: Job, gpu: Gpu, figure: Quoted, catalogue: Catalogue) -> Diagnosis:
    """Whether a figure is normal for a job on a GPU, and if not, why.

    What was measured of the very job elsewhere narrows what is predicted. Raises `UsageError` where the model
    has no such figure, `Infeasible` where nothing can be predicted.
    """
    return _explained(_settled_on(job, gpu, figure, catalogue))


def _settled_on(job: Job, gpu: Gpu, figure: Quoted, catalogue: Catalogue) -> _Judged:
    """The verdict, on the job with what nobody stated of it as the figure has it."""
    one = _judged(job, gpu, figure, catalogue)
    found = one.found
    if found.verdict in ("slow", "fast"):
        # A speed-up is one of each batch's own rate.
        told = figure if figure.metric == SCALING else found.figure
        for words, other, normal in meant(job, found.job, gpu, told, slow=found.verdict == "slow"):
            again = _judged(other, gpu, figure, catalogue)
            if again.found.verdict == "normal" or not normal:
                return again.saying(words)
    return one


def _explained(one: _Judged, text: str = "") -> Diagnosis:
    """The diagnosis with its causes: what takes longest of it, and only the one that is told needs.

    `text` is what else was told, of which a cause is tried with the figure that is its own.
    """
    found, asked = one.found, replace(one.asked, beside=beside(text))
    every = [*causes.tried(asked), *counting.tried(asked)]
    if one.scaling:
        # What makes one GPU slow makes it so beside others too.
        every = [each for each in every if each.cause in _BETWEEN]
    if found.bound is not None and found.verdict in ("fast", "impossible"):
        every += counting.impossible(asked, found.bound)
    possible = not asked.unfit and found.verdict != "impossible"
    order, normal = ranked(asked, every, possible=possible)
    pairs = () if found.verdict == "normal" else paired(asked, order)
    if asked.figure.metric != "power":
        told, refuted = tuple(asked.beside.pointing(asked.gpu)), asked.beside.denying(asked.gpu)
        found = replace(found, told=told, refuted=refuted)
    return replace(found, causes=order, normal=normal, pairs=pairs)


def diagnose_any(
    name: str, places: Sequence[tuple[Job, Gpu]], figure: Quoted, catalogue: Catalogue, text: str = ""
) -> Diagnosis:
    """The diagnosis on the nearest device of those that one name may mean, with the verdicts of the others.

    `text` is the sentence that the figure stood in, or nothing.
    Raises `Infeasible` where none can have run it.
    """
    judged: list[_Judged] = []
    why: Infeasible | None = None
    for job, gpu in places:
        try:
            judged.append(_settled_on(job, gpu, figure, catalogue))
        except Infeasible as fault:
            why = fault
    if not judged:
        raise why or Infeasible(f"'{name}' is no device")
    nearest = min(judged, key=lambda one: abs(math.log(one.found.ratio)))
    # So many in one machine are those that are made for it, if that is as likely.
    many = [
        one for one in judged
        if float(one.found.job.n_gpus or 1) >= _MANY and re.search(r"-(?:sxm|oam)", one.found.gpu)
    ]  # fmt: skip
    nearest = next((one for one in many if one.found.verdict == nearest.found.verdict), nearest)
    if many and float(nearest.found.job.n_gpus or 1) > _MACHINE:
        # Over several machines they are so rarely others that the figure does not decide it.
        nearest = min(many, key=lambda one: abs(math.log(one.found.ratio)))
    others = tuple((one.found.gpu, one.found.verdict) for one in judged if one is not nearest)
    return replace(_explained(nearest, text), others=others)


def _judged(job: Job, gpu: Gpu, figure: Quoted, catalogue: Catalogue, room: float = 0.0) -> _Judged:
    """The verdict on a job as it is said; `room` is what the GPU really has (B), if `gpu` was given more."""
    stated = frozenset(one.name for one in fields(job) if getattr(job, one.name) not in (None, ""))
    job, found, shared = _estimated(job, gpu)
    plain = found.at(0, 0)
    told = figure
    figure, taken = settled(told, plain, gpu)
    unfit = does_not_fit(plain, gpu) if plain.required > UNSURE * plain.available else ""
    if found.sequences[0, 0] < 1.0:
        why = unfit or does_not_fit(plain, gpu)
        return _otherwise(job, gpu, figure, catalogue, f"{why}; a figure of it is of another job")
    known = evidence(plain, gpu, catalogue)
    points = (*_points(found, known), *taken)
    narrowed = shifted(found, points)
    answer = narrowed.at(0, 0)
    predicted = figure.predicted(answer)
    if not (math.isfinite(predicted.mid) and predicted.mid > 0.0):
        raise Infeasible(unfit or f"the model has no figure of {job.workload} on {gpu.id} to hold it against")
    asked = Asked(_open(job, answer), gpu, figure, answer, predicted, points, catalogue,
                  room or plain.available, stated)  # fmt: skip
    bound = _bound(found, asked, plain)
    ratio = figure.value / predicted.mid
    most = bound if bound is None else _lightest(job, gpu, asked, bound)
    verdict = _verdict(asked, most)
    bound = most if verdict == "impossible" else bound
    one = Diagnosis(
        answer.job, gpu.id, figure, answer, verdict, predicted, ratio, bound, known, causes=(), normal=0.0
    )
    said = (shared,) if shared else (f"{unfit}: it ran otherwise than said",) if unfit else ()
    return _Judged(one, asked, told.metric == SCALING).saying(*said)


def _estimated(job: Job, gpu: Gpu) -> tuple[Job, Estimates, str]:
    """The job as it may have run, with the requests in flight that its engine usually has, and its estimate.

    And what that takes of a training of several GPUs, whose state was shared out where it fits no other way.
    FP8 on a GPU without units for it is of the weights alone. Where the usual engine does not run on the GPU
    and nobody named one, the engine that runs on most.
    """
    found = estimate(job, [gpu], explain=True)
    others = []
    if job.precision and precision(job.precision).id == "fp8":
        others.append(replace(job, precision=WEIGHT_ONLY))
    if not job.runtime:
        others.append(replace(job, runtime=_ANYWHERE))
    for other in others if found.refusals[0] else ():
        with suppress(WhichGpuError):
            second = estimate(other, [gpu], explain=True)
            if not second.refusals[0]:
                job, found = other, second
                break
    said = ""
    for words, options in (
        _SHARED if job.trains and not (job.tp or job.pp or "sharding" in job.options) else ()
    ):
        one = found.at(0, 0)
        if said or one.n_gpus < 2 or not one.required > one.available:
            break
        with suppress(WhichGpuError):
            other = replace(job, options={**job.options, **options})
            second = estimate(other, [gpu], explain=True)
            if second.sequences[0, 0] >= 1.0 and second.at(0, 0).required <= one.available:
                said = f"{does_not_fit(one, gpu)}: taken as trained {words}, with which it does"
                job, found = other, second
    return replace(job, concurrency=found.job_at(0).concurrency), found, said


def _otherwise(job: Job, gpu: Gpu, figure: Quoted, catalogue: Catalogue, why: str) -> _Judged:
    """The diagnosis of what may have run in place of a job that does not fit: the nearest to the figure.

    Where nothing of the kind fits either and the engine is one that keeps layers in the host, or nobody named
    one, of the job on such a card with more memory, from which its causes then take away. Raises
    `Infeasible` else.
    """
    # What does not fit is not served to many.
    job = job if job.concurrency is not None else replace(job, concurrency=1.0)
    offloaded = replace(job, options={**job.options, "offload": "parameters"})
    # A server leaves weights on the host only where it is told to.
    asked = "offload" in job.options or job.phase in ("", "serve")
    others = [] if asked else [("with its weights offloaded to the host", offloaded)]
    others += [(f"in {name.upper()}", replace(job, precision=name)) for name in _NARROW]
    found = []
    for words, other in others:
        with suppress(WhichGpuError):
            one = estimate(other, [gpu])
            if one.sequences[0, 0] >= 1.0:
                found.append((abs(math.log(figure.ratio(one.at(0, 0)))), words, other))
    if not found and not of_one_user(job):
        return _at_home(job, gpu, figure, catalogue, why)
    if not found:
        return _larger(job, gpu, figure, catalogue, why)
    _, words, other = min(found, key=lambda each: each[0])
    answer = _settled_on(other, gpu, figure, catalogue)
    said = f"{why}: taken as run {words}, the nearest to the figure of what fits"
    return answer.saying(said)


def _at_home(job: Job, gpu: Gpu, figure: Quoted, catalogue: Catalogue, why: str) -> _Judged:
    """The diagnosis of a job whose engine nobody named as run at home, in that engine's usual format.

    Raises `Infeasible` where an engine is named, or this one runs no such job.
    """
    if job.runtime or "offload" in job.options or job.phase not in _ANSWERING:
        raise Infeasible(why)
    other = replace(job, runtime=_ANYWHERE, precision=job.precision or _USUAL)
    try:
        answer = _settled_on(other, gpu, figure, catalogue)
    except WhichGpuError:
        raise Infeasible(why) from None
    said = f"{why}: taken as run by {_ANYWHERE} in {other.precision.upper()}, with layers on the host"
    return answer.saying(said)


def _larger(job: Job, gpu: Gpu, figure: Quoted, catalogue: Catalogue, why: str) -> _Judged:
    """The diagnosis of a job as it would be if the card had the memory for it."""
    plain = estimate(job, [gpu]).at(0, 0)
    if not math.isfinite(plain.required):
        raise Infeasible(why)
    memory = float(gpu.value("memory") or 0.0) + _ROOMY * plain.required
    answer = _judged(job, resized(gpu, gpu.id, "derived", memory=memory), figure, catalogue, plain.available)
    said = f"{why}: predicted as on a card with more memory, from which it follows what the lack of it costs"
    return answer.saying(said)


def _open(job: Job, answer: Estimate) -> Job:
    """The job with its defaults, but for the runtime's own text: a mark in it must not be lost."""
    return replace(answer.job, runtime=job.runtime or answer.job.runtime)


def _points(found: Estimates, known: Known) -> tuple[Point, ...]:
    """What was measured of the very job, as points."""
    where = place(found, 0)
    middle = float(found.throughput[0, 0])
    rates = [one.throughput for one in known.exact if one.throughput]
    errors = [math.log(rate / middle) for rate in rates if rate > 0.0 and middle > 0.0]
    return (Point(where, sum(errors) / len(errors), float(len(errors))),) if errors else ()


def _bound(found: Estimates, asked: Asked, plain: Estimate) -> float | None:
    """The figure at the roofline: every product at the full peak, or weights and cache at full bandwidth."""
    if not asked.figure.sense or asked.figure.metric == "ttft":
        return None
    terms = [term for term in plain.terms if term.kind in COUNTED and term.flops > 0.0]
    dtypes = tuple(term.dtype for term in terms)
    if not terms:
        return None
    peaks = np.ravel(np.broadcast_to(found.devices.peaks(dtypes, tf32=True), (len(terms), 1, 1)))
    bandwidth = _read_through(asked, plain)
    least = plain.passes * float(sum(
        max(term.flops / peak, term.moved / bandwidth) for term, peak in zip(terms, peaks, strict=True)
    ))  # fmt: skip
    # A training step has its exchange and its bubbles beside its pass; a server's pass makes a token of each.
    one_pass = float(np.asarray(found.timing.seconds).reshape(-1)[0])
    spent = plain.latency.mid if plain.job.trains else plain.tpot.mid if plain.tpot else one_pass
    if not (math.isfinite(least) and least > 0.0 and spent > 0.0):
        return None
    faster = max(spent / least, 1.0)
    one = asked.figure.predicted(plain).mid
    return one / faster if asked.figure.sense < 0 else one * faster


def _read_through(asked: Asked, plain: Estimate) -> float:
    """B/s at which weights come from memory for each token; infinite where they may serve more than stated.

    So many tokens are made in a step as requests are in flight, unless some are guessed.
    """
    column = {"serve": "concurrency", "decode": "batch"}.get(plain.job.phase, "")
    large = float(plain.memory.get("weights", 0.0)) > _CACHEABLE
    sure = large and column in asked.stated and "speculative" not in plain.job.options
    return float(asked.gpu.value("bandwidth") or math.inf) if sure else math.inf


def _lightest(job: Job, gpu: Gpu, asked: Asked, bound: float) -> float:
    """The best roofline of what the job leaves open: one request, few steps, a short text; in the same unit.

    What nobody stated cannot make a figure impossible.
    """
    known = asked.answer.job
    # The length that is stated of a fine-tuning is the longest.
    open_ = {name for name in _LIGHT if getattr(job, name) is None}
    open_ |= {"seq_len"} if known.phase.startswith("finetune") else set()
    changes: dict[str, Any] = {
        name: value
        for name, value in _LIGHT.items()
        if name in open_ and (getattr(known, name) or 0.0) > value
    }
    if known.phase == "serve" and job.concurrency is None and asked.figure.sense < 0:
        changes["concurrency"] = 1.0
    if known.phase == "infer" and job.batch is None and asked.figure.metric == "latency":
        changes["batch"] = 1.0
    options = {**job.options, **({"guidance": "1"} if known.phase == "generate" and known.steps else {})}
    if not changes and options == job.options:
        return bound
    # Of a server's rate, and its time of a token, the shortest answers are the heaviest: between two of their
    # tokens come more prompts.
    longer = {name: value for name, value in changes.items() if name != "output_tokens"}
    for lighter in (changes, longer) if known.phase == "serve" else (changes,):
        with suppress(WhichGpuError):
            found = estimate(replace(job, **lighter, options=options), [gpu], explain=True)
            other = _bound(found, asked, found.at(0, 0))
            if other is not None:
                bound = min(bound, other) if asked.figure.sense < 0 else max(bound, other)
    return bound


def _verdict(asked: Asked, bound: float | None) -> str:
    value, of = asked.figure.value, asked.predicted
    if of.low <= value <= of.high:
        return "normal"
    if not asked.figure.sense:
        return "high" if value > of.high else "low"
    beyond = bound is not None and (value < bound if asked.figure.sense < 0 else value > bound)
    if beyond:
        return "impossible"
    return "fast" if asked.faster else "slow"


def _times(ratio: float) -> str:
    """A ratio in two places behind the point, and small and large ones in two digits."""
    return f"{ratio:.2f}" if 0.1 <= ratio < 1e4 else f"{ratio:.2g}"
