"""Rows of tables that are neither quantities nor capabilities: the generation of PCIe, the year of launch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.explained import of_words
from whichgpu.audit.fields import generations, of_field
from whichgpu.audit.variants import cells

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.cells import Cell
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.hardware.gpu import Gpu

_PCIE = re.compile(
    r"\b(?:PCIe|PCI[- ]Express|PCI-E)\s*(?:Gen(?:eration)?\.?\s*)?([1-7])(?:\.0)?\b", re.IGNORECASE
)
_GEN = re.compile(r"\s*(?:Gen(?:eration)?\.?\s*)?([1-7])(?:\.0)?\b", re.IGNORECASE)
_INTERFACE = re.compile(r"pci|interface|bus")
_LAUNCH = re.compile(
    r"(?:release|launch|introduction|announcement|year|date)(?:ed|d)?(?: date| year)?|"
    r"jahr|ann\u00e9e|a\u00f1o|anno|ano"
)
_ORDINAL = re.compile(r"\b([1-6])(?:st|nd|rd|th)[- ]gen(?:eration)?\b", re.IGNORECASE)
_GENERATIONS = {
    "tensor core": "tensor_core_generation",
    "rt core": "rt_core_generation",
    "ray tracing core": "rt_core_generation",
}
_YEAR = re.compile(r"\b20[012]\d\b")
_ORDER = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = re.compile(rf"\b({'|'.join(_ORDER)})[a-z]*\.? (20[012]\d)\b", re.IGNORECASE)
#: A card is sold within so many months of its announcement.
_MONTHS_OFF, _CARDS = 9, ("geforce", "workstation", "radeon")


def find(context: Context) -> Iterator[Finding]:
    """Every such cell with its verdict."""
    for table in context.document.tables:
        found = cells(table, context)
        headed = of_words(found, lambda cell: _tells_its_generation(cell, context))
        for cell in found:
            gpus = [context.catalogue[key] for key in cell.ids]
            label = cell.label.lower().strip(" :*")
            interface = label if cell.label not in headed else "interface"
            yield from _generation(cell.passage, interface, gpus, context)
            # A device is of the year of any of its forms.
            yield from _dated(cell.passage, label, [context.catalogue[key] for key in cell.named], context)
            yield from _of_cores(cell.passage, label, gpus, context)


def _tells_its_generation(cell: Cell, context: Context) -> bool | None:
    """Whether a cell that names a generation of PCIe names that of its device; None where it names none."""
    gpus = [context.catalogue[key] for key in cell.ids]
    answers = [each.verdict == "confirmed" for each in _generation(cell.passage, "interface", gpus, context)]
    return all(answers) if answers else None


def _generation(passage: Passage, label: str, gpus: Sequence[Gpu], context: Context) -> Iterator[Finding]:
    """The generation of PCIe: "PCIe 4.0 x16", "Gen5"."""
    match = _PCIE.search(passage.text) or (_GEN.match(passage.text) if "pci" in label else None)
    known = [gpu for gpu in gpus if gpu.value("pcie_generation")]
    if not known or match is None or not _INTERFACE.search(label) or "width" in label:
        return
    right = [gpu for gpu in known if int(match[1]) in generations(gpu)]
    verdict = "confirmed" if right else "contradicted" if known[0].confidence != "low" else "unverifiable"
    yield of_field(
        passage, match.span(1), "specification", "pcie_generation", right or known, verdict, context
    )


def _of_cores(passage: Passage, label: str, gpus: Sequence[Gpu], context: Context) -> Iterator[Finding]:
    """The generation of cores beside their number: "336 (3rd Gen)"."""
    match = _ORDINAL.search(passage.text)
    field = next((name for words, name in _GENERATIONS.items() if words in label), "")
    known = [gpu for gpu in gpus if field and gpu.value(field)]
    if match is None or not known:
        return
    right = [gpu for gpu in known if int(gpu.need(field)) == int(match[1])]
    verdict = "confirmed" if right else "contradicted"
    yield of_field(passage, match.span(), "identity", field, right or known, verdict, context)


def _dated(passage: Passage, label: str, gpus: Sequence[Gpu], context: Context) -> Iterator[Finding]:
    """The year of the launch; one beside it may be that of the announcement or of the shops."""
    match = _YEAR.search(passage.text) if _LAUNCH.fullmatch(label) else None
    dated = [gpu for gpu in gpus if gpu.value("release_date")]
    if match is None or not dated:
        return
    apart = min(abs(int(match[0]) - int(str(gpu.value("release_date"))[:4])) for gpu in dated)
    near = apart == 1 and not any(_months_off(passage.text, gpu) > _MONTHS_OFF for gpu in dated)
    verdict = "confirmed" if not apart else "unverifiable" if near else "contradicted"
    yield of_field(passage, match.span(), "identity", "release_date", dated[:1], verdict, context)


def _months_off(text: str, gpu: Gpu) -> int:
    """How many months a day with its month is off the release of a card; 0 where none is told."""
    told, born = _MONTH.search(text), str(gpu.value("release_date"))
    if told is None or len(born) < len("2024-01") or gpu.segment not in _CARDS:
        return 0
    months = 12 * int(told[2]) + _ORDER.index(told[1].lower()) + 1
    return abs(months - 12 * int(born[:4]) - int(born[5:7]))
