"""Waiting of requests that arrive at random: for the pass that runs, for prompts ahead, for a place.

An engine takes prompts at the beginning of a pass. With L arrivals/s, each of which makes a pass longer by p,
and passes of t_d without prompts:

    mean pass        t = t_d / (1 - L p)
    its second moment  t^2 + L t p^2 / (1 - (L p)^2)
    TTFT = half the pass that an arrival meets + t_d + p (1 + L x that pass), for prompts that fit into one

What is more than one pass of `chunks` takes the next ones, one after another (M/D/1: Kleinrock, "Queueing
Systems", vol. 1, section 5.6; birth and death: section 3.2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

#: Shares of the time are kept below this: beyond it there is no steady state to speak of.
_FULL = 0.999
#: How often the prompts that go together are counted anew.
_TURNS = 4
#: Prompts in a row that are looked at.
_ROW = 8
#: So many means later a queue is as good as surely empty.
_EMPTY = 100.0


def met(mean: Any, each: Any, rate: Any, variation: Any = 0.0) -> Array:
    """Seconds of the pass that an arrival meets: longer ones are met more often.

    `mean` is that of all passes, `each` what one prompt adds, `rate` arrivals/s; prompts vary in length by a
    squared coefficient of `variation`.
    """
    busy = np.minimum(rate * each, _FULL)
    return np.asarray(mean + rate * each**2 * (1.0 + variation) / (1.0 - busy**2))


def prompt_seconds(
    mean: Any, each: Any, rate: Any, chunks: Any, *, at_work: Any, mixed: bool, variation: Any = 0.0
) -> Array:  # fmt: skip
    """Seconds from arrival to the end of the pass that gives the first token, places apart.

    Args:
        mean: seconds of a pass, prompts included.
        each: seconds that one prompt adds, in all its chunks.
        rate: arrivals/s.
        chunks: passes that one prompt takes; below one, so many prompts go into a pass.
        at_work: share of the time in which anything runs; an idle engine waits for nothing.
        mixed: whether the tokens of those that run are made beside the prompt, or after it.
        variation: squared coefficient of it of the lengths of prompts.

    """
    busy = np.minimum(rate * each, _FULL)
    decode = mean * (1.0 - busy) * at_work
    beside = decode if mixed else 0.0
    # Others' prompts are met as often by whoever comes, tokens only while there are any.
    prompts, longer = met(0.0, each, rate, variation), 1.0 + variation
    ran = at_work * mean + prompts
    together = ran / 2.0 + beside + each * (1.0 + rate * ran)
    # Prompts that go first wait for one pass of tokens at most, and for each other as in M/G/1; those that
    # share a pass end with it, which makes (1 + 2 rho) / (1 + rho) of that where all that wait go together,
    # and adds half of a full pass at the most; those that just fill one share it with nobody.
    waits = decode / 2.0 + longer * busy * each / (2.0 * (1.0 - busy))
    shared = np.minimum(waits * busy / (1.0 + busy), busy * each / (2.0 * np.clip(chunks, 1e-6, 1.0)))
    first = each + waits + np.where(np.asarray(chunks) < 1.0, shared, 0.0)
    # Chunks of one prompt after another: each keeps the server for as long as it takes. The last one ends
    # with a pass of tokens as well, which the next prompt fills up.
    service = np.maximum(chunks, 1.0) * beside + each
    taken = np.minimum(rate * service, _FULL)
    # Behind others it is left anything of: of the k-th in a row k times what is left of the first.
    left = np.ceil(chunks) / np.maximum(chunks, 1.0) - 1.0
    own = service + left * (service - each) + taken * each * _left(chunks, taken)
    alone = (1.0 - taken) * decode / 2.0 + own + longer * taken * service / (2.0 * (1.0 - taken))
    # More than a pass holds wait for the next one. In full passes each prompt takes its part of one whole,
    # tokens and all: by so much its wait in M/G/1 is longer, where passes are full (their load to the third,
    # by simulation; TTFT within a tenth of it up to a load of 0.8).
    share = np.clip(chunks, 1e-6, 1.0)
    whole = share * beside + each
    held = np.minimum(rate * whole, _FULL)
    longest = held * whole / (1.0 - held) - busy * each / (1.0 - busy)
    # Behind a queue of such passes only so much of others' prompts is waited for as a pass has room for.
    queue = longer * held * whole / (2.0 * (1.0 - held))
    most = at_work * mean / 2.0 + beside + each + queue + busy * each / (2.0 * share)
    some = np.minimum(together + held**3 * longer * longest / 2.0, most)
    return np.asarray(np.where(chunks > 1.0, alone, some if mixed else first))


def _left(chunks: Any, taken: Any) -> Array:
    """Of a prompt in `chunks`, what its last pass has room for beside it, in prompts, behind others.

    It is the k-th that is computed in a row with a chance of (1 - t) t^(k-1), t being `taken`.
    """
    passes = np.maximum(chunks, 1.0)[..., None] * np.arange(1.0, _ROW + 1.0)
    chance = np.asarray(taken)[..., None] ** np.arange(_ROW)
    return np.asarray(
        ((np.ceil(passes) - passes) * chance).sum(axis=-1) / chance.sum(axis=-1) / np.maximum(chunks, 1.0)
    )


def launched_with(
    decode: Any, mean: Any, each: Any, rate: Any, *, span: Callable[[Any], Array], at_work: Any, most: Any
) -> tuple[Array, Array]:  # fmt: skip
    """Seconds of the pass that an arrival meets, and of the GPU's work in that of its own prompt.

    Prompts go first, all that have come together, for which a pass takes `span` s of the GPU's time: where
    hosts launch them, nearly as long for one as for several. An arrival meets a pass of tokens of `decode` s,
    or one of prompts for the share of the time that these leave of the `mean` s between tokens; with its own
    go those that came in that one, whose prompts take `each` s and `most` s at the most (renewals: Kleinrock,
    vol. 1, section 5.2).
    """
    prompts = np.clip(1.0 - decode / mean, 0.0, 1.0)
    work = each
    for _ in range(_TURNS):
        meets = at_work * (prompts * span(work) + (1.0 - prompts) * decode)
        work = np.minimum(each * (1.0 + rate * meets), most)
    return np.asarray(meets), np.asarray(work)


def prompt_variance(
    mean: Any, each: Any, rate: Any, chunks: Any, *, at_work: Any, mixed: bool, variation: Any = 0.0
) -> Array:
    """Variance in s^2 of what `prompt_seconds` is the mean of; arguments as there.

    What is left of a pass is anything up to it, the prompts that join are Poisson, and the wait for prompts
    before one's own is that of M/D/1 (Kleinrock, vol. 1, section 5.6: w^2 + rate s^3 / (3 (1 - rate s))).
    """
    busy = np.minimum(rate * each, _FULL)
    decode = mean * (1.0 - busy) * at_work
    ran = met(mean, each, rate, variation)
    left = ran**2 * at_work * (1.0 / 3.0 - at_work / 4.0)
    # The pass that is met varies itself with its prompts, and with it those that come in the meantime.
    joined = each**2 * (1.0 + variation) * rate * ran
    own = each**2 * variation
    together = left + own + joined * (1.0 + (at_work / 2.0 + busy) ** 2)
    first = decode**2 / 12.0 + own + _waiting_variance(busy, each, variation)
    service = np.maximum(chunks, 1.0) * (decode if mixed else 0.0) + each
    alone = decode**2 / 12.0 + service**2 * variation
    alone = alone + _waiting_variance(np.minimum(rate * service, _FULL), service, variation)
    return np.asarray(np.where(chunks > 1.0, alone, together if mixed else first))


def _waiting_variance(busy: Any, service: Any, variation: Any) -> Any:
    wait = (1.0 + variation) * busy * service / (2.0 * (1.0 - busy))
    return wait**2 + (1.0 + variation) ** 3 * busy * service**2 / (3.0 * (1.0 - busy))


def mates(busy: Any, variation: Any = 0.0) -> Array:
    """Others whose prompts are computed right before or after a request's own, without a pause between.

    Prompts keep a replica busy for a share `busy` = rho of the time, and vary in length by a squared
    coefficient of `variation`. A busy period of M/G/1 has X of them (Kleinrock, vol. 1, section 5.9), and one
    of these E[X^2] / E[X] - 1 = rho (2 - rho + rho variation) / (1 - rho)^2 others.
    """
    share = np.minimum(busy, _FULL)
    return np.asarray(share * (2.0 - share * (1.0 - variation)) / (1.0 - share) ** 2)


def behind(waited: Any, each: Any, rate: Any, chunks: Any) -> Array:
    """Of the s that a request `waited` for its first token those in which others came behind its prompt.

    Not so those that came before its pass began and found room in it, where prompts take less than a pass
    (`chunks` below one). Of all that go together half of a pass of y s goes by before one's own, which has
    those that came in all of y: y / 2 + each + rate y each in the mean. Of longer ones the next is begun in
    what the last pass has room for.
    """
    busy = np.minimum(rate * each, _FULL)
    before = np.maximum(waited - each, 0.0) * 0.5 / (0.5 + busy)
    begun = np.where(
        np.asarray(chunks) > 1.0, each * _left(chunks, busy), (1.0 - np.minimum(chunks, 1.0)) * before
    )
    return np.asarray(np.maximum(waited - begun, 0.0))


def within(count: Any, room: Any) -> Array:
    """Of a geometric number of others, `count` in the mean, those for whom there is `room`."""
    return np.asarray(count * (1.0 - (count / (1.0 + count)) ** room))


def interrupted(mean: Any, each: Any, rate: Any, *, waited: Any, after: Any, room: Any) -> Array:
    """Seconds of a token (TPOT) of a request that `waited` s for its first one, in mean passes of `mean` s.

    Who came meanwhile has a prompt that is computed between the `after` tokens that follow, as do those that
    come during it, if there is `room` for them.
    """
    busy = np.minimum(rate * each, _FULL)
    others = within(rate * waited / (1.0 - busy), room)
    return np.asarray(mean + each * others / np.maximum(after, 1.0))


def relaxing(
    decode: Any, each: Any, rate: Any, *, chunks: Any, after: Any, variation: Any = 0.0
) -> Array:  # fmt: skip
    """Seconds by which each of the `after` passes behind a request's own is longer than the mean pass.

    Who leaves M/G/1 leaves more behind than there is at any pass (Kleinrock, vol. 1, section 5.6). With c
    `chunks` to a prompt, passes that are full for a share a of the time and f of their number, and prompts
    that take a share b of the time, that makes

        c (1 - f) (2 a (1 - a) + (a^2 - f) (1 + variation)) / (2 (1 - a)^2)

    full passes more than usual until the queue is as any other, the first of them min(a - f, b c / (1 - b^2))
    of one: no more prompts come with a token than a pass takes. How many of them there are in `after` passes
    is the time of a Brownian queue until it is empty (Abate and Whitt, "Transient behavior of regulated
    Brownian motion, I", Advances in Applied Probability 19, 1987, eq. 4.3).
    """
    share = np.minimum(rate * each, _FULL)
    full = np.clip(rate * (chunks * decode + each), share, _FULL)
    often = (full - share) / (1.0 - share)
    left = 2.0 * full * (1.0 - full) + (full**2 - often) * (1.0 + variation)
    most = chunks * (1.0 - often) * left / (2.0 * (1.0 - full) ** 2)
    first = np.minimum(full - often, share * chunks / (1.0 - share**2))
    passes, last = np.maximum(after, 1.0), np.maximum(most / np.maximum(first, 1e-12), 1e-12)
    return np.asarray(each / np.maximum(chunks, 1e-12) * first * last * emptied(passes / last) / passes)


def begun_beside(
    count: Any, left: Any, busy: Any, most: Any, *, bound: Any, variation: Any = 0.0
) -> Array:  # fmt: skip
    """Of those that would begin while one answers, `count` in the mean, as many as there are places for.

    Who is done leaves in its places those that began after it, `most` of them at most. They begin in periods
    in which prompts follow each other (`mates`), and `left` of `count` in those that its own prompt left
    behind, whose number is about geometric, so that their variance is

        count (1 + mates) + left^2

    Their number is as good as the time of a Brownian queue until it is empty, which is inverse Gaussian (Cox
    and Miller, "The Theory of Stochastic Processes", section 5.7), and `bound` at the most as it is.
    """
    mean = np.maximum(count, 1e-12)
    spread = (1.0 + mates(busy, variation)) / mean + np.minimum(np.asarray(left) / mean, 1.0) ** 2
    all_of, some = (_cut(cut / mean, spread) for cut in (bound, np.minimum(bound, most)))
    return np.asarray(mean * some / np.maximum(all_of, 1e-12))


def _cut(most: Any, spread: Any) -> Array:
    """Mean of an inverse Gaussian variable cut at `most`, both in its means; `spread` is its variation."""
    room = np.clip(most, 1e-12, _EMPTY)
    root = np.sqrt(room * spread)
    near, far = (room - 1.0) / root, (room + 1.0) / root
    density = np.exp(-(near**2) / 2.0) / np.sqrt(2.0 * np.pi)
    above = _beyond(np.abs(near), density)
    below, mirrored = np.where(near > 0.0, 1.0 - above, above), _beyond(far, density)
    return np.asarray(below - mirrored + room * (1.0 - below - mirrored))


def emptied(most: Any) -> Array:
    """Mean of the time until a Brownian queue in its steady state is empty, in means of it, cut at `most`."""
    # In Abate and Whitt's units of time, in which that is 1/2: the integral of the tail of their H1.
    time = np.minimum(np.asarray(most, dtype=np.float64), _EMPTY) / 2.0
    root = np.sqrt(time)
    density = np.exp(-time / 2.0) / np.sqrt(2.0 * np.pi)
    beyond = _beyond(root, density)
    whole = (time**2 + 2.0 * time) * beyond - (root**3 + root) * density + 0.5 - beyond
    return np.asarray(2.0 * whole)


def _beyond(z: Array, density: Array) -> Array:
    """The chance of a standard normal variable above `z`, 26.2.17 of Abramowitz and Stegun."""
    t, found = 1.0 / (1.0 + 0.2316419 * z), np.zeros_like(z)
    for one in (1.330274429, -1.821255978, 1.781477937, -0.356563782, 0.319381530):
        found = t * (one + found)
    return density * found


def place_seconds(arrivals: Any, rates: Array, variation: float = 0.0) -> Array:
    """Seconds that a request waits for a place in the mean, at one rate of arrivals or several.

    Arrivals/s meet a replica that serves `rates`[i] requests/s with i + 1 of its places taken, (places,): a
    birth and death process, whose wait is that of exponential service. Of c places that are taken for equally
    long, at a load of rho, it is

        1/2 + (1 - rho) (c - 1) (sqrt(4 + 5 c) - 2) / (32 rho c), at most c / (c + 1)

    of that (Cosmetatos, "Some approximate equilibrium results for the multi-server queue (M/G/r)",
    Operational Research Quarterly 27, 1976), and between the two by a squared coefficient of `variation`.
    """
    spare, count = rates[-1] - np.asarray(arrivals, dtype=np.float64), len(rates)
    full = spare <= (1.0 - _FULL) * rates[-1]
    free = np.maximum(spare, 0.0) / np.maximum(np.asarray(arrivals, dtype=np.float64), 1e-30)
    alike = 0.5 + free * (count - 1.0) * (np.sqrt(4.0 + 5.0 * count) - 2.0) / (32.0 * count)
    alike = np.minimum(alike, max(count / (count + 1.0), 0.5))
    wait = all_taken(arrivals, rates) / np.where(full, 1.0, spare) * (variation + (1.0 - variation) * alike)
    return np.where(full, np.inf, wait)


def all_taken(arrivals: Any, rates: Array) -> Array:
    """The probability that an arrival finds no place; arguments as of `place_seconds`."""
    each = np.asarray(arrivals, dtype=np.float64)[..., None]
    last = np.minimum(each[..., 0] / rates[-1], _FULL)
    counts = np.arange(len(rates) + 1.0)
    logs = counts * np.log(each) - np.concatenate([[0.0], np.cumsum(np.log(rates))])
    weights = np.exp(logs - logs.max(axis=-1, keepdims=True))
    # With i beyond the places the weights fall as `last` to the i: of all that wait, 1 / (1 - last).
    most = weights[..., -1]
    return np.asarray(most / (1.0 - last) / (weights.sum(axis=-1) + most * last / (1.0 - last)))
