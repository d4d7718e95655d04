"""What a GPU is to a compiler: its target, and whether a build that names targets runs on it.

A target is a compute capability (`7.5`), an LLVM target of AMD (`gfx942`), or the name of a generation that
others compile for (`xe2-hpg`, `gaudi3`, `neuron-v2`, `tpu-v5e`, `apple`). What a build names:

    7.5         machine code of 7.5: runs on that and on later minor versions of 7
    9.0+ptx     the same and PTX, which the driver compiles for anything later
    7.5+        a statement of the documents: that and anything later
    7.5-9.0     a statement with an end
    =9.0        that one alone, as code for `sm_90a` is, and what a toolkit compiles for
    =8.6+ptx    that one alone, and PTX for anything later
    gfx1031?    not on the vendor's list, and used by setting another target
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from whichgpu.facts import store
from whichgpu.values import NamedTuple, immutable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from whichgpu.hardware.gpu import Gpu

#: How a build meets a target, best first.
NATIVE, PTX, UNOFFICIAL, NO = "native", "ptx", "unofficial", ""
_RANK = {NATIVE: 0, PTX: 1, UNOFFICIAL: 2, NO: 3}
_CUDA = r"(?P<exact>=)?(?P<low>\d+\.\d+)(?:-(?P<high>\d+\.\d+)|(?P<open>\+)(?P<ptx>ptx)?)?(?P<un>\?)?$"


class Fact(NamedTuple):
    """One fact of `data/capabilities.toml` or `data/software/`: its value and where it was read."""

    value: str
    source: str


@immutable
class Device:
    """A GPU as software sees it; `target` and `platform` are empty where they are not known.

    `platform` is what programs it (cuda, rocm, xpu, metal, gaudi, neuron, tpu), `host` the machine around it
    (x86_64, aarch64, jetson, mac).
    """

    gpu: Gpu
    platform: str
    target: str
    host: str

    @property
    def system(self) -> str:
        """The system that it is used under where none is stated."""
        return "macos" if self.platform == "metal" else "linux"

    @property
    def id(self) -> str:
        """The id of the GPU."""
        return self.gpu.id

    @property
    def label(self) -> str:
        """Its target in words: `compute capability 7.5`, `gfx942`."""
        return f"compute capability {self.target}" if self.platform == "cuda" else self.target


@cache
def capabilities() -> Mapping[str, Any]:
    """`data/capabilities.toml`: targets, hosts, features of hardware and drivers."""
    content: Mapping[str, Any] = store.load("capabilities")["capabilities"]
    return content


def device(gpu: Gpu) -> Device:
    """A GPU as software sees it."""
    known = capabilities()
    platform = known["platform"].get(gpu.architecture) or known["vendor"].get(gpu.vendor, "")
    host = (
        known["host"].get(gpu.id)
        or known["host"].get(gpu.architecture)
        or known["host_of"].get(platform, "x86_64")
    )
    return Device(gpu, platform, _target(gpu, platform, known), host)


def _target(gpu: Gpu, platform: str, known: Mapping[str, Any]) -> str:
    if platform == "cuda":
        return str(gpu.value("compute_capability") or "")
    chip = gpu.value("chip")
    return str(known["chip"].get(chip) or known["architecture"].get(gpu.architecture) or "")


@lru_cache(maxsize=4096)
def best(target: str, named: tuple[str, ...]) -> str:
    """How a build that names these targets runs on one: `NATIVE`, `PTX`, `UNOFFICIAL` or `NO`."""
    return min((_match(target, one) for one in named), key=_RANK.__getitem__, default=NO)


def better(one: str, other: str) -> bool:
    """Whether one way of running comes before another."""
    return _RANK[one] < _RANK[other]


def _match(target: str, named: str) -> str:
    if not target or not target[0].isdigit():
        plain = named.removesuffix("?")
        hit = target == plain or (plain.endswith("*") and target.startswith(plain[:-1]))
        return (UNOFFICIAL if named.endswith("?") else NATIVE) if target and hit else NO
    rule = re.match(_CUDA, named)
    return _capable(capability(target), rule) if rule else NO


def _capable(asked: tuple[int, int], rule: re.Match[str]) -> str:
    low = capability(rule["low"])
    found = NO
    if rule["exact"]:
        found = NATIVE if asked == low else PTX if rule["ptx"] and asked > low else NO
    elif rule["high"]:
        found = NATIVE if low <= asked <= capability(rule["high"]) else NO
    elif rule["open"] and not rule["ptx"]:
        found = NATIVE if asked >= low else NO
    elif asked[0] == low[0] and asked >= low:
        found = NATIVE
    elif rule["ptx"] and asked >= low:
        found = PTX
    return UNOFFICIAL if found and rule["un"] else found


def capability(text: str) -> tuple[int, int]:
    """A compute capability as numbers: `8.9` -> (8, 9)."""
    major, _, minor = text.partition(".")
    return int(major), int(minor or 0)


def bounds(named: Iterable[str]) -> tuple[str, str]:
    """The lowest and the highest compute capability that targets name; empty where there is no end."""
    rules = [rule for one in named if (rule := re.match(_CUDA, one))]
    lows = sorted((rule["low"] for rule in rules), key=capability)
    highs = sorted((rule["high"] or rule["low"] for rule in rules), key=capability)
    if not lows:
        return "", ""
    return lows[0], "" if any(rule["open"] for rule in rules) else highs[-1]
