"""The driver that a build needs at least, and the last one for a GPU: `data/capabilities.toml`, by system.

at least = the larger of what the toolkit runs on (minor-version compatibility) and what knows the GPU
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.software import targets, versions
from whichgpu.values import immutable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.software.targets import Device

#: Toolkits before this one take the driver of the JetPack that they are for.
_WITH_JETPACK = (13,)


@immutable
class Driver:
    """The least driver for a build on a GPU, and the last branch that knows the GPU (empty: the current)."""

    system: str
    least: str
    last: str
    note: str
    source: str

    def to_dict(self) -> dict[str, Any]:
        """As plain data; null where no source states it."""
        return {"system": self.system, "least": self.least or None, "last": self.last or None,
                "note": self.note, "source": self.source}  # fmt: skip


def needed(device: Device, toolkit: str, system: str) -> Driver | None:
    """The driver for a toolkit on a GPU; None where it is no CUDA toolkit, or the driver is JetPack's."""
    if device.platform != "cuda":
        return None
    if device.host == "jetson" and versions.numbers(toolkit.removeprefix("CUDA").strip()) < _WITH_JETPACK:
        return None
    known = targets.capabilities()["driver"]
    own = _branch(device, known["gpu"])
    where = "windows" if system == "wsl" else system
    row = _toolkit(toolkit, known["toolkit"])
    least = str(row.get(where, "")) if row else ""
    note = str(row.get("note", "")) if row else ""
    first = str(own.get("first", ""))
    if where == "windows" and row and not least:
        note = "no least driver for Windows is stated with this toolkit"
    if first and versions.numbers(first) > versions.numbers(least):
        least, note = first, "the first branch that knows this GPU"
    sources = dict.fromkeys(str(one["source"]) for one in (row, own) if one)
    return Driver(where, least, str(own.get("last", "")), note, ";".join(sources))


def _toolkit(text: str, rows: Mapping[str, Any]) -> Mapping[str, Any]:
    """The row of a CUDA toolkit: its own where stated, else that of its major version."""
    asked = versions.numbers(text.removeprefix("CUDA").strip()) if text.startswith("CUDA") else ()
    found = [row for name, row in rows.items() if asked and versions.alike(asked, versions.numbers(name))]
    return found[0] if found else {}


def _branch(device: Device, rows: Mapping[str, Any]) -> Mapping[str, Any]:
    """What is stated of the driver branches of a compute capability."""
    return next((row for row in rows.values() if targets.best(device.target, tuple(row["targets"]))), {})
