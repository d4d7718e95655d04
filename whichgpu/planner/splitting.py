"""One large GPU or several small ones: what splitting a job gains, and the price at which the answer flips.

Three things are called several GPUs. Replicas each run jobs of their own: more of them, none sooner. Tensor
parallelism cuts every layer: a job is sooner, less what the links take. A layer split deals the layers out:
it holds a model that one GPU cannot, and nothing is sooner. With r the work of one large GPU over that of
one small, the large one is the cheaper while it costs less than r small ones.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.parallel.mesh import cuts
from whichgpu.errors import UsageError
from whichgpu.planner.grid import splits
from whichgpu.planner.sweeps import swept
from whichgpu.units import number, show
from whichgpu.values import immutable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.cost.estimates import Estimates
    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.planner.answer import Candidate
    from whichgpu.workloads.job import Job
    from whichgpu.workloads.workload import Workload

_COUNTS = np.array([1.0, 2.0, 4.0, 8.0])


@immutable
class Split:
    """A single job on so many GPUs of a kind: seconds from start to end, and whether it fits."""

    gpus: int
    tensor: float
    layers: float
    fits: bool


@immutable
class Several:
    """One large GPU against several small ones.

    `alone` are seconds of a single job on the large one, None where it does not fit; `splits` those on 1, 2,
    4 and 8 small ones, none but the first where the work cannot be split. `worth` is how many small GPUs one
    large makes the work of, `price` how many it costs.
    """

    workload: str
    small: str
    large: str
    alone: float | None
    splits: tuple[Split, ...]
    worth: float
    price: float

    @property
    def cheaper(self) -> str:
        """Which of the two makes the work for less."""
        return self.large if self.price < self.worth else self.small

    @property
    def flips_at(self) -> float:
        """The ratio of prices at which neither is the cheaper."""
        return self.worth

    @property
    def sentences(self) -> tuple[str, ...]:
        """What to know before choosing, every figure from the model or from an offer."""
        return (*self._alone(), *self._splitting(), self._flip())

    def _alone(self) -> tuple[str, ...]:
        least = next((one for one in self.splits if one.fits), None)
        if least is None:
            return (f"{self.workload} does not fit on {self.splits[-1].gpus} x {self.small} together",)
        if least.gpus > 1:
            return (f"{self.workload} does not fit on one {self.small}: {least.gpus} hold it together",)
        if self.alone is None:
            return (f"{self.workload} fits on one {self.small} and, as asked, not on one {self.large}",)
        return (
            f"a single job takes {show(least.tensor, 'time', 3)} on one {self.small} and "
            f"{show(self.alone, 'time', 3)} on one {self.large}",
        )

    def _splitting(self) -> tuple[str, ...]:
        if len(self.splits) == 1:
            return (
                f"several {self.small} run jobs side by side, as many times the work, and none of them "
                f"sooner: {self.workload} is not split over GPUs",
            )
        fitting = [one for one in self.splits if one.fits]
        if len(fitting) < 2:
            return ()
        first, most = fitting[0], min(fitting, key=lambda one: one.tensor)
        if most.gpus == first.gpus:
            gain = "gains nothing here: the links take what the GPUs save"
        else:
            gain = (
                f"speeds a job up: {show(most.tensor, 'time', 3)} on {most.gpus} against "
                f"{show(first.tensor, 'time', 3)} on {first.gpus}, {number(first.tensor / most.tensor, 2)} "
                f"times as fast for {number(most.gpus / first.gpus, 2)} times the GPUs"
            )
        last = fitting[-1]
        return (
            f"tensor parallelism over {self.small} {gain}",
            f"a layer split only holds the model: {show(last.layers, 'time', 3)} on {last.gpus}, no sooner "
            f"than {show(first.layers, 'time', 3)} on {first.gpus}",
        )

    def _flip(self) -> str:
        now = f"it costs {number(self.price, 2)} times one now, so {self.cheaper} is the cheaper for the work"
        return (
            f"one {self.large} makes the work of {number(self.worth, 2)} {self.small}: it is the cheaper "
            f"while it costs less than {number(self.worth, 2)} times one; {now}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values, s and ratios."""
        return {
            "small": self.small, "large": self.large, "alone_seconds": self.alone,
            "splits": [{"gpus": one.gpus, "tensor_parallel_seconds": one.tensor,
                        "layer_split_seconds": one.layers, "fits": one.fits} for one in self.splits],
            "worth": self.worth, "price": self.price, "flips_at": self.worth, "cheaper": self.cheaper,
            "sentences": list(self.sentences),
        }  # fmt: skip


@immutable
class Replicas:
    """A training on so many GPUs of a kind: units a second of all of them, and whether it fits."""

    gpus: int
    rate: float
    fits: bool


