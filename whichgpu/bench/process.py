"""The measuring process, seen from the program: one task in, one answer out, or a clear end.

A process for each task: what hangs is ended at its time limit, what crashes or takes all memory ends alone.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whichgpu.errors import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: Seconds that a task may take where it says nothing.
TIMEOUT = 1800.0
#: Seconds after which it is first said that a task is still measured, then each time twice as long.
PATIENCE = 15.0
#: How the folder of a task begins, which whoever is last there takes away.
FOLDER = "whichgpu-bench-"
#: The variable that names the process which waits for the answer; without it nothing is worth going on.
PARENT = "WHICHGPU_BENCH_PARENT"
_ROOT = Path(__file__).parents[2]
#: Variables by which processes of one job find each other; `torchrun` sets those of its own.
_LAUNCHED = frozenset((
    "RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "GROUP_RANK", "ROLE_RANK", "MASTER_ADDR",
    "MASTER_PORT", "PET_NNODES", "PET_NPROC_PER_NODE", "PET_NODE_RANK", "PET_MASTER_ADDR", "PET_MASTER_PORT",
    "PET_RDZV_ENDPOINT", "PET_RDZV_BACKEND", "PET_RDZV_ID", "PET_STANDALONE", "TORCHELASTIC_RUN_ID",
    "TF_CONFIG",
))  # fmt: skip
_TAIL = 400
#: What `torchrun` says of a process that the system ended: it ends with a status of its own then.
_KILLED = "Signal 9 (SIGKILL)"
#: Words at the start of lines that tell what went wrong in a traceback or a framework's log.
_TELLING = ("Error", "error:", "fatal", "Killed", "CUDA", "NCCL", "Segmentation")


def run(
    task: Mapping[str, Any], python: str = "", meanwhile: Callable[[float], object] = lambda _: None
) -> dict[str, Any]:
    """Run a task and give its answer: `status`, `reason`, `rows`, `context`; never raises for it.

    `meanwhile` hears now and then of the seconds that it has taken so far. A `KeyboardInterrupt` ends the
    process first and then goes on.
    """
    with tempfile.TemporaryDirectory(prefix=FOLDER) as folder:
        request, answer, log = (Path(folder) / name for name in ("request.json", "answer.json", "log"))
        request.write_text(json.dumps(task), encoding="utf-8")
        limit = float(task.get("timeout") or TIMEOUT)
        command = [*_launcher(task, python or sys.executable, folder), str(request), str(answer)]
        with log.open("wb") as out:
            try:
                process = subprocess.Popen(  # noqa: S603 (our own program)
                    command, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                    # What PyTorch compiled goes with the task: it would stay in the temporary folder.
                    env={
                        "TORCHINDUCTOR_CACHE_DIR": str(Path(folder, "compiled")),
                        **environment(task, shown(folder, python)),
                    },
                    start_new_session=True,
                )  # fmt: skip
            except OSError as fault:
                # It says nothing of the job, which --resume is to try again under another Python.
                return _failed(
                    "skipped", f"{command[0]} does not start ({fault.strerror}); give another --python"
                )
        ended = _wait(process, limit, meanwhile)
        if answer.exists():
            found: dict[str, Any] = json.loads(answer.read_text(encoding="utf-8"))
            return found
        return _without_answer(ended, limit, log, python)


def _launcher(task: Mapping[str, Any], python: str, folder: str) -> list[str]:
    """The worker itself, or `torchrun` with a process for each GPU; TensorFlow has one for all of them."""
    worker = "whichgpu.bench.worker"
    count = int(task.get("n_gpus") or 1)
    if count == 1 or task.get("framework") == "tensorflow":
        return [python, "-m", worker]
    # Standalone: a free port of this machine, so that runs beside each other do not meet.
    # Its own logs it would leave behind.
    run = ["torch.distributed.run", "--standalone", f"--nproc-per-node={count}", f"--log_dir={folder}"]
    return [python, "-m", *run, "-m", worker]


def shown(folder: str, python: str) -> Path:
    """The folder from which a Python is to import this program.

    Another Python than ours gets one that has nothing else in it: beside an installed program lie the
    packages of its environment, whose PyTorch would hide the one that the other Python was named for.
    """
    # Not what links lead to: those of environments lead to one Python, and it is the place that counts.
    if not python or Path(python).absolute() == Path(sys.executable):
        return _ROOT
    alone = Path(folder, "program")
    try:
        alone.mkdir()
        (alone / "whichgpu").symlink_to(_ROOT / "whichgpu", target_is_directory=True)
    except OSError:
        return _ROOT
    return alone


def environment(task: Mapping[str, Any], program: Path = _ROOT) -> dict[str, str]:
    """The environment of a measuring process that finds this program in a folder.

    A job of a cluster has the variables of `torchrun` set for itself: a process that is alone would wait for
    others by them.
    """
    known = {name: value for name, value in os.environ.items() if name not in _LAUNCHED}
    known["PYTHONPATH"] = os.pathsep.join(
        part for part in (str(program), known.get("PYTHONPATH", "")) if part
    )
    # The command line gives numpy one thread for its own sake; a measurement has all of them.
    known.pop("OPENBLAS_NUM_THREADS", None)
    known |= {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "TF_CPP_MIN_LOG_LEVEL": "2", "PYTHONFAULTHANDLER": "1"}
    count = int(task.get("n_gpus") or 1)
    if count > 1:
        known.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // count)))
    if task.get("threads"):
        known["OMP_NUM_THREADS"] = str(task["threads"])
    known[PARENT] = str(os.getpid())
    return known


def _wait(process: subprocess.Popen[bytes], limit: float, meanwhile: Callable[[float], object]) -> int | None:
    """The exit status; None where the time was up. What the process started is gone afterwards."""
    passed, until = 0.0, min(PATIENCE, limit)
    try:
        while passed < limit:
            with contextlib.suppress(subprocess.TimeoutExpired):
                return process.wait(until - passed)
            passed, until = until, min(2.0 * until, limit)
            if passed < limit:
                meanwhile(passed)
        return None
    finally:
        end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """Ask the whole group to end, then make it."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, how)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(2.0)
        if process.poll() is not None and not _alive(process.pid):
            return


