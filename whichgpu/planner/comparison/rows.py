"""The rows of a comparison: every field of the catalogue that any GPU has, and what follows from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.hardware.architecture import family_of
from whichgpu.hardware.derive import pcie_bandwidth
from whichgpu.hardware.fields import FIELDS
from whichgpu.hardware.gpu import nominal_gb, sold_memory
from whichgpu.hardware.limits import limits, reached
from whichgpu.hardware.parts import is_part
from whichgpu.hardware.vgpu import profiles
from whichgpu.planner.comparison.model import Cell, Row
from whichgpu.planner.comparison.words import EQUAL, printed, quantity
from whichgpu.units import HOURS_PER_YEAR, number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from whichgpu.facts.model import Fact
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.planner.comparison.model import CellId, View

#: Means, not ends: more of them makes a better GPU only beside the same architecture.
_MEANS = (
    "sms", "cores", "tensor_cores", "rt_cores", "clock_boost", "memory_bus", "memory_data_rate",
)  # fmt: skip
SEGMENT_WORDS = {
    "datacenter": "data centre", "workstation": "workstation", "geforce": "consumer",
    "laptop": "laptop", "edge": "embedded",
    "cpu": "server processor",
}  # fmt: skip
#: Facts of the board: a part of a GPU has none of its own.
OF_BOARD = frozenset(
    {
        "launch_price", "power", "power_min", "power_max", "power_connectors", "suggested_psu", "form_factor",
        "slots", "board_height", "board_length", "display_modes", "low_profile", "cooling",
        "display_outputs", "nvlink", "nvlink_per_direction", "nvlink_links", "nvlink_gpus", "mig_max",
        "mig_profiles", "units_per_board",
    }
)  # fmt: skip
CACHES = ("l2", "l3")
_LABELS = {
    "sms": "SMs, compute units or cores", "sparsity": "With 2:4 sparsity, times",
    "sparsity_fp4": "FP4 with 2:4 sparsity, times",
    "sparsity_fp6": "FP6 with 2:4 sparsity, times",
    "nvlink_gpus": "GPUs per NVLink",
}  # fmt: skip
_WATT = "per watt and per byte"


def spec_rows(gpus: Sequence[Gpu]) -> Iterator[Row]:
    """Every field that any of them has, in the order of the catalogue, and the rows derived from them."""
    yield _words("segment", "Made for", "identity", {g.id: _segment(g) for g in gpus})
    yield _words("vendor", "Vendor", "identity", {g.id: _vendor(g) for g in gpus})
    yield _words("architecture", "Architecture", "identity", {g.id: _architecture(g) for g in gpus})
    same = len({gpu.architecture for gpu in gpus}) == 1
    for name, field in FIELDS.items():
        better = field.better if same or name not in _MEANS else ""
        cells = {gpu.id: one for gpu in gpus if (one := _of(gpu, name))}
        if name == "fp16":
            yield from _as_run(gpus, cells)
        if name == "memory" and sizes_unlike(gpus):
            cells = {
                gpu.id: cells[gpu.id]._replace(value=sold_memory(gpu)) for gpu in gpus if gpu.id in cells
            }
        if cells:
            dimension = "cache" if name in CACHES else field.dimension
            better = "" if name == "l2" and any(gpu.value("l3") for gpu in gpus) else better
            yield Row(name, _LABELS.get(name, field.label), _group(field.group), dimension, better, cells)
        if name == "tensor_cores":
            yield from _nonempty(_per_core(gpus))
        if name == "int4":
            yield from _nonempty(_native(gpus))
        if name == "power_max":
            yield from _nonempty(_at_limits(gpus))
            yield from _per_gpu_power(gpus)
            yield from _ratios(gpus)
        if name == "nvlink_gpus":
            yield from _nonempty(_links(gpus))
        if name == "vgpu":
            yield from _nonempty(_profiles(gpus))


def sizes_unlike(gpus: Sequence[Gpu]) -> bool:
    """Whether of one what ECC leaves was read, and of another the size alone under which it is sold.

    Sizes as sold are compared then: 24 GB of an L2, of which nobody read what is left, beside those of an L4.
    """
    return any(_ecc_leaves(gpu) for gpu in gpus) and any(map(as_sold_alone, gpus))


def _ecc_leaves(gpu: Gpu) -> bool:
    """Whether less is there than it is sold with by more than what drivers keep."""
    memory, sold = gpu.value("memory"), sold_memory(gpu)
    return bool(memory and sold and sold / float(memory) > EQUAL)


def as_sold_alone(gpu: Gpu) -> bool:
    """Whether a card of data centres whose ECC takes of its memory is known by the size it is sold in."""
    fact, kind = gpu.fact("memory"), gpu.value("memory_type")
    if fact is None or gpu.segment != "datacenter" or gpu.vendor != "NVIDIA" or is_part(gpu):
        return False
    # HBM has room of its own for ECC's bits; a board without it keeps its memory whole.
    inline = "GDDR" in str(kind) and gpu.value("ecc") != "no"
    return inline and fact.kind != "measured" and fact.value == sold_memory(gpu)


def _profiles(gpus: Sequence[Gpu]) -> Row:
    """What virtual machines may be given of each."""
    found = ((gpu.id, *profiles(gpu.id)) for gpu in gpus)
    cells = {key: Cell(text, text, source, "") for key, text, source in found if text}
    return Row("vgpu_profiles", "vGPU profiles", _group("sharing"), "text", "", cells)


def _of(gpu: Gpu, name: str) -> Cell | None:
    """A fact of a GPU as a cell; of a part of one not what is the whole board's."""
    if name in OF_BOARD and is_part(gpu):
        return None
    fact = gpu.fact(name)
    return cell(name, fact) if fact else None


