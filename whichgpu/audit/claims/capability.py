"""Capabilities: "supports FP8", "no NVLink", cells that say yes or no, display outputs, connectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.capable.cells import MEASURED, cell_parts, of_cell, of_item, of_label
from whichgpu.audit.capable.lists import (
    FAR,
    NEAR,
    answered,
    denied_both,
    in_entries,
    listed_in_item,
    possessed,
)
from whichgpu.audit.capable.stated import DENIAL, as_subject, as_subject_on
from whichgpu.audit.capable.verdict import judged
from whichgpu.audit.capable.words import ANY, BY_MEANS, HEDGED, OF_OTHERS, said_in
from whichgpu.audit.devices.coordinated import up_to
from whichgpu.audit.devices.roles import spoken
from whichgpu.audit.devices.whichever import whichever
from whichgpu.audit.tables import stated as tables
from whichgpu.audit.tables.entries import entries
from whichgpu.audit.text.counting import counted
from whichgpu.audit.text.sentences import sentences
from whichgpu.audit.values.capabilities import names_any
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.devices.roles import Spoken
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.audit.values.capabilities import Capability


#: What a sentence is about that begins with a format of numbers.
_OF_A_FORMAT = re.compile(r"\s*(?:In |At )?(?:FP|BF|TF|INT|NVFP)\d{1,2}\b")
#: "With sparsity", "without tensor cores" qualify a figure.
_QUALIFIES = re.compile(r"with(?:out)?\b", re.IGNORECASE)

_GOES_WITHOUT = re.compile(
    r"(?i)(?:^|[.;:]\s)\s*$|\b(?:com(?:es?|ing)|came|ship(?:s|ped)?|is|are|was|were|do|does|made|sold|"
    r"cards?|gpus?|chips?|parts?|and|but)\s+(?:also |still )?$|\d\w*\s+$"
)

#: "With or without" is neither.
_EITHER = re.compile(r"\bwith or $", re.IGNORECASE)

#: A denial, and how far before what is denied it stands.
_NOT = re.compile(
    r"\b(?:no(?! (?:problem|doubt|wonder|surprise|question|worries))[tr]?|none|nothing|nobody|let alone|"
    r"neither|never|cannot|"
    r"unable)\b|n[\u2019']t\b",
    re.IGNORECASE,
)

_TURN = re.compile(r"\b(?:but|while|whereas|however)\b|[;:]|,\s+whose\b", re.IGNORECASE)

#: Before what is said of no device of the sentence.
_THE = re.compile(r"\b(?:the|this|that|an?)\s+$", re.IGNORECASE)

_OF_A_SLICE = re.compile(r"\b(?:slices?|mig|instances?|vgpus?|shares?|partitions?)\b", re.IGNORECASE)

#: Before several names of one subject, what denies of each.
_NEITHER = re.compile(r"\bneither\s+(?:the\s+|nvidia\s+|amd\s+|an?\s+)*$", re.IGNORECASE)


def find(context: Context) -> Iterator[Finding]:
    """Every capability that is said of a device, with its verdict."""
    for table in context.document.tables:
        # "n/a" in a table of rates was not measured.
        for cell in () if MEASURED.search(table.caption) else tables.every(table, context):
            yield from of_cell(cell, context)
    for cell in entries(context):
        yield from cell_parts(cell, context)
    for index, passage in context.document.running():
        if not names_any(passage.text):
            continue
        if passage.kind == "item" and ":" in passage.text[:FAR]:
            yield from of_item(index, passage, context)
            yield from of_label(index, passage, context)
        for sentence in sentences(passage.text):
            who = spoken(index, passage, sentence, context)
            yield from _of_sentence(passage, (sentence.start, sentence.end), who, context)
            yield from as_subject_on(passage, (sentence.start, sentence.end), who, context)
            yield from as_subject(passage, sentence, who, context)
            yield from _of_all(passage, sentence, who, context)


def _of_all(passage: Passage, sentence: Sentence, who: Spoken, context: Context) -> Iterator[Finding]:
    """A capability that is told of devices without a name, which none of the document's has."""
    mention = whichever(passage, sentence, who, context)
    gpus = [context.catalogue[key] for key in mention.ids] if mention else []
    text, (start, stop, _) = passage.text, sentence
    for each, told, pattern in said_in(text, start, stop) if gpus else ():
        for match in pattern.finditer(text, start, stop) if told and each.key in _TELLING else ():
            hedged = HEDGED.search(text[start : match.start()]) or _NOT.search(text[start : match.end()])
            if not hedged:
                place = match.span("what") if match["list"] else match.span()
                found = judged(passage, place, each, gpus, told=True, context=context)
                yield from (one for one in found if one.accuses)


