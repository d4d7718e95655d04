"""Weights, or optimizer states, in the host's memory: the change that `cost.offload` times."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from whichgpu.cost.arrays import distinct
from whichgpu.cost.memory.training_memory import offload
from whichgpu.errors import UsageError
from whichgpu.planner.capacity.quality import UNKNOWN
from whichgpu.planner.capacity.tries import SAME, SEAMS, TILED, Try, leanest
from whichgpu.units import GIB
from whichgpu.workloads.ops import stored_weight_bytes
from whichgpu.workloads.precision import precision

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.planner.capacity.cells import Cells
    from whichgpu.planner.capacity.model import Change, Quality

#: More of the weights than this on the host is no way to run a model.
_MOST_OUT = 0.9
#: What a training may leave on the host, the least first, and how its replicas share that out.
_WAYS = (
    ("optimizer", "optimizer states", "zero2"), ("true", "optimizer states and parameters", "fsdp"),
)  # fmt: skip
#: How to keep weights in the host's memory, by runtime.
_ACCELERATE = "device_map=auto of accelerate"
_HOW = {
    "vllm": "vLLM --cpu-offload-gb {gib:.0f}",
    "sglang": "SGLang --cpu-offload-gb {gib:.0f}",
    "llama-cpp": "llama.cpp with fewer layers on the GPU (-ngl)",
    **dict.fromkeys(("transformers", "pytorch-2", "pytorch-1-13", "pytorch-1"), _ACCELERATE),
}
#: diffusers' enable_model_cpu_offload() and enable_sequential_cpu_offload().
_NETWORKS, _LAYERS = "--option offload=model", "--option offload=sequential"
#: What a picture pipeline is quantised to beside what waits on the host.
_NARROWEST = "nf4"


def offloaded(cells: Cells) -> Iterator[tuple[int, Change]]:
    """Weights, or optimizer states, kept in the host's memory, by index of the device that fits then."""
    if cells.timed is None:
        return
    if cells.settled.job.trains:
        yield from _states(cells)
    else:
        yield from (_components if cells.settled.runtime.id == "diffusers" else _weights)(cells)


def _states(cells: Cells) -> Iterator[tuple[int, Change]]:
    """Optimizer states on the host, parameters as well if that is not enough, then of the leanest step."""
    if offload(cells.settled.job) or is_pipelined(cells):
        return
    done: set[int] = set()
    full, lean, typed = leanest(cells)
    for base, beside, more in ((cells, "", ""), (full, f", {lean}", f" {typed}")):
        for words, text, shared in _WAYS:
            for i, change in _left_there(cells, base, words, shared):
                if i not in done:
                    done.add(i)
                    kind = "combined" if beside else "offload"
                    option = f"{change.option}{more}"
                    yield i, replace(change, kind=kind, text=f"{text} on the host{beside}", option=option)


#: Parts of a training that may wait on the host.
_STATES = ("weights", "gradients", "optimizer")


def _left_there(cells: Cells, base: Cells, words: str, shared: str) -> Iterator[tuple[int, Change]]:
    """The changes that fit, of leaving so much of the training `base` on the host, timed against `cells`."""
    options = {"offload": words}
    if max(cells.counts) > 1 and "sharding" not in cells.job.options:
        # Replicas that share nothing out would each have a copy on the host, and update it.
        options["sharding"] = shared
    changed = base.with_job(options={**base.job.options, **options})
    typed = " ".join(f"--option {name}={value}" for name, value in options.items())
    for i, change in Try.of("offload", "", typed, changed).changes(cells):
        yield i, replace(change, host_memory=on_host(changed, i))


def on_host(cells: Cells, index: int) -> float:
    """Bytes of a training's states that its job leaves on the host, of all GPUs of a device."""
    here = cells.with_job(options={**cells.job.options, "offload": "none"})
    out = sum(here.parts[name][index] - cells.parts[name][index] for name in _STATES)
    return float(out * cells.counts[index])


