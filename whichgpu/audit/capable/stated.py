"""Capabilities that are the subject of their clause: "BF16 is not supported", "NVLink works on the A100"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.capable.lists import FAR, NEAR
from whichgpu.audit.capable.verdict import judged
from whichgpu.audit.capable.words import ANY, HEDGED
from whichgpu.audit.devices.coordinated import beyond
from whichgpu.audit.values.capabilities import CAPABILITIES, named_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.devices.roles import Spoken
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence


#: The capability first, its device after it: "MIG is not supported on the L40S", "there is no NVLink on it".
_PASSIVE = tuple(
    (
        each,
        re.compile(
            rf"(?P<none>\b(?:no|without|(?:don[\u2019']t|do not) expect|forget "
            rf"about)\s+(?:any\s+)?)?\b(?P<what>{each.names})\s+(?:(?:is|are|was)\s+(?P<not>not\s+|"
            rf"n[o\u2019']t\s+)?"
            r"(?:also\s+|natively\s+|only\s+)?(?:supported|available|present|found|included|accelerated|"
            r"handled|possible|used|(?P<gone>missing|absent|gone))"
            r"(?:\s+(?:natively|only|exclusively)){0,2}|(?:also\s+)?(?:exists?(?:\s+only)?|worked|works?|runs|"
            r"ran)(?:\s+(?:fine|natively|well|unmodified|"
            r"great)){0,2}|can (?:also\s+)?be (?:used|run|executed|enabled|enjoyed))?\s*"
            r"(?:on|in|by|from|with|(?<=available )for)\s+(?:both\s+)?(?:the\s+|an?\s+|nvidia\s+){0,2}$",
            re.IGNORECASE,
        ),
    )
    for each in CAPABILITIES
)

#: What ends what is said before the name of the device that it is of.
_ON_THE = re.compile(
    r"\b(?:on|in|by|from|with)\s+(?:both\s+)?(?:the\s+|an?\s+|nvidia\s+){0,2}$", re.IGNORECASE
)

DENIAL = 45

#: What is said to be supported, of what the sentence is about: "BF16 is not supported", "is FP8-capable".
_ITSELF = tuple(
    (
        each,
        re.compile(
            rf"\b(?P<what>{each.names})(?:,\s*(?:however|though|alas|sadly|of course),)?\s+(?:is|are|"
            rf"was)\s+(?P<not>not\s+|n[o\u2019']t\s+)?(?:also\s+|natively\s+|fully\s+|"
            r"sadly\s+|simply\s+)*(?:supported|available|present|on board|kept|retained|preserved|back|"
            r"(?P<gone>missing|absent|gone|dropped|removed|omitted|"
            r"off the table|"
            r"out of the question|unsupported|unavailable))\b(?=\s*(?:too|as well|on it|here|natively|"
            r"[,.;:)]|$))"
            rf"|(?<=supported, )(?:but )?(?P<what4>{each.names})\s+(?P<not4>(?:is|are)(?:n[\u2019']t|"
            rf"\s+not))(?=\s*[.,;:)])"
            rf"|\b(?P<what3>{each.names})\s+(?:works?|runs?|is possible)\s+(?:(?:fine|natively|well|"
            rf"great)\s+)?(?:on (?:it|this card|that card)|here|"
            rf"too|as well|natively)\b"
            rf"|\b(?:is|are)\s+(?P<not2>not\s+)?(?P<what2>{each.names})[ -](?:capable|ready|enabled|"
            rf"compatible)\b",
            re.IGNORECASE,
        ),
    )
    for each in CAPABILITIES
)


def as_subject(passage: Passage, sentence: Sentence, who: Spoken, context: Context) -> Iterator[Finding]:
    """What is said to be supported, where the device stands before it or the sentence goes on about it."""
    if not _STATE.search(sentence.text):
        return
    here = named_in(passage.text, sentence.start, sentence.end)
    for each, pattern in (one for one in _ITSELF if one[0] in here):
        for match in pattern.finditer(passage.text, sentence.start, sentence.end):
            mention = who.owner(match.start())
            if mention is None or (mention not in who.here and not who.certain):
                continue
            between = passage.text[mention.end : match.start()] if mention in who.here else sentence.text
            if HEDGED.search(between) or len(between) > FAR or _ON_NONE.match(passage.text, match.end()):
                continue
            nor = _NOR.search(passage.text, max(sentence.start, match.start() - DENIAL), match.start())
            told = not (match["not"] or match["gone"] or match["not2"] or match["not4"] or nor)
            gpus = [context.catalogue[key] for key in mention.ids]
            yield from judged(passage, match.span(), each, gpus, told=told, context=context)


#: "FP8 is supported natively on none of the three."
_ON_NONE = re.compile(r"\s*(?:natively\s+)?(?:on|by|in|with)\s+(?:none|neither|no)\b", re.IGNORECASE)

_NOR = re.compile(r"\b(?:neither|nor|no)\s+$|\bneither\s+[\w -]{2,24}\s+nor\s+$", re.IGNORECASE)

_STATE = re.compile(
    r"\b(?:works?|runs?|possible|supported|available|present|on board|kept|retained|preserved|back|"
    r"dropped|removed|omitted|missing|absent|gone|off the table|"
    r"out of the question|"
    r"unsupported|"
    r"unavailable)\b|[ -](?:capable|ready|enabled|compatible)\b",
    re.IGNORECASE,
)


def as_subject_on(
    passage: Passage, place: tuple[int, int], who: Spoken, context: Context
) -> Iterator[Finding]:
    """What is said to be supported on the device named after it, or on each of those listed there."""
    start, end = place
    for mention in who.here:
        words = passage.text[max(start, mention.start - FAR) : mention.start]
        if not _ON_THE.search(words[-NEAR:]) or not ANY.search(words):
            continue
        here = named_in(words, 0, len(words))
        for each, pattern in (one for one in _PASSIVE if one[0] in here):
            match = pattern.search(words)
            used = match and _CAN_USE.search(words, 0, match.start("what"))
            if match is None or not (
                match["none"]
                or used
                or "support" in match[0]
                or re.search(r"\b(?:is|are|can be|works?|runs|exists?)\b", match[0])
            ):
                continue
            ported = each.key == "cuda" and _PORTED.match(passage.text, mention.end)
            if HEDGED.search(words[: match.start()]) or ported:
                continue
            told = not (match["none"] or match["not"] or match["gone"])
            at = mention.start - len(words) + match.start("what")
            gpus = [context.catalogue[key] for key in mention.ids]
            yield from judged(passage, (at, mention.end), each, gpus, told=told, context=context)
            for other in (*beyond(mention, who, end), *_also_on(passage.text, end, who, mention)):
                named = [context.catalogue[key] for key in other.ids]
                found = judged(passage, (other.start, other.end), each, named, told=told, context=context)
                yield from (one for one in found if one.accuses)


def _also_on(text: str, end: int, who: Spoken, mention: Mention) -> list[Mention]:
    """The device that it is said to be on as well: "runs on the L4 and the A10, but also on the T4"."""
    later = [each for each in who.here if mention.end <= each.start < end]
    return [each for each in later if _ALSO_ON.fullmatch(text, mention.end, each.start)][:1]


#: From the first device on, over others of its list.
_ALSO_ON = re.compile(
    r"(?:(?!\b(?:is|are|was|has|have|does|do|can|not|no)\b)[^.;:]){0,60},?\s(?:and|but)\s(?:also|even|equally)\s"
    r"on\s(?:the\s|an?\s)*",
    re.IGNORECASE,
)
#: Behind a device on which CUDA code runs by other means: "through ZLUDA".
_PORTED = re.compile(r"s?\s*,?\s*(?:through|via|with|after|by|once|using|if|thanks)\b", re.IGNORECASE)

#: "You can still use NVLink on the 4090".
_CAN_USE = re.compile(
    r"\b(?:you|we|users|one|they) can (?:(?:also|still|even|now|of course|easily)\s+)*(?:use|run|have|get|"
    r"enable|enjoy)\s+"
    r"(?:native\s+|the\s+|its\s+)?$", re.IGNORECASE,
)  # fmt: skip
