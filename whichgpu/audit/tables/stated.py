"""What the cells of a table state: of which device, of which attribute, in which unit.

Devices stand in a header with attributes to the left, or one to a row with attributes in the header.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.families import architectures
from whichgpu.audit.devices.laptops import LAPTOPS, below_laptops, namesakes
from whichgpu.audit.devices.machine import ON_A_BOARD
from whichgpu.audit.devices.rented import rented
from whichgpu.audit.tables.axes import (
    as_above,
    forms_down,
    is_narrower,
    many_filled,
    named_across,
    named_down,
    shifted,
)
from whichgpu.audit.tables.cells import UNITS_ALONE, Cell, unit_of
from whichgpu.audit.tables.compound import compound
from whichgpu.audit.tables.corners import corner, names_first, numbered
from whichgpu.audit.tables.explained import explained, without_measured
from whichgpu.audit.tables.featured import is_of_its_own
from whichgpu.audit.tables.heading import MACHINE, devices, headed_by
from whichgpu.audit.tables.headless import named_in_cells, rows_say_themselves, says_itself
from whichgpu.audit.tables.heads import Head, of_each
from whichgpu.audit.tables.interconnects import of_link
from whichgpu.audit.tables.ordered import is_of, ordered
from whichgpu.audit.tables.paired import paired
from whichgpu.audit.tables.partitioned import PROFILE, without_parts
from whichgpu.audit.tables.sectioned import sections
from whichgpu.audit.tables.titled import about, in_form, of_forms, of_forms_down
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.values.attributes import attributes, headed, named, qualifiers, rate_of
from whichgpu.hardware.boxes import named as machine_named

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from whichgpu.audit.document import Passage, Table
    from whichgpu.audit.findings import Context
    from whichgpu.audit.values.attributes import Attribute

#: Rates of the units beside the tensor cores.
_PLAIN = ("fp32", "fp64")
#: Columns and rows in which devices are looked for.
_SEARCHED = 3
#: Columns of a row in which an instance type is looked for.
_TYPES = 6
#: Cells that must fit the devices that a table does not name.
_SURE = 4
#: Tables of a document that are looked at together.
_TWO = 2
#: Headers of how many of a device a row is of, and such a number.
COUNT = re.compile(
    r"(?:#|no\.?|num(?:ber)?|count|quantity|qty)(?: of)?(?: gpus?| cards?| accelerators?)?|"
    r"(?:gpus?|cards?|accelerators?)"
    r"(?: count| quantity|(?: per |\s?/\s?)(?:node|instance|server|system|vm)| in it| included)|"
    r"gpus|cards|nombre|anzahl|quantit\u00e9|cantidad|quantit\u00e0|quantidade",
    re.IGNORECASE,
)
_INTEGER = re.compile(
    r"\s*(?:x|\u00d7)?\s?(\d{1,3})\s?(?:x|\u00d7|gpus?|cards?|accelerators?)?\s*", re.IGNORECASE
)


#: "8x H200 SXM" below "GPUs", and a board of NVIDIA's that says its number nowhere.
_SO_MANY = re.compile(r"\s*(\d{1,3})\s?(?:[x\u00d7]\s|(?<=\s)(?=[A-Z]))")
_BOARD = re.compile(r"\bHGX\b(?!.*\b(?:4|four|16)\b[ -]?gpus?\b)", re.IGNORECASE)


#: Characters at the start and the end of a table, with what stands beside it, that are looked at.
_AROUND = 3000


def cells(table: Table, context: Context) -> tuple[Cell, ...]:
    """The cells of a table that are of one device."""
    return tuple(cell for cell in every(table, context) if cell.number == 1)


def every(table: Table, context: Context) -> tuple[Cell, ...]:
    """The cells of a table that are of a device, or of so many of it."""
    known: dict[int, tuple[Cell, ...]] = context.memo.setdefault("cells", {})
    if id(table) not in known:
        told = (
            []
            if _lists_parts(table)
            else (rows_say_themselves(table, context) or list(_cells(names_first(table, context), context)))
        )
        told = [cell for cell in told if not is_of_its_own(cell.passage, context.catalogue)]
        places = {cell.passage.start for cell in told}
        told += [cell for cell in paired(table, context) if cell.passage.start not in places]
        found = _apart(_as_laptops(below_laptops(told, context.catalogue), table, context))
        known[id(table)] = tuple(compound(explained(without_parts(without_measured(found)), context)))
    return known[id(table)]


#: Parts of a computer that a card is one of.
_PART = re.compile(
    r"\W*(?:cpu|processor|motherboard|main ?board|board|storage|ssds?|nvme|psu|power supply|case|chassis|"
    r"cooler|"
    r"cooling|nic|network card|os|operating system)\b[^.;]{0,12}",
    re.IGNORECASE,
)
_PARTS = 3


def _lists_parts(table: Table) -> bool:
    """Whether the rows of a table are the parts of one computer: what stands there is no value of its GPU."""
    heads = (row[0].text for row in table.rows if row and row[0] is not None)
    return sum(1 for each in heads if _PART.fullmatch(each)) >= _PARTS


def _apart(found: list[Cell]) -> list[Cell]:
    """The cells, those of FP64 without tensor cores where others are of FP64 with them."""
    with_them = any(each.attribute and each.attribute.key == "fp64_tensor" for each in found)
    return [
        each._replace(attribute=each.attribute._replace(fields=("fp64",)))
        if with_them and each.attribute and each.attribute.key == "fp64"
        else each
        for each in found
    ]


def _as_laptops(found: list[Cell], table: Table, context: Context) -> list[Cell]:
    """The cells as those of the namesakes in laptops, where words around tell of these and most show it."""
    said = (context.document.title, table.caption, *table.section, around(table, context))
    if not any(LAPTOPS.search(text) or _MOBILE.search(text) for text in said):
        return found
    mobile = {
        ids: namesakes(ids, context.catalogue) for ids in dict.fromkeys(each.ids for each in found) if ids
    }
    other = [each._replace(ids=ids, named=ids) if (ids := mobile.get(each.ids)) else each for each in found]
    fits = [
        sum(
            is_of(one, context) is True for one, ids in zip(cells_, found, strict=True) if mobile.get(ids.ids)
        )
        for cells_ in (found, other)
    ]
    return other if fits[1] >= _SURE and fits[1] >= 2 * fits[0] else found


_MOBILE = re.compile(r"\bmobile\b", re.IGNORECASE)


def _cells(table: Table, context: Context) -> Iterator[Cell]:
    if not table.columns:
        return
    if len(table.rows) < _TWO:
        # One row is that of a page whose other tables show whose its columns are.
        yield from _ordered(table, context)
        return
    parts = list(sections(table, context))
    for part, head in parts:
        yield from _beside(part, -1, {1: head})
    if not parts:
        yield from _of_heads(table, context)


def _of_heads(table: Table, context: Context) -> Iterator[Cell]:
    """The cells of a table whose devices stand above its columns or before its rows, or above it."""
    across, second = (named_across(table, row, context) for row in range(2))
    # A device beside the instance that has it is no header of two columns.
    named = [key for head in second[1].values() for key in head.ids]
    apart = len(set(named)) == len(named)
    if (len(second[1]) > len(across[1]) and apart) or is_narrower(second[1], across[1]):
        across = second[0], as_above(second[1], across[1])
    down = max(
        (named_down(table, column, context) for column in range(_SEARCHED)), key=lambda found: len(found[1])
    )
    forms_of = forms_down(table, context) if not down[1] else {}
    if not forms_of and not down[1] and not across[1]:
        forms_of = {at: Head(ids) for at, ids in of_forms_down(table, context).items()}
    if forms_of:
        across, down = (0, {}), (0, forms_of)
    if not across[1] and not down[1]:
        whose = about(table, context) if table.columns == _TWO else ()
        ordered = [] if whose else list(_ordered(table, context))
        yield from ordered
        forms = {} if whose or ordered else of_forms(table, context)
        across = (-1, {1: Head(whose)}) if whose else (0, {at: Head(ids) for at, ids in forms.items()})
    if across[1] and (len(across[1]) >= len(down[1]) or _tells_winners(table, across, down)):
        if says_itself(table, *across):
            yield from named_in_cells(table, *across)
        else:
            yield from _beside(table, across[0], shifted(table, *across))
    elif down[1]:
        yield from (
            _by_name(table, down[1]) if down[0] == 0 and _is_long(table) else _below(table, *down, context)
        )


def _tells_winners(
    table: Table, across: tuple[int, Mapping[int, Head]], down: tuple[int, Mapping[int, Head]]
) -> bool:
    """Whether a column names one of the devices above others in each row: "Winner", "Better in"."""
    known = [set(head.ids) for head in across[1].values()]
    named = [set(head.ids) for head in down[1].values()]
    column = down[0]
    heads = table.cell(across[0], column)
    return (
        len(known) >= _TWO and column not in across[1] and heads is not None
        and all(any(one & other for other in known) for one in named)
    )  # fmt: skip


#: Columns of a table with a value to a row: whose, of what, how much; and so many names that show it.
_LONG, _NAMES = 3, 3
#: Rows of what was measured, beside which the others were.
_MEASURES = re.compile(
    r"\btok|\bt/s\b|\bfps\b|latency|\bused?\b|usage|scores?\b|throughput|bench|/s\b", re.IGNORECASE
)


def _is_long(table: Table) -> bool:
    """Whether the second column names the attributes of which the third has the values."""
    told = [row[1].text for row in table.rows[1:] if len(row) == _LONG and row[1]]
    if any(map(_MEASURES.search, told)):
        return False
    names = sum(headed(each) is not None for each in told)
    return table.columns == _LONG and names >= max(_NAMES, len(told) // 2)


def _by_name(table: Table, down: Mapping[int, Head]) -> Iterator[Cell]:
    """A device, an attribute and its value to a row."""
    head = Head(())
    for index, row in enumerate(table.rows):
        head = down.get(index, head)
        if not head.ids or len(row) < _LONG or row[1] is None or row[2] is None:
            continue
        label = row[1].text
        mine = head.of(rate_of(label, row[2].text, headed(label)), label)
        yield Cell(
            row[2], head.ids, mine, label, qualifiers(label), unit_of(label), index, 2, True, head.ids,
            head.number,
        )  # fmt: skip


def _beside(table: Table, header: int, across: Mapping[int, Head]) -> Iterator[Cell]:
    """Attributes to the left, devices above."""
    columns = 1 + max(across)
    # A row with more cells was cut at pipes inside of them; one with fewer is of several devices.
    aligned = all(many_filled(row) <= max(columns, len(table.rows[max(header, 0)])) for row in table.rows)
    labels = _labels(table, min(across))
    # Who lost the empty cell above the names lost others, too.
    lost = header >= 0 and 0 not in across and many_filled(table.rows[header]) == len(across) == columns - 1
    all_rows, across = corner(table, header, across), numbered(table, across)
    group = above = ""
    before: Attribute | None = None
    for index, row in enumerate(table.rows):
        names = [cell.text for cell in row[:labels] if cell]
        group = row[0].text if row and row[0] else group
        if index == header or not names or (row[0] is None and labels < _TWO):
            continue
        if len(row) > 1 and (many_filled(row) == 1 or all(cell is row[0] for cell in row)):
            # "Memory" by itself heads "Capacity" and "Type", "Compute (dense)" the rates below.
            above = group
            continue
        # A group and its attribute, or an attribute and its unit, stand side by side.
        name = " ".join(dict.fromkeys((group, *names)))
        below = _below_group(above, names[-1])
        # A unit beside a name says nothing of what it is a unit of.
        own = [each for each in names if each.strip(" :*").lower() not in UNITS_ALONE] or names
        own = [_of_chip(each, across) for each in own]
        head = below or next((each for each in (name, own[-1], own[0]) if headed(each)), own[-1])
        whole = aligned and (len(row) >= columns or header < 0) and not (lost and many_filled(row) < columns)
        attribute, unit = headed(head), unit_of(head)
        if attribute is None and _PER_ONE.fullmatch(head.strip(" :*")):
            attribute = before
        before = attribute
        # Sparsity that a group is told with is none of the plain units' below it.
        plain = attribute is None or attribute.key in _PLAIN
        head, unit, also = all_rows.of(attribute, head, unit)
        said = qualifiers(name if plain else f"{above} {name}") | also
        for column, of in across.items():
            cell = row[column] if 0 < column < len(row) else None
            if cell:
                mine = of.of(rate_of(head, cell.text, attribute), head)
                sure = whole and not of.either
                words = said | _rate_said(table, header, column)
                made = Cell(cell, of.ids, mine, head, words, unit, index, column, sure, of.ids, of.number)
                yield from of_each(made, of)


def _rate_said(table: Table, header: int, column: int) -> frozenset[str]:
    """What a name above a column says of the rates below it: "A100 dense", "A100 sparse"."""
    cell = table.cell(header, column) if header >= 0 else None
    return qualifiers(cell.text) & {"dense", "sparse"} if cell else frozenset()


#: Below what all have: "GPU memory in all", and then "Per GPU".
_PER_ONE = re.compile(r"(?:per|each|one)\s(?:gpu|card|accelerator)|each", re.IGNORECASE)
#: What is counted by chips, each of which is one device: TPUs, Trainium.
_CHIPS_EACH = re.compile(r"(?:tpu|trainium|inferentia)")
_PER_CHIP = re.compile(r"\s+per chip\b", re.IGNORECASE)


def _of_chip(label: str, heads: Mapping[int, Head]) -> str:
    """A label without "per chip", where that is per device."""
    keys = [key for head in heads.values() for key in head.ids]
    return _PER_CHIP.sub("", label) if keys and all(map(_CHIPS_EACH.match, keys)) else label


def _below_group(above: str, name: str) -> str:
    """What a name below the name of a group is in full: "Memory Type"; empty where that names nothing."""
    full = f"{above.strip(' :*')} {name}"
    plain = full.partition("(")[0].strip(" :*")
    return full if above and any(each.start == 0 and each.end == len(plain) for each in named(plain)) else ""


def _labels(table: Table, first: int) -> int:
    """How many columns before the first device name what is in the others: those that state no value."""
    beside = (cell for row in table.rows for cell in row[1:first] if cell)
    values = (each for cell in beside for each in quantities(cell.text) if each.dimension != "number")
    return max(first, 1) if next(values, None) is None else 1


def _below(table: Table, first: int, down: Mapping[int, Head], context: Context) -> Iterator[Cell]:
    """Attributes above, a device to a row."""
    heads = [
        (column, headed(_of_chip(head.text, down)), head.text, qualifiers(head.text), unit_of(head.text))
        for column, head in enumerate(table.rows[0])
        if head and column != first
    ]
    yield from _first_row(table, first, context)
    generations = _are_generations(table, first)
    # Beside the names of slices a number is one of these.
    sliced = any(PROFILE.search(cell.text) for cell in table)
    several = [at for at, _, label, _, _ in heads if not sliced and COUNT.fullmatch(label.strip(" :*"))]
    for index, of_row in down.items():
        head = of_row._replace(ids=in_form(table.rows[index], first, of_row.ids, context))
        yield from _bracketed(table, (index, first), head)
        told = (cell for at in several if (cell := table.cell(index, at)))
        numbers = (_INTEGER.fullmatch(cell.text) or _SO_MANY.match(cell.text) for cell in told)
        beside = _beside_it(table, (index, first), head, context)
        number = next((float(each[1]) for each in numbers if each), beside.number)
        left = (table.cell(index, at) for at in range(first))
        inside = any(cell and MACHINE.search(cell.text) for cell in left)
        own = table.cell(index, first)
        board = ON_A_BOARD if own and _BOARD.search(own.text) else 1.0
        # Of a machine whose number of GPUs stands beside it, totals are theirs.
        of = head._replace(ids=beside.ids, number=max(head.number, beside.number))
        of = of._replace(whole=True) if inside and number == 1 else of
        # Of an instance type it is known how many it has, whatever the row says.
        row = table.rows[index][:_TYPES] if not of.rented else ()
        known = next((kind for beside in row if beside and (kind := machine_of(beside.text))), None)
        other = _format_of(own)
        for column, attribute, label, said, unit in heads:
            cell = table.cell(index, column)
            if cell and column not in several:
                mine = of.of(rate_of(label, cell.text, attribute), label)
                mine = other if other and mine and mine.key in _FORMATS else mine
                mine = of_link(table, (index, column), first, mine)
                times = known[1] if known and known[1] >= 1 else max(of.number, number, board)
                if of.rented and several and number != of.number:
                    # What all of them have follows from the number that is wrong, or from the right one.
                    mine = None
                # A year is that of the generation which the row begins with.
                sure = not of.either and not (generations and _YEAR.fullmatch(cell.text.strip()))
                made = Cell(cell, of.ids, mine, label, said, unit, index, column, sure, of.ids, times)
                yield from of_each(made, of)


#: The format in brackets behind the name of a row, which its rates are in: "V100 (FP16)".
_IN_FORMAT = re.compile(r"\((?:in )?(FP64|FP32|TF32|FP16|BF16|FP8|FP4|INT8|INT4)\)", re.IGNORECASE)
_FORMATS = frozenset({"fp64", "fp32", "tf32", "fp16", "bf16", "fp8", "fp4", "int8", "int4", "tensor"})


def _format_of(head: Passage | None) -> Attribute | None:
    told = _IN_FORMAT.search(head.text) if head else None
    return attributes()[told[1].lower()] if told else None


_YEAR = re.compile(r"20[012]\d(?:\s?[-/\u2013]\s?(?:20)?[012]\d)?")


def _are_generations(table: Table, first: int) -> bool:
    """Whether the names of devices stand behind those of their generations, and are not all of it."""
    heads = [row[0].text.strip(" *") for row in table.rows[1:] if row and row[0]]
    return first > 0 and bool(heads) and all(map(architectures().fullmatch, heads))


def _beside_it(table: Table, place: tuple[int, int], head: Head, context: Context) -> Head:
    """A row's head as another of its cells tells it: "4x L4" beside "L4-4", "8 x A100 80GB" beside "HGX"."""
    index, first = place
    if head.rented:
        # Of an instance type it is known.
        return head._replace(number=1.0)
    others = (cell for at, cell in enumerate(table.rows[index][:_TYPES]) if cell and at != first)
    named = (other for cell in others if cell.text[:1].isdigit() and (other := headed_by(cell, context)))
    for each in named:
        if both := tuple(key for key in head.ids if key in each.ids):
            return head._replace(ids=both, number=each.number)
    return head._replace(number=1.0)


