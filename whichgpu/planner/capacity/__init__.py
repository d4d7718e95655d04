"""What fits on which GPU: memory by part, the largest sizes, the smallest and fewest GPUs, what would help.

A workload's memory does not depend on the GPU, but for how many share it. It is worked out once for all
devices (`cells`), and compared with what each has; searches (`limits`, `choice`) and changed jobs (`tries`,
`changes`) are sweeps of the same kind. Only what fits is timed.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from whichgpu.cost.arrays import distinct
from whichgpu.cost.estimates import hinted, merged, no_use, not_served, unknown
from whichgpu.cost.job.asked import sends_away
from whichgpu.cost.job.behind import in_its_stead
from whichgpu.cost.job.placing import running
from whichgpu.cost.job.requests import in_loop
from whichgpu.cost.job.support import in_several, substitutions
from whichgpu.cost.job.training_step import on_largest
from whichgpu.cost.memory.job_memory import open_checkpointing
from whichgpu.cost.memory.stages import stages
from whichgpu.cost.memory.verdict import Judged, first
from whichgpu.errors import UsageError
from whichgpu.hardware.slices import is_part, resolve_device
from whichgpu.planner.capacity import meshes, started
from whichgpu.planner.capacity.cells import Cells
from whichgpu.planner.capacity.changes import changes
from whichgpu.planner.capacity.choice import common, fewest, smallest, smallest_by_vendor
from whichgpu.planner.capacity.limits import limits
from whichgpu.planner.capacity.loading import loading
from whichgpu.planner.capacity.model import Answer, Change, Fewest, Fits, Limits, Loading, by_size, gib
from whichgpu.planner.capacity.sentences import reason
from whichgpu.workloads.precision import precision

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.workloads.job import Job

__all__ = ["Answer", "Change", "Fewest", "Fits", "Limits", "Loading", "fit", "gib"]

#: Cells of a matrix, beyond which it is no table that anyone reads.
_MOST_CELLS = 2000


def fit(
    jobs: Sequence[Job], gpus: Sequence[str], catalogue: Catalogue, *, together: bool = False,
    full: bool = False,
) -> Fits:  # fmt: skip
    """What of each job fits on each device, a name as typed: `a10`, `a10:2`, `l4:1/2`.

    Without devices, on the smallest current card, or on the fewest common ones. With `together` all jobs are
    on each device at once; with `full` a server that states no requests has as many in flight as it holds.
    Raises `UsageError` for names that do not resolve and meshes that cannot be.
    """
    if not jobs:
        raise UsageError("no workload; name one, e.g. whichgpu fit llama-2-13b --gpu a10")
    if len(jobs) * len(gpus) > _MOST_CELLS:
        raise UsageError(
            f"{len(jobs)} workloads on {len(gpus)} GPUs are more than {_MOST_CELLS} cells; name fewer"
        )
    devices = [resolve_device(name, catalogue) for name in gpus]
    if together and len(jobs) > 1:
        from whichgpu.planner.capacity.shared import shared

        return Fits(tuple(shared(jobs, devices, catalogue)))
    each = _filled if full else _each
    return Fits(tuple(answer for job in jobs for answer in each(job, devices, catalogue)))


def _filled(job: Job, devices: Sequence[tuple[Gpu, int]], catalogue: Catalogue) -> Iterator[Answer]:
    """The answers on every device with as many requests in flight as each holds."""
    for i, one in enumerate(_each(job, devices, catalogue)):
        most, known = one.limits[0].most("concurrency"), job.concurrency is not None
        device = devices[i] if devices else (catalogue[one.gpu], one.n_gpus)
        if known or not most:
            yield one
        else:
            yield from _each(in_loop(job.changed(concurrency=float(most))), [device], catalogue)


def _each(job: Job, devices: Sequence[tuple[Gpu, int]], catalogue: Catalogue) -> list[Answer]:
    """One workload on every device, in the format and under the software that run there unasked.

    A device whose number is not stated stands for as many as the job states.
    """
    stated = int(np.max(job.n_gpus)) if job.n_gpus is not None else 1
    devices = [(gpu, count if count > 1 else stated) for gpu, count in devices]
    ran = [running(job, gpu) for gpu, _ in devices]
    ways = list({(one.runtime, one.precision): one for one in ran}.values()) or [job]
    found: dict[int, Answer] = {}
    for way in ways:
        here = [i for i, one in enumerate(ran) if one == way]
        answers = _column(way, [devices[i] for i in here], catalogue)
        found.update(zip(here or range(len(answers)), answers, strict=True))
    return [found[i] for i in sorted(found)]


def _column(job: Job, devices: Sequence[tuple[Gpu, int]], catalogue: Catalogue) -> list[Answer]:
    """One job on every device; without devices on one that is chosen."""
    checked = meshes.check(job, [count for _, count in devices])
    alone = Cells(meshes.single(job, checked), _any(catalogue))
    if not devices:
        devices = [_chosen(alone, catalogue)]
    placed = meshes.place(job, [count for _, count in devices], checked)
    cells = Cells(placed, tuple(gpu for gpu, _ in devices))
    answers: dict[int, Answer] = {}
    stated = job.tp is not None or job.pp is not None
    whole = Cells(meshes.single(replace(job, tp=None, pp=None)), alone.gpus) if stated else alone
    for indexes, some, note in _as_programs_do(cells):
        bounds = limits(cells.on(indexes), _as_programs_go)
        found = _answers(some, alone, catalogue, bounds=bounds, checkpoint=whole.checkpoint, note=note)
        answers.update(zip(indexes, found, strict=True))
    return [answers[i] for i in range(len(devices))]


def _unasked(cells: Cells) -> list[tuple[dict[str, str], str]]:
    """Options that a job's program sets where a card has no room, in their order, and what is said of each.

    Recipes that recompute what they must set checkpointing; programs of pictures send networks away, which
    is said of any job that states it. Nothing where the job says itself how it is.
    """
    done = cells.settled
    kinds = open_checkpointing(done.workload, done.job, done.runtime)
    if kinds:
        said = f"checkpointing is not stated; {done.runtime.title} recipes set it where needed: "
        return [({"checkpointing": kind}, said + kind) for kind in kinds]
    ways = sends_away(done.job, done.workload, done.runtime)
    tiled = f"{done.runtime.title} decodes in tiles where the card has no room for the whole picture"
    each = [(dict(way), tiled if "vae_tiling" in way else "") for way in ways]
    return [({}, ""), *each] if each else []


def _as_programs_do(cells: Cells) -> Iterator[tuple[list[int], Cells, str]]:
    """The devices in groups, each with what the job's program would set there unasked."""
    ways, tried = _ways(cells)
    if not ways:
        yield list(range(len(cells.gpus))), cells, ""
        return
    chosen = _gone(tried)
    for k in distinct(chosen).tolist():
        here = np.flatnonzero(chosen == k).tolist()
        yield here, cells.on(here) if k < 0 else tried[k].on(here), ways[k][1] if k > 0 else ""


