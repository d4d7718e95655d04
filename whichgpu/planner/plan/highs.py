"""HiGHS behind one function: arrays in, values, bound and duals out. Imported when a plan is solved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.errors import UsageError
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whichgpu.planner.plan.milp import Milp

    Array = NDArray[np.float64]

#: Tolerances: rows are divided by their largest coefficient, so that these are shares. HiGHS compares with
#: 1e-9 inside: where whole numbers were held to that it cut off fleets that are cheaper than the start.
_FEASIBLE, _WHOLE = 1e-9, 1e-8
#: Heuristics that solve programs of their own.
_WITHIN = ("rins", "rens", "root_reduced_cost")


class Found(NamedTuple):
    """What the solver says: `status` optimal, limit, infeasible or unknown; values (V,) where there are any.

    `bound` is proven: nothing costs less. `prices` (R,) and `reduced` (V,) are the duals of a relaxation.
    """

    status: str
    objective: float
    bound: float
    values: Array | None
    prices: Array
    reduced: Array


def solve(
    milp: Milp, *, relaxed: bool = False, gap: float = 1e-7, seconds: float = 60.0,
    start: Array | None = None,
) -> Found:  # fmt: skip
    """Minimise; with `relaxed` instances may be parts of one, and the duals are told.

    `start` is a solution to begin with. Raises `UsageError` where HiGHS is not installed.
    """
    highs = _ready(milp, relaxed=relaxed)
    highs.setOptionValue("time_limit", max(seconds, 0.01))
    highs.setOptionValue("mip_rel_gap", gap)
    highs.setOptionValue("mip_abs_gap", 1e-9)
    # Programs are small: to start over costs more than it saves, and hours are solved side by side instead.
    highs.setOptionValue("mip_allow_restart", False)
    highs.setOptionValue("threads", 1)
    if milp.n.shape[1] == 1:
        # Of one hour the tree is done before a search within the search has found its fleet.
        for name in _WITHIN:
            highs.setOptionValue(f"mip_heuristic_run_{name}", False)
    highs.setOptionValue("primal_feasibility_tolerance", _FEASIBLE)
    highs.setOptionValue("mip_feasibility_tolerance", _WHOLE)
    if start is not None:
        highs.setSolution(start.size, np.arange(start.size, dtype=np.int32), start)
    highs.run()
    return _found(highs, relaxed=relaxed)


def _ready(milp: Milp, *, relaxed: bool) -> Any:
    try:
        import highspy
    except ImportError:
        raise UsageError(
            "a plan is solved by HiGHS, which is not installed; type: pip install 'whichgpu[plan]'"
        ) from None
    highs: Any = highspy.Highs()  # type: ignore[no-untyped-call,unused-ignore]
    highs.setOptionValue("output_flag", False)
    row, column, value = milp.matrix
    order = np.lexsort((row, column))
    begins = np.searchsorted(column[order], np.arange(milp.cost.size + 1))
    whole = np.zeros(milp.cost.size) if relaxed else milp.whole
    highs.passModel(
        milp.cost.size, milp.row_lower.size, value.size, 1, 1, 0.0, milp.cost, milp.lower, milp.upper,
        milp.row_lower, milp.row_upper, begins[:-1].astype(np.int32), row[order].astype(np.int32),
        value[order], whole.astype(np.int32),
    )  # fmt: skip
    return highs


def _found(highs: Any, *, relaxed: bool) -> Found:
    import highspy

    kind = highspy.HighsModelStatus
    said = {
        kind.kOptimal: "optimal", kind.kInfeasible: "infeasible", kind.kTimeLimit: "limit",
        kind.kUnboundedOrInfeasible: "infeasible", kind.kModelEmpty: "optimal",
    }.get(highs.getModelStatus(), "unknown")  # fmt: skip
    info, solution = highs.getInfo(), highs.getSolution()
    able = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    values = np.array(solution.col_value) if able or said == "optimal" else None
    objective = float(info.objective_function_value) if values is not None else float("inf")
    bound = objective if relaxed else float(info.mip_dual_bound)
    if said == "optimal" and not np.isfinite(bound):
        bound = objective
    return Found(said, objective, bound, values, np.array(solution.row_dual), np.array(solution.col_dual))
