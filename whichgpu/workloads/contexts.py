"""What a length of sequences is where nothing is trained: all the tokens that a request comes to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from whichgpu.workloads.job import Job


def split(whole: Any, usual: Any) -> tuple[Any, Any]:
    """The prompt and the answer of a context of `whole` tokens: the answer as `usual`, at most half of it."""
    answer = np.minimum(usual or 0.0, np.floor(np.asarray(whole, dtype=np.float64) / 2.0))
    parts = whole - answer, answer
    return parts if np.ndim(parts[0]) else (float(parts[0]), float(parts[1]))


def as_context(job: Job, usual: Job) -> Job:
    """A job of inference whose `seq_len` is its prompt and answer together; `usual` is it with usual lengths.

    Asked about a model with 32,768 tokens, `--seq-len 32768` is what people type; a pass of inference has
    no use for that column, so that the answer was of the usual prompt instead. Where no prompt is read
    the job stays as it is.
    """
    if usual.trains or usual.input_tokens is None:
        return job
    prompt, answer = split(job.seq_len, usual.output_tokens)
    answered = {} if usual.output_tokens is None else {"output_tokens": answer}
    return job.changed(seq_len=None, input_tokens=prompt, **answered)


def said(stated: Job, job: Job) -> tuple[str, ...]:
    """What to say of a job whose stated length became a prompt and an answer."""
    lengths = stated.seq_len, job.input_tokens, job.output_tokens
    if job.seq_len is not None or any(one is None or np.ndim(one) for one in lengths):
        return ()
    whole, prompt, answer = (f"{one:,.0f}" for one in lengths)
    return (
        f"seq_len {whole} is taken as prompt and answer together, {prompt} tokens in and {answer} out; "
        "--input-tokens and --output-tokens say otherwise",
    )
