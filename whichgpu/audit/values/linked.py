"""Rates of links that are taken for those of memory, and each way of a link that is taken for both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import withheld

if TYPE_CHECKING:
    from collections.abc import Iterable

    from whichgpu.audit.findings import Context, Finding

_LINKS = re.compile(
    r"\bnvlink|\bnvswitch|\bbridges?\b|\binterconnects?\b|\binfiniband\b|\ball-?reduce|\bnccl|"
    r"\bbus ?(?:bandwidth|bw)\b|\bpeer-to-peer\b",
    re.IGNORECASE,
)
_MEMORY = re.compile(r"\b(?:memory|vram|hbm\w*|gddr\w*|dram)\b", re.IGNORECASE)
_PER_GPU = re.compile(r"\bper (?:gpu|card|accelerator)\b", re.IGNORECASE)
_HEADING = re.compile(r"\n#{1,6} |\n\n[A-Z][^\n]{3,60}\n[=-]{3,}\n")
#: A row, or an item of a list: no paragraph that begins with words in bold.
_LISTED = re.compile(r"\s*(?:\||[-*\u2022]\s|\d{1,2}[.)]?\s)")
_ROW = re.compile(r"\s*\|\s*[*_]*(?:nvidia\s+)?nvlink\s?[\d(]", re.IGNORECASE)
_MEASURED = re.compile(r"\bmeasur\w*|\bnccl|\ball-?reduce|\bachiev\w*|\breal\b", re.IGNORECASE)
#: Characters before a rate that its section is looked for in, and of its line before it.
_REACH = 1600
_WHY = "its section is about links, and its line names no memory"


def without_links(found: Iterable[Finding], context: Context) -> list[Finding]:
    """Findings as they are, or unverifiable where a bandwidth is that of links."""
    return [withheld(each, _WHY) if each.accuses and _is_of_links(each, context) else each for each in found]


_KEYS = ("bandwidth", "nvlink")
#: "112.5 GB/s, so about 56 each way": the half of it is told right behind.
_EACH_WAY = re.compile(
    r",?\s+(?:so|or|i\.e\.|that is)\s+(?:about |some |around )?[\d.]+\s?(?:GB/s )?each way", re.IGNORECASE
)


def _is_of_links(found: Finding, context: Context) -> bool:
    if found.attribute == "nvlink" and found.kind == "category":
        return _EACH_WAY.match(context.document.original, found.end) is not None
    if found.attribute not in _KEYS or found.kind != "specification":
        return False
    text = context.document.original
    section = text[max(0, found.start - _REACH) : found.start]
    last = max((match.end() for match in _HEADING.finditer(section)), default=0)
    begin = text.rfind("\n", 0, found.start) + 1
    line = text[begin : found.end]
    # The word NVLink in a line of its own bandwidth makes no section of links.
    section = section[last : begin - found.start if found.attribute == "nvlink" else None]
    header = _header(text, found.start) if line.lstrip().startswith("|") else ""
    # "NVLink per GPU" is of no switch and of no machine.
    own = _PER_GPU.search(line) if found.attribute == "nvlink" else None
    # "NVLink 3 (Ampere) | 600 GB/s | A100": a row of a link, by its name and what it moves.
    of_row = found.attribute == "nvlink" and _ROW.match(line) and not _MEASURED.search(header + line)
    told = _MEMORY.search(line) or _MEMORY.search(header) or own or of_row
    listed = _LISTED.match(line) is not None
    return (
        listed and told is None and _LINKS.search(section) is not None and len(_MEMORY.findall(section)) < 2
    )


def _header(text: str, at: int) -> str:
    """The first row of the table that a place is in."""
    start = text.rfind("\n\n", 0, at) + 2
    return text[start : text.find("\n", start)]
