"""Rows of the measurement schema to predictions: `predict --jobs`, `validate`.

Each row is one job; a row that cannot be read or run keeps its place with the reason in `error`.

A large table is split into shares by what is run, which processes take one after another. The rows of a
share are read one by one (`rows`), gathered by what they have in common (`reader`), and evaluated group by
group (`groups`) over arrays, each distinct physical job once.
"""

from __future__ import annotations

from collections import Counter
from functools import cache
from itertools import starmap
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.reading.metrics import METRICS
from whichgpu.cost.table import smaller
from whichgpu.cost.table.files import COLUMNS
from whichgpu.cost.table.pools import sweeps
from whichgpu.cost.table.reader import Lexicon, Reader
from whichgpu.cost.table.rows import read_job
from whichgpu.errors import one_line
from whichgpu.hardware import bins
from whichgpu.values import NamedTuple
from whichgpu.workloads.names import squeezed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from whichgpu.cost.table.groups import Refused
    from whichgpu.cost.table.pools import Outcome, Sweep
    from whichgpu.hardware.catalogue import Catalogue

    #: The cells of `COLUMNS`, and the reason as one more where a row is broken.
    Cells = tuple[str, ...]

__all__ = ["ANSWER", "METRICS", "Prediction", "Predictions", "predict_rows", "read_job"]

#: Columns of the answer.
ANSWER = ("id", "value", "low", "high", "unit", "basis", "error")
#: Rows from which on a second process pays for its start; into how many parts a table is cut at the least,
#: and for each process.
_MANY, _PARTS, _EACH = 3000, 12, 4
_ID, _UNIT, _WORKLOAD, _GPU = (COLUMNS.index(name) for name in ("id", "unit", "workload", "gpu"))
#: What tells sweeps of a workload apart first of all, and of how many rows one is looked at for that.
_TOLD, _LOOKED = itemgetter(*(COLUMNS.index(name) for name in ("phase", "precision", "runtime"))), 8
#: By what the rows of a workload are ordered before they are cut: what is traced is the same within a phase
#: and a format.
_CUT = itemgetter(*(COLUMNS.index(name) for name in ("phase", "precision", "gpu")))


class Prediction(NamedTuple):
    """One row's answer in the row's own unit; empty but for `error` where there is none."""

    id: str
    value: float | None
    low: float | None
    high: float | None
    unit: str
    basis: str
    error: str


class Part(NamedTuple):
    """The answers of some rows, by number: `values` are (3, rows), NaN where there is none."""

    rows: Sequence[int]
    values: NDArray[np.float64]
    units: list[str]
    bases: list[str]
    errors: dict[int, str]
    #: Options that are not modelled, with the rows that state them.
    ignored: Counter[str]
    #: How many rows were taken with an option that they do not state, so that they fit, by the option.
    taken: Counter[str]
    #: How many were taken with less of what they leave open, in words.
    less: Counter[str]


class Predictions:
    """The answers of a table in its order, held by column; `notes` are what was not read of the rows.

    Iterating gives a `Prediction` a row.
    """

    def __init__(self, table: Sequence[Cells], parts: Iterable[Part]) -> None:
        self.ids = [cells[_ID] for cells in table]
        self.units = [cells[_UNIT] for cells in table]
        self.bases, self.errors = [""] * len(table), [""] * len(table)
        #: (low, mid, high) by row, NaN where there is none.
        self.values = np.full((3, len(table)), np.nan)
        ignored: Counter[str] = Counter()
        taken: Counter[str] = Counter()
        less: Counter[str] = Counter()
        for part in parts:
            self._put(part)
            ignored.update(part.ignored)
            taken.update(part.taken)
            less.update(part.less)
        self.notes = list(_notes(self.ids, ignored, taken))
        self.notes += [smaller.note(said, count) for said, count in sorted(less.items())]

    def _put(self, part: Part) -> None:
        self.values[:, part.rows] = part.values
        for row, unit, basis in zip(part.rows, part.units, part.bases, strict=True):
            self.units[row], self.bases[row] = unit, basis
        for row, error in part.errors.items():
            self.errors[row], self.bases[row] = error, ""

    def widen(self, rows: Sequence[int], others: Sequence[Cells], answered: Callable[[Any], Part]) -> None:
        """Let the intervals of rows hold those of others, which may be what they mean as well."""
        if not rows:
            return
        more = Predictions(others, [answered(others)]).values
        found = ~np.isnan(self.values[1, rows]) & ~np.isnan(more[1])
        asked = np.asarray(rows)[found]
        np.fmin.at(self.values[0], asked, more[0, found])
        np.fmax.at(self.values[2], asked, more[2, found])

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[Prediction]:
        return starmap(Prediction, self.rows())

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """The same as plain tuples, which are written in less time."""
        low, mid, high = (column.tolist() for column in self.values)
        for row, error in enumerate(self.errors):
            if error:
                low[row] = mid[row] = high[row] = None
        return zip(self.ids, mid, low, high, self.units, self.bases, self.errors, strict=True)

    @property
    def refused(self) -> int:
        """How many rows have a reason instead of an answer."""
        return sum(1 for error in self.errors if error)

    def to_dict(self) -> list[dict[str, Any]]:
        """Plain values: one mapping a row."""
        return [answer._asdict() for answer in self]