#: A cell that names its own attribute: "VRAM: 12 GB".
_NAMED_ITSELF = re.compile(r"\s*([^:\d][^:]{1,30}):\s*(?=\S)")


def _first_row(table: Table, first: int, context: Context) -> Iterator[Cell]:
    """The cells of a first row that heads nothing: a device, and values beside their names."""
    cell = table.cell(0, first)
    head = headed_by(cell, context) if cell else None
    others = [(at, each) for at, each in enumerate(table.rows[0]) if each and at != first]
    told = [(at, each, _NAMED_ITSELF.match(each.text)) for at, each in others]
    for at, each, name in told if head and all(match for *_, match in told) else ():
        if head and name and (attribute := headed(name[1])):
            part = each.part(name.end(), len(each.text))
            yield Cell(
                part,
                head.ids,
                attribute,
                name[1],
                qualifiers(name[1]),
                "",
                0,
                at,
                True,
                head.ids,
                head.number,
            )


def machine_of(text: str) -> tuple[str, float] | None:
    """The GPU of an instance type, or of a machine by its name, and how many of it."""
    box = machine_named(text.strip(" *`"))
    return (box.gpu, float(box.gpus)) if box and box.gpu else rented(text)


#: A header that names in brackets what stands in brackets below it, and such a cell.
_OF_A_DAY = re.compile(
    r"\s*(?:launch(?:ed)?|release[ds]?|introduced|(?:launch |release )?year|jahr|ann\u00e9e|a\u00f1o)\s*",
    re.IGNORECASE,
)
_IN_BRACKETS = re.compile(r"[^()]*\(([^()]{2,24})\)\s*")


