"""Parts held against their own kind: of one chip, of one architecture, of one type of memory.

What a formula gives is held in `check`; here is what no formula gives and yet cannot differ at will.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from whichgpu.hardware.gpu import Gpu

#: What a pin of each type of memory carries in products: least and greatest bit/s (JEDEC's grades).
PIN_RATES: Mapping[str, tuple[float, float]] = {
    "GDDR5": (4e9, 9.1e9), "GDDR5X": (9e9, 12e9), "GDDR6": (9e9, 20.2e9), "GDDR6X": (18e9, 24.1e9),
    "GDDR7": (18e9, 36e9), "HBM2": (1.3e9, 2.5e9), "HBM2e": (2.3e9, 3.7e9), "HBM3": (4e9, 6.5e9),
    "HBM3e": (6e9, 9.9e9),
}  # fmt: skip
#: W that a slot of PCIe gives to a card (PCI Express Card Electromechanical Specification).
SLOT_POWER = 75.0


def oddities(gpus: Iterable[Gpu]) -> Iterator[tuple[str, str, str]]:
    """(id, field, what is odd) of each figure that no part of its kind shares."""
    known = [gpu for gpu in gpus if not gpu.user]
    yield from _apart(known, "l2", ("chip", "sms", "memory_bus"))
    yield from _pins(known)
    yield from _lanes(known)
    yield from _unfed(known)


def _apart(gpus: list[Gpu], field: str, alike: tuple[str, ...]) -> Iterator[tuple[str, str, str]]:
    """A field that parts with the same chip, units and bus have in common, where one has it otherwise."""
    groups: dict[tuple[object, ...], list[Gpu]] = defaultdict(list)
    for gpu in gpus:
        kind = tuple(gpu.value(name) for name in alike)
        if None not in kind and gpu.value(field) is not None:
            groups[kind].append(gpu)
    for group in groups.values():
        usual = Counter(gpu.value(field) for gpu in group).most_common(1)[0][0]
        first = next(gpu for gpu in group if gpu.value(field) == usual)
        for gpu in group:
            if gpu.value(field) != usual:
                same = " and ".join(name.replace("_", " ") for name in alike)
                yield (
                    gpu.id,
                    field,
                    f"{_text(gpu, field)}; with the same {same} {first.id} has {_text(first, field)}",
                )


def _pins(gpus: list[Gpu]) -> Iterator[tuple[str, str, str]]:
    """Memory whose pins are slower or faster than its type is made."""
    for gpu in gpus:
        rate, kind = gpu.value("memory_data_rate"), str(gpu.value("memory_type"))
        if rate is None or kind not in PIN_RATES:
            continue
        low, high = PIN_RATES[kind]
        if not low <= rate <= high:
            text = (
                f"{_text(gpu, 'memory_data_rate')} is none of {kind}, {low / 1e9:g} to {high / 1e9:g} Gbit/s"
            )
            yield gpu.id, "memory_data_rate", text


def _lanes(gpus: list[Gpu]) -> Iterator[tuple[str, str, str]]:
    """Parts with more PCIe lanes than the desktop part that has most of their chip."""
    chips: dict[object, list[Gpu]] = defaultdict(list)
    for gpu in gpus:
        whole = gpu.value("chip") and gpu.value("sms") and (gpu.value("units_per_board") or 1) == 1
        if whole and gpu.value("pcie_lanes"):
            chips[gpu.value("chip")].append(gpu)
    for group in chips.values():
        fixed = [gpu for gpu in group if gpu.segment != "laptop"]
        if not fixed:
            continue
        fullest = max(fixed, key=lambda gpu: (gpu.value("sms"), gpu.value("pcie_lanes")))
        for gpu in group:
            if gpu.value("pcie_lanes") > fullest.value("pcie_lanes"):
                most = f"{fullest.id}, with most of the chip, has {_text(fullest, 'pcie_lanes')}"
                yield gpu.id, "pcie_lanes", f"{_text(gpu, 'pcie_lanes')}; {most}"


def _unfed(gpus: list[Gpu]) -> Iterator[tuple[str, str, str]]:
    """Cards that are said to have no power connector and draw more than their slot gives."""
    for gpu in gpus:
        in_slot = str(gpu.value("form_factor")).startswith("PCIe")
        if not in_slot or gpu.value("power_connectors") != "none":
            continue
        if (gpu.value("power") or 0) > SLOT_POWER:
            yield gpu.id, "power_connectors", f"none, beside {_text(gpu, 'power')}; a slot gives 75 W"


def _text(gpu: Gpu, field: str) -> str:
    fact = gpu.fact(field)
    return fact.text if fact else ""
