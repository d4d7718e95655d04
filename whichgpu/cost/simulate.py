"""A serving replica request by request: the tails that means do not tell.

The engine works pass by pass. A pass gives every running sequence its next token, and takes prompts from the
front of the queue up to a budget of tokens while there are places. Passes without prompts follow each other
until a request arrives or is done, and are leapt over at once: with R running sequences of K cached tokens,
each of which gains e tokens a pass,

    m passes take  m base(R) + each(R) (K m + e R m (m - 1) / 2)

so that a request costs a few steps, however long its answer. An engine that computes prompts first (`mixed`
false) stops its tokens for them; a load generator of a closed loop sends a request when one is done
(`in_flight`).
"""

from __future__ import annotations

from collections import deque
from heapq import heapify, heappop, heappush
from math import ceil, inf, sqrt
from typing import TYPE_CHECKING

import numpy as np

from whichgpu.values import immutable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


@immutable
class Server:
    """What passes of a replica cost: lists by the number of running sequences, from none to `places`.

    `base` is s of a pass without prompts or cache, `each` s per cached token, `prompt` s per token of a
    prompt that joins it; `budget` tokens of prompts a pass; `gained` tokens a sequence and pass; `first` s
    from sending a request until the engine has it.
    """

    base: tuple[float, ...]
    each: tuple[float, ...]
    prompt: tuple[float, ...]
    budget: float
    gained: float = 1.0
    first: float = 0.0
    mixed: bool = True

    @property
    def places(self) -> int:
        """Sequences that it holds at most."""
        return len(self.base) - 1


@immutable
class Stream:
    """Requests in the order of their arrival: s at which each arrives, tokens to compute, cached, to make."""

    arrival: Array
    prompt: Array
    cached: Array
    output: Array

    def __len__(self) -> int:
        return len(self.arrival)


@immutable
class Outcome:
    """What became of the requests: s of arrival, first and last token, tokens made; (requests,).

    `gaps` are s between tokens of one request and `weights` how many such there were; `busy` s in which the
    engine had work.
    """

    arrival: Array
    first: Array
    done: Array
    output: Array
    gaps: Array
    weights: Array
    busy: float

    @property
    def ttft(self) -> Array:
        """Seconds from sending a request to its first token."""
        return self.first - self.arrival

    @property
    def tpot(self) -> Array:
        """Mean seconds of the tokens after the first; NaN for requests of one token."""
        after = np.where(self.output > 1.0, self.output - 1.0, np.nan)
        return np.asarray((self.done - self.first) / after)

    @property
    def latency(self) -> Array:
        """Seconds from sending a request to its last token."""
        return self.done - self.arrival

    def gap(self, share: float) -> float:
        """The time between tokens (ITL) that a share of all gaps stays below, in s."""
        order = np.argsort(self.gaps)
        if not order.size:
            return 0.0
        below = np.cumsum(self.weights[order])
        return float(self.gaps[order][np.searchsorted(below, share * below[-1])])


def simulate(server: Server, stream: Stream, *, in_flight: int = 0, held: int = 0, seed: int = 0) -> Outcome:
    """Serve a stream, and answer for its requests.

    Args:
        server: the replica.
        stream: the requests; of a closed loop their times of arrival do not count.
        in_flight: requests that a load generator keeps in flight; 0 for those that arrive by themselves.
        held: sequences that the replica has at the beginning, somewhere in their answers; none is told of.
        seed: of where they are.

    """
    run = _Run(server, stream, in_flight)
    if held:
        run.begin(min(held, server.places), np.random.default_rng(seed))
    while run.left:
        run.step()
    gaps = np.array(run.gaps).reshape(-1, 2)
    return Outcome(
        np.array(run.arrival), np.array(run.first) + server.first, np.array(run.done) + server.first,
        stream.output, gaps[:, 0], gaps[:, 1], run.busy,
    )  # fmt: skip