def _ways(cells: Cells) -> tuple[list[tuple[dict[str, str], str]], list[Cells]]:
    """What the job's program sets unasked where a card has no room (`_unasked`), and the job with each."""
    ways, options = _unasked(cells), cells.job.options
    return ways, [cells.with_job(options={**options, **way}) for way, _ in ways]


def _gone(tried: Sequence[Cells]) -> NDArray[np.intp]:
    """Which of several ways a program goes on each device, the mildest that fits, -1 for none, (C,)."""
    found: NDArray[np.intp] = first([one.judged for one in tried])
    return found


def _as_programs_go(cells: Cells, _: Sequence[int]) -> Judged:
    """What holds of a job on each device, with what its program would set there unasked."""
    ways, tried = _ways(cells)
    if not ways:
        return cells.judged
    chosen, every = _gone(tried), [*(one.judged for one in tried), cells.judged]
    return Judged(*(np.choose(chosen % len(every), list(each)) for each in zip(*every, strict=True)))


def _any(catalogue: Catalogue) -> tuple[Gpu, ...]:
    """One device, where none matters."""
    return (next(iter(catalogue.values())),)


def _chosen(alone: Cells, catalogue: Catalogue) -> tuple[Gpu, int]:
    """The smallest current card that holds a job, or the fewest common ones; the largest where none do."""
    found = smallest(_least(alone), catalogue, _anyhow(alone))
    if found.sure is not None:
        return found.sure, alone.counts[0]
    known = common(catalogue)
    several = [one for one in fewest(alone, known) if one is not None]
    several.sort(key=lambda one: (one.may_run_out, one.n_gpus))
    if several and not several[0].may_run_out:
        return catalogue[several[0].gpu], several[0].n_gpus
    if found.may is not None:
        return found.may, alone.counts[0]
    return (catalogue[several[0].gpu], several[0].n_gpus) if several else (max(known, key=alone.room), 1)


