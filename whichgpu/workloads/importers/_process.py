"""The confined process, seen from the program: one request in, one answer out, or a clear end.

`_confined.py` is what runs there.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import selectors
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whichgpu.errors import UsageError
from whichgpu.workloads.importers._files import MB, parse_json

if TYPE_CHECKING:
    from whichgpu.workloads.importing import Given

_INPUT = re.compile(r"(?:(?P<name>[A-Za-z_][\w./:-]*)=)?(?P<shape>\d+(?:x\d+)*)(?::(?P<dtype>\w+))?")
#: Seconds, address space and answer that the process may take.
SECONDS, MEMORY, ANSWER = 60, 8 * 2**30, 200 * MB
#: How many times as long is waited on a machine that does other work, at most.
_MOST_SHARED = 4.0


def inputs(given: Given) -> list[dict[str, Any]]:
    """The inputs that the user states, as a tracer takes them."""
    return [_input(text) for text in given.inputs]


def _input(text: str) -> dict[str, Any]:
    """`1x3x224x224`, `1x128:int64` or `mask=1x128:bool`."""
    found = _INPUT.fullmatch(text)
    if not found:
        raise UsageError(
            f"--input '{text}' is no shape; write e.g. 1x3x224x224, 1x128:int64 or mask=1x128:bool"
        )
    shape = [int(side) for side in found["shape"].split("x")]
    return {"name": found["name"] or "", "shape": shape, "dtype": found["dtype"] or "float32"}


def run(tracer: str, request: dict[str, Any], source: str) -> dict[str, Any]:
    """Run a tracer and read its answer; the process and what it started are gone afterwards.

    Raises `UsageError` with what went wrong there, in words about `source`.
    """
    request = {**request, "tracer": tracer, "seconds": SECONDS, "memory": MEMORY}
    # No secrets of this environment go along.
    kept = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "SYSTEMROOT", "VIRTUAL_ENV")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    command = [sys.executable, "-I", str(Path(__file__).with_name("_confined.py"))]
    process = subprocess.Popen(  # noqa: S603
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        env={**environment, "OMP_NUM_THREADS": "1"}, start_new_session=True,
    )  # fmt: skip
    try:
        raw = _answer(process, json.dumps(request).encode(), source)
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream:
                with contextlib.suppress(OSError):
                    stream.close()
    if not raw.strip():
        raise UsageError(f"{source}: {_ended(process.returncode)}")
    answer = parse_json(raw, source)
    if "error" in answer:
        raise UsageError(f"{source}: {answer['error']}")
    return answer


def _answer(process: subprocess.Popen[bytes], request: bytes, source: str) -> bytes:
    assert process.stdin is not None
    assert process.stdout is not None
    with contextlib.suppress(BrokenPipeError):
        process.stdin.write(request)
        process.stdin.close()
    patience = _patience()
    end = time.monotonic() + patience
    parts: list[bytes] = []
    size = 0
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while selector.select(max(0.0, end - time.monotonic())):
            part = os.read(process.stdout.fileno(), 1 << 20)
            if not part:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(1.0)
                return b"".join(parts)
            parts.append(part)
            size += len(part)
            if size > ANSWER:
                raise UsageError(f"{source}: more than {ANSWER // MB} MB of operators; is it a loop?")
    raise UsageError(
        f"{source}: not done after {patience:g} s, so it was ended; does it loop, or load weights?"
    )


def _patience() -> float:
    """Seconds to wait: more on a machine whose processors are shared by many."""
    try:
        shared = os.getloadavg()[0] / (os.cpu_count() or 1)
    except OSError:
        shared = 1.0
    return float(round(SECONDS * min(max(shared, 1.0), _MOST_SHARED)))


def _ended(status: int) -> str:
    """Why a process that gave no answer may have ended."""
    if status in (-signal.SIGXCPU, 128 + signal.SIGXCPU):
        return f"it took more than {SECONDS} s of processor time, so it was ended; does it loop?"
    return (
        f"its process ended without an answer (status {status}); it may have taken more than "
        f"{MEMORY // 2**30} GiB, or left on its own"
    )
