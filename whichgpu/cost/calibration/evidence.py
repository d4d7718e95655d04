"""What was measured of a job, or nearest to it, and how far the model is off there.

A row of `data/measured/` is *exact* where its job, completed with its own defaults, is the job asked for:
workload, GPU, how many, phase, format, runtime, options and every number. Others are ranked by a distance:

    workload      8 for another one of the family, 1/2 for each doubling of its layers' weights
    phase         4
    GPU           2, or 1 within its lineage;  1/2 for each doubling of how many
    format        1
    runtime       1
    tp, pp        1/2 for each doubling
    other sizes   1/4 for each doubling (batch, lengths, resolution, steps, requests in flight)
    options       1/4 for each that is stated otherwise
"""

from __future__ import annotations

import heapq
import math
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.arrays import median
from whichgpu.cost.calibration.measured import left_out
from whichgpu.cost.estimate import plain_estimate
from whichgpu.cost.estimates import MODELLED
from whichgpu.cost.job.asked import with_cache
from whichgpu.cost.job.habits import by_habit
from whichgpu.cost.job.runtimes import runtime
from whichgpu.cost.reading.metrics import METRICS, TIMED
from whichgpu.cost.table.rows import read_job, read_parts
from whichgpu.cost.timing.classes import lineage
from whichgpu.errors import UsageError, WhichGpuError
from whichgpu.facts import store
from whichgpu.facts.model import Interval
from whichgpu.hardware.names import resolve as resolve_gpu
from whichgpu.values import NamedTuple, immutable
from whichgpu.workloads.job import NUMBERS
from whichgpu.workloads.model import is_language_model
from whichgpu.workloads.phases import TRAINING, phase
from whichgpu.workloads.precision import of_job, precision, precisions
from whichgpu.workloads.workload import meaning, workloads
from whichgpu.workloads.workload import resolve as resolve_workload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from whichgpu.cost.answers import Estimate
    from whichgpu.cost.table.rows import Head
    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.workloads.job import Job

    #: Whether a row is taken as if it were not on file.
    Unseen = Callable[[Mapping[str, str]], Any]

#: Metrics that say the throughput of a whole job.
_RATES = TIMED.keys() - {"tpot", "ttft"}
#: How many measurements are told of where none is of this very job.
NEAREST = 3
#: Two hosts of one kind differ by 1 to 2 %, two sources by more: what one measurement leaves open.
_NOISE = 1.05
#: Rows that are looked at more closely.
_LOOKED_AT = 64
#: What sums of distances may be apart that are added up in another order.
_ROUNDED = 1e-9
_FAMILY, _PHASE, _OTHER, _DOUBLING, _SIZE, _OPTION = 8.0, 4.0, 1.0, 0.5, 0.25, 0.25


@immutable
class Evidence:
    """One measured row: its value, what the model says of its job in the same unit, and how far off that is.

    `throughput` is what it says of the job's rate, where it says that. `predicted` and `error` are None
    where the model has no answer; `differs` names what is not as in the
    job that was asked for.
    """

    id: str
    source: str
    workload: str
    gpu: str
    n_gpus: float
    runtime: str
    precision: str
    metric: str
    unit: str
    value: float
    throughput: float | None
    predicted: Interval | None
    distance: float
    differs: tuple[str, ...]

    @property
    def exact(self) -> bool:
        """Whether it is of the very job that was asked for."""
        return not self.differs

    @property
    def error(self) -> float | None:
        """Relative error of the model: predicted over measured, less 1."""
        return None if self.predicted is None else self.predicted.mid / self.value - 1.0

    def to_dict(self) -> dict[str, Any]:
        """Plain values; `value` and `predicted` in the row's own unit."""
        return {
            "id": self.id, "source": self.source, "exact": self.exact, "workload": self.workload,
            "gpu": self.gpu, "n_gpus": self.n_gpus, "runtime": self.runtime, "precision": self.precision,
            "metric": self.metric, "unit": self.unit, "value": self.value, "throughput": self.throughput,
            "predicted": None if self.predicted is None else self.predicted.to_dict(), "error": self.error,
            "distance": self.distance, "differs": list(self.differs),
        }  # fmt: skip


