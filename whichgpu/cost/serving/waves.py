"""The first tokens of a closed loop whose requests go in step, since all are equally long.

Where prompts go before tokens all begin and end together, and one waits for half of all prompts. Where they
share passes those whose prompts did end together, and groups end one pass after another, as they began: a
request that follows one of them reaches the engine some time later, and waits for the pass that runs and
for the groups before its own. With t_d s of a pass of tokens, t_p of a prompt beside it, r prompts a group
and c passes in which these are computed, a turn takes c t_d, or c t_d + r t_p where a group begins in it:

    group k ends with turn k of the wave, and the one that follows it is there f s later
    each turn begins the first group that is there: TTFT = the end of its turn - the end of turn k

which is followed turn by turn. The opening wave is there at once: of G groups one waits for half of them all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whichgpu.cost.timing.time import paced
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

#: Groups that are followed; those behind wait as long as the last of them, as one ends with each that begins.
_FOLLOWED = 32
#: Turns beside these in which the first of them may still be on its way.
_BEFORE = 64
#: Of the tokens of a pass what those of the opening take: half of the sequences are there, without answers.
_OPENING = 0.85


class Wave(NamedTuple):
    """A closed loop in step, (G, J): `each` requests a group, `passes` of its prompts, what of it `opens`.

    `often` prompts are computed to a token of all, and a share of `beside` of each makes a pass longer. A
    request is there `first` s after one ends, `idle` where nobody else is. The front end takes `front` s for
    it. Where prompts are not `mixed` with tokens all is an opening.
    """

    mixed: bool
    running: Array
    each: Array
    passes: Array
    often: Array
    beside: float
    opens: Array
    first: Array
    idle: Array
    front: Array


def first_token(
    wave: Wave, passes: Array, prompt: Array, launching: Array, *, lag: Array, queued: Array
) -> Array:
    """Seconds to the first token in the mean, given those of the passes of a token and of a prompt, (G, J).

    `launching` s are the host's for a turn with prompts, beside whose work on the GPU it goes on; `lag` is by
    how much of its share a prompt is longer in a group of attention of its own. Where one is always `queued`
    for a place it is there when that is, and has the next turn.
    """
    groups = np.maximum(wave.running / wave.each, 1.0)
    if not wave.mixed:
        return np.asarray(wave.first + paced(wave.each * prompt, launching) * (groups + 1.0) / 2.0)
    decode = wave.passes * np.maximum(passes - wave.often * prompt, 0.0)
    computed = np.maximum(wave.each, 1.0 + lag) * prompt
    began = paced(decode + wave.beside * computed, launching) - decode
    front = wave.each * wave.front
    steady = _following(*np.broadcast_arrays(decode, began, np.ceil(groups), wave.first, front))
    steady = steady + queued * np.minimum(began + decode - steady, 0.0)
    opening = wave.idle + began * (groups + 1.0) / 2.0 + _OPENING * decode * (groups - 1.0) / 2.0
    streamed = wave.front * (wave.running - 1.0) / 2.0
    opening = np.maximum(opening, streamed + wave.idle + began + decode)
    mean = wave.opens * opening + (1.0 - wave.opens) * steady
    # Where all are one group nobody else is served: it is there at once, and has all that prompts cost.
    whole = wave.idle + paced(computed, launching) + streamed
    # What is as long shall come out alike, whatever it was summed up from.
    return np.asarray(np.round(np.where(groups <= 1.0, whole, mean), 15), dtype=np.float64)


def _following(decode: Array, began: Array, groups: Array, first: Array, front: Array) -> Array:
    """Mean seconds from the end of a request to the first token of the one that follows it."""
    most = int(min(np.max(groups), _FOLLOWED))
    followed = np.minimum(groups, most)
    now, started, total, last = (np.zeros(decode.shape) for _ in range(4))
    ended = np.full((most + _BEFORE, *decode.shape), np.inf)
    for turn in range(most + _BEFORE):
        there = (ended[:turn] + first <= now + 1e-12).sum(axis=0)
        begins = (there > started) & (started < followed)
        alone = groups - np.minimum(turn, groups) + started <= 0.0
        now = now + np.where(alone & begins, 0.0, decode) + began * begins
        before = np.take_along_axis(ended, started.astype(np.intp)[None], axis=0)[0]
        last = np.where(begins, now - np.where(begins, before, 0.0), last)
        total, started = total + last * begins, started + begins
        ended[turn] = np.where(turn < groups, now, np.inf)
        if np.all(started >= followed):
            break
    mean = (total + (groups - started) * last) / groups
    # Those that a front end lets through more slowly than turns take them end so far apart, the more so.
    apart = np.ceil(first / np.maximum(decode, 1e-9)) * decode + decode + began
    bunched = np.minimum((decode + began) / np.maximum(front, 1e-9), 1.0) ** 2
    return np.asarray(bunched * mean + (1.0 - bunched) * apart)
