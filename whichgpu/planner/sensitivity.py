"""Which input would flip the answer, and at what value: prices, the rate, the size of a batch, limits.

Each input is moved alone, all else as asked, until another GPU type comes first:

    price       the runner-up is first once it costs less than its price times the ratio of the two
    rate, size  counted anew over a grid of three decades either way; whole instances make the steps
    batch       each batch (or number of requests in flight) of the grid by itself
    limits      the answer without the limit, and with one that the answer itself just fails
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.planner import constraints
from whichgpu.planner.market import UNPRICED, trust
from whichgpu.planner.options import Options, best, options, outcome, primary_exact
from whichgpu.planner.words import lasting, money, plural
from whichgpu.units import number, rate_period, show
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from whichgpu.planner.answer import Candidate
    from whichgpu.planner.request import Request
    from whichgpu.prices.offers import Offer

    Array = NDArray[np.float64]

#: Decades either way that a rate or deadline is moved, steps of the first look, and of the second within one.
_DECADES, _STEPS, _FINER = 3.0, 180, 120
#: What sets a distrusted price behind every trusted one in a sum.
_BEHIND = 1e15


class Flip(NamedTuple):
    """One input, its value now, that at which the answer changes, and to which GPU type; SI or USD/h."""

    input: str
    now: float | None
    at: float
    unit: str
    to: str
    text: str

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {"input": self.input, "now": self.now, "flips_at": self.at, "unit": self.unit, "to": self.to,
                "text": self.text}  # fmt: skip


def flips(
    request: Request, space: Options, ranked: Sequence[Candidate], usable: Mapping[str, Sequence[Offer]], *,
    whole: bool = True,
) -> tuple[Flip, ...]:  # fmt: skip
    """The inputs that would flip an answer, in the order of the page; none where nothing does.

    `usable` are all offers by GPU id. Where the options are not the `whole` of what was tried (other
    precisions, sharded runs), prices alone are moved; none of a tie that the number of cards decides.
    """
    if not ranked or ranked[0].trust == UNPRICED:
        return ()
    if min(ranked, key=lambda one: one.rank(request.objective)) is not ranked[0]:
        return ()
    others = usable.get(ranked[0].gpu, ())
    if not whole:
        return tuple(_prices(request, ranked, others))
    found = _Found(request, space, ranked[0].gpu)
    return (*_prices(request, ranked, others), *_rates(found), *_limits(found, ranked[0]), *_batches(found))


# --- prices -------------------------------------------------------------------------------------------------


def _prices(request: Request, ranked: Sequence[Candidate], others: Sequence[Offer]) -> Iterator[Flip]:
    """The price of the runner-up and of the first at which they change places.

    Where others sell what comes first for less than that, it is the price of all of them.
    """
    first = ranked[0]
    second = next((one for one in ranked[1:] if one.trust == first.trust), None)
    if second is None or request.objective != "cost":
        return
    ratio = first.cost / second.cost
    for one, at, verb in ((second, ratio, "less"), (first, 1.0 / ratio, "more")):
        now = one.offer.usd_per_hour
        if one.offer.kind == "buy":
            yield from _to_buy(one, second, at, verb)
            continue
        said = (
            f"{one.offer.provider} {one.offer.instance} costs {verb} than {_bound(now, at, verb)}/h "
            f"({money(now)} now, {_percent(at)})"
        )
        if verb == "more" and (count := _below(first, others, at, request)):
            each = now / one.offer.gpu_count
            said = (
                f"{one.gpu} costs more than {_bound(each, at, verb)}/h a GPU everywhere ({money(each)} at "
                f"{one.offer.provider} now, {_percent(at)}; {plural(count, 'other offer')} below that)"
            )
        yield Flip(
            f"price of {one.gpu}", now, now * at, "USD/h", second.gpu, f"{second.gpu} comes first once {said}"
        )


def _to_buy(one: Candidate, second: Candidate, at: float, verb: str) -> Iterator[Flip]:
    """The price to buy one card at which its hour of use is `at` times what it is now; none below nothing.

    An hour of use is electricity, which stays, and the rest, which is in proportion to the price.
    """
    from whichgpu.prices.purchase import owning_cost_per_hour, purchase_price

    stored = purchase_price(one.gpu)
    if stored is None:
        return
    cost = owning_cost_per_hour(one.gpu, 1.0)  # whatever it draws, price and server are as they are
    times = 1.0 + (at - 1.0) * one.offer.usd_per_gpu_hour / (cost.depreciation + cost.host)
    if times <= 0:
        return
    told = f"{one.gpu} costs {verb} than {_bound(stored.usd, times, verb)} to buy ({money(stored.usd)} now"
    yield Flip(f"price of {one.gpu}", stored.usd, stored.usd * times, "USD", second.gpu,
               f"{second.gpu} comes first once {told}, {_percent(times)})")  # fmt: skip


def _bound(now: float, times: float, verb: str) -> str:
    """A price so many times that of now, rounded up for `more` and else down, so that it flips the order."""
    value = now * times
    away, step = (np.ceil, 1.0) if verb == "more" else (np.floor, -1.0)
    for decimals in range(2, 9):
        scale = 10.0**decimals
        told = float(away(np.round(value * scale, 6)))
        # Of a tie any price beyond that of now does.
        told = (told + step if told == np.round(now * scale, 6) else told) / scale
        if abs(told - value) <= 0.005 * abs(value):
            break
    return f"{told:,.{decimals}f} USD"


def _below(first: Candidate, others: Sequence[Offer], times: float, request: Request) -> int:
    """Offers of the first's GPU by others that cost less a GPU than so many times what it costs now."""
    own = first.offer
    return sum(
        (one.provider, one.instance, one.kind) != (own.provider, own.instance, own.kind)
        and one.usd_per_gpu_hour < own.usd_per_gpu_hour * times
        and trust(one, request) <= first.trust
        for one in others
    )


