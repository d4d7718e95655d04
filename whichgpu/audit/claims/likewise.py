"""What is said of one device and then of another: "supports FP8, the 3080 Ti does as well"."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from whichgpu.audit.capabilities import CAPABILITIES
from whichgpu.audit.claims.capability import judged
from whichgpu.audit.sentences import sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.sentences import Sentence
    from whichgpu.audit.subjects import Mention

#: Behind the other device: "does as well", "supports it too".
_TOO = re.compile(
    r"\s*(?:does|do|has it|supports? (?:it|this|that|them)|offers? (?:it|this|that)|has (?:one|this|that))\s+"
    r"(?:too|as well|also|likewise)\b|\s+also (?:does|offers?|has|supports?)(?:\s+(?:it|this|that|"
    r"one))?\s*(?=[.,;]|$)",
    re.IGNORECASE,
)
#: Before it: "as does the", "so does the".
_SO = re.compile(r"\b(?:as|so|and so)\s+do(?:es)?\s+(?:the\s+)?(?:nvidia\s+|amd\s+)*$", re.IGNORECASE)
#: What two of a device are joined by.
_JOINS = re.compile(
    r"\bNVLink\s+(?:bridges?\s+|connectors?\s+)?(?:connects?|joins?|links?|bridges?|pairs?)\s+(?:the\s+|"
    r"up to\s+)?"
    r"(?:two|three|four|several|pairs of|\d)\s+(?:of the\s+)?(?:nvidia\s+)?$",
    re.IGNORECASE,
)
_ARE_JOINED = re.compile(
    r"\s*(?:s|cards|gpus)?\s+can (?:also )?be (?:linked|bridged|connected|paired|joined|combined)\s+"
    r"(?:together )?(?:with|over|via|through|using|by)\s+(?:an?\s+|the\s+)?(?:\w+\s+)?(?P<what>NVLink)\b",
    re.IGNORECASE,
)
#: How far before a device the words that join it can begin.
_REACH = 90
_HAS = re.compile(
    r"\b(?:has|have|supports?|offers?|features?|includes?|with|comes with|joined|uses?)\b", re.IGNORECASE
)
_NOT = re.compile(r"\b(?:no|not|without|lacks?|neither|nor|if|whether)\b|n[\u2019']t\b", re.IGNORECASE)
_ANY = re.compile("|".join(each.names for each in CAPABILITIES), re.IGNORECASE)


def find(context: Context) -> Iterator[Finding]:
    """Every capability that is said of a further device, with its verdict."""
    nvlink = next(each for each in CAPABILITIES if each.key == "nvlink")
    for index, passage in enumerate(context.document.passages):
        named = context.mentions.get(index, ())
        if passage.kind not in ("paragraph", "item", "caption") or not named:
            continue
        before: Sentence | None = None
        for sentence in sentences(passage.text):
            here = within(named, sentence.start, sentence.end)
            yield from _again(passage, sentence, before, here, context)
            for mention in here:
                first = max(sentence.start, mention.start - _REACH)
                words = passage.text[first : mention.start]
                joined = _ARE_JOINED.match(passage.text, mention.end, sentence.end)
                joins = _JOINS.search(words)
                if (joined or joins) and not _NOT.search(sentence.text):
                    place = (
                        (mention.start, joined.end())
                        if joined
                        else (first + joins.start() if joins else 0, mention.end)
                    )
                    gpus = [context.catalogue[key] for key in mention.ids]
                    yield from judged(passage, place, nvlink, gpus, told=True, context=context)
            before = sentence


def _again(
    passage: Passage, sentence: Sentence, before: Sentence | None, here: Sequence[Mention], context: Context
) -> Iterator[Finding]:
    """The last capability before a device of which the same is said."""
    for mention in here:
        too = _TOO.match(passage.text, mention.end, sentence.end)
        so = _SO.search(passage.text, max(sentence.start, mention.start - _REACH), mention.start)
        if not too and not so:
            continue
        start = (
            before.start
            if before and len(within(here, sentence.start, mention.start)) == 0
            else sentence.start
        )
        text = passage.text[start : mention.start]
        said = list(_ANY.finditer(text))
        if not said or not _HAS.search(text[: said[-1].start()]) or _NOT.search(text):
            continue
        gpus = [context.catalogue[key] for key in mention.ids]
        place = (mention.start, too.end() if too else mention.end)
        for what in (each for one in said for each in CAPABILITIES if re.fullmatch(each.names, one[0], re.I)):
            yield from judged(passage, place, what, gpus, told=True, context=context)
