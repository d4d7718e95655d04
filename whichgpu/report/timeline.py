"""GPUs by the date of their release, year by year."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.hardware.architecture import families
from whichgpu.report.gpus import short
from whichgpu.report.table import Column, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from whichgpu.hardware.gpu import Gpu

#: What each column shows: the first of its fields that was read. TPUs multiply in BF16 alone.
_FIELDS = (("memory",), ("bandwidth",), ("fp16", "bf16"), ("fp32",), ("power",), ("launch_price",))
_COLUMNS = (
    Column("Generation", optional=True), Column("Segment", optional=True),
    *(Column(title, "right", optional=True)
      for title in ("Memory", "Bandwidth", "16-bit", "FP32", "Power", "At launch")),
)  # fmt: skip


def timeline(gpus: Iterable[Gpu], title: str = "By date of release") -> Iterator[Table]:
    """The oldest first, under their years; those without a date in a note."""
    dated = sorted((str(gpu.value("release_date")), gpu.id, gpu) for gpu in gpus if gpu.value("release_date"))
    undated = [gpu.id for gpu in gpus if not gpu.value("release_date")]
    known = families()
    rows: list[tuple[str | None, ...]] = []
    year = ""
    for day, key, gpu in dated:
        if day[:4] != year:
            year = day[:4]
            rows.append((year,))
        family = known[gpu.family].name if gpu.family in known else None
        generation = (gpu.variant.name if gpu.variant else "") or family
        rows.append((day, key, generation, gpu.segment or None, *(_shown(gpu, names) for names in _FIELDS)))
    notes = [f"Without a date of release: {', '.join(undated)}."] if undated else []
    yield Table.of(title, ["Released", "GPU", *_COLUMNS], rows, notes)


def _shown(gpu: Gpu, names: Iterable[str]) -> str | None:
    return next(filter(None, (short(gpu, name) for name in names)), None)
