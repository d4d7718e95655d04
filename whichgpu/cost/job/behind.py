"""What stands behind a runtime's name where that is of other models than a job's, and what is said of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from whichgpu.cost.job.runtime import kept
from whichgpu.cost.job.runtimes import layered, runtime, suggested

if TYPE_CHECKING:
    from whichgpu.cost.job.runtime import Runtime

#: Units of networks that a library has built of a framework's layers: of pictures, and encoders of texts.
_LAYERED = ("images", "sequences")
#: How units of what hears or speaks begin.
_SOUNDS = ("audio", "mel", "second", "utterance")


@kept
def behind_networks(stack: Runtime, pictures: bool, unit: str, part: bool = False) -> Runtime:
    """What runs a network behind the name of pipelines, or makes pictures behind that of a framework.

    `unit` is what it makes, which sounds are told by. What makes pictures is a library's pipeline, of which
    the text says what it says of the framework; in memory, and in the format of the decoder, it is as the
    name says. A `part` of a pipeline by itself has none of what it does for each picture beside its networks.
    """
    found = _behind(stack, pictures, unit)
    return replace(found, fixed=0.0) if part else found


def _behind(stack: Runtime, pictures: bool, unit: str) -> Runtime:
    heard = stack.sounds if unit.startswith(_SOUNDS) else ""
    if not pictures and (behind := heard or stack.networks):
        return replace(runtime(behind, behind), exact=False)
    if stack.pipelines and pictures:
        found = runtime(f"{stack.pipelines} {stack.said}", stack.pipelines)
        return replace(
            found, exact=stack.exact, holds=stack.holds, keeper=stack.keeper, decodes_wide=stack.decodes_wide
        )
    return stack


@kept
def by_layers(stack: Runtime, unit: str) -> Runtime:
    """The framework whose layers a library's network is, one by one (`layers` of a runtime)."""
    return layered(stack, kernels=unit == "images")


def is_by_layers(stack: Runtime, unit: str) -> bool:
    """Whether a library's name stands for a framework's layers where such units are inferred."""
    return bool(stack.layers) and unit in _LAYERED


def in_its_stead(text: str, assumed: Runtime) -> str:
    """What is said of the runtime that was assumed for what free text names, or does not."""
    named = runtime(text, assumed.id)
    if named.exact and named.id != assumed.id and not suggested(text):
        bare = text.removeprefix(f"{named.id} ")
        return (
            f"runtime '{bare}' is known for other kinds of models; {assumed.title} was assumed for this one"
        )
    if text == assumed.id:
        # What a job without a name was filled in with, where that is a guess.
        return f"no runtime was named; {assumed.title} was assumed"
    return f"runtime '{text.removeprefix(f'{assumed.id} ')}' is not known; {assumed.title} was assumed"
