"""The way to the host: "PCIe Gen5 x16" in cells and sentences, against what is on file."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit import tables
from whichgpu.audit.fields import ITS_OWN, SET_AGAINST, generations, owner_of
from whichgpu.audit.findings import made
from whichgpu.audit.judging import source_of
from whichgpu.audit.roles import spoken
from whichgpu.audit.sentences import sentences

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.sentences import Sentence
    from whichgpu.hardware.gpu import Gpu

_PCIE = re.compile(
    r"\bPCI(?:e|[- ]?Express)\s*(?:Gen(?:eration)?\.?\s*|v|version\s+)?(?P<n>[2-6])(?:\.[01])?"
    r"(?:\s*[x\u00d7]\s?(?P<lanes>\d{1,2}))?\b(?!\s*(?:GB|slots?|power|cables?|connectors?|pins?|-pin))",
    re.IGNORECASE,
)
#: A cell of a row that is of the bus: "Gen 4 x16", "4.0".
_CELL = re.compile(
    r"\s*(?:PCI(?:e|[- ]?Express)\s*)?(?:Gen(?:eration)?\.?\s*)?(?P<n>[2-6])(?:\.[01])?"
    r"(?:\s*[x\u00d7]\s?(?P<lanes>\d{1,2}))?\s*",
    re.IGNORECASE,
)
_HEAD = re.compile(
    r"\b(?:pcie|pci express|bus interface|host interface|system interface|interface|interconnect|bus)\b", re.I
)
_ENDS = re.compile(r"\s*(?:[.,;]|$)")
_OTHER = re.compile(
    r"\b(?:slot|motherboard|board|cpu|backward\w*|compatible|server|platform|lanes? (?:of|to)|switch)\b", re.I
)


def find(context: Context) -> Iterator[Finding]:
    """Every generation of PCIe that is said of a device, with its verdict."""
    yield from _cells(context)
    for index, passage in context.document.running():
        for sentence in sentences(passage.text) if _PCIE.search(passage.text) else ():
            yield from _of_sentence(index, passage, sentence, context)


def _cells(context: Context) -> Iterator[Finding]:
    for table in context.document.tables:
        for cell in tables.cells(table, context):
            if not _HEAD.search(cell.label) or "memory" in cell.label.lower():
                continue
            whole = _CELL.fullmatch(cell.passage.text) if "pci" in cell.label.lower() else None
            match = whole or _PCIE.search(cell.passage.text)
            if match:
                gpus = [context.catalogue[key] for key in cell.ids]
                yield from _judged(cell.passage, match, gpus, context)


def _of_sentence(index: int, passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    who = spoken(index, passage, sentence, context)
    found = list(_PCIE.finditer(sentence.text))
    if any(not sentence.text[a.end() : b.start()].strip() for a, b in pairwise(found)):
        # The row of a table without marks.
        return
    for match in _PCIE.finditer(passage.text, sentence.start, sentence.end):
        mention = owner_of(match.start(), who)
        near = passage.text[max(sentence.start, match.start() - 45) : match.end() + 25]
        inside = any(each.start < match.end() and match.start() < each.end for each in who.here)
        if mention is None or inside or SET_AGAINST.search(near) or _OTHER.search(near):
            continue
        listed = passage.kind == "item" and len(passage.text) <= len(near)
        # "PCIe 4.0 x16." by itself goes on with what the text lists of a device.
        alone = not sentence.text[: match.start() - sentence.start].strip() and _ENDS.match(
            passage.text, match.end()
        )
        if mention in who.here or listed or (who.certain and (alone or ITS_OWN.match(sentence.text))):
            gpus = [context.catalogue[key] for key in mention.ids]
            yield from _judged(passage, match, gpus, context)


def _judged(
    passage: Passage, match: re.Match[str], gpus: Sequence[Gpu], context: Context
) -> Iterator[Finding]:
    """The generation, and the lanes where they are told, of one of the devices that can be meant."""
    known = [gpu for gpu in gpus if gpu.value("pcie_generation") and gpu.confidence != "low"]
    if not known:
        return
    lanes = int(match["lanes"]) if match["lanes"] else 0
    right = [
        gpu
        for gpu in known
        if int(match["n"]) in generations(gpu)
        and (not lanes or not gpu.value("pcie_lanes") or int(gpu.need("pcie_lanes")) == lanes)
    ]
    best = (right or known)[0]
    has = f"PCIe {best.value('pcie_generation')}.0 x{best.value('pcie_lanes') or '?'}"
    # A card in a longer slot than it has lanes is often told by the slot.
    generation = any(int(match["n"]) in generations(gpu) for gpu in known)
    verdict = "confirmed" if right else "unverifiable" if generation else "contradicted"
    place = (match.start("n"), match.end())
    yield made(context, passage, place, "specification", verdict, subject=best.id,
               attribute="pcie_generation", because=f"{best.id} has {has}",
               expected="" if right else has, evidence=(source_of(best, "pcie_generation"),))  # fmt: skip
