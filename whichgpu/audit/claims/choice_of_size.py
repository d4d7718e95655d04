"""Choices for a size of memory: "if you need 80 GB, the RTX A6000 delivers"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.counting import counted
from whichgpu.audit.findings import made
from whichgpu.audit.sentences import sentences, within
from whichgpu.audit.sourced import source_of
from whichgpu.hardware.gpu import nominal_gb

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.sentences import Sentence
    from whichgpu.audit.subjects import Mention

#: So much memory is wished for.
_WISH = re.compile(
    r"\b(?:if|when|where|once|who|whoever|anyone who|for (?:those|anyone|people) who)\s+"
    r"(?:you(?:r \w+)?\s+|they\s+|it\s+|we\s+)?(?:really\s+|absolutely\s+|do\s+)?"
    r"(?:needs?|requires?|wants?|must have|has to have|have to have)\s+"
    r"(?P<more>more than\s+|over\s+|above\s+)?(?:at least\s+|the full\s+|a full\s+|all of the\s+)?"
    r"(?P<size>\d{1,4})[ -]?GB(?:\s+or more)?(?:\s+(?:of\s+)?(?:video\s+|gpu\s+|"
    r"graphics\s+)?(?:vram|memory|ram))?"
    r"(?:\s+(?:on|in) (?:a single|one) (?:card|gpu))?",
    re.IGNORECASE,
)
#: Between the wish and what is to grant it.
_TAKE = re.compile(
    r",\s+(?:then\s+)?(?:(?:you (?:should|can|will) )?(?:choose|pick|go (?:with|for)|opt for|get|"
    r"take|buy|rent|use|select|"
    r"turn to|look at|want)\s+(?:an?\s+|the\s+)|(?:the\s+|an?\s+)(?P<subject>))(?:nvidia\s+|amd\s+|"
    r"geforce\s+|used\s+|single\s+)*",
    re.IGNORECASE,
)
#: Behind a name that is no object, what grants it.
_GRANTS = re.compile(
    r"\s+(?:delivers|has (?:it|that|you covered)|offers (?:it|that)|will do|does it|does the (?:job|"
    r"trick)|fits the bill|suffices|"
    r"is (?:(?:the|your|a) (?:\w+ )?(?:card|choice|option|pick|answer|one|gpu|bet)|enough|right|"
    r"ideal|perfect|for you))\b",
    re.IGNORECASE,
)
#: How much less than its round size a card may have.
_NOMINAL = 0.99


def find(context: Context) -> Iterator[Finding]:
    """Every device that is named for a size, with the verdict on it."""
    for index, passage in context.document.running():
        for sentence in sentences(passage.text) if context.mentions.get(index) else ():
            wish = _WISH.search(passage.text, sentence.start, sentence.end)
            if wish:
                yield from _granted(passage, sentence, wish, context, index)


def _granted(
    passage: Passage, sentence: Sentence, wish: re.Match[str], context: Context, index: int
) -> Iterator[Finding]:
    named = within(context.mentions.get(index, ()), wish.end(), sentence.end)
    one: Mention | None = named[0] if named else None
    take = _TAKE.fullmatch(passage.text, wish.end(), one.start) if one else None
    if one is None or take is None or counted(passage.text, wish.end(), one.start) > 1:
        return
    if take["subject"] is not None and not _GRANTS.match(passage.text, one.end):
        return
    gpus = [context.catalogue[key] for key in one.ids if context.catalogue[key].value("memory")]
    if not gpus:
        return
    sizes = [
        nominal_gb(float(gpu.value("memory") or 0.0)) or float(gpu.value("memory") or 0.0) / 1e9
        for gpu in gpus
    ]
    size = float(wish["size"])
    best = gpus[sizes.index(max(sizes))]
    enough = max(sizes) > size if wish["more"] else max(sizes) >= _NOMINAL * size
    yield made(
        context, passage, (one.start, one.end), "specification", "confirmed" if enough else "contradicted",
        subject=", ".join(one.ids), attribute="memory", stated=wish[0],
        because=f"{best.id} has {best.display('memory')}", expected="" if enough else best.display("memory"),
        evidence=(source_of(best, "memory"),),
    )  # fmt: skip
