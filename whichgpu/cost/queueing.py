"""Waiting, of requests that arrive at random: for the pass that runs, for prompts before one's own, for a place.

An engine takes prompts at the beginning of a pass. With L arrivals/s, each of which makes a pass longer by p,
and passes of t_d without prompts:

    mean pass        t = t_d / (1 - L p)
    its second moment  t^2 + L t p^2 / (1 - (L p)^2)
    TTFT = half the pass that an arrival meets + t_d + p (1 + L x that pass), for prompts that fit into one

What is more than one pass of `chunks` takes the next ones, one after another (M/D/1: Kleinrock, "Queueing
Systems", vol. 1, section 5.6). Waiting for one of c places: Sakasegawa, Ann. Inst. Statist. Math. 29 (1977).
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


def prompt_seconds(mean: Any, each: Any, rate: Any, chunks: Any) -> Array:
    """Seconds from arrival to the end of the pass that gives the first token, places apart.

    Args:
        mean: seconds of a pass, prompts included.
        each: seconds that one prompt adds, in all its chunks.
        rate: arrivals/s.
        chunks: passes that one prompt takes; below one, so many prompts go into a pass.

    """
    busy = np.minimum(rate * each, _FULL)
    decode = mean * (1.0 - busy)
    ran = met(mean, each, rate)
    together = ran / 2.0 + decode + each * (1.0 + rate * ran)
    # Chunks of one prompt after another: each keeps the server for as long as it takes.
    service = np.maximum(chunks, 1.0) * decode + each
    taken = np.minimum(rate * service, _FULL)
    alone = (1.0 - taken) * decode / 2.0 + service + taken * service / (2.0 * (1.0 - taken))
    return np.asarray(np.where(chunks > 1.0, alone, together))


def place_seconds(held: Any, places: Any, each: Any, variation: float = 0.0) -> Array:
    """Seconds that a request waits for one of `places`, `held` of which are taken in the mean.

    `each` is how long a place is kept, `variation` the squared coefficient of variation of that.
    """
    c = np.maximum(places, 1.0)
    busy = np.minimum(held / c, _FULL)
    return np.asarray(
        each / c * busy ** (np.sqrt(2.0 * (c + 1.0)) - 1.0) / (1.0 - busy) * (1.0 + variation) / 2.0
    )
