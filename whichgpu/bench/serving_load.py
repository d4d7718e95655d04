"""Load on a server: so many requests kept in flight (closed loop), or arrivals at a rate (open loop).

Arrivals are Poisson, or a gamma process of the same rate: `burstiness` 1 is Poisson, below it requests come
in bursts. An open loop sends on time whatever the server does, and says how late it was itself.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.bench.serving_http import Outcome, ask, session
from whichgpu.values import immutable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from whichgpu.bench.serving_http import Target
    from whichgpu.bench.serving_prompts import Request

#: Failures in a row, without one answer between them, after which a server is taken for gone.
GONE = 8


@immutable
class Load:
    """`concurrency` requests in flight, or `rate` requests/s; `seconds` after which no more are sent."""

    concurrency: int | None = None
    rate: float | None = None
    burstiness: float = 1.0
    seconds: float = float("inf")

    def __str__(self) -> str:
        if self.rate is not None:
            return f"{self.rate:g} requests/s"
        return f"{self.concurrency} in flight"


@immutable
class Run:
    """The requests of one load, from `started` to `ended`; `gave_up` says why the load ended early."""

    load: Load
    outcomes: tuple[Outcome, ...]
    started: float
    ended: float
    gave_up: str = ""


def arrivals(count: int, load: Load, chance: np.random.Generator) -> np.ndarray[Any, Any]:
    """Seconds at which an open loop sends each request, the first at 0."""
    assert load.rate is not None
    shape = load.burstiness
    gaps = chance.gamma(shape, 1.0 / (load.rate * shape), count)
    return np.concatenate([[0.0], np.cumsum(gaps)[:-1]])


async def send(
    target: Target, requests: Sequence[Request], load: Load, chance: np.random.Generator,
    told: Callable[[Outcome], None] = lambda _: None,
) -> Run:  # fmt: skip
    """Send requests under a load; gives every one that was sent, in the order of their ends."""
    watch = _Watch(told)
    async with session() as client:
        started = time.perf_counter()

        async def one(request: Request, due: float | None = None) -> None:
            watch.saw(await ask(client, target, request.prompt, request.output, due))

        loop = _closed if load.rate is None else _open
        await loop(requests, load, one, watch, chance)
        return Run(load, tuple(watch.outcomes), started, time.perf_counter(), watch.why)


class _Watch:
    """What has come back, and whether anything still answers."""

    def __init__(self, told: Callable[[Outcome], None]) -> None:
        self.outcomes: list[Outcome] = []
        self.row, self.why, self._told = 0, "", told

    def saw(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)
        self._told(outcome)
        self.row = 0 if outcome.good else self.row + 1
        if self.row >= GONE and not self.why:
            self.why = f"{self.row} requests in a row failed, the last: {outcome.fault} ({outcome.reason})"


async def _closed(
    requests: Sequence[Request], load: Load, one: Any, watch: _Watch, _chance: np.random.Generator
) -> None:
    """As many workers as requests in flight, each with the next as soon as its own is answered."""
    ends = time.perf_counter() + load.seconds
    waiting = iter(requests)

    async def work() -> None:
        for request in waiting:
            if watch.why or time.perf_counter() >= ends:
                return
            await one(request)

    async with asyncio.TaskGroup() as group:
        for _ in range(min(load.concurrency or 1, len(requests))):
            group.create_task(work())


async def _open(
    requests: Sequence[Request], load: Load, one: Any, watch: _Watch, chance: np.random.Generator
) -> None:
    """Each request when it is due, whether or not others are answered."""
    started = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for request, at in zip(requests, arrivals(len(requests), load, chance).tolist(), strict=True):
            due = started + at
            if at > load.seconds:
                return
            await asyncio.sleep(max(due - time.perf_counter(), 0.0))
            if watch.why:
                return
            group.create_task(one(request, due))


def after(run: Run, warmup: int) -> Run:
    """A run without the first requests that were answered: until a closed loop is out of step."""
    order = sorted(run.outcomes, key=lambda one: one.sent)
    left = order[warmup:]
    if not warmup or not left:
        return run
    return replace(run, outcomes=tuple(left), started=left[0].sent)
