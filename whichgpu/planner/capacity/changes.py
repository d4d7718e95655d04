"""What would make a job fit on a device that it does not surely fit on, and what each way costs.

Speed is the cost model's prediction of the changed job over that of the job as asked for, given memory
enough; cost in quality is what was published.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from whichgpu.cost.job.placing import NODE
from whichgpu.errors import UsageError
from whichgpu.hardware.parts import works_alone
from whichgpu.planner.capacity.cells import time_together
from whichgpu.planner.capacity.choice import judged_in, placed_on, together
from whichgpu.planner.capacity.meshes import Mesh, cuts_layers, meshes, splits, stages, typed_mesh
from whichgpu.planner.capacity.offload import offloaded
from whichgpu.planner.capacity.tries import SAME, Try, leanest, narrower, same_gpus, under_llama

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from whichgpu.planner.capacity.cells import Cells
    from whichgpu.planner.capacity.model import Change, Limits

#: Of ways that change several things at once so many are told.
_COMBINED = 3
#: Kinds of ways that add replicas.
_SHARES = ("sharded", "combined")
#: Replicas over the fewest that hold a job, beyond which a way is none.
_MANY = 4
_MILD = ("batch", "checkpointing")
#: Ways to train all weights on the same GPUs.
_KEEPING = (*_MILD, "sharding", "loss", "optimizer", "precision")


def changes(cells: Cells, limits: Sequence[Limits]) -> list[tuple[Change, ...]]:
    """For each device that the job does not surely fit on, what would make it fit; nothing for the others.

    Where its middle fits, that is what makes it fit for sure.
    """
    lost = np.flatnonzero(~cells.judged.surely).tolist()
    found: list[list[Change]] = [[] for _ in cells.gpus]
    if not lost:
        return [() for _ in cells.gpus]
    some = cells.on(lost)
    for tried in (*same_gpus(some, [limits[i] for i in lost]), *_more_gpus(some)):
        _add(found, lost, tried, some)
    for i, change in offloaded(some):
        found[lost[i]].append(change)
    # Where no format does alone, the narrower ones on more GPUs.
    still = [i for i in lost if not any(one.kind == "precision" for one in found[i])]
    if still and not some.settled.job.trains:
        _narrower_elsewhere(found, still, cells.on(still))
    # Where nothing milder does for a training, all that takes less on more GPUs.
    none = [i for i in lost if not any(one.kind in _KEEPING for one in found[i])]
    if none and some.settled.job.trains:
        rest = cells.on(none)
        for tried in _leaner_on_more(rest):
            with suppress(UsageError):
                for i, change in tried.changes(rest):
                    if all(change.n_gpus < one.n_gpus for one in found[none[i]] if one.kind == "sharded"):
                        found[none[i]].append(change)
    middle = cells.judged.middle
    return [tuple(_chosen(_sure(one) if middle[i] else one)) for i, one in enumerate(found)]


def _sure(found: Sequence[Change]) -> list[Change]:
    """The changes with which a job fits for sure."""
    return [one for one in found if not one.may_run_out]


def _narrower_elsewhere(found: list[list[Change]], where: Sequence[int], rest: Cells) -> None:
    """Add narrower formats of another engine, and on more GPUs, where none does on those that are there."""
    for one in under_llama(rest):
        _add(found, where, one, rest)
    for tried, wanted in _narrower_on_more(rest):
        _add(found, [where[i] for i in wanted], tried, rest.on(wanted))


def _add(found: list[list[Change]], where: Sequence[int], tried: Try, base: Cells) -> None:
    """Add the changes of a try that fit; a format, option or phase that the model refuses is none."""
    with suppress(UsageError):
        for i, change in tried.changes(base):
            found[where[i]].append(change)


def _chosen(found: Sequence[Change]) -> Iterator[Change]:
    """All single ways; of several at once the mildest of each kind, where training has no mild one."""
    kinds = {one.text.partition(",")[0]: one for one in reversed(found) if one.kind == "combined"}
    alone = {one.text for one in found if one.kind != "combined"}
    # What fits by itself needs nothing beside it.
    several = [one for name, one in kinds.items() if name not in alone and not _outdone(one, found)]
    several.sort(key=found.index)
    yield from (one for one in found if one.kind != "combined" and not _outdone(one, found))
    if not any(one.kind in _MILD for one in found):
        yield from several[:_COMBINED]


def _outdone(change: Change, found: Sequence[Change]) -> bool:
    """Whether replicas are added that nobody would add.

    For what those that are there can share out, machines where one does, or many times as many as another way
    that holds the job as surely.
    """
    if change.kind not in _SHARES or "sharding=" not in change.option:
        return False
    shared = f"--option sharding={change.option.rpartition('sharding=')[2]}"
    here = any(one.kind == "sharding" and one.option == shared for one in found)
    several = [one for one in found if "--gpu" in one.option]
    held = any(one.n_gpus <= NODE for one in several)
    as_sure = [one.n_gpus for one in several if change.may_run_out or not one.may_run_out]
    return (
        here or (held and change.n_gpus > NODE) or change.n_gpus > _MANY * min(as_sure, default=change.n_gpus)
    )


def _more_gpus(cells: Cells) -> Iterator[Try]:
    """More GPUs of the same type: training sharded, layers cut, or layers dealt out."""
    settled = cells.settled
    if settled.job.trains:
        yield from _sharded(cells)
    if not splits(settled) or cells.job.tp is None:
        return
    # A stated degree stays; one that was chosen for a device gives way to stages alone.
    at = int(cells.job.tp) if np.ndim(cells.job.tp) == 0 else 1
    found = meshes(settled) if cuts_layers(settled) else ()
    cut = [one for one in found if one.tp > 1 and (one.pp == 1 or not settled.job.trains)]
    dealt = [Mesh(n * at, at, n) for n in stages(settled)]
    ways = [*_least(cells, cut, "tensor_parallel"), *_least(cells, dealt, "pipeline_parallel")]
    time_together([cells, *(one.cells for one in ways if one.cells.fits.any())])
    yield from ways


def _sharded(cells: Cells) -> Iterator[Try]:
    """More replicas that share out what they hold, as far as the job leaves open what."""
    stated = cells.job.options.get("sharding")
    found, _ = together(cells)
    for kind in (stated,) if stated else ("zero1", "zero2", "fsdp"):
        yield from _least(cells, found, "sharded", options={**cells.job.options, "sharding": kind})


def _leaner_on_more(cells: Cells) -> Iterator[Try]:
    """The leanest step of a training, sharded over more GPUs."""
    full, words, typed = leanest(cells)
    for one in _sharded(full):
        yield replace(
            one, kind="combined", texts=tuple(f"{text}, {words}" for text in one.texts),
            options=tuple(f"{option} {typed}" for option in one.options),
        )  # fmt: skip


def _narrower_on_more(cells: Cells) -> Iterator[tuple[Try, list[int]]]:
    """The widest and the narrowest format of each device on more GPUs, and on which devices."""
    formats = list(narrower(cells))
    able = [[k for k, one in enumerate(formats) if one.cells.able[i]] for i in range(len(cells.gpus))]
    for k, one in enumerate(formats):
        wanted = [i for i, known in enumerate(able) if known and k in (known[0], known[-1])]
        if not wanted:
            continue
        with suppress(UsageError):
            for wider in _more_gpus(one.cells.on(wanted)):
                if wider.kind == "tensor_parallel":
                    yield replace(
                        wider, kind="combined", quality=one.quality,
                        texts=tuple(f"{one.texts[0]}, {text}" for text in wider.texts),
                        options=tuple(f"{option} {one.options[0]}" for option in wider.options),
                    ), wanted  # fmt: skip


def _least(cells: Cells, found: Sequence[Mesh], kind: str, **more: Any) -> Iterator[Try]:
    """The least of growing meshes that fits on each device for sure; by its middle where none does."""
    if not found:
        return
    placed_there = placed_on(cells.job, found, cells.gpus[0], **more)
    # Fewer GPUs than asked for are no change, and parts of a GPU do not work together.
    numbers, chosen, use = np.array([one.n for one in found]), [], []
    for i, gpu in enumerate(cells.gpus):
        judged = judged_in(placed_there, gpu)
        ways = [np.flatnonzero(held & (numbers > cells.counts[i])) for held in (judged.surely, judged.middle)]
        at = next((int(way[0]) for way in ways if way.size), None)
        chosen.append(found[at or 0])
        use += [i] if at is not None and not works_alone(gpu) else []
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
        columns[name] = np.array(
            [float(getattr(chosen[i], field)) if i in use else own[i] for i in range(len(own))]
        )
    return cells.with_job(**{**columns, **more})


def _words(one: Mesh, kind: str, more: dict[str, Any]) -> str:
    if kind == "sharded":
        return f"{one.n} GPUs, {more['options']['sharding']} over them"
    if kind == "pipeline_parallel":
        return f"{one.n} GPUs, layers split over {one.pp} stages"
    return f"{one.n} GPUs, each layer cut in {one.tp}" + (f", {one.pp} stages" if one.pp > 1 else "")


def _typed(cells: Cells, i: int, one: Mesh, kind: str, more: dict[str, Any]) -> str:
    sharded = f"--option sharding={more['options']['sharding']}" if kind == "sharded" else ""
    return " ".join(filter(None, (f"--gpu {cells.gpus[i].id}:{one.n}", typed_mesh(one, cells.job), sharded)))
