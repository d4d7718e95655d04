"""Jobs of a table that are one sweep: the same work under runtimes of one structure, on any GPU each.

All cells of a pool are evaluated at once, each on its own GPU (`paired.py`). Jobs that cannot be run
are left out with their reasons; where a sweep does not say which of it they are, it is halved until they are
alone.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from itertools import repeat
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.answers import Answers
from whichgpu.cost.estimate import Outline, estimate, outlined
from whichgpu.cost.job.asked import sends_away
from whichgpu.cost.job.devices import devices_of
from whichgpu.cost.job.habits import recomputing
from whichgpu.cost.job.layout import by_hand
from whichgpu.cost.job.requests import at_random
from whichgpu.cost.memory.sparing import deals_out, sparing
from whichgpu.cost.memory.totals import UNSURE
from whichgpu.cost.parallel.experts import tunes
from whichgpu.cost.parallel.mesh import Mesh
from whichgpu.cost.reading.metrics import metric
from whichgpu.cost.table.groups import arrays, halves, reasons, unit_of
from whichgpu.cost.table.paired import Paired, Stacks, joined
from whichgpu.cost.table.simulated import Cells, wider
from whichgpu.cost.transfer import personal
from whichgpu.errors import UsageError, WhichGpuError
from whichgpu.units import GIB
from whichgpu.workloads.job import NUMBERS
from whichgpu.workloads.model import is_language_model
from whichgpu.workloads.precision import precision

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from whichgpu.cost.estimates import Estimates
    from whichgpu.cost.gpu.device import Devices
    from whichgpu.cost.job.runtime import Runtime
    from whichgpu.cost.job.settling import Settled
    from whichgpu.cost.table.groups import Asking, Group, Numbers, Refused
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.workloads.job import Job

    #: Which of a sweep's places, and numbers, also of options that are arrays.
    Spot = tuple[int, Numbers]

#: Cells that are evaluated at once at most, for the sake of memory.
_MOST = 4096
#: Options that are counts, of which `Job.degree` takes arrays.
_COUNTS = ("ep", "moe_tp", "attention_dp", "cp", "vp", "global_batch", "grad_accum")
#: Formats of 16 bits by what may stand for them, and options that state a format of a part.
_HALVES = {"fp16": "fp16", "bf16": "fp16", "amp-fp16": "amp-fp16", "amp-bf16": "amp-fp16"}
_OWN_FORMAT = {"adapter_precision", "encoder_precision", "kv_precision", "vae_precision"}
#: What metrics and units that count steps have in their names.
_STEPPED = ("it", "step")
#: What runs the jobs of all tables.
_stacks = Stacks()
#: No more options than a job states.
_NOTHING: dict[str, str] = {}
#: What needs this many times the memory of the card is refused: measured jobs whose table states no length
#: ran where three times seemed needed.
_HOPELESS = 3.5
#: Phases in which one program has all weights on the GPUs that its row states.
_STREAMS = ("decode", "prefill")


@dataclass(slots=True)
class Outcome:
    """What came of some cells of a sweep, by ask (metric and unit)."""

    #: The cells, by number in the sweep.
    cells: NDArray[np.intp]
    #: The unit of each ask.
    units: list[str]
    #: (asks, 3, cells): low, mid, high; NaN where there is none.
    values: NDArray[np.float64]
    #: The basis of each cell.
    bases: list[str]
    #: By ask, the reason of each cell that has no answer, by position in `cells`.
    refused: list[dict[int, str]]
    #: By position, the options that cells were taken with so that they fit, which their rows do not state.
    taken: dict[int, Mapping[str, str]]


class Sweep(ABC):
    """Cells that are evaluated together: a place, which is a GPU and what runs there, and numbers."""

    def __init__(self, workload: str, *, lenient: bool) -> None:
        self.workload, self._lenient = workload, lenient
        #: How many times the memory of a card a job may need.
        self._most = _HOPELESS
        #: By cell, the rows that ask for it and which of the asks is theirs.
        self.asking: list[list[tuple[int, int]]] = []
        self._cells: dict[Spot, int] = {}
        self._asks: dict[tuple[str, str], int] = {}

    def add(self, spots: Iterable[tuple[Spot, Iterable[Asking]]]) -> None:
        """Cells, and the rows that ask for each."""
        cells, asks, asked = self._cells, self._asks, self.asking
        for spot, asking in spots:
            cell = cells.setdefault(spot, len(cells))
            if cell == len(asked):
                asked.append([])
            asked[cell] += [(row, asks.setdefault(ask, len(asks))) for row, ask in asking]

    def outcomes(self) -> Iterator[Outcome]:
        """The answers of all cells. Never raises."""
        spots = list(self._cells)
        for start in range(0, len(spots), _MOST):
            part = spots[start : start + _MOST]
            out = Outcome(
                cells=np.arange(start, start + len(part)),
                units=[unit_of(ask, self.workload) for ask in self._asks],
                values=np.full((len(self._asks), 3, len(part)), np.nan),
                bases=[""] * len(part),
                refused=[{} for _ in self._asks],
                taken={},
            )
            self._evaluate(part, np.arange(len(part)), out)
            yield out

    @abstractmethod
    def outlined(self, spots: Sequence[Spot], options: Mapping[str, str] = _NOTHING) -> Outline:
        """These cells as far as their memory, with more options than their jobs state."""

    def _evaluate(
        self, spots: list[Spot], at: NDArray[np.intp], out: Outcome, options: Mapping[str, str] = _NOTHING
    ) -> None:
        """Evaluate cells together, at their places in `out`; without those that cannot be, if one raises.

        Those that do not fit are evaluated again with the next of what spares memory. Where no other is left
        but what is refused none is timed, which takes two thirds of an evaluation.
        """
        places = [place for place, _ in spots]
        try:
            begun = self.outlined(spots, options)
            short = np.asarray(begun.required > UNSURE * begun.available)
            ways = list(sparing(begun.workload, begun.job, begun.runtime, short, options))
            whys = self._reasons(begun, places)
            again = {i for _, cells in ways for i in cells.tolist()}
            found = begun.estimates() if len(again | whys.keys()) < len(spots) else None
            answers = found and found.figures(0, slice(None))
        except Exception as fault:
            self._apart(spots, at, out, fault, options)
            return
        if found and answers:
            self._read(found, answers, places, at, out, unable=whys)
        else:
            self._refuse(begun, {i: why for i, why in whys.items() if i not in again}, at, out)
        for more, cells in ways:
            self._spare([spots[i] for i in cells.tolist()], at[cells], out, more)

    def _spare(
        self, spots: list[Spot], at: NDArray[np.intp], out: Outcome, options: Mapping[str, str]
    ) -> None:
        """Evaluate cells with options that spare memory, whatever was said of them without."""
        places = at.tolist()
        out.taken.update(dict.fromkeys(places, options))
        for refused in out.refused:
            for place in refused.keys() & places:
                del refused[place]
        self._evaluate(spots, at, out, options)

    def _refuse(self, begun: Outline, whys: Mapping[int, str], at: NDArray[np.intp], out: Outcome) -> None:
        """Give cells that are not timed, by position, their reasons; an ask that cannot be has its own."""
        if not whys:
            return
        unit, positions = f"{begun.workload.unit}/s", at.tolist()
        none = Answers.none(begun.job, unit, begun.required.shape)
        for (name, asked), refused in zip(self._asks, out.refused, strict=True):
            fault = ""
            try:
                metric(name)(none, asked)
            except WhichGpuError as one:
                fault = str(one)
            refused.update((positions[i], fault or why) for i, why in whys.items())

    def _apart(
        self, spots: list[Spot], at: NDArray[np.intp], out: Outcome, fault: Exception,
        options: Mapping[str, str],
    ) -> None:  # fmt: skip
        """Refuse cells that a sweep says cannot be, and evaluate the others; halved where it does not say."""
        whys = reasons(fault, spots)
        if not whys:
            for part, places in zip(halves(spots), halves(at), strict=True):
                self._evaluate(part, places, out, options)
            return
        for refused in out.refused:
            refused.update((place, why) for place, why in zip(at.tolist(), whys, strict=True) if why)
        rest = [spot for spot, why in zip(spots, whys, strict=True) if not why]
        if rest:
            self._evaluate(rest, at[[not why for why in whys]], out, options)

    def _read(
        self, found: Estimates, answers: Answers, places: Sequence[int], at: NDArray[np.intp], out: Outcome,
        *, unable: Mapping[int, str],
    ) -> None:  # fmt: skip
        """Read every ask off the answers of the cells at these positions, all at once; some are `unable`."""
        positions = at.tolist()
        for position, place in zip(positions, places, strict=True):
            out.bases[position] = found.bases[place]
        reasons = {positions[i]: why for i, why in unable.items()}
        cells = Cells(found, answers, places)
        for ask, (name, unit) in enumerate(self._asks):
            refused = out.refused[ask]
            try:
                three = metric(name)(answers, unit)
            except WhichGpuError as fault:
                refused.update(dict.fromkeys(positions, str(fault)))
                continue
            for low_to_high, column in zip(out.values[ask], three, strict=True):
                low_to_high[at] = column
            if cells.simulated(metric(name)):
                three = out.values[ask][:, at] * cells.factors(metric(name), unable)
                out.values[ask][:, at] = wider(three, metric(name))
                refused.update((positions[i], why) for i, why in cells.refused.items())
            for i in np.flatnonzero(~np.isfinite(out.values[ask][1, at])).tolist():
                if positions[i] in refused:
                    continue
                what, gpu = name or "throughput", found.devices.gpus[places[i]]
                refused[positions[i]] = f"{what} of this job is not known: {_lacking(gpu)}"
            refused.update(reasons)

    def _reasons(self, begun: Outline, places: Sequence[int]) -> dict[int, str]:
        """Why a GPU cannot run a job, by position: no such format, far too little memory."""
        refused, gpus = begun.refused(), begun.devices.gpus
        reasons = {i: refused[place] for i, place in enumerate(places) if refused[place]}
        if not self._lenient:
            hopeless = begun.required > self._most * begun.available
            if is_language_model(begun.workload) and not begun.job.trains:
                # No length that is left open is a part of weights; how a server deals them out may be.
                wider = 1.0 if begun.job.phase in _STREAMS else _undivided(begun.job)
                hopeless |= begun.weights > wider * UNSURE * begun.available
            ways = "more GPUs (tp), a smaller batch or a narrower precision"
            if begun.runtime.holds.get("host_layers"):
                ways = "more GPUs (pp), a narrower precision, or options offload=.. for layers on the host"
            for i in np.flatnonzero(hopeless).tolist():
                need, has = begun.required[i] / GIB, begun.available[i] / GIB
                said = f"{gpus[places[i]].id} has {has:.1f} GiB; use {ways}"
                reasons.setdefault(i, f"does not fit: it needs {need:.1f} GiB per GPU, {said}")
        return reasons


class Pool(Sweep):
    """Settled jobs of the same work under runtimes of one structure, each on any of the `gpus` of a table."""

    def __init__(self, settled: Settled, gpus: Sequence[Gpu], *, lenient: bool) -> None:
        super().__init__(settled.workload.id, lenient=lenient)
        if sends_away(settled.job, settled.workload, settled.runtime):
            # It would send some of that away, which `smaller` tries then.
            self._most = UNSURE
        if settled.job.trains and deals_out(settled.workload, settled.job, settled.runtime):
            # Neither would it be held by two thirds of what it needs, which `smaller` cuts into stages.
            self._most = UNSURE
        self._settled, self._gpus = settled, gpus
        self._places: dict[tuple[int, int], int] = {}
        self._stacks: list[Runtime] = []

    def places(self, gpus: Iterable[int], stack: Runtime) -> list[int]:
        """Those of GPUs, by their numbers in the table, under a runtime."""
        found = [self._places.setdefault((gpu, id(stack)), len(self._places)) for gpu in gpus]
        self._stacks += [stack] * (len(self._places) - len(self._stacks))
        return found

    def outlined(self, spots: Sequence[Spot], options: Mapping[str, str] = _NOTHING) -> Outline:
        """These cells, each on its own GPU."""
        return outlined(*self._paired(spots, options))

    def _paired(self, spots: Sequence[Spot], options: Mapping[str, str]) -> tuple[Settled, Paired]:
        """The jobs of these cells, and the GPU of each."""
        which = np.array([place for place, _ in spots])
        table, chosen, brain = self._devices
        devices = Paired(table, chosen, which, brain)
        job = recomputing(_with(self._job([numbers for _, numbers in spots]), options), self._settled.runtime)
        return self._settled._replace(job=job, runtime=joined(self._stacks, which)), devices

    @cached_property
    def _devices(self) -> tuple[Devices, list[int], list[bool]]:
        """The GPUs of the table as these jobs have them, which of them each place has, and `brain` there."""
        gpus, chosen = self._gpus, [gpu for gpu, _ in self._places]
        narrow, brain = ([getattr(stack, name) for stack in self._stacks] for name in ("narrow", "brain"))
        if len(set(narrow)) == 1:
            return devices_of(self._settled, gpus, narrow[0]), chosen, brain
        # Every GPU twice: as it sums products in FP32, and in FP16.
        count = len(gpus)
        table = devices_of(self._settled, (*gpus, *gpus), (False,) * count + (True,) * count)
        return table, [gpu + count * own for gpu, own in zip(chosen, narrow, strict=True)], brain

    def _job(self, columns: Sequence[Numbers]) -> Job:
        """The job with the numbers of these columns, at least one of them as an array."""
        job, size, names = self._settled.job, len(NUMBERS), _degrees(self._settled.job)
        degrees: dict[str, Any] = {
            name: np.array([one[size + i] for one in columns]) for i, name in enumerate(names)
        }
        stated = [getattr(job, name) is not None for name in NUMBERS]
        numbers = arrays([one[:size] for one in columns] if names else columns, stated)
        if len(columns) > 1 and not any(isinstance(one, np.ndarray) for one in numbers.values()):
            numbers["n_gpus"] = np.full(len(columns), numbers["n_gpus"])
        return job.changed(options={**job.options, **degrees}, **numbers)


class Apart(Sweep):
    """The jobs of a group on one GPU, as asked: requests that arrive at random, what one's own runs move."""

    def __init__(self, group: Group, gpu: Gpu) -> None:
        super().__init__(group.job.workload, lenient=group.lenient)
        self._group, self._gpu = group, gpu

    def outlined(self, spots: Sequence[Spot], options: Mapping[str, str] = _NOTHING) -> Outline:
        """These cells, all of them on the one GPU, which are estimated at once."""
        job = self._group.sweep([numbers for _, numbers in spots])
        return Outline.of(estimate(_with(job, options), [self._gpu]))


