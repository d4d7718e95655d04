"""Runs of the user's own that narrow a prediction: the mathematics, the cross-validation, the command.

`python tests/test_anchor.py` prints the table of docs/diagnose.md.
"""

from __future__ import annotations

import math
from collections import defaultdict
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from whichgpu.cost import asked
from whichgpu.cost.anchoring import Place, Point, distance, numbers, posterior
from whichgpu.cost.classes import lineage
from whichgpu.cost.estimate import Z90
from whichgpu.cost.evidence import modelled
from whichgpu.cost.rows import read_head, read_job
from whichgpu.cost.scoreboard import committed
from whichgpu.cost.spread import version_of
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
    board, known, links = committed(), catalogue(), links_of()
    widths = store.load("fits")["spreads"]["group"]
    found = []
    for i, row in enumerate(board.rows):
        error, half = board.errors[fold][i], board.halves[fold][i]
        if not np.isfinite(error):
            continue
        group, total = board.keys["group"][i], half / Z90
        # The GPU was seen, as `spread` has it; links are of the machine.
        own = min(widths.get(group, widths["all"])["own"] / 2.0, 0.9 * total)
        own = math.hypot(own, links[row["id"]])
        gpu = known[board.keys["gpu"][i]]
        stack, precision = stack_of(tuple(row[name] for name in _HEAD))
        job = read_job(row)
        found.append(Folded(row, Place(
            workload=board.keys["workload"][i], group=group, version=version_of(stack), runtime=stack.kernels,
            precision=precision, gpu=gpu.id, lineage=lineage(gpu), numbers=numbers(job),
            options=modelled(job), shared=math.sqrt(max(total**2 - own**2, 1e-4)), own=own,
        ), -error, half, family(group)))  # fmt: skip
    return tuple(found)


def links_of() -> dict[str, float]:
    """By row, what its links add to its interval."""
    saved = store.load("scoreboard")["rows"]
    where = {name: saved["columns"].index(name) for name in ("id", "links")}
    return {row[where["id"]]: float(row[where["links"]]) for row in saved["rows"]}


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
    name, phase = group.split(" ", 1)
    kind = _KINDS.get(name, "CNNs")
    if kind == "language models":
        return f"{kind}, {'train' if phase == 'train' else 'serve' if phase == 'serve' else 'one stream'}"
    return f"{kind}, {'train' if phase == 'train' else 'infer'}"


@cache
def anchored(fold: str, same_gpu: bool) -> tuple[tuple[str, float, float, float, float], ...]:
    """For each row with another of its source, runtime and workload elsewhere: (family, errors and halves).

    Log errors before and after it is anchored on the nearest such row, then the log half-widths.
    """
    runs = defaultdict(list)
    for one in folded(fold):
        runs[one.row["source"], one.row["runtime"], one.place.workload, one.place.group].append(one)
    found = []
    for members in runs.values():
        for target in members:
            other = [
                one for one in members
                if one is not target and (one.place.gpu == target.place.gpu) == same_gpu
                and not (same_gpu and distance(one.place, target.place) < 1e-6)
            ]  # fmt: skip
            if not other:
                continue
            # A user has measured something like it: the nearest of a few, the first of several alike.
            nearest = min(near(other, target), key=lambda one: float(distance(one.place, target.place)))
            shift = posterior([Point(nearest.place, nearest.error)], target.place)
            after = target.error - float(shift.mean)
            found.append((target.family, target.error, after, target.half, Z90 * float(shift.spread)))
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
