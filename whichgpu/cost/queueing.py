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
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

#: Shares of the time are kept below this: beyond it there is no steady state to speak of.
_FULL = 0.999


def met(mean: Any, each: Any, rate: Any) -> Array:
    """Seconds of the pass that an arrival meets: longer ones are met more often.

    `mean` is that of all passes, `each` what one prompt adds, `rate` arrivals/s.
    """
    busy = np.minimum(rate * each, _FULL)
    return np.asarray(mean + rate * each**2 / (1.0 - busy**2))


def prompt_seconds(mean: Any, each: Any, rate: Any, chunks: Any, *, at_work: Any, mixed: bool) -> Array:
    """Seconds from arrival to the end of the pass that gives the first token, places apart.

    Args:
        mean: seconds of a pass, prompts included.
        each: seconds that one prompt adds, in all its chunks.
        rate: arrivals/s.
        chunks: passes that one prompt takes; below one, so many prompts go into a pass.
        at_work: share of the time in which anything runs; an idle engine waits for nothing.
        mixed: whether the tokens of those that run are made beside the prompt, or after it.

    """
    busy = np.minimum(rate * each, _FULL)
    decode = mean * (1.0 - busy) * at_work
    beside = decode if mixed else 0.0
    ran = met(mean, each, rate)
    together = at_work * ran / 2.0 + beside + each * (1.0 + rate * ran)
    # Prompts that go first wait for one pass of tokens at most, and for each other as in M/D/1.
    first = decode / 2.0 + each + busy * each / (2.0 * (1.0 - busy))
    # Chunks of one prompt after another: each keeps the server for as long as it takes.
    service = np.maximum(chunks, 1.0) * beside + each
    taken = np.minimum(rate * service, _FULL)
    alone = (1.0 - taken) * decode / 2.0 + service + taken * service / (2.0 * (1.0 - taken))
    return np.asarray(np.where(chunks > 1.0, alone, together if mixed else first))


def interrupted(mean: Any, each: Any, rate: Any, waited: Any, after: Any) -> Array:
    """Seconds of a token (TPOT) of a request that `waited` s for its first one, in mean passes of `mean` s.

    Who came while it waited has a prompt that is computed between the `after` tokens that follow.
    """
    busy = np.minimum(rate * each, _FULL)
    return np.asarray(mean + busy * waited / ((1.0 - busy) * np.maximum(after, 1.0)))


def place_seconds(arrivals: float, rates: Array, variation: float = 0.0) -> float:
    """Seconds that a request waits for a place in the mean.

    Arrivals/s meet a replica that serves `rates`[i] requests/s with i + 1 of its places taken, (places,): a
    birth and death process, whose wait is that of exponential service; of a squared coefficient of
    `variation` it is (1 + variation) / 2 of that.
    """
    last = arrivals / rates[-1]
    if last >= _FULL:
        return float(np.inf)
    steps = np.log(arrivals) - np.log(rates)
    logs = np.concatenate([[0.0], np.cumsum(steps)])
    weights = np.exp(logs - logs.max())
    full = weights[-1] / (weights.sum() + weights[-1] * last / (1.0 - last))
    return float(full * last / (1.0 - last) ** 2 / arrivals * (1.0 + variation) / 2.0)
