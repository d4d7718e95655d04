"""Capabilities in cells of tables and in items of lists: "NVLink | Yes", "FP8: Hopper, Ada"."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.capable.verdict import FORMATS, judged, of_architecture
from whichgpu.audit.capable.words import ANY
from whichgpu.audit.claims.instances import CELL_PARTS, of_parts
from whichgpu.audit.findings import made
from whichgpu.audit.text.sentences import about, within
from whichgpu.audit.values.capabilities import CAPABILITIES, Capability, capability_of
from whichgpu.audit.values.fields import SET_AGAINST
from whichgpu.audit.values.sourced import source_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.tables.cells import Cell


_YES = re.compile(
    r"\s*(?:yes|ja\b|oui\b|s[i\u00ed]\b|tak\s*$|\u0434\u0430\s*$|\u662f\s*$|\u652f\u6301|\u6709\s*$|\u5bfe\u5fdc\s*$|"
    r"\u3042\u308a\s*$|\uc9c0\uc6d0\s*$|supported|\u2713|\u2714|\u2705|native|(?:available|present|included|"
    r"on board)\s*$)",
    re.IGNORECASE,
)

_NO = re.compile(
    r"\s*(?:no(?: support)?|none|nein|keine?r?|non|aucune?|ningun[ao]|nessun[ao]|nie|brak|"
    r"\u043d\u0435\u0442|\u5426|\u65e0|\u7121|\u4e0d\u652f\u6301|\u306a\u3057|\u975e\u5bfe\u5fdc|\u5bfe\u5fdc\u306a\u3057|"
    r"\uc5c6\uc74c|\ubbf8\uc9c0\uc6d0|not supported|unsupported|"
    r"not available|unavailable|not present|not included|absent|missing|lacking|left out|dropped|removed|"
    r"not native(?:ly)?(?: supported)?|no native(?: support)?|"
    r"\u2717|\u2718|\u274c|n/a)\s*(?:\([^()]{0,40}\))?\s*$",
    re.IGNORECASE,
)

#: Headings of what was measured: "FP16 (tok/s)".
MEASURED = re.compile(
    r"\b(?:tok(?:en)?s?|images?|imgs?|it|frames?|samples?)\s?(?:/|per )\s?s|\bfps\b", re.IGNORECASE
)

_DASH = re.compile(r"\s*[-\u2013\u2014]+\s*")

_N_A = re.compile(r"\s*n/a\s*(?:\([^()]{0,40}\))?\s*$", re.IGNORECASE)

#: What a cell says of NVLink where it says neither yes nor no: "Pair option".
_BRIDGE = re.compile(r"\b(?:pairs?|bridges?|optional|option|2-way)\b", re.IGNORECASE)

#: Headers of cells that list what is supported, and what in a cell denies it.
_SUPPORTED = re.compile(r"\b(?:supported|precisions?|data ?types|number formats|formats)\b", re.IGNORECASE)

_DENIES = re.compile(
    r"\b(?:no|none|not|without|except|lacks?|emulated|software)\b|\u2717|\u2718|\u274c", re.IGNORECASE
)

#: A cell below a format of numbers that a device has no units for.
_EMULATED = re.compile(
    r"\s*(?:emulat(?:ed|ion)(?: only)?|(?:via |in |by )?(?:software|sw)(?: emulation| only| emulated)?)"
    r"\s*(?:\([^()]{0,40}\))?\s*",
    re.IGNORECASE,
)
#: Behind an entry of a list, that the device has no units for it.
_IN_SOFTWARE = re.compile(r"\s*\((?:sw|software|emulat\w+|(?:in|via) software)(?: only)?\)", re.IGNORECASE)

#: What makes an entry of a list more, or less, than a device that has it.
_UNLISTED = re.compile(
    r"\b(?:later|newer|onwards?|since|before|until|via|first|introduced|dropped|than|only)\b|\+", re.I
)


def of_cell(cell: Cell, context: Context) -> Iterator[Finding]:
    """What a cell says of a capability: of that which heads it, or of those that it lists."""
    yield from _without_rate(cell, context)
    text = cell.passage.text
    if _SUPPORTED.search(cell.label) and not _DENIES.search(_IN_SOFTWARE.sub("", text)):
        gpus = [context.catalogue[key] for key in cell.ids]
        for match in ANY.finditer(text):
            what, told = capability_of(match), not _IN_SOFTWARE.match(text, match.end())
            yield from judged(cell.passage, match.span(), what, gpus, told=told, context=context)
    yield from _coded(cell, context)
    parts = list(cell_parts(cell, context))
    yield from parts
    gpus = [context.catalogue[key] for key in cell.ids]
    # RT cores and CUDA cores are names of one maker, of which the others' have none, as it were.
    foreign = _N_A.match(cell.passage.text) and all(gpu.vendor != "NVIDIA" for gpu in gpus)
    if foreign and not any(each.key in FORMATS for each in _headed(cell.label.strip(" *:"))):
        return
    for each in _headed(cell.label.strip(" *:")) if _DASH.fullmatch(cell.passage.text) else ():
        # A dash says that there is none, or that the writer did not know.
        if all(each.has(gpu) is False for gpu in gpus):
            yield from judged(
                cell.passage, (0, len(cell.passage.text)), each, gpus, told=False, context=context
            )
    for each, yes in () if parts else told_below(cell.label, cell.passage.text):
        yield from judged(cell.passage, (0, len(cell.passage.text)), each, gpus, told=yes, context=context)


#: Headings of what video units do, and the codec that not all of them know.
_ENCODES = re.compile(r"\b(?:(?P<encode>en)|(?P<decode>de))?cod(?:e[rs]?|ing|ers|ecs?)\b", re.IGNORECASE)
_AV1 = re.compile(r"\bAV1\b")


def _coded(cell: Cell, context: Context) -> Iterator[Finding]:
    """AV1 in a cell that lists codecs, below "Encoding support": "AV1, H.265, H.264"."""
    does = {"encode" if each["encode"] else "decode" if each["decode"] else ""
            for each in _ENCODES.finditer(cell.label)}  # fmt: skip
    match = _AV1.search(cell.passage.text)
    if match is None or len(does) != 1 or "" in does or _DENIES.search(cell.passage.text):
        return
    if _ENCODES.search(cell.passage.text) or _AV1.search(cell.label):
        return
    key = f"av1_{does.pop()}"
    what = next(each for each in CAPABILITIES if each.key == key)
    gpus = [context.catalogue[key] for key in cell.ids]
    yield from judged(cell.passage, match.span(), what, gpus, told=True, context=context)


def told_below(label: str, text: str) -> Iterator[tuple[Capability, bool]]:
    """The capabilities that a heading names by itself, and whether a cell below it says that there are."""
    for each in _headed(label.strip(" *:")):
        # "PCIe only (no NVLink)".
        no = (
            _NO.match(text)
            or (each.key in FORMATS and _EMULATED.fullmatch(text))
            or re.compile(rf"\bno (?:{each.names})\b", re.IGNORECASE).search(text)
        )
        yes = _YES.match(text) or (each.key == "nvlink" and not no and _BRIDGE.search(text))
        if yes or no:
            yield each, bool(yes)


#: How many instances, by itself or of what size: "7" beside "MIG", "7 x 12 GB".
_BARE = re.compile(
    r"\s*(?:up to\s+)?([2-9])(?:\s?[x\u00d7])?\s*(?:(?<=[x\u00d7 ])\d+(?:\.\d+)?\s?GB(?: each)?)?\s*",
    re.IGNORECASE,
)


#: What asks for the number of instances of MIG in other words than its name.
_INSTANCES = re.compile(
    r"(?:(?:max(?:imum|\.)?|largest|number of|no\. of|most|total) )*"
    r"(?:mig (?:instances|slices|partitions)|(?:gpu )?instances(?= \(mig\))|"
    r"(?<=number of )(?:gpu )?instances)(?: \(mig\))?(?: (?:per gpu|at most|max))?",
    re.IGNORECASE,
)


def cell_parts(cell: Cell, context: Context) -> Iterator[Finding]:
    """Into how many instances a cell says that a device can be divided."""
    label = cell.label.strip(" *:")
    mig = any(each.key == "mig" for each in _headed(label)) or _INSTANCES.fullmatch(label)
    parts = CELL_PARTS.search(cell.passage.text) if mig else None
    if mig and (bare := _BARE.fullmatch(cell.passage.text)):
        gpus = [context.catalogue[key] for key in cell.ids]
        place = (0, len(cell.passage.text))
        yield from of_parts(cell.passage, place, int(bare[1]), gpus, context)
        if not any(gpu.value("mig_max") for gpu in gpus):
            what = next(each for each in CAPABILITIES if each.key == "mig")
            yield from judged(cell.passage, place, what, gpus, told=True, context=context)
    if parts and int(parts[1] or parts[2]):
        gpus = [context.catalogue[key] for key in cell.ids]
        told = int(parts[1] or parts[2])
        yield from of_parts(cell.passage, (0, len(cell.passage.text)), told, gpus, context)


#: A rate by the format in which products are summed, which not every card has apart.
_SUMS_IN = re.compile(r"\b(?:fp16|half)[- ]?(?:precision )?accum", re.IGNORECASE)


#: Formats whose rates on file are of units that a device has.
_RATES = frozenset({"fp16", "bf16", "tf32", "fp8", "int8"})


def _without_rate(cell: Cell, context: Context) -> Iterator[Finding]:
    """A cell by which a device has no rate at all, though its vendor tells it: "FP16: N/A"."""
    attribute, text = cell.attribute, cell.passage.text
    if MEASURED.search(cell.label) or _SUMS_IN.search(cell.label):
        return
    if attribute is None or attribute.key not in _RATES or not _N_A.match(text):
        return
    field = attribute.fields[0]
    known = [context.catalogue[key] for key in cell.ids if context.catalogue[key].confidence != "low"]
    # Whether it has a capability is asked of its name; not where it is said to be emulated.
    asked = _headed(cell.label.strip(" *:")) and "emulat" not in text.lower()
    # What computes a format no faster than a wider one may convert it.
    own = all(
        gpu.value(field) and (field != "fp8" or gpu.value(field) > (gpu.value("bf16") or 0)) for gpu in known
    )
    if known and own and not asked:
        yield made(context, cell.passage, (0, len(text)), "capability", "contradicted", subject=known[0].id,
                   attribute=attribute.key, because=f"{known[0].id} has {known[0].display(field)}",
                   expected=known[0].display(field), evidence=(source_of(known[0], field),))  # fmt: skip


def of_label(index: int, passage: Passage, context: Context) -> Iterator[Finding]:
    """An item that lists what has a capability: "FP64 tensor cores: A100, H100", "FP8: Hopper, Ada"."""
    label, _, rest = passage.text.partition(":")
    found = [each for each in CAPABILITIES if re.fullmatch(each.names, label.strip(" *"), re.IGNORECASE)]
    at = len(label) + 1
    here = context.mentions.get(index, ())
    # Another sentence behind the list may say anything.
    rest = re.split(r"\.\s", rest, maxsplit=1)[0]
    for piece in re.finditer(r"[^,;]+", rest) if found else ():
        if (
            _DENIES.search(piece[0])
            or _DOES_NOT.search(rest)
            or _UNLISTED.search(piece[0])
            or SET_AGAINST.search(piece[0])
        ):
            return
        start, end = at + piece.start(), at + piece.end()
        inside = within(here, start, end)
        gpus = [context.catalogue[key] for each in inside for key in each.ids] or of_architecture(
            piece[0].strip(" .*"), context
        )
        if gpus and len({each.named for each in inside}) < 2:
            place = (start + len(piece[0]) - len(piece[0].lstrip()), end)
            yield from judged(passage, place, found[0], gpus, told=True, context=context)


#: A list that goes on with who is none of it: "FP8: the L4 has it; the T4 doesn't".
_DOES_NOT = re.compile(
    r"\b(?:does|do|has|have|is|are|can|could|did)(?:n[\u2019']t| not)\b|\bcannot\b", re.IGNORECASE
)


def of_item(index: int, passage: Passage, context: Context) -> Iterator[Finding]:
    """An item of a list that is a cell of its own: "NVLink support: Yes"."""
    label, _, value = passage.text.partition(":")
    yes, no = _YES.fullmatch(value.strip(" .")), _NO.match(value)
    mentions = about(index, passage, context) if yes or no else ()
    for each in _headed(label.strip(" *")) if mentions else ():
        gpus = [context.catalogue[key] for key in mentions[-1].ids]
        yield from judged(passage, (0, len(passage.text)), each, gpus, told=bool(yes), context=context)


@lru_cache(maxsize=512)
def _headed(label: str) -> tuple[Capability, ...]:
    """The capabilities that the label of a cell names by itself."""
    said = (
        r"(?:supports? |peak |dense |multi-gpu |native |hardware |unterst\u00fctzung f\u00fcr |"
        r"prise en charge (?:de |du )?|soporte (?:de |para )?|supporto (?:per )?|"
        r"\u043f\u043e\u0434\u0434\u0435\u0440\u0436\u043a\u0430 )?(?:{})"
        r"(?:[ -](?:support|unterst\u00fctzung)| ?\u652f\u6301| ?\u5bfe\u5fdc| ?\uc9c0\uc6d0)?"
        r"(?: (?:performance|throughput|compute|tensor|matrix|cores?|dense|sparse|peak|in hardware)){{0,2}}"
        r"(?: \([\w ,/&|-]+\))?"
    )
    return tuple(each for each in CAPABILITIES if re.fullmatch(said.format(each.names), label, re.IGNORECASE))
