"""The largest batch, context, concurrency and resolution that fit: a search over all devices at once."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.job.requests import in_loop
from whichgpu.cost.memory.verdict import Judged
from whichgpu.cost.parallel.mesh import Mesh
from whichgpu.errors import UsageError
from whichgpu.planner.capacity.model import Limits

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from whichgpu.planner.capacity.cells import Cells

    Array = NDArray[np.float64]
    #: Jobs, and the memory of each, from sizes (M,) and the cells (M,) that they are for.
    Sized = Callable[[Array, list[int]], Any]
    #: Where such jobs fit, for the cells (M,) that they are for.
    Judge = Callable[[Any, list[int]], Judged]

#: Sizes that are tried at a time, all cells together, and at least of each.
_TRIED, _EACH = 64, 6
#: Edges of an image are tried in steps of so many pixels, and up to so many.
_EDGE, _WIDEST = 32, 16384
LONGEST, _BATCH = 10_000_000, 1_000_000


def limits(cells: Cells, judge: Judge | None = None) -> list[Limits]:
    """The limits on each device, (C,), as `judge` has it; what the device cannot run has none.

    Without one a size is what fits at the upper end of what it may need, as `Answer.verdict` has it, and
    `may` has the larger ones that fit at the lower end alone.
    """
    job, dims = cells.settled.job, cells.settled.workload.dims
    judge = judge or (lambda tried, _: tried.judged)
    serves, count = job.phase == "serve", len(cells.gpus)
    tokens = _tokens(cells)
    found: dict[str, Array | None] = {
        "batch": None if serves else _batch(cells, judge),
        "context": context(cells, judge) if tokens else None,
        "concurrency": _concurrency(cells, judge) if serves else None,
        "resolution": _resolution(cells, judge) if job.height is not None else None,
    }
    made_for = dims.get("max_positions") or dims.get("positions") if tokens else None
    each = {name: row.reshape(2, count).astype(int) for name, row in found.items() if row is not None}
    return [
        Limits(
            made_for=made_for, **{name: int(row[0, i]) for name, row in each.items()},
            may={name: int(row[1, i]) for name, row in each.items() if row[1, i] > row[0, i]},
        )
        if able else Limits()
        for i, able in enumerate(cells.able)
    ]  # fmt: skip


def within(budget: Array) -> Judge:
    """The judge of jobs by the middle of what they need, within `budget` bytes of each device, (C,)."""

    def judge(tried: Any, index: list[int]) -> Judged:
        inside = tried.required <= budget[index]
        return Judged(inside, inside, inside)

    return judge


def largest(sized: Sized, judge: Judge, cells: int, most: int, step: int = 1) -> Array:
    """The largest multiple of `step` up to `most` on each of so many devices, 0 where not even one: (2 C,).

    Those that fit for sure, then those that may. First the powers of two, then what lies between, so many
    sizes at a time; memory grows with the size.
    """

    def fit(size: Array, index: list[int]) -> NDArray[np.bool_]:
        of = [i % cells for i in index]
        found = judge(sized(size, of), of)
        fits: NDArray[np.bool_] = np.where(np.array(index) < cells, found.surely, found.may)
        return fits

    top = max(most // step, 1)
    powers = np.array([*(2**k for k in range(top.bit_length())), top], dtype=np.float64)
    low, high = _narrowed(fit, np.tile(powers, (2 * cells, 1)), step)
    high = np.where(np.isfinite(high), high, low)
    while np.any(high - low > 1.0):
        count = max(_EACH, _TRIED // cells)
        # A device that is done tries what it has again.
        last = np.maximum(np.maximum(high - 1.0, low), 1.0)
        tried = np.round(np.linspace(np.minimum(low + 1.0, last), last, count, axis=1))
        better, worse = _narrowed(fit, tried, step)
        low, high = np.maximum(low, better), np.minimum(high, np.where(np.isfinite(worse), worse, high))
        low = np.minimum(low, high)
    return low * step


def _narrowed(fit: Callable[..., Any], tried: Array, step: int) -> tuple[Array, Array]:
    """The largest tried size (2 C, K) that fits, or 0, and the smallest that does not, or infinity."""
    cells, count = tried.shape
    index = np.repeat(np.arange(cells), count).tolist()
    fits = fit(tried.ravel() * step, index).reshape(tried.shape)
    return np.max(np.where(fits, tried, 0.0), axis=1), np.min(np.where(fits, np.inf, tried), axis=1)


def _tokens(cells: Cells) -> bool:
    """Whether the job's length is counted in tokens."""
    job = cells.settled.job
    return (job.seq_len if job.trains else job.input_tokens) is not None and job.height is None


def _batch(cells: Cells, judge: Judge) -> Array:
    """Items on each GPU; of training no more than make one micro-batch on each replica."""
    job, most = cells.settled.job, _BATCH
    if job.trains and "global_batch" in job.options:
        replicas = np.max(np.asarray(job.n_gpus) / Mesh.of(job).replica)
        most = max(int(job.option("global_batch", 1.0) / replicas), 1)
    return largest(lambda size, index: cells.on(index, batch=size), judge, len(cells.gpus), most)


def context(cells: Cells, judge: Judge) -> Array:
    """Tokens of a sequence: of training, or prompt and output together."""
    count = len(cells.gpus)
    job, workload = cells.settled.job, cells.settled.workload
    # What a table of positions, or the family, refuses.
    family: int = getattr(workload.code, "LONGEST", LONGEST)
    positions = int(workload.dims.get("positions") or family)
    if job.trains:
        return largest(lambda size, index: cells.on(index, seq_len=size), judge, count, positions)
    output = 0 if job.output_tokens is None else int(np.max(np.asarray(job.output_tokens)))
    prompt = largest(
        lambda size, index: cells.on(index, input_tokens=size), judge, count, max(positions - output, 1)
    )
    return np.where(prompt > 0, prompt + output, 0.0)


def _concurrency(cells: Cells, judge: Judge) -> Array:
    """Requests that run at once, on all GPUs of a device."""
    replicas, _, most = cells.places
    # So many in flight are what a load generator keeps, as where a job states them.
    loaded = in_loop(cells.job.changed(concurrency=1.0)).options
    asked = cells if cells.job.concurrency is not None else cells.with_job(options=loaded)

    def sized(size: Array, index: list[int]) -> Cells:
        return asked.on(index, concurrency=size * replicas[index])

    found = largest(sized, judge, len(cells.gpus), int(np.max(most)))
    # Each engine takes its own number at once, by the card that it is on.
    return np.minimum(found, np.tile(most, 2)) * np.tile(replicas, 2)


def _resolution(cells: Cells, judge: Judge) -> Array | None:
    """Edge of a square image; None where the model takes no other than its own."""
    with suppress(UsageError):
        return largest(
            lambda size, index: cells.on(index, height=size, width=size), judge, len(cells.gpus), _WIDEST,
            step=_EDGE,
        )  # fmt: skip
    return None
