"""Who may have how much worked out at once: a rate for each client, so many at a time, so many waiting."""

from __future__ import annotations

from collections import OrderedDict
from time import monotonic
from typing import TYPE_CHECKING, TypeVar

from anyio import CapacityLimiter, to_thread

if TYPE_CHECKING:
    from collections.abc import Callable

    from whichgpu.web.settings import Settings

T = TypeVar("T")
#: Clients that are remembered.
_CLIENTS = 10_000


class Refused(Exception):
    """Too much is asked: by one client (429), or by all (503); `wait` is in s."""

    def __init__(self, status: int, text: str, wait: int = 1) -> None:
        super().__init__(text)
        self.status, self.wait = status, wait


class Gate:
    """Lets work through: a token bucket for each client, and places at the machine."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._light = CapacityLimiter(settings.light)
        self._heavy = CapacityLimiter(settings.heavy)
        self._waiting = 0
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    async def run(self, client: str, work: Callable[[], T], *, heavy: bool = False) -> T:
        """What the work gives, done in a thread; raises `Refused`."""
        async with self.place(client, heavy=heavy):
            return await to_thread.run_sync(work, limiter=CapacityLimiter(1))

    def place(self, client: str, *, heavy: bool) -> Place:
        """A place for the time of an `async with`; raises `Refused` at once where there is none."""
        self._take(client)
        if self._waiting >= self._settings.waiting:
            raise Refused(503, "too many questions at once; try again in a moment", 2)
        return Place(self, self._heavy if heavy else self._light)

    def _take(self, client: str) -> None:
        now = monotonic()
        left, then = self._buckets.pop(client, (float(self._settings.burst), now))
        left = min(left + (now - then) * self._settings.rate, float(self._settings.burst))
        if left < 1.0:
            self._buckets[client] = left, now
            raise Refused(429, f"more than {self._settings.rate:g} questions per second; ask more slowly")
        self._buckets[client] = left - 1.0, now
        while len(self._buckets) > _CLIENTS:
            self._buckets.popitem(last=False)

    def moved(self, by: int) -> None:
        """Count who waits or is at work."""
        self._waiting += by


class Place:
    """A place at the machine."""

    def __init__(self, gate: Gate, limiter: CapacityLimiter) -> None:
        self._gate, self._limiter = gate, limiter

    async def __aenter__(self) -> None:
        self._gate.moved(1)
        try:
            await self._limiter.acquire_on_behalf_of(self)
        except BaseException:
            self._gate.moved(-1)
            raise

    async def __aexit__(self, *fault: object) -> None:
        self._limiter.release_on_behalf_of(self)
        self._gate.moved(-1)
