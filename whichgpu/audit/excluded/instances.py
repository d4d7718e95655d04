"""More instances than any GPU can be divided into which the sentence can be about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.mentions import model
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.quantities import SPELLED
from whichgpu.audit.values.capabilities import CAPABILITIES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.excluded.scope import Scope
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.hardware.gpu import Gpu

#: So many parts of one device.
_PARTS = re.compile(
    r"\b(?P<n>two|three|four|five|six|seven|eight|[2-8])\s+(?:(?:isolated|independent|separate|fully|MIG|GPU|such|"
    r"smaller|hardware|\dg\.\d+gb)\s+){0,3}(?:instances?|partitions?|ways|pieces|tenants)\b",
    re.IGNORECASE,
)
#: What it is divided by: MIG, or a profile of it.
_MIG = re.compile(r"\bMIG\b|\bmulti-instance\b|\b\dg\.\d+gb\b", re.IGNORECASE)
_NOT = re.compile(
    r"\b(?:not|no|never|without|cannot|than|instead|vgpu|virtual|time[- ]slic\w*|cloud|docker|server|pods?|"
    r"each of|of the (?:two|three|four|five|six|seven|eight)|if|would|"
    r"cpx|spx|dpx|qpx|nps\d)\b|n[\u2019']t\b|\?",
    re.IGNORECASE,
)
#: Before the name of what another is compared with: "Against its predecessor, the RTX 6000 Ada, it gains".
_AGAINST = re.compile(
    r"\b(?:against|compared (?:to|with)|unlike|than|over|versus|vs\.?|predecessor,?|"
    r"(?:replac|succeed|follow)\w+)\s+"
    r"(?:(?:the|its|their|an?|old|older|nvidia|predecessor|forerunner)\b,?\s*){0,4}$",
    re.IGNORECASE,
)
_HAS = next(each.has for each in CAPABILITIES if each.key == "mig")


def instances(scope: Scope, context: Context) -> Iterator[Finding]:
    """Those of a sentence that no device can be divided into."""
    text, sentence = scope.passage.text, scope.sentence
    match = _PARTS.search(text, sentence.start, sentence.end)
    about = " ".join((*scope.passage.section[-1:], text))
    if match is None or not _MIG.search(about) or _NOT.search(sentence.text):
        return
    many = float(SPELLED.get(match["n"].lower(), 0) or match["n"])
    gpus = _meant(scope, context)
    known = [_most(gpu) for gpu in gpus]
    if not gpus or any(each is None or many <= each for each in known):
        return
    because = "; ".join(f"{gpu.id} has at most {each:g}" for gpu, each in zip(gpus[:4], known, strict=False))
    yield made(
        context, scope.passage, match.span(), "capability", "contradicted", attribute="mig_max",
        subject=", ".join(gpu.id for gpu in gpus), because=because, evidence=(Evidence(because),),
    )  # fmt: skip


def _meant(scope: Scope, context: Context) -> Sequence[Gpu]:
    """The one device that the sentence or its passage names, else all that it can be about."""
    text = scope.passage.text
    for every in (scope.here, context.mentions.get(scope.number, ())):
        found = [each for each in every if not _AGAINST.search(text, 0, each.start)]
        named = {model(each.named[0], context.catalogue): each.ids for each in found}
        if len(named) == 1:
            return [context.catalogue[key] for ids in named.values() for key in ids]
    return scope.gpus


def _most(gpu: Gpu) -> float | None:
    """Into how many instances a device can be divided; None where that is not known."""
    value = gpu.value("mig_max")
    return float(value) if value is not None else 0.0 if _HAS(gpu) is False else None
