"""What of a framework a GPU has: formats, attention kernels, sharing; and what the hardware itself has.

A feature is `native`, `yes`, stands by something less (`weight-only`, `storage`, `emulated`, `partial`), is
`no`, or unknown where no source that was read speaks of the target.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.hardware.blank import blank
from whichgpu.hardware.fields import RATES
from whichgpu.software import codecs, targets
from whichgpu.values import immutable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whichgpu.software.frameworks import Framework, Row
    from whichgpu.software.targets import Device
    from whichgpu.software.versions import Numbers

#: How a GPU has a feature, best first; the first five run.
SUPPORT = ("native", "yes", "partial", "weight-only", "storage", "emulated", "no", "unknown")
#: Formats that the hardware of today has, best known first, in the words of `Architecture.native`.
FORMATS = ("fp32", "fp16", "bf16", "tf32", "int8", "fp8", "fp4")
#: Formats that came with matrix units.
_OF_MATRICES = ("bf16", "tf32", "fp8", "fp6", "fp4", "fp64-tensor")
#: From this share of the FP32 rate on a format is no slower.
_LEVEL = 0.99
#: Formats that compilers know only where the tensor cores have them.
_TAKEN = ("fp6",)


@immutable
class Feature:
    """Whether a GPU has one feature of a framework, or of the hardware where `of` is empty."""

    name: str
    names: tuple[str, ...]
    support: str
    note: str
    source: str
    of: str = ""

    @property
    def runs(self) -> bool:
        """Whether it can be used at all, if only by something less."""
        return self.support not in ("no", "unknown")

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {"name": self.name, "support": self.support, "note": self.note, "source": self.source}


def of(device: Device, framework: Framework, release: Numbers, system: str) -> tuple[Feature, ...]:
    """Every feature of a framework that the data speak of, as a GPU has it in a release on a system.

    An empty release stands for any. Of several statements about a feature the first about the target counts.
    """
    by_name: dict[str, list[Row]] = {}
    for row in framework.features:
        if (not release or row.holds(release, system)) and (not row.systems or system in row.systems):
            by_name.setdefault(row.raw["names"][0], []).append(row)
    return tuple(_feature(name, rows, device, framework.id) for name, rows in by_name.items())


def _feature(name: str, rows: Sequence[Row], device: Device, framework: str) -> Feature:
    spellings = tuple(dict.fromkeys(one for row in rows for one in row.raw["names"]))
    mine = [row for row in rows if not row.platforms or device.platform in row.platforms]
    for row in mine:
        if not row.targets or targets.best(device.target, row.targets):
            return Feature(name, spellings, row.text("support"), row.text("note"), row.source, framework)
    closed = [row for row in mine if not row.raw.get("open")]
    if closed and device.target:
        return Feature(name, spellings, "no", _needs(closed[0]), closed[0].source, framework)
    return Feature(name, spellings, "unknown", "no source that was read speaks of this GPU", "", framework)


def _needs(row: Row) -> str:
    """What a feature that a GPU lacks needs."""
    named = ", ".join(
        one.removesuffix("+") + (" or higher" if one.endswith("+") else "") for one in row.targets
    )
    cuda = any(one[:1].isdigit() or one[:1] == "=" for one in row.targets)
    return f"needs compute capability {named.replace('=', '')}" if cuda else f"on {named}"


def named(text: str, features: Sequence[Feature]) -> Feature | None:
    """The feature that a word names, or None: spellings differ in case, `-`, `_` and spaces only."""
    plain = _plain(text)
    return next((one for one in features if plain in map(_plain, (one.name, *one.names))), None)


def _plain(text: str) -> str:
    return "".join(letter for letter in text.lower() if letter.isalnum() or letter in "().")


def hardware(device: Device, system: str) -> tuple[Feature, ...]:
    """What the hardware has, whatever the framework: formats, instructions, sharing, links."""
    found = [one(device, name, system) for name in targets.capabilities()["feature"]]
    return (*formats(device), *found, *(_coding(codec, way, device) for _, codec, way in codecs.names()))


def formats(device: Device) -> tuple[Feature, ...]:
    """How a GPU has each format of numbers."""
    native = native_formats(device)
    return tuple(_format(name, native, device) for name in ("fp64", *FORMATS, "fp6", "int4", "fp64-tensor"))


def one(device: Device, name: str, system: str) -> Feature:
    """How a GPU has one feature of `data/capabilities.toml` by its name, or codes a codec: `av1-encode`."""
    row = targets.capabilities()["feature"].get(name)
    if row is not None:
        return _of_hardware(name, row, device, system)
    codec, _, way = name.rpartition("-")
    return _coding(codec, way, device)


def _coding(codec: str, way: str, device: Device) -> Feature:
    return Feature(f"{codec}-{way}", codecs.spellings(codec, way), *codecs.told(codec, way, device))


def native_formats(device: Device) -> tuple[str, ...]:
    """The formats that its units compute in: FP32, those stated, else those no slower than FP32."""
    stated = device.gpu.variant.native if device.gpu.variant else ()
    quick = [name for name in FORMATS if not stated and (_ratio(name, device) or 0.0) >= _LEVEL]
    taken = [name for name in _TAKEN if stated and compiled(name, device)]
    return tuple(dict.fromkeys(("fp32", *stated, *quick, *taken)))


def _ratio(name: str, device: Device) -> float | None:
    """The rate of a format as a multiple of that of FP32; None where either was not read."""
    rate, fp32 = device.gpu.value(name), device.gpu.value("fp32")
    return float(rate) / float(fp32) if rate and fp32 else None


def _format(name: str, native: Sequence[str], device: Device) -> Feature:
    spellings = (name, *targets.capabilities()["format"].get(name, ()))
    if any(one in native for one in spellings):
        return Feature(name, spellings, "native", "", "catalogue")
    ratio = _ratio(name, device) if name in RATES else None
    if ratio is not None:
        slow = f"at 1/{round(1.0 / ratio)} of the FP32 rate" if ratio < _LEVEL else "at the FP32 rate"
        return Feature(name, spellings, "partial" if ratio < _LEVEL else "yes", slow, "catalogue")
    if name in FORMATS and compiled(name, device):
        return Feature(name, spellings, "unknown", "compilers know it here; no rate was read", "catalogue")
    return Feature(name, spellings, *_without(name, device), "catalogue")


def _without(name: str, device: Device) -> tuple[str, str]:
    """What is said of a format that no rate and no list of its architecture speaks of, and the note."""
    variant = device.gpu.variant
    if untyped := targets.capabilities()["untyped"].get(device.platform, {}).get(name):
        return "no", str(untyped[0])
    instruction, how = targets.capabilities()["through"].get(name, ("", ""))
    if instruction and one(device, instruction, device.system).runs:
        return "partial", how
    if name == "bf16" and variant is not None and variant.widens_bf16:
        return "emulated", "widened to FP32"
    if unitless(name, device):
        return "no", "it has no matrix units"
    stated = device.platform == "cuda" or (variant is not None and variant.native)
    return "no" if stated else "unknown", _note(name, device)


def unitless(name: str, device: Device) -> bool:
    """Whether a format came with matrix units and an architecture is stated to have none, nor to widen it."""
    variant = device.gpu.variant
    if variant is None or device.platform == "cuda" or name.replace("_", "-") not in _OF_MATRICES:
        return False
    return variant.plain and not (name == "bf16" and variant.widens_bf16)


def compiled(name: str, device: Device) -> bool | None:
    """Whether compilers know a format at a GPU's compute capability; None where that is not told."""
    first = targets.capabilities()["first"].get(name)
    if not first or device.platform != "cuda" or not device.target:
        return None
    return targets.capability(device.target) >= targets.capability(first[0])


