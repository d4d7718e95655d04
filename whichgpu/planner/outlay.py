"""Beside the best value: the least to pay for cards that do the work, and the most that a budget buys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.planner.words import money
from whichgpu.units import number
from whichgpu.values import immutable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.planner.answer import Candidate
    from whichgpu.planner.request import Request
    from whichgpu.planner.uses import Card, ForUse


@immutable
class Bought:
    """A way to buy it: the GPU, USD for the cards of all instances, and what they do in words."""

    gpu: str
    usd: float
    does: str


@immutable
class Outlay:
    """Of what is bought: the `least` to pay for what does the work at all, the `most` within the budget.

    Each is None where it is what comes first already, or where nobody asked.
    """

    least: Bought | None
    most: Bought | None
    budget: float | None

    @property
    def sentences(self) -> tuple[str, ...]:
        """What a reader with so much money asks next."""
        said = []
        if self.least is not None:
            one = self.least
            said.append(f"The least to buy that does it is {one.gpu}: {money(one.usd)}, {one.does}")
        if self.most is not None and self.budget is not None:
            one = self.most
            said.append(
                f"The most that {money(self.budget)} buys is {one.gpu}: {one.does} for {money(one.usd)}"
            )
        return tuple(said)

    def to_dict(self) -> dict[str, object]:
        """As JSON: USD."""
        return {
            name: None if one is None else {"gpu": one.gpu, "usd_to_buy": one.usd, "does": one.does}
            for name, one in (("least", self.least), ("most", self.most))
        }


def of_work(ranked: Sequence[Candidate], request: Request, unit: str) -> Outlay | None:
    """Of candidates that are bought and work as fast as they can; None of a stated rate or size.

    Only prices that are trusted as that of the first are compared.
    """
    if not ranked or ranked[0].usd_to_buy is None or request.target is not None or request.size is not None:
        return None
    rows = [
        (one.usd_to_buy, one.throughput.mid, one.gpu, f"{number(one.throughput.mid, 3)} {unit}/s")
        for one in ranked
        if one.trust == ranked[0].trust and one.usd_to_buy is not None
    ]
    return _ends(rows, request.budget_to_buy, least=True)


def of_use(answer: ForUse) -> Outlay | None:
    """Of cards for a use outside the model, where a budget for them is stated; None elsewhere."""
    cards, budget = answer.cards, answer.request.budget_to_buy
    if not cards or budget is None or answer.request.desktops is not None:
        return None
    rows = [_row(card, answer) for card in cards if card.trust == cards[0].trust]
    return _ends([row for row in rows if row is not None], budget, least=False)


def _row(card: Card, answer: ForUse) -> tuple[float, float, str, str] | None:
    usd = card.usd_to_buy
    return None if usd is None else (usd, card.score, card.gpu.id, answer.use.amount(card.score))


def _ends(
    rows: Sequence[tuple[float, float, str, str]], budget: float | None, *, least: bool
) -> Outlay | None:
    """The ends of rows of USD, what is done, GPU, and that in words, the first first; None of no rows."""
    if not rows:
        return None
    cheapest = min(rows, key=lambda row: (row[0], -row[1]))
    most = max(rows, key=lambda row: (row[1], -row[0]))
    first = rows[0]

    def told(row: tuple[float, float, str, str], *, wanted: bool) -> Bought | None:
        return Bought(row[2], row[0], row[3]) if wanted and row[2] != first[2] else None

    return Outlay(told(cheapest, wanted=least), told(most, wanted=budget is not None), budget)