@immutable
class Trained:
    """A training on one large GPU against one on several small ones, each with a copy of the model or a part.

    `alone` are units a second on the large one, None where it does not fit; `splits` those on 1, 2, 4 and 8
    small ones. `worth` and `price` are as `Several` has them; `unit` is that of the rates.
    """

    workload: str
    small: str
    large: str
    unit: str
    alone: float | None
    splits: tuple[Replicas, ...]
    worth: float
    price: float

    @property
    def together(self) -> float | None:
        """How many small GPUs in one training make what the large one does; None where not even eight do."""
        fitting = [one for one in self.splits if one.fits]
        if self.alone is None or not fitting or fitting[-1].rate < self.alone:
            return None
        rates, counts = [one.rate for one in fitting], [one.gpus for one in fitting]
        if rates[0] >= self.alone:
            return counts[0] * self.alone / rates[0]
        return float(np.exp(np.interp(np.log(self.alone), np.log(rates), np.log(counts))))

    @property
    def flips_at(self) -> float:
        """The ratio of prices at which neither is the cheaper for this one training."""
        return self.together or self.worth

    @property
    def cheaper(self) -> str:
        """Which of the two trains for less."""
        return self.large if self.price < self.flips_at else self.small

    @property
    def sentences(self) -> tuple[str, ...]:
        """What to know before choosing, every figure from the model or from an offer."""
        fitting = [one for one in self.splits if one.fits]
        if not fitting:
            return (
                f"no copy of {self.workload} trains on one {self.small}: several have to cut it up between "
                "them (--tp, --option sharding=fsdp)",
            )
        first, last = fitting[0], fitting[-1]
        each = f"{number(first.rate, 3)} {self.unit}/s on {_times(first.gpus, self.small)}"
        large = "" if self.alone is None else f" and at {number(self.alone, 3)} on one {self.large}"
        gain = (
            f"data parallelism over {self.small} speeds the training up: "
            f"{number(last.rate / first.rate, 2)} times on {last.gpus} for "
            f"{number(last.gpus / first.gpus, 2)} times the GPUs"
        )
        alone = f"{self.workload} trains at {each}{large}"
        return (alone, gain, self._flip()) if last.gpus > first.gpus else (alone, self._flip())

    def _flip(self) -> str:
        now = f"it costs {number(self.price, 2)} times one now, so {self.cheaper} is the cheaper"
        if self.alone is None:
            return f"one {self.large} does not hold the training as asked; {now.partition(',')[0]}"
        if self.together is None:
            most = self.splits[-1].gpus
            return f"{most} {self.small} together do not train as fast as one {self.large}; {now}"
        ratio = number(self.together, 2)
        return (
            f"one {self.large} trains as fast as {ratio} {self.small} together: it is the cheaper while it "
            f"costs less than {ratio} times one; {now}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values, units a second and ratios."""
        return {
            "small": self.small, "large": self.large, "alone": self.alone, "unit": self.unit,
            "splits": [{"gpus": one.gpus, "throughput": one.rate, "fits": one.fits} for one in self.splits],
            "worth": self.worth, "together": self.together, "price": self.price, "flips_at": self.flips_at,
            "cheaper": self.cheaper, "sentences": list(self.sentences),
        }  # fmt: skip


def _times(count: int, name: str) -> str:
    return f"one {name}" if count == 1 else f"{count} {name}"


def several(
    job: Job, workload: Workload, candidates: Sequence[Candidate], catalogue: Catalogue
) -> Several | Trained | None:
    """The largest of the candidates against the smallest; None where they are alike."""
    done = workload.complete(job)
    usable = [item for item in candidates if item.trust < 2 and ":" not in item.gpu]
    if len(usable) < 2:
        return None
    small, large = (choose(usable, key=lambda one: one.made_each) for choose in (min, max))
    if large.made_each < 1.2 * small.made_each:
        return None
    pair = [catalogue[small.gpu], catalogue[large.gpu]]
    price = large.offer.usd_per_gpu_hour / small.offer.usd_per_gpu_hour
    worth = large.made_each / small.made_each
    try:
        if done.trains:
            unit, replicas, rate = _training(done, workload, pair)
            return Trained(workload.id, small.gpu, large.gpu, unit, rate, replicas, worth, price)
        found, alone = _timed(done, workload, pair)
    except UsageError:
        return None
    return Several(
        workload=workload.id, small=small.gpu, large=large.gpu, alone=alone, splits=found,
        worth=worth, price=price,
    )  # fmt: skip


def _training(
    job: Job, workload: Workload, pair: Sequence[Gpu]
) -> tuple[str, tuple[Replicas, ...], float | None]:
    """A training on 1, 2, 4 and 8 of the first GPU, with as much on each, and on one of the second."""
    found = swept(workload, replace(job, tp=1.0, pp=1.0, n_gpus=_COUNTS), pair)
    if any(found.refusals):
        raise UsageError(next(filter(None, found.refusals)))
    rates = found.throughput
    rows = tuple(
        Replicas(int(count), float(rates[0, j]), bool(found.fits[0, j])) for j, count in enumerate(_COUNTS)
    )
    return found.workload.unit, rows, float(rates[1, 0]) if found.fits[1, 0] else None


def _timed(job: Job, workload: Workload, pair: Sequence[Gpu]) -> tuple[tuple[Split, ...], float | None]:
    """A single job on 1, 2, 4 and 8 of the first GPU, cut and dealt out, and on one of the second."""
    language = splits(workload, job)
    single = replace(job, batch=1.0, concurrency=None, phase="generate" if language else job.phase)
    able = [count for count in _COUNTS.tolist() if cuts(workload.dims, int(count))]
    counts = np.array(able) if language else _COUNTS[:1]
    cut = swept(workload, replace(single, tp=counts, pp=1.0, n_gpus=counts), pair)
    dealt = swept(workload, replace(single, tp=1.0, pp=counts, n_gpus=counts), pair) if language else cut
    for one in (cut, dealt):
        if any(one.refusals):
            raise UsageError(next(filter(None, one.refusals)))
    rows = tuple(
        Split(int(count), float(cut.latency[0, j]), float(dealt.latency[0, j]), bool(cut.fits[0, j]))
        for j, count in enumerate(counts)
    )
    return rows, _first(cut)


def _first(cut: Estimates) -> float | None:
    return float(cut.latency[1, 0]) if cut.fits[1, 0] else None
