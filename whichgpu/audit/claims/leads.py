"""Lists of reasons to take a device: "Choose the RTX A6000 if" and then "- You rely on FP8 inference"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.capable.verdict import judged
from whichgpu.audit.claims.choice import ANY_WISH, WISHES
from whichgpu.audit.claims.rule import OF_FP64, without_fp64

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.subjects import Mention

#: What leads to a list of reasons, with the device that they are for.
_LEADS = re.compile(
    r"\b(?:choose|choosing|pick|select|go (?:with|for)|opt for|get|buy|rent|use|who should|best for|"
    r"ideal for|"
    r"right (?:choice|pick)|makes sense|is enough|suffices|is (?:better|best|ideal))\b",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"\b(?:not|never|no|avoid|skip|unless|without|instead|rather|over|lacks?|miss\w*)\b|n[\u2019']t\b",
    re.IGNORECASE,
)


def find(context: Context) -> Iterator[Finding]:
    """Every reason that asks for what its device has not."""
    lead: Mention | None = None
    for index, passage in enumerate(context.document.passages):
        named = context.mentions.get(index, ())
        if passage.kind != "item":
            one = len({each.named for each in named}) == 1 and _LEADS.search(passage.text)
            # A heading stands until the next one.
            if one or passage.kind == "heading" or named:
                lead = named[0] if one and not _DENIED.search(passage.text) else None
            continue
        if lead is None or named or _DENIED.search(passage.text):
            continue
        gpus = [context.catalogue[key] for key in lead.ids]
        if match := OF_FP64.search(passage.text):
            yield from without_fp64(passage, match.span(), lead, context)
        for each, pattern in WISHES if ANY_WISH.search(passage.text) else ():
            if wish := pattern.search(passage.text):
                yield from judged(passage, wish.span(), each, gpus, told=True, context=context)
