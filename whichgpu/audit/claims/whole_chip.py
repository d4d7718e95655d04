"""Devices that are said to have all of a chip: "the RTX 4090 uses the full AD102"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.roles import spoken
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.sentences import sentences
from whichgpu.audit.values.sourced import source_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.hardware.gpu import Gpu

_WHOLE = re.compile(
    r"\b(?:full|fully[- ]enabled|fully unlocked|complete|entire|uncut|whole)\s+(?:NVIDIA\s+|AMD\s+)?"
    r"(?P<chip>G[ABHKMPV]\d{3}|AD\d{3}|TU\d{3}|Navi\s?\d+)\b"
)
_UNSURE = re.compile(
    r"\b(?:not|no|never|isn|doesn|without|almost|nearly|if|would|unlike|than|instead|short of|compared|"
    r"of the)\b|n[\u2019']t\b|\?",
    re.IGNORECASE,
)


def find(context: Context) -> Iterator[Finding]:
    """Each such claim on a device of which another on that chip has more units."""
    for index, passage in context.document.running():
        if not _WHOLE.search(passage.text):
            continue
        for sentence in sentences(passage.text):
            yield from _of_sentence(index, passage, sentence, context)


def _of_sentence(
    index: int, passage: Passage, sentence: Sentence, context: Context
) -> Iterator[Finding]:  # fmt: skip
    for match in _WHOLE.finditer(passage.text, sentence.start, sentence.end):
        who = spoken(index, passage, sentence, context)
        mention = who.owner(match.start())
        if mention is None or _UNSURE.search(passage.text, sentence.start, match.start()):
            continue
        if mention not in who.here and not who.certain:
            continue
        gpus = [context.catalogue[key] for key in mention.ids]
        fuller = _fuller(gpus, match["chip"].replace(" ", "").lower(), context)
        if fuller is not None:
            own = gpus[0].display("sms")
            because = f"{gpus[0].id} has {own} of its units, {fuller.id} has {fuller.display('sms')} of them"
            evidence = (Evidence(because), source_of(gpus[0], "sms"), source_of(fuller, "sms"))
            yield made(
                context, passage, match.span(), "identity", "contradicted", subject=gpus[0].id,
                attribute="whole chip", because=because, expected=f"{own} of {fuller.display('sms')} or more",
                evidence=evidence,
            )  # fmt: skip


def _fuller(gpus: Sequence[Gpu], chip: str, context: Context) -> Gpu | None:
    """The device on a chip with the most units, where each of some devices on it has fewer."""
    own = [float(gpu.value("sms") or 0.0) for gpu in gpus if _chip(gpu) == chip]
    if not own or len(own) < len(gpus) or not all(own):
        return None
    beside = (one for one in context.catalogue.values() if _chip(one) == chip and one.confidence != "low")
    best = max(beside, key=lambda one: float(one.value("sms") or 0.0))
    return best if float(best.value("sms") or 0.0) > max(own) else None


def _chip(gpu: Gpu) -> str:
    return str(gpu.value("chip") or "").replace(" ", "").lower()
