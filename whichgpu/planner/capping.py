"""What a power cap costs in speed and saves in energy: the same configuration, with and without it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from whichgpu.cost.estimate import estimate
from whichgpu.units import number, show
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.planner.answer import Candidate
    from whichgpu.planner.options import Options
    from whichgpu.planner.request import Request

#: Changes below this are none.
_NONE = 0.005


class Capped(NamedTuple):
    """The first candidate under its cap: W of the cap and of the board, and ratios, capped over free."""

    gpu: str
    limit: float
    board: float
    speed: float
    power: float
    least: float | None

    @property
    def text(self) -> str:
        """What the cap does, in a sentence."""
        limit, board = show(self.limit, "power"), show(self.board, "power")
        if self.limit >= self.board:
            return f"a cap of {limit} does nothing to {self.gpu}, whose board power is {board}"
        lost = 1.0 - self.speed
        slower = f"{number(lost * 100, 2)} % slower" if lost > _NONE else "as fast"
        saved = 1.0 - self.power / self.speed
        energy = f"{number(abs(saved) * 100, 2)} % {'less' if saved > 0 else 'more'} energy for the work"
        told = f"capped at {limit} of {board}, {self.gpu} is {slower} and takes {energy}"
        if self.least is not None and self.limit < self.least:
            told += f"; but its lowest power limit is {show(self.least, 'power')}"
        return told

    def to_dict(self) -> dict[str, Any]:
        """As plain data; W, ratios."""
        return {**self._asdict(), "text": self.text}


def capped(request: Request, space: Options, ranked: Sequence[Candidate]) -> Capped | None:
    """What the cap of a request does to its first candidate; None without a cap or a candidate."""
    if request.power_limit is None or not ranked:
        return None
    first = ranked[0]
    gpu = next(gpu for gpu in space.sweep.devices.gpus if gpu.id == first.gpu)
    job = first.estimate.job
    free = {key: value for key, value in job.options.items() if key != "power_limit"}
    without = estimate(replace(job, options=free), [gpu]).at(0, 0)
    return Capped(
        gpu.id, request.power_limit, gpu.need("power"),
        first.estimate.throughput.mid / without.throughput.mid, first.estimate.power / without.power,
        gpu.value("power_min"),
    )  # fmt: skip
