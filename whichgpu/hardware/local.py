"""The device at hand: `local`, read from the driver through NVML.

`local` is the first GPU that NVML lists and `CUDA_VISIBLE_DEVICES` leaves visible, `local:2` the first two
of that kind. It is the catalogue's device with what the driver says in place of what the vendor says: the
memory that is free now, the power limit that is enforced now, the highest clock that is allowed now where
that is below the vendor's, and the PCIe link as it is wired. Of a card in MIG mode it is the slice that CUDA
shows: the first, or the one that `CUDA_VISIBLE_DEVICES` names.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from whichgpu.errors import UsageError, one_line
from whichgpu.facts import store
from whichgpu.hardware.fields import RATES
from whichgpu.hardware.names import candidates
from whichgpu.hardware.parts import resized
from whichgpu.hardware.vgpu import vgpu
from whichgpu.units import GIB, MIB
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.hardware.gpu import Gpu

#: How a user asks for the device at hand.
NAME = "local"
#: The key in `data/sources.toml` of what the driver says.
SOURCE = "nvml"
#: How much the memory that a driver reports may differ from the catalogue's of the same card: ECC and
#: firmware take up to a tenth.
_SAME_MEMORY = 0.1
#: A MIG profile in the name that the driver gives to a slice: NVIDIA A100-SXM4-80GB MIG 1g.10gb.
_PROFILE = r"\d+g\.\d+gb"
_ANY = "name a GPU, e.g. --gpu rtx-4090"
#: What helps against the faults of NVML that users meet, by words of its messages in lower case.
_REMEDIES = {
    "version mismatch": f"the driver was updated and the old one still runs: restart the machine, or {_ANY}",
    "library not found": f"it reads NVIDIA's GPUs alone: install NVIDIA's driver, or for others {_ANY}",
    "not loaded": f"install NVIDIA's driver, or {_ANY}",
    "permission": f"ask for access to /dev/nvidia*, or {_ANY}",
    "lost": f"it fell off the bus: restart the machine, or {_ANY}",
}


class Slice(NamedTuple):
    """What the driver says of one slice of a card in MIG mode: bytes; None where it does not say."""

    uuid: str
    name: str
    free: float | None


class Reading(NamedTuple):
    """What the driver says of one device; None where it does not say."""

    number: int
    uuid: str
    name: str
    #: Bytes; of a part that shares its host's memory, the host's.
    memory: float | None
    free: float | None
    #: W: what is enforced now, and what may be set.
    power: float | None
    power_min: float | None
    power_max: float | None
    #: Hz, of the SMs: the highest that is allowed.
    clock: float | None
    pcie_generation: int | None
    pcie_lanes: int | None
    mig: bool
    #: Of a card in MIG mode, those that may be used here.
    slices: tuple[Slice, ...] = ()


def is_local(text: str) -> bool:
    """Whether a spelling asks for the device at hand: `local`, `local:2`."""
    name, _, number = text.strip().partition(":")
    return name.strip().lower() == NAME and (not number.strip() or number.strip().isdigit())


def resolve_local(text: str, catalogue: Catalogue) -> tuple[Gpu, int]:
    """The device at hand, and how many of it are asked for.

    Raises `UsageError` where there is no driver or no device, where it is none of the catalogue, or where
    fewer of the kind are there than asked for.
    """
    _, _, number = text.partition(":")
    found = readings()
    first = found[0]
    same = [reading for reading in found if reading.name == first.name]
    count = int(number) if number.strip() else 1
    if not 1 <= count <= len(same):
        others = sorted({reading.name for reading in found} - {first.name})
        beside = f" (and {', '.join(others)})" if others else ""
        raise UsageError(
            f"'{one_line(text)}': this machine shows {len(same)} x {first.name}{beside}; write "
            f"{NAME if len(same) == 1 else f'{NAME}:{len(same)}'}"
        )
    if first.mig:
        return _slice_of(first, count, catalogue), 1
    return _as_found(_device(first, catalogue), same[:count]), count


def _slice_of(reading: Reading, count: int, catalogue: Catalogue) -> Gpu:
    """The first slice of a card in MIG mode, which is the one that CUDA shows; with its free memory."""
    whole = _device(reading, catalogue)
    if count > 1:
        raise UsageError(f"{reading.name} is in MIG mode, and its slices do not work together; write {NAME}")
    profile = re.search(_PROFILE, reading.slices[0].name, re.IGNORECASE) if reading.slices else None
    if profile is None:
        known = re.findall(_PROFILE, str(whole.value("mig_profiles") or ""))
        raise UsageError(
            f"{reading.name} is in MIG mode, so that jobs run on its slices; name one, e.g. "
            f"--gpu {whole.id}:mig-{known[0] if known else '1g..'} (nvidia-smi -L lists yours)"
        )
    from whichgpu.hardware.slices import device

    gpu = device(f"{whole.id}:mig-{profile[0].lower()}", catalogue)
    free = reading.slices[0].free
    return resized(gpu, f"{NAME} ({gpu.id})", SOURCE, **({} if free is None else {"memory": free}))


def readings() -> tuple[Reading, ...]:
    """Every visible device of this machine, as its driver describes it.

    Raises `UsageError` where NVML is not there or lists nothing.
    """
    import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as fault:
        raise UsageError(f"no device at hand: NVML does not start ({fault}); {_remedy(str(fault))}") from None
    barred: list[str] = []
    try:
        found = tuple(_visible(_listed(pynvml, barred)))
    except pynvml.NVMLError as fault:
        raise UsageError(
            f"no device at hand: NVML does not count them ({fault}); {_remedy(str(fault))}"
        ) from None
    finally:
        pynvml.nvmlShutdown()
    if not found:
        raise UsageError(f"no device at hand: {_why_none(barred)}")
    return found


def _remedy(fault: str) -> str:
    """What to do about a fault of NVML, by its words."""
    known = (words for cause, words in _REMEDIES.items() if cause in fault.lower())
    return next(known, f"see that nvidia-smi works, or {_ANY}")


def _why_none(barred: Sequence[str]) -> str:
    """Why no device is left, and what to type."""
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES")
    if hidden and hidden.startswith("MIG-"):
        return (
            f"CUDA_VISIBLE_DEVICES={hidden} shows a slice (MIG) that NVML does not list; nvidia-smi -L has "
            "its profile: name it, e.g. --gpu a100-80gb-sxm:mig-1g.10gb"
        )
    if barred:
        return f"NVML does not read it ({barred[0]}); {_remedy(barred[0])}"
    why = f" that CUDA_VISIBLE_DEVICES={hidden} shows" if hidden is not None else ""
    return f"NVML lists no GPU{why}; {_ANY}"


def _listed(nvml: Any, barred: list[str]) -> Iterator[Reading]:
    """Every device that may be read; NVML counts those of others as well, whose faults go to `barred`."""
    for index in range(nvml.nvmlDeviceGetCount()):
        try:
            yield _read(nvml, index)
        except nvml.NVMLError as fault:
            barred.append(str(fault))


def _read(nvml: Any, index: int) -> Reading:
    handle = nvml.nvmlDeviceGetHandleByIndex(index)

    def said(name: str, *arguments: Any) -> Any:
        """What a query answers; None where the device does not know it, as laptops often do not."""
        try:
            return getattr(nvml, name)(handle, *arguments)
        except nvml.NVMLError:
            return None

    memory = said("nvmlDeviceGetMemoryInfo")
    total, free = (memory.total, memory.free) if memory is not None and memory.total else _host_memory()
    limits = said("nvmlDeviceGetPowerManagementLimitConstraints") or (None, None)
    mig = said("nvmlDeviceGetMigMode") or (0, 0)
    return Reading(
        number=index,
        uuid=_text(said("nvmlDeviceGetUUID")),
        name=_text(nvml.nvmlDeviceGetName(handle)),
        memory=total,
        free=free,
        power=_times(said("nvmlDeviceGetEnforcedPowerLimit"), 1e-3),
        power_min=_times(limits[0], 1e-3),
        power_max=_times(limits[1], 1e-3),
        clock=_times(said("nvmlDeviceGetMaxClockInfo", nvml.NVML_CLOCK_SM), 1e6),
        pcie_generation=said("nvmlDeviceGetMaxPcieLinkGeneration"),
        pcie_lanes=said("nvmlDeviceGetMaxPcieLinkWidth"),
        mig=bool(mig[0]),
        slices=tuple(_slices(nvml, handle)) if mig[0] else (),
    )


def _slices(nvml: Any, handle: Any) -> Iterator[Slice]:
    """The slices of a card that may be read; of others' the driver says nothing."""
    try:
        most = int(nvml.nvmlDeviceGetMaxMigDeviceCount(handle))
    except (nvml.NVMLError, AttributeError):
        return
    for index in range(most):
        try:
            part = nvml.nvmlDeviceGetMigDeviceHandleByIndex(handle, index)
            name, uuid = _text(nvml.nvmlDeviceGetName(part)), _text(nvml.nvmlDeviceGetUUID(part))
            yield Slice(uuid, name, nvml.nvmlDeviceGetMemoryInfo(part).free)
        except nvml.NVMLError:
            continue


