"""Measured rows as one array problem: what a fit predicts of all of them, and the slopes.

The ops of every row stand in flat arrays, (N,), sorted by row. Ops that the same effects apply to share a
*signature*; a row and a signature make a *pair*, over which the slopes are summed before they are dealt
out to the effects. The formulas are those of `time.evaluate`, called on other shapes.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.calibration.effects import (
    compute_terms,
    launch_terms,
    link_terms,
    memory_terms,
    workload_terms,
)
from whichgpu.cost.calibration.slopes import Places
from whichgpu.cost.parallel.exchange import Exchange
from whichgpu.cost.timing.time import BOUND, FEED, PACE, between, bounded, fed, paced, together
from whichgpu.values import NamedTuple, immutable

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

    from numpy.typing import NDArray

    from whichgpu.cost.calibration.effects import Terms
    from whichgpu.cost.calibration.fitting import Group
    from whichgpu.cost.calibration.slopes import Slopes
    from whichgpu.cost.timing.time import Kernels

    Array = NDArray[np.float64]
    Index = NDArray[np.intp]

#: A relative change that is small against rounding of 1e-16 and against any curvature.
_SMALL = 1e-5
#: Workloads of a family from which on it has effects of its own.
_MEMBERS = 3
#: What rows of one job agree in, and how many of them count as rows of their own.
_SAME, _ALIKE = ("source", "gpu", "workload", "phase", "precision"), 3.0


@dataclass
class Signatures:
    """Sets of effects: set `s` has the effects `index[start[s]:start[s + 1]]` with their weights."""

    known: dict[Hashable, int] = field(default_factory=dict)
    sets: list[Terms] = field(default_factory=list)

    def number(self, key: Hashable, terms: Callable[[], Terms]) -> int:
        """The number of a set; `terms` makes it where the key is new."""
        if key not in self.known:
            self.known[key] = len(self.sets)
            self.sets.append(terms())
        return self.known[key]

    def packed(self, names: dict[str, int]) -> Packed:
        """The sets as arrays; effects that are new are added to `names`."""
        sizes = [len(terms) for terms in self.sets]
        index = [names.setdefault(name, len(names)) for terms in self.sets for name in terms]
        weights = [weight for terms in self.sets for weight in terms.values()]
        return Packed(np.cumsum([0, *sizes]), np.array(index, dtype=np.intp), np.array(weights, dtype=float))


class Packed(NamedTuple):
    """`Signatures` as arrays."""

    start: Index
    effect: Index
    weights: Array

    def sums(self, theta: Array) -> Array:
        """The sum of the weighted effects of each set."""
        total = np.concatenate([[0.0], np.cumsum(theta[self.effect] * self.weights)])
        return np.asarray(total[self.start[1:]] - total[self.start[:-1]])

    def dealt(self, rows: Index, sets: Index) -> tuple[Index, Index, Index, Array]:
        """How many effects a value of each row and set speaks to, and of these the rows, effects, weights."""
        sizes = self.start[sets + 1] - self.start[sets]
        ends = np.cumsum(sizes)
        place = np.arange(ends[-1] if len(ends) else 0) + np.repeat(self.start[sets] - (ends - sizes), sizes)
        return sizes, np.repeat(rows, sizes), self.effect[place], self.weights[place]


class Pairs(NamedTuple):
    """The distinct (row, signature) of the ops, and which of them each op has."""

    rows: Index
    sets: Index
    of: Index

    @classmethod
    def make(cls, rows: Index, sets: Index) -> Pairs:
        """The pairs of ops whose rows and signatures these are."""
        most = int(sets.max()) + 1
        keys, of = np.unique(rows * most + sets, return_inverse=True)
        return cls(keys // most, keys % most, of)


@immutable(slots=False)
class Problem:
    """Rows to fit; `ops` are arrays over executed ops, `row` over rows."""

    groups: tuple[Group, ...]
    rows: tuple[Mapping[str, str], ...]
    names: tuple[str, ...]
    measured: Array
    ops: Mapping[str, NDArray[Any]]
    row: Mapping[str, Array]
    starts: Index
    by: Mapping[str, Packed]
    compute_pairs: Pairs
    memory_pairs: Pairs
    #: The rows that train on replicas, by number, and what these exchange, each part (rows,) of them.
    exchanging: tuple[Index, Exchange]

    @classmethod
    def of(cls, groups: Sequence[Group]) -> Problem:
        """The problem of measured groups."""
        return _Builder().build(groups)

    @cached_property
    def says(self) -> Array:
        """How much each row has to say, (rows,): what many rows of one job have in common they say once.

        Rows of one workload, phase and format that one source ran on one GPU differ in batch or version, and
        share what that machine did: n of them beyond `_ALIKE` count as the root of n x `_ALIKE`.
        """
        keys = [tuple(row[name] for name in _SAME) for row in self.rows]
        count = Counter(keys)
        return np.array([min(1.0, math.sqrt(_ALIKE / count[key])) for key in keys])

    def blocks(self) -> list[Index]:
        """The rows of each runtime, by number."""
        found: dict[str, list[int]] = {}
        for group, start in zip(self.groups, self.starts, strict=True):
            found.setdefault(group.layout.runtime.id, []).extend(range(start, start + len(group.rows)))
        return [np.array(rows) for rows in found.values()]

    def predict(self, theta: Array, rows: NDArray[np.bool_] | None = None) -> Array:
        """Logarithm of what each row's metric is predicted to be, (rows,); NaN outside of `rows`."""
        if rows is None:
            return self._evaluate(theta)[0]
        wanted = self._ops_of(np.flatnonzero(rows))
        part = replace(self, ops={name: values[wanted] for name, values in self.ops.items()})
        with np.errstate(divide="ignore"):
            return np.where(rows, part._evaluate(theta, rows)[0], np.nan)

    @cached_property
    def _places(self) -> Places:
        """Where the slopes by what each row and set of effects adds to a pass stand."""
        every = np.arange(len(self.rows))
        pairs = {"compute": self.compute_pairs, "memory": self.memory_pairs}
        spoken = {name: self.by[name].dealt(one.rows, one.sets) for name, one in pairs.items()}
        spoken |= {name: self.by[name].dealt(every, every) for name in ("launch", "workload", "link")}
        return Places.of(self.blocks(), (len(self.rows), len(self.names)), spoken)

    def _ops_of(self, rows: Index) -> Index:
        """The ops of some rows, by number."""
        begins, ends = (np.searchsorted(self.ops["row"], rows, side=side) for side in ("left", "right"))
        sizes = ends - begins
        return np.asarray(np.arange(sizes.sum()) + np.repeat(begins - (np.cumsum(sizes) - sizes), sizes))

    def linearise(self, theta: Array) -> tuple[Array, Slopes]:
        """Log predictions, (rows,), and their slopes by every effect, (rows, effects)."""
        log, parts = self._evaluate(theta, slopes=True)
        sign, whole = self.row["sign"], parts["whole"]
        unfed = whole * parts["fed"]
        per_gpu = -sign * unfed * (parts["gpu"] / parts["paced"]) ** (PACE - 1.0) / parts["pass"]
        by_host = parts["host"] * (parts["host"] / parts["paced"]) ** (PACE - 1.0) / parts["pass"]
        values = {
            name: np.bincount(pairs.of, parts[f"by_{name}"], len(pairs.rows)) * per_gpu[pairs.rows]
            for name, pairs in (("compute", self.compute_pairs), ("memory", self.memory_pairs))
        }
        values |= {
            "launch": sign * unfed * by_host, "workload": -sign * whole, "link": sign * parts["links"],
        }  # fmt: skip
        return log, self._places.dealt(values, (len(self.rows), len(self.names)))

    def _evaluate(
        self, theta: Array, rows: NDArray[np.bool_] | None = None, *, slopes: bool = False
    ) -> tuple[Array, dict[str, Array]]:
        """Log predictions, and with `slopes` the parts that these are made of."""
        ops, row = self.ops, self.row
        compute_factor = np.exp(self.by["compute"].sums(theta))[ops["compute_set"]]
        memory_factor = np.exp(self.by["memory"].sums(theta))[ops["memory_set"]]
        of, n = ops["row"], len(self.rows)
        overlap = row["overlap"][of]
        asked_compute, asked_memory = ops["compute"] / compute_factor, ops["memory"] / memory_factor
        compute = bounded(asked_compute, ops["fastest_compute"])
        memory = bounded(asked_memory, ops["fastest_memory"])
        once = together(compute, memory, overlap)
        gpu = np.bincount(of, ops["count"] * (once + row["gap"][of] * ops["launched"]), n).astype(np.float64)
        host = row["host"] * np.exp(self.by["launch"].sums(theta))
        pace = paced(gpu, host)
        work = pace + row["rest"]
        done = fed(work, row["feeding"])
        step = done / np.exp(self.by["workload"].sums(theta))
        links = np.exp(self.by["link"].sums(theta))
        seconds, whole, by_links = self._jobs(step, links, slopes=slopes)
        log = row["base"] + row["sign"] * (np.log(seconds) - row["seconds"])
        if not slopes:
            return log, {}
        # The slope of (c^p + m^p)^(1/p) splits an op's time as its terms to the p; near a bound less of it
        # is left to the fit.
        with np.errstate(divide="ignore", invalid="ignore"):
            share = ops["count"] * once
            by_compute = np.nan_to_num(
                share * (compute / once) ** overlap * (asked_compute / compute) ** BOUND
            )
            by_memory = np.nan_to_num(share * (memory / once) ** overlap * (asked_memory / memory) ** BOUND)
        return log, {
            "gpu": gpu, "host": host, "paced": pace, "pass": work, "fed": (work / done) ** FEED,
            "whole": whole, "links": by_links,
            "by_compute": by_compute, "by_memory": by_memory,
        }  # fmt: skip

    def _jobs(self, step: Array, links: Array, *, slopes: bool) -> tuple[Array, Array, Array]:
        """Seconds of each row's job, and with `slopes` their elasticities by pass and links."""
        seconds, whole, by_links = step.copy(), np.ones_like(step), np.zeros_like(step)
        here, exchange = self.exchanging
        step, links = step[here], links[here]

        def slope(pass_by: float, link_by: float) -> Array:
            more = exchange.seconds(step * (1.0 + pass_by), links * (1.0 + link_by))
            less = exchange.seconds(step * (1.0 - pass_by), links * (1.0 - link_by))
            return np.asarray(np.log(more / less) / (2.0 * _SMALL))

        seconds[here] = exchange.seconds(step, links)
        if slopes:
            whole[here], by_links[here] = slope(_SMALL, 0.0), slope(0.0, _SMALL)
        return seconds, whole, by_links


