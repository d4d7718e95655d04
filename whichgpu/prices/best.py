"""What a GPU is rented for at best."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.prices import live, store
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from datetime import date

    from whichgpu.hardware.gpu import Gpu


class Price(NamedTuple):
    """USD per GPU and hour, and where it is from."""

    usd_per_gpu_hour: float
    source: str


def price(gpu: Gpu, today: date, stated: float | None = None) -> Price | None:
    """The price that was stated, else the best on-demand offer on file; None where there is none."""
    if stated is not None:
        return Price(stated, "as stated")
    rows = store.select(live.rows_of([gpu.id]), gpus=[gpu.id], kinds=store.term_kinds("on-demand"))
    best = store.best_first([row for row in rows if row.gpu_count >= 1], today)
    return Price(best[0].usd_per_gpu_hour, str(best[0])) if best else None