def _alive(group: int) -> bool:
    """Whether any process of a group is left; a moment is given to those that are just ending."""
    for _ in range(20):
        try:
            os.killpg(group, 0)
        except (ProcessLookupError, PermissionError):
            return False
        time.sleep(0.01)
    return True


def _without_answer(ended: int | None, limit: float, log: Path, python: str) -> dict[str, Any]:
    if ended is None:
        return _failed(
            "timeout", f"not done after {limit:g} s, so it was ended; does a kernel hang? Give --timeout more"
        )
    said = telling(log)
    if "No module named 'torch" in said:
        from whichgpu.bench.worker.faults import missing

        return _failed("skipped", missing("torch"))
    if ended == 0 and not said:
        # Whatever it is, it never began to measure: --resume is to try again.
        return _failed(
            "skipped",
            f"{python or sys.executable} ended and said nothing: is it a Python? Give another --python",
        )
    if "MemoryError" in said:
        return _failed("oom", f"out of memory{said}")
    if ended in (-signal.SIGKILL, 128 + signal.SIGKILL) or _KILLED in said:
        return _failed("oom", f"out of memory: the system killed the process (signal 9){said}")
    how = f"signal {-ended}" if ended < 0 else f"status {ended}"
    return _failed("failed", f"the measuring process ended without an answer ({how}){said}")


def telling(log: Path) -> str:
    """The last line of a log that says something, as the end of a sentence."""
    with contextlib.suppress(OSError):
        lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines()]
        told = [line for line in lines if any(word in line for word in _TELLING)] or [
            one for one in lines if one
        ]
        told += [line for line in lines if _KILLED in line]
        if told:
            return f": {one_line(told[-1])[:_TAIL]}"
    return ""


def _failed(status: str, reason: str) -> dict[str, Any]:
    return {"status": status, "reason": reason, "rows": [], "context": {}}
