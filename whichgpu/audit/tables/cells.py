"""A cell of a table that states a value: of which device and attribute, in which unit, with which marks."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.tables.spellings import of_heading, usual
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.values.labels import NOTED
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context
    from whichgpu.audit.text.quantities import Quantity
    from whichgpu.audit.values.attributes import Attribute

#: The unit that a header gives for the numbers under or beside it.
_UNIT = re.compile(
    r"[\[(]\s*(?:in\s+)?([A-Za-z][\w/²^]{0,9}|\$)\.?\s*[\])]|"
    r"(?:,\s*|(?<=\w)\s+|(?<=\d)\s?/\s?|\s/\s|(?<=\))\s+)([GTM]i?B(?:/s)?|[TP]FLOPS|TOPS|W|MHz|GHz|USD|\$|"
    r"bn|billions?|Mrd|mld)\.?$"
)
#: Units that are a header by themselves, and units of headers that are none behind a number.
UNITS_ALONE = {"gb/s": "GB/s", "tb/s": "TB/s", "gbps": "GB/s", "watts": "W", "watt": "W", "w": "W"}
#: The unit of a rate that a header names among its words: "AI TOPS (FP4, sparse)".
_RATE = re.compile(r"\b(?:[TP]FLOPS|TOPS)\b", re.IGNORECASE)
_SHORT_UNITS = {
    "B": "billion", "M": "million", "$": "USD", **dict.fromkeys(("bn", "Mrd", "mld", "billions"), "billion"),
}  # fmt: skip
_BILLIONS = re.compile(r"(\d\s?)B\b")
#: A number with blanks between its groups of three, and such a blank.
_IN_GROUPS = re.compile(r"~?\d{1,3}(?: \d{3})+(?:[.,]\d+)?(?![\d.,]|\s+\d)")
_GROUP = re.compile(r"(?<=\d) (?=\d{3}(?!\d))")
_MARK = re.compile(r"(?<!\*)\*(?!\*)|[\u2020\u2021\u00b9\u00b2\u00b3]")
_NOTE = re.compile(
    r"(?:(?P<mark>[*\u2020\u2021\u00b9\u00b2\u00b3]+)|<sup>(?P<raised>\d)\)?</sup>|"
    # A list of notes: "2. With sparsity.", "[2] With sparsity", "[^2]: With sparsity".
    r"(?:^|>)\s{0,40}[\[(]?\^?(?P<number>[1-3])[.)\]]{1,2}:?(?=\s))"
    r"(?P<said>[^.\n|*\u2020\u2021\u00b9\u00b2\u00b3]{0,60})\bsparsity",
    re.IGNORECASE | re.MULTILINE,
)
#: What makes a note on sparsity one on dense figures.
_WITHOUT = re.compile(
    r"\b(?:without|no|not|excludes?|excluding|ignor\w+|disregard\w+|before|sans|ohne|sin|dense)\b",
    re.IGNORECASE,
)
_RAISED = {"1": "\u00b9", "2": "\u00b2", "3": "\u00b3"}
_ALL_SPARSE = re.compile(
    r"(?<![*\u2020\u2021\u00b9\u00b2])\b(?:figures|numbers|values|ratings|rates|specs|specifications)\b"
    r"(?! without)"
    r"[^.\n|*]{0,40}\b(?:with|includ\w+|assum\w+|using)\s+(?:structur\w+\s+)?sparsity",
    re.IGNORECASE,
)
#: What says of the figures that they are dense, whatever is told of those of others.
_ALL_DENSE = re.compile(r"\bdense\b|\bwithout\s+(?:\w+\s+){0,2}?sparsity\b", re.IGNORECASE)


class Cell(NamedTuple):
    """A cell that states a value: of these devices, of this attribute."""

    passage: Passage
    ids: tuple[str, ...]
    attribute: Attribute | None
    #: The name of the attribute as it stands.
    label: str
    #: What the header says beside the attribute's name.
    said: frozenset[str]
    #: The unit of bare numbers.
    unit: str
    row: int
    column: int
    #: Whether the cells of its row stand below those of the header.
    aligned: bool = True
    #: All devices that the header may mean, of which `ids` may be fewer.
    named: tuple[str, ...] = ()
    #: How many of the device its row or column is of.
    number: float = 1.0
    #: What its device is set against, from whose values changes in it are.
    base: tuple[str, ...] = ()


def read(cell: Cell, context: Context) -> list[Quantity]:
    """The quantities of a cell, in the unit of its header where it has none."""
    found, text = _told(cell, context)
    if not cell.unit or any(each.dimension not in ("number", "count") for each in found):
        return found
    made = []
    for each in found:
        words = f"{text[each.start : each.end]} {cell.unit}"
        again = next(iter(quantities(words, context.fraction)), each)
        made.append(again._replace(start=each.start, end=each.end))
    return made


def _told(cell: Cell, context: Context) -> tuple[list[Quantity], str]:
    """The quantities of a cell as they stand, at their places in it, and the text that they are read in."""
    text = read_as(without_change(cell.passage.text), cell.attribute)
    found = _sharing(text, quantities(text, context.fraction))
    end = len(cell.passage.text)
    attribute = cell.attribute
    # "12 x 32 bit" is no bus of 32.
    told = attribute is not None and any(each.dimension == attribute.dimension != "bits" for each in found)
    if attribute is not None and not told:
        plain, places = usual(text, attribute)
        if plain != text:
            again = _sharing(plain, quantities(plain, context.fraction))
            found = [each._replace(start=places[each.start], end=places[each.end]) for each in again]
    return [each._replace(end=min(each.end, end)) for each in found], text


#: A change in brackets behind a value: "16 GB (+6 GB)", "717 GB/s (\u22126 %)".
CHANGE = re.compile(r"\s*[(\[](?P<by>[+\u00b1\u2212\u2013-]\s?\d[^()\[\]]{0,24}|\u00b1 ?0)[)\]]\s*$")


def without_change(text: str) -> str:
    """A cell's text without the change that stands in brackets behind its value."""
    change = CHANGE.search(text)
    return text[: change.start()] if change and change.start() else text


