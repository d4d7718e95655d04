"""Lists whose items are rows of a table: "1. RTX 5090 - 32GB GDDR7 - $1,999 - 575W", one device to an item.

Each part between dashes, commas or bars that is a value and little else is a cell of what its unit can be of.
A price is that of the launch only where most prices of the list are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.tables.cells import Cell
from whichgpu.audit.tables.heading import either, headed_by
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.values.attributes import attributes, named, qualifiers
from whichgpu.audit.values.nearest import fitting, too_small

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context
    from whichgpu.audit.text.quantities import Quantity
    from whichgpu.audit.values.attributes import Attribute

#: What parts the values of an item.
_MARK = re.compile(r"\s+[-\u2013\u2014|\u2022\u00b7/]\s+|[,;:]\s+|\s*\u2014\s*|\s+(?=\()|(?<=\))\s+")
#: What a value of a unit is of where nothing is named beside it.
_BY_UNIT = {
    "memory": "memory", "bandwidth": "bandwidth", "power": "power", "bits": "memory_bus",
    "money": "launch_price", "bit rate": "memory_data_rate",
}  # fmt: skip
#: Cores by their kind: "4608 CUDA", "576 Tensor", "72 RT".
_CORES = re.compile(
    r"\s*\d[\d.,]*\s*(?P<kind>CUDA|Tensor|RT|shaders?)(?:[ -](?:cores?|kerne))?\s*", re.IGNORECASE
)
_KINDS = {"cuda": "cores", "shader": "cores", "shaders": "cores", "tensor": "tensor_cores", "rt": "rt_cores"}
#: Words beside a value that say no more than its unit does.
_PLAIN = re.compile(
    r"(?:(?:LP)?G?DDR\d\w*|HBM\d?\w*|vram|memory|tdp|tgp|tbp|bus|wide|msrp|launch(?:ed)?(?: price)?|board|"
    r"power|bandwidth|of|at|with|ecc|starting|price|graphics|video|total|usd|draw|interface)\b|[~()*:\s.+-]+",
    re.IGNORECASE,
)
#: What makes of a list of prices one of other prices than those of the launch.
_OF_TODAY = re.compile(
    r"\b(?:used|ebay|second[- ]?hand|street|current\w*|now|today|deal\w*|discount\w*|refurb\w*|from|"
    r"as low as|per|hour\w*|rent\w*|month\w*|cloud)\b|/\s?h",
    re.IGNORECASE,
)
#: Rows of such a list, its longest row, and the launch prices that show that all are.
_ROWS, _LONGEST, _SHOWN = 2, 200, 3


def rosters(context: Context) -> Sequence[Cell]:
    """The cells of the items of such lists, prices among them where the list tells those of the launch."""
    if "rosters" not in context.memo:
        context.memo["rosters"] = tuple(_rosters(context))
    found: Sequence[Cell] = context.memo["rosters"]
    return found


def _rosters(context: Context) -> Iterator[Cell]:
    rows: list[tuple[Cell, ...]] = []
    before = ""
    for passage in (*context.document.passages, None):
        listed = passage is not None and passage.kind == "item"
        row = _row(passage, len(rows), context) if passage and listed else ()
        yield from _of_several(passage, context) if passage and listed and not row else ()
        if row:
            rows.append(row)
            continue
        yield from _of_list(rows, before, context)
        rows = []
        before = passage.text if passage else ""


#: Before a list whose rates are those of links: "Total in both directions, per GPU:".
_OF_LINKS = re.compile(
    r"\b(?:both directions|bidirectional\w*|each direction|NVLink|interconnect|GPU[- ]to[- ]GPU)\b", re.I
)


def _of_link(cell: Cell) -> Cell:
    """A rate below such a line is no memory's."""
    of_memory = cell.attribute is not None and cell.attribute.key == "bandwidth"
    return cell._replace(attribute=attributes()["nvlink"]) if of_memory else cell


def _of_list(rows: Sequence[Sequence[Cell]], before: str, context: Context) -> Iterator[Cell]:
    cells = [cell for row in rows for cell in row] if len(rows) >= _ROWS else []
    if _OF_LINKS.search(before):
        cells = [_of_link(cell) for cell in cells]
    priced = [cell for cell in cells if cell.attribute and cell.attribute.key == "launch_price"]
    right = sum(_is_launch(cell, context) for cell in priced)
    text = " ".join((before[-200:], *(cell.label for cell in priced)))
    sure = right >= max(_SHOWN, 2 * (len(priced) - right)) and not _OF_TODAY.search(text)
    yield from (cell for cell in cells if sure or cell not in priced)


