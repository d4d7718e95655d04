"""Changed programs solved again while there is time; and money in words."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from whichgpu.planner.plan.solving import Effort, cheapest
from whichgpu.planner.words import cents

if TYPE_CHECKING:
    from whichgpu.planner.plan.columns import Built
    from whichgpu.planner.plan.program import Program
    from whichgpu.planner.plan.solving import Solution

#: Seconds for one of these at most.
EACH = 8.0
#: Seconds for rows (8'), which only sharpen what is said.
ROWS = 1.0


def usd(value: float) -> str:
    """USD/h in words, with as many digits as it takes."""
    return f"{cents(value)} USD/h"


class Again:
    """Solves changed programs while there is time."""

    def __init__(self, built: Built, found: Solution, until: float) -> None:
        self.built, self.found, self.until = built, found, until
        self.gap = max(built.asked.gap, found.gap, 1e-6)

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