def is_pipelined(cells: Cells) -> bool:
    """Whether the job is dealt out over stages, whose trainers keep nothing on the host."""
    return bool(np.any(np.asarray(cells.settled.job.pp) > 1))


def _weights(cells: Cells) -> Iterator[tuple[int, Change]]:
    """As many of the weights on the host as it takes to fit for sure, unless that is nearly all of them.

    Then as many as are in the way by count. Nothing where the runtime has no way to keep weights there.
    """
    flag = _HOW.get(cells.settled.runtime.id)
    if flag is None:
        return
    job, weights = cells.settled.job, cells.parts["weights"]
    # Two layers at a time are on the GPU.
    layers = cells.settled.workload.dims.get("layers")
    beside = 1.0 + 2.0 / layers if isinstance(layers, int) else 1.0
    short = np.maximum(cells.required - cells.available, 0.0)
    # Of what leaves the GPU nothing is unsure any more: its part of the interval goes with it.
    wide = np.maximum(cells.ends[1] / cells.required, 1.0)
    sure = np.maximum(cells.required - cells.sure_room / wide, 0.0) * ~cells.judged.surely
    fits = sure * beside <= _MOST_OUT * weights
    out = np.ceil(np.where(fits, sure, short) * beside / GIB) * (short * beside <= _MOST_OUT * weights)
    for amount in map(int, distinct(out[out > 0])):
        waits = cells.with_job(options={**job.options, "offload": f"{amount}GiB"})
        text = f"{amount} GiB of weights on the host: {flag.format(gib=amount)}"
        for i, change in Try.of("offload", text, f"--option offload={amount}GiB", waits).changes(cells):
            if out[i] == amount:
                yield i, replace(change, host_memory=amount * GIB * cells.counts[i])


def _components(cells: Cells) -> Iterator[tuple[int, Change]]:
    """The networks of a picture pipeline on the host, alone or with what takes less, by index of the device.

    Each device is told of the mildest of them that fits and, where that moves layer by layer, of the mildest
    that moves whole networks.
    """
    done: set[tuple[int, bool]] = set()
    for base, words, typed, quality in _leaner(cells):
        for i, change in _apart(cells, base):
            whole = _NETWORKS in change.option
            if (i, True) not in done and (whole or (i, False) not in done):
                done.add((i, whole))
                yield i, replace(
                    change, kind="combined" if words else change.kind, text=f"{change.text}{words}",
                    option=f"{typed}{change.option}", quality=quality,
                )  # fmt: skip


def _leaner(cells: Cells) -> Iterator[tuple[Cells, str, str, Quality]]:
    """A pipeline as asked for, in tiles, in four bits, in both, with words, what to type, and its cost."""
    yield cells, "", "", SAME
    tiled = cells.with_job(options={**cells.job.options, "vae_tiling": "true"})
    yield tiled, f", {TILED}", "--option vae_tiling=true ", SEAMS
    if precision(cells.settled.job.precision).quantised:
        return
    typed = f"--precision {_NARROWEST}"
    for base, words, option in ((cells, "", ""), (tiled, f", {TILED}", " --option vae_tiling=true")):
        with suppress(UsageError):
            narrow = base.with_job(precision=_NARROWEST)
            narrow.required  # noqa: B018  (raises here where the format cannot be)
            yield narrow, f", {precision(_NARROWEST).title}{words}", f"{typed}{option} ", UNKNOWN


def _apart(cells: Cells, base: Cells) -> Iterator[tuple[int, Change]]:
    """The pipeline `base` on the host: one network at a time on the GPU, or one layer, the first that fits.

    Speed is against `cells`.
    """
    job, done = base.settled.job, set[int]()
    host = float(np.max(stored_weight_bytes(base.ops)))
    for option, text in ((_NETWORKS, "one network of the pipeline"), (_LAYERS, "one layer")):
        waits = base.with_job(options={**job.options, "offload": option.rpartition("=")[2]})
        for i, change in Try.of("offload", f"{text} on the GPU at a time", option, waits).changes(cells):
            if i not in done:
                done.add(i)
                yield i, replace(change, host_memory=host * cells.counts[i])
