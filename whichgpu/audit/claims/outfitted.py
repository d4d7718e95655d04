"""How a card of a server or a workstation is cooled, and whether it has outputs: "is passively cooled"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.certainty import certain
from whichgpu.audit.fields import ITS_OWN, SET_AGAINST, of_field
from whichgpu.audit.roles import told
from whichgpu.audit.sentences import guarded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.roles import Spoken
    from whichgpu.audit.sentences import Sentence
    from whichgpu.hardware.gpu import Gpu

_COOLED = re.compile(r"\b(?P<how>passive|active)(?:ly)?[- ](?:cool(?:ed|ing|er)|heat ?sink)\b", re.IGNORECASE)
_NO_OUTPUT = re.compile(
    r"\b(?:has|have|comes with|with|offers)\s+no\s+"
    r"(?:display|video|monitor)\s+(?:outputs?|connectors?|ports?)\b|"
    r"\b(?:lacks?|without)\s+(?:any\s+)?(?:display|video|monitor)\s+(?:outputs?|connectors?|ports?)\b",
    re.IGNORECASE,
)
#: What another card, or something around this one, is: no statement on the device.
_ELSE = re.compile(
    r"\b(?:not|no longer|than|unlike|version|variant|edition|models?|partner|custom|"
    r"aftermarket|if|whether|other|needs?|server|chassis|most|some|many)\b|n[\u2019']t\b",
    re.IGNORECASE,
)
_NEAR, _MADE_BY_ITS_VENDOR = 40, ("datacenter", "workstation")


def find(context: Context) -> Iterator[Finding]:
    """Every way of cooling, and every lack of outputs, that is said of a device, with its verdict."""
    for passage, sentence, who in told(context, _COOLED):
        for match in _COOLED.finditer(passage.text, sentence.start, sentence.end):
            yield from _of_match(passage, sentence, who, match, context)
    for passage, sentence, who in told(context, _NO_OUTPUT):
        for match in _NO_OUTPUT.finditer(passage.text, sentence.start, sentence.end):
            yield from _of_match(passage, sentence, who, match, context)


def _of_match(
    passage: Passage, sentence: Sentence, who: Spoken, match: re.Match[str], context: Context
) -> Iterator[Finding]:
    mention = who.owner(match.start())
    lead = passage.text[max(sentence.start, match.start() - _NEAR) : match.start()]
    own = mention in who.own or (who.certain and not who.here and ITS_OWN.match(sentence.text))
    if mention is None or not own or _ELSE.search(lead) or SET_AGAINST.search(lead) or guarded(lead):
        return
    field = "cooling" if match.groupdict().get("how") else "display_outputs"
    gpus = [gpu for key in mention.ids if (gpu := context.catalogue[key]).value(field) is not None]
    if not gpus or any(gpu.segment not in _MADE_BY_ITS_VENDOR or not certain(gpu, field) for gpu in gpus):
        return
    right = [gpu for gpu in gpus if _is_so(gpu, field, match)]
    yield of_field(
        passage,
        match.span(),
        "identity",
        field,
        right or gpus,
        "confirmed" if right else "contradicted",
        context,
    )


def _is_so(gpu: Gpu, field: str, match: re.Match[str]) -> bool:
    known = str(gpu.value(field)).lower()
    return known.startswith(match["how"].lower()) if field == "cooling" else known == "none"
