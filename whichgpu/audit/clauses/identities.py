"""What a clause says that its device is: of which architecture, with which memory, from which year."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.claims.identity import of_family
from whichgpu.audit.devices.families import architectures, is_of
from whichgpu.audit.values.certainty import excludes
from whichgpu.audit.values.fields import of_field

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.clauses.parts import Clause
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.hardware.gpu import Gpu

#: Between the subject and its architecture.
_IS_OF = re.compile(
    r"[\s*]*(?:(?:it|the \w+|this \w+|which|and|but|also|still)\s+)*"
    r"(?:(?:is|was)\s+)?(?:an?|the|also|still|based|built|made|on|upon|from|uses?|using|belongs? to|"
    r"(?:moved|moves|switched|jumped|went|goes|upgraded) to|brought|adopt(?:s|ed)|"
    r"part of|with|"
    r"nvidia[\u2019']s|amd[\u2019']s|intel[\u2019']s|newer|older|new|old|latest|modern|mature|same|its|"
    r"generation|architecture|\s)+",
    re.IGNORECASE,
)
_NO_IDENTITY = re.compile(
    r"\b(?:not|than|predecessor|successor|replac\w+|before|after|unlike|until|follow\w*|compet\w*|cores?|"
    r"like|"
    r"as|or|next|previous|first|last|only)\b",
    re.IGNORECASE,
)
_MEMORY = re.compile(r"\b(?:GDDR\d[xX]?|HBM\d[eE]?)\b")
_HAS_MEMORY = re.compile(
    r"\b(?:has|uses?|carries|comes? with|offers?|packs|with|moved to|fitted with|gets?|is)\b", re.IGNORECASE
)
_NO_MEMORY = re.compile(
    r"\b(?:not|no|than|instead|or|unlike|from|replac\w+|over|version|variant|like|as|without|lacks?)\b",
    re.IGNORECASE,
)


def identities(clause: Clause, context: Context) -> Iterator[Finding]:
    """The architecture and the memory of a clause that are not its device's."""
    gpus = [context.catalogue[key] for key in clause.subject.named]
    yield from _architecture(clause, gpus, context)
    yield from _memory(clause, gpus, context)


def _architecture(clause: Clause, gpus: Sequence[Gpu], context: Context) -> Iterator[Finding]:
    text = clause.passage.text
    found = list(architectures().finditer(text, clause.start, clause.end))
    if len(found) != 1 or _NO_IDENTITY.search(clause.text):
        return
    first = clause.subject.end if clause.named else clause.start
    if found[0].start() < first or not _IS_OF.fullmatch(text, first, found[0].start()):
        return
    if not any(is_of(gpu, found[0][0]) for gpu in gpus):
        yield of_family(clause.passage, found[0].span(), found[0][0], gpus, context)


def _memory(clause: Clause, gpus: Sequence[Gpu], context: Context) -> Iterator[Finding]:
    found = list(_MEMORY.finditer(clause.passage.text, clause.start, clause.end))
    if len(found) != 1 or _NO_MEMORY.search(clause.text) or not _HAS_MEMORY.search(clause.text):
        return
    told = found[0][0].upper()
    known = [gpu for gpu in gpus if gpu.value("memory_type")]
    # HBM3 and HBM3e are told of each other by many.
    right = [gpu for gpu in known if str(gpu.value("memory_type")).upper().rstrip("E") == told.rstrip("E")]
    if known and not right and all(excludes(gpu, "memory_type", math.inf) for gpu in known):
        yield of_field(
            clause.passage, found[0].span(), "specification", "memory_type", known, "contradicted", context
        )