#: The names that an item begins with and what it says of them, its parts, and the values of one.
_NAMES, _PARTS, _VALUES = (
    re.compile(r"[^:]{8,80}:\s+(?=[~$\d])"),
    re.compile(r"[,;]\s+"),
    re.compile(r"\s*/\s*"),
)


def _of_several(passage: Passage, context: Context) -> Iterator[Cell]:
    """The values of an item on several devices: "RTX 5060 / 5070: 8 / 12 GB, 448 / 672 GB/s, 145 / 250 W"."""
    text = passage.text
    told = _NAMES.match(text) if len(text) <= _LONGEST else None
    head = either(passage.part(0, text.index(":")), context) if told else None
    if told is None or head is None:
        return
    for column, (start, end) in enumerate(_between(_PARTS, text, told.end(), len(text.rstrip(" ."))), 1):
        # The slash of "GB/s" parts no values.
        last = quantities(text[start:end].rpartition("/ ")[2], context.fraction)
        unit = last[0].unit if len(last) == 1 else ""
        places = list(_between(_VALUES, text, start, end - len(unit)))
        places[-1:] = [(places[-1][0], end)]
        key = _BY_UNIT.get(last[0].dimension, "") if last else ""
        if not key or key == "launch_price" or len(places) != len(head.each):
            continue
        for ids, place in zip(head.each, places, strict=True):
            yield Cell(
                passage.part(*place), ids, attributes()[key], text, frozenset(), unit, 0, column, True, ids
            )


def _between(mark: re.Pattern[str], text: str, start: int, end: int) -> list[tuple[int, int]]:
    """The stretches of a part of a text between its marks."""
    cuts = [match.span() for match in mark.finditer(text, start, end)]
    return list(zip([start, *(b for _, b in cuts)], [*(a for a, _ in cuts), end], strict=True))


def _is_launch(cell: Cell, context: Context) -> bool:
    told = quantities(cell.passage.text, context.fraction)
    prices = (context.catalogue[key].value("launch_price") for key in cell.ids)
    return bool(told) and any(price and abs(float(price) - told[0].value) < 1 for price in prices)


def _row(passage: Passage, at: int, context: Context) -> tuple[Cell, ...]:
    """The cells of an item that begins with a device; none of any other."""
    if len(passage.text) > _LONGEST:
        return ()
    text = passage.text
    cuts = [match.span() for match in _MARK.finditer(text)]
    places = list(
        zip([0, *(end for _, end in cuts)], [*(start for start, _ in cuts), len(text)], strict=True)
    )
    head = headed_by(passage.part(*places[0]), context) if cuts else None
    if head is None or head.number != 1 or head.rented:
        return ()
    # As the text goes: a name may be that of a laptop's GPU.
    here = context.mentions.get(context.place(passage), ())
    meant = next((each for each in here if each.start < places[0][1]), None)
    ids, names = (meant.ids, meant.named) if meant else (head.ids, head.ids)
    # "MI325X: 256 GB. It runs what was built for the MI300X (192 GB)": of the one right before it.
    others = [each.start for each in here if each is not meant and not {*each.named} & {*names}]
    found = []
    for column, place in enumerate(places[1:], 1):
        if others and place[0] >= min(others):
            break
        part = passage.part(*place)
        attribute = alone(part.text, quantities(part.text, context.fraction))
        if attribute:
            said = qualifiers(part.text)
            found.append(Cell(part, ids, attribute, text, said, "", at, column, True, names))
    return tuple(found)


def alone(text: str, told: Sequence[Quantity]) -> Attribute | None:
    """What the one value of a part is of, where it says nothing else."""
    if len(told) != 1:
        return None
    if cores := _CORES.fullmatch(text):
        return attributes()[_KINDS[cores["kind"].lower()]]
    names = {each.attribute.key: each.attribute for each in named(text)}
    rest = _PLAIN.sub("", text[: told[0].start] + " " + text[told[0].end :])
    key = _BY_UNIT.get(told[0].dimension, "")
    if not rest.strip() and key and not too_small(attributes()[key], told[0]):
        return attributes()[key]
    one = next(iter(names.values())) if len(names) == 1 else None
    return one if one and any(True for _ in fitting(one, told)) else None
