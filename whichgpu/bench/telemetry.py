"""What the driver says while a job runs: clocks, power, temperature, energy, why clocks are held down.

A thread samples NVML; energy is the hardware's own counter where there is one, else power integrated over
time (trapezes). Everything is read through the handful of NVML calls below, so that a test can answer them.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Self

from whichgpu.units import GIB
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import TracebackType

#: Bits of NVML's clocks event reasons (nvml.h) that hold clocks down, in words; idle and application clocks
#: are settings of the user's, not faults.
REASONS: Mapping[int, str] = {
    0x04: "power cap", 0x08: "hardware slowdown", 0x20: "software thermal slowdown",
    0x40: "hardware thermal slowdown", 0x80: "hardware power brake", 0x100: "display clocks",
}  # fmt: skip
#: Reasons that a healthy card under full load shows too.
USUAL = frozenset(("power cap",))
PERIOD = 0.1


class Point(NamedTuple):
    """One reading of one device; None where the driver does not say. W, Hz, degrees C."""

    time: float
    power: float | None
    clock: float | None
    memory_clock: float | None
    temperature: float | None
    reasons: int


class Device:
    """One device's readings through NVML.

    `part` is the handle of a MIG slice of it, where CUDA sees only that: name, memory and processes are then
    the slice's. Power and energy are not told of a slice, since the driver has them of the whole card.
    """

    def __init__(self, nvml: Any, handle: Any, part: Any = None) -> None:
        self._nvml, self._handle, self._part = nvml, handle, part

    def said(self, name: str, *arguments: Any) -> Any:
        """What a query answers; None where the device or the driver does not know it."""
        return self._asked(self._handle, name, *arguments)

    def own(self, name: str) -> Any:
        """The same of the slice, where the device is one."""
        return self._asked(self._handle if self._part is None else self._part, name)

    def _asked(self, handle: Any, name: str, *arguments: Any) -> Any:
        try:
            return getattr(self._nvml, name)(handle, *arguments)
        except (self._nvml.NVMLError, AttributeError):
            return None

    def point(self, now: float) -> Point:
        """Read everything once."""
        nvml = self._nvml
        reasons = self.said("nvmlDeviceGetCurrentClocksEventReasons")
        if reasons is None:
            reasons = self.said("nvmlDeviceGetCurrentClocksThrottleReasons")
        temperature = self.said("nvmlDeviceGetTemperature", getattr(nvml, "NVML_TEMPERATURE_GPU", 0))
        power = self.said("nvmlDeviceGetPowerUsage") if self._part is None else None
        return Point(
            now, _times(power, 1e-3),
            _times(self.said("nvmlDeviceGetClockInfo", getattr(nvml, "NVML_CLOCK_SM", 1)), 1e6),
            _times(self.said("nvmlDeviceGetClockInfo", getattr(nvml, "NVML_CLOCK_MEM", 2)), 1e6),
            _times(temperature, 1.0), int(reasons or 0),
        )  # fmt: skip

    def energy(self) -> float | None:
        """J since the driver was loaded, by the hardware's counter."""
        if self._part is not None:
            return None
        return _times(self.said("nvmlDeviceGetTotalEnergyConsumption"), 1e-3)

    def others(self, own: frozenset[int]) -> list[tuple[int, float]]:
        """Processes that compute on the device beside our own, with the bytes that they hold."""
        held = self.own("nvmlDeviceGetComputeRunningProcesses") or []
        return [(one.pid, float(one.usedGpuMemory or 0.0)) for one in held if one.pid not in own]

    def facts(self) -> dict[str, Any]:
        """What stands fast during a run: limits, links, driver."""
        nvml = self._nvml
        found = {
            "name": _text(self.own("nvmlDeviceGetName")),
            "uuid": _text(self.own("nvmlDeviceGetUUID")),
            "power_limit": _times(self.said("nvmlDeviceGetEnforcedPowerLimit"), 1e-3),
            "power_default": _times(self.said("nvmlDeviceGetPowerManagementDefaultLimit"), 1e-3),
            "clock_max": _times(
                self.said("nvmlDeviceGetMaxClockInfo", getattr(nvml, "NVML_CLOCK_SM", 1)), 1e6
            ),
            "pcie_generation": self.said("nvmlDeviceGetCurrPcieLinkGeneration"),
            "pcie_generation_max": self.said("nvmlDeviceGetMaxPcieLinkGeneration"),
            "pcie_lanes": self.said("nvmlDeviceGetCurrPcieLinkWidth"),
            "pcie_lanes_max": self.said("nvmlDeviceGetMaxPcieLinkWidth"),
            "persistence": self.said("nvmlDeviceGetPersistenceMode"),
            "ecc": (self.said("nvmlDeviceGetEccMode") or (None,))[0],
            "mig": bool((self.said("nvmlDeviceGetMigMode") or (0,))[0]),
        }
        memory = self.own("nvmlDeviceGetMemoryInfo")
        if memory is not None:
            found |= {"memory": float(memory.total), "memory_free": float(memory.free)}
        return {name: value for name, value in found.items() if value not in (None, "")}


