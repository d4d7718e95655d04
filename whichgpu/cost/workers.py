"""Groups of jobs evaluated in several processes, where processes can be forked."""

from __future__ import annotations

import gc
import multiprocessing
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.cost.groups import Batch, Group, Outcome

#: What the forked processes find in their copy of the memory: only numbers and answers travel.
_tasks: Sequence[tuple[Group, Batch]] = ()
_CHUNK = 12


def evaluated(tasks: Sequence[tuple[Group, Batch]], workers: int) -> Iterator[Outcome]:
    """The outcome of each batch of a group, in order."""
    global _tasks  # noqa: PLW0603
    _tasks = tasks
    # The processes share this memory as long as they leave it alone, the garbage collector too.
    gc.freeze()
    with warnings.catch_warnings():
        # The threads that Python warns of are BLAS's, which looks after itself at a fork.
        warnings.simplefilter("ignore", DeprecationWarning)
        pool = multiprocessing.get_context("fork").Pool(workers)
    with pool:
        yield from pool.imap(_outcome, range(len(tasks)), chunksize=_CHUNK)


def _outcome(index: int) -> Outcome:
    group, batch = _tasks[index]
    return group.evaluate(batch)
