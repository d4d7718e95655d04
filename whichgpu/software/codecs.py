"""Which codecs the video units of a GPU encode and decode: `av1 decode`, `nvenc h265`, `hevc 4:2:2 encode`.

What a generation's units have stands in `data/codecs.toml`, by target and chip. A GPU of which the catalogue
says that it has no such unit has none of them; where no row speaks of it, the catalogue's own list does.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from whichgpu.facts import store
from whichgpu.hardware.blank import blank
from whichgpu.software import targets

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from whichgpu.software.targets import Device

#: By way: the field of the catalogue, how else people say it, and what NVIDIA calls its unit.
WAYS = {
    "encode": ("encoders", ("encode", "encoding", "encoder", "enc", "hardware encoding"), "nvenc"),
    "decode": ("decoders", ("decode", "decoding", "decoder", "dec", "hardware decoding"), "nvdec"),
}
#: What is in the text of a video unit that lists its codecs: every one of today codes it.
_LISTS = "H.264"
#: What such a text says for each codec that it speaks of.
_SAID = {"h264": "H.264", "hevc": "HEVC", "av1": "AV1", "vp9": "VP9", "prores": "ProRes"}
_NONE = ("", "no", "none")


def names() -> Iterator[tuple[str, str, str]]:
    """Every codec with each way of coding: the feature's name, the codec, the way."""
    for codec in _content()["codec"]:
        for way in WAYS:
            yield f"{codec}-{way}", codec, way


@cache
def spellings(codec: str, way: str) -> tuple[str, ...]:
    """What people write for coding a codec one way."""
    _, verbs, unit = WAYS[way]
    words = (codec.replace("-", " "), *_content()["codec"][codec])
    said = [f"{word} {verb}" for word in words for verb in (*verbs, unit)]
    return (*said, *(f"{verb} {word}" for word in words for verb in (unit, *verbs[:2])))


def told(codec: str, way: str, device: Device) -> tuple[str, str, str]:
    """Whether a GPU codes a codec that way (yes, no, unknown), what to know, and where that was read."""
    absent = _absent(device, WAYS[way][0])
    if absent is not None:
        return "no", absent, "catalogue"
    row = next((row for row in _content()["unit"] if _of(row, way, device)), None)
    if row is not None:
        return (*_listed(row, codec, way), row["source"])
    text = str(device.gpu.value(WAYS[way][0]) or "")
    if codec in _SAID and _LISTS in text:
        return "yes" if _SAID[codec] in text else "no", "", "catalogue"
    return "unknown", "no source that was read speaks of this GPU", ""


def _absent(device: Device, field: str) -> str | None:
    """Why a GPU has no such unit, as the catalogue has it; None where it does not say so."""
    value = device.gpu.value(field)
    if value is not None:
        return f"it has no video {field}" if str(value).lower() in _NONE else None
    reason = blank(device.gpu, field)
    return reason.why if reason and reason.has is False else None


def _of(row: Mapping[str, Any], way: str, device: Device) -> bool:
    """Whether a row speaks of a GPU's units for that way of coding."""
    if row.get("speaks_of", way) != way:
        return False
    if "chips" in row and device.gpu.value("chip") not in row["chips"]:
        return False
    return "targets" not in row or bool(targets.best(device.target, tuple(row["targets"])))


def _listed(row: Mapping[str, Any], codec: str, way: str) -> tuple[str, str]:
    if codec in row[way]:
        return "yes", ""
    if codec in row.get(f"some_{way}", ()):
        return "unknown", "some chips of this generation have it; the source does not say which"
    return "no", row.get("note", "") or f"its video unit has {', '.join(row[way]) or 'nothing'} to {way}"


@cache
def _content() -> Mapping[str, Any]:
    content: Mapping[str, Any] = store.load("codecs")["codecs"]
    return content
