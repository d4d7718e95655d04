"""A list of tasks measured one after another, each answer on disk before the next begins."""

from __future__ import annotations

import os
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from whichgpu.bench import process, tasks, telemetry
from whichgpu.bench.answers import gpu_id, records
from whichgpu.bench.record import digest
from whichgpu.errors import UsageError
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from whichgpu.bench.journal import Journal
    from whichgpu.bench.record import Record

    Task = Mapping[str, Any]
    Execute = Callable[[Task], dict[str, Any]]

#: The batch that a search begins with and the one where it gives up.
_FIRST, LAST = 1, 2**20
#: At toy size, which shows that the search works: a host has memory for hours of passes.
TOY = 64
#: Seconds after which a process that has ended is off a GPU.
_LEAVING = 3.0


class Machine(NamedTuple):
    """What the driver shows of this machine before anything runs."""

    gpus: int
    gpu: str
    #: By device, what else uses it; empty where nobody does.
    busy: tuple[str, ...]


class Unsearchable(UsageError):
    """A search for the largest batch that a fault other than of memory ended."""


class Outcome(NamedTuple):
    """What a run gave: records in order, what was left out and why, what was there already."""

    records: list[Record]
    skipped: list[tuple[str, str]]
    known: int
    interrupted: bool = False


def machine(nvml: Any = None) -> Machine:
    """Look at the devices."""
    with telemetry.devices(1024, nvml) as found:
        own = frozenset((os.getpid(),))
        facts = found[0].facts() if found else {}
        return Machine(len(found), gpu_id(facts), tuple(telemetry.busy(one, own) for one in found))


def run(
    todo: Iterable[Task], journal: Journal | None, *, python: str = "", command: str = "",
    shared: bool = False,
    tell: Callable[[str], object] = lambda _: None, execute: Execute | None = None,
    look: Callable[[], Machine] = machine,
) -> Outcome:  # fmt: skip
    """Measure tasks that the journal has not; nothing that one does keeps the others from running.

    `tell` hears a line about each; `shared` measures on a GPU that others use as well. Ctrl-C ends the task
    that runs and the list. Raises `UsageError` where the journal cannot be written.
    """
    found: list[Record] = []
    skipped: list[tuple[str, str]] = []
    known = 0
    execute = execute or (lambda task: process.run(task, python, partial(_still, task, tell)))
    try:
        for task in todo:
            if journal is not None and digest(task) in journal.done:
                why = _of_another(task, journal, look)
                known += not why
                skipped += [(tasks.title(task), why)] if why else []
                continue
            name, there = tasks.title(task), look()
            if found and not shared and _unfit(task, there):
                # The last task's process may still be on its way out: a driver takes seconds for a large one.
                time.sleep(_LEAVING)
                there = look()
            why = "" if shared else _unfit(task, there)
            answer = (
                {"status": "skipped", "reason": why}
                if why
                else execute({**task, "command": command, "device": _on(task, there)})
            )
            if answer["status"] == "skipped":
                skipped.append((name, str(answer["reason"])))
                tell(f"{name}: left out: {answer['reason']}")
                continue
            got = records(task, answer, there.gpu)
            try:
                if journal is not None:
                    journal.append(got)
            finally:
                # What is said is on disk; where that is full the figure is on the screen at least.
                tell(f"{name}: {_line(got)}")
            found += got
    except KeyboardInterrupt:
        return Outcome(found, skipped, known, interrupted=True)
    return Outcome(found, skipped, known)


def _of_another(task: Task, journal: Journal, look: Callable[[], Machine]) -> str:
    """Why a task that the file has is not of this machine; empty where it is, or nobody can tell."""
    if task.get("device") == "cpu":
        return ""
    held = {one.row.get("gpu", "") for one in journal.records if one.key == digest(task)} - {"", "cpu"}
    here = look().gpu if held else ""
    if not here or here in held:
        return ""
    return f"{journal.path} has it of {', '.join(sorted(held))}, and this is {here}; choose another --out"


def _still(task: Task, tell: Callable[[str], object], seconds: float) -> None:
    """Say that a task is still measured, and what would take less time."""
    limit = float(task.get("timeout") or process.TIMEOUT)
    less = "; --toy takes small sizes" if task.get("device") != "cuda" and not task.get("threads") else ""
    tell(f"{tasks.title(task)}: still measuring after {seconds:g} s (--timeout {limit:g}){less}")


def _on(task: Task, there: Machine) -> str:
    """Where a task runs: a framework that does not see the GPU which the driver shows must not hide it."""
    asked = str(task.get("device", "auto"))
    return "cuda" if asked == "auto" and there.gpus else asked


def _unfit(task: Task, there: Machine) -> str:
    """Why a task should not be measured on this machine now."""
    count, cores = int(task.get("n_gpus") or 1), max(os.cpu_count() or 1, 2)
    if task.get("device") == "cpu" or not there.gpus:
        many = task.get("device") != "cuda" and count > cores
        return f"{count} processes side by side, and this machine has {cores} cores; ask for fewer" * many
    if count > there.gpus:
        return f"the job wants {count} GPUs and this machine shows {there.gpus}"
    taken = [f"GPU {i}: {why}" for i, why in enumerate(there.busy[:count]) if why]
    return f"{taken[0]}; end it, or measure beside it with --shared" if taken else ""


def _line(got: Sequence[Record]) -> str:
    first = got[0]
    if first.status != "ok":
        return f"{first.status}: {first.reason}"
    more = f" and {len(got) - 1} more" if len(got) > 1 else ""
    return f"{float(first.row['value']):.6g} {first.row['unit']}{more}"


def largest_batch(
    task: Task, journal: Journal | None, *, most: int = LAST, **options: Any
) -> tuple[int, Outcome]:
    """The largest batch that runs, by doubling and bisection, and the outcome of measuring it.

    Every batch tried leaves a row: its rate, or that memory ran out. 0 where not even one fits. Raises
    `Unsearchable` where a try fails for another reason, `UsageError` as `run` does.
    """
    tried: list[Outcome] = []

    def fits(batch: int) -> bool:
        probe = tasks.largest(task, batch)
        before = [] if journal is None else [one for one in journal.records if one.key == digest(probe)]
        if not before:
            tried.append(run([probe], journal, **options))
            before = tried[-1].records
            if tried[-1].interrupted:
                raise KeyboardInterrupt
            if tried[-1].skipped:
                raise Unsearchable(tried[-1].skipped[0][1])
        status = before[0].status
        if status not in ("ok", "oom"):
            raise Unsearchable(f"batch {batch} ended otherwise than by memory: {before[0].reason}")
        return status == "ok"

    try:
        best = bisect(fits, most)
        last = run([{**task, "batch": float(best)}], journal, **options) if best else Outcome([], [], 0)
    except KeyboardInterrupt:
        best, last = 0, Outcome([], [], 0, interrupted=True)
    return best, Outcome([one for part in tried for one in part.records] + last.records, last.skipped,
    last.known,
                         last.interrupted)  # fmt: skip


def bisect(fits: Callable[[int], bool], most: int = LAST) -> int:
    """The largest whole number that fits, where all below one that fits do; 0 where none does."""
    low, high = 0, _FIRST
    while high <= most and fits(high):
        low, high = high, 2 * high
    high = min(high, most + 1)
    while high - low > 1:
        # Batches of more than 64 are looked for in steps of a hundredth: memory is not known finer.
        if high - low <= low // 100:
            break
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low
