"""The smallest GPU that holds a job, and the fewest of a type that do."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.job.placing import COUNTS, NODE
from whichgpu.errors import UsageError
from whichgpu.hardware.parts import works_alone
from whichgpu.planner.capacity.cards import cards
from whichgpu.planner.capacity.cells import Cells
from whichgpu.planner.capacity.meshes import Mesh, cuts_layers, meshes, splits, stages, typed_mesh
from whichgpu.planner.capacity.model import Fewest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.workloads.job import Job


_GIB = 2.0**30


def smallest(
    required: float, catalogue: Catalogue, able: Callable[[Gpu], bool], vendor: str = "NVIDIA"
) -> Gpu | None:
    """A vendor's current card with the least memory that holds `required` bytes and is `able`; None for none.

    Of equal memory (cards sold as 12 GB differ by some MiB) a common card goes first, then the newer one.
    """
    cards = [(size, gpu) for size, gpu in _current(catalogue, vendor) if size >= required]
    for least in sorted({round(size / _GIB) for size, _ in cards}):
        equal = [gpu for size, gpu in cards if round(size / _GIB) == least]
        found = sorted((gpu for gpu in equal if _is_current(gpu)), key=_newer, reverse=True)
        found.sort(key=_rank)
        chosen = next((gpu for gpu in found if able(gpu)), None)
        if chosen is not None:
            return chosen
    return None


def smallest_by_vendor(
    required: float, gpus: Sequence[Gpu], catalogue: Catalogue, able: Callable[[Gpu], bool]
) -> dict[str, str | None]:
    """The id of the smallest current card of each vendor of these GPUs, else of NVIDIA; None for none."""
    found = {name: smallest(required, catalogue, able, name) for name in {gpu.vendor for gpu in gpus}}
    if not all(found.values()):
        other = smallest(required, catalogue, able)
        found = {name: card or other for name, card in found.items()}
    return {name: card.id if card else None for name, card in found.items()}


@cache
def _current(catalogue: Catalogue, vendor: str) -> tuple[tuple[float, Gpu], ...]:
    """Cards of a vendor in the segments that are looked through, and their memory in B."""
    sizes = ((gpu.glance("memory"), gpu) for gpu in catalogue.sold_by(vendor, cards()["segments"]))
    return tuple((float(size), gpu) for size, gpu in sizes if size)


def _is_current(gpu: Gpu) -> bool:
    """Whether it is a card with memory of its own that is still sold or rented; the user's own always is."""
    shared = str(gpu.value("memory_type") or "").startswith("LPDDR")
    sold = gpu.id in cards()["common"] or str(gpu.value("release_date") or "") >= cards()["since"]
    return gpu.user or (not shared and sold)


def _newer(gpu: Gpu) -> str:
    return str(gpu.value("release_date") or "")


def _rank(gpu: Gpu) -> int:
    common: Sequence[str] = cards()["common"]
    return common.index(gpu.id) if gpu.id in common else len(common)


def common(catalogue: Catalogue, names: str = "several") -> tuple[Gpu, ...]:
    """The common cards, or those of them that are counted in `several`."""
    return tuple(catalogue[key] for key in cards()[names] if key in catalogue)


def together(cells: Cells) -> tuple[tuple[Mesh, ...], dict[str, Any]]:
    """Meshes of growing numbers of GPUs that can hold the job, and what else of it changes with them.

    A language model is cut; training is sharded over its replicas, as FSDP does, unless it says otherwise.
    """
    settled, asked = cells.settled, cells.job
    if settled.job.trains:
        tp, pp = (max(int(np.max(np.asarray(getattr(settled.job, name)))), 1) for name in ("tp", "pp"))
        sharding = {**asked.options, "sharding": asked.options.get("sharding", "fsdp")}
        counts = (tp * pp * count for count in COUNTS)
        return tuple(Mesh(n, tp, pp) for n in counts if n <= COUNTS[-1]), {"options": sharding}
    if not splits(settled):
        return (), {}
    return tuple(meshes(settled)), {}


