"""The cheapest fleet of replicas that holds a load of requests within objectives.

For each offer and each split of GPUs into replicas:

    a replica holds L requests/s within the objectives (`cost/serving/replicas.py`)
    replicas = ceil(load / L), in whole instances, among all of which the load is shared out
    USD per hour = instances * price of the instance

All splits on all GPU types are worked out at once over few loads; those that are shown again over many, and
the first is simulated request by request: where its percentiles do not hold it gets more replicas, and is
ranked anew.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from whichgpu.cost.answers import Z90
from whichgpu.cost.calibration.spread import found_for
from whichgpu.cost.coefficients import section
from whichgpu.cost.estimate import finish
from whichgpu.cost.job.layout import lay_out
from whichgpu.cost.job.requests import Requests
from whichgpu.cost.serving.replicas import replicas
from whichgpu.cost.serving.steady import Met
from whichgpu.errors import UsageError
from whichgpu.hardware.parts import is_part
from whichgpu.planner.caution import stated
from whichgpu.planner.fleets.ways import Ways, ways
from whichgpu.planner.market import (
    cheapest_of_a_kind,
    considered,
    devices,
    in_parts,
    needed,
    trust,
    usable_offers,
)
from whichgpu.prices import live
from whichgpu.prices import store as prices
from whichgpu.prices.sellers import joined
from whichgpu.values import NamedTuple, immutable
from whichgpu.workloads.workload import resolve

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from whichgpu.cost.estimates import Estimates
    from whichgpu.cost.serving.replicas import Replicas
    from whichgpu.cost.serving.slo import Term
    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.planner.reasons import Reason
    from whichgpu.planner.request import Request
    from whichgpu.prices.offers import Offer

    Array = NDArray[np.float64]

#: Loads of the second look, and of one candidate how much less a replica is given where simulation says no.
_FINE, _LESS = 20, 0.96
#: What is told of a replica at work.
_METRICS, _TOLD = ("ttft", "tpot", "latency"), ("mean", "p50", "p90", "p95", "p99")


@immutable
class Load:
    """What is asked of the whole fleet: requests/s at random, or users; neither for one instance at its most.

    Each of `users` sends a request, reads the answer for `pause` s and sends the next.
    """

    rate: float | None = None
    users: float | None = None
    pause: float = 0.0

    @property
    def stated(self) -> bool:
        """Whether there is one."""
        return self.rate is not None or self.users is not None

    def needs(self, rate: Array, users: Array) -> Array:
        """Replicas, of which each serves so many requests/s and users within the objectives."""
        asked, each = (self.rate, rate) if self.users is None else (self.users, users)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.ceil(np.maximum((asked or 0.0) / each * (1.0 - 1e-12), 1.0))


class Choice(NamedTuple):
    """A split (column) on a GPU type (row) under an offer: replicas, instances, and requests/s of each."""

    row: int
    column: int
    offer: Offer
    replicas: int
    instances: int
    most: float
    trust: int

    @property
    def usd_per_hour(self) -> float:
        """Of the whole fleet."""
        return self.instances * self.offer.usd_per_hour


class Space(NamedTuple):
    """What was searched: ways to split, the replicas of each, offers by row, the load and the objectives."""

    request: Request
    ways: Ways
    found: Replicas
    offers: Sequence[Sequence[Offer]]
    load: Load
    terms: Sequence[Term]

    def rank(self, choice: Choice) -> tuple[int, float, float]:
        """What choices are ranked by: trust in the price, USD/h (for each request/s without a load), GPUs."""
        gpus = choice.instances * choice.offer.gpu_count
        served = 1.0 if self.load.stated else choice.most * choice.replicas
        return choice.trust, choice.usd_per_hour / served, gpus


def searched(
    request: Request, terms: Sequence[Term], load: Load, catalogue: Catalogue, offers: Sequence[Offer] | None
) -> tuple[Space | None, dict[str, Reason]]:
    """Every split on every GPU that may be had; None where there is no GPU. And why others are out."""
    workload = resolve(request.job.workload)
    wanted = devices(request, catalogue)
    pool = in_parts(live.current() if offers is None else tuple(offers), wanted, catalogue)
    usable = usable_offers(request, pool, wanted)
    rejected: dict[str, Reason] = {}
    gpus = stated(considered(wanted, request, usable, prices.by_device(pool), rejected), request, rejected)
    if not gpus:
        return None, rejected
    if Requests.of(request.job).prefill_gpus:
        raise UsageError(
            "recommend --slo looks for replicas that compute prompts and tokens; for GPUs of their own for "
            "prompts ask of one kind: predict --gpu GPU:N --slo .. --option prefill_gpus=.."
        )
    split = ways(request.job, workload)
    found = replicas(split.sweep, gpus)
    # A laptop has the one GPU that it is sold with.
    alone = np.array([[gpu.segment == "laptop"] for gpu in gpus]) & (np.asarray(split.gpus) > 1)
    found = replace(found, places=np.where(alone, 0.0, found.places))
    cheapest = [cheapest_of_a_kind(usable[gpu.id], request) for gpu in gpus]
    return Space(request, split, found, cheapest, load, terms), rejected


def chosen(space: Space) -> dict[int, Choice]:
    """The cheapest choice of each GPU type that has one, by row."""
    most, _ = space.found.largest(space.terms)
    count = _counts(space, most)
    best: dict[int, Choice] = {}
    for row, offers in enumerate(space.offers):
        for offer in offers:
            for column in np.flatnonzero(most[row] > 0.0).tolist():
                one = _choice(space, (row, column), offer, float(most[row, column]), count[row, column])
                if one and (row not in best or space.rank(one) < space.rank(best[row])):
                    best[row] = one
    return best


def _counts(space: Space, most: Array) -> Array:
    """Replicas of each cell that the load needs, (G, J)."""
    held = space.found.at(most, space.found.users(space.load.pause))
    return space.load.needs(most, held)


def _choice(space: Space, cell: tuple[int, int], offer: Offer, most: float, count: float) -> Choice | None:
    """So many replicas in whole instances of an offer; None where one has no room in them."""
    size, stage = int(space.ways.gpus[cell[1]]), int(space.ways.stage[cell[1]])
    inside, known = int(offer.gpu_count), trust(offer, space.request)
    if size > 1 and is_part(space.found.gpus[cell[0]]):
        return None
    if size <= inside:
        instances = needed(count, inside // size) if space.load.stated else 1
        return Choice(*cell, offer, instances * (inside // size), instances, most, known)
    # A replica wider than an instance has whole stages in each of several nodes.
    if size % inside or inside % stage or inside < section("links")["node"] or not joined(offer):
        return None
    whole = int(count) if space.load.stated else 1
    return Choice(*cell, offer, whole, whole * (size // inside), most, known)


class Operation(NamedTuple):
    """A choice at work, as the model has it: requests/s of each replica, and what it meets.

    `times` holds s by metric: its mean, the `low` and `high` of that, and percentiles. `share` is of the time
    that goes into prompts, `spread` the log standard deviation of times, `safe` the instances needed where
    every time is at the upper end of its interval, None where none would do. `binding` is the objective that
    limits a replica, `memory` B needed and there.
    """

    rate: float
    utilisation: float
    times: dict[str, dict[str, float]]
    share: float
    spread: float
    safe: int | None
    binding: Term | None
    basis: str
    watts: float
    memory: tuple[float, float]


def refined(space: Space, choices: Sequence[Choice]) -> list[tuple[Choice, Operation]]:
    """Choices looked at more closely, each with as many replicas as it takes then, and how they work."""
    answers: list[tuple[Choice, Operation]] = []
    for column in sorted({one.column for one in choices}):
        group = [one for one in choices if one.column == column]
        found = replicas(space.ways.job(column), [space.found.gpus[one.row] for one in group], _FINE)
        own = space._replace(found=found, ways=space.ways.only(column), offers=[[one.offer] for one in group])
        answers += _at_work(own, group, column)
    return answers


def _at_work(space: Space, group: Sequence[Choice], column: int) -> list[tuple[Choice, Operation]]:
    """Choices of one split, each in a row of the space."""
    most, binding = space.found.largest(space.terms)
    # What was given less after a simulation keeps to it.
    kept = np.array([[-one.most if one.most < 0.0 else most[i, 0]] for i, one in enumerate(group)])
    counts = _counts(space, kept)
    again = [
        _choice(space, (i, 0), one.offer, float(kept[i, 0]), float(counts[i, 0]))
        if kept[i, 0] > 0.0
        else None
        for i, one in enumerate(group)
    ]
    rates = np.array([[_each(space, i, one) if one else 1e-9] for i, one in enumerate(again)])
    others = space.found.at(rates, space.found.others)
    laid = lay_out(space.ways.job(0), space.found.gpus, met=Met(others, np.zeros(1), np.ones_like(others)))
    at = _work(space, finish(laid, found_for(laid)), rates, binding)
    return [
        (one._replace(row=before.row, column=column), _operation(space, at, i, one))
        for i, (before, one) in enumerate(zip(group, again, strict=True))
        if one is not None
    ]


class _Work(NamedTuple):
    """Replicas at their rates, each array (G, 1): times by metric and `mean` or percentile."""

    told: Estimates
    rates: Array
    times: dict[str, dict[str, Array]]
    share: Array
    safe: Array
    binding: NDArray[np.int_]


def _work(space: Space, told: Estimates, rates: Array, binding: NDArray[np.int_]) -> _Work:
    found = space.found
    times = {
        metric: {how: found.at(rates, found.values(metric, how)) for how in _TOLD} for metric in _METRICS
    }
    safe, _ = found.largest(space.terms, slower=np.exp(Z90 * told.spread))
    return _Work(told, rates, times, found.at(rates, found.prompts), safe, binding)


def _operation(space: Space, at: _Work, row: int, choice: Choice) -> Operation:
    figures, limit = at.told.figures(row, 0), int(at.binding[row, 0])
    times: dict[str, dict[str, float]] = {}
    for metric in _METRICS:
        values = {how: float(value[row, 0]) for how, value in at.times[metric].items()}
        interval = getattr(figures, metric)
        wide = float(interval.high / interval.mid)
        times[metric] = {**values, "low": values["mean"] / wide, "high": values["mean"] * wide}
    rate = float(at.rates[row, 0])
    return Operation(
        rate=rate, utilisation=rate / float(space.found.capacity[row, 0]), times=times,
        share=float(at.share[row, 0]), spread=float(at.told.spread[row, 0]),
        safe=_safe(space, row, choice, at.safe),
        binding=space.terms[limit] if limit < len(space.terms) else None,
        basis=at.told.bases[row], watts=float(at.told.power[row, 0]),
        memory=(float(at.told.required[row, 0]), float(at.told.available[row, 0])),
    )  # fmt: skip


def _each(space: Space, row: int, choice: Choice) -> float:
    """Requests/s of each replica of a choice."""
    load, found = space.load, space.found
    if load.rate is not None:
        return load.rate / choice.replicas
    if load.users is None:
        return choice.most
    users = found.users(load.pause)[row, 0]
    return float(np.interp(load.users / choice.replicas, users, found.rate[row, 0]))


def _safe(space: Space, row: int, choice: Choice, most: Array) -> int | None:
    held = float(most[row, 0])
    if held <= 0.0:
        return None
    if not space.load.stated:
        return choice.instances
    count = float(_counts(space, np.maximum(most, 1e-12))[row, 0])
    again = _choice(space, (row, 0), choice.offer, held, count)
    return None if again is None else again.instances


def given_less(choice: Choice, rate: float) -> Choice:
    """A choice of which each replica is given less than the `rate` at which simulation said no.

    What a replica is given is then negative, which `refined` leaves as it is.
    """
    return choice._replace(most=-rate * _LESS)


def nearest(space: Space) -> tuple[int, int, float]:
    """The cell whose request alone comes nearest to the objectives, and how many times too slow it is."""
    excess = np.zeros(space.found.places.shape)
    for term in space.terms:
        alone = space.found.values(term.metric, term.how)[..., 0]
        excess = np.maximum(excess, alone / term.most)
    excess = np.where(space.found.places >= 1.0, excess, np.inf)
    row, column = np.unravel_index(int(np.argmin(excess)), excess.shape)
    return int(row), int(column), float(excess[row, column])
