"""One GPU reviewed: what it is, where it stands, what it is for, its price, what could stand in its place.

It is a comparison of one: the same rows, the same pen, the same sentences on workloads and prices.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from whichgpu.hardware.fields import SEGMENTS
from whichgpu.hardware.parts import is_part
from whichgpu.planner.comparison import others_of, spec_rows_of, variants_of, with_works
from whichgpu.planner.comparison.features import holding
from whichgpu.planner.comparison.fitting import fit_rows
from whichgpu.planner.comparison.market import markets, price_rows, whole_rows
from whichgpu.planner.comparison.model import Sentence, View
from whichgpu.planner.comparison.rows import SEGMENT_WORDS, sixteen_bit
from whichgpu.planner.comparison.stack import software_rows
from whichgpu.planner.comparison.value import buying, hour, other_ways, renting
from whichgpu.planner.comparison.words import sentence_names, short_name
from whichgpu.planner.review import features
from whichgpu.planner.review.exchange import beside, exchange, instead, near, player
from whichgpu.planner.review.lead import brief, lead, places
from whichgpu.planner.review.standing import standing_rows, standings
from whichgpu.planner.usual import usual_jobs
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.prices.offers import Offer
    from whichgpu.workloads.job import Job

#: Parts that cannot stand in each other's place.
_APART = ("laptop", "edge", "cpu")
_CHIP = "SoC"


class Review(NamedTuple):
    """One GPU: a view of it alone, a view of it beside others, and the sentences on it.

    `beside` has the GPU first, then the nearest; `instead` the parts that are level or ahead in all that
    decides and cost no more.
    """

    view: View
    beside: View
    instead: tuple[str, ...]
    brief: tuple[Sentence, ...]
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
            self.brief,
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
        return "\n".join(
            [self.title, *(f"- {one}" for one in (*self.brief, *self.lead, *self.strengths, *self.limits))]
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values, SI."""
        parts = ("brief", "lead", "strengths", "limits", "board", "uses", "prices", "exchange")
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
    # A part is no card beside others.
    ranks = () if is_part(gpu) else standings(gpu, catalogue.values(), half)
    rows = {row.field: row for row in (*spec_rows_of((gpu,), day), *standing_rows(gpu, ranks, SEGMENT_WORDS))}
    own = {gpu.id: found[gpu.id]}
    rows.update((row.field, row) for row in price_rows((gpu,), half, own))
    rows.update((row.field, row) for row in whole_rows((gpu,), catalogue, day, offers))
    spoken_of = others_of((gpu,), catalogue, own, variants_of((gpu,), catalogue)) | player(gpu, catalogue)
    view = View((gpu,), {gpu.id: short_name(gpu)}, sentence_names([gpu]), rows, spoken_of, day, own, ())
    if gpu.usable:
        rows.update((row.field, row) for row in (*software_rows((gpu,)), *fit_rows((gpu,))))
        view = with_works(view, tuple(jobs) or usual_jobs((gpu,)), whole=True)
    cheaper = instead(gpu, pool, found)
    others = {one.id: one for one in (*near(gpu, pool, found), *cheaper)}
    around = beside(gpu, list(others.values()), found, day)
    return Review(
        view, around, tuple(one.id for one in cheaper),
        tuple(brief(view, around, [one.id for one in cheaper])), tuple(lead(view)),
        (*places(view, ranks, strong=True), *features.strengths(view)),
        (*places(view, ranks, strong=False), *features.limits(view)),
        tuple(features.board(view)), (*holding(view), *features.beside(view)),
        (*hour(view), *other_ways(view), *buying(view), *renting(view)),
        tuple(exchange(around, [one.id for one in cheaper])),
    )  # fmt: skip


def _same_kind(gpu: Gpu, other: Gpu) -> bool:
    """Whether one could stand in the other's place: laptops among laptops, whole machines among such."""
    if not other.usable or other.segment not in SEGMENTS:
        return False
    # A system on a chip is bought as a machine, a Mac on a desk or on the lap.
    machines = [one.value("form_factor") == _CHIP and one.segment != "edge" for one in (gpu, other)]
    if any(machines):
        return all(machines)
    return gpu.segment == other.segment if gpu.segment in _APART else other.segment not in _APART