def _percent(ratio: float) -> str:
    change = (ratio - 1.0) * 100.0
    return f"{change:+.0f} %" if abs(change) >= 1 else "within 1 %"


# --- the rate, or the time ----------------------------------------------------------------------------------


class _Found(NamedTuple):
    """A request, its options, and the GPU type that comes first."""

    request: Request
    space: Options
    first: str

    def winner(self, request: Request, kept: Any = None) -> str | None:
        """The GPU type that comes first under another request, or among some options alone."""
        space = self.space if kept is None else self.space.only(kept)
        result = outcome(space, request)
        held = [limit.holds(result) for limit in constraints.of_options(request)]
        if held:
            space = space.only(np.logical_and.reduce(held))
            result = outcome(space, request)
        chosen = best(space, result, request)
        if not chosen:
            return None
        at = np.array(list(chosen.values()))
        aim = primary_exact(result, request)[at]
        order = np.lexsort((result.watts[at], result.usd_per_unit[at], aim, space.trust[at]))
        return self.name(int(space.row[at[order[0]]]))

    def name(self, row: int) -> str:
        """The id of a GPU type."""
        return self.space.sweep.devices.gpus[row].id


def _rates(found: _Found) -> Iterator[Flip]:
    """The target, or the deadline of a job that is split over instances, at which the answer changes."""
    request = found.request
    if request.target is not None and request.objective == "cost":
        asked = request.target
        period, seconds = rate_period(asked.text)
        for at, to, way in _moved(found, asked.rate, lambda rates: rates):
            told = f"{number(at * seconds, 3)} {asked.unit}/{period}"
            yield Flip("target", asked.rate, at, f"{asked.unit}/s", to,
                       f"{'above' if way > 0 else 'below'} {told} it is {to}")  # fmt: skip


def _moved(found: _Found, now: float, rate_of: Callable[[Array], Array]) -> Iterator[tuple[float, str, int]]:
    """The nearest values either way of `now` at which another GPU type comes first, which one, the way."""
    request, space = found.request, found.space
    result = outcome(space, request)
    held = [limit.holds(result) for limit in constraints.of_options(request) if limit.option == "--latency"]
    if held:
        space = space.only(np.logical_and.reduce(held))
        result = outcome(space, request)
    # Of each offer what makes the most: it takes the fewest instances whatever is asked for.
    order = np.lexsort((result.latency, -space.rate, space.offer))
    reps = space.only(order[np.unique(space.offer[order], return_index=True)[1]])

    def winners(values: Array) -> NDArray[np.int_]:
        need = rate_of(values)
        count = np.maximum(np.ceil(need / reps.rate[:, None] * (1.0 - 1e-12)), 1.0)
        # Of fleets that are as dear the one that draws less comes first.
        watts = np.nan_to_num(count * reps.watts[:, None])
        tied = 1.0 + 1e-9 * watts / max(float(watts.max()), 1e-9)
        usd = count * reps.usd[:, None] * tied + _BEHIND * reps.trust[:, None]
        return np.asarray(reps.row[np.argmin(usd, axis=0)])

    for way in (-1, 1):
        grid = now * 10.0 ** (way * np.linspace(0.0, _DECADES, _STEPS))
        rows = winners(grid)
        changed = np.flatnonzero(rows != rows[0])
        if not changed.size:
            continue
        near = int(changed[0])
        fine = np.geomspace(grid[near - 1], grid[near], _FINER)
        rows = winners(fine)
        step = int(np.flatnonzero(rows != rows[0])[0])
        yield float(fine[step]), found.name(int(rows[step])), way


