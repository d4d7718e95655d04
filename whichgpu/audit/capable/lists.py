"""Capabilities in the list of what a device has: "RTX 4080: PCIe 4.0, FP4 support"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.capable.verdict import judged
from whichgpu.audit.capable.words import HEDGED, NAMES, capability_at
from whichgpu.audit.values.capabilities import Capability, capability_of
from whichgpu.audit.values.fields import ITS_OWN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.devices.roles import Spoken
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding


NEAR = 28

#: What begins a list of what a device has, an entry that is a capability, and what ends or denies the list.
_BEGINS = re.compile(
    r"\b(?:supports?|features?|includes?|offers?|have|has|comes? with|with)\b", re.IGNORECASE
)

_ENTRY = re.compile(
    rf"(?:,|\band|\bplus)\s+(?:native |hardware |full )?(?P<what>{NAMES})(?: support)?"
    r"(?=\s*(?:[,;.)]|$)|\s+(?:and\b|[-\u2013\u2014]\s))",
    re.IGNORECASE,
)

_OVER = re.compile(
    r"\b(?:but|while|whereas|though|although|not|no|without|lacks?|unlike|via|through|if|or|than|only|"
    r"which|that|is|are|was|were|can|will|need\w*|require\w*)\b|n[\u2019']t\b|[;:]",
    re.IGNORECASE,
)

_IN_LIST = re.compile(
    rf"(?<=[,:;])\s+(?:native |hardware )?(?P<what>{NAMES})(?: support(?:ed)?)?(?=\s*(?:[,;.]|$))",
    re.IGNORECASE,
)

_ITS_OWN_HAS = re.compile(
    rf"[\u2019']s?\s+(?:(?:own|native|new|built-in|hardware|integrated|dedicated)\s+)*(?P<what>{NAMES})\b"
    r"(?!\s*(?:rivals?|counterparts?|deficit|absence|limit\w*|gap|issues?))",
    re.IGNORECASE,
)

FAR = 110

#: An entry of a list that says yes or no: "no NVLink, FP8 yes", "NVLink: no".
_ANSWERED = re.compile(
    rf"[,;(\u2013\u2014-]\s*(?P<what>{NAMES})(?: support)?:?\s+(?P<said>yes|no)(?=\s*(?:[,;.)]|$))",
    re.IGNORECASE,
)


def answered(passage: Passage, place: tuple[int, int], who: Spoken, context: Context) -> Iterator[Finding]:
    """Capabilities of the one device of a sentence that stand in a list with a yes or a no behind each."""
    found = list(_ANSWERED.finditer(passage.text, *place))
    named = who.here or (who.topic if who.certain else ())
    if not found or len({each.named for each in named}) != 1:
        return
    gpus = [context.catalogue[key] for key in named[0].ids]
    for match in found:
        told = match["said"].lower() == "yes"
        what = capability_of(match, "what")
        yield from judged(passage, match.span("what"), what, gpus, told=told, context=context)


def possessed(passage: Passage, place: tuple[int, int], who: Spoken, context: Context) -> Iterator[Finding]:
    """What is a device's own: "the T4's sparsity acceleration"."""
    yield from _its_own(passage, place, who, context)
    for mention in who.here:
        match = _ITS_OWN_HAS.match(passage.text, mention.end, place[1])
        if match and not HEDGED.search(passage.text, match.end(), min(match.end() + NEAR, place[1])):
            found = capability_at(passage.text, match.start("what"))
            gpus = [context.catalogue[key] for key in mention.ids]
            if found:
                yield from judged(passage, match.span("what"), found[0], gpus, told=True, context=context)


#: What is told to be the one's that a text speaks of, by the way: "customers will like its NVLink bridge".
_ITS = re.compile(
    rf"\b[Ii]ts\s+(?:(?:own|native|new|built-in|hardware|integrated|dedicated|fast|"
    rf"big)\s+)*(?P<what>{NAMES})\b"
    r"(?!\s*(?:rivals?|counterparts?|deficit|absence|limit\w*|gap|issues?|successor|predecessor|"
    r"performance|throughput|"
    r"rates?|figures?|bandwidth|version|cousin))",
    re.IGNORECASE,
)
#: "Native support for BF16 makes it easy to", "lack of FP8 support makes it".
_SUPPORT = re.compile(
    rf"\s*(?:(?P<none>The lack of|Lack of|Missing|No|The missing|Without)\s+)?(?:(?:Native|Hardware|Full|"
    rf"Built-in|Proper)\s+)?"
    rf"(?:support for\s+)?(?P<what>{NAMES})(?:\s+support)?\s+(?:makes?|lets?|allows?|helps?|means|is why|"
    rf"gives?|keeps?)\b",
    re.IGNORECASE,
)
_SAID_TO_LACK = re.compile(
    r"\b(?:no|not|never|without|lacks?|lacking|miss\w*|absen\w+|if|would|could|unlike|neither|nor|"
    r"drop\w*|remov\w+)\b|n[\u2019']t\b|\?",
    re.IGNORECASE,
)


