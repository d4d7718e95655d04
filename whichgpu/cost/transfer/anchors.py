"""Anchors: measured runs, as users state them, that scale to other GPUs.

    rtx-3090: 12.4 samples/s
    rtx-3090:2, batch 32, fp16, pytorch 2.1: 12.4 samples/s
    a100-80gb-sxm, seq_len=512, train, checkpointing=full: 0.31 s/it

GPU, then what of the job was otherwise than in the one asked for, then the figure.
"""

from __future__ import annotations

import math
import re
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.estimate import estimate
from whichgpu.cost.job import asked
from whichgpu.cost.job.placing import placed
from whichgpu.cost.job.runtimes import runtime
from whichgpu.cost.reading import quoted
from whichgpu.cost.transfer.anchoring import Point, place
from whichgpu.errors import UsageError, WhichGpuError
from whichgpu.hardware.slices import resolve_device
from whichgpu.values import NamedTuple
from whichgpu.workloads import job as jobs
from whichgpu.workloads import phases
from whichgpu.workloads.precision import precision

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from whichgpu.cost.answers import Estimate
    from whichgpu.cost.estimates import Estimates
    from whichgpu.cost.reading.quoted import Quoted
    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.workloads.job import Job

_EXAMPLE = '"rtx-3090: 12.4 samples/s" or "rtx-3090:2, batch 32, fp16: 12.4 samples/s"'
_TEXTS = ("phase", "precision", "runtime")
#: Columns that are texts, and how each is read.
_COLUMNS: Mapping[str, Callable[[str], str]] = {
    "phase": phases.phase, "precision": lambda text: precision(text).id, "runtime": str, "resolution": str,
}  # fmt: skip


class Anchor(NamedTuple):
    """A measured run as it was stated: the GPU, how many, what of its job was otherwise, the figure."""

    text: str
    gpu: Gpu
    n_gpus: int
    changes: dict[str, Any]
    figure: Quoted


class Placed(NamedTuple):
    """An anchor with the prediction of its run and how far off that was."""

    anchor: Anchor
    predicted: Estimate
    point: Point

    def to_dict(self) -> dict[str, Any]:
        """Plain values; `ratio` is the measured rate over the predicted, `known` as in `Point`."""
        figure = self.anchor.figure
        return {
            "text": self.anchor.text, "gpu": self.anchor.gpu.id, "n_gpus": self.anchor.n_gpus,
            "value": figure.value, "unit": figure.unit,
            "predicted": figure.predicted(self.predicted).to_dict(), "ratio": math.exp(self.point.error),
            "known": round(self.point.known, 3),
        }  # fmt: skip


def read(text: str, catalogue: Catalogue) -> Anchor:
    """An anchor of its text; raises `UsageError` saying which part of it cannot be read."""
    where, sep, said = _parted(text)
    if not sep or not where.strip():
        raise UsageError(f"anchor '{text}' has no GPU and figure; write e.g. {_EXAMPLE}")
    try:
        figure = quoted.read(said)
    except UsageError as fault:
        raise UsageError(f"anchor '{text}': {fault}") from None
    if not figure.sense:
        raise UsageError(f"anchor '{text}': {figure.unit} says nothing of speed; write e.g. {_EXAMPLE}")
    name, *rest = (part.strip() for part in where.split(","))
    gpu, count = resolve_device(name, catalogue)
    changes: dict[str, Any] = {}
    options: dict[str, str] = {}
    for part in filter(None, rest):
        column, value = _stated(part, text)
        if column in ("height", *jobs.NUMBERS, *_TEXTS):
            changes[column] = value
        elif column == "resolution":
            changes["height"], changes["width"] = jobs.resolution(value)
        else:
            options[column] = value
    return Anchor(text.strip(), gpu, count, {**changes, "options": options}, figure)


def _parted(text: str) -> tuple[str, str, str]:
    """GPU and job, what parts them from the figure, and the figure, which may have a colon of its own."""
    found = re.search(r":\s+|\s@\s+", text)
    return (text[: found.start()], found[0], text[found.end() :]) if found else text.rpartition(":")


def _stated(part: str, text: str) -> tuple[str, Any]:
    """One thing that an anchor says of its job: `batch 32`, `seq_len=512`, `fp16`, `train`, `PyTorch 2.1`."""
    turned = re.match(r"^(\d+)\s+([A-Za-z][\w-]*)$", part)
    if turned and turned[2].lower() in jobs.NUMBERS:
        part = f"{turned[2]} {turned[1]}"
    match = re.match(r"^([A-Za-z][\w-]*)\s*=\s*(\S.*)$", part) or re.match(
        r"^([A-Za-z][\w-]*)\s+(\S+)$", part
    )
    column = match[1].lower().replace("-", "_") if match else ""
    if match and (column in _COLUMNS or column in jobs.NUMBERS or "=" in part):
        known = partial(jobs.number, column) if column in jobs.NUMBERS else _COLUMNS.get(column, str)
        return column, known(match[2])
    with suppress(UsageError):
        return "precision", precision(part).id
    with suppress(UsageError):
        return "phase", phases.phase(part)
    if runtime(part, "pytorch-2").exact:
        return "runtime", part
    raise UsageError(
        f"anchor '{text}': '{part}' is no job column, precision, phase or runtime; write e.g. {_EXAMPLE}"
    )


def run(anchor: Anchor, job: Job) -> Placed:
    """The point of an anchor of a job: where nothing else is said, its run is the job asked for.

    Raises `UsageError` where the model has no prediction of it, or one of another unit.
    """
    changes = dict(anchor.changes)
    options = {**job.options, **changes.pop("options")}
    # Groups of GPUs are those of the anchor's own number of them; a training keeps its own where they fit.
    tp, pp = _groups(job, anchor.n_gpus)
    own = replace(job, n_gpus=None, tp=changes.pop("tp", tp), pp=changes.pop("pp", pp),
                  **{**changes, "options": options})  # fmt: skip
    try:
        found = estimate(placed(own, anchor.n_gpus, anchor.gpu), [anchor.gpu])
        answer = found.at(0, 0)
        ratio = anchor.figure.ratio(answer)
    except WhichGpuError as fault:
        raise UsageError(f"anchor '{anchor.text}': {fault}") from None
    if not math.isfinite(ratio) or ratio <= 0.0:
        raise UsageError(
            f"anchor '{anchor.text}': the model has no speed for it ({job.workload} does not fit?)"
        )
    return Placed(anchor, answer, Point(place(found, 0), math.log(ratio)))


def _groups(job: Job, count: int) -> tuple[Any, Any]:
    """The degrees of a training that so many GPUs can have as well."""
    tp, pp = (1.0 if one is None else one for one in (job.tp, job.pp))
    whole = job.trains and np.size(tp) == np.size(pp) == 1 and count % float(np.ravel(tp * pp)[0]) == 0.0
    return (job.tp, job.pp) if whole else (None, None)


def of_one_user(job: Job) -> bool:
    """Whether a job states an engine that usually serves one user, who may also keep weights in the host.

    A format that one engine alone reads states it as well.
    """
    stack, usual = asked.read(job).runtime, asked.read(replace(job, precision="", runtime="")).runtime
    named = runtime(job.runtime, "pytorch-2").exact if job.runtime else stack.id != usual.id
    return named and stack.one_user


def job_of(found: Estimates) -> Job:
    """The single job of estimates, without what is only of its number of GPUs."""
    job = found.job_at(0)
    return replace(job, n_gpus=None) if job.trains else replace(job, n_gpus=None, tp=None, pp=None)
