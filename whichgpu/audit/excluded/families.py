"""An architecture that a sentence plainly gives a device, and that none is of which it can be about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.families import architectures, called, is_of
from whichgpu.audit.findings import Evidence, made

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.excluded.scope import Scope
    from whichgpu.audit.findings import Context, Finding

#: What is behind the name of an architecture that a device is of; what stands before it.
_CARD = re.compile(
    r"(?: Lovelace)?[ -](?:(?:gaming|workstation|based|data[- ]cent(?:er|re))\s+)?"
    r"(?:card|GPU|chip|part|board|accelerator|silicon|die|design|generation|architecture|family|line)s?\b",
    re.IGNORECASE,
)
_GIVES = re.compile(
    r"\b(?:(?:an?|this|that|of the|from the|on the|is|are|was|were|its|belongs? to the|based on|built on|"
    r"uses?)\s+(?:nvidia[\u2019']?s?\s+|amd[\u2019']?s?\s+|same\s+)*)$",
    re.IGNORECASE,
)


#: What comes after, or in the place of, one of another architecture.
_OF_KIN = re.compile(
    r"\b(?:succeed\w*|replac\w+|follow(?:s|ed|ing)|supersed\w+|inherit\w*|"
    r"descend\w*)\b",
    re.IGNORECASE,
)


def families(scope: Scope, context: Context) -> Iterator[Finding]:
    """Those of a sentence that no device is of."""
    text, sentence = scope.passage.text, scope.sentence
    if not scope.plain or _OF_KIN.search(sentence.text):
        return
    told = list(architectures().finditer(text, sentence.start, sentence.end))
    if len(told) != 1 or scope.speaks_of_others(told[0].start()):
        return
    match = told[0]
    gives = _GIVES.search(text, sentence.start, match.start())
    behind = _CARD.match(text, match.end())
    if not gives or not (behind or gives[0].lower().startswith(("based", "built", "is", "was"))):
        return
    if any(is_of(gpu, match[0]) for gpu in scope.gpus) or any(
        one.start <= match.start() < one.end for one in scope.here
    ):
        return
    names = sorted({called(gpu) for gpu in scope.gpus})
    if not all(names):
        return
    because = f"none that the text speaks of is of {match[0]}: they are of {', '.join(names)}"
    yield made(
        context, scope.passage, match.span(), "identity", "contradicted", attribute="architecture",
        subject=", ".join(gpu.id for gpu in scope.gpus), because=because,
        expected=names[0] if len(names) == 1 else "", evidence=(Evidence(because),),
    )  # fmt: skip
