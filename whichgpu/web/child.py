"""Work in a process of its own, `python -m whichgpu.web.child`: bounded, and ended when nobody waits for it.

The request is one JSON document on stdin; answers are lines of JSON: `{"stage": ..}` as it goes on, and in
the end `{"result": ..}` or `{"error": .., "kind": ..}`.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncGenerator, Callable

    from whichgpu.report.table import Report
    from whichgpu.web.settings import Settings

#: A plan is searched no longer than this, in s.
_SEARCH = 15.0
#: So often a line says that the work goes on, in s.
_BEAT = 0.5
#: The limit of a process is of its own time; on a busy machine that takes so many times as long.
_BUSY = 3
#: Flags of files that are opened for more than reading.
_TO_WRITE = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


async def lines(task: str, ask: dict[str, Any], settings: Settings) -> AsyncGenerator[dict[str, Any], None]:
    """What a process says of a task: stages with the seconds so far, then its result or its error.

    Closing the iterator ends the process.
    """
    import asyncio
    from time import monotonic

    request = {"task": task, "ask": ask, "seconds": settings.seconds, "memory": settings.memory}
    process = await _started()
    assert process.stdin is not None
    assert process.stdout is not None
    began, stage = monotonic(), "starting"
    coming: asyncio.Task[bytes] | None = None
    try:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            process.stdin.write(json.dumps(request).encode())
            await process.stdin.drain()
            process.stdin.close()
        while True:
            coming = coming or asyncio.ensure_future(process.stdout.readline())
            done, _ = await asyncio.wait({coming}, timeout=_BEAT)
            spent = monotonic() - began
            if not done and spent > _BUSY * settings.seconds:
                yield _ended()
                return
            if done:
                line, coming = coming.result(), None
                told = json.loads(line) if line.endswith(b"\n") else _ended()
                stage = told.get("stage", stage)
                if "stage" not in told:
                    yield told
                    return
            yield {"stage": stage, "seconds": round(spent, 2)}
    finally:
        if coming is not None:
            coming.cancel()
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _started() -> Process:
    """A process that waits for its request."""
    from asyncio.subprocess import DEVNULL, PIPE, create_subprocess_exec

    package = Path(__file__).parents[2]
    path = os.pathsep.join(filter(None, (str(package), os.environ.get("PYTHONPATH"))))
    return await create_subprocess_exec(
        sys.executable, "-P", "-m", "whichgpu.web.child", env={**os.environ, "PYTHONPATH": path},
        stdin=PIPE, stdout=PIPE, stderr=DEVNULL, limit=64 * 2**20,
    )  # fmt: skip


def _ended() -> dict[str, Any]:
    return {
        "error": "it took more time or memory than one question may; ask for less at once",
        "kind": "limit",
    }


def main() -> None:
    """Read the request, give up what it does not need, do the work."""
    request = json.load(sys.stdin)
    _bound(request["seconds"], request["memory"])

    def say(line: dict[str, Any]) -> None:
        sys.stdout.write(f"{json.dumps(line, ensure_ascii=False)}\n")
        sys.stdout.flush()

    from whichgpu.errors import Infeasible, UnknownName, WhichGpuError

    try:
        result = _TASKS[request["task"]](request["ask"], lambda stage: say({"stage": stage}))
        say({"result": result})
    except WhichGpuError as fault:
        kind = "name" if isinstance(fault, UnknownName) else "use"
        say({"error": str(fault), "kind": "infeasible" if isinstance(fault, Infeasible) else kind})
    except (MemoryError, RecursionError):
        say(_ended())


def _bound(seconds: int, memory: int) -> None:
    """Limits of time, memory, files and processes; no file is written, no network used."""
    import resource

    # Threads of numpy's library take address space each.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    for limit, value in (
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CORE, 0),
    ):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(limit, (value, value))
    sys.addaudithook(_guard)


def _guard(event: str, arguments: tuple[Any, ...]) -> None:
    """Nothing of what is read opens the network, a program, or a file but the program's own, to read it."""
    if event.startswith(("socket.connect", "subprocess.", "os.system", "os.exec", "os.fork")):
        raise PermissionError(f"not within a question: {event}")
    if event == "open" and isinstance(arguments[0], str | bytes) and not _own(arguments[0]):
        raise PermissionError("a question names no files")
    if event == "open" and isinstance(arguments[0], str | bytes) and _writes(*arguments):
        raise PermissionError("a question writes no files")


