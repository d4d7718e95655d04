"""Cells that tell more than their header asks: "16 GB GDDR6, 256-bit" under "Memory".

What stands between two commas and names an attribute, or can be of one only by its unit, is a cell by itself.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.tables.cells import unit_of
from whichgpu.audit.tables.roster import alone
from whichgpu.audit.tables.spellings import usual
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.values.attributes import RATE_OF, attributes, headed, named, open_header, qualifiers
from whichgpu.audit.values.nearest import fitting

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from whichgpu.audit.tables.cells import Cell
    from whichgpu.audit.values.attributes import Attribute

_APART = re.compile(
    r",\s+|;\s+|\s\u00b7\s|\s(?:y|and|et|und|e|a|\u00e0|at|@|mit|con|com)\s(?=\d)|\s?\((?=\d{2,4}[ -]?bit)"
)
_LONGEST = 140
#: Attributes of memory, and what values by their unit are of beside them.
_OF_MEMORY = ("memory", "memory_type", "memory_bus", "bandwidth")
_BY_UNIT = {
    "memory": "memory", "bandwidth": "bandwidth", "bits": "memory_bus", "bit rate": "memory_data_rate",
}  # fmt: skip
#: What is of a part of a device, of the way to it, or of a need.
_ELSE = re.compile(
    r"\b(?:cache|l[123]|nvlink|pci\w*|infinity|host|system|link|per|each|up to|or|usable|used|free|left|"
    r"effective|system|unified)\b|/\s?(?:sm|cu|core)\b|[<>=+]",
    re.IGNORECASE,
)


#: A header of whatever a device has.
_DESCRIBES = re.compile(
    r"\b(?:specs?|specifications?|details|data|key figures|features|hardware|overview|daten|eckdaten|"
    r"caract\u00e9ristiques|caracter\u00edsticas|especificaciones)\b|\u89c4\u683c|\u53c2\u6570",
    re.IGNORECASE,
)


#: A header of several attributes: "Price & power".
_SEVERAL = re.compile(r"\w\s*(?:&|\+|,|\b(?:and|und|et|y)\b)\s*[a-z]", re.IGNORECASE)


def compound(found: Iterable[Cell]) -> Iterator[Cell]:
    """Cells, and behind each those that it holds besides."""
    for cell in map(_in_units, found):
        if parts := _of_each(cell) or _of_kinds(cell) or _of_clocks(cell) or _of_one(cell):
            yield from parts
            continue
        if rate := _of_rate(cell):
            yield from (rate, cell._replace(attribute=None))
            continue
        yield cell
        yield from _cores_in(cell)
        own = cell.attribute.key if cell.attribute else ""
        whole = cell.passage.text
        if (
            (_APART.search(whole) or own in _OF_MEMORY)
            and len(whole) <= _LONGEST
            and (
                own in _OF_MEMORY
                or _DESCRIBES.search(cell.label)
                or _SEVERAL.search(cell.label)
                or (not own and open_header(cell.label))
            )
        ):
            yield from _parts(cell, own if own in _OF_MEMORY else "")


def _in_units(cell: Cell) -> Cell:
    """A cell of cores that counts the units which they are in, as one of these."""
    units = cell.attribute is not None and cell.attribute.key == "cores"
    few = units and _UNITS_LABEL.search(cell.label) and _FEW.fullmatch(cell.passage.text)
    if units and (few or _OF_UNITS.fullmatch(cell.passage.text)):
        return cell._replace(attribute=attributes()["sms"], said=frozenset())
    return cell


#: A heading of units that may be those of several cores each, and so few of them.
_UNITS_LABEL = re.compile(
    r"einheiten\b|\bunit(?:s|\u00e9s|\u00e0)?\b|\bunidades\b|\beenheden\b", re.IGNORECASE
)
_FEW = re.compile(r"\s*[1-4]?\d{1,2}\s*")


#: "Shaders (RT / Tensor)" over "8704 (68 / 272)": as "Shaders / RT / Tensor" over "8704 / 68 / 272".
_INNER = re.compile(r"\s\((?=[^()]*/)([^()]*)\)\s*$")


def _of_each(cell: Cell) -> list[Cell]:
    """A cell in parts, each below its own part of the header: "Shaders / TMUs / ROPs" over "2560 / 160 / 64".

    "Dense / Sparse" is two rates of one attribute, and stays one cell.
    """
    label, values = cell.label, _slashed(cell.passage.text)
    if _INNER.search(label) and _INNER.search(cell.passage.text):
        label = _INNER.sub(r" / \1", label)
        values = _slashed(cell.passage.text, _OR_BRACKET)
    names = [label[start:end] for start, end in _slashed(label)]
    if len(names) == 1 and label.count("/") == len(values) - 1 and "/s" not in label:
        # "Mem/BW/TDP" over "24 GB / 936 GB/s / 350 W".
        names = label.split("/")
    if len(names) != len(values) or len(names) < 2 or _BOTH.search(cell.label):
        return []
    whose = [headed(each) for each in names]
    counted = whose[0] is not None and whose[0].dimension == "count"
    if not counted and len({each.key for each in whose if each}) < 2:
        return []
    # "1440 / 1710 MHz": in the unit of the last.
    last = [each.unit for each in quantities(cell.passage.part(*values[-1]).text) if each.unit]
    alike = len({each.dimension for each in whose if each}) == 1
    unit = (last[-1] if last else unit_of(cell.label)) if alike else ""
    return [
        cell._replace(
            passage=cell.passage.part(*value), attribute=attribute, label=name, said=qualifiers(name),
            unit=unit_of(name) or unit,
        )
        for name, value, attribute in zip(names, values, whose, strict=True)
    ]  # fmt: skip


#: The two clocks that one header may ask for, and what parts them in its cells.
_CLOCK = re.compile(r"\b(?P<base>base)\b|\b(?P<boost>boost|turbo)\b|\bclocks?\b|\btakt\b", re.IGNORECASE)
_TWO_VALUES = re.compile(
    r"\s*(?P<a>\d[\d.,]*)\s?(?P<u>[MG]Hz)?\s*(?:[/|,\u2013-]|to)\s*(?P<b>\d[\d.,]*)\s?(?P<v>[MG]Hz)?\s*",
    re.IGNORECASE,
)


def _of_clocks(cell: Cell) -> list[Cell]:
    """A cell with a value for each of two clocks that its header names: "Clock (base/boost)"."""
    told = _TWO_VALUES.fullmatch(cell.passage.text)
    names = [each.lastgroup for each in _CLOCK.finditer(cell.label) if each.lastgroup] if told else []
    if told is None or sorted(names) != ["base", "boost"]:
        return []
    unit = told["v"] or told["u"] or unit_of(cell.label) or "MHz"
    ends = (told.end("u") if told["u"] else told.end("a"), told.end("v") if told["v"] else told.end("b"))
    return [
        cell._replace(
            passage=cell.passage.part(start, end), attribute=attributes()[f"clock_{name}"], label=name,
            said=frozenset(), unit=unit,
        )
        for name, start, end in zip(names, (told.start("a"), told.start("b")), ends, strict=True)
    ]  # fmt: skip


#: "FP16 / BF16 Tensor (dense, sparse)": what a slash below it parts are these two.
_BOTH = re.compile(r"\bdense\b.{1,12}\bspars|\bspars\w*.{1,12}\bdense\b", re.IGNORECASE)
#: A value beside which the other one is told to be missing: "65 / -".
_ONE_OF_TWO = re.compile(
    r"\s*(?P<value>~?\d[\d.,]*[^/|]{0,12}?)\s*[/|]\s*(?:[-\u2013\u2014]|n/?a)\s*", re.IGNORECASE
)
#: Both of them.
_TWO = re.compile(
    r"\s*(?P<value>~?\d[\d.,]*(?:\s?[TP](?:FL)?OPS)?)\s*[|/]\s*"
    r"(?P<other>~?\d[\d.,]*(?:\s?(?P<unit>[TP]FLOPS|[TP]OPS))?)\s*",
    re.IGNORECASE,
)


def _of_one(cell: Cell) -> list[Cell]:
    """A cell with the two rates that its header names, "dense | sparse", or the first and no second one."""
    both = _BOTH.search(cell.label)
    told = _ONE_OF_TWO.fullmatch(cell.passage.text) or _TWO.fullmatch(cell.passage.text) if both else None
    if both is None or told is None:
        return []
    first, other = ("dense", "sparse") if both[0].lower().startswith("dense") else ("sparse", "dense")
    cells = [cell._replace(passage=cell.passage.part(*told.span("value")), said=cell.said - {other})]
    if told.groupdict().get("other"):
        cells = [each._replace(unit=told["unit"] or each.unit) for each in cells]
        said = (cell.said - {first}) | {other}
        cells.append(cell._replace(passage=cell.passage.part(*told.span("other")), said=said))
    return cells


#: Cores with their kind behind them, and what they are of.
_CORES = re.compile(
    r"\d[\d.,\u00a0\u202f]*\s*(?P<kind>CUDA|Tensor|RT)\b(?:[ -](?:cores?|kerne))?", re.IGNORECASE
)
_KINDS = {"cuda": "cores", "tensor": "tensor_cores", "rt": "rt_cores"}
#: Units that a cell below "Cores" counts in place of cores: "24 SMs", "32 CUs", "20 Xe".
_OF_UNITS = re.compile(r"\s*\d{1,3}\s?(?:SMs?|CUs?|Xe\d?(?:[- ]cores?)?)\s*", re.IGNORECASE)


def _of_kinds(cell: Cell) -> list[Cell]:
    """A cell that counts several kinds of cores, one below another: "18,176 CUDA / 568 Tensor"."""
    told = list(_CORES.finditer(cell.passage.text))
    keys = [_KINDS[each["kind"].lower()] for each in told]
    of_cores = cell.attribute is None or cell.attribute.key in _KINDS.values()
    if len(told) < 2 or len(set(keys)) < len(keys) or not of_cores:
        return []
    return [
        cell._replace(
            passage=cell.passage.part(*each.span()), attribute=attributes()[key], label=each["kind"],
            said=frozenset(), unit="",
        )
        for each, key in zip(told, keys, strict=True)
    ]  # fmt: skip


def _of_rate(cell: Cell) -> Cell | None:
    """A cell that tells the rate of cores in place of their number: "5th Generation, 988 AI TOPS"."""
    key = RATE_OF.get(cell.attribute.key, "") if cell.attribute else ""
    told = quantities(cell.passage.text) if key else ()
    rates = [each for each in told if each.dimension in ("flop rate", "op rate")]
    if len(rates) != 1 or any(each.dimension == "count" for each in told):
        return None
    sparse = frozenset({"sparse"}) if rates[0].unit.startswith("AI") else frozenset()
    part = cell.passage.part(rates[0].start, rates[0].end)
    return cell._replace(passage=part, attribute=attributes()[key], label=rates[0].unit, said=sparse, unit="")


#: "2048-core Ampere GPU" under a header of no attribute.
_SO_MANY_CORES = re.compile(r"(\d[\d.,]*)-core\b", re.IGNORECASE)


#: A cell that says itself what it counts, and a label of a part of a device.
_ALL_CORES = re.compile(
    r"\s*~?(?P<n>\d[\d.,]*)\s(?P<kind>CUDA|tensor|RT|shader|stream)\s(?:cores?|processors?|units?)\s*",
    re.IGNORECASE,
)
_OF_A_PART = re.compile(
    r"\b(?:per|each|sm|cu|cluster|total|enabled|disabled|instances?|slices?|mig)\b", re.IGNORECASE
)


def _cores_in(cell: Cell) -> Iterator[Cell]:
    """The number of cores that a cell tells beside the architecture, or by itself."""
    whole = _ALL_CORES.fullmatch(cell.passage.text) if cell.attribute is None else None
    if whole and not _OF_A_PART.search(cell.label):
        own = attributes()[_KINDS.get(whole["kind"].lower(), "cores")]
        yield cell._replace(
            passage=cell.passage.part(*whole.span("n")), attribute=own, said=frozenset(), unit=""
        )
        return
    match = _SO_MANY_CORES.search(cell.passage.text) if cell.attribute is None else None
    if match and open_header(f"{cell.label.lower().replace('gpu', '')} "):
        part = cell.passage.part(*match.span(1))
        yield cell._replace(passage=part, attribute=attributes()["cores"], said=frozenset(), unit="")
        for other in _CORES.finditer(cell.passage.text, match.end()):
            part, kind = cell.passage.part(*other.span()), attributes()[_KINDS[other["kind"].lower()]]
            yield cell._replace(passage=part, attribute=kind, label=other["kind"], said=frozenset(), unit="")


#: A slash with blanks beside it; that of "GB/s" has none.
_SLASH, _OR_BRACKET = re.compile(r"\s+/\s+"), re.compile(r"\s+/\s+|\s*\(|\)\s*$")


def _slashed(text: str, apart: re.Pattern[str] = _SLASH) -> list[tuple[int, int]]:
    """The stretches of a text between such slashes."""
    cuts = [match.span() for match in apart.finditer(text)]
    if cuts and cuts[-1][1] == len(text):
        text, cuts = text[: cuts[-1][0]], cuts[:-1]
    return list(zip([0, *(end for _, end in cuts)], [*(start for start, _ in cuts), len(text)], strict=True))


#: What a price says of itself among other values: "$329 at launch".
_AT_LAUNCH = re.compile(
    r"(?:(?:launch(?:ed)?(?: price)?(?: at)?|MSRP):?\s*)\$\s?\d[\d,]*|"
    r"\$\s?\d[\d,]*\s*\(?(?:at launch|launch(?: price)?|MSRP)\)?",
    re.IGNORECASE,
)


def _parts(cell: Cell, own: str) -> Iterator[Cell]:
    for start, end in _stretches(cell.passage.text, by_value=bool(own)):
        part = cell.passage.text[start:end]
        attribute = _attribute(part, own) if part and not _ELSE.search(part) else None
        if attribute is None and _AT_LAUNCH.fullmatch(part):
            attribute = attributes()["launch_price"]
        whatever = _DESCRIBES.search(cell.label) or headed(cell.label) is None
        if attribute is None and whatever and not _ELSE.search(part):
            # "32 GB, 575 W" below "Specs".
            attribute = alone(part, quantities(part))
            attribute = None if attribute and attribute.dimension == "money" else attribute
        if cell.attribute and any(
            True for _ in fitting(cell.attribute, quantities(usual(part, cell.attribute)[0]))
        ):
            # "1008 GB/seg" is the rate that its header asks for.
            continue
        if attribute and attribute.key != own:
            said = qualifiers(part)
            yield cell._replace(
                passage=cell.passage.part(start, end), attribute=attribute, said=said, unit=""
            )


def _stretches(text: str, *, by_value: bool) -> Iterator[tuple[int, int]]:
    """The stretches of a text between its commas; of one on memory each value: "24 GB GDDR6X 936 GB/s"."""
    at = 0
    for end in (*(each.start() for each in _APART.finditer(text)), len(text)):
        start = at + len(text[at:end]) - len(text[at:end].lstrip(",; \u00b7"))
        values = [each for each in quantities(text[start:end]) if each.end > each.start] if by_value else []
        cuts = [start + each.end for each in values[:-1]]
        for first, last in pairwise([start, *cuts, end]):
            yield first + len(text[first:last]) - len(text[first:last].lstrip(" /|")), last
        at = end


def _attribute(part: str, own: str) -> Attribute | None:
    """What the one value of a part is of: by the one name beside it, else by its unit in a cell on memory."""
    told = [each for each in quantities(part) if each.end > each.start]
    names = list({each.attribute.key: each.attribute for each in named(part)}.values())
    if len(told) != 1:
        return None
    if len(names) == 1:
        return names[0] if any(True for _ in fitting(names[0], told)) else None
    key = _BY_UNIT.get(told[0].dimension, "") if own and not names else ""
    return attributes()[key] if key else None