#: Between two values of a cell, of which the last may have the unit of both: "16 or 32 GB", "250 W / 300".
BETWEEN = re.compile(
    r"\s*(?:/|\||,|&|[-\u2013\u2014]|\b(?:or|and|to|oder|und|bis|ou|et|o|y)\b)\s*", re.IGNORECASE
)
_DIGITS = re.compile(r"\d[\d.,\u00a0\u202f]*")


def _sharing(text: str, found: Sequence[Quantity]) -> list[Quantity]:
    """The values of a cell, a bare one in the unit of that which stands right behind it."""
    made: list[Quantity] = []
    for each in reversed(found):
        behind = made[-1] if made else None
        digits = _DIGITS.match(text, behind.start) if behind else None
        shares = (
            behind and each.dimension == "number" and behind.dimension not in ("number", "count", "money")
        )
        if behind and digits and shares and BETWEEN.fullmatch(text, each.end, behind.start):
            words = text[each.start : each.end] + text[digits.end() : behind.end]
            again = next(iter(quantities(words)), each)
            made.append(again._replace(start=each.start, end=each.end))
        else:
            made.append(each)
    return made[::-1]


def read_as(text: str, attribute: Attribute | None, unit: str = "") -> str:
    """A cell's text with the unit of its heading behind it; "80 B" of transistors are billions."""
    if _IN_GROUPS.match(text):
        # A cell is one number: "18 176".
        text = _GROUP.sub("\u202f", text)
    if attribute and attribute.key == "transistors":
        text = _BILLIONS.sub(lambda match: match[1] + "Bn", text)
    return f"{text} {unit}".strip()


def noted(passage: Passage, place: tuple[int, int], document: str) -> frozenset[str]:
    """What a mark beside a figure says of it: the footnote on sparsity of a data sheet.

    It is looked for in the file, since a single star is a mark of Markdown too.
    """
    start, end = passage.span(*place)
    behind = passage.text[place[1] : place[1] + 1]
    return of_mark(document[start : end + 1], document) | of_mark(behind, document)


def of_mark(text: str, document: str) -> frozenset[str]:
    """What a mark in a text says by a footnote of the document."""
    marks = {each[0] for each in _MARK.finditer(text)}
    marks |= {_RAISED[each] for each in _FOOT.findall(text)}
    marks |= {_RAISED.get(each, each) for each in _SUP.findall(text)}
    if not marks:
        return frozenset()
    return frozenset(said for said, noted in _of_sparsity(document).items() if marks & noted)


_SUP = re.compile(r"<sup>(\d)\)?</sup>")
#: The mark of a note in Markdown.
_FOOT = re.compile(r"\[\^([1-3])\]")


