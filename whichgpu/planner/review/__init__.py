"""One GPU reviewed: what it is, where it stands, what it is for, what it costs, and what could stand in its place.

It is a comparison of one: the same rows, the same pen, the same sentences on workloads and prices.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

from whichgpu.hardware.fields import SEGMENTS
from whichgpu.planner.comparison import others_of, spec_rows_of, with_works
from whichgpu.planner.comparison.chips import desktop, variants, which
from whichgpu.planner.comparison.features import holding
from whichgpu.planner.comparison.fitting import fit_rows
from whichgpu.planner.comparison.market import markets, price_rows
from whichgpu.planner.comparison.model import Sentence, View
from whichgpu.planner.comparison.pen import Pen
from whichgpu.planner.comparison.rows import SEGMENT_WORDS, sixteen_bit, spec_rows
from whichgpu.planner.comparison.value import buying, hour, other_ways
from whichgpu.planner.comparison.words import EQUAL, listed, sentence_names, short_name
from whichgpu.planner.likeness import alike, exchanges
from whichgpu.planner.review import features
from whichgpu.planner.review.standing import standing_rows, standings
from whichgpu.planner.usual import usual_jobs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.planner.comparison.market import Market
    from whichgpu.planner.comparison.model import Row
    from whichgpu.planner.review.standing import Standing
    from whichgpu.prices.offers import Offer
    from whichgpu.workloads.job import Job

#: How many alternatives and how many parts in exchange are told of; how unlike an alternative may be.
_NEAR, _EXCHANGED, _FAR = 6, 5, 1.0
#: Parts that cannot stand in each other's place.
_APART = ("laptop", "edge")


class Review(NamedTuple):
    """One GPU: a view of it alone, a view of it beside others, and the sentences on it.

    `beside` has the GPU first, then the nearest; `instead` the parts that are level or ahead in all that
    decides and cost no more.
    """

    view: View
    beside: View
    instead: tuple[str, ...]
    lead: tuple[Sentence, ...]
    strengths: tuple[Sentence, ...]
    limits: tuple[Sentence, ...]
    board: tuple[Sentence, ...]
    uses: tuple[Sentence, ...]
    prices: tuple[Sentence, ...]
    exchange: tuple[Sentence, ...]

    @property
    def gpu(self) -> Gpu:
        """The GPU reviewed."""
        return self.view.gpus[0]

    @property
    def title(self) -> str:
        """`RTX A5000: a review`."""
        return f"{self.gpu}: a review"

    def sentences(self) -> Iterator[Sentence]:
        """Every statement that the review makes."""
        for part in (
            self.lead,
            self.strengths,
            self.limits,
            self.board,
            self.uses,
            self.prices,
            self.exchange,
        ):
            yield from part
        for work in self.view.works:
            yield from work.sentences

    def __str__(self) -> str:
        return "\n".join([self.title, *(f"- {one}" for one in (*self.lead, *self.strengths, *self.limits))])

    def to_dict(self) -> dict[str, Any]:
        """Plain values, SI."""
        parts = ("lead", "strengths", "limits", "board", "uses", "prices", "exchange")
        return {
            "title": self.title,
            **{part: [one.to_dict() for one in getattr(self, part)] for part in parts},
            "rows": [row.to_dict(self.view.ids) for row in self.view.rows.values()],
            "workloads": [work.to_dict() for work in self.view.works],
            "market": {key: market.to_dict() for key, market in self.view.markets.items()},
            "alternatives": [row.to_dict(self.beside.ids) for row in self.beside.rows.values()],
            "instead": list(self.instead),
            "as_of": self.view.today.isoformat(),
        }


def review(
    gpu: Gpu,
    catalogue: Catalogue,
    jobs: Sequence[Job | str] = (),
    *,
    offers: Sequence[Offer] | None = None,
    today: date | None = None,
) -> Review:
    """Review a GPU; `jobs` replace the usual ones of its segment, `offers` the bundled prices."""
    day = today or date.today()
    pool = [other for other in catalogue.values() if _same_kind(gpu, other)]
    found = markets([gpu, *(other for other in pool if other.id != gpu.id)], day, offers)
    half = sixteen_bit((gpu,))
    ranks = standings(gpu, catalogue.values(), half)
    rows = {row.field: row for row in (*spec_rows_of((gpu,), day), *_ranked(gpu, ranks))}
    own = {gpu.id: found[gpu.id]}
    rows.update((row.field, row) for row in price_rows((gpu,), half, own))
    view = View((gpu,), {gpu.id: short_name(gpu)}, sentence_names([gpu]), rows, others_of((gpu,), catalogue, own), day,
                own, ())  # fmt: skip
    if gpu.usable:
        view = view._replace(rows={**rows, **{row.field: row for row in fit_rows((gpu,))}})
        view = with_works(view, tuple(jobs) or usual_jobs((gpu,)))
    near = [one.gpu for one in alike(gpu, pool, _FAR)]
    near = ([other for other in near if _sold(found[other.id])] or near)[:_NEAR]
    instead = _instead(gpu, pool, found)
    beside = _beside(gpu, list({one.id: one for one in (*near, *instead)}.values()), found, day)
    return Review(
        view, beside, tuple(one.id for one in instead), tuple(_lead(view)),
        (*_places(view, ranks, strong=True), *features.strengths(view)),
        (*_places(view, ranks, strong=False), *features.limits(view)),
        tuple(features.board(view)), tuple(holding(view)),
        (*hour(view), *other_ways(view), *buying(view)),
        tuple(_exchange(beside, [one.id for one in instead])),
    )  # fmt: skip


def _same_kind(gpu: Gpu, other: Gpu) -> bool:
    """Whether one could stand in the other's place: laptops among laptops, modules among modules."""
    if not other.usable or other.segment not in SEGMENTS:
        return False
    return gpu.segment == other.segment if _APART.count(gpu.segment) else other.segment not in _APART


