"""Devices that are said to use all of their chip: "this GPU utilizes the full AD102 chip"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.attributes import CHIP
from whichgpu.audit.fields import same_chip
from whichgpu.audit.findings import made
from whichgpu.audit.judging import source_of
from whichgpu.audit.roles import told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.roles import Spoken
    from whichgpu.audit.sentences import Sentence

_WHOLE = re.compile(
    r"\b(?:uses?|utili[sz]es?|using|features?|employs?|based on|built on|has|is|with)\s+(?:the|an?)\s+"
    rf"(?:full|fully[- ](?:enabled|unleashed|unlocked)|complete|uncut)\s+(?P<chip>{CHIP.pattern})",
    re.IGNORECASE,
)


def find(context: Context) -> Iterator[Finding]:
    """Every device that is said to use its whole chip, though another one has more units of it."""
    for passage, sentence, who in told(context, _WHOLE):
        yield from _of_sentence(passage, sentence, who, context)


def _of_sentence(passage: Passage, sentence: Sentence, who: Spoken, context: Context) -> Iterator[Finding]:
    for match in _WHOLE.finditer(passage.text, sentence.start, sentence.end):
        mention = who.owner(match.start())
        if mention not in who.here and not who.certain:
            continue
        gpus = [context.catalogue[key] for key in mention.ids] if mention else []
        every = [
            gpu for gpu in context.catalogue.values() if same_chip(match["chip"], str(gpu.value("chip")))
        ]
        most = max(every, key=lambda gpu: int(gpu.value("sms") or 0), default=None)
        own = [int(gpu.need("sms")) for gpu in gpus if gpu in every and gpu.value("sms")]
        if most and own and max(own) < int(most.need("sms")):
            because = f"{gpus[0].id} has {max(own)} SMs of {match['chip']}, {most.id} has {most.need('sms')}"
            yield made(context, passage, match.span(), "identity", "contradicted", subject=gpus[0].id,
                       attribute="sms", because=because,
                       evidence=(source_of(gpus[0], "sms"), source_of(most, "sms")))  # fmt: skip
