"""What may be had and carries some of the work: alone, or in twos what one alone cannot."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from whichgpu.hardware.slices import device
from whichgpu.planner.plan.capacities import ability, held
from whichgpu.planner.plan.offering import had
from whichgpu.planner.plan.starting import start_of
from whichgpu.planner.plan.supply import barred
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.planner.plan.asked import Asked
    from whichgpu.planner.plan.capacities import Ability, Held
    from whichgpu.planner.plan.supply import Supply
    from whichgpu.workloads.job import Job

#: Machines over which one replica may lie.
_NODES = 2
#: How a class of offers is out that carries nothing.
_NOTHING, _NOT_ASKED = "carries none of the demands", "is not asked for"


class Supplies(NamedTuple):
    """Columns, what each carries by (demand, column), jobs of replicas, and who is out."""

    supplies: tuple[Supply, ...]
    held: dict[tuple[str, int], Held]
    jobs: dict[tuple[str, int], Job]
    rejected: tuple[tuple[str, int, str, str], ...]


def supplies(asked: Asked, catalogue: Catalogue, today: date) -> Supplies:
    """Everything that carries some of the work; own options replace what is stored."""
    out: list[tuple[str, int, str, str]] = []
    plain = list(had(asked, catalogue, today, out))
    if asked.options:
        able = [_able(asked, one, catalogue) for one in plain]
        out += [
            (one.name, 1, _NOT_ASKED if why else _NOTHING, why or "its capacity names no demand above zero")
            for one, why in able
            if not _carries(one)
        ]
        return Supplies(tuple(one for one, _ in able if _carries(one)), {}, {}, tuple(out))
    return _carrying(asked, plain, catalogue, out)


def _able(asked: Asked, one: Supply, catalogue: Catalogue) -> tuple[Supply, str]:
    """An option with its capacity for those demands alone that may run there, and why not the others."""
    assert one.option is not None
    gpu = None if one.gpu is None else device(one.gpu, catalogue)
    rates = one.option.capacity
    why = {demand.name: barred(demand, one, gpu) for demand in asked.demands if demand.name in rates}
    kept = {name: rates[name] for name, reason in why.items() if not reason}
    said = f"is left out by the {' and the '.join(filter(None, why.values()))}" if any(why.values()) else ""
    return replace(one, option=replace(one.option, capacity=kept)), said


def _carries(one: Supply) -> bool:
    assert one.option is not None
    return any(rate > 0.0 for rates in one.option.capacity.values() for rate in rates.values())


class _Known(NamedTuple):
    """What the cost model said: abilities by demand, and the rows of GPU types in them."""

    asked: Asked
    catalogue: Catalogue
    found: dict[str, Ability]
    rows: dict[str, dict[str, int]]

    def held(self, one: Supply, nodes: int) -> dict[str, Held]:
        """What so many machines carry of each demand that may run there."""
        gpu = device(str(one.gpu), self.catalogue)
        carried = {
            demand.name: held(
                demand, self.found[demand.name], self.rows[demand.name][gpu.id], one.gpu_count, nodes
            )
            for demand in self.asked.demands
            if not barred(demand, one, gpu)
        }
        return {name: each for name, each in carried.items() if each is not None}

    def taken(self, one: Supply, nodes: int) -> Supply:
        """So many machines as one column."""
        gpu = device(str(one.gpu), self.catalogue)
        able, row = next(
            (self.found[name], rows[gpu.id]) for name, rows in self.rows.items() if gpu.id in rows
        )
        idle = float(able.idle[row]) * one.gpu_count * nodes
        made = replace(one, idle=idle, start=start_of(self.asked, gpu, one.kind))
        if nodes == 1:
            return made
        return replace(
            made, name=f"{nodes} x {one.name}", usd=nodes * one.usd, nodes=nodes,
            body=f"{nodes} x {one.body}", most=np.floor(one.most / nodes),
        )  # fmt: skip

    def why(self, one: Supply) -> tuple[str, str]:
        """Why it carries nothing: the kind of reason, and the reason."""
        gpu = device(str(one.gpu), self.catalogue)
        barring = [barred(demand, one, gpu) for demand in self.asked.demands]
        if all(barring):
            return _NOT_ASKED, f"is left out by the {' and the '.join(barring)}"
        able = [demand.name for demand, why in zip(self.asked.demands, barring, strict=True) if not why]
        said = (self.found[name].why[self.rows[name][gpu.id]] for name in able)
        return _NOTHING, next(filter(None, said), f"its {one.gpu_count} GPUs are too few for any split")


def _carrying(
    asked: Asked, plain: Sequence[Supply], catalogue: Catalogue, out: list[tuple[str, int, str, str]]
) -> Supplies:
    known = _known(asked, plain, catalogue)
    kept: list[Supply] = []
    carried: dict[tuple[str, int], Held] = {}
    jobs: dict[tuple[str, int], Job] = {}
    lost: dict[tuple[str, str], list[str]] = {}
    for one in plain:
        alone = known.held(one, 1)
        pair = {name: each for name, each in known.held(one, _NODES).items() if name not in alone}
        for nodes, able in ((1, alone), (_NODES, pair)):
            for name, each in able.items():
                carried[name, len(kept)] = each
                row = known.rows[name][device(str(one.gpu), catalogue).id]
                jobs[name, len(kept)] = known.found[name].job(each.split, row)
            if able:
                kept.append(known.taken(one, nodes))
        if not (alone or pair):
            kind, why = known.why(one)
            lost.setdefault((str(one.gpu), kind), []).append(why)
    out += [(gpu, len(why), kind, why[0]) for (gpu, kind), why in lost.items()]
    return Supplies(tuple(kept), carried, jobs, tuple(out))


def _known(asked: Asked, plain: Sequence[Supply], catalogue: Catalogue) -> _Known:
    """The cost model asked for each demand on the GPUs that it may run on."""
    found: dict[str, Ability] = {}
    rows: dict[str, dict[str, int]] = {}
    for demand in asked.demands:
        may = [one.gpu for one in plain if one.gpu and not barred(demand, one, device(one.gpu, catalogue))]
        gpus: list[Gpu] = [device(key, catalogue) for key in dict.fromkeys(may)]
        if gpus:
            found[demand.name] = ability(demand, gpus, cautious=asked.cautious)
        rows[demand.name] = {gpu.id: row for row, gpu in enumerate(gpus)}
    return _Known(asked, catalogue, found, rows)
