"""The memory of the devices that a row names beside a model: "Llama 2 70B | 2 x A100 80GB | 160 GB".

What the column holds its own rows say: where most of its amounts are those of the devices in their rows, so
many times where so many are counted, one that is not is inconsistent with the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.mentions import mentions
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.counting import counted
from whichgpu.audit.text.quantities import quantities
from whichgpu.hardware.gpu import nominal_gb
from whichgpu.units import GB
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage, Table
    from whichgpu.audit.findings import Context, Finding

#: Rows that are read, columns, and the characters of a cell that holds a device or an amount and no more.
_ROWS, _COLUMNS, _CELL = 60, 12, 48
#: Rows that agree with their devices for a column to be of them, and times as many as do not.
_LEAST, _TIMES = 2, 2
_BINARY, _SAME = 1.0737, 0.005
#: Headers of what something takes, which may be less than the devices beside it have.
_TAKES = re.compile(
    r"\b(?:requir\w*|needs?|needed|min\w*|recommend\w*|model|weights?|size|footprint|used?|uses|"
    r"usage|at least)\b",
    re.IGNORECASE,
)


class _Amount(NamedTuple):
    """An amount of a row, where it stands, and what the devices of its row have together, in bytes."""

    passage: Passage
    place: tuple[int, int]
    stated: float
    #: Sizes of the devices that the row's name may mean, of one and of all.
    have: tuple[float, ...]
    name: str

    @property
    def is_right(self) -> bool:
        """Whether it is what they have, in gigabytes of either kind."""
        sizes = (each * one for each in self.have for one in (1.0, _BINARY))
        return any(abs(self.stated / size - 1) <= _SAME for size in sizes)


class _Devices(NamedTuple):
    """What the devices that a cell names have, of one and of all of them, in bytes, and the cell's words."""

    have: tuple[float, ...]
    name: str


class _Size(NamedTuple):
    """An amount of memory that is a cell by itself."""

    passage: Passage
    place: tuple[int, int]
    value: float


def find(context: Context) -> Iterator[Finding]:
    """Every amount of such a column that is not what the devices of its row have."""
    for table in context.document.tables:
        if not (_LEAST < len(table.rows) <= _ROWS and _LEAST < table.columns <= _COLUMNS):
            continue
        rows, columns = range(1, len(table.rows)), range(1, table.columns)
        sizes = {at: [_size(table.cell(row, at), context) for row in rows] for at in columns}
        # Names are looked for only where a column of amounts may be of them.
        of_memory = [at for at in columns if sum(each is not None for each in sizes[at]) > _LEAST]
        for devices in columns if of_memory else ():
            named = [_devices(table.cell(row, devices), context) for row in rows]
            for amounts in of_memory:
                if amounts != devices:
                    told = [
                        _Amount(size.passage, size.place, size.value, each.have, each.name)
                        for each, size in zip(named, sizes[amounts], strict=True)
                        if each is not None and size is not None
                    ]
                    yield from _of_columns(table, amounts, told, context)


def _of_columns(table: Table, amounts: int, told: Sequence[_Amount], context: Context) -> Iterator[Finding]:
    wrong = [each for each in told if not each.is_right]
    right = len(told) - len(wrong)
    # Of one device throughout a column says little of what it holds.
    several = len({each.name for each in told if each.is_right}) >= _LEAST
    if not several or not wrong or right < max(_LEAST, _TIMES * len(wrong)):
        return
    head = table.cell(0, amounts)
    takes = head is not None and _TAKES.search(head.text) is not None
    for each in wrong:
        if takes and each.stated < each.have[-1]:
            continue
        have = f"{min(each.have, key=lambda one: abs(one - each.stated)) / GB:,.4g} GB"
        because = f"{each.name} have {have}, and the other rows tell what their devices have"
        yield made(
            context, each.passage, each.place, "memory", "inconsistent", attribute="memory",
            subject=each.name, expected=have, because=because, evidence=(Evidence(because),),
        )  # fmt: skip


def _size(amount: Passage | None, context: Context) -> _Size | None:
    """The one amount of memory that a cell is."""
    told = quantities(amount.text, context.fraction) if amount and len(amount.text) <= _CELL else ()
    if amount is None or len(told) != 1 or told[0].dimension != "memory" or told[0].high != told[0].value:
        return None
    return _Size(amount, (told[0].start, told[0].end), told[0].value)


#: What says in an id how much memory one of several forms of a device has.
_SIZED = re.compile(r"-\d{1,3}gb\b")


def _alike(ids: Sequence[str], context: Context) -> set[str]:
    """Devices, and those that differ from one of them by their memory alone: the H100 SXM5 with 94 GB."""
    forms = {_SIZED.sub("", key) for key in ids if _SIZED.search(key)}
    return {*ids} | {key for key in context.catalogue if forms and _SIZED.sub("", key) in forms}


def _devices(device: Passage | None, context: Context) -> _Devices | None:
    """What the one kind of device that a cell names has."""
    named = list(mentions(device.text, context.catalogue)) if device and len(device.text) <= _CELL else []
    if device is None or len(named) != 1:
        return None
    number = counted(device.text, 0, named[0].start, named[0].end)
    sizes = {
        nominal_gb(float(context.catalogue[key].value("memory") or 0))
        for key in _alike(named[0].ids, context)
    }
    # Of several a row may tell what each has.
    have = tuple(sorted({times * size * GB for size in sizes if size for times in (1, number)}))
    return _Devices(have, device.text.strip()) if have else None
