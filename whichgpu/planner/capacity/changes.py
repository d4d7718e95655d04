"""What would make a job fit on a device that it does not fit on, and what each way costs in speed and in quality.

Speed is the cost model's prediction of the changed job over that of the job as asked for, given memory enough.
What is moved to the host crosses PCIe with every pass:

    t = t_job + passes x bytes moved out / PCIe             weights, at inference
    t = t_step + 8 P / PCIe + 28 P / host memory            Adam's states of P trained parameters (ZeRO-Offload)
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from whichgpu.errors import UsageError
from whichgpu.hardware.slices import is_part
from whichgpu.planner.capacity.cells import Cells
from whichgpu.planner.capacity.choice import on_meshes, together
from whichgpu.planner.capacity.loading import pcie, rates
from whichgpu.planner.capacity.meshes import Mesh, meshes, splits, stages
from whichgpu.planner.capacity.model import Change
from whichgpu.planner.capacity.tries import SAME, Try, narrower, same_gpus
from whichgpu.workloads.adapters import PHASES as ADAPTER_PHASES
from whichgpu.workloads.adapters import trained_precision
from whichgpu.workloads.precision import precision
from whichgpu.workloads.training import optimizer_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from whichgpu.planner.capacity.model import Limits

#: Bytes per trained parameter over PCIe: its gradient down and the new weight up, in FP32.
_BOTH_WAYS = 8.0
#: More of the weights than this on the host is no way to run a model.
_MOST_OUT = 0.9
#: Of ways that change several things at once so many are told.
_COMBINED = 3
_MILD = ("batch", "checkpointing")
#: How to keep weights in the host's memory, by runtime.
_HOW = {
    "vllm": "vLLM --cpu-offload-gb {gb:.0f}", "llama-cpp": "llama.cpp with fewer layers on the GPU (-ngl)",
    "diffusers": "enable_model_cpu_offload()",
}  # fmt: skip


def changes(cells: Cells, limits: Sequence[Limits]) -> list[tuple[Change, ...]]:
    """For each device that the job does not fit on, what would make it fit; nothing for the others."""
    lost = np.flatnonzero(~cells.fits).tolist()
    found: list[list[Change]] = [[] for _ in cells.gpus]
    if not lost:
        return [() for _ in cells.gpus]
    some = cells.on(lost)
    for tried in (*same_gpus(some, [limits[i] for i in lost]), *_more_gpus(some)):
        _add(found, lost, tried, some)
    for i, change in _offloaded(some):
        found[lost[i]].append(change)
    # Where no format does alone, the narrower ones on more GPUs.
    still = [i for i in lost if not any(one.kind == "precision" for one in found[i])]
    if still and not some.settled.job.trains:
        rest = cells.on(still)
        for tried in _narrower_on_more(rest):
            _add(found, still, tried, rest)
    return [tuple(_chosen(one)) for one in found]


def _add(found: list[list[Change]], where: Sequence[int], tried: Try, base: Cells) -> None:
    """Add the changes of a try that fit; a format, option or phase that the model refuses is no way for it."""
    with suppress(UsageError):
        for i, change in tried.changes(base):
            found[where[i]].append(change)


def _chosen(found: Sequence[Change]) -> Iterator[Change]:
    """All single ways; of several at once the mildest, where training has no mild one."""
    several = [one for one in found if one.kind == "combined"]
    yield from (one for one in found if one.kind != "combined")
    if not any(one.kind in _MILD for one in found):
        yield from several[:_COMBINED]


def _more_gpus(cells: Cells) -> Iterator[Try]:
    """More GPUs of the same type: training sharded, layers cut, or layers dealt out."""
    settled = cells.settled
    if settled.job.trains:
        yield from _sharded(cells)
    if not splits(settled) or cells.job.tp is None:
        return
    at = int(np.max(np.asarray(settled.job.tp)))
    cut = [one for one in meshes(settled) if one.tp > 1 and (one.pp == 1 or not settled.job.trains)]
    yield from _least(cells, cut, "tensor_parallel")
    yield from _least(cells, [Mesh(n * at, at, n) for n in stages(settled)], "pipeline_parallel")


def _sharded(cells: Cells) -> Iterator[Try]:
    """More replicas that share out what they hold, as far as the job leaves open what."""
    stated = cells.job.options.get("sharding")
    found, _ = together(cells)
    for kind in (stated,) if stated else ("zero1", "zero2", "fsdp"):
        yield from _least(cells, found, "sharded", options={**cells.job.options, "sharding": kind})


def _narrower_on_more(cells: Cells) -> Iterator[Try]:
    """The widest and the narrowest format that are tried, on as many GPUs as they take."""
    formats = list(narrower(cells))
    for one in formats[:1] + formats[1:][-1:]:
        with suppress(UsageError):
            for wider in _more_gpus(one.cells):
                if wider.kind == "tensor_parallel":
                    yield replace(
                        wider, kind="combined", quality=one.quality,
                        texts=tuple(f"{one.texts[0]}, {text}" for text in wider.texts),
                        options=tuple(f"{option} {one.options[0]}" for option in wider.options),
                    )  # fmt: skip


def _least(cells: Cells, found: Sequence[Mesh], kind: str, **more: Any) -> Iterator[Try]:
    """The least of growing meshes on each device that fits; a device that none fits on keeps the largest."""
    found = [one for one in found if one.n > min(cells.counts)]
    if not found:
        return
    required = on_meshes(cells.job, found, cells.gpus[0], **more).required
    held = required[None, :] <= cells.available[:, None]
    chosen = [found[int(np.argmax(row)) if row.any() else -1] for row in held]
    # Parts of a GPU do not work together, and fewer GPUs than asked for are no change.
    use = [i for i, gpu in enumerate(cells.gpus) if not is_part(gpu) and chosen[i].n > cells.counts[i]]
    if not use:
        return
    placed = _placed(cells, chosen, use, **more)
    texts = tuple(_words(chosen[i], kind, more) if i in use else "" for i in range(len(cells.gpus)))
    options = tuple(_typed(cells, i, chosen[i], kind, more) for i in range(len(cells.gpus)))
    yield Try(kind, texts, options, placed, SAME)


def _placed(cells: Cells, chosen: Sequence[Mesh], use: Sequence[int], **more: Any) -> Cells:
    """The job on the chosen mesh of each device; as it was where the device is not in `use`."""
    asked = cells.settled.job
    columns = {}
    for name, field in (("n_gpus", "n"), ("tp", "tp"), ("pp", "pp")):
        own = np.broadcast_to(np.asarray(getattr(asked, name)), (len(cells.gpus),))
        columns[name] = np.array([float(getattr(chosen[i], field)) if i in use else own[i] for i in range(len(own))])
    return cells.with_job(**{**columns, **more})


def _words(one: Mesh, kind: str, more: dict[str, Any]) -> str:
    if kind == "sharded":
        return f"{one.n} GPUs, {more['options']['sharding']} over them"
    if kind == "pipeline_parallel":
        return f"{one.n} GPUs, layers split over {one.pp} stages"
    return f"{one.n} GPUs, each layer cut in {one.tp}" + (f", {one.pp} stages" if one.pp > 1 else "")


def _typed(cells: Cells, i: int, one: Mesh, kind: str, more: dict[str, Any]) -> str:
    gpu = f"--gpu {cells.gpus[i].id}:{one.n}"
    if kind == "sharded":
        return f"{gpu} {one.how} --option sharding={more['options']['sharding']}".replace("  ", " ")
    return f"{gpu} {one.how}"


def _offloaded(cells: Cells) -> Iterator[tuple[int, Change]]:
    """Weights, or Adam's states, kept in the host's memory."""
    if cells.timed is None:
        return
    out, seconds = _moved_states(cells) if cells.settled.job.trains else _moved_weights(cells)
    trains = cells.settled.job.trains
    for i, gpu in enumerate(cells.gpus):
        rate, left = cells.rate(i), float(cells.required[i] - out[i])
        if rate is None or out[i] <= 0 or left > cells.available[i]:
            continue
        before = float(cells.timed.latency.mid[i])
        speed = before / (before + float(seconds[i]))
        text = "Adam's states on the host" if trains else f"{out[i] / 2**30:.1f} GiB of weights on the host"
        how = _HOW.get(cells.settled.runtime.id, "device_map=auto of accelerate")
        option = "ZeRO-Offload of DeepSpeed" if trains else how.format(gb=out[i] / 1e9)
        yield i, Change(
            "offload", text, f"in the runtime: {option}", gpu.id, cells.counts[i], left,
            float(cells.available[i]), throughput=rate.scaled(speed), speed=speed, quality=SAME,
            host_memory=float(out[i] * cells.counts[i]),
        )  # fmt: skip


def _moved_weights(cells: Cells) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Bytes of weights that have to leave each GPU, 0 where that is nearly all, and seconds that a job takes longer."""
    job, short = cells.settled.job, np.maximum(cells.required - cells.available, 0.0)
    out = np.where(short <= _MOST_OUT * cells.parts["weights"], short, 0.0)
    passes = job.steps or (job.output_tokens if job.phase in ("serve", "generate", "decode") else None) or 1.0
    links = np.array([pcie(gpu) for gpu in cells.gpus])
    return out, np.asarray(passes) * out / links


def _moved_states(cells: Cells) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Bytes of Adam's states on each GPU, and seconds of a step that their update on the host takes."""
    job = cells.settled.job
    held = trained_precision() if job.phase in ADAPTER_PHASES else precision(job.precision)
    out = np.asarray(cells.parts["optimizer"])
    trained = out / optimizer_bytes(cells.settled.workload.optimizer(job), held)[0]
    c, links = rates()["offload"], np.array([pcie(gpu) for gpu in cells.gpus])
    # The GPUs of a host share its memory.
    host = c["adam_bytes"] * trained * np.asarray(cells.counts) / c["host_bandwidth"]
    return out, _BOTH_WAYS * trained / links + host
