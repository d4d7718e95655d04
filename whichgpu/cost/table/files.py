"""Job tables on disk: reading what people save from spreadsheets, and writing answers."""

from __future__ import annotations

import math
import re
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from whichgpu.errors import UsageError, one_line, refuse_endless
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

#: Columns of a job table.
COLUMNS = (
    "id", "workload", "gpu", "n_gpus", "phase", "precision", "batch", "resolution", "seq_len",
    "input_tokens", "output_tokens", "concurrency", "tp", "pp", "steps", "runtime", "options",
    "metric", "unit",
)  # fmt: skip
#: What published tables call a column, where they have none of its own name.
_ALSO = {
    "model": "workload", "network": "workload", "device": "gpu", "accelerator": "gpu",
    "num_gpus": "n_gpus", "gpu_count": "n_gpus", "batch_size": "batch", "batchsize": "batch",
    "dtype": "precision", "data_type": "precision", "framework": "runtime", "engine": "runtime",
    "sequence_length": "seq_len", "input_len": "input_tokens", "output_len": "output_tokens",
    "image_size": "resolution", "gpu_name": "gpu", "gpu_model": "gpu", "gpu_type": "gpu", "card": "gpu",
    "model_name": "workload", "seq_length": "seq_len",
}  # fmt: skip
#: Columns of the measurement schema that are never inputs.
OUTPUTS = ("source", "value", "spread", "notes")
#: Headings that are rates of work: `images/sec`, `output tokens/s`.
_RATE = r"(?:\w+ )?[a-z]+ ?(?:/ ?|per |_per_)(?:s|secs?|seconds?)"
#: Rows left out that are named with their reason.
_NAMED = 3


class JobTable(NamedTuple):
    """A table as it is read: `rows` gives the cells of `columns`, once.

    A row that cannot be taken apart has its reason as one cell more. `unknown` are columns that no job
    table has, which are not read.
    """

    columns: tuple[str, ...]
    unknown: tuple[str, ...]
    rows: Iterator[tuple[str, ...]]
    #: Rows of runs that ended without a value (out of memory, a timeout), which are left out.
    ended: int = 0
    #: Columns that were read under a name of their own, each as "model as workload".
    read_as: tuple[str, ...] = ()
    #: Why rows of measurements cannot be used, which are left out.
    faults: tuple[str, ...] = ()
    #: What the file leaves open, and as what it is taken.
    taken: tuple[str, ...] = ()

    def notes(self) -> tuple[str, ...]:
        """What a reader of the answers should know of the columns."""
        unread = (
            f"columns that were not read: {', '.join(map(one_line, self.unknown))}" if self.unknown else ""
        )
        ended = f"runs that ended without a value, left out: {self.ended:,}" if self.ended else ""
        called = (
            f"columns read by another name: {', '.join(map(one_line, self.read_as))}" if self.read_as else ""
        )
        first = "; ".join((*self.faults[:_NAMED], *([".."] if self.faults[_NAMED:] else [])))
        faults = f"rows that cannot be used, left out: {len(self.faults):,} ({first})" if self.faults else ""
        return tuple(text for text in (called, unread, ended, faults, *self.taken) if text)


def read_table(path: Path, more: Sequence[str] = ()) -> JobTable:
    """Open a job table; its cells are those of `COLUMNS`, then of `more`.

    Bytes that are no UTF-8 spoil their cell only. Raises `UsageError` where the file cannot be read as a
    job table at all.
    """
    refuse_endless(path)
    try:
        handle = path.open(encoding="utf-8-sig", errors="replace", newline="")
    except OSError as fault:
        raise UsageError(f"{path}: cannot be read ({fault.strerror or fault}); check the path") from None
    lines = _lines(handle, path)
    kind, header = next(lines, ("row", []))
    told = [name.strip() for name in header]
    names = _headings(told)
    missing = [name for name in ("workload", "gpu") if name not in names]
    if kind != "row" or missing:
        why = header[0] if kind != "row" else f"no column '{missing[0]}'"
        raise UsageError(f"{path}: {why}; a job table is CSV in UTF-8 and has {', '.join(COLUMNS)}")
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise UsageError(f"{path}: two columns '{twice[0]}'; keep one")
    names, unit = _valued(names) if "value" in more else (names, "")
    if "value" in more and "value" not in names:
        raise UsageError(
            f"{path}: no column 'value'; write what was measured there, or under its unit (images/s)"
        )
    columns = (*COLUMNS, *more)
    known = {*columns, *OUTPUTS, ""}
    unknown = tuple(name for name in names if name not in known)
    read_as = tuple(f"{a} as {b}" for a, b in zip(told, names, strict=True) if a != b)
    return JobTable(columns, unknown, _rows(lines, names, columns, unit), read_as=read_as)


