"""Which of a pick's machines do what: as few as possible of them shared by several demands.

    L_dh    instances that are busy with demand d at hour h, of n there are at most
    m_d     machines that d has to itself

The rest of them is shared, which is enough as long as at every hour

    sum_d max(0, L_dh - m_d) <= n - sum_d m_d

A demand that must survive the loss of machines may then need any of the others, so that it is everywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

#: What a linear program leaves of a share.
_NOTHING = 1e-6


class Group(NamedTuple):
    """So many machines with the same work on them: places of demands, the busiest first, and their time."""

    machines: int
    demands: tuple[int, ...]
    shares: tuple[float, ...]


def laid_out(load: Array, most: int, spare: NDArray[np.int_], hours: Array) -> tuple[Group, ...]:
    """Groups of `most` machines for the `load` (D, H) of demands that `spare` (D,) of them may be lost of.

    `hours` (H,) is how long each hour lasts. Demands without load are in no group.
    """
    busy = np.flatnonzero(load.max(axis=1) > _NOTHING)
    order = busy[np.argsort(-load[busy].max(axis=1), kind="stable")]
    own = np.zeros(load.shape[0], dtype=int)
    everywhere = order[spare[order] > 0]
    for d in order if not everywhere.size else everywhere[: everywhere.size == 1]:
        own[d] = _alone(load, own, int(d), most)
    left = np.maximum(load - own[:, None], 0.0)
    shared = [d for d in order.tolist() if left[d].max() > _NOTHING or (spare[d] and own.sum() < most)]
    if len(shared) <= 1:
        # What nobody else needs is one demand's, and no group of its own.
        mine = shared[0] if shared else int(order[0])
        own[mine] += most - own.sum()
        shared = []
    groups = [Group(int(own[d]), (d,), (1.0,)) for d in order.tolist() if own[d]]
    if shared:
        rest, period = most - int(own.sum()), float(hours.sum())
        shares = left[shared] @ hours / (rest * period)
        by = np.argsort(-shares, kind="stable")
        groups.append(Group(rest, tuple(shared[i] for i in by), tuple(float(shares[i]) for i in by)))
    return tuple(groups)


def _alone(load: Array, own: NDArray[np.int_], d: int, most: int) -> int:
    """The most machines that a demand can have to itself."""
    for m in range(min(int(np.ceil(load[d].max() - _NOTHING)), most - int(own.sum())), 0, -1):
        tried = own.copy()
        tried[d] = m
        if (np.maximum(load - tried[:, None], 0.0).sum(axis=0) <= most - tried.sum() + _NOTHING).all():
            return m
    return 0
