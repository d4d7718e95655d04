"""What a user asks of `recommend`, and what is answered."""

from __future__ import annotations

import sys
from dataclasses import field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from whichgpu import prices
from whichgpu.errors import UsageError
from whichgpu.hardware.fields import FIELDS
from whichgpu.hardware.names import candidates
from whichgpu.hardware.names import resolve as resolve_gpu
from whichgpu.units import parse, parse_rate
from whichgpu.values import Shown, immutable
from whichgpu.workloads.workload import resolve as resolve_workload

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from pathlib import Path

    from whichgpu.cost.estimate import Estimate
    from whichgpu.facts.model import Interval
    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.planner.splitting import Several
    from whichgpu.prices.offers import Offer
    from whichgpu.workloads.job import Job
    from whichgpu.workloads.workload import Workload


@immutable
class Target:
    """A rate of work: `rate` per second of `unit`; `text` as asked."""

    rate: float
    unit: str
    text: str

    def to_dict(self) -> dict[str, Any]:
        """Value per second, and the words."""
        return {"value": self.rate, "unit": f"{self.unit}/s", "text": self.text}


@immutable
class Request:
    """A workload, what is wanted of it, and what limits the choice.

    `gpus`, `providers` are None for all; `latency` in s for one job from start to end; `budget` in
    USD/h for the whole fleet; `needs` are catalogue fields that a GPU must have; `today` dates prices.
    """

    job: Job
    today: date
    target: Target | None = None
    latency: float | None = None
    budget: float | None = None
    gpus: tuple[str, ...] | None = None
    providers: tuple[str, ...] | None = None
    term: str = "on-demand"
    needs: tuple[str, ...] = ()


#: Words that mean the same unit of work; samples and requests are units of any workload.
_SYNONYMS = {
    "images": ("images", "image", "img", "imgs", "samples", "sample", "pictures"),
    "videos": ("videos", "video", "clips", "clip", "samples", "sample"),
    "sequences": ("sequences", "sequence", "samples", "sample", "seq", "seqs", "documents", "sentences"),
    "tokens": ("tokens", "token", "tok", "output tokens", "output token"),
    "utterances": ("utterances", "utterance", "samples", "sample", "sequences", "requests"),
    "volumes": ("volumes", "volume", "samples", "sample", "images"),
    "mel-frames": ("mel-frames", "mel frames", "frames"),
    "audio-samples": ("audio-samples", "audio samples", "samples"),
    "audio seconds": ("audio seconds", "audio second", "seconds of audio", "seconds", "audio-seconds"),
    "samples": ("samples", "sample", "requests", "interactions"),
    "GFLOP": ("gflop", "gflops"),
    "GB": ("gb",),
}


def read_target(text: str, workload: Workload) -> Target:
    """`"1000 images/min"` for a workload that makes images.

    Raises `UsageError` for a rate without a unit, not above zero, absurdly large, or of other work.
    """
    rate, unit = parse_rate(text)
    if unit not in _SYNONYMS.get(workload.unit, (workload.unit,)):
        raise UsageError(
            f"{workload.id} makes {workload.unit}, and '{text}' asks for {unit}; "
            f'write e.g. --target "1000 {workload.unit}/min"'
        )
    if rate > 1e12:
        raise UsageError(f"'{text}' is {rate:.3g} {workload.unit} per second; is it a slip of the keyboard?")
    return Target(rate, workload.unit, text.strip())


def read_positive(text: str, dimension: str, what: str) -> float:
    """A quantity above zero, e.g. a latency or a budget; raises `UsageError` otherwise."""
    value = parse(text, dimension)
    if value <= 0:
        raise UsageError(f"{what} '{text}' is not above zero")
    return value


def read_request(
    job: Job, catalogue: Catalogue, *, today: date, target: str | None = None, latency: str | None = None,
    budget: str | None = None, gpus: Sequence[str] | None = None, providers: Sequence[str] | None = None,
    term: str = "on-demand", needs: Sequence[str] = (), offers: Path | None = None,
) -> tuple[Request, tuple[Offer, ...] | None]:  # fmt: skip
    """A request from text as a person types it, and the user's own offers where a file is given.

    Raises `UsageError` for a name that does not resolve, a quantity without a unit, one not above
    zero, or an unreadable file.
    """
    workload = resolve_workload(job.workload)
    if term != "buy":
        prices.term_kinds(term)
    rows = None if offers is None else _own_offers(offers, catalogue, today)
    request = Request(
        job=job,
        today=today,
        target=None if target is None else read_target(target, workload),
        latency=None if latency is None else read_positive(latency, "time", "latency"),
        budget=None if budget is None else read_positive(budget, "price", "budget"),
        gpus=None if gpus is None else tuple(dict.fromkeys(resolve_gpu(g, catalogue).id for g in gpus)),
        providers=None if providers is None else tuple(providers),
        term=term,
        needs=tuple(_need(name) for name in needs),
    )
    return request, rows


