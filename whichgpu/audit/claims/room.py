"""Needs against room that a text states: "needs 24 GB, so it fits in 16 GB", "96 GB | 2x RTX 5090"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.mentions import mentions
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.counting import counted
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.hardware.gpu import nominal_gb
from whichgpu.units import GIB

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage, Table
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.quantities import Quantity
    from whichgpu.audit.text.sentences import Sentence

_NEEDS = re.compile(
    r"\b(?:needs?|requires?|takes?|uses?|occup\w+|weighs?(?: in at)?|wants?|is|(?:drops?|shrinks?|falls?|"
    r"comes?|goes|gets)(?: down)? to|"
    r"comes? in at|clocks? in at)\s+(?:up to\s+)?(?:about|around|roughly|"
    r"at least|approximately|"
    r"some|over|~)?\s*(?P<n>\d{1,4}(?:\.\d)?)\s?GB\b(?!/)",
    re.IGNORECASE,
)
_FITS = re.compile(
    r"\b(?:so|and|which|it|thus|therefore|that|;)\s+(?:it\s+|that\s+|they\s+)?(?:easily\s+|"
    r"comfortably\s+|just\s+|still\s+|also\s+)?"
    r"(?:fits?|runs?)\s+(?:easily\s+|comfortably\s+|well\s+)?(?:(?:in|into|on|onto|within)\s+|(?=(?:the|"
    r"an?|one)\s))"
    r"(?:(?:just\s+|only\s+)?(?:the\s+|an?\s+|one\s+|a single\s+)?(?P<m>\d{1,3}(?:\.\d)?)\s?GB\b)?",
    re.IGNORECASE,
)
#: What takes less of it than is stated, or more room than one device has.
_EASED = re.compile(
    r"\b(?:quanti[sz]ed|quanti[sz]ing|with quantization|after quanti\w+|offload\w*|swap\w*|not|cannot|"
    r"split|shard\w*|if|when|once|"
    r"cut to|reduced|down to|unless|lora|4-bit|8-bit|fp8|int8|int4)\b|n[\u2019']t\b",
    re.IGNORECASE,
)
#: What is needed, and what of it is in brackets: as many devices as follow.
_FOR = re.compile(
    r"(?P<n>\d[\d,]{0,4}(?:\.\d)?)\s?GB\s*(?:of\s+)?(?:VRAM|memory|GPU memory)?\s*\(\s*"
    r"(?:(?:requires?|needs?|fits on|at least|minimum(?: of)?)\s+)?(?P<m>(?!))?"
    r"(?=(?:an?\s+)?(?:single|one|two|three|four|eight|\d{1,2}\s?[x\u00d7])\s)",
    re.IGNORECASE,
)
_NEXT = 24
#: Headings of what takes so much memory, and of the devices that are said to have it.
_NEEDED = re.compile(
    r"\b(?:vram|memory|total|required|needed|wanted|needs?|takes?|footprint|size|weights)\b", re.IGNORECASE
)
_ON = re.compile(
    r"\s*(?:fits?(?: on| in)?|(?:it )?runs on|"
    r"(?:where|what|which (?:card|gpu)s?) (?:it |they )?(?:goes|go|runs?|fits?|holds? it)(?: on| in)?|"
    r"goes (?:on|in|into)|place|home|enough|(?:gpu |card )?(?:setup|configuration|options?)|"
    r"(?:recommended|suggested|minimum|example|suitable|possible) "
    r"(?:(?:gpus?|hardware|cards?)(?:\(s\))?(?: (?:config(?:uration)?s?|setups?))?|config(?:uration)?s?)|"
    r"(?:gpus?|hardware|cards?)(?:\(s\))?(?: needed| required| options?| recommendations?)?)\s*",
    re.IGNORECASE,
)
#: A number whose unit its heading has.
_BARE, _IN_GB = re.compile(r"\s*~?\d[\d,]*(?:\.\d+)?\s*"), re.compile(r"\bGi?B\b", re.IGNORECASE)
_OR = re.compile(r"\s+or\s+|[,;/]\s+", re.IGNORECASE)
#: A share of the room beyond which less does not fit.
_FULL = 1.02
_ROWS, _COLUMNS = 60, 12


def find(context: Context) -> Iterator[Finding]:
    """Every fit that the need stated just before it excludes."""
    for table in context.document.tables:
        yield from _of_table(table, context)
        yield from _in_words(table, context)
    for index, passage in context.document.running():
        if "GB" not in passage.text:
            continue
        yield from _in_brackets(index, passage, context)
        for sentence in sentences(passage.text):
            yield from _of_sentence(index, passage, sentence, context)


def _of_table(table: Table, context: Context) -> Iterator[Finding]:
    """The devices beside a need, each way of having it by itself: "96 GB | 2x RTX 5090 or 4x RTX 3090"."""
    heads = [cell.text if cell else "" for cell in table.rows[0][:_COLUMNS]]
    needed = [at for at, head in enumerate(heads) if at and _NEEDED.search(head)]
    for at in (at for at, head in enumerate(heads) if needed and at > needed[-1] and _ON.fullmatch(head)):
        for row in range(1, min(len(table.rows), _ROWS)):
            need, cell = table.cell(row, needed[-1]), table.cell(row, at)
            found = quantities(need.text, context.fraction) if need else ()
            if need and _BARE.fullmatch(need.text) and _IN_GB.search(heads[needed[-1]]):
                found = quantities(f"{need.text} GB", context.fraction)
            if cell and len(found) == 1 and found[0].dimension == "memory" and not _EASED.search(cell.text):
                every = (found, *_beside(table, row, needed[-1], at, context))
                found = min(every, key=lambda each: each[0].value)
                # A device's gigabytes are binary as well.
                one = GIB if "i" in found[0].unit else 1e9
                yield from _of_cell(cell, found[0].value / one, context)


def _beside(
    table: Table, row: int, first: int, last: int, context: Context
) -> Iterator[tuple[Quantity, ...]]:
    """The amounts of memory between a need and the devices, as "FP16 | ours | fits on" has them."""
    for at in range(first + 1, last):
        cell = table.cell(row, at)
        found = quantities(cell.text, context.fraction) if cell else ()
        if len(found) == 1 and found[0].dimension == "memory":
            yield found


def _in_words(table: Table, context: Context) -> Iterator[Finding]:
    """What takes so much by a first cell, and by another does not fit in more: "too large for 12 GB"."""
    for row in range(1, min(len(table.rows), _ROWS)):
        first = table.cell(row, 0)
        sizes = [
            each.value for each in (quantities(first.text, context.fraction) if first else ())
            if each.dimension == "memory"
        ]  # fmt: skip
        for cell in table.rows[row][1:_COLUMNS] if len(sizes) == 1 else ():
            said = _TOLD.fullmatch(cell.text) if cell else None
            if said is None or cell is None:
                continue
            room = float(said["n"]) * 1e9
            wrong = room > sizes[0] * _SPARE if said["not"] else sizes[0] > room * _FULL
            if wrong:
                because = f"the row states {sizes[0] / 1e9:g} GB, held against {said['n']} GB"
                yield made(context, cell, said.span(), "memory", "inconsistent", attribute="fits",
                           because=because, expected="", evidence=(Evidence(because),))  # fmt: skip


#: A cell on whether what its row is of fits, and how much more room leaves no doubt of it.
_TOLD = re.compile(
    r"\s*(?:it )?(?:(?P<not>(?:is )?too (?:large|big|much)(?: for)?|(?:does|will|do) not fit(?: in| into)?|"
    r"(?:doesn|won)[\u2019\']t fit(?: in| into)?)|(?:just |easily )?fits(?: in| into)?)"
    r" (?:the |its )?(?P<n>\d{1,3}) ?GB\s*",
    re.IGNORECASE,
)
_SPARE = 1.3


def _of_cell(cell: Passage, need: float, context: Context) -> Iterator[Finding]:
    """The ways of a cell to have so many gigabytes that are too few of a device."""
    every = list(mentions(cell.text, context.catalogue))
    start = 0
    for end in (*(match.start() for match in _OR.finditer(cell.text)), len(cell.text)):
        here = within(every, start, end)
        sizes = [float(context.catalogue[key].value("memory") or 0) for each in here for key in each.ids]
        alone = len(here) == 1 and "+" not in cell.text[start:end] and min(sizes, default=0) > 0
        room = (nominal_gb(max(sizes)) or max(sizes) / 1e9) if alone else 0.0
        room *= counted(cell.text, start, here[0].start, here[0].end) if alone else 0.0
        if room:
            above = need > room * _FULL
            because = f"the row states {need:g} GB as the need, and these have {room:g} GB"
            yield made(context, cell, (here[0].start, here[0].end), "memory",
                       "inconsistent" if above else "confirmed", attribute="fits", because=because,
                       expected="", evidence=(Evidence(because),))  # fmt: skip
        start = end


def _of_sentence(index: int, passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    text = passage.text
    need = _NEEDS.search(text, sentence.start, sentence.end)
    fits = _FITS.search(text, need.end(), sentence.end) if need else None
    if need is None or fits is None or _EASED.search(text[need.end() : fits.start()]):
        return
    if _EASED.match(text[fits.start() : fits.end()]):
        return
    room, words, end = _room(index, passage, fits, context)
    if not room or ";" in text[fits.start() : end]:
        return
    needed = float(need["n"])
    above = needed > room * _FULL
    because = f"it states {needed:g} GB as the need, and {words}"
    yield made(context, passage, (fits.start(), end), "memory", "inconsistent" if above else "confirmed",
               attribute="fits", because=because, expected="no" if above else "",
               evidence=(Evidence(because),))  # fmt: skip


def _in_brackets(index: int, passage: Passage, context: Context) -> Iterator[Finding]:
    """A need with the devices for it in brackets: "FP16: 140 GB of VRAM (one A100 80GB)"."""
    for need in _FOR.finditer(passage.text):
        room, words, end = _room(index, passage, need, context)
        if not room or _EASED.search(passage.text[need.end() : end + _NEXT]):
            continue
        above = float(need["n"].replace(",", "")) > room * _FULL
        because = f"it states {need['n']} GB as the need, and {words}"
        place, verdict = (need.start("n"), end), "contradicted" if above else "confirmed"
        yield made(context, passage, place, "memory", verdict, attribute="fits", because=because,
                   expected="no" if above else "", evidence=(Evidence(because),))  # fmt: skip


def _room(index: int, passage: Passage, fits: re.Match[str], context: Context) -> tuple[float, str, int]:
    """Gigabytes that it is said to fit in: stated, or those of the devices named right behind."""
    if fits["m"]:
        return float(fits["m"]), f"{fits['m']} GB as the room", fits.end()
    after = within(context.mentions.get(index, ()), fits.end(), fits.end() + 30)
    sizes = [float(context.catalogue[key].value("memory") or 0) for each in after[:1] for key in each.ids]
    if not after or not sizes or not max(sizes):
        return 0.0, "", 0
    count = counted(passage.text, fits.end() - 1, after[0].start, after[0].end)
    size = (nominal_gb(max(sizes)) or max(sizes) / 1e9) * count
    return size, f"{after[0].text} with {size:g} GB as the room", after[0].end
