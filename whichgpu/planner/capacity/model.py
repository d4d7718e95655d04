"""What fits: the answer for one workload on one device, and for all of them."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Any

from whichgpu.units import GIB, number
from whichgpu.values import Shown, immutable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.cost.memory.stages import Stage
    from whichgpu.facts.model import Interval
    from whichgpu.workloads.job import Job


def gib(size: float) -> str:
    """`12.1 GiB`, as what a card reports is counted."""
    return f"{number(size / GIB, 3)} GiB"


def by_size(parts: Mapping[str, float]) -> dict[str, float]:
    """Parts of memory, the largest first."""
    return dict(sorted(parts.items(), key=lambda part: -part[1]))


@immutable
class Quality:
    """What a change was published to cost: a sentence, and its source, empty where no figure is known."""

    text: str
    source: str = ""

    def to_dict(self) -> dict[str, str]:
        """Text and source."""
        return {"text": self.text, "source": self.source}


@immutable
class Change:
    """One way to make a job fit.

    `kind` is precision, batch, gpus, tensor_parallel ..; `option` what to type; `required` in B per GPU on
    `n_gpus` of `gpu`. `throughput` is the model's own prediction, `speed` its middle over that of the job as
    asked for, given the memory; both None where the change was not timed. `host_memory` in B is needed
    beside. Of a serving job `concurrency` is how many requests it holds at once then. It `may_run_out` of
    memory where it fits by the middle of what it needs, and not at the upper end.
    """

    kind: str
    text: str
    option: str
    gpu: str
    n_gpus: int
    required: float
    available: float
    throughput: Interval | None = None
    speed: float | None = None
    quality: Quality = field(default_factory=lambda: Quality("the same arithmetic: no change of results"))
    host_memory: float = 0.0
    concurrency: int | None = None
    may_run_out: bool = False

    def __str__(self) -> str:
        return f"{self.text} ({self.option}): {gib(self.required)} of {gib(self.available)}"

    def to_dict(self) -> dict[str, Any]:
        """Plain values, SI units."""
        return {
            "kind": self.kind, "text": self.text, "option": self.option, "gpu": self.gpu,
            "n_gpus": self.n_gpus, "required": self.required, "available": self.available,
            "host_memory": self.host_memory, "concurrency": self.concurrency,
            "throughput": self.throughput.to_dict() if self.throughput else None, "speed": self.speed,
            "quality": self.quality.to_dict(), "may_run_out": self.may_run_out,
        }  # fmt: skip


@immutable
class Limits:
    """The largest of each that fits for sure, all else as asked; None where the job has no such size.

    `batch` per GPU; `context` in tokens of a sequence, prompt and output together, which the model was made
    for up to `made_for`; `concurrency` over all GPUs; `resolution` is the edge of a square image in pixels.
    0 is none. `may` has, by the same names, the largest that may fit and may run out, where that is more.
    """

    batch: int | None = None
    context: int | None = None
    made_for: int | None = None
    concurrency: int | None = None
    resolution: int | None = None
    may: Mapping[str, int] = field(default_factory=dict)

    def most(self, name: str) -> int | None:
        """The largest that fits for sure; where none does, the largest that may."""
        found: int | None = getattr(self, name)
        return found or self.may.get(name, found)

    def to_dict(self) -> dict[str, Any]:
        """Every limit by name."""
        names = ("batch", "context", "made_for", "concurrency", "resolution")
        return {**{name: getattr(self, name) for name in names}, "may": dict(self.may)}


@immutable
class HostCopy:
    """What loading one format of checkpoint takes: host memory in B, and seconds by where the file lies."""

    format: str
    host_memory: float
    seconds: Mapping[str, float]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, SI units."""
        return {"format": self.format, "host_memory": self.host_memory, "seconds": dict(self.seconds)}


