"""Where the time of a workload goes on two contrasting GPUs, and what it asks of any of them."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from whichgpu.errors import UsageError
from whichgpu.report.table import Table
from whichgpu.units import show
from whichgpu.workloads import adapters
from whichgpu.workloads.job import Job
from whichgpu.workloads.ops import PRODUCTS, total
from whichgpu.workloads.training import trained_parameters

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from whichgpu.workloads.ops import Op
    from whichgpu.workloads.workload import Workload

#: A small card whose bandwidth is short, and a large one whose arithmetic is.
CONTRAST = ("l4", "h100-80gb-sxm")
_BAR = 20


def demands(item: Workload, ops: Iterable[Op]) -> dict[str, Any]:
    """FLOPs per byte moved, what one sample keeps alive, and what training trains."""
    ops = tuple(ops)
    moved = sum(float(total(ops, part)) for part in ("weight_bytes", "read_bytes", "write_bytes", "kv_bytes"))
    flops = float(total((op for op in ops if op.kind in PRODUCTS), "flops"))
    widest = max((float(op.read_bytes + op.write_bytes) for op in ops), default=0.0)
    found: dict[str, Any] = {
        "arithmetic_intensity": flops / moved if moved else None,
        "activations": {"widest_op": widest, "saved_for_training": float(total(ops, "saved_bytes"))},
        "trainable": trained_parameters(ops),
    }
    if adapters.PHASES[0] in item.phases:
        # A model without dense layers has nothing to adapt.
        with contextlib.suppress(UsageError):
            adapted = adapters.adapt(ops, adapters.Adapters(adapters.RANK))
            found["trainable_lora"] = trained_parameters(adapted)
    return found


def demand_rows(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The same as rows of a table."""
    intensity, kept = found["arithmetic_intensity"], found["activations"]
    rows = [
        ("Arithmetic intensity", f"{intensity:.3g} FLOP per byte moved" if intensity else "no products"),
        ("Widest op", show(kept["widest_op"], "memory")),
        ("Kept for training", show(kept["saved_for_training"], "memory")),
    ]
    if "trainable_lora" in found:
        rows.append(
            ("Trained by LoRA", f"{found['trainable_lora']:,.0f} parameters at rank {adapters.RANK:g}")
        )
    return rows


def where(item: Workload) -> dict[str, dict[str, Any]]:
    """Seconds by kind of op of the default job on each of `CONTRAST`; why not, where it cannot run."""
    from whichgpu.cost.estimate import estimate
    from whichgpu.hardware.catalogue import catalogue

    known = catalogue()
    answers: dict[str, dict[str, Any]] = {}
    for name in CONTRAST:
        if name not in known:
            continue
        found = estimate(Job(item.id), [known[name]], explain=True)
        if found.refusals[0]:
            answers[name] = {"refused": found.refusals[0], "kinds": {}}
            continue
        kinds: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
        for term in found.timing.terms:
            kinds[term.kind]["seconds"] += term.seconds
            kinds[term.kind][term.bound] += term.seconds
        answers[name] = {
            "refused": "", "fits": bool(found.fits[0, 0]), "seconds": float(found.timing.seconds[0, 0]),
            "job": found.job_at(0).to_dict(), "kinds": {kind: _kind(row) for kind, row in kinds.items()},
        }  # fmt: skip
    return answers


def _kind(row: Mapping[str, float]) -> dict[str, Any]:
    bound = max((name for name in row if name != "seconds"), key=lambda name: row[name])
    return {"seconds": row["seconds"], "bound": bound}


def where_table(answers: Mapping[str, Mapping[str, Any]]) -> Table | None:
    """Bars of the share that each kind takes; None where neither GPU can run it."""
    able = {name: row for name, row in answers.items() if not row["refused"]}
    if not able:
        return None
    sums = {name: sum(kind["seconds"] for kind in row["kinds"].values()) or 1.0 for name, row in able.items()}
    kinds = dict.fromkeys(kind for row in able.values() for kind in row["kinds"])
    order = sorted(
        kinds, key=lambda kind: -max(_seconds(row, kind) / sums[name] for name, row in able.items())
    )
    cells = [
        [kind, *(cell for name, row in able.items() for cell in _cells(row, kind, sums[name]))]
        for kind in order
    ]
    columns = ["Kind of op", *(title for name in able for title in (f">{name}", "Share", "Bound by"))]
    notes = [f"{name}: {row['refused']}" for name, row in answers.items() if row["refused"]]
    notes += [f"{name}: one of them cannot hold it; the time is that of the work."
              for name, row in able.items() if not row["fits"]]  # fmt: skip
    return Table.of("Where the time of the default job goes", columns, cells, notes)


def _seconds(row: Mapping[str, Any], kind: str) -> float:
    return float(row["kinds"].get(kind, {}).get("seconds", 0.0))


def _cells(row: Mapping[str, Any], kind: str, whole: float) -> tuple[str | None, str, str]:
    seconds = _seconds(row, kind)
    share = seconds / whole
    bound = row["kinds"].get(kind, {}).get("bound", "")
    return show(seconds, "time", 3), f"{'#' * round(_BAR * share):<{_BAR}} {share:4.0%}", bound
