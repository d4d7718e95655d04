"""The jobs that an article or a review estimates where none are named, and those whose fit it tells of."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from whichgpu.facts import store
from whichgpu.hardware.fields import SEGMENTS
from whichgpu.values import NamedTuple
from whichgpu.workloads.job import Job

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from whichgpu.hardware.gpu import Gpu

#: Segments from the largest machines to the smallest.
_FALLBACK = SEGMENTS[0]


class Titled(NamedTuple):
    """A job under the name by which a reader knows it.

    `instead` is the same under other software or in another format, for GPUs that the first does not run
    on, each with how that is in words.
    """

    title: str
    job: Job
    instead: tuple[tuple[str, Job], ...] = ()


class StandIn(NamedTuple):
    """Software that a job runs under where its own does not: how it is called, and in what precision."""

    title: str
    runtime: str
    software: str
    precisions: Mapping[str, str]

    def of(self, job: Job, precision: str) -> Job:
        """The job under it, in its format nearest to the one that the job would have had."""
        return replace(job, runtime=self.runtime, precision=self.precisions.get(precision, precision))


def stand_ins() -> tuple[StandIn, ...]:
    """What stands in for the software of a job, the first that runs."""
    return tuple(
        StandIn(row["title"], row["runtime"], row["software"], row.get("precisions", {}))
        for row in _table()["stand_in"]
    )


def other_work() -> Mapping[str, str]:
    """Other kinds of work that may be asked for, each with a workload of that kind."""
    known: Mapping[str, str] = _table()["other"]
    return known


def usual_jobs(gpus: Sequence[Gpu]) -> tuple[Job, ...]:
    """Training and inference as usual on the smallest of the GPUs by segment; `data/usual.toml`."""
    known = {gpu.segment for gpu in gpus} & set(SEGMENTS)
    smallest = max(known, key=SEGMENTS.index) if known else _FALLBACK
    return tuple(_job(row) for row in _table()["segment"][smallest]["jobs"])


def stands_for(workload: str) -> str:
    """What a usual workload stands for, in a sentence; empty for any other."""
    row = _table()["like"].get(workload)
    return f"It stands for {row['what']}; --workload {row['other']} asks for another." if row else ""


class Under(NamedTuple):
    """Software by its id, and what it is called."""

    runtime: str
    title: str


def asked_under(workload: str) -> Under | None:
    """The other framework that a usual workload is often asked under; None where there is none."""
    runtime = _table()["like"].get(workload, {}).get("runtime")
    if runtime is None:
        return None
    return Under(runtime, str(store.load("runtimes")["runtimes"]["runtime"][runtime]["title"]))


def fitted_jobs() -> tuple[Titled, ...]:
    """The jobs that are held against the memory of each GPU, in the order of size."""
    return tuple(
        Titled(row["title"], _job(row["job"]), tuple(_instead(row["job"], row.get("instead", ()))))
        for row in _table()["fits"]
    )


def _instead(job: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, Job]]:
    for row in rows:
        other = {key: value for key, value in row.items() if key != "how"}
        yield row["how"], _job({**job, **other})


def _table() -> Mapping[str, Any]:
    table: Mapping[str, Any] = store.load("usual")["usual"]
    return table


def _job(row: Mapping[str, Any]) -> Job:
    columns: dict[str, Any] = {
        key: float(value) if isinstance(value, int) else value for key, value in row.items()
    }
    return Job(**columns)
