"""Sizes of memory that the device of a text comes in: "There are 16 GB and 32 GB versions"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import made
from whichgpu.audit.roles import spoken
from whichgpu.audit.sentences import sentences
from whichgpu.audit.sourced import source_of
from whichgpu.audit.subjects import family
from whichgpu.hardware.gpu import nominal_gb

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.findings import Context, Finding

_ARE = re.compile(
    r"\b(?:There (?:are|were)|It (?:comes?|came|was sold|is sold|exists?|is available|was available|"
    r"was offered) (?:in|with|as)|"
    r"(?:comes?|came|sold|available|offered|exists?) in)\s+(?:a\s+|both\s+|the\s+)?"
    r"(?P<a>\d{1,3})(?:\s?|-)(?:GB)?\s*(?:,|and|or|and an?|/)\s*(?:a\s+)?(?P<b>\d{1,3})(?:\s?|-)GB\s+"
    r"(?:versions?|variants?|models?|editions?|flavou?rs?|forms?|configurations?|options?)\b",
    re.IGNORECASE,
)


def find(context: Context) -> Iterator[Finding]:
    """Every size of such a sentence, with its verdict."""
    for index, passage in context.document.running():
        if not _ARE.search(passage.text):
            continue
        for sentence in sentences(passage.text):
            match = _ARE.search(passage.text, sentence.start, sentence.end)
            who = spoken(index, passage, sentence, context) if match else None
            if match is None or who is None:
                continue
            about = [each for each in who.here if each.end <= match.start()] or (
                who.topic if who.certain else ()
            )
            if len({each.named for each in about}) != 1:
                continue
            ids = family(about[0].named, context.catalogue)
            known = [context.catalogue[key] for key in ids if context.catalogue[key].value("memory")]
            sizes = {nominal_gb(float(gpu.value("memory") or 0.0)): gpu for gpu in known}
            for part in ("a", "b") if sizes else ():
                right = sizes.get(int(match[part]))
                shown = " and ".join(f"{size:g}" for size in sorted(one for one in sizes if one))
                yield made(
                    context, passage, match.span(part), "identity",
                    "confirmed" if right else "contradicted", attribute="memory",
                    subject=", ".join(gpu.id for gpu in known), because=f"it has {shown} GB",
                    expected="" if right else shown, evidence=(source_of(right or known[0], "memory"),),
                )  # fmt: skip
