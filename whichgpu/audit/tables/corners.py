"""What a table with devices above its columns says once for all: in its corner, and in its row of GPUs.

"Tensor peak, dense / sparse (TFLOPS)" in the corner is of every rate below it; "GPUs | 8x A100 | 8x H100"
below machines says of how many devices each column is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.tables.cells import unit_of
from whichgpu.audit.tables.heading import headed_by
from whichgpu.audit.values.attributes import headed, qualifiers
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.audit.document import Passage, Table
    from whichgpu.audit.findings import Context
    from whichgpu.audit.tables.heads import Head
    from whichgpu.audit.values.attributes import Attribute

_RATES = ("flop rate", "op rate")
#: Words of a corner that is of rates.
_OF_RATES = re.compile(r"FLOPS|\bTOPS\b|\bdense\b|\bspars", re.IGNORECASE)
#: A corner that tells in which order the two values of each cell stand.
_BOTH = re.compile(
    r"\bdense\b\W{1,5}(?:and |or )?\bspars\w*|\bspars\w*\W{1,5}(?:and |or )?\bdense\b", re.IGNORECASE
)
#: The name of a row that says which GPUs machines have, and how many its cells tell.
_GPUS = re.compile(
    r"(?:number of |# of |#)?(?:gpus?|accelerators?|cards)"
    r"(?: configuration| count| needed| required| used| in total)?",
    re.IGNORECASE,
)
#: The same where what stands below is of any devices: of all of those that are needed, or of one.
_NEEDED = re.compile(
    r"(?:(?:number of |# of |#)(?:gpus?|cards)(?: needed| required)?|(?:gpus?|cards) (?:needed|required))",
    re.IGNORECASE,
)
_SO_MANY = re.compile(r"\s*(?:(\d{1,2})\s?[x\u00d7]\s|(\d{1,2})\s?(?:gpus?)?\s*$)", re.IGNORECASE)


class Corner(NamedTuple):
    """What the corner of a table says of the rates below it."""

    said: frozenset[str] = frozenset()
    unit: str = ""
    #: What the order of two values is, in the words of a label; empty where nothing is told.
    both: str = ""

    def of(self, attribute: Attribute | None, label: str, unit: str) -> tuple[str, str, frozenset[str]]:
        """The label and the unit of a row as the corner completes them, and what else it says of the row."""
        if attribute is None or attribute.dimension not in _RATES:
            return label, unit, frozenset()
        own = qualifiers(label) & {"dense", "sparse"}
        if own:
            return label, unit or self.unit, frozenset()
        return f"{label} ({self.both})" if self.both else label, unit or self.unit, self.said


def corner(table: Table, header: int, across: Mapping[int, Head]) -> Corner:
    """The corner of a table, where it speaks of rates."""
    cell = table.cell(header, 0) if header >= 0 and 0 not in across else None
    if cell is None or not _OF_RATES.search(cell.text):
        return Corner()
    both = _BOTH.search(cell.text)
    said = frozenset() if both else qualifiers(cell.text) & {"dense", "sparse"}
    return Corner(said, unit_of(cell.text), both[0] if both else "")


def numbered(table: Table, across: Mapping[int, Head]) -> Mapping[int, Head]:
    """The devices above the columns, those of machines with how many a row tells that each has."""
    named = _GPUS if any(head.whole for head in across.values()) else _NEEDED
    row = next(
        (row for row in table.rows if row and row[0] and named.fullmatch(row[0].text.strip(" :*"))), ()
    )
    found = dict(across)
    for at, head in across.items():
        cell = row[at] if at < len(row) else None
        told = _SO_MANY.match(cell.text) if cell else None
        if told and head.number == 1 and float(told[1] or told[2]) > 0:
            found[at] = head._replace(number=float(told[1] or told[2]))
    return found


#: Columns of a table of two devices with what is compared between them; rows that show it.
_THREE, _SHOWN = 3, 3


def names_first(table: Table, context: Context) -> Table:
    """A table of two with its attributes in front that stand between their values: "24 GB | VRAM | 16 GB"."""
    heads = table.rows[0] if table.columns == _THREE and len(table.rows) > _SHOWN else ()
    if len(heads) < _THREE or not all(_is_device(heads[at], context) for at in (0, 2)):
        return table
    first, middle = ([row[at] for row in table.rows[1:] if len(row) == _THREE] for at in (0, 1))
    fronts, names = (
        sum(cell is not None and headed(cell.text) is not None for cell in cells) for cells in (first, middle)
    )
    # A value such as "GDDR6X" heads columns elsewhere; many in front are attributes.
    if names < max(_SHOWN, len(middle) // 2) or 2 * fronts >= names:
        return table
    turned = (tuple(row[at] for at in (1, 0, 2)) if len(row) == _THREE else row for row in table.rows)
    return table._replace(rows=tuple(turned))


def _is_device(cell: Passage | None, context: Context) -> bool:
    return cell is not None and headed_by(cell, context) is not None
