"""What every one of a comparison can do, in words that a group's others do not read.

"Both cards can be cut into seven with MIG", "both can be joined by an NVLink bridge", and who of all is
excepted: "all three support BF16, except the A5000".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.capabilities import CAPABILITIES, capability_of
from whichgpu.audit.capable.verdict import judged
from whichgpu.audit.claims.group import _GROUP, _members
from whichgpu.audit.sentences import sentences

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.sentences import Sentence

_BY = r"(?:with|by|via|over|through|using|thanks to)\s(?:an?\s|the\s|means of\s)?"
#: What may be done with each, and by what.
_CAN_BE = re.compile(
    r"can (?:also |each )?be (?:(?:cut|divided|split|partitioned|sliced|carved)(?: up)?"
    rf"(?:\s(?:in)?to\s[^.;:,()]{{3,50}}?)?\s{_BY}(?P<mig>MIG|Multi-Instance GPU)\b"
    r"|(?:joined|linked|bridged|connected|paired|combined|coupled)(?: together| in pairs| up)?"
    rf"\s{_BY}(?P<nvlink>NVLink)\b)(?=(?:\s(?:bridges?|connectors?))?(?:[.,;!)]|$|\s(?:and|but|for|so|at|in)\b))",
    re.IGNORECASE,
)
_NAMES = "|".join(each.names for each in CAPABILITIES)
#: All of some, and the one of them that is excepted.
_EXCEPT = re.compile(
    r"\b(?:all(?: (?:of (?:them|these)|two|three|four|five|six|the(?: other)? \w+))?(?:\s[a-z]+)?|"
    r"every (?:card|gpu))\s"
    rf"(?:supports?|have|has|offers?|can (?:do|use|run|handle)|handles?)\s(?:native\s)?(?P<what>{_NAMES})"
    r"(?:\sin hardware|\snatively|\son (?:its|their) tensor cores)?,?\s"
    r"(?:except|apart from|with the exception of|but not|save|bar)\s(?:for\s)?(?:the\s|an?\s)?$",
    re.IGNORECASE,
)
_END = re.compile(r"\s*(?:[.,;:)!]|$)")
_ELSE = re.compile(
    r"\b(?:if|unless|would|could|might|may|not|never|no|neither|myth|in theory|claims?|says|people|software|"
    r"emulat\w+|once|until)\b|n[\u2019']t\b|\?",
    re.IGNORECASE,
)


def find(context: Context) -> Iterator[Finding]:
    """Every such statement with its verdict."""
    for index, passage in context.document.running():
        for sentence in sentences(passage.text):
            yield from _can_be(index, passage, sentence, context)
            yield from _excepted(index, passage, sentence, context)


def _can_be(index: int, passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    text = passage.text
    for match in _GROUP.finditer(text, sentence.start, sentence.end):
        told = _CAN_BE.match(text, match.start("verb"), sentence.end)
        if told is None or match["none"] or _ELSE.search(text, sentence.start, told.end()):
            continue
        key = "mig" if told["mig"] else "nvlink"
        what = next(each for each in CAPABILITIES if each.key == key)
        for ids in _members(index, passage, sentence, match, context):
            gpus = [context.catalogue[one] for one in ids]
            found = list(
                judged(passage, (match.start("who"), told.end()), what, gpus, told=True, context=context)
            )
            if any(each.accuses for each in found):
                yield from found
                return


def _excepted(index: int, passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    text = passage.text
    for mention in context.mentions.get(index, ()):
        if not sentence.start <= mention.start < sentence.end or not _END.match(text, mention.end):
            continue
        told = _EXCEPT.search(text, sentence.start, mention.start)
        if told is None or _ELSE.search(text, sentence.start, told.start("what")):
            continue
        gpus = [context.catalogue[one] for one in mention.ids]
        # Whoever may be meant has it: the exception is none.
        what = capability_of(told, "what")
        found = judged(passage, (told.start("what"), mention.end), what, gpus, told=False, context=context)
        yield from (each for each in found if each.accuses)
