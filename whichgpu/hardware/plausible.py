"""The user's own devices held against themselves before they are used: what does not fit together is told.

A figure contradicts others where everything that it follows from is the user's own too. Where a file
changes one figure of a known device, as of a card whose memory runs faster, what it was derived from is
merely out of date: that is a remark.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from whichgpu.hardware.catalogue import Catalogue
from whichgpu.hardware.check import judge
from whichgpu.hardware.derive import derived
from whichgpu.hardware.fields import FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.hardware.check import Problem
    from whichgpu.hardware.gpu import Gpu


class Held(NamedTuple):
    """A catalogue without the devices whose own figures contradict each other, and what is to be said."""

    catalogue: Catalogue
    remarks: tuple[str, ...]


def held(known: Catalogue, *, assume: bool = False) -> Held:
    """The catalogue without the user's contradictory devices; with `assume` they are used as stated."""
    broken, remarks = dict(known.broken), []
    for key, gpu in known.items():
        if not gpu.user:
            continue
        against = list(_contradictions(gpu))
        if against and not assume:
            broken[key] = (
                f"{gpu.where}: its figures do not fit together: {'; '.join(against)}; correct the file, "
                "or take them as they are with --assume"
            )
        elif against:
            remarks.append(f"{gpu.where}: taken as it is: {'; '.join(against)}")
        remarks += _outdated(gpu)
    if len(broken) == len(known.broken):
        return Held(known, tuple(remarks))
    return Held(Catalogue({key: known[key] for key in known if key not in broken}, broken), tuple(remarks))


def _contradictions(gpu: Gpu) -> Iterator[str]:
    """What cannot be, of figures that the user stated."""
    for problem in judge(gpu):
        wrong = problem.what == "implausible" or (
            problem.what == "mismatch" and not _inherited(gpu, problem.field)
        )
        if wrong and gpu.own(problem.field):
            yield _told(problem)


def _outdated(gpu: Gpu) -> Iterator[str]:
    """What no longer follows from what the device started from has."""
    for problem in judge(gpu):
        if problem.what == "mismatch" and gpu.own(problem.field) and (old := _inherited(gpu, problem.field)):
            names = ", ".join(FIELDS[name].label.lower() for name in old)
            yield (
                f"{gpu.where}: taken as stated, though {_told(problem)}; state its {names} too where that "
                "changed"
            )


def _inherited(gpu: Gpu, field: str) -> list[str]:
    """The fields that a figure follows from and that the user did not state."""
    follows = derived(gpu, field)
    facts = follows.inputs if follows else ()
    return [
        name for name in gpu.fields() if not gpu.own(name) and any(gpu.fact(name) is one for one in facts)
    ]


def _told(problem: Problem) -> str:
    return f"{problem.field}: {problem.text.replace(' (user)', '')}"
