"""What a length of sequences is where nothing is trained: all the tokens that a request comes to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from whichgpu.workloads.job import Job
    from whichgpu.workloads.model import Workload


def split(whole: Any, usual: Any) -> tuple[Any, Any]:
    """The prompt and the answer of a context of `whole` tokens: the answer as `usual`, at most half of it."""
    answer = np.minimum(usual or 0.0, np.floor(np.asarray(whole, dtype=np.float64) / 2.0))
    parts = whole - answer, answer
    return parts if np.ndim(parts[0]) else (float(parts[0]), float(parts[1]))


def as_context(job: Job, workload: Workload) -> tuple[Job, tuple[str, ...]]:
    """A job of inference whose `seq_len` is its prompt and answer together, and what to say of it.

    Asked about a model with 32,768 tokens, `--seq-len 32768` is what people type; a pass of inference
    has no use for that column, so that the answer was of the usual prompt instead. Where a prompt is
    stated, or none is read, the job stays as it is.
    """
    if job.trains or job.seq_len is None or job.input_tokens is not None:
        return job, ()
    usual = workload.complete(job.changed(seq_len=None))
    if usual.input_tokens is None:
        return job, ()
    prompt, answer = split(job.seq_len, usual.output_tokens)
    told = job.changed(seq_len=None, input_tokens=prompt)
    if usual.output_tokens is None:
        return told, ()
    return told.changed(output_tokens=answer), _said(job.seq_len, prompt, answer)


def _said(whole: Any, prompt: Any, answer: Any) -> tuple[str, ...]:
    if np.ndim(whole) or np.ndim(prompt):
        return ()
    return (
        f"seq_len {whole:,.0f} is taken as prompt and answer together, {prompt:,.0f} tokens in and "
        f"{answer:,.0f} out; --input-tokens and --output-tokens say otherwise",
    )
