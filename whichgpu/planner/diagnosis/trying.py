"""A job with one thing otherwise, predicted again, and how well that explains a figure.

Under a cause the logarithm of the figure has Student's t around what is predicted with it, as wide as that
prediction's interval: a job that nobody stated is one that nobody measured, and where no cause fits well the
nearest is still the likeliest (a normal leaves it all to whichever is widest). Causes are ranked by weight
times likelihood (Bayes); the weights are `data/diagnosis.toml`.
"""

from __future__ import annotations

import math
from collections import defaultdict
from contextlib import suppress
from dataclasses import fields, replace
from functools import cache
from itertools import combinations
from typing import TYPE_CHECKING, Any

from whichgpu.cost.answers import Z90
from whichgpu.cost.estimate import plain_estimate
from whichgpu.cost.transfer.anchoring import shifted
from whichgpu.cost.transfer.personal import active
from whichgpu.errors import WhichGpuError
from whichgpu.facts import store
from whichgpu.planner.diagnosis.told import Beside
from whichgpu.values import NamedTuple, immutable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from whichgpu.cost.answers import Estimate
    from whichgpu.cost.reading.quoted import Quoted
    from whichgpu.cost.transfer.anchoring import Point
    from whichgpu.facts.model import Interval
    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.workloads.job import Job

#: Log standard deviation below which no prediction of a cause is believed.
_LEAST = 0.03
#: Degrees of freedom of a figure around what is predicted: the fewer, the less a miss says.
_FREEDOM = 4.0
#: What fits by so little more than the card has may have run all the same.
UNSURE = 1.15
#: Share of a figure below which a change of it is none.
_NOTHING = 0.01
#: Engines of servers, which run a model in the format that its file has.
_ENGINES = ("vllm", "sglang", "tensorrt-llm", "tgi", "lmdeploy")
#: Of pairs of causes: the least that one does, how many are paired, and how many pairs are told.
_LITTLE, _PAIRED, _TOLD = 0.1, 12, 3


@immutable
class Asked:
    """What was measured: the job, complete, on which GPU, the figure, and what is known of its like."""

    job: Job
    gpu: Gpu
    figure: Quoted
    answer: Estimate
    predicted: Interval
    points: tuple[Point, ...]
    catalogue: Catalogue
    #: B that the GPU really has for the job, where `gpu` was given more so that it could be predicted.
    room: float
    #: Columns of the job that were stated, and not taken as usual.
    stated: frozenset[str]
    #: Figures that were told beside it.
    beside: Beside = Beside()

    @property
    def unfit(self) -> bool:
        """Whether the job, as it is said, does not fit."""
        return self.answer.required > UNSURE * self.room

    @property
    def n_gpus(self) -> int:
        """GPUs of the job."""
        return self.answer.n_gpus

    @property
    def ratio(self) -> float:
        """The figure over what is predicted, in its own unit."""
        return self.figure.value / self.predicted.mid

    @property
    def faster(self) -> bool:
        """Whether the figure is better than predicted (or larger, of what is no speed)."""
        return (self.ratio < 1.0) if self.figure.sense < 0 else (self.ratio > 1.0)


class Tried(NamedTuple):
    """One thing otherwise: the cause of `data/diagnosis.toml`, in detail, and the figure under it.

    `job` and `gpu` are what was predicted again; None where the run is the same and is counted otherwise, or
    waits for something else.
    """

    cause: str
    detail: str
    would_be: Interval
    job: Job | None = None
    gpu: Gpu | None = None


class Again(NamedTuple):
    """A job and a GPU, predicted again."""

    would_be: Interval
    job: Job
    gpu: Gpu


@immutable
class Cause:
    """A cause with how well it explains the figure.

    `ratio` is the figure over its middle, `effect` its middle over what is predicted without it, `share` its
    part of the probability among all causes and none.
    """

    id: str
    title: str
    would_be: Interval
    ratio: float
    effect: float
    inside: bool
    share: float
    why: str
    check: str
    tried: Tried

    def to_dict(self) -> dict[str, Any]:
        """The contract's shape, the rest beside it."""
        return {
            "cause": self.title, "id": self.id, "would_be": self.would_be.to_dict(), "ratio": self.ratio,
            "inside": self.inside, "why": self.why, "check": self.check, "effect": self.effect,
            "probability": self.share,
        }  # fmt: skip