def _host_memory() -> tuple[float | None, float | None]:
    """The host's memory and what of it is available, bytes, which GB10 and Jetson share and do not report."""
    try:
        with open("/proc/meminfo", encoding="ascii") as lines:
            told = {
                name: 1024.0 * int(rest.split()[0]) for name, _, rest in (one.partition(":") for one in lines)
            }
    except OSError:
        return None, None
    return told.get("MemTotal"), told.get("MemAvailable")


def _visible(found: Iterator[Reading]) -> Iterator[Reading]:
    """The devices that `CUDA_VISIBLE_DEVICES` names, in its order; all where it is not set.

    CUDA stops at the first entry that names no device. Numbers are taken in the order of the bus, as
    `CUDA_DEVICE_ORDER=PCI_BUS_ID` has it.
    """
    asked = os.environ.get("CUDA_VISIBLE_DEVICES")
    if asked is None:
        yield from found
        return
    known = list(found)
    for entry in (part.strip() for part in asked.split(",")):
        match = next((each for each in known if _is_named(each, entry)), None)
        if match is None:
            return
        yield match._replace(slices=tuple(_named_slices(match, entry)))


def _is_named(reading: Reading, entry: str) -> bool:
    """Whether an entry of `CUDA_VISIBLE_DEVICES` means a device: its number, or the start of its UUID."""
    if entry.startswith("MIG-"):
        return any(_named_slices(reading, entry))
    return entry == str(reading.number) or (entry.startswith("GPU-") and reading.uuid.startswith(entry))