def _bracketed(table: Table, place: tuple[int, int], head: Head) -> Iterator[Cell]:
    """What stands in brackets behind the name of a row: "Arc B570 ($219)" below "Card (MSRP)"."""
    index, column = place
    above, cell = table.cell(0, column), table.cell(index, column)
    label = _IN_BRACKETS.fullmatch(above.text) if above else None
    told = _IN_BRACKETS.fullmatch(cell.text) if cell and label else None
    attribute = headed(label[1]) if label and told else None
    dated = label is not None and _OF_A_DAY.fullmatch(label[1]) is not None
    if (attribute or dated) and cell and told and label and not head.rented:
        part = cell.part(*told.span(1))
        yield Cell(
            part, head.ids, attribute, label[1], frozenset(), unit_of(label[0]), index, column, True, head.ids
        )


def _ordered(table: Table, context: Context) -> Iterator[Cell]:
    """The cells of a table without names, whose columns are the devices of its heading in their order."""
    return ordered(table, context, _Nameless())


class _Nameless:
    """How the columns of a table without names are read."""

    def cells(self, table: Table, order: Sequence[tuple[str, ...]]) -> Iterator[Cell]:
        """The cells of a table whose columns are the devices of an order."""
        return _beside(table, -1, {at: Head(ids) for at, ids in enumerate(order, 1)})

    def has_names(self, table: Table, context: Context) -> bool:
        """Whether a table names devices above its columns."""
        return any(devices(cell, context) for row in table.rows[:2] for cell in row if cell)


def around(table: Table, context: Context) -> str:
    """What is said just before and after a table, and in its header; of a long one not what is far inside."""
    told: dict[int, str] = context.memo.setdefault("around", {})
    if id(table) not in told:
        text = _around(table, context)
        told[id(table)] = text if len(text) <= 2 * _AROUND else f"{text[:_AROUND]} {text[-_AROUND:]}"
    return told[id(table)]


def _around(table: Table, context: Context) -> str:
    passages = context.document.passages
    places = sorted(at for cell in table if (at := context.place(cell)) >= 0)
    near = passages[max(0, places[0] - 2) : places[-1] + 3] if places else ()
    return " ".join(each.text for each in near if len(each.text) < 2000)
