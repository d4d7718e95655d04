"""The fleet as deployments, for `whichgpu export`: one for each group of machines that do the same work."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.hardware.slices import device
from whichgpu.planner.deployment import LONGEST, TERM_OF, Deployment, checked, label, room
from whichgpu.planner.plan.layout import laid_out
from whichgpu.planner.plan.starting import checkpoint, load_time
from whichgpu.workloads.precision import precision
from whichgpu.workloads.workload import resolve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.planner.plan.answer import Pick, Plan
    from whichgpu.planner.plan.asked import Demand
    from whichgpu.planner.plan.layout import Group

#: Disk beside the checkpoint: image, caches.
_DISK = 40e9


def deployments(plan: Plan, catalogue: Catalogue) -> tuple[Deployment, ...]:
    """What runs where; options of one's own that name no GPU cannot be told to a tool, and are left out.

    The nodes of all of a pick's deployments are its machines, each counted once.
    """
    made: list[Deployment] = []
    taken: set[str] = set()
    for pick in plan.picks:
        if pick.supply.gpu is not None:
            for group in _groups(plan, pick):
                first, *others = (_named(one, taken) for one in _deployed(plan, pick, group, catalogue))
                made.append(replace(first, beside=tuple(others), disk=_disk(first, *others)))
    return tuple(made)


def _disk(*some: Deployment) -> float | None:
    """Bytes of a disk for all of them; None where it is not known of one."""
    known = [one.disk for one in some if one.disk is not None]
    return None if len(known) < len(some) else sum(known) - _DISK * (len(known) - 1)


def _groups(plan: Plan, pick: Pick) -> tuple[Group, ...]:
    built = plan.built
    column = built.supplies.index(pick.supply)
    demands = built.asked.demands
    load = np.zeros((len(demands), built.program.hours.size))
    np.add.at(load, built.program.load.demand, plan.solution.x[:, column])
    spare = np.array([one.spare for one in demands])
    if not load.any():
        # A spare that stands idle runs what it is there for.
        load[int(np.argmax(spare * built.program.columns.capacity[_first(plan), column])), 0] = 1.0
    return laid_out(load, pick.instances, spare, built.program.hours)


def _first(plan: Plan) -> Any:
    """The first slice of each demand."""
    return np.unique(plan.built.program.load.demand, return_index=True)[1]


def _named(one: Deployment, taken: set[str]) -> Deployment:
    name, count = one.name, 1
    while name in taken:
        count += 1
        name = f"{one.name[: LONGEST - 4]}-{count}"
    taken.add(name)
    return replace(one, name=name)


def _deployed(plan: Plan, pick: Pick, group: Group, catalogue: Catalogue) -> Iterator[Deployment]:
    """The demands of a group of machines: a service first, where there is one, since it does not end."""
    every = [
        (plan.built.asked.demands[d], share) for d, share in zip(group.demands, group.shares, strict=True)
    ]
    for demand, share in sorted(every, key=lambda each: each[0].total is not None):
        nodes = group.machines * pick.supply.nodes
        known: dict[str, Any] = {
            "workload": demand.workload, "kind": "service" if demand.total is None else "batch",
            "gpu": str(pick.supply.gpu), "gpus_per_node": pick.supply.gpu_count, "nodes": nodes,
            "share": min(share, 1.0), "provider": pick.supply.provider, "instance": pick.supply.instance,
            "region": pick.supply.region, "term": TERM_OF.get(pick.supply.kind, "committed"),
            # As prices are written: a limit with the noise of arithmetic is no amount.
            "usd_per_hour": round(pick.supply.usd / pick.supply.nodes, 6),
        }  # fmt: skip
        yield checked(Deployment(**known, **_run(plan, pick, demand, group.machines, catalogue)))


def _run(plan: Plan, pick: Pick, demand: Demand, machines: int, catalogue: Catalogue) -> dict[str, Any]:
    """How a demand runs on so many machines; of an option nothing is known but its GPUs."""
    built, supply = plan.built, pick.supply
    column = built.supplies.index(supply)
    held = built.held.get((demand.name, column))
    job = built.jobs.get((demand.name, column))
    if held is None or job is None:
        return {
            "name": label(f"{demand.name}-{supply.name}"), "gpus_per_replica": supply.gpu_count,
            "tp": supply.gpu_count, "replicas": machines,
        }  # fmt: skip
    full = resolve(demand.workload).complete(job)
    tp, pp = int(full.tp or 1), int(full.pp or 1)
    dp, ep = int(full.degree("attention_dp")), int(full.degree("ep"))
    length = sum(float(np.max(getattr(full, one) or 0.0)) for one in ("input_tokens", "output_tokens"))
    return {
        "name": label(f"{demand.name}-{supply.gpu}"), "engine": full.runtime or "",
        "precision": precision(full.precision).id if full.precision else "",
        "gpus_per_replica": tp * pp * dp, "replicas": int(held.replicas) * machines,
        "tp": tp, "pp": pp, "dp": dp, "ep": ep,
        "max_model_len": room(length) if demand.unit == "requests" and length else None,
        "batch": int(full.batch) if full.batch and demand.unit != "requests" else None,
        "disk": checkpoint(demand) + _DISK,
        "load_time": load_time(built.asked, device(str(supply.gpu), catalogue), supply.kind),
    }  # fmt: skip
