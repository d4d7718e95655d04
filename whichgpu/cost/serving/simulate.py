"""A serving replica request by request: the tails that means do not tell.

The engine works pass by pass. A pass gives every running sequence its next token, and takes prompts from the
front of the queue up to a budget of tokens while there are places and room for them. Passes without prompts
follow each other until a request arrives or is done or the cache is full, and are leapt over at once: with R
running sequences of K cached tokens, each of which gains e tokens a pass,

    m passes take  m base(R) + each(R) (K m + e R m (m - 1) / 2)

so that a request costs a few steps, however long its answer. Where the tokens of the next pass find no room
the youngest sequence is taken off, and waits at the front of the queue to have its prompt and its answer so
far computed anew (vLLM's recomputation; an engine that keeps the room of whole answers free never does). An
engine that computes prompts first (`mixed` false) stops its tokens for them; a load generator of a closed
loop sends a request when one is done (`in_flight`), which the engine has as long after as any other takes to
reach it: passes go on meanwhile, so that those that end one after another wait for each other's prompts.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from heapq import heappop, heappush
from math import ceil, inf, sqrt
from typing import TYPE_CHECKING

import numpy as np

from whichgpu.cost.serving.scheduling import BESIDE
from whichgpu.cost.timing.time import PACE
from whichgpu.values import immutable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whichgpu.workloads.lengths import Lengths

    Array = NDArray[np.float64]


@immutable
class Server:
    """What passes of a replica cost: lists by the number of running sequences, from none to `places`.

    `base` is s of a pass without prompts or cache, `each` s per cached token, `prompt` s per token of a
    prompt that joins it, `lone` of one that has a pass without tokens, `alone` times which it takes where
    nothing runs beside it; `launching` s in which the host launches the kernels of a pass that takes prompts,
    for which all wait where it `stalls`; `budget` tokens of prompts a pass; `looks` passes from one look at
    arrivals to the next; `gained` tokens a sequence and pass; `first` s from sending a request until the
    engine has it, `idle` where that has nothing else to do: who comes by itself meets the front end at work
    for the share of the time that it sends tokens, in `message` s each; a message has the tokens of `bundle`
    passes. Sequences share `room` bytes of cache, of which each takes `state` and `token` for each of its
    tokens; `reserves` is the share of its answer to come for which there must be room when one is taken.
    Where groups attend to sequences of their own `apart` is s per token of a prompt that one of them computes
    alone. The front end takes `front` s for
    each token that it streams: in a closed loop, which may have more than it can, requests wait before it. Of
    `first` the `host` s beside reading the text are `sooner` times as long where requests go in step. So many
    prompts are then `batched` before any token, where prompts go first: `batches` is s per token of a quarter
    as many. Requests that are there at once when a run opens are read one by one, each in `opens` s.
    """

    base: tuple[float, ...]
    each: tuple[float, ...]
    prompt: tuple[float, ...]
    budget: float
    gained: float = 1.0
    first: float = 0.0
    idle: float = 0.0
    mixed: bool = True
    room: float = inf
    state: float = 0.0
    token: float = 0.0
    reserves: float = 0.0
    lone: tuple[float, ...] = ()
    alone: float = 1.0
    launching: float = 0.0
    stalls: bool = False
    looks: int = 1
    apart: float = 0.0
    front: float = 0.0
    sooner: float = 1.0
    host: float = 0.0
    message: float = 0.0
    bundle: float = 1.0
    batches: tuple[float, ...] = ()
    batched: bool = False
    opens: float = 0.0

    @property
    def in_step(self) -> Server:
        """The same under a closed loop whose requests go in step, which are sent `sooner`."""
        first = self.first - (1.0 - self.sooner) * self.host
        prompt = self.batches or self.lone or self.prompt
        return replace(self, first=first, sooner=1.0, prompt=prompt, lone=prompt, batched=bool(self.batches))

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
    engine had work; `taken_off` how often a sequence was, for want of room. A message of an answer has the
    tokens of `bundle` passes.
    """

    arrival: Array
    first: Array
    done: Array
    output: Array
    gaps: Array
    weights: Array
    busy: float
    taken_off: int = 0
    bundle: float = 1.0

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

    @property
    def mean_gap(self) -> float:
        """The mean time from one message of an answer to the next (ITL), in s."""
        return self.bundle * float(np.average(self.gaps, weights=self.weights)) if self.gaps.size else 0.0

    def gap(self, share: float) -> float:
        """The time between messages (ITL) that a share of all gaps stays below, in s.

        Those of k passes differ by the root of k times what the passes do.
        """
        order = np.argsort(self.gaps)
        if not order.size:
            return 0.0
        below = np.cumsum(self.weights[order])
        one = float(self.gaps[order][np.searchsorted(below, share * below[-1])])
        mean = self.mean_gap / self.bundle
        return self.bundle * mean + sqrt(self.bundle) * (one - mean)


