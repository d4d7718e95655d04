"""The smallest GPU that holds a job, and the fewest of a type that do."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.job.placing import COUNTS, NODE
from whichgpu.cost.memory.verdict import Judged
from whichgpu.errors import UsageError
from whichgpu.hardware.parts import works_alone
from whichgpu.planner.capacity.cards import cards
from whichgpu.planner.capacity.cells import Cells
from whichgpu.planner.capacity.meshes import Mesh, cuts_layers, meshes, splits, stages, typed_mesh
from whichgpu.planner.capacity.model import Fewest
from whichgpu.units import GIB
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.workloads.job import Job


class Smallest(NamedTuple):
    """The smallest card that holds a job for sure, and one with less memory that may; None for none."""

    sure: Gpu | None
    may: Gpu | None

    @property
    def ids(self) -> tuple[str | None, str | None]:
        """Both by id."""
        sure, may = self.sure, self.may
        return (sure.id if sure else None), (may.id if may else None)


def smallest(
    least: tuple[float, float], catalogue: Catalogue, judge: Callable[[Gpu], Judged], vendor: str = "NVIDIA"
) -> Smallest:
    """A vendor's current cards with the least memory of which `judge` says that they hold a job.

    One has at least so many bytes for sure, and so many where it may.
    """
    sure = _smallest(least[0], catalogue, lambda gpu: bool(np.all(judge(gpu).surely)), vendor)
    may = _smallest(least[1], catalogue, lambda gpu: bool(np.all(judge(gpu).may)), vendor)
    if may and sure and round(may.need("memory") / GIB) >= round(sure.need("memory") / GIB):
        may = None
    return Smallest(sure, may)


def _smallest(
    least: float, catalogue: Catalogue, held: Callable[[Gpu], bool], vendor: str
) -> Gpu | None:  # fmt: skip
    """A vendor's current card with the least memory, `least` bytes or more, on which a job is held.

    Of equal memory (cards sold as 12 GB differ by some MiB) a common card goes first, then the newer one.
    """
    cards = [(size, gpu) for size, gpu in _current(catalogue, vendor) if size >= least]
    for size in sorted({round(size / GIB) for size, _ in cards}):
        equal = [gpu for own, gpu in cards if round(own / GIB) == size]
        found = sorted((gpu for gpu in equal if _is_current(gpu)), key=_newer, reverse=True)
        found.sort(key=_rank)
        chosen = next((gpu for gpu in found if held(gpu)), None)
        if chosen is not None:
            return chosen
    return None


def smallest_by_vendor(
    least: tuple[float, float], gpus: Sequence[Gpu], catalogue: Catalogue, judge: Callable[[Gpu], Judged]
) -> dict[str, Smallest]:
    """The smallest current cards of each vendor of these GPUs; of NVIDIA where one has none."""
    judge = cache(judge)
    found = {name: smallest(least, catalogue, judge, name) for name in {gpu.vendor for gpu in gpus}}
    if not all(one.sure or one.may for one in found.values()):
        other = smallest(least, catalogue, judge)
        found = {name: one if one.sure or one.may else other for name, one in found.items()}
    return found


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


def placed_on(job: Job, found: Sequence[Mesh], gpu: Gpu, **columns: Any) -> tuple[Cells | None, ...]:
    """A job on meshes of one GPU type, all in one, else each by itself; None for one that it cannot have."""
    whole = _alone(job, found, gpu, **columns)
    return (whole,) if whole else tuple(_alone(job, (one,), gpu, **columns) for one in found)


def _alone(job: Job, found: Sequence[Mesh], gpu: Gpu, **columns: Any) -> Cells | None:
    with suppress(UsageError):
        cells = on_meshes(job, found, gpu, **columns)
        cells.required  # noqa: B018  (raises here where the mesh cannot be)
        return cells
    return None


def judged_in(placed: Sequence[Cells | None], gpu: Gpu) -> Judged:
    """Where a job fits on the meshes that it was placed on, of another GPU type: (meshes,)."""
    none = np.zeros(1, dtype=bool)
    each = [one.judged_in(gpu) if one else Judged(none, none, none) for one in placed]
    return Judged(*(np.concatenate(parts) for parts in zip(*each, strict=True)))


def fewest(cells: Cells, gpus: Sequence[Gpu]) -> Iterator[Fewest | None]:
    """The fewest of each GPU that hold the job together for sure, 2 at least; None where no number may.

    A training is sharded, or its layers run again as well, or it is cut, whichever takes the fewest; of ways
    that take as many the first. Neither parts of a GPU nor the GPUs of laptops work together.
    """
    ways = [one for one in (together(cells), _run_again(cells), _cut(cells)) if one[0]]

    @cache
    def placed(way: int) -> Sequence[Cells | None]:
        found, more = ways[way]
        return placed_on(cells.job, found, gpus[0], **more)

    for gpu in gpus:
        if works_alone(gpu) or cells.refusal(gpu):
            yield None
            continue
        judged = [judged_in(placed(way), gpu) for way in range(len(ways))]
        sure = _few(cells, gpu, ways, [one.surely for one in judged])
        may = _few(cells, gpu, ways, [one.may for one in judged])
        if sure is None:
            yield may and replace(may, may_run_out=True)
        else:
            yield replace(sure, may=may if may and may.n_gpus < sure.n_gpus else None)


def _few(
    cells: Cells, gpu: Gpu, ways: Sequence[tuple[tuple[Mesh, ...], dict[str, Any]]],
    held: Sequence[NDArray[np.bool_]],
) -> Fewest | None:  # fmt: skip
    """The fewest GPUs of a type over several ways, where each way is `held` by its meshes."""
    least = ((np.flatnonzero(one), way) for one, way in zip(held, ways, strict=True))
    fits = _least((found[int(at[0])], more) for at, (found, more) in least if at.size)
    return fits and Fewest(gpu.id, fits[0].n, _how(cells, *fits))


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