class _Run:
    """The state of a replica: the clock, the passes done, who waits, whose prompt is under way, who runs."""

    __slots__ = (
        "arrival", "busy", "closed", "computed", "current", "done", "first", "gaps", "left", "next", "output",
        "owed", "passes", "prompt", "room", "running", "server", "stall", "stream", "tokens", "waiting",
        "when",
    )  # fmt: skip

    def __init__(self, server: Server, stream: Stream, in_flight: int) -> None:
        self.server, self.stream = server, stream
        self.arrival: list[float] = stream.arrival.tolist()
        self.prompt: list[float] = stream.prompt.tolist()
        self.output: list[float] = stream.output.tolist()
        self.first, self.done = [0.0] * len(stream), [0.0] * len(stream)
        self.left, self.next, self.closed = len(stream), 0, in_flight > 0
        self.when = self.busy = self.stall = self.tokens = 0.0
        self.passes, self.room = 0, server.places
        #: Requests that wait, and of the one whose prompt is under way its number and tokens computed.
        self.waiting: deque[int] = deque()
        self.current, self.computed = -1, 0.0
        #: Those that run: the pass after which each is done, its number, the tokens that it holds then.
        self.running: list[tuple[int, int, float]] = []
        self.gaps: list[tuple[float, float]] = []
        self.owed: list[int] = []
        for _ in range(min(in_flight, self.left)):
            self._arrive()

    def begin(self, held: int, chance: np.random.Generator) -> None:
        """Sequences that are somewhere in their answers, evenly."""
        chosen = chance.integers(len(self.stream), size=held)
        shares = chance.random(held)
        for one, share in zip(chosen.tolist(), shares.tolist(), strict=True):
            whole = self._passes(self.output[one])
            rest = max(1, ceil(whole * share))
            end = self.prompt[one] + float(self.stream.cached[one]) + self.output[one] - 1.0
            self.running.append((rest, -1, end))
            self.tokens += end - rest * self.server.gained
            self.room -= 1
        heapify(self.running)

    def step(self) -> None:
        """One pass with prompts, or all that pass until something happens."""
        while not self.closed and self.next < len(self.arrival) and self.arrival[self.next] <= self.when:
            self._arrive()
        if (self.waiting and self.room > 0) or self.current >= 0:
            self._prompts()
        elif self.running:
            self._decode()
        else:
            self.when = self.arrival[self.next]

    def _arrive(self) -> None:
        self.waiting.append(self.next)
        if self.closed:
            self.arrival[self.next] = self.when
        self.next += 1

    def _prompts(self) -> None:
        """A pass that takes prompts: beside the tokens of those that run, or before them."""
        taken, server, count = self._take(), self.server, len(self.running)
        seconds = taken * server.prompt[min(count, server.places)]
        if server.mixed and count:
            seconds += server.base[count] + server.each[count] * self.tokens
            self.gaps.append((seconds, count))
            self.passes += 1
            self.tokens += count * server.gained
        else:
            # The cost of a pass that has nothing but prompts in it is theirs.
            self.stall += seconds
        self._pass(seconds)

    def _take(self) -> float:
        """Tokens of prompts from the front of the queue, up to the budget; `owed` are those that end here."""
        taken, budget = 0.0, self.server.budget
        while taken < budget:
            if self.current < 0:
                if not self.waiting or self.room <= 0:
                    break
                self.current, self.computed = self.waiting.popleft(), 0.0
                self.room -= 1
            part = min(self.prompt[self.current] - self.computed, budget - taken)
            taken += part
            self.computed += part
            if self.computed >= self.prompt[self.current] - 1e-9:
                self.owed.append(self.current)
                self.current = -1
        return taken

    def _decode(self) -> None:
        """Passes without prompts, until one is done or a request comes that has a place."""
        count, server = len(self.running), self.server
        base, slope = server.base[count] + server.each[count] * self.tokens, server.each[count]
        slope *= count * server.gained
        most = self.running[0][0] - self.passes
        if self.room > 0 and not self.closed and self.next < len(self.arrival):
            most = min(most, _passes_until(self.arrival[self.next] - self.when, base, slope))
        seconds = most * base + slope * most * (most - 1) / 2.0
        self.gaps.append((seconds / most + self.stall / most, count * most))
        self.stall = 0.0
        self.passes += most
        self.tokens += most * count * server.gained
        self._pass(seconds)

    def _pass(self, seconds: float) -> None:
        """Time goes by; sequences that are done leave, and those whose prompts are computed begin."""
        self.when += seconds
        self.busy += seconds
        while self.running and self.running[0][0] <= self.passes:
            _, one, held = heappop(self.running)
            self.tokens -= held
            self._leave(one)
        for one in self.owed:
            self.first[one] = self.when
            passes = self._passes(self.output[one])
            if not passes:
                self._leave(one)
                continue
            start = self.prompt[one] + float(self.stream.cached[one])
            heappush(self.running, (self.passes + passes, one, start + passes * self.server.gained))
            self.tokens += start
        self.owed.clear()

    def _passes(self, output: float) -> int:
        """Passes that the tokens after the first take."""
        return ceil((output - 1.0) / self.server.gained - 1e-9)

    def _leave(self, one: int) -> None:
        self.room += 1
        if one < 0:
            return
        self.done[one] = self.when
        self.left -= 1
        if self.closed and self.next < len(self.arrival):
            self._arrive()


def _passes_until(seconds: float, base: float, slope: float) -> int:
    """The fewest passes that take at least so long: m base + slope m (m - 1) / 2."""
    if seconds <= base:
        return 1
    if slope <= 0.0:
        return ceil(seconds / base)
    half = base / slope - 0.5
    m = sqrt(half * half + 2.0 * seconds / slope) - half
    return max(1, ceil(m - 1e-9)) if m < inf else 1


def poisson(count: int, rate: float, prompt: float, output: float, *, spread: float = 0.0,
            cached: float = 0.0, seed: int = 0) -> Stream:  # fmt: skip
    """So many requests that arrive at random at `rate`/s.

    `prompt` and `output` are mean tokens, `spread` how far lengths go to either side as a share of them
    (evenly), `cached` the share of a prompt that is in the cache.
    """
    chance = np.random.default_rng(seed)
    arrival = np.cumsum(chance.exponential(1.0 / rate, count))
    wide = [1.0 + spread * (2.0 * chance.random(count) - 1.0) for _ in range(2)]
    tokens = np.maximum(np.round(prompt * wide[0]), 1.0)
    return Stream(
        arrival, np.maximum(tokens * (1.0 - cached), 1.0), tokens * cached,
        np.maximum(np.round(output * wide[1]), 1.0),
    )  # fmt: skip
