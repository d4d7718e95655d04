"""Weights, or optimizer states, in the host's memory: the change that `cost.offload` times."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from whichgpu.cost.device import Devices
from whichgpu.cost.offload import weight_seconds
from whichgpu.cost.training_memory import offload
from whichgpu.planner.capacity.model import Change, gib
from whichgpu.planner.capacity.tries import SAME, Try

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.planner.capacity.cells import Cells

#: More of the weights than this on the host is no way to run a model.
_MOST_OUT = 0.9
#: What a training may leave on the host, the least first, and how its replicas share that out.
_WAYS = (
    ("optimizer", "optimizer states", "zero2"), ("true", "optimizer states and parameters", "fsdp"),
)  # fmt: skip
#: How to keep weights in the host's memory, by runtime.
_HOW = {
    "vllm": "vLLM --cpu-offload-gb {gb:.0f}", "llama-cpp": "llama.cpp with fewer layers on the GPU (-ngl)",
    "diffusers": "enable_model_cpu_offload()",
}  # fmt: skip


def offloaded(cells: Cells) -> Iterator[tuple[int, Change]]:
    """Weights, or optimizer states, kept in the host's memory, by index of the device that fits then."""
    if cells.timed is not None:
        yield from _states(cells) if cells.settled.job.trains else _weights(cells)


def _states(cells: Cells) -> Iterator[tuple[int, Change]]:
    """Optimizer states on the host, and parameters as well where those alone are not enough."""
    if offload(cells.settled.job) or is_pipelined(cells):
        return
    done: set[int] = set()
    for words, text, shared in _WAYS:
        options = {"offload": words}
        if max(cells.counts) > 1 and "sharding" not in cells.job.options:
            # Replicas that share nothing out would each have a copy on the host, and update it.
            options["sharding"] = shared
        changed = cells.with_job(options={**cells.job.options, **options})
        typed = " ".join(f"--option {name}={value}" for name, value in options.items())
        tried = Try.of("offload", f"{text} on the host", typed, changed)
        for i, change in tried.changes(cells):
            if i not in done:
                done.add(i)
                here = cells.with_job(options={**changed.job.options, "offload": "none"})
                out = here.required[i] - changed.required[i]
                yield i, replace(change, host_memory=float(out * cells.counts[i]))


def is_pipelined(cells: Cells) -> bool:
    """Whether the job is dealt out over stages, whose trainers keep nothing on the host."""
    return bool(np.any(np.asarray(cells.settled.job.pp) > 1))


def _weights(cells: Cells) -> Iterator[tuple[int, Change]]:
    """As many of the weights on the host as are in the way, unless that is nearly all of them."""
    job, stack = cells.settled.job, cells.settled.runtime
    short = np.maximum(cells.required - cells.available, 0.0)
    out = np.where(short <= _MOST_OUT * cells.parts["weights"], short, 0.0)
    for i, gpu in enumerate(cells.gpus):
        rate, left = cells.rate(i), float(cells.required[i] - out[i])
        if rate is None or out[i] <= 0 or left > cells.available[i] or cells.timed is None:
            continue
        before = float(np.asarray(cells.timed.latency.mid)[i])
        more = float(np.max(weight_seconds(stack, job, out[i], Devices.of([gpu]))))
        speed = before / (before + more)
        how = _HOW.get(stack.id, "device_map=auto of accelerate").format(gb=out[i] / 1e9)
        yield i, Change(
            "offload", f"{gib(out[i])} of weights on the host", f"in the runtime: {how}", gpu.id,
            cells.counts[i], left, float(cells.available[i]), throughput=rate.scaled(speed), speed=speed,
            quality=SAME, host_memory=float(out[i] * cells.counts[i]),
        )  # fmt: skip
