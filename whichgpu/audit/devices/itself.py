"""Names that say more than the card on file has: "RTX 4070 AD103", "RTX 3060 GDDR6X", "RTX 4080 12GB".

Such a card is another one, or was never sold: what is said of it is no statement on the one of that name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.mentions import mentions
from whichgpu.audit.values.attributes import CHIP
from whichgpu.hardware.gpu import nominal_gb

if TYPE_CHECKING:
    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.hardware.catalogue import Catalogue

#: A size, and a kind of memory, right behind the name of a device.
_SIZE = re.compile(r"\s?(\d{1,3})\s?GB\b")
_KIND = re.compile(
    r"\s+(GDDR\d[Xx]?|HBM\d?[Ee]?)(?=\s*(?:$|[-:;,.|/\u2013]|(?:vs|and|und|et|e|y|gegen|contre|contra)\b))"
)


def is_itself(text: str, mention: Mention, catalogue: Catalogue) -> bool:
    """Whether a heading says no chip, size or kind of memory that the device which it names does not have."""
    size, kind = _SIZE.match(text, mention.end), _KIND.match(text, mention.end)
    gpus = [catalogue[key] for key in mention.ids]
    sizes = {nominal_gb(float(gpu.value("memory") or 0.0)) for gpu in gpus}
    if size and not sizes & {float(size[1]), None}:
        return False
    kinds = {str(gpu.value("memory_type") or "").upper() for gpu in gpus}
    if kind and "" not in kinds and kind[1].upper() not in kinds:
        return False
    chips = {str(gpu.value("chip") or "").upper() for gpu in gpus}
    # "GH200" is a device, and no chip.
    said = CHIP.findall(text[: mention.start] + text[mention.end :])
    return not said or not all(chips) or any(chip.startswith(one) for one in said for chip in chips)


#: Headings that are looked at for the name of a card.
_HEADINGS = 40


def is_of_its_name(found: Finding, context: Context) -> bool:
    """Whether what is accused is of the name by which a heading sets a card apart from the one on file."""
    if found.attribute not in ("chip", "memory_type"):
        return False
    headings = [each.text for each in context.document.passages if each.kind in ("title", "heading")]
    ids = set(found.subject.split(", "))
    return any(
        text[each.end :].lstrip(" (").startswith(found.quote) and ids & set(each.ids)
        for text in (context.document.title, *headings[:_HEADINGS])
        for each in mentions(text, context.catalogue)
    )
