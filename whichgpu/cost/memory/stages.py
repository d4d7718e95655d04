"""Memory of each stage of a pipeline: its layers, an end of the model, and what is in flight there.

The first stage has the embedding and keeps the most micro-batches (1F1B), the last has the output head, makes
the logits and keeps one; GPUs of a stage (tensor, context, data and expert parallelism) are alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whichgpu.cost.job.settling import settle
from whichgpu.cost.job.training_step import trained_step
from whichgpu.cost.memory import job_memory
from whichgpu.cost.memory.training_memory import Spread
from whichgpu.values import immutable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.workloads.job import Job


@immutable
class Stage:
    """One stage, counted from 1: its micro-batches in flight, and B on each of its `gpus` by part."""

    number: int
    gpus: int
    in_flight: float
    parts: Mapping[str, float]

    @property
    def required(self) -> float:
        """Bytes on each of its GPUs."""
        return sum(self.parts.values())

    def to_dict(self) -> dict[str, object]:
        """Plain values, in bytes."""
        return {"stage": self.number, "gpus": self.gpus, "in_flight": self.in_flight,
                "required": self.required, "parts": dict(self.parts)}  # fmt: skip


def stages(job: Job, available: float) -> tuple[Stage, ...]:
    """The stages of a training job that is dealt out over several; none of another job.

    `available` bytes are on each GPU: recipes that recompute as much as their card needs look at them, as the
    fullest stage has it. Raises `UsageError` as `layout.lay_out` does.
    """
    if not job.trains or float(np.max(np.asarray(job.pp or 1.0))) <= 1.0:
        return ()
    done = settle(job)
    job, whole, own, step = trained_step(done.workload, done.job, done.runtime)
    room, count = np.full((1,), available), round(float(np.max(np.asarray(job.pp))))
    kinds = job_memory.open_checkpointing(done.workload, job, done.runtime)
    if kinds:
        tried = [job.changed(options={**job.options, "checkpointing": kind}) for kind in kinds]
        each = [
            job_memory.training(done.workload, one, done.runtime, step, whole=whole, own=own, available=room)[
                0
            ]
            for one in tried
        ]
        mildest = job_memory.mildest(done.workload, job, done.runtime, each, whole=whole, available=room)
        kind = kinds[max(int(np.ravel(mildest)[0]), 0)]
        job = job.changed(options={**job.options, "checkpointing": kind})
    numbers = np.arange(count, dtype=np.float64)
    parts, _ = job_memory.training(
        done.workload, job, done.runtime, step, whole=whole, own=own, available=room, stages=numbers
    )
    spread = Spread(
        pp=float(count),
        vp=job.degree("vp"),
        micro_batches=step.micro_batches,
        rounds=step.rounds,
        stage=numbers,
    )
    held = np.broadcast_to(spread.in_flight, numbers.shape)
    own_parts = {name: np.broadcast_to(part, numbers.shape) for name, part in parts.items()}
    gpus = round(float(np.max(np.asarray(job.n_gpus))) / count)
    return tuple(
        Stage(i + 1, gpus, float(held[i]), {name: float(part[i]) for name, part in own_parts.items()})
        for i in range(count)
    )
