"""Forms and whole chips: "offered as an SXM5 module", "the RTX 4090 uses the full AD102"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.attributes import CHIP
from whichgpu.audit.fields import of_field
from whichgpu.audit.findings import made
from whichgpu.audit.roles import spoken
from whichgpu.audit.sentences import sentences, within
from whichgpu.audit.sourced import source_of
from whichgpu.audit.subjects import family

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.sentences import Sentence
    from whichgpu.audit.subjects import Mention
    from whichgpu.hardware.gpu import Gpu

#: Between a device and its form.
_COMES = (
    r"\s+(?:is\s+(?:only\s+)?(?:offered|sold|available|shipped|built|made)|comes?|ships?|exists?|is)\s+(?:only\s+|just\s+)?"
    r"(?:as\s+|in\s+the\s+form\s+of\s+)?(?:an?\s+)(?:(?:single|dual|double|two|full|low)-(?:slot|height|profile|width|length)\s+|passive\s+|standard\s+)*"
)
_FORM = (
    r"(?P<form>SXM|OAM|PCIe|PCI Express)\d?(?:\s+\d(?:\.0)?)?\s+(?:module|card|board|form factor|"
    r"accelerator|device|gpu)\b"
)
_AND_FORM = re.compile(
    r"\s*(?:,|,?\s*\b(?:and|or|as well as)\b)\s+(?:also\s+|as\s+|an?\s+)*" + _FORM, re.IGNORECASE
)
_OF_NAME = re.compile(_COMES + _FORM, re.IGNORECASE)
_OF_IT = re.compile(r"\s*It" + _COMES + _FORM, re.IGNORECASE)
#: A chip that is said to be whole, behind its device.
_WHOLE = re.compile(
    r"(?:[\u2019']s)?\s+(?:uses?|utili[sz]es|has|gets?|carries|is built on|is based on|is|comes with|runs)\s+"
    r"(?:an?|the|its)\s+(?:full|fully enabled|complete|whole|entire|uncut|full-fat)\s+",
    re.IGNORECASE,
)
_WHOLE_OF_IT = re.compile(r"\s*(?:It|This (?:GPU|card))" + _WHOLE.pattern, re.IGNORECASE)
#: "Desktop RTX 4090: This GPU has the full AD102".
_WHOLE_LABELLED = re.compile(r"\s*:[\s*]*(?:It|This (?:GPU|card|one))" + _WHOLE.pattern, re.IGNORECASE)
#: "The AD102 in its full configuration", "der AD102 im Vollausbau".
_IN_FULL = re.compile(
    rf"(?P<chip>{CHIP.pattern})(?:[- ](?:chip|die|gpu))?\s+(?:im Vollausbau|in voller Ausbaustufe|"
    r"fully enabled|"
    r"in (?:its|the) full (?:form|configuration|glory|size))\b",
    re.IGNORECASE,
)
_NOT_WHOLE = re.compile(
    r"\b(?:cut|not|kein\w*|nicht|never|part(?:ly|ial\w*)?|version of|almost|nearly|fast|unlike|"
    r"compared|than|would|could|if|w\u00e4re|instead|statt)\b|n[\u2019']t\b|\?",
    re.IGNORECASE,
)


def find(context: Context) -> Iterator[Finding]:
    """Every such form and whole chip, with its verdict."""
    for index, passage in context.document.running():
        if not _ANY.search(passage.text):
            continue
        for sentence in sentences(passage.text):
            yield from _of_sentence(index, passage, sentence, context)


_ANY = re.compile(
    r"\b(?:SXM|OAM|PCIe|PCI Express|full|fully|complete|whole|entire|uncut)\b|full-fat|SXM\d|"
    r"\bVollausbau|in voller",
    re.IGNORECASE,
)


def _of_sentence(index: int, passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    here = within(context.mentions.get(index, ()), sentence.start, sentence.end)
    for each in here:
        form = _OF_NAME.match(passage.text, each.end, sentence.end)
        whole = _WHOLE.match(passage.text, each.end, sentence.end) or _WHOLE_LABELLED.match(
            passage.text, each.end, sentence.end
        )
        yield from _judged(passage, each, form, whole, context)
    for match in _IN_FULL.finditer(passage.text, sentence.start, sentence.end):
        who = spoken(index, passage, sentence, context)
        mine = {each.ids for each in here} if here else {each.ids for each in who.topic if who.certain}
        chip = CHIP.match(passage.text, match.start("chip"))
        if chip and len(mine) == 1 and not _NOT_WHOLE.search(sentence.text):
            yield from _of_whole(passage, chip, [context.catalogue[key] for key in mine.pop()], context)
    if not here and sentence.text.lstrip()[:5].lower().startswith(("it ", "this ")):
        who = spoken(index, passage, sentence, context)
        form = _OF_IT.match(passage.text, sentence.start, sentence.end)
        whole = _WHOLE_OF_IT.match(passage.text, sentence.start, sentence.end)
        if who.certain and who.topic and (form or whole):
            yield from _judged(passage, who.topic[0], form, whole, context)


def _judged(
    passage: Passage, one: Mention, form: re.Match[str] | None, whole: re.Match[str] | None, context: Context
) -> Iterator[Finding]:
    gpus = [context.catalogue[key] for key in one.ids]
    if form:
        word = "PCIe" if form["form"].lower().startswith("pci") else form["form"].upper()
        known = [gpu for gpu in gpus if gpu.value("form_factor") and gpu.segment == "datacenter"]
        if _AND_FORM.match(passage.text, form.end()):
            # "As a PCIe card and as an SXM4 module": in forms of which a name means any.
            known = [context.catalogue[key] for key in family(one.ids, context.catalogue)]
        right = [gpu for gpu in known if str(gpu.value("form_factor")).startswith(word)]
        if known:
            verdict = "confirmed" if right else "contradicted"
            yield of_field(
                passage, form.span("form"), "identity", "form_factor", right or known, verdict, context
            )
    chip = CHIP.match(passage.text, whole.end()) if whole else None
    if chip:
        yield from _of_whole(passage, chip, gpus, context)


def _of_whole(
    passage: Passage, chip: re.Match[str], gpus: Sequence[Gpu], context: Context
) -> Iterator[Finding]:
    """A chip that is whole in no device of which another has more units of it."""
    own = [gpu for gpu in gpus if _is_of(gpu, chip[0]) and gpu.value("sms")]
    if not own:
        return
    most = max(own, key=_units)
    larger = [
        gpu for gpu in context.catalogue.values() if _is_of(gpu, chip[0]) and _units(gpu) > _units(most)
    ]
    if larger:
        other = max(larger, key=_units)
        because = f"{most.id} has {most.display('sms')} SMs of it, {other.id} {other.display('sms')}"
        yield made(
            context, passage, chip.span(), "identity", "contradicted", subject=most.id, attribute="sms",
            because=because, expected="a part of it",
            evidence=(source_of(other, "sms"), source_of(most, "sms")),
        )  # fmt: skip


def _is_of(gpu: Gpu, chip: str) -> bool:
    return str(gpu.value("chip") or "").upper().startswith(chip.upper())


def _units(gpu: Gpu) -> float:
    return float(gpu.value("sms") or 0)
