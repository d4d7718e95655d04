"""What was exported, as a report: the files, what runs where, what to know of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.export.notes import notes
from whichgpu.report.table import Bullets, Report, Table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from whichgpu.export import File
    from whichgpu.planner.deployment import Deployment


def report(found: Sequence[Deployment], target: str, files: Sequence[File], out: Path | None) -> Report:
    """The files with their texts, the deployments, and what to know before they are run."""
    known = notes(found, target)
    document: dict[str, Any] = {
        "target": target,
        "files": [{"name": one.name, "text": one.text} for one in files],
        "deployments": [one.to_dict() for one in found],
        "notes": list(known),
    }
    rows = [
        (one.name, f"{one.nodes:,}", f"{one.gpus_per_node} x {one.gpu}", one.provider or "own",
         one.region or None, None if one.usd_per_hour is None else f"{one.usd_per_hour:,.2f} USD/h")
        for one in found
    ]  # fmt: skip
    what = f"{target}: {', '.join(one.name for one in files)}{f' in {out}' if out else ''}"
    table = Table.of(what, ("Name", ">Nodes", "GPUs of each", "From", "Region", ">At most each"), rows)
    return Report(document, (table, *([Bullets(known)] if known else [])))
