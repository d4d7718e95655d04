"""The machine that bought cards take, where nobody says into which one they go.

Of the parts of `machine.py` as much as the cards need, written as `--machine` takes it; and whether the usual
desktop of `data/machine.toml` holds them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.planner.machine import Machine, is_card, of_machine, read_machine, usual_desktop
from whichgpu.prices.purchase import purchase_price
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whichgpu.hardware.gpu import Gpu
    from whichgpu.prices.offers import Offer

#: A machine that holds anything, so that what cards need of it is told and not refused.
_ANY = Machine(psu=1e15, slots=1e15, amperes=1e15, volts=120.0, memory=1e15, cores=1e15, lanes=1e15)


class Built(NamedTuple):
    """The machine that the first candidate's cards take, and what a usual desktop holds of them.

    `machine` is as `--machine` takes it, empty of a module that no slot takes; `desktop` the usual one, which
    holds `most` of the cards; `other` is the first candidate that goes into it, where the first does not.
    """

    gpu: str
    cards: int
    machine: str
    desktop: str
    most: int
    other: str = ""

    @property
    def sentences(self) -> tuple[str, ...]:
        """What it takes, and where that is more than a desktop, what a desktop would hold."""
        if not self.machine:
            return (f"{self.gpu} is a module and no card: it takes a server that is made for it",)
        told = [f'{self.cards} x {self.gpu} take at least --machine "{self.machine}", the host counted']
        if self.most >= self.cards:
            return (*told, f"a usual desktop ({self.desktop}) holds {self.most} of them")
        some = f"{self.most} of them" if self.most else "none of them"
        other = f": of those listed, {self.other} is the first that does go in" if self.other else ""
        told.append(f"a usual desktop ({self.desktop}) holds {some}{other}; "
                    f'what is best in it: --machine "{self.desktop}"')  # fmt: skip
        return tuple(told)

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {"gpu": self.gpu, "cards": self.cards, "needs": self.machine or None,
                "usual_desktop": self.desktop, "most_in_usual_desktop": self.most,
                "first_in_usual_desktop": self.other or None}  # fmt: skip


def built(
    first: Offer, others: Sequence[Offer], gpus: Mapping[str, Gpu], boxes: Sequence[Offer], cap: float | None
) -> Built | None:
    """The machine that the cards of an offer take; None of what is bought whole: laptops, boards, servers.

    `boxes` are offers of 1, 2, 3 .. of that card, `others` those of the other candidates, best first.
    """
    gpu = gpus[first.gpu or ""]
    price = purchase_price(gpu.id)
    if gpu.segment in ("laptop", "edge") or price is None or price.includes_host:
        return None
    desktop, cards = usual_desktop(), int(first.gpu_count)
    usual = read_machine(desktop)
    if gpu.value("form_factor") is None:
        # Whether it goes into a slot was not read in any source.
        return None
    if not is_card(gpu):
        return Built(gpu.id, cards, "", desktop, 0)
    held = _held(usual, boxes, gpus, cap)
    most = max((int(box.gpu_count) for box, fits in zip(boxes, held, strict=True) if fits), default=0)
    fitting = zip(others, _held(usual, others, gpus, cap), strict=True)
    other = (
        ""
        if most >= cards
        else next((f"{int(one.gpu_count)} x {one.gpu}" for one, fits in fitting if fits), "")
    )
    return Built(gpu.id, cards, _needed(first, gpus, cap), desktop, most, other)


def _held(
    machine: Machine, offers: Sequence[Offer], gpus: Mapping[str, Gpu], cap: float | None
) -> Sequence[bool]:
    """Which offers go into a machine."""
    if not offers:
        return []
    held = [limit.holds(offers) for limit in of_machine(machine, gpus, cap)]
    return [bool(one) for one in np.logical_and.reduce(held)]


def _needed(offer: Offer, gpus: Mapping[str, Gpu], cap: float | None) -> str:
    """The least machine for an offer, in words that `--machine` reads."""
    told = []
    for limit in of_machine(_ANY, gpus, cap):
        if limit.measure is not None and limit.typed is not None:
            need = float(limit.measure([offer])[0])
            if np.isfinite(need):
                told.append(limit.typed(need))
        elif not limit.implied and not limit.holds([offer])[0]:
            told.append("server airflow")
    return ", ".join(told)
