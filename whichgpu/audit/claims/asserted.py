"""Capabilities that are used rather than named: "TF32 is on by default here", "linked to the next by NVLink".

Whose they are is the device of the clause, else the one that the passage is about: "these cards", "here". A
device that something is set off from ("unlike the A10, it has NVLink") is said to lack what that has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.capable.verdict import judged, of_architecture
from whichgpu.audit.devices.roles import spoken
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.audit.values.capabilities import CAPABILITIES, Capability, named_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.devices.roles import Spoken
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.hardware.gpu import Gpu

_NAMES = "|".join(each.names for each in CAPABILITIES)
#: What is the case only where a device has it; `what` is the capability.
_USED = re.compile(
    rf"\b(?P<a>{_NAMES})\s+(?:is|are)\s+(?:used|enabled|on|active|the default|turned on)\s*(?:by default|"
    rf"out of the box|here|"
    r"automatically|(?=[.,;)]))"
    r"|\b(?:connect|talk|communicat|link|speak|join|pair|bridg|coupl|hook)\w*\s+(?:up\s+)?(?:(?:with|"
    r"to)\s+)?[^.,;:()]{0,40}?"
    r"\b(?:over|via|through|by|with|using)\s+(?:an?\s+|its\s+|the\s+|their\s+|fast\s+){0,2}(?P<b>nvlink)\b"
    r"|\b(?:divided|split|partitioned|sliced|carved|cut)\s+(?:up\s+)?(?:by|with|via|using|"
    r"through)\s+(?P<c>mig)\b"
    r"|\b(?:us(?:e|es|ing)|exploit\w*|rel(?:y|ies) on|feed\w*|run(?:s|ning)? on|benefit\w* from)\s+"
    r"(?:the|its|their)\s+"
    r"(?P<d>tensor cores)\b(?:\s+(?:of|in|on)\s+(?:the|these|those|this)\s+(?:cards?|gpus?|chips?|nodes?|"
    r"it))?"
    r"|\b(?P<e>cuda)\s+(?:programs?|code|kernels?|binaries|applications|software)\s+(?:run|"
    r"work)s?\s+(?:\w+\s+)?(?:on\s+"
    r"(?:them|it|these|this)\s+)?(?:(?:cards?|gpus?)\s+)?(?:as (?:they are|it is|is)|unchanged|"
    r"unmodified|out of the box|"
    r"without (?:changes?|modification|porting))"
    r"|\b(?:its|their)\s+(?P<g>tensor cores|rt cores|nvlink|transformer engine)\s+(?:is|are|runs?|makes?|"
    r"helps?|delivers?|"
    r"reach\w*|does|do|has|have|accelerates?|speeds?)\b"
    rf"|\b(?:in|with|us(?:es?|ing)|need(?:s|ing)?)\s+(?P<f>{_NAMES})\s+(?:also\s+)?runs?\s+(?:at (?:full|"
    rf"top) (?:speed|rate)|natively|"
    r"in hardware)\s+(?:on|with)\s+(?:these|this|those|our|the same)\s+\w+",
    re.IGNORECASE,
)
_GROUPS = ("a", "b", "c", "d", "e", "f", "g")
_DENIED = re.compile(
    r"\b(?:no|not|none|never|cannot|without|if|unless|would|could|should|might|future|other|than|only|"
    r"instead|"
    r"emulat\w+|planned)\b|n[\u2019']t\b|\?",
    re.IGNORECASE,
)
_DENIES = re.compile(r"\b(?:not|never|cannot)\b|n[\u2019']t\b", re.IGNORECASE)
#: "Unlike the A10, it has", "unlike NVIDIA's Ada cards they have": what is set off has not.
_UNLIKE = re.compile(
    r"\bunlike\s+(?:(?:the|an?|its|older|most|nvidia(?:[\u2019']s)?|amd(?:[\u2019']s)?|"
    r"intel(?:[\u2019']s)?)\s+){0,3}"
    r"(?P<who>[^,.;:()]{2,40}?)(?:\s+(?:cards?|gpus?|chips?|parts?|generation))?,?\s+(?:(?:the|this|it|they|"
    r"these|its?)\b"
    r"[^.;,]{0,40}?)\b(?:has|have|supports?|comes? with|offers?|features?|includes?|gets?|got|knows?|can "
    r"(?:do|use|run))\s+"
    rf"(?:an?\s+|native\s+|hardware\s+|built-in\s+|full\s+|support for\s+)*(?P<what>{_NAMES})\b"
    r"(?!\s*(?:\d|performance|throughput))",
    re.IGNORECASE,
)
#: "FP4 works, which the 4090 can do as well".
_AS_WELL = re.compile(
    rf"\b(?P<what>{_NAMES})\b[^.;:()]{{0,30}},\s+(?:which|something(?: that)?|as)\s+(?:the\s+|an?\s+|"
    rf"nvidia[\u2019']s\s+)?(?P<who>[^,.;:()]"
    r"{2,40}?)\s+(?:has|have|does|do|can do|supports?|offers?|had|did)\s+(?:(?:it|that)\s+"
    r")?(?P<not>not\s+)?(?:as well|too|already|also|before)\b",
    re.IGNORECASE,
)
_SERIES = re.compile(r"(?:(?:rtx|geforce|gtx)\s+)*(?P<n>[12345]0)(?:00)?[ -]series", re.IGNORECASE)
_OF_SERIES = {"10": "pascal", "20": "turing", "30": "ampere", "40": "ada", "50": "blackwell"}


def find(context: Context) -> Iterator[Finding]:
    """Every capability that a sentence takes for granted, or denies by contrast, with its verdict."""
    for index, passage in context.document.running():
        for sentence in sentences(passage.text):
            if not named_in(passage.text, sentence.start, sentence.end):
                continue
            who = spoken(index, passage, sentence, context)
            yield from _used(passage, sentence, who, context)
            yield from _contrasted(passage, sentence, who, context)


def _used(passage: Passage, sentence: Sentence, who: Spoken, context: Context) -> Iterator[Finding]:
    for match in _USED.finditer(passage.text, sentence.start, sentence.end):
        clause = re.split(r"[;:]|,\s+(?:but|while)\b", passage.text[sentence.start : match.end()])[-1]
        owner = who.owner(match.start())
        behind = [
            each for each in within(who.here, match.end(), sentence.end) if each.start - match.end() < _NEAR
        ]
        if _DENIED.search(clause) or owner is None or behind or (owner not in who.here and not who.certain):
            continue
        what = _capability(next(match[each] for each in _GROUPS if match[each]))
        if what is not None:
            gpus = [context.catalogue[key] for key in owner.ids]
            yield from judged(passage, match.span(), what, gpus, told=True, context=context)


def _contrasted(passage: Passage, sentence: Sentence, who: Spoken, context: Context) -> Iterator[Finding]:
    """What another device is said to lack, or to have too, by a word."""
    for pattern, too in ((_UNLIKE, False), (_AS_WELL, True)):
        for match in pattern.finditer(passage.text, sentence.start, sentence.end):
            told = too
            named = within(who.here, match.start("who"), match.end("who"))
            own = [context.catalogue[key] for each in named[:1] for key in each.ids]
            gpus = own or of_kind(match["who"], context)
            what = _capability(match["what"])
            if what is None or not gpus or len(named) > 1 or (told and match["not"]):
                continue
            # "Unlike the H100, the 3090 does not support FP8" says that the H100 does.
            told = told or _DENIES.search(passage.text, match.end("who"), match.start("what")) is not None
            if told or all(what.has(gpu) for gpu in gpus if what.has(gpu) is not None):
                yield from judged(passage, match.span(), what, gpus, told=told, context=context)


def of_kind(words: str, context: Context) -> Sequence[Gpu]:
    """The devices of an architecture or of a series of cards: "Ada", "the 40 series"."""
    series = _SERIES.fullmatch(words.strip())
    found = of_architecture(_OF_SERIES[series["n"]] if series else words.strip(), context)
    return [gpu for gpu in found if gpu.segment == "geforce" and "titan" not in gpu.id] if series else found


def _capability(name: str) -> Capability | None:
    return next((each for each in CAPABILITIES if re.fullmatch(each.names, name, re.IGNORECASE)), None)


_NEAR = 40
