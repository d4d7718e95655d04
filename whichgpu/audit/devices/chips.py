"""Chips that a sentence names: of which device each is, which two share one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.comparisons.pairs import pair
from whichgpu.audit.devices.families import called
from whichgpu.audit.findings import made
from whichgpu.audit.values.attributes import CHIP
from whichgpu.audit.values.certainty import excludes
from whichgpu.audit.values.fields import (
    ITS_OWN,
    SET_AGAINST,
    days_of,
    of_field,
    one_of,
    only_chip,
    owner_of,
    same_chip,
)
from whichgpu.audit.values.sourced import source_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.devices.roles import Spoken
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.hardware.gpu import Gpu

#: Between a device and its chip, where it is said that it is its own.
_IS_CHIP = re.compile(
    r"\b(?:chip|die|silicon|based|built|uses?|using|features?|powered|with the|houses|carries)\b",
    re.IGNORECASE,
)
#: Between a chip and its device behind it: "the GA102 chip that powers the RTX 3090".
_POWERS = re.compile(
    r"(?:\s+(?:chip|die|gpu|silicon|processor))?,?\s+(?:(?:that|which)\s+)?(?:also\s+)?(?:powers?|"
    r"powering|drives?|driving|"
    r"(?:is |sits |found |used )(?:in|inside|on)|inside|of|in|"
    # "Which is what you find in", "known from", "we know it from".
    r"(?:is what )?(?:we|you|one)\s+(?:already\s+)?(?:know|knew|find|get|met|saw|have seen)\s+"
    r"(?:already\s+)?(?:from|in|inside|on)|(?:known|familiar|taken|borrowed|carried over) from)\s+"
    r"(?:the\s+|an?\s+|desktop\s+|older\s+|plain\s+|nvidia\s+|nvidia[\u2019']s\s+|intel[\u2019']s\s+)*",
    re.IGNORECASE,
)
#: "Inside the RTX 4090 Laptop GPU sits an AD103".
_SITS = re.compile(
    r"\s+(?:sits|works|beats|resides|lives|hides|is)\s+(?:but\s+)?(?:(?:the|an?|"
    r"nvidia[\u2019']s)\s+)?(?:same\s+|big\s+|smaller\s+)*",
    re.IGNORECASE,
)
_A_CHIP = re.compile(r"\s+(?:chip|die|silicon|gpu)\b", re.IGNORECASE)
#: The name of a pair whose value is a chip.
_CHIP_LABEL = re.compile(
    r"[\s*]*(?:gpu|graphics|grafik)?[\s-]*(?:chip|die|gpu|processor|prozessor|code ?name|silicon|puce)"
    r"(?: name)?[\s*]*[:\u2013-][\s*]*(?:nvidia\s+)?",
    re.IGNORECASE,
)
_HEADS = re.compile(r"\**\s*(?:[(\[:\u2013\u2014,-])\s*\**")
#: "The A30 uses the same GA102 silicon as the A100".
_SAME_CHIP = re.compile(
    r"\b(?:uses?|has|shares?|based on|built on|runs? on|is|gets)\s+the (?:very |exact )?same\s+$",
    re.IGNORECASE,
)
#: Words by which a chip is that of all devices before it.
_SHARED = re.compile(
    r"\b(?:both|share[sd]?|all (?:use|based|have)|the same)\b(?!.*\bdifferent\b)", re.IGNORECASE | re.DOTALL
)
#: What turns to another device within a sentence.
_AND_ITS = re.compile(r",\s+and\s+(?=its\b)", re.IGNORECASE)
_TURN = re.compile(r"\b(?:whereas|while|but)\b|;\s", re.IGNORECASE)
#: "The chip in the laptop is": of which device no name tells.
_IN_ITS_KIND = re.compile(
    r"\b(?:in|of|inside) the (?:laptop|notebook|mobile|desktop)(?:s| part| version| card| one)?\b",
    re.IGNORECASE,
)
FAR = 90


def _goes_on(text: str, place: tuple[int, int]) -> bool:
    """Whether a sentence goes on about the device that was spoken of, and not about one of another kind."""
    return ITS_OWN.match(text, place[0]) is not None and not _IN_ITS_KIND.search(text, *place)


#: "These two are sisters. Both carry a GA102": of no single one that was spoken of before.
_OF_BOTH = re.compile(r"\W*(?:Both|Neither|These two|The two|All (?:two|three|four|of them))\b")
#: Between two chips, that the second is of another.
_AND_THE = re.compile(r"\b(?:and|while|whereas|but)\s+(?:the|that of the)\s", re.IGNORECASE)


def of_several(text: str, place: tuple[int, int], here: Sequence[Mention]) -> bool:
    """Whether a sentence tells the chips of several devices and names fewer of them.

    "The workstation board uses GA102, and the accelerator GA100".
    """
    found = list(CHIP.finditer(text, *place))
    fewer = len({each.named for each in here}) < len({each[0] for each in found})
    return len(found) > 1 and fewer and _AND_THE.search(text, found[0].end(), found[-1].start()) is not None


def _is_of_topic(text: str, place: tuple[int, int], who: Spoken, *, sure: bool) -> bool:
    """Whether what a sentence says of no device that it names is said of what the text is about."""
    if _OF_BOTH.match(text, place[0]) or of_several(text, place, who.here):
        return False
    return _goes_on(text, place) or (sure and who.certain)


def chips(passage: Passage, place: tuple[int, int], who: Spoken, context: Context) -> Iterator[Finding]:
    """Findings on the chips that a sentence says devices have."""
    here = () if of_several(passage.text, place, who.here) else who.here
    for match in CHIP.finditer(passage.text, *place):
        yield from _of_other(passage, match, here, context)
        if _is_shared(passage.text, (place[0], match.start()), here):
            yield from _shared(passage, match, here, context)
        housed = _inside(passage.text, match, here)
        if housed is not None:
            gpus = [context.catalogue[key] for key in housed.ids]
            yield from one_of(passage, match, "chip", gpus, context)
            continue
        as_other = _SAME_CHIP.search(passage.text, place[0], match.start())
        before = [each for each in here if as_other and each.end <= as_other.start()]
        if before and len({each.named for each in before}) == 1:
            gpus = [context.catalogue[key] for key in before[-1].ids]
            yield from one_of(passage, match, "chip", gpus, context)
            continue
        turn = max((each.end() for each in _TURN.finditer(passage.text, place[0], match.start())), default=0)
        clause = [m for m in here if turn <= m.start and m.end <= match.start()]
        if turn and len(clause) == 1 and not SET_AGAINST.search(passage.text, turn, match.start()):
            # "The mobile part uses GA104, whereas the desktop 3080 uses": of the one of its clause.
            if _IS_CHIP.search(passage.text, clause[0].end, match.start()):
                gpus = [context.catalogue[key] for key in clause[0].named]
                yield from one_of(passage, match, "chip", gpus, context)
            continue
        its = max(
            (each.end() for each in _AND_ITS.finditer(passage.text, place[0], match.start())),
            default=place[0],
        )
        several = len({m.named for m in here if its <= m.start and m.end <= match.start()}) > 1
        if several or SET_AGAINST.search(passage.text, its, match.start()):
            continue
        mention = owner_of(match.start(), who)
        start = max(mention.end if mention and mention in here else place[0], its)
        gap = passage.text[start : match.start()]
        labelled = _CHIP_LABEL.fullmatch(passage.text[place[0] : match.start()])
        alone = only_chip(passage.text, place, [each.end - match.start() for each in here])
        if mention not in here and not _is_of_topic(passage.text, place, who, sure=bool(labelled or alone)):
            continue
        inside = any(each.start <= match.start() < each.end for each in here)
        said = _IS_CHIP.search(gap) or _HEADS.fullmatch(gap) or _A_CHIP.match(passage.text, match.end())
        said = said or (_OWNS.fullmatch(gap) if mention in here else None)
        if mention and not inside and (labelled or said or alone) and len(gap) < FAR:
            gpus = [context.catalogue[key] for key in mention.ids]
            yield from one_of(passage, match, "chip", gpus, context)


#: "GA100, the chip of the A100", "the RX 9070 XT's Navi 48".
_OF_THE = re.compile(
    r",\s+(?:which is\s+)?the\s+(?:very\s+|same\s+|big\s+)*(?:chip|die|silicon|gpu)\s+(?:of|in|"
    r"behind|inside|from|used in|found in)\s+"
    r"(?:the\s+|an?\s+|nvidia\s+|desktop\s+)*",
    re.IGNORECASE,
)
#: "GB203, the desktop 5080's chip".
_ITS_NEXT = re.compile(r",\s+(?:the\s+|desktop\s+|nvidia\s+)*", re.IGNORECASE)
_ITS_CHIP = re.compile(r"[\u2019']s?\s+(?:own\s+|big\s+)?(?:chip|die|silicon)\b")
_OWNS = re.compile(r"[\u2019']s?\s+(?:own\s+|big\s+|little\s+|small\s+)?")


def _of_other(
    passage: Passage, match: re.Match[str], here: Sequence[Mention], context: Context
) -> Iterator[Finding]:
    """A further device whose chip it is said to be."""
    behind = _OF_THE.match(passage.text, match.end())
    one = next((each for each in here if behind and each.start == behind.end()), None)
    its = _ITS_NEXT.match(passage.text, match.end())
    if one is None and its:
        one = next(
            (each for each in here if each.start == its.end() and _ITS_CHIP.match(passage.text, each.end)),
            None,
        )
    if one is None and len({each.named for each in here}) > 1:
        # "Another's is made in 5 nm, the RX 9070 XT's Navi 48 in 4 nm".
        owner = next((each for each in here if _OWNS.fullmatch(passage.text, each.end, match.start())), None)
        if owner is not None:
            yield from one_of(
                passage, match, "chip", [context.catalogue[key] for key in owner.named], context
            )
    gpus = (
        [context.catalogue[key] for key in one.named if context.catalogue[key].value("chip")] if one else []
    )
    if one and gpus:
        right = [gpu for gpu in gpus if str(gpu.value("chip")).upper().startswith(match[0].upper())]
        verdict = "confirmed" if right else "contradicted"
        yield of_field(passage, (one.start, one.end), "identity", "chip", right or gpus, verdict, context)


def _is_shared(text: str, place: tuple[int, int], here: Sequence[Mention]) -> bool:
    """Whether a chip at the end of a stretch is said to be that of several devices."""
    shared = _SHARED.search(text, *place) if len({each.named for each in here}) > 1 else None
    return shared is not None and not _has_its_own(text, (shared.end(), place[1]), here)


def _has_its_own(text: str, place: tuple[int, int], here: Sequence[Mention]) -> bool:
    """Whether a chip at the end of a stretch is of its clause's own device: ", and the A2 is built on"."""
    inside = [each for each in here if place[0] <= each.start and each.end <= place[1]]
    if not inside or not _IS_CHIP.search(text, inside[-1].end, place[1]):
        return False
    lead = text[inside[-2].end if len(inside) > 1 else place[0] : inside[-1].start]
    return _NEW_CLAUSE.search(lead) is not None


