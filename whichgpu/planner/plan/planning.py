"""`plan`: from what is asked to the cheapest fleet and its explanation."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from whichgpu.planner.plan import explaining
from whichgpu.planner.plan.again import Again
from whichgpu.planner.plan.answer import Plan
from whichgpu.planner.plan.columns import build
from whichgpu.planner.plan.conflict import conflict
from whichgpu.planner.plan.deployments import deployments
from whichgpu.planner.plan.settling import settled
from whichgpu.planner.plan.simulated import held
from whichgpu.planner.plan.supply import chosen
from whichgpu.planner.plan.uncarried import uncarried
from whichgpu.planner.plan.why_not import rival, why_not
from whichgpu.planner.plan.worth import shadow_prices

if TYPE_CHECKING:
    from datetime import date

    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.planner.plan.asked import Asked
    from whichgpu.planner.plan.columns import Built

#: Shares (slices x columns x hours) up to which a plan is small; the gap of larger ones.
_SMALL, _GAP = 2500, 1e-3
#: What either half of an explanation may take: so many times the solution, s at least and at most, and its
#: share of the time limit.
_TIMES, _SHORTEST, _LONGEST, _EXPLAIN = 2.0, 1.5, 8.0, 0.5
#: GPUs of one kind beyond which a fleet is more than anybody rents out.
_ABSURD = 20_000


def plan(asked: Asked, catalogue: Catalogue, today: date, *, explained: bool = True) -> Plan:
    """The cheapest fleet; where there is none, `conflict` says why, and what would do."""
    started = perf_counter()
    built = build(asked, catalogue, today)
    lost = uncarried(built, catalogue, today)
    if lost is not None:
        nothing = _nothing(built)
        return replace(nothing, conflict=lost, why_not=built.rejected, seconds=perf_counter() - started)
    began = perf_counter()
    built, found, unsure = held(built, gap_of(built), asked.seconds, catalogue)
    answer = Plan(built, found, solve_seconds=perf_counter() - began)
    if not answer.feasible:
        why = conflict(built) if found.status == "infeasible" else None
        return replace(answer, conflict=why, why_not=built.rejected, seconds=perf_counter() - started)
    if explained:
        answer = _explained(answer)
    answer = replace(answer, solution=settled(built.program, answer.solution))
    warnings = tuple(_warnings(answer, unsure))
    return replace(
        answer,
        deployments=deployments(answer, catalogue),
        warnings=warnings,
        seconds=perf_counter() - started,
    )


def gap_of(built: Built) -> float:
    """The gap at which the search may end."""
    shares = int((built.program.columns.capacity > 0.0).sum()) * built.program.hours.size
    return built.asked.gap if shares <= _SMALL or built.asked.gap > 1e-6 else _GAP


def _nothing(built: Built) -> Plan:
    from whichgpu.planner.plan.solving import nothing

    return Plan(built, nothing(built.program, "infeasible"))


def _explained(answer: Plan) -> Plan:
    built = answer.built
    # An explanation should not take much longer than the plan.
    part = min(max(_TIMES * answer.solve_seconds, _SHORTEST), _LONGEST, _EXPLAIN * built.asked.seconds)
    until = perf_counter() + part
    other, found = rival(Again(built, answer.solution, until), answer)
    answer = replace(answer, solution=found, rival=other)
    again = Again(built, found, until + part)
    rows = explaining.constraints(built, found)
    room, tightest = explaining.headroom(built.program, found)
    answer = replace(
        answer, constraints=rows, headroom=room, tightest=tightest, scaling=tuple(explaining.scaling(built))
    )
    return replace(
        answer, savings=tuple(explaining.savings(again, answer)),
        prices=tuple(shadow_prices(again, rows)),
        why_not=(*why_not(again), *built.rejected),
    )  # fmt: skip


def _warnings(answer: Plan, unsure: int) -> list[str]:
    said_ = []
    if unsure:
        said_.append(
            f"percentiles of {unsure} kinds of replica are of queueing theory alone: the time limit left "
            "none to simulate them; time_limit in [plan] gives it longer"
        )
    for one in answer.picks:
        gpus = one.instances * one.supply.gpu_count * one.supply.nodes
        if gpus > _ABSURD and np.isinf(one.supply.most):
            said_.append(
                f"{one.instances:,} x {one.supply} is more than anybody rents out: is a rate a slip of the "
                "keyboard? "
                "max_instances and [[quota]] say what can be had"
            )
    for quota in answer.built.asked.quotas:
        if not any(chosen(one, quota.choice) for one in answer.built.supplies):
            said_.append(f"quota {quota.name} limits nothing: it selects nothing of what may be had")
    if answer.status == "time limit":
        said_.append(
            f"the time limit was reached: the best fleet found costs at most {answer.solution.gap:.2%} "
            "more than the "
            "cheapest; time_limit in [plan] gives it longer"
        )
    return said_