def _notes(ids: Sequence[str], ignored: Counter[str], taken: Counter[str]) -> Iterator[str]:
    """What a reader of the answers should know of the rows."""
    for option, count in sorted(ignored.items()):
        yield f"option {option}: not modelled, and ignored in {count:,} rows"
    for option, count in sorted(taken.items()):
        name = option.partition("=")[0]
        yield (
            f"{option} was taken in {count:,} rows that state none and would not fit without; "
            f"state {name}={'1' if name == 'ep' else 'none'} where it was off"
        )
    named = [one for one in ids if one]
    if len(set(named)) < len(named):
        twice = [one for one, count in Counter(named).items() if count > 1]
        more = f" and {len(twice) - 5:,} more" if len(twice) > 5 else ""
        yield f"ids of more than one row: {', '.join(map(one_line, twice[:5]))}{more}"


def predict_rows(
    rows: Iterable[Mapping[str, str] | Cells],
    catalogue: Catalogue,
    advance: Callable[[int], object] = lambda _: None,
    named: Callable[[str], str] = str,
) -> Predictions:
    """Predict each row, a mapping or the cells of `COLUMNS`; nothing is raised for a bad one.

    `advance` hears of every number of rows that is done; `named` is of the `Lexicon`. A tuple with one cell
    more than `COLUMNS` is a broken row, for the reason in that cell.
    """
    table = [
        row if isinstance(row, tuple) else tuple([row.get(name) or "" for name in COLUMNS]) for row in rows
    ]

    lexicon, tries = Lexicon(catalogue, named), smaller.Tries()

    @cache
    def n_gpus(text: str) -> int:
        return bins.resolve_whole(text, catalogue)[1]

    def answered(share: Sequence[int]) -> Part:
        part = _answered(table, share, Reader(lexicon))
        _shrink(part, table, lambda cells: tries.of(cells, n_gpus(cells[_GPU])), anew)
        return part

    def parts() -> Iterator[Part]:
        for part in _each(answered, _shares(table)):
            yield part
            advance(len(part.rows))

    def anew(cells: Sequence[Cells]) -> Part:
        return _answered(cells, range(len(cells)), Reader(lexicon))

    # Before processes part, of which each would look the names up.
    gpus = {text: lexicon.gpus[text] for text in {cells[_GPU] for cells in table}}
    found = Predictions(table, parts())
    found.widen(*_others(table, catalogue), anew)
    found.notes += bins.taken(gpus, catalogue)
    return found


def _others(table: Sequence[Cells], catalogue: Catalogue) -> tuple[list[int], list[Cells]]:
    """Of rows whose GPU's name may mean another part as well, the numbers, and the same rows on that one."""
    texts = {text: bins.others(text, catalogue) for text in {cells[_GPU] for cells in table}}
    if not any(texts.values()):
        return [], []
    pairs = [(row, other) for row, cells in enumerate(table) for other in texts[cells[_GPU]]]
    return [row for row, _ in pairs], [
        (*table[row][:_GPU], other, *table[row][_GPU + 1 :]) for row, other in pairs
    ]


