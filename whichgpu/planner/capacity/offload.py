"""Weights or optimizer states in the host's memory: what leaves the GPU crosses PCIe with every pass.

    t = t_job + passes x bytes moved out / PCIe             weights, at inference
    t = t_step + 8 P / PCIe + 28 P / host memory            optimizer states of P trained parameters

(Ren et al., ZeRO-Offload, 2021, for the second: gradients go down, the host updates, weights come up.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whichgpu.planner.capacity.loading import pcie, rates
from whichgpu.planner.capacity.model import Change, gib
from whichgpu.planner.capacity.tries import SAME
from whichgpu.workloads.adapters import PHASES as ADAPTER_PHASES
from whichgpu.workloads.adapters import trained_precision
from whichgpu.workloads.precision import precision
from whichgpu.workloads.training import optimizer_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from whichgpu.planner.capacity.cells import Cells

    Array = NDArray[np.float64]

#: Bytes per trained parameter over PCIe: its gradient down and the new weight up, in FP32.
_BOTH_WAYS = 8.0
#: More of the weights than this on the host is no way to run a model.
_MOST_OUT = 0.9
#: How to keep weights in the host's memory, by runtime.
_HOW = {
    "vllm": "vLLM --cpu-offload-gb {gb:.0f}", "llama-cpp": "llama.cpp with fewer layers on the GPU (-ngl)",
    "diffusers": "enable_model_cpu_offload()",
}  # fmt: skip


def offloaded(cells: Cells) -> Iterator[tuple[int, Change]]:
    """Weights, or optimizer states, kept in the host's memory, by index of the device that fits then."""
    if cells.timed is None:
        return
    out, seconds = _moved_states(cells) if cells.settled.job.trains else _moved_weights(cells)
    trains = cells.settled.job.trains
    for i, gpu in enumerate(cells.gpus):
        rate, left = cells.rate(i), float(cells.required[i] - out[i])
        if rate is None or out[i] <= 0 or left > cells.available[i]:
            continue
        before = float(np.asarray(cells.timed.latency.mid)[i])
        speed = before / (before + float(seconds[i]))
        text = "optimizer states on the host" if trains else f"{gib(out[i])} of weights on the host"
        how = _HOW.get(cells.settled.runtime.id, "device_map=auto of accelerate")
        option = "ZeRO-Offload of DeepSpeed" if trains else how.format(gb=out[i] / 1e9)
        yield i, Change(
            "offload", text, f"in the runtime: {option}", gpu.id, cells.counts[i], left,
            float(cells.available[i]), throughput=rate.scaled(speed), speed=speed, quality=SAME,
            host_memory=float(out[i] * cells.counts[i]),
        )  # fmt: skip


def _moved_weights(cells: Cells) -> tuple[Array, Array]:
    """Bytes of weights that leave each GPU, 0 where that is nearly all, and a job's seconds more."""
    job, short = cells.settled.job, np.maximum(cells.required - cells.available, 0.0)
    out = np.where(short <= _MOST_OUT * cells.parts["weights"], short, 0.0)
    passes = job.steps or (job.output_tokens if job.phase in ("serve", "generate", "decode") else None) or 1.0
    links = np.array([pcie(gpu) for gpu in cells.gpus])
    return out, np.asarray(passes) * out / links


def _moved_states(cells: Cells) -> tuple[Array, Array]:
    """Bytes of optimizer states on each GPU, and seconds of a step that their update on the host takes."""
    job = cells.settled.job
    held = trained_precision() if job.phase in ADAPTER_PHASES else precision(job.precision)
    out = np.asarray(cells.parts["optimizer"])
    trained = out / optimizer_bytes(cells.settled.workload.optimizer(job), held)[0]
    c, links = rates()["offload"], np.array([pcie(gpu) for gpu in cells.gpus])
    # The GPUs of a host share its memory.
    host = c["adam_bytes"] * trained * np.asarray(cells.counts) / c["host_bandwidth"]
    return out, _BOTH_WAYS * trained / links + host