def _valued(names: Sequence[str]) -> tuple[list[str], str]:
    """The columns with the one that is headed by a rate as the value, and its unit where no column has that.

    Of a table that has a value, or several such columns, they stay as they are.
    """
    rates = [name for name in names if re.fullmatch(_RATE, name.strip().lower())]
    if "value" in names or len(rates) != 1:
        return [*names], ""
    return ["value" if name == rates[0] else name for name in names], "" if "unit" in names else rates[0]


def _headings(told: Sequence[str]) -> list[str]:
    """The column that each heading stands for, in whichever case.

    A column's own name comes first; of two headings for one column the second keeps its own and is not read.
    """
    names: list[str] = []
    for name in told:
        plain = name.lower().replace(" ", "_").replace("-", "_")
        meant = plain if plain in COLUMNS else _ALSO.get(plain, name)
        names.append(name if meant in told or meant in names else meant)
    return names


def _lines(handle: Any, path: Path) -> Iterator[tuple[str, list[str]]]:
    """("row", cells) or ("broken", [reason]) for each line of a CSV file that is not blank."""
    import csv

    with handle:
        try:
            # Spreadsheets of much of Europe write semicolons; the head says which mark it is.
            head = handle.readline()
            reader = csv.reader(chain((head,), handle), delimiter=max(",;\t", key=head.count))
            while True:
                try:
                    cells = next(reader)
                except StopIteration:
                    return
                except csv.Error as fault:
                    yield "broken", [f"line {reader.line_num}: {fault}; is a quote left open?"]
                    continue
                if cells:
                    yield "row", cells
        except OSError as fault:
            raise UsageError(f"{path}: cannot be read ({fault.strerror or fault})") from None


def _rows(
    lines: Iterable[tuple[str, list[str]]], names: Sequence[str], columns: Sequence[str], unit: str = ""
) -> Iterator[tuple[str, ...]]:
    """The cells of each row in the order of `columns`; of a column that is not there "", or the `unit`."""
    width = len(names)
    absent = {"unit": width + 1}
    pick = itemgetter(*(
        names.index(name) if name in names else absent.get(name, width) for name in columns
    ))  # fmt: skip
    nothing = ("",) * len(columns)
    for kind, cells in lines:
        if kind != "row":
            yield (*nothing, cells[0])
        elif len(cells) == width:
            cells.extend(("", unit))
            yield pick(cells)
        else:
            padded = [*cells[:width], *[""] * (width - len(cells)), "", unit]
            wrong = len(cells) < width or any(cells[width:])
            why = f"{len(cells)} cells under {width} columns; is a comma missing or unquoted?"
            yield (*pick(padded), *((why,) if wrong else ()))


def is_measured(path: Path) -> bool:
    """Whether the first line of a file is the head of a table of measurements; never raises."""
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as lines:
            names = {cell.strip().strip('"').lower() for cell in lines.readline().split(",")}
    except OSError:
        return False
    return {"workload", "value"} <= names


def read_measured(path: Path) -> tuple[JobTable, list[tuple[str, ...]]]:
    """A table of measurements, with `notes`, `value` and `source` as its last cells, and all of its rows.

    A row without a value whose notes say why (`bench` writes them) is left out, and so is one that cannot be
    used, whose reason is among the table's faults. Raises `UsageError` where the file cannot be read as a
    table, or no row of it can be used.
    """
    table = read_table(path, ("notes", "value", "source"))
    rows: list[tuple[str, ...]] = []
    faults: list[str] = []
    ended = 0
    for line, row in enumerate(table.rows, 2):
        broken = len(row) > len(table.columns)
        note, text = row[len(COLUMNS)], row[len(COLUMNS) + 1]
        if broken or not _is_positive(text):
            if not broken and note.strip() and not text.strip():
                ended += 1
            else:
                why = row[-1] if broken else f"value '{one_line(text)}' is not a number above zero"
                faults.append(f"line {line}: {why}")
            continue
        rows.append(row)
    if not rows and not ended:
        raise UsageError(f"{path} {faults[0]}" if faults else f"{path}: no rows of measurements in it")
    return table._replace(ended=ended, faults=tuple(faults)), rows


def _is_positive(text: str) -> bool:
    try:
        return 0.0 < float(text) < math.inf
    except ValueError:
        return False


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Iterable[Any]]) -> None:
    """Write rows as CSV. Raises `UsageError` where the file cannot be written."""
    import csv

    try:
        with path.open("w", newline="", encoding="utf-8") as out:
            writer = csv.writer(out)
            writer.writerow(columns)
            writer.writerows(rows)
    except OSError as fault:
        raise UsageError(f"{path}: cannot be written ({fault.strerror or fault}); choose another") from None
