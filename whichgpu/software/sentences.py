"""A verdict in words: one sentence that answers, then why, what is missing, what works instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.software import model
from whichgpu.software.features import FORMATS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.software.compat import Answered, OnGpu
    from whichgpu.software.model import Verdict
    from whichgpu.software.targets import Device

_SYSTEMS = {"linux": "Linux", "windows": "Windows", "wsl": "WSL 2", "macos": "macOS",
            "mixed": "each one's usual system"}  # fmt: skip
_HOW = {model.SUPPORTED: "runs on", model.LIMITED: "runs with limits on",
        model.UNSUPPORTED: "does not run on", model.UNKNOWN: "may or may not run on"}  # fmt: skip

#: The same of a part of the hardware, which a GPU has and which runs on none.
_HAS = {model.SUPPORTED: "has", model.LIMITED: "has with limits",
        model.UNSUPPORTED: "lacks", model.UNKNOWN: "may or may not have"}  # fmt: skip


def system(name: str) -> str:
    """A system as a sentence writes it."""
    return _SYSTEMS[name]


def verdict(one: Verdict) -> str:
    """The whole verdict as sentences."""
    return " ".join(f"{text.rstrip('.')}." for text in _parts(one))


def headline(one: Verdict, *, itself: bool = False) -> str:
    """What is answered, in a sentence without its full stop; `itself` where something in it is asked for."""
    what = f"{one.framework.title} {one.asked.words}".strip() + (" itself" if itself else "")
    where = _where(one.device, one.system)
    releases = model.span(one)
    return f"{what} {_HOW[one.answer]} {where}" + (
        f": {releases}" if releases and releases != one.asked.words else ""
    )


def feature(asked: Answered, gpu: OnGpu, under: str) -> str:
    """What is answered of a format or feature on a GPU, in a sentence without its full stop."""
    found = asked.feature
    titles = (one.framework.title for one in gpu.verdicts if one.framework.id == found.of)
    within = "".join(f" in {title}" for title in titles)
    how = f" ({found.support})" if asked.answer == model.LIMITED else ""
    note = f": {found.note}" if found.note else ""
    if is_part(asked, gpu):
        return f"{_where(gpu.device, under)} {_HAS[asked.answer]} {asked.asked}{how}{note}"
    return f"{asked.asked}{within} {_HOW[asked.answer]} {_where(gpu.device, under)}{how}{note}"


def is_part(asked: Answered, gpu: OnGpu) -> bool:
    """Whether what is asked for is a part of the hardware, and no format or feature of software."""
    return not gpu.verdicts and asked.feature.name not in FORMATS


def _where(device: Device, under: str) -> str:
    return f"{device.id} ({device.label or 'target not known'}) under {system(under)}"


def _parts(one: Verdict) -> Iterator[str]:
    yield headline(one)
    yield from one.why
    yield from (_opened(text) for text in one.limits)
    if one.install:
        yield f"Install: {one.install}"
    yield from (f"Instead: {text}" for text in one.instead)


def _opened(text: str) -> str:
    """A sentence with its capital, unless it begins with a name (`gfx1031`, `tensorflow-rocm`)."""
    word = text.partition(" ")[0].rstrip(",;:")
    return text[0].upper() + text[1:] if word.isalpha() else text


def short(one: Verdict) -> str:
    """A verdict for a cell of a matrix: `yes`, `to 2.14 (cu126)`, `no`, `?`."""
    if one.answer == model.UNKNOWN:
        return "?"
    if not one.runs:
        return "no"
    build = f" ({one.variant})" if one.variant else ""
    if one.until:
        return f"to {one.until}{build}"
    return f"{'yes' if one.answer == model.SUPPORTED else 'limited'}{build}"
