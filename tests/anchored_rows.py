"""Measured rows as runs of a user's, under fits that had not seen their source or anything else of them.

`python tests/anchored_rows.py` prints the table by family of docs/diagnose.md.
"""

from __future__ import annotations

import math
from collections import defaultdict
from functools import cache
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from whichgpu.cost.answers import Z90
from whichgpu.cost.calibration.evidence import modelled, nearest_run
from whichgpu.cost.calibration.scoreboard import committed
from whichgpu.cost.calibration.spread import library, of_software, version_of
from whichgpu.cost.job import asked
from whichgpu.cost.job.settling import settle
from whichgpu.cost.table.rows import read_head, read_job
from whichgpu.cost.timing.classes import lineage
from whichgpu.cost.transfer import filed
from whichgpu.cost.transfer.anchoring import Place, Point, distance, numbers, posterior
from whichgpu.facts import store
from whichgpu.hardware.catalogue import catalogue

_HEAD = ("workload", "phase", "precision", "runtime", "options")


class Folded(NamedTuple):
    """A measured row under a fit that had not seen its source: its place, log(measured / predicted)."""

    row: Any
    place: Place
    error: float
    half: float
    family: str


@cache
def folded(fold: str) -> tuple[Folded, ...]:
    """The rows of the scoreboard, by what was left out of the fit."""
    board, known, machines = committed(), catalogue(), machines_of()
    widths = store.load("fits")["spreads"]["group"]
    found = []
    for i, row in enumerate(board.rows):
        error, half = board.errors[fold][i], board.halves[fold][i]
        if not np.isfinite(error):
            continue
        group, total = board.keys["group"][i], half / Z90
        gpu = known[board.keys["gpu"][i]]
        stack, precision = stack_of(tuple(row[name] for name in _HEAD))
        # The GPU was seen, as `spread` has it; launches and links are of the machine.
        wide = of_software(widths.get(group, widths["all"]), library(stack))
        own = min(wide["own"] / 2.0, 0.9 * total)
        own = math.hypot(own, machines[row["id"]])
        job = read_job(row)
        found.append(Folded(row, Place(
            workload=board.keys["workload"][i], group=group, version=version_of(stack), runtime=stack.kernels,
            precision=precision, gpu=gpu.id, lineage=lineage(gpu), numbers=numbers(job),
            options=modelled(job), shared=math.sqrt(max(total**2 - own**2, 1e-4)), own=own,
        ), -error, half, family(group)))  # fmt: skip
    return tuple(found)


def machines_of() -> dict[str, float]:
    """By row, what its machine adds to its interval."""
    saved = store.load("scoreboard")["rows"]
    where = {name: saved["columns"].index(name) for name in ("id", "machine")}
    return {row[where["id"]]: float(row[where["machine"]]) for row in saved["rows"]}


@cache
def stack_of(head: tuple[str, ...]) -> tuple[Any, str]:
    read = asked.read(read_head(head).job)
    return read.runtime, read.job.precision


_KINDS = {
    "decoder": "language models", "encoder": "encoders", "transformer_xl": "encoders", "gnmt": "encoders",
    "diffusion_unet": "diffusion", "diffusion_dit": "diffusion", "rcnn": "detectors", "ssd": "detectors",
    "retinanet": "detectors", "unet3d": "detectors", "tacotron2": "speech", "waveglow": "speech",
    "rnnt": "speech", "vit": "vision transformers", "swin": "vision transformers",
    "mixer": "vision transformers",
}  # fmt: skip


def family(group: str) -> str:
    name, phase = group.removesuffix(", experts").split(" ", 1)
    kind = _KINDS.get(name, "CNNs")
    if kind == "language models":
        return f"{kind}, {'train' if phase == 'train' else 'serve' if phase == 'serve' else 'one stream'}"
    return f"{kind}, {'train' if phase == 'train' else 'infer'}"


def others(target: Folded, members: list[Folded], same_gpu: bool) -> list[Folded]:
    """Those of some rows that are on the same GPU, or on another, and no repetition of a row."""
    return [
        one for one in members
        if one is not target and (one.place.gpu == target.place.gpu) == same_gpu
        and not (same_gpu and distance(one.place, target.place) < 1e-6)
    ]  # fmt: skip


def runs_of(rows: tuple[Folded, ...]) -> dict[Any, list[Folded]]:
    """Rows by what one hand ran of one workload under one runtime."""
    runs = defaultdict(list)
    for one in rows:
        runs[one.row["source"], one.row["runtime"], one.place.workload, one.place.group].append(one)
    return runs