def simulate(
    server: Server, stream: Stream, *, in_flight: int = 0, paced: bool = False, held: int = 0, seed: int = 0
) -> Outcome:
    """Serve a stream, and answer for its requests.

    Args:
        server: the replica.
        stream: the requests; of a closed loop their times of arrival do not count.
        in_flight: requests that a load generator keeps in flight; 0 for those that arrive by themselves.
        paced: requests are sent as they arrive, if not so many are in flight: who is held back is sent when
            one is done, from where its time counts.
        held: sequences that the replica has at the beginning, somewhere in their answers; none is told of.
        seed: of where they are.

    """
    run = _Run(server, stream, in_flight, inf if not paced or not in_flight else in_flight)
    if held:
        run.begin(min(held, server.places), np.random.default_rng(seed))
    while run.left:
        run.step()
    gaps, count = np.array(run.gaps, dtype=np.float64).reshape(-1, 2), len(stream)
    busy = 1.0 if run.closed else min(server.message * float(stream.output.sum()) / max(run.when, 1e-12), 1.0)
    reached = server.idle + (server.first - server.idle) * busy * ~np.array(run.idle)
    reached = reached + np.array(run.late[:count])
    sent = np.array(run.arrival) - np.array(run.kept)
    return Outcome(
        sent, np.array(run.first[:count]) + reached, np.array(run.done[:count]) + reached, stream.output,
        gaps[:, 0], gaps[:, 1], run.busy, run.taken_off, server.bundle,
    )  # fmt: skip


