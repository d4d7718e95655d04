"""The user's own devices held against themselves before they are used: what does not fit together is told.

A figure contradicts others where everything that it follows from is the user's own too. Where a file
changes one figure of a known device, as of a card whose memory runs faster, what it was derived from is
merely out of date: that is a remark.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.hardware.catalogue import Catalogue
from whichgpu.hardware.check import judge, like
from whichgpu.hardware.derive import derived
from whichgpu.hardware.fields import FIELDS, RATES
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.hardware.check import Problem
    from whichgpu.hardware.gpu import Gpu


#: Beyond this factor a figure is a slip, of which not even another chip or memory makes sense.
_SLIP = 4.0
#: How near a stated peak is to the sparse one that it is taken for.
_NEAR = 0.02
#: How many figures that are left as they were are named.
_NAMED = 4
_SPARSE = "that is the figure with 2:4 sparsity, and a peak here is dense"


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
        remarks += (*_outdated(gpu), *_left(gpu))
    if len(broken) == len(known.broken):
        return Held(known, tuple(remarks))
    return Held(Catalogue({key: known[key] for key in known if key not in broken}, broken), tuple(remarks))


def _contradictions(gpu: Gpu) -> Iterator[str]:
    """What cannot be, of figures that the user stated."""
    for problem in judge(gpu):
        wrong = problem.what == "implausible" or (
            problem.what == "mismatch"
            and (not _inherited(gpu, problem.field) or _slipped(gpu, problem.field))
        )
        if wrong and gpu.own(problem.field):
            yield _told(gpu, problem)


def _outdated(gpu: Gpu) -> Iterator[str]:
    """What no longer follows from what the device started from has."""
    for problem in judge(gpu):
        if (
            problem.what == "mismatch"
            and gpu.own(problem.field)
            and (old := _inherited(gpu, problem.field))
            and not _slipped(gpu, problem.field)
        ):
            names = ", ".join(FIELDS[name].label.lower() for name in old)
            told = _told(gpu, problem)
            yield f"{gpu.where}: taken as stated, though {told}; state its {names} too where that changed"


def _left(gpu: Gpu) -> Iterator[str]:
    """What the device started from has and no longer follows, now that a figure behind it is the user's."""
    stale, changed = [], dict[str, None]()
    for problem in judge(gpu):
        follows = derived(gpu, problem.field) if problem.what == "mismatch" else None
        stated = gpu.fact(problem.field) if follows else None
        if not follows or stated is None or gpu.own(problem.field):
            continue
        own = [name for name in gpu.fields() if gpu.own(name)
               and any(gpu.fact(name) is one for one in follows.inputs)]  # fmt: skip
        if own:
            changed.update(dict.fromkeys(own))
            stale.append(f"{problem.field} {stated.text} ({like(stated, follows.value)} would follow)")
    if stale:
        whose = ", ".join(f"{name} {fact.text}" for name in changed if (fact := gpu.fact(name)))
        more = f" and {len(stale) - _NAMED} more" if len(stale) > _NAMED else ""
        yield (
            f"{gpu.where}: {whose} is taken, and what rested on it is left as it was: "
            f"{', '.join(stale[:_NAMED])}{more}; state that too where it changed"
        )


def _slipped(gpu: Gpu, field: str) -> bool:
    """Whether a figure is so many times its derivation that a unit or a digit is wrong."""
    stated, follows = gpu.value(field), derived(gpu, field)
    if not stated or follows is None or not follows.value:
        return False
    return not 1 / _SLIP <= float(stated) / follows.value <= _SLIP


def _inherited(gpu: Gpu, field: str) -> list[str]:
    """The fields that a figure follows from and that the user did not state."""
    follows = derived(gpu, field)
    facts = follows.inputs if follows else ()
    return [
        name for name in gpu.fields() if not gpu.own(name) and any(gpu.fact(name) is one for one in facts)
    ]


def _told(gpu: Gpu, problem: Problem) -> str:
    told = f"{problem.field}: {problem.text.replace(' (user)', '')}"
    return told + (f"; {_SPARSE}" if _as_sparse(gpu, problem.field) else "")


def _as_sparse(gpu: Gpu, field: str) -> bool:
    """Whether a peak is that with 2:4 sparsity, which data sheets print, of what follows from the units."""
    stated, follows, factor = gpu.value(field), derived(gpu, field), gpu.sparse_times(field)
    if field not in RATES or follows is None or not stated or factor == 1:
        return False
    return abs(float(stated) / follows.value / factor - 1) <= _NEAR
