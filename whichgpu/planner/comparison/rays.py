"""Whether parts trace rays in hardware, with units that their makers count or without."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.hardware.blank import blank

if TYPE_CHECKING:
    from whichgpu.hardware.blank import Blank
    from whichgpu.planner.comparison.model import View
    from whichgpu.planner.comparison.pen import Pen


def traces(view: View, key: str) -> bool | None:
    """Whether a part traces rays in hardware; None where nothing says."""
    count = view.number(key, "rt_cores")
    if count is not None:
        return count > 0
    why = _why(view, key)
    return why.has if why else None


def units(pen: Pen, key: str) -> str:
    """What one traces them in: `142 RT cores`, `ray accelerators in its compute units`."""
    if pen.view.number(key, "rt_cores"):
        return f"{pen.amount(key, 'rt_cores')} RT cores"
    pen.rests_on("architecture", key)
    why = _why(pen.view, key)
    return why.units if why else ""


def lacking(pen: Pen, *keys: str) -> None:
    """Note what it is known by that parts trace no rays in hardware."""
    for key in keys:
        pen.rests_on("rt_cores" if pen.view.cell(key, "rt_cores") else "architecture", key)


def _why(view: View, key: str) -> Blank | None:
    return blank(view.gpus[view.ids.index(key)], "rt_cores")
