"""Rules on the device that a text is about: "choose it if you depend on FP8".

What other kinds read of a device that the sentence names is read here of the one that it takes up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.capable.verdict import judged
from whichgpu.audit.claims.choice import ANY_WISH, WISHES
from whichgpu.audit.claims.rule import OF_FP64, without_fp64
from whichgpu.audit.roles import told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.roles import Spoken
    from whichgpu.audit.sentences import Sentence

#: What takes the device up, and what recommends it.
_IT = re.compile(r"\b(?:it|this (?:card|gpu|one|part|accelerator)|the (?:card|gpu))\b", re.IGNORECASE)
_CHOOSE = re.compile(
    r"\b(?:(?:choose|pick|take|buy|get|rent|use|prefer|select|consider|go (?:with|for)|opt for)\s+(?:it|"
    r"this)\b|"
    r"(?:it|this (?:card|gpu|one)|the (?:card|gpu))(?:[\u2019']s|\s+(?:is|would be|remains|makes|becomes))\s+"
    r"(?:(?:also|still|clearly|then|again)\s+)*(?:an?|the|your|our)?\s*(?:[\w-]+\s+){0,3}(?:choice|option|pick|fit|"
    r"bet|tool|candidate|answer|ticket|solution|match|way to go))",
    re.IGNORECASE,
)
#: A need: its verb, or work of a kind that has it.
_NEED = re.compile(
    r"\b(?:needs?|needing|requir\w+|depends? on|depending on|rel(?:y|ies|ying) on|insists? on|calls? for|"
    r"demands?|wants?|"
    r"critical|essential|crucial|a must|important|matters|for)\b",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"\b(?:not|never|no|nor|neither|avoid|skip|unless|without|instead|rather than|over|lacks?|miss\w*|"
    r"overkill|"
    r"worst|poor|bad|wrong|terrible|only if you do)\b|n[\u2019']t\b|\?",
    re.IGNORECASE,
)


def find(context: Context) -> Iterator[Finding]:
    """Every recommendation of the device spoken of for what it has not."""
    for passage, sentence, who in told(context, _CHOOSE):
        yield from _of_sentence(passage, sentence, who, context)


def _of_sentence(passage: Passage, sentence: Sentence, who: Spoken, context: Context) -> Iterator[Finding]:
    text = sentence.text
    if who.here or not who.topic or not who.certain or not _CHOOSE.search(text) or _DENIED.search(text):
        return
    if not _IT.search(text) or not _NEED.search(text):
        return
    chosen = who.topic[0]
    gpus = [context.catalogue[key] for key in chosen.ids]
    place = (sentence.start, sentence.end)
    if match := OF_FP64.search(passage.text, *place):
        yield from without_fp64(passage, match.span(), chosen, context)
    for each, pattern in WISHES if ANY_WISH.search(text) else ():
        if wish := pattern.search(passage.text, *place):
            yield from judged(passage, wish.span(), each, gpus, told=True, context=context)
