"""Capabilities that a clause says its device, or a generation, has or lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.capabilities import CAPABILITIES
from whichgpu.audit.findings import made
from whichgpu.audit.sourced import source_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.capabilities import Capability
    from whichgpu.audit.clauses.parts import Clause
    from whichgpu.audit.findings import Context, Finding

#: Formats and features that a device has by its architecture.
_KEYS = frozenset({"fp8", "fp4", "bf16", "tf32", "nvlink", "mig", "ecc", "transformer_engine"})
_FILL = (
    r"(?:\s+(?:native|hardware|full|any|the|an?|its|for|support|proper|real|built-in|own|of|with|"
    r"memory))*\s+"
)
#: What is always said of the hardware, and what is where it is told how.
_HAS = r"supports?|has|offers?|features?|includes?|comes with|brings|accelerates?"
_DOES = r"takes?|executes?|handles?|runs?|run|computes? in|process(?:es)?|can (?:do|use|run)|does"
_NATIVELY = re.compile(
    r"\s+(?:\w+\s+)?(?:natively|directly|in hardware|at (?:the\s)?(?:full|same|twice|double)|"
    r"at \d[\d.,]* [TP]?(?:FLOPS|OPS))",
    re.IGNORECASE,
)
_LACKS = (
    r"lacks?|has no|had no|offers no|does(?: not|n[\u2019']t) (?:support|have|do|offer)|"
    r"cannot (?:do|use|run)|without"
)
_TELLS = re.compile(rf"\b(?:(?P<lacks>{_LACKS})|(?P<has>{_HAS})|(?P<does>{_DOES})){_FILL}$", re.IGNORECASE)
_PARTLY = re.compile(
    r"\b(?:only|software|emulat\w+|driver|officially|consumer|like|through|via|than|as|"
    r"storage|weights|or|either|some|one of|except)\b",
    re.IGNORECASE,
)
_NOT = re.compile(r"\s+(?:not|nicht|pas|non)\b", re.IGNORECASE)
_NAMED = tuple(
    (each, re.compile(rf"(?:{each.names})\b", re.IGNORECASE)) for each in CAPABILITIES if each.key in _KEYS
)
#: Cards of which two are joined by a bridge, and the connector that it goes on.
_JOINED = re.compile(
    r"\b(?:joined|linked|bridged|connected|paired) (?:with|by|over|via|through|using) (?:an? |"
    r"the )?(?:NVLink|NVLINK)(?: bridge)?\b|"
    r"\b(?:kept|keeps|has|retains?|inherit\w+) (?:the |an? )?(?:NVLink|bridge) connector\b"
)
#: A device that is divided.
_DIVIDED = re.compile(
    r"\b(?:can|may) be (?:split|divided|partitioned|sliced|carved)(?: up)? into (?:up to )?(?:two|four|"
    r"seven|\d) "
    r"(?:isolated |separate |independent |MIG )*(?:instances|slices|partitions)\b",
    re.IGNORECASE,
)


def powers(clause: Clause, context: Context) -> Iterator[Finding]:
    """What a clause wrongly says that its device has or lacks."""
    text = clause.passage.text
    for key, pattern in (("nvlink", _JOINED), ("mig", _DIVIDED)):
        capability = next(each for each in CAPABILITIES if each.key == key)
        for match in pattern.finditer(text, clause.start, clause.end):
            yield from _judged(clause, capability, match.span(), told=True, context=context)
    if _PARTLY.search(clause.text):
        return
    for capability, names in _NAMED:
        for match in names.finditer(text, clause.start, clause.end):
            yield from _told(clause, capability, match, context)


def _told(
    clause: Clause, capability: Capability, match: re.Match[str], context: Context
) -> Iterator[Finding]:
    text = clause.passage.text
    tells = _TELLS.search(text, clause.start, match.start())
    if tells is None or _NOT.match(text, match.end()):
        return
    if tells["does"] and not _NATIVELY.match(text, match.end()):
        return
    if tells["lacks"] and capability.key == "ecc":
        # On GeForce cards it is there, and of use to few.
        return
    place = (tells.start(), match.end())
    yield from _judged(clause, capability, place, told=tells["lacks"] is None, context=context)


def _judged(
    clause: Clause, capability: Capability, place: tuple[int, int], *, told: bool, context: Context
) -> Iterator[Finding]:
    gpus = [context.catalogue[key] for key in clause.subject.named]
    if not gpus or not all(capability.has(gpu) is (not told) for gpu in gpus):
        return
    best, field = gpus[0], capability.field
    known = f"{best.id}: {field.replace('_', ' ')} {best.display(field)}"
    yield made(context, clause.passage, place, "capability", "contradicted",
               subject=", ".join(gpu.id for gpu in gpus), attribute=capability.key, because=known,
               expected="no" if told else "yes", evidence=(source_of(best, field),))  # fmt: skip
