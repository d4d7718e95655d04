"""Capabilities that a clause says its device, or a generation, has or lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.mood import is_asserted
from whichgpu.audit.findings import made
from whichgpu.audit.text.sentences import within
from whichgpu.audit.values.capabilities import CAPABILITIES
from whichgpu.audit.values.sourced import source_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.clauses.parts import Clause
    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.audit.values.capabilities import Capability

#: Formats and features that a device has by its architecture.
_KEYS = frozenset({"fp8", "fp4", "bf16", "tf32", "nvlink", "mig", "ecc", "transformer_engine"})
_FILL = (
    r"(?:\s+(?:native|hardware|full|any|the|an?|its|for|support|proper|real|built-in|own|of|with|"
    r"memory))*\s+"
)
#: What is always said of the hardware, and what is where it is told how.
_HAS = (
    r"(?:(?:already|also|even|finally|still) )?(?:supports?|has|had|offers?|features?|includes?|"
    r"comes with|brings|brought|got|gets|"
    r"introduced|learned|accelerates?)"
)
_DOES = r"takes?|executes?|handles?|runs?|run|computes? in|process(?:es)?|can (?:do|use|run)|does"
_NATIVELY = re.compile(
    r"\s+(?:\w+\s+)?(?:natively|directly|in hardware|at (?:the\s)?(?:full|same|twice|double)|"
    r"at \d[\d.,]* [TP]?(?:FLOPS|OPS))",
    re.IGNORECASE,
)
_LACKS = (
    r"lacks?|has no|had no|offers no|does(?: not|n[\u2019']t) (?:support|have|do|offer)|"
    r"cannot (?:do|use|run)|without"
)
_TELLS = re.compile(rf"\b(?:(?P<lacks>{_LACKS})|(?P<has>{_HAS})|(?P<does>{_DOES})){_FILL}$", re.IGNORECASE)
_PARTLY = re.compile(
    r"\b(?:only|software|emulat\w+|driver|officially|consumer|like|through|via|than|as|"
    r"storage|weights|or|either|some|one of|except)\b",
    re.IGNORECASE,
)
_NOT = re.compile(r"\s+(?:not|nicht|pas|non)\b", re.IGNORECASE)
_NAMED = tuple(
    (each, re.compile(rf"(?:{each.names})\b", re.IGNORECASE)) for each in CAPABILITIES if each.key in _KEYS
)
#: Cards of which two are joined by a bridge, and the connector that it goes on.
_JOINED = re.compile(
    r"\b(?:joined|linked|bridged|connected|paired)(?: to each other| together| up)? (?:with|by|over|"
    r"via|through|using) (?:an? |"
    r"the )?(?:NVLink|NVLINK)(?: bridge)?\b|"
    r"\b(?:kept|keeps|has|retains?|inherit\w+) (?:the |an? )?(?:NVLink|bridge) connector\b"
)
#: A bridge that is put on devices: "fitting NVLink bridges to pairs of 4090s".
_FITTED = re.compile(
    r"\b(?:fit(?:s|ted|ting)?|put(?:s|ting)?|add(?:s|ed|ing)?|install(?:s|ed|ing)?|mount(?:s|ed|"
    r"ing)?|us(?:e|es|ed|ing)) (?:an? |the )?NVLink "
    r"bridges? (?:to|on|between|for|with) (?:(?:our|the|your|an?|each|every|two|both|pairs? of|"
    r"nvidia|geforce) )*$",
    re.IGNORECASE,
)
#: A device that is divided.
_DIVIDED = re.compile(
    r"\b(?:can|may) be (?:split|divided|partitioned|sliced|carved)(?: up)? into (?:up to )?(?:two|four|"
    r"seven|\d) "
    r"(?:isolated |separate |independent |MIG )*(?:instances|slices|partitions)\b",
    re.IGNORECASE,
)


def powers(clause: Clause, context: Context) -> Iterator[Finding]:
    """What a clause wrongly says that its device has or lacks."""
    text = clause.passage.text
    for key, pattern in (("nvlink", _JOINED), ("mig", _DIVIDED)):
        capability = next(each for each in CAPABILITIES if each.key == key)
        for match in pattern.finditer(text, clause.start, clause.end):
            yield from _judged(clause, capability, match.span(), told=True, context=context)
    if _PARTLY.search(clause.text):
        return
    for capability, names in _NAMED:
        for match in names.finditer(text, clause.start, clause.end):
            yield from _told(clause, capability, match, context)


#: "Every GPU in the table has FP8 tensor cores, even the old A100".
_EVEN = re.compile(
    r"\b(?:has|have|supports?|offers?|brings?|features?)\s(?:native |hardware )?(?P<what>[\w ]{2,24}?)"
    r"(?: tensor cores| support| units)?,\s(?:and )?even\s(?:the|an?)\s(?:old |older |little |"
    r"small |humble |ageing |aging )?$",
    re.IGNORECASE,
)


def before_names(
    passage: Passage, sentence: Sentence, here: Sequence[Mention], context: Context
) -> Iterator[Finding]:
    """Devices that words right before their names say something of, and that have it not.

    A bridge is said to be put on them, or even they are said to have what others have.
    """
    if not is_asserted(sentence.text):
        return
    for each in within(here, sentence.start, sentence.end):
        for pattern in (_FITTED, _EVEN):
            words = pattern.search(passage.text, sentence.start, each.start)
            capability = _of_words(words) if words else None
            if (
                words is None
                or capability is None
                or _DENIES.search(passage.text, sentence.start, words.start())
            ):
                continue
            if all(capability.has(context.catalogue[key]) is False for key in each.named):
                place = (words.start() if pattern is _FITTED else each.start, each.end)
                yield _finding(passage, each, capability, place, told=True, context=context)


def _of_words(words: re.Match[str]) -> Capability | None:
    """What a match of `_FITTED` or `_EVEN` is of."""
    told = words.groupdict().get("what", "NVLink").strip()
    return next((one for one, names in _NAMED if names.fullmatch(told)), None)


#: What makes a bridge one that is not there.
_DENIES = re.compile(r"\b(?:no|not|never|cannot|without|impossible|would|if)\b|n[\u2019']t\b", re.IGNORECASE)


def _told(
    clause: Clause, capability: Capability, match: re.Match[str], context: Context
) -> Iterator[Finding]:
    text = clause.passage.text
    tells = _TELLS.search(text, clause.start, match.start())
    if tells is None or _NOT.match(text, match.end()):
        return
    if tells["does"] and not _NATIVELY.match(text, match.end()):
        return
    if tells["lacks"] and capability.key == "ecc":
        # On GeForce cards it is there, and of use to few.
        return
    place = (tells.start(), match.end())
    yield from _judged(clause, capability, place, told=tells["lacks"] is None, context=context)


def _judged(
    clause: Clause, capability: Capability, place: tuple[int, int], *, told: bool, context: Context
) -> Iterator[Finding]:
    gpus = [context.catalogue[key] for key in clause.subject.named]
    if gpus and all(capability.has(gpu) is (not told) for gpu in gpus):
        yield _finding(clause.passage, clause.subject, capability, place, told=told, context=context)


def _finding(
    passage: Passage, subject: Mention, capability: Capability, place: tuple[int, int], *, told: bool,
    context: Context,
) -> Finding:  # fmt: skip
    best, field = context.catalogue[subject.named[0]], capability.field
    # Those of other makers have no compute capability.
    blank = f"{best.id} is of {best.architecture.replace('_', ' ').upper()}"
    known = (
        f"{best.id}: {field.replace('_', ' ')} {best.display(field)}"
        if best.value(field) is not None
        else blank
    )
    return made(context, passage, place, "capability", "contradicted",
                subject=", ".join(subject.named), attribute=capability.key, because=known,
                expected="no" if told else "yes", evidence=(source_of(best, field),))  # fmt: skip
