"""Rows of a job table gathered by what they share; every text is read once, however many rows hold it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from whichgpu.cost import placing
from whichgpu.cost.groups import Group
from whichgpu.cost.rows import CELLS, HEAD, NAMES, need, read_head, values
from whichgpu.cost.table import COLUMNS
from whichgpu.errors import UsageError, WhichGpuError, one_line
from whichgpu.hardware.slices import resolve_device
from whichgpu.workloads import job as jobs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from whichgpu.cost.groups import Numbers
    from whichgpu.cost.rows import Head
    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.hardware.gpu import Gpu

_ID, _GPU, _METRIC, _UNIT = (COLUMNS.index(name) for name in ("id", "gpu", "metric", "unit"))
_N_GPUS, _TP, _PP = (list(jobs.NUMBERS).index(name) for name in ("n_gpus", "tp", "pp"))


class _Refused(NamedTuple):
    """Why a text cannot be read, kept so that the same text is not read again."""

    why: str


class _Texts(dict[Any, Any]):
    """What was read of texts: a text that is not there yet is read."""

    def __init__(self, read: Callable[[Any], Any]) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, text: Any) -> Any:
        value = self[text] = self._read(text)
        return value


def _guarded(read: Callable[..., Any]) -> Callable[[Any], Any]:
    """The same, but that a text which cannot be read gives its reason."""

    def guarded(text: Any) -> Any:
        try:
            return read(text)
        except WhichGpuError as fault:
            return _Refused(str(fault))

    return guarded


def _cell(names: tuple[str, ...], text: str) -> Numbers:
    return values((names, text))


class Reader:
    """Reads rows into groups; every text is read once, however many rows hold it."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self.ids: list[str] = []
        self.units: list[str] = []
        self.errors: dict[int, str] = {}
        #: By job without numbers, then by which numbers are stated.
        self._groups: dict[tuple[Any, ...], dict[tuple[bool, ...], Group]] = {}
        self._columns: dict[tuple[Any, ...], dict[Numbers, None]] = {}
        self._gpus = _Texts(_guarded(self._gpu))
        self._heads = _Texts(_guarded(self._head))
        self._cells = [_Texts(partial(_cell, names)) for names in NAMES]
        self._numbers = _Texts(_guarded(self._stated))
        self._ignored: Counter[str] = Counter()

    @property
    def groups(self) -> list[Group]:
        """The groups that the rows were gathered in."""
        return [group for groups in self._groups.values() for group in groups.values()]

    def take(self, row: Mapping[str, str] | tuple[str, ...]) -> None:
        """Read one row: into its group, or its reason into the answers."""
        cells = row if isinstance(row, tuple) else tuple([row.get(name) or "" for name in COLUMNS])
        index = len(self.ids)
        self.ids.append(cells[_ID])
        self.units.append(cells[_UNIT])
        try:
            if len(cells) != len(COLUMNS):
                raise UsageError(cells[len(COLUMNS)])
            self._place(index, cells)
        except WhichGpuError as fault:
            self.errors[index] = one_line(fault)

    def _place(self, index: int, cells: tuple[str, ...]) -> None:
        found = self._gpus[cells[_GPU]], self._heads[HEAD(cells)], self._numbers[CELLS(cells)]
        for one in found:
            if type(one) is _Refused:
                raise UsageError(one.why)
        (gpu, count), (head, groups), (numbers, stated) = found
        if count > 1:
            numbers, stated = _counted(numbers, count)
        if _is_open(numbers) and not head.job.trains:
            numbers, stated = _held(head.job, numbers, gpu)
        group = groups.get(stated)
        if group is None:
            columns = self._columns.setdefault((head.work, stated), {})
            group = groups[stated] = Group(head.job, stated, bool(head.ignored), columns)
        group.add(index, gpu, numbers, (cells[_METRIC], cells[_UNIT]))
        if head.ignored:
            self._ignored.update(head.ignored)

    def _stated(self, texts: tuple[str, ...]) -> tuple[Numbers, tuple[bool, ...]]:
        """The numbers of a row in the order of `NUMBERS`, and which of them it states."""
        found: list[float | None] = []
        for known, text in zip(self._cells, texts, strict=True):
            found += known[text]
        return tuple(found), _known(found)

    def _head(self, texts: tuple[str, ...]) -> tuple[Head, dict[tuple[bool, ...], Group]]:
        """What the texts of a row say, and the groups of the same job."""
        head = read_head(texts)
        return head, self._groups.setdefault(head.key, {})

    def _gpu(self, text: str) -> tuple[Gpu, int]:
        return resolve_device(need(text, "gpu"), self._catalogue)

    def notes(self) -> Iterator[str]:
        """What a reader of the answers should know of the rows."""
        for option, count in sorted(self._ignored.items()):
            yield f"option {option}: not modelled, and ignored in {count:,} rows"
        named = [one for one in self.ids if one]
        if len(set(named)) < len(named):
            twice = [one for one, count in Counter(named).items() if count > 1]
            more = f" and {len(twice) - 5:,} more" if len(twice) > 5 else ""
            yield f"ids of more than one row: {', '.join(map(one_line, twice[:5]))}{more}"


def _known(numbers: Iterable[float | None]) -> tuple[bool, ...]:
    return tuple([value is not None for value in numbers])


def _counted(numbers: Numbers, count: int) -> tuple[Numbers, tuple[bool, ...]]:
    """The numbers of a row whose GPU has its count beside its name: `a10:4`."""
    stated = numbers[_N_GPUS]
    if stated not in (None, count):
        raise UsageError(f"the GPU's name says {count} of it, n_gpus {stated:g}; write one")
    whole = (*numbers[:_N_GPUS], float(count), *numbers[_N_GPUS + 1 :])
    return whole, _known(whole)


def _is_open(numbers: Numbers) -> bool:
    """Whether a row has more GPUs than its tensor parallelism takes, and no stages."""
    gpus, tp = numbers[_N_GPUS], numbers[_TP]
    return numbers[_PP] is None and gpus is not None and gpus > (tp or 1.0)


def _held(job: jobs.Job, numbers: Numbers, gpu: Gpu) -> tuple[Numbers, tuple[bool, ...]]:
    """The numbers of such a row with the tp and pp by which its GPUs hold the model."""
    columns: dict[str, Any] = dict(zip(jobs.NUMBERS, numbers, strict=True))
    found = placing.held(replace(job, **columns), gpu)
    whole = tuple(
        getattr(found, name) if i in (_TP, _PP) else number
        for i, (name, number) in enumerate(columns.items())
    )
    return whole, _known(whole)
