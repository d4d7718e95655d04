"""An amount that a text tells and then says to fit where it does not: "35 GB, so the 5090 holds it entirely".

The amount stands in the same sentence, or in the one before where this one goes on about it ("eight H100s are
enough for that"). Of several amounts the least must be larger than the room, which is the memory of as many
devices as the sentence names, of the largest variant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.mood import is_asserted
from whichgpu.audit.devices.machine import is_of_system, names_machine
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.counting import counted
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import one_before, within
from whichgpu.audit.values.offers import usual

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.quantities import Quantity
    from whichgpu.audit.text.sentences import Sentence

#: That something is held: "fits", "holds it entirely", "are enough for that".
_FITS = re.compile(
    r"\b(?:(?:comfortably |easily |just |still |also |all )?(?:fits?|fit in|fit on)\b|"
    r"(?:can |will |could )?(?:also |easily |comfortably |still |just )?(?:holds?|hold|swallows?|"
    r"takes?|stores?)\s"
    r"(?:it|that|this|them|all of it|the (?:whole |entire |full )?(?:model|weights|lot|thing|state|"
    r"checkpoint))\b|"
    r"(?:is|are) (?:just |quite |already |still )?(?:enough|sufficient|plenty|(?:big|large) enough|"
    r"something for|within (?:the )?reach of|no (?:problem|trouble) (?:for|on)|at home (?:in|on))\b|"
    r"suffices?\b|"
    r"(?:still |just |easily )?(?:squeezes?|slots?|slips?|goes|went|sits) (?:in|into|onto|inside|through)\b|"
    r"(?:will|would|does) do\b|finds? (?:its |a |enough )?(?:place|room|space) (?:in|on)\b|"
    r"(?:provides?|delivers?|offers?|musters?|manages?|accommodates?) (?:with ease|easily|without)\b|"
    r"(?:has|have|leaves?) (?:plenty of |ample |enough |the )?(?:room|space) for (?:it|that|this|them)\b)",
    re.IGNORECASE,
)
#: What makes it no statement that so much is held, or not in the memory of the devices alone.
_UNSURE = re.compile(
    r"\b(?:not|no|never|cannot|neither|nor|hardly|barely|nothing|unless|if|when|once|would|should|might|may|"
    r"too|"
    r"but|miss(?:es|ed)?|short|above|exceed\w*|fail\w*|tried|beyond|almost|nearly|only|than|why|whether|"
    r"offload\w*|cpu|ram|host|swap\w*|ssd|disk|spill\w*|layers?|part|half|rest|remainder|"
    r"quanti[sz]\w*|distill\w*|adapters?|lora|unified|grace|compress\w*|"
    r"nodes (?:of|with)|several|clusters?|racks?|systems?|any of|boxes|servers?|machines?|each|"
    r"per (?:gpu|card|device|rank))\b|n[\u2019']t\b|\?|%",
    re.IGNORECASE,
)
_WHICH = re.compile(r"\bwhich\s(?:\w+\s)?$", re.IGNORECASE)
_THAT = re.compile(
    r"\b(?:it|this|that|them|all of it|the (?:whole |entire |full )?(?:model|weights|lot|thing|"
    r"state|checkpoint))\b",
    re.IGNORECASE,
)
#: Before an amount that something takes.
_TAKES = re.compile(
    r"\b(?:comes? (?:out )?(?:to|at)|is|are|was|makes?|carries|carry|takes?|needs?|weighs?|"
    r"requires?|wants?|totals?|adds? up to|"
    r"amounts? to|asks? for|fills?|occup(?:y|ies)|needed|at|about|of|some|"
    r"(?:checkpoint|model|scene|file|network|build|quant|index) (?:has|have))\s(?:\w+\s){0,3}$|"
    r"[=:~\u2248(]\s*$|\b(?:bits?|[FB]?[FP]\d+|INT\d+|Q\d\w*),\s$|"
    r"\b(?:with|at|in) its\s$",
    re.IGNORECASE,
)
#: Behind an amount that is of something else.
_OF_ELSE = re.compile(
    r"[\s-]*(?:cards?|gpus?|per|a|each|of (?:vram|gpu|device|memory|video|hbm|gddr|ram|system|host)|"
    r"on (?:board|the card)|left|free|"
    r"more|less|smaller|larger|/)\b",
    re.IGNORECASE,
)
#: What only makes a need smaller than what is told of it, if that.
_NO_CONDITION = re.compile(
    r",?\s+(?:if|as long as|provided(?: that)?) (?:you|one|we) keep[^.;,]*|\bwithout\b(?= (?:a|any) )",
    re.IGNORECASE,
)
#: What goes on from the clause before without a word for it: "60 GB; the A40 is big enough".
_BY_ITSELF = re.compile(
    r"\b(?:enough|sufficient|suffices?|will do|plenty|goes (?:in|on|through))(?=\s*(?:[.,;]|$|without|with))",
    re.IGNORECASE,
)
#: What lies on disks, and is worked through piece by piece.
_NO_MODEL = re.compile(
    r"\b(?:disk|videos?|footage|storage|backup|archive|swap|traffic|downloaded|per (?:user|day))\b",
    re.IGNORECASE,
)
#: What is less is no model. The room is in binary gigabytes, which no amount in decimal ones may exceed.
_LEAST = 1e9
#: What the findings are of.
OF_NEEDS = "stated fit"


def needs(
    passage: Passage, sentence: Sentence, here: Sequence[Mention], context: Context
) -> Iterator[Finding]:
    """What a sentence says to be held by the devices that it names, and is told to be larger."""
    fits = _FITS.search(sentence.text)
    said = _NO_CONDITION.sub("", sentence.text)
    if fits is None or _UNSURE.search(said) or not is_asserted(said):
        return
    place = (sentence.start + fits.start(), sentence.start + fits.end())
    own = within(here, sentence.start, sentence.end)
    if len({each.named for each in own}) != 1 or names_machine(passage.text, own[0].start, own[0].end):
        return
    if is_of_system(passage.text, own[0].start, own[0].end):
        return
    told = _told(passage, sentence, place, here, context)
    count = max(counted(passage.text, sentence.start, each.start) for each in own)
    if not told or (count == 1 and passage.text[own[0].end : own[0].end + 1] == "s"):
        return
    best = max(usual(own[0].ids), key=lambda key: float(context.catalogue[key].value("memory") or 0.0))
    room = count * float(context.catalogue[best].value("memory") or 0.0)
    least = min(told, key=lambda each: each.value)
    if room and least.value > room:
        size = (
            f"{count:g} of {best} have {room / 1e9:,.4g} GB"
            if count > 1
            else f"{best} has {room / 1e9:,.4g} GB"
        )
        because = f"{passage.text[least.start : least.end]} is told to be held; {size}"
        subject = ", ".join(own[0].named)
        behind = own[-1].end + passage.text.startswith("s", own[-1].end)
        if own[0].start > place[0]:
            place = (place[0], behind)
        yield made(context, passage, place, "memory", "contradicted", subject=subject, attribute=OF_NEEDS,
                   expected="no", because=because, evidence=(Evidence(because),))  # fmt: skip


def _told(
    passage: Passage, sentence: Sentence, place: tuple[int, int], here: Sequence[Mention], context: Context
) -> list[Quantity]:
    """The amounts that are said to be held: of the sentence itself, else of the one before it."""
    which = _WHICH.search(passage.text, sentence.start, place[0])
    own = _amounts(passage, (sentence.start, place[0]), here, context)
    if which or own or not (_THAT.search(sentence.text) or _BY_ITSELF.search(sentence.text)):
        # "14 GB of weights stand at 112 GB, which fits on": what was told last.
        return _sure(own[-1:] if which else own, passage, sentence.start)
    before = one_before(passage.text, sentence.start)
    if before and _NO_MODEL.search(before[0].text):
        return []
    told = _amounts(passage, (before[0].start, before[0].end), here, context) if before else []
    return _sure(told, passage, before[0].start) if told else []


def _amounts(
    passage: Passage, place: tuple[int, int], here: Sequence[Mention], context: Context
) -> list[Quantity]:
    return [
        each for each in within(quantities(passage.text, context.fraction), *place)
        if each.dimension == "memory" and each.value >= _LEAST
        and not any(one.start <= each.start < one.end for one in here)
    ]  # fmt: skip


def _sure(found: list[Quantity], passage: Passage, start: int) -> list[Quantity]:
    """The amounts where each is what something takes: another one leaves open which is meant."""
    sure = all(
        _TAKES.search(passage.text, start, each.start) and not _OF_ELSE.match(passage.text, each.end)
        for each in found
    )
    return found if sure else []
