"""Prompts on GPUs of their own: a pool computes them and sends their cache to those that make the tokens.

`prefill_gpus` of a job's GPUs, of the same kind or of `prefill_gpu`, are it, in replicas of `prefill_tp`.
Prompts wait in one queue for the replica that is free next; the cache of one goes over the network while the
next is computed. The first token is the pool's, and no prompt interrupts the others. (Zhong et al.,
"DistServe", OSDI 2024.)
"""

from __future__ import annotations

from dataclasses import replace
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING

import numpy as np

from whichgpu.cost.calibration.spread import found_for
from whichgpu.cost.estimate import estimate, finish
from whichgpu.cost.infeasible import does_not_fit
from whichgpu.cost.job.layout import lay_out
from whichgpu.cost.job.requests import Requests
from whichgpu.cost.memory.replica_memory import sequence_bytes
from whichgpu.cost.parallel.links import network
from whichgpu.cost.parallel.mesh import either, nearest
from whichgpu.cost.serving import queueing
from whichgpu.cost.serving.load import seconds_of
from whichgpu.cost.serving.steady import engine
from whichgpu.errors import Infeasible, UsageError
from whichgpu.values import immutable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whichgpu.hardware.gpu import Gpu
    from whichgpu.workloads.job import Job

    Array = NDArray[np.float64]


@immutable
class Pool:
    """GPUs that compute prompts: replicas, s of a prompt on one, s of sending its cache, J of a prompt."""

    gpu: str
    gpus: float
    servers: int
    seconds: float
    transfer: float
    joules: float

    @property
    def capacity(self) -> float:
        """Requests/s at most."""
        return self.servers / self.seconds

    def first(self, rate: float) -> float:
        """Seconds from the arrival of a prompt to its first token at `rate` requests/s, in the mean."""
        served = np.arange(1.0, self.servers + 1.0) / self.seconds
        return self.seconds + float(queueing.place_seconds(rate, served))

    def serve(self, arrival: Array) -> Array:
        """When each prompt is done, given when it arrives, in s."""
        free = [0.0] * self.servers
        heapify(free)
        done = []
        for came in arrival.tolist():
            end = max(heappop(free), came) + self.seconds
            heappush(free, end)
            done.append(end)
        return np.array(done)


def pool(job: Job, gpu: Gpu, prefill_gpu: Gpu) -> Pool | None:
    """The pool of a complete job that makes its tokens on `gpu`; None where it states none.

    Raises `UsageError` for an engine that cannot do so, `Infeasible` where the model does not fit.
    """
    count = Requests.of(job).prefill_gpus
    if not count:
        return None
    width = job.option("prefill_tp", min(float(job.tp), count), 1.0)
    if count % width:
        near = either(nearest(int(count), width))
        raise UsageError(
            f"option prefill_tp: {width:g} does not divide prefill_gpus={count:g}; write prefill_tp={near}"
        )
    own = replace(job, n_gpus=count, tp=width, pp=1.0, concurrency=1.0, options=_without(job))
    found = estimate(own, [prefill_gpu])
    answer = found.at(0, 0)
    if not found.fits[0, 0]:
        raise Infeasible(does_not_fit(answer, prefill_gpu))
    laid = lay_out(own, [prefill_gpu])
    assert laid.serving is not None
    if not engine(laid.runtime).get("disaggregates"):
        raise UsageError(
            f"{laid.runtime.title} has no disaggregated serving that is modelled; use --runtime vllm, sglang "
            "or tensorrt-llm, or leave prefill_gpus out"
        )
    alone = replace(laid, work=laid.serving.prompt, serving=None)
    seconds = float(seconds_of(alone.work, alone)[0, 0])
    watts = float(finish(alone, found_for(alone)).power[0, 0])
    target = lay_out(job, [gpu])
    each = sequence_bytes(target.workload, target.job, job.input_tokens) / float(job.pp)
    sent = float(np.ravel(each / network(target.devices))[0])
    return Pool(prefill_gpu.id, count, round(count / width), seconds, sent, watts * width * seconds)


def _without(job: Job) -> dict[str, str]:
    return {key: value for key, value in job.options.items() if not key.startswith("prefill_")}