# --- limits -------------------------------------------------------------------------------------------------


def _limits(found: _Found, first: Candidate) -> Iterator[Flip]:
    """Limits on the whole: the answer without one that is stated, and with one that the first just fails."""
    request = found.request
    if request.latency is not None:
        yield from _without(found, "latency", request.latency, "--latency", "s")
    if request.deadline is not None:
        yield from _without(found, "deadline", request.deadline, "--deadline", "s")
    if first.usd_to_buy is None:
        yield from _tighter(found, "budget", first.usd_per_hour, "USD/h")
    else:
        yield from _tighter(found, "budget_to_buy", first.usd_to_buy, "USD")
    if first.finish is not None:
        yield from _tighter(found, "deadline", first.finish, "s")
    elif not first.estimate.job.trains:
        yield from _tighter(found, "latency", first.estimate.latency.mid, "s")


def _without(found: _Found, name: str, now: float, option: str, unit: str) -> Iterator[Flip]:
    """What would come first were a stated limit looser: the least value at which it does."""
    request = found.request
    free = _with(request, name, None)
    to = found.winner(free)
    if to is None or to == found.first:
        return
    low, high = now, now
    while found.winner(_with(request, name, high)) == found.first and high < now * 1e4:
        high *= 4.0
    at = _bisected(found, name, low, high)
    to = found.winner(_with(request, name, at)) or to
    yield Flip(name, now, at, unit, to, f"with {option} {_shown(name, at)} or more it is {to}")


def _tighter(found: _Found, name: str, at: float, unit: str) -> Iterator[Flip]:
    """What would come first were a limit just too tight for the first."""
    stated = getattr(found.request, name)
    to = found.winner(_with(found.request, name, at * (1.0 - 1e-6)))
    if to is None or to == found.first:
        return
    option = name.partition("_")[0]
    yield Flip(option, stated, at, unit, to, f"with --{option} below {_shown(name, at)} it is {to}")


def _with(request: Request, name: str, value: float | None) -> Request:
    """A request with another limit, or without one."""
    changed: dict[str, Any] = {name: value}
    return replace(request, **changed)


def _bisected(found: _Found, name: str, low: float, high: float) -> float:
    """The value between two at which the first is no longer first, to a thousandth."""
    for _ in range(20):
        if high / low < 1.001:
            break
        middle = float(np.sqrt(low * high))
        same = found.winner(_with(found.request, name, middle)) == found.first
        low, high = (middle, high) if same else (low, middle)
    return high


def _shown(name: str, value: float) -> str:
    if name.startswith("budget"):
        return f'"{number(value, 4)} USD{"/h" if name == "budget" else ""}"'
    text = lasting(value) if name == "deadline" else show(value, "time", 3)
    return f'"{text}"'


# --- the batch ----------------------------------------------------------------------------------------------


def _batches(found: _Found) -> Iterator[Flip]:
    """Batches, or requests in flight, at which another GPU type comes first, where they are free."""
    request, job = found.request, found.space.sweep.job
    serves = job.concurrency is not None
    if (request.job.concurrency if serves else request.job.batch) is not None:
        return
    # One that is stated is taken though it may run out of memory.
    found = found._replace(space=_with_unsure(found))
    values = np.asarray(job.concurrency if serves else job.batch, dtype=np.float64)
    each = np.broadcast_to(values, found.space.sweep.seconds.shape[1:])[found.space.column]
    word = "requests in flight" if serves else "batch"
    for value in sorted(set(each.tolist()), reverse=True):
        to = found.winner(request, np.flatnonzero(each == value))
        if to is not None and to != found.first:
            limit = f"{word} of {value:g}" if not serves else f"{value:g} {word}"
            yield Flip(word, None, value, "", to, f"with a {limit} it is {to}" if not serves
                       else f"with {limit} a replica it is {to}")  # fmt: skip
            return


def _with_unsure(found: _Found) -> Options:
    """The options of the same offers with those that may run out of memory."""
    space = found.space
    offers: list[list[Offer]] = [[] for _ in space.sweep.devices.gpus]
    for row, offer in dict.fromkeys(zip(space.row.tolist(), space.offer.tolist(), strict=True)):
        offers[row].append(space.offers[offer])
    return options(found.request, space.sweep, offers, unsure=True)