class Known(NamedTuple):
    """The evidence on a job: of itself, and the nearest; `value` is what was measured of its throughput."""

    value: Interval | None
    exact: tuple[Evidence, ...]
    nearest: tuple[Evidence, ...]

    @property
    def rows(self) -> tuple[Evidence, ...]:
        """All of it, the exact first."""
        return self.exact + self.nearest


def evidence(answer: Estimate, gpu: Gpu, catalogue: Catalogue, most: int = NEAREST) -> Known:
    """The evidence on an answer: every measurement of its job, and the `most` nearest others.

    Reads rows of its own workload; where none was measured, those of its family.
    """
    wanted = _Wanted(answer, gpu)
    chosen = _chosen(islice(_in_order(wanted, _related(wanted, catalogue)), _LOOKED_AT), most)
    first = sum(1 for one in chosen if one.far == 0.0) + most
    exact: list[Evidence] = []
    # Rows whose runtimes differ in version only are told of once.
    others: dict[Any, Evidence] = {}
    # The model is asked of no more rows than are told of, where the first do.
    for part in (chosen[:first], chosen[first:]):
        if len(others) >= most:
            break
        answers = _answers(part)
        for row in part:
            one = _weighed(wanted, row, answers.get(row.job))
            if one.exact:
                exact.append(one)
            else:
                others.setdefault((one.workload, one.gpu, one.differs), one)
    return Known(_measured(answer, exact), tuple(exact), tuple(others.values())[:most])


def nearest_run(answer: Estimate, gpu: Gpu, catalogue: Catalogue, unseen: Unseen = left_out) -> float:
    """The distance of the nearest measured run, whatever GPU it was on; infinite where there is none.

    Of a language model that trains, whatever model it was of: how a stack trains one it trains the others.
    Rows that are `unseen` are taken as if they were not on file.
    """
    wanted = _Wanted(answer, gpu)
    alike = wanted.job.trains and is_language_model(wanted.workload)
    apart = (
        one.far - wanted.of_gpu(one.gpu) - (wanted.of_workload(one.head.job) if alike else 0.0)
        for one in _in_order(wanted, _related(wanted, catalogue, unseen))
        if one.row["metric"] in _RATES
    )
    found = min(apart, default=math.inf)
    return found if found < _FAMILY else math.inf


class _Near(NamedTuple):
    """A row with its distance, and its job in parts."""

    far: float
    row: dict[str, str]
    gpu: Gpu
    head: Head
    numbers: tuple[tuple[str, float], ...]

    @property
    def job(self) -> tuple[Any, ...]:
        """The same for rows of one job."""
        return self.gpu.id, self.head.key, self.numbers


def _chosen(near: Iterable[_Near], most: int) -> list[_Near]:
    """Every row that may be of the very job, then one of each of the nearest other jobs; no more is read."""
    chosen: list[_Near] = []
    others: set[Any] = set()
    for one in near:
        if one.far > 0.0 and len(others) == 2 * most:
            break
        if left_out(one.row):
            continue
        if one.far == 0.0:
            chosen.append(one)
        elif one.job not in others:
            others.add(one.job)
            chosen.append(one)
    return chosen


def _answers(chosen: Iterable[_Near]) -> dict[tuple[Any, ...], Estimate]:
    """The model's own answers by job; nothing for what it cannot answer."""
    sweeps: dict[Any, list[_Near]] = {}
    for one in chosen:
        sweeps.setdefault((one.head.key, *dict(one.numbers)), []).append(one)
    answers: dict[tuple[Any, ...], Estimate] = {}
    for rows in sweeps.values():
        answers |= _swept(rows)
    return answers


