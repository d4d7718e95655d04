"""When an arrival waits for room: how many sequences fit at once, and how unevenly they take it.

A replica's room counts a sequence at I + 0.6 O tokens. One that an engine has taken in holds I + O / 2 in
the mean, and until it is done anything from I to I + O; an engine that keeps a share r of answers free counts
that too. An arrival waits where its prompt does not fit beside them. The sum of n sizes s at random is
compound Poisson: it varies as that of n E[s]^2 / E[s^2] alike ones. So that

    at once  = (room - I - r O) / E[s] + 1/2      E[s] = I + (1 + r) O / 2; of alike ones the whole of that
                                                  quotient and one more
    grain    = E[s^2] / E[s]^2                    sequences that are as one

and waiting is that of `at once / grain` servers (`queueing.place_seconds`), each of which serves `grain`
sequences. What the engine itself takes no more of (max_num_seqs) is as many servers.

A sequence that begins may have to leave again as the answers of others grow, and then stands in the queue
anew (`computed_anew`). Who stands there once and a times more waits 1 / (1 + a) of it for the first token.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.job.requests import Requests, run_of
from whichgpu.cost.memory.replica_memory import replicas
from whichgpu.cost.parallel.mesh import Mesh
from whichgpu.cost.serving.scheduling import limits
from whichgpu.cost.serving.steady import engine
from whichgpu.cost.timing.engine_step import computed_tokens
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whichgpu.cost.gpu.device import Devices
    from whichgpu.cost.job.runtime import Runtime
    from whichgpu.workloads.job import Job

    Array = NDArray[np.float64]

#: How much the times for which room is kept vary as others grow into it: squared coefficient. Where an engine
#: keeps that of whole answers it is kept for as long as a request lasts.
_VARIATION = 0.2
#: The largest share of what is served at most that arrivals are taken as.
_MOST = 0.99


#: By how much they fall short of that where answers are longer (what simulated runs serve beyond capacity).
_FEWER = 0.5

#: Of simulated loops beyond the room of a cache: what of it nobody fills, and how many at most have begun and
#: stand still, to each that runs.
_UNFILLED, _PAUSED = 0.15, 1.3


#: Of simulated queues for 6 to 80 places: what of those whose prompts follow each other counts as one
#: sequence, and places of which two thirds of that is left.
_TOGETHER, _PLACES = 0.2, 24.0


class Admission(NamedTuple):
    """Sequences at once and how many of them are as one, (.., J); how much waiting varies.

    `anew` are the prompts computed anew to each that is served while others wait.
    """

    at_once: Array
    grain: Array
    variation: float
    anew: Any = 0.0


def admission(job: Job, stack: Runtime, devices: Devices, fits: Array) -> Admission:
    """Of each job of a sweep on each of its GPUs, whose replicas have room for so many."""
    asked, most = Requests.of(job), limits(stack, job, devices)
    beside, grain = _beside(job, stack, devices, fits)
    # Beside as many whole ones as there is room for fits one more; where sizes differ any share of one may be
    # left.
    at_once = beside + 0.5 + _alike(beside, grain) * (np.floor(beside) + 0.5 - beside)
    ceiling = most.sequences * Mesh.of(job).attention_dp
    bound = fits >= ceiling
    return Admission(
        np.maximum(np.where(bound, fits, np.minimum(at_once, ceiling)), 1.0),
        np.where(bound, 1.0, grain),
        _VARIATION * (1.0 - most.reserves) + asked.output_variation + 1.0 / asked.burstiness - 1.0,
        computed_anew(job, stack, devices, np.floor(fits)),
    )


def in_groups(room: Admission, mates: Any) -> Admission:
    """The same where so many others have their prompts computed right before or after a request's own.

    They make their answers together and leave together, so that places are taken less evenly, which is as if
    some sequences were one (peakedness: Fredericks, "Congestion in blocking systems - a simple approximation
    technique", Bell System Technical Journal 59, 1980). Few places break their groups up.
    """
    broken = np.exp(-np.asarray(room.at_once) / _PLACES)
    return room._replace(grain=room.grain * (1.0 + _TOGETHER * np.maximum(mates, 0.0) * (1.0 - broken)))


def _beside(job: Job, stack: Runtime, devices: Devices, fits: Array) -> tuple[Array, Array]:
    """Sequences beside which a prompt has room, and how many of them are as one."""
    asked, most = Requests.of(job), limits(stack, job, devices)
    prompt = np.asarray(job.input_tokens, dtype=np.float64)
    output = np.asarray(job.output_tokens, dtype=np.float64) * (1.0 + asked.output_variation)
    # Somewhere in its answer, evenly, of which the reserved share is there from the beginning.
    made = (1.0 + most.reserves) / 2.0
    second = made**2 + (1.0 - most.reserves) ** 2 / 12.0
    mean = np.maximum(prompt + made * output, 1.0)
    square = (
        output**2 * ((1.0 + asked.output_variation) * second - made**2) + asked.prompt_variation * prompt**2
    )
    room = fits * (prompt + most.filled * output)
    room = room - prompt * (1.0 + asked.prompt_variation) - most.reserves * output
    return np.maximum(room / mean, 0.0), 1.0 + square / mean**2


def _alike(beside: Array, grain: Array) -> Array:
    """How much of a room for so many sequences holds whole ones: the first harmonic of the sawtooth."""
    return np.asarray(np.exp(-2.0 * np.pi**2 * beside * (grain - 1.0)))


def held_at_most(job: Job, stack: Runtime, devices: Devices, fits: Array) -> Array:
    """Sequences in the mean in a cache that is always full, which has room for so many of the mean size.

    Whole ones, where all take as much; where they are anywhere in long answers any share of one counts.
    """
    whole = np.floor(fits)
    return np.asarray(whole + (1.0 - _alike(*_beside(job, stack, devices, fits))) * (fits - whole))


def following(job: Job, stack: Runtime, devices: Devices) -> Array:
    """Sequences that make their answers at once while others' prompts fill the rest of every pass, (G, J).

    Where tokens and prompts share passes of Q tokens, R sequences take (1 + k) R of them, k of each being
    drafted, and are followed by R / P prompts of I in a pass, P passes after which an answer is done:
    R = Q / (1 + k + I / P) run, however many more there would be room for.
    """
    asked = Requests.of(job)
    if not engine(stack)["mixed"] or asked.prefill_gpus:
        return np.full(1, np.inf)
    mesh, budget = Mesh.of(job), limits(stack, job, devices).tokens
    each = 1.0 + asked.drafted + computed_tokens(job) / passes_of(job)
    return np.asarray(budget * mesh.attention_dp * mesh.pp / each)


#: By how much places may be misjudged, over which a run that ends is taken in the mean: how many are left
#: for its last wave hangs on each of them.
_UNSURE = np.linspace(0.9, 1.1, 9)


def in_a_run(job: Job, stack: Runtime, devices: Devices, places: Array) -> Array:
    """Sequences that make their answers together, in the mean over the passes of a run that ends, (G, J).

    N requests of equal lengths are sent at once (`run_of`), and timed until the last answer. C places fill as
    fast as passes of Q tokens take prompts of I, and are filled anew in the same order, so that of the last
    wave N mod C run, and the passes are

        S = floor((N - 1) / C) max(P, C I / Q) + ((N - 1) mod C) I / Q + P

    where P make an answer: N P / S run in the mean, whose pass takes as long as passes do in the mean.
    """
    sent = run_of(job) / replicas(job)
    if not np.any(np.isfinite(sent)):
        return places
    mesh, answer = Mesh.of(job), passes_of(job)
    joining = computed_tokens(job) / (limits(stack, job, devices).tokens * mesh.attention_dp * mesh.pp)
    held = np.maximum(places, 1.0) * _UNSURE.reshape(-1, *(1,) * np.ndim(places))
    waves = np.floor((sent - 1.0) / held)
    last = sent - 1.0 - waves * held
    passes = waves * np.maximum(answer, held * joining) + last * joining + answer
    mean = (sent * answer / passes).mean(axis=0)
    return np.where(np.isfinite(sent), np.minimum(mean, places), places)


def passes_of(job: Job) -> Array:
    """Passes that make an answer."""
    output = np.maximum(np.asarray(job.output_tokens, dtype=np.float64), 1.0)
    return np.asarray(output / Requests.of(job).tokens_per_pass)


def computed_anew(job: Job, stack: Runtime, devices: Devices, places: Any) -> Array:
    """Prompts computed anew to each that is served where others wait for room in the cache, (G, J).

    One that ends gives back I + O tokens, and those that run take O of them until the next one ends. Where
    these and what is left over of a prompt's room make I, a second is taken in, which has to leave again:
    O / I times a request while answers are shorter than prompts, and more rarely than that beyond. An engine
    that keeps a share r of answers free has so much less to give away, and a limit of sequences none.
    """
    most = limits(stack, job, devices)
    growing = (1.0 - most.reserves) * np.asarray(job.output_tokens, dtype=np.float64)
    ratio = growing / np.maximum(np.asarray(job.input_tokens, dtype=np.float64), 1.0)
    bound = places >= most.sequences * Mesh.of(job).attention_dp
    return np.asarray(np.where(bound, 0.0, ratio / (1.0 + _FEWER * ratio)))


def crowded(job: Job, stack: Runtime, devices: Devices, asked: Any, places: Any) -> tuple[Array, Array]:
    """Of `asked` requests kept in flight those that run, and those that had to leave between their tokens.

    Where a cache is full, nearly all of the first that wait have begun: they stand before the others. With a
    prompts computed anew to each that is served there are 1.3 b^1.5 of them at the most to each that runs,
    b = a / (1 + a), and what of the room whole sequences leave unfilled is 0.15 b.
    """
    anew = computed_anew(job, stack, devices, np.floor(places))
    again = anew / (1.0 + anew)
    running = np.minimum(asked, np.maximum(places * (1.0 - _UNFILLED * again), 1.0))
    most = np.maximum(_PAUSED * again**1.5 * running, 1e-9)
    return running, -most * np.expm1(-(asked - running) / most)


def waiting(arrivals: Any, others: Array, rate: Array, room: Admission) -> tuple[Array, Array]:
    """Seconds that an arrival at a replica waits for room in the mean, and the probability that it does.

    `others` and `rate` are its table, of which the last row is all its places: more sequences than that serve
    no more. `room` is of this one replica.
    """
    servers, grain = max(float(room.at_once) / float(room.grain), 1.0), float(room.grain)
    each = np.asarray(arrivals, dtype=np.float64) / grain
    low = int(servers)
    one, other = (_of(each, (others, rate), count, room) for count in (low, low + 1))
    # A share of a server: between those of whole ones, in proportion.
    share = servers - low
    wait, often = (
        np.exp((1.0 - share) * np.log(np.maximum(a, 1e-30)) + share * np.log(np.maximum(b, 1e-30)))
        for a, b in zip(one, other, strict=True)
    )
    return wait, often


def _of(each: Array, table: tuple[Array, Array], count: int, room: Admission) -> tuple[Array, Array]:
    """Wait and its probability with a whole number of servers of `room.grain` sequences each."""
    from whichgpu.cost.serving import queueing

    grain = float(room.grain)
    served = np.interp(grain * np.arange(1.0, count + 1.0), *table) / grain
    # What is more than they serve is refused elsewhere: here the wait is long, and not endless.
    each = np.minimum(each, _MOST * served[-1])
    wait = queueing.place_seconds(each, served, room.variation * (1.0 - 1.0 / count))
    return wait / (1.0 + float(room.anew)), queueing.all_taken(each, served)