def _own_offers(path: Path, catalogue: Catalogue, today: date) -> tuple[Offer, ...]:
    read = prices.load_offers(path, resolve=lambda text: ids(text, catalogue), today=today)
    for warning in read.warnings:
        sys.stderr.write(f"whichgpu: left out: {warning}\n")
    return read.offers


def ids(text: str, catalogue: Catalogue) -> list[str]:
    """The ids that a spelling may mean; raises `UsageError` for one that is none."""
    found = [gpu.id for gpu in candidates(text, catalogue)]
    return found or [resolve_gpu(text, catalogue).id]


def _need(name: str) -> str:
    """A catalogue field by name; `mig` and `display` are short for theirs."""
    key = {"mig": "mig_max", "display": "display_outputs"}.get(name.lower(), name.lower().replace("-", "_"))
    if key not in FIELDS:
        near = get_close_matches(key, FIELDS, n=3, cutoff=0.5) or ["nvlink", "ecc", "fp8", "mig"]
        raise UsageError(f"no field '{name}' that a GPU could need; did you mean {', '.join(near)}?")
    return key


@immutable
class Candidate:
    """One way to do it: an offer, how many of it, and what it gives.

    `throughput` is of the whole fleet, `throughput_per_instance` of one; `instances` are counted at
    the middle estimate, `instances_safe` at its low end; `usd_per_unit` at the asked target, or at
    full load where none was asked; `watts` of all GPUs in use.
    """

    gpu: str
    offer: Offer
    estimate: Estimate
    gpus_per_replica: int
    gpus_per_instance: int
    replicas: int
    instances: int
    instances_safe: int
    throughput: Interval
    throughput_per_instance: Interval
    usd_per_hour: float
    usd_per_unit: float
    usd_per_unit_full_load: float
    watts: float
    trust: int
    spread_own: float
    buy: float | None = None
    why: str = ""

    def to_dict(self, rank: int) -> dict[str, Any]:
        """The contract's shape of a candidate."""
        estimate = self.estimate
        return {
            "rank": rank, "gpu": self.gpu,
            "gpus_per_replica": self.gpus_per_replica, "replicas": self.replicas,
            "gpus_per_instance": self.gpus_per_instance, "instances": self.instances,
            "instances_safe": self.instances_safe, "throughput": self.throughput.to_dict(),
            "throughput_per_instance": self.throughput_per_instance.to_dict(),
            "latency": estimate.latency.to_dict(), "usd_per_hour": self.usd_per_hour,
            "usd_per_unit": self.usd_per_unit, "usd_per_unit_full_load": self.usd_per_unit_full_load,
            "watts": self.watts, "buy_usd_per_hour": self.buy,
            "offer": self.offer.to_dict(),
            "memory": {"parts": dict(estimate.memory), "required": estimate.required,
                       "available": estimate.available},
            "fits": estimate.fits, "runtime": estimate.runtime, "job": estimate.job.to_dict(),
            "sequences": estimate.sequences, "basis": estimate.basis, "why": self.why,
        }  # fmt: skip


@immutable
class Rejected:
    """A GPU that was not chosen: the kind of reason, and the reason in full."""

    gpu: str
    kind: str
    why: str


@immutable
class Recommendation(Shown):
    """Candidates, best first, the rejected with their reasons, and what was assumed."""

    workload: Workload
    request: Request
    candidates: tuple[Candidate, ...]
    rejected: tuple[Rejected, ...]
    assumptions: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    infeasible: str = ""
    headline: str = ""
    several: Several | None = None
    seconds: float = field(default=0.0, compare=False)

    def __str__(self) -> str:
        return self.headline or self.infeasible

    def to_dict(self) -> dict[str, Any]:
        """The contract's shape of `recommend`."""
        target = self.request.target
        return {
            "workload": self.workload.id,
            "target": target.to_dict() if target else None,
            "unit": self.workload.unit,
            "headline": self.headline,
            "candidates": [item.to_dict(rank) for rank, item in enumerate(self.candidates, 1)],
            "rejected": [{"gpu": item.gpu, "why": item.why} for item in self.rejected],
            "assumptions": list(self.assumptions),
            "warnings": list(self.warnings),
            "infeasible": self.infeasible or None,
            "several": self.several.to_dict() if self.several else None,
        }