#: Capabilities that whole generations have or lack.
_TELLING = ("fp8", "fp4", "bf16", "tf32", "mig")


class _Said(NamedTuple):
    """Words that tell of a capability, that a device has it or lacks it."""

    what: Capability
    told: bool
    match: re.Match[str]

    @property
    def place(self) -> tuple[int, int]:
        """Where it stands; of several in a list its own words."""
        return self.match.span("what") if self.match["list"] else self.match.span()


def _of_sentence(
    passage: Passage, place: tuple[int, int], who: Spoken, context: Context
) -> Iterator[Finding]:
    text = passage.text
    if not ANY.search(text, *place):
        return
    yield from listed_in_item(passage, place, who, context)
    yield from possessed(passage, place, who, context)
    yield from answered(passage, place, who, context)
    yield from denied_both(passage, place, who, context)
    for what, told, pattern in said_in(text, *place):
        for match in pattern.finditer(text, *place):
            said = _Said(what, told, match)
            mention = _owner(who, match.start(), place[0])
            if _QUALIFIES.match(match[0]) and what.key in ("sparsity", "tensor_cores"):
                yield from _of_qualifier(passage, place, said, mention, who=who, context=context)
            elif not _is_adjunct(text, place, said):
                yield from _of_device(passage, place, said, mention, who=who, context=context)
    yield from in_entries(passage, place, who, context)


def _of_qualifier(
    passage: Passage, place: tuple[int, int], said: _Said, mention: Mention | None, *, who: Spoken,
    context: Context,
) -> Iterator[Finding]:  # fmt: skip
    """A qualifier of a figure, which a device without it has not either."""
    what, told, match = said
    alone = mention and mention not in who.against and len({one.named for one in who.here}) < 2
    gpus = [context.catalogue[key] for key in mention.ids] if mention and alone else []
    certain = what.key == "sparsity" and told and (who.here or who.certain)
    certain = certain and not _NOT.search(passage.text, place[0], match.start())
    # "FP8 reaches 485 TFLOPS with sparsity", without a name: of whichever has it.
    certain = certain and (who.here or not _OF_A_FORMAT.match(passage.text, place[0]))
    found = judged(passage, match.span(), what, gpus, told=told, context=context)
    yield from (one for one in found if one.accuses and certain)


_WITH_OTHERS = re.compile(r"\s+(?:GPUs|devices|cards|machines|systems|hosts|builds?|nodes)\b", re.IGNORECASE)


def _is_adjunct(text: str, place: tuple[int, int], said: _Said) -> bool:
    """Whether words are of something else than a device: "a build from before Ampere, without TF32"."""
    match = said.match
    return bool(
        (match[0].lower().startswith("without") and not _GOES_WITHOUT.search(text, place[0], match.start()))
        # "Works with CUDA GPUs and with TPUs": of what is beside it.
        or (said.told and _WITH_OTHERS.match(text, match.end()) and " with " in f" {match[0].lower()} ")
        # "Without NVLink, those transfers fall back to PCIe": of whatever has none.
        or (match[0].startswith("Without") and OF_OTHERS.match(text, match.end()))
        or _is_aside(text, match)
        # "Without NVLink-accelerated sharding": of what is done by means of it.
        or (not said.told and BY_MEANS.match(text, match.end()))
    )


def _is_hedged(text: str, place: tuple[int, int], said: _Said, gap: str) -> bool:
    """Whether it is no plain statement on the device before the gap, or on one that was told of before."""
    start, end = said.match.span()
    return bool(
        HEDGED.search(gap)
        or HEDGED.search(text, end, min(end + 12, place[1]))
        # "The gap is larger, because Ampere has no FP8": of no device that was told of before.
        or (not gap and _OF_A_FAMILY.search(text, place[0], start))
        # "A slice cannot use NVLink", which the whole device has.
        or (not said.told and _OF_A_SLICE.search(text, place[0], start))
    )


