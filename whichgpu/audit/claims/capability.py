"""Capabilities: "supports FP8", "no NVLink", cells that say yes or no, display outputs, connectors."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from whichgpu.audit import tables
from whichgpu.audit.findings import made
from whichgpu.audit.judging import source_of
from whichgpu.audit.roles import spoken
from whichgpu.audit.sentences import about, sentences, within

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.roles import Spoken
    from whichgpu.hardware.gpu import Gpu


class Capability(NamedTuple):
    """Something that a device has or has not: how it is written, the field that says so, and its test."""

    key: str
    names: str
    field: str
    has: Callable[[Gpu], bool | None]


def _since(low: float, rate: str = "") -> Callable[[Gpu], bool | None]:
    """Whether the compute capability is at least this; of other makers' whether a rate is on file."""

    def test(gpu: Gpu) -> bool | None:
        value = gpu.value("compute_capability")
        if value is None:
            return True if rate and gpu.value(rate) else None
        return float(str(value)) >= low

    return test


def _positive(field: str) -> Callable[[Gpu], bool | None]:
    """Whether a number is above zero; unknown where it was not read."""

    def test(gpu: Gpu) -> bool | None:
        value = gpu.value(field)
        return None if value is None else float(value) > 0

    return test


def _said(field: str, part: str = "", none: str = "none") -> Callable[[Gpu], bool | None]:
    """Whether a text names a part of it; that it does not is no proof, but that there is none at all is."""

    def test(gpu: Gpu) -> bool | None:
        value = gpu.value(field)
        if value is None:
            return None
        text = str(value).lower()
        if text in (none, "no"):
            return False
        return True if part.lower() in text else None

    return test


def _av1_encode(gpu: Gpu) -> bool | None:
    """AV1 is encoded from Ada on, by what has an encoder."""
    stated = _said("encoders", "AV1")(gpu)
    if stated is not None:
        return stated
    older = _since(8.9)(gpu)
    return False if older is False else None


