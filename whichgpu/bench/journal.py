"""Where measurements go: a file that is valid after every row, whatever ends the run.

Two files side by side: `measured.csv`, rows of the measurement schema, and `measured.jsonl`, the same records
with their context, one JSON document a line. The second is the truth and is written first. What one task gave
is appended in one write and reaches the disk (`fsync`) before the next one starts. What a crash left half
written, at most the end of a line or the first rows of a task, is cut off when the journal is opened again,
and the CSV file is brought up to the other.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import math
import os
import time
from typing import TYPE_CHECKING, Any

from whichgpu.bench.record import SCHEMA, Record
from whichgpu.cost.table.files import read_measured
from whichgpu.errors import UsageError, WhichGpuError, one_line, refuse_endless

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path
    from types import TracebackType

#: Seconds that a lock is waited for.
_MOMENT = 0.3
#: Characters of a row that are shown.
_SHOWN = 60


class Journal:
    """A pair of files that only grows; use it in a `with` statement.

    Attributes:
        records: what the files hold, in order.

    """

    def __init__(self, path: Path, *, resume: bool = False) -> None:
        """Open `path`, a CSV file, and its `.jsonl`.

        Raises `UsageError` where the file is there already and nobody asked to `resume`, where it is not one
        of ours, where another run writes to it, or where it cannot be written.
        """
        self.path, self.sidecar = path, sidecar(path)
        _refuse(path, resume)
        self.records: list[Record] = []
        self._rows, self._lines = _open(path), _open(self.sidecar)
        try:
            _lock(self._lines, self.sidecar)
            self._recover()
        except WhichGpuError:
            self.close()
            raise

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the files."""
        for handle in (self._rows, self._lines):
            with contextlib.suppress(OSError):
                os.close(handle)

    @property
    def done(self) -> frozenset[str]:
        """The keys of the tasks that have been measured, or have failed for a reason that stays."""
        return frozenset(one.key for one in self.records)

    def append(self, records: Sequence[Record]) -> None:
        """Write what one task gave, all or nothing, and wait until the disk has it.

        Raises `UsageError` where the disk is full; what was there before is whole.
        """
        if not records:
            return
        kept = [_with(one, len(records)) for one in records]
        _write(self._lines, "".join(_line(one) for one in kept).encode(), self.sidecar)
        self._append_rows(kept)
        self.records += kept

    def _append_rows(self, records: Iterable[Record]) -> None:
        text = _csv(one.cells() for one in records)
        start = "" if os.fstat(self._rows).st_size else _csv([SCHEMA])
        _write(self._rows, f"{start}{text}".encode(), self.path)

    def _recover(self) -> None:
        """Read what is whole, cut off what is not, and bring the CSV file up to the other."""
        lines = _content(self._lines)
        self.records, size = _whole(lines, self.sidecar)
        _cut(self._lines, size)
        found = _content(self._rows)
        head = _csv([SCHEMA])
        if b"\n" in found and not found.startswith(head.encode()):
            raise UsageError(f"{self.path}: these are not the columns of the schema; choose another --out")
        wanted = (head + _csv(one.cells() for one in self.records)).encode() if self.records else b""
        same = _shared(found, wanted)
        if size == len(lines):
            _refuse_others(found[max(same, len(head)) :], found[:same].count(b"\n") + 1, self.path)
        _cut(self._rows, same)
        if wanted[same:]:
            _write(self._rows, wanted[same:], self.path)


def _refuse_others(rest: bytes, number: int, path: Path) -> None:
    """Raise `UsageError` where a file of rows has a whole line that no record gave, as one added by hand.

    Nothing of a crash looks so, since records reach the disk before their rows.
    """
    line, end, _ = rest.partition(b"\n")
    if end:
        text = one_line(line.decode("utf-8", "replace"))[:_SHOWN]
        raise UsageError(
            f"{path} line {number}: no record in {sidecar(path).name} gave this row ({text}); put what is "
            "not of bench into a file of its own, or choose another --out"
        )


def sidecar(path: Path) -> Path:
    """The file of records beside a file of rows: `runs/a.csv` has `runs/a.jsonl`."""
    return path.with_suffix(".jsonl")


def read(path: Path) -> list[Record]:
    """The records of a journal, by the path of either of its files; a torn end is left out.

    A CSV file of another's has no context. Raises `UsageError` where there is none.
    """
    lines = path if path.suffix == ".jsonl" else sidecar(path)
    if not lines.exists() and path.exists() and path != lines:
        return _bare(path)
    refuse_endless(lines)
    try:
        return _whole(lines.read_bytes(), lines)[0]
    except OSError as fault:
        raise UsageError(
            f"{lines}: cannot be read ({fault.strerror or fault}); `whichgpu bench` writes it beside the CSV"
        ) from None


