"""Rows of the measurement schema to predictions: `predict --jobs`.

Each row is one job; a row that cannot be read or run keeps its place with the reason in `error`.
`source`, `notes`, `value` and `spread` are never inputs.
"""

from __future__ import annotations

import csv
import math
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from whichgpu.cost.estimate import Estimate, estimate
from whichgpu.errors import UsageError, WhichGpuError, one_line
from whichgpu.hardware.names import resolve as resolve_gpu
from whichgpu.workloads import job as jobs
from whichgpu.workloads.workload import resolve as resolve_workload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from whichgpu.facts.model import Interval
    from whichgpu.hardware.catalogue import Catalogue

#: Columns of a job table, and of the answer.
COLUMNS = (
    "id", "workload", "gpu", "n_gpus", "phase", "precision", "batch", "resolution", "seq_len",
    "input_tokens", "output_tokens", "concurrency", "tp", "pp", "steps", "runtime", "options",
    "metric", "unit",
)  # fmt: skip
ANSWER = ("id", "value", "low", "high", "unit", "basis", "error")
_NUMBERS = ("n_gpus", "batch", "seq_len", "input_tokens", "output_tokens", "tp", "pp", "steps")
_TIME = {"s": 1.0, "ms": 1e-3}
_GIB = 2.0**30


class Prediction(NamedTuple):
    """One row's answer in the row's own unit; empty but for `error` where there is none."""

    id: str
    value: float | None
    low: float | None
    high: float | None
    unit: str
    basis: str
    error: str


def read_measured(path: Path) -> list[dict[str, str]]:
    """The rows of a table of measurements, each with its `value` above zero.

    Raises `UsageError` where the file cannot be read as one, or a value is no such number.
    """
    rows = read_table(path, (*COLUMNS, "value", "source"))
    for line, row in enumerate(rows, 2):
        text = row.get("value", "")
        try:
            good = float(text) > 0 and math.isfinite(float(text))
        except ValueError:
            good = False
        if not good:
            raise UsageError(f"{path} line {line}: value '{text}' is not a number above zero")
    return rows