_CAPABILITIES = (
    Capability("fp8", r"fp8(?: precision| support| tensor cores?)?", "compute_capability",
                _since(8.9, "fp8")),
    Capability("fp4", r"(?:nv)?fp4(?: precision| support)?", "compute_capability", _since(10.0, "fp4")),
    Capability("bf16", r"(?:bf16|bfloat16)(?: precision| support)?", "compute_capability",
                _since(8.0, "bf16")),
    Capability("tf32", r"(?:tf32|tensorfloat-32)(?: precision| support)?", "compute_capability",
                _since(8.0)),
    Capability("nvlink", r"nvlink(?: (?:support|interconnect|bridge|connectivity))?", "nvlink",
                _positive("nvlink")),
    Capability("mig", r"(?:mig|multi-instance gpu)(?: \(mig\))?(?: support)?", "mig_max",
                _positive("mig_max")),
    Capability("ecc", r"(?:ecc|error[- ]correcting code)(?: memory)?(?: \(ecc\))?", "ecc",
                _said("ecc", "yes")),
    Capability("av1_encode", r"av1 encod(?:e|ing|ers?)", "encoders", _av1_encode),
    Capability("av1_decode", r"av1 decod(?:e|ing|ers?)", "decoders", _said("decoders", "AV1")),
    Capability("vgpu", r"(?:nvidia )?vgpu(?: software)?(?: support)?", "vgpu",
                lambda gpu: True if gpu.value("vgpu") else None),
    Capability("ray_tracing", r"(?:rt cores?|ray[- ]tracing cores?)", "rt_cores", _positive("rt_cores")),
    Capability("tensor_cores", r"tensor cores?", "tensor_cores", _positive("tensor_cores")),
    Capability("sparsity", r"(?:structured |2:4 |fine-grained )?sparsity(?: support| acceleration)?",
                "compute_capability", _since(8.0)),
)  # fmt: skip
_YES = re.compile(r"\s*(?:yes|supported|\u2713|\u2714|\u2705|native)", re.IGNORECASE)
_NO = re.compile(
    r"\s*(?:no|none|not supported|unsupported|\u2717|\u2718|\u274c|n/a)\s*(?:\([^()]{0,40}\))?\s*$",
    re.IGNORECASE,
)
#: What may stand between a verb and the capability.
_FILL = (
    r"(?:native |full |hardware |built-in |any |on-die |the |an? |support for |new |"
    r"hardware-accelerated ){0,3}"
)
_HAS = (
    r"(?:supports?|supporting|has|have|features?|offers?|includes?|comes? with|equipped with|provides?|with|"
    r"introduces?|introduced|gains?|adds?|brings?|enables?)\s+"
) + _FILL
_LACKS = (
    r"(?:lacks?|lacking|without|does(?: not|n[\u2019']t) (?:support|have|include|offer)|has no|have no|"
    r"no longer supports?|missing|with no|cannot use|drops?|omits?)\s+"
) + _FILL
#: Other capabilities that are named before one, of which the same is said.
_LIST = rf"(?:(?:{'|'.join(each.names for each in _CAPABILITIES)})(?:,? and |,? or |, )){{0,3}}"
_CLAIMS = tuple(
    (
        each,
        told,
        re.compile(
            rf"\b{words}(?P<list>{_LIST})(?P<what>{each.names})\b(?!\s*(?:performance|throughput|limit\w*|overhead|penalt\w+|"
            r"issues?|problems?|constraints?|requirements?|\d|\?))",
            re.IGNORECASE,
        ),
    )
    for each in _CAPABILITIES
    for told, words in ((False, _LACKS), (True, _HAS))
)
#: The capability first, its device after it: "MIG is not supported on the L40S", "there is no NVLink on it".
_PASSIVE = tuple(
    (
        each,
        re.compile(
            rf"(?P<none>\b(?:no|without)\s+)?\b(?P<what>{each.names})\s+(?:(?:is|are|was)\s+(?P<not>not\s+|n[o\u2019']t\s+)?"
            r"(?:also\s+|natively\s+|only\s+)?(?:supported|available|present|included|(?P<gone>missing|absent|gone)))?\s*"
            r"(?:on|in|by|from|with)\s+(?:both\s+)?(?:the\s+|an?\s+|nvidia\s+){0,2}$",
            re.IGNORECASE,
        ),
    )
    for each in _CAPABILITIES
)
#: What ends what is said before the name of the device that it is of.
_ON_THE = re.compile(
    r"\b(?:on|in|by|from|with)\s+(?:both\s+)?(?:the\s+|an?\s+|nvidia\s+){0,2}$", re.IGNORECASE
)
_NEAR = 28
#: Into how many instances a GPU is divided; "7 instances" of what each is does not count.
_PARTS = re.compile(
    r"\b(?:MIG|Multi-Instance GPU)\b[^.;:]{0,60}?\b(?:up to|as many as|maximum of|into)\s+"
    r"(\d{1,2}|two|three|four|five|six|seven|eight)\s+(?:\w+\s+){0,3}?(?:instances|partitions|slices|gpus|ways)\b",
    re.IGNORECASE,
)
_SPELLED = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8}
_ANY = re.compile("|".join(each.names for each in _CAPABILITIES), re.IGNORECASE)
_HEDGED = re.compile(
    r"\b(?:if|whether|may|might|some|unlike|other|newer|older|previous|next|future|software|emulat\w+|need\w*|"
    r"require\w*|should|would|than|only)\b",
    re.IGNORECASE,
)
#: A denial, and how far before what is denied it stands.
_NOT = re.compile(r"\b(?:no[tr]?|none|neither|never)\b|n[\u2019']t\b", re.IGNORECASE)
_DENIAL = 45
_FAR = 110


def find(context: Context) -> Iterator[Finding]:
    """Every capability that is said of a device, with its verdict."""
    for table in context.document.tables:
        for cell in tables.cells(table, context):
            yield from _of_cell(cell, context)
    for index, passage in enumerate(context.document.passages):
        if passage.kind not in ("paragraph", "item", "caption"):
            continue
        if passage.kind == "item" and ":" in passage.text[:_FAR]:
            yield from _of_item(index, passage, context)
        for sentence in sentences(passage.text):
            who = spoken(index, passage, sentence, context)
            yield from _of_sentence(passage, (sentence.start, sentence.end), who, context)
            yield from _passive(passage, sentence.start, who, context)
            yield from _instances(passage, (sentence.start, sentence.end), who, context)


def capability_at(text: str, at: int) -> tuple[Capability, int] | None:
    """The capability that is named at a place of a text, and the length of its name."""
    for each in _CAPABILITIES:
        match = re.compile(rf"(?:{each.names})\b", re.IGNORECASE).match(text, at)
        if match:
            return each, match.end() - at
    return None


def _of_cell(cell: tables.Cell, context: Context) -> Iterator[Finding]:
    for each in _headed(cell.label.strip(" *:")):
        yes, no = _YES.match(cell.passage.text), _NO.match(cell.passage.text)
        if yes or no:
            gpus = [context.catalogue[key] for key in cell.ids]
            yield from _judged(
                cell.passage, (0, len(cell.passage.text)), each, gpus, told=bool(yes), context=context
            )


