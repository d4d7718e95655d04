"""Architectures as articles name them, and of which family a device is."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.facts import store
from whichgpu.hardware.architecture import families

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.findings import Context
    from whichgpu.hardware.gpu import Gpu


#: Generations that are numbered: "CDNA 3", "RDNA3.5".
_NUMBERED = r"[CR]DNA(?:[ -]?\d(?:\.\d)?)?"


@cache
def _family_names() -> Mapping[str, str]:
    """The id of a family, or of an architecture, by each name that it goes by."""
    found = dict(store.load("audit")["audit"]["architecture"])
    for key, family in families().items():
        if family.vendor == "NVIDIA":
            found[family.name.lower()] = key
            found[key] = key
    return found


@cache
def anywhere() -> str:
    """A pattern of every name of an architecture or a family, also where others are glued to it."""
    names = sorted(_family_names(), key=len, reverse=True)
    return rf"(?:{'|'.join([_NUMBERED, *map(re.escape, names)])})"


@cache
def architectures() -> re.Pattern[str]:
    """Every name of an architecture or a family."""
    # Scripts without blanks have no bounds of words.
    return re.compile(rf"(?<![A-Za-z0-9_]){anywhere()}(?![A-Za-z0-9_])", re.IGNORECASE)


def family_of(name: str) -> str:
    """The id of a family or an architecture by its name."""
    plain = name.lower().removesuffix(".0")
    return _family_names().get(plain) or re.sub(r"[ .-]", "", plain)


def is_of(gpu: Gpu, name: str) -> bool:
    """Whether a device is of a family or an architecture by its name; "RDNA" is all of them."""
    return family_of(name) in (gpu.family, gpu.architecture)


def called(gpu: Gpu) -> str:
    """What the architecture of a device is called; empty where no name is on file."""
    if gpu.family in ("cdna", "rdna"):
        number = gpu.architecture.removeprefix(gpu.family)
        return f"{gpu.family.upper()} {'.'.join(number)}".rstrip()
    own = [name for name, key in _family_names().items() if key == gpu.architecture]
    known = families().get(gpu.family)
    return own[0].title() if own else known.name if known else ""


_NAMES = r"(?:Kepler|Maxwell|Pascal|Volta|Turing|Ampere|Ada|Hopper|Blackwell|Rubin)\b"
#: What a generation is said to have done, or what came with it.
_GENERATION = re.compile(
    rf"\W*(?:The\s+)?(?P<name>{_NAMES})(?: Lovelace)?(?:\s+(?:generation|architecture))?\W*(?:\([^)]*\)\s+)?"
    r"(?:came|brought|introduced|followed|added|arrived|doubled|improved|was|had|has|then|in \d{4})\b|"
    r"[^.;]{0,40}?\b(?:came|arrived|appeared|debuted|(?:was|were) introduced)\s+"
    r"(?:only\s+|first\s+)?(?:with|in)\s+"
    rf"\W*(?P<by>{_NAMES})",
    re.IGNORECASE,
)


def of_generation(text: str, topic: Mention, context: Context) -> bool:
    """Whether a sentence is of another generation than that of a device: "Volta came a year later"."""
    said = _GENERATION.match(text)
    name = (said["name"] or said["by"]).lower() if said else ""
    return bool(name) and not context.catalogue[topic.ids[0]].architecture.startswith(name)