def half_rate(gpu: Gpu, field: str) -> float | None:
    """A 16-bit rate as software gets it: where FP32 is faster, FP16 numbers are widened to it."""
    value, plain = gpu.value(field), gpu.value("fp32")
    if field == "fp16" and plain and _widens(gpu):
        return float(plain)
    return float(value) if value else None


def _widens(gpu: Gpu) -> bool:
    """Whether FP16 products run in FP32: no FP16 units (Maxwell), or slower ones (a GTX 1080: 1:64)."""
    own, plain = gpu.value("fp16"), gpu.value("fp32")
    if own is None:
        return gpu.variant is not None and gpu.variant.plain
    return bool(plain) and float(own) < float(plain)


def _as_run(gpus: Sequence[Gpu], cells: dict[str, Cell]) -> Iterator[Row]:
    """Where FP16 is widened, that rate takes the place of the units' own, which get a row of their own."""
    own = {gpu.id: cells[gpu.id] for gpu in gpus if gpu.id in cells and _widens(gpu)}
    for gpu in gpus:
        if (rate := half_rate(gpu, "fp16")) and _widens(gpu):
            text = f"{quantity(rate, 'flop rate')} (widened to FP32)"
            cells[gpu.id] = Cell(rate, text, "derived", "derived")
    if own:
        yield Row("fp16_units", "FP16 units alone", "compute, dense peaks", "flop rate", "", own)


def cell(name: str, fact: Fact) -> Cell:
    """A fact of the catalogue as a cell; of memory the amount that is printed: ratios follow from it."""
    value = printed(float(fact.value)) if name == "memory" and fact.value else fact.value
    return Cell(value, _text(name, fact), fact.source, fact.kind)


def rested_on(view: View, cells: Iterable[CellId]) -> Iterator[Cell]:
    """What these cells hold, where they were read: of the GPUs compared, and of those spoken of."""
    for gpu, field in cells:
        if known := view.cell(gpu, field):
            yield known
        elif gpu in view.others and field in FIELDS and (fact := view.others[gpu].fact(field)):
            yield cell(field, fact)


def _text(name: str, fact: Fact) -> str:
    dimension = FIELDS[name].dimension
    if name in ("nvlink", "nvlink_per_direction", "mig_max") and not fact.value:
        return "none"
    if isinstance(fact.value, bool) or not isinstance(fact.value, int | float):
        return fact.text
    text = quantity(float(fact.value), "cache" if name in CACHES else dimension)
    sold = f"{nominal_gb(float(fact.value))} GB" if name == "memory" else text
    # A card is looked for under the size that it is sold by, and holds what error correction leaves of it.
    return text if sold in (text, "None GB") else f"{sold} ({text} usable)"