def again(asked: Asked, job: Job, gpu: Gpu | None = None) -> Again | None:
    """The figure of another job, or on another GPU; None where the model has none."""
    device = gpu or asked.gpu
    with suppress(WhichGpuError, ValueError):
        found = shifted(
            plain_estimate(job, [device], explain=asked.figure.metric == "flops"), (*active(), *asked.points)
        )
        one = asked.figure.predicted(found.at(0, 0))
        # Nothing ran that needs more than there is, or than what was said to have run.
        room = asked.room if device is asked.gpu else float(found.available[0, 0])
        most = max(UNSURE * room, 1.001 * asked.answer.required)
        if math.isfinite(one.mid) and one.mid > 0.0 and found.required[0, 0] <= most:
            return Again(one, job, device)
    return None


def ranked(asked: Asked, tried: Iterable[Tried], *, possible: bool = True) -> tuple[tuple[Cause, ...], float]:
    """The causes, what explains the figure best first, and how likely it is that nothing is otherwise.

    A job that is not `possible` as it is said ran otherwise. Details of one cause share its weight, so that
    many tries make it no likelier; the best stands for them.
    """
    table, details = _table(), defaultdict[str, list[tuple[float, Tried]]](list)
    for one in tried:
        if _matters(asked, one.would_be):
            score = likelihood(asked.figure.value, one.would_be) + math.log(_doubt(asked, one))
            details[one.cause].append((score, one))
    null = math.log(table["null"]["weight"]) + likelihood(asked.figure.value, asked.predicted)
    null = null if possible else -math.inf
    scores = {
        cause: math.log(_weight(table["cause"][cause], asked)) + _mean([score for score, _ in some])
        for cause, some in details.items()
    }
    top = max([null, *scores.values()])
    if not math.isfinite(top):
        return (), 0.0
    whole = sum(math.exp(score - top) for score in (null, *scores.values()))
    best = {cause: max(some, key=lambda pair: pair[0])[1] for cause, some in details.items()}
    order = sorted(scores, key=lambda cause: (-scores[cause], cause))
    causes = tuple(_cause(asked, best[cause], math.exp(scores[cause] - top) / whole) for cause in order)
    return causes, math.exp(null - top) / whole


def _matters(asked: Asked, one: Interval) -> bool:
    """Whether a figure would be any other: a cause that changes nothing of it explains nothing."""
    pairs = zip((one.low, one.mid, one.high), _bounds(asked.predicted), strict=True)
    return any(abs(new - old) > _NOTHING * abs(old) for new, old in pairs)


def _bounds(of: Interval) -> tuple[float, float, float]:
    return of.low, of.mid, of.high


def _weight(row: Mapping[str, Any], asked: Asked) -> float:
    """How often a cause is met on cards of this kind, or of jobs that do not fit."""
    if asked.unfit and "unfit" in row:
        return float(row["unfit"])
    if asked.job.phase == "serve" and "served" in row and asked.answer.runtime in _ENGINES:
        return float(row["served"])
    if "clocked" in row and asked.answer.runtime in _table()["null"]["own_clock"]:
        return float(row["clocked"])
    return float(row.get("segments", {}).get(asked.gpu.segment, row["weight"]))


def _doubt(asked: Asked, one: Tried) -> float:
    """How much less likely a detail is for being other than what was stated."""
    sure = asked.stated.intersection(_table()["cause"][one.cause].get("against", ()))
    job = one.job or asked.job
    if job.phase.startswith("finetune") and (job.seq_len or 0.0) < (asked.job.seq_len or 0.0):
        # What is said of it is the longest, not the mean.
        sure -= {"seq_len"}
    other = any(getattr(job, name) != getattr(asked.job, name) for name in sure)
    return float(_table()["null"]["stated"]) if other else 1.0


@immutable
class Pair:
    """Two causes at once, and the figure under both."""

    causes: tuple[str, str]
    would_be: Interval
    ratio: float

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {"causes": list(self.causes), "would_be": self.would_be.to_dict(), "ratio": self.ratio}