class _Builder:
    """Gathers the arrays of a problem, group by group."""

    def __init__(self) -> None:
        self.sets = {name: Signatures() for name in ("compute", "memory", "launch", "workload", "link")}
        self.ops: dict[str, list[Any]] = {}
        self.row: dict[str, list[Any]] = {}
        self.rows: list[Mapping[str, str]] = []
        self.starts: list[int] = []
        self.several: set[tuple[str, str, bool]] = set()

    def build(self, groups: Sequence[Group]) -> Problem:
        self.several = _several(groups)
        for group in groups:
            self.starts.append(len(self.rows))
            self.rows += group.rows
            for kernels in group.layout.work.kernels:
                self._kernels(group, kernels)
            self._rows(group)
        names: dict[str, int] = {}
        by = {name: sets.packed(names) for name, sets in self.sets.items()}
        ops = {name: np.concatenate(parts) for name, parts in self.ops.items()}
        order = np.argsort(ops["row"], kind="stable")
        ops = {name: values[order] for name, values in ops.items()}
        row = {name: np.concatenate(parts) for name, parts in self.row.items()}
        # Signatures of launches, workloads and links stand one for each row.
        for name in ("launch", "workload", "link"):
            by[name] = _one_each(by[name], row.pop(f"{name}_set"))
        of = ops["row"]
        launches = np.bincount(of, ops["count"] * ops.pop("started"), len(self.rows))
        row["host"] = launches * row.pop("launch")
        return Problem(
            tuple(groups), tuple(self.rows), tuple(names),
            np.log([float(one["value"]) for one in self.rows]), ops, row, np.array(self.starts), by,
            Pairs.make(of, ops["compute_set"]),
            Pairs.make(of, ops["memory_set"]), self._exchanging(groups),
        )  # fmt: skip

    def _exchanging(self, groups: Sequence[Group]) -> tuple[Index, Exchange]:
        rows, parts = [np.zeros(0, dtype=np.intp)], [[np.zeros(0)] for _ in Exchange._fields]
        for group, start in zip(groups, self.starts, strict=True):
            laid, size = group.layout, len(group.rows)
            if laid.gradients is not None:
                rows.append(start + np.arange(size))
                for known, part in zip(
                    parts, Exchange.of(laid.gradients, laid.replicas, laid.devices), strict=True
                ):
                    known.append(np.broadcast_to(part, (1, size))[0])
        return np.concatenate(rows), Exchange(*map(np.concatenate, parts))

    def _kernels(self, group: Group, kernels: Kernels) -> None:
        layout, count, size = group.layout, len(kernels.classes), len(group.rows)
        place, stack = layout.devices.traits[0], layout.runtime
        trains: dict[str, Any] = {"trains": layout.job.trains}
        own = {"workload": "" if stack.domain else layout.workload.architecture}
        arrays = {
            "compute": kernels.compute, "memory": kernels.memory, "count": kernels.table.count,
            "fastest_compute": kernels.fastest_compute, "fastest_memory": kernels.fastest_memory,
            "launched": kernels.launched, "started": kernels.started,
        }  # fmt: skip
        for name, values in arrays.items():
            self.ops.setdefault(name, []).append(np.broadcast_to(values, (count, 1, size)).ravel())
        for name, terms, how in (
            ("compute", compute_terms, trains | own), ("memory", memory_terms, trains),
        ):  # fmt: skip
            # Half a million kernels have the same key but for their class.
            shared = (place, stack.stacks, *how.values())
            numbers = [
                self.sets[name].number((kind, *shared), partial(terms, kind, place, stack, **how))
                for kind in kernels.classes
            ]
            self.ops.setdefault(f"{name}_set", []).append(np.repeat(np.array(numbers, dtype=np.intp), size))
        rows = self.starts[-1] + np.arange(size)
        self.ops.setdefault("row", []).append(np.tile(rows, count))

    def _rows(self, group: Group) -> None:
        layout, size = group.layout, len(group.rows)
        stack, job = layout.runtime, layout.job
        rest = np.broadcast_to(stack.fixed + layout.work.communication, (1, size))[0]
        feeding = np.broadcast_to(layout.work.feeding, (1, size))[0]
        stated = layout.devices.launch
        launch = stated or stack.launch * layout.devices.slowness[0, 0]
        arrays = {
            "feeding": feeding, "sign": group.sign, "base": np.log(group.base),
            "seconds": np.log(group.seconds), "rest": rest,
            "gap": np.full(size, between(layout.work)[0, 0]), "launch": np.full(size, launch),
            "overlap": np.full(size, stack.overlap),
        }  # fmt: skip
        for name, values in arrays.items():
            self.row.setdefault(name, []).append(np.asarray(values, dtype=float))
        narrow = layout.devices.traits[0].tf32
        own = workload_terms(layout.workload, job.precision, stack, trains=job.trains, tf32=narrow)
        if _kindred(group) not in self.several:
            own = {name: weight for name, weight in own.items() if not name.startswith("w@")}
        replicas = np.broadcast_to(layout.replicas, (1, size))[0]
        for one, gpus in zip(group.rows, replicas.tolist(), strict=True):
            host = f"{one['gpu']} {one['runtime']}"
            place = layout.devices.traits[0]
            launches = {} if stated else launch_terms(layout.workload.architecture, stack, trains=job.trains)
            self._row_set("launch", launches | {f"host-l/{host}": 1.0})
            self._row_set("workload", own)
            joined = layout.gradients is not None and gpus > 1
            links = (
                link_terms(layout.workload, place, stack, gpus) | {f"host-b/{host} {place.link(gpus)}": 1.0}
                if joined
                else {}
            )
            self._row_set("link", links)

    def _row_set(self, name: str, terms: Terms) -> None:
        number = self.sets[name].number(tuple(sorted(terms.items())), lambda: terms)
        self.row.setdefault(f"{name}_set", []).append(np.array([number], dtype=np.intp))


def _kindred(group: Group) -> tuple[str, str, bool]:
    """What rows of one family have in common: the family, what runs it, and whether that trains."""
    laid = group.layout
    return laid.workload.family, laid.runtime.kernels, laid.job.trains


def _several(groups: Sequence[Group]) -> set[tuple[str, str, bool]]:
    """The families of which enough was measured to tell one workload of it from all."""
    members: dict[tuple[str, str, bool], set[str]] = {}
    for group in groups:
        members.setdefault(_kindred(group), set()).add(group.layout.workload.architecture)
    return {key for key, ids in members.items() if len(ids) >= _MEMBERS}


def _one_each(packed: Packed, sets: Index) -> Packed:
    """The sets of each row in turn, so that row and set have one number."""
    sizes = packed.start[sets + 1] - packed.start[sets]
    ends = np.cumsum(sizes)
    place = np.arange(ends[-1] if len(ends) else 0) + np.repeat(packed.start[sets] - (ends - sizes), sizes)
    return Packed(np.concatenate([[0], ends]), packed.effect[place], packed.weights[place])
