"""Rows of who makes a device, and of what links several: "Maker | NVIDIA | AMD", "Link | NVLink"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.capable.verdict import judged
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.tables import stated as tables
from whichgpu.audit.values.capabilities import CAPABILITIES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.tables.cells import Cell

_MAKER = re.compile(r"\W*(?:maker|manufacturer|vendor|brand|made by|chip maker)\W*", re.IGNORECASE)
_LINK = re.compile(
    r"\W*(?:gpu[- ]to[- ]gpu|card[- ]to[- ]card|multi-?gpu|peer|inter-?gpu)?\s*"
    r"(?:links?|interconnects?|connections?|connectivity|interface|bandwidth)?\s*(?:type)?\W*",
    re.IGNORECASE,
)
_NAME = re.compile(
    r"\s*(?P<name>NVIDIA|AMD|Intel|Apple|Google|AWS|Amazon|Huawei)(?: Corporation| Inc\.?)?\s*", re.IGNORECASE
)
#: NVLink told of a device, and of nothing that leaves it open.
_NVLINK = re.compile(
    r"\s*(?:yes,?\s+)?NVLink\b(?!.*\b(?:no|not|none|optional|bridge sold|n/a)\b)", re.IGNORECASE
)


def find(context: Context) -> Iterator[Finding]:
    """Every cell of such a row with its verdict."""
    nvlink = next(each for each in CAPABILITIES if each.key == "nvlink")
    for table in context.document.tables:
        for cell in tables.every(table, context):
            if _MAKER.fullmatch(cell.label):
                yield from _made_by(cell, context)
            elif cell.label.strip() and _LINK.fullmatch(cell.label) and _NVLINK.match(cell.passage.text):
                gpus = [context.catalogue[key] for key in cell.ids]
                place = (0, len(cell.passage.text))
                yield from judged(cell.passage, place, nvlink, gpus, told=True, context=context)


def _made_by(cell: Cell, context: Context) -> Iterator[Finding]:
    match = _NAME.fullmatch(cell.passage.text)
    vendors = {context.catalogue[key].vendor for key in cell.ids}
    if match is None or len(vendors) != 1:
        return
    maker = vendors.pop()
    told = "AWS" if match["name"].lower() == "amazon" else match["name"]
    right = told.lower() in maker.lower() or maker.lower() in told.lower()
    because = f"{cell.ids[0]} is made by {maker}"
    verdict = "confirmed" if right else "contradicted"
    yield made(context, cell.passage, match.span("name"), "identity", verdict,
               subject=cell.ids[0], attribute="vendor", because=because, expected="" if right else maker,
               evidence=(Evidence(because),))  # fmt: skip
