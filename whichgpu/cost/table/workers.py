"""A function of many things called in several processes, where processes can be forked."""

from __future__ import annotations

import gc
import multiprocessing
import os
import warnings
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

T = TypeVar("T")
R = TypeVar("R")

#: What the forked processes find in their copy of the memory: only numbers and answers travel.
_work: tuple[Callable[[Any], Any], Sequence[Any]] = (repr, ())


def mapped(function: Callable[[T], R], things: Sequence[T], workers: int) -> Iterator[R]:
    """The answer of a function to each thing, in any order: a process that is done takes the next."""
    global _work  # noqa: PLW0603
    _work = function, things
    # The processes share this memory as long as they leave it alone, the garbage collector too.
    gc.freeze()
    with warnings.catch_warnings():
        # The threads that Python warns of are BLAS's, which looks after itself at a fork.
        warnings.simplefilter("ignore", DeprecationWarning)
        context = multiprocessing.get_context("fork")
        # Answers have next to no cycles, and whole collections would find a few hundred objects.
        pool = context.Pool(workers, gc.disable)
    with pool:
        yield from pool.imap_unordered(_called, range(len(things)))


def processors() -> int:
    """The processors that there are for this, 1 where processes cannot be forked."""
    if not hasattr(os, "fork"):
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _called(index: int) -> Any:
    function, things = _work
    return function(things[index])
