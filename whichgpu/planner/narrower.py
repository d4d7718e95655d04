"""What comes first in a narrower number format, where nobody stated one: smaller cards hold it, for less.

Asked where weights are what fills the memory, and of every language model: the tokens of an answer wait for
its weights to be read.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from whichgpu.errors import UsageError
from whichgpu.facts import store
from whichgpu.planner.words import money
from whichgpu.values import immutable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from whichgpu.planner.answer import Candidate
    from whichgpu.planner.request import Request
    from whichgpu.workloads.workload import Workload

#: Weights fill the memory from this share of it on; costs that fall by less than this share are no news.
_FILLED, _NEWS = 0.5, 0.1


@immutable
class Narrower:
    """The first in a narrower format: what its work costs over that of the first as asked, USD to buy it.

    `least` is how it is bought for the least: the GPU, how many, and USD; None where it is rented.
    """

    precision: str
    gpu: str
    gpus: int
    cost_ratio: float
    usd_to_buy: float | None
    usd_per_hour: float
    least: tuple[str, int, float] | None

    @property
    def text(self) -> str:
        """What to type, and what it gives."""
        spent = f"{self.usd_per_hour:,.2f} USD/h" if self.usd_to_buy is None else (
            f"{money(self.usd_to_buy)} to buy"
        )  # fmt: skip
        change = f"{abs(1.0 - self.cost_ratio):.0%} {'less' if self.cost_ratio < 1.0 else 'more'}"
        least = ""
        if self.least is not None and self.least[0] != self.gpu:
            gpu, gpus, usd = self.least
            least = f"; the least to buy is then {_many(gpus)}{gpu}: {money(usd)}"
        return (
            f"with --precision {self.precision} it is {_many(self.gpus)}{self.gpu}: {spent}, {change} for "
            f"the work{least} (whichgpu fit tells what narrower formats cost in quality)"
        )


def _many(gpus: int) -> str:
    return f"{gpus:,} x " if gpus > 1 else ""


def narrower(
    ranked: Sequence[Candidate], request: Request, workload: Workload,
    ranking: Callable[[Request], Sequence[Candidate]],
) -> Narrower | None:  # fmt: skip
    """The first candidate in a narrower format where that costs clearly less, by the work or to buy.

    None where a format is stated, of training, and where no narrower one is run. `ranking` ranks a request.
    """
    if not ranked or request.unpriced or request.job.precision or ranked[0].estimate.job.trains:
        return None
    first = ranked[0]
    parts = first.estimate.memory
    if workload.unit != "tokens" and parts.get("weights", 0.0) < _FILLED * first.estimate.required:
        return None
    name = usual_format(request, workload)
    try:
        found = ranking(replace(request, job=replace(request.job, precision=name)))
    except UsageError:  # this kind of model, or its runtime, is not run in it
        return None
    if not found or found[0].trust > first.trust:
        return None
    one = found[0]
    bought = [(row.usd_to_buy, row) for row in found if row.trust == one.trust and row.usd_to_buy is not None]
    usd, row = min(bought, key=lambda each: each[0], default=(0.0, None))
    least = None if row is None else (row.gpu, row.gpus, usd)
    return clearly_less(Narrower(name, one.gpu, one.gpus, one.cost / first.cost, one.usd_to_buy,
                                 one.usd_per_hour, least), first.usd_to_buy)  # fmt: skip


def clearly_less(one: Narrower, usd_to_buy: float | None) -> Narrower | None:
    """The same where the work costs clearly less so, or the cards than these USD; None where neither does."""
    outlay = one.usd_to_buy / usd_to_buy if one.usd_to_buy and usd_to_buy else 1.0
    return one if min(one.cost_ratio, outlay) <= 1.0 - _NEWS else None


def usual_format(request: Request, workload: Workload) -> str:
    """The narrower format that is told beside the one asked for (`data/usual.toml`)."""
    name: str = store.load("usual")["usual"]["narrower"][kind_of(request, workload)]
    return name


def kind_of(request: Request, workload: Workload) -> str:
    """What decides which formats are usual: language models on bought cards, on rented ones, other work."""
    if workload.unit != "tokens":
        return "other"
    return "bought" if request.term == "buy" else "rented"