def _least(alone: Cells) -> tuple[float, float]:
    """Bytes that a card has at least on which a job fits for sure, and on which it may.

    Where what is needed hangs on the card that is no less than the weights.
    """
    if alone.by_card:
        weights = float(alone.parts["weights"][0]) / alone.share
        return weights, weights
    ways = _ways(alone)[1] or [alone]
    sure, may = (
        min(float(end[0]) / alone.share for end in ends)
        for ends in ([one.required for one in ways], [one.ends[0] for one in ways])
    )
    return sure, may


def _anyhow(alone: Cells) -> Callable[[Gpu], Judged]:
    """The judge of a job on one of a GPU, whichever way its program goes there unasked."""
    ways = _ways(alone)[1] or [alone]

    def judge(gpu: Gpu) -> Judged:
        return Judged(*map(np.logical_or.reduce, zip(*(one.judged_in(gpu) for one in ways), strict=True)))

    return judge


def _answers(
    cells: Cells, alone: Cells, catalogue: Catalogue, *, bounds: Sequence[Limits], checkpoint: float,
    note: str,
) -> list[Answer]:  # fmt: skip
    """The answer on each device, of which `bounds` are the largest sizes.

    `alone` is the job on one GPU, `note` what is to be said of all.
    """
    ways = changes(cells, bounds)
    smallest_of = smallest_by_vendor(_least(alone), cells.gpus, catalogue, _anyhow(alone))
    several = _fewest(cells, alone, catalogue, held=any(one.sure for one in smallest_of.values()))
    done = cells.settled
    answers = []
    for i, gpu in enumerate(cells.gpus):
        fits = bool(cells.fits[i])
        answer = Answer(
            workload=done.workload.id, gpu=gpu.id, n_gpus=cells.counts[i], jobs=(cells.job_of(i),),
            runtime=done.runtime.id, fits=fits, reason="",
            parts=by_size(cells.parts_of(i)),
            required=float(cells.required[i]), available=float(cells.available[i]), limits=(bounds[i],),
            smallest_gpu=smallest_of[gpu.vendor].ids[0], smallest_may=smallest_of[gpu.vendor].ids[1],
            fewest=several[i], changes=ways[i],
            loading=loading(checkpoint, gpu, cells.counts[i]), share=cells.share,
            throughput=cells.rate(i) if fits else None, notes=(*((note,) if note else ()), *_notes(cells, i)),
            stages=stages(cells.job_of(i), float(cells.available[i])), read=cells.read(i), need=cells.need(i),
        )  # fmt: skip
        answers.append(replace(answer, reason=reason(answer, cells.refusals[i])))
    return answers


def _fewest(cells: Cells, alone: Cells, catalogue: Catalogue, *, held: bool) -> list[tuple[Fewest, ...]]:
    """The fewest of each device's own GPU; where no single card holds the job also of common ones."""
    count = alone.counts[0]
    degrees = alone.job_of(0)
    whole, judge = meshes.Mesh(count, int(degrees.tp), int(degrees.pp)).how, _anyhow(alone)

    def least(gpu: Gpu, more: Fewest | None) -> Fewest | None:
        judged, one = judge(gpu), Fewest(gpu.id, count, whole)
        if judged.surely[0]:
            return one
        if not judged.may[0]:
            return more
        return replace(more, may=one) if more and not more.may_run_out else replace(one, may_run_out=True)

    own = [least(gpu, more) for gpu, more in zip(cells.gpus, fewest(alone, cells.gpus), strict=True)]
    others = () if held else tuple(one for one in fewest(alone, common(catalogue)) if one is not None)
    return [
        (*((one,) if one else ()), *(more for more in others if one is None or more.gpu != one.gpu))
        for one in own
    ]


