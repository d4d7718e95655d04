"""Generations of tensor and RT cores: "third-generation tensor cores"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.capable.verdict import of_architecture
from whichgpu.audit.devices.roles import spoken
from whichgpu.audit.text.sentences import sentences
from whichgpu.audit.values.fields import of_field

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.devices.roles import Spoken
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding

_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6}
_CORES = re.compile(
    r"\b(?P<n>first|second|third|fourth|fifth|sixth|[1-6](?:st|nd|rd|th))[- ]gen(?:eration)?\.?\s+"
    r"(?:of\s+(?:(?:its|the|nvidia[\u2019']s)\s+)?)?(?:nvidia\s+)?(?P<what>tensor|rt|ray[- ]tracing) cores?\b"
    r"|\b(?P<what2>tensor|rt|ray[- ]tracing) cores (?:(?:is|are) (?:still )?)?of (?:the )?(?P<n2>first|"
    r"second|third|fourth|fifth|sixth|"
    r"[1-6](?:st|nd|rd|th)) gen(?:eration)?\b",
    re.IGNORECASE,
)


#: Between cores and the device that they are given to: "brings fifth-generation tensor cores to the L4".
_TO = re.compile(r"[^.;:]{0,60}\b(?:to|in|on|of|into) (?:the |its |nvidia )*$", re.IGNORECASE)
_ON = re.compile(r"\s+(?:on|of|in)\s+(?:the\s+|an?\s+|nvidia[\u2019']?s?\s+)*", re.IGNORECASE)
_GIVES = re.compile(r"\b(?:brings?|adds?|gives?|introduces?)\b[^.;:]{0,30}$", re.IGNORECASE)


#: "Thanks to its fourth-generation Tensor Cores, the L40S": of what follows.
_THANKS_TO = re.compile(
    r"\s*(?:Thanks to|With|Due to|Because of|Owing to|Through|Given)\s+its\s+(?:\w+\s+){0,2}"
)
_THEN = re.compile(r"(?:\s+[\w-]+){0,5},\s+(?:the\s+|nvidia[\u2019']?s?\s+)*", re.IGNORECASE)


def _given_to(end: int, who: Spoken, start: int) -> Mention | None:
    """The device whose the cores are: one that they are brought to after them, else what is spoken of."""
    after = [each for each in who.here if each.start >= end]
    sentence = who.text.rfind(". ", 0, start) + 1
    if (
        after
        and _THANKS_TO.fullmatch(who.text, sentence, start)
        and _THEN.fullmatch(who.text, end, after[0].start)
    ):
        return after[0]
    if (
        after
        and _GIVES.search(who.text, max(0, start - 50), start)
        and _TO.match(who.text, end, after[0].start)
    ):
        return after[0]
    if after and _ON.fullmatch(who.text, end, after[0].start):
        return after[0]
    return who.owner(start)


#: What is said of the cores of an architecture: "Ampere's tensor cores are the third generation".
_OF_FAMILY = re.compile(
    r"\b(?P<family>Volta|Turing|Ampere|Ada(?: Lovelace)?|Hopper|"
    r"Blackwell)(?:[\u2019']s)?\s+(?P<what>tensor|rt) cores\s+"
    r"(?:are|were|is)\s+(?:already\s+|of\s+)?(?:the\s+|its\s+)?(?P<n>first|second|third|fourth|fifth|sixth|"
    r"[1-6](?:st|nd|rd|th))\b(?=\s*(?:[,.;)]|gen|and\b|$))",
    re.IGNORECASE,
)


def _of_family(passage: Passage, context: Context) -> Iterator[Finding]:
    for match in _OF_FAMILY.finditer(passage.text):
        field = f"{match['what'].lower()}_core_generation"
        known = [gpu for gpu in of_architecture(match["family"], context) if gpu.value(field)]
        told = _ORDINALS.get(match["n"].lower()) or int(match["n"][0])
        right = [gpu for gpu in known if int(gpu.need(field)) == told]
        if known:
            verdict = "confirmed" if right else "contradicted"
            yield of_field(passage, match.span("n"), "identity", field, right or known[:1], verdict, context)


def find(context: Context) -> Iterator[Finding]:
    """Every generation of cores that is said of a device, with its verdict."""
    for index, passage in context.document.running():
        yield from _of_family(passage, context)
        for sentence in sentences(passage.text):
            for match in _CORES.finditer(passage.text, sentence.start, sentence.end):
                mention = _given_to(match.end(), spoken(index, passage, sentence, context), match.start())
                if mention is None:
                    continue
                tensor = (match["what"] or match["what2"]).lower() == "tensor"
                field = "tensor_core_generation" if tensor else "rt_core_generation"
                known = [gpu for key in mention.ids if (gpu := context.catalogue[key]).value(field)]
                group = "n" if match["n"] else "n2"
                told = _ORDINALS.get(match[group].lower()) or int(match[group][0])
                right = [gpu for gpu in known if int(gpu.need(field)) == told]
                without = [context.catalogue[key] for key in mention.ids]
                cores = "tensor_cores" if tensor else "rt_cores"
                if not known and all(gpu.value(cores) == 0 for gpu in without):
                    yield of_field(
                        passage, match.span(), "capability", cores, without, "contradicted", context
                    )
                if known:
                    verdict = "confirmed" if right else "contradicted"
                    yield of_field(
                        passage, match.span(group), "identity", field, right or known, verdict, context
                    )
