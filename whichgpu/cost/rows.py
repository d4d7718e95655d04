"""Rows of a job table to jobs, gathered by what they share; every text is read once.

`source`, `notes`, `value` and `spread` are never inputs.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from whichgpu.cost import placing
from whichgpu.cost.estimate import MODELLED
from whichgpu.cost.groups import Group
from whichgpu.cost.runtime import Runtime, runtime
from whichgpu.cost.table import COLUMNS
from whichgpu.errors import UsageError, WhichGpuError, one_line
from whichgpu.hardware.slices import resolve_device
from whichgpu.workloads import job as jobs
from whichgpu.workloads.precision import precision
from whichgpu.workloads.workload import resolve as resolve_workload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from whichgpu.cost.groups import Numbers
    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.hardware.gpu import Gpu


class Head(NamedTuple):
    """What the texts of a row say, which many rows share: the job without its numbers."""

    job: jobs.Job
    #: The same for texts that mean the same job.
    key: tuple[Any, ...]
    #: The same for those that differ in the runtime at most.
    work: tuple[Any, ...]
    #: Options that the model does not know, so that it cannot tell whether they make the job fit.
    ignored: tuple[str, ...]


class _Refused(NamedTuple):
    """Why a text cannot be read, kept so that the same text is not read again."""

    why: str


class Reader:
    """Reads rows into groups; every text is read once, however many rows hold it."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self.ids: list[str] = []
        self.units: list[str] = []
        self.errors: dict[int, str] = {}
        self._groups: dict[tuple[Any, ...], Group] = {}
        self._columns: dict[tuple[Any, ...], dict[Numbers, None]] = {}
        self._heads: dict[tuple[str, ...], Head | _Refused] = {}
        self._gpus: dict[str, tuple[Gpu, int] | _Refused] = {}
        self._numbers: dict[tuple[str, ...], tuple[Numbers, tuple[bool, ...]] | _Refused] = {}
        self._ignored: Counter[str] = Counter()

    @property
    def groups(self) -> list[Group]:
        """The groups that the rows were gathered in."""
        return list(self._groups.values())

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
        gpu, count = self._cached(self._gpus, cells[_GPU], self._gpu)
        head = self._cached(self._heads, _HEAD(cells), _head)
        numbers, stated = self._cached(self._numbers, _NUMBERS(cells), self._stated)
        if count > 1:
            numbers, stated = _counted(numbers, count)
        if _is_open(numbers):
            numbers, stated = _held(_HEAD(cells), numbers, gpu)
        group = self._groups.get((head.key, stated))
        if group is None:
            columns = self._columns.setdefault((head.work, stated), {})
            group = self._groups[head.key, stated] = Group(head.job, stated, bool(head.ignored), columns)
        group.add(index, gpu, numbers, (cells[_METRIC], cells[_UNIT]))
        if head.ignored:
            self._ignored.update(head.ignored)

    @staticmethod
    def _stated(texts: tuple[str, ...]) -> tuple[Numbers, tuple[bool, ...]]:
        """The numbers of a row in the order of `NUMBERS`, and which of them it states."""
        found: list[float | None] = []
        for names, text in zip(_NAMES, texts, strict=True):
            found += _values((names, text)) if text else (None,) * len(names)
        return tuple(found), _known(found)

    def _gpu(self, text: str) -> tuple[Gpu, int]:
        return resolve_device(_need(text, "gpu"), self._catalogue)

    @staticmethod
    def _cached(known: dict[Any, Any], text: Any, read: Callable[[Any], Any]) -> Any:
        value = known.get(text)
        if value is None:
            value = known[text] = _guarded(read, text)
        if isinstance(value, _Refused):
            raise UsageError(value.why)
        return value

    def notes(self) -> Iterator[str]:
        """What a reader of the answers should know of the rows."""
        for option, count in sorted(self._ignored.items()):
            yield f"option {option}: not modelled, and ignored in {count:,} rows"
        named = [one for one in self.ids if one]
        if len(set(named)) < len(named):
            twice = [one for one, count in Counter(named).items() if count > 1]
            more = f" and {len(twice) - 5:,} more" if len(twice) > 5 else ""
            yield f"ids of more than one row: {', '.join(map(one_line, twice[:5]))}{more}"