def _group(group: str) -> str:
    return "compute, dense peaks" if group.startswith("compute") else group


def _words(field: str, label: str, group: str, cells: Mapping[str, Cell | None]) -> Row:
    return Row(field, label, group, "text", "", _known(cells))


def _known(cells: Mapping[str, Cell | None]) -> dict[str, Cell]:
    return {key: one for key, one in cells.items() if one}


def _nonempty(row: Row) -> Iterator[Row]:
    if row.cells:
        yield row


def _segment(gpu: Gpu) -> Cell | None:
    return (
        Cell(gpu.segment, SEGMENT_WORDS.get(gpu.segment, gpu.segment), "catalogue", "")
        if gpu.segment
        else None
    )


def _vendor(gpu: Gpu) -> Cell | None:
    return Cell(gpu.vendor, gpu.vendor, "catalogue", "") if gpu.vendor else None


def _architecture(gpu: Gpu) -> Cell | None:
    family = family_of(gpu.architecture)
    if family is None:
        return None
    name = (gpu.variant.name if gpu.variant else "") or family.name
    return Cell(gpu.architecture, name, f"architectures: {gpu.architecture}", "")


def _native(gpus: Sequence[Gpu]) -> Row:
    """The precisions of the matrix units, by architecture."""
    return _words("native", "Native matrix precisions", "compute, dense peaks",
        {
            gpu.id: Cell(", ".join(names), ", ".join(names).upper().replace("_TENSOR", ""),
                         f"architectures: {gpu.architecture}", "")
            for gpu in gpus if (names := gpu.variant.native if gpu.variant else ())
        },
    )  # fmt: skip


def _per_core(gpus: Sequence[Gpu]) -> Row:
    """FP16 multiply-adds per clock of one tensor core: why their number alone says little."""
    cells = {}
    for gpu in gpus:
        fma = gpu.variant.fma("fp16") if gpu.variant else None
        cores = gpu.variant.fact("tensor_cores_per_sm") if gpu.variant else None
        if fma and cores and cores.value:
            each = fma.value / cores.value
            cells[gpu.id] = Cell(each, quantity(each, "count"), fma.source, "derived")
    return Row("fma_per_tensor_core", "FP16 FMA per tensor core and clock", "units", "count", "", cells)


def watts(gpu: Gpu) -> float | None:
    """The power limit of one GPU in W: of a board that carries several, its share."""
    power = None if is_part(gpu) else gpu.value("power")
    return None if power is None else float(power) / float(gpu.value("units_per_board") or 1)


def _at_limits(gpus: Sequence[Gpu]) -> Row:
    """What FP32 comes to at the lower limits that makers set, where their clocks were read."""
    told = {gpu.id: text for gpu in gpus if (text := _lower_limits(gpu))}
    cells = {key: Cell(text, text, "derived", "derived") for key, text in told.items()}
    return Row("at_limits", "FP32 at lower limits", "power", "text", "", cells)


def _lower_limits(gpu: Gpu) -> str:
    """`33 TFLOPS at 120 W, 28.3 TFLOPS at 80 W`: the peak goes with the clock."""
    lower = [limit for limit in limits(gpu) if limit.power < (gpu.value("power") or 0.0)]
    return ", ".join(
        f"{'' if limit.stated else 'about '}{quantity(rate, 'flop rate')} at {limit.power:g} W"
        for limit in lower
        if (rate := reached(gpu, "fp32", limit))
    )


def _per_gpu_power(gpus: Sequence[Gpu]) -> Iterator[Row]:
    if any((gpu.value("units_per_board") or 1) > 1 for gpu in gpus):
        cells = {gpu.id: _derived(power, "power") for gpu in gpus if (power := watts(gpu))}
        yield Row("power_per_gpu", "Power of one GPU", "power", "power", "lower", cells)


def _derived(value: float, dimension: str) -> Cell:
    return Cell(value, quantity(value, dimension), "derived", "derived")