class _Run:
    """The state of a replica: the clock, the passes done, who waits, whose prompt is under way, who runs.

    A request's `prompt` and `cached` tokens are those of its next turn: of one that was taken off, all that
    it had. `passes_left` are those after the one that computes its prompt.
    """

    __slots__ = (
        "arrival", "busy", "cached", "closed", "computed", "count", "current", "done", "ends", "first",
        "gaps", "idle", "kept", "known", "late", "left", "limit", "next", "owed", "passes", "passes_left",
        "places", "promised", "prompt", "running", "server", "stall", "stopped", "streamed", "streams",
        "taken_off", "tokens", "total", "waiting", "when", "young",
    )  # fmt: skip

    def __init__(self, server: Server, stream: Stream, in_flight: int, limit: float = inf) -> None:
        self.server, self.total, self.places = server, len(stream), server.places
        self.arrival: list[float] = stream.arrival.tolist()
        self.prompt: list[float] = stream.prompt.tolist()
        self.cached: list[float] = stream.cached.tolist()
        self.passes_left: list[int] = [
            ceil((output - 1.0) / server.gained - 1e-9) for output in stream.output.tolist()
        ]
        self.first, self.done = [-1.0] * self.total, [0.0] * self.total
        #: Seconds by which first tokens are later than their passes' GPU time says.
        self.late = [0.0] * self.total
        #: Whether each met nobody.
        self.idle: list[bool] = []
        self.left, self.next, self.closed = self.total, 0, 0 < in_flight < limit
        #: Requests in flight from which on those that arrive are held back.
        self.limit = limit
        self.when = self.busy = self.stall = 0.0
        #: Tokens that sequences hold, prompts under way whole, and those that all will at their ends.
        self.tokens = self.promised = 0.0
        self.passes = self.count = self.taken_off = 0
        #: Requests that wait, and of the one whose prompt is under way its number and tokens computed.
        self.waiting: deque[int] = deque()
        self.current, self.computed = -1, 0.0
        #: Those that run: the pass after which each is done, and its number. Who was taken off is left there.
        self.running: list[tuple[int, int]] = []
        self.ends: dict[int, int] = {}
        #: Those that were taken in, the youngest last; when each that was taken off had its last token.
        self.young: list[int] = []
        self.stopped: dict[int, float] = {}
        #: Seconds between two tokens, and how many such there were, in turn.
        self.gaps: list[float] = []
        self.owed: list[int] = []
        #: Requests of which it is known when they arrive: in a closed loop each follows one that is done.
        self.known = min(in_flight, self.total) if self.closed else self.total
        #: Seconds of the front end for each answer, for which it has been kept, and when it is free again.
        self.streams: list[float] = (stream.output * server.front).tolist()
        self.kept, self.streamed = [0.0] * self.total, 0.0
        if self.closed:
            self.arrival[: self.known] = self.kept[: self.known] = [
                one * server.opens for one in range(self.known)
            ]
            for one in range(self.known if server.front else 0):
                self._front(one)

    def begin(self, held: int, chance: np.random.Generator) -> None:
        """Sequences that are somewhere in their answers, evenly, behind the requests that are told of."""
        chosen = chance.integers(self.total, size=held)
        shares = chance.random(held)
        for one, share in zip(chosen.tolist(), shares.tolist(), strict=True):
            whole = self.passes_left[one]
            rest = max(1, ceil(whole * share))
            had = (whole - rest) * self.server.gained
            if self._needed(self.prompt[one] + self.cached[one] + had, 1.0) > self.server.room:
                break
            number = len(self.prompt)
            self.prompt.append(self.prompt[one] + had)
            self.cached.append(self.cached[one])
            self.passes_left.append(rest)
            self.first.append(0.0)
            self.late.append(0.0)
            self.done.append(0.0)
            self._take_in(number)
            self._begins(number)

    def _front(self, one: int) -> None:
        """A request passes the front end, after those before it."""
        joins = max(self.arrival[one], self.streamed)
        self.kept[one] += joins - self.arrival[one]
        self.arrival[one], self.streamed = joins, joins + self.streams[one]

    def step(self) -> None:
        """One pass with prompts, or all that pass until something happens."""
        if not self.ends or self.passes % self.server.looks == 0:
            # Most often nobody has come: that is asked first.
            while self.next < self.known and self.arrival[self.next] <= self.when and self._may_send():
                self._arrive()
        while self.ends and self._needed(0.0, 0.0) > self.server.room and self._take_off():
            pass
        if self.current < 0 and self.waiting and self._has_room(self.waiting[0]):
            self._begin_next()
        if self.current >= 0:
            self._prompts()
        elif self.ends:
            self._decode()
        else:
            self.when = self.arrival[self.next]

    def _may_send(self) -> bool:
        """Whether requests are under way, or to come by themselves with no limit in flight before them."""
        return self.next < self.known and self.next - (self.total - self.left) < self.limit

    def _arrive(self) -> None:
        self.idle.append(not (self.waiting or self.ends or self.current >= 0))
        self.waiting.append(self.next)
        self.next += 1

    # --- room -----------------------------------------------------------------------------------------------

    def _needed(self, more: float, sequences: float) -> float:
        """Bytes after a pass of those that run, with so many tokens and sequences beside."""
        server = self.server
        tokens = self.tokens + more + len(self.ends) * server.gained
        return tokens * server.token + (self.count + sequences) * server.state

    def _has_room(self, one: int) -> bool:
        """Whether a request may begin: a place, and room for its prompt and what is kept free of answers.

        There is room for the tokens of a pass as well, its own and those of what begins with it: one that
        had to leave before it made any would come back at once, for ever.
        """
        server = self.server
        if self.count >= self.places:
            return False
        if not self.count:
            return True
        own = self.prompt[one] + self.cached[one]
        answer = self.passes_left[one] * server.gained
        kept = server.reserves * (self.promised - self.tokens + answer)
        begun = (len(self.owed) + 1) * server.gained
        return self._needed(own + kept + begun, 1.0) <= server.room

    def _take_in(self, one: int) -> None:
        own = self.prompt[one] + self.cached[one]
        self.tokens += own
        self.promised += own + self.passes_left[one] * self.server.gained
        self.count += 1
        self.young.append(one)

    def _take_off(self) -> bool:
        """The youngest gives its room back, and waits at the front; False where it is the only one."""
        while self.young[-1] not in self.ends and self.young[-1] != self.current:
            self.young.pop()
        if self.count == 1:
            return False
        one = self.young.pop()
        if one == self.current:
            self._give_back(one, 0)
            self.current, self.computed = -1, 0.0
        else:
            rest = self.ends.pop(one) - self.passes
            had = (self.passes_left[one] - rest) * self.server.gained
            self._give_back(one, self.passes_left[one] - rest)
            # The pass that computes it anew gives it a token.
            self.prompt[one] += had
            self.passes_left[one] = max(rest - 1, 0)
            self.stopped[one] = self.when
        self.taken_off += one < self.total
        self.waiting.appendleft(one)
        return True

    def _give_back(self, one: int, passes: int) -> None:
        own = self.prompt[one] + self.cached[one]
        self.tokens -= own + passes * self.server.gained
        self.promised -= own + self.passes_left[one] * self.server.gained
        self.count -= 1

    # --- passes ---------------------------------------------------------------------------------------------

    def _prompts(self) -> None:
        """A pass that takes prompts: beside the tokens of those that run, or before them."""
        (taken, pieces, longest), server, count = self._take(), self.server, len(self.ends)
        # Several prompts in a pass cost each as little as beside as many that run as would bring them.
        beside = BESIDE * pieces if server.batched else max(count, BESIDE * pieces)
        costs = server.prompt if count else server.lone or server.prompt
        seconds = taken * costs[min(beside, self.places)]
        tokens = server.base[count] + server.each[count] * self._cached_tokens() if count else 0.0
        waits = 0.0
        if server.mixed and count:
            seconds += tokens
            waits = _unhidden(seconds, server.launching) if server.stalls else 0.0
            self.gaps += (seconds + waits, count)
            self.passes += 1
            self.tokens += count * server.gained
        else:
            # Where nobody else is served all that a prompt costs is its own.
            seconds *= 1.0 if count else server.alone
            # The host launches it beside the pass of tokens before, and all wait for the rest.
            waits = _unhidden(seconds + tokens, server.launching) if count and server.stalls else 0.0
            self.stall += (seconds + waits) * count
        late = 0.0
        if self.owed:
            # Groups of attention share the time of a pass, not a prompt: one alone takes its own all of that.
            apart = max(longest * server.apart - seconds - waits, 0.0)
            late = _unhidden(seconds, server.launching) - waits + apart
        self._pass(seconds + waits, late)

    def _take(self) -> tuple[float, int, float]:
        """Tokens of prompts from the front of the queue, up to the budget, how many prompts, the longest.

        `owed` are those that end here.
        """
        taken, pieces, longest, budget = 0.0, 0, 0.0, self.server.budget
        while taken < budget:
            if self.current < 0:
                if not self.waiting or not self._has_room(self.waiting[0]):
                    break
                self._begin_next()
            rest = self.prompt[self.current] - self.computed
            part = rest if rest < budget - taken else budget - taken
            taken += part
            pieces += 1
            longest = max(longest, part)
            self.computed += part
            if self.computed >= self.prompt[self.current] - 1e-9:
                self.owed.append(self.current)
                self.current = -1
        return taken, pieces, longest

    def _begin_next(self) -> None:
        """The first of those that wait is the one whose prompt is under way."""
        self.current, self.computed = self.waiting.popleft(), 0.0
        self._take_in(self.current)

    def _cached_tokens(self) -> float:
        """Tokens that those that run attend to: all that are held but for prompts under way."""
        under_way = 0.0
        for one in self.owed:
            under_way += self.prompt[one] + self.cached[one]
        if self.current >= 0:
            under_way += self.prompt[self.current] + self.cached[self.current]
        return self.tokens - under_way

    def _decode(self) -> None:
        """Passes without prompts, until one is done, a request with a place comes, or nothing more fits."""
        count, server = len(self.ends), self.server
        base, slope = server.base[count] + server.each[count] * self.tokens, server.each[count]
        slope *= count * server.gained
        while self.running[0][1] not in self.ends or self.ends[self.running[0][1]] != self.running[0][0]:
            heappop(self.running)
        most = self.running[0][0] - self.passes
        grown = count * server.gained * server.token
        if grown > 0.0 and server.room < inf:
            spare = server.room - self.tokens * server.token - self.count * server.state
            most = max(1, min(most, int(spare / grown)))
        if self.count < self.places and self._may_send():
            most = min(most, _passes_until(self.arrival[self.next] - self.when, base, slope))
        seconds = most * base + slope * most * (most - 1) / 2.0
        # Who waited for the prompts before has the wait in the first gap.
        self.gaps += (seconds / most + self.stall / count, count)
        if most > 1:
            self.gaps += (seconds / most, count * (most - 1))
        self.stall = 0.0
        self.passes += most
        self.tokens += most * count * server.gained
        self._pass(seconds)

    def _pass(self, seconds: float, late: float = 0.0) -> None:
        """Time goes by; sequences that are done leave, and those whose prompts are computed begin.

        Who gets a first token has it so much `late`: of what the GPU waits for the host's launches the passes
        of others count their share already.
        """
        self.when += seconds
        self.busy += seconds
        running = self.running
        while running and running[0][0] <= self.passes:
            end, one = heappop(running)
            if self.ends.get(one) == end:
                del self.ends[one]
                self._leave(one)
        for one in self.owed:
            if one in self.stopped:
                self.gaps += (self.when - self.stopped.pop(one), 1.0)
            elif self.first[one] < 0.0:
                self.first[one] = self.when
                self.late[one] = late
            if self.passes_left[one]:
                self._begins(one)
            else:
                self._leave(one)
        self.owed.clear()

    def _begins(self, one: int) -> None:
        end = self.passes + self.passes_left[one]
        self.ends[one] = end
        heappush(self.running, (end, one))

    def _leave(self, one: int) -> None:
        self._give_back(one, self.passes_left[one])
        if one >= self.total:
            return
        self.done[one] = self.when
        self.left -= 1
        if self.closed and self.known < self.total:
            alone = not (self.ends or self.waiting or self.owed or self.current >= 0)
            # Whose first token was late has the last one so, and sends the next request no sooner.
            sent = self.when + self.late[one] + (self.server.idle if alone else self.server.first)
            if self.server.front:
                self.arrival[self.known] = sent
                self._front(self.known)
            else:
                self.arrival[self.known] = max(sent, self.arrival[self.known - 1])
            self.known += 1
        elif self.limit < inf and self.next < self.total and self.arrival[self.next] < self.when:
            # It was held back until now, in part at least.
            self.arrival[self.next], self.kept[self.next] = self.when, 0.0
            self._arrive()


