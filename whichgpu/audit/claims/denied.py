"""What no card of a kind is said to have ("No GeForce card has tensor cores"), held against the kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.claims.capability import capability_at, judged
from whichgpu.audit.sentences import sentences

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.findings import Context, Finding

_NO_CARD = re.compile(
    r"\bno\s+(?:nvidia\s+|amd\s+)?(?P<kind>geforce|consumer|gaming|quadro|workstation|professional|laptop|radeon)\s+"
    r"(?:cards?|gpus?|models?)\s+(?:has|have|supports?|offers?|comes? with|includes?|can use)\s+"
    r"(?:native\s+|hardware\s+|any\s+)?",
    re.IGNORECASE,
)
#: The segment that a kind is of in the catalogue, and its maker where it is one maker's.
_KINDS = {
    "geforce": ("geforce", "NVIDIA"), "radeon": ("geforce", "AMD"), "consumer": ("geforce", ""),
    "gaming": ("geforce", ""), "quadro": ("workstation", "NVIDIA"), "workstation": ("workstation", ""),
    "professional": ("workstation", ""), "laptop": ("laptop", ""),
}  # fmt: skip
#: Words of those of today alone.
_OF_TODAY = re.compile(
    r"\b(?:current\w*|modern|today|now|any ?more|longer|recent|new|newer|latest|other)\b", re.IGNORECASE
)


def find(context: Context) -> Iterator[Finding]:
    """Every capability that is denied of a whole kind, and that some of the kind have."""
    for _, passage in context.document.running():
        if "o " not in passage.text:
            continue
        for match in _NO_CARD.finditer(passage.text):
            sentence = next(each for each in sentences(passage.text) if each.end > match.start())
            found = capability_at(passage.text, match.end())
            if found is None or _OF_TODAY.search(sentence.text):
                continue
            what, length = found
            segment, vendor = _KINDS[match["kind"].lower()]
            every = (context.catalogue[key] for key in context.catalogue)
            kind = [gpu for gpu in every if gpu.segment == segment and vendor in ("", gpu.vendor)]
            have = [gpu for gpu in kind if gpu.confidence != "low" and what.has(gpu)]
            newest = sorted(have, key=lambda gpu: str(gpu.value("release_date") or ""))[-1:]
            place = (match.start(), match.end() + length)
            yield from judged(passage, place, what, newest, told=False, context=context)
