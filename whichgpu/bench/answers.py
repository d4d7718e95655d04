"""From the answer of a measuring process to records: rows of the schema under the catalogue's names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from whichgpu.bench.record import Record, digest, row
from whichgpu.errors import WhichGpuError
from whichgpu.hardware.catalogue import catalogue
from whichgpu.hardware.local import by_driver
from whichgpu.hardware.slices import resolve_device

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: Who measured, in the column `source`.
SOURCE = "whichgpu bench"
_MIG = re.compile(r"(?P<whole>.+?)\s+MIG\s+(?P<profile>\d+g\.\d+gb\S*)", re.IGNORECASE)
#: Columns of a job that a row takes over as they are.
_COLUMNS = (
    "workload",
    "phase",
    "precision",
    "batch",
    "seq_len",
    "input_tokens",
    "output_tokens",
    "tp",
    "steps",
)


def gpu_id(device: Mapping[str, Any]) -> str:
    """The catalogue's id of a device by the name and memory that its driver says; that name if there is none.

    A slice is named with its profile, a processor `cpu`.
    """
    name = str(device.get("name", ""))
    if not name or name == "cpu":
        return name
    known = catalogue()
    sliced = _MIG.fullmatch(name)
    memory = device.get("memory")
    whole = sliced["whole"] if sliced else name
    close = by_driver(whole, None if sliced or memory is None else float(memory), known)
    if len(close) != 1:
        return name
    if not sliced:
        return close[0].id
    try:
        return resolve_device(f"{close[0].id}:mig-{sliced['profile'].lower()}", known)[0].id
    except WhichGpuError:
        return name


def records(task: Mapping[str, Any], answer: Mapping[str, Any], gpu: str = "") -> list[Record]:
    """The records of an answer, one with the reason where there is no value; `gpu` is where it says none."""
    context = dict(answer.get("context", {}))
    where = gpu_id(context.get("device", {})) or gpu
    key = _named(task, context, where)
    if answer["status"] != "ok":
        job = dict(_stated(task))
        columns = row(id=f"{key}-{answer['status']}", source=SOURCE, gpu=where, **job)
        return [Record(columns, context, task, answer["status"], answer["reason"] or answer["status"])]
    shared = _shared(task, context)
    return [
        _record(
            task, one, {**shared, "gpu": where}, context, f"{key}-{number}-{one['metric'].replace(' ', '-')}"
        )
        for number, one in enumerate(answer["rows"], 1)
    ]


def _named(task: Mapping[str, Any], context: Mapping[str, Any], gpu: str) -> str:
    """The name of a measurement, which no other has: on another device, or measured again, it is another."""
    device, host = context.get("device", {}), context.get("host", {})
    told = [device.get("uuid", ""), host.get("name", ""), context.get("started", "")]
    return digest({"task": digest(task), "of": [gpu, *map(str, told)]})


def _record(
    task: Mapping[str, Any],
    one: Mapping[str, Any],
    shared: Mapping[str, Any],
    context: dict[str, Any],
    name: str,
) -> Record:
    own = {key: one[key] for key in ("workload", "phase", "precision", "options") if key in one}
    warnings = [*one.get("warnings", ()), *context.get("warnings", ())]
    said = "; ".join(warnings if task["kind"] == "job" else one.get("warnings", ()))
    columns = row(
        id=name, source=SOURCE, metric=one["metric"], unit=one["unit"], value=float(one["value"]),
        spread=one.get("spread"), **{**shared, **own}, notes=said,
    )  # fmt: skip
    more = {key: one[key] for key in ("statistics", "work", "moved") if key in one}
    return Record(columns, {**context, **more, "warnings": warnings}, task)


def _shared(task: Mapping[str, Any], context: Mapping[str, Any]) -> dict[str, Any]:
    """What all rows of a task say of the job: as it was run, with the workload's defaults."""
    if task["kind"] != "job":
        return {"n_gpus": task.get("n_gpus", 1), "runtime": context.get("runtime", "")}
    job = context.get("job", {})
    found = {name: job.get(name) for name in _COLUMNS}
    if job.get("height"):
        found["resolution"] = f"{job['height']:g}x{job['width']:g}"
    return {**found, "n_gpus": task.get("n_gpus", 1), "runtime": context.get("runtime", ""),
            "options": job.get("options") or None}  # fmt: skip


def _stated(task: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """What a task states itself: all that is known of one that gave nothing."""
    if task["kind"] != "job":
        yield "workload", f"micro/{task['name']}"
    for name in _COLUMNS:
        if name in task:
            yield name, task[name]
    if task.get("height"):
        yield "resolution", f"{task['height']:g}x{task.get('width', task['height']):g}"
    if task.get("options"):
        yield "options", dict(task["options"])
    yield "n_gpus", task.get("n_gpus", 1)
    if task.get("framework"):
        yield "runtime", {"torch": "PyTorch", "tensorflow": "TensorFlow"}[task["framework"]]
