"""Capabilities that a pronoun takes up: "every L40S ships with it", "the H100 has them, too".

What "it" is was named in the sentence before or earlier in the same one, or heads the section, and nothing
else of the kind beside it. Of an architecture ("the Ada generation still has it") the same is read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.capabilities import CAPABILITIES, capability_of
from whichgpu.audit.capable.verdict import is_narrowed, judged
from whichgpu.audit.claims.asserted import of_kind
from whichgpu.audit.roles import spoken
from whichgpu.audit.sentences import sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.capabilities import Capability
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.roles import Spoken
    from whichgpu.hardware.gpu import Gpu

#: Capabilities that are told by name and are no qualifier of a figure, and what asks for a division of a GPU.
_KEYS = ("fp8", "fp4", "bf16", "tf32", "nvlink", "mig", "av1_encode", "av1_decode", "ray_tracing", "ecc",
         "transformer_engine", "tensor_cores", "frame_generation", "cuda", "rocm")  # fmt: skip
_NAMES = re.compile(
    "|".join(f"(?:{each.names})" for each in CAPABILITIES if each.key in _KEYS), re.IGNORECASE
)
_IT = (
    r"(?:it|them|this(?: (?:feature|possibility|function|format|capability|ability|option|support))?|"
    r"that|one|any|such (?:cores|units|a (?:link|bridge)))"
)
_HAS = (
    r"(?:has|have|had|ships? with|comes? with|supports?|offers?|gets?|got|features?|(?:can|could) (?:do|"
    r"use|run|handle|have)|"
    r"knows?|keeps?|kept|retains?|inherited|do|does|(?:brings?|brought)(?= \w+ back\b)|"
    r"(?:raise[sd]?|double[sd]?|increase[sd]?|extend(?:s|ed)?)(?= (?:it|that|this) to \d))"
)
#: The subject first, then the pronoun: "the H100 has them", "the A40 lacks it", "it is without it".
_OBJECT = re.compile(
    rf"^(?:\s+(?:cards?|gpus?|generation|architecture|series|itself|also|still|even|already|sadly|of "
    rf"course))*\s+"
    rf"(?:(?P<no>lacks?|lacked|misses|dropped|drops|(?:goes|is|comes|does|do) without|gave up|has no "
    rf"longer|cannot do|can[\u2019']t do|"
    rf"(?:does|do|did|has|have|can|could|is|are|was)(?:n[\u2019']t| not)(?: (?:have|support|offer|get|do|"
    rf"know|come with|ship with|got|had|use))?|"
    rf"cannot (?:use|do|have))|(?:also |still |even |already |now )*{_HAS})\s+{_IT}"
    rf"(?:\s+(?:too|as well|also|either|already|itself|natively|back|"
    rf"to \d[\d.]* [GT]B/s))*,?(?:\s+(?:too|as well|either))?\s*(?=[.,;:)!]|$|and\b|but\b|while\b|so\b|"
    rf"if\b|since\b)",
    re.IGNORECASE,
)
#: The pronoun first, then where: "it is available on the A40", "you can use it on the L40S".
_ON = re.compile(
    r"(?:\b(?:it|they|this|that|this (?:feature|possibility|function|format|capability|option))\s+(?:is|"
    r"are|was|were|works?|runs?|exists?)"
    r"(?P<no>n[\u2019']t| not)?(?:\s+(?:also|even|still|now|natively|only|fully))*"
    r"(?:\s+(?P<gone>missing|absent|lacking|unavailable)|\s+(?:supported|available|present|possible|"
    r"there|included|offered|found))?|"
    r"\b(?:you|we|one|they|users|people)\s+(?:can|could|may)(?P<no2>n[\u2019']t|not| not)?(?:\s+(?:also|"
    r"even|still|now|always))*\s+(?:use|have|enable|get|run)"
    r"\s+(?:it|them|this|that)(?:\s+(?:also|even))?)"
    r"\s+(?:on|by|in|with)\s+(?:both\s+)?(?:the\s+|an?\s+|every\s+|all\s+|nvidia[\u2019']s\s+|nvidia\s+)*$",
    re.IGNORECASE,
)
#: What leaves open whether it is said, or of what.
_OPEN = re.compile(
    r"\b(?:if|whether|may|might|would|should|until|unless|like|than|unlike|instead|neither|nor|none|no|"
    r"never|rumou?r\w*|expected|"
    r"software|emulat\w+|hardly|only)\b|\?",
    re.IGNORECASE,
)
_FAMILY = re.compile(
    r"\b(?:the\s+)?(?P<name>Kepler|Maxwell|Pascal|Volta|Turing|Ampere|Ada Lovelace|Ada|Hopper|Blackwell|"
    r"(?:RTX |GTX )?\d0(?:00)?[ -]series)"
    r"(?=\s+(?:generation|architecture|cards?|gpus?|series|still|also|has|have|lacks?|do|does|can|could|"
    r"dropped|knows?)\b)"
)
_REACH = 110


def find(context: Context) -> Iterator[Finding]:
    """Every capability that is said, or denied, of a device by a pronoun."""
    for index, passage in context.document.running():
        last = _one(" ".join(passage.section[-1:]))
        if last is None and not _NAMES.search(passage.text):
            continue
        for sentence in sentences(passage.text):
            who = spoken(index, passage, sentence, context)
            taken = False
            for start, end, gpus in _subjects(passage, (sentence.start, sentence.end), who, context):
                places = (sentence.start, start, end, sentence.end)
                found = list(_of_subject(passage, places, (last, gpus), context))
                taken = taken or bool(found)
                yield from found
            # A sentence that speaks of something else ends what "it" is.
            last = _one(sentence.text) or (last if taken else None)


def _one(text: str) -> Capability | None:
    """The one capability that a stretch of text names; None for none, or several."""
    every = list(_NAMES.finditer(text))
    if any(is_narrowed(text, each.end()) for each in every):
        return None
    found = {each.key: each for each in map(capability_of, every)}
    return next(iter(found.values())) if len(found) == 1 else None


def _subjects(
    passage: Passage, place: tuple[int, int], who: Spoken, context: Context
) -> Iterator[tuple[int, int, Sequence[Gpu]]]:
    """The devices and architectures of a sentence: where each stands, and what it can be."""
    for each in who.here:
        yield each.start, each.end, [context.catalogue[key] for key in each.ids]
    for match in _FAMILY.finditer(passage.text, *place):
        if not within(who.here, *match.span()) and (gpus := of_kind(match["name"], context)):
            yield match.start(), match.end(), gpus


def _of_subject(
    passage: Passage,
    places: tuple[int, int, int, int],
    told: tuple[Capability | None, Sequence[Gpu]],
    context: Context,
) -> Iterator[Finding]:
    """What is said of a subject that stands at the second and third of the places, within a sentence."""
    begins, start, end, ends = places
    text, (last, gpus) = passage.text, told
    before = text[max(begins, start - _REACH) : start]
    says = _OBJECT.match(text[end : min(ends, end + _REACH)])
    on = None if says else _ON.search(before)
    clause = re.split(r"[,;:]\s", before)[-1] + (says[0] if says else "")
    # What the sentence itself names before is meant, else what the one before it is about.
    own = [capability_of(each) for each in _NAMES.finditer(text, begins, start)]
    what = own[-1] if own else last
    if any(is_narrowed(text, each.end()) for each in _NAMES.finditer(text, begins, start)):
        return
    if not (says or on) or what is None or len({each.key for each in own}) > 1 or _OPEN.search(clause):
        return
    if any(capability_of(each) != what for each in _NAMES.finditer(text, start, ends)):
        return
    denied = bool(says["no"]) if says else bool(on and (on["no"] or on["no2"] or on["gone"]))
    denied = denied is not bool(on and on["no"] and on["gone"])
    place = (start, end + says.end()) if says else (start - len(on[0]) if on else start, end)
    yield from judged(passage, place, what, gpus, told=not denied, context=context)
