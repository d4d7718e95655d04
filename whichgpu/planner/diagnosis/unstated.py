"""What nobody stated of a job that was measured: the value of it that makes the figure normal.

People tell what they think of: that a figure is of training, of one reader, of a large batch often goes
without saying. A figure that is normal for one of these is not slow or fast.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from whichgpu.cost.estimate import estimate
from whichgpu.cost.job.runtimes import runtime
from whichgpu.cost.reading.quoted import SCALING
from whichgpu.errors import WhichGpuError
from whichgpu.planner.diagnosis.settling import settled
from whichgpu.workloads.precision import precision
from whichgpu.workloads.workload import resolve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.cost.reading.quoted import Quoted
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.workloads.job import Job

#: How often the usual batch of a training is doubled.
_DOUBLINGS = 6
#: Steps that pictures are often made in, where programs and papers have 50.
_STEPS = (30.0, 25.0, 20.0)
#: Tokens of prompts that servers are often tried with, where data sets have about 512.
_PROMPTS = (256.0, 128.0)
#: Passes that are often gathered into a step.
_PASSES = ("2", "4", "8", "16", "32")
#: Requests in flight that a server is not asked beyond.
_MOST = 512.0


def meant(stated: Job, full: Job, gpu: Gpu, figure: Quoted, *, slow: bool) -> Iterator[tuple[str, Job, bool]]:
    """Jobs that a figure may be of rather than of the one in full, with what each takes, the likeliest first.

    And whether it is normal for it, by an estimate that nothing narrows. `slow` is whether the figure is
    below what is predicted, for which larger batches are no reason. What is slower than a server's answer
    to one is held against that.
    """
    for words, column, value in _readings(stated, full, figure, slow=slow):
        with suppress(WhichGpuError):
            job = replace(stated, **{column: value})
            one = estimate(job, [gpu]).at(0, 0)
            said, _ = settled(figure, one, gpu)
            within = said.predicted(one)
            if one.required <= one.available and within.low <= said.value <= within.high:
                yield f"{words}, with which it is normal", job, True
            elif (job.concurrency == 1.0 or _autocast(job)) and slow and said.ratio(one) < 1.0:
                yield words, job, False


def _autocast(job: Job) -> bool:
    """Whether a job is a training in mixed precision: those who infer convert the model instead."""
    return job.trains and bool(job.precision) and precision(job.precision).id.startswith("amp")


def _readings(stated: Job, full: Job, figure: Quoted, *, slow: bool) -> Iterator[tuple[str, str, Any]]:
    """Columns that the same words may mean, each with what it takes and its value, the likeliest first."""
    trains = "train" in resolve(full.workload).phases and not runtime(full.runtime, "pytorch-2").infers
    if not stated.phase and full.phase == "infer" and slow and trains:
        yield "no phase is stated: taken as training", "phase", "train"
    if full.phase == "infer" and stated.batch is None and figure.metric == "latency" and not slow:
        yield "no batch is stated: taken as one item", "batch", 1.0
    if full.phase == "serve" and stated.concurrency is None and stated.batch is None:
        flights, most = 1.0, float(full.concurrency or _MOST)
        while flights < most:
            yield f"no number of requests is stated: taken as {flights:g} in flight", "concurrency", flights
            flights *= 2.0
    if full.phase == "generate" and stated.steps is None and not slow:
        for steps in (one for one in _STEPS if one < float(full.steps or 0.0)):
            yield f"no number of steps is stated: taken as {steps:g}", "steps", steps
    if not slow:
        yield from _lighter(stated, full, figure)
    if not slow:
        yield from _larger_steps(stated, full, figure)


def _lighter(stated: Job, full: Job, figure: Quoted) -> Iterator[tuple[str, str, Any]]:
    """Shorter prompts of a server, and the layout that tensor cores are fed in."""
    if full.phase == "serve" and stated.input_tokens is None and figure.metric != "ttft":
        for tokens in (one for one in _PROMPTS if one < float(full.input_tokens or 0.0)):
            yield f"no length of prompts is stated: taken as {tokens:g} tokens", "input_tokens", tokens
    if full.height and full.phase in ("train", "infer") and "layout" not in stated.options:
        yield "no layout is stated: taken as channels last", "options", {**stated.options, "layout": "nhwc"}


def _larger_steps(stated: Job, full: Job, figure: Quoted) -> Iterator[tuple[str, str, Any]]:
    """The same of what is fast: larger batches, and of a speed-up more passes between exchanges."""
    many = full.trains or (full.phase in ("infer", "generate") and figure.sense > 0)
    if stated.batch is None and many:
        for doublings in range(1, _DOUBLINGS + 1):
            batch = 2.0**doublings * float(full.batch or 1.0)
            yield f"no batch is stated: taken as {batch:g}", "batch", batch
    if figure.metric == SCALING and "grad_accum" not in stated.options:
        # Passes between exchanges are how slow links are hidden.
        for passes in _PASSES:
            options = {**stated.options, "grad_accum": passes}
            yield f"no passes of a step are stated: taken as {passes}", "options", options