#: What turns to a device of its own behind what was said of another: " uses 72 SMs, and the".
_NEW_CLAUSE = re.compile(r"\w\s+\w[^.;]*,\s+(?:and|but|while|whereas)\s+(?:the\s+|an?\s+)?$", re.IGNORECASE)


def _inside(text: str, match: re.Match[str], here: Sequence[Mention]) -> Mention | None:
    """The device right behind a chip that powers it, or right before one that sits in it."""
    powers = _POWERS.match(text, match.end())
    behind = [each for each in here if powers and each.start == powers.end()]
    before = [each for each in here if each.end <= match.start()][-1:]
    if any(each.start <= match.start() < each.end for each in here):
        # "The RTX 6000 Ada beats the GV100": a card of the name of its chip.
        before = []
    return next(
        (each for each in before if _SITS.fullmatch(text, each.end, match.start())), next(iter(behind), None)
    )


def alike(passage: Passage, place: tuple[int, int], who: Spoken, context: Context) -> Iterator[Finding]:
    """Two devices that are said to have one chip, or architecture: "the same die as the RTX 5070"."""
    for match in _CHIP_AS.finditer(passage.text, *place):
        both = pair(match.start(), match.end() - 1, who, context)
        after = [each for each in who.here if each.start >= match.end() - 1]
        named = CHIP.search(passage.text, place[0], match.start())
        if named and any(each.start <= named.start() < each.end for each in who.here):
            # "The GH200 has the same silicon as the H100": a product of the name of a chip.
            named = None
        if named and after and not match["what"].lower().startswith(("arch", "gen")):
            yield from _of_that_chip(passage, match, (named[0], after[0]), context)
        if named or both is None or not after or not _AS.fullmatch(passage.text, match.end(), after[0].start):
            continue
        family = match["what"].lower() in ("architecture", "generation")
        sides = [[context.catalogue[key] for key in side] for side in (both.first, both.second)]
        if "predecessor" in passage.text[match.end() : after[0].end] and not _came_before(*sides):
            # "The same chip as its predecessor", and what is newer is none.
            continue
        told = [{gpu.family if family else str(gpu.value("chip") or "").split("-")[0] for gpu in side} - {""}
                for side in sides]  # fmt: skip
        if not all(told):
            continue
        shown = [called(side[0]) if family else side[0].display("chip") for side in sides]
        because = f"{sides[0][0].id} has {shown[0]}, {sides[1][0].id} has {shown[1]}"
        denied = _DENIED.search(passage.text, place[0], match.start()) is not None
        yield made(context, passage, match.span(), "identity",
                   "contradicted" if denied is bool(told[0] & told[1]) else "confirmed", subject=both.subject,
                   attribute="architecture" if family else "chip", because=because,
                   evidence=tuple(source_of(side[0], "chip") for side in sides))  # fmt: skip