_ID, _GPU, _METRIC, _UNIT = (COLUMNS.index(name) for name in ("id", "gpu", "metric", "unit"))
_HEADS = ("workload", "phase", "precision", "runtime", "options")
_HEAD = itemgetter(*(COLUMNS.index(name) for name in _HEADS))
#: The numbers that a column holds, in the order of `NUMBERS`, and its cells.
_NAMES = tuple(
    ("height", "width") if name == "height" else (name,) for name in jobs.NUMBERS if name != "width"
)
_NUMBERS = itemgetter(*(COLUMNS.index(names[0].replace("height", "resolution")) for names in _NAMES))
_N_GPUS, _TP, _PP = (list(jobs.NUMBERS).index(name) for name in ("n_gpus", "tp", "pp"))


def _guarded(read: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return read(*arguments)
    except WhichGpuError as fault:
        return _Refused(str(fault))


@lru_cache(maxsize=8192)
def _values(cell: tuple[tuple[str, ...], str]) -> Numbers:
    """The numbers of one cell: none where it is empty, two of a resolution."""
    names, text = cell[0], cell[1].strip()
    if not text or (names == ("concurrency",) and text.lower() == "max"):
        return (None,) * len(names)
    if len(names) == 1:
        return (jobs.number(names[0], text),)
    pixels = jobs.resolution(text)
    return tuple(jobs.number(name, f"{value:g}") for name, value in zip(names, pixels, strict=True))


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


@lru_cache(maxsize=8192)
def _held(texts: tuple[str, ...], numbers: Numbers, gpu: Gpu) -> tuple[Numbers, tuple[bool, ...]]:
    """The numbers of such a row with the tp and pp by which its GPUs hold the model."""
    columns: dict[str, Any] = dict(zip(jobs.NUMBERS, numbers, strict=True))
    found = placing.held(replace(_head(texts).job, **columns), gpu)
    whole = tuple(
        getattr(found, name) if i in (_TP, _PP) else number
        for i, (name, number) in enumerate(columns.items())
    )
    return whole, _known(whole)


def _need(text: str, column: str) -> str:
    if not text:
        raise UsageError(f"column '{column}' is empty; every job needs one")
    return text


@lru_cache(maxsize=8192)
def _head(texts: tuple[str, ...]) -> Head:
    """Read what is text of a row. Texts that mean the same job make the same key."""
    name, phase, kind, stack, options = map(str.strip, texts)
    workload = resolve_workload(_need(name, "workload"))
    job = jobs.Job(
        workload.id,
        phase=jobs.phase(phase) if phase else "",
        precision=precision(kind).id if kind else "",
        runtime=stack,
        options={**jobs.adapter_of(phase), **_options(options)},
    )
    kept = {key: value for key, value in job.options.items() if key in MODELLED}
    fallback = workload.complete(replace(job, runtime="")).runtime
    # A family may read a word of the runtime's text, and options may make another runtime of it.
    words = tuple(word in (stack or fallback).lower() for word in getattr(workload.code, "RUNTIME_WORDS", ()))
    same = stack if "compile" in kept else _numbered(stack or fallback, fallback)
    work = (workload.id, job.phase or workload.phases[0], job.precision, words,
            tuple(sorted(kept.items())), len(kept) < len(job.options))  # fmt: skip
    return Head(job, (same, *work), work, tuple(sorted(set(job.options) - set(kept))))


def _options(text: str) -> dict[str, str]:
    return jobs.options(tuple(pair for pair in re.split(r"\s*;\s*", text) if pair))


@lru_cache(maxsize=4096)
def _numbered(text: str, fallback: str) -> int:
    """The same number for texts that name the same runtime."""
    found = runtime(text, fallback)
    known = _runtimes()
    if found not in known:
        known.append(found)
    return known.index(found)


@lru_cache(maxsize=1)
def _runtimes() -> list[Runtime]:
    return []


def read_job(row: Mapping[str, str]) -> jobs.Job:
    """The job of a row; raises `UsageError` naming the column that cannot be read."""
    head, numbers = read_parts(row)
    stated: dict[str, Any] = numbers
    return replace(head.job, **stated)


def read_parts(row: Mapping[str, str]) -> tuple[Head, dict[str, float]]:
    """What many rows share of a row's job, and the numbers that it states; raises as `read_job`."""
    cells = tuple([row.get(name) or "" for name in COLUMNS])
    numbers: dict[str, float] = {}
    for names, text in zip(_NAMES, _NUMBERS(cells), strict=True):
        if text:
            values = zip(names, _values((names, text)), strict=True)
            numbers.update((name, value) for name, value in values if value is not None)
    return _head(_HEAD(cells)), numbers
