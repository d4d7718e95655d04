"""What a laptop part reaches at each of its power limits, as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.hardware.fields import FIELDS
from whichgpu.hardware.limits import limits, reached
from whichgpu.report.table import Table
from whichgpu.units import show

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.hardware.gpu import Gpu
    from whichgpu.hardware.limits import Limit


def at_limits(gpu: Gpu) -> Iterator[Table]:
    """What it reaches at each power limit that a laptop's maker may set, where there is a range."""
    known = limits(gpu)
    if not any(limit.clock for limit in known):
        return
    rates = [name for name in ("fp32", "fp16") if gpu.value(name)]
    rows = [
        (
            show(limit.power, "power"),
            _about(f"{limit.clock / 1e6:,.0f} MHz", limit) if limit.clock else None,
            *(_about(show(rate, "flop rate", 3), limit) if (rate := reached(gpu, name, limit)) else None
              for name in rates),
        )
        for limit in known
    ]  # fmt: skip
    titles = [f">{FIELDS[name].label}" for name in rates]
    yield Table.of("At its power limits", [">Limit", ">Boost clock", *titles], rows, _of_limits(gpu, known))


def _about(text: str, limit: Limit) -> str:
    return text if limit.stated else f"about {text}"


def _of_limits(gpu: Gpu, known: Sequence[Limit]) -> Iterator[str]:
    """How to read the table of limits, and where to read on."""
    if any(limit.clock and not limit.stated for limit in known):
        yield "About: no source states the clock there; it is what other laptop parts come to."
    if not all(limit.clock for limit in known):
        yield "No source states a clock at a limit with a dash, or at one above it."
    if gpu.value("bandwidth"):
        told = gpu.display("bandwidth")
        yield f"Its memory keeps {told} at every limit, and work that waits for memory keeps its speed."
    least = show(known[-1].power, "power")
    yield (
        f"What jobs come to at each: whichgpu show {gpu.id} --format md, or e.g. whichgpu predict resnet50 "
        f'--gpu {gpu.id} --option power_limit="{least}".'
    )
