"""Read the task, measure, write the answer."""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
import warnings
from importlib import import_module
from pathlib import Path
from typing import Any

from whichgpu.bench.process import FOLDER, TIMEOUT
from whichgpu.bench.worker import context, faults

#: The file beside this one that runs a task, by its kind or framework.
_RUNS = {"torch": "torch_job", "tensorflow": "tensorflow_job", "micro": "micro", "collective": "collectives"}

#: Seconds after its time limit at which a process ends itself, should nobody have ended it.
_GRACE = 10.0


def main() -> int:
    """Gives the exit status: 0 whenever there is an answer."""
    request, answer = Path(sys.argv[1]), Path(sys.argv[2])
    task = json.loads(request.read_text(encoding="utf-8"))
    _end_with_parent(request.parent)
    if task.get("framework") == "tensorflow":
        # The Python that it writes would stay where this process ends at once.
        tempfile.tempdir = str(request.parent)
    # Those of `torchrun` are in sessions of their own: one that hangs with Python's lock held ends by this.
    faulthandler.dump_traceback_later(float(task.get("timeout") or TIMEOUT) + _GRACE, exit=True)
    warnings.simplefilter("ignore")
    faults.spare(task)
    started, begun = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), time.monotonic()
    found = _answer(task)
    found["context"] = {
        **context.machine(), **found.get("context", {}), "started": started,
        "seconds": time.monotonic() - begun,
        "seed": task.get("seed", 0), "command": task.get("command", ""),
    }  # fmt: skip
    fine = found["status"] == "ok"
    if not fine or int(os.environ.get("RANK", "0")) == 0:
        _write(answer, found, replaces=fine)
    with contextlib.suppress(Exception):
        sys.stdout.flush()
    # Threads of a driver or a loader that hang must not keep the answer back.
    # Whoever starts several of them ends the others when one does not do well.
    os._exit(0 if fine else 1)


def _end_with_parent(folder: Path) -> None:
    """End when the process that waits for the answer is gone, as after kill -9: nobody would read it.

    The folder of the task goes with it.

    The same where `torchrun`, which started this one in a session of its own, is gone.
    """
    parent, launcher = int(os.environ.get("WHICHGPU_BENCH_PARENT", "0")), os.getppid()
    if not parent:
        return

    def watch() -> None:
        while True:
            time.sleep(0.5)
            try:
                os.kill(parent, 0)
                if os.getppid() != launcher:
                    raise ProcessLookupError
            except ProcessLookupError:
                if folder.name.startswith(FOLDER):
                    shutil.rmtree(folder, ignore_errors=True)
                os.killpg(os.getpgid(0), signal.SIGKILL)
            except PermissionError:
                return

    threading.Thread(target=watch, daemon=True).start()


def _write(answer: Path, found: dict[str, Any], *, replaces: bool) -> None:
    """Put the answer there whole or not at all; of several that failed the first one stays."""
    part = answer.with_suffix(f".{os.getpid()}")
    part.write_text(json.dumps(found, default=str), encoding="utf-8")
    with contextlib.suppress(FileExistsError):
        (os.replace if replaces else os.link)(part, answer)


def _answer(task: dict[str, Any]) -> dict[str, Any]:
    kind = task["kind"] if task["kind"] != "job" else task["framework"]
    try:
        faults.limit(task.get("memory"), task.get("device", "auto"))
        found: dict[str, Any] = import_module(f"whichgpu.bench.worker.{_RUNS[kind]}").measure(task)
    except BaseException as fault:
        status, reason = faults.told(fault)
        return {"status": status, "reason": reason, "rows": []}
    return {"status": "ok", "reason": "", **found}


if __name__ == "__main__":
    main()
