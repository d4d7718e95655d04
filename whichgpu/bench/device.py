"""What a device reaches of its datasheet, and whether it is what it says it is.

Everything here is arithmetic on three things: the catalogue's facts, what the driver said, and the rows of
the micro-benchmarks. Nothing touches a device, so that a fake, capped or sliced card can be had in a test.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.bench.telemetry import USUAL
from whichgpu.hardware.local import same_memory
from whichgpu.units import GB, GIB
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from whichgpu.bench.record import Record
    from whichgpu.hardware.gpu import Gpu

#: By precision of a product: the catalogue's field; FP64 and FP32 by the faster of their units.
_RATES: Mapping[str, tuple[str, ...]] = {
    "fp64": ("fp64_tensor", "fp64"), "fp32": ("fp32",), "tf32": ("tf32",), "fp16": ("fp16",),
    "bf16": ("bf16",), "fp8": ("fp8",), "int8": ("int8",),
}  # fmt: skip
#: Shares that healthy cards do not fall below, nor rise above, of bandwidth and of peak rates; short bursts
#: may pass the datasheet's where the card clocks above its stated boost.
_LEAST_BANDWIDTH, _LEAST_RATE, _MOST = 0.70, 0.45, 1.15
#: Share of the first part's rate below which the last part of a sustained load says that it was held down.
_SUSTAINED = 0.95
#: Share of the stated boost clock, and of the default power limit, below which a card is held down.
_CLOCK, _POWER = 0.85, 0.97


class Measured(NamedTuple):
    """One figure against the datasheet: SI values; `share` is None where no source states it."""

    what: str
    value: float
    stated: float | None
    dimension: str

    @property
    def share(self) -> float | None:
        """Of what the datasheet states."""
        return None if not self.stated else self.value / self.stated


class Verdict(NamedTuple):
    """Something wrong with a device: `kind` is fake, throttled, capped, sliced, shared or link."""

    kind: str
    text: str


def figures(records: Iterable[Record], gpu: Gpu | None) -> list[Measured]:
    """The best of each kind: bandwidth from memory, rates by precision, launch time, host links."""
    best: dict[tuple[str, str, str], float] = {}
    for one in records:
        if one.value is None:
            continue
        key, value = _kind(one.row), _si(one.row)
        if key is not None:
            worse = min if one.row["unit"] == "us" else max
            best[key] = value if key not in best else worse(best[key], value)
    return [
        Measured(what, value, _stated(gpu, field), dimension)
        for (what, field, dimension), value in best.items()
    ]


def points(records: Iterable[Record]) -> list[tuple[str, str, float, float]]:
    """(kind, label, FLOP per byte, FLOP/s) of every kernel whose work and bytes are known."""
    found = []
    for one in records:
        work, moved = one.context.get("work"), one.context.get("moved")
        if one.value is not None and work and moved and one.row["unit"] == "TFLOP/s":
            kind = one.row["workload"].removeprefix("micro/")
            label = f"{kind} {one.row.get('precision', '')} {one.row.get('options', '')}"
            found.append((kind, label, work / moved, _si(one.row)))
    return found


def _kind(row: Mapping[str, str]) -> tuple[str, str, str] | None:
    """(what, the catalogue's fields, dimension) of a row; None for one that no figure is made of."""
    name, options = row["workload"].removeprefix("micro/"), _options(row)
    if name in ("read", "write", "copy", "triad"):
        return (f"{name} bandwidth", "bandwidth", "bandwidth") if options.get("from") == "memory" else None
    if name == "gemm":
        return f"{row.get('precision', '')} product", row.get("precision", ""), "flop rate"
    if name == "launch":
        return f"launch, {options.get('kind', '')}", "", "time"
    if name == "transfer":
        kind = str(options.get("kind", ""))
        field = "peer" if kind.endswith("peer") else "pcie both ways" if "both ways" in kind else "pcie"
        return kind, field, "bandwidth"
    return None


def _options(row: Mapping[str, str]) -> dict[str, str]:
    pairs = (part.partition("=") for part in row.get("options", "").split(";") if part)
    return {key: value for key, _, value in pairs}


def _si(row: Mapping[str, str]) -> float:
    return float(row["value"]) * {"GB/s": GB, "TFLOP/s": 1e12, "us": 1e-6}[row["unit"]]


def _stated(gpu: Gpu | None, field: str) -> float | None:
    if gpu is None or not field:
        return None
    link = gpu.value("nvlink")
    if field == "peer" and link:
        # The datasheet counts both directions, a copy goes one way.
        return float(link) / 2.0
    if field in ("pcie", "pcie both ways", "peer"):
        one_way = _pcie(gpu.value("pcie_generation"), gpu.value("pcie_lanes"))
        return 2.0 * one_way if one_way and field == "pcie both ways" else one_way
    known = [gpu.value(name) for name in _RATES.get(field, (field,)) if gpu.value(name) is not None]
    return max(map(float, known)) if known else None


def _pcie(generation: Any, lanes: Any) -> float | None:
    """B/s of a PCIe link one way, after its line code (128b/130b from generation 3, 242/256 in 6)."""
    if not generation or not lanes:
        return None
    each = {1: 0.25, 2: 0.5, 3: 0.985, 4: 1.969, 5: 3.938, 6: 7.563}.get(int(generation))
    return None if each is None else each * float(lanes) * GB


def verdicts(
    gpu: Gpu | None, device: Mapping[str, Any], found: Sequence[Measured], records: Sequence[Record],
    sold_as: Gpu | None = None,
) -> list[Verdict]:  # fmt: skip
    """What is wrong with the device; nothing where all is well.

    `gpu` is the catalogue's device of the driver's name, `device` what the driver said of it, `sold_as` what
    the user believes it to be.
    """
    said = [*_sliced(device), *_capped(gpu, device), *_held_down(gpu, records), *_linked(gpu, device)]
    said += [Verdict("shared", one) for one in (device.get("busy"),) if one]
    if sold_as is not None and gpu is not None and sold_as.id.partition(":")[0] != gpu.id.partition(":")[0]:
        said.append(Verdict("fake", f"it says that it is {gpu.id}, and you have it as {sold_as.id}"))
    kinds = [one.kind for one in said]
    return [*said, *_fake(sold_as or gpu, device, found, kinds, _power_held(sold_as or gpu, records))]


def _sliced(device: Mapping[str, Any]) -> Iterator[Verdict]:
    if device.get("mig") or " MIG " in str(device.get("name", "")):
        yield Verdict(
            "sliced", f"{device.get('name', 'the GPU')} is in MIG mode: figures are of a slice of it"
        )


def _capped(gpu: Gpu | None, device: Mapping[str, Any]) -> Iterator[Verdict]:
    limit = device.get("power_limit")
    usual = device.get("power_default") or (gpu.value("power") if gpu else None)
    if limit and usual and limit < _POWER * usual:
        yield Verdict(
            "capped",
            f"its power limit is {limit:.0f} W of {usual:.0f} W (nvidia-smi -pl {usual:.0f} undoes it)",
        )


def _held_down(gpu: Gpu | None, records: Sequence[Record]) -> Iterator[Verdict]:
    """Clocks or rates that fall under load, with the driver's reasons."""
    parts = [one for one in records if one.row["workload"] == "micro/sustained" and one.value is not None]
    rates = [float(one.row["value"]) for one in parts]
    told = parts[-1].context.get("telemetry", {}) if parts else {}
    reasons = {name: share for name, share in told.get("reasons", {}).items() if share > 0.05}
    why = (
        f" ({', '.join(f'{name} {share:.0%} of the time' for name, share in reasons.items())})"
        if reasons
        else ""
    )
    clock, boost = told.get("clock_mean"), gpu.value("clock_boost") if gpu else None
    if len(rates) > 1 and rates[-1] < _SUSTAINED * rates[0]:
        lost = 1.0 - rates[-1] / rates[0]
        yield Verdict(
            "throttled", f"under sustained load its rate fell by {lost:.0%}{why}: look at its cooling"
        )
    elif clock and boost and clock < _CLOCK * boost and not (reasons and set(reasons) <= USUAL):
        # Under products alone the power limit holds most accelerators far below boost: that is no fault.
        below = f"{clock / 1e6:,.0f} MHz under load, of {boost / 1e6:,.0f} MHz boost"
        yield Verdict("throttled", f"its clock is {below}{why or ', and the driver gives no reason'}")
    elif any("thermal" in name or "slowdown" in name or "brake" in name for name in reasons):
        yield Verdict("throttled", f"the driver holds its clocks down{why}")


def _linked(gpu: Gpu | None, device: Mapping[str, Any]) -> Iterator[Verdict]:
    """Lanes that are not connected; the driver's most is that of card and slot together."""
    lanes = device.get("pcie_lanes")
    most = max(device.get("pcie_lanes_max") or 0, int((gpu.value("pcie_lanes") if gpu else None) or 0))
    if lanes and most and lanes < most:
        yield Verdict("link", f"{lanes} of {most} PCIe lanes are connected: look at the slot and the riser")


def _fake(
    gpu: Gpu | None, device: Mapping[str, Any], found: Sequence[Measured], explained: Sequence[str],
    held: float,
) -> Iterator[Verdict]:  # fmt: skip
    """What cannot be of this model: memory, SMs, a speed that nothing else explains.

    `held` is the share of its boost at which the usual power limit lets it run.
    """
    if gpu is None or "sliced" in explained:
        return
    memory, sms = device.get("memory"), device.get("sms")
    if memory and not same_memory(gpu, float(memory)):
        stated = float(gpu.value("memory"))
        yield Verdict("fake", f"it has {memory / GIB:.1f} GiB, and a {gpu.id} has {stated / GIB:.1f} GiB")
    known = gpu.value("sms")
    if sms and known and int(sms) != int(known):
        yield Verdict("fake", f"it has {sms} SMs, and a {gpu.id} has {int(known)}")
    capability = gpu.value("compute_capability")
    if device.get("compute_capability") and capability and str(capability) != device["compute_capability"]:
        said = device["compute_capability"]
        yield Verdict("fake", f"its compute capability is {said}, and that of a {gpu.id} {capability}")
    yield from _speeds(gpu, found, explained, held)


def _power_held(gpu: Gpu | None, records: Sequence[Record]) -> float:
    """The share of boost clocks that the power limit leaves under products; 1 where it does not hold them."""
    told = [one.context.get("telemetry", {}) for one in records if one.row["workload"] == "micro/sustained"]
    clock = told[-1].get("clock_mean") if told else None
    boost = gpu.value("clock_boost") if gpu else None
    capped = told and any(
        share > 0.05 for name, share in told[-1].get("reasons", {}).items() if name in USUAL
    )
    return min(1.0, float(clock) / float(boost)) if capped and clock and boost else 1.0


def _speeds(gpu: Gpu, found: Sequence[Measured], explained: Sequence[str], held: float) -> Iterator[Verdict]:
    slow = not {"throttled", "capped", "shared"} & set(explained)
    moved = [one for one in found if one.what.endswith(" bandwidth")]
    bandwidths = [one.share for one in moved if one.share is not None]
    rates = {one.what: one.share for one in found if one.dimension == "flop rate" and one.share is not None}
    if bandwidths and (max(bandwidths) > _MOST or (slow and max(bandwidths) < _LEAST_BANDWIDTH)):
        yield Verdict("fake", f"its memory gives {max(bandwidths):.0%} of the bandwidth of a {gpu.id}")
    if rates and max(rates.values()) > _MOST:
        what = max(rates, key=lambda name: rates[name])
        yield Verdict("fake", f"its {what} reaches {rates[what]:.0%} of the peak of a {gpu.id}")
    elif rates and slow and max(rates.values()) < _LEAST_RATE * held:
        what = max(rates, key=lambda name: rates[name])
        yield Verdict(
            "fake", f"none of its products is above {rates[what]:.0%} of the peak of a {gpu.id} ({what})"
        )