def _came_before(gpus: Sequence[Gpu], others: Sequence[Gpu]) -> bool:
    """Whether all of the others came out before the first of some devices did."""
    if not all(gpu.value("release_date") for gpu in (*gpus, *others)):
        return False
    return max(days_of(gpu)[1] for gpu in others) < min(days_of(gpu)[0] for gpu in gpus)


def _of_that_chip(
    passage: Passage, match: re.Match[str], told: tuple[str, Mention], context: Context
) -> Iterator[Finding]:
    """The device behind a chip that is said to be its own too: "AD103, the same die as the RTX 4080"."""
    chip, other = told
    gpus = [context.catalogue[key] for key in other.named]
    known = [gpu for gpu in gpus if excludes(gpu, "chip", math.inf)]
    if known and _AS.fullmatch(passage.text, match.end(), other.start):
        right = [gpu for gpu in known if same_chip(chip, str(gpu.value("chip")))]
        verdict = "confirmed" if right else "contradicted"
        place = (match.start(), other.end)
        yield of_field(passage, place, "identity", "chip", right or known, verdict, context)


#: "Is not of the same architecture as the A10".
_DENIED = re.compile(
    r"(?:\b(?:not|never)|n[\u2019']t)\s+(?:(?:be|have|use|share|of|on|in|with|from|based)\s+){0,3}$", re.I
)
_CHIP_AS = re.compile(
    r"\b(?:the (?:very |exact )?same|an identical|(?<![\w] )Same) "
    r"(?:(?:G[APHVKMB]\d{3}|AD10\d|TU1\d{2})\s+)?(?P<what>chip|"
    r"die|silicon|gpu(?: chip| die)?|one|architecture|generation)(?: and [\w-]+)?"
    r"(?= (?:as|that|which|found|used)\b)",
    re.IGNORECASE,
)
_AS = re.compile(
    r"\s+(?:(?:as|that|which|found|used|sits|is|was|powers|drives|you find|in|on|inside|of|the|its|an?|"
    r"nvidia|amd|[\w-]+er|"
    r"predecessor|brother|sibling|successor|plain|old|big|little|desktop|full|full-size|regular|"
    r"normal)[\s,]+)+",
    re.IGNORECASE,
)


def _shared(
    passage: Passage, match: re.Match[str], here: Sequence[Mention], context: Context
) -> Iterator[Finding]:
    """A chip that several devices are said to share: each must have it."""
    before = [each for each in here if each.end <= match.start()]
    known = [[context.catalogue[key] for key in each.ids] for each in before]
    wrong = [
        gpus
        for gpus in known
        if gpus[0].value("chip") and not any(same_chip(match[0], str(gpu.value("chip"))) for gpu in gpus)
    ]
    if len(before) > 1:
        yield from one_of(passage, match, "chip", (wrong or known)[0], context)