@lru_cache(maxsize=2)
def _of_sparsity(document: str) -> dict[str, frozenset[str]]:
    """The marks of a document's notes on figures with sparsity, and dense ones; any cell may have a mark."""
    found: dict[str, set[str]] = {}
    for each in _NOTE.finditer(document):
        digit = each["raised"] or each["number"]
        marks = {_RAISED.get(digit, digit)} if digit else set(each["mark"])
        found.setdefault("dense" if _WITHOUT.search(each["said"]) else "sparse", set()).update(marks)
    return {said: frozenset(marks) for said, marks in found.items()}


@lru_cache(maxsize=2)
def all_sparse(document: str) -> bool:
    """Whether a document says by no mark that its figures are with sparsity: "(figures with sparsity)"."""
    return _ALL_SPARSE.search(document) is not None and not _ALL_DENSE.search(document)


#: The unit that the name of a field ends in: "memory_gb", "tdp_watts".
_OF_FIELD = re.compile(
    r"\w_(gb|gib|mb|mib|gbps|gbs|tbps|tbs|mhz|ghz|tflops|pflops|tops|w|watts?|bits?|mm2|nm)$"
)
_FIELDS = {
    "gb": "GB", "gib": "GiB", "mb": "MB", "mib": "MiB", "gbs": "GB/s", "tbps": "TB/s", "tbs": "TB/s",
    "mhz": "MHz", "ghz": "GHz", "tflops": "TFLOPS", "pflops": "PFLOPS", "tops": "TOPS", "w": "W",
    "watt": "W", "watts": "W", "bit": "bit", "bits": "bit", "mm2": "mm2", "nm": "nm",
}  # fmt: skip


def _of_field(name: str, ending: str) -> str:
    """The unit of a field; "gbps" is bytes of a bandwidth, and bits of any other rate."""
    if ending == "gbps":
        return "GB/s" if re.search(r"bandwidth|(?:^|_)bw_", name) else "Gbps"
    return _FIELDS[ending]


def unit_of(text: str) -> str:
    """The unit that a heading gives for bare numbers; empty where it gives none."""
    plain = text.strip(" :*").lower()
    ending = _OF_FIELD.search(plain)
    alone = UNITS_ALONE.get(plain, "") or (_of_field(plain, ending[1]) if ending else "")
    text = NOTED.sub("", text)
    match = None if alone else _UNIT.search(text)
    rate = _RATE.search(text)
    unit = (match[1] or match[2]) if match else alone or of_heading(text) or (rate[0] if rate else "")
    unit = _SHORT_UNITS.get(unit, unit)
    # "(dense)" and "(SXM)" are none.
    told = next(iter(quantities(f"1 {unit}")), None) if unit else None
    return unit if told and told.dimension != "number" and told.end == len(unit) + 2 else ""


#: What holds all the devices of its row.
_MACHINE = (
    r"(?:nodes?|servers?|hosts?|machines?|systems?|box(?:es)?|chassis|knoten|rechner|n\u0153ud|noeud|serveur|"
    r"nodo|servidor|knooppunt|n\u00f3)"
)
#: What headers say that is of each device, or of all of a row.
_EACH = re.compile(
    rf"\b(?:per|each|single|one|pro(?= (?:gpu|karte))|je|par|por)\b(?!\s+(?:{_MACHINE})\b)", re.IGNORECASE
)
#: What a label says that is of a whole machine, of which a cell that counts none has to leave it open.
OF_MACHINE = re.compile(rf"(?:\b(?:per|each|pro|je|par|por)\s+|\s?/\s?){_MACHINE}\b", re.IGNORECASE)
_ALL = re.compile(
    r"\b(?:totale?n?|totaal|totales|gesamt\w*|insgesamt|all|aggregate|combined|together|sum|overall|pooled)\b"
    rf"|{OF_MACHINE.pattern}",
    re.IGNORECASE,
)
#: Attributes of which several devices have so many times as much.
_ADDED = ("memory", "bandwidth", "power", "cores", "tensor_cores", "rt_cores", "sms", "transistors")
_RATES = ("flop rate", "op rate")


def counts(cell: Cell) -> tuple[float, ...]:
    """By how many devices the value of a cell may have to be shared: by one, or by all of its row."""
    adds = cell.attribute is not None and (cell.attribute.key in _ADDED or cell.attribute.dimension in _RATES)
    if cell.number == 1 or not adds or _EACH.search(cell.label):
        return (1.0,)
    return (cell.number,) if _ALL.search(cell.label) else (1.0, cell.number)