def _lacking(gpu: Gpu) -> str:
    """What a device lacks where an answer is no number: its power where none is stated, and what to write."""
    if gpu.value("power") is not None:
        return f"{gpu.id} lacks a fact that it needs; see: show {gpu.id}"
    return (
        f"what {gpu.id} may draw was not read in any source; describe yours in a file for --gpu-file: "
        f'base = "{gpu.id}", power = "60 W"'
    )


def _with(job: Job, options: Mapping[str, str]) -> Job:
    return job.changed(options={**job.options, **options}) if options else job


def sweeps(groups: Sequence[Group], refused: Refused) -> Iterator[Sweep]:
    """The cells of groups as few sweeps; a row whose job cannot be settled gets its reason in `refused`."""
    # In one order, so that shares of the same GPUs have their columns in common.
    gpus = dict(sorted({name: gpu for group in groups for name, gpu in group.gpus.items()}.items()))
    number = {name: i for i, name in enumerate(gpus)}
    found: dict[tuple[Any, ...], Pool] = {}
    for group in groups:
        if personal.active() or at_random(group.job):
            yield from _apart(group)
            continue
        for plain, cells in group.settled(refused):
            settled, half = _sixteen_bit(_counted(_without_steps(plain, group), len(cells)))
            format_ = precision(settled.job.precision).id
            same, stack = _stacks.of(settled.runtime, settled.job.phase, format_, half)
            key = (*_work(settled), group.lenient, same)
            if key not in found:
                found[key] = Pool(settled, tuple(gpus.values()), lenient=group.lenient)
            names = [name for name, _ in cells]
            met = dict.fromkeys(names)
            where = dict(zip(met, found[key].places([number[name] for name in met], stack), strict=True))
            spots = zip([where[name] for name in names], _numbers(settled.job, len(cells)), strict=True)
            found[key].add(zip(spots, [group.asking[cell] for cell in cells], strict=True))
    yield from found.values()