def _shares(table: Sequence[Cells]) -> list[Sequence[int]]:
    """The rows of a table as shares that can be answered apart, what takes longest first; one if it is small.

    Rows of one workload are one share, since a row may state what another leaves open, and both are of one
    sweep then. What many rows run is cut, by phase and format as far as that goes.
    """
    if len(table) < _MANY:
        return [range(len(table))]
    from whichgpu.cost.table import workers

    cores = workers.processors()
    if cores < 2:
        return [range(len(table))]
    shares: dict[str, list[int]] = {}
    texts: dict[str, str] = {}
    for row, cells in enumerate(table):
        text = cells[_WORKLOAD]
        if text not in texts:
            texts[text] = squeezed(text)
        shares.setdefault(texts[text], []).append(row)
    most = max(1, len(table) // max(_PARTS, _EACH * cores))
    found: list[Sequence[int]] = []
    for share in shares.values():
        if len(share) > most:
            share.sort(key=lambda row: _CUT(table[row]))
        found += [share[i : i + most] for i in range(0, len(share), most)]
    # Most of the time goes by sweep, and those are told apart by what these texts say first of all.
    return sorted(found, key=lambda share: len({_TOLD(table[row]) for row in share[::_LOOKED]}), reverse=True)


def _answered(table: Sequence[Cells], share: Sequence[int], reader: Reader) -> Part:
    """The answers of the rows of a share. Never raises."""
    for place, row in enumerate(share):
        reader.take(place, table[row])
    part = Part(
        share, np.full((3, len(share)), np.nan), [table[row][_UNIT] for row in share], [""] * len(share),
        {share[place]: error for place, error in reader.errors.items()}, reader.ignored,
        Counter(), Counter(),
    )  # fmt: skip
    refused: Refused = {}
    for sweep in sweeps(reader.groups, refused):
        for outcome in sweep.outcomes():
            _scatter(part, sweep, outcome)
    for place, (unit, why) in refused.items():
        part.units[place], part.errors[share[place]] = unit, why
    return part


def _shrink(
    part: Part, table: Sequence[Cells], tries: Callable[[Cells], Iterator[tuple[Cells, str]]],
    answered: Callable[[Any], Part],
) -> None:  # fmt: skip
    """Answer rows of a share that do not fit with less of what they leave open, as `tries` has it."""
    left = {
        place: tries(table[row])
        for place, row in enumerate(part.rows)
        if part.errors.get(row, "").startswith(smaller.TOO_LARGE)
    }
    while tried := {place: one for place, more in left.items() if (one := next(more, None))}:
        again = answered([cells for cells, _ in tried.values()])
        left = {place: left[place] for at, place in enumerate(tried) if at in again.errors}
        for at, (place, (_, said)) in enumerate(tried.items()):
            if at not in again.errors:
                part.values[:, place] = again.values[:, at]
                part.units[place], part.bases[place] = again.units[at], again.bases[at]
                del part.errors[part.rows[place]]
                part.less[said] += 1


def _scatter(part: Part, sweep: Sweep, outcome: Outcome) -> None:
    """Put the answers of a sweep's cells where the rows are that asked for them."""
    cells = enumerate(outcome.cells.tolist())
    asked = [(row, ask, position) for position, cell in cells for row, ask in sweep.asking[cell]]
    rows, asks, positions = np.array(asked).T
    part.values[:, rows] = outcome.values[asks, :, positions].T
    for row, ask, position in asked:
        part.units[row] = outcome.units[ask]
        part.bases[row] = outcome.bases[position]
    for _, _, position in asked if outcome.taken else ():
        part.taken.update(f"{key}={value}" for key, value in outcome.taken.get(position, {}).items())
    for row, ask, position in asked if any(outcome.refused) else ():
        if position in outcome.refused[ask]:
            part.errors[part.rows[row]] = outcome.refused[ask][position]


def _each(answered: Callable[[Sequence[int]], Part], shares: Sequence[Sequence[int]]) -> Iterator[Part]:
    """The part of every share; in two or more processes where there are several."""
    if len(shares) < 2:
        return map(answered, shares)
    from whichgpu.cost.table import workers

    return workers.mapped(answered, shares, min(len(shares), workers.processors()))