@immutable
class Loading:
    """Loading a model: bytes of its checkpoint, seconds over PCIe, and what each format takes of the host."""

    checkpoint: float
    pcie: float
    formats: tuple[HostCopy, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, SI units."""
        return {"checkpoint": self.checkpoint, "pcie_seconds": self.pcie,
                "formats": [one.to_dict() for one in self.formats]}  # fmt: skip


@immutable
class Fewest:
    """The fewest GPUs of one type that hold a job together for sure, and how they share it.

    `may` has fewer that may hold it and may run out of memory. Where no number holds it for sure these
    `may_run_out` themselves.
    """

    gpu: str
    n_gpus: int
    how: str
    may_run_out: bool = False
    may: Fewest | None = None

    def __str__(self) -> str:
        said = f"{self.n_gpus} x {self.gpu}" + (f" ({self.how})" if self.how else "")
        said += " may" if self.may_run_out else ""
        return said if self.may is None else f"{said}, {self.may.n_gpus} may"

    def to_dict(self) -> dict[str, Any]:
        """GPU, count, and the options that share the job out; the same of fewer that may."""
        return {"gpu": self.gpu, "n_gpus": self.n_gpus, "how": self.how, "may_run_out": self.may_run_out,
                "may": self.may and {"n_gpus": self.may.n_gpus, "how": self.may.how}}  # fmt: skip


@immutable
class Answer:
    """Whether one workload (or several together) fits on one device; bytes are of the fullest GPU.

    `jobs` are what was judged, completed; `reason` says in a sentence why it fits or not, with the smallest
    relaxation where it does not; `parts` are largest first, by workload as well where there are several;
    `stages` are of a training over several.
    """

    workload: str
    gpu: str
    n_gpus: int
    jobs: tuple[Job, ...]
    runtime: str
    fits: bool
    reason: str
    parts: Mapping[str, float]
    required: float
    available: float
    limits: tuple[Limits, ...]
    #: The smallest card that holds it for sure; `smallest_may` has less memory, and may.
    smallest_gpu: str | None
    fewest: tuple[Fewest, ...]
    changes: tuple[Change, ...]
    loading: Loading
    throughput: Interval | None = None
    notes: tuple[str, ...] = ()
    #: Of a card, what `available` is.
    share: float = 1.0
    stages: tuple[Stage, ...] = ()
    #: What is read off a run that fits, by total: tensors, reserved, on the device.
    read: Mapping[str, Interval] = field(default_factory=dict)
    #: What it needs, with the interval that the verdict is of; None where it cannot run.
    need: Interval | None = None
    smallest_may: str | None = None

    @property
    def margin(self) -> float:
        """Bytes that are left on the fullest GPU; below zero where they are lacking."""
        return self.available - self.required

    @property
    def may_run_out(self) -> bool:
        """Whether a card holds one end of the interval of what it needs, and not the other for sure."""
        from whichgpu.cost.memory.verdict import DOUBTS

        return any(note in DOUBTS for note in self.notes)

    @property
    def verdict(self) -> str:
        """`fits`, `may run out` or `does not fit`: by both ends of the interval, `fits` by its middle."""
        return "may run out" if self.may_run_out else "fits" if self.fits else "does not fit"

    def __str__(self) -> str:
        return self.reason

    def to_dict(self) -> dict[str, Any]:
        """The contract's shape of `fit`, SI units, and the rest beside it."""
        limits: Any = [one.to_dict() for one in self.limits]
        jobs: Any = [job.to_dict() for job in self.jobs]
        alone = len(self.jobs) == 1
        return {
            "fits": self.fits, "may_run_out": self.may_run_out, "verdict": self.verdict,
            "required": self.required, "available": self.available, "margin": self.margin,
            "required_interval": self.need.to_dict() if self.need else None,
            "parts": dict(self.parts), "read": {name: one.to_dict() for name, one in self.read.items()},
            "smallest_gpu": self.smallest_gpu, "smallest_may": self.smallest_may,
            "changes": [one.to_dict() for one in self.changes],
            "workload": self.workload, "gpu": self.gpu, "n_gpus": self.n_gpus, "runtime": self.runtime,
            "reason": self.reason, "job": jobs[0] if alone else jobs,
            "limits": limits[0] if alone else limits,
            "fewest": [one.to_dict() for one in self.fewest], "loading": self.loading.to_dict(),
            "throughput": self.throughput.to_dict() if self.throughput else None, "notes": list(self.notes),
            "stages": [one.to_dict() for one in self.stages],
        }  # fmt: skip


#: A verdict in one word, as a matrix has it.
_SHORT = {"fits": "yes", "may run out": "maybe", "does not fit": "no"}


@immutable
class Fits(Shown):
    """Every workload on every device asked for, workload by workload."""

    answers: tuple[Answer, ...]

    @property
    def fits(self) -> bool:
        """Whether each workload fits on at least one of the devices."""
        held = {one.workload for one in self.answers if one.fits}
        return all(one.workload in held for one in self.answers)

    @property
    def refused(self) -> bool:
        """Whether one of the workloads fits on none of the devices, not even at the lower end."""
        held = {one.workload for one in self.answers if one.fits or one.may_run_out}
        return any(one.workload not in held for one in self.answers)

    @property
    def first(self) -> Answer:
        """The first that does not fit of a workload that fits nowhere, else the first that fits."""
        held = {one.workload for one in self.answers if one.fits}
        lost = (one for one in self.answers if one.workload not in held)
        return next(lost, None) or next(one for one in self.answers if one.fits)

    def __str__(self) -> str:
        return "\n".join(map(str, self.answers))

    def _repr_markdown_(self) -> str:
        head = ["| Workload | GPUs | Fits | Required | Available |", "| --- | --- | --- | ---: | ---: |"]
        rows = [
            f"| {one.workload} | {one.n_gpus} x {one.gpu} | {_SHORT[one.verdict]} "
            f"| {gib(one.required)} | {gib(one.available)} |"
            for one in self.answers
        ]
        return "\n".join([*head, *rows, "", *(f"- {one}" for one in self.answers)])

    def to_dict(self) -> dict[str, Any]:
        """The keys of `first`, with `fits` of all; of several also `answers`, each in the same shape."""
        whole = {**self.first.to_dict(), "fits": self.fits}
        if len(self.answers) > 1:
            whole["answers"] = [one.to_dict() for one in self.answers]
        return whole
