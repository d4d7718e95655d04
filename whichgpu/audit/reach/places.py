"""The place of a card in its range, which its successor takes: the xx70 of a generation, the A4000."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.facts import store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.hardware.gpu import Gpu

#: Cards whose number tells their place: its second half on a GeForce, its thousands on a workstation's card.
_GEFORCE = re.compile(r"(?:rtx-[2-9]|gtx-1)0(?P<place>[5-9]0)(?:-ti)?(?:-super)?(?:-\d+gb)?")
_WORKSTATION = re.compile(r"(?:quadro-rtx|rtx|rtx-pro)-a?(?P<place>[2-8])000(?:-ada|-blackwell\S*|-\d+gb)?")
#: Of the two largest cards of Turing either came before the largest that followed.
_LARGEST = {"8": "6"}


def _place(gpu: Gpu) -> tuple[str, str] | None:
    """The range of a card and its place in it; None where its name tells none."""
    for kind, pattern in (("geforce", _GEFORCE), ("workstation", _WORKSTATION)):
        # An xx80 Ti was the largest of some generations.
        if (told := pattern.fullmatch(gpu.id)) and "80-ti" not in gpu.id:
            return kind, _LARGEST.get(told["place"], told["place"])
    return None


@cache
def lines() -> tuple[tuple[str, ...], ...]:
    """Cards of which each took the place of the one before, though a generation may lie between."""
    return tuple(tuple(row) for row in store.load("lines")["lines"]["line"].values())


def apart(later: Sequence[Gpu], earlier: Sequence[Gpu]) -> str:
    """Why the one does not take the place of the other, of whichever devices two names can mean."""
    places = [{_place(gpu) for gpu in side} for side in (later, earlier)]
    if all(len(side) == 1 and None not in side for side in places):
        one, other = (next(iter(side)) for side in places)
        if one and other and one[0] == other[0] and one[1] != other[1]:
            return f"{later[0].name} is of another place in its range than {earlier[0].name}"
    own = [
        {line for line in lines() if any(gpu.id.split("-")[0] in line for gpu in side)}
        for side in (later, earlier)
    ]
    if all(own) and not own[0] & own[1]:
        return f"{later[0].name} came after {_before(later[0], own[0]) or 'another card'} in its line"
    return ""


def _before(gpu: Gpu, own: set[tuple[str, ...]]) -> str:
    """The card before one in its line."""
    line = next(iter(own))
    at = line.index(gpu.id.split("-")[0])
    return f"the {line[at - 1].upper()}" if at else ""
