"""A vGPU as a device: `a40:8q`, `a40:vgpu-8q`, or as NVIDIA writes it, `A40-8Q`, `GRID T4-16Q`.

A time-sliced vGPU has memory of its own; everything else is the whole GPU's for as long as its turn lasts.
Where as many are busy as there may be of a profile, each has one part in so many; an idle one leaves its
turn to the others. The figures are those of the busy GPU: what one can count on.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from whichgpu.errors import UsageError, one_line
from whichgpu.facts import store
from whichgpu.hardware.names import candidates, resolve
from whichgpu.hardware.parts import resized, scaled
from whichgpu.units import GIB

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.hardware.gpu import Gpu

# Patterns as text: what a command does not need is not compiled.
_OURS = r"(?i)^(?P<name>.*\S)\s*:\s*(?:vgpu-?)?(?:(?P<board>[a-z][a-z0-9-]*?)-)?(?P<profile>\d{1,3}[abcq])$"
_THEIRS = (
    r"(?i)^(?:(?:nvidia|grid|rtx pro 6000 blackwell)\s+)*"
    r"(?P<board>[a-z][a-z0-9-]*?)-(?P<profile>\d{1,3}[abcq])$"
)


def vgpu(text: str, catalogue: Catalogue) -> Gpu | None:
    """The vGPU that a spelling names; None where it names none.

    Raises `UsageError` for a GPU that has no vGPUs, or not this profile.
    """
    name = text.strip()
    if name[-1:].lower() not in ("a", "b", "c", "q"):
        return None
    ours = re.match(_OURS, name)
    if ours:
        gpu, board = resolve(ours["name"], catalogue), (ours["board"] or "").lower()
        if board and _boards().get(board) != gpu.id:
            raise UsageError(
                f"'{one_line(text)}': {board} is no name of {gpu.id}; write "
                f"{gpu.id}:{ours['profile'].lower()}"
            )
        return _of(gpu, ours["profile"].upper(), text)
    theirs = re.match(_THEIRS, name)
    board = _boards().get(theirs["board"].lower()) if theirs else None
    if theirs is None or board is None or candidates(text, catalogue):
        return None
    return _of(catalogue[board], theirs["profile"].upper(), text)


def for_workstations(gpu: str) -> dict[int, int] | None:
    """How many vGPUs for workstations a GPU may have, by the GB of each; None where no profiles were read."""
    group = _groups().get(gpu)
    return None if group is None else {int(size): most for size, most in group["most"].get("Q", {}).items()}


def profiles(gpu: str) -> tuple[str, str]:
    """Every vGPU profile of a GPU by edition, `Virtual PC (vPC): 24x 1B, 12x 2B; ..`, and its source.

    Both are empty where none were read.
    """
    group = _groups().get(gpu)
    if group is None:
        return "", ""
    counts = {
        series["edition"]: [f"{most}x {size}{kind}" for size, most in group["most"][kind].items()]
        for kind, series in _data()["series"].items()
        if kind in group["most"]
    }
    listed = (f"{edition}: {', '.join(of)}" for edition, of in counts.items())
    return "; ".join(listed), str(group["source"])


def _of(gpu: Gpu, profile: str, text: str) -> Gpu:
    group = _groups().get(gpu.id)
    if group is None:
        raise UsageError(
            f"'{one_line(text)}': {gpu.id} has no vGPUs, or its profiles were not read; for a share of it "
            f"write {gpu.id}:1/2"
        )
    known = {f"{size}{kind}": most for kind, sizes in group["most"].items() for size, most in sizes.items()}
    if profile not in known:
        kind = (
            f"profiles for {_data()['series'][profile[-1]]['for']} are not on file, "
            if profile[-1] not in group["most"]
            else ""
        )
        raise UsageError(
            f"no vGPU profile '{profile}' of {gpu.id}: {kind}it has {', '.join(known)}; write e.g. "
            f"{gpu.id}:{next(reversed(known)).lower()}"
        )
    return _made(gpu, profile, known[profile])


@cache
def _made(gpu: Gpu, profile: str, most: int) -> Gpu:
    """One of so many vGPUs of a GPU: its memory, and its turn at all else; the L2 is whole in its turn.

    A profile's memory is at most its part of what the GPU has to give, which is less under ECC.
    """
    values = scaled(gpu, 1.0, 1.0 / most)
    if "bandwidth" in values:
        values["bandwidth"] /= most
    values["memory"] = min(int(profile[:-1]) * GIB, gpu.need("memory") / most)
    return resized(gpu, f"{gpu.id}:{profile.lower()}", **values)


@cache
def _groups() -> Mapping[str, Any]:
    """The group of profiles of each GPU by id, with those for applications and desktops where it has them."""
    data = _data()
    found: dict[str, Any] = {gpu: group for group in data["group"].values() for gpu in group["gpus"]}
    for gpu in data["office"]["gpus"]:
        workstations = found[gpu]["most"]["Q"]
        desktops = {
            size: most for size, most in workstations.items() if int(size) in data["office"]["desktop"]
        }
        found[gpu] = {**found[gpu], "most": {**found[gpu]["most"], "B": desktops, "A": workstations}}
    return found


@cache
def _boards() -> Mapping[str, str]:
    """The id of each board by the name that its profiles begin with, in lower case."""
    return {name.lower(): gpu for name, gpu in _data()["board"].items()}


def _data() -> Mapping[str, Any]:
    found: Mapping[str, Any] = store.load("vgpu")["vgpu"]
    return found
