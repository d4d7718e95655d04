"""What was exported, as a report: the files, what runs where, what to know of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.export.notes import notes
from whichgpu.report.table import Bullets, Report, Table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from whichgpu.export import Able, File
    from whichgpu.report.table import Block


def report(can: Able, target: str, files: Sequence[File], out: Path | None) -> Report:
    """The files with their texts, the deployments, and what to know before they are run.

    Exit 3 where the tool cannot express all of them; what is one's own and needs no renting is no fault.
    """
    found = can.kept
    known = (*notes(found, target), *can.there)
    document: dict[str, Any] = {
        "target": target,
        "files": [{"name": one.name, "text": one.text} for one in files],
        "deployments": [one.to_dict() for one in found],
        "notes": list(known),
        "left_out": [*can.refused, *can.there],
    }
    rows = [
        (", ".join(each.name for each in (one, *one.beside)), f"{one.nodes:,}",
         f"{one.gpus_per_node} x {one.gpu}", one.provider or "own",
         one.region or None, None if one.usd_per_hour is None else f"{one.usd_per_hour:,.2f} USD/h")
        for one in found
    ]  # fmt: skip
    what = f"{target}: {', '.join(one.name for one in files)}{f' in {out}' if out else ''}"
    table = Table.of(what, ("Name", ">Nodes", "GPUs of each", "From", "Region", ">At most each"), rows)
    blocks: tuple[Block, ...] = (table, Bullets(known)) if known else (table,)
    complaint = f"left out: {'; '.join(can.refused)}" if can.refused else ""
    return Report(document, blocks, exit_code=3 if can.refused else 0, complaint=complaint)
