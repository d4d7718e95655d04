"""A capability told by what is done with it: bridged in pairs, carved into instances, a screen plugged in.

The frames of `data/frames.toml` tell which. What is said is wrong where no device has it that the sentence
names or, without a name, can be about.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit.claims.fittings import MODULES
from whichgpu.audit.excluded.capabilities import is_of_one
from whichgpu.audit.findings import made
from whichgpu.audit.frames.matching import frames, matches, parts
from whichgpu.audit.values.capabilities import CAPABILITIES
from whichgpu.audit.values.offers import usual
from whichgpu.audit.values.sourced import source_of
from whichgpu.hardware.fields import FIELDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from whichgpu.audit.excluded.scope import Scope
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.frames.matching import Part
    from whichgpu.hardware.gpu import Gpu


def _shows(gpu: Gpu) -> bool | None:
    """Whether a device has an output for displays; unknown where it was not read."""
    value = gpu.value("display_outputs")
    if value is None:
        return False if gpu.value("form_factor") in MODULES else None
    return str(value).lower() != "none"


def _has_fan(gpu: Gpu) -> bool | None:
    """Whether a device brings a fan; unknown where how it is cooled was not read."""
    value = gpu.value("cooling")
    return None if value is None else str(value).lower() != "passive"


#: Frames by their keys: the field that tells, and whether a device has what they say.
_HAS: Mapping[str, tuple[str, Callable[[Gpu], bool | None]]] = {
    **{each.key: (each.field, each.has) for each in CAPABILITIES},
    "display": ("display_outputs", _shows),
    "fan": ("cooling", _has_fan),
}


def in_words(scope: Scope, context: Context) -> Iterator[Finding]:
    """Those capabilities of a sentence that no device has."""
    if not scope.plain:
        return
    for part in parts(scope.passage.text, scope.sentence, context.mentions.get(scope.number, ())):
        for match in matches(part, frames("capable")):
            field, has = _HAS[match.frame.key]
            gpus = _of(part, scope, context)
            # AMD's accelerators and TPUs are partitioned by other means.
            if not gpus or any(has(gpu) is not False or gpu.vendor != "NVIDIA" for gpu in gpus):
                continue
            if any(scope.speaks_of_others(each.start) for each in match.tags):
                continue
            known = field if field in FIELDS and gpus[0].value(field) is not None else ""
            because = (
                f"{gpus[0].id}: {field.replace('_', ' ')} {gpus[0].display(field)}"
                if known
                else (f"{gpus[0].id} is {gpus[0].vendor}'s, {gpus[0].architecture}")
            )
            yield made(
                context, scope.passage, match.place, "capability", "contradicted", attribute=match.frame.key,
                subject=", ".join(gpu.id for gpu in gpus), because=because, expected="no",
                evidence=(source_of(gpus[0], known or "chip"),),
            )  # fmt: skip


def _of(part: Part, scope: Scope, context: Context) -> list[Gpu]:
    """The devices that a part is about: those that it names, else all that its sentence can be of."""
    here = [each for each in scope.here if part.start <= each.start < part.end]
    if here:
        return [context.catalogue[key] for each in here for key in usual(each.ids)]
    return list(scope.gpus) if scope.headed or scope.here or is_of_one(scope.sentence.text) else []
