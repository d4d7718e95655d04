"""What serving tokens costs, and how the GPUs of a job are best split to serve within objectives.

Money and energy are shared out between prompts and outputs by the time that each takes:

    USD per input token  = USD/s * share of prompts / (requests/s * prompt)
    USD per output token = USD/s * (1 - share of prompts) / (requests/s * output)
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from whichgpu.cost.coefficients import section
from whichgpu.cost.job.runtimes import runtime
from whichgpu.cost.serving import slo
from whichgpu.cost.timing.bounds import NAMES
from whichgpu.errors import Infeasible
from whichgpu.planner.fleets.ways import name, wider, widths
from whichgpu.units import HOUR, show
from whichgpu.values import NamedTuple, immutable
from whichgpu.workloads.workload import resolve

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from whichgpu.cost.serving.curve import Curve
    from whichgpu.cost.serving.slo import Held, Term
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.prices.best import Price
    from whichgpu.workloads.job import Job

    Array = NDArray[np.float64]


class Paid(NamedTuple):
    """A million tokens, prompts and outputs apart, at each load, (loads,): USD (None without a price), J."""

    usd_input: Array | None
    usd_output: Array | None
    joules_input: Array
    joules_output: Array


def paid(curve: Curve, cost: Price | None, prefill: Price | None = None) -> Paid:
    """What a million tokens cost at each load of a curve. A prompt from the cache counts whole.

    `prefill` is the price of GPUs that compute prompts alone: where a curve has such, each pays its own.
    """
    gpus, pool = float(curve.job.n_gpus), curve.pool
    prompts = curve.request_rate * float(curve.job.input_tokens)
    outputs = curve.request_rate * float(curve.job.output_tokens)
    watts = curve.estimates.power[0] * gpus
    usd = None if cost is None else cost.usd_per_gpu_hour * gpus / HOUR
    usd_prompts, share = usd, curve.prompts
    watts_prompts = watts
    if pool is not None:
        share = np.zeros_like(prompts)
        usd_prompts = None if prefill is None else prefill.usd_per_gpu_hour * pool.gpus / HOUR
        watts_prompts = pool.joules * curve.request_rate
    part = np.ones_like(share) if pool is not None else share

    def each(rate: Array | float, taken: Array, made: Array) -> Array:
        return np.asarray(1e6 * rate * taken / np.maximum(made, 1e-12))

    return Paid(
        None if usd_prompts is None else each(usd_prompts, part, prompts),
        None if usd is None else each(usd, 1.0 - share, outputs),
        each(watts_prompts, part, prompts), each(watts, 1.0 - share, outputs),
    )  # fmt: skip


@immutable
class Split:
    """One way to split a job's GPUs, the largest load that it holds, and why it holds none.

    One that is not `simulated` is told by means alone.
    """

    job: Job
    held: Held | None
    why: str = ""
    simulated: bool = True

    @property
    def rate(self) -> float:
        """Requests/s that it holds, 0 where none."""
        return self.held.rate if self.held else 0.0

    @property
    def name(self) -> str:
        """`tp=4 x 2 replicas`."""
        job = self.job
        replica = float(job.tp or 1) * float(job.pp or 1) * float(job.options.get("attention_dp", 1))
        count = float(job.n_gpus or replica) / replica
        return f"{name(job)} x {count:g} replicas" if count > 1 else name(job)


def splits(job: Job, count: int, gpu: Gpu, terms: Sequence[Term]) -> list[Split]:
    """Every way to split `count` GPUs that was tried, the one that holds the largest load first.

    A job that states `tp`, `pp`, `ep` or `attention_dp` has its own alone. Raises `UsageError` for a job that
    does not serve, `Infeasible` where no split holds the objectives, with the reason of the nearest.
    """
    found = [_tried(one, gpu, terms) for one in _ways(job, count)]
    able = _ranked(one for one in found if one.held is not None)
    if not able:
        fits = [one for one in found if "cannot be held" in one.why] or found
        raise Infeasible(fits[-1].why)
    near = [one for one in able[:_SIMULATED] if one.rate >= _CONTENDS * able[0].rate]
    simulated, rest = [_simulated(one, gpu, terms) for one in near], able[len(near) :]
    # Percentiles keep less than means do: what is first has been simulated.
    while rest and rest[0].rate > max(one.rate for one in simulated):
        simulated.append(_simulated(rest.pop(0), gpu, terms))
    held = _ranked(one for one in (*simulated, *rest) if one.held is not None)
    if not held:
        raise Infeasible(simulated[0].why)
    return [*held, *(one for one in (*simulated, *found) if one.held is None)]


#: Splits that are simulated at the most, those that by means hold this much of what the best one does.
_SIMULATED, _CONTENDS = 3, 0.8


def _ranked(found: Iterable[Split]) -> list[Split]:
    return sorted(found, key=lambda one: -one.rate)


def _tried(job: Job, gpu: Gpu, terms: Sequence[Term]) -> Split:
    """A split by means alone."""
    try:
        return Split(job, slo.reached(job, gpu, terms), simulated=False)
    except Infeasible as fault:
        return Split(job, None, str(fault))


def _simulated(split: Split, gpu: Gpu, terms: Sequence[Term]) -> Split:
    try:
        return Split(split.job, slo.largest(split.job, gpu, terms))
    except Infeasible as fault:
        return Split(split.job, None, str(fault))


def _ways(job: Job, count: int) -> Iterator[Job]:
    """The splits of `count` GPUs: tensor parallel, stages, replicas; experts cut or dealt out."""
    job = replace(job, phase="serve", n_gpus=float(count))
    if job.tp is not None or job.pp is not None or "attention_dp" in job.options:
        yield replace(job, tp=job.tp or 1.0, pp=job.pp or 1.0)
        return
    dims = resolve(job.workload).dims
    asked, most = job.option("ep", 1.0, 1.0), min(count, int(section("links")["node"]))
    every = (*widths(most, dims), *wider(count, dims, mixed=_in_groups(job)))
    able = [one for one in every if count % (one[0] * one[1] * one[3]) == 0]
    chosen = [one for one in able if asked in (1.0, one[2])]
    if not chosen:
        # A width that cannot be: what is wrong with it is told where it is laid out.
        yield replace(job, tp=asked, pp=1.0)
    for tp, pp, ep, groups in chosen:
        dealt = {"ep": str(ep)} if ep > 1 else {}
        wide = {"attention_dp": str(groups)} if groups > 1 else {}
        yield replace(job, tp=float(tp), pp=float(pp), options={**job.options, **dealt, **wide})


def _in_groups(job: Job) -> bool:
    """Whether a job's engine has groups of several GPUs that attend to sequences of their own.

    TensorRT-LLM's are of one each (`enable_attention_dp`).
    """
    return runtime(job.runtime or "", "vllm").kernels != "tensorrt-llm"


def leads(ranked: Sequence[Split]) -> str:
    """Why the first of ranked splits holds more than the next: the limit that takes less of its GPUs' time.

    A token takes n_gpus / (tokens/s) of GPU time, of which each limit has its share.
    """
    able = [one for one in ranked if one.held is not None]
    if len(able) < 2 or able[0].held is None or able[1].held is None:
        return ""
    first, second = (_gpu_seconds(one.held.at) for one in able[:2] if one.held)
    saved = max(first, key=lambda part: second[part] - first[part])
    if second[saved] <= first[saved]:
        return ""
    more = able[0].held.rate / able[1].held.rate
    return (
        f"{able[0].name} holds {more:.2f} times the load of {able[1].name}: {NAMES[saved]} "
        f"{'take' if saved in _SEVERAL else 'takes'} {show(first[saved], 'time', 2)} of GPU time a token and "
        f"not {show(second[saved], 'time', 2)}."
    )


#: Limits whose names are plural.
_SEVERAL = ("weights", "activations", "links")


def _gpu_seconds(at: Curve) -> dict[str, float]:
    """Seconds of GPU time that each limit takes of a token at the only load of a curve."""
    each = float(at.gpus) / float(at.throughput[0])
    return {part: float(share[0]) * each for part, share in at.shares.items()}