def _of_item(index: int, passage: Passage, context: Context) -> Iterator[Finding]:
    """An item of a list that is a cell of its own: "NVLink support: Yes"."""
    label, _, value = passage.text.partition(":")
    yes, no = _YES.fullmatch(value.strip(" .")), _NO.match(value)
    mentions = about(index, passage, context) if yes or no else ()
    for each in _headed(label.strip(" *")) if mentions else ():
        gpus = [context.catalogue[key] for key in mentions[-1].ids]
        yield from _judged(passage, (0, len(passage.text)), each, gpus, told=bool(yes), context=context)


@lru_cache(maxsize=512)
def _headed(label: str) -> tuple[Capability, ...]:
    """The capabilities that the label of a cell names by itself."""
    said = r"(?:supports? )?{}(?: \([\w ]+\))?"
    return tuple(
        each for each in _CAPABILITIES if re.fullmatch(said.format(each.names), label, re.IGNORECASE)
    )


def _of_sentence(
    passage: Passage, place: tuple[int, int], who: Spoken, context: Context
) -> Iterator[Finding]:
    text = passage.text
    if not _ANY.search(text, *place):
        return
    for each, told, pattern in _CLAIMS:
        for match in pattern.finditer(text, *place):
            mention = who.owner(match.start())
            gap = text[mention.end : match.start()] if mention in who.here and mention else ""
            hedged = _HEDGED.search(gap) or _HEDGED.search(text, match.end(), match.end() + 12)
            denied = told and _NOT.search(text, max(place[0], match.start() - _DENIAL), match.start())
            if mention is None or len(gap) > _FAR or hedged or denied:
                continue
            gpus = [context.catalogue[key] for key in mention.ids]
            place_of = match.span("what") if match["list"] else match.span()
            yield from _judged(passage, place_of, each, gpus, told=told, context=context)


def _instances(passage: Passage, place: tuple[int, int], who: Spoken, context: Context) -> Iterator[Finding]:
    """Into how many instances a GPU can be divided: "MIG with up to 7 instances"."""
    for match in _PARTS.finditer(passage.text, *place):
        inside = within(who.here, *match.span())
        mention = inside[-1] if inside else who.owner(match.start())
        if mention is None or _HEDGED.search(match[0]):
            continue
        told = _SPELLED.get(match[1].lower()) or int(match[1])
        gpus = [context.catalogue[key] for key in mention.ids]
        known = [gpu for gpu in gpus if gpu.value("mig_max") is not None and gpu.confidence != "low"]
        right = [gpu for gpu in known if int(gpu.need("mig_max")) == told]
        if not known:
            continue
        best = (right or known)[0]
        yield made(context, passage, match.span(1), "capability", "confirmed" if right else "contradicted",
                   subject=best.id, attribute="mig", because=f"{best.id}: mig max {best.display('mig_max')}",
                   expected="" if right else best.display("mig_max"),
                   evidence=(source_of(best, "mig_max"),))  # fmt: skip


def _passive(passage: Passage, start: int, who: Spoken, context: Context) -> Iterator[Finding]:
    """What is said to be supported on the device named after it."""
    for mention in who.here:
        words = passage.text[max(start, mention.start - _FAR) : mention.start]
        if not _ON_THE.search(words[-_NEAR:]) or not _ANY.search(words):
            continue
        for each, pattern in _PASSIVE:
            match = pattern.search(words)
            if match is None or not (
                match["none"] or "support" in match[0] or re.search(r"\b(?:is|are)\b", match[0])
            ):
                continue
            if _HEDGED.search(words[: match.start()]):
                continue
            told = not (match["none"] or match["not"] or match["gone"])
            at = mention.start - len(words) + match.start("what")
            gpus = [context.catalogue[key] for key in mention.ids]
            yield from _judged(passage, (at, mention.end), each, gpus, told=told, context=context)


def _judged(
    passage: Passage, place: tuple[int, int], what: Capability, gpus: Sequence[Gpu], *, told: bool,
    context: Context,
) -> Iterator[Finding]:  # fmt: skip
    known = [(gpu, has) for gpu in gpus if gpu.confidence != "low" and (has := what.has(gpu)) is not None]
    if not known:
        return
    right = [gpu for gpu, has in known if has is told]
    best = (right or [gpu for gpu, _ in known])[0]
    field = what.field if best.value(what.field) is not None else what.key
    shown = best.display(field) or str(best.value(field))
    yield made(
        context, passage, place, "capability", "confirmed" if right else "contradicted", subject=best.id,
        attribute=what.key, because=f"{best.id}: {field.replace('_', ' ')} {shown}",
        expected="" if right else ("no" if told else "yes"), evidence=(source_of(best, field),),
    )  # fmt: skip
