"""A run in words: its sizes, its memory; and memory by stage of a pipeline as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.report.table import Table
from whichgpu.units import number, show

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whichgpu.cost.memory.stages import Stage
    from whichgpu.facts.model import Interval
    from whichgpu.workloads.job import Job

#: More stages than this are not all shown.
_MOST = 8
_PARTS = ("weights", "gradients", "optimizer", "activations", "logits")


def by_stage(stages: Sequence[Stage], title: str = "Memory by stage") -> Table:
    """Bytes on each GPU of each stage, of a long pipeline of some: its first, one in the middle, its last."""
    count = len(stages)
    shown = range(count) if count <= _MOST else sorted({0, 1, 2, count // 2, count - 3, count - 2, count - 1})
    names = [name for name in _PARTS if any(one.parts.get(name) for one in stages)]
    rows = []
    for one in (stages[i] for i in shown):
        rest = sum(size for name, size in one.parts.items() if name not in names)
        sizes = (*(one.parts.get(name, 0.0) for name in names), rest, one.required)
        rows.append((f"{one.number} of {count}", number(one.in_flight, 3),
                     *(show(size, "memory", 3) for size in sizes)))  # fmt: skip
    columns = ("Stage", ">In flight", *(f">{name}" for name in names), ">rest", ">required")
    note = (
        f"On each of the {stages[0].gpus} GPUs of a stage, which are alike. In flight: micro-batches of its "
        "layers that a stage keeps. Gradients: with the 16-bit copies of weights that are kept wider."
    )
    return Table.of(title, columns, rows, notes=(note,))


def sizes(job: Job) -> str:
    """What one job is made of, as it is typed: `batch 4, seq_len 2048, tp 1`; a server batches by itself."""
    names = ["batch", "height", "width", "seq_len", "input_tokens", "output_tokens", "steps", "tp"]
    names = names[job.phase == "serve" :] + (["pp"] if (job.pp or 1.0) > 1.0 else [])
    names = [name for name in names if (name, job.phase) != ("output_tokens", "prefill")]
    return ", ".join(f"{name} {getattr(job, name):g}" for name in names if getattr(job, name) is not None)


#: What is not there at the fullest moment, and the parts that it is of, in this order.
_NOT_THERE = {
    "not_at_loss": ("logits", "activations"),
    "not_at_once": ("optimizer_step", "gradients", "activations"),
}


def at_the_fullest(parts: Mapping[str, float]) -> dict[str, float]:
    """What of each part is there at the fullest moment: the parts less what is below 0, of the same sum."""
    there = {name: size for name, size in parts.items() if name not in _NOT_THERE}
    for name, owners in _NOT_THERE.items():
        gone = -parts.get(name, 0.0)
        for one in owners:
            taken = min(gone, there.get(one, 0.0))
            gone -= taken
            if taken:
                there[one] -= taken
    return there


def remarks(parts: Mapping[str, float], read: Mapping[str, Interval]) -> tuple[str, ...]:
    """What is to be said of memory by part, and what PyTorch's counters and `nvidia-smi` read off a run."""
    said = []
    if parts.get("not_at_once", 0.0) < 0.0:
        said.append(
            "Parts are whole; below 0 is what is not there at the fullest moment: at the loss the layer that "
            "runs backward after it, at once gradients and the optimizer's copies, which come as activations "
            "go."
        )
    if read:
        sizes = [_ranged(read[name]) for name in ("allocated", "reserved", "device")]
        said.append(f"Read off a run: {sizes[0]} in tensors, {sizes[1]} reserved, {sizes[2]} on the device.")
    return tuple(said)


def _ranged(one: Interval) -> str:
    middle, low, high = (show(float(size), "memory", 3) for size in (one.mid, one.low, one.high))
    return f"{middle} ({low} to {high})"
