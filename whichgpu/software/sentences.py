"""A verdict in words: one sentence that answers, then why, what is missing, what works instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.software import model

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.software.model import Verdict

_SYSTEMS = {"linux": "Linux", "windows": "Windows", "wsl": "WSL 2", "macos": "macOS",
            "mixed": "its usual system"}  # fmt: skip


def system(name: str) -> str:
    """A system as a sentence writes it."""
    return _SYSTEMS[name]


def verdict(one: Verdict) -> str:
    """The whole verdict as sentences."""
    return " ".join(f"{text.rstrip('.')}." for text in _parts(one))


def headline(one: Verdict) -> str:
    """What is answered, in a sentence without its full stop."""
    what = f"{one.framework.title} {one.asked.words}".strip()
    where = f"{one.device.id} ({one.device.label or 'target not known'}) under {system(one.system)}"
    releases = model.span(one)
    if one.answer == model.SUPPORTED:
        told = "runs on"
    elif one.answer == model.LIMITED:
        told = "runs with limits on"
    elif one.answer == model.UNSUPPORTED:
        told = "does not run on"
    else:
        told = "may or may not run on"
    return f"{what} {told} {where}" + (f": {releases}" if releases and releases != one.asked.words else "")


def _parts(one: Verdict) -> Iterator[str]:
    yield headline(one)
    yield from one.why
    yield from (text[0].upper() + text[1:] for text in one.limits)
    if one.install:
        yield f"Install: {one.install}"
    yield from (f"Instead: {text}" for text in one.instead)


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