def _waiting(cells: Cells, index: int) -> list[str]:
    """What to say of requests beyond those that an engine runs at once on a device, which take no room."""
    job = cells.settled.job
    if job.phase != "serve" or job.concurrency is None:
        return []
    replicas, _, each = (float(part[index]) for part in cells.places)
    most, asked = replicas * each, float(np.max(np.asarray(job.concurrency)))
    said = f"{asked:,.0f} requests: {most:,.0f} run at once (max_num_seqs), the others wait"
    return [said] if asked > most else []


#: How a server is told what share of a card it may take.
_SHARES = {"vllm": "--gpu-memory-utilization", "vllm-0.5": "--gpu-memory-utilization"}


def _allowed(cells: Cells, index: int) -> list[str]:
    """What to say of a job that fits its card, and not the share of it that its server takes by default."""
    done = cells.settled
    if started.measures(cells):
        return started.said(cells, index)
    whole = started.unasked(cells, index)
    takes, flag = done.runtime.holds.get("takes", 1.0), _SHARES.get(done.runtime.id)
    share = float(cells.share * cells.required[index] / cells.available[index])
    if done.job.phase != "serve" or flag is None or not takes < share <= 1.0:
        return whole
    if share > cells.share:
        given = f"{done.runtime.title} can be given {cells.share:.0%} of a card"
        return [f"{given}: what it holds beside needs the rest", *whole]
    least = min(math.ceil(100.0 * share) / 100.0, 0.99)
    taken = f"{done.runtime.title} takes {takes:.0%} of a card unless told otherwise"
    return [f"{taken}: start it with {flag} {least}", *whole]


def _uncut(cells: Cells, index: int) -> list[str]:
    """What to say of adapters whose layers are to be cut (`tp`) by software that does not."""
    done, tp = cells.settled, float(cells.job_of(index).tp or 1.0)
    if tp <= 1.0 or meshes.cuts_layers(done):
        return []
    other = "--option sharding=fsdp shares them out, --pp deals them out, Megatron cuts them"
    return [f"layers with adapters are not cut (tp={tp:g}) by {done.runtime.title}: {other}"]


def _hosted(cells: Cells, index: int) -> list[str]:
    """What a training takes of the host's memory that leaves its states there."""
    if not cells.settled.job.trains or "offload" not in cells.settled.job.options:
        return []
    from whichgpu.planner.capacity.offload import on_host

    out = on_host(cells, index)
    return [f"what waits on the host takes {gib(out)} of its memory"] if out > 0.0 else []


def _notes(cells: Cells, index: int) -> tuple[str, ...]:
    """What makes an answer less than it looks."""
    done, gpu = cells.settled, cells.gpus[index]
    said = [
        *in_several(gpu, done.job.phase),
        *(substitutions(gpu, precision(done.job.precision), done.runtime) if cells.able[index] else ()),
        *done.said,
    ]
    said += no_use(done.workload, done.unused)
    said += on_largest(done.workload, done.job)[1] if done.job.trains else ()
    ignored = unknown(done.job, done.workload) + not_served(done.job, done.runtime)
    if ignored:
        said.append(f"not modelled yet, and ignored: {', '.join(map(hinted, ignored))}")
    if note := cells.doubt(index):
        said += [note, *cells.hangs_on(index, note)]
    said += merged(done.job) + _waiting(cells, index) + _allowed(cells, index) + _uncut(cells, index)
    said += _hosted(cells, index)
    if not done.runtime.exact:
        said.append(in_its_stead(done.job.runtime, done.runtime))
    if is_part(gpu) and ":mig-" not in gpu.id:
        said.append(f"{gpu.id} is a share: the driver does not hold others to theirs")
    if cells.counts[index] > 1 and np.any(np.asarray(cells.settled.job.pp) > 1):
        said.append("of several stages the fullest is shown")
    return tuple(said)
