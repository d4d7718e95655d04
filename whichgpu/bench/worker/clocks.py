"""How long a step takes, on a GPU by events in its own stream, on a processor by the host's clock.

Steps that follow each other are timed from one event to the next, so that what lies between them counts and
the host may run ahead; where the L2 cache is emptied before each step only the step itself is between two
events.
"""

from __future__ import annotations

import math
import time
from contextlib import nullcontext
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Protocol

from whichgpu.bench.statistics import enough
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from whichgpu.bench.statistics import Method

    Step = Callable[[], Any]

#: Samples between two looks at whether they are enough.
_CHUNK = 64
#: B that empty a cache of unknown size: twice the largest L2 of NVIDIA GPUs (126 MB).
_JUNK = 256 * 2**20


class Clock(Protocol):
    """Times steps on one kind of device."""

    def samples(self, step: Step, count: int, inner: int, before: Step | None = None) -> list[float]:
        """Seconds of a step, `count` times, each the mean of `inner` steps; `before` each is not timed."""
        ...

    def synchronize(self) -> None:
        """Wait until the device has done everything."""
        ...


class HostClock:
    """The processor's own time."""

    def samples(self, step: Step, count: int, inner: int, before: Step | None = None) -> list[float]:
        """Steps run when they are called, so that the clock before and after is all there is to it."""
        found = []
        for _ in range(count):
            if before is not None:
                before()
            start = time.perf_counter_ns()
            for _ in range(inner):
                step()
            found.append((time.perf_counter_ns() - start) * 1e-9 / inner)
        return found

    def synchronize(self) -> None:
        """Nothing runs behind the host's back."""


class CudaClock:
    """Events of a GPU's stream; `cuda` is `torch.cuda`, or what stands for it in a test."""

    def __init__(self, cuda: Any) -> None:
        self._cuda = cuda

    def samples(self, step: Step, count: int, inner: int, before: Step | None = None) -> list[float]:
        """Record events around the steps, wait once at the end, and read them."""
        if before is None:
            marks = [self._event()]
            for _ in range(count):
                for _ in range(inner):
                    step()
                marks.append(self._event())
            pairs = list(pairwise(marks))
        else:
            pairs = []
            for _ in range(count):
                before()
                start = self._event()
                for _ in range(inner):
                    step()
                pairs.append((start, self._event()))
        self._cuda.synchronize()
        return [start.elapsed_time(end) * 1e-3 / inner for start, end in pairs]

    def _event(self) -> Any:
        event = self._cuda.Event(enable_timing=True)
        event.record()
        return event

    def synchronize(self) -> None:
        """Wait for the device."""
        self._cuda.synchronize()


class Timed(NamedTuple):
    """The samples of a step; seconds.

    `first` is the first call, which compiles and allocates; `overhead` the share of the wall time that was no
    step, negative where steps ran beside each other.
    """

    times: list[float]
    inner: int
    first: float
    warmup: int
    wall: float
    overhead: float

    def to_dict(self) -> dict[str, Any]:
        """What a record keeps beside the summary."""
        return {"inner": self.inner, "first_call": self.first, "warmup": self.warmup, "wall": self.wall,
                "overhead": self.overhead}  # fmt: skip


def timed(
    clock: Clock, step: Step, method: Method, *, before: Step | None = None,
    watch: Callable[[], AbstractContextManager[Any]] = nullcontext,
    agree: Callable[[list[float]], list[float]] = lambda values: values,
) -> Timed:  # fmt: skip
    """Warm up, then sample a step until its median is sure enough.

    `watch` gives what is entered while samples are taken. Of several processes each gets the same decisions:
    `agree` gives the numbers of the first one to all.
    """
    first, each, warmed = _warm(clock, step, method, agree)
    inner = 1 if before is not None else max(1, math.ceil(method.sample / max(each, 1e-9)))
    times: list[float] = []
    spent = 0.0
    with watch():
        start = time.perf_counter()
        while True:
            if times:
                done, elapsed = agree([float(enough(times, spent, method)), spent])
                spent = elapsed
                if done:
                    break
            got = clock.samples(step, _chunk(len(times), each * inner, spent, method, agree), inner, before)
            times += got
            spent = time.perf_counter() - start
        clock.synchronize()
        wall = time.perf_counter() - start
    overhead = 1.0 - sum(times) * inner / wall if before is None and wall > 0 else 0.0
    return Timed(times, inner, first, warmed, wall, overhead)


def _warm(clock: Clock, step: Step, method: Method, agree: Callable[[list[float]], list[float]]) -> Any:
    """Run until nothing is new: (seconds of the first call, of a later one, calls).

    The first call compiles and looks for kernels while the device idles, which warms up nothing: its time
    does not count.
    """
    clock.synchronize()
    start = time.perf_counter()
    step()
    clock.synchronize()
    first = time.perf_counter() - start
    count, spent, start = 1, 0.0, time.perf_counter()
    # What is derived from a time must be the same in every process, or they wait for each other.
    (each,) = agree([first])
    while count < method.warmup or spent < method.warmup_seconds:
        (more,) = agree([float(max(1, min(_CHUNK, int(0.2 * method.warmup_seconds / max(each, 1e-9)))))])
        begun = time.perf_counter()
        for _ in range(int(more)):
            step()
        clock.synchronize()
        each = (time.perf_counter() - begun) / more
        count += int(more)
        each, spent = agree([each, time.perf_counter() - start])
    return first, each, count


def _chunk(
    have: int, each: float, spent: float, method: Method, agree: Callable[[list[float]], list[float]]
) -> int:
    """How many samples to take before the next look: what is missing, but for no longer than is left."""
    missing = method.least - have if have < method.least else _CHUNK
    left = max(method.seconds - spent, 0.1 * method.seconds)
    room = max(1, min(missing, int(left / max(each, 1e-9)), method.most - have))
    return int(agree([float(room)])[0])


def flushers(torch: Any, device: str, cache: float = 0.0) -> tuple[Step, Step]:
    """What empties the last-level cache of more than it holds, twice `cache` (B) if that is known.

    The first overwrites: a cache full of what was written has to write it back while the next kernel runs,
    which is fair to one that writes, since it leaves as much behind. The second reads, for a kernel that only
    reads.
    """
    junk = torch.empty(max(_JUNK, 2 * int(cache)), dtype=torch.int8, device=device).zero_()
    return junk.zero_, lambda: torch.amax(junk)
