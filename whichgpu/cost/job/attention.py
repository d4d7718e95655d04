"""Attention as a job's library has it: in one kernel, or written out, so that its scores lie in memory."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from whichgpu.cost.job.habits import numbers
from whichgpu.cost.job.runtime import kept
from whichgpu.values import regex

if TYPE_CHECKING:
    from whichgpu.cost.job.runtime import Runtime
    from whichgpu.workloads.job import Job
    from whichgpu.workloads.workload import Workload


def attending(stack: Runtime, job: Job, workload: Workload, asked: str) -> Runtime:
    """The runtime with attention as `flash_attention` says, or as its library has it, in the phase `asked`.

    An engine that serves has kernels of its own for its cache, none of which keeps scores.
    """
    if asked == "serve" and not stack.holds.get("no_engine"):
        return stack
    said = job.options.get("flash_attention")
    if said is not None:
        return _with_flash(_unfused_by_itself(stack), not off(said))
    if job.trains and not stack.flash and _brings_its_own(stack):
        # A release without a fused kernel, and beside it the library that has one.
        return _with_flash(_unfused_by_itself(stack), True)
    out = _written_out(stack, workload) or (job.trains and _weighs(stack, workload))
    return _with_flash(stack, False) if stack.flash and out else stack


@kept
def _with_flash(stack: Runtime, flash: bool) -> Runtime:
    return replace(stack, flash=flash)


@kept
def _unfused_by_itself(stack: Runtime) -> Runtime:
    """A stack that keeps scores nowhere by itself: what a job says of attention goes before."""
    # Where it is no more than a yes it is of a release; the bytes of each library's scores stay.
    holds = {name: value for name, value in stack.holds.items() if name != "scores" or value is not True}
    return replace(stack, unfused=(), holds=holds)


_BESIDE = regex(r"(?<!no )(?<!without )(?<!before )(?<!w/o )(?:flash[-_ ]?att|xformers)")


def _brings_its_own(stack: Runtime) -> bool:
    """Whether a text names a library of fused attention beside PyTorch."""
    return stack.software == "pytorch" and _BESIDE.search(stack.said.lower()) is not None


#: Words by which a runtime's text says that no scores lie in memory.
_FUSED = ("flash", "xformers", "sdpa")


def _written_out(stack: Runtime, workload: Workload) -> bool:
    """Whether a model's own code under PyTorch, or the release of Transformers that is meant, writes it out.

    `written_out` of its dimensions is the first release that does not, "any" where none does, "own" where its
    makers' code does, whatever runs it; a text without a release means today's.
    """
    first, low = str(workload.dims.get("written_out", "")), stack.said.lower()
    if not first or any(word in low for word in _FUSED):
        return False
    if first == "own" or stack.id != "transformers":
        return first == "own" and stack.software == "pytorch"
    told = re.search(r"transformers\W{0,3}v?(\d+)\.(\d+)", low)
    return first == "any" or (told is not None and tuple(map(int, told.groups())) < numbers(first))


def _weighs(stack: Runtime, workload: Workload) -> bool:
    """Whether a model's own code asks for attention's weights, which no fused kernel gives.

    `torch.nn.MultiheadAttention` does unless it is told otherwise (`need_weights`).
    """
    asks = bool(getattr(workload.code, "WEIGHS", False)) and stack.software == "pytorch"
    return asks and stack.id != "transformers" and not any(word in stack.said.lower() for word in _FUSED)


def off(option: str) -> bool:
    """Whether the text of an option says no, or nothing."""
    return option.strip().lower() in ("", "false", "0", "no", "none", "off", "eager")
