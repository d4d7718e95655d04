"""What an engine takes at once: sequences, tokens of a pass, and the room that it asks for before it begins.

    max_num_seqs             sequences that run together, of each group of data-parallel attention
    max_num_batched_tokens   tokens of a pass, of prompts for the most part
    reserves                 share of an answer for which there must be room when its prompt is taken: 0 lets
                             sequences grow until no block is free, and then takes the youngest off again,
                             whose prompt and answer so far are computed anew; with 1 none is ever taken off
    scheduler_recv_interval  passes from one look at what has come in to the next (SGLang)

All but `reserves` are options of a job; `data/runtimes` has each engine's own. One of `slots` is started
with as many sequences as a job keeps in flight.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from whichgpu.cost.coefficients import section

if TYPE_CHECKING:
    from whichgpu.cost.runtime import Runtime
    from whichgpu.workloads.job import Job

#: The options that `limits` reads.
OPTIONS = ("max_num_seqs", "max_num_batched_tokens", "scheduler_recv_interval")
#: Sequences that run for each prompt that comes with a pass, where both share it.
BESIDE = 4
#: Share of its answer that a sequence has made when its room is counted: a little past half of it.
_FILLED = 0.6


class Limits(NamedTuple):
    """Sequences at once, tokens of a pass, share of an answer that is kept free, passes between looks."""

    sequences: float
    tokens: float
    reserves: float
    looks: float

    @property
    def filled(self) -> float:
        """Share of an answer for which each of the sequences that are held at once has room."""
        return max(_FILLED, self.reserves)


def limits(stack: Runtime, job: Job) -> Limits:
    """The limits of an engine, or those that the job states; raises `UsageError` for ones that cannot be."""
    own = stack.scheduler
    sequences = float(own.get("max_num_seqs", section("capacity")["max_sequences"]))
    if own.get("slots") and job.concurrency is not None:
        sequences = max(sequences, float(np.max(job.concurrency)))
    tokens = float(own.get("max_num_batched_tokens", section("serving")["prompt_tokens"]))
    return Limits(
        job.option("max_num_seqs", sequences, 1.0), job.option("max_num_batched_tokens", tokens, 1.0),
        float(own.get("reserves", 0.0)), job.option("scheduler_recv_interval", 1.0, 1.0),
    )  # fmt: skip
