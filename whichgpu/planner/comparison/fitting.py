"""Which well-known models each GPU holds, or how many of it together do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.hardware.parts import works_alone
from whichgpu.planner.capacity import meshes
from whichgpu.planner.capacity.cells import Cells
from whichgpu.planner.capacity.choice import fewest
from whichgpu.planner.comparison.model import Cell, Row
from whichgpu.planner.comparison.stack import verdict
from whichgpu.planner.comparison.words import REFUSED, quantity
from whichgpu.planner.usual import fitted_jobs
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping, Sequence

    from whichgpu.hardware.gpu import Gpu
    from whichgpu.planner.usual import Titled
    from whichgpu.workloads.job import Job

GROUP = "GPUs that hold it, at least"
#: What people turn to where a card is too small for the usual software.
_SPARING = "llama.cpp"
_EVIDENCE = ("cost memory", "roofline")


def fit_rows(gpus: Sequence[Gpu]) -> Iterator[Row]:
    """A row a job: how many of each GPU hold it, with the memory that it takes on one."""
    for index, one in enumerate(fitted_jobs()):
        cells = dict(_cells(one, gpus))
        yield Row(f"fits.{index}", one.title, GROUP, "count", "lower", cells)


def _cells(one: Titled, gpus: Sequence[Gpu]) -> Iterator[tuple[str, Cell]]:
    """A cell a GPU whose memory is known: under the software that runs the job on the most of them.

    A row is of one software where one runs on all; those that it leaves are under the next, and so are
    those that are too small for it and not for the next.
    """
    known = [gpu for gpu in gpus if gpu.value("memory")]
    ways = [_way(how, job, known) for how, job in (("", one.job), *one.instead)] if known else []
    some = frozenset[str]().union(*(way.holding for way in ways))
    ways = [
        way._replace(refused={**dict.fromkeys(some - way.holding, "too small"), **way.refused})
        for way in ways
    ]
    left = {gpu.id for gpu in known}
    while left:
        best = max(ways, key=lambda way: len(left - set(way.refused)))
        ran = left - set(best.refused)
        if not ran:
            break
        yield from _held(best, known, ran)
        left -= ran
    for gpu in known:
        if gpu.id in left:
            yield gpu.id, Cell(None, f"{REFUSED}{_brief(ways[0].refused[gpu.id], gpu)}", *_EVIDENCE)


class _Way(NamedTuple):
    """The job under one software, '' where it is the usual one, which hold it, and why some refuse it."""

    how: str
    alone: Cells
    holding: frozenset[str]
    refused: Mapping[str, str]


def _way(how: str, job: Job, gpus: Sequence[Gpu]) -> _Way:
    alone = Cells(meshes.single(job), tuple(gpus))
    refused = {
        gpu.id: text
        for gpu, why in zip(gpus, alone.refusals, strict=True)
        if (text := why or _unstated(alone, gpu, how))
    }
    told = not how or job.runtime == _SPARING
    held = (gpu.id for gpu, fits in zip(gpus, alone.fits, strict=True) if fits and gpu.id not in refused)
    return _Way(how, alone, frozenset(held if told else ()), refused)


def _unstated(alone: Cells, gpu: Gpu, how: str) -> str:
    """Software that is only stood in with has to be known to run."""
    software = alone.settled.runtime.software
    return (
        f"no source says that {how} runs there"
        if how and software and not verdict(gpu, software).runs
        else ""
    )


#: Of GPUs on which a job may fit and may run out of memory.
_OPEN = "may run out"


def _held(way: _Way, gpus: Sequence[Gpu], ran: Container[str]) -> Iterator[tuple[str, Cell]]:
    """How many of each GPU that runs the job hold it."""
    how, alone = way.how, way.alone
    least = tuple(fewest(alone, gpus))
    for index, gpu in enumerate(gpus):
        if gpu.id not in ran:
            continue
        judged, found = alone.judged, least[index]
        said = [how] if how else []
        several = found is not None and not works_alone(gpu) and not found.may_run_out
        if judged.surely[index] or (judged.may[index] and not several):
            said.insert(0, quantity(float(alone.required[index]), "memory"))
            said += [] if judged.surely[index] else [_OPEN]
            yield gpu.id, Cell(1.0, f"1 ({', '.join(said)})", *_EVIDENCE)
        elif found is not None and not works_alone(gpu):
            fewer = 1 if judged.may[index] else found.may.n_gpus if found.may else 0
            said += [_OPEN] if found.may_run_out else [f"{fewer} may"] if fewer else []
            text = f"{found.n_gpus} ({', '.join(said)})" if said else str(found.n_gpus)
            # A number that may run out is ahead of none that surely holds it.
            count = None if found.may_run_out else float(found.n_gpus)
            yield gpu.id, Cell(count, text, *_EVIDENCE)
        else:
            yield gpu.id, Cell(None, "does not fit", *_EVIDENCE)


def _brief(why: str, gpu: Gpu) -> str:
    """The first clause of a refusal, without the GPU's id and the sources."""
    first = why.removeprefix(f"{gpu.id}: ").split(" [")[0].split("; ")[0]
    if first.count("(") > first.count(")"):
        first = first.rpartition(" (")[0]
    return first.replace(f" on {gpu.id}:", ":").replace(f", and {gpu.id} has ", "; it has ")