def _of_device(
    passage: Passage, place: tuple[int, int], said: _Said, mention: Mention | None, *, who: Spoken,
    context: Context,
) -> Iterator[Finding]:  # fmt: skip
    """What is said of a device, or of several that are joined before it: "neither the A10 nor the T4"."""
    text, start = passage.text, place[0]
    what, told, match = said
    gap = text[mention.end : match.start()] if mention in who.here and mention else ""
    near = text[max(start, match.start() - DENIAL) : match.start()]
    denied = bool(told and _NOT.search(_TURN.split(near)[-1]))
    joined = up_to(mention, who) if mention and mention in who.here else []
    neither = bool(joined) and _NEITHER.search(text, start, joined[0].start) is not None
    if _EITHER.search(text, start, match.start()) or _is_hedged(text, place, said, gap) or len(gap) > FAR:
        return
    if joined and (neither or not denied) and what.key != "sparsity":
        yield from _of_each(passage, said.place, what, joined, told=told is not neither, context=context)
        return
    if mention is None or denied:
        return
    if mention not in who.here and _THE.search(text, start, match.start()):
        # "Here the missing NVLink hurts": whose it is is not said.
        return
    if what.key == "nvlink" and not told and counted(text, start, mention.start) > 1:
        # A server may leave several cards without bridges.
        return
    gpus = [context.catalogue[key] for key in mention.ids]
    lead = len(match[0]) - len(match[0].lstrip(", "))
    place_of = said.place if match["list"] else (match.start() + lead, match.end())
    yield from judged(passage, place_of, what, gpus, told=told, context=context)


#: Right before what an architecture has or lacks.
_OF_A_FAMILY = re.compile(
    r"\b(?:pascal|volta|turing|ampere|ada(?: lovelace)?|hopper|blackwell|maxwell|kepler|[cr]dna ?\d)\s*$",
    re.IGNORECASE,
)
#: Behind an aside, who does it: "in practice, with ROCm, I get half".
_BEGINS = re.compile(r"(?:[,.!?]|^)\s*$")
_OF_PEOPLE = re.compile(r"\s*,\s+(?:i|we|you|one|he|she)\b", re.IGNORECASE)


def _is_aside(text: str, match: re.Match[str]) -> bool:
    """Whether words of having are an aside of a sentence on a person: "In practice, with ROCm, I get"."""
    before, behind = _BEGINS.search(text[: match.start()]), _OF_PEOPLE.match(text, match.end())
    return match[0].lower().startswith("with ") and before is not None and behind is not None


_OPENS = re.compile(r"With\b(?=[^.;]*,)", re.IGNORECASE)
_MAKER = re.compile(
    r"\b(?:nvidia|amd|intel|they|the company)\s+(?:has\s+|had\s+|also\s+|then\s+)*$", re.IGNORECASE
)


def _owner(who: Spoken, at: int, start: int) -> Mention | None:
    """The device that a capability is said of; "when NVIDIA dropped NVLink from its boards" is of none."""
    by_maker = _MAKER.search(who.text, max(start, at - NEAR), at)
    owner = who.owner(at)
    if owner not in who.here and who.own and _OPENS.match(who.text, at) and not who.text[start:at].strip():
        # "With NVLink, two A100s exchange data faster": of what stands behind it.
        first = who.here[0]
        return first if first in who.own and first.start - at < FAR else None
    return None if by_maker else owner


def _of_each(
    passage: Passage, place: tuple[int, int], what: Capability, named: Sequence[Mention], *, told: bool,
    context: Context,
) -> Iterator[Finding]:  # fmt: skip
    """What is said of each of several devices: the first of which it is not so, else the last."""
    every = [
        each
        for one in named
        for each in judged(
            passage, place, what, [context.catalogue[key] for key in one.ids], told=told, context=context
        )
    ]
    yield from ([each for each in every if each.accuses] or every[-1:])[:1]