def _its_own(passage: Passage, place: tuple[int, int], who: Spoken, context: Context) -> Iterator[Finding]:
    """What is taken for granted of the device that a text speaks of, where the sentence names none."""
    if who.here or not who.topic or not who.certain:
        return
    gpus = [context.catalogue[key] for key in who.topic[0].ids]
    lead = _SUPPORT.match(passage.text, *place)
    if lead and ("support" in lead[0].lower() or lead["none"]):
        what = capability_of(lead, "what")
        yield from judged(passage, lead.span("what"), what, gpus, told=lead["none"] is None, context=context)
        return
    for match in () if _SAID_TO_LACK.search(passage.text, *place) else _ITS.finditer(passage.text, *place):
        found = capability_at(passage.text, match.start("what"))
        if found and found[0].key not in ("sparsity", "ecc", "tensor_cores"):
            yield from judged(passage, match.span("what"), found[0], gpus, told=True, context=context)


def in_entries(passage: Passage, place: tuple[int, int], who: Spoken, context: Context) -> Iterator[Finding]:
    """Capabilities in a list of what the one device of a sentence has."""
    text = passage.text
    its = [] if who.here or not (who.certain and ITS_OWN.match(text, place[0])) else who.topic
    # "The L40 outperforms the A6000 with higher rates, FP8 support": of the first.
    own = its or who.own
    if own and len({each.named for each in own}) == 1:
        gpus = [context.catalogue[key] for key in own[0].ids]
        first = who.here[-1].end if who.here else place[0]
        for span, what in _entries(text, first, place[1]):
            if len(text[first : span[0]]) <= FAR:
                yield from judged(passage, span, what, gpus, told=True, context=context)


def listed_in_item(
    passage: Passage, place: tuple[int, int], who: Spoken, context: Context
) -> Iterator[Finding]:
    """Capabilities in the list of an item: "RTX 4080: PCIe 4.0, FP4 support, two encoders"."""
    text = passage.text
    if len(who.here or who.topic) != 1 or (passage.kind != "item" and not who.here):
        return
    mention = (who.here or who.topic)[0]
    colon = text.find(":", *place) if who.here else text.find(":", 0, place[0])
    if (
        colon < 0
        or colon < (mention.end if who.here else 0)
        or text[mention.start : mention.end] != mention.text
        or (passage.kind != "item" and (colon - mention.end > NEAR or mention in who.against))
    ):
        return
    gpus = [context.catalogue[key] for key in mention.ids]
    for match in _IN_LIST.finditer(text, colon if who.here else place[0], place[1]):
        what = capability_of(match, "what")
        yield from judged(passage, match.span("what"), what, gpus, told=True, context=context)


#: What is denied of both: "has neither HBM nor ECC", "there is neither FP8 nor FP4".
_NEITHER = re.compile(
    rf"(?P<first>\bneither\s+(?:native\s+|any\s+)?(?:{NAMES}|[\w-]+(?:\s[\w-]+)?))(?:,\s+[\w-]+)?,?\s+"
    rf"(?P<second>nor\s+(?:native\s+|any\s+)?(?:{NAMES}))\b(?!\s+for\b)",
    re.IGNORECASE,
)
_NAME = re.compile(NAMES, re.IGNORECASE)


def denied_both(passage: Passage, place: tuple[int, int], who: Spoken, context: Context) -> Iterator[Finding]:
    """Capabilities of which the one device that a clause is about is said to have neither."""
    for match in _NEITHER.finditer(passage.text, *place):
        mention = who.owner(match.start())
        own = mention in who.own if who.here else who.certain
        lead = passage.text[max(place[0], match.start() - FAR) : match.start()]
        if mention is None or not own or HEDGED.search(lead) or _OF_ALL.search(lead):
            continue
        gpus = [context.catalogue[key] for key in mention.ids]
        for part in ("first", "second"):
            if name := _NAME.search(passage.text, *match.span(part)):
                what = capability_of(name)
                yield from judged(passage, name.span(), what, gpus, told=False, context=context)


#: Before it, what is said of more than one device.
_OF_ALL = re.compile(r"\b(?:they|both|all|cards|each|these|those)\b", re.IGNORECASE)


def _entries(text: str, begins: int, end: int) -> Iterator[tuple[tuple[int, int], Capability]]:
    """The capabilities further on in a list of what a device has: "PCIe 5.0 x16, and NVLink"."""
    verb = _BEGINS.search(text, begins, end)
    for match in _ENTRY.finditer(text, verb.end(), end) if verb else ():
        between = text[verb.end() : match.start()] if verb else ""
        if len(between) > FAR or _OVER.search(between):
            return
        what = capability_of(match, "what")
        yield match.span("what"), what
