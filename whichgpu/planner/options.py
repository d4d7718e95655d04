"""Every way to do a job as arrays: offers x configurations, and what each comes to under a request.

    throughput per instance = floor(GPUs per instance / GPUs per replica) * throughput of a replica
    instances    = ceil(target / throughput per instance), or as many as end a job of a size by its deadline
    USD per hour = instances * price of the instance
    seconds      = size / (throughput per instance * instances), longer where spot capacity is taken back
    USD per unit = USD per hour / (3600 * rate)
    J per unit   = W / rate; at a target instances * (idle W + (W - idle W) * share at work) / target

A training run is one job on all GPUs that it has: its throughput is that of all of them, and an option with
several nodes is a configuration of its own.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.coefficients import section
from whichgpu.cost.energy import idle
from whichgpu.hardware.parts import is_part
from whichgpu.planner.grid import WORTH, gpus_per_copy, where_any
from whichgpu.planner.market import trust
from whichgpu.prices.purchase import purchase_price
from whichgpu.prices.sellers import joined
from whichgpu.units import HOUR
from whichgpu.values import NamedTuple, immutable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from whichgpu.cost.estimates import Estimates
    from whichgpu.planner.request import Request
    from whichgpu.prices.offers import Offer

    Array = NDArray[np.float64]
    Ints = NDArray[np.int_]
    Bools = NDArray[np.bool_]


@immutable
class Options:
    """Ways to do it, all arrays (N,): GPU type (`row`) and configuration (`column`) of a sweep, and `offer`.

    `rate` is units/s, `usd` USD/h, `watts` W and `idle` W without work of one instance of `count` GPUs;
    `nodes` instances are one job together; `slower` is how many times longer a job takes on capacity that is
    taken back now and then, `price` what the cards of an instance cost to buy, in USD, where they are bought.
    """

    sweep: Estimates
    offers: Sequence[Offer]
    row: Ints
    column: Ints
    offer: Ints
    size: Ints
    count: Array
    nodes: Array
    rate: Array
    latency: Array
    watts: Array
    idle: Array
    usd: Array
    trust: Ints
    slower: Array
    price: Array

    def only(self, which: Bools | Ints) -> Options:
        """Some of them."""
        own = {name: getattr(self, name)[which] for name in _ARRAYS}
        return Options(sweep=self.sweep, offers=self.offers, **own)


_ARRAYS = ("row", "column", "offer", "size", "count", "nodes", "rate", "latency", "watts", "idle", "usd",
           "trust", "slower", "price")  # fmt: skip


def options(
    request: Request, sweep: Estimates, offers: Sequence[Sequence[Offer]], *, unsure: bool = False
) -> Options:
    """Every option of a sweep whose job fits, `offers` by GPU type of the sweep.

    Of an offer those that may run out of memory are left out where others surely fit, unless `unsure`.
    """
    shape = sweep.seconds.shape
    group = np.broadcast_to(gpus_per_copy(sweep.job), shape)
    together = np.broadcast_to(np.asarray(sweep.job.n_gpus, dtype=np.float64), shape)
    flat = [offer for rows in offers for offer in rows]
    counts = _each([float(int(offer.gpu_count)) for offer in flat])
    row = np.repeat(np.arange(len(offers)), np.array([len(rows) for rows in offers], dtype=np.int_))
    # Parts of a GPU do the same side by side, and never one thing together.
    alone = np.array([is_part(gpu) for gpu in sweep.devices.gpus])[row][:, None]
    # Offers (rows) by configurations (columns): those that fit, on instances that have GPUs for them.
    if sweep.job.trains:
        near = np.array([joined(one) for one in flat], dtype=bool)
        whole = _whole(together[row] / counts[:, None], (counts >= section("links")["node"]) & near, request)
        able = sweep.fits[row] & np.where(alone, together[row] == 1.0, whole)
    else:
        able = sweep.fits[row] & (group[row] <= np.where(alone, 1.0, counts[:, None]))
    able = able if unsure else where_any(able & sweep.surely[row], able)
    offer, column = np.nonzero(able)
    row, count, alone = row[offer], counts[offer], alone[offer, 0]
    if sweep.job.trains:
        size = together[row, column]
        nodes = np.where(alone, 1.0, size / count)
        copies = 1.0 / np.maximum(nodes, 1e-9)
    else:
        size, nodes = group[row, column], np.ones(len(offer))
        copies = np.floor(count / size)
    return Options(
        sweep=sweep, offers=flat, row=row, column=column, offer=offer, size=size.astype(np.int_),
        count=count, nodes=nodes, rate=sweep.throughput[row, column] * copies,
        latency=sweep.latency[row, column],
        watts=np.broadcast_to(sweep.power, shape)[row, column] * count,
        idle=idle(sweep)[row, 0] * count,
        usd=_each([one.usd_per_hour for one in flat])[offer],
        trust=np.array([trust(one, request) for one in flat], dtype=np.int_)[offer],
        slower=_slower(request, flat, offer, nodes), price=_each([_price(one) for one in flat])[offer],
    )  # fmt: skip


def _each(numbers: list[float]) -> Array:
    return np.array(numbers, dtype=np.float64)


def _whole(nodes: Array, linked: Bools, request: Request) -> Bools:
    """Whether so many nodes can be had: one; several `linked` machines for a job whose size is known.

    Single GPUs that are rented one by one have no fast link between them, so they are no run together, nor
    are machines of different hosts. As many nodes are tried of one offer beside others as of it alone: not
    five of eight, where another has ten.
    """
    whole = np.isin(np.round(nodes, 9), NODES)
    most = np.where(linked[:, None] & (request.size is not None), NODES[-1], 1)
    return np.asarray(whole & (nodes >= 1.0) & (nodes <= most))


#: Nodes of one training run that are tried: the next is a quarter more at most, from four on.
NODES = (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 56, 64, 80, 96, 112, 128)


def together(request: Request, offers: Sequence[Sequence[Offer]]) -> list[float]:
    """GPUs of one training run that are tried: of an instance; of several where it has an end and must hurry.

    A run that is cut over its GPUs has several, and may take several instances.
    """
    hurried = request.deadline is not None or request.objective == "time"
    nodes = NODES if request.size is not None and (hurried or request.cut) else (1,)
    # Of parts of a GPU a run has one.
    each = {1.0 if ":" in (offer.gpu or "") else offer.gpu_count for rows in offers for offer in rows}
    counts = sorted({count * many for count in each for many in nodes})
    return [count for count in counts if count > 1.0] or counts if request.cut else counts


def _slower(request: Request, offers: Sequence[Offer], which: Ints, machines: Array) -> Array:
    """How many times longer a job takes where capacity is taken back, a run on several with any of them."""
    slower = np.ones(len(which))
    if request.size is None:
        return slower
    from whichgpu.prices import spot

    for pair in {(int(one), float(many)) for one, many in zip(which, machines, strict=True)}:
        if offers[pair[0]].kind == "spot":
            hours = spot.expected(offers[pair[0]], 1.0, spot.habits(), machines=pair[1]).hours
            slower[(which == pair[0]) & (machines == pair[1])] = hours
    return slower


def _price(offer: Offer) -> float:
    """USD of the cards of an instance that is bought; not a number of one that is rented."""
    if offer.kind != "buy" or offer.gpu is None:
        return math.nan
    stored = purchase_price(offer.gpu)
    return math.nan if stored is None else stored.usd * offer.gpu_count


class Outcome(NamedTuple):
    """What options come to, all arrays (N,); of a job without a size, totals are not numbers."""

    instances: Array
    usd_per_hour: Array
    usd_per_unit: Array
    usd_per_unit_full: Array
    latency: Array
    seconds: Array
    usd_total: Array
    joules_per_unit: Array
    joules_total: Array
    watts: Array
    seconds_per_unit: Array
    gpu_seconds_per_unit: Array
    usd_to_buy: Array


def outcome(found: Options, request: Request) -> Outcome:
    """What each option comes to."""
    with np.errstate(divide="ignore", invalid="ignore"):
        instances = _instances(found, request)
        usd_per_hour = instances * found.usd
        full = found.usd * found.slower / (HOUR * found.rate)
        joules = found.watts * found.slower / found.rate
        if request.target is not None:
            busy = np.minimum(request.target.rate / (found.rate * instances), 1.0)
            joules = instances * (found.idle + (found.watts - found.idle) * busy) / request.target.rate
        units = np.nan if request.size is None else request.size.units
        seconds = units / (found.rate * instances) * found.slower
        each = full if request.target is None else usd_per_hour / (HOUR * request.target.rate)
    return Outcome(
        instances=instances, usd_per_hour=usd_per_hour, usd_per_unit=each, usd_per_unit_full=full,
        latency=found.latency, seconds=seconds, usd_total=usd_per_hour * seconds / HOUR,
        joules_per_unit=joules, joules_total=joules * units, watts=found.watts * instances,
        seconds_per_unit=1.0 / np.maximum(found.rate, 1e-12),
        gpu_seconds_per_unit=found.count / np.maximum(found.rate, 1e-12), usd_to_buy=found.price * instances,
    )  # fmt: skip


def _instances(found: Options, request: Request) -> Array:
    """Instances of each option: for the target, by the deadline, as many as money buys, or one."""
    if request.target is not None:
        return _ceil(request.target.rate / found.rate)
    if request.size is None or found.sweep.job.trains:
        return found.nodes
    if request.deadline is not None:
        return _ceil(request.size.units * found.slower / (found.rate * request.deadline))
    if request.objective == "time" and request.budget is not None:
        return np.maximum(np.floor(request.budget / found.usd * (1.0 + 1e-12)), 1.0)
    return found.nodes


def _ceil(ratio: Array) -> Array:
    """Whole instances, exact multiples not rounded up by the last bit."""
    return np.maximum(np.ceil(ratio * (1.0 - 1e-12)), 1.0)


#: More cards to buy that make work no tenth cheaper are no better buy than fewer.
_AS_GOOD = 1.1


def primary(result: Outcome, request: Request) -> Array:
    """What the objective makes small: USD, s, GPU-seconds or J."""
    if request.objective == "cost":
        return result.usd_per_unit_full if request.size is None else result.usd_total
    if request.objective == "energy":
        return result.joules_per_unit
    if request.objective == "throughput":
        return result.gpu_seconds_per_unit
    return result.latency if request.objective == "latency" else result.seconds


def best(found: Options, result: Outcome, request: Request) -> dict[int, int]:
    """The index of the best option of each GPU type (row).

    Of one offer the configuration that is best by the objective, the quicker or smaller one where it is
    close; then of all offers the best one, current prices first.
    """
    if not found.row.size:
        return {}
    one = heads(found, result, request)
    final, usd = primary_exact(result, request)[one], _spent(result, request)[one]
    keys: tuple[Any, ...] = (found.count[one], usd, final)
    if request.term == "buy" and request.objective == "cost" and not _counts(request):
        # The fewest that come close: two for twice the work are no better buy than one.
        least = np.full(len(found.sweep.devices.gpus), np.inf)
        np.fmin.at(least, found.row[one], final)
        keys = (usd, final, found.count[one], final > least[found.row[one]] * _AS_GOOD)
    ranked = one[np.lexsort((*keys, found.trust[one], found.row[one]))]
    rows, where = np.unique(found.row[ranked], return_index=True)
    return {int(row): int(ranked[at]) for row, at in zip(rows, where, strict=True)}


def heads(found: Options, result: Outcome, request: Request) -> Ints:
    """The index of the configuration that stands for each offer.

    It is the quickest of those that are nearly as good as the best, and take no more instances; of training
    runs the one on fewest GPUs, each of which costs and ends the sooner the more there are.
    """
    slack = WORTH if request.objective in ("cost", "energy") else 1.0 + 1e-9
    far = _beyond(primary(result, request), slack, found, result)
    keys = [found.size, result.latency]
    if _counts(request) and found.sweep.job.trains:
        keys.reverse()
    elif _counts(request):
        far |= _beyond(primary_exact(result, request), 1.0 + 1e-9, found, result)
    order = np.lexsort((*keys, far, found.offer))
    return np.asarray(order[np.unique(found.offer[order], return_index=True)[1]])


def _counts(request: Request) -> bool:
    """Whether whole instances are counted, of which one more costs what no slack is worth."""
    return request.objective == "cost" and (request.target is not None or request.deadline is not None)


def _beyond(aim: Array, slack: float, found: Options, result: Outcome) -> Bools:
    """Which options are above `slack` times the least of their offer; by speed where it has no price."""
    aim = np.where(np.isnan(aim), result.seconds_per_unit, aim)
    least = np.full(len(found.offers), np.inf)
    np.minimum.at(least, found.offer, aim)
    return np.asarray(aim > least[found.offer] * slack)


def primary_exact(result: Outcome, request: Request) -> Array:
    """The objective as it is counted in whole instances."""
    return _spent(result, request) if request.objective == "cost" else primary(result, request)


def _spent(result: Outcome, request: Request) -> Array:
    """USD: of the whole fleet for a target or a size, of a unit of work else."""
    if request.size is not None:
        return result.usd_total
    return result.usd_per_unit if request.target is None else result.usd_per_hour
