"""What was measured of a workload on the GPUs compared: one job on several of them, and the model of it.

Rows are the same job where every text and every number means the same (`cost.rows.read_parts`). Where no
batch was run on all of them, each is taken in the batch that was fastest on it, as benchmarks report it.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from whichgpu.cost.calibration.measured import left_out
from whichgpu.cost.estimate import estimate
from whichgpu.cost.reading.metrics import METRICS, TIMED
from whichgpu.cost.table.rows import read_job, read_parts
from whichgpu.errors import WhichGpuError
from whichgpu.facts import store
from whichgpu.planner.comparison.market import median
from whichgpu.values import NamedTuple
from whichgpu.workloads.phases import phase
from whichgpu.workloads.workload import meaning

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from whichgpu.hardware.gpu import Gpu
    from whichgpu.workloads.job import Job
    from whichgpu.workloads.workload import Workload

#: So many jobs are told of that were measured on several of the GPUs.
MOST = 2
#: Metrics that say the speed of a whole job.
_SPEEDS = TIMED.keys() - {"ttft"}
_DETAILS = (
    ("batch", "batch {}"), ("resolution", "{} pixels"), ("seq_len", "{} tokens a sequence"),
    ("input_tokens", "{} tokens in"), ("output_tokens", "{} tokens out"), ("concurrency", "{} in flight"),
    ("tp", "tensor parallel {}"), ("steps", "{} steps"),
)  # fmt: skip


class Measured(NamedTuple):
    """One job as it was measured: in words, by GPU in the rows' own unit, and the model's own answers.

    `better` is "higher" for rates and "lower" for times; `batches`, `sources` and `predicted` are by GPU too.
    """

    what: str
    metric: str
    unit: str
    better: str
    values: Mapping[str, float]
    batches: Mapping[str, str]
    sources: Mapping[str, str]
    predicted: Mapping[str, float]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, in the rows' own unit."""
        return {key: dict(value) if hasattr(value, "items") else value
                for key, value in self._asdict().items()}  # fmt: skip


def measured(workload: Workload, job: Job, gpus: Sequence[Gpu]) -> tuple[Measured, ...]:
    """The jobs of a workload in one phase that were measured on several GPUs, else on any of them.

    Of jobs on equally many GPUs, the nearest to `job`, which is complete, go first.
    """
    ids = {gpu.id for gpu in gpus}
    jobs: dict[Any, list[dict[str, str]]] = {}
    for row, key in _rows(workload, job, ids):
        jobs.setdefault(key, []).append(row)
    ranked = sorted(jobs.values(), key=lambda rows: (-len(_gpus(rows)), _far(job, rows[0])))
    several = [rows for rows in ranked if len(_gpus(rows)) > 1]
    if several:
        return tuple(_told(rows, gpus) for rows in several[:MOST])
    single: dict[str, list[dict[str, str]]] = {}
    for rows in ranked:
        single.setdefault(rows[0]["gpu"], rows)
    return tuple(_told(rows, gpus) for rows in single.values())


def _gpus(rows: Iterable[Mapping[str, str]]) -> set[str]:
    return {row["gpu"] for row in rows}


def _rows(workload: Workload, job: Job, ids: set[str]) -> Iterator[tuple[dict[str, str], Any]]:
    """Rows of these GPUs in the phase of the job, each with what it shares with others but for the batch."""
    for row in store.select("measured", meaning(workload)):
        if row["gpu"] not in ids or row["metric"] not in _SPEEDS or not row["value"]:
            continue
        with suppress(WhichGpuError):
            if phase(row["phase"]) == job.phase and not left_out(row):
                # Its name is one of this workload's; who looks it up reads those of the whole zoo.
                told = {**row, "workload": workload.id}
                head, numbers = read_parts(told)
                same = tuple((name, value) for name, value in numbers.items() if name != "batch")
                yield told, (head.key, same, row["metric"], row["unit"])


def _far(job: Job, row: Mapping[str, str]) -> tuple[Any, ...]:
    """How far a measured job is from the one asked for: several GPUs, another format."""
    other = row["precision"].removeprefix("amp-") != job.precision.removeprefix("amp-")
    return float(row["n_gpus"] or 1), other, row["id"]


def _told(rows: Sequence[dict[str, str]], gpus: Sequence[Gpu]) -> Measured:
    """One job on the GPUs: in the largest batch that was run on all, else each in its fastest."""
    higher = TIMED[rows[0]["metric"]] < 0
    present = [gpu for gpu in gpus if gpu.id in _gpus(rows)]
    batches = [{row["batch"] for row in rows if row["gpu"] == gpu.id} for gpu in present]
    common = max(set.intersection(*batches), key=lambda text: float(text or 0), default=None)
    chosen: dict[str, list[dict[str, str]]] = {}
    for gpu in present:
        own = [row for row in rows if row["gpu"] == gpu.id]
        fastest = (max if higher else min)(own, key=lambda row: float(row["value"]))["batch"]
        batch = fastest if common is None or len(present) == 1 else common
        chosen[gpu.id] = [row for row in own if row["batch"] == batch]
    first = next(iter(chosen.values()))[0]
    return Measured(
        _what(first, alike=common is not None), first["metric"], first["unit"],
        "higher" if higher else "lower",
        {key: median(float(row["value"]) for row in own) for key, own in chosen.items()},
        {key: own[0]["batch"] for key, own in chosen.items()},
        {key: "; ".join(dict.fromkeys(f"{row['source']}, row {row['id']}" for row in own))
         for key, own in chosen.items()},
        _predicted(chosen, present),
    )  # fmt: skip


def _what(row: Mapping[str, str], *, alike: bool) -> str:
    """`amp-fp16, batch 16, PyTorch 1.x`; without the batch where it is not the same on all."""
    count = float(row["n_gpus"] or 1)
    parts = [f"{count:g} GPUs"] if count > 1 else []
    parts += [row["precision"]] if row["precision"] else []
    parts += [words.format(row[name]) for name, words in _DETAILS if row[name] and (alike or name != "batch")]
    return ", ".join([*parts, row["runtime"]])


def _predicted(chosen: Mapping[str, Sequence[dict[str, str]]], gpus: Sequence[Gpu]) -> dict[str, float]:
    """The model's answer to the very jobs, in the rows' unit; GPUs of one batch are asked together."""
    told: dict[str, float] = {}
    for batch in dict.fromkeys(rows[0]["batch"] for rows in chosen.values()):
        row = next(rows[0] for rows in chosen.values() if rows[0]["batch"] == batch)
        alike = [gpu for gpu in gpus if chosen[gpu.id][0]["batch"] == batch]
        with suppress(WhichGpuError):
            found = estimate(read_job(row), alike)
            for index, gpu in enumerate(alike):
                if not found.refusals[index]:
                    answer = METRICS[row["metric"]](found.at(index, 0), row["unit"])
                    told[gpu.id] = float(answer[1])
    return {gpu.id: told[gpu.id] for gpu in gpus if gpu.id in told}