def _unhidden(gpu: float, launching: float) -> float:
    """Seconds by which a pass is longer since the host launches its kernels one by one."""
    return float((gpu**PACE + launching**PACE) ** (1.0 / PACE) - gpu)


def _passes_until(seconds: float, base: float, slope: float) -> int:
    """The fewest passes that take at least so long: m base + slope m (m - 1) / 2."""
    if seconds <= base:
        return 1
    if slope <= 0.0:
        return ceil(seconds / base)
    half = base / slope - 0.5
    m = sqrt(half * half + 2.0 * seconds / slope) - half
    return max(1, ceil(m - 1e-9)) if m < inf else 1


def poisson(count: int, rate: float, prompt: float, output: float, *, prompts: Lengths | None = None,
            answers: Lengths | None = None, cached: float = 0.0, burstiness: float = 1.0, seed: int = 0,
            ) -> Stream:  # fmt: skip
    """So many requests that arrive at random at `rate`/s.

    `prompt` and `output` are mean tokens, `prompts` and `answers` how they differ, `cached` the share of a
    prompt that is in the cache. Times between arrivals are gamma distributed with a shape of `burstiness`: 1
    is Poisson.
    """
    chance = np.random.default_rng(seed)
    arrival = np.cumsum(chance.gamma(burstiness, 1.0 / (rate * burstiness), count))
    tokens, made = (
        np.full(count, max(round(mean), 1.0)) if kind is None else kind.draw(mean, count, chance)
        for mean, kind in ((prompt, prompts), (output, answers))
    )
    return Stream(arrival, np.maximum(tokens * (1.0 - cached), 1.0), tokens * cached, made)
