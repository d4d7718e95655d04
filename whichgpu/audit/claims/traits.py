"""What a device is or has in few words: "being Ampere, it", "and so was FP64", "FP4? Yes".

Each is a turn of phrase that leaves out the verb, or the capability, that the words before it have.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.capabilities import CAPABILITIES, capability_of, named_in
from whichgpu.audit.capable.verdict import judged
from whichgpu.audit.capable.words import HEDGED, NAMES
from whichgpu.audit.claims.identity import of_family
from whichgpu.audit.families import architectures, is_of
from whichgpu.audit.roles import spoken
from whichgpu.audit.sentences import sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.capabilities import Capability
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.roles import Spoken
    from whichgpu.audit.sentences import Sentence
    from whichgpu.audit.subjects import Mention
    from whichgpu.hardware.gpu import Gpu

#: Right before an architecture, and behind it, what says that the subject is of it.
_BEING = re.compile(
    r"(?:^|[,;(]\s+|\b(?:and|but|so)\s+)(?:being|as|(?:since|because|as)\s+(?:it|this|that|the card)"
    r"(?:[\u2019']s|\s+(?:is|was)))\s+(?:(?:just|only|still|merely|also|after all)\s+)?(?P<a>an?\s+)?"
    r"(?:(?:older|newer|mere|proper|plain)\s+)?$",
    re.IGNORECASE,
)
_PART = re.compile(
    r"(?:\s+Lovelace)?(?:[ -]generation)?(?P<noun>\s+(?:card|part|chip|gpu|design|board|product|silicon|"
    r"device)s?)?"
    r"(?=\s*(?:[,.;:)]|$)|\s+(?:and|it|there|so|the|which|with)\b)",
    re.IGNORECASE,
)
#: Of what goes on as the words before it said: "and so was FP64", "nor does the BF16".
_SO = re.compile(
    rf"\b(?:and\s+)?(?P<how>so|neither|nor)\s+(?:is|are|was|were|does|do|did|has|can|"
    rf"could)\s+(?P<what>{NAMES}|FP64|FP32|"
    r"FP16|INT8)\b(?=\s*(?:[.,;:!)]|$))",
    re.IGNORECASE,
)
#: What every device of its maker has.
_PLAIN = ("FP64", "FP32", "FP16", "INT8")
#: A capability that is asked for by its name, and the answer in a word.
_ASKED = re.compile(
    r"(?:^|[.!?:]\s+)(?:(?:And|And what about|What about|How about|Any)\s+)?"
    rf"(?P<what>{NAMES})\?\s+(?P<said>Yes|No|Nope|Yep|Sure|None|Of course)\b(?!\s+(?:idea|matter))"
)
#: "FP8, ray tracing and three encoders, none of which the L4 offers".
_NONE_OF = re.compile(
    r",\s+(?P<how>none|neither|all|both)\s+of\s+(?:which|that)\s+(?:the\s+|"
    r"its\s+\w+,?\s+(?:the\s+)?)?(?:nvidia\s+|amd\s+)*$",
    re.IGNORECASE,
)
_OFFERS = re.compile(
    r"\s+(?:has|had|offers?|offered|supports?|supported|knows?|does|can do|gets?|got)\b(?!\s+not)", re.I
)
#: NVLink as what two of a device are joined by, the link first.
_WITH_WHICH = re.compile(
    r"\bNVLink,?\s+(?:with|by|over|through|via)\s+which\s+(?:up to\s+)?(?:two|three|four|eight|several|"
    r"pairs of|\d)\s+"
    r"(?:of the\s+|nvidia\s+)*$|"
    r"\b(?:uses?|using|used|has|have|via|over|through|with|get|gets)\s+NVLink\s+(?:on|between|across|"
    r"among)\s+"
    r"(?:the|our|all|both|its|these|two|four|eight)\s+(?:\w+\s+)?(?:nvidia\s+)?$",
    re.IGNORECASE,
)
_CAN_BE = re.compile(
    r"s?(?:\s+(?:cards|gpus|boards))?\s+(?:can|could|may|are)\s+(?:be\s+)?\w+", re.IGNORECASE
)
#: Formats of video that are said to be all that a device encodes.
_ONLY_OLD = re.compile(
    r"\b(?:encodes?\s+(?:only|just|nothing (?:but|except))|(?:only|"
    r"just)\s+encodes?)\s+(?P<what>(?:H\.?26[45]|HEVC|AVC)"
    r"(?:\s*(?:,|and|&|/)\s*(?:H\.?26[45]|HEVC|AVC))*)(?!\s*(?:,|and)\s*AV1)",
    re.IGNORECASE,
)
#: Behind a device whose architecture was told, another and its own: "the latter to RDNA 4".
_GAP = re.compile(r",?\s+(?:(?:still\s+)?(?:to|on|of|from|is|an?)\s+){0,2}", re.IGNORECASE)
_NEXT = re.compile(
    r"[,;]\s+(?:(?:and|while|whereas|but)\s+)?(?:the\s+|its\s+)?(?:nvidia\s+|amd\s+)*", re.IGNORECASE
)
_DENIES = re.compile(
    r"\b(?:no|not|never|without|lacks?|lacked|neither|nor|unknown|missing|foreign|if|would|could|unlike|"
    r"than|need\w*)\b|n[\u2019']t\b",
    re.IGNORECASE,
)
_FAR = 90


def find(context: Context) -> Iterator[Finding]:
    """Every such turn of phrase with its verdict."""
    for index, passage in context.document.running():
        for sentence in sentences(passage.text):
            who = spoken(index, passage, sentence, context)
            if architectures().search(sentence.text):
                yield from _being(passage, sentence, who, context)
                yield from _in_turn(passage, sentence, who, context)
            yield from _so_is(passage, sentence, who, context)
            yield from _of_which(passage, sentence, who, context)
            yield from _joined(passage, sentence, who, context)
            yield from _encodes(passage, sentence, who, context)
        yield from _asked(index, passage, context)


def _about(who: Spoken, at: int) -> Mention | None:
    """The device that a place of a sentence is said of, where that is certain."""
    mention = who.owner(at)
    certain = mention in who.own if who.here else who.certain
    return mention if certain else None


def _gpus(mention: Mention, context: Context) -> list[Gpu]:
    return [context.catalogue[key] for key in mention.ids]


def _capability(key: str) -> Capability:
    return next(each for each in CAPABILITIES if each.key == key)


def _being(passage: Passage, sentence: Sentence, who: Spoken, context: Context) -> Iterator[Finding]:
    """The architecture that a device is said to be of as a reason: "since it's an Ampere part"."""
    text = passage.text
    for match in architectures().finditer(text, sentence.start, sentence.end):
        lead = _BEING.search(text[max(sentence.start, match.start() - _FAR) : match.start()])
        part = _PART.match(text, match.end(), sentence.end)
        if lead is None or part is None or (lead["a"] and not part["noun"]):
            continue
        mention = _about(who, match.start())
        ahead = [each for each in who.here if 0 <= each.start - match.end() < _FAR // 2]
        if ahead and not any(each.end <= match.start() for each in who.here):
            # "Being Ampere, the A10 can't": of what stands behind it.
            mention = ahead[0] if ahead[0] not in who.against else None
        if mention is not None and not re.search(r"\bas$", lead[0].strip().split(" ")[0]):
            yield of_family(passage, match.span(), match[0], _gpus(mention, context), context)


def _in_turn(passage: Passage, sentence: Sentence, who: Spoken, context: Context) -> Iterator[Finding]:
    """The architecture of the second of two, whose verb is that of the first."""
    text, told = passage.text, list(architectures().finditer(passage.text, sentence.start, sentence.end))
    for first, second in pairwise(told):
        between = within(who.here, first.end(), second.start())
        if len(between) != 1 or not _NEXT.fullmatch(text, first.end(), between[0].start):
            continue
        before = within(who.here, sentence.start, first.start())
        right = before and any(is_of(gpu, first[0]) for gpu in _gpus(before[-1], context))
        if right and _GAP.fullmatch(text, between[0].end, second.start()):
            yield of_family(passage, second.span(), second[0], _gpus(between[0], context), context)


def _so_is(passage: Passage, sentence: Sentence, who: Spoken, context: Context) -> Iterator[Finding]:
    """A capability of which the same is said as of the one before it."""
    text = passage.text
    for match in _SO.finditer(text, sentence.start, sentence.end):
        mention = _about(who, match.start())
        before = text[max(sentence.start, match.start() - _FAR) : match.start()]
        named = named_in(before, 0, len(before))
        if mention is None or len(named) != 1 or HEDGED.search(before):
            continue
        denied = bool(_DENIES.search(before)) or match["how"].lower() != "so"
        if match["what"].upper() in _PLAIN:
            plain = _capability("fp16")
            gpus = [gpu for gpu in _gpus(mention, context) if gpu.vendor == "NVIDIA"] if denied else []
            yield from judged(passage, match.span(), plain, gpus, told=False, context=context)
        else:
            what = capability_of(match, "what")
            yield from judged(
                passage, match.span(), what, _gpus(mention, context), told=not denied, context=context
            )


def _of_which(passage: Passage, sentence: Sentence, who: Spoken, context: Context) -> Iterator[Finding]:
    """Capabilities that are told one after another, and that a further device has all of, or none."""
    for mention in who.here:
        start = max(sentence.start, mention.start - 2 * _FAR)
        match = _NONE_OF.search(passage.text, start, mention.start)
        if match is None or not _OFFERS.match(passage.text, mention.end):
            continue
        told = match["how"].lower() in ("all", "both")
        found = [
            each
            for what in named_in(passage.text, start, match.start())
            if what.key not in ("tensor_cores", "sparsity")
            for each in judged(
                passage, (match.start() + 2, mention.end), what, _gpus(mention, context), told=told,
                context=context,
            )
        ]  # fmt: skip
        yield from ([each for each in found if each.accuses] or found)[:1]


def _joined(passage: Passage, sentence: Sentence, who: Spoken, context: Context) -> Iterator[Finding]:
    """NVLink that is said to be between several of a device."""
    for mention in who.here:
        start = max(sentence.start, mention.start - _FAR)
        match = _WITH_WHICH.search(passage.text, start, mention.start)
        if match is None or _DENIES.search(passage.text, sentence.start, match.start()):
            continue
        if "which" in match[0].lower() and not _CAN_BE.match(passage.text, mention.end):
            continue
        nvlink = _capability("nvlink")
        yield from judged(
            passage, (match.start(), mention.end), nvlink, _gpus(mention, context), told=True, context=context
        )


def _encodes(passage: Passage, sentence: Sentence, who: Spoken, context: Context) -> Iterator[Finding]:
    """All that a device encodes, without the format that it has besides."""
    av1 = _capability("av1_encode")
    for match in _ONLY_OLD.finditer(passage.text, sentence.start, sentence.end):
        mention = _about(who, match.start())
        if mention is not None and not _DENIES.search(passage.text, match.start() - 24, match.start()):
            yield from judged(
                passage, match.span(), av1, _gpus(mention, context), told=False, context=context
            )


def _asked(index: int, passage: Passage, context: Context) -> Iterator[Finding]:
    """A question in a word, and its answer: "FP4? Yes"."""
    if "?" not in passage.text:
        return
    every: Sequence[Sentence] = sentences(passage.text)
    for match in _ASKED.finditer(passage.text):
        sentence = next((each for each in every if each.start <= match.start("said") < each.end), None)
        who = spoken(index, passage, sentence, context) if sentence else None
        if who is None or sentence is None or who.here or not who.certain or not who.topic:
            continue
        told = match["said"].lower() in ("yes", "yep", "sure", "of course")
        what, gpus = capability_of(match, "what"), _gpus(who.topic[0], context)
        place = match.span("said")
        yield from judged(passage, place, what, gpus, told=told, context=context)
