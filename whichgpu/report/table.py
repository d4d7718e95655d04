"""What there is to show, as data; `report.text`, `.terminal`, `.markdown` and `.html` draw it.

Cells are text already carrying its unit; None is a value that nobody knows, drawn as `EMPTY`. A cell may
begin with a bar of `#`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from whichgpu.values import NamedTuple, immutable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from whichgpu.report.chart import Bars, Chart

#: What stands in a cell whose value is not known.
EMPTY = "-"
#: Spaces between columns.
GAP = 2
#: No text column is squeezed below the first; a word longer than the second (a URL) may be broken.
_NARROWEST, _LONG = 12, 32
#: Where nothing else helps, words of text (names of instances) are broken that are longer than this.
_BROKEN = 16
#: A title up to this long is not wrapped.
_SHORT = 8
#: The column that is told under the table where it is left out of it.
_SOURCE = "Source"


class Column(NamedTuple):
    """One column; an optional one is left out where the terminal is too narrow."""

    title: str
    align: Literal["left", "right"] = "left"
    optional: bool = False


@immutable
class Table:
    """Rows under columns; a row of one cell is a heading over the rows that follow it.

    `strong` are the indexes of rows to stress; `notes` are sentences under the table.
    """

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str | None, ...], ...]
    notes: tuple[str, ...] = ()
    strong: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a row that does not fit its columns."""
        for row in self.rows:
            if len(row) not in (1, len(self.columns)):
                raise ValueError(f"table '{self.title}': {len(self.columns)} columns, but the row {row}")

    @classmethod
    def of(
        cls,
        title: str,
        columns: Iterable[str | Column],
        rows: Iterable[Iterable[str | None]],
        notes: Iterable[str] = (),
        strong: Iterable[int] = (),
    ) -> Table:
        """A table with shorthand columns: `"Name"` is left-aligned, `">Price"` right-aligned."""
        return cls(title, tuple(map(_column, columns)), tuple(map(tuple, rows)), tuple(notes), tuple(strong))

    def to_dict(self) -> dict[str, Any]:
        """The table as plain data."""
        return {
            "title": self.title,
            "columns": [column.title for column in self.columns],
            "rows": [list(row) for row in self.rows],
            "notes": list(self.notes),
        }


def _column(column: str | Column) -> Column:
    if isinstance(column, Column):
        return column
    return Column(column[1:], "right") if column.startswith(">") else Column(column)


class Heading(NamedTuple):
    """A title over what follows."""

    text: str


class Bullets(NamedTuple):
    """Sentences, one to a bullet."""

    items: tuple[str, ...]


class Cited(str):
    """Text of a cell that says where it was read: `source` in words, `refs` its numbers in `References`."""

    __slots__ = ("refs", "source")

    def __new__(cls, text: str, source: str = "", refs: Iterable[int] = ()) -> Cited:
        """The text, which every report draws; a page shows `source` on it and leads to `refs`."""
        made = super().__new__(cls, text)
        made.source, made.refs = source, tuple(refs)
        return made

    source: str
    refs: tuple[int, ...]


class Reference(NamedTuple):
    """One source: what it is, where it is (empty where nowhere), and its kind and date."""

    title: str
    url: str
    detail: str


class References(NamedTuple):
    """Numbered sources, from 1, which cells cite."""

    items: tuple[Reference, ...]

    def lines(self) -> list[str]:
        """One numbered line each, as plain text."""
        return [
            f"{number}. {item.title}{f', <{item.url}>' if item.url else ''}"
            f"{f' ({item.detail})' if item.detail else ''}"
            for number, item in enumerate(self.items, start=1)
        ]


if TYPE_CHECKING:
    #: A piece of a report; a plain string is a paragraph.
    Block = Table | Chart | Bars | Heading | Bullets | References | str


class Report(NamedTuple):
    """What a command answers: its JSON document, what a person reads, and how it ends.

    `complaint` is the one line for stderr when `exit_code` is not 0. A terminal that is not asked for all of
    the blocks has so many, the `first`; 0 is all.
    """

    data: Mapping[str, Any]
    blocks: tuple[Block, ...]
    exit_code: int = 0
    complaint: str = ""
    first: int = 0


def in_short(report: Report) -> tuple[Block, ...]:
    """The first blocks of a report, and a line that names the others."""
    rest = report.blocks[report.first :] if report.first else ()
    titled = [one for one in rest if not isinstance(one, str | Bullets | References)]
    named = (one.text if isinstance(one, Heading) else one.title for one in titled)
    told = ", ".join(f"{name[0].lower()}{name[1:]}" for name in named if name)
    return (*report.blocks[: -len(rest)], f"More with --all: {told}.") if told else report.blocks