def _swept(rows: list[_Near]) -> dict[tuple[Any, ...], Estimate]:
    """The answers of rows that differ in GPU and numbers only, all at once; apart where one is no job."""
    gpus = list({one.gpu.id: one.gpu for one in rows}.values())
    columns = list(dict.fromkeys(one.numbers for one in rows))
    numbers: dict[str, Any] = {name: np.array([dict(one)[name] for one in columns]) for name, _ in columns[0]}
    try:
        job = read_job(rows[0].row)
        found = plain_estimate(replace(job, **numbers) if len(columns) > 1 else job, gpus)
    except UsageError:
        apart = [[one for one in rows if one.numbers == column] for column in columns]
        parts = map(_swept, apart if len(columns) > 1 else ())
        return {job: answer for part in parts for job, answer in part.items()}
    answers = {}
    for one in rows:
        with suppress(UsageError):
            answers[one.job] = found.at(gpus.index(one.gpu), columns.index(one.numbers))
    return answers


def _measured(answer: Estimate, exact: Iterable[Evidence]) -> Interval | None:
    """The throughput that rows of the very job say: the median, and how far they and their noise reach."""
    rates = [one.throughput for one in exact if one.throughput is not None]
    if not rates:
        return None
    middle = median(rates)
    return Interval(min(rates) / _NOISE, middle, max(rates) * _NOISE, answer.throughput.unit)


class _Wanted:
    """The job that was asked for, with what a row is compared by."""

    def __init__(self, answer: Estimate, gpu: Gpu) -> None:
        self.answer, self.gpu, self.job = answer, gpu, answer.job
        self.workload = resolve_workload(answer.job.workload)
        self.lineage = lineage(gpu)
        self.numbers = _numbers(answer.job)
        self._heads: dict[Any, tuple[float, dict[str, float]]] = {}

    def head(self, head: Head) -> tuple[float, dict[str, float]]:
        """How far what is text of a row's job is, and the numbers that it has where it states none."""
        if head.key not in self._heads:
            job = head.job
            known = runtime(job.runtime or self.answer.runtime, self.answer.runtime)
            ours, theirs = _options(self.job, with_cache(job, known))
            far = self.of_workload(job)
            far += _PHASE * (bool(job.phase) and job.phase != self.job.phase)
            kind = job.precision or known.default_precision.get(job.phase, "")
            far += self.of_format(kind)
            far += _OTHER * (_stack(job, self.answer.runtime) != self.answer.runtime)
            far += _OPTION * len({*ours.items()} ^ {*theirs.items()})
            self._heads[head.key] = (
                far,
                _numbers(resolve_workload(job.workload).complete(by_habit(job, known))),
            )
        return self._heads[head.key]

    def of_workload(self, job: Job) -> float:
        """How far another workload of the family is."""
        return 0.0 if job.workload == self.job.workload else _FAMILY + _DOUBLING * self._larger(job)

    def of_gpu(self, gpu: Gpu) -> float:
        """How far another GPU is."""
        if gpu.id == self.gpu.id:
            return 0.0
        return _OTHER if lineage(gpu) == self.lineage else 2 * _OTHER

    def of_format(self, kind: str) -> float:
        """How far a format is; one of the same weights and units, as autocast's is, is half another."""
        # As it is trained: FP8 beside wider weights.
        kind = (precision(kind).train_as if kind and self.job.trains else "") or kind
        if kind in ("", self.job.precision):
            return 0.0
        one, other = precision(kind), precision(self.job.precision)
        alike = (one.math, one.read_weight) == (other.math, other.read_weight)
        return _OTHER / 2 if alike else _OTHER

    def _larger(self, job: Job) -> float:
        """Doublings between the layers' weights of the two workloads, where both state them."""
        ours, theirs = (_weights(dims) for dims in (self.workload.dims, resolve_workload(job.workload).dims))
        return abs(math.log2(theirs / ours)) if ours and theirs else 0.0


def _weights(dims: Mapping[str, Any]) -> float:
    """What the weights of a workload's layers grow with."""
    layers, hidden = dims.get("layers"), dims.get("hidden")
    return float(layers * hidden**2) if isinstance(layers, int) and isinstance(hidden, int) else 0.0


