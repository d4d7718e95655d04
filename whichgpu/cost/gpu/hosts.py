"""How long the host of a GPU takes for a launch, against a server's.

Launching a kernel is one thread's work, so that its time goes with the inverse of what a processor does in
one thread. A runtime's time for a launch (`data/runtimes/`) holds on the servers that the fit was made on. A
card of the desktop stands in a desktop of its time, which is faster in one thread than a server of many
cores; a module (Jetson) has small cores of its own. `[hosts]` of `data/fits/prior.toml` has the ratings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whichgpu.cost.coefficients import section
from whichgpu.errors import UsageError
from whichgpu.hardware.architecture import architectures, families
from whichgpu.hardware.parts import kept

if TYPE_CHECKING:
    from whichgpu.hardware.gpu import Gpu

#: What a job may say of its host.
KINDS = ("desktop", "server")


def host(option: str) -> str:
    """The kind of host that a job states; "" where it states none. Raises `UsageError` for another."""
    said = option.strip().lower()
    if said and said not in KINDS:
        raise UsageError(
            f"option host: '{option}' is not desktop or server; write e.g. host=desktop, or launch=20us"
        )
    return said


@kept(1024)
def slowness(gpu: Gpu, stated: str = "") -> float:
    """Factor on the time of a launch beside a GPU, in the kind of host that is stated, else its usual one."""
    kind = kind_of(gpu, stated)
    if kind == "module":
        return float(section("launches")["edge"])
    if kind == "server":
        return 1.0
    known = section("hosts")
    years, ratings = zip(*known["desktop"], strict=True)
    return float(known["server"] / (known["usual"] * np.interp(_year(gpu), years, ratings)))


def unsure(gpu: Gpu, stated: str = "") -> float:
    """Log standard deviation of the time of a launch beside a GPU, in the kind of host that it has."""
    return float(section("spread")["host"][kind_of(gpu, stated)])


def kind_of(gpu: Gpu, stated: str = "") -> str:
    """The kind of a GPU's host: "module", else what is stated, else its usual one, "desktop" or "server"."""
    if is_module(gpu):
        return "module"
    return stated or ("desktop" if gpu.segment == "geforce" else "server")


def is_module(gpu: Gpu) -> bool:
    """Whether a GPU is part of a module with its own processor (Jetson)."""
    return gpu.segment == "edge"


def _year(gpu: Gpu) -> float:
    """When a card came out, or else its architecture, in years; before every desktop where no source says."""
    year, month, *_ = f"{gpu.value('release_date') or _first_year(gpu)}-1-1".split("-")
    return int(year) + (int(month) - 1) / 12.0


def _first_year(gpu: Gpu) -> int:
    """The year of the first card of an architecture; 0 where it was not read, or a user's GPU names none."""
    own = architectures().get(gpu.architecture)
    return (own.year or families()[own.family].year or 0) if own else 0