def nearest(target: Folded, members: list[Folded], same_gpu: bool) -> Folded | None:
    """What a user who asks for a row has measured: the nearest of a few, the first of several alike."""
    other = others(target, members, same_gpu)
    if not other:
        return None
    return min(near(other, target), key=lambda one: float(distance(one.place, target.place)))


def far(one: Folded, unseen: Any) -> float:
    """How far the nearest run on file is from a row's but for its GPU, without rows that are `unseen`."""
    settled = settle(read_job(one.row))
    answer: Any = SimpleNamespace(job=settled.job, runtime=settled.runtime.id)
    return nearest_run(answer, catalogue()[one.place.gpu], catalogue(), unseen)


@cache
def anchored(fold: str, same_gpu: bool) -> tuple[tuple[str, float, float, float, float], ...]:
    """For each row with another of its source, runtime and workload elsewhere: (family, errors and halves).

    The run is news: its table is not on file.
    Log errors before and after it is anchored on the nearest such row, then the log half-widths.
    """
    found = []
    for members in runs_of(folded(fold)).values():
        for target in members:
            one = nearest(target, members, same_gpu)
            if one is None:
                continue
            shift = posterior([Point(one.place, one.error)], target.place)
            after = target.error - float(shift.mean)
            found.append((target.family, target.error, after, target.half, Z90 * float(shift.spread)))
    return tuple(found)


def job_of_row(one: Folded) -> Any:
    """All that is of a row's job but for its GPU."""
    where = one.place
    sizes = tuple(sorted((name, float(np.ravel(size)[0])) for name, size in where.numbers.items()))
    options = tuple(sorted((name, str(option)) for name, option in where.options.items()))
    return where.workload, where.group, where.version, where.precision, sizes, options


@cache
def anchored_on_file(same_gpu: bool) -> tuple[tuple[float, float, float, float, float, str], ...]:
    """Rows under the fit that has seen them, anchored on another of their source, which is on file as well.

    (error alone, error and half-width taking it as news, and as what is on file, family)
    """
    rows, found = folded("seen"), []
    jobs, runs = defaultdict(list), runs_of(rows)
    for one in rows:
        jobs[job_of_row(one)].append(one)
    for target in rows[::3]:
        row, where = target.row, target.place
        members = runs[row["source"], row["runtime"], where.workload, where.group]
        one = nearest(target, members, same_gpu)
        if one is None:
            continue
        run = Point(one.place, one.error)
        same = [other.error for other in jobs[job_of_row(one)] if other.place.gpu == one.place.gpu]
        told = run._replace(known=filed.known(run, same, 0.0))
        news, old = (posterior([point], target.place) for point in (run, told))
        found.append((
            target.error, target.error - float(news.mean), target.error - float(old.mean),
            Z90 * float(news.spread), Z90 * float(old.spread), target.family,
        ))  # fmt: skip
    return tuple(found)


def near(other: list[Folded], target: Folded) -> list[Folded]:
    """A dozen rows, of the target's precision and number of GPUs where there are such."""

    def unlike(one: Folded) -> tuple[bool, bool]:
        return (one.row["precision"] != target.row["precision"], one.row["n_gpus"] != target.row["n_gpus"])

    best = min(map(unlike, other))
    alike = [one for one in other if unlike(one) == best]
    return alike[:: max(len(alike) // 12, 1)]


def scored(rows):
    before, after, half, narrow = (np.array([row[i] for row in rows]) for i in (1, 2, 3, 4))

    def mape(errors):
        return 100 * np.abs(np.expm1(-errors)).mean()

    return {
        "rows": len(rows), "before": mape(before), "after": mape(after),
        "inside": 100 * np.mean(np.abs(before) <= half), "anchored": 100 * np.mean(np.abs(after) <= narrow),
        "half": float(np.median(half)), "narrow": float(np.median(narrow)),
    }  # fmt: skip


def table() -> str:
    lines = [
        "| family | rows | error | with an anchor | inside | with an anchor | reach | with an anchor |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    rows = anchored("source", False)
    families = sorted({row[0] for row in rows})
    for name in (*families, "all"):
        one = scored([row for row in rows if name in (row[0], "all")])
        lines.append(
            f"| {name} | {one['rows']} | {one['before']:.0f} % | {one['after']:.0f} % "
            f"| {one['inside']:.0f} % | {one['anchored']:.0f} % "
            f"| {100 * math.expm1(one['half']):.0f} % | {100 * math.expm1(one['narrow']):.0f} % |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())  # noqa: T201