class Layout(NamedTuple):
    """Which columns of a table are drawn, how wide, and the titles of those left out."""

    indexes: tuple[int, ...]
    widths: tuple[int, ...]
    dropped: tuple[str, ...]


def layout(table: Table, width: int) -> Layout:
    """Fit a table into `width` characters: wrap text, drop optional columns from the right, break words.

    A table that still does not fit is drawn wider rather than cut.
    """
    shown = list(range(len(table.columns)))
    dropped: list[str] = []
    while True:
        widths = _squeeze(table, shown, width)
        spare = [i for i in shown if table.columns[i].optional]
        if not spare and _total(widths) > width:
            _break(table, shown, widths, width)
        if not spare or _total(widths) <= width:
            return Layout(tuple(shown), tuple(widths), tuple(reversed(dropped)))
        shown.remove(spare[-1])
        dropped.append(table.columns[spare[-1]].title)


def _squeeze(table: Table, shown: list[int], width: int) -> list[int]:
    cells = [_cells(table, i) for i in shown]
    titles = [table.columns[i].title for i in shown]
    numeric = [table.columns[i].align == "right" for i in shown]
    widest = [max(map(len, column), default=0) for column in cells]
    narrow = [
        max(_narrowest_title(title), wide if fixed else _narrowest_text(column, wide))
        for title, column, wide, fixed in zip(titles, cells, widest, numeric, strict=True)
    ]
    widths = [max(len(title), wide) for title, wide in zip(titles, widest, strict=True)]
    # Titles give way first, so that numbers stay on one line; then the widest text column, step by step.
    for floor in ([max(n, wide) for n, wide in zip(narrow, widest, strict=True)], narrow):
        _shrink(widths, floor, width)
    return widths


def _break(table: Table, shown: list[int], widths: list[int], width: int) -> None:
    """Narrow the columns of text below their longest words."""
    numeric = [table.columns[i].align == "right" for i in shown]
    floor = [wide if fixed else min(wide, _BROKEN) for wide, fixed in zip(widths, numeric, strict=True)]
    _shrink(widths, floor, width)


def _narrowest_title(title: str) -> int:
    """A short title stays on one line."""
    return len(title) if len(title) <= _SHORT else _longest_word([title])


def _narrowest_text(texts: list[str], wide: int) -> int:
    return min(wide, _LONG, max(_NARROWEST, _longest_word(texts)))


def _shrink(widths: list[int], floor: list[int], width: int) -> None:
    while _total(widths) > width:
        room = [i for i in range(len(widths)) if widths[i] > floor[i]]
        if not room:
            return
        widths[max(room, key=lambda i: widths[i])] -= 1


def _total(widths: list[int]) -> int:
    return sum(widths) + GAP * (len(widths) - 1)


def _cells(table: Table, index: int) -> list[str]:
    return [cell(row[index]) for row in table.rows if len(row) > 1 or len(table.columns) == 1]


def cell(value: str | None) -> str:
    """What a cell shows."""
    return EMPTY if value is None else value


def _longest_word(texts: Iterable[str]) -> int:
    return max((len(word) for text in texts for word in text.split()), default=0)


def notes(table: Table, plan: Layout) -> tuple[str, ...]:
    """The notes under a table, with the one that names the columns left out."""
    if not plan.dropped:
        return table.notes
    dropped = ", ".join(title for title in plan.dropped if title != _SOURCE)
    told = (f"Left out at this width: {dropped}; a wider terminal or --json has them.",) if dropped else ()
    return (*table.notes, *_sources(table, plan), *told)


def _sources(table: Table, plan: Layout) -> tuple[str, ...]:
    """Whose the rows are, where there is no room for it in the rows: no figure stands without its source."""
    if _SOURCE not in plan.dropped:
        return ()
    cited: dict[str, list[str]] = {}
    for row, source in enumerate(_cells(table, [column.title for column in table.columns].index(_SOURCE)), 1):
        cited.setdefault(source, []).append(str(row))
    rows = (f"{source} (row{'s' * (len(at) > 1)} {', '.join(at)})" for source, at in cited.items())
    return (f"Sources: {next(iter(cited)) if len(cited) == 1 else '; '.join(rows)}.",)
