"""Rows that were read from what other programs wrote, as a report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.report.table import Bullets, Report, Table
from whichgpu.units import number

if TYPE_CHECKING:
    from pathlib import Path

    from whichgpu.bench.imports import Imported
    from whichgpu.report.table import Block

#: Rows that are shown.
_SHOWN = 30


def report(found: Imported, out: Path | None, written: int) -> Report:
    """The rows, what is doubtful of them, files that gave none; exits 2 where no file gave any."""
    data = {
        "rows": [dict(one.row) for one in found.records], "notes": list(found.notes),
        "faults": dict(found.faults), "out": None if out is None else str(out), "written": written,
    }  # fmt: skip
    cells = [
        (one.row["workload"], f"{one.row.get('n_gpus', '1')} x {one.row['gpu']}", one.row.get("phase"),
         one.row.get("precision"), one.row.get("batch") or one.row.get("concurrency"), one.row["metric"],
         f"{number(one.value or 0.0, 4)} {one.row['unit']}", one.row.get("runtime"))
        for one in found.records[:_SHOWN]
    ]  # fmt: skip
    columns = ("Workload", "On", "Phase", "Precision", ">Batch / in flight", "Metric", ">Value", "Runtime")
    more = len(found.records) - _SHOWN
    notes = (f"and {more:,} more",) if more > 0 else ()
    blocks: list[Block] = [Table.of("Rows", columns, cells, notes)] if cells else []
    said = (*found.notes, *(f"left out: {path}: {why}" for path, why in found.faults.items()))
    blocks.append(Bullets(said))
    if out is not None:
        blocks.append(f"{written:,} rows written to {out}.")
    if found.records:
        return Report(data, tuple(blocks))
    path, why = next(iter(found.faults.items()), ("", "no file gave a row"))
    why = why if path in why else f"{path}: {why}"
    return Report(data, tuple(blocks), exit_code=2, complaint=why)