def _note(name: str, device: Device) -> str:
    """From which compute capability a format is there, for a GPU that lacks it."""
    first = targets.capabilities()["first"].get(name)
    before = first and device.platform == "cuda" and not compiled(name, device)
    return f"from compute capability {first[0]}" if before else ""


def _of_hardware(name: str, row: Mapping[str, Any], device: Device, system: str) -> Feature:
    spellings = tuple(row["names"])
    if row.get("vendor", device.gpu.vendor) != device.gpu.vendor:
        return Feature(name, spellings, "no", f"it is of {row['vendor']}'s GPUs", row["source"])
    stated = _stated(row, device)
    if stated and system in row.get("not_on", ()):
        return Feature(name, spellings, "no", f"not on {system}", row["source"])
    if stated is not None:
        note = row.get("note", "") if stated else ""
        return Feature(name, spellings, "yes" if stated else "no", note, "catalogue")
    if device.platform != "cuda":
        return Feature(name, spellings, "unknown", "no source that was read speaks of this GPU", "")
    if system in row.get("not_on", ()):
        return Feature(name, spellings, "no", f"not on {system}", row["source"])
    support = _by_part(row, device) or _by_target(row, device)
    support = support or ("no" if "native" in row or "yes" in row else "unknown")
    return Feature(
        name, spellings, support, "" if support == "unknown" else row.get("note", ""), row["source"]
    )


def _by_target(row: Mapping[str, Any], device: Device) -> str:
    """What a row says of a target; empty for nothing."""
    ways = ("native", "yes", "no")
    return next((way for way in ways if targets.best(device.target, tuple(row.get(way, ())))), "")


def _by_part(row: Mapping[str, Any], device: Device) -> str:
    """What a row says of one part, or of those made for something, as drivers tell them apart; else empty."""
    for key, way in (("parts", "yes"), ("without", "no")):
        if device.gpu.id in row.get(key, ()):
            return way
    if targets.best(device.target, tuple(row.get("apart", ()))):
        return ""
    return str(row.get("segments", {}).get(device.gpu.segment, ""))


def _stated(row: Mapping[str, Any], device: Device) -> bool | None:
    """What the catalogue states of a device: its value, or why it has none; None where no source was read."""
    field = row.get("field", "")
    if not field:
        return None
    value = device.gpu.value(field)
    if value is None:
        reason = blank(device.gpu, field)
        return reason.has if reason else None
    if "least" in row:
        return bool(value >= row["least"])
    return bool(value) and value not in ("no", "none")