def _apart(group: Group) -> Iterator[Apart]:
    """The cells of a group that has to be asked as it is, GPU by GPU."""
    for name, gpu in group.gpus.items():
        sweep = Apart(group, gpu)
        sweep.add(((0, cell[1]), asking) for cell, asking in group.asking.items() if cell[0] == name)
        yield sweep


def _without_steps(settled: Settled, group: Group) -> Settled:
    """A settled job without denoising steps where it trains, which makes none, and no row asks for any.

    Rows that state them all the same share the sweep of those that do not.
    """
    job = settled.job
    if not job.trains or job.steps is None:
        return settled
    asks = {ask for asking in group.asking.values() for _, ask in asking}
    counted = any(word in text.lower() for ask in asks for text in ask for word in _STEPPED)
    return settled if counted else settled._replace(job=job.changed(steps=None))


def _sixteen_bit(settled: Settled) -> tuple[Settled, str]:
    """A settled job in FP16 where that may stand for its format, and its format; "" where none stands for it.

    FP16 and BF16 have numbers of one size. What a GPU multiplies them at, what the fit knows of them and what
    software makes of them is asked by the format (`Runtime.half`). Pipelines run parts of themselves in other
    formats than their own.
    """
    job, format_ = settled.job, precision(settled.job.precision).id
    apart = "vae" in settled.workload.dims or job.options.keys() & _OWN_FORMAT
    if apart or format_ not in _HALVES:
        return settled, ""
    return settled._replace(job=job.changed(precision=_HALVES[format_])), format_


