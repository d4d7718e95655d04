"""Capabilities that a clause says its device has, or lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.capabilities import CAPABILITIES
from whichgpu.audit.fields import of_field
from whichgpu.audit.findings import made
from whichgpu.audit.sourced import source_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.capabilities import Capability
    from whichgpu.audit.clauses.parts import Clause
    from whichgpu.audit.findings import Context, Finding

#: Formats and features that a device has by its architecture.
_KEYS = frozenset({"fp8", "fp4", "bf16", "tf32", "nvlink", "mig", "ecc", "transformer_engine"})
_FILL = r"(?:\s+(?:native|hardware|full|any|the|an?|its|for|support|proper|real|built-in|own|of|with|memory))*\s+"
_HAS = r"(?:supports?|has|offers?|features?|includes?|comes with|brings|handles|accelerates|can (?:do|use|run))"
_LACKS = r"(?:lacks?|has no|had no|offers no|does(?: not|n[\u2019']t) (?:support|have|do|offer)|cannot (?:do|use|run)|without)"
_TELLS = re.compile(rf"(?P<lacks>\b{_LACKS}){_FILL}$|(?P<has>\b{_HAS}){_FILL}$", re.IGNORECASE)
_PARTLY = re.compile(
    r"\b(?:only|software|emulat\w+|driver|natively|officially|consumer|like|through|via|than|as|"
    r"storage|weights|or|either|some|one of)\b",
    re.IGNORECASE,
)
_NOT = re.compile(r"\s+not\b", re.IGNORECASE)
_NAMED = tuple((each, re.compile(rf"(?:{each.names})\b", re.IGNORECASE)) for each in CAPABILITIES if each.key in _KEYS)


def powers(clause: Clause, context: Context) -> Iterator[Finding]:
    """What a clause wrongly says that its device has or lacks."""
    if _PARTLY.search(clause.text):
        return
    for capability, names in _NAMED:
        for match in names.finditer(clause.passage.text, clause.start, clause.end):
            yield from _wrong(clause, capability, match, context)


def _wrong(clause: Clause, capability: Capability, match: re.Match[str], context: Context) -> Iterator[Finding]:
    tells = _TELLS.search(clause.passage.text, clause.start, match.start())
    gpus = [context.catalogue[key] for key in clause.subject.named]
    if tells is None or not gpus or _NOT.match(clause.passage.text, match.end()):
        return
    told = tells["lacks"] is None
    if not told and capability.key == "ecc":
        # On GeForce cards it is there, and of use to few.
        return
    if not all(capability.has(gpu) is (not told) for gpu in gpus):
        return
    best = gpus[0]
    field = capability.field
    known = f"{best.id}: {field.replace('_', ' ')} {best.display(field)}"
    yield made(context, clause.passage, (tells.start(), match.end()), "capability", "contradicted",
               subject=", ".join(gpu.id for gpu in gpus), attribute=capability.key, because=known,
               expected="no" if told else "yes", evidence=(source_of(best, field),))  # fmt: skip
