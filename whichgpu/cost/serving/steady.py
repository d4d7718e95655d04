"""What a serving replica answers once its passes are timed: TTFT, TPOT and the rate of its tokens.

`whichgpu/cost/serving/replica.py` has the formulas, `whichgpu/cost/serving/queueing.py` those of waiting.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.coefficients import section
from whichgpu.cost.job.requests import Requests, alike
from whichgpu.cost.serving import waves
from whichgpu.cost.timing.time import paced
from whichgpu.values import NamedTuple, immutable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from whichgpu.cost.job.runtime import Runtime
    from whichgpu.cost.serving.waves import Wave
    from whichgpu.cost.timing.time import Pass
    from whichgpu.workloads.job import Job
    from whichgpu.workloads.ops import Op

    Array = NDArray[np.float64]


class Answered(NamedTuple):
    """Seconds to the first token (TTFT) and of one behind it (TPOT), and tokens/s of a replica."""

    first: Array
    tokens: Array
    rate: Array


@immutable
class SteadyState:
    """A replica at work: (G, J) sequences held, what a token costs, one prompt, its memory, decode ops.

    `loop` says what keeps it at work: `full` as many as fit, `closed` a stated number in flight, `open`
    arrivals at random. `fits` is what memory has room for, `places` of them whole, `others` the sequences
    that a request meets, `burst` prompts of them that wait before its own, `queue` requests per place that
    wait for one and `waits` s for which they do; `prompt` is the pass of one prompt, `chunks` the passes that
    it takes (below one, so many prompts go into a pass), `launching` s of the host to launch the kernels of
    these, `gained` the tokens of a pass, `looks` passes from one look at arrivals to the next, `host` s of a
    token that are the host's, `paused` requests that had to leave and wait between their tokens, to each that
    runs, `after` the tokens behind the first of answers (answers, 1, J), `excess` and `arriving` are as of
    `Met`, `front` s of the front end for each token, `lone` the pass of a prompt that is computed by itself,
    as a group of attention has it where any is `grouped`, `lag` by how much of its share of all groups' time
    that is longer, `without` s by which it is longer than beside tokens, whose pass reads the weights,
    `stopped` s of a token in which all wait for prompts to be launched, `read` s in which the host makes
    tokens of a prompt. The methods take seconds of the passes that make a token and of one prompt.
    """

    loop: str
    sequences: Array
    fits: Array
    others: Array
    work: Pass
    prompt: Pass
    links: Array
    burst: Array
    queue: Array
    waits: Array
    chunks: Array
    launching: Array
    gained: float
    looks: Any
    interruption: float
    variation: float
    after: Array
    floor: Any
    parts: Mapping[str, Any]
    ops: tuple[Op, ...]
    host: Any = 0.0
    paused: Any = 0.0
    excess: Any = 0.0
    arriving: Any = None
    lone: Pass | None = None
    grouped: Any = False
    lag: Any = 0.0
    without: Any = 0.0
    read: Any = 0.0
    front: Any = 0.0
    ceiling: Any = np.inf
    stopped: Any = 0.0
    wave: Wave | None = None

    def timed(self, seconds: Callable[[Pass], Array], prompt: Array) -> SteadyState:
        """The same with what `lone` tells; `seconds` times a pass as `prompt` is timed."""
        if self.lone is None:
            return self
        alone = seconds(self.lone)
        lag = np.where(self.grouped, np.maximum(alone / np.maximum(prompt, 1e-12) - 1.0, 0.0), 0.0)
        beside = self.loop == "open" and bool(engine(self.work.runtime)["mixed"])
        without = np.where(self.grouped, 0.0, np.maximum(alone - prompt, 0.0)) if beside else 0.0
        return replace(self, lag=lag, without=without)

    def answered(self, passes: Array, prompt: Array, output: Any) -> Answered:
        """TTFT, TPOT and the rate, given seconds of the passes that make a token and of a prompt."""
        own = self.admitted(passes, prompt, output)
        tokens = self._token_seconds(passes, prompt, output, own)
        each = tokens if self.loop == "open" else passes
        # The wait for a place included.
        first = own + self.queue * (own + np.maximum(output - 1.0, 0.0) * each) + self.waits
        return Answered(np.asarray(first), tokens, self.rate(passes, output, own))

    def _token_seconds(self, passes: Array, prompt: Array, output: Any, own: Array) -> Array:
        """Seconds of a token; `own` is as `admitted` tells."""
        if self.loop != "open":
            if not np.any(self.paused):
                return np.asarray(passes)
            after = np.maximum(output - 1.0, 0.0)
            held = own + after * passes
            return np.asarray(passes + self.paused * held / np.maximum(after, 1.0))
        from whichgpu.cost.serving import queueing

        arrivals, each = self._arrivals(passes, prompt, output)
        mixed = bool(engine(self.work.runtime)["mixed"])
        tokens = (self._beside_prompts if mixed else self._after_prompts)(passes, each, arrivals)
        # Prompts that begin while one answers, of which each makes its tokens longer by so much.
        busy, longer = np.minimum(arrivals * each, 1.0), np.maximum(each / np.maximum(self.after, 1.0), 1e-12)
        usual = passes * busy / longer
        begun = np.maximum(tokens - passes * (1.0 - busy), 0.0) / longer
        most = self.after / self.gained / np.maximum(self.chunks, 1e-9) if mixed else np.inf
        there = queueing.begun_beside(
            begun, np.maximum(begun - usual, 0.0), busy, self.places - 1.0, bound=most,
            variation=self.variation,
        )  # fmt: skip
        # Each request counts alike: those with short answers have the longest tokens.
        return np.asarray((tokens - longer * (begun - there)).mean(axis=0))

    def _after_prompts(self, passes: Array, each: Array, arrivals: Array) -> Array:
        """Seconds of a token of each answer where prompts go first, (answers, G, J)."""
        from whichgpu.cost.serving import queueing

        waited = self._prompt_seconds(passes, each, arrivals)
        waited = queueing.behind(waited, each, arrivals, self.chunks)
        room = np.maximum(self.places - self.sequences, 0.0)
        return queueing.interrupted(passes, each, arrivals, waited=waited, after=self.after, room=room)

    def _beside_prompts(self, passes: Array, each: Array, arrivals: Array) -> Array:
        """Seconds of a token of each answer where prompts share its passes, (answers, G, J)."""
        from whichgpu.cost.serving import queueing

        # In passes, each of which makes the tokens that were drafted and kept. No token waits for more than a
        # pass takes of prompts; near the capacity `passes` counts more.
        decode = passes * (1.0 - np.minimum(arrivals * each, 1.0))
        longest = decode + each / np.maximum(self.chunks, 1e-9) / self.gained
        excess = queueing.relaxing(
            self.gained * decode, each, arrivals, chunks=self.chunks, after=self.after / self.gained,
            variation=self.variation,
        )  # fmt: skip
        return np.asarray(np.minimum(passes, longest) + excess / self.gained)

    def stretch(self, passes: Array, prompt: Array, output: Any) -> Array:
        """Sequences that one which arrives at random makes its tokens beside, over `others`.

        Tokens stand still while prompts are computed, so that those whose prompts follow each other make
        their answers together, as far as there are places.
        """
        from whichgpu.cost.serving import queueing

        arrivals, each = self._arrivals(passes, prompt, output)
        mates = queueing.mates(arrivals * each, self.variation)
        return np.asarray(1.0 + queueing.within(mates, self.room) / self.others)

    def admitted(self, passes: Array, prompt: Array, output: Any) -> Array:
        """Seconds to the first token once there is a place."""
        order = engine(self.work.runtime)
        # Half of the passes between two looks at arrivals, of which a replica that is idle makes none.
        unseen = np.minimum(self.others, 1.0) * self.gained * passes * (self.looks - 1.0) / 2.0
        if self.loop != "open":
            # A request waits for the pass of those that run beside it, of whom one that is alone has none.
            waits = np.minimum(self.others, 1.0) * self.gained * passes
            # In a queue one is there when a place is, and has a whole pass where tokens share it.
            full = order["mixed"] * np.maximum(self.gained * passes - self.burst * prompt, 0.0)
            first = (1.0 - self.queued) * (self.reached(passes) + waits) + self.queued * full + unseen
            first = first + self.unhidden(passes, prompt) + (order["own"] + self.burst) * prompt
            if self.wave is not None:
                first = waves.first_token(
                    self.wave, passes, prompt, self.launching, lag=self.lag, queued=self.queued
                )
            # A loop goes round no sooner than the front end has streamed its answers, those of all in turn.
            round_trip = np.maximum(self.sequences, 1.0) * output * self.front
            return np.asarray(np.maximum(first, round_trip - np.maximum(output - 1.0, 0.0) * passes))
        arrivals, each = self._arrivals(passes, prompt, output)
        # Prompts beside many cost less each, which is never sooner for one: it could have waited for none.
        first = self._prompt_seconds(passes, each, arrivals)
        launched = first + self.unhidden(passes, prompt)
        if not order["mixed"] and np.any(together := self.chunks < 0.5):
            # Of prompts a pass holds one of, and a part of the next, few are launched together: they wait for
            # each other. Of more that share it each hides the launches of the others.
            stops = self.stopped > 0.0
            meets, work = self._launched_with(passes, each, arrivals, stops * self.launching)
            waited = np.where(stops, meets / 2.0, first - work)
            launched = np.where(together, waited + paced(work, self.launching), launched)
        first = self.reached(passes) + launched + unseen
        if self.lone is not None:
            # What else its pass has, tokens and prompts of others, goes on while its own group computes it.
            ran = self.gained * passes
            beside = order["mixed"] * ran * (1.0 - np.minimum(arrivals * each, 1.0)) * self.at_work
            shared = beside + each * (1.0 + arrivals * ran)
            first = first + self.grouped * np.maximum((1.0 + self.lag) * prompt - shared, 0.0)
        # On an idle replica no pass of tokens takes part of the prompt's cost; a lone group has it whole.
        rest = np.where(self.grouped, 0.0, np.minimum(prompt - each, each))
        first = first + (rest + self.without) * (1.0 - self.at_work)
        return np.asarray(np.clip(first, self.floor, self.ceiling))

    def steepness(self, first: Array) -> Array:
        """By how much of itself TTFT is longer where a replica is slower: d log TTFT / d log time, (G, J).

        `first` is s to the first token. A wait for a place of arrivals at random grows as 1 / (1 - u) where a
        share u of the places is taken; all else is as long as what is computed.
        """
        taken = np.minimum(self.others / np.maximum(self.fits, 1e-9), _NEARLY)
        waited = np.clip(self.waits / np.maximum(first, 1e-12), 0.0, 1.0)
        steep = np.asarray(1.0 + waited * taken / (1.0 - taken))
        # In a run of arrivals beyond the capacity of C the queue grows by L - C requests/s until it ends, so
        # that the wait goes as 1 / C - 1 / L; near it none is ever as long as of one that goes on.
        over = np.maximum(self.excess, 1.0 + 1e-9)
        return np.where(self.excess > 0.0, np.minimum(steep, np.minimum(over / (over - 1.0), _ENDING)), steep)

    def first_variance(self, passes: Array, prompt: Array, output: Any) -> Array:
        """Variance in s^2 of the time to the first token of arrivals at random, places apart."""
        from whichgpu.cost.serving import queueing

        arrivals, each = self._arrivals(passes, prompt, output)
        return queueing.prompt_variance(
            self.gained * passes, each, arrivals, self.chunks,
            at_work=self.at_work, mixed=bool(engine(self.work.runtime)["mixed"]), variation=self.variation,
        )  # fmt: skip

    def rate(self, passes: Array, output: Any, own: Array) -> Array:
        """Output tokens/s of a replica: what it holds, over the time that a request keeps its place.

        `own` is as `admitted` tells.
        """
        # Where no sequence seems to fit, and yet a row says that it ran, as many run as were in flight.
        held = np.maximum(np.where(self.fits < 1.0, self.others + 1.0, self.sequences), 1.0)
        if self.loop == "full":
            return np.asarray(held / passes)
        if self.loop == "open":
            # What arrives is answered; the table of what a rate meets is read between its points.
            met = self.others / passes
            return np.asarray(met if self.arriving is None else self.arriving * output)
        # Who had to leave keeps no place meanwhile.
        after = np.maximum(output - 1.0, 0.0) * passes
        return np.asarray(held * output / (own + after))

    @property
    def places(self) -> Array:
        """Sequences that it holds at once."""
        return np.floor(self.fits)

    @property
    def room(self) -> Array:
        """Places that are left beside one that arrives and those that it meets."""
        return np.maximum(self.places - 1.0 - self.others, 0.0)

    @property
    def queued(self) -> Array:
        """1 where more requests are kept in flight than there are places: one always waits for one."""
        return np.asarray(np.minimum(self.queue * np.maximum(self.sequences, 1.0), 1.0))

    def reached(self, passes: Array) -> Array:
        """Seconds from sending a request until the GPU has it, which an idle engine gives to it at once.

        Who follows one that has just ended waits while the front end sends the tokens of that pass; who comes
        at random meets it at work for the share of the time that it sends.
        """
        order = engine(self.work.runtime)
        beside = np.minimum(self.others, 1.0)
        if self.loop == "open":
            beside = self.at_work * np.minimum(self.others / passes * section("serving")["message"], 1.0)
        return np.asarray(self.read + order["idle"] + (order["first"] - order["idle"]) * beside)

    def unhidden(self, passes: Array, prompt: Array) -> Array:
        """Seconds by which a prompt's pass is longer since the host launches its kernels one by one.

        Passes of tokens are graphs, launched as one; what runs beside a prompt hides its launches too.
        """
        beside = self.at_work if self.loop == "open" else np.minimum(self.others, 1.0)
        gpu = prompt + engine(self.work.runtime)["mixed"] * beside * self.gained * passes
        gpu = gpu + self.without * (1.0 - beside)
        return np.asarray(paced(gpu, self.launching) - gpu)

    @property
    def at_work(self) -> Array:
        """Share of the time in which anyone is served: with few requests at random a replica may wait."""
        return 1.0 - np.exp(-self.others) if self.loop == "open" else np.ones(1)

    def _arrivals(self, passes: Array, prompt: Array, output: Any) -> tuple[Array, Array]:
        """Arrivals/s, and seconds by which the prompt of each makes a pass longer."""
        each = np.asarray(self.interruption * prompt)
        # As many as are between the tokens of one in the passes that are timed.
        return np.asarray(self.others / (output * passes)), each

    def _launched_with(
        self, passes: Array, each: Array, arrivals: Array, launching: Any
    ) -> tuple[Array, Array]:
        """Seconds of the pass that an arrival meets, and of the GPU's work in that of its own prompt.

        A pass of prompts that stops the tokens takes `launching` s less the pass of tokens before it, beside
        which it is launched.
        """
        from whichgpu.cost.serving import queueing

        decode = passes * (1.0 - np.minimum(arrivals * each, 1.0)) - self.stopped
        decode = self.gained * np.maximum(decode, 0.0)
        return queueing.launched_with(
            decode, self.gained * passes, each, arrivals,
            span=lambda gpu: paced(gpu + decode, launching) - decode, at_work=self.at_work,
            most=each / np.clip(self.chunks, 1e-9, 1.0),
        )  # fmt: skip

    def _prompt_seconds(self, passes: Array, each: Array, arrivals: Array) -> Array:
        from whichgpu.cost.serving import queueing

        return queueing.prompt_seconds(
            self.gained * passes, each, arrivals, self.chunks,
            at_work=self.at_work, mixed=bool(engine(self.work.runtime)["mixed"]), variation=self.variation,
        )  # fmt: skip


def engine(stack: Runtime) -> Mapping[str, float]:
    """How an engine orders prompts and tokens: a row of `[serving.engine]`."""
    known = section("serving")["engine"]
    row: Mapping[str, float] = known.get(stack.order or stack.kernels, known["other"])
    return row


def reading(stack: Runtime, job: Job) -> Array:
    """Seconds in which the host makes tokens of a prompt's text, those in the cache among them, (J,)."""
    return np.asarray(engine(stack)["reads"] * np.asarray(job.input_tokens, dtype=np.float64))