def modelled(job: Job) -> dict[str, str]:
    """The options of a job that the model reads."""
    strange = set(job.options) - MODELLED
    ignored = strange - set(resolve_workload(job.workload).options) if strange else strange
    return {key: value for key, value in job.options.items() if key not in ignored}


def _options(one: Job, other: Job) -> tuple[dict[str, str], dict[str, str]]:
    """The options of two jobs that the model reads; a cache as wide as the format's own says nothing more."""
    wide = [of_job(job).kv if job.precision else None for job in (one, other)]
    found = []
    for job, kept in zip((one, other), wide, strict=True):
        options = modelled(job)
        if job.precision and (wide[0] == wide[1] or kept == precision(job.precision).kv):
            options.pop("kv_precision", None)
        found.append(options)
    return found[0], found[1]


def _numbers(job: Job) -> dict[str, float]:
    values = ((name, getattr(job, name)) for name in NUMBERS)
    return {"n_gpus": 1.0, "tp": 1.0, "pp": 1.0, **{name: float(v) for name, v in values if v is not None}}


def _stack(job: Job, fallback: str) -> str:
    """The runtime that a row names; "" for one that is not known."""
    found = runtime(job.runtime or fallback, fallback)
    return found.id if found.exact else ""


def _related(
    wanted: _Wanted, catalogue: Catalogue, unseen: Unseen | None = None
) -> Iterator[tuple[dict[str, str], Gpu]]:
    """Rows of the same workload that are not `unseen`, with the GPU of each, or of its family.

    A training is told of by trainings alone: what an inference reached says nothing of it.
    """
    own, key = store.select("measured", meaning(wanted.workload)), wanted.workload.id
    own = own if unseen is None else [row for row in own if not unseen(row)]
    if key in workloads():
        # To look another spelling up takes the names of all workloads; an imported one may have another's.
        own = [{**row, "workload": key} for row in own]
    related = _alike(wanted, own)
    if not any(row["metric"] in TIMED for row in related):
        family = store.select("measured", lambda name: _family(name) == wanted.workload.family)
        family = family if unseen is None else [row for row in family if not unseen(row)]
        related += _alike(wanted, family)
    # Rows of another phase are far off: they are looked at where there are no others.
    related = [row for row in related if _phase(row["phase"]) == wanted.job.phase] or related
    gpus: dict[str, Gpu | None] = {}
    for row in related:
        name = row["gpu"]
        if name not in gpus:
            gpus[name] = _gpu(name, catalogue)
        gpu = gpus[name]
        if gpu is not None and row["value"] and row["metric"] in METRICS:
            yield row, gpu


def _in_order(wanted: _Wanted, rows: Iterable[tuple[dict[str, str], Gpu]]) -> Iterator[_Near]:
    """Rows by their distance, those of one distance as they stand.

    To read what a row says takes longer than all else: one that is farther off than what is asked for, by its
    GPU and its sizes alone, is not read.
    """
    ranked = [(_least(wanted, row, gpu), i, row, gpu) for i, (row, gpu) in enumerate(rows)]
    ranked.sort(key=itemgetter(0, 1))
    read: list[tuple[float, int, _Near]] = []
    for least, place, row, gpu in ranked:
        while read and read[0][0] < least - _ROUNDED:
            yield heapq.heappop(read)[-1]
        timed = row["metric"] in TIMED
        # Power and memory are told of where they are of this very job.
        if not timed and least > 0.0:
            continue
        with suppress(WhichGpuError):
            one = _near(wanted, row, gpu)
            if timed or one.far == 0.0:
                heapq.heappush(read, (one.far, place, one))
    yield from (one for _, _, one in sorted(read, key=itemgetter(0, 1)))


def _least(wanted: _Wanted, row: Mapping[str, str], gpu: Gpu) -> float:
    """How far a row is at the least: by its GPU, a format by its id, and sizes that it states in digits."""
    sizes = ((name, row.get(name) or "", asked) for name, asked in wanted.numbers.items())
    far = sum(_sizes_apart(name, float(text), asked) for name, text, asked in sizes if text.isdecimal())
    return wanted.of_gpu(gpu) + wanted.of_format(row["precision"]) * (row["precision"] in precisions()) + far