def _counted(settled: Settled, count: int) -> Settled:
    """So many settled jobs with the counts among their options as arrays, which may differ within a sweep."""
    job = settled.job
    stated = [name for name in _COUNTS if isinstance(job.options.get(name), str)]
    counts: dict[str, Any] = {}
    for name in stated:
        # What cannot be read is refused where it is.
        with suppress(UsageError):
            counts[name] = np.full(count, job.degree(name))
    if _steps_once(settled):
        # As many steps of pretraining have several micro-batches, which nobody states.
        counts["grad_accum"] = np.ones(count)
    return settled._replace(job=job.changed(options={**job.options, **counts})) if counts else settled


def _steps_once(settled: Settled) -> bool:
    """Whether jobs train a language model with one micro-batch a step, which no stage waits for."""
    job = settled.job
    learns = job.trains and is_language_model(settled.workload)
    stated = {"grad_accum", "global_batch"} & job.options.keys()
    return learns and not stated and bool(np.all(np.equal(job.pp, 1.0)))


def _undivided(job: Job) -> NDArray[np.float64]:
    """GPUs of a job over those of one of its replicas: how much further its weights may be dealt out."""
    count = np.asarray(1.0 if job.n_gpus is None else job.n_gpus, dtype=np.float64)
    return np.maximum(count / Mesh.of(job).replica, 1.0)