#: Share of the places that is taken at the most where the steepness of waiting is told.
_NEARLY = 0.9
#: The steepness of a run that ends near its capacity: that of simulated ones of 500 to 2,000 requests at
#: 0.7 to 1.4 of the time is 3 to 12.
_ENDING = 7.0
#: How often the runs on file filled the requests in flight anew.
WAVES = 10
#: Share by which lengths in a closed loop differ where nothing says: those of the runs on file lie within 0.8
#: to 1 of the stated ones (RANDOM_RANGE_RATIO of github.com/SemiAnalysisAI/InferenceX).
UNEVEN = 0.1


def sooner(stack: Runtime, job: Job) -> float:
    """Share of the usual time in which a request reaches the engine, of a loop whose requests go in step.

    Generators of such loops have each prompt ready and parse no answer before they send the next one.
    """
    in_step = alike(job) and bool(engine(stack)["mixed"])
    return float(section("serving")["in_step"]) if in_step else 1.0


def interruption(stack: Runtime, job: Job) -> float:
    """Share of others' prompts that falls between a request's tokens; none where they have their own GPUs."""
    if Requests.of(job).prefill_gpus:
        return 0.0
    return engine(stack)["interruption"]


def burst(opening: Array) -> tuple[Any, Any]:
    """Shares of the others' prompts for which a request waits in a closed loop: of its opening, and later.

    An `opening` share of a run's requests (zero of one that goes on), the last of which wait as long, are
    there at once and wait for half of each other's. In the second those of a run of `WAVES` are counted.
    """
    return opening / 2.0, np.where(opening > 0.0, 0.0, 0.5 / WAVES)


