"""Tables of links: a bare "bandwidth" beside NVLink is the link's, and not that of the memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.values.attributes import attributes

if TYPE_CHECKING:
    from whichgpu.audit.document import Table
    from whichgpu.audit.values.attributes import Attribute

#: A header that names no memory: "Bandwidth", "Bandwidth (bi-dir)", "Total bandwidth".
BARE = re.compile(
    r"[\s*_]*(?:(?:peak|max(?:imum)?|total|aggregate|link|bi-?dir\w*)\.?\s+)*(?:bandwidth|throughput|speed)"
    r"[\s*_]*(?:\([^()]{0,30}\))?[\s*_]*",
    re.IGNORECASE,
)
_NVLINK = re.compile(r"[\s*_]*(?:nvidia\s+)?nvlink", re.IGNORECASE)
_OTHER = re.compile(
    r"[\s*_]*(?:pcie|pci[- ]express|infiniband|ethernet|infinity fabric|roce|nvswitch|ualink|qpi|upi|xgmi|"
    r"thunderbolt|oculink|usb)\b",
    re.IGNORECASE,
)
_MEMORY = re.compile(r"memory|vram|ram\b|hbm|gddr", re.IGNORECASE)


def of_link(
    table: Table, place: tuple[int, int], first: int, attribute: Attribute | None
) -> Attribute | None:
    """The attribute of a cell; of a bare bandwidth that of the link which its row or its neighbour names."""
    row, column = place
    head = table.cell(0, column)
    if attribute is None or attribute.key != "bandwidth" or head is None or not BARE.fullmatch(head.text):
        return attribute
    left = [
        cell.text for at in range(min(first, column) + 1) if (cell := table.cell(row, at)) and at != first
    ]
    if any(_OTHER.match(text) for text in left):
        return None
    before = table.cell(0, column - 1) if column else None
    beside = before is not None and _NVLINK.match(before.text) and not _MEMORY.search(before.text)
    return attributes()["nvlink"] if beside or any(_NVLINK.match(text) for text in left) else attribute