def _ranked(gpu: Gpu, ranks: Sequence[Standing]) -> Iterator[Row]:
    yield from standing_rows(gpu, ranks, SEGMENT_WORDS)


def _lead(view: View) -> Iterator[Sentence]:
    key, gpu = view.ids[0], view.gpus[0]
    half = sixteen_bit(view.gpus)
    pen = Pen(view)
    parts = [which(pen, gpu, vendor=True)]
    if view.number(key, "memory"):
        kind = f" {pen.text(key, 'memory_type')}" if view.text(key, "memory_type") else ""
        parts.append(f"it has {pen.quantity(key, 'memory')} of{kind} memory" if kind else
                     f"it has {pen.quantity(key, 'memory')}")  # fmt: skip
    if view.number(key, "bandwidth"):
        parts[-1] += f" at {pen.quantity(key, 'bandwidth')}"
    rates = [f"{pen.quantity(key, name)} in {words}" for name, words in
             ((half, f"{half.upper()} (dense)"), ("fp32", "plain FP32")) if view.number(key, name)]  # fmt: skip
    if rates:
        parts.append(f"its peaks are {listed(rates)}")
    if view.number(key, "power"):
        parts.append(f"its power limit is {pen.quantity(key, 'power')}")
    yield pen.say("lead", "; ".join(parts))
    pen = Pen(view)
    counts = [f"{pen.amount(key, field)} {noun}" for field, noun in
              (("sms", "SMs or compute units"), ("cores", "shader cores"), ("tensor_cores", "tensor cores"),
               ("rt_cores", "RT cores")) if view.number(key, field)]  # fmt: skip
    if counts:
        yield pen.say("lead", f"units: {listed(counts)}")
    yield from desktop(view)
    yield from variants(view)


def _places(view: View, ranks: Sequence[Standing], *, strong: bool) -> Iterator[Sentence]:
    """The measures in which it is among the first, or among the last, of its kind."""
    key = view.ids[0]
    for one in ranks:
        if not (one.strong if strong else one.weak):
            continue
        pen = Pen(view)
        name = one.measure.field
        value = f" ({pen.quantity(key, name)})" if view.number(key, name) else ""
        place = pen.text(key, f"rank.{name}")
        yield pen.say("strength" if strong else "limit", f"its {one.measure.noun}{value} is {place}")


def _sold(market: Market) -> bool:
    """Whether a price of it is stored."""
    return bool(market.best or market.purchase)


def _instead(gpu: Gpu, pool: Sequence[Gpu], found: Mapping[str, Market]) -> list[Gpu]:
    """The parts that are level or ahead in all that decides, and cost no more an hour; the cheapest first."""
    own = _asked(found[gpu.id], bought=False) or _asked(found[gpu.id], bought=True)
    if own is None:
        return []
    bought = _asked(found[gpu.id], bought=False) is None
    cheap = {
        other.id: usd
        for other in exchanges(gpu, pool)
        if (usd := _asked(found[other.id], bought=bought)) and usd <= own * EQUAL
    }
    ranked = sorted((other for other in pool if other.id in cheap), key=lambda other: cheap[other.id])
    return ranked[:_EXCHANGED]


def _asked(market: Market, *, bought: bool) -> float | None:
    """The on-demand price an hour, or what it cost at launch, which is known of most; None where not read."""
    if bought:
        return next((row.usd for row in market.purchase if row.kind == "launch"), None)
    offer = market.best.get("on-demand")
    return offer.usd_per_gpu_hour if offer else None


def _beside(gpu: Gpu, others: Sequence[Gpu], found: Mapping[str, Market], today: date) -> View:
    """The GPU and others side by side, in the rows that decide."""
    gpus = (gpu, *others)
    half = sixteen_bit(gpus)
    kept = ("release_date", "memory", "bandwidth", half, "fp32", "fp64", "power", "slots", "usd_per_hour",
            "offer", "purchase")  # fmt: skip
    ours = {one.id: found[one.id] for one in gpus}
    rows = {row.field: row for row in (*spec_rows(gpus), *price_rows(gpus, half, ours)) if row.field in kept}
    return View(gpus, {one.id: short_name(one) for one in gpus}, sentence_names(gpus),
                {name: rows[name] for name in kept if name in rows}, {}, today, ours, ())  # fmt: skip


def _exchange(beside: View, instead: Sequence[str]) -> Iterator[Sentence]:
    """What it can be exchanged for, or that nothing on file is better for less."""
    key = beside.ids[0]
    field, what = (
        ("usd_per_hour", "an hour") if beside.number(key, "usd_per_hour") else ("purchase", "at launch")
    )
    pen = Pen(beside)
    level = "level or ahead in memory, bandwidth, 16-bit and FP32 rate"
    if not beside.number(key, field):
        pen.rests_on(field, key)
        yield pen.say("exchange", "no price of it is stored, so that nothing can be said to be cheaper")
        return
    own = f"{pen.quantity(key, field)} {what}".replace("USD/h an hour", "USD an hour")
    if not instead:
        yield pen.say("exchange", f"no part with a stored price is {level} and no dearer than its {own}")
        return
    told = listed(
        f"the {pen.name(other)} ({pen.quantity(other, 'memory')}, {pen.quantity(other, 'bandwidth')}, "
        f"{pen.quantity(other, field)})"
        for other in instead
    )
    yield pen.say("exchange", f"{level}, and no dearer than its {own}: {told}")
