"""Work in a process of its own, `python -m whichgpu.web.child`: bounded, and ended when nobody waits for it.

The request is one JSON document on stdin; answers are lines of JSON: `{"stage": ..}` as it goes on, and in
the end `{"result": ..}` or `{"error": .., "kind": ..}`.
"""

from __future__ import annotations

import contextlib
import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from whichgpu.web.settings import Settings

#: So often a line says that the work goes on, in s.
_BEAT = 0.5


async def lines(task: str, ask: dict[str, Any], settings: Settings) -> AsyncIterator[dict[str, Any]]:
    """What a process says of a task: stages with the seconds so far, then its result or its error.

    Closing the iterator ends the process.
    """
    import asyncio
    from time import monotonic

    request = {"task": task, "ask": ask, "seconds": settings.seconds, "memory": settings.memory}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "whichgpu.web.child", stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL, limit=64 * 2**20,
    )  # fmt: skip
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
            if not done and spent > settings.seconds + 5:
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


def _ended() -> dict[str, Any]:
    return {"error": "it took more time or memory than one question may; ask for less at once", "kind": "limit"}


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
    import os
    import resource

    # Threads of numpy's library take address space each.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    for limit, value in (
        (resource.RLIMIT_CPU, seconds), (resource.RLIMIT_AS, memory), (resource.RLIMIT_CORE, 0),
    ):  # fmt: skip
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(limit, (value, value))
    sys.addaudithook(_guard)


def _guard(event: str, arguments: tuple[Any, ...]) -> None:
    """Nothing of what is read can open the network or start a program."""
    if event.startswith(("socket.connect", "subprocess.", "os.system", "os.exec", "os.fork")):
        raise PermissionError(f"not within a question: {event}")


def _audit(ask: dict[str, Any], say: Callable[[str], None]) -> dict[str, Any]:
    """The findings, and the text with its claims marked as pieces of a page."""
    from datetime import date

    say("reading")
    from whichgpu.audit.answer import Audit
    from whichgpu.audit.pipeline import audit
    from whichgpu.audit.readers import read
    from whichgpu.hardware.catalogue import catalogue
    from whichgpu.report.audit import report
    from whichgpu.report.audit_page import article
    from whichgpu.report.json import plain

    document = read(ask["text"].encode(), ask["name"], ask["form"])
    say(f"judging {len(document.passages)} passages")
    found = Audit(ask["name"], document, audit(document, catalogue(), date.today()))
    made = report([found], (), everything=True)
    say("writing it up")
    from whichgpu.report.table import Table

    tables = [{**block.to_dict(), "align": [column.align for column in block.columns]}
              for block in made.blocks if isinstance(block, Table)]  # fmt: skip
    said = [block for block in made.blocks if isinstance(block, str)]
    return {"data": plain(made.data), "tables": tables, "said": said, "html": article(found)}


def _sweep(ask: dict[str, Any], say: Callable[[str], None]) -> dict[str, Any]:
    from whichgpu.report.json import plain
    from whichgpu.web import answers, asks

    say("weighing strategies")
    made = answers.sweep(asks.Sweep(**ask))
    return {"data": plain(made.data)}


_TASKS: dict[str, Callable[[dict[str, Any], Callable[[str], None]], dict[str, Any]]] = {
    "audit": _audit, "sweep": _sweep,
}  # fmt: skip

if __name__ == "__main__":
    main()
