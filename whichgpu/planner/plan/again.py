"""Changed programs solved again while there is time; and money in words."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from whichgpu.planner.plan.dominance import dominated
from whichgpu.planner.plan.formulation import formulate
from whichgpu.planner.plan.highs import solve
from whichgpu.planner.plan.means import means
from whichgpu.planner.plan.program import merged
from whichgpu.planner.plan.solving import Effort, cheapest
from whichgpu.planner.words import cents
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whichgpu.planner.plan.columns import Built
    from whichgpu.planner.plan.highs import Found
    from whichgpu.planner.plan.milp import Loss, Milp
    from whichgpu.planner.plan.program import Program
    from whichgpu.planner.plan.solving import Solution

    Ints = NDArray[np.int_]

#: Seconds for one of these at most.
EACH = 8.0
#: Seconds for rows (8'), which only sharpen what is said; and s in which there is time for little.
ROWS, _SHORT = 1.0, 0.3


def usd(value: float) -> str:
    """USD/h in words, with as many digits as it takes."""
    return f"{cents(value)} USD/h"


class Relaxed(NamedTuple):
    """The relaxation without a limit on types: its program of the columns `kept`, rows of (8') and duals."""

    kept: Ints
    program: Program
    rows: list[Loss]
    milp: Milp
    found: Found


class Again:
    """Solves changed programs while there is time."""

    def __init__(self, built: Built, found: Solution, until: float) -> None:
        self.built, self.found, self.until = built, found, until
        self.gap = max(built.asked.gap, found.gap, 1e-6)

    @property
    def left(self) -> float:
        """Seconds left."""
        return max(self.until - perf_counter(), 0.0)

    @cached_property
    def relaxed(self) -> Relaxed | None:
        """The relaxation, with hours that are alike as one; None where the time is too short for it."""
        return self._relaxation(np.arange(self.built.program.columns.count))

    @cached_property
    def of_types(self) -> Relaxed | None:
        """The same over the types of the fleet, where there may be no others."""
        columns = self.built.program.columns
        if self.built.program.limits.types is None:
            return self.relaxed
        kinds = columns.kind[self.found.n.any(axis=1)]
        return self._relaxation(np.flatnonzero(np.isin(columns.kind, kinds)))

    def _relaxation(self, some: Ints) -> Relaxed | None:
        small, _ = merged(self.built.program.only(some))
        good = np.flatnonzero(dominated(small) < 0)
        kept, small = some[good], small.only(good)
        small = replace(small, limits=replace(small.limits, types=None))
        rows = means(small, min(ROWS, self.left)) if self.left > _SHORT else []
        milp = formulate(small, rows)
        found = solve(milp, relaxed=True, seconds=min(EACH, max(self.left, _SHORT)))
        return Relaxed(kept, small, rows, milp, found) if found.status == "optimal" else None

    def cost(self, program: Program) -> Solution | None:
        """The cheapest fleet of a changed program; None where the time is over, or would not do."""
        left = self.until - perf_counter()
        if left <= 0.1:
            return None
        answer = cheapest(program, Effort(self.gap, perf_counter() + min(EACH, left)))
        return None if answer.status == "limit" and answer.gap > 10.0 * self.gap else answer

    def saved(self, program: Program) -> float | None:
        """USD/h that a change saves; None where it is not known in time."""
        answer = self.cost(program)
        if answer is None:
            return None
        return (self.found.cost - answer.cost) / self.built.program.period

    def own(self, program: Program) -> float | None:
        """USD/h that a change saves with the kinds of instance of this fleet alone; None in no time."""
        kept = np.flatnonzero(self.found.n.any(axis=1))
        left = self.until - perf_counter()
        if left <= 0.05 or not kept.size:
            return None
        answer = cheapest(program.only(kept), Effort(self.gap, perf_counter() + min(EACH, left)))
        if not np.isfinite(answer.cost):
            return None
        return (self.found.cost - answer.cost) / self.built.program.period