def _sizes_apart(name: str, value: float, asked: float) -> float:
    """How far another size is, by the doublings between the two."""
    if value == asked:
        return 0.0
    doublings = abs(math.log2((value + 1.0) / (asked + 1.0)))
    return doublings * (_DOUBLING if name in ("n_gpus", "tp", "pp") else _SIZE)


def _alike(wanted: _Wanted, rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """Of the rows those that train, where the job does."""
    return [row for row in rows if _phase(row["phase"]) in TRAINING] if wanted.job.trains else rows


@lru_cache(maxsize=64)
def _phase(text: str) -> str:
    try:
        return phase(text)
    except UsageError:
        return ""


def _gpu(name: str, catalogue: Catalogue) -> Gpu | None:
    if name in catalogue:
        # To look a name up takes longer, and an id is one.
        return catalogue[name]
    try:
        return resolve_gpu(name, catalogue)
    except WhichGpuError:
        return None


@lru_cache(maxsize=1024)
def _family(name: str) -> str:
    try:
        return resolve_workload(name).family
    except WhichGpuError:
        return ""


def _near(wanted: _Wanted, row: dict[str, str], gpu: Gpu) -> _Near:
    """A row with its distance; see the top of this file. Raises `UsageError` for what cannot be read."""
    head, stated = read_parts(row)
    far, numbers = wanted.head(head)
    far += wanted.of_gpu(gpu)
    for name, asked in wanted.numbers.items():
        far += _sizes_apart(name, stated.get(name, numbers.get(name, asked)), asked)
    return _Near(far, row, gpu, head, tuple(stated.items()))


def _weighed(wanted: _Wanted, near: _Near, answer: Estimate | None) -> Evidence:
    """A row beside what the model says of its job."""
    row, gpu, predicted, rate = near.row, near.gpu, None, None
    job = read_job(row) if answer is None else answer.job
    if answer is not None:
        with suppress(UsageError):
            predicted = Interval(*METRICS[row["metric"]](answer, row["unit"]), row["unit"])
            if row["metric"] in _RATES:
                value, mid = float(row["value"]), answer.throughput.mid
                # A rate comes out as it was stated, to the last digit; a time goes the other way.
                faster = TIMED[row["metric"]] < 0
                rate = mid / predicted.mid * value if faster else mid * (predicted.mid / value)
    return Evidence(
        id=row["id"], source=row["source"], workload=job.workload, gpu=gpu.id,
        n_gpus=float(job.n_gpus or 1.0), runtime=row["runtime"], precision=job.precision,
        metric=row["metric"], unit=row["unit"], value=float(row["value"]), throughput=rate,
        predicted=predicted,
        distance=round(near.far, 3), differs=_differs(wanted, job, gpu),
    )  # fmt: skip


def _differs(wanted: _Wanted, job: Job, gpu: Gpu) -> tuple[str, ...]:
    """In what the job of a row is not the one asked for, in words."""
    asked, stack = wanted.job, _stack(job, wanted.answer.runtime)
    pairs: list[tuple[str, Any, Any]] = [
        ("workload", job.workload, asked.workload), ("phase", job.phase, asked.phase),
        ("GPU", gpu.id, wanted.gpu.id), ("precision", job.precision, asked.precision),
        ("runtime", stack or "unknown", wanted.answer.runtime),
    ]  # fmt: skip
    theirs, ours = _numbers(job), wanted.numbers
    pairs += [(name.replace("_", " "), _size(theirs.get(name)), _size(ours.get(name))) for name in NUMBERS]
    its, own = _options(job, asked)
    pairs += [(key, its.get(key), own.get(key)) for key in sorted({*its, *own})]
    return tuple(f"{name} {'not stated' if it is None else it}" for name, it, we in pairs if it != we)


def _size(value: float | None) -> str | None:
    return None if value is None else f"{value:g}"
