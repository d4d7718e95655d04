"""What a length of sequences is where nothing is trained: all the tokens that a request comes to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whichgpu.cost.layout import settle

if TYPE_CHECKING:
    from whichgpu.workloads.job import Job


def as_context(job: Job) -> Job:
    """A job of inference whose `seq_len` is its prompt and answer together, where it states no prompt.

    Asked whether a model fits with 32,768 tokens, `--seq-len 32768` is what people type; a pass of
    inference has no use for that column, so that the answer was of the usual prompt instead. The answer
    is as long as usual, and at most half of the whole.
    """
    if job.trains or job.seq_len is None or job.input_tokens is not None:
        return job
    usual = settle(job.changed(seq_len=None, n_gpus=None, tp=None, pp=None, options={})).job
    if usual.trains or usual.input_tokens is None:
        return job
    whole = np.asarray(job.seq_len, dtype=np.float64)
    told = usual.output_tokens if job.output_tokens is None else job.output_tokens
    answer = np.minimum(told or 0.0, np.floor(whole / 2.0))
    return job.changed(seq_len=None, input_tokens=whole - answer, output_tokens=answer)