def bunched(job: Job, opening: Array, turns: Any = 1.0) -> Any:
    """How many times as often others end within a few passes of a request as they would one by one.

    Those that begin together end together the first time, and lie further apart with every wave: by the root
    of k times what answers differ in the k-th, over a whole answer in the end. `opening` is as of `burst`; a
    run that goes on has `WAVES` of the requests in flight, of which there are so many `turns` to a place.
    """
    if job.concurrency is None:
        return 1.0
    asked = Requests.of(job)
    differ = np.sqrt(asked.output_variation or UNEVEN**2 / 3.0)
    waves = 1.0 / np.where(opening > 0.0, opening, 1.0 / (WAVES * turns))
    # The mean of 1 / sqrt(k) over the waves; answers lie evenly within sqrt(12) of their deviations.
    return np.maximum(2.0 / (1.0 + np.sqrt(waves)) / (np.sqrt(12.0) * differ), 1.0)


def in_lockstep(stack: Runtime, job: Job) -> bool:
    """Whether those whose prompts were computed together end together, and are followed by as many at once.

    So they do where those that a load generator keeps in flight are stated to be equally long
    (`length_range=0`): all of them in an engine that computes prompts first, else those of a pass.
    """
    return job.concurrency is not None and alike(job)


class Met(NamedTuple):
    """What a request meets that arrives at random, (G, J).

    `others` are as many as there would be if none of them had waited for its first token, `stretch` times
    which run beside it: they begin their answers in groups. `waits` is s that it waits for a place.
    """

    others: Array
    waits: Array
    stretch: Array
    #: Seconds to the first token, places apart, at no lower load.
    floor: Any = 0.0
    #: The same at the next higher load of the table, which is never passed.
    ceiling: Any = np.inf
    #: Of a run that ends, its rate of arrivals over the capacity; none of one that goes on.
    excess: Any = 0.0
    #: Requests/s that arrive at a replica, where that is what is known.
    arriving: Any = None
