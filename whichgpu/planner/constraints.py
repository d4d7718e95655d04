"""Constraints: each a name, a test over many GPUs, offers or options at once, words, and how it is relaxed.

    level gpu      tests a sequence of `Gpu`: --needs, --max-power, --framework ..
    level offer    tests a sequence of `Offer`: --providers, --region, --term, the machine that one builds
    level option   tests `Outcome`, arrays over offers x configurations: --latency, --budget, --deadline ..

A test gives one bool for each. A constraint with a `measure` is a bound on a number: what an item needs is
`measure(items)`, and `typed` writes it as the option that would let the item pass. One without is a word,
which is left out to relax it. `of(request)` makes all that a request states; planners put them together.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.planner.reasons import Reason
from whichgpu.prices import store as prices
from whichgpu.units import GIB, KWH, number, show
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from whichgpu.hardware.gpu import Gpu
    from whichgpu.planner.needs import Need
    from whichgpu.planner.request import Request
    from whichgpu.prices.offers import Offer

    Bools = NDArray[np.bool_]
    Array = NDArray[np.float64]

#: GPUs are as good as their data sheets: a bound is met within this share of it.
_ROUNDING = 1e-9


class Constraint(NamedTuple):
    """One wish: whether items hold it, why one does not, and what to type for it to hold.

    `option` and `value` are as typed; `implied` marks what holds though nobody typed it.
    """

    option: str
    value: str
    level: str
    holds: Callable[[Any], Bools]
    why: Callable[[Any], Reason] | None = None
    measure: Callable[[Any], Array] | None = None
    limit: float = float("nan")
    typed: Callable[[float], str] | None = None
    implied: bool = False

    @property
    def words(self) -> str:
        """The option as it is typed, quoted where the value has spaces."""
        quoted = f'"{self.value}"' if " " in self.value and not self.value.startswith('"') else self.value
        return f"{self.option} {quoted}"

    def relaxed(self, need: float) -> str:
        """The option that lets an item through that needs so much; empty to leave the option out."""
        if self.typed is None or not np.isfinite(need):
            return ""
        value = self.typed(need)
        return f'{self.option} "{value}"' if " " in value else f"{self.option} {value}"

    def needs(self, items: Any) -> Array:
        """How many times the bound each item needs: 1 where it holds, infinite where no number helps."""
        held = self.holds(items)
        if self.measure is None:
            return np.where(held, 1.0, np.inf)
        need = self.measure(items)
        ratio = need / self.limit
        with np.errstate(divide="ignore", invalid="ignore"):
            excess = np.where(ratio > 1.0, ratio, 1.0 / ratio)
        return np.where(held, 1.0, np.where(np.isfinite(excess), excess, np.inf))


def at_most(
    option: str, value: str, level: str, limit: float, *, measure: Callable[[Any], Array],
    typed: Callable[[float], str], why: Callable[[Any], Reason] | None = None,
) -> Constraint:  # fmt: skip
    """A bound from above; an item whose number is not known does not hold it."""
    return Constraint(
        option, value, level, lambda items: measure(items) <= limit * (1.0 + _ROUNDING), why, measure, limit,
        typed,
    )  # fmt: skip


def at_least(
    option: str, value: str, level: str, limit: float, *, measure: Callable[[Any], Array],
    typed: Callable[[float], str], why: Callable[[Any], Reason] | None = None,
) -> Constraint:  # fmt: skip
    """A bound from below; an item whose number is not known does not hold it."""
    return Constraint(
        option, value, level, lambda items: measure(items) >= limit * (1.0 - _ROUNDING), why, measure, limit,
        typed,
    )  # fmt: skip


def word(
    option: str, value: str, level: str, one: Callable[[Any], bool],
    why: Callable[[Any], Reason] | None = None, *, implied: bool = False,
) -> Constraint:  # fmt: skip
    """A wish that holds or does not, item by item."""
    return Constraint(
        option, value, level, lambda items: np.array([one(item) for item in items], dtype=bool), why,
        implied=implied,
    )  # fmt: skip


# --- of GPUs -----------------------------------------------------------------------------------


def of_gpus(request: Request) -> Iterator[Constraint]:
    """What a request asks of a GPU, the cheapest test first."""
    if request.gpus is not None:
        wanted = frozenset(request.gpus)
        yield word("--gpus", ",".join(request.gpus), "gpu", lambda gpu: gpu.id in wanted,
                   lambda gpu: Reason("not among --gpus", "not among --gpus"))  # fmt: skip
    for left_out in request.exclude_gpus:
        yield word("--exclude", left_out, "gpu", _unlike(left_out),
                   lambda gpu: Reason("excluded", "left out by --exclude"))  # fmt: skip
    yield from _sizes(request)
    for need in request.needs:
        yield _need(need)
    for asked in request.frameworks:
        yield _framework(asked, request.system)


def _unlike(name: str) -> Callable[[Gpu], bool]:
    return lambda gpu: gpu.id != name


def _need(need: Need) -> Constraint:
    def why(gpu: Gpu) -> Reason:
        return Reason(f"without {need.text}", f"{need.lacking(gpu)}, which --needs {need.text} asks for")

    wish = word("--needs", need.text, "gpu", lambda gpu: bool(need.met(gpu)), why)
    if need.bound is None:
        return wish
    has, limit, typed, _ = need.bound
    return wish._replace(measure=lambda gpus: np.array([has(gpu) for gpu in gpus]), limit=limit, typed=typed)


def _sizes(request: Request) -> Iterator[Constraint]:
    if request.min_memory is not None:
        asked = request.min_memory
        yield at_least(
            "--min-memory", show_gb(asked), "gpu", asked, measure=_memories, typed=show_gb,
            why=lambda gpu: Reason("less memory than --min-memory",
                               f"{gpu.display('memory') or 'memory not read'}, {show_gb(asked)} asked"),
        )  # fmt: skip
    if request.max_power is not None:
        most, cap = request.max_power, request.power_limit
        yield at_most(
            "--max-power", show(most, "power"), "gpu", most,
            measure=lambda gpus: powers(gpus, cap), typed=_watts,
            why=lambda gpu: Reason("more power than --max-power",
                               f"draws {gpu.display('power') or 'an unread power'}, {show(most, 'power')} "
                               f"allowed{_capped(gpu, most)}"),
        )  # fmt: skip
    if request.power_limit is not None:
        cap = request.power_limit
        yield at_most(
            "--power-limit", show(cap, "power"), "gpu", cap,
            measure=_lowest, typed=_watts,
            why=lambda gpu: Reason("a power limit below its lowest",
                                   f"{_lowest_said(gpu)}, {show(request.power_limit or 0.0, 'power')} asked"),
        )  # fmt: skip
    if request.max_slots is not None:
        slots = request.max_slots
        yield at_most(
            "--max-slots", f"{slots:g}", "gpu", slots,
            measure=lambda gpus: _numbers(gpus, "slots"), typed="{:g}".format,
            why=lambda gpu: Reason("more slots than --max-slots", _slots_said(gpu, slots)),
        )  # fmt: skip


#: Of the board power: below it no driver of a card whose lowest limit was read lets a cap go.
_LOWEST_SHARE = 0.2


def _lowest(gpus: Sequence[Gpu]) -> Array:
    """W that each card can be capped at, at the lowest: as read, else a share of the board power."""
    stated, board = _numbers(gpus, "power_min"), _numbers(gpus, "power")
    return np.nan_to_num(np.where(np.isnan(stated), board * _LOWEST_SHARE, stated), nan=0.0)


def _lowest_said(gpu: Gpu) -> str:
    if gpu.value("power_min") is not None:
        return f"its lowest power limit is {gpu.display('power_min')}"
    return f"its lowest power limit was not read, and none is below a fifth of its {gpu.display('power')}"


def _slots_said(gpu: Gpu, most: float) -> str:
    if gpu.value("slots") is None:
        return f"is no card that takes slots ({gpu.value('form_factor') or 'form not read'})"
    return f"takes {gpu.value('slots'):g} slots, {most:g} allowed"


def _capped(gpu: Gpu, most: float) -> str:
    """What a power limit would do, where the card takes one so low."""
    least = gpu.value("power_min")
    if least is None or least > most:
        return ""
    return f"; --power-limit {show(most, 'power')!r} would cap it there, at a cost in speed"


def powers(gpus: Sequence[Gpu], cap: float | None) -> Array:
    """W that each card may draw, (G,): its board power, or the cap."""
    board = _numbers(gpus, "power")
    return board if cap is None else np.minimum(board, cap)


def _memories(gpus: Sequence[Gpu]) -> Array:
    """B of each GPU as vendors count them: a card sold as 24 GB has as much though its driver says less."""
    from whichgpu.hardware.gpu import nominal_gb

    found = []
    for gpu in gpus:
        memory = gpu.value("memory")
        sold = None if memory is None else nominal_gb(memory)
        found.append(float("nan") if memory is None else max(memory, (sold or 0) * GIB))
    return np.array(found)


def show_gb(memory: float) -> str:
    """B as a size to type: `24 GB` where whole."""
    for scale, unit in ((GIB, "GiB"), (1e9, "GB")):
        if abs(memory / scale - round(memory / scale)) < 1e-6:
            return f"{memory / scale:g} {unit}"
    return f"{number(memory / 1e9, 4)} GB"


def _watts(value: float) -> str:
    return f"{int(np.ceil(value - 1e-6))} W"


def _numbers(gpus: Sequence[Gpu], field: str) -> Array:
    return np.array([float("nan") if (v := gpu.value(field)) is None else float(v) for gpu in gpus])


def _framework(asked: Any, system: str) -> Constraint:
    """A framework that must run on a system; alike GPUs are judged once."""
    from whichgpu.software.targets import device
    from whichgpu.software.verdicts import judge

    known: dict[tuple[str, str, str, str], Any] = {}

    def verdict(gpu: Gpu) -> Any:
        seen = device(gpu)
        key = (seen.platform, seen.target, seen.host, gpu.vendor)
        if key not in known:
            known[key] = judge(seen, asked, system)
        return known[key]

    def why(gpu: Gpu) -> Reason:
        found = verdict(gpu)
        said = f"{found.answer} there" if not found.why else found.why[0]
        title = f"{asked.framework.title} {asked.words}".strip()
        return Reason(f"does not run {title}", f"{title}: {said}")

    value = f"{asked.framework.id} {asked.words}".strip()
    return word("--framework", value, "gpu", lambda gpu: bool(verdict(gpu).runs), why)


# --- of offers -----------------------------------------------------------------------------------


def of_offers(request: Request) -> Iterator[Constraint]:
    """What a request asks of an offer."""
    if request.term not in ("buy", "any"):
        kinds = frozenset(prices.term_kinds(request.term))
        yield word("--term", request.term, "offer", lambda offer: offer.kind in kinds, implied=True)
    if request.term == "buy":
        return
    if request.providers is not None:
        wanted = frozenset(request.providers)
        asked = ",".join(request.asked_providers or request.providers)
        yield word("--providers", asked, "offer", lambda offer: offer.provider in wanted)
    for name, out in request.exclude_providers:
        yield word("--exclude", name, "offer", _not_from(frozenset(out)))
    if request.regions is not None:
        regions = frozenset(request.regions)
        asked = ",".join(request.asked_regions or request.regions)
        yield word("--region", asked, "offer", lambda offer: offer.region in regions)


def _not_from(providers: frozenset[str]) -> Callable[[Offer], bool]:
    return lambda offer: offer.provider not in providers


# --- of options -----------------------------------------------------------------------------------


def of_options(request: Request) -> Iterator[Constraint]:
    """What a request asks of an outcome: arrays of what each option comes to."""
    from whichgpu.planner.wishes import seconds_words

    if request.latency is not None:
        yield at_most("--latency", seconds_words(request.latency), "option", request.latency,
                      measure=lambda found: found.latency, typed=seconds_words)  # fmt: skip
    if request.deadline is not None:
        yield at_most("--deadline", seconds_words(request.deadline), "option", request.deadline,
                      measure=lambda found: found.seconds, typed=seconds_words)  # fmt: skip
    yield from _money(request)
    if request.energy is not None:
        yield _energy(request)


def _money(request: Request) -> Iterator[Constraint]:
    for most, typed, column in (
        (request.budget, _hourly, "usd_per_hour"),
        (request.budget_to_buy, _total, "usd_to_buy"),
        (request.budget_total, _total, "usd_total"),
    ):
        if most is not None:
            yield at_most("--budget", typed(most), "option", most, measure=attrgetter(column), typed=typed)


def _energy(request: Request) -> Constraint:
    asked = request.energy
    assert asked is not None
    unit = asked.text.partition("/")[2].strip() or "unit"
    if asked.joules is not None:
        return at_most("--energy", asked.text, "option", asked.joules,
                       measure=lambda found: found.joules_total,
                       typed=lambda need: f"{np.ceil(need / KWH * 1e3) / 1e3:g} kWh")  # fmt: skip
    each = asked.joules_per_unit or 0.0
    per = {"1000": 1e3, "1,000": 1e3, "million": 1e6}.get(unit.split()[0], 1.0)

    def typed(need: float) -> str:
        return f"{number(need * per * 1.0005, 4).replace(',', '')} J/{unit}"

    return at_most("--energy", asked.text, "option", each, measure=lambda found: found.joules_per_unit,
                   typed=typed)  # fmt: skip


def _hourly(usd: float) -> str:
    return f"{np.ceil(usd * 100 - 1e-6) / 100:.2f} USD/h"


def _total(usd: float) -> str:
    return f"{np.ceil(usd * 100 - 1e-6) / 100:.2f} USD"


def of(request: Request) -> tuple[Constraint, ...]:
    """Every constraint of a request, those of GPUs first."""
    return (*of_gpus(request), *of_offers(request), *of_options(request))