def _writes(path: str | bytes, _mode: str | None, flags: int) -> bool:
    """Whether a file is opened to be written; Python's own compiled modules may be."""
    text = os.fsdecode(path)
    return bool(flags & _TO_WRITE) and text != os.devnull and f"{os.sep}__pycache__{os.sep}" not in text


def _own(path: str | bytes) -> bool:
    """Whether a file is of Python, of this package, or of the data that it was told to use."""
    text = os.path.realpath(os.fsdecode(path))
    return text == os.devnull or text.startswith(_roots()) or text.startswith(("/proc/", "/sys/"))


def _roots() -> tuple[str, ...]:
    """The folders of the program."""
    prices = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")
    named = (
        str(Path(__file__).parents[1]),
        sys.prefix,
        sys.base_prefix,
        os.environ.get("WHICHGPU_DATA", ""),
        f"{prices}/whichgpu",
    )
    return tuple(os.path.realpath(one) + os.sep for one in named if one)


def _audit(ask: dict[str, Any], say: Callable[[str], None]) -> dict[str, Any]:
    """The findings, and the text with its claims marked as pieces of a page."""
    from datetime import date

    say("reading the text")
    from whichgpu.audit.answer import judged
    from whichgpu.audit.readers import read
    from whichgpu.hardware.catalogue import catalogue
    from whichgpu.report.audit import report
    from whichgpu.report.audit_page import article

    document = read(ask["text"].encode(), ask["name"], ask["form"])
    count = len(document.passages)
    what = f"judging {count:,} passage{'s' if count != 1 else ''}"
    say(what)

    def told(kind: str, done: int, of: int) -> None:
        say(f"{what}: {kind.replace('_', ' ')}, {done + 1} of {of}")

    found = judged(ask["name"], document, catalogue(), date.today(), told)
    made = report([found], (), everything=True)
    say("writing it up")
    return {**_result(made), "html": article(found)}


def _result(made: Report) -> dict[str, Any]:
    """A report as JSON types."""
    from whichgpu.report.json import plain
    from whichgpu.web.blocks import packed

    return {
        "data": plain(made.data),
        "blocks": packed(made.blocks),
        "exit_code": made.exit_code,
        "complaint": made.complaint,
    }


def _sweep(ask: dict[str, Any], say: Callable[[str], None]) -> dict[str, Any]:
    say("weighing strategies")
    from whichgpu.web import answers, asks

    return _result(answers.sweep(asks.Sweep(**ask)))


def _plan(ask: dict[str, Any], say: Callable[[str], None]) -> dict[str, Any]:
    """A plan of TOML; within a question no file can be read that it may name."""
    say("reading the plan")
    import tomllib
    from dataclasses import replace
    from datetime import date

    from whichgpu.errors import UsageError
    from whichgpu.hardware.catalogue import catalogue
    from whichgpu.planner.plan.pareto import fronts
    from whichgpu.planner.plan.planning import plan
    from whichgpu.planner.plan.reading import parsed
    from whichgpu.planner.plan.whatif import what_if
    from whichgpu.report.plan import report

    try:
        raw = tomllib.loads(ask["text"])
    except tomllib.TOMLDecodeError as fault:
        raise UsageError(f"not valid TOML: {fault}") from None
    known, today = catalogue(), date.today()
    asked = parsed(raw, Path("/nowhere"), ask["name"], known, today)
    asked = replace(asked, seconds=min(asked.seconds, _SEARCH) if asked.seconds else _SEARCH)
    many = len(asked.demands)
    say(f"solving for {many} demand{'s' * (many > 1)}")
    found = plan(asked, known, today)
    changed = []
    for text in ask["what_if"]:
        say(f"again: {text}")
        changed.append(what_if(text, found, known, today))
    together = what_if(ask["what_if"], found, known, today) if len(changed) > 1 else None
    traded = None
    if ask["pareto"] and found.feasible:
        say("weighing cost against latency and energy")
        traded = fronts(found, known, today)
    return _result(report(found, changed, together, traded, why_not=ask["why_not"]))


_TASKS: dict[str, Callable[[dict[str, Any], Callable[[str], None]], dict[str, Any]]] = {
    "audit": _audit,
    "sweep": _sweep,
    "plan": _plan,
}

if __name__ == "__main__":
    main()