def sixteen_bit(gpus: Sequence[Gpu]) -> str:
    """The 16-bit format to compare in: FP16, or BF16 where only that is known of all.

    Also BF16 where a processor sums FP16 products in FP32, at the rate of FP32 (Grace).
    """
    known = [name for name in ("fp16", "bf16") if all(half_rate(gpu, name) for gpu in gpus)]
    plain = any(gpu.segment == "cpu" and gpu.value("fp16") == gpu.value("fp32") for gpu in gpus)
    return "bf16" if plain and "bf16" in known else known[0] if known else "fp16"


def _ratios(gpus: Sequence[Gpu]) -> Iterator[Row]:
    half = sixteen_bit(gpus)
    label = half.upper()

    def over(top: str, bottom: Callable[[Gpu], float | None], scale: str) -> dict[str, Cell]:
        return {
            gpu.id: _derived(above / below, scale)
            for gpu in gpus
            if (above := half_rate(gpu, top)) and (below := bottom(gpu))
        }

    def rate(gpu: Gpu) -> float | None:
        value = gpu.value("bandwidth")
        return float(value) if value else None

    rows = (
        Row(f"{half}_per_watt", f"{label} per watt", _WATT, "flop per joule", "higher",
            over(half, watts, "flop per joule")),
        Row("fp32_per_watt", "FP32 per watt", _WATT, "flop per joule", "higher",
            over("fp32", watts, "flop per joule")),
        Row("bandwidth_per_watt", "Bandwidth per watt", _WATT, "byte per joule", "higher",
            over("bandwidth", watts, "byte per joule")),
        Row("balance", f"{label} operations per byte of bandwidth", _WATT, "flop per byte", "",
            over(half, rate, "flop per byte")),
        Row("read_all", "Reading the whole memory once", _WATT, "time", "", over("memory", rate, "time")),
    )  # fmt: skip
    for row in rows:
        yield from _nonempty(row)
    yield from _nonempty(_year(gpus))


def _year(gpus: Sequence[Gpu]) -> Row:
    """What each draws in a year at its limit: the most that it can add to a bill of electricity."""
    cells = {}
    for gpu in gpus:
        # A laptop is not left running at its limit.
        if gpu.segment != "laptop" and (limit := watts(gpu)):
            told = f"{number(limit * HOURS_PER_YEAR / 1000.0, 3)} kWh"
            cells[gpu.id] = Cell(told, told, "derived", "derived")
    return Row("year", "A year at that limit, day and night", _WATT, "text", "", cells)


def _links(gpus: Sequence[Gpu]) -> Row:
    """The link of each GPU in the machine of eight in which it usually stands, where that is on file."""
    found = {gpu.id: _link(gpu) for gpu in gpus if gpu.value("units_per_board") is None and not is_part(gpu)}
    label = "Link in a machine of 8, per direction"
    return Row("link_of_8", label, "links", "bandwidth", "higher", _known(found))


def _link(gpu: Gpu) -> Cell | None:
    """PCIe for cards, from generation and lanes; for modules what the catalogue of machines says."""
    generation, lanes = gpu.fact("pcie_generation"), gpu.value("pcie_lanes")
    if "PCIe" in str(gpu.value("form_factor")):
        if generation is None or not lanes:
            return None
        rate = pcie_bandwidth(generation.value, lanes)
        return Cell(rate, f"{quantity(rate, 'bandwidth')} (PCIe)", generation.source, "derived")
    if gpu.segment != "datacenter":
        return None
    from whichgpu.hardware.system import default_system

    machine = default_system(gpu, 8)
    link = machine.intra
    if link is None or machine.gpus_per_node != 8 or link.evidence == "assumed":
        return None
    text = f"{quantity(link.bandwidth, 'bandwidth')} ({_LINKS.get(link.kind, link.kind)})"
    return Cell(link.bandwidth, text, link.source, link.evidence)


_LINKS = {
    "nvswitch": "NVSwitch", "nvlink": "NVLink", "pcie": "PCIe", "infinity-fabric": "Infinity Fabric",
    "gaudi-ethernet": "Ethernet", "ici": "ICI",
}  # fmt: skip
