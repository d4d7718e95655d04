"""The fleet as deployments, one for each demand on each of its kinds of instance: what `whichgpu export` reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whichgpu.planner.deployment import LONGEST, TERM_OF, Deployment, checked, label
from whichgpu.planner.plan.starting import checkpoint, load_time
from whichgpu.workloads.precision import precision
from whichgpu.workloads.workload import resolve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.planner.plan.answer import Pick, Plan
    from whichgpu.planner.plan.asked import Demand
    from whichgpu.planner.plan.columns import Built

#: Disk beside the checkpoint: image, caches.
_DISK = 40e9


def deployments(plan: Plan, catalogue: Catalogue) -> tuple[Deployment, ...]:
    """What runs where; options of one's own that name no GPU cannot be told to a tool, and are left out."""
    made: list[Deployment] = []
    taken: set[str] = set()
    for pick in plan.picks:
        if pick.supply.gpu is None:
            continue
        for demand, share in pick.shares.items():
            for one in _deployed(plan.built, pick, plan.built.asked.demand(demand), share, catalogue):
                made.append(_named(one, taken))
    return tuple(made)


def _named(one: Deployment, taken: set[str]) -> Deployment:
    from dataclasses import replace

    name, count = one.name, 1
    while name in taken:
        count += 1
        name = f"{one.name[: LONGEST - 4]}-{count}"
    taken.add(name)
    return replace(one, name=name)


def _deployed(
    built: Built, pick: Pick, demand: Demand, share: float, catalogue: Catalogue
) -> Iterator[Deployment]:
    supply = pick.supply
    column = built.supplies.index(supply)
    held = built.held.get((demand.name, column))
    job = built.jobs.get((demand.name, column))
    if held is None or job is None:
        yield _of_option(pick, demand, share)
        return
    workload = resolve(demand.workload)
    full = workload.complete(job)
    tp, pp = int(full.tp or 1), int(full.pp or 1)
    dp, ep = int(full.degree("attention_dp")), int(full.degree("ep"))
    # The share that works on other demands needs no replicas; one at least on every machine that has some.
    alone = max(1, int(np.ceil(pick.instances * min(share / max(pick.utilisation, 1e-9), 1.0) - 1e-9)))
    nodes = alone if len(pick.shares) > 1 else pick.instances
    length = sum(float(np.max(getattr(full, one) or 0.0)) for one in ("input_tokens", "output_tokens"))
    yield checked(Deployment(
        name=label(f"{demand.name}-{supply.gpu}"), gpu=str(supply.gpu), workload=demand.workload,
        kind="batch" if demand.total is not None else "service",
        engine=full.runtime or "", precision=precision(full.precision).id if full.precision else "",
        gpus_per_replica=tp * pp * dp, replicas=int(held.replicas) * nodes,
        gpus_per_node=supply.gpu_count, nodes=nodes * supply.nodes, share=_share(pick, share, nodes),
        tp=tp, pp=pp, dp=dp, ep=ep,
        max_model_len=_room(length) if demand.unit == "requests" and length else None,
        batch=int(full.batch) if full.batch and demand.unit != "requests" else None,
        provider=supply.provider, instance=supply.instance, region=supply.region,
        term=TERM_OF.get(supply.kind, "committed"), usd_per_hour=supply.usd / supply.nodes,
        disk=checkpoint(demand) + _DISK, load_time=load_time(built.asked, catalogue[str(supply.gpu)], supply.kind),
    ))  # fmt: skip


def _share(pick: Pick, share: float, nodes: int) -> float:
    """The part of its nodes' time that is a demand's, where it shares them."""
    if len(pick.shares) == 1:
        return 1.0
    return float(np.clip(share * pick.instances / nodes, 0.0, 1.0))


def _room(length: float) -> int:
    """A context with room for requests that are longer than the mean: twice it, in whole 1,024."""
    return int(np.ceil(2.0 * length / 1024.0) * 1024)


def _of_option(pick: Pick, demand: Demand, share: float) -> Deployment:
    supply = pick.supply
    return checked(Deployment(
        name=label(f"{demand.name}-{supply.name}"), gpu=str(supply.gpu), workload=demand.workload,
        kind="batch" if demand.total is not None else "service", gpus_per_replica=supply.gpu_count,
        tp=supply.gpu_count, replicas=pick.instances, gpus_per_node=supply.gpu_count, nodes=pick.instances,
        share=share if len(pick.shares) > 1 else 1.0, provider=supply.provider, instance=supply.instance,
        region=supply.region, term=TERM_OF.get(supply.kind, "committed"), usd_per_hour=supply.usd,
    ))  # fmt: skip
