"""Predicted beside measured: every row of a run that the cost model has a prediction for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.cost.table.jobs import predict_rows
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.bench.record import Record
    from whichgpu.hardware.catalogue import Catalogue


class Compared(NamedTuple):
    """A row's value and its prediction, both in the row's unit, or why there is none."""

    record: Record
    value: float
    low: float | None
    mid: float | None
    high: float | None
    basis: str
    why: str

    @property
    def error(self) -> float | None:
        """Predicted over measured, less 1."""
        return None if self.mid is None else self.mid / self.value - 1.0

    @property
    def inside(self) -> bool | None:
        """Whether the interval holds what was measured."""
        return None if self.low is None or self.high is None else self.low <= self.value <= self.high


def compare(found: Sequence[Record], catalogue: Catalogue) -> list[Compared]:
    """Predict each record that has a value."""
    valued = [
        one for one in found if one.value is not None and not one.row.get("workload", "").startswith("micro/")
    ]
    answers = predict_rows([one.row for one in valued], catalogue)
    return [
        Compared(
            one, float(one.row["value"]), answer.low, answer.value, answer.high, answer.basis, answer.error
        )
        for one, answer in zip(valued, answers, strict=True)
    ]
