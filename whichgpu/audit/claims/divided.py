"""Whether a GPU can be divided into instances, where MIG is not named: "none of them can be partitioned"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.capabilities import CAPABILITIES
from whichgpu.audit.claims.capability import judged
from whichgpu.audit.roles import spoken
from whichgpu.audit.sentences import sentences

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.findings import Context, Finding

_DIVIDED = re.compile(
    r"\b(?:(?P<lacks>lacks to|cannot|can[\u2019']t|can not|could not)|can|may|lets? (?:you|"
    r"itself))\s+(?:also\s+|even\s+)?"
    r"(?:be\s+)?(?:hardware[- ])?(?:partition(?:ed)?|split|slic(?:ed?)|divid(?:ed?)|carved up|subdivided)\b"
    r"(?:\s+(?:it\s+)?(?:up\s+)?into\s+(?:up to\s+)?(?:\w+\s+){0,3}(?:instances|partitions|slices|(?:v|"
    r"virtual )?gpus|parts))?"
    r"(?=\s*(?:[.,;:)]|$|\s(?:so|and|but|for|at|in|by)\b))",
    re.IGNORECASE,
)
#: Partitions by software, of models and of batches are other things.
_OTHER = re.compile(
    r"\b(?:vgpu|time[- ]slic\w+|mps|software|models?|layers?|batch\w*|weights|work(?:load)?s?|data\w*|"
    r"disk|across|"
    r"between|memory|budget|if|tensor)\b",
    re.IGNORECASE,
)
_MIG = next(each for each in CAPABILITIES if each.key == "mig")


def find(context: Context) -> Iterator[Finding]:
    """Every such statement with its verdict."""
    for index, passage in context.document.running():
        for sentence in sentences(passage.text) if _DIVIDED.search(passage.text) else ():
            if _OTHER.search(sentence.text):
                continue
            who = spoken(index, passage, sentence, context)
            for match in _DIVIDED.finditer(passage.text, sentence.start, sentence.end):
                mention = who.owner(match.start())
                if mention is not None and (mention in who.here or who.certain):
                    gpus = [context.catalogue[key] for key in mention.ids]
                    nvidia = [gpu for gpu in gpus if gpu.vendor == "NVIDIA"]
                    # Others divide theirs in ways of their own.
                    told = not match["lacks"]
                    yield from judged(passage, match.span(), _MIG, nvidia, told=told, context=context)
