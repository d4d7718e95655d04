"""A capability that is granted to a device by what surrounds its name, or withheld from others.

"The A100 needs a driver update for FP8" grants it what no driver brings; "BF16 works on the 4090 only" denies
it to whom the text sets beside; "sparsity isn't available on the A4500" denies what it has. No verb is
looked for: the name of the capability, the one device of its clause, and what is said of both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.comparisons.pairs import devices
from whichgpu.audit.devices.mentions import model
from whichgpu.audit.excluded.scope import headed_by, stated
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.sentences import within
from whichgpu.audit.values.capabilities import CAPABILITIES
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.audit.values.capabilities import Capability

#: Names of what a text grants, beside those of the capabilities themselves.
_NAMES = {
    "fp8": r"FP8", "fp4": r"(?:NV)?FP4", "bf16": r"BF16|bfloat16", "tf32": r"TF32", "nvlink": r"NVLink",
    "mig": r"MIG|multi-instance GPU", "sparsity": r"(?:structured |2:4 )?sparsity",
    "flash_attention_2": r"flash[- ]?attention[- ]?2", "flash_attention_3": r"flash[- ]?attention[- ]?3",
    "transformer_engine": r"transformer engine", "av1_encode": r"AV1(?! decod)(?: encod\w+)?",
    "tensor_cores": r"tensor cores", "ecc": r"ECC", "ray_tracing": r"RT cores|hardware ray tracing",
}  # fmt: skip
_TOLD = tuple(
    (each, re.compile(rf"(?<![\w-])(?:{_NAMES[each.key]})(?![\w-])", re.IGNORECASE))
    for each in CAPABILITIES
    if each.key in _NAMES
)
#: What is a thing of hardware in any words; the others are formats, in which a file may be on any device.
_FORMATS = frozenset({"fp8", "fp4", "bf16", "tf32"})
#: Before a capability, what software is said to bring.
_BRINGS = re.compile(
    r"\b(?:needs?|requires?|takes?|wants?|with|after|by|via|through|gets?|got|gains?|gained)\s(?:only\s|just\s)?"
    r"(?:an?\s|the\s|some\s|newer\s|new\s|recent\s|simple\s|small\s){0,3}"
    r"(?:drivers?|firmware|software|BIOS|VBIOS|CUDA|library|license)\s?"
    r"(?:updates?|upgrades?|patch(?:es)?|versions?|drivers?|releases?)?\s"
    r"(?:for|to (?:get|enable|use|unlock|support|activate|add)|before it (?:supports|has|can use)|that "
    r"(?:adds|enables|unlocks|brings)|unlocks?|adds?|brings?|enables?)\s(?:native\s|its\s|the\s)*$",
    re.IGNORECASE,
)
#: Behind one, that it is there, or that it is not.
_IS_THERE = re.compile(
    r"(?:,[^,.;:]{1,24},)?\s(?:also\s|even\s|still\s)?(?:works?|runs?|is (?:also |even |fully |"
    r"natively )?(?:available|supported|"
    r"possible|there|on board|present)|exists?)\b(?!\s(?:only|best|poorly|slowly|without))"
    r"[^.;,:]{0,40}?\b(?:on|with|in|by) (?:the |an? |both |either )?(?:nvidia |older |newer |smaller |"
    r"cheaper )*$",
    re.IGNORECASE,
)
_IS_NOT = re.compile(
    r"\s(?:support\s)?(?:is|are)(?: not|n[\u2019']t| simply not)(?: yet)? (?:available|supported|"
    r"possible|offered|"
    r"present|there|implemented|usable)\b",
    re.IGNORECASE,
)
#: That one device alone has it: before it, and behind it.
_ONLY_BEFORE = re.compile(
    r"\b(?:only (?:on|with|in|by|for)|exclusive(?:ly)? (?:to|on)|(?:limited|restricted|confined) to|"
    r"reserved for|unique to) (?:the |its )?(?:nvidia )?$",
    re.IGNORECASE,
)
#: The same where the device is who has it: before its name, and between it and what it has.
_ONLY_IT = re.compile(r"(?:^|[.,;:]\s)\W*(?:but )?only (?:the )?(?:nvidia )?$", re.IGNORECASE)
_HAS = re.compile(r"\s(?:has|supports?|knows|offers?|gets|brings|does|handles)\s(?:native\s)?", re.IGNORECASE)
_ONLY_BEHIND = re.compile(r"\s(?:only|alone|exclusively)\b(?!\s(?:with|if|when|in|at|by|for))", re.IGNORECASE)
#: Behind a device, that it does the same.
_ALSO = re.compile(
    r"[^.;:]{0,40}?(?:,\s)?\b(?:which |that |and )?(?:also|even|likewise) "
    r"(?:does|do|handles?|encodes?|supports?|offers?|accelerates?|has|runs?|knows?)\s(?:native\s|hardware\s)*$",
    re.IGNORECASE,
)
#: For whom a device is: "for those who need FP4 inference".
_FOR_WHOM = re.compile(
    r"\b(?:for|if|when|where|whenever)\s(?:those|anyone|people|teams|you|users|whoever|everyone|customers|"
    r"workloads?|your (?:work|code|stack)|labs)?\s?(?:who|that|which)?\s?(?:needs?|wants?|requires?|"
    r"relies? on|"
    r"uses?|depends? on|asks? for)\s(?:native\s|hardware\s|full\s)?$",
    re.IGNORECASE,
)
#: Behind a format, what is done in it on a device that has it.
_WORK = re.compile(
    r"\s(?:inference|training|arithmetic|math|compute|throughput|acceleration|performance)\b", re.I
)
_NOT = re.compile(
    r"\b(?:not|no|none|never|neither|nor|without|lacks?|lacking|cannot|unlike|except|emulat\w+|instead|rather|"
    r"weights?|files?|quanti\w+|would|if|than|myth|avoid|skip|missing|don[\u2019']t)\b|n[\u2019']t\b",
    re.IGNORECASE,
)
_SPLIT = re.compile(
    r"[;:]\s|,\s(?:but|while|whereas|and|so)\s|\s(?:but|while|whereas)\s|\s\u2013\s|\s\u2014\s"
)


class _Clause(NamedTuple):
    """A stretch of a sentence that says one thing, and the devices that it names."""

    start: int
    end: int
    here: Sequence[Mention]


def granted(context: Context) -> Iterator[Finding]:
    """Every capability that is granted to a device without it, or denied to one that has it."""
    for index, passage in context.document.running():
        yield from _advised(index, passage, context)
    for index, passage, sentence in stated(context):
        for each, names in _TOLD:
            for match in names.finditer(passage.text, sentence.start, sentence.end):
                clause = _clause(index, passage, sentence, match, context)
                yield from _of_clause(each, match, clause, passage, context)


#: Who needs it, before it, and the device that is named for that behind it.
_IF_NEEDED = re.compile(
    r"(?:^|[.;:]\s)\W*(?:if|when|where|for|whoever|those who|anyone who)\b[^.;:]{0,32}\b(?:need|want|"
    r"have|require|"
    r"use|rely|insist|depend|care)\w*(?:\s(?:to have|on|about|upon))?\s(?:native\s|hardware\s)?$",
    re.IGNORECASE,
)
_THEN = re.compile(
    r"(?:\s(?:support|inference|training))?,\s(?:then\s)?(?:you\s(?:can|should|may)\s)?"
    r"(?:(?:take|use|pick|choose|get|go for|buy|stay with|rent)\s)?(?:the\s|an?\s)?(?:nvidia\s|used\s|"
    r"old\s)*",
    re.IGNORECASE,
)
_IS_FINE = re.compile(
    r"\s(?:is|will be|remains)\s(?:\w+\s)?(?:fine|enough|okay|ok|sufficient|good|right|the (?:one|choice|"
    r"card|way))\b|"
    r"\s(?:will do|does the job|does it|suffices|works)\b|\s*(?:[.;]|$)",
    re.IGNORECASE,
)
_DENIED = re.compile(r"\b(?:not|no|never|neither|without)\b|n[\u2019']t\b", re.IGNORECASE)
#: What answers a question for what was named in it: "On the V100, yes".
_ASKED = re.compile(r"(?:\s(?:support|available|possible))?\?\W*(?:On|With|In|For)\s(?:the\s|an?\s)?")
_YES = re.compile(r",?\s(?:yes|sure|of course|it works|no problem)\b", re.IGNORECASE)


def _advised(index: int, passage: Passage, context: Context) -> Iterator[Finding]:
    """Devices that are named for a need, or in answer to a question, of what they have not."""
    text = passage.text
    for each, names in _TOLD:
        for match in names.finditer(text):
            needed = _IF_NEEDED.search(text, max(0, match.start() - 90), match.start())
            needed = None if needed and _DENIED.search(needed[0]) else needed
            for one in context.mentions.get(index, ()):
                fine = (
                    needed and _THEN.fullmatch(text, match.end(), one.start) and _IS_FINE.match(text, one.end)
                )
                yes = _ASKED.fullmatch(text, match.end(), one.start) and _YES.match(text, one.end)
                if (fine or yes) and all(each.has(context.catalogue[key]) is False for key in one.ids):
                    end = yes.end() if yes else one.end
                    yield _made(each, (one.start, end), one.ids, passage, context, told=True)


def _clause(
    index: int, passage: Passage, sentence: Sentence, match: re.Match[str], context: Context
) -> _Clause:
    text = passage.text
    start = max(
        (each.end() for each in _SPLIT.finditer(text, sentence.start, match.start())), default=sentence.start
    )
    end = next((each.start() for each in _SPLIT.finditer(text, match.end(), sentence.end)), sentence.end)
    return _Clause(start, end, within(context.mentions.get(index, ()), start, end))


def _of_clause(
    each: Capability, match: re.Match[str], clause: _Clause, passage: Passage, context: Context
) -> Iterator[Finding]:
    text = passage.text
    if _only(text, match, clause):
        yield from _alone(each, match, clause, passage, context)
        return
    ids = _whose(passage, clause, context)
    if not ids:
        return
    around = text[clause.start : match.start()] + text[match.end() : clause.end]
    if _IS_NOT.match(text, match.end(), clause.end):
        if each.key not in ("bf16", "ecc") and all(each.has(context.catalogue[key]) for key in ids):
            yield _made(each, match.span(), ids, passage, context, told=False)
        return
    brings = _BRINGS.search(text, clause.start, match.start())
    end = match.end() if brings else _said_until(each, text, match, clause)
    if end and not _NOT.search(around) and all(each.has(context.catalogue[key]) is False for key in ids):
        yield _made(each, (match.start(), end), ids, passage, context, told=True)


def _said_until(each: Capability, text: str, match: re.Match[str], clause: _Clause) -> int:
    """Where it ends that a clause says what it names to be there, or to be for whom needs it; 0 of none."""
    needed = _FOR_WHOM.search(text, clause.start, match.start()) is not None
    if each.key in _FORMATS:
        return match.end() if needed and _WORK.match(text, match.end()) else 0
    name = clause.here[0] if clause.here else None
    if name and name.start > match.end() and _IS_THERE.match(text, match.end(), name.start):
        return name.end
    also = name is not None and name.end <= match.start() and _ALSO.fullmatch(text, name.end, match.start())
    return match.end() if needed or also else 0


def _only(text: str, match: re.Match[str], clause: _Clause) -> tuple[Mention, re.Match[str]] | None:
    """The device of a clause that alone is said to have what it names, and the words that say so."""
    if _AMONG.search(text, max(0, clause.start - _FAR), clause.end):
        return None
    for one in clause.here:
        near = text[min(match.start(), one.start) : max(match.end(), one.end)]
        has = _HAS.fullmatch(text, one.end, match.start())
        said = (
            _ONLY_BEFORE.search(text, clause.start, one.start)
            or _ONLY_BEHIND.match(text, one.end, clause.end)
            or (_ONLY_IT.search(text, clause.start, one.start) if has else None)
        )
        # "FP8 works on both, FP4 on the L4 only": of what stands nearer to it.
        if _FEATURE.search(text, match.end(), max(match.end(), one.start)):
            continue
        if said and len(near) < _FAR and not _NOT.search(text, clause.start, clause.end):
            return one, said
    return None


_FAR = 60
_FEATURE = re.compile(r"\b(?:FP\d+|BF16|TF32|INT\d+|NVLink|MIG|AV1|ECC|vGPU)\b")
#: Of whom one alone has it, where that is not all that the text speaks of.
_AMONG = re.compile(
    r"\b(?:among|amongst|of (?:all|the|these|those|its)|within|in (?:its|this|that) (?:class|series|"
    r"generation|family|"
    r"market)|consumer|gaming|workstation|data[ -]?cent\w+|so far|until|on (?:aws|azure|gcp|google))\b",
    re.IGNORECASE,
)


def _alone(
    each: Capability, match: re.Match[str], clause: _Clause, passage: Passage, context: Context
) -> Iterator[Finding]:
    """That no other device of the text has it, which another has."""
    found = _only(passage.text, match, clause)
    if found is None:
        return
    mine = {model(key, context.catalogue) for key in found[0].named}
    for ids in devices(context):
        rival = model(ids[0], context.catalogue) not in mine
        if rival and all(each.has(context.catalogue[key]) for key in ids):
            yield _made(each, found[1].span(), ids, passage, context, told=False)
            return


def _whose(passage: Passage, clause: _Clause, context: Context) -> Sequence[str]:
    """The one device that a clause names, else that of its heading or of the label before it."""
    if clause.here:
        return clause.here[0].ids if len({each.named for each in clause.here}) == 1 else ()
    place = context.place(passage)
    before = [each for each in context.mentions.get(place, ()) if each.end <= clause.start]
    labelled = before and before[0].start <= _LABEL and _IS_LABEL.match(passage.text, before[0].end)
    if labelled and len({each.named for each in before}) == 1:
        return before[0].ids
    return tuple(gpu.id for gpu in headed_by(passage, context)) if passage.kind == "item" else ()


#: Where the name stands that labels an item, and what is behind it.
_LABEL = 16
_IS_LABEL = re.compile(r"\W*[:\u2013\u2014]\W*")


def _made(
    each: Capability,
    place: tuple[int, int],
    ids: Sequence[str],
    passage: Passage,
    context: Context,
    *,
    told: bool,
) -> Finding:
    gpu = context.catalogue[ids[0]]
    because = (
        f"{gpu.id} {'has no' if told else 'has'} {each.key.replace('_', ' ')}: {gpu.display(each.field)}"
    )
    return made(
        context, passage, place, "capability", "contradicted", attribute=each.key,
        subject=", ".join(ids), because=because, evidence=(Evidence(because),),
    )  # fmt: skip