def _bare(path: Path) -> list[Record]:
    """The rows of a table of measurements, which need not be ours, as records without context."""
    table, rows = read_measured(path)
    named = ({name: text for name, text in zip(table.columns, row, strict=True) if text} for row in rows)
    return [Record(one) for one in named]


def _refuse(path: Path, resume: bool) -> None:
    if path.suffix != ".csv":
        raise UsageError(f"{path}: rows are written as CSV; name a file such as {path.with_suffix('.csv')}")
    if path.is_dir():
        raise UsageError(f"{path} is a folder; name a file in it, such as {path / 'measured.csv'}")
    held = [one for one in (path, sidecar(path)) if one.exists() and one.stat().st_size]
    if held and not resume:
        raise UsageError(
            f"{held[0]} is there already; add --resume to go on with it, or choose another --out"
        )
    if held == [path]:
        raise UsageError(f"{path} has no {sidecar(path).name} beside it to resume; choose another --out")


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_CLOEXEC", 0), 0o644)
    except OSError as fault:
        why, what = fault.strerror or fault, "choose another --out"
        if not path.parent.exists():
            why, what = f"there is no folder {path.parent}", f"mkdir -p {path.parent}, or {what}"
        raise UsageError(f"{path}: cannot be written ({why}); {what}") from None


def _lock(handle: int, path: Path) -> None:
    """Keep a second run out; where the file system has no locks nobody does.

    A run that was killed while it started a process has its lock until that process is its own program: for
    a moment, which is waited for.
    """
    try:
        import fcntl
    except ImportError:
        return
    until = time.monotonic() + _MOMENT
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                raise UsageError(
                    f"{path}: another run writes to it; wait for it, or choose another --out"
                ) from None
        except OSError:
            return
        else:
            return
        time.sleep(_MOMENT / 50.0)


def _write(handle: int, data: bytes, path: Path) -> None:
    """Append all of `data` and sync, or leave the file as it was."""
    before = os.fstat(handle).st_size
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(handle, rest) :]
        os.fsync(handle)
    except OSError as fault:
        with contextlib.suppress(OSError):
            os.ftruncate(handle, before)
        raise UsageError(
            f"{path}: cannot be written ({fault.strerror or fault}); what was measured before is in it: make "
            "room, then go on with --resume"
        ) from None


def _content(handle: int) -> bytes:
    os.lseek(handle, 0, os.SEEK_SET)
    parts = []
    while part := os.read(handle, 1 << 20):
        parts.append(part)
    return b"".join(parts)


def _whole(data: bytes, path: Path) -> tuple[list[Record], int]:
    """The records of every task that is there completely, and how many bytes they take."""
    records: list[Record] = []
    group: list[Record] = []
    size = end = 0
    lines = data.splitlines(keepends=True)
    for number, line in enumerate(lines, 1):
        end += len(line)
        try:
            one = Record.from_dict(_parsed(line))
        except UsageError as fault:
            if number == len(lines):
                break
            raise UsageError(
                f"{path} line {number}: {fault}; take that line out of it, or choose another --out"
            ) from None
        group.append(one)
        if len(group) >= one.of:
            records, group, size = records + group, [], end
    return records, size


def _parsed(line: bytes) -> Any:
    try:
        if not line.endswith(b"\n"):
            raise ValueError("it is cut off")
        return json.loads(line)
    except (ValueError, RecursionError) as fault:
        raise UsageError(f"not JSON ({fault})") from None


def _shared(one: bytes, other: bytes) -> int:
    """Bytes of the whole lines that both begin with."""
    size = 0
    for mine, theirs in zip(one.splitlines(keepends=True), other.splitlines(keepends=True), strict=False):
        if mine != theirs:
            break
        size += len(mine)
    return size


def _cut(handle: int, size: int) -> None:
    if os.fstat(handle).st_size > size:
        os.ftruncate(handle, size)
        os.fsync(handle)


def _with(record: Record, count: int) -> Record:
    return Record(record.row, record.context, record.task, record.status, record.reason, count)


def _line(record: Record) -> str:
    return json.dumps(_finite(record.to_dict()), separators=(",", ":"), default=str) + "\n"


def _finite(value: Any) -> Any:
    """The same with None for what JSON has no number for."""
    if isinstance(value, dict):
        return {str(key): _finite(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _csv(rows: Iterable[Sequence[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()