def on_meshes(job: Job, found: Sequence[Mesh], gpu: Gpu, **columns: Any) -> Cells:
    """A job on several meshes of one GPU type."""
    degrees = {name: np.array([float(getattr(one, field)) for one in found])
               for name, field in (("n_gpus", "n"), ("tp", "tp"), ("pp", "pp"))}  # fmt: skip
    return Cells(replace(job, **{**degrees, **columns}), (gpu,) * len(found))


def required_on(job: Job, found: Sequence[Mesh], gpu: Gpu, **columns: Any) -> NDArray[np.float64]:
    """Bytes on the fullest GPU of each mesh, infinite for one that the job cannot have."""
    try:
        return on_meshes(job, found, gpu, **columns).required
    except UsageError:
        return np.array([_alone(job, one, gpu, **columns) for one in found])


def _alone(job: Job, one: Mesh, gpu: Gpu, **columns: Any) -> float:
    try:
        return float(on_meshes(job, (one,), gpu, **columns).required[0])
    except UsageError:
        return np.inf


def fewest(cells: Cells, gpus: Sequence[Gpu]) -> Iterator[Fewest | None]:
    """The fewest of each GPU that hold the job together, 2 at least; None where no number does.

    A training is sharded, or its layers run again as well, or it is cut, whichever takes the fewest; of ways
    that take as many the first. Neither parts of a GPU nor the GPUs of laptops work together.
    """
    ways = [one for one in (together(cells), _run_again(cells), _cut(cells)) if one[0]]

    @cache
    def needed(way: int) -> NDArray[np.float64]:
        found, more = ways[way]
        return required_on(cells.job, found, gpus[0], **more)

    for gpu in gpus:
        if works_alone(gpu) or cells.refusal(gpu):
            yield None
            continue
        room = cells.room(gpu)
        held = ((np.flatnonzero(needed(way) <= room), ways[way]) for way in range(len(ways)))
        fits = _least((found[int(at[0])], more) for at, (found, more) in held if at.size)
        yield fits and Fewest(gpu.id, fits[0].n, _how(cells, *fits))


def _least(ways: Iterator[tuple[Mesh, dict[str, Any]]]) -> tuple[Mesh, dict[str, Any]] | None:
    """The way with the fewest GPUs, the first of several."""
    return min(ways, key=lambda way: way[0].n, default=None)


def _how(cells: Cells, chosen: Mesh, more: Mapping[str, Any]) -> str:
    """What to type for a job on a mesh: its degrees, how training is sharded, and what else of it changes."""
    options = more.get("options", {}) if cells.settled.job.trains else {}
    changed = (
        f"--option {name}={value}"
        for name, value in options.items()
        if value and (name == "sharding" or cells.job.options.get(name) != value)
    )
    return " ".join(filter(None, (typed_mesh(chosen, cells.job), *changed)))


def _run_again(cells: Cells) -> tuple[tuple[Mesh, ...], dict[str, Any]]:
    """The meshes of `together` for a training that leaves open whether its layers run again: they do."""
    if not cells.settled.job.trains or "checkpointing" in cells.job.options or not splits(cells.settled):
        return (), {}
    found, more = together(cells)
    return found, {"options": {**more["options"], "checkpointing": "full"}}


def _cut(cells: Cells) -> tuple[tuple[Mesh, ...], dict[str, Any]]:
    """Meshes of one replica of a training, in a machine, where the job leaves open how it is split.

    Layers are dealt out, as `device_map=auto` does, for one micro-batch at a time where its software does
    not cut them.
    """
    settled, asked = cells.settled, cells.job
    degrees = (np.max(np.asarray(getattr(settled.job, name))) for name in ("tp", "pp"))
    stated = max(degrees) > 1.0 or "sharding" in asked.options
    if not settled.job.trains or stated or not splits(settled):
        return (), {}
    if not cuts_layers(settled):
        alone = {} if "global_batch" in asked.options else {"grad_accum": "1"}
        return tuple(Mesh(n, 1, n) for n in stages(settled)), {"options": {**alone, **asked.options}}
    return tuple(meshes(settled, NODE)), {}