def paired(asked: Asked, causes: Sequence[Cause]) -> tuple[Pair, ...]:
    """Pairs of causes that explain a figure together which none does alone, the nearest first."""
    if any(one.inside for one in causes):
        return ()
    up = asked.ratio > 1.0
    helping = [one for one in causes if (one.effect > 1.0) == up and abs(math.log(one.effect)) > _LITTLE]
    found = []
    for one, other in combinations(helping[:_PAIRED], 2):
        both = _together(asked, one, other)
        if both is not None and both.low <= asked.figure.value <= both.high:
            found.append(Pair((one.title, other.title), both, asked.figure.value / both.mid))
    return tuple(sorted(found, key=lambda pair: abs(math.log(pair.ratio)))[:_TOLD])


def _together(asked: Asked, one: Cause, other: Cause) -> Interval | None:
    """The figure under two causes: predicted again with both, or one of them counted otherwise."""
    first, second = one.tried, other.tried
    if first.job is None or second.job is None:
        # A wait, or a count, takes its share of whatever the other makes.
        return None if first.job is second.job else one.would_be.scaled(other.effect)
    if first.gpu is not asked.gpu and second.gpu is not asked.gpu:
        return None
    changes = {
        column.name: getattr(second.job, column.name)
        for column in fields(second.job)
        if column.name != "options" and getattr(second.job, column.name) != getattr(asked.job, column.name)
    }
    said = {key: text for key, text in second.job.options.items() if asked.job.options.get(key) != text}
    job = replace(first.job, **changes, options={**first.job.options, **said})
    found = again(asked, job, second.gpu if first.gpu is asked.gpu else first.gpu)
    return None if found is None else found.would_be


def _mean(logs: Sequence[float]) -> float:
    """Logarithm of the mean of what these are logarithms of."""
    top = max(logs)
    return top + math.log(sum(math.exp(one - top) for one in logs) / len(logs))


def likelihood(value: float, of: Interval) -> float:
    """Log density of the logarithm of a value under an interval, but for a constant."""
    spread = max(math.log(of.high / of.low) / (2.0 * Z90), _LEAST) if of.low > 0.0 else 1.0
    off = (math.log(value) - math.log(of.mid)) / spread
    return -0.5 * (_FREEDOM + 1.0) * math.log1p(off * off / _FREEDOM) - math.log(spread)


def _cause(asked: Asked, one: Tried, share: float) -> Cause:
    row, value = _table()["cause"][one.cause], asked.figure.value
    return Cause(
        id=one.cause, title=row["title"].format(detail=one.detail), would_be=one.would_be,
        ratio=value / one.would_be.mid, effect=one.would_be.mid / asked.predicted.mid,
        inside=one.would_be.low <= value <= one.would_be.high, share=share, why=row["why"],
        check=_check(row["check"], asked.gpu), tried=one,
    )  # fmt: skip


def _check(said: Any, gpu: Gpu) -> str:
    """The command that tells a cause: of a kind of devices that has tools of its own, else of the vendor."""
    if isinstance(said, str):
        return said
    return str(said.get(gpu.segment, said.get(gpu.vendor, said["other"])))


@cache
def _table() -> Mapping[str, Any]:
    known: Mapping[str, Any] = store.load("diagnosis")["diagnosis"]
    return known


def host(name: str) -> Mapping[str, Any]:
    """What a host does, of `data/diagnosis.toml`: `loading`, `processor`."""
    known: Mapping[str, Any] = _table()["host"][name]
    return known


def rated(asked: Asked, factor: float) -> Interval:
    """The figure where the rate is `factor` times what is predicted, or is counted so."""
    return asked.predicted.scaled(1.0 / factor if asked.figure.sense < 0 else factor)


def having(asked: Asked, **options: str) -> Job:
    """The job with these options."""
    return replace(asked.job, options={**asked.job.options, **options})


def each(cause: str, pairs: Sequence[tuple[str, Again | None]]) -> Iterable[Tried]:
    """Details of one cause, those that have an answer."""
    return (Tried(cause, detail, *found) for detail, found in pairs if found is not None)
