"""The largest batch, context, concurrency and resolution that fit: a search over all devices at once."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.parallel.mesh import Mesh
from whichgpu.errors import UsageError
from whichgpu.planner.capacity.model import Limits

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from whichgpu.planner.capacity.cells import Cells

    Array = NDArray[np.float64]
    #: Jobs, and the memory of each (`required`), from sizes (M,) and the cells (M,) that they are for.
    Sized = Callable[[Array, list[int]], Any]

#: Sizes that are tried at a time, all cells together, and at least of each.
_TRIED, _EACH = 64, 6
#: Edges of an image are tried in steps of so many pixels, and up to so many.
_EDGE, _WIDEST = 32, 16384
LONGEST, _BATCH = 10_000_000, 1_000_000


def limits(cells: Cells, budget: Array) -> list[Limits]:
    """The limits on each device within `budget` bytes, (C,); what the device cannot run has none."""
    job, dims = cells.settled.job, cells.settled.workload.dims
    serves = job.phase == "serve"
    tokens = _tokens(cells)
    found: dict[str, Any] = {
        "batch": None if serves else _batch(cells, budget),
        "context": context(cells, budget) if tokens else None,
        "concurrency": _concurrency(cells, budget) if serves else None,
        "resolution": _resolution(cells, budget) if job.height is not None else None,
    }
    made_for = dims.get("max_positions") or dims.get("positions") if tokens else None
    return [
        Limits(made_for=made_for, **{k: None if row is None else int(row[i]) for k, row in found.items()})
        if able else Limits()
        for i, able in enumerate(cells.able)
    ]  # fmt: skip


def largest(sized: Sized, budget: Array, most: int, step: int = 1) -> Array:
    """The largest multiple of `step` up to `most` that fits on each device, 0 where not even one does.

    First the powers of two, then what lies between, so many sizes at a time; memory grows with the size.
    """
    cells = len(budget)
    top = max(most // step, 1)
    powers = np.array([*(2**k for k in range(top.bit_length())), top], dtype=np.float64)
    low, high = _narrowed(sized, budget, np.tile(powers, (cells, 1)), step)
    high = np.where(np.isfinite(high), high, low)
    while np.any(high - low > 1.0):
        count = max(_EACH, _TRIED // cells)
        # A device that is done tries what it has again.
        last = np.maximum(np.maximum(high - 1.0, low), 1.0)
        tried = np.round(np.linspace(np.minimum(low + 1.0, last), last, count, axis=1))
        better, worse = _narrowed(sized, budget, tried, step)
        low, high = np.maximum(low, better), np.minimum(high, np.where(np.isfinite(worse), worse, high))
        low = np.minimum(low, high)
    return low * step


def _narrowed(sized: Sized, budget: Array, tried: Array, step: int) -> tuple[Array, Array]:
    """The largest tried size (C, K) that fits, or 0, and the smallest that does not, or infinity."""
    cells, count = tried.shape
    index = np.repeat(np.arange(cells), count).tolist()
    fits = (sized(tried.ravel() * step, index).required <= np.repeat(budget, count)).reshape(tried.shape)
    return np.max(np.where(fits, tried, 0.0), axis=1), np.min(np.where(fits, np.inf, tried), axis=1)


def _tokens(cells: Cells) -> bool:
    """Whether the job's length is counted in tokens."""
    job = cells.settled.job
    return (job.seq_len if job.trains else job.input_tokens) is not None and job.height is None


def _batch(cells: Cells, budget: Array) -> Array:
    """Items on each GPU; of training no more than make one micro-batch on each replica."""
    job, most = cells.settled.job, _BATCH
    if job.trains and "global_batch" in job.options:
        replicas = np.max(np.asarray(job.n_gpus) / Mesh.of(job).replica)
        most = max(int(job.option("global_batch", 1.0) / replicas), 1)
    return largest(lambda size, index: cells.on(index, batch=size), budget, most)


def context(cells: Cells, budget: Array) -> Array:
    """Tokens of a sequence: of training, or prompt and output together."""
    job, workload = cells.settled.job, cells.settled.workload
    # What a table of positions, or the family, refuses.
    family: int = getattr(workload.code, "LONGEST", LONGEST)
    positions = int(workload.dims.get("positions") or family)
    if job.trains:
        return largest(lambda size, index: cells.on(index, seq_len=size), budget, positions)
    output = 0 if job.output_tokens is None else int(np.max(np.asarray(job.output_tokens)))
    prompt = largest(
        lambda size, index: cells.on(index, input_tokens=size), budget, max(positions - output, 1)
    )
    return np.where(prompt > 0, prompt + output, 0.0)


def _concurrency(cells: Cells, budget: Array) -> Array:
    """Requests that run at once, on all GPUs of a device."""
    replicas, _, most = cells.places

    def sized(size: Array, index: list[int]) -> Cells:
        return cells.on(index, concurrency=size * replicas[index])

    return largest(sized, budget, int(np.max(most))) * replicas


def _resolution(cells: Cells, budget: Array) -> Array | None:
    """Edge of a square image; None where the model takes no other than its own."""
    with suppress(UsageError):
        return largest(
            lambda size, index: cells.on(index, height=size, width=size), budget, _WIDEST, step=_EDGE
        )
    return None