def _work(settled: Settled) -> tuple[Any, ...]:
    """What jobs have in common whose ops are traced together."""
    job, text = settled.job, settled.job.runtime.lower()
    words = [word in text for word in getattr(settled.workload.code, "RUNTIME_WORDS", ())]
    options = [(name, "" if isinstance(one, np.ndarray) else one) for name, one in job.options.items()]
    stated = [getattr(job, name) is not None for name in NUMBERS]
    # How busy experts are hangs on whether a model was trained before.
    phase = settled.workload.work_phase(job.phase), "ep" in job.options and tunes(job)
    return (id(settled.workload), *phase, job.precision, *words, by_hand(settled), *sorted(options), *stated)


def _degrees(job: Job) -> list[str]:
    """The options that are arrays."""
    return sorted(name for name, one in job.options.items() if isinstance(one, np.ndarray))


def _numbers(job: Job, count: int) -> Iterator[Numbers]:
    """The numbers of each of so many settled jobs, in the order of `NUMBERS`, then its degrees."""
    values = [*(getattr(job, name) for name in NUMBERS), *(job.options[name] for name in _degrees(job))]
    columns = [
        repeat(one, count)
        if not isinstance(one, np.ndarray)
        else (one if one.shape == (count,) else np.broadcast_to(one, count)).tolist()
        for one in values
    ]
    return zip(*columns, strict=True)
