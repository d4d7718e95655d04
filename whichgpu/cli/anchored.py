"""What `predict` does with runs of the user's own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from whichgpu.errors import UsageError
from whichgpu.units import parse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.cli.options import JobColumns
    from whichgpu.cost.estimates import Estimates
    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.report.table import Report

_PREFIXES = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15}


def with_anchors(
    told: Report, found: Estimates, texts: Sequence[str], catalogue: Catalogue, *, stated: bool
) -> Report:
    """The report of a job with what its user measured of it in front; `stated` as in `filed.beside`."""
    from whichgpu.audit.measurement.anchor import read_anchor
    from whichgpu.cost.transfer import anchors, filed
    from whichgpu.cost.transfer.anchoring import shifted
    from whichgpu.report import anchored
    from whichgpu.workloads.workload import resolve

    job = anchors.job_of(found)
    known = [read_anchor(text, resolve(job.workload), catalogue) for text in texts]
    placed = [filed.beside(anchors.run(one, job), catalogue, stated=stated) for one in known]
    answer = shifted(found, [one.point for one in placed]).at(0, 0)
    return anchored.narrowed(told, found.at(0, 0), answer, placed)


def unknown_model(
    gpu: str, columns: JobColumns, catalogue: Catalogue, what: tuple[str, str | None, str | None],
    texts: Sequence[str],
) -> Report:  # fmt: skip
    """The report of a model that is not in the zoo, measured elsewhere."""
    from whichgpu.audit.measurement.anchor import read_anchor
    from whichgpu.cost.transfer import outside
    from whichgpu.hardware.slices import resolve_device
    from whichgpu.report import anchored

    family, flops, moved = what
    stand = outside.stand_ins(
        family, None if flops is None else count(flops), None if moved is None else size(moved),
        runtime=columns.stated.get("runtime") or "",
    )  # fmt: skip
    known = [read_anchor(text, stand[1][0], catalogue) for text in texts]
    return anchored.transferred(outside.transfer(stand, known, resolve_device(gpu, catalogue), columns.job))


def count(text: str) -> float:
    """A number of FLOPs as typed: `4.1e9`, `4.1G`, `4.1 GFLOPs`."""
    match = re.match(r"(?i)^\s*([\d.]+(?:e[+-]?\d+)?)\s*([kMGTP]?)(?:FLOPs?|MACs?)?\s*$", text)
    if match is None or "mac" in text.lower():
        raise UsageError(
            f"--flops '{text}' is no number of FLOPs; write e.g. 4.1e9 or 4.1G (a multiply-add is two)"
        )
    letter = match[2].upper() if match[2] not in ("k", "K") else "k"
    try:
        return float(match[1]) * _PREFIXES[letter]
    except ValueError:
        raise UsageError(f"--flops '{text}' is no number; write e.g. 4.1e9 or 4.1G") from None


def size(text: str) -> float:
    """Bytes as typed: `8e7` or `80 MB`."""
    try:
        value = float(text)
    except ValueError:
        value = parse(text, "memory")
    if not 0.0 < value < 1e16:
        raise UsageError(f"--bytes '{text}' is no model's; write e.g. 8e7 or 80 MB")
    return value