def _named_slices(reading: Reading, entry: str) -> Iterator[Slice]:
    """The slices that an entry means: one by its UUID, all of them by that of the card or its number."""
    return (one for one in reading.slices if not entry.startswith("MIG-") or one.uuid == entry)


def _device(reading: Reading, catalogue: Catalogue) -> Gpu:
    """The catalogue's device that the driver's name and memory mean."""
    found = by_driver(reading.name, None, catalogue)
    close = by_driver(reading.name, reading.memory, catalogue)
    if len(close) == 1:
        return close[0]
    size = f" with {reading.memory / MIB:,.0f} MiB" if reading.memory else ""
    said = f"the driver says '{one_line(reading.name)}'{size}"
    if close:
        raise UsageError(f"{said}, which may be {', '.join(gpu.id for gpu in close)}; name one of them")
    if found:
        raise UsageError(
            f"{said}, and of that name the catalogue has {', '.join(_with_memory(gpu) for gpu in found)}; "
            f'name it, or describe yours in a file (--gpu-file) with base = "{found[0].id}"'
        )
    raise UsageError(f"{said}, which is not in the catalogue; describe it in a file: --gpu-file my.toml")


def _with_memory(gpu: Gpu) -> str:
    known = gpu.fact("memory")
    return f"{gpu.id} ({known.text})" if known else gpu.id


def is_drivers(name: str) -> bool:
    """Whether a driver gives a name to other cards than people do (`data/driver.toml`)."""
    return _plain(name) in store.load("driver")["driver"]


def _plain(name: str) -> str:
    return " ".join(name.lower().split())


def by_driver(name: str, memory: float | None, catalogue: Catalogue) -> tuple[Gpu, ...]:
    """The devices that a driver's own name and memory (B; None where it says none) may mean."""
    if is_drivers(name):
        one = store.load("driver")["driver"][_plain(name)]
        known = tuple(catalogue[key] for key in one["ids"] if key in catalogue)
    else:
        virtual = vgpu(name, catalogue)
        known = (virtual,) if virtual else candidates(name, catalogue)
    alike = tuple(gpu for gpu in known if memory is None or same_memory(gpu, memory))
    # Of parts that differ in memory alone a driver leaves the size out, and the catalogue may not.
    return alike if alike or not memory else candidates(f"{name} {round(memory / GIB)}GB", catalogue)


def same_memory(gpu: Gpu, memory: float) -> bool:
    """Whether a device may have this memory (B, as its driver says); true where no source says."""
    known = gpu.value("memory")
    return known is None or abs(memory / float(known) - 1) <= _SAME_MEMORY


def _as_found(gpu: Gpu, found: list[Reading]) -> Gpu:
    """The device as the driver has it; of several the least of each, since they work together."""
    said = {
        "memory": _least(reading.free for reading in found),
        "power": _least(reading.power for reading in found),
        "power_min": found[0].power_min,
        "power_max": found[0].power_max,
        "pcie_generation": _least(reading.pcie_generation for reading in found),
        "pcie_lanes": _least(reading.pcie_lanes for reading in found),
        **_slower(gpu, _least(reading.clock for reading in found)),
    }
    values = {name: float(value) for name, value in said.items() if value is not None}
    return resized(gpu, f"{NAME} ({gpu.id})", SOURCE, **values)


def _slower(gpu: Gpu, clock: float | None) -> Mapping[str, float]:
    """Peak rates at an allowed clock below the vendor's boost; nothing where the clock is not held down."""
    boost = gpu.value("clock_boost")
    if not clock or not boost or clock >= boost:
        return {}
    rates = {name: float(gpu.value(name)) * clock / boost for name in RATES if gpu.value(name) is not None}
    return {"clock_boost": clock, **rates}


def _least(values: Iterator[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return min(known) if known else None


def _times(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value or "")
