"""One workload against several devices at once: what it takes of each, in arrays over the devices."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.answers import Z90
from whichgpu.cost.estimate import estimate
from whichgpu.cost.gpu.device import Devices
from whichgpu.cost.job.layout import memory_parts
from whichgpu.cost.job.settling import settle
from whichgpu.cost.job.support import Needs, as_seen, refusal
from whichgpu.cost.memory import replica_memory, starting
from whichgpu.cost.memory.readings import readings
from whichgpu.cost.memory.totals import Totals
from whichgpu.cost.memory.verdict import (
    Judged,
    Room,
    cache_holds,
    doubt,
    elastic,
    hangs_on,
    of_cache,
    possibly,
    surely,
    upper_end,
)
from whichgpu.cost.serving.scheduling import limits
from whichgpu.cost.table.paired import Paired
from whichgpu.errors import UsageError
from whichgpu.facts.model import Interval
from whichgpu.hardware.parts import kept, one_device, resized
from whichgpu.values import immutable
from whichgpu.workloads.job import NUMBERS
from whichgpu.workloads.ops import stored_weight_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from whichgpu.cost.answers import Answers
    from whichgpu.cost.job.layout import Held
    from whichgpu.cost.job.settling import Settled
    from whichgpu.cost.memory.readings import Readings
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.workloads.job import Job
    from whichgpu.workloads.ops import Op

    Array = NDArray[np.float64]

#: Columns that may differ from device to device.
_AXES = ("n_gpus", "tp", "pp")
_ROOM = 2.0**60

#: Parts that some devices or moments have none of: buffers of collectives, frames that wait for others.
_SOME = ("communication", "frames_held")


@immutable(slots=False)
class Cells:
    """A job on each of C devices; its `n_gpus`, `tp` and `pp` are numbers or arrays (C,)."""

    job: Job
    gpus: tuple[Gpu, ...]

    @cached_property
    def settled(self) -> Settled:
        """The job with every default filled in."""
        return settle(self.job)

    @cached_property
    def _each(self) -> Paired:
        """The GPU of each device, as one job has it."""
        every, phase = range(len(self.gpus)), self.settled.job.phase
        return Paired(Devices.of([as_seen(gpu, phase) for gpu in self.gpus]), every, np.array(every))

    @cached_property
    def places(self) -> tuple[Array, Array, Array]:
        """Replicas of a serving job on each device, the requests of each at once, and the most, (C,)."""
        found = replica_memory.places(self.settled.job, self.settled.runtime, self._each)
        shape = (1, len(self.gpus))
        replicas, now, most = (np.broadcast_to(part, shape)[0] for part in found)
        return replicas, now, most

    @cached_property
    def _laid(self) -> Held:
        return memory_parts(self.settled, self.available, self._each)

    @cached_property
    def parts(self) -> Mapping[str, Array]:
        """Bytes on the fullest GPU of each device, by part, (C,)."""
        shape = (len(self.gpus),)
        return {name: np.broadcast_to(np.asarray(part), shape) for name, part in self._laid.parts.items()}

    def parts_of(self, i: int) -> dict[str, float]:
        """The parts of one device; without those that others of the devices alone have."""
        each = {name: float(part[i]) for name, part in self.parts.items()}
        return {name: size for name, size in each.items() if size or name not in _SOME}

    @property
    def ops(self) -> tuple[Op, ...]:
        """What the fullest GPU runs."""
        return self._laid.ops

    @cached_property
    def required(self) -> Array:
        """Bytes on the fullest GPU, (C,)."""
        return total(self.parts)

    @cached_property
    def available(self) -> Array:
        """Bytes of memory of each device that the job can be given, (C,)."""
        return np.array([self.room(gpu) for gpu in self.gpus])

    def room(self, gpu: Gpu) -> float:
        """Bytes of memory of a GPU that the job can be given: a stream has one device of a package.

        So has a batch: what classifies on both devices is two processes, with a model each.
        """
        phase = self.settled.job.phase
        seen = one_device(gpu) if phase == "infer" else as_seen(gpu, phase)
        return self.share * float(seen.need("memory"))

    @property
    def share(self) -> float:
        """Of a card, what a server can be given whose engine the job names: graphs and buffers lie beside."""
        done = self.settled
        if starting.profiles(done.runtime, done.job):
            return starting.share(done.runtime, done.job)
        named = bool(self.job.runtime) and not done.job.trains
        return float(done.runtime.holds.get("most", 1.0)) if named else 1.0

    @cached_property
    def counts(self) -> tuple[int, ...]:
        """GPUs of each device."""
        return tuple(self._column("n_gpus"))

    @cached_property
    def refusals(self) -> tuple[str, ...]:
        """Why each device cannot run the job at all; empty where it can."""
        return tuple(map(self.refusal, self.gpus))

    def refusal(self, gpu: Gpu) -> str:
        """Why a GPU cannot run the job at all; empty where it can."""
        return refusal(gpu, self._needs, self.settled.runtime)

    @cached_property
    def _needs(self) -> Needs:
        """What the job asks of whatever device."""
        return Needs.of(self.ops, self.settled.job)

    @cached_property
    def able(self) -> NDArray[np.bool_]:
        """Where the device can run the job, whatever its memory, (C,)."""
        return np.array([not why for why in self.refusals])

    @cached_property
    def fits(self) -> NDArray[np.bool_]:
        """Where the device can run the job and has the memory, (C,)."""
        inside: NDArray[np.bool_] = self.able & (self.required <= self.available)
        return inside

    @cached_property
    def timed(self) -> Answers | None:
        """What the job would do on each device with memory enough, (C,); None where none can run it."""
        if not self.able.any():
            return None
        found = estimate(in_flight(self.settled.job), [roomy(gpu) for gpu in self.gpus])
        each = np.arange(len(self.gpus))
        return found.figures(each, np.minimum(each, found.seconds.shape[1] - 1))

    @cached_property
    def checkpoint(self) -> float:
        """Bytes of the file that a job on one GPU starts from: weights as stored, of training in 16 bits."""
        job = self.settled.job
        if job.trains:
            # What is held while training may be wider in part: embeddings beside a base in four bits.
            return 2.0 * float(sum(self.settled.workload.parameters().values()))
        if self.settled.runtime.holds.get("host_embedding"):
            # Its file has the table of tokens as well, which no GPU holds.
            return float(np.max(stored_weight_bytes(self.ops)))
        here = {name: text for name, text in self.job.options.items() if not name.startswith("offload")}
        parts = self.with_job(options=here).parts if len(here) < len(self.job.options) else self.parts
        return float(parts["weights"][0])

    def rate(self, index: int) -> Interval | None:
        """The throughput on one of the devices, of all its GPUs; None where that is not known."""
        if self.timed is None or not self.able[index]:
            return None
        one = self.timed.throughput
        low, mid, high = (float(np.asarray(end)[index]) for end in (one.low, one.mid, one.high))
        # Of units whose rate no source states there is a memory, and no time.
        return Interval(low, mid, high, one.unit) if np.isfinite(mid) else None

    def read(self, index: int) -> dict[str, Interval]:
        """What is read off a run on one of the devices, by total (`Totals`); empty where it does not run.

        A server's readings are those of the share that it takes, whatever it needs: none are given.
        """
        if not self.fits[index] or self.settled.job.phase == "serve" or self.timed is None:
            return {}
        room, found = float(self.available[index]), {}
        for name in Totals._fields:
            one = self.timed.readings.interval(name)
            # Timed on a card with memory enough: an allocator takes what there is.
            ends = (
                float(np.broadcast_to(end, (len(self.gpus),))[index]) for end in (one.low, one.mid, one.high)
            )
            low, mid, high = (min(end, room) for end in ends)
            found[name] = Interval(low, mid, high, one.unit)
        return found

    @cached_property
    def reading(self) -> Readings:
        """What is read of the job on each device, with memory enough, (C,); nothing is timed."""
        shape, found = (len(self.gpus),), readings(self._laid, Z90, np.full(len(self.gpus), _ROOM))
        return found.each(lambda part: np.broadcast_to(np.squeeze(np.asarray(part)), shape))

    @cached_property
    def judged(self) -> Judged:
        """Where the job fits at the upper end of what it needs, where by its middle, where it may, (C,)."""
        return self._judge(self._rooms_of(self.gpus, self.available), self.available, self.able)

    def judged_in(self, gpu: Gpu) -> Judged:
        """The same were each of the devices of that GPU, (C,)."""
        like = self._as_on(gpu)
        given = np.array([like.room(gpu)])
        able = np.full(len(like.gpus), not like.refusal(gpu))
        return like._judge(like._rooms_of((gpu,), given), given, able)

    @property
    def by_card(self) -> bool:
        """Whether what is needed hangs on the card: engines take more on some, or measure themselves."""
        done = self.settled
        known = "cards" in done.runtime.scheduler or starting.profiles(done.runtime, done.job)
        return done.job.phase == "serve" and known

    @cached_property
    def _alike(self) -> dict[Any, Cells]:
        """These cells, and those on other cards that have been asked for, by what an engine takes there."""
        return {self._taken_on(self.gpus[0]): self}

    def _taken_on(self, gpu: Gpu) -> tuple[float, ...]:
        stack, job, seen = self.settled.runtime, self.settled.job, as_seen(gpu, "serve")
        found = limits(stack, job, Devices.of([seen]))
        most = tuple(float(np.max(np.asarray(one))) for one in (found.sequences, found.tokens))
        return (*most, float(seen.need("memory"))) if starting.profiles(stack, job) else most

    def _as_on(self, gpu: Gpu) -> Cells:
        """The cells with what the job needs on such a card, from which all that need as much are judged."""
        if not self.by_card:
            return self
        taken = self._taken_on(gpu)
        if taken not in self._alike:
            self._alike[taken] = Cells(self.job, (gpu,) * len(self.gpus))
        return self._alike[taken]

    def _judge(self, rooms: Room, given: Array, able: NDArray[np.bool_]) -> Judged:
        done, stack = self.settled, self.settled.runtime
        inside = able & (self.required <= given)
        if "max_model_len" in done.job.options and starting.profiles(stack, done.job):
            sure, may = cache_holds(*self._cache(given), self.required - self.ends[0])
        else:
            sure = surely(stack, self.reading, self.required, rooms, self._elastic)
            may = possibly(self.reading, self.required, rooms)
        return Judged(inside & sure, inside, able & (inside | may))

    @property
    def _elastic(self) -> Any:
        """Bytes of a cache of more requests than one, which wait where there is less."""
        stack, serves = self.settled.runtime, self.settled.job.phase == "serve"
        return elastic(stack, self.parts, self.places[1]) if serves else 0.0

    @property
    def ends(self) -> tuple[Array, Array]:
        """The lower and the upper end of what the job needs of each device, (C,)."""
        low = self.required * np.exp(-self.reading.halves["least"])
        alone = upper_end(self.reading, self.required, self._elastic)
        return low, np.maximum(alone, self.required)

    @property
    def sure_room(self) -> Array:
        """Bytes of each device into which the upper end of what a job needs has to go, (C,)."""
        rooms = self._rooms_of(self.gpus, self.available)
        return np.asarray(np.minimum(np.minimum(self.available, rooms.reported), rooms.wired * rooms.card))

    def _cache(self, given: Array) -> tuple[Array, Array]:
        """Bytes that a server which measures itself has for its cache, and those of its longest sequence."""
        kept = self.parts["kv_cache"]
        return given - self.required + kept, kept

    def _rooms_of(self, gpus: Sequence[Gpu], given: Array) -> Room:
        """What GPUs give the job; what a server can be given is less than the card in any case."""
        phase = self.settled.job.phase
        seen = [as_seen(gpu, phase).need("memory") for gpu in gpus] if phase == "serve" else None
        most = 1.0 if self.settled.job.trains else self.settled.runtime.holds.get("most", 1.0)
        card = seen and np.array(seen, dtype=np.float64)
        return Room.of(gpus, given, card, np.full(len(gpus), most))

    def need(self, index: int) -> Interval | None:
        """What the job needs of one of the devices, with its interval; None where it cannot run there."""
        if not self.able[index]:
            return None
        found = self._at(self.reading, index).need(float(self.required[index]))
        low, mid, high = (float(np.ravel(end)[0]) for end in (found.low, found.mid, found.high))
        return Interval(low, mid, high, found.unit)

    @staticmethod
    def _at(reading: Readings, index: int) -> Readings:
        return reading.each(lambda part: part[index])

    def hangs_on(self, index: int, note: str) -> tuple[str, ...]:
        """What a verdict hangs on that a note leaves open, and what would settle it."""
        return hangs_on(self.settled.job, self.settled.runtime, self.parts_of(index), note)

    def doubt(self, index: int) -> str:
        """What is said where the job may run out of the memory of one of the devices, or fit all the same."""
        if not self.able[index]:
            return ""
        done, parts = self.settled, self.parts_of(index)
        if "max_model_len" in done.job.options and starting.profiles(done.runtime, done.job):
            known = (*self._cache(self.available), self.required - self.ends[0])
            return of_cache(*(float(each[index]) for each in known))
        more = elastic(done.runtime, parts, self.places[1][index] if done.job.phase == "serve" else 1.0)
        room = Room(*(one[index] for one in self._rooms_of(self.gpus, self.available)))
        return doubt(done.runtime, self._at(self.reading, index), self.required[index], room, more)

    def held(self, index: int) -> int | None:
        """Requests that a serving job holds at once on one of the devices; None of another job."""
        job = self.settled.job
        if job.phase != "serve":
            return None
        replicas, now, most = (float(part[index]) for part in self.places)
        each = float(np.broadcast_to(np.ravel(self._laid.each), (len(self.gpus),))[index])
        more = np.floor((self.available[index] - self.required[index]) / max(each, 1.0))
        return int(min(now + more, most) * replicas)

    def job_of(self, index: int) -> Job:
        """The complete job on one of the devices, its numbers as floats."""
        done = self.settled.job
        numbers: dict[str, Any] = {name: float(self._column(name)[index]) for name in _AXES}
        # What follows from them differs as they do: a batch of the requests in flight on all GPUs.
        many = (name for name in NUMBERS if np.ndim(getattr(done, name)) > 0)
        numbers |= {name: float(getattr(done, name)[index]) for name in many}
        # So do counts that are options: the micro-batches of a step, the groups of layers of a stage.
        counts = {key: said for key, said in done.options.items() if isinstance(said, np.ndarray)}
        own = {
            key: f"{float(np.broadcast_to(said, (len(self.gpus),))[index]):g}" for key, said in counts.items()
        }
        return replace(done, **numbers, options={**done.options, **own})

    def with_job(self, **columns: Any) -> Cells:
        """The same devices, the job changed."""
        return Cells(replace(self.job, **columns), self.gpus)

    def on(self, indexes: Sequence[int], **columns: Any) -> Cells:
        """Some of the devices, in this order, repeats included, the job changed beside."""
        if not columns and list(indexes) == list(range(len(self.gpus))):
            # What is worked out of all of them stands.
            return self
        picked = {name: self._picked(name, indexes) for name in _AXES}
        return Cells(replace(self.job, **{**picked, **columns}), tuple(self.gpus[i] for i in indexes))

    def _picked(self, name: str, indexes: Sequence[int]) -> Any:
        value = getattr(self.job, name)
        return value if value is None or np.ndim(value) == 0 else np.asarray(value)[list(indexes)]

    def _column(self, name: str) -> list[int]:
        value = np.broadcast_to(np.asarray(getattr(self.settled.job, name)), (len(self.gpus),))
        return [round(float(one)) for one in value]


def time_together(several: Sequence[Cells]) -> None:
    """Time jobs on the same devices that differ in their meshes alone in one sweep, ahead of their `timed`.

    Where the sweep is refused, or there is but one job, nothing is done: each is timed alone.
    """
    if len(several) < 2:
        return
    first, count = several[0], len(several[0].gpus)
    with suppress(UsageError):
        found = estimate(in_flight(_side_by_side(several)), [roomy(gpu) for gpu in first.gpus])
        at = np.arange(count)
        for k, one in enumerate(several):
            vars(one)["timed"] = found.figures(at, at + k * count)


def _side_by_side(several: Sequence[Cells]) -> Job:
    """The jobs of several, one behind the other: what differs by device differs in each of them."""
    jobs, count = [one.settled.job for one in several], len(several[0].gpus)

    def joined(values: Iterable[Any]) -> Array:
        return np.concatenate([np.broadcast_to(np.asarray(each, dtype=float), (count,)) for each in values])

    axes: dict[str, Any] = {
        name: np.concatenate([one._column(name) for one in several]).astype(float) for name in _AXES
    }
    for name in NUMBERS:
        if name not in _AXES and np.ndim(getattr(jobs[0], name)) > 0:
            axes[name] = joined(getattr(one, name) for one in jobs)
    # Of a training that states none, micro-batches follow from the GPUs.
    own = {key for one in jobs for key, said in one.options.items() if isinstance(said, np.ndarray)}
    options: dict[str, Any] = {key: joined(one.degree(key) for one in jobs) for key in sorted(own)}
    return replace(jobs[0], **axes, options={**jobs[0].options, **options})


def total(parts: Mapping[str, Any]) -> Array:
    """All parts together."""
    return np.asarray(sum((np.asarray(part) for part in parts.values()), start=np.zeros(())))


def in_flight(job: Job) -> Job:
    """A serving job that states no concurrency, with one request on each replica, as it is judged."""
    if job.phase != "serve" or job.concurrency is not None:
        return job
    return replace(job, concurrency=replica_memory.replicas(job))


@kept(1024)
def roomy(gpu: Gpu) -> Gpu:
    """The same GPU with memory for anything: a job is timed on it that does not fit."""
    return resized(gpu, gpu.id, memory=_ROOM)