def read_table(path: Path, columns: Sequence[str] = COLUMNS) -> list[dict[str, str]]:
    """The rows of a job table. Raises `UsageError` where the file cannot be read as one."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as fault:
        raise UsageError(f"{path}: cannot be read ({fault.strerror or fault}); check the path") from None
    except UnicodeDecodeError as fault:
        raise UsageError(f"{path}: not UTF-8 text at byte {fault.start}; save it as UTF-8") from None
    reader = csv.DictReader(text.splitlines())
    missing = [name for name in ("workload", "gpu") if name not in (reader.fieldnames or ())]
    if missing:
        raise UsageError(f"{path}: no column '{missing[0]}'; a job table has {', '.join(COLUMNS)}")
    return [{name: value or "" for name, value in row.items() if name in columns} for row in reader]


def write_table(path: Path, answers: Iterable[Prediction]) -> None:
    """Write predictions as CSV with the columns of `ANSWER`."""
    with path.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(ANSWER)
        for answer in answers:
            writer.writerow(["" if cell is None else cell for cell in answer])


def predict_rows(rows: Iterable[Mapping[str, str]], catalogue: Catalogue) -> Iterator[Prediction]:
    """Predict each row, in order; nothing is raised for a bad one."""
    for row in rows:
        try:
            yield _predict(row, catalogue)
        except WhichGpuError as fault:
            yield Prediction(row.get("id", ""), None, None, None, row.get("unit", ""), "", one_line(fault))


def _predict(row: Mapping[str, str], catalogue: Catalogue) -> Prediction:
    metric, unit = row.get("metric", ""), row.get("unit", "")
    if metric not in METRICS:
        raise UsageError(f"no metric '{metric}'; known are {', '.join(METRICS)}")
    gpu = resolve_gpu(_need(row, "gpu"), catalogue)
    answer = estimate(read_job(row), [gpu]).at(0, 0)
    low, mid, high = METRICS[metric](answer, unit, row)
    if not math.isfinite(mid):
        raise UsageError(f"{metric} of this job is not known: {answer.gpu} lacks a fact that it needs")
    return Prediction(row.get("id", ""), mid, low, high, unit, answer.basis, "")


def _need(row: Mapping[str, str], column: str) -> str:
    if not row.get(column):
        raise UsageError(f"column '{column}' is empty; every job needs one")
    return row[column]


def read_job(row: Mapping[str, str]) -> jobs.Job:
    """The job of a row; raises `UsageError` naming the column that cannot be read."""
    workload = resolve_workload(_need(row, "workload"))
    stated: dict[str, Any] = {name: _number(row, name) for name in _NUMBERS if row.get(name)}
    if row.get("resolution"):
        stated["height"], stated["width"] = jobs.resolution(row["resolution"])
    if row.get("concurrency", "") not in ("", "max"):
        stated["concurrency"] = _number(row, "concurrency")
    pairs = tuple(pair for pair in re.split(r"\s*;\s*", row.get("options", "")) if pair)
    return jobs.Job(
        workload.id,
        phase=jobs.phase(row["phase"]) if row.get("phase") else "",
        precision=row.get("precision", ""),
        runtime=row.get("runtime", ""),
        options=jobs.options(pairs),
        **stated,
    )


def _number(row: Mapping[str, str], column: str) -> float:
    try:
        return float(row[column])
    except ValueError:
        raise UsageError(f"column '{column}': '{row[column]}' is not a number") from None


_Three = tuple[float, float, float]


def _three(interval: Interval, factor: float = 1.0) -> _Three:
    return interval.low * factor, interval.mid * factor, interval.high * factor


def _throughput(answer: Estimate, unit: str, _row: Mapping[str, str]) -> _Three:
    return _three(answer.throughput, 1.0 / answer.n_gpus if unit.endswith("/gpu") else 1.0)


def _latency(answer: Estimate, unit: str, _row: Mapping[str, str]) -> _Three:
    return _three(answer.latency, 1.0 / _seconds(unit))


def _token_time(answer: Estimate, unit: str, _row: Mapping[str, str]) -> _Three:
    if answer.job.output_tokens is None:
        raise UsageError(f"{answer.job.workload} makes no tokens, so it has no time per token")
    return _three(answer.latency, 1.0 / float(answer.job.output_tokens) / _seconds(unit))


def _steps(answer: Estimate, _unit: str, _row: Mapping[str, str]) -> _Three:
    if answer.job.steps is None:
        raise UsageError(f"{answer.job.workload} has no denoising steps")
    return _three(answer.throughput, float(answer.job.steps) / float(answer.job.batch) / answer.n_gpus)


def _image_steps(answer: Estimate, unit: str, row: Mapping[str, str]) -> _Three:
    low, mid, high = _steps(answer, unit, row)
    batch = float(answer.job.batch)
    return low * batch, mid * batch, high * batch


def _power(answer: Estimate, _unit: str, _row: Mapping[str, str]) -> _Three:
    return _three(answer.power_interval)


def _energy(answer: Estimate, _unit: str, _row: Mapping[str, str]) -> _Three:
    return _three(answer.energy_interval)


def _memory(answer: Estimate, _unit: str, _row: Mapping[str, str]) -> _Three:
    return _around(min(answer.required, answer.available) / _GIB, 1.35)


def _around(value: float, factor: float) -> _Three:
    return value / factor, value, value * factor


def _seconds(unit: str) -> float:
    if unit not in _TIME:
        raise UsageError(f"a time in '{unit}' is not known; use s or ms")
    return _TIME[unit]


#: From an estimate to (low, mid, high) in a row's own unit, by metric.
METRICS: Mapping[str, Callable[[Estimate, str, Mapping[str, str]], _Three]] = {
    "throughput": _throughput,
    "samples_throughput_total": _throughput,
    "latency": _latency,
    "latency_per_batch": _latency,
    "tpot": _token_time,
    "iterations_per_s": _steps,
    "iterations_per_s_times_batch": _image_steps,
    "power": _power,
    "energy": _energy,
    "gpu_memory_used": _memory,
    "peak_gpu_memory": _memory,
    "peak_gpu_memory_per_gpu": _memory,
    "max_memory_reserved": _memory,
}