class Sampler:
    """Samples devices from a thread while a `with` block runs.

    `clock` and `sleep` may be another's, for tests.
    """

    def __init__(
        self, devices: Sequence[Device], period: float = PERIOD, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._devices, self._period, self._clock = devices, period, clock
        self.points: list[list[Point]] = [[] for _ in devices]
        self._energy: list[tuple[float, float | None]] = []
        self._ended: list[tuple[float, float | None]] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._sample()
        self._energy = self._counters()
        if self._devices:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        if self._devices:
            self._thread.join()
        self._ended = self._counters()
        self._sample()

    def _counters(self) -> list[tuple[float, float | None]]:
        """Each device's counter with the time at which it was read: other readings take milliseconds."""
        return [(self._clock(), one.energy()) for one in self._devices]

    def _run(self) -> None:
        while not self._stop.wait(self._period):
            self._sample()

    def _sample(self) -> None:
        for device, points in zip(self._devices, self.points, strict=True):
            points.append(device.point(self._clock()))

    def told(self) -> dict[str, Any]:
        """The run of all devices: {} where there are none."""
        if not self._devices or not self._ended:
            return {}
        each = [
            described(points, start, end)
            for points, start, end in zip(self.points, self._energy, self._ended, strict=True)
        ]
        return {**each[0], "devices": each} if len(each) > 1 else each[0]


def described(
    points: Sequence[Point], start: tuple[float, float | None], end: tuple[float, float | None]
) -> dict[str, Any]:
    """What one device's points come to: means over time, extremes, energy and where it is from.

    `start` and `end` are (s, J) of the hardware's counter, which is read on either side of what is measured.
    """
    seconds = end[0] - start[0]
    found: dict[str, Any] = {"seconds": seconds, "points": len(points)}
    power = [(one.time, one.power) for one in points if one.power is not None]
    if start[1] is not None and end[1] is not None and end[1] > start[1]:
        found |= {"energy": end[1] - start[1], "energy_from": "hardware counter"}
    elif len(power) > 1:
        mean = integral(power) / (power[-1][0] - power[0][0]) if power[-1][0] > power[0][0] else power[0][1]
        found |= {"energy": mean * seconds, "energy_from": "power integrated over time"}
    if "energy" in found and seconds > 0:
        found["power"] = found["energy"] / seconds
    for name in ("clock", "memory_clock", "temperature"):
        values = [value for value in (getattr(one, name) for one in points) if value is not None]
        if values:
            found |= {f"{name}_mean": sum(values) / len(values), f"{name}_min": min(values),
                      f"{name}_max": max(values)}  # fmt: skip
    found["reasons"] = dict(shares(points))
    return found


def integral(values: Sequence[tuple[float, float]]) -> float:
    """The integral of (time, value) by trapezes."""
    pairs = pairwise(values)
    return sum((b - a) * (x + y) / 2.0 for (a, x), (b, y) in pairs)


def shares(points: Sequence[Point]) -> Iterator[tuple[str, float]]:
    """Each reason that held clocks down, with the share of the points that have it."""
    for bit, words in REASONS.items():
        count = sum(1 for one in points if one.reasons & bit)
        if count:
            yield words, count / len(points)


@contextlib.contextmanager
def devices(count: int = 1, nvml: Any = None) -> Iterator[list[Device]]:
    """The first visible devices; none where there is no driver."""
    nvml = nvml or _bindings()
    if nvml is None:
        yield []
        return
    try:
        nvml.nvmlInit()
    except nvml.NVMLError:
        yield []
        return
    try:
        yield list(_visible(nvml, count))
    finally:
        nvml.nvmlShutdown()


def _visible(nvml: Any, count: int) -> Iterator[Device]:
    """The first devices that CUDA shows, in its order: those that `CUDA_VISIBLE_DEVICES` names, or all.

    CUDA stops at the first entry that names no device, and of a card in MIG mode it shows one slice.
    """
    asked = os.environ.get("CUDA_VISIBLE_DEVICES")
    try:
        every = range(nvml.nvmlDeviceGetCount())
    except nvml.NVMLError:
        return
    entries = [str(one) for one in every] if asked is None else [one.strip() for one in asked.split(",")]
    for entry in entries[:count]:
        found = _named(nvml, entry, len(every))
        if found is not None:
            yield found
        elif asked is not None:
            return


def _named(nvml: Any, entry: str, count: int) -> Device | None:
    """The device of a number, of the start of a UUID, or of a slice's UUID; None where there is none."""
    try:
        if entry.startswith("MIG-"):
            part = nvml.nvmlDeviceGetHandleByUUID(entry)
            return Device(nvml, nvml.nvmlDeviceGetDeviceHandleFromMigDeviceHandle(part), part)
        if entry.startswith("GPU-"):
            every = (nvml.nvmlDeviceGetHandleByIndex(one) for one in range(count))
            handle = next(
                (one for one in every if _text(nvml.nvmlDeviceGetUUID(one)).startswith(entry)), None
            )
        else:
            handle = nvml.nvmlDeviceGetHandleByIndex(int(entry)) if entry.isdigit() else None
    except (nvml.NVMLError, AttributeError):
        return None
    return None if handle is None else _whole_or_slice(nvml, handle)


def _whole_or_slice(nvml: Any, handle: Any) -> Device | None:
    """A card, or its first slice where it is in MIG mode; None where it has been given none."""
    whole = Device(nvml, handle)
    if not (whole.said("nvmlDeviceGetMigMode") or (0,))[0]:
        return whole
    for index in range(int(whole.said("nvmlDeviceGetMaxMigDeviceCount") or 0)):
        part = whole.said("nvmlDeviceGetMigDeviceHandleByIndex", index)
        if part is not None:
            return Device(nvml, handle, part)
    return None


def merged(framework: Mapping[str, Any], driver: Mapping[str, Any]) -> dict[str, Any]:
    """What a framework and the driver say of one device; of a slice the framework knows name and memory."""
    own = ("name", "memory") if driver.get("mig") else ()
    return {**framework, **driver, **{name: framework[name] for name in own if framework.get(name)}}


def _bindings() -> Any:
    """NVIDIA's bindings; None where they are not installed."""
    try:
        import pynvml
    except ImportError:
        return None
    return pynvml


def driver(nvml: Any = None) -> dict[str, Any]:
    """Versions of the driver and of the CUDA that it brings; {} where there is none."""
    nvml = nvml or _bindings()
    if nvml is None:
        return {}
    with devices(0, nvml):
        try:
            cuda = int(nvml.nvmlSystemGetCudaDriverVersion())
            return {
                "version": _text(nvml.nvmlSystemGetDriverVersion()),
                "cuda": f"{cuda // 1000}.{cuda % 1000 // 10}",
            }
        except (nvml.NVMLError, AttributeError):
            return {}


def busy(device: Device, own: frozenset[int]) -> str:
    """What else uses a device, in words; empty where it is ours alone."""
    held = device.others(own)
    if not held:
        return ""
    pid, size = max(held, key=lambda one: one[1])
    more = f" and {len(held) - 1} more" if len(held) > 1 else ""
    return f"process {pid}{more} computes on the GPU and holds {size / GIB:.1f} GiB of it"


def crowded(found: Sequence[Device]) -> list[str]:
    """Devices on which more than one process computes while a job of one process a device runs, in words.

    Processes are counted, since a container does not know them by the numbers that the driver has.
    """
    counts = [(i, len(one.others(frozenset()))) for i, one in enumerate(found)]
    return [f"{count} processes computed on GPU {i} during the run" for i, count in counts if count > 1]


def _times(value: Any, factor: float) -> float | None:
    return None if value is None else float(value) * factor


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value or "")
