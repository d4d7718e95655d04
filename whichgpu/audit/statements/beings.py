"""What a sentence says that a device is: its architecture, its chip, the generation of its way to the host.

"The RTX 3060 is the stubborn one, a Turing card from 2021", "the 5070 Ti gets the smaller GB205".
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.claims.identity import of_family
from whichgpu.audit.clauses.mood import is_asserted, is_indicative
from whichgpu.audit.devices.chips import of_several
from whichgpu.audit.devices.families import architectures, is_of
from whichgpu.audit.devices.roles import spoken
from whichgpu.audit.statements.things import subject, things
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.audit.values.attributes import CHIP
from whichgpu.audit.values.certainty import excludes
from whichgpu.audit.values.fields import of_field, same_chip

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.statements.things import Thing
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.hardware.gpu import Gpu

_KIND = r"(?:card|gpu|chip|part|board|design|product|silicon|accelerator|die|model|device|veteran|workhorse)"
#: "A Turing card", "the smallest Volta card", "a member of the Volta generation", and what stands before it.
_IS_ONE = re.compile(
    r"(?:\b(?:is|was|remains|being|as)\s+(?:(?:still|also|just|really|basically|only|itself|of course)\s+)*"
    r"|,\s+|^\W*|\s[\u2013\u2014]\s|\(\s*)(?:an?|the|another|nvidia[\u2019']s|amd[\u2019']s|our|"
    r"one of the)\s+"
    r"(?:(?!than|like|as|of|and|or|for|from|to|with|in)[\w-]+\s+){0,3}$",
    re.IGNORECASE,
)
_A_CARD = re.compile(
    rf"(?:[ -](?:lovelace|based|generation|class|era))*\s+(?:[\w-]+\s+){{0,1}}?{_KIND}\b(?!s)", re.I
)
_OF_GENERATION = re.compile(
    r"\b(?:belongs? to|(?:member|part|child|product) of|based on|built on|(?:is|was|comes|came|dates) from|"
    r"is of)\s+"
    r"(?:the|nvidia[\u2019']s|amd[\u2019']s|its|an?)?\s*(?:[\w-]+\s+){0,1}$",
    re.IGNORECASE,
)
_GENERATION = re.compile(r"(?:[ -]lovelace)?\s+(?:generation|architecture|family|era)\b", re.IGNORECASE)
_NO = re.compile(
    r"\b(?:not|than|unlike|predecessor|successor|succe\w+|replac\w+|before|after|until|like|or|next|previous|"
    r"every|each|any|all|both|other|no|never|first|last)\b|n[\u2019']t\b",
    re.IGNORECASE,
)
_HAS_CHIP = re.compile(
    r"\b(?:uses?|used|using|gets?|got|has|had|with|is built (?:on|around)|is based on|based on|carries|"
    r"houses|"
    r"built around|made from|cut from|comes with|runs on)\s+(?:(?:the|an?|its|same|smaller|bigger|larger|"
    r"very|"
    r"little|big|small|nvidia[\u2019']s|cut-down|partly disabled)\s+)*$",
    re.IGNORECASE,
)


def beings(index: int, passage: Passage, context: Context) -> Iterator[Finding]:
    """What a passage says that one device is, and that it is not."""
    for sentence in sentences(passage.text):
        if not is_asserted(sentence.text):
            continue
        every = things(index, passage, sentence, context)
        yield from _architecture(index, passage, sentence, every, context)
        yield from _chip(index, passage, sentence, every, context)
        yield from _memory(index, passage, sentence, every, context)


def _one(  # noqa: PLR0917
    index: int, passage: Passage, sentence: Sentence, at: int, every: Sequence[Thing], context: Context
) -> tuple[str, ...]:
    """The device that a sentence is about, where it names no other."""
    one = subject(index, passage, sentence, sentence.start, at, every, context)
    if one is None or not one.ids or not all(each.is_same(one) for each in every if each.start < at):
        return ()
    return tuple(sorted(one.ids))


def _architecture(
    index: int, passage: Passage, sentence: Sentence, every: Sequence[Thing], context: Context
) -> Iterator[Finding]:
    text = passage.text
    found = list(architectures().finditer(text, sentence.start, sentence.end))
    if len(found) != 1 or any(each.start < found[0].end() and found[0].start() < each.end for each in every):
        return
    place = found[0].span()
    is_one = _IS_ONE.search(text[sentence.start : place[0]]) and _A_CARD.match(text, place[1])
    of_it = _OF_GENERATION.search(text[sentence.start : place[0]]) and _GENERATION.match(text, place[1])
    if (
        not (is_one or of_it)
        or _NO.search(text, sentence.start, place[1] + 24)
        or not is_indicative(sentence.text)
    ):
        return
    gpus = [context.catalogue[key] for key in _one(index, passage, sentence, place[0], every, context)]
    gpus = gpus or _whoever(index, passage, sentence, place[0], every, context)
    if gpus and not any(is_of(gpu, found[0][0]) for gpu in gpus):
        yield of_family(passage, place, found[0][0], gpus, context)


def _whoever(  # noqa: PLR0917
    index: int, passage: Passage, sentence: Sentence, at: int, every: Sequence[Thing], context: Context
) -> list[Gpu]:
    """All that a sentence and the one before it speak of: whichever is meant is among them."""
    who = spoken(index, passage, sentence, context)
    named = [each.ids for each in every if each.start < at]
    if not who.topic or not who.certain or not all(named):
        return []
    ids = frozenset(who.topic[0].ids).union(*named)
    return [context.catalogue[key] for key in sorted(ids)]


def _chip(
    index: int, passage: Passage, sentence: Sentence, every: Sequence[Thing], context: Context
) -> Iterator[Finding]:
    text = passage.text
    here = within(context.mentions.get(index, ()), sentence.start, sentence.end)
    if of_several(text, (sentence.start, sentence.end), here):
        return
    for match in CHIP.finditer(text, sentence.start, sentence.end):
        start = max(
            (
                sentence.start,
                *(text.rfind(mark, sentence.start, match.start()) + 2 for mark in (", ", "; ", ": ")),
            )
        )
        before = text[start : match.start()]
        if not _HAS_CHIP.search(before) or _NO.search(before):
            continue
        one = subject(index, passage, sentence, start, match.start(), every, context)
        gpus = [context.catalogue[key] for key in sorted(one.ids)] if one else []
        known = [gpu for gpu in gpus if gpu.value("chip") and excludes(gpu, "chip", math.inf)]
        if (
            known
            and len(known) == len(gpus)
            and not any(same_chip(match[0], str(gpu.value("chip"))) for gpu in known)
        ):
            yield of_field(passage, match.span(), "identity", "chip", known, "contradicted", context)


_MEMORY = re.compile(r"\b(?:GDDR\d[xX]?|HBM\d[eE]?)\b")
#: Before the type of a device's own memory.
_HAS_IT = re.compile(
    r"(?:\d\s?GB (?:of )?|\b(?:has|uses|carries|stacks of|comes? with|with|fast|of) )$", re.IGNORECASE
)
#: What a line on the device of its heading begins with, or a sentence that goes on about it.
_GOES_ON = re.compile(
    r"\s*(?:Its?|Each(?: OAM| SXM)? (?:module|card|board|GPU)|An? (?:[\w-]+ ){0,2}(?:card|board|chip|part|"
    r"module))\b"
)
_NO_MEMORY = re.compile(
    r"\b(?:instead|rather|in place|replac\w+|unlike|than|not|no|or|version|variant|versions|successor|"
    r"predecessor|from|over|"
    r"later|other|server|system|would|could|if)\b|n[\u2019']t\b",
    re.IGNORECASE,
)


def _memory(
    index: int, passage: Passage, sentence: Sentence, every: Sequence[Thing], context: Context
) -> Iterator[Finding]:
    """The memory of what a sentence goes on about without a name."""
    found = list(_MEMORY.finditer(passage.text, sentence.start, sentence.end))
    if len(found) != 1 or every or not _GOES_ON.match(sentence.text) or _NO_MEMORY.search(sentence.text):
        return
    who = spoken(index, passage, sentence, context)
    if not _HAS_IT.search(passage.text, sentence.start, found[0].start()) or not who.topic or not who.certain:
        return
    told = found[0][0].upper()
    known = [gpu for key in who.topic[0].ids if (gpu := context.catalogue[key]).value("memory_type")]
    right = [gpu for gpu in known if str(gpu.value("memory_type")).upper() == told]
    if known and not right and all(excludes(gpu, "memory_type", math.inf) for gpu in known):
        yield of_field(
            passage, found[0].span(), "specification", "memory_type", known, "contradicted", context
        )
